# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snapshot that the modules of one run share: whose it is, how long it holds, and which write ends it."""

from __future__ import annotations

import dataclasses
import errno
import tempfile
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.kept import Key, Owning
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, PasswordPolicy, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.source import Unreadable
from ansible_collections.hardening.iam.plugins.module_utils._account.stacks import RegionStacks
from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles
from ansible_collections.hardening.iam.plugins.module_utils._module.run_snapshot import (
    MOST_SECONDS,
    Binding,
    Part,
    RunSnapshot,
    count_seconds,
    discard_all,
)

NOW: t.Final = datetime(2026, 11, 25, 12, 30, 15, tzinfo=UTC)
BINDING: t.Final = Binding("origin", "111122223333", "run-1")
ASSESSOR: t.Final = "arn:aws:iam::111122223333:role/assessor"
AUTOMATION: t.Final = "arn:aws:iam::111122223333:role/automation"
POLICY: t.Final[Key] = (Dataset.PASSWORD_POLICY, None)
USERS: t.Final[Key] = (Dataset.AUTHORIZATION_DETAILS, None)
ANALYZERS: t.Final[Key] = (Dataset.ANALYZERS, "eu-west-1")
STACKS: t.Final[Key] = (Owning.STACKS, "eu-west-1")
FIELDS: t.Final = {
    "password_policy": PasswordPolicy(14, *(True,) * 5),
}


class Run:
    """The modules of one process, and its clock."""

    def __init__(self, directory: Path) -> None:
        self.files = RunFiles(directory, b"s" * 32)
        # Early, since the clock of a machine that has just started must be ahead of it.
        self.seconds = 20.0

    def tick(self) -> float:
        """Time passes between two looks at the clock."""
        self.seconds += 0.001
        return self.seconds

    def module(
        self, part: Part, *, binding: t.Optional[Binding] = BINDING, reader: str = ASSESSOR, files: bool = True
    ) -> RunSnapshot:
        return RunSnapshot(
            self.files if files else None, binding, part=part, reader=reader, now=lambda: NOW, clock=self.tick
        )

    def assess(self, **more: t.Any) -> None:
        """An assessment that read three datasets."""
        module = self.module(Part.ASSESSMENT, **more)
        for key in (POLICY, USERS, ANALYZERS):
            module.keep(key, FIELDS, begun=module.begin())
        module.note("caller", "me")
        module.open()

    def finds(self, key: Key = POLICY, **more: t.Any) -> bool:
        return self.module(Part.FOLLOWING, **more).find(key) is not None


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "account")


def test_a_role_finds_what_the_assessment_read_and_when(run: Run) -> None:
    run.assess()
    found = run.module(Part.FOLLOWING).find(POLICY)
    assert found is not None
    assert found.result == FIELDS
    assert found.observed_at == NOW
    assert run.module(Part.FOLLOWING).recall("caller") == "me"
    assert run.module(Part.FOLLOWING).find((Dataset.ANALYZERS, "us-east-1")) is None
    assert run.module(Part.FOLLOWING).find((Dataset.TRAILS, None)) is None


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(BINDING, origin="another"),
        dataclasses.replace(BINDING, account_id="999988887777"),
        dataclasses.replace(BINDING, run_id="run-2"),
        None,
    ],
)
def test_a_snapshot_of_other_credentials_or_another_account_or_run_is_refused(
    run: Run, other: t.Optional[Binding]
) -> None:
    run.assess()
    run.assess(binding=other)
    assert run.finds()
    run.files = RunFiles(run.files.directory / "anew", b"s" * 32)
    run.assess(binding=other)
    assert not run.finds()
    run.assess()
    assert run.finds()
    # Nor is it the other way round.
    run.files = RunFiles(run.files.directory / "again", b"s" * 32)
    run.assess()
    assert not run.finds(binding=other)
    assert run.module(Part.FOLLOWING, binding=other).recall("caller") is None


def test_where_nobody_follows_facts_are_shared_and_no_reads(run: Run) -> None:
    run.files = dataclasses.replace(run.files, for_facts_only=True)
    run.assess()
    assert not any(run.finds(key) for key in (POLICY, USERS, ANALYZERS))
    assert run.module(Part.FOLLOWING).recall("caller") == "me"


def test_after_a_quarter_of_an_hour_an_account_is_read_again(run: Run) -> None:
    run.assess()
    run.seconds += MOST_SECONDS - 1
    assert run.finds()
    run.seconds += 1
    assert not run.finds()
    assert run.module(Part.FOLLOWING).recall("caller") is None
    # What a role read then is kept for the next.
    role = run.module(Part.FOLLOWING)
    role.keep(POLICY, FIELDS, begun=role.begin())
    assert run.finds()
    assert not run.finds(USERS)


def test_a_snapshot_of_the_future_is_refused(run: Run) -> None:
    run.assess()
    run.seconds -= 10
    assert not run.finds()


def test_the_clock_is_one_that_nobody_can_set() -> None:
    first = count_seconds()
    assert 0 < first <= count_seconds()


