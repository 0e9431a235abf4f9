# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidRequest,
    NotFound,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._questions.simulation.aws import (
    AwsSimulator,
    SimulatorRequest,
)
from ansible_collections.hardening.iam.plugins.module_utils._questions.simulation.requests import parse_requests
from unit.plugins.module_utils._questions.simulation.simulating import (
    DENY_DELETION,
    EVERYTHING,
    READ,
    Record,
    statement,
    validate_options,
)

USER: t.Final = "arn:aws:iam::111122223333:user/alice"
ROLE: t.Final = "arn:aws:iam::111122223333:role/app/deployer"
LEVELS: t.Final = "OrderedOrganizationPolicyInputList"
ALLOWED: t.Final = {"EvalActionName": "s3:GetObject", "EvalDecision": "allowed"}


class FakeAccess:
    """Answers with one result, or raises; keeps the last call. ``members`` are the parameters that botocore knows."""

    def __init__(self, answer: t.Union[Record, AwsError], *, members: t.Collection[str] = (LEVELS,)) -> None:
        self._answer = answer
        shape = types.SimpleNamespace(input_shape=types.SimpleNamespace(members=members))
        model = types.SimpleNamespace(operation_model=lambda _operation: shape)
        self._client = types.SimpleNamespace(meta=types.SimpleNamespace(service_model=model))
        self.operation = ""
        self.parameters: Record = {}

    def client(self, _service: str) -> t.Any:
        return self._client

    def call(self, _service: str, operation: str, parameters: Record) -> Record:
        self.operation, self.parameters = operation, parameters
        if isinstance(self._answer, AwsError):
            raise self._answer
        return {"EvaluationResults": [self._answer]}


def make_simulated(
    layers: t.Optional[Layers] = None,
    *,
    context: t.Optional[Record] = None,
    source: t.Optional[str] = None,
    caller: t.Optional[str] = USER,
    context_complete: bool = True,
    **fields: t.Any,
) -> SimulatorRequest:
    (request,) = parse_requests(
        validate_options(requests=[{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", **fields}])
    )
    layers = layers or Layers(identity=(parse(READ, name="read.json"),))
    return SimulatorRequest(
        request=request,
        layers=layers,
        known=layers,
        context=context or {},
        context_complete=context_complete,
        source=source,
        caller=caller,
    )


def send(simulated_: SimulatorRequest, *, members: t.Collection[str] = (LEVELS,)) -> Record:
    access: t.Any = FakeAccess(ALLOWED, members=members)
    AwsSimulator(access, "aws-cn").decide(simulated_)
    return t.cast(Record, {"operation": access.operation, **access.parameters})


def decide(
    answer: t.Union[Record, AwsError], simulated_: t.Optional[SimulatorRequest] = None, **options: t.Any
) -> Record:
    access: t.Any = FakeAccess(answer, **options)
    return AwsSimulator(access, "aws").decide(simulated_ or make_simulated())


def test_a_custom_simulation_has_all_layers() -> None:
    layers = Layers(
        identity=(parse(READ),), boundary=parse(EVERYTHING), scps=((parse(EVERYTHING),), (parse(DENY_DELETION),))
    )
    policy = statement("Allow", "s3:GetObject", Principal="*")
    found = send(make_simulated(layers, resource_policy=policy, resource_account="444455556666"))
    assert found["operation"] == "SimulateCustomPolicy"
    assert len(found["PolicyInputList"]) == len(found["PermissionsBoundaryPolicyInputList"]) == 1
    assert [len(level["ServiceControlPolicyInputList"]) for level in found[LEVELS]] == [1, 1]
    assert found["ResourceOwner"] == "arn:aws-cn:iam::444455556666:root"
    assert (found["CallerArn"], found["ActionNames"], found["ResourceArns"]) == (
        USER,
        ["s3:GetObject"],
        ["arn:aws:s3:::b/k"],
    )
    assert '"Principal"' in found["ResourcePolicy"]


def test_a_simulation_of_a_principal_sends_only_what_is_added() -> None:
    found = send(make_simulated(Layers(), source=ROLE, caller=ROLE))
    assert found["operation"] == "SimulatePrincipalPolicy"
    assert found["PolicySourceArn"] == ROLE
    assert not {"PolicyInputList", "PermissionsBoundaryPolicyInputList", LEVELS} & set(found)


@pytest.mark.parametrize(
    ("key", "value", "operator", "expected"),
    [
        ("aws:PrincipalTag/age", "7", "NumericLessThan", ("numeric", ["7"])),
        ("aws:PrincipalTag/age", "7", "StringEquals", ("string", ["7"])),
        ("aws:PrincipalTag/net", "10.0.0.1", "IpAddress", ("ip", ["10.0.0.1"])),
        ("aws:PrincipalTag/end", "2030-01-01", "DateLessThan", ("date", ["2030-01-01"])),
        ("aws:PrincipalTag/on", True, "Bool", ("boolean", ["true"])),
        ("aws:TagKeys", ["a", "b"], "ForAllValues:StringEquals", ("stringList", ["a", "b"])),
        # No policy that is known asks for these: their documented type.
        ("aws:SourceIp", "10.0.0.1", None, ("ip", ["10.0.0.1"])),
        ("AWS:CurrentTime", "2030-01-01T00:00:00Z", None, ("date", ["2030-01-01T00:00:00Z"])),
        ("s3:max-keys", 10, None, ("numeric", ["10"])),
        ("aws:PrincipalTag/x", "10", None, ("string", ["10"])),
    ],
)
def test_context_entries_have_the_type_that_is_compared(
    key: str, value: t.Any, operator: t.Optional[str], expected: t.Any
) -> None:
    condition = {"Condition": {operator: {key.lower(): "1"}}} if operator else {}
    layers = Layers(identity=(parse(statement("Allow", "s3:*", **condition)),))
    (entry,) = send(make_simulated(layers, context={key: value}))["ContextEntries"]
    assert entry["ContextKeyName"] == key
    assert (entry["ContextKeyType"], entry["ContextKeyValues"]) == expected


DENY_BY_SCP: t.Final = {
    "EvalDecision": "implicitDeny",
    "OrganizationsDecisionDetail": {"AllowedByOrganizations": False},
}
NOT_BOUNDED: t.Final = {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}}
STATEMENT: t.Final = {
    "SourcePolicyId": "PolicyInputList.1",
    "SourcePolicyType": "none",
    "StartPosition": {"Line": 3, "Column": 5},
}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({**ALLOWED, "MatchedStatements": [STATEMENT]}, ("allowed", "identity", "read.json", "line 3, column 5")),
        ({"EvalDecision": "implicitDeny"}, ("implicit_deny", "identity", None, None)),
        (DENY_BY_SCP, ("implicit_deny", "scp", None, None)),
        ({"EvalDecision": "explicitDeny", **NOT_BOUNDED}, ("explicit_deny", "boundary", None, None)),
        (
            {"EvalDecision": "implicitDeny", "MatchedStatements": [STATEMENT], **NOT_BOUNDED},
            ("implicit_deny", "boundary", None, None),
        ),
        # Neither the policies nor the boundary allow it.
        ({"EvalDecision": "implicitDeny", **NOT_BOUNDED}, ("implicit_deny", "identity", None, None)),
        (
            {**ALLOWED, "MatchedStatements": [{"SourcePolicyId": "ResourcePolicy", "SourcePolicyType": "resource"}]},
            ("allowed", "resource", "ResourcePolicy", None),
        ),
        # The answer for the resource goes before the one for all resources together.
        (
            {**ALLOWED, "ResourceSpecificResults": [{"EvalResourceName": "x", "EvalResourceDecision": "explicitDeny"}]},
            ("explicit_deny", "identity", None, None),
        ),
    ],
)
def test_answers_are_put_into_our_words(answer: Record, expected: t.Any) -> None:
    found = decide(answer)
    assert (found["decision"], found["layer"], found["policy"], found["statement"]) == expected
    assert found["explanation"].startswith("AWS's simulator ")


