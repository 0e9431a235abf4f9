# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the roles of examples/bootstrap and the tables of docs/permissions.md from what the modules declare:
``PYTHONPATH=.cache/link:tests python tests/scripts/generate_permissions.py``.

The collection must be importable, which running the tests once sees to. A unit test compares the files with what this
would write.
"""

from __future__ import annotations

import importlib
import json
import typing as t
from pathlib import Path

import yaml
from scripts import bootstrap_containment as containment
from scripts import bootstrap_readers as readers
from scripts import bootstrap_right_sizing as right_sizing
from scripts import bootstrap_roles as roles
from scripts import bootstrap_terraform as terraform
from scripts.bootstrap_roles import Grant, Json, WritingRole, actions_of

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS as OF_DATASETS
from ansible_collections.hardening.iam.plugins.module_utils._account.model import DEEP, DETECTIVE
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP
from ansible_collections.hardening.iam.plugins.module_utils._aws.credentials import SESSION_NAME
from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import PrefixFence
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations, iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.registry import BY_CLASS
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above
from ansible_collections.hardening.iam.plugins.module_utils._module.key_mentions import OPERATIONS as CONSUMERS
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_roles import (
    EVENT_BOUNDARY,
    PATH,
)
from ansible_collections.hardening.iam.plugins.module_utils._questions.sweep.observe import OPERATIONS as SWEEP
from ansible_collections.hardening.iam.plugins.module_utils._questions.sweep.secrets import OPERATIONS as SECRETS

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
TEMPLATE: t.Final = CHECKOUT / "examples" / "bootstrap" / "iam-hardening-roles.yml"
# The same without spaces: CloudFormation takes 51,200 bytes without a bucket.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
COMPACT: t.Final = TEMPLATE.with_suffix(".json")
COMPACT_SIZE: t.Final = 51_200
RIGHT_SIZING: t.Final = TEMPLATE.with_name("iam-hardening-right-sizing.yml")
COMPACT_RIGHT_SIZING: t.Final = RIGHT_SIZING.with_suffix(".json")
CONTAINMENT: t.Final = TEMPLATE.with_name("iam-hardening-containment.yml")
COMPACT_CONTAINMENT: t.Final = CONTAINMENT.with_suffix(".json")
READERS: t.Final = TEMPLATE.with_name("iam-hardening-readers.yml")
COMPACT_READERS: t.Final = READERS.with_suffix(".json")
TERRAFORM: t.Final = CHECKOUT / "examples" / "bootstrap" / "terraform"
DOCUMENT: t.Final = CHECKOUT / "docs" / "permissions.md"
_LINE: t.Final = 110
BEGIN: t.Final = "<!-- made by tests/scripts/generate_permissions.py from here -->"
END: t.Final = "<!-- to here -->"

_HEADER: t.Final = """\
---
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# {content}, for a CloudFormation stack or StackSet: docs/permissions.md.
# Made by tests/scripts/generate_permissions.py from the operations that the modules declare.

