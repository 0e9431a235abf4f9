# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No control without accounts that it must fail, and accounts that only look so and must pass."""

from __future__ import annotations

from collections import Counter

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.control import Control
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls

from .case_tables import EXEMPTIONS, all_cases

LEAST = {"FAIL": 3, "PASS": 2}
COUNTED = Counter((case.control, case.expected) for case in all_cases())


@pytest.mark.parametrize("control", all_controls(), ids=lambda control: control.id)
def test_every_control_is_held_from_both_sides(control: Control) -> None:
    exemption = EXEMPTIONS.get(control.id)
    never = exemption.never if exemption else ()
    wanted = {verdict: 0 if verdict in never else count for verdict, count in LEAST.items()}
    found = {verdict: COUNTED[control.id, verdict] for verdict in wanted}
    assert all(found[verdict] >= count for verdict, count in wanted.items()), f"{found}, expected at least {wanted}"
    assert not never or COUNTED[control.id, "NOT_ASSESSED"]


def test_every_case_is_of_a_control() -> None:
    assert {control for control, _verdict in COUNTED} <= {control.id for control in all_controls()}


def test_exemptions_are_needed_and_have_a_reason() -> None:
    assert set(EXEMPTIONS) <= {control.id for control in all_controls()}
    for control, exemption in EXEMPTIONS.items():
        assert exemption.reason.strip()
        assert exemption.never and set(exemption.never) <= set(LEAST)
        # A case with such a verdict shows that it is possible.
        assert not [verdict for verdict in exemption.never if COUNTED[control, verdict]], control
