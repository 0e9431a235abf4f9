# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How long to go on: the retries beyond botocore's own.

botocore's adaptive mode waits exponentially longer after each attempt. To survive ten seconds of throttling with
certainty it would need so many attempts that a service which only ever answers 500 held a call for minutes (botocore
before 1.43) or was given up within a second (since then it waits a few hundredths of a second after server errors). So
botocore gets few attempts, and several rounds of them, which are bounded by time and for all but throttling by number.
This is for reads. A planned write is sent once, see :mod:`.retries`.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t
from collections.abc import Callable

from .errors import Throttled, Unparsable, Unreachable

V = t.TypeVar("V")


@dataclasses.dataclass(frozen=True)
class Patience:
    """Limits, in seconds and rounds; ``clock`` and ``sleep`` are for tests.

    No new round begins later than ``throttled_for`` after the first where AWS throttles, ``failing_for`` where it
    fails or its answer is garbage.
    """

    throttled_for: float = 25.0
    failing_for: float = 10.0
    failing_rounds: int = 3
    pause: float = 1.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def call(self, attempt: Callable[[], V], *, repeatable: bool) -> V:
        """The result of ``attempt``, which is repeated while AWS throttles it or, if ``repeatable``, fails.

        A failure does not show whether the call took effect, so only a read may be repeated. A throttled call had none.

        :raises AwsError: what the last attempt raised.
        """
        started = self.clock()
        rounds = 0
        while True:
            rounds += 1
            try:
                return attempt()
            except Throttled:
                if self.clock() - started >= self.throttled_for:
                    raise
            except (Unparsable, Unreachable):
                late = self.clock() - started >= self.failing_for
                if not repeatable or late or rounds >= self.failing_rounds:
                    raise
            self.sleep(self.pause)