"""

# One account, and no name that is all wildcard: "role/*" would be everybody who can make a role there.
_PRINCIPAL: t.Final = r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]{2,}[\w+=,.@/*?-]*"
_NAME_PATTERN: t.Final = r"[\w+=,.@*?-]{1,64}"

# Modules that work with an administrator of a sandbox account: no role has their permissions.
OF_SANDBOXES: t.Final = frozenset({"acceptance"})

# What operations are for that no control rests on.
_PURPOSES: t.Final[dict[str, str]] = {
    "accessanalyzer:CheckNoNewAccess": "`verify_with: [access_analyzer]` of least_privilege_info",
    "accessanalyzer:GetFindingRecommendation": "access_analyzer_findings_info: what AWS recommends",
    "accessanalyzer:GetGeneratedPolicy": "policy_generation_info: the policy that AWS generated",
    "accessanalyzer:ListPolicyGenerations": "policy_generation_info: the jobs of the last seven days",
    "accessanalyzer:GetFindingV2": "access_analyzer_findings_info with `details`: what a finding says",
    "accessanalyzer:ValidatePolicy": "`access_analyzer: true` of policy_validation_info",
    "cloudformation:DescribeStackResources": (
        "the owners of IAM objects, in a run that writes: the stack of an object, right before the object is narrowed"
    ),
    "cloudformation:ListStackResources": "the owners of IAM objects: the objects of each stack",
    "cloudformation:ListStacks": "the owners of IAM objects: the stacks of each region",
    "cloudtrail:ListPublicKeys": (
        "least_privilege_info, and policy_scope with `seen_resources`: the keys that sign the digests of log files"
    ),
    "cloudtrail:LookupEvents": (
        "predictions, unless `event_history: false`: the calls of the last 90 days; the owners of IAM objects: the "
        "calls that changed one of them"
    ),
    "ec2:DescribeRegions": "the enabled regions: those that are read by default, and those that were not read",
    "iam:ListAccountAliases": "the alias of the account, in inventories and reports",
    "iam:ListEntitiesForPolicy": "everybody who carries or has a policy, right before it changes",
    "iam:ListOpenIDConnectProviders": "the identity providers of the account",
    "iam:SimulateCustomPolicy": "policy_simulation_info with `engine: aws`: what AWS says to given documents",
    "iam:SimulatePrincipalPolicy": "preflight: which writes the automation role may make; policy_simulation_info with "
    "`engine: aws`: what AWS says to a principal's requests",
    "lambda:ListFunctions": "least_privilege_info: the functions that run with a role, and whether they are in a VPC",
    "securityhub:DescribeSecurityHubV2": "`second_opinion` of least_privilege_info: where Security Hub V2 is on",
    "securityhub:GetFindingsV2": "`second_opinion` of least_privilege_info: the findings on unused permissions",
    "securityhub:GetRecommendedPolicyV2": "`second_opinion` of least_privilege_info: what AWS recommends",
    "sts:AssumeRoot": "rollback: how a removal of root credentials ended that was cut off, for the audit only",
    "sts:GetCallerIdentity": "who the calls are made as, and that it is the right account",
}


def read_operations() -> dict[str, Operations]:
    """Read the operations of every module that works with the roles of the bootstrap, by its name."""
    package = "ansible_collections.hardening.iam.plugins.modules"
    files = sorted((CHECKOUT / "plugins" / "modules").glob("[!_]*.py"))
    names = [path.stem for path in files if path.stem not in OF_SANDBOXES]
    modules = {name: importlib.import_module(f"{package}.{name}") for name in names}
    return {
        name: module.ENTRY.operations if hasattr(module, "ENTRY") else _operations_on_controller(name)
        for name, module in modules.items()
    }


def _operations_on_controller(name: str) -> Operations:
    """The operations of a module whose file is documentation: its action plugin runs it on the controller."""
    action = importlib.import_module(f"ansible_collections.hardening.iam.plugins.action.{name}")
    operations: Operations = action.ActionModule.entry.operations
    return operations


# The template


def template(modules: t.Mapping[str, Operations]) -> Json:
    """The CloudFormation template of the roles.

    :raises ValueError: a policy would be larger than IAM allows.
    """
    writing = roles.writing_roles(modules)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The roles that hardening.iam reads and writes with, and on request one for emergencies.",
        "Parameters": _parameters(writing),
        "Rules": _rules(),
        "Conditions": _conditions(writing),
        "Resources": _resources(modules, writing),
        "Outputs": {
            "AssessorRoleArn": {"Description": "aws_assessor_role_arn", "Value": _arn_of("AssessorRole")},
            **{
                key: output
                for role in writing
                for key, output in _output_of_role(role, condition=f"Has{role.label}").items()
            },
            "EventForwardingBoundaryArn": {
                "Condition": "HasEventAlerts",
                "Description": "event_alerts_role_permissions_boundary",
                "Value": {"Ref": "EventForwardingBoundary"},
            },
            "BreakGlassRoleArn": {
                "Condition": "HasBreakGlass",
                "Description": "hardening_break_glass",
                "Value": _arn_of("BreakGlassRole"),
            },
        },
    }


def template_of_right_sizing(modules: t.Mapping[str, Operations]) -> Json:
    """The CloudFormation template of the role that right-sizes other roles.

    :raises ValueError: a policy would be larger than IAM allows.
    """
    role = right_sizing.make_role(modules)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role that hardening.iam right-sizes other roles with, beside the stack of its other roles.",
        "Parameters": _parameters_of_right_sizing(role),
        "Rules": _rules(),
        "Conditions": {
            **{f"Has{name}": _is_given(name) for name in ("ExternalId", "OrganizationId")},
            **{f"Has{name}": _is_given(name) for name in right_sizing.GIVEN},
            **{
                f"Has{name}": {"Fn::Equals": [{"Ref": name}, "true"]}
                for name in (*right_sizing.SWITCHES, right_sizing.ASSESSOR)
            },
            **{f"Assessor{name}": _both(right_sizing.ASSESSOR, name) for name in right_sizing.ASSESSOR_SETTINGS},
            f"Has{role.label}Principal": _is_given(f"{role.label}PrincipalArnPattern"),
        },
        "Resources": {
            "AssessorReadPolicy": {
                "Condition": f"Has{right_sizing.ASSESSOR}",
                **_make_managed_policy(
                    right_sizing.ASSESSOR_READS,
                    "The reads of hardening.iam about those who use and name a role",
                    roles.read_policy(actions_of(roles.right_sizing_reads(modules))),
                    Roles=["assessor"],
                ),
            },
            **{
                f"Assessor{parameter}Policy": _make_settings_policy(
                    f"Assessor{parameter}", name, right_sizing.settings_of(parameter, modules), "assessor"
                )
                for parameter, name in right_sizing.ASSESSOR_SETTINGS.items()
            },
            **_writing_role(role, boundary="RolesBoundary"),
            "RolesBoundary": _make_managed_policy(
                right_sizing.BOUNDARY,
                "The most that the role can do that right-sizes other roles",
                right_sizing.boundary(modules),
            ),
        },
        "Outputs": _output_of_role(role),
    }


def template_of_containment(modules: t.Mapping[str, Operations]) -> Json:
    """The CloudFormation template of the role that contains leaked credentials, with the policy that it attaches.

    :raises ValueError: a policy would be larger than IAM allows.
    """
    role = containment.make_role(modules)
    chosen: dict[str, Json] = {
        name: {"Fn::Equals": [{"Ref": name}, "true"]}
        for name in (*containment.SWITCHES, *containment.SWITCHES_OF_ASSESSOR)
    }
    of_management = {
        name: {"Fn::And": [{"Condition": "IsManagementAccount"}, condition]}
        for name, condition in {
            **{name: chosen[name] for name in containment.OF_MANAGEMENT},
            containment.DORMANT: _is_given(containment.DORMANT),
        }.items()
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role that hardening.iam contains leaked credentials with. Scheduled jobs can't assume it.",
        "Parameters": _parameters_of_containment(role),
        "Rules": {**_rules(), **_rules_of_containment()},
        "Conditions": {
            **{f"Has{name}": _is_given(name) for name in ("ExternalId", "OrganizationId")},
            "IsManagementAccount": {"Fn::Equals": [{"Ref": "ManagementAccount"}, "true"]},
            **{f"Has{name}": condition for name, condition in {**chosen, **of_management}.items()},
        },
        "Resources": _resources_of_containment(modules, role),
        "Outputs": {
            **_output_of_role(role),
            "QuarantinePolicyArn": {
                "Description": "The policy that denies everything to contained users",
                "Value": {"Ref": "QuarantinePolicy"},
            },
        },
    }


def template_of_readers(modules: t.Mapping[str, Operations]) -> Json:
    """The CloudFormation template of the role of the hunt, and of reads that are off by default.

    :raises ValueError: a policy would be larger than IAM allows.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role that hardening.iam hunts with, and the reads of settings that may hold secrets.",
        "Parameters": _parameters_of_readers(),
        "Rules": _rules(),
        "Conditions": {
            **{f"Has{name}": _is_given(name) for name in ("ExternalId", "OrganizationId", readers.SOURCE_IDENTITY)},
            **{f"Has{name}": {"Fn::Equals": [{"Ref": name}, "true"]} for name in readers.SWITCHES},
        },
        "Resources": {
            "HuntRole": _role(
                readers.ROLE,
                readers.DESCRIPTION,
                _trust({"Ref": readers.PRINCIPAL}, _if_given(readers.SOURCE_IDENTITY)),
            ),
            "HuntReadPolicy": _make_managed_policy(
                readers.HUNT_READS,
                "The reads of hardening.iam that look for what was done with leaked credentials",
                roles.read_policy(readers.hunt_actions(modules)),
                Roles=[{"Ref": "HuntRole"}],
            ),
            "HuntSettingsPolicy": _make_settings_policy(
                f"Has{readers.HUNT_SETTINGS}",
                readers.HUNT_POLICY,
                readers.hunt_settings(modules),
                {"Ref": "HuntRole"},
            ),
            "AssessorSettingsPolicy": _make_settings_policy(
                f"Has{readers.ASSESSOR_SETTINGS}",
                readers.ASSESSOR_POLICY,
                readers.assessor_actions(modules),
                "assessor",
            ),
        },
        "Outputs": {"HuntRoleArn": {"Description": "aws_assessor_role_arn of a hunt", "Value": _arn_of("HuntRole")}},
    }


