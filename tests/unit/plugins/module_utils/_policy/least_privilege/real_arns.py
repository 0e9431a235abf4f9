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
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/app/worker"
UUID: t.Final = "11111111-2222-3333-4444-555555555555"


@dataclasses.dataclass(frozen=True)
class Row:
    """A call as CloudTrail records it, and what AWS authorizes it by.

    ``also`` are further authorizations of the same call, ``never`` what it needed no permission for. ``other`` is an
    ARN of the same type that the call was not about: another name where the event names the resource, and else another
    Region.
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


def _list_parameters_and_keys() -> Iterator[Row]:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html: without the slash."""
    yield row("ssm:GetParameter", {"name": "/app/db"}, "parameter/app/db", "parameter/app/db2")
    yield row("ssm:GetParameter", {"name": "plain"}, "parameter/plain", "parameter/plain2")
    yield row("ssm:GetParameter", {"name": "/app/db:3"}, "parameter/app/db", "parameter/app/dc")
    yield row("ssm:GetParameters", {"names": ["/a", "b"]}, "parameter/b", "parameter/c")
    yield row("ssm:GetParametersByPath", {"path": "/app", "recursive": True}, "parameter/app", "parameter/ap")
    yield row("ssm:PutParameter", {"name": "/app/db", "type": "String"}, "parameter/app/db", "parameter/app")
    yield row(
        "ssm:StartSession", {"target": "i-0123456789abcdef0"}, arn("ec2", "instance/i-0123456789abcdef0"),
        arn("ec2", "instance/i-0123456789abcdef0", ELSEWHERE),
    )  # fmt: skip
    # CloudTrail lists the key, whatever the request calls it.
    # https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html
    key = arn("kms", f"key/{UUID}")
    other = f"key/{UUID[:-1]}0"
    yield row("kms:Decrypt", {"keyId": "alias/app"}, key, other, resources=(key,))
    yield row("kms:GenerateDataKey", {"keyId": UUID, "keySpec": "AES_256"}, key, other)
    yield row("kms:Encrypt", {"keyId": key}, key, other)
    yield row("kms:Encrypt", {"keyId": "alias/app"}, key, arn("kms", f"key/{UUID}", ELSEWHERE))
    yield row(
        "kms:CreateAlias",
        {"aliasName": "alias/app", "targetKeyId": UUID},
        "alias/app",
        "alias/b",
        also=(("kms:CreateAlias", key),),
    )
    yield row(
        "acm:DescribeCertificate",
        {"certificateArn": arn("acm", f"certificate/{UUID}")},
        f"certificate/{UUID}",
        "certificate/x",
    )


