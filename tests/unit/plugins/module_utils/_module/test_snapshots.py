# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the policies of the organization are read for break-glass, and the warning where they can't be."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    Dataset,
    Organization,
    PolicyDocument,
    PolicyLevel,
    Role,
    Snapshot,
    Unread,
    UnreadKind,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._converge.break_glass import Rescue
from ansible_collections.hardening.iam.plugins.module_utils._module import connection as connection_module
from ansible_collections.hardening.iam.plugins.module_utils._module import snapshots
from ansible_collections.hardening.iam.plugins.module_utils._module.run_snapshot import Part, RunSnapshot

from ..organizing import task_at

NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
ACCOUNT: t.Final = "111122223333"
POLICIES: t.Final = Dataset.ORGANIZATION_POLICIES
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}, "Action": "sts:AssumeRole"}
    ],
}
GLASS: t.Final = Role(
    "break-glass",
    f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass",
    "/iam-hardening/",
    None,
    PolicyDocument("trust", TRUST),
    ("arn:aws:iam::aws:policy/AdministratorAccess",),
    (),
    None,
    None,
    None,
)
LEVEL: t.Final = PolicyLevel(ACCOUNT, ACCOUNT, (), ())


def account(*roles: Role, unread: UnreadKind = UnreadKind.NOT_REQUESTED) -> Snapshot:
    """An account of which only users and roles were read; and how it came that the policies were not."""
    missing = {**dict.fromkeys((Dataset.ORGANIZATION, Dataset.CREDENTIAL_REPORT), UnreadKind.NOT_REQUESTED)}
    return Snapshot(
        caller=Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/automation", "AROA"),
        partition="aws",
        home_region="us-east-1",
        observed_at=NOW,
        regions=(),
        roles=roles,
        unread=tuple(Unread(name, kind, "no word") for name, kind in {**missing, POLICIES: unread}.items()),
    )


