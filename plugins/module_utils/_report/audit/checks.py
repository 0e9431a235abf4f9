# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The lines of an audit sheet, each with its own check, and the one headline that follows from all of them.

Every line starts as "not verified". Its own check clears it, and says what it was held against. A line without a check
stays as it is.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..._controls.control import plural
from ..plain import join_names
from .state import State

Document = Mapping[str, t.Any]
# So many names are given in a sentence.
_NAMES: t.Final = 4
NOTHING: t.Final = "Nothing was found that does not fit."
_MADE: t.Final = ("applied", "unknown")


@dataclasses.dataclass(frozen=True)
class Line:
    """One line: what is checked, and against what. ``fact`` is what was found; empty before the check has cleared it.

    ``doubts`` are why it is not verified, ``faults`` what does not fit; both are sentences.
    """

    name: str
    title: str
    against: str = ""
    fact: str = ""
    doubts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        if self.faults:
            return State.ATTENTION
        return State.VERIFIED if self.fact and not self.doubts else State.NOT_VERIFIED

    def as_dict(self) -> dict[str, t.Any]:
        doubts = self.doubts or (() if self.fact else ("it was not checked",))
        named = {"name": self.name, "title": self.title, "state": self.state.value, "against": self.against}
        fact = self.fact if self.state is State.VERIFIED else ""
        return {**named, "fact": fact, "doubts": list(doubts), "faults": list(self.faults)}


@dataclasses.dataclass(frozen=True)
class Headline:
    """The verdict on all lines, in one state and one sentence."""

    state: State
    text: str


def judge(lines: Sequence[Line]) -> Headline:
    """Judge a sheet by all of its lines. This is the only place where a headline is made.

    It is verified only if every line of :data:`LINES` is there, once, and cleared.
    """
    faults = [line for line in lines if line.state is State.ATTENTION]
    open_titles = [line.title for line in lines if line.state is State.NOT_VERIFIED]
    is_whole = [line.name for line in lines] == [name for name, _title, _check in LINES]
    more = f"Not verified: {', '.join(open_titles)}." if open_titles else ""
    if faults:
        text = f"Something does not fit: {', '.join(line.title for line in faults)}."
        return Headline(State.ATTENTION, f"{text} {more}".strip())
    if open_titles or not is_whole:
        return Headline(State.NOT_VERIFIED, more or "Not verified: lines are missing.")
    return Headline(State.VERIFIED, f"{NOTHING} All {len(lines)} lines are verified.")


def check(document: Document) -> tuple[Line, ...]:
    """Check each line of a sheet."""
    return tuple(dataclasses.replace(run(document), name=name, title=title) for name, title, run in LINES)


def _name_jobs(rows: Iterable[Document]) -> str:
    return join_names([str(row["job"] or "unknown") for row in rows], _NAMES)


def _is_unchanged(document: Document) -> bool:
    """Whether the run is known to have changed nothing."""
    accounts = document["accounts"]
    made = any(change["outcome"] in _MADE for account in accounts for change in account["changes"])
    is_known = all(account["counts"] is not None and not account["journal"] for account in accounts)
    return is_known and not made and not any(account["counts"]["applied"] for account in accounts)


def _against_jobs(document: Document) -> str:
    return f"the records of {plural(len(document['requests']), 'jobs')} in {document['journal']}"


def _check_person(document: Document, name: str) -> Line:
    """Whether all records of each job name one and the same person."""
    rows = document["requests"]
    unknown = [row for row in rows if not row[name] or name in row["incomplete"]]
    several = [row for row in rows if name in row["conflicting"]]
    word = "requester" if name == "author" else "approver"
    doubts = [f"The {word} of the job {_name_jobs([row])} is unknown." for row in unknown[:_NAMES]]
    if not rows:
        doubts.append("There is no record of who ran this.")
    faults = tuple(f"Records of the job {_name_jobs([row])} name several: {row[name]}." for row in several)
    named = ", ".join(sorted({str(row[name]) for row in rows if row[name]}))
    return Line("", "", _against_jobs(document), named, tuple(doubts), faults)


def _check_requester(document: Document) -> Line:
    return _check_person(document, "author")


def _check_approver(document: Document) -> Line:
    """The approver has to be known, and somebody else than the requester. A run that changed nothing needs none."""
    same = tuple(
        f"{row['author']} requested the run and approved it." for row in document["requests"] if row["approved_own"]
    )
    line = _check_person(document, "approver")
    if _is_unchanged(document) and not same and not line.faults:
        return Line("", "", _against_jobs(document), "nothing was changed, so nothing had to be approved")
    return dataclasses.replace(line, faults=(*same, *line.faults))


