# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For whom contained principals may make keys, and what else they may do, as they were before the containment."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.minted.makers import Makers

from ..accounts import HOME, QUARANTINE, USER, allow, arn, deny, make_role, make_snapshot, make_user, policy, trust

Document = dict[str, t.Any]
KEYS: t.Final = "iam:CreateAccessKey"
ALICE, BOB = arn(HOME, "alice", "user"), arn(HOME, "bob", "user")
ADMIN: t.Final = arn(HOME, "admin")


def make_makers(*statements: Document, reached: t.Sequence[str] = (USER,), **more: t.Any) -> Makers:
    source = make_user(HOME, "ci-deploy", {"own": policy(*statements), **QUARANTINE}, **more)
    others = (make_user(HOME, "alice"), make_user(HOME, "bob"))
    admin = make_role(HOME, "admin", trust("lambda.amazonaws.com", kind="Service"), inline={"all": policy(allow("*"))})
    snapshot = make_snapshot(HOME, users=(source, *others), roles=(admin,))
    return Makers(Permissions(snapshot), reached)


@pytest.mark.parametrize(
    ("statements", "users"),
    [
        ([allow("*", action=KEYS)], (ALICE, BOB)),
        ([allow("arn:aws:iam::*:user/a*", action="iam:*")], (ALICE,)),
        # A condition that an intruder may meet.
        ([allow(ALICE, action=KEYS, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], (ALICE,)),
        ([allow("*", action=KEYS), {**deny(), "Action": KEYS, "Resource": BOB}], (ALICE,)),
        ([allow(arn(HOME, "${aws:username}", "user"), action=KEYS)], ()),
        ([allow("*", action="iam:ListAccessKeys")], ()),
    ],
)
def test_users_for_whom_a_contained_user_may_have_made_a_key(
    statements: list[Document], users: tuple[str, ...]
) -> None:
    assert make_makers(*statements).list_users([USER]) == users


def test_what_a_containment_put_there_does_not_count() -> None:
    tags = {"iam-hardening:quarantine": "true"}
    by_tag = {**deny(), "Condition": {"StringEquals": {"aws:PrincipalTag/iam-hardening:quarantine": "true"}}}
    assert make_makers(allow("*", action=KEYS), by_tag, tags=tags).list_users([USER]) == (ALICE, BOB)


def test_ways_are_counted_with_some_of_their_calls() -> None:
    (way,) = make_makers(
        allow("*", action=["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])
    ).list_ways()
    assert (way.origin, way.to) == (USER, HOME)
    assert (
        "it may come to others (1 at least)" in way.reason and "iam:PassRole with lambda:CreateFunction" in way.reason
    )
    # A key of another user has a row of its own.
    assert list(make_makers(allow("*", action=KEYS)).list_ways()) == []
    assert list(make_makers(allow("*")).list_ways()) == []


def test_no_more_than_some_principals_are_looked_at_and_the_others_counted() -> None:
    reached = (USER, *(arn(HOME, f"role-{number}") for number in range(40)))
    makers = make_makers(allow("*", action=KEYS), reached=reached)
    assert makers.left_out == 16
    assert makers.list_users([USER]) == (ALICE, BOB)


def test_the_targets_of_an_action_are_those_of_all_who_were_reached() -> None:
    first = make_user(HOME, "ci-deploy", {"own": policy(allow(ALICE, action="iam:CreateLoginProfile"))})
    second = make_user(HOME, "alice", {"own": policy(allow(BOB, ALICE, action="iam:CreateLoginProfile"))})
    snapshot = make_snapshot(HOME, users=(first, second, make_user(HOME, "bob")))
    both = Makers(Permissions(snapshot), [USER, ALICE])
    asked = [ALICE, BOB, USER]
    assert both.find_targets("iam:CreateLoginProfile", asked) == (ALICE, BOB)
    assert both.find_targets("iam:CreateLoginProfile", asked, besides=[ALICE]) == (BOB,)
    assert both.find_targets("iam:CreateLoginProfile", [USER]) == both.find_targets("iam:CreateUser", asked) == ()
    assert Makers(Permissions(snapshot), [USER]).find_targets("iam:CreateLoginProfile", asked) == (ALICE,)


def test_the_ways_of_each_who_was_reached_are_listed_in_the_order_of_the_reach() -> None:
    passing = {"own": policy(allow("*", action=["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]))}
    users = tuple(make_user(HOME, name, passing) for name in ("alice", "bob"))
    admin = make_role(HOME, "admin", trust("lambda.amazonaws.com", kind="Service"), inline={"all": policy(allow("*"))})
    permissions = Permissions(make_snapshot(HOME, users=users, roles=(admin,)))
    for reached in ([ALICE, BOB], [BOB, ALICE]):
        assert [way.origin for way in Makers(permissions, reached).list_ways()] == reached


def test_of_many_ways_three_are_shown_and_the_widest_counts() -> None:
    passwords = ["iam:CreateLoginProfile", "iam:UpdateLoginProfile"]
    services = ["lambda:CreateFunction", "lambda:InvokeFunction", "ec2:RunInstances"]
    own = {"own": policy(allow("*", action=[*passwords, *services, "iam:PassRole"]))}
    users = tuple(make_user(HOME, name, own if name == "ci-deploy" else None) for name in ("ci-deploy", "alice", "bob"))
    trusted = trust("lambda.amazonaws.com", "ec2.amazonaws.com", kind="Service")
    admin = make_role(HOME, "admin", trusted, inline={"all": policy(allow("*"))}, instance_profiles=("profile",))
    (way,) = Makers(Permissions(make_snapshot(HOME, users=users, roles=(admin,))), [USER]).list_ways()
    before, _by, after = way.reason.partition(" ways, such as ")
    # A password is that of both other users, and a service gets the one role.
    assert "it may come to others (2 at least) by " in before and int(before.rpartition(" ")[2]) > 3
    assert len(after.removesuffix(": hunt for its calls").split(", ")) == 3
