# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._account.trail_reads import LogGroup
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound, Throttled

from .fakes import ACCOUNT, HOME, LONG_AGO, OTHER, FakeAccess, deny, read, refusal, unread_of

DESCRIBE = "cloudtrail:DescribeTrails"
STATUS = "cloudtrail:GetTrailStatus"
SELECTORS = "cloudtrail:GetEventSelectors"
FILTERS = "logs:DescribeMetricFilters"
LOGGING = {"IsLogging": True, "LatestDeliveryTime": LONG_AGO}
MANAGEMENT = "999988887777"


def trail(name: str = "main", *, home: str = HOME, account: str = ACCOUNT, **more: t.Any) -> dict[str, t.Any]:
    return {
        "Name": name,
        "TrailARN": f"arn:aws:cloudtrail:{home}:{account}:trail/{name}",
        "HomeRegion": home,
        "S3BucketName": "logs",
        "IsMultiRegionTrail": True,
        **more,
    }


def log_group(name: str = "trail", *, region: str = HOME, account: str = ACCOUNT) -> str:
    return f"arn:aws:logs:{region}:{account}:log-group:{name}:*"


def test_a_trail() -> None:
    given = trail(
        LogFileValidationEnabled=True,
        KmsKeyId="arn:key",
        IsOrganizationTrail=True,
        CloudWatchLogsLogGroupArn=log_group(),
        HasCustomEventSelectors=False,
    )
    access = FakeAccess({DESCRIBE: {"trailList": [given]}, STATUS: LOGGING})
    (found,) = read(access, Dataset.TRAILS).trails
    assert (found.name, found.arn, found.home_region, found.bucket) == ("main", given["TrailARN"], HOME, "logs")
    assert (found.is_multi_region, found.is_organization, found.log_file_validation) == (True, True, True)
    assert (found.kms_key_id, found.log_group_arn) == ("arn:key", log_group())
    assert (found.is_logging, found.last_delivery, found.logs_management_events) == (True, LONG_AGO, True)
    assert (found.log_group_delivery, found.log_group_error, found.excluded_sources) == (None, "", ())


def test_when_a_trail_delivered_to_its_log_group() -> None:
    status = {**LOGGING, "LatestCloudWatchLogsDeliveryTime": LONG_AGO, "LatestCloudWatchLogsDeliveryError": "denied"}
    (found,) = read(FakeAccess({DESCRIBE: {"trailList": [trail()]}, STATUS: status}), Dataset.TRAILS).trails
    assert (found.log_group_delivery, found.log_group_error) == (LONG_AGO, "denied")


def test_every_trail_is_asked_once_in_its_home() -> None:
    regional = trail("regional", home=OTHER, IsMultiRegionTrail=False)
    shadow = trail("shadow", home="ap-south-1")

    def trails(*, includeShadowTrails: bool, region: str) -> dict[str, t.Any]:
        assert includeShadowTrails
        return {"trailList": [shadow, regional] if region == OTHER else [shadow]}

    access = FakeAccess({DESCRIBE: trails, STATUS: {"IsLogging": False}})
    snapshot = read(access, Dataset.TRAILS, regions=(HOME, OTHER))
    assert [found.name for found in snapshot.trails] == ["shadow", "regional"]
    asked = [(call.region, call.parameters["Name"]) for call in access.calls if call.name == STATUS]
    assert sorted(asked) == sorted([("ap-south-1", shadow["TrailARN"]), (OTHER, regional["TrailARN"])])
    assert SELECTORS not in access.names


@pytest.mark.parametrize(
    ("selectors", "all_events"),
    [
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}, True),
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": False}]}, False),
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}, False),
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly"}, {"ReadWriteType": "ReadOnly"}]}, True),
        ({"EventSelectors": []}, False),
        ({}, False),
    ],
)
def test_basic_event_selectors(selectors: dict[str, t.Any], all_events: bool) -> None:
    access = FakeAccess(
        {DESCRIBE: {"trailList": [trail(HasCustomEventSelectors=True)]}, STATUS: LOGGING, SELECTORS: selectors}
    )
    assert read(access, Dataset.TRAILS).trails[0].logs_management_events is all_events


