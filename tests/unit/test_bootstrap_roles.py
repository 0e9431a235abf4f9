# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles of examples/bootstrap may do, judged by the evaluator over the stack that CloudFormation makes."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from scripts import bootstrap_right_sizing as right_sizing
from scripts import bootstrap_roles as roles
from scripts import generate_permissions as generate

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue import writing_roles
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import Scope
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity
from ansible_collections.hardening.iam.plugins.module_utils._converge.protected import protection_of
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.paths import search
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
    Request,
)
from emulator.server import install

ACCOUNT: t.Final = "123456789012"
IAM: t.Final = f"arn:aws:iam::{ACCOUNT}:"
OWN: t.Final = f"{IAM}role/iam-hardening/"
ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
EVENT_ROLE: t.Final = f"{OWN}iam-hardening-event-forwarding"
EVENT_BOUNDARY: t.Final = f"{IAM}policy/iam-hardening/automation-event-forwarding-boundary"
NOTICE: t.Final = "arn:aws:sns:eu-west-1:999988887777:notices"
RECORDER: t.Final = f"{IAM}role/recorder"
MONITOR: t.Final = f"{IAM}role/service-role/AccessAnalyzerMonitorServiceRole_1A2B"
FORWARDING: t.Final = f"{IAM}role/forwarding"
TOPIC: t.Final = f"arn:aws:sns:us-east-1:{ACCOUNT}:people"
QUEUE: t.Final = f"arn:aws:sqs:us-east-1:{ACCOUNT}:undelivered"
ORGANIZATION: t.Final = f"arn:aws:organizations::{ACCOUNT}:"
POLICY_OF_CAMPAIGN: t.Final = f"{IAM}policy/iam-hardening/lp/dev-first-1"
BOUNDARY_OF_NEW: t.Final = f"{IAM}policy/iam-hardening/boundary/developer"
BOUNDED: t.Final = {"iam:PermissionsBoundary": BOUNDARY_OF_NEW}
NEW_ROLE: t.Final = f"{IAM}role/dev-first-lp"
PARAMETERS: t.Final = {
    **{capability.parameter: "true" for capability in roles.CAPABILITIES},
    "TrustedPrincipalArnPattern": f"{IAM}role/ci/awx",
    "BreakGlassPrincipalArnPattern": f"{IAM}role/emergency",
    "ManagementAccount": "true",
    "NoticeTopicArn": NOTICE,
    "ConfigRecorderRoleArn": RECORDER,
    "EventForwardingRoleArn": FORWARDING,
    "AlertTopicArn": TOPIC,
    "AlertQueueArn": QUEUE,
}

ROLES: t.Final = "automation-roles"
# Every way and stage of right-sizing, but for new roles without a boundary.
RIGHT_SIZING: t.Final = {
    "TrustedPrincipalArnPattern": f"{IAM}role/ci/awx",
    "RightSizingTargets": "dev-*",
    "RightSizingBoundaryArn": BOUNDARY_OF_NEW,
    "RightSizingInPlace": "true",
    "RightSizingRetirement": "true",
    "RightSizingReturn": "true",
    "RightSizingTrialPolicies": "true",
    "RightSizingSettings": "true",
    "KeyMigration": "true",
    "KeyMigrationSettings": "true",
    "KeyMigrationBoundaryArn": BOUNDARY_OF_NEW,
}

READERS: t.Final = {
    "HuntPrincipalArnPattern": f"{IAM}role/ci/hunter",
    "HuntSettings": "true",
    "AssessorSettings": "true",
}

