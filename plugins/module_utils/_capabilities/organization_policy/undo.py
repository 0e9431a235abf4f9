# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes back of an organization's policies, their attachments and tags."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record
from .changes import ATTACH, CREATE, DELETE, DETACH, SERVICE, TAG, UNTAG, UPDATE, called


def _named(record: Record, shown: Mapping[str, t.Any]) -> dict[str, str]:
    """How requests name the policy. Its target is an ARN that ends with an id, or the same name."""
    name, kind = str(shown["policy"]), str(shown["type"])
    target = record.target.partition(" on ")[0] if "attached_to" in shown else record.target
    is_policy = target.startswith("arn:") and ":organizations::" in target and ":policy/" in target
    record.check(is_policy or target == called(name, kind), f"{record.target} is not the policy {name} ({kind})")
    return {"PolicyName": name, "PolicyType": kind}


def _created(record: Record) -> Undo:
    return Undo(DELETE, _named(record, record.after))


def _updated(record: Record) -> Undo:
    before = record.before
    content = record.text(before["document"], "Content")
    return Undo(UPDATE, {**_named(record, before), "Description": str(before["description"]), "Content": content})


def _deleted(record: Record) -> Undo:
    before = record.before
    named = _named(record, before)
    about = {"Name": named["PolicyName"], "Type": named["PolicyType"], "Description": str(before["description"])}
    return Undo(CREATE, {**about, "Content": record.text(before["document"], "Content"), "Tags": record.tags()})


def _tagged(record: Record) -> Undo:
    named = _named(record, record.before)
    tags: Mapping[str, t.Any] = record.before["tags"]
    if all(value is None for value in tags.values()):
        return Undo(UNTAG, {**named, "TagKeys": list(tags)})
    return Undo(TAG, {**named, "Tags": [{"Key": key, "Value": str(value)} for key, value in tags.items()]})


def _attachment(record: Record) -> Undo:
    shown = record.before
    node = str(shown["attached_to"])
    record.check(record.target.endswith(f" on {node}"), f"{record.target} is not the policy on {node}")
    record.check(shown["attached"] is (record.change.operation == DETACH), "its before does not fit its operation")
    back = ATTACH if record.change.operation == DETACH else DETACH
    return Undo(back, {**_named(record, shown), "TargetId": node})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (SERVICE, CREATE): _created,
    (SERVICE, UPDATE): _updated,
    (SERVICE, DELETE): _deleted,
    (SERVICE, TAG): _tagged,
    (SERVICE, ATTACH): _attachment,
    (SERVICE, DETACH): _attachment,
}
