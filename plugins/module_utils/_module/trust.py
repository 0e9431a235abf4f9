# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Keeps the roles of the run and the control policies of an account beside the journal, for a later incident.

The assessment of a run has read them. The first module of the run that may write keeps them, without a further call to
the account.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

from .._account.model import Dataset, Snapshot
from .._converge.incident.trust_state import Found, add_policies, describe_found
from .._converge.incident.trust_states import keep_state
from .._converge.store import Store, StoreError
from .connection import Connection
from .run_snapshot import RunSnapshot

_FOUND: t.Final = "trust_found"
_KEPT: t.Final = "trust_kept"
# A run has its id where it keeps the state.
_NO_RUN: t.Final = "run"


def note_found(connection: Connection, snapshot: Snapshot) -> None:
    """Note what the run has found, for the modules that follow. Without the roles nothing is noted."""
    if snapshot.missing(Dataset.AUTHORIZATION_DETAILS) is not None:
        return
    found = describe_found(snapshot, _NO_RUN, connection.principals)
    if snapshot.missing(Dataset.ORGANIZATION_POLICIES) is None:
        found = add_policies(found, snapshot.organization_policies)
    connection.snapshot.lasting.note(_FOUND, {**found.as_dict(), "others": sorted(found.others)})


def keep_found(snapshot: RunSnapshot, store: Store, run_id: str, warn: Callable[[str], None]) -> None:
    """Keep what the assessment of this run noted, once a run. A place that can't be written is a warning."""
    facts = snapshot.lasting
    noted = facts.recall(_FOUND)
    if noted is None or facts.recall(_KEPT):
        return
    found = dataclasses.replace(Found.of_dict(noted, noted["others"]), run_id=run_id)
    try:
        changes = keep_state(store, found)
    except StoreError as error:
        warn(f"the state of the roles of the run in account {found.account_id} is not kept for incidents: {error}")
        return
    facts.note(_KEPT, run_id)
    for change in changes:
        warn(
            f"account {found.account_id}: {change.describe()}. If nobody of you did that, the account may not be "
            "trusted any more: see docs/incident.md"
        )
