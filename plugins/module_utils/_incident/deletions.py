# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The proof that a key, a user or a role was deleted. That it is not there is none: it may never have been.

Three things prove it: the event of its deletion, an earlier pass of the same incident that found it, and people who
declare ``deleted: true``.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from .._converge.arn import resource_of
from .._policy.hunt.event import Event

_IAM: t.Final = "iam.amazonaws.com"


class Kind(enum.StrEnum):
    """What may be deleted: the call that does it, by which events are looked up."""

    KEY = "DeleteAccessKey"
    USER = "DeleteUser"
    ROLE = "DeleteRole"


# The parameter of the request that names what is deleted.
_NAMED_BY: t.Final = {Kind.KEY: "accessKeyId", Kind.USER: "userName", Kind.ROLE: "roleName"}


@dataclasses.dataclass(frozen=True)
class Deletion:
    """A proof. ``how`` says which one, for people; ``user`` is the name of the user whose key it was, if known."""

    how: str
    user: str = ""


def name_of(identifier: str) -> str:
    """The name that a request has, of the id of a key or the ARN of a user or role."""
    return resource_of(identifier).rpartition("/")[2]


def is_deletion(event: t.Optional[Event], kind: Kind, identifier: str) -> bool:
    """Whether an event is of a call that deleted this very key, user or role: in the account, with success."""
    if event is None or event.is_failed or event.source != _IAM or event.name != kind.value:
        return False
    return bool(event.request.get(_NAMED_BY[kind]) == name_of(identifier))


def read_user(event: Event) -> str:
    """Read the name of the user whose key an event deleted; empty if the event does not have it."""
    name = event.request.get("userName")
    return name if isinstance(name, str) else ""
