# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security Hub V2: the findings of the analyzer of unused access that it manages, and policies that it recommends.

The analyzer is one of Access Analyzer in the home region that ``securityhub.amazonaws.com`` manages. Each enabled
region shows its findings. The delegated administrator sees those of all accounts.
https://docs.aws.amazon.com/securityhub/latest/userguide/unused-access-findings.html
https://docs.aws.amazon.com/securityhub/latest/userguide/unused-access-recommendations.html
"""

from __future__ import annotations

import hashlib
import typing as t
from datetime import timedelta

from moto.core.responses import ActionResult, EmptyResult
from moto.organizations.models import organizations_backends
from moto.securityhub import urls
from moto.securityhub.exceptions import SecurityHubClientError
from moto.securityhub.models import SecurityHubBackend
from moto.securityhub.responses import SecurityHubResponse

from emulator.extensions.accessanalyzer.findings import Finding
from emulator.extensions.accessanalyzer.models import accessanalyzer_backends
from emulator.extensions.securityhub import body_of, hub_of
from emulator.extensions.state import clock
from emulator.extensions.unused_permissions import Step

Ocsf = dict[str, t.Any]

SERVICE: t.Final = "securityhub.amazonaws.com"
_KEPT: t.Final = timedelta(days=90)
_MOST: t.Final = 100
_HOMES: t.Final = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
_TITLES: t.Final = {
    "UnusedPermission": "Unused Permission",
    "UnusedIAMRole": "Unused IAM Role",
    "UnusedIAMUserAccessKey": "Unused IAM User Access Key",
    "UnusedIAMUserPassword": "Unused IAM User Password",
}
_TESTS: t.Final[t.Mapping[str, t.Callable[[str, str], bool]]] = {
    "EQUALS": lambda value, wanted: value == wanted,
    "PREFIX": lambda value, wanted: value.startswith(wanted),
    "CONTAINS": lambda value, wanted: wanted in value,
}


def get_findings_v2(response: SecurityHubResponse) -> ActionResult:
    """GetFindingsV2, with filters on strings."""
    backend = response.securityhub_backend
    _check_enabled(backend)
    body = body_of(response)
    found = [shape for shape in map(_as_ocsf, _visible(backend)) if _fits(shape, body.get("Filters") or {})]
    return ActionResult(_page("Findings", found, body.get("NextToken"), body.get("MaxResults")))


def generate_recommended_policy_v2(response: SecurityHubResponse) -> ActionResult:
    """GenerateRecommendedPolicyV2: it begins anew, and what was recommended before is dropped."""
    finding = _named(response)
    finding.hub_recommendation = finding.recommend(_KEPT.days)
    return EmptyResult()


def get_recommended_policy_v2(response: SecurityHubResponse) -> ActionResult:
    """GetRecommendedPolicyV2: only after GenerateRecommendedPolicyV2, for 90 days."""
    finding = _named(response)
    made = finding.hub_recommendation
    if made is None or made.started < clock() - _KEPT:
        raise SecurityHubClientError("ResourceNotFoundException", "No recommendation was generated for this finding")
    status = made.poll()
    shape: Ocsf = {
        "Status": status,
        "ResourceArn": finding.resource,
        "RecommendationType": "UNUSED_PERMISSION_RECOMMENDATION",
    }
    if status == "FAILED":
        assert made.error is not None
        return ActionResult({**shape, "Error": {"Code": made.error[0], "Message": made.error[1]}})
    if status == "IN_PROGRESS":
        return ActionResult(shape)
    steps = [{"UnusedPermissions": _step(step)} for step in made.steps]
    token, size = (response._get_param(name) for name in ("NextToken", "MaxResults"))
    return ActionResult({**shape, **_page("RecommendationSteps", steps, token, size)})


def _step(step: Step) -> Ocsf:
    created = {"ExistingPolicy": step.existing, "RecommendedPolicy": step.recommended} if step.recommended else {}
    updated = {"PolicyUpdatedAt": step.updated} if step.updated else {}
    return {"RecommendedAction": step.action, "ExistingPolicyId": step.policy_id, **created, **updated}


def _check_enabled(backend: SecurityHubBackend) -> None:
    if not hub_of(backend).v2:
        # The model of these operations has no error of its own for it.
        raise SecurityHubClientError("AccessDeniedException", "Security Hub V2 is not enabled in this account")


def _named(response: SecurityHubResponse) -> Finding:
    """The finding that a request names by its ``metadata.uid``."""
    backend = response.securityhub_backend
    _check_enabled(backend)
    wanted = response._get_param("MetadataUid")
    found = next((finding for finding in _all(backend.partition) if uid_of(finding) == wanted), None)
    if found is None:
        raise SecurityHubClientError("ResourceNotFoundException", "The finding was not found")
    if found not in _visible(backend):
        raise SecurityHubClientError("AccessDeniedException", "The finding belongs to another account")
    if found.kind != "UnusedPermission":
        raise SecurityHubClientError("ValidationException", "Only findings for unused permissions are supported")
    if found.status == "RESOLVED":
        raise SecurityHubClientError("ValidationException", "The finding is closed")
    return found


def _visible(backend: SecurityHubBackend) -> list[Finding]:
    """The findings of the caller's account, and for the delegated administrator those of all."""
    memberships = organizations_backends.master_accounts
    management, partition = memberships.get(backend.account_id, (backend.account_id, backend.partition))
    admins = organizations_backends[management][partition].admins
    if any(admin.account.id == backend.account_id and SERVICE in admin.services for admin in admins):
        return _all(backend.partition)
    return [finding for finding in _all(backend.partition) if finding.owner == backend.account_id]


