# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes of a run in the HTML report, its refusals and its costs."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import typing as t
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from ...module_utils._converge.affects.affected import describe_affected
from ...module_utils._report.grouping import Refusals, aliases_of, problem_of, refusal_groups, resource_name
from ...module_utils._report.plain import as_json
from ...module_utils._report.plan_lines import Line, list_marks
from ...module_utils._report.sentences import describe_change
from ...module_utils._report.states import REFUSED, STATES, count_changes, state_of
from .text import describe_cost

# Lines of a difference that stay beside what differs, and lines that are shown before the rest is folded.
_CONTEXT: t.Final = 3
_SHOWN: t.Final = 60
# As many changes of a state are open at first.
_OPEN: t.Final = 8

_MARKS: t.Final[Mapping[str, str]] = {"add": "+ ", "del": "- "}

View = dict[str, t.Any]
Difference = tuple[t.Optional[str], str]


@dataclasses.dataclass(frozen=True)
class Entry:
    """A change of the run under the id that it has in the page; ``refusal`` is what holds it back, if anything does."""

    id: str
    change: Mapping[str, t.Any]
    state: str
    refusal: t.Optional[Mapping[str, t.Any]] = None

    @property
    def module(self) -> str:
        return str(self.change.get("module") or (self.refusal or {}).get("module") or "")

    @property
    def patch(self) -> str:
        """The change as a snippet for the owner of its target; empty if the owner's template is not known."""
        return str((self.refusal or {}).get("patch") or "")

    @property
    def sentence(self) -> str:
        """The change as a sentence about the account."""
        return describe_change(self.change)

    @property
    def difference(self) -> list[Difference]:
        """Line by line, each with its kind: ``add``, ``del``, or None for a line that stays."""
        return list(compare(self.change["before"], self.change["after"]))

    @property
    def affects(self) -> str:
        """The principals whose access it changes; empty where a report of an older version does not say."""
        affects = self.change.get("affects")
        return "" if affects is None else describe_affected(affects, most=10)


def list_changes(report: Mapping[str, t.Any]) -> list[Entry]:
    """The changes of the run, and those that guards hold back: they can be approved, so people have to see them."""
    shown = [(change, state_of(change), None) for change in report["changes"]]
    shown += [(item["change"], REFUSED, item) for item in report["refused"] if item.get("change")]
    return [Entry(f"change-{number}", *values) for number, values in enumerate(shown, start=1)]


def list_refusals(report: Mapping[str, t.Any]) -> list[tuple[str, Refusals]]:
    """The refusals by reason, each with its id in the page."""
    return [(f"refusal-{number}", group) for number, group in enumerate(refusal_groups(report["refused"]), start=1)]


def name_findings(report: Mapping[str, t.Any]) -> dict[str, str]:
    """The findings that a change can remedy, in words by fingerprint."""
    aliases = aliases_of(report)
    return {
        item["fingerprint"]: f"{problem_of(item, report)}: {resource_name(item, aliases)}"
        for item in report["findings"]
        if item["status"] in ("FAIL", "WAIVED")
    }


def view_changes(report: Mapping[str, t.Any], entries: Sequence[Entry], planned: Collection[str] = ()) -> View:
    """View the changes of the run by state, the refusals of its guards, and the charges of AWS.

    :arg planned: the ids of the entries that the plan shows, a section of its own.
    """
    findings = name_findings(report)
    others = [entry for entry in entries if entry.id not in planned]
    counts = Counter(entry.state for entry in entries if entry.id in planned)
    return {
        "states": [view for state in STATES if (view := _view_state(state, others, findings))],
        "in_plan": [(state, counts[state]) for state in STATES if counts[state]],
        "counts": count_changes(report),
        "refusals": list_refusals(report),
        "costs": [{"cost": cost, "state": state_of(cost), "units": describe_cost(cost)} for cost in report["costs"]],
    }


def _view_state(state: str, entries: Sequence[Entry], findings: Mapping[str, str]) -> t.Optional[View]:
    own = sorted((entry for entry in entries if entry.state == state), key=lambda entry: entry.module)
    if not own:
        return None
    return {
        "state": state,
        "count": len(own),
        "is_open": len(own) <= _OPEN,
        "modules": [
            {"module": module, "changes": [view_change(entry, findings) for entry in same]}
            for module, same in itertools.groupby(own, key=lambda entry: entry.module)
        ],
    }


def view_change(entry: Entry, findings: Mapping[str, str], line: t.Optional[Line] = None) -> View:
    """View one change; ``line`` is what the plan says of it."""
    lines = entry.difference
    return {
        "entry": entry,
        "line": line,
        "marks": list_marks(line) if line else [] if entry.change["reversible"] else ["can't be undone"],
        "difference": lines[:_SHOWN],
        "rest": lines[_SHOWN:],
        "remedies": [(key, findings[key]) for key in entry.change["remedies"] if key in findings],
    }


def compare(before: t.Any, after: t.Any) -> Iterator[Difference]:
    """Compare two values line by line, and leave out lines far from any difference."""
    old = [] if before is None else as_json(before).splitlines()
    new = [] if after is None else as_json(after).splitlines()
    for number, group in enumerate(difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT)):
        if number:
            yield None, "…"
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from _mark(None, old[start:end])
            else:
                yield from _mark("del", old[start:end])
                yield from _mark("add", new[new_start:new_end])


def _mark(kind: t.Optional[str], lines: Sequence[str]) -> Iterator[Difference]:
    for line in lines:
        yield kind, f"{_MARKS.get(kind or '', '  ')}{line}"
