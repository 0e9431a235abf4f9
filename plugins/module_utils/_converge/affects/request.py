# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a request acts on, and whether the change shows the same.

A plan and a journal show ``target``, ``before`` and ``after``; AWS acts on the request. Who approves a change, or whose
guard looks at it, must see what the request does.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ..arn import principal_of, resource_of
from ..change import GLOBAL, Change

#: The accounts that AWS writes in place of an id, where it owns something.
_OF_AWS: t.Final = ("", "aws")
_OWN_TAGS: t.Final = "iam-hardening:"


@dataclasses.dataclass(frozen=True)
class Named:
    """One thing that a request names: ``asked`` stands in the request, ``shown`` in the change."""

    what: str
    asked: str
    shown: str

    @property
    def is_same(self) -> bool:
        """Names of IAM are unique without regard to case."""
        return self.asked.lower() == self.shown.lower()


Naming = t.Callable[[Change], Iterable[Named]]


def place_of(change: Change) -> str:
    """The target without the part of it that the change is about: ``<ARN> policy <name>`` is about the ARN."""
    return change.target.partition(" ")[0] if change.target.startswith("arn:") else change.target


def parameter(change: Change, name: str) -> str:
    """A parameter of the request as text; empty where it is not given."""
    value = change.parameters.get(name)
    return "" if value is None else str(value)


def shown(change: Change, name: str) -> t.Optional[str]:
    """What the change shows under ``name``, before or after; None where it shows nothing."""
    for state in (change.after, change.before):
        if isinstance(state, Mapping) and isinstance(state.get(name), str):
            return str(state[name])
    return None


def surroundings(change: Change) -> Iterator[Named]:
    """The account and the region of the target, which every request of a change goes to."""
    parts = place_of(change).split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return
    if parts[4] not in _OF_AWS:
        yield Named("account", change.account_id, parts[4])
    if parts[3] and change.region != GLOBAL:
        yield Named("region", change.region, parts[3])


def principal(kind: str) -> Naming:
    """The user or role that the request names."""
    key = {"user": "UserName", "role": "RoleName"}[kind]

    def named(change: Change) -> Iterator[Named]:
        target = principal_of(place_of(change))
        is_of_kind = target is not None and target.kind == kind
        yield Named(kind, parameter(change, key), target.name if target and is_of_kind else change.target)

    return named


def owner_of_credential(change: Change) -> Iterator[Named]:
    """The user of a credential. Without a name IAM acts on who calls, which for a session as root is the target."""
    if parameter(change, "UserName") or resource_of(place_of(change)) != "root":
        yield from principal("user")(change)


def group(change: Change) -> Iterator[Named]:
    """The group that the request names, where the group is the target."""
    resource = resource_of(place_of(change))
    name = resource.rpartition("/")[2] if resource.startswith("group/") else change.target
    yield Named("group", parameter(change, "GroupName"), name)


def equal(key: str, what: str, of: str) -> Naming:
    """A parameter that the change shows under the name ``of``; nothing where it shows none."""

    def named(change: Change) -> Iterator[Named]:
        value = shown(change, of)
        if value is not None:
            yield Named(what, parameter(change, key), value)

    return named


def whole(key: str, what: str) -> Naming:
    """A parameter that is the target."""
    return lambda change: (Named(what, parameter(change, key), place_of(change)),)


def tail(key: str, what: str, after: str = "/") -> Naming:
    """A parameter that the target's ARN ends with."""
    return lambda change: (Named(what, parameter(change, key), place_of(change).rpartition(after)[2]),)


def part(key: str, what: str, label: str) -> Naming:
    """A parameter that stands behind the ARN: ``<ARN> statement <id>``."""
    return lambda change: (Named(what, parameter(change, key), change.target.partition(f" {label}")[2]),)


def made(key: str, kind: str) -> Naming:
    """Something new of IAM, by its name and path."""

    def named(change: Change) -> Iterator[Named]:
        path = parameter(change, "Path") or "/"
        yield Named(kind, f"{kind}{path}{parameter(change, key)}", resource_of(place_of(change)))

    return named


def own_tags(change: Change) -> Iterator[Named]:
    """The tags of a user: other tags than those of this collection can open doors."""
    keys = change.parameters.get("TagKeys") or [tag.get("Key") for tag in change.parameters.get("Tags") or ()]
    for key in keys:
        yield Named("tag", str(key)[: len(_OWN_TAGS)], _OWN_TAGS)


def event_target(change: Change) -> Iterator[Named]:
    """The one target of a rule."""
    targets = change.parameters.get("Targets") or ()
    ids = [str(target.get("Id")) for target in targets] or [str(value) for value in change.parameters.get("Ids") or ()]
    yield Named("target", ", ".join(ids), change.target.partition(" target ")[2])


def organization_policy(change: Change) -> Iterator[Named]:
    """A policy of the organization: by its id, which the target's ARN ends with, or by name and type."""
    identifier = parameter(change, "PolicyId") or parameter(change, "ResourceId")
    if identifier:
        yield Named("policy", identifier, place_of(change).rpartition("/")[2])
        return
    for key, of in (("Name", "policy"), ("Type", "type")):
        asked = parameter(change, f"Policy{key}") or parameter(change, key)
        yield Named("policy", asked, shown(change, of) or change.target)


def node(change: Change) -> Iterator[Named]:
    """The root, unit or account that a policy is attached to."""
    yield Named("node", parameter(change, "TargetId"), change.target.rpartition(" on ")[2])
    yield from equal("TargetId", "node", "attached_to")(change)


def policy_type(change: Change) -> Iterator[Named]:
    """A type of policy of a root."""
    asked = f"policy type {parameter(change, 'PolicyType')} of {parameter(change, 'RootId')}"
    yield Named("policy type", asked, change.target)


def setting(name: str, key: str = "") -> Naming:
    """A setting of the organization, with the account or service that it is for."""

    def named(change: Change) -> Iterator[Named]:
        asked = f"{name}/{parameter(change, key)}" if key else name
        yield Named("setting", asked, shown(change, "setting") or "")
        yield Named("setting", asked, change.target[-len(asked) :])

    return named


def together(*namings: Naming) -> Naming:
    """All that several namings find."""
    return lambda change: [item for naming in namings for item in naming(change)]


def events(change: Change) -> Iterator[Named]:
    """The bus that each event of a request is put on, and what it says."""
    said = (change.after or {}).get("events") or []
    entries = change.parameters.get("Entries") or []
    yield Named("number of events", str(len(entries)), str(len(said)))
    for entry, detail in zip(entries, said, strict=False):
        yield Named("bus", str(entry.get("EventBusName")), place_of(change))
        yield Named("event", str(entry.get("Detail")), str(detail))


def nothing(_change: Change) -> Iterator[Named]:
    """An operation that no change of a plan is made with."""
    yield from ()
