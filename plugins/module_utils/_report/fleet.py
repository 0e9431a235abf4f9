# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``fleet.json``: what the reports of all accounts of one run come to, and which accounts have none."""

from __future__ import annotations

import sys
import types
import typing as t
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from .._account.moments import format_utc
from .._converge.finding import Severity, Status
from .delta import count_unaccepted
from .document import headline, summarize
from .grouping import aliases_of, problem_of, resource_name
from .held_back import find_held_back, slim_refusal
from .problems import problem
from .states import APPLIED, COUNTS, count_changes, state_of
from .trend import extend, score_frameworks
from .waves import list_not_begun

SCHEMA: t.Final = "hardening.iam/fleet/1"

# So many of a kind are listed; the totals count all of them.
_LISTED = 20
# Of most findings these are read, and of a report not the members that have the texts and the details.
_OF_FINDING: t.Final = ("control", "title", "severity", "status", "fingerprint")
_NOT_READ: t.Final = frozenset(
    {"controls", "costs", "errors", "impacts", "least_privilege", "preflight", "scope", "waivers"}
)
_COUNTS = ("passed", "failed", "waived", "not_assessed", "not_applicable")

Report = Mapping[str, t.Any]


def build(
    *,
    run_id: str,
    created: datetime,
    reports: Sequence[Report],
    failures: Sequence[Mapping[str, t.Any]] = (),
    expected: Collection[str] = (),
    hosts: Mapping[str, str] = types.MappingProxyType({}),
    units: Mapping[str, str] = types.MappingProxyType({}),
    waves: Sequence[Mapping[str, t.Any]] = (),
    unreported: int = 0,
    earlier: t.Any = None,
) -> dict[str, t.Any]:
    """The report of a run over its accounts.

    :arg reports: the accounts' reports of this run.
    :arg failures: what went wrong, each ``{"host", "account_id", "message"}``; the account may have a report still.
    :arg expected: the accounts that should have a report; those without one and without a failure are missing.
    :arg hosts: the name of the host of the inventory, by account.
    :arg units: the path of the organizational unit, by account.
    :arg waves: the waves of the run with their states. The accounts of those that did not begin are not missing.
    :arg unreported: changes that were applied in accounts without a report, as the journal has them.
    :arg earlier: the document that this one replaces, as it was read: its trend is gone on with.
    """
    ordered = sorted(reports, key=lambda report: report["account_id"])
    reported = {report["account_id"] for report in ordered}
    failed = sorted(
        (_failure(failure) for failure in failures),
        key=lambda failure: (failure["account_id"] or "", failure["host"] or ""),
    )
    failed_accounts = {failure["account_id"] for failure in failed}
    not_begun = list_not_begun(waves)
    findings = [finding for report in ordered for finding in report["findings"]]
    document = {
        "schema": SCHEMA,
        "run": {
            "id": run_id,
            "created": format_utc(created),
            "modes": sorted({report["run"]["mode"] for report in ordered}),
        },
        "summary": summarize(findings),
        "totals": _totals(ordered, unreported),
        "unaccepted": _count_unaccepted(ordered),
        "score": _score(ordered),
        "frameworks": score_frameworks(ordered),
        "accounts": [_account(report, hosts, units) for report in ordered],
        "top_controls": _top_controls(ordered),
        "new_criticals": new_criticals(ordered),
        "failed": failed,
        "missing": sorted(set(expected) - reported - failed_accounts - not_begun),
        "waves": [dict(wave) for wave in waves],
        "not_begun": sorted(not_begun),
        "held_back": find_held_back(ordered),
        "names": _name_accounts(ordered, hosts),
    }
    return {**document, "trend": extend(document, earlier)}


def slim(report: Report) -> dict[str, t.Any]:
    """The members of ``report`` that :func:`build` reads: a tenth of it.

    The reports of a thousand accounts do not fit into the memory of most machines at the same time.
    """
    new = frozenset(report["delta"]["new"])
    findings = [
        finding
        if finding["severity"] == Severity.CRITICAL.value and finding["fingerprint"] in new
        else {name: sys.intern(finding[name]) for name in _OF_FINDING}
        for finding in report["findings"]
    ]
    return {
        **{name: value for name, value in report.items() if name not in _NOT_READ},
        "findings": findings,
        "changes": [{"state": state_of(change)} for change in report["changes"]],
        "refused": [slim_refusal(refusal) for refusal in report["refused"]],
        "frameworks": {
            framework: {name: {"status": requirement["status"]} for name, requirement in requirements.items()}
            for framework, requirements in (report.get("frameworks") or {}).items()
        },
    }


def _name_accounts(reports: Sequence[Report], hosts: Mapping[str, str]) -> dict[str, str]:
    """Name accounts as people call them: by host, else by alias. A host that is called by a number names nothing."""
    aliases = {report["account_id"]: report["account_alias"] for report in reports if report["account_alias"]}
    named = {account: name for account, name in hosts.items() if not name.isdigit() and name != "localhost"}
    return dict(sorted({**aliases, **named}.items()))


