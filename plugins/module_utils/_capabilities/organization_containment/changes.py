# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes of a containment of accounts: an account that is moved. Those of policies are of all modules."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._account.organization_tree import OrganizationPolicy, Unit
from ..._converge.change import GLOBAL, Change, Impact, Undo
from ..._converge.organization_changes import SERVICE, is_owned
from ..._converge.undo_organization import DERIVATIONS as OF_POLICIES
from ..._converge.undo_records import Derive, Record

MOVE: t.Final = "MoveAccount"
#: The tag that names the incident of a policy.
TAG: t.Final = "iam-hardening:incident"
_KIND: t.Final = "organization_account_move"


def is_of_incident(policy: OrganizationPolicy, incident_id: str) -> bool:
    """Whether this collection made a policy for the incident."""
    return is_owned(policy) and (policy.tags or {}).get(TAG) == incident_id


def move_account(management_id: str, arn: str, source: Unit, destination: Unit) -> Change:
    """Move an account to another unit. What is attached to the account itself stays."""
    account_id = arn.rpartition("/")[2]
    there, back = (source.id, destination.id), (destination.id, source.id)
    return Change(
        account_id=management_id,
        region=GLOBAL,
        service=SERVICE,
        operation=MOVE,
        target=arn,
        parameters=_name_units(account_id, *there),
        before={"account": account_id, "parent": source.id},
        after={"account": account_id, "parent": destination.id},
        kind=_KIND,
        impact=Impact.NARROWING,
        undo=Undo(MOVE, _name_units(account_id, *back)),
    )


def _name_units(account_id: str, source: str, destination: str) -> dict[str, str]:
    return {"AccountId": account_id, "SourceParentId": source, "DestinationParentId": destination}


def _undo_move(record: Record) -> Undo:
    account_id = str(record.before["account"])
    record.check(record.target.endswith(f"/{account_id}"), f"{record.target} is not the account {account_id}")
    record.check(record.after["account"] == account_id, "its after is of another account")
    return Undo(MOVE, _name_units(account_id, str(record.after["parent"]), str(record.before["parent"])))


#: How each change is taken back, by service and operation.
DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    **{key: rule for key, rule in OF_POLICIES.items() if key[1] in ("AttachPolicy", "CreatePolicy", "UpdatePolicy")},
    (SERVICE, MOVE): _undo_move,
}
