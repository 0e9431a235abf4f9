# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organization policies that stop what is in use, through Ansible: refused, without a write, and harmless twins."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from .conftest import EXTERNAL_ID, Ansible, MakeAnsible, Outcome, Record, role_arn
from .locking_out import APPS, BARE, MANAGEMENT, PARTNER, organization

EXPIRES: t.Final = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
ORGANIZATION_ID: t.Final = "o-test123456"
RCP: t.Final = "RESOURCE_CONTROL_POLICY"
OUTSIDE: t.Final[Record] = {
    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION_ID, "aws:PrincipalAccount": [PARTNER]}
}
BY_SERVICES: t.Final[Record] = {"Bool": {"aws:PrincipalIsAWSService": "true"}}
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html
FOR_OTHERS: t.Final[Record] = {
    **BY_SERVICES,
    "StringNotEqualsIfExists": {"aws:SourceOrgID": ORGANIZATION_ID},
    "Null": {"aws:SourceAccount": "false"},
}
BUT_OURS: t.Final[Record] = {
    "ArnNotLike": {
        "aws:PrincipalArn": [
            "arn:*:iam::*:role/iam-hardening/*",
            "arn:*:iam::*:role/OrganizationAccountAccessRole",
            "arn:*:iam::*:role/aws-reserved/*",
        ]
    }
}


