# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A simulation as a comment for a pull request, in Markdown.

Names of accounts and principals, and messages, are written by others. They are put into code spans, where Markdown,
HTML, mentions and links have no effect.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...module_utils._report.plain import printable
from .totals import COUNTS, count, describe

#: GitHub refuses a comment of more than 65,536 characters.
LONGEST: t.Final = 60_000
_ROWS: t.Final = 50
_LONGEST_CELL: t.Final = 200
_WORDS: t.Final = {"will_break": "would break", "may_break": "may break", "no_evidence": "no evidence"}
_NONE: t.Final = "–"

Document = Mapping[str, t.Any]


def render(document: Document) -> str:
    """The comment. It names at most so many rows of a table, and says how many more there are."""
    subject = "This declaration" if not document["compared"] else "This change of the declaration"
    sections = [
        ["## IAM simulation", "", f"**{subject} {describe(document)}.**"],
        _list_removed(document),
        _list_counts(document),
        _list_kinds(document),
        _list_breakage(document),
        _list_accounts(document),
        _list_problems(document),
        _list_estimates(document),
        ["Nothing was called or changed. The numbers are those of the snapshots, at the time of each snapshot."],
    ]
    text = "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"
    if len(text) <= LONGEST:
        return text
    return (
        text[: text.rfind("\n", 0, LONGEST)] + "\n\nThe comment is cut off here. The JSON of the simulation has all.\n"
    )


def code(value: object) -> str:
    """Foreign text as a code span that it can't leave, in a cell of a table too."""
    text = printable(value)
    short = text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"
    clean = short.replace("`", "'").replace("\\", "/").replace("|", "¦").strip()
    return f"`{clean}`" if clean else _NONE


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    shown = list(rows)
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *shown[:_ROWS])]
    return lines + (["", f"… and {count(len(shown) - _ROWS, 'more row')}"] if len(shown) > _ROWS else [])


def _list_removed(document: Document) -> list[str]:
    names = document.get("no_longer_declared", ())
    more = f", … and {len(names) - _ROWS} more" if len(names) > _ROWS else ""
    return [f"No longer declared: {', '.join(map(code, names[:_ROWS]))}{more}"] if names else []


def _list_counts(document: Document) -> list[str]:
    counts, now = document["counts"], document["counts_now"]
    if now is None:
        return _table(("Changes", "Number"), ((state, str(counts[name])) for state, name in COUNTS.items()))
    rows = ((state, str(now[name]), str(counts[name])) for state, name in COUNTS.items())
    return _table(("Changes", "Now", "With this change"), rows)


def _list_kinds(document: Document) -> list[str]:
    columns = ("added", "removed") if document["compared"] else ("planned", "reported")
    rows = [
        (code(name), *(str(counts.get(column, 0)) for column in columns))
        for name, counts in document["kinds"].items()
        if any(counts.get(column) for column in columns)
    ]
    return ["### Changes by kind", "", *_table(("Operation", *columns), rows)] if rows else []


def _list_breakage(document: Document) -> list[str]:
    rows = [
        (
            code(item["account_id"]),
            code(item["principal"]),
            _WORDS.get(item["outcome"], code(item["outcome"])),
            "accepted" if item["accepted"] else "refused",
            ", ".join(map(code, item["evidence"])) or "none",
        )
        for item in document["breaks"]
    ]
    head = ("Account", "Principal", "Prediction", "Then", "Evidence")
    return ["### Predicted breakage", "", *_table(head, rows)] if rows else []


def _list_accounts(document: Document) -> list[str]:
    rows = [
        (code(row["host"]), code(row["account_id"]), *(str(number) for number in row["counts"].values()))
        for row in document["rows"]
        if row.get("changed")
    ]
    head = ("Host", "Account", "Planned", "If approved", "Reported", "Refused")
    return ["### Accounts with changes", "", *_table(head, rows)] if rows else []


def _list_problems(document: Document) -> list[str]:
    rows = [
        (code(row["host"]), code(row["account_id"]), problem)
        for row in document["rows"]
        for problem in _find_problems(row)
    ]
    return ["### Not known", "", *_table(("Host", "Account", "Reason"), rows)] if rows else []


def _find_problems(row: Document) -> Iterator[str]:
    if row["state"] != "simulated":
        yield code(row["reason"])
    for role, missed in row.get("unknown", {}).items():
        yield f"{code(role)} needs what was not read: {code(', '.join(missed))}"
    for role, message in row.get("failed", {}).items():
        yield f"{code(role)} fails: {code(message)}"


def _list_estimates(document: Document) -> list[str]:
    costs, duration = document["costs"], document["duration"]
    more = "" if costs["is_complete"] else ", without what can't be counted beforehand"
    minutes = max(1, round(duration["seconds"] / 60))
    return [
        "### Estimates of a run with this declaration",
        "",
        f"* Cost of the planned changes: {costs['a_month']:.2f} {costs['currency']} a month{more} "
        f"(prices of {costs['as_of']})",
        f"* API calls: {document['calls']:,}",
        f"* Duration: about {count(minutes, 'minute')} with {count(duration['forks'], 'fork')}",
    ]
