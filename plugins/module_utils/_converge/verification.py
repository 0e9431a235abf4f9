# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading back what was written, until it shows."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from .attempts import verify_waits
from .capability import Capability, Observed
from .change import Change, content_hash
from .journal import Outcome

A = t.TypeVar("A")
B = t.TypeVar("B")

# IAM shows a change after four seconds or so. The waits up to this add up to 7.5 seconds.
_LONGEST_INSISTENT_WAIT: t.Final = 4.0
#: The seconds between two looks at changes that have to stay.
HOLD_PAUSE: t.Final = 0.5
# So many regions are changed, or read back, at a time.
_WORKERS: t.Final = 8


def settle(reread: Callable[[Change], t.Any], change: Change, *, errors: tuple[type[Exception], ...]) -> Outcome:
    """Whether a change whose answer is missing was made, judged by what is there now."""
    try:
        present = content_hash(reread(change))
    except errors:
        return Outcome.UNKNOWN
    if present == content_hash(change.after):
        return Outcome.APPLIED
    return Outcome.FAILED if present == content_hash(change.before) else Outcome.UNKNOWN


def list_waits(capability: Capability[Observed], change: Change) -> Sequence[float]:
    """List the seconds to wait before each further look at a target. Containment looks again in its next pass."""
    return [wait for wait in verify_waits(change) if not capability.insists or wait <= _LONGEST_INSISTENT_WAIT]


def find_unverified(
    capability: Capability[Observed],
    made: Sequence[Change],
    *,
    errors: tuple[type[Exception], ...],
    sleep: Callable[[float], None],
) -> tuple[Change, ...]:
    """Read back what was written until it shows; returns what does not."""
    # Of several changes to one object the last shows. Containment changes each part of an object once.
    last = {id(change) if capability.insists else change.target: change for change in made}
    pending = list(last.values())
    overdue: list[Change] = []

    def shows(change: Change) -> bool:
        return settle(capability.reread, change, errors=errors) is Outcome.APPLIED

    for number in itertools.count():
        pending = _unless(shows, pending, workers=len({change.region for change in pending}))
        waits = {id(change): list_waits(capability, change) for change in pending}
        overdue += [change for change in pending if number >= len(waits[id(change)])]
        pending = [change for change in pending if number < len(waits[id(change)])]
        if not pending:
            break
        sleep(max(waits[id(change)][number] for change in pending))
    return tuple(overdue)


def find_missing(
    capability: Capability[Observed], changes: Sequence[Change], *, errors: tuple[type[Exception], ...]
) -> tuple[Change, ...]:
    """Find the changes that do not show now, all at once. What can't be read is not missing."""

    def may_show(change: Change) -> bool:
        try:
            return content_hash(capability.reread(change)) == content_hash(change.after)
        except errors:
            return True

    return tuple(_unless(may_show, changes, workers=len(changes)))


def _unless(shows: Callable[[Change], bool], changes: Sequence[Change], *, workers: int) -> list[Change]:
    """The changes for which ``shows`` is false, asked in so many threads."""
    shown = side_by_side(shows, changes, workers=workers)
    return [change for change, is_shown in zip(changes, shown, strict=True) if not is_shown]


def side_by_side(function: Callable[[A], B], values: Sequence[A], *, workers: int) -> list[B]:
    """``function`` of all values in their order, in so many threads; in this one where one would do."""
    if workers < 2:
        return [function(value) for value in values]
    with ThreadPoolExecutor(max_workers=min(_WORKERS, workers)) as pool:
        return list(pool.map(function, values))
