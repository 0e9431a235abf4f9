# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``report.json``: the assessment of one account, as a document that every other format is rendered from."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from .._account.moments import format_utc, parse_moment
from .._converge.errors import InputError
from .._converge.finding import Finding, Severity, Status, mask_key_ids
from .._converge.journal import check_run_id
from .._converge.parsing import parse
from .delta import DELTA_LISTS
from .grouping import number_groups
from .states import changes_of, costs_of
from .waiving import to_waive

SCHEMA: t.Final = "hardening.iam/report/1"

Report = dict[str, t.Any]

# The order in which people read findings, which is not the order of the alphabet.
_STATUS_ORDER = (Status.FAIL, Status.WAIVED, Status.NOT_ASSESSED, Status.PASS, Status.NOT_APPLICABLE)
_STATUS_RANK = {status.value: rank for rank, status in enumerate(_STATUS_ORDER)}
_SEVERITY_RANK = {severity.value: severity.rank for severity in Severity}


class DocumentError(ValueError):
    """A file is not the report (or the part of one) that it should be; the message says where and what is wrong."""


@dataclasses.dataclass(frozen=True)
class Run:
    """The run that an assessment belongs to. ``mode`` is ``check`` or ``enforce``, as the task was run."""

    id: str
    mode: str
    started: datetime
    finished: datetime
    collection_version: str
    control_catalog_version: str
    caller_arn: str
    declaration_commit: t.Optional[str] = None
    job_url: t.Optional[str] = None
    clock_set_to: t.Optional[datetime] = None

    def as_dict(self) -> dict[str, t.Any]:
        times = {
            "started": format_utc(self.started),
            "finished": format_utc(self.finished),
            "clock_set_to": format_utc(self.clock_set_to) if self.clock_set_to else None,
        }
        return {**dataclasses.asdict(self), **times}


@dataclasses.dataclass(frozen=True)
class Subject:
    """The account that was assessed, or the organization from it, and how much of it was seen.

    ``regions_not`` maps a region that was not assessed to the reason, and ``regions_left_out`` are those of them that
    nobody asked for; ``populations`` counts what there is (``users``, ``roles``, …).
    """

    account_id: str
    partition: str
    account_alias: t.Optional[str] = None
    regions_assessed: Sequence[str] = ()
    regions_not: Mapping[str, str] = dataclasses.field(default_factory=dict)
    regions_left_out: Collection[str] = ()
    populations: Mapping[str, int] = dataclasses.field(default_factory=dict)
    credential_report_generated_at: t.Optional[datetime] = None
    organization_id: t.Optional[str] = None

    def scope(self) -> dict[str, t.Any]:
        return {
            "regions_assessed": sorted(self.regions_assessed),
            "regions_not": [
                {
                    "region": region,
                    "reason": self.regions_not[region],
                    "kind": "left_out" if region in self.regions_left_out else "unread",
                }
                for region in sorted(self.regions_not)
            ],
            "populations": {name: self.populations[name] for name in sorted(self.populations)},
            **({"organization_id": self.organization_id} if self.organization_id else {}),
        }


