# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The correct form of conditions. What nobody can know stays as it is, or is a placeholder."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import document as document_of
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.corrections import (
    ANY_END,
    ANY_RANGE,
    ANY_START,
    ANY_VPC,
    correct,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.validate import validate

from .cases import OBJECTS, Json, policy, reading, statement
from .cases_lock_outs import MACHINE

_NOW_KEY: t.Final = "aws:CurrentTime"


def correct_statements(document: Json) -> list[t.Any]:
    issues = validate(document, kind=Kind.MANAGED, holders=MACHINE)
    found = correct(parse(document), issues)
    assert found is not None
    written: list[t.Any] = document_of(found.policy)["Statement"]
    return written


@pytest.mark.parametrize(
    ("condition", "corrected"),
    [
        (
            {"DateGreaterThan": {_NOW_KEY: "2026-12-01"}},
            {"DateGreaterThanEquals": {_NOW_KEY: "2026-12-01"}, "DateLessThan": {_NOW_KEY: ANY_END}},
        ),
        (
            {"DateLessThanEquals": {_NOW_KEY: "2026-12-08"}},
            {"DateGreaterThanEquals": {_NOW_KEY: ANY_START}, "DateLessThan": {_NOW_KEY: "2026-12-08"}},
        ),
        (
            {"DateGreaterThan": {_NOW_KEY: "2026-12-08"}, "DateLessThan": {_NOW_KEY: "2026-12-01"}},
            {"DateGreaterThanEquals": {_NOW_KEY: "2026-12-01"}, "DateLessThan": {_NOW_KEY: "2026-12-08"}},
        ),
    ],
    ids=["no end", "no start", "reversed"],
)
def test_windows_get_both_ends_in_their_order(condition: Json, corrected: Json) -> None:
    (found,) = correct_statements(reading(condition))
    assert found["Condition"] == corrected


def test_private_ranges_become_a_deny_and_public_ones_stay() -> None:
    allowing, denying = correct_statements(reading({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}}))
    assert "Condition" not in allowing
    assert denying["Condition"]["NotIpAddressIfExists"] == {"aws:SourceIp": "203.0.113.0/24"}
    assert denying["Condition"]["StringNotEqualsIfExists"] == {"aws:SourceVpc": ANY_VPC}


def test_a_deny_keeps_its_networks_and_its_other_conditions() -> None:
    condition = {
        "StringNotEquals": {"aws:SourceVpce": "vpce-0abc1234"},
        "StringEquals": {"aws:RequestedRegion": "eu-west-1"},
    }
    (found,) = correct_statements(policy(statement("Deny", "s3:*", OBJECTS, condition)))
    assert found["Condition"] == {
        "StringEquals": {"aws:RequestedRegion": "eu-west-1"},
        "NotIpAddressIfExists": {"aws:SourceIp": ANY_RANGE},
        "StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-0abc1234"},
        "BoolIfExists": {"aws:ViaAWSService": "false"},
    }


def test_other_statements_are_left_alone() -> None:
    good = statement("Allow", "sqs:*")
    bad = statement("Allow", "s3:GetObject", OBJECTS, {"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    assert correct_statements(policy(good, bad)) == [good, statement("Allow", "s3:GetObject", OBJECTS)]


def test_nobody_knows_the_correct_form_of_a_misspelling() -> None:
    document = reading({"StringEquals": {"aws:NoSuchKey": "y"}})
    issues = validate(document, kind=Kind.MANAGED, holders=MACHINE)
    assert issues and correct(parse(document), issues) is None


def test_conditions_that_become_the_same_are_one() -> None:
    key = "AWS:SECURETRANSPORT"
    condition = {"StringEquals": {key: "true"}, "ArnLike": {key: "true"}, "NumericEquals": {key: "true"}}
    (found,) = correct_statements(reading(condition))
    assert found["Condition"] == {"Bool": {key: "true"}}
