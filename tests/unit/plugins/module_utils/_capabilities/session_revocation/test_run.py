# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.run import Declared

from .accounts import HOME


@pytest.mark.parametrize(
    ("name", "final", "waits", "is_last"),
    [
        ("first", False, True, False),
        ("first", True, False, False),
        ("second", True, False, False),
        ("recheck", False, False, False),
        ("recheck", True, False, True),
    ],
)
def test_only_a_final_recheck_is_the_last_pass(name: str, final: bool, waits: bool, is_last: bool) -> None:
    options = {"inventory_accounts": [HOME], "propagation_seconds": 30, "max_roles": 25, "pass": name, "final": final}
    declared = Declared.from_options(options)
    assert (declared.waits, declared.is_last) == (waits, is_last)
