# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Sharing with others, and what was taken along."""

from __future__ import annotations

import typing as t

from ..conditions import adds, is_recoverable, sets
from ..deadlines import find_secret_deletion
from ..model import Call, Check, Condition, Deadline, Family, Rule, always

_BUCKET: t.Final = "arn:{@partition}:s3:::{bucketName}"
_SECRET: t.Final = "{>aRN|secretId}"
_BEFORE: t.Final = "the event does not show what was there before: "
_TAKEN: t.Final = "what was read stays known: change the secret"


def _share(
    source: str,
    names: str,
    target: str,
    undo: t.Optional[Call] = None,
    check: t.Optional[tuple[str, ...]] = None,
    note: str = "",
    *,
    is_urgent: bool = False,
    is_read: bool = False,
    is_global: bool = False,
    deadline: t.Optional[Deadline] = None,
    applies: Condition = always,
    model: str = "",
) -> Rule:
    return Rule(
        source=source,
        names=tuple(names.split()),
        target=target,
        family=Family.SHARING,
        undo=undo,
        check=Check(check[0], check[1:], is_global) if check else None,
        note=note,
        is_urgent=is_urgent,
        is_read=is_read,
        deadline=deadline,
        models=(model or source,),
        applies=applies,
    )


_ACCOUNTS: t.Final = "{createVolumePermission.add.userId*|userIds*|userId*}"
_GROUPS: t.Final = "{createVolumePermission.add.group*|groupNames*|group*}"
_LAUNCH_ACCOUNTS: t.Final = "{launchPermission.add.userId*|userIds*|userId*}"
_LAUNCH_GROUPS: t.Final = "{launchPermission.add.group*|userGroups*|group*}"

_BUCKETS: t.Final = (
    _share(
        "s3",
        "PutBucketPolicy",
        _BUCKET,
        Call("s3", "DeleteBucketPolicy", {"Bucket": "{bucketName}"}),
        ("s3.policy", "{bucketName}", "{bucketPolicy%|policy%}"),
        _BEFORE + "a policy may have been there, which denied or gave something",
        is_urgent=True,
    ),
    _share(
        "s3",
        "PutBucketAcl",
        _BUCKET,
        Call("s3", "PutBucketAcl", {"Bucket": "{bucketName}", "ACL": "private"}),
        ("s3.acl", "{bucketName}"),
        _BEFORE + "another grant may have been there",
        is_urgent=True,
    ),
    _share(
        "s3",
        "PutBucketReplication",
        _BUCKET,
        Call("s3", "DeleteBucketReplication", {"Bucket": "{bucketName}"}),
        ("s3.replication", "{bucketName}"),
        _BEFORE + "other rules may have been there",
        is_urgent=True,
    ),
)

_KEYS: t.Final = (
    _share(
        "kms",
        "PutKeyPolicy",
        "{keyId}",
        None,
        ("kms.policy", "{keyId}", "{policy%}"),
        _BEFORE + "write the key policy of the declaration again",
    ),
    _share(
        "kms",
        "CreateGrant",
        "{keyId}",
        Call("kms", "RevokeGrant", {"KeyId": "{keyId}", "GrantId": "{>grantId}"}),
        ("kms.grant", "{keyId}", "{>grantId}"),
    ),
)

_IMAGES: t.Final = (
    *(
        _share(
            "ec2",
            "ModifySnapshotAttribute",
            "{snapshotId}",
            Call(
                "ec2",
                "ModifySnapshotAttribute",
                {
                    "SnapshotId": "{snapshotId}",
                    "Attribute": "createVolumePermission",
                    "OperationType": "remove",
                    name: who,
                },
            ),
            ("ec2.snapshot_share", "{snapshotId}", who),
            "a copy that another account has made stays there",
            is_urgent=True,
            applies=adds(f"createVolumePermission.add.{member}*"),
        )
        for name, who, member in (("UserIds", _ACCOUNTS, "userId"), ("GroupNames", _GROUPS, "group"))
    ),
    *(
        _share(
            "ec2",
            "ModifyImageAttribute",
            "{imageId}",
            Call(
                "ec2",
                "ModifyImageAttribute",
                {"ImageId": "{imageId}", "Attribute": "launchPermission", "OperationType": "remove", name: who},
            ),
            ("ec2.image_share", "{imageId}", who),
            "a copy that another account has made stays there",
            is_urgent=True,
            applies=adds(f"launchPermission.add.{member}*"),
        )
        for name, who, member in (
            ("UserIds", _LAUNCH_ACCOUNTS, "userId"),
            ("UserGroups", _LAUNCH_GROUPS, "group"),
        )
    ),
    _share(
        "rds",
        "ModifyDBSnapshotAttribute",
        "arn:{@partition}:rds:{@region}:{@account}:snapshot:{dBSnapshotIdentifier}",
        Call(
            "rds",
            "ModifyDBSnapshotAttribute",
            {
                "DBSnapshotIdentifier": "{dBSnapshotIdentifier}",
                "AttributeName": "restore",
                "ValuesToRemove": "{valuesToAdd*}",
            },
        ),
        ("rds.snapshot_share", "{dBSnapshotIdentifier}", "{valuesToAdd*}"),
        "a copy that another account has made stays there",
        is_urgent=True,
        applies=adds("valuesToAdd*"),
    ),
    _share(
        "rds",
        "ModifyDBClusterSnapshotAttribute",
        "arn:{@partition}:rds:{@region}:{@account}:cluster-snapshot:{dBClusterSnapshotIdentifier}",
        Call(
            "rds",
            "ModifyDBClusterSnapshotAttribute",
            {
                "DBClusterSnapshotIdentifier": "{dBClusterSnapshotIdentifier}",
                "AttributeName": "restore",
                "ValuesToRemove": "{valuesToAdd*}",
            },
        ),
        ("rds.cluster_share", "{dBClusterSnapshotIdentifier}", "{valuesToAdd*}"),
        "a copy that another account has made stays there",
        is_urgent=True,
        applies=adds("valuesToAdd*"),
    ),
    _share(
        "rds",
        "StartExportTask",
        "{sourceArn}",
        Call("rds", "CancelExportTask", {"ExportTaskIdentifier": "{exportTaskIdentifier}"}),
        None,
        "an export that has ended is in the bucket of the request",
        is_urgent=True,
    ),
)

