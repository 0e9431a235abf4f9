# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The frame of every converging module: options in, guards, stores and the result out."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from .._account.moments import format_utc
from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.retries import RetryVerdict, judge
from .._controls.settings import Settings, SettingsError
from .._converge.capability import Capability, Documents
from .._converge.change import Change, is_among, list_entries
from .._converge.diff import diff_of
from .._converge.errors import GuardError, InputError
from .._converge.finding import Finding, Status
from .._converge.guard import GuardContext
from .._converge.incident.findings import CONTROLS as OF_INCIDENTS
from .._converge.incident.findings import find_incident_problems
from .._converge.journal import Journal
from .._converge.ownership.drift import CONTROL as DRIFT_WAR
from .._converge.plan import ApprovedPlan
from .._converge.plans import find_approval, keep_plan
from .._converge.predict import Prediction, predict, withhold
from .._converge.run_control.fleet_caps import RULE as FLEET_CAP
from .._converge.run_control.lease import LeaseError
from .._converge.runner import ApplyResult, apply
from .._converge.store import Store, StoreError
from .._report.parts import PART_SCHEMA, mark, part_key
from .connection import Connection
from .emergency import LIMITS, Emergency
from .enforcing import check_enforcing
from .fleet_failures import count_failures
from .interrupted import hold_if_cut_off, report_interrupted
from .lockout import explain_lockout
from .options import FindingOptions, Guards, Run
from .ownership import OwnershipOptions, OwnershipReader, PlanOwners
from .plan_part import build_plan
from .run_control import RunControl, check_journal
from .run_snapshot import Part
from .task import Task, TaskError
from .trust import keep_found


@dataclasses.dataclass(frozen=True)
class _Invocation:
    """One module at work on an account: what it was given, where it writes, and what it shares with its task."""

    module: str
    part: str
    account_id: str
    run: Run
    guards: Guards
    findings: FindingOptions
    journal: Store
    reports: t.Optional[Store]
    warnings: list[str]
    clock: Callable[[], datetime]
    control: RunControl
    emergency: t.Optional[Emergency] = None

    def warn(self, message: str) -> None:
        """Add a warning to the result."""
        self.warnings.append(message)

    @property
    def key(self) -> str:
        """The name of the part of the report that the module leaves."""
        return part_key(self.account_id, self.run.id, self.part, job_id=self.run.job_id)


def settings_of(task: Task) -> Settings:
    """The thresholds of the controls.

    :raises InputError: one is unknown or out of range.
    """
    try:
        return Settings.from_options(task.options.get("thresholds"))
    except SettingsError as error:
        raise InputError(str(error)) from error


def converge(
    task: Task,
    make: Callable[[Connection], Capability[t.Any]],
    *,
    module: str,
    part: str = "",
    emergency: t.Optional[Emergency] = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, t.Any]:
    """Run a capability as the options of ``task`` say, and return the module's result.

    ``make`` is called once the account is known to be the right one. ``emergency`` is the incident that the run is part
    of: its journal, records and limits then count. With ``report_dir`` the result is also kept there,
    among the parts of the report of the account, as ``<module>.json``; a module that runs several times in one run
    gives each time another ``part`` of the file's name.

    :raises TaskError: bad input, a wrong account, a change that acts on the caller, a write that failed, or a refusal
        with ``on_refusal=fail``. The last two carry the result.
    """
    task.share_snapshot(Part.FOLLOWING)
    explained = explain_lockout(task, emergency.incident.id) if emergency else contextlib.nullcontext()
    with explained, count_failures(task, sleep=sleep):
        try:
            return _run(task, make, module, part or module, sleep, emergency)
        except (InputError, GuardError) as error:
            raise TaskError(str(error)) from error


