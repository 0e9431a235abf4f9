# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations that list stacks; parameters and answers have the shapes of botocore's model.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import base64
import binascii
import typing as t

from moto.cloudformation import models as moto_models
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from emulator.extensions.cloudformation.models import (
    Resource,
    Stack,
    ValidationError,
    find_stack,
    find_stack_of,
    list_stacks,
    seeded_backends,
)

# AWS documents pages of a megabyte; a hundred entries are what it really sends.
PAGE: t.Final = 100


def install() -> None:
    """Give moto's CloudFormation these operations."""
    CloudFormationResponse.list_stacks = _list_stacks
    CloudFormationResponse.list_stack_resources = _list_stack_resources
    CloudFormationResponse.describe_stack_resources = _describe_stack_resources


def _stacks(response: CloudFormationResponse) -> list[Stack]:
    """The stacks of the caller's account in the region that was called: moto's, and the seeded ones."""
    backend = response.cloudformation_backend
    own = [_convert(stack) for stack in (*backend.stacks.values(), *backend.deleted_stacks.values())]
    return [*own, *seeded_backends[response.current_account][response.region].stacks]


def _convert(stack: moto_models.Stack) -> Stack:
    """A stack that moto made by CreateStack."""
    return Stack(
        id=stack.stack_id,
        name=stack.name,
        status=stack.status,
        created=stack.creation_time,
        description=stack.description,
        resources=tuple(
            Resource(item.logical_resource_id, item.type, item.physical_resource_id) for item in stack.stack_resources
        ),
    )


def _list_stacks(response: CloudFormationResponse) -> ActionResult:
    """ListStacks, by status: deleted stacks of the last 90 days too."""
    found = list_stacks(_stacks(response), response._get_param("StackStatusFilter") or ())
    return ActionResult(_page(response, "StackSummaries", [_summarize(stack) for stack in found]))


def _list_stack_resources(response: CloudFormationResponse) -> ActionResult:
    """ListStackResources, by name or id; a deleted stack by its id alone."""
    stack = find_stack(_stacks(response), response._get_param("StackName"))
    found = [_describe(resource, stack) for resource in stack.resources]
    return ActionResult(_page(response, "StackResourceSummaries", found))


def _describe_stack_resources(response: CloudFormationResponse) -> ActionResult:
    """DescribeStackResources: the first hundred of the stack, or of the stack that has a physical resource."""
    name, physical = response._get_param("StackName"), response._get_param("PhysicalResourceId")
    if bool(name) == bool(physical):
        raise ValidationError("Specify either StackName or PhysicalResourceId.")
    stacks = _stacks(response)
    stack = find_stack(stacks, name) if name else find_stack_of(stacks, physical)
    logical = response._get_param("LogicalResourceId")
    wanted = [item for item in stack.resources if logical in (None, item.logical_id)]
    own = {"StackName": stack.name, "StackId": stack.id, "Timestamp": stack.created}
    return ActionResult({"StackResources": [{**_describe(item, stack), **own} for item in wanted[:PAGE]]})


def _page(response: CloudFormationResponse, key: str, items: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    start = _start(response._get_param("NextToken"))
    answer: dict[str, t.Any] = {key: list(items[start : start + PAGE])}
    if start + PAGE < len(items):
        answer["NextToken"] = base64.b64encode(str(start + PAGE).encode()).decode()
    return answer


def _start(token: object) -> int:
    try:
        return int(base64.b64decode(str(token or "MA=="), validate=True))
    except (binascii.Error, ValueError):
        raise ValidationError("Invalid pagination token.") from None


def _summarize(stack: Stack) -> dict[str, t.Any]:
    given = {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.description,
        "CreationTime": stack.created,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "ParentId": stack.parent_id,
        "RootId": stack.root_id,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    return {key: value for key, value in given.items() if value is not None}


def _describe(resource: Resource, stack: Stack) -> dict[str, t.Any]:
    physical = {"PhysicalResourceId": resource.physical_id} if resource.physical_id else {}
    return {
        "LogicalResourceId": resource.logical_id,
        **physical,
        "ResourceType": resource.type,
        "LastUpdatedTimestamp": stack.created,
        "ResourceStatus": resource.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
