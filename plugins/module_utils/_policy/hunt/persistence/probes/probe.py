# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads that answer whether something is still there: one call each, and what its answer says.

A judgement is True, False, or None where the answer leaves it open. It never keeps an answer: that of a function has
the values of its environment.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping

from ..statements import has_statement, holds_statements

Key = tuple[str, ...]
Answer = Mapping[str, t.Any]
Judgement = t.Optional[bool]


def is_found(answer: Answer, key: Key) -> Judgement:
    """An answer means that it is there."""
    return True


@dataclasses.dataclass(frozen=True)
class Probe:
    """A read for one kind of question.

    ``parameters`` makes those of the call from the key. With ``items`` the call has pages of a list of this name.
    ``absent`` are the codes of errors that answer as well, namely with ``if_absent``.
    """

    kind: str
    service: str
    operation: str
    parameters: Callable[[Key], dict[str, t.Any]]
    judge: Callable[[Answer, Key], Judgement] = is_found
    absent: tuple[str, ...] = ()
    if_absent: bool = False
    items: str = ""

    @property
    def name(self) -> str:
        """The call, as modules declare it."""
        return f"{self.service}:{self.operation}"

    def is_absent(self, code: str) -> bool:
        """Whether an error's code says that there is no such object."""
        return _shorten(code) in {_shorten(one) for one in self.absent}


def _shorten(code: str) -> str:
    return code.removesuffix("Exception").removesuffix("Fault")


def name_parameters(*names: str) -> Callable[[Key], dict[str, t.Any]]:
    """Parameters that are the parts of the key, in order; those that are empty are left out."""

    def make(key: Key) -> dict[str, t.Any]:
        return {name: value for name, value in zip(names, key, strict=False) if value}

    return make


def give_parameters(**given: t.Any) -> Callable[[Key], dict[str, t.Any]]:
    return lambda key: dict(given)


def split_parts(text: str) -> list[str]:
    return text.split(",")


def equals(*path: str, values: tuple[t.Any, ...]) -> Callable[[Answer, Key], Judgement]:
    """Whether a member of the answer has one of some values."""

    def judge(answer: Answer, key: Key) -> Judgement:
        found = look_up(answer, path)
        return None if found is None else found in values

    return judge


def lists(items: str, member: str, part: int) -> Callable[[Answer, Key], Judgement]:
    """Whether a listed item has a part of the key as its member; one of several, separated by commas."""

    def judge(answer: Answer, key: Key) -> Judgement:
        wanted = set(split_parts(key[part]))
        return any(str(item.get(member)) in wanted for item in answer.get(items) or ())

    return judge


def negates(judge: Callable[[Answer, Key], Judgement]) -> Callable[[Answer, Key], Judgement]:
    def negate(answer: Answer, key: Key) -> Judgement:
        found = judge(answer, key)
        return None if found is None else not found

    return negate


def lists_any(items: str) -> Callable[[Answer, Key], Judgement]:
    return lambda answer, key: bool(answer.get(items))


def look_up(answer: t.Any, path: tuple[str, ...]) -> t.Any:
    for name in path:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return answer


def holds_document(*path: str) -> Callable[[Answer, Key], Judgement]:
    """Whether the document of today still allows what that of the event did, the last part of the key."""

    def judge(answer: Answer, key: Key) -> Judgement:
        today = look_up(answer, path)
        return holds_statements(today, key[-1]) if today else False

    return judge


def holds_statement(*path: str) -> Callable[[Answer, Key], Judgement]:
    """Whether the document of today has a statement with the id that is the second part of the key."""
    return lambda answer, key: has_statement(look_up(answer, path), key[1])
