# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kind of event that CloudTrail writes for an action."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import LogClass
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.log_classes import (
    log_class,
    never_logged_reason,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.log_tables import DATA_EVENTS
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.unlogged_tables import NEVER_LOGGED


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("ec2:DescribeInstances", LogClass.READ),
        ("ec2:RunInstances", LogClass.WRITE),
        ("iam:PassRole", LogClass.WRITE),
        ("iam:CreateRole", LogClass.WRITE),
        ("iam:TagRole", LogClass.WRITE),
        ("kms:Decrypt", LogClass.READ),
        ("kms:CreateGrant", LogClass.WRITE),
        ("secretsmanager:GetSecretValue", LogClass.READ),
        ("sts:AssumeRole", LogClass.READ),
        ("s3:GetObject", LogClass.DATA),
        ("S3:getobject", LogClass.DATA),
        ("s3:ListBucket", LogClass.DATA),
        ("s3:ListAllMyBuckets", LogClass.READ),
        ("s3:CreateBucket", LogClass.WRITE),
        ("dynamodb:PartiQLSelect", LogClass.DATA),
        ("dynamodb:DescribeTable", LogClass.READ),
        ("lambda:InvokeFunction", LogClass.DATA),
        ("lambda:UpdateFunctionCode", LogClass.WRITE),
        # Bedrock writes management events of it: https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html
        ("bedrock:InvokeModel", LogClass.READ),
        ("bedrock:InvokeAgent", LogClass.DATA),
        ("rds-db:connect", LogClass.NEVER),
        ("cloudwatch:PutMetricData", LogClass.NEVER),
        ("ssmmessages:OpenDataChannel", LogClass.NEVER),
        ("logs:PutLogEvents", LogClass.NEVER),
        ("importexport:CreateJob", LogClass.NEVER),
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html#CloudWatch-data-plane-events
        ("cloudwatch:GetMetricStatistics", LogClass.DATA),
        ("cloudwatch:ListMetrics", LogClass.DATA),
        ("cloudwatch:PutMetricAlarm", LogClass.WRITE),
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/logging-using-cloudtrail.html#cloudtrail-data-events
        ("events:PutEvents", LogClass.DATA),
        ("events:PutPartnerEvents", LogClass.DATA),
        ("events:PutRule", LogClass.WRITE),
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/logging-using-cloudtrail.html
        ("sqs:GetQueueUrl", LogClass.DATA),
        ("sqs:ListMessageMoveTasks", LogClass.READ),
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-logging.html
        ("s3tables:GetTableData", LogClass.DATA),
        ("s3tables:GetTableMetadataLocation", LogClass.READ),
        ("s3tables:UpdateTableMetadataLocation", LogClass.WRITE),
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
        ("b2bi:StartTransformerJob", LogClass.DATA),
        ("deadline:AssumeQueueRoleForWorker", LogClass.DATA),
        ("deadline:CreateFarm", LogClass.WRITE),
        ("guardduty:SendObjectMalwareScan", LogClass.DATA),
        ("iot:OpenTunnel", LogClass.DATA),
        ("lex:RecognizeText", LogClass.DATA),
        ("lex:CreateBot", LogClass.WRITE),
        ("ssm:StartExecutionPreview", LogClass.DATA),
        ("ssm:StartSession", LogClass.WRITE),
        ("sns:Publish", LogClass.DATA),
        ("kinesis:PutRecord", LogClass.DATA),
        ("cognito-identity:GetId", LogClass.DATA),
        ("cognito-idp:InitiateAuth", LogClass.WRITE),
        ("rds-data:ExecuteStatement", LogClass.DATA),
        ("logs:CreateLogStream", LogClass.WRITE),
        ("execute-api:Invoke", LogClass.NEVER),
    ],
)
def test_the_class_of_an_action(action: str, expected: LogClass) -> None:
    assert log_class(action) is expected


def test_an_action_that_nobody_knows_is_no_proof_of_anything() -> None:
    assert log_class("newservice:DoIt") is LogClass.DATA


def test_the_reason_names_the_page_of_aws() -> None:
    reason = never_logged_reason("cloudwatch:PutMetricData")
    assert reason is not None
    assert "https://docs.aws.amazon.com/" in reason
    assert never_logged_reason("cloudwatch:PutMetricAlarm") is None
    assert never_logged_reason("iam:PassRole") is None


def test_some_actions_of_a_service_have_data_events() -> None:
    assert log_class("s3:PutObjectAcl") is LogClass.DATA
    assert log_class("s3:PutBucketPolicy") is LogClass.WRITE
    assert {log_class("dynamodb:GetRecords"), log_class("events:PutEvents")} == {LogClass.DATA}


@pytest.mark.parametrize("row", [*DATA_EVENTS, *NEVER_LOGGED], ids=lambda row: row.service)
def test_each_name_is_of_an_action_and_each_row_has_its_page(row: object) -> None:
    assert row.source.startswith("https://docs.aws.amazon.com/")  # type: ignore[attr-defined]
    service = row.service  # type: ignore[attr-defined]
    assert service in catalogue.services()
    for name in row.names:  # type: ignore[attr-defined]
        assert catalogue.expand(f"{service}:{name}"), f"{service}:{name} is no action"


def test_no_action_is_both_a_data_event_and_never_logged() -> None:
    never = {
        action.full_name
        for row in NEVER_LOGGED
        for name in row.names
        for action in catalogue.expand(f"{row.service}:{name}")
    }
    data = {
        action.full_name
        for row in DATA_EVENTS
        for name in row.names
        for action in catalogue.expand(f"{row.service}:{name}")
    }
    assert not never & data
