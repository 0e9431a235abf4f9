# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Those who call with an access key, or made it, as CloudTrail has them. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime

from ..._account.answer import NO, Answer, Unknown, Yes


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
    """Those who called with some keys.

    ``failure`` says why a source that was to be read does not have them, or not all. ``older`` says that only older
    calls are missing. ``unasked`` says that no source was to be read.
    """

    found: tuple[Consumer, ...] = ()
    failure: str = ""
    older: str = ""
    unasked: str = ""

    @property
    def gap(self) -> str:
        """Why there may be others than those found; empty if all sources were read completely."""
        return "; ".join(filter(None, (self.failure, self.older, self.unasked)))

    def of(self, key_id: str) -> tuple[Consumer, ...]:
        """Those who called with one key, the last one first."""
        return tuple(sorted((one for one in self.found if one.key_id == key_id), key=lambda one: one.last)[::-1])

    def find_last_use(self, key_id: str) -> Answer[datetime]:
        """Find the last call with a key that CloudTrail has; unknown where a later one may not have been read."""
        if self.failure or self.unasked:
            return Unknown(self.failure or self.unasked)
        last = self.last_known_use(key_id)
        return NO if last is None else Yes(last)

    def last_known_use(self, key_id: str) -> t.Optional[datetime]:
        """The last call among those that were found, None without any. There may be later ones that were not read."""
        return max((one.last for one in self.of(key_id)), default=None)


@dataclasses.dataclass(frozen=True)
class Maker:
    """Who made an access key, by the event of the call: the caller's ARN, its program, and when."""

    arn: str
    agent: str
    at: datetime

    def has_mark(self, mark: str) -> bool:
        """Whether the program named itself by a word. Some services put the name into brackets."""
        return mark in self.agent.strip("[]").split()
