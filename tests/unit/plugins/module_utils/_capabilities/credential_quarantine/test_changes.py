# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes that contain a user, their order, and how a user is denied everything."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.changes import (
    DENY_ALL,
    INLINE_POLICY,
    Denial,
    QuarantineWriter,
    choose_denial,
    denies_everything,
    find_impossible,
    is_of_root,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.declared import Loss
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import (
    ACTIVE,
    CALLS_OF,
    INACTIVE,
    Credential,
    DenyPolicy,
    Kind,
    RootState,
    UserState,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import mismatch_of, with_affected
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.reach import KnownReach
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo import Recorded

from .users import ACCOUNT, ARN, DENY, LEAKED, NOW, OTHER, SECOND, user

WRITER: t.Final = QuarantineWriter(ACCOUNT, "INC-7")
BOTH: t.Final = Denial(DENY, has_room=True)
ROOT: t.Final = RootState(
    OTHER,
    f"arn:aws:iam::{OTHER}:root",
    (Credential(Kind.ACCESS_KEY, LEAKED, ACTIVE), Credential(Kind.ACCESS_KEY, SECOND, INACTIVE)),
    (Credential(Kind.CERTIFICATE, "CERTEXAMPLE", ACTIVE),),
    NOW,
)


def contain(state: UserState, denial: Denial = BOTH, *, removes_password: bool = False) -> tuple[Change, ...]:
    return WRITER.contain_user(state, denial, leaked=frozenset({LEAKED}), removes_password=removes_password)


def test_the_fastest_and_surest_come_first() -> None:
    changes = contain(user())
    assert [change.operation for change in changes] == [
        "TagUser",
        "UpdateAccessKey",
        "UpdateAccessKey",
        "AttachUserPolicy",
        "PutUserPolicy",
        "UpdateServiceSpecificCredential",
        "UpdateSSHPublicKey",
        "TagUser",
    ]
    keys = [change.parameters["AccessKeyId"] for change in changes if change.operation == "UpdateAccessKey"]
    assert keys == [LEAKED, SECOND]
    assert all(change.undo and change.impact is Impact.NARROWING for change in changes)


def test_each_request_is_what_it_shows_and_affects_the_user_alone() -> None:
    state = user(password_created=NOW)
    changes = with_affected(
        (*contain(state, removes_password=True), *contain(state, Denial(boundary=DENY))), KnownReach()
    )
    for change in changes:
        assert not mismatch_of(change), change
        assert change.affects == (ARN,), change


def test_a_contained_user_needs_no_change() -> None:
    state = user(
        tags={"iam-hardening:quarantine": "true", "iam-hardening:incident": "INC-7"},
        credentials=tuple(dataclasses.replace(one, status=INACTIVE) for one in user().credentials),
        attached=(DENY,),
        inline={INLINE_POLICY: DENY_ALL},
    )
    assert contain(state) == ()


def test_a_tag_that_somebody_else_set_is_restored_later() -> None:
    tag = contain(user(tags={"iam-hardening:quarantine": "false"}))[0]
    assert (tag.before, tag.after) == (
        {"tag": "iam-hardening:quarantine", "value": "false"},
        {"tag": "iam-hardening:quarantine", "value": "true"},
    )
    assert tag.undo is not None and tag.undo.parameters["Tags"] == [
        {"Key": "iam-hardening:quarantine", "Value": "false"}
    ]


def test_a_user_with_all_its_tags_is_denied_all_the_same() -> None:
    changes = contain(user(tags={f"tag-{number}": "x" for number in range(50)}))
    assert [change.operation for change in changes][:1] == ["UpdateAccessKey"]


def test_a_policy_of_ours_that_an_intruder_filled_is_written_again() -> None:
    state = user(inline={INLINE_POLICY: {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}})
    (change,) = [change for change in contain(state) if change.operation == "PutUserPolicy"]
    assert change.after["document"] == DENY_ALL


def test_a_password_goes_only_if_that_is_said() -> None:
    state = user(password_created=NOW)
    assert not [change for change in contain(state) if change.operation == "DeleteLoginProfile"]
    (change,) = [item for item in contain(state, removes_password=True) if item.operation == "DeleteLoginProfile"]
    assert (change.undo, change.impact, change.after) == (None, Impact.DESTRUCTIVE, None)


@pytest.mark.parametrize(
    ("state", "slots", "denial"),
    [
        (user(), 10, BOTH),
        (user(), None, BOTH),
        (user(), 1, Denial("", has_room=True)),
        (user(attached=(DENY,)), 1, BOTH),
        (user(inline={"big": {"x": "y" * 2000}}), 10, Denial(DENY)),
        (user(inline={"big": {"x": "y" * 2000}}), 1, Denial(boundary=DENY)),
        # Its own policy does not count against its own room.
        (user(inline={"big": {"x": "y" * 1900}, INLINE_POLICY: DENY_ALL}), 1, Denial("", has_room=True)),
        # A policy that vanished while it was read.
        (user(inline={"gone": None}), 10, BOTH),
    ],
)
def test_how_a_user_is_denied(state: UserState, slots: int | None, denial: Denial) -> None:
    assert choose_denial(state, DenyPolicy(DENY), slots) == denial


def test_what_aws_refused_in_an_earlier_pass_is_not_tried_again() -> None:
    attach, put = "AttachUserPolicy", "PutUserPolicy"
    cases: list[tuple[UserState, set[str], Denial]] = [
        (user(), {attach}, Denial("", has_room=True)),
        (user(), {put}, Denial(DENY)),
        (user(), {attach, put}, Denial(boundary=DENY)),
        # What is there stays, whoever made it.
        (user(attached=(DENY,)), {attach, put}, Denial(DENY)),
        (user(inline={INLINE_POLICY: DENY_ALL}), {attach, put}, Denial("", has_room=True)),
    ]
    for state, impossible, denial in cases:
        assert choose_denial(state, DenyPolicy(DENY), 10, impossible) == denial


def test_the_last_attempt_of_this_round_says_what_is_impossible() -> None:
    attach, put = (change for change in contain(user()) if change.operation in ("AttachUserPolicy", "PutUserPolicy"))

    def entry(change: Change, outcome: Outcome, hours: int = 1, module: str = "credential_quarantine") -> Recorded:
        return Intent("key", "one", module, change, "1", NOW + timedelta(hours=hours)), outcome

    failed = [entry(attach, Outcome.FAILED), entry(put, Outcome.APPLIED)]
    assert find_impossible(failed, NOW) == {ARN: {"AttachUserPolicy"}}
    assert find_impossible([*failed, entry(attach, Outcome.APPLIED, 2)], NOW) == {}
    assert find_impossible([entry(attach, Outcome.FAILED, -1)], NOW) == {}
    assert find_impossible([entry(attach, Outcome.UNKNOWN)], NOW) == {}
    assert find_impossible([entry(attach, Outcome.FAILED, module="user_permissions")], NOW) == {}


def test_a_user_that_can_not_be_denied_has_a_problem() -> None:
    full = user(inline={"big": {"x": "y" * 2000}})
    assert "no room for an inline policy" in choose_denial(full, DenyPolicy(problem="denied"), 1).problem


def test_a_boundary_takes_the_place_of_the_one_before() -> None:
    old = f"arn:aws:iam::{ACCOUNT}:policy/limit"
    (change,) = [item for item in contain(user(boundary=old), Denial(boundary=DENY)) if "Boundary" in item.operation]
    assert (change.before, change.after) == ({"boundary": old}, {"boundary": DENY})
    assert change.undo is not None and change.undo.parameters["PermissionsBoundary"] == old


@pytest.mark.parametrize(
    ("statement", "denies"),
    [
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, True),
        ({"Sid": "x", "Effect": "Deny", "Action": ["*"], "Resource": ["*"]}, True),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, False),
        ({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"x": "true"}}}, False),
        ({"Effect": "Deny", "NotAction": "*", "Resource": "*"}, False),
        ({"Effect": "Deny", "Action": ["s3:*", "*"], "Resource": "*"}, False),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, False),
        ("Deny", False),
    ],
)
def test_only_a_whole_denial_denies_everything(statement: t.Any, denies: bool) -> None:
    assert denies_everything({"Statement": [statement]}) is denies
    assert denies_everything({"Statement": statement}) is denies


