# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is kept of a principal before anything of it is changed. No answer of AWS that is read here has a secret."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from ..._account.moments import format_utc
from ..._report.plain import printable
from .locate import Seed
from .states import RootState, UserState


def describe(
    seeds: Iterable[Seed], users: Iterable[UserState], roots: Iterable[RootState], *, name_of_pass: str, at: datetime
) -> dict[str, t.Any]:
    """The evidence of one pass. Names and values that an intruder may have chosen are on one line each."""
    document = {
        "pass": name_of_pass,
        "at": format_utc(at),
        "seeds": [seed.as_dict() for seed in seeds],
        "users": [dataclasses.asdict(user) for user in users],
        "roots": [dataclasses.asdict(root) for root in roots],
    }
    return t.cast(dict[str, t.Any], _redact(document))


def _redact(value: t.Any) -> t.Any:
    """A structure in which every text is harmless for a terminal."""
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, Mapping):
        return {printable(key): _redact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redact(item) for item in value]
    return printable(value) if isinstance(value, str) else value
