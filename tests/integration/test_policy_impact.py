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


def write_log(ansible: Ansible, role: str, source: str, name: str, parameters: t.Any) -> None:
    """A log file of a trail with one call of the role two days ago, in the directory ``logs``."""
    now = datetime.now(UTC)
    record = {
        "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}}},
        "eventTime": (now - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "awsRegion": "us-east-1",
        "recipientAccountId": DEV,
        "requestParameters": parameters,
    }
    directory = ansible.directory / "logs" / "AWSLogs" / DEV / "CloudTrail" / "us-east-1" / now.strftime("%Y/%m/%d")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "log.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [record]}).encode()))


def test_log_files_of_the_trail_beside_ansible(ansible: Ansible) -> None:
    """A call on data, which neither service last accessed nor the event history tells."""
    write_log(ansible, f"{TEAM}01-role", "lambda", "Invoke", {"functionName": "reports"})
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


# AWS's own sample: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_ec2.html
INSTANCE_TYPES = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "RequireMicroInstanceType",
            "Effect": "Deny",
            "Action": "ec2:RunInstances",
            "Resource": ["arn:aws:ec2:*:*:instance/*"],
            "Condition": {"StringNotEquals": {"ec2:InstanceType": "t2.micro"}},
        }
    ],
}


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [("m5.large", "will_break, passes: False"), ("t2.micro", "safe, passes: True"), (None, "may_break, passes: False")],
)
def test_the_sample_scp_for_instance_types(ansible: Ansible, instance_type: t.Optional[str], expected: str) -> None:
    """The call named a subnet and an image; the instance that it made is what the SCP denies."""
    parameters = {
        "instancesSet": {"items": [{"imageId": "ami-0123456789abcdef0", "minCount": 1, "maxCount": 1}]},
        "subnetId": "subnet-0123456789abcdef0",
        "instanceType": instance_type,
    }
    write_log(ansible, f"{TEAM}01-role", "ec2", "RunInstances", parameters)
    play = playbook(
        ansible,
        principals=["dev-team-01-role"],
        scps=[INSTANCE_TYPES],
        trail_logs="logs",
        event_history=False,
        return_uses="all",
    )
    outcome = ansible.playbook(play).succeeded()
    assert expected in outcome.output
    assert [name for name in outcome.writes if not name.startswith("iam:Generate")] == []
    if instance_type == "m5.large":
        assert "RequireMicroInstanceType of the SCPs" in outcome.output


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
    assert "only names are accepted" in outcome.output
    assert outcome.requests == []
