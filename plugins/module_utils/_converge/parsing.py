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
_GZIP: t.Final = b"\x1f\x8b"


def decode_text(content: bytes, *, most: int) -> str:
    """Decode the text of a file that people exported, and that may be another one than they meant.

    :raises ValueError: it has more than ``most`` bytes, is empty, compressed, a page of HTML or not UTF-8.
    """
    if len(content) > most:
        raise ValueError(f"it has more than {most // 1024 // 1024} MiB")
    if content.startswith(_GZIP):
        raise ValueError("it is gzip-compressed; decompress it or name the raw file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if not text.strip():
        raise ValueError("it is empty")
    if text.lstrip().startswith("<"):
        raise ValueError("it is a page of HTML or XML, such as that of a login or an error")
    return text


def parse(content: t.Union[bytes, str], *, refuses_repeats: bool = False) -> t.Any:
    """Parse a JSON text. With ``refuses_repeats`` each name of an object stands once.

    :raises ValueError: it is not JSON, has a number that is none or a name twice, or is nested so deeply that a walk
        through it would exhaust the stack.
    """
    hook = _refuse_repeats if refuses_repeats else None
    try:
        document = json.loads(content, parse_constant=_parse_number, parse_float=_parse_number, object_pairs_hook=hook)
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


def _refuse_repeats(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    """Make an object of its names and values. Of a name that stands twice, two readers might take different values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _parse_number(text: str) -> float:
    """Parse a number. Python also takes NaN and Infinity, and makes infinity of 1e999: a sum of them is none."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number")
    return number
