# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The report, composed: what the modules of a run left in the report place in, every format and the exit status out."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ._account.account_id import parse_account_id
from ._converge.errors import InputError
from ._converge.finding import mask_key_ids
from ._converge.plan import combined_plan, plan_document
from ._converge.store import Store
from ._report import fleet, fleet_html, fleet_text, html, junit, manifest, sarif, tables, text
from ._report.document import (
    SCHEMA,
    DocumentError,
    Report,
    complete,
    count_statuses,
    decode,
    encode,
    headline,
    to_bytes,
)
from ._report.plain import printable
from ._task import Task, TaskError

FORMATS: t.Final = ("txt", "html", "csv", "junit", "sarif")
FAIL_ON: t.Final = ("never", "critical", "high", "new")

_REPORT_KEY = re.compile(r"([0-9]{12})/report\.json")
# What set_stats may carry on to the next job of a workflow stays under 32 KiB.
_NAMED = 50
_NAME_BYTES = 250

Result = dict[str, t.Any]


def run(task: Task) -> Result:
    """The core of ``report``: options of :mod:`plugins.modules.report` in, its result out.

    :raises TaskError: there is no assessment of the run to report on, or what is kept of it can't be read.
    """
    try:
        return _fleet(task) if task.options["scope"] == "fleet" else _account(task)
    except (DocumentError, InputError) as error:
        raise TaskError(str(error)) from error


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


def _account(task: Task) -> Result:
    account = task.account_id
    place = _Place(task.report_store())
    assessed = place.document(f"{account}/report.json", schema=SCHEMA)
    wanted = task.options["run_id"]
    if assessed is None or (wanted and assessed["run"]["id"] != wanted):
        of_run = f" of run {wanted}" if wanted else ""
        found = f"; the one there is of run {assessed['run']['id']}" if assessed else ""
        raise TaskError(f"account_id: no assessment of {account}{of_run} in {place.store.location}{found}")
    keys = place.store.list(f"{account}/parts/")
    parts = [part for key in keys if (part := place.document(key)) and part.get("run_id") == assessed["run"]["id"]]
    report = complete(assessed, parts, reveal_key_ids=task.options["reveal_key_ids"])
    plan = _plan(task, report, parts)
    place.put("json", f"{account}/report.json", encode(report))
    place.put("plan", f"{account}/plan.json", encode(plan))
    rendered = {name: _renderers(task)[name][1](report) for name in task.options["formats"]}
    for name, content in rendered.items():
        place.put(name, f"{account}/{_renderers(task)[name][0]}", to_bytes(content))
    return _account_result(task, report, plan, place, shown=_terminal(task, report, rendered.get("txt")))


