# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of CloudTrail: trails, their status, and what they log."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from . import fields
from .regional import Trail
from .source import Fields, Record, Source


@dataclasses.dataclass(frozen=True)
class LogGroup:
    """A CloudWatch Logs log group, out of its ARN."""

    region: str
    account_id: str
    name: str

    @classmethod
    def of_arn(cls, arn: str) -> t.Optional[LogGroup]:
        """The log group of an ARN with or without its trailing ``:*``; None for any other ARN."""
        parts = arn.split(":")
        if len(parts) < 7 or parts[2] != "logs" or parts[5] != "log-group":
            return None
        return cls(region=parts[3], account_id=parts[4], name=parts[6])


def read_trails(source: Source, region: str) -> Fields:
    """The trails that log in a region, wherever their home is, without their status; see :func:`with_status`.

    Shadow trails are asked for too: each is the one multi-region trail of another region, by the same ARN. So a trail
    is known even when its home is not among the regions that are read.
    """
    answer = source.call("cloudtrail", "DescribeTrails", {"includeShadowTrails": True}, region=region)
    return {"trails": tuple(_trail(record) for record in fields.records(answer, "trailList"))}


def drop_duplicates(trails: Iterable[Trail]) -> tuple[Trail, ...]:
    """Drop trails that are listed twice, by ARN."""
    by_arn = {trail.arn: trail for trail in trails}
    return tuple(by_arn[arn] for arn in sorted(by_arn))


def _trail(record: Record) -> Trail:
    return Trail(
        name=fields.text(record, "Name"),
        arn=fields.text(record, "TrailARN"),
        home_region=fields.text(record, "HomeRegion"),
        is_multi_region=fields.flag(record, "IsMultiRegionTrail"),
        is_organization=fields.flag(record, "IsOrganizationTrail"),
        is_logging=None,
        log_file_validation=fields.flag(record, "LogFileValidationEnabled"),
        kms_key_id=fields.optional_text(record, "KmsKeyId"),
        bucket=fields.optional_text(record, "S3BucketName") or "",
        log_group_arn=fields.optional_text(record, "CloudWatchLogsLogGroupArn"),
        last_delivery=None,
        # Without selectors of its own a trail logs every management event, read and write.
        logs_management_events=None if fields.flag(record, "HasCustomEventSelectors") else True,
    )


def is_foreign(trail: Trail, source: Source) -> bool:
    """Whether another account owns the trail: an organization trail, seen from a member, which may not ask after it."""
    return trail.arn.split(":")[4:5] != [source.account_id]


def with_status(source: Source, trail: Trail) -> Trail:
    """The trail with what its home region alone knows: whether it logs, when it last delivered, its event selectors."""
    status = source.call("cloudtrail", "GetTrailStatus", {"Name": trail.arn}, region=trail.home_region)
    complete = dataclasses.replace(
        trail,
        is_logging=fields.flag(status, "IsLogging"),
        last_delivery=fields.moment(status, "LatestDeliveryTime"),
        log_group_delivery=fields.moment(status, "LatestCloudWatchLogsDeliveryTime"),
        log_group_error=fields.optional_text(status, "LatestCloudWatchLogsDeliveryError") or "",
    )
    if trail.logs_management_events is not None:
        return complete
    selectors = source.call("cloudtrail", "GetEventSelectors", {"TrailName": trail.arn}, region=trail.home_region)
    logged = (*_read_basic_selectors(selectors), *_read_advanced_selectors(selectors))
    return dataclasses.replace(
        complete,
        logs_management_events=_logs_all(logged),
        excluded_sources=tuple(sorted(_find_excluded_sources(logged))),
    )


@dataclasses.dataclass(frozen=True)
class _LoggedEvents:
    """The management events that one event selector logs: the kinds, and the event sources that it leaves out."""

    kinds: frozenset[str]
    but: frozenset[str]


_KINDS: t.Final[Mapping[str, frozenset[str]]] = {
    "All": frozenset({"read", "write"}),
    "ReadOnly": frozenset({"read"}),
    "WriteOnly": frozenset({"write"}),
}
_READ_ONLY: t.Final[Mapping[str, frozenset[str]]] = {"true": _KINDS["ReadOnly"], "false": _KINDS["WriteOnly"]}
# The operator that each field of a selector may have without leaving out what is not counted here.
_WIDE: t.Final = {"eventCategory": "Equals", "eventSource": "NotEquals", "readOnly": "Equals"}
_IAM_SOURCES: t.Final = frozenset({"iam.amazonaws.com", "sts.amazonaws.com"})


def _logs_all(logged: Sequence[_LoggedEvents]) -> bool:
    """Whether selectors together log both the reads and the writes, those of IAM and STS at least."""
    return all(any(kind in item.kinds and not item.but & _IAM_SOURCES for item in logged) for kind in _KINDS["All"])


def _find_excluded_sources(logged: Sequence[_LoggedEvents]) -> frozenset[str]:
    """Find the event sources of which no selector logs some kind of event."""
    found: frozenset[str] = frozenset()
    for kind in _KINDS["All"]:
        without = [item.but for item in logged if kind in item.kinds]
        found |= frozenset.intersection(*without) if without else frozenset()
    return found


def _read_basic_selectors(answer: Record) -> Iterator[_LoggedEvents]:
    for selector in fields.optional_records(answer, "EventSelectors"):
        # AWS's default is to include them. KMS and RDS Data API are the sources that can be left out.
        if selector.get("IncludeManagementEvents", True):
            excluded = frozenset(fields.texts(selector, "ExcludeManagementEventSources"))
            yield _LoggedEvents(_KINDS[fields.optional_text(selector, "ReadWriteType") or "All"], excluded)


def _read_advanced_selectors(answer: Record) -> Iterator[_LoggedEvents]:
    for selector in fields.optional_records(answer, "AdvancedEventSelectors"):
        by_field = {fields.text(record, "Field"): record for record in fields.records(selector, "FieldSelectors")}
        if fields.texts(by_field.get("eventCategory", {}), "Equals") != ("Management",):
            continue
        # Any other field or operator narrows a selector to fewer events than all.
        given = ((name, operator) for name, record in by_field.items() for operator in record if record[operator])
        if any(operator not in ("Field", _WIDE.get(name)) for name, operator in given):
            continue
        values = fields.texts(by_field.get("readOnly", {}), "Equals")
        kinds = _READ_ONLY.get(values[0], frozenset()) if values else _KINDS["All"]
        yield _LoggedEvents(kinds, frozenset(fields.texts(by_field.get("eventSource", {}), "NotEquals")))


def log_groups(source: Source, trails: Iterable[Trail]) -> Mapping[str, tuple[str, ...]]:
    """The log groups of this account that its trails deliver to: region to names.

    An organization trail delivers to a log group of its owner, whose filters are the owner's to assess.
    """
    groups = {LogGroup.of_arn(trail.log_group_arn) for trail in trails if trail.log_group_arn}
    own = sorted((group.region, group.name) for group in groups if group and group.account_id == source.account_id)
    regions = dict.fromkeys(region for region, _name in own)
    return {region: tuple(name for where, name in own if where == region) for region in regions}
