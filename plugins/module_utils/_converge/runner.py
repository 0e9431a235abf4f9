# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The one walk of every converging module: observe, assess, plan, guard, apply, verify.

Check mode and the mode ``report`` stop after guard, so the plan they show is the plan that would be applied.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence

from .affects.affected import describe_affected, find_newly_affected
from .affects.live import LiveReach
from .attempts import Ending, Judge, Means, bring_about, builds_on
from .capability import Aws, Capability, Observed
from .change import GLOBAL, Change, Refusal, content_hash
from .journal import Journal, Outcome
from .leases import Leases, Renewable
from .predict import Owners, refuse_dependent
from .store import StoreError
from .verification import HOLD_PAUSE, find_missing, find_unverified, list_waits, settle, side_by_side

_MEANWHILE: t.Final = "changed_meanwhile"
# So many times as long as changes have to stay they are made again at most.
_LONGEST_HOLDS: t.Final = 5


@dataclasses.dataclass(frozen=True)
class ApplyResult:
    """The result of the allowed changes: those made, those refused at the last moment, and the error at the end.

    ``already`` are those that were not made, because somebody else had made them. ``failed`` are those that failed.
    ``unverified`` are those made whose target did not show them in the end, if that is no error.
    """

    made: tuple[Change, ...] = ()
    already: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    error: str = ""
    failed: tuple[Change, ...] = ()
    unverified: tuple[Change, ...] = ()


def apply(
    capability: Capability[Observed],
    changes: Sequence[Change],
    *,
    aws: Aws,
    journal: Journal,
    leases: Leases,
    errors: tuple[type[Exception], ...],
    judge: Judge,
    sleep: Callable[[float], None],
    owners: t.Optional[Owners] = None,
) -> ApplyResult:
    """Make the allowed changes in their order and verify them; the first that fails stops the rest.

    A change whose target is as wanted already is neither made nor journalled. Errors that pass are waited for.
    Successive changes of different regions are made side by side, and a failure stops those of its region alone, then
    what comes after all of them: a region that refuses an account is no reason to leave the others unwatched.
    A capability that insists goes on with the next change instead, and waits less for what it made to show: the one
    change that an intruder or a quota prevents must not save the intruder from the others.

    ``errors`` are the exceptions that a call to AWS may raise, ``judge`` gives the verdict on each: nothing else of
    ``_aws`` has to be known here. ``leases`` has that of the account of each change. It is renewed before each attempt;
    where it is lost, nothing more is made. A change in another account whose lease somebody else holds is refused.
    ``owners`` reads again who owns a target.
    """
    means = Means(errors, judge, sleep)
    making = _Making(capability, aws=aws, journal=journal, leases=leases, means=means, owners=owners)
    found: list[str] = []
    unverified: tuple[Change, ...] = ()
    for lanes in _stretches(changes):
        found += filter(None, [making.make(lanes)])
        if found and not capability.insists:
            break
    else:
        look = functools.partial(find_unverified, capability, making.made, errors=errors, sleep=sleep)
        unverified = making.hold(capability.holds) if capability.holds else look()
    if unverified and not capability.insists:
        targets = ", ".join(change.target for change in unverified)
        found.append(f"written, but not found as written when read again: {targets}")
    order = {id(change): index for index, change in enumerate(changes)}

    def in_order(done: Sequence[Change]) -> tuple[Change, ...]:
        once = {id(change): change for change in done}
        return tuple(sorted(once.values(), key=lambda change: order[id(change)]))

    return ApplyResult(
        in_order(making.made),
        in_order(making.already),
        tuple(refusal for _change, refusal in making.refused),
        "; ".join(found),
        in_order(making.failed),
        unverified,
    )


def _stretches(changes: Sequence[Change]) -> Iterator[tuple[tuple[Change, ...], ...]]:
    """The changes in their order, as stretches of lanes: one lane of global changes, or one for each region."""
    for _is_global, stretch in itertools.groupby(changes, key=lambda change: change.region == GLOBAL):
        lanes: dict[str, list[Change]] = {}
        for change in stretch:
            lanes.setdefault(change.region, []).append(change)
        yield tuple(tuple(lane) for lane in lanes.values())


