# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security Hub CSPM: standards, and the errors around a hub that is on or off already."""

from __future__ import annotations

import json
import typing as t

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult, EmptyResult
from moto.securityhub import urls
from moto.securityhub.exceptions import SecurityHubClientError
from moto.securityhub.models import SecurityHubBackend
from moto.securityhub.responses import SecurityHubResponse

from emulator.extensions.registration import operations_of
from emulator.extensions.state import clock

#: the standards of Security Hub: path, name, and whether enabling the hub enables it
STANDARDS: t.Mapping[str, tuple[str, bool]] = {
    "standards/aws-foundational-security-best-practices/v/1.0.0": ("AWS Foundational Security Best Practices", True),
    "ruleset/cis-aws-foundations-benchmark/v/1.2.0": ("CIS AWS Foundations Benchmark v1.2.0", True),
    "standards/cis-aws-foundations-benchmark/v/1.4.0": ("CIS AWS Foundations Benchmark v1.4.0", False),
    "standards/cis-aws-foundations-benchmark/v/3.0.0": ("CIS AWS Foundations Benchmark v3.0.0", False),
    "standards/cis-aws-foundations-benchmark/v/5.0.0": ("CIS AWS Foundations Benchmark v5.0.0", False),
    "standards/nist-800-53/v/5.0.0": ("NIST Special Publication 800-53 Revision 5", False),
    "standards/nist-800-171/v/2.0.0": ("NIST Special Publication 800-171 Revision 2", False),
    "standards/pci-dss/v/3.2.1": ("PCI DSS v3.2.1", False),
    "standards/pci-dss/v/4.0.1": ("PCI DSS v4.0.1", False),
    "standards/aws-resource-tagging-standard/v/1.0.0": ("AWS Resource Tagging Standard v1.0.0", False),
}


class _Standards(BaseBackend):
    """The subscriptions of one account in one region, by their ARN."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.subscriptions: dict[str, dict[str, object]] = {}


_standards: BackendDict[_Standards] = BackendDict(_Standards, "securityhub")


def subscriptions_of(backend: SecurityHubBackend) -> dict[str, dict[str, object]]:
    """The standards that are enabled in a hub."""
    return t.cast(_Standards, _standards[backend.account_id][backend.region_name]).subscriptions


def enable_security_hub(response: SecurityHubResponse) -> ActionResult:
    """EnableSecurityHub: with the default standards unless told not to."""
    backend = response.securityhub_backend
    if backend.enabled:
        raise SecurityHubClientError("ResourceConflictException", "Account is already subscribed to Security Hub")
    body = json.loads(response.body or "{}")
    backend.enable_security_hub(enable_default_standards=False, tags=body.get("Tags") or {})
    backend.enabled_at = clock().isoformat() + "Z"
    if body.get("EnableDefaultStandards", True):
        enable_standards(backend, [arn(backend, path) for path, (_name, by_default) in STANDARDS.items() if by_default])
    return EmptyResult()


def describe_hub(response: SecurityHubResponse) -> ActionResult:
    """DescribeHub, with the ARN of the account's partition."""
    backend = response.securityhub_backend
    _check_enabled(backend)
    hub = f"arn:{backend.partition}:securityhub:{backend.region_name}:{backend.account_id}:hub/default"
    wanted = response._get_param("HubArn")
    if wanted not in (None, hub):
        raise SecurityHubClientError("ResourceNotFoundException", f"Hub {wanted} was not found")
    return ActionResult(
        {
            "HubArn": hub,
            "SubscribedAt": backend.enabled_at,
            "AutoEnableControls": True,
            "ControlFindingGenerator": "SECURITY_CONTROL",
        }
    )


def describe_standards(response: SecurityHubResponse) -> ActionResult:
    """DescribeStandards."""
    backend = response.securityhub_backend
    return ActionResult(
        {
            "Standards": [
                {"StandardsArn": arn(backend, path), "Name": name, "Description": name, "EnabledByDefault": by_default}
                for path, (name, by_default) in STANDARDS.items()
            ]
        }
    )


def get_enabled_standards(response: SecurityHubResponse) -> ActionResult:
    """GetEnabledStandards."""
    backend = response.securityhub_backend
    _check_enabled(backend)
    return ActionResult({"StandardsSubscriptions": list(subscriptions_of(backend).values())})


def batch_enable_standards(response: SecurityHubResponse) -> ActionResult:
    """BatchEnableStandards."""
    backend = response.securityhub_backend
    _check_enabled(backend)
    requests = response._get_param("StandardsSubscriptionRequests")
    enabled = enable_standards(backend, [request["StandardsArn"] for request in requests])
    return ActionResult({"StandardsSubscriptions": enabled})


def batch_disable_standards(response: SecurityHubResponse) -> ActionResult:
    """BatchDisableStandards."""
    backend = response.securityhub_backend
    _check_enabled(backend)
    removed = [
        subscriptions_of(backend).pop(subscription)
        for subscription in response._get_param("StandardsSubscriptionArns")
        if subscription in subscriptions_of(backend)
    ]
    return ActionResult({"StandardsSubscriptions": [item | {"StandardsStatus": "DELETING"} for item in removed]})


def disable_security_hub(response: SecurityHubResponse) -> ActionResult:
    """DisableSecurityHub: the standards go with the hub."""
    backend = response.securityhub_backend
    backend.disable_security_hub()
    subscriptions_of(backend).clear()
    return EmptyResult()


def enable_standards(backend: SecurityHubBackend, arns: t.Iterable[str]) -> list[dict[str, object]]:
    """Subscribe to standards by their ARN; an unknown one is an error.

    :raises SecurityHubClientError: ``InvalidInputException``.
    """
    known = {arn(backend, path): path for path in STANDARDS}
    enabled: list[dict[str, object]] = []
    for standard in arns:
        if standard not in known:
            raise SecurityHubClientError("InvalidInputException", f"Invalid StandardsArn {standard}")
        path = known[standard].partition("/")[2]
        place = f"{backend.region_name}:{backend.account_id}"
        subscription = f"arn:{backend.partition}:securityhub:{place}:subscription/{path}"
        subscriptions_of(backend)[subscription] = {
            "StandardsSubscriptionArn": subscription,
            "StandardsArn": standard,
            "StandardsInput": {},
            "StandardsStatus": "READY",
        }
        enabled.append(subscriptions_of(backend)[subscription])
    return enabled


def arn(backend: SecurityHubBackend, path: str) -> str:
    """The ARN of a standard. The oldest ones, called rulesets, belong to no region."""
    region = backend.region_name if path.startswith("standards/") else ""
    return f"arn:{backend.partition}:securityhub:{region}::{path}"


def _check_enabled(backend: SecurityHubBackend) -> None:
    if not backend.enabled:
        message = f"Account {backend.account_id} is not subscribed to AWS Security Hub"
        raise SecurityHubClientError("InvalidAccessException", message)


def install() -> None:
    """Add the operations with their paths."""
    operations_of(
        SecurityHubResponse,
        enable_security_hub,
        disable_security_hub,
        describe_hub,
        describe_standards,
        get_enabled_standards,
        batch_enable_standards,
        batch_disable_standards,
    )
    for path in ("standards", "standards/get", "standards/register", "standards/deregister"):
        urls.url_paths[f"{{0}}/{path}$"] = SecurityHubResponse.dispatch
