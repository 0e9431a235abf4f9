# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policy variables: ``${aws:username}``, with a default, and the escapes of the wildcards.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from .context import ABSENT, UNKNOWN_KEY, Context, Missing

# The language that has variables; in the earlier one, ``${aws:username}`` is mere text
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html).
VERSION: t.Final = "2012-10-17"

_VARIABLE: t.Final = re.compile(r"\$\{([*?$]|[^,{}']+)(?:,\s*'([^']*)'\s*)?\}")


class Text(t.NamedTuple):
    """A piece of text; in a ``literal`` one, ``*`` and ``?`` are only themselves."""

    text: str
    literal: bool = False


@dataclasses.dataclass(frozen=True)
class Variable:
    """A place where the value of the context key ``name`` goes, or ``default`` where the request has none."""

    name: str
    default: t.Optional[str] = None
    key: str = dataclasses.field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.name.lower())


Filled = tuple[Text, ...]
Template = tuple[t.Union[Text, Variable], ...]


def text_of(filled: Filled) -> str:
    """The pieces as one text."""
    return "".join(piece.text for piece in filled)


def has_variables(text: str, *, version: str) -> bool:
    """Whether a document of ``version`` has something replaced in ``text`` (an escaped wildcard counts)."""
    return "${" in text and version == VERSION and _VARIABLE.search(text) is not None


@functools.lru_cache(maxsize=16384)
def template(text: str, *, version: str, resource: bool = False) -> Template:
    """Split a text of a document at its variables.

    AWS replaces variables in a ``resource`` only in the part after the fifth colon; before, they stay what they are,
    which matches no ARN.
    """
    if "${" not in text or version != VERSION:
        return (Text(text),)
    pieces: list[t.Union[Text, Variable]] = []
    start, colons = 0, 0 if resource and text.startswith("arn:") else 5
    for found in _VARIABLE.finditer(text):
        pieces.append(Text(text[start : found.start()]))
        colons += text.count(":", start, found.start())
        pieces.append(_piece(found) if colons >= 5 else Text(found[0], literal=True))
        start = found.end()
    return (*pieces, Text(text[start:]))


def _piece(found: re.Match[str]) -> t.Union[Text, Variable]:
    name = found[1].strip()
    if name in ("*", "?", "$"):
        return Text(name, literal=True)
    return Variable(name, found[2])


def fill(pieces: Template, context: Context, missing: set[str]) -> t.Union[Filled, Missing]:
    """Put the values of the request in the places of the variables.

    ABSENT where a variable has no value, for then nothing is equal to or like the whole; UNKNOWN where that depends on
    keys that were not given, which are then added to ``missing``.
    """
    filled: list[Text] = []
    unknown: set[str] = set()
    for piece in pieces:
        if isinstance(piece, Text):
            filled.append(piece)
            continue
        values = context.lookup(piece.key)
        if values is UNKNOWN_KEY:
            unknown.add(piece.name)
        # "You can use any available single-valued context key as a policy variable, but you cannot use a multivalued
        # context key" (reference_policies_condition-single-vs-multi-valued-context-keys.html).
        elif not isinstance(values, Missing) and len(values) == 1:
            filled.append(Text(values[0], literal=True))
        elif piece.default is not None:
            filled.append(Text(piece.default, literal=True))
        else:
            return ABSENT
    if unknown:
        missing |= unknown
        return UNKNOWN_KEY
    return tuple(filled)


def possible(pieces: Template, context: Context) -> Filled:
    """The pattern of everything that ``fill`` could make of the pieces if the keys it lacks were known."""
    return tuple(_possible(piece, context) for piece in pieces)


def _possible(piece: t.Union[Text, Variable], context: Context) -> Text:
    filled = fill((piece,), context, set())
    return Text("*") if isinstance(filled, Missing) else filled[0]


def generalize(text: str, *, version: str) -> str:
    """Replace every variable by ``*``, so that the text covers every request when patterns are compared."""
    if "${" not in text or version != VERSION:
        return text
    return _VARIABLE.sub("*", text)
