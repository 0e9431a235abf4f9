# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organization's containment and its release, killed before and after each write: the next run ends them."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from intruder import HOME, PROD

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import read_record
from emulator.client import EmulatorProcess

from .conftest import MANAGEMENT, Record, fresh
from .containing import Response
from .interrupting import kill_at_write
from .test_organization_containment import (
    EARLY,
    PERSON,
    can_work,
    fresh_from,
    incident,
    make_unit,
    organization_state,
    run,
)

#: A policy for an account, one for a user of Identity Center, each made and attached, and the move of an account.
CONTAINMENT: t.Final = 5
RELEASE: t.Final = 5
PLACES: t.Final = [(write, after) for write in range(1, CONTAINMENT + 1) for after in (False, True)]
World = tuple[EmulatorProcess, int]
NAMED: t.Final[Record] = incident(
    {"account_id": HOME},
    {"account_id": PROD, "action": "move"},
    quarantine_ou="/Quarantine",
    accept_lost_policies=["quarantine"],
    identity_center_users=[{"user_id": PERSON}],
)


@pytest.fixture(scope="module")
def seeded(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    control = fresh(emulator, "incident")
    control.set_lag(0)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        make_unit(Response(control, tmp_path_factory.mktemp("unit")))
        yield emulator, control.snapshot()


@pytest.fixture
def response(seeded: World, tmp_path: Path) -> Response:
    return Response(fresh_from(*seeded), tmp_path)


def complete(response: Response, **options: t.Any) -> Record:
    """A run that has to work; the result."""
    result = run(response, NAMED, **options)
    assert not result.get("failed"), result["msg"]
    assert response.open_changes(MANAGEMENT) == []
    return result


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("write", "after"), PLACES)
def test_a_containment_that_is_killed_is_completed_by_the_next_run(response: Response, write: int, after: bool) -> None:
    before = organization_state(response)
    kill_at_write(response.control, functools.partial(run, response, NAMED, run_id="killed"), write=write, after=after)
    record = read_record(response.store, MANAGEMENT, "INC-7.organization")
    assert record is not None and record.state is State.CONTAINING
    complete(response, run_id="rerun")
    assert not can_work(response, HOME, "pipeline") and not can_work(response, PROD, "deploy")
    complete(response, **EARLY, run_id="released")
    assert organization_state(response) == before


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("write", "after"), PLACES)
def test_a_release_that_is_killed_is_completed_by_the_next_run(response: Response, write: int, after: bool) -> None:
    before = organization_state(response)
    complete(response)
    release = functools.partial(run, response, NAMED, **EARLY, run_id="killed")
    kill_at_write(response.control, release, write=write, after=after)
    complete(response, **EARLY, run_id="released")
    assert organization_state(response) == before


def test_the_writes_are_as_many_as_are_killed(response: Response) -> None:
    """Else a write that joins would be killed by no test."""
    made = complete(response)["changes"], complete(response, **EARLY)["changes"]
    assert [sum(change["applied"] for change in changes) for changes in made] == [CONTAINMENT, RELEASE]
