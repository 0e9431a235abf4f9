# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime as dt
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.changes import (
    ADMIN_REMOVAL,
    REMOVAL,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.plan import Observed
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Impact, judge
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Evidence, Source, SourceRead, Use
from ansible_collections.hardening.iam.plugins.module_utils._prediction.acceptance import Acceptance

from .people import ADMIN, NOW, account, allow, arn, deny, group, plan, planner, refusals, role, steps, user

READ = Evidence((SourceRead(Source.LAST_ACCESSED, 400, "up to 4 hours"),))
EVERYBODY = {"policy": "Read", "users": ["*"], "groups": ["*"], "roles": ["*"]}
# Something that is used and that nobody loses: without any use there is no evidence.
HARMLESS = "sts:GetCallerIdentity"


def make_plan(
    snapshot: Snapshot,
    *removals: dict[str, t.Any],
    used: t.Optional[t.Mapping[str, str]] = None,
    groups: t.Sequence[dict[str, t.Any]] = (),
    **fields: t.Any,
) -> Plan:
    """The plan of removals where everybody used ``HARMLESS``, or the action that ``used`` has for its name."""
    observed = Observed(Facts(snapshot))
    proposals = planner({"remove_policies": removals, "groups": groups}, **fields).make_proposals(observed)
    impacts: dict[str, Impact] = {}
    for principal, (before, after) in proposals.items():
        action = (used or {}).get(principal.rpartition("/")[2], HARMLESS)
        uses = [Use(principal, action, Source.TRAIL)] if action else []
        impacts[principal] = judge(uses, principal_arn=principal, before=before, after=after, evidence=READ)
    return plan(snapshot, impacts=impacts, remove=removals, groups=groups, **fields)


def holder(kind: str, *policies: str, **inline: t.Any) -> t.Any:
    return {"user": user, "group": group, "role": role}[kind]("target", *policies, **inline)


@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
def test_attached_and_inline_policies_of_all_kinds_are_removed_by_name(kind: str) -> None:
    owner = holder(kind.lower(), "Read", "Write", Read=allow("sqs:*"))
    planned = make_plan(account(owner), EVERYBODY)
    assert steps(planned) == [f"Detach{kind}Policy target Read", f"Delete{kind}Policy target Read"]
    undo = [change.undo.operation for change in planned.changes if change.undo]
    assert undo == [f"Attach{kind}Policy", f"Put{kind}Policy"]
    assert {change.kind for change in planned.changes} == {REMOVAL}
    assert not planned.refused


@pytest.mark.parametrize(
    ("removal", "changed"),
    [
        ({"policy": "Read", "users": ["al*"]}, {"alice"}),
        ({"policy": arn("policy", "Read"), "users": ["*"]}, {"alice", "bob"}),
        ({"policy": "read", "users": ["*"]}, set()),
        ({"policy": "Read", "roles": ["*"]}, {"app"}),
        ({"policy": "Read", "groups": ["*"]}, {"readers"}),
        ({"policy": "Read", "users": ["arn:aws:iam::*:user/team/*"]}, {"bob"}),
    ],
)
def test_only_the_selected_lose_it(removal: dict[str, t.Any], changed: set[str]) -> None:
    snapshot = account(
        user("alice", "Read"), user("bob", "Read", path="/team/"), group("readers", "Read"), role("app", "Read")
    )
    planned = make_plan(snapshot, removal)
    assert {change.target.rpartition("/")[2] for change in planned.changes} == changed


# Prediction


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        pytest.param("s3:GetObject", "1 will break", id="used"),
        pytest.param("s3:Get*", "1 will break", id="used, as a name that nobody knows"),
        pytest.param("", "no evidence", id="nothing was used"),
    ],
)
def test_what_would_break_or_is_not_known_is_refused(used: str, expected: str) -> None:
    planned = make_plan(account(user("alice", "Read")), EVERYBODY, used={"alice": used})
    assert refusals(planned) == [("prediction", "alice")]
    assert expected in planned.refused[0].reason
    assert "to remove it anyway, list alice in accept_breakage" in planned.refused[0].reason
    assert not planned.changes


def test_a_removal_that_nobody_predicted_is_not_made_by_accident() -> None:
    """Who has the policy in another way loses nothing, whatever was used."""
    snapshot = account(group("readers", "Storage"), user("alice", "Read", groups=["readers"]))
    assert steps(make_plan(snapshot, EVERYBODY, used={"alice": "s3:GetObject"})) == ["DetachUserPolicy alice Read"]


