# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``wave_gate``: whether the next wave of accounts may begin.

It reads the reports of the wave that is finished, the time since its first change, and the denials since then. Evidence
that can't be read closes the gate.
"""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from .._account.account_id import parse_account_id
from .._account.moments import format_utc
from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._aws.options import AccessOptions
from .._converge.errors import InputError
from .._converge.run_control.wave_state import CLOSED, PASSED, WAITING, Watch, WaveRun, watch_wave
from .._converge.store import Store, StoreError
from .._module.task import Task, TaskError
from .._prediction.denials.evidence import (
    EVIDENCE_OPERATIONS,
    MOST_LOOKED_UP,
    EventHistories,
    Evidence,
    TrailFiles,
    Unreadable,
    Window,
    reach_verdict,
)
from .._prediction.denials.verdict import DELIVERY, Verdict, describe_losses
from .._prediction.records.evidence_options import find_trail_logs
from .wave_work import Work, read_work

OPERATIONS: t.Final = Operations(reads=EVIDENCE_OPERATIONS.reads | {"sts:GetCallerIdentity"})
_NUMBERS: t.Final = ("max_failures", "max_refusals", "max_new_denials", "max_unread", "soak_hours", "wait_minutes")
_LARGEST: t.Final = 1_000_000
_LOOK_BACK: t.Final = timedelta(days=30)
_SHOWN: t.Final = 5
_SILENT: t.Final = "no event since the wave began"

Result = dict[str, t.Any]


def run(task: Task, *, sleep: Callable[[float], None] = time.sleep) -> Result:
    """The core of ``wave_gate``: its options in, its result out. Raises TaskError: an option is malformed."""
    for name in _NUMBERS:
        number = task.options[name]
        if number is not None and not 0 <= number <= _LARGEST:
            raise TaskError(f"{name}: {number} is not allowed; allowed is a number from 0 to {_LARGEST}")
    result = _Gate(_Question.of(task), _Sources.of(task), task.clock, sleep).judge()
    return {**result, "changed": False, "terminal": _describe(result)}


@dataclasses.dataclass(frozen=True)
class _Account:
    """An account of the finished wave: the role to read its denials with, and why it failed, if it did."""

    id: str
    role_arn: str = ""
    external_id: str = dataclasses.field(default="", repr=False)
    failure: str = ""


@dataclasses.dataclass(frozen=True)
class _Question:
    """The finished wave, and the numbers that its outcome is compared with. None is no limit."""

    wave: str
    accounts: tuple[_Account, ...]
    run_id: str
    declaration: str
    max_failures: int
    max_refusals: t.Optional[int]
    max_new_denials: t.Optional[int]
    max_unread: int
    soak: timedelta
    longest_wait: timedelta

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The question of a task. Raises TaskError: an account is none."""
        options = task.options
        return cls(
            wave=options["wave"],
            accounts=_list_accounts(options["accounts"]),
            run_id=task.run_id,
            declaration=options["declaration"] or "",
            max_failures=options["max_failures"],
            max_refusals=options["max_refusals"],
            max_new_denials=options["max_new_denials"],
            max_unread=options["max_unread"],
            soak=timedelta(hours=options["soak_hours"]),
            longest_wait=timedelta(minutes=options["wait_minutes"]),
        )


