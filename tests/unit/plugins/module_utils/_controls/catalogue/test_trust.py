# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom roles trust."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ControlPolicy,
    Organization,
    PolicyLevel,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    MemberAccount,
    OrganizationTree,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.trusts import Trust

from ..samples import (
    ACCOUNT,
    ADMIN,
    EVERYTHING,
    ROOT,
    allow,
    arn,
    document,
    failing,
    judge,
    make_broken_document,
    policy,
    role,
    snapshot,
    status,
    trust,
)

OTHER = "999988887777"
FOREIGN = f"arn:aws:iam::{OTHER}:root"
EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "s3cret"}}
OWN_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
GITHUB = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}
CLUSTER = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"}


def fails(control: str, principal: t.Any, condition: t.Any = None, **fields: t.Any) -> bool:
    app = role("app", trust=trust(principal, condition), **fields)
    account = snapshot(roles=(app,), organization=Organization("o-1", "444455556666", "ALL"))
    return failing(control, account) == [arn("role", "app")]


def subject(value: t.Any, operator: str = "StringLike", issuer: str = "token.actions.githubusercontent.com") -> t.Any:
    return {operator: {f"{issuer}:sub": value, f"{issuer}:aud": "sts.amazonaws.com"}}


@pytest.mark.parametrize(
    ("principal", "condition", "expected"),
    [
        ("*", None, True),
        ({"AWS": "*"}, None, True),
        ({"AWS": ["*", ROOT]}, None, True),
        ("*", OWN_ORGANIZATION, False),
        ("*", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True),
        ("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ("*", {"StringLike": {"aws:PrincipalArn": "*"}}, True),
        ("*", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}, True),
        ("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}}, False),
        ("*", {"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"AWS": ROOT}, None, False),
    ],
)
def test_public(principal: t.Any, condition: t.Any, expected: bool) -> None:
    assert fails("trust_not_public", principal, condition) is expected


def test_everybody_but_some_is_public() -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": FOREIGN}}
    assert status("trust_not_public", snapshot(roles=(role(trust=document(statement)),))) == "FAIL"


@pytest.mark.parametrize(
    ("principal", "condition", "expected"),
    [
        ({"AWS": FOREIGN}, None, True),
        ({"AWS": OTHER}, None, True),
        ({"AWS": [ROOT, f"arn:aws:iam::{OTHER}:role/x"]}, None, True),
        ({"AWS": FOREIGN}, EXTERNAL_ID, False),
        ({"AWS": FOREIGN}, OWN_ORGANIZATION, False),
        ({"AWS": ROOT}, None, False),
        ({"AWS": "AIDAEXAMPLEEXAMPLE00"}, None, False),
        ({"Service": "ec2.amazonaws.com"}, None, False),
    ],
)
def test_foreign_accounts(principal: t.Any, condition: t.Any, expected: bool) -> None:
    assert fails("trust_foreign_account", principal, condition) is expected


def test_known_accounts_are_not_foreign() -> None:
    account = snapshot(roles=(role(trust=trust({"AWS": FOREIGN})),))
    assert status("trust_foreign_account", account, trusted_account_ids=(OTHER,)) == "PASS"
    managed = snapshot(roles=account.roles, organization=Organization("o-1", OTHER, "ALL"))
    assert status("trust_foreign_account", managed) == "PASS"


READING = allow("s3:Get*", "dynamodb:Get*", "ssm:Get*", "lambda:Get*")


@pytest.mark.parametrize(
    ("principal", "statement", "boundary", "expected"),
    [
        (FOREIGN, READING, None, True),
        (FOREIGN, EVERYTHING, None, True),
        (FOREIGN, allow("s3:Get*"), None, False),
        (FOREIGN, {**READING, "Resource": "arn:aws:s3:::b/*"}, None, False),
        (FOREIGN, READING, allow("s3:*"), False),
        (ROOT, READING, None, False),
    ],
)
def test_reading_everything_from_a_foreign_account(
    principal: str, statement: t.Any, boundary: t.Any, expected: bool
) -> None:
    """What AWS's ReadOnlyAccess allows counts, whatever the policy is called."""
    reader = role(
        trust=trust({"AWS": principal}, EXTERNAL_ID),
        attached_policies=(arn("policy", "Reader"),),
        boundary=arn("policy", "Boundary") if boundary else None,
    )
    policies = (policy("Reader", statement), *([policy("Boundary", boundary)] if boundary else []))
    found = failing("trust_foreign_readonly", snapshot(roles=(reader,), policies=policies))
    assert found == ([reader.arn] if expected else [])


def test_what_the_organization_denies_is_not_open() -> None:
    """RCPs hold for whoever calls: organizations/latest/userguide/orgs_manage_policies_rcps.html"""
    outsiders = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": "*", "Condition": outsiders}
    level = PolicyLevel(
        "r-1", "r-1", (), (ControlPolicy("p-1", "perimeter", "RESOURCE_CONTROL_POLICY", document(deny)),)
    )
    roles = (role("anyone", trust=trust("*")), role("partner", trust=trust({"AWS": FOREIGN})))
    open_to_all = snapshot(roles=roles)
    assert failing("trust_not_public", open_to_all) == [arn("role", "anyone")]
    assert failing("trust_foreign_account", open_to_all) == [arn("role", "partner")]
    closed = snapshot(
        roles=roles, organization_policies=(level,), organization=Organization("o-1", "444455556666", "ALL")
    )
    assert status("trust_not_public", closed) == "PASS"
    assert status("trust_foreign_account", closed) == "PASS"


@pytest.mark.parametrize(
    ("principal", "condition", "severity"),
    [
        (GITHUB, None, "critical"),
        (GITHUB, subject("*"), "critical"),
        (GITHUB, subject("repo:*"), "critical"),
        (GITHUB, subject("repo:*/app:ref:refs/heads/main"), "critical"),
        (GITHUB, subject(["repo:acme/app:*", "repo:*"]), "critical"),
        (GITHUB, subject("repo:acme/*"), "high"),
        (GITHUB, subject("repo:acme/app:*"), None),
        (GITHUB, subject("repo:acme/app-*:ref:refs/heads/main"), None),
        (GITHUB, subject("repo:acme/app:environment:prod", "StringEquals"), None),
        (GITHUB, subject("repo:acme/app:*", "StringLikeIfExists"), "critical"),
        (GITHUB, subject("repo:acme/app:*", "ForAllValues:StringLike"), "critical"),
        (GITHUB, {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}, "critical"),
        (CLUSTER, None, "high"),
        (CLUSTER, subject("system:serviceaccount:*", issuer="oidc.eks.eu-west-1.amazonaws.com/id/ABC"), "high"),
        (CLUSTER, subject("system:serviceaccount:shop:web", issuer="oidc.eks.eu-west-1.amazonaws.com/id/ABC"), None),
        ({"Federated": "cognito-identity.amazonaws.com"}, None, "critical"),
        (
            {"Federated": "cognito-identity.amazonaws.com"},
            {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:pool"}},
            "high",
        ),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/Idp"}, None, None),
        ({"Service": "ec2.amazonaws.com"}, None, None),
    ],
)
def test_federated_subjects(principal: t.Any, condition: t.Any, severity: t.Optional[str]) -> None:
    (finding,) = judge("trust_federated_subject", snapshot(roles=(role(trust=trust(principal, condition)),)))
    assert (finding.severity.value if finding.status.value == "FAIL" else None) == severity


@pytest.mark.parametrize(
    ("principal", "condition", "expected"),
    [
        ({"Service": "sns.amazonaws.com"}, None, True),
        ({"Service": "sns.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, False),
        ({"Service": "sns.amazonaws.com"}, {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{ACCOUNT}:*"}}, False),
        ({"Service": "ec2.amazonaws.com"}, None, False),
        ({"Service": ["ec2.amazonaws.com.cn", "lambda.amazonaws.com"]}, None, False),
        ({"AWS": ROOT}, None, False),
    ],
)
def test_confused_deputy(principal: t.Any, condition: t.Any, expected: bool) -> None:
    assert fails("trust_confused_deputy", principal, condition) is expected


@pytest.mark.parametrize(
    ("principal", "expected"),
    [("AIDAQ3EGRJIJEXAMPLE00", True), ("AROAQ3EGRJIJEXAMPLE00", True), (arn("user", "AIDA"), False), (ROOT, False)],
)
def test_orphaned_principals(principal: str, expected: bool) -> None:
    assert fails("trust_orphaned_principal", {"AWS": principal}) is expected


@pytest.mark.parametrize(
    ("principal", "condition", "policies", "expected"),
    [
        (ROOT, None, (ADMIN,), True),
        (arn("user", "alice"), None, (ADMIN,), True),
        (ROOT, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, (ADMIN,), False),
        (arn("role", "pipeline"), None, (ADMIN,), False),
        (ROOT, None, (), False),
        (FOREIGN, None, (ADMIN,), False),
    ],
)
def test_administrators_need_mfa(principal: str, condition: t.Any, policies: tuple[str, ...], expected: bool) -> None:
    assert fails("trust_admin_mfa", {"AWS": principal}, condition, attached_policies=policies) is expected


def test_roles_of_aws_are_not_judged() -> None:
    account = snapshot(roles=(role(trust=trust("*"), path="/aws-reserved/sso.amazonaws.com/"),))
    assert status("trust_not_public", account) == "NOT_APPLICABLE"


def test_a_trust_policy_that_does_not_parse_is_no_pass() -> None:
    (finding,) = judge("trust_not_public", snapshot(roles=(role("odd", trust=make_broken_document()),)))
    assert finding.status.value == "NOT_ASSESSED" and finding.resource == arn("role", "odd")


def test_a_trust_policy_that_does_not_parse_matters_to_those_concerned() -> None:
    """Whom a role that is no administrator lets in without MFA is no question."""
    items = (
        role("plain", trust=make_broken_document()),
        role("admin", trust=make_broken_document(), attached_policies=(ADMIN,)),
    )
    (finding,) = judge("trust_admin_mfa", snapshot(roles=items))
    assert (finding.status.value, finding.resource) == ("NOT_ASSESSED", arn("role", "admin"))


def test_roles_with_the_same_trust_policy_are_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    real = Trust.find_deleted_principals

    def counting(self: Trust) -> tuple[str, ...]:
        asked.append(self)
        return real(self)

    monkeypatch.setattr(Trust, "find_deleted_principals", counting)
    roles = (*(role(f"r{number}") for number in range(9)), role("other", trust=trust({"AWS": ROOT})))
    (finding,) = judge("trust_orphaned_principal", snapshot(roles=roles))
    assert finding.detail == "10 roles assessed" and len(asked) == 2


def test_failures_stand_beside_what_could_not_be_judged() -> None:
    items = (role("odd", trust=make_broken_document()), role("open", trust=trust("*")), role("closed"))
    found = judge("trust_not_public", snapshot(roles=items))
    assert [(item.status.value, item.resource) for item in found] == [
        ("FAIL", arn("role", "open")),
        ("NOT_ASSESSED", arn("role", "odd")),
    ]


def test_accounts_of_the_organization_are_inside() -> None:
    member = MemberAccount(OTHER, "other", "other@example.com", "ACTIVE", "r-1")
    tree = OrganizationTree("o-1", "444455556666", "ALL", "r-1", units=(), accounts=(member,))
    account = snapshot(roles=(role(trust=trust({"AWS": FOREIGN})),))
    assert status("trust_foreign_account", account) == "FAIL"
    assert status("trust_foreign_account", dataclasses.replace(account, organization_tree=tree)) == "PASS"


@pytest.mark.parametrize(
    "statement", [{"Effect": "Allow"}, {"Effect": "Allow", "Principal": 7}, {"Effect": "Deny"}, "text"]
)
def test_odd_statements_are_no_pass(statement: t.Any) -> None:
    """IAM stores no such statements: what AWS would make of one is not known."""
    account = snapshot(roles=(role(trust=document(statement)),))
    assert status("trust_not_public", account) == "NOT_ASSESSED"
    assert status("trust_foreign_account", account) == "NOT_ASSESSED"


def reason(control: str, *statements: t.Any) -> t.Optional[str]:
    """The fingerprint of the reason for which a role with these trust statements fails."""
    app = role("app", trust=document(*statements))
    account = snapshot(roles=(app,), organization=Organization("o-1", "444455556666", "ALL"))
    (found,) = [finding for finding in judge(control, account) if finding.status is Status.FAIL]
    return found.reason_fingerprint


def lets(principal: t.Any, condition: t.Any = None, effect: str = "Allow") -> dict[str, t.Any]:
    found = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}
    return {**found, "Condition": condition} if condition else found


CI: t.Final = f"arn:aws:iam::{OTHER}:role/ci"
OFFICE: t.Final = {"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "203.0.113.0/24"]}}
THIS_YEAR: t.Final = {"DateLessThan": {"aws:CurrentTime": "2026-12-31T00:00:00Z"}}
EC2: t.Final = lets({"Service": "ec2.amazonaws.com"})
WIDER: t.Final[dict[str, tuple[str, t.Any, t.Any]]] = {
    "a whole account in place of a role": ("trust_foreign_account", lets({"AWS": CI}), lets({"AWS": FOREIGN})),
    "a further role": ("trust_foreign_account", lets({"AWS": CI}), lets({"AWS": [CI, f"{CI}-2"]})),
    "from everywhere": ("trust_not_public", lets("*", OFFICE), lets("*")),
    "from elsewhere": ("trust_not_public", lets("*", OFFICE), lets("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}})),
    "for longer": (
        "trust_foreign_account",
        lets({"AWS": CI}, THIS_YEAR),
        lets({"AWS": CI}, {"DateLessThan": {"aws:CurrentTime": "2036-12-31T00:00:00Z"}}),
    ),
    "with IfExists": (
        "trust_not_public",
        lets("*", {"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
        lets("*", {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}),
    ),
}


@pytest.mark.parametrize("name", WIDER)
def test_a_waiver_for_one_trust_does_not_cover_a_wider_one(name: str) -> None:
    control, accepted, wider = WIDER[name]
    assert reason(control, accepted) != reason(control, wider)


def test_a_waiver_ends_where_a_denial_is_taken_away() -> None:
    denial = lets("*", {"NotIpAddress": OFFICE["IpAddress"]}, effect="Deny")
    accepted = lets({"AWS": CI})
    assert reason("trust_foreign_account", accepted, denial) != reason("trust_foreign_account", accepted)


def test_a_waiver_lasts_while_the_trust_says_the_same() -> None:
    accepted = reason("trust_foreign_account", lets({"AWS": [CI, f"{CI}-2"]}, OFFICE))
    turned = {"IpAddress": {"aws:SourceIp": OFFICE["IpAddress"]["aws:SourceIp"][::-1]}}
    assert reason("trust_foreign_account", lets({"AWS": [f"{CI}-2", CI]}, turned)) == accepted
    assert reason("trust_foreign_account", EC2, lets({"AWS": [CI, f"{CI}-2"]}, OFFICE)) == accepted


def test_an_external_id_is_not_in_the_evidence() -> None:
    app = role("app", trust=trust({"AWS": FOREIGN}, EXTERNAL_ID), attached_policies=(ADMIN,))
    (found,) = judge("trust_foreign_readonly", snapshot(roles=(app,)))
    assert found.status is Status.FAIL
    assert "s3cret" not in json.dumps(found.as_dict())
    assert found.evidence.observed["terms"][0].startswith(
        f'Allow AWS {FOREIGN} if StringEquals sts:ExternalId ["sha256 '
    )
