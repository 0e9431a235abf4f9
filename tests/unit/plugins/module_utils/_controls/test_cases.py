# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every account of the case tables gets the verdict that its source asks for."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from . import cases
from .cases.case import Case
from .samples import judge

MODULES = sorted(item.name for item in pkgutil.iter_modules(cases.__path__) if item.name != "case")
CASES: list[Case] = [case for name in MODULES for case in importlib.import_module(f"{cases.__name__}.{name}").CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.control}-{case.expected}-{case.name}")
def test_verdict(case: Case) -> None:
    found = {finding.status.value for finding in judge(case.control, case.build(), **case.thresholds)}
    # A control fails if anything fails, else it is not assessed if anything is not.
    assert next(status for status in ("FAIL", "NOT_ASSESSED", "PASS", "NOT_APPLICABLE") if status in found) == (
        case.expected
    )


def test_cases_differ_and_have_a_source() -> None:
    names = [(case.control, case.name) for case in CASES]
    assert len(names) == len(set(names)) > 0
    assert all(case.source.strip() for case in CASES)
