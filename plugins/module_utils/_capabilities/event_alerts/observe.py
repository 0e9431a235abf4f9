# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What ``event_alerts`` reads beside the snapshot, and how it reads again what a change of it left."""

from __future__ import annotations

import functools
import json
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..._account import fields
from ..._account.event_reads import event_rule, event_target
from ..._account.event_rules import AlertTopic
from ..._account.model import Snapshot
from ..._account.source import Unreadable
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound, Unparsable
from ..._aws.operations import Operations
from ..._converge.attempts import find_request_id
from ..._converge.capability import Aws, Caller
from ..._converge.change import Change
from .changes import (
    CREATE_QUEUE,
    CREATE_TOPIC,
    DELETE_QUEUE,
    DELETE_RULE,
    DELETE_TOPIC,
    EVENTS,
    PUT_PERMISSION,
    PUT_RULE,
    PUT_TARGETS,
    REMOVE_PERMISSION,
    REMOVE_TARGETS,
    ROLE_POLICY,
    SET_QUEUE,
    STATEMENT,
    SUBSCRIBE,
    UNSUBSCRIBE,
    WRITES,
    describe_role,
    describe_rule,
    describe_target,
)
from .surroundings import Role, Surroundings
from .topology import Topology

# Undoing a change takes the writes that undo one, and the reads of reread() and acting().
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {"events:DescribeRule", "events:ListTargetsByRule", "events:ListTagsForResource", "events:DescribeEventBus"}
        | {"sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"}
        | {"iam:GetRole", "iam:GetRolePolicy"}
    ),
    writes=WRITES,
)
_NO_QUEUE: t.Final = ("NonExistentQueue", "QueueDoesNotExist")
# A role that was just made is not known everywhere yet.
_ROLE_WAITS: t.Final = (1.0, 2.0, 4.0, 8.0)


