# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Broken documents of any kind: the answer is PolicyError with a place, never another exception."""

from __future__ import annotations

import copy
import json
import random
import string
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse, problems
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind, Policy, PolicyError

from ..samples import load_managed_policies

KINDS: t.Final = (None, *Kind)
# Policies are small on average; a few thousand characters hold every element, and 10,000 of them are soon read.
LONGEST: t.Final = 3_000

JUNK: t.Final[tuple[t.Any, ...]] = (
    None,
    True,
    0,
    -1.5,
    10**5000,
    float("inf"),
    "",
    "*",
    "\ud800",
    "a" * 10_000,
    [],
    {},
    [[]],
    [None, {}],
    {"": None},
    {1: 2, None: 3, (): 4},
    {"Effect": {"Effect": "Allow"}},
    b"bytes",
    object(),
    frozenset("ab"),
)


def outcome(source: t.Any, kind: t.Optional[Kind]) -> t.Optional[Policy]:
    """The policy, or None where it was refused as it should be: with problems that name a place."""
    found = problems(source, kind=kind)
    try:
        policy = parse(source, kind=kind)
    except PolicyError as error:
        assert found
        assert error.problems == found
        assert all(problem.message for problem in found)
        if isinstance(source, (str, bytes)):
            assert all(problem.position for problem in found)
        return None
    assert found == ()
    return policy


def seeds() -> list[str]:
    texts = [json.dumps(content, indent=2) for content in load_managed_policies().values()]
    return sorted(text for text in texts if len(text) < LONGEST)


def break_text(text: str, chance: random.Random) -> str:
    """The text with one to three edits: cut, doubled, swapped or replaced somewhere."""
    for _edit in range(chance.randint(1, 3)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 1, 2, 10, 200)))
        text = chance.choice(
            (
                text[:start] + text[end:],
                text[:start] + text[start:end] * 2 + text[end:],
                text[:start] + chance.choice('{}[]":,\\*\n\x00\u4e2d0-') + text[end:],
                text[:start] + chance.choice(("null", "NaN", '"Effect"', "[[[", '{"":', "\\u", "1e999")) + text[end:],
                text[:start] + text[start:end].swapcase() + text[end:],
                text[:end],
            )
        )
    return text


def places(value: t.Any, path: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def break_structure(content: t.Any, chance: random.Random) -> t.Any:
    """The structure with junk in one place, or one element less or renamed."""
    *parents, last = chance.choice(places(content)[1:])
    broken = copy.deepcopy(content)
    container = broken
    for key in parents:
        container = container[key]
    action = chance.choice(("replace", "remove", "rename", "nest"))
    if action == "replace":
        container[last] = chance.choice(JUNK)
    elif action == "nest":
        container[last] = [container[last]]
    else:
        value = container.pop(last)
        if action == "rename" and isinstance(container, dict):
            container[chance.choice((str(last).swapcase(), f"Not{last}", "x", 7, None, ()))] = value
    return broken


def test_fuzzed_texts() -> None:
    chance = random.Random(20261124)
    texts = seeds()
    refused = 0
    for number in range(6_000):
        source: str | bytes = break_text(chance.choice(texts), chance)
        if number % 10 == 0:
            source = source.encode("latin-1", "replace")
        refused += outcome(source, chance.choice(KINDS)) is None
    assert refused > 5_000


def test_fuzzed_structures() -> None:
    chance = random.Random(20261125)
    contents = [json.loads(text) for text in seeds()]
    refused = sum(
        outcome(break_structure(chance.choice(contents), chance), chance.choice(KINDS)) is None
        for _number in range(4_000)
    )
    assert refused > 2_500


JSON: t.Final = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, derandomize=True)
@given(source=JSON | st.text(max_size=200) | st.binary(max_size=200), kind=st.sampled_from(KINDS))
def test_anything_at_all(source: t.Any, kind: t.Optional[Kind]) -> None:
    assert outcome(source, kind) is None
    if not isinstance(source, (str, bytes)):
        assert outcome(json.dumps(source), kind) is None


@settings(max_examples=300, derandomize=True)
@given(
    elements=st.dictionaries(
        st.sampled_from(["Sid", "Effect", "Action", "NotAction", "Resource", "Principal", "Condition"]), JSON
    ),
    kind=st.sampled_from(KINDS),
)
def test_any_element(elements: dict[str, t.Any], kind: t.Optional[Kind]) -> None:
    outcome({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"} | elements]}, kind)


@pytest.mark.parametrize("value", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_junk_in_place_of_a_policy(value: t.Any, kind: t.Optional[Kind]) -> None:
    assert outcome(value, kind) is None


def test_structures_of_any_depth() -> None:
    deep: t.Any = {}
    for _level in range(100_000):
        deep = {"Statement": [deep]}
    assert outcome(deep, None) is None
    assert (
        outcome({"Statement": {"Effect": deep, "Action": [deep], "Condition": deep, "Principal": deep}}, None) is None
    )


def test_every_letter_of_the_character_set_may_stand_in_a_value() -> None:
    letters = "".join(map(chr, (0x9, 0xA, 0xD, *range(0x20, 0x100)))) + string.printable
    policy = outcome({"Statement": {"Effect": "Deny", "Action": "*", "Resource": letters}}, None)
    assert policy is not None
    assert policy.statements[0].resources == (letters,)
