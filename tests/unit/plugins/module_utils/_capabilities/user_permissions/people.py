# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts with users, groups and policies, for the tests of user permissions."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    Group,
    ManagedPolicy,
    PolicyDocument,
    Role,
    Snapshot,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.plan import Observed, Planner
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Impact

ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"

Statement = dict[str, t.Any]


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def allow(*actions: str, resource: t.Any = "*", **more: t.Any) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: t.Any = "*", **more: t.Any) -> Statement:
    return {**allow(*actions, resource=resource), "Effect": "Deny", **more}


# Policies of the account by name. What is not here is attached without anybody having read it.
STATEMENTS: t.Final[t.Mapping[str, tuple[Statement, ...]]] = {
    "Read": (allow("s3:Get*", "s3:List*"),),
    "ReadOwn": (allow("s3:GetObject", resource="arn:aws:s3:::home/${aws:username}/*"),),
    "ReadWithMfa": (allow("s3:Get*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),),
    "Write": (allow("s3:PutObject"),),
    "Deploy": (allow("cloudformation:*"),),
    "Storage": (allow("s3:*"),),
    "Everything": (allow("*"),),
    "NoDeletion": (deny("s3:DeleteObject"),),
    "NoReading": (deny("s3:GetObject"),),
    "OnlyCompute": (allow("ec2:*"),),
    **{f"P{number:02}": (allow(f"sqs:Action{number}"),) for number in range(12)},
}


def document(*statements: Statement) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def make_policy(name: str) -> ManagedPolicy:
    return ManagedPolicy(
        arn=arn("policy", name),
        name=name,
        path="/",
        default_version=PolicyDocument(name, document(*STATEMENTS[name])),
        attachment_count=1,
        boundary_usage_count=0,
        created=NOW,
        updated=None,
        is_aws_managed=False,
    )


def _list_attached(names: t.Iterable[str]) -> tuple[str, ...]:
    return tuple(name if name.startswith("arn:") else arn("policy", name) for name in names)


def _inline(documents: t.Mapping[str, t.Any]) -> tuple[PolicyDocument, ...]:
    """Inline policies of one statement, or of text that is no document."""
    return tuple(
        PolicyDocument(name, document(found)) if isinstance(found, dict) else PolicyDocument(name, None, "no JSON")
        for name, found in documents.items()
    )


def user(
    name: str,
    *policies: str,
    groups: t.Sequence[str] = (),
    boundary: t.Optional[str] = None,
    path: str = "/",
    **inline: t.Any,
) -> User:
    """A user with these policies, managed ones by name or ARN, and inline ones of one statement each."""
    limit = arn("policy", boundary) if boundary else None
    where = arn("user", f"{path[1:]}{name}")
    return User(name, where, path, NOW, tuple(groups), _list_attached(policies), _inline(inline), limit)


def group(name: str, *policies: str, path: str = "/", **inline: t.Any) -> Group:
    return Group(name, arn("group", f"{path[1:]}{name}"), path, NOW, _list_attached(policies), _inline(inline))


def role(name: str, *policies: str, path: str = "/", **inline: t.Any) -> Role:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    where = arn("role", f"{path[1:]}{name}")
    document_ = PolicyDocument("trust", document(trust))
    return Role(name, where, path, NOW, document_, _list_attached(policies), _inline(inline), None, None, None)


def account(*principals: t.Union[User, Group, Role], **fields: t.Any) -> Snapshot:
    """An account with these principals and all policies of ``STATEMENTS``."""
    given: dict[str, t.Any] = {
        "caller": Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/automation/x", "AROA:x"),
        "partition": "aws",
        "home_region": "us-east-1",
        "observed_at": NOW,
        "regions": (),
        "users": tuple(item for item in principals if isinstance(item, User)),
        "groups": tuple(item for item in principals if isinstance(item, Group)),
        "roles": tuple(item for item in principals if isinstance(item, Role)),
        "policies": tuple(map(make_policy, STATEMENTS)),
    }
    return Snapshot(**{**given, **fields})


def planner(options: t.Mapping[str, t.Any], **fields: t.Any) -> Planner:
    return Planner(declared=Declared.from_options(options), settings=Settings(), now=NOW, **fields)


def plan(
    snapshot: Snapshot,
    *,
    impacts: t.Optional[t.Mapping[str, Impact]] = None,
    groups: t.Sequence[t.Mapping[str, t.Any]] = (),
    remove: t.Sequence[t.Mapping[str, t.Any]] = (),
    **fields: t.Any,
) -> Plan:
    """The plan for an account under a declaration."""
    planning = planner({"groups": groups, "remove_policies": remove}, **fields)
    observed = Observed(Facts(snapshot), impacts or {})
    return planning.plan(observed, planning.findings(observed))


def steps(planned: Plan) -> list[str]:
    """The changes in words: ``AttachGroupPolicy developers Read``."""
    return [" ".join([change.operation, *_names(change.parameters)]) for change in planned.changes]


def _names(parameters: t.Mapping[str, t.Any]) -> list[str]:
    order = ("GroupName", "UserName", "RoleName", "PolicyArn", "PolicyName")
    return [parameters[name].rpartition("/")[2] for name in order if name in parameters]


def refusals(planned: Plan) -> list[tuple[str, str]]:
    """The refusals as rule and the name of what stays as it is."""
    return [(item.rule, item.target.rpartition("/")[2]) for item in planned.refused]