# The resources that each write needs, in a form that the service reference has, each of them alone.
REGIONAL: t.Final = f"arn:aws:{{}}:eu-west-1:{ACCOUNT}:{{}}"
NEEDED: t.Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("access_keys", "iam:"): (f"{IAM}user/svc-backup", f"{IAM}user/people/alice"),
    ("access_keys", "sns:Publish"): (f"arn:aws:sns:eu-west-1:{ACCOUNT}:owners", NOTICE),
    ("access_key_rotation", "iam:"): (f"{IAM}user/svc-backup", f"{IAM}user/people/alice"),
    ("access_key_rotation", "secretsmanager:"): (
        REGIONAL.format("secretsmanager", "secret:iam-hardening/access-keys/svc-backup-a1b2c3"),
    ),
    ("user_permissions", "User"): (f"{IAM}user/alice", f"{IAM}user/people/alice"),
    ("user_permissions", "Group"): (f"{IAM}group/readers",),
    ("user_permissions", "Role"): (f"{IAM}role/app",),
    ("permissions_boundary", "User"): (f"{IAM}user/alice",),
    ("permissions_boundary", "Role"): (f"{IAM}role/app",),
    ("permissions_boundary", "Policy"): (f"{IAM}policy/iam-hardening/boundary/developer",),
    ("policy_scope", "UserPolicy"): (f"{IAM}user/alice",),
    ("policy_scope", "GroupPolicy"): (f"{IAM}group/readers",),
    ("policy_scope", "RolePolicy"): (f"{IAM}role/app",),
    ("policy_scope", "iam:"): (f"{IAM}policy/reads", f"{IAM}policy/team/reads"),
    ("least_privilege", "Policy"): (POLICY_OF_CAMPAIGN,),
    ("least_privilege", "Role"): (NEW_ROLE, f"{IAM}role/dev-first"),
    ("least_privilege", "RolePermissionsBoundary"): (f"{IAM}role/dev-first",),
    ("least_privilege", "iam:CreateRole"): (NEW_ROLE,),
    ("least_privilege", "iam:DeleteRole"): (NEW_ROLE,),
    ("least_privilege", "iam:TagRole"): (NEW_ROLE,),
    ("least_privilege", "RolePolicy"): (NEW_ROLE, f"{IAM}role/dev-first"),
    ("key_migration", "iam:"): (f"{IAM}user/svc-backup", f"{IAM}user/people/alice"),
    ("key_migration", "Role"): (f"{IAM}role/workload/report",),
    ("access_analyzer", "ArchiveRule"): (
        REGIONAL.format("access-analyzer", "analyzer/iam-hardening-external/archive-rule/known"),
    ),
    ("access_analyzer", "access-analyzer:"): (REGIONAL.format("access-analyzer", "analyzer/iam-hardening-external"),),
    ("access_analyzer", "access-analyzer:ApplyArchiveRule"): (
        REGIONAL.format("access-analyzer", "analyzer/iam-hardening-external"),
    ),
    ("access_analyzer", "iam:"): (
        f"{IAM}role/aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer",
    ),
    ("access_analyzer", "access-analyzer:StartPolicyGeneration"): ("*",),
    ("access_analyzer", "iam:PassRole"): (MONITOR,),
    ("config_rules", "config:"): (REGIONAL.format("config", "config-rule/config-rule-a1b2c3"),),
    ("config_rules", "OrganizationConfigRule"): (REGIONAL.format("config", "organization-config-rule/iam-x"),),
    ("config_rules", "ConfigurationRecorder"): (
        REGIONAL.format("config", "configuration-recorder/iam-hardening/0a1b"),
    ),
    ("config_rules", "DeliveryChannel"): ("*",),
    ("config_rules", "iam:"): (f"{IAM}role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", RECORDER),
    ("security_hub", "securityhub:"): (REGIONAL.format("securityhub", "hub/default"),),
    ("security_hub", "securityhub:CreateFindingAggregator"): ("*",),
    ("security_hub", "securityhub:GenerateRecommendedPolicyV2"): (REGIONAL.format("securityhub", "hubv2/0a1b"),),
    ("security_hub", "securityhub:UpdateSecurityControl"): ("*",),
    ("security_hub", "securityhub:BatchUpdateStandardsControlAssociations"): ("*",),
    ("security_hub", "securityhub:UpdateFindingAggregator"): (
        REGIONAL.format("securityhub", "finding-aggregator/0a1b"),
    ),
    ("security_hub", "iam:"): (f"{IAM}role/aws-service-role/securityhub.amazonaws.com/AWSServiceRoleForSecurityHub",),
    ("findings_export", "securityhub:BatchImportFindings"): (
        REGIONAL.format("securityhub", f"product/{ACCOUNT}/default"),
    ),
    ("findings_export", "securityhub:BatchUpdateFindings"): (REGIONAL.format("securityhub", "hub/default"),),
    ("event_alerts", "events:"): (REGIONAL.format("events", "rule/iam-hardening-root-activity"),),
    ("event_alerts", "events:PutEvents"): (REGIONAL.format("events", "event-bus/default"),),
    ("event_alerts", "Permission"): ("*",),
    ("event_alerts", "sns:"): (REGIONAL.format("sns", "iam-hardening-alerts"),),
    ("event_alerts", "sns:SetTopicAttributes"): (REGIONAL.format("sns", "iam-hardening-alerts"), TOPIC),
    ("event_alerts", "sqs:"): (REGIONAL.format("sqs", "iam-hardening-undelivered"),),
    ("event_alerts", "sqs:SetQueueAttributes"): (REGIONAL.format("sqs", "iam-hardening-undelivered"), QUEUE),
    ("event_alerts", "iam:"): (EVENT_ROLE,),
    ("event_alerts", "iam:PassRole"): (EVENT_ROLE, FORWARDING),
    ("organization_policies", "organizations:"): (
        f"{ORGANIZATION}policy/o-acmeacme12/service_control_policy/p-abcd1234",
    ),
    ("organization_policies", "chPolicy"): (
        f"{ORGANIZATION}policy/o-acmeacme12/service_control_policy/p-abcd1234",
        "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
        "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess",
        f"{ORGANIZATION}account/o-acmeacme12/222233334444",
        f"{ORGANIZATION}ou/o-acmeacme12/ou-a1b2-c3d4e5f6",
        f"{ORGANIZATION}root/o-acmeacme12/r-a1b2",
    ),
    ("organization_policies", "organizations:EnablePolicyType"): (f"{ORGANIZATION}root/o-acmeacme12/r-a1b2",),
    ("organization_root_access", "DelegatedAdministrator"): (f"{ORGANIZATION}account/o-acmeacme12/222233334444",),
    ("organization_root_access", "AWSServiceAccess"): ("*",),
    ("organization_root_access", "iam:"): ("*",),
    ("organization_root_access", "sts:AssumeRoot"): ("arn:aws:iam::222233334444:root",),
    ("password_policy", "iam:"): ("*",),
}
TO_EVENTS: t.Final = {"iam:PassedToService": "events.amazonaws.com"}
# What the requests of our modules say.
SAYS: t.Final[dict[tuple[str, str], dict[str, t.Any]]] = {
    ("access_keys", "iam:TagUser"): {"aws:TagKeys": ["iam-hardening:key-AKIA"]},
    ("access_keys", "iam:UntagUser"): {"aws:TagKeys": ["iam-hardening:key-AKIA"]},
    ("access_key_rotation", "iam:CreateAccessKey"): {"iam:ResourceTag/access-key-rotation": "allowed"},
    ("access_analyzer", "iam:CreateServiceLinkedRole"): {"iam:AWSServiceName": "access-analyzer.amazonaws.com"},
    ("security_hub", "iam:CreateServiceLinkedRole"): {"iam:AWSServiceName": "securityhub.amazonaws.com"},
    ("access_analyzer", "iam:PassRole"): {"iam:PassedToService": "access-analyzer.amazonaws.com"},
    ("config_rules", "iam:PassRole"): {"iam:PassedToService": "config.amazonaws.com"},
    ("key_migration", "Role"): BOUNDED,
    ("least_privilege", "RolePermissionsBoundary"): {"iam:PermissionsBoundary": POLICY_OF_CAMPAIGN},
    ("least_privilege", "Role"): {"iam:PermissionsBoundary": BOUNDARY_OF_NEW, "iam:PolicyARN": POLICY_OF_CAMPAIGN},
    ("event_alerts", "iam:PassRole"): {"iam:PassedToService": "events.amazonaws.com"},
    ("event_alerts", "iam:CreateRole"): {"iam:PermissionsBoundary": EVENT_BOUNDARY},
    ("event_alerts", "iam:PutRolePolicy"): {"iam:PermissionsBoundary": EVENT_BOUNDARY},
    ("organization_policies", "organizations:"): {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"},
    ("organization_root_access", "organizations:"): {"organizations:ServicePrincipal": "iam.amazonaws.com"},
    ("organization_root_access", "sts:AssumeRoot"): {
        "sts:TaskPolicyArn": "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"
    },
}


EVERYTHING: t.Final = (
    parse({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
)
NOBODY: t.Final = parse(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::999988887777:root"},
            "Action": "sts:AssumeRole",
        },
    }
)


@dataclasses.dataclass(frozen=True)
class Stack:
    """The account with the roles in it, and somebody of everything that they could go for."""

    permissions: Permissions

    def decide(self, role: str, action: str, resource: str, **context: t.Any) -> Outcome:
        layers = self.permissions.layers(f"{OWN}{role}")
        return self.judge(layers, f"{OWN}{role}", action, resource, context)

    def judge(self, layers: Layers, principal: str, action: str, resource: str, context: dict[str, t.Any]) -> Outcome:
        # Who may assume a role, its trust policy says.
        trust = self.permissions.trust(resource) if action == "sts:AssumeRole" else None
        request = Request(
            action,
            resource,
            principal=principal,
            context=context,
            resource_account=ACCOUNT if resource != "*" else None,
            resource_policy=trust or (NOBODY if action == "sts:AssumeRole" else None),
        )
        return Evaluator(layers).decide(request).outcome

    def allows(self, role: str, action: str, resource: str, context: t.Optional[dict[str, t.Any]] = None) -> bool:
        outcome = self.decide(role, action, resource, **(context or {}))
        assert outcome is not Outcome.UNKNOWN, (role, action, resource)
        return outcome is Outcome.ALLOWED


def seed() -> None:
    """An administrator of each kind, others who are none, and what hands out rights."""
    iam = boto3.client("iam", "us-east-1")
    everybody = {"Effect": "Allow", "Principal": {"AWS": f"{IAM}root"}, "Action": "sts:AssumeRole"}
    service = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "config.amazonaws.com"]},
        "Action": "sts:AssumeRole",
    }
    for name, statement in (
        ("dev-first", everybody),
        ("dev-first-lp", everybody),
        ("prod-admin", everybody),
        ("pipeline", service),
        ("app", everybody),
        ("recorder", service),
    ):
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    for name in ("dev-first", "prod-admin", "pipeline"):
        iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
    iam.create_user(UserName="alice")
    iam.create_user(UserName="admin")
    iam.create_user(UserName="break-glass", Path="/iam-hardening/")
    for name in ("admin", "break-glass"):
        iam.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    iam.create_group(GroupName="administrators")
    iam.attach_group_policy(GroupName="administrators", PolicyArn=ADMINISTRATOR)
    reads = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
    for path in ("/", "/iam-hardening/boundary/"):
        made = iam.create_policy(PolicyName=f"reads{len(path)}", Path=path, PolicyDocument=json.dumps(reads))
        iam.attach_role_policy(RoleName="app", PolicyArn=made["Policy"]["Arn"])