@pytest.mark.parametrize(("complete", "decision"), [(True, "allowed"), (False, "unknown")])
@pytest.mark.parametrize("place", ["whole", "resource"])
def test_missing_keys(place: str, complete: bool, decision: str) -> None:
    missing = {"MissingContextValues": ["aws:SourceIp"]}
    specific = {"EvalResourceName": "x", "EvalResourceDecision": "allowed", **missing}
    answer = {**ALLOWED, **(missing if place == "whole" else {"ResourceSpecificResults": [specific]})}
    found = decide(answer, make_simulated(context_complete=complete))
    assert (found["decision"], found["missing_context"]) == (decision, ["aws:SourceIp"])


SCPS: t.Final = ((parse(DENY_DELETION),),)
FULL: t.Final = ((parse(EVERYTHING),),)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
_REGION: t.Final = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
IN_REGION: t.Final = ((parse(EVERYTHING), parse(statement("Deny", "ec2:*", Condition=_REGION))),)


@pytest.mark.parametrize(
    ("layers", "members", "decision"),
    [
        pytest.param(Layers(session=(parse(READ),)), (LEVELS,), "unknown", id="session policies"),
        pytest.param(Layers(rcps=SCPS), (LEVELS,), "unknown", id="RCPs"),
        pytest.param(Layers(endpoint=parse(READ)), (LEVELS,), "unknown", id="the policy of a VPC endpoint"),
        pytest.param(Layers(rcps=FULL), (LEVELS,), "allowed", id="the RCP that AWS attaches"),
        pytest.param(Layers(scps=SCPS), (LEVELS,), "allowed", id="SCPs"),
        pytest.param(Layers(scps=SCPS), (), "unknown", id="SCPs and an older botocore"),
        pytest.param(Layers(scps=IN_REGION), (LEVELS,), "unknown", id="SCPs with conditions"),
    ],
)
def test_what_aws_does_not_know_makes_allowed_a_guess(
    layers: Layers, members: t.Collection[str], decision: str
) -> None:
    assert decide(ALLOWED, make_simulated(layers), members=members)["decision"] == decision
    denied = decide({"EvalDecision": "implicitDeny"}, make_simulated(layers), members=members)
    assert denied["decision"] == "implicit_deny"


@pytest.mark.parametrize("decision", ["allowed", "implicitDeny"])
def test_the_policy_of_a_resource_is_simulated_for_users_only(decision: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html, ResourcePolicy."""
    policy = statement("Allow", "s3:GetObject", Principal="*")
    of_role = make_simulated(resource_policy=policy, caller=ROLE)
    assert "ResourcePolicy" not in send(of_role)
    assert decide({"EvalDecision": decision}, of_role)["decision"] == "unknown"
    assert decide({"EvalDecision": "explicitDeny"}, of_role)["decision"] == "explicit_deny"


@pytest.mark.parametrize("kind", [InvalidRequest, NotFound])
def test_a_request_that_the_simulator_does_not_take_is_unknown(kind: type[AwsError]) -> None:
    found = decide(kind("Invalid Entity Arn", code="InvalidInput"))
    assert found["decision"] == "unknown"
    assert "Invalid Entity Arn" in found["explanation"]


def test_a_missing_permission_fails_the_task() -> None:
    with pytest.raises(AccessDenied):
        decide(AccessDenied("no", code="AccessDenied"))
