# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudTrail: an organization's trail is seen in every member account, and events are selected by default.

What a trail delivers to its bucket it also delivers to its log group.
"""

from __future__ import annotations

import typing as t

from moto.cloudtrail.models import CloudTrailBackend, Trail, TrailStatus, cloudtrail_backends
from moto.organizations.models import organizations_backends

#: what a trail records by default
_DEFAULT_SELECTORS = (
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    },
)


def _organization_trails(backend: CloudTrailBackend) -> list[Trail]:
    """The trails of the management account that cover this member account in this region."""
    member_of: dict[str, tuple[str, str]] = organizations_backends.master_accounts
    if backend.account_id not in member_of:
        return []
    management, _partition = member_of[backend.account_id]
    return [
        trail
        for home in cloudtrail_backends[management].values()
        for trail in home.trails.values()
        if trail.is_org_trail and (trail.is_multi_region or trail.region_name == backend.region_name)
    ]


def install() -> None:
    """Show organization trails in member accounts, and the default event selectors."""
    describe, get, selectors = (
        CloudTrailBackend.describe_trails,
        CloudTrailBackend.get_trail,
        CloudTrailBackend.get_event_selectors,
    )

    def describe_trails(self: CloudTrailBackend, include_shadow_trails: bool) -> t.Iterable[Trail]:
        # A member's view of an organization trail is a shadow of it, except in the trail's home region.
        shown = [
            trail
            for trail in _organization_trails(self)
            if include_shadow_trails or trail.region_name == self.region_name
        ]
        return [*describe(self, include_shadow_trails), *shown]

    def get_trail(self: CloudTrailBackend, name_or_arn: str) -> Trail:
        shown = [*describe(self, True), *_organization_trails(self)]
        return next((trail for trail in shown if trail.arn == name_or_arn), None) or get(self, name_or_arn)

    def get_event_selectors(
        self: CloudTrailBackend, trail_name: str
    ) -> tuple[str, list[dict[str, t.Any]], list[dict[str, t.Any]]]:
        arn, basic, advanced = selectors(self, trail_name)
        return arn, basic if basic or advanced else list(_DEFAULT_SELECTORS), advanced

    described = Trail.description

    def description(self: Trail, include_region: bool = False) -> dict[str, t.Any]:
        custom = bool(self.event_selectors or self.advanced_event_selectors)
        return {**described(self, include_region), "HasCustomEventSelectors": custom}

    Trail.description = description
    _install_status()
    CloudTrailBackend.describe_trails = describe_trails
    CloudTrailBackend.get_trail = get_trail
    CloudTrailBackend.get_event_selectors = get_event_selectors


def _install_status() -> None:
    """Let the status of a trail with a log group say when it last delivered there."""
    status_of, described = CloudTrailBackend.get_trail_status, TrailStatus.description

    def get_trail_status(self: CloudTrailBackend, name: str) -> TrailStatus:
        status = status_of(self, name)
        trails = self.describe_trails(include_shadow_trails=True)
        status.has_log_group = any(trail.status is status and trail.cw_log_group_arn for trail in trails)
        return status

    def description(self: TrailStatus) -> dict[str, t.Any]:
        found: dict[str, t.Any] = described(self)
        if getattr(self, "has_log_group", False) and "LatestDeliveryTime" in found:
            found["LatestCloudWatchLogsDeliveryTime"] = found["LatestDeliveryTime"]
        return found

    TrailStatus.description = description
    CloudTrailBackend.get_trail_status = get_trail_status
