# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""New policies of principals as text: for the terminal, and as Markdown for a pull request."""

from __future__ import annotations

import functools
import json
import re
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence

from .plain import join_names, printable, wrap_text

Document = Mapping[str, t.Any]
Item = Mapping[str, t.Any]
Lines = list[str]
Show = Callable[[object], str]

#: The outcomes for a principal, in the order in which they are shown.
OUTCOMES: t.Final = {
    "proved": "new policies, proved",
    "unproven": "new policies, not proved",
    "does_not_fit": "does not fit the limits",
    "no_evidence": "no evidence",
    "refused": "refused",
}
_COUNTED: t.Final = {**OUTCOMES, "proved": "proved", "unproven": "not proved", "does_not_fit": "do not fit the limits"}
_COLUMNS: t.Final = ("Actions", "Privileged", "Paths", "Unknown")
_NAMES: t.Final = 6
_SENSITIVE: t.Final = 30
_WIDTH: t.Final = 80
_SOURCES: t.Final = {"access_analyzer": "Access Analyzer", "security_hub": "Security Hub"}
_PROVED: t.Final = ("lost", "beyond", "unproven")
# Characters that mean something in Markdown or in the HTML that it may hold.
_MARKUP: t.Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def render(document: Document, *, ascii_only: bool = False) -> str:
    """The document in short, as text of at most 80 columns besides long names. The files have the rest."""
    show = functools.partial(printable, ascii_only=ascii_only)
    account = document["account_id"] + (f" ({document['account_alias']})" if document["account_alias"] else "")
    lines = ["LEAST PRIVILEGE", *_wrap(f"Account {show(account)}, {document['created']}")]
    lines += _wrap(f"Principals: {format_counts(document['counts']) or 'none'}")
    # The principals of an account share their evidence.
    for text in dict.fromkeys(describe_window(item) for item in document["principals"]):
        lines += _wrap(f"Evidence: {show(text)}")
    for outcome, words in OUTCOMES.items():
        found = [item for item in document["principals"] if item["outcome"] == outcome]
        if found:
            lines += ["", f"{words.upper()}:", *_format_principals(found, show)]
    notes = [f"skipped: {item['principal']}: {item['reason']}" for item in document["skipped"]]
    notes += [f"not read: {text}" for text in document["unread"]]
    notes += [f"warning: {text}" for text in _list_common_warnings(document["principals"])]
    if notes:
        lines += ["", *(line for text in notes for line in _wrap(show(text)))]
    return "\n".join(lines) + "\n"


def _wrap(text: str, *, first: str = "", rest: str = "  ") -> Lines:
    return wrap_text(text, first=first, rest=rest, width=_WIDTH)


def _list_common_warnings(principals: Sequence[Item]) -> list[str]:
    """The warnings that all principals have: they are about the evidence."""
    found = [text for item in principals for text in item["warnings"]]
    return [text for text in dict.fromkeys(found) if found.count(text) == len(principals)]


def format_counts(counts: Mapping[str, int]) -> str:
    """Format how many principals have which outcome."""
    return ", ".join(f"{counts[name]} {words}" for name, words in _COUNTED.items() if counts.get(name))


def describe_totals(item: Item) -> list[str]:
    """Describe actions, privileged actions and escalation paths before and after, with denominators."""
    totals = item["totals"]
    names = {"granted": "actions", "privileged": "privileged actions", "paths": "escalation paths"}
    found = []
    for name, words in names.items():
        numbers = totals[name]
        if numbers is not None:
            found.append(f"{words} {numbers['before']:,} before, {numbers['after']:,} after")
    if totals["unknown"]["all"]:
        found.append(f"{totals['unknown']['all']:,} kept because they are unknown")
    return found


def describe_window(item: Item) -> str:
    """Describe the evidence: days, events, files and the status of services."""
    coverage = item["coverage"]
    if not coverage["since"]:
        return "no event was read"
    counts = ", ".join(f"{len(names)} {status}" for status, names in coverage["services"].items() if names)
    files = f", {coverage['files_read']} files" if coverage["files_read"] else ""
    broken = f", {coverage['files_broken']} broken" if coverage["files_broken"] else ""
    period = f"{coverage['since'][:10]} to {coverage['until'][:10]}"
    return f"{period}, {coverage['events']:,} events{files}{broken}; services: {counts or 'none'}"


def describe_proofs(proofs: Sequence[Item]) -> list[str]:
    """Describe the proofs of a principal, or of the members of a group: what was checked, and what speaks against."""
    if not proofs:
        return ["there is nothing to prove"]
    return [text for proof in proofs for text in _describe_proof(proof, is_one=len(proofs) == 1)]


