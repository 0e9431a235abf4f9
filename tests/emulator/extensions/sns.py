# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SNS: subscriptions that wait for their confirmation, and an outbox of what was delivered to whom."""

from __future__ import annotations

import typing as t

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult
from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends
from moto.sns.responses import SNSResponse

from emulator.extensions.registration import operations_of

Message: t.TypeAlias = dict[str, t.Any]

#: What its owner has to confirm before anything is sent to it.
CONFIRMED_BY_HAND: t.Final = frozenset({"email", "email-json", "http", "https", "sms"})
_PENDING: t.Final = "PendingConfirmation"

_publish = Subscription.publish
_subscribe = SNSBackend.subscribe
_get_topic_attributes = SNSResponse.get_topic_attributes


class _Outbox(BaseBackend):
    """What one account's topics of one region delivered."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.messages: list[Message] = []


_outboxes: BackendDict[_Outbox] = BackendDict(_Outbox, "sns")


def messages() -> list[Message]:
    """All that was delivered, in every account and region, in the order of delivery."""
    found = [message for account in _outboxes.values() for box in account.values() for message in box.messages]
    return sorted(found, key=lambda message: message["number"])


def confirm(endpoint: str) -> int:
    """Confirm the pending subscriptions of an endpoint, as its owner does by the link that was mailed; how many."""
    waiting = [
        subscription
        for account in sns_backends.values()
        for backend in account.values()
        for subscription in backend.subscriptions.values()
        if subscription.endpoint == endpoint and _is_pending(subscription)
    ]
    for subscription in waiting:
        subscription.attributes[_PENDING] = False
    return len(waiting)


def _is_pending(subscription: Subscription) -> bool:
    return str(subscription.attributes.get(_PENDING)).lower() == "true"


def publish(self: Subscription, message: str, message_id: str, **options: t.Any) -> None:
    """Deliver, unless the subscription is not confirmed."""
    if _is_pending(self):
        return
    _publish(self, message, message_id, **options)
    topic: Topic = self.topic
    outbox = t.cast(_Outbox, _outboxes[topic.account_id][topic.sns_backend.region_name])
    outbox.messages.append(
        {
            "number": len(messages()),
            "account_id": topic.account_id,
            "topic": topic.arn,
            "protocol": self.protocol,
            "endpoint": self.endpoint,
            "subject": options.get("subject"),
            "message": message,
        }
    )


def subscribe_backend(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    """A subscription, which its owner may have to confirm."""
    known = set(self.subscriptions)
    subscription = _subscribe(self, topic_arn, endpoint, protocol)
    if subscription.arn not in known and protocol in CONFIRMED_BY_HAND:
        subscription.attributes[_PENDING] = True
    return t.cast(Subscription, subscription)


def get_topic_attributes(response: SNSResponse) -> ActionResult:
    """GetTopicAttributes, with the subscriptions counted."""
    answer = _get_topic_attributes(response)
    attributes = answer.result["Attributes"]
    backend = response.backend
    mine = [item for item in backend.subscriptions.values() if item.topic.arn == attributes["TopicArn"]]
    pending = sum(map(_is_pending, mine))
    attributes["SubscriptionsPending"] = str(pending)
    attributes["SubscriptionsConfirmed"] = str(len(mine) - pending)
    return t.cast(ActionResult, answer)


def list_subscriptions_by_topic(response: SNSResponse) -> ActionResult:
    """ListSubscriptionsByTopic, in which what is not confirmed has no ARN."""
    topic_arn = response._get_param("TopicArn")
    response.backend.get_topic(topic_arn)
    mine = [item for item in response.backend.subscriptions.values() if item.topic.arn == topic_arn]
    return ActionResult(
        {
            "Subscriptions": [
                {
                    "SubscriptionArn": _PENDING if _is_pending(item) else item.arn,
                    "Owner": item.account_id,
                    "Protocol": item.protocol,
                    "Endpoint": item.endpoint,
                    "TopicArn": topic_arn,
                }
                for item in mine
            ]
        }
    )


def install() -> None:
    """Put these in place of moto's."""
    Subscription.publish = publish
    SNSBackend.subscribe = subscribe_backend
    operations_of(SNSResponse, get_topic_attributes, list_subscriptions_by_topic)