def create_stack(file: Path, parameters: t.Mapping[str, str]) -> None:
    boto3.client("cloudformation", "us-east-1").create_stack(
        StackName=file.stem,
        TemplateBody=file.read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return take_snapshot(RIGHT_SIZING)


@pytest.fixture(scope="module")
def careful() -> Snapshot:
    """The same account, where right-sizing may make roles within a boundary, and nothing else."""
    return take_snapshot({name: value for name, value in RIGHT_SIZING.items() if value != "true"})


def take_snapshot(of_right_sizing: t.Mapping[str, str]) -> Snapshot:
    install()
    with mock_aws():
        created = boto3.client("organizations", "us-east-1").create_organization(FeatureSet="ALL")
        seed()
        organization = {"OrganizationId": created["Organization"]["Id"]}
        create_stack(generate.COMPACT, {**PARAMETERS, **organization})
        create_stack(generate.COMPACT_RIGHT_SIZING, {**of_right_sizing, **organization})
        create_stack(generate.COMPACT_READERS, {**READERS, **organization})
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                },
            }
        )
        boto3.client("iam", "us-east-1").create_role(
            RoleName="iam-hardening-event-forwarding",
            Path="/iam-hardening/",
            AssumeRolePolicyDocument=trust,
            PermissionsBoundary=EVENT_BOUNDARY,
        )
        operations = Operations(reads=frozenset({"sts:GetCallerIdentity", "iam:GetAccountAuthorizationDetails"}))
        access = Access(AccessOptions(region="us-east-1"), operations=operations, check_mode=True)
        return collect(access, datasets=[Dataset.AUTHORIZATION_DETAILS], regions=["us-east-1"], now=datetime.now(UTC))


