# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``fleet.html``: the run over all accounts on one page, leading to the report of each."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ...module_utils._converge.finding import Severity
from ...module_utils._report.held_back import count_accounts, name_rule
from ...module_utils._report.plan_view import Approval
from ...module_utils._report.waves import name_state
from . import page
from .findings import View
from .fleet_text import TITLE
from .page import Section
from .plan_html import view_approval
from .text import name_mode

_SEVERITIES: t.Final = tuple(severity.value for severity in Severity)
# Columns of the table of accounts: the member of the document that each shows, and where the account's page has it.
# Those that are zero in every account are left out, but for some.
_COUNTED: t.Final = {
    "new": ("New", "findings"),
    "newly_assessed": ("Newly assessed", "findings"),
    "resolved": ("Resolved", "resolved"),
    "not_assessed": ("Not assessed", "not-assessed"),
    "changes_applied": ("Applied", "changes-applied"),
    "changes_planned": ("Planned", "changes-planned"),
    "changes_if_approved": ("If approved", "changes-applied-if-approved"),
    "changes_reported": ("Reported", "changes-reported"),
    "refused": ("Refused", "refused"),
}
_ALWAYS: t.Final = ("new", "changes_planned", "refused")
_TONES: t.Final = {"passed": "good", "done": "good", "closed": "critical", "waiting": "accent"}
# So many new findings are listed, and so many accounts of a control. A page of a thousand accounts would else have tens
# of thousands of links, which nobody reads and which make a browser slow. fleet.json has all of them.
_MOST_NEW: t.Final = 200
_MOST_ACCOUNTS: t.Final = 100
# The room for the line of a trend, in units of its drawing.
_WIDTH: t.Final = 100
_HEIGHT: t.Final = 24
_MARGIN: t.Final = 3


def render(
    fleet: Mapping[str, t.Any],
    *,
    title: str = TITLE,
    linked: bool = True,
    approval: t.Optional[Approval] = None,
    planned: Sequence[tuple[str, str]] = (),
) -> str:
    """The report of a run as an HTML page.

    :arg linked: the accounts' own HTML reports stand beside this page.
    :arg approval: the plan of the run, unless it is one that can plan nothing.
    :arg planned: the accounts that have changes in the plan, with their numbers in words.
    """
    return page.render(
        "fleet.html.j2",
        title=f"{title}: run {fleet['run']['id']}",
        subtitle=title,
        sections=[*_make_plan_section(fleet, approval, planned), *_list_sections(fleet)],
        footer=f"Run {fleet['run']['id']}. Times are in UTC.",
        fleet=fleet,
        modes=", ".join(map(name_mode, fleet["run"]["modes"])),
        linked=linked,
    )


def _make_plan_section(
    fleet: Mapping[str, t.Any], approval: t.Optional[Approval], planned: Sequence[tuple[str, str]]
) -> list[Section]:
    if approval is None:
        return []
    view = {"approval": view_approval(approval), "accounts": planned, "names": fleet["names"]}
    return [Section("plan", "Plan", "fleet/plan.html.j2", view, approval.planned + approval.waiting)]


def _list_sections(fleet: Mapping[str, t.Any]) -> list[Section]:
    accounts, new, names = fleet["accounts"], fleet["new_criticals"], {"names": fleet["names"]}
    sections = [
        Section("accounts", "Accounts", "fleet/accounts.html.j2", _view_accounts(fleet), len(accounts)),
        Section("frameworks", "Frameworks", "fleet/frameworks.html.j2", _view_frameworks(fleet)),
    ]
    if new:
        listed = {**names, "listed": new[:_MOST_NEW], "more": max(len(new) - _MOST_NEW, 0)}
        sections.append(Section("new", "New critical findings", "fleet/new.html.j2", listed, len(new)))
    most = {**names, "most": _MOST_ACCOUNTS}
    sections.append(Section("controls", "What fails most", "fleet/controls.html.j2", most))
    if fleet["waves"]:
        sections.insert(0, Section("waves", "Waves", "fleet/waves.html.j2", _view_waves(fleet), len(fleet["waves"])))
    if fleet["held_back"]:
        held_back = _view_held_back(fleet)
        count = count_accounts(fleet["held_back"])
        sections.insert(0, Section("held-back", "Changes held back", "fleet/held_back.html.j2", held_back, count))
    absent = len(fleet["failed"]) + len(fleet["missing"])
    if absent:
        sections.insert(0, Section("absent", "Failed and missing", "fleet/absent.html.j2", names, absent))
    return sections


