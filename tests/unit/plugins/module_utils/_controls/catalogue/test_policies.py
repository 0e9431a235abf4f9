# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules on single documents, managed and inline."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import ControlPolicy, PolicyLevel, User

from ..samples import (
    EVERYTHING,
    allow,
    arn,
    document,
    failing,
    group,
    judge,
    make_broken_document,
    policy,
    role,
    snapshot,
    status,
    user,
)

P = arn("policy", "P")
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
RULES = [
    "policy_sensitive_wildcard",
    "policy_assume_any_role",
    "policy_full_cloudtrail",
    "policy_full_kms",
    "policy_decrypt_any_key",
    "policy_marketplace_subscribe",
    "policy_service_wildcard",
]


def find_broken_rules(*statements: t.Any) -> list[str]:
    account = snapshot(policies=(policy("P", *statements),))
    return [rule for rule in RULES if failing(rule, account)]


@pytest.mark.parametrize(
    ("statements", "rules"),
    [
        ([allow("s3:ListAllMyBuckets")], []),
        ([allow("iam:CreatePolicyVersion")], ["policy_sensitive_wildcard"]),
        ([allow("iam:SetDefaultPolicyVersion")], ["policy_sensitive_wildcard"]),
        ([allow("iam:PassRole")], ["policy_sensitive_wildcard"]),
        ([allow("iam:PassRole", "ec2:Run*")], ["policy_sensitive_wildcard"]),
        ([allow("iam:PassRole"), allow("lambda:CreateFunction")], ["policy_sensitive_wildcard"]),
        ([allow("iam:PassRole", resource=arn("role", "app")), allow("ec2:Describe*", "lambda:CreateFunction")], []),
        ([allow("sts:AssumeRole")], ["policy_sensitive_wildcard", "policy_assume_any_role"]),
        ([allow("sts:AssumeRole", resource=arn("role", "app"))], []),
        ([allow("cloudtrail:*")], ["policy_sensitive_wildcard", "policy_full_cloudtrail", "policy_service_wildcard"]),
        ([allow("CloudTrail:*")], ["policy_sensitive_wildcard", "policy_full_cloudtrail", "policy_service_wildcard"]),
        ([allow("cloudtrail:Describe*", "cloudtrail:Get*")], []),
        (
            [allow("kms:*")],
            ["policy_sensitive_wildcard", "policy_full_kms", "policy_decrypt_any_key", "policy_service_wildcard"],
        ),
        ([allow("kms:Decrypt")], ["policy_sensitive_wildcard", "policy_decrypt_any_key"]),
        ([allow("kms:Decrypt", resource="arn:aws:kms:eu-west-1:111122223333:key/k")], []),
        ([allow("aws-marketplace:Subscribe")], ["policy_marketplace_subscribe"]),
        ([allow("s3:*", resource="arn:aws:s3:::b/*")], ["policy_service_wildcard"]),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "arn:aws:s3:::b"}], ["policy_service_wildcard"]),
        ([{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}], []),
        ([EVERYTHING], []),
        ([], []),
    ],
)
def test_rules(statements: list[t.Any], rules: list[str]) -> None:
    """Full administrators have a control of their own, and are not told of by every rule once more."""
    assert find_broken_rules(*statements) == rules


