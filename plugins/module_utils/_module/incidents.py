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
from .._converge.incident.freeze import Freeze, read_freeze
from .._converge.store import Store, StoreError


@dataclasses.dataclass(frozen=True)
class Incidents:
    """The records of incidents in the place of the journal. ``writes`` says whether the run may change accounts."""

    store: Store
    writes: bool
    warn: Callable[[str], None]
    _known: dict[str, Freeze] = dataclasses.field(default_factory=dict)

    def read(self, account_id: str) -> Freeze:
        """Read what is frozen in an account now.

        If the place can't be read, a run that writes may change nothing there. Others warn: they write nothing, and
        their plan shows what a run with a readable journal would do.
        """
        try:
            freeze = read_freeze(self.store, account_id, self._known.get(account_id, Freeze()))
        except StoreError as error:
            if self.writes:
                return Freeze.of_problem(account_id, self.store.location, str(error))
            self.warn(f"it is not known whom incidents of account {account_id} contain: {error}")
            return Freeze(account_id)
        self._known[account_id] = freeze
        return freeze

    def find_refusal(self, change: Change) -> t.Optional[Refusal]:
        """Refuse a change that an incident forbids now: it may have been declared after the plan was made."""
        return self.read(change.account_id).find_refusal(change)

    def refuse_elsewhere(self, changes: Sequence[Change], account_id: str) -> tuple[tuple[Change, Refusal], ...]:
        """The changes in other accounts than this one that incidents forbid, with the refusals."""
        others = {change.account_id: None for change in changes if change.account_id != account_id}
        freezes = {other: self.read(other) for other in others}
        found = ((change, freezes.get(change.account_id, Freeze()).find_refusal(change)) for change in changes)
        return tuple((change, refusal) for change, refusal in found if refusal)