def _run(
    task: Task,
    make: Callable[[Connection], Capability[t.Any]],
    module: str,
    part: str,
    sleep: Callable[[float], None],
    emergency: t.Optional[Emergency],
) -> dict[str, t.Any]:
    check_enforcing(task, in_emergency=emergency is not None)
    ownership = OwnershipOptions.from_options(task.options) if "owners" in task.options else None
    invocation = _invoke(task, module, part, sleep, emergency)
    check_journal(invocation.journal.location, writes=invocation.run.writes, warn=invocation.warn)
    connection = task.connection
    context = _make_guard_context(invocation, connection)
    if invocation.run.writes and emergency is None:
        keep_found(connection.snapshot, invocation.journal, invocation.run.id, invocation.warn)
    with _mark_report(invocation):
        capability = make(dataclasses.replace(connection, freeze=context.freeze))
        owners = _make_plan_owners(ownership, connection, invocation, sleep) if ownership else None
        prediction, applied, result = _converge(invocation, capability, connection.access, context, sleep, owners)
        if applied.refused or applied.already:
            # The account is no longer as this run has read it.
            connection.snapshot.discard()
    failure = applied.error or _find_refusal_failure(invocation, result)
    try:
        # First, so that the report has the state that the run leaves.
        capability.conclude(result, completed=not failure)
    finally:
        kept = _build_part(invocation, prediction, result, applied, capability)
        unkept = _keep(invocation, kept, applied)
    return _conclude(invocation, capability, prediction, result, "; ".join(filter(None, [failure, unkept])))


def _invoke(
    task: Task, module: str, part: str, sleep: Callable[[float], None], emergency: t.Optional[Emergency]
) -> _Invocation:
    """The module at work, once its options are checked, and the account is known to be the right one."""
    run, guards = task.run, task.guards
    account_id = task.access.caller.account_id
    task.expect_account(account_id)
    journal = emergency.open_journal(task, account_id) if emergency else task.open_store(task.journal)
    incidents = emergency.read_incidents(task.warn) if emergency else None
    return _Invocation(
        module=module,
        part=part,
        account_id=account_id,
        run=run,
        guards=guards,
        findings=task.findings,
        journal=journal,
        reports=task.open_store(task.reports) if task.has_reports else None,
        warnings=task.warnings,
        clock=task.clock,
        control=RunControl.of(task, journal, account_id=account_id, module=module, sleep=sleep, incidents=incidents),
        emergency=emergency,
    )


def _make_guard_context(invocation: _Invocation, connection: Connection) -> GuardContext:
    # First the input: the principals ask AWS whose credentials the roles are assumed from.
    emergency = invocation.emergency
    approved = None if emergency else _find_approved(invocation)
    return GuardContext(
        principals=connection.principals,
        break_glass=invocation.guards.break_glass,
        limits=LIMITS if emergency else invocation.guards.limits,
        approved=approved,
        freeze=invocation.control.incidents.read(invocation.account_id),
        incident=emergency.incident.id if emergency else "",
    )


def _make_plan_owners(
    options: OwnershipOptions, connection: Connection, invocation: _Invocation, sleep: Callable[[float], None]
) -> PlanOwners:
    journal = invocation.journal if invocation.run.enforces else None
    return PlanOwners(OwnershipReader(options, connection, sleep=sleep), options, journal, invocation.clock())


def _find_approved(invocation: _Invocation) -> t.Optional[ApprovedPlan]:
    """The approved plan, given by its hash or by that of a run."""
    run = invocation.run
    given = run.approved_plan
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    approver = run.details.get("approver") or None
    return find_approval(
        invocation.reports, given, account_id=invocation.account_id, now=run.started, approver=approver
    )


@contextlib.contextmanager
def _mark_report(invocation: _Invocation) -> Iterator[None]:
    """Put a mark into the report that the module runs, before it does anything, and why it failed if it did.

    The part of the report replaces the mark. A mark that stays shows that the module was cut off. In an emergency a
    report that can't be written stops nothing.
    """
    reports, run = invocation.reports, invocation.run
    if reports is None:
        yield
        return
    record: dict[str, t.Any] = {
        "module": invocation.module,
        "run_id": run.id,
        "check_mode": run.check_mode,
        "written": run.started,
    }
    try:
        reports.put(invocation.key, mark(**record))
    except StoreError as error:
        if not invocation.emergency:
            raise
        invocation.warn(f"there will be no report: {error}")
    try:
        yield
    except (AwsError, GuardError, InputError, StoreError, TaskError) as error:
        with contextlib.suppress(StoreError):
            reports.put(invocation.key, mark(**record, error=str(error)))
        raise


