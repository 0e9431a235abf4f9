# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether what a document of an event allows is still in the document of today."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import urllib.parse

from ...documents.canonical import canonical
from ...documents.parse import parse
from ...documents.policy import Policy, PolicyError, Statement


def holds_statements(today: t.Any, given: t.Any) -> t.Optional[bool]:
    """Whether a document of today still has the statements that allow something in the one that an event gave.

    None where it has some of them, or where one of the documents can't be read. A document without any statement that
    allows is looked for as a whole.
    """
    ours, theirs = read_document(today), read_document(given)
    if ours is None or theirs is None:
        return None
    wanted = {one for one in _strip(theirs) if one.allow} or _strip(theirs)
    found = wanted & _strip(ours)
    if found == wanted:
        return True
    return None if found or _share_principals(ours, theirs) else False


def has_statement(document: t.Any, sid: str) -> bool:
    """Whether a document has a statement with this id."""
    return any(statement.get("Sid") == sid for statement in _list_raw(document))


def read_document(given: t.Any) -> t.Optional[Policy]:
    """Read a document, which may be a structure, or a text in which all may be encoded; None if it is none."""
    if isinstance(given, str):
        given = given.strip()
        given = urllib.parse.unquote(given) if given.startswith("%7B") else given
    if not given:
        return None
    try:
        return parse(given)
    except PolicyError:
        return None


def _strip(policy: Policy) -> set[Statement]:
    """The statements without what means nothing: their ids and their order."""
    return {dataclasses.replace(one, index=0, sid=None) for one in canonical(policy).statements}


def _share_principals(ours: Policy, theirs: Policy) -> bool:
    """Whether a principal that the event let in is still let in, be it by another statement."""
    found = [
        {pair for one in policy.statements if one.allow for pair in one.principals or ()} for policy in (ours, theirs)
    ]
    return bool(found[0] & found[1])


def _list_raw(document: t.Any) -> list[t.Any]:
    try:
        read = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    statements = read.get("Statement") if isinstance(read, dict) else None
    listed = statements if isinstance(statements, list) else [statements]
    return [one for one in listed if isinstance(one, dict)]
