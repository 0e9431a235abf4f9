# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What suspected events made: keys, principals, sessions and addresses, each with the event that made it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .event import Event


@dataclasses.dataclass(frozen=True)
class Taint:
    """Why a key, a principal or a session is suspected: the event that made it, and the keys before it."""

    event_id: str
    chain: tuple[str, ...]
    is_doubtful: bool = False

    def describe(self, what: str) -> str:
        """Describe it in words."""
        doubt = " that may be an intruder's" if self.is_doubtful else " that is suspected"
        return f"{what} was made by event {self.event_id}{doubt}"


@dataclasses.dataclass
class Tainted:
    """What suspected events made, each with its first taint."""

    keys: dict[str, Taint] = dataclasses.field(default_factory=dict)
    sessions: dict[str, Taint] = dataclasses.field(default_factory=dict)
    principals: dict[str, Taint] = dataclasses.field(default_factory=dict)
    touched: dict[str, Taint] = dataclasses.field(default_factory=dict)
    names: dict[str, Taint] = dataclasses.field(default_factory=dict)
    providers: dict[str, Taint] = dataclasses.field(default_factory=dict)
    shared: dict[str, Taint] = dataclasses.field(default_factory=dict)
    addresses: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    identities: dict[str, Taint] = dataclasses.field(default_factory=dict)

    def count(self) -> tuple[int, ...]:
        """How much there is, to see whether a round found anything new."""
        books: tuple[Mapping[str, t.Any], ...] = (
            *(self.keys, self.sessions, self.principals, self.touched, self.names, self.shared, self.addresses),
            *(self.identities, self.providers),
        )
        doubtful = sum(taint.is_doubtful for taint in self.keys.values())
        return (*map(len, books), doubtful, sum(map(len, self.addresses.values())))

    def chain_of(self, event: Event) -> tuple[str, ...]:
        """The keys on the way to an event."""
        key = event.access_key_id
        known = self.keys.get(key) or self.sessions.get(session_of(event))
        own = key or session_of(event) or event.principal_arn
        return (*known.chain, own) if known else (own,)


def session_of(event: Event) -> str:
    """The id of a role's session, ``AROA…:name``; empty for other callers."""
    return f"{event.principal_id}:{event.session_name}" if event.session_name and event.principal_id else ""


def note(book: dict[str, Taint], name: str, taint: Taint) -> None:
    """Note a taint. The first one stays, unless it is doubtful and this one is not."""
    known = book.get(name)
    if known is None or (known.is_doubtful and not taint.is_doubtful):
        book[name] = taint
