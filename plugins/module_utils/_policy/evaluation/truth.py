# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Answers of three values: yes, no, and "the request as given does not say"."""

from __future__ import annotations

import enum
import typing as t


class Truth(enum.Enum):
    """Whether something holds. Compare with ``is``: used as a plain condition, UNKNOWN would pass for yes or no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError(f"{self} is neither true nor false: compare it with `is`")

    @property
    def negated(self) -> Truth:
        """The opposite; what is not known stays unknown."""
        if self is UNKNOWN:
            return UNKNOWN
        return NO if self is YES else YES


YES: t.Final = Truth.YES
NO: t.Final = Truth.NO
UNKNOWN: t.Final = Truth.UNKNOWN


def truth(value: bool) -> Truth:
    """A plain answer as one of three values."""
    return YES if value else NO
