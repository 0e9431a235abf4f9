# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The end of a run in the terminal: findings by severity, planned changes, counts of the others, and the files."""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ...module_utils._controls.control import plural
from ...module_utils._converge.finding import Severity
from ...module_utils._converge.plan import PLANNED
from ...module_utils._report.grouping import Group, failing_groups, refusal_groups
from ...module_utils._report.plain import join_names, printable, wrap_text
from ...module_utils._report.sentences import describe_changes
from ...module_utils._report.states import APPLIED, REPORTED, state_of
from .text import describe_account

Report = Mapping[str, t.Any]
Lines = list[str]
Show = Callable[[object], str]

#: How much of the accounts is shown: "brief" is a line an account.
BRIEF: t.Final = "brief"
SUMMARY: t.Final = "summary"
FULL: t.Final = "full"
#: From so many accounts up, only the report of the run is shown where nobody asked for more.
MANY: t.Final = 6
# How many names a finding lists, how many sentences an account, and how many reasons of refusals.
_NAMES: t.Final = 6
_NAMES_OF_MANY: t.Final = 3
# How many kinds of low findings each of several accounts lists.
_LOW: t.Final = 5
_SENTENCES: t.Final = 30
_REASONS: t.Final = 5


def choose_detail(asked: str, accounts: int) -> str:
    """How much to show, where ``auto`` was asked for: by the number of accounts."""
    if asked != "auto":
        return asked
    return BRIEF if accounts >= MANY else SUMMARY


def render_accounts(
    reports: Sequence[Report], *, names: t.Optional[Mapping[str, str]] = None, ascii_only: bool = False
) -> str:
    """The findings and changes of these accounts, in sections over all of them. The plan is shown by itself.

    :arg names: the names of accounts by id.
    """
    show = functools.partial(printable, ascii_only=ascii_only)
    accounts = _Accounts(reports, names or {}, show)
    sections = [
        *_render_findings(accounts),
        _render_left_over(accounts),
        _render_changes(accounts, APPLIED, "CHANGES:"),
        _render_reported(accounts),
        _render_refused(accounts),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def render_files(
    reports: Sequence[Report], location: str, *, formats: Iterable[str], is_fleet: bool, without: int = 0
) -> str:
    """The places of the report of the run and of its accounts: the HTML files, or the JSON files where there are none.

    ``without`` counts the accounts that failed or have no report: only the report of the run names them.
    """
    page = "report.html" if "html" in formats else "report.json"
    accounts = [f"{location}/{report['account_id']}/{page}" for report in reports]
    shown = accounts if len(accounts) < MANY else [f"{location}/<account id>/{page}"]
    fleet = (
        [f"{location}/fleet.{'html' if 'html' in formats else 'json'}"]
        if is_fleet and len(reports) + without != 1
        else []
    )
    return "\n".join(["REPORTS:", *(f"  {printable(path)}" for path in (*shown, *fleet))])


@dataclasses.dataclass(frozen=True)
class _Accounts:
    """The reports to show, the names of their accounts, and the function that makes text harmless."""

    reports: Sequence[Report]
    names: Mapping[str, str]
    show: Show

    def lines(self, lines_of: Callable[[Report], Lines]) -> Lines:
        """The lines of each account below its name. One account alone needs no name."""
        lines: Lines = []
        for report in self.reports:
            own = lines_of(report)
            if own and len(self.reports) > 1:
                lines += [f"  {self.show(self._name(report))}:", *(f"  {line}" for line in own)]
            else:
                lines += own
        return lines

    def _name(self, report: Report) -> str:
        name = self.names.get(report["account_id"])
        return f"{report['account_id']} ({name})" if name else describe_account(report)


def _render_findings(accounts: _Accounts) -> Iterator[Lines]:
    groups = {id(report): failing_groups(report) for report in accounts.reports}
    is_one = len(accounts.reports) == 1
    most = _NAMES if is_one else _NAMES_OF_MANY
    for severity in Severity:

        def lines_of(report: Report, name: str = severity.value) -> Lines:
            found = [group for group in groups[id(report)] if group.severity == name]
            shown = found if is_one or name != Severity.LOW.value else found[:_LOW]
            lines = [line for group in shown for line in _render_group(group, most, accounts.show)]
            more = len(found) - len(shown)
            return [*lines, f"  … and {more} more kinds, see the report of the account"] if more else lines

        lines = accounts.lines(lines_of)
        yield [f"{severity.value.upper()} FINDINGS:", *lines] if lines else []


def _render_group(group: Group, most: int, show: Show) -> Lines:
    names = join_names(group.names, most)
    return wrap_text(show(f"[{group.id}] {group.heading}{f': {names}' if names else ''}"), first="  ", rest=" " * 10)


def _render_changes(accounts: _Accounts, state: str, heading: str) -> Lines:
    def lines_of(report: Report) -> Lines:
        changes = [change for change in report["changes"] if state_of(change) == state]
        sentences = describe_changes(changes, report["findings"])
        more = len(sentences) - _SENTENCES
        shown = [*sentences[:_SENTENCES], *([f"… and {more} more kinds of changes, see plan.json"] if more > 0 else [])]
        return [line for text in shown for line in wrap_text(accounts.show(f"- {text}"), first="  ", rest="    ")]

    lines = accounts.lines(lines_of)
    return [heading, *lines] if lines else []


def _render_left_over(accounts: _Accounts) -> Lines:
    """The planned changes that a real run did not make, where a module failed. Those of a check are its plan."""
    reports = [report for report in accounts.reports if report["run"]["mode"] != "check"]
    left_over = dataclasses.replace(accounts, reports=reports)
    return _render_changes(left_over, PLANNED, "PLANNED CHANGES (this run did not make them):")


def _render_reported(accounts: _Accounts) -> Lines:
    def lines_of(report: Report) -> Lines:
        changes = [change for change in report["changes"] if state_of(change) == REPORTED]
        modules = collections.Counter(str(change.get("module") or "") for change in changes)
        counts = ", ".join(f"{name.rpartition('.')[2]} ({count})" for name, count in sorted(modules.items()))
        return (
            wrap_text(accounts.show(f"- {plural(len(changes), 'changes')}: {counts}"), first="  ", rest="    ")
            if changes
            else []
        )

    lines = accounts.lines(lines_of)
    return ["ONLY REPORTED (the role is in mode report, so no run makes them):", *lines] if lines else []


def _render_refused(accounts: _Accounts) -> Lines:
    def lines_of(report: Report) -> Lines:
        groups = refusal_groups(report["refused"])
        lines = []
        for refusal in groups[:_REASONS]:
            names = join_names(list(refusal.short_names), _NAMES)
            text = f"- {names} ({refusal.rule}): {refusal.summary}"
            lines += wrap_text(accounts.show(text), first="  ", rest="    ")
        rest = groups[_REASONS:]
        count = sum(len(refusal.targets) for refusal in rest)
        note = f"… and {plural(count, 'changes')} refused for {plural(len(rest), 'reasons')}, see report.json"
        return [*lines, *([f"  {accounts.show(note)}"] if rest else [])]

    lines = accounts.lines(lines_of)
    return ["REFUSED:", *lines] if lines else []
