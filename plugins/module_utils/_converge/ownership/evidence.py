# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From what was read to the owner of one object: the strongest evidence counts, and unread sources are named."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from ..._account.answer import NO, No, Unknown, Yes
from ..._account.change_events import ChangeEvent, EventHistory
from ..._account.moments import format_utc
from ..._account.stacks import Stack, StackIndex, StackResource
from ..._account.terraform_state import StateResource
from ..arn import Principal, principal_of
from ..protected import protection_of
from .declared import DeclaredOwner, find_declared
from .owned_arns import OwnedArns
from .owner import Confidence, IamObject, ObjectKey, Owner, Ownership, Place, Unread

_CLOUDFORMATION: t.Final = "CloudFormation"
_TERRAFORM: t.Final = "Terraform"
#: The source of what callers say of themselves.
EVENTS: t.Final = "the event history"
_LONGEST: t.Final = 200
_STEP_OF_STACKS: t.Final = (
    "allow cloudformation:ListStacks, ListStackResources and DescribeStackResources in each region"
)

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html: instances are stacks
# of the name StackSet-<set>-<id>. Control Tower deploys sets whose names begin with its own.
_STACK_SET: t.Final = re.compile(r"StackSet-(?P<name>.+)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOWER: t.Final = re.compile(r"(StackSet-)?AWSControlTower")

_CENTER: t.Final = "IAM Identity Center"
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
_PERMISSION_SET: t.Final = re.compile(r"AWSReservedSSO_(?P<name>[\w+=,.@-]+)_[0-9a-f]{16}", re.ASCII)

# Roles that the console's wizards make for a service. Anybody may create and edit roles of this path.
_SERVICE_PATH: t.Final = "/service-role/"
# Parts of tag keys and values that name a tool.
_TAG_TOOLS: t.Final[Mapping[str, str]] = {
    "terraform": _TERRAFORM,
    "opentofu": "OpenTofu",
    "pulumi": "Pulumi",
    "cloudformation": _CLOUDFORMATION,
    "cdk": "AWS CDK",
    "crossplane": "Crossplane",
}
_MANAGED_BY: t.Final = frozenset(
    {"createdby", "deployedby", "iac", "managedby", "managedwith", "provisioner", "provisionedby", "tool"}
)
_REPOSITORY: t.Final = frozenset({"git", "gitrepo", "repo", "repository", "source", "sourcerepo"})
_NO: t.Final = frozenset({"", "0", "false", "no", "none"})


@dataclasses.dataclass(frozen=True)
class CertainSource:
    """A source whose owners are certain: the owners that it has, and why it may have more."""

    owners: Mapping[ObjectKey, Owner] = dataclasses.field(default_factory=dict)
    rest: t.Union[No, Unread] = NO

    def ask(self, item: IamObject) -> t.Union[Yes[Owner], No, Unread]:
        """Ask for the owner of an object."""
        owner = self.owners.get(item.key)
        return self.rest if owner is None else Yes(owner)


_NO_STACKS: t.Final = CertainSource(rest=Unread("the stacks were not read", _CLOUDFORMATION, _STEP_OF_STACKS))
#: The history of an object of which no event was asked for.
NOT_ASKED: t.Final = EventHistory(rest=Unknown("its event history was not read"))


@dataclasses.dataclass(frozen=True)
class Sources:
    """All that was read about owners.

    ``certain`` are the state files and the lists of owned ARNs that were read, ``stacks`` the stacks of all regions.
    ``callers`` are the principals that this collection runs as: their calls say nothing about owners.
    """

    declared: tuple[DeclaredOwner, ...] = ()
    certain: tuple[CertainSource, ...] = ()
    stacks: CertainSource = _NO_STACKS
    events: Mapping[ObjectKey, EventHistory] = dataclasses.field(default_factory=dict)
    tags: Mapping[ObjectKey, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    callers: frozenset[Principal] = frozenset()

    def ask_certain(self, item: IamObject) -> tuple[t.Union[Yes[Owner], No, Unread], ...]:
        """Ask all sources whose owners are certain for the owner of an object."""
        return tuple(source.ask(item) for source in (*self.certain, self.stacks))

    def find_history(self, item: IamObject) -> EventHistory:
        """Find the event history of an object."""
        return self.events.get(item.key, NOT_ASKED)


def clean(text: object) -> str:
    """One line without characters that could forge what a terminal shows, and not too long."""
    flat = " ".join(str(text).split())
    shown = "".join(character if unicodedata.category(character)[0] != "C" else "?" for character in flat)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def find_owner(item: IamObject, sources: Sources) -> Owner:
    """Find the owner of an object by the strongest evidence.

    An entry for a whole account also matches what AWS or a landing zone made, and gives nobody the right to change it.
    """
    protected = _find_protected(item)
    if protected is not None:
        return protected
    answers = sources.ask_certain(item)
    certain = next((answer.value for answer in answers if isinstance(answer, Yes)), None)
    declared = find_declared(sources.declared, item)
    if declared is not None:
        return _add_template(declared.make_owner(), certain)
    if certain is not None:
        return certain
    history = sources.find_history(item)
    weak = _find_in_events(history, sources) or _find_in_path(item) or _find_in_tags(item, sources) or Owner()
    evidence = weak.evidence or _describe_last_change(history, sources)
    return dataclasses.replace(weak, evidence=evidence, unread=tuple(_list_unread(answers, history)))


def _list_unread(answers: Iterable[t.Union[Yes[Owner], No, Unread]], history: EventHistory) -> Iterator[Unread]:
    """List the sources that may know an owner: nothing unread ever means "not owned"."""
    yield from (answer for answer in answers if isinstance(answer, Unread))
    if isinstance(history.rest, Unknown):
        yield describe_unread_history(history.rest)


def describe_unread_history(rest: Unknown) -> Unread:
    """Describe an event history that is not known, or not all of it. Its owners are not certain."""
    return Unread(rest.reason, EVENTS, "allow cloudtrail:LookupEvents", is_certain=False)


def _add_template(owner: Owner, found: t.Optional[Owner]) -> Owner:
    """The declared owner with the name of the object in its template, where a stack or a state shows that."""
    if found is None or found.place is None or owner.place is None:
        return owner
    place = dataclasses.replace(found.place, text=f"{owner.place.text}, {found.place.text}")
    return dataclasses.replace(owner, place=place, evidence=(*owner.evidence, *found.evidence))


def _find_protected(item: IamObject) -> t.Optional[Owner]:
    """AWS and landing zones, by the paths and names that guards never touch."""
    reason = protection_of(item.arn)
    if reason is None:
        return None
    name = item.arn.rpartition("/")[2]
    permission_set = _PERMISSION_SET.fullmatch(name)
    if permission_set:
        place = Place(f"the permission set {permission_set['name']} in the account of IAM Identity Center")
        return Owner(_CENTER, _CENTER, Confidence.CERTAIN, place, (reason,))
    return Owner("AWS or a landing zone", "", Confidence.CERTAIN, Place("the service that made it"), (reason,))


def make_state_owner(found: StateResource) -> Owner:
    """Make the owner of an object that a state of Terraform has."""
    address = clean(found.address)
    place = Place(f"Terraform, address {address}", "terraform", found.name, found.address)
    return Owner(_TERRAFORM, _TERRAFORM, Confidence.CERTAIN, place, (f"the state {clean(found.place)} has {address}",))


def make_listed_owner(owned: OwnedArns, name: str) -> Owner:
    """Make the owner of all objects in a list of owned ARNs, which the entry ``name`` has."""
    who, place = clean(owned.owner), clean(owned.place)
    evidence = f"the list {name} of {format_utc(owned.created)} has its ARN"
    return Owner(who, "", Confidence.CERTAIN, Place(place), (evidence,))


def gather_stacks(index: StackIndex) -> CertainSource:
    """The stacks of all regions as a source."""
    owners = {key: make_stack_owner(found) for key, found in index.objects.items()}
    return CertainSource(owners, _describe_unread_stacks(index))


def _describe_unread_stacks(index: StackIndex) -> t.Union[No, Unread]:
    if not index.unread:
        return NO
    return Unread(index.unread[0], _CLOUDFORMATION, _STEP_OF_STACKS, index.unread[1:])


def make_stack_owner(found: StackResource) -> Owner:
    """The owner of an object, or of an inline policy, that a stack has."""
    stack = found.stack
    tool, name = _name_tool(stack)
    nested = f", nested stack {stack.name}" if stack.is_nested else ""
    place = Place(f"{name}{nested} ({stack.region}, logical id {found.logical_id})", "cloudformation", found.logical_id)
    evidence = f"the stack {stack.id} has it as {found.logical_id}"
    return Owner(name, tool, Confidence.CERTAIN, place, (evidence,))


def add_stacks(known: Ownership, key: ObjectKey, found: StackIndex) -> Ownership:
    """Add the stacks of one object that were read after the plan was made."""
    owner = known.find_owner(key)
    rest = _describe_unread_stacks(found)
    if key in found.objects:
        owner = make_stack_owner(found.objects[key])
    elif isinstance(rest, Unread):
        owner = dataclasses.replace(owner, unread=(rest, *owner.unread))
    inline = {place: make_stack_owner(resource) for place, resource in found.inline.items()}
    return dataclasses.replace(known, owners={**known.owners, key: owner}, inline={**known.inline, **inline})


def _name_tool(stack: Stack) -> tuple[str, str]:
    """The tool behind a stack, and the words for what is to be changed."""
    root = stack.root_name or stack.name
    if _TOWER.match(root):
        return "AWS Control Tower", f"AWS Control Tower, stack {root}"
    stack_set = _STACK_SET.fullmatch(root)
    if stack_set:
        return "CloudFormation StackSets", f"stack set {stack_set['name']} of its administrator account, stack {root}"
    if stack.is_cdk:
        return "AWS CDK", f"the CDK app of stack {root}"
    return ("AWS SAM" if stack.is_sam else _CLOUDFORMATION), f"stack {root}"


def _find_in_events(history: EventHistory, sources: Sources) -> t.Optional[Owner]:
    """A tool whose user agent created the object, or changed it last. The caller chose this text."""
    events = _list_others(history, sources)
    created = next((event for event in events if event.creates), None)
    for event in filter(None, (created, events[0] if events else None)):
        if event.tool:
            what = f"{event.operation} of {format_utc(event.when)} by {clean(event.caller)} names {event.tool}"
            caller = clean(event.caller) or "an unknown caller"
            return Owner(caller, event.tool, Confidence.LIKELY, Place(f"{event.tool}, run by {caller}"), (what,))
    return None


def _list_others(history: EventHistory, sources: Sources) -> list[ChangeEvent]:
    """The events that somebody else than this collection caused, the newest first."""
    return [event for event in history.events if principal_of(event.caller) not in sources.callers]


def _describe_last_change(history: EventHistory, sources: Sources) -> tuple[str, ...]:
    events = _list_others(history, sources)
    if not events:
        return ()
    last = events[0]
    agent = clean(last.user_agent) or "no user agent"
    return (f"last changed by {clean(last.caller)} on {format_utc(last.when)}: {last.operation}, {agent}",)


def _find_in_path(item: IamObject) -> t.Optional[Owner]:
    if item.kind != "role" or not f"/{item.arn.partition(':role/')[2]}".startswith(_SERVICE_PATH):
        return None
    evidence = f"its path is {_SERVICE_PATH}, where the console creates roles for a service; anybody may do so"
    return Owner("an AWS console wizard", "", Confidence.LIKELY, Place("the console of its service"), (evidence,))


def _find_in_tags(item: IamObject, sources: Sources) -> t.Optional[Owner]:
    """A tag that names a tool or a repository: a hint, since anybody who may tag could set it."""
    for key, value in sorted(sources.tags.get(item.key, {}).items()):
        tool = _find_tag_tool(key, value)
        repository = clean(value) if _fold(key) in _REPOSITORY and value.strip() else ""
        if tool or repository:
            place = Place(repository or str(tool))
            evidence = f"its tag {clean(key)} is {clean(value)}; anybody who may tag could set it"
            return Owner(repository or str(tool), tool or "", Confidence.HINT, place, (evidence,))
    return None


def _fold(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower())


def _find_tag_tool(key: str, value: str) -> t.Optional[str]:
    folded, said = _fold(key), value.strip().lower()
    if said in _NO:
        return None
    by_key = next((tool for word, tool in _TAG_TOOLS.items() if word in folded), None)
    if by_key or folded not in _MANAGED_BY:
        return by_key
    return next((tool for word, tool in _TAG_TOOLS.items() if word in said), None)
