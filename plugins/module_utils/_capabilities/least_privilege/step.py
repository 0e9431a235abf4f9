# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The step of one role in a run, and the state that it leaves the role in. Pure."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from datetime import datetime

from ..._converge.change import Refusal
from .model import Stage, Way
from .owners.patches import Handout
from .records import Kind


class State(enum.StrEnum):
    """The state of a role in a campaign. ``DUE``: this run takes a step."""

    DUE = "due"
    DONE = "done"
    SOAKING = "soaking"
    WAITING = "waiting"
    REFUSED = "refused"
    LIFTED = "lifted"
    CLOSED = "closed"
    RETIRED = "retired"
    REVERTED = "reverted"


@dataclasses.dataclass(frozen=True)
class Step:
    """The step of a run for one role.

    ``event`` is what is to be done, and to be recorded once it is; None if nothing is. ``stage`` is the stage that the
    run names. With a ``rule`` the step is refused for ``reason``. ``since`` is when the last stage that is done was
    done, ``deadline`` the end of a trial, or of the time for which there may be two roles. ``restores`` is False for
    the revert of a role that was created again: then only what the campaign made may be removed. A step that
    ``is_only_recorded`` changes nothing in AWS. ``handout`` is what the owner of the role is to apply.
    """

    role_arn: str
    state: State
    reason: str
    way: t.Optional[Way] = None
    is_canary: bool = False
    stage: t.Optional[Stage] = None
    event: t.Optional[Kind] = None
    rule: str = ""
    next: str = ""
    since: t.Optional[datetime] = None
    days_left: t.Optional[float] = None
    deadline: t.Optional[datetime] = None
    restores: bool = True
    is_only_recorded: bool = False
    warnings: tuple[str, ...] = ()
    handout: t.Optional[Handout] = None

    @property
    def advances(self) -> bool:
        """Whether the run does something for the role."""
        return self.event is not None

    @property
    def refusal(self) -> t.Optional[Refusal]:
        """The refusal for results; None if nothing was refused."""
        return Refusal(self.rule, self.reason, self.role_arn) if self.rule else None
