# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is shared with others: how to see whether they are still there."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .probe import (
    Answer,
    Judgement,
    Key,
    Probe,
    holds_document,
    holds_statement,
    lists,
    look_up,
    name_parameters,
    split_parts,
)

_NO_RESOURCE: t.Final = ("ResourceNotFoundException",)


def _gives_others(answer: Answer, key: Key) -> Judgement:
    """Whether an access list gives something to anybody but the owner."""
    owner = look_up(answer, ("Owner", "ID"))
    return any((one.get("Grantee") or {}).get("ID") != owner for one in answer.get("Grants") or ())


def _restores(result: str, attributes: str) -> Callable[[Answer, Key], Judgement]:
    def judge(answer: Answer, key: Key) -> Judgement:
        listed = look_up(answer, (result, attributes)) or ()
        today = {who for one in listed if one.get("AttributeName") == "restore" for who in one["AttributeValues"]}
        return bool(today & set(split_parts(key[1])))

    return judge


_SHARED: t.Final = (
    Probe(
        "s3.policy",
        "s3",
        "GetBucketPolicy",
        lambda key: {"Bucket": key[0]},
        holds_document("Policy"),
        ("NoSuchBucketPolicy", "NoSuchBucket"),
    ),
    Probe("s3.acl", "s3", "GetBucketAcl", name_parameters("Bucket"), _gives_others, ("NoSuchBucket",)),
    Probe(
        "s3.replication",
        "s3",
        "GetBucketReplication",
        name_parameters("Bucket"),
        absent=("ReplicationConfigurationNotFoundError", "NoSuchBucket"),
    ),
    Probe(
        "kms.policy",
        "kms",
        "GetKeyPolicy",
        lambda key: {"KeyId": key[0], "PolicyName": "default"},
        holds_document("Policy"),
        ("NotFoundException",),
    ),
    Probe(
        "kms.grant",
        "kms",
        "ListGrants",
        lambda key: {"KeyId": key[0]},
        lists("Grants", "GrantId", 1),
        ("NotFoundException",),
        items="Grants",
    ),
    Probe(
        "rds.snapshot_share",
        "rds",
        "DescribeDBSnapshotAttributes",
        lambda key: {"DBSnapshotIdentifier": key[0]},
        _restores("DBSnapshotAttributesResult", "DBSnapshotAttributes"),
        ("DBSnapshotNotFound",),
    ),
    Probe(
        "rds.cluster_share",
        "rds",
        "DescribeDBClusterSnapshotAttributes",
        lambda key: {"DBClusterSnapshotIdentifier": key[0]},
        _restores("DBClusterSnapshotAttributesResult", "DBClusterSnapshotAttributes"),
        ("DBClusterSnapshotNotFoundFault",),
    ),
    Probe(
        "secretsmanager.policy",
        "secretsmanager",
        "GetResourcePolicy",
        lambda key: {"SecretId": key[0]},
        holds_document("ResourcePolicy"),
        _NO_RESOURCE,
    ),
    Probe(
        "secretsmanager.deleted",
        "secretsmanager",
        "DescribeSecret",
        name_parameters("SecretId"),
        lambda answer, key: answer.get("DeletedDate") is not None,
        _NO_RESOURCE,
        if_absent=True,
    ),
    Probe(
        "ecr.policy",
        "ecr",
        "GetRepositoryPolicy",
        lambda key: {"repositoryName": key[0]},
        holds_document("policyText"),
        ("RepositoryPolicyNotFoundException", "RepositoryNotFoundException"),
    ),
    Probe(
        "sns.permission",
        "sns",
        "GetTopicAttributes",
        lambda key: {"TopicArn": key[0]},
        holds_statement("Attributes", "Policy"),
        ("NotFound",),
    ),
    Probe(
        "sns.policy",
        "sns",
        "GetTopicAttributes",
        lambda key: {"TopicArn": key[0]},
        holds_document("Attributes", "Policy"),
        ("NotFound",),
    ),
    Probe(
        "sqs.permission",
        "sqs",
        "GetQueueAttributes",
        lambda key: {"QueueUrl": key[0], "AttributeNames": ["Policy"]},
        holds_statement("Attributes", "Policy"),
        ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ),
    Probe(
        "sqs.policy",
        "sqs",
        "GetQueueAttributes",
        lambda key: {"QueueUrl": key[0], "AttributeNames": ["Policy"]},
        holds_document("Attributes", "Policy"),
        ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ),
    Probe(
        "ram.share",
        "ram",
        "GetResourceShares",
        lambda key: {"resourceOwner": "SELF", "resourceShareArns": [key[0]]},
        lambda answer, key: any(one.get("status") != "DELETED" for one in answer.get("resourceShares") or ()),
        ("UnknownResourceException",),
    ),
    Probe(
        "dynamodb.policy",
        "dynamodb",
        "GetResourcePolicy",
        lambda key: {"ResourceArn": key[0]},
        holds_document("Policy"),
        ("PolicyNotFoundException", "ResourceNotFoundException"),
    ),
)

SHARED_PROBES: t.Final[tuple[Probe, ...]] = _SHARED