@pytest.mark.parametrize(("expires", "made"), [(NOW.date(), True), (NOW.date() - dt.timedelta(days=1), False)])
def test_accepted_by_name_until_a_date(expires: dt.date, made: bool) -> None:
    acceptance = Acceptance(0, "alice", "agreed", expires)
    snapshot = account(user("alice", "Read"), user("bob", "Read"))
    planned = make_plan(
        snapshot, EVERYBODY, used=dict.fromkeys(("alice", "bob"), "s3:GetObject"), acceptances=(acceptance,)
    )
    assert steps(planned) == (["DetachUserPolicy alice Read"] if made else [])
    assert ("prediction", "bob") in refusals(planned)
    assert bool(planned.warnings) is not made


def test_a_group_keeps_what_one_member_uses() -> None:
    snapshot = account(group("readers", "Read"), *(user(name, groups=["readers"]) for name in ("alice", "bob")))
    planned = make_plan(snapshot, EVERYBODY, used={"bob": "s3:GetObject"})
    assert refusals(planned) == [("prediction", "readers")]
    assert "for bob it is not safe" in planned.refused[0].reason
    assert steps(make_plan(snapshot, EVERYBODY)) == ["DetachGroupPolicy readers Read"]


def test_all_that_is_taken_from_somebody_is_judged_at_once() -> None:
    """Each of two policies that allow the same could go by itself; not both."""
    snapshot = account(user("alice", "Read", "Storage"))
    removals = ({"policy": "Read", "users": ["*"]}, {"policy": "Storage", "users": ["*"]})
    used = {"alice": "s3:GetObject"}
    assert refusals(make_plan(snapshot, *removals, used=used)) == [("prediction", "alice")] * 2
    assert steps(make_plan(snapshot, removals[0], used=used)) == ["DetachUserPolicy alice Read"]


def test_a_group_without_members_can_lose_anything() -> None:
    assert steps(make_plan(account(group("empty", "Read")), EVERYBODY)) == ["DetachGroupPolicy empty Read"]


# A denial


def test_a_policy_that_denies_something_stays() -> None:
    snapshot = account(user("alice", "Storage", "NoDeletion"))
    planned = make_plan(snapshot, {"policy": "NoDeletion", "users": ["*"]})
    assert refusals(planned) == [("widening", "alice")]
    assert "without it alice could do s3:DeleteObject, which a policy denies today" in planned.refused[0].reason


def test_a_denial_goes_with_what_it_denies() -> None:
    snapshot = account(user("alice", "Storage", "NoDeletion", "OnlyCompute"))
    removals = [{"policy": name, "users": ["*"]} for name in ("Storage", "NoDeletion")]
    assert len(make_plan(snapshot, *removals).changes) == 2


def test_a_denial_stays_where_what_it_denies_stays() -> None:
    """The group keeps its policy for another member's sake, and so the denial is still needed."""
    snapshot = account(
        group("storage", "Storage"),
        user("alice", "NoDeletion", groups=["storage"]),
        user("bob", groups=["storage"]),
    )
    removals = ({"policy": "Storage", "groups": ["*"]}, {"policy": "NoDeletion", "users": ["*"]})
    assert len(make_plan(snapshot, *removals).changes) == 2
    kept = make_plan(snapshot, *removals, used={"bob": "s3:GetObject"})
    assert sorted(refusals(kept)) == [("prediction", "storage"), ("widening", "alice")]
    assert not kept.changes


# Who and what is left alone, and administrators

ALONE = [
    pytest.param("caller", user("alice", "Read"), {"callers": principals_of([arn("user", "alice")])}, id="caller"),
    pytest.param(
        "caller", role("writer", "Read"), {"callers": principals_of([arn("role", "x/writer")])}, id="its role"
    ),
    pytest.param("break_glass", user("alice", "Read"), {"break_glass": ("arn:*:user/al*",)}, id="break-glass"),
    pytest.param("protected", role("AWSReservedSSO_x", "Read", path="/aws-reserved/sso.amazonaws.com/"), {}, id="SSO"),
    pytest.param("protected", role("OrganizationAccountAccessRole", "Read"), {}, id="organization"),
    pytest.param("protected", role("cdk-x-deploy-role-111122223333-us-east-1", "Read"), {}, id="landing zone"),
]


