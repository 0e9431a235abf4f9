# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rules a declaration comes to in which region, and the messages that people read."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.topology import (
    Place,
    Topology,
    build_transformer,
    minify,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import (
    BY_NAME,
    RULES,
    AlertRule,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_pattern import (
    EventPattern,
    example,
)

from ..._controls.samples import ACCOUNT
from .alerting import BUS, HOME, OTHER, ROLE, TOPIC, declare, own_rule

THIRD = "us-west-2"
ELSEWHERE = f"arn:aws:sns:{OTHER}:{ACCOUNT}:security"


def topology(*regions: str, management: t.Optional[bool] = False, partition: str = "aws", **options: t.Any) -> Topology:
    options = options or {"create_topic": True}
    home = "us-gov-west-1" if partition == "aws-us-gov" else HOME
    return Topology(declare(**options), Place(ACCOUNT, partition, home, regions or (HOME, OTHER, THIRD), management))


def names(found: Topology, region: str) -> list[str]:
    return [rule.name.removeprefix("iam-hardening-") for rule in found.list_rules() if rule.region == region]


def test_the_region_of_the_topic_tells_and_the_others_hand_on() -> None:
    found = topology()
    assert (found.hub, found.notifying_regions, found.hands_on) == (HOME, (HOME,), True)
    assert names(found, HOME) == [
        "root-activity",
        "assume-root",
        "quarantine-attached-by-aws",
        "health-exposed-credentials",
        "guardrail-tamper",
    ]
    assert names(found, OTHER) == names(found, THIRD) == ["forward-1"]
    targets = {rule.region: (rule.target.arn, rule.target.settings.get("RoleArn")) for rule in found.list_rules()}
    hub = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default"
    assert targets == {HOME: (TOPIC, None), OTHER: (hub, ROLE), THIRD: (hub, ROLE)}


def test_a_topic_elsewhere_makes_its_region_the_hub() -> None:
    found = topology(topic_arn=ELSEWHERE)
    assert (found.hub, found.notifying_regions) == (OTHER, (OTHER,))
    # What occurs at home only is told there as well, by way of the hub.
    assert "quarantine-attached-by-aws" in names(found, OTHER)
    assert names(found, HOME) == ["forward-1"]


def test_what_a_region_hands_on_is_what_the_hub_hears() -> None:
    found = topology(topic_arn=ELSEWHERE, rules={rule.name: True for rule in RULES})
    for forwarder in (rule for rule in found.list_rules() if rule.region != found.hub):
        for name in forwarder.watches:
            event = example(BY_NAME[name].pattern)
            assert EventPattern(forwarder.pattern).matches(event), name
            assert any(
                EventPattern(rule.pattern).matches(event) for rule in found.list_rules() if rule.region == found.hub
            ), name
    handed_on = {name for rule in found.list_rules() if rule.region == HOME for name in rule.watches}
    assert handed_on == {rule.name for rule in RULES} - {"organizations-guardrail-change"}


def test_each_region_tells_of_its_own_events_with_a_topic_in_each() -> None:
    found = topology(create_topic=True, topology="topics")
    assert (found.hands_on, found.notifying_regions) == (False, (HOME, OTHER, THIRD))
    assert names(found, OTHER) == ["root-activity", "assume-root", "health-exposed-credentials", "guardrail-tamper"]
    assert {rule.target.arn for rule in found.list_rules()} == {
        TOPIC.replace(HOME, region) for region in (HOME, OTHER, THIRD)
    }


def test_every_region_goes_straight_to_another_accounts_bus() -> None:
    found = topology(bus_arn=BUS)
    assert found.notifying_regions == ()
    assert {rule.target.arn for rule in found.list_rules()} == {BUS}
    assert {rule.region for rule in found.list_rules()} == {HOME, OTHER, THIRD}


@pytest.mark.parametrize(("management", "applies"), [(True, True), (False, False), (None, False)])
def test_changes_of_the_organization_are_seen_by_its_management_account(management: t.Any, applies: bool) -> None:
    assert topology(management=management).applies(BY_NAME["organizations-guardrail-change"]) is applies
    hub = topology(management=management, create_topic=True, receive_from_organization=True)
    assert hub.applies(BY_NAME["organizations-guardrail-change"])


def test_patterns_of_other_partitions_name_their_own() -> None:
    found = topology("us-gov-west-1", partition="aws-us-gov")
    assert found.topic_arn("us-gov-west-1").startswith("arn:aws-us-gov:sns:us-gov-west-1:")
    assert found.role_arn.startswith("arn:aws-us-gov:iam::")


def test_long_patterns_are_handed_on_by_several_rules() -> None:
    few, many = topology(), topology(create_topic=True, rules={rule.name: True for rule in RULES})
    assert len(names(few, OTHER)) < len(names(many, OTHER))
    assert names(many, OTHER) == [f"forward-{number}" for number in range(1, len(names(many, OTHER)) + 1)]
    for rule in many.list_rules():
        # As long as one rule needs, or as AWS takes by default.
        assert len(rule.watches) == 1 or len(minify(rule.pattern)) <= 2048


def test_only_a_forwarder_with_reads_hears_what_only_reads() -> None:
    (forwarder,) = [rule for rule in topology(HOME, OTHER).list_rules() if rule.region == OTHER]
    assert "assume-root" in forwarder.watches
    assert forwarder.state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    quiet = {"root-activity": False, "assume-root": False}
    (forwarder,) = [
        rule for rule in topology(HOME, OTHER, create_topic=True, rules=quiet).list_rules() if rule.region == OTHER
    ]
    assert forwarder.state == "ENABLED"


def test_a_queue_serves_its_own_region() -> None:
    queue = f"arn:aws:sqs:{HOME}:{ACCOUNT}:dead"
    found = topology(create_topic=True, dead_letter_queue_arn=queue)
    settings = {rule.region: rule.target.settings.get("DeadLetterConfig") for rule in found.list_rules()}
    assert settings == {HOME: {"Arn": queue}, OTHER: None, THIRD: None}
    made = topology(create_topic=True, create_dead_letter_queue=True)
    assert {rule.target.settings["DeadLetterConfig"]["Arn"].split(":")[3] for rule in made.list_rules()} == {
        HOME,
        OTHER,
        THIRD,
    }


# Messages


def render(rule: AlertRule) -> list[str]:
    """The lines of a message, the names of paths in place of what they lead to."""
    made = build_transformer(rule)
    # Each line is a quoted text: that is what EventBridge takes.
    return [json.loads(line) for line in made["InputTemplate"].split("\n")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_message_says_what_matters_first_and_uses_what_it_looks_up(rule: AlertRule) -> None:
    lines = render(rule)
    assert lines[0] == f"[{rule.severity.value.upper()}] {rule.title}"
    assert all(f"<{name}>" in "\n".join(lines) for name in rule.paths)
    assert "<account>" in lines[1]
    # EventBridge takes 100 paths of 256 characters, and 8,192 of a template.
    assert len(rule.paths) <= 100 and len(build_transformer(rule)["InputTemplate"]) < 8192


def test_a_title_is_no_place_for_paths() -> None:
    rule = declare(create_topic=True, own_rules=[own_rule(title='A "<b>" of é')]).rules[-1]
    assert render(rule)[0] == '[MEDIUM] A "(b)" of é'