class Aws:
    """Answers in place of ``collect`` and of the role in the management account."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, denies: bool, tells: bool) -> None:
        self.asked: list[frozenset[Dataset]] = []
        self._denies, self._tells = denies, tells
        monkeypatch.setattr(connection_module, "collect", self._collect)
        monkeypatch.setattr(snapshots, "add_organization_policies", self._add_policies)

    def _collect(self, _access: t.Any, *, datasets: Collection[Dataset], **_more: t.Any) -> Snapshot:
        self.asked.append(frozenset(datasets))
        denied = (Unread(POLICIES, UnreadKind.DENIED, "members are not told"),) if self._denies else ()
        read = account(unread=UnreadKind.DENIED)
        organization = Organization("o-acme", "999988887777", "ALL")
        levels = () if self._denies else (LEVEL,)
        return dataclasses.replace(read, unread=denied, organization=organization, organization_policies=levels)

    def _add_policies(self, _connection: t.Any, snapshot: Snapshot) -> Snapshot:
        if not self._tells or snapshot.missing(POLICIES) is None:
            return snapshot
        return dataclasses.replace(snapshot, unread=(), organization_policies=(LEVEL,))


def rescue(snapshot: Snapshot, **options: t.Any) -> tuple[Rescue, list[str]]:
    """The rescue, and the warnings that come of it."""
    task = task_at(NOW, **options)
    found = snapshots.rescue_of(task.connection, snapshot, ())
    return found, list(task.warnings)


def test_what_the_account_tells_is_read_with_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(monkeypatch, denies=False, tells=False)
    found, warnings = rescue(account(GLASS))
    assert aws.asked == [frozenset({Dataset.ORGANIZATION, POLICIES})]
    assert (found.snapshot.organization_policies, warnings) == ((LEVEL,), [])


def test_what_the_account_is_not_told_the_role_in_the_management_account_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    Aws(monkeypatch, denies=True, tells=True)
    found, warnings = rescue(account(GLASS))
    assert (found.snapshot.organization_policies, warnings) == ((LEVEL,), [])


def test_what_nobody_may_read_is_one_warning_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    Aws(monkeypatch, denies=True, tells=False)
    found, warnings = rescue(account(GLASS), organization_role_arn=None)
    (warning,) = warnings
    assert "the policies of the organization are not known (members are not told)" in warning
    assert "organization_role_arn (aws_organization_role_arn)" in warning
    assert found.lacks() == {}
    # A module that has no such option names none.
    assert "aws_organization_role_arn" not in rescue(account(GLASS))[1][0]


def test_what_was_denied_before_is_not_asked_again_and_said_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(monkeypatch, denies=False, tells=False)
    _found, warnings = rescue(account(GLASS, unread=UnreadKind.DENIED))
    assert aws.asked == [frozenset({Dataset.ORGANIZATION})]
    assert len(warnings) == 1 and "no word" in warnings[0]
    rescue(account(GLASS, unread=UnreadKind.THROTTLED))
    assert POLICIES in aws.asked[1]


def test_without_break_glass_nothing_is_read_and_nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(monkeypatch, denies=True, tells=False)
    assert rescue(account())[1] == []
    assert aws.asked == []


def test_an_account_whose_roles_are_not_known_is_read_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(monkeypatch, denies=True, tells=False)
    unread = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "denied")
    _found, warnings = rescue(dataclasses.replace(account(), unread=(unread,)))
    assert (aws.asked, warnings) == ([], [])


@pytest.mark.parametrize(
    ("keys", "profile", "known"),
    [
        (["Active", "Inactive"], None, (True, [True, False])),
        ([], NotFound("no password"), (False, [])),
        (NotFound("no user"), None, (False, [])),
        (AwsError("denied"), None, None),
        (["Active"], AwsError("denied"), None),
    ],
)
def test_what_a_user_signs_in_with_is_read_now_and_once(keys: t.Any, profile: t.Any, known: t.Any) -> None:
    asked: list[str] = []

    class Iam:
        def items(self, _service: str, operation: str, _key: str, _parameters: t.Any) -> t.Any:
            asked.append(operation)
            if isinstance(keys, AwsError):
                raise keys
            return [{"Status": status} for status in keys]

        def call(self, _service: str, operation: str, _parameters: t.Any) -> t.Any:
            asked.append(operation)
            if profile is not None:
                raise profile

    connection = dataclasses.replace(task_at(NOW).connection, access=t.cast(t.Any, Iam()))
    found = snapshots.rescue_of(connection, account(), ())
    user = User("ann", f"arn:aws:iam::{ACCOUNT}:user/ann", "/", None, (), (), (), None)
    assert found.sign_ins is not None
    row = found.sign_ins(user)
    assert (row and (row.password_enabled, [key.active for key in row.access_keys])) == known
    count = len(asked)
    assert found.sign_ins(user) is row and len(asked) == count


@pytest.mark.parametrize(
    ("writes", "shared", "is_live"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_a_run_that_writes_looks_for_break_glass_in_the_account_as_it_is_now(
    monkeypatch: pytest.MonkeyPatch, writes: bool, shared: bool, is_live: bool
) -> None:
    """The plan may stand on a quarter of an hour old reads, in which somebody took the last way to use it."""
    monkeypatch.setattr(snapshots, "add_organization_policies", lambda _connection, snapshot: snapshot)
    asked: list[t.Any] = []

    def collect(_access: t.Any, *, datasets: Collection[Dataset], kept: t.Any, **_more: t.Any) -> Snapshot:
        asked.append((frozenset(datasets), kept.finds))
        return account()

    monkeypatch.setattr(connection_module, "collect", collect)
    connection = dataclasses.replace(task_at(NOW).connection, writes=writes)
    connection = dataclasses.replace(connection, snapshot=FoundSnapshot()) if shared else connection
    found = snapshots.rescue_now(connection, account(GLASS, unread=UnreadKind.DENIED), ())
    assert ((frozenset({Dataset.AUTHORIZATION_DETAILS}), False) in asked) is is_live
    assert (found.snapshot.roles == ()) is is_live


class FoundSnapshot(RunSnapshot):
    """The snapshot of a run whose account was assessed."""

    def __init__(self) -> None:
        super().__init__(None, None, part=Part.FOLLOWING, reader="", now=lambda: NOW)
        self._finds = True