@pytest.mark.parametrize(("rule", "chosen", "fields"), ALONE)
def test_what_is_left_alone(rule: str, chosen: t.Any, fields: dict[str, t.Any]) -> None:
    planned = make_plan(account(chosen, user("zoe", "Read")), EVERYBODY, **fields)
    assert refusals(planned) == [(rule, chosen.name)]
    assert steps(planned) == ["DetachUserPolicy zoe Read"]


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("caller", {"callers": principals_of([arn("user", "alice")])}),
        ("break_glass", {"break_glass": (arn("user", "alice"),)}),
    ],
)
def test_a_group_with_such_a_member_is_left_alone(rule: str, fields: dict[str, t.Any]) -> None:
    snapshot = account(group("readers", "Read"), user("alice", groups=["readers"]))
    assert refusals(make_plan(snapshot, EVERYBODY, **fields)) == [(rule, "readers")]


@pytest.mark.parametrize(
    ("owner", "policy", "rule"),
    [
        (
            user("alice", "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"),
            "AWSCompromisedKeyQuarantineV3",
            "protected",
        ),
        (role("app", AWSRevokeOlderSessions=deny("*")), "AWSRevokeOlderSessions", "protected"),
        (role("app", AWSRevokeOlderSessions="no document"), "AWSRevokeOlderSessions", "protected"),
        (user("alice", "Unheard"), "Unheard", "unknown"),
        (user("alice", mine="no document"), "mine", "unknown"),
    ],
)
def test_policies_that_stay_where_they_are(owner: t.Any, policy: str, rule: str) -> None:
    planned = make_plan(account(owner), {"policy": policy, "users": ["*"], "roles": ["*"]})
    assert refusals(planned) == [(rule, owner.name)]
    assert not planned.changes


@pytest.mark.parametrize(
    ("principals", "policy", "kind"),
    [
        ([user("alice", ADMIN)], "AdministratorAccess", ADMIN_REMOVAL),
        ([user("alice", "Everything")], "Everything", ADMIN_REMOVAL),
        ([user("alice", most=allow("*"))], "most", ADMIN_REMOVAL),
        ([group("admins", ADMIN)], "AdministratorAccess", ADMIN_REMOVAL),
        ([user("alice", "Everything", "Read")], "Read", REMOVAL),
        ([user("alice", "Read")], "Read", REMOVAL),
    ],
)
def test_what_makes_administrators_is_a_kind_of_its_own(principals: list[t.Any], policy: str, kind: str) -> None:
    planned = make_plan(account(*principals), {"policy": policy, "users": ["*"], "groups": ["*"]})
    assert [change.kind for change in planned.changes] == [kind]


def test_two_halves_of_an_administrator_count() -> None:
    halves = {
        "most": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        "rest": allow("iam:*"),
    }
    planned = make_plan(account(user("alice", **halves)), {"policy": "rest", "users": ["*"]})
    assert [change.kind for change in planned.changes] == [ADMIN_REMOVAL]


USED: t.Final = {"alice": "s3:GetObject", "bob": "s3:GetObject"}


@pytest.mark.parametrize("member_of", ["readers", "others"])
def test_who_is_to_have_it_through_a_group_loses_it_with_the_group(member_of: str) -> None:
    """By itself each step is harmless: the user has the policy once more when the other takes it away."""
    snapshot = account(group("readers", "Read"), group("others"), user("alice", "Read", groups=[member_of]))
    rules = [{"name": "readers", "users": ["alice"]}]
    removal = {"policy": "Read", "groups": ["*"]}
    assert steps(make_plan(snapshot, removal, used=USED)) == ["DetachGroupPolicy readers Read"]
    planned = make_plan(snapshot, removal, used=USED, groups=rules)
    assert steps(planned)[-1] == "DetachUserPolicy alice Read"
    assert refusals(planned) == [("prediction", "readers")]
    assert len(make_plan(snapshot, removal, groups=rules).changes) == len(planned.changes) + 1


def test_what_is_to_be_removed_does_not_move_before() -> None:
    snapshot = account(user("alice", ADMIN, "Read"))
    rules = [{"name": "developers", "users": ["*"]}]
    planned = plan(snapshot, groups=rules, remove=[{"policy": "AdministratorAccess", "users": ["alice"]}])
    moved = [
        change.parameters.get("PolicyArn") for change in planned.changes if change.operation == "AttachGroupPolicy"
    ]
    assert moved == [arn("policy", "Read")]
