# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From permissions to statements: few, in a stable order, with ids that depend on nothing but their content."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..documents.canonical import document
from ..documents.policy import Condition, Policy, Statement
from ..documents.syntax import compact
from ..evaluation import catalogue
from ..evaluation.matching import covers
from ..evaluation.variables import VERSION, generalize
from .ceiling import Ceiling
from .grants import Grant, Origin, drop_covered
from .profiles import covers_actions

_WORDS: t.Final = re.compile(r"[A-Za-z0-9]+")
_HUMP: t.Final = re.compile(r"[A-Z][a-z0-9]*")
# The digits of the hash in a statement id.
_DIGITS: t.Final = 8
# A wildcard takes the place of so many actions at least.
_LEAST: t.Final = 3
_ORIGINS: t.Final = {Origin.COMPANION: "Companion", Origin.UNKNOWN: "Unknown", Origin.DECLARED: "Declared"}


@dataclasses.dataclass(frozen=True)
class Shaped:
    """A statement and the service that it is about. Its index means nothing yet."""

    service: str
    statement: Statement


def shape(grants: Iterable[Grant], ceiling: Ceiling, *, compress: bool = False) -> tuple[Shaped, ...]:
    """Make statements: one for each service, reason, set of conditions and set of resources."""
    resources: dict[tuple[str, Origin, tuple[Condition, ...], str], set[str]] = {}
    for grant in drop_covered(grants):
        service = grant.action.partition(":")[0].lower()
        key = (service, grant.origin, grant.conditions, grant.action)
        resources.setdefault(key, set()).add(grant.resource)
    actions: dict[tuple[str, Origin, tuple[Condition, ...], tuple[str, ...]], list[str]] = {}
    for (service, origin, conditions, action), found in resources.items():
        actions.setdefault((service, origin, conditions, tuple(sorted(found))), []).append(action)
    shaped: list[Shaped] = []
    for (service, origin, conditions, about), names in actions.items():
        written = sorted(names, key=str.lower)
        if compress:
            written = _compress(written, about, conditions, ceiling)
        statement = Statement(0, allow=True, actions=tuple(written), resources=about, conditions=conditions)
        word = _ORIGINS.get(origin) or describe_level(written)
        shaped.append(Shaped(service, identify(statement, service, word)))
    return tuple(sorted(shaped, key=lambda item: (item.service, item.statement.sid or "")))


def identify(statement: Statement, service: str, word: str) -> Statement:
    """Give a statement an id that is made of its content."""
    plain = dataclasses.replace(statement, sid=None, index=0)
    digest = hashlib.sha256(compact(document(Policy((plain,), VERSION))).encode()).hexdigest()
    name = "".join(part[:1].upper() + part[1:] for part in _WORDS.findall(service)) or "All"
    return dataclasses.replace(plain, sid=f"{name}{word}{digest[:_DIGITS]}")


def describe_level(actions: Iterable[str]) -> str:
    """The most powerful access level of some actions, in one word."""
    levels = {level for action in actions for found in catalogue.expand(action) for level in found.levels}
    for level, word in (("Permissions management", "Permissions"), ("Write", "Write"), ("Tagging", "Write")):
        if level in levels:
            return word
    return "Read" if levels else "Write"


# Wildcards in actions


def _compress(
    actions: Sequence[str], resources: Sequence[str], conditions: Sequence[Condition], ceiling: Ceiling
) -> list[str]:
    """Replace actions by wildcards that cover nothing else today, of one access level, that the old policies cover."""
    left = list(actions)
    found: list[str] = []
    for pattern in _list_wildcards(actions):
        meant = [item.full_name for item in catalogue.expand(pattern)]
        levels = {item.levels for item in catalogue.expand(pattern)}
        if len(meant) < _LEAST or len(levels) != 1 or not set(meant) <= set(left):
            continue
        if _is_within(pattern, meant[0], resources, conditions, ceiling):
            found.append(pattern)
            left = [action for action in left if action not in meant]
    return sorted((*found, *left), key=str.lower)


def _list_wildcards(actions: Iterable[str]) -> list[str]:
    """List wildcards that end at a word of an action's name, the shortest first."""
    found: set[str] = set()
    for action in actions:
        service, _colon, name = action.partition(":")
        ends = [hump.end() for hump in _HUMP.finditer(name)]
        found.update(f"{service}:{name[:end]}*" for end in ends)
    return sorted(found, key=lambda pattern: (len(pattern), pattern))


def _is_within(
    pattern: str, sample: str, resources: Sequence[str], conditions: Sequence[Condition], ceiling: Ceiling
) -> bool:
    """Whether old statements give all that a wildcard may cover later, on all resources."""
    wide = [
        old
        for old in ceiling.find_statements(sample)
        if covers_actions(old, pattern) and set(old.conditions) <= set(conditions)
    ]
    patterns = [item for old in wide for item in old.statement.resources or () if "${" not in item]
    meant = [generalize(resource, version=VERSION) for resource in resources]
    return all(any(covers(item, one) for item in patterns) for one in meant)


def list_wildcards_in(statements: Iterable[Statement]) -> Iterator[str]:
    """The wildcards in the actions of statements: they also grant actions that AWS adds later."""
    for statement in statements:
        yield from (action for action in statement.actions or () if "*" in action or "?" in action)
