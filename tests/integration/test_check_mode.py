# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode, over every playbook there is: no write may arrive in any account."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from .conftest import CHECKOUT, DEMO, DEV, EXTERNAL_ID, Ansible, MakeAnsible, Outcome, role_arn

# The acceptance refuses all accounts of this organization: test_acceptance.py has its check mode.
# Those of AWX ask nothing of AWS, and want a controller: test_awx_setup.py. plan_for_event_local.yml starts another
# playbook, and that with --check in any mode: test_events.py.
OTHERS = {"acceptance", "awx_approver", "awx_setup", "plan_for_event_local"}
PLAYBOOKS = sorted({path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")} - OTHERS)
INCIDENT = {
    "hardening_incident": {
        "id": "INC-7",
        "declared_by": "Ana",
        "reason": "its password is in a public place",
        "confirm": "INC-7",
        "users": ["arn:aws:iam::333344445555:user/dev-ivan"],
        # Younger keys of others would be named as not denied.
        "since": (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
}
SIGNAL = {
    "account_id": "444455556666",
    "subject": "IAM.5",
    "resource": "0" * 32,
    "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
}
# AWS makes these reports on request; nothing else that is not a plain read may be sent.
GENERATORS = {
    ("iam", "GenerateCredentialReport"),
    ("iam", "GenerateOrganizationsAccessReport"),
    ("iam", "GenerateServiceLastAccessedDetails"),
    ("sts", "AssumeRole"),
    ("sts", "AssumeRoot"),
}
PLAIN_READS = {("cloudtrail", "LookupEvents"), ("events", "TestEventPattern")}
READS = ("BatchGet", "Describe", "Get", "Head", "List", "Simulate")
NO_HARMLESS_READS = {"GetFederationToken", "GetSecretValue", "GetSessionToken"}
RUN = "checked"
# A run that has something to take back, and its journal.
UNDONE, JOURNAL = "undone", "recorded"
SNAPSHOTS = "snapshots"
VARIABLES = {
    "audit_sheet": {"audit_sheet_run_id": UNDONE, "audit_sheet_cloudtrail": True, "hardening_journal": JOURNAL},
    "contain": INCIDENT,
    "drill": {"containment_drill_account": "333344445555", "containment_drill_person": "Ana"},
    "hunt": {"credential_hunt_principals": ["role/dev-team-1"]},
    "least_privilege": {
        "least_privilege_principals": ["role/*"],
        "least_privilege_event_history": False,
        "least_privilege_second_opinion": ["access_analyzer", "security_hub"],
        "least_privilege_second_opinion_request": True,
    },
    "keys_to_roles": {
        "key_migration_stage": "prepare",
        "key_migration_event_history": False,
        "key_migration_workloads": [
            {"name": "backup", "user": "svc-backup", "platform": "lambda"},
            {
                "name": "export",
                "user": "billing-export",
                "platform": "github",
                "repository": "acme/x",
                "branch": "main",
            },
        ],
    },
    "plan_for_event": {"hardening_events": {"signals": [SIGNAL], "ignored": {}}},
    "release": INCIDENT,
    "right_size": {
        "least_privilege_stage": "assess",
        "least_privilege_event_history": False,
        "least_privilege_targets": [{"roles": ["*"], "way": "parallel", "canary": True}],
    },
    # Users of different accounts: in each of them some are missing.
    "rotate_keys": {"access_key_rotation_users": [{"name": "svc-backup"}, {"name": "billing-export"}]},
    "rollback": {"hardening_undo_run_id": UNDONE, "hardening_journal": JOURNAL},
    "simulate": {"hardening_snapshot_dir": SNAPSHOTS, "simulate_wanted_inventory": str(DEMO)},
}


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    """Ansible, where an account was hardened and then all were assessed: some playbooks only go by what others did."""
    ansible = make_ansible()
    limit = ("--limit", "acme-sandbox,localhost")
    ansible.playbook("harden", *limit, hardening_run_id=UNDONE, hardening_journal=JOURNAL).succeeded()
    ansible.playbook("assess", "--check", hardening_run_id=RUN).succeeded()
    ansible.playbook("harden", "--check", *limit, hardening_snapshot_dir=SNAPSHOTS).succeeded()
    make_boundary_of_drills(ansible.environment["AWS_ENDPOINT_URL"])
    return ansible


def make_boundary_of_drills(url: str) -> None:
    """Make the policy of the stack of containment without which no drill begins, in acme-dev."""
    given: dict[str, t.Any] = {"endpoint_url": url, "region_name": "us-east-1"}
    make: t.Callable[..., t.Any] = boto3.client
    sts = make("sts", aws_access_key_id="administrator", aws_secret_access_key="emulated", **given)
    role = sts.assume_role(RoleArn=role_arn(DEV, "automation"), RoleSessionName="test", ExternalId=EXTERNAL_ID)
    found = role["Credentials"]
    iam = make(
        "iam",
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
        **given,
    )
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}
    iam.create_policy(
        PolicyName="automation-drill-boundary", Path="/iam-hardening/", PolicyDocument=json.dumps(document)
    )


@pytest.fixture(scope="module", params=PLAYBOOKS)
def checked(ansible: Ansible, request: pytest.FixtureRequest) -> Outcome:
    """Each playbook in check mode, with the demo's inventory."""
    variables = VARIABLES.get(request.param, {})
    return ansible.playbook(request.param, "--check", "--diff", hardening_run_id=RUN, **variables)


def test_check_mode_writes_nothing(checked: Outcome) -> None:
    # An audit sheet fails where the run that it is of can't be verified: nobody approved this one.
    assert checked.status == 0 or "Fail unless everything is verified" in checked.output, checked.output
    assert checked.writes == []
    for record in checked.requests:
        harmless = record["operation"].startswith(READS) and record["operation"] not in NO_HARMLESS_READS
        assert harmless or (record["service"], record["operation"]) in GENERATORS | PLAIN_READS, record


def test_check_mode_works_in_the_assessor_role_alone(checked: Outcome) -> None:
    roles = {record["parameters"]["RoleArn"] for record in checked.requests if record["operation"] == "AssumeRole"}
    assert {arn.rpartition("/")[2] for arn in roles} <= {"assessor"}


def test_check_mode_keeps_no_journal(checked: Outcome) -> None:
    assert not (checked.directory / "journal").exists()
    assert {path.name for path in (checked.directory / JOURNAL).glob("[0-9]*/*")} == {UNDONE}


def test_nothing_is_warned_of(checked: Outcome) -> None:
    assert "WARNING" not in checked.output


def test_demo_inventory_enforces_everything() -> None:
    # Else the tests above would show little.
    roles = {path.parent.parent.name for path in (CHECKOUT / "roles").glob("*/defaults/main.yml")}
    modes = {f"{role}_mode" for role in roles if f"{role}_mode:" in _defaults_of(role)}
    declared = DEMO.read_text(encoding="utf-8")
    assert modes
    assert all(f"{mode}: enforce" in declared for mode in modes)


def _defaults_of(role: str) -> str:
    return (CHECKOUT / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8")
