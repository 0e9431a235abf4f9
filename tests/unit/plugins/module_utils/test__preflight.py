# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the preflight simulates: every write on a resource that a well-made policy would name."""

from __future__ import annotations

import fnmatch
import typing as t
from pathlib import Path

import pytest
import yaml
from scripts import generate_permissions

from ansible_collections.hardening.iam.plugins.module_utils._policy.principal_matrix import Kind, Place, cast
from ansible_collections.hardening.iam.plugins.module_utils._preflight import WRITES, resource_of

ROLES = Path(__file__).resolve().parents[4] / "roles"
ACCOUNT = "arn:aws:iam::111122223333"
ACTIONS = sorted(frozenset().union(*WRITES.values()))


def told_of() -> t.Mapping[str, str]:
    """The roles that a run tells of beforehand, with their modes."""
    defaults = (ROLES / "preflight" / "defaults" / "main.yml").read_text(encoding="utf-8")
    return t.cast("t.Mapping[str, str]", yaml.safe_load(defaults)["preflight_modes"])


@pytest.mark.parametrize("action", ACTIONS)
def test_the_automation_role_of_the_bootstrap_template_is_not_missing_it(action: str) -> None:
    resources: t.Any = generate_permissions.write_policy([action])["Statement"][0]["Resource"]
    patterns = (
        [resources]
        if resources == "*"
        else [
            found["Fn::Sub"].replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "111122223333")
            for found in resources
        ]
    )
    assert any(fnmatch.fnmatchcase(resource_of(action, ACCOUNT, "eu-west-1"), pattern) for pattern in patterns)


def test_every_role_that_writes_is_simulated() -> None:
    assert set(WRITES) == {*told_of(), "rollback"}
    assert "iam:PutRolePermissionsBoundary" in WRITES["permissions_boundary"] & WRITES["rollback"]
    assert "access-analyzer:CreateAnalyzer" in WRITES["access_analyzer"] & WRITES["rollback"]
    assert "securityhub:EnableSecurityHub" in WRITES["security_hub"]
    assert "sns:Publish" not in WRITES["access_keys"]


def test_the_lock_out_guard_asks_for_every_write_of_the_modules() -> None:
    place = Place("111122223333", organization_id="o-example", management_account_id="999988887777")
    asked = {ask.action for actor in cast(place) if actor.kind is Kind.AUTOMATION for ask in actor.asks}
    # What is about the organization is done in the management account, which no policy binds.
    everywhere, _of_organization = generate_permissions.shares(generate_permissions.declared())
    assert set(generate_permissions.actions_of(everywhere.writes)) <= asked
