# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SimulatePrincipalPolicy and SimulateCustomPolicy: identity-based policies, boundary, SCPs and a resource policy.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import dataclasses
import typing as t

from moto.core.responses import ActionResult
from moto.iam.exceptions import InvalidInput
from moto.iam.models import IAMBackend, Role, User
from moto.iam.responses import IamResponse

from emulator.extensions.organizations_levels import list_levels
from emulator.extensions.registration import iam_operations
from emulator.extensions.statements import Principal, Statement, document_of, find, parse_statements, statements_of
from emulator.paging import page

Statements = list[Statement]


@dataclasses.dataclass(frozen=True)
class _Simulation:
    """What a request is held against; None: there is none of it."""

    identity: Statements
    boundary: t.Optional[Statements]
    levels: t.Optional[list[Statements]]
    resource: Statements
    caller: str
    context: t.Mapping[str, t.Sequence[str]]

    def result(self, action: str, resource: str) -> dict[str, t.Any]:
        """The answer for one action on one resource, with the names of a resource-specific result."""
        identity = self._matching(self.identity, action, resource)
        own = self._matching([found for found in self.resource if self._names_caller(found)], action, resource)
        matched = [*identity, *own]
        bounded = self.boundary is None or _allows(self._matching(self.boundary, action, resource))
        granted = self.levels is None or all(_allows(self._matching(level, action, resource)) for level in self.levels)
        denying = [found for found in matched if not found.allow]
        decision = "implicitDeny"
        if denying or self._is_denied_above(action, resource):
            decision = "explicitDeny"
        elif matched and bounded and granted:
            decision = "allowed"
        return {
            "EvalResourceName": resource,
            "EvalResourceDecision": decision,
            "MatchedStatements": [_describe_match(found) for found in denying or matched],
            "MissingContextValues": self._missing(),
            **(
                {}
                if self.boundary is None
                else {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": bounded}}
            ),
            **({} if self.levels is None else {"OrganizationsDecisionDetail": {"AllowedByOrganizations": granted}}),
        }

    def _matching(self, statements: Statements, action: str, resource: str) -> Statements:
        return [found for found in statements if found.covers(action, resource) and found.holds(self.context)]

    def _names_caller(self, statement: Statement) -> bool:
        account = self.caller.split(":")[4] if self.caller.count(":") >= 5 else ""
        root = f"{':'.join(self.caller.split(':')[:5])}:root"
        return bool({self.caller, "*", account, root} & set(statement.principals))

    def _is_denied_above(self, action: str, resource: str) -> bool:
        above = [*(self.boundary or ()), *(found for level in self.levels or () for found in level)]
        return any(not found.allow for found in self._matching(above, action, resource))

    def _missing(self) -> list[str]:
        """Keys that policies ask for and nobody gave; AWS leaves out those of SCPs."""
        statements = [*self.identity, *(self.boundary or ()), *self.resource]
        asked = {key for found in statements for _operator, key, _values in found.conditions}
        return sorted(key for key in asked if key.lower() not in self.context)


def _allows(statements: Statements) -> bool:
    return bool(statements) and all(found.allow for found in statements)


def _describe_match(statement: Statement) -> dict[str, t.Any]:
    kind = "resource" if statement.source == "ResourcePolicy" else "none"
    return {"SourcePolicyId": statement.source.rpartition("/")[2], "SourcePolicyType": kind}


def simulate_principal_policy(response: IamResponse) -> ActionResult:
    """SimulatePrincipalPolicy: with the SCPs of the account, unless it is the management account."""
    principal = find(response.backend, response._get_param("PolicySourceArn"))
    return _answer(
        response,
        statements_of(response.backend, principal) + _documents(response, "PolicyInputList"),
        boundary=_boundary(response, principal),
        levels=_levels_above(response.backend),
        caller=response._get_param("PolicySourceArn"),
    )


def simulate_custom_policy(response: IamResponse) -> ActionResult:
    """SimulateCustomPolicy: with what it is given, and nothing else."""
    levels = response._get_param("OrderedOrganizationPolicyInputList")
    return _answer(
        response,
        _documents(response, "PolicyInputList"),
        boundary=_read_boundary(response),
        levels=[_parse("", level.get("ServiceControlPolicyInputList", [])) for level in levels] if levels else None,
        caller="",
    )


def _answer(
    response: IamResponse,
    identity: Statements,
    *,
    boundary: t.Optional[Statements],
    levels: t.Optional[list[Statements]],
    caller: str,
) -> ActionResult:
    policy = response._get_param("ResourcePolicy")
    caller = response._get_param("CallerArn") or caller
    if ":assumed-role/" in caller:
        raise InvalidInput(f"Invalid Entity Arn: {caller} does not clearly define entity type and name.")
    if policy and not caller:
        raise InvalidInput("CallerArn is required when a resource policy is included.")
    simulation = _Simulation(
        identity=identity,
        boundary=boundary,
        levels=levels,
        resource=parse_statements("ResourcePolicy", policy) if policy else [],
        caller=caller,
        context={
            entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
            for entry in response._get_param("ContextEntries") or ()
        },
    )
    resources: t.Sequence[str] = response._get_param("ResourceArns") or ["*"]
    results = [_result(simulation, action, resources) for action in response._get_param("ActionNames")]
    return ActionResult(page(response, {"EvaluationResults": results}))


def _result(simulation: _Simulation, action: str, resources: t.Sequence[str]) -> dict[str, t.Any]:
    """One result an action. Of several resources the strictest answer stands above those of each."""
    each = [simulation.result(action, resource) for resource in resources]
    strictest = next(
        (
            found
            for decision in ("explicitDeny", "implicitDeny")
            for found in each
            if found["EvalResourceDecision"] == decision
        ),
        each[0],
    )
    whole = {key: value for key, value in strictest.items() if not key.startswith("EvalResource")}
    specific = [{key: value for key, value in found.items() if not key.startswith("Organizations")} for found in each]
    return {
        "EvalActionName": action,
        "EvalResourceName": "*",
        "EvalDecision": strictest["EvalResourceDecision"],
        **whole,
        "ResourceSpecificResults": [] if list(resources) == ["*"] else specific,
    }


def _documents(response: IamResponse, name: str) -> Statements:
    return _parse(name, response._get_param(name) or [])


def _parse(name: str, texts: t.Sequence[str]) -> Statements:
    try:
        return [
            found for index, text in enumerate(texts, start=1) for found in parse_statements(f"{name}.{index}", text)
        ]
    except ValueError as error:
        raise InvalidInput(f"Invalid policy document: {error}") from error


def _boundary(response: IamResponse, principal: Principal) -> t.Optional[Statements]:
    arn = principal.permissions_boundary_arn if isinstance(principal, (User, Role)) else None
    if _read_boundary(response) is not None or arn is None:
        return _read_boundary(response)
    policy = response.backend.get_policy(arn)
    return parse_statements(policy.name, document_of(policy))


def _read_boundary(response: IamResponse) -> t.Optional[Statements]:
    return _documents(response, "PermissionsBoundaryPolicyInputList") or None


def _levels_above(backend: IAMBackend) -> t.Optional[list[Statements]]:
    """The statements of the SCPs of each level; None where none apply."""
    levels = list_levels(backend.account_id, backend.partition)
    if levels is None:
        return None
    return [[found for name, text in level for found in parse_statements(name, text)] for level in levels]


def install() -> None:
    """Add the operations."""
    iam_operations(simulate_principal_policy, simulate_custom_policy)
