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
from scripts import bootstrap_roles, generate_permissions

from ansible_collections.hardening.iam.plugins.module_utils._assessment.preflight import (
    ORGANIZATION_WRITES,
    UNDOS,
    WRITES,
    make_sample_request,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import Kind, Place, cast
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
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
}


def read_modes() -> t.Mapping[str, str]:
    """The roles that a run tells of beforehand, with their modes."""
    defaults = (ROLES / "preflight" / "defaults" / "main.yml").read_text(encoding="utf-8")
    return t.cast("t.Mapping[str, str]", yaml.safe_load(defaults)["preflight_modes"])


@pytest.mark.parametrize("role", sorted({**WRITES, **ORGANIZATION_WRITES}.keys() - {"rollback"}))
def test_the_role_of_the_bootstrap_template_is_not_missing_it(role: str) -> None:
    """What is simulated is allowed by the policy that the template has for the capability."""
    (grants,) = (one.registration.grants for one in bootstrap_roles.CAPABILITIES if one.registration.role == role)
    actions = sorted(frozenset().union(*(table.get(role, ()) for table in (WRITES, UNDOS, ORGANIZATION_WRITES))))
    text = json.dumps(bootstrap_roles.write_policy(grants, actions))
    for placeholder, value in PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    judge = Evaluator(Layers(identity=(parse(json.loads(text)),)))
    for action in actions:
        resource, context = make_sample_request(role, action, ACCOUNT, "eu-west-1")
        request = Request(action, resource, context=dict([context]) if context else {}, principal=f"{ACCOUNT}:role/x")
        assert judge.decide(request).outcome is Outcome.ALLOWED, (action, resource, context)


def test_every_role_that_writes_is_simulated() -> None:
    # These are no roles of harden.yml.
    assert set(WRITES) == {*read_modes(), "least_privilege", "policy_scope", "rollback"}
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
        for capability in bootstrap_roles.CAPABILITIES
        if capability.writer is not Writer.ORGANIZATION
        for action in bootstrap_roles.actions_of(bootstrap_roles.operations_of(capability, modules).writes)
    )
    assert set(writes) <= asked
