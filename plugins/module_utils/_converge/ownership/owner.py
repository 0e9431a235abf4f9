# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The owner of an IAM object, as far as it is known, and the ownership of all objects that a plan changes."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing as t
from collections.abc import Mapping

from ..._account.stacks import ObjectKey

__all__ = ["Confidence", "IamObject", "ObjectKey", "Owner", "Ownership", "Place", "Write", "object_of"]

_ARN_PARTS: t.Final = 6
_KINDS: t.Final = frozenset({"group", "policy", "role", "user"})


class Confidence(enum.StrEnum):
    """How sure an owner is. Only what nobody can forge without rights over the owner's own tool is certain.

    ``LIKELY`` relies on what a caller says of itself, ``HINT`` on a tag that anybody who may tag could set.
    """

    CERTAIN = "certain"
    LIKELY = "likely"
    HINT = "hint"
    UNKNOWN = "unknown"


class Write(enum.StrEnum):
    """Whether the owner allows this collection to write."""

    ALLOW = "allow"
    REFUSE = "refuse"


@dataclasses.dataclass(frozen=True)
class IamObject:
    """A role, user, group or customer managed policy."""

    arn: str
    account_id: str
    kind: str
    name: str

    @property
    def key(self) -> ObjectKey:
        return (self.account_id, self.kind, self.name.lower())


def object_of(arn: str) -> t.Optional[IamObject]:
    """The object that an ARN names; None for anything else, such as a policy of AWS or a session of a role."""
    parts = arn.split(":", 5)
    if len(parts) != _ARN_PARTS or parts[0] != "arn" or parts[2] != "iam":
        return None
    kind, slash, path = parts[5].partition("/")
    if kind not in _KINDS or not slash or not parts[4].isdecimal():
        return None
    return IamObject(arn, parts[4], kind, path.rpartition("/")[2])


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the definition of an object is changed.

    ``text`` continues the words "change it in". ``language`` is the one of its template: ``cloudformation``,
    ``terraform`` or empty. ``logical_id`` is the name of the object in it, ``address`` its full one in Terraform.
    """

    text: str
    language: str = ""
    logical_id: str = ""
    address: str = ""


@dataclasses.dataclass(frozen=True)
class Owner:
    """An owner. ``evidence`` has a sentence for each fact; ``unread`` the reasons why the owner is not known better.

    ``is_unread`` says that a source failed, so that it may know an owner that the others do not. ``write`` is None if
    the owner is not declared in ``hardening_owners``.
    """

    name: str = ""
    tool: str = ""
    confidence: Confidence = Confidence.UNKNOWN
    place: t.Optional[Place] = None
    evidence: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    is_unread: bool = False
    write: t.Optional[Write] = None

    @property
    def is_certain(self) -> bool:
        return self.confidence is Confidence.CERTAIN

    @property
    def label(self) -> str:
        """The owner in words."""
        return f"{self.name} ({self.tool})" if self.tool and self.tool not in self.name else self.name or self.tool

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "owner": self.name or None,
            "tool": self.tool or None,
            "confidence": self.confidence.value,
            "evidence": list(self.evidence),
            "unread": list(self.unread),
            "change_it_in": self.place.text if self.place else None,
        }


@dataclasses.dataclass(frozen=True)
class DriftWar:
    """A change of ours that somebody else reverted again and again: who, how often, and when last."""

    caller: str
    times: int
    last: str
    target: str
    operation: str


@dataclasses.dataclass(frozen=True)
class Ownership:
    """The owners of the objects that a plan changes.

    ``inline`` has the owners of inline policies that are not those of their principals, by object and policy name.
    ``own`` are objects that the declaration of this run defines, such as the policy of a declared boundary.
    ``default`` decides on narrowing changes of objects whose owner is not certain. ``wars`` has the changes that
    somebody keeps reverting, by what they do.
    """

    owners: Mapping[ObjectKey, Owner] = dataclasses.field(default_factory=dict)
    inline: Mapping[tuple[ObjectKey, str], Owner] = dataclasses.field(default_factory=dict)
    own: frozenset[ObjectKey] = frozenset()
    default: Write = Write.REFUSE
    wars: Mapping[tuple[str, ...], DriftWar] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))

    def find_owner(self, key: ObjectKey) -> Owner:
        """The owner of an object. One that nobody looked for is not known."""
        return self.owners.get(key, Owner(unread=("nobody looked for its owner",), is_unread=True))
