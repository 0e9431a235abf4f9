# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the management account denies in a member account while an incident is contained.

The named lose everything. The identity lock denies writes to identities to all but the exempt, and ends by itself. A
control policy binds neither the management account nor roles that are linked to services:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from .._account.moments import format_utc
from .._policy.documents.syntax import compact
from .._policy.facts.operations import is_named_like_read, list_writes

Json = dict[str, t.Any]

#: The limit that holds everywhere. The larger one of May 2026 does not yet.
MOST_CHARACTERS: t.Final = 5_120
_SERVICES: t.Final = ("account-access", "iam", "identitystore", "organizations", "rolesanywhere", "sso")
#: Instances and pipelines live on these.
_LEFT_OPEN: t.Final = frozenset({"iam:PassRole", "iam:CreateServiceLinkedRole"})


@dataclasses.dataclass(frozen=True)
class Named:
    """Who is denied everything: ARNs of users and roles, values of ``aws:userid``, and roles that others use too.

    Of a shared role, only sessions that began before ``begun_before`` are denied.
    """

    arns: frozenset[str] = frozenset()
    user_ids: frozenset[str] = frozenset()
    shared_roles: frozenset[str] = frozenset()
    begun_before: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class Lock:
    """An identity lock: until when it holds, and the ARNs of the roles that it does not bind."""

    until: datetime
    exempt: frozenset[str]


def list_locked_actions() -> tuple[str, ...]:
    """List the actions that the identity lock denies."""
    writes = ((source, name) for source, name in list_writes() if source in _SERVICES and not is_named_like_read(name))
    found = {f"{source}:{name}" for source, name in writes}
    return tuple(sorted((found | {"sts:GetFederationToken"}) - _LEFT_OPEN))


def build_policies(named: Named, lock: t.Optional[Lock] = None) -> tuple[Json, ...]:
    """Build the documents that deny the named and, with a lock, writes to identities; as few as the limit allows.

    Raises ValueError if a lock exempts nobody, if one that it exempts is named, or if a shared role has no moment.
    """
    _check(named, lock)
    statements = [*_deny_named(named), *(_lock(lock) if lock else ())]
    documents: list[list[Json]] = []
    for statement in statements:
        if documents and _fits([*documents[-1], statement]):
            documents[-1].append(statement)
        else:
            documents.append([statement])
    return tuple(map(_make, documents))


def _check(named: Named, lock: t.Optional[Lock]) -> None:
    if named.shared_roles and named.begun_before is None:
        raise ValueError("shared roles need the moment before which their sessions are denied")
    if lock and not lock.exempt:
        raise ValueError("a lock that exempts nobody would stop the containment too")
    if lock and (both := lock.exempt & (named.arns | named.shared_roles)):
        raise ValueError(f"named and exempt at once: {', '.join(sorted(both))}")


def _deny_named(named: Named) -> list[Json]:
    parts = _split(sorted(named.arns), lambda some: _deny("*", {"ArnEquals": {"aws:PrincipalArn": some}}))
    parts += _split(sorted(named.user_ids), lambda some: _deny("*", {"StringEquals": {"aws:userid": some}}))
    if not named.begun_before:
        return parts
    older = {"aws:TokenIssueTime": format_utc(named.begun_before)}
    return parts + _split(
        sorted(named.shared_roles),
        lambda some: _deny("*", {"ArnEquals": {"aws:PrincipalArn": some}, "DateLessThan": older}),
    )


def _lock(lock: Lock) -> list[Json]:
    condition = {
        "ArnNotEquals": {"aws:PrincipalArn": sorted(lock.exempt)},
        "DateLessThan": {"aws:CurrentTime": format_utc(lock.until)},
    }
    return _split(list_locked_actions(), lambda some: _deny(some, condition))


def _split(values: Sequence[str], make: Callable[[list[str]], Json]) -> list[Json]:
    """Make as few statements of the values as fit into a document each; none of no values."""
    groups: list[list[str]] = []
    for value in values:
        if groups and _fits([make([*groups[-1], value])]):
            groups[-1].append(value)
        else:
            groups.append([value])
    return [make(group) for group in groups]


def _deny(actions: t.Union[str, list[str]], condition: Json) -> Json:
    return {"Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition}


def _fits(statements: Iterable[Json]) -> bool:
    return len(compact(_make(statements))) <= MOST_CHARACTERS


def _make(statements: Iterable[Json]) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}
