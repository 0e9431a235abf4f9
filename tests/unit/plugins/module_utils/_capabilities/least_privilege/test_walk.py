# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role from its first stage to its last, through a store: what a run records is what the next run goes by."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Archive
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    Stage,
    Surroundings,
    Watched,
    Way,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.state import Owned
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Identity, replay
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Event, Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import (
    LiveRole,
    NewRole,
    Situation,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.steps import decide
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore

from .campaigns import ACCOUNT, CONTENT, DAYS, NEW_ID, NEW_ROLE, PROPOSAL, ROLE, ROLE_ID, record
from .samples import ADMIN

# Stores date what they write by the clock.
BEGAN = datetime.now(UTC).replace(microsecond=0)


@dataclasses.dataclass
class Account:
    """An account with one role, which changes as the steps say. ``kills`` leaves out the record of a step."""

    archive: Archive
    way: Way
    live: LiveRole
    days: float = 0

    @property
    def now(self) -> datetime:
        return BEGAN + timedelta(days=self.days)

    def run(self, stage: t.Optional[str], *, kills: bool = False) -> Step:
        revert = ["dev-a"] if stage == "revert" else []
        targets = [{"roles": ["dev-a"], "way": self.way.value, "canary": True}]
        options = {"campaign": "developers", "stage": stage, "targets": targets, "revert": revert}
        declared = Declared.from_options(options, today=self.now.date())
        log = self.archive.read("dev-a")
        identity = Identity(ACCOUNT, "developers", ROLE, ROLE_ID, self.now, is_canary=True, days=DAYS)
        situation = Situation(
            ROLE,
            replay(log, identity),
            self.live,
            declared.find_target(ROLE),
            PROPOSAL,
            Surroundings(),
            Watched(BEGAN - timedelta(days=1), self.now, calls=1),
        )
        (step,) = decide(declared, (situation,), now=self.now)
        if step.event is not None:
            self._apply(step.event)
            if not kills:
                self.archive.write(self._make_event(step, step.event), log)
        return step

    def _apply(self, event: Kind) -> None:
        """Do in AWS what the step says."""
        changes: dict[str, t.Any] = {}
        if event is Kind.PREPARED and self.way is not Way.BY_OWNER:
            new = NewRole(NEW_ROLE, NEW_ID, is_ours=True, made_at=self.now, is_closed=True)
            changes = {"made_at": self.now, "new_role": new if self.way is Way.PARALLEL else None}
        if event is Kind.OPENED and self.way is Way.IN_PLACE:
            changes = {"boundary": "trial", "has_trial": True}
        if event is Kind.OPENED and self.way is Way.PARALLEL:
            new = self.live.new_role
            changes = {"has_documents": True, "new_role": new and dataclasses.replace(new, is_closed=False)}
        if event is Kind.CUT_OVER:
            changes = {"has_documents": True, "boundary": "", "has_trial": False}
        if self.way is Way.BY_OWNER and event is not Kind.ASSESSED:
            changes = {"owned": Owned(unreturned=f"{ADMIN} is not attached", has_new=True)}
        if event in (Kind.LIFTED, Kind.REVERTED):
            changes = {"boundary": "", "has_trial": False, "has_documents": False, "new_role": None, "is_closed": False}
        if event is Kind.CLOSED:
            changes = {"is_closed": True}
        self.live = dataclasses.replace(self.live, **changes)

    def _make_event(self, step: Step, event: Kind) -> Event:
        fields: dict[str, t.Any] = {}
        if event is Kind.OPENED and self.way is Way.IN_PLACE:
            fields = {"deadline": self.now + timedelta(days=21)}
        made = record(
            event, way=step.way or self.way, content_sha256="" if event is Kind.ASSESSED else CONTENT, **fields
        )
        return dataclasses.replace(made, at=self.now)


@pytest.fixture(params=Way)
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
    live = LiveRole(ROLE, ROLE_ID, layers_sha256="layers", has_documents=False, is_closed=False)
    if request.param is Way.BY_OWNER:
        live = dataclasses.replace(live, has_documents=True)
    yield Account(Archive(DirectoryStore(str(tmp_path)), ACCOUNT, "developers"), request.param, live)


STAGES = [stage for stage in Stage if stage is not Stage.REVERT]
#: So many days after the stage before.
WAITS = {Stage.CUT_OVER: 14.5, Stage.WATCH: 14.5}


def go(account: Account, last: Stage) -> None:
    """All stages up to one, each as early as it is due."""
    for stage in STAGES[: STAGES.index(last) + 1]:
        account.days += WAITS.get(stage, 0.1)
        assert account.run(stage.value).event is not None, stage


def test_all_stages_and_each_of_them_once(account: Account) -> None:
    for stage in STAGES:
        account.days += WAITS.get(stage, 0.1)
        assert account.run(stage.value).state is State.DUE
        again = account.run(stage.value)
        assert (again.event, again.rule) == (None, "")
    if account.way is Way.PARALLEL:
        assert account.run("retire").state is State.CLOSED
        account.days += 30
        assert account.run("retire").event is Kind.RETIRED
    found = account.run(None)
    assert (found.state, found.event, found.next) == (State.RETIRED, None, "")


@pytest.mark.parametrize("stage", [Stage.CUT_OVER, Stage.WATCH])
def test_no_stage_is_due_before_its_soak(account: Account, stage: Stage) -> None:
    go(account, STAGES[STAGES.index(stage) - 1])
    account.days += 14
    assert account.run(stage.value).event is None
    account.days += 0.5
    assert account.run(stage.value).event is not None


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_is_killed_before_its_record_is_repeated(account: Account, stage: Stage) -> None:
    if stage is not Stage.ASSESS:
        go(account, STAGES[STAGES.index(stage) - 1])
    account.days += WAITS.get(stage, 0.1)
    first = account.run(stage.value, kills=True)
    again = account.run(stage.value)
    assert first.event is not None
    assert (again.event, again.rule) == (first.event, "")


@pytest.mark.parametrize("stage", STAGES)
def test_a_role_begins_again_after_its_revert(account: Account, stage: Stage) -> None:
    go(account, stage)
    account.days += 0.1
    if account.way is Way.BY_OWNER and stage is not Stage.ASSESS:
        assert account.run("revert").state is State.WAITING
        account.live = dataclasses.replace(account.live, owned=Owned("it still allows * on *"))
    assert account.run("revert").event is Kind.REVERTED
    assert account.run("revert").state is State.REVERTED
    assert account.run("cut_over").rule == "stage_missing"
    assert account.run("assess").event is Kind.ASSESSED


def test_a_store_that_is_emptied_between_two_stages(account: Account, tmp_path: Path) -> None:
    go(account, Stage.CANARY)
    account.archive = Archive(DirectoryStore(str(tmp_path / "other")), ACCOUNT, "developers")
    for stage in (Stage.ASSESS, Stage.CUT_OVER):
        found = account.run(stage.value)
        if account.way is not Way.BY_OWNER:
            assert (found.rule, found.event) == ("store_emptied", None)
    if account.way is Way.IN_PLACE:
        account.days += 30
        assert account.run(None).event is Kind.LIFTED
        assert account.run("assess").event is Kind.ASSESSED


def test_a_trial_whose_policy_somebody_changed_does_not_count_and_begins_again(tmp_path: Path) -> None:
    live = LiveRole(ROLE, ROLE_ID, layers_sha256="layers", has_documents=False, is_closed=False)
    account = Account(Archive(DirectoryStore(str(tmp_path)), ACCOUNT, "developers"), Way.IN_PLACE, live)
    for stage in ("assess", "generate", "prepare", "canary"):
        assert account.run(stage).state is State.DUE
    account.live = dataclasses.replace(account.live, has_other_trial=True)
    account.days = 15
    refused = account.run("cut_over")
    assert refused.state is State.REFUSED and "its trial policy was changed" in refused.reason
    assert account.run("canary").event is Kind.OPENED
    account.live = dataclasses.replace(account.live, has_other_trial=False)
    # Half of the time does not count.
    assert account.run("cut_over").state is State.WAITING


def test_a_forged_record_of_a_revert_does_not_take_the_way_back(tmp_path: Path) -> None:
    archive = Archive(DirectoryStore(str(tmp_path)), ACCOUNT, "developers")
    live = LiveRole(ROLE, ROLE_ID, layers_sha256="layers", has_documents=False, is_closed=False)
    account = Account(archive, Way.PARALLEL, live)
    for stage in ("assess", "generate", "prepare", "canary"):
        account.run(stage)
    forged = dataclasses.replace(record(Kind.REVERTED, way=Way.PARALLEL), at=account.now)
    archive.write(forged, archive.read("dev-a"))
    refused = account.run("assess")
    assert (refused.state, refused.rule) == (State.REFUSED, "store_emptied")
    assert account.run("revert").event is Kind.REVERTED
    # The new role was used, so a revert closes it and keeps it.
    closed = NewRole(NEW_ROLE, NEW_ID, is_ours=True, made_at=account.now, is_closed=True)
    account.live = dataclasses.replace(account.live, new_role=closed)
    assert account.run("assess").state is State.DUE
