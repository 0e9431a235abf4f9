# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The records of drills in the place of the journal: the one that is under way, and those that are over."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..._converge.incident.drills import is_drill_id
from ..._converge.store import ConflictError, Store, StoreError
from .record import Drill, State

FOLDER: t.Final = "control/drills/"
CURRENT: t.Final = f"{FOLDER}current.json"
DONE: t.Final = f"{FOLDER}done/"
#: A drill that no step was made of for so long was killed.
DEAD_AFTER: t.Final = timedelta(minutes=30)
_MOST_SHOWN: t.Final = 12


class BusyError(Exception):
    """Another job works on a drill."""


@dataclasses.dataclass(frozen=True)
class Archive:
    """The records, as the job ``holder`` works on them."""

    store: Store
    holder: str

    def find_unfinished(self) -> t.Optional[Drill]:
        """The drill that is not over; None without one. Raises StoreError."""
        drill, _version = self._read()
        return None if drill is None or drill.state is State.OVER else drill

    def take(self, drill: Drill, now: datetime) -> Drill:
        """Begin a drill, or take an unfinished one over.

        :raises BusyError: another job was quicker, or another drill is not over.
        :raises StoreError: the record can't be read or written.
        """
        present, version = self._read()
        if present is not None and present.state is not State.OVER and present.id != drill.id:
            raise BusyError(describe_other(present))
        taken = dataclasses.replace(drill, holder=self.holder, renewed=now)
        try:
            self.store.swap(CURRENT, taken.as_bytes(), version)
        except ConflictError:
            raise BusyError("another drill began in the same moment. Wait until it is over") from None
        return taken

    def read_own(self, drill_id: str) -> Drill:
        """The drill that this job works on.

        :raises BusyError: it is over, or another job has taken it over.
        :raises StoreError: the record can't be read.
        """
        drill, _version = self._read()
        if drill is None or drill.id != drill_id or drill.state is State.OVER or drill.holder != self.holder:
            raise BusyError(f"{drill_id or 'the drill'} is not the drill of this job")
        return drill

    def write(self, drill: Drill, now: datetime) -> Drill:
        """Write how far a drill is. Raises BusyError: another job has taken it over. Raises StoreError."""
        present, version = self._read()
        if present is None or present.id != drill.id or present.holder != self.holder:
            raise BusyError(f"another job has taken {drill.id} over")
        written = dataclasses.replace(drill, renewed=now)
        try:
            self.store.swap(CURRENT, written.as_bytes(), version)
        except ConflictError:
            raise BusyError(f"another job has taken {drill.id} over") from None
        return written

    def keep(self, report: Mapping[str, t.Any]) -> str:
        """Keep the report of a drill that is over. It is never replaced; one that is there already stays.

        :raises StoreError: it can't be written.
        """
        key = f"{DONE}{report['id']}.json"
        if self.store.get(key) is not None:
            return f"{self.store.location.rstrip('/')}/{key}"
        return self.store.put_new(key, (json.dumps(report, indent=1, sort_keys=True) + "\n").encode())

    def read_former(self) -> list[dict[str, t.Any]]:
        """The reports of the newest drills, the oldest first. One that is malformed is left out. Raises StoreError."""
        keys = [key for key in self.store.list(DONE) if is_drill_id(_name(key))]
        found = []
        for key in keys[-_MOST_SHOWN:]:
            try:
                document = json.loads(self.store.get(key) or b"")
            except ValueError:
                continue
            if isinstance(document, dict) and document.get("id") == _name(key):
                found.append(document)
        return found

    def _read(self) -> tuple[t.Optional[Drill], t.Optional[str]]:
        found = self.store.get_versioned(CURRENT)
        if found is None:
            return None, None
        try:
            return Drill.of_bytes(found[0]), found[1]
        except ValueError as error:
            place = f"{self.store.location.rstrip('/')}/{CURRENT}"
            raise StoreError(f"{place}: {error}. Find out who wrote it, and restore the version before") from error


def _name(key: str) -> str:
    return key.removeprefix(DONE).removesuffix(".json")


def describe_other(drill: Drill) -> str:
    """Say that another drill is under way."""
    return (
        f"{drill.id} in account {drill.account_id}, begun by {drill.person}, is not over. Wait for it; if its job was "
        f"killed, set containment_drill_break={drill.id}"
    )
