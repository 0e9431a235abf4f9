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
from ..samples import ACCOUNT, allow, document, failing, judge, make_broken_document, role, status, trust, unread, user

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
        "only a person can judge what counts as a workload: 1 EC2 instance; roles for services: web; 2 IAM users"
    )
    observed = finding.evidence.observed
    assert (observed["instances"], observed["roles_for_services"], observed["users"]) == (1, ["web"], 2)


def test_what_was_not_read_of_the_management_account_is_told() -> None:
    missing = (unread(Dataset.AUTHORIZATION_DETAILS), unread(Dataset.INSTANCES, region="us-east-1"))
    (finding,) = judge("management_account_without_workloads", acme(read={"unread": missing}))
    assert finding.detail.endswith(
        ": no sign of a workload was found; not read: instances in us-east-1, users and roles"
    )


def test_a_delegated_administrator_does_not_see_into_the_management_account() -> None:
    (finding,) = judge("management_account_without_workloads", acme(read={"caller": Caller(DEV, "arn", "id")}))
    assert finding.status.value == "NOT_ASSESSED" and f"from account {DEV}" in finding.detail
    assert finding.evidence.observed == {"population": 1, "unit": "accounts"}


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
        (make_broken_document("resource policy"), "NOT_ASSESSED", "not a JSON document"),
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


def read_finding(control: str, found: t.Any) -> tuple[str, t.Any]:
    """What the one finding of a control says, and its evidence."""
    (finding,) = judge(control, found)
    return finding.detail, finding.evidence.observed


def test_the_features_of_the_organization_are_named() -> None:
    both = ("RootSessions", "RootCredentialsManagement")
    assert read_finding("central_root_access", acme(read={"organization_features": both})) == (
        "on: RootCredentialsManagement, RootSessions",
        {"population": 1, "unit": "organizations"},
    )
    sessions = acme(read={"organization_features": both[:1]})
    off = "central management of root credentials is off"
    assert read_finding("central_root_access", sessions) == (
        f"{off} (on: RootSessions)",
        {"features": ["RootSessions"]},
    )
    assert read_finding("central_root_access", acme()) == (f"{off} (on: nothing)", {"features": []})


def test_an_empty_management_account_is_still_a_question() -> None:
    detail, observed = read_finding("management_account_without_workloads", acme())
    assert detail == "only a person can judge what counts as a workload: no sign of a workload was found"
    assert observed == {"population": 1, "unit": "accounts", "roles_for_services": [], "users": 0, "instances": 0}


def test_a_role_for_a_service_beside_people_counts() -> None:
    mixed = trust({"AWS": PROD, "Service": "ec2.amazonaws.com"})
    detail, _observed = read_finding(
        "management_account_without_workloads", acme(read={"roles": (role("mixed", trust=mixed),)})
    )
    assert detail.endswith(": roles for services: mixed")
    broken_ = role("broken", trust=make_broken_document("broken"))
    detail, _observed = read_finding("management_account_without_workloads", acme(read={"roles": (broken_,)}))
    assert detail.endswith(": no sign of a workload was found")


def test_regions_that_were_not_looked_at_are_named_among_what_was_not_read() -> None:
    missing = (unread(Dataset.INSTANCES, region="eu-west-1"),)
    read = {"unread": missing, "regions": ("us-east-1", "eu-west-1")}
    detail, observed = read_finding("management_account_without_workloads", acme(read=read))
    assert detail.endswith("; not read: instances in eu-west-1")
    assert observed["users"] == 0


def test_the_accounts_of_units_are_counted() -> None:
    detail, observed = read_finding("organizational_units_by_environment", acme())
    assert detail == (
        "only a person can judge the purpose of units: "
        "/Sandbox (1 account), /Workloads (0 accounts), /Workloads/Production (2 accounts)"
    )
    counts = {"/Sandbox": 1, "/Workloads": 0, "/Workloads/Production": 2}
    assert observed == {"population": 3, "unit": "units", "accounts_by_unit": counts}
    flat = tuple(dataclasses.replace(item, parent_id=ROOT_ID) for item in tree().accounts)
    assert read_finding("organizational_units_by_environment", acme(accounts=flat)) == (
        "all 3 member accounts lie directly below the root, in no unit",
        {"accounts_by_unit": {"/": 3, "/Sandbox": 0, "/Workloads": 0, "/Workloads/Production": 0}},
    )
    alone = read_finding("organizational_units_by_environment", acme(accounts=tree().accounts[:1]))
    assert alone[0] == "the organization has no other active account"