def field(name: str, **condition: list[str]) -> dict[str, t.Any]:
    return {"Field": name, **condition}


IS_MANAGEMENT = field("eventCategory", Equals=["Management"])


@pytest.mark.parametrize(
    ("selectors", "all_events"),
    [
        ([[IS_MANAGEMENT]], True),
        ([[field("eventCategory", Equals=["Data"])]], False),
        ([[IS_MANAGEMENT, field("readOnly", Equals=["true"])]], False),
        (
            [[IS_MANAGEMENT, field("readOnly", Equals=["true"])], [IS_MANAGEMENT, field("readOnly", Equals=["false"])]],
            True,
        ),
        ([[IS_MANAGEMENT, field("eventSource", NotEquals=["kms.amazonaws.com"])]], True),
        ([[IS_MANAGEMENT, field("eventSource", NotEquals=["sts.amazonaws.com"])]], False),
        ([[IS_MANAGEMENT, field("eventSource", Equals=["iam.amazonaws.com"])]], False),
        ([[IS_MANAGEMENT, field("eventName", NotEquals=["AssumeRole"])]], False),
        ([[IS_MANAGEMENT, field("eventSource", StartsWith=["ec2."])]], False),
        ([[IS_MANAGEMENT, field("eventSource", NotStartsWith=["iam."])]], False),
        ([[IS_MANAGEMENT, field("readOnly", NotEquals=["true"])]], False),
        ([[field("eventCategory", Equals=["Management"], EndsWith=[])]], True),
    ],
)
def test_advanced_event_selectors(selectors: list[list[dict[str, t.Any]]], all_events: bool) -> None:
    answer = {"AdvancedEventSelectors": [{"FieldSelectors": fields} for fields in selectors]}
    access = FakeAccess(
        {DESCRIBE: {"trailList": [trail(HasCustomEventSelectors=True)]}, STATUS: LOGGING, SELECTORS: answer}
    )
    assert read(access, Dataset.TRAILS).trails[0].logs_management_events is all_events


KMS, RDS = "kms.amazonaws.com", "rdsdata.amazonaws.com"
KMS_ALONE = [[IS_MANAGEMENT, field("eventSource", NotEquals=[KMS])]]
READS, WRITES = field("readOnly", Equals=["true"]), field("readOnly", Equals=["false"])


@pytest.mark.parametrize(
    ("answer", "excluded"),
    [
        ({"EventSelectors": [{"ExcludeManagementEventSources": [KMS, RDS]}]}, (KMS, RDS)),
        ({"EventSelectors": [{"ExcludeManagementEventSources": [KMS]}, {"ExcludeManagementEventSources": [RDS]}]}, ()),
        ({"EventSelectors": [{"ExcludeManagementEventSources": [KMS], "IncludeManagementEvents": False}, {}]}, ()),
        (
            {
                "EventSelectors": [
                    {"ExcludeManagementEventSources": [KMS], "ReadWriteType": "ReadOnly"},
                    {"ReadWriteType": "WriteOnly"},
                ]
            },
            (KMS,),
        ),
        ({"AdvancedEventSelectors": [{"FieldSelectors": fields} for fields in KMS_ALONE]}, (KMS,)),
        (
            {
                "AdvancedEventSelectors": [
                    {"FieldSelectors": [*KMS_ALONE[0], READS]},
                    {"FieldSelectors": [IS_MANAGEMENT, WRITES]},
                ]
            },
            (KMS,),
        ),
        ({"AdvancedEventSelectors": [{"FieldSelectors": KMS_ALONE[0]}, {"FieldSelectors": [IS_MANAGEMENT]}]}, ()),
    ],
)
def test_event_sources_that_are_left_out(answer: dict[str, t.Any], excluded: tuple[str, ...]) -> None:
    access = FakeAccess(
        {DESCRIBE: {"trailList": [trail(HasCustomEventSelectors=True)]}, STATUS: LOGGING, SELECTORS: answer}
    )
    (found,) = read(access, Dataset.TRAILS).trails
    assert (found.logs_management_events, found.excluded_sources) == (True, excluded)


