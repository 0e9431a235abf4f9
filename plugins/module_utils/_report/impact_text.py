# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The impact of a change as text: by itself for the terminal, and in short for the report of an account."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping, Sequence

from .plain import listed, printable, wrapped

Lines = list[str]
Show = Callable[[object], str]
Item = Mapping[str, t.Any]

#: What may become of a principal, the worst first.
OUTCOMES: t.Final = {
    "will_break": "will break",
    "may_break": "may break",
    "no_evidence": "no evidence",
    "safe": "safe",
}
#: The lists of uses that are not safe.
PARTS: t.Final = {
    "will_break": "will break",
    "may_break": "may break",
    "unknown_context": "may break, as conditions are not known",
}
SOURCES: t.Final = {
    "trail": "trail files",
    "last_accessed": "service last accessed",
    "event_history": "event history",
}
_NAMES: t.Final = 12
# So many groups of principals are told in the report, the worst first.
_GROUPS: t.Final = 20


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


def brief(document: Mapping[str, t.Any], show: Show) -> Lines:
    """The impact in a paragraph for each group of principals; the HTML report and ``report.json`` have all of it."""
    change = "; ".join(document["change"])
    lines = wrapped(f"If {show(change)}: {counted(document['counts']) or 'nobody is touched'}", first="  ", rest="    ")
    for group in document["groups"][:_GROUPS]:
        lines += wrapped(show(_brief_group(group)), first="  - ", rest="    ")
    if len(document["groups"]) > _GROUPS:
        lines.append(f"  - {len(document['groups']) - _GROUPS} more groups are in the other formats of this report")
    for item in document["skipped"]:
        lines += wrapped(f"not judged: {show(item['principal'])}: {show(item['reason'])}", first="  - ", rest="    ")
    read = [
        f"{SOURCES[item['source']]} ({item['window_days']} days)"
        for item in document["evidence"]
        if not item["failure"]
    ]
    return [*lines, *wrapped(f"Evidence: {', '.join(dict.fromkeys(read)) or 'none'}", first="  ", rest="    ")]


def counted(counts: Mapping[str, int]) -> str:
    """How many principals have which outcome, in words."""
    return ", ".join(f"{counts[name]} {words}" for name, words in OUTCOMES.items() if counts[name])


def called(group: Item) -> str:
    """The principals of a group: how many of what, and their names."""
    kind = group["kind"] + ("s" if group["count"] > 1 else "")
    return f"{group['count']} {kind}: {listed(group['name'].split(', '), _NAMES)}"


def used(item: Item) -> str:
    """The actions of uses that fare alike, how often and when last."""
    told = [f"{item['calls']} call{'s' if item['calls'] > 1 else ''}"] if item["calls"] else []
    told += [f"last {item['last'][:10]}"] if item["last"] else []
    actions = "used, which action is not told" if item["actions"] == ["*"] else listed(item["actions"], _NAMES)
    return f"{item['service']}: {actions}" + (f" ({', '.join(told)})" if told else "")


def _brief_group(group: Item) -> str:
    uses = [item for part in PARTS for item in group[part]]
    told = [", ".join(group["safe"])] if group["outcome"] == "safe" else []
    for item in uses[:1]:
        place = f" on {listed(item['resources'], 1)}" if item["resources"] else ""
        told.append(f"{used(item)}{place}: {item['reason']}")
    told += group["no_evidence"] if not uses else []
    told += [f"and {len(uses) - 1} more"] if len(uses) > 1 else []
    accepted = group["accepted"]
    told += [f"accepted until {accepted['expires']}: {accepted['reason']}"] if accepted else []
    head = f"{OUTCOMES[group['outcome']].upper()}: {called(group)}"
    return ": ".join(filter(None, (head, "; ".join(filter(None, told)))))


def _header(document: Mapping[str, t.Any], show: Show) -> Lines:
    account = document["account_id"] + (f" ({document['account_alias']})" if document["account_alias"] else "")
    return [
        "PREDICTED IMPACT",
        *wrapped(f"Account {show(account)}, {document['created']}"),
        *(line for text in document["change"] for line in wrapped(f"If {show(text)}", rest="  ")),
        *wrapped(f"Principals: {counted(document['counts']) or 'none'}"),
    ]


def _group(group: Item, show: Show) -> Lines:
    kind = group["kind"] + ("s" if group["count"] > 1 else "")
    outcome = OUTCOMES[group["outcome"]].upper()
    lines = wrapped(f"{group['count']} {kind}: {show(group['name'])}: {outcome}", rest="    ")
    if group["accepted"]:
        accepted = group["accepted"]
        lines += wrapped(f"accepted until {accepted['expires']}: {show(accepted['reason'])}", first="  ", rest="    ")
    for part, title in PARTS.items():
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
    lines = wrapped(show(used(item)), first="    ", rest="      ")
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
        name = SOURCES[read["source"]]
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
