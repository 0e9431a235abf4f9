# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.grants import (
    CONTEXT,
    GRANTS,
    SAMPLES,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.observe import (
    OPERATIONS as LIVE_READS,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.run import OPERATIONS

from .. import granting
from .rotations import ACCOUNT, SECRET, USER

ACTIONS: t.Final = {action for operation in OPERATIONS.all for action in iam_actions(operation)}


def allows(action: str, resource: str, **context: str) -> bool:
    return granting.allows(GRANTS, action, resource, **context)


def test_a_key_is_made_only_for_a_user_whose_tag_allows_it() -> None:
    """The tag that docs/permissions.md has people set."""
    assert allows("iam:CreateAccessKey", USER, **{"iam:ResourceTag/access-key-rotation": "allowed"})
    assert not allows("iam:CreateAccessKey", USER)
    assert not allows("iam:CreateAccessKey", USER, **{"iam:ResourceTag/access-key-rotation": "denied"})
    assert not allows("iam:CreateAccessKey", USER, **{"aws:ResourceTag/access-key-rotation": "allowed"})


@pytest.mark.parametrize("action", sorted(action for action in ACTIONS if action.startswith("secretsmanager:")))
def test_secrets_of_others_are_not_reached(action: str) -> None:
    assert allows(action, SECRET)
    assert not allows(action, SECRET.replace("iam-hardening/", "prod/"))
    assert not allows(action, SECRET.replace(ACCOUNT, "999988887777"))


def test_the_preflight_asks_about_what_the_role_may_reach() -> None:
    (pattern, sample), *others = SAMPLES.items()
    assert not others and pattern == "secretsmanager:*"
    names = {"Partition": "aws", "Account": ACCOUNT, "Region": "us-east-1"}
    for name, value in names.items():
        sample = sample.replace(f"${{{name}}}", value)
    assert allows("secretsmanager:PutSecretValue", sample)
    ((action, tags),) = CONTEXT.items()
    assert action == "iam:CreateAccessKey" and allows(action, USER, **dict(tags))


def test_grants_are_about_own_actions() -> None:
    assert {*GRANTS.conditions, *GRANTS.purposes} <= ACTIONS


def test_each_read_says_what_it_is_for() -> None:
    """Those of the rotation itself. That of events says it for all roles that look for the users of a key."""
    assert set(GRANTS.purposes) == {action for one in LIVE_READS.reads for action in iam_actions(one)}
    assert all(text.startswith("access_key_rotation: ") for text in GRANTS.purposes.values())
