# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which trials of an account are over: by their records, else by the date that AWS has of their policies."""

from __future__ import annotations

import dataclasses
import types
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import OWNED, LivePolicy, Version
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Archive
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import CAMPAIGN
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.live import Observer
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trials import (
    observe as module,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trials.observe import (
    Overdue,
    TrialReader,
    list_on_trial,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore

from ..campaigns import declare, record
from ..samples import ACCOUNT, NAME, ROLE, TRIAL, make_subject, make_writer
from ..test_changes import prepare_in_place, reach, try_out
from .test_run import ON_TRIAL

BOUNDARY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/lp/lp-dev-shop-trial"
WEEKS: t.Final = {Kind.ASSESSED: 9, Kind.GENERATED: 8, Kind.PREPARED: 7, Kind.OPENED: 6}


class Case:
    """A run of another campaign in the account, whose role is on trial since six weeks."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The store dates what it writes by the clock of the machine.
        self.now = datetime.now(UTC)
        self.store = DirectoryStore(str(directory))
        self.tags = {OWNED[0]: OWNED[1], CAMPAIGN: NAME}
        self.made: t.Optional[datetime] = self.now - timedelta(weeks=6)
        self.campaign = "other"
        self.known: tuple[str, ...] = ()
        self.error: t.Optional[AwsError] = None
        self.warned: list[str] = []
        monkeypatch.setattr(module, "read_policy", lambda _access, arn: self._read(arn))
        monkeypatch.setattr(module, "read_subject", lambda *_given, **_named: self.subject)
        monkeypatch.setattr(module, "read_dossier", lambda *_given: None)

    @property
    def policy(self) -> LivePolicy:
        version = Version("v1", True, self.made, TRIAL.content)
        return LivePolicy(BOUNDARY, "", self.tags, (version,), 1)

    @property
    def subject(self) -> t.Any:
        return dataclasses.replace(make_subject(ON_TRIAL), live={BOUNDARY: self.policy})

    def _read(self, arn: str) -> t.Optional[LivePolicy]:
        assert arn == BOUNDARY
        if self.error is not None:
            raise self.error
        return self.policy

    def keep(self, deadline: timedelta, *, campaign: str = NAME, kinds: t.Collection[Kind] = WEEKS) -> None:
        """Keep the records of the trial, which ends so long after now."""
        archive = Archive(self.store, ACCOUNT, campaign)
        for kind in kinds:
            fields = {"deadline": self.now + deadline} if kind is Kind.OPENED else {}
            made = record(kind, way=Way.IN_PLACE, **fields)
            where = {"account_id": ACCOUNT, "campaign": campaign, "role_arn": ROLE, "role_id": "AROAOLD"}
            made = dataclasses.replace(made, at=self.now - timedelta(weeks=WEEKS[kind]), **where)
            archive.write(made, archive.read("dev-shop"))

    def find(self) -> tuple[TrialReader, tuple[Overdue, ...]]:
        writer = dataclasses.replace(make_writer(ON_TRIAL), campaign=self.campaign)
        connection = types.SimpleNamespace(access=None, now=self.now, warn=self.warned.append)
        declared = declare(campaign=self.campaign, trial_days=21)
        reader = TrialReader(t.cast(t.Any, connection), declared, self.store, writer, self.known)
        return reader, reader.find(Observer(writer, Permissions(ON_TRIAL)))

    @property
    def overdue(self) -> list[str]:
        return [one.found.role.arn for one in self.find()[1]]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(tmp_path, monkeypatch)


def test_a_role_is_on_trial_by_the_path_and_the_name_of_its_boundary() -> None:
    assert [role.arn for role in list_on_trial(ON_TRIAL)] == [ROLE]
    assert list_on_trial(reach(prepare_in_place)) == ()
    other = dataclasses.replace(ON_TRIAL.roles[0], boundary=f"arn:aws:iam::{ACCOUNT}:policy/own-trial")
    assert list_on_trial(dataclasses.replace(ON_TRIAL, roles=(other,))) == ()
    assert len(list_on_trial(reach(prepare_in_place, try_out))) == 1


def test_a_trial_ends_after_the_deadline_of_its_record(case: Case) -> None:
    case.keep(timedelta(minutes=-1))
    reader, (found,) = case.find()
    assert (found.campaign, found.step.event, found.step.way) == (NAME, Kind.LIFTED, Way.IN_PLACE)
    assert found.archive is not None and found.archive.campaign == NAME and len(found.found.log.events) == 4
    assert (found.found.role.arn, reader.unread, case.warned) == (ROLE, {}, [])


def test_a_trial_within_its_deadline_goes_on(case: Case) -> None:
    case.keep(timedelta(minutes=1))
    reader, found = case.find()
    assert found == () and reader.unread == {}


def test_a_trial_without_records_ends_by_the_date_of_its_policy(case: Case) -> None:
    """The days of this declaration are those of another campaign, so the most that may be declared count."""
    for days, is_over in ((89.9, False), (90, True)):
        case.made = case.now - timedelta(days=days)
        assert case.overdue == ([ROLE] if is_over else [])
    case.made = None
    (found,) = case.find()[1]
    assert found.archive is None and found.found.log.events == ()


def test_the_tag_of_a_policy_names_no_folder_that_is_not_there(case: Case) -> None:
    """Anybody who may tag the policy can name a campaign."""
    case.keep(timedelta(minutes=-1))
    case.tags = {**case.tags, CAMPAIGN: "../developers"}
    case.made = case.now
    assert case.overdue == []


@pytest.mark.parametrize("tags", [{}, {OWNED[0]: OWNED[1]}, {CAMPAIGN: NAME}, {OWNED[0]: "x", CAMPAIGN: NAME}])
def test_a_policy_that_no_campaign_made_is_no_trial(case: Case, tags: dict[str, str]) -> None:
    case.keep(timedelta(minutes=-1))
    case.tags = tags
    assert case.overdue == []


def test_the_roles_of_the_own_campaign_are_decided_by_its_own_steps(case: Case) -> None:
    case.keep(timedelta(minutes=-1))
    case.campaign, case.known = NAME, (ROLE,)
    assert case.overdue == []
    # One that the run does not read is ended here, and so is that of another campaign.
    case.known = (f"{ROLE}2",)
    assert case.overdue == [ROLE]
    case.campaign, case.known = "other", (ROLE,)
    assert case.overdue == [ROLE]


def test_a_trial_that_cannot_be_read_is_named(case: Case) -> None:
    case.keep(timedelta(minutes=-1))
    case.error = AwsError("not allowed")
    reader, found = case.find()
    assert found == () and "not allowed" in reader.unread[ROLE] and case.warned == [reader.unread[ROLE]]


def test_a_record_that_is_not_believed_leaves_it_open_whether_the_trial_is_over(case: Case) -> None:
    case.keep(timedelta(days=7), kinds=[Kind.ASSESSED, Kind.OPENED])
    case.made = case.now - timedelta(days=1)
    reader, found = case.find()
    assert found == () and "000002-opened.json" in reader.unread[ROLE]
