# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the HTML pages of an account and of a fleet have in common: the frame, and the parts both are built from."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ...module_utils._converge.finding import Severity
from ...module_utils._report.grouping import FRAMEWORKS
from .markup import Content, Markup, element, join
from .script import SCRIPT
from .style import STYLE
from .text import moved

_SHIELD = Markup(
    '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round"'
    ' aria-hidden="true">'
    '<path d="M12 2.5 4 5.5v6c0 5 3.4 8.6 8 10 4.6-1.4 8-5 8-10v-6z"/>'
    '<path d="m8.5 12 2.5 2.5 4.5-5" stroke-linecap="round"/></svg>'
)

_STATUS_TONES = {
    "FAIL": "critical",
    "NOT_ASSESSED": "medium",
    "WAIVED": "accent",
    "PASS": "good",
    "NOT_APPLICABLE": "none",
}

#: How the states of changes look.
STATE_TONES: t.Final = {"applied": "good", "planned": "accent", "reported": "none", "refused": "high"}


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a page that the navigation leads to; ``count`` stands beside its name."""

    id: str
    name: str
    content: Content
    count: t.Optional[int] = None

    def render(self) -> Markup:
        return element("section", element("h2", self.name), self.content, id=self.id)


def page(*, title: str, subtitle: str, lead: Content, sections: Sequence[Section], footer: str) -> str:
    """A page that needs nothing but itself: its policy lets the browser load nothing, and run only our script."""
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src 'sha256-{_digest(STYLE)}'",
            f"script-src 'sha256-{_digest(SCRIPT)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        Markup(f"<style>{STYLE}</style>"),
    )
    top = element(
        "header",
        _SHIELD,
        element("span", element("strong", "hardening.iam"), f" · {subtitle}"),
        element("button", "Theme", type="button", id="theme", class_="button", hidden=True),
        class_="bar",
    )
    main = element("main", lead, _navigation(sections), [section.render() for section in sections], id="main")
    body = element(
        "body",
        element("a", "Skip to the content", href="#main", class_="skip"),
        element("div", top, main, element("footer", footer), class_="page"),
        Markup(f"<script>{SCRIPT}</script>"),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


@functools.cache
def _digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _navigation(sections: Iterable[Section]) -> Markup:
    items = []
    for section in sections:
        count = None if section.count is None else element("small", section.count)
        items.append(element("li", element("a", section.name, count, href=f"#{section.id}")))
    return element("nav", element("ul", items), class_="nav", aria_label="Sections")


def badge(text: Content, tone: str = "none", **attributes: t.Union[str, bool, None]) -> Markup:
    return element("span", text, class_=f"badge {tone}", **attributes)


def state_badges(counts: Mapping[str, int]) -> list[Markup]:
    """How many changes are in which state, each number by itself."""
    return [badge(f"{count} {state}", STATE_TONES[state]) for state, count in counts.items() if count]


def status_badge(status: str, count: t.Optional[int] = None) -> Markup:
    """A status in its colour, and how often it occurs."""
    name = status.replace("_", " ").lower()
    return badge(name if count is None else f"{count} {name}", _STATUS_TONES.get(status, "none"))


def facts(pairs: Iterable[tuple[str, Content]]) -> Markup:
    """Names and values in a row; a pair without a value is left out."""
    items = [element("div", element("dt", name), element("dd", value)) for name, value in pairs if value]
    return element("dl", items, class_="facts")


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Content]],
    *,
    numbers: Sequence[int] = (),
    searchable: bool = False,
) -> Markup:
    """A table whose first column names the row; ``numbers`` are the columns that hold numbers.

    The rows of a ``searchable`` one are what the toolbar of the page filters.
    """
    row_class = "row" if searchable else None
    head = [
        element("th", name, scope="col", class_="number" if at in numbers else None) for at, name in enumerate(columns)
    ]
    body = []
    for row in rows:
        cells = [element("td", cell, class_="number" if at in numbers else None) for at, cell in enumerate(row) if at]
        body.append(element("tr", element("th", row[0], scope="row"), cells, class_=row_class))
    content = element(
        "table",
        element("caption", caption, class_="visually-hidden"),
        element("thead", element("tr", head)),
        element("tbody", body),
    )
    return element(
        "div", content, class_="scroll", tabindex="0", role="region", aria_label=caption, data_rows=searchable
    )


def empty(text: str) -> Markup:
    return element("p", text, class_="card empty")


def donut(percent: t.Optional[t.Union[int, float]], label: str) -> Markup:
    """A ring that is filled to ``percent``; None is an empty ring without a number."""
    value = None
    if percent:
        value = _circle("value", stroke_dasharray=f"{percent} 100", transform="rotate(-90 60 60)")
    number = element("text", "–" if percent is None else f"{percent:g}%", x=60, y=69)
    return element(
        "svg", _circle("track"), value, number, viewBox="0 0 120 120", class_="donut", role="img", aria_label=label
    )


def _circle(kind: str, **attributes: t.Union[str, int]) -> Markup:
    return element(
        "circle", cx=60, cy=60, r=52, fill="none", stroke_width=12, pathLength=100, class_=kind, **attributes
    )


def meter(percent: t.Union[int, float], label: str) -> Markup:
    bars = [
        element("rect", width=100, height=8, rx=4, class_="track"),
        element("rect", width=f"{percent:g}", height=8, rx=4, class_="value"),
    ]
    return element(
        "svg", bars, viewBox="0 0 100 8", preserveAspectRatio="none", class_="meter", role="img", aria_label=label
    )


def score_card(score: t.Optional[Mapping[str, t.Any]], others: Iterable[Mapping[str, t.Any]], basis: Content) -> Markup:
    """The headline score, what it was reckoned from, and the other benchmarks beneath."""
    if score is None:
        return element("div", element("h2", "No score"), element("p", "No benchmark was assessed."), class_="card")
    name = benchmark_name(score["benchmark"])
    shown = "no verdict" if score["percent"] is None else f"{score['percent']:g}%"
    text = element("div", element("h2", name), _since(score), element("p", basis))
    rows = [
        element(
            "li",
            element("span", benchmark_name(other["benchmark"])),
            element("strong", moved(other)),
            title=f"coverage {other['coverage_percent']}%",
        )
        for other in others
    ]
    ring = element("div", donut(score["percent"], f"{name}: {shown}"), text, class_="score")
    return element("div", ring, element("ul", rows, class_="also") if rows else None, class_="card")


def _since(score: Mapping[str, t.Any]) -> t.Optional[Markup]:
    """By how much the run moved a score, where it changed something."""
    before, percent = score.get("percent_before"), score["percent"]
    if before is None or percent is None:
        return None
    points = round(percent - before, 1)
    sign = "+" if points > 0 else "−" if points < 0 else "±"
    tone = "good" if points > 0 else "critical" if points < 0 else "none"
    return element("p", f"{before:g}% before the changes ", badge(f"{sign}{abs(points):g}", tone))


def benchmark_name(benchmark: str) -> str:
    return FRAMEWORKS.get(benchmark, benchmark)


def severity_tallies(summary: Mapping[str, int], links: Mapping[str, str]) -> Markup:
    """Four numbers, each a link to what it counts where there is something to see."""
    tiles = []
    for severity in (item.value for item in Severity):
        count = summary[severity]
        content = join(element("b", count), element("span", severity.capitalize()))
        tone = severity if count else "zero"
        target = links.get(severity) if count else None
        tiles.append(element("a" if target else "div", content, class_=f"tally {tone}", href=target))
    return element("div", tiles, class_="severities")


def toolbar(
    *, unit: str, search: str, severities: Sequence[str], only_new: bool = False, expandable: bool = False
) -> Markup:
    """Search and filters. Without JavaScript there is nothing that they could do, so they are hidden until it runs."""
    chips = [
        element(
            "button",
            severity.capitalize(),
            type="button",
            class_=f"button {severity}",
            data_severity=severity,
            aria_pressed="false",
        )
        for severity in severities
    ]
    field = element(
        "label",
        element("span", search, class_="visually-hidden"),
        element("input", type="search", id="search", placeholder=f"{search} ( / )", autocomplete="off"),
        class_="search",
    )
    buttons = [
        element("button", "New only", type="button", id="only-new", class_="button", aria_pressed="false")
        if only_new
        else None,
        element("button", "Expand all", type="button", id="expand", class_="button", aria_pressed="false")
        if expandable
        else None,
    ]
    severity = element("fieldset", element("legend", "Severity", class_="visually-hidden"), chips) if chips else None
    shown = element("output", id="shown", aria_live="polite")
    return element(
        "form",
        field,
        severity,
        buttons,
        shown,
        id="toolbar",
        class_="toolbar",
        role="search",
        data_unit=unit,
        hidden=True,
    )


def as_json(value: t.Any) -> str:
    """Evidence as people can read it."""
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str)
    )
