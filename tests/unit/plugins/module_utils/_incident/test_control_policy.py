# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is sent to AWS as a control policy, and what is read of one that others may have written."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._incident.control_policy import (
    Content,
    deny,
    find_values,
    list_statements,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.limits import LIMITS
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind

OWNER: t.Final = {"StringEquals": {"aws:PrincipalAccount": "222233334444"}}


def test_a_statement_without_a_condition_denies_everything() -> None:
    assert deny("All") == {"Sid": "All", "Effect": "Deny", "Action": "*", "Resource": "*"}
    assert deny("Some", OWNER, actions=["iam:*"]) == {
        "Sid": "Some",
        "Effect": "Deny",
        "Action": ["iam:*"],
        "Resource": "*",
        "Condition": OWNER,
    }


def test_the_text_is_a_policy_of_the_present_version_without_spaces() -> None:
    content = Content.of([deny("All", OWNER)])
    assert json.loads(content.text) == {"Version": "2012-10-17", "Statement": [deny("All", OWNER)]}
    # AWS counts the characters that it gets.
    assert " " not in content.text


def test_the_excess_is_what_aws_would_refuse() -> None:
    empty = len(Content.of([deny("")]).text)
    for length, excess in ((1, 0), (LIMITS[Kind.SCP] - empty, 0), (LIMITS[Kind.SCP] - empty + 3, 3)):
        assert Content.of([deny("x" * length)]).excess == excess


@pytest.mark.parametrize(
    "document", [None, [], "text", 3, {}, {"Statement": None}, {"Statement": "Deny"}, {"Statement": deny("All")}]
)
def test_a_document_that_no_run_wrote_has_no_statements(document: t.Any) -> None:
    assert list_statements(document) == [] and find_values(document, "StringEquals", "aws:PrincipalAccount") == ()


def test_what_is_no_statement_is_left_out() -> None:
    assert list_statements({"Statement": [deny("All"), "Deny", None]}) == [deny("All")]


def test_values_are_found_in_one_statement_or_in_all() -> None:
    more = {"StringEquals": {"aws:PrincipalAccount": ["333344445555", 444455556666]}}
    document = {"Statement": [deny("One", OWNER), deny("Two", more), deny("Three")]}

    def find(**which: str) -> tuple[str, ...]:
        return find_values(document, "StringEquals", "aws:PrincipalAccount", **which)

    assert find() == ("222233334444", "333344445555", "444455556666")
    assert find(sid="One") == ("222233334444",)
    assert find(sid="Two") == ("333344445555", "444455556666")
    assert find(sid="Three") == find(sid="Four") == ()
    assert find_values(document, "ArnEquals", "aws:PrincipalAccount") == ()
    assert find_values(document, "StringEquals", "aws:PrincipalArn") == ()


@pytest.mark.parametrize("condition", [None, "x", [], {"StringEquals": "x"}, {"StringEquals": {"aws:PrincipalArn": 3}}])
def test_a_malformed_condition_has_no_values(condition: t.Any) -> None:
    document = {"Statement": [{"Sid": "One", "Condition": condition}]}
    assert find_values(document, "StringEquals", "aws:PrincipalArn") == ()
