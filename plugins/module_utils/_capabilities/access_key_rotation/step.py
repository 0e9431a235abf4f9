# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One step of the rotation of a key, and what it does. Pure."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from datetime import datetime

from .model import Key, Stage


class Action(enum.StrEnum):
    """What is done now. ``RECORD`` changes nothing in AWS."""

    WAIT = "wait"
    REFUSE = "refuse"
    RECORD = "record"
    CREATE = "create"
    DISCARD = "discard"
    DISTRIBUTE = "distribute"
    DEACTIVATE = "deactivate"
    DELETE = "delete"


@dataclasses.dataclass(frozen=True)
class Step:
    """The next step of one target.

    ``stage`` is the one that is reached by it, ``old`` the key that is replaced and ``key`` the one that is acted on.
    ``due`` is when a waiting one goes on, if that is known. ``reason`` says why it waits or is refused. ``notice`` is
    what people have to know of a key that a run may have left, with the commands that they may need.
    """

    action: Action
    stage: t.Optional[Stage] = None
    old: t.Optional[Key] = None
    key: t.Optional[Key] = None
    due: t.Optional[datetime] = None
    rule: str = ""
    reason: str = ""
    notice: str = ""

    @property
    def acts(self) -> bool:
        """Whether the step changes something, or is recorded."""
        return self.action not in (Action.WAIT, Action.REFUSE)


def refuse(rule: str, reason: str) -> Step:
    """A step that a person has to look at first."""
    return Step(Action.REFUSE, rule=rule, reason=reason)
