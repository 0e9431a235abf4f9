# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Denials without MFA that also hit roles, and what looks like them but does not."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.mfa_pattern import (
    FEDERATED,
    IDENTITY_CENTER,
    WORKLOADS,
    MfaDenial,
    unsafe_mfa_denials,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

MFA = "aws:MultiFactorAuthPresent"
WITHOUT_MFA = {"BoolIfExists": {MFA: "false"}}
USERS = {"aws:PrincipalArn": "arn:*:iam::*:user/*"}
EVERYBODY = (WORKLOADS, IDENTITY_CENTER, FEDERATED)
# As how-tos have it.
HOW_TO = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyAllExceptMFA",
            "Effect": "Deny",
            "NotAction": [
                "iam:CreateVirtualMFADevice",
                "iam:EnableMFADevice",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice",
                "sts:GetSessionToken",
            ],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }
    ],
}


def find_denials(condition: t.Any, **elements: t.Any) -> tuple[MfaDenial, ...]:
    """What is wrong with a statement that denies everything but reading one's own devices."""
    what = {} if "Action" in elements else {"NotAction": ["iam:ListMFADevices", "sts:GetSessionToken"]}
    statement = {"Effect": "Deny", "Resource": "*", **what, "Condition": condition, **elements}
    return unsafe_mfa_denials(parse({"Version": "2012-10-17", "Statement": [statement]}))


def test_the_policy_of_how_tos() -> None:
    (denial,) = unsafe_mfa_denials(parse(HOW_TO))
    assert denial == MfaDenial(
        "DenyAllExceptMFA", ("BoolIfExists aws:MultiFactorAuthPresent false",), EVERYBODY, everything=True
    )
    assert str(denial) == (
        "DenyAllExceptMFA denies all but a few actions without MFA (BoolIfExists aws:MultiFactorAuthPresent false) and "
        f"is not restricted to IAM users: it also cuts off {WORKLOADS}, {IDENTITY_CENTER}, {FEDERATED}"
    )


@pytest.mark.parametrize(
    "condition",
    [
        {"BoolIfExists": {MFA: "false"}},
        {"BoolIfExists": {MFA: False}},
        {"BoolIfExists": {"AWS:multifactorauthpresent": ["false"]}},
        {"Null": {MFA: "true"}},
        {"StringNotEquals": {MFA: "true"}},
        {"StringNotEqualsIgnoreCase": {MFA: "true"}},
        {"StringNotLike": {MFA: "true"}},
        {"StringEqualsIfExists": {MFA: "false"}},
        {"StringNotEqualsIfExists": {MFA: "true"}},
        {"ForAllValues:Bool": {MFA: "false"}},
        {"ForAllValues:StringEquals": {MFA: "false"}},
        {"ForAllValues:BoolIfExists": {MFA: "false"}},
        {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}},
        {"Null": {"aws:MultiFactorAuthAge": "true"}},
        {"NumericNotEquals": {"aws:MultiFactorAuthAge": "0"}},
        # What leaves out somebody, but not whoever is not named.
        {**WITHOUT_MFA, "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/break-glass"}},
        {**WITHOUT_MFA, "StringNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/ci-*"]}},
        {**WITHOUT_MFA, "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::999988887777:role/*"}},
        {**WITHOUT_MFA, "StringNotEquals": {"aws:PrincipalTag/mfa-exempt": "true"}},
        {**WITHOUT_MFA, "Null": {"aws:PrincipalTag/robot": "true"}},
        {**WITHOUT_MFA, "StringEquals": {"aws:PrincipalType": ["User", "AssumedRole"]}},
        # What the caller's account, place or moment decide is open.
        {**WITHOUT_MFA, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {**WITHOUT_MFA, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        {**WITHOUT_MFA, "StringEquals": {"aws:PrincipalOrgID": "o-example1234"}},
        {"BoolIfExists": {MFA: "false", "aws:ViaAWSService": "false"}},
        {**WITHOUT_MFA, "Null": {"aws:username": "true"}},
    ],
)
def test_nobody_named_is_left_out(condition: t.Any) -> None:
    (denial,) = find_denials(condition)
    assert denial.everything
    assert denial.statement == "statement 1"
    assert set(EVERYBODY) == set(denial.cut_off)


