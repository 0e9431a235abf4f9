# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The custom policy checks of IAM Access Analyzer that could confirm a proof, as calls that nobody makes here.

Each call is charged. The checks compare one document with one document, and know neither boundary nor SCP:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-custom-policy-checks.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from ..documents.canonical import canonical, minify
from ..documents.operators import WITH_VARIABLES
from ..documents.policy import Policy, Statement
from ..evaluation.variables import VERSION, Variable, template

#: One call takes so many actions: the limit of ``access.actions`` in the API.
MOST_ACTIONS: t.Final = 100

_TYPE: t.Final = "IDENTITY_POLICY"
# AWS puts "$" in the place of this, so that what follows is no variable.
_DOLLAR: t.Final = "${$}"


@dataclasses.dataclass(frozen=True)
class Check:
    """One call of Access Analyzer: its operation and its parameters. PASS confirms the proof, FAIL does not."""

    operation: str
    parameters: Mapping[str, t.Any]


def list_checks(before: Iterable[Policy], after: Iterable[Policy], *, removed: Iterable[str] = ()) -> tuple[Check, ...]:
    """List the calls that confirm that ``after`` gives no more than ``before``, and none of the ``removed`` actions.

    Where there are no new statements, AWS has nothing to check. Where there are no old ones, it has nothing to compare.
    """
    new, old = merge_to_one(after), merge_to_one(before)
    if new is None:
        return ()
    text = minify(new)
    checks = []
    if old is not None:
        pair = {"newPolicyDocument": text, "existingPolicyDocument": minify(old)}
        checks.append(Check("CheckNoNewAccess", {**pair, "policyType": _TYPE}))
    names = sorted({action.lower(): action for action in sorted(removed)}.values(), key=str.lower)
    for start in range(0, len(names), MOST_ACTIONS):
        access = [{"actions": names[start : start + MOST_ACTIONS]}]
        checks.append(Check("CheckAccessNotGranted", {"policyDocument": text, "access": access, "policyType": _TYPE}))
    return tuple(checks)


def merge_to_one(policies: Iterable[Policy]) -> t.Optional[Policy]:
    """Merge policies that count together into one of the same meaning; None if they have no statement.

    Statement ids are left out, since they must be unique. In a document of 2008-10-17 what looks like a variable is
    text: it is escaped, since the merged document has the language of 2012-10-17.
    """
    statements = tuple(_of_2012(item, policy.version) for policy in policies for item in policy.statements)
    if not statements:
        return None
    return canonical(Policy(tuple(dataclasses.replace(item, sid=None) for item in statements), VERSION))


def _of_2012(statement: Statement, version: str) -> Statement:
    if version == VERSION:
        return statement
    return dataclasses.replace(
        statement,
        resources=_escape_all(statement.resources, resource=True),
        not_resources=_escape_all(statement.not_resources, resource=True),
        conditions=tuple(
            dataclasses.replace(item, values=_escape_all(item.values) or ())
            if item.operator in WITH_VARIABLES
            else item
            for item in statement.conditions
        ),
    )


def _escape_all(texts: t.Optional[Iterable[str]], *, resource: bool = False) -> t.Optional[tuple[str, ...]]:
    return None if texts is None else tuple(_escape(text, resource=resource) for text in texts)


def _escape(text: str, *, resource: bool) -> str:
    """The text of 2012-10-17 that means what a text of 2008-10-17 says.

    Before the fifth colon of an ARN nothing is replaced, so there "${" stays what it is.
    """
    if all(
        not isinstance(piece, Variable) and not piece.literal
        for piece in template(text, version=VERSION, resource=resource)
    ):
        return text
    head, tail = "", text
    if resource and text.startswith("arn:"):
        *parts, tail = text.split(":", 5)
        head = "".join(f"{part}:" for part in parts)
    return head + tail.replace("${", f"{_DOLLAR}{{")
