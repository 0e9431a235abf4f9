# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import botocore.utils
import pytest
from botocore.parsers import ResponseParserError

from ansible_collections.hardening.iam.plugins.module_utils._aws.bodies import CheckingParserFactory, parse_timestamp
from ansible_collections.hardening.iam.plugins.module_utils._aws.sdk import new_session


def parse(operation: str, body: bytes, *, status: int = 200) -> dict[str, t.Any]:
    """What is made of the body of an answer, by the parser of the service's protocol."""
    service, _colon, name = operation.partition(":")
    model = new_session().get_service_model(service)
    protocol = getattr(model, "resolved_protocol", model.metadata["protocol"])
    response = {"status_code": status, "headers": {}, "body": body}
    shape = model.operation_model(name).output_shape
    parsed: dict[str, t.Any] = CheckingParserFactory().create_parser(protocol).parse(response, shape)
    parsed.pop("ResponseMetadata", None)
    return parsed


@pytest.mark.parametrize(
    ("operation", "body", "parsed"),
    [
        ("accessanalyzer:ListAnalyzers", b'{"analyzers": []}', {"analyzers": []}),
        ("organizations:DescribeOrganization", b"{}", {}),
        ("account:PutAlternateContact", b"", {}),
        ("iam:ListUsers", b"<ListUsersResponse><ListUsersResult/></ListUsersResponse>", {}),
        ("iam:DeleteUser", b"<DeleteUserResponse/>", {}),
        ("ec2:DescribeRegions", b'<DescribeRegionsResponse xmlns="x"/>', {}),
        ("s3:ListObjectsV2", b"<ListBucketResult><Name>b</Name></ListBucketResult>", {"Name": "b"}),
        ("s3:GetObject", b"anything", {"Body": "anything", "Metadata": {}}),
    ],
)
def test_what_each_protocol_answers(operation: str, body: bytes, parsed: dict[str, t.Any]) -> None:
    assert parse(operation, body) == parsed


BODIES = [b"", b"garbage", b"<html>Sign in</html>", b"<a/>", b"[]", b"null", b'"text"', b'{"analyzers": [']


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    "operation",
    [
        "accessanalyzer:ListAnalyzers",
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeRegions",
        "iam:GetAccountAuthorizationDetails",
        "organizations:DescribeOrganization",
        "sts:GetCallerIdentity",
    ],
)
def test_what_none_answers(operation: str, body: bytes) -> None:
    with pytest.raises(ResponseParserError, match="the answer"):
        parse(operation, body)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("accessanalyzer:ListAnalyzers", b'{"analyzers": "text"}'),
        ("accessanalyzer:ListAnalyzers", b'{"analyzers": [{"createdAt": "no date"}]}'),
        ("organizations:DescribeOrganization", b'{"Organization": 1}'),
    ],
)
def test_an_answer_of_another_shape(operation: str, body: bytes) -> None:
    with pytest.raises(ResponseParserError, match="the answer is of another shape"):
        parse(operation, body)


def test_errors_are_botocores_business() -> None:
    assert parse("accessanalyzer:ListAnalyzers", b"<html>Bad gateway</html>", status=502)["Error"]["Code"] == "502"


@pytest.mark.parametrize(
    "value",
    ["2026-11-25T02:00:00Z", "2026-11-25T02:00:00+00:00", "Wed, 25 Nov 2026 02:00:00 GMT", 1795572000, "1795572000"],
)
def test_timestamps_are_read_as_botocore_reads_them(value: t.Any) -> None:
    assert parse_timestamp(value) == datetime(2026, 11, 25, 2, tzinfo=UTC)
    assert parse_timestamp(value) == botocore.utils.parse_timestamp(value)


def test_what_is_no_timestamp_is_no_answer() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        parse_timestamp("2026-13-99")
