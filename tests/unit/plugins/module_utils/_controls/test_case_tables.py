# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of cases hold each of their controls from both sides."""

from __future__ import annotations

from collections import Counter

import pytest

from .cases import detective, governance, leftovers, organization, people, users
from .cases.case import Case


@pytest.mark.parametrize(
    "table", [detective, governance, leftovers, organization, people, users], ids=lambda table: table.__name__
)
def test_each_control_fails_three_accounts_and_passes_two(table: object) -> None:
    cases: tuple[Case, ...] = table.CASES  # type: ignore[attr-defined]
    counted = Counter((case.control, case.expected) for case in cases)
    few = {
        control: (counted[control, "FAIL"], counted[control, "PASS"])
        for control in {case.control for case in cases}
        if counted[control, "FAIL"] < 3 or counted[control, "PASS"] < 2
    }
    assert not few
