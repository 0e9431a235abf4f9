# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Those who call with an access key, as CloudTrail has them. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime


@dataclasses.dataclass(frozen=True)
class Consumer:
    """Somebody who calls with a key: an address and the name of a program, as CloudTrail has them."""

    key_id: str
    address: str
    agent: str
    calls: int
    first: datetime
    last: datetime

    @property
    def name(self) -> tuple[str, str]:
        """The name by which a consumer is known again with another key."""
        return self.address, self.agent


@dataclasses.dataclass(frozen=True)
class Consumers:
    """Those who called with some keys. ``failure`` says why they are not known, or not all."""

    found: tuple[Consumer, ...] = ()
    failure: str = ""

    def of(self, key_id: str) -> tuple[Consumer, ...]:
        """Those who called with one key, the last one first."""
        return tuple(sorted((one for one in self.found if one.key_id == key_id), key=lambda one: one.last)[::-1])

    def last_use(self, key_id: str) -> t.Optional[datetime]:
        """The last call with a key that CloudTrail has; None if it has none."""
        return max((one.last for one in self.of(key_id)), default=None)
