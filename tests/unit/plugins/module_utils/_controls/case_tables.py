# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases written as tables."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot

from .cases.case import Case


def cases(
    control: str,
    source: str,
    *,
    thresholds: t.Optional[Mapping[str, t.Any]] = None,
    **verdicts: Mapping[str, Callable[[], Snapshot]],
) -> tuple[Case, ...]:
    """Cases of one control and one source: by verdict, the accounts by their names."""
    return tuple(
        Case(control, expected, name, source, build, thresholds or {})
        for expected, found in verdicts.items()
        for name, build in found.items()
    )
