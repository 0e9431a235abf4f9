# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The leases under which changes are made, as far as the runner knows them."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .change import Change, Refusal


class Leases(t.Protocol):
    """The leases under which changes are made."""

    def find(self, change: Change) -> t.Union[Renewable, Refusal]:
        """The lease of the account of a change, or why it is not made. Raises StoreError: a lease is lost."""


class Renewable(t.Protocol):
    """The lease of the account, under which changes are made."""

    @property
    def record(self) -> Mapping[str, t.Any]:
        """The lease as records of the journal name it."""

    def renew(self) -> None:
        """Make the lease last long enough for a write. Raises StoreError: it is lost."""
