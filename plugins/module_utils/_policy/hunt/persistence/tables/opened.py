# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What lets others in besides policies: networks, copies, servers and subscriptions."""

from __future__ import annotations

import typing as t

from ..conditions import adds, sets, turns_off
from ..model import Call, Condition, Family, Rule, always

_BEFORE: t.Final = "the event does not show what was there before: "
_OPEN: t.Final = "others may use it at any moment"
_BUCKET: t.Final = "arn:{@partition}:s3:::{bucketName}"
_BLOCK: t.Final = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def _open(
    source: str,
    names: str,
    target: str,
    undo: t.Optional[Call] = None,
    note: str = _OPEN,
    *,
    is_urgent: bool = False,
    applies: Condition = always,
    model: t.Optional[str] = None,
) -> Rule:
    return Rule(
        source=source,
        names=tuple(names.split()),
        target=target,
        family=Family.SHARING,
        undo=undo,
        note=note,
        is_urgent=is_urgent,
        applies=applies,
        models=(model or source,) if model != "" else (),
    )


_NETWORKS: t.Final = (
    _open(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        "{groupId|groupName}",
        Call(
            "ec2",
            "RevokeSecurityGroupIngress",
            {"?GroupId": "{groupId}", "SecurityGroupRuleIds": "{>securityGroupRuleId*}"},
        ),
        is_urgent=True,
    ),
    _open(
        "ec2",
        "CreateTrafficMirrorSession",
        "{>trafficMirrorSessionId}",
        Call("ec2", "DeleteTrafficMirrorSession", {"TrafficMirrorSessionId": "{>trafficMirrorSessionId}"}),
        "it copies the traffic of a machine to somebody",
        is_urgent=True,
    ),
    _open(
        "ec2",
        "CreateVpcPeeringConnection",
        "{>vpcPeeringConnectionId}",
        Call("ec2", "DeleteVpcPeeringConnection", {"VpcPeeringConnectionId": "{>vpcPeeringConnectionId}"}),
    ),
    _open(
        "ec2",
        "AcceptVpcPeeringConnection",
        "{vpcPeeringConnectionId}",
        Call("ec2", "DeleteVpcPeeringConnection", {"VpcPeeringConnectionId": "{vpcPeeringConnectionId}"}),
    ),
)

_COPIES: t.Final = (
    _open(
        "ec2",
        "CreateSnapshot",
        "{>snapshotId}",
        Call("ec2", "DeleteSnapshot", {"SnapshotId": "{>snapshotId}"}),
        "a backup makes snapshots as well: look at it first",
    ),
    _open(
        "ec2",
        "CreateInstanceExportTask",
        "{>exportTaskId}",
        Call("ec2", "CancelExportTask", {"ExportTaskId": "{>exportTaskId}"}),
        "an export that has ended is in the bucket of the request",
        is_urgent=True,
    ),
    _open(
        "ec2",
        "DisableSnapshotBlockPublicAccess",
        "{@account}",
        Call("ec2", "EnableSnapshotBlockPublicAccess", {"State": "block-all-sharing"}),
        "snapshots of the region can be made public",
    ),
    _open(
        "ec2",
        "DisableImageBlockPublicAccess",
        "{@account}",
        Call("ec2", "EnableImageBlockPublicAccess", {"ImageBlockPublicAccessState": "block-new-sharing"}),
        "images of the region can be made public",
    ),
    _open(
        "rds",
        "CreateDBSnapshot",
        "{>dBSnapshotArn|dBSnapshotIdentifier}",
        Call("rds", "DeleteDBSnapshot", {"DBSnapshotIdentifier": "{dBSnapshotIdentifier}"}),
        "a backup makes snapshots as well: look at it first",
    ),
    _open(
        "rds",
        "ModifyDBInstance",
        "{dBInstanceIdentifier}",
        Call(
            "rds",
            "ModifyDBInstance",
            {
                "DBInstanceIdentifier": "{dBInstanceIdentifier}",
                "PubliclyAccessible": False,
                "ApplyImmediately": True,
            },
        ),
        "the database can be reached from the internet",
        is_urgent=True,
        applies=sets("publiclyAccessible", "true"),
    ),
    _open(
        "redshift",
        "AuthorizeSnapshotAccess",
        "{snapshotIdentifier|snapshotArn}",
        Call(
            "redshift",
            "RevokeSnapshotAccess",
            {
                "?SnapshotIdentifier": "{snapshotIdentifier}",
                "?SnapshotArn": "{snapshotArn}",
                "AccountWithRestoreAccess": "{accountWithRestoreAccess}",
            },
        ),
        "a copy that another account has made stays there",
        is_urgent=True,
    ),
    _open(
        "datasync",
        "CreateTask",
        "{>taskArn}",
        Call("datasync", "DeleteTask", {"TaskArn": "{>taskArn}"}),
        "what it has copied stays there",
    ),
)

