# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One writer an account: a lease beside the journal, which a job holds while it writes.

The lease is one object, ``control/leases/<partition>/<account>.json``, that is only ever swapped for the one that was
read. Its fence number grows with each new holder, and every record of the journal names it. Nothing is renewed in the
background: before a write the writer renews the lease, or reads it again, and :meth:`Lease.check` is asked once more
when the signed request is about to leave. A process that is suspended after that may still send too late. The journal
names the end of the lease, so such a write is found afterwards.

How long a lease lasts is counted by the clock of the store alone: since it was written, as the store dates it. No clock
of a controller that is off takes a lease that lasts. The holder counts by the time that passes on its own machine.
"""

from __future__ import annotations

import dataclasses
import json
import math
import secrets
import threading
import time
import typing as t
from collections.abc import Callable
from datetime import datetime, timedelta

from ..._account.answer import Answer, No
from ..._account.moments import format_utc
from ..errors import InputError
from ..store import ConflictError, Store, StoreError, Versioned
from .holders import SCHEMA, Held, Holder, name_principal, parse_lease
from .processes import find_process

# The folder of all leases, with a folder for each partition.
LEASES: t.Final = "control/leases/"
# How long a job that was killed keeps others from the account.
LASTS: t.Final = timedelta(minutes=15)
# The clocks of two machines may differ by this.
CLOCK_MARGIN: t.Final = timedelta(seconds=60)
# A lease that claims to last longer than this was not written by this collection.
LONGEST: t.Final = timedelta(hours=1)
# Others may write in the same moment as often as this.
_ATTEMPTS: t.Final = 8
# A lease that was read or written so long ago is read again before a write (seconds). If it can't be read, the holder
# goes on for a little longer: then nobody else can take it either.
_PROOF_LASTS: t.Final = 5.0
_UNPROVEN_LASTS: t.Final = 30.0
# So many jobs that lost the lease are remembered.
_REMEMBERED: t.Final = 8


class LeaseError(StoreError):
    """This job may not write: somebody else holds the lease, or what is left of ours is too short."""


class HeldError(LeaseError):
    """Another job holds the lease now. ``version`` is what the store calls this lease; each renewal has another one."""

    def __init__(self, message: str, version: str) -> None:
        super().__init__(message)
        self.version = version


class Lease:
    """The lease of one account for one job. Threads that change regions side by side share it.

    ``longest_write`` are the seconds that a request may take at most, all its attempts together. The lease is renewed
    before a write when it is older than ``renewed_after``; by default when a third of it is over. ``store_clock`` reads
    the clock of the store; by default it is asked, which a run that does not write must not do.

    :raises InputError: requests may take longer than a lease can last.
    """

    def __init__(
        self,
        store: Store,
        holder: Holder,
        *,
        partition: str,
        account_id: str,
        longest_write: float = 0.0,
        renewed_after: t.Optional[timedelta] = None,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        store_clock: t.Optional[Callable[[], datetime]] = None,
        find_process: Callable[[str], Answer[str]] = find_process,
    ) -> None:
        self._store = store
        self._store_clock = store_clock or store.read_clock
        self._find_process = find_process
        self._holder = holder
        self._account = {"partition": partition, "account_id": account_id}
        self._key = lease_key(partition, account_id)
        self._clock = clock
        self._monotonic = monotonic
        # Infinite where aws_config takes a time-out away.
        if longest_write > LONGEST.total_seconds() / 3:
            raise InputError(
                "aws_config: its time-outs let one request take longer than a third of an hour, so no lease lasts long "
                "enough to write under.\nSet connect_timeout and read_timeout to less"
            )
        self._needs = timedelta(seconds=longest_write) + CLOCK_MARGIN
        self._lasts = max(LASTS, 2 * self._needs)
        self._renewed_after = self._lasts / 3 if renewed_after is None else renewed_after
        self._writing = threading.RLock()
        self._version = ""
        self._until = 0.0
        self._proven = -math.inf
        self._taken_from: tuple[str, ...] = ()
        self._held: t.Optional[Held] = None

    @property
    def record(self) -> dict[str, t.Any]:
        """The fence number and the end of the lease, for records of the journal.

        :raises LeaseError: it was not acquired.
        """
        held = self._mine()
        return {"fence": held.fence, "expires": format_utc(held.expires)}

    def acquire(self, broken: str = "", *, takes_over: bool = False, silent: str = "") -> t.Optional[Held]:
        """Take the lease, and return the one that was taken over from another job, if any.

        ``broken`` is the id of a run whose lease ends now, although it would last longer. With ``takes_over`` every
        lease ends now, but that of a job that contains principals or releases them. ``silent`` is the version of a
        lease that such a job has not renewed for so long that it counts as killed: it ends now as well.

        :raises HeldError: another job holds the lease; the message names it.
        :raises StoreError: the lease can't be read or written.
        """
        for _attempt in range(_ATTEMPTS):
            found = self._store.get_versioned(self._key)
            last = None if found is None else self._parse(found)
            held = None
            if found and last and not last.is_released:
                held = self._claim(last, found.version, broken=broken, takes_over=takes_over, silent=silent)
            is_other = held is not None and not self._holder.is_same_job(held)
            lost = (*held.taken_from, *([held.process] if is_other and held.process else ())) if held else ()
            self._taken_from = lost[-_REMEMBERED:]
            try:
                self._write(fence=last.fence + 1 if last else 1, version=found.version if found else None)
            except ConflictError:
                continue
            # Read again before the first write, in case the store let two write at once.
            self._proven = -math.inf
            return held if is_other else None
        raise LeaseError(f"the lease {self._place} is written by others again and again; run again")

    def _claim(self, held: Held, version: str, *, broken: str, takes_over: bool, silent: str) -> Held:
        """The lease that is kept, with the reason if it ends before its time. Raises HeldError: it lasts."""
        is_own = self._holder.is_same_job(held)
        # A lease that no task keeps is released at its end. So one of this job is that of a task that is at work.
        is_idle = is_own and held.is_kept
        because = self._explain_takeover(held)
        is_taken_over = takes_over and (version == silent or not held.is_of_containment)
        ends = is_idle or is_taken_over or bool(because) or held.run_id == broken
        if not ends and held.holds_at(self._store_clock()):
            raise HeldError(self._describe_holder(held, is_own=is_own), version)
        return dataclasses.replace(held, taken_because=because)

    def find_other(self) -> t.Optional[Held]:
        """Find the other job that holds the lease now, if any.

        :raises StoreError: it can't be read.
        """
        found = self._store.get_versioned(self._key)
        held = self._parse(found) if found is not None else None
        if held is None or self._holder.is_same_job(held) or self._explain_takeover(held):
            return None
        return held if held.holds_at(self._store_clock()) else None

    def _explain_takeover(self, held: Held) -> str:
        """Explain why the lease of another job ends now: it was killed, or this is the same run again. Empty if not.

        A job that lost the lease does not take it back: two that run at once would take it from each other for ever.
        """
        holder = self._holder
        is_same_caller = name_principal(holder.caller_arn) == name_principal(held.caller_arn)
        if holder.is_same_job(held) or not is_same_caller or holder.process in held.taken_from:
            return ""
        if holder.host and holder.host == held.host:
            has_ended = all(isinstance(self._find_process(name), No) for name in held.processes)
            return f"its process {held.processes[0].partition('.')[0]} on this machine has ended" if has_ended else ""
        if holder.has_given_id and holder.run_id == held.run_id and not held.is_of_containment:
            return "this run was given the same hardening_run_id"
        return ""

    def renew(self) -> None:
        """Renew the lease where it is old enough, else make sure that it is still held. Called before each write.

        :raises LeaseError: somebody else holds it, that can't be found out, or it is too short for a write.
        """
        with self._writing:
            if self._remaining() > self._lasts - self._renewed_after:
                self._prove()
                return
            try:
                self._write_again()
            except ConflictError:
                raise LeaseError(self._describe_loss()) from None
            except StoreError as error:
                if self._remaining() < self._needs:
                    raise LeaseError(f"the lease of the account can't be renewed: {error}") from error
                self._prove()

    def _prove(self) -> None:
        """Make sure that the lease is still held, by a look that is not older than a few seconds.

        :raises LeaseError: somebody else holds it, or that can't be found out.
        """
        now, fence = self._monotonic(), self._mine().fence
        if now - self._proven < _PROOF_LASTS:
            return
        try:
            found = self._store.get_versioned(self._key)
            version = found.version if found and found.version == self._version else self._find_own_version(fence)
        except StoreError as error:
            if now - self._proven < _UNPROVEN_LASTS:
                return
            raise LeaseError(
                f"it is not known whether this job still holds the lease of the account: {error}"
            ) from error
        if version is None:
            raise LeaseError(self._describe_loss())
        self._version, self._proven = version, now

    def check(self) -> None:
        """Make sure, without any request, that the lease outlasts a request that is sent now.

        :raises LeaseError: it does not.
        """
        if self._remaining() < self._needs:
            raise LeaseError("nothing was sent, because the lease of the account would end before the request does")

    def release(self) -> None:
        """Let other jobs write.

        :raises StoreError: it can't be written; the lease then ends by itself.
        """
        with self._writing:
            try:
                self._write_again(is_released=True)
            except ConflictError:
                # Somebody else has taken it over, so there is nothing left to release.
                return
            finally:
                self._held = None

    def release_of_job(self) -> bool:
        """Release the lease if an earlier task of this job holds it; whether it did.

        :raises StoreError: it can't be read or written; the lease then ends by itself.
        """
        found = self._store.get_versioned(self._key)
        held = None if found is None else self._parse(found)
        if found is None or held is None or held.is_released or not self._holder.is_same_job(held):
            return False
        self._held, self._version, self._taken_from = held, found.version, held.taken_from
        self.release()
        return True

    @property
    def _place(self) -> str:
        return f"{self._store.location.rstrip('/')}/{self._key}"

    def _mine(self) -> Held:
        if self._held is None:
            raise LeaseError("the lease of the account was not taken")
        return self._held

    def _remaining(self) -> timedelta:
        """The time that is left, by the own clock or by the time that has passed, whichever is shorter.

        A clock may be set back, and a machine that sleeps counts no time.
        """
        held = self._mine()
        return min(held.expires - self._clock(), timedelta(seconds=self._until - self._monotonic()))

    def _write_again(self, *, is_released: bool = False) -> None:
        """Write the lease that is held. An earlier write may have taken effect, although its answer was an error.

        :raises ConflictError: somebody else has written it.
        """
        fence = self._mine().fence
        try:
            self._write(fence=fence, version=self._version, is_released=is_released)
        except ConflictError:
            version = self._find_own_version(fence)
            if version is None:
                raise
            self._write(fence=fence, version=version, is_released=is_released)

    def _find_own_version(self, fence: int) -> t.Optional[str]:
        """Find the version that is kept now, if this job wrote it. Each holder has another fence number."""
        try:
            found = self._store.get_versioned(self._key)
            held = None if found is None else self._parse(found)
        except LeaseError:
            return None
        if found is None or held is None or held.is_released or held.fence != fence:
            return None
        return found.version if self._holder.is_same_job(held) else None

    def _write(self, *, fence: int, version: t.Optional[str], is_released: bool = False) -> None:
        # Both clocks are read before the request, so that the lease never lasts longer here than it says.
        began, now = self._monotonic(), self._clock()
        expires = (now if is_released else now + self._lasts).replace(microsecond=0)
        record = {
            "schema": SCHEMA,
            **self._account,
            "fence": fence,
            "run_id": self._holder.run_id,
            "job_id": self._holder.job_id,
            "process": self._holder.process,
            "module": self._holder.module,
            "caller_arn": self._holder.caller_arn,
            "host": self._holder.host,
            "worker": self._holder.worker,
            "taken_from": list(self._taken_from),
            "author": self._holder.details.get("author") or None,
            "job": self._holder.details.get("job") or None,
            "written": format_utc(now),
            "expires": format_utc(expires),
            "released": is_released,
            "kept": self._holder.keeps,
            # No two contents are the same: a writer knows its own again where an answer was lost.
            "nonce": secrets.token_hex(16),
        }
        content = json.dumps(record, indent=2, sort_keys=True).encode()
        self._version = self._store.swap(self._key, content, version)
        self._held = Held(fence, self._holder.run_id, self._holder.job_id, expires, is_released)
        self._until, self._proven = began + self._lasts.total_seconds(), began

    def _describe_holder(self, held: Held, *, is_own: bool) -> str:
        until = format_utc(held.expires)
        if is_own:
            return (
                f"another task of this job writes in account {self._account['account_id']}, or was cut off there. Its "
                f"lease lasts until {until}. Two hosts may name the same account: correct the account id of one"
            )
        if held.expires > self._store_clock() + LONGEST + CLOCK_MARGIN:
            return (
                f"{self._place} is a lease until {until}, which is longer than any that this collection takes. "
                f"Find out who wrote it, then set hardening_break_lease to {held.run_id}"
            )
        return (
            f"{held.describe()} writes in account {self._account['account_id']}, and holds its lease until {until}. "
            f"Wait for that run. If it has ended for certain, set hardening_break_lease to {held.run_id}"
        )

    def _describe_loss(self) -> str:
        try:
            found = self._store.get_versioned(self._key)
            who = self._parse(found).describe() if found else "somebody"
        except StoreError:
            who = "somebody"
        return f"{who} took over the lease of account {self._account['account_id']}, so nothing more is written here"

    def _parse(self, found: Versioned) -> Held:
        """Parse the lease as it was found. Raises LeaseError: it is none, or of another account."""
        try:
            return parse_lease(found, self._account)
        except ValueError as error:
            raise LeaseError(
                f"{self._place} is not a lease ({error}).\nMake sure that no run writes in the account, and delete it"
            ) from error


def lease_key(partition: str, account_id: str) -> str:
    """Where the lease of an account is, in the place of the journal."""
    return f"{LEASES}{partition}/{account_id}.json"


class Permit:
    """The right to write, as far as a client of AWS knows it: a lease, once a module has acquired one.

    Who writes in another account needs the lease of that account besides the own one.
    """

    def __init__(self) -> None:
        self._leases: tuple[Lease, ...] = ()

    @property
    def lease(self) -> Lease:
        """The lease of the account of the run. Raises LeaseError: there is none."""
        if not self._leases:
            raise LeaseError("a write without a lease of the account was stopped; this is a defect of the module")
        return self._leases[0]

    def grant(self, *leases: Lease) -> None:
        """Let writes pass under all of these leases; under none, they are stopped."""
        self._leases = leases

    def check(self) -> None:
        """Make sure that a request that is about to be sent is covered. Raises LeaseError: it is not."""
        for lease in self._leases or (self.lease,):
            lease.check()
