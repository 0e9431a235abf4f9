# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An organization, its trail in a directory, and a task, to try rollouts on."""

from __future__ import annotations

import gzip
import json
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._account.documents import policy_document
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    SCP,
    MemberAccount,
    OrganizationPolicy,
    OrganizationTree,
    Unit,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task

from ._converge.fakes import FakeCaller
from ._policy.trail.events import assume, event

ORGANIZATION, MANAGEMENT, CANARY, DEV, PROD = "o-acme", "111122223333", "222233334444", "333344445555", "444455556666"
NAME = "Deny leaving"
POLICY_ARN = f"arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}/service_control_policy/p-1"
OTHER_ARN = f"arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}/service_control_policy/p-2"
UNNAMED = "is not authorized to perform: iam:CreateUser with an explicit deny in a service control policy"
SCP_TEXT = f"{UNNAMED}: {POLICY_ARN}"


def document(*actions: str) -> str:
    """An SCP that denies some actions."""
    statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CONTENT = document("iam:CreateUser")


def role_arn(account_id: str, name: str = "app") -> str:
    return f"arn:aws:iam::{account_id}:role/{name}"


def tree(
    *targets: str,
    kind: str = SCP,
    policies: bool = True,
    accounts: t.Iterable[MemberAccount] = (),
    content: str = CONTENT,
) -> OrganizationTree:
    """Three units with an account each; the policy is attached to ``targets``."""
    policy = OrganizationPolicy(
        id="p-1",
        arn=POLICY_ARN,
        name=NAME,
        type=kind,
        description="",
        is_aws_managed=False,
        content=content,
        document=policy_document(NAME, content),
        targets=targets,
    )
    units = [Unit(f"ou-{name}", name, f"/{name}", "r-1") for name in ("canary", "dev", "prod")]
    members = [
        MemberAccount(account_id, name, "", "ACTIVE", parent)
        for account_id, name, parent in (
            (MANAGEMENT, "management", "r-1"),
            (CANARY, "canary", "ou-canary"),
            (DEV, "dev", "ou-dev"),
            (PROD, "prod", "ou-prod"),
        )
    ]
    return OrganizationTree(
        id=ORGANIZATION,
        management_account_id=MANAGEMENT,
        feature_set="ALL",
        root_id="r-1",
        units=(Unit("r-1", "Root", "/"), *units),
        accounts=(*members, *accounts),
        policies=(policy,) if policies else (),
    )


class FakeAccess:
    """AWS as far as a rollout needs it: who calls, and reads one after the other."""

    def __init__(self) -> None:
        self.caller = FakeCaller(MANAGEMENT, f"arn:aws:sts::{MANAGEMENT}:assumed-role/automation/awx-1")

    def gather(self, calls: Mapping[t.Any, Callable[[], t.Any]]) -> dict[t.Any, t.Any]:
        results: dict[t.Any, t.Any] = {}
        for key, call in calls.items():
            try:
                results[key] = call()
            except AwsError as error:
                results[key] = error
        return results


def task_at(now: datetime, *, check_mode: bool = False, **options: t.Any) -> Task:
    """A task whose clock stands still."""
    task = Task(options=options, operations=Operations(), check_mode=check_mode, clock=lambda: now)
    task.__dict__["access"] = FakeAccess()
    return task


class Trail:
    """The organization's trail, as CloudTrail lays it out."""

    def __init__(self, directory: Path) -> None:
        self.place = directory
        self.written = 0

    def write(
        self, account_id: str, when: datetime, *records: t.Any, region: str = "us-east-1", late: float = 0
    ) -> Path:
        """A log file with what happened at a moment, delivered so many hours later."""
        self.written += 1
        day = (when + timedelta(hours=late)).strftime("%Y/%m/%d")
        folder = self.place / "AWSLogs" / ORGANIZATION / account_id / "CloudTrail" / region / day
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{account_id}_CloudTrail_{region}_{self.written:04d}.json.gz"
        place = {"awsRegion": region, "recipientAccountId": account_id}
        dated = [{**record, **place, "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ")} for record in records]
        path.write_bytes(gzip.compress(json.dumps({"Records": dated}).encode()))
        return path

    def success(self, account_id: str, when: datetime, *, role: str = "app", call: str = "iam:CreateUser") -> Path:
        """A role of the account did something."""
        return self.write(account_id, when, event(call, assume(role_arn(account_id, role))))

    def denial(
        self, account_id: str, when: datetime, *, principal: t.Optional[str] = None, text: str = SCP_TEXT, **how: t.Any
    ) -> Path:
        """A role, of the account unless another is given, was denied to create a user."""
        identity = assume(principal or role_arn(account_id))
        denied = event("iam:CreateUser", identity, errorCode="AccessDenied", errorMessage=f"User: x {text}")
        return self.write(account_id, when, denied, **how)
