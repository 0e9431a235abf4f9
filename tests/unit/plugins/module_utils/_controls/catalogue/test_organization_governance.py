# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root access, units, suspended accounts, and who administers what for the organization."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Caller, Dataset, PolicyDocument
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Instance

from ..organization_samples import DEV, PLAY, PROD, PRODUCTION, ROOT_ID, SANDBOX, account, acme, arn, tree
from ..samples import ACCOUNT, allow, broken, document, failing, judge, role, status, trust, unread, user

ORGANIZATION = f"arn:aws:organizations::{ACCOUNT}:organization/o-acme"


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ({}, "FAIL"),
        ({"organization_features": ("RootSessions",)}, "FAIL"),
        ({"organization_features": ("RootCredentialsManagement",)}, "PASS"),
        ({"unread": (unread(Dataset.ORGANIZATION_FEATURES),)}, "NOT_ASSESSED"),
    ],
)
def test_central_root_access(read: dict[str, t.Any], expected: str) -> None:
    assert status("central_root_access", acme(read=read)) == expected


# The management account


def test_workloads_are_left_to_a_person_with_what_speaks_for_them() -> None:
    roles = (
        role("web"),
        role("people", trust=trust({"AWS": PROD})),
        role("AWSServiceRoleForX", path="/aws-service-role/x.amazonaws.com/"),
    )
    instance = Instance("i-1", "arn:aws:ec2:us-east-1:111122223333:instance/i-1", "us-east-1", None, "running")
    read = {"roles": roles, "users": (user(), user("bob")), "instances": (instance,)}
    (finding,) = judge("management_account_without_workloads", acme(read=read))
    assert finding.status.value == "NOT_ASSESSED"
    assert finding.detail == (
        "what counts as a workload needs a person's judgement: 1 EC2 instance; roles for services: web; 2 IAM users"
    )
    observed = finding.evidence.observed
    assert (observed["instances"], observed["roles_for_services"], observed["users"]) == (1, ["web"], 2)


def test_what_was_not_read_of_the_management_account_is_told() -> None:
    missing = (unread(Dataset.AUTHORIZATION_DETAILS), unread(Dataset.INSTANCES, region="us-east-1"))
    (finding,) = judge("management_account_without_workloads", acme(read={"unread": missing}))
    assert finding.detail.endswith(
        ": nothing seen that speaks for one; not read: instances in us-east-1, users and roles"
    )


def test_a_delegated_administrator_does_not_see_into_the_management_account() -> None:
    (finding,) = judge("management_account_without_workloads", acme(read={"caller": Caller(DEV, "arn", "id")}))
    assert finding.status.value == "NOT_ASSESSED" and f"from account {DEV}" in finding.detail


# Units


def test_units_are_left_to_a_person_with_their_accounts() -> None:
    accounts = (*tree().accounts, account("555566667777", "acme-stray", ROOT_ID))
    (finding,) = judge("organizational_units_by_environment", acme(accounts=accounts))
    assert finding.status.value == "NOT_ASSESSED"
    assert finding.detail.endswith(
        "/Sandbox (1 account), /Workloads (0 accounts), /Workloads/Production (2 accounts); directly below the root: "
        "1 account"
    )
    assert finding.evidence.observed["accounts_by_unit"]["/Workloads/Production"] == 2


def test_accounts_that_are_all_below_the_root_are_in_no_unit() -> None:
    accounts = tuple(dataclasses.replace(item, parent_id=ROOT_ID) for item in tree().accounts)
    found = acme(accounts=accounts)
    assert failing("organizational_units_by_environment", found) == [f"{arn('root', ROOT_ID)} /"]
    assert status("organizational_units_by_environment", acme(accounts=accounts[:1])) == "NOT_APPLICABLE"


@pytest.mark.parametrize(
    ("state", "unit", "expected"),
    [
        ("SUSPENDED", PRODUCTION, "FAIL"),
        ("PENDING_CLOSURE", PRODUCTION, "FAIL"),
        ("SUSPENDED", ROOT_ID, "FAIL"),
        ("SUSPENDED", SANDBOX, "PASS"),
        ("CLOSED", PRODUCTION, "PASS"),
        ("ACTIVE", PRODUCTION, "PASS"),
    ],
)
def test_suspended_accounts(state: str, unit: str, expected: str) -> None:
    accounts = (*tree().accounts[:3], account(PLAY, "acme-play", unit, state))
    (finding,) = judge("suspended_accounts_apart", acme(accounts=accounts))
    assert finding.status.value == expected
    if expected == "FAIL":
        assert (finding.resource, finding.resource_detail) == (arn("account", PLAY), "acme-play")
        assert finding.detail.startswith(state.lower().replace("_", " "))


