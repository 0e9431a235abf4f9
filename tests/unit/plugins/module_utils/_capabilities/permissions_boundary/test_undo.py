# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.undo import DERIVATIONS

from ..records import State, iam, problem_of

POLICY: t.Final = iam("policy/bounds/dev")
READ: t.Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DOCUMENT: t.Final = {"Version": "2012-10-17", "Statement": []}
TEXT: t.Final = '{"Version":"2012-10-17","Statement":[]}'
AGAIN: t.Final = {"PolicyName": "dev", "Path": "/bounds/", "PolicyDocument": TEXT, "Tags": []}


@pytest.mark.parametrize(
    ("operation", "target", "before", "undo", "problem"),
    [
        pytest.param("CreatePolicy", POLICY, None, ("DeletePolicy", {"PolicyArn": POLICY}), "", id="made"),
        pytest.param("CreatePolicy", POLICY, None, ("DeletePolicy", {"PolicyArn": READ}), "PolicyArn", id="other"),
        pytest.param("CreatePolicy", READ, None, ("DeletePolicy", {"PolicyArn": READ}), "is no policy", id="of AWS"),
        pytest.param("DeletePolicy", POLICY, {"document": DOCUMENT}, ("CreatePolicy", AGAIN), "", id="deleted"),
        pytest.param(
            "DeletePolicy",
            POLICY,
            {"document": DOCUMENT},
            ("CreatePolicy", {**AGAIN, "PolicyDocument": '{"Version":"2012-10-17","Statement":[{}]}'}),
            "another PolicyDocument",
            id="another document",
        ),
        pytest.param(
            "DeletePolicy",
            POLICY,
            {"document": DOCUMENT},
            ("CreatePolicy", {**AGAIN, "Tags": ["x"]}),
            "Tags has no tag",
            id="no tags",
        ),
        pytest.param(
            "PutUserPermissionsBoundary",
            iam("user/bob"),
            {"boundary": None},
            ("DeleteUserPermissionsBoundary", {"UserName": "bob"}),
            "",
            id="attached",
        ),
        pytest.param(
            "DeleteRolePermissionsBoundary",
            iam("role/app"),
            {"boundary": READ},
            ("PutRolePermissionsBoundary", {"RoleName": "app", "PermissionsBoundary": READ}),
            "",
            id="removed",
        ),
        pytest.param(
            "DeleteRolePermissionsBoundary",
            iam("user/app"),
            {"boundary": READ},
            ("PutRolePermissionsBoundary", {"RoleName": "app", "PermissionsBoundary": READ}),
            "is no role",
            id="of a user",
        ),
    ],
)
def test_the_request_follows_from_target_and_before(
    operation: str, target: str, before: State, undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, ("iam", operation), target, (before, None), undo)
    assert problem in found if problem else not found, found
