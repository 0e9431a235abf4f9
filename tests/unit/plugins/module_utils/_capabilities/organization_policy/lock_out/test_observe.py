# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which members are read, and what is said of those that are not."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    PolicyChange,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.evidence import (
    MemberEvidence,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.observe import (
    Members,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.run import (
    LOCK_OUT_ARGUMENTS,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import EvidenceOptions

from ....organizing import CANARY, DEV, PROD, FakeAccess, task_at, tree

NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
ROLE: t.Final = "arn:aws:iam::<account_id>:role/reader"


class Denying(FakeAccess):
    """Notes which members are to be read, and reads none."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def gather(self, calls: Mapping[t.Any, Callable[[], t.Any]]) -> dict[t.Any, t.Any]:
        self.asked += calls
        return {key: AwsError(f"{key} says no") for key in calls}


def read(
    after: OrganizationTree, *, last: t.Collection[str] = (), **options: t.Any
) -> tuple[list[str], dict[str, MemberEvidence], Task]:
    """The accounts that were asked, what is known of each, and the task."""
    defaults = {name: argument.get("default") for name, argument in LOCK_OUT_ARGUMENTS.items()}
    given = {**defaults, "break_glass": [], "member_role_arn": ROLE, "max_member_reads": 50}
    task, access = task_at(NOW, **{**given, **options}), Denying()
    task.__dict__["access"] = access
    change = PolicyChange(tree(policies=False), after)
    evidence = EvidenceOptions.of(task)
    declared = Declared.from_options(task.options, today=NOW.date())
    found = Members(task.connection, declared, evidence, Operations(), change).read(last=last)
    return access.asked, {item.account.id: item for item in found}, task


def test_every_member_that_may_lose_something_is_read() -> None:
    asked, found, task = read(tree("ou-canary", "ou-dev"))
    assert asked == list(found) == [CANARY, DEV]
    assert str(found[DEV].failure) == f"{DEV} says no"
    assert task.warnings == []


@pytest.mark.parametrize("role", [None, ""])
def test_without_a_role_and_a_trail_no_member_is_read(role: t.Optional[str]) -> None:
    asked, found, _task = read(tree("ou-canary"), member_role_arn=role)
    assert asked == []
    assert str(found[CANARY].failure) == "it can't be read without member_role_arn or trail_logs"


def test_a_trail_alone_will_do(tmp_path: t.Any) -> None:
    asked, _found, _task = read(tree("ou-canary"), member_role_arn=None, trail_logs=str(tmp_path))
    assert asked == [CANARY]


@pytest.mark.parametrize(
    ("most", "last", "asked"),
    [(1, [], [CANARY]), (2, [CANARY], [DEV, PROD]), (3, [CANARY], [DEV, PROD, CANARY]), (0, [], [])],
)
def test_no_more_members_are_read_than_allowed(most: int, last: list[str], asked: list[str]) -> None:
    done, found, task = read(tree("r-1"), max_member_reads=most, last=last)
    assert done == asked
    assert list(found) == [CANARY, DEV, PROD]
    left = {key for key, item in found.items() if f"max_member_reads allows {most}" in str(item.failure)}
    assert left == {CANARY, DEV, PROD} - set(asked)
    expected = [f"{len(left)} of 3 accounts were not read: max_member_reads"] if left else []
    assert task.warnings == expected


def test_who_may_lose_nothing_is_not_read() -> None:
    everything = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    asked, found, _task = read(tree("ou-canary", content=everything))
    assert (asked, found) == ([], {})
