# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What every converging module does around its walk: options in, guards, stores and the result out."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from .._account.moments import format_utc
from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.fence import FenceError
from .._aws.retries import RetryVerdict, judge
from .._controls.settings import Settings, SettingsError
from .._converge.arn import principals_of
from .._converge.capability import Capability, Documents
from .._converge.change import Change, Refusal
from .._converge.diff import diff_of
from .._converge.errors import GuardError, InputError
from .._converge.finding import Finding, Status
from .._converge.guard import GuardContext, Limits, find_enforcing_objections
from .._converge.journal import Journal, RecordError, check_run_id, find_interrupted, record_found
from .._converge.plan import ApprovedPlan, plan_document
from .._converge.plans import find_approval, keep_plan
from .._converge.runner import ApplyResult, Prediction, apply, predict, settle
from .._converge.store import Doubts, Store, StoreError, doubt_directory
from .._report.parts import PART_SCHEMA, mark, part_key
from .arguments import ASSESSMENT_ARGUMENTS, DECLARATION_ARGUMENTS, REPORT_PLACE_ARGUMENTS
from .task import Task, TaskError

# doc_fragments/_converge.py, the part JOURNALLED
JOURNALLED_ARGUMENTS: t.Final[dict[str, dict[str, t.Any]]] = {
    "mode": {"type": "str", "choices": ["report", "enforce"], "default": "enforce"},
    "account_id": {"type": "str"},
    "journal": {"type": "str", "default": "./journal"},
    "journal_kms_key_id": {"type": "str", "no_log": False},
    "journal_role_arn": {"type": "str"},
    "run_id": {"type": "str"},
    "awx_job_id": {"type": "str"},
    "job_id": {"type": "str"},
    "approved_plan": {"type": "raw"},
    "run_details": {
        "type": "dict",
        "default": {},
        "options": {
            "author": {"type": "str"},
            "approver": {"type": "str"},
            "change_ticket": {"type": "str"},
            "require_change_ticket": {"type": "bool", "default": False},
            "job": {"type": "str"},
            "commit": {"type": "str"},
        },
    },
    "break_glass": {"type": "list", "elements": "str", "default": []},
    "on_refusal": {"type": "str", "choices": ["report", "fail"], "default": "report"},
    **REPORT_PLACE_ARGUMENTS,
}

# doc_fragments/_converge.py
CONVERGE_ARGUMENTS: t.Final[dict[str, dict[str, t.Any]]] = {
    **JOURNALLED_ARGUMENTS,
    "max_changes": {"type": "int", "default": 10},
    "max_percent": {"type": "int", "default": 5},
    **{name: DECLARATION_ARGUMENTS[name] for name in ("thresholds", "now")},
    **ASSESSMENT_ARGUMENTS,
}

# What a recorded change of malformed shape can raise in the code that reads its target.
MALFORMED: t.Final = (AttributeError, IndexError, KeyError, TypeError, ValueError)


@dataclasses.dataclass(frozen=True)
class _Run:
    """The options of one invocation, checked, before anything is called."""

    module: str
    enforce: bool
    writes: bool
    run_id: str
    job_id: str
    part: str
    limits: Limits
    details: Mapping[str, t.Any]


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
    make: Callable[[Access], Capability[t.Any]],
    *,
    module: str,
    part: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, t.Any]:
    """Run a capability as the options of ``task`` say, and return the module's result.

    ``make`` is called once the account is known to be the right one. With ``report_dir`` the result is also kept there,
    among the parts of the report of the account, as ``<module>.json``; a module that runs several times in one run
    gives each time another ``part`` of the file's name.

    :raises TaskError: bad input, a wrong account, a change that acts on the caller, a write that failed, or a refusal
        with ``on_refusal=fail``. The last two carry the result.
    """
    try:
        run = _checked(task, module, part or module)
        return _converge(task, run, make, sleep)
    except (InputError, GuardError) as error:
        raise TaskError(str(error)) from error


def _converge(
    task: Task, run: _Run, make: Callable[[Access], Capability[t.Any]], sleep: Callable[[float], None]
) -> dict[str, t.Any]:
    access = task.access
    account_id = access.caller.account_id
    task.expect_account(account_id)
    journal_store = journal_store_of(task)
    _check_journal(task, run)
    reports = _report_store(task)
    approved = _approval(task, run, reports, account_id)
    context = GuardContext(
        principals=principals_of([access.caller.arn, *access.chain, *_declared_roles(task)]),
        break_glass=tuple(task.options["break_glass"]),
        limits=run.limits,
        approved=approved,
    )
    with _marked(task, run, reports, account_id):
        capability = make(access)
        prediction = predict(capability, context)
        for warning in prediction.plan.warnings:
            task.warn(warning)
        _report_interrupted(task, capability, journal_store, account_id, run)
        journal = Journal(
            journal_store,
            account_id=account_id,
            run_id=run.run_id,
            job_id=run.job_id,
            module=run.module,
            caller_arn=access.caller.arn,
            clock=task.clock,
            details={**run.details, "plan_sha256": prediction.plan_sha256},
        )
        applied = ApplyResult()
        if run.writes and prediction.allowed:
            applied = apply(
                capability,
                prediction.allowed,
                aws=access,
                journal=journal,
                errors=(AwsError,),
                judge=_judge,
                sleep=sleep,
            )
        result = _result(task, run, account_id, prediction, applied, capability.costs())
        if applied.made:
            result["journal"] = journal.location
    part = _part(task, run, prediction, result, applied, capability)
    unkept = _keep(run, reports, prediction, part, applied)
    return _concluded(task, capability, prediction, result, [applied.error, unkept])


