# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every control on accounts of which the verdict is known from documentation, benchmarks or attacks."""

from __future__ import annotations

import importlib
import typing as t
from collections import Counter
from pathlib import Path

import pytest

from .cases.case import Case
from .samples import judge

_ORDER: t.Final = ("FAIL", "NOT_ASSESSED", "PASS", "NOT_APPLICABLE")


def all_cases() -> list[Case]:
    """The cases of every module in ``cases``."""
    names = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))
    modules = [
        importlib.import_module(f".cases.{name}", __package__) for name in names if name not in ("__init__", "case")
    ]
    return [case for module in modules for case in module.CASES]


CASES: t.Final = all_cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.control}: {case.name}" for case in CASES])
def test_verdict(case: Case) -> None:
    found = {finding.status.value for finding in judge(case.control, case.build())}
    assert found, "the control says nothing"
    assert next(status for status in _ORDER if status in found) == case.expected


def test_cases_have_sources_and_names_of_their_own() -> None:
    assert all(case.source.strip() for case in CASES)
    doubled = [name for name, count in Counter((case.control, case.name) for case in CASES).items() if count > 1]
    assert not doubled


def test_each_control_with_cases_fails_three_and_passes_two() -> None:
    counted = Counter((case.control, case.expected) for case in CASES)
    few = {
        control: (counted[control, "FAIL"], counted[control, "PASS"])
        for control in {case.control for case in CASES}
        if counted[control, "FAIL"] < 3 or counted[control, "PASS"] < 2
    }
    assert not few
