# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that are about certain requests only."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import Family
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.rules import find_rules
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.template import Facts

from .synthetic import event


def families(source: str, name: str, request: t.Any) -> list[Family]:
    """The families of the rules about a request."""
    found = event(source, name, request=request)
    return [rule.family for rule in find_rules(found) if rule.applies(Facts(found))]


@pytest.mark.parametrize(
    ("source", "name", "request_", "count"),
    [
        ("iam", "UpdateAccessKey", {"status": "Active"}, 1),
        ("iam", "UpdateAccessKey", {"status": "Inactive"}, 0),
        ("ec2", "ModifyInstanceAttribute", {"userData": "<sensitiveDataRemoved>"}, 1),
        ("ec2", "ModifyInstanceAttribute", {"ebsOptimized": {"value": True}}, 0),
        ("ec2", "ModifySnapshotAttribute", {"createVolumePermission": {"add": {"items": [{"userId": "9"}]}}}, 1),
        ("ec2", "ModifySnapshotAttribute", {"createVolumePermission": {"add": {"items": [{"group": "all"}]}}}, 1),
        ("ec2", "ModifySnapshotAttribute", {"createVolumePermission": {"remove": {"items": [{"userId": "9"}]}}}, 0),
        ("ec2", "RunInstances", {"instanceType": "t3.micro"}, 1),
        ("ec2", "RunInstances", {"instanceType": "g5.xlarge"}, 2),
        ("ssm", "GetParameter", {"name": "a", "withDecryption": True}, 1),
        ("ssm", "GetParameter", {"name": "a"}, 0),
        ("secretsmanager", "DeleteSecret", {"secretId": "a"}, 1),
        ("secretsmanager", "DeleteSecret", {"secretId": "a", "forceDeleteWithoutRecovery": True}, 0),
        ("sns", "SetTopicAttributes", {"attributeName": "Policy"}, 1),
        ("sns", "SetTopicAttributes", {"attributeName": "DisplayName"}, 0),
        ("sqs", "SetQueueAttributes", {"attributes": {"Policy": "{}"}}, 1),
        ("sqs", "SetQueueAttributes", {"attributes": {"VisibilityTimeout": "30"}}, 0),
        ("guardduty", "UpdateDetector", {"detectorId": "a", "enable": False}, 1),
        ("guardduty", "UpdateDetector", {"detectorId": "a", "enable": True}, 0),
        ("s3", "PutBucketVersioning", {"bucketName": "a", "VersioningConfiguration": {"Status": "Suspended"}}, 1),
        ("s3", "PutBucketVersioning", {"bucketName": "a", "VersioningConfiguration": {"Status": "Enabled"}}, 0),
        ("s3", "PutBucketVersioning", {"bucketName": "a", "VersioningConfiguration": "Suspended"}, 0),
        ("s3", "DeleteBucketPublicAccessBlock", {"bucketName": "a"}, 1),
        ("s3", "PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": False}}, 1),
        ("s3", "PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}, 0),
        ("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "a", "masterUserPassword": "****"}, 1),
        ("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "a", "publiclyAccessible": True}, 1),
        ("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "a", "publiclyAccessible": False}, 0),
    ],
)
def test_a_rule_is_about_some_requests(source: str, name: str, request_: t.Any, count: int) -> None:
    assert len(families(source, name, request_)) == count


def test_a_secret_that_is_gone_at_once_can_not_be_restored() -> None:
    """It is a loss, and no persistence: nothing waits for anybody."""
    assert families("secretsmanager", "DeleteSecret", {"forceDeleteWithoutRecovery": "true"}) == []
