# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attacks by way of what principals share, each with its harmless twin, judged by what arrived at AWS."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .conftest import MakeAnsible, Record
from .locking_out import ACCOUNT, Bench, Run, break_glass, document, role, seed

VERSION, PUT = "CreatePolicyVersion", "PutRolePermissionsBoundary"
PATH: t.Final = "/iam-hardening/boundary/"
NARROW: t.Final = document("s3:*")
ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
BREAK_GLASS: t.Final = break_glass()
USES_S3: t.Final = {"s3": {"days": 3, "actions": {"ListAllMyBuckets": 3}}}
USES_SQS: t.Final = {**USES_S3, "sqs": {"days": 1}}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def policy_arn(name: str) -> str:
    return arn("policy", f"{PATH[1:]}{name}")


def accepted(*names: str) -> list[Record]:
    expires = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
    return [{"principal": name, "reason": "agreed", "expires": expires} for name in names]


def owned(content: Record) -> Record:
    return {"document": content, "path": PATH, "tags": {"iam-hardening:managed": "true"}}


def boundary(name: str, *roles: str, content: t.Optional[Record] = None) -> Record:
    return {"name": name, "document": content or NARROW, "targets": [{"principal": f"role/{item}"} for item in roles]}


# A2: the text of a boundary drifted, and the policy is all that others may do

SHARED: t.Final = ("of-nobody", "of-workload", "of-team", "of-glass", "of-caller", "of-idle", "of-reader")


@pytest.fixture(scope="module")
def shared(make_ansible: MakeAnsible) -> tuple[Bench, Run]:
    """Each policy bounds a developer, who loses nothing; most are attached to somebody besides."""
    developers = {
        f"dev-{name}": role(policies=["aws:PowerUserAccess"], last_accessed=USES_S3, boundary=policy_arn(name))
        for name in SHARED
    }
    workloads = {
        "workload": role(policies=["of-workload"], last_accessed=USES_SQS),
        "idle": role(policies=["of-idle"], last_accessed=USES_S3),
        "reader": role(policies=["of-reader"], last_accessed=USES_S3),
        "break-glass": {**BREAK_GLASS, "policies": ["aws:AdministratorAccess", "of-glass"]},
        # Somebody who can use break-glass.
        "operator": role(policies=["aws:PowerUserAccess"]),
    }
    wide, reads = document("s3:*", "sqs:*"), document("s3:List*")
    organization = seed(
        policies={name: owned(reads if name == "of-reader" else wide) for name in SHARED},
        groups={"team": {"policies": ["of-team"]}},
        users={"ann": {"groups": ["team"], "last_accessed": USES_SQS}},
        roles={**developers, **workloads},
    )
    automation = organization["accounts"][ACCOUNT]["roles"]["automation"]
    automation["policies"] = [*automation["policies"], "of-caller"]
    bench = Bench(make_ansible, organization)
    boundaries = [boundary(name, f"dev-{name}") for name in SHARED]
    # Whoever is never touched is not touched by agreement either.
    agreed = accepted("automation", "break-glass")
    run = bench.run("permissions_boundary", _boundaries=boundaries, _event_history=False, _accept_breakage=agreed)
    return bench, run


@pytest.mark.parametrize(
    ("name", "on", "rule", "said"),
    [
        # A workload used SQS yesterday, and has the policy attached; so has a user, by way of a group.
        ("of-workload", "role/workload", "prediction", "sqs"),
        ("of-team", "user/ann", "prediction", "sqs"),
        ("of-glass", "policy/of-glass", "in_use", "break-glass"),
        ("of-caller", "policy/of-caller", "in_use", "automation"),
        # The other way round: the new text allows more than the policy does now.
        ("of-reader", "role/reader", "widening", "accept_breakage"),
    ],
)
def test_a_boundary_text_that_others_live_by_is_not_changed(
    shared: tuple[Bench, Run], name: str, on: str, rule: str, said: str
) -> None:
    run = shared[1]
    assert not run.sent(VERSION, f"policy/{name}")
    assert said in run.refusals(on).get(rule, f"no {rule}, but {run.refusals(on)}")


