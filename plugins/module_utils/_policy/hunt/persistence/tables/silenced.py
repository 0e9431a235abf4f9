# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""More ways to blind those who watch, and to lift the limits of others."""

from __future__ import annotations

import typing as t

from ..conditions import mentions, sets_inside
from ..model import Call, Condition, Family, Rule, always

_BEFORE: t.Final = "the event does not show what was there before: write what the declaration says"
_GONE: t.Final = "it has to be made again, by the declaration of the account"
_LOST: t.Final = "its events are lost: other log files may have them"
_DETECTOR: t.Final = "arn:{@partition}:guardduty:{@region}:{@account}:detector/{detectorId}"
_BUCKET: t.Final = "arn:{@partition}:s3:::{bucketName}"


def _blind(
    source: str,
    names: str,
    target: str,
    undo: t.Optional[Call] = None,
    note: str = _GONE,
    *,
    applies: Condition = always,
    is_urgent: bool = False,
    model: str = "",
) -> Rule:
    return Rule(
        source=source,
        names=tuple(names.split()),
        target=target,
        family=Family.BLINDFOLD,
        undo=undo,
        note=note,
        applies=applies,
        is_urgent=is_urgent,
        models=(model or source,),
    )


_RECORDS: t.Final = (
    _blind(
        "cloudtrail",
        "StopEventDataStoreIngestion",
        "{eventDataStore}",
        Call("cloudtrail", "StartEventDataStoreIngestion", {"EventDataStore": "{eventDataStore}"}),
        "",
        is_urgent=True,
    ),
    _blind("cloudtrail", "UpdateEventDataStore", "{eventDataStore}", None, _BEFORE),
    _blind("cloudtrail", "PutInsightSelectors", "{trailName|eventDataStore}", None, _BEFORE),
    _blind(
        "cloudtrail",
        "DeregisterOrganizationDelegatedAdmin",
        "{delegatedAdminAccountId}",
        Call(
            "cloudtrail",
            "RegisterOrganizationDelegatedAdmin",
            {"MemberAccountId": "{delegatedAdminAccountId}"},
        ),
        "",
    ),
    _blind("config", "DeleteConfigRule", "{configRuleName}"),
    _blind("config", "DeleteOrganizationConfigRule", "{organizationConfigRuleName}"),
    _blind("config", "DeleteDeliveryChannel", "{deliveryChannelName}"),
    _blind("config", "PutConfigurationRecorder", "{configurationRecorder.name|name}", None, _BEFORE),
    _blind("logs", "DeleteLogStream", "{logGroupName}:{logStreamName}", None, _LOST),
    _blind("logs", "DeleteMetricFilter DeleteSubscriptionFilter", "{logGroupName}"),
    _blind("logs", "PutRetentionPolicy", "{logGroupName}", None, _BEFORE),
    _blind("route53resolver", "DeleteResolverQueryLogConfig", "{resolverQueryLogConfigId}"),
    _blind(
        "route53resolver",
        "DisassociateResolverQueryLogConfig",
        "{resolverQueryLogConfigId}",
        Call(
            "route53resolver",
            "AssociateResolverQueryLogConfig",
            {"ResolverQueryLogConfigId": "{resolverQueryLogConfigId}", "ResourceId": "{resourceId}"},
        ),
        "",
    ),
    _blind("bedrock", "DeleteModelInvocationLoggingConfiguration", "{@account}"),
    _blind("bedrock", "DeleteGuardrail", "{guardrailIdentifier}"),
    _blind(
        "s3",
        "PutBucketLifecycle PutBucketLifecycleConfiguration",
        _BUCKET,
        Call("s3", "DeleteBucketLifecycle", {"Bucket": "{bucketName}"}),
        _BEFORE + ". Rules that expire objects begin with their next day",
        is_urgent=True,
    ),
    _blind(
        "s3",
        "PutBucketVersioning",
        _BUCKET,
        Call("s3", "PutBucketVersioning", {"Bucket": "{bucketName}", "VersioningConfiguration": {"Status": "Enabled"}}),
        "objects that were overwritten since have no earlier version",
        applies=sets_inside("VersioningConfiguration", "status", "suspended"),
        is_urgent=True,
    ),
    _blind("s3", "PutBucketLogging", _BUCKET, None, _BEFORE),
)

