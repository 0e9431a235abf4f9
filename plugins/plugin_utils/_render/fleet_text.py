# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The run over all accounts in the terminal."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ...module_utils._controls.control import plural
from ...module_utils._converge.finding import Severity
from ...module_utils._report.held_back import count_accounts, name_rule
from ...module_utils._report.plain import WIDTH, join_names, printable, wrap_text
from ...module_utils._report.states import COUNTS, format_counts
from ...module_utils._report.waves import describe_wave
from .text import Lines, Show, describe_score, describe_score_basis

TITLE: t.Final = "IAM Security Assessment of the Fleet"

_SEVERITIES = tuple(severity.value for severity in Severity)
# The outcomes of changes: their columns, which are narrow, so that account and alias fit beside them, and their names.
_WAITING: t.Final = "changes_if_approved"
_STATES: t.Final = {
    "changes_applied": ("Done", "applied"),
    "changes_planned": ("Plan", "applied by a real run"),
    _WAITING: ("Appr", "applied if the plan is approved"),
    "changes_reported": ("Rep", "only reported (mode report)"),
    "refused": ("Ref", "refused"),
}
# So many new critical findings are listed, and so many lines of a failure where many accounts failed.
_LISTED: t.Final = 20
_MANY: t.Final = 6
_LINES: t.Final = 3
# So many accounts of a wave, or of those with changes held back, are named.
_NAMES: t.Final = 20
# No honest number is longer.
_LONGEST: t.Final = 9
_COLUMNS = ("Account", "Crit", "High", "Med", "Low", "Score", "Coverage", "New", "Gone")


def render(fleet: Mapping[str, t.Any], *, title: str = TITLE, ascii_only: bool = False) -> str:
    """The report of a run as text of at most 100 columns."""
    show = functools.partial(printable, ascii_only=ascii_only)
    heading = show(title)
    header = [heading, "=" * len(heading), f"Run: {show(fleet['run']['id'])}", f"Date: {fleet['run']['created'][:10]}"]
    sections = [
        header,
        _render_accounts(fleet, show),
        _render_waves(fleet, show),
        _render_held_back(fleet, show),
        _render_new_criticals(fleet, show),
        _render_absent(fleet, show),
        _render_summary(fleet, show),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _render_accounts(fleet: Mapping[str, t.Any], show: Show) -> Lines:
    if not fleet["accounts"]:
        return []
    shown = [name for name in _STATES if name != _WAITING or any(account[name] for account in fleet["accounts"])]
    columns = (*_COLUMNS, *(_STATES[name][0] for name in shown))
    rows = [columns, *(_make_row(account, fleet["names"], shown, show) for account in fleet["accounts"])]
    widths = [max(len(row[at]) for row in rows) for at in range(len(columns))]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * len(widths))
    legend = ", ".join(" ".join(_STATES[name]) for name in shown)
    lines = [line for row in rows for line in _format_row(row, widths)]
    return ["ACCOUNTS:", *lines, *wrap_text(f"Changes: {legend}", first="  ", rest="    ")]


def _format_row(row: Sequence[str], widths: Sequence[int]) -> Lines:
    """The line of an account. Neither numbers nor names are cut: a long name has a line of its own."""
    account, _space, name = row[0].partition(" ")
    first, more = (row[0], []) if len(row[0]) <= widths[0] else (account, [f"    {name}"])
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return [f"  {'  '.join(cells)}".rstrip(), *more]


def _make_row(
    account: Mapping[str, t.Any], names: Mapping[str, str], states: Sequence[str], show: Show
) -> tuple[str, ...]:
    score, name = account["score"], show(names.get(account["account_id"], ""))
    has_verdict = score is not None and score["percent"] is not None
    return (
        f"{account['account_id']} {name}".rstrip(),
        *(_shorten(account["summary"][name]) for name in _SEVERITIES),
        _shorten(f"{score['percent']:g}%") if has_verdict else "-",
        _shorten(f"{score['coverage_percent']:g}%") if score is not None else "-",
        *(_shorten(account[name]) for name in ("new", "resolved", *states)),
    )


