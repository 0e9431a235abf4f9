# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The report of a drill, in the terminal and as an HTML page, with the drills before it."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator, Mapping

from ...module_utils._controls.control import plural
from ...module_utils._report.plain import join_names, printable, wrap_text
from . import page
from .page import Section

TITLE: t.Final = "Drill of a containment"
SCHEMA: t.Final = "hardening.iam/drill-report/1"
_HOSTS: t.Final = 5
_NAMES: t.Final = {"key": "access key", "session": "session of its role"}

Item = Mapping[str, t.Any]


def list_problems(report: Item) -> list[str]:
    """List why a drill did not go well. A call that the hunt missed is no reason: events are late."""
    undenied = [f"the {name} was not denied" for key, name in _NAMES.items() if report["seconds"].get(key) is None]
    return [*report["problems"], *undenied]


def render_text(report: Item, *, ascii_only: bool = False) -> str:
    """The report as text."""
    show = functools.partial(printable, ascii_only=ascii_only)
    title = f"{TITLE} in account {show(report['account_id'])}"
    lines = [title, "=" * len(title), *wrap_text(show(f"{report['id']}, run by {report['person']}"))]
    for name, sentences in _list_parts(report):
        shown = [line for one in sentences for line in wrap_text(show(f"- {one}"), first="  ", rest="    ")]
        lines += ["", f"{name}:", *shown] if shown else []
    return "\n".join(lines)


def render_page(report: Item) -> str:
    """The report as an HTML page."""
    sections = [
        Section(name.lower().replace(" ", "-"), name.capitalize(), "hunt/headline.html.j2", {"sentences": sentences})
        for name, sentences in _list_parts(report)
        if sentences
    ]
    return page.render(
        "drill.html.j2",
        title=f"{TITLE}: {report['id']}",
        subtitle=TITLE,
        sections=sections,
        footer=f"Drill {report['id']}. Times are in UTC.",
        report=report,
    )


def _list_parts(report: Item) -> list[tuple[str, list[str]]]:
    return [
        ("NOT ALL ACCOUNTS", list(_describe_left_out(report))),
        ("TIME TO CONTAINMENT", list(_describe_times(report))),
        ("STEPS", [f"{one['step']}: {one['seconds']} seconds" for one in report["steps"]]),
        ("MISSED BY THE HUNT", list(_describe_missed(report))),
        ("PROBLEMS", list_problems(report)),
        ("DRILLS SO FAR", list(map(_describe_former, report["trend"]))),
    ]


def _describe_left_out(report: Item) -> Iterator[str]:
    if report["left_out"]:
        hosts = join_names(report["left_out"], _HOSTS)
        yield f"this run did not see {plural(len(report['left_out']), 'hosts')} of the inventory: {hosts}"
        yield "so the drill does not show how long a containment takes, and it is not compared with others"


def _describe_times(report: Item) -> Iterator[str]:
    total = report["seconds_to_containment"]
    yield f"{total} seconds until nothing worked any more" if total is not None else "NOT CONTAINED"
    for key, name in _NAMES.items():
        seconds = report["seconds"].get(key)
        yield f"{name}: {'still worked at the end' if seconds is None else f'denied after {seconds} seconds'}"


def _describe_missed(report: Item) -> Iterator[str]:
    missed = report["missed"]
    if not report["is_hunted"]:
        yield "there was no hunt, so nothing is known"
        return
    later = "; events are late, so hunt again in an hour" if missed else ""
    yield f"{len(missed)} of {len(report['found']) + len(missed)} kinds of calls{later}"
    yield from (f"{one['operation']} by {one['key_id']}" for one in missed)


def _describe_former(one: Item) -> str:
    seconds, missed = one["seconds_to_containment"], one["missed"]
    said = "not contained" if seconds is None else f"{seconds} seconds"
    return f"{one['began']}: {said}, {'unknown' if missed is None else missed} missed"
