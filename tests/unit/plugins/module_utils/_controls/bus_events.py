# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events in the shapes in which AWS puts them on the bus, for what must alert and for what must not.

CloudTrail: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
Sign-in: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
Health: https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html
"""

from __future__ import annotations

import typing as t

ACCOUNT = "111122223333"
Event = dict[str, t.Any]


def envelope(source: str, detail_type: str, detail: Event, *, region: str = "us-east-1") -> Event:
    return {
        "version": "0",
        "id": "6f87d04b-9f74-4f04-a780-7acf4b0a9b38",
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-11-25T02:00:00Z",
        "region": region,
        "resources": [],
        "detail": detail,
    }


def root() -> Event:
    return {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {"attributes": {"creationDate": "2026-11-25T01:59:00Z", "mfaAuthenticated": "true"}},
    }


def assume_root() -> Event:
    identity = root()
    identity["sessionContext"]["assumedRoot"] = "true"
    return identity


def user(name: str = "alice") -> Event:
    return {
        "type": "IAMUser",
        "principalId": "AIDACKCEVSQ6C2EXAMPLE",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "userName": name,
    }


def role(name: str = "deployer", path: str = "/") -> Event:
    return {
        "type": "AssumedRole",
        "principalId": "AROACKCEVSQ6C2EXAMPLE:job-7",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/job-7",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROACKCEVSQ6C2EXAMPLE",
                "arn": f"arn:aws:iam::{ACCOUNT}:role{path}{name}",
                "accountId": ACCOUNT,
                "userName": name,
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": "2026-11-25T01:59:00Z", "mfaAuthenticated": "false"},
        },
    }


def service(name: str = "cloudformation.amazonaws.com") -> Event:
    return {"type": "AWSService", "invokedBy": name}


def call(service_name: str, event: str, who: Event, *, region: str = "us-east-1", **more: t.Any) -> Event:
    """An API call as CloudTrail records it."""
    detail = {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": "2026-11-25T02:00:00Z",
        "eventSource": f"{service_name}.amazonaws.com",
        "eventName": event,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": None,
        "responseElements": None,
        "eventID": "0e0f3f1c-2b1a-4f5b-8a3e-5c4a7b2d9e10",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    return envelope(f"aws.{service_name}", "AWS API Call via CloudTrail", {**detail, **more}, region=region)


def sign_in(
    who: Event,
    *,
    mfa: str = "No",
    result: str = "Success",
    detail_type: str = "AWS Console Sign In via CloudTrail",
    region: str = "us-east-1",
) -> Event:
    """A sign-in at the console."""
    identity = {key: value for key, value in who.items() if key != "sessionContext"}
    event = call(
        "signin",
        "ConsoleLogin",
        identity,
        region=region,
        eventType="AwsConsoleSignIn",
        responseElements={"ConsoleLogin": result},
        additionalEventData={"LoginTo": "https://console.aws.amazon.com/", "MobileVersion": "No", "MFAUsed": mfa},
    )
    return {**event, "detail-type": detail_type}


def health(code: str = "AWS_RISK_CREDENTIALS_EXPOSED", service_name: str = "RISK") -> Event:
    """An event of AWS Health."""
    return envelope(
        "aws.health",
        "AWS Health Event",
        {
            "eventArn": f"arn:aws:health:us-east-1::event/{service_name}/{code}/{code}-SUSPECTED-1",
            "service": service_name,
            "eventTypeCode": code,
            "eventTypeCategory": "issue",
            "eventScopeCode": "ACCOUNT_SPECIFIC",
            "startTime": "Wed, 25 Nov 2026 02:00:00 GMT",
            "eventDescription": [{"language": "en_US", "latestDescription": "An access key was found in public."}],
            "affectedEntities": [{"entityValue": "AKIAIOSFODNN7EXAMPLE"}],
            "affectedAccount": ACCOUNT,
        },
    )


def securityhub(**finding: t.Any) -> Event:
    """A finding that Security Hub took in."""
    known = {
        "SchemaVersion": "2018-10-08",
        "Id": "arn:aws:securityhub:us-east-1:111122223333:security-control/IAM.4/finding/1",
        "AwsAccountId": ACCOUNT,
        "Title": "IAM root user access key should not exist",
        "Severity": {"Label": "CRITICAL", "Normalized": 90},
        "Compliance": {"Status": "FAILED", "SecurityControlId": "IAM.4"},
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
        "Resources": [{"Type": "AwsAccount", "Id": f"AWS::::Account:{ACCOUNT}"}],
    }
    return envelope("aws.securityhub", "Security Hub Findings - Imported", {"findings": [{**known, **finding}]})


def analyzer(status: str = "ACTIVE") -> Event:
    """A finding of Access Analyzer."""
    detail = {
        "version": "1.0",
        "id": "22222222-dcba-4444-dcba-333333333333",
        "status": status,
        "resourceType": "AWS::IAM::Role",
        "resource": f"arn:aws:iam::{ACCOUNT}:role/shared",
        "isPublic": False,
    }
    return envelope("aws.access-analyzer", "Access Analyzer Finding", detail)
