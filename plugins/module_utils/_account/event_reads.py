# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of EventBridge: one call a region, two more for each rule of ours, one or a few for each topic."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Collection

from . import fields
from .event_rules import PREFIX, AlertRegion, AlertTopic, EventRule, EventTarget
from .source import Fields, Record, Source, Unreadable

SERVICE: t.Final = "events"
OPERATIONS: t.Final = (
    "events:ListRules",
    "events:ListTargetsByRule",
    "events:ListTagsForResource",
    "sns:GetTopicAttributes",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
)
# What was deleted: SNS and KMS say it alike.
_GONE: t.Final = frozenset({"NotFound"})


def read_event_rules(source: Source, region: str) -> Fields:
    """The rules of this collection in a region, with their targets and tags, and the topics that these lead to."""
    listed = source.items(SERVICE, "ListRules", "Rules", {"NamePrefix": PREFIX}, region=region)
    rules = tuple(sorted((_with_details(source, record, region) for record in listed), key=lambda rule: rule.name))
    arns = sorted({target.arn for rule in rules for target in rule.targets if target.arn.split(":")[2:3] == ["sns"]})
    return {"alert_regions": (AlertRegion(region, rules, _topics(source, arns)),)}


def _with_details(source: Source, record: Record, region: str) -> EventRule:
    name, arn = fields.text(record, "Name"), fields.text(record, "Arn")
    targets = source.items(SERVICE, "ListTargetsByRule", "Targets", {"Rule": name}, region=region)
    tags = source.call(SERVICE, "ListTagsForResource", {"ResourceARN": arn}, region=region)
    return event_rule(
        record,
        region,
        targets=tuple(sorted(map(event_target, targets), key=lambda target: target.id)),
        tags=fields.tags(tags),
    )


def event_rule(
    record: Record, region: str, *, targets: tuple[EventTarget, ...] = (), tags: t.Optional[dict[str, str]] = None
) -> EventRule:
    """AWS's ``Rule`` as ours."""
    return EventRule(
        name=fields.text(record, "Name"),
        arn=fields.text(record, "Arn"),
        region=region,
        state=fields.text(record, "State"),
        pattern=parsed(fields.optional_text(record, "EventPattern")),
        description=fields.optional_text(record, "Description") or "",
        role_arn=fields.optional_text(record, "RoleArn"),
        managed_by=fields.optional_text(record, "ManagedBy"),
        tags=tags or {},
        targets=targets,
    )


def event_target(record: Record) -> EventTarget:
    """AWS's ``Target`` as ours."""
    settings = {key: value for key, value in record.items() if key not in ("Id", "Arn")}
    return EventTarget(id=fields.text(record, "Id"), arn=fields.text(record, "Arn"), settings=settings)


def _topics(source: Source, arns: Collection[str]) -> tuple[AlertTopic, ...]:
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
    key = fields.optional_text(attributes, "KmsMasterKeyId") or ""
    found = source.gather({key: functools.partial(_key_policy, source, key, region)} if key else {}).get(key)
    return AlertTopic(
        arn=arn,
        policy=parsed(fields.optional_text(attributes, "Policy")),
        kms_key_id=key,
        key_policy=None if isinstance(found, Unreadable) else found,
        key_unknown=found.reason if isinstance(found, Unreadable) else "",
        confirmed=_count(attributes, "SubscriptionsConfirmed"),
        pending=_count(attributes, "SubscriptionsPending"),
    )


def _count(attributes: Record, key: str) -> int:
    # SNS has all attributes as text.
    return int(fields.optional_text(attributes, key) or 0)


def _key_policy(source: Source, key_id: str, region: str) -> t.Any:
    """The policy of a KMS key, which is read by the key's own id only, not by an alias."""
    described = source.call_unless(_GONE, "kms", "DescribeKey", {"KeyId": key_id}, region=region)
    if described is None:
        return {}
    key = {"KeyId": fields.text(fields.structure(described, "KeyMetadata"), "Arn"), "PolicyName": "default"}
    answer = source.call("kms", "GetKeyPolicy", key, region=region)
    return parsed(fields.optional_text(answer, "Policy"))


def parsed(text: t.Optional[str]) -> t.Any:
    """JSON text as what it says; None where there is none, or it is no JSON."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
