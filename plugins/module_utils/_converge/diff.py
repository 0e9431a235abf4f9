# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan as Ansible shows differences: states as short text. The whole states are in ``plan.json``."""

from __future__ import annotations

import difflib
import json
import textwrap
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._account.event_rules import OWNED
from .change import Change

_WIDTH: t.Final = 100
# So many lines of one change differ in a terminal, where it has no policy. The page of the account has all of them.
_LINES: t.Final = 40
# So many lines have the states of objects that come or go together. Each further object is a line with its name.
_LINES_OF_OBJECTS: t.Final = 24
_STEP: t.Final = "  "
_STATEMENTS: t.Final = "Statement"
# Members of states with a policy. Not every type of policy has statements.
_POLICIES: t.Final = frozenset({"document", "policy", "Policy", "trust"})
_MARK: t.Final = dict([OWNED])
_PAGE: t.Final = "see the plan in report.html"

Lines = list[str]


def diff_of(changes: Iterable[Change]) -> list[dict[str, t.Any]]:
    """One difference a change, in the structure of a module's ``diff``. A missing state is an empty text.

    Several changes of one operation share a difference: objects that come or go as a whole and give nobody access, and
    those whose states have one line each.
    """
    together: dict[tuple[str, bool], list[Change]] = {}
    for place, change in enumerate(changes):
        is_whole = _is_small(change)
        key = change.operation if is_whole or _is_one_line(change) else f"{change.operation} {place}"
        together.setdefault((key, is_whole), []).append(change)
    return [
        _describe_objects(same) if is_whole or len(same) > 1 else _describe_change(same[0])
        for (_key, is_whole), same in together.items()
    ]


def _is_one_line(change: Change) -> bool:
    """Whether both states are there and have a line each that says how they differ."""
    states = (change.before, change.after)
    if any(state is None or _has_policy(state) for state in states):
        return False
    before, after = (_summarize(change, state) for state in states)
    return before != after and max(len(before), len(after)) <= _WIDTH


def _describe_change(change: Change) -> dict[str, t.Any]:
    before, after = (_describe_state(change, state) for state in (change.before, change.after))
    exact = [json.dumps(state, sort_keys=True, default=str) for state in (change.before, change.after)]
    if before == after and exact[0] != exact[1]:
        # Ansible shows nothing of a difference between equal texts.
        before, after = ([text] for text in exact)
    if not _has_policy(change.before) and not _has_policy(change.after):
        before, after = _fold(before, after)
    return {
        "before_header": f"{_legible(change.target)} (before {change.operation})",
        "after_header": f"{_legible(change.target)} (after {change.operation})",
        "before": _join(before),
        "after": _join(after),
    }


def _fold(before: Lines, after: Lines) -> tuple[Lines, Lines]:
    """Leave out all but the first lines that differ, and count the others. Equal lines stay: Ansible leaves them out.

    Two texts that differ still differ afterwards.
    """
    if max(len(before), len(after)) <= _LINES:
        return before, after
    kept: tuple[Lines, Lines] = ([], [])
    room, left = _LINES, 0
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        for target, lines in zip(kept, (before[start:end], after[new_start:new_end]), strict=True):
            most = len(lines) if tag == "equal" else room
            target += lines[:most]
            left += len(lines[most:])
            room -= 0 if tag == "equal" else len(lines[:most])
    return kept[0], [*kept[1], f"… and {left} more lines, {_PAGE}"] if left else kept[1]


def _describe_objects(changes: list[Change]) -> dict[str, t.Any]:
    operation = changes[0].operation
    what = _legible(changes[0].target) if len(changes) == 1 else f"{len(changes)} objects"
    return {
        "before_header": f"{what} (before {operation})",
        "after_header": f"{what} (after {operation})",
        "before": _join(_list_objects([(change, change.before) for change in changes if change.before is not None])),
        "after": _join(_list_objects([(change, change.after) for change in changes if change.after is not None])),
    }


def _is_small(change: Change) -> bool:
    """Whether an object comes or goes as a whole, gives nobody access and has no policy."""
    is_whole = change.before is None or change.after is None
    return is_whole and not change.affects and not _has_policy(change.after) and not _has_policy(change.before)


