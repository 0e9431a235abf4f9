# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The verdict of the evidence on a stage of a rollout."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from ...._account.organization_tree import ACTIVE, RCP, SCP, OrganizationPolicy, OrganizationTree
from ...._aws.access import Access
from ...._aws.errors import AwsError
from ...._converge.store import StoreError
from ...._module.connection import Connection
from ...._module.options import StoreOptions
from ...._policy.analysis.principal_matrix import DeniedPair
from ...._prediction.denials.evidence import (
    EVIDENCE_OPERATIONS,
    MOST_LOOKED_UP,
    EventHistories,
    Evidence,
    TrailFiles,
    Unreadable,
    Window,
    reach_verdict,
)
from ...._prediction.denials.verdict import Verdict

# The placeholder for the id of an account in member_role_arn.
PLACE: t.Final = "<account_id>"
_REGION_KEY: t.Final = "aws:requestedregion"


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where to look for denials: places of the organization's trail, or a role with ``<account_id>`` in its ARN."""

    trail_logs: tuple[StoreOptions, ...] = ()
    member_role_arn: str = ""


def judge(
    connection: Connection,
    sources: Sources,
    tree: OrganizationTree,
    policy: OrganizationPolicy,
    *,
    since: datetime,
    until: datetime,
    expected: Collection[DeniedPair],
    look_back_days: int,
) -> Verdict:
    """Judge the accounts that ``policy`` applies to. A place that can't be read gives a verdict with a failure."""
    members = tuple(account.id for account in tree.accounts_under(policy.targets) if account.state == ACTIVE)
    if policy.type in (SCP, RCP):
        members = tuple(account_id for account_id in members if account_id != tree.management_account_id)
    window = Window(policy.arn, members, since, until, connection.now, timedelta(days=look_back_days))
    insiders = {account_id: _find_insiders(tree, policy.type, account_id) for account_id in members}
    try:
        evidence = _find_evidence(connection, sources, tree, policy, members)
        return reach_verdict(evidence, window, insiders, expected)
    except (Unreadable, StoreError, AwsError) as error:
        return Verdict(failure=str(error))


def _find_insiders(tree: OrganizationTree, policy_type: str, account_id: str) -> frozenset[str]:
    """Find the accounts whose principals count: an RCP also denies those of the organization's other accounts."""
    return frozenset(tree.account) if policy_type == RCP else frozenset({account_id})


def _find_evidence(
    connection: Connection,
    sources: Sources,
    tree: OrganizationTree,
    policy: OrganizationPolicy,
    members: Sequence[str],
) -> Evidence:
    if not members:
        raise Unreadable("the targets of the policy have no account")
    if sources.trail_logs:
        stores = [connection.open_store(place) for place in sources.trail_logs]
        return TrailFiles(stores, tree.id, connection.access)
    if not sources.member_role_arn:
        raise Unreadable("neither trail_logs nor member_role_arn is given")
    if len(members) > MOST_LOOKED_UP:
        text = f"the event history is read of at most {MOST_LOOKED_UP} accounts, but there are {len(members)}"
        raise Unreadable(f"{text}: set trail_logs to the organization's trail")
    open_account = functools.partial(open_member, connection, sources.member_role_arn)
    return EventHistories(open_account, is_about_regions=_REGION_KEY in policy.content.lower())


def open_member(connection: Connection, member_role_arn: str, account_id: str) -> Access:
    """Open a member account for reading, in the role of this ARN once the account's id is in it."""
    return connection.read_as(member_role_arn.replace(PLACE, account_id), EVIDENCE_OPERATIONS)
