# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The permissions of the role of containment: all that the module writes, by switches."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.grants import (
    GRANTS,
    SWITCHES,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.run import (
    OPERATIONS,
    WRITER,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer

from ..granting import ACCOUNT, allows


def test_each_write_belongs_to_one_switch() -> None:
    wanted = sorted(action for name in OPERATIONS.writes for action in iam_actions(name))
    assert sorted(action for actions in SWITCHES.values() for action in actions) == wanted


def test_with_the_users_alone_the_role_can_only_take() -> None:
    (condition,) = dict(GRANTS.condition_of("iam:AttachUserPolicy") or {}).values()
    (arns,) = condition.values()
    assert all(arn.endswith(("/quarantine-deny-all", "/AWSDenyAll")) for arn in arns)
    assert not {"iam:PutUserPolicy", "iam:PutRolePolicy"} & set(SWITCHES["ContainmentUsers"])


POLICY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/"
USER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/svc"


@pytest.mark.parametrize("action", ["iam:AttachUserPolicy", "iam:DetachUserPolicy"])
def test_only_what_denies_everything_is_attached_to_a_user(action: str) -> None:
    for arn in (f"{POLICY}quarantine-deny-all", "arn:aws:iam::aws:policy/AWSDenyAll"):
        assert allows(GRANTS, action, USER, **{"iam:PolicyARN": arn})
    for arn in (f"{POLICY}other", "arn:aws:iam::aws:policy/AdministratorAccess"):
        assert not allows(GRANTS, action, USER, **{"iam:PolicyARN": arn})
    assert not allows(GRANTS, action, USER)


@pytest.mark.parametrize("action", ["iam:TagUser", "iam:UntagUser"])
def test_only_the_tags_of_an_incident_are_set(action: str) -> None:
    both = ["iam-hardening:quarantine", "iam-hardening:incident"]
    assert allows(GRANTS, action, USER, **{"aws:TagKeys": both}) and allows(
        GRANTS, action, USER, **{"aws:TagKeys": both[:1]}
    )
    assert not allows(GRANTS, action, USER, **{"aws:TagKeys": [*both, "owner"]})
    # ForAllValues holds where there is no key at all.
    assert not allows(GRANTS, action, USER)


def test_a_release_takes_back_policies_of_incidents_alone() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/app"
    assert allows(GRANTS, "iam:DetachRolePolicy", role, **{"iam:PolicyARN": f"{POLICY}incident-INC-7-app"})
    for context in ({"iam:PolicyARN": f"{POLICY}quarantine-deny-all"}, {}):
        assert not allows(GRANTS, "iam:DetachRolePolicy", role, **context)
    for action in ("iam:DeletePolicy", "iam:DeletePolicyVersion"):
        assert allows(GRANTS, action, f"{POLICY}incident-INC-7-app")
        assert not allows(GRANTS, action, f"{POLICY}quarantine-deny-all")


def test_a_session_of_root_only_looks_or_deletes_credentials() -> None:
    root, task = "arn:aws:iam::222233334444:root", "arn:aws:iam::aws:policy/root-task/"
    for name, may in (
        ("IAMAuditRootUserCredentials", True),
        ("IAMDeleteRootUserCredentials", True),
        ("IAMCreateRootUserPassword", False),
        ("S3UnlockBucketPolicy", False),
    ):
        assert allows(GRANTS, "sts:AssumeRoot", root, **{"sts:TaskPolicyArn": f"{task}{name}"}) is may
    assert not allows(GRANTS, "sts:AssumeRoot", root)
    assert not allows(GRANTS, "sts:AssumeRoot", USER, **{"sts:TaskPolicyArn": f"{task}IAMAuditRootUserCredentials"})


def test_it_is_a_class_of_its_own() -> None:
    assert WRITER is Writer.CONTAINMENT
