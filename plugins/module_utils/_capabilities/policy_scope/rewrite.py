# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""How statements are narrowed: other resources, statements by type of resource, more conditions.

A statement that denies is never changed. Actions keep their names and wildcards, unless one part of a wildcard needs
other resources than the rest.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..._policy.documents.arn import lacks_parts
from ..._policy.documents.canonical import canonical
from ..._policy.documents.operators import NEGATED
from ..._policy.documents.policy import Condition, Policy, Statement
from ..._policy.evaluation import catalogue
from ..._policy.evaluation.matching import action_matcher, covers, overlaps
from ..._policy.evaluation.variables import VERSION
from ..._policy.trail.kinds import Kind, list_kinds
from ..._policy.validation.corrections import deny_outside, make_mfa, make_window
from ..._policy.validation.lock_outs import OF_VPCS, SOURCE_IP
from .declared import ResourceRule, Target

# The resource part of an ARN can go on in these ways where a pattern has an asterisk.
_FILLINGS: t.Final = ("x", "x/x", "x:x")
_ASTERISK: t.Final = "*"
# The word for actions that none of the resources fits.
_OTHER: t.Final = "other"
# The word for actions that are about no resource.
_ANY: t.Final = "any"
_OTHER_NETWORKS: t.Final = (
    "it has a Deny outside of other networks for the same actions, and a Deny is never changed: remove that Deny, then "
    "run again"
)
_WORD: t.Final = re.compile(r"[A-Za-z0-9]+")


@dataclasses.dataclass(frozen=True)
class Wide:
    """Actions whose resources stay as wide as they were, and why."""

    actions: tuple[str, ...]
    why: str

    def as_dict(self) -> dict[str, t.Any]:
        """The entry in results."""
        return {"actions": list(self.actions), "why": self.why}


@dataclasses.dataclass(frozen=True)
class Rewritten:
    """A policy as it is to be.

    ``wide`` are actions that keep wide resources, ``problems`` the reasons why a statement can't be rewritten.
    ``fitting`` are the declared ARNs that are of a type of its actions.
    """

    policy: Policy
    wide: tuple[Wide, ...] = ()
    problems: tuple[str, ...] = ()
    fitting: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class _Unit:
    """A pattern of actions, or one action, with the resources that it is to have.

    ``group`` keeps units apart. ``word`` is a part of the id of their statement.
    """

    action: str
    resources: tuple[str, ...]
    group: str = ""
    word: str = ""
    why: str = ""


#: What is known of the recorded use: ARNs, or patterns made of them, by action in lower case.
Seen = Mapping[str, tuple[str, ...]]
_Place = Callable[[str], _Unit]


def rewrite(policy: Policy, target: Target, seen: Seen, *, partition: str) -> Rewritten:
    """Narrow a policy as a target declares."""
    if target.document is not None:
        return Rewritten(dataclasses.replace(target.document, name=policy.name))
    denials = tuple(item for item in policy.statements if not item.allow)
    work = _Work(target, seen, partition, frozenset(map(_meaning, denials)))
    statements = [item for statement in policy.statements for item in work.rewrite(statement)]
    numbered = tuple(dataclasses.replace(item, index=index) for index, item in enumerate(name_apart(statements)))
    new = dataclasses.replace(policy, statements=numbered)
    return Rewritten(new, tuple(work.wide), tuple(work.problems), frozenset(work.fitting))


def name_apart(statements: Iterable[Statement]) -> list[Statement]:
    """Give each statement an id of its own: IAM refuses one that is there twice."""
    found: list[Statement] = []
    taken: set[str] = set()
    for statement in statements:
        sid = statement.sid
        number = 2
        while sid and sid in taken:
            sid = f"{statement.sid}{number}"
            number += 1
        taken.add(sid or "")
        found.append(dataclasses.replace(statement, sid=sid))
    return found


