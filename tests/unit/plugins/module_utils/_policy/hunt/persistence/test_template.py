# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates are filled with what an event has, and never with what an intruder wrote as a template."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.template import Facts, Missing

from .synthetic import event


def facts(request: t.Any = None, response: t.Any = None) -> Facts:
    return Facts(event("iam", "CreateUser", request=request, response=response))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{userName}", "eve"),
        ("{USERNAME}", "eve"),
        ("{>user.arn}", "arn:aws:iam::111122223333:user/eve"),
        ("{>arn|userName}", "arn:aws:iam::111122223333:user/eve"),
        ("{groupName|userName}", "eve"),
        ("{groupName|}", ""),
        ("user/{@user}", "user/mallory"),
        ("{@partition}:{@region}:{@account}", "aws:eu-west-1:111122223333"),
        ("{ids*}", "i-1,i-2"),
    ],
)
def test_places_are_filled(template: str, expected: str) -> None:
    request = {"userName": "eve", "items": [{"ids": "i-1"}, {"ids": ["i-2", "i-1"]}]}
    response = {"user": {"arn": "arn:aws:iam::111122223333:user/eve", "path": "/"}}
    assert facts(request, response).fill(template) == expected


def test_a_wrapped_parameter_is_found() -> None:
    """EC2 wraps the parameters of its newer operations."""
    request = {"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-1"}}}
    assert facts(request).fill("{flowLogId.content}") == "fl-1"


def test_an_outer_parameter_wins() -> None:
    request = {"tags": [{"userName": "inner"}], "userName": "outer"}
    assert facts(request).fill("{userName}") == "outer"


def test_a_call_keeps_lists_numbers_and_leaves_out_what_it_does_not_need() -> None:
    call = {"Ids": "{ids*}", "Version": "{>version#}", "?Qualifier": "{qualifier}", "Force": True, "In": ["{ids*}"]}
    filled = facts({"ids": ["a", "b"]}, {"version": "3"}).fill_call(call)
    assert filled == {"Ids": ["a", "b"], "Version": 3, "Force": True, "In": [["a", "b"]]}


@pytest.mark.parametrize(
    ("template", "request_"),
    [
        ("{userName}", {}),
        ("{userName}", {"userName": ""}),
        ("{userName}", {"userName": {"deep": 1}}),
        ("{userName}", {"userName": True}),
        ("{userName}", {"userName": "x" * 3000}),
        ("{version#}", {"version": "three"}),
        ("{policy%}", {"policy": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
        ("{names^}", {"names": ["a", "b"]}),
    ],
)
def test_what_is_not_there_is_missing(template: str, request_: t.Any) -> None:
    with pytest.raises(Missing):
        facts(request_).fill(template)
    with pytest.raises(Missing):
        facts(request_).fill_call({"Name": template})


def test_a_hostile_value_is_no_template() -> None:
    hostile = "{>user.arn}{@account}{userName}"
    assert facts({"userName": hostile}, {"user": {"arn": "secret"}}).fill("user/{userName}") == f"user/{hostile}"


def test_a_deep_structure_ends() -> None:
    deep: t.Any = {"userName": "eve"}
    for _level in range(200):
        deep = {"more": [deep]}
    with pytest.raises(Missing):
        facts(deep).fill("{userName}")


def test_a_document_is_a_text_whatever_it_was() -> None:
    assert facts({"bucketPolicy": {"b": 1, "a": 2}}).fill("{bucketPolicy%}") == '{"a": 2, "b": 1}'
    assert facts({"policy": '{"a": 2}'}).fill("{policy%}") == '{"a": 2}'
    assert facts({"policy": "%7B%7D"}).fill("{policy%}") == "%7B%7D"
