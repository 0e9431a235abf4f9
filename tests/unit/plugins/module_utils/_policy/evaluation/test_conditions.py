# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Condition blocks: operators with keys that are there, are not, have several values, or are not known."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.operators import NEGATED, OPERATORS
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Condition
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.conditions import condition_matcher
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context, Values
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.variables import VERSION

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
OPERATOR = GUIDE + "reference_policies_elements_condition_operators.html"
STRINGS = OPERATOR + "#Conditions_String"
NUMBERS = OPERATOR + "#Conditions_Numeric"
DATES = OPERATOR + "#Conditions_Date"
BOOLEANS = OPERATOR + "#Conditions_Boolean"
BINARIES = OPERATOR + "#Conditions_BinaryEquals"
ADDRESSES = OPERATOR + "#Conditions_IPAddress"
ARNS = OPERATOR + "#Conditions_ARN"
IF_EXISTS = OPERATOR + "#Conditions_IfExists"
NULL = OPERATOR + "#Conditions_Null"
SETS = GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
LOGIC = GUIDE + "reference_policies_condition-logic-multiple-context-keys-or-values.html"
VARIABLES = GUIDE + "reference_policies_variables.html"
LANGUAGE = GUIDE + "reference_policies_elements_version.html"
ELEMENT = GUIDE + "reference_policies_elements_condition.html"

Block = t.Mapping[str, t.Mapping[str, t.Union[str, list[str]]]]


def conditions(block: Block) -> tuple[Condition, ...]:
    """The conditions of a block as it stands in a document."""
    found = []
    for written, keys in block.items():
        quantifier, colon, name = written.rpartition(":")
        for key, values in keys.items():
            found.append(
                Condition(
                    operator=name.removesuffix("IfExists"),
                    key=key,
                    values=(values,) if isinstance(values, str) else tuple(values),
                    if_exists=name.endswith("IfExists"),
                    quantifier=t.cast(t.Any, quantifier or None),
                )
            )
    return tuple(found)


def evaluate(block: Block, context: Context, *, version: str = VERSION) -> tuple[Truth, set[str]]:
    missing: set[str] = set()
    return condition_matcher(conditions(block), version=version).evaluate(context, missing), missing


