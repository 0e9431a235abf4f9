# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a seed can say: an organization (or a single account) and everything in it.

Ages are days before the moment of seeding; a bigger number is longer ago, ``null`` for a "last used" is never.
Documents are policy documents as mappings. Strings may contain ``<account_id>``, ``<management_account_id>``,
``<organization_id>``, ``<partition>`` and ``<days_ago:30>`` (a date). Policies are named ``aws:ReadOnlyAccess``
(AWS-managed, whatever its path), by the name of a policy of the same account, or by a complete ARN.
"""

from __future__ import annotations

import dataclasses
import typing as t

from emulator.activity.model import Activity

Document = dict[str, t.Any]
#: one of the MFA kinds of IAM: an authenticator app, a hardware token with a serial number, a FIDO2 passkey
MfaKind = t.Literal["virtual", "hardware", "passkey"]
AnalyzerType = t.Literal[
    "ACCOUNT",
    "ORGANIZATION",
    "ACCOUNT_UNUSED_ACCESS",
    "ORGANIZATION_UNUSED_ACCESS",
    "ACCOUNT_INTERNAL_ACCESS",
    "ORGANIZATION_INTERNAL_ACCESS",
]


@dataclasses.dataclass(frozen=True)
class Password:
    """A console password."""

    age_days: float = 30
    last_used_days: t.Optional[float] = None
    reset_required: bool = False


@dataclasses.dataclass(frozen=True)
class AccessKey:
    """An access key; its id follows from account, user and position, see :func:`emulator.seed.access_key_id`.

    ``id`` is one that looks like another's.
    """

    age_days: float = 30
    status: t.Literal["Active", "Inactive"] = "Active"
    last_used_days: t.Optional[float] = None
    service: str = "s3"
    region: str = "us-east-1"
    id: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class ServiceCredential:
    """A service-specific credential: CodeCommit, Keyspaces, or a long-term Bedrock or CloudWatch Logs API key."""

    service: str
    age_days: float = 30
    expires_in_days: t.Optional[float] = None
    status: t.Literal["Active", "Inactive", "Expired"] = "Active"


@dataclasses.dataclass(frozen=True)
class ServiceUse:
    """The last time that a principal used a service, and the actions used in it."""

    days: float
    region: str = "us-east-1"
    actions: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class User:
    """An IAM user. The calls of a ``judged`` one need permissions, see :mod:`emulator.judge`."""

    name: str
    path: str = "/"
    created_days: float = 400
    password: t.Optional[Password] = None
    mfa: tuple[MfaKind, ...] = ()
    access_keys: tuple[AccessKey, ...] = ()
    groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    inline: dict[str, Document] = dataclasses.field(default_factory=dict)
    boundary: t.Optional[str] = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    service_credentials: tuple[ServiceCredential, ...] = ()
    last_accessed: dict[str, ServiceUse] = dataclasses.field(default_factory=dict)
    judged: bool = False


@dataclasses.dataclass(frozen=True)
class Group:
    """An IAM group; its members are named by the users."""

    name: str
    path: str = "/"
    created_days: float = 400
    policies: tuple[str, ...] = ()
    inline: dict[str, Document] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Role:
    """An IAM role. The calls of a ``judged`` one need permissions, see :mod:`emulator.judge`."""

    name: str
    trust: Document
    path: str = "/"
    description: str = ""
    created_days: float = 400
    last_used_days: t.Optional[float] = None
    last_used_region: str = "us-east-1"
    policies: tuple[str, ...] = ()
    inline: dict[str, Document] = dataclasses.field(default_factory=dict)
    boundary: t.Optional[str] = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    max_session_duration: int = 3600
    instance_profile: bool = False
    last_accessed: dict[str, ServiceUse] = dataclasses.field(default_factory=dict)
    judged: bool = False


@dataclasses.dataclass(frozen=True)
class Policy:
    """A customer-managed policy; older documents become its first versions, ``document`` is the default one."""

    name: str
    document: Document
    path: str = "/"
    description: str = ""
    created_days: float = 400
    older_documents: tuple[Document, ...] = ()
    tags: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Root:
    """The root user. Without password, keys and MFA it has no credentials, as a centrally managed member account.

    Its keys are refused, unless it is ``judged``.
    """

    password: bool = True
    mfa: t.Literal["none", "virtual", "hardware"] = "hardware"
    access_keys: tuple[AccessKey, ...] = ()
    signing_certificates: int = 0
    last_used_days: t.Optional[float] = None
    created_days: float = 1500
    judged: bool = False


@dataclasses.dataclass(frozen=True)
class PasswordPolicy:
    """The account's password policy; what is not said has the default that UpdateAccountPasswordPolicy gives it."""

    minimum_length: int = 6
    require_symbols: bool = False
    require_numbers: bool = False
    require_uppercase: bool = False
    require_lowercase: bool = False
    allow_change: bool = False
    max_age: t.Optional[int] = None
    reuse_prevention: t.Optional[int] = None
    hard_expiry: bool = False


