# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The objects that a request acts on, and whether the change shows the same.

A plan and a journal show ``target``, ``before`` and ``after``; AWS acts on the request. The approver of a change, and
the guards, must see what the request does.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ..arn import Principal, principal_of, resource_of
from ..change import GLOBAL, Change

#: The accounts that AWS writes in place of an id, where it owns something.
_OF_AWS: t.Final = ("", "aws")
_OWN_TAGS: t.Final = "iam-hardening:"


@dataclasses.dataclass(frozen=True)
class NamedObject:
    """One thing that a request names: ``asked`` is its name in the request, ``shown`` that in the change."""

    what: str
    asked: str
    shown: str

    @property
    def is_same(self) -> bool:
        """Names of IAM are unique without regard to case."""
        return self.asked.lower() == self.shown.lower()


Naming = t.Callable[[Change], Iterable[NamedObject]]


def place_of(change: Change) -> str:
    """The target without the part of it that the change is about: ``<ARN> policy <name>`` is about the ARN."""
    return change.target.partition(" ")[0] if change.target.startswith("arn:") else change.target


def find_direct_targets(change: Change) -> frozenset[Principal]:
    """Find the users and roles that a change acts on: its target, and those that the request names."""
    named = {
        Principal(change.account_id, kind, str(change.parameters[parameter]).lower())
        for parameter, kind in (("UserName", "user"), ("RoleName", "role"))
        if change.parameters.get(parameter)
    }
    target = principal_of(place_of(change))
    return frozenset(named | ({target} if target else set()))


def parameter(change: Change, name: str) -> str:
    """A parameter of the request as text; empty where it is not given."""
    value = change.parameters.get(name)
    return "" if value is None else str(value)


def find_shown(change: Change, name: str) -> t.Optional[str]:
    """Find the text that the change shows under ``name``, before or after; None if it shows none."""
    for state in (change.after, change.before):
        if isinstance(state, Mapping) and isinstance(state.get(name), str):
            return str(state[name])
    return None


def name_surroundings(change: Change) -> Iterator[NamedObject]:
    """Name the account and the region of the target, which every request of a change goes to."""
    parts = place_of(change).split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return
    if parts[4] not in _OF_AWS:
        yield NamedObject("account", change.account_id, parts[4])
    if parts[3] and change.region != GLOBAL:
        yield NamedObject("region", change.region, parts[3])


def name_principal(kind: str) -> Naming:
    """Name the user or role of the request."""
    key = {"user": "UserName", "role": "RoleName"}[kind]

    def find_names(change: Change) -> Iterator[NamedObject]:
        target = principal_of(place_of(change))
        is_of_kind = target is not None and target.kind == kind
        yield NamedObject(kind, parameter(change, key), target.name if target and is_of_kind else change.target)

    return find_names


def name_credential_owner(change: Change) -> Iterator[NamedObject]:
    """Name the user of a credential. Without a name IAM acts on the caller: the target, for a session as root."""
    if parameter(change, "UserName") or resource_of(place_of(change)) != "root":
        yield from name_principal("user")(change)


def name_group(change: Change) -> Iterator[NamedObject]:
    """Name the group of the request, which is also the target."""
    resource = resource_of(place_of(change))
    name = resource.rpartition("/")[2] if resource.startswith("group/") else change.target
    yield NamedObject("group", parameter(change, "GroupName"), name)


def name_shown_value(key: str, what: str, of: str) -> Naming:
    """Name a parameter that the change shows under the name ``of``; nothing if it shows none."""

    def find_names(change: Change) -> Iterator[NamedObject]:
        value = find_shown(change, of)
        if value is not None:
            yield NamedObject(what, parameter(change, key), value)

    return find_names


def name_whole_target(key: str, what: str) -> Naming:
    """Name a parameter that is the target."""
    return lambda change: (NamedObject(what, parameter(change, key), place_of(change)),)


def name_tail(key: str, what: str, after: str = "/") -> Naming:
    """Name a parameter that the target's ARN ends with."""
    return lambda change: (NamedObject(what, parameter(change, key), place_of(change).rpartition(after)[2]),)


def name_part(key: str, what: str, label: str) -> Naming:
    """Name a parameter that follows the ARN: ``<ARN> statement <id>``."""
    return lambda change: (NamedObject(what, parameter(change, key), change.target.partition(f" {label}")[2]),)


