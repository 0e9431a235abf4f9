# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What failing findings say, by their number and the thresholds of the assessment."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.problem import Problem

BOTH = Problem("Key older than {key_age_days} days", "keys older than {key_age_days} days")
ONE = Problem("Root has a key")


@pytest.mark.parametrize(
    ("problem", "count", "text"),
    [
        (BOTH, 1, "Key older than 90 days"),
        (BOTH, 2, "2 keys older than 90 days"),
        (ONE, 1, "Root has a key"),
        (ONE, 2, "Root has a key (2 times)"),
    ],
)
def test_the_number_of_findings_chooses_the_words(problem: Problem, count: int, text: str) -> None:
    assert problem.text(count, {}) == text


def test_a_threshold_of_the_assessment_wins_over_the_default() -> None:
    assert BOTH.text(3, {"key_age_days": 30}) == "3 keys older than 30 days"
