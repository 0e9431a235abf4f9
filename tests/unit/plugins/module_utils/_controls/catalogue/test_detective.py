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
        "last_delivery": days_ago(0.01),
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


def read_finding(control: str, **fields: t.Any) -> tuple[str, t.Any]:
    """What the one finding of a control says, and its evidence."""
    (finding,) = judge(control, snapshot(**fields))
    return finding.detail, finding.evidence.observed


def test_which_analyzer_watches_is_named() -> None:
    active = (analyzer("eu-west-1"), analyzer(), analyzer(kind="ORGANIZATION_UNUSED_ACCESS"))
    assert read_finding("external_access_analyzer", analyzers=active) == (
        "account analyzer a is active",
        {"population": 1, "unit": "analyzers"},
    )
    none = "no active external access analyzer of account or organization"
    assert read_finding("external_access_analyzer") == (none, {"active": 0})
    disabled = (analyzer(state="DISABLED"), analyzer("eu-west-1", state="FAILED"))
    assert read_finding("external_access_analyzer", analyzers=disabled)[0] == f"{none} (a is DISABLED)"
    (finding,) = judge("external_access_analyzer", snapshot(), organization_analyzer_regions=("*",))
    assert finding.detail == (
        "an analyzer of the organization watches this region (thresholds.organization_analyzer_regions)"
    )
    assert finding.evidence.observed == {"population": 0, "unit": "analyzers"}


@pytest.mark.parametrize(
    ("recorders", "state", "observed"),
    [
        ((), "no recorder", {"recorders": 0, "resource_types": []}),
        ((recorder(recording=False),), "default: stopped", {"recorders": 1, "resource_types": []}),
        ((recorder(last_status="Failure"),), "default: failing", {"recorders": 1, "resource_types": []}),
        (
            (recorder(all_supported=False, resource_types=("AWS::S3::Bucket", "AWS::EC2::Instance")),),
            "default: records 2 resource types only",
            {"recorders": 1, "resource_types": ["AWS::EC2::Instance", "AWS::S3::Bucket"]},
        ),
        (
            (recorder(all_supported=False, excluded_types=("AWS::IAM::Role", "AWS::S3::Bucket")),),
            "default: leaves out AWS::S3::Bucket",
            {"recorders": 1, "resource_types": []},
        ),
    ],
)
def test_why_a_recorder_does_not_record(recorders: t.Any, state: str, observed: t.Any) -> None:
    detail = f"AWS Config does not record all resource types ({state})"
    assert read_finding("config_recorder", config_recorders=recorders) == (detail, observed)


def test_a_recorder_that_proves_its_work_is_named() -> None:
    silent, proven = recorder(name="silent", last_status=None), recorder(last_status="success")
    assert read_finding("config_recorder", config_recorders=(silent, proven)) == (
        "recorder default is recording",
        {"population": 2, "unit": "recorders"},
    )
    detail, _observed = read_finding("config_recorder", config_recorders=(silent,))
    assert detail == "recorder silent has not recorded anything yet (last status unknown)"
    pending = recorder(last_status="PENDING")
    assert read_finding("config_recorder", config_recorders=(pending,))[0].endswith("(last status PENDING)")


def test_global_types_are_recorded_in_one_region_alone() -> None:
    without = recorder(all_supported=False, excluded_types=("AWS::RDS::GlobalCluster", "AWS::IAM::User"))
    assert status("config_recorder", snapshot(config_recorders=(without,))) == "PASS"


def test_the_role_of_a_recorder_is_named() -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/x"
    (finding,) = judge("config_recorder_role", snapshot(config_recorders=(recorder(role_arn=other),)))
    assert (finding.detail, finding.resource_detail) == (f"recorder default uses {other}", "default")
    assert finding.evidence.observed == {"role": other}
    (finding,) = judge("config_recorder_role", snapshot(config_recorders=(recorder(role_arn=None),)))
    assert (finding.status.value, finding.resource_detail) == ("NOT_ASSESSED", "default")
    assert finding.detail == "AWS names no role of recorder default"
    elsewhere = read_finding("config_recorder_role", config_recorders=(recorder(region="eu-west-1"),))
    assert elsewhere[0] == "no recorder in this region"
    assert read_finding("config_recorder_role", config_recorders=(recorder(),))[1] == {
        "population": 1,
        "unit": "recorders",
    }


