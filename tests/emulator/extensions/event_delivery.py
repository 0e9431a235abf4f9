# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EventBridge does with an event: rules, messages, topics, queues, other buses, and what can't be delivered.

moto delivers whatever policies say, and knows no topics. Retries are left out: what is refused goes to the dead-letter
queue at once.
"""

from __future__ import annotations

import copy
import fnmatch
import json
import re
import typing as t
import uuid

from moto.events.models import Rule, events_backends
from moto.iam.models import Role
from moto.kms.models import kms_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from emulator import identity
from emulator.extensions.state import clock

Event: t.TypeAlias = dict[str, t.Any]
Target: t.TypeAlias = t.Mapping[str, t.Any]

SERVICE: t.Final = "events.amazonaws.com"
_WITH_READS: t.Final = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_OURS: t.Final = frozenset({"sns", "sqs", "events"})
_STEP: t.Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")

_send_to_targets = Rule.send_to_targets


class UndeliverableError(Exception):
    """A target does not take an event; the message says why."""


class _HandedOn(dict[str, t.Any]):
    """An event that comes from another bus: AWS does not hand it on once more."""


def put(account_id: str, region: str, event: Event, *, bus: str = "default") -> int:
    """Put an event on a bus, as AWS's own services do; how many rules it triggered."""
    backend = events_backends[account_id][region]
    triggered = [rule for rule in backend.describe_event_bus(bus).rules.values() if _is_triggered(rule, event)]
    for rule in triggered:
        rule.send_to_targets(event)
    return len(triggered)


def _is_triggered(rule: Rule, event: Event) -> bool:
    detail = event.get("detail") or {}
    only_reads = str(detail.get("readOnly")).lower() == "true" and detail.get("managementEvent")
    if rule.state == "DISABLED" or (only_reads and rule.state != _WITH_READS):
        return False
    return bool(rule.event_pattern.matches_event(event))


def send_to_targets(self: Rule, original_event: Event, transform_input: bool = True) -> None:
    """To each target what it is to get; what it does not take goes to the target's dead-letter queue."""
    if not _is_triggered(self, original_event):
        return
    for target in self.targets:
        if target["Arn"].split(":")[2] not in _OURS or "archive-arn" in original_event:
            alone = copy.copy(self)
            alone.targets = [target]
            _send_to_targets(alone, original_event, transform_input)
            continue
        try:
            _deliver(self, target, original_event)
        except UndeliverableError as failure:
            _bury(self, target, original_event, str(failure))


def _deliver(rule: Rule, target: Target, event: Event) -> None:
    service, region, account, name = _parts(target["Arn"])
    if service == "sns":
        _publish(rule, target["Arn"], render(target, event))
    elif service == "sqs":
        _send(rule, target["Arn"], render(target, event))
    else:
        _hand_on(rule, target, event, account, region, name.partition("/")[2])


def _parts(arn: str) -> tuple[str, str, str, str]:
    _arn, _partition, service, region, account, name = arn.split(":", 5)
    return service, region, account, name


def render(target: Target, event: Event) -> str:
    """What a target gets of an event: all of it, or what its transformer makes of it."""
    transformer = target.get("InputTransformer")
    if transformer is None:
        return str(target.get("Input") or json.dumps(event, default=str))
    text = transformer["InputTemplate"]
    for name, path in transformer.get("InputPathsMap", {}).items():
        text = text.replace(f"<{name}>", _text(_at(event, path)))
    return str(text)


def _at(event: Event, path: str) -> t.Any:
    found: t.Any = event
    for index, key in _STEP.findall(path.removeprefix("$")):
        try:
            found = found[int(index)] if index else found[key]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def _text(value: t.Any) -> str:
    # What a path does not find leaves nothing in the message.
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _publish(rule: Rule, arn: str, message: str) -> None:
    _service, region, account, _name = _parts(arn)
    topic = sns_backends[account][region].topics.get(arn)
    if topic is None:
        raise UndeliverableError(f"NO_TOPIC: {arn}")
    if not allows(json.loads(topic.policy), "sns:Publish", arn, rule):
        raise UndeliverableError("NO_PERMISSIONS: the topic's policy does not let EventBridge publish")
    _check_key(topic.kms_master_key_id, account, region, rule)
    topic.publish(message)


def _check_key(key_id: str, account: str, region: str, rule: Rule) -> None:
    """The key must let EventBridge use it. AWS's own keys for a service never do."""
    if not key_id:
        return
    backend = kms_backends[account][region]
    known = key_id if key_id in backend.keys else backend.get_key_id(backend.get_key_id_from_alias(key_id) or key_id)
    key = backend.keys.get(known)
    policy = json.loads(key.policy) if key is not None and "alias/aws/" not in key_id else {}
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        if not allows(policy, action, "*", rule):
            raise UndeliverableError(f"KMS_ACCESS_DENIED: {action}")


def _send(rule: Rule, arn: str, message: str, attributes: t.Optional[Event] = None) -> None:
    _service, region, account, name = _parts(arn)
    queue = sqs_backends[account][region].queues.get(name)
    if queue is None:
        raise UndeliverableError(f"NO_QUEUE: {arn}")
    policy = json.loads(queue.policy) if isinstance(queue.policy, str) and queue.policy else queue.policy or {}
    if not allows(policy, "sqs:SendMessage", arn, rule):
        raise UndeliverableError("NO_PERMISSIONS: the queue's policy does not let EventBridge send")
    sent = {name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()}
    sqs_backends[account][region].send_message(name, message, message_attributes=sent)


