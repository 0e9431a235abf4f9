# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events that alert rules are tried on."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_alerts_rules import (
    RULES,
    AlertRule,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_pattern import EventPattern
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.event_samples import envelope, samples
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.monitoring_watches import WATCHES
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.trail_events import Place, make_callers

from ..samples import ACCOUNT
from .trail_shapes import check_id, check_identity, check_name, check_shape

HOME = "us-east-1"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
ROOT_TASKS: t.Final = {
    *("IAMAuditRootUserCredentials", "IAMCreateRootUserPassword", "IAMDeleteRootUserCredentials"),
    *("S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"),
}
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


@pytest.mark.parametrize("rule", DEFAULTS, ids=lambda rule: rule.name)
@pytest.mark.parametrize("partition", ["aws", "aws-us-gov"])
def test_events_have_the_documented_shapes(rule: AlertRule, partition: str) -> None:
    region = {"aws": "eu-west-1", "aws-us-gov": "us-gov-east-1"}[partition]
    for sample in samples(rule.name, Place(ACCOUNT, partition), region, region):
        event = sample.event
        # https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
        assert list(event) == [
            *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
        ]
        assert (event["version"], event["resources"], event["account"]) == ("0", [], ACCOUNT)
        check_id(event["id"])
        datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")
        if event["source"] != "aws.health":
            check_shape(event["detail"], partition)
            check_identity(event["detail"]["userIdentity"], partition)
            assert event["source"] == f"aws.{event['detail']['eventSource'].removesuffix('.amazonaws.com')}"
            signed_in = event["source"] == "aws.signin"
            kind = "AWS Console Sign In via CloudTrail" if signed_in else "AWS API Call via CloudTrail"
            assert event["detail-type"] == kind
            assert event["detail"]["readOnly"] is (sample.name in ("GetCallerIdentity", "AssumeRoot"))


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (
            HOME,
            {
                *("CreateAccessKey of iam", "GetCallerIdentity of sts", "RunInstances of ec2"),
                *("DeleteBucketPolicy of s3", "LeaveOrganization of organizations", "PutAlternateContact of account"),
                *("ConsoleLogin (Success) of signin", "ConsoleLogin (Failure) of signin"),
                "PasswordRecoveryRequested of signin",
            },
        ),
        ("eu-west-1", {"GetCallerIdentity of sts", "RunInstances of ec2", "DeleteBucketPolicy of s3"}),
    ],
)
def test_the_use_of_root_is_seen_where_it_is_recorded(region: str, expected: set[str]) -> None:
    found = samples("root-activity", Place(ACCOUNT, "aws"), region, HOME)
    assert {f"{sample.name} of {sample.event['source'].removeprefix('aws.')}" for sample in found} == expected
    signed_in = [sample for sample in found if "ConsoleLogin" in sample.name]
    for sample in signed_in:
        assert sample.event["detail"]["responseElements"]["ConsoleLogin"] == sample.name[14:-1]
        assert sample.event["detail"]["additionalEventData"]["MFAUsed"] == "No"


def test_sessions_of_root_are_opened_for_several_tasks_by_four_callers_each() -> None:
    found = samples("assume-root", Place(ACCOUNT, "aws"), "eu-west-1", HOME)
    asked = [sample.event["detail"]["requestParameters"] for sample in found]
    tasks = [item["taskPolicyArn"]["arn"].removeprefix("arn:aws:iam::aws:policy/root-task/") for item in asked]
    assert set(tasks) <= ROOT_TASKS
    assert len(tasks) == 4 * len(set(tasks)) == 12
    assert {frozenset(item) for item in asked} == {frozenset({"targetPrincipal", "taskPolicyArn", "durationSeconds"})}
    assert all(re.fullmatch(r"\d{12}", item["targetPrincipal"]) for item in asked)
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html: at most 900 seconds
    assert {item["durationSeconds"] for item in asked} == {900}
    assert len({sample.by for sample in found}) == 4


def test_quarantines_come_and_go_for_both_policies() -> None:
    found = samples("quarantine-attached-by-aws", Place(ACCOUNT, "aws-cn"), "cn-north-1", "cn-north-1")
    seen = [(sample.name, sample.event["detail"]["requestParameters"]["policyArn"]) for sample in found]
    policies = [f"arn:aws-cn:iam::aws:policy/AWSCompromisedKeyQuarantineV{version}" for version in (2, 3)]
    both = [(name, policy) for name in ("AttachUserPolicy", "DetachUserPolicy") for policy in policies]
    assert seen == [item for item in both for _caller in range(2)]
    (user,) = {sample.event["detail"]["requestParameters"]["userName"] for sample in found}
    check_name(user)
    other = samples("quarantine-attached-by-aws", Place(ACCOUNT, "aws-cn", "other"), "cn-north-1", "cn-north-1")
    assert user not in {sample.event["detail"]["requestParameters"]["userName"] for sample in other}
    assert {sample.event["source"] for sample in found} == {"aws.iam"}
    assert "a federated user" not in {sample.by for sample in found}
    assert len({sample.by for sample in found}) == 7


