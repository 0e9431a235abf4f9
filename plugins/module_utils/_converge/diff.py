# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan as Ansible shows differences: states as short text. The whole states are in ``plan.json``."""

from __future__ import annotations

import hashlib
import json
import textwrap
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from .change import Change

_WIDTH: t.Final = 100
# So many entries of a state are shown, and so many characters of a value: Ansible prints a difference on lines.
_ENTRIES: t.Final = 12
_LONG: t.Final = 160
_LINES: t.Final = 2
_DIGITS: t.Final = 12
_STEP: t.Final = "  "
_STATEMENTS: t.Final = "Statement"
# Members of states with a policy. Not every type of policy has statements.
_POLICIES: t.Final = frozenset({"document", "policy", "Policy", "trust"})


def diff_of(changes: Iterable[Change]) -> list[dict[str, t.Any]]:
    """One difference a change, in the structure of a module's ``diff``. A missing state is an empty text.

    Objects that come or go as a whole and give nobody access share one difference for each operation.
    """
    small: dict[str, list[Change]] = {}
    shown: list[t.Union[Change, list[Change]]] = []
    for change in changes:
        if not _is_small(change):
            shown.append(change)
            continue
        if change.operation not in small:
            shown.append(small.setdefault(change.operation, []))
        small[change.operation].append(change)
    return [_describe_small(item) if isinstance(item, list) else _describe_change(item) for item in shown]


def _describe_change(change: Change) -> dict[str, t.Any]:
    before, after = (_describe_state(change, state) for state in (change.before, change.after))
    if before == after and _digest(change.before) != _digest(change.after):
        # Ansible shows nothing of a difference between equal texts.
        before, after = (
            f"{text}({_digest(state)})\n" for text, state in ((before, change.before), (after, change.after))
        )
    return {
        "before_header": f"{_legible(change.target)} (before {change.operation})",
        "after_header": f"{_legible(change.target)} (after {change.operation})",
        "before": before,
        "after": after,
    }


def _describe_small(changes: list[Change]) -> dict[str, t.Any]:
    operation = changes[0].operation
    what = _legible(changes[0].target) if len(changes) == 1 else f"{len(changes)} objects"
    return {
        "before_header": f"{what} (before {operation})",
        "after_header": f"{what} (after {operation})",
        "before": "".join(_summarize(change, change.before) for change in changes),
        "after": "".join(_summarize(change, change.after) for change in changes),
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


def _summarize(change: Change, state: t.Any) -> str:
    """The name of an object and its state, in two lines at most."""
    if state is None:
        return ""
    shown = _simplify(change.operation, state)
    items = shown.items() if isinstance(shown, Mapping) else {"state": shown}.items()
    parts = [f"{name}: {_flatten(item)}" for name, item in items]
    text = f"{_legible(change.target)}: {', '.join(parts)}"
    lines = textwrap.wrap(text, _WIDTH, subsequent_indent=_STEP, break_on_hyphens=False)
    if len(lines) > _LINES:
        more = f"… ({_digest([change.target, state])})"
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: _WIDTH - len(more)]}{more}"]
    return "".join(f"{line}\n" for line in lines)


def _flatten(value: t.Any) -> str:
    return _scalar(value) if _is_scalar(value) else _compact(value)


def _describe_state(change: Change, state: t.Any) -> str:
    if state is None:
        return ""
    return "".join(f"{line}\n" for line in _render(_simplify(change.operation, state), ""))


def _simplify(operation: str, state: t.Any) -> t.Any:
    """Leave out what nobody reads in a terminal: ids of findings, and the patterns of event rules."""
    if operation == "BatchImportFindings" and isinstance(state, Mapping):
        return [value for value in state.values() if value is not None]
    if operation == "PutRule" and isinstance(state, Mapping) and state.get("pattern"):
        return {**state, "pattern": f"of {_digest(state['pattern'])} (see plan.json)"}
    return state


def _render(value: t.Any, indent: str, *, is_whole: bool = False) -> Iterator[str]:
    """The lines of a value: short ones in one line, longer ones an entry a line. ``is_whole``: nothing is cut."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            # A policy is never cut: the statement that matters may be the last.
            is_policy = name == _STATEMENTS or name in _POLICIES
            yield from _render_item(f"{_legible(str(name))}:", item, indent, is_whole=is_whole or is_policy)
    elif isinstance(value, (list, tuple)):
        most = len(value) if is_whole else _ENTRIES
        for item in value[:most]:
            yield from _render_item("-", item, indent, is_whole=is_whole)
        if len(value) > most:
            yield f"{indent}… and {len(value) - most} more ({_digest(value)})"
    else:
        yield f"{indent}{_scalar(value)}"


def _render_item(name: str, item: t.Any, indent: str, *, is_whole: bool) -> Iterator[str]:
    line = f"{indent}{name} {_flatten(item)}"
    if len(line) <= _WIDTH or (_is_scalar(item) and not is_whole):
        yield line
        return
    yield f"{indent}{name}"
    inner = indent + _STEP
    # The actions of a statement, say, which are many.
    items = item if isinstance(item, (list, tuple)) else [item]
    if all(map(_is_scalar, items)):
        show = _text if is_whole else _scalar
        yield from textwrap.wrap(", ".join(map(show, items)), _WIDTH, initial_indent=inner, subsequent_indent=inner)
    else:
        yield from _render(item, inner, is_whole=is_whole)


def _is_scalar(value: t.Any) -> bool:
    return not isinstance(value, (Mapping, list, tuple))


def _text(value: t.Any) -> str:
    return _legible(value if isinstance(value, str) else json.dumps(value, default=str))


def _scalar(value: t.Any) -> str:
    text = _text(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - _DIGITS]}… ({_digest(value)})"


def _compact(value: t.Any) -> str:
    return _legible(json.dumps(value, ensure_ascii=False, default=str))


def _digest(value: t.Any) -> str:
    """The start of a hash, so that two values that are cut still differ."""
    text = json.dumps(value, sort_keys=True, default=str)
    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


def _legible(text: str) -> str:
    """A text for a line that Ansible prints as it is."""
    return "".join(character if character.isprintable() else "?" for character in text)