@dataclasses.dataclass(frozen=True)
class Contact:
    """An alternate contact."""

    name: str
    email: str
    phone: str
    title: str = ""


@dataclasses.dataclass(frozen=True)
class PrimaryContact:
    """The account's own contact information."""

    full_name: str
    company: str = ""
    address: str = "1 Example Street"
    city: str = "Exampleton"
    postal_code: str = "00000"
    country_code: str = "US"
    phone: str = "+15550100"


@dataclasses.dataclass(frozen=True)
class Contacts:
    """The contacts of the account."""

    primary: t.Optional[PrimaryContact] = None
    security: t.Optional[Contact] = None
    operations: t.Optional[Contact] = None
    billing: t.Optional[Contact] = None


@dataclasses.dataclass(frozen=True)
class OidcProvider:
    """An OpenID Connect provider; its name is the URL without ``https://``."""

    name: str
    client_ids: tuple[str, ...] = ("sts.amazonaws.com",)
    thumbprints: tuple[str, ...] = ("6938fd4d98bab03faadb97b34396831e3780aea1",)
    tags: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class ServerCertificate:
    """A server certificate in IAM; one that expires in -30 days expired 30 days ago."""

    name: str
    expires_in_days: float
    uploaded_days: float = 400
    path: str = "/"


@dataclasses.dataclass(frozen=True)
class AnalyzerFinding:
    """Something that an analyzer found; ``type`` and ``resource_type`` as AWS spells them.

    ``recommendation_error`` is the code and the message of the failure of its recommendation.
    """

    name: str
    resource: str
    type: str = "ExternalAccess"
    resource_type: str = "AWS::IAM::Role"
    status: t.Literal["ACTIVE", "ARCHIVED", "RESOLVED"] = "ACTIVE"
    public: bool = False
    principal: dict[str, str] = dataclasses.field(default_factory=dict)
    actions: tuple[str, ...] = ()
    access_key: t.Optional[str] = None
    error: t.Optional[str] = None
    owner: t.Optional[str] = None
    created_days: float = 10
    recommendation_error: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Analyzer:
    """An analyzer of IAM Access Analyzer."""

    name: str
    type: AnalyzerType = "ACCOUNT"
    created_days: float = 200
    unused_access_age: t.Optional[int] = None
    configuration: t.Optional[dict[str, t.Any]] = None
    status: t.Literal["ACTIVE", "CREATING", "DISABLED", "FAILED"] = "ACTIVE"
    status_reason: t.Optional[str] = None
    managed_by: t.Optional[str] = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    archive_rules: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    findings: dict[str, AnalyzerFinding] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class ConfigRule:
    """A managed rule of AWS Config: what it found, in ``user/NAME``, ``role/NAME``, ``policy/NAME`` or ``account``.

    ``created_by`` is the AWS service that owns it.
    """

    name: str
    identifier: str
    parameters: dict[str, str] = dataclasses.field(default_factory=dict)
    resource_types: tuple[str, ...] = ()
    created_by: t.Optional[str] = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    compliance: t.Literal["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE", "INSUFFICIENT_DATA"] = "COMPLIANT"
    resources: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ConfigRecorder:
    """The AWS Config recorder and its delivery channel. Without ``recorder`` there is the channel alone.

    ``service_linked_recorders`` are the services that have a recorder of their own.
    """

    name: str = "default"
    recording: bool = True
    all_supported: bool = True
    include_global: bool = True
    last_status: t.Literal["SUCCESS", "FAILURE", "PENDING"] = "SUCCESS"
    service_linked_role: bool = True
    bucket: str = "acme-config"
    rules: dict[str, ConfigRule] = dataclasses.field(default_factory=dict)
    recorder: bool = True
    service_linked_recorders: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class SecurityHub:
    """Security Hub CSPM, with the standards enabled in it (``cis-aws-foundations-benchmark/v/5.0.0``).

    ``statuses`` are those that are not READY, by standard. ``policy`` is the configuration policy that governs it, of
    which AWS tells a delegated administrator only. Without ``on`` the hub is off, and its policy keeps it so.
    """

    standards: tuple[str, ...] = ()
    statuses: dict[str, str] = dataclasses.field(default_factory=dict)
    on: bool = True
    generator: t.Literal["SECURITY_CONTROL", "STANDARD_CONTROL"] = "SECURITY_CONTROL"
    policy: t.Optional[str] = None
    delegated_administrator: bool = False
    v2: bool = False


