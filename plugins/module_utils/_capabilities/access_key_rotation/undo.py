# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes of a rotation back."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record
from ..._converge.user_keys import DERIVATIONS_OF_KEYS
from .changes import (
    CREATE_KEY,
    CREATE_SECRET,
    MOVE_LABEL,
    SECRETS,
    build_move,
    undo_create_key,
    undo_create_secret,
)
from .model import CURRENT


def _undo_create_secret(record: Record) -> Undo:
    name = str(record.after["secret"])
    record.check(record.is_new, "there was a secret before")
    place = f":{SECRETS}:{record.change.region}:{record.change.account_id}:secret:{name}"
    record.check(record.target.startswith("arn:") and record.target.endswith(place), "its target is another secret")
    return undo_create_secret(name)


def _undo_create_key(record: Record) -> Undo:
    record.check(record.before["new_key"] is None, "there was another key before")
    return undo_create_key(record.name("user"))


def _undo_move(record: Record) -> t.Optional[Undo]:
    place = f":{SECRETS}:{record.change.region}:{record.change.account_id}:secret:"
    record.check(record.target.startswith("arn:") and place in record.target, "its target is no secret")
    states = record.before, record.after
    record.check(all(state["label"] == CURRENT for state in states), "it is about another label")
    previous, version = (str(state["version"]) for state in states)
    return Undo(MOVE_LABEL, build_move(record.target, version, previous)) if previous else None


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (SECRETS, CREATE_SECRET): _undo_create_secret,
    (SECRETS, MOVE_LABEL): _undo_move,
    ("iam", CREATE_KEY): _undo_create_key,
    **DERIVATIONS_OF_KEYS,
}
