# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ControlPolicy,
    PolicyDocument,
    PolicyLevel,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact

from .people import (
    ADMIN,
    STATEMENTS,
    account,
    allow,
    arn,
    deny,
    document,
    group,
    plan,
    refusals,
    steps,
    user,
)

DEVELOPERS = {"name": "developers", "users": ["*"]}


def developers(*names: str, **more: t.Any) -> dict[str, t.Any]:
    return {"name": "developers", "users": list(names) or ["*"], **more}


# What moves


def test_attach_comes_before_join_and_both_before_detach() -> None:
    planned = plan(account(user("alice", "Read")), groups=[DEVELOPERS])
    assert steps(planned) == [
        "CreateGroup developers",
        "AttachGroupPolicy developers Read",
        "AddUserToGroup developers alice",
        "DetachUserPolicy alice Read",
    ]
    assert not planned.refused and not planned.warnings


def test_a_policy_that_all_have_is_attached_once() -> None:
    users = [user(name, "Read", groups=["developers"]) for name in ("alice", "bob", "carol")]
    planned = plan(account(group("developers"), *users), groups=[DEVELOPERS])
    assert steps(planned) == [
        "AttachGroupPolicy developers Read",
        *(f"DetachUserPolicy {name} Read" for name in ("alice", "bob", "carol")),
    ]


def test_what_the_group_has_already_is_only_detached() -> None:
    snapshot = account(group("developers", "Read"), user("alice", "Read", groups=["developers"]))
    assert steps(plan(snapshot, groups=[DEVELOPERS])) == ["DetachUserPolicy alice Read"]


def test_what_another_group_gives_already_is_only_detached() -> None:
    snapshot = account(group("readers", "Read"), user("alice", "Read", groups=["readers"]))
    planned = plan(snapshot, groups=[DEVELOPERS])
    assert steps(planned) == ["DetachUserPolicy alice Read"]
    assert planned.changes[0].after["through"] == {"group": "readers", "policy": arn("policy", "Read")}


def test_inline_policies_become_inline_policies_of_the_group() -> None:
    queue = allow("sqs:SendMessage")
    planned = plan(account(user("alice", mine=queue)), groups=[DEVELOPERS])
    assert steps(planned) == [
        "CreateGroup developers",
        "PutGroupPolicy developers mine",
        "AddUserToGroup developers alice",
        "DeleteUserPolicy alice mine",
    ]
    put, deleted = planned.changes[1], planned.changes[3]
    assert put.after == {"inline_policy": "mine", "document": document(queue)}
    assert deleted.undo is not None
    assert deleted.undo.parameters["PolicyDocument"] == put.parameters["PolicyDocument"]
    assert deleted.after["through"] == {"group": "developers", "inline_policy": "mine"}


def test_equal_inline_policies_of_two_users_become_one() -> None:
    one, other = allow("sqs:SendMessage"), allow("SQS:sendmessage", resource=["*"])
    planned = plan(account(user("alice", mine=one), user("bob", mine=other)), groups=[DEVELOPERS])
    assert [step for step in steps(planned) if step.startswith("Put")] == ["PutGroupPolicy developers mine"]
    assert [step for step in steps(planned) if step.startswith("Delete")] == [
        "DeleteUserPolicy alice mine",
        "DeleteUserPolicy bob mine",
    ]


def test_another_inline_policy_of_the_same_name_gets_a_name_of_its_own() -> None:
    snapshot = account(
        group("developers", mine=allow("sqs:*")), user("alice", groups=["developers"], mine=allow("sqs:SendMessage"))
    )
    put = plan(snapshot, groups=[DEVELOPERS]).changes[0]
    name = put.parameters["PolicyName"]
    assert name.startswith("mine-") and len(name) == len("mine-") + 8
    assert plan(snapshot, groups=[DEVELOPERS]).changes[0].parameters["PolicyName"] == name


