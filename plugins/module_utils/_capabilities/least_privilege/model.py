# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The types that the parts of right-sizing share: stages, consumers and namers of a role, and its new denials."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping
from datetime import datetime


class Stage(enum.StrEnum):
    """The stages of a target role, in their order. ``REVERT`` may follow each of them."""

    ASSESS = "assess"
    GENERATE = "generate"
    PREPARE = "prepare"
    CANARY = "canary"
    CUT_OVER = "cut_over"
    WATCH = "watch"
    RETIRE = "retire"
    REVERT = "revert"


class Way(enum.StrEnum):
    """How a role is right-sized: beside a new role, by itself, or by the tool that owns it."""

    PARALLEL = "parallel"
    IN_PLACE = "in_place"
    BY_OWNER = "by_owner"


class DeniedBy(enum.StrEnum):
    """The policy that AWS names for a denial. ``OURS``: the policies of the role, which the campaign writes."""

    OURS = "ours"
    BOUNDARY = "boundary"
    ORGANIZATION = "organization"
    RESOURCE = "resource"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Consumer:
    """Somebody, or something, that uses a role.

    ``kind`` is such as ``person``, ``pipeline``, ``instance``, ``function``, ``task``, ``pod``, ``stack``; ``resource``
    the ARN of what has the role, or of who assumes it. ``move`` is the exact call, or the step, that moves it to
    another role. ``last`` is when it used the role the last time, if that is known. ``has_moved`` says whether it uses
    the new role instead; None if nobody knows, or there is none yet.
    """

    kind: str
    resource: str
    region: str = ""
    detail: str = ""
    is_machine: bool = True
    move: str = ""
    last: t.Optional[datetime] = None
    has_moved: t.Optional[bool] = None

    def as_dict(self) -> dict[str, t.Any]:
        """For results; without moments, which reports have of the role."""
        names = ("kind", "resource", "region", "detail", "is_machine", "has_moved", "move")
        return {name: getattr(self, name) for name in names}


@dataclasses.dataclass(frozen=True)
class Namer:
    """A policy, a grant or an entry that names a role, and gives or takes something by that.

    ``kind`` is such as ``trust``, ``bucket_policy``, ``key_policy``, ``key_grant``, ``control_policy``,
    ``access_entry``; ``where`` is ``principal``, ``condition`` or ``grant``. ``names_new`` says whether it names the
    new role as well. ``adapt`` is how to add the new role.
    """

    kind: str
    resource: str
    account_id: str
    where: str
    names_new: bool = False
    adapt: str = ""

    def as_dict(self) -> dict[str, t.Any]:
        """For results."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class UnreadNamers:
    """A place whose policies could not be read: a service, or a foreign account. Nobody knows whether it names a role.

    ``blocks`` says that the role is known to be used there, or trusted from there, so that it must not be retired.
    """

    reason: str
    account_id: str = ""
    blocks: bool = False


#: Begins the sentence about kinds of consumers that are never looked for. It is the same for all roles.
NOT_LOOKED_FOR: t.Final = "not looked for: "


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Who uses a role and who names it. ``unread`` are sentences about consumers that could not be read."""

    consumers: tuple[Consumer, ...] = ()
    namers: tuple[Namer, ...] = ()
    unread: tuple[str, ...] = ()
    unread_namers: tuple[UnreadNamers, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """The sentences about consumers that were looked for and could not be read."""
        return tuple(text for text in self.unread if not text.startswith(NOT_LOOKED_FOR))


@dataclasses.dataclass(frozen=True)
class NewDenial:
    """A denied action of a role that was not denied to it before. ``used_before``: the evidence had it as used.

    ``resource`` is empty where the event has none. ``proposal`` is an entry of ``always_allow`` that would allow it
    within the old policies; None if there is none, or it would not help. ``diff`` has the statements that it
    would add to the documents, or take from them, as lines that begin with ``+`` and ``-``.
    """

    principal_arn: str
    action: str
    resource: str
    by: DeniedBy
    count: int
    first: datetime
    last: datetime
    message: str = ""
    used_before: bool = False
    proposal: t.Optional[Mapping[str, t.Any]] = None
    diff: str = ""


@dataclasses.dataclass(frozen=True)
class Watched:
    """What was seen of one role since a moment. With a ``failure`` nothing is known, and no gate passes.

    ``baseline`` counts the denials before, in a time of the same length; ``calls`` the events of the role since, and
    ``denied`` those of them that were denied.
    ``not_watched`` are sentences about kinds of calls whose denials leave no event. ``old_role_last`` is when the old
    role was assumed, or made a call, the last time; ``old_role_users`` are those who did since the moment.
    """

    since: datetime
    until: datetime
    baseline: int = 0
    calls: int = 0
    denied: int = 0
    new: tuple[NewDenial, ...] = ()
    not_watched: tuple[str, ...] = ()
    old_role_last: t.Optional[datetime] = None
    old_role_users: tuple[str, ...] = ()
    failure: str = ""
