# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/preflight.yml: what can be read and written in each account, in one table."""

from __future__ import annotations

import re

import pytest

from .conftest import DEV, MANAGEMENT, PROD, SANDBOX, MakeAnsible, Outcome, Record, role_arn, write_inventory

READY, MISSING, NOT_APPLICABLE = "READY", "MISSING", "NOT_APPLICABLE"


def rows(outcome: Outcome, account: str) -> dict[str, Record]:
    """The capabilities of an account, by name."""
    part = outcome.part(account, "preflight_info")
    return {row["capability"]: row for row in part["capabilities"]}


@pytest.fixture(scope="module")
def acme(make_ansible: MakeAnsible) -> Outcome:
    """The accounts of "acme", with the roles that each of them has."""
    return make_ansible().playbook("preflight").succeeded()


@pytest.fixture(scope="module")
def denied(make_ansible: MakeAnsible) -> Outcome:
    """An account in which some calls are denied, and whose writing role can't write."""
    ansible = make_ansible()
    calls = {
        "iam": ("GetCredentialReport", "GenerateCredentialReport", "GetAccountSummary"),
        "accessanalyzer": ("ListAnalyzers",),
    }
    ansible.control.faults(
        [
            {"kind": "error", "code": "AccessDenied", "status": 403, "service": service, "operation": operation}
            for service, operations in calls.items()
            for operation in operations
        ]
    )
    inventory = write_inventory(
        ansible.directory,
        {"acme-prod": {"aws_account_id": PROD}},
        # The role that assesses is no role to write with.
        aws_assume_role_arn=role_arn(PROD),
    )
    outcome = ansible.playbook("harden", "--check", inventory=inventory)
    ansible.control.clear_faults()
    return outcome


def test_an_account_that_answers_no_call_fails_and_is_not_assessed(make_ansible: MakeAnsible) -> None:
    """Each task that asks it would wait for the time-outs again, and all accounts with it."""
    ansible = make_ansible()
    # STS knows every session by itself.
    ansible.control.faults(
        [{"kind": "drop", "account_id": PROD, "service": service} for service in ("[!s]*", "s[!t]*")]
    )
    hosts = {"acme-dev": {"aws_account_id": DEV}, "acme-prod": {"aws_account_id": PROD}}
    outcome = ansible.playbook("harden", "--check", inventory=write_inventory(ansible.directory, hosts))
    ansible.control.clear_faults()
    assert outcome.status == 2
    (failure,) = outcome.document("fleet.json")["failed"]
    assert failure["account_id"] == PROD
    assert failure["message"].startswith("Check the permissions of the run: aws_account_id: nothing of account")
    assert "--limit" in failure["message"]
    assert f"{PROD} failed" in outcome.output
    assert rows(outcome, DEV)["identity assessment"]["state"] == READY


def test_nothing_is_written(acme: Outcome) -> None:
    assert acme.writes == []


@pytest.mark.parametrize("account", [MANAGEMENT, PROD, DEV, SANDBOX])
def test_own_roles_suffice(acme: Outcome, account: str) -> None:
    found = rows(acme, account)
    assert found["identity assessment"]["state"] == READY
    roles = (
        "password_policy",
        "access_keys",
        "user_permissions",
        "permissions_boundary",
        "access_analyzer",
        "security_hub",
        "event_alerts",
        "findings_export",
        "rollback",
    )
    for role in roles:
        assert (found[role]["state"], found[role]["reason"]) == (READY, "")
    assert not [row for row in found.values() if row["state"] == MISSING]


def test_what_an_account_lacks_is_not_applicable(acme: Outcome) -> None:
    sandbox = rows(acme, SANDBOX)
    reasons = {"CloudTrail evidence": "no trail", "config_rules": "no recorder"}
    for capability, reason in reasons.items():
        assert (sandbox[capability]["state"], sandbox[capability]["reason"]) == (NOT_APPLICABLE, reason)
    assert sandbox["region eu-west-1"]["state"] == NOT_APPLICABLE
    assert "service control policy" in sandbox["region eu-west-1"]["reason"]


def test_only_the_management_account_reads_central_root_access(acme: Outcome) -> None:
    assert rows(acme, MANAGEMENT)["central root access"]["state"] == READY
    assert rows(acme, DEV)["central root access"]["state"] == NOT_APPLICABLE


