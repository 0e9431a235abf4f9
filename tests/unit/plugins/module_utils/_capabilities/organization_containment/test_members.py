# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role of a contained account goes on only if nobody can come into it from where an intruder may be."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    PolicyDocument,
    Role,
    Snapshot,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.members import (
    find_hole,
    judge_member,
)

ACCOUNT, MANAGEMENT, STRANGER = "222233334444", "111122223333", "999988887777"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass"


def role(*principals: t.Any, arn: str = ROLE) -> Role:
    statements = [{"Effect": "Allow", "Principal": one, "Action": "sts:AssumeRole"} for one in principals]
    trust = PolicyDocument("trust", {"Version": "2012-10-17", "Statement": statements})
    name = arn.rpartition("/")[2]
    path = f"/{arn.partition(':role/')[2].rpartition('/')[0]}/".replace("//", "/")
    return Role(name, arn, path, None, trust, (), (), None, None, None)


def snapshot_of(*roles: Role, users: tuple[User, ...] = ()) -> Snapshot:
    moment = datetime(2026, 11, 28, tzinfo=UTC)
    return Snapshot(Caller(ACCOUNT, "arn", "id"), "aws", "us-east-1", moment, (), roles=roles, users=users)


@pytest.mark.parametrize(
    ("principals", "hole"),
    [
        ([{"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}], ""),
        ([{"AWS": MANAGEMENT}], ""),
        # They are denied everything, so that they can't assume it.
        ([{"AWS": [f"arn:aws:iam::{MANAGEMENT}:role/people", f"arn:aws:iam::{ACCOUNT}:user/admin"]}], ""),
        ([{"AWS": f"arn:aws:iam::{ACCOUNT}:root"}], "nobody outside"),
        ([{"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, {"AWS": f"arn:aws:iam::{STRANGER}:root"}], STRANGER),
        ([{"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, {"Service": "lambda.amazonaws.com"}], "lambda"),
        ([{"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"}], "saml-provider"),
        ([{"AWS": "*"}], "lets * in"),
        (["*"], "lets * in"),
        # The id of a principal that is gone.
        ([{"AWS": "AROAEXAMPLEID12345678"}], "AROAEXAMPLE"),
    ],
)
def test_holes(principals: list[t.Any], hole: str) -> None:
    permissions = Permissions(snapshot_of(role(*principals)))
    found = find_hole(permissions, ROLE, {MANAGEMENT})
    assert hole in found and bool(found) is bool(hole)


def test_a_trust_policy_that_excludes_some_lets_everybody_in() -> None:
    document = {"Effect": "Allow", "NotPrincipal": {"AWS": STRANGER}, "Action": "sts:AssumeRole"}
    trust = PolicyDocument("trust", {"Version": "2012-10-17", "Statement": [document]})
    made = Role("break-glass", ROLE, "/iam-hardening/", None, trust, (), (), None, None, None)
    assert "lets * in" in find_hole(Permissions(snapshot_of(made)), ROLE, {MANAGEMENT})


def test_patterns_in_paths_and_missing_roles_do_not_go_on() -> None:
    hostile = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass/*/x"
    good = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    member = judge_member(
        snapshot_of(role(good), role(good, arn=hostile)), [f"arn:aws:iam::{ACCOUNT}:role/gone"], (), {MANAGEMENT}, {}
    )
    assert member.exempt == (ROLE,) and member.has_break_glass
    assert [keeper.problem[:13] for keeper in member.keepers if keeper.problem] == ["there is no s", "its path has "]
    open_ended = role(good, {"AWS": STRANGER}, arn=f"arn:aws:iam::{ACCOUNT}:role/hijacked")
    linked = role({"Service": "x.amazonaws.com"}, arn=f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/X")
    known = judge_member(snapshot_of(role(good), open_ended, linked), [], (), {MANAGEMENT}, {})
    # No control policy binds a role that is linked to a service.
    assert list(known.holes) == [open_ended.arn] and STRANGER in known.holes[open_ended.arn]
    helpless = judge_member(snapshot_of(role(good)), [], (), {MANAGEMENT}, {ROLE: "may do nothing"})
    assert not helpless.has_break_glass and helpless.exempt == ()


def test_a_user_never_goes_on_not_even_one_of_break_glass() -> None:
    rescue, other = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("iam-hardening/break-glass", "eve"))
    users = (
        User("break-glass", rescue, "/iam-hardening/", None, (), (), (), None, unique_id="AIDARESCUE"),
        User("eve", other, "/", None, (), (), (), None),
    )
    member = judge_member(snapshot_of(users=users), [], (), {MANAGEMENT}, {})
    (keeper,) = member.keepers
    assert keeper.arn == rescue and keeper.is_break_glass and keeper.problem
    assert not member.has_break_glass and member.exempt == ()
    # Whatever the unit of a move lets go on, neither of them may.
    assert all(member.holes[arn] for arn in (rescue, other))
    # A user who was made anew has another id, so that only a known one stands for its ARN.
    assert member.user_ids == {rescue: "AIDARESCUE"}
    declared = judge_member(snapshot_of(users=users), [], (other,), {MANAGEMENT}, {})
    assert {keeper.arn for keeper in declared.keepers} == {rescue, other} and not declared.has_break_glass


def test_a_role_of_the_run_is_not_judged_twice_and_is_no_break_glass() -> None:
    good = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    (keeper,) = judge_member(snapshot_of(role(good)), [ROLE], (), {MANAGEMENT}, {ROLE: "may do nothing"}).keepers
    assert keeper.as_dict() == {"role": ROLE, "break_glass": False, "continues": True}
    (rescue,) = judge_member(snapshot_of(role(good)), [], (), {MANAGEMENT}, {ROLE: "may do nothing"}).keepers
    assert rescue.as_dict() == {"role": ROLE, "break_glass": True, "continues": False, "reason": "may do nothing"}
    # The hole is the graver of two reasons.
    (open_ended,) = judge_member(snapshot_of(role("*")), [], (), {MANAGEMENT}, {ROLE: "may do nothing"}).keepers
    assert "lets * in" in open_ended.problem
