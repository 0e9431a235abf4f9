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
import itertools
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from .affects.affected import described, grown, with_affected
from .affects.live import Live
from .affects.reach import Known
from .break_glass import Rescue
from .change import GLOBAL, Change, Refusal, content_hash, plan_sha256
from .errors import GuardError
from .finding import Finding
from .guard import GuardContext, guard
from .journal import Journal, Outcome
from .plan import Plan
from .store import StoreError

State = t.TypeVar("State")
A = t.TypeVar("A")
B = t.TypeVar("B")

# IAM is eventually consistent: a write shows in reads after seconds. The waits add up to half a minute.
VERIFY_WAITS: t.Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
# So many regions are changed, or read back, at a time.
_WORKERS: t.Final = 8


class Caller(t.Protocol):
    """GetCallerIdentity of the session."""

    @property
    def account_id(self) -> str:
        """The account, in 12 digits."""

    @property
    def arn(self) -> str:
        """The principal."""


class Aws(t.Protocol):
    """AWS as far as a walk needs to know it."""

    @property
    def caller(self) -> Caller:
        """Who the calls are made as."""

    @property
    def chain(self) -> Sequence[str]:
        """The ARN of every principal on the way to the caller."""

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Mapping[str, t.Any]:
        """The answer to one call of an operation, named as AWS does."""


