# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The three answers of a source: yes with what it has, no after a complete look, or unknown with the reason.

A source is whatever a write, a refusal or a verdict relies on: a read of AWS, the journal, the trail, a state file, a
stack, a place of files. ``No`` needs proof of absence: a complete read of the right account in the right time. An
error, a missing page and a record that may still arrive are ``Unknown``. Code that draws a conclusion names the class
of the answer (``isinstance`` or ``match``), so that mypy sees a missing case. No answer can be used as a condition.
"""

from __future__ import annotations

import dataclasses
import typing as t

V_co = t.TypeVar("V_co", covariant=True)


class _NoCondition:
    """Keeps an answer from being used as a condition, where unknown would pass for yes or for no."""

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} is an answer of three: compare its class, since it is neither true nor false")


@dataclasses.dataclass(frozen=True)
class Yes(_NoCondition, t.Generic[V_co]):
    """The source has it: ``value`` is what it has."""

    value: V_co


@dataclasses.dataclass(frozen=True)
class No(_NoCondition):
    """The source was read completely, in the right place and time, and does not have it."""


@dataclasses.dataclass(frozen=True)
class Unknown(_NoCondition):
    """The source does not say. ``reason`` is for people: which source, and why; it is never empty."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("what is unknown needs a reason")


Answer = t.Union[Yes[V_co], No, Unknown]
NO: t.Final = No()