def test_a_policy_that_also_allows_is_not_trusted() -> None:
    allow = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    assert not denies_everything({"Statement": [*DENY_ALL["Statement"], allow]})
    half = {"Statement": [*DENY_ALL["Statement"], "Deny"]}
    for malformed in (None, [], "text", {}, {"Statement": []}, {"Statement": None}, half):
        assert not denies_everything(malformed)


# Root of a member account


@pytest.mark.parametrize(
    ("accepted", "operations"),
    [
        (frozenset(), []),
        (frozenset({Loss.ROOT_ACCESS_KEY}), ["DeleteAccessKey", "DeleteAccessKey", "DeleteSigningCertificate"]),
        (frozenset({Loss.ROOT_PASSWORD}), ["DeleteLoginProfile"]),
    ],
)
def test_root_loses_what_is_accepted(accepted: frozenset[Loss], operations: list[str]) -> None:
    changes = with_affected(WRITER.contain_root(ROOT, accepted), KnownReach())
    assert [change.operation for change in changes] == operations
    for change in changes:
        assert (change.account_id, change.undo, change.impact) == (OTHER, None, Impact.DESTRUCTIVE)
        assert is_of_root(change) and not mismatch_of(change) and change.affects == (ROOT.arn,)


def test_each_kind_of_credential_has_its_calls() -> None:
    assert set(CALLS_OF) == set(Kind)
