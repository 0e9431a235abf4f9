# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who calls, which condition keys follow from that, and how Principal and NotPrincipal mean them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.caller import (
    Caller,
    CallerKind,
    Pair,
    Reach,
    caller_of,
    is_excepted,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth

from .cases.case import ACCOUNT, FEDERATED, FOREIGN_USER, OTHER, ROLE, ROOT, SESSION, USER

SERVICE_LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("principal", "kind", "account"),
    [
        (USER, CallerKind.USER, ACCOUNT),
        (f"arn:aws-cn:iam::{ACCOUNT}:user/team/li", CallerKind.USER, ACCOUNT),
        (ROLE, CallerKind.ROLE, ACCOUNT),
        (SESSION, CallerKind.SESSION, ACCOUNT),
        (FEDERATED, CallerKind.FEDERATED_USER, ACCOUNT),
        (ROOT, CallerKind.ROOT, ACCOUNT),
        ("ec2.amazonaws.com", CallerKind.SERVICE, None),
        ("s3.ap-east-1.amazonaws.com", CallerKind.SERVICE, None),
        ("accounts.google.com", CallerKind.PROVIDER, None),
        ("cognito-identity.amazonaws.com", CallerKind.PROVIDER, None),
        (PROVIDER, CallerKind.PROVIDER, None),
        (f"arn:aws:iam::{ACCOUNT}:saml-provider/corp", CallerKind.PROVIDER, None),
        ("*", CallerKind.ANONYMOUS, None),
        (None, CallerKind.UNNAMED, None),
        (f"arn:aws:iam::{ACCOUNT}:group/devs", CallerKind.UNNAMED, ACCOUNT),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/app", CallerKind.UNNAMED, ACCOUNT),
        (f"arn:aws:iam::{ACCOUNT}:", CallerKind.UNNAMED, ACCOUNT),
    ],
)
def test_kind_and_account(principal: t.Optional[str], kind: CallerKind, account: t.Optional[str]) -> None:
    caller = caller_of(principal)
    assert (caller.kind, caller.account) == (kind, account)


def test_a_given_account_goes_before_the_arn() -> None:
    assert caller_of(None, OTHER).account == OTHER
    assert caller_of(USER, OTHER).account == OTHER


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (
            caller_of(USER),
            {
                "aws:PrincipalType": "User",
                "aws:PrincipalAccount": ACCOUNT,
                "aws:PrincipalArn": USER,
                "aws:PrincipalIsAWSService": "false",
                "aws:username": "alice",
            },
        ),
        (
            caller_of(SESSION),
            {
                "aws:PrincipalType": "AssumedRole",
                "aws:PrincipalAccount": ACCOUNT,
                "aws:PrincipalArn": ROLE,
                "aws:PrincipalIsAWSService": "false",
            },
        ),
        (
            caller_of(FEDERATED),
            {
                "aws:PrincipalType": "FederatedUser",
                "aws:PrincipalAccount": ACCOUNT,
                "aws:PrincipalArn": FEDERATED,
                "aws:PrincipalIsAWSService": "false",
            },
        ),
        (
            caller_of(ROOT),
            {
                "aws:PrincipalType": "Account",
                "aws:PrincipalAccount": ACCOUNT,
                "aws:PrincipalArn": ROOT,
                "aws:PrincipalIsAWSService": "false",
                "aws:userid": ACCOUNT,
            },
        ),
        (
            caller_of("ec2.amazonaws.com"),
            {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": "ec2.amazonaws.com"},
        ),
        (
            caller_of("*"),
            {"aws:PrincipalType": "Anonymous", "aws:PrincipalAccount": "anonymous", "aws:userid": "anonymous"},
        ),
        (caller_of(PROVIDER), {}),
        (caller_of(None), {}),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Caller) else None,
)
def test_keys(caller: Caller, expected: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""
    assert caller.keys(complete=True) == expected
    assert not set(caller.absent_keys()) & set(expected)


def test_the_path_of_a_role_that_its_session_does_not_show() -> None:
    with_path = f"arn:aws:iam::{ACCOUNT}:role/team/app"
    assert caller_of(SESSION, None, with_path).keys(complete=False)["aws:PrincipalArn"] == with_path
    assert "aws:PrincipalArn" not in caller_of(SESSION).keys(complete=False)
    reserved = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice"
    assert "aws:PrincipalArn" not in caller_of(reserved).keys(complete=True)


@pytest.mark.parametrize(
    ("principal", "issuer", "expected"),
    [
        (SERVICE_LINKED, None, True),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForECS/task", SERVICE_LINKED, True),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForECS/task", None, False),
        (ROLE, None, False),
        (f"arn:aws:iam::{ACCOUNT}:role/team/aws-service-role/x", None, False),
        (USER, None, False),
    ],
)
def test_service_linked_roles_are_known_by_their_path(principal: str, issuer: t.Optional[str], expected: bool) -> None:
    assert caller_of(principal, None, issuer).is_service_linked is expected


