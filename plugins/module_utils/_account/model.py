# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The snapshot: what was read of one account in one pass. Pure, frozen data."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from . import control_policies
from .analyzers import AnalyzerDetails, AnalyzerFinding
from .config_rules import ConfigRule, DeliveryChannel, RuleCompliance
from .event_rules import AlertRegion, AlertTopic
from .organization_tree import OrganizationTree
from .regional import Analyzer, ConfigRecorder, Instance, LogAlarm, MetricAlarm, SecurityHub, Trail
from .security_hubs import HubFinding, SecurityHubDetails

# In a file of their own, since the picture of an organization is made of them, and a snapshot holds that.
PolicyDocument = control_policies.PolicyDocument
ControlPolicy = control_policies.ControlPolicy
PolicyLevel = control_policies.PolicyLevel


class Dataset(enum.StrEnum):
    """The data of one read (or one small group of reads) of an account; a control names those it needs."""

    AUTHORIZATION_DETAILS = "authorization_details"
    CREDENTIAL_REPORT = "credential_report"
    ACCOUNT_SUMMARY = "account_summary"
    ACCOUNT_ALIASES = "account_aliases"
    PASSWORD_POLICY = "password_policy"
    VIRTUAL_MFA_DEVICES = "virtual_mfa_devices"
    SERVER_CERTIFICATES = "server_certificates"
    SAML_PROVIDERS = "saml_providers"
    OIDC_PROVIDERS = "oidc_providers"
    SERVICE_SPECIFIC_CREDENTIALS = "service_specific_credentials"
    CONTACT_INFORMATION = "contact_information"
    ALTERNATE_CONTACTS = "alternate_contacts"
    ORGANIZATION = "organization"
    ORGANIZATION_FEATURES = "organization_features"
    ORGANIZATION_POLICIES = "organization_policies"
    # Of an organization as a whole, which its management account and delegated administrators can read.
    ORGANIZATION_TREE = "organization_tree"
    ORGANIZATION_TREE_POLICIES = "organization_tree_policies"
    ORGANIZATION_DELEGATIONS = "organization_delegations"
    ORGANIZATION_RESOURCE_POLICY = "organization_resource_policy"
    # Regional: one read a region.
    ANALYZERS = "analyzers"
    CONFIG_RECORDERS = "config_recorders"
    SECURITY_HUB = "security_hub"
    TRAILS = "trails"
    LOG_ALARMS = "log_alarms"
    INSTANCES = "instances"
    # Detective: regional as well, on request only.
    ANALYZER_DETAILS = "analyzer_details"
    ANALYZER_FINDINGS = "analyzer_findings"
    EVENT_RULES = "event_rules"
    CONFIG_RULES = "config_rules"
    CONFIG_COMPLIANCE = "config_compliance"
    SECURITY_HUB_DETAILS = "security_hub_details"
    SECURITY_HUB_FINDINGS = "security_hub_findings"
    # Deep: one read (or more) a principal, on request only.
    SERVICE_LAST_ACCESSED = "service_last_accessed"
    MFA_DEVICES = "mfa_devices"
    SSH_PUBLIC_KEYS = "ssh_public_keys"


# How the services that watch are set up, and what they found: several calls a region, so read on request only, by the
# modules that set these services up and by an assessment with the option ``detective``.
DETECTIVE: t.Final = frozenset({Dataset.CONFIG_RULES, Dataset.CONFIG_COMPLIANCE}) | frozenset(
    {Dataset.ANALYZER_DETAILS, Dataset.ANALYZER_FINDINGS, Dataset.EVENT_RULES}
    | {Dataset.SECURITY_HUB_DETAILS, Dataset.SECURITY_HUB_FINDINGS}
)
REGIONAL: t.Final = DETECTIVE | frozenset(
    {Dataset.ANALYZERS, Dataset.CONFIG_RECORDERS, Dataset.SECURITY_HUB}
    | {Dataset.TRAILS, Dataset.LOG_ALARMS, Dataset.INSTANCES}
)
OF_ORGANIZATION: t.Final = frozenset(
    {Dataset.ORGANIZATION_TREE, Dataset.ORGANIZATION_TREE_POLICIES}
    | {Dataset.ORGANIZATION_DELEGATIONS, Dataset.ORGANIZATION_RESOURCE_POLICY}
)
DEEP: t.Final = frozenset({Dataset.SERVICE_LAST_ACCESSED, Dataset.MFA_DEVICES, Dataset.SSH_PUBLIC_KEYS})


class UnreadKind(enum.StrEnum):
    """Why a dataset is missing from a snapshot."""

    DENIED = "denied"
    REGION_DENIED = "region_denied"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    UNPARSABLE = "unparsable"
    UNSUPPORTED = "unsupported"
    NOT_REQUESTED = "not_requested"