def test_an_administrator_moves_like_everybody_else() -> None:
    planned = plan(account(user("alice", ADMIN)), groups=[DEVELOPERS])
    assert steps(planned)[-1] == "DetachUserPolicy alice AdministratorAccess"
    assert planned.changes[-1].kind == "policy_detach_user"


# What is selected


@pytest.mark.parametrize(
    ("rules", "moved"),
    [
        pytest.param([developers("al*")], {"alice"}, id="glob"),
        pytest.param([developers(arn("user", "team/*"))], {"bob"}, id="ARN with path"),
        pytest.param([developers("AL*")], set(), id="case counts"),
        pytest.param([developers("*", policies=["Wri*"])], {"bob"}, id="by policy"),
        pytest.param([developers("*", policies=["arn:*:policy/Read"])], {"alice"}, id="by ARN of a policy"),
        pytest.param([{"name": "developers"}], set(), id="nobody"),
    ],
)
def test_users_and_policies_are_selected_by_globs(rules: list[dict[str, t.Any]], moved: set[str]) -> None:
    snapshot = account(user("alice", "Read"), user("bob", "Write", path="/team/"))
    planned = plan(snapshot, groups=rules)
    assert {change.parameters["UserName"] for change in planned.changes if "Detach" in change.operation} == moved


def test_the_first_group_that_selects_takes_over() -> None:
    rules = [{"name": "writers", "users": ["*"], "policies": ["Write"]}, DEVELOPERS]
    planned = plan(account(user("alice", "Read", "Write")), groups=rules)
    assert {step for step in steps(planned) if step.startswith("Attach")} == {
        "AttachGroupPolicy writers Write",
        "AttachGroupPolicy developers Read",
    }


def test_users_without_policies_do_not_join_and_no_group_is_made_for_nothing() -> None:
    assert not plan(account(user("alice")), groups=[DEVELOPERS]).changes


def test_nothing_declared_is_nothing_done() -> None:
    planned = plan(account(user("alice", "Read")))
    assert not planned.changes and not planned.refused and not planned.warnings


def test_what_is_unclear_in_the_declaration_is_told() -> None:
    snapshot = account(group("Developers", path="/old/"), user("alice", "Read"), user("bob", "Write"))
    planned = plan(snapshot, groups=[developers("alice", "alcie", path="/new/")])
    assert planned.warnings == (
        "groups[0].users: the account has no user alcie",
        "groups[0].path: Developers has the path /old/, which is kept; declared is /new/",
    )
    # Names of groups have no case: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert steps(planned)[0] == "AttachGroupPolicy Developers Read"


# Who else would gain or lose

OTHERS = [
    pytest.param(user("bob", groups=["developers"]), "bob, a member of developers, would gain", id="has nothing"),
    pytest.param(user("bob", "Write", groups=["developers"]), "would gain", id="has another"),
    pytest.param(user("bob", "ReadOwn", groups=["developers"]), "would gain", id="has it on some resources"),
    pytest.param(user("bob", "ReadWithMfa", groups=["developers"]), "would gain", id="has it under a condition"),
]
HARMLESS = [
    pytest.param(user("bob", "Read", groups=["developers"]), id="has the same"),
    pytest.param(user("bob", "Storage", groups=["developers"]), id="has a wider one"),
    pytest.param(user("bob", groups=["developers", "admins"]), id="has it through another group"),
    pytest.param(user("bob", "Write", "OnlyCompute", groups=["developers"], boundary="OnlyCompute"), id="is bounded"),
    pytest.param(user("bob", groups=["developers"], no=deny("s3:*")), id="is denied it"),
]


@pytest.mark.parametrize(("other", "reason"), OTHERS)
def test_a_policy_that_another_member_would_gain_by_stays(other: t.Any, reason: str) -> None:
    snapshot = account(group("developers"), user("alice", "Read", groups=["developers"]), other)
    planned = plan(snapshot, groups=[developers("alice")])
    assert refusals(planned) == [("difference", "alice")]
    assert not planned.changes
    text = planned.refused[0].reason
    assert reason in text and "s3:Get" in text
    assert "{name: developers-alice, users: [alice], policies: [Read]}" in text


