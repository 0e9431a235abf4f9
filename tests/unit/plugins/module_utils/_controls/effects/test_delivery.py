# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a service may deliver, by evaluation. Further policies are in the cases of alerts and alarms."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import AlertQueue, AlertTopic
from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.delivery import (
    CLOUDWATCH,
    EVENTBRIDGE,
    WORKS,
    Answer,
    Sender,
    admits,
    best,
    to_queue,
    to_topic,
    worst,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth

from ..samples import ACCOUNT

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:alerts"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/iam-hardening-root-activity"
ALARM = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:root"
OF_RULE = Sender(EVENTBRIDGE, ACCOUNT, RULE)
OF_ALARM = Sender(CLOUDWATCH, ACCOUNT, ALARM)
ACTIONS = {"sns": "sns:Publish", "sqs": "sqs:SendMessage", "kms": "kms:Decrypt"}


def policy(principal: t.Any, condition: t.Any = None, action: str = "*", **more: t.Any) -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}


def equals(key: str, value: str) -> dict[str, dict[str, str]]:
    return {"StringEquals": {key: value}}


@pytest.mark.parametrize(
    ("condition", "sns", "sqs", "kms"),
    [
        (None, YES, YES, YES),
        (equals("aws:SourceAccount", ACCOUNT), UNKNOWN, UNKNOWN, NO),
        (equals("aws:SourceAccount", "999988887777"), NO, NO, NO),
        ({"ArnLike": {"aws:SourceArn": RULE}}, UNKNOWN, YES, NO),
        ({"ArnLike": {"aws:SourceArn": f"{RULE}-2"}}, NO, NO, NO),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, YES, YES, YES),
        ({"Null": {"aws:SourceArn": "true"}}, UNKNOWN, NO, YES),
        (equals("aws:PrincipalOrgID", "o-1"), NO, NO, NO),
        (equals("aws:SourceOrgID", "o-1"), UNKNOWN, UNKNOWN, NO),
        (equals("aws:SourceOwner", ACCOUNT), NO, NO, NO),
        ({"Bool": {"aws:SecureTransport": "true"}}, YES, YES, YES),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, NO, NO, NO),
        (equals("kms:ViaService", "sns.us-east-1.amazonaws.com"), UNKNOWN, UNKNOWN, UNKNOWN),
    ],
)
def test_the_conditions_that_eventbridge_meets(condition: t.Any, sns: Truth, sqs: Truth, kms: Truth) -> None:
    document = policy({"Service": EVENTBRIDGE}, condition)
    found = {name: admits(document, action, TOPIC, OF_RULE).truth for name, action in ACTIONS.items()}
    assert found == {"sns": sns, "sqs": sqs, "kms": kms}


@pytest.mark.parametrize(
    "key",
    [
        *("aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"),
        *("aws:PrincipalType", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceOwner", "aws:userid", "aws:username"),
        *("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"),
    ],
)
def test_keys_of_principals_are_not_sent_by_a_service(key: str) -> None:
    document = policy({"Service": EVENTBRIDGE}, {"StringLike": {key: "*"}})
    assert {admits(document, action, TOPIC, OF_RULE).truth for action in ACTIONS.values()} == {NO}


def test_the_paths_of_an_organization_are_not_sent_to_a_key() -> None:
    document = policy({"Service": EVENTBRIDGE}, {"ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-1/*"}})
    assert admits(document, "kms:Decrypt", TOPIC, OF_RULE).truth is NO


@pytest.mark.parametrize(
    ("principal", "condition", "expected"),
    [
        ({"Service": CLOUDWATCH}, None, YES),
        ({"Service": CLOUDWATCH}, {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:*"}}, YES),
        ({"Service": CLOUDWATCH}, equals("aws:SourceAccount", "999988887777"), NO),
        ({"AWS": "*"}, equals("AWS:SourceOwner", ACCOUNT), YES),
        ({"AWS": "*"}, equals("AWS:SourceOwner", "999988887777"), NO),
        ({"AWS": "*"}, equals("aws:PrincipalAccount", ACCOUNT), YES),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, None, UNKNOWN),
        ({"AWS": "arn:aws:iam::999988887777:root"}, None, NO),
        ({"Service": EVENTBRIDGE}, None, NO),
    ],
)
def test_the_statements_that_let_an_alarm_publish(principal: t.Any, condition: t.Any, expected: Truth) -> None:
    assert admits(policy(principal, condition), "sns:Publish", TOPIC, OF_ALARM).truth is expected


@pytest.mark.parametrize("document", ["no policy", {"Statement": 7}])
def test_a_policy_that_can_not_be_parsed_is_unknown(document: t.Any) -> None:
    assert admits(document, "sns:Publish", TOPIC, OF_RULE).truth is UNKNOWN


def test_a_statement_for_everybody_admits_a_service() -> None:
    assert admits(policy("*"), "sns:Publish", TOPIC, OF_RULE) is WORKS
    assert admits(policy({"AWS": "*"}), "sns:Publish", TOPIC, OF_RULE).truth is NO
    for document in (None, {}, {"Version": "2012-10-17", "Statement": []}):
        assert admits(document, "sns:Publish", TOPIC, OF_RULE).truth is NO


OPEN = policy({"Service": EVENTBRIDGE})
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"


def test_a_key_needs_both_actions_by_their_names() -> None:
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    exact = policy({"Service": EVENTBRIDGE})
    exact["Statement"][0]["Action"] = actions
    assert to_topic(AlertTopic(TOPIC, policy=OPEN, kms_key_id="k", key_policy=exact), OF_RULE) is WORKS


def test_the_kind_of_place_is_named() -> None:
    assert to_topic(AlertTopic(TOPIC, exists=False), OF_RULE).why == "there is no such topic"
    assert to_queue(AlertQueue(QUEUE, exists=False), OF_RULE).why == "there is no such queue"


@pytest.mark.parametrize(
    ("fields", "expected", "why"),
    [
        ({"kms_key_id": "k", "key_arn": KEY, "key_policy": policy({"Service": EVENTBRIDGE}, Resource=KEY)}, YES, ""),
        (
            {"kms_key_id": "k", "key_policy": policy({"Service": EVENTBRIDGE}, action="kms:Decrypt")},
            NO,
            "GenerateDataKey",
        ),
        ({"kms_key_id": "k", "key_unknown": "AccessDenied"}, UNKNOWN, "AccessDenied"),
        ({"kms_key_id": "arn:aws:kms:us-east-1:1:alias/aws/sqs"}, NO, "can't be changed"),
        ({"unknown": "AccessDenied"}, UNKNOWN, "AccessDenied"),
        ({"exists": False}, NO, "there is no such"),
        ({"policy": None}, NO, "no policy"),
    ],
)
def test_what_keeps_a_message_from_a_topic_or_a_queue(fields: dict[str, t.Any], expected: Truth, why: str) -> None:
    for found in (
        to_topic(AlertTopic(**{"arn": TOPIC, "policy": OPEN, **fields}), OF_RULE),
        to_queue(AlertQueue(**{"arn": QUEUE, "policy": OPEN, **fields}), OF_RULE),
    ):
        assert (found.truth, why in found.why) == (expected, True)


def test_the_best_and_the_worst_of_several() -> None:
    no, unknown = Answer(NO, "a"), Answer(UNKNOWN, "b")
    assert (best([no, unknown, WORKS], ""), best([no, unknown], ""), best([], "none")) == (
        WORKS,
        unknown,
        Answer(NO, "none"),
    )
    assert (worst([WORKS, unknown, no]), worst([WORKS, unknown]), worst([WORKS])) == (no, unknown, WORKS)