@pytest.mark.parametrize(
    ("name", "affects"),
    [
        ("of-nobody", ["role/dev-of-nobody"]),
        # Attached to a role that keeps all it uses.
        ("of-idle", ["role/dev-of-idle", "role/idle"]),
    ],
)
def test_its_harmless_twin_is_changed_and_names_all_whom_it_affects(
    shared: tuple[Bench, Run], name: str, affects: list[str]
) -> None:
    run = shared[1]
    assert run.made(VERSION, f"policy/{name}"), run.part["refused"]
    (change,) = [change for change in run.part["changes"] if change["target"] == policy_arn(name)]
    assert change["affects"] == [f"arn:aws:iam::{ACCOUNT}:{resource}" for resource in affects]


# A4: a rollback of what a forged record says


@pytest.fixture
def moved(make_ansible: MakeAnsible) -> Bench:
    """A user whose policy was moved into a group by the run ``run-1``; the journal is anybody's to write."""
    bench = Bench(
        make_ansible,
        seed(
            users={
                "svc-reports": {"policies": ["Deploy"]},
                "dev-bob": {},
                "breaker": {"path": "/iam-hardening/break-glass/", "policies": ["aws:AdministratorAccess"]},
            },
            policies={"Deploy": {"document": document("cloudformation:*")}, "tight": {"document": NARROW}},
        ),
    )
    group = {"name": "deployers", "users": ["svc-reports"]}
    assert bench.run("user_permissions", _groups=[group]).made("DetachUserPolicy", "user/svc-reports")
    return bench


def detachment(bench: Bench) -> Path:
    """The record of the policy that was taken from the user."""
    found = (bench.ansible.directory / "journal" / ACCOUNT / "run-1").glob("*/*-intent.json")
    (record,) = [path for path in found if '"DetachUserPolicy"' in path.read_text(encoding="utf-8")]
    return record


def forge(path: Path, module: str = "user_permissions", **change: t.Any) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    forged = {**record, "module": module, "change": {**record["change"], **change}}
    path.write_text(json.dumps(forged), encoding="utf-8")


def undo(operation: str, **parameters: str) -> Record:
    return {"operation": operation, "parameters": parameters}


def test_a_record_that_shows_one_user_and_names_another_gives_nobody_anything(moved: Bench) -> None:
    forge(detachment(moved), undo=undo("AttachUserPolicy", UserName="dev-bob", PolicyArn=ADMINISTRATOR))
    run = moved.run("rollback", hardening_undo_run_id="run-1")
    assert not run.sent("AttachUserPolicy", "user/dev-bob")
    attached = moved.client("iam").list_attached_user_policies(UserName="dev-bob")["AttachedPolicies"]
    assert attached == []
    # Either what the record shows is done, or nothing of it.
    policies = {record["parameters"]["PolicyArn"] for record in run.sent("AttachUserPolicy", "user/svc-reports")}
    assert policies <= {arn("policy", "Deploy")}
    assert policies or run.refusals("user/svc-reports").keys() & {"request_mismatch", "undo_mismatch"}


@pytest.mark.parametrize("shown", ["svc-reports", "breaker", "iam-hardening/break-glass/breaker"])
def test_a_record_puts_no_boundary_on_break_glass(moved: Bench, shown: str) -> None:
    """Under somebody else's name, under its own without the path that tells it, and openly."""
    forge(
        detachment(moved),
        module="permissions_boundary",
        operation="DeleteUserPermissionsBoundary",
        target=arn("user", shown),
        before={"boundary": arn("policy", "tight")},
        after={"boundary": None},
        undo=undo("PutUserPermissionsBoundary", UserName="breaker", PermissionsBoundary=arn("policy", "tight")),
    )
    run = moved.run("rollback", hardening_undo_run_id="run-1", hardening_undo_modules=["permissions_boundary"])
    assert not run.sent("PutUserPermissionsBoundary", "user/breaker")
    assert "PermissionsBoundary" not in moved.client("iam").get_user(UserName="breaker")["User"]
    if shown != "svc-reports":
        assert "break-glass" in run.refusals(f"user/{shown.rpartition('/')[2]}")["break_glass"]


