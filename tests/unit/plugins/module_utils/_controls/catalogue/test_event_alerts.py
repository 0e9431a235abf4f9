# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of alerts: whether somebody is told of what matters, region by region."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import (
    AlertRegion,
    AlertTopic,
    EventRule,
    EventTarget,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Organization, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Trail
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import (
    BY_NAME,
    RULES,
    State,
)

from ..samples import ACCOUNT, judge, snapshot, status, unread

HOME, OTHER = "us-east-1", "eu-west-1"
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT}:iam-hardening-alerts"
FOREIGN = f"arn:aws:sns:{HOME}:999999999999:alerts"
HUB = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default"
KEY = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1"


def policy(*actions: str, service: str = "events.amazonaws.com", **more: t.Any) -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions), "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


OPEN = AlertTopic(TOPIC, policy=policy("sns:Publish"), confirmed=1)


def rule(name: str, *targets: str, region: str = HOME, **fields: t.Any) -> EventRule:
    known = next(item for item in RULES if item.name == name)
    values: dict[str, t.Any] = {
        "name": known.full_name,
        "arn": f"arn:aws:events:{region}:{ACCOUNT}:rule/{known.full_name}",
        "region": region,
        "state": known.state.value,
        "pattern": known.pattern,
        "targets": tuple(EventTarget(str(number), arn) for number, arn in enumerate(targets)),
    }
    return EventRule(**{**values, **fields})


def all_rules(*targets: str, region: str = HOME, without: str = "") -> tuple[EventRule, ...]:
    return tuple(rule(item.name, *targets, region=region) for item in RULES if item.by_default and item.name != without)


def account(*regions: AlertRegion, **fields: t.Any) -> Snapshot:
    return snapshot(regions=tuple(item.region for item in regions), alert_regions=regions, **fields)


def home(*rules: EventRule, topics: t.Sequence[AlertTopic] = (OPEN,), **fields: t.Any) -> Snapshot:
    return account(AlertRegion(HOME, rules, tuple(topics)), **fields)


# event_alert_rules


def missing(told: Snapshot, region: str = HOME) -> list[str]:
    (found,) = (item for item in judge("event_alert_rules", told) if item.region == region)
    return list(found.evidence.observed["missing"]) if found.status.value == "FAIL" else []


def test_rules_that_lead_somewhere_are_enough() -> None:
    assert status("event_alert_rules", home(*all_rules(TOPIC))) == "PASS"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"state": "DISABLED"}, id="off"),
        pytest.param({"targets": ()}, id="without target"),
        pytest.param({"pattern": {"source": ["aws.s3"]}}, id="of something else"),
        pytest.param({"pattern": {"source": [{"no-such": 1}]}}, id="of no pattern"),
        pytest.param({"pattern": None}, id="by the clock"),
        # AWS keeps sts:AssumeRoot from such a rule, since it only reads.
        pytest.param({"state": State.ENABLED.value}, id="without what only reads"),
    ],
)
def test_a_rule_that_can_not_tell_anybody_does_not_count(fields: dict[str, t.Any]) -> None:
    deaf = rule("assume-root", TOPIC, **fields)
    assert missing(home(*all_rules(TOPIC, without="assume-root"), deaf)) == ["assume-root"]


def test_each_region_has_its_own_events() -> None:
    told = account(AlertRegion(HOME), AlertRegion(OTHER))
    assert "quarantine-attached-by-aws" in missing(told, HOME)
    assert missing(told, OTHER) == ["root-activity", "assume-root", "health-exposed-credentials", "guardrail-tamper"]


def test_the_management_account_alone_needs_the_rule_on_its_organization() -> None:
    rules = all_rules(TOPIC, without="organizations-guardrail-change")
    assert missing(home(*rules, organization=Organization("o-1", ACCOUNT, "ALL"))) == ["organizations-guardrail-change"]
    assert status("event_alert_rules", home(*rules, organization=Organization("o-1", "999988887777", "ALL"))) == "PASS"


def test_without_any_rule_the_kinds_are_listed_and_no_reasons() -> None:
    (found,) = judge("event_alert_rules", home())
    assert found.detail.endswith("health-exposed-credentials, quarantine-attached-by-aws, root-activity")
    assert "(" not in found.detail
    assert found.evidence.observed["reasons"] == {}


def test_a_rule_that_is_off_catches_nothing() -> None:
    off = rule("guardrail-tamper", TOPIC, state="DISABLED")
    assert missing(home(*all_rules(TOPIC, without="guardrail-tamper"), off)) == ["guardrail-tamper"]
    (found,) = judge("event_alert_rules", home(*all_rules(TOPIC, without="quarantine-attached-by-aws")))
    # The use of root is caught by another rule.
    assert found.detail.endswith("catches the events of quarantine-attached-by-aws (none unless by root)")


