# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes that alerts take, one API write each, with what takes each of them back."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.event_rules import OWNED, EventRule, EventTarget
from ..._converge.change import GLOBAL, Change, Impact, Undo
from .topology import WantedRule, minify

EVENTS: t.Final = "events"
PUT_RULE: t.Final = "PutRule"
DELETE_RULE: t.Final = "DeleteRule"
PUT_TARGETS: t.Final = "PutTargets"
REMOVE_TARGETS: t.Final = "RemoveTargets"
TAG: t.Final = "TagResource"
UNTAG: t.Final = "UntagResource"
PUT_PERMISSION: t.Final = "PutPermission"
REMOVE_PERMISSION: t.Final = "RemovePermission"
CREATE_TOPIC: t.Final = "CreateTopic"
SET_TOPIC: t.Final = "SetTopicAttributes"
DELETE_TOPIC: t.Final = "DeleteTopic"
CREATE_QUEUE: t.Final = "CreateQueue"
SET_QUEUE: t.Final = "SetQueueAttributes"
DELETE_QUEUE: t.Final = "DeleteQueue"
SUBSCRIBE: t.Final = "Subscribe"
UNSUBSCRIBE: t.Final = "Unsubscribe"
PUT_EVENTS: t.Final = "PutEvents"
CREATE_ROLE: t.Final = "CreateRole"
DELETE_ROLE: t.Final = "DeleteRole"
SET_TRUST: t.Final = "UpdateAssumeRolePolicy"
PUT_ROLE_POLICY: t.Final = "PutRolePolicy"
DELETE_ROLE_POLICY: t.Final = "DeleteRolePolicy"

WRITES: t.Final = frozenset(
    {f"{EVENTS}:{name}" for name in (PUT_RULE, DELETE_RULE, PUT_TARGETS, REMOVE_TARGETS, TAG, UNTAG)}
    | {f"{EVENTS}:{name}" for name in (PUT_PERMISSION, REMOVE_PERMISSION, PUT_EVENTS)}
    | {f"sns:{name}" for name in (CREATE_TOPIC, SET_TOPIC, DELETE_TOPIC, SUBSCRIBE, UNSUBSCRIBE)}
    | {f"sqs:{name}" for name in (CREATE_QUEUE, SET_QUEUE, DELETE_QUEUE)}
    | {f"iam:{name}" for name in (CREATE_ROLE, DELETE_ROLE, SET_TRUST, PUT_ROLE_POLICY, DELETE_ROLE_POLICY)}
)
ROLE_POLICY: t.Final = "hand-on-events"
ROLE_DESCRIPTION: t.Final = "Hands on events that alert (hardening.iam)"
STATEMENT: t.Final = "iam-hardening-organization"

Document = Mapping[str, t.Any]


def normalize(value: t.Any) -> t.Any:
    """Normalize a pattern, so that two can be compared: the order of a list means nothing."""
    if isinstance(value, Mapping):
        return {key: normalize(member) for key, member in value.items()}
    if isinstance(value, list):
        return sorted((normalize(member) for member in value), key=minify)
    return value


def describe_rule(rule: t.Optional[EventRule]) -> t.Optional[dict[str, t.Any]]:
    """Describe a rule as changes have it, without its targets and tags; None where there is none."""
    if rule is None:
        return None
    return _describe_fields(rule.name, rule.pattern, rule.state, rule.description)


def _describe_fields(name: str, pattern: t.Any, state: str, description: str) -> dict[str, t.Any]:
    return {"rule": name, "state": state, "description": description, "pattern": normalize(pattern)}


def describe_target(target: t.Optional[EventTarget]) -> t.Optional[dict[str, t.Any]]:
    """Describe a target as changes have it; None where there is none."""
    return None if target is None else {"target": target.id, "arn": target.arn, **target.settings}


def build_tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Build the tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


