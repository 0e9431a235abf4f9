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


def parse(content: t.Union[bytes, str]) -> t.Any:
    """Parse a JSON text.

    :raises ValueError: it is not JSON, has a number that is none, or is nested so deeply that a walk through it would
        exhaust the stack.
    """
    try:
        document = json.loads(content, parse_constant=_parse_number, parse_float=_parse_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [document]
    for _number in range(_MOST_LEVELS):
        level = [child for node in level for child in _children(node)]
        if not level:
            return document
    raise ValueError("it is nested too deeply")


def _parse_number(text: str) -> float:
    """Parse a number. Python also takes NaN and Infinity, and makes infinity of 1e999: a sum of them is none."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number")
    return number


def _children(node: t.Any) -> list[t.Any]:
    """The members of a list or mapping that can have members of their own."""
    members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [member for member in members if isinstance(member, (dict, list))]
