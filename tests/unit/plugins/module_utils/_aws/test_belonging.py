# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.belonging import find_mismatch

ACCOUNT = "111122223333"
ROLE = {"RoleName": "deploy", "Arn": f"arn:aws:iam::{ACCOUNT}:role/ci/deploy", "AssumeRolePolicyDocument": {}}
FOREIGN = "arn:aws:iam::999900001111"
DETAILS = "iam:GetAccountAuthorizationDetails"
TRAILS = "cloudtrail:DescribeTrails"
TRAIL = {"TrailARN": "arn:aws:cloudtrail:us-east-1:999900001111:trail/all"}


def find(name: str, answer: dict[str, t.Any], **parameters: str) -> str:
    return find_mismatch(name, parameters, answer, f"arn:aws:sts::{ACCOUNT}:assumed-role/auditor/s")


@pytest.mark.parametrize(
    ("name", "parameters", "answer"),
    [
        ("iam:GetRole", {"RoleName": "Deploy"}, {"Role": ROLE}),
        ("iam:GetUser", {}, {"User": {"Arn": f"arn:aws:iam::{ACCOUNT}:root"}}),
        (
            "iam:GetPolicy",
            {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            {"Policy": {"Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}},
        ),
        (
            "iam:GetRolePolicy",
            {"RoleName": "a", "PolicyName": "b"},
            {"RoleName": "a", "PolicyName": "b", "PolicyDocument": {}},
        ),
        ("iam:GetPolicyVersion", {"VersionId": "v1"}, {"PolicyVersion": {"VersionId": "v1", "Document": {}}}),
        (DETAILS, {}, {"Policies": [{"Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}], "RoleDetailList": [ROLE]}),
        (TRAILS, {}, {"trailList": [{**TRAIL, "IsOrganizationTrail": True}]}),
        ("iam:ListUsers", {}, {"Users": [{"Arn": f"{FOREIGN}:user/eve"}]}),
        ("iam:GetRole", {"RoleName": "deploy"}, {"Role": "unreadable"}),
        ("iam:GetCredentialReport", {}, {"Content": b"<html>\x00\xff"}),
        ("iam:GetCredentialReport", {}, {"Content": "unreadable"}),
        ("iam:GetCredentialReport", {}, {"Content": b"user,arn\n" + b"x" * 200_000}),
        ("cloudtrail:LookupEvents", {}, {"Events": [{"CloudTrailEvent": "cut off {"}, {"CloudTrailEvent": "[7]"}, {}]}),
    ],
)
def test_what_was_asked_is_let_through(name: str, parameters: dict[str, str], answer: dict[str, t.Any]) -> None:
    assert find(name, answer, **parameters) == ""


@pytest.mark.parametrize(
    ("name", "parameters", "answer", "wrong"),
    [
        ("iam:GetRole", {"RoleName": "deploy"}, {"Role": {**ROLE, "Arn": f"{FOREIGN}:role/deploy"}}, "of account 9999"),
        ("iam:GetRole", {"RoleName": "other"}, {"Role": ROLE}, "about deploy, not about other"),
        (
            "iam:GetRole",
            {"RoleName": "deploy"},
            {"Role": {**ROLE, "AssumeRolePolicyDocument": "%7B"}},
            "AssumeRolePolicyDocument is no policy, but a str",
        ),
        ("iam:GetUser", {"UserName": "eve"}, {"User": {"UserName": "eve", "Arn": f"{FOREIGN}:user/eve"}}, "of account"),
        (
            "iam:GetUserPolicy",
            {"UserName": "eve", "PolicyName": "p"},
            {"UserName": "eve", "PolicyName": "p", "PolicyDocument": "unreadable"},
            "PolicyDocument is no policy",
        ),
        (
            "iam:GetUserPolicy",
            {"UserName": "eve", "PolicyName": "p"},
            {"UserName": "eve", "PolicyName": "q", "PolicyDocument": {}},
            "about q, not about p",
        ),
        ("iam:GetPolicyVersion", {"VersionId": "v1"}, {"PolicyVersion": {"VersionId": "v2"}}, "version v2"),
        ("iam:GetPolicyVersion", {}, {"PolicyVersion": {"Document": "unreadable"}}, "Document is no policy"),
        (DETAILS, {}, {"UserDetailList": [{"Arn": f"{FOREIGN}:user/eve"}]}, "of account 9999"),
        (TRAILS, {}, {"trailList": [TRAIL]}, "of account 9999"),
        (
            "cloudtrail:LookupEvents",
            {},
            {"Events": [{"CloudTrailEvent": '{"recipientAccountId": "999900001111"}'}]},
            "of account 9999",
        ),
        (
            "iam:GetCredentialReport",
            {},
            {"Content": f"user,arn,mfa_active\neve,{FOREIGN}:user/eve,true\n".encode()},
            "of account 9999",
        ),
        ("events:ListTargetsByRule", {}, {"Targets": [{"RoleArn": f"{FOREIGN}:role/r"}]}, "of account 9999"),
        (
            "iam:ListAttachedUserPolicies",
            {},
            {"AttachedPolicies": [{"PolicyArn": f"{FOREIGN}:policy/p"}]},
            "of account 9999",
        ),
    ],
)
def test_another_answer_is_named(name: str, parameters: dict[str, str], answer: dict[str, t.Any], wrong: str) -> None:
    assert wrong in find(name, answer, **parameters)


def test_an_account_that_nobody_has_asked_for_is_not_compared() -> None:
    answer = {"Role": {**ROLE, "Arn": f"{FOREIGN}:role/deploy"}}
    assert find_mismatch("iam:GetRole", {"RoleName": "deploy"}, answer, "") == ""
