# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue as a whole: ids, mappings, modules."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    DEEP,
    DETECTIVE,
    REGIONAL,
    Dataset,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.benchmarks import (
    BENCHMARKS,
    FRAMEWORKS,
    Benchmark,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import SOURCES, Control
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls

CHECKOUT = Path(__file__).resolve().parents[5]
CONTROLS = all_controls()
BY_ID = {control.id: control for control in CONTROLS}
# CIS 7.0, section 2, as in the table of published numbers.
SECTION_2 = {f"2.1.{n}" for n in range(1, 7)} | {f"2.{n}" for n in range(2, 22)}
MODULES = {f"hardening.iam.{path.stem}" for path in (CHECKOUT / "plugins" / "modules").glob("*.py")}


def map_controls(framework: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for control in CONTROLS:
        for requirement in (*control.compliance.get(framework, ()), *control.stands_for.get(framework, ())):
            found.setdefault(requirement, set()).add(control.id)
    return found


def test_ids_are_unique_and_well_formed() -> None:
    assert not [name for name, count in Counter(control.id for control in CONTROLS).items() if count > 1]
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{4,50}", control.id) for control in CONTROLS)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_every_control_says_what_a_reader_needs(control: Control) -> None:
    for text in (control.title, control.expected, control.rationale, control.remediation.text):
        assert text and text == text.strip()
    assert control.remediation.text.endswith(".") and control.rationale.endswith(".")
    assert not control.title.endswith(".")
    # It goes on from "It cannot see".
    assert not control.blind or re.fullmatch(r"[a-zI].{10,170}\.", control.blind)
    assert set(control.compliance) <= set(FRAMEWORKS)
    assert control.remediation.module is None or control.remediation.module in MODULES


def test_every_identity_recommendation_of_cis_7_is_there() -> None:
    assert set(map_controls("cis_7.0")) >= SECTION_2


def test_everything_that_watches_is_mapped_in_cis_7() -> None:
    assert set(map_controls("cis_7.0")) >= {"4.1", "4.2", "4.3", "4.5"} | {f"5.{n}" for n in range(1, 17)}


@pytest.mark.parametrize("benchmark", BENCHMARKS.values(), ids=lambda benchmark: benchmark.id)
def test_mappings_and_titles_of_a_benchmark_agree(benchmark: Benchmark) -> None:
    assert set(map_controls(benchmark.id)) == set(benchmark.titles)
    assert len(benchmark.titles) + len(benchmark.others) == benchmark.recommendations
    assert not set(benchmark.titles) & set(benchmark.others)


def test_every_iam_control_of_security_hub_is_mapped() -> None:
    assert {name for name in map_controls("security_hub") if name.startswith("IAM.")} == {
        f"IAM.{n}" for n in range(1, 29)
    }


@pytest.mark.parametrize(
    ("framework", "requirement", "controls"),
    [
        # What published mappings of a peer get wrong: 1.10 given as a second 1.1, IAM.26 among unused credentials,
        # IAM.2, IAM.9 and IAM.21 mapped to nothing.
        ("cis_5.0", "1.1", {"contact_details"}),
        ("cis_5.0", "1.10", {"access_key_of_setup"}),
        ("security_hub", "IAM.26", {"server_certificate_expired"}),
        ("security_hub", "IAM.2", {"user_permissions_through_groups"}),
        ("security_hub", "IAM.9", {"root_mfa_enabled"}),
        ("security_hub", "IAM.21", {"policy_service_wildcard"}),
        ("cis_7.0", "2.4", {"root_no_access_key"}),
        ("cis_3.0", "1.4", {"root_no_access_key"}),
        ("cis_7.0", "2.11", {"access_key_unused", "console_password_unused"}),
        ("cis_7.0", "2.14", {"admin_policy_attached"}),
        ("security_hub", "IAM.19", {"user_console_mfa", "user_key_only_mfa"}),
        ("security_hub", "IAM.28", {"external_access_analyzer"}),
        ("pci_4.0", "8.2.6", {"access_key_unused", "console_password_unused"}),
    ],
)
def test_mappings_that_matter(framework: str, requirement: str, controls: set[str]) -> None:
    assert map_controls(framework)[requirement] == controls


def test_what_newer_benchmarks_dropped_is_not_mapped_to_them() -> None:
    for name in ("access_key_of_setup", "access_key_single"):
        assert "cis_7.0" not in BY_ID[name].compliance
    assert set(BY_ID["security_questions"].compliance) == {"cis_3.0"}


def test_only_regional_data_makes_a_control_regional() -> None:
    for control in CONTROLS:
        assert not control.regional or set(control.needs) <= REGIONAL
    assert {control.id for control in CONTROLS if control.is_deep} == {
        "admin_mostly_unused",
        "admin_over_provisioned",
        "bedrock_access_stale",
        "privileged_access_unused",
        "sagemaker_access_stale",
        "ssh_public_key_age",
    }
    assert all(set(control.needs) & DETECTIVE for control in CONTROLS if control.is_detective)
    assert set(SOURCES) == set(Dataset) and DEEP and DETECTIVE < REGIONAL


def test_severities_of_note() -> None:
    critical = {control.id for control in CONTROLS if control.severity.value == "critical"}
    assert critical == {
        "root_no_access_key",
        "root_mfa_enabled",
        "root_hardware_mfa",
        "user_admin_without_mfa",
        "boundary_opens_iam",
        "boundary_removable",
        "trust_not_public",
        "trust_federated_subject",
        "organization_allows_something",
        "organization_mfa_pattern",
        "user_quarantined_by_aws",
    }


def test_user_permissions_is_named_only_where_moving_or_removing_policies_is_the_remedy() -> None:
    """It writes no policy anew: what a document says, and a path to an administrator, are remedied by hand."""
    named = {control.id for control in CONTROLS if control.remediation.module == "hardening.iam.user_permissions"}
    assert named == {
        *("admin_over_provisioned", "admin_policy_attached", "cloudshell_full_access", "group_admin", "role_admin"),
        *("user_admin", "user_permissions_through_groups"),
    }
