# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the options of the module declare."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._converge.errors import InputError
from ..._converge.finding import Severity

SEVERITIES: t.Final = tuple(severity.value for severity in Severity)


@dataclasses.dataclass(frozen=True)
class Declared:
    """Which findings are exported, whether to a file and to Security Hub, and the region of those that have none."""

    severities: frozenset[str]
    ocsf: bool
    security_hub: bool
    global_region: t.Optional[str] = None

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """The declaration in the options of the module. Raises InputError: a severity does not exist."""
        unknown = [name for name in options["severities"] if name not in SEVERITIES]
        if unknown:
            raise InputError(f"severities: {', '.join(unknown)} is not allowed; allowed are {', '.join(SEVERITIES)}")
        return cls(
            severities=frozenset(options["severities"]),
            ocsf=bool(options["ocsf"]),
            security_hub=bool(options["security_hub"]),
            global_region=options.get("global_region") or None,
        )