@contextlib.contextmanager
def _marked(task: Task, run: _Run, reports: t.Optional[Store], account_id: str) -> Iterator[None]:
    """Leave word in ``reports`` that the module runs, before it does anything, and why it failed if it did.

    The part takes the place of the mark. A mark that stays tells the report that a module was cut off.
    """
    if reports is None:
        yield
        return
    key = part_key(account_id, run.run_id, run.part, job_id=run.job_id)
    said: dict[str, t.Any] = {
        "module": run.module,
        "run_id": run.run_id,
        "check_mode": task.check_mode,
        "written": task.started,
    }
    reports.put(key, mark(**said))
    try:
        yield
    except (AwsError, GuardError, InputError, StoreError, TaskError) as error:
        with contextlib.suppress(StoreError):
            reports.put(key, mark(**said, error=str(error)))
        raise


def _check_journal(task: Task, run: _Run) -> None:
    """Refuse to write where others can change the journal, which a rollback believes."""
    location = task.options["journal"]
    doubts = Doubts() if location.startswith("s3://") else doubt_directory(location)
    if doubts.refused and run.writes:
        reasons = [f"journal (hardening_journal): {text}" for text in doubts.refused]
        raise GuardError([Refusal("journal", reason, location, fatal=True) for reason in reasons])
    for text in (*doubts.refused, *doubts.warned):
        task.warn(f"journal (hardening_journal): {text}")


def _checked(task: Task, module: str, part: str) -> _Run:
    options = task.options
    enforce = options["mode"] == "enforce"
    details = {**(options.get("run_details") or {}), "approved_plan": options.get("approved_plan")}
    if enforce:
        objections = (
            *find_enforcing_objections(
                account_id=task.account_id, awx_job_id=options.get("awx_job_id"), journal=options["journal"]
            ),
            *_ticket_objections(details),
        )
        if objections and not task.check_mode:
            raise GuardError(objections)
        for objection in objections:
            task.warn(f"without check mode this fails: {objection.reason}")
    return _Run(
        module=module,
        enforce=enforce,
        writes=enforce and not task.check_mode,
        run_id=check_run_id(task.run_id),
        job_id=task.job_id,
        part=part,
        limits=Limits(**{name: options[name] for name in ("max_changes", "max_percent") if name in options}),
        details=details,
    )


def _ticket_objections(details: Mapping[str, t.Any]) -> tuple[Refusal, ...]:
    if not details.get("require_change_ticket") or str(details.get("change_ticket") or "").strip():
        return ()
    reason = (
        "run_details: change_ticket (hardening_change_ticket) is not set, and require_change_ticket "
        "(hardening_require_change_ticket) demands one of a run that enforces"
    )
    return (Refusal("change_ticket", reason, "", fatal=True),)


def _declared_roles(task: Task) -> list[str]:
    """The roles of both modes and all classes: check mode, where the reader calls, refuses what would hit a writer."""
    assessor = task.options.get("assessor_role_arn")
    return [*task.writing_roles, *([assessor] if assessor else [])]


def journal_store_of(task: Task) -> Store:
    """The journal that the options of ``task`` name."""
    options = task.options
    return task.store(
        options["journal"], kms_key_id=options.get("journal_kms_key_id"), role_arn=options.get("journal_role_arn")
    )


def _report_store(task: Task) -> t.Optional[Store]:
    return task.report_store() if task.options.get("report_dir") else None


def _approval(task: Task, run: _Run, reports: t.Optional[Store], account_id: str) -> t.Optional[ApprovedPlan]:
    """The approved plan, given by its hash or by that of a run."""
    given = task.options.get("approved_plan")
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    approver = run.details.get("approver") or None
    return find_approval(reports, given, account_id=account_id, now=task.started, approver=approver)


def tolerant(reread: Callable[[Change], t.Any]) -> Callable[[Change], t.Any]:
    """``reread`` for changes that a journal recorded: one that is malformed can't be read, and stops nothing else.

    :raises AwsError: also where the record has not the shape that its module writes.
    """

    def read(change: Change) -> t.Any:
        try:
            return reread(change)
        except (*MALFORMED, FenceError, RecordError) as error:
            raise AwsError(f"the record of {change.operation} on {change.target} is malformed: {error!r}") from error

    return read


