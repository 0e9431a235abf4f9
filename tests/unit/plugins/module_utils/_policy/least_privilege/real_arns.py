# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded calls, and the action and ARN that AWS authorizes each of them by.

Written by hand from https://docs.aws.amazon.com/service-authorization/latest/reference/ (which resource types an action
has, and the formats of their ARNs), and from the pages that are named beside the rows.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator

ACCOUNT: t.Final = "111122223333"
REGION: t.Final = "eu-central-1"
ELSEWHERE: t.Final = "ap-southeast-2"
FOREIGN: t.Final = "999988887777"
UUID: t.Final = "11111111-2222-3333-4444-555555555555"


@dataclasses.dataclass(frozen=True)
class Row:
    """A call as CloudTrail records it, and what AWS authorizes it by.

    ``also`` are further authorizations of the same call, ``never`` what it needed no permission for. ``other`` is an ARN of the same type that the call was not
    about: another name where the event names the resource, and else another Region.
    """

    event: str
    request: t.Any
    action: str
    arn: str
    other: str = ""
    also: tuple[tuple[str, str], ...] = ()
    never: tuple[tuple[str, str], ...] = ()
    response: t.Any = None
    resources: tuple[str, ...] = ()
    region: str = REGION


def arn(service: str, resource: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def row(
    event: str, request: t.Any, resource: str, other: str = "", action: str = "", service: str = "", **more: t.Any
) -> Row:
    """A row about an ARN with the Region and the account of the event; ``other`` is a resource, or an ARN."""
    action = action or event
    service = service or action.partition(":")[0]
    one, two = (
        text if text.startswith(("arn:", "*")) or not text else arn(service, text) for text in (resource, other)
    )
    return Row(event, request, action, one, two, **more)


def s3(event: str, action: str, key: str = "", also: tuple[tuple[str, str], ...] = (), **request: t.Any) -> Row:
    """A data event of S3, which lists its bucket and its object."""
    bucket = "arn:aws:s3:::data"
    one = f"{bucket}/{key}" if key else bucket
    named = {"bucketName": "data", "Host": "data.s3.eu-central-1.amazonaws.com", **({"key": key} if key else {})}
    resources = tuple(dict.fromkeys((one, bucket)))
    other = one.replace(":::data", ":::data2")
    return Row(f"s3:{event}", {**named, **request}, action, one, other, also, resources=resources)


def _list_s3() -> Iterator[Row]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html."""
    yield s3("GetObject", "s3:GetObject", "in/a.csv")
    yield s3("HeadObject", "s3:GetObject", "in/a.csv")
    yield s3("PutObject", "s3:PutObject", "in/a.csv")
    yield s3("DeleteObject", "s3:DeleteObject", "in/a.csv")
    yield s3("GetObject", "s3:GetObjectVersion", "in/a.csv", versionId="v1")
    source = (("s3:GetObject", "arn:aws:s3:::source/in/x.csv"),)
    yield s3("CopyObject", "s3:PutObject", "out/x.csv", source, **{"x-amz-copy-source": "source/in/x.csv"})
    yield s3("ListObjects", "s3:ListBucket", prefix="in/")
    yield row("s3:PutBucketPolicy", {"bucketName": "data"}, "arn:aws:s3:::data", "arn:aws:s3:::data2")
    yield row("s3:CreateBucket", {"bucketName": "data"}, "arn:aws:s3:::data", "arn:aws:s3:::data2")
    yield row("s3:ListBuckets", {"Host": "s3.amazonaws.com"}, "*", action="s3:ListAllMyBuckets")


def _list_secrets() -> Iterator[Row]:
    """An ARN has six more characters than the name of the secret.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    """
    full = arn("secretsmanager", "secret:db/pw-AbCdEf")
    new = {"arn": arn("secretsmanager", "secret:new-AbCdEf"), "name": "new"}
    for named in ("db/pw", full.removesuffix("-AbCdEf")):
        yield row("secretsmanager:GetSecretValue", {"secretId": named}, full, "secret:db/pw2-AbCdEf")
        yield row("secretsmanager:PutSecretValue", {"secretId": named}, full, "secret:db/pw/x-AbCdEf")
    yield row("secretsmanager:GetSecretValue", {"secretId": full}, full, "secret:db/pw-AbCdEg")
    yield row("secretsmanager:DescribeSecret", {"secretId": "db-AbCdEf"}, "secret:db-AbCdEf-GhIjKl", "secret:db-AbCdEf")
    yield row("secretsmanager:TagResource", {"secretId": "db/pw", "tags": [{"key": "a"}]}, full, "secret:x-AbCdEf")
    yield row("secretsmanager:CreateSecret", {"name": "new"}, "secret:new-GhIjKl", "secret:news-AbCdEf", response=new)


def _list_without_resource() -> Iterator[Row]:
    """Calls whose actions have types of resources, all of them optional, or that name none."""
    yield row("monitoring:ListMetrics", {"namespace": "AWS/EC2"}, "*", action="cloudwatch:ListMetrics")
    yield row("monitoring:GetMetricData", {"metricDataQueries": []}, "*", action="cloudwatch:GetMetricData")
    yield row("ce:GetCostAndUsage", {"granularity": "DAILY"}, "*")
    yield row("cloudformation:DescribeStacks", None, "*")
    # https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html
    yield row("sns:Publish", {"phoneNumber": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "*")
    yield row("ec2:DescribeInstances", {"filterSet": {}}, "*")
    yield row("ecr:GetAuthorizationToken", {}, "*")


def _list_templates() -> Iterator[Row]:
    """CloudFormation reads the template with the permissions of the caller.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
    """
    read = (("s3:GetObject", "arn:aws:s3:::templates/net/vpc.yml"),)
    for url in (
        "https://s3.amazonaws.com/templates/net/vpc.yml",
        "https://s3.eu-central-1.amazonaws.com/templates/net/vpc.yml",
        "https://templates.s3.amazonaws.com/net/vpc.yml",
        "https://templates.s3.eu-central-1.amazonaws.com/net/vpc.yml",
        "https://templates.s3-eu-west-1.amazonaws.com/net/vpc.yml",
        "https://templates.s3.dualstack.eu-central-1.amazonaws.com/net%2Fvpc.yml",
    ):
        yield row(
            "cloudformation:CreateStack",
            {"stackName": "net", "templateURL": url},
            f"stack/net/{UUID}",
            f"stack/net2/{UUID}",
            also=read,
            never=(("s3:GetObject", "arn:aws:s3:::templates2/net/vpc.yml"),),
        )


ROWS: t.Final = (*_list_s3(), *_list_secrets(), *_list_without_resource(), *_list_templates())
