# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The part of an account that decides which roles its principals may assume, in a form that other accounts can read.

It has policies without the statements that say nothing of ``sts:AssumeRole``, and trust policies. It has no secret.

A source is denied everything by the time its account is read. What it opened before lives on, so the denials of a
containment are left out here: those of this collection, inside the account and from above, of AWS, and of the console.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Collection, Iterable, Mapping

from ..._account.model import Role, Snapshot
from ..._account.permissions import HeldPolicy, Permissions
from ..._converge.arn import principal_of, principals_of
from ..._converge.incident.names import DORMANT_POLICY
from ..._policy.analysis.trust_statements import ASSUME
from ..._policy.documents.canonical import minify
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Policy
from ..._policy.evaluation.compiled import compile_policy

SCHEMA: t.Final = "hardening.iam/edges/1"
#: The label of a trust policy that is not known.
TRUST: t.Final = "its trust policy"

Levels = t.Optional[tuple[tuple[Policy, ...], ...]]

# Anybody may give a policy one of these names. Then it counts as if it denied nothing, which reaches more roles.
_INLINE_DENIALS: t.Final = re.compile(r"IamHardeningQuarantine|IamHardeningIncident-.*|AWSRevokeOlderSessions")
_MANAGED_DENIALS: t.Final = re.compile(r"quarantine-deny-all|incident-.*|AWSCompromisedKeyQuarantine.*")
# Nobody in the account can make a policy of these names, only the management account.
_CONTROL_DENIALS: t.Final = re.compile(rf"{DORMANT_POLICY}|IamHardeningQuarantine-.*")


