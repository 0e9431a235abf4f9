# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of each recommendation on monitoring: which service, who, and with which result."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.monitoring_watches import WATCHES, Watch
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.trail_events import Place, Sample

from ..alarmed import PRESCRIBED
from ..samples import ACCOUNT

PLACE: t.Final = Place(ACCOUNT, "aws")
OTHER: t.Final = Place(ACCOUNT, "aws", "another seed")
SOURCE: t.Final = {
    "iam_policy_changes": "iam",
    "cloudtrail_changes": "cloudtrail",
    "kms_key_deletion": "kms",
    "bucket_policy_changes": "s3",
    "config_changes": "config",
    "organization_changes": "organizations",
    **dict.fromkeys(
        ("security_group_changes", "network_acl_changes", "gateway_changes", "route_table_changes", "vpc_changes"),
        "ec2",
    ),
}


def find_samples(name: str, place: Place = PLACE) -> tuple[Sample, ...]:
    (watch,) = [watch for watch in WATCHES if watch.name == name]
    return watch.samples(place)


def test_the_numbers_are_those_of_the_benchmark_and_of_security_hub() -> None:
    assert [(watch.name, watch.number, watch.hub) for watch in WATCHES] == [
        ("unauthorized_calls", 1, "CloudWatch.2"),
        ("sign_in_without_mfa", 2, "CloudWatch.3"),
        ("root_use", 3, "CloudWatch.1"),
        *(
            (name, number, f"CloudWatch.{number}")
            for number, name in enumerate(
                (
                    *("iam_policy_changes", "cloudtrail_changes", "failed_sign_ins", "kms_key_deletion"),
                    *("bucket_policy_changes", "config_changes", "security_group_changes", "network_acl_changes"),
                    *("gateway_changes", "route_table_changes", "vpc_changes"),
                ),
                start=4,
            )
        ),
        ("organization_changes", 15, ""),
    ]


@pytest.mark.parametrize("watch", [watch for watch in WATCHES if watch.name in SOURCE], ids=lambda watch: watch.name)
def test_the_calls_of_a_recommendation_are_those_that_its_pattern_names(watch: Watch) -> None:
    samples = watch.samples(PLACE)
    assert {sample.event["eventSource"] for sample in samples} == {f"{SOURCE[watch.name]}.amazonaws.com"}
    tried = {sample.event["eventName"] for sample in samples}
    unnamed = [name for name in tried if f"$.eventName = {name})" not in PRESCRIBED[f"alarm_{watch.name}"]]
    assert unnamed == []
    # AWS's pattern names calls for links with EC2-Classic, which no longer exists.
    named = PRESCRIBED[f"alarm_{watch.name}"].count("$.eventName = ")
    assert len(tried) == named - (4 if watch.name == "vpc_changes" else 0)


def test_refused_calls_have_the_codes_of_several_services_and_callers() -> None:
    refused = find_samples("unauthorized_calls")
    assert [(sample.name, sample.by, sample.event["eventName"]) for sample in refused] == [
        ("Client.UnauthorizedOperation of ec2", "an IAM user", "RunInstances"),
        ("Client.UnauthorizedOperation of ec2", "a role", "DescribeInstances"),
        ("AccessDenied of iam", "a role", "CreateUser"),
        ("AccessDenied of s3", "a person of Identity Center", "GetBucketPolicy"),
        ("AccessDenied of sts", "an IAM user", "AssumeRole"),
        ("AccessDenied of sts", "another account", "AssumeRole"),
        ("AccessDenied of organizations", "root", "LeaveOrganization"),
        ("AccessDenied of sqs", "a federated user", "CreateQueue"),
        ("AccessDeniedException of lambda", "a person of Identity Center", "ListFunctions20150331"),
        ("AccessDeniedException of secretsmanager", "a role", "GetSecretValue"),
        ("AccessDeniedException of dynamodb", "an IAM user", "DescribeTable"),
        ("AccessDenied of kms", "a role", "Decrypt"),
        ("AccessDeniedException of rdsdata", "a role", "ExecuteStatement"),
    ]
    assert all(sample.name.startswith(sample.event["errorCode"]) for sample in refused)


