# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from unit.emulator.seeded import Seeded, serving

DEV, PROD, SANDBOX, MANAGEMENT = "333344445555", "222233334444", "444455556666", "111122223333"
DEVELOPER = f"arn:aws:iam::{DEV}:role/dev-team-07-role"
OBJECT = "arn:aws:s3:::data/key"


def document(effect: str, action: str, **elements: t.Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": "*", **elements}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ALLOW = document("Allow", "s3:*")
EVERYTHING = document("Allow", "*")


@pytest.fixture(scope="module")
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


def custom(acme: Seeded, **parameters: t.Any) -> dict[str, t.Any]:
    """The only result of a custom simulation of s3:GetObject on one object."""
    answer = acme.client("iam").simulate_custom_policy(
        **{"PolicyInputList": [ALLOW], "ActionNames": ["s3:GetObject"], "ResourceArns": [OBJECT], **parameters}
    )
    (result,) = answer["EvaluationResults"]
    return t.cast(dict[str, t.Any], result)


@pytest.mark.parametrize(
    ("account", "arn", "action", "decision"),
    [
        (DEV, DEVELOPER, "iam:CreateUser", "allowed"),
        (DEV, f"arn:aws:iam::{DEV}:role/iam-hardening/assessor", "iam:GetUser", "allowed"),
        (DEV, f"arn:aws:iam::{DEV}:role/iam-hardening/assessor", "iam:CreateUser", "implicitDeny"),
        (DEV, f"arn:aws:iam::{DEV}:user/contractor-mallory", "organizations:LeaveOrganization", "implicitDeny"),
        (DEV, f"arn:aws:iam::{DEV}:user/contractor-mallory", "iam:CreateUser", "allowed"),
        (PROD, f"arn:aws:iam::{PROD}:policy/iam-hardening/boundary/DeveloperBoundary", "iam:GetUser", "explicitDeny"),
        (PROD, f"arn:aws:iam::{PROD}:user/dev-alice", "DynamoDB:getitem", "allowed"),
    ],
)
def test_simulation_follows_allow_and_deny(acme: Seeded, account: str, arn: str, action: str, decision: str) -> None:
    answer = acme.client("iam", account).simulate_principal_policy(PolicySourceArn=arn, ActionNames=[action])
    assert [(item["EvalActionName"], item["EvalDecision"]) for item in answer["EvaluationResults"]] == [
        (action, decision)
    ]


def test_of_several_resources_the_strictest_answer_stands_above_each(acme: Seeded) -> None:
    resources = ["arn:aws:s3:::acme-backup/file", "arn:aws:s3:::other/file"]
    answer = acme.client("iam", PROD).simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{PROD}:user/svc-backup", ActionNames=["s3:GetObject"], ResourceArns=resources
    )
    (result,) = answer["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    each = {item["EvalResourceName"]: item["EvalResourceDecision"] for item in result["ResourceSpecificResults"]}
    assert each == dict(zip(resources, ["allowed", "implicitDeny"], strict=True))


@pytest.mark.parametrize(
    ("parameters", "decision"),
    [
        pytest.param({}, "allowed", id="identity"),
        pytest.param({"PolicyInputList": [EVERYTHING, document("Deny", "s3:*")]}, "explicitDeny", id="a deny wins"),
        pytest.param(
            {"PermissionsBoundaryPolicyInputList": [document("Allow", "ec2:*")]}, "implicitDeny", id="boundary"
        ),
        pytest.param(
            {"OrderedOrganizationPolicyInputList": [{"ServiceControlPolicyInputList": [document("Allow", "ec2:*")]}]},
            "implicitDeny",
            id="SCPs",
        ),
        pytest.param(
            {
                "OrderedOrganizationPolicyInputList": [
                    {"ServiceControlPolicyInputList": [EVERYTHING, document("Deny", "s3:*")]}
                ]
            },
            "explicitDeny",
            id="an SCP that denies",
        ),
        pytest.param(
            {
                "PolicyInputList": [document("Allow", "ec2:*")],
                "ResourcePolicy": document("Allow", "s3:*", Principal={"AWS": DEVELOPER}),
                "CallerArn": DEVELOPER,
            },
            "allowed",
            id="the policy of the resource",
        ),
    ],
)
def test_the_layers_of_a_custom_simulation(acme: Seeded, parameters: dict[str, t.Any], decision: str) -> None:
    result = custom(acme, **parameters)
    assert result["EvalDecision"] == decision
    assert [item["EvalResourceDecision"] for item in result["ResourceSpecificResults"]] == [decision]


def test_what_boundary_and_scps_say_stands_in_details(acme: Seeded) -> None:
    levels = [{"ServiceControlPolicyInputList": [document("Allow", "ec2:*")]}]
    boundary = [document("Allow", "s3:*")]
    result = custom(acme, OrderedOrganizationPolicyInputList=levels, PermissionsBoundaryPolicyInputList=boundary)
    assert result["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}


def test_a_key_that_was_not_given_is_named(acme: Seeded) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    policies = [document("Allow", "s3:*", Condition=condition)]
    result = custom(acme, PolicyInputList=policies)
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:PrincipalTag/team"])
    entry = {"ContextKeyName": "aws:principaltag/team", "ContextKeyValues": ["data"], "ContextKeyType": "string"}
    result = custom(acme, PolicyInputList=policies, ContextEntries=[entry])
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


def test_the_scps_of_an_account_hold_for_its_principals(acme: Seeded) -> None:
    entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": ["eu-west-1"], "ContextKeyType": "string"}
    decisions = {
        account: acme.client("iam", account).simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{account}:role/iam-hardening/break-glass",
            ActionNames=["ec2:RunInstances"],
            ContextEntries=[entry],
        )["EvaluationResults"][0]["EvalDecision"]
        for account in (SANDBOX, MANAGEMENT)
    }
    assert decisions == {SANDBOX: "explicitDeny", MANAGEMENT: "allowed"}


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"PolicyInputList": ["{"]}, id="not JSON"),
        pytest.param({"CallerArn": f"arn:aws:sts::{DEV}:assumed-role/x/y"}, id="a session as the caller"),
        pytest.param(
            {"ResourcePolicy": document("Allow", "s3:*", Principal="*")}, id="a resource policy and no caller"
        ),
    ],
)
def test_what_aws_refuses(acme: Seeded, parameters: dict[str, t.Any]) -> None:
    iam = acme.client("iam")
    with pytest.raises(iam.exceptions.InvalidInputException):
        custom(acme, **parameters)
