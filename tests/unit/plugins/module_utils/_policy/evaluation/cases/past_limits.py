# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the policy of a resource in the same account gives past boundary and session policies, and NotPrincipal."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Request

from .case import (
    ACCOUNT,
    ALLOWED,
    EXPLICIT,
    FEDERATED,
    FULL,
    IAM,
    IMPLICIT,
    OBJECT,
    ROLE,
    ROOT,
    S3_READ,
    SESSION,
    UNKNOWN,
    USER,
    Case,
    Names,
    allow,
    deny,
    policy,
)

BOUNDARIES: t.Final = f"{IAM}access_policies_boundaries.html"
LOGIC: t.Final = f"{IAM}reference_policies_evaluation-logic_policy-eval-denyallow.html"
PRINCIPALS: t.Final = f"{IAM}reference_policies_elements_principal.html"
NOT_PRINCIPAL: t.Final = f"{IAM}reference_policies_elements_notprincipal.html"

_SQS: t.Final = policy("SqsOnly", allow("sqs:*", Sid="Queues"))
_OTHER_SESSION: t.Final = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/run-2"


def _read(principal: str, **more: t.Any) -> Request:
    return Request("s3:GetObject", OBJECT, principal, **more)


def _bucket(principal: t.Union[str, dict[str, Names]], **more: t.Any) -> Policy:
    return policy("Bucket", allow("s3:*", Principal=principal, Sid="Grant", **more))


def _aws(*arns: str) -> dict[str, Names]:
    return {"AWS": list(arns)}


# A boundary that leaves S3 out, with and without identity-based policies that allow everything.
_BOUND: t.Final = Layers((FULL,), boundary=_SQS)
_BOUND_AND_EMPTY: t.Final = Layers((), boundary=_SQS)
_SCOPED: t.Final = Layers((FULL,), session=(_SQS,))
_SCOPED_AND_BOUND: t.Final = Layers((), boundary=_SQS, session=(_SQS,))

