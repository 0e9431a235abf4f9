# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a call is good for in the hands of an intruder. A failed call has the same class: it shows an intent."""

from __future__ import annotations

import enum
import functools
import re
import typing as t
from collections.abc import Mapping

from ..escalation.methods import METHODS
from .changes import name_of
from .event import Event, list_mappings


class EventClass(enum.StrEnum):
    """The classes of events."""

    RECONNAISSANCE = "reconnaissance"
    ESCALATION = "escalation"
    PERSISTENCE = "persistence"
    IMPACT = "impact"
    DEFENCE_EVASION = "defence_evasion"
    OTHER = "other"


_READ: t.Final = re.compile(
    r"(BatchGet|Check|Count|Describe|Discover|Estimate|Get|Head|List|Lookup|Search|Scan|Query|Simulate|View)[A-Z]?"
)

_DEFENCE_EVASION: t.Final[Mapping[str, frozenset[str]]] = {
    "bedrock": frozenset({"DeleteGuardrail", "DeleteModelInvocationLoggingConfiguration"}),
    "detective": frozenset({"DeleteGraph"}),
    "route53resolver": frozenset({"DeleteResolverQueryLogConfig", "DisassociateResolverQueryLogConfig"}),
    "access-analyzer": frozenset({"CreateArchiveRule", "DeleteAnalyzer", "UpdateArchiveRule"}),
    "cloudtrail": frozenset(
        {
            *("DeleteEventDataStore", "DeleteTrail", "DeregisterOrganizationDelegatedAdmin", "PutEventSelectors"),
            *("PutInsightSelectors", "RemoveTags", "StopEventDataStoreIngestion", "StopLogging"),
            *("UpdateEventDataStore", "UpdateTrail"),
        }
    ),
    "config": frozenset(
        {
            *(
                "DeleteConfigRule",
                "DeleteConfigurationRecorder",
                "DeleteDeliveryChannel",
                "DeleteOrganizationConfigRule",
            ),
            *("PutConfigurationRecorder", "StopConfigurationRecorder"),
        }
    ),
    "ec2": frozenset({"DeleteFlowLogs"}),
    "events": frozenset({"DeleteRule", "DisableRule", "RemoveTargets"}),
    "guardduty": frozenset(
        {
            *(
                "ArchiveFindings",
                "CreateFilter",
                "CreateIPSet",
                "DeleteDetector",
                "DeleteMembers",
                "DeletePublishingDestination",
            ),
            *("DisassociateFromAdministratorAccount", "DisassociateFromMasterAccount", "DisassociateMembers"),
            *("StopMonitoringMembers", "UpdateDetector", "UpdateFilter", "UpdateIPSet"),
        }
    ),
    "iam": frozenset(
        {"DeactivateMFADevice", "DeleteAccountPasswordPolicy", "DeleteVirtualMFADevice", "UpdateAccountPasswordPolicy"}
    ),
    "inspector2": frozenset({"Disable"}),
    "logs": frozenset(
        {
            *("DeleteLogGroup", "DeleteLogStream", "DeleteMetricFilter", "DeleteRetentionPolicy"),
            *("DeleteSubscriptionFilter", "PutRetentionPolicy"),
        }
    ),
    "macie2": frozenset({"DisableMacie"}),
    "monitoring": frozenset({"DeleteAlarms", "DisableAlarmActions"}),
    "organizations": frozenset(
        {
            *(
                "AcceptHandshake",
                "DeletePolicy",
                "DeregisterDelegatedAdministrator",
                "DetachPolicy",
                "DisableAWSServiceAccess",
            ),
            *("DisablePolicyType", "InviteOrganizationToTransferResponsibility", "LeaveOrganization", "MoveAccount"),
            *("RemoveAccountFromOrganization", "UpdatePolicy"),
        }
    ),
    "s3": frozenset({"DeleteBucketLogging", "PutBucketLogging"}),
    "securityhub": frozenset(
        {
            *(
                "BatchDisableStandards",
                "DisableSecurityHub",
                "DisableSecurityHubV2",
                "DisassociateFromAdministratorAccount",
            ),
            *("UpdateStandardsControl", "BatchUpdateStandardsControlAssociations", "DeleteMembers"),
        }
    ),
    "ses": frozenset({"UpdateAccountSendingEnabled"}),
    "account": frozenset({"PutAlternateContact", "StartPrimaryEmailUpdate", "AcceptPrimaryEmailUpdate"}),
    "waf-regional": frozenset({"DeleteWebACL"}),
    "wafv2": frozenset({"DeleteWebACL", "DisassociateWebACL"}),
}
_PERSISTENCE: t.Final[Mapping[str, frozenset[str]]] = {
    "amplify": frozenset({"CreateApp", "UpdateApp"}),
    "apprunner": frozenset({"CreateService", "UpdateService"}),
    "appsync": frozenset({"CreateApiKey"}),
    "ecr": frozenset({"PutImage"}),
    "cloudformation": frozenset(
        {"CreateStack", "CreateStackInstances", "CreateStackSet", "UpdateStack", "UpdateStackSet"}
    ),
    "codebuild": frozenset({"CreateProject", "UpdateProject", "StartBuild"}),
    "cognito-identity": frozenset({"CreateIdentityPool", "SetIdentityPoolRoles"}),
    "ec2": frozenset(
        {
            *(
                "AssociateIamInstanceProfile",
                "AuthorizeSecurityGroupIngress",
                "CreateImage",
                "CreateKeyPair",
                "ImportKeyPair",
            ),
            *(
                "CreateLaunchTemplate",
                "CreateLaunchTemplateVersion",
                "ModifyInstanceAttribute",
                "ReplaceIamInstanceProfileAssociation",
            ),
            *("RunInstances", "RequestSpotInstances", "RequestSpotFleet", "CreateFleet", "CreateNetworkAclEntry"),
            *("AcceptVpcPeeringConnection", "CreateVpcPeeringConnection", "EnableSerialConsoleAccess"),
        }
    ),
    "ec2-instance-connect": frozenset({"SendSSHPublicKey", "SendSerialConsoleSSHPublicKey"}),
    "ecs": frozenset({"RegisterTaskDefinition", "RunTask", "CreateService", "UpdateService"}),
    "eks": frozenset(
        {"AssociateAccessPolicy", "CreateAccessEntry", "CreatePodIdentityAssociation", "UpdateAccessEntry"}
    ),
    "events": frozenset({"PutRule", "PutTargets", "PutPermission"}),
    "glue": frozenset({"CreateDevEndpoint", "CreateJob", "UpdateJob", "UpdateDevEndpoint", "CreateSession"}),
    "iam": frozenset(
        {
            *(
                "AcceptDelegationRequest",
                "AcquireRole",
                "AddClientIDToOpenIDConnectProvider",
                "AddRoleToInstanceProfile",
            ),
            *("AddUserToGroup", "AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy", "ChangePassword"),
            *(
                "CreateAccessKey",
                "CreateDelegationRequest",
                "CreateGroup",
                "CreateInstanceProfile",
                "CreateLoginProfile",
            ),
            *("CreateOpenIDConnectProvider", "CreatePolicy", "CreatePolicyVersion", "CreateRole", "CreateSAMLProvider"),
            *("CreateServiceLinkedRole", "CreateServiceSpecificCredential", "CreateUser", "CreateVirtualMFADevice"),
            *("DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DeleteUserPermissionsBoundary", "DeleteUserPolicy"),
            *("DetachRolePolicy", "DetachUserPolicy", "EnableMFADevice", "EnableOutboundWebIdentityFederation"),
            *("PutAccountProperties", "PutGroupPolicy", "PutRolePermissionsBoundary", "PutRolePolicy"),
            *(
                "PutUserPermissionsBoundary",
                "PutUserPolicy",
                "ResetServiceSpecificCredential",
                "SetDefaultPolicyVersion",
            ),
            *(
                "UpdateAccessKey",
                "UpdateAssumeRolePolicy",
                "UpdateLoginProfile",
                "UpdateOpenIDConnectProviderThumbprint",
            ),
            *(
                "UpdateRole",
                "UpdateSAMLProvider",
                "UploadSSHPublicKey",
                "UploadServerCertificate",
                "UploadSigningCertificate",
            ),
        }
    ),
    "kms": frozenset({"CreateGrant", "PutKeyPolicy"}),
    "lambda": frozenset(
        {
            *("AddLayerVersionPermission", "AddPermission", "CreateEventSourceMapping", "CreateFunction"),
            *("CreateFunctionUrlConfig", "PublishLayerVersion", "UpdateEventSourceMapping", "UpdateFunctionCode"),
            *("UpdateFunctionConfiguration", "UpdateFunctionUrlConfig"),
        }
    ),
    "lightsail": frozenset({"CreateInstances", "DownloadDefaultKeyPair", "GetInstanceAccessDetails"}),
    "rolesanywhere": frozenset(
        {
            "CreateProfile",
            "CreateTrustAnchor",
            "EnableProfile",
            "EnableTrustAnchor",
            "UpdateProfile",
            "UpdateTrustAnchor",
        }
    ),
    "sagemaker": frozenset(
        {
            *("CreateNotebookInstance", "CreateNotebookInstanceLifecycleConfig", "CreatePresignedDomainUrl"),
            *("CreatePresignedNotebookInstanceUrl", "CreateProcessingJob", "CreateTrainingJob"),
        }
    ),
    "scheduler": frozenset({"CreateSchedule", "UpdateSchedule"}),
    "signin": frozenset(
        {
            *("AuthorizeOAuth2Access", "CreateBearerToken", "CreateOAuth2Token", "GetSigninToken"),
            *("PutConsoleAuthorizationConfiguration", "PutResourcePermissionStatement"),
        }
    ),
    "ssm": frozenset(
        {
            *("CreateAssociation", "ResumeSession", "SendCommand", "StartAutomationExecution", "StartSession"),
            "UpdateDocument",
        }
    ),
    "sso": frozenset(
        {
            *("AttachManagedPolicyToPermissionSet", "CreateAccountAssignment", "CreateApplication", "CreateInstance"),
            *(
                "CreatePermissionSet",
                "CreateTrustedTokenIssuer",
                "ProvisionPermissionSet",
                "PutInlinePolicyToPermissionSet",
            ),
        }
    ),
    "sso-directory": frozenset({"AddMemberToGroup", "CreateUser", "CreateGroup", "UpdatePassword"}),
    "identitystore": frozenset({"CreateGroupMembership", "CreateUser", "CreateGroup"}),
    "states": frozenset({"CreateStateMachine", "UpdateStateMachine"}),
    # Both live on after the key is deactivated.
    "sts": frozenset({"GetFederationToken", "GetSessionToken", "GetWebIdentityToken"}),
}
_ESCALATION: t.Final[Mapping[str, frozenset[str]]] = {
    "sts": frozenset(
        {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetScopedCredentials"}
    ),
    "signin": frozenset({"SwitchRole"}),
}
_IMPACT: t.Final[Mapping[str, frozenset[str]]] = {
    "account": frozenset({"CloseAccount", "EnableRegion"}),
    "backup": frozenset({"DeleteBackupVault", "DeleteRecoveryPoint", "PutBackupVaultAccessPolicy"}),
    "datasync": frozenset({"CreateTask", "StartTaskExecution"}),
    "elasticfilesystem": frozenset({"DeleteFileSystem"}),
    "logs": frozenset({"PutSubscriptionFilter"}),
    "redshift": frozenset({"AuthorizeSnapshotAccess", "DeleteCluster"}),
    "transfer": frozenset({"CreateServer", "CreateUser"}),
    "bedrock": frozenset(
        {
            *("Converse", "ConverseStream", "CreateFoundationModelAgreement", "InvokeModel"),
            *("InvokeModelWithResponseStream", "PutFoundationModelEntitlement", "PutUseCaseForModelAccess"),
        }
    ),
    "dynamodb": frozenset({"DeleteTable", "ExportTableToPointInTime"}),
    "ec2": frozenset(
        {
            *(
                "CreateSnapshot",
                "DeleteSnapshot",
                "DeleteVolume",
                "DisableEbsEncryptionByDefault",
                "ExportImage",
                "GetPasswordData",
            ),
            *(
                "ModifyImageAttribute",
                "ModifySnapshotAttribute",
                "StopInstances",
                "TerminateInstances",
                "CreateInstanceExportTask",
                "CreateTrafficMirrorSession",
                "DisableImageBlockPublicAccess",
                "DisableSnapshotBlockPublicAccess",
            ),
        }
    ),
    "ecr": frozenset({"SetRepositoryPolicy", "DeleteRepository", "PutRegistryPolicy"}),
    "iam": frozenset({"DeleteRole", "DeleteUser", "DeleteLoginProfile"}),
    "kms": frozenset({"DeleteImportedKeyMaterial", "DisableKey", "ScheduleKeyDeletion"}),
    "organizations": frozenset({"CloseAccount", "CreateAccount"}),
    "rds": frozenset(
        {
            *(
                "CreateDBSnapshot",
                "DeleteDBCluster",
                "DeleteDBInstance",
                "DeleteDBSnapshot",
                "ModifyDBClusterSnapshotAttribute",
            ),
            *("ModifyDBCluster", "ModifyDBInstance", "ModifyDBSnapshotAttribute", "StartExportTask"),
        }
    ),
    "s3": frozenset(
        {
            *(
                "DeleteBucket",
                "DeleteBucketEncryption",
                "DeleteBucketPolicy",
                "DeleteBucketPublicAccessBlock",
                "DeleteObject",
            ),
            *(
                "DeleteObjects",
                "PutAccountPublicAccessBlock",
                "PutBucketAcl",
                "PutBucketEncryption",
                "PutBucketLifecycle",
            ),
            *(
                "PutBucketLifecycleConfiguration",
                "PutBucketPolicy",
                "PutBucketPublicAccessBlock",
                "PutBucketReplication",
            ),
            *("DeleteAccountPublicAccessBlock", "PutBucketVersioning", "PutObjectAcl"),
        }
    ),
    "secretsmanager": frozenset(
        {"BatchGetSecretValue", "DeleteSecret", "GetSecretValue", "PutResourcePolicy", "PutSecretValue"}
    ),
    "servicequotas": frozenset({"RequestServiceQuotaIncrease"}),
    "ses": frozenset(
        {
            "CreateEmailIdentity",
            "PutAccountDetails",
            "SendEmail",
            "SendRawEmail",
            "VerifyEmailIdentity",
            "VerifyDomainIdentity",
        }
    ),
    "sns": frozenset({"Publish", "SetSMSAttributes"}),
    "sqs": frozenset({"DeleteQueue", "PurgeQueue"}),
    "ssm": frozenset({"GetParameter", "GetParameters", "GetParametersByPath", "ModifyDocumentPermission"}),
}
_TABLES: t.Final = (
    (EventClass.DEFENCE_EVASION, _DEFENCE_EVASION),
    (EventClass.PERSISTENCE, _PERSISTENCE),
    (EventClass.ESCALATION, _ESCALATION),
    (EventClass.IMPACT, _IMPACT),
)
# Machines that are rented to mine coins or to train models.
_COSTLY: t.Final = re.compile(r"(p|g|gr|trn|inf|dl|vt|f)\d[\w-]*\.|\S+\.(metal|(16|24|32|48)xlarge)")
_MANY_INSTANCES: t.Final = 10
# Reads of objects and messages are what workloads do all day.
_DATA: t.Final = frozenset(
    {("s3", "GetObject"), ("s3", "HeadObject"), ("dynamodb", "GetItem"), ("dynamodb", "BatchGetItem")}
)


def classify(event: Event) -> EventClass:
    """Find the class of an event."""
    service, name = event.service, name_of(event)
    if (service, name) in _DATA:
        return EventClass.OTHER
    if service == "ec2" and name == "RunInstances" and _is_costly(event):
        return EventClass.IMPACT
    for found, table in _TABLES:
        if name in table.get(service, ()):
            own = found is EventClass.PERSISTENCE and _raises_itself(event, f"{service}:{name}")
            return EventClass.ESCALATION if own else found
    if f"{service}:{name}" in _actions_of_methods():
        return EventClass.ESCALATION
    if event.is_read_only or _READ.match(name) or (service, name) == ("sts", "GetCallerIdentity"):
        return EventClass.RECONNAISSANCE
    return EventClass.OTHER


@functools.cache
def _actions_of_methods() -> frozenset[str]:
    """The actions of all known ways to more rights, but for those that only read."""
    return frozenset(
        action for method in METHODS for action in method.actions if not _READ.match(action.partition(":")[2])
    )


@functools.cache
def _actions_on_oneself() -> frozenset[str]:
    return frozenset(action for method in METHODS if method.is_own for action in method.actions)


def _raises_itself(event: Event, action: str) -> bool:
    """Whether a call changes the rights of its own caller, as a known way to more rights does."""
    if action not in _actions_on_oneself():
        return False
    own = event.principal_arn.rpartition("/")[2].lower()
    named = (event.request.get(name) for name in ("userName", "roleName"))
    targets = {target.lower() for target in named if isinstance(target, str)}
    # The methods with policies and groups name no principal.
    return own in targets if targets else action in _WITHOUT_PRINCIPAL


_WITHOUT_PRINCIPAL: t.Final = frozenset(
    {"iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:PutGroupPolicy", "iam:AttachGroupPolicy"}
)


def _is_costly(event: Event) -> bool:
    kind, most = event.request.get("instanceType"), 0
    for item in list_mappings(event.request.get("instancesSet")):
        count = item.get("maxCount")
        most = max(most, count if isinstance(count, int) else 0)
    return most >= _MANY_INSTANCES or (isinstance(kind, str) and bool(_COSTLY.match(kind)))


#: The classes that an intruder's calls have more often than a workload's.
SENSITIVE: t.Final = frozenset(EventClass) - {EventClass.OTHER}
