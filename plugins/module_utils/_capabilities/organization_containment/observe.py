# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is read: the organization, its policies, and the declared accounts through a role of each."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Mapping

from ..._account import fields
from ..._account.answer import NO, Answer, Unknown, Yes
from ..._account.collect import collect, organization_tree
from ..._account.model import Dataset
from ..._account.moments import parse_moment
from ..._account.organization_assembly import add_organization
from ..._account.organization_tree import ACTIVE, RCP, SCP, OrganizationTree
from ..._account.organization_tree_reads import POLICIES_OPERATIONS, TAGS_OPERATIONS, TREE_OPERATIONS
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.affects.live import NODES_READS
from ..._converge.break_glass import Rescue
from ..._converge.change import Change
from ..._converge.organization_changes import ATTACH, CREATE, DELETE, DETACH, SERVICE, TAG, UPDATE
from ..._module.connection import Connection
from ..._module.organization_policies import reread as reread_policy
from ..._module.shared_parts import SharedParts
from .changes import MOVE
from .declared import ACCOUNT, Declared
from .lock import Sources
from .members import Member, judge_member

_PARENTS: t.Final = "ListParents"
#: What is read in a member. Its role is that of the assessor.
MEMBER_OPERATIONS: t.Final = Operations(reads=frozenset({"iam:GetAccountAuthorizationDetails"}))
OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            "sts:GetCallerIdentity",
            f"{SERVICE}:{_PARENTS}",
            *TREE_OPERATIONS,
            *TAGS_OPERATIONS,
            *POLICIES_OPERATIONS,
            *NODES_READS,
        }
    ),
    # A policy is made with its tags, for which AWS asks the permission of TagResource.
    writes=frozenset(f"{SERVICE}:{name}" for name in (ATTACH, CREATE, DELETE, DETACH, MOVE, TAG, UPDATE)),
)


def read_organization(access: Access) -> OrganizationTree:
    """Read the organization with its control policies. Raises AwsError."""
    return organization_tree(access, policy_types=(SCP, RCP))


def read_members(
    connection: Connection, declared: Declared, tree: OrganizationTree, break_glass: Collection[str]
) -> dict[str, Member]:
    """Read the declared accounts. One that can't be read has the reason."""
    named = {*(seed.account_id for seed in declared.incident.accounts), *declared.incident.identity_lock.accounts}
    active = [account.id for account in tree.accounts if account.id in named and account.state == ACTIVE]
    calls: Mapping[str, Callable[[], Member]] = {
        account_id: functools.partial(_read_member, connection, declared, tree, tuple(break_glass), account_id)
        for account_id in active
        if account_id != tree.management_account_id
    }
    found = connection.access.gather(calls)
    return {
        account_id: Member(account_id, problem=str(member)) if isinstance(member, AwsError) else member
        for account_id, member in found.items()
    }


def _read_member(
    connection: Connection,
    declared: Declared,
    tree: OrganizationTree,
    break_glass: tuple[str, ...],
    account_id: str,
) -> Member:
    role = declared.member_role_arn.replace(ACCOUNT, account_id)
    if not role:
        return Member(account_id, problem="it can't be read without member_role_arn (hardening_member_role_arn)")
    access = connection.read_as(role, MEMBER_OPERATIONS)
    snapshot = collect(access, datasets={Dataset.AUTHORIZATION_DETAILS}, regions=(), now=connection.now)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread is not None:
        return Member(account_id, problem=unread_reason(unread))
    if snapshot.account_id != account_id:
        return Member(account_id, problem=f"member_role_arn leads to account {snapshot.account_id}")
    contained = {seed.account_id for seed in declared.incident.accounts}
    admitting = {tree.management_account_id, *declared.inventory_accounts} - contained - {account_id}
    # Whether somebody can use it is a matter of the trust policy, which is judged more strictly.
    known = add_organization(snapshot, tree)
    helpless = Rescue(known, break_glass).lacks()
    return judge_member(known, declared.list_exempt_roles(account_id), break_glass, admitting, helpless)


def read_sources(shared: SharedParts, account_id: str) -> Answer[Sources]:
    """Read which sources of the incident the host of an account has proven in this run (``session_revocation``)."""
    part = shared.read(account_id)
    if part is None:
        return Unknown("its host has found nothing in this run, so run contain.yml with all accounts")
    try:
        found = [str(arn) for arn in part["edges"]["sources"]]
        cut_at = {str(arn): parse_moment(text) for arn, text in part["cut_at"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return Unknown("what its host has found can't be read")
    own = {arn for arn in (*found, *cut_at) if arn.split(":")[4] == account_id}
    if not own & set(found):
        return NO
    users, roles = (frozenset(arn for arn in own if f":{kind}/" in arn) for kind in ("user", "role"))
    return Yes(Sources(users, roles, max(cut_at.values(), default=None)))


def read_state(access: Access, connection: Connection, change: Change) -> t.Any:
    """Read the target of a change live, in the shape of its ``before`` and ``after``. Raises AwsError."""
    if change.operation != MOVE:
        return reread_policy(access, connection.now)(change)
    account_id = change.before["account"]
    parents = access.items(SERVICE, _PARENTS, "Parents", {"ChildId": account_id})
    return {"account": account_id, "parent": next((fields.text(parent, "Id") for parent in parents), None)}


def describe_member(member: Member) -> dict[str, t.Any]:
    """Describe a member for the evidence."""
    return {
        "account_id": member.account_id,
        "problem": member.problem,
        "roles": [dataclasses.asdict(keeper) for keeper in member.keepers],
    }
