# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Counts calls while events stream by. Memory grows with different calls, never with events.

Where a principal calls one action on very many resources, or with very many values of condition keys, single ones are
no longer kept: the resources become patterns, the values become unknown. Which of them are kept never depends on the
order of events.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ..documents.arn import arn_parts
from ..evaluation.context import Context
from .callers import SkipReason, came_from_console, invoking_service, moment_of, was_dry_run
from .calls import Call, Reading, Sessions
from .exclusions import Exclusion, session_name
from .usage import Source, Use, merge_uses

Record = Mapping[str, t.Any]

#: So many resources, and so many different contexts, are kept one by one for each principal and action.
MOST_RESOURCES: t.Final = 1000
MOST_CONTEXTS: t.Final = 100
# AWS has about 22,000 actions. More different ones of one principal were made up.
_MOST_ACTIONS: t.Final = 25_000
_MOST_SESSIONS: t.Final = 1000
_MOST_NAMES: t.Final = 20
# Shapes of events that are remembered.
_MOST_SHAPES: t.Final = 20_000
# "The maximum length is 2048": https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyDetail.html
# A call names fewer resources in part: AWS takes at most a hundred in one request.
_MOST_CANDIDATES: t.Final = 200
_LONGEST_ARN: t.Final = 2048
_LONGEST_NAME: t.Final = 128
_ANY_CONTEXT: t.Final = Context({}, complete=False)
_STS: t.Final = "sts.amazonaws.com"
_ASSUMING: t.Final = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})


class _Heap(enum.Enum):
    """Where a call is counted."""

    USED = 0
    DENIED = 1
    LEFT_OUT = 2


class EventJudge(t.Protocol):
    """Finds the caller of an event, and the permissions that it needed."""

    @property
    def is_detailed(self) -> bool:
        """Whether denied calls, sessions and the origin of calls are kept too."""

    def find_caller(self, record: t.Any, when: t.Optional[datetime]) -> t.Union[str, SkipReason]:
        """The user or role that made a call, or why the event does not count."""

    def find_exclusion(self, record: Record, when: t.Optional[datetime]) -> t.Optional[Exclusion]:
        """The entry of ``exclude_evidence`` that leaves an event out; None for none."""

    def is_denied(self, record: Record) -> bool:
        """Whether a call failed for want of permission."""

    def build_calls(self, record: Record, caller: str) -> tuple[tuple[Call, ...], bool]:
        """The permissions that an event needed, and whether another event of the same shape needed the same."""

    def read_shape(self, record: Record, caller: str) -> tuple[t.Hashable, str]:
        """All that the permissions depend on that an event needed, but for the name of the object, which follows.

        None for one that is not to be kept.
        """


class _Slot:
    """The count of equal calls, and the times of the first and the last."""

    __slots__ = ("count", "first", "last")

    def __init__(self) -> None:
        self.count = 0
        self.first: t.Optional[datetime] = None
        self.last: t.Optional[datetime] = None

    def add(self, when: t.Optional[datetime]) -> None:
        self.count += 1
        if when is not None:
            if self.first is None or when < self.first:
                self.first = when
            if self.last is None or when > self.last:
                self.last = when

    def join(self, other: _Slot) -> None:
        """Add what another slot counted."""
        count = self.count + other.count
        self.add(other.first)
        self.add(other.last)
        self.count = count


@dataclasses.dataclass(frozen=True)
class _Kind:
    """What tells the calls of one action of one principal apart, besides resource and context."""

    is_possible: bool
    is_service_level: bool
    access_key_id: t.Optional[str]
    invoked_by: str
    is_dry_run: bool


_Key = tuple[t.Optional[str], tuple[str, ...], Context, _Kind]


class _Group:
    """The calls of one action of one principal."""

    __slots__ = ("_contexts", "_patterns", "_resources", "is_context_dropped", "slots", "width")

    def __init__(self) -> None:
        self.slots: dict[_Key, _Slot] = {}
        self._resources: set[str] = set()
        self._patterns: set[str] = set()
        self._contexts: set[Context] = set()
        # 0: each resource, 1: patterns, 2: any resource.
        self.width = 0
        self.is_context_dropped = False

    def find(self, key: _Key) -> tuple[_Slot, bool]:
        """The slot of a call, and whether slots that were found before are no longer in use."""
        was_merged = self._note(key)
        if was_merged:
            before, self.slots = self.slots, {}
            for other, slot in before.items():
                self.slots.setdefault(self._widen(other), _Slot()).join(slot)
        return self.slots.setdefault(self._widen(key), _Slot()), was_merged

    def _note(self, key: _Key) -> bool:
        """Note a call's resource and context. Whether one of the limits has just been reached."""
        resource, _candidates, context, _kind = key
        before = (self.width, self.is_context_dropped)
        if resource is not None:
            self._note_resource(resource)
        if not self.is_context_dropped:
            self._contexts.add(context)
            if len(self._contexts) > MOST_CONTEXTS:
                self.is_context_dropped = True
                self._contexts.clear()
        return before != (self.width, self.is_context_dropped)

    def _note_resource(self, resource: str) -> None:
        if self.width == 0:
            self._resources.add(resource)
            if len(self._resources) > MOST_RESOURCES:
                self.width = 1
                self._patterns.update(_make_pattern(one) for one in self._resources)
                self._resources.clear()
        elif self.width == 1:
            self._patterns.add(_make_pattern(resource))
        if len(self._patterns) > MOST_RESOURCES:
            self.width = 2
            self._patterns.clear()

    def _widen(self, key: _Key) -> _Key:
        resource, candidates, context, kind = key
        if self.width == 1 and resource is not None:
            candidates = (_make_pattern(resource),)
            resource = None
        elif self.width == 2:
            resource, candidates = None, ()
        return resource, candidates, _ANY_CONTEXT if self.is_context_dropped else context, kind


