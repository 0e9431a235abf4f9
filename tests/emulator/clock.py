# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's clock: real time plus an offset, so that keys can age ninety days in no time.

It is the clock of IAM and STS. Other services stamp with real time.
"""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import moto.iam.models
import moto.sts.models


class Clock:
    """Real time, shifted."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """The emulated time, aware, in UTC."""
        return datetime.now(UTC) + self.offset

    def utcnow(self) -> datetime:
        """The emulated time as moto keeps times: naive, in UTC."""
        return self.now().replace(tzinfo=None)


# moto's functions take no context, so there is one clock in a process.
CLOCK: t.Final = Clock()


def install() -> None:
    """Let IAM and STS stamp with the emulator's clock."""
    for module in (moto.iam.models, moto.sts.models):
        module.utcnow = CLOCK.utcnow