NEVER = (Reach.NONE, Reach.NONE)
ACCOUNT_WIDE = (Reach.ACCOUNT, Reach.ACCOUNT)
LIMITED = (Reach.LIMITED, Reach.LIMITED)
DIRECT = (Reach.DIRECT, Reach.DIRECT)


@pytest.mark.parametrize(
    ("pair", "principal", "expected"),
    [
        (("*", "*"), USER, DIRECT),
        (("*", "*"), "ec2.amazonaws.com", DIRECT),
        (("*", "*"), None, DIRECT),
        (("AWS", "*"), SESSION, DIRECT),
        (("AWS", "*"), "*", DIRECT),
        # "any root user, IAM user, assumed-role session, or federated user": not a service.
        (("AWS", "*"), "ec2.amazonaws.com", NEVER),
        (("AWS", USER), USER, DIRECT),
        (("AWS", USER), ROLE, NEVER),
        (("AWS", USER), f"{USER}2", NEVER),
        (("AWS", ROLE), ROLE, LIMITED),
        (("AWS", ROLE), SESSION, LIMITED),
        (("AWS", ROLE.replace("app", "App")), SESSION, NEVER),
        (("AWS", SESSION), SESSION, DIRECT),
        (("AWS", SESSION), ROLE, (Reach.NONE, Reach.DIRECT)),
        (("AWS", SESSION.replace("run-1", "run-2")), SESSION, NEVER),
        (("AWS", ACCOUNT), USER, ACCOUNT_WIDE),
        (("AWS", ROOT), SESSION, ACCOUNT_WIDE),
        (("AWS", ROOT), ROOT, DIRECT),
        (("AWS", OTHER), USER, NEVER),
        (("AWS", FOREIGN_USER), USER, NEVER),
        (("AWS", USER), None, (Reach.NONE, Reach.DIRECT)),
        (("AWS", USER), FEDERATED, (Reach.NONE, Reach.LIMITED)),
        (("AWS", FEDERATED), FEDERATED, DIRECT),
        # What was a user or role before it was deleted.
        (("AWS", "AIDAIOSFODNN7EXAMPLE"), USER, NEVER),
        (("Service", "ec2.amazonaws.com"), "ec2.amazonaws.com", DIRECT),
        (("Service", "ec2.amazonaws.com"), "lambda.amazonaws.com", NEVER),
        (("Service", "ec2.amazonaws.com"), USER, NEVER),
        (("Federated", PROVIDER), PROVIDER, DIRECT),
        (("Federated", "accounts.google.com"), "accounts.google.com", DIRECT),
        (("CanonicalUser", "79a59df9"), USER, (Reach.NONE, Reach.ACCOUNT)),
        (("CanonicalUser", "79a59df9"), "*", NEVER),
    ],
)
def test_reach(pair: Pair, principal: t.Optional[str], expected: tuple[Reach, Reach]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"""
    assert caller_of(principal).find_reach(pair, set()) == expected


def test_the_user_behind_a_federated_user() -> None:
    caller = caller_of(FEDERATED, None, USER)
    assert caller.find_reach(("AWS", USER), set()) == LIMITED
    assert caller.find_reach(("AWS", f"{USER}2"), set()) == NEVER


def test_what_would_tell() -> None:
    missing: set[str] = set()
    caller_of(None).find_reach(("AWS", USER), missing)
    caller_of(ROLE).find_reach(("AWS", SESSION), missing)
    assert missing == {"aws:PrincipalArn", "aws:userid"}


@pytest.mark.parametrize(
    ("listed", "principal", "expected"),
    [
        ((USER, ROOT), USER, YES),
        ((USER, ACCOUNT), USER, YES),
        ((USER,), USER, UNKNOWN),
        ((ROOT,), USER, NO),
        ((ROOT,), ROOT, YES),
        ((ROLE, ROOT), SESSION, YES),
        ((SESSION, ROLE, ROOT), SESSION, YES),
        ((SESSION, ROOT), SESSION, UNKNOWN),
        ((ROLE,), ROLE, UNKNOWN),
        ((SESSION, ROOT), ROLE, UNKNOWN),
        ((USER, ROOT), ROLE, NO),
        (("*",), USER, YES),
        ((USER, ROOT), None, UNKNOWN),
        ((USER, ROOT), "ec2.amazonaws.com", NO),
        ((), USER, NO),
    ],
)
def test_not_principal(listed: tuple[str, ...], principal: t.Optional[str], expected: Truth) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    assert is_excepted(tuple(("AWS", arn) for arn in listed), caller_of(principal), set()) is expected
