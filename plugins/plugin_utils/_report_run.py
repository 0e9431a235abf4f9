# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The report, composed: what the modules of a run left in the report place in, every format and the exit status out."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from ..module_utils._account.account_id import is_account_id, parse_account_id
from ..module_utils._account.answer import Unknown, Yes
from ..module_utils._converge.errors import InputError
from ..module_utils._converge.finding import mask_key_ids
from ..module_utils._converge.incident.drills import is_drill_id
from ..module_utils._converge.plan import combine_plans, plan_document
from ..module_utils._converge.plans import check_hash, keep_once, keep_plan, keep_run, plan_key, run_key, run_lines
from ..module_utils._converge.store import Store, StoreError
from ..module_utils._module.task import Task, TaskError
from ..module_utils._report import fleet, manifest, manifest_chain
from ..module_utils._report.delta import DELTA_LISTS, count_unaccepted
from ..module_utils._report.document import (
    SCHEMA,
    DocumentError,
    Report,
    check_report,
    complete,
    count_statuses,
    decode,
    encode,
    headline,
    run_report_key,
    to_bytes,
)
from ..module_utils._report.parts import Parts, part_folder, read_parts
from ..module_utils._report.plain import printable
from ..module_utils._report.recorded import add_recorded, find_lost
from ..module_utils._report.sentences import describe_changes
from ..module_utils._report.states import COUNTS, count_changes
from ..module_utils._report.waves import explain_closed, list_not_begun
from ..module_utils._report.workflow import hand_on
from ..module_utils._run_control.release import run as release_lease
from ._containment_report import run as report_containment
from ._render import (
    account_html,
    campaign,
    drill,
    fleet_html,
    fleet_text,
    junit,
    page,
    preflight_text,
    run_text,
    sarif,
    tables,
    text,
)
from ._render.plan_text import render_last_lines
from ._report_plans import RunPlans, Shape, ShownPlan, can_plan, show_account
from ._role_options import load_table
from ._simulation.prices import price_units

_PLAN_TEXT: t.Final = "plan.txt"
_ACCOUNT = re.compile(r"[0-9]{12}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The errors of code that reads a document which others wrote.
_MALFORMED: t.Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, page.MALFORMED)

Result = dict[str, t.Any]


def run(task: Task) -> Result:
    """The core of ``report``: options of :mod:`plugins.modules.report` in, its result out.

    :raises TaskError: there is no assessment of the run to report on, or what is kept of it can't be read.
    """
    try:
        job = _Job.of(task)
        if task.options["scope"] == "preflight":
            return _report_preflight(job, task.options["preflight"])
        if task.options["scope"] == "incident":
            return report_containment(task, job.place.store)
        if task.options["scope"] == "drill":
            return _report_drill(job, task.options["drill"] or {})
        if task.options["scope"] == "fleet":
            return _report_fleet(job)
        result = _report_account(job)
    except (DocumentError, InputError) as error:
        raise TaskError(str(error)) from error
    except _MALFORMED as error:
        # Others can write to the place of reports, and what they leave need not have every member.
        raise TaskError(f"report_dir: the files of this run are malformed: {error!r}") from error
    if task.options["release_lease"]:
        release_lease(task)
    return result


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where the files of a run go, and where they went."""

    store: Store
    written: dict[str, str] = dataclasses.field(default_factory=dict)

    def put(self, name: str, key: str, content: bytes) -> None:
        self.written[name] = self.store.put(key, content)

    def document(self, key: str, *, schema: t.Optional[str] = None) -> t.Optional[dict[str, t.Any]]:
        content = self.store.get(key)
        return None if content is None else decode(content, where=f"{self.store.location}/{key}", schema=schema)


@dataclasses.dataclass(frozen=True)
class _Options:
    """The options of the report: its contents and formats, and the findings that fail the run."""

    formats: tuple[str, ...]
    terminal: str
    title: str
    ascii_only: bool
    reveal_key_ids: bool
    fail_on: str
    failures: tuple[Mapping[str, t.Any], ...]
    expected_accounts: t.Any
    hosts: Mapping[str, str]
    units: Mapping[str, str]
    waves: tuple[Mapping[str, t.Any], ...]
    max_accounts_changed: t.Optional[int]

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """The options of the module. ``expected_accounts`` stays as given: bad ones become failures of the report."""
        return cls(
            formats=tuple(options["formats"]),
            terminal=options["terminal"],
            title=options["title"] or "",
            ascii_only=options["ascii"],
            reveal_key_ids=options["reveal_key_ids"],
            fail_on=options["fail_on"],
            failures=tuple(options["failures"]),
            expected_accounts=options["expected_accounts"],
            hosts=_by_account(options["account_hosts"]),
            units=_by_account(options["account_units"]),
            waves=tuple(options["waves"]),
            max_accounts_changed=options["max_accounts_changed"],
        )


def _by_account(given: Mapping[t.Any, t.Any]) -> dict[str, str]:
    """Texts by the id of an account in 12 digits. What is no account is named by the check of the expected ones."""
    found = {}
    for name, value in given.items():
        with contextlib.suppress(ValueError):
            account_id = parse_account_id(name)
            found.update({account_id: str(value)} if account_id and value else {})
    return found


@dataclasses.dataclass(frozen=True)
class _Job:
    """One report at work: its options, its run and account, its place, and the clock and warnings of its task."""

    options: _Options
    place: _Place
    account_id: str
    run_id: str
    given_run_id: t.Optional[str]
    now: datetime
    clock: Callable[[], datetime]
    warn: Callable[[str], None]
    #: Opens the journal; None in check mode, which has none.
    open_journal: t.Optional[Callable[[], Store]]

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The job of a task."""
        return cls(
            options=_Options.from_options(task.options),
            place=_Place(task.open_store(task.reports)),
            account_id=str(task.account_id),
            run_id=task.run_id,
            given_run_id=task.given_run_id,
            now=task.now,
            clock=task.clock,
            warn=task.warn,
            open_journal=None if task.check_mode else lambda: task.open_store(task.journal),
        )


