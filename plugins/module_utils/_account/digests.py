# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""CloudTrail's digest files: whether log files are as CloudTrail wrote them, and whether any are missing.

CloudTrail writes a digest an hour, also where nothing happened. It has the hash of each log file, the hash of the
digest before, and the signature of the digest before. So the signature of each digest but the newest is in a file.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

from .log_places import DigestPlace
from .moments import parse_moment

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

# A digest of an hour ends when the next one starts. One may be late.
_MOST_BETWEEN: t.Final = timedelta(minutes=5)
_ALGORITHM: t.Final = "SHA-256"
# A trail of 17 regions writes 36,000 digests in 90 days, and S3 answers in some hundredths of a second.
_READERS: t.Final = 8
_READ_AHEAD: t.Final = 64
Gap = tuple[datetime, datetime]
#: From the start of the first digest of a trail to the end of the newest one that holds; None where none can be read.
Span = tuple[t.Optional[datetime], t.Optional[datetime]]
#: The public keys of a region by their fingerprints, as ListPublicKeys has them (PKCS #1, DER).
PublicKeys = Mapping[str, bytes]


@dataclasses.dataclass(frozen=True)
class Digest:
    """One digest file. ``log_files`` are the hashes of log files by their names, without folders."""

    place: DigestPlace
    content_hash: str
    started: datetime
    ended: datetime
    bucket: str
    object_key: str
    ended_text: str
    fingerprint: str
    previous_key: str
    previous_hash: str
    previous_signature: str
    log_files: Mapping[str, str]

    @property
    def signed_text(self) -> bytes:
        """The text that CloudTrail signs."""
        place = f"{self.bucket}/{self.object_key}"
        return "\n".join((self.ended_text, place, self.content_hash, self.previous_signature or "null")).encode()


@dataclasses.dataclass(frozen=True)
class Chain:
    """The digests of one region: those that hold, the spans without digests, and the trails that wrote them.

    ``is_signed`` says whether the signatures were checked. ``spans`` are the times that the digests of each trail
    cover, by the name of the trail with its home region. ``missing`` are names of log files that a digest has and the
    place has not.
    """

    good: frozenset[str]
    bad: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    ended: t.Optional[datetime] = None
    is_signed: bool = False
    spans: Mapping[str, Span] = dataclasses.field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def trails(self) -> tuple[str, ...]:
        """The names of the trails that wrote the digests, with their home regions."""
        return tuple(sorted(self.spans))


