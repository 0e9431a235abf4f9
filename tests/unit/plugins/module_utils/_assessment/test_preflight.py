# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the preflight simulates: every write on a resource that a well-made policy would name."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from scripts import bootstrap_containment, bootstrap_right_sizing, bootstrap_roles, generate_permissions

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._assessment.containment import list_requests
from ansible_collections.hardening.iam.plugins.module_utils._assessment.preflight import (
    ORGANIZATION_WRITES,
    UNDOS,
    WRITES,
    make_sample_request,
    select_details,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import Kind, Place, cast
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
    Request,
)

ROLES = Path(__file__).resolve().parents[5] / "roles"
ACCOUNT = "arn:aws:iam::111122223333"
PLACEHOLDERS = {
    "${Partition}": "aws",
    "${Account}": "111122223333",
    "${BoundaryPolicyPath}": "/iam-hardening/boundary/",
    "${RightSizingBoundaryArn}": "arn:aws:iam::111122223333:policy/iam-hardening/boundary/developer",
    "${RightSizingTargets}": "dev-*",
    "${IncidentPrincipalArnPattern}": "arn:aws:iam::999988887777:role/incident-response",
    "${TrustedPrincipalArnPattern}": "arn:aws:iam::999988887777:role/awx",
}


# One works in the roles of the others, and the other one has a role whose policies depend on its ways.
OTHERS = {"rollback", "least_privilege"}


def read_modes() -> t.Mapping[str, str]:
    """The roles that a run tells of beforehand, with their modes."""
    defaults = (ROLES / "preflight" / "defaults" / "main.yml").read_text(encoding="utf-8")
    return t.cast("t.Mapping[str, str]", yaml.safe_load(defaults)["preflight_modes"])


@pytest.mark.parametrize("role", sorted({**WRITES, **ORGANIZATION_WRITES}.keys() - OTHERS))
def test_the_role_of_the_bootstrap_template_is_not_missing_it(role: str) -> None:
    """What is simulated is allowed by the policy that the template has for the capability."""
    (grants,) = (one.registration.grants for one in bootstrap_roles.ALL if one.registration.role == role)
    policy = bootstrap_roles.write_policy(grants, list_actions(role))
    assert find_missing(role, policies=[policy]) == set()


@pytest.mark.parametrize(
    ("modes", "details"),
    [
        ({}, set()),
        ({"config_rules": "report", "unheard_of": "enforce"}, {Dataset.CONFIG_RULES}),
        ({"config_rules": "off", "security_hub": False, "event_alerts": "OFF", "access_keys": "enforce"}, set()),
        ({"access_analyzer": "enforce", "event_alerts": "report"}, {Dataset.ANALYZER_DETAILS, Dataset.EVENT_RULES}),
    ],
)
def test_what_the_roles_that_are_on_plan_on_is_read_for_them(
    modes: t.Mapping[str, t.Any], details: set[Dataset]
) -> None:
    assert select_details(modes) == details


def list_actions(role: str) -> list[str]:
    return sorted(frozenset().union(*(table.get(role, ()) for table in (WRITES, UNDOS, ORGANIZATION_WRITES))))


def find_missing(role: str, *, policies: t.Sequence[t.Any], boundary: t.Any = None) -> set[str]:
    """The actions that are simulated and that policies of the template do not allow."""
    limit = fill(boundary) if boundary else None
    judge = Evaluator(Layers(identity=tuple(map(fill, policies)), boundary=limit))
    requests = {action: make_sample_request(role, action, ACCOUNT, "eu-west-1") for action in list_actions(role)}
    outcomes = {
        action: judge.decide(Request(action, resource, context=dict(context), principal=f"{ACCOUNT}:role/x")).outcome
        for action, (resource, context) in requests.items()
    }
    return {action for action, outcome in outcomes.items() if outcome is not Outcome.ALLOWED}


def fill(document: t.Any) -> Policy:
    return parse(json.loads(fill_text(json.dumps(document))))


