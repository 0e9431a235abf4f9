# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Batches of signals, which the event filter hands to the playbook: one job for many events.

A job for each event would let anybody who sends events start as many jobs. The collector therefore starts one at most
every minute, with all signals since the one before. What waits goes with the next event, at the latest with that of the
schedule. Signals about credentials that find no room are counted by account, and the batch says how many they were.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping

from .agenda import Dropped, Place
from .recognise import Ignored, Reading, read_event
from .signals import SUBJECTS, Kind, Origin, Signal, is_account_id

#: So many signals are in a batch at most. Others wait for the next one.
MOST_SIGNALS: t.Final = 400
#: So many bytes of JSON they are at most. An argument of a command may have 131,072 (``MAX_ARG_STRLEN`` in
#: https://man7.org/linux/man-pages/man2/execve.2.html), and the counts are in it as well.
MOST_BYTES: t.Final = 100_000
#: So many signals of each kind wait at most, and so many of each account and subject.
MOST_WAITING: t.Final = 20_000
MOST_OF_PLACE: t.Final = 16
#: So many accounts and subjects are known of which signals were lost, and so many are in a batch.
MOST_LOST: t.Final = 2_000
MOST_LOST_SENT: t.Final = 100
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
    places: dict[Place, list[Signal]] = dataclasses.field(default_factory=lambda: defaultdict(list))
    kinds: Counter[Kind] = dataclasses.field(default_factory=Counter)
    ignored: Counter[str] = dataclasses.field(default_factory=Counter)
    lost: Counter[Place] = dataclasses.field(default_factory=Counter)
    last: t.Optional[float] = None

    def add(self, event: t.Any) -> t.Optional[dict[str, t.Any]]:
        """Take an event that a stranger may have written. Returns the batch of the job to start, or None."""
        reading = read_event(event)
        self.ignored.update(reading.ignored)
        for signal in reading.signals:
            self.keep(signal)
        for place, count in reading.lost.items():
            self._lose(place, count)
        is_due = self.last is None or self.clock() - self.last >= self.seconds
        # The event of a schedule has neither.
        is_schedule = not reading.signals and not reading.ignored
        return self._release() if is_due and (self.waiting or self.lost or is_schedule) else None

    def keep(self, signal: Signal) -> None:
        """Let a signal wait, or count it."""
        place = _place_of(signal)
        if self.accounts and signal.account_id not in self.accounts:
            self.ignored[Dropped.UNKNOWN_ACCOUNT] += 1
        elif signal in self.waiting:
            return
        elif self.kinds[signal.kind] >= MOST_WAITING:
            self._lose(place)
        else:
            self.waiting[signal] = None
            self.places[place].append(signal)
            self.kinds[signal.kind] += 1
            self._make_room(place)

    def _make_room(self, place: Place) -> None:
        """Forget the signal of a place whose credential is believed least, the latest such one, if it has too many."""
        if len(self.places[place]) <= MOST_OF_PLACE:
            return
        worst = max(reversed(self.places[place]), key=lambda signal: signal.origin)
        self._remove(worst)
        if worst.origin is Origin.OTHER:
            self.ignored[Dropped.OTHER_ACCOUNT] += 1
        else:
            self._lose(place)

    def _remove(self, signal: Signal) -> None:
        del self.waiting[signal]
        place = _place_of(signal)
        self.places[place].remove(signal)
        self.kinds[signal.kind] -= 1
        if not self.places[place]:
            del self.places[place]

    def _lose(self, place: Place, count: int = 1) -> None:
        """Count signals that find no room. Those about credentials are counted by their place."""
        if SUBJECTS[place[1]] is not Kind.CREDENTIAL:
            self.ignored[Dropped.TOO_MANY] += count
        elif self.accounts and place[0] not in self.accounts:
            self.ignored[Dropped.UNKNOWN_ACCOUNT] += count
        elif place in self.lost or len(self.lost) < MOST_LOST:
            self.lost[place] += count
        else:
            self.ignored[Dropped.LOST] += count

    def _release(self) -> dict[str, t.Any]:
        self.last = self.clock()
        batch = self._choose()
        for signal in batch:
            self._remove(signal)
        lost = [[*place, self.lost.pop(place)] for place in list(self.lost)[:MOST_LOST_SENT]]
        ignored, self.ignored = self.ignored, Counter()
        return {
            "signals": [signal.as_dict() for signal in batch],
            "ignored": {str(reason): count for reason, count in sorted(ignored.items())},
            **({"lost": lost} if lost else {}),
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
    for number, given_signal in enumerate(signals):
        try:
            signal = Signal.from_dict(given_signal)
        except (ValueError, OverflowError):
            reading.ignored[Ignored.MALFORMED] += 1
            continue
        if number < MOST_SIGNALS:
            reading.signals.append(signal)
        elif signal.kind is Kind.CREDENTIAL:
            reading.lost[_place_of(signal)] += 1
        else:
            reading.ignored[Dropped.TOO_MANY] += 1
    _read_lost(given.get("lost", []), reading)
    return reading


def _read_lost(given: t.Any, reading: Reading) -> None:
    """Read the numbers of signals that the filter lost, by account and subject."""
    for item in given[:MOST_LOST_SENT] if isinstance(given, list) else [given]:
        try:
            account_id, subject, count = item
            is_known = is_account_id(account_id) and SUBJECTS.get(subject) is Kind.CREDENTIAL
            is_count = isinstance(count, int) and not isinstance(count, bool) and 0 < count <= _MOST_COUNT
        except (TypeError, ValueError):
            is_known = is_count = False
        if is_known and is_count:
            reading.lost[account_id, subject] += count
        else:
            reading.ignored[Ignored.MALFORMED] += 1


def _place_of(signal: Signal) -> Place:
    return signal.account_id, signal.subject
