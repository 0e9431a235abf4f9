# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of incidents to try things on."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import (
    By,
    Confirmation,
    Contained,
    Event,
    Record,
    State,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import update
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import Store

from ..fakes import ACCOUNT, NOW, user_arn

INCIDENT: t.Final = "INC-7"
CONTAIN: t.Final = "contain-1"


def event(state: State, *, minutes: float = 0, run_id: str = CONTAIN, **fields: t.Any) -> Event:
    return Event(NOW + timedelta(minutes=minutes), state, run_id, **fields)


def contained(name: str = "a", *, since: datetime = NOW) -> Contained:
    return Contained(user_arn(name), "AIDAEXAMPLE", By.SOURCE, since)


def record(*names: str, state: State = State.CONTAINED, **fields: t.Any) -> Record:
    """An incident that contains users, with the events that lead to its state."""
    given: dict[str, t.Any] = {
        "declared_by": "Ana",
        "reason": "key found in a public repository",
        "contained": tuple(map(contained, names)),
        "events": frozenset(
            event(passed, minutes=passed.rank, author="ana") for passed in State if passed.rank <= state.rank
        ),
        "runs": frozenset({CONTAIN}),
        **fields,
    }
    return Record(ACCOUNT, INCIDENT, state, **given)


def confirmation(by: str = "Ben", *, hours: float = 1) -> Confirmation:
    return Confirmation(NOW + timedelta(hours=hours), by, "confirm-1")


def write(store: Store, wanted: Record) -> Record:
    """Write a record as the modules of an incident do."""
    return update(store, wanted.account_id, wanted.incident_id, lambda _present: wanted)
