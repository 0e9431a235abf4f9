# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals that no declaration may touch.

The guards, which come after the plan, look at the target of a change. What reaches somebody by way of a group or of a
shared policy is decided here.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .arn import Principal, is_break_glass, principal_of
from .change import Refusal
from .protected import protection_of


@dataclasses.dataclass(frozen=True)
class UntouchablePrincipals:
    """The rules of one run. ``callers`` are the caller and all that it came through, ``break_glass`` globs for ARNs."""

    callers: frozenset[Principal] = frozenset()
    break_glass: tuple[str, ...] = ()

    def refusal(self, arn: str) -> t.Optional[Refusal]:
        """Why nothing is done to the user or role ``arn``; None where something may be."""
        name = arn.rpartition("/")[2]
        if principal_of(arn) in self.callers:
            reason = f"{name} is the caller, or a role that it came through: a run never changes its own permissions"
            return Refusal("caller", reason, arn)
        if is_break_glass(arn, self.break_glass):
            return Refusal("break_glass", f"never changed: {name} is a break-glass principal", arn)
        return refuse_protected(arn)


def refuse_protected(arn: str) -> t.Optional[Refusal]:
    """Refuse to touch what belongs to AWS or to a landing zone; None for all others."""
    reason = protection_of(arn)
    return Refusal("protected", f"never touched: {reason}", arn) if reason else None
