# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.undo import DERIVATIONS

from ..records import State, iam, problem_of, regional

RULE: t.Final = regional("events", "rule/iam-hardening-root")
BUS: t.Final = regional("events", "event-bus/default")
TOPIC: t.Final = regional("sns", "iam-hardening-alerts")
QUEUE: t.Final = regional("sqs", "iam-hardening-alerts")
ROLE: t.Final = iam("role/iam-hardening/iam-hardening-events")
DOCUMENT: t.Final = {"Version": "2012-10-17", "Statement": []}
TEXT: t.Final = '{"Version":"2012-10-17","Statement":[]}'
OWN: t.Final = {"RoleName": "iam-hardening-events", "PolicyName": "hand-on-events"}


@pytest.mark.parametrize(
    ("what", "target", "states", "undo", "problem"),
    [
        pytest.param(
            ("events", "PutRule"), RULE, (None, {}), ("DeleteRule", {"Name": "iam-hardening-root"}), "", id="rule"
        ),
        pytest.param(
            ("events", "PutRule"), RULE, ({"rule": "other"}, {}), ("PutRule", {}), "is another rule", id="another rule"
        ),
        pytest.param(
            ("events", "PutTargets"),
            f"{RULE} target people",
            (None, {}),
            ("RemoveTargets", {"Rule": "iam-hardening-root", "Ids": ["people", "others"]}),
            "another Ids",
            id="more targets",
        ),
        pytest.param(
            ("events", "PutPermission"),
            f"{BUS} statement iam-hardening-organization",
            (None, {}),
            ("RemovePermission", {"EventBusName": "default", "StatementId": "iam-hardening-organization"}),
            "",
            id="admitted",
        ),
        pytest.param(
            ("events", "PutPermission"),
            f"{BUS} statement theirs",
            (None, {}),
            ("RemovePermission", {}),
            "is not our statement",
            id="theirs",
        ),
        pytest.param(("sns", "CreateTopic"), TOPIC, (None, {}), ("DeleteTopic", {"TopicArn": TOPIC}), "", id="topic"),
        pytest.param(
            ("sns", "SetTopicAttributes"), f"{TOPIC} Owner", ({}, {}), ("SetTopicAttributes", {}), "is not an", id="set"
        ),
        pytest.param(
            ("sqs", "CreateQueue"),
            QUEUE,
            (None, {}),
            ("DeleteQueue", {"QueueName": "production"}),
            "another QueueName",
            id="another queue",
        ),
        pytest.param(
            ("iam", "PutRolePolicy"),
            f"{ROLE} policy hand-on-events",
            (None, {}),
            ("DeleteRolePolicy", OWN),
            "",
            id="role",
        ),
        pytest.param(
            ("iam", "PutRolePolicy"),
            f"{ROLE} policy hand-on-events",
            ({"policy": DOCUMENT}, {}),
            ("PutRolePolicy", {**OWN, "PolicyDocument": TEXT}),
            "",
            id="policy as before",
        ),
        pytest.param(
            ("iam", "PutRolePolicy"),
            f"{ROLE} policy deny-all",
            (None, {}),
            ("DeleteRolePolicy", {**OWN, "PolicyName": "deny-all"}),
            "is not policy hand-on-events of a role",
            id="another policy",
        ),
        pytest.param(
            ("iam", "UpdateAssumeRolePolicy"),
            f"{iam('role/admin', '999988887777')} trust",
            ({"trust": DOCUMENT}, {}),
            ("UpdateAssumeRolePolicy", {"RoleName": "admin", "PolicyDocument": TEXT}),
            "is no role of the account",
            id="another account",
        ),
    ],
)
def test_the_request_follows_from_target_and_states(
    what: tuple[str, str], target: str, states: tuple[State, State], undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, what, target, states, undo)
    assert problem in found if problem else not found, found