def _make_settings_policy(condition: str, name: str, actions: list[str], role: t.Union[str, Json]) -> Json:
    return {
        "Condition": condition,
        **_make_managed_policy(
            name, "Reads settings of workloads, which may hold secrets", roles.read_policy(actions), Roles=[role]
        ),
    }


def _both(*parameters: str) -> Json:
    return {"Fn::And": [{"Condition": f"Has{name}"} for name in parameters]}


def _parameters_of_readers() -> Json:
    of_trust = _parameters_of_trust()
    del of_trust["TrustedPrincipalArnPattern"]
    return {
        readers.PRINCIPAL: {
            "Type": "String",
            "AllowedPattern": f"^{_PRINCIPAL}$",
            "Description": "Who may assume the role of the hunt: the ARN of what runs hunt.yml, or a pattern.",
        },
        **of_trust,
        readers.SOURCE_IDENTITY: _optional(
            _NAME_PATTERN, "The pattern of its source identity, such as incident-*; empty: any."
        ),
        **{name: _switch(False, text) for name, text in readers.SWITCHES.items()},
    }


def _resources_of_containment(modules: t.Mapping[str, Operations], role: WritingRole) -> Json:
    parts = _writing_role(role, boundary="ContainmentBoundary")
    pattern: Json = {"Ref": containment.INCIDENT_PRINCIPAL}
    trust = _trust(pattern, {"Ref": f"{role.label}SourceIdentityPattern"})
    trust["Statement"].append(_keep_out({"Ref": containment.SCHEDULED_PRINCIPAL}))
    parts[f"{role.label}Role"]["Properties"]["AssumeRolePolicyDocument"] = trust
    parts[f"{role.label}Role"]["Properties"]["Description"] = containment.DESCRIPTION
    return {
        "QuarantinePolicy": _make_managed_policy(
            containment.QUARANTINE, containment.QUARANTINE_DESCRIPTION, containment.quarantine()
        ),
        "DrillBoundary": {
            "Condition": f"Has{containment.DRILL}",
            **_make_managed_policy(
                containment.DRILL_BOUNDARY, containment.DRILL_DESCRIPTION, containment.drill_boundary()
            ),
        },
        "AssessorReadPolicy": {
            "Condition": f"Has{containment.ASSESSOR}",
            **_make_managed_policy(
                containment.ASSESSOR_READS,
                "The reads of hardening.iam about leaked credentials",
                roles.read_policy(containment.assessor_actions(modules)),
                Roles=["assessor"],
            ),
        },
        **parts,
        "ContainmentBoundary": _make_managed_policy(
            containment.BOUNDARY,
            "The most that the role can do that contains leaked credentials",
            containment.boundary(modules),
        ),
        "DormantPolicy": {"Condition": f"Has{containment.DORMANT}", **_make_dormant_policy()},
    }


