# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON of documents: what is refused, where, and that nothing but PolicyError comes out."""

from __future__ import annotations

import json

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import PolicyError, Position
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.syntax import (
    Number,
    Path,
    compact,
    decode,
    locate,
    path_text,
)


def test_numbers_keep_their_spelling() -> None:
    assert decode('{"a": 1.0, "b": -3e2, "c": [7]}')[0] == {
        "a": Number("1.0"),
        "b": Number("-3e2"),
        "c": [Number("7")],
    }


def test_bytes_are_utf_8() -> None:
    assert decode('{"a": "é"}'.encode()) == ({"a": "é"}, '{"a": "é"}')


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        pytest.param("", "line 1, column 1", "not JSON: Expecting value", id="empty"),
        pytest.param('{"a": 1', "line 1, column 8", "Expecting ',' delimiter", id="cut off"),
        pytest.param('{"a": 1}\n }', "line 2, column 2", "Extra data", id="trailing data"),
        pytest.param('{\n "a": tru}', "line 2, column 7", "Expecting value", id="half a word"),
        pytest.param('{"a": "b\nc"}', "line 1, column 9", "Invalid control character", id="line break in a string"),
        pytest.param('{"a":\n"NaN", "b": NaN}', "line 2, column 13", "NaN is no JSON value", id="NaN"),
        pytest.param('{"a": -Infinity}', "line 1, column 7", "-Infinity is no JSON value", id="infinity"),
        pytest.param('\ufeff{"a": 1}', "line 1, column 1", "must not contain the character '\\ufeff'", id="mark"),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, names
        pytest.param('{"a":\n "\u4e2d"}', "line 2, column 3", "the character '\\u4e2d'", id="character set"),
        pytest.param('{"a": "\ud800"}', "line 1, column 8", "the character '\\ud800'", id="half a surrogate pair"),
        pytest.param('{"a": "\x00"}', "line 1, column 8", "the character '\\x00'", id="control character"),
        pytest.param(b'{"a":\n"\xff"}', "line 2, column 2", "not UTF-8", id="not UTF-8"),
        pytest.param("[" * 100_000, "line 1, column 65", "nested more than 64 deep", id="deep lists"),
        pytest.param('{"a":' * 100_000, "line 1, column 321", "nested more than 64 deep", id="deep objects"),
        pytest.param("[" * 65 + "]" * 65, "line 1, column 65", "nested more than 64 deep", id="deep and closed"),
        pytest.param('"' + r"\"" * 50_000 + "[" * 100, "line 1, column 1", "Unterminated string", id="open string"),
    ],
)
def test_what_is_refused(source: str | bytes, place: str, message: str) -> None:
    with pytest.raises(PolicyError) as error:
        decode(source, name="boundary")
    assert str(error.value).startswith(f"boundary: {place}: ")
    assert message in str(error.value)
    assert error.value.problems[0].position is not None


def test_brackets_in_strings_do_not_nest() -> None:
    value = {"a": ["[" * 100, '"]["']}
    assert decode(json.dumps(value))[0] == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "a": 1}', ["a at line 1, column 10: given a second time"]),
        ('{"a": 1,\n "\\u0061": 1}', ["a at line 2, column 2: given a second time"]),
        ('[{"a": {"b": [], "b": []}}]', ["[0].a.b at line 1, column 18: given a second time"]),
        (
            '{"x": [{"a": 1, "a": 2, "a": 3}], "x": 1}',
            [
                "x[0].a at line 1, column 17: given a second time",
                "x[0].a at line 1, column 25: given a second time",
                "x at line 1, column 35: given a second time",
            ],
        ),
    ],
    ids=["twice", "spelled otherwise", "nested", "three times"],
)
def test_an_element_given_twice_is_refused(text: str, expected: list[str]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html: no key more than once."""
    with pytest.raises(PolicyError) as error:
        decode(text)
    assert [str(problem) for problem in error.value.problems] == expected


def test_every_value_has_a_position() -> None:
    text = '{"Version": "2012-10-17",\n "Statement": [{"Action": ["a:b", "c,{:d"]},\n  {}], "é\\"": {"k": null}}'
    assert locate(text).positions == {
        (): Position(1, 1),
        ("Version",): Position(1, 2),
        ("Statement",): Position(2, 2),
        ("Statement", 0): Position(2, 16),
        ("Statement", 0, "Action"): Position(2, 17),
        ("Statement", 0, "Action", 0): Position(2, 28),
        ("Statement", 0, "Action", 1): Position(2, 35),
        ("Statement", 1): Position(3, 3),
        ('é"',): Position(3, 8),
        ('é"', "k"): Position(3, 16),
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("Statement", 2, "Action", 0), "Statement[2].Action[0]"),
        (("Condition", "ForAnyValue:Bool", "aws:ResourceTag/a"), "Condition.ForAnyValue:Bool.aws:ResourceTag/a"),
        (("Condition", "Bool", "a.b", 1), 'Condition.Bool["a.b"][1]'),
        (("", 0), '[""][0]'),
    ],
)
def test_paths_are_written(path: Path, expected: str) -> None:
    assert path_text(path) == expected


def test_compact_text_is_in_the_character_set_of_iam() -> None:
    text = compact({"a": ["é\u4e2d\U0001f600\n", True]})
    assert text == '{"a":["é\\u4e2d\\ud83d\\ude00\\n",true]}'
    assert decode(text)[0] == {"a": ["é\u4e2d\U0001f600\n", True]}
