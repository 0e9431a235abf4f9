# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``policy_generation_info``: the policies that Access Analyzer generates, beside those of today."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import re
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ..._account.collect import collect
from ..._account.model import Dataset, Group, Role, Snapshot, User
from ..._account.moments import format_utc
from ..._account.permissions import Permissions
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.errors import InputError
from ..._converge.untouchable import UntouchablePrincipals
from ..._module.arguments import ArgumentSpec
from ..._module.connection import Connection
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from ..._policy.documents.policy import PolicyError
from ..._policy.least_privilege.policy_generation import Comparison, Expected, Generation, compare
from ..._prediction.proposals.subjects import choose
from ..next_steps import explain
from .jobs import OPERATIONS as OPERATIONS_OF_JOBS
from .jobs import RUNNING, Failure, Job, Order, choose_trail, list_jobs, read_job, sort_by_turn, start_job

ARGUMENTS: t.Final[ArgumentSpec] = {
    "principals": {"type": "list", "elements": "str", "required": True},
    "request": {"type": "bool", "default": False},
    "access_role_arn": {"type": "str"},
    "trails": {"type": "list", "elements": "str", "default": []},
    "days": {"type": "int", "default": 90},
    "resource_placeholders": {"type": "bool", "default": False},
    "return_lists": {"type": "str", "choices": ["none", "short", "all"], "default": "short"},
    "now": {"type": "str"},
}
_DATASETS: t.Final = (Dataset.AUTHORIZATION_DETAILS, Dataset.TRAILS)
OPERATIONS: t.Final = OPERATIONS_OF_JOBS.union(
    Operations(reads=frozenset({"sts:GetCallerIdentity", "ec2:DescribeRegions"})),
    *(OPERATIONS_OF_DATASETS[dataset] for dataset in _DATASETS),
)
_MOST_DAYS: t.Final = 90
_SHORT: t.Final = 20
_ENABLED: t.Final = "enabled"
_ROLE: t.Final = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]+", re.ASCII)
_TRAIL: t.Final = re.compile(r"arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:\d{12}:trail/[\w.-]+", re.ASCII)
_ASK: t.Final = "AWS lists no job of the principal in the last 7 days"


class Outcome(enum.StrEnum):
    """The outcome for one principal. WAITING: its job is to be started by a later run."""

    COMPARED = "compared"
    RUNNING = "running"
    WAITING = "waiting"
    ABSENT = "absent"
    FAILED = "failed"
    OUTDATED = "outdated"
    NOT_ASSESSED = "not_assessed"


# Those whose principals get a new job, if one is requested.
_OPEN: t.Final = (Outcome.ABSENT, Outcome.FAILED, Outcome.OUTDATED)


@dataclasses.dataclass(frozen=True)
class _Answer:
    outcome: Outcome
    reason: str = ""
    job: t.Optional[Job] = None
    generation: t.Optional[Generation] = None
    comparison: t.Optional[Comparison] = None


