# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a hunt hands on to its output."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._policy.hunt.hunt import Outcome
from ..._prediction.hunting.kept import KeptRecord


@dataclasses.dataclass(frozen=True)
class Found:
    """The document of a hunt with its evidence. ``account_id`` is empty for a hunt over many accounts."""

    document: Mapping[str, t.Any]
    outcome: Outcome
    records: tuple[KeptRecord, ...]
    queries: tuple[Mapping[str, t.Any], ...]
    account_id: str = ""
    caller_arn: str = ""
