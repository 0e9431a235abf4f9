# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on declared organization policies."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import (
    Declared,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.findings import findings
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.plan import StageTargets
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding

from ..._controls.samples import NOW, snapshot
from .organizations import BOX, DENY, WORK, declaring, make_plan, policy, tree

OTHER = {**DENY, "Statement": [DENY["Statement"][0]]}


def find_finding(organization: OrganizationTree, declared: Declared, **staged: StageTargets) -> Finding:
    desired, _plan = make_plan(organization, declared, **staged)
    (finding,) = findings(snapshot(), organization, desired, settings=Settings(), now=NOW)
    return finding


def test_what_is_as_declared_passes() -> None:
    finding = find_finding(tree(policy("protect", WORK)), declaring())
    assert (finding.status, finding.detail) == ("PASS", "1 policy assessed")


def test_what_is_declared_for_nothing_is_not_applicable() -> None:
    assert find_finding(tree(), declaring({"targets": []})).status == "NOT_APPLICABLE"


def test_what_is_missing_or_drifted_is_one_finding_a_policy() -> None:
    finding = find_finding(tree(), declaring())
    assert (finding.status, finding.severity, finding.control) == ("FAIL", "high", "organization_policy_declared")
    assert finding.resource == "organization policy protect (SERVICE_CONTROL_POLICY)"
    assert finding.detail == "it is not there; it is not attached to /Work"
    declared: t.Any = declaring({"content": OTHER, "description": "new", "tags": {"team": "x"}})
    finding = find_finding(tree(policy("protect", BOX)), declared)
    assert finding.detail == (
        "its content differs from the declaration; its description differs; it lacks tags: team=x; "
        "it is not attached to /Work"
    )
    assert finding.evidence.observed["attached_to"] == [BOX]


def test_what_is_withdrawn_and_still_attached_fails() -> None:
    finding = find_finding(tree(policy("protect", BOX)), declaring(), protect=StageTargets((), (Target(ou="/Box"),)))
    assert finding.detail == "it is withdrawn from /Box, but still attached"
