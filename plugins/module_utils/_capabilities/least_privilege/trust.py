# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Trust policies of new and of closed roles. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ..._account.model import Snapshot

_MFA: t.Final = "aws:MultiFactorAuthPresent"


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
