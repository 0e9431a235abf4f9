# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attaching a policy that makes no administrator by itself, and leads on.

The commonest guardrail denies AdministratorAccess by ``iam:PolicyARN``:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_PolicyARN
"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import Subject

from .landscapes import (
    ADMINISTRATOR_ACCESS,
    ROOT,
    Document,
    allow,
    arn,
    deny,
    everything,
    group,
    methods,
    paths,
    policy,
    role,
    trust,
    user,
)

IAM_FULL: t.Final = "arn:aws:iam::aws:policy/IAMFullAccess"
POWER_USER: t.Final = "arn:aws:iam::aws:policy/PowerUserAccess"
TEAM: t.Final = arn("policy", "team")
ATTACH: t.Final = ("iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:AttachGroupPolicy")
NO_ADMINISTRATOR: t.Final = deny(*ATTACH, Condition={"ArnEquals": {"iam:PolicyARN": ADMINISTRATOR_ACCESS}})


def only(*arns: str) -> Document:
    return deny(*ATTACH, Condition={"ArnNotEquals": {"iam:PolicyARN": list(arns)}})


def admin_role(**fields: t.Any) -> Subject:
    return role("prod-admin", everything(), trust=trust({"AWS": ROOT}), **fields)


def test_a_guardrail_on_administrator_access_leaves_the_policy_for_iam() -> None:
    path = paths(user("dev", policy(allow("iam:AttachUserPolicy"), NO_ADMINISTRATOR)))["dev"]
    assert path.certain
    assert path.steps[0].method.id == "attach_own_user_policy"
    assert path.steps[0].via == IAM_FULL
    assert path.steps[1].method.gain.name == "RAISED"
    assert path.explanation.startswith(
        "dev can change its own rights by attaching a policy to one's own user (IAMFullAccess), then become an "
        "administrator by "
    )


@pytest.mark.parametrize("make", ["iam:AttachRolePolicy", "iam:AttachGroupPolicy"])
def test_so_it_does_for_roles_and_groups(make: str) -> None:
    rights = policy(allow(make), NO_ADMINISTRATOR)
    dev = role("dev", rights) if "Role" in make else user("dev", rights, groups=(arn("group", "devs"),))
    path = paths(dev, group("devs"))["dev"]
    assert path.certain
    assert path.steps[0].via == IAM_FULL


def test_a_policy_that_assumes_an_administrators_role_leads_on() -> None:
    team = policy(allow("sts:AssumeRole", on=arn("role", "prod-admin")), name="team")
    dev = user("dev", policy(allow("iam:AttachUserPolicy"), only(TEAM)))
    found = paths(dev, admin_role(), policies={TEAM: team})["dev"]
    assert methods(found) == ["attach_own_user_policy", "assume_role"]
    assert (found.certain, found.steps[0].via) == (True, TEAM)


def test_a_policy_that_widens_what_one_may_already_do_leads_on() -> None:
    """The actor may assume some role already, so that the policy adds no action, only a resource."""
    team = policy(allow("sts:AssumeRole", on=arn("role", "prod-admin")), name="team")
    dev = user(
        "dev", policy(allow("sts:AssumeRole", on=arn("role", "other")), allow("iam:AttachUserPolicy"), only(TEAM))
    )
    assert methods(paths(dev, admin_role(), policies={TEAM: team})["dev"]) == ["attach_own_user_policy", "assume_role"]


def test_a_group_that_widens_what_one_may_already_do_leads_on() -> None:
    team = group("team", policy(allow("sts:AssumeRole", on=arn("role", "prod-admin")), name="team"))
    dev = user("dev", policy(allow("sts:AssumeRole", on=arn("role", "other")), allow("iam:AddUserToGroup")))
    assert methods(paths(dev, team, admin_role())["dev"]) == ["join_group", "assume_role"]


def test_power_users_assume_roles() -> None:
    dev = user("dev", policy(allow("iam:AttachUserPolicy"), only(POWER_USER)))
    assert methods(paths(dev, admin_role())["dev"]) == ["attach_own_user_policy", "assume_role"]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([allow("iam:AttachUserPolicy"), only(TEAM)], id="only a policy that leads nowhere"),
        pytest.param(
            [allow("iam:AttachUserPolicy", Condition={"ArnEquals": {"iam:PolicyARN": TEAM}})], id="allowed by name"
        ),
        pytest.param([allow("iam:AttachUserPolicy", on=arn("user", "other")), NO_ADMINISTRATOR], id="on another user"),
    ],
)
def test_no_false_alarm(statements: list[Document]) -> None:
    team = policy(allow("s3:*"), name="team")
    dev = user("dev", policy(*statements))
    assert paths(dev, admin_role(), user("other", active_keys=2), policies={TEAM: team}) == {}