@dataclasses.dataclass(frozen=True)
class Unread:
    """A dataset that could not be read: never a reason to pass."""

    dataset: Dataset
    kind: UnreadKind
    reason: str
    operation: str = ""
    region: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class ManagedPolicy:
    """A customer managed policy, or an AWS managed policy that is in use here (GetAccountAuthorizationDetails)."""

    arn: str
    name: str
    path: str
    default_version: PolicyDocument
    attachment_count: int
    boundary_usage_count: int
    created: t.Optional[datetime]
    updated: t.Optional[datetime]
    is_aws_managed: bool
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class AccessKey:
    """One of the first two access keys of a user, as the credential report has it (no key id: the report has none).

    ``last_rotated`` is the creation of the key, or its last change of status, never a change of the secret.
    ``last_used`` is None for a key that was never used since AWS tracks it.
    """

    slot: int
    active: bool
    last_rotated: t.Optional[datetime]
    last_used: t.Optional[datetime]
    last_used_service: t.Optional[str]
    last_used_region: t.Optional[str]


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A signing certificate slot of the credential report. AWS reports no last use."""

    slot: int
    active: bool
    last_rotated: t.Optional[datetime]


@dataclasses.dataclass(frozen=True)
class CredentialRow:
    """A row of the credential report, parsed.

    ``password_enabled`` is None where the report says ``not_supported`` (root, before AWS reported it).
    ``password_last_used`` is None both for ``N/A`` and ``no_information``.
    """

    user: str
    arn: str
    created: t.Optional[datetime]
    password_enabled: t.Optional[bool]
    password_last_used: t.Optional[datetime]
    password_last_changed: t.Optional[datetime]
    password_next_rotation: t.Optional[datetime]
    mfa_active: bool
    access_keys: tuple[AccessKey, ...]
    certificates: tuple[Certificate, ...]

    @property
    def is_root(self) -> bool:
        return self.user == "<root_account>"

    @property
    def active_keys(self) -> tuple[AccessKey, ...]:
        return tuple(key for key in self.access_keys if key.active)

    def is_about(self, user: User) -> bool:
        """Whether the row is about a user, and not about an earlier one of the same name."""
        if self.created is None or user.created is None:
            return self.arn == user.arn
        # One of the two sources may cut off parts of a second.
        return self.arn == user.arn and abs(self.created - user.created) <= timedelta(seconds=1)


@dataclasses.dataclass(frozen=True)
class CredentialReport:
    """The credential report of the account: up to four hours old when AWS hands it out."""

    generated: datetime
    root: t.Optional[CredentialRow]
    users: tuple[CredentialRow, ...]


@dataclasses.dataclass(frozen=True)
class Group:
    name: str
    arn: str
    path: str
    created: t.Optional[datetime]
    attached_policies: tuple[str, ...]
    inline_policies: tuple[PolicyDocument, ...]


@dataclasses.dataclass(frozen=True)
class User:
    """A user; ``unique_id`` (``AIDA…``) is another one where a user of the same name is made again."""

    name: str
    arn: str
    path: str
    created: t.Optional[datetime]
    groups: tuple[str, ...]
    attached_policies: tuple[str, ...]
    inline_policies: tuple[PolicyDocument, ...]
    boundary: t.Optional[str]
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unique_id: str = ""


@dataclasses.dataclass(frozen=True)
class Role:
    """A role; ``last_used`` covers the 400 days that AWS tracks.

    ``unique_id`` (``AROA…``) is another one where a role of the same name is made again.
    """

    name: str
    arn: str
    path: str
    created: t.Optional[datetime]
    trust: PolicyDocument
    attached_policies: tuple[str, ...]
    inline_policies: tuple[PolicyDocument, ...]
    boundary: t.Optional[str]
    last_used: t.Optional[datetime]
    last_used_region: t.Optional[str]
    instance_profiles: tuple[str, ...] = ()
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unique_id: str = ""

    @property
    def is_service_linked(self) -> bool:
        return self.path.startswith("/aws-service-role/")

    @property
    def is_aws_reserved(self) -> bool:
        """Owned by AWS: service-linked, or made by IAM Identity Center."""
        return self.is_service_linked or self.path.startswith("/aws-reserved/")


@dataclasses.dataclass(frozen=True)
class PasswordPolicy:
    """The account password policy as GetAccountPasswordPolicy has it; None means off.

    An account without a policy has AWS's own default, which is not the same as any value here:
    :attr:`Snapshot.password_policy` is then None.
    """

    minimum_length: int
    require_symbols: bool
    require_numbers: bool
    require_uppercase: bool
    require_lowercase: bool
    allow_users_to_change: bool
    max_age_days: t.Optional[int] = None
    reuse_prevention: t.Optional[int] = None
    hard_expiry: t.Optional[bool] = None


@dataclasses.dataclass(frozen=True)
class VirtualMfaDevice:
    """A virtual MFA device; ``user_arn`` is None for one that nobody carries."""

    serial_number: str
    user_arn: t.Optional[str]
    enabled: t.Optional[datetime]


@dataclasses.dataclass(frozen=True)
class ServerCertificate:
    name: str
    arn: str
    expires: datetime


@dataclasses.dataclass(frozen=True)
class ServiceSpecificCredential:
    """A long-term credential for one service (CodeCommit, Keyspaces, Bedrock and CloudWatch API keys)."""

    user: str
    credential_id: str
    service: str
    status: str
    created: t.Optional[datetime]
    expires: t.Optional[datetime]


@dataclasses.dataclass(frozen=True)
class SshPublicKey:
    """An SSH key of a user, for CodeCommit. AWS reports no last use."""

    key_id: str
    active: bool
    uploaded: datetime


@dataclasses.dataclass(frozen=True)
class Contact:
    """The primary contact (``kind`` ``primary``) or an alternate contact, as far as needed to see if it is usable."""

    kind: str
    name: str
    email: str
    phone: str


@dataclasses.dataclass(frozen=True)
class Organization:
    id: str
    management_account_id: str
    feature_set: str


@dataclasses.dataclass(frozen=True)
class ServiceUse:
    """The data of service last accessed on one service for one principal; attempts count, denied ones too."""

    service: str
    last_used: t.Optional[datetime]
    actions: Mapping[str, t.Optional[datetime]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Caller:
    """GetCallerIdentity of the session that read the snapshot."""

    account_id: str
    arn: str
    user_id: str


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """One account, read in one pass.

    A dataset in ``unread`` was not read and its fields below hold nothing: ask :meth:`missing` first. An empty field
    whose dataset is not in ``unread`` is a fact. Sequences are in a stable order, levels from the root to the account.
    ``regions`` were looked at; ``enabled_regions`` are all that the account has, where the reader asked for them, and
    ``enabled_regions_unread`` says why AWS did not list them.
    """

    caller: Caller
    partition: str
    home_region: str
    observed_at: datetime
    regions: tuple[str, ...]
    unread: tuple[Unread, ...] = ()
    enabled_regions: tuple[str, ...] = ()
    enabled_regions_unread: t.Optional[str] = None
    account_alias: t.Optional[str] = None
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    roles: tuple[Role, ...] = ()
    policies: tuple[ManagedPolicy, ...] = ()
    credential_report: t.Optional[CredentialReport] = None
    summary: Mapping[str, int] = dataclasses.field(default_factory=dict)
    password_policy: t.Optional[PasswordPolicy] = None
    virtual_mfa_devices: tuple[VirtualMfaDevice, ...] = ()
    server_certificates: tuple[ServerCertificate, ...] = ()
    saml_provider_arns: tuple[str, ...] = ()
    oidc_provider_arns: tuple[str, ...] = ()
    service_specific_credentials: tuple[ServiceSpecificCredential, ...] = ()
    primary_contact: t.Optional[Contact] = None
    alternate_contacts: tuple[Contact, ...] = ()
    organization: t.Optional[Organization] = None
    organization_features: tuple[str, ...] = ()
    organization_policies: tuple[PolicyLevel, ...] = ()
    organization_tree: t.Optional[OrganizationTree] = None
    organization_resource_policy: t.Optional[PolicyDocument] = None
    analyzers: tuple[Analyzer, ...] = ()
    config_recorders: tuple[ConfigRecorder, ...] = ()
    security_hubs: tuple[SecurityHub, ...] = ()
    trails: tuple[Trail, ...] = ()
    log_alarms: tuple[LogAlarm, ...] = ()
    metric_alarms: tuple[MetricAlarm, ...] = ()
    alarm_topics: tuple[AlertTopic, ...] = ()
    instances: tuple[Instance, ...] = ()
    analyzer_details: tuple[AnalyzerDetails, ...] = ()
    analyzer_findings: tuple[AnalyzerFinding, ...] = ()
    alert_regions: tuple[AlertRegion, ...] = ()
    config_rules: tuple[ConfigRule, ...] = ()
    delivery_channels: tuple[DeliveryChannel, ...] = ()
    config_compliance: tuple[RuleCompliance, ...] = ()
    security_hub_details: tuple[SecurityHubDetails, ...] = ()
    security_hub_findings: tuple[HubFinding, ...] = ()
    service_last_accessed: Mapping[str, tuple[ServiceUse, ...]] = dataclasses.field(default_factory=dict)
    mfa_serial_numbers: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    ssh_public_keys: Mapping[str, tuple[SshPublicKey, ...]] = dataclasses.field(default_factory=dict)

    @property
    def account_id(self) -> str:
        return self.caller.account_id

    def missing(self, dataset: Dataset, region: t.Optional[str] = None) -> t.Optional[Unread]:
        """Why ``dataset`` (in ``region``, where it is regional) is not in this snapshot, or None where it is."""
        for unread in self.unread:
            if unread.dataset is dataset and (unread.region is None or unread.region == region):
                return unread
        return None

    @property
    def tags_of_principals(self) -> Mapping[str, Mapping[str, str]]:
        """The tags of users and roles, by ARN."""
        users = {user.arn: user.tags for user in self.users}
        return users | {role.arn: role.tags for role in self.roles}

    @property
    def regions_left_out(self) -> tuple[str, ...]:
        """Enabled regions that were not looked at."""
        return tuple(region for region in self.enabled_regions if region not in self.regions)

    @property
    def denied_regions(self) -> Mapping[str, str]:
        """Regions where nothing could be read because the region itself is refused, with AWS's reason."""
        return {
            unread.region: unread.reason
            for unread in self.unread
            if unread.region and unread.kind is UnreadKind.REGION_DENIED
        }
