# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The folder of a hunt in the place of reports: ``incident/<id>/``, or ``hunt/<run id>/`` without an incident.

Each account has a folder in it, with what was read there. The files about all accounts lie beside them.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from ..._account.account_id import is_account_id
from ..._converge.errors import InputError
from ..._converge.incident.names import is_incident_id
from ..._converge.store import ConflictError, Store, StoreError
from ..._module.stores import lock_evidence
from ..._module.task import Task, TaskError
from ..._policy.hunt.event import Event
from ..._policy.hunt.gaps import RegionRead
from ..._prediction.hunting.kept import HuntState, KeptRecord, read_records, write_records
from ..._prediction.hunting.kept_state import Present, read_present, write_present
from ..._report import manifest
from ..._report.incident_variables import SEEN, write_seen

TIMELINE: t.Final = "timeline.jsonl"
DOCUMENT: t.Final = "hunt.json"
RECORDS: t.Final = "records.json.gz"
STATE: t.Final = "state.json"
QUERIES: t.Final = "queries.jsonl"
MANIFEST: t.Final = "manifest.json"
PRESENT: t.Final = "present.json"
# So many others may write in the same moment.
_ATTEMPTS: t.Final = 8


@dataclasses.dataclass(frozen=True)
class Workspace:
    """The folder. ``store`` is None where no files are wanted; ``locked`` is the place of locked evidence."""

    store: t.Optional[Store]
    folder: str
    run_id: str
    locked: t.Optional[Store] = None

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The folder of a task.

        :raises TaskError: the id of the incident can't be part of a path, or the evidence can't be locked.
        """
        incident = task.options["incident_id"] or ""
        if incident and not is_incident_id(incident):
            raise TaskError(f"incident_id: {incident!r} is not an id of an incident")
        folder = f"incident/{incident}" if incident else f"hunt/{task.run_id}"
        if not task.has_reports:
            return cls(None, folder, task.run_id)
        try:
            locked = lock_evidence(task.reports, task.options, task.clock())
        except InputError as error:
            raise TaskError(str(error)) from error
        return cls(task.open_store(task.reports), folder, task.run_id, task.open_store(locked) if locked else None)

    @property
    def location(self) -> str:
        """The place of the folder, for people; empty without one."""
        return f"{self.store.location.rstrip('/')}/{self.folder}" if self.store else ""

    def list_accounts(self, file: str = STATE) -> list[str]:
        """The accounts that have left a file for this hunt, with one listing. Raises StoreError."""
        if self.store is None:
            return []
        keys = (key.removeprefix(f"{self.folder}/").partition("/") for key in self.store.list(f"{self.folder}/"))
        return sorted(account for account, _slash, name in keys if name == file and is_account_id(account))

    def _read(self, account_id: str, name: str) -> t.Optional[bytes]:
        """The content of a file of an account. Its id may come from an event, where anything can stand."""
        if self.store is None or not is_account_id(account_id):
            return None
        return self.store.get(f"{self.folder}/{account_id}/{name}")

    def read_state(self, account_id: str) -> HuntState:
        """What the event history of an account was asked. Raises StoreError."""
        content = self._read(account_id, STATE)
        return HuntState.of_bytes(content, account_id)

    def read_records(self, account_id: str) -> list[KeptRecord]:
        """The records of an account. Raises StoreError."""
        content = self._read(account_id, RECORDS)
        return read_records(content)

    def keep(self, account_id: str, state: HuntState, records: Iterable[KeptRecord]) -> None:
        """Keep what was read of an account. Raises StoreError."""
        if self.store is None:
            return
        # The records first: what the state says to be read must be there.
        self._add_records(self.store, f"{self.folder}/{account_id}/{RECORDS}", records)
        self.store.put(f"{self.folder}/{account_id}/{STATE}", state.as_bytes())

    @staticmethod
    def _add_records(store: Store, key: str, records: Iterable[KeptRecord]) -> None:
        """Add records to a file. Another job may hunt at the same time, and its records must not get lost."""
        own = {record.sha256: record for record in records}
        if not own:
            # The others of a fleet read the files of all accounts.
            return
        for _attempt in range(_ATTEMPTS):
            found = store.get_versioned(key)
            present = {record.sha256: record for record in read_records(found[0] if found else None)}
            content = write_records({**present, **own}.values())
            if found and content == found[0]:
                return
            try:
                store.swap(key, content, found[1] if found else None)
            except ConflictError:
                continue
            return
        raise StoreError(f"{store.location.rstrip('/')}/{key} is written by others again and again; run again")

    def keep_present(self, account_id: str, present: Present) -> None:
        """Keep what an account was asked at the end of a hunt. Raises StoreError."""
        if self.store is not None:
            self.store.put(f"{self.folder}/{account_id}/{PRESENT}", write_present(present, account_id))

    def read_present(self, account_id: str) -> Present:
        """What an account was asked at the end of a hunt. Raises StoreError."""
        content = self._read(account_id, PRESENT)
        return read_present(content, account_id)

    def write_evidence(
        self,
        document: Mapping[str, t.Any],
        records: Iterable[KeptRecord],
        queries: Iterable[Mapping[str, t.Any]],
        *,
        account_id: str,
        created: datetime,
    ) -> list[str]:
        """Write the files of evidence, of one account or (empty) of all; returns their places. Raises StoreError."""
        if self.store is None:
            return []
        evidence = self.locked or self.store
        folder = f"{self.folder}/{account_id}" if account_id else self.folder
        files = {
            DOCUMENT: (json.dumps(document, indent=1, sort_keys=True) + "\n").encode(),
            TIMELINE: _as_lines(document["timeline"]),
            QUERIES: _as_lines(queries),
        }
        if not account_id:
            files[RECORDS] = write_records(records)
            files[SEEN] = write_seen(document["incident_id"], document["sessions"])
        else:
            kept = self.store.get(f"{folder}/{RECORDS}")
            files |= {RECORDS: kept} if kept is not None else {}
        made = manifest.build(
            ((f"{folder}/{name}", body) for name, body in files.items()), run_id=self.run_id, created=created
        )
        files[MANIFEST] = (json.dumps(made, indent=2) + "\n").encode()
        return [evidence.put(f"{folder}/{name}", body) for name, body in files.items()]


def _as_lines(rows: Iterable[Mapping[str, t.Any]]) -> bytes:
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()


@dataclasses.dataclass
class Gathered:
    """The records that a hunt works on, each once by its event's id and hash."""

    records: dict[tuple[str, str], KeptRecord] = dataclasses.field(default_factory=dict)
    events: dict[tuple[str, str], Event] = dataclasses.field(default_factory=dict)

    def add(self, records: Iterable[KeptRecord]) -> None:
        """Add records; those that are no events are left out."""
        for record in records:
            event = record.parse()
            if event is None:
                continue
            key = (event.event_id, event.sha256)
            self.records.setdefault(key, record)
            self.events.setdefault(key, event)

    def of_account(self, account_id: str) -> list[KeptRecord]:
        """The records of one account."""
        return [self.records[key] for key, event in self.events.items() if event.account_id == account_id]

    def read(self, *more: Callable[[], Iterator[Event]]) -> Callable[[], Iterator[Event]]:
        """A reading of all events, and of others besides."""

        def read() -> Iterator[Event]:
            yield from self.events.values()
            for one in more:
                yield from one()

        return read


def join_reads(states: Iterable[HuntState]) -> dict[tuple[str, str], RegionRead]:
    """What was read of all accounts."""
    return {key: read for state in states for key, read in state.list_reads()}
