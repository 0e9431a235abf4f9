# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for alerts: from nothing, from what is there already, and away again."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import EventRule, EventTarget
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.plan import (
    Observed,
    Planner,
    findings,
    list_costs,
    make_rule_results,
    make_topology,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.surroundings import Surroundings
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._controls.samples import NOW
from .alerting import (
    BUS,
    HOME,
    MANAGEMENT,
    MEMBER,
    OTHER,
    OURS,
    ROLE,
    TAGS,
    TOPIC,
    count_operations,
    declare,
    empty,
    make_converged,
    make_plan,
    operations,
    own_rule,
)

ROOT = "iam-hardening-root-activity"
# Each: what is declared, of whom, and what it takes from nothing.
DECLARATIONS: dict[str, tuple[dict[str, t.Any], t.Any, dict[str, int]]] = {
    "one topic": (
        {"create_topic": True, "create_dead_letter_queue": True},
        None,
        {"CreateQueue": 2, "CreateRole": 1, "CreateTopic": 1, "PutRolePolicy": 1, "PutRule": 6, "PutTargets": 6},
    ),
    "a topic in each region": (
        {"create_topic": True, "topology": "topics"},
        None,
        {"CreateTopic": 2, "PutRule": 9, "PutTargets": 9},
    ),
    "another account's bus": (
        {"bus_arn": BUS},
        MEMBER,
        {"CreateRole": 1, "PutRolePolicy": 1, "PutRule": 2, "PutTargets": 2},
    ),
    "a bus, by a role that exists": (
        {"bus_arn": BUS, "role_arn": ROLE.replace("iam-hardening/", "")},
        MANAGEMENT,
        {"PutRule": 2, "PutTargets": 2},
    ),
    "the organization's hub": (
        {"create_topic": True, "receive_from_organization": True, "kms_key_id": "alias/alerts"},
        MEMBER,
        {"CreateRole": 1, "CreateTopic": 1, "PutPermission": 1, "PutRolePolicy": 1, "PutRule": 7, "PutTargets": 7},
    ),
}


@pytest.mark.parametrize("name", DECLARATIONS)
def test_from_nothing_to_what_is_declared(name: str) -> None:
    options, organization, expected = DECLARATIONS[name]
    account = empty(organization=organization)
    plan = make_plan(Observed(account, Surroundings(organization_id="o-acme")), **options)
    assert (count_operations(plan), plan.refused) == (expected, ())
    assert all(change.undo is not None for change in plan.changes)
    # A rule's target needs what it leads to, and the role by which it does.
    order = [change.operation for change in plan.changes]
    for first in ("CreateRole", "CreateTopic", "CreateQueue"):
        assert first not in order or order.index(first) < order.index("PutRule")


@pytest.mark.parametrize("name", DECLARATIONS)
def test_what_is_there_in_another_form_is_left_alone(name: str) -> None:
    options, organization, _expected = DECLARATIONS[name]
    there = make_converged(declare(**options), empty(organization=organization))
    assert make_plan(there, **options) == Plan()


def test_nothing_is_planned_until_somebody_can_be_told() -> None:
    assert make_plan(empty(), enforce=False) == Plan()
    assert list_costs(declare(enforce=False), make_topology(declare(enforce=False), empty())) == []


def test_a_change_names_the_findings_of_its_region() -> None:
    state = Observed(empty(), Surroundings())
    found = findings(state, settings=Settings(), now=NOW)
    plan = Planner(declare(create_topic=True), TAGS).plan(state, found)
    failing = {item.region: (item.fingerprint,) for item in found if item.status is Status.FAIL}
    assert {change.region: change.remedies for change in plan.changes if change.operation == "PutRule"} == failing
    assert {change.remedies for change in plan.changes if change.operation == "CreateTopic"} == {()}


# One region fails


def test_a_denied_region_costs_itself_only() -> None:
    plan = make_plan(empty(denied=[OTHER]), create_topic=True)
    assert {change.region for change in plan.changes} == {HOME}
    assert "CreateRole" not in count_operations(plan)


def test_without_the_region_that_tells_nothing_is_made() -> None:
    plan = make_plan(empty(denied=[HOME]), create_topic=True)
    assert plan.changes == ()
    assert [(item.rule, "not authorized" in item.reason) for item in plan.refused] == [("unread", True)]
    # To another account's bus each region goes by itself.
    assert count_operations(make_plan(empty(denied=[HOME]), bus_arn=BUS))["PutRule"] == 1


def test_without_its_topic_a_region_gets_no_rules() -> None:
    state = Observed(empty(), Surroundings(unread={TOPIC: "AccessDenied"}))
    plan = make_plan(state, create_topic=True)
    assert [item.rule for item in plan.refused] == ["unread"]
    # The other region hands on as declared: the topic is found again sooner or later.
    assert {change.region for change in plan.changes} == {OTHER, "global"}


def test_without_the_role_nothing_is_handed_on() -> None:
    state = Observed(empty(), Surroundings(unread={ROLE: "AccessDenied"}))
    plan = make_plan(state, create_topic=True)
    assert [(item.rule, item.operation) for item in plan.refused] == [("unread", "CreateRole")]
    assert {change.region for change in plan.changes} == {HOME}


# What is there already


def there(*, organization: t.Any = None, **options: t.Any) -> Observed:
    return make_converged(declare(create_topic=True, **options), empty(HOME, organization=organization))


def change_rule(observed: Observed, name: str, **fields: t.Any) -> Observed:
    """The account in which one rule is otherwise."""
    (region,) = observed.snapshot.alert_regions
    rules = tuple(dataclasses.replace(rule, **fields) if rule.name == name else rule for rule in region.rules)
    account = dataclasses.replace(observed.snapshot, alert_regions=(dataclasses.replace(region, rules=rules),))
    return dataclasses.replace(observed, snapshot=account)


def the_rule(observed: Observed, name: str = ROOT) -> EventRule:
    (region,) = observed.snapshot.alert_regions
    return next(rule for rule in region.rules if rule.name == name)


@pytest.mark.parametrize(
    "fields",
    [{"state": "DISABLED"}, {"state": "ENABLED"}, {"pattern": {"source": ["aws.s3"]}}, {"description": "theirs"}],
)
def test_a_rule_that_was_changed_is_set_again_with_all_that_it_has(fields: dict[str, t.Any]) -> None:
    state = change_rule(there(), ROOT, role_arn="arn:aws:iam::111122223333:role/x", **fields)
    plan = make_plan(state, create_topic=True)
    assert operations(plan) == [f"PutRule {ROOT}"]
    (change,) = plan.changes
    # PutRule forgets what it is not told, and takes tags with a new rule only.
    assert change.parameters["RoleArn"] == "arn:aws:iam::111122223333:role/x"
    assert "Tags" not in change.parameters
    assert change.undo is not None and change.undo.operation == "PutRule"
    assert change.undo.parameters["State"] == the_rule(state).state
    assert change.undo.parameters["RoleArn"] == "arn:aws:iam::111122223333:role/x"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"InputTransformer": {"InputPathsMap": {}, "InputTemplate": '"theirs"'}},
        {"RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}},
    ],
)
def test_a_target_that_was_changed_is_set_again(settings: dict[str, t.Any]) -> None:
    state = there()
    (target,) = the_rule(state).targets
    ours = {**target.settings, **settings} if settings else {}
    state = change_rule(state, ROOT, targets=(EventTarget(target.id, target.arn, ours),))
    plan = make_plan(state, create_topic=True)
    assert [change.operation for change in plan.changes] == ["PutTargets"]
    assert plan.changes[0].parameters["Targets"] == [target.request]
    assert plan.changes[0].undo is not None
    assert plan.changes[0].undo.parameters["Targets"][0].get("InputTransformer") == ours.get("InputTransformer")


