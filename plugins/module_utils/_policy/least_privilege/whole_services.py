# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Services of which nobody knows anything, as wildcards of the old policies.

To name each of their actions makes documents that no principal has room for, and takes nothing away.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..evaluation.variables import VERSION, generalize
from .ceiling import Ceiling
from .grants import Grant, Origin, Scope, covers_pattern
from .profiles import covers_actions
from .unknowns import Judgement, Verdict

_EVERYTHING: t.Final = Scope("*")


def keep_whole_services(
    grants: Sequence[Grant], judged: Mapping[str, Judgement], ceiling: Ceiling
) -> tuple[Grant, ...]:
    """Replace what stays unknown of a service by the service's wildcard, as far as an old statement has that.

    Of such a service no action is removable. ``judged`` are the actions that no call shows.
    """
    unknown = {_service_of(grant.action) for grant in grants if grant.origin is Origin.UNKNOWN}
    reduced = {_service_of(action) for action, item in judged.items() if item.verdict is Verdict.REMOVED}
    wide = {service: _list_wide(service, ceiling) for service in sorted(unknown - reduced)}
    kept = [grant for grant in grants if not _is_included(grant, wide.get(_service_of(grant.action), ()))]
    return (*kept, *(grant for found in wide.values() for grant in found))


def _service_of(action: str) -> str:
    return action.partition(":")[0].lower()


def _list_wide(service: str, ceiling: Ceiling) -> tuple[Grant, ...]:
    pattern = f"{service}:*"
    old = [one for one in ceiling.find_statements(pattern) if covers_actions(one, pattern) and one.statement.resources]
    return tuple(ceiling.narrow(pattern, _EVERYTHING, old, origin=Origin.UNKNOWN))


def _is_included(grant: Grant, wide: Sequence[Grant]) -> bool:
    """Whether a wildcard has what is unknown. What calls show stays by itself: it is listed with its resources."""
    if grant.origin is not Origin.UNKNOWN:
        return False
    inner = generalize(grant.resource, version=VERSION)
    return any(covers_pattern(one.resource, inner) and set(one.conditions) <= set(grant.conditions) for one in wide)