def test_not_action_that_leaves_iam_out_is_a_wildcard_but_no_administrator() -> None:
    found = find_broken_rules({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"})
    assert "policy_service_wildcard" in found and "policy_sensitive_wildcard" in found


@pytest.mark.parametrize("rule", RULES[:-1])
def test_a_condition_or_a_denial_takes_the_finding_away(rule: str) -> None:
    """Peers judge by sets of actions alone, and so flag policies that allow nothing of the kind."""
    actions = ("iam:*", "cloudtrail:*", "kms:*", "sts:AssumeRole", "aws-marketplace:Subscribe")
    assert failing(rule, snapshot(policies=(policy("P", allow(*actions)),))) == [P]
    assert failing(rule, snapshot(policies=(policy("P", allow(*actions, Condition=MFA)),))) == []


def test_a_denial_in_the_same_document_counts() -> None:
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    assert find_broken_rules(allow("iam:CreatePolicyVersion"), deny) == []


@pytest.mark.parametrize(
    ("statement", "rule", "expected"),
    [
        (allow("s3:GetObject", resource="arn:aws:s3:::*"), "policy_sensitive_wildcard", True),
        (allow("s3:GetObject", resource="arn:aws:s3:::acme-*"), "policy_sensitive_wildcard", False),
        (allow("iam:PassRole", resource="arn:aws:iam::*:role/*"), "policy_sensitive_wildcard", True),
        (allow("sts:AssumeRole", resource="arn:aws:iam::*:role/*"), "policy_assume_any_role", True),
        (allow("sts:AssumeRole", resource="arn:aws:iam::*:role/reader"), "policy_assume_any_role", False),
        (allow("kms:*", resource="arn:aws:kms:*:*:key/*"), "policy_full_kms", True),
        ({"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"}, "policy_full_kms", True),
        ({"Effect": "Allow", "NotAction": ["iam:*", "kms:*"], "Resource": "*"}, "policy_full_kms", False),
    ],
)
def test_every_resource_has_many_spellings(statement: t.Any, rule: str, expected: bool) -> None:
    assert (rule in find_broken_rules(statement)) is expected


def test_statements_count_together() -> None:
    everything_of_two = [allow("kms:*", resource="arn:aws:kms:*:*:key/*"), allow("kms:*", resource="arn:aws:s3:::b")]
    assert "policy_full_kms" in find_broken_rules(*everything_of_two)
    halves = [
        allow("ec2:RunInstances", resource="arn:aws:ec2:*:*:instance/*"),
        allow("ec2:RunInstances", resource="arn:aws:ec2:*::image/*"),
    ]
    assert find_broken_rules(halves[0]) == []
    assert find_broken_rules(*halves) == ["policy_sensitive_wildcard"]


def judge_holders(*holders: t.Any, groups: tuple[t.Any, ...] = ()) -> list[str]:
    """What is found of a policy with all of KMS, below a boundary of S3 for those who have it."""
    boundary = policy("Boundary", allow("s3:*"), attachment_count=0, boundary_usage_count=1)
    users = tuple(item for item in holders if isinstance(item, User))
    roles = tuple(item for item in holders if not isinstance(item, User))
    policies = (policy("P", allow("kms:*")), boundary)
    return failing("policy_full_kms", snapshot(users=users, roles=roles, groups=groups, policies=policies))


def test_boundaries_of_all_holders_take_away() -> None:
    limit = arn("policy", "Boundary")
    bounded = role("bounded", attached_policies=(P,), boundary=limit)
    assert judge_holders(bounded) == []
    assert judge_holders(bounded, role("free", attached_policies=(P,))) == [P]
    assert judge_holders(bounded, role("unknown", attached_policies=(P,), boundary=arn("policy", "Gone"))) == [P]
    members = (group("g", attached_policies=(P,)),)
    assert judge_holders(user("a", groups=("g",), boundary=limit), groups=members) == []
    assert judge_holders(user("a", groups=("g",), boundary=limit), user("b", groups=("g",)), groups=members) == [P]
    # Nobody has it yet, so nothing limits who will.
    assert judge_holders() == [P]
    inline = role("inline", inline_policies=(document(allow("kms:*")),), boundary=limit)
    assert judge_holders(inline, role("free", attached_policies=(P,))) == [P]


def test_control_policies_take_away() -> None:
    scp = document({**allow("cloudtrail:StopLogging", "cloudtrail:DeleteTrail"), "Effect": "Deny"}, allow("*"))
    level = PolicyLevel("r-1", "r-1", (ControlPolicy("p-1", "guardrail", "SERVICE_CONTROL_POLICY", scp),), ())
    account = snapshot(policies=(policy("P", allow("cloudtrail:StopLogging")),))
    assert failing("policy_sensitive_wildcard", account) == [P]
    assert failing("policy_sensitive_wildcard", dataclasses.replace(account, organization_policies=(level,))) == []


def test_inline_policies_are_judged_under_their_principal() -> None:
    inline = document(allow("iam:PutUserPolicy"), name="mine")
    account = snapshot(users=(user("a", inline_policies=(inline,)),), roles=(role("r", inline_policies=(inline,)),))
    assert failing("policy_sensitive_wildcard", account) == [
        f"{arn('role', 'r')} inline policy mine",
        f"{arn('user', 'a')} inline policy mine",
    ]


@pytest.mark.parametrize(
    ("fields", "fails"),
    [
        ({"attachment_count": 0, "boundary_usage_count": 2}, False),
        ({"attachment_count": 1, "boundary_usage_count": 2}, True),
        ({"attachment_count": 0}, True),
        ({"is_aws_managed": True}, False),
    ],
)
def test_boundaries_and_aws_policies_are_not_judged(fields: dict[str, t.Any], fails: bool) -> None:
    account = snapshot(policies=(policy("P", allow("ec2:*"), **fields),))
    assert (status("policy_service_wildcard", account) == "FAIL") is fails


def test_an_unattached_policy_is_said_to_be_so() -> None:
    (finding,) = judge("policy_full_kms", snapshot(policies=(policy("P", allow("kms:*"), attachment_count=0),)))
    assert finding.detail == "kms:*; not attached"
    assert finding.evidence.observed == {"allows": ["kms:*"]}


def test_an_inline_policy_is_named() -> None:
    inline = (document(allow("kms:*"), name="mine"),)
    (finding,) = judge("policy_full_kms", snapshot(users=(user("a", inline_policies=inline),)))
    assert finding.detail == "inline policy mine: kms:*"


def test_a_pass_counts_the_policies() -> None:
    (finding,) = judge("policy_full_kms", snapshot(policies=(policy("P"), policy("Q"))))
    assert finding.detail == "2 policies assessed"


def test_the_three_policies_of_the_reference_assessment() -> None:
    account = snapshot(
        policies=(
            policy("DevPolicy", allow("s3:*", "lambda:*", "dynamodb:*", "kms:Decrypt", "iam:PassRole")),
            policy("CIPolicy", allow("iam:PassRole", "iam:CreatePolicyVersion", "sts:AssumeRole")),
            policy("LegacyAdminPolicy", allow("iam:*", "cloudtrail:*", "ec2:*")),
            policy("BackupPolicy", allow("s3:GetObject", resource="arn:aws:s3:::acme-backup/*")),
        )
    )
    assert failing("policy_sensitive_wildcard", account) == [
        arn("policy", name) for name in ("CIPolicy", "DevPolicy", "LegacyAdminPolicy")
    ]


def test_a_document_that_does_not_parse_is_the_one_that_is_not_assessed() -> None:
    """F4: it is named as a resource, beside the others that fail."""
    policies = (
        policy("P", allow("iam:PassRole")),
        policy("Odd", default_version=make_broken_document("Odd")),
        policy("Good"),
    )
    inline = role("app", inline_policies=(make_broken_document("deploy"),))
    found = judge("policy_sensitive_wildcard", snapshot(policies=policies, roles=(inline,)))
    assert [(item.resource, item.resource_detail, item.status.value) for item in found] == [
        (P, None, "FAIL"),
        (arn("policy", "Odd"), None, "NOT_ASSESSED"),
        (arn("role", "app"), "inline policy deploy", "NOT_ASSESSED"),
    ]
    assert found[1].detail == "its document could not be parsed"
