# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request context."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import (
    ABSENT,
    UNKNOWN_KEY,
    Context,
    Values,
)


@pytest.mark.parametrize("key", ["aws:SourceIp", "AWS:SourceIP", "aws:sourceip"])
def test_names_of_keys_are_compared_without_case(key: str) -> None:
    # "including the aws:SourceIP context key is equivalent to testing for AWS:SourceIp":
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
    assert Context({"aws:SourceIp": "192.0.2.1"}).get(key) == ("192.0.2.1",)


def test_the_name_of_a_tag_in_a_key_is_too() -> None:
    assert Context({"aws:RequestTag/CostCenter": "7"}).get("aws:requesttag/costcenter") == ("7",)


@pytest.mark.parametrize(
    ("given_as", "values"),
    [
        ("text", ("text",)),
        ("", ("",)),
        (["a", "b"], ("a", "b")),
        ((), ()),
        (True, ("true",)),
        ([False, 7], ("false", "7")),
        (1.5, ("1.5",)),
    ],
)
def test_values(given_as: Values, values: tuple[str, ...]) -> None:
    assert Context({"key": given_as}).get("key") == values


def test_what_is_not_given_is_absent_from_a_complete_request_and_unknown_in_another() -> None:
    assert Context({}).get("aws:username") is ABSENT
    assert Context({}, complete=False).get("aws:username") is UNKNOWN_KEY


def test_a_key_can_be_known_to_be_absent() -> None:
    context = Context({}, complete=False, absent=("aws:UserName",))
    assert context.get("aws:username") is ABSENT
    assert context.get("aws:userid") is UNKNOWN_KEY


def test_more_keys() -> None:
    context = Context({"A": "1", "B": "2"}, complete=False)
    over = context.with_({"a": "one"}, absent=("b",))
    assert (over.get("A"), over.get("B"), over.get("C")) == (("one",), ABSENT, UNKNOWN_KEY)
    under = context.under({"a": "one", "c": "3"}, absent=("d",))
    assert (under.get("A"), under.get("C"), under.get("D")) == (("1",), ("3",), ABSENT)
    assert (context.get("A"), context.get("C")) == (("1",), UNKNOWN_KEY)


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.lists(st.text()))), st.booleans())
def test_contexts_are_equal_by_what_they_say(values: dict[str, Values], complete: bool) -> None:
    one, other = Context(values, complete=complete), Context(dict(values), complete=complete)
    assert one == other
    assert hash(one) == hash(other)
    assert one != Context(values, complete=not complete)
    assert one != values


@pytest.mark.parametrize("complete", [True, False])
def test_a_key_may_be_unknown_in_any_context(complete: bool) -> None:
    context = Context({"aws:SourceIp": "192.0.2.1"}, complete=complete)
    assert context.but_unknown("AWS:sourceip").get("aws:SourceIp") is UNKNOWN_KEY
    assert context.but_unknown("s3:prefix").get("aws:SourceIp") == ("192.0.2.1",)
    assert context.but_unknown("s3:prefix").complete is complete
