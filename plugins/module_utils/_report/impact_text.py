# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The impact of a change as text: for the terminal."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping, Sequence

from .plain import listed, printable, wrapped

Lines = list[str]
Show = Callable[[object], str]
Item = Mapping[str, t.Any]

_OUTCOMES: t.Final = {
    "will_break": "WILL BREAK",
    "may_break": "MAY BREAK",
    "no_evidence": "NO EVIDENCE",
    "safe": "SAFE",
}
_PARTS: t.Final = {
    "will_break": "will break",
    "may_break": "may break",
    "unknown_context": "may break, as conditions are not known",
}
_SOURCES: t.Final = {
    "trail": "trail files",
    "last_accessed": "service last accessed",
    "event_history": "event history",
}
_NAMES: t.Final = 12


def render(document: Mapping[str, t.Any], *, ascii_only: bool = False) -> str:
    """The impact as text of at most 100 columns.

    :arg ascii_only: nothing but ASCII, for terminals that garble the rest.
    """
    show = functools.partial(printable, ascii_only=ascii_only)
    sections = [
        _header(document, show),
        *(_group(group, show) for group in document["groups"]),
        _skipped(document["skipped"], show),
        _evidence(document, show),
        _blind_spots(document, show),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _header(document: Mapping[str, t.Any], show: Show) -> Lines:
    account = document["account_id"] + (f" ({document['account_alias']})" if document["account_alias"] else "")
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in document["counts"].items() if count)
    return [
        "PREDICTED IMPACT",
        *wrapped(f"Account {show(account)}, {document['created']}"),
        *(line for text in document["change"] for line in wrapped(f"If {show(text)}", rest="  ")),
        *wrapped(f"Principals: {counts or 'none'}"),
    ]


def _group(group: Item, show: Show) -> Lines:
    kind = group["kind"] + ("s" if group["count"] > 1 else "")
    lines = wrapped(f"{group['count']} {kind}: {show(group['name'])}: {_OUTCOMES[group['outcome']]}", rest="    ")
    if group["accepted"]:
        accepted = group["accepted"]
        lines += wrapped(f"accepted until {accepted['expires']}: {show(accepted['reason'])}", first="  ", rest="    ")
    for part, title in _PARTS.items():
        if group[part]:
            lines.append(f"  {title}:")
            lines += [line for item in group[part] for line in _item(item, show)]
    if group["no_evidence"]:
        lines.append("  no evidence:")
        lines += [line for text in group["no_evidence"] for line in wrapped(show(text), first="    ", rest="      ")]
    if group["safe"]:
        lines += wrapped(f"safe for {show(', '.join(group['safe']))}", first="  ", rest="    ")
    if group["safe_actions"]:
        names = listed(group["safe_actions"], _NAMES)
        lines += wrapped(f"safe besides: {show(names)}", first="  ", rest="    ")
    return lines


def _item(item: Item, show: Show) -> Lines:
    used = [f"{item['calls']} call{'s' if item['calls'] > 1 else ''}"] if item["calls"] else []
    used += [f"last {item['last'][:10]}"] if item["last"] else []
    actions = "used, which action is not told" if item["actions"] == ["*"] else listed(item["actions"], _NAMES)
    told = f"{item['service']}: {actions}" + (f" ({', '.join(used)})" if used else "")
    lines = wrapped(show(told), first="    ", rest="      ")
    if item["resources"]:
        lines += wrapped(f"on {show(listed(item['resources'], 3))}", first="      ", rest="        ")
    return lines + wrapped(show(item["reason"]), first="      ", rest="      ")


def _skipped(skipped: Sequence[Item], show: Show) -> Lines:
    return [
        line
        for item in skipped
        for line in wrapped(f"not judged: {show(item['principal'])}: {show(item['reason'])}", rest="    ")
    ]


def _evidence(document: Mapping[str, t.Any], show: Show) -> Lines:
    lines = ["Evidence"]
    for read in document["evidence"]:
        name = _SOURCES[read["source"]]
        place = f" ({read['place']})" if read["place"] else ""
        whom = f"{read['principals']} of {read['of']} principals"
        told = f"{name}{place}: NOT READ for {whom}: {read['failure']}"
        if not read["failure"]:
            told = f"{name}{place}: {read['window_days']} days, {read['records']} records, {whom}, lag {read['lag']}"
        lines += wrapped(show(told), first="  ", rest="    ")
    return lines if len(lines) > 1 else []


def _blind_spots(document: Mapping[str, t.Any], show: Show) -> Lines:
    spots = [*document["blind_spots"]]
    if document["assumed_unused"]:
        spots.append(f"taken to be unused where the resource is not told: {', '.join(document['assumed_unused'])}")
    return ["What this can't see", *(line for text in spots for line in wrapped(show(text), first="  - ", rest="    "))]
