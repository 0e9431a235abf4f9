# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.grants import (
    GRANTS,
    SWITCHES,
    UNPROVEN,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.run import OPERATIONS


def test_every_write_has_a_switch_or_is_unproven() -> None:
    writes = {action for operation in OPERATIONS.writes for action in iam_actions(operation)}
    assert {*itertools.chain.from_iterable(SWITCHES.values()), "signin:BatchRevokeSessions"} == writes
    assert {action for action in (*writes, *OPERATIONS.reads) if action.startswith("signin:")} == UNPROVEN


def test_grants_are_about_own_actions() -> None:
    actions = {action for operation in OPERATIONS.all for action in iam_actions(operation)}
    assert {*GRANTS.resources, *GRANTS.conditions, *GRANTS.purposes} <= actions
