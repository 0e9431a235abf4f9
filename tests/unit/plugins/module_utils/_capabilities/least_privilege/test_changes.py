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
    require_mfa,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import mismatch_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact, Refusal

from .samples import (
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
    for tags in ({}, {"iam-hardening:managed": "true", "iam-hardening:campaign": "other"}):
        live = {**subject.live, policy: dataclasses.replace(subject.live[policy], tags=tags)}
        refused = refusal_of(make_writer(done).prepare_policies(dataclasses.replace(subject, live=live)))
        assert refused.rule == "slot_filled" and policy in refused.reason


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
    mixed = {"Effect": "Allow", "Principal": {"AWS": "*", "Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    denied = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    assert require_mfa({"Statement": [mixed, denied]})["Statement"] == [mixed, denied]
    kept = {**TRUST["Statement"][0], "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    (single,) = require_mfa({"Statement": kept})["Statement"]
    assert sorted(single["Condition"]["Bool"]) == ["aws:MultiFactorAuthPresent", "aws:SecureTransport"]
