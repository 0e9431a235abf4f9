# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callers with rules of their own, and requests that are known in part only."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Request

from .case import (
    ACCOUNT,
    ALLOWED,
    EVERYTHING,
    EXPLICIT,
    FULL,
    IAM,
    IMPLICIT,
    NOTHING,
    OBJECT,
    ROLE,
    ROOT,
    S3_READ,
    SESSION,
    STS,
    UNKNOWN,
    USER,
    Case,
    allow,
    deny,
    policy,
)

LOGIC: t.Final = f"{IAM}reference_policies_evaluation-logic_policy-eval-denyallow.html"
IDENTITY: t.Final = f"{STS}API_GetCallerIdentity.html"
TOKEN: t.Final = f"{IAM}id_credentials_temp_control-access_getsessiontoken.html"
ASSUME: t.Final = f"{STS}API_AssumeRole.html"
KEYS: t.Final = f"{IAM}reference_policies_condition-keys.html"
OPERATORS: t.Final = f"{IAM}reference_policies_elements_condition_operators.html"
VARIABLES: t.Final = f"{IAM}reference_policies_variables.html"
MFA: t.Final = f"{KEYS}#condition-keys-multifactorauthpresent"

_DENY_ALL: t.Final = policy("Closed", deny(Sid="All"))
_BLUE: t.Final = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
_NOT_BLUE: t.Final = {"StringNotEquals": {"aws:PrincipalTag/team": "blue"}}
_OFFICE: t.Final = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
_WITHOUT_MFA: t.Final = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def _read(**more: t.Any) -> Request:
    given: dict[str, t.Any] = {"principal": ROLE, "context_complete": False, **more}
    return Request("s3:GetObject", OBJECT, **given)


_CALLERS: t.Final = (
    Case("caller-identity-needs-nothing", IDENTITY, Request("sts:GetCallerIdentity", "*", USER), NOTHING, ALLOWED),
    Case(
        "caller-identity-cannot-be-denied",
        IDENTITY,
        Request("sts:GetCallerIdentity", "*", USER),
        Layers((_DENY_ALL,)),
        ALLOWED,
    ),
    Case(
        "caller-identity-past-scps",
        IDENTITY,
        Request("STS:getcalleridentity", "*", ROLE),
        Layers(scps=((_DENY_ALL,),)),
        ALLOWED,
    ),
    Case(
        "session-token-needs-nothing", TOKEN, Request("sts:GetSessionToken", "*", USER), Layers((_DENY_ALL,)), ALLOWED
    ),
    Case("root-user-has-full-access", LOGIC, Request("s3:GetObject", OBJECT, ROOT), NOTHING, ALLOWED),
    Case(
        "root-user-under-a-resource-policy",
        LOGIC,
        Request("s3:GetObject", OBJECT, ROOT, resource_policy=policy("B", deny("s3:*", Principal="*"))),
        NOTHING,
        EXPLICIT,
        "resource",
    ),
    Case(
        "root-user-assumes-no-role",
        ASSUME,
        Request(
            "sts:AssumeRole", ROLE, ROOT, resource_policy=policy("T", allow("sts:AssumeRole", None, Principal="*"))
        ),
        NOTHING,
        IMPLICIT,
    ),
    Case(
        "root-of-a-member-account",
        f"{STS}API_AssumeRoot.html",
        Request("sts:AssumeRoot", "arn:aws:iam::444455556666:root", ROLE),
        EVERYTHING,
        ALLOWED,
        "identity",
    ),
    Case(
        "users-of-other-partitions",
        LOGIC,
        Request("s3:GetObject", "arn:aws-cn:s3:::data/a", "arn:aws-cn:iam::111122223333:user/li"),
        EVERYTHING,
        ALLOWED,
    ),
    Case(
        "account-in-another-partition",
        f"{IAM}reference_policies_elements_principal.html#principal-accounts",
        Request(
            "sts:AssumeRole",
            "arn:aws-us-gov:iam::111122223333:role/x",
            "arn:aws-us-gov:iam::111122223333:user/li",
            resource_policy=policy(
                "T", allow("sts:AssumeRole", None, Principal={"AWS": "arn:aws-us-gov:iam::111122223333:root"})
            ),
        ),
        EVERYTHING,
        ALLOWED,
    ),
    Case(
        "service-linked-role-needs-its-policy",
        f"{IAM}id_roles.html",
        Request(
            "s3:GetObject", OBJECT, f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
        ),
        NOTHING,
        IMPLICIT,
        "identity",
    ),
)