def test_one_table_has_what_is_missing_in_all_accounts(acme: Outcome) -> None:
    assert acme.output.count("Preflight of 4 accounts: ") == 1
    assert "READY" not in acme.output


def test_missing_actions_are_named_exactly(denied: Outcome) -> None:
    found = rows(denied, PROD)
    assert found["identity assessment"]["state"] == MISSING
    missing = set(found["identity assessment"]["missing_actions"])
    assert {"iam:GenerateCredentialReport", "iam:GetAccountSummary"} <= missing
    assert "iam:GetAccountAuthorizationDetails" not in missing
    assert "access-analyzer:ListAnalyzers" in found["access_analyzer"]["missing_actions"]


def test_writes_are_simulated(denied: Outcome) -> None:
    policy = rows(denied, PROD)["password_policy"]
    assert policy["state"] == MISSING
    assert "iam:UpdateAccountPasswordPolicy" in policy["missing_actions"]
    expected = {
        "access_keys": "iam:UpdateAccessKey",
        "user_permissions": "iam:AttachGroupPolicy",
        "permissions_boundary": "iam:PutRolePermissionsBoundary",
        "access_analyzer": "access-analyzer:CreateAnalyzer",
        "security_hub": "securityhub:EnableSecurityHub",
        "event_alerts": "iam:CreateRole",
        "rollback": "iam:AttachUserPolicy",
    }
    for role, action in expected.items():
        assert action in rows(denied, PROD)[role]["missing_actions"]


def test_what_fails_is_not_known_and_what_an_scp_refuses_is_not_missing(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible()
    by_scp = (
        "User: x is not authorized to perform: iam:GetAccountSummary with an explicit deny in a service control policy"
    )
    ansible.control.faults(
        [
            {"kind": "error", "code": "InternalFailure", "status": 500, "operation": "GetAccountPasswordPolicy"},
            {
                "kind": "error",
                "code": "AccessDenied",
                "status": 403,
                "operation": "GetAccountSummary",
                "message": by_scp,
            },
        ]
    )
    inventory = write_inventory(ansible.directory, {"acme-dev": {"aws_account_id": DEV}})
    outcome = ansible.playbook("preflight", inventory=inventory).succeeded()
    ansible.control.clear_faults()
    found = rows(outcome, DEV)
    policy, identity = found["password_policy"], found["identity assessment"]
    assert (policy["state"], policy["missing_actions"]) == ("UNKNOWN", [])
    assert policy["unknown_actions"] == ["iam:GetAccountPasswordPolicy"]
    assert (identity["state"], identity["missing_actions"]) == ("REFUSED", [])
    assert identity["refused_actions"] == ["iam:GetAccountSummary"]
    said = " ".join(outcome.output.split())
    assert "Preflight of 1 account: 1 of them lacks something, in 1 something is not known" in said
    assert "UNKNOWN password_policy: " in said and "REFUSED identity assessment: " in said


def test_run_goes_on_and_the_report_has_the_table(denied: Outcome) -> None:
    report = denied.succeeded().report(PROD)
    assert {row["capability"] for row in report["preflight"]} == set(rows(denied, PROD))
    assert denied.output.count("Preflight of 1 account: 1 of them lacks something\n") == 1
    assert re.search(rf"^  {PROD}  MISSING  identity assessment: ", denied.output, re.MULTILINE)


def test_a_playbook_of_one_role_checks_that_role_alone(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible()
    inventory = write_inventory(ansible.directory, {"acme-dev": {"aws_account_id": DEV}})
    outcome = ansible.playbook("right_size", "--check", inventory=inventory).succeeded()
    found = rows(outcome, DEV)
    assert {"least_privilege", "rollback", "identity assessment"} <= set(found)
    assert not {"password_policy", "access_keys", "event_alerts", "policy_scope"} & set(found)
    asked = str([item["parameters"] for item in outcome.requests if item["operation"] == "SimulatePrincipalPolicy"])
    assert "iam:PutRolePermissionsBoundary" in asked and "iam:UpdateAccessKey" not in asked


def test_a_role_that_is_not_there_is_refused(make_ansible: MakeAnsible) -> None:
    outcome = make_ansible().module("preflight_info", roles=["least_privileges"])
    assert outcome.status != 0
    assert "roles (preflight_roles): least_privileges is no role that writes; allowed are" in outcome.output