def test_the_record_as_it_was_written_is_taken_back(moved: Bench) -> None:
    run = moved.run("rollback", hardening_undo_run_id="run-1")
    assert run.made("AttachUserPolicy", "user/svc-reports")
    assert run.part["refused"] == []
    (change,) = [change for change in run.part["changes"] if change["operation"] == "AttachUserPolicy"]
    assert change["affects"] == [arn("user", "svc-reports")]


# A5: a break-glass principal that nobody can use

DENY: t.Final = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
TRUST: t.Final = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}


def trust(*statements: Record) -> Record:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(
    ("fields", "lack"),
    [
        ({"trust": trust(TRUST, DENY)}, "break-glass can be used by nobody"),
        ({"policies": []}, f"break-glass may not undo it: iam:DeletePolicy on {policy_arn('developer')}"),
        ({}, ""),
    ],
    ids=["trust", "policies", "works"],
)
def test_a_break_glass_role_counts_only_if_it_works(make_ansible: MakeAnsible, fields: Record, lack: str) -> None:
    worker = role(policies=["aws:PowerUserAccess"], last_accessed=USES_S3)
    roles = {"worker": worker, "runner": worker, "break-glass": {**BREAK_GLASS, **fields}}
    bench = Bench(make_ansible, seed(roles=roles))
    run = bench.run("permissions_boundary", _boundaries=[boundary("developer", "worker")], _event_history=False)
    assert run.made(PUT, "role/worker") is not bool(lack)
    if lack:
        reason = run.refusals("policy/developer")["no_break_glass"]
        assert lack in reason and "hardening_break_glass" in reason and "/iam-hardening/break-glass/" in reason
        assert "no_break_glass" in run.refusals("role/worker")
        assert run.outcome.writes == []


# Who joins between approval and apply


@pytest.fixture
def approved(make_ansible: MakeAnsible) -> tuple[Bench, str, Record]:
    """A new text of a boundary, approved by the hash of its plan; a group has the policy, and a role that uses S3."""
    workers = {
        "worker": role(policies=["of-workers"], last_accessed=USES_S3),
        "newcomer": role(policies=["aws:PowerUserAccess"], last_accessed=USES_S3),
        "dev": role(policies=["aws:PowerUserAccess"], last_accessed=USES_S3, boundary=policy_arn("of-workers")),
    }
    organization = seed(
        policies={"of-workers": owned(document("s3:*", "sqs:*"))},
        groups={"team": {"policies": ["of-workers"]}},
        users={"ann": {"groups": ["team"], "last_accessed": USES_S3}, "zoe": {"last_accessed": USES_S3}},
        roles={**workers, "break-glass": BREAK_GLASS},
    )
    bench = Bench(make_ansible, organization)
    declared: Record = {"_boundaries": [boundary("of-workers", "dev")], "_event_history": False}
    checked = bench.run("permissions_boundary", "--check", **declared)
    assert checked.part["refused"] == []
    return bench, checked.part["plan_sha256"], declared


@pytest.mark.parametrize("joins", ["role", "user", ""])
def test_who_joins_after_the_approval_is_not_covered_by_it(approved: tuple[Bench, str, Record], joins: str) -> None:
    bench, plan, declared = approved
    iam = bench.client("iam")
    if joins == "role":
        iam.attach_role_policy(RoleName="newcomer", PolicyArn=policy_arn("of-workers"))
    elif joins == "user":
        iam.add_user_to_group(GroupName="team", UserName="zoe")
    run = bench.run("permissions_boundary", hardening_approved_plan=plan, **declared)
    if joins:
        assert run.outcome.writes == []
        assert "approved_plan" in run.refusals("policy/of-workers")
    else:
        assert run.made(VERSION, "policy/of-workers")
