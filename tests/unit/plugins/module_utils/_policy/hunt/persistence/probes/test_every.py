# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers of AWS say about each kind of object."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.probes.every import PROBES

EVIL: t.Final = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}, "Action": "kms:Decrypt"}
DOCUMENT: t.Final = json.dumps({"Version": "2012-10-17", "Statement": [{**EVIL, "Resource": "*"}]})
OTHER: t.Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "kms:Encrypt", "Resource": "*"}
        ],
    }
)
LABELLED: t.Final = json.dumps({"Statement": [{"Sid": "label", **EVIL}]})

# The kind, the key, an answer with which it is there, and one with which it is not.
ANSWERS: t.Final[list[tuple[str, tuple[str, ...], t.Any, t.Any]]] = [
    ("iam.access_key", ("eve", "AKIA1"), {"AccessKeyMetadata": [{"AccessKeyId": "AKIA1", "Status": "Inactive"}]}, {}),
    (
        "iam.active_access_key",
        ("eve", "AKIA1"),
        {"AccessKeyMetadata": [{"AccessKeyId": "AKIA1", "Status": "Active"}]},
        {"AccessKeyMetadata": [{"AccessKeyId": "AKIA1", "Status": "Inactive"}]},
    ),
    (
        "iam.service_credential",
        ("eve", "ACCA1"),
        {"ServiceSpecificCredentials": [{"ServiceSpecificCredentialId": "ACCA1"}]},
        {"ServiceSpecificCredentials": []},
    ),
    ("iam.ssh_key", ("eve", "APKA1"), {"SSHPublicKeys": [{"SSHPublicKeyId": "APKA1"}]}, {"SSHPublicKeys": []}),
    ("iam.signing_certificate", ("eve", "C1"), {"Certificates": [{"CertificateId": "C1"}]}, {"Certificates": []}),
    ("iam.mfa_device", ("eve", "s1"), {"MFADevices": [{"SerialNumber": "s1"}]}, {"MFADevices": []}),
    ("iam.no_mfa_device", ("eve", "s1"), {"MFADevices": []}, {"MFADevices": [{"SerialNumber": "s1"}]}),
    ("iam.policy_version", ("arn", "v2"), {"Versions": [{"VersionId": "v2"}]}, {"Versions": [{"VersionId": "v1"}]}),
    (
        "iam.default_version",
        ("arn", "v2"),
        {"Versions": [{"VersionId": "v2", "IsDefaultVersion": True}]},
        {"Versions": [{"VersionId": "v2", "IsDefaultVersion": False}, {"VersionId": "v1", "IsDefaultVersion": True}]},
    ),
    ("iam.oidc_client", ("arn", "c"), {"ClientIDList": ["c"]}, {"ClientIDList": ["d"]}),
    ("iam.oidc_thumbprint", ("arn", "AA,bb"), {"ThumbprintList": ["aa"]}, {"ThumbprintList": ["cc"]}),
    ("iam.outbound_federation", (), {"JwtVendingEnabled": True}, {"JwtVendingEnabled": False}),
    ("rolesanywhere.enabled_anchor", ("t",), {"trustAnchor": {"enabled": True}}, {"trustAnchor": {"enabled": False}}),
    ("rolesanywhere.enabled_profile", ("p",), {"profile": {"enabled": True}}, {"profile": {"enabled": False}}),
    ("lambda.code", ("f", "hash"), {"CodeSha256": "hash"}, {"CodeSha256": "later"}),
    ("lambda.permission", ("f", "label", ""), {"Policy": LABELLED}, {"Policy": DOCUMENT}),
    ("lambda.layer", ("l", "3"), {"LayerVersions": [{"Version": 3}]}, {"LayerVersions": [{"Version": 2}]}),
    ("events.disabled_rule", ("r", ""), {"State": "DISABLED"}, {"State": "ENABLED"}),
    ("events.targets", ("r", "", "a,b"), {"Targets": [{"Id": "b"}]}, {"Targets": [{"Id": "c"}]}),
    ("states.machine", ("arn",), {"status": "ACTIVE"}, {"status": "DELETING"}),
    (
        "ec2.instances",
        ("i-1,i-2",),
        {"Reservations": [{"Instances": [{"State": {"Name": "terminated"}}, {"State": {"Name": "stopped"}}]}]},
        {"Reservations": [{"Instances": [{"State": {"Name": "terminated"}}]}]},
    ),
    (
        "ec2.profile_association",
        ("a",),
        {"IamInstanceProfileAssociations": [{"State": "associated"}]},
        {"IamInstanceProfileAssociations": [{"State": "disassociated"}]},
    ),
    ("ec2.key_pair", ("k",), {"KeyPairs": [{}]}, {"KeyPairs": []}),
    ("ec2.image", ("ami",), {"Images": [{}]}, {"Images": []}),
    (
        "ec2.snapshot_share",
        ("snap", "999988887777"),
        {"CreateVolumePermissions": [{"UserId": "999988887777"}]},
        {"CreateVolumePermissions": [{"UserId": "111122223333"}]},
    ),
    (
        "ec2.image_share",
        ("ami", "all"),
        {"LaunchPermissions": [{"Group": "all"}]},
        {"LaunchPermissions": [{"UserId": "999988887777"}]},
    ),
    (
        "cloudformation.stack",
        ("s",),
        {"Stacks": [{"StackStatus": "ROLLBACK_COMPLETE"}]},
        {"Stacks": [{"StackStatus": "DELETE_COMPLETE"}]},
    ),
    ("cloudformation.stack_set", ("s",), {"StackSet": {"Status": "ACTIVE"}}, {"StackSet": {"Status": "DELETED"}}),
    ("codebuild.project", ("p",), {"projects": [{}]}, {"projects": [], "projectsNotFound": ["p"]}),
    (
        "ecs.definition",
        ("d",),
        {"taskDefinition": {"status": "ACTIVE"}},
        {"taskDefinition": {"status": "INACTIVE"}},
    ),
    ("ecs.task", ("", "t"), {"tasks": [{"lastStatus": "RUNNING"}]}, {"tasks": [{"lastStatus": "STOPPED"}]}),
    ("ecs.service", ("", "s"), {"services": [{"status": "ACTIVE"}]}, {"services": [{"status": "INACTIVE"}]}),
    (
        "eks.entry_policy",
        ("c", "p", "arn"),
        {"associatedAccessPolicies": [{"policyArn": "arn"}]},
        {"associatedAccessPolicies": []},
    ),
    (
        "sso.assignment",
        ("i", "a", "p", "u"),
        {"AccountAssignments": [{"PrincipalId": "u"}]},
        {"AccountAssignments": [{"PrincipalId": "v"}]},
    ),
    ("sso.inline", ("i", "p", DOCUMENT), {"InlinePolicy": DOCUMENT}, {"InlinePolicy": ""}),
    (
        "sso.attached",
        ("i", "p", "arn"),
        {"AttachedManagedPolicies": [{"Arn": "arn"}]},
        {"AttachedManagedPolicies": []},
    ),
    ("ram.share", ("arn",), {"resourceShares": [{"status": "ACTIVE"}]}, {"resourceShares": [{"status": "DELETED"}]}),
    ("dynamodb.policy", ("arn", DOCUMENT), {"Policy": DOCUMENT}, {"Policy": OTHER}),
    ("s3.policy", ("b", DOCUMENT), {"Policy": DOCUMENT}, {"Policy": OTHER}),
    (
        "s3.acl",
        ("b",),
        {"Owner": {"ID": "o"}, "Grants": [{"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}}]},
        {"Owner": {"ID": "o"}, "Grants": [{"Grantee": {"ID": "o"}}]},
    ),
    ("kms.policy", ("k", DOCUMENT), {"Policy": DOCUMENT}, {"Policy": OTHER}),
    ("kms.grant", ("k", "g"), {"Grants": [{"GrantId": "g"}]}, {"Grants": []}),
    (
        "rds.snapshot_share",
        ("s", "all"),
        {
            "DBSnapshotAttributesResult": {
                "DBSnapshotAttributes": [{"AttributeName": "restore", "AttributeValues": ["all"]}]
            }
        },
        {"DBSnapshotAttributesResult": {"DBSnapshotAttributes": []}},
    ),
    (
        "rds.cluster_share",
        ("s", "all"),
        {
            "DBClusterSnapshotAttributesResult": {
                "DBClusterSnapshotAttributes": [{"AttributeName": "restore", "AttributeValues": ["all"]}]
            }
        },
        {"DBClusterSnapshotAttributesResult": {"DBClusterSnapshotAttributes": []}},
    ),
    ("secretsmanager.policy", ("s", DOCUMENT), {"ResourcePolicy": DOCUMENT}, {}),
    ("secretsmanager.deleted", ("s",), {"DeletedDate": "2026-12-04"}, {}),
    ("ecr.policy", ("r", DOCUMENT), {"policyText": DOCUMENT}, {"policyText": OTHER}),
    ("sns.permission", ("t", "label"), {"Attributes": {"Policy": LABELLED}}, {"Attributes": {}}),
    ("sns.policy", ("t", DOCUMENT), {"Attributes": {"Policy": DOCUMENT}}, {"Attributes": {"Policy": OTHER}}),
    ("sqs.permission", ("q", "label"), {"Attributes": {"Policy": LABELLED}}, {}),
    ("sqs.policy", ("q", DOCUMENT), {"Attributes": {"Policy": DOCUMENT}}, {}),
    ("account.region", ("r",), {"RegionOptStatus": "ENABLED"}, {"RegionOptStatus": "DISABLED"}),
    (
        "account.contact",
        ("SECURITY", "eve@example.com"),
        {"AlternateContact": {"EmailAddress": "eve@example.com"}},
        {"AlternateContact": {"EmailAddress": "security@example.com"}},
    ),
    ("cloudtrail.stopped", ("t",), {"IsLogging": False}, {"IsLogging": True}),
    (
        "config.stopped",
        ("default",),
        {"ConfigurationRecordersStatus": [{"recording": False}]},
        {"ConfigurationRecordersStatus": [{"recording": True}]},
    ),
    (
        "config.deleted",
        ("default",),
        {"ConfigurationRecordersStatus": []},
        {"ConfigurationRecordersStatus": [{"recording": False}]},
    ),
    ("guardduty.deleted", (), {"DetectorIds": []}, {"DetectorIds": ["another"]}),
    ("guardduty.disabled", ("d",), {"Status": "DISABLED"}, {"Status": "ENABLED"}),
    ("guardduty.filter", ("d", "f"), {"FilterNames": ["f"]}, {"FilterNames": []}),
    ("guardduty.ip_set", ("d", "i"), {"IpSetIds": ["i"]}, {"IpSetIds": []}),
    (
        "kms.pending_deletion",
        ("k",),
        {"KeyMetadata": {"KeyState": "PendingDeletion"}},
        {"KeyMetadata": {"KeyState": "Disabled"}},
    ),
    ("kms.disabled", ("k",), {"KeyMetadata": {"KeyState": "Disabled"}}, {"KeyMetadata": {"KeyState": "Enabled"}}),
    (
        "kms.no_material",
        ("k",),
        {"KeyMetadata": {"KeyState": "PendingImport"}},
        {"KeyMetadata": {"KeyState": "Enabled"}},
    ),
    ("organizations.detached", ("p-1", "t"), {"Targets": []}, {"Targets": [{"TargetId": "t"}]}),
    (
        "organizations.type_disabled",
        ("r-1", "SERVICE_CONTROL_POLICY"),
        {"Roots": [{"Id": "r-1", "PolicyTypes": []}]},
        {"Roots": [{"Id": "r-1", "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]},
    ),
    ("organizations.accepted", ("h",), {"Handshake": {"State": "ACCEPTED"}}, {"Handshake": {"State": "DECLINED"}}),
    ("organizations.requested", ("h",), {"Handshake": {"State": "OPEN"}}, {"Handshake": {"State": "CANCELED"}}),
    ("organizations.closed", ("a",), {"Account": {"Status": "SUSPENDED"}}, {"Account": {"Status": "ACTIVE"}}),
]
#: An answer alone means that it is there, or that it is not.
BY_EXISTENCE: t.Final = {
    **dict.fromkeys(
        [
            "iam.login_profile",
            "rolesanywhere.anchor",
            "rolesanywhere.profile",
            "lambda.function",
            "lambda.url",
            "lambda.event_source",
            "events.rule",
            "scheduler.schedule",
            "ssm.association",
            "ssm.document",
            "glue.job",
            "glue.endpoint",
            "sagemaker.notebook",
            "eks.entry",
            "eks.pod_identity",
            "s3.replication",
            "ses.identity",
            "accessanalyzer.archive_rule",
            "sso.permission_set",
            "sso.token_issuer",
            "sso.instance",
            "identitystore.membership",
            "identitystore.user",
        ],
        True,
    ),
    "cloudtrail.deleted": False,
    "accessanalyzer.deleted": False,
    "securityhub.off": False,
    "organizations.left": None,
}


@pytest.mark.parametrize(("kind", "key", "there", "gone"), ANSWERS, ids=[case[0] for case in ANSWERS])
def test_answers_are_judged(kind: str, key: tuple[str, ...], there: t.Any, gone: t.Any) -> None:
    judge = PROBES[kind].judge
    assert (judge(there, key), judge(gone, key)) == (True, False)


@pytest.mark.parametrize("kind", sorted(BY_EXISTENCE))
def test_existence_is_judged(kind: str) -> None:
    assert PROBES[kind].judge({}, ("a", "b", "c")) is BY_EXISTENCE[kind]


def test_every_read_is_tested() -> None:
    assert {case[0] for case in ANSWERS} | set(BY_EXISTENCE) == set(PROBES)


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        ("iam.access_key", "NoSuchEntity", True),
        ("iam.access_key", "AccessDenied", False),
        ("lambda.function", "ResourceNotFoundException", True),
        ("lambda.function", "ResourceNotFound", True),
        ("rds.snapshot_share", "DBSnapshotNotFoundFault", True),
        ("s3.policy", "NoSuchBucketPolicy", True),
        ("organizations.left", "AWSOrganizationsNotInUseException", True),
        ("guardduty.disabled", "BadRequestException", False),
        ("guardduty.disabled", "", False),
    ],
)
def test_errors_that_answer(kind: str, code: str, expected: bool) -> None:
    assert PROBES[kind].is_absent(code) is expected


@pytest.mark.parametrize(
    ("kind", "key", "answer"),
    [
        ("account.contact", ("SECURITY", "HIDDEN_DUE_TO_SECURITY_REASONS"), {"AlternateContact": {}}),
        ("cloudtrail.stopped", ("t",), {}),
        ("kms.disabled", ("k",), {"KeyMetadata": {}}),
        ("organizations.type_disabled", ("r-2", "X"), {"Roots": [{"Id": "r-1"}]}),
        ("s3.policy", ("b", DOCUMENT), {"Policy": "garbage"}),
    ],
)
def test_what_an_answer_leaves_open_is_open(kind: str, key: tuple[str, ...], answer: t.Any) -> None:
    assert PROBES[kind].judge(answer, key) is None


def test_a_deletion_that_has_happened_still_counts() -> None:
    """KMS does not know a deleted key any more: its loss is final, and no success of ours."""
    assert PROBES["kms.pending_deletion"].if_absent is True
    assert PROBES["secretsmanager.deleted"].if_absent is True