# Who manages policies


def delegation(*accounts: str, action: str = "organizations:AttachPolicy") -> PolicyDocument:
    principals = {"AWS": [f"arn:aws:iam::{name}:root" for name in accounts]}
    return document(allow(action, Principal=principals), name="resource policy")


@pytest.mark.parametrize(
    ("policy", "expected", "said"),
    [
        (None, "FAIL", "has no resource policy"),
        (delegation(DEV), "PASS", f"policies may be managed by acme-dev ({DEV})"),
        (delegation(DEV, action="organizations:*"), "PASS", "acme-dev"),
        (delegation(DEV, action="organizations:ListPolicies"), "FAIL", "lets no account change policies"),
        (delegation("999988887777"), "FAIL", "account 999988887777 is not in the organization"),
        (broken("resource policy"), "NOT_ASSESSED", "not a JSON document"),
    ],
)
def test_who_manages_policies(policy: t.Optional[PolicyDocument], expected: str, said: str) -> None:
    (finding,) = judge("delegated_policy_administrator", acme(read={"organization_resource_policy": policy}))
    assert finding.status.value == expected
    assert said in finding.detail


def test_a_suspended_account_should_manage_no_policies() -> None:
    accounts = (*tree().accounts[:3], account(PLAY, "acme-play", SANDBOX, "SUSPENDED"))
    read = {"organization_resource_policy": delegation(DEV, PLAY)}
    (finding,) = judge("delegated_policy_administrator", acme(accounts=accounts, read=read))
    assert (finding.resource, finding.resource_detail) == (ORGANIZATION, PLAY)
    assert finding.detail == f"acme-play ({PLAY}) is suspended, yet may manage policies"


# Who administers services


def test_trusted_services_without_a_delegated_administrator() -> None:
    trusted = ("config.amazonaws.com", "guardduty.amazonaws.com", "tagpolicies.tag.amazonaws.com")
    delegated = {DEV: ("config.amazonaws.com",)}
    found = acme(trusted_services=trusted, delegated_administrators=delegated)
    assert failing("delegated_service_administrators", found) == [f"{ORGANIZATION} guardduty.amazonaws.com"]
    (finding,) = judge(
        "delegated_service_administrators",
        dataclasses.replace(
            found, organization_tree=tree(trusted_services=trusted[::2], delegated_administrators=delegated)
        ),
    )
    assert finding.status.value == "PASS"
    assert finding.evidence.observed["trusted_but_not_judged"] == ["tagpolicies.tag.amazonaws.com"]
    assert status("delegated_service_administrators", acme(trusted_services=trusted[2:])) == "NOT_APPLICABLE"


def test_delegations_that_should_be_gone() -> None:
    accounts = (*tree().accounts[:3], account(PLAY, "acme-play", SANDBOX, "SUSPENDED"))
    delegated = {
        DEV: ("config.amazonaws.com", "macie.amazonaws.com"),
        PLAY: ("config.amazonaws.com",),
        "999988887777": ("config.amazonaws.com",),
    }
    found = acme(accounts=accounts, trusted_services=("config.amazonaws.com",), delegated_administrators=delegated)
    details = {item.resource: item.detail for item in judge("delegated_administrators_valid", found)}
    assert details == {
        arn("account", DEV): "administers macie.amazonaws.com, which the organization does not trust",
        arn("account", PLAY): f"acme-play ({PLAY}) is suspended, yet administers config.amazonaws.com",
        ORGANIZATION: "account 999988887777 is not in the organization, yet administers config.amazonaws.com",
    }
    sound = acme(trusted_services=("config.amazonaws.com",), delegated_administrators={DEV: ("config.amazonaws.com",)})
    assert status("delegated_administrators_valid", sound) == "PASS"


@pytest.mark.parametrize(
    ("control", "dataset"),
    [
        ("management_account_without_workloads", Dataset.ORGANIZATION_TREE),
        ("organizational_units_by_environment", Dataset.ORGANIZATION_TREE),
        ("suspended_accounts_apart", Dataset.ORGANIZATION_TREE),
        ("delegated_policy_administrator", Dataset.ORGANIZATION_RESOURCE_POLICY),
        ("delegated_service_administrators", Dataset.ORGANIZATION_DELEGATIONS),
        ("delegated_administrators_valid", Dataset.ORGANIZATION_DELEGATIONS),
    ],
)
def test_what_was_not_read_is_not_assessed(control: str, dataset: Dataset) -> None:
    assert status(control, acme(read={"unread": (unread(dataset),)})) == "NOT_ASSESSED"
