# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reads that prove that a user and a role are those of a drill, and the incidents that forbid one."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ..._account import fields
from ..._aws.access import Access
from ..._aws.errors import NotFound
from ..._aws.operations import Operations
from ..._converge.incident.drills import is_drill_id
from ..._converge.incident.freeze import read_freeze
from ..._converge.incident.names import INCIDENTS, OF_ORGANIZATION
from ..._converge.incident.record import State as IncidentState
from ..._converge.incident.records import read_record
from ..._converge.store import Store
from .record import Drill

OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            "iam:GetRole",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListAttachedRolePolicies",
            "iam:ListAttachedUserPolicies",
            "iam:ListRolePolicies",
            "iam:ListUserPolicies",
            "sts:GetCallerIdentity",
        }
    )
)
# AWS has another clock.
_SKEW: t.Final = timedelta(minutes=5)


class NotOwnError(Exception):
    """A user or a role is not that of the drill. Nothing is done to it."""


def find_own(access: Access, drill: Drill, kind: str) -> str:
    """Find the unique id of the drill's ``User`` or ``Role``; empty if there is none.

    Of one whose unique id the record does not have yet, because the drill was killed, the random name was recorded
    before it was made, and it is younger than the record.

    :raises NotOwnError: somebody else made it.
    :raises AwsError: it can't be read.
    """
    arn, known = (drill.user_arn, drill.user_id) if kind == "User" else (drill.role_arn, drill.role_id)
    try:
        found = fields.structure(access.call("iam", f"Get{kind}", {f"{kind}Name": drill.id}), kind)
    except NotFound:
        return ""
    unique_id = fields.text(found, f"{kind}Id")
    created = fields.moment(found, "CreateDate")
    if fields.text(found, "Arn") != arn or (known and unique_id != known) or not _is_since(created, drill.began):
        raise NotOwnError(
            f"{fields.text(found, 'Arn')} ({unique_id}) is not the {kind.lower()} that {drill.id} made"
            f"{f' ({known})' if known else ''}. Nothing is done to it. Find out who made it, and delete it by hand"
        )
    return unique_id


def _is_since(created: t.Optional[datetime], began: datetime) -> bool:
    return created is not None and created >= began - _SKEW


def find_open_incident(store: Store) -> str:
    """Find an incident that forbids a drill, in any account; empty if there is none.

    :raises StoreError: the records can't be read.
    """
    for account_id in store.folders(INCIDENTS):
        for held in read_freeze(store, account_id).held:
            if held.record is None:
                return f"the record {held.place} can't be believed: {held.problem}"
            if held.is_open and not is_drill_id(held.incident_id):
                return f"incident {held.incident_id} is open in account {account_id}"
    return ""


def find_hold(store: Store, drill: Drill) -> tuple[bool, str]:
    """Whether the incident of a drill is still to be released, and why that is not for a drill to do (or empty).

    :raises StoreError: a record can't be read.
    """
    is_held = False
    for account_id in store.folders(INCIDENTS):
        other = read_record(store, account_id, f"{drill.id}{OF_ORGANIZATION}")
        if other is not None and other.state is not IncidentState.RELEASED:
            return True, (
                f"the record {drill.id}{OF_ORGANIZATION} in account {account_id} contains accounts or users of "
                "Identity Center, which no drill does. Nothing is released. Find out who wrote it"
            )
        record = read_record(store, account_id, drill.id)
        if record is None or record.state is IncidentState.RELEASED:
            continue
        is_held = True
        for item in record.contained:
            if not item.unique_id or drill.owned.get(item.arn) != item.unique_id:
                return True, (
                    f"the record of {drill.id} in account {account_id} contains {item.arn} ({item.unique_id}), which "
                    "is not of this drill. Nothing is released. Find out who wrote it"
                )
    return is_held, ""
