# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SimulatePrincipalPolicy in its simple form: a principal's own and its groups' policies, without conditions."""

from __future__ import annotations

import typing as t

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from emulator.extensions.registration import iam_operations
from emulator.extensions.statements import Statement, find, statements_of
from emulator.paging import page


def simulate_principal_policy(response: IamResponse) -> ActionResult:
    """SimulatePrincipalPolicy."""
    principal = find(response.backend, response._get_param("PolicySourceArn"))
    statements = statements_of(response.backend, principal)
    resources: t.Sequence[str] = response._get_param("ResourceArns") or ["*"]
    results = [
        _result(statements, action, resource) for action in response._get_param("ActionNames") for resource in resources
    ]
    return ActionResult(page(response, {"EvaluationResults": results}))


def _result(statements: t.Sequence[Statement], action: str, resource: str) -> dict[str, object]:
    matched = [statement for statement in statements if statement.covers(action, resource)]
    decision = "implicitDeny"
    if matched:
        decision = "allowed" if all(statement.allow for statement in matched) else "explicitDeny"
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MatchedStatements": [{"SourcePolicyId": statement.source.rpartition("/")[2]} for statement in matched],
        "MissingContextValues": [],
    }


def install() -> None:
    """Add the operation."""
    iam_operations(simulate_principal_policy)