JOB = {"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}
TAGS: Block = {
    "StringEqualsIgnoreCase": {"aws:RequestTag/environment": ["preprod", "storage"]},
    "ForAnyValue:StringEquals": {"aws:TagKeys": "environment"},
}
SECURE = {"Bool": {"aws:SecureTransport": "false"}}
HOME: Block = {"StringLike": {"s3:prefix": ["home/", "home/${aws:username}/"]}}
LOGS: Block = {
    "ForAllValues:ArnLike": {
        "logs:LogGeneratingResourceArns": [
            "arn:aws:cloudfront::123456789012:distribution/*",
            "arn:aws:cloudfront::123456789012:distribution/support*",
        ]
    }
}
TYPES: Block = {"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}}
ALL: Block = {
    "ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]},
    "Null": {"aws:TagKeys": "false"},
}
ANY: Block = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}
ORGS: Block = {"ForAllValues:StringNotLike": {"aws:ResourceOrgPaths": ["o-a/r-a/ou-media/", "o-a/r-a/ou-sports/*"]}}
TEAM = {"StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}}
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/"
SERVICES = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


@pytest.mark.parametrize(
    ("block", "keys", "expected", "source"),
    [
        ({}, {}, YES, ELEMENT),
        # Strings: the tables of the page.
        (JOB, {"aws:PrincipalTag/job-category": "iamuser-admin"}, YES, STRINGS),
        (JOB, {"aws:PrincipalTag/job-category": "dev-ops"}, NO, STRINGS),
        (JOB, {}, NO, STRINGS),
        (JOB, {"AWS:PRINCIPALTAG/JOB-CATEGORY": "iamuser-admin"}, YES, ELEMENT),
        (HOME, {"aws:username": "martha_rivera", "s3:prefix": "home/martha_rivera/"}, YES, STRINGS),
        (HOME, {"aws:username": "nikki_wolf", "s3:prefix": "home/martha_rivera/"}, NO, STRINGS),
        (HOME, {"s3:prefix": "home/martha_rivera/"}, NO, STRINGS),
        (HOME, {"s3:prefix": "home/"}, YES, STRINGS),
        (TAGS, {"aws:TagKeys": "environment", "aws:RequestTag/environment": "preprod"}, YES, STRINGS),
        (
            TAGS,
            {"aws:TagKeys": ["environment", "costcenter"], "aws:RequestTag/environment": "PreProd"},
            YES,
            STRINGS,
        ),
        (TAGS, {"aws:TagKeys": "Environment", "aws:RequestTag/Environment": "preprod"}, NO, STRINGS),
        (TAGS, {"aws:TagKeys": "costcenter", "aws:RequestTag/environment": "preprod"}, NO, STRINGS),
        (TAGS, {"aws:RequestTag/environment": "storage"}, NO, STRINGS),
        (TAGS, {"aws:TagKeys": "environment"}, NO, STRINGS),
        (TAGS, {}, NO, STRINGS),
        # The page's text; its table for this example says the opposite of text and operator, and of the other tables.
        (ORGS, {"aws:ResourceOrgPaths": "o-a/r-a/ou-sports/costcenter/"}, NO, STRINGS),
        (ORGS, {"aws:ResourceOrgPaths": "o-a/r-a/ou-media/costcenter/"}, YES, STRINGS),
        (ORGS, {"aws:ResourceOrgPaths": ["o-a/r-a/ou-x/", "o-a/r-a/ou-media/"]}, NO, STRINGS),
        (ORGS, {}, YES, SETS),
        # The other kinds of operators.
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, YES, NUMBERS),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "11"}, NO, NUMBERS),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {}, NO, NUMBERS),
        ({"NumericNotEquals": {"s3:max-keys": "10"}}, {}, YES, OPERATOR),
        (
            {"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}},
            {"aws:TokenIssueTime": "2020-06-01T00:00:00Z"},
            YES,
            DATES,
        ),
        ({"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}}, {}, NO, DATES),
        (SECURE, {"aws:SecureTransport": "false"}, YES, BOOLEANS),
        (SECURE, {"aws:SecureTransport": "true"}, NO, BOOLEANS),
        (SECURE, {}, NO, BOOLEANS),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, {}, NO, BOOLEANS),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, {}, YES, IF_EXISTS),
        (
            {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            {"aws:MultiFactorAuthPresent": "true"},
            NO,
            IF_EXISTS,
        ),
        ({"BinaryEquals": {"key": "QmluYXJ5"}}, {"key": "QmluYXJ5"}, YES, BINARIES),
        ({"BinaryEquals": {"key": "QmluYXJ5"}}, {"key": "ASIAIOSFODNN7EXAMPLE"}, NO, BINARIES),
        ({"BinaryEquals": {"key": "QmluYXJ5"}}, {}, NO, BINARIES),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.113.1"}, YES, ADDRESSES),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "198.51.100.1"}, NO, ADDRESSES),
        (
            {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8::/32"]}},
            {"aws:SourceIp": "2001:db8::1"},
            YES,
            ADDRESSES,
        ),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {}, NO, ADDRESSES),
        (SERVICES, {"aws:SourceIp": "203.0.113.1"}, NO, ADDRESSES),
        (SERVICES, {"aws:SourceIp": "198.51.100.1"}, YES, ADDRESSES),
        (SERVICES, {}, YES, OPERATOR),
        # A call that a service makes for someone comes from the service, not from the range.
        (SERVICES, {"aws:SourceIp": "cloudformation.amazonaws.com"}, YES, ADDRESSES),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:r:1:T"}}, {"aws:SourceArn": "arn:aws:sns:r:1:T"}, YES, ARNS),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:r:1:T"}}, {"aws:SourceArn": "arn:aws:sns:r:2:T"}, NO, ARNS),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:r:1:T"}}, {}, NO, ARNS),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:*:1:*"}}, {"aws:SourceArn": "arn:aws:sns:r:2:T"}, YES, ARNS),
        ({"ArnNotEquals": {"aws:SourceArn": "arn:aws:sns:*:1:*"}}, {"aws:SourceArn": "arn:aws:sns:r:1:T"}, NO, ARNS),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:*:1:*"}}, {}, YES, OPERATOR),
        (LOGS, {"logs:LogGeneratingResourceArns": DISTRIBUTION + "costcenter"}, YES, ARNS),
        (
            LOGS,
            {"logs:LogGeneratingResourceArns": [DISTRIBUTION + "costcenter", DISTRIBUTION + "support2025"]},
            YES,
            ARNS,
        ),
        (
            LOGS,
            {"logs:LogGeneratingResourceArns": [DISTRIBUTION + "x", DISTRIBUTION.replace("123", "777") + "x"]},
            NO,
            ARNS,
        ),
        (LOGS, {}, YES, ARNS),
        # "... returns true if there are no context keys in the request or if the context key value resolves to a null
        # dataset, such as an empty string."
        (LOGS, {"logs:LogGeneratingResourceArns": []}, YES, ARNS),
        (LOGS, {"logs:LogGeneratingResourceArns": ""}, YES, ARNS),
        # IfExists
        (TYPES, {"ec2:InstanceType": "t1.micro"}, YES, IF_EXISTS),
        (TYPES, {"ec2:InstanceType": "m2.micro"}, NO, IF_EXISTS),
        (TYPES, {}, YES, IF_EXISTS),
        ({"StringNotEqualsIfExists": {"k": "v"}}, {}, YES, IF_EXISTS),
        ({"StringNotEqualsIfExists": {"k": "v"}}, {"k": "v"}, NO, IF_EXISTS),
        ({"ForAnyValue:StringEqualsIfExists": {"k": "v"}}, {}, YES, IF_EXISTS),
        ({"ForAnyValue:StringEqualsIfExists": {"k": "v"}}, {"k": ["a", "b"]}, NO, IF_EXISTS),
        # Null
        ({"Null": {"aws:TokenIssueTime": "false"}}, {"aws:TokenIssueTime": "2020-01-01"}, YES, NULL),
        ({"Null": {"aws:TokenIssueTime": "false"}}, {}, NO, NULL),
        ({"Null": {"aws:TokenIssueTime": "true"}}, {}, YES, NULL),
        ({"Null": {"aws:TokenIssueTime": "true"}}, {"aws:TokenIssueTime": "2020-01-01"}, NO, NULL),
        ({"Null": {"aws:TagKeys": "true"}}, {"aws:TagKeys": []}, YES, NULL),
        ({"Null": {"aws:TagKeys": "FALSE"}}, {"aws:TagKeys": ["a", "b"]}, YES, NULL),
        ({"Null": {"k": ["true", "false"]}}, {}, YES, LOGIC),
        ({"Null": {"k": ["true", "false"]}}, {"k": "v"}, YES, LOGIC),
        ({"Null": {"k": "maybe"}}, {"k": "v"}, NO, NULL),
        ({"Null": {"k": "maybe"}}, {}, NO, NULL),
        # Sets: the tables of the page.
        (ALL, {"aws:TagKeys": "environment"}, YES, SETS),
        (ALL, {"aws:TagKeys": "cost-center"}, YES, SETS),
        (ALL, {"aws:TagKeys": ["environment", "cost-center"]}, YES, SETS),
        (ALL, {"aws:TagKeys": ["environment", "dept"]}, NO, SETS),
        (ALL, {}, NO, SETS),
        (ANY, {"aws:TagKeys": "environment"}, YES, SETS),
        (ANY, {"aws:TagKeys": "cost-center"}, YES, SETS),
        (ANY, {"aws:TagKeys": ["environment", "cost-center"]}, YES, SETS),
        (ANY, {"aws:TagKeys": ["environment", "dept"]}, YES, SETS),
        (ANY, {"aws:TagKeys": "dept"}, NO, SETS),
        (ANY, {}, NO, SETS),
        (ANY, {"aws:TagKeys": []}, NO, SETS),
        # "At least one context key value in the request must NOT match any of values in the context key in your
        # policy."
        ({"ForAnyValue:StringNotEquals": {"k": ["a", "b"]}}, {"k": ["a", "c"]}, YES, STRINGS),
        ({"ForAnyValue:StringNotEquals": {"k": ["a", "b"]}}, {"k": ["a", "b"]}, NO, STRINGS),
        ({"ForAnyValue:StringNotEquals": {"k": ["a", "b"]}}, {}, NO, SETS),
        # "None of the values of the context key in the request can match any of the context key values in your
        # policy."
        ({"ForAllValues:StringNotEquals": {"k": ["a", "b"]}}, {"k": ["c", "a"]}, NO, STRINGS),
        ({"ForAllValues:StringNotEquals": {"k": ["a", "b"]}}, {"k": ["c", "d"]}, YES, STRINGS),
        ({"ForAllValues:Bool": {"k": "true"}}, {"k": ["true", "false"]}, NO, BOOLEANS),
        ({"ForAnyValue:Bool": {"k": "true"}}, {"k": ["true", "false"]}, YES, BOOLEANS),
        # AND over keys and operators, OR over values, NOR over those of negated operators.
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, YES, LOGIC),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, NO, LOGIC),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "c"}, YES, LOGIC),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a", "l": "b"}, YES, LOGIC),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a", "l": "c"}, NO, LOGIC),
        ({"StringEquals": {"k": "a"}, "NumericEquals": {"n": "1"}}, {"k": "a", "n": "2"}, NO, LOGIC),
        ({"StringEquals": {"k": []}}, {"k": "a"}, NO, LOGIC),
        ({"StringNotEquals": {"k": []}}, {"k": "a"}, YES, LOGIC),
        # Variables without a value: "operators like StringEquals or StringLike do not match", "Inverted condition
        # operators like StringNotEquals or StringNotLike do match".
        (TEAM, {"s3:ExistingObjectTag/Team": "a", "aws:PrincipalTag/Team": "a"}, NO, VARIABLES),
        (TEAM, {"s3:ExistingObjectTag/Team": "a", "aws:PrincipalTag/Team": "b"}, YES, VARIABLES),
        (TEAM, {"s3:ExistingObjectTag/Team": "a"}, YES, VARIABLES),
        (TEAM, {}, YES, VARIABLES),
        ({"StringEquals": {"k": "${v}"}}, {"k": "${v}"}, NO, VARIABLES),
        ({"StringEquals": {"k": "${v, 'x'}"}}, {"k": "x"}, YES, VARIABLES),
        ({"StringLike": {"k": "${v}*"}}, {"k": "ab", "v": "*"}, NO, VARIABLES),
        ({"StringLike": {"k": "a${*}"}}, {"k": "a*"}, YES, VARIABLES),
        ({"StringLike": {"k": "a${*}"}}, {"k": "ab"}, NO, VARIABLES),
        ({"StringEquals": {"k": "a${*}"}}, {"k": "a*"}, YES, VARIABLES),
        ({"StringEqualsIgnoreCase": {"k": "${v}"}}, {"k": "ABC", "v": "abc"}, YES, VARIABLES),
        ({"Bool": {"k": "${v}"}}, {"k": "true", "v": "True"}, YES, BOOLEANS),
        ({"ArnLike": {"k": "arn:aws:iam::${a}:role/*"}}, {"k": "arn:aws:iam::1:role/x", "a": "1"}, YES, VARIABLES),
        ({"ArnLike": {"k": "${a}"}}, {"k": "arn:aws:iam::1:role/x", "a": "arn:aws:iam::1:role/x"}, YES, VARIABLES),
        ({"ArnLike": {"k": "${a}"}}, {"k": "arn:aws:iam::1:role/x", "a": "arn:aws:iam::1:role/*"}, NO, VARIABLES),
        # "You can't use a policy variable with other operators, such as Numeric, Date, ..."
        ({"NumericEquals": {"k": "${v}"}}, {"k": "1", "v": "1"}, NO, VARIABLES),
        ({"DateEquals": {"k": "${v}"}}, {"k": "2020", "v": "2020"}, NO, VARIABLES),
        ({"IpAddress": {"k": "${v}"}}, {"k": "192.0.2.1", "v": "192.0.2.1"}, NO, VARIABLES),
        ({"Null": {"k": "${v}"}}, {"v": "true"}, NO, NULL),
        # A key without a value is as one that is not there: "has no value or is not present".
        ({"StringEquals": {"k": "a"}}, {"k": []}, NO, VARIABLES),
        ({"StringNotEquals": {"k": "a"}}, {"k": []}, YES, VARIABLES),
    ],
)
def test_complete_requests(block: Block, keys: dict[str, Values], expected: Truth, source: str) -> None:
    assert evaluate(block, Context(keys)) == (expected, set()), source


