# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate before a batch: which wave it asks about, and what it makes of a failure."""

from __future__ import annotations

import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.action import wave_gate
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import InProcess
from ansible_collections.hardening.iam.plugins.plugin_utils._run_notes import RunNotes
from ansible_collections.hardening.iam.plugins.plugin_utils._wave_run import WaveRun

ACCOUNTS: t.Final = {"a": "111122223333", "b": "222233334444", "c": "333344445555"}
PASSED: t.Final = {"verdict": "passed", "reasons": []}


class HostVars:
    def raw_get(self, name: str) -> dict[str, t.Any]:
        return {"aws_account_id": ACCOUNTS[name]}


class Templar:
    def template(self, value: t.Any) -> t.Any:
        return value


class Bench:
    """Asks the gate before the wave of a host, where the module answers as it is told."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.notes = RunNotes(directory)
        self.asked: list[dict[str, t.Any]] = []
        self.answer: dict[str, t.Any] = PASSED

        def run(action: t.Any, _tmp: t.Any, _task_vars: t.Any) -> dict[str, t.Any]:
            self.asked.append(action._task.args)
            return self.answer

        monkeypatch.setattr(InProcess, "run", run)
        monkeypatch.setattr(InProcess, "_notes", self.notes)

    def ask(self, host: str, waves: t.Any = ("a", "b", "c"), **arguments: t.Any) -> dict[str, t.Any]:
        action = object.__new__(wave_gate.ActionModule)
        action._task = types.SimpleNamespace(args=arguments)
        action._templar = Templar()
        variables = {
            "groups": {"all": list(ACCOUNTS), "aws_accounts": list(ACCOUNTS)},
            "hostvars": HostVars(),
            "inventory_hostname": host,
            "hardening_waves": waves and list(waves),
        }
        return dict(action.run(None, variables))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_the_first_wave_has_no_gate(bench: Bench) -> None:
    assert bench.ask("a")["verdict"] == "passed"
    assert bench.asked == []


def test_the_wave_before_is_judged(bench: Bench) -> None:
    assert bench.ask("b", run_id="7") == PASSED
    (asked,) = bench.asked
    assert (asked["wave"], asked["run_id"]) == ("a", "7")
    assert [account["account_id"] for account in asked["accounts"]] == [ACCOUNTS["a"]]
    assert bench.ask("c") == PASSED
    assert bench.asked[1]["wave"] == "b"


def test_after_a_closed_gate_no_other_is_asked(bench: Bench) -> None:
    bench.answer = {"verdict": "closed", "reasons": ["x"]}
    assert bench.ask("b")["verdict"] == "closed"
    bench.answer = PASSED
    result = bench.ask("c")
    assert (result["verdict"], result["reasons"]) == ("closed", ["the gate after wave a has not passed"])
    assert len(bench.asked) == 1


def test_a_gate_that_was_not_asked_is_closed(bench: Bench) -> None:
    """A gate that crashed has left no verdict."""
    assert bench.ask("c")["verdict"] == "closed"
    assert bench.asked == []


def test_a_module_that_fails_closes_the_gate(bench: Bench) -> None:
    bench.answer = {"failed": True, "msg": "soak_hours: -1 is not\nallowed"}
    assert bench.ask("b") == {
        "changed": False,
        "wave": "a",
        "verdict": "closed",
        "reasons": ["soak_hours: -1 is not allowed"],
        "until": None,
    }


@pytest.mark.parametrize(("host", "waves"), [("c", ("a", "b"))])
def test_a_host_in_no_wave_does_not_begin(bench: Bench, host: str, waves: tuple[str, ...]) -> None:
    assert bench.ask(host, waves)["verdict"] == "closed"


def test_a_task_that_names_its_accounts_is_an_ordinary_one(bench: Bench) -> None:
    assert bench.ask("b", accounts=[]) == PASSED
    assert bench.asked == [{"accounts": []}]


def test_without_waves_the_module_runs_as_it_is(bench: Bench) -> None:
    assert bench.ask("b", None) == PASSED
    assert bench.asked == [{}]


def test_the_verdicts_are_those_of_the_report(bench: Bench) -> None:
    bench.answer = {"verdict": "waiting", "reasons": ["x"], "until": "2026-11-25T00:00:00Z"}
    bench.ask("b")
    plan = wave_gate.find_waves(
        {
            "groups": {"all": list(ACCOUNTS), "aws_accounts": list(ACCOUNTS)},
            "inventory_hostname": "a",
            "hardening_waves": ["a", "b", "c"],
        },
        Templar(),
    )
    assert plan is not None
    states = WaveRun(plan, HostVars(), Templar(), bench.notes).list_states(check_mode=False)
    assert [wave["state"] for wave in states] == ["waiting", "not_begun", "not_begun"]
