# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hardening.iam.privilege_escalation_info, as its users run it."""

from __future__ import annotations

import json
import typing as t

import pytest

from .conftest import EXTERNAL_ID, MANAGEMENT, PROD, Ansible, Outcome, operation_of, role_arn

# Those that a member is refused beside the role that may read them.
READS: t.Final = {
    "sts:AssumeRole",
    "iam:GetAccountAuthorizationDetails",
    "iam:GenerateCredentialReport",
    "iam:GetCredentialReport",
    "organizations:DescribeOrganization",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListParents",
    "organizations:ListPoliciesForTarget",
    "organizations:DescribePolicy",
}


def play(ansible: Ansible, *checks: str, within: bool = True, **options: t.Any) -> Outcome:
    """A play that searches the production account and asserts ``checks`` of what is registered as ``escalation``."""
    options = {
        "assessor_role_arn": role_arn(PROD),
        "assume_role_external_id": EXTERNAL_ID,
        "organization_role_arn": role_arn(MANAGEMENT),
        **options,
    }
    tasks = [
        {"hardening.iam.privilege_escalation_info": options, "register": "escalation"},
        {"ansible.builtin.debug": {"msg": "{{ escalation.paths | map(attribute='explanation') }}"}},
        {"ansible.builtin.assert": {"that": ["escalation is not changed", *checks]}},
    ]
    playbook = ansible.directory / "play.yml"
    play_ = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    playbook.write_text(json.dumps(play_), encoding="utf-8")
    return ansible.playbook(str(playbook), "--check", hardening_in_process=within)


@pytest.mark.parametrize("within", [True, False], ids=["in the worker", "as a module"])
def test_tells_who_can_become_whom(ansible: Ansible, within: bool) -> None:
    outcome = play(
        ansible,
        "escalation.paths | length == 1",
        "escalation.paths[0].certain",
        "escalation.organization_policies == 'applied'",
        within=within,
        principals=["dev-alice"],
    ).succeeded()
    assert "dev-alice can become release-manager by assuming a role, then become ci-deployer by" in outcome.output
    assert {operation_of(record) for record in outcome.requests} == READS
    assert outcome.writes == []


def test_a_snapshot_of_the_assessment_will_do(ansible: Ansible) -> None:
    ansible.module(
        "assessment_info",
        assessor_role_arn=role_arn(PROD),
        assume_role_external_id=EXTERNAL_ID,
        snapshot_path="snapshot.json",
        return_findings="none",
    ).succeeded()
    outcome = play(
        ansible,
        "escalation.counts.certain_paths > 0",
        snapshot_path=str(ansible.directory / "snapshot.json"),
        offline=True,
    ).succeeded()
    assert outcome.requests == []


def test_bad_input_is_refused_before_the_first_call(ansible: Ansible) -> None:
    outcome = play(ansible, max_depth=0)
    assert outcome.status != 0
    assert "max_depth: 0 is not a number of steps from 1 to 10" in outcome.output
    assert outcome.requests == []
