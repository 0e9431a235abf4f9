# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a trail: logs of five minutes, and digests that make a chain of hashes, each of them signed.

AWS writes a digest each hour, in each region of the trail, also where nothing happened. Here it is one a day up to the
last days, and one a month in a quiet region: nothing that verifies a chain knows its pace, and it saves thousands of
files. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import gzip
import hashlib
import json
import typing as t
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emulator.activity.records import Record

_MINUTES: t.Final = 5
_TIME: t.Final = "%Y-%m-%dT%H:%M:%SZ"
_ALGORITHM: t.Final = "SHA256withRSA"
# To compress harder costs more time than it saves.
_LEVEL: t.Final = 1
_HOUR: t.Final = timedelta(hours=1)
_DAY: t.Final = timedelta(days=1)
_MONTH: t.Final = timedelta(days=30)
#: There is a digest of each hour in so long before now.
_HOURLY: t.Final = timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a trail delivers; with ``organization_id`` as a trail of the organization does."""

    bucket: str
    trail: str
    home_region: str
    prefix: str = ""
    organization_id: str | None = None

    def folder(self, account_id: str, kind: str, region: str, when: datetime) -> str:
        """The folder of a day; ``kind`` is ``CloudTrail`` or ``CloudTrail-Digest``."""
        start = f"{self.prefix}/" if self.prefix else ""
        owner = f"{self.organization_id}/{account_id}" if self.organization_id else account_id
        return f"{start}AWSLogs/{owner}/{kind}/{region}/{when:%Y/%m/%d}"


@dataclasses.dataclass(frozen=True)
class File:
    """A file in the bucket; ``metadata`` are its headers, such as the signature of a digest."""

    key: str
    body: bytes
    metadata: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Log:
    key: str
    digest: str
    oldest: str
    newest: str


def deliver(
    events: t.Iterable[Record], place: Place, *, digests: bool, now: datetime, regions: t.Collection[str] = ()
) -> t.Iterator[File]:
    """The files with these events, all of them recorded by the trail. ``regions`` are all that it records."""
    logs: dict[tuple[str, str], list[_Log]] = {}
    for group, records in _grouped(events).items():
        file, log = _write_log(group, records, place)
        logs.setdefault(group[:2], []).append(log)
        yield file
    if digests and logs:
        first = datetime.fromisoformat(min(log.oldest for delivered in logs.values() for log in delivered))
        start = first.replace(hour=0, minute=0, second=0)
        for account_id in sorted({account_id for account_id, _region in logs}):
            busy = {region for owner, region in logs if owner == account_id}
            for region in sorted({*busy, *regions}):
                delivered = logs.get((account_id, region), [])
                yield from _digests(delivered, place, account_id, region, (start, now))


def end_of(digest: File) -> datetime:
    """The end of the time that a digest confirms."""
    return datetime.fromisoformat(json.loads(gzip.decompress(digest.body))["digestEndTime"])


def deliver_later(
    events: t.Sequence[Record],
    place: Place,
    newest: t.Mapping[tuple[str, str], File],
    *,
    waiting: t.Iterable[File],
    now: datetime,
) -> t.Iterator[File]:
    """The files with further events, and further digests for each account and region that has digests already.

    ``newest`` are their newest digests, ``waiting`` the log files that no digest confirms yet. Events of before the end
    of a digest are delivered late, as by CloudTrail at times.
    """
    ends = {of: end_of(file) for of, file in newest.items()}
    logs: dict[tuple[str, str], list[_Log]] = {}
    for file in waiting:
        plain = gzip.decompress(file.body)
        records = json.loads(plain)["Records"]
        of = (records[0]["recipientAccountId"], records[0]["awsRegion"])
        logs.setdefault(of, []).append(_describe(file.key, plain, records))
    for group, records in _grouped(events, ends).items():
        file, log = _write_log(group, records, place, salt=f" {len(records)} {records[0]['eventID']}")
        logs.setdefault(group[:2], []).append(dataclasses.replace(log, oldest=f"{group[2]:{_TIME}}"))
        yield file
    for of, before in newest.items():
        yield from _continue(logs.get(of, []), place, of, (ends[of], now), before)


def _continue(
    logs: t.Sequence[_Log], place: Place, of: tuple[str, str], during: tuple[datetime, datetime], before: File
) -> t.Iterator[File]:
    """A digest of each day, and a last one: each digest confirms the one before it, and nothing confirms the last."""
    start, now = during
    waiting = sorted(logs, key=lambda log: log.oldest)
    covered = waiting
    # Also if the digest before ended a moment ago: without a further one nobody believes the logs of the last.
    while start < now or covered:
        end = min(start + _DAY, max(now - timedelta(seconds=1), start + timedelta(seconds=1)))
        covered = [log for log in waiting if log.oldest < f"{end:{_TIME}}"]
        waiting = waiting[len(covered) :]
        before = _digest(covered, place, of, (start, end), before)
        yield before
        start = end


def _write_log(
    group: tuple[str, str, datetime], records: t.Sequence[Record], place: Place, *, salt: str = ""
) -> tuple[File, _Log]:
    account_id, region, when = group
    plain = json.dumps({"Records": records}).encode()
    name = f"{account_id}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}"
    unique = hashlib.sha256(f"{place.trail} {name}{salt}".encode()).hexdigest()[:16]
    key = f"{place.folder(account_id, 'CloudTrail', region, when)}/{name}_{unique}.json.gz"
    return File(key, gzip.compress(plain, _LEVEL, mtime=0)), _describe(key, plain, records)


def _describe(key: str, plain: bytes, records: t.Sequence[Record]) -> _Log:
    times = sorted(record["eventTime"] for record in records)
    return _Log(key, hashlib.sha256(plain).hexdigest(), times[0], times[-1])


def _grouped(
    events: t.Iterable[Record], earliest: t.Mapping[tuple[str, str], datetime] | None = None
) -> dict[tuple[str, str, datetime], list[Record]]:
    found: collections.defaultdict[tuple[str, str, datetime], list[Record]] = collections.defaultdict(list)
    for record in events:
        place = (record["recipientAccountId"], record["awsRegion"])
        when = datetime.fromisoformat(record["eventTime"])
        if earliest and place in earliest:
            when = max(when, earliest[place])
        when = when.replace(minute=when.minute - when.minute % _MINUTES, second=0)
        found[(*place, when)].append(record)
    return found


def _digests(
    logs: t.Sequence[_Log], place: Place, account_id: str, region: str, during: tuple[datetime, datetime]
) -> t.Iterator[File]:
    start, now = during
    waiting = sorted(logs, key=lambda log: log.oldest)
    before: File | None = None
    # The hour that is not over has no digest yet, as AWS writes it afterwards.
    while (end := _end_of_digest(start, now, is_quiet=not logs)) <= now:
        limit = f"{end:{_TIME}}"
        covered = [log for log in waiting if log.oldest < limit]
        waiting = waiting[len(covered) :]
        before = _digest(covered, place, (account_id, region), (start, end), before)
        yield before
        start = end


def _end_of_digest(start: datetime, now: datetime, *, is_quiet: bool) -> datetime:
    """The end of a digest: long ones first, an hour each at last."""
    if not is_quiet:
        return start + (_DAY if start + _DAY <= now - _HOURLY else _HOUR)
    last_but_one = (now - 2 * _HOUR).replace(minute=0, second=0, microsecond=0)
    return min(start + _MONTH, last_but_one) if start < last_but_one else start + _HOUR


def _digest(
    logs: t.Sequence[_Log],
    place: Place,
    of: tuple[str, str],
    during: tuple[datetime, datetime],
    before: File | None,
) -> File:
    account_id, region = of
    start, end = during
    name = f"{account_id}_CloudTrail-Digest_{region}_{place.trail}_{place.home_region}_{end:%Y%m%dT%H%M%SZ}"
    key = f"{place.folder(account_id, 'CloudTrail-Digest', region, end)}/{name}.json.gz"
    plain = json.dumps(
        {
            "awsAccountId": account_id,
            "digestStartTime": f"{start:{_TIME}}",
            "digestEndTime": f"{end:{_TIME}}",
            "digestS3Bucket": place.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": fingerprint(),
            "digestSignatureAlgorithm": _ALGORITHM,
            "newestEventTime": max((log.newest for log in logs), default=None),
            "oldestEventTime": min((log.oldest for log in logs), default=None),
            "previousDigestS3Bucket": place.bucket if before else None,
            "previousDigestS3Object": before.key if before else None,
            "previousDigestHashValue": hashlib.sha256(gzip.decompress(before.body)).hexdigest() if before else None,
            "previousDigestHashAlgorithm": "SHA-256" if before else None,
            "previousDigestSignature": before.metadata["signature"] if before else None,
            "logFiles": [
                {
                    "s3Bucket": place.bucket,
                    "s3Object": log.key,
                    "hashValue": log.digest,
                    "hashAlgorithm": "SHA-256",
                    "newestEventTime": log.newest,
                    "oldestEventTime": log.oldest,
                }
                for log in logs
            ],
        }
    ).encode()
    previous = before.metadata["signature"] if before else "null"
    text = f"{end:{_TIME}}\n{place.bucket}/{key}\n{hashlib.sha256(plain).hexdigest()}\n{previous}"
    signature = _key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
    return File(key, gzip.compress(plain, _LEVEL, mtime=0), {"signature": signature, "signature-algorithm": _ALGORITHM})


def public_key() -> bytes:
    """The key that verifies the digests, as ListPublicKeys has it: PKCS #1 in DER."""
    return _key().public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


def fingerprint() -> str:
    """The fingerprint of the key, by which a digest names it."""
    return hashlib.md5(public_key(), usedforsecurity=False).hexdigest()


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
