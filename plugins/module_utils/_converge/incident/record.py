# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The record of an incident in one account: whom it contains, and what was done about it.

It is one object beside the journal, ``control/incidents/<account>/<incident>.json``. Several jobs may write it, so two
records of one incident can be merged, and nothing gets lost by that. A containment after a release begins a new round:
it contains other principals, and needs a confirmation of its own. One after a release that is not complete goes on with
its round: whom that release has left contained stays in the record.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import secrets
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from ..._account.moments import format_moment, parse_moment
from ..errors import InputError
from ..journal import check_run_id
from ..parsing import parse
from .names import is_record_id

SCHEMA: t.Final = "hardening.iam/incident/1"
_ACCOUNT: t.Final = re.compile(r"[0-9]{12}")
_ARN: t.Final = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):(root|(user|role)/[\x21-\x7e]+)")


class State(enum.StrEnum):
    """How far an incident is, in the order in which that goes."""

    DECLARED = "declared"
    CONTAINING = "containing"
    CONTAINED = "contained"
    RELEASING = "releasing"
    RELEASED = "released"

    @property
    def rank(self) -> int:
        """The place in that order."""
        return list(State).index(self)


class By(enum.StrEnum):
    """How a principal is contained: as the source of the credential, by a cut of sessions, or as the root user."""

    SOURCE = "source"
    CUT = "cut"
    ROOT = "root"


@dataclasses.dataclass(frozen=True, order=True)
class Contained:
    """A contained principal. ``unique_id`` is that of IAM (``AIDA…``, ``AROA…``), empty for root."""

    arn: str
    unique_id: str
    by: By
    since: datetime


@dataclasses.dataclass(frozen=True, order=True)
class Event:
    """One step of an incident: the state that a run brought it to, its author, and ``by``, the ARN of its caller."""

    at: datetime
    state: State
    run_id: str
    by: str = ""
    author: str = ""
    round: int = 1


@dataclasses.dataclass(frozen=True, order=True)
class Confirmation:
    """The second person who agreed to the containment, and in which run."""

    at: datetime
    by: str
    run_id: str


