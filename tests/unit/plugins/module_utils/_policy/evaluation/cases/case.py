# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a case of the policy engine is made of, and the names that all cases use."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers, Outcome, Request

IAM: t.Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ORGANIZATIONS: t.Final = "https://docs.aws.amazon.com/organizations/latest/userguide/"
KMS: t.Final = "https://docs.aws.amazon.com/kms/latest/developerguide/"
STS: t.Final = "https://docs.aws.amazon.com/STS/latest/APIReference/"

ACCOUNT: t.Final = "111122223333"
OTHER: t.Final = "444455556666"
USER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/alice"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION: t.Final = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/run-1"
FEDERATED: t.Final = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
ROOT: t.Final = f"arn:aws:iam::{ACCOUNT}:root"
FOREIGN_USER: t.Final = f"arn:aws:iam::{OTHER}:user/mallory"
FOREIGN_ROLE: t.Final = f"arn:aws:iam::{OTHER}:role/partner"

BUCKET: t.Final = "arn:aws:s3:::data"
OBJECT: t.Final = "arn:aws:s3:::data/report.csv"
KEY: t.Final = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"

ALLOWED: t.Final = Outcome.ALLOWED
IMPLICIT: t.Final = Outcome.IMPLICIT_DENY
EXPLICIT: t.Final = Outcome.EXPLICIT_DENY
UNKNOWN: t.Final = Outcome.UNKNOWN

Names = t.Union[str, list[str]]
Statement = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """A request under layers, and what AWS documents to become of it, at ``source``.

    Of the decision, only the parts that are given here are compared.
    """

    id: str
    source: str
    request: Request
    layers: Layers
    outcome: Outcome
    layer: t.Optional[str] = None
    policy: t.Optional[str] = None
    statement: t.Optional[str] = None
    missing: t.Optional[tuple[str, ...]] = None


def statement(effect: str, action: t.Optional[Names], resource: t.Optional[Names] = "*", **more: t.Any) -> Statement:
    """A statement; other elements by their names, None leaves one out."""
    given = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {name: value for name, value in given.items() if value is not None}


def allow(action: t.Optional[Names] = "*", resource: t.Optional[Names] = "*", **more: t.Any) -> Statement:
    """An Allow statement."""
    return statement("Allow", action, resource, **more)


def deny(action: t.Optional[Names] = "*", resource: t.Optional[Names] = "*", **more: t.Any) -> Statement:
    """A Deny statement."""
    return statement("Deny", action, resource, **more)


def policy(name: str, *statements: Statement, version: str = "2012-10-17") -> Policy:
    """A policy of these statements."""
    return parse({"Version": version, "Statement": list(statements)}, name=name)


FULL: t.Final = policy("FullAccess", allow(Sid="Everything"))
S3_READ: t.Final = policy("S3Read", allow(["s3:GetObject", "s3:ListBucket"], Sid="Read"))
NOTHING: t.Final = Layers()
EVERYTHING: t.Final = Layers((FULL,))