def _view_held_back(fleet: Mapping[str, t.Any]) -> View:
    """View what the stop switch and fleet caps held back, with the first accounts of each."""
    rules = [
        {
            "name": name_rule(held),
            "reason": held["reason"],
            "accounts": held["accounts"][:_MOST_ACCOUNTS],
            "more": max(len(held["accounts"]) - _MOST_ACCOUNTS, 0),
        }
        for held in fleet["held_back"]
    ]
    return {"rules": rules, "names": fleet["names"]}


def _view_waves(fleet: Mapping[str, t.Any]) -> View:
    """View the waves with their states in words."""
    waves = [
        {"wave": wave, "state": name_state(wave), "tone": _TONES.get(wave["state"], "none")} for wave in fleet["waves"]
    ]
    return {"waves": waves, "names": fleet["names"], "reported": {row["account_id"] for row in fleet["accounts"]}}


def _view_accounts(fleet: Mapping[str, t.Any]) -> View:
    """View the accounts by organizational unit; where none is known, in one list."""
    units: dict[str, list[View]] = {}
    is_known = any(account["unit"] for account in fleet["accounts"])
    for account in sorted(fleet["accounts"], key=_rank_worst_first):
        name = (account["unit"] or "No organizational unit known") if is_known else ""
        scores = [(point["created"], point["scores"].get(account["account_id"])) for point in fleet["trend"]]
        units.setdefault(name, []).append({"account": account, "line": _draw_line(scores)})
    severities = (name.capitalize() for name in _SEVERITIES)
    counted = [name for name in _COUNTED if name in _ALWAYS or any(account[name] for account in fleet["accounts"])]
    columns = ("Account", "Score", *severities, *(_COUNTED[name][0] for name in counted))
    return {
        "units": [{"name": name, "accounts": units[name]} for name in sorted(units)],
        "columns": columns,
        "numbers": range(2, len(columns)),
        "counted": [(name, _COUNTED[name][1]) for name in counted],
        "names": fleet["names"],
    }


def _view_frameworks(fleet: Mapping[str, t.Any]) -> View:
    trend = fleet["trend"]
    return {
        "runs": len(trend),
        "frameworks": [
            {
                "score": score,
                "moved": _find_movement([point["frameworks"].get(score["framework"]) for point in trend]),
                "line": _draw_line(
                    [(point["created"], point["frameworks"].get(score["framework"])) for point in trend]
                ),
            }
            for score in fleet["frameworks"]
        ],
    }


def _find_movement(percents: Sequence[t.Optional[float]]) -> t.Optional[float]:
    """Find the points between the last two runs; None if one of them has no score."""
    before, present = ([None, None, *percents])[-2:]
    return None if before is None or present is None else round(present - before, 1)


def _draw_line(scores: Sequence[tuple[str, t.Optional[float]]]) -> t.Optional[View]:
    """Draw the scores of runs as a line from left to right; there is none through fewer than two of them."""
    known = [(created, percent) for created, percent in scores if percent is not None]
    if len(known) < 2:
        return None
    step, height = (_WIDTH - 2 * _MARGIN) / (len(known) - 1), _HEIGHT - 2 * _MARGIN
    places = [
        (f"{_MARGIN + step * number:g}", f"{_MARGIN + height * (100 - percent) / 100:g}")
        for number, (_created, percent) in enumerate(known)
    ]
    return {
        "points": " ".join(f"{x},{y}" for x, y in places),
        "x": places[-1][0],
        "y": places[-1][1],
        "label": "Trend: " + ", ".join(f"{created[:10]} {percent:g}%" for created, percent in known),
    }


def _rank_worst_first(account: Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return (*(-account["summary"][name] for name in _SEVERITIES), account["account_id"])
