# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents compared by meaning, and written."""

from __future__ import annotations

import dataclasses
import json
import random
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import (
    are_equivalent,
    canonical,
    document,
    fingerprint,
    minify,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Condition, Policy, Statement
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Request, evaluate

from ..samples import load_managed_policies, policies

ALLOW: dict[str, t.Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def of(*statements: dict[str, t.Any], **elements: t.Any) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)} | elements)


def conditional(**operators: t.Any) -> Policy:
    return of(ALLOW | {"Condition": operators})


def trusting(principal: t.Any) -> Policy:
    return of({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(of(ALLOW), parse({"Version": "2012-10-17", "Statement": ALLOW}), id="one statement"),
        pytest.param(of(ALLOW), of(ALLOW | {"Action": ["s3:GetObject"], "Resource": ["*"]}), id="lists of one"),
        pytest.param(
            of(ALLOW | {"Action": ["s3:a", "s3:b"]}), of(ALLOW | {"Action": ["s3:b", "s3:a", "s3:b"]}), id="order"
        ),
        pytest.param(of(ALLOW, ALLOW), of(ALLOW), id="statement twice"),
        pytest.param(
            of(ALLOW, ALLOW | {"Effect": "Deny"}), of(ALLOW | {"Effect": "Deny"}, ALLOW), id="order of statements"
        ),
        pytest.param(of(ALLOW), of(ALLOW | {"Action": "S3:getobject"}), id="case of actions"),
        pytest.param(of(ALLOW), of(ALLOW | {"Sid": ""}), id="empty sid"),
        pytest.param(of(ALLOW), of(ALLOW, Id="an id"), id="id"),
        pytest.param(of(ALLOW), parse({"Version": "2012-10-17", "Statement": ALLOW}, name="mine"), id="name"),
        pytest.param(
            parse({"Statement": ALLOW}), parse({"Version": "2008-10-17", "Statement": ALLOW}), id="no version"
        ),
        pytest.param(
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
            conditional(StringEquals={"aws:PrincipalTag/Team": "a"}),
            conditional(StringEquals={"AWS:principaltag/team": "a"}),
            id="case of condition keys",
        ),
        pytest.param(conditional(Bool={"aws:x": True}), conditional(Bool={"aws:x": "true"}), id="true as text"),
        pytest.param(conditional(Null={"aws:x": "True"}), conditional(Null={"aws:x": ["true"]}), id="case of true"),
        pytest.param(
            conditional(NumericLessThan={"aws:x": 3600}),
            conditional(NumericLessThan={"aws:x": "3600"}),
            id="number as text",
        ),
        pytest.param(
            conditional(Bool={"aws:x": "true"}, Null={"aws:y": "true"}),
            conditional(Null={"aws:y": "true"}, Bool={"aws:x": "true"}),
            id="order of conditions",
        ),
        pytest.param(of(ALLOW), conditional(Bool={}), id="operator without keys"),
        pytest.param(
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
            trusting({"AWS": "111122223333"}),
            trusting({"AWS": ["arn:aws:iam::111122223333:root"]}),
            id="account and root",
        ),
    ],
)
def test_the_same_said_otherwise(one: Policy, other: Policy) -> None:
    assert are_equivalent(one, other)
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(of(ALLOW), of(ALLOW | {"Effect": "Deny"}), id="effect"),
        pytest.param(of(ALLOW), parse({"Statement": ALLOW}), id="version"),
        pytest.param(of(ALLOW), of(ALLOW | {"Sid": "A"}), id="sid"),
        pytest.param(of(ALLOW | {"Sid": "a"}), of(ALLOW | {"Sid": "A"}), id="case of sids"),
        pytest.param(
            of(ALLOW | {"Action": "s3:*"}), of(ALLOW | {"Action": ["s3:*", "s3:Get*"]}), id="covered by another"
        ),
        pytest.param(of(ALLOW), of({"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}), id="all but it"),
        pytest.param(
            of(ALLOW | {"Resource": "arn:aws:s3:::a"}),
            of(ALLOW | {"Resource": "arn:aws:s3:::A"}),
            id="case of resources",
        ),
        pytest.param(
            conditional(StringEquals={"aws:x": "a"}), conditional(StringEquals={"aws:x": "A"}), id="case of values"
        ),
        pytest.param(
            conditional(StringEquals={"aws:x": "true"}), conditional(StringEquals={"aws:x": "True"}), id="text True"
        ),
        pytest.param(
            conditional(StringEquals={"aws:x": "a"}),
            conditional(StringEqualsIfExists={"aws:x": "a"}),
            id="if it exists",
        ),
        pytest.param(
            conditional(StringEquals={"aws:x": "a"}),
            conditional(**{"ForAnyValue:StringEquals": {"aws:x": "a"}}),
            id="quantifier",
        ),
        pytest.param(trusting("*"), trusting({"AWS": "*"}), id="everyone, and every principal of AWS"),
        pytest.param(
            trusting({"AWS": "111122223333"}),
            trusting({"AWS": "arn:aws:iam::111122223333:user/root"}),
            id="user called root",
        ),
        pytest.param(trusting({"AWS": []}), of({"Effect": "Allow", "Action": "sts:AssumeRole"}), id="nobody"),
    ],
)
def test_something_else(one: Policy, other: Policy) -> None:
    assert not are_equivalent(one, other)
    assert fingerprint(one) != fingerprint(other)


def test_the_canonical_form() -> None:
    policy = of(
        ALLOW | {"Sid": "Two", "Action": ["s3:Put*", "S3:Get*", "s3:get*"]},
        {"Effect": "Deny", "NotAction": "IAM:*", "Resource": "*", "Condition": {"Bool": {"AWS:X": "TRUE"}}},
        Id="an id",
    )
    assert document(canonical(policy)) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": {"Bool": {"aws:x": "true"}}},
            {"Sid": "Two", "Effect": "Allow", "Action": ["s3:get*", "s3:put*"], "Resource": "*"},
        ],
    }
    assert [statement.index for statement in canonical(policy).statements] == [0, 1]


