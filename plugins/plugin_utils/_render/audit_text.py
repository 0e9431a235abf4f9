# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``sheet.txt``: the audit sheet of a run as text."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator, Mapping

from ...module_utils._controls.control import plural
from ...module_utils._report.plain import printable, wrap_text
from .audit_html import OUTCOMES, STATES, TITLE, count_states, has_entry, is_undone, list_refusals, list_unrecorded
from .text import Lines, Show, name_mode

_UNKNOWN: t.Final = "unknown"
# So many lines of a section are shown on a terminal.
_SHOWN: t.Final = 20
_LINES_SHOWN: t.Final = 40

Sheet = Mapping[str, t.Any]


def render(sheet: Sheet, *, ascii_only: bool = False) -> str:
    """The sheet as text of at most 100 columns."""
    show = functools.partial(printable, ascii_only=ascii_only)
    sections = [
        _render_header(sheet, show),
        _title("VERIFICATION:", list(_render_lines(sheet, show))),
        _title("REQUESTS AND APPROVALS:", _render_requests(sheet, show)),
        _title("POPULATION:", _render_population(sheet, show)),
        _title("CHANGES:", list(_render_changes(sheet, show))),
        _title("REFUSED:", _render_refused(sheet, show)),
        _title("NOT IN THE JOURNAL:", _render_unrecorded(sheet, show)),
        _title("MANIFESTS:", _render_manifest(sheet, show)),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def render_summary(sheet: Sheet, *, location: str, ascii_only: bool = False) -> str:
    """The start of the sheet for a terminal, with the place of the page. The page has the rest, which may be long."""
    show = functools.partial(printable, ascii_only=ascii_only)
    lines = list(_render_lines(sheet, show))
    more = max(0, len(lines) - _LINES_SHOWN)
    sections = [
        _render_header(sheet, show),
        _title("VERIFICATION:", [*lines[:_LINES_SHOWN], *([f"  ... and {more} more lines"] if more else [])]),
        _title("REQUESTS AND APPROVALS:", _render_requests(sheet, show)[:_SHOWN]),
        [f"Page: {show(location)}"],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _title(title: str, lines: Lines) -> Lines:
    return [title, *lines] if lines else []


def _item(text: str, show: Show, *, depth: int = 1) -> Lines:
    margin = "  " * depth
    return wrap_text(f"- {show(text)}", first=margin, rest=f"{margin}  ")


def _render_header(sheet: Sheet, show: Show) -> Lines:
    run = sheet["run"]
    heading = show(f"{TITLE}: run {sheet['run_id']}")
    modes = ", ".join(map(name_mode, run["modes"])) or _UNKNOWN
    counts = ", ".join(f"{number} {words}" for number, words, _tone in count_states(sheet) if number)
    return [
        heading,
        "=" * len(heading),
        show(f"From {run['started'] or _UNKNOWN} to {run['finished'] or _UNKNOWN} ({modes})"),
        show(f"Declaration: {', '.join(run['commits']) or _UNKNOWN}"),
        show(counts),
        *wrap_text(show(sheet["headline"]["text"])),
    ]


def _render_lines(sheet: Sheet, show: Show) -> Iterator[str]:
    for line in sorted(sheet["lines"], key=lambda line: list(STATES).index(line["state"])):
        text = " ".join([*line["faults"], *line["doubts"]]) or line["fact"]
        words = STATES[line["state"]][0]
        yield from _item(f"{words}: {line['title']}: {text}", show)
        yield from wrap_text(show(f"against {line['against'] or 'nothing'}"), first="      ", rest="      ")


def _render_requests(sheet: Sheet, show: Show) -> Lines:
    if not sheet["requests"]:
        return ["  unknown: the journal has no record of who ran this"]
    lines: Lines = []
    for request in sheet["requests"]:
        said = {name: request[name] or _UNKNOWN for name in ("author", "approver", "job")}
        text = f"requested by {said['author']}, approved by {said['approver']}, job {said['job']}"
        text += f", ticket {request['change_ticket'] or 'none'}, approved plan {request['approved_plan'] or 'none'}"
        text += f": {plural(request['accounts'], 'accounts')}"
        lines += _item(f"{text}; the same person requested and approved" if request["approved_own"] else text, show)
    return lines


def _render_population(sheet: Sheet, show: Show) -> Lines:
    population = sheet["population"]
    source = f"from {population['source']}" if population["source"] else "from the places of files; the rest is unknown"
    lines = _item(f"{plural(len(sheet['accounts']), 'accounts')}, {source}", show)
    for failure in population["failed"]:
        lines += _item(f"{failure['account_id'] or failure['host'] or _UNKNOWN} failed: {failure['message']}", show)
    for account_id in population["missing"]:
        lines += _item(f"{account_id} has no report of the run", show)
    for account_id in population["not_in_run"]:
        lines += _item(f"{account_id} is in the inventory now, and not in the run", show)
    return lines


def _render_changes(sheet: Sheet, show: Show) -> Iterator[str]:
    for account in sheet["accounts"]:
        if not has_entry(account):
            continue
        name = sheet["population"]["names"].get(account["account_id"], "")
        yield from wrap_text(show(f"{account['account_id']} {name}"), first="  ", rest="    ")
        for problem in (*account["conflicts"], *account["problems"]):
            yield from _item(problem, show, depth=2)
        for change in account["changes"]:
            yield from _render_change(change, show)


def _render_change(change: Mapping[str, t.Any], show: Show) -> Iterator[str]:
    undone = ", undone" if is_undone(change) else ""
    outcome = OUTCOMES.get(change["outcome"], change["outcome"])
    yield from _item(f"{change['sentence']} ({outcome}{undone}, {change['at'] or _UNKNOWN})", show, depth=2)
    for one in change["undone"]:
        yield from _item(f"rollback by run {one['run_id']}: {one['outcome']}", show, depth=3)
    event = change["event"]
    if event:
        late = "; it was sent after its lease had ended" if change["late"] else ""
        yield from _item(f"event {event['id']} at {event['time']} from {event['source_ip']}{late}", show, depth=3)
    if change["lack"]:
        yield from _item(f"CloudTrail, {STATES[change['state']][0]}: {change['lack']}", show, depth=3)
    for record in change["records"]:
        yield from _item(f"{record['sha256']} {record['key']}", show, depth=3)


def _render_refused(sheet: Sheet, show: Show) -> Lines:
    lines: Lines = []
    for account_id, refusal in list_refusals(sheet):
        targets = ", ".join(refusal["targets"])
        lines += _item(f"{account_id}: {targets}: {refusal['reason']} ({refusal['rule']})", show)
    return lines


def _render_unrecorded(sheet: Sheet, show: Show) -> Lines:
    lines: Lines = []
    for account_id, event in list_unrecorded(sheet):
        whose = f"it may be of {event['possible']}" if event["possible"] else "no record explains it"
        whose = f"it is of run {event['run_id']}" if event["run_id"] else whose
        call = f"{event['source']}:{event['name']} at {event['time']} by {event['arn'] or _UNKNOWN}"
        lines += _item(f"{account_id}: {call} from {event['source_ip']} ({event['id']}): {whose}", show)
    return lines


def _render_manifest(sheet: Sheet, show: Show) -> Lines:
    manifest, lines = sheet["manifest"], []
    own, files = manifest["of_run"], manifest["files"]
    if own:
        lines += _item(f"manifest {own['number']} is of this run: {own['sha256']}", show)
        changed, missing = len(files["changed"]), len(files["missing"])
        lines += _item(f"files: {files['intact']} intact, {changed} changed, {missing} missing", show)
    if manifest["is_first"]:
        lines += _item("it is the first manifest, so nothing is known about runs before it", show)
    for text in (*manifest["problems"], *manifest["doubts"], *manifest["notes"]):
        lines += _item(text, show)
    if manifest["count"] and not manifest["problems"]:
        lines += _item(f"the chain of {plural(manifest['count'], 'manifests')} is unbroken", show)
    return lines
