# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The roles of the run and the control policies of an account, compared with what the last enforcing run has kept."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from datetime import datetime

from ...._account.collect import collect, with_organization_policies
from ...._account.model import Dataset, Snapshot
from ...._account.organization_reads import OPERATIONS as POLICIES_OPERATIONS
from ...._account.organization_tree import OrganizationTree
from ...._aws.errors import AwsError
from ...._aws.operations import Operations
from ...._controls.control import unread_reason
from ...._converge.arn import principals_of
from ...._converge.incident.trust_state import Difference, Found, add_policies, describe_found
from ...._converge.incident.trust_states import read_state
from ...._converge.store import Store, StoreError
from ...._module.connection import Connection
from ..declared import Declared
from ..trust.judge import list_differences

#: What is read in a member. Its role is that of the assessor.
STATE_OPERATIONS: t.Final = Operations(
    reads=frozenset({"iam:GetAccountAuthorizationDetails", "organizations:DescribeOrganization"})
)
#: What is read in the management account.
LEVELS_OPERATIONS: t.Final = Operations(reads=frozenset(POLICIES_OPERATIONS))
_NO_STATE: t.Final = (
    "no earlier run kept the roles of the run and the control policies there, so it is not known whether they changed"
)
_DATASETS: t.Final = frozenset({Dataset.AUTHORIZATION_DETAILS, Dataset.ORGANIZATION})


def find_differences(
    connection: Connection,
    declared: Declared,
    store: Store,
    tree: t.Optional[OrganizationTree],
    account_id: str,
    role: str,
    since: datetime,
) -> tuple[Sequence[Difference], Sequence[str]]:
    """Find what is no longer as the last run has kept it, and what is not known. ``role`` reads the account.

    The number of calls depends on the pages of roles and on the levels of the organization, not on the history.
    """
    try:
        state = read_state(store, account_id)
        if state is None:
            return (), (_NO_STATE,)
        arns = declared.list_watched_roles(account_id)
        needs_policies = state.found.policies is not None
        found = _read(connection, tree, account_id, role, arns, needs_policies=needs_policies)
    except StoreError as error:
        return (), (f"{error}. Find out who wrote there",)
    except AwsError as error:
        return (), (f"the roles of the run as they are now: {error}",)
    return list_differences(state, found, arns, since)


def _read(
    connection: Connection,
    tree: t.Optional[OrganizationTree],
    account_id: str,
    role: str,
    arns: Sequence[str],
    *,
    needs_policies: bool,
) -> Found:
    """Read an account as it is now. Raises AwsError."""
    access = connection.read_as(role, STATE_OPERATIONS)
    snapshot = collect(access, datasets=_DATASETS, regions=(), now=connection.now)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread is not None:
        raise AwsError(unread_reason(unread))
    if snapshot.account_id != account_id:
        raise AwsError(f"member_role_arn leads to account {snapshot.account_id}")
    found = describe_found(snapshot, "now", principals_of(arns))
    return _add_policies(connection, tree, snapshot, found) if needs_policies else found


def _add_policies(
    connection: Connection, tree: t.Optional[OrganizationTree], snapshot: Snapshot, found: Found
) -> Found:
    if tree is not None:
        return add_policies(found, tree.levels(snapshot.account_id)) if snapshot.account_id in tree.account else found
    known = with_organization_policies(connection.access, snapshot)
    if known.missing(Dataset.ORGANIZATION_POLICIES) is not None:
        return found
    return add_policies(found, known.organization_policies)