def _converge(
    invocation: _Invocation,
    capability: Capability[t.Any],
    access: Access,
    context: GuardContext,
    sleep: Callable[[float], None],
    owners: t.Optional[PlanOwners],
) -> tuple[Prediction, ApplyResult, dict[str, t.Any]]:
    """Predict, and apply what is allowed where the run writes: the two outcomes and the result without findings."""
    run = invocation.run
    prediction = predict(capability, context, owners)
    elsewhere = invocation.control.incidents.refuse_elsewhere(prediction.to_approve, invocation.account_id)
    prediction = withhold(capability, prediction, elsewhere)
    problems = find_incident_problems(context.freeze, partition=access.partition, now=invocation.clock())
    prediction = dataclasses.replace(prediction, findings=(*prediction.findings, *problems))
    for warning in (*prediction.plan.warnings, *(owners.warnings if owners else ())):
        invocation.warn(warning)
    journal = Journal(
        invocation.journal,
        account_id=invocation.account_id,
        run_id=run.id,
        job_id=run.job_id,
        module=invocation.module,
        caller_arn=access.caller.arn,
        clock=invocation.clock,
        details={**run.details, "approved_plan": run.approved_plan, "plan_sha256": prediction.plan_sha256},
    )
    applied = ApplyResult()
    if run.writes and prediction.allowed:
        prediction = prediction.without(invocation.control.refuse(prediction.allowed))
    if run.writes and prediction.allowed:
        with invocation.control.hold_leases(access) as leases:
            _report_interrupted(invocation, capability, access)
            prediction = prediction.without(invocation.control.count(prediction.allowed))
            _begin(invocation, capability, prediction.allowed)
            applied = apply(
                capability,
                prediction.allowed,
                aws=access,
                journal=journal,
                leases=leases,
                errors=(AwsError, LeaseError),
                judge=_judge,
                sleep=sleep,
                owners=owners,
            )
    else:
        with _take_over(invocation, access):
            _report_interrupted(invocation, capability, access)
    if run.writes and invocation.emergency:
        applied = invocation.emergency.record(capability, prediction, applied)
    result = _build_result(invocation, prediction, applied, capability.costs())
    if applied.made:
        result["journal"] = journal.location
    return prediction, applied, result


def _begin(invocation: _Invocation, capability: Capability[t.Any], changes: Sequence[Change]) -> None:
    """Do what comes before the first change. Raises StoreError: it can't be kept, so nothing is changed."""
    if invocation.emergency:
        invocation.emergency.begin(changes, capability.list_subjects(changes), capability.list_frozen(changes))
    capability.begin(changes)


def _take_over(invocation: _Invocation, access: Access) -> contextlib.AbstractContextManager[None]:
    """Hold the lease if another run of the incident was cut off. Nothing else reads its journal, or needs to."""
    emergency, account_id = invocation.emergency, invocation.account_id
    if emergency is None or not invocation.run.writes:
        return contextlib.nullcontext()
    return hold_if_cut_off(invocation.control, access, lambda: emergency.find_runs(account_id), invocation.warn)


def _report_interrupted(invocation: _Invocation, capability: Capability[t.Any], access: Access) -> None:
    """Report the changes that were cut off. In an emergency those of its own runs: the journal may be long."""
    emergency = invocation.emergency
    try:
        runs = emergency.find_runs(invocation.account_id) if emergency else None
    except StoreError as error:
        invocation.warn(f"it is not known whether an earlier run of the incident was cut off: {error}")
        return
    report_interrupted(invocation.control, capability, access, runs=runs)


def _judge(error: Exception, change: Change) -> RetryVerdict:
    if isinstance(error, LeaseError):
        return RetryVerdict(changed_nothing=True)
    return judge(error, change.service, change.operation)