def _report_preflight(job: _Job, accounts: Sequence[Mapping[str, t.Any]]) -> Result:
    """One table of the preflight of all accounts, for the terminal alone."""
    ordered = sorted(accounts, key=lambda account: str(account["account_id"]))
    is_whole = job.options.terminal == run_text.FULL
    shown = preflight_text.render(
        ordered, failures=job.options.failures, is_whole=is_whole, ascii_only=job.options.ascii_only
    )
    return {
        "scope": "preflight",
        "accounts": len(ordered),
        "missing": preflight_text.count_missing(ordered),
        "terminal": "" if job.options.terminal == "none" else shown,
    }


def _report_drill(job: _Job, report: Mapping[str, t.Any]) -> Result:
    """The report of a drill: a file for programs, a page, and the terminal."""
    if report.get("schema") != drill.SCHEMA or not is_drill_id(str(report.get("id"))):
        raise TaskError("drill: this is not the report of a drill")
    folder = f"drills/{report['id']}"
    shown = drill.render_text(report, ascii_only=job.options.ascii_only)
    job.place.put("json", f"{folder}/drill.json", (json.dumps(report, indent=1, sort_keys=True) + "\n").encode())
    job.place.put("html", f"{folder}/drill.html", to_bytes(drill.render_page(report)))
    problems = drill.list_problems(report)
    return {
        "scope": "drill",
        "files": job.place.written,
        "fail": bool(problems),
        "fail_msg": "; ".join(problems),
        "terminal": "" if job.options.terminal == "none" else shown,
    }


def _report_account(job: _Job) -> Result:
    account, place = job.account_id, job.place
    assessed = _read_assessment(job, place, account)
    run_id, mode = assessed["run"]["id"], assessed["run"]["mode"]
    found = read_parts(place.store, account, run_id, mode=mode)
    if job.open_journal and mode != "check":
        found = add_recorded(found, job.open_journal(), account, run_id)
    try:
        return _write_account(job, place, assessed, found)
    except _MALFORMED:
        # Nothing was written: everything is rendered before.
        return _write_account(job, place, assessed, _leave_out_malformed(job, assessed, found))


