# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of cases hold each of their controls from both sides, and no control stumbles over one."""

from __future__ import annotations

from collections import Counter
from types import ModuleType

import pytest

from .cases import detective, governance, leftovers, organization, people, users
from .cases.case import Case
from .samples import judge

TABLES = (detective, governance, leftovers, organization, people, users)
NAMES = [table.__name__.rpartition(".")[2] for table in TABLES]


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
def test_each_control_fails_three_accounts_and_passes_two(table: ModuleType) -> None:
    cases: tuple[Case, ...] = table.CASES
    counted = Counter((case.control, case.expected) for case in cases)
    few = {
        control: (counted[control, "FAIL"], counted[control, "PASS"])
        for control in {case.control for case in cases}
        if counted[control, "FAIL"] < 3 or counted[control, "PASS"] < 2
    }
    assert not few


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
def test_no_control_stumbles(table: ModuleType) -> None:
    """A check that raises is NOT_ASSESSED as well, which would look like a verdict."""
    found = [finding for case in table.CASES for finding in judge(case.control, case.build())]
    assert not [finding.detail for finding in found if "could not judge what AWS answered" in finding.detail]
