# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks hand events to one playbook that can't write, and nothing else of an event."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import BY_NAME
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_pattern import EventPattern

CHECKOUT = Path(__file__).resolve().parents[2]
RULEBOOKS = CHECKOUT / "extensions" / "eda" / "rulebooks"
STACK = CHECKOUT / "examples" / "eda" / "iam-events.yml"
NAMES = ["iam_events", "iam_events_controller"]


def load(name: str) -> t.Any:
    [ruleset] = yaml.safe_load((RULEBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
    return ruleset


def test_there_are_no_other_rulebooks() -> None:
    assert sorted(path.stem for path in RULEBOOKS.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_source_has_the_filter_as_its_only_one(name: str) -> None:
    for source in load(name)["sources"]:
        assert [list(one) for one in source["filters"]] == [["hardening.iam.iam_events"]]


@pytest.mark.parametrize("name", NAMES)
def test_the_rules_read_nothing_but_the_answer_of_the_filter(name: str) -> None:
    [rule] = load(name)["rules"]
    assert rule["condition"] == "event.hardening.start == true"
    assert json.dumps(rule["action"]).count("event.") == 1
    [arguments] = rule["action"].values()
    extra = arguments.get("extra_vars") or arguments["job_args"]["extra_vars"]
    assert extra["hardening_events"] == "{{ event.hardening.events }}"


def test_the_local_rulebook_starts_the_playbook_that_adds_check() -> None:
    [rule] = load("iam_events")["rules"]
    assert rule["action"]["run_playbook"]["name"] == "hardening.iam.plan_for_event_local"
    [play] = yaml.safe_load((CHECKOUT / "playbooks" / "plan_for_event_local.yml").read_text(encoding="utf-8"))
    commands = [task["ansible.builtin.command"] for task in play["tasks"] if "ansible.builtin.command" in task]
    assert len(commands) == 1
    assert "'hardening.iam.plan_for_event', '--check'" in commands[0]["argv"]


def test_the_job_of_the_controller_gets_no_event_and_no_other_choice() -> None:
    [rule] = load("iam_events_controller")["rules"]
    job = rule["action"]["run_job_template"]
    assert job["include_events"] is False
    # Neither limit nor job_type: both would be launch options of the event.
    assert list(job["job_args"]) == ["extra_vars"]
    assert list(job["job_args"]["extra_vars"]) == ["hardening_events"]


# The stack of the queue


def stack() -> dict[str, t.Any]:
    resources: dict[str, t.Any] = yaml.safe_load(STACK.read_text(encoding="utf-8"))["Resources"]
    return resources


def arn_of(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def rules() -> dict[str, t.Any]:
    return {name: item["Properties"] for name, item in stack().items() if item["Type"] == "AWS::Events::Rule"}


def test_every_pattern_is_of_a_source_that_others_can_not_send() -> None:
    for name, rule in rules().items():
        sources = rule.get("EventPattern", {}).get("source", [])
        assert "ScheduleExpression" in rule or (sources and all(one.startswith("aws.") for one in sources)), name


def test_the_queues_take_messages_of_these_rules_only() -> None:
    policies = [item["Properties"] for item in stack().values() if item["Type"] == "AWS::SQS::QueuePolicy"]
    assert len(policies) == 2
    for policy in policies:
        [allowed] = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
        assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
        arns = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
        assert arns == [arn_of(name) for name in rules()]


def test_both_queues_are_encrypted_and_the_second_keeps_what_failed() -> None:
    queues = {name: item["Properties"] for name, item in stack().items() if item["Type"] == "AWS::SQS::Queue"}
    assert len(queues) == 2
    assert all("KmsMasterKeyId" in queue for queue in queues.values())
    for rule in rules().values():
        for target in rule["Targets"]:
            assert target["DeadLetterConfig"]["Arn"] == arn_of("DeadLetterQueue")


@pytest.mark.parametrize(
    "alert",
    ["quarantine-attached-by-aws", "health-exposed-credentials", "securityhub-cspm-iam-failed", "signin-anomaly"],
)
def test_the_stack_has_the_sources_of_the_alert_rules(alert: str) -> None:
    wanted = BY_NAME[alert].pattern
    kinds = [
        (source, kind)
        for rule in rules().values()
        for source in rule.get("EventPattern", {}).get("source", [])
        for kind in rule["EventPattern"]["detail-type"]
    ]
    assert (wanted["source"][0], wanted["detail-type"][0]) in kinds


@pytest.mark.parametrize(
    ("name", "delivered"),
    [
        ("quarantine", True),
        ("health", True),
        ("guardduty_credential", True),
        ("guardduty_suspicion", True),
        ("sign_in", True),
        ("security_hub", True),
        ("security_hub_v2", True),
        ("security_hub_passed", False),
    ],
)
def test_the_rules_deliver_the_recorded_events(name: str, delivered: bool) -> None:
    event = json.loads((CHECKOUT / "tests/fixtures/events" / f"{name}.json").read_text(encoding="utf-8"))
    patterns = [EventPattern(rule["EventPattern"]) for rule in rules().values() if "EventPattern" in rule]
    assert sum(pattern.matches(event) for pattern in patterns) == delivered
    assert not any(pattern.matches({**event, "source": "hostile.app"}) for pattern in patterns)