@pytest.fixture(scope="module")
def stack(snapshot: Snapshot) -> Stack:
    return Stack(Permissions(snapshot))


def test_events_leave_for_buses_of_the_organization_alone(stack: Stack) -> None:
    """Whatever policy the role for events gets: its boundary sends them to no account of others."""
    layers = dataclasses.replace(stack.permissions.layers(EVENT_ROLE), identity=EVERYTHING)

    def sends(account: str, **context: str) -> bool:
        bus = f"arn:aws:events:us-east-1:{account}:event-bus/default"
        return stack.judge(layers, EVENT_ROLE, "events:PutEvents", bus, dict(context)) is Outcome.ALLOWED

    ours = {"aws:PrincipalOrgID": "o-aaaaaaaaaa", "aws:ResourceOrgID": "o-aaaaaaaaaa"}
    assert sends(ACCOUNT) and sends(ACCOUNT, **ours)
    assert sends("999988887777", **ours)
    assert not sends("999988887777", **{**ours, "aws:ResourceOrgID": "o-bbbbbbbbbb"})
    assert not sends("999988887777", **{"aws:PrincipalOrgID": "o-aaaaaaaaaa"})
    assert not sends("999988887777", **{"aws:ResourceOrgID": "o-bbbbbbbbbb"})
    assert not sends("999988887777")


