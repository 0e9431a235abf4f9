# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The map of the code leads to files and names that are there."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

PLUGINS: t.Final = Path(__file__).resolve().parents[2] / "plugins"
ROWS: t.Final = re.compile(r"^\| … ([^|]+) \| `([^`]+)` \| ([^|]+) \|$", re.MULTILINE)
# What a row leaves open, by an example.
EXAMPLES: t.Final = {"<theme>": "trust", "<role>": "password_policy"}


def place_of(path: str) -> Path:
    for open_part, example in EXAMPLES.items():
        path = path.replace(open_part, example)
    base = {"plugin_utils": PLUGINS, "roles": PLUGINS.parent}.get(path.partition("/")[0], PLUGINS / "module_utils")
    return base / path


def test_every_look_up_ends_at_something() -> None:
    page = (PLUGINS.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = ROWS.findall(page)
    assert len(rows) >= 10
    for question, path, there in rows:
        place = place_of(path)
        assert place.exists(), question
        names = [*re.findall(r"`(\w+)\(\)`", there), *re.findall(r"`([A-Z]\w+)`", there)]
        text = place.read_text(encoding="utf-8") if place.is_file() else ""
        assert [name for name in names if name not in text] == [], question
