# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/organization.yml on the demo organization: the canary, nothing due, then the next stage."""

from __future__ import annotations

import collections
import re
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from .conftest import CHECKOUT, MANAGEMENT, Ansible, MakeAnsible, Outcome

GUARDRAILS = 8
MFA = "organization policy iam-hardening-mfa (SERVICE_CONTROL_POLICY)"


def converge(ansible: Ansible, *arguments: str, **variables: t.Any) -> Outcome:
    return ansible.playbook("organization", *arguments, **variables)


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible()


@pytest.fixture(scope="module")
def steps(ansible: Ansible) -> dict[str, Outcome]:
    """Predicted, made, made again; and made once more when the canary has been watched for long enough."""
    done = {
        "checked": converge(ansible, "--check", "--diff", hardening_run_id="checked"),
        "made": converge(ansible, hardening_run_id="made"),
        "again": converge(ansible, hardening_run_id="again"),
    }
    ansible.run("python", "-m", "emulator", "trail", PYTHONPATH=str(CHECKOUT / "tests")).check_returncode()
    # From now, not from the import: with all tests there are many minutes between them.
    later = f"{datetime.now(UTC) + timedelta(hours=25):%Y-%m-%dT%H:%M:%SZ}"
    done["later"] = converge(ansible, hardening_run_id="later", hardening_now=later)
    return done


def operations(outcome: Outcome) -> t.Counter[str]:
    return collections.Counter(operation.partition(":")[2] for operation in outcome.succeeded().writes)


def test_the_canary_alone_begins(steps: dict[str, Outcome]) -> None:
    assert steps["checked"].succeeded().writes == []
    assert operations(steps["made"]) == {
        "CreatePolicy": GUARDRAILS + 1,
        "AttachPolicy": GUARDRAILS + 1,
        "EnablePolicyType": 1,
    }
    attachments = [record["parameters"] for record in steps["made"].requests if record["operation"] == "AttachPolicy"]
    assert len({parameters["TargetId"] for parameters in attachments}) == 1


def test_nothing_is_due_while_the_canary_is_watched(steps: dict[str, Outcome]) -> None:
    assert steps["again"].succeeded().writes == []
    assert "changed=0" in steps["again"].output
    assert re.search(r"the soak time of stage 'canary' ends at", steps["again"].output)


def test_the_next_stage_begins_where_nobody_is_cut_off(steps: dict[str, Outcome]) -> None:
    assert operations(steps["later"]) == {"AttachPolicy": GUARDRAILS}
    assert "stage 'canary' has passed its gate; stage 'development' begins" in steps["later"].output
    (refusal,) = steps["later"].report(f"organization/{MANAGEMENT}")["refused"]
    assert refusal["target"] == MFA
    assert "\n- arn:aws:iam::333344445555:user/ci-jenkins  # last used" in refusal["reason"]


def test_the_report_is_that_of_the_organization(steps: dict[str, Outcome]) -> None:
    report = steps["later"].report(f"organization/{MANAGEMENT}")
    assert report["scope"]["organization_id"] == "o-acme123456"
    assert len(report["changes"]) == GUARDRAILS and all(change["applied"] for change in report["changes"])
    found = {finding["control"] for finding in report["findings"]}
    assert {"central_root_access", "member_root_without_password", "organization_policy_declared"} <= found
    assert "\no-acme123456, assessed from 111122223333: " in steps["made"].output


def test_a_role_that_fails_costs_neither_the_report_nor_the_exit_status(ansible: Ansible) -> None:
    nowhere = {"mfa_enforcement_rollout": {}, "mfa_enforcement_targets": [{"ou": "/Nowhere"}]}
    outcome = converge(ansible, "--check", hardening_run_id="bad", **nowhere)
    assert outcome.status != 0 and "/Nowhere" in outcome.output
    assert outcome.report(f"organization/{MANAGEMENT}")["run"]["id"] == "bad"
