# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The records of rotations in a store, beside the journal. Pure, since a store is a protocol."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._converge.event_log import read_log, write_next
from ..._converge.store import Store
from .records import Event, make_prefix


@dataclasses.dataclass(frozen=True)
class Broken:
    """A file with the name of a record that is none."""

    number: int
    key: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Log:
    """What a store has of one user."""

    events: tuple[Event, ...] = ()
    broken: tuple[Broken, ...] = ()
    number: int = 0


class Archive:
    """The records of the rotations in one account."""

    def __init__(self, store: Store, account_id: str) -> None:
        self._store = store
        self._account_id = account_id

    def read(self, user: str, user_id: str) -> Log:
        """Read the records of a user.

        :raises StoreError: the store can't be read.
        """
        events: list[Event] = []
        broken: list[Broken] = []
        number = 0
        for stored in read_log(self._store, make_prefix(self._account_id, user, user_id)):
            number = stored.number
            try:
                event = Event.of_bytes(stored.content, number=number, key=stored.key, stored_at=stored.at)
            except ValueError as error:
                broken.append(Broken(number, stored.key, str(error)))
            else:
                events.append(event)
        return Log(tuple(events), tuple(broken), number)

    def write(self, event: Event, log: Log) -> None:
        """Write the next record of a user. Of two runs that did the same at the same time, one writes.

        :raises StoreError: it can't be written, or another run has recorded something else meanwhile.
        """
        prefix = make_prefix(self._account_id, event.user_arn.rpartition("/")[2], event.user_id)
        write_next(
            self._store,
            prefix,
            log.number,
            event.stage.value,
            event.as_bytes(),
            is_same=lambda content: _is_same(content, event),
        )


def _is_same(content: bytes, event: Event) -> bool:
    """Whether a record, which another run wrote, means the same as an event."""
    try:
        other = Event.of_bytes(content)
    except ValueError:
        return False
    return _identify(other) == _identify(event)


def _identify(event: Event) -> tuple[t.Any, ...]:
    return event.stage, event.account_id, event.user_arn, event.user_id, event.old_key, event.new_key