def looked_up(table: t.Mapping[tuple[str, str], t.Any], capability: str, action: str) -> t.Any:
    """What a table says of an action: by its whole name, by a part of it, or by its service."""
    service, _colon, name = action.partition(":")
    for (owner, key), value in table.items():
        if owner == capability and key == action:
            return value
    parts = [key for owner, key in table if owner == capability and ":" not in key and key in name]
    key = max(parts, key=len) if parts else f"{service}:"
    return table.get((capability, key))


# Enough


def requests() -> t.Iterator[tuple[str, str, str, str, dict[str, t.Any]]]:
    modules = generate.read_operations()
    for capability in roles.ALL:
        for action in roles.actions_of(roles.operations_of(capability, modules).writes):
            context = looked_up(SAYS, capability.name, action) or {}
            for resource in looked_up(NEEDED, capability.name, action):
                yield capability.name, roles.role_name(capability.writer), action, resource, context


def test_each_declared_write_is_allowed_on_what_it_is_about(stack: Stack) -> None:
    asked = list(requests())
    refused = [
        (name, action, resource)
        for name, role, action, resource, context in asked
        if not stack.allows(role, action, resource, context)
    ]
    assert refused == []
    assert len(asked) > 100


READS_OF_KEYS: t.Final = ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants")


def test_each_declared_read_is_allowed(stack: Stack) -> None:
    modules = generate.read_operations()
    for capability in roles.ALL:
        role = roles.role_name(capability.writer)
        for action in roles.actions_of(roles.operations_of(capability, modules).reads):
            if action in READS_OF_KEYS:
                # The policy of a key decides, and delegates to those of its account.
                continue
            task = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
            root = action == "sts:AssumeRoot"
            resource = (
                "arn:aws:iam::222233334444:root" if root else f"{OWN}assessor" if action == "iam:GetRole" else "*"
            )
            assert stack.allows(role, action, resource, {"sts:TaskPolicyArn": task} if root else {}), (role, action)


def test_a_capability_that_is_not_chosen_is_not_allowed(stack: Stack) -> None:
    """Each write is allowed to the role of its class alone."""
    for _name, role, action, resource, context in requests():
        others = {other for _name, other, same, _resource, _context in requests() if same == action}
        for other in {roles.role_name(writer) for writer in roles.SCHEDULED} - others - {role}:
            assert not stack.allows(other, action, resource, context), (other, action, resource)


# No more

WRITES_OF_IAM: t.Final = tuple(
    sorted({action for _name, _role, action, _resource, _context in requests() if action.startswith("iam:")})
)
FURTHER: t.Final = (
    *("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:CreateUser", "iam:UpdateRole"),
    *("iam:AttachRolePolicy", "iam:DeactivateMFADevice", "iam:UpdateUser", "sts:AssumeRole", "iam:PassRole"),
)


def kind_of(arn: str) -> str:
    return arn.split(":")[5].partition("/")[0]


def guarded(snapshot: Snapshot) -> list[str]:
    """All that the stack made, and break-glass of both kinds."""
    made = [role.arn for role in snapshot.roles if role.path == "/iam-hardening/" and role.arn != EVENT_ROLE]
    policies = [policy.arn for policy in snapshot.policies if ":policy/iam-hardening/a" in policy.arn]
    assert len(made) == 3 + len(roles.SCHEDULED) and len(policies) == 11
    return [*made, *policies, f"{IAM}user/iam-hardening/break-glass", f"{IAM}user/iam-hardening/break-glass/bob"]


def test_no_role_that_writes_changes_those_that_keep_it_in_its_place(stack: Stack, snapshot: Snapshot) -> None:
    kinds = {"role": "Role", "user": "User", "policy": "Policy"}
    context = {
        "iam:PolicyARN": ADMINISTRATOR,
        "iam:PassedToService": "events.amazonaws.com",
        "iam:PermissionsBoundary": EVENT_BOUNDARY,
        "aws:TagKeys": ["iam-hardening:key-AKIA"],
    }
    asked = 0
    for writer in roles.SCHEDULED:
        for arn in guarded(snapshot):
            for action in (*WRITES_OF_IAM, *FURTHER):
                if kinds[kind_of(arn)] in action or kind_of(arn) == "user":
                    asked += 1
                    outcome = stack.decide(roles.role_name(writer), action, arn, **context)
                    assert outcome in (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY), (writer, action, arn)
    assert asked > 500


