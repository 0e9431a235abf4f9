# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes of central root access back."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record
from .changes import DEREGISTER, DISABLE_TRUST, ENABLE_TRUST, REGISTER, SWITCHES
from .changes import SERVICE as PRINCIPAL

_ORGANIZATIONS: t.Final = "organizations"


def _undo_feature(record: Record, name: str, back: str) -> Undo:
    record.check(record.before["setting"] == name, f"its before is not about {name}")
    record.check(record.target.endswith(f"/{name}"), f"its target is not {name}")
    return Undo(back, {})


def _undo_trust(record: Record) -> Undo:
    record.check(record.target.endswith(f"/{PRINCIPAL}/trusted_access"), f"{record.target} is not trusted access")
    back = DISABLE_TRUST if record.change.operation == ENABLE_TRUST else ENABLE_TRUST
    return Undo(back, {"ServicePrincipal": PRINCIPAL})


def _undo_administrator(record: Record) -> Undo:
    start, _slash, account_id = record.target.rpartition("/")
    fits = start.endswith(f"/{PRINCIPAL}/delegated_administrator") and account_id.isdigit()
    record.check(fits, f"{record.target} is no delegated administrator")
    back = DEREGISTER if record.change.operation == REGISTER else REGISTER
    return Undo(back, {"AccountId": account_id, "ServicePrincipal": PRINCIPAL})


def _list_features() -> dict[tuple[str, str], Derive]:
    found: dict[tuple[str, str], Derive] = {}
    for name, (enable, disable) in SWITCHES.items():
        found["iam", enable] = functools.partial(_undo_feature, name=name, back=disable)
        found["iam", disable] = functools.partial(_undo_feature, name=name, back=enable)
    return found


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    **_list_features(),
    (_ORGANIZATIONS, ENABLE_TRUST): _undo_trust,
    (_ORGANIZATIONS, DISABLE_TRUST): _undo_trust,
    (_ORGANIZATIONS, REGISTER): _undo_administrator,
    (_ORGANIZATIONS, DEREGISTER): _undo_administrator,
}
