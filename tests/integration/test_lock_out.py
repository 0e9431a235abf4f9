# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would lock out the caller, the automation role, break-glass or a workload in use, and what only looks like it.

For each guard a scenario in which the change that was asked for is not made, and its twin, with one fact changed, in
which it is. Judged by what arrived at AWS.
"""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from .conftest import MakeAnsible, Record
from .locking_out import ACCOUNT, Bench, Case, Run, break_glass, document, harmless_in, role, seed

RUNNER = f"arn:aws:iam::{ACCOUNT}:role/ci/runner"
EMERGENCY = f"arn:aws:iam::{ACCOUNT}:*/emergency*"
BREAKER: t.Final[Record] = {
    "path": "/iam-hardening/break-glass/",
    "policies": ["aws:AdministratorAccess"],
    "access_keys": [{"age_days": 10}],
}
ADMINISTRATOR: t.Final[Record] = {"policies": ["aws:AdministratorAccess"]}
REMOVED_FROM_LAST: t.Final = [{"policy": "AdministratorAccess", "users": ["last"]}]


def accepted(*names: str) -> list[Record]:
    expires = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    return [{"principal": name, "reason": "agreed", "expires": expires} for name in names]


@dataclasses.dataclass(frozen=True)
class World:
    """An account after the run that would lock people out, and after the one that would not."""

    bench: Bench
    locked: Run
    harmless: Run


# Access keys

IDLE: t.Final = {"age_days": 400, "last_used_days": 300}
KEY_USERS: t.Final[Record] = {
    "operator": {"path": "/ops/", "access_keys": [{"age_days": 90, "last_used_days": 0.1}, IDLE]},
    "Emergency-1": {"access_keys": [IDLE]},
    "breaker": {"path": "/IAM-Hardening/Break-Glass/", "access_keys": [IDLE]},
    "maker": {"path": "/iam-hardening/people/", "access_keys": [IDLE]},
    "of-aws": {"path": "/aws-reserved/", "access_keys": [IDLE]},
    # The CDK makes roles of such names, and no users.
    "CDK-deployer": {"access_keys": [IDLE]},
    "SVC-annual": {"access_keys": [IDLE]},
    "svc-quarter": {"access_keys": [{"age_days": 400, "last_used_days": 80}]},
}
KEYS: t.Final = [
    Case("user/operator", "UpdateAccessKey", "caller", "it belongs to the caller itself"),
    Case("user/Emergency-1", "UpdateAccessKey", "break_glass", "it is a break-glass principal"),
    Case("user/breaker", "UpdateAccessKey", "break_glass", "never changed", harmless="user/maker"),
    Case("user/of-aws", "UpdateAccessKey", "protected", "IAM Identity Center", harmless="user/CDK-deployer"),
]


@pytest.fixture(scope="module")
def keys(make_ansible: MakeAnsible) -> World:
    """Everybody was told of its key, a fortnight ago."""
    bench = Bench(make_ansible, seed(users=KEY_USERS))
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)

    def run(days: int, **declared: t.Any) -> Run:
        bench.ansible.control.clock(offset_days=days + 1 / 24)
        now = (start + timedelta(days=days)).isoformat()
        return bench.run("access_keys", _notify="none", hardening_now=now, **declared)

    run(0)
    capped = run(14, hardening_max_changes=3)
    assert "iam:UpdateAccessKey" not in capped.outcome.writes
    held = [change["held_by"] for change in capped.part["plan"]["changes"] if change["target"].endswith("/maker")]
    assert "hardening_approved_plan" in held[0]["reason"]
    locked = run(
        14,
        caller=bench.user("operator"),
        hardening_break_glass=[EMERGENCY],
        _exclude_users=["svc-annual"],
        _deactivate_after_days=120,
        _min_idle_days=120,
    )
    return World(bench, locked, run(14))


@pytest.mark.parametrize("case", KEYS, ids=str)
def test_key_that_somebody_depends_on_is_not_deactivated(keys: World, case: Case) -> None:
    keys.locked.is_refused(case)
    assert not keys.locked.sent("TagUser", case.locked)
    assert harmless_in([keys.locked, keys.harmless], case)


@pytest.mark.parametrize("user", ["user/SVC-annual", "user/svc-quarter"])
def test_key_that_is_excluded_or_was_used_within_min_idle_days_stays(keys: World, user: str) -> None:
    assert not keys.locked.sent("UpdateAccessKey", user)
    assert keys.harmless.made("UpdateAccessKey", user)


# Permissions of users

PEOPLE: t.Final[Record] = {
    "operator": {
        "access_keys": [{"last_used_days": 0.1}],
        "groups": ["admins"],
    },
    "Emergency-1": {"groups": ["emergency"]},
    "breaker": BREAKER,
    "retired": ADMINISTRATOR,
    "svc-build": {"groups": ["everybody"], "last_accessed": {"cloudformation": {"days": 2}}},
    "svc-idle": {"groups": ["everybody"]},
    "svc-store": {
        "groups": ["few"],
        "policies": ["aws:AmazonS3FullAccess"],
        "last_accessed": {"s3": {"days": 2, "actions": {"ListAllMyBuckets": 2}}},
    },
    "mover-1": {"policies": ["Deploy"]},
    "mover-2": {"policies": ["Deploy"]},
}
PERMISSION_ROLES: t.Final[Record] = {
    "OrganizationAccountAccessRole": role(**ADMINISTRATOR),
    "OrganizationAccountAuditRole": role(**ADMINISTRATOR),
    "old-automation": role(**ADMINISTRATOR),
    "contained": role(
        policies=["aws:AmazonS3FullAccess"],
        inline={
            "AWSRevokeOlderSessions": document("*", effect="Deny"),
            "OlderSessions": document("sqs:*"),
        },
    ),
    "walled": role(policies=["aws:AmazonS3FullAccess"], inline={"Wall": document("s3:Delete*", effect="Deny")}),
    "open": role(policies=["aws:AmazonS3FullAccess"], inline={"Wall": document("s3:Get*")}),
}
PERMISSION_GROUPS: t.Final[Record] = {
    "admins": ADMINISTRATOR,
    "emergency": ADMINISTRATOR,
    "everybody": {"policies": ["Deploy"]},
    "few": {"policies": ["Deploy"]},
    "fenced": {"policies": ["NoStacks"]},
    "plain": {},
}
REMOVED: t.Final = [
    {
        "policy": "AdministratorAccess",
        "users": ["breaker", "retired"],
        "groups": ["admins", "emergency"],
        "roles": ["automation", "old-automation", "Organization*"],
    },
    {"policy": "Deploy", "groups": ["everybody", "few"]},
    {"policy": "AWSRevokeOlderSessions", "roles": ["contained"]},
    {"policy": "OlderSessions", "roles": ["contained"]},
    {"policy": "Wall", "roles": ["walled", "open"]},
]
AGREED: t.Final = (
    *("operator", "Emergency-1", "breaker", "retired", "svc-idle", "automation", "old-automation"),
    *("OrganizationAccountAccessRole", "OrganizationAccountAuditRole", "contained", "walled", "open"),
)
PERMISSIONS: t.Final = [
    Case("group/admins", "DetachGroupPolicy", "caller", "operator is the caller"),
    Case("group/emergency", "DetachGroupPolicy", "break_glass", "Emergency-1 is a break-glass principal"),
    Case("user/breaker", "DetachUserPolicy", "break_glass", "breaker is a break-glass", harmless="user/retired"),
    Case("role/automation", "DetachRolePolicy", "caller", "came through", harmless="role/old-automation"),
    Case(
        "role/OrganizationAccountAccessRole",
        "DetachRolePolicy",
        "protected",
        "the management account reaches this account through it",
        harmless="role/OrganizationAccountAuditRole",
    ),
    # What everybody shares is in use by one.
    Case("group/everybody", "DetachGroupPolicy", "prediction", "to remove it anyway, list svc-build"),
    Case("group/everybody", "DetachGroupPolicy", "prediction", "cloudformation", harmless="group/few"),
    Case("role/walled", "DeleteRolePolicy", "widening", "which a policy denies today", harmless="role/open"),
    Case("user/mover-1", "DetachUserPolicy", "difference", "would lose cloudformation:", harmless="user/mover-2"),
]


@pytest.fixture(scope="module")
def permissions(make_ansible: MakeAnsible) -> World:
    organization = seed(
        users=PEOPLE,
        roles=PERMISSION_ROLES,
        groups=PERMISSION_GROUPS,
        policies={
            "Deploy": {"document": document("cloudformation:*")},
            "NoStacks": {"document": document("cloudformation:Delete*", effect="Deny")},
        },
    )
    own = organization["accounts"][ACCOUNT]["roles"]["automation"]
    own["policies"] = [*own["policies"], "aws:AdministratorAccess"]
    bench = Bench(make_ansible, organization)
    declared: Record = {
        "_groups": [{"name": "fenced", "users": ["mover-1"]}, {"name": "plain", "users": ["mover-2"]}],
        "_remove_policies": REMOVED,
        "_event_history": False,
    }
    locked = bench.run(
        "user_permissions",
        caller=bench.user("operator"),
        hardening_break_glass=[EMERGENCY],
        _accept_breakage=accepted(*AGREED),
        **declared,
    )
    harmless = bench.run("user_permissions", _accept_breakage=accepted(*AGREED, "svc-build"), **declared)
    return World(bench, locked, harmless)


@pytest.mark.parametrize("case", PERMISSIONS, ids=str)
def test_permission_that_somebody_depends_on_is_not_removed(permissions: World, case: Case) -> None:
    permissions.locked.is_refused(case)
    assert harmless_in([permissions.locked, permissions.harmless], case)


def test_policy_that_keeps_revoked_sessions_out_stays_where_it_is(permissions: World) -> None:
    assert "revoked sessions" in permissions.locked.refusals("role/contained")["protected"]
    removed = {
        record["parameters"]["PolicyName"] for record in permissions.locked.sent("DeleteRolePolicy", "role/contained")
    }
    assert removed == {"OlderSessions"}


# Permissions boundaries

PROTECTED: t.Final = (
    *("AWSControlTowerExecution", "aws-controltower-ConfigRecorderRole", "AWSCloudFormationStackSetExecutionRole"),
    *("stacksets-exec-0123456789", "AWSAFTExecution", "AWSAccelerator-Pipeline", "cdk-hnb659fds-deploy-role"),
    *("AWS-QuickSetup-LocalAdministration", "organizationaccountaccessROLE", "AWSConfigurationRecorderForSecurityHub"),
)
NARROW: t.Final = document("s3:*", "sqs:*")
USED: t.Final = {"s3": {"days": 3, "actions": {"ListAllMyBuckets": 3}}}


def worker(**fields: t.Any) -> Record:
    """A role that used S3, which the boundary leaves to it."""
    return role(**{"policies": ["aws:PowerUserAccess"], "last_accessed": USED, **fields})


def bound(name: str, **fields: t.Any) -> Record:
    return worker(boundary=f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/boundary/{name}", **fields)


BOUND_ROLES: t.Final[Record] = {
    "break-glass": break_glass(),
    "Emergency": worker(),
    "Emergency-2": bound("of-emergency"),
    "runner": worker(path="/ci/"),
    "svc-compute": bound("of-compute", last_accessed={**USED, "ec2": {"days": 1}}),
    "svc-store": bound("of-store"),
    "denied": worker(),
    "allowed": worker(),
    "AWSServiceRoleForThings": worker(path="/aws-service-role/things.amazonaws.com/"),
    "ServiceRoleForThings": worker(path="/service-role/"),
    **{name: worker() for name in PROTECTED},
    **{f"x-{name}": worker() for name in PROTECTED},
}
OF = ("of-automation", "of-compute", "of-emergency", "of-store")
GIVEN: t.Final = (
    "Emergency",
    "AWSServiceRoleForThings",
    "ServiceRoleForThings",
    *PROTECTED,
    *(f"x-{name}" for name in PROTECTED),
)


def boundary(name: str, content: Record, *roles: str) -> Record:
    return {"name": name, "document": content, "targets": [{"principal": f"role/{item}"} for item in roles]}


BOUNDARIES: t.Final = [
    boundary("developer", NARROW, *GIVEN),
    *(boundary(name, NARROW, "nobody") for name in OF),
    boundary("denying", document("iam:*", effect="Deny"), "denied"),
    boundary("allowing", NARROW, "allowed"),
]
PUT = "PutRolePermissionsBoundary"
VERSION = "CreatePolicyVersion"
BOUNDED: t.Final = [
    Case("role/Emergency", PUT, "break_glass", "Emergency is a break-glass principal"),
    Case(
        "role/AWSServiceRoleForThings",
        PUT,
        "protected",
        "a service-linked role belongs to its AWS service",
        harmless="role/ServiceRoleForThings",
    ),
    *(Case(f"role/{name}", PUT, "protected", "never touched", harmless=f"role/x-{name}") for name in PROTECTED),
    Case("role/denied", PUT, "locks_out", "it only denies", harmless="role/allowed", on="policy/denying"),
    # A policy that others carry, too.
    Case("policy/of-compute", VERSION, "prediction", "ec2", harmless="policy/of-store", on="role/svc-compute"),
    Case("policy/of-automation", VERSION, "in_use", "never changed: automation", harmless="policy/of-store"),
    Case("policy/of-emergency", VERSION, "in_use", "never changed: Emergency-2"),
]


@pytest.fixture(scope="module")
def bounded(make_ansible: MakeAnsible) -> World:
    policies = {
        name: {
            "document": document("ec2:*", "s3:*", "sqs:*", "iam:*", "sts:*"),
            "path": "/iam-hardening/boundary/",
            "tags": {"iam-hardening:managed": "true"},
        }
        for name in OF
    }
    organization = seed(roles=BOUND_ROLES, policies=policies)
    own = organization["accounts"][ACCOUNT]["roles"]["automation"]
    own["boundary"] = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/boundary/of-automation"
    bench = Bench(make_ansible, organization)
    declared: Record = {
        "_boundaries": BOUNDARIES,
        "_event_history": False,
        # Nobody's agreement allows what is never touched.
        "_accept_breakage": accepted("automation", "OrganizationAccountAccessRole"),
    }
    locked = bench.run("permissions_boundary", hardening_break_glass=[EMERGENCY], **declared)
    return World(bench, locked, bench.run("permissions_boundary", **declared))


@pytest.mark.parametrize("case", BOUNDED, ids=str)
def test_boundary_that_would_lock_somebody_out_is_not_given(bounded: World, case: Case) -> None:
    bounded.locked.is_refused(case)
    assert harmless_in([bounded.locked, bounded.harmless], case)


# The caller and its chain


# Nobody came through another role: the options of the role are empty.
DIRECT: t.Final[Record] = {"aws_assume_role_arn": "", "aws_assessor_role_arn": ""}


@pytest.mark.parametrize(
    ("target", "as_runner", "options"),
    [
        pytest.param("automation", False, {}, id="assumed"),
        pytest.param("runner", True, {}, id="came-through"),
        pytest.param("runner", True, DIRECT, id="itself"),
    ],
)
def test_naming_the_callers_role_fails_before_anything_is_written(
    bounded: World, target: str, as_runner: bool, options: Record
) -> None:
    """ARNs of sessions have no path, and those of their roles do."""
    bench = bounded.bench
    caller = bench.session(RUNNER) if as_runner else None
    named = [boundary("allowing", NARROW, "allowed"), boundary("developer", NARROW, target)]
    agreed = {"_accept_breakage": accepted(target)}
    failed = bench.run("permissions_boundary", caller=caller, succeeds=False, _boundaries=named, **options, **agreed)
    assert f"{target} is the caller, or a role that it came through" in failed.outcome.output
    assert failed.outcome.writes == []


def test_pattern_passes_the_callers_role_by_and_gives_it_the_boundary_of_somebody_else(bounded: World) -> None:
    bench = bounded.bench
    declared: Record = {
        "_boundaries": [{"name": "ci", "document": NARROW, "targets": [{"name": "RUN*"}]}],
        "_event_history": False,
        # What it did in these tests is more than S3.
        "_accept_breakage": accepted("runner"),
    }
    passed = bench.run("permissions_boundary", caller=bench.session(RUNNER), **declared)
    assert (passed.sent(PUT, "role/runner"), passed.part["refused"]) == ([], [])
    assert bench.run("permissions_boundary", **declared).made(PUT, "role/runner")
    bench.client("iam").delete_role_permissions_boundary(RoleName="runner")


# Nobody left to help


@pytest.fixture(scope="module")
def lonely(make_ansible: MakeAnsible) -> Bench:
    """An account whose last administrator is a user, without a break-glass principal under its path."""
    emergency = {"inline": {"Undo": document("iam:*")}, "access_keys": [{"age_days": 10}]}
    users = {"last": ADMINISTRATOR, "Emergency-1": emergency}
    return Bench(make_ansible, seed(users=users, roles={name: worker() for name in ("worker", "approved", "other")}))


@pytest.mark.parametrize(
    ("name", "declared", "operation", "target"),
    [
        pytest.param(
            "user_permissions",
            {"_remove_policies": REMOVED_FROM_LAST, "_accept_breakage": accepted("last")},
            "DetachUserPolicy",
            "user/last",
            id="last-administrator",
        ),
        pytest.param(
            "permissions_boundary",
            {"_boundaries": [boundary("developer", NARROW, "worker")]},
            PUT,
            "role/worker",
            id="boundary",
        ),
    ],
)
def test_without_break_glass_nobody_is_locked_out(
    lonely: Bench, name: str, declared: Record, operation: str, target: str
) -> None:
    # Declared for every account of an organization, and here there is none.
    missing = lonely.run(name, hardening_break_glass=["arn:aws:iam::*:role/Sealed"], _event_history=False, **declared)
    assert missing.outcome.writes == []
    reason = missing.refusals(target)["no_break_glass"]
    assert "hardening_break_glass" in reason and "arn:aws:iam::*:role/Sealed matches no user or role" in reason
    known = lonely.run(name, hardening_break_glass=[EMERGENCY], _event_history=False, **declared)
    assert known.made(operation, target)


# The last way to use break-glass


def test_no_deny_of_a_group_keeps_the_last_user_away_from_break_glass(make_ansible: MakeAnsible) -> None:
    able: Record = {"access_keys": [{"age_days": 10}], "policies": ["Deploy"]}
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/keeper"}, "Action": "sts:AssumeRole"}
    settings: Record = {
        "users": {"keeper": able, "worker": able},
        "groups": {"fenced": {"policies": ["Fence"]}},
        "policies": {
            "Deploy": {"document": document("cloudformation:*")},
            "Fence": {"document": document("sts:AssumeRole", effect="Deny")},
        },
        "roles": {"break-glass": break_glass(trust={"Version": "2012-10-17", "Statement": [trust]})},
    }
    bench = Bench(make_ansible, seed(**settings))
    fenced = {"name": "fenced", "users": ["keeper", "worker"]}
    run = bench.run("user_permissions", _groups=[fenced], _event_history=False)
    assert not run.sent("AddUserToGroup", "user/keeper")
    assert "user keeper can use break-glass" in run.refusals("user/keeper")["last_way"]
    assert run.made("AddUserToGroup", "user/worker")


# The wrong account, and what nobody approved


@pytest.mark.parametrize("name", ["access_keys", "permissions_boundary", "user_permissions", "rollback"])
def test_nothing_is_written_to_another_account_than_the_one_that_is_meant(lonely: Bench, name: str) -> None:
    declared: dict[str, Record] = {
        "access_keys": {"_notify": "none"},
        "permissions_boundary": {"_boundaries": [boundary("developer", NARROW, "worker")]},
        "user_permissions": {"_remove_policies": REMOVED_FROM_LAST},
        "rollback": {"hardening_undo_run_id": "hardened"},
    }
    failed = lonely.run(name, succeeds=False, aws_account_id="111122223333", **declared[name])
    assert "111122223333" in failed.outcome.output and ACCOUNT in failed.outcome.output
    assert failed.outcome.writes == []


def test_plan_that_was_approved_gives_nobody_else_a_boundary(lonely: Bench) -> None:
    """Who declares one more role after the approval has nobody's word for it."""
    known: Record = {"hardening_break_glass": [EMERGENCY], "_event_history": False}
    approved = boundary("approving", NARROW, "approved")
    plan = lonely.run("permissions_boundary", "--check", _boundaries=[approved], **known).part["plan_sha256"]
    both = boundary("approving", NARROW, "approved", "other")
    run = lonely.run("permissions_boundary", _boundaries=[both], hardening_approved_plan=plan, **known)
    assert not run.sent(PUT, "role/other")
    assert "the approved plan does not have this change" in run.refusals("role/other")["approved_plan"]
    assert run.made(PUT, "role/approved")


