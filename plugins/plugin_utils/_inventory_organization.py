# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The organization that an inventory is made of: read from AWS, no more of it than is wanted, or from a cache."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import typing as t
from collections.abc import Mapping

from ..module_utils._account import collect
from ..module_utils._account.organization_tree import MemberAccount, OrganizationTree, Unit
from ..module_utils._account.organization_tree_reads import (
    DELEGATION_OPERATIONS,
    TAGS_OPERATIONS,
    TREE_OPERATIONS,
)
from ..module_utils._account.progress import Progress
from ..module_utils._aws.access import Access
from ..module_utils._aws.errors import AccessDenied, AwsError, InvalidCredentials
from ..module_utils._aws.operations import Operations, iam_actions
from ..module_utils._aws.options import AccessOptions
from ..module_utils._converge.arn import principal_of
from ._inventory_hosts import InvalidOption, Settings, find_undecided, find_untagged

OPERATIONS: t.Final = Operations(reads=frozenset((*TREE_OPERATIONS, *TAGS_OPERATIONS, *DELEGATION_OPERATIONS)))

_SCHEMA: t.Final = "hardening.iam/organization-inventory/1"
_Document = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Organization:
    """A tree with its partition; ``administrators`` says whether the delegations in it were read."""

    tree: OrganizationTree
    partition: str
    administrators: bool


def open_access(options: Mapping[str, t.Any]) -> Access:
    """The way to the organization that the options of the plugin describe, which can't write. Raises AwsError."""
    return Access(AccessOptions.from_options(options), operations=OPERATIONS, check_mode=True)


def read(access: Access, settings: Settings, *, progress: Progress) -> Organization:
    """Units and accounts, and the tags of those accounts alone for which they are wanted.

    :raises AwsError: a part can't be read; the message says what would help. No accounts are left out in silence.
    :raises InvalidOption: what is to be included or excluded is not in the organization.
    """
    try:
        tree = collect.organization_tree(access, delegations=settings.administrators, progress=progress)
        settings.check(tree)
        for wanted in (find_undecided, find_untagged):
            accounts = wanted(tree, settings)
            if accounts:
                tree = collect.with_account_tags(access, tree, account_ids=accounts, progress=progress)
    except AwsError as error:
        raise error.rephrase(_explain(error, access)) from None
    return Organization(tree=tree, partition=access.partition, administrators=settings.administrators)


def _explain(error: AwsError, access: Access) -> str:
    """Explain an error and its remedy."""
    if error.code == "AWSOrganizationsNotInUseException":
        return (
            f"account {access.caller.account_id} is in no organization. List its accounts in a static inventory, or "
            "set profile or assume_role_arn to use the management account"
        )
    if isinstance(error, InvalidCredentials):
        return f"{error.message} (see profile and assume_role_arn)"
    if not isinstance(error, AccessDenied):
        return error.message
    actions = " and ".join(iam_actions(f"{error.service}:{error.operation}"))
    help_ = f"the caller needs the permission {actions}"
    if error.operation in {name.partition(":")[2] for name in DELEGATION_OPERATIONS}:
        help_ += ", or set delegated_administrators to false"
    return f"{error.message} ({help_}{_explain_member(error, access)})"


def _explain_member(error: AwsError, access: Access) -> str:
    """Explain why a member account can't read its organization, whatever it is permitted to.

    AWS denies it in the same words as a missing permission, but tells each member who its management account is.
    """
    if error.service != "organizations" or error.operation == "DescribeOrganization":
        return ""
    try:
        caller = access.caller.account_id
        management = access.call("organizations", "DescribeOrganization")["Organization"]["MasterAccountId"]
    except AwsError:
        return ""
    if caller == management:
        return ""
    return (
        f"; it belongs to account {caller}, which may read the organization only as a delegated administrator:"
        f" else set assume_role_arn to a role in the management account {management}"
    )


def to_document(organization: Organization, settings: Settings, source: str) -> _Document:
    """Make the document for a cache: without credentials, and without e-mail addresses unless they are wanted.

    ``source`` is that of :func:`source_of`.
    """
    tree = organization.tree
    return {
        "schema": _SCHEMA,
        "source": source,
        "partition": organization.partition,
        "with": {"administrators": organization.administrators, "emails": settings.emails},
        "id": tree.id,
        "management_account_id": tree.management_account_id,
        "feature_set": tree.feature_set,
        "root_id": tree.root_id,
        "units": [dataclasses.asdict(unit) for unit in tree.units],
        "accounts": [_account_as_dict(account, settings) for account in tree.accounts],
        "administrators": {account: list(services) for account, services in tree.delegated_administrators.items()},
    }


def _account_as_dict(account: MemberAccount, settings: Settings) -> _Document:
    return {
        "id": account.id,
        "name": account.name,
        "email": account.email if settings.emails else "",
        "state": account.state,
        "parent_id": account.parent_id,
        "tags": None if account.tags is None else dict(account.tags),
    }


def from_document(document: object, settings: Settings, source: str) -> t.Optional[Organization]:
    """The organization of :func:`to_document`; None where another caller read it, or it lacks what is wanted by now."""
    if not isinstance(document, Mapping) or document.get("schema") != _SCHEMA:
        return None
    if document["source"] != source:
        return None
    has = document["with"]
    if has["administrators"] < settings.administrators or has["emails"] < settings.emails:
        return None
    tree = OrganizationTree(
        id=document["id"],
        management_account_id=document["management_account_id"],
        feature_set=document["feature_set"],
        root_id=document["root_id"],
        units=tuple(Unit(**unit) for unit in document["units"]),
        accounts=tuple(MemberAccount(**account) for account in document["accounts"]),
        delegated_administrators={
            account: tuple(services)
            for account, services in document["administrators"].items()
            if settings.administrators
        },
    )
    try:
        settings.check(tree)
    except InvalidOption:
        # It may be there by now.
        return None
    if find_undecided(tree, settings) or find_untagged(tree, settings):
        return None
    return Organization(tree=tree, partition=document["partition"], administrators=has["administrators"])


def identify_source(access: Access, options: Mapping[str, t.Any]) -> str:
    """Identify the caller and the AWS that it asks. A cache never shows one caller what another may read.

    Not by the credentials, which may be others at every run. Raises AwsError where nobody knows the caller.
    """
    caller = access.caller
    # The name of a session changes with every run, the role in it does not.
    role = principal_of(caller.arn)
    identity = [caller.account_id, *((role.kind, role.name) if role else (caller.arn,))]
    endpoint = options.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL", "")
    return hashlib.sha256(json.dumps([endpoint, *identity]).encode()).hexdigest()
