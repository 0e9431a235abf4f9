# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""All that the step of one role depends on: its records, the live role, and what was read around it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

from .declared import Declared, Target
from .model import Stage, Surroundings, Watched, Way
from .owners.patches import Handout
from .owners.state import Owned
from .past import Past
from .records import Document, Kind


@dataclasses.dataclass(frozen=True)
class NewRole:
    """The role with the name of the new one.

    ``is_ours``: its tags name the campaign and the id of the old role; anybody who may tag can set them.
    ``is_closed``: only break-glass may assume it; None if nobody knows. ``made_at`` is when AWS says it was created,
    and ``last_used`` when AWS says it was used; None if never. ``others`` names those whom its trust policy lets in
    beyond that of the old role; None if it is not known whom the old one let in.
    """

    arn: str
    id: str
    is_ours: bool
    made_at: t.Optional[datetime] = None
    last_used: t.Optional[datetime] = None
    is_closed: t.Optional[bool] = None
    others: t.Optional[tuple[str, ...]] = ()


@dataclasses.dataclass(frozen=True)
class LiveRole:
    """The role as it is in AWS.

    ``layers_sha256`` is the hash of what limits it from above, without the trial; empty if that was not read.
    ``has_trial``: its boundary is the trial policy that the campaign made for it, and ``has_other_trial`` that this
    policy does not say what the documents do.
    ``has_policies``: the role itself has policies that the campaign made. ``made_at`` is the latest date that AWS has
    of what the campaign made: the new role, its policies and their default versions, the trial policy.

    ``has_documents``: the documents are in force. In place and by its owner the role has exactly them, beside a new
    role that one has them and may be assumed. None if nobody knows. ``is_closed``: only break-glass may assume the
    role. ``obstacles`` are sentences about slots that somebody filled, and about ways back that are blocked.
    ``owned`` is how a role stands that its owner changes; None for other ways, and before its documents are generated.
    """

    arn: str
    id: str
    layers_sha256: str = ""
    boundary: str = ""
    has_trial: bool = False
    has_other_trial: bool = False
    has_policies: bool = False
    new_role: t.Optional[NewRole] = None
    made_at: t.Optional[datetime] = None
    has_documents: t.Optional[bool] = None
    is_closed: t.Optional[bool] = None
    last_used: t.Optional[datetime] = None
    obstacles: tuple[str, ...] = ()
    owned: t.Optional[Owned] = None


@dataclasses.dataclass(frozen=True)
class Proposal:
    """The documents of a role as this run proved them: new ones, or the kept ones again.

    ``outcome`` is as in :mod:`_prediction.least_privilege`, with a ``reason`` if it is not ``proved``. ``breakage``
    says what the prediction expects to break, and ``failure`` why there are no documents that can be used.
    ``has_other_before``: the kept documents have other old policies than the role, which its owner changes.
    """

    content_sha256: str = ""
    layers_sha256: str = ""
    outcome: str = ""
    reason: str = ""
    breakage: str = ""
    failure: str = ""
    documents: tuple[Document, ...] = ()
    has_other_before: bool = False


@dataclasses.dataclass(frozen=True)
class Situation:
    """One role in one run. What was not read is None, and then no gate that needs it passes.

    ``target`` is the target that selects it; None for a role that has records and is no longer selected. ``live`` is
    None for a role that does not exist any more. ``handout`` is what its owner can apply, if there is something.
    ``other_campaign`` says which campaign has the role under way, and what to do; empty if none has.
    """

    role_arn: str
    past: Past
    live: t.Optional[LiveRole] = None
    target: t.Optional[Target] = None
    proposal: t.Optional[Proposal] = None
    surroundings: t.Optional[Surroundings] = None
    watched: t.Optional[Watched] = None
    handout: t.Optional[Handout] = None
    other_campaign: str = ""

    @property
    def way(self) -> t.Optional[Way]:
        """The way of the records, else the declared one."""
        return self.past.way or (self.target.way if self.target else None)

    @property
    def is_canary(self) -> bool:
        """Whether the role is a canary by the declaration."""
        return self.target is not None and self.target.is_canary

    @property
    def name(self) -> str:
        """The role for people: its kind and name."""
        return f"role/{self.role_arn.rpartition('/')[2]}"

    def find_start(self, kind: Kind) -> t.Optional[datetime]:
        """Find when the soak after an event began: never before AWS's own dates of what was made.

        Anybody who can write to the journal can date a record back. None if it has not begun, or AWS's dates are
        missing although the campaign made something.
        """
        since = self.past.since.get(kind)
        made = self.live.made_at if self.live else None
        if since is None or (made is None and self.way is not Way.BY_OWNER):
            return None
        return max(since, made) if made else since


@dataclasses.dataclass(frozen=True)
class Soak:
    """How long a role has still to be watched after an event."""

    since: datetime
    ends: datetime
    is_over: bool
    days_left: float


def measure(since: datetime, days: int, now: datetime, *, delivery: timedelta = timedelta()) -> Soak:
    """Measure a soak. ``delivery`` is how long events of its end may be on their way."""
    ends = since + timedelta(days=days)
    left = max(timedelta(), ends + delivery - now)
    return Soak(since, ends, is_over=not left, days_left=left / timedelta(days=1))


def find_watch_start(declared: Declared, situation: Situation) -> t.Optional[datetime]:
    """Find the moment since when the denials of a role have to be read in this run; None if no gate needs them.

    A canary is judged since its stage began by every cut-over, the others since their own cut-over.
    """
    kind = Kind.OPENED if declared.stage is Stage.CUT_OVER or situation.past.reached is Kind.OPENED else Kind.CUT_OVER
    return situation.find_start(kind)
