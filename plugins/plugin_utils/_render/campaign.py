# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Campaigns of right-sizing in the HTML report, and the page that each of them has."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ...module_utils._report.campaign_text import DENIED_BY, STAGES, STATES, WAYS, name_page, name_role
from . import page
from .page import Section
from .text import TITLE, describe_analyzer

Item = Mapping[str, t.Any]
View = dict[str, t.Any]

_TONES: t.Final = {
    "refused": "high",
    "lifted": "high",
    "waiting": "medium",
    "due": "accent",
    "soaking": "accent",
    "done": "good",
    "closed": "good",
    "retired": "good",
    "reverted": "none",
}
#: Sentences about all roles in one state.
_ABOUT: t.Final = {
    "refused": "Nothing was done for these roles. The reason is with each role.",
    "lifted": "The trial of these roles has ended. They have their old policies without a boundary.",
    "waiting": "These roles wait for somebody, or for their next stage.",
    "due": "A step is planned for these roles, or was not finished, and the next run goes on.",
    "soaking": "These roles are watched until their days are over.",
    "done": "The last stage of these roles is done.",
    "closed": "Nobody can assume the old roles. They still have their policies.",
    "retired": "These roles are right-sized.",
    "reverted": "What the campaign did to these roles is undone.",
}
_NUMBERS: t.Final = {
    "granted": "Actions",
    "privileged": "Privileged actions",
    "paths": "Escalation paths",
}
_OUTCOMES: t.Final = {"proved": "proved", "unproven": "not proved"}
_UNKNOWN: t.Final = "–"


def view_campaigns(found: Sequence[Item]) -> View:
    """The campaigns of a report, with a link to the page of each."""
    return {"campaigns": [_view_campaign(item) for item in found], "tones": _TONES, "ways": WAYS}


def render_page(report: Item, campaign: Item, *, title: str = TITLE) -> str:
    """The page of one campaign."""
    roles = [_view_role(role, f"role-{number}") for number, role in enumerate(campaign["roles"], 1)]
    return page.render(
        "campaign.html.j2",
        title=f"{title}: right-sizing of {campaign['campaign']}",
        subtitle=title,
        sections=_list_sections(campaign, roles),
        footer=f"{describe_analyzer(report)}, run {report['run']['id']}. Times are in UTC.",
        report=report,
        campaign=campaign,
        shown=_view_campaign(campaign),
        tones=_TONES,
        ways=WAYS,
    )


def render_pages(report: Item, *, title: str = TITLE) -> dict[str, str]:
    """The pages of all campaigns of a report, by the names of their files."""
    return {
        name_page(campaign["campaign"]): render_page(report, campaign, title=title)
        for campaign in report.get("campaigns", ())
    }


def _view_campaign(campaign: Item) -> View:
    """One campaign: how many roles have each stage behind them, and the table of its roles."""
    roles = campaign["roles"]
    order = {state: place for place, state in enumerate(STATES)}
    numbered = [(f"role-{number}", role) for number, role in enumerate(roles, 1)]
    return {
        "item": campaign,
        "page": name_page(campaign["campaign"]),
        "steps": [_count_step(stage, roles) for stage in STAGES],
        "states": [(state, count) for state in STATES if (count := _count(roles, state))],
        "rows": [_make_row(role, anchor) for anchor, role in sorted(numbered, key=lambda one: order[one[1]["state"]])],
    }


def _count(roles: Sequence[Item], state: str) -> int:
    return sum(role["state"] == state for role in roles)


def _count_step(stage: str, roles: Sequence[Item]) -> View:
    """One stage of a campaign: the roles that have come so far."""
    able = [role for role in roles if stage != "canary" or role["canary"]]
    count = sum(_has_done(role, stage) for role in able)
    state = "done" if able and count == len(able) else "begun" if count else "open"
    return {"name": _name_stage(stage), "state": state, "text": f"{count} of {len(able)}"}


def _name_stage(stage: str) -> str:
    return stage.replace("_", " ")


