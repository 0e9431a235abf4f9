# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of an organization from its management account, or from a delegated administrator of Organizations.

Its units and accounts are read parent by parent, 20 a page, so that no account costs a call of its own; tags do.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping

from . import fields
from .documents import policy_document
from .model import PolicyDocument, UnreadKind
from .organization_tree import MemberAccount, OrganizationPolicy, OrganizationTree, Unit
from .progress import Progress, silent
from .source import Record, Source, Unreadable

TREE_OPERATIONS: t.Final = (
    "organizations:DescribeOrganization",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
)
TAGS_OPERATIONS: t.Final = ("organizations:ListTagsForResource",)
POLICIES_OPERATIONS: t.Final = (
    "organizations:DescribePolicy",
    "organizations:ListPolicies",
    "organizations:ListTargetsForPolicy",
)
DELEGATION_OPERATIONS: t.Final = (
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListDelegatedServicesForAccount",
)
RESOURCE_POLICY_OPERATIONS: t.Final = ("organizations:DescribeResourcePolicy",)


def read_tree(source: Source, *, progress: Progress = silent) -> OrganizationTree:
    """Units and accounts, without tags, policies and delegations.

    :raises Unreadable: a part of the tree can't be read. A tree that lacks accounts is never returned.
    """
    answer = fields.structure(source.call("organizations", "DescribeOrganization"), "Organization")
    root = next(iter(source.items("organizations", "ListRoots", "Roots")), None)
    if root is None:
        raise Unreadable(UnreadKind.UNPARSABLE, "AWS names no root of the organization")
    root_id = fields.text(root, "Id")
    units = [Unit(id=root_id, name=fields.text(root, "Name"), path="/")]
    # By id: one that is moved meanwhile is found below both of its parents.
    accounts: dict[str, MemberAccount] = {}
    level = list(units)
    while level:
        below: list[Unit] = []
        found = source.gather({unit: functools.partial(_children, source, unit) for unit in level})
        for children in found.values():
            if isinstance(children, Unreadable):
                raise children
            below += children[0]
            accounts |= {account.id: account for account in children[1]}
            progress("accounts", len(accounts), None)
        units += below
        level = below
    return OrganizationTree(
        id=fields.text(answer, "Id"),
        management_account_id=fields.text(answer, "MasterAccountId"),
        feature_set=fields.text(answer, "FeatureSet"),
        root_id=root_id,
        units=tuple(sorted(units, key=lambda unit: unit.path)),
        accounts=tuple(sorted(accounts.values(), key=lambda account: account.id)),
        policy_types={
            fields.text(kind, "Type"): fields.text(kind, "Status")
            for kind in fields.optional_records(root, "PolicyTypes")
        },
    )


def _children(source: Source, parent: Unit) -> tuple[list[Unit], list[MemberAccount]]:
    asked = {"ParentId": parent.id}
    units = [
        Unit(
            id=fields.text(unit, "Id"),
            name=fields.text(unit, "Name"),
            path=f"{parent.path.rstrip('/')}/{fields.text(unit, 'Name')}",
            parent_id=parent.id,
        )
        for unit in source.items("organizations", "ListOrganizationalUnitsForParent", "OrganizationalUnits", asked)
    ]
    accounts = [
        _account(account, parent.id)
        for account in source.items("organizations", "ListAccountsForParent", "Accounts", asked)
    ]
    return units, accounts


def _account(account: Record, parent_id: str) -> MemberAccount:
    # Status is what State was called before September 2025; an old botocore knows no other, and AWS gives it no more
    # from September 2026 on.
    state = fields.optional_text(account, "State") or fields.optional_text(account, "Status")
    if state is None:
        raise Unreadable(UnreadKind.UNPARSABLE, "the installed botocore is too old to know the State of accounts")
    return MemberAccount(
        id=fields.text(account, "Id"),
        name=fields.optional_text(account, "Name") or "",
        email=fields.optional_text(account, "Email") or "",
        state=state,
        parent_id=parent_id,
        joined=fields.moment(account, "JoinedTimestamp"),
    )


