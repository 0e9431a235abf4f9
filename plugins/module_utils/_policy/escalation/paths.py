# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Paths to an administrator: the steps that are open in an account, put together as a graph and searched backwards.

From the administrators outwards, everybody is reached by the shortest way. What is certain is looked for first; a path
that depends on something that is not known is only reported for principals without a certain one.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .attempts import ATTACH, Edge
from .landscape import Landscape
from .methods import METHODS
from .methods_schema import Method, Whom
from .questions import CERTAIN, Actor, Doubts
from .search import Escalation

MAX_DEPTH: t.Final = 5

# How often somebody changes its own rights before it uses them.
_MOST_CHANGES: t.Final = 3


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: ``source`` gets at ``target`` (ARNs; the same for a change to oneself) by ``method``.

    ``via`` is the group, policy or identity provider it goes through. ``policies`` are the names of those that allow
    it; ``conditions`` are condition keys that must have certain values, and sentences on what else must be so.
    """

    source: str
    target: str
    method: Method
    policies: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    via: str = ""

    @property
    def conditional(self) -> bool:
        """Whether it depends on something that is not known."""
        return bool(self.conditions)

    def record(self) -> dict[str, t.Any]:
        """The step as plain data."""
        return {
            "from": self.source,
            "to": self.target,
            "method": self.method.id,
            "name": self.method.name,
            "actions": list(self.method.actions),
            "policies": list(self.policies),
            "via": self.via or None,
            "conditional": self.conditional,
            "conditions": list(self.conditions),
        }


@dataclasses.dataclass(frozen=True)
class Path:
    """The shortest way of a principal to an administrator."""

    source: str
    steps: tuple[Step, ...]
    conditions: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether it depends on nothing that is not known."""
        return not self.conditions

    @property
    def end(self) -> str:
        """The ARN of the administrator that the principal is in the end, which may be itself."""
        return self.steps[-1].target

    @property
    def explanation(self) -> str:
        """The path in a sentence: ``dev-alice can become prod-admin by assuming a role``."""
        clauses = [_clause(step, last=step is self.steps[-1]) for step in self.steps]
        provided = f", provided: {'; '.join(self.conditions)}" if self.conditions else ""
        return f"{_name(self.source)} can {', then '.join(clauses)}{provided}"


@dataclasses.dataclass(frozen=True)
class Search:
    """The outcome: administrators by ARN, with the conditions under which they are, and the others' paths.

    An administrator under conditions has a path too if it is a certain one.
    """

    administrators: Mapping[str, tuple[str, ...]]
    paths: tuple[Path, ...]


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _clause(step: Step, *, last: bool) -> str:
    how = step.method.name
    if not ATTACH.isdisjoint(step.method.actions) and ":policy/" in step.via:
        how = f"{how} ({_name(step.via)})"
    if step.source == step.target:
        return f"{'become an administrator' if last else 'change its own rights'} by {how}"
    return f"become {_whom(step, last=last)} by {how}"


def _whom(step: Step, *, last: bool) -> str:
    if step.method.whom not in (Whom.NEW_USER, Whom.NEW_ROLE):
        return _name(step.target)
    return "a new administrator" if last else str(step.method.whom)


def conditions(doubts: Doubts) -> tuple[str, ...]:
    """Doubts for people, in order, each once; a key in several spellings is the same."""
    found = {doubt.lower(): doubt for doubt in sorted(doubts, reverse=True)}
    return tuple(found[lower] for lower in sorted(found))


@dataclasses.dataclass(frozen=True)
class _Form:
    """An actor after ``changes`` to itself, which may be none."""

    actor: Actor
    changes: tuple[Edge, ...] = ()
    power: t.Optional[Doubts] = None

    @property
    def doubts(self) -> Doubts:
        return CERTAIN.union(*(edge.doubts for edge in self.changes))


@dataclasses.dataclass(frozen=True)
class _Way:
    """How somebody goes on: the steps to the next principal, whose own way follows; None at the end."""

    edges: tuple[Edge, ...]
    doubts: Doubts
    following: t.Optional[str] = None


def search(
    landscape: Landscape,
    *,
    max_depth: int = MAX_DEPTH,
    include_conditional: bool = True,
    methods: Sequence[Method] = METHODS,
) -> Search:
    """The shortest path of everybody who is no administrator, of ``max_depth`` steps at most.

    ``include_conditional``: also those that depend on something that is not known, such as a condition on MFA.
    """
    return _Search(Escalation(landscape, methods), max_depth).run(include_conditional=include_conditional)


