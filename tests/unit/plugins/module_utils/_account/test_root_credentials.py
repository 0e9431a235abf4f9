# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._account.root_credentials import (
    RootCredentials,
    RootKey,
    RootPassword,
)

MADE = datetime(2020, 1, 1, tzinfo=UTC)
EARLY, LATE = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def test_the_latest_use_of_any_credential_counts() -> None:
    key, password = RootKey("AKIA", "Inactive", MADE, LATE), RootPassword(MADE, EARLY)
    assert RootCredentials("222233334444", password, (key,)).last_used == LATE
    assert RootCredentials("222233334444", password).last_used == EARLY


def test_no_use_on_record_is_none() -> None:
    assert RootCredentials("222233334444").last_used is None
    assert RootCredentials("222233334444", RootPassword(MADE), (RootKey("AKIA", "Active", MADE),)).last_used is None
