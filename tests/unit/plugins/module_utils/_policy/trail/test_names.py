# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the names of events to those of actions."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import names as trail_names
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.names import actions_of, prefix_of
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.parameters import Parameters


@pytest.mark.parametrize(
    ("source", "prefix"),
    [
        ("s3.amazonaws.com", "s3"),
        ("monitoring.amazonaws.com", "cloudwatch"),
        ("servicecatalog-appregistry.amazonaws.com", "servicecatalog"),
        ("email.amazonaws.com", "ses"),
        ("tagging.amazonaws.com", "tag"),
        ("ec2.amazonaws.com.cn", "ec2"),
        ("catalog.marketplace.amazonaws.com", "aws-marketplace"),
        ("Lambda.AmazonAWS.com", "lambda"),
        # https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/security-logging-monitoring-cloudtrail.html
        ("amazonmq.amazonaws.com", "mq"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/logging-using-cloudtrail-data-api.html
        ("rdsdataapi.amazonaws.com", "rds-data"),
        ("cloudcontrolapi.amazonaws.com", "cloudformation"),
        ("edgekeyvaluestore.amazonaws.com", "cloudfront-keyvaluestore"),
        ("runtime.lex.amazonaws.com", "lex"),
    ],
)
def test_the_prefix_of_a_source(source: str, prefix: str) -> None:
    assert prefix_of(source) == prefix


@pytest.mark.parametrize(
    ("service", "event", "actions"),
    [
        # By identity, in whatever case.
        ("s3", "PutObject", ("s3:PutObject",)),
        ("s3", "GetBucketCors", ("s3:GetBucketCORS",)),
        ("iam", "CreateRole", ("iam:CreateRole",)),
        # Names that only look as if they had a version: none of them may be cut.
        ("comprehendmedical", "DetectEntitiesV2", ("comprehendmedical:DetectEntitiesV2",)),
        ("cloud9", "CreateEnvironmentEC2", ("cloud9:CreateEnvironmentEC2",)),
        ("datasync", "CreateLocationS3", ("datasync:CreateLocationS3",)),
        # https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
        ("lambda", "CreateFunction20150331", ("lambda:CreateFunction",)),
        ("lambda", "GetFunction20150331v2", ("lambda:GetFunction",)),
        ("lambda", "UpdateFunctionCode20150331v2", ("lambda:UpdateFunctionCode",)),
        ("lambda", "UpdateEventSourceMapping20150331", ("lambda:UpdateEventSourceMapping",)),
        ("lambda", "Invoke", ("lambda:InvokeFunction",)),
        ("cloudfront", "CreateDistribution2020_05_31", ("cloudfront:CreateDistribution",)),
        (
            "cloudfront",
            "CreateDistributionWithTags2020_05_31",
            ("cloudfront:CreateDistribution", "cloudfront:TagResource"),
        ),
        ("apigateway", "ImportRestApi", ("apigateway:POST",)),
        ("apigateway", "ImportApi", ("apigateway:PUT",)),
        ("bedrock", "Converse", ("bedrock:InvokeModel",)),
        ("bedrock", "ConverseStream", ("bedrock:InvokeModelWithResponseStream",)),
        ("dms", "DescribeDataProviders", ("dms:ListDataProviders",)),
        ("sns", "PublishBatch", ("sns:Publish",)),
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-logging.html
        ("s3tables", "GetObject", ("s3tables:GetTableData",)),
        ("s3tables", "UploadPart", ("s3tables:PutTableData",)),
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
        ("s3", "DeleteAccountPublicAccessBlock", ("s3:PutAccountPublicAccessBlock",)),
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
        ("s3", "ListBuckets", ("s3:ListAllMyBuckets",)),
        ("s3", "ListObjects", ("s3:ListBucket",)),
        ("s3", "HeadObject", ("s3:GetObject",)),
        ("s3", "GetBucketEncryption", ("s3:GetEncryptionConfiguration",)),
        ("s3", "PutBucketReplication", ("s3:PutReplicationConfiguration",)),
        ("s3", "DeleteBucketReplication", ("s3:PutReplicationConfiguration",)),
        ("s3", "GetBucketLifecycle", ("s3:GetLifecycleConfiguration",)),
        ("s3", "CopyObject", ("s3:PutObject", "s3:GetObject")),
        ("kms", "ReEncrypt", ("kms:ReEncryptFrom", "kms:ReEncryptTo")),
        ("sqs", "SendMessageBatch", ("sqs:SendMessage",)),
        ("budgets", "DescribeBudgets", ("budgets:ViewBudget",)),
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
        ("apigateway", "CreateRestApi", ("apigateway:POST",)),
        ("apigateway", "UpdateStage", ("apigateway:PATCH",)),
        ("apigateway", "GetRestApis", ("apigateway:GET",)),
        # Not known: which of the PartiQL actions it was stands in its statement.
        ("dynamodb", "ExecuteStatement", ()),
        ("nosuch", "Event", ()),
    ],
)
def test_the_actions_of_an_event(service: str, event: str, actions: tuple[str, ...]) -> None:
    assert actions_of(service, event) == actions


@pytest.mark.parametrize("service", sorted(trail_names._RENAMED))
def test_every_renamed_event_needs_the_table_and_leads_to_actions(service: str) -> None:
    for event, actions in trail_names._RENAMED[service].items():
        assert catalogue.action(service, event) is None, f"{event} is an action by itself"
        for name in actions.split():
            assert catalogue.action(service, name), f"{event}: there is no action {service}:{name}"


def test_every_other_source_is_no_prefix_by_itself() -> None:
    assert not set(trail_names._PREFIXES) & catalogue.services()
    assert set(trail_names._PREFIXES.values()) <= catalogue.services()


def test_without_a_catalogue_events_are_taken_to_be_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "action", lambda service, name: None)
    monkeypatch.setattr(catalogue, "is_available", lambda: False)
    assert actions_of("ec2", "RunInstances") == ("ec2:RunInstances",)
    assert actions_of("lambda", "CreateFunction20150331") == ("lambda:CreateFunction",)
    assert actions_of("s3", "ListObjects") == ("s3:ListBucket",)


def test_every_source_is_of_a_service() -> None:
    for name, prefix in trail_names._PREFIXES.items():
        assert prefix in catalogue.services(), name
        assert name not in catalogue.services(), "its events are its own"


def test_sources_that_services_share() -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-cloudtrail-logs.html."""
    assert trail_names.find_services("ssm", "CreateControlChannel", Parameters({})) == ("ssmmessages",)
    assert trail_names.find_services("ssm", "StartSession", Parameters({})) == ("ssm",)
    assert trail_names.find_services("ssm", "NewOperation", Parameters({})) == ("ssm",)
    assert trail_names.find_services("billingconsole", "GetBillingNotifications", Parameters({})) == ("billing",)
