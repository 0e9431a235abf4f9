# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles organization_guardrails and mfa_enforcement, through Ansible, and the MFA policy of how-tos, refused."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml

from dates import date_in

from .conftest import EXTERNAL_ID, MANAGEMENT, Ansible, MakeAnsible, Outcome, Record, role_arn

SANDBOX = "444455556666"
GUARDRAILS = (
    "protect-hardening",
    "quarantine",
    "protect-detective",
    "require-boundary",
    "deny-long-term-credentials",
    "deny-member-root",
    "deny-role-manager",
    "sts-perimeter",
)
HOW_TO = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyAllExceptMFA",
            "Effect": "Deny",
            "NotAction": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "sts:GetSessionToken"],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }
    ],
}
EXPIRES: t.Final = date_in(30)
# As AWX sends it from a survey: text.
ACCEPTED = f"[{{account: '{SANDBOX}', reason: nobody works there, expires: {EXPIRES}}}]"


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible()


def converge(ansible: Ansible, *arguments: str, **variables: t.Any) -> Outcome:
    """Both roles on the management account, for a sandbox, with every variable as text."""
    given: Record = {"hardening_return_findings": "all"}
    for role in ("organization_guardrails", "mfa_enforcement"):
        given |= {
            f"{role}_mode": "enforce",
            f"{role}_targets": f"[{{account: '{SANDBOX}'}}]",
            # All at once: the demo goes by stages.
            f"{role}_rollout": {},
            f"{role}_accept_without_evidence": ACCEPTED,
        }
    play = ansible.directory / "guardrails.yml"
    roles = [{"role": f"hardening.iam.{name}"} for name in ("organization_guardrails", "mfa_enforcement")]
    play.write_text(yaml.safe_dump([{"hosts": "organization_management", "gather_facts": False, "roles": roles}]))
    return ansible.playbook(str(play), *arguments, **{**given, **variables})


def test_the_policy_of_how_tos_is_refused_with_whom_it_would_cut_off(ansible: Ansible) -> None:
    outcome = ansible.module(
        "organization_policy",
        account_id=MANAGEMENT,
        assessor_role_arn=role_arn(MANAGEMENT),
        assume_role_arn=role_arn(MANAGEMENT, "automation"),
        assume_role_external_id=EXTERNAL_ID,
        break_glass=["arn:aws:iam::*:role/iam-hardening/break-glass"],
        policies=[{"name": "RequireMFA", "content": HOW_TO, "targets": [{"ou": "/Workloads"}]}],
    )
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    assert {refusal["rule"] for refusal in result["refused"]} >= {"lock_out", "unsafe_mfa"}
    assert result["changes"] == []
    assert outcome.writes == []
    told = "\n".join(refusal["reason"] for refusal in result["refused"])
    for principal in ("automation role", "assessor role", "Identity Center AdministratorAccess"):
        assert principal in told, told


@pytest.fixture(scope="module")
def converged(ansible: Ansible) -> t.Sequence[Outcome]:
    """In check mode, for real, and once more."""
    return [converge(ansible, *arguments).succeeded() for arguments in (("--check",), (), ())]


@pytest.mark.dated
def test_both_roles_converge_and_rest(converged: t.Sequence[Outcome]) -> None:
    checked, made, again = converged
    assert checked.writes == []
    assert made.recap("acme-management")["changed"] == 2
    assert made.writes.count("organizations:CreatePolicy") == len(GUARDRAILS) + 1
    assert made.writes.count("organizations:AttachPolicy") == len(GUARDRAILS) + 1
    assert again.recap("acme-management")["changed"] == 0
    assert not [write for write in again.writes if write.startswith("organizations:")]


@pytest.mark.usefixtures("converged")
def test_a_switch_and_a_variable_change_one_policy_each(ansible: Ansible) -> None:
    changed = converge(ansible, organization_guardrails_freeze_unbounded="true", mfa_enforcement_enrolment="admin")
    assert changed.succeeded().writes.count("organizations:UpdatePolicy") == 2
    off = converge(ansible, organization_guardrails_mode="off", mfa_enforcement_mode="off").succeeded()
    assert not off.requests


def test_without_targets_nothing_is_made(make_ansible: MakeAnsible) -> None:
    outcome = converge(make_ansible(), organization_guardrails_targets="", mfa_enforcement_targets="")
    assert outcome.succeeded().recap("acme-management")["changed"] == 0
    assert not [write for write in outcome.writes if write.startswith("organizations:")]


def test_what_does_not_fit_is_told_before_the_first_call(ansible: Ansible) -> None:
    users = ", ".join(f"arn:aws:iam::{SANDBOX}:user/{'u' * 60}{number}" for number in range(60))
    outcome = converge(ansible, organization_guardrails_mode="off", mfa_enforcement_exempt_users=users)
    assert outcome.status != 0
    assert "iam-hardening-mfa has" in outcome.output
    assert "max_policy_size is 10,240" in outcome.output
    assert not outcome.requests
