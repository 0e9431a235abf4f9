# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who joins between the plan and the write of one run: the change is not made, and says whom it would affect."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from unit.emulator.seeded import Seeded, account, serving

from ansible_collections.hardening.iam.plugins.module_utils._converge.runner import ApplyResult
from ansible_collections.hardening.iam.plugins.module_utils._module import converging
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules import permissions_boundary, user_permissions

from .test_organization_policy import DEV, MANAGEMENT, SANDBOX, SEED, STOP, Organization, declared, scp

ACCOUNT: t.Final = "123456789012"
SHARED: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/boundary/shared"
ROOT: t.Final = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
TRUST: t.Final = {"Version": "2012-10-17", "Statement": ROOT}
# Roles that let nobody in but each other would be a way for nobody.
FROM_OUTSIDE: t.Final = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::999988887777:root"},
        "Action": "sts:AssumeRole",
    },
}

Record = dict[str, t.Any]
Meanwhile = Callable[[t.Any], t.Any]


def document(*actions: str) -> Record:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def seed() -> Record:
    """A policy that bounds a role and is attached to another one and to a group; all use S3 alone."""
    used = {"s3": {"days": 3, "actions": {"ListAllMyBuckets": 3}}}
    worker = {"trust": TRUST, "policies": ["aws:PowerUserAccess"], "last_accessed": used}
    shared = {
        "document": document("s3:*", "sqs:*"),
        "path": "/iam-hardening/boundary/",
        "tags": {"iam-hardening:managed": "true"},
    }
    return account(
        policies={"shared": shared},
        groups={"team": {"policies": ["shared"]}, "other": {}},
        users={
            "ann": {"groups": ["team"], "last_accessed": used},
            "zoe": {"last_accessed": used},
            "idle": {"policies": ["aws:AmazonSQSReadOnlyAccess"], "last_accessed": used},
        },
        roles={
            "dev": {**worker, "boundary": SHARED},
            "app": {"trust": TRUST, "policies": ["shared"], "last_accessed": used},
            "late": worker,
            "break-glass": {"trust": FROM_OUTSIDE, "path": "/iam-hardening/", "policies": ["aws:AdministratorAccess"]},
        },
    )


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], t.Any]], None]:
    """Have something done once the plan has passed all guards, before the first write."""

    def plan(action: Callable[[], t.Any]) -> None:
        apply = converging.apply

        def applying(*arguments: t.Any, **options: t.Any) -> ApplyResult:
            action()
            return apply(*arguments, **options)

        monkeypatch.setattr(converging, "apply", applying)

    return plan


def run(seeded: Seeded, directory: Path, module: t.Any, **options: t.Any) -> Record:
    given = {
        "account_id": ACCOUNT,
        "journal": str(directory / "journal"),
        "run_id": "one",
        "endpoint_url": seeded.endpoint,
        "region": "us-east-1",
        "event_history": False,
        **options,
    }
    validation = ArgumentSpecValidator({**aws_argument_spec(), **module.argument_spec()}).validate(given)
    assert not validation.error_messages
    result = execute(module.ENTRY, options=validation.validated_parameters, check_mode=False)
    assert not result.get("failed"), result
    return result


JOINS: t.Final[dict[str, tuple[Meanwhile, str]]] = {
    "attached to a role": (
        lambda iam: iam.attach_role_policy(RoleName="late", PolicyArn=SHARED),
        "role late",
    ),
    "boundary of a user": (
        lambda iam: iam.put_user_permissions_boundary(UserName="zoe", PermissionsBoundary=SHARED),
        "user zoe",
    ),
    "user in the group": (lambda iam: iam.add_user_to_group(GroupName="team", UserName="zoe"), "user zoe"),
    "group with the policy": (
        lambda iam: (
            iam.add_user_to_group(GroupName="other", UserName="idle"),
            iam.attach_group_policy(GroupName="other", PolicyArn=SHARED),
        ),
        "user idle",
    ),
}


