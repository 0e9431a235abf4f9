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

from ..._account.answer import NO, No, Unknown, Yes
from ..._account.stacks import ObjectKey

__all__ = ["Confidence", "IamObject", "ObjectKey", "Owner", "Ownership", "Place", "Unread", "Write", "object_of"]

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
class Unread(Unknown):
    """A source that does not say who owns an object. ``more`` are further reasons, ``source`` names the source.

    ``step`` is the next step for people. ``is_certain`` says that the owners of the source are certain: then it might
    refuse any change, whatever the default is.
    """

    source: str
    step: str
    more: tuple[str, ...] = ()
    is_certain: bool = True

    @property
    def reasons(self) -> tuple[str, ...]:
        """All reasons."""
        return (self.reason, *self.more)


_NOT_LOOKED_FOR: t.Final = Unread("nobody looked for its owner", "this run", "run again")


@dataclasses.dataclass(frozen=True)
class Owner:
    """An owner. ``evidence`` has a sentence for each fact.

    ``unread`` has the sources that may know an owner, and do not say. ``write`` is None if the owner is not declared in
    ``hardening_owners``.
    """

    name: str = ""
    tool: str = ""
    confidence: Confidence = Confidence.UNKNOWN
    place: t.Optional[Place] = None
    evidence: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
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
            "unread": [reason for unread in self.unread for reason in unread.reasons],
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
    somebody keeps reverting, or of which that is not known, by what they do.
    """

    owners: Mapping[ObjectKey, Owner] = dataclasses.field(default_factory=dict)
    inline: Mapping[tuple[ObjectKey, str], Owner] = dataclasses.field(default_factory=dict)
    own: frozenset[ObjectKey] = frozenset()
    default: Write = Write.REFUSE
    wars: Mapping[tuple[str, ...], t.Union[Yes[DriftWar], Unread]] = dataclasses.field(
        default_factory=lambda: types.MappingProxyType({})
    )

    def find_owner(self, key: ObjectKey) -> Owner:
        """The owner of an object. One that nobody looked for is not known."""
        return self.owners.get(key, Owner(unread=(_NOT_LOOKED_FOR,)))

    def find_war(self, identity: tuple[str, ...]) -> t.Union[Yes[DriftWar], No, Unread]:
        """Whether somebody keeps reverting the change that does this."""
        return self.wars.get(identity, NO)
