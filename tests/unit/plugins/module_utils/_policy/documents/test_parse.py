# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From documents to policies: what is read, and what is refused as IAM refuses it.

Where a case names no page of the guide, it is in the grammar:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import (
    IDENTITY_KINDS,
    parse,
    problems,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import (
    Condition,
    Kind,
    Policy,
    PolicyError,
    Position,
    Problem,
    Statement,
)

from ..samples import load_managed_policies

ALLOW: dict[str, t.Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST: dict[str, t.Any] = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "ec2.amazonaws.com"},
}


def document(**elements: t.Any) -> dict[str, t.Any]:
    """A policy of one statement: an allowing one with other elements, of which None takes one away."""
    statement = {name: value for name, value in (ALLOW | elements).items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust(**elements: t.Any) -> dict[str, t.Any]:
    """A trust policy, likewise."""
    statement = {name: value for name, value in (TRUST | elements).items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_every_element_is_read() -> None:
    source = {
        "Version": "2012-10-17",
        "Id": "an id",
        "Statement": [
            {
                "Sid": "One",
                "Effect": "Allow",
                "Principal": {"AWS": ["111122223333", "*"], "Service": "ec2.amazonaws.com"},
                "Action": ["s3:Get*", "S3:ListBucket"],
                "Resource": "arn:aws:s3:::bucket",
                "Condition": {
                    "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]},
                    "Bool": {"aws:SecureTransport": True, "aws:ViaAWSService": "false"},
                },
            },
            {"Effect": "Deny", "NotPrincipal": "*", "NotAction": "*", "NotResource": ["*"]},
        ],
    }
    expected = Policy(
        statements=(
            Statement(
                index=0,
                allow=True,
                sid="One",
                principals=(("AWS", "111122223333"), ("AWS", "*"), ("Service", "ec2.amazonaws.com")),
                actions=("s3:Get*", "S3:ListBucket"),
                resources=("arn:aws:s3:::bucket",),
                conditions=(
                    Condition("StringLike", "aws:TagKeys", ("a", "b"), if_exists=True, quantifier="ForAnyValue"),
                    Condition("Bool", "aws:SecureTransport", ("true",)),
                    Condition("Bool", "aws:ViaAWSService", ("false",)),
                ),
            ),
            Statement(index=1, allow=False, not_principals=(("*", "*"),), not_actions=("*",), not_resources=("*",)),
        ),
        version="2012-10-17",
        id="an id",
        name="mine",
    )
    assert parse(source, name="mine") == expected
    assert parse(json.dumps(source), name="mine") == expected
    assert parse(json.dumps(source, indent=2).encode(), name="mine") == expected
    assert hash(parse(source)) == hash(parse(source))


def test_a_single_statement_needs_no_list_and_no_version() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html: 2008-10-17 then."""
    assert parse({"Statement": ALLOW}) == Policy(
        (Statement(index=0, allow=True, actions=("s3:GetObject",), resources=("*",)),), version="2008-10-17"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(True, "true", id="true"),
        pytest.param(3600, "3600", id="integer"),
        pytest.param(1.5, "1.5", id="fraction"),
        pytest.param(datetime.date(2026, 1, 31), "2026-01-31", id="date"),
        pytest.param(datetime.datetime(2026, 1, 31, 12), "2026-01-31T12:00:00Z", id="moment without zone"),
        pytest.param(
            datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC), "2026-01-31T12:00:00Z", id="moment in UTC"
        ),
        pytest.param(
            datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
            "2026-01-31T12:00:00+01:00",
            id="moment elsewhere",
        ),
    ],
)
def test_condition_values_become_text(value: t.Any, expected: str) -> None:
    policy = parse(document(Condition={"StringEquals": {"aws:x": value, "aws:y": [value]}}))
    assert [condition.values for condition in policy.statements[0].conditions] == [(expected,)] * 2


@pytest.mark.parametrize(("text", "expected"), [("1.0", "1.0"), ("1e3", "1e3"), ("false", "false"), ('"x"', "x")])
def test_condition_values_of_text_keep_their_spelling(text: str, expected: str) -> None:
    source = json.dumps(document(Condition={"NumericEquals": {"aws:x": "VALUE"}})).replace('"VALUE"', text)
    assert parse(source).statements[0].conditions[0].values == (expected,)


def test_yaml_may_leave_out_the_quotes() -> None:
    source = yaml.safe_load("""
    Version: 2012-10-17
    Statement:
      Effect: Allow
      Action: [s3:GetObject]
      Resource: '*'
      Condition: {Bool: {aws:SecureTransport: yes}, DateLessThan: {aws:CurrentTime: 2026-01-31T12:00:00Z}}
    """)
    policy = parse(source, kind=Kind.MANAGED)
    assert policy.version == "2012-10-17"
    assert [item.values for item in policy.statements[0].conditions] == [("true",), ("2026-01-31T12:00:00Z",)]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        pytest.param(document(Sid=""), Kind.MANAGED, id="empty statement id"),
        pytest.param({"Statement": [ALLOW | {"Sid": ""}] * 2}, Kind.MANAGED, id="empty statement ids"),
        pytest.param({"Statement": [ALLOW | {"Sid": "a"}] * 2}, None, id="statement ids elsewhere"),
        pytest.param(document(Action="*:*"), Kind.MANAGED, id="every service"),
        pytest.param(document(Action="S3:gETobject"), Kind.MANAGED, id="action in any case"),
        pytest.param(document(Action="s3:G?t*"), Kind.MANAGED, id="wildcards in an action"),
        pytest.param(document(Action="a4b:Get*"), Kind.MANAGED, id="service with a digit"),
        pytest.param(document(Action="s*:Get*", Principal="*"), Kind.RCP, id="wildcard in a service"),
        pytest.param(document(Resource="arn:*:s3:::*"), Kind.MANAGED, id="every partition"),
        pytest.param(document(Resource=[]), None, id="empty list elsewhere"),
        pytest.param(document(Condition={}), Kind.MANAGED, id="no condition"),
        pytest.param(document(Condition={"Bool": {}}), Kind.MANAGED, id="operator without keys"),
        pytest.param(document(Condition={"StringEquals": {"aws:x": []}}), Kind.MANAGED, id="key without values"),
        pytest.param({"Id": "an id", **document()}, Kind.MANAGED, id="id"),
        pytest.param(document(Sid="a b", Principal="*", Resource=None), Kind.RESOURCE, id="resource's policy"),
        pytest.param(trust(), Kind.TRUST, id="trust"),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
        pytest.param(trust(Principal={"AWS": "AROAEXAMPLE"}), Kind.TRUST, id="deleted principal"),
        pytest.param(trust(Principal={"AWS": []}), Kind.TRUST, id="nobody"),
    ],
)
def test_what_iam_takes_is_taken(source: dict[str, t.Any], kind: t.Optional[Kind]) -> None:
    assert problems(source, kind=kind) == ()
    assert problems(json.dumps(source), kind=kind) == ()


NONE: t.Final = None
ID: t.Final = Kind.MANAGED


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        pytest.param([], NONE, ["a policy is an object, not a list"], id="list"),
        pytest.param(None, NONE, ["a policy is an object, not null"], id="nothing"),
        pytest.param({}, NONE, ["has no Statement"], id="empty"),
        pytest.param({"Statement": []}, NONE, ["Statement: must not be empty"], id="no statement"),
        pytest.param({"Statement": "x"}, NONE, ["Statement: must be a list of objects, not a string"], id="text"),
        pytest.param(
            {"Statement": [ALLOW, 7]}, NONE, ["Statement[1]: a statement is an object, not a number"], id="number"
        ),
        pytest.param(
            {"version": "2012-10-17", "Statement": ALLOW},
            NONE,
            ["version: is not an element of a policy; it is spelled Version"],
            id="element in lower case",
        ),
        pytest.param(
            {"Version": "2012-10-18", "Statement": ALLOW},
            NONE,
            ["Version: must be 2012-10-17 or 2008-10-17"],
            id="version",
        ),
        pytest.param({"Id": 1, "Statement": ALLOW}, NONE, ["Id: must be a string, not a number"], id="id"),
        pytest.param({1: 2, "Statement": ALLOW}, NONE, ['["(a number)"]: is not an element of a policy'], id="name"),
        pytest.param(
            document(Resources="*"), NONE, ["Statement[0].Resources: is not an element of a statement"], id="element"
        ),
        pytest.param(document(Effect=None), NONE, ["Statement[0]: has no Effect"], id="no effect"),
        pytest.param(
            # "allow" passes IAM's first parser, and "failed legacy parsing" in the second.
            document(Effect="allow"),
            NONE,
            ["Statement[0].Effect: must be Allow or Deny, in this spelling"],
            id="effect",
        ),
        pytest.param(
            document(Effect=["Allow"]),
            NONE,
            ["Statement[0].Effect: must be Allow or Deny, in this spelling"],
            id="effects",
        ),
        pytest.param(document(Action=None), NONE, ["Statement[0]: has neither Action nor NotAction"], id="no action"),
        pytest.param(
            document(NotAction="*"), NONE, ["Statement[0].NotAction: is not allowed beside Action"], id="both actions"
        ),
        pytest.param(
            document(NotResource="*"),
            NONE,
            ["Statement[0].NotResource: is not allowed beside Resource"],
            id="both resources",
        ),
        pytest.param(
            document(Principal="*", NotPrincipal="*"),
            NONE,
            ["Statement[0].NotPrincipal: is not allowed beside Principal"],
            id="both principals",
        ),
        pytest.param(
            document(Action={"s3": "*"}),
            NONE,
            ["Statement[0].Action: must be a string or a list of strings, not an object"],
            id="action object",
        ),
        pytest.param(
            document(Action=["s3:*", None, ["s3:*"], "s3"]),
            NONE,
            [
                "Statement[0].Action[1]: must be a string, not null",
                "Statement[0].Action[2]: must be a string, not a list",
                "Statement[0].Action[3]: 's3' is neither \"*\" nor service:action",
            ],
            id="actions",
        ),
        pytest.param(
            document(Action="s3:Get:Object"),
            NONE,
            ["Statement[0].Action: 's3:Get:Object' is neither \"*\" nor service:action"],
            id="two colons",
        ),
        pytest.param(
            document(Action="s?:Get*"),
            ID,
            ["Statement[0].Action: 's?:Get*' is neither \"*\" nor service:action"],
            id="vendor is not valid",
        ),
        pytest.param(document(Action=[]), ID, ["Statement[0].Action: must not be empty"], id="no actions"),
        pytest.param(
            document(Resource=None), ID, ["Statement[0]: has neither Resource nor NotResource"], id="no resource"
        ),
        pytest.param(document(Resource=[]), ID, ["Statement[0].Resource: must not be empty"], id="no resources"),
        pytest.param(
            document(Resource=["*", "bucket"]),
            ID,
            ["Statement[0].Resource[1]: 'bucket' is neither \"*\" nor an ARN"],
            id="resource is no ARN",
        ),
        pytest.param(document(Sid=7), NONE, ["Statement[0].Sid: must be a string, not a number"], id="sid"),
        pytest.param(
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
            document(Sid="a b"),
            ID,
            ["Statement[0].Sid: 'a b' has other characters than A-Z, a-z and 0-9"],
            id="characters of a sid",
        ),
        pytest.param(
            {"Statement": [ALLOW | {"Sid": sid} for sid in ("a", "A", "a")]},
            ID,
            ["Statement[2].Sid: 'a' is the id of an earlier statement"],
            id="sid twice",
        ),
        pytest.param(
            document(Principal="*"),
            ID,
            ["Statement[0].Principal: is not allowed in an identity policy: it is always about its own principal"],
            id="principal in an identity policy",
        ),
        pytest.param(
            document(NotPrincipal="*"),
            Kind.SCP,
            ["Statement[0].NotPrincipal: is not allowed in a service control policy"],
            id="principal in an SCP",
        ),
        pytest.param(document(), Kind.RCP, ["Statement[0]: has neither Principal nor NotPrincipal"], id="no principal"),
        pytest.param(
            trust(Principal=None), Kind.TRUST, ["Statement[0]: has neither Principal nor NotPrincipal"], id="no trust"
        ),
        pytest.param(
            trust(Resource="*"),
            Kind.TRUST,
            ["Statement[0].Resource: is not allowed in a trust policy: it is always about its own role"],
            id="prohibited field Resource",
        ),
        pytest.param(
            trust(Principal="arn:aws:iam::111122223333:root"),
            NONE,
            ['Statement[0].Principal: must be "*" or an object such as {"AWS": "123456789012"}, not a string'],
            id="principal without type",
        ),
        pytest.param(
            trust(Principal={"aws": "111122223333", "AWS": [111122223333]}),
            NONE,
            [
                "Statement[0].Principal.aws: is none of AWS, Service, Federated, CanonicalUser",
                "Statement[0].Principal.AWS[0]: must be a string, not a number",
            ],
            id="principal type",
        ),
        pytest.param(
            document(Condition=["x"]),
            NONE,
            ["Statement[0].Condition: must be an object of operators, not a list"],
            id="condition",
        ),
        pytest.param(
            document(Condition={"StringEquals": "x"}),
            NONE,
            ["Statement[0].Condition.StringEquals: must be an object of condition keys, not a string"],
            id="operator",
        ),
        pytest.param(
            document(Condition={"StringEquals": {"aws:x": None, "aws:y": ["a", {}, float("nan")]}}),
            NONE,
            [
                f"Statement[0].Condition.StringEquals.{place}: must be a string, a number or true or false, not {found}"
                for place, found in (("aws:x", "null"), ("aws:y[1]", "an object"), ("aws:y[2]", "a number"))
            ],
            id="condition value",
        ),
        pytest.param(
            document(Condition={"Bool": {"SecureTransport": "true"}}),
            ID,
            ["Statement[0].Condition.Bool.SecureTransport: is not a condition key such as aws:SourceIp"],
            id="key without vendor",
        ),
        pytest.param(
            document(Condition={"Bool": {True: "true"}}),
            NONE,
            ['Statement[0].Condition.Bool["(true or false)"]: is not a condition key such as aws:SourceIp'],
            id="key is no text",
        ),
    ],
)
def test_what_iam_refuses_is_refused(source: t.Any, kind: t.Optional[Kind], expected: list[str]) -> None:
    assert [str(problem) for problem in problems(source, kind=kind)] == expected
    with pytest.raises(PolicyError) as error:
        parse(source, kind=kind, name="mine")
    assert error.value.problems == problems(source, kind=kind)
    more = f" (and {len(expected) - 1} more)" if expected[1:] else ""
    assert str(error.value) == f"mine: {expected[0]}{more}"


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        # "MalformedPolicyDocument: Invalid Condition type : stringEquals"
        ("stringEquals", "is not a condition operator; it is spelled StringEquals"),
        ("foranyvalue:StringLikeifexists", "is not a condition operator; it is spelled ForAnyValue:StringLikeIfExists"),
        ("StringContains", "is no condition operator"),
        ("StringEqualsIfExistsIfExists", "is no condition operator"),
        ("IfExists", "is no condition operator"),
        ("", "is no condition operator"),
        (
            "ForSomeValues:StringLike",
            "is not a condition operator: before the colon must be ForAllValues or ForAnyValue",
        ),
        ("ForAnyValue:ForAllValues:Bool", "is no condition operator"),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
        ("NullIfExists", "is not a condition operator: Null can't have IfExists"),
    ],
)
def test_operators_are_known_and_spelled_as_aws_does(operator: str, message: str) -> None:
    (problem,) = problems(document(Condition={operator: {"aws:x": "y"}}))
    assert problem.message == message


@pytest.mark.parametrize("kind", sorted(IDENTITY_KINDS))
def test_rules_hold_for_every_kind_of_identity_policy(kind: Kind) -> None:
    assert problems(document(), kind=kind) == ()
    assert len(problems(document(Sid="a b", Principal="*", Resource=None), kind=kind)) == 3


def test_problems_of_text_have_positions_in_the_order_of_the_text() -> None:
    text = '{"Statement": [\n {"Action": "s3", "Effect": "allow",\n  "Resource": 7}]}'
    assert problems(text) == (
        Problem("'s3' is neither \"*\" nor service:action", "Statement[0].Action", Position(2, 3)),
        Problem("must be Allow or Deny, in this spelling", "Statement[0].Effect", Position(2, 19)),
        Problem("must be a string or a list of strings, not a number", "Statement[0].Resource", Position(3, 3)),
    )


def test_long_values_are_cut_in_messages() -> None:
    (problem,) = problems(document(Action="x" * 5000))
    assert len(problem.message) < 150


@pytest.mark.parametrize("kind", [None, Kind.MANAGED], ids=["any kind", "managed"])
def test_all_policies_of_aws_are_read_alike_as_text_and_as_structure(kind: t.Optional[Kind]) -> None:
    documents = load_managed_policies()
    assert len(documents) > 1500
    for name, content in documents.items():
        policy = parse(content, name=name, kind=kind)
        given = content["Statement"]
        assert len(policy.statements) == (1 if isinstance(given, dict) else len(given))
        assert policy == parse(json.dumps(content, indent=1), name=name, kind=kind)
