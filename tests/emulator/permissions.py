# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What identity policies and permissions boundaries allow, for the principals below one path.

Everybody else may make every call: tests need no policies for what they do not test.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import typing as t

from moto.iam.models import IAMBackend, Role, User

from emulator import errors, identity
from emulator.extensions.statements import Statement, document_of, find, parse_statements, statements_of
from emulator.identity import Caller
from emulator.wire import Answer, Call

PATH: t.Final = "/iam-hardening/acceptance/"
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: no permission is needed.
_FREE: t.Final = ("sts", "GetCallerIdentity")
_MFA: t.Final = "aws:multifactorauthpresent"


def refusal(call: Call, caller: Caller, contrary: t.Collection[str] = ()) -> Answer | None:
    """The error that a principal below the path gets for this call, or None if it may make it."""
    backend = identity.existing_backend(caller.account_id, caller.partition)
    if backend is None or PATH not in caller.principal_arn or (call.service, call.operation) == _FREE:
        return None
    principal = find(backend, caller.principal_arn)
    assert isinstance(principal, (User, Role))
    own = _matching(statements_of(backend, principal), call, caller, contrary)
    boundary = None if "boundary_limits_a_user" in contrary else _boundary(backend, principal)
    bounds = None if boundary is None else _matching(boundary, call, caller, contrary)
    if any(not found.allow for found in [*own, *(bounds or ())]):
        return _deny(call, caller, "with an explicit deny in an identity-based policy")
    if not own:
        return _deny(call, caller, "because no identity-based policy allows the {action} action")
    if bounds is not None and not bounds:
        return _deny(call, caller, "because no permissions boundary allows the {action} action")
    return None


def _matching(
    statements: t.Iterable[Statement], call: Call, caller: Caller, contrary: t.Collection[str]
) -> list[Statement]:
    resource = str(call.parameters.get("RoleArn", "*"))
    return [
        found
        for found in statements
        if found.covers(call.action, resource) and found.holds(_context(found, caller, contrary))
    ]


def _context(statement: Statement, caller: Caller, contrary: t.Collection[str]) -> dict[str, list[str]]:
    """Keys of the request. Calls with a long-term access key lack the one on MFA."""
    operators = {operator for operator, _key, _values in statement.conditions}
    if "bool_ignores_an_absent_key" in contrary and "Bool" in operators:
        return {_MFA: ["false"]}
    if "bool_if_exists_includes_an_absent_key" in contrary and "BoolIfExists" in operators:
        return {_MFA: ["true"]}
    return {_MFA: [str(caller.mfa).lower()]} if caller.kind == "role" else {}


def _boundary(backend: IAMBackend, principal: User | Role) -> list[Statement] | None:
    arn = principal.permissions_boundary_arn
    if arn is None:
        return None
    policy = backend.get_policy(arn)
    return parse_statements(policy.name, document_of(policy))


def _deny(call: Call, caller: Caller, why: str) -> Answer:
    action = call.action
    message = f"User: {caller.arn} is not authorized to perform: {action} on resource: * {why.format(action=action)}"
    return errors.access_denied(call, message)
