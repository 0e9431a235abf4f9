# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Statements in documents that fit the limits of IAM. Nothing is ever left out to make them fit."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import re
import typing as t
from collections.abc import Mapping, Sequence

from ..documents.canonical import document
from ..documents.limits import LIMITS, size
from ..documents.policy import Kind, Policy, Statement
from ..evaluation.variables import VERSION
from ..validation.rules import Issue, Severity
from ..validation.validate import validate
from .principal import Principal, PrincipalKind
from .settings import Settings
from .shape import Shaped, describe_level, identify

PATH: t.Final = "/iam-hardening/lp/"
_STEMS: t.Final = {
    PrincipalKind.ROLE: "lp-",
    PrincipalKind.USER: "lp_user-",
    PrincipalKind.GROUP: "lp_group-",
    PrincipalKind.PERMISSION_SET: "lp_set-",
}
# A name of a policy has 128 characters at most, and a number follows. That of a group may have as many.
_LONGEST_STEM: t.Final = 118
_EMPTY: t.Final = size(Policy((), VERSION), Kind.MANAGED)
_NAME: t.Final = re.compile(r"[^\w+=,.@-]", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Document:
    """One generated document. ``issues`` are the errors of validation; only an old statement can have them."""

    name: str
    kind: Kind
    policy: Policy
    size: int
    limit: int
    issues: tuple[Issue, ...] = ()

    @property
    def document(self) -> dict[str, t.Any]:
        """The document as the structure that JSON is made of."""
        return document(self.policy)


@dataclasses.dataclass(frozen=True)
class Misfit:
    """The sizes of statements that do not fit: by service, all together, and the room that there is."""

    sizes: Mapping[str, int]
    needed: int
    available: int


class _Full(Exception):
    """There is no room left."""


@dataclasses.dataclass
class _Bin:
    kind: Kind
    capacity: int
    statements: list[Statement] = dataclasses.field(default_factory=list)
    used: int = _EMPTY

    def fits(self, needed: int) -> bool:
        return self.used + needed <= self.capacity

    def add(self, statements: Sequence[Statement]) -> None:
        self.statements.extend(statements)
        self.used += sum(map(_size_of, statements))


def _size_of(statement: Statement) -> int:
    # One more for the comma.
    return size(Policy((statement,), VERSION), Kind.MANAGED) - _EMPTY + 1


class _Room:
    """The policies that a principal can have: so many managed ones, and inline ones that share one limit."""

    def __init__(self, principal: Principal) -> None:
        self._managed_left = principal.managed_quota
        self._inline: t.Final = principal.inline_kind
        self._inline_left = LIMITS[principal.inline_kind]
        self._inline_first: t.Final = principal.kind is PrincipalKind.PERMISSION_SET
        self.total: t.Final = self._managed_left * LIMITS[Kind.MANAGED] + self._inline_left

    def open(self, needed: int, percent: int, *, managed_only: bool = False) -> _Bin:
        """Open a new policy with room for ``needed`` characters, of which ``percent`` of the limit may be used."""
        ways = [self._open_managed, *([] if managed_only else [self._open_inline])]
        for way in ways[::-1] if self._inline_first else ways:
            found = way(percent)
            if found is not None and found.fits(needed):
                self._take(found)
                return found
        raise _Full

    def _open_managed(self, percent: int) -> t.Optional[_Bin]:
        return _Bin(Kind.MANAGED, LIMITS[Kind.MANAGED] * percent // 100) if self._managed_left else None

    def _open_inline(self, percent: int) -> t.Optional[_Bin]:
        return _Bin(self._inline, self._inline_left * percent // 100) if self._inline_left else None

    def _take(self, found: _Bin) -> None:
        if found.kind is Kind.MANAGED:
            self._managed_left -= 1
        else:
            # One inline policy takes all that is left, so that several cannot exceed their common limit.
            self._inline_left = 0

    @property
    def prefers_managed(self) -> bool:
        """Whether an inline policy is for what is left over, so that a service is rather split over managed ones."""
        return not self._inline_first

    @property
    def largest(self) -> int:
        """The most that one statement may take in a managed policy."""
        return LIMITS[Kind.MANAGED]


def pack(
    shaped: Sequence[Shaped], denials: Sequence[tuple[str, Statement]], principal: Principal, settings: Settings
) -> t.Union[tuple[Document, ...], Misfit]:
    """Pack statements: those that deny verbatim and apart, those that allow so that a service stays together."""
    room = _Room(principal)
    try:
        denying = _pack_denials(denials, room)
        allowing = _pack_allowing(shaped, room, 100 - settings.free_percent)
    except _Full:
        return _describe_misfit(shaped, denials, room)
    names = [(version, found, "deny") for version, found in denying] + [(VERSION, found, "") for found in allowing]
    numbers = {"": itertools.count(1), "deny": itertools.count(1)}
    stem = name_policies(principal)
    return tuple(
        _finish(f"{stem}-{word}{next(numbers[word])}", found, version, principal) for version, found, word in names
    )


def name_policies(principal: Principal) -> str:
    """The start of the names of a principal's policies, which no other principal of the account has.

    A user and a role may have the same name, and managed policies of one account may not. No name of a role can make
    it begin as that of another kind.
    """
    return name_policies_of(principal.name, principal.kind)


def name_policies_of(name: str, kind: PrincipalKind = PrincipalKind.ROLE) -> str:
    """The start of the names of policies, by the name of the principal."""
    stem = f"{_STEMS[kind]}{_NAME.sub('-', name)}"
    if len(stem) <= _LONGEST_STEM:
        return stem
    return f"{stem[: _LONGEST_STEM - 9]}-{hashlib.sha256(stem.encode()).hexdigest()[:8]}"


def _finish(name: str, found: _Bin, version: str, principal: Principal) -> Document:
    numbered = tuple(dataclasses.replace(item, index=index) for index, item in enumerate(found.statements))
    policy = Policy(numbered, version, name=name)
    issues = validate(document(policy), kind=found.kind, partition=principal.partition)
    errors = tuple(item for item in issues if item.severity is Severity.ERROR)
    return Document(name, found.kind, policy, size(policy, found.kind), LIMITS[found.kind], errors)


def _pack_denials(denials: Sequence[tuple[str, Statement]], room: _Room) -> list[tuple[str, _Bin]]:
    """Pack old denials. They are never changed, but for an id that another one in the document has already."""
    bins: list[tuple[str, _Bin]] = []
    for version, statement in denials:
        needed = _size_of(statement)
        found = next((item for of, item in bins if of == version and item.fits(needed)), None)
        if found is None:
            found = room.open(needed, 100)
            bins.append((version, found))
        taken = {item.sid for item in found.statements}
        found.add([dataclasses.replace(statement, sid=None) if statement.sid in taken else statement])
    return bins


def _pack_allowing(shaped: Sequence[Shaped], room: _Room, percent: int) -> list[_Bin]:
    largest = room.largest * percent // 100 - _EMPTY
    groups: dict[str, list[Statement]] = {}
    for item in shaped:
        groups.setdefault(item.service, []).extend(_split(item.statement, item.service, largest))
    bins: list[_Bin] = []
    for _service, statements in sorted(groups.items(), key=lambda pair: (-sum(map(_size_of, pair[1])), pair[0])):
        if not _place(statements, bins, room, percent, managed_only=room.prefers_managed):
            for statement in sorted(statements, key=lambda item: (-_size_of(item), item.sid or "")):
                if not _place([statement], bins, room, percent):
                    raise _Full
    return bins


def _place(
    statements: Sequence[Statement], bins: list[_Bin], room: _Room, percent: int, *, managed_only: bool = False
) -> bool:
    needed = sum(map(_size_of, statements))
    found = next((item for item in bins if item.fits(needed)), None)
    if found is None:
        try:
            found = room.open(needed, percent, managed_only=managed_only)
        except _Full:
            return False
        bins.append(found)
    found.add(statements)
    return True


def _split(statement: Statement, service: str, largest: int) -> list[Statement]:
    """Split a statement that is too large for a policy, by its resources, or else by its actions."""
    if _size_of(statement) <= largest:
        return [statement]
    resources, actions = statement.resources or (), statement.actions or ()
    is_by_resource = len(resources) > 1
    items = resources if is_by_resource else actions
    if len(items) < 2:
        raise _Full
    word, half = describe_level(actions), len(items) // 2
    parts = (
        dataclasses.replace(statement, resources=part)
        if is_by_resource
        else dataclasses.replace(statement, actions=part)
        for part in (items[:half], items[half:])
    )
    return [item for part in parts for item in _split(identify(part, service, word), service, largest)]


def _describe_misfit(shaped: Sequence[Shaped], denials: Sequence[tuple[str, Statement]], room: _Room) -> Misfit:
    sizes: dict[str, int] = {}
    for item in shaped:
        sizes[item.service] = sizes.get(item.service, 0) + _size_of(item.statement)
    if denials:
        sizes["old denials"] = sum(_size_of(statement) for _version, statement in denials)
    return Misfit(dict(sorted(sizes.items())), sum(sizes.values()), room.total)


def write_template(content: t.Any, account: str) -> t.Any:
    """A document with a placeholder for the account id, to be rendered for other accounts.

    The id is replaced wherever it is, also in names of buckets, but not within a longer number. All else is text:
    others choose the names of resources, and an expression in one of them would be evaluated.
    """
    if isinstance(content, dict):
        return {_write_text(key, ""): write_template(value, account) for key, value in content.items()}
    if isinstance(content, list):
        return [write_template(value, account) for value in content]
    return _write_text(content, account) if isinstance(content, str) else content


def _write_text(text: str, account: str) -> str:
    """Write a text for Jinja, which begins expressions, statements and comments with a brace.

    A brace before the account id would become a part of the expression that takes its place.
    """
    if not account:
        return re.sub(r"\{(?=[{%#])", "{{ '{' }}", text)
    own = rf"(?<![0-9]){re.escape(account)}(?![0-9])"
    escaped = re.sub(rf"\{{(?=[{{%#]|{own})", "{{ '{' }}", text)
    return re.sub(own, "{{ aws_account_id }}", escaped)
