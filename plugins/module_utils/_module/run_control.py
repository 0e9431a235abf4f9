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
import itertools
import os
import typing as t
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from .._account.answer import NO, No, Unknown, Yes
from .._aws.access import Access
from .._converge.change import Change, Refusal
from .._converge.doubts import Doubts, doubt_directory
from .._converge.errors import GuardError
from .._converge.journal import Intent
from .._converge.run_control.fleet_caps import FleetCaps
from .._converge.run_control.holders import Held, Holder
from .._converge.run_control.lease import CLOCK_MARGIN, LEASES, HeldError, Lease, Permit
from .._converge.run_control.processes import find_host, name_pid
from .._converge.run_control.stop_switch import RULE as STOPPED_RULE
from .._converge.run_control.stop_switch import read_stop_switch, refuse_all
from .._converge.store import Store, StoreError
from .incidents import Incidents
from .options import Run
from .run_files import RunFiles
from .task import Task

# The rule of a refusal because another job writes in the account.
LEASE_RULE: t.Final = "lease"
# So long a containment waits for another one in the account, and so often it looks meanwhile (seconds).
_CONTAINMENT_WAITS: t.Final = 60.0
_PAUSE: t.Final = 3.0
# A containment renews its lease before each write, unless it is younger than this. One that has not done so for several
# looks was killed, or it hangs. In an incident nobody has the time to find out which: both want the same end, and the
# one that lost its lease writes no more.
_RENEWED_AFTER: t.Final = timedelta(seconds=3)
_SILENT_LOOKS: t.Final = 5
# What the place of the journal is tried with. The roles that write may write leases, and this among them.
#: The object with which conditional writes are tried.
PROBE: t.Final = f"{LEASES}probe"
_KEPT: t.Final = "kept"
_IGNORED: t.Final = (
    "journal (hardening_journal): {location} can't keep two jobs apart: {ignored}.\n"
    "Set hardening_journal to S3 of AWS, to another place that keeps to conditional writes, or to a directory if all "
    "jobs run on one machine."
)