def test_an_exposed_key_is_reported_as_aws_health_documents_it() -> None:
    found = samples("health-exposed-credentials", Place(ACCOUNT, "aws"), "eu-west-1", HOME)
    assert [sample.name for sample in found] == [
        code
        for code in ("AWS_RISK_CREDENTIALS_EXPOSED", "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED")
        for _key in range(3)
    ]
    keys = []
    for sample in found:
        event, detail = sample.event, {**sample.event["detail"]}
        assert (sample.by, event["source"], event["detail-type"]) == ("AWS Health", "aws.health", "AWS Health Event")
        # https://docs.aws.amazon.com/health/latest/APIReference/API_Event.html
        arn = f"arn:aws:health:eu-west-1::event/RISK/{sample.name}/{sample.name}_"
        assert re.fullmatch(rf"{arn}[\w-]+", detail.pop("eventArn"))
        started = datetime.strptime(detail["startTime"], "%a, %d %b %Y %H:%M:%S GMT")
        assert f"{started:%a, %d %b %Y %H:%M:%S} GMT" == detail.pop("startTime")
        (text,), (entity,) = detail.pop("eventDescription"), detail.pop("affectedEntities")
        assert (text["language"], set(text)) == ("en_US", {"language", "latestDescription"})
        assert (entity["status"], set(entity)) == ("IMPAIRED", {"status", "entityValue"})
        keys.append(entity["entityValue"])
        assert detail == {
            "service": "RISK",
            "eventTypeCode": sample.name,
            "eventTypeCategory": "issue",
            "eventScopeCode": "ACCOUNT_SPECIFIC",
            "statusCode": "open",
            "affectedAccount": ACCOUNT,
        }
    assert all(re.fullmatch(r"AKIA[A-Z0-9]{16}", key) for key in keys)
    assert len(set(keys)) == len(keys) == 6


def test_each_call_is_tried_by_two_callers_in_turn() -> None:
    for name in ("guardrail-tamper", "organizations-guardrail-change"):
        found = samples(name, Place(ACCOUNT, "aws"), HOME, HOME)
        calls = {(sample.name, sample.event["source"]) for sample in found}
        assert len(found) == 2 * len(calls)
    tampered: dict[str, set[str]] = {}
    for sample in samples("guardrail-tamper", Place(ACCOUNT, "aws"), HOME, HOME):
        tampered.setdefault(sample.event["source"], set()).add(sample.name)
    assert {source: len(names) for source, names in tampered.items()} == {
        "aws.access-analyzer": 1,
        "aws.cloudtrail": 4,
        "aws.config": 4,
        "aws.events": 3,
        "aws.guardduty": 3,
        "aws.securityhub": 4,
    }
    asked = [
        sample.event["detail"]["requestParameters"]
        for sample in samples("organizations-guardrail-change", Place(ACCOUNT, "aws"), HOME, HOME)
    ]
    # The forms of both ids: https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html
    assert all(re.fullmatch(r"p-[0-9a-zA-Z_]{8,128}", item["policyId"]) for item in asked)
    assert all(re.fullmatch(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}", item["targetId"]) for item in asked)


def test_what_is_given_of_an_event_stays() -> None:
    event = envelope({"source": "x", "detail": {"a": 1}}, account_id=ACCOUNT, region=HOME)
    assert (event["source"], event["detail"], event["account"], event["region"]) == ("x", {"a": 1}, ACCOUNT, HOME)
    assert envelope({}, account_id=ACCOUNT, region=HOME)["detail"] == {}
    assert [envelope({}, account_id=ACCOUNT, region=HOME)[field] for field in ("detail-type", "source")] == ["", ""]


# Members of an event that real ones have too, with the same values.
_AS_IN_REAL_ONES = {
    *("account", "additionalEventData", "detail-type", "eventCategory", "eventName", "eventSource", "eventType"),
    *("eventVersion", "managementEvent", "awsRegion", "readOnly", "recipientAccountId", "region", "source", "version"),
    *("errorCode", "errorMessage", "responseElements", "tlsDetails", "type", "invokedBy"),
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
    for caller in make_callers(place):
        own = [sample.event for sample in watch.samples(place) if sample.by == caller.by]
        assert len({event["awsRegion"] for event in own}) > 1, caller.by
        assert caller.source or len({event["userAgent"] for event in own}) > 1, caller.by


def test_names_have_nothing_in_common_but_what_aws_gives_them() -> None:
    one, other = (
        {caller.identity["arn"].rpartition(":")[2] for caller in make_callers(Place(ACCOUNT, "aws", seed))}
        for seed in ("one", "other")
    )
    words = {word for name in one for word in re.findall(r"[\w-]{4,}", name)} & {
        word for name in other for word in re.findall(r"[\w-]{4,}", name)
    }
    assert words == {"user", "root", "assumed-role", "federated-user", "AWSCloudFormation", "GitHubActions"}
