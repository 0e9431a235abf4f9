# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.matching import resource_matcher
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.tokens import (
    Patterns,
    Style,
    Tokens,
    Uncovered,
    fill_wildcards,
    find_uncovered,
    name_variable,
    open_variables,
    overlap,
    tokenize,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import YES
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.variables import VERSION, template

NAME: t.Final = "${aws:username}"
NAMES: t.Final = ("a", "b:", "a*", "")


def tokens(text: str) -> Tokens:
    return tokenize(template(text, version=VERSION, resource=True), Style.RESOURCE)


def is_covered(narrow: str, *wide: str, outside: t.Sequence[str] = ()) -> bool:
    sets = [Patterns(tuple(map(tokens, wide)))] if wide else []
    sets += [Patterns(None, (tokens(each),)) for each in outside]
    return find_uncovered(tokens(narrow), tuple(sets)) is None


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("s3:get*", ("s3:*",)),
        ("a?", ("a*b", "a*", "c")),
        ("ab", ("a*",)),
        (f"arn:aws:s3:::home/{NAME}/*", ("arn:aws:s3:::home/*",)),
        (f"arn:aws:s3:::home/{NAME}/x", (f"arn:aws:s3:::home/{NAME}/*",)),
        ("arn:aws:sqs:*:1:in", ("arn:aws:sqs:*:*:*",)),
    ],
)
def test_patterns_cover(narrow: str, wide: tuple[str, ...]) -> None:
    assert is_covered(narrow, *wide)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("s3:*", ("s3:get*", "s3:put*")),
        ("arn:aws:s3:::home/*", (f"arn:aws:s3:::home/{NAME}/*",)),
        (f"arn:aws:s3:::{NAME}", ("arn:aws:s3:::?",)),
        (f"arn:aws:s3:::{NAME}", ("arn:aws:s3:::${aws:userid}",)),
        (f"arn:aws:s3:::{NAME}", ("arn:aws:s3:::${aws:username, 'x'}",)),
        ("x", ()),
    ],
)
def test_patterns_do_not_cover(narrow: str, wide: tuple[str, ...]) -> None:
    assert not is_covered(narrow, *wide)


def test_several_sets_together_cover() -> None:
    assert is_covered("arn:aws:s3:::*", "arn:aws:s3:::a*", outside=["arn:aws:s3:::a?*"])
    assert not is_covered("arn:aws:s3:::*", "arn:aws:s3:::a?*", outside=["arn:aws:s3:::a*"])


def test_a_text_that_is_not_covered_is_spelled() -> None:
    found = find_uncovered(tokens("s3:get*"), (Patterns((tokens("s3:getobject*"), tokens("s3:get"))),))
    assert found is not None and found.text is not None
    text = "".join(found.text)
    assert text.startswith("s3:get") and text != "s3:get" and not text.startswith("s3:getobject")


def test_a_hostile_question_is_given_up() -> None:
    hostile = tokens("*a" + "?" * 18)
    assert find_uncovered(tokens("*ab" + "?" * 17), (Patterns((hostile,)),)) == Uncovered(None)
    assert find_uncovered(hostile, (Patterns((hostile,)),)) is None


def test_a_variable_has_a_name_and_may_be_anything() -> None:
    found = tokens(f"arn:aws:s3:::{NAME}/x")
    assert [name_variable(each) for each in found if len(each) > 2] == ["aws:username"]
    assert "".join(fill_wildcards(open_variables(found), "any")) == "arn:aws:s3:::any/x"
    assert overlap(found, tokens("arn:aws:s3:::b?b/x"))


_PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "?", ":", "a*"]), max_size=5).map("".join)
_ARNS = st.lists(st.sampled_from(["a", "*", "?", NAME, "b", ":"]), max_size=4).map(
    lambda parts: "arn:p:s3::1:" + "".join(parts)
)
_TEXTS = tuple("".join(each) for length in range(6) for each in itertools.product("ab:", repeat=length))


def _matches(pattern: str, text: str, name: t.Optional[str] = None) -> bool:
    context = Context({} if name is None else {"aws:username": name})
    return resource_matcher((pattern,), version=VERSION).match(text, context, set()) is YES


@settings(max_examples=150)
@given(_PATTERNS, st.lists(_PATTERNS, max_size=3), st.lists(_PATTERNS, max_size=2))
def test_a_union_covers_if_and_only_if_each_text_is_in_it(narrow: str, wide: list[str], outside: list[str]) -> None:
    """The matcher compiles regular expressions: it shares the tokens, not the search."""
    found = find_uncovered(
        tokens(narrow), (Patterns(tuple(map(tokens, wide))), *(Patterns(None, (tokens(each),)) for each in outside))
    )
    left = [
        text
        for text in _TEXTS
        if _matches(narrow, text)
        and not any(_matches(each, text) for each in wide)
        and all(_matches(each, text) for each in outside)
    ]
    if found is None:
        assert not left
    else:
        assert found.text is not None
        text = "".join(found.text)
        assert _matches(narrow, text) and not any(_matches(each, text) for each in wide)
        assert all(_matches(each, text) for each in outside)


@settings(max_examples=150)
@given(_ARNS, st.lists(_ARNS, min_size=1, max_size=3), st.sampled_from(NAMES))
def test_what_is_covered_is_so_for_every_value_of_a_variable(narrow: str, wide: list[str], name: str) -> None:
    if not is_covered(narrow, *wide):
        return
    for ending in ("", "a", "b", "aa", "ab:", "a*", "b:b:", "aab", "a*a"):
        text = f"arn:p:s3::1:{ending}"
        if _matches(narrow, text, name):
            assert any(_matches(each, text, name) for each in wide)
