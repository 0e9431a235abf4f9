# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evaluator as others use it. What AWS's rules make of requests stands in the cases."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Decision,
    Evaluator,
    Layers,
    Outcome,
    Request,
    evaluate,
)

from .cases.case import (
    ACCOUNT,
    ALLOWED,
    EXPLICIT,
    FULL,
    IMPLICIT,
    KEY,
    OBJECT,
    OTHER,
    ROLE,
    ROOT,
    S3_READ,
    UNKNOWN,
    USER,
    allow,
    deny,
    policy,
)

INCOMPLETE = Context({}, complete=False)
TAGGED = policy("Tagged", allow("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}, Sid="Blue"))
QUEUE = "arn:aws:sqs:eu-west-1:{}:in"


def test_one_evaluator_for_many_requests() -> None:
    evaluator = Evaluator(Layers((S3_READ,)))
    asked = ("s3:GetObject", "s3:PutObject", "s3:GetObject")
    found = [evaluator.decide(Request(action, OBJECT, USER)).outcome for action in asked]
    assert found == [ALLOWED, IMPLICIT, ALLOWED]


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("s3:GetObject", OBJECT, {}, ALLOWED),
        ("S3:GETOBJECT", OBJECT, {}, ALLOWED),
        ("s3:PutObject", OBJECT, {}, IMPLICIT),
        ("s3:PutObject", OBJECT, INCOMPLETE, UNKNOWN),
        ("s3:PutObject", OBJECT, {"aws:PrincipalTag/team": "blue"}, ALLOWED),
        ("s3:PutObject", OBJECT, Context({"aws:PrincipalTag/team": "red"}, complete=False), IMPLICIT),
        ("s3:GetObject", "arn:aws:s3:::secret/a", {}, EXPLICIT),
        ("s3:GetObject", "*", {}, ALLOWED),
        ("sts:GetCallerIdentity", "*", {}, ALLOWED),
    ],
)
def test_outcome(action: str, resource: str, context: dict[str, str], expected: Outcome) -> None:
    guard = policy("Guard", deny("s3:*", "arn:aws:s3:::secret/*"))
    evaluator = Evaluator(Layers((S3_READ, TAGGED, guard)), principal=ROLE)
    assert evaluator.outcome(action, resource, context) is expected


def test_outcome_is_the_principals_side_alone() -> None:
    evaluator = Evaluator(Layers((FULL,)), principal=ROLE)
    assert evaluator.outcome("kms:Decrypt", KEY) is ALLOWED
    assert evaluator.decide(Request("kms:Decrypt", KEY, ROLE)).outcome is UNKNOWN
    assert evaluator.outcome("sqs:SendMessage", QUEUE.format(OTHER)) is ALLOWED
    assert evaluator.decide(Request("sqs:SendMessage", QUEUE.format(OTHER), ROLE)).outcome is IMPLICIT


def test_outcome_knows_the_principal() -> None:
    own = policy("Own", allow("iam:*", "arn:aws:iam::*:user/${aws:username}"))
    assert Evaluator(Layers((own,)), principal=USER).outcome("iam:GetUser", USER) is ALLOWED
    assert Evaluator(Layers((own,)), principal=ROLE).outcome("iam:GetUser", USER, INCOMPLETE) is IMPLICIT
    assert Evaluator(Layers((own,))).outcome("iam:GetUser", USER, INCOMPLETE) is UNKNOWN
    assert Evaluator(Layers(), principal=ROOT).outcome("iam:GetUser", USER) is ALLOWED


def test_the_same_context_for_other_resources() -> None:
    """The context is kept between questions, but not the account of the resource."""
    here = policy("Here", allow(Condition={"StringEquals": {"aws:ResourceAccount": ACCOUNT}}))
    evaluator = Evaluator(Layers((here,)), principal=ROLE)
    found = [
        evaluator.outcome("sqs:SendMessage", QUEUE.format(account), INCOMPLETE) for account in (ACCOUNT, OTHER, ACCOUNT)
    ]
    assert found == [ALLOWED, IMPLICIT, ALLOWED]


def test_a_context_says_itself_whether_it_is_complete() -> None:
    layers = Layers((TAGGED,))
    assert evaluate(Request("s3:GetObject", OBJECT, ROLE, INCOMPLETE), layers).outcome is UNKNOWN
    assert evaluate(Request("s3:GetObject", OBJECT, ROLE, Context({})), layers).outcome is IMPLICIT


def test_keys_once_each_whatever_their_case() -> None:
    twice = policy(
        "Twice",
        allow(
            Condition={
                "StringEquals": {"aws:SourceVpc": "v"},
                "StringLike": {"AWS:sourcevpc": "v*"},
                "Null": {"a:b": "true"},
            }
        ),
    )
    decision = evaluate(Request("s3:GetObject", OBJECT, ROLE, context_complete=False), Layers((twice,)))
    assert [key.lower() for key in decision.missing_context] == ["a:b", "aws:sourcevpc"]


def test_missing_keys_are_only_those_that_matter() -> None:
    layers = Layers((TAGGED, policy("Other", allow("sqs:*", Condition={"Null": {"aws:SourceIp": "true"}}))))
    decision = evaluate(Request("s3:GetObject", OBJECT, ROLE, context_complete=False), layers)
    assert decision.missing_context == ("aws:PrincipalTag/team",)


def test_levels_by_their_names() -> None:
    layers = Layers((FULL,), scps=((FULL,), (S3_READ,), (FULL,)), scp_levels=("root", "OU prod"))
    decision = evaluate(Request("sqs:SendMessage", QUEUE.format(ACCOUNT), ROLE), layers)
    assert decision.explanation == (
        "Denied: no statement of the SCP S3Read at level 2 (OU prod) allows sqs:SendMessage on "
        f"arn:aws:sqs:eu-west-1:{ACCOUNT}:in. At every level from the organization's root down to the account, an SCP "
        "must allow a request."
    )
    unnamed = dataclasses.replace(layers, scp_levels=())
    assert " at level 2 allows" in evaluate(Request("sqs:SendMessage", "*", ROLE), unnamed).explanation


def test_decisions_compare_by_what_they_say() -> None:
    first = evaluate(Request("s3:GetObject", OBJECT, USER), Layers((S3_READ,)))
    assert first == Decision(ALLOWED, "identity", "S3Read", "Read")
    assert Decision(ALLOWED).explanation == ""


@pytest.mark.parametrize("action", ["", "s3", ":", "s3:", "s3:GetObject:x", "\u212a:x"])
@pytest.mark.parametrize("resource", ["", "*", "arn:", "arn:aws:s3", "::::::", OBJECT])
@pytest.mark.parametrize(
    "principal", ["", "arn:", "arn:aws:iam::1:role", "arn:aws:sts::1:assumed-role/", "::::::", USER]
)
def test_odd_requests_are_decided_too(action: str, resource: str, principal: str) -> None:
    trust = policy("Trust", allow(Principal={"AWS": [ROLE, "x", "arn:aws:iam::1:role/"]}))
    for given in (None, trust):
        decision = evaluate(Request(action, resource, principal, resource_policy=given), Layers((S3_READ,)))
        assert decision.outcome is not ALLOWED
        assert decision.explanation
