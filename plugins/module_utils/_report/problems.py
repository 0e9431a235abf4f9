# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Problems, in the words of the control that found them."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._controls.problem import Problem
from .._controls.registry import problems

_PROBLEMS: t.Final[Mapping[str, Problem]] = problems()
# The controls on alarms differ only in the event that they report.
_WATCHED: t.Final = "Somebody is alerted to "


def problem(control: str, count: int, *, title: str, thresholds: Mapping[str, t.Any]) -> str:
    """The words of ``count`` failing findings of a control; ``title`` is what the control demands."""
    found = _PROBLEMS.get(control) or Problem(f"Does not hold: {_escape_braces(title)}")
    return found.text(count, thresholds)


def find_watched_event(title: str) -> t.Optional[str]:
    """Find the event that a control of this ``title`` is about; None if it is not about an alarm."""
    return title.removeprefix(_WATCHED) if title.startswith(_WATCHED) else None


def _escape_braces(title: str) -> str:
    """Escape the braces in a title, which may come from a file, so that no placeholder is filled."""
    return title.replace("{", "{{").replace("}", "}}")
