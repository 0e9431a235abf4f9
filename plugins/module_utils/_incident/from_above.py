# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the management account denies in member accounts while an incident is contained: one document for all of them.

The named lose everything. The identity lock denies writes to identities to all but the exempt, and ends by itself. The
document is the content of a dormant policy, which is attached before any incident.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t
from collections.abc import Iterable, Iterator
from datetime import datetime

from .._account.moments import format_utc, parse_moment
from .._converge.incident.names import DORMANT_POLICY
from .._policy.facts.operations import is_named_like_read, list_writes
from .control_policy import NOBODY_KNOWN, Content, Json, deny, find_values

_SERVICES: t.Final = ("account-access", "iam", "identitystore", "organizations", "rolesanywhere", "sso")
# Instances and pipelines live on the first two, and assessments on the reports.
_LEFT_OPEN: t.Final = frozenset(
    {
        "iam:PassRole",
        "iam:CreateServiceLinkedRole",
        "iam:GenerateCredentialReport",
        "iam:GenerateOrganizationsAccessReport",
        "iam:GenerateServiceLastAccessedDetails",
    }
)
_VERB: t.Final = re.compile(r"[A-Z][a-z]+")
# AWS has raised the limit of control policies from 5,120 characters, and not everywhere. In an incident nobody tries.
_MOST_CHARACTERS: t.Final = 5_120
_LOCK: t.Final = "IdentityLock"
_ARNS: t.Final = "Named"
_USER_IDS: t.Final = "NamedByUserId"
_SHARED: t.Final = "OlderSessionsOfNamed"
_CANARY: t.Final = "Canary"
_DIGITS: t.Final = 16
_OWNER: t.Final = re.compile(r"Incident ([A-Za-z0-9-]+): ", re.ASCII)
NAME: t.Final = DORMANT_POLICY
#: Its tag, without which it is somebody else's. Runs that write guardrails leave it alone.
TAG: t.Final = ("iam-hardening:dormant", "true")
#: Denies nobody anything, because there is no such account.
DORMANT: t.Final = Content.of([deny("Dormant", {"StringEquals": {"aws:PrincipalAccount": "000000000000"}})])


@dataclasses.dataclass(frozen=True)
class Named:
    """Who is denied everything: ARNs of users and roles, values of ``aws:userid``, and roles that others use too.

    Of a shared role, only sessions that began before ``begun_before`` are denied, and none of an instance, a function
    or an identity provider.
    """

    arns: frozenset[str] = frozenset()
    user_ids: frozenset[str] = frozenset()
    shared_roles: frozenset[str] = frozenset()
    begun_before: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class Lock:
    """An identity lock: of which accounts, until when it holds, and the ARNs of the roles that it does not bind."""

    accounts: frozenset[str]
    until: datetime
    exempt: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Orders:
    """What a document says."""

    named: Named = Named()
    lock: t.Optional[Lock] = None


def describe_owner(incident_id: str) -> str:
    """Describe the policy while it says something for an incident. Only the description tells whose it is."""
    return f"Incident {incident_id}: written by hardening.iam, which makes it dormant again at the release"


def find_owner(description: str) -> str:
    """Find the incident that a description names; empty if it names none."""
    found = _OWNER.match(description)
    return found[1] if found else ""


def list_locked_actions() -> tuple[str, ...]:
    """List the actions that the identity lock denies."""
    writes = ((source, name) for source, name in list_writes() if source in _SERVICES and not is_named_like_read(name))
    found = {f"{source}:{name}" for source, name in writes}
    return tuple(sorted((found | {"sts:GetFederationToken"}) - _LEFT_OPEN))


def _write_patterns(actions: Iterable[str]) -> Iterator[str]:
    """Write actions as patterns of a service and a verb, such as ``iam:Attach*``, which also fit later actions.

    Where a verb has an action that stays open, or is that of reads, each action is named.
    """
    groups: dict[str, list[str]] = {}
    for action in actions:
        service, _colon, name = action.partition(":")
        found = _VERB.match(name)
        groups.setdefault(f"{service}:{found[0] if found else name}", []).append(action)
    for verb, members in groups.items():
        reads = is_named_like_read(f"{verb.partition(':')[2]}X")
        yield from members if reads or any(one.startswith(verb) for one in _LEFT_OPEN) else [f"{verb}*"]