@dataclasses.dataclass(frozen=True)
class Record:
    """The record of an incident in an account.

    ``targets`` are the targets of changes of the containment besides the principals, such as ARNs of policies. ``runs``
    are the ids of the runs that wrote. ``first_deny`` and ``last_source_write`` are moments of this round, and ``due``
    are those at which events are read again. ``resumed`` is how often in this round a containment followed a release
    that was not complete.
    """

    account_id: str
    incident_id: str
    state: State
    declared_by: str
    reason: str
    contained: tuple[Contained, ...] = ()
    targets: frozenset[str] = frozenset()
    seeds: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    events: frozenset[Event] = frozenset()
    first_deny: t.Optional[datetime] = None
    last_source_write: t.Optional[datetime] = None
    confirmation: t.Optional[Confirmation] = None
    due: frozenset[datetime] = frozenset()
    round: int = 1
    resumed: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the record says of nobody that he is contained."""
        return not self.contained and not self.targets

    @property
    def is_release_recorded(self) -> bool:
        """Whether the record shows a release of this round, from its beginning to its end."""
        began = any(event.state is State.RELEASING and event.round == self.round for event in self.events)
        return self.state is State.RELEASED and began

    @property
    def declared_at(self) -> t.Optional[datetime]:
        """The earliest moment of this round that the record has; None if it has none."""
        moments = [event.at for event in self.events if event.round == self.round]
        return min([*moments, *(item.since for item in self.contained), *filter(None, [self.first_deny])], default=None)

    @property
    def is_confirmed(self) -> bool:
        """Whether a second person confirmed it: neither who declared it, nor the author of the first run."""
        if self.confirmation is None:
            return False
        events = sorted(event for event in self.events if event.round == self.round)
        first = (event.author for event in events[:1])
        return _as_person(self.confirmation.by) not in {_as_person(name) for name in (self.declared_by, *first, "")}

    @property
    def progress(self) -> tuple[int, int]:
        """How far the round is: of two records of a round, the one with more is later."""
        return self.resumed, self.state.rank

    def move(self, event: Event) -> Record:
        """The record after a step. A containment after a release begins a new round.

        One after a release that is not complete resumes the round, with all that it contains. Another step back within
        a round is recorded, and changes no state.
        """
        is_back = event.state.rank < State.RELEASING.rank <= self.state.rank
        begins = is_back and self.state is State.RELEASED
        state = event.state if is_back else max(self.state, event.state, key=lambda state: state.rank)
        moved = dataclasses.replace(event, round=self.round + begins)
        record = dataclasses.replace(
            self,
            round=moved.round,
            resumed=self.resumed + is_back,
            state=state,
            events=self.events | {moved},
            runs=self.runs | {event.run_id},
        )
        return dataclasses.replace(record, **_NEW_ROUND) if begins else record

    def merge(self, other: Record) -> Record:
        """Both records in one: the order does not matter, and nothing of the latest round gets lost.

        :raises ValueError: they are of different accounts or incidents.
        """
        if (self.account_id, self.incident_id) != (other.account_id, other.incident_id):
            raise ValueError("records of different accounts or incidents can't be merged")
        number = max(self.round, other.round)
        latest = [record for record in (self, other) if record.round == number]
        merged = Record(
            account_id=self.account_id,
            incident_id=self.incident_id,
            round=number,
            resumed=max(record.resumed for record in latest),
            state=max(latest, key=lambda record: record.progress).state,
            declared_by=_first(record.declared_by for record in latest),
            reason=_first(record.reason for record in latest),
            contained=_merge_contained(item for record in latest for item in record.contained),
            targets=_union(record.targets for record in latest),
            seeds=_union(record.seeds for record in latest),
            runs=self.runs | other.runs,
            events=self.events | other.events,
            first_deny=min(filter(None, (record.first_deny for record in latest)), default=None),
            last_source_write=max(filter(None, (record.last_source_write for record in latest)), default=None),
            due=_union(record.due for record in latest),
        )
        given = sorted(record.confirmation for record in latest if record.confirmation)
        confirmed = [dataclasses.replace(merged, confirmation=one) for one in given]
        # One by the same person as the declaration counts for nothing, so that a later one is not lost for it.
        return next((one for one in confirmed if one.is_confirmed), next(iter(confirmed), merged))

    def as_bytes(self) -> bytes:
        """The content of the object. No two are the same: a writer knows its own again if an answer was lost."""
        confirmation = self.confirmation
        document = {
            "schema": SCHEMA,
            "account_id": self.account_id,
            "incident_id": self.incident_id,
            "round": self.round,
            "resumed": self.resumed,
            "state": self.state.value,
            "declared_by": self.declared_by,
            "reason": self.reason,
            "confirmed_by": confirmation.by if confirmation else None,
            "confirmed_at": _format(confirmation.at if confirmation else None),
            "confirmed_run": confirmation.run_id if confirmation else None,
            "first_deny": _format(self.first_deny),
            "last_source_write": _format(self.last_source_write),
            "contained": [{**vars(item), "since": format_moment(item.since)} for item in self.contained],
            "targets": sorted(self.targets),
            "seeds": sorted(self.seeds),
            "runs": sorted(self.runs),
            "events": [{**vars(event), "at": format_moment(event.at)} for event in sorted(self.events)],
            "due": [format_moment(moment) for moment in sorted(self.due)],
            "nonce": secrets.token_hex(16),
        }
        return json.dumps(document, indent=2, sort_keys=True).encode()

    @classmethod
    def of_bytes(cls, content: bytes, *, account_id: str, incident_id: str) -> t.Self:
        """The record in the content of an object.

        :raises ValueError: it is none, or of another account or incident than its key names.
        """
        try:
            return cls._of_document(parse(content), account_id, incident_id)
        except (AttributeError, InputError, KeyError, OverflowError, TypeError) as error:
            raise ValueError(f"it is not the record of an incident: {error!r}") from error

    @classmethod
    def _of_document(cls, document: Mapping[str, t.Any], account_id: str, incident_id: str) -> t.Self:
        if document["schema"] != SCHEMA:
            raise ValueError("it is not the record of an incident")
        if (document["account_id"], document["incident_id"]) != (account_id, incident_id):
            raise ValueError("it is of another account or incident than its place")
        if not _ACCOUNT.fullmatch(account_id) or not is_record_id(incident_id):
            raise ValueError("its place names no account or no incident")
        return cls(
            account_id=account_id,
            incident_id=incident_id,
            round=_parse_number(document["round"], at_least=1),
            resumed=_parse_number(document["resumed"], at_least=0),
            state=State(document["state"]),
            declared_by=_parse_text(document["declared_by"]),
            reason=_parse_text(document["reason"]),
            contained=_merge_contained(
                _parse_contained(item, account_id) for item in _parse_list(document, "contained")
            ),
            targets=frozenset(map(_parse_text, _parse_list(document, "targets"))),
            seeds=frozenset(map(_parse_text, _parse_list(document, "seeds"))),
            runs=frozenset(check_run_id(_parse_text(item)) for item in _parse_list(document, "runs")),
            events=frozenset(map(_parse_event, _parse_list(document, "events"))),
            first_deny=_parse_time(document["first_deny"]),
            last_source_write=_parse_time(document["last_source_write"]),
            confirmation=_parse_confirmation(document),
            due=frozenset(map(parse_moment, _parse_list(document, "due"))),
        )


# What a new round does not take over from the one before.
_NEW_ROUND: t.Final[Mapping[str, t.Any]] = {
    "resumed": 0,
    "contained": (),
    "targets": frozenset(),
    "seeds": frozenset(),
    "first_deny": None,
    "last_source_write": None,
    "confirmation": None,
    "due": frozenset(),
}

_T = t.TypeVar("_T")


def _union(sets: Iterable[frozenset[_T]]) -> frozenset[_T]:
    return frozenset().union(*sets)


def _first(texts: Iterable[str]) -> str:
    """One of the texts, whatever their order; an empty one only if there is no other."""
    return min(filter(None, texts), default="")


def _merge_contained(items: Iterable[Contained]) -> tuple[Contained, ...]:
    """Each contained principal once, with the earliest moment."""
    earliest: dict[tuple[str, str, By], Contained] = {}
    for item in sorted(items, reverse=True):
        earliest[item.arn, item.unique_id, item.by] = item
    return tuple(sorted(earliest.values()))


def is_same_person(one: str, other: str) -> bool:
    """Whether two names are of one person, as far as names tell."""
    return _as_person(one) == _as_person(other)


def _as_person(name: str) -> str:
    return " ".join(name.split()).casefold()


def _format(moment: t.Optional[datetime]) -> t.Optional[str]:
    return format_moment(moment) if moment else None


def _parse_text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _parse_list(document: Mapping[str, t.Any], name: str) -> list[t.Any]:
    value = document[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value


def _parse_number(value: t.Any, *, at_least: int) -> int:
    if type(value) is not int or value < at_least:
        raise ValueError(f"{value!r} is no number of a round, or of how often it was resumed")
    return value


def _parse_time(value: t.Any) -> t.Optional[datetime]:
    return None if value is None else parse_moment(value)


def _parse_contained(item: Mapping[str, t.Any], account_id: str) -> Contained:
    match = _ARN.fullmatch(_parse_text(item["arn"]))
    if match is None or match[1] != account_id:
        raise ValueError(f"{item['arn']!r} is no user, role or root user of the account")
    return Contained(match[0], _parse_text(item["unique_id"]), By(item["by"]), parse_moment(item["since"]))


def _parse_event(item: Mapping[str, t.Any]) -> Event:
    run_id, by, author = (_parse_text(item[name]) for name in ("run_id", "by", "author"))
    return Event(
        parse_moment(item["at"]),
        State(item["state"]),
        check_run_id(run_id),
        by,
        author,
        _parse_number(item["round"], at_least=1),
    )


def _parse_confirmation(document: Mapping[str, t.Any]) -> t.Optional[Confirmation]:
    names = ("confirmed_at", "confirmed_by", "confirmed_run")
    given = [document[name] for name in names]
    if given == [None, None, None]:
        return None
    at, by, run_id = map(_parse_text, given)
    return Confirmation(parse_moment(at), by, check_run_id(run_id))
