# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes of credentials back: their stages, and their status."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record
from .changes import describe_stage
from .history import TAG, UNTAG
from .kinds import ACTIVE, OPERATIONS_OF, Kind


def _find_tag(record: Record) -> str:
    """Find the tag that keeps the stage of the credential which the record is about."""
    shown = record.before
    kind = Kind(shown["kind"])
    prefix = OPERATIONS_OF[kind].tag
    return prefix if kind is Kind.PASSWORD else prefix + str(shown["id"])[-4:]


def _undo_stage(record: Record) -> Undo:
    """Restore the tag of a stage. Its value has a moment that the record's before does not show."""
    user, tag = record.name("user"), _find_tag(record)
    stage = record.before["stage"]
    if stage is None:
        return Undo(UNTAG, {"UserName": user, "TagKeys": [tag]})
    (spelt,) = record.tags()
    record.check(describe_stage(spelt["Value"]) == stage, "its undo has another stage than its before")
    return Undo(TAG, {"UserName": user, "Tags": [{"Key": tag, "Value": spelt["Value"]}]})


def _undo_deactivation(record: Record) -> Undo:
    operations = OPERATIONS_OF[Kind(record.before["kind"])]
    record.check(operations.update == record.change.operation, "its operation is of another kind of credential")
    record.check(record.before["status"] == ACTIVE, "the credential was not active before")
    named = {"UserName": record.name("user"), operations.identifier: str(record.before["id"])}
    return Undo(record.change.operation, {**named, "Status": ACTIVE})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", TAG): _undo_stage,
    ("iam", UNTAG): _undo_stage,
    **{("iam", kind.update): _undo_deactivation for kind in OPERATIONS_OF.values() if kind.update},
}
