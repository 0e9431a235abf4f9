# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the incidents of the accounts of one module freeze, as its run reads it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Sequence

from .._converge.change import Change, Refusal
from .._converge.errors import GuardError
from .._converge.incident.freeze import UNREADABLE_RULE, Freeze, read_freeze
from .._converge.store import Store, StoreError


@dataclasses.dataclass(frozen=True)
class Incidents:
    """The records of incidents in the place of the journal, as one run reads them.

    ``incident`` is the id of the incident that the run is part of, which does not hold it back. With ``contains`` a
    record that is malformed is a warning: else anybody who can put an object there could prevent a containment.
    """

    store: Store
    warn: Callable[[str], None]
    incident: str = ""
    contains: bool = False
    _known: dict[str, Freeze] = dataclasses.field(default_factory=dict)
    _unread: dict[str, str] = dataclasses.field(default_factory=dict)

    def read(self, account_id: str) -> Freeze:
        """Read what is frozen in an account, for a plan. A place that can't be read is a warning: it stops writes."""
        try:
            return self._read(account_id)
        except StoreError as error:
            self._unread[account_id] = str(error)
            self.warn(f"it is not known whom incidents of account {account_id} contain: {error}")
            return Freeze(account_id)

    def check(self) -> None:
        """Make sure that the plan was held against the records.

        :raises GuardError: a place could not be read.
        """
        if self._unread:
            refusals = [
                Refusal(UNREADABLE_RULE, f"it is not known whom incidents contain: {error}", account_id, fatal=True)
                for account_id, error in self._unread.items()
            ]
            raise GuardError(refusals)

    def find_refusal(self, change: Change) -> t.Optional[Refusal]:
        """Refuse a change that an incident forbids now: it may have been declared after the plan was made.

        :raises StoreError: the place can't be read.
        """
        return self._read(change.account_id).find_refusal(change, except_for=self.incident)

    def _read(self, account_id: str) -> Freeze:
        known = self._known.get(account_id, Freeze())
        freeze = read_freeze(self.store, account_id, known)
        self._known[account_id] = freeze
        return self._leave_out_unread(freeze, known) if self.contains else freeze

    def lacks_index(self, account_id: str) -> bool:
        """Whether released records of an account were read, because their index does not have them."""
        return self._known.get(account_id, Freeze()).lacks_index

    def _leave_out_unread(self, freeze: Freeze, known: Freeze) -> Freeze:
        """The same without the records that are malformed or can't be read. Each is warned of once."""
        for held in freeze.held:
            if held.record is None and held not in known.held:
                self.warn(f"the containment goes on, although a record can't be believed: {held.place}: {held.problem}")
        return dataclasses.replace(freeze, held=tuple(held for held in freeze.held if held.record is not None))

    def refuse_elsewhere(self, changes: Sequence[Change], account_id: str) -> tuple[tuple[Change, Refusal], ...]:
        """The changes in other accounts than this one that incidents forbid, with the refusals."""
        others = {change.account_id: None for change in changes if change.account_id != account_id}
        freezes = {other: self.read(other) for other in others}
        found = (
            (change, freezes.get(change.account_id, Freeze()).find_refusal(change, except_for=self.incident))
            for change in changes
        )
        return tuple((change, refusal) for change, refusal in found if refusal)