def test_the_boundary_holds_whatever_others_attach(stack: Stack, snapshot: Snapshot) -> None:
    """As administrators, the roles still could not touch what guards them, nor make identities."""
    everything = next(role for role in snapshot.roles if role.name == "prod-admin")
    layers = stack.permissions.layers(everything.arn)
    for writer in roles.SCHEDULED:
        arn = f"{OWN}{roles.role_name(writer)}"
        boundary = stack.permissions.layers(arn).boundary
        assert boundary is not None
        raised = dataclasses.replace(layers, boundary=boundary)
        for action, resource in (
            ("iam:DeleteRolePermissionsBoundary", arn),
            ("iam:UpdateAssumeRolePolicy", f"{OWN}break-glass"),
            ("iam:CreateUser", f"{IAM}user/mallory"),
            ("iam:CreateAccessKey", f"{IAM}user/admin"),
            ("sts:AssumeRole", everything.arn),
            ("ec2:RunInstances", "*"),
        ):
            outcome = stack.judge(raised, arn, action, resource, {})
            assert outcome in (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY), (writer, action)


@pytest.mark.parametrize(
    ("role", "action", "resource", "context"),
    [
        # policy_scope narrows any policy but those that limit the roles of this collection.
        ("automation-policies", "iam:CreatePolicyVersion", f"{IAM}policy/iam-hardening/automation-boundary", {}),
        ("automation-policies", "iam:SetDefaultPolicyVersion", EVENT_BOUNDARY, {}),
        ("automation-policies", "iam:PassRole", f"{IAM}role/pipeline", TO_EVENTS),
        ("automation-policies", "iam:UpdateAssumeRolePolicy", f"{IAM}role/prod-admin", {}),
        ("automation-policies", "sts:AssumeRole", f"{IAM}role/prod-admin", {}),
        ("automation-policies", "iam:CreateAccessKey", f"{IAM}user/admin", {}),
        ("automation-credentials", "iam:CreateAccessKey", f"{IAM}user/admin", {}),
        ("automation-credentials", "iam:TagUser", f"{IAM}user/alice", {"aws:TagKeys": ["team"]}),
        ("automation-credentials", "iam:TagUser", f"{IAM}user/alice", {"aws:TagKeys": ["iam-hardening:key-A", "team"]}),
        ("automation-credentials", "iam:AttachUserPolicy", f"{IAM}user/alice", {}),
        ("automation-detective", "iam:PassRole", f"{IAM}role/pipeline", TO_EVENTS),
        ("automation-detective", "iam:PassRole", EVENT_ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("automation-detective", "iam:PassRole", MONITOR, {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("automation-detective", "iam:PutRolePolicy", f"{IAM}role/app", {"iam:PermissionsBoundary": EVENT_BOUNDARY}),
        ("automation-detective", "iam:PutRolePolicy", EVENT_ROLE, {}),
        ("automation-detective", "iam:CreateRole", EVENT_ROLE, {}),
        ("automation-detective", "events:TagResource", f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default", {}),
        ("automation-detective", "events:PutRule", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/nightly", {}),
        ("automation-detective", "config:TagResource", REGIONAL.format("config", "config-aggregator/x"), {}),
        ("automation-detective", "securityhub:TagResource", REGIONAL.format("securityhub", "automation-rule/x"), {}),
        ("automation-detective", "sns:SetTopicAttributes", f"arn:aws:sns:us-east-1:{ACCOUNT}:orders", {}),
        ("automation-organization", "organizations:TagResource", f"{ORGANIZATION}account/o-acmeacme12/2222333", {}),
        ("automation-organization", "organizations:TagResource", f"{ORGANIZATION}ou/o-acmeacme12/ou-a1b2-c3d4e5f6", {}),
        ("automation-organization", "organizations:TagResource", f"{ORGANIZATION}root/o-acmeacme12/r-a1b2", {}),
        (
            "automation-organization",
            "organizations:AttachPolicy",
            f"{ORGANIZATION}root/o-acmeacme12/r-a1b2",
            {"organizations:PolicyType": "BACKUP_POLICY"},
        ),
        (
            "automation-organization",
            "organizations:EnableAWSServiceAccess",
            "*",
            {"organizations:ServicePrincipal": "sso.amazonaws.com"},
        ),
        (
            "automation-organization",
            "sts:AssumeRoot",
            "arn:aws:iam::222233334444:root",
            {"sts:TaskPolicyArn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"},
        ),
    ],
)  # fmt: skip
def test_what_a_role_has_no_need_of_is_denied(
    stack: Stack, role: str, action: str, resource: str, context: dict[str, t.Any]
) -> None:
    assert not stack.allows(role, action, resource, context)


@pytest.mark.parametrize(
    ("resource", "action", "context"),
    [
        # Neither a role outside of the targets, nor one of AWS, nor the one that runs Ansible.
        (f"{IAM}role/prod-admin", "iam:UpdateAssumeRolePolicy", {}),
        (f"{IAM}role/prod-admin", "iam:AttachRolePolicy", {"iam:PolicyARN": POLICY_OF_CAMPAIGN}),
        (f"{IAM}role/aws-service-role/dev-x/AWSServiceRoleForX", "iam:DeleteRole", {}),
        (f"{IAM}role/ci/awx", "iam:PutRolePolicy", {}),
        (f"{OWN}{ROLES}", "iam:PutRolePolicy", {}),
        (f"{OWN}automation-x-lp", "iam:CreateRole", BOUNDED),
        # New roles have the boundary, and keep it. One that this role can rewrite is none.
        (NEW_ROLE, "iam:CreateRole", {}),
        (NEW_ROLE, "iam:CreateRole", {"iam:PermissionsBoundary": POLICY_OF_CAMPAIGN}),
        (f"{IAM}role/dev-first", "iam:CreateRole", BOUNDED),
        (f"{IAM}role/dev-first", "iam:TagRole", {}),
        (f"{IAM}role/dev-first", "iam:DeleteRole", BOUNDED),
        (NEW_ROLE, "iam:PutRolePermissionsBoundary", {"iam:PermissionsBoundary": POLICY_OF_CAMPAIGN}),
        (NEW_ROLE, "iam:DeleteRolePermissionsBoundary", {"iam:PermissionsBoundary": POLICY_OF_CAMPAIGN}),
        # A standing boundary of a target stays.
        (f"{IAM}role/dev-first", "iam:DeleteRolePermissionsBoundary", BOUNDED),
        (f"{IAM}role/dev-first", "iam:PutRolePermissionsBoundary", BOUNDED),
        (BOUNDARY_OF_NEW, "iam:CreatePolicyVersion", {}),
        (f"{IAM}policy/reads1", "iam:SetDefaultPolicyVersion", {}),
        (f"{IAM}role/dev-first", "sts:AssumeRole", {}),
        (f"{IAM}role/dev-first", "iam:PassRole", {"iam:PassedToService": "lambda.amazonaws.com"}),
        (f"{IAM}user/alice", "iam:AttachUserPolicy", {"iam:PolicyARN": POLICY_OF_CAMPAIGN}),
    ],
)  # fmt: skip
def test_right_sizing_stays_with_its_targets(
    stack: Stack, resource: str, action: str, context: dict[str, t.Any]
) -> None:
    """With every parameter set, and even as an administrator within its boundary."""
    assert not stack.allows(ROLES, action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:UpdateAssumeRolePolicy", f"{IAM}role/dev-first", {}),
        ("iam:AttachRolePolicy", f"{IAM}role/dev-first", {"iam:PolicyARN": POLICY_OF_CAMPAIGN}),
        ("iam:AttachRolePolicy", f"{IAM}role/dev-first", {"iam:PolicyARN": ADMINISTRATOR}),
        ("iam:PutRolePolicy", f"{IAM}role/dev-first", {}),
        ("iam:DetachRolePolicy", f"{IAM}role/dev-first", {"iam:PolicyARN": ADMINISTRATOR}),
        ("iam:AttachRolePolicy", NEW_ROLE, {"iam:PolicyARN": ADMINISTRATOR, **BOUNDED}),
        # Somebody else made this one, without the boundary.
        ("iam:AttachRolePolicy", NEW_ROLE, {"iam:PolicyARN": POLICY_OF_CAMPAIGN}),
        ("iam:PutRolePolicy", f"{IAM}role/workload/report", {}),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}role/workload/report", BOUNDED),
        ("iam:UpdateAssumeRolePolicy", NEW_ROLE, {}),
        ("iam:PutRolePolicy", NEW_ROLE, {}),
    ],
)  # fmt: skip
def test_by_default_right_sizing_changes_no_role_of_others(
    careful: Snapshot, action: str, resource: str, context: dict[str, t.Any]
) -> None:
    assert not Stack(Permissions(careful)).allows(ROLES, action, resource, context)


def test_the_boundary_of_right_sizing_denies_to_assume_a_role_in_words(stack: Stack) -> None:
    """A trust policy that names a session passes what a boundary only leaves out."""
    assert stack.decide(ROLES, "sts:AssumeRole", f"{IAM}role/prod-admin") is Outcome.EXPLICIT_DENY


def test_right_sizing_denies_the_roles_of_others_that_no_run_touches(stack: Stack) -> None:
    for pattern in right_sizing.OF_OTHERS:
        name = pattern.partition(":role/")[2].replace("*", "dev-x")
        arn = f"{IAM}role/{name}"
        assert protection_of(arn) is not None
        assert stack.decide(ROLES, "iam:DetachRolePolicy", arn) is Outcome.EXPLICIT_DENY


def test_no_role_that_writes_can_become_an_administrator(careful: Snapshot) -> None:
    found = search(Permissions(careful).landscape)
    ours = {f"{OWN}{roles.role_name(writer)}" for writer in roles.SCHEDULED}
    assert not ours & set(found.administrators)
    assert [path.explanation for path in found.paths if path.source in ours] == []
    # The search finds such paths: others have one.
    assert f"{IAM}role/prod-admin" in found.administrators


# What is left, and named


def findings(snapshot: Snapshot) -> dict[str, t.Any]:
    """What the control says of each role, by its name."""
    (control,) = writing_roles.CONTROLS
    scope = Scope(facts=Facts(snapshot), settings=Settings(), now=snapshot.observed_at)
    return {failure.resource.rpartition("/")[2]: failure for failure in control.check(scope).failures}


def test_what_a_role_can_make_of_others_is_a_finding(careful: Snapshot) -> None:
    found = findings(careful)
    # Of all roles, the one for policies alone can make administrators, and does not become one itself.
    assert list(found) == ["automation-policies"]
    failure = found["automation-policies"]
    assert failure.severity is Severity.MEDIUM
    assert failure.detail.startswith("automation-policies can make others administrators: it may attach any policy to ")
    actions = {way["action"]: way["such_as"] for way in failure.observed["by"]}
    assert set(actions) == {
        *("iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:AttachGroupPolicy", "iam:AddUserToGroup"),
        *("iam:PutUserPolicy", "iam:PutRolePolicy", "iam:PutGroupPolicy", "iam:CreatePolicyVersion"),
    }
    # Neither break-glass nor a role that writes is among them.
    assert "iam-hardening" not in actions["iam:AttachUserPolicy"] + actions["iam:PutRolePolicy"]
    assert actions["iam:CreatePolicyVersion"] == "policy/iam-hardening/boundary/reads24, policy/reads1"


@pytest.mark.parametrize(
    ("parameters", "observed"),
    [
        ({"RightSizingInPlace": "true"}, "can_make"),
        ({"RightSizingReturn": "true"}, "can_make"),
        ({"RightSizingRetirement": "true"}, "can_become"),
        ({"RightSizingUnbounded": "true"}, "can_make"),
        ({"KeyMigrationUnbounded": "true"}, "can_make"),
    ],
)
def test_each_dangerous_parameter_of_right_sizing_is_a_finding(parameters: dict[str, str], observed: str) -> None:
    """docs/permissions.md says the same."""
    basis = {name: value for name, value in RIGHT_SIZING.items() if value != "true"}
    failure = findings(take_snapshot({**basis, **parameters}))[ROLES]
    assert observed in failure.observed


def without(snapshot: Snapshot, name: str, **changes: t.Any) -> Snapshot:
    roles_left = tuple(dataclasses.replace(role, **changes) if role.name == name else role for role in snapshot.roles)
    return dataclasses.replace(snapshot, roles=roles_left)


def test_without_its_boundary_a_role_is_found(snapshot: Snapshot) -> None:
    """The fence is what keeps it from becoming more: take it away, and the search finds the ways again."""
    loose = findings(without(snapshot, "automation-policies", boundary=None))["automation-policies"]
    assert loose.observed["can_become"] == "administrator"
    assert loose.severity is None


def test_an_event_role_without_its_boundary_is_no_way_either(snapshot: Snapshot) -> None:
    """What it may be given depends on its boundary; one that somebody made without is out of reach."""
    loose = findings(without(snapshot, "iam-hardening-event-forwarding", boundary=None))
    assert "automation-detective" not in loose


def test_a_role_of_old_with_all_policies_is_found(snapshot: Snapshot) -> None:
    everything = next(role for role in snapshot.roles if role.name == "prod-admin")
    policies = everything.attached_policies
    found = findings(without(snapshot, "automation-credentials", attached_policies=policies, boundary=None))
    assert found["automation-credentials"].observed == {"is": "administrator"}
    bounded = findings(without(snapshot, "automation-credentials", attached_policies=policies))
    assert bounded["automation-credentials"].observed.get("can_make") == "administrators"
