# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.undo import DERIVATIONS

from ..records import iam, problem_of

ALICE: t.Final = iam("user/alice")
KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
TAG: t.Final = "iam-hardening:key-MPLE"
SHOWN: t.Final = {"kind": "access_key", "id": KEY, "status": "Active", "stage": None}


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({"UserName": "alice", "AccessKeyId": KEY, "Status": "Active"}, ""),
        ({"UserName": "bob", "AccessKeyId": KEY, "Status": "Active"}, "another UserName"),
        ({"UserName": "alice", "AccessKeyId": "AKIAOTHER", "Status": "Active"}, "another AccessKeyId"),
    ],
)
def test_a_key_is_activated_again_for_its_own_user(request_: dict[str, str], problem: str) -> None:
    after = {**SHOWN, "status": "Inactive"}
    undo = ("UpdateAccessKey", request_)
    found = problem_of(DERIVATIONS, ("iam", "UpdateAccessKey"), ALICE, (SHOWN, after), undo)
    assert problem in found if problem else not found, found


def test_a_key_that_was_inactive_before_is_not_activated() -> None:
    inactive = {**SHOWN, "status": "Inactive"}
    undo = ("UpdateAccessKey", {"UserName": "alice", "AccessKeyId": KEY, "Status": "Active"})
    found = problem_of(DERIVATIONS, ("iam", "UpdateAccessKey"), ALICE, (inactive, SHOWN), undo)
    assert "was not active before" in found


def test_the_operation_belongs_to_the_kind_of_credential() -> None:
    undo = ("UpdateSSHPublicKey", {"UserName": "alice", "SSHPublicKeyId": KEY, "Status": "Active"})
    found = problem_of(DERIVATIONS, ("iam", "UpdateSSHPublicKey"), ALICE, (SHOWN, SHOWN), undo)
    assert "another kind of credential" in found


@pytest.mark.parametrize(
    ("keys", "problem"), [([TAG], ""), (["owner"], "another TagKeys"), ([TAG, "owner"], "another TagKeys")]
)
def test_only_the_tag_of_the_stage_is_removed(keys: list[str], problem: str) -> None:
    states = (SHOWN, {**SHOWN, "stage": "noticed"})
    undo = ("UntagUser", {"UserName": "alice", "TagKeys": keys})
    found = problem_of(DERIVATIONS, ("iam", "TagUser"), ALICE, states, undo)
    assert problem in found if problem else not found, found


def test_a_tag_comes_back_with_the_stage_that_the_record_shows() -> None:
    states = ({**SHOWN, "stage": "unknown"}, SHOWN)
    for value, problem in (("somebody wrote this", ""), (None, "do not fit the operation")):
        tags = [{"Key": "owner", "Value": value}] if value else []
        undo = ("TagUser", {"UserName": "alice", "Tags": tags})
        found = problem_of(DERIVATIONS, ("iam", "UntagUser"), ALICE, states, undo)
        assert ("another Tags" if value else problem) in found
