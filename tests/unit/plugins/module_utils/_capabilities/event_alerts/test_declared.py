# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be declared of alerts, and what a message says where it may not."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import (
    RULES,
    State,
    Where,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity

from .alerting import BUS, TOPIC, declare, own_rule

CALLS = {"source": ["aws.sts"], "detail": {"eventName": ["AssumeRole"]}}


def test_by_default_only_rules_are_on_that_tell_of_trouble() -> None:
    names = {rule.name for rule in declare(create_topic=True).rules}
    assert names == {
        "root-activity",
        "assume-root",
        "quarantine-attached-by-aws",
        "health-exposed-credentials",
        "guardrail-tamper",
        "organizations-guardrail-change",
    }


@pytest.mark.parametrize(
    ("value", "on"),
    [(True, True), ("yes", True), ("On", True), (1, True), (False, False), ("off", False), ("0", False)],
)
def test_rules_are_switched_by_name_as_a_survey_writes_it(value: t.Any, on: bool) -> None:
    names = {rule.name for rule in declare(create_topic=True, rules={"signin-anomaly": value}).rules}
    assert ("signin-anomaly" in names) is on
    assert "root-activity" in names


def test_empty_principals_of_a_survey_are_none() -> None:
    assert declare(create_topic=True, ignore_principals=["", " "]).ignore_principals == ()


@pytest.mark.parametrize(
    "arn",
    [
        *("arn:*", "arn:aws:*", "arn:aws:iam::*", "arn:aws:iam::111122223333:*", "arn:aws:iam::*:role/*"),
        *("arn:*:user/*", "arn:aws-cn:iam::*:user/*", "arn:aws:sts::111122223333:assumed-role/*", "arn:*/*"),
    ],
)
def test_principals_of_any_name_can_not_be_ignored(arn: str) -> None:
    with pytest.raises(InputError, match="matches every user, role or session"):
        declare(create_topic=True, ignore_principals=[arn])


@pytest.mark.parametrize(
    "arn",
    [
        *(
            "arn:aws:iam::*:role/ci/*",
            "arn:*:role/deploy",
            "arn:aws:iam::111122223333:user/bot-*",
            "arn:aws:iam::*:root",
        ),
        "arn:*:role/aws-reserved/sso.amazonaws.com/*",
    ],
)
def test_principals_with_a_name_or_a_path_can_be_ignored(arn: str) -> None:
    assert declare(create_topic=True, ignore_principals=[arn]).ignore_principals == (arn,)


def test_a_rule_of_ones_own() -> None:
    rule = declare(
        create_topic=True,
        own_rules=[own_rule(pattern=CALLS, reads=True, where="iam_home", severity="high", names_caller=True)],
    ).rules[-1]
    assert (rule.full_name, rule.severity, rule.where) == ("iam-hardening-ours", Severity.HIGH, Where.IAM_HOME)
    assert (rule.pattern, rule.state, rule.caller) == (CALLS, State.WITH_READS, True)
    # Nothing is said of the message: the event as it is.
    assert rule.lines[-1] == "<detail>"
    assert rule.paths["detail"] == "$.detail"


def test_a_pattern_may_be_text() -> None:
    assert declare(create_topic=True, own_rules=[own_rule(pattern='{"source": ["aws.s3"]}')]).rules[-1].pattern == {
        "source": ["aws.s3"]
    }