@pytest.mark.parametrize("other", HARMLESS)
def test_a_policy_that_gives_no_other_member_anything_moves(other: t.Any) -> None:
    snapshot = account(
        group("developers"), group("admins", "Everything"), user("alice", "Read", groups=["developers"]), other
    )
    planned = plan(snapshot, groups=[developers("alice")])
    assert not planned.refused
    assert steps(planned) == ["AttachGroupPolicy developers Read", "DetachUserPolicy alice Read"]


def test_what_the_organization_denies_nobody_gains() -> None:
    control = ControlPolicy(
        "p-1", "no-s3", "SERVICE_CONTROL_POLICY", PolicyDocument("no-s3", document(allow("*"), deny("s3:*")))
    )
    level = PolicyLevel("r-1", "r-1", (control,), ())
    people = (group("developers"), user("alice", "Read", groups=["developers"]), user("bob", groups=["developers"]))
    assert not plan(account(*people, organization_policies=(level,)), groups=[developers("alice")]).refused
    assert plan(account(*people), groups=[developers("alice")]).refused


@pytest.mark.parametrize(
    ("other", "refused"),
    [
        pytest.param(user("bob", "Storage", groups=["developers"]), True, id="has what is denied"),
        pytest.param(user("bob", "Deploy", groups=["developers"]), False, id="has something else"),
        pytest.param(user("bob", "Storage", "NoDeletion", groups=["developers"]), False, id="has the denial"),
    ],
)
def test_a_denial_that_another_member_would_lose_by_stays(other: t.Any, refused: bool) -> None:
    snapshot = account(group("developers"), user("alice", "NoDeletion", groups=["developers"]), other)
    planned = plan(snapshot, groups=[developers("alice")])
    assert bool(planned.refused) is refused
    if refused:
        assert "bob, a member of developers, would lose s3:DeleteObject" in planned.refused[0].reason


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        pytest.param("Write", "by joining developers, alice would gain s3:PutObject", id="an allowance"),
        pytest.param("NoReading", "by joining developers, alice would lose s3:GetObject", id="a denial"),
    ],
)
def test_who_would_get_more_or_less_by_joining_does_not_join(held: str, expected: str) -> None:
    planned = plan(account(group("developers", held), user("alice", "Read")), groups=[DEVELOPERS])
    assert refusals(planned) == [("difference", "alice")]
    assert expected in planned.refused[0].reason
    assert not planned.changes


def test_who_has_what_the_group_has_joins() -> None:
    planned = plan(account(group("developers", "Write"), user("alice", "Storage")), groups=[DEVELOPERS])
    assert steps(planned) == [
        "AttachGroupPolicy developers Storage",
        "AddUserToGroup developers alice",
        "DetachUserPolicy alice Storage",
    ]


def test_what_is_shared_moves_and_what_is_not_stays() -> None:
    snapshot = account(user("alice", "Read"), user("bob", "Read", "Write"), user("carol", "Deploy"))
    planned = plan(snapshot, groups=[DEVELOPERS])
    assert [step for step in steps(planned) if step.startswith("Detach")] == [
        "DetachUserPolicy alice Read",
        "DetachUserPolicy bob Read",
    ]
    assert refusals(planned) == [("difference", "carol"), ("difference", "bob")]
    assert "carol would gain s3:" in planned.refused[0].reason
    assert "alice, a member of developers, would gain s3:PutObject" in planned.refused[1].reason


def test_the_proposed_group_is_accepted() -> None:
    snapshot = account(
        group("developers", "Read"),
        user("alice", "Read", "Write", groups=["developers"]),
        user("bob", groups=["developers"]),
    )
    rules = [DEVELOPERS]
    assert refusals(plan(snapshot, groups=rules)) == [("difference", "alice")]
    own = {"name": "developers-alice", "users": ["alice"], "policies": ["Write"]}
    planned = plan(snapshot, groups=[own, *rules])
    assert not planned.refused
    assert steps(planned) == [
        "CreateGroup developers-alice",
        "AttachGroupPolicy developers-alice Write",
        "AddUserToGroup developers-alice alice",
        "DetachUserPolicy alice Write",
        "DetachUserPolicy alice Read",
    ]


# Quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html


def test_a_group_has_ten_attached_policies() -> None:
    names = [f"P{number:02}" for number in range(12)]
    planned = plan(account(user("alice", *names)), groups=[DEVELOPERS])
    assert sum(step.startswith("AttachGroup") for step in steps(planned)) == 10
    assert refusals(planned) == [("quota", "alice")] * 2
    assert "already has 10 attached policies, the limit (AttachedPoliciesPerGroupQuota)" in planned.refused[0].reason


def test_the_accounts_own_quota_holds() -> None:
    names = [f"P{number:02}" for number in range(12)]
    snapshot = account(user("alice", *names), summary={"AttachedPoliciesPerGroupQuota": 20})
    assert not plan(snapshot, groups=[DEVELOPERS]).refused


def test_inline_policies_of_a_group_have_5120_characters_together() -> None:
    large = {f"large{number}": allow(*(f"sqs:Action{number}{index:04}" for index in range(100))) for number in range(4)}
    planned = plan(account(user("alice", **large)), groups=[DEVELOPERS])
    put = [change for change in planned.changes if change.operation == "PutGroupPolicy"]
    assert 0 < len(put) < 4
    assert sum(len(change.parameters["PolicyDocument"]) for change in put) <= 5120
    assert {rule for rule, _name in refusals(planned)} == {"quota"}
    assert "of 5120 (GroupPolicySizeQuota)" in planned.refused[0].reason


def test_a_user_is_in_ten_groups() -> None:
    names = [f"g{number}" for number in range(10)]
    snapshot = account(*map(group, names), user("alice", "Read", groups=names))
    planned = plan(snapshot, groups=[DEVELOPERS])
    assert refusals(planned) == [("quota", "alice")]
    assert "alice is already in 10 groups, the limit (GroupsPerUserQuota)" in planned.refused[0].reason


def test_memberships_of_one_plan_count_together() -> None:
    names = [f"g{number}" for number in range(9)]
    snapshot = account(*map(group, names), user("alice", "Read", "Write", groups=names))
    rules = [{"name": "writers", "users": ["*"], "policies": ["Write"]}, DEVELOPERS]
    assert refusals(plan(snapshot, groups=rules)) == [("quota", "alice")]


def test_an_account_has_300_groups() -> None:
    snapshot = account(*(group(f"g{number}") for number in range(299)), user("alice", "Read", "Write"))
    rules = [{"name": "writers", "users": ["*"], "policies": ["Write"]}, DEVELOPERS]
    planned = plan(snapshot, groups=rules)
    assert refusals(planned) == [("quota", "alice")]
    assert "the account already has 300 groups, the limit (GroupsQuota)" in planned.refused[0].reason
    assert "declare a group" not in planned.refused[0].reason
    assert steps(planned)[0] == "CreateGroup writers"


# Who and what is left alone

ALONE = [
    pytest.param("caller", user("alice", "Read"), {"callers": principals_of([arn("user", "alice")])}, id="caller"),
    pytest.param("break_glass", user("alice", "Read"), {"break_glass": ("arn:*:user/al*",)}, id="declared break-glass"),
    pytest.param(
        "break_glass", user("alice", "Read", path="/iam-hardening/break-glass/"), {}, id="break-glass by path"
    ),
    pytest.param("protected", user("alice", "Read", path="/aws-reserved/"), {}, id="a user of AWS"),
    pytest.param(
        "protected", user("alice", "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"), {}, id="quarantine"
    ),
    pytest.param("unknown", user("alice", "Unheard"), {}, id="policy that was not read"),
    pytest.param("unknown", user("alice", mine="no document"), {}, id="document that does not parse"),
]


