# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests of the principal matrix: those that the principals of an account must be able to make, or often make."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

Keys = tuple[tuple[str, t.Union[str, tuple[str, ...]]], ...]


@dataclasses.dataclass(frozen=True)
class Ask:
    """One request: an action on a resource, with the condition keys that belong to it."""

    action: str
    resource: str = "*"
    keys: Keys = ()


# Resources by short names; {iam} is the account's part of an IAM ARN.
_RESOURCES: t.Final[Mapping[str, str]] = {
    "user": "{iam}:user/jane",
    "workload user": "{iam}:user/workload/backup",
    "group": "{iam}:group/developers",
    "role": "{iam}:role/application",
    "policy": "{iam}:policy/iam-hardening/boundary/developer",
    "automation role": "{iam}:role/iam-hardening/automation",
    "assessor role": "{iam}:role/iam-hardening/assessor",
    "break-glass role": "{iam}:role/iam-hardening/break-glass",
    "event role": "{iam}:role/iam-hardening/iam-hardening-event-forwarding",
    "service-linked role": "{iam}:role/aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer",
    "control tower role": "{iam}:role/aws-controltower-ForwardSnsNotificationRole",
    "bucket": "arn:{partition}:s3:::example-{account}",
    "object": "arn:{partition}:s3:::example-{account}/data/object",
    "table": "arn:{partition}:dynamodb:{region}:{account}:table/example",
    "queue": "arn:{partition}:sqs:{region}:{account}:example",
    "key": "arn:{partition}:kms:{region}:{account}:key/11111111-2222-3333-4444-555555555555",
    "logs": "arn:{partition}:logs:{region}:{account}:log-group:/example:log-stream:1",
    "secret": "arn:{partition}:secretsmanager:{region}:{account}:secret:example-AbCdEf",
    "function": "arn:{partition}:lambda:{region}:{account}:function:example",
    "stack": "arn:{partition}:cloudformation:{region}:{account}:stack/example/11111111-2222-3333-4444-555555555555",
    "instance": "arn:{partition}:ec2:{region}:{account}:instance/i-0123456789abcdef0",
    "analyzer": "arn:{partition}:access-analyzer:{region}:{account}:analyzer/iam-hardening-external",
    "alert rule": "arn:{partition}:events:{region}:{account}:rule/iam-hardening-root-activity",
    "alert topic": "arn:{partition}:sns:{region}:{account}:iam-hardening-alerts",
    "alert queue": "arn:{partition}:sqs:{region}:{account}:iam-hardening-alerts-undelivered",
    "config rule": "arn:{partition}:config:{region}:{account}:config-rule/config-rule-abcdef",
    "config recorder": "arn:{partition}:config:{region}:{account}:configuration-recorder/default/abcdef",
    "organization config rule": "arn:{partition}:config:{region}:{account}:organization-config-rule/example-abcdef",
    "hub": "arn:{partition}:securityhub:{region}:{account}:hub/default",
    "any": "*",
}
_POLICY_ARN: t.Final = "iam:PolicyARN"
_BOUNDARY: t.Final = "iam:PermissionsBoundary"
_OWNED_TAGS: t.Final[Keys] = (
    ("aws:TagKeys", ("iam-hardening:managed", "iam-hardening:collection-version")),
    ("aws:RequestTag/iam-hardening:managed", "true"),
    ("aws:RequestTag/iam-hardening:collection-version", "1.0.0"),
)
_STAGE_TAGS: t.Final[Keys] = (("aws:TagKeys", ("iam-hardening:stage",)),)
_PASSED: t.Final[Keys] = (("iam:PassedToService", "lambda.amazonaws.com"),)
_PASSED_TO_EVENTS: t.Final[Keys] = (("iam:PassedToService", "events.amazonaws.com"),)
_FOR_ANALYZERS: t.Final[Keys] = (("iam:AWSServiceName", "access-analyzer.amazonaws.com"),)

# (actions, resources, keys); actions without a service are IAM's.
_Group = tuple[str, str, Keys]

