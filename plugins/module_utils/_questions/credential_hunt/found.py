# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a hunt hands on to its output."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from ..._policy.hunt.clusters import Suspected
from ..._policy.hunt.event import Event
from ..._policy.hunt.hunt import Outcome
from ..._policy.hunt.persistence.find import find_persistence
from ..._policy.hunt.persistence.model import Hit
from ..._policy.hunt.persistence.state import State
from ..._prediction.hunting.kept import KeptRecord
from ..._prediction.hunting.kept_state import Present


@dataclasses.dataclass(frozen=True)
class Found:
    """The document of a hunt with its evidence. ``account_id`` is empty for a hunt over many accounts."""

    document: Mapping[str, t.Any]
    outcome: Outcome
    records: tuple[KeptRecord, ...]
    queries: tuple[Mapping[str, t.Any], ...]
    hits: tuple[Hit, ...] = ()
    present: Present = Present()
    account_id: str = ""
    caller_arn: str = ""


def sweep(outcome: Outcome, state: State, others: Iterable[Event] = ()) -> tuple[Hit, ...]:
    """Find what the suspected events left behind. ``others`` are further events, which explain objects of today."""
    suspects = outcome.suspects
    suspected = {event.event_id for event in suspects}
    return find_persistence(
        suspects,
        state,
        chains={event.event_id: outcome.tainted.chain_of(event) for event in suspects},
        since=outcome.beginning.since,
        others=[event for event in (*outcome.events, *others) if event.event_id not in suspected],
        doubtful=[event.event_id for event in suspects if outcome.find_verdict(event) is Suspected.UNCERTAIN],
    )
