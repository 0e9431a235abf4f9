# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Documents compared by what they mean, and written in one way.

Two documents mean the same where they differ in the order of statements and of values, in a list of one for a scalar,
in repetitions, in the case of actions and condition keys, in ``"true"`` for ``true``, or in an account's id for its
root ARN. One that merely grants the same by other patterns is another document. So is ``{"AWS": "*"}`` for ``"*"``:
AWS calls them equivalent "for anonymous users" only, and some services distinguish them.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t
from collections.abc import Iterable

from .arn import root_account
from .policy import Condition, Policy, Statement
from .syntax import compact

# A value of these is "true" or "false", whose case IAM does not mind.
_TRUTH_OPERATORS: t.Final = frozenset({"Bool", "Null"})


def canonical(policy: Policy) -> Policy:
    """The one of all documents that mean the same that stands for them: ``canonical(a) == canonical(b)``.

    It evaluates like ``policy``. ``Id`` and the name, which mean nothing, are left out; statement ids are kept.
    """
    unique = {dataclasses.replace(_canonical(statement), index=0) for statement in policy.statements}
    statements = sorted(unique, key=_order)
    return Policy(
        tuple(dataclasses.replace(item, index=index) for index, item in enumerate(statements)), policy.version
    )


def are_equivalent(one: Policy, other: Policy) -> bool:
    """Whether two documents mean the same, so that one need not be replaced by the other."""
    return canonical(one) == canonical(other)


def document(policy: Policy) -> dict[str, t.Any]:
    """The policy as the structure that JSON is made of, every element as short as IAM takes it.

    ``parse`` gives the same policy back. Raises ValueError for a policy that JSON can't say, since an operator has the
    same key twice: ``parse`` never makes one.
    """
    written: dict[str, t.Any] = {"Version": policy.version}
    if policy.id is not None:
        written["Id"] = policy.id
    written["Statement"] = [_statement(statement) for statement in policy.statements]
    return written


def minify(policy: Policy) -> str:
    """Return the policy as JSON text without whitespace, as AWS gets it. The same policy always gives the same text.

    Organizations stores what it gets and counts every byte:
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    """
    return compact(document(policy))


def fingerprint(policy: Policy) -> str:
    """SHA-256, in hexadecimal digits, that two documents share if and only if they mean the same."""
    return hashlib.sha256(minify(canonical(policy)).encode()).hexdigest()


def _canonical(statement: Statement) -> Statement:
    return dataclasses.replace(
        statement,
        # An empty id is none: IAM lets several statements have it.
        sid=statement.sid or None,
        actions=_sort_unique(statement.actions, str.lower),
        not_actions=_sort_unique(statement.not_actions, str.lower),
        resources=_sort_unique(statement.resources),
        not_resources=_sort_unique(statement.not_resources),
        principals=_principals(statement.principals),
        not_principals=_principals(statement.not_principals),
        conditions=tuple(sorted({_condition(item) for item in statement.conditions}, key=_condition_order)),
    )


def _sort_unique(
    items: t.Optional[Iterable[str]], change: t.Callable[[str], str] = lambda item: item
) -> t.Optional[tuple[str, ...]]:
    return None if items is None else tuple(sorted({change(item) for item in items}))


def _principals(pairs: t.Optional[tuple[tuple[str, str], ...]]) -> t.Optional[tuple[tuple[str, str], ...]]:
    return None if pairs is None else tuple(sorted({_principal(*pair) for pair in pairs}))


def _principal(kind: str, value: str) -> tuple[str, str]:
    return kind, (root_account(value) or value) if kind == "AWS" else value


def _condition(condition: Condition) -> Condition:
    values: t.Iterable[str] = condition.values
    if condition.operator in _TRUTH_OPERATORS:
        values = (value.lower() if value.lower() in ("true", "false") else value for value in values)
    return dataclasses.replace(condition, key=condition.key.lower(), values=tuple(sorted(set(values))))


def _condition_order(condition: Condition) -> tuple[t.Any, ...]:
    return _operator_text(condition), condition.key, condition.values


def _order(statement: Statement) -> tuple[t.Any, ...]:
    """A sort key: None, which has no order, comes before everything."""
    elements = (
        statement.actions,
        statement.not_actions,
        statement.resources,
        statement.not_resources,
        statement.principals,
        statement.not_principals,
    )
    return (
        statement.allow,
        statement.sid is not None,
        statement.sid or "",
        *((element is not None, element or ()) for element in elements),
        tuple(_condition_order(condition) for condition in statement.conditions),
    )


def _statement(statement: Statement) -> dict[str, t.Any]:
    written: dict[str, t.Any] = {}
    if statement.sid is not None:
        written["Sid"] = statement.sid
    written["Effect"] = "Allow" if statement.allow else "Deny"
    for name, pairs in (("Principal", statement.principals), ("NotPrincipal", statement.not_principals)):
        if pairs is not None:
            written[name] = _principal_block(pairs)
    for name, values in (
        ("Action", statement.actions),
        ("NotAction", statement.not_actions),
        ("Resource", statement.resources),
        ("NotResource", statement.not_resources),
    ):
        if values is not None:
            written[name] = _shorten(values)
    if statement.conditions:
        written["Condition"] = _condition_block(statement.conditions)
    return written


def _principal_block(pairs: tuple[tuple[str, str], ...]) -> t.Union[str, dict[str, t.Any]]:
    if pairs == (("*", "*"),):
        return "*"
    values: dict[str, list[str]] = {}
    for kind, value in pairs:
        values.setdefault("AWS" if kind == "*" else kind, []).append(value)
    return {kind: _shorten(items) for kind, items in values.items()}


def _condition_block(conditions: tuple[Condition, ...]) -> dict[str, dict[str, t.Any]]:
    block: dict[str, dict[str, t.Any]] = {}
    for condition in conditions:
        keys = block.setdefault(_operator_text(condition), {})
        keys[_find_free_spelling(condition.key, keys)] = _shorten(condition.values)
    return block


def _operator_text(condition: Condition) -> str:
    quantifier = f"{condition.quantifier}:" if condition.quantifier else ""
    return f"{quantifier}{condition.operator}{'IfExists' if condition.if_exists else ''}"


def _find_free_spelling(key: str, taken: t.Collection[str]) -> str:
    """Return the key in a case that is not taken.

    A document may name a key twice, as aws:x and AWS:x, and then both conditions hold.
    """
    spellings = (f"{key[:length].upper()}{key[length:]}" for length in range(len(key) + 1))
    free = next((spelling for spelling in spellings if spelling not in taken), None)
    if free is None:
        raise ValueError(f"the condition key {key} has too many values under one operator")
    return free


def _shorten(values: t.Sequence[str]) -> t.Union[str, list[str]]:
    return values[0] if len(values) == 1 else list(values)
