# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which read brings which dataset, and the API operations that it takes."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping

from . import (
    account_reads,
    alarm_reads,
    analyzer_reads,
    config_reads,
    event_reads,
    iam_reads,
    organization_reads,
    organization_tree_reads,
    regional_reads,
    security_hub_reads,
    trail_reads,
)
from .model import Dataset
from .source import Fields, Source


@dataclasses.dataclass(frozen=True)
class AccountRead:
    """A read that is made once an account."""

    operations: tuple[str, ...]
    read: Callable[[Source], Fields]


@dataclasses.dataclass(frozen=True)
class RegionRead:
    """A read that is made once a region. Its fields are tuples, to be joined over regions."""

    operations: tuple[str, ...]
    read: Callable[[Source, str], Fields]


ACCOUNT_READS: t.Final[Mapping[Dataset, AccountRead]] = {
    Dataset.CREDENTIAL_REPORT: AccountRead(
        ("iam:GenerateCredentialReport", "iam:GetCredentialReport"), iam_reads.read_credential_report
    ),
    Dataset.AUTHORIZATION_DETAILS: AccountRead(
        ("iam:GetAccountAuthorizationDetails",), iam_reads.read_authorization_details
    ),
    Dataset.ACCOUNT_SUMMARY: AccountRead(("iam:GetAccountSummary",), iam_reads.read_account_summary),
    Dataset.ACCOUNT_ALIASES: AccountRead(("iam:ListAccountAliases",), iam_reads.read_account_aliases),
    Dataset.PASSWORD_POLICY: AccountRead(("iam:GetAccountPasswordPolicy",), iam_reads.read_password_policy),
    Dataset.VIRTUAL_MFA_DEVICES: AccountRead(("iam:ListVirtualMFADevices",), iam_reads.read_virtual_mfa_devices),
    Dataset.SERVER_CERTIFICATES: AccountRead(("iam:ListServerCertificates",), iam_reads.read_server_certificates),
    Dataset.SAML_PROVIDERS: AccountRead(("iam:ListSAMLProviders",), iam_reads.read_saml_providers),
    Dataset.OIDC_PROVIDERS: AccountRead(("iam:ListOpenIDConnectProviders",), iam_reads.read_oidc_providers),
    Dataset.SERVICE_SPECIFIC_CREDENTIALS: AccountRead(
        ("iam:ListServiceSpecificCredentials",), iam_reads.read_service_specific_credentials
    ),
    Dataset.CONTACT_INFORMATION: AccountRead(
        ("account:GetContactInformation",), account_reads.read_contact_information
    ),
    Dataset.ALTERNATE_CONTACTS: AccountRead(("account:GetAlternateContact",), account_reads.read_alternate_contacts),
    Dataset.ORGANIZATION: AccountRead(("organizations:DescribeOrganization",), account_reads.read_organization),
    Dataset.ORGANIZATION_FEATURES: AccountRead(
        ("iam:ListOrganizationsFeatures",), account_reads.read_organization_features
    ),
}

REGION_READS: t.Final[Mapping[Dataset, RegionRead]] = {
    Dataset.ANALYZERS: RegionRead(("accessanalyzer:ListAnalyzers",), regional_reads.read_analyzers),
    Dataset.CONFIG_RECORDERS: RegionRead(
        ("config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus"),
        regional_reads.read_config_recorders,
    ),
    Dataset.SECURITY_HUB: RegionRead(
        ("securityhub:DescribeHub", "securityhub:GetEnabledStandards"), regional_reads.read_security_hub
    ),
    Dataset.TRAILS: RegionRead(("cloudtrail:DescribeTrails",), trail_reads.read_trails),
    Dataset.INSTANCES: RegionRead(("ec2:DescribeInstances",), regional_reads.read_instances),
    Dataset.SECURITY_HUB_DETAILS: RegionRead(
        security_hub_reads.DETAILS_OPERATIONS, security_hub_reads.read_security_hub_details
    ),
    Dataset.SECURITY_HUB_FINDINGS: RegionRead(
        security_hub_reads.FINDINGS_OPERATIONS, security_hub_reads.read_security_hub_findings
    ),
    Dataset.ANALYZER_DETAILS: RegionRead(analyzer_reads.DETAILS_OPERATIONS, analyzer_reads.read_analyzer_details),
    Dataset.ANALYZER_FINDINGS: RegionRead(analyzer_reads.FINDINGS_OPERATIONS, analyzer_reads.read_analyzer_findings),
    Dataset.EVENT_RULES: RegionRead(event_reads.OPERATIONS, event_reads.read_event_rules),
    Dataset.CONFIG_RULES: RegionRead(config_reads.RULES_OPERATIONS, config_reads.read_config_rules),
    Dataset.CONFIG_COMPLIANCE: RegionRead(config_reads.COMPLIANCE_OPERATIONS, config_reads.read_config_compliance),
}

# Trails lead to more reads, see assemble: of each trail in its home region, and of their log groups.
_TRAIL_OPERATIONS: t.Final = (
    *REGION_READS[Dataset.TRAILS].operations,
    "cloudtrail:GetTrailStatus",
    "cloudtrail:GetEventSelectors",
)
# The organization decides which account has them, see assemble.
_ORGANIZATION_POLICY_OPERATIONS: t.Final = (
    *organization_reads.OPERATIONS,
    *ACCOUNT_READS[Dataset.ORGANIZATION].operations,
)
_LOG_ALARM_OPERATIONS: t.Final = (*alarm_reads.OPERATIONS, *_TRAIL_OPERATIONS)

#: Every operation that a dataset is read with, the main one first: failures that name no operation are put down to it.
OPERATIONS_OF: t.Final[Mapping[Dataset, tuple[str, ...]]] = {
    **{dataset: account_read.operations for dataset, account_read in ACCOUNT_READS.items()},
    **{dataset: region_read.operations for dataset, region_read in REGION_READS.items()},
    Dataset.TRAILS: _TRAIL_OPERATIONS,
    Dataset.LOG_ALARMS: _LOG_ALARM_OPERATIONS,
    Dataset.ORGANIZATION_POLICIES: _ORGANIZATION_POLICY_OPERATIONS,
    Dataset.ORGANIZATION_TREE: organization_tree_reads.TREE_OPERATIONS,
    Dataset.ORGANIZATION_TREE_POLICIES: (
        *organization_tree_reads.POLICIES_OPERATIONS,
        *organization_tree_reads.TREE_OPERATIONS,
        *organization_tree_reads.TAGS_OPERATIONS,
    ),
    Dataset.ORGANIZATION_DELEGATIONS: (
        *organization_tree_reads.DELEGATION_OPERATIONS,
        *organization_tree_reads.TREE_OPERATIONS,
    ),
    Dataset.ORGANIZATION_RESOURCE_POLICY: organization_tree_reads.RESOURCE_POLICY_OPERATIONS,
    Dataset.SERVICE_LAST_ACCESSED: ("iam:GetServiceLastAccessedDetails", "iam:GenerateServiceLastAccessedDetails"),
    Dataset.MFA_DEVICES: ("iam:ListMFADevices",),
    Dataset.SSH_PUBLIC_KEYS: ("iam:ListSSHPublicKeys",),
}
