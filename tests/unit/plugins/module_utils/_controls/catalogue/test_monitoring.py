# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alarms on events: judged by what reaches somebody. Further accounts are in cases/monitoring.py."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    Organization,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue.monitoring import CONTROLS
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.monitoring_watches import WATCHES
from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.trail_events import Place

from ..alarmed import PRESCRIBED, alarm, make_alarm_metric, make_alarmed_account, metric_filter, topic
from ..samples import ACCOUNT, judge, snapshot, status, unread
from .test_detective import trail

ALL_CONTROLS = [control.id for control in CONTROLS]
OTHER_CONTROLS = [name for name in ALL_CONTROLS if name != "alarm_organization_changes"]
ROOT_USE = PRESCRIBED["alarm_root_use"]


@pytest.mark.parametrize("watch", WATCHES, ids=lambda watch: watch.name)
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_a_control_has_at_least_eight_events_that_differ(watch: t.Any, partition: str) -> None:
    events = [sample.event for sample in watch.samples(Place(ACCOUNT, partition))]
    assert len(events) >= 8
    for field in ("awsRegion", "sourceIPAddress", "userAgent", "eventVersion", "eventID"):
        regional = field != "awsRegion" or watch.name not in ("iam_policy_changes", "organization_changes")
        assert len({str(event[field]) for event in events}) > 1 or not regional, field
    kinds = {event["userIdentity"]["type"] for event in events}
    assert kinds >= {"root_use": {"Root"}, "sign_in_without_mfa": {"IAMUser"}}.get(watch.name, {"Root", "IAMUser"})


def test_the_prescribed_patterns_are_those_of_all_controls() -> None:
    assert sorted(PRESCRIBED) == sorted(ALL_CONTROLS)


@pytest.mark.parametrize(("control", "pattern"), PRESCRIBED.items())
def test_the_prescribed_pattern_passes_its_control_alone(control: str, pattern: str) -> None:
    assert [name for name in ALL_CONTROLS if status(name, make_alarmed_account(pattern)) == "PASS"] == [control]


@pytest.mark.parametrize("control", ALL_CONTROLS)
def test_a_filter_that_catches_everything_is_enough(control: str) -> None:
    assert (
        status(control, make_alarmed_account("{ $.eventName = * }"))
        == status(control, make_alarmed_account(""))
        == "PASS"
    )


def test_several_filters_may_share_the_events() -> None:
    halves = ("{ $.eventName = DisableKey }", "{ $.eventName = %ScheduleKey% }")
    assert status("alarm_kms_key_deletion", make_alarmed_account(*halves)) == "PASS"
    (finding,) = judge("alarm_kms_key_deletion", make_alarmed_account(halves[0]))
    assert finding.status.value == "FAIL"
    assert finding.detail == "no alarm reports ScheduleKeyDeletion"
    assert finding.evidence.observed["not_caught"] == ["ScheduleKeyDeletion"]
    assert "root" in finding.evidence.observed["callers"]


def test_the_callers_whose_events_are_missed_are_named() -> None:
    (finding,) = judge("alarm_kms_key_deletion", make_alarmed_account("{ $.userIdentity.type != Root }"))
    assert finding.detail == "no alarm reports DisableKey, ScheduleKeyDeletion by root"
    (finding,) = judge("alarm_kms_key_deletion", make_alarmed_account("{ $.userIdentity.type = Root }"))
    assert finding.detail == "no alarm reports DisableKey, ScheduleKeyDeletion unless by root"


def test_why_a_filter_is_not_enough_is_said_of_those_that_are_meant_for_it() -> None:
    account = make_alarmed_account(
        ROOT_USE,
        PRESCRIBED["alarm_kms_key_deletion"],
        metric_alarms=(alarm(0, threshold=5.0), alarm(1, actions_enabled=False)),
    )
    (finding,) = judge("alarm_kms_key_deletion", account)
    assert finding.detail.endswith("; the actions of alarm alarm-1 are switched off")
    (finding,) = judge("alarm_root_use", account)
    expected = "; one event of value 1 does not set off alarm alarm-0 (GreaterThanOrEqualToThreshold 5)"
    assert finding.detail.endswith(expected)