def _shorten(number: t.Any) -> str:
    """A number of a report. Others can write there, and a long one would leave no room for the accounts."""
    text = printable(number)
    return text if len(text) <= _LONGEST else "?"


def _render_waves(fleet: Mapping[str, t.Any], show: Show) -> Lines:
    lines = []
    for wave in fleet["waves"]:
        names = [fleet["names"].get(account, account) for account in wave["accounts"]]
        head = f"- {wave['name']} ({plural(len(names), 'accounts')}): {describe_wave(wave)}"
        lines += wrap_text(show(head), first="  ", rest="    ")
        lines += wrap_text(show(join_names(names, _NAMES)), first="    ", rest="    ")
    return ["WAVES:", *lines] if lines else []


def _render_held_back(fleet: Mapping[str, t.Any], show: Show) -> Lines:
    lines = []
    for held in fleet["held_back"]:
        names = [fleet["names"].get(account, account) for account in held["accounts"]]
        head = f"- {name_rule(held)} ({plural(len(names), 'accounts')}): {held['reason']}"
        lines += wrap_text(show(head), first="  ", rest="    ")
        lines += wrap_text(show(join_names(names, _NAMES)), first="    ", rest="    ")
    return ["CHANGES HELD BACK:", *lines] if lines else []


def _render_new_criticals(fleet: Mapping[str, t.Any], show: Show) -> Lines:
    lines = []
    for finding in fleet["new_criticals"][:_LISTED]:
        what = f"- {finding['account_id']}: {finding['problem']}: {finding['name']}; {finding['detail']}"
        lines += wrap_text(show(what), first="  ", rest="    ")
    more = len(fleet["new_criticals"]) - _LISTED
    lines += [f"  {show(f'… and {more} more, see fleet.json')}"] if more > 0 else []
    return ["NEW CRITICAL FINDINGS:", *lines] if lines else []


def _render_absent(fleet: Mapping[str, t.Any], show: Show) -> Lines:
    lines = []
    for failure in fleet["failed"]:
        who = " ".join(filter(None, (failure["account_id"], f"({failure['host']})" if failure["host"] else "")))
        own = wrap_text(show(f"- {who} failed: {failure['message']}"), first="  ", rest="    ")
        if len(fleet["failed"]) >= _MANY and len(own) > _LINES:
            own = [*own[: _LINES - 1], f"    {show('… (see fleet.json)')}"]
        lines += own
    for account in fleet["missing"]:
        lines += wrap_text(show(f"- {account} has no report of this run"), first="  ", rest="    ")
    return ["FAILED AND MISSING ACCOUNTS:", *lines] if lines else []


def _render_summary(fleet: Mapping[str, t.Any], show: Show) -> Lines:
    summary, totals = fleet["summary"], fleet["totals"]
    lines = [
        "SUMMARY:",
        f"  Accounts: {totals['accounts']} | Failed: {len(fleet['failed'])} | Missing: {len(fleet['missing'])}"
        + (f" | Not begun: {len(fleet['not_begun'])}" if fleet["not_begun"] else "")
        + (f" | Held back: {count_accounts(fleet['held_back'])}" if fleet["held_back"] else ""),
        f"  Total Findings: {summary['total']}"
        f" | {_list_counts(totals, ('new', 'newly_assessed', 'resolved', 'waived'))}",
        f"  {_list_counts(summary, _SEVERITIES)}",
        f"  Changes: {format_counts({state: totals[name] for state, name in COUNTS.items()})}",
    ]
    if fleet["score"]:
        lines += wrap_text(f"Compliance Score: {show(describe_score(fleet['score']))}", first="  ", rest="    ")
        lines += wrap_text(show(describe_score_basis(fleet["score"])), first="    ", rest="    ")
    return lines


def _list_counts(counts: Mapping[str, int], names: Iterable[str]) -> str:
    return " | ".join(f"{name.replace('_', ' ').capitalize()}: {counts[name]}" for name in names)
