# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who in an account is to carry a boundary, and how far that is so."""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t
from collections.abc import Iterator, Mapping

from ..._account.model import Role, Snapshot
from ..._converge.untouchable import UntouchablePrincipals
from .declared import Boundary, Principal, is_called

# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
_PERMISSION_SET: t.Final = re.compile(r"AWSReservedSSO_(?P<name>.+)_[0-9a-f]{16}")
_IDENTITY_CENTER: t.Final = "/aws-reserved/sso.amazonaws.com/"
_OWN_PATH: t.Final = "/iam-hardening/"
CHANGE_IT_THERE: t.Final = (
    "IAM Identity Center manages these roles: set the permissions boundary of the permission set, change it there"
)


def find_permission_set(role: Principal) -> t.Optional[str]:
    """Find the permission set of a role of Identity Center; None for any other principal."""
    if not isinstance(role, Role) or not role.path.startswith(_IDENTITY_CENTER):
        return None
    match = _PERMISSION_SET.fullmatch(role.name)
    return match["name"] if match else role.name


@dataclasses.dataclass(frozen=True)
class Selection:
    """The principals that the targets of a boundary mean.

    ``selected`` have to carry it. ``kept_out`` fit a pattern, but are never touched, with the reason. The roles of
    Identity Center are kept apart, by permission set.
    """

    selected: tuple[Principal, ...]
    kept_out: tuple[tuple[Principal, str], ...] = ()
    permission_sets: Mapping[str, tuple[Principal, ...]] = dataclasses.field(default_factory=dict)


def select(snapshot: Snapshot, boundary: Boundary, untouchable: UntouchablePrincipals) -> Selection:
    """Select the principals that the targets mean, in the order of the snapshot; ``untouchable`` are left alone.

    A principal that is named, not met by a pattern, stays selected, so that the plan refuses it with a reason.
    """
    selected: list[Principal] = []
    kept_out: list[tuple[Principal, str]] = []
    permission_sets: dict[str, list[Principal]] = collections.defaultdict(list)
    for principal, policies in _list_policies(snapshot):
        fitting = [target for target in boundary.targets if target.fits(principal, policies)]
        if not fitting or boundary.excludes(principal):
            continue
        permission_set = find_permission_set(principal)
        reason = _explain_exclusion(principal, untouchable)
        if permission_set is not None:
            permission_sets[permission_set].append(principal)
        elif reason and not any(target.is_explicit for target in fitting):
            kept_out.append((principal, reason))
        else:
            selected.append(principal)
    found = {name: tuple(permission_sets[name]) for name in sorted(permission_sets)}
    return Selection(tuple(selected), tuple(kept_out), found)


def find_unmatched_names(snapshot: Snapshot, boundary: Boundary) -> tuple[str, ...]:
    """Find names in the targets that nobody has; a pattern may well fit nobody in one account of many."""
    named = (target.principal for target in boundary.targets if target.principal is not None)
    principals: tuple[Principal, ...] = (*snapshot.users, *snapshot.roles)
    return tuple(name for name in named if not any(is_called(principal, name) for principal in principals))


def _list_policies(snapshot: Snapshot) -> Iterator[tuple[Principal, frozenset[str]]]:
    """List users and roles, each with the ARNs of its managed policies, those of its groups included."""
    of_groups = {group.name: group.attached_policies for group in snapshot.groups}
    for user in snapshot.users:
        through = (arn for name in user.groups for arn in of_groups.get(name, ()))
        yield user, frozenset((*user.attached_policies, *through))
    for role in snapshot.roles:
        yield role, frozenset(role.attached_policies)


def _explain_exclusion(principal: Principal, untouchable: UntouchablePrincipals) -> t.Optional[str]:
    refusal = untouchable.refusal(principal.arn)
    if refusal is None and principal.path.startswith(_OWN_PATH):
        return "this collection uses it"
    return refusal.reason if refusal else None


def find_carriers(snapshot: Snapshot, arn: str) -> tuple[Principal, ...]:
    """Find the users and roles whose boundary is the policy with this ARN."""
    principals: tuple[Principal, ...] = (*snapshot.users, *snapshot.roles)
    return tuple(principal for principal in principals if principal.boundary == arn)


def find_attached(snapshot: Snapshot, arn: str) -> tuple[Principal, ...]:
    """Find the users and roles that have the policy with this ARN as a permissions policy, also through a group."""
    return tuple(principal for principal, policies in _list_policies(snapshot) if arn in policies)


def find_holders(snapshot: Snapshot, arn: str) -> tuple[Principal, ...]:
    """Find all whose permissions depend on a policy: those it bounds, and those it is attached to."""
    found = {item.arn: item for item in (*find_carriers(snapshot, arn), *find_attached(snapshot, arn))}
    return tuple(found.values())


def count_boundable(snapshot: Snapshot) -> int:
    """Count the users and roles that could carry a boundary: all but the roles that AWS owns."""
    return len(snapshot.users) + sum(not role.is_aws_reserved for role in snapshot.roles)


@dataclasses.dataclass(frozen=True)
class Coverage:
    """How far a declared boundary holds. ``drifted``: the policy does not say what is declared, or is not there."""

    name: str
    arn: str
    drifted: bool
    selection: Selection
    others: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Principal, ...]:
        """The selected that carry no boundary at all."""
        return tuple(principal for principal in self.selection.selected if principal.boundary is None)

    @property
    def wrong(self) -> tuple[Principal, ...]:
        """The selected that carry another one."""
        return tuple(item for item in self.selection.selected if item.boundary not in (None, self.arn))

    @property
    def carrying(self) -> tuple[Principal, ...]:
        """The selected that carry it, whatever it says."""
        return tuple(principal for principal in self.selection.selected if principal.boundary == self.arn)

    @property
    def covered(self) -> int:
        """How many of the selected carry it, and it says what is declared."""
        return 0 if self.drifted else len(self.carrying)

    @property
    def percent(self) -> t.Optional[float]:
        """The covered of the selected, rounded down: 100 are all; None where nobody is selected."""
        selected = len(self.selection.selected)
        return 1000 * self.covered // selected / 10 if selected else None

    def as_dict(self) -> dict[str, t.Any]:
        """The coverage as results have it."""
        sets = self.selection.permission_sets
        return {
            "name": self.name,
            "arn": self.arn,
            "drifted": self.drifted,
            "selected": len(self.selection.selected),
            "covered": self.covered,
            "percent": self.percent,
            "missing": [principal.arn for principal in self.missing],
            "wrong": [{"principal": item.arn, "boundary": item.boundary} for item in self.wrong],
            "not_selected": list(self.others),
            "kept_out": [{"principal": item.arn, "reason": reason} for item, reason in self.selection.kept_out],
            "permission_sets": [
                {
                    "name": name,
                    "roles": len(roles),
                    "with_boundary": sum(role.boundary is not None for role in roles),
                    "note": CHANGE_IT_THERE,
                }
                for name, roles in sets.items()
            ],
        }


def measure_coverage(snapshot: Snapshot, boundary: Boundary, selection: Selection, *, drifted: bool) -> Coverage:
    """Measure how far ``boundary`` holds in an account."""
    arn = boundary.arn(snapshot.partition, snapshot.account_id)
    chosen = {principal.arn for principal in selection.selected}
    others = tuple(item.arn for item in find_carriers(snapshot, arn) if item.arn not in chosen)
    return Coverage(boundary.name, arn, drifted, selection, others)
