# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A policy document as data: what the parser makes and everything else in this room works on.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class Kind(enum.StrEnum):
    """The kind of a document by its attachment: it decides which elements it may have and how AWS measures it."""

    MANAGED = "managed"
    INLINE_USER = "inline_user"
    INLINE_GROUP = "inline_group"
    INLINE_ROLE = "inline_role"
    BOUNDARY = "boundary"
    SESSION = "session"
    TRUST = "trust"
    RESOURCE = "resource"
    SCP = "scp"
    RCP = "rcp"


@dataclasses.dataclass(frozen=True)
class Position:
    """A place in the text of a document; both count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclasses.dataclass(frozen=True)
class Problem:
    """A problem at one place of a document. ``path`` is such as ``Statement[2].Action[0]``, empty for the whole."""

    message: str
    path: str = ""
    position: t.Optional[Position] = None

    def __str__(self) -> str:
        place = " at ".join(filter(None, (self.path, str(self.position or ""))))
        return f"{place}: {self.message}" if place else self.message


class PolicyError(ValueError):
    """A document that IAM would refuse. The text names the first place and what is wrong there."""

    def __init__(self, problems: tuple[Problem, ...], name: str = "") -> None:
        first, *more = problems
        others = f" (and {len(more)} more)" if more else ""
        super().__init__(f"{name + ': ' if name else ''}{first}{others}")
        self.problems = problems


@dataclasses.dataclass(frozen=True)
class Condition:
    """One key of one operator in a statement's condition block.

    ``operator`` is the bare operator as AWS spells it (``StringNotEquals``), without quantifier and ``IfExists``;
    ``key`` is as written, and compared without regard to case.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    if_exists: bool = False
    quantifier: t.Optional[t.Literal["ForAllValues", "ForAnyValue"]] = None


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement with every element as a tuple; an element that is not there is None, which is not the empty tuple.

    ``principals`` are (type, value) pairs; a bare ``"*"`` is ``("*", "*")``, as which AWS documents it to mean
    everyone, in distinction from ``{"AWS": "*"}``, which is ``("AWS", "*")``.
    """

    index: int
    allow: bool
    sid: t.Optional[str] = None
    actions: t.Optional[tuple[str, ...]] = None
    not_actions: t.Optional[tuple[str, ...]] = None
    resources: t.Optional[tuple[str, ...]] = None
    not_resources: t.Optional[tuple[str, ...]] = None
    principals: t.Optional[tuple[tuple[str, str], ...]] = None
    not_principals: t.Optional[tuple[tuple[str, str], ...]] = None
    conditions: tuple[Condition, ...] = ()

    @property
    def label(self) -> str:
        """The statement id, or the place in the document, counted from 1."""
        return self.sid or f"statement {self.index + 1}"


@dataclasses.dataclass(frozen=True)
class Policy:
    """A parsed document. Without ``Version`` a document has the language of 2008, which knows no policy variables."""

    statements: tuple[Statement, ...]
    version: str = "2008-10-17"
    id: t.Optional[str] = None
    name: str = ""
