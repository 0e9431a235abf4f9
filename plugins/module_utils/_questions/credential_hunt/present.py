# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether what the suspected events of an account left behind is still there."""

from __future__ import annotations

import typing as t
from collections.abc import Collection
from datetime import datetime

from ..._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ..._aws.operations import Operations
from ..._module.connection import Connection
from ..._policy.hunt.hunt import Outcome
from ..._policy.hunt.persistence.state import State
from ..._prediction.hunting.kept import Lookup
from ..sweep.observe import OPERATIONS as OPERATIONS_OF_SWEEP
from ..sweep.observe import read_state
from ..sweep.snapshot_answers import DATASETS

OPERATIONS: t.Final = OPERATIONS_OF_SWEEP.union(
    Operations(reads=frozenset()), *(OPERATIONS_OF_DATASETS[dataset] for dataset in DATASETS)
)
# An intruder could make thousands of objects.
_MOST_LOOKUPS: t.Final = 50


def read_present(connection: Connection, outcome: Outcome, regions: Collection[str]) -> State:
    """Read the present state, as far as the suspected events of the account ask about it."""
    account_id = connection.access.caller.account_id
    events = [event for event in outcome.suspects if event.account_id == account_id]
    if not events:
        return State()
    snapshot = connection.collect(DATASETS)
    return read_state(connection.access, snapshot, events, regions=regions).state


def look_up_made(state: State, since: t.Optional[datetime]) -> dict[Lookup, datetime]:
    """The questions to the event history about objects that were made since the first suspicious time.

    The events of other callers explain them: a deployment of the same day makes objects as well.
    """
    made = [one for one in state.made if since is not None and one.created >= since]
    lookups = {Lookup("ResourceName", one.question.key[0]): one.created for one in made if one.question.key}
    return dict(list(lookups.items())[:_MOST_LOOKUPS])
