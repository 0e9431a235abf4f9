# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Actions that a person declares: given as far as the old policies give them, and until they expire.

``iam:PassRole`` is never declared: it needs the roles and the services that calls show.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..documents.policy import Condition
from ..evaluation import catalogue
from ..evaluation.matching import covers
from ..evaluation.variables import VERSION, generalize
from .ceiling import Ceiling, OldStatement
from .grants import Grant, Origin, Scope, add_conditions
from .needs import PASS_ROLE, spell_action
from .settings import Profile

_TIME: t.Final = "aws:CurrentTime"


def grant_profile(profile: Profile, ceiling: Ceiling) -> Iterator[Grant]:
    """Yield what a profile gives. A wildcard stays one where a single old statement gives all of it."""
    for pattern in profile.actions:
        yield from grant_declared(pattern, profile, ceiling)


def grant_declared(pattern: str, profile: Profile, ceiling: Ceiling) -> Iterator[Grant]:
    """Yield what one action of a profile, or a pattern of actions, gives."""
    for resource in profile.resources:
        scope = Scope(resource)
        whole = list(_grant_whole(pattern, scope, ceiling, profile))
        yield from whole or _grant_each(pattern, scope, ceiling, profile)


def _limit(profile: Profile, old: OldStatement) -> Condition:
    """The end of a profile, under an operator that the old statement does not have already: it may have an end too."""
    end = (profile.end.strftime("%Y-%m-%dT%H:%M:%SZ"),)
    places = {(item.operator, item.if_exists, item.key.lower()) for item in old.conditions}
    # Every request has the time, so that IfExists changes nothing.
    return Condition("DateLessThan", _TIME, end, if_exists=("DateLessThan", False, _TIME.lower()) in places)


def _grant_whole(pattern: str, scope: Scope, ceiling: Ceiling, profile: Profile) -> Iterator[Grant]:
    if ("*" not in pattern and "?" not in pattern) or covers(pattern.lower(), PASS_ROLE):
        return
    sample = next(iter(catalogue.expand(pattern)), None)
    for old in ceiling.find_statements(sample.full_name) if sample is not None else ():
        if covers_actions(old, pattern) and _covers_resources(old, scope.pattern):
            conditions = add_conditions(old.conditions, (_limit(profile, old),))
            if conditions is not None:
                yield Grant(_spell_pattern(pattern), scope.pattern, conditions, Origin.DECLARED)


def _grant_each(pattern: str, scope: Scope, ceiling: Ceiling, profile: Profile) -> Iterator[Grant]:
    known = [item.full_name for item in catalogue.expand(pattern)] or [spell_action(pattern)]
    for action in known:
        if "*" not in action and "?" not in action and action.lower() != PASS_ROLE:
            for old in ceiling.find_statements(action):
                yield from ceiling.narrow(action, scope, (old,), more=(_limit(profile, old),), origin=Origin.DECLARED)


def covers_actions(old: OldStatement, pattern: str) -> bool:
    """Whether a statement with Action is about all actions, also future ones, that a pattern covers."""
    actions = old.statement.actions
    return actions is not None and any(covers(item.lower(), pattern.lower()) for item in actions)


def _covers_resources(old: OldStatement, pattern: str) -> bool:
    own = generalize(pattern, version=VERSION)
    resources = old.statement.resources or ()
    return any("${" not in item and covers(item, own) for item in resources)


def _spell_pattern(pattern: str) -> str:
    service, _colon, name = pattern.partition(":")
    return f"{service.lower()}:{name}"
