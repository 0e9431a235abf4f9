# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether EventBridge and CloudWatch may deliver to a topic or a queue, judged by evaluation of its policies.

EventBridge asks as ``events.amazonaws.com``. AWS's documents disagree on whether it sends ``aws:SourceArn`` and
``aws:SourceAccount`` to SNS: a verdict that rests on one of them is unknown. To SQS it sends the ARN of the rule, to
KMS neither key.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
CloudWatch sends both keys, and may do what its alarm's account may do.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ..._account.event_rules import AlertQueue, AlertTopic
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Policy, PolicyError
from ..._policy.evaluation.context import Context
from ..._policy.evaluation.evaluate import Layers, Outcome, Request, evaluate
from ..._policy.evaluation.truth import NO, UNKNOWN, YES, Truth

EVENTBRIDGE: t.Final = "events.amazonaws.com"
CLOUDWATCH: t.Final = "cloudwatch.amazonaws.com"
_KMS_ACTIONS: t.Final = ("kms:Decrypt", "kms:GenerateDataKey")
# The keys that AWS keeps for SNS and SQS: their policies admit no other service, and can't be changed.
_AWS_KEYS: t.Final = ("alias/aws/sns", "alias/aws/sqs")
_ARN: t.Final = "aws:SourceArn"
_ACCOUNT: t.Final = "aws:SourceAccount"
_OF_ORGANIZATION: t.Final = ("aws:SourceOrgID", "aws:SourceOrgPaths")
# Keys of principals, networks and sessions, which a request of a service does not have.
_ABSENT: t.Final = (
    *("aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalType"),
    *("aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceOwner", "aws:userid"),
    *("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"),
)


@dataclasses.dataclass(frozen=True)
class Answer:
    """Whether something works, and why it does not or why that is unknown."""

    truth: Truth
    why: str = ""


WORKS: t.Final = Answer(YES)


def best(answers: Iterable[Answer], otherwise: str) -> Answer:
    """The best of several answers, of which one that works is enough; without any, NO because of ``otherwise``."""
    ordered = sorted(answers, key=lambda answer: (YES, UNKNOWN, NO).index(answer.truth))
    return ordered[0] if ordered else Answer(NO, otherwise)


def worst(answers: Iterable[Answer]) -> Answer:
    """The worst of several answers, all of which are needed."""
    return min(answers, key=lambda answer: (NO, UNKNOWN, YES).index(answer.truth))


@dataclasses.dataclass(frozen=True)
class Sender:
    """A service that delivers, for a rule or an alarm of an account."""

    service: str
    account_id: str
    arn: str

    def contexts(self, service: str) -> Iterator[Context]:
        """The contexts that its requests to ``service`` may have; several where AWS's documents leave it open."""
        given = {_ARN: self.arn, _ACCOUNT: self.account_id}
        doubtful: tuple[str, ...] = ()
        never: tuple[str, ...] = ()
        if self.service == EVENTBRIDGE:
            doubtful = {"sns": (_ARN, _ACCOUNT), "sqs": (_ACCOUNT,)}.get(service, ())
            if service == "kms":
                given, never = {}, _OF_ORGANIZATION
        for left_out in itertools.chain.from_iterable(
            itertools.combinations(doubtful, count) for count in range(len(doubtful) + 1)
        ):
            values = {key: value for key, value in given.items() if key not in left_out}
            absent = (*_ABSENT, *never, *(key for key in (_ARN, _ACCOUNT) if key not in values))
            yield Context({**values, "aws:SecureTransport": "true"}, complete=False, absent=absent)


def admits(document: t.Any, action: str, resource: str, sender: Sender) -> Answer:
    """Whether a resource policy lets the sender do ``action``."""
    if not document or (isinstance(document, Mapping) and not document.get("Statement")):
        return Answer(NO, f"it has no policy that lets {sender.service} use {action}")
    try:
        policy = parse(document)
    except PolicyError as error:
        return Answer(UNKNOWN, f"its policy could not be parsed: {error}")
    outcomes = {_outcome(policy, action, resource, sender, context) for context in sender.contexts(action[:3])}
    if outcomes == {Outcome.ALLOWED}:
        return WORKS
    if outcomes == {Outcome.EXPLICIT_DENY}:
        return Answer(NO, f"its policy denies {sender.service} {action}")
    if Outcome.UNKNOWN in outcomes or Outcome.ALLOWED in outcomes:
        return Answer(UNKNOWN, f"its policy lets {sender.service} use {action} on conditions that may not hold")
    return Answer(NO, f"its policy does not let {sender.service} use {action}")


def _outcome(policy: Policy, action: str, resource: str, sender: Sender, context: Context) -> Outcome:
    def ask(principal: str, given: Context) -> Outcome:
        request = Request(action, resource, principal=principal, context=given, resource_policy=policy)
        return evaluate(request, Layers()).outcome

    found = ask(sender.service, context)
    if found is not Outcome.IMPLICIT_DENY or sender.service != CLOUDWATCH or not action.startswith("sns:"):
        return found
    # The policy that SNS gives a new topic lets anybody of the account that owns it publish, and so its alarms.
    root = f"arn:{resource.split(':')[1]}:iam::{sender.account_id}:root"
    owner = {"aws:SourceOwner": sender.account_id, "aws:PrincipalAccount": sender.account_id}
    found = ask(f"{root.removesuffix('root')}user/{sender.service}", context.with_(owner))
    if found is Outcome.IMPLICIT_DENY and _names(policy, root):
        # That the account as a whole may publish is not known to be enough.
        return Outcome.UNKNOWN
    return found


def _names(policy: Policy, principal: str) -> bool:
    return any(("AWS", principal) in (statement.principals or ()) for statement in policy.statements if statement.allow)


def to_topic(topic: AlertTopic, sender: Sender) -> Answer:
    """Whether the sender's messages are taken by a topic."""
    return _judge_delivery(topic, "topic", "sns:Publish", sender)


def to_queue(queue: AlertQueue, sender: Sender) -> Answer:
    """Whether the sender's messages are taken by a queue."""
    return _judge_delivery(queue, "queue", "sqs:SendMessage", sender)


def _judge_delivery(place: t.Union[AlertTopic, AlertQueue], kind: str, action: str, sender: Sender) -> Answer:
    if place.unknown:
        return Answer(UNKNOWN, f"the {kind} could not be read: {place.unknown}")
    if not place.exists:
        return Answer(NO, f"there is no such {kind}")
    answers = [admits(place.policy, action, place.arn, sender)]
    if place.kms_key_id:
        answers.append(_key(place, sender))
    return worst(answers)


def _key(place: t.Union[AlertTopic, AlertQueue], sender: Sender) -> Answer:
    """Whether the sender may use the key that encrypts a topic or a queue."""
    key = place.kms_key_id
    if key.endswith(_AWS_KEYS):
        return Answer(
            NO, f"it is encrypted with {key}, whose policy does not admit {sender.service} and can't be changed"
        )
    if place.key_unknown:
        return Answer(UNKNOWN, f"the policy of the key {key} could not be read: {place.key_unknown}")
    answers = [(action, admits(place.key_policy, action, place.key_arn or key, sender)) for action in _KMS_ACTIONS]
    for truth in (NO, UNKNOWN):
        lacking = [action for action, answer in answers if answer.truth is truth]
        if lacking:
            how = "does not allow" if truth is NO else "is not known to allow"
            return Answer(truth, f"the policy of its key {key} {how} {sender.service} {' and '.join(lacking)}")
    return WORKS