def _all(partition: str) -> list[Finding]:
    return [
        finding
        for backends in accessanalyzer_backends.values()
        for analyzer in backends[_HOMES[partition]].analyzers.values()
        if analyzer.managed_by == SERVICE
        for finding in analyzer.findings.values()
    ]


def uid_of(finding: Finding) -> str:
    """The ``metadata.uid`` of a finding."""
    return hashlib.sha256(f"{finding.owner} {finding.resource} {finding.id}".encode()).hexdigest()


def _as_ocsf(finding: Finding) -> Ocsf:
    """The finding in OCSF, as far as it is known: https://schema.ocsf.io/classes/iam_analysis_finding."""
    partition, account_id = finding.resource.split(":")[1], finding.owner
    when = finding.created.isoformat() + "Z"
    return {
        "activity_name": "Close" if finding.status == "RESOLVED" else "Create",
        "class_name": "IAM Analysis Finding",
        "class_uid": 2008,
        "cloud": {"account": {"uid": account_id}, "provider": "AWS", "region": _HOMES[partition]},
        "finding_info": {
            "created_time_dt": when,
            "modified_time_dt": when,
            "title": f"{finding.resource} has {_TITLES[finding.kind].lower()}s",
            "types": [f"Software and Configuration Checks/AWS Security Best Practices/{_TITLES[finding.kind]}"],
            "uid": finding.id,
        },
        "metadata": {
            "uid": uid_of(finding),
            "product": {"name": "IAM Access Analyzer", "vendor_name": "AWS"},
            "version": "1.6.0",
        },
        "resources": [
            {
                "cloud_partition": partition,
                "owner": {"account": {"uid": account_id}},
                "type": finding.resource_type.replace("AWS::IAM::", "AwsIam"),
                "uid": finding.resource,
            }
        ],
        "severity": "Medium",
        "status": "New",
    }


def _fits(shape: Ocsf, filters: t.Mapping[str, t.Any]) -> bool:
    groups = [_holds_all(shape, group) for group in filters.get("CompositeFilters") or ()]
    return (any if filters.get("CompositeOperator") == "OR" else all)(groups)


def _holds_all(shape: Ocsf, group: t.Mapping[str, t.Any]) -> bool:
    unknown = set(group) - {"StringFilters", "Operator"}
    if unknown:
        raise SecurityHubClientError("ValidationException", f"{sorted(unknown)[0]} is not emulated")
    tests = [_holds(shape, one["FieldName"], one["Filter"]) for one in group.get("StringFilters") or ()]
    return (any if group.get("Operator") == "OR" else all)(tests)


def _holds(shape: Ocsf, field: str, wanted: t.Mapping[str, str]) -> bool:
    values = [str(value) for value in _at(shape, field.split("."))]
    comparison = wanted["Comparison"]
    test = _TESTS.get(comparison.removeprefix("NOT_").replace("PREFIX_NOT_EQUALS", "PREFIX"))
    if test is None:
        raise SecurityHubClientError("ValidationException", f"{comparison} is not emulated")
    return ("NOT_" in comparison) != any(test(value, wanted["Value"]) for value in values)


def _at(value: t.Any, path: t.Sequence[str]) -> t.Iterator[t.Any]:
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif path:
        if isinstance(value, dict) and path[0] in value:
            yield from _at(value[path[0]], path[1:])
    else:
        yield value


def _page(key: str, items: t.Sequence[object], token: object, size: object) -> Ocsf:
    start, most = int(str(token or 0)), int(str(size or _MOST))
    page: Ocsf = {key: list(items[start : start + most])}
    return {**page, "NextToken": str(start + most)} if start + most < len(items) else page


def install() -> None:
    """Add the operations with their paths."""
    for operation in (get_findings_v2, generate_recommended_policy_v2, get_recommended_policy_v2):
        # botocore's snake case of these operations, which end in a number of their own, is not moto's.
        for name in (operation.__name__, operation.__name__.replace("_v2", "_v_2")):
            setattr(SecurityHubResponse, name, operation)
    for path in ("findingsv2", "recommendedPolicyV2/(?P<MetadataUid>[^/]+)"):
        urls.url_paths[f"{{0}}/{path}$"] = SecurityHubResponse.dispatch
