# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each stage brings the account to one state, wherever a killed run left it, and then changes nothing more."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import LivePolicy, Version
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import (
    APPROVAL_KINDS,
    LOCKOUT_KINDS,
    PARALLEL_OF,
    WRITES,
    ChangeKind,
    Changes,
    NewPolicy,
    Outcome,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trust import require_mfa
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import mismatch_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact, Refusal

from .samples import (
    ACCOUNT,
    ADMIN,
    BEFORE,
    CLOSED,
    DEVELOPER,
    GLASS,
    OLD,
    PARALLEL,
    POLICIES,
    ROLE,
    TRUST,
    allow,
    apply_changes,
    make_subject,
    make_writer,
)


def prepare(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).prepare_parallel(make_subject(snapshot), CLOSED, None)


def prepare_in_place(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).prepare_policies(make_subject(snapshot))


def open_parallel(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).open_parallel(make_subject(snapshot), TRUST, ChangeKind.OPEN)


def try_out(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).set_trial(make_subject(snapshot), population=40)


def lift(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).lift_trial(make_subject(snapshot))


def replace(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).replace(make_subject(snapshot), population=40)


def close(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).close(make_subject(snapshot), CLOSED, population=40)


def delete_trial(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).delete_trial(make_subject(snapshot))


def retire(snapshot: Snapshot) -> Outcome:
    return make_writer(snapshot).retire(make_subject(snapshot), population=40)


Stage = Callable[[Snapshot], Outcome]


def plan(stage: Stage, snapshot: Snapshot) -> Changes:
    outcome = stage(snapshot)
    assert not isinstance(outcome, Refusal), outcome
    return outcome


def reach(*stages: Stage) -> Snapshot:
    """The account once these stages are done."""
    snapshot = BEFORE
    for stage in stages:
        snapshot = apply_changes(snapshot, plan(stage, snapshot))
    return snapshot


def adopt(snapshot: Snapshot) -> Snapshot:
    """The account with ids as AWS gives them to new roles."""
    roles = tuple(
        dataclasses.replace(role, unique_id=role.unique_id or f"AROA{role.name.upper()}") for role in snapshot.roles
    )
    return dataclasses.replace(snapshot, roles=roles)


CASES: t.Final = {
    "prepare": ((), prepare),
    "prepare_in_place": ((), prepare_in_place),
    "open": ((prepare,), open_parallel),
    "trial": ((prepare_in_place,), try_out),
    "lift": ((prepare_in_place, try_out), lift),
    "replace": ((prepare_in_place, try_out), replace),
    "replace without trial": ((prepare_in_place,), replace),
    "close": ((prepare, open_parallel), close),
    "retire": ((prepare, open_parallel, close), retire),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stage_that_was_killed_anywhere_converges_and_a_second_run_changes_nothing(name: str) -> None:
    before, stage = CASES[name]
    start = reach(*before)
    changes = plan(stage, start)
    assert changes
    wanted = apply_changes(start, changes)
    assert plan(stage, wanted) == ()
    for done in range(len(changes)):
        left = apply_changes(start, changes[:done])
        assert apply_changes(left, plan(stage, left)) == wanted
    for change in changes:
        assert mismatch_of(change) is None
        assert change.operation in WRITES


def test_the_parallel_role_gets_its_policies_before_anybody_but_break_glass_may_assume_it() -> None:
    changes = plan(prepare, BEFORE)
    assert [change.operation for change in changes] == [
        *("CreatePolicy", "CreatePolicy", "CreateRole"),
        *("AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"),
    ]
    role = next(role for role in apply_changes(BEFORE, changes).roles if role.arn == PARALLEL)
    assert role.trust.document == CLOSED
    (statement,) = CLOSED["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [GLASS]}}
    assert len(role.attached_policies) == 2 and [item.name for item in role.inline_policies] == ["lp-dev-shop-3"]
    assert role.tags[PARALLEL_OF] == "AROAOLD"
    # AWS refuses tags with its own prefix.
    assert not [key for key in role.tags if key.startswith("aws:")] and role.tags["team"] == "security"
    create = changes[2].parameters
    assert create["MaxSessionDuration"] == 7200 and create["Path"] == "/teams/"
    assert {change.impact for change in changes} == {Impact.ADDITIVE}


def test_in_place_gives_before_it_takes_and_takes_administrator_access_last() -> None:
    changes = plan(replace, reach(prepare_in_place, try_out))
    assert [change.operation for change in changes] == [
        *("AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"),
        *("DeleteRolePolicy", "DetachRolePolicy", "DetachRolePolicy"),
        "DeleteRolePermissionsBoundary",
    ]
    assert [change.parameters.get("PolicyArn") for change in changes[4:6]] == [OLD, ADMIN]
    assert {change.kind for change in changes} <= APPROVAL_KINDS
    narrowing = [change for change in changes if change.impact is Impact.NARROWING]
    assert narrowing == list(changes[3:6])
    assert all(change.kind in LOCKOUT_KINDS and change.population == 40 for change in narrowing)
    role = apply_changes(reach(prepare_in_place, try_out), changes).roles[0]
    assert [arn.rpartition("/")[2] for arn in role.attached_policies] == ["lp-dev-shop-1", "lp-dev-shop-2"]


def test_the_old_role_is_closed_then_loses_everything_and_stays() -> None:
    closed = reach(prepare, open_parallel, close)
    old = next(role for role in closed.roles if role.arn == ROLE)
    assert old.trust.document == CLOSED and old.attached_policies == DEVELOPER.attached_policies
    changes = plan(retire, closed)
    assert changes[-1].parameters["PolicyArn"] == ADMIN
    old = next(role for role in apply_changes(closed, changes).roles if role.arn == ROLE)
    assert (old.attached_policies, old.inline_policies) == ((), ())


def refusal_of(outcome: Outcome) -> Refusal:
    assert isinstance(outcome, Refusal), outcome
    return outcome


def test_a_role_or_policy_of_somebody_else_under_our_name_is_refused() -> None:
    done = reach(prepare)
    foreign = tuple(
        dataclasses.replace(role, tags={**role.tags, PARALLEL_OF: "AROAOTHER"}) if role.arn == PARALLEL else role
        for role in done.roles
    )
    refused = refusal_of(prepare(dataclasses.replace(done, roles=foreign)))
    assert refused.rule == "slot_filled" and "did not make it" in refused.reason
    subject = make_subject(done)
    policy = next(iter(subject.live))
    for tags, following in (
        ({}, "no campaign made it; delete it if nobody needs it"),
        ({"iam-hardening:managed": "true", "iam-hardening:campaign": "other"}, "campaign other made it; go on there"),
    ):
        live = {**subject.live, policy: dataclasses.replace(subject.live[policy], tags=tags)}
        refused = refusal_of(make_writer(done).prepare_policies(dataclasses.replace(subject, live=live)))
        assert refused.rule == "slot_filled" and f"{policy} is there, and {following}" in refused.reason


@pytest.mark.parametrize("path", ["/", "/teams/Other/"])
def test_a_role_of_that_name_in_another_path_is_refused(path: str) -> None:
    # AttachRolePolicy would name that role.
    arn = f"arn:aws:iam::{ACCOUNT}:role{path}DEV-shop-lp"
    other = dataclasses.replace(DEVELOPER, name="DEV-shop-lp", arn=arn, path=path)
    refused = refusal_of(prepare(dataclasses.replace(BEFORE, roles=(DEVELOPER, other))))
    assert refused.rule == "slot_filled" and arn in refused.reason


def test_tags_that_the_role_beside_could_not_have_are_refused() -> None:
    # Keys that differ in case are one key for AWS.
    tags = {f"t{number}": "x" for number in range(46)} | {"Iam-Hardening:Campaign": "mine", "TEAM": "shop"}
    tags["aws:cloudformation:stack-name"] = "x"
    fits = dataclasses.replace(BEFORE, roles=(dataclasses.replace(DEVELOPER, tags=tags),))
    (made,) = [change for change in plan(prepare, fits) if change.operation == "CreateRole"]
    keys = [item["Key"] for item in made.parameters["Tags"]]
    assert len(keys) == len({key.lower() for key in keys}) == 49
    tags = {**tags, "one": "x", "two": "x"}
    full = dataclasses.replace(BEFORE, roles=(dataclasses.replace(DEVELOPER, tags=tags),))
    refused = refusal_of(prepare(full))
    assert refused.rule == "too_many_tags" and "51 tags" in refused.reason


def test_another_boundary_of_the_parallel_role_is_refused() -> None:
    done = reach(prepare)
    refused = refusal_of(make_writer(done).prepare_parallel(make_subject(done), CLOSED, OLD))
    assert "another permissions boundary" in refused.reason


def test_a_boundary_in_use_leaves_no_room_for_a_trial() -> None:
    done = reach(prepare_in_place)
    held = dataclasses.replace(done, roles=(dataclasses.replace(DEVELOPER, boundary=OLD),))
    assert refusal_of(try_out(held)).rule == "slot_filled"
    # Nor is the boundary of somebody else lifted.
    assert plan(lift, held) == ()


def test_policies_that_no_boundary_can_hold_get_no_trial() -> None:
    done = reach(prepare_in_place)
    subject = make_subject(done, trial=None, misfit="together they have 9,000 characters")
    refused = refusal_of(make_writer(done).set_trial(subject, population=40))
    assert refused.rule == "does_not_fit" and "9,000 characters" in refused.reason


def test_a_full_role_gets_nothing() -> None:
    done = reach(prepare_in_place)
    full = dataclasses.replace(done, summary={"AttachedPoliciesPerRoleQuota": 3})
    refused = refusal_of(replace(full))
    assert refused.rule == "slot_filled" and "would have 4 managed policies" in refused.reason


def test_a_policy_that_changed_gets_a_version_and_the_oldest_goes() -> None:
    done = reach(prepare_in_place)
    subject = make_subject(done, (NewPolicy("lp-dev-shop-1", allow("s3:PutObject")), *POLICIES[1:]))
    arn = next(arn for arn in subject.live if arn.endswith("-1"))
    versions = tuple(Version(f"v{number}", number == 5, None, allow("s3:GetObject")) for number in range(1, 6))
    full = {**subject.live, arn: LivePolicy(arn, "", subject.live[arn].tags, versions)}
    changes = make_writer(done).prepare_policies(dataclasses.replace(subject, live=full))
    assert not isinstance(changes, Refusal)
    assert [(change.operation, change.parameters.get("VersionId")) for change in changes] == [
        ("DeletePolicyVersion", "v1"),
        ("CreatePolicyVersion", None),
    ]


def test_policies_of_earlier_documents_are_taken_from_the_parallel_role() -> None:
    done = adopt(reach(prepare))
    changes = make_writer(done).prepare_parallel(make_subject(done, POLICIES[:1]), CLOSED, None)
    assert not isinstance(changes, Refusal)
    assert [change.operation for change in changes] == ["DetachRolePolicy", "DeleteRolePolicy"]
    assert {change.target for change in changes} == {PARALLEL}


def change_policy(snapshot: Snapshot, name: str) -> Snapshot:
    """The account after somebody who may write policies has written one of the campaign."""
    other = PolicyDocument("v2", allow("*"))
    policies = tuple(
        dataclasses.replace(policy, default_version=other) if policy.name == name else policy
        for policy in snapshot.policies
    )
    assert policies != snapshot.policies
    return dataclasses.replace(snapshot, policies=policies)


@pytest.mark.parametrize(
    ("before", "stage", "name"),
    [
        ((prepare,), open_parallel, "lp-dev-shop-1"),
        ((prepare_in_place,), try_out, "lp-dev-shop-trial"),
        ((prepare_in_place, try_out), try_out, "lp-dev-shop-trial"),
        ((prepare_in_place,), replace, "lp-dev-shop-1"),
    ],
)
def test_a_policy_that_somebody_changed_since_it_was_prepared_is_not_given_to_anybody(
    before: tuple[Stage, ...], stage: Stage, name: str
) -> None:
    done = reach(*before)
    changes = plan(stage, change_policy(done, name))
    assert (changes[0].operation, changes[0].target.rpartition("/")[2]) == ("CreatePolicyVersion", name)
    assert apply_changes(change_policy(done, name), changes).roles == apply_changes(done, plan(stage, done)).roles


def test_a_policy_that_somebody_attached_to_the_new_role_meanwhile_goes_before_it_is_opened() -> None:
    done = adopt(reach(prepare))
    roles = tuple(
        dataclasses.replace(role, attached_policies=(*role.attached_policies, ADMIN)) if role.arn == PARALLEL else role
        for role in done.roles
    )
    changes = plan(open_parallel, dataclasses.replace(done, roles=roles))
    assert [change.operation for change in changes] == ["DetachRolePolicy", "UpdateAssumeRolePolicy"]


def test_new_content_of_a_policy_that_a_role_has_counts_as_narrowing() -> None:
    changes = plan(prepare, change_policy(reach(prepare), "lp-dev-shop-1"))
    assert [change.impact for change in changes] == [Impact.NARROWING]


def test_a_trial_ends_although_its_documents_are_gone_or_fit_in_no_boundary_any_more() -> None:
    on_trial = reach(prepare_in_place, try_out)
    lost = make_subject(on_trial, (), trial=None, live={})
    (lifted,) = make_writer(on_trial).lift_trial(lost)
    assert (lifted.operation, lifted.kind) == ("DeleteRolePermissionsBoundary", ChangeKind.LIFT)


def test_an_unreadable_trust_policy_is_refused() -> None:
    broken = dataclasses.replace(DEVELOPER, trust=PolicyDocument("trust", None, "no JSON"))
    done = dataclasses.replace(reach(prepare), roles=(broken,))
    assert refusal_of(close(done)).rule == "unread"
    assert refusal_of(open_parallel(done)).rule == "slot_missing"


def test_mfa_is_added_for_people_only() -> None:
    people, service = require_mfa(TRUST)["Statement"]
    assert people["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert service == TRUST["Statement"][1]
    assert require_mfa(require_mfa(TRUST)) == require_mfa(TRUST)
    denied = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    assert require_mfa({"Statement": [denied]})["Statement"] == [denied]
    kept = {**TRUST["Statement"][0], "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    (single,) = require_mfa({"Statement": kept})["Statement"]
    assert sorted(single["Condition"]["Bool"]) == ["aws:MultiFactorAuthPresent", "aws:SecureTransport"]


MFA: t.Final = {"aws:MultiFactorAuthPresent": "true"}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"bool": {"AWS:multifactorauthpresent": ["true"]}}, {"bool": {"AWS:multifactorauthpresent": ["true"]}}),
        # Access keys have no such key, so this operator lets them in.
        ({"BoolIfExists": MFA}, {"BoolIfExists": MFA, "Bool": MFA}),
        ({"StringEquals": {"aws:PrincipalTag/x": "aws:MultiFactorAuthPresent"}}, None),
        (
            {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
            {"Bool": {"aws:MultiFactorAuthPresent": "false"}, "Null": {"aws:MultiFactorAuthAge": "false"}},
        ),
    ],
)
def test_mfa_that_a_condition_only_mentions_is_required_all_the_same(
    conditions: dict[str, t.Any], expected: t.Optional[dict[str, t.Any]]
) -> None:
    statement = {**TRUST["Statement"][0], "Condition": conditions}
    (single,) = require_mfa({"Statement": [statement]})["Statement"]
    assert single["Condition"] == (expected or {**conditions, "Bool": MFA})


def test_mfa_is_required_of_people_beside_a_service_and_of_anybody() -> None:
    mixed = {
        "Sid": "All",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    people, service = require_mfa({"Statement": [mixed]})["Statement"]
    assert people == {**mixed, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Condition": {"Bool": MFA}}
    assert service == {**{k: v for k, v in mixed.items() if k != "Sid"}, "Principal": {"Service": "ec2.amazonaws.com"}}
    (anybody,) = require_mfa({"Statement": {**mixed, "Principal": "*"}})["Statement"]
    assert anybody["Condition"] == {"Bool": MFA}


def test_the_policy_of_a_trial_stays_as_long_as_somebody_has_it() -> None:
    done = reach(prepare_in_place, try_out, replace)
    (deleted,) = plan(delete_trial, done)
    other = dataclasses.replace(DEVELOPER, name="other", arn=f"{ROLE}-other", boundary=deleted.target)
    assert plan(delete_trial, dataclasses.replace(done, roles=(*done.roles, other))) == ()
    assert plan(delete_trial, reach(prepare_in_place, try_out)) == ()
