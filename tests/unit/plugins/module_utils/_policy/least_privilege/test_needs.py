# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import random
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege import needs
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.needs import (
    collect_needs,
    complete_record,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from .samples import ACCOUNT, DAY, NOW, ROLE, call, make_record

FN: t.Final = f"arn:aws:iam::{ACCOUNT}:role/fn"
KEY: t.Final = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/aa"
TABLE: t.Final = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"

VIA_SERVICES: t.Final = (
    "aiops airflow aoss apprunner appfabric appflow apptest ards athena auditmanager backup backup-gateway bedrock "
    "cassandra chimevoiceconnector cleanrooms-ml codeartifact codeguru-reviewer comprehend connect custom-packages dax "
    "deepracer directoryservice dms docdb-elastic dynamodb ec2 ecr elasticache elasticfilesystem entityresolution es "
    "events finspace firehose forecast fsx geo glue groundstation healthlake importexport iotsitewise kafka kendra "
    "kinesis kinesisvideo lambda lex license-manager lookoutequipment lookoutmetrics lookoutvision m2 macie "
    "malware-protection managedblockchain mediatailor memorydb mgn monitron mq nimble omics profile proton qldb rds "
    "redshift redshift-serverless rekognition s3 s3tables sagemaker secretsmanager securitylake ses sns sqlworkbench "
    "sqs ssm ssm-contacts ssm-incidents states storagegateway thinclient timestream translate verified-access wisdom "
    "workmail workspaces workspaces-web xray"
)


def complete(*uses: Use) -> list[Use]:
    return list(complete_record(make_record(*uses)).uses)


def test_calls_are_counted_together_whatever_their_order_and_case() -> None:
    uses = [
        call("dynamodb:GetItem", TABLE, count=2, first=NOW - 9 * DAY),
        call("DynamoDB:getitem", TABLE, keys={"aws:SourceIp": "203.0.113.7"}, source=Source.EVENT_HISTORY),
        call("dynamodb:GetItem", f"{TABLE}2"),
    ]
    found = collect_needs(uses, "aws")
    assert [(need.action, need.targets, need.count) for need in found] == [
        ("dynamodb:GetItem", (TABLE,), 3),
        ("dynamodb:GetItem", (f"{TABLE}2",), 1),
    ]
    assert (found[0].first, found[0].last) == (NOW - 9 * DAY, NOW - 2 * DAY)
    assert found[0].sources == (Source.EVENT_HISTORY, Source.TRAIL)
    assert len(found[0].contexts) == 2
    random.Random(1).shuffle(uses)
    assert collect_needs(uses, "aws") == found


def test_a_need_without_a_resource_has_patterns_of_all_that_it_may_be() -> None:
    uses = [
        call("dynamodb:DeleteTable"),
        call("ec2:DescribeInstances"),
        call("sqs:SendMessage", candidates=("arn:aws:sqs:*-?:????????????:in*",)),
    ]
    assert {need.action: (need.targets, need.is_known) for need in collect_needs(uses, "aws")} == {
        "dynamodb:DeleteTable": (("arn:aws:dynamodb:*:*:table/*",), False),
        "ec2:DescribeInstances": (("*",), True),
        "sqs:SendMessage": (("arn:aws:sqs:*:*:in*",), False),
    }


def test_keys_that_follow_from_a_call_are_completed() -> None:
    made, passed = complete(call("lambda:CreateFunction", f"{TABLE}x"), call("iam:PassRole", FN))
    assert passed.context.get("iam:PassedToService") == ("lambda.amazonaws.com",)
    assert made == call("lambda:CreateFunction", f"{TABLE}x")
    (via,) = complete(call("kms:Decrypt", KEY, invoked_by="s3.amazonaws.com"))
    assert via.context.get("kms:ViaService") == ("s3.eu-west-1.amazonaws.com",)


def test_the_name_of_a_service_for_a_key_has_the_same_suffix_in_all_partitions() -> None:
    key = KEY.replace("arn:aws:", "arn:aws-cn:").replace("eu-west-1", "cn-north-1")
    (via,) = complete(call("kms:Decrypt", key, invoked_by="s3.amazonaws.com"))
    assert via.context.get("kms:ViaService") == ("s3.cn-north-1.amazonaws.com",)


def test_services_that_use_keys_are_in_the_table_of_kms() -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#viaService_table."""
    assert set(VIA_SERVICES.split()) >= needs._VIA_SERVICES


@pytest.mark.parametrize("service", ["athena", "cloudformation", "ebs", "autoscaling"])
def test_a_service_that_may_have_called_another_one_is_no_condition(service: str) -> None:
    """CloudFormation calls Secrets Manager, which calls KMS: the condition would name a service that never does."""
    (via,) = complete(call("kms:Decrypt", KEY, invoked_by=f"{service}.amazonaws.com"))
    assert not isinstance(via.context.get("kms:ViaService"), tuple)


def test_a_service_that_the_record_names_does_not_count_for_other_roles() -> None:
    named = call("iam:PassRole", FN, keys={"iam:PassedToService": "lambda.amazonaws.com"})
    other = call("iam:PassRole", f"{FN}2")
    uses = [call("lambda:CreateFunction", f"{TABLE}x"), call("ec2:RunInstances", f"{TABLE}y"), named, other]
    found = {use.resource: use.context.get("iam:PassedToService") for use in complete(*uses)}
    assert found[FN] == ("lambda.amazonaws.com",)
    services = found[f"{FN}2"]
    assert isinstance(services, tuple)
    assert "ec2.amazonaws.com" in services
    assert "lambda.amazonaws.com" not in services


@pytest.mark.parametrize(
    "use",
    [
        call("kms:Decrypt", KEY),
        call("kms:Decrypt", None, invoked_by="s3.amazonaws.com"),
        call("kms:Decrypt", KEY, invoked_by="AWS Internal"),
        call("kms:Decrypt", KEY, invoked_by="delivery.logs.amazonaws.com"),
        call("kms:Decrypt", KEY.replace("arn:aws:", "arn:aws-cn:"), invoked_by="s3.amazonaws.com.cn"),
        call("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/*"),
        call("iam:PassRole", FN),
    ],
)
def test_what_a_record_does_not_show_is_not_made_up(use: Use) -> None:
    assert complete(use) == [use]


def test_services_of_china_have_two_names() -> None:
    role = ROLE.replace("arn:aws:", "arn:aws-cn:")
    uses = (call("lambda:CreateFunction", f"{TABLE}x"), call("iam:PassRole", FN.replace("arn:aws:", "arn:aws-cn:")))
    found = complete(*(dataclasses.replace(use, principal_arn=role) for use in uses))
    assert found[1].context.get("iam:PassedToService") == ("lambda.amazonaws.com", "lambda.amazonaws.com.cn")