def _describe_proof(proof: Item, *, is_one: bool) -> Iterator[str]:
    who = "" if is_one else f"{proof['principal']}: "
    counts = proof["counts"]
    yield (
        f"{who}{proof['recorded']:,} recorded uses, {len(proof['lost']):,} lost; {len(proof['beyond']):,} permissions "
        f"beyond the old ones; {len(proof['unproven']):,} not proved; "
        f"{counts['probes']:,} probes, {counts['probes_failed']:,} failed"
    )
    for part, words in (("lost", "lost"), ("beyond", "beyond the old policies"), ("unproven", "not proved")):
        for entry in proof[part][:_NAMES]:
            yield f"{who}{words}: {entry['action']} on {entry['resource']}: {entry['why']}"
        if len(proof[part]) > _NAMES:
            yield f"{who}{words}: {len(proof[part]) - _NAMES} more"


def describe_opinions(item: Item) -> list[str]:
    """Describe the word of AWS beside the result: its recommendations, and its check for new access."""
    lines: list[str] = []
    for opinion in item["second_opinion"]:
        name = _SOURCES.get(opinion["source"], opinion["source"])
        if opinion["status"] != "compared":
            lines.append(f"{name}: {opinion['reason']}")
            continue
        lines.append(f"{name} agrees on {opinion['agree']:,} actions")
        for part, words in (("aws_would_also_remove", "would also remove"), ("aws_would_keep", "would keep")):
            names = [entry["action"] for entry in opinion[part]]
            if names:
                lines.append(f"{name} {words} {join_names(names, _SENSITIVE)}")
        lines += [f"{name}: {note}" for note in opinion["notes"]]
    if item["new_access"]:
        check = item["new_access"]
        lines.append("; ".join([f"Access Analyzer's check for new access: {check['result']}", *check["reasons"]]))
    return lines


