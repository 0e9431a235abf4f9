# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of Security Hub that are made on request."""

from __future__ import annotations

import typing as t

from . import fields
from .security_hubs import (
    SELF_MANAGED,
    Aggregator,
    HubFinding,
    OfferedStandard,
    SecurityHubDetails,
    Subscription,
)
from .source import Fields, Record, Source, Unreadable

_SERVICE: t.Final = "securityhub"
DETAILS_OPERATIONS: t.Final = (
    "securityhub:DescribeHub",
    "securityhub:GetEnabledStandards",
    "securityhub:DescribeStandards",
    "securityhub:ListFindingAggregators",
    "securityhub:GetFindingAggregator",
    "securityhub:GetConfigurationPolicyAssociation",
    "securityhub:DescribeSecurityHubV2",
)
FINDINGS_OPERATIONS: t.Final = ("securityhub:GetFindings", "securityhub:DescribeHub")
_OFF: t.Final = frozenset({"InvalidAccess", "ResourceNotFound"})
# AWS refuses a member account, and an administrator outside the region where findings come together.
_NOT_READABLE: t.Final = frozenset({"AccessDenied", "InvalidAccess", "InvalidInput", "ResourceNotFound"})
_PAGE: t.Final = 100


def read_security_hub_details(source: Source, region: str) -> Fields:
    """The region's hub as it is set up, and what could be enabled in it."""
    hub = source.call_unless(_OFF, _SERVICE, "DescribeHub", region=region)
    reads: dict[str, t.Callable[[], t.Any]] = {
        "offered": lambda: _read_offered_standards(source, region),
        "v2": lambda: source.call_unless(_OFF, _SERVICE, "DescribeSecurityHubV2", region=region) is not None,
    }
    if hub is not None:
        fields.text(hub, "HubArn")
        reads["subscriptions"] = lambda: _read_subscriptions(source, region)
        reads["aggregators"] = lambda: _read_aggregators(source, region)
    gathered = dict(source.gather(reads))
    # An SDK or a partition that knows nothing of the newer Security Hub, and a role that may not ask, is no fault.
    v2 = gathered.pop("v2")
    found: dict[str, t.Any] = {}
    for name, value in gathered.items():
        if isinstance(value, Unreadable):
            raise value
        found[name] = value
    aggregators = found.get("aggregators", ())
    aggregator = aggregators[0] if aggregators else None
    details = SecurityHubDetails(
        region=region,
        enabled=hub is not None,
        generator=fields.optional_text(hub, "ControlFindingGenerator") if hub else None,
        offered=found["offered"],
        subscriptions=found.get("subscriptions", ()),
        aggregator=aggregator,
        aggregator_told=aggregators is not None,
        policy=_read_policy(source, region) if aggregator and aggregator.region == region else None,
        v2=None if isinstance(v2, Unreadable) else v2,
    )
    return {"security_hub_details": (details,)}


def _read_offered_standards(source: Source, region: str) -> t.Optional[tuple[OfferedStandard, ...]]:
    """Read the standards that can be enabled here; None if AWS lists them only once the hub is on."""
    first = source.call_unless(_OFF, _SERVICE, "DescribeStandards", {"MaxResults": _PAGE}, region=region)
    if first is None:
        return None
    standards = list(fields.records(first, "Standards"))
    while first.get("NextToken"):
        parameters = {"MaxResults": _PAGE, "NextToken": first["NextToken"]}
        first = source.call(_SERVICE, "DescribeStandards", parameters, region=region)
        standards += fields.records(first, "Standards")
    return tuple(
        sorted(
            (
                OfferedStandard(fields.text(item, "StandardsArn"), fields.optional_text(item, "Name") or "")
                for item in standards
                # Standards for other clouds are listed beside those for AWS.
                if fields.optional_text(item, "Provider") in (None, "AWS")
            ),
            key=lambda item: item.arn,
        )
    )


