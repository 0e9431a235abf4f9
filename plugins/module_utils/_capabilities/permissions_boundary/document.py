# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The document of a boundary as it is declared: with places that each account fills in for itself."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Collection, Mapping

from ..._converge.errors import InputError
from ..._prediction.unused_resources import AccountFacts

_PLACEHOLDER: t.Final = re.compile(r"<([a-z_]+)>")


_SINGLE: t.Final = ("account_id", "boundary_arn", "partition")
#: The places that CloudTrail tells; each may have any number of values.
OF_TRAILS: t.Final = ("trail_buckets", "trail_log_groups", "trails")

# To see early whether a document can be one, before any account is known.
SAMPLE: t.Final = AccountFacts(
    partition="aws",
    account_id="111122223333",
    boundary_arn=":".join(("arn", "aws", "iam", "", "111122223333", "policy/boundary")),
    trails=(":".join(("arn", "aws", "cloudtrail", "us-east-1", "111122223333", "trail/sample")),),
    trail_buckets=("sample",),
    trail_log_groups=(":".join(("arn", "aws", "logs", "us-east-1", "111122223333", "log-group", "sample")),),
)


def _find_values(facts: AccountFacts, name: str) -> t.Optional[tuple[str, ...]]:
    """Find the values of a place: one, or as many as there are in the account; None for no such place."""
    if name in _SINGLE:
        return (str(getattr(facts, name)),)
    return tuple(getattr(facts, name)) if name in OF_TRAILS else None


def find_places(document: t.Any) -> frozenset[str]:
    """Find the names of the places that a document leaves open."""
    return frozenset(_PLACEHOLDER.findall(repr(document)))


def fill_places(document: Mapping[str, t.Any], facts: AccountFacts, *, option: str) -> dict[str, t.Any]:
    """Fill every place of a document. Without a trail, a statement all of whose resources are of trails is dropped.

    :raises InputError: there is no such place, or one without a value stands elsewhere than in ``Resource``.
    """
    written = {name: _fill_value(value, facts, option) for name, value in document.items() if name != "Statement"}
    statements = document.get("Statement", ())
    listed = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(listed, Collection):
        return {**written, "Statement": statements}
    kept = (_fill_statement(statement, facts, f"{option}.Statement[{index}]") for index, statement in enumerate(listed))
    return {**written, "Statement": [statement for statement in kept if statement is not None]}


def _fill_statement(statement: t.Any, facts: AccountFacts, place: str) -> t.Any:
    if not isinstance(statement, Mapping):
        return statement
    resources = _fill_value(statement.get("Resource"), facts, f"{place}.Resource")
    if resources == [] != statement["Resource"]:
        return None
    others = {name: value for name, value in statement.items() if name != "Resource"}
    written = t.cast(dict[str, t.Any], _fill_value(others, facts, place))
    return {**written, "Resource": resources} if "Resource" in statement else written


def _fill_value(value: t.Any, facts: AccountFacts, place: str) -> t.Any:
    if isinstance(value, Mapping):
        found = {name: _fill_value(item, facts, f"{place}.{name}") for name, item in value.items()}
        for name, item in found.items():
            if item == [] != value[name]:
                raise InputError(f"{place}.{name}: {value[name]!r} becomes empty, because the account has no trail")
        return found
    if isinstance(value, list):
        return [text for item in value for text in _as_list(_fill_value(item, facts, place))]
    if not isinstance(value, str):
        return value
    texts = [value]
    for name in dict.fromkeys(_PLACEHOLDER.findall(value)):
        values = _find_values(facts, name)
        if values is None:
            allowed = ", ".join(f"<{known}>" for known in (*_SINGLE, *OF_TRAILS))
            raise InputError(f"{place}: there is no <{name}> to fill in; allowed are {allowed}")
        texts = [text.replace(f"<{name}>", item) for text in texts for item in values]
    return texts if find_places(value) & set(OF_TRAILS) else texts[0]


def _as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]