_BUCKETS: t.Final = (
    _open(
        "s3",
        "DeleteBucketPublicAccessBlock PutBucketPublicAccessBlock",
        _BUCKET,
        Call("s3", "PutPublicAccessBlock", {"Bucket": "{bucketName}", "PublicAccessBlockConfiguration": _BLOCK}),
        "a policy or an ACL of the bucket can be public",
        is_urgent=True,
        applies=turns_off("PublicAccessBlockConfiguration"),
        model="",
    ),
    _open(
        "s3",
        "DeleteAccountPublicAccessBlock PutAccountPublicAccessBlock",
        "{@account}",
        Call(
            "s3control",
            "PutPublicAccessBlock",
            {"AccountId": "{@account}", "PublicAccessBlockConfiguration": _BLOCK},
        ),
        "policies and ACLs of all buckets can be public",
        is_urgent=True,
        applies=turns_off("PublicAccessBlockConfiguration"),
        model="",
    ),
    _open(
        "s3",
        "PutObjectAcl",
        _BUCKET + "/{key}",
        Call("s3", "PutObjectAcl", {"Bucket": "{bucketName}", "Key": "{key}", "ACL": "private"}),
        _BEFORE + "another grant may have been there",
        is_urgent=True,
    ),
    _open(
        "s3",
        "DeleteBucketPolicy",
        _BUCKET,
        None,
        _BEFORE + "if the policy denied something, write it again",
    ),
)

_SERVICES: t.Final = (
    _open(
        "lambda",
        "AddLayerVersionPermission",
        "{layerName}",
        Call(
            "lambda",
            "RemoveLayerVersionPermission",
            {"LayerName": "{layerName}", "VersionNumber": "{versionNumber#}", "StatementId": "{statementId}"},
        ),
    ),
    _open(
        "ssm",
        "ModifyDocumentPermission",
        "{name}",
        Call(
            "ssm",
            "ModifyDocumentPermission",
            {"Name": "{name}", "PermissionType": "Share", "AccountIdsToRemove": "{accountIdsToAdd*}"},
        ),
        applies=adds("accountIdsToAdd*"),
    ),
    _open(
        "logs",
        "PutSubscriptionFilter",
        "{logGroupName}",
        Call("logs", "DeleteSubscriptionFilter", {"logGroupName": "{logGroupName}", "filterName": "{filterName}"}),
        "it sends the events of the log group to somebody",
    ),
    _open(
        "backup",
        "PutBackupVaultAccessPolicy",
        "{backupVaultName}",
        Call("backup", "DeleteBackupVaultAccessPolicy", {"BackupVaultName": "{backupVaultName}"}),
        _BEFORE + "a policy may have been there, which denied or gave something",
    ),
    _open(
        "events",
        "PutPermission",
        "{eventBusName|statementId|@account}",
        Call("events", "RemovePermission", {"StatementId": "{statementId}", "?EventBusName": "{eventBusName}"}),
    ),
    _open(
        "ecr",
        "PutRegistryPolicy",
        "{>registryId|@account}",
        Call("ecr", "DeleteRegistryPolicy"),
        _BEFORE + "a policy may have been there, which denied or gave something",
    ),
    _open(
        "transfer",
        "CreateServer",
        "{>serverId}",
        Call("transfer", "DeleteServer", {"ServerId": "{>serverId}"}),
    ),
    _open(
        "transfer",
        "CreateUser",
        "{userName}",
        Call("transfer", "DeleteUser", {"ServerId": "{serverId}", "UserName": "{userName}"}),
    ),
    _open(
        "appsync",
        "CreateApiKey",
        "{apiId}",
        Call("appsync", "DeleteApiKey", {"apiId": "{apiId}", "id": "{>id}"}),
    ),
)

OPENED_RULES: t.Final[tuple[Rule, ...]] = (*_NETWORKS, *_COPIES, *_BUCKETS, *_SERVICES)