def _build_result(
    invocation: _Invocation, prediction: Prediction, applied: ApplyResult, costs: t.Optional[Documents]
) -> dict[str, t.Any]:
    run = invocation.run
    # A change that somebody else has made since is no change of this run any more.
    changes = [change for change in prediction.allowed if not is_among(change, applied.already)]
    done = applied.made if run.writes else changes
    return {
        "changed": run.enforces and bool(done),
        "mode": run.mode,
        "account_id": invocation.account_id,
        "run_id": run.id,
        "changes": [
            shown.as_dict(applied=all(is_among(change, applied.made) for change in writes))
            for shown, writes in list_entries(changes)
        ],
        "refused": [refusal.as_dict() for refusal in (*prediction.refused, *applied.refused)],
        "already_done": [change.as_target() for change in applied.already],
        "plan_sha256": prediction.plan_sha256 if run.enforces and not applied.error else None,
        "diff": diff_of(shown for shown, _writes in list_entries(done)),
        **({} if costs is None else {"costs": [dict(document) for document in costs]}),
        **(invocation.emergency.describe(applied) if invocation.emergency else {}),
    }


def _keep(invocation: _Invocation, part: Mapping[str, t.Any], applied: ApplyResult) -> str:
    """Keep the part for the report, and the plan under its hash, so that it can be approved.

    Returns why the files could not be written, or an empty text.
    """
    reports = invocation.reports
    if reports is None:
        return ""
    try:
        if part["plan"]["plan_sha256"]:
            keep_plan(reports, part["plan"], renew=not applied.made)
        content = json.dumps(part, indent=2, sort_keys=True, default=str).encode()
        reports.put(invocation.key, content)
    except StoreError as error:
        return str(error)
    return ""


def _find_refusal_failure(invocation: _Invocation, result: Mapping[str, t.Any]) -> str:
    """Why the run fails since something was refused; empty if it does not."""
    if not result["refused"] or not invocation.guards.fails_on_refusal:
        return ""
    return f"refused: {'; '.join(refusal['reason'] for refusal in result['refused'])}"


def _conclude(
    invocation: _Invocation,
    capability: Capability[t.Any],
    prediction: Prediction,
    done: Mapping[str, t.Any],
    failure: str,
) -> dict[str, t.Any]:
    """The result with the findings that are asked for and what the capability adds; or the failure."""
    result = {**done, **_select_findings(invocation.findings, prediction)}
    result |= capability.result(result)
    failure = failure or capability.failure(result)
    emergency = invocation.emergency
    if failure and emergency and not emergency.is_final:
        invocation.warn(failure)
    elif failure:
        raise TaskError(failure, **result)
    return result


def _select_findings(options: FindingOptions, prediction: Prediction) -> dict[str, t.Any]:
    if options.returned == "none":
        return {}
    is_all = options.returned == "all"
    kept = [finding for finding in prediction.findings if is_all or finding.status is Status.FAIL]
    return {"findings": [finding.as_dict(reveal_key_ids=options.reveal_key_ids) for finding in kept]}


def _build_part(
    invocation: _Invocation,
    prediction: Prediction,
    result: Mapping[str, t.Any],
    applied: ApplyResult,
    capability: Capability[t.Any],
) -> dict[str, t.Any]:
    """The part of the account's report. ``plan`` has what an approval would cover, ``refused`` what none does."""
    run = invocation.run
    plan = build_plan(
        prediction, applied, capability, module=invocation.module, account_id=invocation.account_id, run=run
    )
    refused = prediction.refused_for_good if run.enforces else prediction.refused
    left = [refusal for _change, refusal in prediction.held if refusal.rule == FLEET_CAP and run.enforces]
    return {
        **{name: value for name, value in result.items() if name != "diff"},
        "refused": [refusal.as_dict() for refusal in (*refused, *left, *applied.refused)],
        "plan_sha256": plan["plan_sha256"],
        "schema": PART_SCHEMA,
        "module": invocation.module,
        "check_mode": run.check_mode,
        "written": format_utc(run.started),
        "plan": plan,
        "findings": [
            finding.as_dict(reveal_key_ids=True)
            for finding in prediction.findings
            if _is_reported(finding, capability.reports)
        ],
        "impacts": [dict(document) for document in capability.impacts()],
        **{name: [dict(document) for document in found] for name, found in capability.sections().items()},
        "warnings": list(invocation.warnings),
        "error": applied.error or None,
    }


def _is_reported(finding: Finding, reports: t.Union[bool, Collection[str]]) -> bool:
    if finding.control == DRIFT_WAR or finding.control in OF_INCIDENTS:
        return True
    return reports if isinstance(reports, bool) else finding.control in reports
