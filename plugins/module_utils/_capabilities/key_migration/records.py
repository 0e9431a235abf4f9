# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The records of moves, kept across runs: one record a step, never written twice, and what they add up to. Pure.

Anybody who can write to the journal can write a record. One that contradicts the others stops the move of its workload
until somebody has looked. Records hold ids and dates, and they only ever delay a step: what AWS says of the role and of
the key decides.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..._account.moments import format_utc, parse_moment
from ..._converge.event_log import quote_name, read_log, write_next
from ..._converge.parsing import parse
from ..._converge.store import Store
from .model import State, Target

SCHEMA: t.Final = "hardening.iam/key_migration/1"
# Clocks of two hosts differ a little.
_SKEW: t.Final = timedelta(minutes=1)
_KEY_ID: t.Final = re.compile(r"[A-Z0-9]{16,128}")
_SHA256: t.Final = re.compile(r"[0-9a-f]{64}")
_TEXTS: t.Final = (
    *("account_id", "workload", "user_arn", "user_id", "key_id"),
    *("role_arn", "role_id", "trust_sha256", "policies_sha256", "by", "run_id"),
)
#: Every record of one move says the same about these.
_SAME: t.Final = ("key_id", "role_arn", "role_id", "trust_sha256", "policies_sha256", "platform")


@dataclasses.dataclass(frozen=True)
class Event:
    """One record. ``key`` and ``stored_at`` say where and when the store has it."""

    state: State
    account_id: str
    workload: str
    user_arn: str
    user_id: str
    key_id: str
    platform: Target
    role_arn: str
    role_id: str
    trust_sha256: str
    policies_sha256: str
    at: datetime
    by: str = ""
    run_id: str = ""
    number: int = dataclasses.field(default=0, compare=False)
    key: str = dataclasses.field(default="", compare=False)
    stored_at: t.Optional[datetime] = dataclasses.field(default=None, compare=False)

    def as_bytes(self) -> bytes:
        """The record as it is kept: JSON that people can read."""
        record = {
            "schema": SCHEMA,
            "state": self.state.value,
            "platform": self.platform.value,
            "at": format_utc(self.at),
        }
        return json.dumps(record | {name: getattr(self, name) for name in _TEXTS}, indent=2).encode()

    @classmethod
    def of_bytes(
        cls, content: bytes, *, number: int = 0, key: str = "", stored_at: t.Optional[datetime] = None
    ) -> Event:
        """The event of a record. Raises ValueError if it is none."""
        try:
            record = parse(content)
            if record["schema"] != SCHEMA:
                raise ValueError(f"its schema is {record['schema']!r}")
            event = cls(
                state=State(record["state"]),
                platform=Target(record["platform"]),
                at=parse_moment(record["at"]),
                **{name: _parse_text(record[name]) for name in _TEXTS},
                number=number,
                key=key,
                stored_at=stored_at,
            )
        except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
            raise ValueError(f"it is not a record of a move: {error!r}") from error
        if not _KEY_ID.fullmatch(event.key_id):
            raise ValueError("its key_id is not the id of a key")
        if not all(_SHA256.fullmatch(one) for one in (event.trust_sha256, event.policies_sha256)):
            raise ValueError("one of its hashes is none")
        return event


def _parse_text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


@dataclasses.dataclass(frozen=True)
class Log:
    """What a store has of one workload. ``broken`` are files with the name of a record that are none, with reasons."""

    events: tuple[Event, ...] = ()
    broken: tuple[tuple[int, str, str], ...] = ()
    number: int = 0


class Archive:
    """The records of the moves in one account, beside the journal."""

    def __init__(self, store: Store, account_id: str) -> None:
        self._store = store
        self._account_id = account_id

    def _prefix(self, workload: str, user_id: str) -> str:
        """A user that is made again has another unique id. Names of workloads become names of roles, without case."""
        name = quote_name(workload.lower(), "workload")
        return f"migrations/{self._account_id}/{name}/{quote_name(user_id, 'id')}/"

    def read(self, workload: str, user_id: str) -> Log:
        """Read the records of a workload.

        :raises StoreError: the store can't be read.
        """
        events: list[Event] = []
        broken: list[tuple[int, str, str]] = []
        number = 0
        for stored in read_log(self._store, self._prefix(workload, user_id)):
            number = stored.number
            try:
                events.append(Event.of_bytes(stored.content, number=number, key=stored.key, stored_at=stored.at))
            except ValueError as error:
                broken.append((number, stored.key, str(error)))
        return Log(tuple(events), tuple(broken), number)

    def write(self, event: Event, log: Log) -> None:
        """Write the next record of a workload. Of two runs that did the same at the same time, one writes.

        :raises StoreError: it can't be written, or another run has recorded something else meanwhile.
        """
        prefix = self._prefix(event.workload, event.user_id)

        def is_same(content: bytes) -> bool:
            try:
                return _identify(Event.of_bytes(content)) == _identify(event)
            except ValueError:
                return False

        write_next(self._store, prefix, log.number, event.state.value, event.as_bytes(), is_same=is_same)