def name_new_object(key: str, kind: str) -> Naming:
    """Name a new object of IAM, by its name and path."""

    def find_names(change: Change) -> Iterator[NamedObject]:
        path = parameter(change, "Path") or "/"
        yield NamedObject(kind, f"{kind}{path}{parameter(change, key)}", resource_of(place_of(change)))

    return find_names


def name_own_tags(change: Change) -> Iterator[NamedObject]:
    """Name the tags of a user: tags that are not of this collection can give access."""
    keys = change.parameters.get("TagKeys") or [tag.get("Key") for tag in change.parameters.get("Tags") or ()]
    for key in keys:
        yield NamedObject("tag", str(key)[: len(_OWN_TAGS)], _OWN_TAGS)


def name_event_target(change: Change) -> Iterator[NamedObject]:
    """Name the one target of a rule."""
    targets = change.parameters.get("Targets") or ()
    ids = [str(target.get("Id")) for target in targets] or [str(value) for value in change.parameters.get("Ids") or ()]
    yield NamedObject("target", ", ".join(ids), change.target.partition(" target ")[2])


def name_organization_policy(change: Change) -> Iterator[NamedObject]:
    """Name a policy of the organization: by its id, which the target's ARN ends with, or by name and type."""
    identifier = parameter(change, "PolicyId") or parameter(change, "ResourceId")
    if identifier:
        yield NamedObject("policy", identifier, place_of(change).rpartition("/")[2])
        return
    for key, of in (("Name", "policy"), ("Type", "type")):
        asked = parameter(change, f"Policy{key}") or parameter(change, key)
        yield NamedObject("policy", asked, find_shown(change, of) or change.target)


def name_node(change: Change) -> Iterator[NamedObject]:
    """Name the root, unit or account that a policy is attached to."""
    yield NamedObject("node", parameter(change, "TargetId"), change.target.rpartition(" on ")[2])
    yield from name_shown_value("TargetId", "node", "attached_to")(change)


def name_moved_account(change: Change) -> Iterator[NamedObject]:
    """Name an account that is moved, and the units that it comes from and goes to."""
    yield NamedObject("account", parameter(change, "AccountId"), change.target.rpartition("/")[2])
    for key, state in (("SourceParentId", change.before), ("DestinationParentId", change.after)):
        shown = state.get("parent") if isinstance(state, Mapping) else None
        yield NamedObject("unit", parameter(change, key), str(shown))


def name_policy_type(change: Change) -> Iterator[NamedObject]:
    """Name a type of policy of a root."""
    asked = f"policy type {parameter(change, 'PolicyType')} of {parameter(change, 'RootId')}"
    yield NamedObject("policy type", asked, change.target)


def name_setting(name: str, key: str = "") -> Naming:
    """Name a setting of the organization, with the account or service that it is for."""

    def find_names(change: Change) -> Iterator[NamedObject]:
        asked = f"{name}/{parameter(change, key)}" if key else name
        yield NamedObject("setting", asked, find_shown(change, "setting") or "")
        yield NamedObject("setting", asked, change.target[-len(asked) :])

    return find_names


def combine(*namings: Naming) -> Naming:
    """Combine several namings."""
    return lambda change: [item for naming in namings for item in naming(change)]


def name_events(change: Change) -> Iterator[NamedObject]:
    """Name the bus that each event of a request is put on, and the event's detail."""
    said = (change.after or {}).get("events") or []
    entries = change.parameters.get("Entries") or []
    yield NamedObject("number of events", str(len(entries)), str(len(said)))
    for entry, detail in zip(entries, said, strict=False):
        yield NamedObject("bus", str(entry.get("EventBusName")), place_of(change))
        yield NamedObject("event", str(entry.get("Detail")), str(detail))


def name_sessions(change: Change) -> Iterator[NamedObject]:
    """Name the user or role whose sessions of ``aws login`` end, and each of the sessions."""
    asked, target = principal_of(parameter(change, "principalArn")), principal_of(place_of(change))
    yield NamedObject("principal", _describe(asked), _describe(target))
    said = (change.before or {}).get("sessions") or {}
    sessions = change.parameters.get("sessionArns") or ()
    yield NamedObject("sessions", ", ".join(map(str, sessions)), ", ".join(map(str, said)))


def _describe(principal: t.Optional[Principal]) -> str:
    return f"{principal.kind}/{principal.name} of {principal.account_id}" if principal else "nobody"


def name_nothing(_change: Change) -> Iterator[NamedObject]:
    """Name nothing: no change of a plan uses the operation."""
    yield from ()