def test_the_older_version_compares_variables_as_text() -> None:
    block: Block = {"StringEquals": {"k": "${aws:username}"}}
    context = Context({"k": "${aws:username}", "aws:username": "ann"})
    assert evaluate(block, context, version="2008-10-17") == (YES, set()), LANGUAGE
    assert evaluate(block, context) == (NO, set())


@pytest.mark.parametrize(
    ("operator", "values", "expected", "missing"),
    [
        ("StringEquals", ["a", "a"], YES, set()),
        ("StringEquals", ["b", "c"], NO, set()),
        ("StringEquals", ["a", "b"], UNKNOWN, {"K"}),
        ("StringNotEquals", ["a", "b"], UNKNOWN, {"K"}),
        ("StringNotEquals", ["b", "c"], YES, set()),
        ("StringNotEquals", ["a", "a"], NO, set()),
    ],
)
def test_several_values_without_a_set_operator(
    operator: str, values: list[str], expected: Truth, missing: set[str]
) -> None:
    # "Multivalued context keys require a condition set operator": AWS does not say what happens without.
    assert evaluate({operator: {"K": "a"}}, Context({"k": values})) == (expected, missing), SETS


@pytest.mark.parametrize(
    ("block", "expected", "missing"),
    [
        ({"StringEquals": {"aws:UserName": "ann"}}, UNKNOWN, {"aws:UserName"}),
        ({"StringNotEquals": {"u": "ann"}}, UNKNOWN, {"u"}),
        ({"StringEqualsIfExists": {"u": "ann"}}, UNKNOWN, {"u"}),
        ({"ForAllValues:StringEquals": {"u": "ann"}}, UNKNOWN, {"u"}),
        ({"ForAnyValue:StringEquals": {"u": "ann"}}, UNKNOWN, {"u"}),
        ({"Null": {"u": "true"}}, UNKNOWN, {"u"}),
        ({"NumericLessThan": {"u": "1"}}, UNKNOWN, {"u"}),
        # One condition that does not hold decides, whatever the others.
        ({"StringEquals": {"u": "ann", "known": "x"}}, NO, set()),
        ({"StringEquals": {"known": "x", "u": "ann"}}, NO, set()),
        ({"StringEquals": {"known": "k", "u": "ann"}, "Bool": {"v": "true"}}, UNKNOWN, {"u", "v"}),
        # What holds with the key, whatever its value, and without.
        ({"StringLikeIfExists": {"u": "*"}}, YES, set()),
        ({"StringLike": {"u": "*"}}, UNKNOWN, {"u"}),
        ({"StringNotLike": {"u": "*"}}, UNKNOWN, {"u"}),
        ({"ForAllValues:StringLike": {"u": ["x", "*"]}}, YES, set()),
        ({"ForAnyValue:StringNotLike": {"u": "*"}}, NO, set()),
        ({"ForAnyValue:StringEquals": {"u": []}}, NO, set()),
        ({"StringNotEquals": {"u": "${gone}"}}, YES, set()),
        ({"StringEquals": {"u": "${gone}"}}, NO, set()),
        ({"Null": {"u": ["true", "false"]}}, YES, set()),
        ({"Null": {"u": "neither"}}, NO, set()),
        # Keys that are known to be absent, or have a value.
        ({"StringEquals": {"gone": "x"}}, NO, set()),
        ({"Null": {"gone": "true"}}, YES, set()),
        # Variables of which the value is not known: only where it matters.
        ({"StringEquals": {"known": "${U}"}}, UNKNOWN, {"U"}),
        ({"StringNotEquals": {"known": "${U}"}}, UNKNOWN, {"U"}),
        ({"StringEquals": {"known": ["${U}", "k"]}}, YES, set()),
        ({"StringNotEquals": {"known": ["${U}", "k"]}}, NO, set()),
        ({"StringEquals": {"known": "prefix/${U}"}}, NO, set()),
        ({"StringLike": {"known": ["k${U}", "x${V}"]}}, UNKNOWN, {"U"}),
        ({"StringEqualsIgnoreCase": {"known": "K${U}"}}, UNKNOWN, {"U"}),
        ({"ArnLike": {"arn": "arn:aws:iam::${U}:role/*"}}, UNKNOWN, {"U"}),
        ({"ArnLike": {"arn": "arn:aws:iam::${U}:user/*"}}, NO, set()),
        ({"ForAnyValue:StringEquals": {"several": ["a", "${U}"]}}, YES, set()),
        ({"ForAllValues:StringEquals": {"several": ["a", "${U}"]}}, UNKNOWN, {"U"}),
        ({"ForAllValues:StringEquals": {"several": ["a", "x${U}"]}}, NO, set()),
        ({"ForAnyValue:StringNotEquals": {"several": ["${U}"]}}, UNKNOWN, {"U"}),
    ],
)
def test_requests_that_are_known_in_part(block: Block, expected: Truth, missing: set[str]) -> None:
    context = Context(
        {"known": "k", "several": ["a", "b"], "arn": "arn:aws:iam::1:role/x"}, complete=False, absent=("gone",)
    )
    assert evaluate(block, context) == (expected, missing)


