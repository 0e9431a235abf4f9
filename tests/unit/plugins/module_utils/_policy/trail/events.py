# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudTrail events in the shapes that AWS documents, to test with.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import typing as t

Record = dict[str, t.Any]

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/deployer"
USER = f"arn:aws:iam::{ACCOUNT}:user/people/alice"
KEY = "AKIAIOSFODNN7EXAMPLE"

IAM_USER: t.Final[Record] = {
    "type": "IAMUser",
    "principalId": "AIDAJ45Q7YFFAREXAMPLE",
    "arn": USER,
    "accountId": ACCOUNT,
    "accessKeyId": KEY,
    "userName": "alice",
}
CONSOLE_USER: t.Final[Record] = {
    **IAM_USER,
    "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
    "sessionContext": {
        "sessionIssuer": {},
        "webIdFederationData": {},
        "attributes": {"creationDate": "2026-11-20T08:00:00Z", "mfaAuthenticated": "true"},
    },
}
ISSUER: t.Final[Record] = {
    "type": "Role",
    "principalId": "AROAIDPPEZS35WEXAMPLE",
    "arn": ROLE,
    "accountId": ACCOUNT,
    "userName": "deployer",
}
ASSUMED_ROLE: t.Final[Record] = {
    "type": "AssumedRole",
    "principalId": "AROAIDPPEZS35WEXAMPLE:build-17",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/build-17",
    "accountId": ACCOUNT,
    "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
    "sessionContext": {
        "sessionIssuer": ISSUER,
        "webIdFederationData": {},
        "attributes": {"creationDate": "2026-11-20T08:00:00Z", "mfaAuthenticated": "false"},
    },
}


def assume(arn: str, **fields: t.Any) -> Record:
    """The identity of a session of another role."""
    owner = {"accountId": arn.split(":")[4]}
    return {**ASSUMED_ROLE, **owner, "sessionContext": {"sessionIssuer": {**ISSUER, **owner, "arn": arn}}, **fields}


def event(call: str, identity: t.Optional[Record] = None, **fields: t.Any) -> Record:
    """An event of ``source:EventName``; a field that is None is left out."""
    source, _colon, name = call.partition(":")
    record = {
        "eventVersion": "1.11",
        "userIdentity": ASSUMED_ROLE if identity is None else identity,
        "eventTime": "2026-11-20T09:30:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.64",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
        "eventID": "a1b2c3d4-5678-90ab-cdef-EXAMPLE22222",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **fields,
    }
    return {
        key: value for key, value in record.items() if value is not None or key.endswith(("Elements", "Parameters"))
    }