def _check_declaration(document: Document) -> Line:
    """The commit of the declaration, in the reports and in the records of the jobs."""
    in_reports = {str((account["run"] or {}).get("declaration_commit") or "") for account in document["accounts"]}
    in_jobs = {str(row["commit"] or "") for row in document["requests"] if row["job"] or row["commit"]}
    known = sorted((in_reports | in_jobs) - {""})
    doubts: list[str] = []
    if "" in in_reports or not in_reports:
        doubts.append("The commit of the declaration is not in every report.")
    if "" in in_jobs or any("commit" in row["incomplete"] for row in document["requests"]):
        doubts.append("The commit of the declaration is not in every record of a job.")
    faults = (f"Reports and jobs name several commits: {join_names(known, _NAMES)}.",) if len(known) > 1 else ()
    against = f"the reports of {plural(len(document['accounts']), 'accounts')}, and {_against_jobs(document)}"
    return Line("", "", against, ", ".join(known), tuple(doubts), faults)


def _check_plan(document: Document) -> Line:
    against = f"the plans in {document['reports']} and the changes in {document['journal']}"
    if _is_unchanged(document):
        return Line("", "", against, "nothing was changed, so no plan had to be approved")
    found: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    hashes = set()
    for account in document["accounts"]:
        for plan in account["plans"]:
            hashes.add(plan["plan_sha256"])
            if plan["state"] != State.VERIFIED:
                found[plan["state"], plan["reason"]].append(account["account_id"])
    doubts, faults = _split(found)
    fact = join_names([f"{name[:16]}…" for name in sorted(hashes)], _NAMES) if hashes else ""
    return Line("", "", against, fact, doubts, faults)


