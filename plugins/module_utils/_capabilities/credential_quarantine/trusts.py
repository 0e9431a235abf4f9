# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which trust policies a release restores, and to what state."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from ..._converge.change import content_hash
from ..._converge.identity_changes import SET_TRUST
from ..._converge.incident.declaration import Incident
from ..._converge.incident.releasing import Part
from ..._converge.incident.trust import list_cuts, restore


def check_trusts(parts: Iterable[Part], incident: Incident) -> tuple[tuple[Part, ...], tuple[Mapping[str, str], ...]]:
    """Give each change of a trust policy the state that is restored. Returns the others as well, and what stays.

    The journal may be forged. So a policy is restored only as far as the declaration explains how it was cut.
    """
    kept: list[Part] = []
    left: list[Mapping[str, str]] = []
    for part in parts:
        found = _check(part, incident) if part.change.operation == SET_TRUST else part
        if isinstance(found, Part):
            kept.append(found)
        else:
            left.append({"target": part.change.target, "operation": SET_TRUST, "reason": found})
    return tuple(kept), tuple(left)


def _check(part: Part, incident: Incident) -> t.Union[Part, str]:
    done = part.change
    cuts = list_cuts(incident, done.target)
    before, after = ((state or {}).get("trust") or {} for state in (done.before, part.last.change.after))
    wanted = restore(before, after, cuts, incident.id) if cuts else None
    if wanted is None:
        why = "the declaration does not explain how it was cut" if cuts else "the declaration does not name it"
        return f"its trust policy stays as it is: {why}. Compare it with the evidence, and restore it by hand"
    if content_hash(wanted) == content_hash(after):
        return "its trust policy stays as it is: restore is false"
    change = dataclasses.replace(done, before={"trust": wanted})
    return dataclasses.replace(part, first=dataclasses.replace(part.first, change=change))
