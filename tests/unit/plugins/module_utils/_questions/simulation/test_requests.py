# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError
from ansible_collections.hardening.iam.plugins.module_utils._questions.simulation.requests import (
    DeclaredRequest,
    absolute_documents,
    parse_requests,
)
from unit.plugins.module_utils._questions.simulation.simulating import DENY_DELETION, EVERYTHING, READ, validate_options


def parse(*requests: t.Mapping[str, t.Any], **options: t.Any) -> tuple[DeclaredRequest, ...]:
    return parse_requests(validate_options(requests=list(requests), **options))


def test_defaults() -> None:
    (request,) = parse({"action": "s3:ListAllMyBuckets"})
    assert (request.id, request.resource, request.context) == ("0", "*", {})
    assert request.given == {}


def test_a_layer_of_the_request_wins_over_the_same_one_of_the_task() -> None:
    request, plain = parse(
        {"action": "s3:GetObject", "layers": {"boundary": READ, "session": [READ]}},
        {"action": "s3:GetObject"},
        layers={"identity": [EVERYTHING], "boundary": EVERYTHING},
    )
    assert set(request.given) == {"identity", "boundary", "session"}
    assert request.given["boundary"].name == "requests[0].layers.boundary"
    assert request.given["identity"] == plain.given["identity"]
    assert plain.given["boundary"].name == "layers.boundary"


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ({"identity": []}, {"identity": ()}),
        ({"boundary": {}}, {"boundary": None}),
        ({"session": []}, {"session": ()}),
        ({"scps": []}, {"scps": None}),
        ({"endpoint": {}}, {"endpoint": None}),
        ({"rcps": None}, {}),
    ],
    ids=str,
)
def test_an_empty_layer_is_given_and_null_is_not(layers: t.Any, expected: t.Any) -> None:
    (request,) = parse({"action": "s3:GetObject"}, layers=layers)
    assert request.given == expected


def test_levels_keep_their_order() -> None:
    (request,) = parse({"action": "s3:GetObject"}, layers={"scps": [[EVERYTHING, DENY_DELETION], []]})
    assert [[policy.name for policy in level] for level in request.given["scps"]] == [
        ["layers.scps[0][0]", "layers.scps[0][1]"],
        [],
    ]


def test_a_single_document_is_a_list_of_it_where_that_is_unambiguous() -> None:
    (request,) = parse({"action": "s3:GetObject"}, layers={"identity": READ, "session": READ})
    assert len(request.given["identity"]) == len(request.given["session"]) == 1


@pytest.mark.parametrize(
    ("action", "resource_policy"),
    [
        ("s3:GetObject", {**READ, "Statement": {**READ["Statement"], "Principal": "*"}}),
        ("sts:AssumeRole", {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}}),
    ],
)
def test_the_policy_of_a_resource_has_principals(action: str, resource_policy: t.Any) -> None:
    (request,) = parse({"action": action, "resource_policy": resource_policy})
    assert request.resource_policy is not None
    assert request.resource_policy.statements[0].principals == (("*", "*"),)


def test_the_account_of_a_resource_has_12_digits() -> None:
    (request,) = parse({"action": "s3:GetObject", "resource_account": "011122223333"})
    assert request.resource_account == "011122223333"
    with pytest.raises(TaskError, match=r"requests\[0\].resource_account: '11122223333' is not an account id"):
        parse({"action": "s3:GetObject", "resource_account": 11122223333})


@pytest.mark.parametrize(
    ("request_", "layers", "message"),
    [
        ({"action": "s3:*"}, {}, "requests[0].action: 's3:*' is not one action of one service, such as s3:GetObject"),
        ({"action": "GetObject"}, {}, "requests[0].action: 'GetObject'"),
        ({"action": ""}, {}, "requests[0].action: ''"),
        (
            {"action": "s3:A", "resource_account": "acme"},
            {},
            "requests[0].resource_account: 'acme' is not an account id",
        ),
        ({"action": "s3:A", "context": {"aws:x": {"a": 1}}}, {}, "requests[0].context: aws:x has the value {'a': 1}"),
        ({"action": "s3:A", "context": {"aws:x": None}}, {}, "requests[0].context: aws:x has the value None"),
        (
            {"action": "s3:A", "layers": {"session": ["{"]}},
            {},
            "requests[0].layers.session[0] is not a policy document",
        ),
        ({"action": "s3:A", "resource_policy": "{"}, {}, "requests[0].resource_policy is not a policy document"),
        ({"action": "s3:A"}, {"identity": [READ, 3]}, "layers.identity[1]: 3 is not a policy document"),
        ({"action": "s3:A"}, {"scps": [READ]}, "layers.scps[0]: a dict is not the list of documents of a level"),
        ({"action": "s3:A"}, {"scps": READ}, "layers.scps[0]: a dict is not the list of documents of a level"),
        ({"action": "s3:A"}, {"rcps": [[READ]]}, "layers.rcps[0][0] is not a policy document"),
    ],
)
def test_what_no_request_could_be_is_named(request_: t.Any, layers: t.Any, message: str) -> None:
    with pytest.raises(TaskError) as caught:
        parse(request_, layers=layers)
    assert str(caught.value).startswith(message)


def test_ids_are_unique() -> None:
    with pytest.raises(TaskError, match=r"requests\[1\]\.id: '0' is the id of requests\[0\] already"):
        parse({"action": "s3:A"}, {"id": "0", "action": "s3:B"})


def test_paths_of_documents_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    layers = {"identity": ["a.json", READ], "scps": [["b.json"]], "boundary": "{}"}
    request = {"action": "s3:A", "resource": "a.json", "resource_policy": "p.json", "layers": {"session": "c.json"}}
    found = absolute_documents({"layers": layers, "requests": [request, "no request"], "principal_arn": "x"})
    assert found == {
        "layers": {"identity": [f"{tmp_path}/a.json", READ], "scps": [[f"{tmp_path}/b.json"]], "boundary": "{}"},
        "requests": [
            {
                **request,
                "resource_policy": f"{tmp_path}/p.json",
                "layers": {"session": f"{tmp_path}/c.json"},
            },
            "no request",
        ],
    }


@pytest.mark.parametrize("arguments", [{}, {"layers": None, "requests": None}, {"layers": "{}", "requests": "x"}])
def test_arguments_that_don_t_fit_are_left_to_validation(arguments: t.Any) -> None:
    assert absolute_documents(arguments) == {}