def test_own_rules_without_a_caller_ignore_nobody() -> None:
    rule = declare(create_topic=True, own_rules=[own_rule(names_caller=True)]).rules[-1]
    assert rule.caller is False


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "mode: enforce needs one of topic_arn, create_topic and bus_arn"),
        ({"create_topic": True, "bus_arn": BUS}, "create_topic and bus_arn: allowed is one of"),
        ({"topic_arn": TOPIC, "topology": "topics"}, "topology: topics needs create_topic"),
        ({"bus_arn": BUS, "receive_from_organization": True}, "receive_from_organization"),
        (
            {"create_topic": True, "create_dead_letter_queue": True, "dead_letter_queue_arn": "arn:aws:sqs:r:a:q"},
            "dead_letter_queue_arn: allowed is either",
        ),
        ({"create_topic": True, "kms_key_id": "alias/aws/sns"}, "kms_key_id: alias/aws/sns is not allowed"),
        ({"topic_arn": "security"}, "topic_arn: 'security' is not allowed"),
        ({"topic_arn": TOPIC.replace("sns", "sqs")}, "topic_arn"),
        ({"bus_arn": "arn:aws:events::444455556666:event-bus/default"}, "bus_arn"),
        ({"create_topic": True, "topic_name": "alerts"}, "topic_name: 'alerts' is not allowed; it must begin with"),
        ({"create_topic": True, "role_name": "iam-hardening-a/b"}, "role_name"),
        ({"create_topic": True, "rules": {"root": True}}, "rules: root is not allowed; allowed are root-activity"),
        ({"create_topic": True, "rules": {"assume-root": "sometimes"}}, "rules: assume-root: 'sometimes'"),
        ({"create_topic": True, "ignore_principals": ["ci"]}, "ignore_principals: 'ci' is not allowed"),
        ({"create_topic": True, "ignore_principals": ["arn:aws:iam::**:role/x"]}, "ignore_principals"),
        ({"create_topic": True, "own_rules": [own_rule(name="Ours!")]}, "own_rules[0].name"),
        ({"create_topic": True, "own_rules": [own_rule(name="forward-1")]}, "not beginning with forward"),
        ({"create_topic": True, "own_rules": [own_rule(name="probe-1")]}, "or probe-"),
        ({"create_topic": True, "own_rules": [own_rule(name="root-activity")]}, "the name root-activity is taken"),
        ({"create_topic": True, "own_rules": [own_rule(), own_rule()]}, "the name ours is taken"),
        ({"create_topic": True, "own_rules": [own_rule(pattern="{")]}, "own_rules[0].pattern: not JSON"),
        ({"create_topic": True, "own_rules": [own_rule(pattern="[]")]}, "own_rules[0].pattern: an event pattern"),
        ({"create_topic": True, "own_rules": [own_rule(pattern={"source": "aws.s3"})]}, "own_rules[0].pattern.source"),
        ({"create_topic": True, "own_rules": [own_rule(lines=["<who>"])]}, "<who> has no path"),
        ({"create_topic": True, "own_rules": [own_rule(lines=["x"], paths={"who": "detail"})]}, "paths: who"),
        ({"create_topic": True, "own_rules": [own_rule(lines=["x"], paths={"1": "$.x"})]}, "paths: 1"),
        ({"create_topic": True, "own_rules": [own_rule(lines=["x" * 7001])]}, "more than 7000 characters"),
    ],
)
def test_what_may_not_be_is_named(options: dict[str, t.Any], expected: str) -> None:
    with pytest.raises(InputError) as refused:
        declare(**options)
    assert expected in str(refused.value)


def test_who_is_told_may_be_left_open_to_report_and_to_remove() -> None:
    assert declare(enforce=False).has_destination is False
    assert declare(state="absent").present is False


def test_principals_that_make_a_pattern_too_long_are_refused_before_anything_is_written() -> None:
    many = [f"arn:aws:iam::111122223333:role/deployment/pipeline-number-{number:04}" for number in range(40)]
    with pytest.raises(InputError, match="rule "):
        declare(create_topic=True, ignore_principals=many)


def test_every_rule_of_the_catalogue_can_be_on() -> None:
    switched = {rule.name: True for rule in RULES}
    some = ["arn:aws:iam::*:role/iam-hardening/automation", "arn:aws:iam::*:role/deployer"]
    assert len(declare(create_topic=True, rules=switched, ignore_principals=some).rules) == len(RULES)