class _Search:
    def __init__(self, escalation: Escalation, max_depth: int) -> None:
        self._escalation = escalation
        self._max_depth = max_depth
        actors = escalation.actors
        powers = {arn: power for arn, actor in actors.items() if (power := escalation.administrator(actor)) is not None}
        self._administrators: Mapping[str, Doubts] = powers
        self._forms = {arn: self._forms_of(actors[arn]) for arn in sorted(actors) if powers.get(arn) != CERTAIN}
        self._ways: dict[str, _Way] = {}
        # The best way that is not certain, with its length.
        self._pending: dict[str, tuple[int, _Way]] = {}

    def run(self, *, include_conditional: bool) -> Search:
        """Search, and put the result together."""
        self._reach_certainly()
        if include_conditional:
            self._reach_conditionally()
        return Search(
            {arn: conditions(doubts) for arn, doubts in sorted(self._administrators.items())},
            tuple(self._path(arn) for arn in sorted(self._ways)),
        )

    def _forms_of(self, actor: Actor) -> tuple[_Form, ...]:
        """Find the forms that somebody can give itself, the fewest changes first."""
        forms: list[_Form] = []
        ahead = collections.deque([_Form(actor)])
        seen = {actor.rights}
        while ahead:
            form = ahead.popleft()
            forms.append(form)
            if len(form.changes) == _MOST_CHANGES or form.power == CERTAIN:
                continue
            # Several ways lead to the same rights: the surest is enough.
            options: dict[t.Hashable, tuple[Edge, Actor]] = {}
            for edge, changed in self._escalation.find_own_changes(form.actor):
                present = options.get(changed.rights)
                if present is None or len(edge.doubts) < len(present[0].doubts):
                    options[changed.rights] = (edge, changed)
            for key, (edge, changed) in options.items():
                if key not in seen:
                    seen.add(key)
                    power = self._escalation.administrator(changed)
                    ahead.append(_Form(changed, (*form.changes, edge), power))
        return tuple(forms)

    def _reach_certainly(self) -> None:
        levels = [frozenset(arn for arn, doubts in self._administrators.items() if not doubts)]
        for depth in range(1, self._max_depth + 1):
            reached = {}
            for arn, forms in self._forms.items():
                if arn not in self._ways:
                    way = self._best(arn, forms, depth, levels)
                    if way is not None:
                        reached[arn] = way
            self._ways |= reached
            levels.append(frozenset(reached))

    def _best(self, arn: str, forms: tuple[_Form, ...], depth: int, levels: list[frozenset[str]]) -> t.Optional[_Way]:
        """A certain way of ``depth`` steps. The first that is not certain is kept for later."""
        # The easiest steps come first: one's own rights, then those of others, then those that are made for it.
        own = (
            _Way(form.changes, form.doubts | form.power)
            for form in forms
            if form.power is not None and len(form.changes) == depth
        )
        way = self._keep_best(arn, depth, own)
        if way is None:
            certain = [form for form in forms if not form.doubts]
            way = self._keep_best(arn, depth, self._of_depth(certain, depth, levels, sure=arn in self._pending))
        if way is None and arn not in self._pending:
            # A way whose first steps are not certain is of no use once there is another such way.
            doubtful = [form for form in forms if form.doubts]
            self._keep_best(arn, depth, self._of_depth(doubtful, depth, levels, sure=False))
        return way

    def _keep_best(self, arn: str, depth: int, ways: Iterator[_Way]) -> t.Optional[_Way]:
        """Return the first certain way, and keep the one with the fewest doubts of the others for later."""
        for way in ways:
            if not way.doubts:
                return way
            present = self._pending.get(arn)
            if present is None or (present[0] == depth and len(way.doubts) < len(present[1].doubts)):
                self._pending[arn] = (depth, way)
        return None

    def _of_depth(
        self, forms: Sequence[_Form], depth: int, levels: list[frozenset[str]], *, sure: bool
    ) -> Iterator[_Way]:
        """The ways of so many steps that lead to others. ``sure``: without those that can't be certain."""
        rest = [(form, depth - len(form.changes)) for form in forms if len(form.changes) < depth]
        for form, left in rest:
            yield from self._take_over(form, levels[left - 1], sure=sure)
        for form, left in rest:
            if left == 1:
                for edge in self._escalation.find_ends(form.actor, sure=sure):
                    yield _Way((*form.changes, edge), form.doubts | edge.doubts)
            if left == 2:
                for first, last in self._escalation.find_attached_ends(form.actor, sure=sure):
                    yield _Way((*form.changes, first, last), form.doubts | first.doubts | last.doubts)

    def _take_over(self, form: _Form, targets: frozenset[str], *, sure: bool = False) -> Iterator[_Way]:
        edge = self._escalation.find_takeover(form.actor, targets, sure=sure) if targets else None
        if edge is not None:
            yield _Way((*form.changes, edge), form.doubts | edge.doubts, edge.target)

    def _reach_conditionally(self) -> None:
        """Reach the others by steps that are not certain, and by steps to principals that were reached so."""
        levels = [frozenset(arn for arn, doubts in self._administrators.items() if doubts)]
        for depth in range(1, self._max_depth + 1):
            reached: dict[str, _Way] = {}
            for arn, forms in self._forms.items():
                if arn in self._ways or arn in self._administrators:
                    continue
                length, way = self._pending.get(arn, (0, None))
                if length == depth and way is not None:
                    reached[arn] = way
                    continue
                ways = (
                    way
                    for form in forms
                    if depth > len(form.changes)
                    for way in self._take_over(form, levels[depth - len(form.changes) - 1])
                )
                best = min(ways, key=lambda found: len(found.doubts), default=None)
                if best is not None:
                    reached[arn] = best
            self._ways |= reached
            levels.append(frozenset(reached))

    def _path(self, arn: str) -> Path:
        steps: list[Step] = []
        doubts: Doubts = CERTAIN
        source: t.Optional[str] = arn
        while source is not None and source in self._ways:
            way = self._ways[source]
            for edge in way.edges:
                steps.append(_step(source, edge))
                source = edge.target
            doubts |= way.doubts
            source = way.following
        if source is not None:
            doubts |= self._administrators[source]
        return Path(arn, (*steps[:-1], _finish(steps, doubts)), conditions(doubts))


def _finish(steps: Sequence[Step], doubts: Doubts) -> Step:
    """Return the last step with the conditions of the end, such as an administrator who needs MFA to be one."""
    *before, last = steps
    known = {condition for step in before for condition in step.conditions}
    return dataclasses.replace(last, conditions=conditions(doubts.difference(known).union(last.conditions)))


def _step(source: str, edge: Edge) -> Step:
    return Step(source, edge.target, edge.method, edge.policies, conditions(edge.doubts), edge.via)