def _report_interrupted(task: Task, capability: Capability[t.Any], store: Store, account_id: str, run: _Run) -> None:
    """Warn of changes that a run before this one announced and never concluded; a run that writes records what it finds
    of those that it can read, which are its own module's and, for a rollback, every module's.

    A journal that can't be read is a warning here: one that can't be written stops the first change.
    """
    known = {**capability.rereads(), run.module: capability.reread}
    rereads = {name: tolerant(reread) for name, reread in known.items()}
    try:
        for intent in find_interrupted(store, account_id, task.warn):
            change = intent.change
            ending = "look at its target"
            if run.writes and intent.module in rereads:
                outcome = settle(rereads[intent.module], change, errors=(AwsError,))
                record_found(store, intent, outcome, by=run.run_id, module=run.module, at=task.clock())
                ending = f"what is there now says: {outcome.value}"
            task.warn(f"run {intent.run_id} was cut off at {change.operation} on {change.target}; {ending}")
    except StoreError as error:
        task.warn(f"whether an earlier run was cut off is not known: {error}")


def _judge(error: Exception, change: Change) -> RetryVerdict:
    return judge(error, change.service, change.operation)


def _result(
    task: Task,
    run: _Run,
    account_id: str,
    prediction: Prediction,
    applied: ApplyResult,
    costs: t.Optional[Documents],
) -> dict[str, t.Any]:
    # What somebody else has brought about since is no change of this run any more.
    changes = [change for change in prediction.allowed if not _among(change, applied.already)]
    done = applied.made if run.writes else changes
    return {
        "changed": run.enforce and bool(done),
        "mode": task.options["mode"],
        "account_id": account_id,
        "run_id": run.run_id,
        "changes": [change.as_dict(applied=_among(change, applied.made)) for change in changes],
        "refused": [refusal.as_dict() for refusal in (*prediction.refused, *applied.refused)],
        "already_done": [_named(change) for change in applied.already],
        "plan_sha256": prediction.plan_sha256,
        "diff": diff_of(done),
        **({} if costs is None else {"costs": [dict(document) for document in costs]}),
    }


def _named(change: Change) -> dict[str, str]:
    names = ("account_id", "region", "service", "operation", "target")
    return {name: getattr(change, name) for name in names}


def _among(change: Change, made: Collection[Change]) -> bool:
    return any(change is other for other in made)


def _keep(
    run: _Run,
    reports: t.Optional[Store],
    prediction: Prediction,
    part: Mapping[str, t.Any],
    applied: ApplyResult,
) -> str:
    """Keep the part for the report, and the plan under its hash, so that it can be approved; why it could not be."""
    if reports is None:
        return ""
    try:
        if prediction.plan.changes:
            keep_plan(reports, part["plan"], renew=not applied.made)
        content = json.dumps(part, indent=2, sort_keys=True, default=str).encode()
        reports.put(part_key(part["account_id"], run.run_id, run.part, job_id=run.job_id), content)
    except StoreError as error:
        return str(error)
    return ""


def _concluded(
    task: Task,
    capability: Capability[t.Any],
    prediction: Prediction,
    done: Mapping[str, t.Any],
    errors: Sequence[str],
) -> dict[str, t.Any]:
    """The result with the findings that are asked for and what the capability adds; or the failure."""
    result = {**done, **_findings(task, prediction)}
    failure = "; ".join(filter(None, errors))
    if not failure and result["refused"] and task.options["on_refusal"] == "fail":
        failure = f"refused: {'; '.join(refusal['reason'] for refusal in result['refused'])}"
    capability.conclude(result, completed=not failure)
    result |= capability.result(result)
    failure = failure or capability.failure(result)
    if failure:
        raise TaskError(failure, **result)
    return result


def _findings(task: Task, prediction: Prediction) -> dict[str, t.Any]:
    wanted, reveal = task.options.get("return_findings", "none"), task.options.get("reveal_key_ids", False)
    if wanted == "none":
        return {}
    kept = [finding for finding in prediction.findings if _is_wanted(finding, wanted)]
    return {"findings": [finding.as_dict(reveal_key_ids=reveal) for finding in kept]}


def _part(
    task: Task,
    run: _Run,
    prediction: Prediction,
    result: Mapping[str, t.Any],
    applied: ApplyResult,
    capability: Capability[t.Any],
) -> dict[str, t.Any]:
    """What the report of the account takes up. ``plan`` has what a cap holds back too: it is what is approved."""
    plan = plan_document(
        prediction.plan.changes,
        account_id=result["account_id"],
        run_id=run.run_id,
        created=task.started,
        author=run.details.get("author") or None,
    )
    return {
        **{name: value for name, value in result.items() if name != "diff"},
        "schema": PART_SCHEMA,
        "module": run.module,
        "check_mode": task.check_mode,
        "written": format_utc(task.started),
        "plan": plan,
        "findings": [
            finding.as_dict(reveal_key_ids=True)
            for finding in prediction.findings
            if _is_reported(finding, capability.reports)
        ],
        "impacts": [dict(document) for document in capability.impacts()],
        "warnings": list(task.warnings),
        "error": applied.error or None,
    }


def _is_reported(finding: Finding, reports: t.Union[bool, Collection[str]]) -> bool:
    return reports if isinstance(reports, bool) else finding.control in reports


def _is_wanted(finding: Finding, wanted: str) -> bool:
    return wanted == "all" or finding.status is Status.FAIL
