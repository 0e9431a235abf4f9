# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AssumeRole as STS decides it: the role must exist and its trust policy must admit the caller.

moto assumes any role, even one that does not exist. The caller's own permission (sts:AssumeRole in an identity policy)
is asked of judged principals only, by :mod:`emulator.judge`.
Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import fnmatch
import json
import re
import typing as t
from dataclasses import dataclass

from moto.iam.models import Role

from emulator import errors, identity
from emulator.identity import Caller
from emulator.wire import Answer, Call

Document: t.TypeAlias = t.Mapping[str, t.Any]

#: A role that assumes a role gets an hour at most.
CHAINED_SECONDS = 3600
DEFAULT_SECONDS = 3600

_ROLE_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/.+")


@dataclass(frozen=True)
class Request:
    """What a trust policy judges: who asks, for which actions, with which context."""

    caller: Caller
    actions: tuple[str, ...]
    parameters: t.Mapping[str, t.Any]

    def value(self, key: str) -> str | None:
        """The value of a condition key, or None if the request has none."""
        tag = re.fullmatch(r"aws:principaltag/(.+)", key, re.IGNORECASE)
        if tag:
            return self.caller.tags.get(tag[1])
        read = _CONTEXT.get(key.lower())
        return read(self) if read else None


def _mfa(request: Request) -> str | None:
    # A one-time code with the call counts for the call; long-term keys without one have no such key in their context.
    if request.parameters.get("TokenCode") or request.caller.mfa:
        return "true"
    return "false" if request.caller.kind == "role" else None


_CONTEXT: t.Mapping[str, t.Callable[[Request], str | None]] = {
    "sts:externalid": lambda request: request.parameters.get("ExternalId"),
    "sts:sourceidentity": lambda request: request.parameters.get("SourceIdentity"),
    "sts:rolesessionname": lambda request: request.parameters.get("RoleSessionName"),
    "aws:principalorgid": lambda request: identity.organization_id(request.caller.account_id),
    "aws:principalaccount": lambda request: request.caller.account_id,
    "aws:principalarn": lambda request: request.caller.principal_arn,
    "aws:principaltype": lambda request: "AssumedRole" if request.caller.kind == "role" else "User",
    "aws:principalisawsservice": lambda request: "false",
    "aws:username": lambda request: request.caller.name if request.caller.kind == "user" else None,
    "aws:multifactorauthpresent": _mfa,
}


def refusal(call: Call, caller: Caller) -> Answer | None:
    """The error that STS gives this AssumeRole call, or None if the caller may assume the role."""
    arn = str(call.parameters.get("RoleArn", ""))
    role = _role(arn)
    # The answer for an account that is closed is the same as for a role that does not exist, or that refuses.
    if role is not None and identity.is_suspended(arn.split(":")[4]):
        role = None
    if role is None or not admits(json.loads(role.assume_role_policy_document), _request(call, caller)):
        message = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        return errors.access_denied(call, message)
    return _duration_refusal(call, caller, int(role.max_session_duration or DEFAULT_SECONDS))


def admits(document: Document, request: Request) -> bool:
    """Whether the trust policy allows every action of the request, and denies none."""
    statements = _as_list(document.get("Statement"))
    applying = [statement for statement in statements if _applies(statement, request)]
    if any(statement.get("Effect") == "Deny" and _names_any(statement, request.actions) for statement in applying):
        return False
    allowing = [statement for statement in applying if statement.get("Effect") == "Allow"]
    return all(any(_names_any(statement, (action,)) for statement in allowing) for action in request.actions)


def names(document: Document, caller: Caller) -> bool:
    """Whether a statement that allows something names the caller itself, not only its account or everybody."""
    own = {caller.arn, caller.principal_arn}
    return any(
        statement.get("Effect") == "Allow"
        and isinstance(statement.get("Principal"), dict)
        and own & set(_as_list(statement["Principal"].get("AWS")))
        for statement in _as_list(document.get("Statement"))
    )


def _request(call: Call, caller: Caller) -> Request:
    extra = {"SourceIdentity": "sts:SetSourceIdentity", "Tags": "sts:TagSession"}
    needed = [action for parameter, action in extra.items() if call.parameters.get(parameter)]
    return Request(caller=caller, actions=("sts:AssumeRole", *needed), parameters=call.parameters)


def _role(arn: str) -> Role | None:
    match = _ROLE_ARN.fullmatch(arn)
    backend = identity.existing_backend(match["account"], match["partition"]) if match else None
    roles = backend.roles.values() if backend else ()
    return next((role for role in roles if role.arn == arn), None)


def _duration_refusal(call: Call, caller: Caller, longest: int) -> Answer | None:
    seconds = int(call.parameters.get("DurationSeconds") or DEFAULT_SECONDS)
    if seconds > longest:
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        return errors.error(call, "ValidationError", message)
    if caller.kind == "role" and seconds > CHAINED_SECONDS:
        message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        return errors.error(call, "ValidationError", message)
    return None


def _applies(statement: Document, request: Request) -> bool:
    if "NotPrincipal" in statement:
        principal = not _is_principal(statement["NotPrincipal"], request.caller)
    else:
        principal = _is_principal(statement.get("Principal", {}), request.caller)
    return principal and _conditions_hold(statement.get("Condition", {}), request)


def _names_any(statement: Document, actions: t.Iterable[str]) -> bool:
    patterns = [str(pattern).lower() for pattern in _as_list(statement.get("Action"))]
    return any(fnmatch.fnmatchcase(action.lower(), pattern) for action in actions for pattern in patterns)


def _is_principal(principal: t.Any, caller: Caller) -> bool:
    """Services, federated and canonical principals never are an IAM caller."""
    if principal == "*":
        return True
    own = {
        "*",
        caller.account_id,
        f"arn:{caller.partition}:iam::{caller.account_id}:root",
        caller.arn,
        caller.principal_arn,
    }
    return any(name in own for name in _as_list(principal.get("AWS")))


def _conditions_hold(conditions: t.Mapping[str, t.Mapping[str, t.Any]], request: Request) -> bool:
    return all(
        _holds(operator, request.value(key), [str(value) for value in _as_list(expected)])
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _holds(operator: str, actual: str | None, expected: list[str]) -> bool:
    """Whether one condition holds; one that is not known here holds for nobody."""
    name = operator.lower().rpartition(":")[2]
    if name == "null":
        return (actual is None) == (expected[0].lower() == "true")
    if name.endswith("ifexists"):
        if actual is None:
            return True
        name = name.removesuffix("ifexists")
    negated = "not" in name
    test = _OPERATORS.get(name.replace("not", "", 1))
    if test is None:
        return False
    # A negated operator holds for a key that the request does not have, any other does not.
    if actual is None:
        return negated
    return any(test(actual, value) for value in expected) != negated


def _like(actual: str, pattern: str) -> bool:
    """IAM's wildcards: * and ?, and unlike the shell's no brackets."""
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, actual, re.DOTALL) is not None


_OPERATORS: t.Mapping[str, t.Callable[[str, str], bool]] = {
    "stringequals": lambda actual, value: actual == value,
    "stringequalsignorecase": lambda actual, value: actual.lower() == value.lower(),
    "stringlike": _like,
    "arnequals": _like,
    "arnlike": _like,
    "bool": lambda actual, value: actual.lower() == value.lower(),
}


def _as_list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