def _make_dormant_policy() -> Json:
    return {
        "Type": "AWS::Organizations::Policy",
        "Properties": {
            "Name": from_above.NAME,
            "Description": containment.DORMANT_DESCRIPTION,
            "Type": SCP,
            "Content": dict(from_above.DORMANT.document),
            "TargetIds": {"Fn::Split": [",", {"Ref": containment.DORMANT}]},
            "Tags": [{"Key": from_above.TAG[0], "Value": from_above.TAG[1]}],
        },
    }


def _keep_out(scheduled: Json) -> Json:
    """A statement that admits neither the principal of scheduled jobs nor a role of the other stacks."""
    return {
        "Sid": "NoScheduledJob",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": [scheduled, _cloudformation(containment.OTHER_ROLES)]}},
    }


def _parameters_of_containment(role: WritingRole) -> Json:
    of_trust = _parameters_of_trust()
    del of_trust["TrustedPrincipalArnPattern"]
    return {
        containment.INCIDENT_PRINCIPAL: {
            "Type": "String",
            "AllowedPattern": f"^{_PRINCIPAL}$",
            "MaxLength": containment.LONGEST_PRINCIPAL,
            "Description": "Who may assume the role: the ARN of what people use in an incident, or a pattern.",
        },
        containment.SCHEDULED_PRINCIPAL: {
            "Type": "String",
            "AllowedPattern": f"^{_PRINCIPAL}$",
            "MaxLength": containment.LONGEST_PRINCIPAL,
            "Description": "Who may never assume it: TrustedPrincipalArnPattern of the other stacks.",
        },
        **of_trust,
        **containment_parameters(),
        **{name: _switch(True, text) for name, text in containment.SWITCHES_OF_ASSESSOR.items()},
        "ManagementAccount": _switch(
            False,
            "Whether this is the management account, where "
            f"{', '.join(containment.OF_MANAGEMENT)} and {containment.DORMANT} are of use.",
        ),
    }


def containment_parameters() -> Json:
    """What is chosen about containment."""
    return {
        **{name: _switch(name not in containment.OFF_BY_DEFAULT, text) for name, text in containment.SWITCHES.items()},
        containment.DORMANT: _optional(
            f"{containment.TARGETS_PATTERN}(,{containment.TARGETS_PATTERN})*", containment.DORMANT_TARGETS
        ),
        "ContainmentSourceIdentityPattern": {
            "Type": "String",
            "Default": containment.SOURCE_IDENTITY,
            "AllowedPattern": f"^{containment.SOURCE_IDENTITY_PATTERN}$",
            "Description": f"What the source identity must look like: {containment.SOURCE_IDENTITY}, or less.",
        },
    }


def _rules_of_containment() -> Json:
    same: Json = {"Fn::Equals": [{"Ref": containment.INCIDENT_PRINCIPAL}, {"Ref": containment.SCHEDULED_PRINCIPAL}]}
    return {
        "PeopleAreNoSchedule": {
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [same]},
                    "AssertDescription": (
                        f"{containment.INCIDENT_PRINCIPAL} must not be {containment.SCHEDULED_PRINCIPAL}: nobody could "
                        "assume the role."
                    ),
                }
            ]
        }
    }


def _parameters_of_right_sizing(role: WritingRole) -> Json:
    return {
        **_parameters_of_trust(),
        **right_sizing_parameters(),
        **{f"{role.label}{name}": parameter for name, parameter in _parameters_of_role(role).items()},
    }