@dataclasses.dataclass(frozen=True)
class AlertWriter:
    """Makes the changes of one account. None of them gives or takes anybody access to anything but the alerts."""

    account_id: str
    tags: Mapping[str, str]

    @property
    def _tags(self) -> dict[str, str]:
        return {**self.tags, OWNED[0]: OWNED[1]}

    # Rules

    def put_rule(self, wanted: WantedRule, arn: str, live: t.Optional[EventRule]) -> Change:
        """The rule with all that PutRule would otherwise forget. It takes tags with a new rule only."""
        after = _describe_fields(wanted.name, wanted.pattern, wanted.state, wanted.description)
        request = _build_rule_request(wanted.name, wanted.pattern, wanted.state, wanted.description)
        if live is None:
            request["Tags"] = build_tag_list(self._tags)
            undo = Undo(DELETE_RULE, {"Name": wanted.name})
        else:
            request |= {"RoleArn": live.role_arn} if live.role_arn else {}
            undo = Undo(PUT_RULE, _build_restore_request(live))
        return self._make_change(EVENTS, wanted.region, PUT_RULE, arn, request, (describe_rule(live), after), undo)

    def delete_rule(self, live: EventRule) -> Change:
        """The rule, which has no target any more."""
        undo = Undo(PUT_RULE, {**_build_restore_request(live), "Tags": build_tag_list(live.tags)})
        states = (describe_rule(live), None)
        return self._make_change(EVENTS, live.region, DELETE_RULE, live.arn, {"Name": live.name}, states, undo)

    def put_target(
        self, rule: str, arn: str, region: str, target: EventTarget, live: t.Optional[EventTarget]
    ) -> Change:
        """One target, by its id: those of others stay."""
        request = {"Rule": rule, "Targets": [target.request]}
        if live is None:
            undo = Undo(REMOVE_TARGETS, {"Rule": rule, "Ids": [target.id]})
        else:
            undo = Undo(PUT_TARGETS, {"Rule": rule, "Targets": [live.request]})
        states = (describe_target(live), describe_target(target))
        return self._make_change(EVENTS, region, PUT_TARGETS, f"{arn} target {target.id}", request, states, undo)

    def remove_target(self, rule: EventRule, target: EventTarget) -> Change:
        """One target of ours."""
        undo = Undo(PUT_TARGETS, {"Rule": rule.name, "Targets": [target.request]})
        request = {"Rule": rule.name, "Ids": [target.id]}
        place = f"{rule.arn} target {target.id}"
        return self._make_change(
            EVENTS, rule.region, REMOVE_TARGETS, place, request, (describe_target(target), None), undo
        )

    def tag_rule(self, live: EventRule) -> tuple[Change, ...]:
        """Our tags on a rule that lacks some; foreign ones stay."""
        lacking = {key: value for key, value in self._tags.items() if live.tags.get(key) != value}
        if not lacking:
            return ()
        before = {key: live.tags.get(key) for key in lacking}
        changed = {key: value for key, value in before.items() if value is not None}
        undo = (
            Undo(TAG, {"ResourceARN": live.arn, "Tags": build_tag_list(changed)})
            if changed
            else Undo(UNTAG, {"ResourceARN": live.arn, "TagKeys": sorted(lacking)})
        )
        request = {"ResourceARN": live.arn, "Tags": build_tag_list(lacking)}
        states = ({"tags": before}, {"tags": lacking})
        return (self._make_change(EVENTS, live.region, TAG, f"{live.arn} tags", request, states, undo),)

    # The targets of the rules

    def create_topic(self, arn: str, policy: Document, kms_key_id: str) -> Change:
        """A topic that EventBridge may publish to."""
        name, region = arn.rpartition(":")[2], arn.split(":")[3]
        attributes = {"Policy": minify(policy), **({"KmsMasterKeyId": kms_key_id} if kms_key_id else {})}
        request = {"Name": name, "Attributes": attributes, "Tags": build_tag_list(self._tags)}
        after = {"topic": name, "kms_key_id": kms_key_id, "policy": policy}
        undo = Undo(DELETE_TOPIC, {"TopicArn": arn})
        return self._make_change("sns", region, CREATE_TOPIC, arn, request, (None, after), undo)

    def set_topic(self, arn: str, attribute: str, before: t.Any, after: t.Any) -> Change:
        """One attribute of a topic: its policy (a document), or the id of its key."""
        named = {"TopicArn": arn, "AttributeName": attribute}
        request = {**named, "AttributeValue": _write_text(after)}
        undo = Undo(SET_TOPIC, {**named, "AttributeValue": _write_text(before)})
        states = ({attribute: before}, {attribute: after})
        return self._make_change("sns", arn.split(":")[3], SET_TOPIC, f"{arn} {attribute}", request, states, undo)

    def create_queue(self, arn: str, policy: Document) -> Change:
        """A queue for what could not be delivered, which keeps it for as long as SQS can: two weeks."""
        name, region = arn.rpartition(":")[2], arn.split(":")[3]
        attributes = {"MessageRetentionPeriod": "1209600", "SqsManagedSseEnabled": "true", "Policy": minify(policy)}
        request = {"QueueName": name, "Attributes": attributes, "tags": self._tags}
        undo = Undo(DELETE_QUEUE, {"QueueName": name})
        return self._make_change(
            "sqs", region, CREATE_QUEUE, arn, request, (None, {"queue": name, "policy": policy}), undo
        )

    def set_queue(self, arn: str, before: t.Any, after: Document) -> Change:
        """The policy of a queue."""
        name, region = arn.rpartition(":")[2], arn.split(":")[3]
        request = {"QueueName": name, "Attributes": {"Policy": minify(after)}}
        undo = Undo(SET_QUEUE, {"QueueName": name, "Attributes": {"Policy": _write_text(before)}})
        return self._make_change(
            "sqs", region, SET_QUEUE, f"{arn} Policy", request, ({"Policy": before}, {"Policy": after}), undo
        )

    def admit_organization(self, bus_arn: str, organization_id: str, live: t.Any) -> Change:
        """The statement of the default bus that lets accounts of the organization send events."""
        condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": organization_id}
        request = {
            "EventBusName": "default",
            "StatementId": STATEMENT,
            "Action": "events:PutEvents",
            "Principal": "*",
            "Condition": condition,
        }
        undo = Undo(REMOVE_PERMISSION, {"EventBusName": "default", "StatementId": STATEMENT})
        states = (live, build_admission(bus_arn, organization_id))
        place = f"{bus_arn} statement {STATEMENT}"
        return self._make_change(EVENTS, bus_arn.split(":")[3], PUT_PERMISSION, place, request, states, undo)

    def withdraw_admission(self, bus_arn: str, live: Document) -> Change:
        """The same statement away."""
        value = next(iter(live["Condition"].values()))["aws:PrincipalOrgID"]
        undo = self.admit_organization(bus_arn, value, None).parameters
        request = {"EventBusName": "default", "StatementId": STATEMENT}
        place = f"{bus_arn} statement {STATEMENT}"
        return self._make_change(
            EVENTS, bus_arn.split(":")[3], REMOVE_PERMISSION, place, request, (live, None), Undo(PUT_PERMISSION, undo)
        )

    # The probe

    def subscribe(self, topic_arn: str, queue_arn: str) -> Change:
        """A queue that gets what is published to a topic."""
        named = {"TopicArn": topic_arn, "Endpoint": queue_arn}
        request = {**named, "Protocol": "sqs"}
        states = (None, {"subscription": queue_arn})
        place = f"{topic_arn} subscription {queue_arn}"
        return self._make_change(
            "sns", topic_arn.split(":")[3], SUBSCRIBE, place, request, states, Undo(UNSUBSCRIBE, named)
        )

    def unsubscribe(self, topic_arn: str, queue_arn: str) -> Change:
        """The same subscription away. Its ARN, which only AWS knows, is asked for when the request is made."""
        change = self.subscribe(topic_arn, queue_arn)
        request = {"TopicArn": topic_arn, "Endpoint": queue_arn}
        states = (change.after, None)
        return self._make_change("sns", change.region, UNSUBSCRIBE, change.target, request, states, None)

    def delete_queue(self, arn: str, policy: Document) -> Change:
        """A queue of the probe, with what it holds."""
        name = arn.rpartition(":")[2]
        states = ({"queue": name, "policy": policy}, None)
        return self._make_change("sqs", arn.split(":")[3], DELETE_QUEUE, arn, {"QueueName": name}, states, None)

    def put_events(self, bus_arn: str, number: int, entries: Sequence[Document]) -> Change:
        """Events on a bus, one after the other: those of all regions are sent when all of these are ready."""
        states = (None, {"events": [entry["Detail"] for entry in entries]})
        place = f"{bus_arn} events {number}"
        return self._make_change(EVENTS, GLOBAL, PUT_EVENTS, place, {"Entries": list(entries)}, states, None)

    # The role that hands events on

    def create_role(self, arn: str, trust: Document, boundary: str = "") -> Change:
        """The role, which only EventBridge may assume, and only for our rules of this account."""
        path, name = _split_role_arn(arn)
        about = {"Path": path, "RoleName": name, "Description": ROLE_DESCRIPTION}
        request = {**about, "AssumeRolePolicyDocument": minify(trust), "Tags": build_tag_list(self._tags)}
        request |= {"PermissionsBoundary": boundary} if boundary else {}
        undo = Undo(DELETE_ROLE, {"RoleName": name})
        return self._make_change(
            "iam", GLOBAL, CREATE_ROLE, arn, request, (None, describe_role(name, trust, boundary)), undo
        )

    def set_trust(self, arn: str, before: Document, after: Document) -> Change:
        """Set who may assume the role."""
        name = _split_role_arn(arn)[1]
        request = {"RoleName": name, "PolicyDocument": minify(after)}
        undo = Undo(SET_TRUST, {"RoleName": name, "PolicyDocument": minify(before)})
        states = ({"trust": before}, {"trust": after})
        return self._make_change("iam", GLOBAL, SET_TRUST, f"{arn} trust", request, states, undo)

    def put_role_policy(self, arn: str, before: t.Optional[Document], after: Document) -> Change:
        """Set what the role may do."""
        named = {"RoleName": _split_role_arn(arn)[1], "PolicyName": ROLE_POLICY}
        request = {**named, "PolicyDocument": minify(after)}
        undo = Undo(DELETE_ROLE_POLICY, named)
        if before is not None:
            undo = Undo(PUT_ROLE_POLICY, {**named, "PolicyDocument": minify(before)})
        states = (None if before is None else {"policy": before}, {"policy": after})
        return self._make_change("iam", GLOBAL, PUT_ROLE_POLICY, f"{arn} policy {ROLE_POLICY}", request, states, undo)

    def delete_role(
        self, arn: str, trust: Document, policy: t.Optional[Document], boundary: str = ""
    ) -> tuple[Change, ...]:
        """The role, after the policy that is in it."""
        path, name = _split_role_arn(arn)
        changes = []
        if policy is not None:
            named = {"RoleName": name, "PolicyName": ROLE_POLICY}
            undo = Undo(PUT_ROLE_POLICY, {**named, "PolicyDocument": minify(policy)})
            place = f"{arn} policy {ROLE_POLICY}"
            states = ({"policy": policy}, None)
            changes.append(self._make_change("iam", GLOBAL, DELETE_ROLE_POLICY, place, named, states, undo))
        anew = self.create_role(arn, trust, boundary)
        undo = Undo(CREATE_ROLE, anew.parameters)
        states = (anew.after, None)
        return (*changes, self._make_change("iam", GLOBAL, DELETE_ROLE, arn, {"RoleName": name}, states, undo))

    def _make_change(
        self,
        service: str,
        region: str,
        operation: str,
        target: str,
        request: Mapping[str, t.Any],
        states: tuple[t.Any, t.Any],
        undo: t.Optional[Undo],
    ) -> Change:
        return Change(
            account_id=self.account_id,
            region=region,
            service=service,
            operation=operation,
            target=target,
            parameters=request,
            before=states[0],
            after=states[1],
            kind=f"event_alerts_{operation}",
            impact=Impact.ADDITIVE,
            undo=undo,
        )