def _write_account(job: _Job, place: _Place, assessed: Report, found: Parts) -> Result:
    """The report of the account, once it is written in every format; the result of the job."""
    account, run_id = assessed["account_id"], assessed["run"]["id"]
    report = complete(assessed, found.parts, reveal_key_ids=job.options.reveal_key_ids)
    report = _name_variables(report)
    plan = _build_plan(job, report, found)
    report = _add_problems(report, found.problems, plan)
    # The report of the run and the next assessment refuse what this one must not write.
    check_report(report, account, where="the report")
    planned = _show_plan(job, report, plan)
    renderers = _choose_renderers(job, planned)
    rendered = {name: renderers[name][1](report) for name in job.options.formats}
    pages = _render_campaigns(job, report)
    shown = _render_terminal(job, report, rendered.get("txt"), planned)
    for problem in report["incomplete"]:
        job.warn(f"the report of {account} lacks {problem['module']}: {problem['reason']}")
    document = encode(report)
    place.store.put(run_report_key(account, run_id), document)
    place.put("json", f"{account}/report.json", document)
    is_applied = any(change["applied"] for change in report["changes"])
    if plan["plan_sha256"]:
        keep_plan(place.store, plan, renew=not is_applied)
    place.put("plan", f"{account}/plan.json", encode(plan))
    place.put("plan_text", f"{account}/{_PLAN_TEXT}", to_bytes(planned.file))
    for name, content in rendered.items():
        place.put(name, f"{account}/{renderers[name][0]}", to_bytes(content))
    for name, content in pages.items():
        place.store.put(f"{account}/{name}", to_bytes(content))
    return _summarize_account(job, report, plan, place, shown=shown, plan_text=planned.text)


def _read_assessment(job: _Job, place: _Place, account: str) -> Report:
    """The assessment of the run, from its own place: another run of the account may have written since.

    :raises TaskError: there is none.
    """
    wanted = job.given_run_id
    keys = [run_report_key(account, wanted)] if wanted else []
    newest: t.Optional[Report] = None
    for key in (*keys, f"{account}/report.json"):
        newest = place.document(key, schema=SCHEMA)
        if newest is not None:
            check_report(newest, account, where=f"{place.store.location}/{key}")
            if wanted in (None, newest["run"]["id"]):
                return newest
    of_run = f" of run {wanted}" if wanted else ""
    found = f"; the one there is of run {newest['run']['id']}" if newest else ""
    raise TaskError(f"account_id: no assessment of {account}{of_run} in {place.store.location}{found}")


def _leave_out_malformed(job: _Job, assessed: Report, found: Parts) -> Parts:
    """The parts that a report can be made of, each tried by itself: a malformed one costs its own module alone."""
    kept: list[Mapping[str, t.Any]] = []
    problems = dict(found.problems)
    for part in found.parts:
        try:
            report = {**complete(assessed, [part]), "incomplete": []}
            check_report(report, assessed["account_id"], where="the report with it")
            planned = _show_plan(job, report, _build_plan(job, report, Parts((part,), {})))
            # Each format reads other members.
            for _name, render in _choose_renderers(job, planned).values():
                render(report)
            _render_campaigns(job, report)
            _render_terminal(job, report, None, planned)
            kept.append(part)
        except _MALFORMED as error:
            problems[part["module"]] = f"its part of the report is malformed: {error!r}"
    return Parts(tuple(kept), problems)


def _add_problems(report: Report, problems: Mapping[str, str], plan: Mapping[str, t.Any]) -> Report:
    """The report with the hash of its plan, or why it has none, and with the modules that ran and are not in it."""
    incomplete = [{"module": module, "reason": mask_key_ids(problems[module])} for module in sorted(problems)]
    errors = [
        {"dataset": None, "region": None, "operation": problem["module"], "reason": problem["reason"]}
        for problem in incomplete
    ]
    return {
        **report,
        "errors": [*report["errors"], *(error for error in errors if error not in report["errors"])],
        "plan_sha256": plan["plan_sha256"],
        "no_hash_reason": plan["no_hash_reason"],
        "incomplete": incomplete,
    }


def _build_plan(job: _Job, report: Report, found: Parts) -> dict[str, t.Any]:
    """The plan that may be approved, with key ids in full; beside it what is refused, and the costs.

    It is made of the parts that the report is made of, each of which was held against what it shows.
    """
    names: dict[str, t.Any] = {"account_id": report["account_id"], "run_id": report["run"]["id"]}
    names["incomplete"] = _list_missing(found)
    plans = [(part["module"], part["plan"]) for part in found.parts if part.get("plan")]
    plan = combine_plans([document for _module, document in plans], **names)
    if plan is None:
        plan = plan_document((), created=job.clock(), **names)
    modules = [module for module, document in plans for _entry in document["changes"]]
    changes = [
        _complete_entry(entry, module, report["findings"])
        for module, entry in zip(modules, plan["changes"], strict=True)
    ]
    refused = [_name_variable(item, part["module"]) for part in found.parts for item in part.get("refused", ())]
    return {**plan, "changes": changes, "refused": refused, "costs": report["costs"]}


def _name_variables(report: Report) -> Report:
    """The report with its refusals, and what holds changes back, in the words of the person who declared the run."""
    refused = [_name_variable(item, item["module"]) for item in report["refused"]]
    changes = [
        {**change, "held_by": _name_variable(change["held_by"], change["module"])} if change.get("held_by") else change
        for change in report["changes"]
    ]
    return {**report, "refused": refused, "changes": changes}


