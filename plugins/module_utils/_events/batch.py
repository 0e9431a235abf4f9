# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Batches of signals, which the event filter hands to the playbook: one job for many events.

A job for each event would let anybody who sends events start as many jobs. The collector therefore starts one at most
every minute, with all signals since the one before. What waits goes with the next event, at the latest with that of the
schedule.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from .agenda import Dropped
from .recognise import Ignored, Reading, read_event
from .signals import Kind, Signal

#: So many signals are in a batch at most. Others wait for the next one.
MOST_SIGNALS: t.Final = 400
#: So many bytes of JSON they are at most. An argument of a command may have 131,072 (``MAX_ARG_STRLEN`` in
#: https://man7.org/linux/man-pages/man2/execve.2.html), and the counts are in it as well.
MOST_BYTES: t.Final = 100_000
#: So many signals wait at most, and so many of each account and subject.
MOST_WAITING: t.Final = 20_000
MOST_OF_PLACE: t.Final = 16
#: Every reason for which an event or a signal starts nothing.
REASONS: t.Final = frozenset({*map(str, Ignored), *map(str, Dropped)})
_MOST_COUNT: t.Final = 10**9


@dataclasses.dataclass
class Collector:
    """Signals that wait for the next job. ``clock`` gives seconds that never go back.

    ``accounts`` are the accounts of the inventory, if they are known here; other signals are not kept then.
    """

    seconds: float
    clock: Callable[[], float]
    accounts: Collection[str] = ()
    waiting: dict[Signal, None] = dataclasses.field(default_factory=dict)
    places: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    ignored: Counter[str] = dataclasses.field(default_factory=Counter)
    last: t.Optional[float] = None

    def add(self, event: t.Any) -> t.Optional[dict[str, t.Any]]:
        """Take an event that a stranger may have written. Returns the batch of the job to start, or None."""
        reading = read_event(event)
        self.ignored.update(reading.ignored)
        for signal in reading.signals:
            self._keep(signal)
        is_due = self.last is None or self.clock() - self.last >= self.seconds
        # The event of a schedule has neither.
        is_schedule = not reading.signals and not reading.ignored
        return self._release() if is_due and (self.waiting or is_schedule) else None

    def _keep(self, signal: Signal) -> None:
        place = signal.account_id, signal.subject
        if self.accounts and signal.account_id not in self.accounts:
            self.ignored[Dropped.UNKNOWN_ACCOUNT] += 1
        elif signal in self.waiting:
            return
        elif len(self.waiting) >= MOST_WAITING or self.places[place] >= MOST_OF_PLACE:
            self.ignored[Dropped.TOO_MANY] += 1
        else:
            self.waiting[signal] = None
            self.places[place] += 1

    def _release(self) -> dict[str, t.Any]:
        self.last = self.clock()
        batch = self._choose()
        for signal in batch:
            del self.waiting[signal]
            self.places[signal.account_id, signal.subject] -= 1
        self.places = +self.places
        ignored, self.ignored = self.ignored, Counter()
        return {
            "signals": [signal.as_dict() for signal in batch],
            "ignored": {str(reason): count for reason, count in sorted(ignored.items())},
        }

    def _choose(self) -> list[Signal]:
        """The signals of the next batch: as many as it has room for, those about credentials first."""
        order = {kind: number for number, kind in enumerate(Kind)}
        batch: list[Signal] = []
        left = MOST_BYTES
        for signal in sorted(self.waiting, key=lambda signal: order[signal.kind])[:MOST_SIGNALS]:
            left -= len(json.dumps(signal.as_dict())) + len(", ")
            if left < 0:
                break
            batch.append(signal)
        return batch


def read_batch(given: t.Any) -> Reading:
    """The signals of a batch. Others than the filter may have made it, so every part is checked. It never raises."""
    reading = Reading()
    ignored = given.get("ignored") if isinstance(given, Mapping) else None
    for reason, count in ignored.items() if isinstance(ignored, Mapping) else ():
        is_count = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MOST_COUNT
        if reason in REASONS and is_count:
            reading.ignored[reason] += count
    signals = given.get("signals") if isinstance(given, Mapping) else None
    if not isinstance(signals, list):
        reading.ignored[Ignored.MALFORMED] += 1
        return reading
    reading.ignored[Dropped.TOO_MANY] += max(0, len(signals) - MOST_SIGNALS)
    for signal in signals[:MOST_SIGNALS]:
        try:
            reading.signals.append(Signal.from_dict(signal))
        except (ValueError, OverflowError):
            reading.ignored[Ignored.MALFORMED] += 1
    return reading
