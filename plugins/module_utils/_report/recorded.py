# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the journal of a run has and its reports lack: a module that was cut off leaves no part, or one with less.

A report may show more than the journal that it is given, such as one in another place, and never less.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .._account.answer import NO, Answer, No, Unknown, Yes
from .._converge.journal import Intent, Outcome, count_intents, read_recorded
from .._converge.store import Store, StoreError
from .parts import Parts

#: By this name a report says that the journal can't be read.
JOURNAL: t.Final = "journal"
_PLACE: t.Final = ("account_id", "region", "service", "operation", "target")

Place = tuple[t.Any, ...]


@dataclasses.dataclass(frozen=True)
class Lost:
    """What the journal of a run has and no report shows: applied changes by module, and how many nobody knows.

    ``unknown`` are changes without an outcome, by module. ``broken`` are records that can't be read.
    """

    applied: Mapping[str, Sequence[Mapping[str, t.Any]]]
    unknown: Mapping[str, int]
    broken: int

    def explain(self) -> dict[str, str]:
        """What is missing, by module."""
        said = {module: self._explain(module) for module in {*self.applied, *self.unknown}}
        broken = {JOURNAL: f"{self.broken} records of this run can't be read"} if self.broken else {}
        return {**said, **broken}

    def _explain(self, module: str) -> str:
        lost, unknown = len(self.applied.get(module, ())), self.unknown.get(module, 0)
        said = [f"{lost} changes are in the journal alone"] if lost else []
        return "; ".join(said + ([f"it is not known whether {unknown} changes were made"] if unknown else []))


def add_recorded(found: Parts, store: Store, account_id: str, run_id: str) -> Parts:
    """The parts of a run that wrote, with the changes that only its journal has, each as applied.

    What is missing is a problem of its module, unless a part has an error that says so.
    """
    shown = [change for part in found.parts for change in part.get("changes", ()) if change["applied"]]
    answer = find_lost(store, account_id, run_id, shown)
    if isinstance(answer, Unknown):
        reason = f"it can't be read, so changes of this run may be missing here: {answer.reason}"
        return Parts(found.parts, {**found.problems, JOURNAL: reason})
    if isinstance(answer, No):
        return found
    lost = answer.value
    explained = {part["module"] for part in found.parts if part.get("error")}
    problems = {module: reason for module, reason in lost.explain().items() if module not in explained}
    parts = [
        {"module": module, "run_id": run_id, "changes": changes, "refused": ()}
        for module, changes in lost.applied.items()
    ]
    return Parts((*found.parts, *parts), {**problems, **found.problems})


def find_lost(store: Store, account_id: str, run_id: str, shown: Sequence[Mapping[str, t.Any]]) -> Answer[Lost]:
    """What the journal of a run has, and is not among the applied changes that are ``shown``.

    A journal with no more changes than are shown is not read.
    """
    try:
        meant = count_intents(store, account_id, run_id)
        if meant <= len(shown):
            return NO
        recorded = list(read_recorded(store, account_id, run_id))
    except StoreError as error:
        return Unknown(str(error))
    lost = _compare(recorded, shown, broken=meant - len(recorded))
    return Yes(lost) if lost.applied or lost.unknown or lost.broken else NO


def _compare(recorded: Iterable[tuple[Intent, Outcome]], shown: Sequence[Mapping[str, t.Any]], *, broken: int) -> Lost:
    known = Counter(map(_place_of, shown))
    sums = {_place_of(change)[:-1] for change in shown if _is_sum(change)}
    applied: dict[str, list[dict[str, t.Any]]] = {}
    unknown = Counter[str]()
    for intent, outcome in recorded:
        change = intent.change.as_dict(applied=True)
        place = _place_of(change)
        if outcome not in (Outcome.APPLIED, Outcome.UNKNOWN) or place[:-1] in sums:
            continue
        if known[place]:
            known[place] -= 1
        elif outcome is Outcome.APPLIED:
            applied.setdefault(intent.module, []).append(change)
        else:
            unknown[intent.module] += 1
    return Lost(applied, unknown, broken)


def _place_of(change: Mapping[str, t.Any]) -> Place:
    return tuple(change.get(name) for name in _PLACE)


def _is_sum(change: Mapping[str, t.Any]) -> bool:
    """Whether a change stands for several writes, such as an export: each of them has a way back, none is recorded."""
    return bool(change.get("reversible")) and not change.get("undo")
