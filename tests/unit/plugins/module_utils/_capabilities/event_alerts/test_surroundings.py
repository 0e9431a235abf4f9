# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands around the rules: topics, queues, role and bus, as found, and what is changed of them."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import AlertTopic
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.plan import Observed
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.surroundings import (
    Role,
    Surroundings,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.delivery import (
    EVENTBRIDGE,
    WORKS,
    Sender,
    to_topic,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._controls.samples import ACCOUNT
from .alerting import BUS, HOME, MEMBER, OTHER, OURS, ROLE, TOPIC, declare, empty, make_converged, make_plan

QUEUE = f"arn:aws:sqs:{HOME}:{ACCOUNT}:iam-hardening-undelivered"
HUB = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default"
OWNERS = {"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sns:*", "Resource": "*"}
KEPT = {"Version": "2012-10-17", "Id": "x", "Statement": [OWNERS]}
FOREIGN = f"arn:aws:sns:{HOME}:999988887777:security"


def around(found: Surroundings, *regions: str, **options: t.Any) -> Plan:
    """The plan of an account in which only what stands around the rules is as told."""
    options = options or {"create_topic": True}
    whole = make_converged(declare(**options), empty(*(regions or (HOME,)), organization=MEMBER))
    return make_plan(Observed(whole.snapshot, found), **options)


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    assert plan.refused == ()
    return change


def list_refused(plan: Plan) -> list[tuple[str, str]]:
    return [(item.rule, item.target) for item in plan.refused]


# The topic


def test_a_topic_that_is_made_lets_our_rules_publish_and_nobody_without_tls() -> None:
    change = only(around(Surroundings()))
    policy = json.loads(change.parameters["Attributes"]["Policy"])
    allow, deny = policy["Statement"]
    # Messages to a topic whose statement has a condition may be dropped.
    assert allow == {
        "Sid": "IamHardeningEvents",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    sender = Sender(EVENTBRIDGE, ACCOUNT, f"arn:aws:events:{HOME}:{ACCOUNT}:rule/iam-hardening-root-activity")
    assert to_topic(AlertTopic(TOPIC, policy=policy), sender) is WORKS
    assert change.undo is not None and change.undo.operation == "DeleteTopic"


def test_a_topic_that_exists_keeps_the_rest_of_its_policy() -> None:
    change = only(around(Surroundings(topics={TOPIC: AlertTopic(TOPIC, policy=KEPT)}), topic_arn=TOPIC))
    after = json.loads(change.parameters["AttributeValue"])
    assert (after["Id"], after["Statement"][0], len(after["Statement"])) == ("x", OWNERS, 2)
    assert change.undo is not None
    assert json.loads(change.undo.parameters["AttributeValue"]) == KEPT


OUR_RULES = f"arn:aws:events:*:{ACCOUNT}:rule/iam-hardening-*"
WITH_CONDITION = {
    "Sid": "IamHardeningEvents",
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Condition": {"ArnLike": {"aws:SourceArn": OUR_RULES}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
}


def test_a_condition_that_an_earlier_version_wrote_is_taken_out() -> None:
    found = {"Version": "2012-10-17", "Statement": [OWNERS, WITH_CONDITION]}
    change = only(around(Surroundings(topics={TOPIC: AlertTopic(TOPIC, policy=found)}), create_topic=True))
    bare = {key: value for key, value in WITH_CONDITION.items() if key != "Condition"}
    assert json.loads(change.parameters["AttributeValue"])["Statement"] == [OWNERS, bare]


DENIED = {"Effect": "Deny", "Principal": "*", "Action": "s*:*", "Resource": "*"}


def test_what_a_statement_denies_is_not_opened_by_another() -> None:
    found = {"Version": "2012-10-17", "Statement": [DENIED]}
    plan = make_plan(
        Observed(empty(HOME), Surroundings(topics={TOPIC: AlertTopic(TOPIC, policy=found)})), topic_arn=TOPIC
    )
    assert (plan.changes, list_refused(plan)) == ((), [("denied", TOPIC)])
    options = {"create_topic": True, "dead_letter_queue_arn": QUEUE}
    whole = make_converged(declare(**options), empty(HOME))
    closed = dataclasses.replace(whole.found, queues={QUEUE: {"queue": "q", "policy": found}})
    plan = make_plan(Observed(empty(HOME), closed), **options)
    assert (plan.changes, list_refused(plan)) == ((), [("denied", QUEUE)])


@pytest.mark.parametrize(
    ("options", "found", "rule"),
    [
        ({"topic_arn": TOPIC}, Surroundings(topics={TOPIC: None}), "no_topic"),
        ({"topic_arn": TOPIC}, Surroundings(unread={TOPIC: "AccessDenied"}), "unread"),
    ],
)
def test_without_its_topic_no_rule_is_made(options: dict[str, t.Any], found: Surroundings, rule: str) -> None:
    plan = make_plan(Observed(empty(HOME), found), **options)
    assert (plan.changes, list_refused(plan)) == ((), [(rule, TOPIC)])


@pytest.mark.parametrize("found", [Surroundings(), Surroundings(unread={FOREIGN: "AuthorizationError"})])
def test_a_topic_of_another_account_is_its_owners_to_open(found: Surroundings) -> None:
    plan = make_plan(Observed(empty(HOME), found), topic_arn=FOREIGN)
    assert {change.operation for change in plan.changes} == {"PutRule", "PutTargets"}
    assert plan.refused == ()


@pytest.mark.parametrize(
    ("declared_key", "live", "changes"), [("", "alias/theirs", 0), ("alias/a", "alias/a", 0), ("alias/b", "alias/a", 1)]
)
def test_the_key_of_a_topic_that_we_make_is_the_declared_one(declared_key: str, live: str, changes: int) -> None:
    options = {"create_topic": True, "kms_key_id": declared_key}
    whole = make_converged(declare(**options), empty(HOME))
    topic = dataclasses.replace(whole.found.topics[TOPIC] or AlertTopic(TOPIC), kms_key_id=live)
    plan = around(Surroundings(topics={TOPIC: topic}), **options)
    assert [change.parameters.get("AttributeName") for change in plan.changes] == ["KmsMasterKeyId"] * changes


# The queue


def test_a_queue_keeps_what_failed_for_as_long_as_it_can() -> None:
    plan = make_plan(empty(HOME), create_topic=True, create_dead_letter_queue=True)
    (made,) = [change for change in plan.changes if change.operation == "CreateQueue"]
    assert made.parameters["Attributes"]["MessageRetentionPeriod"] == "1209600"
    assert made.parameters["Attributes"]["SqsManagedSseEnabled"] == "true"
    (statement,) = json.loads(made.parameters["Attributes"]["Policy"])["Statement"]
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"].startswith(f"arn:aws:events:{HOME}:{ACCOUNT}:rule/")


@pytest.mark.parametrize(
    ("live", "rule"),
    [({"queue": "q", "policy": None}, None), ({"queue": "q", "policy": KEPT}, None), (None, "no_queue")],
)
def test_a_queue_that_exists_is_opened(live: t.Any, rule: t.Optional[str]) -> None:
    options = {"create_topic": True, "dead_letter_queue_arn": QUEUE}
    whole = make_converged(declare(**options), empty(HOME))
    plan = make_plan(Observed(whole.snapshot, dataclasses.replace(whole.found, queues={QUEUE: live})), **options)
    assert [item.rule for item in plan.refused] == ([rule] if rule else [])
    if rule is None:
        (change,) = plan.changes
        kept = (live["policy"] or {"Statement": []})["Statement"]
        assert json.loads(change.parameters["Attributes"]["Policy"])["Statement"][:-1] == kept
        assert change.parameters["QueueName"] == "iam-hardening-undelivered"


# The role


def role(**fields: t.Any) -> Role:
    whole = make_converged(declare(bus_arn=BUS), empty(HOME)).found.role
    assert whole is not None
    return dataclasses.replace(whole, **fields)


def test_only_our_rules_use_the_role_and_only_to_put_events_there() -> None:
    create, put = (change for change in make_plan(empty(HOME), bus_arn=BUS).changes if change.service == "iam")
    (trust,) = json.loads(create.parameters["AssumeRolePolicyDocument"])["Statement"]
    assert (trust["Principal"], trust["Action"]) == ({"Service": "events.amazonaws.com"}, "sts:AssumeRole")
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert "Resource" not in trust
    assert json.loads(put.parameters["PolicyDocument"])["Statement"] == [
        {"Action": "events:PutEvents", "Effect": "Allow", "Resource": BUS}
    ]


@pytest.mark.parametrize(
    ("fields", "operations"),
    [
        ({}, []),
        ({"trust": {"Version": "2012-10-17", "Statement": []}}, ["UpdateAssumeRolePolicy"]),
        ({"policy": None}, ["PutRolePolicy"]),
        ({"policy": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}, ["PutRolePolicy"]),
    ],
)
def test_a_role_that_drifted_is_set_again(fields: dict[str, t.Any], operations: list[str]) -> None:
    plan = around(Surroundings(role=role(**fields)), bus_arn=BUS)
    assert [change.operation for change in plan.changes] == operations
    assert all(change.undo is not None for change in plan.changes)


BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/automation-event-forwarding-boundary"
BOUNDED = {"bus_arn": BUS, "role_permissions_boundary": BOUNDARY}


def test_the_role_is_made_with_its_boundary_and_comes_back_with_it() -> None:
    create, _put = (change for change in make_plan(empty(HOME), **BOUNDED).changes if change.service == "iam")
    assert create.parameters["PermissionsBoundary"] == BOUNDARY
    assert create.after["boundary"] == BOUNDARY
    gone = around(Surroundings(role=role(boundary=BOUNDARY)), **BOUNDED, state="absent")
    (delete,) = [change for change in gone.changes if change.operation == "DeleteRole"]
    assert delete.undo is not None and delete.undo.parameters["PermissionsBoundary"] == BOUNDARY
    assert delete.before["boundary"] == BOUNDARY


@pytest.mark.parametrize(
    ("fields", "rules", "operations"),
    [
        ({"boundary": BOUNDARY}, [], []),
        ({"boundary": BOUNDARY, "policy": None}, [], ["PutRolePolicy"]),
        ({}, [], []),
        ({"policy": None}, ["no_boundary"], []),
        ({"boundary": "arn:aws:iam::aws:policy/AdministratorAccess", "policy": None}, ["no_boundary"], []),
    ],
)
def test_a_role_without_its_boundary_is_not_given_more(
    fields: dict[str, t.Any], rules: list[str], operations: list[str]
) -> None:
    plan = around(Surroundings(role=role(**fields)), **BOUNDED)
    assert ([item.rule for item in plan.refused], [change.operation for change in plan.changes]) == (rules, operations)


def test_a_role_of_others_is_refused_unless_adopted() -> None:
    foreign = Surroundings(role=role(tags={}, policy=None))
    plan = make_plan(Observed(empty(HOME), foreign), bus_arn=BUS)
    # Without it, rules would only look as if events were handed on.
    assert (plan.changes, list_refused(plan)) == ((), [("foreign", ROLE)])
    adopted = around(foreign, bus_arn=BUS, adopt=True)
    assert [change.operation for change in adopted.changes] == ["PutRolePolicy"]


def test_no_role_is_made_where_nothing_is_handed_on() -> None:
    assert "iam" not in {change.service for change in make_plan(empty(HOME), create_topic=True).changes}
    assert "iam" in {change.service for change in make_plan(empty(HOME, OTHER), create_topic=True).changes}


# The bus


def receiving(found: Surroundings) -> Plan:
    options = {"create_topic": True, "receive_from_organization": True}
    whole = make_converged(declare(**options), empty(HOME, organization=MEMBER))
    return make_plan(
        Observed(
            whole.snapshot,
            dataclasses.replace(found, topics=whole.found.topics, role=whole.found.role),
        ),
        **options,
    )


def test_the_bus_admits_its_organization_and_nobody_else() -> None:
    change = only(receiving(Surroundings(organization_id="o-acme")))
    assert change.parameters["Principal"] == "*"
    assert change.parameters["Condition"] == {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-acme"}
    assert change.after["Resource"] == HUB


def test_an_account_that_moved_admits_its_new_organization() -> None:
    old = receiving(Surroundings(organization_id="o-old")).changes[0].after
    change = only(receiving(Surroundings(organization_id="o-acme", bus_policy={"Statement": [old]})))
    assert (change.before, change.after["Condition"]) == (old, {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}})


def test_nobody_is_admitted_where_the_organization_is_not_known() -> None:
    plan = receiving(Surroundings())
    assert (plan.changes, list_refused(plan)) == ((), [("no_organization", HUB)])


def test_statements_of_others_stay_when_ours_goes() -> None:
    theirs = {**OWNERS, "Sid": "theirs"}
    plan = make_plan(
        Observed(empty(HOME), Surroundings(role=role(tags=OURS), bus_policy={"Statement": [theirs]})), state="absent"
    )
    assert [change.operation for change in plan.changes] == ["DeleteRolePolicy", "DeleteRole"]
