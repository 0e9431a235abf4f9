# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AssumeRole: which callers a trust policy admits, and how STS refuses the others."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from emulator import trust
from emulator.client import Emulator
from emulator.identity import Caller

from .small import ALICE, MANAGEMENT, MEMBER, SMALL, Aws

AUDITOR: t.Final = f"arn:aws:iam::{MEMBER}:role/auditor"
USER: t.Final = Caller(
    account_id=MANAGEMENT,
    partition="aws",
    kind="user",
    arn=f"arn:aws:iam::{MANAGEMENT}:user/alice",
    user_id="AIDA",
    principal_arn=f"arn:aws:iam::{MANAGEMENT}:user/alice",
    name="alice",
    tags={"team": "red"},
)
SESSION: t.Final = Caller(
    account_id=MANAGEMENT,
    partition="aws",
    kind="role",
    arn=f"arn:aws:sts::{MANAGEMENT}:assumed-role/ops/s1",
    user_id="AROA:s1",
    principal_arn=f"arn:aws:iam::{MANAGEMENT}:role/path/ops",
    name="s1",
)


def admits(
    statement: dict[str, t.Any] | list[dict[str, t.Any]],
    *,
    caller: Caller = USER,
    actions: tuple[str, ...] = ("sts:AssumeRole",),
    parameters: t.Mapping[str, str] | None = None,
) -> bool:
    return trust.admits(
        {"Statement": statement}, trust.Request(caller=caller, actions=actions, parameters=parameters or {})
    )


def allow(principal: t.Any, condition: t.Any = None, action: t.Any = "sts:AssumeRole") -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {**statement, "Condition": condition} if condition else statement


