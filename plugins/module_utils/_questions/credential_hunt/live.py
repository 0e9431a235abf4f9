# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A hunt in a live account: its event history and log files, with what the other accounts of the run have found.

The event history can only be asked for one key, name or resource at a time. So the hunt asks for the seeds, looks at
what was made, and asks for that, until there is nothing new or the budget is used up.
"""

from __future__ import annotations

import functools
import time
import typing as t
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from ..._account.activity import EVENT_HISTORY_DAYS
from ..._account.log_files import Logs
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.store import StoreError
from ..._module.connection import Connection
from ..._policy.documents.arn import arn_account
from ..._policy.hunt.document import build_document
from ..._policy.hunt.event import Event
from ..._policy.hunt.gaps import RegionRead
from ..._policy.hunt.hunt import Hunt, Outcome
from ..._policy.hunt.links import find_minted
from ..._policy.hunt.question import BASELINE
from ..._prediction.hunting.files import HuntFiles, read_twice
from ..._prediction.hunting.kept import KeptRecord, Lookup
from ..._prediction.hunting.kept_state import Present
from ..._prediction.records.evidence import read_keys_of_logs
from .found import Found, sweep
from .history import BUDGET, Budget, History
from .offline import MOST_KEPT, NO_DIGESTS
from .options import Options
from .places import open_place
from .present import look_up_made, read_present
from .workspace import RECORDS, Gathered, Workspace, join_reads

LIVE_OPERATIONS: t.Final = Operations(reads=frozenset({"cloudtrail:ListPublicKeys"}))
# A chain through one account has few hops. What is left then is followed by the next run.
_MOST_ROUNDS: t.Final = 12
# A key can be used a moment before its making is recorded: clocks differ.
_CLOCKS_DIFFER: t.Final = timedelta(minutes=5)
_ERRORS: t.Final = (AwsError, StoreError)
ADDRESSES: t.Final = "the event history can't be asked by address, so all events are read; set trail_logs to read less"


class LiveHunt:
    """The hunt in one account."""

    def __init__(
        self,
        connection: Connection,
        options: Options,
        workspace: Workspace,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection: t.Final = connection
        self._options: t.Final = options
        self._workspace: t.Final = workspace
        self._account: t.Final = connection.access.caller.account_id
        self._now: t.Final = connection.now
        self._state: t.Final = workspace.read_state(self._account)
        self._gathered: t.Final = Gathered()
        self._notes: t.Final[list[str]] = []
        self._unasked: t.Final[dict[str, str]] = {}
        self._regions: t.Final = self._find_regions()
        self._budget: t.Final = Budget(options.max_calls)
        self._history: t.Final = self._open_history(wait) if options.event_history else None

    def run(self) -> Found:
        """Hunt, keep what was read, and make the document.

        :raises StoreError: the place of reports can't be read or written.
        """
        for account_id in self._workspace.list_accounts(RECORDS):
            self._gathered.add(self._workspace.read_records(account_id))
        files = self._open_files()
        outcome = self._follow(files)
        others = sorted(_list_accounts(outcome) - {self._account})
        present = self._sweep(outcome).join(*map(self._workspace.read_present, others))
        if self._history is not None:
            self._history.finish()
        reads = join_reads([*map(self._workspace.read_state, others), self._state])
        if files is not None:
            reads = self._join_files(reads, files)
        records = tuple(self._find_raw(outcome, files))
        self._gathered.add(records)
        self._workspace.keep(self._account, self._state, self._gathered.of_account(self._account))
        is_of_files = self._history is None
        document = build_document(
            outcome, reads, now=self._now, unasked=self._unasked, is_of_files=is_of_files, notes=self._notes
        )
        hits = sweep(outcome, present.state, self._gathered.events.values())
        queries = tuple(self._state.queries)
        caller = self._connection.access.caller.arn
        return Found(document, outcome, records, queries, hits, present, self._account, caller)

    def _sweep(self, outcome: Outcome) -> Present:
        """Read what is still there and who made it, who depends on the keys, and which secrets could be read."""
        if not self._options.sweep:
            return self._workspace.read_present(self._account)
        present = read_present(self._connection, outcome, self._regions)
        self._workspace.keep_present(self._account, present)
        lookups = look_up_made(present.state, outcome.beginning.since, self._gathered.events.values())
        if self._history is not None and lookups:
            since = min(lookups.values()) - _CLOCKS_DIFFER
            self._ask(self._history, dict.fromkeys(lookups, since))
        return present

    # The event history

    def _find_regions(self) -> tuple[str, ...]:
        """The regions to look at. Events of IAM and of the global endpoint of STS are in the home region."""
        access = self._connection.access
        reach = access.reach(self._options.regions)
        if reach.unread:
            self._notes.append(f"the enabled regions are not known: {reach.unread}")
        return tuple(dict.fromkeys((access.home_region, *reach.regions)))

    def _open_history(self, wait: Callable[[float], None]) -> History:
        return History(
            self._connection.access,
            self._state,
            self._regions,
            now=self._now,
            budget=self._budget,
            wait=wait,
            progress=self._connection.progress,
        )

    def _follow(self, files: t.Optional[HuntFiles]) -> Outcome:
        """Hunt and ask, in turns."""
        more = [read_twice(files.events, most=MOST_KEPT)] if files is not None else []
        if self._history is not None:
            first = self._find_first_lookups()
            self._notes.extend([ADDRESSES] if Lookup("", "") in first else [])
            self._ask(self._history, first)
        outcome = Hunt(self._options.question, self._gathered.read(*more)).run()
        for _round in range(_MOST_ROUNDS):
            if self._history is None:
                break
            lookups = self._find_lookups(outcome)
            open_lookups = {lookup: since for lookup, since in lookups.items() if self._history.needs(lookup)}
            if not open_lookups:
                break
            if self._budget.is_used_up:
                self._unasked.update({one.value: BUDGET for one in open_lookups if one.attribute == "AccessKeyId"})
                self._notes.append(f"{len(open_lookups)} questions to the event history are open: {BUDGET}")
                break
            self._ask(self._history, open_lookups)
            outcome = Hunt(self._options.question, self._gathered.read(*more)).run()
        return outcome

    def _ask(self, history: History, lookups: dict[Lookup, datetime]) -> None:
        self._gathered.add(history.ask(lookups))
        # A killed run goes on from here.
        self._workspace.keep(self._account, self._state, self._gathered.of_account(self._account))

    @property
    def _start(self) -> datetime:
        """Since when the habits of the seeds are read."""
        earliest = self._now - timedelta(days=EVENT_HISTORY_DAYS)
        since = self._options.question.since
        return earliest if since is None else max(earliest, since - BASELINE)

    def _find_first_lookups(self) -> dict[Lookup, datetime]:
        question = self._options.question
        found = {Lookup("AccessKeyId", key): self._start for key in sorted(question.keys)}
        for principal in sorted(question.principals):
            owner = arn_account(principal) if principal.startswith("arn:") else self._account
            if owner == self._account:
                found |= dict.fromkeys(_look_up_principal(principal), self._start)
        if question.addresses or question.is_of_times_only:
            found[Lookup("", "")] = self._start
        return found

    def _find_lookups(self, outcome: Outcome) -> dict[Lookup, datetime]:
        """The questions that an outcome raises in this account."""
        found = self._find_first_lookups()
        for _short, arn in sorted(outcome.index.seeds.items()):
            if arn_account(arn) == self._account:
                found |= dict.fromkeys(_look_up_principal(arn), self._start)
        for event in outcome.suspects:
            if event.access_key_id and self._is_own(event):
                # An address or a principal led here, so that the rest of the key's events are wanted too.
                found.setdefault(Lookup("AccessKeyId", event.access_key_id), event.time - _CLOCKS_DIFFER)
            for minted in find_minted(event):
                if minted.account_id in ("", self._account):
                    found.setdefault(Lookup("AccessKeyId", minted.key_id), event.time - _CLOCKS_DIFFER)
                if ":role/" in minted.principal and minted.account_id == self._account:
                    # The event of this account about the same call, and who else assumed the role since then.
                    found.setdefault(Lookup("ResourceName", minted.principal), event.time - _CLOCKS_DIFFER)
        since = outcome.beginning.since or self._start
        for short in (*outcome.tainted.principals, *outcome.tainted.touched):
            account_id, _colon, name = short.partition(":")
            if account_id == self._account:
                found.setdefault(self._look_up_made(name), since - _CLOCKS_DIFFER)
        return found

    def _look_up_made(self, name: str) -> Lookup:
        """The question for a principal that was made or changed, such as ``role/helper``."""
        kind, _slash, short = name.partition("/")
        if kind != "role":
            return Lookup("Username", short)
        return Lookup("ResourceName", f"arn:{self._connection.access.partition}:iam::{self._account}:{name}")

    def _is_own(self, event: Event) -> bool:
        return event.account_id == self._account and event.caller_account_id in ("", self._account)

    # Log files

    def _open_files(self) -> t.Optional[HuntFiles]:
        places: list[Logs] = []
        for place in self._options.places:
            try:
                places.append(open_place(self._connection.open_store, place))
            except _ERRORS as error:
                self._notes.append(f"trail_logs: {place.location} can't be read: {error}")
        if not self._options.places:
            return None
        since = self._options.question.since
        days = (self._now - self._start).days + 1
        keys = read_keys_of_logs(self._connection.access, _list_names(places), days=days, now=self._now)
        return HuntFiles(
            places,
            since=since - BASELINE if since is not None else None,
            now=self._now,
            errors=_ERRORS,
            account_ids=frozenset({self._account}),
            keys=keys,
            progress=self._connection.progress,
        )

    def _join_files(
        self, reads: dict[tuple[str, str], RegionRead], files: HuntFiles
    ) -> dict[tuple[str, str], RegionRead]:
        """Join what was read of files with what was read of the event history: the better of both counts."""
        if not files.has_digests:
            self._notes.append(NO_DIGESTS)
        self._notes.extend(f"trail_logs: {place} can't be read: {reason}" for place, reason in files.failures.items())
        found = dict(reads)
        for key, read in files.describe().items():
            known = found.get(key)
            if known is None or known.coverage.rank < read.coverage.rank:
                found[key] = read
                self._state.regions[key[1]] = read
        return found

    def _find_raw(self, outcome: Outcome, files: t.Optional[HuntFiles]) -> Iterator[KeptRecord]:
        """Find the raw records of the time line."""
        wanted = {(event.event_id, event.sha256) for event in outcome.events}
        for key in sorted(wanted & self._gathered.records.keys()):
            yield self._gathered.records[key]
        missing = wanted - self._gathered.records.keys()
        if files is not None and missing:
            yield from files.find_records(missing)


def _list_accounts(outcome: Outcome) -> set[str]:
    """The accounts that the events are of, and those that suspected ones lead to."""
    found = {event.account_id for event in outcome.events}
    found |= {minted.account_id for event in outcome.suspects for minted in find_minted(event)}
    return found - {""}


def _list_names(places: list[Logs]) -> Iterator[str]:
    for place in places:
        try:
            yield from place.list()
        except _ERRORS:
            # The reading of its files fails as well, and says so.
            continue


@functools.cache
def _look_up_principal(principal: str) -> tuple[Lookup, ...]:
    """The questions for the events of a principal. Those of a role can't be asked for, only who assumed it."""
    kind, _slash, name = principal.rpartition(":")[2].partition("/")
    if kind == "role":
        return (Lookup("ResourceName", principal),) if principal.startswith("arn:") else ()
    if kind == "root":
        return (Lookup("Username", "root"),)
    return (Lookup("Username", name.rpartition("/")[2] or kind),)