class AlertAws:
    """AWS for the writes of this module, and their undos.

    A queue is named: its URL, which AWS gave it, is asked for when the request is made. A success of AWS
    that did not take a target is an error here.
    """

    def __init__(self, access: Access, sleep: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._sleep = sleep

    @property
    def caller(self) -> Caller:
        return self._access.caller

    @property
    def chain(self) -> Sequence[str]:
        return self._access.chain

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Mapping[str, t.Any]:
        """The answer to one call."""
        request = dict(parameters or {})
        if operation in (SET_QUEUE, DELETE_QUEUE):
            request["QueueUrl"] = self._find_queue_url(operation, request.pop("QueueName"), region)
        if operation == UNSUBSCRIBE:
            request = {"SubscriptionArn": self._find_subscription(request, region)}
        answer = self._call_patiently(service, operation, request, region)
        if answer.get("FailedEntryCount"):
            entry: Mapping[str, t.Any] = next(iter(answer.get("FailedEntries") or ()), {})
            why = entry.get("ErrorMessage", "AWS does not say why")
            raise AwsError(
                f"target {entry.get('TargetId', '')} was not taken: {why}",
                code=entry.get("ErrorCode", ""),
                service=service,
                operation=operation,
                region=region,
                request_id=find_request_id(answer),
            )
        return answer

    def _find_subscription(self, named: Mapping[str, t.Any], region: t.Optional[str]) -> str:
        """Find the ARN that AWS gave a subscription. Raises AwsError where there is none."""
        found = find_subscription(self._access, named["TopicArn"], named["Endpoint"])
        if found is None:
            raise NotFound(
                "there is no such subscription", code="NotFound", service="sns", operation=UNSUBSCRIBE, region=region
            )
        return found

    def _find_queue_url(self, operation: str, name: str, region: t.Optional[str]) -> str:
        """Find the URL that AWS gave a queue. Raises AwsError, for ``operation`` itself where there is no queue."""
        try:
            return fields.text(self._access.call("sqs", "GetQueueUrl", {"QueueName": name}, region=region), "QueueUrl")
        except NotFound as error:
            # Somebody else deleted it: nothing is sent, so nothing was done by us.
            raise NotFound(
                error.message, code=error.code, service="sqs", operation=operation, region=error.region
            ) from error

    def _call_patiently(
        self, service: str, operation: str, request: Mapping[str, t.Any], region: t.Optional[str]
    ) -> Mapping[str, t.Any]:
        for wait in _ROLE_WAITS if operation == PUT_TARGETS else ():
            try:
                return self._access.call(service, operation, request, region=region)
            except AwsError as error:
                if "cannot be assumed" not in error.message:
                    raise
                self._sleep(wait)
        return self._access.call(service, operation, request, region=region)


def acting(access: Access) -> Callable[[Change], Aws]:
    """Make the AWS for changes of this module, or undos of such."""
    made_with = AlertAws(access)
    return lambda _change: made_with


def read_surroundings(access: Access, topology: Topology, snapshot: Snapshot) -> Surroundings:
    """Read the topics, queues, role and bus that a declaration needs, side by side."""
    topics = {topology.topic_arn(region) for region in topology.notifying_regions}
    queues = {arn for region in topology.place.regions if (arn := topology.queue_arn(region))}
    declared = topology.declared
    reads: dict[str, Callable[[], t.Any]] = {arn: functools.partial(_read_topic, access, arn) for arn in sorted(topics)}
    reads |= {arn: functools.partial(read_queue, access, arn) for arn in sorted(queues)}
    if not declared.role_arn and (topology.hands_on or not declared.present):
        reads[topology.role_arn] = functools.partial(_read_role, access, topology.role_arn)
    if declared.receive_from_organization or not declared.present:
        reads["bus"] = functools.partial(_read_bus_policy, access, topology.hub)
    results = access.gather(reads)
    known = {arn: found for arn, found in results.items() if not isinstance(found, AwsError)}
    return Surroundings(
        topics={arn: known[arn] for arn in topics & known.keys()},
        queues={arn: known[arn] for arn in queues & known.keys()},
        role=known.get(topology.role_arn),
        bus_policy=known.get("bus"),
        organization_id=snapshot.organization.id if snapshot.organization else "",
        unread={arn: str(found) for arn, found in results.items() if isinstance(found, AwsError)},
    )


def _read_topic(access: Access, arn: str) -> t.Optional[AlertTopic]:
    try:
        answer = access.call("sns", "GetTopicAttributes", {"TopicArn": arn}, region=arn.split(":")[3])
    except NotFound:
        return None
    attributes = fields.structure(answer, "Attributes")
    return AlertTopic(
        arn=arn,
        policy=_parse_policy(fields.optional_text(attributes, "Policy")),
        kms_key_id=fields.optional_text(attributes, "KmsMasterKeyId") or "",
    )


def read_queue(access: Access, arn: str) -> t.Optional[dict[str, t.Any]]:
    """Read the name and the policy of a queue; None where there is none."""
    region, name = arn.split(":")[3], arn.rpartition(":")[2]
    try:
        url = access.call("sqs", "GetQueueUrl", {"QueueName": name}, region=region)["QueueUrl"]
        wanted = {"QueueUrl": url, "AttributeNames": ["Policy"]}
        answer = access.call("sqs", "GetQueueAttributes", wanted, region=region)
    except AwsError as error:
        if isinstance(error, NotFound) or error.code.endswith(_NO_QUEUE):
            return None
        raise
    attributes = fields.optional_structure(answer, "Attributes") or {}
    return {"queue": name, "policy": _parse_policy(fields.optional_text(attributes, "Policy"))}


def find_subscription(access: Access, topic_arn: str, endpoint: str) -> t.Optional[str]:
    """Find the ARN of the subscription of an endpoint to a topic; None where there is none."""
    listed = access.items(
        "sns", "ListSubscriptionsByTopic", "Subscriptions", {"TopicArn": topic_arn}, region=topic_arn.split(":")[3]
    )
    try:
        return next((str(item["SubscriptionArn"]) for item in listed if item.get("Endpoint") == endpoint), None)
    except NotFound:
        return None


def _read_role(access: Access, arn: str) -> t.Optional[Role]:
    name = arn.rpartition("/")[2]
    try:
        role = fields.structure(access.call("iam", "GetRole", {"RoleName": name}), "Role")
    except NotFound:
        return None
    try:
        policy = access.call("iam", "GetRolePolicy", {"RoleName": name, "PolicyName": ROLE_POLICY})["PolicyDocument"]
    except NotFound:
        policy = None
    return Role(
        arn=fields.text(role, "Arn"),
        trust=_normalize(role["AssumeRolePolicyDocument"]),
        policy=_normalize(policy),
        tags=fields.tags(role),
        boundary=(role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "",
    )


def _normalize(document: t.Any) -> t.Any:
    """Normalize a document to plain JSON: botocore decodes most of them, in dictionaries of its own order."""
    return _parse_policy(document) if isinstance(document, str) else json.loads(json.dumps(document))


def _parse_policy(text: t.Optional[str]) -> t.Any:
    """Parse a policy; None where there is none.

    :raises Unparsable: it is no JSON. Taken for none, it would be replaced.
    """
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise Unparsable(f"the policy in AWS's answer is no JSON: {error}") from error


def _read_bus_policy(access: Access, region: str) -> t.Any:
    answer = access.call(EVENTS, "DescribeEventBus", {"Name": "default"}, region=region)
    return _parse_policy(fields.optional_text(answer, "Policy"))


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_reread, access)


def _reread(access: Access, change: Change) -> t.Any:
    try:
        return _read_target(access, change)
    except Unreadable as failure:
        raise AwsError(f"{change.target}: {failure.reason}") from failure


def _read_target(access: Access, change: Change) -> t.Any:
    arn, _space, _part = change.target.partition(" ")
    if change.service == EVENTS:
        return _read_event_part(access, change, arn)
    if change.operation in (SUBSCRIBE, UNSUBSCRIBE):
        endpoint = _part.removeprefix("subscription ")
        return {"subscription": endpoint} if find_subscription(access, arn, endpoint) else None
    if change.service == "sns":
        topic = _read_topic(access, arn)
        if change.operation in (CREATE_TOPIC, DELETE_TOPIC):
            return topic and {"topic": arn.rpartition(":")[2], "kms_key_id": topic.kms_key_id, "policy": topic.policy}
        return _describe_attribute(topic, _part)
    if change.service == "sqs":
        queue = read_queue(access, arn)
        if change.operation in (CREATE_QUEUE, DELETE_QUEUE):
            return queue
        return {"Policy": queue["policy"] if queue else None}
    return _read_role_part(_read_role(access, arn), _part)


def _describe_attribute(topic: t.Optional[AlertTopic], name: str) -> dict[str, t.Any]:
    if topic is None:
        return {name: None}
    return {name: topic.policy if name == "Policy" else topic.kms_key_id}


def _read_role_part(role: t.Optional[Role], part: str) -> t.Any:
    if not part:
        return role and describe_role(role.arn.rpartition("/")[2], role.trust, role.boundary)
    if part == "trust":
        return {"trust": role.trust if role else None}
    return {"policy": role.policy} if role and role.policy is not None else None


def _read_event_part(access: Access, change: Change, arn: str) -> t.Any:
    region, name = change.region, arn.rpartition("rule/")[2]
    if change.operation in (PUT_RULE, DELETE_RULE):
        return describe_rule(_read_rule(access, region, name))
    if change.operation in (PUT_TARGETS, REMOVE_TARGETS):
        identifier = change.target.rpartition(" target ")[2]
        return describe_target(_read_rule_target(access, region, name, identifier))
    if change.operation in (PUT_PERMISSION, REMOVE_PERMISSION):
        statements = (_read_bus_policy(access, region) or {}).get("Statement") or []
        return next((item for item in statements if item.get("Sid") == STATEMENT), None)
    return {"tags": _read_tags(access, region, arn, (change.before or change.after)["tags"])}


def _read_rule(access: Access, region: str, name: str) -> t.Any:
    try:
        return event_rule(access.call(EVENTS, "DescribeRule", {"Name": name}, region=region), region)
    except NotFound:
        return None


def _read_rule_target(access: Access, region: str, rule: str, identifier: str) -> t.Any:
    try:
        listed = list(access.items(EVENTS, "ListTargetsByRule", "Targets", {"Rule": rule}, region=region))
    except NotFound:
        return None
    return next((found for found in map(event_target, listed) if found.id == identifier), None)


def _read_tags(access: Access, region: str, arn: str, keys: Mapping[str, t.Any]) -> dict[str, t.Any]:
    try:
        found = fields.tags(access.call(EVENTS, "ListTagsForResource", {"ResourceARN": arn}, region=region))
    except NotFound:
        found = {}
    return {key: found.get(key) for key in keys}
