# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded answers about the organization's member accounts, and what reads them."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound

from ..organization_policy.organizations import DEV, MANAGEMENT
from ..recorded import RecordedAccess, connect

NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
READER: t.Final = "arn:aws:iam::<account_id>:role/iam-hardening/reader"
KEPT: t.Final = f"arn:aws:iam::{DEV}:role/iam-hardening/break-glass"
NO_ORGANIZATION: t.Final = NotFound("none", code="AWSOrganizationsNotInUseException")


def role(name: str, path: str = "/iam-hardening/", account: str = DEV, **trust: t.Any) -> dict[str, t.Any]:
    """A role as GetAccountAuthorizationDetails has it. Everybody of the management account may assume it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
        "Action": "sts:AssumeRole",
        **trust,
    }
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return {
        "RoleName": name,
        "RoleId": f"AROA{name.upper().replace('-', '')}",
        "Path": path,
        "Arn": f"arn:aws:iam::{account}:role{path}{name}",
        "CreateDate": NOW,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "AttachedManagedPolicies": [],
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": everything}],
        "InstanceProfileList": [],
        "Tags": [],
        "RoleLastUsed": {},
    }


def details(*roles: dict[str, t.Any]) -> dict[str, t.Any]:
    """The answers of a member with these roles."""
    empty = {"UserDetailList": [], "GroupDetailList": [], "Policies": []}
    return {
        "iam:GetAccountAuthorizationDetails": {**empty, "RoleDetailList": list(roles)},
        "organizations:DescribeOrganization": {
            "Organization": {"Id": "o-acme", "MasterAccountId": MANAGEMENT, "FeatureSet": "ALL", "Arn": "arn:o"}
        },
    }


def event(operation: str, at: datetime, parameters: dict[str, t.Any], source: str = "iam") -> dict[str, t.Any]:
    """A call as LookupEvents hands it out."""
    given = {
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": operation,
        "readOnly": False,
        "requestParameters": parameters,
        "recipientAccountId": DEV,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{DEV}:user/mallory", "accountId": DEV},
        "userAgent": "aws-cli",
    }
    return {"CloudTrailEvent": json.dumps(given)}


class Members:
    """Connections from the management account to members, by the account of the role that is assumed."""

    def __init__(self, answers: t.Any, members: dict[str, t.Any], **more: t.Any) -> None:
        self.access: t.Any = RecordedAccess(answers, account_id=MANAGEMENT)
        self.members = members
        self.assumed: list[tuple[str, t.Any]] = []
        self.connection = connect(self.access, NOW, read_as=self._read_as, **more)

    def _read_as(self, arn: str, operations: t.Any) -> t.Any:
        self.assumed.append((arn, operations))
        answers = self.members[arn.split(":")[4]]
        if isinstance(answers, Exception):
            raise answers
        account = answers.get("account", arn.split(":")[4])
        given = {name: answer for name, answer in answers.items() if name != "account"}
        return RecordedAccess(given, account_id=account, declared=operations.reads)
