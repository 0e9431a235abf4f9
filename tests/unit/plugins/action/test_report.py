# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report of a run says of a run that skipped its preparation."""

from __future__ import annotations

import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.action.report import ActionModule
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import InProcess
from ansible_collections.hardening.iam.plugins.plugin_utils._on_controller import OnController
from ansible_collections.hardening.iam.plugins.plugin_utils._preparation import REPORTED, prepare_run
from ansible_collections.hardening.iam.plugins.plugin_utils._run_notes import RunNotes


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunNotes:
    found = RunNotes(tmp_path)
    monkeypatch.setattr(InProcess, "_notes", found)
    return found


def report(monkeypatch: pytest.MonkeyPatch, scope: str, answer: dict[str, t.Any]) -> dict[str, t.Any]:
    monkeypatch.setattr(OnController, "run", lambda _action, _tmp, _task_vars: dict(answer))
    action = object.__new__(ActionModule)
    action._task = types.SimpleNamespace(args={"scope": scope, "waves": []})
    return dict(action.run(None, {}))


def skip_preparation(notes: RunNotes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.hardening.iam.plugins.plugin_utils._preparation.check_input",
        lambda *_given, **_named: types.SimpleNamespace(errors=()),
    )
    assert prepare_run(REPORTED, {}, None, notes=notes, pattern="all") == ""


@pytest.mark.parametrize("scope", ["fleet", "incident", "drill"])
@pytest.mark.parametrize("reason", ["", "a failed"])
def test_a_run_that_skipped_its_preparation_fails(
    notes: RunNotes, monkeypatch: pytest.MonkeyPatch, scope: str, reason: str
) -> None:
    skip_preparation(notes, monkeypatch)
    result = report(monkeypatch, scope, {"fail": bool(reason), "fail_msg": reason})
    assert result["fail"] is True
    assert result["fail_msg"].startswith(reason)
    assert "this run skipped its preparation" in result["fail_msg"]


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("fail", [False, True])
def test_a_prepared_run_ends_as_its_report_says(monkeypatch: pytest.MonkeyPatch, fail: bool) -> None:
    answer = {"fail": fail, "fail_msg": "a failed" if fail else ""}
    assert report(monkeypatch, "fleet", answer) == answer


@pytest.mark.parametrize(
    ("scope", "answer"), [("account", {"fail": False, "fail_msg": ""}), ("fleet", {"failed": True, "msg": "no place"})]
)
def test_the_report_of_an_account_and_a_failed_one_stay_as_they_are(
    notes: RunNotes, monkeypatch: pytest.MonkeyPatch, scope: str, answer: dict[str, t.Any]
) -> None:
    skip_preparation(notes, monkeypatch)
    assert report(monkeypatch, scope, answer) == answer