# The writes of this collection's modules: tests/unit holds it against what they declare.
_WRITES: t.Final[tuple[_Group, ...]] = (
    ("DeleteAccountPasswordPolicy UpdateAccountPasswordPolicy", "any", ()),
    (
        "DeleteAccessKey DeleteLoginProfile DeleteSSHPublicKey DeleteServiceSpecificCredential "
        "DeleteSigningCertificate UpdateAccessKey UpdateSSHPublicKey UpdateServiceSpecificCredential "
        "UpdateSigningCertificate DeleteUserPolicy PutUserPolicy",
        "user, workload user",
        (),
    ),
    ("TagUser UntagUser", "user, workload user", _STAGE_TAGS),
    ("AddUserToGroup RemoveUserFromGroup CreateGroup DeleteGroup DeleteGroupPolicy PutGroupPolicy", "group", ()),
    ("AttachGroupPolicy DetachGroupPolicy", "group", ((_POLICY_ARN, "{readonly}"),)),
    ("DeleteRolePolicy PutRolePolicy", "role", ()),
    ("AttachRolePolicy DetachRolePolicy", "role", ((_POLICY_ARN, "{readonly}"),)),
    ("AttachUserPolicy DetachUserPolicy", "user, workload user", ((_POLICY_ARN, "{readonly}"),)),
    ("CreatePolicyVersion DeletePolicy DeletePolicyVersion SetDefaultPolicyVersion", "policy", ()),
    ("CreatePolicy TagPolicy", "policy", _OWNED_TAGS),
    ("PutRolePermissionsBoundary", "role", ((_BOUNDARY, "{boundary}"),)),
    ("DeleteRolePermissionsBoundary", "role", ((_BOUNDARY, "{boundary}"),)),
    ("PutUserPermissionsBoundary DeleteUserPermissionsBoundary", "user", ((_BOUNDARY, "{boundary}"),)),
    ("CreateServiceLinkedRole", "service-linked role", _FOR_ANALYZERS),
    (
        "access-analyzer:ApplyArchiveRule access-analyzer:CreateArchiveRule access-analyzer:DeleteAnalyzer "
        "access-analyzer:DeleteArchiveRule access-analyzer:GenerateFindingRecommendation access-analyzer:UntagResource "
        "access-analyzer:UpdateAnalyzer access-analyzer:UpdateArchiveRule",
        "analyzer",
        (),
    ),
    ("access-analyzer:CreateAnalyzer access-analyzer:TagResource", "analyzer", _OWNED_TAGS),
    ("CreateRole TagRole", "event role", _OWNED_TAGS),
    ("DeleteRole DeleteRolePolicy PutRolePolicy UpdateAssumeRolePolicy", "event role", ()),
    ("PassRole", "event role", _PASSED_TO_EVENTS),
    ("access-analyzer:StartPolicyGeneration events:PutEvents events:PutPermission events:RemovePermission", "any", ()),
    ("events:DeleteRule events:PutTargets events:RemoveTargets events:UntagResource", "alert rule", ()),
    ("events:PutRule events:TagResource", "alert rule", _OWNED_TAGS),
    ("sns:CreateTopic sns:TagResource", "alert topic", _OWNED_TAGS),
    ("sns:DeleteTopic sns:Publish sns:SetTopicAttributes sns:Subscribe sns:Unsubscribe", "alert topic", ()),
    ("sqs:CreateQueue sqs:TagQueue", "alert queue", _OWNED_TAGS),
    ("sqs:DeleteQueue sqs:ReceiveMessage sqs:SetQueueAttributes", "alert queue", ()),
    (
        "securityhub:BatchDisableStandards securityhub:BatchEnableStandards securityhub:BatchImportFindings "
        "securityhub:BatchUpdateFindings securityhub:BatchUpdateStandardsControlAssociations "
        "securityhub:CreateFindingAggregator securityhub:DisableSecurityHub "
        "securityhub:GenerateRecommendedPolicyV2 securityhub:UpdateFindingAggregator "
        "securityhub:UpdateSecurityControl securityhub:UpdateSecurityHubConfiguration",
        "hub",
        (),
    ),
    ("securityhub:EnableSecurityHub securityhub:TagResource", "hub", _OWNED_TAGS),
    ("config:DeleteConfigRule config:UntagResource", "config rule", ()),
    ("config:PutConfigRule config:TagResource", "config rule", _OWNED_TAGS),
    (
        "config:DeleteConfigurationRecorder config:PutConfigurationRecorder config:StartConfigurationRecorder "
        "config:StopConfigurationRecorder",
        "config recorder",
        (),
    ),
    ("config:DeleteDeliveryChannel config:PutDeliveryChannel", "any", ()),
    (
        "config:DeleteOrganizationConfigRule config:PutOrganizationConfigRule",
        "organization config rule",
        (),
    ),
)
# Without these no account is assessed.
_READS: t.Final[tuple[_Group, ...]] = (
    (
        "GenerateCredentialReport GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary "
        "GetCredentialReport ListAccountAliases ListVirtualMFADevices ec2:DescribeRegions "
        "cloudtrail:DescribeTrails access-analyzer:ListAnalyzers config:DescribeConfigurationRecorders "
        "securityhub:DescribeHub",
        "any",
        (),
    ),
    ("GenerateServiceLastAccessedDetails", "role", ()),
)
# With these a boundary, a policy, a role or a resource's policy that went wrong is put right.
_REPAIRS: t.Final[tuple[_Group, ...]] = (
    ("GetAccountAuthorizationDetails ListPolicies ListRoles ListUsers cloudtrail:LookupEvents", "any", ()),
    ("GetRole UpdateAssumeRolePolicy", "role, automation role", ()),
    ("DeleteRolePermissionsBoundary", "role, automation role", ((_BOUNDARY, "{boundary}"),)),
    ("DeleteUserPermissionsBoundary", "user", ((_BOUNDARY, "{boundary}"),)),
    ("DeleteRolePolicy PutRolePolicy", "role, automation role", ()),
    ("AttachRolePolicy DetachRolePolicy", "role, automation role", ((_POLICY_ARN, "{readonly}"),)),
    ("DetachRolePolicy", "role", ((_POLICY_ARN, "{quarantine}"),)),
    ("DetachUserPolicy", "user", ((_POLICY_ARN, "{quarantine}"),)),
    ("DeleteUserPolicy UpdateAccessKey", "user", ()),
    ("s3:DeleteBucketPolicy s3:GetBucketPolicy s3:PutBucketPolicy", "bucket", ()),
    ("kms:GetKeyPolicy kms:PutKeyPolicy", "key", ()),
)
# A principal that can't do these can't see what went wrong.
_FOOTHOLD: t.Final[tuple[_Group, ...]] = (
    ("ListRoles ListUsers s3:ListAllMyBuckets ec2:DescribeInstances cloudtrail:LookupEvents", "any", ()),
    ("GetRole", "role", ()),
)
_LANDING: t.Final[tuple[_Group, ...]] = (
    ("CreateRole DeleteRole PutRolePolicy UpdateAssumeRolePolicy", "control tower role", ()),
    ("AttachRolePolicy", "control tower role", ((_POLICY_ARN, "{readonly}"),)),
    # # The principal that sets up a new account creates the roles of this collection in it.
    ("CreateRole PutRolePolicy", "automation role, assessor role, break-glass role", ()),
    ("cloudformation:CreateStack cloudformation:UpdateStack", "stack", ()),
    ("config:PutConfigurationRecorder", "any", ()),
)
_STACK_SETS: t.Final[tuple[_Group, ...]] = (
    ("CreateRole PutRolePolicy", "automation role, assessor role, break-glass role", ()),
    ("AttachRolePolicy", "automation role", ((_POLICY_ARN, "{readonly}"),)),
    ("cloudformation:CreateStack cloudformation:UpdateStack", "stack", ()),
)
_WORK: t.Final[tuple[_Group, ...]] = (
    ("s3:GetObject s3:PutObject", "object", ()),
    ("dynamodb:GetItem dynamodb:PutItem", "table", ()),
    ("sqs:SendMessage", "queue", ()),
    ("kms:Decrypt", "key", ()),
    ("logs:PutLogEvents", "logs", ()),
    ("secretsmanager:GetSecretValue", "secret", ()),
)
_DEVELOP: t.Final[tuple[_Group, ...]] = (
    ("ec2:DescribeInstances s3:ListAllMyBuckets", "any", ()),
    ("s3:GetObject", "object", ()),
    ("lambda:UpdateFunctionCode", "function", ()),
    ("cloudformation:CreateStack", "stack", ()),
    ("CreateRole", "role", ((_BOUNDARY, "{boundary}"),)),
    ("CreateRole", "role", ()),
    ("PassRole", "role", _PASSED),
)
_SELF_SERVICE: t.Final[tuple[_Group, ...]] = (
    ("ChangePassword GetUser ListMFADevices EnableMFADevice ResyncMFADevice", "user", ()),
    ("sts:GetSessionToken", "any", ()),
)
_DAILY: t.Final[tuple[_Group, ...]] = (
    ("ec2:DescribeInstances s3:ListAllMyBuckets ListUsers", "any", ()),
    ("s3:GetObject", "object", ()),
    ("CreateAccessKey", "user", ()),
)
_ROOT: t.Final[tuple[_Group, ...]] = (
    ("s3:ListAllMyBuckets ListUsers ec2:DescribeInstances", "any", ()),
    ("CreateAccessKey", "user", ()),
    ("s3:DeleteBucketPolicy", "bucket", ()),
)
# Actions that AssumeRoot's task policies leave: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
_ROOT_TASKS: t.Final[tuple[_Group, ...]] = (
    (
        "GetLoginProfile DeleteLoginProfile ListAccessKeys DeleteAccessKey ListSigningCertificates "
        "DeleteSigningCertificate ListMFADevices DeactivateMFADevice GetAccountSummary",
        "any",
        (),
    ),
    ("s3:GetBucketPolicy s3:DeleteBucketPolicy", "bucket", ()),
    ("sqs:SetQueueAttributes", "queue", ()),
)
# From the account of an administrator of the organization's policies, these take everything back.
_WAY_BACK: t.Final[tuple[_Group, ...]] = (
    (
        "organizations:AttachPolicy organizations:DescribePolicy organizations:DetachPolicy "
        "organizations:ListPolicies organizations:ListTargetsForPolicy organizations:UpdatePolicy",
        "any",
        (),
    ),
)
_SERVICE_LINKED: t.Final[tuple[_Group, ...]] = (
    ("ec2:DescribeInstances config:PutEvaluations", "any", ()),
    ("s3:PutObject", "object", ()),
)
_ENTER: t.Final[tuple[_Group, ...]] = (("sts:AssumeRole", "automation role, assessor role", ()),)
_SERVICE_ENTERS: t.Final[tuple[_Group, ...]] = (("sts:AssumeRole", "role", ()),)
_TOKEN_ENTERS: t.Final[tuple[_Group, ...]] = (("sts:AssumeRoleWithWebIdentity", "role", ()),)
_FEDERATED: t.Final[tuple[_Group, ...]] = (
    ("ec2:DescribeInstances s3:ListAllMyBuckets", "any", ()),
    ("s3:GetObject", "object", ()),
)
_FORWARDED: t.Final[tuple[_Group, ...]] = (
    ("ec2:DescribeInstances", "any", ()),
    ("s3:GetObject", "object", ()),
    ("kms:Decrypt", "key", ()),
)

