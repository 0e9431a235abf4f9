# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What trails record: their event selectors, and since when they log.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html,
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ..._policy.trail.coverage import LogClass
from ..._policy.trail.log_classes import list_needed_types
from ..._policy.trail.names import prefix_of

Answer = Mapping[str, t.Any]
_BOTH: t.Final = frozenset({"read", "write"})
_KINDS: t.Final[Mapping[str, frozenset[str]]] = {
    "All": _BOTH,
    "ReadOnly": frozenset({"read"}),
    "WriteOnly": frozenset({"write"}),
}
_READ_ONLY: t.Final[Mapping[str, frozenset[str]]] = {"true": _KINDS["ReadOnly"], "false": _KINDS["WriteOnly"]}
# The values of basic selectors that mean all resources of a type in the account.
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html
_ALL_RESOURCES: t.Final[Mapping[str, str]] = {
    "AWS::S3::Object": "s3",
    "AWS::Lambda::Function": "lambda",
    "AWS::DynamoDB::Table": "dynamodb",
}
_COLONS: t.Final = 5
_LEVELS: t.Final[Mapping[LogClass, frozenset[str]]] = {
    LogClass.READ: frozenset({"read"}),
    LogClass.WRITE: frozenset({"write"}),
}


@dataclasses.dataclass(frozen=True)
class Selector:
    """One event selector, as far as it leaves nothing out that is not named here.

    ``types`` are resource types of data events, empty for management events. ``but`` are prefixes of services whose
    management events are left out. ``is_narrow``: it records only some events or some resources of these.
    """

    kinds: frozenset[str]
    types: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()
    is_narrow: bool = False


@dataclasses.dataclass(frozen=True)
class TrailFacts:
    """A trail that covers the account. ``selectors`` is None if they could not be read, for the ``reason``.

    ``is_validated`` says whether it writes digest files, ``account_id`` is the account that it was read in.
    ``is_organization`` says whether it is a trail of the organization.
    """

    name: str
    arn: str
    home_region: str
    bucket: str
    prefix: str = ""
    is_multi_region: bool = False
    includes_global: bool = True
    selectors: t.Optional[tuple[Selector, ...]] = None
    reason: str = ""
    is_logging: t.Optional[bool] = None
    started: t.Optional[datetime] = None
    stopped: t.Optional[datetime] = None
    delivery_error: str = ""
    is_validated: bool = False
    account_id: str = ""
    is_organization: bool = False

    @property
    def digest_name(self) -> str:
        """The name of the trail in the names of its digest files."""
        return f"{self.name}_{self.home_region}"

    @property
    def owner_id(self) -> str:
        """The account that the trail belongs to."""
        return self.arn.split(":")[4] if self.arn.count(":") >= _COLONS else ""

    @property
    def is_foreign(self) -> bool:
        """Whether it belongs to another account: it is a trail of the organization, seen from a member."""
        return bool(self.account_id) and self.owner_id != self.account_id

    def records(self, service: str, log_class: LogClass) -> Truth:
        """Whether the selectors ask for all events of a class of a service."""
        if self.selectors is None:
            return UNKNOWN
        if log_class is LogClass.NEVER:
            return NO
        if log_class is LogClass.DATA:
            return self._records_data(service)
        level = _LEVELS[log_class]
        wide = [one for one in self.selectors if not one.types and not one.is_narrow]
        return YES if any(level <= one.kinds and service not in one.but for one in wide) else NO

    def _records_data(self, service: str) -> Truth:
        needed = list_needed_types(service)
        if not needed:
            return UNKNOWN
        wide = [one for one in self.selectors or () if one.types and not one.is_narrow]
        kinds = {kind: frozenset().union(*(one.types for one in wide if kind in one.kinds)) for kind in _BOTH}
        return YES if all(needed <= found for found in kinds.values()) else NO


