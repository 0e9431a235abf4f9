# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The permission to open sessions as root of members."""

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._aws import fence
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.grants import (
    ASSUME_ROOT,
    GRANTS,
)


def test_the_sessions_are_those_that_the_fence_lets_through() -> None:
    assert ASSUME_ROOT == fence.ASSUME_ROOT
    condition = GRANTS.condition_of(ASSUME_ROOT)
    assert condition is not None
    policies = condition["StringEquals"]["sts:TaskPolicyArn"]
    names = [arn.rpartition("/")[2] for arn in policies]
    assert names == [fence.AUDIT_TASK, fence.REMOVAL_TASK]