def _has_policy(state: t.Any) -> bool:
    if isinstance(state, (list, tuple)):
        return any(map(_has_policy, state))
    if not isinstance(state, Mapping):
        return False
    if _STATEMENTS in state or any(isinstance(state.get(name), Mapping) for name in _POLICIES):
        return True
    return any(map(_has_policy, state.values()))


def _list_objects(objects: Sequence[tuple[Change, t.Any]]) -> Lines:
    """List objects with their states. Objects that come or go in the same state stand together above it."""
    same: dict[tuple[str, str], Lines] = {}
    for change, state in objects:
        name, text = _legible(change.target), _summarize(change, state)
        # Two lines that are equal on both sides say nothing, so each of these has its name and state in one.
        is_one_line = change.before is not None and change.after is not None
        key = (text, name) if is_one_line else (text, "")
        same.setdefault(key, []).append(name)
    lines: Lines = []
    has_room = True
    for (text, one_line), names in same.items():
        whole = f"{names[0]}: {text}" if text and len(names) == 1 else ""
        own = [whole] if whole and (one_line or len(whole) <= _WIDTH) else [*names, *_wrap(text, _STEP, _STEP)]
        has_room = bool(one_line) or (has_room and len(lines) + len(own) <= _LINES_OF_OBJECTS)
        lines += own if has_room else names
    return lines if has_room else [*lines, f"… for the states of the last ones {_PAGE}"]


def _summarize(change: Change, state: t.Any) -> str:
    """The state of an object in one line."""
    shown = _leave_out(change, state)
    items = shown.items() if isinstance(shown, Mapping) else {"state": shown}.items()
    return ", ".join(f"{_legible(str(name))}: {_flatten(item)}" for name, item in items)


def _leave_out(change: Change, state: t.Any) -> t.Any:
    """The state of an object without what its target says already.

    Of an object that comes or goes, members without a value are left out, and the mark of what this collection manages.
    """
    if not isinstance(state, Mapping) or (change.before is not None and change.after is not None):
        return state
    return {name: item for name, item in state.items() if not _says_nothing(item, change.target)}


def _says_nothing(value: t.Any, target: str) -> bool:
    if isinstance(value, str):
        return not value or target.endswith((f"/{value}", f":{value}", f" {value}"))
    return value is None or value == _MARK or (isinstance(value, (list, tuple, Mapping)) and not value)


def _flatten(value: t.Any) -> str:
    return _text(value) if _is_scalar(value) else _compact(value)


def _describe_state(change: Change, state: t.Any) -> Lines:
    return [] if state is None else list(_render(_leave_out(change, state), ""))


def _render(value: t.Any, indent: str) -> Iterator[str]:
    """The lines of a value: short ones in one line, longer ones an entry a line."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _render_item(f"{_legible(str(name))}:", item, indent)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _render_item("-", item, indent)
    else:
        yield f"{indent}{_text(value)}"


def _render_item(name: str, item: t.Any, indent: str) -> Iterator[str]:
    line = f"{indent}{name} {_flatten(item)}"
    if len(line) <= _WIDTH or (_is_scalar(item) and " " not in _text(item)):
        yield line
        return
    if _is_scalar(item):
        yield from _wrap(line.removeprefix(indent), indent, indent + _STEP)
        return
    yield f"{indent}{name}"
    # The actions of a statement, say, which are many.
    if isinstance(item, (list, tuple)) and all(map(_is_scalar, item)):
        yield from _wrap(", ".join(map(_text, item)), indent + _STEP, indent + _STEP)
    else:
        yield from _render(item, indent + _STEP)


def _wrap(text: str, first: str, rest: str) -> Lines:
    """Wrap at spaces alone: an ARN that is cut can be neither read nor searched for."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _join(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _is_scalar(value: t.Any) -> bool:
    return not isinstance(value, (Mapping, list, tuple))


def _text(value: t.Any) -> str:
    return _legible(value if isinstance(value, str) else json.dumps(value, default=str))


def _compact(value: t.Any) -> str:
    return _legible(json.dumps(value, ensure_ascii=False, default=str))


def _legible(text: str) -> str:
    """A text for a line that Ansible prints as it is."""
    return "".join(character if character.isprintable() else "?" for character in text)