def right_sizing_parameters() -> Json:
    """What is chosen about right-sizing. In Terraform no targets mean no role for it."""
    return {
        right_sizing.TARGETS: {
            "Type": "String",
            "AllowedPattern": f"^{right_sizing.TARGETS_PATTERN}$",
            "Description": "The roles to right-size: path without the first slash, and name, such as dev-*.",
        },
        right_sizing.NEW_ROLES: _optional(
            right_sizing.POLICY_ARN,
            "The permissions boundary of all new roles (boundary of a target); empty: no new role (way parallel).",
        ),
        right_sizing.MOVES_BOUNDARY: _optional(
            right_sizing.POLICY_ARN,
            "The permissions boundary of new roles below /workload/ (key_migration_boundary); empty: no new role.",
        ),
        **{name: _switch(False, text) for name, text in right_sizing.SWITCHES.items()},
        right_sizing.ASSESSOR: _switch(
            True, "Whether the role assessor of the main stack, which must be there, gets the reads of right-sizing."
        ),
    }


def _rules() -> Json:
    return {
        "AConfusedDeputyIsKeptOut": {
            "Assertions": [
                {
                    "Assert": {"Fn::Or": [_is_given("OrganizationId"), _is_given("ExternalId")]},
                    "AssertDescription": "Give the OrganizationId, an ExternalId, or both.",
                }
            ]
        }
    }


def _output_of_role(role: WritingRole, *, condition: str = "") -> Json:
    return {
        f"{role.label}RoleArn": {
            **_if(condition),
            "Description": f"aws_assume_role_arns: {role.writer}",
            "Value": _arn_of(f"{role.label}Role"),
        }
    }


def _conditions(writing: t.Sequence[WritingRole]) -> Json:
    optional = ("ExternalId", "OrganizationId", "SourceIdentityPattern")
    given = (*optional, *(own.parameter for _capability, own in roles.OWN_RESOURCES))
    found: Json = {
        "HasBreakGlass": _is_given("BreakGlassPrincipalArnPattern"),
        "IsManagementAccount": {"Fn::Equals": [{"Ref": "ManagementAccount"}, "true"]},
        **{f"Has{name}": _is_given(name) for name in given},
    }
    for capability in roles.CAPABILITIES:
        chosen: Json = {"Fn::Equals": [{"Ref": capability.parameter}, "true"]}
        if capability.writer is Writer.ORGANIZATION:
            chosen = {"Fn::And": [{"Condition": "IsManagementAccount"}, chosen]}
        found[f"Has{capability.parameter}"] = chosen
    for owner, own in roles.OWN_RESOURCES:
        both = [{"Condition": f"Has{owner.parameter}"}, {"Condition": f"Has{own.parameter}"}]
        found[f"Uses{own.parameter}"] = {"Fn::And": both}
    for role in writing:
        parts = [{"Condition": f"Has{capability.parameter}"} for capability in role.capabilities]
        found[f"Has{role.label}"] = {"Fn::Or": parts}
        found[f"Has{role.label}Principal"] = _is_given(f"{role.label}PrincipalArnPattern")
    found["HasAutomation"] = {"Fn::Or": [{"Condition": f"Has{role.label}"} for role in writing]}
    return found


def _parameters_of_trust(**of_assessor: Json) -> Json:
    """What is given about those who may assume the roles, in both templates."""
    return {
        "TrustedPrincipalArnPattern": {
            "Type": "String",
            "AllowedPattern": f"^{_PRINCIPAL}$",
            "Description": "Who may assume the roles: the ARN of what runs Ansible, or a pattern (* and ?).",
        },
        "OrganizationId": _optional("o-[a-z0-9]{10,32}", "The organization of those that may assume the roles."),
        "ExternalId": {
            **_optional(r"[\w+=,.@:/-]{2,256}", "The external id (aws_external_id)."),
            "NoEcho": True,
        },
        "RoleSessionNamePattern": {
            "Type": "String",
            "Default": f"{SESSION_NAME}*",
            "AllowedPattern": f"^{_NAME_PATTERN}$",
            "Description": "The pattern of session names.",
        },
        **of_assessor,
        "MaxSessionDuration": {
            "Type": "Number",
            "Default": 3600,
            "MinValue": 3600,
            "MaxValue": 43200,
            "Description": "In seconds. A session of another role gets one hour at most.",
        },
    }


def _parameters(writing: t.Sequence[WritingRole]) -> Json:
    return {
        **_parameters_of_trust(
            SourceIdentityPattern=_optional(
                _NAME_PATTERN,
                "The pattern of the assessor's source identity, such as awx-*; empty: any.",
            )
        ),
        **{name: _switch(default, text) for name, default, text in switches()},
        **{
            f"{role.label}{name}": parameter
            for role in writing
            for name, parameter in _parameters_of_role(role).items()
        },
        "BoundaryPolicyPath": {
            "Type": "String",
            "Default": f"{PATH}boundary/",
            "AllowedPattern": r"^/([\w+=,.@-]+/)+$",
            "Description": "The path of the policies of permissions_boundary (permissions_boundary_path).",
        },
        **{own.parameter: _optional(own.pattern, own.description) for _capability, own in roles.OWN_RESOURCES},
        "BreakGlassPrincipalArnPattern": _optional(
            _PRINCIPAL,
            "Who may become administrator in an emergency, with MFA not an hour old; empty: no such role.",
        ),
    }