def _list_missing(found: Parts) -> list[str]:
    """Why the plan of an account may lack changes: a module failed, or left no result."""
    failed = {part["module"]: part["error"] for part in found.parts if part.get("error")}
    return [f"{module}: {reason}" for module, reason in sorted({**failed, **found.problems}.items())]


def _complete_entry(
    entry: Mapping[str, t.Any], module: str, findings: Sequence[Mapping[str, t.Any]]
) -> dict[str, t.Any]:
    """An entry of a plan with its sentence, and with the variable that holds it back."""
    held_by = entry["held_by"] and _name_variable(entry["held_by"], module)
    (sentence,) = describe_changes([entry], findings)
    cost = entry["cost"] and {"usd_month": price_units(entry["cost"].get("units", ())), "why": entry["cost"]["why"]}
    return {**entry, "module": module, "held_by": held_by, "cost": cost, "sentence": sentence}


def _name_variable(refusal: Mapping[str, t.Any], module: str) -> dict[str, t.Any]:
    """A refusal in the words of the person who declared the run: with variables in place of options."""
    role = load_table().of_module(module)
    reason = role.name_variables(str(refusal["reason"]), {})
    return {**refusal, "reason": reason, "variable": role.find_variable(reason)}


def _show_plan(job: _Job, report: Report, plan: Mapping[str, t.Any]) -> ShownPlan:
    """The plan of the account for people, as the document has it that is kept and approved."""
    name = str(report["account_alias"] or "")
    return show_account(report, plan, _shape_plan(job, f"{report['account_id']}/"), name=name)


def _shape_plan(job: _Job, folder: str = "") -> Shape:
    page = ("report.html" if folder else "fleet.html") if "html" in job.options.formats else _PLAN_TEXT
    return Shape(f"{folder}{page}", ascii_only=job.options.ascii_only, reveal_key_ids=job.options.reveal_key_ids)


def _choose_renderers(job: _Job, planned: ShownPlan) -> Mapping[str, tuple[str, Callable[[Report], str]]]:
    """Format → the name of its file, and how it is made. A run that plans nothing has no plan in its page."""
    title = job.options.title or text.TITLE
    ascii_only = job.options.ascii_only
    return {
        "txt": ("report.txt", lambda report: text.render(report, title=title, ascii_only=ascii_only)),
        "html": (
            "report.html",
            lambda report: account_html.render(report, title=title, plan=planned.page if can_plan([report]) else None),
        ),
        "csv": ("report.csv", tables.render),
        "junit": ("report.junit.xml", junit.render),
        "sarif": ("report.sarif", lambda report: json.dumps(sarif.build(report), indent=1, ensure_ascii=False) + "\n"),
    }


def _render_campaigns(job: _Job, report: Report) -> Mapping[str, str]:
    """The pages of campaigns, which the HTML report links to, by the names of their files."""
    return campaign.render_pages(report, title=job.options.title or text.TITLE) if "html" in job.options.formats else {}


def _render_terminal(job: _Job, report: Report, written: t.Optional[str], planned: ShownPlan) -> str:
    """Render an account's report for the terminal, as the option ``terminal`` says. ``written`` is the text file."""
    ascii_only = job.options.ascii_only
    files = _name_files(job, [report])
    end = [*planned.terminal, files, _count_last(report, planned)] if can_plan([report]) else [files]
    detail = run_text.choose_detail(job.options.terminal, accounts=1)
    if detail == run_text.BRIEF:
        return printable(text.render_brief(report), ascii_only=ascii_only)
    if detail == run_text.SUMMARY:
        summary = text.render_summary(report, title=job.options.title or text.TITLE, ascii_only=ascii_only)
        return _join([summary, run_text.render_accounts([report], ascii_only=ascii_only), *end])
    return _join([_render_full(job, report, written), *end]) if detail == run_text.FULL else ""


def _count_last(report: Report, planned: ShownPlan) -> str:
    """The last lines of the terminal, about one account."""
    counts = count_changes(report)
    named = {name: counts[state] for state, name in COUNTS.items()}
    return render_last_lines(named, planned.approval)


def _render_full(job: _Job, report: Report, written: t.Optional[str] = None) -> str:
    """The whole report of an account as text, without its preflight, which has a table of its own."""
    if written is not None and not report["preflight"]:
        return written
    title = job.options.title or text.TITLE
    return text.render(report, title=title, ascii_only=job.options.ascii_only, with_preflight=False)


