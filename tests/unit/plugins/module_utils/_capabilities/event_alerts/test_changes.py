# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that alerts take: complete requests, and what takes each of them back."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import EventRule, EventTarget
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.changes import (
    WRITES,
    AlertWriter,
    build_admission,
    merge_statement,
    normalize,
    relies_on,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.topology import WantedRule
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change

from ..._controls.samples import ACCOUNT
from .alerting import BUS, HOME, ROLE, TAGS, TOPIC, declare, empty, make_converged, make_plan

ARN = f"arn:aws:events:{HOME}:{ACCOUNT}:rule/iam-hardening-x"
HUB = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default"
QUEUE = f"arn:aws:sqs:{HOME}:{ACCOUNT}:iam-hardening-undelivered"
WRITER = AlertWriter(ACCOUNT, TAGS)
TARGET = EventTarget("iam-hardening-topic", TOPIC, {"InputTransformer": {"InputTemplate": '"x"'}})
WANTED = WantedRule("iam-hardening-x", HOME, {"source": ["aws.s3"]}, "ENABLED", "d", TARGET, ("x",))
LIVE = EventRule("iam-hardening-x", ARN, HOME, "DISABLED", {"source": ["aws.iam"]}, "old", ROLE, None, {"team": "x"})
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": BUS}]}


def changes() -> dict[str, Change]:
    """One of each kind."""
    delete_policy, delete_role = WRITER.delete_role(ROLE, POLICY, POLICY)
    (tag,) = WRITER.tag_rule(LIVE)
    return {
        "new rule": WRITER.put_rule(WANTED, ARN, None),
        "changed rule": WRITER.put_rule(WANTED, ARN, LIVE),
        "rule away": WRITER.delete_rule(LIVE),
        "new target": WRITER.put_target(WANTED.name, ARN, HOME, TARGET, None),
        "changed target": WRITER.put_target(WANTED.name, ARN, HOME, TARGET, dataclasses.replace(TARGET, settings={})),
        "target away": WRITER.remove_target(LIVE, TARGET),
        "tags": tag,
        "new topic": WRITER.create_topic(TOPIC, POLICY, "alias/a"),
        "policy of a topic": WRITER.set_topic(TOPIC, "Policy", None, POLICY),
        "new queue": WRITER.create_queue(QUEUE, POLICY),
        "policy of a queue": WRITER.set_queue(QUEUE, None, POLICY),
        "organization in": WRITER.admit_organization(HUB, "o-acme", None),
        "organization out": WRITER.withdraw_admission(HUB, build_admission(HUB, "o-acme")),
        "new role": WRITER.create_role(ROLE, POLICY),
        "trust": WRITER.set_trust(ROLE, POLICY, POLICY),
        "new role policy": WRITER.put_role_policy(ROLE, None, POLICY),
        "role policy": WRITER.put_role_policy(ROLE, POLICY, POLICY),
        "role policy away": delete_policy,
        "role away": delete_role,
        "new subscription": WRITER.subscribe(TOPIC, QUEUE),
        "subscription away": WRITER.unsubscribe(TOPIC, QUEUE),
        "queue of a probe away": WRITER.delete_queue(QUEUE, POLICY),
        "events": WRITER.put_events(HUB, 1, [{"Detail": "{}", "EventBusName": HUB}]),
    }


UNDONE_BY = {
    "new rule": "DeleteRule",
    "changed rule": "PutRule",
    "rule away": "PutRule",
    "new target": "RemoveTargets",
    "changed target": "PutTargets",
    "target away": "PutTargets",
    "tags": "UntagResource",
    "new topic": "DeleteTopic",
    "policy of a topic": "SetTopicAttributes",
    "new queue": "DeleteQueue",
    "policy of a queue": "SetQueueAttributes",
    "organization in": "RemovePermission",
    "organization out": "PutPermission",
    "new role": "DeleteRole",
    "trust": "UpdateAssumeRolePolicy",
    "new role policy": "DeleteRolePolicy",
    "role policy": "PutRolePolicy",
    "role policy away": "PutRolePolicy",
    "role away": "CreateRole",
    "new subscription": "Unsubscribe",
}


@pytest.mark.parametrize("name", ["subscription away", "queue of a probe away", "events"])
def test_what_a_probe_removes_or_sends_is_not_taken_back(name: str) -> None:
    assert changes()[name].undo is None


@pytest.mark.parametrize(("name", "operation"), UNDONE_BY.items())
def test_each_change_can_be_taken_back_by_a_declared_write(name: str, operation: str) -> None:
    change = changes()[name]
    assert change.undo is not None
    assert change.undo.operation == operation
    assert {f"{change.service}:{change.operation}", f"{change.service}:{operation}"} <= WRITES
    # The journal and the plan are JSON.
    json.dumps([change.as_dict(), dict(change.parameters)])


def test_all_writes_are_of_some_change() -> None:
    named = {
        f"{item.service}:{operation}"
        for item in changes().values()
        for operation in (item.operation, item.undo.operation if item.undo else item.operation)
    }
    assert named == WRITES


def test_a_rule_comes_back_as_it_was() -> None:
    undo = changes()["rule away"].undo
    assert undo is not None
    assert undo.parameters == {
        "Name": "iam-hardening-x",
        "EventPattern": '{"source":["aws.iam"]}',
        "State": "DISABLED",
        "Description": "old",
        "RoleArn": ROLE,
        "Tags": [{"Key": "team", "Value": "x"}],
    }


def test_our_statement_takes_the_place_of_an_older_one() -> None:
    new = {"Sid": "ours", "Effect": "Allow"}
    assert merge_statement(None, new) == {"Version": "2012-10-17", "Statement": [new]}
    # A single statement needs no list.
    theirs = {"Sid": "theirs"}
    assert merge_statement({"Id": "x", "Statement": theirs}, new) == {"Id": "x", "Statement": [theirs, new]}
    document = {"Statement": [{"Sid": "ours", "Effect": "Deny"}, theirs]}
    assert merge_statement(document, new)["Statement"] == [theirs, new]
    # What was found is not changed itself: it is the journal's.
    assert document["Statement"][0]["Effect"] == "Deny"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, True),
        ({"a": [{"exists": False}, "x"]}, {"a": ["x", {"exists": False}]}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"$or": [{"b": ["y"]}, {"a": ["x"]}]}, True),
        ({"a": ["x"]}, {"a": ["x", "y"]}, False),
        ({"a": ["1"]}, {"a": [1]}, False),
    ],
)
def test_patterns_are_compared_by_what_they_match(one: t.Any, other: t.Any, same: bool) -> None:
    assert (normalize(one) == normalize(other)) is same


def test_what_a_rollback_must_take_back_together() -> None:
    plan = make_plan(empty(HOME, "eu-west-1"), create_topic=True, create_dead_letter_queue=True)
    by = {change.operation: change for change in plan.changes if change.region in (HOME, "global")}
    put = by["PutTargets"]
    for earlier in ("PutRule", "CreateTopic", "CreateQueue"):
        assert relies_on(put, by[earlier]), earlier
    assert not relies_on(by["CreateTopic"], put)
    (forwarded,) = [change for change in plan.changes if change.operation == "PutTargets" and change.region != HOME]
    assert relies_on(forwarded, by["CreateRole"])
    assert not relies_on(forwarded, by["CreateTopic"])


def test_tags_that_are_there_need_no_change() -> None:
    there = make_converged(declare(create_topic=True), empty(HOME)).snapshot.alert_regions[0].rules[0]
    assert WRITER.tag_rule(there) == ()