@dataclasses.dataclass(frozen=True)
class Walk(t.Generic[State]):
    """What a converging module brings.

    ``reread`` reads the target of a change live and returns it in the shape of the change's ``before`` and ``after``.
    It may have nothing to go by but what a journal keeps: no ``parameters``, no ``kind``. ``rereads`` does so for the
    changes of other modules, by their names, where this one can tell how they ended.
    ``affected`` gives each change of a plan those whom it affects, by what was observed; ``rescue`` holds the changes
    of ``lockout_kinds`` against the break-glass principals of the account, None where nobody looked for one.
    ``learn`` is given the answer to a change that was made, and returns what the journal is to keep of it: the id of a
    message, say, which only AWS knows.
    ``acting`` is what a change is made with, where that is not the access of the run: a session in another account.
    ``stays_with`` says whether its first change is not to be made where its second one is refused: what announces a
    write and the write itself, say, come together or not at all.
    ``declined`` says whether the error of a change that was not made is the word of somebody else who decides on its
    target, and so a refusal, not a failure.
    """

    module: str
    observe: Callable[[], State]
    assess: Callable[[State], tuple[Finding, ...]]
    plan: Callable[[State, tuple[Finding, ...]], Plan]
    reread: Callable[[Change], t.Any]
    lockout_kinds: frozenset[str] = frozenset()
    affected: Callable[[State, Sequence[Change]], tuple[Change, ...]] = lambda _state, changes: with_affected(
        changes, Known()
    )
    rescue: Callable[[State], t.Optional[Rescue]] = lambda _state: None
    rereads: Mapping[str, Callable[[Change], t.Any]] = dataclasses.field(default_factory=dict)
    learn: Callable[[Change, Mapping[str, t.Any]], Mapping[str, t.Any]] = lambda _change, _answer: {}
    acting: Callable[[Change], t.Optional[Aws]] = lambda _change: None
    stays_with: Callable[[Change, Change], bool] = lambda _change, _refused: False
    declined: Callable[[Change, Exception], t.Optional[Refusal]] = lambda _change, _error: None


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The walk up to and including guard: all that check mode knows."""

    findings: tuple[Finding, ...]
    plan: Plan
    allowed: tuple[Change, ...]
    refused: tuple[Refusal, ...]

    @property
    def plan_sha256(self) -> str:
        """Covers every planned change, whether or not it was let through, so that an approval can lift a cap."""
        return plan_sha256(self.plan.changes)


@dataclasses.dataclass(frozen=True)
class Applied:
    """What became of the allowed changes: those made, those refused at the last moment, and what stopped the rest."""

    made: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    error: str = ""


def predict(walk: Walk[State], context: GuardContext) -> Prediction:
    """Observe, assess, plan and guard.

    :raises GuardError: a change acts on the caller.
    """
    state = walk.observe()
    findings = walk.assess(state)
    plan = walk.plan(state, findings)
    fatal = [refusal for refusal in plan.refused if refusal.fatal]
    if fatal:
        raise GuardError(fatal)
    plan = dataclasses.replace(plan, changes=walk.affected(state, plan.changes))
    could_lock_out = any(change.kind in walk.lockout_kinds for change in plan.changes)
    rescue = walk.rescue(state) if could_lock_out else None
    known = dataclasses.replace(context, lockout_kinds=walk.lockout_kinds, rescue=rescue)
    guarded = guard(plan.changes, known)
    allowed, left = _together(walk, plan.changes, guarded.allowed)
    return Prediction(findings, plan, allowed, refused=(*plan.refused, *guarded.refused, *left))


def _together(
    walk: Walk[State], planned: Sequence[Change], allowed: Sequence[Change]
) -> tuple[tuple[Change, ...], tuple[Refusal, ...]]:
    """The allowed changes without those that stay away with a refused one, and the refusals of these."""
    kept = list(allowed)
    refused = [change for change in planned if not _among(change, kept)]
    refusals: list[Refusal] = []
    # What is refused here may keep others away in its turn.
    for other in refused:
        for change in [change for change in kept if walk.stays_with(change, other)]:
            kept = [item for item in kept if item is not change]
            refused.append(change)
            refusals.append(_left(change, other))
    return tuple(kept), tuple(refusals)


def _among(change: Change, changes: Sequence[Change]) -> bool:
    return any(change is other for other in changes)


def _left(change: Change, other: Change) -> Refusal:
    reason = f"it does not come without {other.operation} on {other.target}, which is refused"
    return Refusal("together", reason, change.target, change.operation)


def apply(
    walk: Walk[State],
    changes: Sequence[Change],
    *,
    aws: Aws,
    journal: Journal,
    errors: tuple[type[Exception], ...],
    sleep: Callable[[float], None],
) -> Applied:
    """Make the allowed changes in their order and verify them; the first that fails stops the rest.

    Successive changes of different regions are made side by side, and a failure stops those of its region alone, then
    what comes after all of them: a region that refuses an account is no reason to leave the others unwatched.

    ``errors`` are the exceptions that a call to AWS may raise: the one thing of ``_aws`` that has to be known here.
    """
    making = _Making(walk, aws=aws, journal=journal, errors=errors)
    for lanes in _stretches(changes):
        error = making.make(lanes)
        if error:
            break
    else:
        error = _verify(walk, making.made, errors=errors, sleep=sleep)
    order = {id(change): index for index, change in enumerate(changes)}
    made = sorted(making.made, key=lambda change: order[id(change)])
    return Applied(tuple(made), tuple(refusal for _change, refusal in making.refused), error)


def _stretches(changes: Sequence[Change]) -> Iterator[tuple[tuple[Change, ...], ...]]:
    """The changes in their order, as stretches of lanes: one lane of global changes, or one for each region."""
    for _is_global, stretch in itertools.groupby(changes, key=lambda change: change.region == GLOBAL):
        lanes: dict[str, list[Change]] = {}
        for change in stretch:
            lanes.setdefault(change.region, []).append(change)
        yield tuple(tuple(lane) for lane in lanes.values())


class _Making(t.Generic[State]):
    """The changes of one run being made. Lanes of one stretch share it, each in a thread of its own."""

    def __init__(self, walk: Walk[State], *, aws: Aws, journal: Journal, errors: tuple[type[Exception], ...]) -> None:
        self._walk = walk
        self._aws = aws
        self._journal = journal
        self._errors = errors
        self.made: list[Change] = []
        self.refused: list[tuple[Change, Refusal]] = []

    def make(self, lanes: Sequence[Sequence[Change]]) -> str:
        """Make the changes of all lanes; returns what went wrong, or nothing."""
        return "; ".join(filter(None, _side_by_side(self._lane, lanes, workers=len(lanes))))

    def _lane(self, changes: Sequence[Change]) -> str:
        stops: tuple[type[Exception], ...] = (*self._errors, StoreError)
        for change in changes:
            try:
                error = self._one(change)
            except stops as failure:
                error = f"{change.operation} on {change.target}: {failure}"
            if error:
                return error
        return ""

    def _one(self, change: Change) -> str:
        refusal = _at_the_last_moment(self._walk, change, [other for other, _refusal in self.refused])
        refusal = refusal or _joined_since(change, self._aws, self._errors)
        if refusal:
            self.refused.append((change, refusal))
            return ""
        made, refused = self.made, self.refused
        return _make(
            self._walk, change, aws=self._aws, journal=self._journal, errors=self._errors, made=made, refused=refused
        )


def _at_the_last_moment(walk: Walk[State], change: Change, refused: Sequence[Change]) -> t.Optional[Refusal]:
    """Why a change is not made after all: another one was not, or its target is no longer as it was planned on."""
    other = next((other for other in refused if walk.stays_with(change, other)), None)
    if other is not None:
        return _left(change, other)
    if content_hash(walk.reread(change)) == content_hash(change.before):
        return None
    reason = "it was changed by somebody else since it was read, so the plan no longer holds; run again"
    return Refusal("changed_meanwhile", reason, change.target, change.operation)


def _joined_since(change: Change, aws: Aws, errors: tuple[type[Exception], ...]) -> t.Optional[Refusal]:
    """Why a change is not made after all: it would affect others than those whom its plan names."""
    caller = aws.caller
    live = Live(
        aws,
        account_id=change.account_id,
        partition=caller.arn.split(":")[1],
        errors=errors,
        known=change.affects,
    )
    joined = grown(change, live)
    if not joined:
        return None
    reason = f"it would also affect {described(joined)}, who were not among those whom it was judged by; run again"
    return Refusal("affects_grown", reason, change.target, change.operation)


def _make(
    walk: Walk[State],
    change: Change,
    *,
    aws: Aws,
    journal: Journal,
    errors: tuple[type[Exception], ...],
    made: list[Change],
    refused: list[tuple[Change, Refusal]],
) -> str:
    """Make one change between its two records; returns what went wrong, or nothing."""
    key = journal.intend(change)
    outcome, error = Outcome.APPLIED, ""
    refusal: t.Optional[Refusal] = None
    learned: Mapping[str, t.Any] = {}
    try:
        acting = walk.acting(change) or aws
        answer = acting.call(change.service, change.operation, change.parameters, region=_region(change))
        learned = walk.learn(change, answer)
    except errors as failure:
        # A dropped connection says nothing about whether the write arrived: only a read does.
        outcome, error = settle(walk.reread, change, errors=errors), str(failure)
        refusal = walk.declined(change, failure) if outcome is Outcome.FAILED else None
    if outcome is Outcome.APPLIED:
        made.append(change)
    journal.conclude(key, outcome, error, learned)
    if refusal is not None:
        refused.append((change, refusal))
        return ""
    if outcome is Outcome.APPLIED:
        return ""
    doubt = "" if outcome is Outcome.FAILED else " (whether it was made could not be told: look at it)"
    return f"{change.operation} on {change.target}: {error}{doubt}"


def _region(change: Change) -> t.Optional[str]:
    return None if change.region == GLOBAL else change.region


def settle(reread: Callable[[Change], t.Any], change: Change, *, errors: tuple[type[Exception], ...]) -> Outcome:
    """Whether a change whose answer is missing was made, judged by what is there now."""
    try:
        present = content_hash(reread(change))
    except errors:
        return Outcome.UNKNOWN
    if present == content_hash(change.after):
        return Outcome.APPLIED
    return Outcome.FAILED if present == content_hash(change.before) else Outcome.UNKNOWN


def _verify(
    walk: Walk[State], made: Sequence[Change], *, errors: tuple[type[Exception], ...], sleep: Callable[[float], None]
) -> str:
    """Read back what was written until it shows; returns what does not, or nothing."""
    last = {change.target: change for change in made}
    pending = list(last.values())

    def shows(change: Change) -> bool:
        return settle(walk.reread, change, errors=errors) is Outcome.APPLIED

    for wait in (*VERIFY_WAITS, None):
        pending = _unless(shows, pending)
        if not pending or wait is None:
            break
        sleep(wait)
    targets = ", ".join(change.target for change in pending)
    return f"written, but not found as written when read again: {targets}" if pending else ""


def _unless(shows: Callable[[Change], bool], changes: Sequence[Change]) -> list[Change]:
    """The changes for which ``shows`` is false."""
    shown = _side_by_side(shows, changes, workers=len({change.region for change in changes}))
    return [change for change, is_shown in zip(changes, shown, strict=True) if not is_shown]


def _side_by_side(function: Callable[[A], B], values: Sequence[A], *, workers: int) -> list[B]:
    """``function`` of all values in their order, in so many threads; in this one where one would do."""
    if workers < 2:
        return [function(value) for value in values]
    with ThreadPoolExecutor(max_workers=min(_WORKERS, workers)) as pool:
        return list(pool.map(function, values))