def parse_trail(
    record: Answer, status: t.Optional[Answer], selectors: t.Optional[Answer], reason: str = "", account_id: str = ""
) -> TrailFacts:
    """The facts of one trail in the answers of DescribeTrails, GetTrailStatus and GetEventSelectors."""
    state = status or {}
    return TrailFacts(
        name=str(record.get("Name") or ""),
        arn=str(record.get("TrailARN") or ""),
        home_region=str(record.get("HomeRegion") or ""),
        bucket=str(record.get("S3BucketName") or ""),
        prefix=str(record.get("S3KeyPrefix") or "").strip("/"),
        is_multi_region=bool(record.get("IsMultiRegionTrail")),
        includes_global=bool(record.get("IncludeGlobalServiceEvents", True)),
        selectors=None if selectors is None else tuple(parse_selectors(selectors)),
        reason=reason,
        is_logging=None if status is None else bool(state.get("IsLogging")),
        started=_moment(state.get("StartLoggingTime")),
        stopped=_moment(state.get("StopLoggingTime")),
        delivery_error=str(state.get("LatestDeliveryError") or ""),
        is_validated=bool(record.get("LogFileValidationEnabled")),
        account_id=account_id,
        is_organization=bool(record.get("IsOrganizationTrail")),
    )


def _moment(value: t.Any) -> t.Optional[datetime]:
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def parse_selectors(answer: Answer) -> Iterator[Selector]:
    """The selectors of a trail, basic or advanced; a trail has the one or the other."""
    for selector in answer.get("EventSelectors") or ():
        yield from _parse_basic(selector)
    for selector in answer.get("AdvancedEventSelectors") or ():
        yield _parse_advanced(selector.get("FieldSelectors") or ())


def _parse_basic(selector: Answer) -> Iterator[Selector]:
    kinds = _KINDS.get(selector.get("ReadWriteType") or "All", frozenset())
    if selector.get("IncludeManagementEvents", True):
        but = frozenset(map(prefix_of, selector.get("ExcludeManagementEventSources") or ()))
        yield Selector(kinds, but=_with_data_api(but))
    for resource in selector.get("DataResources") or ():
        kind = str(resource.get("Type") or "")
        # "arn:aws:s3" is all buckets of the account; any longer value is one of them, or a prefix in it.
        values = [str(value).rstrip(":/").split(":") for value in resource.get("Values") or ()]
        wide = any(len(parts) == 3 and parts[2] == _ALL_RESOURCES.get(kind) for parts in values)
        yield Selector(kinds, types=frozenset({kind}), is_narrow=not wide)


def _with_data_api(but: frozenset[str]) -> frozenset[str]:
    """The source of the RDS Data API has another name than its prefix."""
    return but | {"rds-data"} if "rdsdata" in but else but


def _parse_advanced(selectors: Sequence[Answer]) -> Selector:
    fields = {str(one.get("Field")): one for one in selectors}
    category = (fields.get("eventCategory") or {}).get("Equals") or []
    kinds, narrow = _read_kinds(fields.get("readOnly"))
    known = {"eventCategory", "readOnly"}
    types: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()
    if category == ["Data"]:
        known.add("resources.type")
        types = frozenset((fields.get("resources.type") or {}).get("Equals") or ())
    elif category == ["Management"]:
        known.add("eventSource")
        source = fields.get("eventSource") or {}
        but = _with_data_api(frozenset(map(prefix_of, source.get("NotEquals") or ())))
        narrow = narrow or _has_other_operators(source, "NotEquals")
    else:
        # Network activity and whatever comes later: no calls of its own.
        return Selector(frozenset(), is_narrow=True)
    return Selector(kinds, types, but, is_narrow=narrow or bool(fields.keys() - known))


def _read_kinds(field: t.Optional[Answer]) -> tuple[frozenset[str], bool]:
    """The kinds of events, and whether only some of them are recorded."""
    if field is None:
        return _BOTH, False
    values = field.get("Equals") or []
    return _READ_ONLY.get(values[0] if values else "", frozenset()), _has_other_operators(field, "Equals")


def _has_other_operators(field: Answer, operator: str) -> bool:
    return any(value for name, value in field.items() if name not in ("Field", operator))
