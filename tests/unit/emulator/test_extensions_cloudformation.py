# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudFormation of the emulator, as boto3 parses it."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import Seeded, later, serving

ACCOUNT = "111122223333"
ROLE = "AWS::IAM::Role"


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Seeded]:
    stacks = {
        "app-{1..130}": {"resources": {"Role": {"type": ROLE, "id": "{name}-role"}}},
        "gone": {
            "status": "DELETE_COMPLETE",
            "deleted_days": 10,
            "resources": {"Role": {"type": ROLE, "id": "gone", "status": "DELETE_COMPLETE"}},
        },
        "outer": {},
        "inner": {"parent": "outer", "description": "SAM Template for orders"},
        "innermost": {"parent": "inner"},
        "big": {"resources": {"Queue{1..101}": {"type": "AWS::SQS::Queue", "id": "q"}}},
    }
    account = {"name": "one", "regions": {"eu-west-1": {"stacks": stacks}}}
    with serving({"organization": {"id": "o-stacks"}, "accounts": {ACCOUNT: account}}) as running:
        yield running


def list_stacks(aws: Seeded, region: str = "eu-west-1", **asked: t.Any) -> list[dict[str, t.Any]]:
    pages = aws.client("cloudformation", ACCOUNT, region=region).get_paginator("list_stacks").paginate(**asked)
    return [stack for page in pages for stack in page["StackSummaries"]]


def test_stacks_are_listed_by_region_and_by_page(aws: Seeded) -> None:
    first = aws.client("cloudformation", ACCOUNT, region="eu-west-1").list_stacks()
    assert (len(first["StackSummaries"]), "NextToken" in first) == (100, True)
    assert len(list_stacks(aws)) == 135
    assert list_stacks(aws, "us-east-1") == []
    stack = first["StackSummaries"][0]
    assert stack["StackId"].startswith(f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/app-1/")
    assert "RootId" not in stack


def test_a_deleted_stack_is_listed_for_ninety_days_and_found_by_its_id_alone(aws: Seeded) -> None:
    client = aws.client("cloudformation", ACCOUNT, region="eu-west-1")
    gone = list_stacks(aws, StackStatusFilter=["DELETE_COMPLETE"])
    assert [stack["StackName"] for stack in gone] == ["gone"]
    listed = client.list_stack_resources(StackName=gone[0]["StackId"])["StackResourceSummaries"]
    assert [item["ResourceStatus"] for item in listed] == ["DELETE_COMPLETE"]
    with pytest.raises(ClientError, match="ValidationError.*Stack with id gone does not exist"):
        client.list_stack_resources(StackName="gone")
    with later(days=81):
        assert list_stacks(aws, StackStatusFilter=["DELETE_COMPLETE"]) == []


def test_a_nested_stack_names_its_outer_ones(aws: Seeded) -> None:
    by_name = {stack["StackName"]: stack for stack in list_stacks(aws)}
    assert by_name["inner"]["RootId"] == by_name["inner"]["ParentId"] == by_name["outer"]["StackId"]
    assert by_name["innermost"]["RootId"] == by_name["outer"]["StackId"]
    assert by_name["innermost"]["ParentId"] == by_name["inner"]["StackId"]
    assert by_name["inner"]["TemplateDescription"] == "SAM Template for orders"


def test_resources_come_page_by_page(aws: Seeded) -> None:
    client = aws.client("cloudformation", ACCOUNT, region="eu-west-1")
    first = client.list_stack_resources(StackName="big")
    assert (len(first["StackResourceSummaries"]), "NextToken" in first) == (100, True)
    rest = client.list_stack_resources(StackName="big", NextToken=first["NextToken"])
    assert (len(rest["StackResourceSummaries"]), "NextToken" in rest) == (1, False)
    with pytest.raises(ClientError, match="ValidationError"):
        client.list_stack_resources(StackName="big", NextToken="no token")


def test_a_physical_resource_leads_to_its_stack_in_its_own_region_only(aws: Seeded) -> None:
    found = aws.client("cloudformation", ACCOUNT, region="eu-west-1").describe_stack_resources(
        PhysicalResourceId="app-7-role"
    )
    assert [(item["StackName"], item["LogicalResourceId"]) for item in found["StackResources"]] == [("app-7", "Role")]
    elsewhere = aws.client("cloudformation", ACCOUNT, region="us-east-1")
    with pytest.raises(ClientError, match="ValidationError.*does not exist"):
        elsewhere.describe_stack_resources(PhysicalResourceId="app-7-role")
    with pytest.raises(ClientError, match="ValidationError"):
        elsewhere.describe_stack_resources()
