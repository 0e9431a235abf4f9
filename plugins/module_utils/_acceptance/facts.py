# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The reads that tell whether an account is a sandbox."""

from __future__ import annotations

import contextlib
import functools
import typing as t
from collections.abc import Callable, Mapping

from .._aws.access import Access
from .._aws.errors import AccessDenied, AwsError
from .._aws.operations import Operations
from .._converge.protected import protection_of
from .lab import is_of_a_lab
from .refusals import Facts, Key

READS: t.Final = Operations(
    reads=frozenset(
        {
            "account:GetAccountInformation",
            "cloudtrail:DescribeTrails",
            "config:DescribeConfigurationAggregators",
            "ec2:DescribeRegions",
            "iam:GetAccessKeyLastUsed",
            "iam:GetAccountAuthorizationDetails",
            "iam:GetAccountSummary",
            "iam:ListAccessKeys",
            "iam:ListAccountAliases",
            "organizations:DescribeOrganization",
            "organizations:ListDelegatedServicesForAccount",
            "securityhub:ListFindingAggregators",
            "sso-admin:ListInstances",
            "sts:GetCallerIdentity",
        }
    )
)
# The facts of an empty IAM account, and their lists in GetAccountAuthorizationDetails.
_LISTS: t.Final = {"users": "UserDetailList", "roles": "RoleDetailList", "customer policies": "Policies"}
# Organizations refuses to tell delegates to a member that is none of them. A refusal by IAM has these words.
_BY_IAM: t.Final = "not authorized to perform"
_NOT_DELEGATED: t.Final = "AccountNotRegisteredException"
_NO_ORGANIZATION: t.Final = "AWSOrganizationsNotInUseException"
# Security Hub says so of a region where it is off, which then aggregates nothing.
_HUB_IS_OFF: t.Final = frozenset({"InvalidAccessException", "ResourceNotFoundException"})

Read = Callable[[], Mapping[str, t.Any]]


def read_facts(access: Access) -> Facts:
    """Read the facts of the account; a read that fails is named in ``unknown``, and costs no other fact."""
    account_id = access.caller.account_id
    reads: dict[str, Read] = {
        "the organization": functools.partial(_read_organization, access, account_id),
        "the names of the account": functools.partial(_read_names, access),
        "trails, aggregators and instances of IAM Identity Center": functools.partial(
            _read_regional, access, account_id
        ),
        "users, roles, policies and keys": functools.partial(_read_objects, access),
    }
    found: dict[str, t.Any] = {}
    unknown: dict[str, str] = {}
    for fact, answer in access.gather(reads).items():
        if isinstance(answer, AwsError):
            unknown[fact] = str(answer)
        else:
            found.update(answer)
    return Facts(account_id=account_id, own_key=access.access_key_id, unknown=unknown, **found)


def _read_organization(access: Access, account_id: str) -> Mapping[str, t.Any]:
    try:
        organization = access.call("organizations", "DescribeOrganization")["Organization"]
    except AwsError as error:
        if error.code == _NO_ORGANIZATION:
            return {}
        raise
    return {
        "management_account_id": organization["MasterAccountId"],
        "delegated_for": _read_delegated_services(access, account_id),
    }


def _read_delegated_services(access: Access, account_id: str) -> tuple[str, ...]:
    """Read the services that the account administers for its organization.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedServicesForAccount.html
    """
    operation, question = "ListDelegatedServicesForAccount", {"AccountId": account_id}
    try:
        found = list(access.items("organizations", operation, "DelegatedServices", question))
    except AwsError as error:
        by_organizations = isinstance(error, AccessDenied) and _BY_IAM not in error.message
        if error.code == _NOT_DELEGATED or by_organizations:
            return ()
        raise
    return tuple(service["ServicePrincipal"] for service in found)


def _read_names(access: Access) -> Mapping[str, t.Any]:
    names = list(access.call("iam", "ListAccountAliases")["AccountAliases"])
    # An alias is enough. Where there is neither, the pattern fits nothing, and that is a refusal.
    with contextlib.suppress(AwsError):
        names.append(access.call("account", "GetAccountInformation")["AccountName"])
    return {"names": tuple(names)}