def switches() -> t.Iterator[tuple[str, bool, str]]:
    """What is chosen by true or false: parameter, default, and what it means."""
    for capability in roles.CAPABILITIES:
        # Short: the template without spaces is close to the limit of CloudFormation.
        text = f"Allow {capability.name}."
        yield capability.parameter, capability.by_default, text
    yield (
        "ManagementAccount",
        False,
        "Whether this is the management account, whose organization the roles may then read or change.",
    )


def _switch(default: bool, description: str) -> Json:
    values = ["true", "false"]
    return {
        "Type": "String",
        "Default": str(default).lower(),
        "AllowedValues": values,
        "Description": description,
    }


def _parameters_of_role(role: WritingRole) -> Json:
    return {
        "PrincipalArnPattern": _optional(_PRINCIPAL, f"Who may assume {role.name}; empty: those of all roles."),
        "SourceIdentityPattern": {
            "Type": "String",
            "Default": "*",
            "AllowedPattern": f"^{_NAME_PATTERN}$",
            "Description": "Its source identity, such as awx-*.",
        },
    }


def _optional(pattern: str, description: str) -> Json:
    return {"Type": "String", "Default": "", "AllowedPattern": f"^$|^{pattern}$", "Description": description}


def _is_given(parameter: str) -> Json:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _if_given(parameter: str) -> Json:
    return {"Fn::If": [f"Has{parameter}", {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}


def _arn_of(resource: str) -> Json:
    return {"Fn::GetAtt": [resource, "Arn"]}


def _resources(modules: t.Mapping[str, Operations], writing: t.Sequence[WritingRole]) -> Json:
    trusted: Json = {"Ref": "TrustedPrincipalArnPattern"}
    everywhere, of_organization = roles.assessor_reads(modules)
    found: Json = {
        "AssessorRole": _role(
            "assessor", "Reads what hardening.iam assesses", _trust(trusted, _if_given("SourceIdentityPattern"))
        ),
        "ReadPolicy": _make_managed_policy(
            "assessor-reads",
            "The reads of hardening.iam",
            roles.read_policy(actions_of(everywhere)),
            Roles=[{"Ref": "AssessorRole"}],
        ),
        "OrganizationReadPolicy": {
            "Condition": "IsManagementAccount",
            **_make_managed_policy(
                "assessor-organization-reads",
                "The reads of hardening.iam in an organization",
                roles.organization_read_policy(actions_of(of_organization)),
                Roles=[{"Ref": "AssessorRole"}],
            ),
        },
    }
    for role in writing:
        parts = _writing_role(role, condition=f"Has{role.label}")
        if found.keys() & parts.keys():
            raise ValueError(f"two resources have one name: {', '.join(sorted(found.keys() & parts.keys()))}")
        found |= parts
    found["AutomationBoundary"] = {
        "Condition": "HasAutomation",
        **_make_managed_policy(roles.BOUNDARY, "The most that a role can do that writes", roles.boundary(modules)),
    }
    found["EventForwardingBoundary"] = {
        "Condition": "HasEventAlerts",
        **_make_managed_policy(EVENT_BOUNDARY, "The most that the role for events can do", roles.event_boundary()),
    }
    found["BreakGlassRole"] = {
        "Condition": "HasBreakGlass",
        **_role(
            "break-glass",
            "Administrator for emergencies",
            _trust_with_mfa({"Ref": "BreakGlassPrincipalArnPattern"}),
            ManagedPolicyArns=[{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"}],
        ),
    }
    return found


def _writing_role(role: WritingRole, *, condition: str = "", boundary: str = "AutomationBoundary") -> Json:
    """The role of a class, with an inline policy for each capability, and the resource that is its boundary."""
    return {
        f"{role.label}Role": {
            **_if(condition),
            **_role(
                role.name,
                f"Writes for hardening.iam: {role.writer}",
                _trust(_principal_of(role), {"Ref": f"{role.label}SourceIdentityPattern"}),
                PermissionsBoundary={"Ref": boundary},
            ),
        },
        f"{role.label}RoleReads": _inline(role, condition, "reads", role.reads),
        **{
            f"{grant.parameters[-1].removesuffix('Arn')}Policy": _inline(
                role, _condition_of(grant), grant.name, grant.policy
            )
            for grant in role.grants
        },
    }


def _if(condition: str) -> Json:
    return {"Condition": condition} if condition else {}


def _condition_of(grant: Grant) -> str:
    return f"Uses{grant.parameters[-1]}" if len(grant.parameters) > 1 else f"Has{grant.parameters[0]}"


def _inline(role: WritingRole, condition: str, name: str, document: Json) -> Json:
    return {
        "Type": "AWS::IAM::Policy",
        **_if(condition),
        "Properties": {
            "PolicyName": name,
            "Roles": [{"Ref": f"{role.label}Role"}],
            "PolicyDocument": _cloudformation(document),
        },
    }


def _principal_of(role: WritingRole) -> Json:
    own: Json = {"Ref": f"{role.label}PrincipalArnPattern"}
    return {"Fn::If": [f"Has{role.label}Principal", own, {"Ref": "TrustedPrincipalArnPattern"}]}


def _make_managed_policy(name: str, description: str, document: Json, **properties: t.Any) -> Json:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": name,
            "Path": PATH,
            "Description": description,
            **properties,
            "PolicyDocument": _cloudformation(document),
        },
    }


# Begins a variable that IAM fills in, and neither CloudFormation nor Terraform.
_POLICY_VARIABLE: t.Final = "${aws:"


def _cloudformation(value: t.Any) -> t.Any:
    """What may hold placeholders, as CloudFormation says it."""
    if isinstance(value, dict):
        return {key: _alone(key, _cloudformation(item)) for key, item in value.items()}
    if isinstance(value, list):
        return [_cloudformation(item) for item in value]
    if isinstance(value, str) and "${" in value.replace(_POLICY_VARIABLE, ""):
        text = value.replace("${Partition}", "${AWS::Partition}").replace("${Account}", "${AWS::AccountId}")
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html
        return {"Fn::Sub": text.replace(_POLICY_VARIABLE, f"${{!{_POLICY_VARIABLE[2:]}")}
    return value


def _alone(key: str, value: t.Any) -> t.Any:
    return value[0] if key == "Resource" and len(value) == 1 else value


def _role(name: str, description: str, trust: Json, **properties: t.Any) -> Json:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "Path": PATH,
            "Description": description,
            "MaxSessionDuration": {"Ref": "MaxSessionDuration"},
            "AssumeRolePolicyDocument": trust,
            **properties,
            "Tags": [{"Key": "iam-hardening:managed", "Value": "true"}],
        },
    }


