# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""HTML by construction: whatever is not made here is text, and is escaped."""

from __future__ import annotations

import functools
import html
import re
import typing as t
from collections.abc import Iterable

from ...module_utils._report.plain import UNSEEN, visible

# Written where a browser would not show them: an escape character or a mark that turns the direction of writing
# around belongs to no name, and hides what a name is.
_VOID = frozenset({"br", "hr", "input", "link", "meta", "wbr"})

# What most texts have none of: then there is nothing to escape.
_SPECIAL = re.compile(f"[&<>\"'{UNSEEN}]")


class Markup(str):
    """HTML that is safe to stand in a page as it is."""

    __slots__ = ()


Content = t.Union[Markup, str, int, float, None, Iterable[t.Any]]


def element(tag: str, /, *content: Content, **attributes: t.Union[str, int, bool, None]) -> Markup:
    """An element. Content is escaped unless it is :class:`Markup`; iterables are flattened, None is left out.

    Attribute names lose a trailing ``_`` (``class_``) and have ``-`` for ``_`` (``aria_label``); an attribute that is
    True stands without a value, one that is False or None does not stand.
    """
    opening = _opening(tag, tuple(attributes), *attributes.values())
    if tag in _VOID:
        return Markup(opening)
    pieces = [opening]
    _add(pieces, content)
    pieces.append(f"</{tag}>")
    return Markup("".join(pieces))


# Typed, since 0 is a value and False is none.
@functools.lru_cache(maxsize=1024, typed=True)
def _opening(tag: str, keys: tuple[str, ...], *values: t.Union[str, int, bool, None]) -> str:
    """The opening tag; those without an id come again and again."""
    return f"<{tag}{''.join(map(_attribute, keys, values))}>"


def join(*content: Content) -> Markup:
    """Pieces of content after another, as :func:`element` takes them."""
    pieces: list[str] = []
    _add(pieces, content)
    return Markup("".join(pieces))


def escape(text: object) -> Markup:
    """``text`` for an element or a quoted attribute, with characters that can't be seen made visible."""
    plain = str(text)
    return Markup(html.escape(visible(plain)) if _SPECIAL.search(plain) else plain)


def _add(pieces: list[str], content: Iterable[t.Any]) -> None:
    for piece in content:
        if isinstance(piece, Markup):
            pieces.append(piece)
        elif isinstance(piece, str):
            pieces.append(escape(piece))
        elif isinstance(piece, (int, float)):
            pieces.append(str(piece))
        elif piece is not None:
            _add(pieces, piece)


def _attribute(key: str, value: t.Union[str, int, bool, None]) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value)}"'
