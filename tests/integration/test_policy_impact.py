# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hardening.iam.policy_impact_info, as its users run it."""

from __future__ import annotations

import gzip
import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from dates import date_in

from .conftest import DEV, EXTERNAL_ID, Ansible, operation_of, role_arn

READS = {
    "sts:AssumeRole",
    "sts:GetCallerIdentity",
    "iam:GetAccountAuthorizationDetails",
    "iam:ListAccountAliases",
    "iam:GenerateServiceLastAccessedDetails",
    "iam:GetServiceLastAccessedDetails",
    "organizations:DescribeOrganization",
    "organizations:ListParents",
    "cloudtrail:LookupEvents",
    "ec2:DescribeRegions",
}
BOUNDARY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:*", "dynamodb:*", "iam:PassRole"], "Resource": "*"},
        {
            "Sid": "OwnFunctions",
            "Effect": "Allow",
            "Action": "lambda:*",
            "Resource": f"arn:aws:lambda:*:{DEV}:function:app-*",
        },
    ],
}
TEAM = f"arn:aws:iam::{DEV}:role/dev-team-"


def playbook(ansible: Ansible, **options: t.Any) -> str:
    """A playbook of one task, which shows what it found out."""
    access = {"assessor_role_arn": role_arn(DEV), "assume_role_external_id": EXTERNAL_ID}
    tasks: list[dict[str, t.Any]] = [
        {"hardening.iam.policy_impact_info": {**access, **options}, "register": "impact"},
        {"ansible.builtin.debug": {"msg": "{{ impact.outcome }}, passes: {{ impact.passes }}"}},
    ]
    path = ansible.directory / "impact.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    (ansible.directory / "policies").mkdir(exist_ok=True)
    (ansible.directory / "policies" / "developer.json").write_text(json.dumps(BOUNDARY), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("within", [True, False], ids=["in the worker", "as a module"])
def test_the_boundary_on_the_fifteen_developer_roles(ansible: Ansible, within: bool) -> None:
    play = playbook(ansible, principals=["dev-team-*-role"], boundary="policies/developer.json")
    outcome = ansible.playbook(play, "--check", hardening_in_process=within).succeeded()
    assert "Principals: 3 will break, 12 safe" in outcome.output
    assert "12 roles: dev-team-{01..06,08..10,13..15}-role: SAFE" in outcome.output
    assert "safe for dynamodb, iam, lambda, s3" in outcome.output
    assert f"on arn:aws:lambda:us-east-1:{DEV}:function:invoices" in outcome.output
    assert "will_break, passes: False" in outcome.output
    assert {operation_of(record) for record in outcome.requests} == READS
    assert [name for name in outcome.writes if not name.startswith("iam:Generate")] == []


def test_log_files_of_the_trail_beside_ansible(ansible: Ansible) -> None:
    """A call on data, which neither service last accessed nor the event history tells."""
    role = f"{TEAM}01-role"
    record = {
        "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}}},
        "eventTime": (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "lambda.amazonaws.com",
        "eventName": "Invoke",
        "eventType": "AwsApiCall",
        "awsRegion": "us-east-1",
        "recipientAccountId": DEV,
        "requestParameters": {"functionName": "reports"},
    }
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    directory = ansible.directory / "logs" / "AWSLogs" / DEV / "CloudTrail" / "us-east-1" / day
    directory.mkdir(parents=True)
    (directory / "log.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [record]}).encode()))
    play = playbook(
        ansible,
        principals=["dev-team-01-role"],
        boundary="policies/developer.json",
        trail_logs="logs",
        event_history=False,
    )
    outcome = ansible.playbook(play).succeeded()
    assert f"on arn:aws:lambda:us-east-1:{DEV}:function:reports" in outcome.output
    assert "trail files (" in outcome.output
    assert "cloudtrail:LookupEvents" not in {operation_of(record) for record in outcome.requests}


def test_evidence_that_is_denied_is_no_evidence(ansible: Ansible) -> None:
    denied = ("iam", "GenerateServiceLastAccessedDetails"), ("cloudtrail", "LookupEvents")
    ansible.control.faults(
        [
            {"kind": "error", "code": "AccessDenied", "status": 403, "service": service, "operation": name}
            for service, name in denied
        ]
    )
    try:
        play = playbook(ansible, principals=["dev-team-01-role"], boundary="policies/developer.json")
        outcome = ansible.playbook(play).succeeded()
    finally:
        ansible.control.clear_faults()
    assert "1 role: dev-team-01-role: NO EVIDENCE" in outcome.output
    assert "no_evidence, passes: False" in outcome.output


@pytest.mark.dated
def test_acceptance_of_all_is_refused_before_anything_is_called(ansible: Ansible) -> None:
    accepted = [{"principal": "*", "reason": "we know", "expires": date_in(180)}]
    play = playbook(ansible, principals=["*"], boundary="policies/developer.json", accept_breakage=accepted)
    outcome = ansible.playbook(play)
    assert outcome.status != 0
    assert "breakage is accepted by name only" in outcome.output
    assert outcome.requests == []
