# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof of a new role counts the boundary that the role gets, and not that of the user."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    ManagedPolicy,
    PolicyDocument,
    Snapshot,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.proposing import (
    make_subject,
    propose,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import Proposal

from ..._policy.least_privilege.samples import ACCOUNT, NOW, allow, call, make_record, settings

ARN: t.Final = f"arn:aws:iam::{ACCOUNT}:user/svc"
LIMIT: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/Limit"
ONLY_S3: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/OnlyS3"
UNREAD: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/Unread"
FROM_OFFICE: t.Final = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
BOUNDARIES: t.Final = {LIMIT: allow("*", Condition=FROM_OFFICE), ONLY_S3: allow("s3:*"), UNREAD: None}


def document(name: str, statement: t.Optional[dict[str, t.Any]]) -> PolicyDocument:
    return PolicyDocument(name, {"Version": "2012-10-17", "Statement": [statement]} if statement else None)


def make(of_user: t.Optional[str], of_role: str) -> Proposal:
    held = document("own", allow(["sqs:SendMessage", "s3:ListAllMyBuckets"]))
    user = User("svc", ARN, "/", None, (), (), (held,), of_user)
    policies = tuple(
        ManagedPolicy(arn, arn.rpartition("/")[2], "/", document("v1", statement), 0, 1, None, None, False)
        for arn, statement in BOUNDARIES.items()
    )
    caller = Caller(ACCOUNT, ARN, "AIDAEXAMPLE")
    snapshot = Snapshot(caller, "aws", "us-east-1", NOW, (), users=(user,), policies=policies)
    keys = {"aws:SourceIp": "198.51.100.7"}
    use = dataclasses.replace(call("sqs:SendMessage", keys=keys), principal_arn=ARN)
    record = dataclasses.replace(make_record(use), principal_arn=ARN)
    return propose(Permissions(snapshot), settings(), make_subject(user), of_role, {ARN: record})


def test_the_boundary_of_the_user_is_missed_on_a_role_without_it() -> None:
    open_ones = make(LIMIT, "")
    assert (open_ones.failure, open_ones.breakage) == ("", "")
    assert f"declare {LIMIT} as boundary" in open_ones.unproven
    same = make(LIMIT, LIMIT)
    assert (same.failure, same.breakage, same.unproven) == ("", "", "")


def test_a_declared_boundary_that_denies_recorded_calls_breaks_them() -> None:
    assert "sqs:SendMessage" in make(None, ONLY_S3).breakage
    none = make(None, "")
    assert (none.failure, none.breakage, none.unproven) == ("", "", "")


def test_a_boundary_that_can_not_be_read_proves_nothing() -> None:
    for of_user, of_role in ((None, UNREAD), (UNREAD, ""), (UNREAD, UNREAD), (UNREAD, ONLY_S3)):
        assert f"{UNREAD} can't be read" in make(of_user, of_role).unproven
