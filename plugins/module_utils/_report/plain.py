# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Plain text: wrapping to a width, and nothing in it that a terminal would obey."""

from __future__ import annotations

import json
import re
import textwrap
import typing as t
import unicodedata
from collections.abc import Callable, Mapping, Sequence

WIDTH = 100

#: For a class of a regular expression: control characters but for tab and line ends, and what has no width, turns the
#: direction of text, ends a line in some readers only, or is no character (https://www.unicode.org/reports/tr36/).
UNSEEN: t.Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN: t.Final = re.compile(f"[{UNSEEN}]")
_SEEN_ASCII: t.Final = bytes([*b"\t\n\r", *range(0x20, 0x7F)])

_ASCII = str.maketrans(
    {"…": "...", "–": "-", "—": "-", "→": "->", "≥": ">=", "≤": "<=", "×": "x"}
    # Typographic quotes, spelled by number: ansible-test takes them for accidents.
    | dict.fromkeys(map(chr, (0x201C, 0x201D)), '"')
    | dict.fromkeys(map(chr, (0x2018, 0x2019)), "'")
)


def printable(text: object, *, ascii_only: bool = False) -> str:
    """``text`` on one line, without control, format and direction characters, which could forge what a terminal shows.

    :arg ascii_only: replace what is not ASCII, for terminals and mail that garble it.
    """
    flat = " ".join(str(text).split())
    clean = flat if flat.isprintable() else "".join(map(_make_printable, flat))
    if not ascii_only:
        return clean
    return clean.translate(_ASCII).encode("ascii", "replace").decode()


def _make_printable(character: str) -> str:
    return character if unicodedata.category(character)[0] != "C" else "?"


def visible(text: str) -> str:
    """``text`` with what can't be seen made visible, for formats that other programs show to people."""
    # Most of a page is ASCII, which is left out of bytes in a third of the time that a search takes.
    rest = text.encode(errors="surrogatepass").translate(None, _SEEN_ASCII).decode(errors="surrogatepass")
    return _UNSEEN.sub("\ufffd", text) if _UNSEEN.search(rest) else text


def as_json(value: t.Any) -> str:
    """Evidence as people can read it: a text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str)


def wrap_text(text: str, *, first: str = "", rest: str = "", width: int = WIDTH) -> list[str]:
    """Wrap ``text`` at ``width`` columns, at spaces alone; lines begin with ``first`` and ``rest``.

    A word that is longer, such as an ARN, has a line of its own: in two halves nobody could search for it.
    """
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def join_names(names: Sequence[str], limit: int) -> str:
    """Join the first ``limit`` of ``names``, and say how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f", … and {more} more" if more > 0 else "")


def list_action_notes(row: Mapping[str, t.Any], join: Callable[[Sequence[str]], str] = ", ".join) -> tuple[str, ...]:
    """List the actions of a row of the preflight, each kind with its words. ``join`` makes a text of several."""
    kinds = (("", "missing_actions"), ("refused: ", "refused_actions"), ("not known: ", "unknown_actions"))
    return tuple(f"{words}{join(actions)}" for words, name in kinds if (actions := list(row.get(name) or ())))
