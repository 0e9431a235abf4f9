# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of EventBridge: one call a region, two more for each rule of ours, a few for each topic and queue."""

from __future__ import annotations

import typing as t

from . import fields
from .event_rules import PREFIX, AlertRegion, EventRule, EventTarget
from .source import Fields, Record, Source
from .topic_reads import QUEUE_OPERATIONS, TOPIC_OPERATIONS, parse_json, read_queues, read_topics

SERVICE: t.Final = "events"
OPERATIONS: t.Final = (
    "events:ListRules",
    "events:ListTargetsByRule",
    "events:ListTagsForResource",
    *dict.fromkeys((*TOPIC_OPERATIONS, *QUEUE_OPERATIONS)),
)


def read_event_rules(source: Source, region: str) -> Fields:
    """The rules of this collection in a region, with their targets, tags, topics and queues."""
    listed = source.items(SERVICE, "ListRules", "Rules", {"NamePrefix": PREFIX}, region=region)
    rules = tuple(sorted((_read_rule(source, record, region) for record in listed), key=lambda rule: rule.name))
    places = {target.arn for rule in rules for target in rule.targets}
    places |= {target.dead_letter_queue for rule in rules for target in rule.targets if target.dead_letter_queue}
    topics, queues = ({arn for arn in places if arn.split(":")[2:3] == [service]} for service in ("sns", "sqs"))
    found = AlertRegion(region, rules, read_topics(source, sorted(topics)), read_queues(source, sorted(queues)))
    return {"alert_regions": (found,)}


def _read_rule(source: Source, record: Record, region: str) -> EventRule:
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
        pattern=parse_json(fields.optional_text(record, "EventPattern")),
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
