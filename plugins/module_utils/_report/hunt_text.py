# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A hunt as text, for the terminal. Nothing that an intruder chose can forge what a terminal shows."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from .hunt_groups import count_names, group_rows, name_presence
from .plain import printable, wrap_text

_MOST_ROWS: t.Final = 40
_MOST_NODES: t.Final = 20
_MOST_STEPS: t.Final = 10
_MOST_GROUPS: t.Final = 12
_MOST_OF_GROUP: t.Final = 3

Item = Mapping[str, t.Any]


def make_printable(value: t.Any) -> t.Any:
    """The same data, in which every text is on one line and without control characters."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(name): make_printable(inner) for name, inner in value.items()}
    return [make_printable(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def render(document: Item, location: str, *, ascii_only: bool = False) -> str:
    """Render the headline, the suspected events, what was found to persist, and the next steps."""
    lines = [*_render_head(document), *_render_events(document), *_render_persistence(document)]
    steps = [f"{one['from']} → {one['to']}: {one['reason']}" for one in document["unfollowed"]]
    lines += _render_list("Not followed", steps, most=_MOST_STEPS)
    lines += _render_list("Depend on the keys", list(map(describe_dependant, document["dependants"])))
    lines += _render_list("Secrets to change", list(map(describe_secret, document["secrets"])))
    lines += _render_list("Next steps", document["next_steps"])
    if location:
        lines += ["", f"Evidence: {location}"]
    return "\n".join(
        printable(line, ascii_only=ascii_only)
        if not line.startswith(" ")
        else _keep_indent(line, ascii_only=ascii_only)
        for line in lines
    )


def _keep_indent(line: str, *, ascii_only: bool) -> str:
    text = line.lstrip(" ")
    return " " * (len(line) - len(text)) + printable(text, ascii_only=ascii_only)


def _render_head(document: Item) -> Iterator[str]:
    incident = f" of incident {document['incident_id']}" if document["incident_id"] else ""
    where = f" in account {document['account_id']}" if document["account_id"] else ""
    yield f"Hunt{incident}{where}, {document['created']}"
    for sentence in document["headline"]:
        yield from wrap_text(sentence, first="  - ", rest="    ")


def _render_events(document: Item) -> Iterator[str]:
    rows = [row for row in document["timeline"] if row["suspected"] != "no"]
    if not rows:
        return
    yield ""
    yield "Suspected events (UTC)"
    for row in rows[:_MOST_ROWS]:
        failed = f" failed: {row['error_code']}" if row["error_code"] else ""
        doubt = " (uncertain)" if row["suspected"] == "uncertain" else ""
        yield (
            f"  {row['time']} {row['account_id']} {row['region']} {row['event_source'].partition('.')[0]}:"
            f"{row['event_name']} [{row['class']}] by {row['access_key_id'] or row['principal']}{failed}{doubt}"
        )
    if len(rows) > _MOST_ROWS:
        yield f"  … and {len(rows) - _MOST_ROWS} more"


def _render_persistence(document: Item) -> Iterator[str]:
    groups = group_rows(document["persistence"])
    if not groups:
        return
    yield ""
    yield "Left behind, the nearest deadline first"
    for group in groups[:_MOST_GROUPS]:
        counts = ", ".join(f"{count} {word}" for word, count in group.counts.items())
        doubt = f", {group.doubtful} uncertain" if group.doubtful else ""
        yield f"  {group.family} in {group.account_id}: {counts}{doubt}"
        yield from map(_render_left, group.rows[:_MOST_OF_GROUP])
        rest = group.rows[_MOST_OF_GROUP:]
        if rest:
            yield f"    … and {len(rest)} more: {count_names(row['event_name'] or row['target'] for row in rest)}"
    hidden = [row for group in groups[_MOST_GROUPS:] for row in group.rows]
    if hidden:
        yield f"  … and {len(hidden)} more: {count_names(row['family'] for row in hidden)}"


def _render_left(row: Item) -> str:
    undo = row["undo"] or {}
    call = f"; undo: {undo['service']}:{undo['operation']}" if undo else ""
    deadline = f"; until {row['deadline']}" if row["deadline"] else ""
    what = " ".join(filter(None, (row["event_name"], row["target"])))
    return f"    {what} ({name_presence(row)}{deadline}{call})"


def describe_dependant(row: Item) -> str:
    """Describe a workload that depends on a key."""
    owner = f", owner {row['owner']}" if row["owner"] else ""
    if row["kind"] == "calls":
        return (
            f"{row['confidence']}: {row['count']} usual calls by {row['platform']} from {', '.join(row['addresses'])}"
        )
    return f"{row['confidence']}: {row['kind']} {row['resource']} ({row['place']}{owner})"


def describe_secret(row: Item) -> str:
    """Describe a secret that could be read."""
    read = f"was read on {row['last_read']}" if row["used"] else "could be read"
    doubt = " perhaps" if row["readable"] == "maybe" and not row["used"] else ""
    return f"{row['arn']} {read}{doubt}"


def _render_list(title: str, sentences: t.Sequence[str], *, most: int = _MOST_NODES) -> Iterator[str]:
    if not sentences:
        return
    yield ""
    yield title
    for sentence in sentences[:most]:
        yield from wrap_text(printable(sentence), first="  - ", rest="    ")
    if len(sentences) > most:
        yield f"  … and {len(sentences) - most} more"