def _make_pattern(arn: str) -> str:
    """The pattern of the ARNs that begin as this one, up to its type, and in S3 up to its bucket."""
    parts = arn_parts(arn)
    if parts is None:
        return "*"
    ends = [place for mark in "/:" if (place := parts.resource.find(mark)) >= 0]
    start = arn[: len(arn) - len(parts.resource)]
    return f"{start}{parts.resource[: min(ends) + 1] if ends else ''}*"


_Place = tuple[_Group, _Key]


def _is_of_object(key: _Key, name: str) -> bool:
    return key[0] is not None and key[0].endswith(f"/{name}")


def _is_elsewhere(key: _Key, name: str) -> bool:
    """Whether the name of an object is in a place other than the end of its ARN, so that it decides more."""
    resource, candidates, _context, _kind = key
    start = (resource or "").removesuffix(f"/{name}")
    return name in start or any(name in candidate for candidate in candidates)


class Tally:
    """Counts the calls of the events of one source."""

    def __init__(self, judge: EventJudge, source: Source) -> None:
        self._judge: t.Final = judge
        self._source: t.Final = source
        self._groups: t.Final[dict[tuple[str, str, _Heap], _Group]] = {}
        self._actions: t.Final[collections.Counter[str]] = collections.Counter()
        self._shapes: t.Final[dict[t.Hashable, tuple[tuple[_Place, ...], tuple[_Slot, ...]]]] = {}
        # By the shape alone: principals often ask for the same. Those of an object have its name in them, and are out.
        self._calls: t.Final[dict[t.Hashable, tuple[Call, ...]]] = {}
        self._sessions: t.Final[dict[str, set[str]]] = {}
        self._identities: t.Final[dict[str, set[str]]] = {}
        self._consoles: t.Final[set[str]] = set()
        self._restricted: t.Final[collections.Counter[str]] = collections.Counter()
        self._excluded: t.Final[collections.Counter[str]] = collections.Counter()
        self.events = 0
        self.skipped: t.Final[collections.Counter[SkipReason]] = collections.Counter()

    def add(self, record: t.Any) -> None:
        """Count the calls of one event."""
        self.events += 1
        judge = self._judge
        when = moment_of(record)
        caller = judge.find_caller(record, when)
        if judge.is_detailed and isinstance(record, dict) and record.get("eventSource") == _STS:
            self._note_session_policy(record)
        if isinstance(caller, SkipReason):
            self.skipped[caller] += 1
            return
        heap = self._choose_heap(record, when)
        if heap is None:
            return
        if judge.is_detailed:
            self._note_session(record["userIdentity"], caller)
            if heap is _Heap.USED and caller not in self._consoles and came_from_console(record):
                self._consoles.add(caller)
        for slot in self._find_slots(record, caller, heap):
            slot.add(when)

    def _choose_heap(self, record: Record, when: t.Optional[datetime]) -> t.Optional[_Heap]:
        """Choose where a call is counted: as a use, as denied or as left out; None for nowhere."""
        judge = self._judge
        exclusion = judge.find_exclusion(record, when)
        denied = judge.is_denied(record)
        if exclusion is not None:
            self.skipped[SkipReason.EXCLUDED] += 1
            self._excluded[exclusion.name] += 1
            return _Heap.LEFT_OUT if judge.is_detailed else None
        if denied:
            self.skipped[SkipReason.DENIED] += 1
            return _Heap.DENIED if judge.is_detailed else None
        return _Heap.USED

    def _find_slots(self, record: Record, caller: str, heap: _Heap) -> Iterable[_Slot]:
        """The slots of an event's calls. An event of the same shape as an earlier one has the same."""
        shape, name = self._judge.read_shape(record, caller)
        try:
            found = self._shapes.get((caller, heap, shape))
        except TypeError:
            # A value of JSON that no event of CloudTrail has there, such as a list.
            shape, found = None, None
        if found is None:
            return self._find_new_slots(record, caller, heap, shape, name)
        open_places, slots = found
        return (*slots, *(self._take(place, name) for place in open_places)) if open_places else slots

    def _find_new_slots(
        self, record: Record, caller: str, heap: _Heap, shape: t.Hashable, name: str
    ) -> Iterable[_Slot]:
        """The slots of the calls of an event with a shape that this caller did not have before."""
        calls = self._calls.get(shape) if shape is not None else None
        if calls is None:
            calls, is_alike = self._judge.build_calls(record, caller)
            # The shape has what decides, and that may be more since these calls were found.
            shape = self._judge.read_shape(record, caller)[0] if shape is not None and is_alike else None
            if shape is not None and not name:
                if len(self._calls) >= _MOST_SHAPES:
                    self._calls.clear()
                self._calls[shape] = calls
        origin = (invoking_service(record), was_dry_run(record)) if self._judge.is_detailed else ("", False)
        found = (self._find_place(call, caller, heap, origin) for call in calls)
        places = [place for place in found if place is not None]
        return self._keep(None if shape is None else (caller, heap, shape), name, places)

    def _find_place(self, call: Call, caller: str, heap: _Heap, origin: tuple[str, bool]) -> t.Optional[_Place]:
        name = (caller, call.action, heap)
        group = self._groups.get(name)
        if group is None:
            if self._actions[caller] >= _MOST_ACTIONS:
                self.skipped[SkipReason.TOO_MANY] += 1
                return None
            self._actions[caller] += 1
            group = self._groups[name] = _Group()
        kind = _Kind(call.is_possible, call.is_service_level, call.access_key_id, *origin)
        resource, candidates = call.resource, call.candidates
        if resource is not None and len(resource) > _LONGEST_ARN:
            resource, candidates = None, ()
        if len(candidates) > _MOST_CANDIDATES or any(len(pattern) > _LONGEST_ARN for pattern in candidates):
            candidates = ()
        return group, (resource, candidates, call.context, kind)

    def _keep(self, shape: t.Hashable, name: str, places: list[_Place]) -> list[_Slot]:
        """Find the slots of places, and keep them for events of the same shape.

        The slot of an object is another one for each name, until the group is widened.
        """
        slots = [self._take(place, "") for place in places]
        if shape is None or (name and any(_is_elsewhere(key, name) for _group, key in places)):
            return slots
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        named = [bool(name) and group.width == 0 and _is_of_object(key, name) for group, key in places]
        fixed = tuple(slot for slot, is_named in zip(slots, named, strict=True) if not is_named)
        opened = tuple(
            (group, (str(key[0])[: -len(name)], *key[1:]))
            for (group, key), is_named in zip(places, named, strict=True)
            if is_named
        )
        self._shapes[shape] = (opened, fixed)
        return slots

    def _take(self, place: _Place, name: str) -> _Slot:
        """The slot of a place, with the name of an object behind its ARN."""
        group, key = place
        if name:
            key = (f"{key[0]}{name}", *key[1:])
        slot, was_merged = group.find(key)
        if was_merged:
            self._shapes.clear()
        return slot

    def _note_session(self, identity: Record, caller: str) -> None:
        names = self._sessions.setdefault(caller, set())
        if len(names) < _MOST_SESSIONS:
            names.add(session_name(identity)[:_LONGEST_NAME])
        session = identity.get("sessionContext")
        source = session.get("sourceIdentity") if isinstance(session, dict) else None
        if isinstance(source, str) and source:
            names = self._identities.setdefault(caller, set())
            if len(names) < _MOST_NAMES:
                names.add(source[:_LONGEST_NAME])

    def _note_session_policy(self, record: Record) -> None:
        """Count the sessions of a role that were restricted by policies of their own when they began."""
        name = record.get("eventName")
        if not isinstance(name, str) or name not in _ASSUMING:
            return
        request = record.get("requestParameters")
        if isinstance(request, dict) and (request.get("policy") or request.get("policyArns")):
            role = request.get("roleArn")
            if isinstance(role, str) and (role in self._restricted or len(self._restricted) < _MOST_ACTIONS):
                self._restricted[role[:_LONGEST_ARN]] += 1

    def reading(self) -> Reading:
        """All that was counted."""
        uses = {heap: merge_uses(self._list_uses(heap)) for heap in _Heap}
        wide = {(arn, action) for (arn, action, _heap), group in self._groups.items() if group.width}
        return Reading(
            uses[_Heap.USED],
            self.events,
            self.skipped,
            denied=uses[_Heap.DENIED],
            left_out=uses[_Heap.LEFT_OUT],
            sessions={arn: self._describe_sessions(arn) for arn in sorted({*self._sessions, *self._restricted})},
            excluded=self._excluded,
            widened=tuple(sorted(wide)),
        )

    def _describe_sessions(self, arn: str) -> Sessions:
        names, identities = self._sessions.get(arn, set()), self._identities.get(arn, set())
        return Sessions(len(names - {""}), tuple(sorted(identities)), self._restricted[arn], arn in self._consoles)

    def _list_uses(self, heap: _Heap) -> Iterator[Use]:
        for (arn, action, own), group in self._groups.items():
            if own is not heap:
                continue
            for (resource, candidates, context, kind), slot in group.slots.items():
                yield Use(
                    arn,
                    action,
                    self._source,
                    resource,
                    context,
                    slot.count,
                    slot.first,
                    slot.last,
                    kind.is_service_level,
                    access_key_id=kind.access_key_id,
                    candidates=candidates,
                    is_possible=kind.is_possible,
                    invoked_by=kind.invoked_by,
                    is_dry_run=kind.is_dry_run,
                )
