# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small organization to seed an emulator with, and boto3 clients that talk to it over HTTP."""

from __future__ import annotations

import typing as t

import boto3
from botocore.config import Config

from emulator.client import ADMINISTRATOR_KEY
from emulator.seed import access_key_id

MANAGEMENT: t.Final = "111122223333"
MEMBER: t.Final = "222233334444"
ALICE: t.Final = access_key_id(MANAGEMENT, "alice")

#: The management account with a user, and a member that denies a region and has a role for the management account.
SMALL: t.Final[t.Mapping[str, t.Any]] = {
    "organization": {"id": "o-small12345"},
    "management_account": MANAGEMENT,
    "accounts": {
        MANAGEMENT: {
            "name": "management",
            "users": {"alice": {"access_keys": [{}], "tags": {"team": "red"}, "policies": ["aws:ReadOnlyAccess"]}},
        },
        MEMBER: {
            "name": "member",
            "denied_regions": ["eu-west-1"],
            "roles": {
                "auditor": {
                    "trust": {
                        "Version": "2012-10-17",
                        "Statement": {
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
                            "Action": "sts:AssumeRole",
                            "Condition": {"StringEquals": {"sts:ExternalId": "small"}},
                        },
                    },
                }
            },
        },
    },
}


class Aws:
    """Makes boto3 clients for an emulator."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(
        self,
        service: str,
        *,
        key: str = ADMINISTRATOR_KEY,
        region: str = "us-east-1",
        attempts: int = 1,
        **config: t.Any,
    ) -> t.Any:
        """A client that makes this many attempts, as the owner of the key."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="emulated",
            config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, **config),
        )

    def assume(self, role_arn: str, **parameters: t.Any) -> str:
        """The access key of a session of this role, opened by the administrator."""
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test", **parameters)
        return str(answer["Credentials"]["AccessKeyId"])
