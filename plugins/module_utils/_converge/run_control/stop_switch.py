# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The stop switch: an object beside the journal. While it is there, nothing new begins.

People write it, the automation only reads it.
"""

from __future__ import annotations

import typing as t

from ..._account.answer import NO, Answer, Unknown, Yes
from ..change import Change, Refusal
from ..store import Store, StoreError

KEY: t.Final = "control/stop"
RULE: t.Final = "stopped"
# So much of its content is shown as the reason.
_SHOWN: t.Final = 200


def read_stop_switch(store: Store) -> Answer[str]:
    """Why nothing may begin, as a sentence; unknown, which counts as set, where the switch can't be read."""
    place = f"{store.location.rstrip('/')}/{KEY}"
    try:
        content = store.get(KEY)
    except StoreError as error:
        # Where the store names a next step, that comes first.
        step = "" if "\n" in str(error) else f".\nFind out who wrote {place}, and remove it to go on."
        return Unknown(f"the stop switch can't be read, which counts as set: {error}{step}")
    if content is None:
        return NO
    text = " ".join(content[: 4 * _SHOWN].decode("utf-8", "replace").split())
    said = "".join(filter(str.isprintable, text))[:_SHOWN]
    return Yes(f"the stop switch {place} is set{f': {said}' if said else ''}. Remove that object to go on")


def refuse_all(changes: t.Iterable[Change], reason: str) -> tuple[tuple[Change, Refusal], ...]:
    """All these changes with their refusals, because the run was stopped."""
    return tuple((change, Refusal(RULE, reason, change.target, change.operation)) for change in changes)
