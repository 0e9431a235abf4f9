# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The jobs of Access Analyzer that generate policies: read, and started one at a time.

AWS runs one job at a time in an account and region. A job of somebody else is waited for by running again, and never
cancelled. https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ..._account.moments import format_utc
from ..._account.regional import Trail
from ..._aws.access import Access
from ..._aws.errors import AwsError, QuotaExceeded
from ..._aws.operations import Operations
from ..._module.task import TaskError
from ..._policy.least_privilege.policy_generation import Generation
from ..next_steps import explain

SERVICE: t.Final = "accessanalyzer"
_LIST: t.Final = "ListPolicyGenerations"
_GET: t.Final = "GetGeneratedPolicy"
_START: t.Final = "StartPolicyGeneration"
OPERATIONS: t.Final = Operations(
    reads=frozenset({f"{SERVICE}:{_LIST}", f"{SERVICE}:{_GET}"}),
    jobs=frozenset({f"{SERVICE}:{_START}"}),
)
RUNNING: t.Final = "IN_PROGRESS"
SUCCEEDED: t.Final = "SUCCEEDED"

# https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_JobError.html
_ERRORS: t.Final[Mapping[str, str]] = {
    "AUTHORIZATION_ERROR": (
        "Look at three places: the permissions and the trust policy of access_role_arn, the policy and the object "
        "ownership of the log bucket, and the policy of its KMS key"
    ),
    "RESOURCE_NOT_FOUND_ERROR": "The trail or its bucket does not exist: correct trails",
    "SERVICE_QUOTA_EXCEEDED_ERROR": (
        "AWS reads at most 25 GB and 100,000 log files in a job: lower days, or name fewer regions"
    ),
    "SERVICE_ERROR": "AWS failed. Run again with request",
}
_REFUSED: t.Final = "Check access_role_arn, trails, days and regions"
_BUSY: t.Final = (
    "AWS runs one job at a time, and a limited number a day, and another one is in the way. It is never cancelled: "
    "run again later"
)

Record = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Job:
    """A job as AWS lists it."""

    id: str
    principal_arn: str
    status: str
    started: datetime
    completed: t.Optional[datetime] = None

    def as_dict(self) -> dict[str, t.Any]:
        """The job as a result has it."""
        return {
            "id": self.id,
            "status": self.status,
            "started": format_utc(self.started),
            "completed": format_utc(self.completed) if self.completed else None,
        }


@dataclasses.dataclass(frozen=True)
class Failure:
    """A job that has no result; ``reason`` is AWS's, with the next step."""

    reason: str


@dataclasses.dataclass(frozen=True)
class Order:
    """The input of a job: the role that AWS assumes, one trail, the days, and the regions; all without any."""

    access_role_arn: str
    trail_arns: tuple[str, ...]
    days: int
    regions: tuple[str, ...]
    now: datetime

    def parameters(self, principal_arn: str, token: str) -> dict[str, t.Any]:
        """The parameters of the request."""
        scope: dict[str, t.Any] = {"regions": list(self.regions)} if self.regions else {"allRegions": True}
        start = (self.now - timedelta(days=self.days)).astimezone(UTC).replace(microsecond=0)
        return {
            "policyGenerationDetails": {"principalArn": principal_arn},
            "cloudTrailDetails": {
                "trails": [{"cloudTrailArn": arn, **scope} for arn in self.trail_arns],
                "accessRole": self.access_role_arn,
                "startTime": start,
            },
            "clientToken": token,
        }


def choose_trail(trails: Iterable[Trail]) -> str:
    """Choose the trail that a job reads: one that records all regions. Raises TaskError: there is none."""
    found = sorted(trail.arn for trail in trails if trail.is_multi_region and trail.is_logging)
    if not found:
        raise TaskError("trails: no trail that logs in all regions was found; name one in trails")
    return found[0]


def list_jobs(access: Access) -> tuple[Job, ...]:
    """List all jobs that AWS still knows, of seven days, the oldest first. Raises AwsError."""
    items = access.items(SERVICE, _LIST, "policyGenerations")
    jobs = (
        Job(item["jobId"], item["principalArn"], item["status"], item["startedOn"], item.get("completedOn"))
        for item in items
    )
    return tuple(sorted(jobs, key=lambda job: (job.started, job.id)))


def read_job(access: Access, job: Job, *, placeholders: bool) -> t.Union[Generation, Failure]:
    """Read the result of a job that has ended. Raises AwsError."""
    answer = access.call(SERVICE, _GET, {"jobId": job.id, "includeResourcePlaceholders": placeholders})
    details, result = answer["jobDetails"], answer.get("generatedPolicyResult") or {}
    if details["status"] != SUCCEEDED:
        return _describe_failure(details)
    properties = result.get("properties") or {}
    source = properties.get("cloudTrailProperties") or {}
    return Generation(
        documents=tuple(str(item["policy"]) for item in result.get("generatedPolicies") or ()),
        is_complete=properties.get("isComplete"),
        trails=tuple(str(item["cloudTrailArn"]) for item in source.get("trailProperties") or ()),
        since=source.get("startTime"),
        until=source.get("endTime"),
    )


def _describe_failure(details: Record) -> Failure:
    if details["status"] == "CANCELED":
        return Failure("the job was cancelled. Run again with request")
    error = details.get("jobError") or {}
    code = str(error.get("code") or "FAILED")
    text = str(error.get("message") or "AWS gave no reason").rstrip(".")
    return Failure(f"{code}: {text}. {_ERRORS.get(code, 'Run again with request')}")


def sort_by_turn(arns: Sequence[str], newest: Mapping[str, Job]) -> list[str]:
    """Sort principals by turn: those without any job, then those whose last one is the longest ago.

    A principal whose jobs always fail would else keep all others waiting.
    """
    return sorted(arns, key=lambda arn: (newest[arn].started.timestamp() if arn in newest else 0.0, arn))


@dataclasses.dataclass(frozen=True)
class Started:
    """The outcome of the request for one job: its id, or the reason why there is none.

    ``is_busy`` says that another job is in the way, so that the next run may start it.
    """

    job_id: str = ""
    reason: str = ""
    is_busy: bool = False


def start_job(access: Access, principal_arn: str, order: Order) -> Started:
    """Start a job. A repeated request has the same token, so it starts no second one."""
    try:
        answer = access.call(SERVICE, _START, order.parameters(principal_arn, str(uuid.uuid4())))
    except AwsError as error:
        if isinstance(error, QuotaExceeded) or error.code == "ConflictException":
            return Started(reason=f"{error.code}: {_BUSY}", is_busy=True)
        return Started(reason=explain(error, _REFUSED))
    return Started(job_id=str(answer["jobId"]))