def _trust(pattern: Json, source_identity: Json) -> Json:
    """Who may assume a role: one that fits ``pattern``, says what only we say, and comes from the organization.

    The external id and the name of the session belong to AssumeRole alone; the other two actions know no such keys.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
    """
    caller = _caller(pattern)
    said = {
        "StringEquals": {**caller["StringEquals"], "sts:ExternalId": _if_given("ExternalId")},
        "StringLike": {
            "sts:RoleSessionName": {"Ref": "RoleSessionNamePattern"},
            "sts:SourceIdentity": source_identity,
        },
    }
    return roles.policy(
        _admit("ExecutionIdentity", pattern, ["sts:AssumeRole"], {**caller, **said}),
        _admit("SourceIdentityAndTags", pattern, ["sts:SetSourceIdentity", "sts:TagSession"], caller),
    )


def _trust_with_mfa(pattern: Json) -> Json:
    mfa = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
    return roles.policy(_admit("PeopleWithFreshMfa", pattern, ["sts:AssumeRole"], {**_caller(pattern), **mfa}))


def _caller(pattern: Json) -> Json:
    """Conditions on who asks."""
    return {
        "StringEquals": {"aws:PrincipalOrgID": _if_given("OrganizationId")},
        "ArnLike": {"aws:PrincipalArn": pattern},
    }


