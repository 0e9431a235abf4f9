# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of what EventBridge and CloudWatch send alerts to: topics and queues, with the policies of their keys."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Collection, Mapping

from . import fields
from .event_rules import AlertQueue, AlertTopic
from .source import Record, Source, Unreadable

_KEY_OPERATIONS: t.Final = ("kms:DescribeKey", "kms:GetKeyPolicy")
TOPIC_OPERATIONS: t.Final = ("sns:GetTopicAttributes", *_KEY_OPERATIONS)
QUEUE_OPERATIONS: t.Final = ("sqs:GetQueueUrl", "sqs:GetQueueAttributes", *_KEY_OPERATIONS)
_QUEUE_ATTRIBUTES: t.Final = ("Policy", "KmsMasterKeyId")
# SQS says it with and without the name of its namespace, by protocol.
_NO_QUEUE: t.Final = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
# The error of SNS and KMS for things that were deleted.
_GONE: t.Final = frozenset({"NotFound"})


def read_topics(source: Source, arns: Collection[str]) -> tuple[AlertTopic, ...]:
    """The topics; that one can't be read, being another account's for one, costs neither the others nor the rules."""
    found = source.gather({arn: functools.partial(_topic, source, arn) for arn in arns})
    return tuple(
        AlertTopic(arn, unknown=topic.reason) if isinstance(topic, Unreadable) else topic
        for arn, topic in found.items()
    )


def _topic(source: Source, arn: str) -> AlertTopic:
    """A topic, in its own region, with the policy of the key that encrypts it."""
    region = arn.split(":")[3]
    answer = source.call_unless(_GONE, "sns", "GetTopicAttributes", {"TopicArn": arn}, region=region)
    if answer is None:
        return AlertTopic(arn, exists=False)
    attributes = fields.structure(answer, "Attributes")
    return AlertTopic(
        arn=arn,
        policy=parse_json(fields.optional_text(attributes, "Policy")),
        confirmed=_count(attributes, "SubscriptionsConfirmed"),
        pending=_count(attributes, "SubscriptionsPending"),
        **_key(source, fields.optional_text(attributes, "KmsMasterKeyId") or "", region),
    )


def _count(attributes: Record, key: str) -> int:
    # SNS has all attributes as text.
    return int(fields.optional_text(attributes, key) or 0)


def read_queues(source: Source, arns: Collection[str]) -> tuple[AlertQueue, ...]:
    """The queues; that one can't be read, being another account's for one, costs neither the others nor the rules."""
    found = source.gather({arn: functools.partial(_queue, source, arn) for arn in arns})
    return tuple(
        AlertQueue(arn, unknown=queue.reason) if isinstance(queue, Unreadable) else queue
        for arn, queue in found.items()
    )


def _queue(source: Source, arn: str) -> AlertQueue:
    region, account, name = arn.split(":")[3:6]
    named = {"QueueName": name, "QueueOwnerAWSAccountId": account}
    answer = source.call_unless(_NO_QUEUE, "sqs", "GetQueueUrl", named, region=region)
    if answer is None:
        return AlertQueue(arn, exists=False)
    wanted = {"QueueUrl": fields.text(answer, "QueueUrl"), "AttributeNames": list(_QUEUE_ATTRIBUTES)}
    attributes = fields.optional_structure(
        source.call("sqs", "GetQueueAttributes", wanted, region=region), "Attributes"
    )
    given = attributes or {}
    return AlertQueue(
        arn=arn,
        policy=parse_json(fields.optional_text(given, "Policy")),
        **_key(source, fields.optional_text(given, "KmsMasterKeyId") or "", region),
    )


def _key(source: Source, key_id: str, region: str) -> Mapping[str, t.Any]:
    """The members of a topic or a queue that are about the key that encrypts it."""
    if not key_id:
        return {}
    found = source.gather({key_id: functools.partial(_key_policy, source, key_id, region)})[key_id]
    if isinstance(found, Unreadable):
        return {"kms_key_id": key_id, "key_unknown": found.reason}
    return {"kms_key_id": key_id, "key_arn": found[0], "key_policy": found[1]}


def _key_policy(source: Source, key_id: str, region: str) -> tuple[str, t.Any]:
    """The ARN and the policy of a KMS key. The policy is read by the key's own id only, not by an alias."""
    described = source.call_unless(_GONE, "kms", "DescribeKey", {"KeyId": key_id}, region=region)
    if described is None:
        return "", {}
    arn = fields.text(fields.structure(described, "KeyMetadata"), "Arn")
    answer = source.call("kms", "GetKeyPolicy", {"KeyId": arn, "PolicyName": "default"}, region=region)
    return arn, parse_json(fields.optional_text(answer, "Policy"))


def parse_json(text: t.Optional[str]) -> t.Any:
    """Parse JSON text; return None if there is none, or it is no JSON."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
