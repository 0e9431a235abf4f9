# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Problems in words: a control says what must hold, a finding has to say what does not."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .settings import Settings

_DEFAULTS: t.Final = dataclasses.asdict(Settings())


@dataclasses.dataclass(frozen=True)
class Problem:
    """The words of one failing finding of a control, and those of several after their number.

    ``{names}`` in braces are thresholds of the assessment. A control that speaks of the account as a whole never has
    several.
    """

    one: str
    many: str = ""

    def text(self, count: int, thresholds: Mapping[str, t.Any]) -> str:
        """The words of ``count`` failing findings."""
        values = {**_DEFAULTS, **thresholds}
        if self.many and count > 1:
            return f"{count} {self.many}".format_map(values)
        said = self.one.format_map(values)
        return said if count == 1 else f"{said} ({count} times)"
