# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The declaration of a staged rollout: the stages in their order, and what happens when a gate fails. Pure."""

from __future__ import annotations

import dataclasses
import enum
import json
import typing as t
from collections.abc import Mapping, Sequence
from datetime import timedelta

from ...._converge.errors import InputError

Target = Mapping[str, t.Any]

LOOK_BACK_DAYS: t.Final = 30
MOST_HOURS: t.Final = 24 * 90
# As far back as CloudTrail's event history goes; log files reach farther, and nobody waits so long to do a thing again.
_MOST_DAYS: t.Final = 90


class OnFailure(enum.StrEnum):
    """The fate of a stage whose gate fails."""

    HOLD = "hold"
    WITHDRAW = "withdraw"


@dataclasses.dataclass(frozen=True)
class Stage:
    """One step of a rollout: what the policy is attached to besides, and how long it is watched there."""

    name: str
    targets: tuple[Target, ...]
    soak: timedelta


@dataclasses.dataclass(frozen=True)
class Declared:
    """The rollout as declared. ``approved`` is the stage that may go on in spite of its gate."""

    stages: tuple[Stage, ...]
    on_failure: OnFailure = OnFailure.HOLD
    approved: t.Optional[str] = None
    look_back_days: int = LOOK_BACK_DAYS

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> Declared:
        """The option ``rollout``.

        :raises InputError: it can't be used.
        """
        stages = tuple(_parse_stage(item, index) for index, item in enumerate(options.get("stages") or ()))
        if not stages:
            raise InputError("rollout.stages: it is empty; a rollout needs at least one stage")
        _refuse_duplicates(stages)
        names = [stage.name for stage in stages]
        approved = (options.get("stage_approved") or "").strip() or None
        if approved is not None and approved not in names:
            raise InputError(
                f"rollout.stage_approved: there is no stage {approved!r}; declared are {_join_names(names)}"
            )
        days = options.get("look_back_days", LOOK_BACK_DAYS)
        if not 1 <= days <= _MOST_DAYS:
            raise InputError(f"rollout.look_back_days: {days} is not a number from 1 to {_MOST_DAYS}")
        return cls(stages, OnFailure(options.get("on_gate_failure") or OnFailure.HOLD), approved, days)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stages in their order."""
        return tuple(stage.name for stage in self.stages)

    def up_to(self, name: str) -> tuple[Stage, ...]:
        """The stages up to and including the one of this name."""
        return self.stages[: self.names.index(name) + 1]

    def after(self, name: str) -> t.Optional[Stage]:
        """The stage that follows, None behind the last one."""
        following = self.stages[self.names.index(name) + 1 :]
        return following[0] if following else None


def targets_of(stages: Sequence[Stage]) -> tuple[Target, ...]:
    """The targets of some stages, each once, in their order."""
    found = {canonical(target): target for stage in stages for target in stage.targets}
    return tuple(found.values())


def canonical(target: Target) -> str:
    """A target as a text by which it is known again."""
    return json.dumps(target, sort_keys=True, separators=(",", ":"), default=str)


def _parse_stage(item: Mapping[str, t.Any], index: int) -> Stage:
    option = f"rollout.stages[{index}]"
    name = str(item.get("name") or "").strip()
    if not name:
        raise InputError(f"{option}.name: it is empty")
    # Where options have suboptions, Ansible adds those that are not given, as nulls.
    targets = tuple(
        {key: value for key, value in target.items() if value is not None} for target in item.get("targets") or ()
    )
    if not targets or not all(targets):
        raise InputError(f"{option}.targets: stage {name!r} needs at least one target, and no empty one")
    hours = item.get("soak_hours", 24)
    if not 0 <= hours <= MOST_HOURS:
        raise InputError(f"{option}.soak_hours: {hours} is not a number from 0 to {MOST_HOURS}")
    return Stage(name, targets, timedelta(hours=hours))


def _refuse_duplicates(stages: Sequence[Stage]) -> None:
    seen: dict[str, str] = {}
    names: set[str] = set()
    for stage in stages:
        if stage.name in names:
            raise InputError(f"rollout.stages: two stages have the name {stage.name!r}")
        names.add(stage.name)
        for target in stage.targets:
            other = seen.setdefault(canonical(target), stage.name)
            if other != stage.name:
                text = canonical(target)
                raise InputError(f"rollout.stages: {text} is a target of both {other!r} and {stage.name!r}")


def _join_names(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
