# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The assessment, composed: an account or a saved snapshot in, findings, scores and ``report.json`` out."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence

from .._account.account_id import is_account_id
from .._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from .._account.collect import deepen
from .._account.model import DEEP, Dataset, Snapshot, Unread, UnreadKind
from .._account.moments import format_utc
from .._account.organization_tree import OrganizationTree
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._controls.assess import assess
from .._controls.benchmarks import DEFAULT_BENCHMARKS
from .._controls.control import Control
from .._controls.deep import principals_in_question
from .._controls.facts import Facts
from .._controls.regions import region_control, unread_regions
from .._controls.registry import CATALOG_VERSION, all_controls
from .._controls.score import frameworks, scores
from .._controls.selection import datasets_for
from .._controls.waivers import apply
from .._converge.arn import is_declared
from .._converge.finding import Finding, Status
from .._converge.store import Store
from .._module.connection import Connection
from .._module.declaration import Declaration, declaration
from .._module.options import FindingOptions
from .._module.run_snapshot import Part
from .._module.snapshots import SnapshotFile, add_organization_policies
from .._module.task import Task, TaskError
from .._module.trust import note_found
from .._module.version import COLLECTION_VERSION
from .._report.delta import compare
from .._report.document import (
    SCHEMA,
    DocumentError,
    Report,
    Run,
    Subject,
    build,
    check_report,
    count_statuses,
    decode,
    encode,
    headline,
    run_report_key,
)
from .unread_account import refuse_unread

_FIELDS_OF_ARN, _ACCOUNT_FIELD = 6, 4

# No control asks for the alias, but people know an account by it.
_ALWAYS: t.Final = frozenset({Dataset.ACCOUNT_ALIASES})

_ALL: t.Final = datasets_for(all_controls(), deep=True, detective=True) | datasets_for(
    all_controls(), of_organization=True
)

OPERATIONS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity", "ec2:DescribeRegions"})).union(
    *(OPERATIONS_OF_DATASETS[dataset] for dataset in _ALL | _ALWAYS)
)

_KEPT: t.Final = {
    "none": frozenset[Status](),
    "failed": frozenset({Status.FAIL}),
    "all": frozenset(Status),
}


