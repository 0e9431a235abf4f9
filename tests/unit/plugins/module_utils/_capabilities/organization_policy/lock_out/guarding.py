# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An organization whose members are snapshots in memory, to judge policies in without calling anything."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    Caller,
    CredentialReport,
    CredentialRow,
    Dataset,
    ManagedPolicy,
    PolicyDocument,
    Role,
    ServiceUse,
    Snapshot,
    Unread,
    UnreadKind,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out import (
    observe as _organization_lock_out_members,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out import (
    run as _organization_lock_out,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    PolicyChange,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.evidence import (
    MemberEvidence,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.observe import (
    Members,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.own_way import (
    find_own_places,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.run import (
    LOCK_OUT_ARGUMENTS,
    Judgement,
    LockOut,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.connection import Connection
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.module_utils._prediction import evidence as prediction
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import EvidenceOptions

from ...._converge.fakes import FakeCaller
from ....organizing import CANARY, MANAGEMENT, FakeAccess, task_at, tree

NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
READER: t.Final = "arn:aws:iam::<account_id>:role/reader"
ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"

Record = dict[str, t.Any]


def arn(name: str, account: str = CANARY) -> str:
    """The ARN of ``role/name`` or ``user/name``."""
    return f"arn:aws:iam::{account}:{name}"


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def trusting(principal: Record, action: str = "sts:AssumeRole") -> Record:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {"Version": "2012-10-17", "Statement": [statement]}


OUTSIDE: t.Final = trusting({"AWS": "arn:aws:iam::999988887777:root"})
INSIDE: t.Final = trusting({"AWS": f"arn:aws:iam::{CANARY}:root"})


def role(
    name: str,
    *,
    account: str = CANARY,
    path: str = "/",
    trust: t.Optional[Record] = None,
    used: t.Optional[float] = None,
    policies: tuple[str, ...] = (ADMINISTRATOR,),
    inline: tuple[PolicyDocument, ...] = (),
    tags: t.Optional[Mapping[str, str]] = None,
) -> Role:
    return Role(
        name,
        arn(f"role{path}{name}", account),
        path,
        None,
        PolicyDocument("trust", INSIDE if trust is None else trust),
        policies,
        inline,
        None,
        None if used is None else days_ago(used),
        None,
        tags=tags or {},
    )


def user(
    name: str, *, policies: tuple[str, ...] = (ADMINISTRATOR,), tags: t.Optional[Mapping[str, str]] = None
) -> User:
    return User(name, arn(f"user/{name}"), "/", None, (), policies, (), None, tags=tags or {})


def key(*, active: bool = True, used: t.Optional[float] = None, service: t.Optional[str] = None) -> AccessKey:
    return AccessKey(1, active, None, None if used is None else days_ago(used), service, None)


def row(
    name: str, *keys: AccessKey, password: bool = False, used: t.Optional[float] = None, mfa: bool = False
) -> CredentialRow:
    moment = None if used is None else days_ago(used)
    return CredentialRow(name, arn(f"user/{name}"), None, password, moment, None, None, mfa, keys, ())


def account(
    *principals: t.Union[User, Role],
    rows: t.Optional[tuple[CredentialRow, ...]] = (),
    account_id: str = CANARY,
    **fields: t.Any,
) -> Snapshot:
    """A member that was read, without its organization. ``rows`` None: no credential report."""
    unread = tuple(
        Unread(name, UnreadKind.NOT_REQUESTED, "not asked for")
        for name in (Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES)
    )
    given: Record = {
        "caller": Caller(account_id, arn("role/reader", account_id), "AROA"),
        "partition": "aws",
        "home_region": "us-east-1",
        "observed_at": NOW,
        "regions": (),
        "unread": unread,
        "users": tuple(item for item in principals if isinstance(item, User)),
        "roles": tuple(item for item in principals if isinstance(item, Role)),
        "credential_report": None if rows is None else CredentialReport(NOW, None, rows),
    }
    return Snapshot(**{**given, **fields})


def make_managed_policy(name: str, *statements: Record) -> ManagedPolicy:
    document = PolicyDocument("v1", {"Version": "2012-10-17", "Statement": list(statements)})
    return ManagedPolicy(arn(f"policy/{name}"), name, "/", document, 1, 0, None, None, is_aws_managed=False)


def make_service_use(service: str, days: float, **actions: float) -> ServiceUse:
    """Service last accessed of one service and of its actions."""
    return ServiceUse(service, days_ago(days), {name: days_ago(when) for name, when in actions.items()})


def deny(action: t.Any, **condition: t.Any) -> str:
    """A policy that denies. By default it exempts the roles of this collection and of landing zones."""
    condition.setdefault(
        "ArnNotLike",
        {
            "aws:PrincipalArn": [
                "arn:*:iam::*:role/iam-hardening/*",
                "arn:*:iam::*:role/OrganizationAccountAccessRole",
                "arn:*:iam::*:role/aws-reserved/*",
                "arn:*:iam::*:role/stacksets-exec-*",
                "arn:*:iam::*:role/AWSControlTowerExecution",
            ]
        },
    )
    statement = {"Sid": "Denies", "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Session(FakeAccess):
    """The session in the management account, or in a member."""

    def __init__(self, world: World, account_id: str, role_arn: str = "") -> None:
        super().__init__()
        self._world = world
        self.caller = FakeCaller(account_id, f"arn:aws:sts::{account_id}:assumed-role/automation/awx-1")
        self.partition, self.region, self.home_region = "aws", "eu-west-1", "us-east-1"
        self.role_arn = role_arn
        self.chain = (arn("user/awx", MANAGEMENT),)

    def items(self, _service: str, _operation: str, _key: str, parameters: Record) -> list[Record]:
        """The access keys of a user."""
        return [{"Status": "Active" if key.active else "Inactive"} for key in self._row(parameters).access_keys]

    def _row(self, parameters: Record) -> CredentialRow:
        member = self._world.members[self.caller.account_id]
        rows = member.credential_report.users if isinstance(member, Snapshot) and member.credential_report else ()
        found = next((row for row in rows if row.user == parameters["UserName"]), None)
        if found is None:
            raise AwsError("it is not known")
        return found

    def call(self, service: str, operation: str, parameters: t.Any = None, *, region: t.Any = None) -> t.Any:
        if operation == "GetLoginProfile":
            if not self._row(parameters).password_enabled:
                raise NotFound("no password")
            return {}
        self._world.calls.append((self.caller.account_id, f"{service}:{operation}", parameters, region))
        answer = self._world.trails.get(self.caller.account_id, {"trailList": []})
        if isinstance(answer, AwsError):
            raise answer
        return answer


def parse_declared(task: Task) -> Declared:
    """The options of the guard, as the module parses them."""
    return Declared.from_options(task.options, today=task.now.date())


def guard(task: Task) -> LockOut:
    """The guard with the options of a task."""
    evidence = EvidenceOptions.of(task)
    journal = task.journal if task.options.get("journal") else None
    places = find_own_places(
        journal=journal, reports=task.reports if task.has_reports else None, trails=evidence.trail_logs
    )
    return LockOut(task.connection, parse_declared(task), evidence, places)


class World:
    """The members by their ids, what they used, and what was asked of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.members: dict[str, t.Union[Snapshot, AwsError]] = {}
        self.services: dict[str, tuple[ServiceUse, ...]] = {}
        self.trails: dict[str, t.Any] = {}
        self.calls: list[tuple[str, str, t.Any, t.Any]] = []
        self.collected: list[tuple[str, frozenset[Dataset]]] = []
        self.roles: list[str] = []
        self.deepened: set[str] = set()
        self.warnings: list[str] = []
        for place in (_organization_lock_out, _organization_lock_out_members):
            monkeypatch.setattr(place, "collect", self._collect)
        monkeypatch.setattr(prediction, "deepen", self._deepen)
        world = self

        def read_as(_connection: Connection, role_arn: str, _operations: Operations) -> Session:
            world.roles.append(role_arn)
            return Session(world, role_arn.split(":")[4], role_arn)

        monkeypatch.setattr(Connection, "read_as", read_as)

    def _collect(self, access: t.Any, *, datasets: Collection[Dataset], **_more: t.Any) -> Snapshot:
        account_id = access.caller.account_id
        self.collected.append((account_id, frozenset(datasets)))
        found = self.members.get(account_id, AwsError(f"{account_id} says no"))
        if isinstance(found, AwsError):
            raise found
        return found

    def _deepen(self, _access: t.Any, snapshot: Snapshot, *, principals: Collection[str], **_more: t.Any) -> Snapshot:
        self.deepened.update(principals)
        told = {name: self.services.get(name, (make_service_use("health", 1),)) for name in principals}
        return dataclasses.replace(snapshot, service_last_accessed=told)

    def task(self, **options: t.Any) -> Task:
        defaults = {name: argument.get("default") for name, argument in LOCK_OUT_ARGUMENTS.items()}
        own = {"break_glass": [], "event_history": False, "regions": None, "member_role_arn": READER}
        task = task_at(NOW, **{**defaults, **own, **options})
        self.access = Session(self, options.get("caller_account", MANAGEMENT), options.get("caller_role", ""))
        task.__dict__["access"] = self.access
        return task

    def read(
        self, content: str, *targets: str, kind: str = SCP, last: Collection[str] = (), **options: t.Any
    ) -> dict[str, MemberEvidence]:
        """The evidence on the members that a policy of this content would reach."""
        task = self.task(**options)
        change = PolicyChange(tree(policies=False), tree(*(targets or ("ou-canary",)), content=content, kind=kind))
        evidence = EvidenceOptions.of(task)
        members = Members(task.connection, parse_declared(task), evidence, Operations(), change)
        found = members.read(last=last)
        self.warnings = list(task.warnings)
        return {item.account.id: item for item in found}

    def judge(self, content: str, *targets: str, kind: str = SCP, **options: t.Any) -> Judgement:
        """The judgement of the guard on such a policy."""
        task = self.task(**options)
        before, after = tree(policies=False), tree(*(targets or ("ou-canary",)), content=content, kind=kind)
        found = guard(task).judge(before, after)
        self.warnings = list(task.warnings)
        return found
