# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The permissions that a capability adds to those of its operations."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_grants import Grants

ONLY_TYPES: t.Final = {"StringEquals": {"organizations:PolicyType": ["SERVICE_CONTROL_POLICY"]}}
GRANTS: t.Final = Grants(
    resources={"events:": ("rule/mine",), "events:PutPermission": ("*",)},
    conditions={"organizations:": ONLY_TYPES, "organizations:TagResource": {}},
)


def test_an_action_comes_before_its_service() -> None:
    assert GRANTS.resources_of("events:PutPermission") == ("*",)
    assert GRANTS.resources_of("events:PutRule") == ("rule/mine",)
    assert GRANTS.resources_of("eventsource:PutRule") is None


def test_an_empty_condition_is_none() -> None:
    assert GRANTS.condition_of("organizations:AttachPolicy") == ONLY_TYPES
    assert GRANTS.condition_of("organizations:TagResource") is None
    assert Grants().condition_of("organizations:AttachPolicy") is None
