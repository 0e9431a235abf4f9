# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that event_alerts needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import IAM, ROLE_ARN, TOPIC_ARN, Grants, OwnResource
from ..._policy.analysis.own_roles import EVENT_BOUNDARY, PATH

# Whatever the policy of the role for events says, the role can't exceed its boundary.
BOUNDARY: t.Final = f"{IAM}policy{PATH}{EVENT_BOUNDARY}"
_WITH_BOUNDARY: t.Final = {"ArnEquals": {"iam:PermissionsBoundary": BOUNDARY}}
GRANTS: t.Final = Grants(
    # All that event_alerts creates has a name that begins so.
    resources={
        "iam:": (f"{IAM}role{PATH}iam-hardening-*",),
        "events:": ("arn:${Partition}:events:*:${Account}:rule/iam-hardening-*",),
        "events:PutPermission": ("*",),
        "events:RemovePermission": ("*",),
        "events:PutEvents": ("arn:${Partition}:events:*:${Account}:event-bus/default",),
        "sns:": ("arn:${Partition}:sns:*:${Account}:iam-hardening-*",),
        "sqs:": ("arn:${Partition}:sqs:*:${Account}:iam-hardening-*",),
    },
    conditions={
        "iam:PassRole": {"StringEquals": {"iam:PassedToService": ["events.amazonaws.com"]}},
        "iam:CreateRole": _WITH_BOUNDARY,
        "iam:PutRolePolicy": _WITH_BOUNDARY,
    },
    own_resources=(
        OwnResource(
            "EventForwardingRoleArn",
            "iam:PassRole",
            "Your role that forwards events (event_alerts_role_arn).",
            ROLE_ARN,
        ),
        OwnResource(
            "AlertTopicArn",
            "sns:SetTopicAttributes",
            "A topic of this account for alerts (event_alerts_topic_arn).",
            TOPIC_ARN,
        ),
        OwnResource(
            "AlertQueueArn",
            "sqs:SetQueueAttributes",
            "Your queue for undelivered alerts (event_alerts_dead_letter_queue_arn).",
            r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[\w-]{1,80}(\.fifo)?",
        ),
    ),
    purposes={
        "events:DescribeEventBus": "event_alerts with `receive_from_organization`: who may put events on the bus",
        "events:DescribeRule": "event_alerts: a rule, before and after it is changed",
        "events:TestEventPattern": "event_alerts with `probe`: whether a pattern matches an example of its events",
        "sns:ListSubscriptionsByTopic": "event_alerts with `probe`: the other subscribers of a topic",
        "sqs:GetQueueAttributes": "event_alerts: the queue for undelivered events",
        "sqs:GetQueueUrl": "event_alerts: whether there is such a queue",
    },
)
