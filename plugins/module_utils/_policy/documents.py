# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policy documents, statement by statement: what a statement says by itself, without weighing it against others.

The input is the decoded JSON as IAM returns it, where a list of one may stand as a scalar. Anything malformed (a
statement that is no object, an action that is no string) says nothing here, since IAM would not have stored it.
"""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Collection, Iterator, Mapping

Statement = Mapping[str, t.Any]

# In identity policies and trust policies alike, IAM compares these parts of a document without regard to case.
_FLAGS = re.IGNORECASE | re.DOTALL


def strings(value: t.Any) -> tuple[str, ...]:
    """A scalar or a list as a tuple of the strings in it."""
    items = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(item for item in items if isinstance(item, str))


def statements(document: t.Optional[Mapping[str, t.Any]]) -> tuple[Statement, ...]:
    """The statements of a document, or none for a document that did not parse."""
    if document is None:
        return ()
    found = document.get("Statement", ())
    items = found if isinstance(found, (list, tuple)) else (found,)
    return tuple(item for item in items if isinstance(item, Mapping))


def allowing(document: t.Optional[Mapping[str, t.Any]]) -> tuple[Statement, ...]:
    """The statements whose effect is Allow."""
    return tuple(item for item in statements(document) if item.get("Effect") == "Allow")


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), _FLAGS)


def matches(pattern: str, text: str) -> bool:
    """Whether ``pattern`` with IAM's wildcards ``*`` and ``?`` covers the whole of ``text``, in any case."""
    stem = pattern.rstrip("*")
    if "*" in stem or "?" in stem:
        return _pattern(pattern).fullmatch(text) is not None
    # Most patterns are a name or a prefix: compiling an expression for each would cost more than all comparisons.
    stem, text = stem.lower(), text.lower()
    return text.startswith(stem) if len(stem) < len(pattern) else text == stem


def actions(statement: Statement) -> tuple[str, ...]:
    """The patterns of ``Action``; empty where the statement uses ``NotAction``."""
    return strings(statement.get("Action", ()))


def not_actions(statement: Statement) -> tuple[str, ...]:
    """The patterns of ``NotAction``; empty where the statement uses ``Action``."""
    return strings(statement.get("NotAction", ()))


def covers_action(statement: Statement, action: str) -> bool:
    """Whether the statement speaks of ``action``, by ``Action`` or by leaving it out of ``NotAction``."""
    if "NotAction" in statement:
        return not any(matches(pattern, action) for pattern in not_actions(statement))
    return any(matches(pattern, action) for pattern in actions(statement))


def is_every_resource(pattern: str) -> bool:
    """Whether a resource pattern leaves nothing out: ``*``, or an ARN whose every part after the service is open."""
    return not pattern.replace("*", "") or re.fullmatch(r"arn:[^:]*:\*(:\*)*", pattern) is not None


def covers_every_resource(statement: Statement) -> bool:
    """Whether the statement is about all resources. ``NotResource`` is: what it leaves out is an exception."""
    if "NotResource" in statement:
        return True
    return any(is_every_resource(pattern) for pattern in strings(statement.get("Resource", ())))


def conditions(statement: Statement) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every condition as (operator, key in lower case, values as strings)."""
    block = statement.get("Condition")
    if not isinstance(block, Mapping):
        return
    for operator, keys in block.items():
        for key, value in keys.items() if isinstance(keys, Mapping) else ():
            items = value if isinstance(value, (list, tuple)) else (value,)
            yield str(operator), str(key).lower(), tuple(_condition_text(item) for item in items)


def _condition_text(value: t.Any) -> str:
    # JSON true and "true" are the same to IAM.
    return str(value).lower() if isinstance(value, bool) or str(value).lower() in ("true", "false") else str(value)


def requires_mfa(statement: Statement) -> bool:
    """Whether the statement only counts for a session that was opened with MFA.

    ``BoolIfExists`` does not require it: the key is absent for long-term access keys, and the condition then holds.
    """
    for operator, key, values in conditions(statement):
        if key == "aws:multifactorauthpresent" and operator == "Bool" and values == ("true",):
            return True
        if key == "aws:multifactorauthage" and operator.startswith("NumericLess") and not operator.endswith("IfExists"):
            return True
    return False


def is_unconditional(statement: Statement) -> bool:
    """Whether no condition restricts the statement."""
    return not any(True for _unused in conditions(statement))


def grants_everything(statement: Statement) -> bool:
    """Whether an Allow statement makes an administrator: every action, on every resource.

    ``NotAction`` does unless it leaves out IAM itself: who may write IAM policies may grant themselves the rest. The
    condition, if any, is not weighed.
    """
    if statement.get("Effect") != "Allow" or not covers_every_resource(statement):
        return False
    if "NotAction" in statement:
        return all(covers_action(statement, action) for action in ("iam:CreatePolicyVersion", "iam:AttachUserPolicy"))
    return any(not pattern.replace("*", "").strip(":") for pattern in actions(statement))


def freely_allowed(document: t.Optional[Mapping[str, t.Any]], wanted: Collection[str]) -> frozenset[str]:
    """Those of ``wanted`` that the document allows on every resource without a condition, and does not deny again."""
    allow = [item for item in allowing(document) if covers_every_resource(item) and is_unconditional(item)]
    if not allow:
        return frozenset()
    deny = [
        item
        for item in statements(document)
        if item.get("Effect") == "Deny" and covers_every_resource(item) and is_unconditional(item)
    ]
    return frozenset(
        action
        for action in wanted
        if any(covers_action(item, action) for item in allow) and not any(covers_action(item, action) for item in deny)
    )


def principals(statement: Statement) -> tuple[tuple[str, str], ...]:
    """The principals of a trust or resource policy statement as (type, value); ``"*"`` alone is ``("AWS", "*")``."""
    block = statement.get("Principal")
    if isinstance(block, Mapping):
        return tuple((str(kind), value) for kind, values in block.items() for value in strings(values))
    return tuple(("AWS", value) for value in strings(block) if value == "*")


def arn_account(arn: str) -> t.Optional[str]:
    """The account id of an ARN or of a bare account id; None for anything else."""
    if re.fullmatch(r"\d{12}", arn):
        return arn
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and re.fullmatch(r"\d{12}", parts[4]) else None