def _read_subscriptions(source: Source, region: str) -> tuple[Subscription, ...]:
    listed = source.items(
        _SERVICE, "GetEnabledStandards", "StandardsSubscriptions", {"MaxResults": _PAGE}, region=region
    )
    return tuple(sorted(map(subscription, listed), key=lambda item: item.standard))


def subscription(item: Record) -> Subscription:
    """AWS's ``StandardsSubscription`` as ours."""
    reason = fields.optional_structure(item, "StandardsStatusReason") or {}
    return Subscription(
        standard=fields.text(item, "StandardsArn"),
        arn=fields.text(item, "StandardsSubscriptionArn"),
        status=fields.text(item, "StandardsStatus"),
        reason=fields.optional_text(reason, "StatusReasonCode"),
    )


def _read_aggregators(source: Source, region: str) -> t.Optional[tuple[Aggregator, ...]]:
    """Read the account's aggregator, of which there is one at most; None if AWS refuses this account."""
    listed = source.call_unless(_NOT_READABLE, _SERVICE, "ListFindingAggregators", region=region)
    if listed is None:
        return None
    found = fields.records(listed, "FindingAggregators")
    if not found:
        return ()
    arn = fields.text(found[0], "FindingAggregatorArn")
    home = arn.split(":")[3]
    if home != region:
        # It is described where it is, and only there.
        return (Aggregator(arn=arn, region=home, mode=""),)
    answer = source.call(_SERVICE, "GetFindingAggregator", {"FindingAggregatorArn": arn}, region=region)
    return (aggregator_of(answer),)


def aggregator_of(answer: Record) -> Aggregator:
    """AWS's answer to GetFindingAggregator as ours."""
    return Aggregator(
        arn=fields.text(answer, "FindingAggregatorArn"),
        region=fields.text(answer, "FindingAggregationRegion"),
        mode=fields.text(answer, "RegionLinkingMode"),
        regions=tuple(sorted(fields.texts(answer, "Regions"))),
    )


def _read_policy(source: Source, region: str) -> t.Optional[str]:
    """Read the configuration policy of the account; None if there is none, or AWS refuses this account."""
    target = {"Target": {"AccountId": source.account_id}}
    answer = source.call_unless(_NOT_READABLE, _SERVICE, "GetConfigurationPolicyAssociation", target, region=region)
    policy = fields.optional_text(answer, "ConfigurationPolicyId") if answer is not None else None
    return None if policy == SELF_MANAGED else policy


def read_security_hub_findings(source: Source, region: str) -> Fields:
    """Read the failed findings of Security Hub's controls on IAM. Both forms of a finding name its control."""
    if source.call_unless(_OFF, _SERVICE, "DescribeHub", region=region) is None:
        return {"security_hub_findings": ()}
    filters = {
        "ComplianceSecurityControlId": [{"Value": "IAM.", "Comparison": "PREFIX"}],
        "ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}],
        "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
        "WorkflowStatus": [{"Value": value, "Comparison": "EQUALS"} for value in ("NEW", "NOTIFIED")],
        "AwsAccountId": [{"Value": source.account_id, "Comparison": "EQUALS"}],
        # With aggregation the findings of other regions are listed too, which are read there.
        "Region": [{"Value": region, "Comparison": "EQUALS"}],
    }
    listed = source.items(_SERVICE, "GetFindings", "Findings", {"Filters": filters, "MaxResults": _PAGE}, region=region)
    found = [_finding(item, region, resource) for item in listed for resource in fields.records(item, "Resources")]
    return {"security_hub_findings": tuple(sorted(found, key=lambda item: (item.control, item.resource, item.id)))}


def _finding(item: Record, region: str, resource: Record) -> HubFinding:
    return HubFinding(
        region=region,
        control=fields.text(fields.structure(item, "Compliance"), "SecurityControlId"),
        resource=fields.text(resource, "Id"),
        severity=fields.text(fields.structure(item, "Severity"), "Label"),
        title=fields.text(item, "Title"),
        id=fields.text(item, "Id"),
    )