@dataclasses.dataclass(frozen=True)
class RunControl:
    """One module of a run that is about to write. All its state is below ``control/`` in the place of the journal.

    In an ``emergency`` neither the stop switch nor a fleet cap holds a change back, and the lease of another job is
    taken over: that of a job that contains principals or releases them as well only if it seems to be killed.
    """

    store: Store
    account_id: str
    module: str
    run: Run
    permit: Permit
    clock: Callable[[], datetime]
    warn: Callable[[str], None]
    caps: FleetCaps
    incidents: Incidents
    sleep: Callable[[float], None]
    emergency: bool = False
    files: t.Optional[RunFiles] = None

    @classmethod
    def of(
        cls,
        task: Task,
        store: Store,
        *,
        account_id: str,
        module: str,
        sleep: Callable[[float], None],
        incidents: t.Optional[Incidents] = None,
    ) -> t.Self:
        """The control of a task. ``store`` is the place of the journal, and ``account_id`` that of the credentials.

        ``incidents`` are given for a run that is part of an incident.
        """
        return cls(
            store=store,
            account_id=account_id,
            module=module,
            run=task.run,
            permit=task.permit,
            clock=task.clock,
            warn=task.warn,
            caps=FleetCaps(store, task.run.id, task.fleet_caps, sleep=sleep),
            incidents=incidents or Incidents(store, task.warn),
            sleep=sleep,
            emergency=incidents is not None,
            files=task.files,
        )

    def find_stop(self) -> t.Optional[str]:
        """Why nothing may begin, as a sentence; None where the stop switch is not set.

        :raises GuardError: it is not known whether the run is stopped.
        """
        answer = read_stop_switch(self.store)
        if isinstance(answer, Unknown):
            raise GuardError([Refusal(STOPPED_RULE, answer.reason, self.account_id, fatal=True)])
        return answer.value if isinstance(answer, Yes) else None

    def refuse(self, changes: Sequence[Change]) -> tuple[tuple[Change, Refusal], ...]:
        """The changes that may not begin now, with the reasons.

        :raises GuardError: it is not known whether the run is stopped, or whom incidents contain.
        :raises StoreError: the counters of the fleet caps can't be read.
        """
        stopped = None if self.emergency else self.find_stop()
        if stopped:
            return refuse_all(changes, stopped)
        self.incidents.check()
        if self.emergency:
            return ()
        # Where a cap is reached, no lease is taken either.
        return tuple(zip(changes, self.caps.foresee(self.account_id, changes), strict=False))

    def count(self, changes: Sequence[Change]) -> tuple[tuple[Change, Refusal], ...]:
        """Count changes for the fleet caps, under the lease; those that exceed one, with the reasons.

        :raises StoreError: the counters of the fleet caps can't be read or written.
        """
        if self.emergency:
            return ()
        return tuple(zip(changes, self.caps.admit(self.account_id, changes), strict=False))

    def is_under_way(self, access: Access, intent: Intent) -> bool:
        """Whether the job of a recorded change holds the lease of the account, and may still conclude it.

        :raises StoreError: the lease can't be read.
        """
        other = self.make_lease(access, self.account_id, keeps=self.run.keeps_lease).find_other()
        if other is None or other.run_id == self.run.broken_lease:
            return False
        return (other.run_id, other.job_id) == (intent.run_id, intent.job_id)

    @contextlib.contextmanager
    def hold_lease(self, access: Access) -> Iterator[Lease]:
        """Write under the lease of the account, and release it unless a later task of the job does.

        :raises GuardError: another job holds it, or it can't be read or written.
        """
        lease = self.make_lease(access, self.account_id, keeps=self.run.keeps_lease)
        try:
            self.acquire(lease, self.account_id)
        except StoreError as error:
            raise GuardError([Refusal(LEASE_RULE, str(error), self.account_id, fatal=True)]) from error
        self.permit.grant(lease)
        try:
            yield lease
        finally:
            self.permit.grant()
            if not self.run.keeps_lease:
                self.release(lease, self.account_id)

    @contextlib.contextmanager
    def hold_leases(self, access: Access) -> Iterator[AccountLeases]:
        """The same for a module whose changes may be in other accounts too. Raises GuardError, as for the own one."""
        with self.hold_lease(access) as lease:
            leases = AccountLeases(self, access, lease)
            try:
                yield leases
            finally:
                leases.leave()

    def make_lease(self, access: Access, account_id: str, *, keeps: bool) -> Lease:
        """The lease of an account for this job, not acquired yet."""
        run = self.run
        return Lease(
            self.store,
            Holder(
                run.id,
                run.job_id,
                self.module,
                access.caller.arn,
                run.details,
                keeps=keeps,
                process=run.process,
                host=find_host(),
                worker=name_pid(os.getpid()),
            ),
            partition=access.partition,
            account_id=account_id,
            longest_write=access.longest_write,
            renewed_after=_RENEWED_AFTER if self.emergency else None,
            clock=self.clock,
            # The clock of a directory is read by a write, which check mode must not make.
            store_clock=None if run.writes else self.clock,
        )

    def acquire(self, lease: Lease, account_id: str) -> None:
        """Take a lease, with a warning of a job that was cut off, or that it was taken from.

        :raises StoreError: it can't be taken, or the place can't keep two jobs apart.
        """
        self._prove_place()
        self._compare_clocks()
        taken_over = self._take(lease)
        if taken_over and taken_over.taken_because:
            self.warn(
                f"this run took over the lease of account {account_id} from {taken_over.describe()}, because "
                f"{taken_over.taken_because}. Check its journal"
            )
        elif taken_over:
            taken = "it was taken over in an emergency" if self.emergency else "its lease was broken by name"
            self.warn(
                f"{taken_over.describe()} did not release the lease of account {account_id}: it was cut off, or "
                f"{taken}. Check its journal"
            )

    def _prove_place(self) -> None:
        """Try once a run that the place of the journal refuses what it must, so that it gives one lease once.

        :raises StoreError: it does not, or that can't be found out. In an emergency that is a warning.
        """
        try:
            name = f"conditions of writes: {self.store.identify()}"
            with self.files.lock(name) if self.files else contextlib.nullcontext():
                if self.files and self.files.read(name) == _KEPT:
                    return
                ignored = self.store.find_ignored_condition(PROBE)
                if ignored:
                    raise StoreError(_IGNORED.format(location=self.store.location, ignored=ignored))
                if self.files:
                    self.files.write(name, _KEPT)
        except StoreError as error:
            if not self.emergency:
                raise
            self.warn(str(error))

    def _compare_clocks(self) -> None:
        """Warn of a clock of this controller that is off. Leases go by the clock of the store, the rest of a run not.

        Raises StoreError: the clock of the store can't be read.
        """
        ahead = self.clock() - self.store.read_clock()
        if abs(ahead) > CLOCK_MARGIN:
            minutes = round(abs(ahead).total_seconds() / 60)
            self.warn(
                f"the clock of this controller is {minutes} minute{'' if minutes == 1 else 's'} "
                f"{'ahead of' if ahead > timedelta() else 'behind'} that of the journal (hardening_journal) at "
                f"{self.store.location}. Leases go by the clock of the journal; set the clock of the controller"
            )

    def _take(self, lease: Lease) -> t.Optional[Held]:
        """Take a lease. A containment waits for another one: they would else take it from each other for ever."""
        seen, unchanged = "", 0
        for waited in itertools.count():
            silent = seen if unchanged >= _SILENT_LOOKS else ""
            try:
                return lease.acquire(self.run.broken_lease, takes_over=self.emergency, silent=silent)
            except HeldError as error:
                if not self.emergency or waited * _PAUSE >= _CONTAINMENT_WAITS:
                    raise
                unchanged = unchanged + 1 if error.version == seen else 0
                seen = error.version
            self.sleep(_PAUSE)
        raise AssertionError("itertools.count() never ends")

    def release(self, lease: Lease, account_id: str) -> None:
        """Release a lease. One that can't be released is a warning."""
        try:
            lease.release()
        except StoreError as error:
            self.warn(f"the lease of account {account_id} was not released, and ends by itself: {error}")