@dataclasses.dataclass(frozen=True)
class _Options:
    """The options on extra reads, and on the contents of the report."""

    file: SnapshotFile
    deep: bool
    detective: bool
    benchmark: str
    declaration_commit: t.Optional[str]
    job_url: t.Optional[str]
    is_after: bool
    findings: FindingOptions

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> t.Self:
        """The options of the module."""
        return cls(
            file=SnapshotFile.from_options(options),
            deep=options["deep"],
            detective=options["detective"],
            benchmark=options["benchmark"],
            declaration_commit=options["declaration_commit"],
            job_url=options["job_url"],
            is_after=options["phase"] == "after",
            findings=FindingOptions.from_options(options),
        )


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``assessment_info``: options of :mod:`plugins.modules.assessment_info` in, its result out."""
    options = _Options.from_options(task.options)
    task.share_snapshot(Part.ASSESSMENT)
    declared = declaration(task, of_organization=task.options["scope"] == "organization")
    snapshot = options.file.observe(task, functools.partial(_collect, options, declared, task.regions))
    for pattern in _find_unmatched(task.guards.break_glass, snapshot):
        task.warn(
            f"break_glass: {pattern!r} matches no user and no role of account {snapshot.account_id}, so it protects "
            "nobody. Give the ARN of a user or a role; * stands for any text in it."
        )
    judged = assess(
        snapshot,
        settings=declared.settings,
        controls=declared.controls,
        now=task.now,
        of_organization=declared.of_organization,
        break_glass=task.guards.break_glass,
    )
    findings, waiver_records, warnings = apply(judged, declared.waivers, task.now.date())
    for warning in warnings:
        task.warn(warning)
    if task.clock_set_to:
        task.warn(f"ages are counted from {format_utc(task.clock_set_to)} (hardening_now), not from the clock")
    run = Run(
        id=task.run_id,
        mode="check" if task.check_mode else "enforce",
        started=task.started,
        finished=task.clock(),
        collection_version=COLLECTION_VERSION,
        control_catalog_version=CATALOG_VERSION,
        caller_arn=snapshot.caller.arn,
        declaration_commit=options.declaration_commit,
        job_url=options.job_url,
        clock_set_to=task.clock_set_to,
    )
    report = _build_report(run, options, snapshot, declared, findings, waiver_records)
    if not task.has_reports:
        return _build_result(options, report, snapshot)
    place = task.open_store(task.reports)
    compared = _compare(options, place, report, task.warn)
    result = _build_result(options, compared, snapshot)
    # Two runs of one account may overtake each other: each has its own copy, which its report goes by.
    content = encode(compared)
    place.put(run_report_key(compared["account_id"], run.id), content)
    return {**result, "report": place.put(_make_key(compared), content)}


def _find_unmatched(patterns: Sequence[str], snapshot: Snapshot) -> list[str]:
    """The patterns that match nobody, but for those that name another account: a fleet may share one list."""
    if snapshot.missing(Dataset.AUTHORIZATION_DETAILS):
        return []
    arns = [*(user.arn for user in snapshot.users), *(role.arn for role in snapshot.roles)]
    return [
        pattern
        for pattern in patterns
        if not any(is_declared(arn, [pattern]) for arn in arns) and not _is_of_another(pattern, snapshot.account_id)
    ]


def _is_of_another(pattern: str, account_id: str) -> bool:
    owner = (*pattern.split(":"), *[""] * _FIELDS_OF_ARN)[_ACCOUNT_FIELD]
    return is_account_id(owner) and owner != account_id


def _collect(options: _Options, declared: Declaration, requested: Sequence[str], connection: Connection) -> Snapshot:
    """Everything the chosen controls need in the requested regions.

    Reads that cost a call for each principal are made with ``deep`` alone, for the principals in question. What the
    detective services know is read with ``detective`` alone.
    """
    access = connection.access
    if declared.of_organization:
        return _collect_organization(declared, requested, connection)
    wanted = datasets_for(declared.controls, deep=options.deep, detective=options.detective) | _ALWAYS
    snapshot = _read(connection, requested, wanted - DEEP)
    refuse_unread(snapshot, wanted - DEEP)
    if Dataset.ORGANIZATION_POLICIES in wanted:
        snapshot = _try_organization_policies(connection, snapshot)
    note_found(connection, snapshot)
    if not wanted & DEEP:
        return snapshot
    for dataset, principals in principals_in_question(Facts(snapshot)).items():
        if dataset in wanted:
            snapshot = deepen(access, snapshot, principals=principals, datasets=[dataset])
    return snapshot


def _read(connection: Connection, requested: Sequence[str], datasets: Collection[Dataset]) -> Snapshot:
    """The datasets of the account, and which of its enabled regions were not read."""
    access = connection.access
    reach = access.reach(requested)
    snapshot = connection.collect(datasets, reach.regions)
    connection.snapshot.open()
    return dataclasses.replace(snapshot, enabled_regions=reach.enabled, enabled_regions_unread=reach.unread)


def _collect_organization(declared: Declaration, requested: Sequence[str], connection: Connection) -> Snapshot:
    """The organization, read from its management account or from a delegated administrator."""
    wanted = datasets_for(declared.controls, of_organization=True) | _ALWAYS | {Dataset.ORGANIZATION}
    snapshot = _read(connection, requested, wanted)
    _expect_organization(snapshot)
    unread = snapshot.missing(Dataset.ORGANIZATION_TREE)
    if unread is not None and unread.kind is UnreadKind.DENIED:
        connection.warn(f"scope: account {snapshot.account_id} can't read its organization: {unread.reason}")
    return snapshot


def _expect_organization(snapshot: Snapshot) -> None:
    if snapshot.organization is None and snapshot.missing(Dataset.ORGANIZATION) is None:
        raise TaskError(
            f"scope: account {snapshot.account_id} belongs to no organization; an organization is assessed from its "
            "management account, or from a delegated administrator"
        )


def _try_organization_policies(connection: Connection, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the policies of the organization, where a role that may read them is given and works."""
    try:
        return add_organization_policies(connection, snapshot)
    except AwsError as error:
        connection.warn(f"organization_role_arn: the SCPs and RCPs of {snapshot.account_id} were not read: {error}")
        return snapshot


def _build_report(
    run: Run,
    options: _Options,
    snapshot: Snapshot,
    declared: Declaration,
    findings: Sequence[Finding],
    waivers: Sequence[Mapping[str, t.Any]],
) -> Report:
    return build(
        run=run,
        subject=_make_subject(snapshot, of_organization=declared.of_organization),
        findings=findings,
        scores=scores(
            findings,
            list(dict.fromkeys((options.benchmark, *DEFAULT_BENCHMARKS))),
            of_account=not declared.of_organization,
        ),
        frameworks=frameworks(findings),
        controls=_make_texts(declared.controls, snapshot),
        thresholds=dataclasses.asdict(declared.settings),
        waivers=waivers,
        errors=[_gap_as_dict(gap) for gap in _list_gaps(snapshot)],
        reveal_key_ids=options.findings.reveal_key_ids,
    )


