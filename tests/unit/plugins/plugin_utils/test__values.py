# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that an option cannot take."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._values import (
    find_bad_values,
    is_of_type,
    parse_lists,
    split_texts,
)

SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    "length": {"type": "int"},
    "days": {"type": "int"},
    "deep": {"type": "bool"},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "mode": {"type": "str", "choices": ["report", "enforce"]},
    "formats": {"type": "list", "elements": "str", "choices": ["txt", "html"]},
    "numbers": {"type": "list", "elements": "int"},
    "tags": {"type": "dict"},
    "secret": {"type": "int", "no_log": True},
    "anything": {"type": "raw"},
    "text": {},
    "name": {"aliases": ["title"]},
    "targets": {"type": "list", "elements": "dict", "options": {"path": {"type": "str"}, "count": {"type": "int"}}},
}


def find(*, has_off: bool = False, **arguments: t.Any) -> list[str]:
    return find_bad_values(
        SPEC, arguments, allowed={"length": "from 6 to 128"}, action="hardening.iam.example", has_off=has_off
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"length": "14", "deep": "yes", "state": "absent", "formats": "txt,html", "tags": '{"a": 1}', "text": 5},
        {"length": None, "state": None, "formats": ["html"], "numbers": ["1", 2], "anything": object(), "title": "x"},
        {"targets": [{"path": "/a/", "count": "3"}], "tags": {"a": 1}},
    ],
)
def test_what_ansible_takes_is_no_problem(arguments: dict[str, t.Any]) -> None:
    assert find(**arguments) == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"length": "viele"}, "length: 'viele' is not a whole number. Set it to a whole number from 6 to 128."),
        ({"days": "soon"}, "days: 'soon' is not a whole number. Set it to a whole number."),
        ({"deep": "perhaps"}, "deep: 'perhaps' is neither true nor false. Set it to true or false."),
        ({"state": "presnt"}, "state: 'presnt' is not allowed. Set it to present or absent; the nearest is present."),
        ({"state": "x"}, "state: 'x' is not allowed. Set it to present or absent."),
        ({"state": ""}, "state: it is empty. Set it to present or absent."),
        ({"formats": "txt,pdf"}, "formats[1]: 'pdf' is not allowed. Set it to txt or html."),
        ({"numbers": [1, "two"]}, "numbers[1]: 'two' is not a whole number. Set it to a whole number."),
        ({"tags": "a"}, "tags: 'a' is not a mapping. Set it to a mapping of names to values."),
        ({"stat": "present"}, "stat: hardening.iam.example has no such option. The nearest is state."),
        ({"xyzzy": 1}, "xyzzy: hardening.iam.example has no such option. Remove it."),
        ({"targets": [{}, {"pth": 1}]}, "targets[1].pth: the mapping has no such option. The nearest is path."),
        ({"targets": [{"x": 1}]}, "targets[0].x: the mapping has no such option. Allowed are path, count."),
        ({"targets": [{"count": "x"}]}, "targets[0].count: 'x' is not a whole number. Set it to a whole number."),
        ({"targets": ["text"]}, "targets[0]: 'text' is not a mapping. Set it to a mapping of names to values."),
    ],
)
def test_a_problem_names_option_value_and_what_is_allowed(arguments: dict[str, t.Any], problem: str) -> None:
    assert find(**arguments) == [problem]


@pytest.mark.parametrize("text", ["txt, html", "txt,html", " txt ,html,", "txt,,html"])
def test_a_text_of_a_survey_is_a_list(text: str) -> None:
    given = {"formats": text, "numbers": "1, 2", "state": "a, b", "text": "c, d", "tags": None, "other": "e, f"}
    assert split_texts(SPEC, given) == {"formats": ["txt", "html"]}
    assert find(**split_texts(SPEC, given)) == []


@pytest.mark.parametrize("text", [",", ",,", ", ", " , "])
def test_a_text_without_a_name_stays_an_error(text: str) -> None:
    """Of some options an empty list means everything."""
    assert split_texts(SPEC, {"formats": text}) == {}
    assert find(formats=text) != []


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("formats", '["txt", "html"]', ["txt", "html"]),
        ("formats", ' ["txt","html"] ', ["txt", "html"]),
        ("formats", "[]", []),
        ("numbers", "[1, 2]", [1, 2]),
        ("targets", '[{"path": "/a,b/", "count": 3}]', [{"path": "/a,b/", "count": 3}]),
    ],
)
def test_a_list_in_json_is_a_list(name: str, text: str, value: list[t.Any]) -> None:
    """Ansible would split it at its commas, and a list of dictionaries would be no list at all."""
    assert parse_lists(SPEC, {name: text}) == {name: value}
    assert find(**parse_lists(SPEC, {name: text})) == []


@pytest.mark.parametrize("text", ["txt,html", "[txt", "[txt]", "[" * 100_000, '{"a": 1}', ["txt"], None])
def test_other_values_stay_as_they_are(text: t.Any) -> None:
    assert parse_lists(SPEC, {"formats": text, "text": "[1]", "tags": "[1]", "other": "[1]"}) == {}


def test_a_mode_of_a_role_may_be_off_too() -> None:
    assert find(mode="enforced", has_off=True) == [
        "mode: 'enforced' is not allowed. Set it to off, report or enforce; the nearest is enforce."
    ]
    assert find(mode="enforced") == [
        "mode: 'enforced' is not allowed. Set it to report or enforce; the nearest is enforce."
    ]


def test_a_secret_is_not_shown() -> None:
    (problem,) = find(secret="hunter22")
    assert "hunter22" not in problem
    assert problem.startswith("secret: ")


def test_at_most_three_and_each_short() -> None:
    problems = find(length="x" * 5000, days=["y"] * 5000, deep={"z": 1}, state="none of them")
    assert len(problems) == 3
    assert max(map(len, problems)) < 200


@pytest.mark.parametrize(("value", "kind", "is_it"), [("1", "int", True), ("one", "int", False), (5, "str", True)])
def test_types_are_those_of_ansible(value: t.Any, kind: str, is_it: bool) -> None:
    assert is_of_type(value, kind) is is_it
