# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/permissions.md says of an assessment with AWS's policy SecurityAudit alone."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

PAGE: t.Final = Path(__file__).parent.parent / "docs" / "permissions.md"
_ROW: t.Final = re.compile(r"^\| `(\w+)` \| (.*) \| `([\w:]+)` \|$", re.MULTILINE)


class Row(t.NamedTuple):
    """A control that is NOT_ASSESSED, the option with which it is assessed at all, and the action that is missing."""

    control: str
    option: str
    action: str


def read_page() -> list[Row]:
    """Read the rows of the page."""
    _before, _title, rest = PAGE.read_text(encoding="utf-8").partition("### With SecurityAudit alone\n")
    part = rest.partition("\n## ")[0]
    return [Row(control, option.strip("`"), action) for control, option, action in _ROW.findall(part)]