def test_a_document_is_written_in_the_order_of_the_grammar_and_short() -> None:
    policy = of(
        {
            "Condition": {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["é\u4e2d"]}, "Bool": {"aws:x": False}},
            "Resource": ["*"],
            "Action": ["s3:Get*", "s3:Put*"],
            "Principal": {"AWS": ["1" * 12, "2" * 12], "Service": ["ec2.amazonaws.com"]},
            "Effect": "Allow",
            "Sid": "One",
        },
        Id="an id",
    )
    assert minify(policy) == (
        '{"Version":"2012-10-17","Id":"an id","Statement":[{"Sid":"One","Effect":"Allow",'
        '"Principal":{"AWS":["111111111111","222222222222"],"Service":"ec2.amazonaws.com"},'
        '"Action":["s3:Get*","s3:Put*"],"Resource":"*",'
        '"Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":"é\\u4e2d"},"Bool":{"aws:x":"false"}}}]}'
    )


def test_a_key_in_two_spellings_holds_twice() -> None:
    both = conditional(StringEquals={"aws:x": ["a", "b"], "AWS:X": ["b", "c"]})
    assert len(canonical(both).statements[0].conditions) == 2
    assert parse(minify(both)) == both
    assert are_equivalent(parse(minify(canonical(both))), both)
    assert not are_equivalent(both, conditional(StringEquals={"aws:x": ["a", "b"]}))


def test_what_json_cannot_say_is_refused() -> None:
    condition = Condition("Bool", "1:2", ("true",))
    statement = Statement(0, allow=True, conditions=(condition, dataclasses.replace(condition, values=("false",))))
    with pytest.raises(ValueError, match="1:2 has too many values"):
        document(Policy((statement,)))


@pytest.mark.parametrize("principals", [False, True], ids=["identity", "resource"])
def test_properties(principals: bool) -> None:
    @settings(max_examples=80, derandomize=True)
    @given(policy=policies(principals=principals), seed=st.randoms(use_true_random=False))
    def holds(policy: Policy, seed: random.Random) -> None:
        found = canonical(policy)
        assert canonical(found) == found
        assert are_equivalent(shuffle(policy, seed), policy)
        assert parse(document(policy)) == policy
        assert parse(minify(policy)) == policy
        assert are_equivalent(parse(minify(found)), policy)

    holds()


def shuffle(policy: Policy, chance: random.Random) -> Policy:
    """The policy with statements, values and conditions in another order, and some of them twice."""

    def mix(items: t.Sequence[t.Any]) -> t.Any:
        extended = [*items, *chance.choices(items, k=chance.randint(0, 2))] if items else []
        return tuple(chance.sample(extended, len(extended)))

    def mix_condition(condition: Condition) -> Condition:
        return dataclasses.replace(condition, values=mix(condition.values), key=condition.key.swapcase())

    def mix_statement(statement: Statement) -> Statement:
        changed: dict[str, t.Any] = {
            field.name: mix(value)
            for field in dataclasses.fields(statement)
            if isinstance(value := getattr(statement, field.name), tuple)
        }
        changed["conditions"] = tuple(map(mix_condition, changed["conditions"]))
        return dataclasses.replace(statement, **changed)

    return dataclasses.replace(policy, statements=mix(tuple(map(mix_statement, policy.statements))))


REQUESTS: t.Final = [
    Request(
        action=action,
        resource="arn:aws:s3:::bucket",
        principal=principal,
        context=context,
        context_complete=complete,
        resource_account="111122223333",
    )
    for action in ("s3:GetObject", "iam:ListBucket")
    for principal in ("arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:root", "ec2.amazonaws.com")
    for context, complete in (
        ({"aws:SourceIp": "10.1.2.3", "aws:TagKeys": ["true", "alice"]}, True),
        ({"aws:TagKeys": []}, True),
        ({}, False),
    )
]


@settings(max_examples=60, derandomize=True)
@given(identity=policies(), resource=policies(principals=True))
def test_the_canonical_form_means_the_same(identity: Policy, resource: Policy) -> None:
    for request in REQUESTS:
        before = evaluate(dataclasses.replace(request, resource_policy=resource), Layers(identity=(identity,)))
        after = evaluate(
            dataclasses.replace(request, resource_policy=canonical(resource)), Layers(identity=(canonical(identity),))
        )
        assert before.outcome is after.outcome
        assert {key.lower() for key in before.missing_context} == {key.lower() for key in after.missing_context}


def test_all_policies_of_aws() -> None:
    for name, content in load_managed_policies().items():
        policy = parse(content, name=name)
        found = canonical(policy)
        assert canonical(found) == found
        assert parse(minify(policy), name=name) == policy
        assert parse(json.dumps(document(found))) == found
        assert fingerprint(policy) == fingerprint(found)