def _name_files(job: _Job, reports: Sequence[Report], *, is_fleet: bool = False, without: int = 0) -> str:
    location, formats = job.place.store.location, job.options.formats
    return run_text.render_files(reports, location, formats=formats, is_fleet=is_fleet, without=without)


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(part.rstrip("\n") for part in parts if part)


def _summarize_account(
    job: _Job, report: Report, plan: Mapping[str, t.Any], place: _Place, *, shown: str, plan_text: str
) -> Result:
    summary, delta = report["summary"], report["delta"]
    counts = count_changes(report)
    if job.options.fail_on == "new" and delta["basis"] is None:
        job.warn(f"fail_on: there is no earlier report of {report['account_id']}, so no finding is new")
    newly = len(delta.get("newly_assessed", ()))
    if job.options.fail_on == "new" and newly and delta.get("upgraded"):
        job.warn(
            f"fail_on: {newly} findings of {report['account_id']} are newly assessed after an upgrade, so they do not "
            "count as new: the report before did not have their control or region"
        )
    reasons = [
        f"the report of {report['account_id']} lacks {problem['module']}: {problem['reason']}"
        for problem in report["incomplete"]
    ]
    reasons += _explain_failure(job, report["account_id"], summary, count_unaccepted(report))
    result = {
        "scope": "account",
        "account_id": report["account_id"],
        "run_id": report["run"]["id"],
        "summary": summary,
        "counts": count_statuses(report["findings"]),
        "score": headline(report),
        "delta": {name: len(delta.get(name, ())) for name in DELTA_LISTS},
        **{name: counts[state] for state, name in COUNTS.items()},
        "plan_sha256": plan["plan_sha256"],
        "incomplete": report["incomplete"],
        "files": place.written,
        "terminal": shown,
        **_judge(reasons),
    }
    return {**result, "stats": hand_on(result, fleet.new_criticals([report]), failed=(), plan=plan_text)}


def _report_fleet(job: _Job) -> Result:
    place = job.place
    failures = [
        {"host": failure["host"], "account_id": _name_failed(failure), "message": failure["reason"]}
        for failure in job.options.failures
    ]
    expected, malformed = _parse_expected(job.options.expected_accounts)
    known = {failure["account_id"] for failure in failures}
    failures += [failure for failure in malformed if failure["account_id"] not in known]
    run_id, own, unreadable = _read_reports(job, place)
    known = {failure["account_id"] for failure in failures}
    not_begun = list_not_begun(job.options.waves)
    unreadable += _find_only_checked(own, [account for account in expected if account not in not_begun])
    failures += [failure for failure in unreadable if failure["account_id"] not in known]
    applied, failures = _count_unreported(job, run_id, own, expected, failures)
    document = fleet.build(
        run_id=run_id,
        created=job.now,
        reports=own,
        unreported=applied,
        failures=mask_key_ids(failures),
        expected=expected,
        hosts=job.options.hosts,
        units=job.options.units,
        waves=job.options.waves,
        earlier=_read_earlier(place),
    )
    plans = _read_plans(job, document, own)
    document.update(_keep_plan_of_run(job, document))
    planned = plans.show(**{name: document[name] for name in ("plan_sha256", "no_hash_reason", "without_hash")})
    content = encode(document)
    # The next run replaces fleet.json: the population of this one is kept by its hash.
    kept = manifest_chain.fleet_key(content)
    keep_once(place.store, kept, content)
    place.put("json", "fleet.json", content)
    place.put("plan_text", _PLAN_TEXT, to_bytes(planned.file))
    if "html" in job.options.formats:
        place.put("html", "fleet.html", to_bytes(_render_fleet_page(job, document, own, planned)))
    chained = manifest_chain.append(place.store, _build_manifest(job, place, document, kept))
    place.put("manifest", manifest_chain.COPY, encode(chained))
    _warn_of_cap(job, document)
    summary = _summarize_fleet(job, document, place, _render_run(job, document, own, planned), planned.text)
    # Who keeps it elsewhere notices if somebody replaces the whole chain.
    return {**summary, "manifest_sha256": hashlib.sha256(encode(chained)).hexdigest()}


