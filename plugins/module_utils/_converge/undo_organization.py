# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes back of an organization's policies, their attachments and tags."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .change import Undo
from .organization_changes import ATTACH, CREATE, DELETE, DETACH, SERVICE, TAG, UNTAG, UPDATE, name_policy
from .undo_records import Derive, Record


def _name_policy(record: Record, state: Mapping[str, t.Any]) -> dict[str, str]:
    """Name the policy for a request. The target of the record is an ARN that ends with an id, or the same name."""
    name, kind = str(state["policy"]), str(state["type"])
    target = record.target.partition(" on ")[0] if "attached_to" in state else record.target
    is_policy = target.startswith("arn:") and ":organizations::" in target and ":policy/" in target
    record.check(is_policy or target == name_policy(name, kind), f"{record.target} is not the policy {name} ({kind})")
    return {"PolicyName": name, "PolicyType": kind}


def _undo_create(record: Record) -> Undo:
    return Undo(DELETE, _name_policy(record, record.after))


def _undo_update(record: Record) -> Undo:
    before = record.before
    content = record.text(before["document"], "Content")
    return Undo(UPDATE, {**_name_policy(record, before), "Description": str(before["description"]), "Content": content})


def _undo_delete(record: Record) -> Undo:
    before = record.before
    names = _name_policy(record, before)
    about = {"Name": names["PolicyName"], "Type": names["PolicyType"], "Description": str(before["description"])}
    return Undo(CREATE, {**about, "Content": record.text(before["document"], "Content"), "Tags": record.tags()})


def _undo_tag(record: Record) -> Undo:
    names = _name_policy(record, record.before)
    tags: Mapping[str, t.Any] = record.before["tags"]
    if all(value is None for value in tags.values()):
        return Undo(UNTAG, {**names, "TagKeys": list(tags)})
    return Undo(TAG, {**names, "Tags": [{"Key": key, "Value": str(value)} for key, value in tags.items()]})


def _undo_attachment(record: Record) -> Undo:
    state = record.before
    node = str(state["attached_to"])
    record.check(record.target.endswith(f" on {node}"), f"{record.target} is not the policy on {node}")
    record.check(state["attached"] is (record.change.operation == DETACH), "its before does not fit its operation")
    back = ATTACH if record.change.operation == DETACH else DETACH
    return Undo(back, {**_name_policy(record, state), "TargetId": node})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (SERVICE, CREATE): _undo_create,
    (SERVICE, UPDATE): _undo_update,
    (SERVICE, DELETE): _undo_delete,
    (SERVICE, TAG): _undo_tag,
    (SERVICE, ATTACH): _undo_attachment,
    (SERVICE, DETACH): _undo_attachment,
}
