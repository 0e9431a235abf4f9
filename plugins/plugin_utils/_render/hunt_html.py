# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``timeline.html``: the time line of a hunt with its graph. An intruder chose much of its text, so all is escaped."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...module_utils._report.hunt_groups import PRESENT, group_rows, name_presence
from ...module_utils._report.hunt_text import describe_dependant, describe_secret
from . import page
from .hunt_graph import view_graph
from .page import Section

TITLE: t.Final = "Hunt for a credential"
Item = Mapping[str, t.Any]
View = dict[str, t.Any]

_TONES: t.Final = {"yes": "critical", "uncertain": "medium", "no": "good"}
_WORDS: t.Final = {"yes": "suspected", "uncertain": "uncertain", "no": "not suspected"}
_COVERAGE: t.Final = {"complete": "good", "partial": "medium", "denied": "critical"}
_PRESENT: t.Final = {PRESENT["true"]: "critical", PRESENT["unknown"]: "medium", PRESENT["false"]: "good"}
#: So many rows are read without unfolding anything.
_MOST_OPEN: t.Final = 25
#: Of more rows, so many of each group are read after it was unfolded.
_MOST_OF_GROUP: t.Final = 10
# timeline.jsonl has all events.
_MOST_SUSPECTED: t.Final = 2_000
_MOST_OTHERS: t.Final = 200


def render(document: Item, *, title: str = TITLE) -> str:
    """Render the page of a document."""
    return page.render(
        "hunt.html.j2",
        title=f"{title}: {document['incident_id'] or document['run_id']}",
        subtitle=title,
        sections=_list_sections(document),
        footer=f"Run {document['run_id']}. Times are in UTC. No verdict is certain.",
        document=document,
    )


def _list_sections(document: Item) -> list[Section]:
    rows = [row for row in document["timeline"] if row["suspected"] != "no"]
    others = [row for row in document["timeline"] if row["suspected"] == "no"]
    words = {"tones": _TONES, "words": _WORDS}
    sections = [
        Section("next", "Next steps", "hunt/headline.html.j2", {"sentences": document["next_steps"]}),
        Section("headline", "Headline", "hunt/headline.html.j2", {"sentences": document["headline"]}),
        Section("graph", "Graph", "hunt/graph.html.j2", view_graph(document), len(document["nodes"])),
        Section("timeline", "Suspected events", "hunt/timeline.html.j2", _view_rows(rows, _MOST_SUSPECTED), len(rows)),
    ]
    if document["persistence"]:
        found = _view_left(document["persistence"])
        count = len(document["persistence"])
        sections.append(Section("persistence", "Left behind", "hunt/persistence.html.j2", found, count))
    if document["unfollowed"]:
        unfollowed = {"rows": document["unfollowed"], "most": _MOST_OPEN}
        sections.append(
            Section("unfollowed", "Not followed", "hunt/unfollowed.html.j2", unfollowed, len(document["unfollowed"]))
        )
    for name, title, describe in (
        ("dependants", "Depend on the keys", describe_dependant),
        ("secrets", "Secrets to change", describe_secret),
    ):
        if document[name]:
            sentences = {"sentences": list(map(describe, document[name]))}
            sections.append(Section(name, title, "hunt/headline.html.j2", sentences, len(document[name])))
    sections += [
        Section("usual", "Other events", "hunt/timeline.html.j2", _view_rows(others, _MOST_OTHERS), len(others)),
        Section("coverage", "Coverage", "hunt/coverage.html.j2", _view_coverage(document)),
    ]
    for section in sections:
        t.cast(View, section.view).update(words)
    return sections


def _view_rows(rows: t.Sequence[Item], most: int) -> View:
    """The first rows of suspected events, and the last of others: these are nearest to the intrusion."""
    shown = rows[:most] if most == _MOST_SUSPECTED else rows[-most:]
    return {"rows": shown, "hidden": len(rows) - len(shown)}


def _view_left(rows: t.Sequence[Item]) -> View:
    """The rows by family and account. Many groups are folded, and so are the later rows of a large one."""
    groups = group_rows(rows)
    shown = [
        {
            "group": group,
            "is_open": bool(group.deadline) or len(rows) <= _MOST_OPEN,
            "tone": next(tone for word, tone in _PRESENT.items() if word in group.counts),
            "rows": [{"row": row, "present": name_presence(row)} for row in group.rows],
        }
        for group in groups
    ]
    most = _MOST_OPEN if len(rows) <= _MOST_OPEN else _MOST_OF_GROUP
    return {"groups": shown, "present": _PRESENT, "most": most}


def _view_coverage(document: Item) -> View:
    rows = [
        {"account_id": account_id, "region": region, "coverage": coverage, "tone": _COVERAGE[coverage]}
        for account_id, regions in sorted(document["coverage"].items())
        for region, coverage in sorted(regions.items())
    ]
    reasons: dict[tuple[str, str], list[str]] = {}
    for item in document["coverage_reasons"]:
        reasons.setdefault((item["account_id"], item["region"]), []).append(item["reason"])
    return {"rows": [{**row, "reasons": reasons.get((row["account_id"], row["region"]), [])} for row in rows]}
