# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Lines that say how far the long work of a task has come."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable

_SECONDS = 10.0


class ProgressLines:
    """Shows a line at most every ten seconds, so that quick work shows none and slow work is seen to go on."""

    def __init__(
        self,
        start: str,
        show: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        seconds: t.Optional[float] = None,
    ) -> None:
        """``start`` begins each line, and ``show`` gets them."""
        self._start: t.Final = start
        self._show: t.Final = show
        self._clock: t.Final = clock
        self._seconds: t.Final = _SECONDS if seconds is None else seconds
        self._shown = clock()

    def __call__(self, what: str, done: int, of: t.Optional[int]) -> None:
        """Report that so many of the things are read; ``of`` is how many there are, if that is known."""
        now = self._clock()
        if now - self._shown < self._seconds:
            return
        self._shown = now
        total = f" of {of:,}" if of is not None else ""
        self._show(f"{self._start}: {done:,}{total} {what} read")