def _format_principals(items: Sequence[Item], show: Show) -> Iterator[str]:
    """Principals of one outcome: a table of those with new policies, and the reasons of the others."""
    numbered = [(item, [show(cell) for cell in _list_numbers(item)]) for item in items if item["documents"]]
    rows = [list(_COLUMNS), *(cells for _item, cells in numbered)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    if numbered:
        yield _format_row(_COLUMNS, widths, "Principal")
    for item, cells in numbered:
        yield _format_row(cells, widths, show(_name(item)))
        for text in _list_notes(item):
            yield from _wrap(show(text), first="      ", rest="        ")
    for item in items:
        if not item["documents"]:
            yield from _wrap(show(f"{_name(item)}: {item['reason']}"), first="  - ", rest="    ")


def _name(item: Item) -> str:
    if item["permission_set"]:
        return f"permission set {item['permission_set']}"
    return str(item["principal"].rpartition(":")[2])


def _list_numbers(item: Item) -> list[str]:
    """The cells of a principal. Of documents that a person wrote nothing is counted."""
    totals = item["totals"]
    pairs = [totals[name] for name in ("granted", "privileged", "paths")]
    cells = [f"{pair['before']:,} → {pair['after']:,}" if pair else "-" for pair in pairs]
    if not totals["granted"]["before"]:
        cells[:2] = ["-", "-"]
    return [*cells, f"{totals['unknown']['all']:,}"]


def _format_row(cells: Sequence[str], widths: Sequence[int], name: str) -> str:
    return "  ".join(["", *(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), name])


def _list_notes(item: Item) -> Iterator[str]:
    """What a person has to know of new policies before anybody uses them."""
    for proof in item["proofs"]:
        if not proof["is_proved"]:
            yield from _describe_proof(proof, is_one=True)
    yield from describe_opinions(item)
    yield from (f"accept to use it: {text}" for text in dict.fromkeys(one["pattern"] for one in _list_open(item)))
    yield from (f"policy {one['name']}: {issue}" for one in item["documents"] for issue in one["issues"])


def count_removed(item: Item) -> int:
    """Count the actions that are no longer granted."""
    return sum(len(one["actions"]) for one in item["removed"])


def _list_open(item: Item) -> list[Item]:
    return [one for one in item["generalised"] if one["needs_acceptance"]]


# The report of an account

# So many sentences of one principal are in the report; the files have all of them.
_MOST: t.Final = 40


def condense(item: Item, files: Sequence[str]) -> dict[str, t.Any]:
    """One principal for the report of the account: numbers and sentences; ``files`` are the places of the rest."""
    totals = item["totals"]
    return {
        **{name: item[name] for name in ("principal", "kind", "permission_set", "outcome", "reason")},
        "policies": [{name: one[name] for name in ("name", "size", "limit")} for one in item["documents"]],
        "granted": totals["granted"],
        "used": sum(one["reason"] == "used" for one in item["kept"]),
        "privileged": totals["privileged"],
        "paths": totals["paths"],
        "removed": count_removed(item),
        "unknown": totals["unknown"]["all"],
        "losses": list(item["losses"][:_MOST]),
        "evidence": describe_window(item),
        "proof": describe_proofs(item["proofs"])[:_MOST],
        "accept": [f"{one['pattern']}: {one['why']}" for one in _list_open(item)][:_MOST],
        "opinions": describe_opinions(item)[:_MOST],
        "warnings": list(item["warnings"][:_MOST]),
        "files": list(files),
    }


# AWS has about 22,000 actions.
_LARGEST: t.Final = 10**9
_CONDENSED_TEXTS: t.Final = ("principal", "kind", "outcome", "reason", "evidence")
_CONDENSED_NUMBERS: t.Final = ("used", "removed", "unknown")
_CONDENSED_LINES: t.Final = ("losses", "proof", "accept", "warnings", "files")


def is_condensed(item: Item) -> bool:
    """Whether an entry of a part has the form that :func:`condense` makes: others may write to the report directory."""
    return (
        all(isinstance(item.get(name), str) for name in _CONDENSED_TEXTS)
        and item["outcome"] in OUTCOMES
        and isinstance(item.get("permission_set"), (str, type(None)))
        and isinstance(item.get("policies"), (list, tuple))
        and all(_is_count(item.get(name)) for name in _CONDENSED_NUMBERS)
        and all(_is_pair(item.get(name)) for name in ("granted", "privileged"))
        and (item.get("paths") is None or _is_pair(item["paths"]))
        and all(_is_list_of_texts(item.get(name)) for name in _CONDENSED_LINES)
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= _LARGEST


def _is_pair(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_count(value.get(name)) for name in ("before", "after"))


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


def brief(item: Item, show: Show) -> Lines:
    """One principal in the text report."""
    numbers = f"{item['granted']['before']:,} actions granted, {item['used']:,} used"
    if item["policies"]:
        numbers += f", {item['removed']:,} can be removed, {item['unknown']:,} unknown"
        privileged = item["privileged"]
        numbers += f"; privileged {privileged['before']:,} to {privileged['after']:,}"
    else:
        numbers = item["reason"]
    name = f"permission set {item['permission_set']}" if item["permission_set"] else item["principal"]
    lines = wrap_text(show(f"{name}: {OUTCOMES[item['outcome']]}: {numbers}"), first="  - ", rest="    ")
    for text in item["losses"][:3]:
        lines += wrap_text(show(text), first="      ", rest="        ")
    return lines


# Markdown


def render_markdown(document: Document, item: Item) -> str:
    """One principal for a pull request: what changes, what the team can no longer do, the lists and the proof."""
    lines = [
        f"# Least privilege for {_plain(item['principal'])}",
        "",
        # Without the time of the run: the same evidence gives the same text.
        f"Account {_plain(document['account_id'])}. {OUTCOMES[item['outcome']].capitalize()}.",
        "",
    ]
    if item["permission_set"]:
        lines += [f"IAM Identity Center manages this role. Change permission set {_plain(item['permission_set'])}.", ""]
    if item["reason"]:
        lines += [f"{_plain(item['reason'])}.", ""]
    if item["documents"]:
        lines += _write_changes(item)
    lines += ["## Evidence", "", f"{_plain(describe_window(item))}.", ""]
    lines += _bullets([*item["coverage"]["notes"], *item["warnings"]])
    if item["documents"]:
        lines += ["## Proof", "", *_bullets(describe_proofs(item["proofs"]))]
        opinions = _bullets(describe_opinions(item))
        lines += ["## AWS beside this", "", *opinions] if opinions else []
        for one in item["documents"]:
            lines += [f"## Policy {_plain(one['name'])}", "", *_fence(one["document"])]
    return "\n".join(lines).rstrip("\n") + "\n"


def _write_changes(item: Item) -> Lines:
    lines = ["## Numbers", "", *_bullets(describe_totals(item))]
    lines += ["## You can no longer do this", "", *_bullets(item["losses"] or ["Nothing is lost."])]
    lines += _table("Kept", ("Action", "Resources", "Reason"), [_row(one, one["why"]) for one in item["kept"]])
    rows = [_row(one, f"{one['why']}. To settle it: {one['settled_by'] or 'ask the owner'}") for one in item["unknown"]]
    lines += _table("Unknown, kept", ("Action", "Resources", "Reason"), rows)
    removed = [
        (f"{one['service']}: {join_names(one['sensitive'], _SENSITIVE)}", one["why"])
        for one in item["removed"]
        if one["sensitive"]
    ]
    lines += _table("Removed, sensitive", ("Action", "Reason"), removed)
    accept = [(one["pattern"], one["why"]) for one in _list_open(item)]
    return [*lines, *_table("Accept to use", ("Pattern", "Reason"), accept)]


def _row(item: Item, why: str) -> tuple[str, str, str]:
    return item["action"], join_names(item["resources"], _NAMES), why


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Lines:
    if not rows:
        return []
    lines = [f"## {title}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    return [*lines, *(f"| {' | '.join(map(_plain, row))} |" for row in rows), ""]


def _bullets(texts: Sequence[str]) -> Lines:
    return [*(f"- {_plain(text)}" for text in texts), ""] if texts else []


def _plain(text: object) -> str:
    """A text in which nothing is Markdown or HTML, on one line: names of policies and resources may be hostile."""
    return _MARKUP.sub(r"\\\1", printable(text))


def _fence(value: t.Any) -> Lines:
    """A document as a block of code. Its texts hold no line break, so that none of its lines can end the block."""
    return ["```json", *json.dumps(value, indent=2).splitlines(), "```", ""]
