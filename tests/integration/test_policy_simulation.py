# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hardening.iam.policy_simulation_info and playbooks/explain_denial.yml, as their users run them."""

from __future__ import annotations

import json

import pytest

from .conftest import CHECKOUT, MANAGEMENT, PROD, Ansible, operation_of, role_arn

READS = {
    "sts:AssumeRole",
    "iam:GetAccountAuthorizationDetails",
    "organizations:DescribeOrganization",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListParents",
    "organizations:ListPoliciesForTarget",
    "organizations:DescribePolicy",
}
NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


@pytest.mark.parametrize("name", ["explain_denial", str(CHECKOUT / "playbooks" / "explain_denial.yml")])
def test_the_sample_is_explained_without_aws(ansible: Ansible, name: str) -> None:
    outcome = ansible.with_environment(**NO_CREDENTIALS).playbook(name).succeeded()
    assert outcome.requests == []
    assert [line for line in outcome.output.splitlines() if "(item=" in line] == [
        "ok: [localhost] => (item=launch an instance in Frankfurt: allowed) => {",
        "ok: [localhost] => (item=launch an instance in Virginia: explicit_deny) => {",
        "ok: [localhost] => (item=stop a trail: explicit_deny) => {",
        "ok: [localhost] => (item=delete from the audit bucket: explicit_deny) => {",
        "ok: [localhost] => (item=create a user: implicit_deny) => {",
        "ok: [localhost] => (item=send mail: implicit_deny) => {",
    ]
    for reason in (
        "statement StayInEurope of the SCP scp-workloads.json at level 2 explicitly denies",
        "statement KeepTrailsRunning of the SCP scp-root.json at level 1 explicitly denies",
        "no statement of the permissions boundary boundary.json allows iam:CreateUser",
    ):
        assert reason in outcome.output


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (
            {"explain_denial_action": "cloudtrail:StopLogging"},
            "statement KeepTrails of the SCP keep-watching at level 2",
        ),
        (
            {"explain_denial_action": "iam:CreateUser", "explain_denial_resource": f"arn:aws:iam::{PROD}:user/new"},
            "of the permissions boundary",
        ),
        ({"explain_denial_requests": [{"action": "ses:SendEmail"}]}, "allows ses:SendEmail"),
    ],
)
def test_a_live_bounded_role_below_scps_is_explained(
    ansible: Ansible, request_: dict[str, object], reason: str
) -> None:
    outcome = ansible.playbook(
        "explain_denial",
        explain_denial_hosts="acme-prod",
        explain_denial_principal_arn=f"arn:aws:iam::{PROD}:role/onboarding",
        explain_denial_organization_role_arn=role_arn(MANAGEMENT),
        **request_,
    ).succeeded()
    assert reason in outcome.output
    assert {operation_of(record) for record in outcome.requests} == READS


def test_an_account_id_that_uses_an_undefined_variable_is_an_error(ansible: Ansible) -> None:
    outcome = ansible.playbook(
        "explain_denial",
        explain_denial_hosts="acme-prod",
        explain_denial_principal_arn=f"arn:aws:iam::{PROD}:role/onboarding",
        explain_denial_action="s3:GetObject",
        aws_account_id="{{ account_ids.prod }}",
    )
    assert outcome.status != 0
    assert "account_ids" in outcome.output
    assert outcome.requests == []


def test_unread_scps_are_warned_of(ansible: Ansible) -> None:
    outcome = ansible.playbook(
        "explain_denial",
        explain_denial_hosts="acme-prod",
        explain_denial_principal_arn=f"arn:aws:iam::{PROD}:role/sso-developer",
        explain_denial_action="s3:GetObject",
        explain_denial_organization_role_arn="",
    ).succeeded()
    assert "s3:GetObject: unknown" in outcome.output
    assert "Some policies that apply were not read: SCPs and RCPs" in outcome.output


@pytest.mark.parametrize("within", [True, False], ids=["in the worker", "as a module"])
def test_relative_paths_start_where_ansible_was_called(ansible: Ansible, within: bool) -> None:
    (ansible.directory / "policies").mkdir()
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    (ansible.directory / "policies" / "all.json").write_text(json.dumps(document), encoding="utf-8")
    (ansible.directory / "plays").mkdir()
    task = {
        "hardening.iam.policy_simulation_info": {
            "layers": {"identity": ["policies/all.json"], "scps": [["./policies/all.json"]]},
            "requests": [{"action": "s3:GetObject", "layers": {"boundary": "policies/all.json"}}],
        },
        "register": "simulation",
    }
    check = {"ansible.builtin.assert": {"that": ["simulation.results[0].decision == 'allowed'"]}}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task, check]}]
    playbook = ansible.directory / "plays" / "play.yml"
    playbook.write_text(json.dumps(play), encoding="utf-8")
    outcome = ansible.with_environment(**NO_CREDENTIALS).playbook(str(playbook), hardening_in_process=within)
    assert outcome.succeeded().requests == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"requests": [{"action": "s3:GetObject"}], "layers": {"boundary": "missing.json"}},
            "layers.boundary: can't read",
        ),
        ({"requests": [{"action": "s3:*"}]}, "is not one action of one service"),
        ({"requests": [{"action": "s3:GetObject"}], "organization_role_arn": role_arn(PROD)}, "principal_arn"),
    ],
)
def test_bad_input_fails_before_the_first_call(ansible: Ansible, options: dict[str, object], message: str) -> None:
    outcome = ansible.module("policy_simulation_info", **options)
    assert outcome.status != 0
    assert message in outcome.output
    assert outcome.requests == []
