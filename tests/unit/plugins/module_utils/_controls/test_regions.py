# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controls whose evidence nobody asked for, and the finding on a region that was not read."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import Control, Scope
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._controls.regions import (
    region_control,
    region_findings,
    was_not_requested,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity

from .samples import NOW, snapshot, unread

BY_ID = {control.id: control for control in all_controls()}
ANALYZER = BY_ID["external_access_analyzer"]


@pytest.mark.parametrize(
    ("control", "dataset", "kind", "expected"),
    [
        ("admin_over_provisioned", Dataset.SERVICE_LAST_ACCESSED, UnreadKind.NOT_REQUESTED, True),
        ("admin_over_provisioned", Dataset.SERVICE_LAST_ACCESSED, UnreadKind.DENIED, False),
        ("config_iam_rules", Dataset.CONFIG_RULES, UnreadKind.NOT_REQUESTED, True),
        ("config_iam_rules", Dataset.CONFIG_RULES, UnreadKind.DENIED, False),
        ("config_iam_rules", Dataset.SECURITY_HUB, UnreadKind.NOT_REQUESTED, False),
        ("external_access_analyzer", Dataset.ANALYZERS, UnreadKind.NOT_REQUESTED, False),
    ],
)
def test_which_evidence_nobody_asked_for(control: str, dataset: Dataset, kind: UnreadKind, expected: bool) -> None:
    account = snapshot(unread=(unread(dataset, kind),))
    assert was_not_requested(BY_ID[control], account) is expected


def test_the_finding_on_a_region_weighs_as_much_as_the_most_severe_control() -> None:
    low = dataclasses.replace(ANALYZER, id="low", severity=Severity.LOW, compliance={"soc2": ("CC7.2",)})
    high = dataclasses.replace(low, id="high", severity=Severity.HIGH, compliance={"soc2": ("CC7.1",)})
    everywhere = dataclasses.replace(low, id="everywhere", severity=Severity.CRITICAL, regional=False)
    account = snapshot(regions=("us-east-1",), enabled_regions=("ap-south-1", "us-east-1"))
    scope = Scope(Facts(account), Settings(), NOW)
    (finding,) = region_findings((low, high, everywhere), scope)
    assert (finding.severity, finding.region) == (Severity.HIGH, "ap-south-1")
    assert finding.compliance == {"soc2": ("CC7.2", "CC7.1")}
    assert finding.detail.endswith("; this replaces the findings of 2 regional controls")
    assert list(region_findings((everywhere,), scope)) == []


def test_the_control_on_regions_counts_those_that_were_assessed() -> None:
    account = snapshot(regions=("us-east-1", "eu-west-1"))
    made = region_control((ANALYZER,), account)
    assert isinstance(made, Control) and made.theme == "regions"
    verdict = made.check(Scope(Facts(account), Settings(), NOW))
    assert (verdict.population, verdict.unit) == (2, "regions")