@pytest.mark.parametrize("answer", [deny(STATUS), refusal("TrailNotFoundException", kind=NotFound)])
def test_a_member_is_not_told_of_its_organizations_trail(answer: t.Any) -> None:
    given = trail(account=MANAGEMENT, IsOrganizationTrail=True)
    snapshot = read(FakeAccess({DESCRIBE: {"trailList": [given]}, STATUS: answer}), Dataset.TRAILS)
    assert snapshot.missing(Dataset.TRAILS, HOME) is None
    (found,) = snapshot.trails
    assert (found.is_organization, found.is_logging) == (True, None)


def test_the_organizations_trail_may_fail_otherwise() -> None:
    answer = refusal("Throttling", kind=Throttled, name=STATUS)
    given = trail(account=MANAGEMENT, IsOrganizationTrail=True)
    snapshot = read(FakeAccess({DESCRIBE: {"trailList": [given]}, STATUS: answer}), Dataset.TRAILS)
    assert unread_of(snapshot, Dataset.TRAILS)[0] == "throttled"


def test_the_unknown_status_of_a_multi_region_trail_counts_everywhere() -> None:
    snapshot = read(FakeAccess({DESCRIBE: {"trailList": [trail()]}}), Dataset.TRAILS, regions=(HOME, OTHER))
    assert unread_of(snapshot, Dataset.TRAILS) == unread_of(snapshot, Dataset.TRAILS, OTHER)
    assert unread_of(snapshot, Dataset.TRAILS)[2] == STATUS


def test_the_unknown_status_of_a_regional_trail_counts_in_its_region() -> None:
    given = trail(home=OTHER, IsMultiRegionTrail=False)
    access = FakeAccess({DESCRIBE: lambda *, region, **_: {"trailList": [given] if region == OTHER else []}})
    snapshot = read(access, Dataset.TRAILS, regions=(HOME, OTHER))
    assert snapshot.missing(Dataset.TRAILS, HOME) is None
    assert unread_of(snapshot, Dataset.TRAILS, OTHER)[0] == "denied"


def test_log_groups_of_other_accounts_are_not_read() -> None:
    given = trail(account=MANAGEMENT, CloudWatchLogsLogGroupArn=log_group(account=MANAGEMENT))
    access = FakeAccess({DESCRIBE: {"trailList": [given]}, STATUS: LOGGING})
    snapshot = read(access, Dataset.LOG_ALARMS)
    assert snapshot.missing(Dataset.LOG_ALARMS, HOME) is None
    assert FILTERS not in access.names


@pytest.mark.parametrize(("region", "counts_in"), [(OTHER, [OTHER]), ("ap-south-1", [HOME, OTHER])])
def test_alarms_that_may_not_be_read(region: str, counts_in: list[str]) -> None:
    given = trail(CloudWatchLogsLogGroupArn=log_group(region=region))
    access = FakeAccess({DESCRIBE: {"trailList": [given]}, STATUS: LOGGING})
    snapshot = read(access, Dataset.LOG_ALARMS, regions=(HOME, OTHER))
    assert [where for where in (HOME, OTHER) if snapshot.missing(Dataset.LOG_ALARMS, where)] == counts_in
    assert unread_of(snapshot, Dataset.LOG_ALARMS, OTHER)[2] == FILTERS


def test_alarms_are_unknown_where_trails_are() -> None:
    snapshot = read(FakeAccess({}), Dataset.LOG_ALARMS)
    assert unread_of(snapshot, Dataset.LOG_ALARMS, HOME) == unread_of(snapshot, Dataset.TRAILS, HOME)


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        ("arn:aws-cn:logs:cn-north-1:1:log-group:/aws/trail:*", LogGroup("cn-north-1", "1", "/aws/trail")),
        ("arn:aws:logs:us-east-1:1:log-group:trail", LogGroup("us-east-1", "1", "trail")),
        ("arn:aws:s3:::bucket", None),
        ("", None),
    ],
)
def test_log_group_of_arn(arn: str, group: LogGroup | None) -> None:
    assert LogGroup.of_arn(arn) == group
