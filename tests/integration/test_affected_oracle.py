# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every real run names exactly those whose access it changes, as an oracle judges by the states before and after."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

import pytest

from emulator.client import EmulatorProcess

from .affected_oracle import Made, Names, Run, everybody, missing, surplus, unnamed
from .affected_runs import ACCOUNT, REGIONS, SEED, STEPS, Bench, Step
from .affected_state import State, read_state
from .conftest import fresh

NAMES: t.Final = [step.name for step in STEPS]


def _recorded(bench: Bench, step: Step, before: State) -> Run:
    result = bench.run(step)
    after = read_state(bench.client, ACCOUNT, REGIONS)
    made = [change for change in result["changes"] if change["applied"]]
    changes = tuple(Made(change["operation"], change["target"], frozenset(change["affects"])) for change in made)
    assert step.operations <= {change.operation for change in changes}, (step.name, changes, result["refused"])
    return Run(step.name, before, after, changes)


@pytest.fixture(scope="module")
def runs(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Mapping[str, Run]]:
    """All runs, one after the other in one organization."""
    environment = emulator.env()
    control = fresh(emulator, SEED)
    bench = Bench(control, tmp_path_factory.mktemp("affected"), environment)
    found: dict[str, Run] = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        state = read_state(bench.client, ACCOUNT, REGIONS)
        for step in STEPS:
            if step.prepare is not None:
                step.prepare(bench)
                state = read_state(bench.client, ACCOUNT, REGIONS)
            found[step.name] = _recorded(bench, step, state)
            state = found[step.name].after
    yield found


@pytest.mark.parametrize("name", NAMES)
def test_everybody_whose_decisions_changed_is_affected(runs: Mapping[str, Run], name: str) -> None:
    assert runs[name].changed
    assert missing(runs[name]) == ()
    assert unnamed(runs[name]) == ()


@pytest.mark.parametrize("name", NAMES)
def test_everybody_affected_holds_inherits_or_is_named_by_what_changed(runs: Mapping[str, Run], name: str) -> None:
    assert surplus(runs[name]) == ()


@pytest.mark.dated
def test_a_run_that_is_taken_back_leaves_the_decisions_as_they_were(runs: Mapping[str, Run]) -> None:
    for step in STEPS:
        if step.name.endswith("_back") and step.prepare is None:
            first, back = runs[step.name.removesuffix("_back")], runs[step.name]
            assert Run(step.name, first.before, back.after, ()).changed == {}, step.name


# The proof of the oracle


@pytest.mark.parametrize("name", NAMES)
def test_an_emptied_set_is_found(runs: Mapping[str, Run], name: str) -> None:
    emptied = runs[name].with_affects(lambda _change: frozenset())
    assert set(missing(emptied)) == set(runs[name].changed)
    assert unnamed(emptied)
    assert surplus(emptied) == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_set_that_always_names_everybody_is_found(runs: Mapping[str, Run], name: str) -> None:
    names = everybody(runs[name])
    named = runs[name].with_affects(lambda _change: names)
    assert (missing(named), unnamed(named)) == ((), ())
    assert {target for target, _name in surplus(named)} == {change.target for change in runs[name].changes}


@pytest.mark.parametrize("name", NAMES)
def test_a_single_name_left_out_is_found(runs: Mapping[str, Run], name: str) -> None:
    run = runs[name]
    for left_out in run.affected:
        assert unnamed(run.with_affects(lambda change, gone=left_out: change.affects - {gone})), left_out


def _found_emptied(run: Run, operation: str) -> bool:
    def edit(change: Made) -> Names:
        return frozenset() if change.operation == operation else change.affects

    return bool(unnamed(run.with_affects(edit)))


# Always made in one run with another change of the same thing, which names the same principals.
NEVER_ALONE: t.Final = frozenset(
    {
        *("AddUserToGroup", "RemoveUserFromGroup", "PutRolePolicy", "DeleteRolePolicy"),
        *("UpdateAccessKey", "DeleteAccessKey", "DeleteLoginProfile", "UntagUser"),
    }
)
# Nobody holds what they act on: it is taken away first.
HELD_BY_NOBODY: t.Final = frozenset({"DeleteGroup", "DeletePolicy", "DeletePolicyVersion"})


def test_an_emptied_set_of_one_operation_is_found(runs: Mapping[str, Run]) -> None:
    operations = {change.operation for run in runs.values() for change in run.changes if change.affects}
    found = {name for name in operations for run in runs.values() if _found_emptied(run, name)}
    assert operations - found <= NEVER_ALONE | HELD_BY_NOBODY
