# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests as botocore serializes them, read back."""

from __future__ import annotations

import typing as t
import urllib.parse

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from emulator import wire

Parameters = dict[str, t.Any]


class Captured(Exception):
    """The request that would have been sent."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__()
        self.request = request


def serialize(service: str, operation: str, parameters: Parameters) -> tuple[wire.Environ, bytes]:
    """The request that boto3 would send for this call, as a WSGI environment and a body."""

    def capture(request: AWSPreparedRequest, **_: t.Any) -> t.NoReturn:
        raise Captured(request)

    client = boto3.client(  # type: ignore[call-overload]
        service,
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="AKIAWIRE",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send", capture)
    with pytest.raises(Captured) as captured:
        getattr(client, operation)(**parameters)
    return environment(captured.value.request)


def environment(request: AWSPreparedRequest) -> tuple[wire.Environ, bytes]:
    url = urllib.parse.urlsplit(request.url)
    environ: wire.Environ = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": urllib.parse.unquote(url.path),
        "RAW_URI": url.path + (f"?{url.query}" if url.query else ""),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "wsgi.url_scheme": "http",
    }
    for name, value in t.cast(t.Mapping[str, t.Any], request.headers).items():
        key = name.upper().replace("-", "_")
        text = value.decode() if isinstance(value, bytes) else str(value)
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return environ, body_of(request)


def body_of(request: AWSPreparedRequest) -> bytes:
    body: t.Any = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body)


@pytest.mark.parametrize(
    ("service", "method", "parameters", "operation", "protocol"),
    [
        ("iam", "create_user", {"UserName": "eve", "Tags": [{"Key": "a", "Value": "b"}]}, "CreateUser", "query"),
        (
            "sts",
            "assume_role",
            {"RoleArn": "arn:aws:iam::1:role/roleroleroleer", "RoleSessionName": "s1"},
            "AssumeRole",
            "query",
        ),
        ("ec2", "describe_instances", {"InstanceIds": ["i-1", "i-2"]}, "DescribeInstances", "ec2"),
        ("organizations", "list_accounts", {"MaxResults": 5}, "ListAccounts", "json"),
        ("config", "describe_configuration_recorders", {}, "DescribeConfigurationRecorders", "json"),
        ("cloudwatch", "describe_alarms", {"AlarmNames": ["a"]}, "DescribeAlarms", "json"),
        ("sso-admin", "list_instances", {"MaxResults": 3}, "ListInstances", "json"),
        ("accessanalyzer", "list_analyzers", {"type": "ACCOUNT"}, "ListAnalyzers", "rest-json"),
        ("accessanalyzer", "delete_analyzer", {"analyzerName": "a"}, "DeleteAnalyzer", "rest-json"),
        ("securityhub", "get_findings_v2", {"MaxResults": 7}, "GetFindingsV2", "rest-json"),
        ("account", "get_alternate_contact", {"AlternateContactType": "SECURITY"}, "GetAlternateContact", "rest-json"),
        ("s3", "list_buckets", {}, "ListBuckets", "rest-xml"),
        ("s3", "get_bucket_policy", {"Bucket": "logs"}, "GetBucketPolicy", "rest-xml"),
    ],
)
def test_read_names_service_operation_and_parameters(
    service: str, method: str, parameters: Parameters, operation: str, protocol: str
) -> None:
    call = wire.read(*serialize(service, method, parameters))
    assert (call.service, call.operation, call.protocol) == (service, operation, protocol)
    assert {key: call.parameters[key] for key in parameters} == parameters
    assert call.access_key_id == "AKIAWIRE"
    assert call.region == "eu-west-1" or service == "iam"


def test_read_tells_of_objects_only_their_length() -> None:
    call = wire.read(*serialize("s3", "put_object", {"Bucket": "logs", "Key": "a/b c.json", "Body": b"12345"}))
    assert (call.operation, call.parameters["Key"]) == ("PutObject", "a/b c.json")
    assert "12345" not in str(call.parameters)


def test_read_knows_calls_without_signature_by_their_action() -> None:
    token = {"RoleArn": "arn:aws:iam::111122223333:role/web", "RoleSessionName": "s1", "WebIdentityToken": "token"}
    call = wire.read(*serialize("sts", "assume_role_with_web_identity", token))
    assert (call.service, call.operation, call.access_key_id) == ("sts", "AssumeRoleWithWebIdentity", "")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({"HTTP_AUTHORIZATION": "Basic dXNlcjpwYXNz"}, b"\xff\xfe"),
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/nosuch/aws4_request"}, b"{"),
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/config/aws4_request"}, b"{"),
        (
            {
                "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/iam/aws4_request",
                "CONTENT_TYPE": "application/x-www-form-urlencoded",
            },
            b"Action=NoSuchAction&&=&%%",
        ),
    ],
)
def test_read_survives_what_is_no_call(headers: wire.Environ, body: bytes) -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "1",
        "wsgi.url_scheme": "http",
    }
    call = wire.read({**environ, **headers}, body)
    assert call.operation in (wire.UNKNOWN_OPERATION, "ListBuckets")
    assert call.parameters == {}


def test_read_gives_no_parameters_for_a_body_that_is_malformed() -> None:
    environ = serialize("organizations", "list_accounts", {})[0]
    call = wire.read(environ, b"[1, 2]")
    assert (call.operation, call.parameters) == ("ListAccounts", {})
