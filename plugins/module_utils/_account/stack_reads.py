# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of CloudFormation: a call for each page of stacks in a region, and for each page of a stack's resources."""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Collection, Sequence

from . import fields
from .kept import KeptReads, Owning, is_lasting
from .model import UnreadKind
from .source import Record, Source, Unreadable
from .stacks import LIVE_STATES, RegionStacks, Stack, StackIndex, StackResource, parse_resources, parse_stack

SERVICE: t.Final = "cloudformation"
OPERATIONS: t.Final = ("cloudformation:ListStackResources", "cloudformation:ListStacks")
REREAD_OPERATIONS: t.Final = ("cloudformation:DescribeStackResources", "cloudformation:ListStackResources")
# "ValidationError: Stack for <id> does not exist"
_NO_STACK: t.Final = re.compile(r"\bValidationError\b.* does not exist")


def read_stack_index(source: Source, regions: Collection[str], kept: t.Optional[KeptReads] = None) -> StackIndex:
    """Read the stacks of every region once, with their IAM objects.

    A region or a stack that can't be read is named in ``unread``: its objects are not known. Regions that ``kept`` has
    are not read again, and those that are read are kept there.
    """
    known = {region: known.result for region in regions if kept and (known := kept.find((Owning.STACKS, region)))}
    made = _read_regions(source, [region for region in regions if region not in known], kept)
    by_region = {region: known[region] if region in known else made[region] for region in regions}
    unread = [
        f"the stacks of {region} can't be read: {found.reason}"
        for region, found in by_region.items()
        if isinstance(found, Unreadable)
    ]
    read = [found for found in by_region.values() if isinstance(found, RegionStacks)]
    resources = [resource for found in read for resource in found.resources]
    return StackIndex.of(resources, [*unread, *(reason for found in read for reason in found.unread)])


def _read_regions(
    source: Source, regions: Collection[str], kept: t.Optional[KeptReads]
) -> dict[str, t.Union[RegionStacks, Unreadable]]:
    begun = kept.begin() if kept else 0.0
    listed = source.gather({region: functools.partial(_read_stacks, source, region) for region in regions})
    stacks = [stack for found in listed.values() if not isinstance(found, Unreadable) for stack in found]
    by_stack = source.gather({stack.id: functools.partial(_read_resources, source, stack) for stack in stacks})
    made: dict[str, t.Union[RegionStacks, Unreadable]] = {}
    for region, found in listed.items():
        answers = [] if isinstance(found, Unreadable) else [by_stack[stack.id] for stack in found]
        made[region] = found if isinstance(found, Unreadable) else _combine(found, answers)
        failures = [answer for answer in (found, *answers) if isinstance(answer, Unreadable)]
        # A region in which a read failed that would succeed a moment later is not kept: the next module reads it.
        if kept and all(map(is_lasting, failures)):
            kept.keep((Owning.STACKS, region), made[region], begun=begun)
    return made


def _combine(
    stacks: Sequence[Stack], answers: Sequence[t.Union[tuple[StackResource, ...], Unreadable]]
) -> RegionStacks:
    """The stacks of one region with their resources, or why these can't be read."""
    resources: list[StackResource] = []
    unread: list[str] = []
    for stack, answer in zip(stacks, answers, strict=True):
        if isinstance(answer, Unreadable):
            unread.append(f"the resources of the stack {stack.name} in {stack.region} can't be read: {answer.reason}")
        else:
            resources += answer
    return RegionStacks(tuple(resources), tuple(unread))


def reread_stacks(source: Source, physical_ids: Collection[str], regions: Collection[str]) -> StackIndex:
    """Read the stacks that have one of these physical ids now: a call for each of them in every region."""
    asked = [(region, physical) for region in regions for physical in physical_ids]
    answers = source.gather({place: functools.partial(_read_stack_of, source, *place) for place in asked})
    resources: list[StackResource] = []
    unread: list[str] = []
    for (region, _physical), found in answers.items():
        if isinstance(found, Unreadable):
            if not _NO_STACK.search(found.reason):
                unread.append(f"the stacks of {region} can't be read again: {found.reason}")
        else:
            resources += found
    return StackIndex.of(resources, dict.fromkeys(unread))


def _read_stack_of(source: Source, region: str, physical_id: str) -> tuple[StackResource, ...]:
    """The IAM objects of the stack that has a physical id. AWS answers with an error if no stack of the region has."""
    answer = source.call(SERVICE, "DescribeStackResources", {"PhysicalResourceId": physical_id}, region=region)
    records = fields.records(answer, "StackResources")
    if not records:
        raise Unreadable(UnreadKind.UNPARSABLE, "AWS's answer has no resource, and no error")
    stack = _parse_own(source, records[0], region)
    # AWS describes the first hundred resources of the stack, and the object may be another one.
    if all(record.get("PhysicalResourceId") != physical_id for record in records):
        return _read_resources(source, stack)
    return parse_resources(records, stack)


def _read_stacks(source: Source, region: str) -> tuple[Stack, ...]:
    listed = source.items(SERVICE, "ListStacks", "StackSummaries", {"StackStatusFilter": [*LIVE_STATES]}, region=region)
    return tuple(_parse_own(source, record, region) for record in listed)


def _parse_own(source: Source, record: Record, region: str) -> Stack:
    """Parse a stack of the account. AWS lists no others, so an answer that has one is not about the account."""
    stack = parse_stack(record, region)
    if stack.account_id != source.account_id:
        raise Unreadable(UnreadKind.UNPARSABLE, f"AWS's answer has {stack.id}, which is no stack of the account")
    return stack


def _read_resources(source: Source, stack: Stack) -> tuple[StackResource, ...]:
    # By the id: by its name, a stack that was deleted meanwhile can't be found.
    asked = {"StackName": stack.id}
    records = source.items(SERVICE, "ListStackResources", "StackResourceSummaries", asked, region=stack.region)
    return parse_resources(records, stack)