def describe_role(name: str, trust: t.Any, boundary: str) -> dict[str, t.Any]:
    """Describe a role as plan and journal have it: its permissions boundary only where it has one."""
    return {"role": name, "trust": trust, **({"boundary": boundary} if boundary else {})}


def _build_rule_request(name: str, pattern: t.Any, state: str, description: str) -> dict[str, t.Any]:
    return {"Name": name, "EventPattern": minify(pattern), "State": state, "Description": description}


def _build_restore_request(live: EventRule) -> dict[str, t.Any]:
    role = {"RoleArn": live.role_arn} if live.role_arn else {}
    return {**_build_rule_request(live.name, live.pattern, live.state, live.description), **role}


def _write_text(value: t.Any) -> str:
    """Write a document as an attribute takes it; an empty text removes it."""
    return value if isinstance(value, str) else minify(value) if value else ""


def _split_role_arn(role_arn: str) -> tuple[str, str]:
    """Split the ARN of a role into path and name."""
    path, _slash, name = role_arn.partition(":role/")[2].rpartition("/")
    return (f"/{path}/" if path else "/"), name


def build_admission(bus_arn: str, organization_id: str) -> dict[str, t.Any]:
    """Build the statement that :meth:`AlertWriter.admit_organization` leaves, as AWS shows it."""
    return {
        "Sid": STATEMENT,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": bus_arn,
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization_id}},
    }


def merge_statement(document: t.Any, statement: Document) -> dict[str, t.Any]:
    """Merge a statement of ours into a resource policy: it replaces one of the same id, all others stay."""
    present: dict[str, t.Any] = {"Version": "2012-10-17"}
    if isinstance(document, Mapping):
        present = json.loads(json.dumps(document))
    statements = present.get("Statement") or []
    listed = statements if isinstance(statements, list) else [statements]
    kept = [item for item in listed if item.get("Sid") != statement["Sid"]]
    return {**present, "Statement": [*kept, dict(statement)]}


def relies_on(later: Change, earlier: Change) -> bool:
    """Whether a change of a run may rely on an earlier one: on the same thing, or a rule's target on what it is."""
    if _find_thing(later) == _find_thing(earlier):
        return True
    return later.operation == PUT_TARGETS and _find_thing(earlier) in minify(later.after or {})


def _find_thing(change: Change) -> str:
    """Find the target of a change, whatever part of it changes."""
    return change.target.partition(" ")[0]
