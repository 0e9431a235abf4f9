# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every control on accounts whose verdict a benchmark, a document or an attack settles."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from .cases.case import Case
from .samples import judge

MODULES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py") if path.stem != "__init__")
ALL: list[Case] = [
    case for name in MODULES for case in getattr(importlib.import_module(f"{__package__}.cases.{name}"), "CASES", ())
]


def verdict(case: Case) -> str:
    """FAIL if anything fails; else NOT_ASSESSED if anything is; else PASS or NOT_APPLICABLE."""
    found = {finding.status.value for finding in judge(case.control, case.build())}
    return next(name for name in ("FAIL", "NOT_ASSESSED", "PASS", "NOT_APPLICABLE") if name in found)


def test_there_are_cases() -> None:
    assert ALL


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.control}-{case.expected}-{case.name}".replace(" ", "_"))
def test_the_control_says_so(case: Case) -> None:
    assert verdict(case) == case.expected, case.source