def _count_unreported(
    job: _Job,
    run_id: str,
    reports: Sequence[Report],
    expected: Sequence[str],
    failures: Sequence[Mapping[str, t.Any]],
) -> tuple[int, list[dict[str, t.Any]]]:
    """How many changes the journal has of accounts without a report, and the failures, which name them."""
    reported = {report["account_id"] for report in reports}
    failed = {failure["account_id"] for failure in failures if failure["account_id"]}
    left = sorted({*expected, *failed} - reported)
    if job.open_journal is None or not left:
        return 0, [dict(failure) for failure in failures]
    journal = job.open_journal()
    applied, named = 0, dict[str, str]()
    for account in left:
        answer = find_lost(journal, account, run_id, ())
        if isinstance(answer, Unknown):
            named[account] = f"its journal can't be read: {answer.reason}"
        elif isinstance(answer, Yes):
            applied += sum(map(len, answer.value.applied.values()))
            reasons = sorted(answer.value.explain().items())
            named[account] = "; ".join(f"{module}: {reason}" for module, reason in reasons)
    said = [_join_reason(failure, named.pop(str(failure["account_id"]), "")) for failure in failures]
    said += [{"host": None, "account_id": account, "message": reason} for account, reason in named.items()]
    return applied, said


def _join_reason(failure: Mapping[str, t.Any], reason: str) -> dict[str, t.Any]:
    return {**failure, "message": "; ".join(filter(None, [failure["message"], reason]))}


def _render_fleet_page(job: _Job, document: Mapping[str, t.Any], reports: Sequence[Report], planned: ShownPlan) -> str:
    title = job.options.title or fleet_text.TITLE
    approval = planned.approval if can_plan(reports) else None
    return fleet_html.render(document, title=title, approval=approval, planned=planned.accounts)


def _read_plans(job: _Job, document: dict[str, t.Any], reports: Sequence[Report]) -> RunPlans:
    """Read the plans of the accounts. One that can't be shown has no hash: nobody can approve what nobody sees."""
    names, run_id = document["names"], document["run"]["id"]
    plans = RunPlans(job.place.store, _shape_plan(job), names=names, run_id=run_id)
    rows = {row["account_id"]: row for row in document["accounts"]}
    for report in sorted(reports, key=lambda report: str(report["account_id"])):
        problem = plans.add(report) if can_plan([report]) else None
        if problem:
            job.warn(f"{report['account_id']}: {mask_key_ids(problem)}")
            rows[report["account_id"]].update(plan_sha256=None, no_hash_reason=mask_key_ids(problem))
    return plans


