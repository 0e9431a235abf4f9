# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events that alert rules are tried on."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import (
    RULES,
    AlertRule,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_pattern import EventPattern
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_samples import envelope, samples
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.monitoring_watches import WATCHES
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.trail_events import Place, callers

from ..samples import ACCOUNT

HOME = "us-east-1"
DEFAULTS = [rule for rule in RULES if rule.by_default]


@pytest.mark.parametrize("rule", DEFAULTS, ids=lambda rule: rule.name)
@pytest.mark.parametrize("region", [HOME, "eu-west-1"])
def test_our_rule_catches_several_events_of_each_kind(rule: AlertRule, region: str) -> None:
    found = samples(rule.name, Place(ACCOUNT, "aws"), region, HOME)
    assert len(found) >= 3
    pattern = EventPattern(rule.pattern)
    assert [sample.name for sample in found if not pattern.matches(sample.event)] == []
    assert {sample.event["region"] for sample in found} == {region}
    assert {sample.event["detail"].get("awsRegion", region) for sample in found} == {region}


@pytest.mark.parametrize("name", ["guardrail-tamper", "organizations-guardrail-change"])
def test_every_name_of_a_pattern_is_tried_by_callers_of_several_kinds(name: str) -> None:
    (rule,) = (item for item in DEFAULTS if item.name == name)
    found = samples(name, Place(ACCOUNT, "aws"), HOME, HOME)
    assert {sample.name for sample in found} == set(rule.pattern["detail"]["eventName"])
    assert {sample.by for sample in found} >= {"an IAM user", "a role", "root", "a person of Identity Center"}
    services = rule.pattern["detail"]["eventSource"]
    assert {sample.event["detail"]["eventSource"] for sample in found} == set(services)


def test_what_is_given_of_an_event_stays() -> None:
    event = envelope({"source": "x", "detail": {"a": 1}}, account_id=ACCOUNT, region=HOME)
    assert (event["source"], event["detail"], event["account"], event["region"]) == ("x", {"a": 1}, ACCOUNT, HOME)


# Members of an event that real ones have too, with the same values.
_AS_IN_REAL_ONES = {
    *("account", "additionalEventData", "detail-type", "eventCategory", "eventName", "eventSource", "eventType"),
    *("eventVersion", "managementEvent", "awsRegion", "readOnly", "recipientAccountId", "region", "source", "version"),
    *("errorCode", "errorMessage", "responseElements", "tlsDetails", "accountId", "type", "invokedBy"),
    *("sourceIPAddress", "userAgent", "mfaAuthenticated", "ec2RoleDelivery", "federatedProvider"),
    *("service", "eventTypeCode", "eventTypeCategory", "eventScopeCode", "statusCode", "status", "eventDescription"),
    *("affectedAccount", "durationSeconds", "taskPolicyArn", "policyArn"),
}


def _leaves(value: t.Any, path: tuple[str, ...] = ()) -> t.Iterator[tuple[tuple[str, ...], t.Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, (*path, key))
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member, path)
    else:
        yield path, value


def _values(events: t.Iterable[t.Mapping[str, t.Any]]) -> set[tuple[tuple[str, ...], t.Any]]:
    found = (leaf for event in events for leaf in _leaves(dict(event)))
    known = {None, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"}
    return {(path, value) for path, value in found if value not in known and not _AS_IN_REAL_ONES & set(path)}


def _all_events(seed: str) -> list[t.Mapping[str, t.Any]]:
    place = Place(ACCOUNT, "aws", seed)
    found = [sample.event for watch in WATCHES for sample in watch.samples(place)]
    return found + [sample.event for rule in DEFAULTS for sample in samples(rule.name, place, HOME, HOME)]


def test_nobody_can_write_a_filter_for_just_these_events() -> None:
    """What could tell the examples from real events differs in every assessment."""
    one, other = _all_events("2026-11-25T12:00:00+00:00"), _all_events("2026-11-26T12:00:00+00:00")
    assert {path for path, _value in _values(one)} > {("id",), ("time",), ("eventID",), ("detail", "eventTime")}
    both = _values(one) & _values(other)
    assert both == set()


@pytest.mark.parametrize("key", ["sourceIPAddress", "userAgent"])
def test_each_watch_has_an_address_and_a_program_that_nobody_knows(key: str) -> None:
    for watch in WATCHES:
        found = [
            {sample.event[key] for sample in watch.samples(Place(ACCOUNT, "aws", seed))} for seed in ("one", "other")
        ]
        assert found[0] - found[1], watch.name
        assert len(found[0]) > 3, watch.name


def test_each_region_that_was_read_has_events() -> None:
    place = Place(ACCOUNT, "aws", "", ("eu-west-3", "il-central-1"))
    for watch in WATCHES:
        sources = {sample.event["eventSource"] for sample in watch.samples(place)}
        regions = {sample.event["awsRegion"] for sample in watch.samples(place)}
        if len(sources) == 1 and not sources & {
            "iam.amazonaws.com",
            "organizations.amazonaws.com",
            "signin.amazonaws.com",
        }:
            assert regions >= {"us-east-1", "eu-west-3", "il-central-1"}, watch.name


def test_each_caller_has_events_in_several_regions_and_by_several_programs() -> None:
    place = Place(ACCOUNT, "aws", "", ("eu-west-3",))
    (watch,) = (item for item in WATCHES if item.name == "cloudtrail_changes")
    for caller in callers(place):
        own = [sample.event for sample in watch.samples(place) if sample.by == caller.by]
        assert len({event["awsRegion"] for event in own}) > 1, caller.by
        assert caller.source or len({event["userAgent"] for event in own}) > 1, caller.by


def test_names_have_nothing_in_common_but_what_aws_gives_them() -> None:
    one, other = (
        {caller.identity["arn"].rpartition(":")[2] for caller in callers(Place(ACCOUNT, "aws", seed))}
        for seed in ("one", "other")
    )
    words = {word for name in one for word in re.findall(r"[\w-]{4,}", name)} & {
        word for name in other for word in re.findall(r"[\w-]{4,}", name)
    }
    assert words == {"user", "root", "assumed-role", "federated-user", "AWSCloudFormation", "GitHubActions"}