words = st.sampled_from(["a", "b", "A", "*", "a*", "?", "", "1", "2.5", "true", "false", "10.0.0.1", "10.0.0.0/8"])
more_words = st.one_of(words, st.sampled_from(["2020-01-01", "QQ==", "arn:aws:iam::1:role/a", "arn:*:*:*:*:*", "${k}"]))
blocks = st.builds(
    Condition,
    operator=st.sampled_from(sorted(OPERATORS.values())),
    key=st.sampled_from(["k", "l"]),
    values=st.lists(more_words, max_size=3).map(tuple),
    if_exists=st.booleans(),
    quantifier=st.sampled_from([None, "ForAllValues", "ForAnyValue"]),
)
requests = st.dictionaries(st.sampled_from(["k", "l"]), st.one_of(more_words, st.lists(more_words, max_size=3)))


def one(condition: Condition, context: Context) -> Truth:
    return condition_matcher((condition,), version=VERSION).evaluate(context, set())


@given(blocks, requests, st.booleans())
def test_keys_are_named_exactly_where_the_answer_is_unknown(
    condition: Condition, keys: dict[str, Values], complete: bool
) -> None:
    missing: set[str] = set()
    answer = condition_matcher((condition,), version=VERSION).evaluate(Context(keys, complete=complete), missing)
    assert (answer is UNKNOWN) is bool(missing)