def _read_regional(access: Access, account_id: str) -> Mapping[str, t.Any]:
    """Read the regions that the organization leaves open.

    What an account has for its organization in a closed region, it has as its delegated administrator, which is read
    from Organizations. If all regions are closed, nothing is known.
    """
    trails: set[str] = set()
    aggregators: set[str] = set()
    centers: set[str] = set()
    answers = access.gather(
        {region: functools.partial(_read_region, access, region) for region in access.regions(["enabled"])}
    )
    closed = tuple(sorted(region for region, answer in answers.items() if _is_closed(answer)))
    for region, answer in answers.items():
        if isinstance(answer, AwsError):
            if region in closed and len(closed) < len(answers):
                continue
            raise answer
        trails |= {trail["TrailARN"] for trail in answer["trails"] if _owns_organization_trail(trail, account_id)}
        aggregators |= set(answer["aggregators"])
        centers |= {item["InstanceArn"] for item in answer["centers"] if item.get("OwnerAccountId", "") == account_id}
    return {
        "organization_trails": tuple(sorted(trails)),
        "aggregators": tuple(sorted(aggregators)),
        "identity_centers": tuple(sorted(centers)),
        "closed_regions": closed,
    }


def _is_closed(answer: object) -> bool:
    """Whether a control policy of the organization denies a region to the account."""
    return isinstance(answer, AccessDenied) and answer.is_by_scp


def _owns_organization_trail(trail: Mapping[str, t.Any], account_id: str) -> bool:
    """Members see the trail of their organization too, under the ARN of its owner."""
    return bool(trail.get("IsOrganizationTrail")) and trail["TrailARN"].split(":")[4] == account_id


def _read_region(access: Access, region: str) -> Mapping[str, t.Any]:
    configuration = access.items(
        "config", "DescribeConfigurationAggregators", "ConfigurationAggregators", region=region
    )
    return {
        "trails": access.call("cloudtrail", "DescribeTrails", region=region)["trailList"],
        "aggregators": [item["ConfigurationAggregatorArn"] for item in configuration] + _read_hubs(access, region),
        "centers": list(access.items("sso-admin", "ListInstances", "Instances", region=region)),
    }


def _read_hubs(access: Access, region: str) -> list[str]:
    try:
        found = access.items("securityhub", "ListFindingAggregators", "FindingAggregators", region=region)
        return [item["FindingAggregatorArn"] for item in found]
    except AwsError as error:
        if error.code in _HUB_IS_OFF:
            return []
        raise


def _read_objects(access: Access) -> Mapping[str, t.Any]:
    kinds = {"Filter": ["User", "Role", "LocalManagedPolicy"]}
    found: dict[str, list[Mapping[str, t.Any]]] = {kind: [] for kind in _LISTS}
    for page in access.pages("iam", "GetAccountAuthorizationDetails", "UserDetailList", kinds):
        for kind, name in _LISTS.items():
            found[kind] += page.get(name) or []
    own = {kind: [item for item in items if _counts(item)] for kind, items in found.items()}
    summary = access.call("iam", "GetAccountSummary")["SummaryMap"]
    # Accounts with more users are refused before anybody asks for their keys.
    users = own["users"][:20]
    return {
        "objects": {kind: len(items) for kind, items in own.items()},
        "keys": tuple(key for user in users for key in _read_keys(access, user["UserName"])),
        "root_has_keys": bool(summary.get("AccountAccessKeysPresent")),
    }


def _counts(item: Mapping[str, t.Any]) -> bool:
    return not is_of_a_lab(item) and protection_of(item["Arn"]) is None


def _read_keys(access: Access, user: str) -> list[Key]:
    keys = access.items("iam", "ListAccessKeys", "AccessKeyMetadata", {"UserName": user})
    return [
        Key(
            id=key["AccessKeyId"],
            owner=user,
            last_used=access.call("iam", "GetAccessKeyLastUsed", {"AccessKeyId": key["AccessKeyId"]})[
                "AccessKeyLastUsed"
            ].get("LastUsedDate"),
        )
        for key in keys
    ]
