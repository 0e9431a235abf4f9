# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.undo import DERIVATIONS

from ..records import State, problem_of, regional

RULE: t.Final = regional("config", "config-rule/root-mfa")
RECORDER: t.Final = regional("config", "configuration-recorder/iam-hardening")


@pytest.mark.parametrize(
    ("operation", "target", "states", "undo", "problem"),
    [
        pytest.param(
            "PutConfigRule", RULE, (None, {}), ("DeleteConfigRule", {"ConfigRuleName": "root-mfa"}), "", id="made"
        ),
        pytest.param(
            "PutConfigRule",
            RULE,
            (None, {}),
            ("DeleteConfigRule", {"ConfigRuleName": "x"}),
            "ConfigRuleName",
            id="other",
        ),
        pytest.param(
            "PutConfigRule", RECORDER, (None, {}), ("DeleteConfigRule", {}), "is no config-rule", id="a recorder"
        ),
        pytest.param(
            "PutConfigRule",
            RULE,
            ({"narrowed": True}, {}),
            ("PutConfigRule", {}),
            "the operation has no undo",
            id="narrowed",
        ),
        pytest.param(
            "StartConfigurationRecorder",
            RECORDER,
            ({}, {}),
            ("StopConfigurationRecorder", {"ConfigurationRecorderName": "iam-hardening"}),
            "",
            id="recorder",
        ),
        pytest.param(
            "StartConfigurationRecorder",
            regional("config", "configuration-recorder/default"),
            ({}, {}),
            ("StopConfigurationRecorder", {"ConfigurationRecorderName": "default"}),
            "is not our recorder",
            id="another recorder",
        ),
        pytest.param(
            "TagResource",
            RULE,
            ({"a": None}, {}),
            ("UntagResource", {"ResourceArn": regional("config", "config-recorder/x"), "TagKeys": ["a"]}),
            "is no rule",
            id="tag of something else",
        ),
    ],
)
def test_the_request_follows_from_target_and_states(
    operation: str, target: str, states: tuple[State, State], undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, ("config", operation), target, states, undo)
    assert problem in found if problem else not found, found
