# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Group, Snapshot, User
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.needed import refuse_needed
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact

from .people import ACCOUNT, account, allow, arn, group, user

POLICY = arn("policy", "Deploy")
STAFF = arn("group", "staff")


def undo(number: int, operation: str, target: str, before: t.Any, after: t.Any) -> Change:
    """What a rollback would do about the record ``number`` of a run."""
    return Change(
        ACCOUNT, "global", "iam", operation, target, {}, before, after, "", Impact.ADDITIVE, undoes=str(number)
    )


# The run made the group, gave it the policy, let alice join, and took the policy from her.
UNDOS = (
    undo(4, "AttachUserPolicy", arn("user", "alice"), None, {"policy": POLICY, "attached": True}),
    undo(3, "RemoveUserFromGroup", arn("user", "alice"), None, {"group": "staff", "member": False}),
    undo(2, "DetachGroupPolicy", STAFF, None, {"policy": POLICY, "attached": False}),
    undo(1, "DeleteGroup", STAFF, {"group": "staff", "path": "/"}, None),
)


def now(*others: User, **inline: t.Any) -> Snapshot:
    """The account as it is found, with more users."""
    staff: Group = group("staff", "Deploy", **inline)
    return account(user("alice", groups=("staff",)), staff, *others)


def list_refused(snapshot: Snapshot, *undos: Change) -> dict[str, tuple[str, str]]:
    found = refuse_needed(snapshot, undos or UNDOS)
    return {key: (refusal.rule, refusal.reason) for key, refusal in found.items()}


def test_whom_the_run_itself_put_there_loses_nothing() -> None:
    assert list_refused(now()) == {}


def test_whoever_joined_since_keeps_what_it_has_through_the_group_only() -> None:
    found = list_refused(now(user("bob", groups=("staff",))))
    assert set(found) == {"1", "2"}
    assert found["2"][0] == "in_use" and "bob would lose cloudformation:" in found["2"][1]
    assert "bob joined staff since" in found["1"][1]


@pytest.mark.parametrize("policies", [("Deploy",), ("Everything",)])
def test_who_has_it_otherwise_too_loses_nothing_but_the_group_stays(policies: tuple[str, ...]) -> None:
    assert set(list_refused(now(user("bob", *policies, groups=("staff",))))) == {"1"}


def test_an_inline_policy_is_held_against_its_members_too() -> None:
    inline = undo(2, "DeleteGroupPolicy", STAFF, None, {"inline_policy": "queue", "document": None})
    found = list_refused(now(user("bob", "Deploy", groups=("staff",)), queue=allow("sqs:*")), inline)
    assert "bob would lose sqs:" in found["2"][1]


def test_what_is_gone_is_nobodys() -> None:
    assert list_refused(account(user("bob"))) == {}
