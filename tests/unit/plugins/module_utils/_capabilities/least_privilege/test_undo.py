# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback of a run gives back no more without approval than a revert does."""

from __future__ import annotations

import dataclasses

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.undo import needs_approval
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change

from .test_changes import close, open_parallel, plan, prepare, prepare_in_place, reach, replace, retire, try_out


def list_held(changes: tuple[Change, ...]) -> list[str]:
    """The operations that take changes back, and that need approval."""
    undos = [change.undo for change in changes if change.undo is not None]
    found = [dataclasses.replace(changes[0], operation=undo.operation, parameters=undo.parameters) for undo in undos]
    return [undo.operation for undo in found if needs_approval(undo)]


def test_the_return_of_what_was_taken_needs_approval() -> None:
    replaced = plan(replace, reach(prepare_in_place, try_out))
    assert sorted(list_held(replaced)) == ["AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]
    retired = plan(retire, reach(prepare, open_parallel, close))
    assert len(list_held(retired)) == len(retired)
    assert list_held(plan(close, reach(prepare, open_parallel))) == ["UpdateAssumeRolePolicy"]


def test_what_was_made_is_deleted_and_a_trial_ends_without_approval() -> None:
    for stage, before in ((prepare, ()), (prepare_in_place, ()), (try_out, (prepare_in_place,))):
        assert list_held(plan(stage, reach(*before))) == []
