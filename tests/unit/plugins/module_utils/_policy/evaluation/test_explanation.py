# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions in words."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Request, evaluate

from .cases.case import FOREIGN_USER, FULL, KEY, OBJECT, ROLE, ROOT, S3_READ, USER, allow, deny, policy

WHAT = f"s3:GetObject on {OBJECT}"
BUCKET = policy("Bucket", allow("s3:*", Principal={"AWS": USER}, Sid="Grant"))
SQS = policy("SqsOnly", allow("sqs:*"))
TAGGED = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
READ = Request("s3:GetObject", OBJECT, USER)


def explain_denial(rest: str) -> str:
    return f"Denied: no statement of {rest}"


@pytest.mark.parametrize(
    ("request_", "layers", "expected"),
    [
        (READ, Layers((S3_READ,)), f"Allowed: statement Read of the identity-based policy S3Read allows {WHAT}."),
        (READ, Layers(), explain_denial(f"the identity-based policies allows {WHAT}.")),
        (READ, Layers((SQS,)), explain_denial(f"the identity-based policy SqsOnly allows {WHAT}.")),
        (
            READ,
            Layers((FULL, policy("Guard", deny("s3:*")))),
            f"Denied: statement 1 of the identity-based policy Guard explicitly denies {WHAT}.",
        ),
        (
            READ,
            Layers((FULL,), SQS),
            explain_denial(
                f"the permissions boundary SqsOnly allows {WHAT}. No identity-based policy can grant an action that "
                "the boundary does not allow."
            ),
        ),
        (
            READ,
            Layers((FULL,), scps=((FULL,), (SQS, SQS)), scp_levels=("root", "OU prod")),
            explain_denial(
                f"the SCPs at level 2 (OU prod) allows {WHAT}. At every level from the organization's root down to the "
                "account, an SCP must allow a request."
            ),
        ),
        (
            Request("s3:GetObject", OBJECT, USER, resource_policy=BUCKET),
            Layers((FULL,), SQS),
            f"Allowed: statement Grant of the policy of the resource (Bucket) allows {WHAT}, and such a direct grant "
            "is not limited by the permissions boundary.",
        ),
        (
            Request("s3:GetObject", OBJECT, FOREIGN_USER, resource_account="111122223333"),
            Layers((FULL,)),
            explain_denial(
                f"the policy of the resource allows {WHAT}. Between accounts, both sides must allow a request."
            ),
        ),
        (
            Request("kms:Decrypt", KEY, ROLE, resource_policy=policy("Key", allow("kms:*", Principal={"AWS": USER}))),
            Layers((FULL,)),
            explain_denial(
                f"the key policy (Key) allows kms:Decrypt on {KEY}. Without its consent, identity-based policies have "
                "no effect."
            ),
        ),
        (
            Request("sts:AssumeRole", ROLE, USER),
            Layers((FULL,)),
            f"Unknown: sts:AssumeRole on {ROLE} must be allowed by the trust policy of the role, which was not given.",
        ),
        (
            Request("s3:ListAllMyBuckets", "*", ROLE, context_complete=False),
            Layers((policy("P", allow(Sid="Blue", Condition=TAGGED)),)),
            "Unknown: whether statement Blue of the identity-based policy P allows s3:ListAllMyBuckets depends on "
            "aws:PrincipalTag/team, which the request does not have.",
        ),
        (
            Request("s3:GetObject", OBJECT, "*"),
            Layers(),
            explain_denial(
                f"the policy of the resource allows {WHAT}. Nothing else can allow a caller without identity-based "
                "policies."
            ),
        ),
        (
            Request("sts:GetCallerIdentity", "*", USER),
            Layers(),
            "Allowed: sts:GetCallerIdentity needs no permission, and no policy can deny it.",
        ),
        (
            Request("s3:GetObject", OBJECT, ROOT),
            Layers(),
            "Allowed: the root user of an account may do everything in it that no policy denies.",
        ),
    ],
)
def test_explanation(request_: Request, layers: Layers, expected: str) -> None:
    assert evaluate(request_, layers).explanation == expected


def test_several_keys_are_listed() -> None:
    conditions = {**TAGGED, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Null": {"aws:SourceVpc": "true"}}
    layers = Layers((policy("P", allow(Condition=conditions)),))
    decision = evaluate(Request("s3:GetObject", OBJECT, ROLE, context_complete=False), layers)
    assert "aws:PrincipalTag/team, aws:SourceIp and aws:SourceVpc, which" in decision.explanation


def test_principals_that_do_not_tell() -> None:
    excepting = policy("B", deny("s3:*", NotPrincipal={"AWS": USER}))
    decision = evaluate(Request("s3:GetObject", OBJECT, USER, resource_policy=excepting), Layers((FULL,)))
    assert decision.explanation.endswith(
        "depends on the meaning of its principals, which their names alone do not show."
    )
