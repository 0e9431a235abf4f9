# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alert rules of a region, with what they lead to."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import (
    AlertQueue,
    AlertRegion,
    AlertTopic,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._account.topic_reads import parse_json
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound, Throttled

from .fakes import ACCOUNT, HOME, OTHER, FakeAccess, deny, read, refusal, unread_of

RULE = {
    "Name": "iam-hardening-root-activity",
    "Arn": f"arn:aws:events:{HOME}:{ACCOUNT}:rule/iam-hardening-root-activity",
    "State": "ENABLED",
    "EventPattern": '{"source": ["aws.signin"]}',
}
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT}:alerts"
QUEUE = f"arn:aws:sqs:{HOME}:{ACCOUNT}:alerts"
KEY_ARN = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1"
POLICY: dict[str, t.Any] = {"Version": "2012-10-17", "Statement": []}
ATTRIBUTES = {
    "Policy": json.dumps(POLICY),
    "KmsMasterKeyId": "alias/alerts",
    "SubscriptionsConfirmed": "2",
    "SubscriptionsPending": "1",
}


def answers(**more: t.Any) -> dict[str, t.Any]:
    return {
        "events:ListRules": {"Rules": [RULE]},
        "events:ListTargetsByRule": {"Targets": [{"Id": "t", "Arn": TOPIC, "Input": "x"}, {"Id": "q", "Arn": QUEUE}]},
        "events:ListTagsForResource": {"Tags": [{"Key": "iam-hardening:managed", "Value": "true"}]},
        "sns:GetTopicAttributes": {"Attributes": ATTRIBUTES},
        "sqs:GetQueueUrl": {"QueueUrl": "https://queue"},
        "sqs:GetQueueAttributes": {"Attributes": {"Policy": json.dumps(POLICY)}},
        "kms:DescribeKey": {"KeyMetadata": {"Arn": KEY_ARN}},
        "kms:GetKeyPolicy": {"Policy": json.dumps(POLICY)},
        **{name.replace("_", ":"): answer for name, answer in more.items()},
    }


def region(access: FakeAccess) -> AlertRegion:
    snapshot = read(access, Dataset.EVENT_RULES)
    assert snapshot.missing(Dataset.EVENT_RULES, HOME) is None
    (found,) = snapshot.alert_regions
    return found


def test_rules_with_targets_tags_and_topics() -> None:
    access = FakeAccess(answers())
    found = region(access)
    (rule,) = found.rules
    assert (rule.pattern, rule.is_owned, rule.is_enabled) == ({"source": ["aws.signin"]}, True, True)
    assert [(target.id, target.settings) for target in rule.targets] == [("q", {}), ("t", {"Input": "x"})]
    key = {"kms_key_id": "alias/alerts", "key_arn": KEY_ARN, "key_policy": POLICY}
    assert found.topics == (AlertTopic(TOPIC, policy=POLICY, confirmed=2, pending=1, **key),)
    assert found.queues == (AlertQueue(QUEUE, policy=POLICY),)
    # A policy is read by the key's own id, not by an alias; only rules of ours are listed.
    asked = {call.name: call.parameters for call in access.calls}
    assert asked["kms:GetKeyPolicy"] == {"KeyId": KEY_ARN, "PolicyName": "default"}
    assert asked["sqs:GetQueueUrl"] == {"QueueName": "alerts", "QueueOwnerAWSAccountId": ACCOUNT}
    assert access.calls[0].parameters == {"NamePrefix": "iam-hardening-"}


def test_a_region_without_rules_takes_one_call() -> None:
    access = FakeAccess({"events:ListRules": {"Rules": []}})
    assert region(access) == AlertRegion(HOME, queues=())
    assert access.names == ["events:ListRules"]


@pytest.mark.parametrize("name", ["events:ListRules", "events:ListTargetsByRule", "events:ListTagsForResource"])
def test_a_denied_region_costs_no_other(name: str) -> None:
    answer = answers()[name]

    def only_at_home(*, region: str, **_parameters: t.Any) -> t.Any:
        return answer if region == HOME else deny(name, region=region)

    access = FakeAccess({**answers(), name: only_at_home})
    snapshot = read(access, Dataset.EVENT_RULES, regions=(HOME, OTHER))
    assert [item.region for item in snapshot.alert_regions] == [HOME]
    assert unread_of(snapshot, Dataset.EVENT_RULES, OTHER)[0] == "denied"


@pytest.mark.parametrize(
    ("failure", "known"),
    [
        (refusal("NotFound", kind=NotFound), AlertTopic(TOPIC, exists=False)),
        (deny("sns:GetTopicAttributes"), "not authorized"),
        (refusal("AuthorizationError", "another account's"), "another account's"),
        (refusal("Throttling", "slow down", kind=Throttled), "slow down"),
    ],
)
def test_a_topic_that_is_not_told_leaves_the_rule(failure: t.Any, known: t.Any) -> None:
    found = region(FakeAccess(answers(sns_GetTopicAttributes=failure)))
    assert [rule.name for rule in found.rules] == [RULE["Name"]]
    (topic,) = found.topics
    assert topic == known if isinstance(known, AlertTopic) else known in topic.unknown


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (refusal("AWS.SimpleQueueService.NonExistentQueue", kind=NotFound), (False, "")),
        (refusal("QueueDoesNotExist", kind=NotFound), (False, "")),
        (deny("sqs:GetQueueUrl"), (True, "not authorized")),
    ],
)
def test_a_queue_that_is_gone_or_can_not_be_read(failure: t.Any, expected: tuple[bool, str]) -> None:
    (queue,) = region(FakeAccess(answers(sqs_GetQueueUrl=failure))).queues or ()
    assert queue.exists is expected[0] and expected[1] in queue.unknown


def test_a_queue_that_keeps_what_was_not_delivered_is_read_with_its_key() -> None:
    target = {"Id": "t", "Arn": TOPIC, "DeadLetterConfig": {"Arn": QUEUE}}
    attributes = {"Attributes": {"KmsMasterKeyId": "alias/queues"}}
    access = FakeAccess(answers(events_ListTargetsByRule={"Targets": [target]}, sqs_GetQueueAttributes=attributes))
    (queue,) = region(access).queues or ()
    assert (queue.policy, queue.kms_key_id, queue.key_policy) == (None, "alias/queues", POLICY)


@pytest.mark.parametrize("name", ["kms_DescribeKey", "kms_GetKeyPolicy"])
def test_a_key_that_is_not_told_leaves_the_topic(name: str) -> None:
    (topic,) = region(FakeAccess(answers(**{name: deny(name.replace("_", ":"))}))).topics
    assert (topic.policy, topic.confirmed, topic.key_policy) == (POLICY, 2, None)
    assert "not authorized" in topic.key_unknown


def test_the_policy_of_a_key_that_is_gone_admits_nobody() -> None:
    gone = refusal("NotFoundException", kind=NotFound)
    (topic,) = region(FakeAccess(answers(kms_DescribeKey=gone))).topics
    assert (topic.key_policy, topic.key_unknown) == ({}, "")


def test_what_is_no_json_is_nothing() -> None:
    assert [parse_json(text) for text in (None, "", "{", '{"a": 1}')] == [None, None, None, {"a": 1}]
