# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forged, changed, removed and added log files: digests show each of them."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import threading
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ansible_collections.hardening.iam.plugins.module_utils._account import digests
from ansible_collections.hardening.iam.plugins.module_utils._account.log_files import LogActivity, log_files
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import SkipReason

from .._policy.trail.events import ACCOUNT, event

REGION = "eu-central-1"
START = datetime(2026, 11, 19, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
BUCKET = "acme-trail"
HOURS = 10
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
KEYS = {REGION: {"finger": PUBLIC}}


@dataclasses.dataclass
class Bucket:
    """Log files and digests of some hours, as CloudTrail writes them; the last hour has no digest yet."""

    location: str = "logs"
    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    logs: list[str] = dataclasses.field(default_factory=list)
    digests: list[str] = dataclasses.field(default_factory=list)
    _before: tuple[str, str, str] = ("", "", "")

    @classmethod
    def of_hours(cls, hours: int = HOURS) -> Bucket:
        bucket = cls()
        for number in range(hours):
            bucket.add_hour(START + timedelta(hours=number), is_quiet=number == 2)
        return bucket

    def get(self, key: str) -> t.Optional[bytes]:
        return self.files.get(key)

    def list(self, prefix: str = "") -> list[str]:
        return sorted(self.files)

    def add_log(self, moment: datetime, call: str = "s3:ListBuckets") -> tuple[str, bytes]:
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{moment:%Y%m%dT%H%MZ}_{call.partition(':')[2]:>016}.json.gz"
        key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{moment:%Y/%m/%d}/{name}"
        record = event(call, eventTime=f"{moment:%Y-%m-%dT%H:%M:%SZ}", awsRegion=REGION)
        content = json.dumps({"Records": [record]}).encode()
        self.files[key] = gzip.compress(content)
        self.logs.append(key)
        return key, content

    def add_hour(self, started: datetime, *, is_quiet: bool = False) -> None:
        logs = [] if is_quiet else [self.add_log(started + timedelta(minutes=minute)) for minute in (10, 40)]
        ended = started + timedelta(hours=1)
        name = f"{ACCOUNT}_CloudTrail-Digest_{REGION}_acme_{REGION}_{ended:%Y%m%dT%H%M%SZ}.json.gz"
        key = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{ended:%Y/%m/%d}/{name}"
        previous = [value or None for value in self._before]
        document = {
            "awsAccountId": ACCOUNT,
            "digestStartTime": f"{started:%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{ended:%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": BUCKET,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": "finger",
            "digestSignatureAlgorithm": "SHA256withRSA",
            "previousDigestS3Bucket": BUCKET if self._before[0] else None,
            "previousDigestS3Object": previous[0],
            "previousDigestHashValue": previous[1],
            "previousDigestHashAlgorithm": "SHA-256",
            "previousDigestSignature": previous[2],
            "logFiles": [
                {
                    "s3Bucket": BUCKET,
                    "s3Object": log,
                    "hashValue": hashlib.sha256(content).hexdigest(),
                    "hashAlgorithm": "SHA-256",
                }
                for log, content in logs
            ],
        }
        content = json.dumps(document).encode()
        self.files[key] = gzip.compress(content)
        self.digests.append(key)
        place = f"{document['digestEndTime']}\n{BUCKET}/{key}\n"
        signed = f"{place}{hashlib.sha256(content).hexdigest()}\n{previous[2] or 'null'}"
        signature = KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
        self._before = (key, hashlib.sha256(content).hexdigest(), signature)

    def change(self, key: str, edit: t.Callable[[t.Any], None]) -> None:
        document = json.loads(gzip.decompress(self.files[key]))
        edit(document)
        self.files[key] = gzip.compress(json.dumps(document).encode())


def read(bucket: Bucket, keys: t.Any = None) -> LogActivity:
    return log_files(bucket, EventReader(keys=frozenset()), account_id=ACCOUNT, now=NOW, days=30, keys=keys)


def actions(found: LogActivity) -> set[str]:
    return {use.action for use in found.uses}


def test_files_that_a_digest_confirms_are_read() -> None:
    found = read(Bucket.of_hours())
    (chain,) = found.facts.chains.values()
    assert (found.facts.refused, chain.bad, chain.gaps, chain.is_signed) == ((), (), (), False)
    assert chain.trails == (f"acme_{REGION}",)
    assert sum(use.count for use in found.uses) == 2 * (HOURS - 1)


def test_signatures_are_checked_with_the_keys_of_cloudtrail() -> None:
    found = read(Bucket.of_hours(), KEYS)
    (chain,) = found.facts.chains.values()
    assert chain.is_signed
    assert chain.bad == ()
    # The newest digest is signed in the metadata of its object only, so its two files are not confirmed yet.
    assert (found.facts.refused, found.facts.late) == ((), 2)
    assert sum(use.count for use in found.uses) == 2 * (HOURS - 2)


def test_files_that_are_younger_than_the_newest_digest_wait_for_theirs() -> None:
    bucket = Bucket.of_hours()
    bucket.add_log(START + timedelta(hours=HOURS, minutes=5), "iam:CreateUser")
    found = read(bucket)
    assert (found.facts.refused, found.facts.late) == ((), 1)
    assert actions(found) == {"s3:ListAllMyBuckets"}
    assert found.source.failure is None


def test_a_file_that_no_digest_names_adds_nothing() -> None:
    bucket = Bucket.of_hours()
    key, _content = bucket.add_log(START + timedelta(hours=3, minutes=5), "iam:CreateUser")
    found = read(bucket)
    assert found.facts.refused == (key,)
    assert actions(found) == {"s3:ListAllMyBuckets"}
    assert found.skipped[SkipReason.UNVERIFIED] == 1
    assert not found.source.is_whole
    assert any("not as a digest file says" in spot for spot in found.source.blind_spots)


@pytest.mark.parametrize("name", ["dropped.json", f"AWSLogs/{ACCOUNT}/CloudTrail/ap-south-1/2026/11/20/dropped.json"])
def test_nor_does_one_outside_of_the_layout_or_in_a_region_without_digests(name: str) -> None:
    bucket = Bucket.of_hours()
    record = event("iam:CreateUser", eventTime="2026-11-20T01:00:00Z", awsRegion="ap-south-1")
    bucket.files[name] = json.dumps({"Records": [record]}).encode()
    found = read(bucket)
    assert (found.facts.refused, actions(found)) == ((name,), {"s3:ListAllMyBuckets"})


def test_a_file_that_was_changed_adds_nothing() -> None:
    bucket = Bucket.of_hours()
    bucket.change(bucket.logs[0], lambda document: document["Records"][0].update(eventName="CreateUser"))
    found = read(bucket)
    assert found.facts.refused == (bucket.logs[0],)
    assert actions(found) == {"s3:ListAllMyBuckets"}


def test_a_digest_that_was_changed_confirms_nothing() -> None:
    """The forger also writes the new hash of the file into its digest, but the next digest has the hash of that one."""
    bucket = Bucket.of_hours()
    bucket.change(bucket.logs[0], lambda document: document["Records"][0].update(eventName="CreateUser"))
    content = gzip.decompress(bucket.files[bucket.logs[0]])
    forged = hashlib.sha256(content).hexdigest()
    bucket.change(bucket.digests[0], lambda document: document["logFiles"][0].update(hashValue=forged))
    found = read(bucket)
    (chain,) = found.facts.chains.values()
    assert chain.bad == (bucket.digests[0],)
    assert set(found.facts.refused) == set(bucket.logs[:2])


def test_a_whole_chain_that_was_forged_has_no_signatures() -> None:
    bucket = Bucket.of_hours()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    public = other.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    assert actions(read(bucket)) == {"s3:ListAllMyBuckets"}
    for keys in ({REGION: {"finger": public}}, {REGION: {"other": PUBLIC}}, {}, {REGION: {"finger": b"no key"}}):
        found = read(bucket, keys)
        assert not found.uses
        assert len(found.facts.refused) + found.facts.late == len(bucket.logs)


def test_a_digest_that_was_removed_is_a_gap() -> None:
    bucket = Bucket.of_hours()
    del bucket.files[bucket.digests[4]]
    found = read(bucket)
    (chain,) = found.facts.chains.values()
    assert chain.gaps == ((START + timedelta(hours=4), START + timedelta(hours=5)),)
    # Its files are not named by any, and nothing confirms the digest before it.
    assert chain.bad == (bucket.digests[3],)
    assert len(found.facts.refused) == 4


def test_a_log_file_that_was_removed_is_missing() -> None:
    bucket = Bucket.of_hours()
    del bucket.files[bucket.logs[7]]
    (chain,) = read(bucket).facts.chains.values()
    assert chain.missing == (bucket.logs[7].rpartition("/")[2],)
    (whole,) = read(Bucket.of_hours()).facts.chains.values()
    assert whole.missing == ()


def test_digests_are_read_some_at_a_time_and_checked_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place answers the first request last."""
    monkeypatch.setattr(digests, "_READ_AHEAD", 4)
    bucket, whole = Bucket.of_hours(), threading.Barrier(4)
    waiting = [key for key in bucket.digests if key in bucket.digests[:8]]

    def get(key: str) -> t.Optional[bytes]:
        if key in waiting:
            waiting.remove(key)
            whole.wait(30)
        return bucket.files.get(key)

    monkeypatch.setattr(bucket, "get", get)
    (chain,) = read(bucket, KEYS).facts.chains.values()
    assert (chain.bad, chain.gaps, waiting) == ((), (), [])


def test_a_region_whose_log_files_were_all_removed_is_noticed() -> None:
    bucket = Bucket.of_hours()
    for key in bucket.logs:
        del bucket.files[key]
    bucket.files[f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/20/a.json.gz"] = b""
    chain = read(bucket, KEYS).facts.chains[REGION]
    assert len(chain.missing) == len(bucket.logs)
    assert chain.spans == {f"acme_{REGION}": (START, START + timedelta(hours=HOURS - 1))}


def test_backfills_are_no_gaps() -> None:
    """CloudTrail writes them only where files were late, so there is none for most hours."""
    bucket = Bucket.of_hours()
    for number in (1, 7):
        key = bucket.digests[number]
        document = json.loads(gzip.decompress(bucket.files[key]))
        name = key.replace(".json.gz", "_backfill.json.gz")
        document.update(digestS3Object=name, logFiles=[], previousDigestS3Object=None)
        bucket.files[name] = gzip.compress(json.dumps(document).encode())
    (chain,) = read(bucket).facts.chains.values()
    assert chain.gaps == ()
    assert chain.trails == (f"acme_{REGION}", f"acme_{REGION}_backfill")


def test_log_files_before_the_window_are_not_missing() -> None:
    bucket = Bucket.of_hours()
    removed = bucket.logs.pop(0)
    del bucket.files[removed]
    reader = EventReader(keys=frozenset())
    days = (NOW - START - timedelta(hours=2)) / timedelta(days=1)
    found = log_files(bucket, reader, account_id=ACCOUNT, now=NOW, days=t.cast(int, days))
    (chain,) = found.facts.chains.values()
    assert chain.missing == ()


def test_a_forged_digest_between_two_others_confirms_nothing() -> None:
    bucket = Bucket.of_hours()
    before = bucket.digests[3]
    forged = Bucket()
    forged._before = (before, hashlib.sha256(gzip.decompress(bucket.files[before])).hexdigest(), "00")
    forged.add_hour(START + timedelta(hours=3, minutes=35))
    forged.change(forged.digests[0], lambda document: None)
    bucket.files.update(forged.files)
    found = read(bucket)
    (chain,) = found.facts.chains.values()
    assert forged.digests[0] in chain.bad
    assert set(forged.logs) <= set(found.facts.refused)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"no", b'{"logFiles": 7}', b"[" * 100_000, b'{"logFiles": [{"s3Object": []}]}'],
    ids=["empty", "no fields", "a list", "no JSON", "no list", "nested", "no names"],
)
def test_a_digest_that_can_not_be_read_confirms_nothing(content: bytes) -> None:
    bucket = Bucket.of_hours()
    bucket.files[bucket.digests[4]] = content
    found = read(bucket)
    (chain,) = found.facts.chains.values()
    assert bucket.digests[4] in chain.bad
    assert set(bucket.logs[6:8]) <= set(found.facts.refused)


def test_digests_of_another_account_are_no_digests() -> None:
    bucket = Bucket.of_hours()
    foreign = {key.replace(ACCOUNT, "999988887777"): content for key, content in bucket.files.items()}
    found = read(Bucket(files=foreign))
    assert found.facts.chains == {}
    assert found.source.failure is not None


def test_without_cryptography_the_hashes_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "HAS_CRYPTOGRAPHY", False)
    bucket = Bucket.of_hours()
    bucket.add_log(START + timedelta(hours=3, minutes=5), "iam:CreateUser")
    found = read(bucket, KEYS)
    (chain,) = found.facts.chains.values()
    assert not chain.is_signed
    assert actions(found) == {"s3:ListAllMyBuckets"}
