# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control policies that count: an account notices a change of them after a delay of its own.

AWS promises no time. Each change of a content, an attachment or of an account's unit has a delay in each account, drawn
by a seed. A later change may be noticed before an earlier one, which is then out of date. Reads show the present.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html
"""

from __future__ import annotations

import random
import typing as t
from datetime import datetime, timedelta

from emulator.clock import CLOCK
from emulator.extensions.organizations_levels import Level, list_levels

Levels: t.TypeAlias = t.Optional[tuple[Level, ...]]
#: Of an account and partition: from when on what counts, in the order of the changes.
Views: t.TypeAlias = dict[tuple[str, str], list[tuple[datetime, Levels]]]
#: All that there is to keep: the longest delay, the state of the draws, the views.
Kept: t.TypeAlias = tuple[float, t.Any, Views]


class PolicyLag:
    """The views of all accounts. Not thread-safe: use it under the server's lock. Without a delay it keeps none."""

    def __init__(self) -> None:
        self.most_seconds = 0.0
        self._draws = random.Random(0)
        self._views: Views = {}

    def set_bound(self, most_seconds: float, seed: int) -> None:
        """Draw delays from 0 to so many seconds from now on. What is there now counts."""
        self.most_seconds = most_seconds
        self._draws = random.Random(seed)
        self._views = {}

    def get(self) -> Kept:
        """Everything, to be set again."""
        return self.most_seconds, self._draws.getstate(), {key: list(views) for key, views in self._views.items()}

    def set(self, kept: Kept) -> None:
        """Set back what :meth:`get` gave."""
        self.most_seconds, state, views = kept
        self._draws.setstate(state)
        self._views = {key: list(known) for key, known in views.items()}

    def note(self, accounts: t.Iterable[tuple[str, str]]) -> None:
        """Take a view of these accounts, after each write."""
        if not self.most_seconds:
            return
        now = CLOCK.now()
        for account_id, partition in accounts:
            levels = list_levels(account_id, partition)
            known = self._views.setdefault((account_id, partition), [])
            if not known:
                known.append((now, levels))
            elif known[-1][1] != levels:
                known.append((now + timedelta(seconds=self._draws.uniform(0, self.most_seconds)), levels))

    def levels_of(self, account_id: str, partition: str) -> Levels:
        """What counts at this moment: the newest of the changes that the account has noticed."""
        if not self.most_seconds:
            return list_levels(account_id, partition)
        now = CLOCK.now()
        noticed = [levels for when, levels in self._views.get((account_id, partition), ()) if when <= now]
        return noticed[-1] if noticed else list_levels(account_id, partition)
