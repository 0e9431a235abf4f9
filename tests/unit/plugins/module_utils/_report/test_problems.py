# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_analyzer.plan import EXPIRED
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.findings import CONTROL
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._report.problems import problem


@pytest.mark.parametrize("control", all_controls(), ids=lambda control: control.id)
def test_every_control_says_what_is_wrong(control: object) -> None:
    one = problem(control.id, 1, title=control.title, thresholds={})  # type: ignore[attr-defined]
    several = problem(control.id, 7, title=control.title, thresholds={})  # type: ignore[attr-defined]
    assert "Not met" not in one
    assert "7 " in several
    assert "{" not in one + several


@pytest.mark.parametrize("control", ["region_assessed", CONTROL, EXPIRED])
def test_verdicts_of_no_catalogue_have_words_too(control: str) -> None:
    """A region that could not be read, and modules' verdicts on their own declarations."""
    assert "Not met" not in problem(control, 1, title="", thresholds={})


def test_the_thresholds_of_the_assessment_stand_in_the_text() -> None:
    assert problem("access_key_age", 7, title="", thresholds={}) == "7 access keys older than 90 days"
    assert problem("access_key_age", 1, title="", thresholds={"key_age_days": 30}) == "Access key older than 30 days"


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "Not met: Keys are kept"), (3, "Not met: Keys are kept (3 times)")],
)
def test_a_control_without_words_of_its_own_is_not_mistaken_for_a_pass(count: int, said: str) -> None:
    assert problem("unheard_of", count, title="Keys are kept", thresholds={}) == said


def test_braces_of_a_title_out_of_a_file_are_shown_as_they_are() -> None:
    title = "Keys {0.__class__} are {kept}"
    assert problem("unheard_of", 1, title=title, thresholds={}) == f"Not met: {title}"
