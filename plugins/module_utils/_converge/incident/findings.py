# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Findings on the incidents of an account: nobody confirmed one, or its record can't be believed.

Every module that converges makes them, since each of them reads the records.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from ..change import GLOBAL
from ..finding import Evidence, Finding, Remediation, Severity, Status
from .drills import is_drill_id, is_of_drill
from .freeze import Freeze, Held
from .record import Record

UNCONFIRMED: t.Final = "incident_unconfirmed"
DOUBTFUL: t.Final = "incident_record_doubtful"
#: The controls of these findings.
CONTROLS: t.Final = frozenset({UNCONFIRMED, DOUBTFUL})
#: So long a second person has to confirm an incident.
CONFIRM_WITHIN: t.Final = timedelta(hours=24)

_TITLES: t.Final[Mapping[str, str]] = {
    UNCONFIRMED: "A second person confirmed each incident",
    DOUBTFUL: "The records of incidents can be believed",
}
_REMEDIES: t.Final[Mapping[str, str]] = {
    UNCONFIRMED: (
        "Let a second person check the incident, and run the containment again with their name in "
        "hardening_incident.confirmed_by. If it is a false alarm, release it."
    ),
    DOUBTFUL: (
        "Find out who wrote the record, and who may write to the journal. Restore the version before, and check the "
        "contained principals in AWS."
    ),
}


def find_incident_problems(freeze: Freeze, *, partition: str, now: datetime) -> tuple[Finding, ...]:
    """Find the incidents of an account that are not confirmed in time, and the records that can't be believed."""
    account = f"arn:{partition}:iam::{freeze.account_id}:root"
    found = []
    for held in freeze.held:
        doubt = _find_doubt(held)
        if doubt:
            found.append(_make(DOUBTFUL, freeze.account_id, account, held, doubt, now))
        if held.record and held.is_open and _is_overdue(held.record, now):
            found.append(_make(UNCONFIRMED, freeze.account_id, account, held, _describe_lack(held.record), now))
    return tuple(found)


def _find_doubt(held: Held) -> str:
    if held.record is None:
        return f"{held.problem}; all changes of the account are refused"
    if not held.is_doubtful:
        return ""
    count = len(held.arns) + len(held.targets)
    lacks = "no principal" if held.record.is_empty else "no beginning of a release"
    said = f"the state {held.record.state} and {lacks}"
    return f"it has {said}, but {count} contained {'object is' if count == 1 else 'objects are'} still frozen"


def _is_overdue(record: Record, now: datetime) -> bool:
    """Whether nobody confirmed it for too long. An incident without any moment counts as old.

    Nobody confirms a drill.
    """
    if is_drill_id(record.incident_id) and all(is_of_drill(item.arn) for item in record.contained):
        return False
    began = record.declared_at
    return not record.is_confirmed and (began is None or now - began >= CONFIRM_WITHIN)


def _describe_lack(record: Record) -> str:
    since = format_utc(record.declared_at) if record.declared_at else "an unknown moment"
    hours = int(CONFIRM_WITHIN.total_seconds() // 3600)
    return f"open since {since}; no second person confirmed it within {hours} hours"


def _make(control: str, account_id: str, account: str, held: Held, detail: str, now: datetime) -> Finding:
    record = held.record
    observed = {
        "incident_id": held.incident_id,
        "state": record.state.value if record else None,
        "frozen": sorted((*held.arns, *held.targets)),
    }
    return Finding(
        control=control,
        status=Status.FAIL,
        severity=Severity.CRITICAL,
        account_id=account_id,
        region=GLOBAL,
        resource=account,
        resource_detail=held.incident_id or None,
        title=_TITLES[control],
        detail=f"incident {held.incident_id}: {detail}" if held.incident_id else detail,
        evidence=Evidence(observed, "confirmed" if control == UNCONFIRMED else "a complete record", held.place, now),
        remediation=Remediation(_REMEDIES[control]),
        compliance={},
    )