def check_journal(location: str, *, writes: bool, warn: Callable[[str], None]) -> None:
    """Refuse to write where others can change the journal, which a rollback believes, or the leases beside it.

    :raises GuardError: others can, and the run ``writes``.
    """
    doubts = Doubts() if location.startswith("s3://") else doubt_directory(location)
    if doubts.refused and writes:
        reasons = [f"journal (hardening_journal): {text}" for text in doubts.refused]
        raise GuardError([Refusal("journal", reason, location, fatal=True) for reason in reasons])
    for text in (*doubts.refused, *doubts.warned):
        warn(f"journal (hardening_journal): {text}")


class AccountLeases:
    """The lease of the account of a run, and that of another account while its changes are made there.

    Another account is entered with its first change, and left with the first change somewhere else. Changes in other
    accounts are global, so they are made one after the other.
    """

    def __init__(self, control: RunControl, access: Access, own: Lease) -> None:
        self._control = control
        self._access = access
        self._own = own
        self._entered: t.Optional[tuple[str, t.Union[Lease, tuple[str, str]]]] = None

    def find(self, change: Change) -> t.Union[_Held, Refusal]:
        """The leases under which a change is made, or why it is not made.

        The records of incidents are read once more: the plan may be older than an incident.

        :raises StoreError: a lease that was held is lost, or the records can't be read.
        """
        frozen = self._control.incidents.find_refusal(change)
        if frozen is not None:
            return frozen
        account_id = change.account_id
        if account_id == self._control.account_id:
            self.leave()
            return _Held((self._own,))
        if self._entered is None or self._entered[0] != account_id:
            self.leave()
            self._entered = account_id, self._enter(account_id)
        found = self._entered[1]
        if isinstance(found, tuple):
            rule, reason = found
            return Refusal(rule, reason, change.target, change.operation)
        return _Held((self._own, found))

    def leave(self) -> None:
        """Release the lease of another account, if one is held."""
        entered, self._entered = self._entered, None
        if entered is not None and isinstance(entered[1], Lease):
            self._control.permit.grant(self._own)
            self._control.release(entered[1], entered[0])

    def _enter(self, account_id: str) -> t.Union[Lease, tuple[str, str]]:
        """Take the lease of another account. Returns the rule and the reason of a refusal where it can't be."""
        control = self._control
        stopped = NO if control.emergency else read_stop_switch(control.store)
        if not isinstance(stopped, No):
            return STOPPED_RULE, stopped.value if isinstance(stopped, Yes) else stopped.reason
        try:
            lease = control.make_lease(self._access, account_id, keeps=False)
            control.acquire(lease, account_id)
        except StoreError as error:
            return LEASE_RULE, str(error)
        control.permit.grant(self._own, lease)
        return lease


@dataclasses.dataclass(frozen=True)
class _Held:
    """The leases under which a change is made; the last is that of the account which it is made in."""

    leases: tuple[Lease, ...]

    @property
    def record(self) -> dict[str, t.Any]:
        return self.leases[-1].record

    def renew(self) -> None:
        """Renew all of them. Raises StoreError: one is lost."""
        for lease in self.leases:
            lease.renew()