@dataclasses.dataclass(frozen=True)
class Node:
    """A user or role. ``unread`` names what is not known of it. ``trust`` is the trust policy of a role."""

    arn: str
    unique_id: str = ""
    policies: tuple[Policy, ...] = ()
    boundary: t.Optional[Policy] = None
    trust: t.Optional[Policy] = None
    unread: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class AccountEdges:
    """One account: its principals as far as they matter, and the control policies on it, None where none are known.

    ``sources`` are the ARNs of the principals of the account whose credentials leaked.
    """

    account_id: str
    partition: str
    nodes: tuple[Node, ...] = ()
    sources: tuple[str, ...] = ()
    organization_id: t.Optional[str] = None
    scps: Levels = None
    rcps: Levels = None

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot, sources: Iterable[str], named: Collection[str] = ()) -> t.Self:
        """The part of a snapshot. ``named`` are further principals that belong to it, by their ARNs.

        Users are only part of it if they are a source: nobody assumes a user.
        """
        permissions = Permissions(snapshot)
        kept = principals_of((*sources, *named))
        roles = (
            role for role in snapshot.roles if principal_of(role.arn) in kept or lets_principals_in(permissions, role)
        )
        users = (user for user in snapshot.users if principal_of(user.arn) in kept)
        limits = permissions.limit(())
        return cls(
            snapshot.account_id,
            snapshot.partition,
            (
                *(_make_node(permissions, user.arn, user.unique_id) for user in users),
                *(_make_node(permissions, role.arn, role.unique_id) for role in roles),
            ),
            tuple(sources),
            snapshot.organization.id if snapshot.organization else None,
            limits.scps,
            limits.rcps,
        )

    def as_document(self) -> dict[str, t.Any]:
        """The part as JSON has it."""
        return {
            "schema": SCHEMA,
            "account_id": self.account_id,
            "partition": self.partition,
            "nodes": [_write_node(node) for node in self.nodes],
            "sources": list(self.sources),
            "organization_id": self.organization_id,
            "scps": _write_levels(self.scps),
            "rcps": _write_levels(self.rcps),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, t.Any]) -> t.Self:
        """The part that :meth:`as_document` wrote.

        :raises ValueError: it is none.
        """
        try:
            if document["schema"] != SCHEMA:
                raise ValueError(f"its schema is not {SCHEMA}")
            return cls(
                _parse_text(document["account_id"]),
                _parse_text(document["partition"]),
                tuple(map(_parse_node, document["nodes"])),
                tuple(map(_parse_text, document["sources"])),
                document["organization_id"],
                _parse_levels(document["scps"]),
                _parse_levels(document["rcps"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"it is no part of an account: {error!r}") from error


def lets_principals_in(permissions: Permissions, role: Role) -> bool:
    """Whether the trust policy of a role may let in users or roles: not only services and identity providers."""
    trust = permissions.trust(role.arn)
    if trust is None:
        return True
    allows = (item.statement for item in compile_policy(trust).statements_for(ASSUME) if item.allow)
    return any(
        statement.not_principals is not None
        or any(value == "*" or kind in ("*", "AWS", "CanonicalUser") for kind, value in statement.principals or ())
        for statement in allows
    )


def _make_node(permissions: Permissions, arn: str, unique_id: str) -> Node:
    entity = permissions.entities[arn]
    is_role = isinstance(entity, Role)
    held = permissions.list_policies(arn)
    reduced = (_reduce(item.policy, drops_denials=_is_denial(item)) for item in held if item.policy is not None)
    boundary = _find_boundary(permissions, arn)
    unread = [*permissions.unknown(arn), *filter(None, [permissions.unknown_boundary(arn)])]
    trust = permissions.trust(arn) if is_role else None
    if is_role and trust is None:
        unread.append(TRUST)
    return Node(arn, unique_id, tuple(filter(None, reduced)), boundary, trust, tuple(unread))


def drop_control_denials(snapshot: Snapshot) -> Snapshot:
    """Drop what a containment denies from above, so that what could be done before it is found."""
    levels = (
        dataclasses.replace(level, scps=tuple(one for one in level.scps if not _CONTROL_DENIALS.fullmatch(one.name)))
        for level in snapshot.organization_policies
    )
    return dataclasses.replace(snapshot, organization_policies=tuple(levels))


def drop_denials(permissions: Permissions, arn: str) -> tuple[tuple[Policy, ...], t.Optional[Policy]]:
    """Drop what a containment denies a principal: return its policies and its boundary without that."""
    held = (item for item in permissions.list_policies(arn) if item.policy is not None)
    kept = (_keep_allowed(item.policy) if _is_denial(item) else item.policy for item in held)
    return tuple(filter(None, kept)), _find_boundary(permissions, arn)


def _keep_allowed(policy: t.Optional[Policy]) -> t.Optional[Policy]:
    allowed = tuple(statement for statement in policy.statements if statement.allow) if policy else ()
    return dataclasses.replace(policy, statements=allowed) if policy and allowed else None


def _find_boundary(permissions: Permissions, arn: str) -> t.Optional[Policy]:
    """Find the boundary of a principal that no containment set."""
    boundary = permissions.layers(arn).boundary
    if boundary is not None and _MANAGED_DENIALS.fullmatch(boundary.name.rpartition("/")[2]):
        return None
    return boundary


def _is_denial(held: HeldPolicy) -> bool:
    """Whether a policy has the name of one that contains somebody, or that ends sessions."""
    names = _INLINE_DENIALS if held.way == "inline" else _MANAGED_DENIALS
    return names.fullmatch(held.label) is not None


def _reduce(policy: Policy, *, drops_denials: bool) -> t.Optional[Policy]:
    """The statements of a policy that speak of AssumeRole; None if there are none."""
    spoken = compile_policy(policy).statements_for(ASSUME)
    statements = tuple(item.statement for item in spoken if item.allow or not drops_denials)
    return dataclasses.replace(policy, statements=statements) if statements else None


# JSON


def _write_policy(policy: Policy) -> list[str]:
    return [policy.name, minify(policy)]


def _parse_policy(pair: t.Sequence[str]) -> Policy:
    name, text = pair
    return parse(text, name=name)


def _write_levels(levels: Levels) -> t.Optional[list[list[list[str]]]]:
    return None if levels is None else [[_write_policy(policy) for policy in level] for level in levels]


def _parse_levels(levels: t.Any) -> Levels:
    return None if levels is None else tuple(tuple(map(_parse_policy, level)) for level in levels)


def _write_node(node: Node) -> dict[str, t.Any]:
    return {
        "arn": node.arn,
        "unique_id": node.unique_id,
        "policies": [_write_policy(policy) for policy in node.policies],
        "boundary": _write_policy(node.boundary) if node.boundary else None,
        "trust": _write_policy(node.trust) if node.trust else None,
        "unread": list(node.unread),
    }


def _parse_node(record: Mapping[str, t.Any]) -> Node:
    return Node(
        _parse_text(record["arn"]),
        _parse_text(record["unique_id"]),
        tuple(map(_parse_policy, record["policies"])),
        _parse_policy(record["boundary"]) if record["boundary"] else None,
        _parse_policy(record["trust"]) if record["trust"] else None,
        tuple(map(_parse_text, record["unread"])),
    )


def _parse_text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value
