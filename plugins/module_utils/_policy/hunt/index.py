# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The first look at all events: who opened which session, and who made which key.

It keeps what is distinct, and no event. So it may see those of a whole organization.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from collections.abc import Iterable
from datetime import datetime

from .doors import find_made, short_principals
from .event import Event
from .gaps import TrailChange, read_trail_change
from .links import Minted, find_minted, find_switch, short_name
from .question import Question

# More sessions than these are not followed. An account that opens one each second has as many in a week.
_MOST_MINTS: t.Final = 1_000_000


@dataclasses.dataclass(frozen=True)
class Mint:
    """An event that made a key: the key, the key and the principal that called, and the address that it came from."""

    minted: Minted
    event_id: str
    shared_event_id: str
    event_name: str
    time: datetime
    account_id: str
    parent_key: str
    parent: str
    parent_id: str
    address: str


class Index:
    """What the first look finds."""

    def __init__(self, question: Question) -> None:
        self._question: t.Final = question
        self._mints: t.Final[dict[str, list[Mint]]] = {}
        self._by_parent: t.Final[collections.defaultdict[str, list[Mint]]] = collections.defaultdict(list)
        #: The principals behind the seeds, by their short names, with their ARNs.
        self.seeds: t.Final[dict[str, str]] = {}
        self.trail_changes: t.Final[list[TrailChange]] = []
        #: What was made or changed, by the key and by the principal that did it: short names of principals.
        self._made: t.Final[collections.defaultdict[str, set[str]]] = collections.defaultdict(set)
        #: The principals that somebody made, by their short names.
        self.made: t.Final[set[str]] = set()
        #: The time of the first event of each account.
        self.firsts: t.Final[dict[str, datetime]] = {}
        self.is_complete = True

    def add(self, event: Event) -> None:
        """Look at an event."""
        first = self.firsts.get(event.account_id)
        if first is None or event.time < first:
            self.firsts[event.account_id] = event.time
        change = read_trail_change(event)
        if change is not None:
            self.trail_changes.append(change)
        question = self._question
        is_seed = event.access_key_id in question.keys or question.names_principal(event)
        if is_seed and short_name(event.principal_arn):
            self.seeds.setdefault(short_name(event.principal_arn), event.principal_arn)
        for minted in find_minted(event):
            self._add_mint(_make_mint(event, minted))
        self._add_made(event)

    def _add_made(self, event: Event) -> None:
        made = find_made(event)
        maker, targets = event.access_key_id or short_name(event.principal_arn), short_principals(made)
        switched = short_name(find_switch(event))
        if switched:
            maker, targets = switched, frozenset({short_name(event.principal_arn)} - {""})
        if not targets or not maker or len(self._made) >= _MOST_MINTS:
            return
        self._made[maker] |= targets
        if made is not None and made.is_new:
            self.made.update(targets)
        self._made[short_name(event.principal_arn)] |= targets

    def _add_mint(self, mint: Mint) -> None:
        key = mint.minted.key_id
        if key not in self._mints and len(self._mints) >= _MOST_MINTS:
            self.is_complete = False
            return
        known = self._mints.setdefault(key, [])
        known.append(mint)
        # By the key, or where the event shows none, by the principal: a person in the console.
        self._by_parent[mint.parent_key or mint.parent].append(mint)
        if mint.parent_key and mint.parent:
            self._by_parent[mint.parent].append(mint)
        if key in self._question.keys and mint.minted.principal:
            self.seeds.setdefault(short_name(mint.minted.principal), mint.minted.principal)

    def mints_of(self, key_id: str) -> tuple[Mint, ...]:
        """The events that made a key: one, or two if both accounts have it."""
        return tuple(self._mints.get(key_id, ()))

    def follow(self, beginnings: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Follow keys and principals, by short names, to all that was made with them, hop by hop.

        Returns the keys, and the short names of the principals. What a principal makes counts only if it was made.
        """
        waiting, keys, principals = collections.deque(beginnings), set(), set()
        seen: set[str] = set()
        while waiting:
            one = waiting.popleft()
            if one in seen:
                continue
            seen.add(one)
            for mint in self._by_parent.get(one, ()):
                keys.add(mint.minted.key_id)
                principals.add(short_name(mint.minted.principal))
                waiting.append(mint.minted.key_id)
            made = self._made.get(one, set())
            principals |= made
            waiting.extend(made)
        return frozenset(keys), frozenset(principals - {""})


def _make_mint(event: Event, minted: Minted) -> Mint:
    return Mint(
        minted=minted,
        event_id=event.event_id,
        shared_event_id=event.shared_event_id,
        event_name=event.name,
        time=event.time,
        account_id=event.account_id,
        parent_key=event.access_key_id,
        parent=short_name(event.principal_arn),
        parent_id=event.principal_id,
        address=event.source_address,
    )
