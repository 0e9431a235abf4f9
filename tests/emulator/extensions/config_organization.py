# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of AWS Config for a whole organization: made by its management account or a delegated administrator.

https://docs.aws.amazon.com/config/latest/APIReference/API_PutOrganizationConfigRule.html
"""

from __future__ import annotations

import json
import typing as t

from moto.config.models import ConfigBackend, config_backends
from moto.config.responses import ConfigResponse
from moto.organizations.models import OrganizationsBackend, organizations_backends

from emulator.extensions.config import ConfigError, findings_of, put_rule
from emulator.extensions.registration import operations_of
from emulator.extensions.state import clock

_PRINCIPAL = "config-multiaccountsetup.amazonaws.com"
_FIELDS = ("OrganizationManagedRuleMetadata", "OrganizationCustomRuleMetadata", "OrganizationCustomPolicyRuleMetadata")


def put_organization_config_rule(response: ConfigResponse) -> str:
    """PutOrganizationConfigRule: a rule in every member that records, owned by the service."""
    backend = response.config_backend
    organization = _organization(response)
    name = response._get_param("OrganizationConfigRuleName")
    place = f"arn:{backend.partition}:config:{backend.region_name}:{backend.account_id}"
    rules = findings_of(backend).organization_rules
    _remove_from_members(backend, organization, name)
    metadata = {key: found for key in _FIELDS if (found := response._get_param(key))}
    rule = {
        "OrganizationConfigRuleName": name,
        "OrganizationConfigRuleArn": f"{place}:organization-config-rule/{name}-abcd1234",
        **metadata,
        "ExcludedAccounts": response._get_param("ExcludedAccounts") or [],
        "LastUpdateTime": clock().timestamp(),
    }
    failed = [
        account.id
        for account in organization.accounts
        if account.id not in rule["ExcludedAccounts"]
        and not _deploy(config_backends[account.id][backend.region_name], name, metadata)
    ]
    rules[name] = {"rule": rule, "failed": failed}
    return json.dumps({"OrganizationConfigRuleArn": rule["OrganizationConfigRuleArn"]})


def _deploy(member: ConfigBackend, name: str, metadata: dict[str, t.Any]) -> bool:
    """Put the rule into a member, which needs a recorder; return whether it got the rule."""
    managed = metadata["OrganizationManagedRuleMetadata"]
    scope = managed.get("ResourceTypesScope")
    own = _name_in_members(name)
    try:
        put_rule(
            member,
            {
                "ConfigRuleName": own,
                "Source": {"Owner": "AWS", "SourceIdentifier": managed["RuleIdentifier"]},
                "InputParameters": managed.get("InputParameters"),
                **({"Scope": {"ComplianceResourceTypes": scope}} if scope else {}),
            },
            [],
        )
    except ConfigError:
        return False
    findings_of(member).owners[own] = _PRINCIPAL
    return True


def _name_in_members(name: str) -> str:
    return f"OrgConfigRule-{name}-abcd1234"


def _remove_from_members(backend: ConfigBackend, organization: OrganizationsBackend, name: str) -> None:
    for account in organization.accounts:
        member = config_backends[account.id][backend.region_name]
        own = _name_in_members(name)
        findings_of(member).owners.pop(own, None)
        member.config_rules.pop(own, None)


def describe_organization_config_rules(response: ConfigResponse) -> str:
    """DescribeOrganizationConfigRules."""
    _organization(response)
    rules = [item["rule"] for item in _find_rules(response)]
    return json.dumps({"OrganizationConfigRules": rules})


def describe_organization_config_rule_statuses(response: ConfigResponse) -> str:
    """DescribeOrganizationConfigRuleStatuses."""
    _organization(response)
    statuses = []
    for item in _find_rules(response):
        status = {"OrganizationConfigRuleName": item["rule"]["OrganizationConfigRuleName"]}
        status["OrganizationRuleStatus"] = "CREATE_FAILED" if item["failed"] else "CREATE_SUCCESSFUL"
        if item["failed"]:
            status["ErrorCode"] = "NoAvailableConfigurationRecorder"
            status["ErrorMessage"] = f"no recorder in {', '.join(item['failed'])}"
        statuses.append(status)
    return json.dumps({"OrganizationConfigRuleStatuses": statuses})


def _find_rules(response: ConfigResponse) -> list[dict[str, t.Any]]:
    rules = findings_of(response.config_backend).organization_rules
    names = response._get_param("OrganizationConfigRuleNames") or sorted(rules)
    missing = [name for name in names if name not in rules]
    if missing:
        message = f"The OrganizationConfigRule {missing[0]} does not exist"
        raise ConfigError("NoSuchOrganizationConfigRuleException", message)
    return [rules[name] for name in names]


def delete_organization_config_rule(response: ConfigResponse) -> str:
    """DeleteOrganizationConfigRule."""
    organization = _organization(response)
    rules = findings_of(response.config_backend).organization_rules
    name = response._get_param("OrganizationConfigRuleName")
    if name not in rules:
        raise ConfigError("NoSuchOrganizationConfigRuleException", f"The OrganizationConfigRule {name} does not exist")
    del rules[name]
    _remove_from_members(response.config_backend, organization, name)
    return ""


def _organization(response: ConfigResponse) -> OrganizationsBackend:
    """The organization of the caller, who must be its management account or a delegated administrator."""
    caller: str = response.current_account
    member_of: dict[str, tuple[str, str]] = organizations_backends.master_accounts
    management, partition = member_of.get(caller, (caller, response.partition))
    backend = organizations_backends[management][partition]
    if backend.org is None:
        raise ConfigError("NoAvailableOrganizationException", "The account is not a member of an organization.")
    delegated: t.Iterable[str] = [admin.account.id for admin in backend.admins if _PRINCIPAL in admin.services]
    if caller != management and caller not in delegated:
        message = "This action can only be performed by the organization management or delegated administrator account."
        raise ConfigError("OrganizationAccessDeniedException", message)
    return backend


def install() -> None:
    """Add the operations."""
    operations_of(
        ConfigResponse,
        put_organization_config_rule,
        describe_organization_config_rules,
        describe_organization_config_rule_statuses,
        delete_organization_config_rule,
    )
