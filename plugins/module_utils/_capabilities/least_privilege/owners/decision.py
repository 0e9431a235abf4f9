# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The steps of a role that its owner changes: what is handed out, and what is waited for. Pure.

A run writes nothing about such a role. A stage is done once the live role shows that the owner has done its part.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..gates import Gate, Objection
from ..model import Way
from ..records import Kind
from ..situation import LiveRole, Situation
from ..step import State, Step
from .patches import LANGUAGES

# A refusal for these reasons says nothing against the patch of an earlier stage.
_STILL_VALID: t.Final = frozenset({"stage_missing", "soak_not_over"})


def is_waiting(situation: Situation, live: LiveRole) -> bool:
    """Whether the owner of a role has not applied the new policies."""
    return situation.way is Way.BY_OWNER and live.has_documents is False


def check_owned(situation: Situation, live: LiveRole) -> Gate:
    """Refuse a role that its owner changes if its policies, or those that a revert gives back, are not known."""
    if situation.way is not Way.BY_OWNER:
        return None
    if live.has_documents is None:
        why = live.owned.failure if live.owned else "there are no documents"
        return Objection("not_in_force", f"the role can't be compared with the new policies: {why}")
    if live.owned is not None and live.owned.is_other:
        reason = (
            "the role has other policies than those that were kept as its old ones, so the way back is not known; run "
            "least_privilege_stage=generate again"
        )
        return Objection("changed_since", reason)
    return None


def describe_prepared(situation: Situation, live: LiveRole) -> str:
    """Describe stage prepare of a role."""
    if situation.way is not Way.BY_OWNER:
        return "its documents are put beside what it has"
    if not is_waiting(situation, live):
        return "its owner has applied the new policies already"
    return f"the patch for stage {'canary' if situation.is_canary else 'cut_over'} is made"


def hand_out(step: Step, situation: Situation, *, is_early: bool = False) -> Step:
    """Hand out the patch with a step that no gate refuses; ``is_early`` for a review, since canaries come first."""
    if situation.handout is None or step.rule:
        return step
    following = f"wait for stage cut_over, then {situation.handout.next}" if is_early else situation.handout.next
    return dataclasses.replace(step, handout=situation.handout, next=following)


def wait_for_owner(step: Step, situation: Situation, live: LiveRole) -> Step:
    """Hand out the patch in place of a step that needs the new policies, while the owner has not applied them."""
    if not is_waiting(situation, live) or not step.advances:
        return step
    difference = f": {live.owned.difference}" if live.owned else ""
    reason = f"the owner has not applied the new policies yet{difference}"
    return hand_out(dataclasses.replace(step, state=State.WAITING, event=None, reason=reason, warnings=()), situation)


def revert_by_owner(step: Step, situation: Situation, live: LiveRole) -> Step:
    """Hand out the patch with the old policies in place of the revert, until the role has them again."""
    owned = live.owned
    if owned is None and situation.past.reached in (None, Kind.ASSESSED):
        return dataclasses.replace(step, reason="nothing was handed out")
    failure = owned.failure if owned else "the documents of the campaign are missing, or were changed"
    if owned is None or failure:
        reason = (
            f"it is not known whether the role has its old policies: {failure}; restore the records below campaigns/, "
            "or put the policies back by hand and go on in a campaign of another name"
        )
        return dataclasses.replace(step, state=State.REFUSED, event=None, rule="no_documents", reason=reason)
    if not owned.unreturned:
        return dataclasses.replace(step, reason="the role has its old policies")
    reason = f"the owner has not put back the old policies yet: {owned.unreturned}"
    waiting = dataclasses.replace(step, state=State.WAITING, event=None, reason=reason)
    is_admin = situation.handout is not None and situation.handout.returns_admin
    warnings = ("the patch of the way back makes the role an administrator again",) if is_admin else ()
    return hand_out(dataclasses.replace(waiting, warnings=warnings), situation)


def list_files(situation: Situation, step: Step) -> dict[str, str]:
    """List the files of patches of a role: the text of each, empty for one that nobody may apply any more."""
    if situation.way is not Way.BY_OWNER:
        return {}
    if step.handout is not None:
        return step.handout.files
    is_applied = situation.live is not None and situation.live.has_documents is True
    is_reverted = step.event is Kind.REVERTED or step.state is State.REVERTED
    is_refused = bool(step.rule) and step.rule not in _STILL_VALID
    return {name: "" for _words, name in LANGUAGES.values()} if is_applied or is_reverted or is_refused else {}
