# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The users and roles that an incident names and that are not there as they are written."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence

from ..._account.answer import Answer, Yes
from ..._account.model import Snapshot
from ..._converge.arn import principal_of, principals_of
from ..._converge.incident.declaration import Incident, SessionSeed
from ..._incident.deletions import Deletion, Kind
from ..._incident.near_names import find_near
from .plan import Observed, Verdict
from .sessions.names import name_of
from .targets import list_named_principals


def find_lost(
    incident: Incident,
    snapshot: Snapshot,
    sessions: Sequence[SessionSeed],
    find: Callable[[Kind, str], Answer[Deletion]],
) -> tuple[frozenset[str], frozenset[str]]:
    """Find the principals of an account that people name and that are not there, and those that were deleted.

    ``sessions`` are those that leaked keys are of, and ``find`` finds the proof of a deletion.
    """
    present = {*(user.arn for user in snapshot.users), *(role.arn for role in snapshot.roles)}
    named = (arn for arn in list_named_principals(incident) if arn.split(":")[4] == snapshot.account_id)
    absent = [arn for arn in named if arn not in present]
    # Events show that these were there.
    used = {*(one.role for one in incident.seen), *(one.role for one in sessions)}
    gone = {arn for arn in absent if arn in used or isinstance(find(_kind_of(arn), arn), Yes)}
    # One of another path or case is there, so what was deleted is no proof for it.
    gone = {arn for arn in gone if principal_of(arn) not in principals_of(present)}
    return frozenset(absent) - gone, frozenset(gone)


def _kind_of(arn: str) -> Kind:
    return Kind.USER if ":user/" in arn else Kind.ROLE


def list_unresolved(observed: Observed, verdicts: Sequence[Verdict]) -> Iterator[dict[str, t.Any]]:
    """List the roles and sessions that people name and that are not there, with the names that they may have meant."""
    snapshot = observed.snapshot
    roles = [role.arn for role in snapshot.roles]
    for verdict in verdicts:
        arn, refusal = verdict.target.arn, verdict.refusal
        if arn in observed.lost and refusal is not None:
            near = list(find_near(arn, roles))
            yield {"id": arn, "account_id": snapshot.account_id, "detail": refusal.reason, "near": near}
    for one in observed.lost_sessions:
        name = f"session {name_of(one.seed)} of {one.seed.role}"
        detail = (
            "no event shows a session of this name. If it is right, list it in seen of the incident too, with role and "
            "session_name"
        )
        yield {"id": name, "account_id": snapshot.account_id, "detail": detail, "near": list(one.near)}