_UNKNOWNS: t.Final = (
    Case(
        "unknown-allow",
        OPERATORS,
        _read(),
        Layers((policy("P", allow(Condition=_BLUE, Sid="Blue")),)),
        UNKNOWN,
        "identity",
        "P",
        "Blue",
        ("aws:PrincipalTag/team",),
    ),
    Case(
        "unknown-deny",
        OPERATORS,
        _read(),
        Layers((FULL, policy("P", deny(Condition=_BLUE, Sid="Blue")))),
        UNKNOWN,
        "identity",
        "P",
        "Blue",
        ("aws:PrincipalTag/team",),
    ),
    Case(
        "unknown-deny-of-a-missing-key",
        OPERATORS,
        _read(),
        Layers((FULL, policy("P", deny(Condition=_NOT_BLUE)))),
        UNKNOWN,
        "identity",
    ),
    Case(
        "complete-deny-of-a-missing-key",
        OPERATORS,
        _read(context_complete=True),
        Layers((FULL, policy("P", deny(Condition=_NOT_BLUE)))),
        EXPLICIT,
        "identity",
    ),
    Case(
        "complete-allow-of-a-missing-key",
        OPERATORS,
        _read(context_complete=True),
        Layers((policy("P", allow(Condition=_BLUE)),)),
        IMPLICIT,
        "identity",
    ),
    Case(
        "unknown-allow-beside-a-known",
        OPERATORS,
        _read(),
        Layers((policy("P", allow(Condition=_BLUE)), FULL)),
        ALLOWED,
        "identity",
        "FullAccess",
    ),
    Case(
        "unknown-deny-where-nothing-allows",
        LOGIC,
        _read(),
        Layers((policy("P", deny(Condition=_BLUE)),)),
        IMPLICIT,
        "identity",
    ),
    Case(
        "unknown-deny-beside-a-known",
        LOGIC,
        _read(),
        Layers((FULL, policy("P", deny(Condition=_BLUE)), _DENY_ALL)),
        EXPLICIT,
        "identity",
        "Closed",
    ),
    Case(
        "unknown-allow-under-a-known-deny",
        LOGIC,
        _read(),
        Layers((policy("P", allow(Condition=_BLUE)), _DENY_ALL)),
        EXPLICIT,
    ),
    Case(
        "unknown-allow-and-deny",
        LOGIC,
        _read(),
        Layers((policy("P", allow(Condition=_BLUE), deny(Condition=_OFFICE)),)),
        UNKNOWN,
        missing=("aws:PrincipalTag/team", "aws:SourceIp"),
    ),
    Case(
        "unknown-allow-beyond-the-boundary",
        LOGIC,
        _read(),
        Layers((policy("P", allow(Condition=_BLUE)),), policy("B", allow("sqs:*"))),
        IMPLICIT,
        "boundary",
    ),
    Case(
        "unknown-boundary",
        LOGIC,
        _read(),
        Layers((FULL,), policy("B", allow(Condition=_BLUE))),
        UNKNOWN,
        "boundary",
        "B",
        missing=("aws:PrincipalTag/team",),
    ),
    Case(
        "unknown-session-policy",
        LOGIC,
        _read(principal=SESSION),
        Layers((FULL,), session=(policy("S", allow(Condition=_BLUE)),)),
        UNKNOWN,
        "session",
        "S",
    ),
    Case(
        "unknown-scp",
        LOGIC,
        _read(),
        Layers((FULL,), scps=((FULL,), (policy("S", allow(Condition=_BLUE)),))),
        UNKNOWN,
        "scp",
        "S",
    ),
    Case(
        "unknown-scp-where-identity-is-silent",
        LOGIC,
        _read(),
        Layers((), scps=((policy("S", allow(Condition=_BLUE)),),)),
        IMPLICIT,
        "identity",
    ),
    Case(
        "unknown-rcp",
        LOGIC,
        _read(),
        Layers((FULL,), rcps=((policy("R", deny(Principal="*", Condition=_OFFICE)),),)),
        UNKNOWN,
        "rcp",
        "R",
        missing=("aws:SourceIp",),
    ),
    Case(
        "unknown-mfa",
        MFA,
        _read(),
        Layers((FULL, policy("P", deny(Condition=_WITHOUT_MFA)))),
        UNKNOWN,
        missing=("aws:MultiFactorAuthPresent",),
    ),
    Case(
        "known-mfa",
        MFA,
        _read(context={"aws:MultiFactorAuthPresent": "true"}),
        Layers((FULL, policy("P", deny(Condition=_WITHOUT_MFA)))),
        ALLOWED,
    ),
    Case(
        "mfa-with-long-term-keys",
        MFA,
        _read(context_complete=True),
        Layers((FULL, policy("P", deny(Condition=_WITHOUT_MFA)))),
        EXPLICIT,
    ),
    Case(
        "unknown-variable",
        VARIABLES,
        _read(),
        Layers((policy("P", allow("s3:*", "arn:aws:s3:::${aws:PrincipalTag/team}/*")),)),
        UNKNOWN,
        "identity",
        missing=("aws:PrincipalTag/team",),
    ),
    Case(
        "unknown-variable-with-default",
        VARIABLES,
        _read(),
        Layers((policy("P", allow("s3:*", "arn:aws:s3:::${aws:PrincipalTag/team, 'x'}/*")),)),
        UNKNOWN,
    ),
    Case(
        "user-name-of-a-role-is-not-unknown",
        VARIABLES,
        _read(),
        Layers((policy("P", allow("s3:*", "arn:aws:s3:::${aws:username}/*")),)),
        IMPLICIT,
    ),
    Case(
        "account-is-not-unknown",
        KEYS,
        _read(),
        Layers((policy("P", allow(Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})),)),
        ALLOWED,
    ),
    Case(
        "path-of-a-reserved-role-is-unknown",
        f"{IAM}reference_identifiers.html",
        _read(principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice"),
        Layers(
            (policy("P", allow(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws-reserved/*"}})),)
        ),
        UNKNOWN,
        missing=("aws:PrincipalArn",),
    ),
    Case(
        "another-action-is-not-unknown",
        LOGIC,
        _read(),
        Layers((FULL, policy("P", deny("sqs:*", Condition=_BLUE)))),
        ALLOWED,
    ),
    Case(
        "another-resource-is-not-unknown",
        LOGIC,
        _read(),
        Layers((FULL, policy("P", deny("s3:*", "arn:aws:s3:::x/*", Condition=_BLUE)))),
        ALLOWED,
    ),
    Case(
        "one-condition-that-fails-is-enough",
        LOGIC,
        _read(context={"aws:SourceIp": "203.0.113.1"}),
        Layers((FULL, policy("P", deny(Condition={**_BLUE, **_OFFICE})))),
        ALLOWED,
    ),
    Case(
        "unknown-principal",
        LOGIC,
        _read(principal=None, resource_policy=policy("B", allow("s3:*", Principal={"AWS": USER}))),
        NOTHING,
        UNKNOWN,
        "resource",
        missing=("aws:PrincipalArn",),
    ),
    Case(
        "unknown-principal-where-everyone-may",
        LOGIC,
        _read(principal=None, resource_policy=policy("B", allow("s3:*", Principal="*"))),
        NOTHING,
        ALLOWED,
        "resource",
    ),
    Case("unknown-principal-with-own-policies", LOGIC, _read(principal=None), Layers((S3_READ,)), ALLOWED, "identity"),
    Case(
        "canonical-user-is-unknown",
        f"{IAM}reference_policies_elements_principal.html#principal-accounts",
        _read(
            resource_policy=policy(
                "B",
                deny(
                    "s3:*",
                    Principal={"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
                ),
            )
        ),
        EVERYTHING,
        UNKNOWN,
        "resource",
    ),
)

CASES: t.Final = (*_CALLERS, *_UNKNOWNS)
