# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account that a control must judge in a certain way, and who says so."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot


@dataclasses.dataclass(frozen=True)
class Case:
    """One account and the verdict that it must get."""

    control: str  # id of the control
    expected: str  # "FAIL", "PASS", "NOT_ASSESSED" or "NOT_APPLICABLE"
    name: str  # what the account is, in a few words
    source: str  # URL or benchmark text that says so
    build: t.Callable[[], Snapshot]
    thresholds: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)  # those that differ from the defaults