@dataclasses.dataclass(frozen=True)
class _Sources:
    """The places of the evidence, opened when it is read."""

    open_reports: Callable[[], Store]
    open_journal: Callable[[], Store]
    open_trails: tuple[Callable[[], Store], ...]
    organization_id: t.Optional[str]
    open_access: Callable[[], Access]
    make_options: Callable[[], AccessOptions]

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The places that a task names."""
        return cls(
            open_reports=functools.partial(task.open_store, task.reports),
            open_journal=functools.partial(task.open_store, task.journal),
            open_trails=tuple(functools.partial(task.open_store, place) for place in find_trail_logs(task.options)),
            organization_id=task.options["organization_id"],
            open_access=lambda: task.reading_access,
            make_options=lambda: task.access_options,
        )


def _list_accounts(given: Sequence[Mapping[str, t.Any]]) -> tuple[_Account, ...]:
    found = []
    for item in given:
        try:
            account_id = parse_account_id(item["account_id"])
        except ValueError as error:
            raise TaskError(f"accounts: {error}") from error
        if account_id is None:
            raise TaskError("accounts: account_id is empty; allowed are the 12 digits of an account")
        texts = {name: str(item.get(name) or "") for name in ("role_arn", "external_id", "failure")}
        found.append(_Account(account_id, **texts))
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class _Gate:
    """The gate behind one wave."""

    question: _Question
    sources: _Sources
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]

    def judge(self) -> Result:
        """Judge what is known. Each kind of evidence is read only if those before it speak for going on."""
        if not self.question.accounts:
            return self._conclude(CLOSED, "it has no account")
        try:
            failures = {account.id: account.failure for account in self.question.accounts}
            work = read_work(self.sources.open_reports(), self.question.run_id, failures)
            reasons = self._object_to(work)
            if reasons:
                return self._conclude(CLOSED, *reasons, **_describe_work(work, work.unread))
            return self._judge_time(work)
        except (AwsError, InputError, StoreError, Unreadable) as error:
            return self._conclude(CLOSED, f"its evidence can't be read: {error}")

    def _judge_time(self, work: Work) -> Result:
        soak, most = self.question.soak, self.question.max_new_denials
        found = _describe_work(work, work.unread)
        if not soak and most is None:
            return self._conclude(PASSED, lifts_cap=work.proves_anything(has_changes=False), **found)
        watch = self._watch()
        # A gate that is judged sooner has not seen the last denials.
        until = watch.began + soak + (DELIVERY if most is not None else timedelta())
        if not self._wait(until):
            return self._conclude(WAITING, f"it is watched until {format_utc(until)}", until=until, **found)
        lifts_cap = work.proves_anything(has_changes=watch.has_changes)
        if most is None:
            return self._conclude(PASSED, lifts_cap=lifts_cap, **found)
        return self._judge_denials(work, self._read_denials(watch), most, lifts_cap=lifts_cap)

    def _judge_denials(self, work: Work, verdict: Verdict, most: int, *, lifts_cap: bool) -> Result:
        silent = {account_id: _SILENT for account_id in verdict.silent if account_id not in work.failed}
        unread = {**silent, **work.unread}
        known = {
            **_describe_work(work, unread),
            "new_denials": len(verdict.losses),
            "blind_spots": list(verdict.blind_spots),
        }
        reasons = self._object_to_unread(unread)
        if len(verdict.losses) > most:
            lost = describe_losses(verdict.pairs)
            reasons.append(
                f"{len(verdict.losses)} new denials, allowed are {most} (hardening_wave_max_new_denials): {lost}"
            )
            known["losses"] = [loss.as_dict() for loss in verdict.losses]
        if reasons:
            return self._conclude(CLOSED, *reasons, **known)
        return self._conclude(PASSED, lifts_cap=lifts_cap, **known)

    def _conclude(self, verdict: str, *reasons: str, until: t.Optional[datetime] = None, **found: t.Any) -> Result:
        return {
            "wave": self.question.wave,
            "verdict": verdict,
            # One line each: the message at the end of a run has all of them.
            "reasons": [" ".join(reason.split()) for reason in reasons],
            "until": format_utc(until) if until else None,
            "lifts_cap": False,
            "failed_accounts": [],
            "unread_accounts": [],
            "refusals": None,
            "new_denials": None,
            "losses": [],
            "blind_spots": [],
            **found,
        }

    # The reports of the wave

    def _object_to(self, work: Work) -> list[str]:
        most_failed, most_refused = self.question.max_failures, self.question.max_refusals
        reasons = []
        if work.unreadable:
            reasons.append(f"its evidence can't be read: {_join_some(work.unreadable)}")
        if work.unfinished:
            reasons.append(f"the wave is not finished in {_join_some(work.unfinished)}")
        if len(work.failed) > most_failed:
            reasons.append(
                f"{len(work.failed)} failed accounts, allowed are {most_failed} (hardening_wave_max_failures): "
                f"{_join_reasons(work.failed)}"
            )
        reasons += self._object_to_unread(work.unread)
        if most_refused is not None and work.refusals > most_refused:
            reasons.append(f"{work.refusals} refused changes, allowed are {most_refused} (hardening_wave_max_refusals)")
        return reasons

    def _object_to_unread(self, unread: Mapping[str, str]) -> list[str]:
        most = self.question.max_unread
        if len(unread) <= most:
            return []
        count = f"{len(unread)} accounts were not read, allowed are {most} (hardening_wave_max_unread)"
        return [f"{count}: {_join_reasons(unread)}"]

    # The time, and the denials

    def _watch(self) -> Watch:
        run = WaveRun(
            run_id=self.question.run_id,
            declaration=self.question.declaration,
            wave=self.question.wave,
            accounts=tuple(account.id for account in self.question.accounts),
            now=self.clock(),
        )
        return watch_wave(self.sources.open_journal(), run)

    def _wait(self, until: datetime) -> bool:
        """Wait for a time that is near. Returns whether it is over."""
        left = until - self.clock()
        if left <= timedelta():
            return True
        if left > self.question.longest_wait:
            return False
        self.sleep(left.total_seconds())
        return True

    def _read_denials(self, watch: Watch) -> Verdict:
        names = tuple(account.id for account in self.question.accounts)
        now = self.clock()
        window = Window(None, names, watch.since, now, now, _LOOK_BACK)
        insiders = {name: frozenset({name}) for name in names}
        return reach_verdict(self._find_evidence(), window, insiders, ())

    def _find_evidence(self) -> Evidence:
        if self.sources.open_trails:
            stores = [open_trail() for open_trail in self.sources.open_trails]
            return TrailFiles(stores, self.sources.organization_id, self.sources.open_access())
        if len(self.question.accounts) > MOST_LOOKED_UP:
            raise Unreadable(
                f"the event history is read of at most {MOST_LOOKED_UP} accounts, and the wave has "
                f"{len(self.question.accounts)}: set trail_logs (hardening_wave_trail_logs) to the organization's trail"
            )
        accounts = {account.id: account for account in self.question.accounts}
        return EventHistories(functools.partial(self._open, accounts), is_about_regions=False)

    def _open(self, accounts: Mapping[str, _Account], account_id: str) -> Access:
        """Open an account for reading, in the role that its host declares."""
        account = accounts[account_id]
        options = dataclasses.replace(
            self.sources.make_options(),
            assume_role_arn=account.role_arn or None,
            assessor_role_arn=None,
            assume_role_external_id=account.external_id or None,
        )
        access = Access(options, operations=OPERATIONS, check_mode=True)
        if access.caller.account_id != account_id:
            raise Unreadable(f"the credentials for {account_id} belong to {access.caller.account_id}")
        return access


def _describe_work(work: Work, unread: Mapping[str, str]) -> Result:
    """The parts of the result that the reports of the wave give."""
    return {"failed_accounts": sorted(work.failed), "unread_accounts": sorted(unread), "refusals": work.refusals}


def _describe(result: Mapping[str, t.Any]) -> str:
    reasons = "; ".join(result["reasons"])
    return f"Wave {result['wave']}: {result['verdict']}{f': {reasons}' if reasons else ''}."


def _join_reasons(reasons: Mapping[str, str]) -> str:
    return _join_some([f"{account}: {reason}" for account, reason in sorted(reasons.items())])


def _join_some(texts: Sequence[str]) -> str:
    rest = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
