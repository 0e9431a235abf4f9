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
import heapq
import io
import itertools
import typing as t
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from .._policy.trail.actions import EventReader
from .._policy.trail.callers import SkipReason, moment_of
from .._policy.trail.usage import Source, SourceRead
from .activity import TRAIL_BLIND_SPOTS, TRAIL_LAG, Activity, describe_exclusions, load_json
from .digests import Chain, DigestBook, PublicKeys
from .log_places import Place, is_wanted, read_digest_place, read_place
from .moments import whole_days
from .progress import Progress, silent

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
#: The time of a call that changed a trail, and its name.
Change = tuple[datetime, str]


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
    ``chains`` are the digests by region, if there are any. ``repeated`` counts the files whose events were read in
    another place already.
    """

    files: int = 0
    repeated: int = 0
    broken: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    late: int = 0
    days: Mapping[str, frozenset[date]] = dataclasses.field(default_factory=dict)
    since: t.Optional[datetime] = None
    until: t.Optional[datetime] = None
    changes: tuple[Change, ...] = ()
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
    return read_log_files([files], reader, days=days, scans=scans)[0]


def read_log_files(
    places: Sequence[LogFiles],
    reader: EventReader,
    *,
    days: int,
    errors: tuple[type[Exception], ...] = (),
    progress: Progress = silent,
    scans: Sequence[EventScan] = (),
) -> tuple[LogActivity, ...]:
    """Return the events of several places, each with what was found out about its own files.

    The events of all places are counted together: the first place that could be read has them. ``errors`` mean that a
    place can't be read, which is then its failure. The events that it had until then count. ``scans`` look at the same
    events.
    """
    tally = reader.start(Source.TRAIL)
    for record in LogPlaces(places, errors, progress).records():
        tally.add(record)
        for scan in scans:
            scan.add(record)
    for one in places:
        tally.skipped.update(one.refused_events)
    reading = tally.reading()
    left_out = describe_exclusions(reading)
    sources = [_describe_place(one, days, left_out) for one in places]
    holder = next((number for number, source in enumerate(sources) if source.failure is None), None)
    return tuple(
        LogActivity(source, reading.uses, reading.skipped, reading, one.facts())
        if number == holder
        else LogActivity(source, facts=one.facts())
        for number, (source, one) in enumerate(zip(sources, places, strict=True))
    )


def _describe_place(files: LogFiles, days: int, left_out: tuple[str, ...]) -> SourceRead:
    """Describe one place as a source: how far back it reaches, and which of its files and events were not believed."""
    facts = files.facts()
    failure = files.failure or ("" if facts.since is not None else f"no events in {files.location}")
    if failure:
        return SourceRead(Source.TRAIL, days, TRAIL_LAG, place=files.location, failure=failure)
    window = max(1, whole_days(files.oldest, files.now))
    return SourceRead(
        Source.TRAIL,
        window,
        TRAIL_LAG,
        (*TRAIL_BLIND_SPOTS, *describe_losses(facts, files.refused_events), *left_out),
        records=files.events,
        place=files.location,
        is_whole=not (facts.broken or facts.refused or files.refused_events) and window >= _NEARLY_A_QUARTER,
        gaps=_describe_broken(facts),
    )


def _describe_broken(facts: LogFacts) -> tuple[str, ...]:
    if not facts.broken:
        return ()
    return (f"{len(facts.broken)} log files could not be read, such as {facts.broken[0]}",)


def describe_losses(facts: LogFacts, refused: Mapping[SkipReason, int]) -> tuple[str, ...]:
    """Describe the files and events that were not believed."""
    found = [*_describe_broken(facts)]
    if facts.refused:
        found.append(
            f"{len(facts.refused)} log files are not as a digest file says, such as {facts.refused[0]}: "
            "their events were ignored"
        )
    misplaced = refused.get(SkipReason.MISPLACED, 0) + refused.get(SkipReason.OTHER_ACCOUNT, 0)
    if misplaced:
        found.append(f"{misplaced} events do not fit the path of their log file, and were ignored")
    return tuple(found)


class LogPlaces:
    """The events of several places, one file at a time. A file that is in two of them counts once.

    The places are read side by side, region by region and day by day. So the copies of a file are next to each other,
    and no list of all files that were read is needed.
    """

    def __init__(
        self, places: Sequence[LogFiles], errors: tuple[type[Exception], ...] = (), progress: Progress = silent
    ) -> None:
        self._places: t.Final = places
        self._errors: t.Final = errors
        self._progress: t.Final = progress

    def records(self) -> Iterator[t.Any]:
        """All events that fit."""
        names = [self._find(one) for one in self._places]
        count, done = sum(map(len, names)), 0
        found = [zip(itertools.repeat(one), its_own) for one, its_own in zip(self._places, names, strict=True)]
        merged = heapq.merge(*found, key=lambda item: _make_order(item[1]))
        for _order, group in itertools.groupby(merged, key=lambda item: _make_order(item[1])[:3]):
            copies = list(group)
            yield from self._read(copies)
            done += len(copies)
            self._progress("log files", done, count)

    def _find(self, files: LogFiles) -> list[str]:
        try:
            return files.find()
        except self._errors as error:
            files.failure = str(error)
            return []

    def _read(self, copies: list[tuple[LogFiles, str]]) -> Iterator[t.Any]:
        """Read files with the same name. What another trail or a forger wrote under that name has other content."""
        seen: set[bytes] = set()
        for files, name in copies:
            if files.failure:
                continue
            try:
                content = files.open(name)
            except self._errors as error:
                files.failure = str(error)
                continue
            records = files.accept(name, content)
            if records is None or content is None:
                continue
            mark = hashlib.sha256(content).digest() if len(copies) > 1 else b""
            is_repeated = mark in seen
            seen.add(mark)
            yield from files.choose(name, records, is_repeated=is_repeated)


class LogFiles:
    """The log files of one place: which there are, which are believed, and what was found out about them."""

    def __init__(
        self,
        logs: Logs,
        account_id: str,
        since: datetime,
        now: datetime,
        keys: t.Optional[Mapping[str, PublicKeys]] = None,
        progress: Progress = silent,
    ) -> None:
        self._logs: t.Final = logs
        self._progress: t.Final = progress
        # Several are read at the same time.
        self._digests_read: t.Final = itertools.count(1)
        self._account_id: t.Final = account_id
        self._since: t.Final = since
        self._public_keys: t.Final = keys
        self._days: t.Final[dict[str, set[date]]] = {}
        self._broken: t.Final[list[str]] = []
        self._unconfirmed: t.Final[list[str]] = []
        self._changes: t.Final[list[Change]] = []
        self._book: t.Optional[DigestBook] = None
        self._found: t.Optional[list[str]] = None
        self._files = 0
        self._repeated = 0
        self._late = 0
        self._newest: t.Optional[datetime] = None
        self.now: t.Final = now
        self.location: t.Final = logs.location
        self.failure = ""
        self.oldest = now
        self.events = 0
        self.refused_events: t.Final[collections.Counter[SkipReason]] = collections.Counter()

    def facts(self) -> LogFacts:
        """What was found out about the files, once all records are read."""
        return LogFacts(
            files=self._files,
            repeated=self._repeated,
            broken=tuple(self._broken),
            refused=tuple(self._unconfirmed),
            late=self._late,
            days={region: frozenset(days) for region, days in self._days.items()},
            since=self.oldest if self._newest is not None else None,
            until=self._newest,
            changes=tuple(sorted(self._changes)[-_MOST_CHANGES:]),
            chains=self._book.chains if self._book is not None else {},
        )

    def find(self) -> list[str]:
        """Find the files that may have events, in the order of :func:`_make_order`, and read the digests."""
        if self._found is None:
            names = self._logs.list()
            self._book = self._read_digests(names)
            self._found = [name for name in names if self._is_wanted(name)]
            self._found.sort(key=_make_order)
        return self._found

    def restart(self) -> LogFiles:
        """The same files, to be read once more. They are not listed again, nor their digests read."""
        other = LogFiles(self._logs, self._account_id, self._since, self.now, self._public_keys)
        other._found, other._book, other.failure = self._found, self._book, self.failure
        return other

    def _is_wanted(self, name: str) -> bool:
        wanted = is_wanted(name, self._account_id, self._since)
        return wanted and read_place(name).account_id in ("", self._account_id)

    def _read_digests(self, names: list[str]) -> DigestBook:
        # A digest of the day before may have the first of the window's files, if CloudTrail was late.
        first = (self._since - timedelta(days=1)).astimezone(UTC).date()
        places = (place for name in names if (place := read_digest_place(name)) is not None)
        return DigestBook(
            (place for place in places if place.day >= first),
            self._open_digest,
            self._account_id,
            self._public_keys,
            self._find_missing(names),
        )

    def _open_digest(self, name: str) -> t.Optional[bytes]:
        self._progress("digest files", next(self._digests_read), None)
        return self.open(name)

    def _find_missing(self, names: list[str]) -> Callable[[str], bool]:
        """A test whether a log file of the window, by its name without folders, is not in the place any more."""
        present = frozenset(name.rpartition("/")[2] for name in names)

        def is_missing(name: str) -> bool:
            if name in present:
                return False
            written = read_place(name).written
            return written is not None and written >= self._since

        return is_missing

    def open(self, name: str) -> t.Optional[bytes]:
        """The unpacked content of a file; None where there is none."""
        return unpack(self._logs.get(name))

    def accept(self, name: str, content: t.Optional[bytes]) -> t.Optional[list[t.Any]]:
        """The events in the content of a file; None where it is not believed."""
        found = parse_records(content)
        if found is None or content is None:
            self._broken.append(name)
            return None
        place = read_place(name)
        if self._book and not self._is_confirmed(name, place, content, self._book):
            if self._book.ends_before(place.region, place.written):
                self._late += 1
                return None
            self._unconfirmed.append(name)
            self.refused_events[SkipReason.UNVERIFIED] += len(found)
            return None
        self._files += 1
        if place.day is not None:
            self._days.setdefault(place.region, set()).add(place.day)
        return found

    def choose(self, name: str, records: list[t.Any], *, is_repeated: bool) -> Iterator[t.Any]:
        """Choose the events of a file that are in the window and fit the file.

        Those of a file that was read elsewhere count for what is found out about this place, and are not handed out.
        """
        self._repeated += is_repeated
        place = read_place(name)
        window = place.find_window(self.now)
        for record in records:
            if self._is_within(record, place, window) and not is_repeated:
                self.events += 1
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
        if record.get("eventSource") == _CLOUDTRAIL and (change := read_change(record)) is not None:
            self._changes.append(change)
            if len(self._changes) > 2 * _MOST_CHANGES:
                self._changes[:] = sorted(self._changes)[-_MOST_CHANGES:]
        return True


def read_change(record: t.Any) -> t.Optional[Change]:
    """The change of a trail that an event is of; None for any other event, and for one that failed."""
    if not isinstance(record, dict) or record.get("eventSource") != _CLOUDTRAIL or record.get("errorCode"):
        return None
    name, moment = record.get("eventName"), moment_of(record)
    return (moment, name) if isinstance(name, str) and name in _CHANGES and moment is not None else None


def _make_order(name: str) -> tuple[str, date, str, str]:
    """The order of log files: by region, by day, and then by name, so that copies of one file follow each other."""
    place = read_place(name)
    return place.region, place.day or date.min, name.rpartition("/")[2], name


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