def _keep_plan_of_run(job: _Job, document: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Keep the hashes of the accounts' plans; the hash of the run, or why there is none."""
    plans = {item["account_id"]: item["plan_sha256"] for item in document["accounts"] if item["plan_sha256"]}
    without = {
        **{item["account_id"]: item["no_hash_reason"] for item in document["accounts"] if not item["plan_sha256"]},
        **{item["account_id"]: item["message"] for item in document["failed"] if item["account_id"]},
        **dict.fromkeys(document["missing"], "it has no report"),
    }
    without = {account: reason for account, reason in without.items() if account not in plans}
    named = [{"account_id": account, "reason": without[account]} for account in sorted(without)]
    if not plans:
        reason = "no account of the run has a plan with a hash"
        return {"plan_sha256": None, "no_hash_reason": reason, "without_hash": named}
    run_id = document["run"]["id"]
    run_hash = keep_run(job.place.store, run_lines(plans), run_id=run_id, created=job.clock(), without=without)
    return {"plan_sha256": run_hash, "no_hash_reason": None, "without_hash": named}


def _warn_of_cap(job: _Job, document: Mapping[str, t.Any]) -> None:
    """Warn where a run with the same variables would change fewer accounts than the plan has."""
    planned = sum(bool(account["changes_planned"]) for account in document["accounts"])
    most = job.options.max_accounts_changed
    if most is not None and planned > most:
        job.warn(
            f"changes are planned in {planned} accounts, and a run without --check changes at most {most} of them "
            "(hardening_max_accounts_changed). By default, the first run of a journal changes 1 in a large inventory."
        )


def _render_run(job: _Job, document: Mapping[str, t.Any], reports: Sequence[Report], planned: ShownPlan) -> str:
    """Render the end of a run for the terminal: the accounts as a table, and as much of each as the options say."""
    detail = run_text.choose_detail(job.options.terminal, len(reports))
    if detail not in (run_text.BRIEF, run_text.SUMMARY, run_text.FULL):
        return ""
    ordered = sorted(reports, key=lambda report: str(report["account_id"]))
    without = len(document["failed"]) + len(document["missing"])
    files = _name_files(job, ordered, is_fleet=True, without=without)
    shown = _render_detail(job, document, ordered, detail)
    if not can_plan(reports):
        return _join([*shown, files])
    details = [] if detail == run_text.BRIEF else planned.details
    return _join([*shown, planned.text, *details, files, render_last_lines(document["totals"], planned.approval)])


def _render_detail(job: _Job, document: Mapping[str, t.Any], reports: Sequence[Report], detail: str) -> list[str]:
    title, ascii_only = job.options.title or fleet_text.TITLE, job.options.ascii_only
    parts = [fleet_text.render(document, title=title, ascii_only=ascii_only)]
    if detail == run_text.SUMMARY:
        parts += [run_text.render_accounts(reports, names=document["names"], ascii_only=ascii_only)]
    return parts + ([_render_full(job, report) for report in reports] if detail == run_text.FULL else [])


def _name_failed(failure: Mapping[str, t.Any]) -> str:
    """The account of a failure. A host that is named by an account stands for it; otherwise it may be unknown."""
    host = str(failure["host"])
    return str(failure["account_id"] or (host if is_account_id(host) else ""))


def _read_earlier(place: _Place) -> t.Any:
    """The document that the report of the run replaces; None where there is none that can be read."""
    try:
        return place.document("fleet.json", schema=fleet.SCHEMA)
    except (DocumentError, StoreError):
        return None


def _read_reports(job: _Job, place: _Place) -> tuple[str, list[Report], list[dict[str, t.Any]]]:
    """The run, its reports, and what of the accounts can't be read, as failures of these.

    Without the option ``run_id`` it is the newest run that any account has a report of.
    """
    failures: dict[str, str] = {}
    accounts = [name for name in place.store.folders() if _ACCOUNT.fullmatch(name)]
    wanted = job.given_run_id
    newest: dict[str, Report] = {}
    if wanted is None:
        for account in accounts:
            report = _read_report(job, account, f"{account}/report.json", failures)
            newest.update({account: report} if report else {})
        started = ((report["run"]["started"], report["run"]["id"]) for report in newest.values())
        run_id = max(started, default=("", job.run_id))[1]
    else:
        run_id = wanted
    own: list[Report] = []
    slim = 0
    for account in accounts:
        present = newest.get(account)
        if present is None or present["run"]["id"] != run_id:
            present = _read_report(job, account, run_report_key(account, run_id), failures)
        if present is None and wanted is not None and account not in failures:
            present = _read_report(job, account, f"{account}/report.json", failures)
        if present is not None and present["run"]["id"] == run_id:
            own.append(present)
            slim = _slim_many(job, own, slim)
    for report in own:
        reasons = [f"{problem['module']}: {problem['reason']}" for problem in report.get("incomplete", ())]
        if reasons:
            failures[report["account_id"]] = f"its report is incomplete: {'; '.join(reasons)}"
    return run_id, own, [{"host": None, "account_id": name, "message": text} for name, text in failures.items()]


def _slim_many(job: _Job, reports: list[Report], slim: int) -> int:
    """Keep of the reports what that of the run reads, once there are so many that none is shown itself.

    ``slim`` is how many are so already; returns how many are now.
    """
    if run_text.choose_detail(job.options.terminal, len(reports)) in (run_text.SUMMARY, run_text.FULL):
        return slim
    reports[slim:] = map(fleet.slim, reports[slim:])
    return len(reports)


def _find_only_checked(reports: Sequence[Report], expected: Sequence[str]) -> list[dict[str, t.Any]]:
    """The accounts that the job which enforces did not report on, as failures: what is there is of the check before it.

    Both jobs of a workflow share the run id.
    """
    of_mode = {report["account_id"]: report["run"]["mode"] for report in reports}
    if "enforce" not in {of_mode.get(account) for account in expected}:
        return []
    message = "its report is from the check, and the enforcing job left none"
    left = sorted(account for account in set(expected) if of_mode.get(account) == "check")
    return [{"host": None, "account_id": account, "message": message} for account in left]


def _read_report(job: _Job, account: str, key: str, failures: dict[str, str]) -> t.Optional[Report]:
    """The report at ``key``, if a report of the fleet can be made of it; else why not, in ``failures``."""
    place = job.place
    try:
        report = place.document(key, schema=SCHEMA)
        if report is not None:
            where = f"{place.store.location}/{key}"
            check_report(report, account, where=where)
            alone = fleet.build(run_id=report["run"]["id"], created=_EPOCH, reports=[report])
            # What the terminal shows at the end: a report that it cannot show must not cost the others theirs.
            for detail in {run_text.SUMMARY, job.options.terminal}:
                _render_detail(job, alone, [report], detail)
            plan_hash = report.get("plan_sha256")
            if plan_hash is not None:
                check_hash(plan_hash)
            if any(set(problem) != {"module", "reason"} for problem in report.get("incomplete", ())):
                raise DocumentError(f"{where} is malformed: incomplete")
    except (DocumentError, InputError, StoreError) as error:
        failures[account] = str(error)
    except _MALFORMED as error:
        failures[account] = f"{place.store.location}/{key} is malformed: {error!r}"
    else:
        return report
    return None


def _parse_expected(values: Iterable[t.Any]) -> tuple[list[str], list[dict[str, t.Any]]]:
    """Account ids in 12 digits; what is none is a failure of its own, and costs the others nothing."""
    expected, failures = [], []
    for value in values:
        try:
            account_id = parse_account_id(value)
        except ValueError as error:
            failures.append({"host": None, "account_id": str(value).strip(), "message": str(error)})
        else:
            expected += [account_id] if account_id else []
    return expected, failures


def _build_manifest(job: _Job, place: _Place, document: Mapping[str, t.Any], kept: str) -> dict[str, t.Any]:
    run_id = document["run"]["id"]
    keys = [key for account in document["accounts"] for key in _list_files(place, account, run_id)]
    keys += [*([run_key(document["plan_sha256"])] if document["plan_sha256"] else []), kept, _PLAN_TEXT]
    keys += [key for key in ("fleet.json", "fleet.html") if key.partition(".")[2] in place.written]
    # One at a time: the files of a thousand accounts are most of a gigabyte.
    files = ((key, content) for key in keys if (content := _read_file(job, place, key)) is not None)
    return manifest.build(files, run_id=document["run"]["id"], created=job.now)


def _read_file(job: _Job, place: _Place, key: str) -> t.Optional[bytes]:
    """A file of the run. One that can't be read, which somebody else put there, is left out of the manifest."""
    try:
        return place.store.get(key)
    except StoreError as error:
        job.warn(f"manifest.json lacks {key}: {error}")
        return None


def _list_files(place: _Place, account: Mapping[str, t.Any], run_id: str) -> list[str]:
    """The files of one run of an account, and those that are copies of its newest."""
    start = f"{account['account_id']}/"
    of_runs = (f"{start}parts/", f"{start}runs/", f"{start}plans/")
    own = (part_folder(account["account_id"], run_id), f"{start}runs/{run_id}/")
    keys = [key for key in place.store.list(start) if key.startswith(own) or not key.startswith(of_runs)]
    return [*keys, *([plan_key(account["account_id"], account["plan_sha256"])] if account["plan_sha256"] else [])]


def _summarize_fleet(job: _Job, document: Mapping[str, t.Any], place: _Place, terminal: str, plan_text: str) -> Result:
    failed = [failure["account_id"] or failure["host"] or "unknown" for failure in document["failed"]]
    reasons = [f"{name} failed" for name in failed] + [f"{account} has no report" for account in document["missing"]]
    reasons += explain_closed(document["waves"])
    reasons += _explain_failure(job, "the fleet", document["summary"], document["unaccepted"])
    result = {
        "scope": "fleet",
        "run_id": document["run"]["id"],
        "accounts": document["totals"]["accounts"],
        "summary": document["summary"],
        "score": document["score"],
        "delta": {name: document["totals"][name] for name in ("new", "newly_assessed", "resolved")},
        **{name: document["totals"][name] for name in COUNTS.values()},
        "plan_sha256": document["plan_sha256"],
        "failed_accounts": failed,
        "missing_accounts": document["missing"],
        "not_begun_accounts": document["not_begun"],
        "files": place.written,
        "terminal": terminal,
        **_judge(reasons),
    }
    left = [*failed, *document["missing"]]
    return {**result, "stats": hand_on(result, document["new_criticals"], failed=left, plan=plan_text)}


def _explain_failure(job: _Job, what: str, summary: Mapping[str, int], unaccepted: Mapping[str, int]) -> list[str]:
    """Why the run fails by the option ``fail_on``."""
    counts: Mapping[str, int] = {
        "never": {},
        "critical": {"critical": summary["critical"]},
        "high": {"critical": summary["critical"], "high": summary["high"]},
        "new": unaccepted,
    }[job.options.fail_on]
    return [f"{what} has {count} {name} findings" for name, count in counts.items() if count]


def _judge(reasons: Sequence[str]) -> Result:
    return {"fail": bool(reasons), "fail_msg": "; ".join(reasons)}