def test_where_iam_is_recorded_and_why_not_elsewhere() -> None:
    both = (recorder(), recorder(region="eu-west-1"), recorder(region="sa-east-1", includes_global_types=False))
    regions = ["eu-west-1", "us-east-1"]
    assert read_finding("config_records_iam", config_recorders=both) == (
        "IAM is recorded in eu-west-1, us-east-1",
        {"population": 3, "unit": "recorders", "regions": regions},
    )
    without = (
        recorder(includes_global_types=False),
        recorder(region="eu-west-1", last_status="Failure"),
        # https://docs.aws.amazon.com/config/latest/developerguide/what-is-resource-config-coverage.html
        recorder(region="ap-southeast-5", includes_global_types=False),
        recorder(region="sa-east-1", recording=False),
    )
    detail, observed = read_finding("config_records_iam", config_recorders=without)
    assert detail == (
        "users, groups, roles and policies are recorded in none of ap-southeast-5 (which can't record IAM), "
        "eu-west-1 (failing), us-east-1 (without IAM)"
    )
    assert observed == {"regions": []}
    assert read_finding("config_records_iam")[0] == "nothing is recorded (control config_recorder)"


def test_why_a_hub_does_not_count() -> None:
    assert read_finding("security_hub") == ("Security Hub is off", {"enabled": False})
    assert read_finding("security_hub", security_hubs=(SecurityHub("us-east-1", False),)) == (
        "Security Hub is off",
        {"enabled": False},
    )
    assert read_finding("security_hub", security_hubs=(SecurityHub("us-east-1", True),)) == (
        "on, but without any standard",
        {"enabled": True},
    )
    hubs = (SecurityHub("eu-west-1", False), SecurityHub("us-east-1", True, ("cis/5.0.0", "nist")))
    assert read_finding("security_hub", security_hubs=hubs) == (
        "on, with 2 standards",
        {"population": 1, "unit": "hubs", "standards": ["cis/5.0.0", "nist"]},
    )


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"is_logging": False}, "does not log"),
        ({"logs_management_events": False}, "no management events"),
        ({"last_delivery": days_ago(8.5)}, "delivered nothing in 8 days"),
    ],
)
def test_why_a_trail_does_not_count(fields: dict[str, t.Any], why: str) -> None:
    alone = (trail(**fields),)
    assert read_finding("trail_multi_region", trails=alone) == (
        f"no trail logs management events of every region (main: {why})",
        {"trails": 1},
    )
    assert read_finding("trail_log_group", trails=alone) == (
        f"no trail delivers to a CloudWatch Logs log group, so no event can raise an alarm there (main: {why})",
        {"trails": 1},
    )


def test_a_trail_that_delivered_a_week_ago_counts() -> None:
    week = trail(last_delivery=days_ago(7))
    assert read_finding("trail_multi_region", trails=(week,)) == (
        "trail main logs in every region",
        {"population": 1, "unit": "trails"},
    )
    assert read_finding("trail_log_group", trails=(FOREIGN_TRAIL, week)) == (
        "main delivers to a log group",
        {"population": 2, "unit": "trails"},
    )


def test_trails_that_are_missing_or_of_one_region() -> None:
    none = "no trail logs management events of every region"
    assert read_finding("trail_multi_region") == (f"{none} (no trail)", {"trails": 0})
    one = trail(is_multi_region=False)
    assert read_finding("trail_multi_region", trails=(one,))[0] == f"{none} (main: one region only)"
    detail, observed = read_finding("trail_log_group", trails=(trail(log_group_arn=None),))
    assert detail == "no trail delivers to a CloudWatch Logs log group, so no event can raise an alarm there"
    assert observed == {"trails": 1}


@pytest.mark.parametrize(
    ("fields", "doubt"),
    [
        ({"is_logging": None}, "the status could not be read"),
        ({"logs_management_events": None}, "the event selectors could not be read"),
    ],
)
def test_what_is_not_known_of_a_trail_is_named(fields: dict[str, t.Any], doubt: str) -> None:
    unknown = (trail(name="b", is_logging=False), trail(**fields))
    for control in ("trail_multi_region", "trail_log_group"):
        assert read_finding(control, trails=unknown)[0] == f"{doubt} of main"
        hidden = {"regions": TWO_REGIONS, "unread": (unread(Dataset.TRAILS, region="eu-west-1"),)}
        detail, _observed = read_finding(control, trails=unknown, **hidden)
        assert detail == f"trails could not be read in eu-west-1; {doubt} of main"


def test_a_trail_of_another_account_alone_may_be_watched_there() -> None:
    assert read_finding("trail_log_group", trails=(FOREIGN_TRAIL,))[0] == (
        "main belongs to another account, whose alarms can't be read here"
    )


@pytest.mark.parametrize(
    ("control", "bad", "why"),
    [
        ("trail_log_validation", {"log_file_validation": False}, "log file validation is off"),
        ("trail_encrypted", {"kms_key_id": None}, "logs are encrypted without a KMS key"),
    ],
)
def test_what_is_wrong_with_a_trail_is_said(control: str, bad: dict[str, t.Any], why: str) -> None:
    assert read_finding(control, trails=(trail(**bad),)) == (why, {"trail": "main"})
    assert read_finding(control, trails=(trail(),))[1] == {"population": 1, "unit": "trails"}
    assert read_finding(control)[0] == "the account has no trail of its own"
