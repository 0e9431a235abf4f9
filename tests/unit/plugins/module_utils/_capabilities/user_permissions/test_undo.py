# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.user_permissions.undo import DERIVATIONS

from ..records import State, iam, problem_of

ALICE: t.Final = iam("user/alice")
STAFF: t.Final = iam("group/staff")
READ: t.Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
HELD: t.Final = {"policy": READ, "attached": True}
DOCUMENT: t.Final = {"Version": "2012-10-17", "Statement": []}
TEXT: t.Final = '{"Version":"2012-10-17","Statement":[]}'


@pytest.mark.parametrize(
    ("operation", "target", "states", "undo", "problem"),
    [
        pytest.param("CreateGroup", STAFF, (None, {}), ("DeleteGroup", {"GroupName": "staff"}), "", id="group"),
        pytest.param("CreateGroup", STAFF, (None, {}), ("DeleteGroup", {"GroupName": "x"}), "GroupName", id="other"),
        pytest.param(
            "AddUserToGroup",
            ALICE,
            ({}, {"group": "staff"}),
            ("RemoveUserFromGroup", {"GroupName": "staff", "UserName": "alice"}),
            "",
            id="member",
        ),
        pytest.param(
            "DetachUserPolicy",
            ALICE,
            (HELD, {}),
            ("AttachUserPolicy", {"UserName": "alice", "PolicyArn": READ}),
            "",
            id="detached",
        ),
        pytest.param(
            "DetachUserPolicy",
            ALICE,
            ({**HELD, "attached": False}, {}),
            ("AttachUserPolicy", {"UserName": "alice", "PolicyArn": READ}),
            "does not fit",
            id="was not attached",
        ),
        pytest.param(
            "DetachRolePolicy",
            ALICE,
            (HELD, {}),
            ("AttachRolePolicy", {"RoleName": "alice", "PolicyArn": READ}),
            "is no role",
            id="another kind",
        ),
        pytest.param(
            "DeleteGroupPolicy",
            STAFF,
            ({"inline_policy": "own", "document": DOCUMENT}, {}),
            ("PutGroupPolicy", {"GroupName": "staff", "PolicyName": "own", "PolicyDocument": TEXT}),
            "",
            id="inline",
        ),
        pytest.param(
            "DeleteRolePolicy",
            iam("role/app"),
            ({"inline_policy": "own", "document": None}, {}),
            ("PutRolePolicy", {"RoleName": "app", "PolicyName": "own", "PolicyDocument": TEXT}),
            "holds no document",
            id="without document",
        ),
    ],
)
def test_the_request_follows_from_target_and_states(
    operation: str, target: str, states: tuple[State, State], undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, ("iam", operation), target, states, undo)
    assert problem in found if problem else not found, found
