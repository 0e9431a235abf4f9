# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What stands around the rules: the topics, queues, role and bus that they need, as found and as they should be."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..._account.event_rules import OWNED, PREFIX, AlertTopic
from ..._controls.effects.delivery import EVENTBRIDGE, Sender, admits
from ..._converge.change import Change, Refusal
from ..._policy.documents.canonical import are_equivalent
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import PolicyError
from ..._policy.evaluation.truth import YES
from .changes import (
    CREATE_QUEUE,
    CREATE_ROLE,
    CREATE_TOPIC,
    DELETE_ROLE,
    PUT_PERMISSION,
    SET_QUEUE,
    SET_TOPIC,
    STATEMENT,
    AlertWriter,
    build_admission,
    merge_statement,
)
from .declared import Declared
from .topology import Topology

SID: t.Final = "IamHardeningEvents"


@dataclasses.dataclass(frozen=True)
class Role:
    """The role that hands events on. ``policy`` is the inline policy of ours in it, ``boundary`` an ARN."""

    arn: str
    trust: t.Any
    policy: t.Any
    tags: Mapping[str, str]
    boundary: str = ""

    @property
    def is_owned(self) -> bool:
        return self.tags.get(OWNED[0]) == OWNED[1]


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """The surroundings by ARN; a missing topic or queue is None. ``unread`` has the errors of failed reads."""

    topics: Mapping[str, t.Optional[AlertTopic]] = dataclasses.field(default_factory=dict)
    queues: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    role: t.Optional[Role] = None
    bus_policy: t.Any = None
    organization_id: str = ""
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class SurroundingsPlanner:
    """Plans what the rules need before they can deliver; a region without it gets no rules."""

    declared: Declared
    topology: Topology
    found: Surroundings
    writer: AlertWriter

    def plan_role(self) -> Iterator[t.Union[Change, Refusal]]:
        """Plan the role by which events are handed on; nothing where one is given."""
        if not self.topology.hands_on or self.declared.role_arn:
            return
        arn, live = self.topology.role_arn, self.found.role
        if arn in self.found.unread:
            yield _refuse("unread", f"the role is not known: {self.found.unread[arn]}", arn, CREATE_ROLE)
            return
        if live is None:
            yield self.writer.create_role(arn, self._trust, self.declared.role_permissions_boundary)
            yield self.writer.put_role_policy(arn, None, self._permissions)
            return
        if not live.is_owned and not self.declared.adopt:
            reason = "a role of this name exists that this collection did not create; set adopt to take it over"
            yield _refuse("foreign", reason, arn, CREATE_ROLE)
            return
        yield from self._update_role(live)

    def _update_role(self, live: Role) -> Iterator[t.Union[Change, Refusal]]:
        """Bring an existing role to the declaration."""
        trusts, permits = _has_same_meaning(live.trust, self._trust), _has_same_meaning(live.policy, self._permissions)
        wanted = self.declared.role_permissions_boundary
        if wanted and live.boundary != wanted and not (trusts and permits):
            reason = (
                f"the role does not have the permissions boundary {wanted}, so its permissions are not extended; set "
                "the boundary, or delete the role so that it is created again"
            )
            yield _refuse("no_boundary", reason, live.arn, CREATE_ROLE)
            return
        if not trusts:
            yield self.writer.set_trust(live.arn, live.trust, self._trust)
        if not permits:
            yield self.writer.put_role_policy(live.arn, live.policy, self._permissions)

    def remove_role(self, unread: Sequence[str]) -> tuple[t.Union[Change, Refusal], ...]:
        """Remove our role with the rules. Rules in regions that were not read may need it."""
        live = self.found.role
        if live is None or not live.is_owned:
            return ()
        if unread:
            reason = f"rules may need the role in regions that could not be read: {', '.join(unread)}"
            return (_refuse("unread", reason, live.arn, DELETE_ROLE),)
        return self.writer.delete_role(live.arn, live.trust, live.policy, live.boundary)

    def plan_region(self, region: str) -> Iterator[t.Union[Change, Refusal]]:
        """Plan the topic, queue and bus of a region."""
        if region in self.topology.notifying_regions:
            yield from self._plan_topic(self.topology.topic_arn(region))
        queue = self.topology.queue_arn(region)
        if queue:
            yield from self._plan_queue(queue, region)
        if region == self.topology.hub:
            yield from self._plan_bus()

    def _plan_topic(self, arn: str) -> Iterator[t.Union[Change, Refusal]]:
        live = self.found.topics.get(arn)
        if arn.split(":")[4] != self.topology.place.account_id:
            # Its owner admits these rules, and tells nobody else.
            return
        if arn in self.found.unread:
            yield _refuse("unread", f"the topic is not known: {self.found.unread[arn]}", arn, CREATE_TOPIC)
        elif live is None and self.declared.create_topic:
            yield self.writer.create_topic(arn, self._build_topic_policy(arn), self.declared.kms_key_id)
        elif live is None:
            yield _refuse("no_topic", "there is no such topic; set create_topic to create one", arn, CREATE_TOPIC)
        else:
            yield from self._open_topic(arn, live)
            if self.declared.create_topic and self.declared.kms_key_id not in ("", live.kms_key_id):
                yield self.writer.set_topic(arn, "KmsMasterKeyId", live.kms_key_id, self.declared.kms_key_id)

    def _open_topic(self, arn: str, live: AlertTopic) -> Iterator[t.Union[Change, Refusal]]:
        """Add our statement to the policy of a topic, unless EventBridge may publish for sure without it."""
        senders = self._list_senders(arn.split(":")[3])
        if _admits_all(live.policy, "sns:Publish", arn, senders):
            return
        after = merge_statement(live.policy, self._build_publish(arn))
        if _admits_all(after, "sns:Publish", arn, senders):
            yield self.writer.set_topic(arn, "Policy", live.policy, after)
        else:
            reason = (
                f"a statement of its policy denies {EVENTBRIDGE} to publish; remove the statement, or set another topic"
            )
            yield _refuse("denied", reason, arn, SET_TOPIC)

    def _list_senders(self, region: str) -> tuple[Sender, ...]:
        """List EventBridge as the sender for each of the rules that are wanted in a region."""
        place = self.topology.place
        return tuple(
            Sender(EVENTBRIDGE, place.account_id, place.arn("events", region, f"rule/{rule.name}"))
            for rule in self.topology.list_rules()
            if rule.region == region
        )

    def _plan_queue(self, arn: str, region: str) -> Iterator[t.Union[Change, Refusal]]:
        statement = self._build_send(arn, region)
        if arn in self.found.unread:
            yield _refuse("unread", f"the queue is not known: {self.found.unread[arn]}", arn, CREATE_QUEUE)
        elif self.found.queues.get(arn) is not None:
            live = self.found.queues[arn].get("policy")
            senders = self._list_senders(region)
            after = merge_statement(live, statement)
            if _admits_all(live, "sqs:SendMessage", arn, senders):
                return
            if _admits_all(after, "sqs:SendMessage", arn, senders):
                yield self.writer.set_queue(arn, live, after)
            else:
                reason = (
                    f"a statement of its policy denies {EVENTBRIDGE} to send; remove the statement, or set another "
                    "queue"
                )
                yield _refuse("denied", reason, arn, SET_QUEUE)
        elif self.declared.create_dead_letter_queue:
            yield self.writer.create_queue(arn, {"Version": "2012-10-17", "Statement": [statement]})
        else:
            reason = "there is no such queue; set create_dead_letter_queue to create one"
            yield _refuse("no_queue", reason, arn, CREATE_QUEUE)

    def _plan_bus(self) -> Iterator[t.Union[Change, Refusal]]:
        arn = self.topology.place.arn("events", self.topology.hub, "event-bus/default")
        live = self.statement
        if not self.declared.receive_from_organization:
            return
        if not self.found.organization_id:
            reason = "the account is in no organization, or may not read it, so its accounts can't be admitted"
            yield _refuse("no_organization", reason, arn, PUT_PERMISSION)
        elif live is None or not _has_same_meaning(
            _wrap_statement(live), _wrap_statement(build_admission(arn, self.found.organization_id))
        ):
            yield self.writer.admit_organization(arn, self.found.organization_id, live)

    def withdraw_admission(self) -> tuple[Change, ...]:
        """Remove the organization from the bus of this account."""
        if self.statement is None:
            return ()
        arn = self.topology.place.arn("events", self.topology.hub, "event-bus/default")
        return (self.writer.withdraw_admission(arn, self.statement),)

    @property
    def statement(self) -> t.Optional[dict[str, t.Any]]:
        """Our statement in the policy of the default bus."""
        statements = (self.found.bus_policy or {}).get("Statement") or []
        return next((item for item in statements if item.get("Sid") == STATEMENT), None)

    def _build_publish(self, arn: str) -> dict[str, t.Any]:
        """Build the statement that lets EventBridge publish to a topic, without a condition.

        Several of AWS's documents say that messages to a topic whose statement for EventBridge has one are dropped, and
        newer ones that some keys are sent. Until that is known, an alert that arrives is worth more.
        """
        return {**_build_allow("sns:Publish"), "Resource": arn}

    def _build_send(self, arn: str, region: str) -> dict[str, t.Any]:
        """Build the statement that lets EventBridge send to a queue, with the ARN of the rule as source."""
        condition = {"ArnLike": {"aws:SourceArn": self.topology.place.arn("events", region, f"rule/{PREFIX}*")}}
        return {**_build_allow("sqs:SendMessage"), "Resource": arn, "Condition": condition}

    def _build_topic_policy(self, arn: str) -> dict[str, t.Any]:
        tls = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return {"Version": "2012-10-17", "Statement": [self._build_publish(arn), tls]}

    @property
    def _trust(self) -> dict[str, t.Any]:
        place = self.topology.place
        rules = f"arn:{place.partition}:events:*:{place.account_id}:rule/{PREFIX}*"
        condition = {"ArnLike": {"aws:SourceArn": rules}, "StringEquals": {"aws:SourceAccount": place.account_id}}
        return {"Version": "2012-10-17", "Statement": [{**_build_allow("sts:AssumeRole"), "Condition": condition}]}

    @property
    def _permissions(self) -> dict[str, t.Any]:
        statement = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": self.topology.bus_arn}
        return {"Version": "2012-10-17", "Statement": [statement]}


def _build_allow(action: str) -> dict[str, t.Any]:
    return {"Sid": SID, "Effect": "Allow", "Principal": {"Service": EVENTBRIDGE}, "Action": action}


def _admits_all(policy: t.Any, action: str, arn: str, senders: Sequence[Sender]) -> bool:
    """Whether a policy lets EventBridge deliver for every rule, for sure."""
    return all(admits(policy, action, arn, sender).truth is YES for sender in senders)


def _has_same_meaning(live: t.Any, wanted: t.Any) -> bool:
    """Whether a document says what is wanted, in whatever form AWS returns it."""
    try:
        return are_equivalent(parse(live), parse(wanted))
    except PolicyError:
        return False


def _wrap_statement(statement: t.Any) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _refuse(rule: str, reason: str, target: str, operation: str) -> Refusal:
    return Refusal(rule=rule, reason=reason, target=target, operation=operation)
