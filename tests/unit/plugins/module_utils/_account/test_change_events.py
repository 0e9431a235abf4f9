# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that changed an IAM object, as events show them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Unknown
from ansible_collections.hardening.iam.plugins.module_utils._account.change_events import (
    EventHistory,
    find_tool,
    parse_change_events,
)

ACCOUNT = "111122223333"
PIPELINE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"


def event(name: str, parameters: t.Any, **fields: t.Any) -> dict[str, t.Any]:
    issuer = {"type": "Role", "arn": PIPELINE}
    return {
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "eventTime": "2026-11-01T10:00:00Z",
        "readOnly": False,
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "AssumedRole", "arn": "session", "sessionContext": {"sessionIssuer": issuer}},
        "userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 terraform-provider-aws/5.70",
        "requestParameters": parameters,
        **fields,
    }


def operations(*records: t.Any, kind: str = "role", name: str = "app") -> list[str]:
    return [event.operation for event in parse(*records, kind=kind, name=name).events]


def parse(*records: t.Any, kind: str = "role", name: str = "app") -> EventHistory:
    return parse_change_events(records, account_id=ACCOUNT, kind=kind, name=name)


def test_the_newest_comes_first_with_its_caller_and_tool() -> None:
    later = event("PutRolePermissionsBoundary", {"roleName": "APP"}, eventTime="2026-11-02T10:00:00Z")
    found = parse(event("CreateRole", {"roleName": "app"}), later, name="App").events
    assert [(item.operation, item.creates) for item in found] == [
        ("PutRolePermissionsBoundary", False),
        ("CreateRole", True),
    ]
    assert {(item.caller, item.tool) for item in found} == {(PIPELINE, "Terraform")}


@pytest.mark.parametrize(
    "record",
    [
        event("PutRolePolicy", {"roleName": "other"}),
        event("PutRolePolicy", None),
        event("PutRolePolicy", {"roleName": "app"}, errorCode="AccessDenied"),
        event("GetRole", {"roleName": "app"}, readOnly=True),
        event("AssumeRole", {"roleName": "app"}, eventSource="sts.amazonaws.com"),
        event("PutRolePolicy", {"roleName": "app"}, recipientAccountId="999988887777"),
        event("PutUserPolicy", {"userName": "app"}),
        event("PutUserPolicy", {"userName": "app"}, eventTime="yesterday"),
    ],
)
def test_what_did_not_change_the_role_is_left_out(record: t.Any) -> None:
    assert parse(record) == EventHistory()


@pytest.mark.parametrize("record", [event("PutRolePolicy", {"roleName": "app"}, eventTime="yesterday"), "text", None])
def test_a_record_that_can_t_be_parsed_may_be_a_change(record: t.Any) -> None:
    found = parse(event("CreateRole", {"roleName": "app"}), record)
    assert [event.operation for event in found.events] == ["CreateRole"]
    assert found.rest == Unknown("1 events of its history can't be parsed")


def test_attaching_a_policy_changes_its_principal_and_not_the_policy() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/path/Deploy"
    records = [
        event("AttachRolePolicy", {"roleName": "app", "policyArn": arn}),
        event("CreatePolicyVersion", {"policyArn": arn}),
        event("CreatePolicy", {"policyName": "Deploy"}),
        event("PutRolePolicy", {"roleName": "app", "policyName": "Deploy"}),
    ]
    assert operations(*records, kind="policy", name="deploy") == ["CreatePolicyVersion", "CreatePolicy"]
    assert operations(*records) == ["AttachRolePolicy", "PutRolePolicy"]


def test_a_membership_changes_the_user_and_not_the_group() -> None:
    record = event("AddUserToGroup", {"groupName": "g", "userName": "u"})
    assert operations(record, kind="group", name="g") == []
    assert operations(record, kind="user", name="u") == ["AddUserToGroup"]


@pytest.mark.parametrize(
    ("agent", "tool"),
    [
        ("APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) terraform-provider-aws/5.70", "Terraform"),
        ("APN/1.0 HashiCorp/1.0 OpenTofu/1.8 terraform-provider-aws/5.70", "OpenTofu"),
        ("APN/1.0 Pulumi/1.0 PulumiAWS/6.50 terraform-provider-aws/5.70", "Pulumi"),
        ("cloudformation.amazonaws.com", "CloudFormation"),
        ("aws-cli/2.31.0", None),
        ("console.amazonaws.com", None),
        ("", None),
    ],
)
def test_user_agents_name_tools(agent: str, tool: t.Optional[str]) -> None:
    assert find_tool(agent) == tool


@pytest.mark.parametrize(
    ("identity", "caller"),
    [
        ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/a"}, "arn:aws:iam::1:user/a"),
        ({"type": "AWSService", "invokedBy": "config.amazonaws.com"}, "config.amazonaws.com"),
        ({"sessionContext": "text"}, ""),
        (None, ""),
    ],
)
def test_callers_are_users_roles_or_services(identity: t.Any, caller: str) -> None:
    found = parse(event("PutRolePolicy", {"roleName": "app"}, userIdentity=identity))
    assert [item.caller for item in found.events] == [caller]
