# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Findings of Access Analyzer's ValidatePolicy as issues, and one list of these and of our own.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicyFinding.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..documents.policy import Kind, Position
from ..documents.syntax import path_text
from .rules import Issue, Severity

LOCAL: t.Final = "local"
ACCESS_ANALYZER: t.Final = "access_analyzer"

# The policyType of the API, and for trust policies the resource type that goes with it.
_TRUST_TYPE: t.Final = "AWS::IAM::AssumeRolePolicyDocument"
_POLICY_TYPES: t.Final[Mapping[Kind, str]] = {
    Kind.TRUST: "RESOURCE_POLICY",
    Kind.RESOURCE: "RESOURCE_POLICY",
    Kind.SCP: "SERVICE_CONTROL_POLICY",
    Kind.RCP: "RESOURCE_CONTROL_POLICY",
}

# Where the same is said under another name; several codes of the API are one rule of ours.
_OUR_CODES: t.Final[Mapping[str, frozenset[str]]] = {
    "policy_too_large": frozenset(
        {
            "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
            "POLICY_SIZE_EXCEEDS_RCP_QUOTA",
            "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
        }
    ),
    "wildcard_matches_no_action": frozenset({"INVALID_ACTION"}),
    "unusual_service_principal": frozenset({"INVALID_SERVICE_PRINCIPAL_FORMAT"}),
    "arn_of_other_partition": frozenset({"INVALID_PARTITION"}),
    "malformed_policy": frozenset(
        {
            "DATA_TYPE_MISMATCH",
            "INVALID_CONDITION_OPERATOR",
            "INVALID_EFFECT",
            "INVALID_POLICY_ELEMENT",
            "INVALID_PRINCIPAL_KEY",
            "INVALID_VERSION",
            "JSON_SYNTAX_ERROR",
            "MISSING_ACTION",
            "MISSING_EFFECT",
            "MISSING_PRINCIPAL",
            "MISSING_RESOURCE",
            "MISSING_STATEMENT",
            "NULL_WITH_IF_EXISTS",
            "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
            "SCP_SYNTAX_ERROR_PRINCIPAL",
            "UNIQUE_SIDS_REQUIRED",
            "UNSUPPORTED_ELEMENT_COMBINATION",
            "UNSUPPORTED_PRINCIPAL",
            "UNSUPPORTED_SID",
        }
    ),
}
_GRAVEST_FIRST: t.Final = tuple(Severity)


@dataclasses.dataclass(frozen=True)
class SourcedIssue:
    """An issue and its sources: ``local``, ``access_analyzer`` or both."""

    issue: Issue
    sources: tuple[str, ...]


def request(text: str, kind: Kind, resource_type: t.Optional[str] = None) -> dict[str, str]:
    """The parameters of ValidatePolicy for a document.

    ``resource_type`` is the CloudFormation type of what a resource's policy is attached to, of those the API knows.
    """
    resource_type = _TRUST_TYPE if kind is Kind.TRUST else resource_type
    parameters = {"policyDocument": text, "policyType": _POLICY_TYPES.get(kind, "IDENTITY_POLICY")}
    return {**parameters, "validatePolicyResourceType": resource_type} if resource_type else parameters


def issue_of(finding: Mapping[str, t.Any], *, with_position: bool) -> Issue:
    """A finding of the API as an issue. ``with_position`` is false where the text that was sent is not the user's."""
    location = next(iter(finding["locations"]), None)
    position = None
    if location and with_position:
        start = location["span"]["start"]
        # Lines count from 1 there, columns from 0.
        position = Position(start["line"], start["column"] + 1)
    code = finding["issueCode"]
    return Issue(
        code=code.lower(),
        severity=Severity(finding["findingType"].lower()),
        title=code.replace("_", " ").capitalize(),
        message=finding["findingDetails"],
        path=_path(location["path"]) if location else "",
        position=position,
        learn_more=finding["learnMoreLink"],
    )


def _path(elements: Iterable[Mapping[str, t.Any]]) -> str:
    """The path of a location: ``value`` goes to a member, ``key`` to its name, ``index`` into a list."""
    parts = [element.get("index", element.get("key", element.get("value"))) for element in elements]
    return path_text(tuple(part for part in parts if part is not None))


def join_issues(ours: Sequence[Issue], theirs: Sequence[Issue]) -> tuple[SourcedIssue, ...]:
    """Join both lists: two issues of the same place are one entry, in our words, with the graver severity."""
    left = list(theirs)
    found: list[SourcedIssue] = []
    for mine in ours:
        same = next((other for other in left if _is_same(mine, other)), None)
        if same is None:
            found.append(SourcedIssue(mine, (LOCAL,)))
            continue
        left.remove(same)
        severity = min(mine.severity, same.severity, key=_GRAVEST_FIRST.index)
        found.append(SourcedIssue(dataclasses.replace(mine, severity=severity), (LOCAL, ACCESS_ANALYZER)))
    return (*found, *(SourcedIssue(other, (ACCESS_ANALYZER,)) for other in left))


def _is_same(mine: Issue, other: Issue) -> bool:
    code = other.code.upper()
    if other.code != mine.code and code not in _OUR_CODES.get(mine.code, ()):
        return False
    return mine.path == other.path or (mine.position is not None and mine.position == other.position)
