# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Right-sizing and rollback of a role that an open incident contains: neither changes anything of it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.patience import Patience
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.run import RightSizing
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import (
    By,
    Contained,
    Event,
    Record,
    State,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import update
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.modules import rollback
from emulator.client import EmulatorProcess

from .conftest import MANAGEMENT, fresh
from .conftest import Record as Result
from .right_sizing import CANARY, SmallBench, rules, states

STAGES: t.Final = ("assess", "generate", "prepare", "canary")
TRIAL: t.Final = f"arn:aws:iam::{MANAGEMENT}:policy/iam-hardening/lp/lp-job-trial"
INCIDENT: t.Final = "INC-7"


@dataclasses.dataclass
class World:
    """The account after the canary stage, in which run ``canary`` set the trial of ``job``."""

    bench: SmallBench
    before: dict[str, int]
    canary: str

    def to(self, stage: str) -> SmallBench:
        self.bench.back_to(self.before[stage])
        return self.bench


@pytest.fixture(scope="module")
def world(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    control = fresh(emulator)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(Patience, "__init__", functools.partialmethod(Patience.__init__, pause=0.05))
        bench = SmallBench(control, tmp_path_factory.mktemp("size"))
        bench.make_base()
        before = {}
        for stage in STAGES:
            before[stage] = bench.keep()
            bench.run(stage)
        canary = f"run-{bench.runs}"
        before["after"] = bench.keep()
        yield World(bench, before, canary)


def declare(bench: SmallBench, *names: str, state: State = State.CONTAINED) -> None:
    """Write the record of an incident that contains roles, as the modules of an incident do."""
    now = bench.now - timedelta(hours=1)
    events = frozenset(Event(now, passed, "contain-1", author="ana") for passed in State if passed.rank <= state.rank)
    found = tuple(Contained(f"arn:aws:iam::{MANAGEMENT}:role/{name}", "AROAEXAMPLE", By.CUT, now) for name in names)
    record = Record(
        MANAGEMENT,
        INCIDENT,
        state,
        "Ana",
        "key found in a public repository",
        contained=found,
        runs=frozenset({"contain-1"}),
        events=events,
    )
    update(DirectoryStore(str(bench.journal)), MANAGEMENT, INCIDENT, lambda _present: record)


def assert_frozen(bench: SmallBench, result: Result, role: str = "job") -> str:
    """The role was left alone, and the refusal names the incident. Returns its reason."""
    assert states(result)[role] == "refused"
    (refusal,) = [item for item in result["refused"] if item["target"].endswith(f":role/{role}")]
    assert refusal["rule"] == "contained"
    assert f"role {role} is contained by incident {INCIDENT}" in refusal["reason"]
    assert "Ana: key found in a public repository" in refusal["reason"]
    assert not [write for write in bench.written if f"role/{role}" in write or f'"RoleName": "{role}"' in write]
    return str(refusal["reason"])


@pytest.mark.parametrize("check", [True, False], ids=["check", "enforce"])
@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_is_taken(world: World, stage: str, *, check: bool) -> None:
    bench = world.to(stage)
    declare(bench, "job")
    records = {name for name in bench.read_records() if "/job/" in name}
    result = bench.run(stage, check=check)
    assert_frozen(bench, result)
    assert {name for name in bench.read_records() if "/job/" in name} == records
    # The other role goes on.
    assert states(result)["app"] == "due"


def test_the_role_is_not_reverted(world: World) -> None:
    bench = world.to("after")
    declare(bench, "job")
    state = bench.state()
    for check in (True, False):
        result = bench.run("revert", revert=["job"], check=check)
        reason = assert_frozen(bench, result)
        assert reason.endswith("it is not reverted, and its trial boundary stays, whatever its deadline says")
    assert bench.boundary("job") == TRIAL
    assert bench.state() == state
    # After the release it is.
    declare(bench, "job", state=State.RELEASED)
    bench.approve("revert", revert=["job"])
    assert bench.boundary("job") is None


def test_a_plan_approved_before_the_incident_reverts_nothing(world: World) -> None:
    bench = world.to("after")
    planned = bench.run("revert", revert=["job"], check=True)
    assert planned["changes"]
    declare(bench, "job")
    result = bench.run("revert", revert=["job"], approved_plan=planned["plan_sha256"])
    assert_frozen(bench, result)
    assert bench.boundary("job") == TRIAL


def test_a_run_that_has_planned_already_reverts_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The incident is declared between the plan and the first write."""
    bench = world.to("after")
    reread = RightSizing.add_affected

    def declare_meanwhile(self: RightSizing, *args: t.Any) -> t.Any:
        declare(bench, "job")
        return reread(self, *args)

    monkeypatch.setattr(RightSizing, "add_affected", declare_meanwhile)
    records = bench.read_records()
    result = bench.run("revert", revert=["job"])
    assert {item["rule"] for item in result["refused"]} >= {"contained"}
    assert bench.boundary("job") == TRIAL
    assert bench.writes == []
    # The revert is not recorded as done either.
    assert bench.read_records() == records


def test_neither_role_of_a_pair_is_changed_if_the_new_one_is_contained(world: World) -> None:
    bench = world.to("after")
    declare(bench, "app-lp")
    result = bench.run("revert", revert=["app"])
    assert rules(result)["app"] == "contained"
    assert not [write for write in bench.written if "app" in write]


@pytest.mark.parametrize("stage", ["assess", "watch", None])
def test_its_trial_is_not_lifted(world: World, stage: t.Optional[str]) -> None:
    bench = world.to("after")
    bench.wait(22)
    declare(bench, "job")
    reason = assert_frozen(bench, bench.run(stage))
    assert "its trial boundary stays, whatever its deadline says" in reason
    assert bench.boundary("job") == TRIAL


def test_a_run_of_another_campaign_does_not_lift_it_either(world: World) -> None:
    bench = world.to("after")
    bench.wait(22)
    declare(bench, "job")
    other: dict[str, t.Any] = {"campaign": "other", "targets": [{"roles": ["app"], "way": "by_owner", "canary": True}]}
    result = bench.run(None, **other, accept_machines=[])
    assert rules(result)["job"] == "contained"
    assert any("its trial, by campaign developers, is over and stays" in text for text in result["warnings"])
    assert bench.boundary("job") == TRIAL


def test_the_cut_over_does_not_count_the_time_of_the_incident_as_a_soak(world: World) -> None:
    bench = world.to("after")
    bench.wait(CANARY + 1)
    declare(bench, "job")
    assert_frozen(bench, bench.run("cut_over"))


def test_a_malformed_record_refuses_the_account(world: World) -> None:
    bench = world.to("after")
    DirectoryStore(str(bench.journal)).put(record_key(MANAGEMENT, INCIDENT), b"{}")
    bench.wait(22)
    result = bench.run(None)
    assert set(rules(result).values()) == {"incident_unreadable"}
    assert [item["control"] for item in result["findings"] if item["control"].startswith("incident_")] == [
        "incident_record_doubtful"
    ]
    assert bench.writes == []


# Rollback


@pytest.mark.parametrize("check", [True, False], ids=["check", "enforce"])
def test_a_rollback_leaves_the_contained_role_alone(world: World, *, check: bool) -> None:
    bench = world.to("after")
    declare(bench, "job")
    bench.runs += 1
    options = {
        "account_id": MANAGEMENT,
        "journal": str(bench.journal),
        "report_dir": str(bench.reports),
        "run_id": f"run-{bench.runs}",
        "undo_run_id": world.canary,
        "mode": "enforce",
        "regions": ["us-east-1"],
        "now": bench.now.isoformat(),
    }
    known = rollback.ENTRY.argument_spec()
    result = bench.result(rollback.ENTRY, check, {name: value for name, value in options.items() if name in known})
    found = {item["target"].rpartition("/")[2]: item["rule"] for item in result["refused"]}
    assert found["job"] == "contained"
    assert bench.boundary("job") == TRIAL
    assert not [write for write in bench.written if '"RoleName": "job"' in write]
