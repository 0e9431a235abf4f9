# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of CloudFormation: a call for each page of stacks in a region, and for each page of a stack's resources."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Collection

from .source import Source, Unreadable
from .stacks import LIVE_STATES, Stack, StackIndex, StackResource, parse_resources, parse_stack

SERVICE: t.Final = "cloudformation"
OPERATIONS: t.Final = ("cloudformation:ListStackResources", "cloudformation:ListStacks")


def read_stack_index(source: Source, regions: Collection[str]) -> StackIndex:
    """Read the stacks of every region once, with their IAM objects.

    A region or a stack that can't be read is named in ``unread``: its objects are not known.
    """
    unread: list[str] = []
    stacks: list[Stack] = []
    by_region = source.gather({region: functools.partial(_read_stacks, source, region) for region in regions})
    for region, found in by_region.items():
        if isinstance(found, Unreadable):
            unread.append(f"the stacks of {region} can't be read: {found.reason}")
        else:
            stacks += found
    resources: list[StackResource] = []
    by_stack = source.gather({stack.id: functools.partial(_read_resources, source, stack) for stack in stacks})
    for stack in stacks:
        answer = by_stack[stack.id]
        if isinstance(answer, Unreadable):
            unread.append(f"the resources of the stack {stack.name} in {stack.region} can't be read: {answer.reason}")
        else:
            resources += answer
    return StackIndex.of(resources, unread)


def _read_stacks(source: Source, region: str) -> tuple[Stack, ...]:
    listed = source.items(SERVICE, "ListStacks", "StackSummaries", {"StackStatusFilter": [*LIVE_STATES]}, region=region)
    found = (parse_stack(record, region) for record in listed)
    # Whatever a region lists of another account owns nothing here.
    return tuple(stack for stack in found if stack.account_id == source.account_id)


def _read_resources(source: Source, stack: Stack) -> tuple[StackResource, ...]:
    # By the id: by its name, a stack that was deleted meanwhile can't be found.
    asked = {"StackName": stack.id}
    records = source.items(SERVICE, "ListStackResources", "StackResourceSummaries", asked, region=stack.region)
    return parse_resources(records, stack)
