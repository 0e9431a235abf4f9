# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The targets of an organization policy in an organization: ids of its root, units and accounts."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t
from collections.abc import Iterable, Sequence

from ..._account.organization_tree import ACTIVE, MemberAccount, OrganizationTree
from ..._controls.control import listing
from ..._converge.errors import InputError
from .declared import Target


@dataclasses.dataclass(frozen=True)
class ResolvedTargets:
    """The ids of targets, in the order of the tree, and warnings about them."""

    ids: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def resolve(
    tree: OrganizationTree,
    targets: Sequence[Target],
    exclude: Sequence[Target] = (),
    *,
    place: str,
    binds_management: bool = False,
) -> ResolvedTargets:
    """Resolve ``targets`` without those of ``exclude``.

    ``binds_management`` says whether the type of policy binds the management account, as SCPs and RCPs never do.

    :raises InputError: the organization has no such unit or account, or two accounts of one name; or what is excluded
        lies below a target, where it would be bound all the same.
    """
    warnings: list[str] = []
    wanted: set[str] = set()
    for index, target in enumerate(targets):
        found = _resolve_target(tree, target, f"{place}.targets[{index}]", binds_management)
        if not found:
            warnings.append(f"{place}.targets[{index}]: no account has {target}")
        wanted |= found
    excluded: set[str] = set()
    for index, target in enumerate(exclude):
        excluded |= _resolve_target(tree, target, f"{place}.exclude[{index}]", binds_management)
    # A unit is excluded with everything in it.
    kept = {target_id for target_id in wanted if excluded.isdisjoint(tree.lineage(target_id))}
    _check_inherited(tree, kept, excluded, place)
    if not binds_management and tree.management_account_id in kept:
        warnings.append(
            f"{place}: policies of this type do not apply to the management account, which is one of its targets"
        )
    return ResolvedTargets(tuple(sorted(kept, key=_order_ids(tree))), tuple(warnings))


def _resolve_target(tree: OrganizationTree, target: Target, place: str, binds_management: bool) -> set[str]:
    if target.root:
        return {tree.root_id}
    if target.ou:
        return {_find_unit(tree, target.ou, f"{place}.ou")}
    if target.account:
        return {_find_account(tree, target.account, f"{place}.account")}
    if target.id:
        return {_check_id(tree, target.id, f"{place}.id")}
    tagged = (account for account in tree.accounts if _has_tags(account, target) and account.state == ACTIVE)
    return {account.id for account in tagged if binds_management or account.id != tree.management_account_id}


def _has_tags(account: MemberAccount, target: Target) -> bool:
    tags = account.tags or {}
    return all(key in tags and fnmatch.fnmatchcase(tags[key], pattern) for key, pattern in target.tag.items())


def _find_unit(tree: OrganizationTree, path: str, place: str) -> str:
    wanted = path.rstrip("/") or "/"
    found = next((unit for unit in tree.units if unit.path == wanted), None)
    if found is None:
        known = listing(unit.path for unit in tree.units)
        raise InputError(f"{place}: the organization has no unit {path}; it has {known}")
    return found.id


def _find_account(tree: OrganizationTree, name: str, place: str) -> str:
    if name.isascii() and name.isdigit() and len(name) == 12:
        return _check_id(tree, name, place)
    found = [account.id for account in tree.accounts if account.name == name]
    if not found:
        raise InputError(f"{place}: the organization has no account named {name!r}")
    if len(found) > 1:
        raise InputError(f"{place}: {len(found)} accounts are named {name!r}: {', '.join(found)}; give one by its id")
    return found[0]


def _check_id(tree: OrganizationTree, target_id: str, place: str) -> str:
    if target_id not in tree.unit and target_id not in tree.account:
        raise InputError(f"{place}: the organization has no root, unit or account {target_id}")
    return target_id


def _check_inherited(tree: OrganizationTree, kept: set[str], excluded: Iterable[str], place: str) -> None:
    """Refuse to exclude something below a target: a target hands the policy down to everything below it."""
    for target_id in sorted(excluded):
        above = next((parent for parent in tree.lineage(target_id)[:-1] if parent in kept), None)
        if above is not None:
            raise InputError(
                f"{place}.exclude: {tree.name_of(target_id)} is below {tree.name_of(above)}, from which it inherits "
                "the policy; declare targets below that one instead, or exempt principals in the content"
            )


def _order_ids(tree: OrganizationTree) -> t.Callable[[str], tuple[int, int]]:
    """Make a sort key: units before accounts, in the tree's order, so that all runs have the same order."""
    units = {unit.id: index for index, unit in enumerate(tree.units)}
    accounts = {account.id: index for index, account in enumerate(tree.accounts)}
    return lambda target_id: (0, units[target_id]) if target_id in units else (1, accounts[target_id])
