# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.workflow import hand_on

RESULT: t.Final = {
    "run_id": "r",
    "summary": {"critical": 1},
    "files": {"json": "reports/fleet.json", "plan_text": "reports/plan.txt"},
    "plan_sha256": "a" * 64,
}


def hand_plan_on(plan: str) -> str:
    return str(hand_on(RESULT, (), failed=(), plan=plan)["hardening_plan"])


def test_a_short_plan_is_handed_on_whole() -> None:
    text = "\n".join(["PLAN: 1 planned", *("  - deactivate access key" for _ in range(59))])
    assert hand_plan_on(text) == text


@pytest.mark.parametrize("character", ["x", "\u4e2d"])
def test_of_a_long_plan_whole_lines_are_left_out_and_the_file_is_named(character: str) -> None:
    lines = [f"{number} {character * 100}" for number in range(90)]
    handed = hand_plan_on("\n".join(lines)).splitlines()
    assert handed[-1] == "… for the rest see reports/plan.txt"
    assert handed[:-1] == lines[: len(handed) - 1]
    assert len(handed) > 5
    assert len(json.dumps("\n".join(handed))) <= 6_000


def test_a_line_that_is_too_long_alone_is_left_out() -> None:
    assert hand_plan_on("x" * 9_000) == "… for the rest see reports/plan.txt"