def test_without_an_assessment_a_role_shares_nothing(run: Run) -> None:
    """Else a role would plan on what another one read before somebody's own tasks."""
    for part in (Part.FOLLOWING, Part.FIRST):
        module = run.module(part)
        module.keep(POLICY, FIELDS, begun=module.begin())
        module.note("caller", "me")
        module.open()
        assert not run.finds()
        assert run.module(Part.FOLLOWING).recall("caller") is None


def test_the_assessment_goes_on_from_the_preflight_which_looks_for_itself(run: Run) -> None:
    first = run.module(Part.FIRST)
    first.keep(POLICY, FIELDS, begun=first.begin())
    assert run.module(Part.FIRST).find(POLICY) is None
    assert run.module(Part.ASSESSMENT).find(POLICY) is not None


def test_a_second_assessment_reads_afresh_and_replaces_the_first(run: Run) -> None:
    run.assess()
    again = run.module(Part.ASSESSMENT)
    assert again.find(POLICY) is None
    assert again.recall("caller") is None
    again.keep(POLICY, {"password_policy": None}, begun=again.begin())
    found = run.module(Part.FOLLOWING).find(POLICY)
    assert found is not None
    assert found.result == {"password_policy": None}


def test_a_module_that_has_no_part_neither_finds_nor_leaves_anything(run: Run) -> None:
    alone = run.module(Part.NONE)
    alone.keep(POLICY, FIELDS, begun=alone.begin())
    alone.note("caller", "me")
    run.assess()
    assert run.module(Part.NONE).find(POLICY) is None
    assert run.module(Part.NONE).recall("caller") is None


def test_a_module_outside_of_the_process_shares_nothing(run: Run) -> None:
    run.assess()
    outside = run.module(Part.FOLLOWING, files=False)
    outside.keep(POLICY, FIELDS, begun=outside.begin())
    outside.wrote("iam:CreateUser")
    assert outside.find(POLICY) is None
    assert run.finds()


def test_a_write_discards_what_it_touches(run: Run) -> None:
    run.assess()
    run.module(Part.FOLLOWING).wrote("iam:UpdateAccountPasswordPolicy")
    assert not run.finds(POLICY)
    assert run.finds(USERS)
    assert run.finds(ANALYZERS)
    role = run.module(Part.FOLLOWING)
    role.keep(POLICY, FIELDS, begun=role.begin())
    assert run.finds(POLICY)


@pytest.mark.parametrize("operation", ["iam:AttachUserPolicy", "accessanalyzer:CreateAnalyzer", "new:CreateThing"])
def test_in_doubt_a_write_discards_all_of_the_account(run: Run, operation: str) -> None:
    """A new analyzer, for example, brings a service-linked role."""
    other = dataclasses.replace(BINDING, account_id="999988887777")
    run.assess()
    run.assess(binding=other)
    run.module(Part.NONE).wrote(operation)
    assert not any(run.finds(key) for key in (POLICY, USERS, ANALYZERS))
    assert run.module(Part.FOLLOWING).recall("caller") is None
    assert run.finds(binding=other)


@pytest.mark.parametrize("operation", ["organizations:AttachPolicy", ""])
def test_a_write_that_reaches_other_accounts_discards_all_of_them(run: Run, operation: str) -> None:
    run.assess()
    run.module(Part.NONE, binding=dataclasses.replace(BINDING, account_id="999988887777")).wrote(operation)
    assert not run.finds()
    run.assess()
    assert run.finds()
    discard_all(run.files)
    # This clock is the machine's, so that what is discarded by it is far in the future of this one.
    assert not run.finds()


def test_a_write_by_other_credentials_discards_too(run: Run) -> None:
    run.assess()
    run.module(Part.NONE, binding=Binding("another", BINDING.account_id, "run-9")).wrote("iam:CreateUser")
    assert not run.finds()
    run.assess()
    run.module(Part.NONE, binding=None).wrote("iam:CreateUser")
    assert not run.finds()


def test_a_read_that_was_sent_before_a_write_is_not_kept_beyond_it(run: Run) -> None:
    """Two workers of one account: the slow answer of one arrives after the write of the other."""
    run.assess()
    reader = run.module(Part.FOLLOWING)
    begun = reader.begin()
    run.module(Part.FOLLOWING).wrote("iam:UpdateAccountPasswordPolicy")
    reader.keep(POLICY, FIELDS, begun=begun)
    assert not run.finds(POLICY)


def keep_stacks(run: Run, **more: t.Any) -> None:
    run.assess(**more)
    role = run.module(Part.FOLLOWING, **more)
    role.keep(STACKS, RegionStacks((), ("the resources of the stack app can't be read: no",)), begun=role.begin())


def test_a_write_to_iam_changes_no_stack(run: Run) -> None:
    keep_stacks(run)
    run.module(Part.FOLLOWING).wrote("iam:AttachRolePolicy")
    assert not run.finds(USERS)
    assert run.finds(STACKS)