def test_targets_of_others_stay_and_old_ones_of_ours_go() -> None:
    state = there()
    theirs, old = EventTarget("theirs", "arn:aws:sqs:x"), EventTarget("iam-hardening-bus", BUS)
    state = change_rule(state, ROOT, targets=(*the_rule(state).targets, theirs, old))
    plan = make_plan(state, create_topic=True)
    assert [(change.operation, change.parameters.get("Ids")) for change in plan.changes] == [
        ("RemoveTargets", ["iam-hardening-bus"])
    ]


def test_a_rule_that_is_full_of_others_targets_is_refused() -> None:
    theirs = tuple(EventTarget(f"theirs-{number}", "arn:aws:sqs:x") for number in range(5))
    plan = make_plan(change_rule(there(), ROOT, targets=theirs), create_topic=True)
    assert [(item.rule, item.target.rpartition("/")[2]) for item in plan.refused] == [("targets", ROOT)]
    assert plan.changes == ()


def test_our_tags_come_back_and_foreign_ones_stay() -> None:
    state = change_rule(there(), ROOT, tags={"iam-hardening:managed": "true", "team": "x"})
    (change,) = make_plan(state, create_topic=True).changes
    assert (change.operation, change.parameters["Tags"]) == (
        "TagResource",
        [{"Key": "iam-hardening:collection-version", "Value": "1.0.0"}],
    )
    assert change.undo is not None and change.undo.operation == "UntagResource"
    older = change_rule(there(), ROOT, tags={**OURS, "iam-hardening:collection-version": "0.9.0"})
    (change,) = make_plan(older, create_topic=True).changes
    assert change.undo is not None and change.undo.operation == "TagResource"


