# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events that alert rules are tried on."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import (
    RULES,
    AlertRule,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_pattern import EventPattern
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_samples import envelope, samples
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.trail_events import Place

from ..samples import ACCOUNT

HOME = "us-east-1"
DEFAULTS = [rule for rule in RULES if rule.by_default]


@pytest.mark.parametrize("rule", DEFAULTS, ids=lambda rule: rule.name)
@pytest.mark.parametrize("region", [HOME, "eu-west-1"])
def test_our_rule_catches_several_events_of_each_kind(rule: AlertRule, region: str) -> None:
    found = samples(rule.name, Place(ACCOUNT, "aws"), region, HOME)
    assert len(found) >= 3
    pattern = EventPattern(rule.pattern)
    assert [sample.name for sample in found if not pattern.matches(sample.event)] == []
    assert {sample.event["region"] for sample in found} == {region}
    assert {sample.event["detail"].get("awsRegion", region) for sample in found} == {region}


@pytest.mark.parametrize("name", ["guardrail-tamper", "organizations-guardrail-change"])
def test_every_name_of_a_pattern_is_tried_by_callers_of_several_kinds(name: str) -> None:
    (rule,) = (item for item in DEFAULTS if item.name == name)
    found = samples(name, Place(ACCOUNT, "aws"), HOME, HOME)
    assert {sample.name for sample in found} == set(rule.pattern["detail"]["eventName"])
    assert {sample.by for sample in found} >= {"an IAM user", "a role", "root", "a person of Identity Center"}
    services = rule.pattern["detail"]["eventSource"]
    assert {sample.event["detail"]["eventSource"] for sample in found} == set(services)


def test_what_is_given_of_an_event_stays() -> None:
    event = envelope({"source": "x", "detail": {"a": 1}}, account_id=ACCOUNT, region=HOME)
    assert (event["source"], event["detail"], event["account"], event["region"]) == ("x", {"a": 1}, ACCOUNT, HOME)
