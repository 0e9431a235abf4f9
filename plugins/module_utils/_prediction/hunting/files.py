# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Log files of many accounts, one file in memory at a time, and what they cover.

Files of CloudTrail are believed as everywhere: their events must fit their path, and digests must confirm them. Files
whose path names no account are read as well, such as an export for an investigation: nothing confirms these.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import datetime

from ..._account.activity import load_json
from ..._account.digests import Chain, PublicKeys
from ..._account.log_files import LogFacts, LogFiles, Logs, parse_records, unpack
from ..._account.log_places import find_account, read_digest_place, read_place
from ..._account.moments import format_utc
from ..._account.progress import Progress, silent
from ..._policy.hunt.event import EARLIEST, Event, Origin, find_id, parse_event
from ..._policy.hunt.gaps import Coverage, RegionRead
from .kept import KeptRecord

_PLAIN: t.Final = re.compile(r"\.(json|jsonl|ndjson|log|cloudtrail)(\.gz)?\Z|[^.]\.gz\Z", re.IGNORECASE)
_JSON: t.Final = re.compile(r"\.(json|jsonl|ndjson)(\.gz)?\Z", re.IGNORECASE)
_SPACE: t.Final = re.compile(r"\s*")
# The files of this collection and of AWS that have no events.
_NO_EVENTS: t.Final = re.compile(r"(\A|/)CloudTrail-(Digest|Insight|Aggregated)/|_CloudTrail-(Digest|Insight)_[^/]*\Z")
_NAMED: t.Final = 3
#: A raw record and where it was read.
Found = tuple[t.Any, Origin]


