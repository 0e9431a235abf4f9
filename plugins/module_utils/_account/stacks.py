# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The stacks of CloudFormation in one account, and an index of the IAM objects that they made.

CloudFormation leaves no mark on IAM objects: its tags do not exist on them. A stack knows its objects by their physical
ids, and a stack is regional while IAM is global. So the stacks of every region are read once, and objects are found in
the index of all of them.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Mapping

from . import fields
from .source import Record

#: A role, user, group or policy by its account, kind and name in lower case: IAM's names are unique without case.
ObjectKey = tuple[str, str, str]

# Physical ids of these types: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
_BY_NAME: t.Final[Mapping[str, str]] = {
    "AWS::IAM::Role": "role",
    "AWS::IAM::ServiceLinkedRole": "role",
    "AWS::IAM::User": "user",
    "AWS::IAM::Group": "group",
}
_BY_ARN: t.Final = "AWS::IAM::ManagedPolicy"
# Inline policies that are resources of their own: their physical id is ``<policy>|<name of the role>``.
_INLINE: t.Final[Mapping[str, str]] = {
    "AWS::IAM::RolePolicy": "role",
    "AWS::IAM::UserPolicy": "user",
    "AWS::IAM::GroupPolicy": "group",
}
_OF_CDK: t.Final = "AWS::CDK::Metadata"
_SAM: t.Final = re.compile(r"\bSAM\b|AWS::Serverless")
# Resources that are gone, or that a stack left behind when it let go of them.
_NOT_OWNED: t.Final = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
_STACK_PARTS: t.Final = 6

#: The states of a stack that may still have resources. AWS keeps deleted stacks in its lists for 90 days. A stack in
#: review has no resources yet.
LIVE_STATES: t.Final = (
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
)


@dataclasses.dataclass(frozen=True)
class Stack:
    """A stack of CloudFormation. ``root_name`` is the name of its outermost stack: its own if it is not nested."""

    id: str
    name: str
    region: str
    account_id: str
    root_name: str = ""
    description: str = ""
    is_cdk: bool = False

    @property
    def is_nested(self) -> bool:
        return bool(self.root_name) and self.root_name != self.name

    @property
    def is_sam(self) -> bool:
        """Whether its description names AWS SAM, as that of templates which ``sam init`` makes does."""
        return bool(_SAM.search(self.description))


@dataclasses.dataclass(frozen=True)
class StackResource:
    """An IAM object of a stack. ``inline`` is the name of an inline policy, if only that is of the stack."""

    stack: Stack
    logical_id: str
    kind: str
    name: str
    inline: str = ""

    @property
    def key(self) -> ObjectKey:
        return (self.stack.account_id, self.kind, self.name.lower())


@dataclasses.dataclass(frozen=True)
class StackIndex:
    """The IAM objects of all stacks that were read, and the reasons why others were not.

    ``unread`` has one sentence for each region, or stack, whose resources are not known.
    """

    objects: Mapping[ObjectKey, StackResource] = dataclasses.field(default_factory=dict)
    inline: Mapping[tuple[ObjectKey, str], StackResource] = dataclasses.field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @classmethod
    def of(cls, resources: Iterable[StackResource], unread: Iterable[str] = ()) -> t.Self:
        """Make the index. If two stacks name one object, the first one counts."""
        objects: dict[ObjectKey, StackResource] = {}
        inline: dict[tuple[ObjectKey, str], StackResource] = {}
        for item in resources:
            if item.inline:
                inline.setdefault((item.key, item.inline), item)
            else:
                objects.setdefault(item.key, item)
        return cls(objects, inline, tuple(unread))


@dataclasses.dataclass(frozen=True)
class RegionStacks:
    """The IAM objects of the stacks of one region. ``unread`` has a sentence for each stack that can't be read."""

    resources: tuple[StackResource, ...] = ()
    unread: tuple[str, ...] = ()


def parse_stack(record: Record, region: str) -> Stack:
    """Parse an entry of ListStacks."""
    stack_id = fields.text(record, "StackId")
    parts = stack_id.split(":", 5)
    name = fields.text(record, "StackName")
    root = fields.optional_text(record, "RootId") or ""
    return Stack(
        id=stack_id,
        name=name,
        region=region,
        account_id=parts[4] if len(parts) == _STACK_PARTS else "",
        root_name=_name_in(root) or name,
        description=fields.optional_text(record, "TemplateDescription") or "",
    )


def _name_in(stack_id: str) -> str:
    """The name in the ARN of a stack: ``arn:…:stack/<name>/<id>``."""
    return stack_id.rpartition(":stack/")[2].partition("/")[0] if ":stack/" in stack_id else ""


def parse_resources(records: Iterable[Record], stack: Stack) -> tuple[StackResource, ...]:
    """Parse the entries of ListStackResources into the IAM objects that the stack has."""
    present = [record for record in records if record.get("ResourceStatus") not in _NOT_OWNED]
    is_cdk = any(record.get("ResourceType") == _OF_CDK for record in present)
    owner = dataclasses.replace(stack, is_cdk=is_cdk)
    found = (_parse_resource(record, owner) for record in present)
    return tuple(item for item in found if item is not None)


def _parse_resource(record: Record, stack: Stack) -> t.Optional[StackResource]:
    kind = fields.text(record, "ResourceType")
    # A resource that could not be created has none.
    physical = fields.optional_text(record, "PhysicalResourceId") or ""
    logical = fields.text(record, "LogicalResourceId")
    if not physical:
        return None
    if kind in _BY_NAME:
        return StackResource(stack, logical, _BY_NAME[kind], physical)
    if kind in _INLINE and "|" in physical:
        policy, _bar, name = physical.rpartition("|")
        return StackResource(stack, logical, _INLINE[kind], name, inline=policy)
    if kind == _BY_ARN and physical.split(":")[4:5] == [stack.account_id]:
        return StackResource(stack, logical, "policy", physical.rpartition("/")[2])
    return None
