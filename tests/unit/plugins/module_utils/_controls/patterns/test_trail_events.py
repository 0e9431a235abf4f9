# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sample events have the shapes that CloudTrail documents, and differ where real events do."""

from __future__ import annotations

import re
import typing as t
from ipaddress import ip_address

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.monitoring_watches import WATCHES
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.trail_events import (
    Caller,
    Place,
    Recorder,
    Sample,
    by_whom,
    make_callers,
    make_federated_user,
    make_foreign_account,
    make_role,
    make_root,
    make_user,
)

from ..samples import ACCOUNT
from .trail_shapes import check_identity, check_shape

HOME: t.Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
PLACE: t.Final = Place(ACCOUNT, "aws")
OTHER: t.Final = Place(ACCOUNT, "aws", "another seed")


@pytest.mark.parametrize("watch", WATCHES, ids=lambda watch: watch.name)
@pytest.mark.parametrize("partition", HOME)
def test_every_event_has_the_documented_shape(watch: t.Any, partition: str) -> None:
    for seed in ("", "2026-11-25T12:00:00+00:00", "2026-11-26T12:00:00+00:00"):
        for sample in watch.samples(Place(ACCOUNT, partition, seed)):
            check_shape(sample.event, partition)
            check_identity(sample.event["userIdentity"], partition)


@pytest.mark.parametrize("partition", HOME)
def test_callers_are_of_every_kind(partition: str) -> None:
    place = Place(ACCOUNT, partition)
    found, foreign = make_callers(place), make_foreign_account(place)
    for caller in (*found, foreign):
        check_identity(caller.identity, partition)
    assert [caller.by for caller in found] == [
        "an IAM user",
        "a role",
        "root",
        "a person of Identity Center",
        "an IAM user at the console",
        "a service with a role",
        "a role by web identity",
        "a federated user",
    ]
    assert foreign.by == "another account"
    assert [caller.source for caller in found if caller.source] == ["cloudformation.amazonaws.com"]
    sessions = {caller.by: caller.identity.get("sessionContext") for caller in found}
    assert [by for by, session in sessions.items() if session is None] == ["an IAM user"]
    assert [by for by, session in sessions.items() if session and "ec2RoleDelivery" in session] == ["a role"]
    by_web = [by for by, session in sessions.items() if session and "webIdFederationData" in session]
    assert by_web == ["a role by web identity"]
    (person,) = [caller for caller in found if caller.by == "a person of Identity Center"]
    issuer = person.identity["sessionContext"]["sessionIssuer"]
    assert f":role/aws-reserved/sso.amazonaws.com/{place.regions[1]}/{issuer['userName']}" in issuer["arn"]
    session = person.identity["arn"].partition(f":assumed-role/{issuer['userName']}/")[2]
    assert re.fullmatch(r"[a-z]{4,}@[a-z]{8,}\.[a-z]{4,}", session)
    # No filter leaves them out by their names, because nobody knows these before.
    others = {caller.identity["arn"] for caller in make_callers(Place(ACCOUNT, partition, "another seed"))}
    assert [caller.by for caller in found if caller.identity["arn"] in others] == ["root"]


def test_the_other_account_is_not_known_before() -> None:
    one, other = make_foreign_account(PLACE).identity, make_foreign_account(OTHER).identity
    assert not {*one.values()} & {*other.values()} - {"AWSAccount"}


@pytest.mark.parametrize(
    "like", ["Alice", "bob", "people/carol", "dev/ops/dan", "eve@example.com", "break-glass", "svc_legacy", "trudy+1"]
)
def test_a_name_has_the_shape_of_another(like: str) -> None:
    """Capitals, digits, signs and parts stay; no word does."""
    one, other = PLACE.name(like), OTHER.name(like)
    shape = re.sub("[a-z]+", "[a-z]+", re.sub("([+.])", r"\\\1", like).replace("A", "[A-Z]"))
    assert re.fullmatch(shape, one)
    assert re.fullmatch(shape, other)
    words = [set(re.findall("[A-Za-z]+", name)) for name in (like, one, other)]
    assert len(set.union(*words)) == 3 * len(words[0])
    assert PLACE.name(like) == one


