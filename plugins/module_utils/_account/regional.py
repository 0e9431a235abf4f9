# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The part of a snapshot on regional services: those that watch, and instances."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime

from .config_catalogue import IAM_TYPES, WITHOUT_IAM


@dataclasses.dataclass(frozen=True)
class Analyzer:
    """An Access Analyzer; ``type`` as AWS spells it (``ACCOUNT``, ``ORGANIZATION``, ``ACCOUNT_UNUSED_ACCESS``, …)."""

    name: str
    arn: str
    region: str
    type: str
    status: str


@dataclasses.dataclass(frozen=True)
class ConfigRecorder:
    """The customer managed recorder of a region, of all types, of ``resource_types``, or of all but ``excluded_types``.

    ``last_status`` as AWS spells it: ``SUCCESS``, ``FAILURE``, ``PENDING``, ``NOT_APPLICABLE``.
    """

    name: str
    region: str
    recording: bool
    last_status: t.Optional[str]
    all_supported: bool
    includes_global_types: bool
    resource_types: tuple[str, ...] = ()
    role_arn: t.Optional[str] = None
    excluded_types: tuple[str, ...] = ()

    @property
    def is_failing(self) -> bool:
        return (self.last_status or "").upper() == "FAILURE"

    @property
    def records_iam(self) -> bool:
        """Whether it records IAM's types now. In the newer regions a recorder that includes them does not.

        https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html
        """
        included = self.includes_global_types or set(self.resource_types) >= set(IAM_TYPES)
        return self.recording and not self.is_failing and included and self.region not in WITHOUT_IAM


@dataclasses.dataclass(frozen=True)
class SecurityHub:
    """Security Hub in one region. ``enabled`` False is an answer, not a failed read."""

    region: str
    enabled: bool
    standards: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Trail:
    """A trail, listed once in its home region, with what it logs.

    ``excluded_sources`` are the event sources of management events that it leaves out. ``log_group_delivery`` is when
    it last delivered to its log group, ``log_group_error`` why it can't.
    """

    name: str
    arn: str
    home_region: str
    is_multi_region: bool
    is_organization: bool
    is_logging: t.Optional[bool]
    log_file_validation: bool
    kms_key_id: t.Optional[str]
    bucket: str
    log_group_arn: t.Optional[str]
    last_delivery: t.Optional[datetime]
    logs_management_events: t.Optional[bool] = None
    excluded_sources: tuple[str, ...] = ()
    log_group_delivery: t.Optional[datetime] = None
    log_group_error: str = ""


@dataclasses.dataclass(frozen=True)
class FilterMetric:
    """The report of a metric filter on each event that it catches, all as CloudWatch Logs has it.

    ``value`` is a number or the path of a field. ``default`` is reported for a minute in which it catches none.
    ``dimensions`` are paths by their names.
    """

    namespace: str
    name: str
    value: str
    default: t.Optional[float] = None
    unit: str = ""
    dimensions: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class LogAlarm:
    """A metric filter on a trail's log group, with the names of the alarms of its region that look at its metrics.

    ``selection`` names by what else the filter chooses or changes events before it compares them.
    """

    region: str
    log_group: str
    filter_name: str
    pattern: str
    metrics: tuple[FilterMetric, ...] = ()
    alarms: tuple[str, ...] = ()
    selection: str = ""


@dataclasses.dataclass(frozen=True)
class AlarmMetric:
    """A metric that an alarm looks at, itself or inside metric math."""

    namespace: str
    name: str
    dimensions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    statistic: str = ""
    period: int = 60
    unit: str = ""


@dataclasses.dataclass(frozen=True)
class MetricAlarm:
    """A CloudWatch alarm on a metric of a metric filter.

    ``computed`` says that it compares the result of a computation, or with one, and not a metric with a number.
    ``datapoints`` is how many of ``periods`` have to breach the threshold. ``actions`` are ARNs.
    """

    region: str
    name: str
    arn: str
    metrics: tuple[AlarmMetric, ...]
    comparison: str = ""
    threshold: t.Optional[float] = None
    periods: int = 1
    datapoints: int = 1
    missing_data: str = "missing"
    computed: bool = False
    actions_enabled: bool = True
    actions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Instance:
    """An EC2 instance that is not terminated."""

    id: str
    arn: str
    region: str
    instance_profile_arn: t.Optional[str]
    state: str