def _failure(failure: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "host": failure.get("host"),
        "account_id": failure.get("account_id") or None,
        "message": failure.get("message") or "",
    }


def _totals(reports: Sequence[Report], unreported: int) -> dict[str, int]:
    changes = _changes(reports)
    return {
        "accounts": len(reports),
        "new": sum(len(report["delta"]["new"]) for report in reports),
        "newly_assessed": sum(_newly_assessed(report) for report in reports),
        "resolved": sum(len(report["delta"]["resolved"]) for report in reports),
        **changes,
        COUNTS[APPLIED]: changes[COUNTS[APPLIED]] + unreported,
        "waived": sum(finding["status"] == Status.WAIVED.value for report in reports for finding in report["findings"]),
    }


def _changes(reports: Sequence[Report]) -> dict[str, int]:
    """How many changes are in which state: numbers that are never added up."""
    counts = [count_changes(report) for report in reports]
    return {name: sum(count[state] for count in counts) for state, name in COUNTS.items()}


def _count_unaccepted(reports: Sequence[Report]) -> dict[str, int]:
    """Count for ``fail_on: new`` over all accounts."""
    counts = [count_unaccepted(report) for report in reports]
    return {name: sum(count[name] for count in counts) for name in (counts[0] if counts else ())}


def _newly_assessed(report: Report) -> int:
    return len(report["delta"].get("newly_assessed", ()))


def _score(reports: Sequence[Report]) -> t.Optional[dict[str, t.Any]]:
    """The headline scores taken together: of all verdicts in all accounts, the part that passes."""
    scores = [score for report in reports if (score := headline(report))]
    if not scores:
        return None
    # One account that was scored by another benchmark decides nothing for the others.
    benchmark = Counter(score["benchmark"] for score in scores).most_common(1)[0][0]
    same = [score for score in scores if score["benchmark"] == benchmark]
    counts = {name: sum(score[name] for score in same) for name in _COUNTS}
    decided = counts["passed"] + counts["failed"]
    return {
        "benchmark": benchmark,
        "title": same[0].get("title", benchmark),
        "accounts": len(same),
        **counts,
        "percent": round(100 * counts["passed"] / decided, 1) if decided else None,
        "coverage_percent": round(sum(score["coverage_percent"] for score in same) / len(same), 1),
        "recommendations": same[0]["recommendations"],
    }


def _account(report: Report, hosts: Mapping[str, str], units: Mapping[str, str]) -> dict[str, t.Any]:
    account = report["account_id"]
    return {
        "account_id": account,
        "account_alias": report["account_alias"],
        "host": hosts.get(account),
        "unit": units.get(account),
        "mode": report["run"]["mode"],
        "summary": summarize(report["findings"]),
        "score": headline(report),
        "new": len(report["delta"]["new"]),
        "newly_assessed": _newly_assessed(report),
        "resolved": len(report["delta"]["resolved"]),
        "not_assessed": sum(finding["status"] == Status.NOT_ASSESSED.value for finding in report["findings"]),
        **_changes([report]),
        "plan_sha256": report.get("plan_sha256"),
        "no_hash_reason": report.get("no_hash_reason"),
        "report": f"{account}/report.json",
    }


def _top_controls(reports: Iterable[Report]) -> list[dict[str, t.Any]]:
    """The controls that fail, the most severe first, then those that fail in most accounts."""
    found: dict[str, dict[str, t.Any]] = {}
    thresholds: dict[str, Mapping[str, t.Any]] = {}
    for report in reports:
        for finding in report["findings"]:
            if finding["status"] == Status.FAIL.value:
                row = found.setdefault(
                    finding["control"],
                    {"title": finding["title"], "severity": finding["severity"], "findings": 0, "accounts": set()},
                )
                thresholds.setdefault(finding["control"], report["thresholds"])
                row["findings"] += 1
                # A finding on a member account in the report of an organization counts for that report.
                row["accounts"].add(report["account_id"])
                row["severity"] = min(row["severity"], finding["severity"], key=lambda name: Severity(name).rank)
    rows = [{"control": control, **row, "accounts": sorted(row["accounts"])} for control, row in found.items()]
    for row in rows:
        row["problem"] = problem(
            row["control"], row["findings"], title=row["title"], thresholds=thresholds[row["control"]]
        )
    rows.sort(key=lambda row: (Severity(row["severity"]).rank, -len(row["accounts"]), -row["findings"], row["control"]))
    return rows[:_LISTED]


def new_criticals(reports: Iterable[Report]) -> list[dict[str, t.Any]]:
    """Critical findings that the run before did not have, in accounts whose reports have a run before."""
    found = []
    for report in reports:
        new = frozenset(report["delta"]["new"])
        for finding in report["findings"]:
            if finding["fingerprint"] in new and finding["severity"] == Severity.CRITICAL.value:
                names = ("account_id", "control", "title", "resource", "region", "detail", "fingerprint")
                words = {"name": resource_name(finding, aliases_of(report)), "problem": problem_of(finding, report)}
                found.append({**{name: finding[name] for name in names}, **words, "account_id": report["account_id"]})
    return found
