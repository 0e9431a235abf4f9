# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The records and documents of a campaign in a store. Pure, since a store is a protocol.

A document is kept under its hash and checked when it is read, so nobody can exchange it unseen.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t
import urllib.parse
from collections.abc import Sequence

from ..._converge.event_log import MOST_NUMBER, make_key, parse_number, read_log, write_new
from ..._converge.store import Store, StoreError
from .records import Event, make_prefix, make_root

_ROOT: t.Final = "campaigns/"


class DocumentError(Exception):
    """A document is missing in the store, or somebody changed it; the message names the place."""


@dataclasses.dataclass(frozen=True)
class Broken:
    """A file with the name of a record that is none."""

    number: int
    key: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Log:
    """What a store has of one role. ``foreign`` are the keys of files that no run writes."""

    events: tuple[Event, ...] = ()
    broken: tuple[Broken, ...] = ()
    foreign: tuple[str, ...] = ()
    number: int = 0

    def add(self, event: Event) -> Log:
        """The log with one more record, whose date in the store is not known yet."""
        number = self.number + 1
        return dataclasses.replace(
            self, events=(*self.events, dataclasses.replace(event, number=number)), number=number
        )


def list_campaigns(store: Store, account_id: str) -> tuple[str, ...]:
    """List the campaigns of an account that have records.

    :raises StoreError: the store can't be read.
    """
    return tuple(folder.rstrip("/") for folder in store.folders(f"{_ROOT}{account_id}/"))


class Archive:
    """The records and documents of one campaign."""

    def __init__(self, store: Store, account_id: str, campaign: str) -> None:
        self._store = store
        self._account_id = account_id
        self.campaign: t.Final = campaign

    def locate(self, key: str) -> str:
        """Name the place of a key, for people."""
        return f"{self._store.location.rstrip('/')}/{key}"

    def list_roles(self) -> tuple[str, ...]:
        """List the names of the roles that have records: also those that no target selects any more.

        :raises StoreError: the store can't be read.
        """
        folders = self._store.folders(make_root(self._account_id, self.campaign))
        return tuple(urllib.parse.unquote(folder.rstrip("/")) for folder in folders)

    def read(self, role_name: str) -> Log:
        """Read the records of a role.

        :raises StoreError: the store can't be read.
        """
        prefix = make_prefix(self._account_id, self.campaign, role_name)
        events: list[Event] = []
        broken: list[Broken] = []
        number = 0
        for stored in read_log(self._store, prefix):
            number = stored.number
            try:
                event = Event.of_bytes(stored.content, number=number, key=stored.key, stored_at=stored.at)
            except ValueError as error:
                broken.append(Broken(number, stored.key, str(error)))
            else:
                events.append(event)
        return Log(tuple(events), tuple(broken), tuple(self._list_foreign(prefix)), number)

    def _list_foreign(self, prefix: str) -> t.Iterator[str]:
        for key in self._store.list(prefix):
            name = key.removeprefix(prefix)
            if not name.startswith("documents/") and ("/" in name or parse_number(name) is None):
                yield key

    def write(self, event: Event, log: Log) -> t.Optional[Event]:
        """Write the next record of a role; the record of another run if that wrote the same at the same time.

        :raises StoreError: it can't be written, or another run has recorded something else meanwhile.
        """
        name = event.role_arn.rpartition("/")[2]
        prefix = make_prefix(self._account_id, self.campaign, name)
        number = log.number + 1
        if number > MOST_NUMBER:
            raise StoreError(
                f"{self.locate(prefix)} has a record with number {log.number}, which no run writes; move it away"
            )
        # Keys of other kinds with this number do not exist for put_new.
        taken = [
            key for key in self._store.list(f"{prefix}{number:06d}-") if key != prefix + make_key(number, event.kind)
        ]
        if taken:
            raise StoreError(f"{self.locate(taken[0])} was written by another run; run again")
        key = prefix + make_key(number, event.kind.value)
        other = write_new(self._store, key, event.as_bytes(), is_same=lambda content: _is_same(content, event))
        return None if other is None else Event.of_bytes(other, number=number, key=key)

    def keep_document(self, role_name: str, content: bytes) -> str:
        """Keep a document under its hash, and return the hash. The same document is kept once.

        :raises StoreError: it can't be written, or something else is in its place.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        write_new(
            self._store, self._make_document_key(role_name, sha256), content, is_same=lambda other: other == content
        )
        return sha256

    def read_document(self, role_name: str, sha256: str) -> bytes:
        """Read a document.

        :raises DocumentError: it is missing, or its content has another hash.
        :raises StoreError: the store can't be read.
        """
        key = self._make_document_key(role_name, sha256)
        content = self._store.get(key)
        if content is None:
            raise DocumentError(f"the document {self.locate(key)} is missing; run stage generate again")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DocumentError(
                f"somebody changed the document {self.locate(key)}: its hash is another. Move it away, and run stage "
                "generate again"
            )
        return content

    def _make_document_key(self, role_name: str, sha256: str) -> str:
        return f"{make_prefix(self._account_id, self.campaign, role_name)}documents/{sha256}.json"


def _is_same(content: bytes, event: Event) -> bool:
    """Whether a record, which another run wrote, means the same as an event."""
    try:
        other = Event.of_bytes(content)
    except ValueError:
        return False
    return _identify(other) == _identify(event)


def _identify(event: Event) -> Sequence[t.Union[str, bool]]:
    return (
        event.kind,
        event.account_id,
        event.campaign,
        event.role_arn,
        event.role_id,
        event.way,
        event.content_sha256,
        event.parallel_id,
    )