class _Making(t.Generic[Observed]):
    """The changes of one run being made. Lanes of one stretch share it, each in a thread of its own."""

    def __init__(
        self,
        capability: Capability[Observed],
        *,
        aws: Aws,
        journal: Journal,
        leases: Leases,
        means: Means,
        owners: t.Optional[Owners],
    ) -> None:
        self._capability = capability
        self._aws = aws
        self._journal = journal
        self._leases = leases
        self._means = means
        self._owners = owners
        self.made: list[Change] = []
        self.already: list[Change] = []
        self.refused: list[tuple[Change, Refusal]] = []
        self.failed: list[Change] = []

    def make(self, lanes: Sequence[Sequence[Change]]) -> str:
        """Make the changes of all lanes; returns what went wrong, or nothing."""
        return "; ".join(filter(None, side_by_side(self._lane, lanes, workers=len(lanes))))

    def hold(self, seconds: float) -> tuple[Change, ...]:
        """Make changes again that somebody undoes, until all have stayed so long; returns those that do not stay.

        AWS notices a change after seconds. An intruder who undoes a denial in that time would be free again as soon as
        AWS notices that, so it has to be there again at once.
        """
        watched = tuple({id(change): change for change in (*self.made, *self.already)}.values())
        missing: tuple[Change, ...] = ()
        steady = waited = 0.0
        while watched and steady < seconds and waited < _LONGEST_HOLDS * seconds:
            self._means.sleep(HOLD_PAUSE)
            missing = find_missing(self._capability, watched, errors=self._means.errors)
            self._lane(missing)
            steady = 0.0 if missing else steady + HOLD_PAUSE
            waited += HOLD_PAUSE
        return missing

    def _lane(self, changes: Sequence[Change]) -> str:
        stops: tuple[type[Exception], ...] = (*self._means.errors, StoreError)
        found: list[str] = []
        for change in changes:
            try:
                error = self._one(change)
            except stops as failure:
                error = f"{change.operation} on {change.target}: {failure}"
            if error:
                self.failed.append(change)
                found.append(error)
            if error and not self._capability.insists:
                break
        return "; ".join(found)

    def _one(self, change: Change) -> str:
        lease = self._leases.find(change)
        if isinstance(lease, Refusal):
            self.refused.append((change, lease))
            return ""
        seen = self._look_patiently(change)
        if isinstance(seen, Refusal):
            self.refused.append((change, seen))
            return ""
        if seen:
            self.already.append(change)
            return ""
        return self._make(change, lease)

    def _look(self, change: Change) -> t.Union[Refusal, bool]:
        seen = _at_the_last_moment(self._capability, change, [other for other, _refusal in self.refused])
        refused = None if seen else _refuse_grown(change, self._aws, self._means.errors)
        if not seen and not refused and self._owners:
            refused = self._owners.refuse_now(change)
        return seen or refused or False

    def _look_patiently(self, change: Change) -> t.Union[Refusal, bool]:
        """Look again for a while where reads may not show yet what this run itself has made."""
        for wait in list_waits(self._capability, change) if self._is_new(change) else ():
            try:
                seen = self._look(change)
            except self._means.errors as failure:
                if not self._means.judge(failure, change).waits_if_new:
                    raise
            else:
                if not isinstance(seen, Refusal) or seen.rule != _MEANWHILE:
                    return seen
            self._means.sleep(wait)
        return self._look(change)

    def _is_new(self, change: Change) -> bool:
        """Whether a change builds on what was made during this run, by it or by somebody else."""
        return builds_on(change, (*self.made, *self.already))

    def _make(self, change: Change, lease: Renewable) -> str:
        """Make one change between its two records; returns what went wrong, or nothing."""
        lease.renew()
        key = self._journal.intend(change, caller_arn=self._capability.caller(change), lease=lease.record)
        ending = bring_about(
            change,
            functools.partial(self._call, change, lease),
            look=self._look,
            means=self._means,
            is_new=self._is_new(change),
        )
        if ending.answer is not None:
            learnt = self._learn_from_answer(change, ending.answer)
            ending = dataclasses.replace(learnt, request_id=ending.request_id, attempts=ending.attempts)
        if ending.outcome is Outcome.APPLIED:
            self.made.append(change)
        elif ending.outcome is Outcome.FOREIGN:
            self.already.append(change)
        self._journal.conclude(
            key, ending.outcome, ending.error, ending.answer, request_id=ending.request_id, attempts=ending.attempts
        )
        return self._judge_ending(change, ending)

    def _judge_ending(self, change: Change, ending: Ending) -> str:
        """Judge how a change ended; returns what went wrong, or nothing."""
        if ending.outcome in (Outcome.APPLIED, Outcome.FOREIGN):
            return ""
        if ending.outcome is Outcome.FAILED and ending.failure is not None:
            refusal = self._capability.find_refusal(change, ending.failure)
            if refusal is not None:
                self.refused.append((change, refusal))
                return ""
        doubt = (
            ""
            if ending.outcome is Outcome.FAILED
            else (" (it is not known whether the change was made: check the target)")
        )
        return f"{change.operation} on {change.target}: {ending.error}{doubt}"

    def _call(self, change: Change, lease: Renewable) -> Mapping[str, t.Any]:
        lease.renew()
        acting = self._capability.acting(change) or self._aws
        return acting.call(change.service, change.operation, change.parameters, region=_region(change))

    def _learn_from_answer(self, change: Change, answer: Mapping[str, t.Any]) -> Ending:
        """Learn from an answer of success how the change ended: it may still name parts that were not made."""
        errors = self._means.errors
        try:
            return Ending(Outcome.APPLIED, answer=self._capability.learn(change, answer))
        except errors as failure:
            return Ending(settle(self._capability.reread, change, errors=errors), str(failure), failure=failure)


def _at_the_last_moment(
    capability: Capability[Observed], change: Change, refused: Sequence[Change]
) -> t.Union[Refusal, bool]:
    """Whether the target of a change is as wanted already, or why the change is not made after all.

    Another change was not made, or the target is no longer as it was planned on.
    """
    other = next((other for other in refused if capability.stays_with(change, other)), None)
    if other is not None:
        return refuse_dependent(change, other)
    present = content_hash(capability.reread(change))
    # Some changes leave what they find, as far as it shows: they are made all the same.
    if present == content_hash(change.before):
        return False
    if present == content_hash(change.after):
        return True
    reason = "somebody else changed it since it was read, so the plan is outdated; run again"
    return Refusal(_MEANWHILE, reason, change.target, change.operation)


def _refuse_grown(change: Change, aws: Aws, errors: tuple[type[Exception], ...]) -> t.Optional[Refusal]:
    """Refuse a change that would affect principals that its plan does not name."""
    caller = aws.caller
    live = LiveReach(
        aws,
        account_id=change.account_id,
        partition=caller.arn.split(":")[1],
        errors=errors,
        known=change.affects,
    )
    joined = find_newly_affected(change, live)
    if not joined:
        return None
    reason = f"it would also affect {describe_affected(joined)}, which the checks did not include; run again"
    return Refusal("affects_grown", reason, change.target, change.operation)


def _region(change: Change) -> t.Optional[str]:
    return None if change.region == GLOBAL else change.region
