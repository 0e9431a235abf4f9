# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The preflight of all accounts in the terminal: one table of what is missing, and the modes of the roles."""

from __future__ import annotations

import collections
import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ...module_utils._controls.control import plural
from ...module_utils._report.plain import join_names, list_action_notes, printable, wrap_text

# The states of a capability that lacks something, and of one of which too little is known.
LACKING: t.Final = frozenset({"MISSING", "REFUSED"})
UNKNOWN: t.Final = "UNKNOWN"
_WORDS: t.Final = {"enforce": "Roles that enforce", "report": "Roles that only report", "off": "Roles that are off"}
_INDENT: t.Final = " " * 16
# So many lines of a failure are shown where so many accounts failed.
_LINES: t.Final = 3
_MANY: t.Final = 6
# So many accounts and actions a line names, where not everything is shown.
_ACCOUNTS: t.Final = 4
_ACTIONS: t.Final = 12

Row = Mapping[str, t.Any]
Show = Callable[[object], str]


def count_missing(accounts: Sequence[Row]) -> int:
    """Count the capabilities that lack something, in all accounts."""
    return sum(row["state"] in LACKING for account in accounts for row in account["capabilities"])


def count_unknown(accounts: Sequence[Row]) -> int:
    """Count the capabilities of which it is not known whether they lack something, in all accounts."""
    return sum(row["state"] == UNKNOWN for account in accounts for row in account["capabilities"])


def is_shown(row: Row) -> bool:
    """Whether a capability is shown where not everything is."""
    return row["state"] in LACKING or row["state"] == UNKNOWN


def render(accounts: Sequence[Row], *, failures: Sequence[Row] = (), is_whole: bool, ascii_only: bool = False) -> str:
    """The preflight of these accounts as text.

    ``failures`` are the hosts of which nothing is known, each with ``host`` and ``reason``. ``is_whole`` shows also the
    capabilities that lack nothing.
    """
    show = functools.partial(printable, ascii_only=ascii_only)
    most = None if is_whole else _ACTIONS
    rows = _merge(
        (show(account["account_id"]), show(row["capability"]), show(row["state"]), show(_note(row, most)))
        for account in accounts
        for row in account["capabilities"]
        if is_whole or is_shown(row)
    )
    lines = list(_render_failures(failures, show))
    lines += [
        line
        for account, names, state, note in rows
        for line in wrap_text(f"  {account}  {state}  {', '.join(names)}{f': {note}' if note else ''}", rest=_INDENT)
    ]
    return "\n".join([_summarize(accounts, len(failures)), *lines, *_announce(accounts, show)])


def _render_failures(failures: Sequence[Row], show: Show) -> Iterator[str]:
    """Render the reasons of failures, of many in short: the report of the run has them in full."""
    for failure in failures:
        lines = wrap_text(f"  {show(failure['host'])}  FAILED  {show(failure['reason'])}", rest=_INDENT)
        is_long = len(failures) >= _MANY and len(lines) > _LINES
        yield from [*lines[: _LINES - 1], _INDENT + show("…")] if is_long else lines


def _summarize(accounts: Sequence[Row], failed: int) -> str:
    """The first line. Nothing is known of an account that failed, so nothing can be said to be there."""
    lacking = len({account["account_id"] for account in accounts if count_missing([account])})
    group = "the others" if failed else "them"
    lack = f"{lacking} of {group} {'lacks' if lacking == 1 else 'lack'} something"
    nothing = "nothing is missing in the others" if failed else "nothing is missing"
    parts = [f"{failed} failed"] if failed else []
    parts += [lack if lacking else nothing] if accounts or not failed else []
    unknown = len({account["account_id"] for account in accounts if count_unknown([account])})
    if unknown:
        parts = [part.replace("nothing is missing", "nothing is known to be missing") for part in parts]
        parts.append(f"in {unknown} something is not known")
    return f"Preflight of {plural(len(accounts) + failed, 'accounts')}: {', '.join(parts)}"


def _merge(rows: Iterable[tuple[str, str, str, str]]) -> Iterator[tuple[str, tuple[str, ...], str, str]]:
    """Merge the capabilities of an account that lack the same, then the accounts of which the same is said."""
    capabilities: dict[tuple[str, str, str], list[str]] = {}
    for account, capability, state, note in rows:
        capabilities.setdefault((account, state, note), []).append(capability)
    merged: dict[tuple[tuple[str, ...], str, str], list[str]] = {}
    for (account, state, note), names in capabilities.items():
        merged.setdefault((tuple(names), state, note), []).append(account)
    for (found, state, note), accounts in merged.items():
        yield join_names(accounts, _ACCOUNTS), found, state, note


def _note(row: Row, most: t.Optional[int]) -> str:
    """The reason, and at most so many actions of each kind: a report has all of them."""
    notes = list_action_notes(row, lambda actions: join_names(actions, len(actions) if most is None else most))
    return "; ".join(filter(None, (row.get("reason"), *notes)))


def _announce(accounts: Sequence[Row], show: Show) -> Iterator[str]:
    """Name the roles that change something, only report, or are off; accounts that differ in one are counted."""
    for mode, words in _WORDS.items():
        counts = collections.Counter(
            role
            for account in accounts
            for role, own in (account.get("modes") or {}).items()
            if _name_mode(own) == mode
        )
        roles = [role if count == len(accounts) else f"{role} (in {count})" for role, count in counts.items()]
        if roles:
            yield from wrap_text(f"{words}: {show(', '.join(roles))}", rest="  ")


def _name_mode(mode: t.Any) -> str:
    name = str(mode).lower()
    # YAML takes an unquoted off for false.
    return "off" if name == "false" else name
