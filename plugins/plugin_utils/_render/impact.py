# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What narrowing changes would break, in the HTML report: by change, then by principals that fare alike."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ...module_utils._report.impact_text import OUTCOMES, PARTS, SOURCES, called, counted
from .markup import Content, Markup, element, join
from .page import badge, table

# The tone of an outcome is that of a severity: colours mean the same in the whole page.
_TONES: t.Final = {"will_break": "critical", "may_break": "high", "no_evidence": "medium", "safe": "good"}
# Of these lists more help nobody: report.json has all of them.
_RESOURCES: t.Final = 6
_ACTIONS: t.Final = 12

Item = Mapping[str, t.Any]


def impacts(found: Sequence[Item]) -> Content:
    """The section of the page: a card for each change that was predicted."""
    note = element(
        "p",
        "Changes that narrow access are first held against what was really used. What is not safe is made only where "
        "somebody accepts it by name. Principals that fare alike stand together.",
    )
    return [note, [_impact(document) for document in found]]


def unsafe(found: Iterable[Item]) -> int:
    """For how many principals a change is not safe."""
    return sum(count for document in found for name, count in document["counts"].items() if name != "safe")


def _impact(document: Item) -> Markup:
    tone = _TONES[document["outcome"]]
    head = element(
        "div",
        element("h3", f"If {'; '.join(document['change'])}"),
        badge(document["module"]) if document["module"] else None,
        class_="title",
    )
    return element(
        "div",
        head,
        _share(document["counts"]),
        [_group(group) for group in document["groups"]],
        _skipped(document["skipped"]),
        element("h4", "Evidence"),
        _evidence(document["evidence"]),
        _blind_spots(document),
        class_=f"card impact {tone}",
    )


def _share(counts: Mapping[str, int]) -> Markup:
    """The principals by outcome: as a bar, whose parts are as wide as they are many, and in numbers."""
    present = [name for name in OUTCOMES if counts[name]]
    total = sum(counts.values()) or 1
    bars, place = [], 0.0
    for name in present:
        width = 100 * counts[name] / total
        bars.append(element("rect", x=f"{place:g}", width=f"{width:g}", height=8, class_=_TONES[name]))
        place += width
    shares = element(
        "svg",
        bars,
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        class_="share",
        role="img",
        aria_label=f"Principals: {counted(counts) or 'none'}",
    )
    marks = [badge(f"{counts[name]} {OUTCOMES[name]}", _TONES[name]) for name in present]
    return element("div", shares, element("p", marks, class_="tags"))


def _group(group: Item) -> Markup:
    outcome = group["outcome"]
    summary = element(
        "summary",
        badge(OUTCOMES[outcome], _TONES[outcome]),
        element("span", called(group), class_="heading"),
        element("span", badge("accepted", "accent"), class_="push") if group["accepted"] else None,
    )
    body = element(
        "div",
        _accepted(group["accepted"]),
        _uses(group),
        _list("No evidence", group["no_evidence"]),
        _safe(group),
        _principals(group["principals"]),
        class_="body",
    )
    return element("details", summary, body, class_=f"group {_TONES[outcome]}", open=outcome != "safe")


def _accepted(accepted: t.Optional[Item]) -> t.Optional[Markup]:
    if not accepted:
        return None
    return element("p", element("strong", f"Accepted until {accepted['expires']}: "), accepted["reason"], class_="fix")


def _uses(group: Item) -> list[Content]:
    """The uses that are not safe: what was used, on what, why it breaks, and when it was used."""
    return [
        [element("h4", words.capitalize()), element("ul", [_use(item) for item in group[part]], class_="uses")]
        for part, words in PARTS.items()
        if group[part]
    ]


def _use(item: Item) -> Markup:
    what = element("div", element("strong", item["service"]), ": ", _actions(item), _resources(item["resources"]))
    return element("li", what, element("div", _because(item)), element("div", _when(item), class_="about"))


def _actions(item: Item) -> Content:
    if item["actions"] == ["*"]:
        return "which action is not told"
    return _codes(item["actions"], _ACTIONS)


def _resources(names: Sequence[str]) -> t.Optional[Markup]:
    return element("div", "on ", _codes(names, _RESOURCES), class_="about") if names else None


def _codes(names: Sequence[str], limit: int) -> list[Content]:
    """Names as code, the first of them, and how many more there are."""
    shown = [[", " if place else None, element("code", name)] for place, name in enumerate(names[:limit])]
    more = len(names) - limit
    return [shown, f", … and {more} more" if more > 0 else None]


def _because(item: Item) -> Content:
    lost = element("div", "lost: ", _codes(item["lost"], _ACTIONS), class_="about") if item["lost"] else None
    return join(item["reason"], lost)


def _when(item: Item) -> str:
    calls = f", {item['calls']} call{'s' if item['calls'] > 1 else ''}" if item["calls"] else ""
    return f"last used {item['last'][:10]}{calls}" if item["last"] else f"last use not told{calls}"


def _safe(group: Item) -> list[Markup]:
    parts = (("Safe:", group["safe"]), ("Safe besides:", group["safe_actions"]))
    return [
        element("p", words, [badge(name, "good") for name in names], class_="tags") for words, names in parts if names
    ]


def _principals(arns: Sequence[str]) -> Content:
    items = [element("li", element("code", arn)) for arn in arns]
    return [element("h4", "Principals") if len(arns) > 1 else None, element("ul", items, class_="arns")]


def _list(title: str, texts: Sequence[str]) -> Content:
    items = [element("li", text) for text in texts]
    return [element("h4", title), element("ul", items, class_="spots")] if items else None


def _skipped(skipped: Sequence[Item]) -> Content:
    return _list("Not judged", [f"{item['principal']}: {item['reason']}" for item in skipped])


def _evidence(reads: Iterable[Item]) -> Markup:
    rows = [
        (
            join(SOURCES[read["source"]], element("div", read["place"], class_="about") if read["place"] else None),
            badge("not read", "high") if read["failure"] else f"{read['window_days']} days",
            "" if read["failure"] else read["records"],
            f"{read['principals']} of {read['of']}",
            read["failure"] or read["lag"],
        )
        for read in reads
    ]
    columns = ("Source", "Window", "Records", "Principals", "Lag")
    return table("Evidence of use", columns, rows, numbers=(2, 3))


def _blind_spots(document: Item) -> Markup:
    """What the evidence can't show; open, since it is what the word safe rests on."""
    spots = element("ul", [element("li", text) for text in document["blind_spots"]], class_="spots")
    assumed = document["assumed_unused"]
    taken = [
        element("h4", "Taken to be unused where no resource is told"),
        element("p", _codes(assumed, len(assumed)), class_="about"),
    ]
    summary = element("summary", f"What this can't see ({len(document['blind_spots'])})", class_="plain")
    return element("details", summary, spots, taken if assumed else None, open=True)