@dataclasses.dataclass(frozen=True)
class _Options:
    """The options, checked before anything is called."""

    request: bool
    access_role_arn: str
    trails: tuple[str, ...]
    days: int
    placeholders: bool

    @classmethod
    def of(cls, task: Task) -> t.Self:
        """The options of a task. Raises TaskError: one can't be used."""
        given = task.options
        days, role = given["days"], given["access_role_arn"] or ""
        if not 1 <= days <= _MOST_DAYS:
            raise TaskError(f"days: {days} is not allowed; allowed are 1 to {_MOST_DAYS}")
        if role and not _ROLE.fullmatch(role):
            raise TaskError(f"access_role_arn: {role!r} is not the ARN of a role")
        if given["request"] and not role:
            raise TaskError("access_role_arn: it is missing; request needs the role that Access Analyzer assumes")
        for arn in given["trails"]:
            if not _TRAIL.fullmatch(arn):
                raise TaskError(f"trails: {arn!r} is not the ARN of a trail")
        return cls(given["request"], role, tuple(given["trails"]), days, given["resource_placeholders"])


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``policy_generation_info``: its options in, its result out. Nothing in the account is changed.

    :raises TaskError: a bad option, the credentials of another account, or policies that can't be read.
    """
    options = _Options.of(task)
    account_id = task.access.caller.account_id
    task.expect_account(account_id)
    role = _ROLE.fullmatch(options.access_role_arn)
    if role and role[1] != account_id:
        raise TaskError(f"access_role_arn: {options.access_role_arn} is not a role of account {account_id}")
    snapshot = _observe(task.connection, task.regions)
    try:
        choice = choose(task.options["principals"], {}, snapshot, UntouchablePrincipals())
    except InputError as error:
        raise TaskError(str(error)) from error
    groups = [item for item in choice.subjects if isinstance(item.entity, Group)]
    chosen = {
        item.arn: item.entity
        for item in choice.subjects
        if isinstance(item.entity, (User, Role)) and item not in groups
    }
    work = _Work(task.connection, options, Permissions(snapshot), chosen, task.regions)
    answers = work.answer()
    requested = None
    if options.request and not work.unread:
        requested = _request(task, work, answers)
    skipped = [{"principal": item.arn, "reason": "AWS generates policies of users and roles only"} for item in groups]
    return {
        "account_id": account_id,
        "region": task.access.region,
        "counts": dict(sorted(collections.Counter(answer.outcome.value for answer in answers.values()).items())),
        "principals": [_describe(arn, answer, task.options["return_lists"]) for arn, answer in sorted(answers.items())],
        "requested": requested,
        "skipped": [*choice.skipped, *skipped],
    }


def _observe(connection: Connection, regions: Sequence[str]) -> Snapshot:
    reach = connection.access.reach(regions)
    snapshot = collect(connection.access, datasets=_DATASETS, regions=reach.regions, now=connection.now)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread is not None:
        raise TaskError(f"the policies of account {snapshot.account_id} can't be read: {unread_reason(unread)}")
    return snapshot


class _Work:
    """Reads the jobs of the principals, and compares the results."""

    def __init__(
        self,
        connection: Connection,
        options: _Options,
        permissions: Permissions,
        chosen: Mapping[str, t.Union[User, Role]],
        regions: Sequence[str],
    ) -> None:
        self._access = connection.access
        self._now = connection.now
        self._options = options
        self._permissions = permissions
        self._chosen = chosen
        self._regions = tuple(region for region in regions if region != _ENABLED)
        self.jobs: tuple[Job, ...] = ()
        self.unread = ""

    @property
    def newest(self) -> dict[str, Job]:
        """The newest job of each principal."""
        return {job.principal_arn: job for job in self.jobs}

    @property
    def running(self) -> t.Optional[Job]:
        """The job that is under way, ours or not."""
        return next((job for job in self.jobs if job.status == RUNNING), None)

    def order(self) -> Order:
        """The input of a job. Raises TaskError: no trail is known."""
        trails = self._options.trails or (choose_trail(self._permissions.snapshot.trails),)
        return Order(self._options.access_role_arn, trails, self._options.days, self._regions, self._now)

    def answer(self) -> dict[str, _Answer]:
        """Answer for each principal by its newest job."""
        try:
            self.jobs = list_jobs(self._access)
        except AwsError as error:
            self.unread = explain(error)
            return {arn: _Answer(Outcome.NOT_ASSESSED, self.unread) for arn in self._chosen}
        newest = self.newest
        ended = {arn: newest[arn] for arn in self._chosen if arn in newest and newest[arn].status != RUNNING}
        read = functools.partial(read_job, self._access, placeholders=self._options.placeholders)
        results = self._access.gather({arn: functools.partial(read, job) for arn, job in ended.items()})
        return {arn: self._judge(arn, newest.get(arn), results.get(arn)) for arn in self._chosen}

    def _judge(self, arn: str, job: t.Optional[Job], result: t.Union[Generation, Failure, AwsError, None]) -> _Answer:
        if job is None:
            return _Answer(Outcome.ABSENT, f"{_ASK}. Set request to start one")
        if result is None:
            return _Answer(Outcome.RUNNING, f"the job runs since {format_utc(job.started)}: run again later", job)
        if isinstance(result, AwsError):
            reason = explain(result, "AWS keeps jobs for 7 days: set request to start another one")
            return _Answer(Outcome.NOT_ASSESSED, reason, job)
        if isinstance(result, Failure):
            return _Answer(Outcome.FAILED, result.reason, job)
        created = self._chosen[arn].created
        if created is not None and job.started < created:
            reason = f"the job is of an earlier principal with this ARN: this one was made on {format_utc(created)}"
            return _Answer(Outcome.OUTDATED, f"{reason}. Set request to start another one", job)
        return self._compare(arn, job, result)

    def _expect(self, arn: str) -> Expected:
        snapshot = self._permissions.snapshot
        return Expected(
            self._options.days,
            self._chosen[arn].created,
            frozenset((*(trail.arn for trail in snapshot.trails), *self._options.trails)),
            frozenset(region for region in snapshot.regions if not snapshot.missing(Dataset.TRAILS, region)),
        )

    def _compare(self, arn: str, job: Job, generation: Generation) -> _Answer:
        unknown = self._permissions.unknown(arn)
        if unknown:
            return _Answer(Outcome.NOT_ASSESSED, f"its policies {', '.join(unknown)} could not be read", job)
        try:
            comparison = compare(generation, self._permissions.layers(arn).identity, arn, self._expect(arn))
        except PolicyError as error:
            reason = f"AWS generated a document that IAM would refuse: {error}"
            return _Answer(Outcome.NOT_ASSESSED, reason, job, generation)
        return _Answer(Outcome.COMPARED, "", job, generation, comparison)


def _request(task: Task, work: _Work, answers: dict[str, _Answer]) -> t.Optional[dict[str, str]]:
    """Start the job of one principal that needs one, and say of the others why theirs is not started."""
    waiting = [arn for arn, answer in answers.items() if answer.outcome in _OPEN]
    if not waiting:
        return None
    jobs, reason = _open_jobs(task, work)
    if jobs is None:
        for arn in waiting:
            answers[arn] = _add_reason(answers[arn], reason)
        return None
    first, *rest = sort_by_turn(waiting, work.newest)
    started = start_job(jobs, first, work.order())
    if started.job_id:
        answers[first] = _Answer(Outcome.RUNNING, f"the job {started.job_id} was started: run again later")
        others = f"the job of {first} runs: run again when it has ended"
    elif started.is_busy:
        answers[first] = _add_reason(answers[first], started.reason)
        others = started.reason
    else:
        answers[first] = dataclasses.replace(answers[first], outcome=Outcome.NOT_ASSESSED, reason=started.reason)
        others = f"the job of {first} could not be started, so no other was tried"
    for arn in rest:
        answers[arn] = _add_reason(answers[arn], others)
    return {"principal": first, "job_id": started.job_id} if started.job_id else None


def _open_jobs(task: Task, work: _Work) -> tuple[t.Optional[Access], str]:
    """Open AWS for the start of a job; without it the reason why none is started."""
    if work.running:
        job = work.running
        return None, f"a job of {job.principal_arn} runs since {format_utc(job.started)}: run again when it has ended"
    if task.check_mode:
        task.warn("request: check mode starts no job")
        return None, "check mode starts no job: run without it"
    try:
        return task.open_for_jobs(Writer.DETECTIVE), ""
    except AwsError as error:
        return None, f"no job can be started: {explain(error)}"


def _add_reason(answer: _Answer, reason: str) -> _Answer:
    """Let a principal wait; why its last job is of no use stays in the reason."""
    before = f"{answer.reason}. " if answer.outcome is not Outcome.ABSENT else ""
    return dataclasses.replace(answer, outcome=Outcome.WAITING, reason=f"{before}{reason}")


def _describe(arn: str, answer: _Answer, lists: str) -> dict[str, t.Any]:
    most = {"none": 0, "short": _SHORT, "all": None}[lists]
    generation, found = answer.generation or Generation(()), answer.comparison or Comparison(0, (), (), (), (), ())
    by_service: dict[str, list[str]] = {}
    for action in found.removed:
        service, _colon, name = action.partition(":")
        by_service.setdefault(service, []).append(name)
    removed = [
        {"service": service, "count": len(names), "actions": names[:most]} for service, names in by_service.items()
    ]
    return {
        "principal": arn,
        "outcome": answer.outcome.value,
        "reason": answer.reason,
        "job": answer.job.as_dict() if answer.job else None,
        "since": format_utc(generation.since) if generation.since else None,
        "until": format_utc(generation.until) if generation.until else None,
        "trails": list(generation.trails),
        "is_complete": generation.is_complete,
        "documents": list(generation.documents),
        "totals": {
            "granted": found.granted,
            "aws_would_keep": len(found.kept),
            "aws_would_remove": len(found.removed),
            "beyond": len(found.beyond),
        },
        "aws_would_keep": list(found.kept[:most]),
        "aws_would_remove": removed[:most],
        "beyond": list(found.beyond[:most]),
        "placeholders": list(found.placeholders),
        "left_out": list(found.left_out),
    }
