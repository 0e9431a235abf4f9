# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``access_analyzer_findings_info``: findings of all kinds of analyzers over regions."""

from __future__ import annotations

import collections
import dataclasses
import functools
import time
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence

from .._account import analyzer_reads
from .._account.analyzers import AnalyzerFinding, access_of
from .._account.moments import format_utc
from .._aws.access import Access
from .._aws.errors import AwsError, Unparsable
from .._aws.operations import Operations
from .._converge.finding import mask_key_ids
from .._module.task import Task, TaskError
from .._module.writers import Writer
from .._policy.least_privilege.second_opinion import Adviser, Step
from .recommendations import GET_FINDING, WAITS, Finding
from .recommendations import OPERATIONS as RECOMMENDATION_OPERATIONS

SERVICE: t.Final = "accessanalyzer"
_WHOLE: t.Final = "GetFindingV2"
_RECOMMENDABLE: t.Final = "UnusedPermission"
_NOT_IN_CHECK_MODE: t.Final = (
    "recommendations: AWS generates them on demand, which is not a read, so there are none in check mode"
)

OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            "sts:GetCallerIdentity",
            "ec2:DescribeRegions",
            *analyzer_reads.FINDINGS_OPERATIONS,
            f"{SERVICE}:{_WHOLE}",
        }
    ),
).union(RECOMMENDATION_OPERATIONS[Adviser.ACCESS_ANALYZER])

Record = dict[str, t.Any]


def run(task: Task, *, sleep: Callable[[float], None] = time.sleep) -> dict[str, t.Any]:
    """The core of ``access_analyzer_findings_info``: its options in, its result out."""
    options = task.options
    if options["limit"] < 1:
        raise TaskError(f"limit: {options['limit']} is not allowed; allowed is 1 or more")
    recommends = options["recommendations"] and not task.check_mode
    if options["recommendations"] and task.check_mode:
        task.warn(_NOT_IN_CHECK_MODE)
    access = task.reading_access
    task.expect_account(access.caller.account_id)
    jobs = task.open_for_jobs(Writer.DETECTIVE) if recommends else None
    query = _Query(options["statuses"], options["types"], {f"{kind.upper()}_ACCESS" for kind in options["access"]})
    found, unread = _read(access, task.regions, query)
    kept = found[: options["limit"]]
    if len(found) > len(kept):
        task.warn(f"{len(found)} findings; the first {len(kept)} are returned (limit)")
    records = [_finding_as_dict(item) for item in kept]
    if options["details"]:
        _add_answers(access, kept, records, "details", _read_details)
    if jobs is not None:
        of = [index for index, item in enumerate(kept) if item.type == _RECOMMENDABLE]
        recommendation = functools.partial(_read_recommendation, jobs=jobs, sleep=sleep)
        _add_answers(
            access, [kept[index] for index in of], [records[index] for index in of], "recommendation", recommendation
        )
    return {
        "account_id": access.caller.account_id,
        "findings": records if options["reveal_key_ids"] else mask_key_ids(records),
        "counts": dict(sorted(collections.Counter(item.type for item in found).items())),
        "unread": unread,
    }


@dataclasses.dataclass(frozen=True)
class _Query:
    """The findings that are asked for: their statuses and types, all without any, and the kinds of access."""

    statuses: Sequence[str]
    types: Sequence[str]
    access: Collection[str]


def _read(access: Access, requested: Sequence[str], query: _Query) -> tuple[list[AnalyzerFinding], list[Record]]:
    regions = access.regions(requested)
    results = access.gather({region: functools.partial(_read_region, access, region, query) for region in regions})
    found: list[AnalyzerFinding] = []
    unread: list[Record] = []
    for region, result in results.items():
        if isinstance(result, AwsError):
            unread.append({"region": region, "reason": str(result)})
        else:
            found += result
    return found, unread


def _read_region(access: Access, region: str, query: _Query) -> list[AnalyzerFinding]:
    filters = {"status": {"eq": query.statuses}} if query.statuses else {}
    if query.types:
        filters["findingType"] = {"eq": query.types}
    return [
        finding
        for analyzer in access.items(SERVICE, "ListAnalyzers", "analyzers", region=region)
        if analyzer["status"] == "ACTIVE" and access_of(analyzer["type"]) in query.access
        for finding in sorted(
            analyzer_reads.findings_of(access, region, analyzer["arn"], analyzer["type"], filters),
            key=lambda item: (item.resource, item.type, item.id),
        )
    ]


def _finding_as_dict(item: AnalyzerFinding) -> Record:
    return {
        "id": item.id,
        "analyzer": item.analyzer_arn,
        "region": item.region,
        "type": item.type,
        "status": item.status,
        "resource": item.resource or None,
        "resource_type": item.resource_type,
        "owner_account": item.owner_account,
        "is_public": item.is_public,
        "error": item.error,
        "created": format_utc(item.created) if item.created else None,
        "updated": format_utc(item.updated) if item.updated else None,
    }


def _add_answers(
    access: Access,
    items: Sequence[AnalyzerFinding],
    records: Sequence[Record],
    key: str,
    read: Callable[[Access, AnalyzerFinding], t.Any],
) -> None:
    """Add the answer of a call for each finding to its record at ``key``; a failure as its error."""
    results = access.gather({index: functools.partial(read, access, item) for index, item in enumerate(items)})
    for index, result in results.items():
        records[index][key] = {"error": str(result)} if isinstance(result, AwsError) else result


def _read_details(access: Access, item: AnalyzerFinding) -> list[Record]:
    """Read the details of a finding, without the name that AWS wraps each part in, and with times as text."""
    parameters = {"analyzerArn": item.analyzer_arn, "id": item.id}
    parts = access.items(SERVICE, _WHOLE, "findingDetails", parameters, region=item.region)
    return [_simplify(detail) for part in parts for detail in part.values()]


def _simplify(value: t.Any) -> t.Any:
    if isinstance(value, Mapping):
        return {key: _simplify(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_simplify(member) for member in value]
    return format_utc(value) if hasattr(value, "isoformat") else value


def _read_recommendation(
    access: Access, item: AnalyzerFinding, *, jobs: Access, sleep: Callable[[float], None]
) -> Record:
    """Read the steps that AWS recommends. They are for people to look at: no module follows them."""
    finding = Finding(Adviser.ACCESS_ANALYZER, item.id, item.region, item.analyzer_arn)
    finding.generate(jobs)
    message = f"it is not ready after {sum(WAITS):.0f} seconds"
    for wait in (*WAITS, None):
        answer = finding.read(access)
        if answer is not None and answer.status == "SUCCEEDED":
            return {"steps": [_step_as_dict(step) for step in answer.steps]}
        if answer is not None and answer.status == "FAILED":
            message = answer.error
            break
        if wait is not None:
            sleep(wait)
    raise Unparsable(message, service=SERVICE, operation=GET_FINDING, region=item.region)


def _step_as_dict(step: Step) -> Record:
    return {
        "action": "DETACH_POLICY" if step.recommended is None else "CREATE_POLICY",
        "policy": step.recommended,
        "existing_policy_id": step.policy_id or None,
    }
