# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which seeds people contain, and that the text says how."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.runbook import refuse_seed

from ..fakes import ACCOUNT, CALLER, user_arn

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ops/automation"


def refuse(arn: str, *, caller: str = CALLER) -> Refusal | None:
    patterns = ("arn:aws:iam::*:user/emergency-*",)
    return refuse_seed(arn, callers=principals_of([caller]), break_glass=patterns, incident_id="INC-7")


@pytest.mark.parametrize(
    ("arn", "caller", "steps"),
    [
        (ROLE, CALLER, ["Revoke its sessions", "trust policy"]),
        (f"arn:aws:iam::{ACCOUNT}:role/AUTOMATION", CALLER, ["Revoke its sessions"]),
        (user_arn("ci"), user_arn("ci"), ["Deactivate all access keys", "denies * on *"]),
    ],
)
def test_the_run_itself_is_contained_by_people(arn: str, caller: str, steps: list[str]) -> None:
    refusal = refuse(arn, caller=caller)
    assert refusal is not None and refusal.fatal and refusal.rule == "caller"
    for text in ("INC-7", arn, "Sign in with the break-glass role", "Stop all schedules", *steps):
        assert text in refusal.reason


@pytest.mark.parametrize(
    "arn",
    [
        user_arn("emergency-bob"),
        user_arn("iam-hardening/break-glass/eve"),
        ROLE.replace("ops/automation", "iam-hardening/break-glass"),
    ],
)
def test_break_glass_is_contained_by_people(arn: str) -> None:
    refusal = refuse(arn)
    assert refusal is not None and refusal.fatal and refusal.rule == "break_glass"
    # Break-glass is not cut before there is another one.
    assert refusal.reason.index("second break-glass role") < refusal.reason.index("Only then cut the first one")


def test_others_are_contained_by_the_run() -> None:
    assert refuse(user_arn("ci-deploy")) is None
    assert refuse("arn:aws:iam::999988887777:role/automation") is None
