# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The log files of a trail: read one by one, and believed only where they fit.

Others may write to the place of the files. So each is limited in size, its events must fit its path, and where there
are digests, a digest must have its hash.
"""

from __future__ import annotations

import collections
import dataclasses
import gzip
import hashlib
import io
import typing as t
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from .._policy.trail.actions import EventReader
from .._policy.trail.callers import SkipReason, moment_of
from .._policy.trail.usage import Source, SourceRead
from .activity import TRAIL_BLIND_SPOTS, TRAIL_LAG, Activity, load_json, make_activity
from .digests import Chain, DigestBook, PublicKeys
from .log_places import Place, is_wanted, read_digest_place, read_place
from .moments import whole_days

# A trail that reaches back so far has a quarter's calls, but for those of the first days: nobody may have made any.
_NEARLY_A_QUARTER: t.Final = 80
# CloudTrail writes files of some MB; what unpacks to more is none of its own. Nor does its JSON shrink a hundredfold.
_MOST_BYTES: t.Final = 256 * 1024 * 1024
_FEW_BYTES: t.Final = 16 * 1024 * 1024
_MOST_PACKED: t.Final = 100
_CLOUDTRAIL: t.Final = "cloudtrail.amazonaws.com"
# Calls after which a trail may have recorded less than before, or more.
_CHANGES: t.Final = frozenset({"DeleteTrail", "PutEventSelectors", "StartLogging", "StopLogging", "UpdateTrail"})
_MOST_CHANGES: t.Final = 20


class Logs(t.Protocol):
    """A place that log files lie in: a directory, or a prefix of a bucket."""

    location: str

    def get(self, key: str) -> t.Optional[bytes]:
        """The content of a file, None where it is gone."""

    def list(self, prefix: str = "") -> list[str]:
        """The names of all files."""


class EventScan(t.Protocol):
    """Looks at the events of all callers, while the uses of principals are read in them."""

    def add(self, record: t.Any) -> None:
        """Look at one event, which may be malformed."""


@dataclasses.dataclass(frozen=True)
class LogFacts:
    """What was found out about log files, besides their events.

    ``days`` are the days with files, by region. ``refused`` are files that no digest confirms, ``late`` counts those
    that are younger than the newest digest. ``changes`` are the calls that changed trails, as times and names.
    ``chains`` are the digests by region, if there are any.
    """

    files: int = 0
    broken: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    late: int = 0
    days: Mapping[str, frozenset[date]] = dataclasses.field(default_factory=dict)
    since: t.Optional[datetime] = None
    until: t.Optional[datetime] = None
    changes: tuple[tuple[datetime, str], ...] = ()
    chains: Mapping[str, Chain] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class LogActivity(Activity):
    """The events of log files, with what was found out about the files."""

    facts: LogFacts = LogFacts()


def log_files(
    logs: Logs,
    reader: EventReader,
    *,
    account_id: str,
    now: datetime,
    days: int,
    keys: t.Optional[Mapping[str, PublicKeys]] = None,
    scans: Sequence[EventScan] = (),
) -> LogActivity:
    """Return the events in a trail's files of the last ``days``, and of this account if their path names one.

    A file that is none of CloudTrail's is reported; the others are read all the same. ``keys`` are the public keys of
    CloudTrail by region, to check the signatures of digests. ``scans`` look at the same events.
    """
    files = LogFiles(logs, account_id, now - timedelta(days=days), now, keys)
    tally = reader.start(Source.TRAIL)
    for record in files.records():
        tally.add(record)
        for scan in scans:
            scan.add(record)
    tally.skipped.update(files.refused_events)
    reading = tally.reading()
    facts = files.facts()
    if not reading.events:
        failure = f"no events in {logs.location}"
        read = SourceRead(Source.TRAIL, days, TRAIL_LAG, place=logs.location, failure=failure)
        return LogActivity(read, facts=facts)
    window = max(1, whole_days(files.oldest, now))
    made = make_activity(
        Source.TRAIL,
        reading,
        days=window,
        blind_spots=(*TRAIL_BLIND_SPOTS, *describe_losses(facts, files.refused_events)),
        place=logs.location,
        is_whole=not (facts.broken or facts.refused or files.refused_events) and window >= _NEARLY_A_QUARTER,
    )
    return LogActivity(made.source, made.uses, made.skipped, made.reading, facts)


def describe_losses(facts: LogFacts, refused: Mapping[SkipReason, int]) -> tuple[str, ...]:
    """Describe the files and events that were not believed."""
    found: list[str] = []
    if facts.broken:
        found.append(f"{len(facts.broken)} log files could not be read, such as {facts.broken[0]}")
    if facts.refused:
        found.append(
            f"{len(facts.refused)} log files are not as a digest file says, such as {facts.refused[0]}: "
            "their events were ignored"
        )
    misplaced = refused.get(SkipReason.MISPLACED, 0) + refused.get(SkipReason.OTHER_ACCOUNT, 0)
    if misplaced:
        found.append(f"{misplaced} events do not fit the path of their log file, and were ignored")
    return tuple(found)


class LogFiles:
    """The events of log files, one file at a time: a trail's are more than should be in memory at once."""

    def __init__(
        self,
        logs: Logs,
        account_id: str,
        since: datetime,
        now: datetime,
        keys: t.Optional[Mapping[str, PublicKeys]] = None,
    ) -> None:
        self._logs: t.Final = logs
        self._account_id: t.Final = account_id
        self._since: t.Final = since
        self._now: t.Final = now
        self._public_keys: t.Final = keys
        self._days: t.Final[dict[str, set[date]]] = {}
        self._broken: t.Final[list[str]] = []
        self._unconfirmed: t.Final[list[str]] = []
        self._changes: t.Final[list[tuple[datetime, str]]] = []
        self._chains: Mapping[str, Chain] = {}
        self._files = 0
        self._late = 0
        self._newest: t.Optional[datetime] = None
        self.oldest = now
        self.refused_events: t.Final[collections.Counter[SkipReason]] = collections.Counter()

    def facts(self) -> LogFacts:
        """What was found out about the files, once all records are read."""
        return LogFacts(
            files=self._files,
            broken=tuple(self._broken),
            refused=tuple(self._unconfirmed),
            late=self._late,
            days={region: frozenset(days) for region, days in self._days.items()},
            since=self.oldest if self._newest is not None else None,
            until=self._newest,
            changes=tuple(sorted(self._changes)[-_MOST_CHANGES:]),
            chains=self._chains,
        )

    def records(self) -> Iterator[t.Any]:
        """All events that fit, region by region and day by day."""
        names = self._logs.list()
        wanted = (name for name in names if is_wanted(name, self._account_id, self._since))
        found = ((name, read_place(name)) for name in wanted)
        places = [(name, place) for name, place in found if place.account_id in ("", self._account_id)]
        book = self._read_digests(names, {place.region for _name, place in places})
        for name, place in sorted(places, key=lambda item: (item[1].region, item[1].day or date.min, item[0])):
            yield from self._read_file(name, place, book)

    def _read_digests(self, names: list[str], regions: t.Collection[str]) -> DigestBook:
        # A digest of the day before may have the first of the window's files, if CloudTrail was late.
        first = (self._since - timedelta(days=1)).astimezone(UTC).date()
        places = (place for name in names if (place := read_digest_place(name)) is not None)
        book = DigestBook(
            (place for place in places if place.day >= first),
            self._unpack,
            self._account_id,
            self._public_keys,
            regions,
            self._find_missing(names),
        )
        self._chains = book.chains
        return book

    def _find_missing(self, names: list[str]) -> Callable[[str], bool]:
        """A test whether a log file of the window, by its name without folders, is not in the place any more."""
        present = frozenset(name.rpartition("/")[2] for name in names)

        def is_missing(name: str) -> bool:
            if name in present:
                return False
            written = read_place(name).written
            return written is not None and written >= self._since

        return is_missing

    def _unpack(self, name: str) -> t.Optional[bytes]:
        return unpack(self._logs.get(name))

    def _read_file(self, name: str, place: Place, book: DigestBook) -> Iterator[t.Any]:
        content = self._unpack(name)
        found = parse_records(content)
        if found is None or content is None:
            self._broken.append(name)
            return
        if book and not self._is_confirmed(name, place, content, book):
            if _is_late(place, book):
                self._late += 1
                return
            self._unconfirmed.append(name)
            self.refused_events[SkipReason.UNVERIFIED] += len(found)
            return
        self._files += 1
        if place.day is not None:
            self._days.setdefault(place.region, set()).add(place.day)
        window = place.find_window(self._now)
        for record in found:
            if self._is_within(record, place, window):
                yield record

    @staticmethod
    def _is_confirmed(name: str, place: Place, content: bytes, book: DigestBook) -> bool:
        if place.day is None or not place.region:
            return False
        expected = book.find_hash(place.region, place.day, name.rpartition("/")[2])
        return expected is not None and expected == hashlib.sha256(content).hexdigest()

    def _is_within(self, record: t.Any, place: Place, window: tuple[datetime, datetime]) -> bool:
        """Whether an event is in the window and fits its file."""
        moment = moment_of(record)
        if moment is None:
            # No event of CloudTrail is without a time; others could not be left out by time.
            self.refused_events[SkipReason.MALFORMED] += 1
            return False
        if moment < self._since:
            return False
        if not (window[0] <= moment <= window[1] and place.fits(record.get("awsRegion"))):
            self.refused_events[SkipReason.MISPLACED] += 1
            return False
        if record.get("recipientAccountId") not in (None, self._account_id):
            self.refused_events[SkipReason.OTHER_ACCOUNT] += 1
            return False
        if moment < self.oldest:
            self.oldest = moment
        if self._newest is None or moment > self._newest:
            self._newest = moment
        if record.get("eventSource") == _CLOUDTRAIL:
            self._note_change(record, moment)
        return True

    def _note_change(self, record: t.Any, moment: datetime) -> None:
        name = record.get("eventName")
        if isinstance(name, str) and name in _CHANGES and not record.get("errorCode"):
            self._changes.append((moment, name))
            if len(self._changes) > 2 * _MOST_CHANGES:
                self._changes[:] = sorted(self._changes)[-_MOST_CHANGES:]


def _is_late(place: Place, book: DigestBook) -> bool:
    """Whether a file is younger than the newest digest that holds, so that none can have it yet."""
    chain = book.chains.get(place.region)
    newest = chain.ended if chain is not None else None
    return newest is not None and place.written is not None and place.written >= newest


def unpack(content: t.Optional[bytes]) -> t.Optional[bytes]:
    """The content of a file, packed or not; None where it is gone, broken, or larger than files of CloudTrail are."""
    if content is None:
        return None
    most = min(_MOST_BYTES, max(_FEW_BYTES, len(content) * _MOST_PACKED))
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(most + 1)
    except (OSError, EOFError, zlib.error):
        return None
    return content if len(content) <= most else None


def parse_records(content: t.Optional[bytes]) -> t.Optional[list[t.Any]]:
    """The events in an unpacked file; None where it is no log file."""
    if content is None:
        return None
    try:
        document = load_json(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    records = document.get("Records") if isinstance(document, dict) else None
    return records if isinstance(records, list) else None


def records_of(content: t.Optional[bytes]) -> t.Optional[list[t.Any]]:
    """The events of a file, packed or not; None where it is no log file."""
    return parse_records(unpack(content))