def _admit(sid: str, pattern: Json, actions: list[str], condition: Json) -> Json:
    """A statement that admits the pattern's account as far as ``condition`` holds: a principal can't be a pattern."""
    principal = {"AWS": _account(pattern)}
    return {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Condition": condition}


def _account(pattern: Json) -> Json:
    return {"Fn::Select": [4, {"Fn::Split": [":", pattern]}]}


N = t.TypeVar("N", bound=yaml.Node)


class _Dumper(yaml.SafeDumper):
    """YAML as yamllint likes it: lists indented, nothing shared."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True

    def represent_sequence(self, tag: str, sequence: t.Any, flow_style: t.Optional[bool] = None) -> yaml.SequenceNode:
        """A list on one line where it fits."""
        return _pack(super().represent_sequence(tag, sequence, flow_style=False), _is_short(sequence))

    def represent_mapping(self, tag: str, mapping: t.Any, flow_style: t.Optional[bool] = None) -> yaml.MappingNode:
        """A mapping on one line where it fits."""
        return _pack(super().represent_mapping(tag, mapping, flow_style=False), _is_short(mapping))


def _is_short(value: t.Any) -> bool:
    """Whether something fits on a line."""
    return len(json.dumps(value)) <= _LINE


def _pack(node: N, packed: bool) -> N:
    if packed:
        _flow(node)
    return node


def _flow(node: yaml.Node) -> None:
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = True
        for item in node.value:
            for part in item if isinstance(item, tuple) else (item,):
                _flow(part)


def render_template(modules: t.Mapping[str, Operations]) -> str:
    """The file examples/bootstrap/iam-hardening-roles.yml."""
    return _render("The roles that hardening.iam works with in an account", template(modules))


def render_right_sizing(modules: t.Mapping[str, Operations]) -> str:
    """The file examples/bootstrap/iam-hardening-right-sizing.yml."""
    return _render("The role that hardening.iam right-sizes roles with", template_of_right_sizing(modules))


def render_containment(modules: t.Mapping[str, Operations]) -> str:
    """The file examples/bootstrap/iam-hardening-containment.yml."""
    return _render("The role that hardening.iam contains leaked credentials with", template_of_containment(modules))


def render_readers(modules: t.Mapping[str, Operations]) -> str:
    """The file examples/bootstrap/iam-hardening-readers.yml."""
    return _render("What hardening.iam reads in a hunt and on request", template_of_readers(modules))


def _render(content: str, made: Json) -> str:
    return _HEADER.format(content=content) + yaml.dump(made, Dumper=_Dumper, sort_keys=False, width=200)


def render_compact(made: Json) -> str:
    """A template without spaces. Raises ValueError: CloudFormation would want a bucket."""
    text = json.dumps(made, separators=(",", ":")) + "\n"
    if len(text) > COMPACT_SIZE:
        raise ValueError(f"{len(text)} bytes of template are more than {COMPACT_SIZE}")
    return text


def render_terraform(modules: t.Mapping[str, Operations]) -> dict[str, str]:
    """The files below examples/bootstrap/terraform, by name."""
    return terraform.files(modules, parameters_of_terraform(modules))


def parameters_of_terraform(modules: t.Mapping[str, Operations]) -> Json:
    """The parameters of all templates. Without targets there is no role that right-sizes others.

    Without a principal for incidents there is none that contains credentials, and without one for hunts none that
    hunts. The roles of all are one module there, so
    that it knows the principals of scheduled jobs, and gives the assessor the reads with the roles.
    """
    of_right_sizing = template_of_right_sizing(modules)["Parameters"]
    of_containment = template_of_containment(modules)["Parameters"]
    of_readers = template_of_readers(modules)["Parameters"]
    targets, principal, hunter = right_sizing.TARGETS, containment.INCIDENT_PRINCIPAL, readers.PRINCIPAL
    optional = {
        targets: _optional(
            right_sizing.TARGETS_PATTERN,
            f"{of_right_sizing[targets]['Description']} Empty: no role for it is made.",
        ),
        principal: _optional(_PRINCIPAL, f"{of_containment[principal]['Description']} Empty: no role for it is made."),
        hunter: _optional(_PRINCIPAL, f"{of_readers[hunter]['Description']} Empty: no role for it is made."),
    }
    both = {**of_readers, **of_containment, **of_right_sizing, **template(modules)["Parameters"], **optional}
    order = {**template(modules)["Parameters"], **of_right_sizing, **of_containment, **of_readers}
    without = (right_sizing.ASSESSOR, containment.ASSESSOR, containment.SCHEDULED_PRINCIPAL)
    return {parameter: both[parameter] for parameter in order if parameter not in without}


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
    unproven = [action for action in actions_of(operations.all) if not containment.is_proven(action)]
    for kind, names in (
        ("Reads", operations.reads),
        ("Writes", operations.writes),
        ("Starts, but not in check mode", operations.jobs),
    ):
        lines += [f"{kind}: {_code(actions_of(names))}\n"] if names else []
    lines += [f"Not in AWS's list of actions, so in no policy of the examples: {_code(unproven)}\n"] if unproven else []
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
        of_all = [*(one.grants.purposes for one in BY_CLASS), containment.GRANTS.purposes, _PURPOSES]
        found = [purposes[operation] for purposes in of_all if operation in purposes]
        if not found and operation in SWEEP.reads:
            return "credential_hunt_info: whether something that an intruder left behind is still there"
        if not found and operation in CONSUMERS.reads:
            return "credential_hunt_info: which workloads name a leaked key"
        if not found and operation in SECRETS.reads:
            return "credential_hunt_info: which secrets an intruder could read"
        if not found:
            raise KeyError(operation)
        return "; ".join(found)
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
    modules = read_operations()
    _write(TEMPLATE, render_template(modules))
    _write(COMPACT, render_compact(template(modules)))
    _write(RIGHT_SIZING, render_right_sizing(modules))
    _write(COMPACT_RIGHT_SIZING, render_compact(template_of_right_sizing(modules)))
    _write(CONTAINMENT, render_containment(modules))
    _write(COMPACT_CONTAINMENT, render_compact(template_of_containment(modules)))
    _write(READERS, render_readers(modules))
    _write(COMPACT_READERS, render_compact(template_of_readers(modules)))
    for name, text in render_terraform(modules).items():
        _write(TERRAFORM / name, text)
    _write(DOCUMENT, render_document(DOCUMENT.read_text(encoding="utf-8"), modules))


if __name__ == "__main__":
    main()
