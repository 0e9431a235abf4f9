# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts whose alert rules tell somebody, and such whose rules look alike and tell nobody."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import (
    AlertQueue,
    AlertRegion,
    AlertTopic,
    EventRule,
    EventTarget,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Organization, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import BY_NAME, State

from ..catalogue.test_detective import trail
from ..catalogue.test_event_alerts import HOME, HUB, KEY, OPEN, OTHER, TOPIC, account, all_rules, home, policy, rule
from ..samples import ACCOUNT
from .case import Case

TARGETS: t.Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html"
PATTERNS: t.Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"
TRAILS: t.Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html"
READS: t.Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html"
POLICIES: t.Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"
QUEUES: t.Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"
KEYS: t.Final = (
    "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services and "
    "https://github.com/awslabs/landing-zone-accelerator-on-aws/issues/407"
)
SUBSCRIPTIONS: t.Final = "https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html"
CROSS_REGION: t.Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html"
SECURITY: t.Final = "999999999999"
QUEUE: t.Final = f"arn:aws:sqs:{HOME}:{ACCOUNT}:undelivered"
ROOT_RULE: t.Final = f"arn:aws:events:{HOME}:{ACCOUNT}:rule/iam-hardening-root-activity"


def instead_of(name: str, *targets: str, **fields: t.Any) -> Snapshot:
    """An account with all rules, one of them another than ours."""
    return home(*all_rules(TOPIC, without=name), rule(name, *(targets or (TOPIC,)), **fields))


def narrow_rule(name: str, **detail: t.Any) -> Snapshot:
    """An account in which one rule asks for more than ours does."""
    pattern = BY_NAME[name].pattern
    return instead_of(name, pattern={**pattern, "detail": {**pattern["detail"], **detail}})


def ignore_callers(*arns: str) -> Snapshot:
    """An account whose rules leave out some callers."""
    return home(
        *(
            dataclasses.replace(
                item, pattern=BY_NAME[item.name.removeprefix("iam-hardening-")].exclude_principals(arns)
            )
            for item in all_rules(TOPIC)
        )
    )


def tampering(name: str, kind: t.Any) -> EventRule:
    """A rule on what watches being switched off, for one kind of callers."""
    pattern = BY_NAME["guardrail-tamper"].pattern
    narrower = {**pattern, "detail": {**pattern["detail"], "userIdentity": {"type": [kind]}}}
    arn = f"arn:aws:events:{HOME}:{ACCOUNT}:rule/iam-hardening-{name}"
    return dataclasses.replace(rule("guardrail-tamper", TOPIC, pattern=narrower), name=name, arn=arn)


