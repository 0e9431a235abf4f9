# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Taking recorded changes back: which can be, in which order, and why others can't.

An undo is a change itself, which is guarded, journalled and made like any other.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from .change import Change, Impact, Refusal, Undo, content_hash
from .journal import Intent, Outcome

Recorded = tuple[Intent, Outcome]
# Whether a recorded change, the first, may rely on an earlier one of the same run.
Relies = Callable[[Intent, Intent], bool]

# An undo that removes a boundary widens access; every other one with such a name takes something away.
_TAKING_AWAY: t.Final = ("Delete", "Detach", "Remove")
_BOUNDARY: t.Final = "PermissionsBoundary"


@dataclasses.dataclass(frozen=True)
class Unread:
    """In place of the present state of a target: why it is not known."""

    reason: str


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which changes of a run are meant: those that fit every part that is not empty.

    Modules by name; the targets and operations of the recorded changes by globs, with regard to case.
    """

    modules: frozenset[str] = frozenset()
    targets: tuple[str, ...] = ()
    exclude_targets: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def has(self, intent: Intent) -> bool:
        change = intent.change
        return (
            (not self.modules or intent.module in self.modules)
            and (not self.targets or _fits(change.target, self.targets))
            and (not self.operations or _fits(change.operation, self.operations))
            and not _fits(change.target, self.exclude_targets)
        )


def _fits(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)


@dataclasses.dataclass(frozen=True)
class Undoing:
    """The plan of a rollback.

    The changes in their order, the refusals, and the recorded changes whose targets are as before already.
    """

    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    as_before: tuple[Change, ...] = ()


def _is_derived(_change: Change) -> str:
    """Where nothing is known of how undos are derived."""
    return ""


def objection(
    intent: Intent,
    outcome: Outcome,
    *,
    account_id: str,
    writes: frozenset[str],
    mismatch: Callable[[Change], str] = _is_derived,
) -> t.Optional[Refusal]:
    """Why a recorded change can't be taken back whatever is there now; None where that depends on what is there.

    ``writes`` are the operations (``service:Operation``) that may take back a change of its module. ``mismatch`` says
    why the recorded undo is not the one that follows from target and before. A journal can be written by others than
    us, and nothing that it says beyond that is sent.
    """
    done = intent.change
    what = f"{done.operation} on {done.target}"
    if done.account_id != account_id:
        return _refusal(intent, "wrong_account", f"{what} is recorded of account {done.account_id}")
    if outcome is Outcome.FAILED:
        return _refusal(intent, "not_made", f"{what} was not made, so there is nothing to undo")
    if outcome is Outcome.FOREIGN:
        return _refusal(intent, "foreign", f"{what} was made by somebody else, so the rollback ignores it")
    if done.undo is None:
        again = "; run the declaration again to make the change again" if done.undoes else ""
        return _refusal(intent, "irreversible", f"{what} can't be undone{again}")
    if f"{done.service}:{done.undo.operation}" not in writes:
        reason = f"{what} would be undone by {done.undo.operation}, which is not a write of {intent.module}"
        return _refusal(intent, "undeclared", reason)
    problem = mismatch(done)
    if problem:
        return _refusal(intent, "undo_mismatch", f"the record of {what} can't be trusted: {problem}")
    return None


def is_same_module(later: Intent, earlier: Intent) -> bool:
    """Whether two changes are of the same module: the rule for modules without a closer one."""
    return later.module == earlier.module


def plan_undos(
    run: Sequence[Recorded],
    *,
    selected: Iterable[Recorded],
    objections: Mapping[str, Refusal],
    present: Mapping[str, t.Any],
    relies: Relies = is_same_module,
) -> Undoing:
    """Plan how to undo the ``selected`` changes of a ``run``, newest first. Both have the recorded order.

    ``objections`` are those of :func:`objection`; ``present`` holds for every other change what is there now, in the
    shape of its ``before`` and ``after``, or :class:`Unread`. Both by the key of the record.

    A change is taken back where what it left is there now, or will be once newer ones are taken back; everything else
    was decided by somebody since, and stands, as does what is not selected. An earlier change of one that stands is
    not taken back if the later one ``relies`` on it: if a policy was attached to a group and then detached
    from its user, the group keeps it until the user has it again.
    """
    changes: list[Change] = []
    refused: list[Refusal] = []
    as_before: list[Change] = []
    standing: list[Intent] = []
    chosen = {intent.key for intent, _outcome in selected}
    for intent, outcome in reversed(run):
        if intent.key not in chosen:
            if _stands(intent, outcome, run, changes, present):
                standing.append(intent)
            continue
        verdict = objections.get(intent.key) or _undo_or_refuse(intent, run, changes, present[intent.key])
        if isinstance(verdict, Change) and takes_away(verdict):
            verdict = next((_under_another(intent) for later in standing if relies(later, intent)), verdict)
        if verdict is None:
            as_before.append(intent.change)
        elif isinstance(verdict, Change):
            changes.append(verdict)
        else:
            refused.append(verdict)
            if verdict.rule != "not_made":
                standing.append(intent)
    return Undoing(tuple(changes), tuple(refused), tuple(as_before))


def _stands(
    intent: Intent, outcome: Outcome, run: Sequence[Recorded], newer: Iterable[Change], present: Mapping[str, t.Any]
) -> bool:
    """Whether a change that is not to be taken back was made, and is not as before for another reason."""
    if outcome is Outcome.FAILED:
        return False
    return intent.key not in present or _undo_or_refuse(intent, run, newer, present[intent.key]) is not None


def _undo_or_refuse(
    intent: Intent, run: Sequence[Recorded], newer: Iterable[Change], present: t.Any
) -> t.Union[Change, Refusal, None]:
    """Derive the undo of a change or refuse it; None if everything is as it was before.

    A change may leave everything as it found it, as far as it shows: it writes the same state once more.
    """
    done = intent.change
    if isinstance(present, Unread):
        return _refusal(intent, "unread", f"the present state of {done.target} can't be read: {present.reason}")
    after = content_hash(done.after)
    if after == content_hash(done.before):
        return None
    is_there = after in (content_hash(present), content_hash(_once_undone(done.target, present, newer)))
    if is_there and done.undo is not None:
        return _taking_back(intent, done.undo)
    if content_hash(present) in _states_before(intent, run):
        return None
    reason = f"{done.target} is no longer as {done.operation} of run {intent.run_id} left it"
    return _refusal(intent, "changed_since", reason)


def _once_undone(target: str, present: t.Any, undos: Iterable[Change]) -> t.Any:
    """The state that ``present`` will have become once ``undos`` are made."""
    for undo in undos:
        if undo.target == target and content_hash(undo.before) == content_hash(present):
            present = undo.after
    return present


def _states_before(intent: Intent, run: Sequence[Recorded]) -> set[str]:
    """The hashes of what was there before the change, and before those that the run made to the same target earlier."""
    states: set[str] = set()
    for other, _outcome in run:
        if (other.module, other.change.target) == (intent.module, intent.change.target):
            states.add(content_hash(other.change.before))
        if other.key == intent.key:
            break
    return states


def _taking_back(intent: Intent, undo: Undo) -> Change:
    done = intent.change
    return Change(
        account_id=done.account_id,
        region=done.region,
        service=done.service,
        operation=undo.operation,
        target=done.target,
        parameters=undo.parameters,
        before=done.after,
        after=done.before,
        kind=f"undo_{done.operation}",
        # Neither caps nor predictions hold a rollback back: it is no larger than the run, which they have passed.
        impact=Impact.ADDITIVE,
        undoes=intent.key,
    )


def takes_away(undo: Change) -> bool:
    """Whether what takes a change back takes something from somebody."""
    return undo.operation.startswith(_TAKING_AWAY) and not undo.operation.endswith(_BOUNDARY)


def _under_another(intent: Intent) -> Refusal:
    reason = (
        f"{intent.change.operation} on {intent.change.target} came before a change of {intent.module} in the same run "
        "that is not rolled back and may rely on it"
    )
    return _refusal(intent, "later_change_stands", reason)


def _refusal(intent: Intent, rule: str, reason: str) -> Refusal:
    return Refusal(rule=rule, reason=reason, target=intent.change.target, operation=intent.change.operation)
