# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alarms on events: judged by what the filters catch."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    Organization,
    Snapshot,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import LogAlarm
from ansible_collections.hardening.iam.plugins.module_utils._controls.monitoring import CONTROLS

from .samples import ACCOUNT, judge, snapshot, status, unread
from .test_detective import trail

OTHER_CONTROLS = [control.id for control in CONTROLS if control.id != "alarm_organization_changes"]
# The patterns that AWS prescribes for Security Hub's CloudWatch controls, as documented there.
PRESCRIBED = {
    "alarm_unauthorized_calls": '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
    "alarm_sign_in_without_mfa": (
        '{($.eventName="ConsoleLogin") && ($.additionalEventData.MFAUsed !="Yes") && ($.userIdentity.type="IAMUser") &&'
        ' ($.responseElements.ConsoleLogin="Success")}'
    ),
    "alarm_root_use": (
        '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}'
    ),
    "alarm_cloudtrail_changes": (
        "{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) ||"
        " ($.eventName=StartLogging) || ($.eventName=StopLogging)}"
    ),
    "alarm_failed_sign_ins": '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
    "alarm_kms_key_deletion": (
        "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}"
    ),
}


def alarm(pattern: str, *, notified: bool = True, alarms: tuple[str, ...] = ("a",)) -> LogAlarm:
    return LogAlarm("us-east-1", "trail", "f", pattern, alarms, notified)


def watched(*alarms: LogAlarm, **fields: t.Any) -> Snapshot:
    return snapshot(**{"trails": (trail(),), "log_alarms": alarms, **fields})


@pytest.mark.parametrize(("control", "pattern"), PRESCRIBED.items())
def test_the_prescribed_pattern_passes_its_control_alone(control: str, pattern: str) -> None:
    account = watched(alarm(pattern))
    assert [name for name in OTHER_CONTROLS if status(name, account) == "PASS"] == [control]


@pytest.mark.parametrize("control", OTHER_CONTROLS)
def test_a_filter_that_catches_everything_is_enough(control: str) -> None:
    assert status(control, watched(alarm("{ $.eventName = * }"))) == "PASS"


def test_several_filters_may_share_the_events() -> None:
    halves = (alarm("{ $.eventName = DisableKey }"), alarm("{ $.eventName = %ScheduleKey% }"))
    assert status("alarm_kms_key_deletion", watched(*halves)) == "PASS"
    (finding,) = judge("alarm_kms_key_deletion", watched(halves[0]))
    assert finding.status.value == "FAIL"
    assert finding.detail == "nobody is told of ScheduleKeyDeletion"
    assert finding.evidence.observed == {"not_caught": ["ScheduleKeyDeletion"]}


@pytest.mark.parametrize("fields", [{"notified": False}, {"alarms": ()}])
def test_a_filter_without_an_alarm_that_notifies_is_not_enough(fields: dict[str, t.Any]) -> None:
    (finding,) = judge("alarm_root_use", watched(alarm(PRESCRIBED["alarm_root_use"], **fields)))
    assert finding.status.value == "FAIL" and "no alarm on it that notifies" in finding.detail


@pytest.mark.parametrize(
    "fields", [{"is_logging": False}, {"is_multi_region": False}, {"logs_management_events": False}]
)
def test_a_filter_on_a_log_group_that_gets_no_events_tells_nobody(fields: dict[str, t.Any]) -> None:
    pattern = alarm(PRESCRIBED["alarm_root_use"])
    assert status("alarm_root_use", watched(pattern, trails=(trail(**fields),))) == "FAIL"
    assert status("alarm_root_use", watched(pattern, trails=(trail(**fields), trail(name="second")))) == "PASS"


def test_a_pattern_that_makes_no_sense_catches_nothing() -> None:
    assert status("alarm_root_use", watched(alarm("{ rubbish"))) == "FAIL"


@pytest.mark.parametrize("control", OTHER_CONTROLS)
def test_without_a_log_group_one_other_control_says_so(control: str) -> None:
    assert status(control, snapshot()) == "NOT_APPLICABLE"
    assert status(control, snapshot(trails=(trail(log_group_arn=None),))) == "NOT_APPLICABLE"


def test_that_other_control_stands_for_the_recommendations_only_where_it_fails() -> None:
    (failed,) = judge("trail_log_group", snapshot())
    (passed,) = judge("trail_log_group", watched())
    assert failed.compliance["cis_7.0"] == tuple(f"5.{number}" for number in range(1, 15))
    assert "cis_7.0" not in passed.compliance


def test_what_an_unread_region_may_hide_is_not_assessed() -> None:
    hidden = unread(Dataset.LOG_ALARMS, region="eu-west-1")
    account = watched(regions=("us-east-1", "eu-west-1"), unread=(hidden,))
    assert status("alarm_root_use", account) == "NOT_ASSESSED"
    found = watched(alarm(PRESCRIBED["alarm_root_use"]), regions=account.regions, unread=account.unread)
    assert status("alarm_root_use", found) == "PASS"


def test_a_denied_region_hides_nothing_that_counts() -> None:
    denied = tuple(
        unread(dataset, UnreadKind.REGION_DENIED, "eu-west-1") for dataset in (Dataset.LOG_ALARMS, Dataset.TRAILS)
    )
    assert status("alarm_root_use", watched(regions=("us-east-1", "eu-west-1"), unread=denied)) == "FAIL"


@pytest.mark.parametrize(
    ("organization", "unread_it", "expected"),
    [
        (None, False, "NOT_APPLICABLE"),
        ("999988887777", False, "NOT_APPLICABLE"),
        (ACCOUNT, False, "FAIL"),
        (None, True, "NOT_ASSESSED"),
    ],
)
def test_changes_of_the_organization(organization: t.Optional[str], unread_it: bool, expected: str) -> None:
    account = snapshot(
        organization=Organization("o-1", organization, "ALL") if organization else None,
        unread=(unread(Dataset.ORGANIZATION),) if unread_it else (),
    )
    assert status("alarm_organization_changes", account) == expected