def _make_texts(controls: Sequence[Control], snapshot: Snapshot) -> dict[str, dict[str, t.Any]]:
    """The texts of the controls by id, and that of the finding on a region where one of them asks about regions."""
    region = region_control(controls, snapshot)
    return {
        control.id: {
            "title": control.title,
            "rationale": control.rationale,
            "remediation": control.remediation.text,
            "severity": control.severity.value,
            "compliance": {framework: list(ids) for framework, ids in control.compliance.items()},
        }
        for control in (*controls, *((region,) if region else ()))
    }


def _make_subject(snapshot: Snapshot, *, of_organization: bool) -> Subject:
    report = snapshot.credential_report
    unread = {region: reason for region, reason in unread_regions(snapshot).items() if not of_organization}
    return Subject(
        account_id=snapshot.account_id,
        organization_id=snapshot.organization.id if of_organization and snapshot.organization else None,
        partition=snapshot.partition,
        account_alias=snapshot.account_alias,
        regions_assessed=[region for region in snapshot.regions if region not in unread and not of_organization],
        regions_not=unread,
        regions_left_out=snapshot.regions_left_out,
        populations=_count_populations(snapshot.organization_tree if of_organization else snapshot),
        credential_report_generated_at=report.generated if report else None,
    )


def _count_populations(read: t.Union[Snapshot, OrganizationTree, None]) -> dict[str, int]:
    """Count the objects that were assessed, in the account or in the organization."""
    if isinstance(read, OrganizationTree):
        names: tuple[str, ...] = ("accounts", "units", "policies", "trusted_services", "delegated_administrators")
    else:
        names = ("users", "groups", "roles", "policies", "instances", "trails") if read else ()
    return {name: len(getattr(read, name)) for name in names}


def _list_gaps(snapshot: Snapshot) -> list[Unread]:
    """List what could not be read; a region that refused every read once, not once a dataset."""
    gaps: dict[tuple[t.Any, ...], Unread] = {}
    for unread in snapshot.unread:
        if unread.kind is UnreadKind.REGION_DENIED:
            gaps.setdefault((unread.region,), unread)
        elif unread.kind is not UnreadKind.NOT_REQUESTED:
            gaps[unread.dataset, unread.region] = unread
    return list(gaps.values())


def _gap_as_dict(gap: Unread) -> dict[str, t.Any]:
    dataset = None if gap.kind is UnreadKind.REGION_DENIED else gap.dataset.value
    return {"dataset": dataset, "region": gap.region, "operation": gap.operation, "reason": gap.reason}


def _build_result(options: _Options, report: Report, snapshot: Snapshot) -> dict[str, t.Any]:
    kept = {status.value for status in _KEPT[options.findings.returned]}
    result: dict[str, t.Any] = {
        "account_id": snapshot.account_id,
        "run_id": report["run"]["id"],
        "summary": report["summary"],
        "counts": count_statuses(report["findings"]),
        "score": headline(report),
        "unread": [
            " ".join(filter(None, (gap.region, None if gap.kind is UnreadKind.REGION_DENIED else gap.dataset.value)))
            + f": {gap.reason}"
            for gap in _list_gaps(snapshot)
        ],
    }
    if kept:
        result["findings"] = [finding for finding in report["findings"] if finding["status"] in kept]
    if options.file.path:
        result["snapshot"] = options.file.path
    return result


def _make_key(report: Report) -> str:
    return f"{report['account_id']}/report.json"


def _compare(options: _Options, place: Store, report: Report, warn: Callable[[str], None]) -> Report:
    """The report compared with that of the run before, which becomes ``previous.json``."""
    account, run_id = report["account_id"], report["run"]["id"]
    previous_key = f"{account}/previous.json"
    present = _read_earlier(warn, place, _make_key(report), account)
    if present is not None and present["run"]["id"] != run_id:
        place.put(previous_key, encode(present))
        previous: t.Optional[Report] = present
    else:
        previous = _read_earlier(warn, place, previous_key, account)
    before = _read_earlier(warn, place, run_report_key(account, run_id), account) if options.is_after else None
    return compare(report, previous, before, reveal_key_ids=options.findings.reveal_key_ids)


def _read_earlier(warn: Callable[[str], None], place: Store, key: str, account_id: str) -> t.Optional[Report]:
    """Read an earlier report of the account. If it is malformed, or of another account, warn and return None."""
    content = place.get(key)
    if content is None:
        return None
    try:
        document = decode(content, where=f"{place.location}/{key}", schema=SCHEMA)
        check_report(document, account_id, where=f"{place.location}/{key}")
    except DocumentError as error:
        warn(f"an earlier report is ignored, so nothing is compared with it: {error}")
        return None
    return document
