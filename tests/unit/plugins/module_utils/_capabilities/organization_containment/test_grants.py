# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role that contains accounts writes control policies of incidents, and no others."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.grants import (
    GRANTS,
    SWITCHES,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.run import OPERATIONS

from ..granting import ACCOUNT, allows

BEGIN: t.Final = f"arn:aws:organizations::{ACCOUNT}:"
SCP: t.Final = f"{BEGIN}policy/o-acme/service_control_policy/p-12345678"
RCP: t.Final = f"{BEGIN}policy/o-acme/resource_control_policy/p-12345678"
OF_TYPE: t.Final = {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"}
OF_INCIDENT: t.Final = {"aws:ResourceTag/iam-hardening:incident": "INC-7"}
UNIT: t.Final = f"{BEGIN}ou/o-acme/ou-acme-11111111"


def test_each_write_belongs_to_the_switch() -> None:
    assert set(SWITCHES["ContainmentOrganization"]) == OPERATIONS.writes
    assert {*GRANTS.resources, *GRANTS.conditions} <= OPERATIONS.writes


@pytest.mark.parametrize("name", ["AttachPolicy", "DetachPolicy"])
def test_control_policies_are_attached_to_the_root_and_to_accounts_alone(name: str) -> None:
    action = f"organizations:{name}"
    for target in (SCP, f"{BEGIN}account/o-acme/222233334444", f"{BEGIN}root/o-acme/r-acme"):
        assert allows(GRANTS, action, target, **OF_TYPE)
        assert not allows(GRANTS, action, target)
        assert not allows(GRANTS, action, target, **{"organizations:PolicyType": "RESOURCE_CONTROL_POLICY"})
    for target in (RCP, UNIT):
        assert not allows(GRANTS, action, target, **OF_TYPE)


@pytest.mark.parametrize("name", ["UpdatePolicy", "DeletePolicy"])
def test_only_policies_of_incidents_are_changed(name: str) -> None:
    action = f"organizations:{name}"
    assert allows(GRANTS, action, SCP, **OF_TYPE, **OF_INCIDENT)
    assert not allows(GRANTS, action, RCP, **OF_TYPE, **OF_INCIDENT)
    for context in (OF_TYPE, OF_INCIDENT, {}):
        assert not allows(GRANTS, action, SCP, **context)
    other = {"aws:ResourceTag/iam-hardening:managed": "true"}
    assert not allows(GRANTS, action, SCP, **OF_TYPE, **other)


def test_a_policy_is_made_with_the_tag_of_an_incident() -> None:
    assert allows(GRANTS, "organizations:CreatePolicy", "*", **OF_TYPE)
    assert not allows(GRANTS, "organizations:CreatePolicy", "*")
    tag = {"aws:RequestTag/iam-hardening:incident": "INC-7"}
    assert allows(GRANTS, "organizations:TagResource", SCP, **tag)
    assert not allows(GRANTS, "organizations:TagResource", SCP)
    assert not allows(GRANTS, "organizations:TagResource", RCP, **tag)
    assert not allows(GRANTS, "organizations:TagResource", f"{BEGIN}account/o-acme/222233334444", **tag)


def test_an_account_is_moved_between_units() -> None:
    for target in (UNIT, f"{BEGIN}account/o-acme/222233334444", f"{BEGIN}root/o-acme/r-acme"):
        assert allows(GRANTS, "organizations:MoveAccount", target)
    assert not allows(GRANTS, "organizations:MoveAccount", SCP)
