# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The terms of a trust policy in words: who is named, and on which conditions."""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections.abc import Collection

from ..documents.policy import Condition, Policy, Statement

_EXTERNAL_ID: t.Final = "sts:externalid"
_EVERYONE: t.Final = "*"


def terms(policy: Policy, kinds: Collection[str]) -> list[str]:
    """The terms on which a trust policy admits principals of these types, such as ``AWS`` and ``Federated``.

    Each statement is a text that changes with whom it names and with its conditions. All Deny statements are among
    them, since each may restrict what the others admit. The order of statements, principals and values has no meaning.
    """
    return sorted({text for statement in policy.statements if (text := _text(statement, kinds))})


def _text(statement: Statement, kinds: Collection[str]) -> str:
    if statement.not_principals is not None:
        who = f"everybody but {_names(statement.not_principals)}"
    else:
        named = statement.principals or ()
        wanted = (*kinds, _EVERYONE)
        who = _names([pair for pair in named if not statement.allow or pair[0] in wanted])
    if not who:
        return ""
    conditions = " and ".join(sorted(map(_condition, statement.conditions)))
    return f"{'Allow' if statement.allow else 'Deny'} {who}{' if ' if conditions else ''}{conditions}"


def _names(pairs: Collection[tuple[str, str]]) -> str:
    return ", ".join(sorted(value if kind == _EVERYONE else f"{kind} {value}" for kind, value in pairs))


def _condition(condition: Condition) -> str:
    values = sorted(condition.values)
    if condition.key.lower() == _EXTERNAL_ID:
        # Reports go to more people than those who may read the policy.
        values = [f"sha256 {hashlib.sha256(value.encode()).hexdigest()[:16]}" for value in values]
    quantifier = f"{condition.quantifier}:" if condition.quantifier else ""
    exists = "IfExists" if condition.if_exists else ""
    return f"{quantifier}{condition.operator}{exists} {condition.key} {json.dumps(values)}"
