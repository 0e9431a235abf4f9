# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buckets whose policies deny, as AWS answers: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html"""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from .small import ALICE, MANAGEMENT, Aws

BUCKET: t.Final = "evidence-of-small"
ARN: t.Final = f"arn:aws:s3:::{BUCKET}"
ALICE_ARN: t.Final = f"arn:aws:iam::{MANAGEMENT}:user/alice"


def deny(action: t.Any, resource: str, **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": f"{ARN}{resource}", **more}


@pytest.fixture
def s3(aws: Aws) -> t.Any:
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def set_policy(s3: t.Any, *statements: dict[str, t.Any]) -> None:
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def code_of(call: t.Callable[..., t.Any], **parameters: t.Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(Bucket=BUCKET, **parameters)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_a_write_without_the_header_is_denied(s3: t.Any) -> None:
    set_policy(s3, deny("s3:PutObject", "/journal/*", Condition={"Null": {"s3:if-none-match": "true"}}))
    assert code_of(s3.put_object, Key="journal/1", Body=b"x") == (403, "AccessDenied")
    s3.put_object(Bucket=BUCKET, Key="journal/1", Body=b"x", IfNoneMatch="*")
    assert code_of(s3.put_object, Key="journal/1", Body=b"y", IfNoneMatch="*") == (412, "PreconditionFailed")
    assert code_of(s3.create_multipart_upload, Key="journal/1") == (403, "AccessDenied")
    source = {"Bucket": BUCKET, "Key": "journal/1"}
    assert code_of(s3.copy_object, Key="journal/2", CopySource=source) == (403, "AccessDenied")
    s3.put_object(Bucket=BUCKET, Key="elsewhere", Body=b"x")


def test_deletions_by_version_and_in_bulk(s3: t.Any) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=BUCKET, Key="kept/1", Body=b"x")["VersionId"]
    set_policy(s3, deny(["s3:DeleteObject", "s3:DeleteObjectVersion"], "/kept/*"))
    assert code_of(s3.delete_object, Key="kept/1") == (403, "AccessDenied")
    assert code_of(s3.delete_object, Key="kept/1", VersionId=version) == (403, "AccessDenied")
    assert code_of(s3.delete_objects, Delete={"Objects": [{"Key": "kept/1"}]}) == (403, "AccessDenied")
    s3.delete_object(Bucket=BUCKET, Key="other")


def test_only_those_that_the_statement_names(s3: t.Any, aws: Aws) -> None:
    alice = aws.client("s3", key=ALICE)
    condition = {"ArnNotEquals": {"aws:PrincipalArn": ALICE_ARN}}
    set_policy(s3, deny("s3:PutObject", "/stop.json", Condition=condition))
    assert code_of(s3.put_object, Key="stop.json", Body=b"{}") == (403, "AccessDenied")
    alice.put_object(Bucket=BUCKET, Key="stop.json", Body=b"{}")
    set_policy(s3, {**deny("s3:PutObject", "/stop.json"), "Principal": {"AWS": ALICE_ARN}})
    assert code_of(alice.put_object, Key="stop.json", Body=b"{}") == (403, "AccessDenied")
    s3.put_object(Bucket=BUCKET, Key="stop.json", Body=b"{}")


def test_calls_count_as_made_with_tls(s3: t.Any) -> None:
    set_policy(s3, deny("s3:*", "/*", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    s3.put_object(Bucket=BUCKET, Key="x", Body=b"x")
