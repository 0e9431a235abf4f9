# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The waves of a run in its report: which have passed, which has not, and which accounts were not begun."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from .._converge.run_control.wave_state import CLOSED, PASSED, WAITING

NOT_BEGUN: t.Final = "not_begun"
_WORDS: t.Final = {
    PASSED: "passed",
    CLOSED: "closed",
    WAITING: "waiting",
    "done": "done",
    NOT_BEGUN: "not begun",
    "checked": "checked",
}
STATES: t.Final = tuple(_WORDS)

Wave = Mapping[str, t.Any]


def name_state(wave: Wave) -> str:
    """The state of a wave in words."""
    return _WORDS.get(wave["state"], str(wave["state"]))


def describe_wave(wave: Wave) -> str:
    """The state of a wave, and why it is so."""
    reasons = "; ".join(wave["reasons"])
    return f"{name_state(wave)}{f': {reasons}' if reasons else ''}"


def list_not_begun(waves: Iterable[Wave]) -> frozenset[str]:
    """The accounts of the waves that did not begin. Their reports are not missing."""
    return frozenset(account for wave in waves if wave["state"] == NOT_BEGUN for account in wave["accounts"])


def explain_closed(waves: Iterable[Wave]) -> list[str]:
    """Why the run fails: a gate that is closed. One that waits is no failure."""
    return [
        f"the gate after wave {wave['name']} is closed: {'; '.join(wave['reasons'])}"
        for wave in waves
        if wave["state"] == CLOSED
    ]
