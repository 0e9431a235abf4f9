# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security Hub CSPM: standards, aggregation, and the errors around a hub that is on or off, or configured centrally."""

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


#: what AWS answers to a member of a configuration policy that would change its hub by itself
CENTRAL = (
    "This account is currently associated with a central configuration policy, so only the administrator can access "
    "this operation."
)


class Hub(BaseBackend):
    """What moto does not keep of the hub of one account in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.subscriptions: dict[str, dict[str, object]] = {}
        self.generator = "SECURITY_CONTROL"
        self.policy: t.Optional[str] = None
        self.tells_policy = False
        self.v2 = False
        self.aggregator: t.Optional[dict[str, t.Any]] = None
        #: of controls in standards: their status and why, where it is not that of a new standard
        self.associations: dict[tuple[str, str], tuple[str, str]] = {}
        #: of controls: the parameters that are not the default
        self.parameters: dict[str, dict[str, t.Any]] = {}


_hubs: BackendDict[Hub] = BackendDict(Hub, "securityhub")


def hub_of(backend: SecurityHubBackend) -> Hub:
    """The rest of a hub."""
    return t.cast(Hub, _hubs[backend.account_id][backend.region_name])


def subscriptions_of(backend: SecurityHubBackend) -> dict[str, dict[str, object]]:
    """The standards that are enabled in a hub."""
    return hub_of(backend).subscriptions


def body_of(response: SecurityHubResponse) -> dict[str, t.Any]:
    """The request's members."""
    body = response.body or "{}"
    return t.cast("dict[str, t.Any]", json.loads(body.decode() if isinstance(body, bytes) else body))


def enable_security_hub(response: SecurityHubResponse) -> ActionResult:
    """EnableSecurityHub: with the default standards unless the request says otherwise."""
    backend = response.securityhub_backend
    check_not_central(backend)
    if backend.enabled:
        raise SecurityHubClientError("ResourceConflictException", "Account is already subscribed to Security Hub")
    body = body_of(response)
    hub_of(backend).generator = body.get("ControlFindingGenerator") or "SECURITY_CONTROL"
    backend.enable_security_hub(enable_default_standards=False, tags=body.get("Tags") or {})
    backend.enabled_at = _now()
    if body.get("EnableDefaultStandards", True):
        enable_standards(backend, [arn(backend, path) for path, (_name, by_default) in STANDARDS.items() if by_default])
    return EmptyResult()


def update_security_hub_configuration(response: SecurityHubResponse) -> ActionResult:
    """UpdateSecurityHubConfiguration."""
    backend = response.securityhub_backend
    check_enabled(backend)
    check_not_central(backend)
    hub_of(backend).generator = body_of(response).get("ControlFindingGenerator") or hub_of(backend).generator
    return EmptyResult()


