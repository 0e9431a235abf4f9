# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Analyzers, recorders, hubs and trails."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import (
    Analyzer,
    ConfigRecorder,
    SecurityHub,
    Trail,
)

from ..samples import ACCOUNT, days_ago, failing, judge, snapshot, status, unread

TWO_REGIONS = ("us-east-1", "eu-west-1")


def analyzer(region: str = "us-east-1", kind: str = "ACCOUNT", state: str = "ACTIVE") -> Analyzer:
    return Analyzer("a", f"arn:aws:access-analyzer:{region}:{ACCOUNT}:analyzer/a", region, kind, state)


def recorder(**fields: t.Any) -> ConfigRecorder:
    values: dict[str, t.Any] = {
        "name": "default",
        "region": "us-east-1",
        "recording": True,
        "last_status": "SUCCESS",
        "all_supported": True,
        "includes_global_types": True,
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
    }
    return ConfigRecorder(**{**values, **fields})


def trail(**fields: t.Any) -> Trail:
    values: dict[str, t.Any] = {
        "name": "main",
        "arn": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main",
        "home_region": "us-east-1",
        "is_multi_region": True,
        "is_organization": False,
        "is_logging": True,
        "log_file_validation": True,
        "kms_key_id": "key",
        "bucket": "logs",
        "log_group_arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trail:*",
        "last_delivery": None,
        "logs_management_events": True,
        "log_group_delivery": days_ago(0.01),
    }
    return Trail(**{**values, **fields})


FOREIGN_TRAIL = trail(arn="arn:aws:cloudtrail:us-east-1:999988887777:trail/org", is_organization=True)


@pytest.mark.parametrize(
    ("analyzers", "expected"),
    [
        ((), "FAIL"),
        ((analyzer(),), "PASS"),
        ((analyzer(kind="ORGANIZATION"),), "PASS"),
        ((analyzer(kind="ACCOUNT_UNUSED_ACCESS"),), "FAIL"),
        ((analyzer(state="CREATING"),), "FAIL"),
        ((analyzer("eu-west-1"),), "FAIL"),
    ],
)
def test_analyzer(analyzers: tuple[Analyzer, ...], expected: str) -> None:
    """Security Hub's IAM.28 does not count analyzers of the organization; here they do."""
    assert status("external_access_analyzer", snapshot(analyzers=analyzers)) == expected


def test_analyzer_is_judged_in_each_region() -> None:
    found = judge("external_access_analyzer", snapshot(regions=TWO_REGIONS, analyzers=(analyzer(),)))
    assert [(item.region, item.status.value) for item in found] == [("us-east-1", "PASS"), ("eu-west-1", "FAIL")]


@pytest.mark.parametrize(
    ("regions", "expected"), [(("eu-west-1",), "PASS"), (("*",), "PASS"), (("us-west-2",), "FAIL")]
)
def test_analyzer_of_the_organization_that_a_member_can_not_list(regions: tuple[str, ...], expected: str) -> None:
    account = snapshot(regions=("eu-west-1",))
    assert status("external_access_analyzer", account, organization_analyzer_regions=regions) == expected


@pytest.mark.parametrize(
    ("recorders", "expected"),
    [
        ((), "FAIL"),
        ((recorder(),), "PASS"),
        ((recorder(last_status=None),), "NOT_ASSESSED"),
        ((recorder(last_status="PENDING"),), "NOT_ASSESSED"),
        ((recorder(recording=False),), "FAIL"),
        ((recorder(last_status="Failure"),), "FAIL"),
        ((recorder(region="eu-west-1"),), "FAIL"),
        # One type of hundreds: what AWS Config tells by a list alone.
        ((recorder(all_supported=False, resource_types=("AWS::EC2::Instance",)),), "FAIL"),
        # A recorder of all types but those that it excludes.
        ((recorder(all_supported=False),), "PASS"),
        ((recorder(all_supported=False, excluded_types=("AWS::IAM::Role",)),), "PASS"),
        ((recorder(all_supported=False, excluded_types=("AWS::EC2::SecurityGroup",)),), "FAIL"),
    ],
)
def test_recorder(recorders: tuple[ConfigRecorder, ...], expected: str) -> None:
    assert status("config_recorder", snapshot(config_recorders=recorders)) == expected