_PAST_THE_BOUNDARY: t.Final = (
    # IAM users: "not limited by an implicit deny in an identity-based policy or permissions boundary".
    Case(
        "user-arn-past-the-boundary",
        LOGIC,
        _read(USER, resource_policy=_bucket(_aws(USER))),
        _BOUND,
        ALLOWED,
        "resource",
        "Bucket",
        "Grant",
    ),
    Case(
        "user-arn-without-identity",
        LOGIC,
        _read(USER, resource_policy=_bucket(_aws(USER))),
        _BOUND_AND_EMPTY,
        ALLOWED,
        "resource",
    ),
    Case(
        "user-arn-not-past-a-denying-boundary",
        LOGIC,
        _read(USER, resource_policy=_bucket(_aws(USER))),
        Layers((FULL,), policy("Guard", allow(), deny("s3:*"))),
        EXPLICIT,
        "boundary",
    ),
    Case(
        "user-arn-not-past-a-denying-identity-policy",
        LOGIC,
        _read(USER, resource_policy=_bucket(_aws(USER))),
        Layers((policy("D", deny("s3:*")),), _SQS),
        EXPLICIT,
        "identity",
    ),
    # IAM roles: "limited by an implicit deny in a permissions boundary or session policy".
    Case(
        "role-arn-not-past-the-boundary",
        LOGIC,
        _read(ROLE, resource_policy=_bucket(_aws(ROLE))),
        _BOUND_AND_EMPTY,
        IMPLICIT,
        "boundary",
    ),
    Case(
        "role-arn-not-past-the-boundary-of-a-session",
        LOGIC,
        _read(SESSION, resource_policy=_bucket(_aws(ROLE))),
        _BOUND,
        IMPLICIT,
        "boundary",
    ),
    Case(
        "role-arn-without-identity",
        LOGIC,
        _read(SESSION, resource_policy=_bucket(_aws(ROLE))),
        Layers(),
        ALLOWED,
        "resource",
    ),
    Case(
        "role-arn-within-the-boundary",
        LOGIC,
        _read(ROLE, resource_policy=_bucket(_aws(ROLE))),
        Layers(boundary=S3_READ),
        ALLOWED,
        "resource",
    ),
    Case(
        "role-arn-not-past-the-session-policy",
        LOGIC,
        _read(SESSION, resource_policy=_bucket(_aws(ROLE))),
        _SCOPED,
        IMPLICIT,
        "session",
        "SqsOnly",
    ),
    # Role sessions: "not limited by an implicit deny in an identity-based policy, a permissions boundary, or session
    # policy".
    Case(
        "session-arn-past-the-boundary",
        LOGIC,
        _read(SESSION, resource_policy=_bucket(_aws(SESSION))),
        _BOUND_AND_EMPTY,
        ALLOWED,
        "resource",
    ),
    Case(
        "session-arn-past-the-session-policy",
        LOGIC,
        _read(SESSION, resource_policy=_bucket(_aws(SESSION))),
        _SCOPED_AND_BOUND,
        ALLOWED,
        "resource",
    ),
    Case(
        "session-arn-of-another",
        LOGIC,
        _read(SESSION, resource_policy=_bucket(_aws(_OTHER_SESSION))),
        Layers(),
        IMPLICIT,
        "identity",
    ),
    Case(
        "session-arn-not-past-a-denying-session-policy",
        LOGIC,
        _read(SESSION, resource_policy=_bucket(_aws(SESSION))),
        Layers((FULL,), session=(policy("D", allow(), deny("s3:*")),)),
        EXPLICIT,
        "session",
    ),
    Case(
        "session-arn-for-some-session",
        LOGIC,
        _read(ROLE, resource_policy=_bucket(_aws(SESSION))),
        Layers(),
        UNKNOWN,
        "resource",
        missing=("aws:userid",),
    ),
    # Federated users.
    Case(
        "federated-arn-past-everything",
        LOGIC,
        _read(FEDERATED, resource_policy=_bucket(_aws(FEDERATED))),
        _SCOPED_AND_BOUND,
        ALLOWED,
        "resource",
    ),
    Case(
        "arn-of-the-user-behind-not-past-the-boundary",
        LOGIC,
        _read(FEDERATED, issuer=USER, resource_policy=_bucket(_aws(USER))),
        Layers((FULL,), _SQS, (FULL,)),
        IMPLICIT,
        "boundary",
    ),
    Case(
        "arn-of-the-user-behind-not-past-the-session-policy",
        LOGIC,
        _read(FEDERATED, issuer=USER, resource_policy=_bucket(_aws(USER))),
        _SCOPED,
        IMPLICIT,
        "session",
    ),
    Case(
        "arn-of-the-user-behind-without-identity",
        LOGIC,
        _read(FEDERATED, issuer=USER, resource_policy=_bucket(_aws(USER))),
        Layers((), FULL, (FULL,)),
        ALLOWED,
        "resource",
    ),
    Case(
        "arn-of-a-user-who-may-be-behind",
        LOGIC,
        _read(FEDERATED, resource_policy=_bucket(_aws(USER))),
        Layers((), session=(FULL,)),
        UNKNOWN,
        "resource",
    ),
    # Everyone: "no other permissions are required", and aws:PrincipalArn as a condition is not limited either.
    Case(
        "everyone-past-the-boundary",
        PRINCIPALS,
        _read(ROLE, resource_policy=_bucket("*")),
        _BOUND_AND_EMPTY,
        ALLOWED,
        "resource",
    ),
    Case(
        "principal-arn-condition-past-the-boundary",
        LOGIC,
        _read(SESSION, resource_policy=_bucket("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})),
        _SCOPED_AND_BOUND,
        ALLOWED,
        "resource",
    ),
    Case(
        "principal-arn-condition-of-another",
        LOGIC,
        _read(SESSION, resource_policy=_bucket("*", Condition={"ArnEquals": {"aws:PrincipalArn": f"{ROLE}2"}})),
        _SCOPED_AND_BOUND,
        IMPLICIT,
        "identity",
    ),
    # The account "delegates authority to the account", and gives nothing by itself.
    Case(
        "account-only-delegates",
        f"{PRINCIPALS}#principal-accounts",
        _read(ROLE, resource_policy=_bucket(_aws(ROOT))),
        Layers(),
        IMPLICIT,
        "identity",
    ),
    Case(
        "account-not-past-the-boundary",
        f"{PRINCIPALS}#principal-accounts",
        _read(USER, resource_policy=_bucket(_aws(ROOT))),
        _BOUND,
        IMPLICIT,
        "boundary",
    ),
    Case(
        "account-id-only-delegates",
        f"{PRINCIPALS}#principal-accounts",
        _read(USER, resource_policy=_bucket(_aws(ACCOUNT))),
        Layers(),
        IMPLICIT,
        "identity",
    ),
)


def _all_but(*arns: str) -> Policy:
    return policy("Bucket", deny("s3:*", NotPrincipal={"AWS": list(arns)}, Sid="Others"))


_NOT_PRINCIPALS: t.Final = (
    Case(
        "not-principal-excepts",
        NOT_PRINCIPAL,
        _read(USER, resource_policy=_all_but(USER, ROOT)),
        Layers((FULL,)),
        ALLOWED,
    ),
    Case(
        "not-principal-denies-others",
        NOT_PRINCIPAL,
        _read(ROLE, resource_policy=_all_but(USER, ROOT)),
        Layers((FULL,)),
        EXPLICIT,
        "resource",
        "Bucket",
        "Others",
    ),
    Case(
        "not-principal-excepts-a-role-and-its-account",
        NOT_PRINCIPAL,
        _read(ROLE, resource_policy=_all_but(ROLE, ROOT)),
        Layers((FULL,)),
        ALLOWED,
    ),
    Case(
        "not-principal-excepts-a-session",
        NOT_PRINCIPAL,
        _read(SESSION, resource_policy=_all_but(SESSION, ROLE, ROOT)),
        Layers((FULL,)),
        ALLOWED,
    ),
    # "You must also specify the account ARN … Otherwise, the policy might deny access".
    Case(
        "not-principal-without-the-account",
        NOT_PRINCIPAL,
        _read(USER, resource_policy=_all_but(USER)),
        Layers((FULL,)),
        UNKNOWN,
        "resource",
    ),
    Case(
        "not-principal-without-the-role",
        NOT_PRINCIPAL,
        _read(SESSION, resource_policy=_all_but(SESSION, ROOT)),
        Layers((FULL,)),
        UNKNOWN,
        "resource",
    ),
    Case(
        "not-principal-of-the-account-alone",
        NOT_PRINCIPAL,
        _read(USER, resource_policy=_all_but(ROOT)),
        Layers((FULL,)),
        EXPLICIT,
        "resource",
    ),
    # "Will always deny any IAM principal that has a permissions boundary policy attached".
    Case(
        "not-principal-denies-whoever-is-bounded",
        BOUNDARIES,
        _read(USER, resource_policy=_all_but(USER, ROOT)),
        Layers((FULL,), FULL),
        EXPLICIT,
        "resource",
    ),
    Case(
        "not-principal-denies-bounded-roles",
        BOUNDARIES,
        _read(SESSION, resource_policy=_all_but(SESSION, ROLE, ROOT)),
        Layers((FULL,), FULL),
        EXPLICIT,
        "resource",
    ),
    Case(
        "arn-not-equals-spares-the-bounded",
        BOUNDARIES,
        _read(
            USER,
            resource_policy=policy(
                "B", deny("s3:*", Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": USER}})
            ),
        ),
        Layers((FULL,), FULL),
        ALLOWED,
    ),
)

CASES: t.Final = (*_PAST_THE_BOUNDARY, *_NOT_PRINCIPALS)
