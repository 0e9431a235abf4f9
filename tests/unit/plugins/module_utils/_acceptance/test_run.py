# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Input of the acceptance that can't be used is refused before anything is read or made."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._acceptance.run import RejectedInput, accept


@pytest.mark.parametrize(
    ("include", "patience", "reason"),
    [
        (["third_key_is_refused", "nonsense"], 60, "include: nonsense is not an assumption; allowed are "),
        ([], -1, "patience: -1 is not allowed; allowed are 0 seconds or more"),
    ],
)
def test_input_that_can_not_be_used(include: list[str], patience: float, reason: str) -> None:
    given: dict[str, t.Any] = {
        "account_id": "555566667777",
        "pattern": "*sandbox*",
        "check_mode": False,
        "open_control": None,
    }
    with pytest.raises(RejectedInput, match=f"^{reason}"):
        accept(t.cast(t.Any, None), include=include, patience=patience, now=datetime(2026, 11, 27, tzinfo=UTC), **given)