@pytest.mark.parametrize(
    ("principal", "caller", "admitted"),
    [
        ("*", USER, True),
        ({"AWS": "*"}, SESSION, True),
        ({"AWS": MANAGEMENT}, USER, True),
        ({"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, SESSION, True),
        ({"AWS": f"arn:aws-us-gov:iam::{MANAGEMENT}:root"}, USER, False),
        ({"AWS": [f"arn:aws:iam::{MEMBER}:root", USER.arn]}, USER, True),
        ({"AWS": f"arn:aws:iam::{MEMBER}:root"}, USER, False),
        ({"AWS": f"arn:aws:iam::{MANAGEMENT}:user/*"}, USER, False),
        ({"AWS": SESSION.principal_arn}, SESSION, True),
        ({"AWS": SESSION.arn}, SESSION, True),
        ({"AWS": SESSION.principal_arn}, USER, False),
        ({"Service": "lambda.amazonaws.com"}, USER, False),
        ({"Federated": "arn:aws:iam::1:saml-provider/okta"}, USER, False),
        ({}, USER, False),
    ],
)
def test_admits_principals(principal: t.Any, caller: Caller, admitted: bool) -> None:
    assert admits(allow(principal), caller=caller) is admitted


@pytest.mark.parametrize(
    ("condition", "parameters", "admitted"),
    [
        ({"StringEquals": {"sts:ExternalId": "x"}}, {"ExternalId": "x"}, True),
        ({"StringEquals": {"sts:ExternalId": ["y", "x"]}}, {"ExternalId": "x"}, True),
        ({"StringEquals": {"STS:externalID": "x"}}, {"ExternalId": "X"}, False),
        ({"StringEqualsIgnoreCase": {"sts:ExternalId": "x"}}, {"ExternalId": "X"}, True),
        ({"StringEquals": {"sts:ExternalId": "x"}}, {}, False),
        ({"StringEqualsIfExists": {"sts:ExternalId": "x"}}, {}, True),
        ({"StringNotEquals": {"sts:ExternalId": "x"}}, {}, True),
        ({"StringNotEquals": {"sts:ExternalId": "x"}}, {"ExternalId": "x"}, False),
        ({"StringLike": {"sts:RoleSessionName": "ci-*"}}, {"RoleSessionName": "ci-7"}, True),
        ({"StringLike": {"sts:RoleSessionName": "ci-?"}}, {"RoleSessionName": "ci-77"}, False),
        ({"StringLike": {"sts:RoleSessionName": "[c]i"}}, {"RoleSessionName": "ci"}, False),
        ({"StringNotLike": {"sts:RoleSessionName": "ci-*"}}, {"RoleSessionName": "me"}, True),
        ({"StringEquals": {"sts:SourceIdentity": "bob"}}, {"SourceIdentity": "bob"}, True),
        ({"Null": {"sts:SourceIdentity": "false"}}, {}, False),
        ({"Null": {"sts:SourceIdentity": "true"}}, {}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {"TokenCode": "123456"}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": True}}, {"TokenCode": "123456"}, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, {}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/al*"}}, {}, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/al*"}}, {}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "red"}}, {}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, {}, False),
        ({"StringEquals": {"aws:username": "alice", "aws:PrincipalAccount": MANAGEMENT}}, {}, True),
        ({"StringEquals": {"aws:username": "alice"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}, {}, False),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, {}, False),
    ],
)
def test_admits_under_conditions(condition: t.Any, parameters: dict[str, str], admitted: bool) -> None:
    assert admits(allow("*", condition), parameters=parameters) is admitted


def test_admits_only_the_actions_it_names() -> None:
    assert admits(allow("*", action=["sts:assumerole"]))
    assert admits(allow("*", action="sts:*"), actions=("sts:AssumeRole", "sts:SetSourceIdentity"))
    assert not admits(allow("*"), actions=("sts:AssumeRole", "sts:SetSourceIdentity"))
    assert not admits(allow("*", action="sts:AssumeRoleWithSAML"))


def test_deny_wins() -> None:
    deny = {"Effect": "Deny", "Principal": {"AWS": USER.arn}, "Action": "sts:*"}
    assert not admits([allow("*"), deny])
    assert admits([allow("*"), deny], caller=SESSION)
    everyone_else = {"Effect": "Deny", "NotPrincipal": {"AWS": USER.arn}, "Action": "*"}
    assert admits([allow("*"), everyone_else])
    assert not admits([allow("*"), everyone_else], caller=SESSION)


def test_assume_role_acts_in_the_other_account(aws: Aws) -> None:
    key = aws.assume(AUDITOR, ExternalId="small")
    identity = aws.client("sts", key=key).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (MEMBER, f"arn:aws:sts::{MEMBER}:assumed-role/auditor/test")
    assert aws.client("iam", key=key).get_role(RoleName="auditor")["Role"]["Arn"] == AUDITOR


@pytest.mark.parametrize(
    ("role", "parameters"),
    [
        (AUDITOR, {}),
        (AUDITOR, {"ExternalId": "other"}),
        (f"arn:aws:iam::{MEMBER}:role/absent", {"ExternalId": "small"}),
        ("arn:aws:iam::999988887777:role/auditor", {"ExternalId": "small"}),
        (f"arn:aws:iam::{MEMBER}:user/somebody", {"ExternalId": "small"}),
        (AUDITOR, {"ExternalId": "small", "SourceIdentity": "alice"}),
    ],
)
def test_assume_role_is_refused_as_sts_does(
    emulator: Emulator, aws: Aws, role: str, parameters: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as raised:
        aws.client("sts", key=ALICE).assume_role(RoleArn=role, RoleSessionName="test", **parameters)
    error = raised.value.response
    assert error["Error"]["Code"] == "AccessDenied"
    assert error["Error"]["Message"] == (
        f"User: arn:aws:iam::{MANAGEMENT}:user/alice is not authorized to perform: sts:AssumeRole on resource: {role}"
    )
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert emulator.log()[-1]["error_code"] == "AccessDenied"


def test_nobody_gets_into_a_closed_account(emulator: Emulator, aws: Aws) -> None:
    accounts = SMALL["accounts"]
    emulator.reset({**SMALL, "accounts": {**accounts, MEMBER: {**accounts[MEMBER], "closed": True}}})
    (member,) = (
        account for account in aws.client("organizations").list_accounts()["Accounts"] if account["Id"] == MEMBER
    )
    assert member["Status"] == "SUSPENDED"
    with pytest.raises(ClientError, match="AccessDenied.* is not authorized to perform: sts:AssumeRole"):
        aws.assume(AUDITOR, ExternalId="small")


def test_assume_role_knows_the_organization(emulator: Emulator, aws: Aws) -> None:
    emulator.reset(with_roles(ours=allow("*", {"StringEquals": {"aws:PrincipalOrgID": "o-small12345"}})))
    assert aws.assume(f"arn:aws:iam::{MEMBER}:role/ours").startswith("ASIA")
    emulator.reset(with_roles(ours=allow("*", {"StringEquals": {"aws:PrincipalOrgID": "o-other12345"}})))
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.assume(f"arn:aws:iam::{MEMBER}:role/ours")


def test_assume_role_keeps_to_the_longest_sessions(emulator: Emulator, aws: Aws) -> None:
    emulator.reset(with_roles(short=allow("*"), long=allow("*")))
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        aws.assume(f"arn:aws:iam::{MEMBER}:role/short", DurationSeconds=7200)
    chained = aws.client("sts", key=aws.assume(f"arn:aws:iam::{MEMBER}:role/short"))
    with pytest.raises(ClientError, match="role chaining"):
        chained.assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/long", RoleSessionName="test", DurationSeconds=7200)


def test_session_opened_with_a_code_has_mfa(emulator: Emulator, aws: Aws) -> None:
    emulator.reset(with_roles(short=allow("*"), long=allow("*", {"Bool": {"aws:MultiFactorAuthPresent": "true"}})))
    device = {"SerialNumber": f"arn:aws:iam::{MANAGEMENT}:mfa/alice", "TokenCode": "123456"}
    request = {"RoleArn": f"arn:aws:iam::{MEMBER}:role/long", "RoleSessionName": "test"}
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.client("sts", key=ALICE).assume_role(**request)
    with_code = aws.client("sts", key=ALICE).assume_role(**request, **device)["Credentials"]["AccessKeyId"]
    assert aws.client("sts", key=with_code).assume_role(**request)["Credentials"]
    assert {record["parameters"].get("TokenCode") for record in emulator.log()} == {None, "********"}


def with_roles(**statements: dict[str, t.Any]) -> dict[str, t.Any]:
    """The small organization whose member has these roles; the one named "long" may be assumed for twelve hours."""
    roles = {
        name: {
            "trust": {"Version": "2012-10-17", "Statement": [statement]},
            "max_session_duration": 43200 if name == "long" else 3600,
        }
        for name, statement in statements.items()
    }
    accounts = {**SMALL["accounts"], MEMBER: {"name": "member", "roles": roles}}
    return {**SMALL, "accounts": accounts}