def test_a_rule_that_leaves_out_events_names_them() -> None:
    pattern = {**BY_NAME["assume-root"].pattern}
    pattern["detail"] = {**pattern["detail"], "userIdentity": {"type": ["IAMUser"]}}
    narrow = rule("assume-root", TOPIC, pattern=pattern)
    (found,) = judge("event_alert_rules", home(*all_rules(TOPIC, without="assume-root"), narrow))
    assert found.detail.endswith("assume-root (none by a person of Identity Center, a role)")


def test_a_rule_that_leaves_out_a_call_names_it() -> None:
    pattern = {**BY_NAME["guardrail-tamper"].pattern}
    names = [name for name in pattern["detail"]["eventName"] if name != "DeleteAnalyzer"]
    pattern["detail"] = {**pattern["detail"], "eventName": names}
    narrow = rule("guardrail-tamper", TOPIC, pattern=pattern)
    (found,) = judge("event_alert_rules", home(*all_rules(TOPIC, without="guardrail-tamper"), narrow))
    assert found.detail.endswith("guardrail-tamper (not DeleteAnalyzer)")


def test_only_what_is_not_known_is_named_beside_what_works() -> None:
    whole = BY_NAME["guardrail-tamper"].pattern
    rest = [name for name in whole["detail"]["eventName"] if name != "DeleteAnalyzer"]
    one, others = ({**whole, "detail": {**whole["detail"], "eventName": names}} for names in (["DeleteAnalyzer"], rest))
    rules = (
        rule("guardrail-tamper", f"{TOPIC}-2", pattern=one),
        rule("guardrail-tamper", TOPIC, pattern=others, arn=f"arn:aws:events:{HOME}:{ACCOUNT}:rule/others"),
    )
    unknown = AlertTopic(f"{TOPIC}-2", unknown="AccessDenied")
    told = home(*all_rules(TOPIC, without="guardrail-tamper"), *rules, topics=[OPEN, unknown])
    (found,) = judge("event_alert_rules", told)
    assert (found.status.value, found.detail) == (
        "NOT_ASSESSED",
        f"guardrail-tamper: {TOPIC}-2 could not be read: AccessDenied",
    )


def test_a_place_that_can_not_be_read_is_unknown_if_ours_and_trusted_if_declared() -> None:
    unknown = AlertTopic(TOPIC, unknown="AccessDenied")
    (found,) = judge("event_alert_rules", home(*all_rules(TOPIC), topics=[unknown]))
    assert (found.status.value, "AccessDenied" in found.detail) == ("NOT_ASSESSED", True)
    declared = home(*all_rules(FOREIGN), topics=[AlertTopic(FOREIGN, unknown="AccessDenied")])
    assert status("event_alert_rules", declared) == "FAIL"
    assert status("event_alert_rules", declared, trusted_account_ids=("999999999999",)) == "PASS"
    # One more target that works is enough.
    assert status("event_alert_rules", home(*all_rules(TOPIC, f"{TOPIC}-2"), topics=[unknown])) == "PASS"


def test_another_bus_of_the_account_is_a_place_like_others() -> None:
    assert status("event_alert_rules", home(*all_rules(HUB.replace("default", "alerts")))) == "PASS"
    assert status("event_alert_rules", home(*all_rules(HUB))) == "FAIL"


def test_what_is_forwarded_is_heard_where_it_arrives() -> None:
    elsewhere = AlertRegion(OTHER, all_rules(HUB, region=OTHER))
    assert missing(account(AlertRegion(HOME, all_rules(TOPIC)), elsewhere), OTHER) == []
    assert "root-activity" in missing(account(AlertRegion(HOME), elsewhere), OTHER)
    # Handed on once more it is lost: AWS does that once.
    again = all_rules(HUB.replace(HOME, OTHER))
    assert "root-activity" in missing(account(AlertRegion(HOME, again), elsewhere), OTHER)


def test_a_denied_region_is_not_assessed_and_no_other() -> None:
    told = account(AlertRegion(HOME, all_rules(TOPIC)), AlertRegion(OTHER))
    told = dataclasses.replace(
        told, alert_regions=told.alert_regions[:1], unread=(unread(Dataset.EVENT_RULES, region=OTHER),)
    )
    assert {item.region: item.status.value for item in judge("event_alert_rules", told)} == {
        HOME: "PASS",
        OTHER: "NOT_ASSESSED",
    }


# event_alert_delivery


def test_a_topic_that_admits_eventbridge_is_delivered_to() -> None:
    assert status("event_alert_delivery", home(rule("root-activity", TOPIC))) == "PASS"
    assert status("event_alert_delivery", home(topics=())) == "NOT_APPLICABLE"