def write_orders(orders: Orders) -> tuple[Content, tuple[str, ...]]:
    """Write the document of these orders, and list the named that it has no room for. Nothing is the dormant one.

    Raises ValueError: a lock exempts nobody or has no account, exempts somebody who is named, or is too long by itself;
    or a shared role has no moment.
    """
    _check(orders)
    fitting, left_out = Named(begun_before=orders.named.begun_before), []
    if _is_too_long(_build(Orders(lock=orders.lock))):
        raise ValueError("the identity lock does not fit into a policy: it exempts too many roles")
    for kind in ("arns", "user_ids", "shared_roles"):
        for name in sorted(getattr(orders.named, kind)):
            more = dataclasses.replace(fitting, **{kind: getattr(fitting, kind) | {name}})
            if _is_too_long(_build(Orders(more, orders.lock))):
                left_out.append(name)
            else:
                fitting = more
    return _build(Orders(fitting, orders.lock)), tuple(left_out)


def read_orders(document: t.Any) -> t.Optional[Orders]:
    """Read back what ``write_orders`` made a document of; None if it is not exactly that."""
    try:
        orders = Orders(_read_named(document), _read_lock(document))
        made, _left_out = write_orders(orders)
    except ValueError:
        return None
    return orders if made.document == document else None


def name_canary(content: Content) -> str:
    """Name the role that nobody may look at once this content is in force, and that can't exist before.

    The name depends on the content, so that an earlier content never answers for a later one.
    """
    return _name_canary([one for one in content.document["Statement"] if one["Sid"] != _CANARY])


def _check(orders: Orders) -> None:
    named, lock = orders.named, orders.lock
    if named.shared_roles and named.begun_before is None:
        raise ValueError("shared roles need the moment before which their sessions are denied")
    if lock and not (lock.exempt and lock.accounts):
        raise ValueError("a lock needs accounts, and roles that are exempt: else it would stop the containment too")
    if lock and (both := lock.exempt & (named.arns | named.shared_roles)):
        raise ValueError(f"named and exempt at once: {', '.join(sorted(both))}")


def _is_too_long(content: Content) -> bool:
    return len(content.text) > _MOST_CHARACTERS


def _build(orders: Orders) -> Content:
    statements = [*_deny_named(orders.named), *([_write_lock(orders.lock)] if orders.lock else [])]
    return Content.of([*statements, _write_canary(statements)]) if statements else DORMANT


def _deny_named(named: Named) -> Iterator[Json]:
    if named.arns:
        yield deny(_ARNS, {"ArnEquals": {"aws:PrincipalArn": sorted(named.arns)}})
    if named.user_ids:
        yield deny(_USER_IDS, {"StringEquals": {"aws:userid": sorted(named.user_ids)}})
    if named.shared_roles and named.begun_before:
        # As the cut inside the account: instances, functions and pipelines that share the role go on.
        condition = {
            "ArnEquals": {"aws:PrincipalArn": sorted(named.shared_roles)},
            "DateLessThan": {"aws:TokenIssueTime": format_utc(named.begun_before)},
            "Null": dict(NOBODY_KNOWN),
        }
        yield deny(_SHARED, condition)


def _write_lock(lock: Lock) -> Json:
    condition = {
        "ArnNotEquals": {"aws:PrincipalArn": sorted(lock.exempt)},
        "StringEquals": {"aws:PrincipalAccount": sorted(lock.accounts)},
        "DateLessThan": {"aws:CurrentTime": format_utc(lock.until)},
    }
    return deny(_LOCK, condition, actions=list(_write_patterns(list_locked_actions())))


def _name_canary(statements: list[Json]) -> str:
    digits = hashlib.sha256(Content.of(statements).text.encode()).hexdigest()[:_DIGITS]
    return f"iam-hardening-canary-{digits}"


def _write_canary(statements: list[Json]) -> Json:
    # The path of a role that does not exist is not known to AWS, so that its ARN has none.
    role = f"arn:*:iam::*:role/{_name_canary(statements)}"
    return {"Sid": _CANARY, "Effect": "Deny", "Action": "iam:GetRole", "Resource": role}


def _read_named(document: t.Any) -> Named:
    def find(sid: str, key: str, operator: str = "ArnEquals") -> frozenset[str]:
        return frozenset(find_values(document, operator, key, sid=sid))

    moment = find(_SHARED, "aws:TokenIssueTime", "DateLessThan")
    return Named(
        find(_ARNS, "aws:PrincipalArn"),
        find(_USER_IDS, "aws:userid", "StringEquals"),
        find(_SHARED, "aws:PrincipalArn"),
        parse_moment(next(iter(moment))) if moment else None,
    )


def _read_lock(document: t.Any) -> t.Optional[Lock]:
    until = find_values(document, "DateLessThan", "aws:CurrentTime", sid=_LOCK)
    accounts = find_values(document, "StringEquals", "aws:PrincipalAccount", sid=_LOCK)
    exempt = find_values(document, "ArnNotEquals", "aws:PrincipalArn", sid=_LOCK)
    return Lock(frozenset(accounts), parse_moment(until[0]), frozenset(exempt)) if until else None