_WATCHERS: t.Final = (
    _blind("guardduty", "DeleteMembers DisassociateMembers", _DETECTOR, None, "invite the members again"),
    _blind(
        "guardduty",
        "StopMonitoringMembers",
        _DETECTOR,
        Call("guardduty", "StartMonitoringMembers", {"DetectorId": "{detectorId}", "AccountIds": "{accountIds*}"}),
        "",
    ),
    _blind("guardduty", "DeletePublishingDestination", _DETECTOR),
    _blind("guardduty", "UpdateIPSet", _DETECTOR + "/ipset/{ipSetId}", None, _BEFORE),
    _blind("guardduty", "UpdateFilter", _DETECTOR + "/filter/{filterName}", None, _BEFORE),
    _blind(
        "guardduty",
        "ArchiveFindings",
        _DETECTOR,
        Call("guardduty", "UnarchiveFindings", {"DetectorId": "{detectorId}", "FindingIds": "{findingIds*}"}),
        "",
    ),
    _blind(
        "securityhub",
        "DeleteMembers DisassociateFromAdministratorAccount",
        "arn:{@partition}:securityhub:{@region}:{@account}:hub/default",
        None,
        "the administrator has to invite the accounts again",
    ),
    _blind("securityhub", "BatchDisableStandards", "{standardsSubscriptionArns*}"),
    _blind("securityhub", "UpdateStandardsControl", "{standardsControlArn}", None, _BEFORE),
    _blind("access-analyzer", "UpdateArchiveRule", "{analyzerName}", None, _BEFORE, model="accessanalyzer"),
    _blind("events", "DeleteRule", "arn:{@partition}:events:{@region}:{@account}:rule/{name}"),
    _blind("events", "RemoveTargets", "arn:{@partition}:events:{@region}:{@account}:rule/{rule}"),
    _blind("macie2", "DisableMacie", "{@account}", Call("macie2", "EnableMacie"), "its findings and settings are lost"),
    _blind(
        "inspector2",
        "Disable",
        "{@account}",
        Call("inspector2", "Enable", {"resourceTypes": ["EC2", "ECR", "LAMBDA"]}),
        "",
    ),
    _blind("detective", "DeleteGraph", "{graphArn}"),
    _blind("wafv2", "DeleteWebACL", "{name}"),
    _blind("wafv2", "DisassociateWebACL", "{resourceArn}", None, _BEFORE),
)

_LIMITS: t.Final = (
    _blind("iam", "DeleteVirtualMFADevice", "{serialNumber}", None, "let its owner enroll a device again"),
    _blind(
        "iam",
        "RemoveUserFromGroup",
        "arn:{@partition}:iam::{@account}:group/{groupName}",
        Call("iam", "AddUserToGroup", {"GroupName": "{groupName}", "UserName": "{userName}"}),
        "look at the group first: this call gives back what it allows, too",
    ),
    _blind(
        "iam",
        "DetachGroupPolicy",
        "arn:{@partition}:iam::{@account}:group/{groupName}",
        Call("iam", "AttachGroupPolicy", {"GroupName": "{groupName}", "PolicyArn": "{policyArn}"}),
        "look at the policy first: this call gives back what it allows, too",
    ),
    _blind(
        "iam",
        "DeleteGroupPolicy",
        "arn:{@partition}:iam::{@account}:group/{groupName}",
        None,
        "the event does not show what was there before: if it was a denial, write it again",
    ),
    _blind("iam", "DeleteAccountPasswordPolicy UpdateAccountPasswordPolicy", "{@account}", None, _BEFORE),
    _blind("ec2", "DisableEbsEncryptionByDefault", "{@account}", Call("ec2", "EnableEbsEncryptionByDefault"), ""),
    _blind(
        "organizations",
        "MoveAccount",
        "{accountId}",
        Call(
            "organizations",
            "MoveAccount",
            {
                "AccountId": "{accountId}",
                "SourceParentId": "{destinationParentId}",
                "DestinationParentId": "{sourceParentId}",
            },
        ),
        "other policies of the organization limit it now",
        is_urgent=True,
    ),
    _blind("organizations", "DeletePolicy", "{policyId}"),
    _blind("organizations", "UpdatePolicy", "{policyId}", None, _BEFORE, is_urgent=True),
    _blind(
        "organizations",
        "RemoveAccountFromOrganization",
        "{accountId}",
        None,
        "invite the account again. No policy of the organization limits it now",
        is_urgent=True,
    ),
    _blind(
        "organizations",
        "DeregisterDelegatedAdministrator",
        "{accountId}",
        Call(
            "organizations",
            "RegisterDelegatedAdministrator",
            {"AccountId": "{accountId}", "ServicePrincipal": "{servicePrincipal}"},
        ),
        "",
    ),
    _blind(
        "organizations",
        "DisableAWSServiceAccess",
        "{servicePrincipal}",
        Call("organizations", "EnableAWSServiceAccess", {"ServicePrincipal": "{servicePrincipal}"}),
        "",
    ),
)

_TAKEOVER: t.Final = (
    _blind(
        "rds",
        "ModifyDBInstance ModifyDBCluster",
        "{dBInstanceIdentifier|dBClusterIdentifier}",
        None,
        "the password of the database was changed: set another one",
        applies=mentions("masterUserPassword"),
        is_urgent=True,
    ),
)

SILENCED_RULES: t.Final[tuple[Rule, ...]] = (*_RECORDS, *_WATCHERS, *_LIMITS, *_TAKEOVER)
