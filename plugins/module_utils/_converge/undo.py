# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Taking back a recorded change."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .change import Change, Impact, content_hash
from .journal import Intent, Outcome


class UndoRefused(Exception):
    """A recorded change can't be taken back; the message says why."""


def undo_of(intent: Intent, outcome: Outcome, observe: Callable[[Change], t.Any]) -> Change:
    """The change that takes a recorded one back, to be guarded, journalled and made like any other.

    ``observe`` returns the present state of a change's target in the shape of its ``before`` and ``after``.

    :raises UndoRefused: the change was not made, can't be undone, or the present state is no longer what it left:
        somebody has decided otherwise since, and that stands.
    """
    done = intent.change
    if outcome is Outcome.FAILED:
        raise UndoRefused(f"{done.operation} on {done.target} was not made, so there is nothing to undo")
    if done.undo is None:
        raise UndoRefused(f"{done.operation} on {done.target} can't be undone")
    if content_hash(observe(done)) != content_hash(done.after):
        raise UndoRefused(f"{done.target} is no longer as {done.operation} of run {intent.run_id} left it")
    return Change(
        account_id=done.account_id,
        region=done.region,
        service=done.service,
        operation=done.undo.operation,
        target=done.target,
        parameters=done.undo.parameters,
        before=done.after,
        after=done.before,
        kind=f"undo_{done.operation}",
        impact=Impact.ADDITIVE,
    )
