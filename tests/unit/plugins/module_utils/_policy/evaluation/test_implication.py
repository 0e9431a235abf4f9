# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scope import runs_all

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.operators import OPERATORS
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Condition
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.conditions import condition_matcher
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.implication import find_unimplied
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, YES

NEW: t.Final = "2012-10-17"
OLD: t.Final = "2008-10-17"
ROLES = "arn:aws:iam::*:role/"


def conditions(block: dict[str, t.Any]) -> tuple[Condition, ...]:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block}
    return parse({"Statement": [statement]}).statements[0].conditions


def implies(strong: dict[str, t.Any], weak: dict[str, t.Any], *, versions: tuple[str, str] = (NEW, NEW)) -> bool:
    return not find_unimplied((versions[0], conditions(strong)), (versions[1], conditions(weak)))


def on(operator: str, *values: t.Any, key: str = "aws:SourceVpc") -> dict[str, t.Any]:
    return {operator: {key: list(values)}}


IMPLIED = [
    pytest.param(on("StringEquals", "a"), {}, id="no condition follows from any"),
    pytest.param(
        on("StringEquals", "a"), on("StringEquals", "a", key="AWS:sourcevpc"), id="the same key in another case"
    ),
    pytest.param(on("StringEquals", "a"), on("StringEquals", "b", "a"), id="fewer values"),
    pytest.param({**on("StringEquals", "a"), **on("Bool", "true", key="x:y")}, on("StringEquals", "a"), id="one more"),
    pytest.param(on("StringEquals", "a"), on("StringEqualsIfExists", "a"), id="IfExists is weaker"),
    pytest.param(on("StringEquals", "ab"), on("StringLike", "a*"), id="a value that a pattern matches"),
    pytest.param(on("StringLike", "ab*"), on("StringLike", "a*b*", "ab?*", "ab"), id="by two patterns together"),
    pytest.param(on("StringEquals", "AB"), on("StringEqualsIgnoreCase", "ab"), id="another case is the same"),
    pytest.param(on("StringEqualsIgnoreCase", "a1"), on("StringLike", "?1"), id="any case within a wildcard"),
    pytest.param(on("StringEquals", "${aws:username}"), on("StringEquals", "${aws:username}", "x"), id="a variable"),
    pytest.param(on("StringEquals", "x-${aws:username}"), on("StringLike", "x-*"), id="a variable within a wildcard"),
    pytest.param(on("StringNotEquals", "a", "b"), on("StringNotEquals", "a"), id="more values are excluded"),
    pytest.param(on("StringNotLike", "a*"), on("StringNotEquals", "ab"), id="a pattern that excludes the value"),
    pytest.param(on("StringEquals", "a"), on("StringNotEquals", "b"), id="equal to another value"),
    pytest.param(
        on("StringNotEquals", "a"), on("StringNotEqualsIfExists", "a"), id="IfExists adds nothing to a negation"
    ),
    pytest.param(on("StringEquals", "a"), on("Null", "false"), id="what is compared is there"),
    pytest.param(on("Null", "true"), on("StringNotEquals", "a"), id="what is not there differs"),
    pytest.param(
        {**on("StringEqualsIfExists", "a"), **on("Null", "false")}, on("StringEquals", "a"), id="IfExists and Null"
    ),
    pytest.param(on("NumericLessThan", "10"), on("NumericLessThanEquals", "10"), id="less than"),
    pytest.param(on("NumericLessThanEquals", "9"), on("NumericLessThan", "10"), id="a narrower number"),
    pytest.param(on("NumericEquals", "5"), on("NumericGreaterThan", "4"), id="one number"),
    pytest.param(on("NumericLessThan", "3", "9"), on("NumericLessThan", "2", "9"), id="the largest of several decides"),
    pytest.param(
        on("DateGreaterThan", "2026-06-01"), on("DateGreaterThanEquals", "2026-05-31T23:00:00Z"), id="a later date"
    ),
    pytest.param(on("IpAddress", "10.1.0.0/16"), on("IpAddress", "10.0.0.0/8"), id="a network within"),
    pytest.param(
        on("IpAddress", "10.0.0.0/8"), on("IpAddress", "10.0.0.0/9", "10.128.0.0/9"), id="a network within two halves"
    ),
    pytest.param(on("NotIpAddress", "10.0.0.0/8"), on("NotIpAddress", "10.1.0.0/16"), id="a larger network excluded"),
    pytest.param(
        on("IpAddress", "10.1.0.0/16", key="aws:SourceIp"),
        on("NotIpAddress", "192.0.2.0/24", key="aws:SourceIp"),
        id="from elsewhere",
    ),
    pytest.param(on("Bool", "true"), on("Bool", True), id="true as text"),
    pytest.param(on("Bool", "true"), on("BoolIfExists", "true", "false"), id="true or false"),
    pytest.param(on("ArnLike", f"{ROLES}app-*"), on("ArnLike", f"{ROLES}*"), id="a narrower ARN"),
    pytest.param(on("ArnEquals", f"{ROLES}a"), on("ArnLike", f"{ROLES}a"), id="two names of an operator"),
    pytest.param(on("ArnLike", f"{ROLES}a"), on("StringLike", "arn:aws:iam:*"), id="an ARN as text"),
    pytest.param(on("ForAllValues:StringEquals", "a"), on("ForAllValues:StringLike", "a*"), id="for all values"),
    pytest.param(on("ForAnyValue:StringEquals", "a"), on("ForAnyValue:StringEquals", "a", "b"), id="for any value"),
    pytest.param(on("StringEquals", "a"), on("ForAnyValue:StringEquals", "a"), id="a value is any value"),
    pytest.param(on("StringEquals", "a"), on("ForAllValues:StringEquals", "a"), id="the only value is all values"),
    pytest.param({}, on("StringLikeIfExists", "*"), id="a condition that always holds"),
    pytest.param({}, on("Null", "true", "false"), id="there or not"),
]
OPEN = [
    pytest.param({}, on("StringEquals", "a"), id="without the condition"),
    pytest.param(on("StringEquals", "a", "b"), on("StringEquals", "a"), id="more values"),
    pytest.param(on("StringEquals", "a"), on("StringEquals", "A"), id="values have a case"),
    pytest.param(on("StringEquals", "a", key="x:y"), on("StringEquals", "a", key="x:z"), id="another key"),
    pytest.param(on("StringEqualsIfExists", "a"), on("StringEquals", "a"), id="without the key"),
    pytest.param(on("StringNotEquals", "b"), on("StringEquals", "a"), id="a negation says little"),
    pytest.param(on("StringNotEquals", "a"), on("StringNotEquals", "a", "b"), id="fewer values are excluded"),
    pytest.param(on("StringNotEquals", "a"), on("Null", "false"), id="a negation holds without the key"),
    pytest.param(on("StringLike", "a*"), on("StringEquals", "a*"), id="a pattern is no value"),
    pytest.param(on("StringEquals", "a*"), on("StringLike", "b*"), id="a star that is a star"),
    pytest.param(on("StringEqualsIgnoreCase", "a"), on("StringEquals", "a"), id="any case"),
    pytest.param(on("StringLike", "*"), on("StringEquals", "${aws:username}"), id="a variable on one side"),
    pytest.param(
        on("StringEquals", "${aws:username}"), on("StringEquals", "${aws:userid}"), id="the value of another variable"
    ),
    pytest.param(on("StringLike", "x?"), on("StringLike", "x${aws:username}"), id="a character is no variable"),
    pytest.param(on("StringLike", "${aws:username}"), on("StringLike", "?"), id="a variable may be long"),
    pytest.param(on("NumericLessThan", "10"), on("NumericLessThan", "9"), id="a wider number"),
    pytest.param(on("NumericLessThanEquals", "10"), on("NumericLessThan", "10"), id="the number itself"),
    pytest.param(on("NumericLessThan", "1"), on("NumericGreaterThan", "0"), id="another direction"),
    pytest.param(on("NumericLessThan", "1"), on("DateLessThan", "1"), id="another type"),
    pytest.param(on("NumericEquals", "many"), on("NumericEquals", "more"), id="no number"),
    pytest.param(on("IpAddress", "10.0.0.0/8"), on("IpAddress", "10.1.0.0/16"), id="a larger network"),
    pytest.param(on("IpAddress", "::/0"), on("IpAddress", "0.0.0.0/0"), id="another version of IP"),
    pytest.param(on("StringEquals", "10.0.0.1"), on("IpAddress", "10.0.0.0/8"), id="an address as text"),
    pytest.param(on("ArnLike", "arn:aws:iam::*"), on("ArnLike", "arn:aws:iam::*:*"), id="an ARN without its parts"),
    pytest.param(on("ForAllValues:StringEquals", "a"), on("ForAnyValue:StringEquals", "a"), id="all may be none"),
    pytest.param(
        {**on("ForAllValues:StringEquals", "a"), **on("Null", "false")}, on("StringEquals", "a"), id="all may be empty"
    ),
    pytest.param(on("ForAnyValue:StringEquals", "a"), on("ForAllValues:StringEquals", "a"), id="any is not all"),
    pytest.param(
        on("StringEquals", "a", key="aws:TagKeys"),
        on("ForAllValues:StringEquals", "a", key="aws:TagKeys"),
        id="a key with several values",
    ),
    pytest.param(
        on("StringEquals", "a", key="aws:TagKeys"),
        on("StringNotEquals", "b", key="aws:TagKeys"),
        id="several values, one equal",
    ),
    pytest.param(on("StringEquals", "a"), on("StringEquals"), id="no value"),
]