@pytest.mark.parametrize("joins", JOINS)
def test_a_boundary_text_is_not_changed_for_whom_nobody_judged(
    tmp_path: Path, meanwhile: Callable[[Callable[[], t.Any]], None], joins: str
) -> None:
    action, named = JOINS[joins]
    with serving(seed()) as seeded:
        iam = seeded.client("iam")
        meanwhile(lambda: action(iam))
        boundary = {"name": "shared", "document": document("s3:*"), "targets": [{"principal": "role/dev"}]}
        result = run(seeded, tmp_path, permissions_boundary, boundaries=[boundary])
        (refusal,) = result["refused"]
        assert (refusal["rule"], refusal["target"]) == ("affects_grown", SHARED)
        assert f"it would also affect {named}, which" in refusal["reason"]
        assert iam.get_policy(PolicyArn=SHARED)["Policy"]["DefaultVersionId"] == "v1"


def test_where_nobody_joins_or_somebody_leaves_it_is_changed(
    tmp_path: Path, meanwhile: Callable[[Callable[[], t.Any]], None]
) -> None:
    with serving(seed()) as seeded:
        iam = seeded.client("iam")
        meanwhile(lambda: iam.remove_user_from_group(GroupName="team", UserName="ann"))
        boundary = {"name": "shared", "document": document("s3:*"), "targets": [{"principal": "role/dev"}]}
        result = run(seeded, tmp_path, permissions_boundary, boundaries=[boundary])
        (change,) = result["changes"]
        assert (result["refused"], change["applied"]) == ([], True)
        assert change["affects"] == [f"arn:aws:iam::{ACCOUNT}:{name}" for name in ("role/app", "role/dev", "user/ann")]


@pytest.mark.parametrize("joins", [True, False])
def test_a_policy_is_not_taken_from_a_group_that_somebody_joined(
    tmp_path: Path, meanwhile: Callable[[Callable[[], t.Any]], None], joins: bool
) -> None:
    with serving(seed()) as seeded:
        iam = seeded.client("iam")
        meanwhile(lambda: iam.add_user_to_group(GroupName="team" if joins else "other", UserName="zoe"))
        removal = {"policy": "shared", "groups": ["team"]}
        result = run(seeded, tmp_path, user_permissions, remove_policies=[removal], accept_breakage=_agreed("ann"))
        attached = iam.list_attached_group_policies(GroupName="team")["AttachedPolicies"]
        assert bool(attached) is joins
        assert [refusal["rule"] for refusal in result["refused"]] == (["affects_grown"] if joins else [])


def _agreed(name: str) -> list[Record]:
    expires = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
    return [{"principal": name, "reason": "agreed", "expires": expires}]


@pytest.mark.parametrize("moves", [True, False])
def test_a_control_policy_is_not_attached_above_an_account_that_was_moved_there(
    tmp_path: Path, meanwhile: Callable[[Callable[[], t.Any]], None], moves: bool
) -> None:
    with serving(SEED) as seeded:
        one = Organization(tmp_path, seeded)
        root = one.client.list_roots()["Roots"][0]["Id"]
        units = {
            unit["Name"]: unit["Id"]
            for unit in one.client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
        }
        to = units["Work" if moves else "Sandbox"]

        def move() -> None:
            if moves:
                one.client.move_account(AccountId=SANDBOX, SourceParentId=units["Sandbox"], DestinationParentId=to)

        meanwhile(move)
        result = one.done(declared(scp(STOP), {"ou": "/Work"}))
        attachments = [change for change in result["changes"] if change["operation"] == "AttachPolicy"]
        assert [change["affects"] for change in attachments] == [[DEV]]
        assert [change["applied"] for change in attachments] == [not moves]
        refused = [refusal for refusal in result["refused"] if refusal["rule"] == "affects_grown"]
        assert len(refused) == moves
        assert all(f"everybody in {SANDBOX}" in refusal["reason"] for refusal in refused)
        assert ("protect" in one.policies()) and bool(one.policies()["protect"][1]) is not moves
        assert MANAGEMENT not in attachments[0]["affects"]
