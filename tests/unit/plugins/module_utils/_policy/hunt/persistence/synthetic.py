# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events about operations as botocore's models describe them, with a value for every parameter."""

from __future__ import annotations

import functools
import re
import typing as t
from datetime import UTC, datetime

import botocore.session
from service_models import service_model

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event, parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import Rule

ACCOUNT: t.Final = "111122223333"
TIME: t.Final = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
#: Where a rule is about some requests only.
ASKED: t.Final[dict[tuple[str, str], dict[str, t.Any]]] = {
    ("iam", "UpdateAccessKey"): {"status": "Active"},
    ("sso-directory", "AddMemberToGroup"): {"groupId": "group", "memberId": "member"},
    ("sso-directory", "CreateUser"): {"userName": "mallory"},
    ("ssm", "GetParameter"): {"withDecryption": True},
    ("ssm", "GetParameters"): {"withDecryption": True},
    ("ssm", "GetParametersByPath"): {"withDecryption": True},
    ("ssm", "GetParameterHistory"): {"withDecryption": True},
    ("secretsmanager", "DeleteSecret"): {"forceDeleteWithoutRecovery": False},
    ("guardduty", "UpdateDetector"): {"enable": False},
    ("ec2", "RunInstances"): {"instanceType": "p5.48xlarge"},
    ("sns", "SetTopicAttributes"): {"attributeName": "Policy", "attributeValue": "{}"},
    ("s3", "PutBucketVersioning"): {"VersioningConfiguration": {"Status": "Suspended"}},
    ("s3", "DeleteBucketPublicAccessBlock"): {"bucketName": "exports"},
    ("s3", "PutBucketPublicAccessBlock"): {
        "bucketName": "exports",
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": False},
    },
    ("sqs", "SetQueueAttributes"): {"attributes": {"policy": "{}"}},
}


@functools.cache
def operation_of(service: str, name: str) -> t.Any:
    """The operation of a service, if botocore has it."""
    model = service_model(service)
    return model.operation_model(name) if name in model.operation_names else None


def find_errors(service: str, name: str, parameters: dict[str, t.Any]) -> str:
    """What botocore has against a call, which it would say before it sends it; empty for a valid one."""
    shape = operation_of(service, name).input_shape
    if shape is None:
        return "" if parameters == {} else "it takes no parameters"
    # botocore.session imports it. The tests of pure rooms import nothing else of botocore.
    report = botocore.validate.ParamValidator().validate(parameters, shape)
    return str(report.generate_report()) if report.has_errors() else ""


def record(
    source: str, name: str, *, request: t.Any = None, response: t.Any = None, error: str = "", **more: t.Any
) -> dict[str, t.Any]:
    """A record of CloudTrail."""
    return {
        "eventID": f"{source}-{name}",
        "eventTime": TIME.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/ci/mallory", "accountId": ACCOUNT},
        "requestParameters": request,
        "responseElements": response,
        **({"errorCode": error} if error else {}),
        **more,
    }


def event(source: str, name: str, **given: t.Any) -> Event:
    """An event, see :func:`record`."""
    found = parse_event(record(source, name, **given))
    assert found is not None
    return found


def full_event(rule: Rule, name: str) -> Event:
    """An event of a rule with every parameter that the operation takes and answers with."""
    operation = operation_of(rule.models[0], name) if rule.models else None
    request = _sample(operation.input_shape) if operation and operation.input_shape else {}
    response = _sample(operation.output_shape) if operation and operation.output_shape else {}
    bucket = {"bucketName": request["bucket"]} if "bucket" in request else {}
    request |= bucket | ASKED.get((rule.source, name), {})
    return event(rule.source, name, request=request, response=response)


def _sample(shape: t.Any, depth: int = 0) -> t.Any:
    """A value of a shape, with the names as CloudTrail writes them."""
    if depth > 8:
        return "deep"
    if shape.type_name == "structure":
        return {name[0].lower() + name[1:]: _sample(inner, depth + 1) for name, inner in shape.members.items()}
    if shape.type_name == "list":
        return [_sample(shape.member, depth + 1)]
    if shape.type_name == "map":
        return {"key": _sample(shape.value, depth + 1)}
    if shape.type_name in ("integer", "long"):
        return 7
    if shape.type_name == "boolean":
        return True
    if shape.type_name == "timestamp":
        return "2026-12-24T10:00:00Z"
    if shape.metadata.get("enum"):
        return shape.metadata["enum"][0]
    is_document = re.search("policy|document", shape.name, re.IGNORECASE) and not re.search(
        "arn|name|id$", shape.name, re.IGNORECASE
    )
    return '{"Statement": []}' if is_document else "x" * max(shape.metadata.get("min", 1), 20)
