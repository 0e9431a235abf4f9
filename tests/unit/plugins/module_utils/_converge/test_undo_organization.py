# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_organization import DERIVATIONS

from .._capabilities.records import State, problem_of

POLICY: t.Final = "arn:aws:organizations::111122223333:policy/o-a/service_control_policy/p-12345678"
TYPE: t.Final = "SERVICE_CONTROL_POLICY"
SHOWN: t.Final = {"policy": "deny", "type": TYPE}
NAMED: t.Final = {"PolicyName": "deny", "PolicyType": TYPE}
ATTACHED: t.Final = {**SHOWN, "attached_to": "ou-1", "attached": True}
DOCUMENT: t.Final = {"Version": "2012-10-17", "Statement": []}
TEXT: t.Final = '{"Version":"2012-10-17","Statement":[]}'


@pytest.mark.parametrize(
    ("operation", "target", "states", "undo", "problem"),
    [
        pytest.param("CreatePolicy", POLICY, (None, SHOWN), ("DeletePolicy", NAMED), "", id="made"),
        pytest.param(
            "CreatePolicy",
            POLICY,
            (None, SHOWN),
            ("DeletePolicy", {**NAMED, "PolicyName": "other"}),
            "another PolicyName",
            id="another policy",
        ),
        pytest.param("CreatePolicy", "other", (None, SHOWN), ("DeletePolicy", NAMED), "is not the policy", id="target"),
        pytest.param(
            "UpdatePolicy",
            POLICY,
            ({**SHOWN, "description": "d", "document": DOCUMENT}, {}),
            ("UpdatePolicy", {**NAMED, "Description": "d", "Content": TEXT}),
            "",
            id="updated",
        ),
        pytest.param(
            "DetachPolicy",
            f"{POLICY} on ou-1",
            (ATTACHED, {}),
            ("AttachPolicy", {**NAMED, "TargetId": "ou-1"}),
            "",
            id="detached",
        ),
        pytest.param(
            "DetachPolicy",
            f"{POLICY} on ou-2",
            (ATTACHED, {}),
            ("AttachPolicy", {**NAMED, "TargetId": "ou-1"}),
            "is not the policy on ou-1",
            id="of another unit",
        ),
        pytest.param(
            "AttachPolicy",
            f"{POLICY} on ou-1",
            (ATTACHED, {}),
            ("DetachPolicy", {**NAMED, "TargetId": "ou-1"}),
            "does not fit",
            id="was attached",
        ),
        pytest.param(
            "TagResource",
            POLICY,
            ({**SHOWN, "tags": {"a": None}}, {}),
            ("UntagResource", {**NAMED, "TagKeys": ["a", "b"]}),
            "another TagKeys",
            id="more tags",
        ),
    ],
)
def test_the_request_follows_from_target_and_states(
    operation: str, target: str, states: tuple[State, State], undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, ("organizations", operation), target, states, undo)
    assert problem in found if problem else not found, found