def _list_functions() -> Iterator[Row]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestSyntax: the forms of a name."""
    invoke = {"action": "lambda:InvokeFunction"}
    for name in ("app", f"{ACCOUNT}:function:app", arn("lambda", "function:app")):
        yield row("lambda:Invoke", {"functionName": name}, "function:app", "function:app2", **invoke)
        yield row("lambda:Invoke", {"functionName": f"{name}:PROD"}, "function:app:PROD", "function:app:TEST", **invoke)
    yield row("lambda:Invoke", {"functionName": "app", "qualifier": "7"}, "function:app:7", "function:app2:7", **invoke)
    foreign = arn("lambda", "function:app", account=FOREIGN)
    yield row("lambda:Invoke", {"functionName": f"{FOREIGN}:function:app"}, foreign, "function:app", **invoke)
    for event in ("UpdateFunctionCode", "GetFunction"):
        action = {"action": f"lambda:{event}"}
        yield row(f"lambda:{event}20150331v2", {"functionName": "app"}, "function:app", "function:ap", **action)
    partial = {"functionName": f"{ACCOUNT}:function:app"}
    yield row("lambda:AddPermission20150331v2", partial, "function:app", "function:b", action="lambda:AddPermission")


def _list_data() -> Iterator[Row]:
    table = arn("dynamodb", "table/orders")
    yield row("dynamodb:GetItem", {"tableName": "orders"}, table, "table/orders2", resources=(table,))
    yield row("dynamodb:PutItem", {"tableName": table}, table, "table/orders2")
    index = "table/orders/index/by-day"
    request = {"tableName": "orders", "indexName": "by-day"}
    yield row("dynamodb:Query", request, index, "table/orders/index/by-id", resources=(table,))
    yield row("dynamodb:BatchGetItem", {"requestItems": {"orders": {"keys": []}}}, table, "table/customers")
    yield row("dynamodb:BatchWriteItem", {"requestItems": {"orders": []}}, table, "table/customers")
    yield row("dynamodb:CreateTable", {"tableName": "orders"}, table, "table/customers")
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html
    stream = f"{table}/stream/2026-11-01T00:00:00.000"
    yield row("dynamodb:DescribeStream", {"streamArn": stream}, stream, "table/orders2/stream/2026-11-01T00:00:00.000")
    yield row("kinesis:PutRecord", {"streamName": "clicks"}, "stream/clicks", "stream/clicks2")
    yield row("kinesis:PutRecords", {"streamARN": arn("kinesis", "stream/clicks")}, "stream/clicks", "stream/click")
    yield row("glue:StartJobRun", {"jobName": "load"}, "job/load", "job/loads")
    # https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html: what holds a table, too.
    also = tuple(("glue:GetTable", arn("glue", name)) for name in ("catalog", "database/sales"))
    yield row("glue:GetTable", {"databaseName": "sales", "name": "t"}, "table/sales/t", "table/sales/u", also=also)
    yield row("glue:GetTables", {"databaseName": "sales"}, "table/sales/t", "table/hr/t")
    yield row(
        "glue:GetTables",
        {"databaseName": "sales", "catalogId": FOREIGN},
        arn("glue", "table/sales/t", account=FOREIGN),
        "table/sales/t",
    )
    yield row(
        "athena:StartQueryExecution", {"workGroup": "adhoc", "queryString": "x"}, "workgroup/adhoc", "workgroup/b"
    )
    yield row("athena:StartQueryExecution", {"queryString": "x"}, "workgroup/primary", "workgroup/adhoc")
    yield row(
        "athena:GetQueryResults",
        {"queryExecutionId": UUID},
        "workgroup/adhoc",
        arn("athena", "workgroup/adhoc", ELSEWHERE),
    )
    yield row("rds:StartDBInstance", {"dBInstanceIdentifier": "Shop"}, "db:shop", "db:shop2")
    yield row("rds:ModifyDBInstance", {"dBInstanceIdentifier": "shop"}, "db:shop", "db:shop2")
    also = (("rds:CreateDBSnapshot", arn("rds", "db:shop")),)
    yield row(
        "rds:CreateDBSnapshot",
        {"dBInstanceIdentifier": "shop", "dBSnapshotIdentifier": "s1"},
        "snapshot:s1",
        "snapshot:s2",
        also=also,
    )
    yield row("rds:DescribeDBInstances", {}, "db:*", arn("rds", "db:*", ELSEWHERE))
    yield row("redshift:DescribeClusters", {"clusterIdentifier": "dw"}, "cluster:dw", "cluster:dw2")
    yield row(
        "backup:StartBackupJob",
        {"backupVaultName": "daily", "resourceArn": table, "iamRoleArn": ROLE},
        "backup-vault:daily",
        "backup-vault:b",
        also=(("iam:PassRole", ROLE),),
    )
    # https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html: the profile, and the model in
    # each Region that the profile may send the request to.
    model = "anthropic.claude-3-5-sonnet-20240620-v1:0"
    invoke = {"action": "bedrock:InvokeModel"}
    yield row(
        "bedrock:InvokeModel",
        {"modelId": model},
        f"arn:aws:bedrock:{REGION}::foundation-model/{model}",
        f"arn:aws:bedrock:{REGION}::foundation-model/amazon.titan",
    )
    yield row(
        "bedrock:Converse",
        {"modelId": f"arn:aws:bedrock:{REGION}::foundation-model/{model}"},
        f"arn:aws:bedrock:{REGION}::foundation-model/{model}",
        f"arn:aws:bedrock:{REGION}::foundation-model/b",
        **invoke,
    )
    for named in (f"eu.{model}", arn("bedrock", f"inference-profile/eu.{model}")):
        also = (("bedrock:InvokeModel", f"arn:aws:bedrock:eu-west-3::foundation-model/{model}"),)
        yield row(
            "bedrock:InvokeModel",
            {"modelId": named},
            f"inference-profile/eu.{model}",
            "inference-profile/eu.amazon.nova",
            also=also,
            never=(("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-3::foundation-model/amazon.nova"),),
        )


def _list_rules_of_buses() -> Iterator[Row]:
    """The buses of partners have names with slashes: "aws.partner/SaaS-PROVIDER/…".

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-saas.html,
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    """
    partner = "aws.partner/example.com/1234/foo"
    for name, given in ((partner, partner), (partner, arn("events", f"event-bus/{partner}")), ("shop", "shop")):
        for event, key in (("PutRule", "name"), ("DeleteRule", "name"), ("PutTargets", "rule"), ("EnableRule", "name")):
            never = ("rule/r1", "rule/foo/r1", "rule/default/r1")
            yield row(
                f"events:{event}",
                {key: "r1", "eventBusName": given},
                f"rule/{name}/r1",
                f"rule/{name}/r2",
                never=tuple((f"events:{event}", arn("events", text)) for text in never),
            )
    for given in ("default", arn("events", "event-bus/default")):
        never = tuple(("events:PutRule", arn("events", text)) for text in ("rule/default/r1", "rule/shop/r1"))
        yield row("events:PutRule", {"name": "r1", "eventBusName": given}, "rule/r1", "rule/r2", never=never)


def _list_messages() -> Iterator[Row]:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders"
    yield row("sqs:SendMessage", {"queueUrl": url}, "orders", "orders2")
    yield row(
        "sqs:ReceiveMessage", {"queueUrl": f"https://{REGION}.queue.amazonaws.com/{ACCOUNT}/orders"}, "orders", "order"
    )
    yield row("sqs:GetQueueUrl", {"queueName": "orders"}, "orders", "orders2")
    yield row("sqs:CreateQueue", {"queueName": "orders"}, "orders", "orders2")
    yield row(
        "sqs:SendMessage", {"queueUrl": url.replace(ACCOUNT, FOREIGN)}, arn("sqs", "orders", account=FOREIGN), "orders"
    )
    yield row("sns:Publish", {"topicArn": arn("sns", "alerts")}, "alerts", "alerts2")
    yield row("sns:CreateTopic", {"name": "alerts"}, "alerts", "alerts2")
    yield row("events:PutEvents", {"entries": [{"eventBusName": "shop"}]}, "event-bus/shop", "event-bus/default")
    yield row("events:PutEvents", {"entries": [{"source": "shop"}]}, "event-bus/default", "event-bus/shop")
    yield row("events:PutRule", {"name": "nightly"}, "rule/nightly", "rule/daily")
    yield row("events:PutTargets", {"rule": "nightly", "eventBusName": "shop"}, "rule/shop/nightly", "rule/shop/daily")
    yield from _list_rules_of_buses()
    machine = arn("states", "stateMachine:ship")
    yield row("states:StartExecution", {"stateMachineArn": machine}, machine, "stateMachine:pay")
    yield row(
        "states:CreateStateMachine",
        {"name": "ship", "roleArn": ROLE},
        machine,
        "stateMachine:pay",
        also=(("iam:PassRole", ROLE),),
    )
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    yield row(
        "logs:FilterLogEvents", {"logGroupName": "/app"}, "log-group:/app:log-stream:", "log-group:/app2:log-stream:"
    )
    yield row(
        "logs:CreateLogGroup", {"logGroupName": "/app"}, "log-group:/app:log-stream:", "log-group:/app2:log-stream:"
    )
    yield row(
        "logs:CreateLogStream",
        {"logGroupName": "/app", "logStreamName": "s"},
        "log-group:/app:log-stream:s",
        "log-group:/app2:log-stream:s",
    )
    yield row(
        "logs:GetLogEvents",
        {"logGroupName": "/app", "logStreamName": "s"},
        "log-group:/app:log-stream:s",
        "log-group:/b:log-stream:s",
    )
    yield row(
        "monitoring:PutMetricAlarm", {"alarmName": "cpu"}, "alarm:cpu", "alarm:disk", action="cloudwatch:PutMetricAlarm"
    )
    yield row(
        "monitoring:PutDashboard",
        {"dashboardName": "d"},
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d",
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/e",
        action="cloudwatch:PutDashboard",
    )


DATA: t.Final = (
    *_list_s3(),
    *_list_secrets(),
    *_list_parameters_and_keys(),
    *_list_functions(),
    *_list_data(),
    *_list_messages(),
    *_list_templates(),
    *_list_without_resource(),
)
