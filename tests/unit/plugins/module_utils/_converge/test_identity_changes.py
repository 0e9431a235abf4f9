# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each write of an identity, and that its undo is the one which its record gives."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import LivePolicy, Version
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import mismatch_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter, NewRole
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_policies import (
    list_holder_derivations,
    undo_policy_creation,
    undo_policy_deletion,
    undo_policy_update,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_requests import find_mismatch
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_roles import (
    DERIVATIONS_OF_ROLES,
    list_boundary_derivations,
)

ROLE: t.Final = "arn:aws:iam::111122223333:role/teams/shop/app"
USER: t.Final = "arn:aws:iam::111122223333:user/ann"
POLICY: t.Final = "arn:aws:iam::111122223333:policy/iam-hardening/lp/app-1"
ONE: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
OTHER: t.Final = {"Version": "2012-10-17", "Statement": []}
WRITER: t.Final = IdentityWriter("111122223333", "example")
NEW: t.Final = NewRole(ROLE, ONE, "Beside app", POLICY, 7200, {"team": "shop"})
LIVE: t.Final = LivePolicy(POLICY, "", {}, (Version("v2", True, None, OTHER), Version("v1", False, None, ONE)))
DERIVATIONS: t.Final = {
    ("iam", "CreatePolicy"): undo_policy_creation,
    ("iam", "CreatePolicyVersion"): undo_policy_update,
    ("iam", "DeletePolicy"): undo_policy_deletion,
    **DERIVATIONS_OF_ROLES,
    **list_boundary_derivations("user"),
    **list_holder_derivations("Role"),
    **list_holder_derivations("User"),
}
CHANGES: t.Final = (
    WRITER.attach(ROLE, POLICY),
    WRITER.detach(USER, POLICY),
    WRITER.put_inline(ROLE, "own", None, ONE),
    WRITER.put_inline(USER, "own", OTHER, ONE),
    WRITER.delete_inline(ROLE, "own", ONE),
    WRITER.set_boundary(ROLE, None, POLICY),
    WRITER.set_boundary(USER, POLICY, None),
    WRITER.create_role(NEW),
    WRITER.create_policy(POLICY, ONE, description="Of app", tags={"team": "shop"}),
    WRITER.update_policy(LIVE, ONE),
    WRITER.delete_policy(LIVE),
    WRITER.delete_role(ROLE, ONE, POLICY),
    WRITER.delete_version(POLICY, LIVE.others[0]),
    WRITER.set_trust(ROLE, ONE, OTHER),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.operation)
def test_the_request_is_about_its_target_and_the_undo_follows_from_the_record(change: Change) -> None:
    assert mismatch_of(change) is None
    # A journal has neither the request nor the kind.
    recorded = dataclasses.replace(change, parameters={}, kind="")
    assert find_mismatch(recorded, DERIVATIONS) == ""


def test_a_trust_of_the_record_that_is_no_document_is_not_restored() -> None:
    change = dataclasses.replace(WRITER.set_trust(ROLE, ONE, OTHER), before={"trust": None})
    assert "no trust policy" in find_mismatch(change, DERIVATIONS)


def test_the_request_of_a_new_role() -> None:
    assert WRITER.create_role(NEW).parameters == {
        "Path": "/teams/shop/",
        "RoleName": "app",
        "AssumeRolePolicyDocument": json.dumps(ONE, separators=(",", ":")),
        "Description": "Beside app",
        "MaxSessionDuration": 7200,
        "PermissionsBoundary": POLICY,
        "Tags": [{"Key": "team", "Value": "shop"}],
    }
    plain = NewRole("arn:aws:iam::111122223333:role/app", ONE)
    assert sorted(plain.request) == ["AssumeRolePolicyDocument", "Path", "RoleName", "Tags"]
    assert plain.path_and_name == ("/", "app")


def test_a_boundary_is_put_and_taken_away() -> None:
    put, taken = WRITER.set_boundary(ROLE, None, POLICY), WRITER.set_boundary(USER, POLICY, None)
    assert (put.operation, put.parameters) == (
        "PutRolePermissionsBoundary",
        {"RoleName": "app", "PermissionsBoundary": POLICY},
    )
    assert (taken.operation, taken.parameters) == ("DeleteUserPermissionsBoundary", {"UserName": "ann"})
