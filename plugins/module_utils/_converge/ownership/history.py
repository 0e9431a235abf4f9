# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes of an account that its journal records as made: listed once a run, and each record read once.

In S3 each record is a call. So only the newest ones are read, the search ends where the event history of AWS begins,
and the modules of one run share what was read.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from ..._account.moments import format_moment, parse_moment
from ..change import content_hash
from ..journal import Outcome, ending_at, intent_at, job_order
from ..store import Store
from .judgement import identify

MOST_RECORDS: t.Final = 200
#: LookupEvents knows the events of so many days. Nobody can say who reverted what was made before.
WINDOW: t.Final = timedelta(days=90)
_INTENT: t.Final = re.compile(r"(?P<base>[0-9]{12}/(?P<run>[^/.][^/]*)/(?:[^/.][^/]*/)?[0-9]{6})-intent\.json")
_NUMBER: t.Final = re.compile("[0-9]+")


class Memory(t.Protocol):
    """The facts that the modules of one run share, as JSON has them."""

    def recall(self, name: str) -> t.Any:
        """A fact that another module noted; None if none did."""

    def note(self, name: str, value: t.Any) -> None:
        """Note a fact for the modules that follow."""


@dataclasses.dataclass
class _Record:
    """A change that was announced: what it does, when that was, and how it ended, as far as anybody asked."""

    what: str
    at: datetime
    outcome: str = ""

    @classmethod
    def of(cls, plain: Mapping[str, str]) -> t.Self:
        return cls(plain["what"], parse_moment(plain["at"]), plain["outcome"])

    def as_dict(self) -> dict[str, str]:
        return {"what": self.what, "at": format_moment(self.at), "outcome": self.outcome}


class History:
    """The newest changes that the journal of an account has. ``memory`` is that of the run, where there is one."""

    def __init__(self, store: Store, account_id: str, *, now: datetime, memory: t.Optional[Memory] = None) -> None:
        self._store = store
        self._account_id = account_id
        self._since = now - WINDOW
        self._memory = memory
        self._name = f"journal {store.location}"

    def find_made(self, wanted: Collection[tuple[str, ...]]) -> dict[tuple[str, ...], list[datetime]]:
        """Find when each of the ``wanted`` changes was made, oldest first. They are named as ``identify`` does.

        :raises StoreError: the journal or one of its records can't be read: it may be one of a wanted change.
        """
        by_hash = {content_hash(identity): identity for identity in wanted}
        found: dict[tuple[str, ...], list[datetime]] = {identity: [] for identity in wanted}
        known = self._recall()
        records = self._read() if known is None else known
        is_more = known is None
        for base, record in records.items():
            if record.what not in by_hash:
                continue
            if not record.outcome:
                record.outcome, is_more = ending_at(self._store, base).outcome.value, True
            if record.outcome == Outcome.APPLIED:
                found[by_hash[record.what]].append(record.at)
        if self._memory and is_more:
            self._memory.note(self._name, {base: record.as_dict() for base, record in records.items()})
        return {identity: sorted(moments) for identity, moments in found.items()}

    def _recall(self) -> t.Optional[dict[str, _Record]]:
        noted = self._memory.recall(self._name) if self._memory else None
        return None if noted is None else {base: _Record.of(plain) for base, plain in noted.items()}

    def _read(self) -> dict[str, _Record]:
        """Read the newest intents."""
        records: dict[str, _Record] = {}
        # Ids of AWX, the times of other runs, and ids with a prefix are different orders. Each ends by itself.
        ended: set[str] = set()
        left = MOST_RECORDS
        for run_id, base in self._list_newest():
            order = _NUMBER.sub("0", run_id)
            if order in ended:
                continue
            if not left:
                break
            left -= 1
            intent = intent_at(self._store, base)
            if intent.at is not None and intent.at < self._since:
                ended.add(order)
            elif intent.at is not None and not intent.change.undoes:
                records[base] = _Record(content_hash(identify(intent.change)), intent.at)
        return records

    def _list_newest(self) -> list[tuple[str, str]]:
        """List the runs and keys of the intents of the account. Of runs with like ids the newest is the first."""
        matches = filter(None, map(_INTENT.fullmatch, self._store.list(f"{self._account_id}/")))
        found = [(match["run"], match["base"]) for match in matches]
        return sorted(found, key=lambda entry: (job_order(entry[0]), entry[1]), reverse=True)