def test_sign_ins_without_mfa_are_those_of_users_with_names_of_many_shapes() -> None:
    samples = find_samples("sign_in_without_mfa")
    assert {sample.name for sample in samples} == {"sign-in without MFA"}
    names = [sample.event["userIdentity"]["userName"] for sample in samples]
    word = "[a-z]+"
    shapes = (
        "[A-Z][a-z]+",
        word,
        word,
        word,
        rf"{word}@{word}\.{word}",
        f"{word}-{word}",
        f"{word}_{word}",
        r"[a-z]+\+1",
    )
    assert all(re.fullmatch(shape, name) for shape, name in zip(shapes, names, strict=True))
    assert len(set(names)) == len(names)
    paths = [sample.event["userIdentity"]["arn"].partition(":user/")[2] for sample in samples]
    assert [path.count("/") for path in paths] == [0, 0, 1, 2, 0, 0, 0, 0]
    assert [path.rpartition("/")[2] for path in paths] == names
    other = {sample.event["userIdentity"]["userName"] for sample in find_samples("sign_in_without_mfa", OTHER)}
    assert other.isdisjoint(names)
    for sample in samples:
        assert sample.event["responseElements"] == {"ConsoleLogin": "Success"}
        assert sample.event["additionalEventData"]["MFAUsed"] == "No"


def test_failed_sign_ins_are_those_of_users_and_of_root_with_mfa_and_without() -> None:
    samples = find_samples("failed_sign_ins")
    tried = [
        (sample.event["userIdentity"]["arn"], sample.event["additionalEventData"]["MFAUsed"]) for sample in samples
    ]
    whose = [arn.removeprefix(f"arn:aws:iam::{ACCOUNT}:") for arn, _mfa in tried[::2]]
    assert tried == [(f"arn:aws:iam::{ACCOUNT}:{who}", mfa) for who in whose for mfa in ("No", "Yes")]
    shapes = ("user/[A-Z][a-z]+", "user/[a-z]+", "user/[a-z]+/[a-z]+", "root")
    assert all(re.fullmatch(shape, who) for shape, who in zip(shapes, whose, strict=True))
    other = {sample.event["userIdentity"]["arn"] for sample in find_samples("failed_sign_ins", OTHER)}
    assert other & {arn for arn, _mfa in tried} == {f"arn:aws:iam::{ACCOUNT}:root"}
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
    regions = [sample.event["awsRegion"] for sample in samples]
    assert (set(regions[:6]), set(regions[6:])) == (set(PLACE.sign_in_regions), {"us-east-1"})
    assert {sample.event["responseElements"]["ConsoleLogin"] for sample in samples} == {"Failure"}
    assert {sample.name for sample in samples} == {"failed sign-in"}


@pytest.mark.parametrize("name", ["sign_in_without_mfa", "failed_sign_ins"])
def test_a_sign_in_comes_before_the_session(name: str) -> None:
    for sample in find_samples(name):
        assert not {"accessKeyId", "sessionContext"} & set(sample.event["userIdentity"])


def test_root_is_used_with_a_password_with_a_session_and_with_a_key() -> None:
    found_ones = []
    for sample in find_samples("root_use"):
        identity = sample.event["userIdentity"]
        key = identity.get("accessKeyId", "")[:4]
        assert ("sessionContext" in identity) is (key == "ASIA")
        assert (sample.by, identity["type"]) == ("root", "Root")
        found_ones.append((sample.name, sample.event["eventSource"].partition(".")[0], key, sample.event["readOnly"]))
    assert found_ones == [
        ("ConsoleLogin", "signin", "", False),
        ("failed ConsoleLogin", "signin", "", False),
        ("PasswordRecoveryRequested", "signin", "", False),
        ("CreateAccessKey", "iam", "ASIA", False),
        ("GetCallerIdentity", "sts", "AKIA", True),
        ("RunInstances", "ec2", "AKIA", False),
        ("DeleteBucketPolicy", "s3", "ASIA", False),
        ("refused LeaveOrganization", "organizations", "ASIA", False),
        ("PutAlternateContact", "account", "ASIA", False),
        ("console action", "support", "ASIA", True),
    ]


def test_the_events_of_root_by_their_records() -> None:
    events = {sample.name: sample.event for sample in find_samples("root_use")}
    signed_in, failed = events["ConsoleLogin"], events["failed ConsoleLogin"]
    assert [event["responseElements"]["ConsoleLogin"] for event in (signed_in, failed)] == ["Success", "Failure"]
    assert [event["additionalEventData"]["MFAUsed"] for event in (signed_in, failed)] == ["No", "Yes"]
    assert {event["awsRegion"] for event in (signed_in, failed)} == {"us-east-1"}
    assert events["refused LeaveOrganization"]["errorCode"] == "AccessDenied"
    assert events["console action"]["eventType"] == "AwsConsoleAction"
    assert events["PasswordRecoveryRequested"]["eventType"] == "AwsConsoleSignIn"
    names = {event["eventName"] for event in events.values()}
    assert names == {
        *("ConsoleLogin", "PasswordRecoveryRequested", "CreateAccessKey", "GetCallerIdentity", "RunInstances"),
        *("DeleteBucketPolicy", "LeaveOrganization", "PutAlternateContact", "DescribeCases"),
    }