@pytest.mark.parametrize(("strong", "weak"), IMPLIED)
def test_a_condition_follows(strong: dict[str, t.Any], weak: dict[str, t.Any]) -> None:
    assert implies(strong, weak)


@pytest.mark.parametrize(("strong", "weak"), OPEN)
def test_a_condition_does_not_follow(strong: dict[str, t.Any], weak: dict[str, t.Any]) -> None:
    assert not implies(strong, weak)


def test_a_variable_of_2012_is_text_in_2008() -> None:
    block = on("StringEquals", "${aws:username}")
    assert implies(block, block, versions=(OLD, OLD))
    assert not implies(block, block, versions=(NEW, OLD))
    assert not implies(block, block, versions=(OLD, NEW))
    assert implies(on("Bool", "true"), on("Bool", "true"), versions=(OLD, NEW))


KEY: t.Final = "aws:SourceVpc"
MANY_KEY: t.Final = "aws:TagKeys"
VALUES: t.Final = (
    *("", "a", "A", "ab", "a*", "*", "?", "b", "${aws:username}", "a-${aws:username}", "${*}", "true", "false", "1"),
    *("2", "2.0", "2026", "2026-01-02", "10.0.0.1", "10.0.0.0/8", "10.0.0.0/31", "::1", "::/0"),
    *("arn:aws:iam::1:role/a", "arn:aws:iam::*:role/*", "arn:aws:iam::?:role/a*", "arn:aws:*", "arn:*:*:*:*:*"),
)
GIVEN: t.Final = (
    *("", "a", "A", "ab", "abc", "*", "b", "alice", "a-alice", "true", "false", "0", "1", "2", "3", "2026", "10.0.0.1"),
    *("10.0.0.2", "11.0.0.1", "::1", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/ab", "arn:aws:s3:::x", "arn:aws:b"),
)


@st.composite
def drawn_conditions(draw: st.DrawFn) -> Condition:
    operator = draw(st.sampled_from(sorted(OPERATORS.values())))
    values = tuple(draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3)))
    quantifier = draw(st.sampled_from([None, None, "ForAllValues", "ForAnyValue"]))
    key = draw(st.sampled_from([KEY, MANY_KEY]))
    if operator == "Null":
        return Condition(operator, key, values)
    return Condition(operator, key, values, draw(st.booleans()), quantifier)


@st.composite
def drawn_contexts(draw: st.DrawFn) -> Context:
    found: dict[str, t.Any] = draw(st.sampled_from([{}, {"aws:username": "alice"}, {"aws:username": ""}]))
    one = draw(st.none() | st.sampled_from(GIVEN))
    several = draw(st.none() | st.lists(st.sampled_from(GIVEN), max_size=2))
    found = found if one is None else {**found, KEY: one}
    return Context(found if several is None else {**found, MANY_KEY: several})


@settings(max_examples=600 if runs_all() else 200)
@given(
    st.lists(drawn_conditions(), max_size=2), drawn_conditions(), st.lists(drawn_contexts(), min_size=20, max_size=20)
)
def test_a_condition_that_follows_holds_in_every_context(
    strong: list[Condition], weak: Condition, contexts: list[Context]
) -> None:
    """The matcher of conditions shares no code with the implication of texts, spans and quantifiers."""
    for weaker in (weak, *strong):
        if find_unimplied((NEW, tuple(strong)), (NEW, (weaker,))):
            continue
        for context in contexts:
            if condition_matcher(tuple(strong), version=NEW).evaluate(context, set()) is YES:
                assert condition_matcher((weaker,), version=NEW).evaluate(context, set()) is not NO
