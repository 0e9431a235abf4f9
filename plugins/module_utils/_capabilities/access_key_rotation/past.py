# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How far the rotation of a user's key is by its records, and which of them contradict each other. Pure.

Anybody who can write to the journal can write a record. One that contradicts the others stops the rotation of its user
until somebody has looked. The times of records only ever delay a step: what AWS says of the keys decides.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from .archive import Log
from .model import ENDS, Stage, make_version_id
from .records import Event

# Clocks of two hosts differ a little.
SKEW: t.Final = timedelta(minutes=1)


@dataclasses.dataclass(frozen=True)
class Identity:
    """The user that records are to be about, as it is now."""

    account_id: str
    user_arn: str
    user_id: str
    now: datetime


@dataclasses.dataclass(frozen=True)
class Past:
    """How far a rotation is. ``reached`` is None where none is under way.

    ``since`` has the time of each stage, never before the store says that its record was written. ``doubts`` are the
    records that are not believed, with the reasons.
    """

    reached: t.Optional[Stage] = None
    last: t.Optional[Event] = None
    since: Mapping[Stage, datetime] = dataclasses.field(default_factory=dict)
    latest: t.Optional[datetime] = None
    number: int = 0
    doubts: tuple[tuple[str, str], ...] = ()


# By stage: the ones that it may follow. A key that somebody activated again is verified and deactivated again.
_BEFORE: t.Final[Mapping[Stage, frozenset[t.Optional[Stage]]]] = {
    Stage.CREATED: frozenset({None}),
    Stage.DISTRIBUTED: frozenset({Stage.CREATED}),
    Stage.VERIFIED: frozenset({Stage.DISTRIBUTED, Stage.OLD_INACTIVE}),
    # Somebody else may have deactivated the old key, in an incident for one.
    Stage.OLD_INACTIVE: frozenset({Stage.CREATED, Stage.DISTRIBUTED, Stage.VERIFIED, Stage.OLD_INACTIVE}),
    Stage.OLD_DELETED: frozenset({Stage.CREATED, Stage.DISTRIBUTED, Stage.VERIFIED, Stage.OLD_INACTIVE}),
    Stage.ROLLED_BACK: frozenset({Stage.CREATED, Stage.DISTRIBUTED, Stage.VERIFIED, Stage.OLD_INACTIVE}),
}


def replay(log: Log, identity: Identity) -> Past:
    """Replay the records of a user in their order."""
    past = Past()
    files: list[tuple[int, str, t.Union[Event, str]]] = [
        *((event.number, event.key, event) for event in log.events),
        *((item.number, item.key, item.reason) for item in log.broken),
    ]
    for number, key, event in sorted(files, key=lambda item: item[:2]):
        reason = event if isinstance(event, str) else _find_contradiction(past, event, identity)
        if number != past.number + 1:
            reason = reason or f"record {past.number + 1} is missing, or there is another with number {number}"
        past = dataclasses.replace(past, number=max(past.number, number))
        if reason:
            past = dataclasses.replace(past, doubts=(*past.doubts, (key, reason)))
        elif isinstance(event, Event):
            past = _apply(past, event)
    return past


def _find_contradiction(past: Past, event: Event, identity: Identity) -> str:
    """Explain what a record contradicts; empty if it agrees with the user, the clock and the others."""
    if event.account_id != identity.account_id:
        return f"it is of account {event.account_id}"
    if event.user_arn.lower() != identity.user_arn.lower() or event.user_id != identity.user_id:
        return f"it is of {event.user_arn} with the id {event.user_id}"
    if event.at > identity.now + SKEW:
        return f"its time, {format_utc(event.at)}, is in the future"
    if past.latest is not None and event.at < past.latest - SKEW:
        return f"its time, {format_utc(event.at)}, is before the record before it"
    if event.version_id != make_version_id(event.account_id, event.user_id, event.new_key):
        return "its version_id does not belong to its new key"
    if past.reached not in _BEFORE[event.stage]:
        return f"it says {event.stage.value!r}, and before it is {past.reached.value if past.reached else 'nothing'}"
    return _find_other_rotation(past, event)


def _find_other_rotation(past: Past, event: Event) -> str:
    known = past.last
    if known is None or past.reached is None:
        return ""
    for name in ("old_key", "new_key", "secret_arn", "previous"):
        if getattr(event, name) != getattr(known, name):
            return f"its {name} is another than that of the record before it"
    return ""


def _apply(past: Past, event: Event) -> Past:
    latest = max(past.latest or event.at, event.at)
    if event.stage in ENDS:
        return Past(latest=latest, number=past.number, doubts=past.doubts)
    moment = max(latest, event.stored_at or latest)
    return dataclasses.replace(
        past, reached=event.stage, last=event, since={**past.since, event.stage: moment}, latest=latest
    )