def _identify(event: Event) -> tuple[t.Any, ...]:
    return event.state, event.account_id, event.workload, event.user_id, *(getattr(event, name) for name in _SAME)


@dataclasses.dataclass(frozen=True)
class Identity:
    """The workload and the user that records are to be about, as they are now."""

    account_id: str
    workload: str
    user_arn: str
    user_id: str
    now: datetime


@dataclasses.dataclass(frozen=True)
class Past:
    """How far a move is. ``reached`` is None where none is under way.

    ``since`` has the time of each state, never before the store says that its record was written. ``doubts`` are the
    records that are not believed, with the reasons.
    """

    reached: t.Optional[State] = None
    last: t.Optional[Event] = None
    since: Mapping[State, datetime] = dataclasses.field(default_factory=dict)
    latest: t.Optional[datetime] = None
    number: int = 0
    doubts: tuple[tuple[str, str], ...] = ()


# By state: the ones that it may follow. A key that somebody activated again is verified and deactivated again.
_BEFORE: t.Final[Mapping[State, frozenset[t.Optional[State]]]] = {
    State.PREPARED: frozenset({None}),
    State.VERIFIED: frozenset({State.PREPARED, State.KEY_INACTIVE}),
    State.KEY_INACTIVE: frozenset({State.VERIFIED}),
    State.KEY_DELETED: frozenset({State.VERIFIED, State.KEY_INACTIVE}),
    State.REVERTED: frozenset({State.PREPARED, State.VERIFIED, State.KEY_INACTIVE}),
}


def replay(log: Log, identity: Identity) -> Past:
    """Replay the records of a workload in their order."""
    past = Past()
    files: list[tuple[int, str, t.Union[Event, str]]] = [
        *((event.number, event.key, event) for event in log.events),
        *log.broken,
    ]
    for number, key, event in sorted(files, key=lambda item: item[:2]):
        reason = event if isinstance(event, str) else _find_contradiction(past, event, identity)
        if number != past.number + 1:
            reason = reason or f"record {past.number + 1} is missing, or there is another with number {number}"
        past = dataclasses.replace(past, number=max(past.number, number))
        if reason:
            past = dataclasses.replace(past, doubts=(*past.doubts, (key, reason)))
        elif isinstance(event, Event):
            past = _apply(past, event)
    return past


def _find_contradiction(past: Past, event: Event, identity: Identity) -> str:
    """Explain what a record contradicts; empty if it agrees with the user, the clock and the others."""
    if event.account_id != identity.account_id or event.workload.lower() != identity.workload.lower():
        return f"it is of {event.workload} in account {event.account_id}"
    if event.user_arn.lower() != identity.user_arn.lower() or event.user_id != identity.user_id:
        return f"it is of {event.user_arn} with the id {event.user_id}"
    if event.at > identity.now + _SKEW:
        return f"its time, {format_utc(event.at)}, is in the future"
    if past.latest is not None and event.at < past.latest - _SKEW:
        return f"its time, {format_utc(event.at)}, is before the record before it"
    if past.reached not in _BEFORE[event.state]:
        return f"it says {event.state.value!r}, and before it is {past.reached.value if past.reached else 'nothing'}"
    known = past.last if past.reached is not None else None
    other = next((name for name in _SAME if known and getattr(event, name) != getattr(known, name)), "")
    return f"its {other} is another than that of the record before it" if other else ""


def _apply(past: Past, event: Event) -> Past:
    latest = max(past.latest or event.at, event.at)
    if event.state is State.REVERTED:
        return Past(latest=latest, number=past.number, doubts=past.doubts)
    moment = max(latest, event.stored_at or latest)
    return dataclasses.replace(
        past, reached=event.state, last=event, since={**past.since, event.state: moment}, latest=latest
    )