def fill_text(text: str) -> str:
    for placeholder, value in PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return text


@pytest.mark.parametrize(
    ("chosen", "missing"),
    [
        (
            ("campaign-policies",),
            {
                *("iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePermissionsBoundary"),
                *("iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary"),
                *("iam:PutRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy"),
                *("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"),
            },
        ),
        (
            ("campaign-policies", "trial-policies", "new-roles"),
            {"iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"},
        ),
        (
            ("campaign-policies", "trial-policies", "new-roles-without-boundary"),
            {"iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"},
        ),
        (("campaign-policies", "trial-policies", "new-roles", "in-place"), set()),
    ],
)
def test_what_right_sizing_lacks_is_named(chosen: tuple[str, ...], missing: set[str]) -> None:
    """Its role has a policy for each way and stage, and a boundary of its own."""
    modules = generate_permissions.read_operations()
    found = {grant.name: grant.policy for grant in bootstrap_right_sizing.make_role(modules).grants}
    policies = [found[name] for name in chosen]
    boundary = bootstrap_right_sizing.boundary(modules)
    assert find_missing("least_privilege", policies=policies, boundary=boundary) == missing


def test_what_containment_lacks_is_named() -> None:
    """The role of its stack may do all that is simulated; without a switch, all but what the switch allows."""
    modules = generate_permissions.read_operations()
    boundary = fill(bootstrap_containment.boundary(modules))
    grants = {grant.name: fill(grant.policy) for grant in bootstrap_containment.make_role(modules).grants}
    missing = {}
    for left_out in (None, "inline", "roles", "users"):
        identity = tuple(policy for name, policy in grants.items() if name != left_out)
        judge = Evaluator(Layers(identity=identity, boundary=boundary))
        missing[left_out] = {
            action
            for (resource, context), actions in list_requests().items()
            for action in actions
            if judge.decide(
                Request(action, fill_text(resource), context={key: fill_text(value) for key, value in context})
            ).outcome
            is not Outcome.ALLOWED
        }
    assert missing[None] == set()
    assert missing["inline"] == {"iam:DeleteUserPolicy", "iam:PutUserPolicy"}
    assert {"iam:AttachRolePolicy", "iam:CreatePolicy", "iam:PutRolePolicy"} <= missing["roles"]
    assert {"iam:AttachUserPolicy", "iam:TagUser", "iam:UpdateAccessKey"} <= missing["users"]


def test_every_role_that_writes_is_simulated() -> None:
    # These are no roles of harden.yml. Overdue trials are only reported where no role may end them.
    simulated = read_modes().keys() - {"trial_deadlines"}
    assert set(WRITES) == {
        *simulated,
        "access_key_rotation",
        "key_migration",
        "least_privilege",
        "policy_scope",
        "rollback",
    }
    assert "iam:PutRolePermissionsBoundary" in WRITES["permissions_boundary"] & WRITES["rollback"]
    assert "access-analyzer:CreateAnalyzer" in WRITES["access_analyzer"] & WRITES["rollback"]
    assert "securityhub:EnableSecurityHub" in WRITES["security_hub"]
    assert "sns:Publish" not in WRITES["access_keys"]


def test_the_lock_out_guard_asks_for_every_write_of_the_modules() -> None:
    place = Place("111122223333", organization_id="o-example", management_account_id="999988887777")
    asked = {ask.action for actor in cast(place) if actor.kind is Kind.AUTOMATION for ask in actor.asks}
    # What is about the organization is done in the management account, which no policy binds.
    modules = generate_permissions.read_operations()
    writes = (
        action
        for capability in bootstrap_roles.ALL
        # An organization that denies new access keys means those of a rotation too.
        if capability.writer is not Writer.ORGANIZATION and capability.name != "access_key_rotation"
        for action in bootstrap_roles.actions_of(bootstrap_roles.operations_of(capability, modules).writes)
    )
    assert set(writes) <= asked