class HuntFiles:
    """The log files in some places."""

    def __init__(
        self,
        places: Sequence[Logs],
        *,
        since: t.Optional[datetime],
        now: datetime,
        errors: tuple[type[Exception], ...],
        account_ids: t.Optional[frozenset[str]] = None,
        keys: t.Optional[Mapping[str, PublicKeys]] = None,
        progress: Progress = silent,
    ) -> None:
        """``account_ids`` are the only accounts to read, ``keys`` the public keys of digests by region.

        ``errors`` mean that a place can't be read, which is then its failure.
        """
        self._since: t.Final = since or EARLIEST
        self._now: t.Final = now
        self._errors: t.Final = errors
        self._accounts: t.Final = account_ids
        self._progress: t.Final = progress
        self._plain: t.Final[list[tuple[Logs, str]]] = []
        self._files: t.Final[list[tuple[str, LogFiles]]] = []
        self._last: list[tuple[str, LogFiles]] = []
        self._broken: list[str] = []
        self._spans: dict[tuple[str, str], int] = {}
        self.failures: t.Final[dict[str, str]] = {}
        for place in places:
            self._find(place, keys)

    def _find(self, place: Logs, keys: t.Optional[Mapping[str, PublicKeys]]) -> None:
        try:
            names = place.list()
        except self._errors as error:
            self.failures[place.location] = str(error)
            return
        confirmed = {digest.account_id for name in names if (digest := read_digest_place(name)) is not None}
        accounts, own = set(confirmed), []
        for name in names:
            account = find_account(name) or (found if (found := read_place(name).account_id) in confirmed else "")
            if account:
                accounts.add(account)
            elif _PLAIN.search(name) and not _NO_EVENTS.search(name):
                # The name alone is whatever somebody gave a copy: nothing confirms it.
                self._plain.append((place, name))
                continue
            own.append(name)
        for account in sorted(accounts if self._accounts is None else accounts & self._accounts):
            listed = _Listed(place, own)
            files = LogFiles(listed, account, self._since, self._now, keys, self._progress)
            self._files.append((account, files))

    def records(self) -> Iterator[Found]:
        """Read all records, from the start each time."""
        self._last, self._broken, self._spans = [], [], {}
        for account, files in self._files:
            again = files.restart()
            self._last.append((account, again))
            yield from self._read_account(again)
        for done, (place, name) in enumerate(self._plain, start=1):
            yield from self._read_plain(place, name)
            self._progress("log files", done, len(self._plain))

    def events(self) -> Iterator[Event]:
        """Read all events that can be parsed."""
        for record, origin in self.records():
            event = parse_event(record, origin)
            if event is not None and self._is_wanted(event):
                key = (event.account_id, event.region)
                self._spans[key] = self._spans.get(key, 0) + 1
                yield event

    def find_records(self, wanted: Set[tuple[str, str]]) -> Iterator[KeptRecord]:
        """Find the raw records of events, by their ids and hashes, each once."""
        missing, names = set(wanted), {event_id for event_id, _sha256 in wanted}
        for record, origin in self.records():
            if not isinstance(record, Mapping) or find_id(record) not in names:
                continue
            kept = KeptRecord.of(record, origin)
            key = (find_id(record), kept.sha256)
            if key in missing:
                missing.discard(key)
                yield kept

    def _is_wanted(self, event: Event) -> bool:
        return self._accounts is None or event.account_id in self._accounts

    def _read_account(self, files: LogFiles) -> Iterator[Found]:
        try:
            names = files.find()
        except self._errors as error:
            self.failures[files.location] = str(error)
            return
        for number, name in enumerate(names, start=1):
            # LogFiles takes names without an account as well, which are read as plain files.
            if not read_place(name).account_id:
                continue
            try:
                content = files.open(name)
            except self._errors as error:
                self.failures[files.location] = str(error)
                return
            records = files.accept(name, content)
            if records is None and not _has_good_digest(files, name):
                records = parse_records(content)
            if records is None:
                continue
            lines = {id(record): line for line, record in enumerate(records, start=1)}
            for record in files.choose(name, records, is_repeated=False):
                yield record, Origin(files.location, name, lines[id(record)])
            self._progress("log files", number, len(names))

    def _read_plain(self, place: Logs, name: str) -> Iterator[Found]:
        try:
            content = unpack(place.get(name))
        except self._errors as error:
            self.failures[place.location] = str(error)
            return
        records = parse_plain(content)
        if not records and _JSON.search(name):
            self._broken.append(name)
        for line, record in records:
            yield record, Origin(place.location, name, line)

    def describe(self) -> dict[tuple[str, str], RegionRead]:
        """Describe what the last reading covers, by account and region."""
        found: dict[tuple[str, str], RegionRead] = {}
        for account, files in self._last:
            for region, reasons in _doubt(files.facts(), files).items():
                coverage = Coverage.PARTIAL if reasons else Coverage.COMPLETE
                found[account, region] = RegionRead(coverage, tuple(reasons))
        broken = (
            [f"{len(self._broken)} files have no events of CloudTrail, such as {self._broken[0]}"]
            if self._broken
            else []
        )
        broken += [f"{place} can't be read: {reason}" for place, reason in sorted(self.failures.items())]
        for key in sorted(self._spans):
            known = found.get(key, RegionRead(Coverage.COMPLETE))
            doubts = (*known.reasons, *broken)
            found[key] = RegionRead(Coverage.PARTIAL if doubts else known.coverage, doubts)
        return found

    @property
    def has_digests(self) -> bool:
        """Whether digest files confirm the log files, so that missing ones are noticed."""
        return bool(self._last) and not self._plain and all(files.facts().chains for _account, files in self._last)


class _Listed:
    """A place that was listed already."""

    def __init__(self, logs: Logs, names: list[str]) -> None:
        self._logs: t.Final = logs
        self._names: t.Final = names
        self.location: str = logs.location

    def get(self, key: str) -> t.Optional[bytes]:
        return self._logs.get(key)

    def list(self, prefix: str = "") -> list[str]:
        return [name for name in self._names if name.startswith(prefix)]


def _has_good_digest(files: LogFiles, name: str) -> bool:
    """Whether any digest of the region of a file holds. Broken ones confirm nothing, and must hide nothing."""
    chain = files.facts().chains.get(read_place(name).region)
    return chain is not None and bool(chain.good)


