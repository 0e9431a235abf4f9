# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the core of a module reaches an account, other roles and places of files."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task

from ..organizing import FakeAccess

ROLE: t.Final = "arn:aws:iam::111122223333:role/iam-hardening/"
OPTIONS: t.Final = {
    "assume_role_arns": {"credentials": f"{ROLE}credentials"},
    "assume_role_arn": f"{ROLE}automation",
    "assessor_role_arn": f"{ROLE}assessor",
    "region": "us-east-1",
}


def make_task(**options: t.Any) -> Task:
    """A task that could write."""
    writes = Operations(reads=frozenset({"iam:GetUser"}), writes=frozenset({"iam:DeleteUser"}))
    clock = datetime(2026, 11, 25, tzinfo=UTC)
    return Task(options={**OPTIONS, **options}, operations=writes, check_mode=False, clock=lambda: clock)


def test_another_role_is_assumed_for_reading_alone_and_not_the_assessor() -> None:
    task = make_task()
    task.__dict__["access"] = FakeAccess()
    member = "arn:aws:iam::444455556666:role/reader"
    access = task.connection.read_as(member, Operations(reads=frozenset({"iam:GetUser"})))
    assert access.role_arn == member
    assert access._check_mode


def test_the_principals_of_a_run_are_its_caller_its_chain_and_all_its_roles() -> None:
    task = make_task()
    access: t.Any = FakeAccess()
    access.chain = ("arn:aws:iam::999988887777:user/awx",)
    task.__dict__["access"] = access
    roles = [f"{ROLE}{name}" for name in ("automation", "credentials", "assessor")]
    assert task.connection.principals == principals_of([access.caller.arn, *access.chain, *roles])


def test_a_place_of_files_is_opened_by_its_options(tmp_path: Path) -> None:
    task = make_task()
    task.__dict__["access"] = FakeAccess()
    store = task.connection.open_store(StoreOptions(str(tmp_path)))
    store.put("a", b"b")
    assert (tmp_path / "a").read_bytes() == b"b"


def test_warnings_and_the_role_of_the_organization_are_those_of_the_task() -> None:
    reader = "arn:aws:iam::999988887777:role/reader"
    task = make_task(organization_role_arn=reader)
    task.__dict__["access"] = FakeAccess()
    connection = task.connection
    connection.warn("mind the gap")
    assert task.warnings == ["mind the gap"]
    assert (connection.organization_role_arn, connection.has_organization_role_option) == (reader, True)
    assert connection.now == task.now