@given(st.lists(blocks, max_size=4), requests)
def test_a_block_holds_if_all_its_conditions_do(several: list[Condition], keys: dict[str, Values]) -> None:
    context = Context(keys)
    answers = {one(condition, context) for condition in several}
    expected = NO if NO in answers else UNKNOWN if UNKNOWN in answers else YES
    assert condition_matcher(tuple(several), version=VERSION).evaluate(context, set()) is expected


@given(st.sampled_from(sorted(NEGATED)), st.lists(more_words, max_size=3), more_words)
def test_a_negated_operator_is_the_negation_for_a_value_that_is_there(
    negated: str, values: list[str], given_value: str
) -> None:
    context = Context({"k": given_value})
    positive = one(Condition(NEGATED[negated], "k", tuple(values)), context)
    assert one(Condition(negated, "k", tuple(values)), context) is positive.negated


@given(blocks, requests, requests)
def test_what_is_certain_of_a_part_holds_for_the_whole(
    condition: Condition, known: dict[str, Values], rest: dict[str, Values]
) -> None:
    partial = one(condition, Context(known, complete=False))
    if partial is not UNKNOWN:
        assert one(condition, Context({**rest, **known})) is partial


@given(blocks, requests)
def test_if_exists_differs_only_where_the_key_is_not_there(condition: Condition, keys: dict[str, Values]) -> None:
    if condition.operator != "Null" and keys.get(condition.key):
        plain = Condition(condition.operator, condition.key, condition.values, False, condition.quantifier)
        assert one(condition, Context(keys)) is one(plain, Context(keys))


@given(
    st.sampled_from(sorted(set(OPERATORS.values()) - {"Null"})),
    st.sampled_from([None, "ForAllValues", "ForAnyValue"]),
    st.lists(st.text(), max_size=3),
    st.one_of(st.text(), st.lists(st.text(), max_size=3)),
    st.booleans(),
)
def test_nothing_raises(
    operator: str,
    quantifier: t.Optional[t.Literal["ForAllValues", "ForAnyValue"]],
    values: list[str],
    given_values: Values,
    complete: bool,
) -> None:
    condition = Condition(operator, "k", tuple(values), False, quantifier)
    assert one(condition, Context({"k": given_values}, complete=complete)) in (YES, NO, UNKNOWN)
