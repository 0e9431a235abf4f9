# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Before a module writes: the stop switch, the lease of the account, and the fleet caps.

Nothing is ever counted down, so changes are counted last, under the lease.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from .._aws.access import Access
from .._converge.change import Change, Refusal
from .._converge.errors import GuardError
from .._converge.journal import Intent
from .._converge.run_control.fleet_caps import FleetCaps
from .._converge.run_control.lease import Holder, Lease, Permit
from .._converge.run_control.stop_switch import read_stop_switch, refuse_all
from .._converge.store import Store, StoreError
from .options import Run


@dataclasses.dataclass(frozen=True)
class RunControl:
    """One module of a run that is about to write. All its state is below ``control/`` in the place of the journal."""

    store: Store
    account_id: str
    module: str
    run: Run
    permit: Permit
    clock: Callable[[], datetime]
    warn: Callable[[str], None]
    caps: FleetCaps

    def refuse(self, changes: Sequence[Change]) -> tuple[tuple[Change, Refusal], ...]:
        """The changes that may not begin now, with the reasons.

        :raises GuardError: it is not known whether the run is stopped.
        :raises StoreError: the counters of the fleet caps can't be read.
        """
        try:
            stopped = read_stop_switch(self.store)
        except StoreError as error:
            raise GuardError([Refusal("stopped", str(error), self.account_id, fatal=True)]) from error
        if stopped:
            return refuse_all(changes, stopped)
        # Where a cap is reached, no lease is taken either.
        return tuple(zip(changes, self.caps.foresee(self.account_id, changes), strict=False))

    def count(self, changes: Sequence[Change]) -> tuple[tuple[Change, Refusal], ...]:
        """Count changes for the fleet caps, under the lease; those that exceed one, with the reasons.

        :raises StoreError: the counters of the fleet caps can't be read or written.
        """
        return tuple(zip(changes, self.caps.admit(self.account_id, changes), strict=False))

    def is_under_way(self, access: Access, intent: Intent) -> bool:
        """Whether the job of a recorded change holds the lease of the account, and may still conclude it.

        :raises StoreError: the lease can't be read.
        """
        other = self._make_lease(access).find_other()
        if other is None or other.run_id == self.run.broken_lease:
            return False
        return (other.run_id, other.job_id) == (intent.run_id, intent.job_id)

    @contextlib.contextmanager
    def hold_lease(self, access: Access) -> Iterator[Lease]:
        """Write under the lease of the account, and release it unless a later task of the job does.

        :raises GuardError: another job holds it, or it can't be read or written.
        """
        lease = self._make_lease(access)
        self._acquire(lease)
        self.permit.grant(lease)
        try:
            yield lease
        finally:
            self.permit.grant(None)
            if not self.run.keeps_lease:
                self._release(lease)

    def _make_lease(self, access: Access) -> Lease:
        run = self.run
        return Lease(
            self.store,
            Holder(run.id, run.job_id, self.module, access.caller.arn, run.details, keeps=run.keeps_lease),
            partition=access.partition,
            account_id=self.account_id,
            longest_write=access.longest_write,
            clock=self.clock,
        )

    def _acquire(self, lease: Lease) -> None:
        try:
            taken_over = lease.acquire(self.run.broken_lease)
        except StoreError as error:
            raise GuardError([Refusal("lease", str(error), self.account_id, fatal=True)]) from error
        if taken_over:
            self.warn(
                f"{taken_over.describe()} did not release the lease of account {self.account_id}: it was cut off, or "
                "its lease was broken by name. Check its journal"
            )

    def _release(self, lease: Lease) -> None:
        try:
            lease.release()
        except StoreError as error:
            self.warn(f"the lease of the account was not released, and ends by itself: {error}")