def _doubt(facts: LogFacts, files: LogFiles) -> dict[str, list[str]]:
    """The regions of an account with files or digests, each with the reasons why events may be missing."""
    found: dict[str, list[str]] = {region: [] for region in (*facts.days, *facts.chains) if region}
    for name in facts.broken:
        found.setdefault(read_place(name).region, []).append(f"{name} can't be read")
    for name in facts.refused:
        found.setdefault(read_place(name).region, []).append(f"{name} is not as a digest file says")
    for region, chain in facts.chains.items():
        found[region] += _doubt_chain(chain)
    misplaced = sum(files.refused_events.values())
    if misplaced:
        for reasons in found.values():
            reasons.append(f"{misplaced} events do not fit their log files, and were ignored")
    return {region: reasons for region, reasons in found.items() if region}


def _doubt_chain(chain: Chain) -> list[str]:
    reasons = [f"digest {name} is not as CloudTrail wrote it" for name in chain.bad[:_NAMED]]
    reasons += [f"no digest from {format_utc(start)} to {format_utc(end)}" for start, end in chain.gaps[:_NAMED]]
    reasons += [f"{name} is missing, which a digest names" for name in chain.missing[:_NAMED]]
    return reasons


def parse_plain(content: t.Optional[bytes]) -> list[tuple[int, t.Any]]:
    """Parse a file with events in one of the usual forms, with the number of each record; empty if it is none.

    The forms are CloudTrail's own, a list, one record a line, several documents one after another, and records in the
    envelope of LookupEvents, EventBridge, CloudWatch or a search engine.
    """
    found = _list_records(content)
    records = ((line, _open(record)) for line, record in enumerate(found, start=1))
    return [(line, record) for line, record in records if isinstance(record, Mapping) and "eventName" in record]


def _list_records(content: t.Optional[bytes]) -> list[t.Any]:
    document = _load(content)
    if document is not None:
        return _unwrap(document)
    lines = [_load(line) if line.strip() else None for line in (content or b"").splitlines()]
    if any(line and isinstance(line, (Mapping, list)) for line in lines):
        # A line may be cut off, and holds its place in the numbers.
        return [record for line in lines for record in ([None] if line is None else _unwrap(line))]
    return [record for document in _load_several(content) for record in _unwrap(document)]


def _unwrap(document: t.Any) -> list[t.Any]:
    """The records in a document."""
    if isinstance(document, list):
        return document
    if not isinstance(document, Mapping):
        return []
    inner = document.get("hits")
    lists = [document.get(name) for name in ("Records", "Events", "events", "logEvents")]
    lists.append(inner.get("hits") if isinstance(inner, Mapping) else None)
    return next((one for one in lists if isinstance(one, list)), [document])


#: The members in which others than CloudTrail have a record: some as a text.
_ENVELOPES: t.Final = ("CloudTrailEvent", "detail", "_source", "message")


def _open(record: t.Any) -> t.Any:
    """The record in an envelope."""
    if not isinstance(record, Mapping) or "eventName" in record:
        return record
    for name in _ENVELOPES:
        inner = record.get(name)
        found = _load(inner.encode()) if isinstance(inner, str) else inner
        if isinstance(found, Mapping) and "eventName" in found:
            return found
    return record


def _load_several(content: t.Optional[bytes]) -> Iterator[t.Any]:
    """Load documents that follow one another, up to the first that is broken."""
    text = (content or b"").decode("utf-8-sig", errors="replace")
    decoder, start = json.JSONDecoder(), 0
    while start < len(text):
        start = _SPACE.match(text, start).end()  # type: ignore[union-attr]
        try:
            document, start = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return
        yield document


def _load(content: t.Optional[bytes]) -> t.Any:
    try:
        return load_json((content or b"").decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def read_twice(read: Callable[[], Iterator[Event]], *, most: int) -> Callable[[], Iterator[Event]]:
    """The same reading, whose events stay in memory if there are not too many: they are read several times."""
    kept: list[Event] = []
    is_whole = False

    def again() -> Iterator[Event]:
        nonlocal is_whole
        if is_whole:
            yield from kept
            return
        kept.clear()
        count = 0
        for event in read():
            count += 1
            if count <= most:
                kept.append(event)
            yield event
        is_whole = count <= most
        if not is_whole:
            kept.clear()

    return again
