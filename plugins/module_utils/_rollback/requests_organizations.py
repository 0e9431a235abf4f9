# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What takes back recorded changes of AWS Organizations: policies, their attachments and tags, trusted access."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from .._capabilities.organization_policy.changes import ATTACH, CREATE, DELETE, DETACH, TAG, UNTAG, UPDATE, called
from .._capabilities.organization_root_access.changes import DEREGISTER, DISABLE_TRUST, ENABLE_TRUST, REGISTER
from .._capabilities.organization_root_access.changes import SERVICE as PRINCIPAL
from .._converge.change import Undo
from .._converge.undo_records import Record

_SERVICE: t.Final = "organizations"


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


def _trust(record: Record) -> Undo:
    record.check(record.target.endswith(f"/{PRINCIPAL}/trusted_access"), f"{record.target} is not trusted access")
    back = DISABLE_TRUST if record.change.operation == ENABLE_TRUST else ENABLE_TRUST
    return Undo(back, {"ServicePrincipal": PRINCIPAL})


def _administrator(record: Record) -> Undo:
    start, _slash, account_id = record.target.rpartition("/")
    fits = start.endswith(f"/{PRINCIPAL}/delegated_administrator") and account_id.isdigit()
    record.check(fits, f"{record.target} is no delegated administrator")
    back = DEREGISTER if record.change.operation == REGISTER else REGISTER
    return Undo(back, {"AccountId": account_id, "ServicePrincipal": PRINCIPAL})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Callable[[Record], t.Optional[Undo]]]] = {
    (_SERVICE, CREATE): _created,
    (_SERVICE, UPDATE): _updated,
    (_SERVICE, DELETE): _deleted,
    (_SERVICE, TAG): _tagged,
    (_SERVICE, ATTACH): _attachment,
    (_SERVICE, DETACH): _attachment,
    (_SERVICE, ENABLE_TRUST): _trust,
    (_SERVICE, DISABLE_TRUST): _trust,
    (_SERVICE, REGISTER): _administrator,
    (_SERVICE, DEREGISTER): _administrator,
}
