# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan as Ansible shows differences."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from .change import Change


def diff_of(changes: Iterable[Change]) -> list[dict[str, t.Any]]:
    """One difference a change, in the structure of a module's ``diff``. A missing state is an empty text."""
    return [
        {
            "before_header": f"{_legible(change.target)} (before {change.operation})",
            "after_header": f"{_legible(change.target)} (after {change.operation})",
            "before": "" if change.before is None else change.before,
            "after": "" if change.after is None else change.after,
        }
        for change in changes
    ]


def _legible(target: str) -> str:
    """A target for a line that Ansible prints as it is. Before and after become JSON, which escapes such characters."""
    return "".join(character if character.isprintable() else "?" for character in target)