def describe_hub(response: SecurityHubResponse) -> ActionResult:
    """DescribeHub, with the ARN of the account's partition."""
    backend = response.securityhub_backend
    check_enabled(backend)
    hub = f"arn:{backend.partition}:securityhub:{backend.region_name}:{backend.account_id}:hub/default"
    wanted = response._get_param("HubArn")
    if wanted not in (None, hub):
        raise SecurityHubClientError("ResourceNotFoundException", f"Hub {wanted} was not found")
    return ActionResult(
        {
            "HubArn": hub,
            "SubscribedAt": backend.enabled_at,
            "AutoEnableControls": True,
            "ControlFindingGenerator": hub_of(backend).generator,
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
    check_enabled(backend)
    return ActionResult({"StandardsSubscriptions": list(subscriptions_of(backend).values())})


def batch_enable_standards(response: SecurityHubResponse) -> ActionResult:
    """BatchEnableStandards."""
    backend = response.securityhub_backend
    check_enabled(backend)
    check_not_central(backend)
    requests = response._get_param("StandardsSubscriptionRequests")
    enabled = enable_standards(backend, [request["StandardsArn"] for request in requests])
    # What is enabled just now is not ready yet.
    return ActionResult({"StandardsSubscriptions": [item | {"StandardsStatus": "PENDING"} for item in enabled]})


def batch_disable_standards(response: SecurityHubResponse) -> ActionResult:
    """BatchDisableStandards."""
    backend = response.securityhub_backend
    check_enabled(backend)
    check_not_central(backend)
    removed = [
        subscriptions_of(backend).pop(subscription)
        for subscription in response._get_param("StandardsSubscriptionArns")
        if subscription in subscriptions_of(backend)
    ]
    return ActionResult({"StandardsSubscriptions": [item | {"StandardsStatus": "DELETING"} for item in removed]})


def disable_security_hub(response: SecurityHubResponse) -> ActionResult:
    """DisableSecurityHub: the standards go with the hub."""
    backend = response.securityhub_backend
    check_not_central(backend)
    backend.disable_security_hub()
    subscriptions_of(backend).clear()
    hub_of(backend).associations.clear()
    hub_of(backend).parameters.clear()
    return EmptyResult()


def describe_security_hub_v2(response: SecurityHubResponse) -> ActionResult:
    """DescribeSecurityHubV2: it answers an account without Security Hub V2 with an error."""
    backend = response.securityhub_backend
    if not hub_of(backend).v2:
        raise SecurityHubClientError("ResourceNotFoundException", "Security Hub V2 is not enabled")
    place = f"{backend.region_name}:{backend.account_id}"
    return ActionResult({"HubV2Arn": f"arn:{backend.partition}:securityhub:{place}:hubv2/1", "SubscribedAt": _now()})


def get_configuration_policy_association(response: SecurityHubResponse) -> ActionResult:
    """GetConfigurationPolicyAssociation, which AWS answers to the delegated administrator only."""
    backend = response.securityhub_backend
    check_enabled(backend)
    hub = hub_of(backend)
    if not hub.tells_policy:
        raise SecurityHubClientError("AccessDeniedException", "Must be a Security Hub delegated administrator")
    return ActionResult(
        {
            "ConfigurationPolicyId": hub.policy or "SELF_MANAGED_SECURITY_HUB",
            "TargetId": body_of(response)["Target"]["AccountId"],
            "TargetType": "ACCOUNT",
            "AssociationType": "APPLIED",
            "AssociationStatus": "SUCCESS",
        }
    )


def list_finding_aggregators(response: SecurityHubResponse) -> ActionResult:
    """ListFindingAggregators: the account's one aggregator, asked in whatever region."""
    check_enabled(response.securityhub_backend)
    found = _aggregator(response.securityhub_backend)
    listed = [{"FindingAggregatorArn": found["FindingAggregatorArn"]}] if found else []
    return ActionResult({"FindingAggregators": listed})


def create_finding_aggregator(response: SecurityHubResponse) -> ActionResult:
    """CreateFindingAggregator: one an account."""
    backend = response.securityhub_backend
    check_enabled(backend)
    check_not_central(backend)
    if _aggregator(backend):
        raise SecurityHubClientError("LimitExceededException", "An account may have one finding aggregator")
    return ActionResult(aggregate(backend, _linking(response)))


def aggregate(backend: SecurityHubBackend, linking: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Let the findings of other regions come together in this one."""
    place = f"{backend.region_name}:{backend.account_id}"
    created = {
        "FindingAggregatorArn": f"arn:{backend.partition}:securityhub:{place}:finding-aggregator/1",
        "FindingAggregationRegion": backend.region_name,
        **linking,
    }
    hub_of(backend).aggregator = created
    return created


def get_finding_aggregator(response: SecurityHubResponse) -> ActionResult:
    """GetFindingAggregator, in the region of the aggregator."""
    return ActionResult(_own_aggregator(response))


def update_finding_aggregator(response: SecurityHubResponse) -> ActionResult:
    """UpdateFindingAggregator: mode and regions are replaced."""
    check_not_central(response.securityhub_backend)
    found = _own_aggregator(response)
    found.pop("Regions", None)
    found.update(_linking(response))
    return ActionResult(found)


def delete_finding_aggregator(response: SecurityHubResponse) -> ActionResult:
    """DeleteFindingAggregator."""
    check_not_central(response.securityhub_backend)
    _own_aggregator(response)
    hub_of(response.securityhub_backend).aggregator = None
    return EmptyResult()


def _linking(response: SecurityHubResponse) -> dict[str, t.Any]:
    body = body_of(response)
    mode, regions = body["RegionLinkingMode"], body.get("Regions")
    if mode == "ALL_REGIONS" and regions or mode != "ALL_REGIONS" and not regions:
        raise SecurityHubClientError("InvalidInputException", f"Invalid Regions for the linking mode {mode}")
    return {"RegionLinkingMode": mode, **({"Regions": regions} if regions else {})}


def _aggregator(backend: SecurityHubBackend) -> t.Optional[dict[str, t.Any]]:
    hubs = t.cast("t.Iterable[Hub]", _hubs[backend.account_id].values())
    return next((hub.aggregator for hub in hubs if hub.aggregator), None)


def _own_aggregator(response: SecurityHubResponse) -> dict[str, t.Any]:
    backend = response.securityhub_backend
    check_enabled(backend)
    found = hub_of(backend).aggregator
    if found is None:
        raise SecurityHubClientError("ResourceNotFoundException", "The finding aggregator was not found")
    return found


def _now() -> str:
    return clock().isoformat() + "Z"


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
            "StandardsControlsUpdatable": "READY_FOR_UPDATES",
        }
        enabled.append(subscriptions_of(backend)[subscription])
    return enabled


def arn(backend: SecurityHubBackend, path: str) -> str:
    """The ARN of a standard. The oldest ones, called rulesets, belong to no region."""
    region = backend.region_name if path.startswith("standards/") else ""
    return f"arn:{backend.partition}:securityhub:{region}::{path}"


def check_not_central(backend: SecurityHubBackend) -> None:
    """Refuse a write in an account that a configuration policy governs."""
    if hub_of(backend).policy:
        raise SecurityHubClientError("AccessDeniedException", CENTRAL)


def check_enabled(backend: SecurityHubBackend) -> None:
    if not backend.enabled:
        message = f"Account {backend.account_id} is not subscribed to AWS Security Hub"
        raise SecurityHubClientError("InvalidAccessException", message)


def install() -> None:
    """Add the operations with their paths."""
    operations_of(
        SecurityHubResponse,
        enable_security_hub,
        update_security_hub_configuration,
        disable_security_hub,
        describe_hub,
        describe_standards,
        get_enabled_standards,
        batch_enable_standards,
        batch_disable_standards,
        get_configuration_policy_association,
        list_finding_aggregators,
        create_finding_aggregator,
        get_finding_aggregator,
        update_finding_aggregator,
        delete_finding_aggregator,
    )
    # botocore's snake case of the operation, which ends in a number of its own, is not moto's.
    SecurityHubResponse.describe_security_hub_v2 = describe_security_hub_v2
    SecurityHubResponse.describe_security_hub_v_2 = describe_security_hub_v2
    paths = [
        "standards",
        "standards/get",
        "standards/register",
        "standards/deregister",
        "hubv2",
        "configurationPolicyAssociation/get",
        "findingAggregator/list",
        "findingAggregator/create",
        "findingAggregator/update",
        "findingAggregator/get/(?P<FindingAggregatorArn>.+)",
        "findingAggregator/delete/(?P<FindingAggregatorArn>.+)",
    ]
    for path in paths:
        urls.url_paths[f"{{0}}/{path}$"] = SecurityHubResponse.dispatch
