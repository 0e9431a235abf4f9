# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Which variables of a run have a misspelt or a removed name, and which name to use. Names only; values are not read.

Nothing fails in Ansible when a variable is misspelt: the default applies, and ``password_polcy_mode: enforce`` enforces
nothing. So a name that nothing reads is an error here, unless it may be a variable of somebody else.
A variable that earlier versions read and this one does not is an error too, with the name of its successor.
"""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import functools
import typing as t
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ansible import constants
from ansible.module_utils.common.yaml import yaml_load
from ansible.vars.reserved import get_reserved_names

_FOLDER: t.Final = Path(__file__).parents[2] / "playbooks" / "vars"
_LISTS: t.Final = _FOLDER / "known_variables.yml"
_REMOVED: t.Final = _FOLDER / "removed_variables.yml"
_AWS: t.Final = "aws_"
_ANSIBLE: t.Final = "ansible_"
# Options of modules of amazon.aws and variables of many playbooks. They are no misspelt variables of ours.
_USUAL: t.Final = frozenset(
    {
        "aws_access_key",
        "aws_access_key_id",
        "aws_account",
        "aws_ca_bundle",
        "aws_config",
        "aws_default_region",
        "aws_endpoint_url",
        "aws_profile",
        "aws_region",
        "aws_secret_access_key",
        "aws_secret_key",
        "aws_security_token",
        "aws_session_token",
    }
)
_MOST_LETTERS: t.Final = 2
# Below these lengths, two letters or one of difference make another word.
_LONG: t.Final = 8
_SHORT: t.Final = 4
_SIMILAR: t.Final = 0.7
_PAIRS_OF_A_SWAP: t.Final = 3
_MOST_NAMES_SHOWN: t.Final = 5


@dataclasses.dataclass(frozen=True, order=True)
class MisspeltName:
    """A name that nothing reads, and the known one that is most like it."""

    name: str
    nearest: str

    def __str__(self) -> str:
        return f"{self.name} (the nearest is {self.nearest})"


@dataclasses.dataclass(frozen=True, order=True)
class RemovedName:
    """A name that earlier versions read, and the variables that replace it."""

    name: str
    successors: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} (set {' or '.join(self.successors)})"


@dataclasses.dataclass(frozen=True)
class KnownVariables:
    """The variables of this collection, and the prefixes that set them apart from those of others.

    ``removed`` maps the names that nothing reads any more to their successors.
    """

    own_prefixes: tuple[str, ...]
    shared_prefixes: tuple[str, ...]
    names: frozenset[str]
    removed: Mapping[str, tuple[str, ...]]

    @functools.cached_property
    def ours_of_aws(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.names if name.startswith(_AWS)))

    @functools.cached_property
    def endings(self) -> Mapping[str, frozenset[str]]:
        """The endings of variables by prefix, removed ones among them."""
        names = {*self.names, *self.removed}
        return {
            prefix: frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))
            for prefix in (*self.own_prefixes, *self.shared_prefixes)
        }

    def has(self, name: str) -> bool:
        """Whether the name is a variable, or was one."""
        return name in self.names or name in self.removed

    def current(self, name: str) -> str:
        """The name itself, or what to set in its place if it was removed."""
        return " or ".join(self.removed.get(name, (name,)))


@functools.cache
def load_variables() -> KnownVariables:
    """Load ``known_variables.yml`` and ``removed_variables.yml``, once in each process."""
    lists = yaml_load(_LISTS.read_text(encoding="utf-8"))
    removed = yaml_load(_REMOVED.read_text(encoding="utf-8"))["removed_variables"]
    return KnownVariables(
        own_prefixes=tuple(f"{prefix}_" for prefix in lists["own_prefixes"]),
        shared_prefixes=tuple(f"{prefix}_" for prefix in lists["shared_prefixes"]),
        names=frozenset(lists["variables"]),
        removed={name: tuple(group["successors"]) for group in removed for name in group["names"]},
    )


def prepare_variables() -> None:
    """Do once, for this process and those forked from it, what every search for misspelt names needs."""
    # All hosts have these names. Judging them reads the lists, and finds the endings of all prefixes.
    find_misspelt(dict.fromkeys([*get_reserved_names(), *constants.INTERNAL_STATIC_VARS]))


def find_misspelt(variables: Mapping[str, t.Any], *, ignore: Iterable[str] = ()) -> list[MisspeltName]:
    """The names among those of ``variables`` that are misspelt variables of this collection, in alphabetical order.

    ``ignore`` has names and globs that are somebody else's. A value is looked at only to see whether it is empty.
    """
    known = load_variables()
    patterns = tuple(ignore)
    unknown = [name for name in variables if isinstance(name, str) and not known.has(name)]
    found = [_judge(name, variables) for name in unknown]
    return sorted(item for item in found if item and not _is_ignored(item.name, patterns))


def find_removed(variables: Iterable[str], *, ignore: Collection[str] = ()) -> list[RemovedName]:
    """The names among ``variables`` that were removed from this collection, in alphabetical order.

    Only a whole name in ``ignore`` allows one. A glob such as ``report_*`` was written for names that nothing read, and
    would hide that a value has no effect any more.
    """
    removed = load_variables().removed
    return sorted(RemovedName(name, removed[name]) for name in variables if name in removed and name not in ignore)


def find_doubtful(variables: Mapping[str, t.Any], *, ignore: Iterable[str] = ()) -> list[MisspeltName]:
    """The ``aws_*`` names that are almost ours and no error: usual ones while ours is not set, others while it is."""
    patterns = tuple(ignore)
    names = [name for name in variables if isinstance(name, str) and name.startswith(_AWS)]
    near = [MisspeltName(name, ours) for name in names if (ours := _find_near_ours(name))]
    return sorted(
        item
        for item in near
        if (item.name in _USUAL) != _is_set(variables, item.nearest) and not _is_ignored(item.name, patterns)
    )


def describe_misspelt(found: Collection[MisspeltName]) -> str:
    """The error for these names: which they are, what was probably meant, and what to do."""
    shown = ", ".join(str(item) for item in list(found)[:_MOST_NAMES_SHOWN])
    more = f" and {len(found) - _MOST_NAMES_SHOWN} more" if len(found) > _MOST_NAMES_SHOWN else ""
    noun = "Unknown variable" if len(found) == 1 else "Unknown variables"
    return (
        f"{noun} of hardening.iam: {shown}{more}.\n"
        "Correct the name where it is set. If it belongs to something else, list it in hardening_ignore_variables."
    )


def describe_removed(found: Collection[RemovedName]) -> str:
    """The error for these names: which they are, what replaces them, and what to do."""
    shown = ", ".join(str(item) for item in list(found)[:_MOST_NAMES_SHOWN])
    more = f" and {len(found) - _MOST_NAMES_SHOWN} more" if len(found) > _MOST_NAMES_SHOWN else ""
    noun = "Removed variable" if len(found) == 1 else "Removed variables"
    return (
        f"{noun} of hardening.iam: {shown}{more}.\n"
        "Where one role needs another value, set the successor in vars of its play or of its import_role.\n"
        "If the name belongs to something else, list it in hardening_ignore_variables."
    )


def parse_ignored(value: t.Any) -> tuple[str, ...]:
    """Parse ``hardening_ignore_variables``: a list, or the text with commas that AWX surveys send."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
    return tuple(text for item in items if (text := str(item).strip()))


