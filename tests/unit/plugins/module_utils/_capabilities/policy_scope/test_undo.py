# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What takes recorded changes of policies back follows from target and before, whoever wrote the record."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.undo import DERIVATIONS

from ..records import State, iam, problem_of

DOCUMENT: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
TEXT: t.Final = json.dumps(DOCUMENT, separators=(",", ":"))
DATA: t.Final = iam("policy/Data")
FULL: t.Final = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


@pytest.mark.parametrize(
    ("operation", "target", "before", "undo", "problem"),
    [
        (
            "DeletePolicyVersion",
            DATA,
            {"version_document": DOCUMENT, "versions": 1},
            ("CreatePolicyVersion", {"PolicyArn": DATA, "PolicyDocument": TEXT, "SetAsDefault": False}),
            "",
        ),
        (
            "DeletePolicyVersion",
            DATA,
            {"version_document": DOCUMENT, "versions": 1},
            ("CreatePolicyVersion", {"PolicyArn": DATA, "PolicyDocument": TEXT, "SetAsDefault": True}),
            "another SetAsDefault",
        ),
        (
            "DeletePolicyVersion",
            DATA,
            {"version_document": DOCUMENT, "versions": 1},
            ("CreatePolicyVersion", {"PolicyArn": DATA, "PolicyDocument": "{}", "SetAsDefault": False}),
            "another PolicyDocument",
        ),
        (
            "DeletePolicyVersion",
            iam("policy/Data", account="999988887777"),
            {"version_document": DOCUMENT, "versions": 1},
            ("CreatePolicyVersion", {}),
            "is no policy of the account",
        ),
        ("DeletePolicyVersion", DATA, {"versions": 1}, ("CreatePolicyVersion", {}), "do not fit the operation"),
        (
            "CreatePolicyVersion",
            DATA,
            {"document": DOCUMENT},
            ("SetDefaultPolicyVersion", {"PolicyArn": DATA, "VersionId": "v3"}),
            "",
        ),
        ("CreatePolicy", DATA, None, ("DeletePolicy", {"PolicyArn": DATA}), ""),
        (
            "PutRolePolicy",
            iam("role/app"),
            {"inline_policy": "queue", "document": DOCUMENT},
            ("PutRolePolicy", {"RoleName": "app", "PolicyName": "queue", "PolicyDocument": TEXT}),
            "",
        ),
        (
            "PutRolePolicy",
            iam("role/app"),
            {"inline_policy": "queue", "document": DOCUMENT},
            ("PutRolePolicy", {"RoleName": "admin", "PolicyName": "queue", "PolicyDocument": TEXT}),
            "another RoleName",
        ),
        (
            "DetachRolePolicy",
            iam("role/app"),
            {"policy": FULL, "attached": True},
            ("AttachRolePolicy", {"RoleName": "app", "PolicyArn": FULL}),
            "",
        ),
    ],
)
def test_the_request_follows_from_target_and_before(
    operation: str, target: str, before: State, undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, ("iam", operation), target, (before, None), undo)
    assert problem in found if problem else not found, found


def test_an_inline_policy_is_never_deleted_by_an_undo() -> None:
    assert not {"DeleteUserPolicy", "DeleteGroupPolicy", "DeleteRolePolicy"} & {name for _iam, name in DERIVATIONS}
