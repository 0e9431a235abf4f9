# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ControlPolicy,
    Dataset,
    Organization,
    PolicyLevel,
    Snapshot,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.score import frameworks
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity, Status

from ..samples import (
    ACCOUNT,
    ADMIN,
    EVERYTHING,
    MEMBER,
    ROOT,
    allow,
    arn,
    document,
    failing,
    group,
    judge,
    key,
    make_broken_document,
    of_management,
    policy,
    report,
    role,
    row,
    snapshot,
    status,
    trust,
    unread,
    user,
)

CONTROL: t.Final = "privilege_escalation_path"
RUNNING: t.Final = document(allow("iam:PassRole", "ec2:RunInstances"), name="run")
OWN: t.Final = document(allow("iam:PutUserPolicy"), name="own")


def admin_role(name: str = "prod-admin", **fields: t.Any) -> t.Any:
    profile = (arn("instance-profile", name),)
    return role(name, attached_policies=(ADMIN,), **{"instance_profiles": profile, **fields})


def account(**fields: t.Any) -> Snapshot:
    """dev-alice may run instances in the role prod-admin, by way of her group."""
    values: dict[str, t.Any] = {
        "users": (user("dev-alice", groups=("developers",)),),
        "groups": (group("developers", inline_policies=(RUNNING,)),),
        "roles": (admin_role(),),
        "credential_report": report(row("dev-alice", access_keys=(key(),))),
    }
    return snapshot(**{**values, **fields})


def test_says_who_can_become_whom_and_how() -> None:
    (finding,) = judge(CONTROL, account())
    assert finding.status is Status.FAIL
    assert finding.resource == arn("user", "dev-alice")
    assert finding.detail == "dev-alice can become prod-admin by passing a role to a new instance"
    assert finding.evidence.observed == {
        "ends_as": "administrator",
        "path": [
            {
                "from": arn("user", "dev-alice"),
                "to": arn("role", "prod-admin"),
                "method": "ec2_run_instances",
                "name": "passing a role to a new instance",
                "actions": ["iam:PassRole", "ec2:RunInstances"],
                "policies": ["inline policy run of group developers"],
                "via": None,
                "conditional": False,
                "conditions": [],
            }
        ],
    }


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        pytest.param({}, Severity.CRITICAL, id="certain, with a key"),
        pytest.param({"credential_report": report(row("dev-alice"))}, Severity.HIGH, id="without a key"),
        pytest.param(
            {"credential_report": report(row("dev-alice", access_keys=(key(active=False),)))},
            Severity.HIGH,
            id="with an inactive key",
        ),
        pytest.param(
            {"credential_report": None, "unread": (unread(Dataset.CREDENTIAL_REPORT),)},
            Severity.HIGH,
            id="credentials not known",
        ),
        pytest.param(
            {
                "users": (user("dev-alice", inline_policies=(document(allow("sts:AssumeRole")),)),),
                "roles": (admin_role(trust=trust({"AWS": ROOT}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}})),),
            },
            Severity.HIGH,
            id="only with MFA",
        ),
    ],
)
def test_severity(fields: dict[str, t.Any], severity: Severity) -> None:
    assert [finding.severity for finding in judge(CONTROL, account(**fields))] == [severity]


def test_one_finding_a_principal() -> None:
    users = tuple(user(f"dev-{number}", groups=("developers",)) for number in range(3))
    assert failing(CONTROL, account(users=users)) == [arn("user", f"dev-{number}") for number in range(3)]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"users": (user("dev-alice"),)}, id="not in the group"),
        pytest.param({"roles": (admin_role(instance_profiles=()),)}, id="no instance profile"),
        pytest.param({"roles": (admin_role(trust=trust({"Service": "lambda.amazonaws.com"})),)}, id="another service"),
        pytest.param(
            {
                "roles": (admin_role(boundary=arn("policy", "Narrow")),),
                "policies": (policy("Narrow", allow("s3:*"), attachment_count=0, boundary_usage_count=1),),
            },
            id="the role is bounded",
        ),
        pytest.param(
            {
                "users": (user("dev-alice", groups=("developers",), boundary=arn("policy", "Narrow")),),
                "policies": (policy("Narrow", allow("s3:*"), attachment_count=0, boundary_usage_count=1),),
            },
            id="the user is bounded",
        ),
        pytest.param({"users": (user("dev-alice", attached_policies=(ADMIN,)),)}, id="an administrator anyway"),
    ],
)
def test_passes(fields: dict[str, t.Any]) -> None:
    assert status(CONTROL, account(**fields)) == "PASS"