def test_the_evidence_of_suspended_accounts() -> None:
    accounts = (*tree().accounts[:3], account(PLAY, "acme-play", PRODUCTION, "PENDING_CLOSURE"))
    assert read_finding("suspended_accounts_apart", acme(accounts=accounts)) == (
        "pending closure, and in /Workloads/Production with active accounts",
        {"state": "PENDING_CLOSURE", "path": "/Workloads/Production"},
    )
    apart = (*tree().accounts[:3], account(PLAY, "acme-play", SANDBOX, "SUSPENDED"))
    assert read_finding("suspended_accounts_apart", acme(accounts=apart)) == (
        "1 suspended account assessed",
        {"population": 1, "unit": "suspended accounts"},
    )


def judge_delegation(*actions: str, principal: t.Any = None, **more: t.Any) -> str:
    """The verdict on an organization whose resource policy is this statement."""
    statement = allow(*actions, Principal=principal or {"AWS": f"arn:aws:iam::{DEV}:root"}, **more)
    read = {"organization_resource_policy": document(statement, name="resource policy")}
    return status("delegated_policy_administrator", acme(read=read))


@pytest.mark.parametrize(
    ("action", "expected"),
    [("CreatePolicy", "PASS"), ("UpdatePolicy", "PASS"), ("AttachPolicy", "PASS"), ("DetachPolicy", "FAIL")],
)
def test_one_change_of_policies_is_enough(action: str, expected: str) -> None:
    assert judge_delegation(f"organizations:{action}") == expected


