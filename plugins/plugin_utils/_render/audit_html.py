# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``sheet.html``: the audit sheet of a run as a page."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from . import page
from .page import Section
from .text import name_mode

TITLE: t.Final = "Audit Sheet"
# A change that AWS says somebody else had made already is none of the run.
OUTCOMES: t.Final = {"foreign": "made by others"}
TONES: t.Final = {"applied": "good", "failed": "high", "foreign": "none", "unknown": "critical"}

# The states of what is checked, with their words and tones.
STATES: t.Final = {
    "attention": ("attention", "critical"),
    "not_verified": ("not verified", "medium"),
    "verified": ("verified", "good"),
}

View = dict[str, t.Any]
Sheet = Mapping[str, t.Any]


def render(sheet: Sheet, *, title: str = TITLE) -> str:
    """The sheet as an HTML page."""
    return page.render(
        "audit.html.j2",
        title=f"{title}: run {sheet['run_id']}",
        subtitle=title,
        sections=_list_sections(sheet),
        footer=f"Run {sheet['run_id']}. Times are in UTC.",
        sheet=sheet,
        modes=", ".join(map(name_mode, sheet["run"]["modes"])),
        counts=count_states(sheet),
    )


def count_states(sheet: Sheet) -> list[tuple[int, str, str]]:
    """Count what the sheet has, each number with its words and its tone."""
    changes = [change for account in sheet["accounts"] for change in account["changes"]]
    population = sheet["population"]
    outcomes = [(sum(change["outcome"] == name for change in changes), name, tone) for name, tone in TONES.items()]
    return [
        (len(sheet["accounts"]), "account" if len(sheet["accounts"]) == 1 else "accounts", "none"),
        (len(population["failed"]), "failed", "critical"),
        (len(population["missing"]), "missing", "critical"),
        *((number, OUTCOMES.get(name, name), tone) for number, name, tone in outcomes),
        (sum(is_undone(change) for change in changes), "undone", "accent"),
        (sum(len(refusal["targets"]) for _account, refusal in list_refusals(sheet)), "refused", "high"),
    ]


def is_undone(change: Mapping[str, t.Any]) -> bool:
    """Whether a rollback undid the change."""
    return any(undone["outcome"] == "applied" for undone in change["undone"])


def has_entry(account: Mapping[str, t.Any]) -> bool:
    """Whether the changes of an account, or what does not fit there, are shown."""
    return bool(account["changes"] or account["problems"] or account["conflicts"])


def list_refusals(sheet: Sheet) -> list[tuple[str, Mapping[str, t.Any]]]:
    """The refusals of all accounts, each with its account."""
    return [(account["account_id"], refusal) for account in sheet["accounts"] for refusal in account["refused"]]


def list_unrecorded(sheet: Sheet) -> list[tuple[str, Mapping[str, t.Any]]]:
    """The events without a record of the run, each with its account."""
    return [(account["account_id"], event) for account in sheet["accounts"] for event in account["unrecorded"]]


def _list_sections(sheet: Sheet) -> list[Section]:
    names = {"names": sheet["population"]["names"]}
    events, refusals = list_unrecorded(sheet), list_refusals(sheet)
    shown = [account for account in sheet["accounts"] if has_entry(account)]
    recorded = sum(len(account["changes"]) for account in sheet["accounts"])
    rows = list(_view_population(sheet))
    sections = [
        Section("lines", "Verification", "audit/lines.html.j2", {"tones": STATES}, len(sheet["attention"])),
        Section("requests", "Requests and approvals", "audit/requests.html.j2"),
        Section("population", "Population", "audit/population.html.j2", {"rows": rows}, len(rows)),
        Section(
            "changes",
            "Changes",
            "audit/changes.html.j2",
            {**names, "accounts": shown, "tones": TONES, "outcomes": OUTCOMES, "states": STATES},
            recorded,
        ),
    ]
    if refusals:
        view = {**names, "refusals": refusals}
        sections.append(Section("refused", "Refused", "audit/refused.html.j2", view, len(refusals)))
    if events:
        view = {**names, "events": events}
        sections.append(Section("unrecorded", "Not in the journal", "audit/unrecorded.html.j2", view, len(events)))
    return [
        *sections,
        Section("manifest", "Manifests", "audit/manifest.html.j2"),
        Section("trail", "CloudTrail", "audit/trail.html.j2", {**names, "accounts": sheet["accounts"]}),
    ]


def _view_population(sheet: Sheet) -> Iterator[View]:
    """View the accounts: those that failed or are missing come first."""
    population = sheet["population"]
    names = population["names"]

    def row(account_id: str, state: str, tone: str, why: str = "") -> View:
        empty = {"applied": "", "refused": "", "trail": "", "plan": "", "leads": False}
        name = names.get(account_id, account_id)
        return {**empty, "account_id": account_id, "name": name, "state": state, "tone": tone, "why": why}

    failed = {failure["account_id"]: failure["message"] for failure in population["failed"] if failure["account_id"]}
    known = {account["account_id"] for account in sheet["accounts"]}
    for failure in population["failed"]:
        if failure["account_id"] not in known:
            yield row(failure["account_id"] or failure["host"] or "unknown", "failed", "critical", failure["message"])
    for account_id in population["missing"]:
        if account_id not in known:
            yield row(account_id, "missing", "critical", "no report of the run")
    for account in sheet["accounts"]:
        account_id = account["account_id"]
        state, tone = ("failed", "critical") if account_id in failed else ("reported", "good")
        if account["run"] is None and account_id not in failed:
            state, tone = "no report", "medium"
        yield {**row(account_id, state, tone, failed.get(account_id, "")), **_view_account(account)}
    for account_id in population["not_in_run"]:
        yield row(account_id, "not in the run", "none", "in the inventory now")


def _view_account(account: Mapping[str, t.Any]) -> View:
    states = {"read": "read", "not_read": "not read", "not_asked": "not asked"}
    return {
        "applied": sum(change["outcome"] == "applied" for change in account["changes"]),
        "refused": sum(len(refusal["targets"]) for refusal in account["refused"]),
        "trail": states[account["trail"]["state"]],
        "plan": account["plan_sha256"],
        "leads": has_entry(account),
    }
