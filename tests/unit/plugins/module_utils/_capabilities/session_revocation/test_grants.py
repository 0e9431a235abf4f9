# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.grants import (
    GRANTS,
    SWITCHES,
    UNPROVEN,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.run import OPERATIONS

from ..granting import ACCOUNT, allows


def test_the_switches_are_the_parameters_of_the_bootstrap() -> None:
    assert set(SWITCHES) == {"ContainmentRoles", "ContainmentTrust", "ContainmentUsers"}
    assert SWITCHES["ContainmentTrust"] == ("iam:UpdateAssumeRolePolicy",)
    assert SWITCHES["ContainmentUsers"] == ("iam:UpdateAccessKey",)


def test_every_write_has_a_switch_or_is_unproven() -> None:
    writes = {action for operation in OPERATIONS.writes for action in iam_actions(operation)}
    assert {*itertools.chain.from_iterable(SWITCHES.values()), "signin:BatchRevokeSessions"} == writes
    assert {action for action in (*writes, *OPERATIONS.reads) if action.startswith("signin:")} == UNPROVEN


def test_grants_are_about_own_actions() -> None:
    actions = {action for operation in OPERATIONS.all for action in iam_actions(operation)}
    assert {*GRANTS.resources, *GRANTS.conditions, *GRANTS.purposes} <= actions


def test_only_policies_of_incidents_are_written_and_attached() -> None:
    policy, role = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/incident-INC-7-app", f"arn:aws:iam::{ACCOUNT}:role/app"
    other = policy.replace("incident-", "")
    for action in ("iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:TagPolicy"):
        assert allows(GRANTS, action, policy) and not allows(GRANTS, action, other)
    for action in ("iam:AttachRolePolicy", "iam:DetachRolePolicy"):
        assert allows(GRANTS, action, role, **{"iam:PolicyARN": policy})
        assert not allows(GRANTS, action, role, **{"iam:PolicyARN": other}) and not allows(GRANTS, action, role)


def test_each_read_says_what_it_is_for() -> None:
    # No control rests on these answers.
    assert set(GRANTS.purposes) == {"iam:GetAccessKeyLastUsed", "iam:GetRole", "sts:GetAccessKeyInfo"}
    assert all(text.startswith("session_revocation: ") for text in GRANTS.purposes.values())