def test_a_pass_says_how_many_administrators_there_are() -> None:
    (finding,) = judge(CONTROL, account(users=(user("dev-alice"),)))
    assert finding.detail == "only 1 administrator have administrator rights"
    assert finding.evidence.observed["organization_policies"] == "respected"
    linked = role("AWSServiceRoleForX", path="/aws-service-role/x.amazonaws.com/")
    (finding,) = judge(CONTROL, account(users=(user("dev-alice"),), roles=(admin_role(), linked)))
    assert (finding.evidence.observed["population"], finding.evidence.observed["unit"]) == (2, "principals")


def test_an_empty_account() -> None:
    assert status(CONTROL, snapshot()) == "PASS"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"path": "/iam-hardening/"}, id="of this collection"),
        pytest.param({"name": "AWSControlTowerExecution"}, id="of Control Tower"),
    ],
)
def test_administrators_by_design_are_no_findings(fields: dict[str, t.Any]) -> None:
    values = {"name": "automation", "inline_policies": (document(allow("iam:PutRolePolicy")),), **fields}
    (finding,) = judge(CONTROL, snapshot(roles=(of_management(**values),), organization=MEMBER))
    assert finding.status.value == "PASS" and finding.evidence.observed["excused"]
    assert failing(CONTROL, snapshot(roles=(role(**values),), organization=MEMBER))
    assert failing(CONTROL, snapshot(roles=(role("app", inline_policies=values["inline_policies"]),)))


def test_a_document_that_does_not_parse_is_no_pass() -> None:
    assert (
        status(CONTROL, snapshot(policies=(policy("Odd", default_version=make_broken_document()),))) == "NOT_ASSESSED"
    )


def test_an_attached_policy_that_was_not_read_is_no_pass() -> None:
    lost = user("dev", attached_policies=(arn("policy", "Lost"),))
    assert status(CONTROL, snapshot(users=(lost,))) == "NOT_ASSESSED"


def test_without_the_policies_nothing_is_said() -> None:
    assert status(CONTROL, snapshot(unread=(unread(Dataset.AUTHORIZATION_DETAILS),))) == "NOT_ASSESSED"


class TestOrganization:
    @staticmethod
    def _under(*statements: t.Any) -> Snapshot:
        full = ControlPolicy("p-full", "FullAWSAccess", "SERVICE_CONTROL_POLICY", document(EVERYTHING))
        own = ControlPolicy("p-own", "guardrail", "SERVICE_CONTROL_POLICY", document(*statements))
        levels = (PolicyLevel("r-1", "Root", (full,), ()), PolicyLevel(ACCOUNT, ACCOUNT, (full, own), ()))
        return account(organization=Organization("o-acme", "999900001111", "ALL"), organization_policies=levels)

    def test_control_policies_close_paths(self) -> None:
        denial = {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}
        assert status(CONTROL, self._under(denial)) == "PASS"
        assert status(CONTROL, self._under({**denial, "Action": "ec2:StopInstances"})) == "FAIL"

    def test_where_they_are_not_told_a_pass_says_so(self) -> None:
        (finding,) = judge(
            CONTROL, account(users=(user("dev-alice"),), unread=(unread(Dataset.ORGANIZATION_POLICIES),))
        )
        assert finding.evidence.observed["organization_policies"].startswith("not known, so they may block paths")


def test_counts_for_frameworks() -> None:
    found = frameworks(judge(CONTROL, account()))
    assert {name for name, requirements in found.items() if requirements} >= {"soc2", "pci_4.0", "nist_800_53"}


def test_a_user_that_is_declared_as_break_glass_may_become_an_administrator() -> None:
    """The variable excuses the user that it names, and the pass says so; the path of its role excuses nobody else."""
    declared = judge(CONTROL, account(), break_glass=(arn("user", "dev-alice"),))
    assert [item.status for item in declared] == [Status.PASS]
    assert declared[0].evidence.observed["excused"] == {"declared as break-glass": ["dev-alice"]}
    (other,) = judge(CONTROL, account(), break_glass=(arn("user", "dev-bob"),))
    assert (other.status, other.resource) == (Status.FAIL, arn("user", "dev-alice"))
