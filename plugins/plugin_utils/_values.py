# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Values that an option cannot take, in one line each: the value, what is allowed, and the nearest choice.

Ansible's own messages name Python's types, and for an unknown option they list all others.
"""

from __future__ import annotations

import difflib
import itertools
import json
import reprlib
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ._vaulted import is_vaulted

Spec = Mapping[str, Mapping[str, t.Any]]

OFF: t.Final = "off"
_MISSING: t.Final = "it is missing. Required are {}."
_MEMBER: t.Final = "the mapping"
_MOST_PROBLEMS: t.Final = 3
_SHORT: t.Final = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxother, _SHORT.maxstring, _SHORT.maxdict, _SHORT.maxlist = 2, 80, 80, 3, 3
# By type: what a value is not, and what to set.
_WORDS: t.Final[Mapping[str, tuple[str, str]]] = {
    "bool": ("neither true nor false", "true or false"),
    "dict": ("not a mapping", "a mapping of names to values"),
    "float": ("not a number", "a number"),
    "int": ("not a whole number", "a whole number"),
    "list": ("not a list", "a list"),
    "str": ("not a text", "a text"),
}


def find_bad_values(
    spec: Spec, arguments: Mapping[str, t.Any], *, allowed: Mapping[str, str], action: str, has_off: bool = False
) -> list[str]:
    """The problems of ``arguments``, three at most.

    ``allowed`` are the limits of numbers by option. ``has_off`` says that the option ``mode`` comes from a role, where
    it may be ``off`` too.
    """
    found = _find(spec, arguments, place="", allowed=allowed, owner=action)
    problems = []
    for place, problem in itertools.islice(found, _MOST_PROBLEMS):
        is_mode = has_off and place == "mode"
        words = problem.replace("Set it to ", f"Set it to {OFF}, ", 1) if is_mode else problem
        problems.append(f"{place}: {words}")
    return problems


def parse_lists(spec: Spec, arguments: Mapping[str, t.Any]) -> dict[str, list[t.Any]]:
    """The lists that are given as JSON text, as ``-e name='["a", "b"]'`` and surveys of AWX send them.

    Ansible would make a list of such a text at its commas. A pattern of a break-glass role would then match no role.
    """
    texts = {
        name: value
        for name, value in arguments.items()
        if isinstance(value, str) and value.lstrip().startswith("[") and spec.get(name, {}).get("type") == "list"
    }
    parsed = {name: _parse_json(value) for name, value in texts.items()}
    return {name: value for name, value in parsed.items() if isinstance(value, list)}


def _parse_json(text: str) -> t.Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def split_texts(spec: Spec, arguments: Mapping[str, t.Any]) -> dict[str, list[str]]:
    """The lists that are given as text with commas, as people type them into surveys of AWX.

    Ansible keeps spaces and what is empty, and then ``txt, html,`` is no list of choices. A text of which nothing would
    be left stays as it is: no choice may mean all of them.
    """
    texts = {
        name: value
        for name, value in arguments.items()
        if isinstance(value, str) and "," in value and spec.get(name, {}).get("elements") == "str"
    }
    lists = {name: [part for part in map(str.strip, value.split(",")) if part] for name, value in texts.items()}
    return {name: parts for name, parts in lists.items() if parts}


def describe_choice(value: t.Any, choices: Sequence[str]) -> str:
    """Why a value is none of the choices, with what to set instead."""
    if value in (None, ""):
        return f"it is empty. Set it to {join_or(choices)}."
    said = "" if is_vaulted(value) else str(value)
    near = difflib.get_close_matches(said.strip().lower(), choices, n=1, cutoff=0.5)
    nearest = f"; the nearest is {near[0]}" if near else ""
    return f"{brief(value)} is not allowed. Set it to {join_or(choices)}{nearest}."


def describe_type(value: t.Any, kind: str, limits: str = "") -> str:
    """Why a value is not of a type, with what to set instead; ``limits`` are those of a number."""
    problem, words = _WORDS.get(kind, (f"not of the type {kind}", f"a value of the type {kind}"))
    if value == "":
        return f"it is empty. Set it to {words}{f' {limits}' if limits else ''}, or remove it."
    return f"{brief(value)} is {problem}. Set it to {words}{f' {limits}' if limits else ''}."


def is_of_type(value: t.Any, kind: str) -> bool:
    """Whether Ansible takes the value for one of this type."""
    return not ArgumentSpecValidator({"value": {"type": kind}}).validate({"value": value}).error_messages


def join_or(choices: Sequence[str]) -> str:
    """Join names: ``off, report or enforce``."""
    return " or ".join(", ".join(map(str, choices)).rsplit(", ", 1))


def brief(value: t.Any) -> str:
    """A wrong value for a message. It may be anything, of any size, and a vaulted one is not quoted."""
    return "its value" if is_vaulted(value) else _SHORT.repr(value)


def _find(
    spec: Spec, arguments: Mapping[str, t.Any], *, place: str, allowed: Mapping[str, str], owner: str
) -> Iterator[tuple[str, str]]:
    """The problems, each with its place."""
    names = {name: name for name in spec} | {
        alias: name for name, details in spec.items() for alias in details.get("aliases") or ()
    }
    for given, value in arguments.items():
        name = names.get(given)
        if name is None:
            yield f"{place}{given}", _describe_unknown(str(given), names, owner)
        elif value is not None:
            yield from _find_of_option(value, spec[name], limits=allowed.get(name, ""), place=f"{place}{given}")
    given_names = {names[given] for given, value in arguments.items() if given in names and value is not None}
    required = [name for name, details in spec.items() if details.get("required")]
    yield from (
        (f"{place}{name}", _MISSING.format(", ".join(required))) for name in required if name not in given_names
    )


def _describe_unknown(given: str, names: Collection[str], owner: str) -> str:
    near = difflib.get_close_matches(given, names, n=1)
    step = f"The nearest is {near[0]}." if near else f"Allowed are {', '.join(names)}." if owner == _MEMBER else ""
    return f"{owner} has no such option. {step or 'Remove it.'}"


def _find_of_option(
    value: t.Any, details: Mapping[str, t.Any], *, limits: str, place: str
) -> Iterator[tuple[str, str]]:
    kind = details.get("type") or "str"
    if not isinstance(kind, str) or kind == "raw":
        return
    if not is_of_type(value, kind):
        yield place, describe_type("its value" if details.get("no_log") else value, kind, limits)
        return
    is_list = kind == "list"
    element = details.get("elements") or "raw" if is_list else kind
    choices = details.get("choices")
    for index, item in enumerate(_split(value) if is_list else [value]):
        where = f"{place}[{index}]" if is_list else place
        if not isinstance(element, str) or element == "raw":
            continue
        if is_list and not is_of_type(item, element):
            yield where, describe_type(item, element)
        elif choices and not _is_choice(item, choices, element):
            yield where, describe_choice(item, choices)
        elif details.get("options") and isinstance(item, Mapping):
            yield from _find(details["options"], item, place=f"{where}.", allowed={}, owner=_MEMBER)


def _split(value: t.Any) -> Sequence[t.Any]:
    """A list as Ansible makes it: a text holds names with commas between them."""
    if isinstance(value, str):
        return value.split(",") if value else []
    return value if isinstance(value, (list, tuple)) else [value]


def _is_choice(value: t.Any, choices: Sequence[t.Any], kind: str) -> bool:
    spec = {"value": {"type": kind, "choices": list(choices)}}
    return not ArgumentSpecValidator(spec).validate({"value": value}).error_messages
