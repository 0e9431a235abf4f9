# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a probe of alerts makes, sends and removes, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import (
    AlertRegion,
    EventRule,
    EventTarget,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.changes import AlertWriter
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.probe.plan import (
    SOURCE,
    TEMPORARY,
    Observed,
    Planner,
    ProbeSurroundings,
    Subscriber,
    build_trial_event,
    make_probes,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.probe.queue import (
    build_queue_policy,
    queue_arn,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_pattern import EventPattern
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import with_affected
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.reach import KnownReach
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import GLOBAL, Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ...._controls.samples import ACCOUNT
from ..alerting import BUS, HOME, OTHER, OURS, TAGS, TOPIC, declare, empty, make_converged, own_rule

HUB = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default"
QUEUE = queue_arn(TOPIC)
MAIL = Subscriber("email", "secops@example.com", "arn:x")


def account(*regions: str, **options: t.Any) -> Snapshot:
    """An account that has what is declared, by default a topic."""
    return make_converged(declare(**(options or {"create_topic": True})), empty(*(regions or (HOME,)))).snapshot


def plan(snapshot: Snapshot, *accepted: str, only_clean: bool = False, **around: t.Any) -> Plan:
    writer = AlertWriter(ACCOUNT, TAGS)
    return Planner(
        Observed(snapshot, ProbeSurroundings(**around)), writer, frozenset(accepted), only_clean=only_clean
    ).plan()


def steps(found: Plan) -> list[str]:
    """The operations in their order, each once where it repeats."""
    names = [change.operation for change in found.changes]
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


def list_refused(found: Plan) -> set[tuple[str, str]]:
    return {(item.rule, item.target) for item in found.refused}


def with_rules(snapshot: Snapshot, region: str, *rules: EventRule) -> Snapshot:
    regions = tuple(
        dataclasses.replace(here, rules=(*here.rules, *rules)) if here.region == region else here
        for here in snapshot.alert_regions
    )
    return dataclasses.replace(snapshot, alert_regions=regions)


def temporary(name: str, region: str = HOME) -> EventRule:
    arn = f"arn:aws:events:{region}:{ACCOUNT}:rule/{TEMPORARY}{name}"
    targets = (EventTarget("iam-hardening-topic", TOPIC),)
    return EventRule(f"{TEMPORARY}{name}", arn, region, "ENABLED", {"source": [SOURCE]}, tags=OURS, targets=targets)


def test_all_that_is_made_is_removed_and_the_events_are_sent_in_between() -> None:
    found = plan(account())
    assert steps(found)[:2] == ["CreateQueue", "Subscribe"]
    assert steps(found)[-2:] == ["Unsubscribe", "DeleteQueue"]
    counts = {name: [change.operation for change in found.changes].count(name) for name in steps(found)}
    assert counts["PutRule"] == counts["PutTargets"] == counts["RemoveTargets"] == counts["DeleteRule"] == 5
    (sent,) = [index for index, change in enumerate(found.changes) if change.operation == "PutEvents"]
    assert found.changes[sent].region == GLOBAL
    made = {change.target for change in found.changes[:sent]}
    assert made == {change.target for change in found.changes[sent + 1 :]}
    # Nobody wants a temporary rule again: a rollback removes what is left, and makes nothing.
    assert all((change.undo is None) is (index >= sent) for index, change in enumerate(found.changes))
    for change in found.changes[sent + 1 :]:
        first = next(other for other in found.changes if other.target == change.target)
        assert (first.before, first.after) == (None, change.before) and change.after is None


def test_no_change_of_a_probe_affects_anybody_but_who_may_use_the_queue() -> None:
    for change in with_affected(plan(account(HOME, OTHER)).changes, KnownReach()):
        assert change.affects == (() if change.service != "sqs" else ("sns.amazonaws.com",)), change.target


def message_of(change: Change) -> str:
    return str(change.parameters["Targets"][0]["InputTransformer"]["InputTemplate"])


def test_a_message_begins_with_probe_and_goes_through_the_transformer_of_the_real_rule() -> None:
    snapshot = account()
    real = {rule.name: rule.targets[0] for rule in snapshot.alert_regions[0].rules}
    for change in plan(snapshot).changes:
        if change.operation == "PutTargets":
            target = real[change.parameters["Rule"].replace(TEMPORARY, "iam-hardening-")]
            assert message_of(change).startswith('"PROBE')
            assert message_of(change).endswith(target.settings["InputTransformer"]["InputTemplate"])
            given = change.parameters["Targets"][0]
            assert (given["Arn"], given["Id"], given["RetryPolicy"]) == (
                target.arn,
                target.id,
                target.settings["RetryPolicy"],
            )


def events_of(found: Plan) -> list[dict[str, t.Any]]:
    entries = [entry for change in found.changes for entry in change.parameters.get("Entries", ())]
    return [
        {"source": entry["Source"], "detail": json.loads(entry["Detail"]), "bus": entry["EventBusName"]}
        for entry in entries
    ]


def patterns_of(found: Plan) -> dict[tuple[str, str], EventPattern]:
    return {
        (change.region, change.parameters["Name"]): EventPattern(json.loads(change.parameters["EventPattern"]))
        for change in found.changes
        if change.operation == "PutRule"
    }


def test_each_event_takes_the_way_of_its_rule_and_no_other() -> None:
    found = plan(account(HOME, OTHER))
    for event in events_of(found):
        region, through = event["detail"]["region"], event["detail"]["through"]
        caught = {key for key, pattern in patterns_of(found).items() if pattern.matches(event)}
        on_its_bus = {name for place, name in caught if place == region}
        assert on_its_bus == {f"{TEMPORARY}{through}"}
        on_the_hub = {name for place, name in caught if place == HOME}
        assert on_the_hub == {f"{TEMPORARY}{event['detail']['rule']}"}
        assert (event["source"], event["bus"].split(":")[3]) == (SOURCE, region)


def test_no_real_rule_is_triggered_by_a_probe() -> None:
    snapshot = account(HOME, OTHER)
    real = [EventPattern(rule.pattern) for here in snapshot.alert_regions for rule in here.rules]
    for event in events_of(plan(snapshot)):
        assert not any(pattern.matches({**event, "detail-type": "Probe of an alert rule"}) for pattern in real)


def test_more_than_ten_events_take_two_requests() -> None:
    rules = [own_rule(name=f"own-{number}") for number in range(8)]
    found = plan(account(HOME, create_topic=True, own_rules=rules))
    sizes = [len(change.parameters["Entries"]) for change in found.changes if change.operation == "PutEvents"]
    assert sizes == [10, 3]


@pytest.mark.parametrize("subscriber", [MAIL, dataclasses.replace(MAIL, protocol="sqs", endpoint=f"{QUEUE}-other")])
def test_a_topic_with_other_subscribers_has_to_be_accepted(subscriber: Subscriber) -> None:
    found = plan(account(HOME, OTHER), subscribers={TOPIC: (subscriber,)})
    assert (found.changes, list_refused(found)) == ((), {("subscribers", TOPIC)})
    assert plan(account(), "arn:aws:sns:us-east-1:1:other", subscribers={TOPIC: (subscriber,)}).changes == ()
    assert plan(account(HOME, OTHER), TOPIC, subscribers={TOPIC: (subscriber,)}).refused == ()


def listener(pattern: t.Any, state: str = "ENABLED") -> EventRule:
    return EventRule("theirs", f"arn:aws:events:{HOME}:{ACCOUNT}:rule/theirs", HOME, state, pattern)


@pytest.mark.parametrize(
    ("rule", "refuses"),
    [
        (listener({"account": [ACCOUNT]}), True),
        (listener({"source": [{"prefix": "hardening"}]}), True),
        (listener({"source": [{"newer-than-us": "x"}]}), True),
        (listener({"source": ["aws.s3"]}), False),
        (listener({"account": [ACCOUNT]}, "DISABLED"), False),
        (listener(None), False),
    ],
)
def test_a_bus_with_other_listeners_has_to_be_accepted(rule: EventRule, refuses: bool) -> None:
    found = plan(account(), listeners={HOME: (rule,)})
    assert list_refused(found) == ({("subscribers", HUB)} if refuses else set())
    assert plan(account(), HUB, listeners={HOME: (rule,)}).refused == ()


def test_the_bus_of_another_account_has_to_be_accepted_and_shows_nothing() -> None:
    snapshot = account(HOME, bus_arn=BUS)
    assert list_refused(plan(snapshot)) == {("subscribers", BUS)}
    found = plan(snapshot, BUS)
    assert "PutEvents" in steps(found)
    assert not any(probe.is_visible for probe in make_probes(snapshot))
    assert {"CreateQueue", "Subscribe"}.isdisjoint(steps(found))


def test_a_hub_that_was_not_read_is_refused_and_not_called_silent() -> None:
    snapshot = account(HOME, OTHER)
    alone = tuple(here for here in snapshot.alert_regions if here.region == OTHER)
    found = plan(dataclasses.replace(snapshot, alert_regions=alone))
    assert (found.changes, list_refused(found)) == ((), {("no_topic", HUB)})


def test_what_can_not_be_read_or_is_of_another_account_is_refused() -> None:
    assert list_refused(plan(account(), unread={TOPIC: "AccessDenied"})) == {("unread", TOPIC)}
    assert list_refused(plan(account(), unread={HUB: "AccessDenied"})) == {("unread", HUB)}
    foreign = f"arn:aws:sns:{HOME}:999988887777:security"
    assert list_refused(plan(account(HOME, topic_arn=foreign))) == {("foreign", foreign)}


def test_without_a_transformer_nothing_would_say_probe() -> None:
    snapshot = account()
    (here,) = snapshot.alert_regions
    bare = tuple(
        dataclasses.replace(rule, targets=(EventTarget(rule.targets[0].id, TOPIC),)) for rule in here.rules[:1]
    )
    found = plan(dataclasses.replace(snapshot, alert_regions=(AlertRegion(HOME, bare),)))
    assert (found.changes, list_refused(found)) == ((), {("transformer", bare[0].arn)})


def test_what_an_earlier_probe_left_is_used_and_removed() -> None:
    left = (temporary("root-activity"), temporary("gone"))
    snapshot = with_rules(account(), HOME, *left)
    subscribed = {TOPIC: (Subscriber("sqs", QUEUE, "arn:s"),)}
    around = {"subscribers": subscribed, "queues": {QUEUE: {"policy": build_queue_policy([TOPIC], QUEUE)}}}
    found = plan(snapshot, **around)
    assert [change.operation for change in found.changes].count("CreateQueue") == 0
    assert [change.operation for change in found.changes].count("Subscribe") == 0
    deleted = {change.parameters["Name"] for change in found.changes if change.operation == "DeleteRule"}
    assert {rule.name for rule in left} <= deleted
    clean = plan(snapshot, only_clean=True, **around)
    assert steps(clean) == ["RemoveTargets", "DeleteRule", "RemoveTargets", "DeleteRule", "Unsubscribe", "DeleteQueue"]
    assert plan(account(), only_clean=True).changes == ()


def test_a_queue_of_other_topics_is_made_anew() -> None:
    found = plan(account(), queues={QUEUE: {"policy": build_queue_policy([f"{TOPIC}-of-before"], QUEUE)}})
    assert steps(found)[:3] == ["DeleteQueue", "CreateQueue", "Subscribe"]


WIDE: t.Final = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}


@pytest.mark.parametrize(
    "policy",
    [
        None,
        {},
        [],
        "text",
        {"Statement": []},
        {"Statement": {"Effect": "Allow"}},
        {"Version": "2012-10-17", "Statement": [WIDE]},
        {**build_queue_policy([TOPIC], QUEUE), "Id": "theirs"},
        {**build_queue_policy([TOPIC], QUEUE), "Statement": [*build_queue_policy([TOPIC], QUEUE)["Statement"], WIDE]},
        build_queue_policy([TOPIC], f"{QUEUE}-of-others"),
    ],
)
def test_a_queue_that_only_has_such_a_name_is_neither_used_nor_removed(policy: t.Any) -> None:
    around = {
        "queues": {QUEUE: {"queue": "iam-hardening-probe", "policy": policy}},
        "subscribers": {TOPIC: (Subscriber("sqs", QUEUE, "arn:s"),)},
    }
    found = plan(account(), TOPIC, **around)
    assert (found.changes, list_refused(found)) == ((), {("foreign", QUEUE)})
    assert plan(account(), only_clean=True, **around).changes == ()


def test_a_queue_that_can_not_be_read_is_not_taken_for_a_missing_one() -> None:
    found = plan(account(), unread={QUEUE: "AccessDenied"})
    assert (found.changes, list_refused(found)) == ((), {("unread", QUEUE)})


def test_a_rule_that_only_has_such_a_name_is_not_removed() -> None:
    theirs = dataclasses.replace(temporary("theirs"), pattern={"source": ["aws.s3"]})
    unmarked = dataclasses.replace(temporary("unmarked"), tags={})
    assert plan(with_rules(account(), HOME, theirs, unmarked), only_clean=True).changes == ()


@pytest.mark.parametrize(
    "theirs",
    [
        dataclasses.replace(temporary("root-activity"), tags={}),
        dataclasses.replace(temporary("root-activity"), pattern={"source": ["aws.s3"]}),
    ],
)
def test_a_rule_of_others_with_the_name_of_a_temporary_one_is_not_overwritten(theirs: EventRule) -> None:
    found = plan(with_rules(account(), HOME, theirs), HUB, listeners={HOME: (theirs,)})
    assert list_refused(found) == {("foreign", theirs.arn)}
    assert all(theirs.arn not in change.target for change in found.changes)


def test_only_rules_of_ours_that_are_on_are_probed() -> None:
    foreign = dataclasses.replace(temporary("x"), name="iam-hardening-theirs", tags={})
    off = dataclasses.replace(foreign, tags=OURS, state="DISABLED")
    assert len(make_probes(with_rules(account(), HOME, foreign, off, temporary("y")))) == len(make_probes(account()))


def test_an_example_event_triggers_the_real_rule() -> None:
    snapshot = account(HOME, OTHER, create_topic=True, own_rules=[own_rule()], rules={"signin-anomaly": True})
    for probe in make_probes(snapshot):
        event = build_trial_event(probe.rule, snapshot)
        assert EventPattern(probe.rule.pattern).matches(event), probe.rule.name
        assert {"id", "account", "source", "time", "region", "resources", "detail-type"} <= event.keys()
