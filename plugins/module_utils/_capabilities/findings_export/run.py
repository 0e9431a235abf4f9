# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``findings_export``: the account's report in, its findings in Security Hub and in a file out."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.model import Dataset
from ..._aws.access import Access
from ..._aws.operations import Operations
from ..._converge.attempts import VERIFY_WAITS
from ..._converge.capability import Capability
from ..._converge.change import Change, content_hash
from ..._converge.errors import InputError
from ..._converge.finding import Finding, Status, mask_key_ids
from ..._converge.plan import PLANNED, ChangeFacts, Plan, make_cost
from ..._converge.store import Store
from ..._module.connection import Connection
from ..._module.converging import converge
from ..._module.registration import Registration, Reversal, Row
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from ..._report import ocsf
from ..._report.delta import make_settled_test
from ..._report.document import SCHEMA, DocumentError, Report, check_report, complete, decode, run_report_key, to_bytes
from ..._report.grouping import problem_of, resource_name
from ..._report.parts import Parts, read_parts
from .asff import Place, ReportedFinding, build_identifier
from .changes import read_rejections
from .declared import Declared
from .observe import UNDO_OPERATIONS, read_hubs, reread
from .plan import MODULE, Assessment, Hub, Planner, list_costs
from .undo import DERIVATIONS

# The writes of an export also undo it.
OPERATIONS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity"})).union(UNDO_OPERATIONS)
_OPEN: t.Final = frozenset({Status.FAIL.value, Status.WAIVED.value})
_FILE: t.Final = "findings.ocsf.jsonl"
# So many of what was not taken are named in the message; the result has all.
_NAMED: t.Final = 10

Result = dict[str, t.Any]
_SAMPLE: t.Final = "arn:${Partition}:securityhub:${Region}:${Account}"
REGISTRATION: t.Final = Registration(
    role="findings_export",
    module=MODULE,
    writer=Writer.DETECTIVE,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread),
    row=Row((Dataset.SECURITY_HUB,)),
    samples={
        "securityhub:BatchImportFindings": f"{_SAMPLE}:product/iam-hardening/preflight",
        "securityhub:*": f"{_SAMPLE}:hub/default",
    },
)


def run(task: Task) -> Result:
    """Export the findings of an account, as the options say.

    :raises TaskError: there is no assessment of the run, or Security Hub did not take all that was sent.
    """
    try:
        declared = Declared.from_options(task.options)
        place = task.open_store(task.reports)
        report, parts = _read_report(place, str(task.account_id), task.given_run_id)
        files = _write_file(place, report) if declared.ocsf else {}
        if not declared.security_hub:
            return {"account_id": report["account_id"], "run_id": report["run"]["id"], "files": files}
        return converge(
            task,
            functools.partial(
                FindingsExport, declared, report, files, _list_planned(task, parts), _find_unplanned(task, parts)
            ),
            module=MODULE,
        )
    except (DocumentError, InputError) as error:
        raise TaskError(str(error)) from error


def _read_report(place: Store, account: str, run_id: t.Optional[str]) -> tuple[Report, Parts]:
    """The assessment of a run with the findings that other modules left beside it, and their parts.

    Key ids are masked in any case.

    Without ``run_id`` it is the newest assessment.
    """
    key = run_report_key(account, run_id) if run_id else f"{account}/report.json"
    content = place.get(key) or place.get(f"{account}/report.json")
    report = None if content is None else decode(content, where=f"{place.location}/{key}", schema=SCHEMA)
    if report is not None:
        check_report(report, account, where=f"{place.location}/{key}")
    if report is None or (run_id and report["run"]["id"] != run_id):
        of_run = f" of run {run_id}" if run_id else ""
        found = f"; the one there is of run {report['run']['id']}" if report else ""
        raise InputError(f"account_id: no assessment of {account}{of_run} in {place.location}{found}")
    kept = read_parts(place, account, report["run"]["id"], mode=report["run"]["mode"])
    return mask_key_ids(complete(report, kept.parts)), kept


def _list_planned(task: Task, found: Parts) -> list[Mapping[str, t.Any]]:
    """List the changes that a run in check mode has planned by now. A run that writes has made them."""
    if not task.check_mode:
        return []
    plans = (part.get("plan") or {} for part in found.parts)
    return [entry for plan in plans for entry in plan.get("changes", ()) if entry["state"] == PLANNED]


def _find_unplanned(task: Task, found: Parts) -> str:
    """Find why it is not known what a run in check mode has planned by now; empty where it is."""
    lost = {name: problem for name, problem in found.problems.items() if name != MODULE} if task.check_mode else {}
    reasons = "; ".join(f"{name}: {problem}" for name, problem in sorted(lost.items()))
    return f"it is not known which findings the plan of the run resolves ({reasons})" if reasons else ""