def test_a_filter_without_an_alarm_is_named() -> None:
    (finding,) = judge("alarm_root_use", make_alarmed_account(log_alarms=(metric_filter(ROOT_USE, alarms=()),)))
    assert finding.detail.endswith("; metric filter filter-0 has no alarm")


def test_the_regions_whose_events_are_missed_are_named() -> None:
    pattern = '{ ($.eventSource = kms.amazonaws.com) && ($.awsRegion != "eu-west-3") }'
    account = make_alarmed_account(pattern, regions=("us-east-1", "eu-west-3"))
    (finding,) = judge("alarm_kms_key_deletion", account)
    assert finding.detail.startswith("no alarm reports DisableKey, ScheduleKeyDeletion")
    assert finding.detail.endswith(" in eu-west-3")


def test_an_alarm_on_another_metric_is_named() -> None:
    account = make_alarmed_account(ROOT_USE, metric_alarms=(alarm(metrics=(make_alarm_metric(7),)),))
    (finding,) = judge("alarm_root_use", account)
    assert finding.detail.endswith("; alarm alarm-0 is on another metric")


def test_only_the_reasons_that_matter_are_named() -> None:
    unknown = (alarm(0, computed=True), alarm(1, computed=True))
    (finding,) = judge(
        "alarm_root_use", make_alarmed_account(ROOT_USE, "{ $.eventName = Never }", metric_alarms=unknown)
    )
    assert finding.status.value == "NOT_ASSESSED"
    assert "alarm-0" in finding.detail and "alarm-1" not in finding.detail
    half = make_alarmed_account("{ $.eventName = DisableKey }", metric_alarms=(alarm(actions=()),))
    (finding,) = judge("alarm_kms_key_deletion", half)
    assert finding.detail == "no alarm reports DisableKey, ScheduleKeyDeletion"


def test_a_trail_without_a_log_group_beside_one_that_has_it() -> None:
    assert (
        status("alarm_root_use", make_alarmed_account(ROOT_USE, trails=(trail(log_group_arn=None), trail()))) == "PASS"
    )


@pytest.mark.parametrize("fields", [{"is_logging": None}, {"logs_management_events": None}])
def test_what_is_not_known_of_a_trail_is_not_assessed(fields: dict[str, t.Any]) -> None:
    (finding,) = judge("alarm_root_use", make_alarmed_account(ROOT_USE, trails=(trail(**fields),)))
    assert (finding.status.value, "the logging settings of trail main could not be read" in finding.detail) == (
        "NOT_ASSESSED",
        True,
    )


@pytest.mark.parametrize("fields", [{"log_group": "applications"}, {"region": "eu-west-1"}])
def test_a_filter_on_another_log_group_hears_nothing(fields: dict[str, t.Any]) -> None:
    elsewhere = metric_filter(ROOT_USE, **fields)
    account = make_alarmed_account(log_alarms=(elsewhere,), metric_alarms=(alarm(region=elsewhere.region),))
    assert status("alarm_root_use", account) == "FAIL"


def test_what_the_controls_stand_for() -> None:
    for number, control in enumerate(CONTROLS, start=1):
        expected = {
            **dict.fromkeys(("cis_5.0", "cis_3.0"), (f"4.{number}",)),
            "cis_7.0": (f"5.{number}",),
            "nist_800_53": ("AU-6(1)", "AU-6(5)", "CA-7", "SI-4(12)"),
            "soc2": ("CC7.2", "CC7.3"),
        }
        found = dict(control.compliance)
        # Security Hub has no control on changes of the organization.
        assert bool(found.pop("security_hub", None)) is (control.id != "alarm_organization_changes")
        assert found == expected