@pytest.mark.parametrize("kind", ["service_control_policy", "resource_control_policy", "tag_policy", "backup_policy"])
def test_one_type_of_policy_is_enough(kind: str) -> None:
    by_key = {"StringEquals": {"organizations:PolicyType": kind.upper()}}
    assert judge_delegation("organizations:*", Condition=by_key) == "PASS"
    for organization, expected in (("o-acme", "PASS"), ("o-other", "FAIL")):
        arn_ = f"arn:aws:organizations::{ACCOUNT}:policy/{organization}/{kind}/*"
        assert judge_delegation("organizations:*", resource=arn_) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"DateLessThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}, "PASS"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}, "FAIL"),
        ({"NumericLessThan": {"aws:EpochTime": "4070908800"}}, "PASS"),
        ({"NumericGreaterThan": {"aws:EpochTime": "4070908800"}}, "FAIL"),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}, "PASS"),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-acme"}}, "FAIL"),
        # Where requests come from is not known, and keeps nobody from it.
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, "PASS"),
    ],
)
def test_conditions_of_a_delegation_are_evaluated(condition: t.Any, expected: str) -> None:
    assert judge_delegation("organizations:*", Condition=condition) == expected


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", "PASS"),
        ({"AWS": "*"}, "PASS"),
        ({"AWS": [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/x"]}, "FAIL"),
        ({"Service": "organizations.amazonaws.com"}, "FAIL"),
        ({"AWS": DEV}, "PASS"),
        ({"AWS": f"arn:aws:iam::{DEV}:user/x"}, "PASS"),
    ],
)
def test_principals_of_a_delegation(principal: t.Any, expected: str) -> None:
    assert judge_delegation("organizations:*", principal=principal) == expected


def test_what_is_denied_is_not_delegated() -> None:
    both = document(
        allow("organizations:*", Principal={"AWS": DEV}),
        {"Effect": "Deny", "Principal": "*", "Action": "organizations:*", "Resource": "*"},
        name="resource policy",
    )
    found = acme(read={"organization_resource_policy": both})
    assert read_finding("delegated_policy_administrator", found) == (
        "only the management account manages policies: "
        "the organization's resource policy lets no account change policies",
        {"delegated": []},
    )


def test_everybody_but_some_is_everybody() -> None:
    statement = {**allow("organizations:*"), "NotPrincipal": {"AWS": f"arn:aws:iam::{PROD}:root"}}
    read = {"organization_resource_policy": document(statement, name="resource policy")}
    detail, observed = read_finding("delegated_policy_administrator", acme(read=read))
    assert f"acme-dev ({DEV})" in detail and f"acme-play ({PLAY})" in detail
    assert observed["unit"] == "delegated accounts"


def test_an_account_of_another_organization_is_not_known_to_be_of_ours() -> None:
    condition = {"StringNotEquals": {"aws:PrincipalOrgID": "o-acme"}}
    statement = allow("organizations:*", Principal={"AWS": "999988887777"}, Condition=condition)
    found = acme(read={"organization_resource_policy": document(statement, name="resource policy")})
    assert read_finding("delegated_policy_administrator", found)[0] == (
        "account 999988887777 is not in the organization, yet may manage policies"
    )


def test_the_evidence_of_a_delegation() -> None:
    read = {"organization_resource_policy": delegation(DEV, "999988887777")}
    assert read_finding("delegated_policy_administrator", acme(read=read)) == (
        "account 999988887777 is not in the organization, yet may manage policies",
        {"account": "999988887777"},
    )
    unparsed = acme(read={"organization_resource_policy": make_broken_document("resource policy")})
    assert read_finding("delegated_policy_administrator", unparsed)[1] == {"population": 1, "unit": "organizations"}
    assert read_finding("delegated_policy_administrator", acme()) == (
        "only the management account manages policies: the organization has no resource policy",
        {"delegated": []},
    )
    sound = acme(read={"organization_resource_policy": delegation(DEV, PROD)})
    assert read_finding("delegated_policy_administrator", sound) == (
        f"policies may be managed by acme-dev ({DEV}), acme-prod ({PROD})",
        {"population": 2, "unit": "delegated accounts"},
    )


# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services_list.html: those that take one
TAKE_AN_ADMINISTRATOR: t.Final = (
    *("access-analyzer", "account", "auditmanager", "backup"),
    *("cloudtrail", "compute-optimizer", "config", "config-multiaccountsetup"),
    *("detective", "devops-guru", "fms", "guardduty"),
    *("health", "iam", "inspector2", "ipam"),
    *("license-manager", "macie", "member.org.stacksets.cloudformation", "reporting.trustedadvisor"),
    *("securityhub", "securitylake", "servicecatalog", "ssm"),
)


def test_every_service_that_takes_an_administrator_is_judged() -> None:
    trusted = tuple(f"{name}.amazonaws.com" for name in TAKE_AN_ADMINISTRATOR)
    found = judge("delegated_service_administrators", acme(trusted_services=trusted))
    assert {item.resource_detail for item in found if item.status.value == "FAIL"} == set(trusted)
    assert len(found) == len(trusted)


def test_the_evidence_of_services() -> None:
    one = acme(trusted_services=("config.amazonaws.com", "tagpolicies.tag.amazonaws.com"))
    assert read_finding("delegated_service_administrators", one) == (
        "config.amazonaws.com is trusted, and only the management account administers it",
        {"service": "config.amazonaws.com", "delegated_to": []},
    )
    none = acme(trusted_services=("tagpolicies.tag.amazonaws.com",))
    detail, observed = read_finding("delegated_service_administrators", none)
    assert detail == "no trusted service is known to support a delegated administrator"
    assert observed == {
        "population": 0,
        "unit": "services",
        "trusted_but_not_judged": ["tagpolicies.tag.amazonaws.com"],
    }


def test_the_evidence_of_delegations() -> None:
    config = ("config.amazonaws.com",)
    untrusted = acme(delegated_administrators={DEV: config})
    assert read_finding("delegated_administrators_valid", untrusted)[1] == {"service": "config.amazonaws.com"}
    gone = acme(trusted_services=config, delegated_administrators={"999988887777": config})
    assert read_finding("delegated_administrators_valid", gone)[1] == {"services": ["config.amazonaws.com"]}
    sound = acme(trusted_services=config, delegated_administrators={DEV: config})
    assert read_finding("delegated_administrators_valid", sound)[1] == {
        "population": 1,
        "unit": "delegated administrators",
    }