def _write_file(place: Store, report: Report) -> dict[str, str]:
    """Write the file of this run, in check mode too: it is a report."""
    key = f"{report['account_id']}/{_FILE}"
    return {"ocsf": place.put(key, to_bytes(ocsf.render(report)))}


class FindingsExport(Capability[Mapping[str, Hub]]):
    """The export of one account: the assessment, the hubs of the regions, and the findings that AWS rejected."""

    _hubs: Mapping[str, Hub]

    def __init__(
        self,
        declared: Declared,
        report: Report,
        files: Mapping[str, str],
        planned: Sequence[Mapping[str, t.Any]],
        unplanned: str,
        connection: Connection,
    ) -> None:
        access = connection.access
        self._warn = connection.warn
        self._declared = declared
        self._report = report
        self._files = files
        self._unplanned = unplanned
        self._access = access
        home = self._find_home(access)
        self._planner = Planner(self._make_assessment(), home=home, now=connection.now, planned=planned)
        self._present = reread(access, connection.now)
        self._failed: dict[str, str] = {}
        self._taken: dict[str, int] = {}
        self._late: set[str] = set()

    def _find_home(self, access: Access) -> str:
        given = self._declared.global_region
        return access.regions([given])[0] if given else access.home_region

    def _make_assessment(self) -> Assessment:
        report, severities = self._report, self._declared.severities
        failing = [finding for finding in report["findings"] if finding["status"] in _OPEN]
        reported = tuple(
            ReportedFinding(finding, problem_of(finding, report))
            for finding in failing
            if finding["severity"] in severities
        )
        return Assessment(
            account_id=report["account_id"],
            partition=report["partition"],
            run_id=report["run"]["id"],
            observed=report["run"]["started"],
            reported=reported,
            severities=severities,
            failing=frozenset(map(build_identifier, failing)),
            settles=make_settled_test(report["findings"]),
        )

    def observe(self) -> Mapping[str, Hub]:
        access = self._access
        regions = self._planner.regions(self._report["scope"]["regions_assessed"])
        places = (Place(access.partition, access.caller.account_id, region) for region in regions)
        unplanned = dict.fromkeys(regions, Hub(problem=self._unplanned))
        self._hubs = unplanned if self._unplanned else read_hubs(access, places)
        return self._hubs

    def findings(self, _observed: Mapping[str, Hub]) -> tuple[Finding, ...]:
        return ()

    def plan(self, observed: Mapping[str, Hub], _found: tuple[Finding, ...]) -> Plan:
        return self._planner.plan(observed)

    def facts(self, change: Change) -> ChangeFacts:
        """The cost of an export to a region."""
        counts = [item for item in self._count_outcomes() if item["region"] == change.region]
        return ChangeFacts(cost=make_cost(list_costs(counts)))

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """Learn the findings that AWS rejected, for the journal: its answer is a success, with an error by finding."""
        failed = read_rejections(answer)
        self._failed.update(failed)
        self._taken[change.target] = 0
        return {"rejected": failed} if failed else {}

    def reread(self, change: Change) -> t.Any:
        """Read the findings live. Of a batch that AWS took, the rejected findings are known, and the others will show.

        It may take minutes until a finding shows, which is no failure: the answer has said that it was taken.
        """
        present = self._present(change)
        looks = self._taken.get(change.target)
        if looks is None:
            return present
        self._taken[change.target] = looks + 1
        state = {name: change.after[name] if name in self._failed else value for name, value in present.items()}
        if looks < len(VERIFY_WAITS) or content_hash(state) == content_hash(change.after):
            return state
        self._late.add(change.region)
        return change.after

    def conclude(self, _result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Warn of what is not to be seen yet."""
        for region in sorted(self._late) if completed else ():
            self._warn(f"{region}: Security Hub accepted all findings, but does not show all of them yet")

    def result(self, _result: Mapping[str, t.Any]) -> Result:
        known = {build_identifier(finding): finding for finding in self._report["findings"]}
        failed = [
            {
                "id": name,
                "control": known[name]["control"] if name in known else "",
                "resource": resource_name(known[name]) if name in known else name,
                "reason": reason,
            }
            for name, reason in sorted(self._failed.items())
        ]
        return {
            "files": self._files,
            "exported": self._count_outcomes(),
            "failed_findings": failed,
        }

    def failure(self, result: Mapping[str, t.Any]) -> str:
        failed = result["failed_findings"]
        if not failed:
            return ""
        named = "; ".join(f"{item['control']} on {item['resource']}: {item['reason']}" for item in failed[:_NAMED])
        more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        return f"Security Hub rejected {len(failed)} findings: {named}{more}"

    def costs(self) -> list[Result]:
        return list_costs(self._count_outcomes())

    def _count_outcomes(self) -> list[Result]:
        return [self._planner.count_outcomes(region, hub) for region, hub in self._hubs.items()]