def test_a_rule_that_is_on_needs_a_target() -> None:
    (found,) = judge("event_alert_delivery", home(rule("root-activity")))
    assert (found.status.value, found.evidence.observed) == ("FAIL", {"targets": 0})
    assert status("event_alert_delivery", home(rule("root-activity", state="DISABLED"))) == "PASS"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, ""),
        ({"exists": False}, "there is no such topic"),
        ({"policy": None}, "no policy that lets events.amazonaws.com"),
        ({"policy": policy("sns:Publish", service="s3.amazonaws.com")}, "does not let"),
        ({"policy": policy("sns:Publish", Effect="Deny")}, "denies"),
        ({"policy": policy("sns:*")}, ""),
        ({"kms_key_id": "alias/aws/sns", "key_policy": policy("kms:*")}, "can't be changed"),
        ({"kms_key_id": KEY, "key_policy": policy("kms:Decrypt", "kms:GenerateDataKey*")}, ""),
        ({"kms_key_id": KEY, "key_policy": policy("kms:Decrypt")}, "kms:GenerateDataKey"),
        ({"kms_key_id": KEY, "key_policy": {}}, "kms:Decrypt and kms:GenerateDataKey"),
    ],
)
def test_what_keeps_a_message_from_its_topic(fields: dict[str, t.Any], why: str) -> None:
    topic = dataclasses.replace(OPEN, **fields)
    (found,) = judge("event_alert_delivery", home(rule("root-activity", TOPIC), topics=[topic]))
    assert (found.status.value, why in found.detail) == ("FAIL" if why else "PASS", True)


@pytest.mark.parametrize(
    "topic",
    [AlertTopic(TOPIC, unknown="AccessDenied"), dataclasses.replace(OPEN, kms_key_id=KEY, key_unknown="AccessDenied")],
)
def test_what_can_not_be_read_is_no_pass(topic: AlertTopic) -> None:
    (found,) = judge("event_alert_delivery", home(rule("root-activity", TOPIC), topics=[topic]))
    assert found.status.value == "NOT_ASSESSED"
    assert "AccessDenied" in found.detail


def test_a_topic_of_another_account_is_judged_there() -> None:
    told = home(rule("root-activity", FOREIGN), topics=[AlertTopic(FOREIGN, unknown="AuthorizationError")])
    (found,) = judge("event_alert_delivery", told)
    assert found.status.value == "NOT_ASSESSED" and "AuthorizationError" in found.detail
    assert status("event_alert_subscribers", told) == "NOT_APPLICABLE"


# event_alert_subscribers


@pytest.mark.parametrize(
    ("fields", "verdict", "why"),
    [
        ({"confirmed": 2}, "PASS", ""),
        # Somebody is told: that another one is not yet is his affair.
        ({"confirmed": 1, "pending": 1}, "PASS", ""),
        ({"confirmed": 0, "pending": 3}, "FAIL", "3 are waiting for confirmation"),
        ({"confirmed": 0}, "FAIL", "nobody is subscribed"),
        ({"unknown": "AccessDenied: no"}, "NOT_ASSESSED", "AccessDenied"),
        # The control on delivery says so.
        ({"exists": False}, "NOT_APPLICABLE", "no alert rule notifies a topic"),
    ],
)
def test_somebody_must_have_confirmed(fields: dict[str, t.Any], verdict: str, why: str) -> None:
    told = home(rule("root-activity", TOPIC), topics=[dataclasses.replace(OPEN, **fields)])
    (found,) = judge("event_alert_subscribers", told)
    assert (found.status.value, why in found.detail) == (verdict, True)


# event_alert_trail

TRAIL = Trail("t", "arn:t", HOME, True, True, True, True, None, "logs", None, None, True)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({}, "PASS"),
        ({"logs_management_events": None}, "NOT_ASSESSED"),
        ({"logs_management_events": None, "is_logging": False}, "FAIL"),
        ({"is_multi_region": False}, "FAIL"),
        ({"is_logging": False}, "FAIL"),
        ({"logs_management_events": False}, "FAIL"),
        ({"is_logging": None}, "NOT_ASSESSED"),
    ],
)
def test_a_trail_must_log_what_rules_wait_for(fields: dict[str, t.Any], verdict: str) -> None:
    trail = dataclasses.replace(TRAIL, **fields)
    assert status("event_alert_trail", home(rule("root-activity", TOPIC), trails=(trail,))) == verdict


def test_without_rules_no_trail_is_asked_for() -> None:
    assert status("event_alert_trail", home(topics=())) == "NOT_APPLICABLE"
    assert status("event_alert_trail", home(rule("root-activity", TOPIC))) == "FAIL"


def read_finding(control: str, told: Snapshot) -> tuple[str, t.Any]:
    """What the one finding of a control says, and its evidence."""
    (finding,) = judge(control, told)
    return finding.detail, finding.evidence.observed


