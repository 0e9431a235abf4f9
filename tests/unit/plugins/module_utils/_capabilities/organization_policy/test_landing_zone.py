# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles by which Control Tower and StackSets set up accounts are known by their names."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.plan import (
    select_landing_zone,
)

ROLE = "arn:aws:iam::222233334444:role/"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("AWSControlTowerExecution", True),
        ("AWSCloudFormationStackSetExecutionRole", True),
        # With service-managed permissions each member has one, whose end is random.
        ("stacksets-exec-0123456789abcdef0123456789abcdef", True),
        ("service-role/stacksets-exec-0123456789abcdef0123456789abcdef", True),
        ("my-stacksets-exec-0123", False),
        ("stacksets-exec-0123/app", False),
        ("app", False),
    ],
)
def test_roles_of_the_landing_zone(name: str, is_one: bool) -> None:
    app = f"{ROLE}deploy"
    assert select_landing_zone([app, ROLE + name]) == ((ROLE + name,) if is_one else ())