def _bury(rule: Rule, target: Target, event: Event, why: str) -> None:
    """Into the dead-letter queue, with AWS's attributes; where there is none, or it refuses too, the event is lost."""
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    code, _colon, message = why.partition(": ")
    about = {"ERROR_CODE": code, "ERROR_MESSAGE": message or why, "RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"]}
    try:
        _send(rule, queue, json.dumps(event, default=str), about)
    except UndeliverableError:
        return


def _hand_on(rule: Rule, target: Target, event: Event, account: str, region: str, bus: str) -> None:
    if isinstance(event, _HandedOn):
        return
    role = role_at(target.get("RoleArn", ""))
    if (account, region) != (rule.account_id, rule.region_name):
        if role is None or not assumable(target["RoleArn"]):
            raise UndeliverableError("NO_PERMISSIONS: the role can't be assumed")
        if not any(_grants(json.loads(policy), target["Arn"]) for policy in role.policies.values()):
            raise UndeliverableError(f"NO_PERMISSIONS: the role may not put events on {target['Arn']}")
    if account != rule.account_id and not _admits(rule.account_id, account, region, bus):
        raise UndeliverableError(f"NO_PERMISSIONS: the policy of {target['Arn']} does not admit {rule.account_id}")
    put(account, region, _HandedOn(event), bus=bus)


def role_at(arn: str) -> Role | None:
    """The role of an ARN."""
    if not arn:
        return None
    _service, _region, account, _name = _parts(arn)
    backend = identity.existing_backend(account, arn.split(":")[1])
    roles = backend.roles.values() if backend else ()
    return next((role for role in roles if role.arn == arn), None)


def assumable(arn: str) -> bool:
    """Whether EventBridge may assume a role. For which rules is asked when it does so."""
    role = role_at(arn)
    if role is None:
        return False
    statements = json.loads(role.assume_role_policy_document).get("Statement", [])
    return any(
        statement["Effect"] == "Allow" and SERVICE in _as_list(statement.get("Principal", {}).get("Service"))
        for statement in statements
    )


def _grants(policy: Event, resource: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and _any_like(statement.get("Action"), "events:PutEvents")
        and _any_like(statement.get("Resource"), resource)
        for statement in policy["Statement"]
    )


def _admits(sender: str, account: str, region: str, bus: str) -> bool:
    policy = json.loads(events_backends[account][region].describe_event_bus(bus).policy or '{"Statement": []}')
    organization = identity.organization_id(sender)
    for statement in policy["Statement"]:
        wanted = (statement.get("Condition") or {}).get("StringEquals", {}).get("aws:PrincipalOrgID")
        named = statement["Principal"]
        accounts = [named] if isinstance(named, str) else _as_list(named.get("AWS"))
        if wanted is not None and "*" in accounts and organization == wanted:
            return True
        if wanted is None and any(name == "*" or sender in name for name in accounts):
            return True
    return False


def allows(policy: Event, action: str, resource: str, rule: Rule) -> bool:
    """Whether a resource policy lets EventBridge do this for a rule."""
    about = [item for item in _as_list(policy.get("Statement")) if _is_about(item, action, resource, rule)]
    return any(item["Effect"] == "Allow" for item in about) and not any(item["Effect"] == "Deny" for item in about)


def _is_about(statement: Event, action: str, resource: str, rule: Rule) -> bool:
    principal = statement.get("Principal", {})
    services = ["*"] if principal == "*" else _as_list(principal.get("Service"))
    return (
        bool({SERVICE, "*"} & set(services))
        and _any_like(statement.get("Action"), action)
        and (resource == "*" or _any_like(statement.get("Resource", "*"), resource))
        and all(
            _holds(operator, keys, _context(action, rule)) for operator, keys in statement.get("Condition", {}).items()
        )
    )


def _context(action: str, rule: Rule) -> dict[str, str]:
    """The condition keys that EventBridge sends: the rule to SQS, to SNS and KMS neither it nor the account.

    Of SNS AWS's documents say both; this is what several of them warn of.
    """
    source = {"aws:sourcearn": rule.arn} if action.startswith("sqs:") else {}
    return {"aws:securetransport": "true", **source}


def _holds(operator: str, keys: Event, context: t.Mapping[str, str]) -> bool:
    for key, wanted in keys.items():
        found = context.get(key.lower())
        if found is None:
            return False
        if operator in ("ArnLike", "ArnEquals", "StringLike"):
            held = _any_like(wanted, found)
        else:
            held = found in [str(value).lower() if operator == "Bool" else value for value in _as_list(wanted)]
        if not held:
            return False
    return True


def _any_like(patterns: t.Any, text: str) -> bool:
    return any(fnmatch.fnmatchcase(text.lower(), str(pattern).lower()) for pattern in _as_list(patterns))


def _as_list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def root_login(account_id: str, region: str, *, partition: str = "aws") -> Event:
    """The event of a sign-in of the root user, as CloudTrail puts it on the bus.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
    """
    now = clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    arn = f"arn:{partition}:iam::{account_id}:root"
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": account_id,
            "arn": arn,
            "accountId": account_id,
            "accessKeyId": "",
        },
        "eventTime": now,
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": region,
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {"LoginTo": "https://console.aws.amazon.com/console/home", "MFAUsed": "No"},
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
    }
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS Console Sign In via CloudTrail",
        "source": "aws.signin",
        "account": account_id,
        "time": now,
        "region": region,
        "resources": [],
        "detail": detail,
    }


def install() -> None:
    """Put this in place of moto's delivery."""
    Rule.send_to_targets = send_to_targets
