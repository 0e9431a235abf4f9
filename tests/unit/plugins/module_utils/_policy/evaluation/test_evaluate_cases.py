# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case of ``cases``, and what has to hold for all of them."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

import pytest
from looped import looped

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import canonical
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Layers,
    Outcome,
    Request,
    evaluate,
)

from .cases import (
    callers,
    condition_operators,
    control_policies,
    elements,
    keys_and_trusts,
    limits,
    past_limits,
    resource_policies,
    variables,
)
from .cases.case import FULL, Case, allow, deny, policy

CASES: t.Final = (
    *elements.CASES,
    *condition_operators.CASES,
    *variables.CASES,
    *control_policies.CASES,
    *limits.CASES,
    *past_limits.CASES,
    *resource_policies.CASES,
    *keys_and_trusts.CASES,
    *callers.CASES,
)

# From least to most permissive; both kinds of denial are the same.
RANK: t.Final = {Outcome.EXPLICIT_DENY: 0, Outcome.IMPLICIT_DENY: 0, Outcome.UNKNOWN: 1, Outcome.ALLOWED: 2}

every_case = looped("case", CASES, ids=lambda case: case.id)


def test_the_suite() -> None:
    assert len(CASES) >= 250
    repeated = [name for name, count in collections.Counter(case.id for case in CASES).items() if count > 1]
    assert not repeated
    assert all(
        case.source.startswith(("https://docs.aws.amazon.com/", "https://aws.amazon.com/blogs/")) for case in CASES
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case) -> None:
    decision = evaluate(case.request, case.layers)
    assert decision.outcome is case.outcome, decision.explanation
    for given, found in (
        (case.layer, decision.layer),
        (case.policy, decision.policy),
        (case.statement, decision.statement),
        (case.missing, decision.missing_context),
    ):
        assert given is None or given == found, decision
    assert decision.outcome is Outcome.UNKNOWN or not decision.missing_context


@every_case
def test_the_explanation_says_the_same(case: Case) -> None:
    decision = evaluate(case.request, case.layers)
    start = {Outcome.ALLOWED: "Allowed: ", Outcome.UNKNOWN: "Unknown: "}.get(decision.outcome, "Denied: ")
    assert decision.explanation.startswith(start)
    assert decision.explanation.endswith(".")
    assert decision.explanation.count(". ") <= 1
    for part in (decision.policy, *decision.missing_context):
        assert part is None or part in decision.explanation


@every_case
def test_the_canonical_form_decides_the_same(case: Case) -> None:
    trust = case.request.resource_policy
    request = dataclasses.replace(case.request, resource_policy=None if trust is None else canonical(trust))
    assert evaluate(request, change_policies(case.layers, canonical)).outcome is case.outcome


@every_case
@pytest.mark.parametrize("layer", ["identity", "boundary", "session", "scps", "rcps"])
def test_a_deny_decides_wherever_it_applies(case: Case, layer: str) -> None:
    """Elsewhere it changes nothing."""
    principal = {"Principal": "*"} if layer == "rcps" else {}
    # "${" is the beginning of a variable in a policy, and "${$}" the character.
    resource = case.request.resource.replace("${", "${$}{")
    denial = policy("More", deny(case.request.action, resource, **principal))
    given = getattr(case.layers, layer)
    more: t.Any
    if layer == "boundary":
        more = denial if given is None else policy_of(given, denial)
    elif layer in ("scps", "rcps"):
        more = ((denial,),) if given is None else (*given[:-1], (*given[-1], denial))
    else:
        more = (*given, denial)
    outcome = evaluate(case.request, dataclasses.replace(case.layers, **{layer: more})).outcome
    assert outcome is (Outcome.EXPLICIT_DENY if applies(layer, case.request) else case.outcome)


# Those of the cases. The whole list is at the first address below.
WITH_RCPS: t.Final = frozenset({"ecr", "kms", "s3", "secretsmanager", "sqs", "sts"})
# "No permissions are required", and a policy that denies them does not prevent them: STS API reference.
UNDENIABLE: t.Final = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})


def applies(layer: str, request: Request) -> bool:
    """Whether AWS applies policies of a layer to a request, by what its pages say.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    action, principal = request.action.lower(), request.principal or ""
    by_root = principal.endswith(":root")
    linked = "AWSServiceRoleFor" in principal or ":role/aws-service-role/" in request.resource
    if action in UNDENIABLE or (by_root and action == "sts:assumerole"):
        return False
    if layer == "rcps":
        # KMS does not ask policies about the retirement of a grant by whom the grant names.
        return action.partition(":")[0] in WITH_RCPS and action != "kms:retiregrant" and not linked
    # A principal that is not named has the policies that are given for it.
    identified = not principal or any(
        f":{kind}/" in principal for kind in ("user", "role", "assumed-role", "federated-user")
    )
    return (identified or by_root) and not linked if layer == "scps" else identified


@every_case
def test_a_boundary_and_an_scp_never_grant(case: Case) -> None:
    for layers in (
        dataclasses.replace(case.layers, boundary=FULL) if case.layers.boundary is None else case.layers,
        dataclasses.replace(case.layers, scps=(*(case.layers.scps or ()), (FULL,))),
        dataclasses.replace(case.layers, rcps=(*(case.layers.rcps or ()), (policy("R", allow(Principal="*")),))),
    ):
        assert RANK[evaluate(case.request, layers).outcome] <= RANK[case.outcome]


@every_case
def test_knowing_less_never_turns_a_decision_round(case: Case) -> None:
    less = dataclasses.replace(case.request, context={}, context_complete=False)
    outcome = evaluate(less, case.layers).outcome
    assert outcome in (Outcome.UNKNOWN, case.outcome) or RANK[outcome] == RANK[case.outcome]


def policy_of(first: Policy, second: Policy) -> Policy:
    """The statements of both in one policy."""
    return dataclasses.replace(first, statements=(*first.statements, *second.statements))


def change_policies(layers: Layers, change: t.Callable[[Policy], Policy]) -> Layers:
    """Layers whose every policy went through ``change``."""

    def levels(
        found: t.Optional[tuple[tuple[Policy, ...], ...]],
    ) -> t.Optional[tuple[tuple[Policy, ...], ...]]:
        return None if found is None else tuple(tuple(map(change, level)) for level in found)

    return dataclasses.replace(
        layers,
        identity=tuple(map(change, layers.identity)),
        boundary=None if layers.boundary is None else change(layers.boundary),
        session=tuple(map(change, layers.session)),
        scps=levels(layers.scps),
        rcps=levels(layers.rcps),
    )
