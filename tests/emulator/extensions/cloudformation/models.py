# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The seeded stacks of one account in one region."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid
from datetime import datetime, timedelta

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException

from emulator.extensions.state import clock

#: Deleted stacks stay in the lists for so long:
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
RETENTION: t.Final = timedelta(days=90)
DELETED: t.Final = "DELETE_COMPLETE"


class ValidationError(ServiceException):
    """CloudFormation's answer to a name that a region does not know, also if another region has it."""

    code = "ValidationError"


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource of a stack."""

    logical_id: str
    type: str
    physical_id: str
    status: str = "CREATE_COMPLETE"


@dataclasses.dataclass(frozen=True)
class Stack:
    """A stack. ``root_id`` and ``parent_id`` are those of a nested one."""

    id: str
    name: str
    status: str
    created: datetime
    description: t.Optional[str] = None
    deleted: t.Optional[datetime] = None
    root_id: t.Optional[str] = None
    parent_id: t.Optional[str] = None
    resources: tuple[Resource, ...] = ()


class SeededStacks(BaseBackend):
    """One account in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.stacks: list[Stack] = []

    def stack_id(self, name: str) -> str:
        """The id of a stack that has this name."""
        unique = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.account_id}{self.region_name}{name}")
        return f"arn:{self.partition}:cloudformation:{self.region_name}:{self.account_id}:stack/{name}/{unique}"


def list_stacks(stacks: t.Iterable[Stack], statuses: t.Collection[str]) -> list[Stack]:
    """The stacks in these states; all that are not long deleted without any."""
    return [
        stack
        for stack in stacks
        if (not statuses or stack.status in statuses)
        and (stack.deleted is None or clock() - stack.deleted <= RETENTION)
    ]


def find_stack(stacks: t.Iterable[Stack], name: str) -> Stack:
    """The stack of this id, or the present one of this name. Raises ValidationError."""
    for stack in stacks:
        if stack.id == name or (stack.name == name and stack.status != DELETED):
            return stack
    raise ValidationError(f"Stack with id {name} does not exist")


def find_stack_of(stacks: t.Iterable[Stack], physical_id: str) -> Stack:
    """The stack that has a resource. Raises ValidationError: no stack of this region has it."""
    for stack in list_stacks(stacks, ()):
        if any(resource.physical_id == physical_id for resource in stack.resources):
            return stack
    raise ValidationError(f"Stack for {physical_id} does not exist")


seeded_backends: BackendDict[SeededStacks] = BackendDict(SeededStacks, "cloudformation")