def _is_ignored(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _is_set(variables: Mapping[str, t.Any], name: str) -> bool:
    value = variables.get(name)
    # Not compared: a vaulted value would be decrypted for it.
    return value is not None and not (isinstance(value, (str, list, dict)) and not value)


def _judge(name: str, variables: Mapping[str, t.Any]) -> t.Optional[MisspeltName]:
    if name != name.lower() and name.lower() in load_variables().ours_of_aws:
        return None if _is_set(variables, name.lower()) else MisspeltName(name, name.lower())
    if not name.startswith(_AWS):
        return _judge_prefixed(name)
    ours = None if name in _USUAL else _find_near_ours(name)
    return MisspeltName(name, ours) if ours and not _is_set(variables, ours) else None


@functools.cache
def _find_near_ours(name: str) -> t.Optional[str]:
    """The variable of ours that differs from this unknown ``aws_*`` name by at most two letters."""
    known = load_variables()
    if name in known.names:
        return None
    near = [(distance, ours) for ours in known.ours_of_aws if (distance := count_edits(name, ours)) <= _MOST_LETTERS]
    return min(near, default=(0, None))[1]


@functools.cache
def _judge_prefixed(name: str) -> t.Optional[MisspeltName]:
    """Judge a name that is not known and not ``aws_*``; None if it may belong to somebody else."""
    if name.startswith(("_", _ANSIBLE)):
        return None
    known = load_variables()
    # To Ansible HARDENING_BREAK_GLASS is another variable than hardening_break_glass.
    if known.has(name.lower()):
        return MisspeltName(name, known.current(name.lower()))
    own = next((prefix for prefix in known.own_prefixes if name.startswith(prefix)), None)
    if own:
        return MisspeltName(name, _find_nearest_of_prefix(name, own))
    for prefix, endings in known.endings.items():
        most_letters = _MOST_LETTERS if prefix in known.own_prefixes else 1
        for rest in _find_after_prefix(name, prefix, most_letters):
            ending = rest if rest in endings else _find_near_ending(rest, endings)
            if ending:
                return MisspeltName(name, known.current(f"{prefix}{ending}"))
    return None


def _find_nearest_of_prefix(name: str, prefix: str) -> str:
    """The most similar variable with this prefix; one that has all words of ``name`` comes first."""
    known = load_variables()
    every = sorted(known.endings[prefix])
    read = [item for item in every if f"{prefix}{item}" in known.names]
    ending = name.removeprefix(prefix)
    near = difflib.get_close_matches(ending, every, n=1, cutoff=_SIMILAR)
    words = set(ending.split("_"))
    longer = sorted((item for item in read if words <= set(item.split("_"))), key=len)
    similar = difflib.get_close_matches(ending, read, n=1, cutoff=0)
    return known.current(prefix + [*near, *longer, *similar][0])


def _find_near_ending(rest: str, endings: Collection[str]) -> t.Optional[str]:
    near = [
        (distance, item) for item in endings if (distance := count_edits(rest, item)) <= _count_allowed_letters(item)
    ]
    return min(near, default=(0, None))[1]


def _count_allowed_letters(word: str) -> int:
    return 2 if len(word) >= _LONG else 1 if len(word) >= _SHORT else 0


def _find_after_prefix(name: str, prefix: str, most_letters: int) -> list[str]:
    """Find the endings of ``name`` after ``prefix`` or a misspelling of it, the most likely reading first."""
    if name.startswith(prefix):
        return [name.removeprefix(prefix)]
    # A short prefix is not searched for misspellings: "reports_dir" is a good name of its own.
    beginning = name[: len(prefix) + most_letters]
    if len(prefix) <= _LONG + 1 or not _may_begin_with(beginning, prefix, most_letters):
        return []
    row = _count_edits_of_beginnings(prefix, beginning)
    near = sorted((distance, abs(at - len(prefix)), at) for at, distance in enumerate(row) if distance <= most_letters)
    return list(dict.fromkeys(name[at:].lstrip("_") for _distance, _off, at in near))


def _may_begin_with(text: str, word: str, most_letters: int) -> bool:
    """A cheap test before the edit distance: one difference changes at most three pairs of neighbouring letters."""
    pairs = _find_pairs(word)
    return len(pairs & _find_pairs(text)) >= len(pairs) - _PAIRS_OF_A_SWAP * most_letters


@functools.lru_cache(maxsize=256)
def _find_pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(len(text) - 1))


def count_edits(one: str, other: str) -> int:
    """Count the letters that are added, left out, replaced or swapped to make one text of the other."""
    if abs(len(one) - len(other)) > _MOST_LETTERS:
        return abs(len(one) - len(other))
    return _count_edits_of_beginnings(one, other)[-1]


def _count_edits_of_beginnings(word: str, text: str) -> list[int]:
    """Count the edits between ``word`` and each beginning of ``text``, the empty one first."""
    before: list[int] = []
    row = list(range(len(text) + 1))
    for index, letter in enumerate(word):
        above, row = row, [index + 1]
        for at, other in enumerate(text):
            least = min(above[at] + (letter != other), above[at + 1] + 1, row[at] + 1)
            if index and at and letter == text[at - 1] and word[index - 1] == other:
                least = min(least, before[at - 1] + 1)
            row.append(least)
        before = above
    return row
