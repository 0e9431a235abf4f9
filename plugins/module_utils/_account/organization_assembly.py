# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The data of a snapshot on an organization as a whole: the tree first, then each dataset that needs it.

A part that can't be read costs the others nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Mapping

from . import organization_tree_reads
from .model import OF_ORGANIZATION, Dataset, Organization, Snapshot, UnreadKind
from .organization_tree import ENABLED, RCP, SCP, OrganizationTree
from .source import Source, Unreadable
from .unread import make_unread

_ORGANIZATION_READERS: t.Final = "only the management account and delegated administrators can read an organization"


def read_organization(source: Source, snapshot: Snapshot, datasets: Collection[Dataset]) -> Snapshot:
    """``snapshot`` with those of ``datasets`` that are about the organization as a whole; the same without any."""
    wanted = OF_ORGANIZATION & frozenset(datasets)
    if not wanted:
        return snapshot
    reads: dict[Dataset, Callable[[], t.Any]] = {}
    if wanted - {Dataset.ORGANIZATION_RESOURCE_POLICY}:
        reads[Dataset.ORGANIZATION_TREE] = functools.partial(organization_tree_reads.read_tree, source)
    if Dataset.ORGANIZATION_RESOURCE_POLICY in wanted:
        reads[Dataset.ORGANIZATION_RESOURCE_POLICY] = functools.partial(
            organization_tree_reads.read_resource_policy, source
        )
    found = dict(source.gather(reads))
    tree = found.get(Dataset.ORGANIZATION_TREE)
    parts = sorted(wanted - reads.keys())
    if isinstance(tree, Unreadable):
        found.update(dict.fromkeys(parts, tree))
    elif tree is not None:
        found.update(source.gather(_parts(source, tree, parts)))
    failed = {dataset: result for dataset, result in found.items() if isinstance(result, Unreadable)}
    known = {dataset: result for dataset, result in found.items() if not isinstance(result, Unreadable)}
    return dataclasses.replace(
        snapshot,
        unread=(
            *snapshot.unread,
            *(make_unread(dataset, _explain_failure(failure)) for dataset, failure in failed.items()),
        ),
        organization_tree=_join_tree(known),
        organization_resource_policy=known.get(Dataset.ORGANIZATION_RESOURCE_POLICY),
    )


def _parts(
    source: Source, tree: OrganizationTree, wanted: Collection[Dataset]
) -> Mapping[Dataset, Callable[[], OrganizationTree]]:
    """The reads that need the tree. Of a policy type that is not enabled nothing can be attached."""
    types = [kind for kind in (SCP, RCP) if tree.policy_types.get(kind) == ENABLED]
    reads: dict[Dataset, Callable[[], OrganizationTree]] = {
        Dataset.ORGANIZATION_TREE_POLICIES: functools.partial(
            organization_tree_reads.with_policies, source, tree, types
        ),
        Dataset.ORGANIZATION_DELEGATIONS: functools.partial(organization_tree_reads.with_delegations, source, tree),
    }
    return {dataset: read for dataset, read in reads.items() if dataset in wanted}


def _join_tree(known: Mapping[Dataset, t.Any]) -> t.Optional[OrganizationTree]:
    tree: t.Optional[OrganizationTree] = known.get(Dataset.ORGANIZATION_TREE)
    if tree is None:
        return None
    policies: OrganizationTree = known.get(Dataset.ORGANIZATION_TREE_POLICIES, tree)
    delegations: OrganizationTree = known.get(Dataset.ORGANIZATION_DELEGATIONS, tree)
    return dataclasses.replace(
        tree,
        policies=policies.policies,
        delegated_administrators=delegations.delegated_administrators,
        trusted_services=delegations.trusted_services,
    )


def _explain_failure(failure: Unreadable) -> Unreadable:
    """Explain a refused read: a member cannot read its organization, whatever its permissions."""
    if failure.kind is not UnreadKind.DENIED:
        return failure
    return Unreadable(failure.kind, f"{failure.reason} ({_ORGANIZATION_READERS})", operation=failure.operation)


def add_organization(snapshot: Snapshot, tree: OrganizationTree) -> Snapshot:
    """Add to the snapshot of an account what the tree says of its organization, without any call."""
    datasets = (Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES)
    is_member = snapshot.account_id != tree.management_account_id and snapshot.account_id in tree.account
    return dataclasses.replace(
        snapshot,
        organization=Organization(tree.id, tree.management_account_id, tree.feature_set),
        # The management account is not under them.
        organization_policies=tree.levels(snapshot.account_id) if is_member else (),
        unread=tuple(item for item in snapshot.unread if item.dataset not in datasets),
    )
