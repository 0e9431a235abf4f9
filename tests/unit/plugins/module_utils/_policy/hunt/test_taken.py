# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read: data and settings are told apart, and what failed or is nobody's is not counted."""

from __future__ import annotations

import random
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.document import build_document
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.gaps import Coverage, RegionRead

from .scenarios import ELSEWHERE, HOME, NOW, PYTHON, Record, Scenario, user, work_as_usual
from .test_hunt import hunt

EVIL: t.Final[Record] = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON, "planted": True}
START: t.Final = NOW - timedelta(hours=4)


def taken(*calls: str, error: str = "", **options: t.Any) -> dict[str, Record]:
    """What an intruder took by these calls, by action. Of usual callers, only the first calls are uncertain."""
    scenario = Scenario("taken", 1, since=START)
    work_as_usual(scenario, random.Random(1), days=10)
    members = {"errorCode": error} if error else {}
    for number, action in enumerate(calls):
        scenario.add(action, user(), START + timedelta(minutes=number), **EVIL, **members)
    document = build_document(hunt(scenario), {(HOME, "us-east-1"): RegionRead(Coverage.COMPLETE)}, now=NOW, **options)
    return {row["action"]: row for row in document["taken"] if row["suspected"]}


@pytest.mark.parametrize(
    "action",
    [
        "s3:GetObject",
        "dynamodb:GetItem",
        "secretsmanager:GetSecretValue",
        "ssm:GetParametersByPath",
        "lambda:GetFunction20150331v2",
        "ec2:GetPasswordData",
    ],
)
def test_a_read_of_data_is_counted(action: str) -> None:
    (row,) = taken(action, action).values()
    assert (row["content"], row["suspected"], row["uncertain"], row["accounts"]) == ("data", 2, 0, [HOME])
    assert (row["first"], row["last"]) == ("2026-11-28T08:00:00Z", "2026-11-28T08:01:00Z")


def test_a_call_whose_answer_holds_data_is_one_whatever_its_name_and_mark() -> None:
    assert taken("kms:Decrypt")["kms:Decrypt"]["content"] == "data"


def test_a_read_of_settings_is_told_apart() -> None:
    found = taken("iam:ListUsers", "s3:GetObject")
    assert {action: row["content"] for action, row in found.items()} == {
        "s3:GetObject": "data",
        "iam:ListUsers": "other",
    }
    assert list(found)[0] == "s3:GetObject"


@pytest.mark.parametrize("action", ["monitoring:DescribeAlarms", "s3:ListBuckets", "lambda:ListFunctions20150331"])
def test_an_event_counts_by_the_actions_that_it_needed(action: str) -> None:
    """CloudTrail names services and calls otherwise than policies do: monitoring is cloudwatch there."""
    (row,) = taken(action).values()
    assert row["content"] == "other"


def test_an_operation_that_no_table_knows_counts_as_data() -> None:
    assert taken("newservice:GetThings")["newservice:GetThings"]["content"] == "data"


@pytest.mark.parametrize("action", ["iam:CreateUser", "sts:GetSessionToken", "s3:PutObject"])
def test_what_reads_nothing_is_not_counted(action: str) -> None:
    assert action not in taken(action)


def test_a_call_that_failed_took_nothing() -> None:
    assert taken("s3:GetObject", "secretsmanager:GetSecretValue", error="AccessDenied") == {}


def test_usual_reads_are_not_counted() -> None:
    assert taken() == {}


@pytest.mark.parametrize(("is_of_files", "record"), [(False, "history"), (True, "files")])
def test_the_document_says_what_record_it_is_of(is_of_files: bool, record: str) -> None:
    scenario = Scenario("taken", 1)
    document = build_document(hunt(scenario), {}, now=NOW, is_of_files=is_of_files)
    assert document["record"] == record
