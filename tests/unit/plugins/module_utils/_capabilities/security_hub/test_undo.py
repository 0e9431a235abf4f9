# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.security_hub.undo import DERIVATIONS

from ..records import State, problem_of, regional

HUB: t.Final = regional("securityhub", "hub/default")
STANDARD: t.Final = "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"
SUBSCRIPTION: t.Final = regional("securityhub", "subscription/aws-foundational-security-best-practices/v/1.0.0")


@pytest.mark.parametrize(
    ("operation", "target", "states", "undo", "problem"),
    [
        pytest.param("EnableSecurityHub", HUB, (None, {}), ("DisableSecurityHub", {}), "", id="enabled"),
        pytest.param(
            "EnableSecurityHub", SUBSCRIPTION, (None, {}), ("DisableSecurityHub", {}), "nothing at", id="other"
        ),
        pytest.param(
            "UpdateSecurityHubConfiguration",
            HUB,
            ({"control_finding_generator": "STANDARD_CONTROL"}, {}),
            ("UpdateSecurityHubConfiguration", {"ControlFindingGenerator": "SECURITY_CONTROL"}),
            "another ControlFindingGenerator",
            id="generator",
        ),
        pytest.param(
            "BatchEnableStandards",
            SUBSCRIPTION,
            (None, {}),
            ("BatchDisableStandards", {"StandardsSubscriptionArns": [SUBSCRIPTION]}),
            "",
            id="standard",
        ),
        pytest.param(
            "BatchDisableStandards",
            SUBSCRIPTION,
            ({}, None),
            ("BatchEnableStandards", {"StandardsSubscriptionRequests": [{"StandardsArn": STANDARD}]}),
            "",
            id="disabled",
        ),
        pytest.param(
            "BatchDisableStandards",
            regional("securityhub", "subscription/pci-dss/v/3.2.1"),
            ({}, None),
            ("BatchEnableStandards", {"StandardsSubscriptionRequests": [{"StandardsArn": STANDARD}]}),
            "is another standard",
            id="another standard",
        ),
        pytest.param(
            "CreateFindingAggregator",
            regional("securityhub", "finding-aggregator"),
            (None, {}),
            ("DeleteFindingAggregator", {}),
            "the operation has no undo",
            id="aggregator",
        ),
    ],
)
def test_the_request_follows_from_target_and_states(
    operation: str, target: str, states: tuple[State, State], undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, ("securityhub", operation), target, states, undo)
    assert problem in found if problem else not found, found
