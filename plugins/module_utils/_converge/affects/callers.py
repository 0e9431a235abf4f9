# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals that a policy document names: the callers of a resource, or those that a role trusts."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..._policy.documents.arn import root_account
from ..._policy.documents.canonical import canonical
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Policy, PolicyError, Statement
from .reach import ANYBODY, NotKnown

# AWS leaves the unique id of a deleted user or role in a policy in place of its ARN.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_UNIQUE_ID: t.Final = re.compile(r"A[IR][DO]A[A-Z0-9]{12,124}(:.*)?")


def find_named_principals(before: t.Any, after: t.Any) -> frozenset[str]:
    """Find the principals that are named by the statements in which two versions of a document differ.

    A document is a structure, its JSON text, or None if there is none. A statement in both versions alters nobody's
    access. A statement that names everybody but some names anybody.

    :raises NotKnown: one of them is no policy.
    """
    one, other = _parse_document(before), _parse_document(after)
    old, new = _statements(one), _statements(other)
    # The version decides whether policy variables mean something.
    is_same_language = one is None or other is None or one.version == other.version
    differing = old ^ new if is_same_language else old | new
    return frozenset(name for statement in differing for name in _list_principals(statement))


def is_same(before: t.Any, after: t.Any) -> bool:
    """Whether two documents decide alike; no where one of them can't be read."""
    try:
        one, other = _parse_document(before), _parse_document(after)
    except NotKnown:
        return False
    return one is not None and other is not None and canonical(one) == canonical(other)


def _parse_document(document: t.Any) -> t.Optional[Policy]:
    if document is None or document == "":
        return None
    try:
        return parse(document)
    except PolicyError as error:
        raise NotKnown(f"the principals in a policy document: {error}") from error


def _statements(policy: t.Optional[Policy]) -> frozenset[Statement]:
    """The statements, without what does not decide on access: their order and their names."""
    statements = canonical(policy).statements if policy else ()
    return frozenset(dataclasses.replace(statement, index=0, sid=None) for statement in statements)


def _list_principals(statement: Statement) -> t.Iterator[str]:
    if statement.not_principals is not None:
        yield ANYBODY
    for _kind, value in statement.principals or ():
        if not _UNIQUE_ID.fullmatch(value):
            yield root_account(value) or value