def test_a_fact_that_lasts_outlives_writes_and_is_of_one_run(run: Run) -> None:
    run.assess()
    run.module(Part.FOLLOWING).lasting.note("journal", {"a": 1})
    run.module(Part.FOLLOWING).wrote("iam:AttachRolePolicy")
    assert run.module(Part.FOLLOWING).recall("journal") is None
    assert run.module(Part.FOLLOWING).lasting.recall("journal") == {"a": 1}
    other = dataclasses.replace(BINDING, run_id="run-2")
    run.assess(binding=other)
    assert run.module(Part.FOLLOWING, binding=other).lasting.recall("journal") is None
    run.seconds += MOST_SECONDS
    assert run.module(Part.FOLLOWING).lasting.recall("journal") is None


def test_stacks_are_read_again_where_somebody_else_works_in_the_account(run: Run) -> None:
    keep_stacks(run)
    run.module(Part.FOLLOWING, binding=dataclasses.replace(BINDING, account_id="999988887777")).discard()
    assert run.finds(STACKS)
    run.module(Part.FOLLOWING).discard()
    assert not run.finds(STACKS)
    assert not run.finds(USERS)
    keep_stacks(run)
    run.module(Part.NONE).wrote("organizations:AttachPolicy")
    assert not run.finds(STACKS)


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(BINDING, origin="another"),
        dataclasses.replace(BINDING, account_id="999988887777"),
        dataclasses.replace(BINDING, run_id="run-2"),
    ],
)
def test_stacks_of_other_credentials_or_another_account_or_run_are_refused(run: Run, other: Binding) -> None:
    keep_stacks(run)
    run.assess(binding=other)
    assert not run.finds(STACKS, binding=other)
    assert run.finds(STACKS)
    run.seconds += MOST_SECONDS
    assert not run.finds(STACKS)


def test_stacks_that_could_not_be_read_name_the_reader(run: Run) -> None:
    keep_stacks(run)
    for reader, addition in (
        (ASSESSOR, ""),
        (AUTOMATION, f" (asked by {ASSESSOR}, which read the account in this run)"),
    ):
        found = run.module(Part.FOLLOWING, reader=reader).find(STACKS)
        assert found is not None
        assert isinstance(found.result, RegionStacks)
        assert found.result.unread == (f"the resources of the stack app can't be read: no{addition}",)


def test_a_message_to_people_discards_nothing(run: Run) -> None:
    run.assess()
    run.module(Part.FOLLOWING).wrote("sns:Publish")
    assert all(run.finds(key) for key in (POLICY, USERS, ANALYZERS))


def test_what_was_denied_to_the_reader_is_unread_for_the_writer_and_names_the_reader(run: Run) -> None:
    denial = Unreadable(UnreadKind.DENIED, "AccessDenied: no", operation="iam:GetAccountPasswordPolicy", of_region=True)
    assessment = run.module(Part.ASSESSMENT)
    assessment.keep(POLICY, denial, begun=assessment.begin())
    assessment.open()
    for reader, reason in (
        (ASSESSOR, "AccessDenied: no"),
        (AUTOMATION, f"AccessDenied: no (asked by {ASSESSOR}, which read the account in this run)"),
    ):
        found = run.module(Part.FOLLOWING, reader=reader).find(POLICY)
        assert found is not None
        assert isinstance(found.result, Unreadable)
        assert (found.result.kind, found.result.reason) == (UnreadKind.DENIED, reason)
        assert (found.result.operation, found.result.of_region) == ("iam:GetAccountPasswordPolicy", True)


def test_without_a_role_the_reader_is_the_owner_of_the_credentials(run: Run) -> None:
    assessment = run.module(Part.ASSESSMENT, reader="")
    assessment.keep(POLICY, Unreadable(UnreadKind.DENIED, "no"), begun=assessment.begin())
    assessment.open()
    found = run.module(Part.FOLLOWING).find(POLICY)
    assert found is not None
    assert "asked by the credentials of the controller" in str(t.cast(Unreadable, found.result).reason)


def test_the_owner_of_the_credentials_is_known_in_all_accounts_that_they_reach(run: Run) -> None:
    other = dataclasses.replace(BINDING, account_id="999988887777")
    for binding in (BINDING, other):
        run.assess(binding=binding)
    run.module(Part.FOLLOWING).note("owner", {"arn": "a"}, of_run=True)
    run.module(Part.FOLLOWING).wrote("iam:CreateUser")
    assert run.module(Part.FOLLOWING, binding=other).recall("owner", of_run=True) == {"arn": "a"}
    assert run.module(Part.FOLLOWING, binding=other).recall("owner") is None
    elsewhere = dataclasses.replace(other, origin="another")
    run.assess(binding=elsewhere)
    assert run.module(Part.FOLLOWING, binding=elsewhere).recall("owner", of_run=True) is None


def test_a_write_that_can_not_be_noted_ends_the_snapshot_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full. Files can still be removed then."""
    run.assess()
    module = run.module(Part.FOLLOWING)

    def fail(**_options: t.Any) -> t.NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(tempfile, "mkstemp", fail)
        module.wrote("iam:UpdateAccountPasswordPolicy")
    assert not run.finds()