def test_a_boundary_still_limits() -> None:
    bounded = user(
        "dev", policy(allow("iam:AttachUserPolicy"), NO_ADMINISTRATOR), boundary=policy(allow("s3:*", *ATTACH))
    )
    assert paths(bounded) == {}


def test_a_policy_is_attached_to_a_role_that_raises_itself() -> None:
    rights = policy(allow("iam:AttachRolePolicy", "sts:AssumeRole", on=arn("role", "deploy")), NO_ADMINISTRATOR)
    found = paths(user("dev", rights), role("deploy", trust=trust({"AWS": ROOT})))["dev"]
    assert found.certain
    assert found.steps[0].method.id == "attach_role_policy_and_assume"
    assert (found.steps[0].via, found.end) == (IAM_FULL, arn("role", "deploy"))
    assert (found.steps[1].source, found.steps[1].target) == (arn("role", "deploy"),) * 2
    assert found.explanation.startswith(
        "dev can become deploy by attaching a policy to a role and assuming it (IAMFullAccess), then become an "
    )


@pytest.mark.parametrize(
    ("actions", "method"),
    [
        (("iam:AttachRolePolicy", "sts:AssumeRole"), "attach_role_policy_and_assume"),
        (("iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey"), "create_user_and_attach_policy"),
    ],
)
def test_where_the_policy_for_iam_is_denied_too_another_one_does_it(actions: tuple[str, ...], method: str) -> None:
    writing = policy(allow("iam:PutRolePolicy", "iam:PutUserPolicy"), name="team")
    limit = deny(*ATTACH, Condition={"ArnEquals": {"iam:PolicyARN": [ADMINISTRATOR_ACCESS, IAM_FULL]}})
    # On itself it may attach nothing.
    others = [arn("role", "deploy"), arn("user", "*")]
    dev = role("dev", policy(allow(*actions, on=others), limit))
    found = paths(dev, role("deploy", trust=trust({"AWS": ROOT})), policies={TEAM: writing})["dev"]
    assert (found.steps[0].method.id, found.steps[0].via, found.certain) == (method, TEAM, True)


def test_a_boundary_that_was_not_read_leaves_it_open() -> None:
    rights = policy(allow("iam:AttachRolePolicy", "sts:AssumeRole", on=arn("role", "deploy")), NO_ADMINISTRATOR)
    deploy = role("deploy", trust=trust({"AWS": ROOT}), boundary_arn=arn("policy", "edge"))
    found = paths(user("dev", rights), deploy)["dev"]
    assert found.conditions == ("the boundary edge allows it",)


def test_a_policy_is_attached_to_a_new_user_who_raises_itself() -> None:
    rights = policy(allow("iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey"), NO_ADMINISTRATOR)
    # On itself it may do nothing: the actor is a role.
    found = paths(role("dev", rights))["dev"]
    assert found.certain
    assert found.steps[0].method.id == "create_user_and_attach_policy"
    assert found.explanation.startswith("dev can become a new user by making a user with an attached policy")


def test_a_role_that_can_not_be_changed_is_left_out() -> None:
    rights = policy(allow("iam:AttachRolePolicy", "sts:AssumeRole"), NO_ADMINISTRATOR)
    owned = role("AWSReservedSSO_x", trust=trust({"AWS": ROOT}), is_aws_owned=True)
    assert paths(user("dev", rights), owned) == {}


def test_many_policies_that_lead_nowhere_hide_none_that_does() -> None:
    nowhere = [allow("sts:AssumeRole", "iam:CreateAccessKey", on=arn("role", f"app-{number}")) for number in range(100)]
    many = {arn("policy", f"p{number:03}"): policy(statement) for number, statement in enumerate(nowhere)}
    team = policy(allow("sts:AssumeRole", on=arn("role", "prod-admin")), name="team")
    allowed = only(TEAM, *many)
    dev = user("dev", policy(allow("iam:AttachUserPolicy"), allowed))
    assert methods(paths(dev, admin_role(), policies={**many, TEAM: team})["dev"]) == [
        "attach_own_user_policy",
        "assume_role",
    ]


@pytest.mark.parametrize(("other", "found"), [(everything(), True), (policy(allow("s3:*")), False)])
def test_another_administrators_policy_serves_as_a_boundary(other: t.Any, found: bool) -> None:
    """Where a guardrail denies AdministratorAccess as boundary by ``iam:PermissionsBoundary``."""
    setting = "iam:PutUserPermissionsBoundary"
    limit = deny(setting, Condition={"ArnEquals": {"iam:PermissionsBoundary": ADMINISTRATOR_ACCESS}})
    dev = user("dev", everything(), policy(limit, name="limit"), boundary=policy(allow(setting), name="narrow"))
    got = paths(dev, policies={TEAM: other}).get("dev")
    assert methods(got) == (["put_own_user_boundary"] if found else [])