def _split(found: Mapping[tuple[str, str], Sequence[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences on what is not verified, and on what does not fit, each with its accounts."""

    def say(state: State) -> Iterator[str]:
        for (one, reason), accounts in found.items():
            if one == state:
                yield f"{_begin(reason)}: {join_names(list(dict.fromkeys(accounts)), _NAMES)}."

    return tuple(say(State.NOT_VERIFIED)), tuple(say(State.ATTENTION))


def _begin(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _check_journal(document: Document) -> Line:
    """Whether the journal was read whole, and agrees with the reports."""
    accounts = document["accounts"]
    problems = [account["account_id"] for account in accounts if account["problems"]]
    conflicts = [account["account_id"] for account in accounts if account["conflicts"]]
    missing = [account["account_id"] for account in accounts if account["run"] is None]
    unknown = {a["account_id"]: n for a in accounts if (n := sum(c["outcome"] == "unknown" for c in a["changes"]))}
    doubts: list[str] = []
    if problems:
        doubts.append(f"Records or reports can't be used, see below: {join_names(problems, _NAMES)}.")
    if missing:
        doubts.append(f"There is no report of the run to compare with: {join_names(missing, _NAMES)}.")
    if unknown:
        doubts.append(f"{_count(unknown, 'change has', 'changes have')} no known outcome: {_join(unknown)}.")
    faults: tuple[str, ...] = ()
    if conflicts:
        faults = (f"Records and reports do not fit, see below: {join_names(conflicts, _NAMES)}.",)
    total = sum(len(account["changes"]) for account in accounts)
    return Line(
        "", "", f"the reports in {document['reports']}", plural(total, "recorded changes"), tuple(doubts), faults
    )


def _count(counts: Mapping[str, int], one: str, several: str) -> str:
    total = sum(counts.values())
    return f"{total} {one if total == 1 else several}"


def _join(counts: Mapping[str, int]) -> str:
    return join_names(list(counts), _NAMES)


def _against_events(document: Document) -> str:
    read = [account["trail"]["read_at"] for account in document["accounts"] if account["trail"].get("read_at")]
    when = f", read from {min(read)} to {max(read)}" if read else ""
    return f"the events of CloudTrail kept in {document['events']}{when}"


def _check_events(document: Document) -> Line:
    """Whether each change has its event: by AWS's id of the request, the account and the identity."""
    found: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    total = 0
    for account in document["accounts"]:
        for change in account["changes"]:
            total += change["event"] is not None
            if change["state"] != State.VERIFIED:
                found[change["state"], change["lack"]].append(account["account_id"])
    numbered = {(state, f"{plural(len(ids), 'changes')}: {reason}"): ids for (state, reason), ids in found.items()}
    doubts, faults = _split(numbered)
    return Line("", "", _against_events(document), f"{plural(total, 'events')} of changes", doubts, faults)


def _check_calls(document: Document) -> Line:
    """Whether CloudTrail has calls of the run that no record explains. Absence needs a history that is complete."""
    found: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    strange: dict[str, int] = {}
    possible: dict[str, int] = {}
    for account in document["accounts"]:
        if account["trail"]["reason"]:
            reason = f"the event history is not complete: {account['trail']['reason']}"
            found[State.NOT_VERIFIED, reason].append(account["account_id"])
        open_calls = [event for event in account["unrecorded"] if event["run_id"] is None]
        for counts, calls in (
            (possible, [event for event in open_calls if event["possible"]]),
            (strange, [event for event in open_calls if not event["possible"]]),
        ):
            if calls:
                counts[account["account_id"]] = len(calls)
    doubts, _none = _split(found)
    if possible:
        what = _count(possible, "call", "calls")
        doubts = (*doubts, f"{what} may be of changes whose records have no id of a request: {_join(possible)}.")
    faults = (f"{_count(strange, 'call is', 'calls are')} not in the journal: {_join(strange)}.",) if strange else ()
    return Line("", "", _against_events(document), "no further call of the run", doubts, faults)


def _check_leases(document: Document) -> Line:
    """Whether each change was sent before its lease ended: by AWS's time of its event."""
    late: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for account in document["accounts"]:
        made = [change for change in account["changes"] if change["outcome"] in _MADE]
        open_ones = [one for one in made if one["lease"] is None or one["state"] != State.VERIFIED]
        for counts, number in ((late, sum(one["late"] for one in made)), (unknown, len(open_ones))):
            if number:
                counts[account["account_id"]] = number
    doubts: tuple[str, ...] = ()
    if unknown:
        what = _count(unknown, "change has", "changes have")
        doubts = (f"{what} no lease in the record, or no verified event: {_join(unknown)}.",)
    faults: tuple[str, ...] = ()
    if late:
        what = _count(late, "change was sent after its lease", "changes were sent after their lease")
        faults = (f"{what} ended: {_join(late)}.",)
    fact = "each change was sent before its lease ended"
    return Line("", "", _against_events(document), fact, doubts, faults)


def _check_population(document: Document) -> Line:
    population = document["population"]
    source = population["source"]
    faults: list[str] = []
    if population["failed"]:
        names = [failure["account_id"] or failure["host"] or "unknown" for failure in population["failed"]]
        faults.append(f"Failed accounts: {join_names(names, _NAMES)}.")
    if population["missing"]:
        faults.append(f"Accounts without a report of the run: {join_names(population['missing'], _NAMES)}.")
    doubts: tuple[str, ...] = ()
    if source is None:
        doubts = ("No report on all accounts of the run is kept. It is unknown which accounts are missing.",)
    elif not population["is_in_manifest"]:
        doubts = (f"No manifest of the run names {source}, from which the accounts are known.",)
    against = f"{source}, which the manifest of the run names" if source else ""
    return Line("", "", against, plural(len(document["accounts"]), "accounts"), doubts, tuple(faults))


def _check_manifest(document: Document) -> Line:
    manifest = document["manifest"]
    files, own = manifest["files"], manifest["of_run"]
    faults, doubts = list(manifest["problems"]), list(manifest["doubts"])
    if files["changed"]:
        faults.append(f"Files were changed after their manifest was written: {join_names(files['changed'], _NAMES)}.")
    if files["missing"]:
        faults.append(f"Files of the manifest are missing: {join_names(files['missing'], _NAMES)}.")
    if own is None:
        doubts.append("No manifest of this run is kept, so its files can't be checked.")
    against = f"the hashes in {plural(manifest['count'], 'manifests')} in {document['reports']}"
    fact = f"{plural(files['intact'], 'files')} as in manifest {own['number']}" if own else ""
    return Line("", "", against, fact, tuple(doubts), tuple(faults))


LINES: t.Final[tuple[tuple[str, str, Callable[[Document], Line]], ...]] = (
    ("requester", "Requester", _check_requester),
    ("approver", "Approver", _check_approver),
    ("declaration", "Commit of the declaration", _check_declaration),
    ("plan", "Approved plan", _check_plan),
    ("journal", "Journal and reports", _check_journal),
    ("events", "Events of the changes", _check_events),
    ("calls", "Calls without a record", _check_calls),
    ("leases", "Leases", _check_leases),
    ("population", "Population", _check_population),
    ("manifest", "Manifests", _check_manifest),
)