_POLICIES: t.Final = (
    _share(
        "secretsmanager",
        "PutResourcePolicy",
        _SECRET,
        Call("secretsmanager", "DeleteResourcePolicy", {"SecretId": "{secretId}"}),
        ("secretsmanager.policy", "{secretId}", "{resourcePolicy%}"),
        _BEFORE + "a policy may have been there",
    ),
    _share(
        "secretsmanager",
        "DeleteSecret",
        _SECRET,
        Call("secretsmanager", "RestoreSecret", {"SecretId": "{secretId}"}),
        ("secretsmanager.deleted", "{secretId}"),
        deadline=find_secret_deletion,
        applies=is_recoverable,
    ),
    _share(
        "ecr",
        "SetRepositoryPolicy",
        "arn:{@partition}:ecr:{@region}:{@account}:repository/{repositoryName}",
        Call("ecr", "DeleteRepositoryPolicy", {"repositoryName": "{repositoryName}"}),
        ("ecr.policy", "{repositoryName}", "{policyText%}"),
        _BEFORE + "a policy may have been there",
    ),
    _share(
        "sns",
        "AddPermission",
        "{topicArn}",
        Call("sns", "RemovePermission", {"TopicArn": "{topicArn}", "Label": "{label}"}),
        ("sns.permission", "{topicArn}", "{label}"),
    ),
    _share(
        "sqs",
        "AddPermission",
        "{queueUrl}",
        Call("sqs", "RemovePermission", {"QueueUrl": "{queueUrl}", "Label": "{label}"}),
        ("sqs.permission", "{queueUrl}", "{label}"),
    ),
    _share(
        "sns",
        "SetTopicAttributes",
        "{topicArn}",
        None,
        ("sns.policy", "{topicArn}", "{attributeValue%}"),
        _BEFORE + "write the policy of the declaration again",
        applies=sets("attributeName", "policy"),
    ),
    _share(
        "sqs",
        "SetQueueAttributes",
        "{queueUrl}",
        None,
        ("sqs.policy", "{queueUrl}", "{attributes.policy%}"),
        _BEFORE + "write the policy of the declaration again",
        applies=adds("attributes.policy%"),
    ),
    _share(
        "ram",
        "CreateResourceShare",
        "{>resourceShareArn}",
        Call("ram", "DeleteResourceShare", {"resourceShareArn": "{>resourceShareArn}"}),
        ("ram.share", "{>resourceShareArn}"),
        is_urgent=True,
    ),
    _share(
        "dynamodb",
        "PutResourcePolicy",
        "{resourceArn}",
        Call("dynamodb", "DeleteResourcePolicy", {"ResourceArn": "{resourceArn}"}),
        ("dynamodb.policy", "{resourceArn}", "{policy%}"),
        _BEFORE + "a policy may have been there",
    ),
)

_READ: t.Final = (
    _share("secretsmanager", "GetSecretValue", _SECRET, note=_TAKEN, is_read=True),
    _share("secretsmanager", "BatchGetSecretValue", "{secretIdList*|@account}", note=_TAKEN, is_read=True),
    _share(
        "ssm",
        "GetParameter GetParameters GetParametersByPath GetParameterHistory",
        "{name|names*|path}",
        note=_TAKEN,
        is_read=True,
        applies=sets("withDecryption", "true"),
    ),
    _share("ec2", "GetPasswordData", "{instanceId}", note=_TAKEN, is_read=True),
    _share(
        "dynamodb",
        "ExportTableToPointInTime",
        "{tableArn}",
        note="an export can't be stopped: it is in the bucket of the request",
        is_read=True,
    ),
)

SHARING_RULES: t.Final[tuple[Rule, ...]] = (*_BUCKETS, *_KEYS, *_IMAGES, *_POLICIES, *_READ)