@pytest.mark.parametrize(
    ("condition", "cut_off"),
    [
        # Sessions that were opened without MFA say so, those of identity providers do not.
        ({"Bool": {MFA: "false"}}, {WORKLOADS}),
        ({"StringEquals": {MFA: "false"}}, {WORKLOADS}),
        (
            {**WITHOUT_MFA, "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/aws-reserved/*"}},
            {WORKLOADS, FEDERATED},
        ),
        ({**WITHOUT_MFA, "Null": {"aws:FederatedProvider": "false"}}, {IDENTITY_CENTER, FEDERATED}),
        # Naming permission sets does not give their sessions the key.
        (
            {
                **WITHOUT_MFA,
                "ArnLike": {
                    "aws:PrincipalArn": "arn:*:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"
                },
            },
            {IDENTITY_CENTER},
        ),
        ({**WITHOUT_MFA, "ArnLike": {"aws:PrincipalArn": "arn:aws-cn:iam::*:role/*"}}, set(EVERYBODY)),
    ],
)
def test_who_is_cut_off(condition: t.Any, cut_off: set[str]) -> None:
    (denial,) = find_denials(condition)
    assert set(denial.cut_off) == cut_off


@pytest.mark.parametrize(
    "condition",
    [
        {**WITHOUT_MFA, "ArnLike": USERS},
        {**WITHOUT_MFA, "StringLike": USERS},
        {**WITHOUT_MFA, "ArnLike": {"aws:PrincipalArn": "arn:aws-us-gov:iam::*:user/*"}},
        {**WITHOUT_MFA, "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/*"}},
        {**WITHOUT_MFA, "ArnNotLike": {"aws:PrincipalArn": ["arn:*:iam::*:role/*", "arn:*:iam::*:user/workload/*"]}},
        {**WITHOUT_MFA, "StringEquals": {"aws:PrincipalType": "User"}},
        {**WITHOUT_MFA, "StringNotEquals": {"aws:PrincipalType": "AssumedRole"}},
        {**WITHOUT_MFA, "Null": {"aws:username": "false"}},
        {**WITHOUT_MFA, "StringLike": {"aws:userid": "AIDA*"}},
        {**WITHOUT_MFA, "StringNotLike": {"aws:userid": "AROA*"}},
        {**WITHOUT_MFA, "StringEquals": {"aws:PrincipalTag/kind": "human"}},
        {**WITHOUT_MFA, "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/human-admin"}},
        {**WITHOUT_MFA, "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}},
        {**WITHOUT_MFA, "Bool": {"aws:PrincipalIsAWSService": "true"}},
        # The other way round.
        {"Bool": {MFA: "true"}},
        {"Null": {MFA: "false"}, "StringEquals": {MFA: "true"}},
        {"ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/deploy"}},
    ],
)
def test_twins_that_hit_no_unnamed_role(condition: t.Any) -> None:
    assert find_denials(condition) == ()


@pytest.mark.parametrize(
    "elements",
    [
        {"Effect": "Allow"},
        {"Effect": "Deny", "NotAction": "*"},
        {"Resource": ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/${aws:username}"]},
    ],
)
def test_statements_that_deny_roles_nothing(elements: t.Any) -> None:
    assert find_denials(WITHOUT_MFA, **elements) == ()


@pytest.mark.parametrize(
    ("elements", "everything"),
    [
        ({"Action": "*"}, True),
        ({"Action": ["*:*"]}, True),
        ({"Action": ["ec2:StopInstances", "ec2:TerminateInstances"]}, False),
        ({"Action": "iam:*", "Resource": "arn:aws:iam::*:user/*"}, False),
        ({"Action": "iam:DeactivateMFADevice", "Resource": ["arn:aws:iam::*:user/${aws:username}", "*"]}, False),
    ],
)
def test_how_much_is_denied(elements: t.Any, everything: bool) -> None:
    (denial,) = find_denials(WITHOUT_MFA, **elements)
    assert denial.everything is everything
    assert ("all but a few actions" in str(denial)) is everything


def test_the_account_whose_roles_are_excepted() -> None:
    condition = {**WITHOUT_MFA, "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::444455556666:role/*"}}
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    policy = parse({"Version": "2012-10-17", "Statement": [statement]})
    assert unsafe_mfa_denials(policy, account="444455556666") == ()
    assert unsafe_mfa_denials(policy)


def test_each_statement_by_itself() -> None:
    safe = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {**WITHOUT_MFA, "ArnLike": USERS}}
    bad = {"Sid": "Bad", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": WITHOUT_MFA}
    policy = parse({"Version": "2012-10-17", "Statement": [safe, bad, {**bad, "Sid": "Worse"}]})
    assert [denial.statement for denial in unsafe_mfa_denials(policy)] == ["Bad", "Worse"]