@pytest.mark.parametrize(
    ("recorders", "expected"),
    [
        ((), "NOT_APPLICABLE"),
        ((recorder(recording=False),), "NOT_APPLICABLE"),
        ((recorder(),), "PASS"),
        ((recorder(includes_global_types=False),), "FAIL"),
        ((recorder(includes_global_types=False), recorder(region="eu-west-1")), "PASS"),
        (
            (
                recorder(
                    all_supported=False,
                    includes_global_types=False,
                    resource_types=("AWS::IAM::User", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::Group"),
                ),
            ),
            "PASS",
        ),
        ((recorder(all_supported=False, includes_global_types=False, resource_types=("AWS::IAM::User",)),), "FAIL"),
        # A recorder that excludes types, none of them IAM's.
        ((recorder(all_supported=False, includes_global_types=True),), "PASS"),
    ],
)
def test_recording_of_iam(recorders: tuple[ConfigRecorder, ...], expected: str) -> None:
    assert status("config_records_iam", snapshot(regions=TWO_REGIONS, config_recorders=recorders)) == expected


def test_recording_of_iam_may_happen_in_a_region_that_could_not_be_read() -> None:
    hidden = unread(Dataset.CONFIG_RECORDERS, region="eu-west-1")
    recorders = (recorder(includes_global_types=False),)
    account = snapshot(regions=TWO_REGIONS, config_recorders=recorders, unread=(hidden,))
    assert status("config_records_iam", account) == "NOT_ASSESSED"


@pytest.mark.parametrize(
    ("recorders", "expected"),
    [((), "NOT_APPLICABLE"), ((recorder(),), "PASS"), ((recorder(role_arn=f"arn:aws:iam::{ACCOUNT}:role/x"),), "FAIL")],
)
def test_role_of_the_recorder(recorders: tuple[ConfigRecorder, ...], expected: str) -> None:
    assert status("config_recorder_role", snapshot(config_recorders=recorders)) == expected


@pytest.mark.parametrize(
    ("hubs", "expected"),
    [
        ((), "FAIL"),
        ((SecurityHub("us-east-1", False),), "FAIL"),
        ((SecurityHub("us-east-1", True),), "FAIL"),
        ((SecurityHub("us-east-1", True, ("cis/5.0.0",)),), "PASS"),
        ((SecurityHub("eu-west-1", True, ("cis/5.0.0",)),), "FAIL"),
    ],
)
def test_security_hub(hubs: tuple[SecurityHub, ...], expected: str) -> None:
    assert status("security_hub", snapshot(security_hubs=hubs)) == expected


@pytest.mark.parametrize(
    ("trails", "expected"),
    [
        ((), "FAIL"),
        ((trail(),), "PASS"),
        ((FOREIGN_TRAIL,), "PASS"),
        ((trail(is_multi_region=False),), "FAIL"),
        ((trail(is_logging=False),), "FAIL"),
        ((trail(logs_management_events=False),), "FAIL"),
        ((trail(logs_management_events=None),), "NOT_ASSESSED"),
        ((trail(last_delivery=days_ago(400)),), "FAIL"),
        ((trail(last_delivery=days_ago(1)),), "PASS"),
        ((trail(is_logging=None),), "NOT_ASSESSED"),
        ((trail(is_logging=None), trail()), "PASS"),
    ],
)
def test_multi_region_trail(trails: tuple[Trail, ...], expected: str) -> None:
    assert status("trail_multi_region", snapshot(trails=trails)) == expected


def test_a_trail_may_be_in_a_region_that_could_not_be_read() -> None:
    account = snapshot(regions=TWO_REGIONS, unread=(unread(Dataset.TRAILS, region="eu-west-1"),))
    assert status("trail_multi_region", account) == "NOT_ASSESSED"
    assert status("trail_log_group", account) == "NOT_ASSESSED"
    assert status("trail_encrypted", account) == "NOT_ASSESSED"


@pytest.mark.parametrize(
    ("control", "bad"),
    [("trail_log_validation", {"log_file_validation": False}), ("trail_encrypted", {"kms_key_id": None})],
)
def test_each_trail_of_the_account(control: str, bad: dict[str, t.Any]) -> None:
    assert status(control, snapshot()) == "NOT_APPLICABLE"
    assert status(control, snapshot(trails=(FOREIGN_TRAIL,))) == "NOT_APPLICABLE"
    assert status(control, snapshot(trails=(trail(),))) == "PASS"
    wrong = trail(name="b", arn=f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/b", home_region="eu-west-1", **bad)
    account = snapshot(trails=(trail(), wrong))
    assert failing(control, account) == [wrong.arn]
    assert {item.region for item in judge(control, account)} == {"eu-west-1"}


@pytest.mark.parametrize(
    ("trails", "expected"),
    [
        ((), "FAIL"),
        ((trail(),), "PASS"),
        ((trail(log_group_arn=None),), "FAIL"),
        ((FOREIGN_TRAIL,), "NOT_ASSESSED"),
        ((FOREIGN_TRAIL, trail(log_group_arn=None)), "FAIL"),
        ((trail(is_logging=False),), "FAIL"),
        ((trail(logs_management_events=False),), "FAIL"),
        ((trail(is_logging=None),), "NOT_ASSESSED"),
        ((trail(is_logging=False), trail(name="b")), "PASS"),
    ],
)
def test_log_group(trails: tuple[Trail, ...], expected: str) -> None:
    """The alarms on an organization's trail are another account's, and can't be seen from a member."""
    assert status("trail_log_group", snapshot(trails=trails)) == expected
