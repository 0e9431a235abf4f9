# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of writing operations is that of botocore, and a new operation is noticed."""

from __future__ import annotations

import functools
import re
import tracemalloc
import typing as t

import botocore
import pytest
from scripts.facts import generate_writes as generate
from scripts.facts.classes import OWN, Operation, find_class

from ansible_collections.hardening.iam.plugins.module_utils._policy.facts.operations import (
    WriteClass,
    list_writes,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.facts.writes import DATE, VERSION

INSTALLED: t.Final = f"botocore {botocore.__version__}"
read_table = functools.cache(generate.read_table)


def parse(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def test_the_file_is_that_of_botocore() -> None:
    """Run tests/scripts/facts/generate_writes.py."""
    if INSTALLED != VERSION:
        pytest.skip(f"the table is of {VERSION}")
    assert generate.FILE.read_text(encoding="utf-8") == generate.write_file(*read_table(), DATE)


def test_every_writing_operation_of_botocore_is_in_the_table() -> None:
    if parse(INSTALLED) < parse(VERSION):
        pytest.skip(f"the table is of {VERSION}, and an older one has operations that are gone")
    assert generate.find_missing(read_table()[0], list_writes()) == []


def test_a_new_operation_is_named() -> None:
    table = {("iam", "CreateUser"): WriteClass.PRINCIPAL, ("iam", "CreateMagicKey"): WriteClass.CREDENTIAL}
    assert generate.find_missing(table, list_writes()) == [
        "iam:CreateMagicKey (credential) is not in writes.py: run tests/scripts/facts/generate_writes.py"
    ]


def test_every_class_by_hand_is_about_an_operation() -> None:
    if INSTALLED != VERSION:
        pytest.skip(f"the table is of {VERSION}")
    assert [f"{source}:{name}" for source, name in OWN if (source, name) not in read_table()[0]] == []


@pytest.mark.parametrize(
    ("source", "name", "members", "answers", "wanted"),
    [
        ("magic", "GetThing", "", "name", None),
        ("magic", "GetThingCredentials", "", "sessiontoken", WriteClass.CREDENTIAL),
        ("magic", "CreateThing", "", "secretaccesskey", WriteClass.CREDENTIAL),
        ("magic", "CreateUser", "", "", WriteClass.PRINCIPAL),
        ("magic", "PutThingPolicy", "", "", WriteClass.TRUST),
        ("magic", "PutScalingPolicy", "", "", WriteClass.OTHER),
        ("magic", "CreateJob", "rolearn", "", WriteClass.CODE),
        ("magic", "CreateJob", "name", "", WriteClass.OTHER),
        ("magic", "DeleteTrail", "", "", WriteClass.BLINDFOLD),
        ("magic", "DeleteUser", "", "", WriteClass.OTHER),
        ("magic", "DeletePublicAccessBlock", "", "", WriteClass.TRUST),
        ("magic", "ExportThing", "", "", WriteClass.DATA_OUT),
        ("magic", "CreateVpcEndpoint", "", "", WriteClass.NETWORK),
        ("magic", "CreateSchedule", "", "", WriteClass.SCHEDULE),
        ("magic", "TagResource", "", "", WriteClass.OTHER),
        ("guardduty", "UpdateAnything", "", "", WriteClass.BLINDFOLD),
    ],
)
def test_rules(source: str, name: str, members: str, answers: str, wanted: t.Optional[WriteClass]) -> None:
    operation = Operation(source, name, frozenset(members.split()), frozenset(answers.split()))
    assert find_class(operation) is wanted


def test_the_table_takes_little_memory() -> None:
    """A module that hunts reads it each time it runs."""
    text = generate.FILE.read_text(encoding="utf-8")
    tracemalloc.start()
    try:
        read: dict[str, t.Any] = {}
        exec(compile(text, str(generate.FILE), "exec"), read)
        parts = [part.splitlines() for part in read["WRITES"].split("\n\n")]
        assert parts
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
