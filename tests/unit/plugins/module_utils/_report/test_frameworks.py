# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._report.frameworks import (
    LEFT_OUT,
    NO_CONTROL,
    control_statuses,
    is_complete,
    views,
    worst,
)

from . import samples

ROOT = f"arn:aws:iam::{samples.ACCOUNT}:root"


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        (["PASS", "FAIL", "NOT_ASSESSED"], "FAIL"),
        (["PASS", "WAIVED", "NOT_ASSESSED"], "NOT_ASSESSED"),
        (["PASS", "WAIVED"], "WAIVED"),
        (["NOT_APPLICABLE", "PASS"], "PASS"),
        (["NOT_APPLICABLE"], "NOT_APPLICABLE"),
    ],
)
def test_a_requirement_is_as_good_as_the_worst_beneath(statuses: list[str], verdict: str) -> None:
    assert worst(statuses) == verdict


def test_requirements_stand_in_their_natural_order_with_title_and_controls() -> None:
    requirements = views(samples.assessment())["cis_7.0"]
    found = {item.id: item for item in requirements if item.status not in (NO_CONTROL, LEFT_OUT)}
    assert list(found) == ["2.1.1", "2.4", "2.5", "2.8", "2.12", "2.13", "2.18"]
    assert found["2.12"].status == "FAIL"
    assert found["2.12"].title == "Access keys are rotated within 90 days"
    assert found["2.12"].controls == ("access_key_age",)
    assert found["2.5"].status == "PASS"
    assert found["2.1.1"].status == "NOT_ASSESSED"


def test_all_recommendations_of_a_benchmark_are_listed_in_their_order() -> None:
    requirements = views(samples.assessment())["cis_7.0"]
    assert len(requirements) == 70
    assert [item.id for item in requirements][:3] == ["2.1.1", "2.1.2", "2.1.3"]
    found = {item.id: item for item in requirements}
    assert (found["3.1.2"].status, found["3.1.2"].controls) == (NO_CONTROL, ())
    assert (found["2.9"].status, found["2.9"].controls) == (LEFT_OUT, ("password_reuse",))


def test_of_other_frameworks_and_of_an_organization_only_what_was_judged_is_listed() -> None:
    report = samples.assessment()
    assert {item.status for item in views(report)["soc2"]} & {NO_CONTROL, LEFT_OUT} == set()
    organization = {**report, "scope": {**report["scope"], "organization_id": "o-acme"}}
    assert {item.status for item in views(organization)["cis_7.0"]} & {NO_CONTROL, LEFT_OUT} == set()
    complete = {name: is_complete(name, report) for name in ("cis_7.0", "cis_5.0", "cis_3.0", "soc2", "security_hub")}
    assert [name for name, value in complete.items() if value] == ["cis_7.0", "cis_5.0", "cis_3.0"]
    assert not is_complete("cis_7.0", organization)


def test_a_requirement_gathers_the_verdicts_of_its_controls() -> None:
    findings = [
        samples.finding("root_no_access_key", ROOT, Status.PASS),
        samples.finding("root_mfa_enabled", ROOT, Status.NOT_ASSESSED),
    ]
    (requirement,) = views(samples.assessment(findings))["soc2"]
    assert (requirement.id, requirement.status, requirement.title) == ("CC6.1", "NOT_ASSESSED", "")
    assert requirement.controls == ("root_mfa_enabled", "root_no_access_key")


def test_frameworks_without_a_requirement_have_no_view() -> None:
    assert views(samples.assessment([])) == {}


def test_controls_that_fail_come_first() -> None:
    statuses = control_statuses(samples.assessment())
    assert list(statuses.items())[0] == ("root_no_access_key", "FAIL")
    assert list(statuses.items())[-1] == ("root_mfa_enabled", "PASS")
    assert statuses["user_permissions_through_groups"] == "FAIL"
