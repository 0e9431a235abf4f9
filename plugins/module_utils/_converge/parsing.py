# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""JSON from a place where others may write."""

from __future__ import annotations

import json
import math
import typing as t

# Nothing that this collection keeps comes near this: policies of AWS nest a few levels, and so do records of them.
_MOST_LEVELS: t.Final = 100
_CONTAINERS: t.Final = (dict, list)


def parse(content: t.Union[bytes, str]) -> t.Any:
    """Parse a JSON text.

    :raises ValueError: it is not JSON, has a number that is none, or is nested so deeply that a walk through it would
        exhaust the stack.
    """
    try:
        document = json.loads(content, parse_constant=_parse_number, parse_float=_parse_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # Written for speed: a report has tens of thousands of values, and most are no containers.
    level: list[t.Any] = [document] if isinstance(document, _CONTAINERS) else []
    for _level in range(_MOST_LEVELS + 1):
        if not level:
            return document
        members = [node.values() if isinstance(node, dict) else node for node in level]
        level = [child for children in members for child in children if isinstance(child, _CONTAINERS)]
    raise ValueError("it is nested too deeply")


def _parse_number(text: str) -> float:
    """Parse a number. Python also takes NaN and Infinity, and makes infinity of 1e999: a sum of them is none."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number")
    return number
