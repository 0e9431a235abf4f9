# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether one event makes somebody get a message, link by link. Whole accounts are in cases/monitoring.py."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.regional import AlarmMetric, FilterMetric
from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.alarm import hears, notification, reaction
from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.delivery import WORKS
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth

from ..alarmed import TOPIC, alarm, make_alarm_metric, metric, topic
from ..samples import ACCOUNT

ZEROS: t.Final = metric(default=0.0)


@pytest.mark.parametrize(
    ("reported", "looked", "expected"),
    [
        (metric(), make_alarm_metric(), YES),
        # A default is reported for each minute of a period that has no event.
        (ZEROS, make_alarm_metric(statistic="Average", period=60), YES),
        (ZEROS, make_alarm_metric(statistic="Average", period=119), YES),
        (ZEROS, make_alarm_metric(statistic="Average", period=120), NO),
        (ZEROS, make_alarm_metric(statistic="Minimum", period=60), YES),
        (ZEROS, make_alarm_metric(statistic="Minimum", period=120), NO),
        (ZEROS, make_alarm_metric(statistic="Average", period=10), YES),
        (metric(), make_alarm_metric(statistic="Average"), YES),
        (metric(default=1.0), make_alarm_metric(), NO),
        (metric(value="0.5"), make_alarm_metric(), NO),
        (metric(value="5"), make_alarm_metric(), YES),
        (metric(unit="Count"), make_alarm_metric(), YES),
        (metric(unit="Count"), make_alarm_metric(unit="Count"), YES),
        (metric(unit="Count"), make_alarm_metric(unit="Seconds"), NO),
        (metric(), make_alarm_metric(name="another"), NO),
        (metric(), make_alarm_metric(namespace="another"), NO),
        (metric(), make_alarm_metric(statistic="tm90"), UNKNOWN),
    ],
)
def test_what_an_alarm_makes_of_one_event(reported: FilterMetric, looked: AlarmMetric, expected: Truth) -> None:
    assert reaction(alarm(metrics=(looked,)), reported).truth is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"comparison": "GreaterThanThreshold", "threshold": 0.5}, YES),
        ({"comparison": "LessThanOrEqualToThreshold", "threshold": 1.0}, YES),
        ({"comparison": "LessThanOrEqualToThreshold", "threshold": 0.5}, NO),
        ({"comparison": "LessThanThreshold", "threshold": 1.0}, NO),
        ({"comparison": "LessThanThreshold", "threshold": 2.0}, YES),
        ({"comparison": "LessThanLowerThreshold"}, UNKNOWN),
        ({"threshold": None}, UNKNOWN),
        ({"computed": True}, UNKNOWN),
        ({"missing_data": "ignore"}, NO),
        ({"periods": 2, "datapoints": 2}, YES),
        ({"periods": 2, "datapoints": 2, "missing_data": "ignore"}, NO),
        ({"periods": 2, "datapoints": 2, "missing_data": "newer"}, UNKNOWN),
        ({"periods": 2, "datapoints": 2, "missing_data": "notBreaching"}, NO),
        ({"missing_data": "breaching"}, NO),
    ],
)
def test_when_one_event_sets_an_alarm_off(fields: dict[str, t.Any], expected: Truth) -> None:
    assert reaction(alarm(**fields), metric()).truth is expected


def test_several_periods_with_zeros_between_them_never_breach() -> None:
    assert reaction(alarm(periods=2, datapoints=2), ZEROS).truth is NO
    # Where zeros are reported nothing is missing.
    assert reaction(alarm(missing_data="breaching"), ZEROS) is WORKS
    assert reaction(alarm(missing_data="ignore"), ZEROS) is WORKS


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("$.userIdentity.type", "Root", True),
        ("$.userIdentity.type", "IAMUser", False),
        ("$.userIdentity.type.deeper", "Root", False),
        ("$.eventName.deeper", "x", False),
        ("$.absent", "Root", False),
    ],
)
def test_an_alarm_with_dimensions_looks_at_some_events(path: str, value: str, expected: bool) -> None:
    event = {"userIdentity": {"type": "Root"}, "eventName": "x"}
    reported, looked = metric(dimensions={"d": path}), make_alarm_metric(dimensions={"d": value})
    assert hears(alarm(metrics=(looked,)), reported, event) is expected
    assert hears(alarm(metrics=(make_alarm_metric(7),)), reported, event) is False


def ours(account: str) -> bool:
    return account == ACCOUNT


@pytest.mark.parametrize(
    ("fields", "found", "expected", "why"),
    [
        ({}, topic(), YES, ""),
        ({}, topic(confirmed=0), NO, "no confirmed subscription"),
        ({}, topic(unknown="AccessDenied"), UNKNOWN, "AccessDenied"),
        ({}, topic(arn=f"{TOPIC}-2"), UNKNOWN, "it was not read"),
        ({"actions": (f"{TOPIC}-2", TOPIC)}, topic(), YES, ""),
        ({"actions": ("arn:aws:ssm-incidents::111122223333:response-plan/x",)}, topic(), UNKNOWN, "not known"),
        ({"actions": ("arn:aws:swf:us-east-1:111122223333:action/x",)}, topic(), NO, "notifies nobody"),
        ({"actions": ("arn",)}, topic(), NO, "notifies nobody"),
        ({"actions": ()}, topic(), NO, "it has no action"),
        ({"actions_enabled": False}, topic(), NO, "switched off"),
        ({"actions": (TOPIC.replace(ACCOUNT, "999988887777"),)}, topic(), NO, "not known to be yours"),
    ],
)
def test_who_gets_the_message_of_an_alarm(fields: dict[str, t.Any], found: t.Any, expected: Truth, why: str) -> None:
    judged = notification(alarm(**fields), {found.arn: found}, ACCOUNT, ours)
    assert (judged.truth, why in judged.why) == (expected, True)
    assert expected is YES or "alarm alarm-0" in judged.why
    assert expected is not YES or judged is WORKS