@pytest.mark.parametrize(
    ("fields", "adopt", "rule"),
    [
        ({"tags": {}}, False, "foreign"),
        ({"managed_by": "securityhub.amazonaws.com"}, False, "managed"),
        # Not even adoption takes over what a service made.
        ({"managed_by": "securityhub.amazonaws.com"}, True, "managed"),
    ],
)
def test_rules_that_are_not_ours_are_refused(fields: dict[str, t.Any], adopt: bool, rule: str) -> None:
    state = change_rule(there(), ROOT, state="DISABLED", **fields)
    plan = make_plan(state, create_topic=True, adopt=adopt)
    assert (plan.changes, [item.rule for item in plan.refused]) == ((), [rule])


def test_adoption_takes_over_a_rule() -> None:
    state = change_rule(there(), ROOT, state="DISABLED", tags={})
    assert count_operations(make_plan(state, create_topic=True, adopt=True)) == {"PutRule": 1, "TagResource": 1}


# Away


def test_a_rule_that_is_off_goes_with_its_target() -> None:
    plan = make_plan(there(), create_topic=True, rules={"root-activity": "no"})
    assert operations(plan) == [
        "RemoveTargets iam-hardening-root-activity target iam-hardening-topic",
        f"DeleteRule {ROOT}",
    ]
    undo = plan.changes[1].undo
    assert undo is not None and undo.operation == "PutRule"
    # With the tags of others.
    assert {"Key": "team", "Value": "security"} in undo.parameters["Tags"]


def test_absent_takes_away_what_is_ours() -> None:
    options = {"create_topic": True, "create_dead_letter_queue": True, "receive_from_organization": True}
    state = make_converged(declare(**options), empty(organization=MEMBER))
    plan = make_plan(state, state="absent")
    # Topics and queues stay: people subscribed, and messages lie there.
    assert count_operations(plan) == {
        "DeleteRole": 1,
        "DeleteRolePolicy": 1,
        "DeleteRule": 7,
        "RemovePermission": 1,
        "RemoveTargets": 7,
    }
    assert all(change.undo is not None for change in plan.changes)


@pytest.mark.parametrize("fields", [{"tags": {}}, {"managed_by": "config.amazonaws.com"}])
def test_absent_leaves_what_is_not_ours(fields: dict[str, t.Any]) -> None:
    plan = make_plan(change_rule(there(), ROOT, **fields), state="absent")
    assert not [change for change in plan.changes if ROOT in change.target]


def test_a_rule_with_targets_of_others_is_not_deleted() -> None:
    state = there()
    theirs = EventTarget("theirs", "arn:aws:sqs:x")
    plan = make_plan(change_rule(state, ROOT, targets=(*the_rule(state).targets, theirs)), state="absent")
    assert [(item.rule, item.operation) for item in plan.refused] == [("targets", "DeleteRule")]
    assert [change.operation for change in plan.changes if ROOT in change.target] == ["RemoveTargets"]


def test_the_role_stays_while_a_region_is_not_known() -> None:
    state = make_converged(declare(bus_arn=BUS), empty(denied=[OTHER]))
    plan = make_plan(state, state="absent")
    assert [(item.rule, item.target, OTHER in item.reason) for item in plan.refused] == [("unread", ROLE, True)]
    assert "DeleteRole" not in count_operations(plan)


# What the result tells


def test_rules_are_told_with_where_their_events_occur() -> None:
    declaration = declare(create_topic=True, own_rules=[own_rule(where="iam_home")])
    results = {
        item["name"]: item
        for item in make_rule_results(declaration, make_topology(declaration, empty(organization=MEMBER)))
    }
    assert results["root-activity"]["regions"] == [HOME, OTHER]
    assert results["ours"]["regions"] == [HOME]
    assert results["organizations-guardrail-change"] == {
        **results["organizations-guardrail-change"],
        "applies": False,
        "regions": [],
        "reason": "only the management account sees changes of the organization",
    }
    management = {
        item["name"]: item
        for item in make_rule_results(declaration, make_topology(declaration, empty(organization=MANAGEMENT)))
    }
    assert management["organizations-guardrail-change"]["regions"] == [HOME]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"create_topic": True}, {"rules": 6, "topology": 1, "topic": 1}),
        ({"create_topic": True, "topology": "topics"}, {"rules": 9, "topic": 2}),
        (
            {"create_topic": True, "create_dead_letter_queue": True, "kms_key_id": "alias/x"},
            {"rules": 6, "topology": 1, "topic": 1, "dead_letter_queue": 2, "kms_key_id": 1},
        ),
        ({"bus_arn": BUS}, {"rules": 2, "topology": 2}),
        ({"state": "absent"}, {}),
    ],
)
def test_costs_are_units_and_their_number(options: dict[str, t.Any], expected: dict[str, int]) -> None:
    declaration = declare(**options)
    listed = list_costs(declaration, make_topology(declaration, empty()))
    assert {item["option"]: item["count"] for item in listed} == expected
    assert all(item["unit"] and item["note"] for item in listed)
