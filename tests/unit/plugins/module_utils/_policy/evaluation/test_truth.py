# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of three values."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import (
    NO,
    UNKNOWN,
    YES,
    Truth,
    truth,
)


@pytest.mark.parametrize(("answer", "opposite"), [(YES, NO), (NO, YES), (UNKNOWN, UNKNOWN)])
def test_negated(answer: Truth, opposite: Truth) -> None:
    assert answer.negated is opposite


def test_a_plain_answer() -> None:
    assert truth(True) is YES
    assert truth(False) is NO


@pytest.mark.parametrize("answer", list(Truth))
def test_no_answer_can_be_taken_for_a_plain_one(answer: Truth) -> None:
    with pytest.raises(TypeError, match="compare it with `is`"):
        bool(answer)
