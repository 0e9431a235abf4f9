# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What trails record, by their selectors."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import LogClass
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.selectors import TrailFacts, parse_trail

Record = dict[str, t.Any]
READ, WRITE, DATA = LogClass.READ, LogClass.WRITE, LogClass.DATA


def trail(*basic: Record, advanced: t.Sequence[t.Sequence[Record]] = ()) -> TrailFacts:
    answer = {"EventSelectors": list(basic), "AdvancedEventSelectors": [{"FieldSelectors": one} for one in advanced]}
    return parse_trail({"Name": "acme"}, {}, answer)


def field(name: str, *values: str, operator: str = "Equals") -> Record:
    return {"Field": name, operator: list(values)}


MANAGEMENT = field("eventCategory", "Management")
DATA_EVENTS = field("eventCategory", "Data")
OBJECTS = field("resources.type", "AWS::S3::Object")
NOT_KMS = field("eventSource", "kms.amazonaws.com", operator="NotEquals")
ONE_BUCKET = field("resources.ARN", "arn:aws:s3:::x/", operator="StartsWith")
OTHERS = field("userIdentity.arn", "x", operator="NotStartsWith")
BASIC: Record = {"ReadWriteType": "All", "IncludeManagementEvents": True}


def of_objects(*values: str, kind: str = "AWS::S3::Object", **more: t.Any) -> Record:
    return {**BASIC, "DataResources": [{"Type": kind, "Values": list(values)}], **more}


@pytest.mark.parametrize(
    ("facts", "service", "log_class", "expected"),
    [
        (trail(BASIC), "ec2", READ, YES),
        (trail(BASIC), "ec2", WRITE, YES),
        (trail(BASIC), "s3", DATA, NO),
        (trail({**BASIC, "ReadWriteType": "WriteOnly"}), "ec2", READ, NO),
        (trail({**BASIC, "ReadWriteType": "WriteOnly"}), "ec2", WRITE, YES),
        (trail({**BASIC, "ReadWriteType": "ReadOnly"}), "ec2", WRITE, NO),
        (trail({**BASIC, "IncludeManagementEvents": False}), "ec2", READ, NO),
        (trail({**BASIC, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}), "kms", READ, NO),
        (trail({**BASIC, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}), "ec2", READ, YES),
        (trail(of_objects("arn:aws:s3")), "s3", DATA, YES),
        (trail(of_objects("arn:aws:s3:::")), "s3", DATA, YES),
        (trail(of_objects("arn:aws-us-gov:s3:::")), "s3", DATA, YES),
        (trail(of_objects("arn:aws:s3:::acme/")), "s3", DATA, NO),
        (trail(of_objects()), "s3", DATA, NO),
        (trail(of_objects("arn:aws:s3", ReadWriteType="ReadOnly")), "s3", DATA, NO),
        (trail(of_objects("arn:aws:lambda", kind="AWS::Lambda::Function")), "lambda", DATA, YES),
        (trail(of_objects("arn:aws:lambda:eu-west-1:1:function:x", kind="AWS::Lambda::Function")), "lambda", DATA, NO),
        (trail(of_objects("arn:aws:dynamodb", kind="AWS::DynamoDB::Table")), "dynamodb", DATA, NO),
        (trail(), "ec2", READ, NO),
        (trail(advanced=[[MANAGEMENT]]), "ec2", WRITE, YES),
        (trail(advanced=[[MANAGEMENT, field("readOnly", "true")]]), "ec2", WRITE, NO),
        (trail(advanced=[[MANAGEMENT, field("readOnly", "true")]]), "ec2", READ, YES),
        (trail(advanced=[[MANAGEMENT, field("readOnly", "x")]]), "ec2", READ, NO),
        (trail(advanced=[[MANAGEMENT, NOT_KMS]]), "kms", READ, NO),
        (trail(advanced=[[MANAGEMENT, field("eventSource", "kms.amazonaws.com")]]), "ec2", READ, NO),
        (trail(advanced=[[MANAGEMENT, field("eventName", "RunInstances")]]), "ec2", WRITE, NO),
        (trail(advanced=[[DATA_EVENTS, OBJECTS]]), "s3", DATA, YES),
        (trail(advanced=[[DATA_EVENTS, OBJECTS]]), "ec2", READ, NO),
        (trail(advanced=[[DATA_EVENTS, OBJECTS, ONE_BUCKET]]), "s3", DATA, NO),
        (trail(advanced=[[DATA_EVENTS, OBJECTS, field("eventName", "GetObject")]]), "s3", DATA, NO),
        (trail(advanced=[[DATA_EVENTS, OBJECTS, OTHERS]]), "s3", DATA, NO),
        (
            trail(advanced=[[DATA_EVENTS, OBJECTS, field("readOnly", one)] for one in ("true", "false")]),
            "s3", DATA, YES,
        ),
        (trail(advanced=[[DATA_EVENTS, field("resources.type", "AWS::SQS::Queue")]]), "sqs", DATA, YES),
        (trail(advanced=[[DATA_EVENTS, field("resources.type", "AWS::SNS::Topic")]]), "sns", DATA, NO),
        (trail(advanced=[[field("eventCategory", "NetworkActivity")]]), "ec2", READ, NO),
        (trail(BASIC), "ec2", DATA, UNKNOWN),
        (parse_trail({"Name": "acme"}, {}, None, "denied"), "ec2", READ, UNKNOWN),
        (parse_trail({"Name": "acme"}, {}, None, "denied"), "s3", DATA, UNKNOWN),
        (trail(BASIC), "rds-db", LogClass.NEVER, NO),
    ],
)  # fmt: skip
def test_what_a_trail_records(facts: TrailFacts, service: str, log_class: LogClass, expected: Truth) -> None:
    assert facts.records(service, log_class) is expected
