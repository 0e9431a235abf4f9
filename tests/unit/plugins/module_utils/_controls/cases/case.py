# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account and what a control must say of it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot


@dataclasses.dataclass(frozen=True)
class Case:
    """One account, in a few words and as a snapshot, with the source that settles the verdict on it."""

    control: str
    expected: str
    name: str
    source: str
    build: t.Callable[[], Snapshot]
