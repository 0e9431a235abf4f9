# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Conditions that guard less, or more, than they seem to: because a request need not have their key.

A missing key makes the negated operators, IfExists and ForAllValues hold, and the others not:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..documents import global_keys
from ..documents.operators import NEGATED
from ..documents.policy import Condition, Kind, Statement
from ..evaluation.catalogue import ARRAY
from .conditions import conditions_of, key_type
from .draft import Draft, DraftIssue, is_everything

_MFA: t.Final = "aws:multifactorauthpresent"
# Keys that a caller chooses, or that every caller can satisfy: a condition on these names nobody.
_OPEN_KEYS: t.Final = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:referer",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:securetransport",
        "aws:useragent",
    }
)
# A statement that asks for one of these has its author's mind on calls that lack the other keys.
_SERVICE_CALL_KEYS: t.Final = frozenset(
    {
        "aws:calledvia",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:viaawsservice",
    }
)


def find_public_principals(draft: Draft) -> Iterator[DraftIssue]:
    """Find statements for everyone, without a condition on the caller."""
    for statement in draft.policy.statements:
        if not statement.allow or draft.kind not in (Kind.RESOURCE, Kind.TRUST):
            continue
        if any(_names_callers(condition) for condition in statement.conditions):
            continue
        for kind, placed in draft.principals(statement) if statement.principals is not None else ():
            if kind in ("*", "AWS") and placed.text == "*":
                message = f"{statement.label} allows everyone: no condition limits it to some AWS accounts"
                yield DraftIssue("public_principal", placed.path, message)


def _names_callers(condition: Condition) -> bool:
    if condition.if_exists or condition.operator in NEGATED or condition.operator == "Null":
        return False
    if condition.quantifier == "ForAllValues" or condition.key.lower() in _OPEN_KEYS:
        return False
    return not any(is_everything(value) or value.endswith("/0") for value in condition.values)


def find_empty_sets(draft: Draft) -> Iterator[DraftIssue]:
    """Find ForAllValues in an Allow, which holds for requests that do not have the key.

    Left alone is aws:TagKeys: a request without it is one without tags, which is mostly meant to pass.
    """
    for statement, condition, path in conditions_of(draft):
        key = condition.key.lower()
        if not statement.allow or condition.quantifier != "ForAllValues" or key == "aws:tagkeys":
            continue
        kind = key_type(key)
        if kind and not kind.startswith(ARRAY):
            message = (
                f"{condition.key} has one value: ForAllValues only makes the condition true for requests without it"
            )
            yield DraftIssue("forallvalues_with_single_valued_key", path, message)
        elif not _has_null_check(statement, key):
            message = f"holds for every request without {condition.key}: add Null false for it"
            yield DraftIssue("forallvalues_without_null_check", path, message)


def _has_null_check(statement: Statement, key: str) -> bool:
    return any(
        condition.operator == "Null" and condition.key.lower() == key and "false" in condition.values
        for condition in statement.conditions
    )


def find_weak_mfa(draft: Draft) -> Iterator[DraftIssue]:
    """Find MFA conditions that requests without MFA pass: those signed with access keys do not have the key."""
    absent_denied = any(
        not statement.allow and condition.operator == "Null" and "true" in condition.values
        for statement, condition, _path in conditions_of(draft)
        if condition.key.lower() == _MFA
    )
    for statement, condition, path in conditions_of(draft):
        if condition.key.lower() != _MFA:
            continue
        values = {value.lower() for value in condition.values}
        if statement.allow and condition.if_exists and "true" in values:
            message = "allows requests that are signed with access keys, which have no MFA key: use Bool"
            yield DraftIssue("mfa_if_exists_in_allow", path, message)
        elif statement.allow and condition.operator == "Null" and "false" in values and not _asks_mfa(statement):
            message = "allows every temporary credential, with or without MFA: the key exists, but may be false"
            yield DraftIssue("mfa_null_check_in_allow", path, message)
        elif not statement.allow and _is_plain_bool(condition) and "false" in values and not absent_denied:
            message = "does not deny requests that are signed with access keys: use BoolIfExists"
            yield DraftIssue("mfa_deny_misses_access_keys", path, message)


def _is_plain_bool(condition: Condition) -> bool:
    return condition.operator == "Bool" and not condition.if_exists and condition.quantifier != "ForAllValues"


def _asks_mfa(statement: Statement) -> bool:
    return any(
        condition.operator == "Bool" and condition.key.lower() == _MFA and "true" in condition.values
        for condition in statement.conditions
    )


def find_denies_of_absent_keys(draft: Draft) -> Iterator[DraftIssue]:
    """Find a Deny unless a key has a certain value, of keys that harmless requests do not have."""
    for statement, condition, path in conditions_of(draft):
        if statement.allow or condition.operator not in NEGATED or condition.quantifier == "ForAnyValue":
            continue
        if global_keys.stem(condition.key) not in global_keys.SOMETIMES_ABSENT or _is_guarded(statement):
            continue
        message = (
            f"also denies requests without {condition.key}, such as those of AWS services: add Null false for it, or "
            "aws:PrincipalIsAWSService and aws:ViaAWSService"
        )
        yield DraftIssue("deny_where_key_is_absent", path, message)


def _is_guarded(statement: Statement) -> bool:
    return any(
        condition.operator == "Null" or condition.key.lower() in _SERVICE_CALL_KEYS
        for condition in statement.conditions
    )
