# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that is documentation runs on the controller, however its task would run elsewhere."""

from __future__ import annotations

import os
import types
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action.normal import ActionModule as NormalActionModule
from ansible.template import Templar

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry, Task
from ansible_collections.hardening.iam.plugins.plugin_utils import _in_process, _run_notes
from ansible_collections.hardening.iam.plugins.plugin_utils._on_controller import OnController

SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    "account_id": {"type": "str"},
    "report_dir": {"type": "str"},
    "region": {"type": "str"},
}
SEEN: t.Final[list[dict[str, t.Any]]] = []


def core(task: Task) -> dict[str, t.Any]:
    SEEN.append({"report_dir": task.options["report_dir"], "profile": os.environ.get("AWS_PROFILE")})
    return {}


class Action(OnController):
    entry = Entry(argument_spec=lambda: dict(SPEC), operations=Operations(), run=core)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing runs as a module, and notes of the process go to a directory of the test."""
    SEEN.clear()
    monkeypatch.setattr(_in_process.gc, "freeze", lambda: None)
    monkeypatch.setattr(_run_notes.constants, "DEFAULT_LOCAL_TMP", str(tmp_path / "tmp"))
    monkeypatch.setattr(NormalActionModule, "run", lambda *_arguments: pytest.fail("it ran as a module"))
    monkeypatch.setenv("AWS_PROFILE", "before")


def run(*, transport: str = "local", variables: t.Optional[dict[str, t.Any]] = None, **task: t.Any) -> dict[str, t.Any]:
    declared = {
        "action": "hardening.iam.example",
        "args": {"report_dir": "./reports"},
        "async_val": 0,
        "environment": None,
        "delegate_to": None,
        "check_mode": True,
        "no_log": False,
        "_role": None,
        "get_play": lambda: types.SimpleNamespace(hosts="aws_accounts"),
        **task,
    }
    shell = types.SimpleNamespace(env_prefix=lambda **_environment: "")
    known = {"inventory_hostname": "a", **(variables or {})}
    plugin = Action(
        task=types.SimpleNamespace(**declared),
        connection=types.SimpleNamespace(transport=transport, _shell=shell),
        play_context=types.SimpleNamespace(become=task.get("become", False)),
        loader=DataLoader(),
        templar=Templar(loader=DataLoader(), variables=known),
        shared_loader_obj=None,
    )
    return plugin.run(None, known)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"transport": "ssh"},
        {"become": True},
        {"delegate_to": "b", "variables": {"ansible_delegated_vars": {"b": {"ansible_python_interpreter": "/other"}}}},
        {"variables": {"ansible_python_interpreter": "/usr/bin/other-python"}},
        {"variables": {"hardening_in_process": False}},
    ],
)
def test_it_runs_here_and_its_places_are_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: dict[str, t.Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(**options) == {"changed": False}
    assert [{"report_dir": f"{tmp_path}/reports", "profile": "before"}] == SEEN


def test_the_environment_of_the_task_applies_to_it_alone() -> None:
    run(environment=[{"AWS_PROFILE": "reports"}, {"OF_THIS_TASK": 1}])
    assert [seen["profile"] for seen in SEEN] == ["reports"]
    assert os.environ["AWS_PROFILE"] == "before"
    assert "OF_THIS_TASK" not in os.environ


def test_async_is_refused() -> None:
    result = run(async_val=60)
    assert result["failed"]
    assert result["msg"] == "async: hardening.iam.example runs on the controller only"
    assert SEEN == []