def _has_done(role: Item, stage: str) -> bool:
    is_over = role["state"] == "reverted" or not role["stage"]
    return not is_over and STAGES.index(role["stage"]) >= STAGES.index(stage)


def _make_row(role: Item, anchor: str) -> View:
    denials = role["denials"]
    is_known = denials is not None and denials["failure"] is None
    return {
        "role": role,
        "anchor": anchor,
        "name": name_role(role),
        "stage": _name_stage(role["stage"]) or _UNKNOWN,
        "cells": [
            _pair(role["privileged"]),
            _pair(role["paths"]),
            str(len(denials["new"])) if denials is not None and is_known else _UNKNOWN,
            _days(role["days_left"]),
        ],
    }


def _pair(numbers: Item) -> str:
    before, after = (_number(numbers.get(name)) for name in ("before", "after"))
    return _UNKNOWN if (before, after) == (_UNKNOWN, _UNKNOWN) else f"{before} → {after}"


def _number(value: t.Optional[int]) -> str:
    return _UNKNOWN if value is None else f"{value:,}"


def _days(value: t.Optional[float]) -> str:
    """Days that are left, without a fraction but for the last two."""
    if value is None:
        return _UNKNOWN
    return f"{value:.0f}" if value >= 2 else f"{max(value, 0):.1f}"


def _list_sections(campaign: Item, roles: Sequence[View]) -> list[Section]:
    """A section for each state that a role is in: what needs somebody comes first."""
    sections = []
    for state in STATES:
        found = [role for role in roles if role["item"]["state"] == state]
        if found:
            view = {"roles": found, "about": _ABOUT[state], "tone": _TONES[state]}
            sections.append(Section(f"state-{state}", state.capitalize(), "campaign/roles.html.j2", view, len(found)))
    return sections


def _view_role(role: Item, anchor: str) -> View:
    """One role of a campaign."""
    stages = [stage for stage in STAGES if stage != "canary" or role["canary"]]
    pairs = [(words, role[name]) for name, words in _NUMBERS.items()]
    return {
        "item": role,
        "anchor": anchor,
        "name": name_role(role),
        "way": WAYS.get(role["way"], ""),
        "days": _days(role["days_left"]) if role["days_left"] is not None else "",
        "outcome": _OUTCOMES.get(role["outcome"] or "", role["outcome"]),
        "steps": [_make_step(role, stage) for stage in stages],
        "numbers": [
            (words, _number(pair.get("before")), _number(pair.get("after"))) for words, pair in pairs if _is_known(pair)
        ],
        "consumers": sorted(role["consumers"], key=_order_consumer),
        "unread": [place for place in role["namers_unread"] if place["blocks"]],
        "more_unread": [place["reason"] for place in role["namers_unread"] if not place["blocks"]],
        "denials": _view_denials(role["denials"]),
    }


def _make_step(role: Item, stage: str) -> View:
    return {"name": _name_stage(stage), "state": "done" if _has_done(role, stage) else "open", "text": ""}


def _is_known(pair: Item) -> bool:
    return any(pair.get(name) is not None for name in ("before", "after"))


def _order_consumer(consumer: Item) -> tuple[int, bool, str]:
    """Those that have not moved come first, and machines before people."""
    rank = {False: 0, None: 1, True: 2}[consumer["has_moved"]]
    return rank, not consumer["is_machine"], consumer["resource"]


def _view_denials(denials: t.Optional[Item]) -> t.Optional[View]:
    """New denials: those of what the role had used come first, since these are work that stopped."""
    if denials is None:
        return None
    ordered = sorted(denials["new"], key=lambda item: (not item["used_before"], -item["count"], item["action"]))
    return {"item": denials, "new": [_view_denial(item) for item in ordered]}


def _view_denial(denial: Item) -> View:
    return {
        "item": denial,
        "by": DENIED_BY[denial["by"]],
        "tone": "good" if denial["accepted"] is not None else "high" if denial["used_before"] else "none",
        "diff": [({"+": "add", "-": "del"}.get(line[:1], ""), line) for line in denial["diff"].splitlines()],
    }