def with_tags(
    source: Source,
    tree: OrganizationTree,
    *,
    account_ids: t.Optional[Collection[str]] = None,
    progress: Progress = silent,
) -> OrganizationTree:
    """``tree`` with the tags of its accounts, or of those in ``account_ids``: a call for each.

    :raises Unreadable: those of an account can't be read.
    """
    wanted = [account.id for account in tree.accounts if account_ids is None or account.id in account_ids]
    tags: dict[str, dict[str, str]] = {}
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        found = source.gather({account: functools.partial(_tags, source, account) for account in batch})
        for account, result in found.items():
            if isinstance(result, Unreadable):
                raise result
            tags[account] = result
        progress("tags", len(tags), len(wanted))
    accounts = (dataclasses.replace(account, tags=tags.get(account.id, account.tags)) for account in tree.accounts)
    return dataclasses.replace(tree, accounts=tuple(accounts))


# After so many accounts progress is reported.
_BATCH: t.Final = 100


def _tags(source: Source, resource_id: str) -> dict[str, str]:
    found = source.items("organizations", "ListTagsForResource", "Tags", {"ResourceId": resource_id})
    return {fields.text(tag, "Key"): fields.text(tag, "Value") for tag in found}


def with_policies(source: Source, tree: OrganizationTree, types: Collection[str]) -> OrganizationTree:
    """``tree`` with all policies of ``types``: their content, tags, and what each is attached to.

    :raises Unreadable: one of them can't be read.
    """
    policies: list[OrganizationPolicy] = []
    for kind in sorted(types):
        summaries = list(source.items("organizations", "ListPolicies", "Policies", {"Filter": kind}))
        reads: Mapping[int, Callable[[], OrganizationPolicy]] = {
            index: functools.partial(_policy, source, summary) for index, summary in enumerate(summaries)
        }
        for result in source.gather(reads).values():
            if isinstance(result, Unreadable):
                raise result
            policies.append(result)
    return tree.with_policies(sorted(policies, key=lambda policy: (policy.type, policy.name, policy.id)))


def _policy(source: Source, summary: Record) -> OrganizationPolicy:
    policy_id, name = fields.text(summary, "Id"), fields.text(summary, "Name")
    is_aws_managed = fields.flag(summary, "AwsManaged")
    described = fields.structure(source.call("organizations", "DescribePolicy", {"PolicyId": policy_id}), "Policy")
    content = fields.text(described, "Content")
    return OrganizationPolicy(
        id=policy_id,
        arn=fields.text(summary, "Arn"),
        name=name,
        type=fields.text(summary, "Type"),
        description=fields.optional_text(summary, "Description") or "",
        is_aws_managed=is_aws_managed,
        content=content,
        document=policy_document(name, content),
        targets=tuple(sorted(_targets(source, policy_id))),
        # AWS's own policies can't be tagged, and their tags not be asked for.
        tags={} if is_aws_managed else _tags(source, policy_id),
    )


def _targets(source: Source, policy_id: str) -> Iterator[str]:
    asked = {"PolicyId": policy_id}
    for target in source.items("organizations", "ListTargetsForPolicy", "Targets", asked):
        yield fields.text(target, "TargetId")


def with_delegations(source: Source, tree: OrganizationTree) -> OrganizationTree:
    """``tree`` with the services that it trusts, and the accounts that administer which of them.

    :raises Unreadable: they can't be read.
    """
    trusted = source.items("organizations", "ListAWSServiceAccessForOrganization", "EnabledServicePrincipals")
    administrators = [
        fields.text(account, "Id")
        for account in source.items("organizations", "ListDelegatedAdministrators", "DelegatedAdministrators")
    ]
    return dataclasses.replace(
        tree,
        trusted_services=tuple(sorted(fields.text(service, "ServicePrincipal") for service in trusted)),
        delegated_administrators={account: _services(source, account) for account in sorted(administrators)},
    )


def _services(source: Source, account_id: str) -> tuple[str, ...]:
    asked = {"AccountId": account_id}
    found = source.items("organizations", "ListDelegatedServicesForAccount", "DelegatedServices", asked)
    return tuple(sorted(fields.text(service, "ServicePrincipal") for service in found))


def read_resource_policy(source: Source) -> t.Optional[PolicyDocument]:
    """The policy by which the organization delegates the management of its policies; None where there is none.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeResourcePolicy.html
    """
    answer = source.call_unless({"ResourcePolicyNotFound"}, "organizations", "DescribeResourcePolicy")
    if answer is None:
        return None
    content = fields.text(fields.structure(answer, "ResourcePolicy"), "Content")
    return policy_document("resource policy of the organization", content)