@dataclasses.dataclass(frozen=True)
class Trail:
    """A CloudTrail trail whose home is this region.

    ``exclude_sources`` and ``data_resources`` are those of a basic event selector, by resource type. Advanced
    selectors are as PutEventSelectors takes them, and replace the basic one.
    """

    name: str
    bucket: str
    logging: bool = True
    multi_region: bool = True
    organization: bool = False
    log_validation: bool = True
    global_events: bool = True
    management_events: t.Literal["All", "ReadOnly", "WriteOnly", "none"] = "All"
    kms_key: t.Optional[str] = None
    log_group: t.Optional[str] = None
    prefix: t.Optional[str] = None
    exclude_sources: tuple[str, ...] = ()
    data_resources: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    advanced_selectors: tuple[t.Any, ...] = ()


@dataclasses.dataclass(frozen=True)
class MetricFilter:
    """A metric filter, by default with an alarm on its metric whose topic has a subscriber."""

    name: str
    pattern: str
    log_group: str
    alarm: bool = True
    subscribed: bool = True


@dataclasses.dataclass(frozen=True)
class Instance:
    """Instances of EC2. A single one can have a private ``address``, and those of its pods in ``pod_addresses``."""

    name: str
    profile: t.Optional[str] = None
    count: int = 1
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    started_days: float = 0
    address: t.Optional[str] = None
    pod_addresses: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of Lambda with its execution role, by name; with ``subnets`` it is in a VPC.

    ``versions`` have been published of it: they keep the role that it has now.
    """

    name: str
    role: str
    versions: int = 0
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Bucket:
    """A bucket, with the policy of it."""

    name: str
    policy: t.Optional[Document] = None


@dataclasses.dataclass(frozen=True)
class Grant:
    """A grant of a key. Principals are ARNs."""

    grantee: str
    operations: tuple[str, ...]
    retiring: str = ""
    encryption_context: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Key:
    """A key of KMS. Its name is its id. Without a ``policy`` it leaves everything to the account."""

    name: str
    policy: t.Optional[Document] = None
    grants: dict[str, Grant] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class AccessEntry:
    """An access entry of a cluster; its name is the ARN of the principal. ``policies`` are ARNs, for the cluster."""

    type: str = "STANDARD"
    groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class PodIdentity:
    """A Pod Identity association; its name is ``namespace/service account``, ``role`` is an ARN."""

    name: str
    role: str


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A cluster of EKS, with its role by name. ``denied`` are operations that a policy denies to everybody.

    ``addons`` are the names of add-ons that are active.
    """

    name: str
    role: str
    mode: t.Literal["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"] = "API"
    entries: dict[str, AccessEntry] = dataclasses.field(default_factory=dict)
    pods: dict[str, PodIdentity] = dataclasses.field(default_factory=dict)
    denied: tuple[str, ...] = ()
    addons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Call:
    """Calls that CloudTrail recorded: of ``user/NAME`` or ``role/NAME``, where NAME may be as ``dev-{01..15}``.

    ``call`` is ``source:EventName`` as CloudTrail names both, ``via`` the service that made it in the caller's name.
    ``session`` is the name of a role's session, ``answer`` the response elements, ``more`` further fields of the event,
    and of its ``userIdentity``.
    """

    principal: str
    call: str
    days: float = 1
    count: int = 1
    session: str = "session"
    parameters: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    resources: tuple[str, ...] = ()
    error: t.Optional[str] = None
    via: t.Optional[str] = None
    user_agent: t.Optional[str] = None
    answer: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    more: dict[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Step:
    """A call that makes something: ``service:Operation`` by botocore's names.

    ``keep`` gives names to values of the answer, by paths such as ``Instances.0.InstanceId``. A value stands for
    ``<kept:name>`` in what follows.
    """

    call: str
    parameters: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    keep: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Planted:
    """Something that an intruder left behind: how it is made, and the event of it.

    ``present`` says whether it is still there: ``unknown`` for what the emulator does not have.
    """

    family: t.Literal["iam", "certificate", "sign_in", "code", "sharing", "money", "blindfold"]
    event: Call
    present: t.Literal["true", "false", "unknown"] = "true"
    steps: tuple[Step, ...] = ()


@dataclasses.dataclass(frozen=True)
class SigninSession:
    """A session of ``aws login`` of ``user/NAME`` or ``role/NAME``. Its name is the end of its ARN."""

    name: str
    principal: str
    age_hours: float = 1
    expires_in_hours: float = 11
    last_used_hours: t.Optional[float] = None
    client_type: t.Literal["CLI", "MCP"] = "CLI"
    user_agent: t.Optional[str] = None
    status: t.Literal["ACTIVE", "REVOKED"] = "ACTIVE"


@dataclasses.dataclass(frozen=True)
class StackResource:
    """A resource of a stack; ``id`` is its physical id."""

    type: str
    id: str
    status: str = "CREATE_COMPLETE"


@dataclasses.dataclass(frozen=True)
class Stack:
    """A stack of CloudFormation; its names may be as ``app-{1..60}``. ``parent`` is the name of the outer one.

    ``deleted_days`` is the age of its deletion. In its resources ``{name}`` stands for the name of the stack.
    """

    status: str = "CREATE_COMPLETE"
    created_days: float = 200
    deleted_days: t.Optional[float] = None
    description: t.Optional[str] = None
    parent: t.Optional[str] = None
    resources: dict[str, StackResource] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Region:
    """What an account has in one region.

    ``policy_generation_errors`` has the code and the message with which Access Analyzer fails to generate a policy, by
    the name of the principal. ``made`` are calls that make further objects, of which no event tells.
    """

    analyzers: dict[str, Analyzer] = dataclasses.field(default_factory=dict)
    config: t.Optional[ConfigRecorder] = None
    security_hub: t.Optional[SecurityHub] = None
    trails: dict[str, Trail] = dataclasses.field(default_factory=dict)
    metric_filters: dict[str, MetricFilter] = dataclasses.field(default_factory=dict)
    instances: dict[str, Instance] = dataclasses.field(default_factory=dict)
    functions: dict[str, Function] = dataclasses.field(default_factory=dict)
    buckets: dict[str, Bucket] = dataclasses.field(default_factory=dict)
    keys: dict[str, Key] = dataclasses.field(default_factory=dict)
    clusters: dict[str, Cluster] = dataclasses.field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    stacks: dict[str, Stack] = dataclasses.field(default_factory=dict)
    policy_generation_errors: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    planted: dict[str, Planted] = dataclasses.field(default_factory=dict)
    made: tuple[Step, ...] = ()
    signin_sessions: dict[str, SigninSession] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Account:
    """An AWS account. ``denied_regions`` are those that a service control policy closes to it.

    Of a ``listed`` one there is what Organizations tells, and nothing in it: thousands are made in a second.
    """

    id: str
    name: str
    partition: t.Literal["aws", "aws-us-gov", "aws-cn"] = "aws"
    alias: t.Optional[str] = None
    email: t.Optional[str] = None
    ou: t.Optional[str] = None
    created_days: float = 1500
    root: Root = Root()
    password_policy: t.Optional[PasswordPolicy] = None
    contacts: Contacts = Contacts()
    users: dict[str, User] = dataclasses.field(default_factory=dict)
    groups: dict[str, Group] = dataclasses.field(default_factory=dict)
    roles: dict[str, Role] = dataclasses.field(default_factory=dict)
    policies: dict[str, Policy] = dataclasses.field(default_factory=dict)
    service_linked_roles: tuple[str, ...] = ()
    saml_providers: tuple[str, ...] = ()
    oidc_providers: dict[str, OidcProvider] = dataclasses.field(default_factory=dict)
    server_certificates: dict[str, ServerCertificate] = dataclasses.field(default_factory=dict)
    regions: dict[str, Region] = dataclasses.field(default_factory=dict)
    denied_regions: tuple[str, ...] = ()
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    activity: dict[str, Activity] = dataclasses.field(default_factory=dict)
    listed: bool = False
    closed: bool = False

    @property
    def home_region(self) -> str:
        """The region where the partition keeps IAM."""
        return {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}[self.partition]


@dataclasses.dataclass(frozen=True)
class ControlPolicy:
    """A policy of AWS Organizations, attached to organizational units (by path, ``/`` is the root) and accounts."""

    name: str
    document: Document
    type: t.Literal["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"] = "SERVICE_CONTROL_POLICY"
    targets: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Organization:
    """Everything that is seeded. Without ``id`` there is no organization, only accounts.

    A caller with an unknown access key is an administrator of ``management_account_id``. ``trail_bucket`` is a bucket
    there, with the log files of all accounts' calls. ``lag_seconds`` is how long changes of policies and keys take to
    count for judged principals, ``lateness_seconds`` the age of the newest events, and ``lookups_a_second`` how often
    they can be looked up in an account and region (0: without a limit). With ``records_events`` CloudTrail records what
    the emulator is asked.
    """

    management_account_id: str
    accounts: dict[str, Account]
    id: t.Optional[str] = None
    organizational_units: tuple[str, ...] = ()
    trusted_services: tuple[str, ...] = ()
    delegated_administrators: dict[str, str] = dataclasses.field(default_factory=dict)
    root_features: tuple[t.Literal["RootCredentialsManagement", "RootSessions"], ...] = ()
    control_policies: dict[str, ControlPolicy] = dataclasses.field(default_factory=dict)
    trail_bucket: t.Optional[str] = None
    lag_seconds: float = 0
    lateness_seconds: float = 0
    lookups_a_second: int = 0
    records_events: bool = False

    @property
    def management_account(self) -> Account:
        """The account that unknown callers act on."""
        return self.accounts[self.management_account_id]