# Rollback


@pytest.fixture(scope="module")
def moved(make_ansible: MakeAnsible) -> Bench:
    """Two users whose permissions were moved into a group by the run ``run-1``; somebody joined that group since."""
    users: Record = {name: {"policies": ["Deploy"]} for name in ("Emergency-1", "mover")}
    bench = Bench(
        make_ansible,
        seed(users={**users, "newcomer": {}}, policies={"Deploy": {"document": document("cloudformation:*")}}),
    )
    group = {"name": "deployers", "users": ["Emergency-1", "mover"]}
    assert bench.run("user_permissions", _groups=[group]).made("DetachUserPolicy", "user/mover")
    return bench


def test_rollback_leaves_alone_whoever_came_to_depend_on_what_the_run_left(moved: Bench) -> None:
    iam = moved.client("iam")
    iam.add_user_to_group(GroupName="deployers", UserName="newcomer")
    held = moved.run("rollback", hardening_undo_run_id="run-1", hardening_break_glass=[EMERGENCY])
    assert not held.sent("DetachGroupPolicy", "group/deployers")
    assert not held.sent("DeleteGroup", "group/deployers")
    assert not held.sent("RemoveUserFromGroup", "user/Emergency-1")
    assert "break_glass" in held.refusals("user/Emergency-1")
    assert "newcomer" in held.refusals("group/deployers")["in_use"]
    iam.remove_user_from_group(GroupName="deployers", UserName="newcomer")
    undone = moved.run("rollback", hardening_undo_run_id="run-1")
    assert undone.made("DetachGroupPolicy", "group/deployers")
    assert undone.made("DeleteGroup", "group/deployers")