def test_a_second_trail_that_works_is_enough() -> None:
    assert (
        status("alarm_root_use", make_alarmed_account(ROOT_USE, trails=(trail(is_logging=False), trail(name="second"))))
        == "PASS"
    )


def test_a_pattern_that_is_not_understood_may_catch_everything() -> None:
    (finding,) = judge("alarm_root_use", make_alarmed_account("[a, b]"))
    assert finding.status.value == "NOT_ASSESSED"
    assert "the pattern of metric filter filter-0 is not understood" in finding.detail
    silent = make_alarmed_account("[a, b]", metric_alarms=(alarm(actions=()),))
    assert status("alarm_root_use", silent) == "FAIL"
    assert status("alarm_root_use", make_alarmed_account("[a, b]", ROOT_USE)) == "PASS"


def test_a_filter_that_also_chooses_by_account_is_not_judged() -> None:
    chosen = metric_filter(ROOT_USE, selection='@aws.account = "111122223333"')
    assert status("alarm_root_use", make_alarmed_account(ROOT_USE, log_alarms=(chosen,))) == "NOT_ASSESSED"


def test_a_topic_of_a_declared_account_is_ours_but_has_to_be_read() -> None:
    other = "666677778888"
    there = topic().arn.replace(ACCOUNT, other)
    settings: dict[str, t.Any] = {"metric_alarms": (alarm(actions=(there,)),)}
    unknown = make_alarmed_account(ROOT_USE, **settings, alarm_topics=(topic(arn=there, unknown="AccessDenied"),))
    assert status("alarm_root_use", unknown) == "FAIL"
    assert status("alarm_root_use", unknown, trusted_account_ids=(other,)) == "NOT_ASSESSED"


@pytest.mark.parametrize("control", OTHER_CONTROLS)
def test_without_a_log_group_one_other_control_says_so(control: str) -> None:
    assert status(control, snapshot()) == "NOT_APPLICABLE"
    assert status(control, snapshot(trails=(trail(log_group_arn=None),))) == "NOT_APPLICABLE"


def test_that_other_control_stands_for_the_recommendations_only_where_it_fails() -> None:
    (failed,) = judge("trail_log_group", snapshot())
    (passed,) = judge("trail_log_group", make_alarmed_account())
    assert failed.compliance["cis_7.0"] == tuple(f"5.{number}" for number in range(1, 15))
    assert "cis_7.0" not in passed.compliance


def test_what_an_unread_region_may_hide_is_not_assessed() -> None:
    regions = {"regions": ("us-east-1", "eu-west-1"), "unread": (unread(Dataset.LOG_ALARMS, region="eu-west-1"),)}
    assert status("alarm_root_use", make_alarmed_account(**regions)) == "NOT_ASSESSED"
    assert status("alarm_root_use", make_alarmed_account(ROOT_USE, **regions)) == "PASS"


def test_a_denied_region_hides_nothing_that_counts() -> None:
    denied = tuple(
        unread(dataset, UnreadKind.REGION_DENIED, "eu-west-1") for dataset in (Dataset.LOG_ALARMS, Dataset.TRAILS)
    )
    assert status("alarm_root_use", make_alarmed_account(regions=("us-east-1", "eu-west-1"), unread=denied)) == "FAIL"


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


def test_what_was_not_looked_at_is_not_counted() -> None:
    nothing = {"population": 0, "unit": "metric filters"}
    hidden = {"regions": ("us-east-1", "eu-west-1"), "unread": (unread(Dataset.TRAILS, region="eu-west-1"),)}
    for account in (snapshot(), snapshot(**hidden)):
        (finding,) = judge("alarm_root_use", account)
        assert finding.evidence.observed == nothing
    assert finding.detail == "trails could not be read in eu-west-1"
    for account in (snapshot(), snapshot(unread=(unread(Dataset.ORGANIZATION),))):
        (finding,) = judge("alarm_organization_changes", account)
        assert finding.evidence.observed == nothing
