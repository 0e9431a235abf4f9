# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether AWS takes the text of an organization's policy for one of its type.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
"""

from __future__ import annotations

import json
import re
import typing as t

_CONTROL_POLICIES: t.Final = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
_OF_POLICY: t.Final = frozenset({"Version", "Id", "Statement"})
_OF_STATEMENT: t.Final = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal"}
)
_ACTION: t.Final = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


def is_well_formed(kind: str, content: str) -> bool:
    """Whether it is JSON and, of the two types that are written like IAM's policies, follows their grammar."""
    try:
        document = json.loads(content)
    except ValueError:
        return False
    if not isinstance(document, dict) or not document:
        return False
    return kind not in _CONTROL_POLICIES or _is_policy(kind, document)


def _is_policy(kind: str, document: t.Mapping[str, t.Any]) -> bool:
    statements = _as_list(document.get("Statement"))
    return (
        _OF_POLICY.issuperset(document)
        and document.get("Version") == "2012-10-17"
        and bool(statements)
        and all(isinstance(statement, dict) and _is_statement(kind, statement) for statement in statements)
    )


def _is_statement(kind: str, statement: t.Mapping[str, t.Any]) -> bool:
    actions = _as_list(statement.get("Action", statement.get("NotAction")))
    return (
        _OF_STATEMENT.issuperset(statement)
        and statement.get("Effect") in ("Allow", "Deny")
        and ("Action" in statement) != ("NotAction" in statement)
        and ("Resource" in statement) != ("NotResource" in statement)
        and bool(actions)
        and all(isinstance(action, str) and _ACTION.fullmatch(action) for action in actions)
        and isinstance(statement.get("Condition", {}), dict)
        and (_is_of_rcp(statement) if kind == "RESOURCE_CONTROL_POLICY" else "Principal" not in statement)
    )


def _is_of_rcp(statement: t.Mapping[str, t.Any]) -> bool:
    """An RCP only denies, to everybody, actions of services that it names."""
    actions = _as_list(statement.get("Action"))
    return statement["Effect"] == "Deny" and statement.get("Principal") == "*" and bool(actions) and "*" not in actions


def _as_list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