class _Work:
    """Rewrites the statements of one policy for one target."""

    def __init__(self, target: Target, seen: Seen, partition: str, denials: frozenset[Statement]) -> None:
        self._target = target
        self._denials = denials
        self._seen = seen
        self._partition = partition
        self.wide: list[Wide] = []
        self.fitting: set[str] = set()
        self.problems: list[str] = []

    def rewrite(self, statement: Statement) -> list[Statement]:
        """The statements that take the place of one."""
        if not statement.allow or not self._target.has_statement(statement.sid):
            return [statement]
        found = [statement]
        if self._target.resources or self._target.seen_resources:
            found = self._narrow_resources(statement)
        if self._target.split:
            found = [item for one in found for item in self._split(one)]
        return self._add_conditions(found)

    # Resources

    def _narrow_resources(self, statement: Statement) -> list[Statement]:
        if statement.resources is None or statement.actions is None:
            self.problems.append(
                f"{statement.label} has NotAction or NotResource: its resources can't be named. Declare a document"
            )
            return [statement]
        if any(set(pattern) <= {"*", ":"} for pattern in statement.actions):
            self.problems.append(
                f"{statement.label} allows every action: name the actions first, such as with a generated policy"
            )
            return [statement]
        found = _regroup(statement, functools.partial(self._place_resources, statement))
        for unit in found.units:
            if unit.why and any("*" in resource for resource in unit.resources):
                self.wide.append(Wide((unit.action,), unit.why))
        return found.statements

    def _place_resources(self, statement: Statement, action: str) -> _Unit:
        old = statement.resources or ()
        kinds = list_kinds(action.lower(), self._partition)
        if not kinds:
            return _Unit(action, old, word=_ANY, why="AWS knows no resource for it")
        wanted = self._list_wanted(action, kinds)
        if not wanted:
            why = "no recorded call shows its resource" if self._target.seen_resources else "no ARN is declared for it"
            return _Unit(action, old, word=_OTHER, why=why)
        missing = _find_missing_kind(wanted, kinds)
        if missing:
            return _Unit(action, old, word=_OTHER, why=f"each call also needs a resource of the type {missing}")
        resources = tuple(dict.fromkeys(item for pattern in old for item in _narrow(pattern, wanted)))
        return _Unit(action, resources, word=_find_kind(resources[0], kinds))

    def _list_wanted(self, action: str, kinds: Sequence[Kind]) -> tuple[str, ...]:
        """List the declared ARNs of the types of an action; without any, those that were seen."""
        rules = (rule for rule in self._target.resources if _is_about(rule, action))
        declared = tuple(arn for rule in rules for arn in rule.arns)
        seen = self._seen.get(action.lower(), ()) if self._target.seen_resources else ()
        for arns in (declared, seen):
            fitting = tuple(dict.fromkeys(arn for arn in arns if any(fits_kind(arn, kind) for kind in kinds)))
            if fitting:
                self.fitting.update(fitting if arns is declared else ())
                return fitting
        return ()

    # Statements by type of resource

    def _split(self, statement: Statement) -> list[Statement]:
        if statement.resources is None or statement.actions is None:
            return [statement]
        return _regroup(statement, functools.partial(self._place_type, statement)).statements

    def _place_type(self, statement: Statement, action: str) -> _Unit:
        old = statement.resources or ()
        kinds = list_kinds(action.lower(), self._partition)
        if "*" in old:
            main = _find_main_kind(kinds)
            return _Unit(action, old, main, main or _ANY)
        fitting = {arn: kind.name for arn in old for kind in reversed(kinds) if fits_kind(arn, kind)}
        if not fitting:
            # It has no effect here, and stays so: a later version of the reference may know better.
            return _Unit(action, old, _OTHER, _OTHER)
        kind = next(iter(fitting.values()))
        return _Unit(action, tuple(fitting), kind, kind)

    # Conditions

    def _add_conditions(self, statements: list[Statement]) -> list[Statement]:
        target = self._target
        added = (
            *(make_mfa(target.mfa_age) if target.mfa_age is not None else ()),
            *(_make_given_window(*target.window) if target.window else ()),
            *target.conditions,
        )
        found = [_with_conditions(statement, added) for statement in statements]
        if target.network is None:
            return found
        network = target.network
        denials = [deny_outside(statement, network.ranges, network.conditions) for statement in found]
        new = [item for item in denials if _meaning(item) not in self._denials]
        self._refuse_other_networks(new)
        return [*found, *new]

    def _refuse_other_networks(self, denials: Sequence[Statement]) -> None:
        """Refuse a Deny beside one of other networks: together they allow only addresses that are in both."""
        is_there = any(_limits_network(present, item) for present in self._denials for item in denials)
        if is_there and _OTHER_NETWORKS not in self.problems:
            self.problems.append(_OTHER_NETWORKS)


def _meaning(statement: Statement) -> Statement:
    """A statement in the form that all with the same meaning share, without its id."""
    (found,) = canonical(Policy((statement,), VERSION)).statements
    return dataclasses.replace(found, sid=None)


def _limits_network(present: Statement, new: Statement) -> bool:
    """Whether a Deny is by other networks than a new one, and may be about the same requests."""
    of_present, of_new = _list_networks(present), _list_networks(new)
    if not of_present or of_present == of_new:
        return False
    return all(
        left is None or right is None or any(overlaps(one.lower(), other.lower()) for one in left for other in right)
        for left, right in ((present.actions, new.actions), (present.resources, new.resources))
    )