#: The sets of requests, by name.
SETS: t.Final[Mapping[str, tuple[_Group, ...]]] = {
    "automation": (*_WRITES, *_READS),
    "assessor": _READS,
    "repairs": _REPAIRS,
    "foothold": _FOOTHOLD,
    "landing": _LANDING,
    "stack sets": _STACK_SETS,
    "work": _WORK,
    "develop": _DEVELOP,
    "self service": _SELF_SERVICE,
    "daily": _DAILY,
    "root": _ROOT,
    "root tasks": _ROOT_TASKS,
    "way back": _WAY_BACK,
    "service-linked": _SERVICE_LINKED,
    "enter": _ENTER,
    "service enters": _SERVICE_ENTERS,
    "token enters": _TOKEN_ENTERS,
    "federated": _FEDERATED,
    "forwarded": _FORWARDED,
}

# Services whose calls all go to one region of the partition, whatever region the caller works in:
# https://docs.aws.amazon.com/general/latest/gr/rande.html#global-endpoints
_GLOBAL: t.Final = ("iam", "organizations")


def asks_of(names: Iterable[str], *, partition: str, account_id: str, region: str, home: str) -> tuple[Ask, ...]:
    """The requests of some sets in one account; ``home`` is the region in which the partition's IAM is."""
    iam = f"arn:{partition}:iam::{account_id}"
    words = {
        "iam": iam,
        "partition": partition,
        "account": account_id,
        "region": region,
        "boundary": f"{iam}:policy/iam-hardening/boundary/developer",
        "readonly": f"arn:{partition}:iam::aws:policy/ReadOnlyAccess",
        "quarantine": f"{iam}:policy/iam-hardening/quarantine-deny-all",
    }
    found: dict[Ask, None] = {}
    for name in names:
        for actions, resources, keys in SETS[name]:
            for ask in _asks(actions, resources, keys, words, home):
                found[ask] = None
    return tuple(found)


def _asks(actions: str, resources: str, keys: Keys, words: Mapping[str, str], home: str) -> Iterable[Ask]:
    given = tuple((key, value.format(**words) if isinstance(value, str) else value) for key, value in keys)
    for resource in resources.split(", "):
        arn = _RESOURCES[resource].format(**words)
        for action in actions.split():
            full = action if ":" in action else f"iam:{action}"
            region = home if full.partition(":")[0] in _GLOBAL else words["region"]
            yield Ask(full, arn, (*given, ("aws:RequestedRegion", region)))
