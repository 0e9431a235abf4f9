# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The access keys that an intruder can have made for other users of the account, and what is said of them."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from ...._account.moments import format_utc
from ...._converge.arn import Principal, principal_of
from ...._converge.change import Change
from ...._converge.incident.declaration import Incident
from ...._converge.incident.names import KIND_MINTED
from ...._converge.user_keys import ACTIVE, UPDATE_KEY, Key, KeyRetirer, User
from ...._policy.hunt.event import Event
from ..reach import Unfollowed

Row = dict[str, str]
# The time of an event is that of the request, in whole seconds. The key is made a little later.
_SLACK: t.Final = timedelta(seconds=5)


@dataclasses.dataclass(frozen=True, order=True)
class MintedKey:
    """An active key of another user. ``maker`` made it, as an event says; empty if none does yet.

    ``is_proven``: the maker is one of those whose credentials or sessions are contained. ``is_unjudged``: the events
    of the time when it was made were not read, so there may be one that says who made it.
    """

    user: str
    id: str
    created: datetime
    maker: str = ""
    is_proven: bool = False
    is_unjudged: bool = False


@dataclasses.dataclass(frozen=True)
class Minted:
    """The keys that may be the intruder's, the ways that nobody follows, and what is not known.

    ``since`` is the moment from which keys count.
    """

    since: datetime
    keys: tuple[MintedKey, ...] = ()
    ways: tuple[Unfollowed, ...] = ()
    unread: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Making:
    """A call of CreateAccessKey: the key, the name of its user, and who called."""

    key_id: str
    user: str
    caller: Event


@dataclasses.dataclass(frozen=True)
class Makings:
    """The calls of CreateAccessKey that were read. ``reaches`` is how far back, None if that is all of them.

    ``unread`` says what is not known for it.
    """

    found: tuple[Making, ...] = ()
    reaches: t.Optional[datetime] = None
    unread: tuple[str, ...] = ()


def parse_making(event: t.Optional[Event]) -> t.Optional[Making]:
    """Parse the event of a key that was made; None for any other, and for one that failed."""
    if event is None or event.is_failed or event.name != "CreateAccessKey":
        return None
    made = event.response.get("accessKey")
    key_id, user = (made.get("accessKeyId"), made.get("userName")) if isinstance(made, Mapping) else (None, None)
    return Making(key_id, user, event) if isinstance(key_id, str) and isinstance(user, str) else None


def judge_keys(
    keys: Iterable[MintedKey],
    makings: Makings,
    *,
    incident: Incident,
    makers: Collection[Principal],
) -> tuple[MintedKey, ...]:
    """Judge active keys of others: keep those that the incident made, or of which no event says who did.

    ``makers`` are all that the incident reaches. None of the keys is proven yet.
    """
    named = {key.id for key in incident.keys} | set(incident.known_keys)
    makers_of = {making.key_id: making.caller.principal_arn for making in makings.found}
    found: list[MintedKey] = []
    for key in keys:
        maker = makers_of.get(key.id, "")
        principal = principal_of(maker)
        if key.id in named or (key.id in makers_of and principal not in makers):
            continue
        is_late = makings.reaches is not None and key.created - _SLACK <= makings.reaches
        is_unjudged = is_late and key.id not in makers_of
        found.append(dataclasses.replace(key, maker=maker, is_unjudged=is_unjudged))
    return tuple(sorted(found))


def prove(keys: Iterable[MintedKey], contained: Collection[Principal]) -> tuple[MintedKey, ...]:
    """Prove keys: those that one of the ``contained`` made, who are denied or cut."""
    return tuple(dataclasses.replace(key, is_proven=principal_of(key.maker) in contained) for key in keys)


def make_changes(keys: Iterable[MintedKey], account_id: str) -> tuple[Change, ...]:
    """Make the writes that deactivate keys. Activating them again undoes that."""
    retirer = KeyRetirer(account_id, prefix=KIND_MINTED)
    return tuple(
        retirer.deactivate(User(key.user.rpartition("/")[2], key.user, ""), Key(key.id, ACTIVE, key.created))
        for key in keys
    )


def find_key_id(change: Change) -> str:
    """Find the id of the key that a change deactivates; empty for any other change."""
    return str(change.before["id"]) if change.operation == UPDATE_KEY else ""


def describe_key(key: MintedKey, since: datetime) -> Row:
    """Describe a key that works: why it may be the intruder's, and the entry that contains it."""
    account_id, name = key.user.split(":")[4], key.user.rpartition("/")[2]
    made = f"its access key {key.id} was made at {format_utc(key.created)}"
    if key.maker:
        reason = f"{made} by {key.maker}, which the incident reaches, and it works"
    elif key.is_unjudged:
        reason = f"{made}, and it works; the events of that time were not read, so it is not known who made it"
    else:
        reason = f"{made}, after {format_utc(since)}, and it works; no event says yet who made it"
    entry = f'{{id: {key.id}, user: "{name}", account_id: "{account_id}"}}'
    step = f"add to keys of the incident {entry}, and run again; if it is yours, list {key.id} in known_keys instead"
    return {"principal": key.user, "reason": reason, "next_step": step}
