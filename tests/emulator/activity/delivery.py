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
    for (account_id, region, when), records in _grouped(events).items():
        plain = json.dumps({"Records": records}).encode()
        name = f"{account_id}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}"
        unique = hashlib.sha256(f"{place.trail} {name}".encode()).hexdigest()[:16]
        key = f"{place.folder(account_id, 'CloudTrail', region, when)}/{name}_{unique}.json.gz"
        times = sorted(record["eventTime"] for record in records)
        log = _Log(key, hashlib.sha256(plain).hexdigest(), times[0], times[-1])
        logs.setdefault((account_id, region), []).append(log)
        yield File(key, gzip.compress(plain, _LEVEL, mtime=0))
    if digests and logs:
        first = datetime.fromisoformat(min(log.oldest for delivered in logs.values() for log in delivered))
        start = first.replace(hour=0, minute=0, second=0)
        for account_id in sorted({account_id for account_id, _region in logs}):
            busy = {region for owner, region in logs if owner == account_id}
            for region in sorted({*busy, *regions}):
                delivered = logs.get((account_id, region), [])
                yield from _digests(delivered, place, account_id, region, (start, now))


def _grouped(events: t.Iterable[Record]) -> dict[tuple[str, str, datetime], list[Record]]:
    found: collections.defaultdict[tuple[str, str, datetime], list[Record]] = collections.defaultdict(list)
    for record in events:
        when = datetime.fromisoformat(record["eventTime"])
        when = when.replace(minute=when.minute - when.minute % _MINUTES, second=0)
        found[record["recipientAccountId"], record["awsRegion"], when].append(record)
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
