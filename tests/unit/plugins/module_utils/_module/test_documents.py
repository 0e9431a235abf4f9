# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._module.documents import (
    absolute,
    document_of,
    is_path,
    policy_of,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind

STRUCTURE: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("policy.json", json.dumps(STRUCTURE, indent=1), id="JSON"),
        pytest.param("policy", json.dumps(STRUCTURE), id="JSON by any name"),
        pytest.param("policy.yml", yaml.safe_dump(STRUCTURE), id="YAML"),
        # YAML makes a date of it.
        pytest.param(
            "policy.YAML", yaml.safe_dump(STRUCTURE).replace("'2012-10-17'", "2012-10-17"), id="a bare version"
        ),
    ],
)
def test_a_file(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    policy = policy_of(str(path), option="boundary", kind=Kind.BOUNDARY)
    assert [statement.sid for statement in policy.statements] == ["Read"]
    assert policy.version == "2012-10-17"
    assert policy.name == name


@pytest.mark.parametrize("value", [STRUCTURE, json.dumps(STRUCTURE), " \n" + json.dumps(STRUCTURE)], ids=repr)
def test_a_value_is_called_by_its_option(value: t.Any) -> None:
    policy = policy_of(value, option="layers.identity[0]")
    assert policy.name == "layers.identity[0]"
    assert policy.statements[0].actions == ("s3:GetObject",)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(None, "boundary: None is not a policy document", id="nothing"),
        pytest.param("  ", "is not a policy document", id="blank"),
        pytest.param(7, "boundary: 7 is not a policy document", id="a number"),
        pytest.param([STRUCTURE], "is not a policy document", id="a list"),
        pytest.param("no/such.json", "boundary: can't read no/such.json: No such file", id="no such file"),
        pytest.param("/", "boundary: can't read /: Is a directory", id="a directory"),
        pytest.param("a\0b", "boundary: 'a\\x00b' has a null character", id="no path at all"),
        pytest.param("{", "boundary is not a policy document that IAM accepts: line 1, column 2", id="broken JSON"),
        pytest.param({"Statement": {"Effect": "Allow"}}, "Statement", id="a structure that IAM refuses"),
    ],
)
def test_what_is_no_document_is_named(value: t.Any, message: str) -> None:
    with pytest.raises(TaskError) as caught:
        policy_of(value, option="boundary", kind=Kind.BOUNDARY)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.json", b'{"Statement": [}', "bad.json is not a policy document that IAM accepts: line 1, column 16"),
        ("bad.yml", b"Statement: [", "bad.yml is not YAML"),
        ("twice.yml", b"Statement: []\nStatement: []", "the key 'Statement' is given a second time on line 2"),
        ("list.yml", b"- Statement", "list.yml holds no policy document, but a list"),
        ("long.json", b" " * 1_000_001, "is longer than any policy document"),
        ("empty.json", b"", "empty.json is not a policy document"),
    ],
)
def test_a_file_that_is_no_document_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TaskError) as caught:
        policy_of(str(tmp_path / name), option="layers.scps[0][1]")
    assert str(caught.value).startswith("layers.scps[0][1]: ")
    assert message in str(caught.value)


def test_every_problem_is_named() -> None:
    with pytest.raises(TaskError, match=r"Effect.*; .*Action"):
        policy_of({"Statement": {"Effect": "allow", "Action": 1, "Resource": "*"}}, option="boundary")


def test_a_document_is_handed_on_as_it_was_given() -> None:
    text = json.dumps(STRUCTURE)
    assert document_of(text, option="x").content == text
    assert document_of(STRUCTURE, option="x").content is STRUCTURE


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a.json", True), ("./{x}.json", True), ("{}", False), (" {", False), ("", False), (" ", False), ({}, False)],
)
def test_what_is_a_path(value: t.Any, expected: bool) -> None:
    assert is_path(value) is expected


def test_paths_become_absolute_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    given = [["a.json", STRUCTURE], "{}", "~/b.json", "/c.json", None]
    assert absolute(given) == [
        [f"{tmp_path}/a.json", STRUCTURE],
        "{}",
        "/home/somebody/b.json",
        "/c.json",
        None,
    ]