def build(
    *,
    run: Run,
    subject: Subject,
    findings: Iterable[Finding],
    scores: Sequence[Mapping[str, t.Any]],
    frameworks: Mapping[str, t.Any],
    controls: Mapping[str, Mapping[str, t.Any]],
    waivers: Sequence[Mapping[str, t.Any]] = (),
    errors: Sequence[Mapping[str, t.Any]] = (),
    thresholds: t.Optional[Mapping[str, t.Any]] = None,
    reveal_key_ids: bool = False,
) -> Report:
    """The report of an assessment; changes, refusals and impacts are filled in by :func:`complete`.

    :arg scores: one a benchmark, the headline first.
    :arg frameworks: framework → requirement → ``{"status", "controls"}``.
    :arg controls: id → ``{"title", "rationale", "remediation", "severity", "compliance"}`` of every control that was
        assessed.
    :arg errors: reads that failed, each ``{"dataset", "region", "operation", "reason"}``.
    :arg thresholds: the numbers that the controls compared with, by name.
    """
    shown = sorted((finding.as_dict(reveal_key_ids=reveal_key_ids) for finding in findings), key=finding_order)
    shown = [{**item, "to_waive": entry} if (entry := to_waive(item)) else item for item in shown]
    said = {"waivers": [dict(waiver) for waiver in waivers], "errors": [dict(error) for error in errors]}
    said = said if reveal_key_ids else mask_key_ids(said)
    generated = subject.credential_report_generated_at
    return {
        "schema": SCHEMA,
        "run": run.as_dict(),
        "account_id": subject.account_id,
        "account_alias": subject.account_alias,
        "partition": subject.partition,
        "scope": subject.scope(),
        "credential_report_generated_at": format_utc(generated) if generated else None,
        "findings": shown,
        "finding_numbers": number_groups(shown),
        "summary": summarize(shown),
        "scores": [{**score, "percent_before": None} for score in scores],
        "frameworks": {name: dict(frameworks[name]) for name in sorted(frameworks)},
        "thresholds": dict(thresholds or {}),
        "controls": {control: dict(controls[control]) for control in sorted(controls)},
        "waivers": said["waivers"],
        "preflight": [],
        "modules": [],
        "changes": [],
        "refused": [],
        "impacts": [],
        "least_privilege": [],
        "campaigns": [],
        "costs": [],
        "errors": said["errors"],
        "delta": {"previous_run": None, "basis": None, "upgraded": False, **{name: [] for name in DELTA_LISTS}},
    }


