# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Roles that an incident contains: a campaign leaves them as they are, until the incident is released. Pure.

The guards refuse their changes as well. But most stages change nothing in AWS: what an intruder does in the meantime
would count as the use of the role, and his silence as a soak without denials. Nor is a patch handed out to its owner.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ..._converge.incident.freeze import Freeze
from .model import Stage
from .records import Kind
from .step import State, Step


def hold_contained(freeze: Freeze, step: Step, roles: Iterable[str], *, is_on_trial: bool) -> Step:
    """Refuse the step of a role if an incident contains one of its ``roles``: the old one and the new one.

    ``is_on_trial`` says that a trial boundary is in force.
    """
    refusal = next(filter(None, map(freeze.refuse_principal, roles)), None)
    if refusal is None:
        return step
    is_revert = step.event is Kind.REVERTED or (step.handout is not None and step.stage is Stage.REVERT)
    left = ["it is not reverted" if is_revert else "no stage is taken"]
    left += ["its trial boundary stays, whatever its deadline says"] if is_on_trial else []
    reason = f"{refusal.reason}: {', and '.join(left)}"
    return dataclasses.replace(
        step, state=State.REFUSED, event=None, rule=refusal.rule, reason=reason, next="", warnings=(), handout=None
    )