def _plan(task: Task, report: Report, parts: Sequence[Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """The plan that may be approved: all changes of the run, with key ids in full; what was refused, and the costs."""
    names = {"account_id": report["account_id"], "run_id": report["run"]["id"]}
    plan = combined_plan([part["plan"] for part in parts if part.get("plan")], **names)
    if plan is None:
        plan = plan_document((), created=task.clock(), **names)
    refused = [refusal for part in parts for refusal in part.get("refused", ())]
    return {**plan, "refused": refused, "costs": report["costs"]}


def _renderers(task: Task) -> Mapping[str, tuple[str, Callable[[Report], str]]]:
    """Format → the name of its file, and how it is made."""
    title = task.options["title"] or text.TITLE
    ascii_only = task.options["ascii"]
    return {
        "txt": ("report.txt", lambda report: text.render(report, title=title, ascii_only=ascii_only)),
        "html": ("report.html", lambda report: html.render(report, title=title)),
        "csv": ("report.csv", tables.render),
        "junit": ("report.junit.xml", junit.render),
        "sarif": ("report.sarif", lambda report: json.dumps(sarif.build(report), indent=1, ensure_ascii=False) + "\n"),
    }


def _terminal(task: Task, report: Report, written: t.Optional[str]) -> str:
    """What is shown of an account's report, as the option ``terminal`` says. ``written`` is the text of the file."""
    if task.options["terminal"] == "none":
        return ""
    if task.options["terminal"] == "brief":
        return printable(text.brief(report), ascii_only=task.options["ascii"])
    if written is not None and not report["preflight"]:
        return written
    title = task.options["title"] or text.TITLE
    return text.render(report, title=title, ascii_only=task.options["ascii"], with_preflight=False)


def _account_result(task: Task, report: Report, plan: Mapping[str, t.Any], place: _Place, *, shown: str) -> Result:
    summary, delta = report["summary"], report["delta"]
    applied = sum(change["applied"] for change in report["changes"])
    if task.options["fail_on"] == "new" and delta["basis"] is None:
        task.warn(f"fail_on: there is no earlier report of {report['account_id']}, so no finding is new")
    reasons = _reasons(task, report["account_id"], summary, len(delta["new"]))
    result = {
        "scope": "account",
        "account_id": report["account_id"],
        "run_id": report["run"]["id"],
        "summary": summary,
        "counts": count_statuses(report["findings"]),
        "score": headline(report),
        "delta": {name: len(delta[name]) for name in ("new", "resolved", "changed", "not_assessed")},
        "changes_applied": applied,
        "changes_planned": len(report["changes"]) - applied,
        "refused": len(report["refused"]),
        "plan_sha256": plan["plan_sha256"],
        "files": place.written,
        "terminal": shown,
        **_verdict(reasons),
    }
    return {**result, "stats": _stats(result, fleet.new_criticals([report]), failed=())}


def _fleet(task: Task) -> Result:
    place = _Place(task.report_store())
    failures = [
        {"host": failure["host"], "account_id": failure["account_id"], "message": failure["reason"]}
        for failure in task.options["failures"]
    ]
    expected, malformed = _expected(task.options["expected_accounts"])
    told = {failure["account_id"] for failure in failures}
    failures += [failure for failure in malformed if failure["account_id"] not in told]
    reports, unreadable = _reports(place)
    newest = max(((report["run"]["started"], report["run"]["id"]) for report in reports), default=("", task.run_id))
    run_id = task.options["run_id"] or newest[1]
    own = [report for report in reports if report["run"]["id"] == run_id]
    document = fleet.build(
        run_id=run_id,
        created=task.now,
        reports=own,
        failures=mask_key_ids([*failures, *unreadable]),
        expected=expected,
    )
    title = task.options["title"] or fleet_text.TITLE
    place.put("json", "fleet.json", encode(document))
    if "html" in task.options["formats"]:
        place.put("html", "fleet.html", to_bytes(fleet_html.render(document, title=title)))
    place.put("manifest", "manifest.json", encode(_manifest(task, place, document)))
    shown = task.options["terminal"] != "none"
    terminal = fleet_text.render(document, title=title, ascii_only=task.options["ascii"]) if shown else ""
    return _fleet_result(task, document, place, terminal)


def _reports(place: _Place) -> tuple[list[Report], list[dict[str, t.Any]]]:
    """The reports in the place, of whatever run, and those that can't be read, as failures of their accounts."""
    reports, failures = [], []
    for key in place.store.list():
        match = _REPORT_KEY.fullmatch(key)
        if match:
            try:
                report = place.document(key, schema=SCHEMA)
            except DocumentError as error:
                failures.append({"host": None, "account_id": match[1], "message": str(error)})
            else:
                reports += [report] if report else []
    return reports, failures


def _expected(values: Iterable[t.Any]) -> tuple[list[str], list[dict[str, t.Any]]]:
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


def _manifest(task: Task, place: _Place, document: Mapping[str, t.Any]) -> dict[str, t.Any]:
    keys = [key for account in document["accounts"] for key in place.store.list(f"{account['account_id']}/")]
    keys += [key for key in ("fleet.json", "fleet.html") if key.partition(".")[2] in place.written]
    files = [(key, content) for key in keys if (content := place.store.get(key)) is not None]
    return manifest.build(files, run_id=document["run"]["id"], created=task.now)


def _fleet_result(task: Task, document: Mapping[str, t.Any], place: _Place, terminal: str) -> Result:
    failed = [failure["account_id"] or failure["host"] or "unknown" for failure in document["failed"]]
    reasons = [f"{name} failed" for name in failed] + [f"{account} has no report" for account in document["missing"]]
    reasons += _reasons(task, "the fleet", document["summary"], document["totals"]["new"])
    result = {
        "scope": "fleet",
        "run_id": document["run"]["id"],
        "accounts": document["totals"]["accounts"],
        "summary": document["summary"],
        "score": document["score"],
        "delta": {name: document["totals"][name] for name in ("new", "resolved")},
        **{name: document["totals"][name] for name in ("changes_applied", "changes_planned", "refused")},
        "failed_accounts": failed,
        "missing_accounts": document["missing"],
        "files": place.written,
        "terminal": terminal,
        **_verdict(reasons),
    }
    return {**result, "stats": _stats(result, document["new_criticals"], failed=[*failed, *document["missing"]])}


def _reasons(task: Task, what: str, summary: Mapping[str, int], new: int) -> list[str]:
    """Why the run fails by the option ``fail_on``."""
    counts = {
        "never": {},
        "critical": {"critical": summary["critical"]},
        "high": {"critical": summary["critical"], "high": summary["high"]},
        "new": {"new": new},
    }[task.options["fail_on"]]
    return [f"{what} has {count} {name} findings" for name, count in counts.items() if count]


def _verdict(reasons: Sequence[str]) -> Result:
    return {"fail": bool(reasons), "fail_msg": "; ".join(reasons)}


def _stats(
    result: Mapping[str, t.Any], new_criticals: Sequence[Mapping[str, t.Any]], *, failed: Sequence[str]
) -> Result:
    """What a workflow hands on to its next job; names are cut, counts are not."""
    named = [f"{finding['account_id']}: {finding['problem']}: {finding['resource']}" for finding in new_criticals]
    return {
        "hardening_run_id": result["run_id"],
        "hardening_counts": dict(result["summary"]),
        "hardening_new_criticals": [_cut(name) for name in named[:_NAMED]],
        "hardening_new_criticals_count": len(named),
        "hardening_failed_accounts": [_cut(name) for name in failed[:_NAMED]],
        "hardening_failed_accounts_count": len(failed),
        "hardening_report": result["files"]["json"],
        "hardening_plan_sha256": result.get("plan_sha256"),
    }


def _cut(name: str) -> str:
    """The start of ``name``, short enough as JSON too, where a letter beyond ASCII takes six bytes."""
    length = min(len(name), _NAME_BYTES)
    while len(json.dumps(name[:length])) > _NAME_BYTES + 2:
        length -= 1
    return name[:length]