def finding_order(finding: Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    """The stable order of findings in every format: what fails first, the most severe of it first."""
    return (
        _STATUS_RANK[finding["status"]],
        _SEVERITY_RANK[finding["severity"]],
        finding["control"],
        finding["region"],
        finding["resource"],
        finding["resource_detail"] or "",
        finding["fingerprint"],
    )


def summarize(findings: Iterable[Mapping[str, t.Any]]) -> dict[str, int]:
    """Failing findings by severity, and their total."""
    counts = {severity.value: 0 for severity in Severity}
    for finding in findings:
        if finding["status"] == Status.FAIL.value:
            counts[finding["severity"]] += 1
    return {**counts, "total": sum(counts.values())}


def count_statuses(findings: Iterable[Mapping[str, t.Any]]) -> dict[str, int]:
    """All findings by status."""
    counts = {status.value: 0 for status in Status}
    for finding in findings:
        counts[finding["status"]] += 1
    return counts


def headline(report: Mapping[str, t.Any]) -> t.Optional[dict[str, t.Any]]:
    """The score that stands for the account: that of the benchmark which the assessment was asked for."""
    return report["scores"][0] if report["scores"] else None


def complete(report: Report, parts: Sequence[Mapping[str, t.Any]], *, reveal_key_ids: bool = False) -> Report:
    """``report`` with what the modules of its run did or would do, from their parts; parts of another run don't count.

    A module that was off wrote no part and adds nothing; one that failed half-way adds what it did, and its error.
    Its findings are added where they are of controls that the assessment does not have, and where the module has not
    resolved them: it assesses before it changes.
    """
    of_run = (part for part in parts if part.get("run_id") == report["run"]["id"])
    own = sorted(of_run, key=lambda part: str(part.get("module")))
    changes = [{**change, "module": part.get("module")} for part in own for change in changes_of(part)]
    refused = [{**refusal, "module": part.get("module")} for part in own for refusal in part.get("refused", ())]
    impacts = [{"module": part.get("module"), **impact} for part in own for impact in part.get("impacts", ())]
    costs = [{"module": part.get("module"), **cost} for part in own for cost in costs_of(part)]
    failures = [
        {"dataset": None, "region": None, "operation": part.get("module"), "reason": part["error"]}
        for part in own
        if part.get("error")
    ]
    known = report["controls"]
    left_over = (finding for part in own for finding in _find_left_over(part) if finding["control"] not in known)
    # Every module makes the findings on incidents.
    found = list({finding["fingerprint"]: finding for finding in left_over}.values())
    shown = {
        "preflight": [row for part in own for row in part.get("capabilities", ())],
        "modules": _list_modules(own),
        "changes": changes,
        "refused": refused,
        "impacts": impacts,
        "least_privilege": [dict(item) for part in own for item in part.get("least_privilege", ())],
        "campaigns": [dict(item) for part in own for item in part.get("campaigns", ())],
        "costs": costs,
        "errors": [*report["errors"], *(failure for failure in failures if failure not in report["errors"])],
    }
    said = {**shown, "findings": found}
    said = said if reveal_key_ids else mask_key_ids(said)
    assessed = (finding for finding in report["findings"] if finding["control"] in known)
    findings = sorted([*assessed, *said["findings"]], key=finding_order)
    numbers = number_groups(findings, report.get("finding_numbers"))
    return {**report, **said, "findings": findings, "finding_numbers": numbers, "summary": summarize(findings)}


def _list_modules(parts: Iterable[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """List the modules that could change something, each with the mode of its role; None where it left no result."""
    modes: dict[str, t.Optional[str]] = {}
    for part in parts:
        if part.get("mode") or part.get("error"):
            name = str(part.get("module"))
            modes[name] = part.get("mode") or modes.get(name)
    return [{"module": name, "mode": modes[name]} for name in sorted(modes)]


def _find_left_over(part: Mapping[str, t.Any]) -> list[Mapping[str, t.Any]]:
    """Find the findings of a module that its changes have not resolved: all of them, if something was refused.

    A refusal does not say which findings it leaves.
    """
    found, changes = list(part.get("findings", ())), changes_of(part)
    if part.get("refused") or part.get("error"):
        return found
    applied = {fingerprint for change in changes if change["applied"] for fingerprint in change["remedies"]}
    planned = {fingerprint for change in changes if not change["applied"] for fingerprint in change["remedies"]}
    return [finding for finding in found if finding["fingerprint"] not in applied - planned]


def run_report_key(account_id: str, run_id: str) -> str:
    """Where the report of one run of an account is; the account's ``report.json`` is a copy of the newest."""
    return f"{account_id}/runs/{run_id}/report.json"


_BRIEF: t.Final = ("fingerprint", "control", "status", "severity", "region")
_FINDING: t.Final = ("control", "status", "severity", "region", "resource", "title", "detail", "fingerprint")
_COUNTS: t.Final = ("passed", "failed", "waived", "not_assessed", "not_applicable", "recommendations")
_PERCENTS: t.Final = ("percent", "percent_before", "coverage_percent")
_WHOLE: t.Final = 100
_SHAPES: t.Final[Mapping[str, type]] = {
    "run": Mapping,
    "account_id": str,
    "scope": Mapping,
    "findings": list,
    "summary": Mapping,
    "scores": list,
    "controls": Mapping,
    "thresholds": Mapping,
    "changes": list,
    "refused": list,
    "errors": list,
    "delta": Mapping,
}


def check_report(report: Mapping[str, t.Any], account_id: str, *, where: str) -> None:
    """Hold a report against what is read of it, and its account against the place where it was found.

    :raises DocumentError: others can write there, and this is nothing that this collection wrote.
    """
    malformed = [name for name, shape in _SHAPES.items() if not isinstance(report.get(name), shape)]
    if malformed:
        raise DocumentError(f"{where} is malformed: {', '.join(malformed)}")
    if report["account_id"] != account_id:
        raise DocumentError(f"{where} is a report of account {report['account_id']}, not of {account_id}")
    texts = [report["run"].get(name) for name in ("id", "mode", "started")]
    # Reports of an older version do not have what is newly assessed.
    delta = {"newly_assessed": [], **report["delta"]}
    lists = [delta.get(name) for name in DELTA_LISTS]
    fits = all(isinstance(text, str) for text in texts) and all(isinstance(items, list) for items in lists)
    fits = fits and _is_moment(report["run"]["started"]) and all(map(_is_kept_aside, delta["not_assessed"]))
    if not fits or not _is_scope(report["scope"]) or not all(_is_finding(item) for item in report["findings"]):
        raise DocumentError(f"{where} is malformed: its run, its scope, its delta or one of its findings")
    if not all(map(_is_score, report["scores"])):
        raise DocumentError(f"{where} is malformed: one of its scores")
    try:
        # It becomes part of the places that are read and written next.
        check_run_id(report["run"]["id"])
    except InputError as error:
        raise DocumentError(f"{where} is malformed: the id of its run: {error}") from error
    if not all(isinstance(change, Mapping) and isinstance(change.get("applied"), bool) for change in report["changes"]):
        raise DocumentError(f"{where} is malformed: one of its changes")


def _is_scope(scope: Mapping[str, t.Any]) -> bool:
    assessed, gaps = scope.get("regions_assessed"), scope.get("regions_not")
    if not isinstance(assessed, list) or not isinstance(gaps, list):
        return False
    if not all(isinstance(region, str) for region in assessed):
        return False
    return all(isinstance(gap, Mapping) and isinstance(gap.get("region"), str) for gap in gaps)


def _is_score(score: t.Any) -> bool:
    """Whether a score has counts and percentages: those of all accounts are added up."""
    if not isinstance(score, Mapping) or not isinstance(score.get("benchmark"), str):
        return False
    counts = [score.get(name, 0) for name in _COUNTS]
    percents = [value for name in _PERCENTS if (value := score.get(name)) is not None]
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        return False
    return all(isinstance(percent, (int, float)) and 0 <= percent <= _WHOLE for percent in percents)


def _is_finding(item: t.Any) -> bool:
    if not isinstance(item, Mapping) or not all(isinstance(item.get(name), str) for name in _FINDING):
        return False
    return _is_judged(item) and isinstance(item.get("resource_detail"), (str, type(None)))


def _is_kept_aside(item: t.Any) -> bool:
    """Whether a delta says of a finding what the next one compares. Older reports lack the resource."""
    if not isinstance(item, Mapping) or not all(isinstance(item.get(name), str) for name in _BRIEF):
        return False
    texts = [item.get(name) for name in ("resource", "resource_detail", "title")]
    return _is_judged(item) and all(isinstance(text, (str, type(None))) for text in texts)


def _is_judged(item: Mapping[str, t.Any]) -> bool:
    """Whether the verdict of a finding is one that there is, and the time since when is a moment, if it is known."""
    if item["status"] not in _STATUS_RANK or item["severity"] not in _SEVERITY_RANK:
        return False
    since = item.get("first_seen")
    return since is None or _is_moment(since)


def _is_moment(value: t.Any) -> bool:
    try:
        return isinstance(value, str) and parse_moment(value) is not None
    except ValueError:
        return False


def encode(document: Mapping[str, t.Any]) -> bytes:
    """``document`` as JSON for a file: readable, in the order it was built in, and the same for the same content."""
    return to_bytes(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def to_bytes(content: str) -> bytes:
    """``content`` in UTF-8. A policy may hold half of a surrogate pair, which has none: it stays the escape it was."""
    return content.encode(errors="backslashreplace")


def decode(content: bytes, *, where: str, schema: t.Optional[str] = None) -> dict[str, t.Any]:
    """The document in ``content``.

    :arg where: the location that an error names.
    :raises DocumentError: not a JSON object, or not of ``schema``.
    """
    try:
        document = parse(content)
    except ValueError as error:
        raise DocumentError(f"{where} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise DocumentError(f"{where} does not hold a JSON object")
    if schema is not None and document.get("schema") != schema:
        raise DocumentError(f"{where} has the schema {document.get('schema')!r} where {schema!r} is expected")
    return document
