# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Custom policy checks: whether a document gives more than another one, or certain actions.

AWS proves it. Here patterns are compared as texts, statement by statement: one that only several statements cover
together counts as new. It shares no code with the prover of the collection.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-custom-policy-checks.html
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import typing as t

from emulator.extensions.statements import Statement, parse_statements

Answer = dict[str, t.Any]

#: AWS's solver gives up on what is too complex. Here that is a matter of size, since the tests have to meet it.
MOST_STATEMENTS: t.Final = 100
_NEW: t.Final = {
    "PASS": "The modified permissions do not grant new access compared to your existing policy.",
    "FAIL": "The modified permissions grant new access compared to your existing policy.",
}
_GRANTED: t.Final = {
    "PASS": "The policy document does not grant access to perform the listed actions or resources.",
    "FAIL": "The policy document grants access to perform one or more of the listed actions or resources.",
}


class UnreadableError(ValueError):
    """A document that is no policy."""


class TooComplexError(ValueError):
    """A document that is beyond the solver."""


def check_no_new_access(new: str, existing: str) -> Answer:
    """CheckNoNewAccess. Raises UnreadableError and TooComplexError."""
    now, before = _parse(new), _parse(existing)
    lost = [denied for denied in before if not denied.allow and not any(_is_as_wide(one, denied) for one in now)]
    wider = [
        index
        for index, statement in enumerate(now)
        if statement.allow and (not _is_covered(statement, before) or any(_meet(statement, denied) for denied in lost))
    ]
    return _answer(_NEW, new, wider, "New access in the statement with")


def check_access_not_granted(document: str, actions: t.Sequence[str], resources: t.Sequence[str]) -> Answer:
    """CheckAccessNotGranted: without resources, any resource will do. Raises UnreadableError and TooComplexError."""
    statements = _parse(document)
    denies = [one for one in statements if not one.allow and not one.conditions]
    granting = [
        index
        for index, statement in enumerate(statements)
        if statement.allow
        and any(
            _names(statement, action, resource) and not any(one.covers(action, resource) for one in denies)
            for action, resource in itertools.product(actions or ["*"], resources or ["*"])
        )
    ]
    return _answer(_GRANTED, document, granting, "One or more of the listed actions or resources in the statement with")


def _parse(text: str) -> tuple[Statement, ...]:
    try:
        statements = parse_statements("document", text)
    except (ValueError, AttributeError, TypeError) as error:
        raise UnreadableError("The policy document is not valid.") from error
    if not statements:
        raise UnreadableError("The policy document has no statement.")
    if len(statements) > MOST_STATEMENTS:
        raise TooComplexError("The policy document is too complex to be checked.")
    return tuple(statements)


def _answer(messages: t.Mapping[str, str], text: str, indices: t.Sequence[int], words: str) -> Answer:
    written = json.loads(text)["Statement"]
    sids = [one.get("Sid") for one in (written if isinstance(written, list) else [written])]
    result = "FAIL" if indices else "PASS"
    reasons = [
        {
            "description": f"{words} index: {index}.",
            "statementIndex": index,
            **({"statementId": sids[index]} if sids[index] else {}),
        }
        for index in indices
    ]
    return {"result": result, "message": messages[result], "reasons": reasons}


def _is_covered(statement: Statement, before: t.Sequence[Statement]) -> bool:
    """Whether each action on each resource is in one of the statements of before."""
    allows = [one for one in before if one.allow and _is_no_stricter(one, statement)]
    return all(
        any(_covers(one, action, resource) for one in allows)
        for action, resource in itertools.product(statement.actions or ("*",), statement.resources or ("*",))
    )


def _is_no_stricter(one: Statement, other: Statement) -> bool:
    """Whether every condition of one is one of the other, which may allow fewer values."""
    given = {(operator, key.lower()): set(values) for operator, key, values in other.conditions}
    return all(given.get((operator, key.lower()), {""}) <= set(values) for operator, key, values in one.conditions)


def _covers(one: Statement, action: str, resource: str) -> bool:
    if one.not_actions:
        actions = not any(_overlap(action, pattern) for pattern in one.not_actions)
    else:
        actions = any(fnmatch.fnmatchcase(action, pattern) for pattern in one.actions)
    if one.not_resources:
        return actions and not any(_overlap(resource, pattern) for pattern in one.not_resources)
    return actions and any(fnmatch.fnmatchcase(resource, pattern) for pattern in one.resources)


def _overlap(one: str, other: str) -> bool:
    return fnmatch.fnmatchcase(one, other) or fnmatch.fnmatchcase(other, one)


def _names(statement: Statement, action: str, resource: str) -> bool:
    """Whether a statement is about some of an action on some of a resource."""
    if not statement.covers_action(action):
        return False
    if statement.not_resources:
        return not any(fnmatch.fnmatchcase(resource, pattern) for pattern in statement.not_resources)
    return any(_overlap(resource, pattern) for pattern in statement.resources)


def _is_as_wide(deny: Statement, other: Statement) -> bool:
    """Whether a statement denies all that another one denies."""
    return not deny.allow and _is_covered(other, [_as_allow(deny)])


def _as_allow(statement: Statement) -> Statement:
    return Statement(**{**vars(statement), "allow": True})


def _meet(allow: Statement, deny: Statement) -> bool:
    """Whether a statement allows something that another one denies."""
    return any(
        _overlap(action, denied) and _overlap(resource, place)
        for action, denied in itertools.product(allow.actions or ("*",), deny.actions or ("*",))
        for resource, place in itertools.product(allow.resources or ("*",), deny.resources or ("*",))
    )