def _list_networks(statement: Statement) -> frozenset[tuple[str, tuple[str, ...]]]:
    return frozenset(
        (item.key.lower(), tuple(sorted(item.values)))
        for item in statement.conditions
        if item.operator in NEGATED and (item.key.lower() == SOURCE_IP or item.key.lower() in OF_VPCS)
    )


def _make_given_window(start: str, end: str) -> tuple[Condition, ...]:
    return tuple(item for item in make_window((start,), (end,)) if item.values != ("",))


def _with_conditions(statement: Statement, added: Sequence[Condition]) -> Statement:
    """Add conditions. One takes the place of another with the same operator and key: a block can't have both."""
    kept = [
        item
        for item in statement.conditions
        if not any(_place_of(item) == _place_of(condition) and item != condition for condition in added)
    ]
    new = [condition for condition in added if condition not in kept]
    return dataclasses.replace(statement, conditions=(*kept, *new))


def _place_of(condition: Condition) -> tuple[t.Any, ...]:
    return condition.operator, condition.key.lower(), condition.if_exists, condition.quantifier


# Statements made of units


@dataclasses.dataclass(frozen=True)
class _Regrouped:
    statements: list[Statement]
    units: tuple[_Unit, ...]


def _regroup(statement: Statement, place: _Place) -> _Regrouped:
    """Make a statement for each set of resources. With a single set it keeps its id and its patterns of actions."""
    units = tuple(unit for pattern in statement.actions or () for unit in _list_units(pattern, place))
    groups: dict[tuple[str, tuple[str, ...]], list[_Unit]] = {}
    for unit in units:
        groups.setdefault((unit.group, unit.resources), []).append(unit)
    if len(groups) == 1:
        ((_group, resources),) = groups
        return _Regrouped([dataclasses.replace(statement, resources=resources)], units)
    return _Regrouped(
        [
            dataclasses.replace(
                statement,
                sid=f"{statement.sid}{_make_word(members[0].word)}" if statement.sid else None,
                actions=tuple(unit.action for unit in members),
                resources=resources,
            )
            for (_group, resources), members in groups.items()
        ],
        units,
    )


def _list_units(pattern: str, place: _Place) -> list[_Unit]:
    """The units of a pattern of actions: itself where all its actions are alike, else each action by its name."""
    actions = catalogue.expand(pattern)
    if not actions:
        return [place(pattern)]
    units = [place(action.full_name) for action in actions]
    if len({(unit.resources, unit.group) for unit in units}) == 1:
        return [dataclasses.replace(units[0], action=pattern)]
    return units


def _make_word(text: str) -> str:
    return "".join(word.capitalize() for word in _WORD.findall(text))


def _find_kind(arn: str, kinds: Sequence[Kind]) -> str:
    return next((kind.name for kind in kinds if fits_kind(arn, kind)), _find_main_kind(kinds))


def _find_main_kind(kinds: Sequence[Kind]) -> str:
    """The type that an action is about first: one that it needs, else the first one. Empty without a type."""
    required = [kind.name for kind in kinds if kind.is_required]
    return next(iter(required or [kind.name for kind in kinds]), "")


def _find_missing_kind(wanted: Sequence[str], kinds: Sequence[Kind]) -> str:
    """Find a type that an action of several types always needs, and that none of the ARNs fits; empty without one.

    With such ARNs alone no call would be allowed any more, such as ec2:RunInstances on instances and on no image.
    """
    required = [kind for kind in kinds if kind.is_required]
    if len(required) < 2:
        return ""
    return next((kind.name for kind in required if not any(fits_kind(arn, kind) for arn in wanted)), "")


def _is_about(rule: ResourceRule, action: str) -> bool:
    return action_matcher(rule.actions)(action.lower())


def _narrow(pattern: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted ARNs that take the place of a pattern; the pattern itself if it is not wider than any of them.

    A pattern that one of them covers is wanted as it is. A pattern with a variable is another set for each principal,
    so it stays.
    """
    if "${" in pattern or any(covers(arn, pattern) for arn in wanted):
        return (pattern,)
    return tuple(arn for arn in wanted if covers(pattern, arn)) or (pattern,)


def fits_kind(arn: str, kind: Kind) -> bool:
    """Whether a pattern for ARNs can be about resources of a type.

    An asterisk may stand for several parts of a name: ``bucket*`` is about objects too, ``bucket/*`` about no bucket.
    """
    if not overlaps(arn, kind.pattern):
        return False
    if arn == _ASTERISK or lacks_parts(arn):
        return True
    plain = arn.replace("?", "x")
    return any(kind.expression.fullmatch(plain.replace(_ASTERISK, filling)) for filling in _FILLINGS)
