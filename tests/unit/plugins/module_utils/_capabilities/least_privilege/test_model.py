# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.consumers.observe import (
    UNLISTED_CONSUMERS,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    Surroundings,
)


def test_what_is_never_looked_for_is_no_failure() -> None:
    """Its sentence is the same for all roles, so it would hold every trial."""
    found = Surroundings(unread=(UNLISTED_CONSUMERS, "ListFunctions was denied"))
    assert found.failures == ("ListFunctions was denied",)
