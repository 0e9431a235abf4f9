# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role event_alerts: when it enforces by itself, and that it hands over what it declares."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.modules.event_alerts import argument_spec

from .rendering import ROLES, evaluated

ROLE = ROLES / "event_alerts"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
TOPIC = "arn:aws:sns:us-east-1:111122223333:security"
BUS = "arn:aws:events:us-east-1:444455556666:event-bus/default"
OWN = {name for name in argument_spec() if f"event_alerts_{name}" in DEFAULTS}


def task() -> dict[str, t.Any]:
    (only,) = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text(encoding="utf-8"))
    return dict(only)


@pytest.mark.parametrize(
    ("variables", "mode"),
    [
        ({}, "report"),
        ({"create_topic": False}, "report"),
        ({"create_topic": True}, "enforce"),
        # As AWX surveys send it.
        ({"create_topic": "false"}, "report"),
        ({"create_topic": "true"}, "enforce"),
        ({"topic_arn": TOPIC}, "enforce"),
        ({"bus_arn": BUS}, "enforce"),
        # Where they are kept, not that somebody is told.
        ({"create_dead_letter_queue": True}, "report"),
    ],
)
def test_it_reports_until_somebody_can_be_told(variables: dict[str, t.Any], mode: str) -> None:
    assert evaluated("event_alerts", DEFAULTS["event_alerts_mode"], **variables) == mode


@pytest.mark.parametrize("name", ["topic_arn", "bus_arn", "kms_key_id", "role_arn", "dead_letter_queue_arn"])
def test_what_is_empty_is_not_declared(name: str) -> None:
    template = task()["hardening.iam.event_alerts"][name]
    assert evaluated("event_alerts", template) == "omitted"
    assert evaluated("event_alerts", template, **{name: TOPIC}) == TOPIC


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ({}, {}),
        ("", {}),
        ("{signin-anomaly: true}", {"signin-anomaly": True}),
        ({"signin-anomaly": True}, {"signin-anomaly": True}),
    ],
)
def test_rules_come_as_a_survey_sends_them_too(given: t.Any, rules: dict[str, bool]) -> None:
    assert evaluated("event_alerts", task()["hardening.iam.event_alerts"]["rules"], rules=given) == rules


def test_by_default_the_rules_are_those_of_the_module() -> None:
    spec = argument_spec()
    for name in sorted(OWN - {"mode", "regions"}):
        default = DEFAULTS[f"event_alerts_{name}"]
        if not isinstance(default, str) or "{{" not in default:
            assert default == (spec[name].get("default") or type(default)()), name
