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

from .plain import join_names, printable, wrap_text

Lines = list[str]
Show = Callable[[object], str]
Item = Mapping[str, t.Any]

#: The outcomes for a principal, the worst first.
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
    "unknown_context": "may break, because conditions are not known",
}
SOURCES: t.Final = {
    "trail": "trail files",
    "last_accessed": "service last accessed",
    "event_history": "event history",
}
_NAMES: t.Final = 12
# So many groups of principals are in the report, the worst first.
_GROUPS: t.Final = 20


def render(document: Mapping[str, t.Any], *, ascii_only: bool = False) -> str:
    """The impact as text of at most 100 columns.

    :arg ascii_only: nothing but ASCII, for terminals that garble the rest.
    """
    show = functools.partial(printable, ascii_only=ascii_only)
    sections = [
        _format_header(document, show),
        *(_format_group(group, show) for group in document["groups"]),
        _format_skipped(document["skipped"], show),
        _format_evidence(document, show),
        _format_blind_spots(document, show),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def brief(document: Mapping[str, t.Any], show: Show) -> Lines:
    """The impact in a paragraph for each group of principals; the HTML report and ``report.json`` have all of it."""
    change = "; ".join(document["change"])
    lines = wrap_text(
        f"If {show(change)}: {format_counts(document['counts']) or 'nobody is affected'}", first="  ", rest="    "
    )
    for group in document["groups"][:_GROUPS]:
        lines += wrap_text(show(_format_brief_group(group)), first="  - ", rest="    ")
    if len(document["groups"]) > _GROUPS:
        lines.append(f"  - {len(document['groups']) - _GROUPS} more groups are in the other formats of this report")
    for item in document["skipped"]:
        lines += wrap_text(f"not judged: {show(item['principal'])}: {show(item['reason'])}", first="  - ", rest="    ")
    read = [
        f"{SOURCES[item['source']]} ({item['window_days']} days)"
        for item in document["evidence"]
        if not item["failure"]
    ]
    return [*lines, *wrap_text(f"Evidence: {', '.join(dict.fromkeys(read)) or 'none'}", first="  ", rest="    ")]


def format_counts(counts: Mapping[str, int]) -> str:
    """Format how many principals have which outcome."""
    return ", ".join(f"{counts[name]} {words}" for name, words in OUTCOMES.items() if counts[name])


def describe_group(group: Item) -> str:
    """Describe the principals of a group: number, kind and names."""
    kind = group["kind"] + ("s" if group["count"] > 1 else "")
    return f"{group['count']} {kind}: {join_names(group['name'].split(', '), _NAMES)}"


def describe_use(item: Item) -> str:
    """Describe uses with the same outcome: the actions, how often and when last."""
    details = [f"{item['calls']} call{'s' if item['calls'] > 1 else ''}"] if item["calls"] else []
    details += [f"last {item['last'][:10]}"] if item["last"] else []
    actions = "used, action not recorded" if item["actions"] == ["*"] else join_names(item["actions"], _NAMES)
    return f"{item['service']}: {actions}" + (f" ({', '.join(details)})" if details else "")


def _format_brief_group(group: Item) -> str:
    uses = [item for part in PARTS for item in group[part]]
    details = [", ".join(group["safe"])] if group["outcome"] == "safe" else []
    for item in uses[:1]:
        place = f" on {join_names(item['resources'], 1)}" if item["resources"] else ""
        details.append(f"{describe_use(item)}{place}: {item['reason']}")
    details += group["no_evidence"] if not uses else []
    details += [f"and {len(uses) - 1} more"] if len(uses) > 1 else []
    accepted = group["accepted"]
    details += [f"accepted until {accepted['expires']}: {accepted['reason']}"] if accepted else []
    head = f"{OUTCOMES[group['outcome']].upper()}: {describe_group(group)}"
    return ": ".join(filter(None, (head, "; ".join(filter(None, details)))))


def _format_header(document: Mapping[str, t.Any], show: Show) -> Lines:
    account = document["account_id"] + (f" ({document['account_alias']})" if document["account_alias"] else "")
    return [
        "PREDICTED IMPACT",
        *wrap_text(f"Account {show(account)}, {document['created']}"),
        *(line for text in document["change"] for line in wrap_text(f"If {show(text)}", rest="  ")),
        *wrap_text(f"Principals: {format_counts(document['counts']) or 'none'}"),
    ]


def _format_group(group: Item, show: Show) -> Lines:
    kind = group["kind"] + ("s" if group["count"] > 1 else "")
    outcome = OUTCOMES[group["outcome"]].upper()
    lines = wrap_text(f"{group['count']} {kind}: {show(group['name'])}: {outcome}", rest="    ")
    if group["accepted"]:
        accepted = group["accepted"]
        lines += wrap_text(f"accepted until {accepted['expires']}: {show(accepted['reason'])}", first="  ", rest="    ")
    for part, title in PARTS.items():
        if group[part]:
            lines.append(f"  {title}:")
            lines += [line for item in group[part] for line in _format_item(item, show)]
    if group["no_evidence"]:
        lines.append("  no evidence:")
        lines += [line for text in group["no_evidence"] for line in wrap_text(show(text), first="    ", rest="      ")]
    if group["safe"]:
        lines += wrap_text(f"safe for {show(', '.join(group['safe']))}", first="  ", rest="    ")
    if group["safe_actions"]:
        names = join_names(group["safe_actions"], _NAMES)
        lines += wrap_text(f"safe besides: {show(names)}", first="  ", rest="    ")
    return lines


def _format_item(item: Item, show: Show) -> Lines:
    lines = wrap_text(show(describe_use(item)), first="    ", rest="      ")
    if item["resources"]:
        lines += wrap_text(f"on {show(join_names(item['resources'], 3))}", first="      ", rest="        ")
    return lines + wrap_text(show(item["reason"]), first="      ", rest="      ")


def _format_skipped(skipped: Sequence[Item], show: Show) -> Lines:
    return [
        line
        for item in skipped
        for line in wrap_text(f"not judged: {show(item['principal'])}: {show(item['reason'])}", rest="    ")
    ]


def _format_evidence(document: Mapping[str, t.Any], show: Show) -> Lines:
    lines = ["Evidence"]
    for read in document["evidence"]:
        name = SOURCES[read["source"]]
        place = f" ({read['place']})" if read["place"] else ""
        whom = f"{read['principals']} of {read['of']} principals"
        line = f"{name}{place}: NOT READ for {whom}: {read['failure']}"
        if not read["failure"]:
            line = f"{name}{place}: {read['window_days']} days, {read['records']} records, {whom}, lag {read['lag']}"
        lines += wrap_text(show(line), first="  ", rest="    ")
    return lines if len(lines) > 1 else []


def _format_blind_spots(document: Mapping[str, t.Any], show: Show) -> Lines:
    spots = [*document["blind_spots"]]
    if document["assumed_unused"]:
        spots.append(f"counted as unused if no resource is recorded: {', '.join(document['assumed_unused'])}")
    return [
        "Limits of the evidence",
        *(line for text in spots for line in wrap_text(show(text), first="  - ", rest="    ")),
    ]
