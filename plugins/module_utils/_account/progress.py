# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reports on long work."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

# Gets what is read, the number of finished items, and of all items if that is known.
Progress = Callable[[str, int, t.Optional[int]], None]


def silent(_what: str, _done: int, _of: t.Optional[int]) -> None:
    """Report no progress."""
