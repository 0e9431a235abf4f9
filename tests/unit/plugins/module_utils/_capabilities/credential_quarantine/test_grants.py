# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The permissions of the role of containment: all that the module writes, by switches."""

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.grants import (
    GRANTS,
    SWITCHES,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.run import (
    OPERATIONS,
    WRITER,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer


def test_each_write_belongs_to_one_switch() -> None:
    wanted = sorted(action for name in OPERATIONS.writes for action in iam_actions(name))
    assert sorted(action for actions in SWITCHES.values() for action in actions) == wanted


def test_with_the_users_alone_the_role_can_only_take() -> None:
    (condition,) = dict(GRANTS.condition_of("iam:AttachUserPolicy") or {}).values()
    (arns,) = condition.values()
    assert all(arn.endswith(("/quarantine-deny-all", "/AWSDenyAll")) for arn in arns)
    assert not {"iam:PutUserPolicy", "iam:PutRolePolicy"} & set(SWITCHES["ContainmentUsers"])


def test_it_is_a_class_of_its_own() -> None:
    assert WRITER is Writer.CONTAINMENT