def denial(action: str, condition: Record, **more: t.Any) -> Record:
    statement = {"Sid": "Stops", "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def rcp(action: str, condition: Record, **more: t.Any) -> Record:
    return denial(action, condition, Principal="*", **more)


@pytest.fixture
def small(make_ansible: MakeAnsible) -> Ansible:
    """An organization with a member in which services, CI and users are at work."""
    return make_ansible(organization())


def attach(small: Ansible, name: str, content: Record, *arguments: str, **options: t.Any) -> tuple[Outcome, Record]:
    """Make a policy of this content and attach it to the member's unit."""
    outcome = small.module(
        "organization_policy",
        *arguments,
        account_id=MANAGEMENT,
        assume_role_arn=role_arn(MANAGEMENT, "automation"),
        assume_role_external_id=EXTERNAL_ID,
        member_role_arn=role_arn("<account_id>"),
        event_history=False,
        policies=[{"name": name, "content": content, "targets": [{"ou": "/Apps"}]}],
        **options,
    )
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    return outcome, result


@pytest.mark.parametrize(
    ("name", "kind", "attack", "harmless", "rule", "told"),
    [
        (
            "roles",
            RCP,
            rcp("sts:AssumeRole", OUTSIDE),
            rcp("sts:AssumeRole", {**OUTSIDE, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}),
            "prediction",
            "role/web: will break: ec2.amazonaws.com can no longer assume it",
        ),
        *(
            (service, RCP, rcp(f"{service}:*", BY_SERVICES), rcp(f"{service}:*", FOR_OTHERS), "service_loss", caller)
            for service, caller in (
                ("kms", "AWS service cloudtrail.amazonaws.com"),
                ("sqs", "AWS service sns.amazonaws.com"),
                ("secretsmanager", "other AWS services (secretsmanager:* by Stops)"),
            )
        ),
        (
            "workload",
            "SERVICE_CONTROL_POLICY",
            denial("lambda:*", BUT_OURS),
            denial("braket:*", BUT_OURS),
            "prediction",
            "role/pipeline: will break: lambda was used",
        ),
        (
            "journal",
            "SERVICE_CONTROL_POLICY",
            denial("s3:PutObject", {}, Resource="arn:aws:s3:::acme-journal/*"),
            denial("s3:PutObject", {}, Resource="arn:aws:s3:::acme-unused/*"),
            "own_way",
            "role/iam-hardening/automation to the journal in s3://acme-journal/iam",
        ),
    ],
)
def test_what_stops_something_in_use_is_refused_and_its_twin_goes_through(
    small: Ansible, name: str, kind: str, attack: Record, harmless: Record, rule: str, told: str
) -> None:
    options: Record = {"type": kind}
    if name == "journal":
        options |= {"journal": "s3://acme-journal/iam", "unused_resources": ["arn:aws:s3:::acme-*"]}
    outcome, result = attach(small, f"stops-{name}", attack, **options)
    assert outcome.writes == []
    assert result["changes"] == []
    reasons = {refusal["rule"]: refusal["reason"] for refusal in result["refused"]}
    assert told in reasons[rule]
    assert "accept_breakage" in reasons[rule]
    options.pop("journal", None)
    outcome, result = attach(small, f"leaves-{name}", harmless, **options)
    assert result["refused"] == []
    assert {change["operation"] for change in result["changes"]} >= {"CreatePolicy", "AttachPolicy"}
    assert all(change["applied"] for change in result["changes"])
    assert "organizations:AttachPolicy" in outcome.writes


def test_what_is_accepted_by_the_name_of_a_service_goes_through(small: Ansible) -> None:
    accepted = [
        {"principal": name, "reason": "no queue here gets messages from services", "expires": EXPIRES}
        for name in ("events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com", "amazonaws.com")
    ]
    content = rcp("sqs:*", BY_SERVICES)
    outcome, result = attach(small, "accepted", content, type=RCP, accept_breakage=accepted[:-1])
    assert outcome.writes == []
    assert "amazonaws.com means the services that are not named" in result["refused"][0]["reason"]
    outcome, result = attach(small, "accepted", content, type=RCP, accept_breakage=accepted)
    assert result["refused"] == []
    assert "organizations:AttachPolicy" in outcome.writes
    assert APPS in json.dumps(result["lock_out"]["matrix"])


# An account that is moved between approval and apply

HARMLESS: t.Final = denial("braket:*", BUT_OURS)


class Approved:
    """A plan for the member's unit that was made in check mode, and the organization in which it was approved."""

    def __init__(self, ansible: Ansible, client: t.Any, content: Record) -> None:
        self._ansible = ansible
        self.client = client
        (root,) = client.list_roots()["Roots"]
        self.root: str = root["Id"]
        units = client.list_organizational_units_for_parent(ParentId=self.root)["OrganizationalUnits"]
        self.unit = {unit["Name"]: str(unit["Id"]) for unit in units}
        self._content = content
        checked, result = self.attach("--check")
        assert (checked.writes, result["refused"]) == ([], [])
        self.plan: str = result["plan_sha256"]

    def attach(self, *arguments: str, **options: t.Any) -> tuple[Outcome, Record]:
        unread = {"account": BARE, "reason": "nobody works there", "expires": EXPIRES}
        return attach(
            self._ansible,
            "approved",
            self._content,
            *arguments,
            report_dir=str(self._ansible.directory / "reports"),
            accept_without_evidence=[unread],
            **options,
        )

    def move(self, account: str, to: str) -> None:
        parent = self.client.list_parents(ChildId=account)["Parents"][0]["Id"]
        self.client.move_account(AccountId=account, SourceParentId=parent, DestinationParentId=to)


@pytest.fixture
def approved(small: Ansible) -> Approved:
    environment = small.environment
    client = boto3.client(
        "organizations",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    return Approved(small, client, HARMLESS)


def test_an_account_that_is_moved_below_the_policy_after_the_approval_is_not_covered_by_it(approved: Approved) -> None:
    approved.move(BARE, approved.unit["Apps"])
    outcome, result = approved.attach(approved_plan=approved.plan)
    assert outcome.writes == []
    assert result["changes"] == []
    refusals = {refusal["operation"]: refusal for refusal in result["refused"]}
    assert refusals["AttachPolicy"]["rule"] == "approved_plan"
    reason = refusals["AttachPolicy"]["reason"]
    assert f"everybody in {BARE}" in reason
    assert "run the check again and approve its plan (hardening_approved_plan)" in reason
    # Nothing is prepared for an attachment that is refused.
    assert refusals["EnablePolicyType"]["rule"] == refusals["CreatePolicy"]["rule"] == "together"


def test_an_account_that_is_moved_elsewhere_leaves_the_approval_valid(approved: Approved) -> None:
    approved.move(BARE, approved.root)
    outcome, result = approved.attach(approved_plan=approved.plan)
    assert result["refused"] == []
    assert result["plan_sha256"] == approved.plan
    assert [name for name in outcome.writes if name.startswith("organizations:")] == [
        "organizations:EnablePolicyType",
        "organizations:CreatePolicy",
        "organizations:AttachPolicy",
    ]