def parse_digest(place: DigestPlace, content: t.Optional[bytes], account_id: str) -> t.Optional[Digest]:
    """The digest in an unpacked file; None where it is none, or not the one that its name says."""
    try:
        document = json.loads(content or b"")
        texts = {name: document.get(name) for name in _FIELDS}
        ended, started = parse_moment(str(texts["digestEndTime"])), parse_moment(str(texts["digestStartTime"]))
        files = {str(one["s3Object"]).rpartition("/")[2]: str(one["hashValue"]) for one in document["logFiles"]}
        is_sha = all(one["hashAlgorithm"] == _ALGORITHM for one in document["logFiles"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    text = {name: value if isinstance(value, str) else "" for name, value in texts.items()}
    is_own = text["awsAccountId"] == account_id == place.account_id
    if not is_sha or not is_own or text["digestS3Object"].rpartition("/")[2] != place.key.rpartition("/")[2]:
        return None
    return Digest(
        place=place,
        content_hash=hashlib.sha256(content or b"").hexdigest(),
        started=started,
        ended=ended,
        bucket=text["digestS3Bucket"],
        object_key=text["digestS3Object"],
        ended_text=text["digestEndTime"],
        fingerprint=text["digestPublicKeyFingerprint"],
        previous_key=text["previousDigestS3Object"].rpartition("/")[2],
        previous_hash=text["previousDigestHashValue"],
        previous_signature=text["previousDigestSignature"],
        log_files=files,
    )


_FIELDS: t.Final = (
    "awsAccountId",
    "digestStartTime",
    "digestEndTime",
    "digestS3Bucket",
    "digestS3Object",
    "digestPublicKeyFingerprint",
    "previousDigestS3Object",
    "previousDigestHashValue",
    "previousDigestSignature",
)


def check_chain(digests: Iterable[t.Union[Digest, DigestPlace]], keys: t.Optional[PublicKeys]) -> Chain:
    """Check the digests of one trail in one region, in their order. A :class:`DigestPlace` is one that can't be read.

    Each digest is confirmed by the next one: by the hash, and with ``keys`` by the signature. The newest has no next
    one. Without keys its content is believed; with keys it is not, since its signature is not in any file.
    """
    good: list[str] = []
    bad: list[str] = []
    gaps: list[Gap] = []
    before: t.Optional[Digest] = None
    started: t.Optional[datetime] = None
    ended: t.Optional[datetime] = None
    trail = ""
    for item in digests:
        trail = (item if isinstance(item, DigestPlace) else item.place).trail
        if isinstance(item, DigestPlace):
            bad.append(item.key)
            continue
        started = item.started if started is None else started
        if ended is not None and item.started - ended > _MOST_BETWEEN and not item.place.is_backfill:
            gaps.append((ended, item.started))
        if before is not None:
            (good if _is_confirmed(before, item, keys) else bad).append(before.place.key)
        before, ended = item, item.ended
    if before is not None and keys is None:
        good.append(before.place.key)
    confirmed = ended if keys is None or before is None else before.started
    spans = {trail: (started, confirmed)} if trail else {}
    return Chain(frozenset(good), tuple(bad), tuple(gaps), confirmed, is_signed=keys is not None, spans=spans)


def _is_confirmed(digest: Digest, following: Digest, keys: t.Optional[PublicKeys]) -> bool:
    """Whether the next digest confirms one. A chain that began anew names none before it, and confirms nothing."""
    if following.previous_key != digest.place.key.rpartition("/")[2]:
        return keys is None and not following.previous_key
    if following.previous_hash != digest.content_hash:
        return False
    return keys is None or is_signed(digest, following.previous_signature, keys)


def is_signed(digest: Digest, signature: str, keys: PublicKeys) -> bool:
    """Whether a signature of a digest is one by CloudTrail."""
    key = keys.get(digest.fingerprint)
    if key is None or not HAS_CRYPTOGRAPHY:
        return False
    try:
        public = serialization.load_der_public_key(key)
        if not isinstance(public, rsa.RSAPublicKey):
            return False
        public.verify(bytes.fromhex(signature), digest.signed_text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


class DigestBook:
    """The digests of a place with log files: read one by one, and the hashes of two days at a time."""

    def __init__(
        self,
        places: Iterable[DigestPlace],
        read: Callable[[str], t.Optional[bytes]],
        account_id: str,
        keys: t.Optional[Mapping[str, PublicKeys]] = None,
        is_missing: Callable[[str], bool] = lambda name: False,
    ) -> None:
        """Check the chains of all regions. In a region without log files a digest may name one that was removed.

        ``is_missing`` says of the name of a log file whether it should be in the place and is not.
        """
        self._read: t.Final = read
        self._account_id: t.Final = account_id
        self._keys: t.Final = keys
        self._is_missing: t.Final = is_missing
        self._places: t.Final[dict[str, list[DigestPlace]]] = {}
        for place in places:
            if place.account_id == account_id:
                self._places.setdefault(place.region, []).append(place)
        self._days: dict[tuple[str, date], Mapping[str, str]] = {}
        self.chains: t.Final = {region: self._check(region) for region in sorted(self._places)}

    def ends_before(self, region: str, written: t.Optional[datetime]) -> bool:
        """Whether a file is younger than the newest digest that holds, so that none can have it yet."""
        chain = self.chains.get(region)
        newest = chain.ended if chain is not None else None
        return newest is not None and written is not None and written >= newest

    def __bool__(self) -> bool:
        """Whether there are any digests. Then each log file must be in one."""
        return bool(self._places)

    def _check(self, region: str) -> Chain:
        by_trail: dict[str, list[DigestPlace]] = {}
        for place in self._places[region]:
            by_trail.setdefault(place.trail, []).append(place)
        keys = None if self._keys is None or not HAS_CRYPTOGRAPHY else self._keys.get(region, {})
        missing: set[str] = set()
        chains = [check_chain(self._note_missing(each, missing), keys) for each in by_trail.values()]
        ends = [chain.ended for chain in chains if chain.ended is not None]
        return Chain(
            good=frozenset(key for chain in chains for key in chain.good),
            bad=tuple(sorted(key for chain in chains for key in chain.bad)),
            gaps=tuple(sorted(gap for chain in chains for gap in chain.gaps)),
            ended=max(ends, default=None),
            is_signed=all(chain.is_signed for chain in chains),
            spans={trail: span for chain in chains for trail, span in chain.spans.items()},
            missing=tuple(sorted(missing)),
        )

    def _note_missing(self, places: Iterable[DigestPlace], missing: set[str]) -> Iterator[t.Union[Digest, DigestPlace]]:
        """Parse the digests of one trail in their order, and note the log files that they name and nobody has."""
        for item in self._parse(sorted(places, key=_when)):
            if isinstance(item, Digest):
                missing.update(name for name in item.log_files if self._is_missing(name))
            yield item

    def _parse(self, places: Iterable[DigestPlace]) -> Iterator[t.Union[Digest, DigestPlace]]:
        """Parse digests in their order. They are small and there are many, so some are read at the same time."""
        waiting = iter(places)
        with ThreadPoolExecutor(_READERS) as readers:
            while some := list(itertools.islice(waiting, _READ_AHEAD)):
                contents = readers.map(self._read, [place.key for place in some])
                for place, content in zip(some, contents, strict=True):
                    yield parse_digest(place, content, self._account_id) or place

    def find_hash(self, region: str, day: date, name: str) -> t.Optional[str]:
        """The hash that a good digest has of a log file, by its name. A digest follows its files by an hour."""
        days = (day, day + timedelta(days=1))
        if any((region, one) not in self._days for one in days):
            self._days = {(region, one): self._list_hashes(region, one) for one in days}
        return next((found for one in days if (found := self._days[region, one].get(name))), None)

    def _list_hashes(self, region: str, day: date) -> Mapping[str, str]:
        known = self._days.get((region, day))
        if known is not None:
            return known
        good = self.chains[region].good if region in self.chains else frozenset()
        places = [place for place in self._places.get(region, ()) if place.day == day and place.key in good]
        found = (digest for digest in self._parse(places) if isinstance(digest, Digest))
        return {name: content for digest in found for name, content in digest.log_files.items()}


def _when(place: DigestPlace) -> str:
    return place.ended