# The rule of https://aws.amazon.com/blogs/mt/monitor-and-notify-on-aws-account-root-user-activity/
FROM_THE_BLOG: t.Final = {
    "detail-type": ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"],
    "detail": {"userIdentity": {"type": ["Root"]}},
}
SEVERAL: t.Final = [
    Case(
        "event_alert_rules",
        "FAIL",
        "a queue of another account as the only target",
        TARGETS,
        lambda: instead_of("guardrail-tamper", f"arn:aws:sqs:{HOME}:{SECURITY}:q"),
    ),
    Case(
        "event_alert_rules",
        "FAIL",
        "narrowed to one event name",
        TRAILS,
        lambda: narrow_rule("guardrail-tamper", eventName=["BatchDisableStandards"]),
    ),
    Case(
        "event_alert_rules",
        "FAIL",
        "of users alone",
        TRAILS,
        lambda: narrow_rule("guardrail-tamper", userIdentity={"type": ["IAMUser"]}),
    ),
    Case("event_alert_rules", "FAIL", "every principal ignored", PATTERNS, lambda: ignore_callers("arn:*")),
    Case(
        "event_alert_rules",
        "FAIL",
        "a field that events do not have",
        PATTERNS,
        lambda: narrow_rule("assume-root", requestParameters={"reason": [{"exists": True}]}),
    ),
    Case(
        "event_alert_rules",
        "FAIL",
        "without events that only read",
        READS,
        lambda: instead_of("assume-root", state=State.ENABLED.value),
    ),
    Case(
        "event_alert_rules",
        "FAIL",
        "one of two exposures of credentials",
        "https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html",
        lambda: narrow_rule("health-exposed-credentials", eventTypeCode=["AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED"]),
    ),
    Case(
        "event_alert_rules",
        "FAIL",
        "sign-ins of root alone",
        TRAILS,
        lambda: narrow_rule("root-activity", eventName=["ConsoleLogin"]),
    ),
    Case(
        "event_alert_rules",
        "FAIL",
        "a topic that is gone",
        TARGETS,
        lambda: home(*all_rules(TOPIC), topics=[dataclasses.replace(OPEN, exists=False)]),
    ),
    *(
        Case("event_alert_rules", expected, name, TARGETS, functools.partial(instead_of, "guardrail-tamper", target))
        for expected, name, target in (
            ("FAIL", "a log group, which tells nobody", f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:/aws/events/x"),
            ("FAIL", "an action on an instance", f"arn:aws:events:{HOME}:{ACCOUNT}:target/stop-instance"),
            ("NOT_ASSESSED", "a function", f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:page"),
            ("NOT_ASSESSED", "a queue", QUEUE),
        )
    ),
    Case(
        "event_alert_rules",
        "FAIL",
        "another region's events",
        PATTERNS,
        lambda: instead_of(
            "guardrail-tamper", pattern={**BY_NAME["guardrail-tamper"].pattern, "region": ["eu-west-1"]}
        ),
    ),
    Case(
        "event_alert_rules",
        "PASS",
        "events of this account and region",
        PATTERNS,
        lambda: instead_of(
            "guardrail-tamper",
            pattern={**BY_NAME["guardrail-tamper"].pattern, "account": [ACCOUNT], "region": [HOME]},
        ),
    ),
    Case("event_alert_rules", "PASS", "all rules", TARGETS, lambda: home(*all_rules(TOPIC))),
    Case(
        "event_alert_rules",
        "PASS",
        "a rule for root as in AWS's blog",
        "https://aws.amazon.com/blogs/mt/monitor-and-notify-on-aws-account-root-user-activity/",
        lambda: instead_of("root-activity", pattern=FROM_THE_BLOG),
    ),
    Case(
        "event_alert_rules",
        "PASS",
        "one role of automation ignored",
        PATTERNS,
        lambda: ignore_callers(f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/remediator"),
    ),
    Case(
        "event_alert_rules",
        "PASS",
        "two rules that share the events",
        PATTERNS,
        lambda: home(
            *all_rules(TOPIC, without="guardrail-tamper"),
            tampering("users", "IAMUser"),
            tampering("others", {"anything-but": ["IAMUser"]}),
        ),
    ),
    Case(
        "event_alert_rules",
        "PASS",
        "the bus of the management account",
        CROSS_REGION,
        lambda: home(
            *all_rules(f"arn:aws:events:{HOME}:{SECURITY}:event-bus/default"),
            organization=Organization("o-1", SECURITY, "ALL"),
        ),
    ),
    Case(
        "event_alert_rules",
        "NOT_ASSESSED",
        "handed on to a region that was not read",
        CROSS_REGION,
        lambda: account(AlertRegion(OTHER, all_rules(HUB, region=OTHER))),
    ),
]


def delivering(
    topic: t.Optional[AlertTopic] = None, *queues: AlertQueue, target: t.Optional[EventTarget] = None
) -> Snapshot:
    """An account with one rule, and what its target names."""
    alone: EventRule = rule("root-activity", targets=(target or EventTarget("t", TOPIC),))
    return account(AlertRegion(HOME, (alone,), (topic or OPEN,), queues))


def of_topic(**fields: t.Any) -> Snapshot:
    """An account whose one rule notifies another topic than an open one."""
    return delivering(dataclasses.replace(OPEN, **fields))


def make_policy_with_condition(operator: str, key: str, value: str, action: str = "sns:Publish") -> dict[str, t.Any]:
    return policy(action, Condition={operator: {key: value}})


WITH_QUEUE: t.Final = EventTarget("t", TOPIC, {"DeadLetterConfig": {"Arn": QUEUE}})
TLS_ONLY: t.Final = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
USABLE: t.Final = policy("kms:Decrypt", "kms:GenerateDataKey*")
DELIVERY: t.Final = [
    Case(
        "event_alert_delivery",
        "FAIL",
        "a topic for rules of another account",
        POLICIES,
        lambda: delivering(
            dataclasses.replace(OPEN, policy=make_policy_with_condition("StringEquals", "aws:SourceAccount", SECURITY))
        ),
    ),
    Case(
        "event_alert_delivery",
        "FAIL",
        "a topic for another rule",
        POLICIES,
        lambda: delivering(
            dataclasses.replace(OPEN, policy=make_policy_with_condition("ArnEquals", "aws:SourceArn", f"{ROOT_RULE}-2"))
        ),
    ),
    Case(
        "event_alert_delivery",
        "FAIL",
        "a topic for principals of the organization",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
        lambda: of_topic(policy=make_policy_with_condition("StringEquals", "aws:PrincipalOrgID", "o-1")),
    ),
    Case(
        "event_alert_delivery",
        "FAIL",
        "a topic that denies all services",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
        lambda: delivering(
            dataclasses.replace(
                OPEN,
                policy={
                    "Version": "2012-10-17",
                    "Statement": [
                        *policy("sns:Publish")["Statement"],
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "sns:*",
                            "Resource": "*",
                            "Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}},
                        },
                    ],
                },
            )
        ),
    ),
    Case(
        "event_alert_delivery",
        "FAIL",
        "a key for rules of this account",
        KEYS,
        lambda: delivering(
            dataclasses.replace(
                OPEN,
                kms_key_id=KEY,
                key_policy=make_policy_with_condition("StringEquals", "aws:SourceAccount", ACCOUNT, "kms:*"),
            )
        ),
    ),
    Case(
        "event_alert_delivery",
        "FAIL",
        "a dead-letter queue without a policy",
        QUEUES,
        lambda: delivering(OPEN, AlertQueue(QUEUE), target=WITH_QUEUE),
    ),
    Case(
        "event_alert_delivery",
        "FAIL",
        "a dead-letter queue that is gone",
        QUEUES,
        lambda: delivering(OPEN, AlertQueue(QUEUE, exists=False), target=WITH_QUEUE),
    ),
    Case(
        "event_alert_delivery",
        "FAIL",
        "a queue for another rule",
        QUEUES,
        lambda: delivering(
            OPEN,
            AlertQueue(
                QUEUE,
                policy=make_policy_with_condition("ArnEquals", "aws:SourceArn", f"{ROOT_RULE}-2", "sqs:SendMessage"),
            ),
            target=EventTarget("q", QUEUE),
        ),
    ),
    Case(
        "event_alert_delivery",
        "NOT_ASSESSED",
        "a condition that AWS's documents disagree on",
        POLICIES,
        lambda: of_topic(policy=make_policy_with_condition("StringEquals", "aws:SourceAccount", ACCOUNT)),
    ),
    Case(
        "event_alert_delivery",
        "PASS",
        "a statement without a condition beside one that asks for TLS",
        POLICIES,
        lambda: delivering(
            dataclasses.replace(
                OPEN, policy={"Version": "2012-10-17", "Statement": [*policy("sns:Publish")["Statement"], TLS_ONLY]}
            )
        ),
    ),
    Case(
        "event_alert_delivery",
        "PASS",
        "a key that EventBridge may use",
        KEYS,
        lambda: of_topic(kms_key_id=KEY, key_policy=USABLE),
    ),
    Case(
        "event_alert_delivery",
        "PASS",
        "a dead-letter queue for this rule",
        QUEUES,
        lambda: delivering(
            OPEN,
            AlertQueue(
                QUEUE, policy=make_policy_with_condition("ArnEquals", "aws:SourceArn", ROOT_RULE, "sqs:SendMessage")
            ),
            target=WITH_QUEUE,
        ),
    ),
]


def with_trail(**fields: t.Any) -> Snapshot:
    return home(rule("root-activity", TOPIC), trails=(trail(**fields),))


def make_subscription(**fields: t.Any) -> Snapshot:
    return home(rule("root-activity", TOPIC), topics=[dataclasses.replace(OPEN, **fields)])


REST: t.Final = [
    Case("event_alert_trail", "FAIL", "no trail", TRAILS, lambda: home(rule("root-activity", TOPIC))),
    Case("event_alert_trail", "FAIL", "a trail that stopped", TRAILS, lambda: with_trail(is_logging=False)),
    Case("event_alert_trail", "FAIL", "a trail of one region", TRAILS, lambda: with_trail(is_multi_region=False)),
    Case("event_alert_trail", "FAIL", "a trail of data", TRAILS, lambda: with_trail(logs_management_events=False)),
    Case("event_alert_trail", "NOT_ASSESSED", "unknown status", TRAILS, lambda: with_trail(is_logging=None)),
    Case(
        "event_alert_trail",
        "NOT_ASSESSED",
        "unknown selectors",
        TRAILS,
        lambda: with_trail(logs_management_events=None),
    ),
    Case("event_alert_trail", "PASS", "a trail of every region", TRAILS, with_trail),
    Case(
        "event_alert_trail",
        "PASS",
        "the organization's trail beside one that stopped",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html",
        lambda: home(
            rule("root-activity", TOPIC),
            trails=(trail(is_logging=False), trail(name="o", is_organization=True, log_group_arn=None)),
        ),
    ),
    Case("event_alert_subscribers", "FAIL", "nobody", SUBSCRIPTIONS, lambda: make_subscription(confirmed=0)),
    Case(
        "event_alert_subscribers",
        "FAIL",
        "one pending",
        SUBSCRIPTIONS,
        lambda: make_subscription(confirmed=0, pending=1),
    ),
    Case(
        "event_alert_subscribers",
        "FAIL",
        "one of two topics",
        SUBSCRIPTIONS,
        lambda: home(
            rule("root-activity", TOPIC, f"{TOPIC}-2"),
            topics=[OPEN, dataclasses.replace(OPEN, arn=f"{TOPIC}-2", confirmed=0)],
        ),
    ),
    Case("event_alert_subscribers", "PASS", "one confirmed", SUBSCRIPTIONS, make_subscription),
    Case(
        "event_alert_subscribers", "PASS", "one of two confirmed", SUBSCRIPTIONS, lambda: make_subscription(pending=1)
    ),
]
CASES: t.Final = [*SEVERAL, *DELIVERY, *REST]
