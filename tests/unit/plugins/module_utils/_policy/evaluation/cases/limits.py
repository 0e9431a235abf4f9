# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Permissions boundaries and session policies."""

from __future__ import annotations

import typing as t

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
    S3_READ,
    SESSION,
    USER,
    Case,
    allow,
    deny,
    policy,
)

BOUNDARIES: t.Final = f"{IAM}access_policies_boundaries.html"
LOGIC: t.Final = f"{IAM}reference_policies_evaluation-logic_policy-eval-denyallow.html"
SESSIONS: t.Final = f"{IAM}access_policies.html#policies_session"
FEDERATION: t.Final = "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html"

_SQS: t.Final = policy("SqsOnly", allow("sqs:*", Sid="Queues"))


def _read(principal: str, **more: t.Any) -> Request:
    return Request("s3:GetObject", OBJECT, principal, **more)


# A boundary that leaves S3 out, with and without identity-based policies that allow everything.
_BOUND: t.Final = Layers((FULL,), boundary=_SQS)
_SCOPED: t.Final = Layers((FULL,), session=(_SQS,))

_BOUNDARIES: t.Final = (
    Case(
        "boundary-allows", BOUNDARIES, _read(USER), Layers((FULL,), boundary=S3_READ), ALLOWED, "identity", "FullAccess"
    ),
    Case("boundary-is-silent", BOUNDARIES, _read(USER), _BOUND, IMPLICIT, "boundary", "SqsOnly"),
    Case("boundary-is-silent-for-roles", BOUNDARIES, _read(ROLE), _BOUND, IMPLICIT, "boundary", "SqsOnly"),
    Case("boundary-grants-nothing", BOUNDARIES, _read(USER), Layers(boundary=FULL), IMPLICIT, "identity"),
    Case(
        "boundary-denies",
        BOUNDARIES,
        _read(USER),
        Layers((FULL,), boundary=policy("Guard", allow(), deny("s3:*", Sid="NoData"))),
        EXPLICIT,
        "boundary",
        "Guard",
        "NoData",
    ),
    Case(
        "identity-denies-within-the-boundary",
        BOUNDARIES,
        _read(USER),
        Layers((FULL, policy("D", deny("s3:*"))), FULL),
        EXPLICIT,
        "identity",
    ),
    Case(
        "boundary-with-a-condition",
        BOUNDARIES,
        _read(USER, context={"aws:SourceIp": "203.0.113.9"}),
        Layers((FULL,), policy("Office", allow(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))),
        ALLOWED,
    ),
    Case(
        "boundary-with-another-condition",
        BOUNDARIES,
        _read(USER, context={"aws:SourceIp": "192.0.2.1"}),
        Layers((FULL,), policy("Office", allow(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))),
        IMPLICIT,
        "boundary",
        "Office",
    ),
    Case("boundary-and-scp", BOUNDARIES, _read(USER), Layers((FULL,), FULL, scps=((S3_READ,),)), ALLOWED),
    Case("boundary-and-silent-scp", BOUNDARIES, _read(USER), Layers((FULL,), FULL, scps=((_SQS,),)), IMPLICIT, "scp"),
    Case(
        "boundary-must-be-set-on-new-users",
        BOUNDARIES,
        Request("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/new", USER),
        Layers(
            (
                policy(
                    "Delegated",
                    allow(
                        "iam:CreateUser",
                        Condition={"StringEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/B"}},
                    ),
                ),
            )
        ),
        IMPLICIT,
        "identity",
    ),
)

_SESSIONS: t.Final = (
    Case("session-policy-allows", SESSIONS, _read(SESSION), Layers((FULL,), session=(S3_READ,)), ALLOWED, "identity"),
    Case("session-policy-is-silent", SESSIONS, _read(SESSION), _SCOPED, IMPLICIT, "session", "SqsOnly"),
    Case("session-policy-grants-nothing", SESSIONS, _read(SESSION), Layers(session=(FULL,)), IMPLICIT, "identity"),
    Case("session-policies-are-or", SESSIONS, _read(SESSION), Layers((FULL,), session=(_SQS, S3_READ)), ALLOWED),
    Case(
        "session-policy-denies",
        SESSIONS,
        _read(SESSION),
        Layers((FULL,), session=(FULL, policy("D", deny("s3:*")))),
        EXPLICIT,
        "session",
        "D",
    ),
    Case("no-session-policy", LOGIC, _read(SESSION), Layers((FULL,)), ALLOWED),
    Case("session-policy-and-boundary", SESSIONS, _read(SESSION), Layers((FULL,), S3_READ, (S3_READ,)), ALLOWED),
    Case(
        "session-policy-and-silent-boundary",
        SESSIONS,
        _read(SESSION),
        Layers((FULL,), _SQS, (S3_READ,)),
        IMPLICIT,
        "boundary",
    ),
    Case("federated-user-without-session-policy", FEDERATION, _read(FEDERATED), Layers((FULL,)), IMPLICIT, "session"),
    Case(
        "federated-user-with-session-policy", FEDERATION, _read(FEDERATED), Layers((FULL,), session=(S3_READ,)), ALLOWED
    ),
    Case(
        "federated-user-within-the-user",
        FEDERATION,
        _read(FEDERATED),
        Layers((_SQS,), session=(FULL,)),
        IMPLICIT,
        "identity",
    ),
)


CASES: t.Final = (*_BOUNDARIES, *_SESSIONS)
