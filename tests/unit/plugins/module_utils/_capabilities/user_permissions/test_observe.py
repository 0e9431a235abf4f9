# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change finds and leaves, read live, before and after each of its writes and of those that undo them."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Role, User
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.changes import (
    Holding,
    PermissionsWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.observe import (
    reread,
    reread_before_taking,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.run import OPERATIONS
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from unit.emulator.seeded import account, serving

ACCOUNT: t.Final = "123456789012"
NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
READ_ONLY: t.Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DOCUMENT: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
# The same in other words.
ALIKE: t.Final = {"Version": "2012-10-17", "Statement": {"Resource": ["*"], "Action": ["S3:*"], "Effect": "Allow"}}
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}
WRITER: t.Final = PermissionsWriter(ACCOUNT, "aws")
ALICE: t.Final = User("alice", f"arn:aws:iam::{ACCOUNT}:user/team/alice", "/team/", NOW, (), (), (), None)
APP: t.Final = Role(
    "app", f"arn:aws:iam::{ACCOUNT}:role/app", "/", NOW, PolicyDocument("", TRUST), (), (), None, None, None
)
STAFF: t.Final = f"arn:aws:iam::{ACCOUNT}:group/staff"


@pytest.fixture
def access() -> t.Iterator[Access]:
    held = {"policies": ["aws:ReadOnlyAccess"], "inline": {"mine": DOCUMENT}}
    seed = account(
        groups={"staff": {}, "alike": {"policies": ["aws:ReadOnlyAccess"], "inline": {"theirs": ALIKE}}},
        users={"alice": {"path": "/team/", "groups": ["alike"], **held}},
        roles={"app": {"trust": TRUST, **held}},
    )
    with serving(seed) as seeded:
        options = AccessOptions(
            endpoint_url=seeded.endpoint, access_key="administrator", secret_key="emulated", region="us-east-1"
        )
        yield Access(options, operations=OPERATIONS, check_mode=False)


def make_holding(owner: t.Any) -> Holding:
    return Holding(owner, "ReadOnlyAccess", READ_ONLY, None, None)


def inline(owner: t.Any) -> Holding:
    return Holding(owner, "mine", None, DOCUMENT, None)


CHANGES = [
    pytest.param(WRITER.create_group("new", "/team/"), id="create a group"),
    pytest.param(WRITER.add_member(ALICE, "staff"), id="add a member"),
    pytest.param(WRITER.give("staff", STAFF, make_holding(ALICE), ""), id="attach to a group"),
    pytest.param(WRITER.give("staff", STAFF, inline(ALICE), "mine"), id="put into a group"),
    *(
        pytest.param(
            WRITER.remove(holding(owner), is_admin=False, population=1), id=f"take {holding.__name__} of {owner.name}"
        )
        for owner in (ALICE, APP)
        for holding in (make_holding, inline)
    ),
    pytest.param(
        WRITER.hand_over(make_holding(ALICE), {"group": "alike", "policy": READ_ONLY}, population=1), id="hand over"
    ),
    pytest.param(
        WRITER.hand_over(inline(ALICE), {"group": "alike", "inline_policy": "theirs"}, population=1),
        id="hand over what says the same",
    ),
]


def record_change(change: Change) -> Change:
    """The change as a journal keeps it."""
    return dataclasses.replace(change, parameters={}, kind="")


@pytest.mark.parametrize("change", CHANGES)
def test_a_write_and_its_undo_are_seen(access: Access, change: Change) -> None:
    read = reread(access, NOW)
    assert read(record_change(change)) == change.before
    access.call("iam", change.operation, change.parameters)
    assert read(record_change(change)) == change.after
    assert change.undo is not None
    access.call("iam", change.undo.operation, change.undo.parameters)
    assert read(record_change(change)) == change.before


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (WRITER.give("nobody", f"arn:aws:iam::{ACCOUNT}:group/nobody", make_holding(ALICE), ""), {"attached": False}),
        (WRITER.give("nobody", f"arn:aws:iam::{ACCOUNT}:group/nobody", inline(ALICE), "mine"), {"document": None}),
        (WRITER.add_member(dataclasses.replace(ALICE, arn=f"{ALICE.arn}x"), "staff"), {"member": False}),
    ],
)
def test_what_is_gone_has_nothing(access: Access, change: Change, state: dict[str, t.Any]) -> None:
    assert {**reread(access, NOW)(change), **state} == reread(access, NOW)(change)


# Taking from a user what comes through a group

HANDED: t.Final = WRITER.hand_over(make_holding(ALICE), {"group": "staff", "policy": READ_ONLY}, population=1)


def read_with_waits(access: Access, change: Change, *before: tuple[str, dict[str, str]]) -> tuple[t.Any, list[float]]:
    """What is found, and the waits until then; before each wait one of the writes arrives."""
    writes, waits = list(before), []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if writes:
            operation, parameters = writes.pop(0)
            access.call("iam", operation, parameters)

    return reread_before_taking(access, change, sleep=sleep), waits


def test_a_write_that_shows_late_is_waited_for(access: Access) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""
    attach = ("AttachGroupPolicy", {"GroupName": "staff", "PolicyArn": READ_ONLY})
    join = ("AddUserToGroup", {"GroupName": "staff", "UserName": "alice"})
    state, waits = read_with_waits(access, HANDED, join, attach)
    assert state == HANDED.before
    assert waits == [0.5, 1.0]


def test_what_does_not_come_through_the_group_is_not_taken(access: Access) -> None:
    state, waits = read_with_waits(access, HANDED)
    assert state == {**HANDED.before, "through": None}
    assert sum(waits) > 30


@pytest.mark.parametrize(
    "through", [{"group": "alike", "inline_policy": "mine"}, {"group": "nobody", "inline_policy": "theirs"}]
)
def test_an_inline_policy_has_to_be_in_the_group_by_its_name(access: Access, through: dict[str, str]) -> None:
    state, _waits = read_with_waits(access, WRITER.hand_over(inline(ALICE), through, population=1))
    assert state["through"] is None


def test_an_inline_policy_has_to_say_the_same(access: Access) -> None:
    other = dataclasses.replace(inline(ALICE), document={**DOCUMENT, "Version": "2008-10-17"})
    change = WRITER.hand_over(other, {"group": "alike", "inline_policy": "theirs"}, population=1)
    state, _waits = read_with_waits(access, change)
    assert state["through"] is None


def test_what_is_taken_already_is_not_waited_for(access: Access) -> None:
    access.call("iam", "DetachUserPolicy", {"UserName": "alice", "PolicyArn": READ_ONLY})
    state, waits = read_with_waits(access, HANDED)
    assert state == {"policy": READ_ONLY, "attached": False, "through": None}
    assert waits == []
