# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Trust policies of new and of closed roles. Pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ..._account.model import Snapshot
from ..._policy.documents.canonical import canonical
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import PolicyError, Statement

_MFA: t.Final = "aws:MultiFactorAuthPresent"
# AIDA, AROA and others: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
DEAD: t.Final = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")


def close_trust(snapshot: Snapshot, break_glass: Iterable[str]) -> dict[str, t.Any]:
    """Make a trust policy that only lets the break-glass principals of the account in.

    A trust policy can't be empty. The principals are named in a condition, so that nobody of the same name as a deleted
    one is left in it as a dead id.
    """
    root = f"arn:{snapshot.partition}:iam::{snapshot.account_id}:root"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ClosedByLeastPrivilege",
                "Effect": "Allow",
                "Principal": {"AWS": root},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": sorted(break_glass)}},
            }
        ],
    }


def require_mfa(trust: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Add MFA to the statements of a trust policy that let users and roles in by ``sts:AssumeRole``.

    Sessions of services and of federation never have the key ``aws:MultiFactorAuthPresent``: a statement that names
    them beside users or roles becomes two.
    """
    return {**trust, "Statement": [part for item in _list_statements(trust) for part in _split_people(item)]}


def _split_people(statement: Mapping[str, t.Any]) -> Iterator[Mapping[str, t.Any]]:
    principals = statement.get("Principal")
    if statement.get("Effect") != "Allow":
        yield statement
    elif principals == "*":
        yield _require_mfa(statement)
    elif not isinstance(principals, Mapping) or "AWS" not in principals:
        yield statement
    else:
        others = {kind: names for kind, names in principals.items() if kind != "AWS"}
        yield _require_mfa({**statement, "Principal": {"AWS": principals["AWS"]}})
        if others:
            # Two statements of one policy never have the same id.
            yield {**{key: value for key, value in statement.items() if key != "Sid"}, "Principal": others}


def _require_mfa(statement: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    conditions = dict(statement.get("Condition") or {})
    operator = next((name for name in conditions if name.lower() == "bool"), "Bool")
    block = dict(conditions.get(operator) or {})
    present = next((key for key in block if key.lower() == _MFA.lower()), None)
    if present is None:
        # An operator such as BoolIfExists does not hold back the sessions of access keys, which have no such key.
        conditions[operator] = {**block, _MFA: "true"}
    elif not _says_true(block[present]):
        # A block has each key once. This one requires the same: only sessions with MFA have it.
        name = next((name for name in conditions if name.lower() == "null"), "Null")
        conditions[name] = {**(conditions.get(name) or {}), "aws:MultiFactorAuthAge": "false"}
    return {**statement, "Condition": conditions}


def _says_true(values: t.Any) -> bool:
    return all(str(value).lower() == "true" for value in (values if isinstance(values, list) else [values]))


def _list_statements(document: Mapping[str, t.Any]) -> list[Mapping[str, t.Any]]:
    found = document.get("Statement") or []
    return [found] if isinstance(found, Mapping) else list(found)


# What a trust policy allows


class _Grant(t.NamedTuple):
    """One action that an Allow statement gives to one principal under its conditions; without one, all that it says."""

    principal: str
    rest: t.Any


def find_additions(live: t.Any, expected: Iterable[t.Any]) -> tuple[str, ...]:
    """Name those whom a trust policy lets in beyond all of some others together; empty if it lets in no more.

    One that lets in less is no addition: AWS shows a principal that was deleted by its id, which nobody has any more.
    """
    try:
        others = [canonical(parse(document)).statements for document in expected]
    except PolicyError:
        return ("somebody, since the policy of before can't be read",)
    try:
        own = canonical(parse(live)).statements
    except PolicyError:
        return ("somebody, since it can't be read",)
    allowed = {grant for statements in others for one in statements for grant in _list_grants(one)}
    known = {grant.principal for grant in allowed}
    denied = {_strip(one) for one in own if not one.allow}
    found = [grant for one in own for grant in _list_grants(one) if grant not in allowed]
    return (
        *dict.fromkeys(f"{one.principal} in another way" if one.principal in known else one.principal for one in found),
        *dict.fromkeys(
            f"somebody, since the denial {one.label} is missing"
            for statements in others
            for one in statements
            if not one.allow and _strip(one) not in denied
        ),
    )


def _list_grants(statement: Statement) -> Iterator[_Grant]:
    if not statement.allow:
        return
    if statement.principals is None or statement.actions is None:
        yield _Grant(f"somebody by {statement.label}", _strip(statement))
        return
    for kind, value in statement.principals:
        if kind != "AWS" or not DEAD.fullmatch(value):
            name = f"account {value}" if value.isdecimal() else value
            yield from (_Grant(name, (kind, action, statement.conditions)) for action in statement.actions)


def _strip(statement: Statement) -> Statement:
    """A statement without what tells it from others that say the same."""
    return dataclasses.replace(statement, index=0, sid=None)