@pytest.mark.parametrize(("rule", "chosen", "fields"), ALONE)
def test_what_is_left_alone_is_refused_without_stopping_the_others(
    rule: str, chosen: t.Any, fields: dict[str, t.Any]
) -> None:
    planned = plan(account(chosen, user("zoe", "Read")), groups=[DEVELOPERS], **fields)
    assert refusals(planned) == [(rule, chosen.name)]
    assert not any(chosen.name in step for step in steps(planned))
    assert "DetachUserPolicy zoe Read" in steps(planned)


def test_a_group_of_which_not_all_is_known_is_not_joined() -> None:
    planned = plan(account(group("developers", "Unheard"), user("alice", "Read")), groups=[DEVELOPERS])
    assert refusals(planned) == [("unknown", "alice")]


@pytest.mark.parametrize(
    "there", [(), (group("deployers", "Read", path="/aws-reserved/"),)], ids=["to be made", "there"]
)
def test_nobody_is_moved_into_a_group_that_is_never_touched(there: tuple[t.Any, ...]) -> None:
    """The guards would refuse to make and fill the group, and not to let users join it and lose what they have."""
    wanted = {"name": "deployers", "path": "/aws-reserved/", "users": ["*"]}
    planned = plan(account(*there, user("alice", "Read")), groups=[wanted])
    assert planned.changes == ()
    assert refusals(planned) == [("protected", "alice")]
    assert "deployers is never changed: IAM Identity Center manages it" in planned.refused[0].reason
    assert "declare a group" not in planned.refused[0].reason


def test_users_and_groups_named_as_a_landing_zone_names_its_roles_are_nobody_elses() -> None:
    planned = plan(account(user("cdk-evil", "Read")), groups=[{"name": "AWSAccelerator-x", "users": ["*"]}])
    assert refusals(planned) == []
    assert {"CreateGroup", "AddUserToGroup", "DetachUserPolicy"} <= {change.operation for change in planned.changes}


# The writes


def test_every_change_can_be_undone_and_only_taking_away_is_capped() -> None:
    snapshot = account(user("alice", "Read", mine=allow("sqs:*")), user("bob"))
    planned = plan(snapshot, groups=[DEVELOPERS])
    undone = {change.operation: change.undo.operation for change in planned.changes if change.undo}
    assert undone == {
        "CreateGroup": "DeleteGroup",
        "AttachGroupPolicy": "DetachGroupPolicy",
        "PutGroupPolicy": "DeleteGroupPolicy",
        "AddUserToGroup": "RemoveUserFromGroup",
        "DetachUserPolicy": "AttachUserPolicy",
        "DeleteUserPolicy": "PutUserPolicy",
    }
    capped = {change.operation: change.population for change in planned.changes if change.impact is Impact.NARROWING}
    assert capped == {"DetachUserPolicy": 2, "DeleteUserPolicy": 2}


def test_a_finding_is_mended_by_the_changes_of_its_user() -> None:
    snapshot = account(user("alice", "Read"), user("bob", "Write"))
    planned = plan(snapshot, groups=[developers("alice")])
    mending = {change.target: change.remedies for change in planned.changes if change.remedies}
    assert set(mending) == {arn("user", "alice")}


def test_statements_of_the_samples_parse() -> None:
    assert not plan(account(*(user(f"holder-of-{held}", held) for held in STATEMENTS))).warnings


def test_a_policy_that_is_to_be_removed_from_a_member_does_not_come_to_it_through_the_group() -> None:
    snapshot = account(
        user("alice", "Everything"), user("bob", "Everything", groups=["admins"]), group("admins", "Read")
    )
    rules = [{"name": "admins", "users": ["alice"]}]
    planned = plan(snapshot, groups=rules, remove=[{"policy": "Everything", "users": ["bob"]}])
    assert steps(planned) == ["DetachUserPolicy bob Everything"]
    assert refusals(planned) == [("difference", "alice")]
