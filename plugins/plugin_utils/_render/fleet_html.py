# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``fleet.html``: the run over all accounts on one page, leading to the report of each."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...module_utils._converge.finding import Severity
from .fleet_text import TITLE
from .markup import Content, Markup, element, join
from .page import (
    Section,
    badge,
    benchmark_name,
    empty,
    facts,
    meter,
    page,
    score_card,
    severity_tallies,
    table,
    toolbar,
)
from .text import mode_name

_SEVERITIES = [severity.value for severity in Severity]


def render(fleet: Mapping[str, t.Any], *, title: str = TITLE, linked: bool = True) -> str:
    """The report of a run as an HTML page.

    :arg linked: the accounts' own HTML reports stand beside this page.
    """
    sections = [Section("accounts", "Accounts", _accounts(fleet, linked=linked), len(fleet["accounts"]))]
    if fleet["new_criticals"]:
        sections.append(
            Section("new", "New critical findings", _new_criticals(fleet, linked=linked), len(fleet["new_criticals"]))
        )
    sections.append(Section("controls", "What fails most", _top_controls(fleet, linked=linked)))
    absent = len(fleet["failed"]) + len(fleet["missing"])
    if absent:
        sections.insert(0, Section("absent", "Failed and missing", _absent(fleet), absent))
    return page(
        title=f"{title}: run {fleet['run']['id']}",
        subtitle=title,
        lead=[_masthead(fleet), _overview(fleet)],
        sections=sections,
        footer=f"Run {fleet['run']['id']}. Times are in UTC.",
    )


def _masthead(fleet: Mapping[str, t.Any]) -> Markup:
    count = len(fleet["accounts"])
    pairs: list[tuple[str, Content]] = [
        ("Run", fleet["run"]["id"]),
        ("Created", fleet["run"]["created"].replace("T", " ").replace("Z", " UTC")),
        ("Mode", ", ".join(map(mode_name, fleet["run"]["modes"]))),
    ]
    heading = element("h1", f"{count} account{'' if count == 1 else 's'}")
    return element("div", heading, facts(pairs), class_="masthead")


def _overview(fleet: Mapping[str, t.Any]) -> Markup:
    score = fleet["score"]
    basis = None
    if score:
        basis = join(
            element("strong", f"{score['passed']} of {score['passed'] + score['failed']}"),
            f" verdicts in {score['accounts']} accounts pass. Mean coverage ",
            element("strong", f"{score['coverage_percent']:g}%"),
            f" of {score['recommendations']} recommendations.",
        )
    totals = fleet["totals"]
    marks = [
        badge(f"{len(fleet['failed'])} failed", "critical") if fleet["failed"] else None,
        badge(f"{len(fleet['missing'])} missing", "critical") if fleet["missing"] else None,
        badge(f"+{totals['new']} new", "critical") if totals["new"] else None,
        badge(f"{totals['newly_assessed']} newly assessed", "accent") if totals["newly_assessed"] else None,
        badge(f"−{totals['resolved']} resolved", "good") if totals["resolved"] else None,
        badge(f"{totals['changes_applied']} changes applied", "good") if totals["changes_applied"] else None,
        badge(f"{totals['changes_planned']} changes planned", "accent") if totals["changes_planned"] else None,
        badge(f"{totals['changes_reported']} changes reported") if totals["changes_reported"] else None,
        badge(f"{totals['refused']} refused", "high") if totals["refused"] else None,
        badge(f"{totals['waived']} waived") if totals["waived"] else None,
    ]
    news = element("div", element("span", f"{fleet['summary']['total']} findings"), marks, class_="card news")
    column = element("div", severity_tallies(fleet["summary"], {}), news, class_="column")
    return element("div", score_card(score, (), basis), column, class_="overview")


def _name(account: Mapping[str, t.Any], *, linked: bool) -> Content:
    name = account["account_alias"] or account["account_id"]
    shown = element("a", name, href=f"{account['account_id']}/report.html") if linked else name
    return (
        join(shown, element("div", account["account_id"], class_="about mono")) if account["account_alias"] else shown
    )


def _accounts(fleet: Mapping[str, t.Any], *, linked: bool) -> Content:
    if not fleet["accounts"]:
        return empty("No account has a report of this run.")
    rows = [
        (
            _name(account, linked=linked),
            _score(account["score"]),
            *(badge(account["summary"][name], name) if account["summary"][name] else "0" for name in _SEVERITIES),
            account["new"],
            account["newly_assessed"],
            account["resolved"],
            account["not_assessed"],
            *(account[name] for name in ("changes_applied", "changes_planned", "changes_reported", "refused")),
        )
        for account in sorted(fleet["accounts"], key=_worst_first)
    ]
    columns = (
        "Account",
        "Score",
        *(name.capitalize() for name in _SEVERITIES),
        "New",
        "Newly assessed",
        "Resolved",
        "Not assessed",
        "Applied",
        "Planned",
        "Reported",
        "Refused",
    )
    numbers = range(2, len(columns))
    search = toolbar(unit="accounts", search="Search accounts", severities=())
    return [search, table("Accounts", columns, rows, numbers=numbers, searchable=True)]


def _worst_first(account: Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return (*(-account["summary"][name] for name in _SEVERITIES), account["account_id"])


def _score(score: t.Optional[Mapping[str, t.Any]]) -> Content:
    if score is None or score["percent"] is None:
        return "no verdict"
    text = f"{score['percent']:g}%"
    label = f"{benchmark_name(score['benchmark'])}: {text}, coverage {score['coverage_percent']:g}%"
    return element("div", element("strong", text), meter(score["percent"], label), class_="gauge", title=label)


def _absent(fleet: Mapping[str, t.Any]) -> Content:
    rows: list[tuple[Content, ...]] = [
        (failure["account_id"] or failure["host"] or "unknown", badge("failed", "critical"), _failure(failure))
        for failure in fleet["failed"]
    ]
    rows += [
        (account, badge("missing", "critical"), "No report of this run was found.") for account in fleet["missing"]
    ]
    return table("Failed and missing accounts", ("Account", "State", "Why"), rows)


def _failure(failure: Mapping[str, t.Any]) -> str:
    return f"{failure['host']}: {failure['message']}" if failure["host"] else failure["message"]


def _new_criticals(fleet: Mapping[str, t.Any], *, linked: bool) -> Content:
    accounts = {account["account_id"]: account for account in fleet["accounts"]}
    rows = [
        (finding["name"], _name(accounts[finding["account_id"]], linked=linked), finding["problem"], finding["detail"])
        for finding in fleet["new_criticals"]
    ]
    return table("New critical findings", ("Resource", "Account", "What", "Detail"), rows)


def _top_controls(fleet: Mapping[str, t.Any], *, linked: bool) -> Content:
    if not fleet["top_controls"]:
        return empty("Nothing that was assessed fails.")
    names = {account["account_id"]: account["account_alias"] or account["account_id"] for account in fleet["accounts"]}
    rows = []
    for row in fleet["top_controls"]:
        places = [
            element(
                "li",
                element("a", names[account], href=f"{account}/report.html#control-{row['control']}")
                if linked
                else names[account],
            )
            for account in row["accounts"]
        ]
        where: Content = element("ul", places)
        if len(places) > 6:
            where = element("details", element("summary", f"{len(places)} accounts", class_="plain"), where)
        rows.append((row["problem"], badge(row["severity"], row["severity"]), row["findings"], where))
    return table("What fails most", ("What", "Severity", "Findings", "Accounts"), rows, numbers=(2,))