@pytest.mark.parametrize(("prefix", "length"), [("AKIA", 20), ("ASIA", 20), ("AIDA", 21), ("AROA", 21)])
def test_ids_are_as_long_as_those_of_iam(prefix: str, length: int) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html has examples of each."""
    found = {PLACE.unique_id(prefix, number) for number in range(50)}
    assert all(re.fullmatch(rf"{prefix}[A-Z2-7]{{{length - 4}}}", item) for item in found)
    assert len(found) == 50
    assert {*"".join(found)} == {*"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"}
    assert found.isdisjoint(OTHER.unique_id(prefix, number) for number in range(50))


def test_a_user_with_a_path_has_the_last_part_as_its_name() -> None:
    identity = make_user(PLACE, "dev/ops/dan").identity
    path = PLACE.name("dev/ops/dan")
    assert re.fullmatch("[a-z]+/[a-z]+/[a-z]+", path)
    assert identity["arn"] == f"arn:aws:iam::{ACCOUNT}:user/{path}"
    assert identity["userName"] == path.rpartition("/")[2]
    assert "sessionContext" not in identity
    session = make_role(PLACE, "a/b/c", "s", "x").identity
    assert (session["arn"], session["sessionContext"]["sessionIssuer"]["userName"]) == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/c/s",
        "c",
    )


def test_regions_are_those_of_the_partition() -> None:
    assert PLACE.regions == ("us-east-1", "eu-west-1", "ap-southeast-2")
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
    assert PLACE.sign_in_regions == ("us-east-2", "eu-north-1", "ap-southeast-2", "eu-west-1")
    for partition in ("aws-cn", "aws-us-gov"):
        place = Place(ACCOUNT, partition)
        assert place.regions == place.sign_in_regions
        assert len(place.regions) == 2
    assert Place(ACCOUNT, "aws-iso").regions == Place(ACCOUNT, "aws-iso").sign_in_regions == PLACE.regions


@pytest.mark.parametrize(("partition", "home"), HOME.items())
def test_services_without_regions_record_in_one(partition: str, home: str) -> None:
    record = Recorder(Place(ACCOUNT, partition))
    for service, others in (("iam", False), ("organizations", False), ("s3", True), ("sts", True)):
        regions = {record.call(make_root(PLACE), service, "Some")["awsRegion"] for _number in range(4)}
        assert home in regions
        assert (len(regions) > 1) is others, service


def test_calls_one_after_the_other_differ() -> None:
    record = Recorder(PLACE)
    events = [record.call(make_user(PLACE, "alice"), "ec2", "RunInstances") for _number in range(120)]
    for field, kinds in (("eventVersion", 3), ("awsRegion", 3)):
        assert len({event[field] for event in events}) == kinds, field
    for field in ("requestID", "eventID", "sourceIPAddress"):
        assert len({event[field] for event in events}) == len(events), field
    # Of five addresses, three are public ones of version 4, one is of version 6, and one is private.
    addresses = [ip_address(event["sourceIPAddress"]) for event in events]
    kinds_of = [(address.version, address.is_global) for address in addresses]
    assert kinds_of == [(4, True), (4, True), (6, True), (4, True), (4, False)] * 24
    # Five programs that many use, and some that nobody knows.
    agents = [event["userAgent"] for event in events]
    known = {agent for agent in agents if agents.count(agent) > 1}
    assert len(known) == 5
    assert len(set(agents) - known) >= 12
    assert len({event["eventTime"] for event in events}) == len(events)
    assert len({event["eventTime"][:4] for event in events}) == 5
    assert [event["responseElements"] for event in events[:4]] == [None, {"_return": True}] * 2
    for event in events:
        check_shape(event, "aws")
    assert {event["readOnly"] for event in events} == {False}
    assert {event["eventType"] for event in events} == {"AwsApiCall"}


def test_calls_are_made_by_every_caller_that_may_make_them() -> None:
    everybody = [caller.by for caller in make_callers(PLACE)]
    found = list(Recorder(PLACE).calls("s3", ("PutBucketAcl", "PutBucketCors")))
    everywhere, by_each = found[: len(PLACE.regions)], found[len(PLACE.regions) :]
    assert [sample.event["awsRegion"] for sample in everywhere] == list(PLACE.regions)
    assert [(sample.name, sample.by) for sample in everywhere] == [
        (name, everybody[0]) for name in ("PutBucketCors", "PutBucketAcl", "PutBucketCors")
    ]
    assert [(sample.name, sample.by) for sample in by_each] == [
        (name, by) for name in ("PutBucketAcl", "PutBucketCors") for by in everybody
    ]
    assert all(sample.event["eventName"] == sample.name for sample in found)
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html: no call of IAM
    by = [sample.by for sample in Recorder(PLACE).calls("iam", ("CreatePolicy",))]
    assert by == [name for name in everybody if name != "a federated user"]


@pytest.mark.parametrize(
    ("name", "is_read"), [("DescribeTable", True), ("GetObject", True), ("ListUsers", True), ("PutObject", False)]
)
def test_a_refused_call(name: str, is_read: bool) -> None:
    sample = Recorder(PLACE).refuse(make_federated_user(PLACE), "sqs", name, "AccessDenied")
    assert (sample.name, sample.by) == ("AccessDenied of sqs", "a federated user")
    event = sample.event
    assert (event["errorCode"], event["readOnly"], event["eventName"]) == ("AccessDenied", is_read, name)
    assert event["errorMessage"] == "You are not authorized to perform this operation."
    check_shape(event, "aws")


def test_a_sign_in() -> None:
    record = Recorder(PLACE)
    for number, region in enumerate((*PLACE.sign_in_regions, PLACE.sign_in_regions[0])):
        event = record.sign_in(make_user(PLACE, "alice"), mfa="No")
        check_shape(event, "aws")
        assert event["awsRegion"] == region
        assert (event["eventName"], event["requestParameters"]) == ("ConsoleLogin", None)
        assert event["responseElements"] == {"ConsoleLogin": "Success"}
        address = f"https://{PLACE.regions[number % 3]}.console.aws.amazon.com/console/home"
        assert event["additionalEventData"] == {"LoginTo": address, "MobileVersion": "No", "MFAUsed": "No"}
        assert event["tlsDetails"] == {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"}
        assert "errorMessage" not in event


@pytest.mark.parametrize(("partition", "home"), HOME.items())
def test_sign_ins_of_root_are_recorded_in_one_region(partition: str, home: str) -> None:
    place = Place(ACCOUNT, partition)
    record = Recorder(place)
    assert {record.sign_in(make_root(place), mfa="No")["awsRegion"] for _number in range(5)} == {home}


def test_a_failed_sign_in() -> None:
    event = Recorder(PLACE).sign_in(make_root(PLACE), mfa="Yes", result="Failure")
    assert event["errorMessage"] == "Failed authentication"
    assert event["responseElements"] == {"ConsoleLogin": "Failure"}
    assert event["additionalEventData"]["MFAUsed"] == "Yes"
    assert event["awsRegion"] == "us-east-1"


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("abcd", ""),
        ("abc", " unless by d"),
        ("ab", " by a, b"),
        ("a", " by a"),
    ],
)
def test_callers_are_named_in_the_shorter_way(missed: str, expected: str) -> None:
    def samples(names: str) -> list[Sample]:
        return [Sample("event", by, {}) for by in names]

    assert by_whom(samples("aabcd"), samples(missed)) == expected


def test_only_callers_that_make_the_missed_event_are_compared() -> None:
    events = [Sample("one", "a", {}), Sample("one", "b", {}), Sample("two", "c", {})]
    assert by_whom(events, events[:2]) == ""
    assert by_whom(events, events[:1]) == " by a"


def test_a_caller_has_no_source_of_its_own() -> None:
    assert Caller("somebody", {}).source == ""
