# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The resources that the recorded calls of those who have a policy were about."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Iterable, Iterator

from ..._account.model import Role, User
from ..._account.permissions import Permissions
from ..._policy.evaluation import catalogue
from ..._policy.least_privilege.generalise import generalise
from ..._policy.least_privilege.needs import Need, collect_needs, exclude_named
from ..._policy.least_privilege.principal import Principal, PrincipalKind
from ..._policy.least_privilege.settings import Settings
from ..._policy.least_privilege.unknowns import Unused
from ..._policy.least_privilege.window import refuse
from ..._policy.trail.coverage import Record
from ..._policy.trail.usage import Source, Use
from .rewrite import Seen


def collect_seen(
    permissions: Permissions, holder: t.Union[User, Role], record: Record, settings: Settings
) -> dict[str, tuple[str, ...]]:
    """Collect the resources of one principal's calls by action, ids that live short as patterns.

    An action is left out if not all of its calls are recorded, or if one of them, or a date of last access, shows no
    resource: it keeps its resources. So do all actions if the record is too short to rely on.
    """
    given = record.uses
    unused = Unused(record, settings)
    kind = PrincipalKind.USER if isinstance(holder, User) else PrincipalKind.ROLE
    principal = Principal(holder.arn, kind, permissions.layers(holder.arn))
    if refuse(principal, record, settings) is not None:
        return {}
    undecided = {use.action.lower() for use in given if use.source is Source.LAST_ACCESSED}
    undecided |= _name_actions(use for use in _list_shown(record, unused) if use.is_service_level)
    needs = sorted(collect_needs(given, principal.partition), key=lambda need: need.action.lower())
    found: dict[str, tuple[str, ...]] = {}
    for action, group in itertools.groupby(needs, key=lambda need: need.action.lower()):
        members = tuple(group)
        if action in undecided or not unused.is_complete(action) or not all(map(_is_named, members)):
            continue
        scopes = generalise(members[0].action, members, principal, settings).scopes
        patterns = tuple(dict.fromkeys(scope.pattern for scope in scopes))
        if patterns and "*" not in patterns:
            found[action] = patterns
    return found


def _is_named(need: Need) -> bool:
    """Whether the record names what a call was about. It has the name of a secret, but not the end of its ARN."""
    return need.is_known or not any("*" in target for target in need.targets)


def find_called(record: Record, settings: Settings) -> frozenset[str]:
    """Find the actions that one principal called or may have called, in lower case."""
    return _name_actions(_list_shown(record, Unused(record, settings)))


def _list_shown(record: Record, unused: Unused) -> Iterator[Use]:
    """List the recorded calls, and the dates of last access that no recorded call explains."""
    yield from exclude_named(record.uses)
    yield from unused.list_open_dates()


def _name_actions(uses: Iterable[Use]) -> frozenset[str]:
    """Name the actions of uses; one of an unknown action may be of each action of its service."""
    found: set[str] = set()
    for use in uses:
        if use.is_service_level:
            found |= {item.full_name.lower() for item in catalogue.actions(use.service).values()} - use.besides
        else:
            found.add(use.action.lower())
    return frozenset(found)


def join_seen(of_holders: Iterable[tuple[frozenset[str], Seen]]) -> dict[str, tuple[str, ...]]:
    """Join what the holders of one policy used, each with all actions that it called or may have called.

    An action is left out if somebody called it and the resource is not known.
    """
    known = tuple(of_holders)
    actions = dict.fromkeys(action for _called, seen in known for action in seen)
    found: dict[str, tuple[str, ...]] = {}
    for action in actions:
        if all(action in seen or action not in called for called, seen in known):
            patterns = (pattern for _called, seen in known for pattern in seen.get(action, ()))
            found[action] = tuple(sorted(set(patterns)))
    return found