def test_the_rules_that_catch_are_named() -> None:
    detail, observed = read_finding("event_alert_rules", home(*all_rules(TOPIC)))
    names = sorted(item.name for item in RULES if item.by_default and item.name != "organizations-guardrail-change")
    assert detail == f"enabled rules catch {', '.join(names)}"
    assert observed == {"population": 5, "unit": "alert rules"}


@pytest.mark.parametrize(
    ("targets", "why"),
    [
        ((), "the rule has no target"),
        ((FOREIGN,), f"{FOREIGN} is of account 999999999999, which is not known to be ours"),
        ((f"{TOPIC}-gone",), f"there is no {TOPIC}-gone"),
        ((HUB,), "what was handed on is not handed on once more"),
    ],
)
def test_why_a_rule_reaches_nobody(targets: tuple[str, ...], why: str) -> None:
    name = "health-exposed-credentials"
    gone = AlertTopic(f"{TOPIC}-gone", exists=False)
    told = home(*all_rules(TOPIC, without=name), rule(name, *targets), topics=(OPEN, gone))
    detail, observed = read_finding("event_alert_rules", told)
    assert detail.endswith(f"catches the events of {name} ({why})")
    assert observed == {"missing": [name], "reasons": {name: why}}


def test_a_region_that_events_go_on_to_may_not_have_been_read() -> None:
    elsewhere = all_rules(HUB.replace(HOME, "sa-east-1"))
    (finding,) = judge("event_alert_rules", home(*elsewhere))
    assert finding.status.value == "NOT_ASSESSED"
    assert "root-activity: it is forwarded to sa-east-1, which was not read" in finding.detail


def test_the_evidence_of_deliveries() -> None:
    encrypted = dataclasses.replace(OPEN, kms_key_id=KEY, key_policy={})
    detail, observed = read_finding("event_alert_delivery", home(rule("root-activity", TOPIC), topics=[encrypted]))
    assert detail.startswith("EventBridge can't deliver to it: the policy of its key")
    assert observed == {"kms_key_id": KEY}
    assert read_finding("event_alert_delivery", home(rule("root-activity", TOPIC)))[1] == {
        "population": 1,
        "unit": "alert rules",
    }
    none = read_finding("event_alert_delivery", home(topics=()))
    assert none[0] == "no alert rule of this collection in this region"


def test_a_dead_letter_queue_is_delivered_to_as_well() -> None:
    queue = f"arn:aws:sqs:{HOME}:{ACCOUNT}:undelivered"
    target = EventTarget("1", TOPIC, settings={"DeadLetterConfig": {"Arn": queue}})
    (finding,) = judge("event_alert_delivery", home(rule("root-activity", targets=(target,))))
    assert (finding.status.value, finding.detail) == ("NOT_ASSESSED", f"{queue}: the queue was not read")


def test_a_target_with_a_role_is_not_judged_by_the_policy_of_the_topic() -> None:
    target = EventTarget("1", TOPIC, settings={"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/events"})
    (finding,) = judge("event_alert_delivery", home(rule("root-activity", targets=(target,))))
    assert finding.status.value == "NOT_ASSESSED"
    assert finding.detail.endswith("delivers to it by a role")


def test_the_evidence_of_subscribers() -> None:
    waiting = dataclasses.replace(OPEN, confirmed=0, pending=3)
    assert read_finding("event_alert_subscribers", home(rule("root-activity", TOPIC), topics=[waiting])) == (
        "no subscription is confirmed; 3 are waiting for confirmation by e-mail",
        {"confirmed": 0, "pending": 3},
    )
    assert read_finding("event_alert_subscribers", home(rule("root-activity", TOPIC)))[1] == {
        "population": 1,
        "unit": "topics",
    }


def test_the_evidence_of_the_trail_behind_the_rules() -> None:
    with_trail = home(rule("root-activity", TOPIC), trails=(TRAIL,))
    assert read_finding("event_alert_trail", with_trail) == (
        "trail t logs management events of every region",
        {"population": 1, "unit": "alert rules"},
    )
    assert read_finding("event_alert_trail", home(rule("root-activity", TOPIC)))[1] == {"trails": 0}
    unknown = dataclasses.replace(TRAIL, is_logging=None)
    assert read_finding("event_alert_trail", home(rule("root-activity", TOPIC), trails=(unknown,)))[0] == (
        "trails could not be read: t"
    )
    hidden = dataclasses.replace(
        home(rule("root-activity", TOPIC)), regions=(HOME, OTHER), unread=(unread(Dataset.TRAILS, region=OTHER),)
    )
    assert read_finding("event_alert_trail", hidden)[0] == f"trails could not be read: {OTHER}"
    one = dataclasses.replace(unknown, is_multi_region=False)
    assert read_finding("event_alert_trail", home(rule("root-activity", TOPIC), trails=(one,)))[1] == {"trails": 1}
