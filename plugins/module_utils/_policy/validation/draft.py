# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A document under validation: what it says, and where in its text it says it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ..documents.policy import Condition, Kind, Policy, Statement
from ..documents.syntax import Path
from ..evaluation import catalogue
from ..evaluation.catalogue import Action
from ..evaluation.variables import generalize


class DraftIssue(t.NamedTuple):
    """A rule, the place where it is broken, and how."""

    code: str
    path: Path
    message: str


@dataclasses.dataclass(frozen=True)
class PlacedText:
    """A text of the document and its place."""

    text: str
    path: Path


@dataclasses.dataclass(frozen=True, eq=False)
class Draft:
    """A document that parsed. ``value`` is the structure it was parsed from, ``partition`` where it is to be used."""

    policy: Policy
    value: Mapping[str, t.Any]
    kind: Kind
    partition: t.Optional[str] = None

    @property
    def grants(self) -> bool:
        """Whether an Allow gives permissions: in boundaries, session policies and SCPs it only leaves them."""
        return self.kind not in (Kind.BOUNDARY, Kind.SESSION, Kind.SCP, Kind.RCP)

    def path(self, statement: Statement, *parts: t.Union[str, int]) -> Path:
        """The way to an element of a statement, or to the statement itself."""
        index: Path = () if isinstance(self.value["Statement"], Mapping) else (statement.index,)
        return ("Statement", *index, *parts)

    def raw(self, statement: Statement) -> Mapping[str, t.Any]:
        """The statement as the document has it."""
        statements = self.value["Statement"]
        found: Mapping[str, t.Any] = statements if isinstance(statements, Mapping) else statements[statement.index]
        return found

    def texts(self, statement: Statement, element: str) -> tuple[PlacedText, ...]:
        """The members of an element that is one text or a list of them, such as ``Action``; none if it is not there."""
        return _members(self.raw(statement).get(element, ()), self.path(statement, element))

    def actions(self, statement: Statement) -> tuple[PlacedText, ...]:
        """Return the values of ``Action`` or, without one, of ``NotAction``."""
        return self.texts(statement, "Action" if statement.actions is not None else "NotAction")

    def resources(self, statement: Statement) -> tuple[PlacedText, ...]:
        """Return the values of ``Resource`` or, without one, of ``NotResource``."""
        return self.texts(statement, "Resource" if statement.resources is not None else "NotResource")

    def principals(self, statement: Statement) -> Iterator[tuple[str, PlacedText]]:
        """The principals of ``Principal`` or ``NotPrincipal``, with their type; the type of a bare ``*`` is ``*``."""
        element = "Principal" if statement.principals is not None else "NotPrincipal"
        block = self.raw(statement).get(element, {})
        path = self.path(statement, element)
        if isinstance(block, str):
            yield "*", PlacedText(block, path)
            return
        for kind, given in block.items():
            for placed in _members(given, (*path, kind)):
                yield kind, placed

    def conditions(self, statement: Statement) -> Iterator[tuple[Condition, Path]]:
        """The conditions, each with the place of its key."""
        block = self.raw(statement).get("Condition", {})
        paths = (self.path(statement, "Condition", operator, key) for operator, keys in block.items() for key in keys)
        return zip(statement.conditions, paths, strict=True)

    def values(self, condition: Condition, path: Path) -> tuple[PlacedText, ...]:
        """The values of a condition whose key stands at ``path``."""
        given: t.Any = self.value
        for part in path:
            given = given[part]
        listed = isinstance(given, (list, tuple))
        return tuple(
            PlacedText(value, (*path, index) if listed else path) for index, value in enumerate(condition.values)
        )

    def pattern(self, text: str) -> str:
        """A text with every policy variable as ``*``, for comparing it with others."""
        return generalize(text, version=self.policy.version)

    @functools.cached_property
    def expanded(self) -> Mapping[int, tuple[Action, ...]]:
        """The existing actions that each statement lists, by its index; nothing for ``NotAction`` and a bare ``*``."""
        return {
            statement.index: tuple(
                dict.fromkeys(
                    action
                    for pattern in statement.actions or ()
                    if not is_everything(pattern)
                    for action in catalogue.expand(pattern)
                )
            )
            for statement in self.policy.statements
        }


Check = Callable[[Draft], Iterator[DraftIssue]]


def _members(given: t.Any, path: Path) -> tuple[PlacedText, ...]:
    if isinstance(given, str):
        return (PlacedText(given, path),)
    return tuple(PlacedText(item, (*path, index)) for index, item in enumerate(given))


def is_everything(pattern: str) -> bool:
    """Whether a pattern is about all actions or all resources, as ``*`` and ``*:*`` are."""
    return bool(pattern) and set(pattern) <= {"*", ":"}


def is_wild(pattern: str) -> bool:
    """Whether a pattern has a wildcard."""
    return "*" in pattern or "?" in pattern


def join_names(names: t.Sequence[str], *, most: int = 5) -> str:
    """Join names for a sentence; of many names, only the first few."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
