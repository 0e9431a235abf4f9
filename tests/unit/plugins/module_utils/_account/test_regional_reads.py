# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import (
    Analyzer,
    ConfigRecorder,
    Instance,
    SecurityHub,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound

from .fakes import HOME, OTHER, FakeAccess, read, refusal, unread_of

IAM_TYPES = ["AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"]


def test_analyzers_of_all_regions() -> None:
    def analyzers(*, region: str) -> dict[str, t.Any]:
        arn = f"arn:aws:access-analyzer:{region}:111122223333:analyzer/a"
        return {"analyzers": [{"name": "a", "arn": arn, "type": "ACCOUNT", "status": "ACTIVE"}]}

    access = FakeAccess({"accessanalyzer:ListAnalyzers": analyzers})
    assert read(access, Dataset.ANALYZERS, regions=(HOME, OTHER)).analyzers == tuple(
        Analyzer("a", f"arn:aws:access-analyzer:{region}:111122223333:analyzer/a", region, "ACCOUNT", "ACTIVE")
        for region in (HOME, OTHER)
    )


def recorder(group: dict[str, t.Any], *states: dict[str, t.Any]) -> ConfigRecorder:
    described = {"name": "default", "roleARN": "arn:role", "recordingGroup": group}
    access = FakeAccess(
        {
            "config:DescribeConfigurationRecorders": {"ConfigurationRecorders": [described]},
            "config:DescribeConfigurationRecorderStatus": {"ConfigurationRecordersStatus": list(states)},
        }
    )
    (found,) = read(access, Dataset.CONFIG_RECORDERS).config_recorders
    return found


def test_a_recorder_with_its_status() -> None:
    found = recorder(
        {"allSupported": True, "includeGlobalResourceTypes": True},
        {"name": "default", "recording": True, "lastStatus": "Success"},
    )
    assert found == ConfigRecorder("default", HOME, True, "Success", True, True, (), "arn:role")


def test_a_recorder_without_status_does_not_record() -> None:
    found = recorder({"allSupported": True})
    assert (found.recording, found.last_status, found.includes_global_types) == (False, None, False)


@pytest.mark.parametrize(
    ("group", "covered"),
    [
        ({"allSupported": True, "includeGlobalResourceTypes": False}, False),
        ({"allSupported": False, "resourceTypes": IAM_TYPES}, True),
        ({"allSupported": False, "resourceTypes": IAM_TYPES[:3]}, False),
        ({"recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}}, True),
        (
            {
                "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
                "exclusionByResourceTypes": {"resourceTypes": ["AWS::IAM::Role"]},
            },
            False,
        ),
        ({}, False),
    ],
)
def test_whether_a_recorder_covers_iam(group: dict[str, t.Any], covered: bool) -> None:
    assert recorder(group).includes_global_types is covered


def test_what_a_recorder_leaves_out() -> None:
    """The list stays in the answer when the strategy changes, and then counts for nothing."""
    listed = {"exclusionByResourceTypes": {"resourceTypes": ["AWS::IAM::User", "AWS::EC2::Instance"]}}
    by_exclusion = {"recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}}
    assert recorder({**listed, **by_exclusion}).excluded_types == ("AWS::EC2::Instance", "AWS::IAM::User")
    assert recorder({**listed, "allSupported": True}).excluded_types == ()


def test_no_recorder_takes_one_call() -> None:
    access = FakeAccess({"config:DescribeConfigurationRecorders": {"ConfigurationRecorders": []}})
    snapshot = read(access, Dataset.CONFIG_RECORDERS)
    assert snapshot.config_recorders == ()
    assert snapshot.missing(Dataset.CONFIG_RECORDERS, HOME) is None
    assert len(access.calls) == 1


def test_security_hub_with_standards() -> None:
    states = {"arn:b": "READY", "arn:a": "PENDING", "arn:c": "FAILED", "arn:d": "DELETING", "arn:e": "INCOMPLETE"}
    standards = [{"StandardsArn": arn, "StandardsStatus": status} for arn, status in states.items()]
    access = FakeAccess(
        {
            "securityhub:DescribeHub": {"HubArn": "arn:hub"},
            "securityhub:GetEnabledStandards": {"StandardsSubscriptions": standards},
        }
    )
    assert read(access, Dataset.SECURITY_HUB).security_hubs == (SecurityHub(HOME, True, ("arn:a", "arn:b", "arn:e")),)


@pytest.mark.parametrize("code", ["InvalidAccessException", "ResourceNotFoundException"])
def test_security_hub_that_is_off_is_a_fact(code: str) -> None:
    access = FakeAccess({"securityhub:DescribeHub": refusal(code, kind=NotFound)})
    snapshot = read(access, Dataset.SECURITY_HUB)
    assert snapshot.missing(Dataset.SECURITY_HUB, HOME) is None
    assert snapshot.security_hubs == (SecurityHub(HOME, False),)


def test_security_hub_that_answers_nothing_is_no_fact() -> None:
    snapshot = read(FakeAccess({"securityhub:DescribeHub": {}}), Dataset.SECURITY_HUB)
    assert unread_of(snapshot, Dataset.SECURITY_HUB, HOME)[0] == "unparsable"


def test_instances() -> None:
    profile = "arn:aws-us-gov:iam::111122223333:instance-profile/web"
    reservations = [
        {
            "OwnerId": "111122223333",
            "Instances": [
                {"InstanceId": "i-2", "State": {"Name": "stopped"}},
                {"InstanceId": "i-1", "State": {"Name": "running"}, "IamInstanceProfile": {"Arn": profile}},
            ],
        }
    ]
    access = FakeAccess({"ec2:DescribeInstances": {"Reservations": reservations}}, partition="aws-us-gov")
    found = read(access, Dataset.INSTANCES, regions=("us-gov-west-1",)).instances
    arn = "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:instance/"
    assert found == (
        Instance("i-1", f"{arn}i-1", "us-gov-west-1", profile, "running"),
        Instance("i-2", f"{arn}i-2", "us-gov-west-1", None, "stopped"),
    )
    (call,) = access.calls
    assert call.parameters["MaxResults"] == 1000
    assert "terminated" not in call.parameters["Filters"][0]["Values"]


def test_instances_of_another_account_say_nothing_of_this_one() -> None:
    reservations = [{"OwnerId": "999900001111", "Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}}]}]
    snapshot = read(FakeAccess({"ec2:DescribeInstances": {"Reservations": reservations}}), Dataset.INSTANCES)
    assert "of account 999900001111" in unread_of(snapshot, Dataset.INSTANCES, HOME)[1]
