# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of ValidatePolicy, in its shapes, beside our own."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind, Position
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.analyzer import (
    issue_of,
    join_issues,
    request,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.rules import Issue, Severity, issue

STATEMENT: t.Final = [{"value": "Statement"}, {"index": 0}]
BOTH: t.Final = ("local", "access_analyzer")


def finding(code: str, path: list[dict[str, t.Any]], *, kind: str = "ERROR", line: int = 3, column: int = 8) -> t.Any:
    start = {"line": line, "column": column, "offset": 40}
    return {
        "findingDetails": "details",
        "findingType": kind,
        "issueCode": code,
        "learnMoreLink": "https://docs.aws.amazon.com/x",
        "locations": [{"path": path, "span": {"start": start, "end": start}}],
    }


def test_finding_becomes_an_issue() -> None:
    path = [*STATEMENT, {"value": "Action"}, {"index": 1}, {"substring": {"start": 0, "length": 2}}]
    assert issue_of(finding("INVALID_ACTION", path), with_position=True) == Issue(
        code="invalid_action",
        severity=Severity.ERROR,
        title="Invalid action",
        message="details",
        path="Statement[0].Action[1]",
        # https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_Position.html: columns count from 0
        position=Position(3, 9),
        learn_more="https://docs.aws.amazon.com/x",
    )


def test_key_of_a_path_is_a_name_and_places_in_our_text_are_nobodys() -> None:
    path = [*STATEMENT, {"value": "Condition"}, {"key": "StringEquals"}]
    found = issue_of(finding("INVALID_CONDITION_OPERATOR", path), with_position=False)
    assert (found.path, found.position) == ("Statement[0].Condition.StringEquals", None)


def test_finding_without_a_location_is_about_the_whole() -> None:
    found = issue_of({**finding("MISSING_VERSION", []), "locations": []}, with_position=True)
    assert (found.path, found.position) == ("", None)


ACTION: t.Final = "Statement[0].Action"


@pytest.mark.parametrize(
    ("ours", "code"),
    [
        ("invalid_action", "INVALID_ACTION"),
        ("wildcard_matches_no_action", "INVALID_ACTION"),
        ("malformed_policy", "DATA_TYPE_MISMATCH"),
        ("policy_too_large", "POLICY_SIZE_EXCEEDS_SCP_QUOTA"),
        ("unusual_service_principal", "INVALID_SERVICE_PRINCIPAL_FORMAT"),
    ],
)
def test_same_at_the_same_place_is_joined(ours: str, code: str) -> None:
    mine = issue(ours, "in our words", ACTION)
    theirs = issue_of(finding(code, [*STATEMENT, {"value": "Action"}]), with_position=True)
    (found,) = join_issues([mine], [theirs])
    assert found.sources == BOTH
    # Theirs is an error, and the graver severity of the two is kept.
    assert found.issue == dataclasses.replace(mine, severity=Severity.ERROR)


def test_position_joins_where_paths_differ() -> None:
    mine = issue("invalid_action", "x", "Statement.Action", Position(3, 9))
    theirs = issue_of(finding("INVALID_ACTION", [*STATEMENT, {"value": "Action"}]), with_position=True)
    assert [found.sources for found in join_issues([mine], [theirs])] == [BOTH]


def test_graver_severity_is_kept() -> None:
    mine = issue("type_mismatch_ip_range", "x", ACTION)
    theirs = issue_of(finding("TYPE_MISMATCH_IP_RANGE", [*STATEMENT, {"value": "Action"}]), with_position=True)
    (found,) = join_issues([mine], [theirs])
    assert (mine.severity, found.issue.severity) == (Severity.WARNING, Severity.ERROR)


def test_what_differs_stays_apart() -> None:
    mine = [issue("invalid_action", "x", ACTION), issue("invalid_action", "x", "Statement[1].Action")]
    theirs = [
        issue_of(finding(code, [*STATEMENT, {"value": element}]), with_position=False)
        for code, element in (("INVALID_ACTION", "NotAction"), ("MISSING_VERSION", "Action"))
    ]
    sources = [found.sources for found in join_issues(mine, theirs)]
    assert sources == [("local",), ("local",), ("access_analyzer",), ("access_analyzer",)]


def test_one_finding_is_joined_once() -> None:
    mine = [issue("invalid_action", "x", ACTION)] * 2
    theirs = [issue_of(finding("INVALID_ACTION", [*STATEMENT, {"value": "Action"}]), with_position=False)]
    assert [found.sources for found in join_issues(mine, theirs)] == [BOTH, ("local",)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.MANAGED, {"policyType": "IDENTITY_POLICY"}),
        (Kind.BOUNDARY, {"policyType": "IDENTITY_POLICY"}),
        (
            Kind.TRUST,
            {"policyType": "RESOURCE_POLICY", "validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument"},
        ),
        (Kind.RESOURCE, {"policyType": "RESOURCE_POLICY"}),
        (Kind.SCP, {"policyType": "SERVICE_CONTROL_POLICY"}),
        (Kind.RCP, {"policyType": "RESOURCE_CONTROL_POLICY"}),
    ],
)
def test_request_says_what_kind_of_policy_it_is(kind: Kind, expected: dict[str, str]) -> None:
    assert request("{}", kind) == {"policyDocument": "{}", **expected}


def test_request_names_the_type_of_the_resource() -> None:
    assert request("{}", Kind.RESOURCE, "AWS::S3::Bucket")["validatePolicyResourceType"] == "AWS::S3::Bucket"
