# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The credential that a change touches, for people who decide on a plan."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime

from .._account.moments import format_utc
from .change import Change

_CREATED: t.Final = {
    "CreateAccessKey": "access_key",
    "CreateLoginProfile": "password",
    "CreateServiceSpecificCredential": "service_credential",
}
_SERVICES: t.Final = ("iam", "sns")


def find_credential(change: Change, *, created: t.Optional[datetime] = None) -> t.Optional[dict[str, t.Any]]:
    """Find the credential that a change touches; None if it touches none. ``created`` is its date, where it is known.

    A change of a credential has its ``kind``, ``id`` and last use in the state before, else in the one after.
    """
    if change.service not in _SERVICES:
        return None
    user = change.target.rpartition("/")[2].rpartition(":")[2].partition("#")[0]
    made = _CREATED.get(change.operation)
    if made:
        return {"kind": made, "id": None, "user": user, "created": None, "last_used": None}
    states = [state for state in (change.before, change.after) if isinstance(state, Mapping)]
    state = next((one for one in states if isinstance(one.get("kind"), str) and isinstance(one.get("id"), str)), None)
    if state is None:
        return None
    used = next((one["last_used"] for one in states if one.get("last_used")), None)
    shown = {"created": format_utc(created) if created else state.get("created"), "last_used": used}
    return {"kind": state["kind"], "id": state["id"], "user": user, **shown}
