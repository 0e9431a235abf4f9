# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of the progress: accounts that fail, come back by a rescue, or that a task is included for."""

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.callback import progress
from ansible_collections.hardening.iam.plugins.callback.progress import CallbackModule


class Named:
    """A host."""

    def __init__(self, name: str) -> None:
        self._name = name

    def get_name(self) -> str:
        return self._name


class Include:
    """An include of a role, in the parents of a task."""

    def __init__(self, uuid: str, parent: t.Optional[Include] = None) -> None:
        self._uuid = uuid
        self._parent = parent

    def get_first_parent_include(self) -> t.Optional[Include]:
        return self._parent


class Run:
    """A play over hosts, with what the callback prints of it."""

    def __init__(self, *hosts: str) -> None:
        self.lines: list[str] = []
        display = types.SimpleNamespace(display=self.lines.append, verbosity=0)
        self.callback = CallbackModule(display=display)
        self.callback.get_option = lambda _name: 0.0  # type: ignore[method-assign]
        inventory = types.SimpleNamespace(get_hosts=lambda _pattern: [Named(name) for name in hosts])
        manager = types.SimpleNamespace(_inventory=inventory)
        play: t.Any = types.SimpleNamespace(hosts="all", get_variable_manager=lambda: manager)
        self.callback.v2_playbook_on_play_start(play)

    def start(self, action: str = "hardening.iam.report", parent: t.Optional[Include] = None) -> None:
        task: t.Any = types.SimpleNamespace(
            resolved_action=action,
            run_once=False,
            get_name=lambda: "Step",
            get_first_parent_include=lambda: parent,
        )
        self.callback.v2_playbook_on_task_start(task, False)

    def ok(self, *hosts: str) -> None:
        for host in hosts:
            self.callback.v2_runner_on_ok(result(host))

    @property
    def last(self) -> str:
        return self.lines[-1].partition(", about")[0].rstrip("]")


def result(host: str, action: str = "hardening.iam.report", **returned: t.Any) -> t.Any:
    return types.SimpleNamespace(_host=Named(host), _task=types.SimpleNamespace(action=action), _result=returned)


def test_an_account_that_failed_is_not_waited_for() -> None:
    run = Run("a", "b", "c")
    run.start()
    run.callback.v2_runner_on_failed(result("a"))
    run.ok("b", "c")
    assert run.last == "[Step: 3 of 3 accounts done, 0 left, 1 failed"
    run.start()
    run.ok("b")
    assert run.last == "[Step: 1 of 2 accounts done, 1 left, 1 failed"


def test_an_account_that_a_rescue_brings_back_is_counted_again() -> None:
    run = Run("a", "b", "c")
    run.start()
    run.callback.v2_runner_on_failed(result("a"))
    run.start("ansible.builtin.set_fact")
    run.ok("a")
    run.start()
    run.ok("a", "b", "c")
    assert run.last == "[Step: 3 of 3 accounts done, 0 left, 1 failed"


def test_only_the_accounts_that_a_task_is_included_for_are_counted() -> None:
    run = Run("a", "b", "c", "d")
    included: t.Any = types.SimpleNamespace(_hosts=[Named("a"), Named("b")], _task=Include("one"))
    run.callback.v2_playbook_on_include(included)
    run.start(parent=Include("other", Include("one")))
    run.ok("a")
    assert run.last == "[Step: 1 of 2 accounts done, 1 left"


@pytest.mark.parametrize("name", ["dev\x1b[2J", "dev\n[forged]"])
def test_names_of_hosts_obey_nobody(name: str) -> None:
    run = Run(name, "b")
    run.start()
    run.callback.v2_runner_on_unreachable(result(name))
    assert run.lines[0].startswith("[Step: dev")
    assert run.lines[0].isprintable()


@pytest.mark.parametrize("action", ["debug", "ansible.builtin.debug"])
def test_a_message_is_shown_where_what_went_well_is_hidden(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    monkeypatch.setattr(progress, "_hides_ok", lambda: True)
    run = Run("a")
    run.callback.v2_runner_on_ok(result("a", action, msg=["now: hunt.yml", "later\x1b[2J"]))
    run.callback.v2_runner_item_on_ok(result("a", action, msg="one\ntwo"))
    run.callback.v2_runner_on_ok(result("a", action, msg="All items completed", results=[{}]))
    run.callback.v2_runner_on_ok(result("a", action, msg="secret", _ansible_no_log=True))
    run.callback.v2_runner_on_ok(result("a", "hardening.iam.report", msg="no message of debug"))
    assert run.lines[:1] == ["now: hunt.yml"] and run.lines[2:] == ["one", "two"]
    assert "\x1b" not in run.lines[1]


def test_a_message_is_not_shown_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_hides_ok", lambda: False)
    run = Run("a")
    run.callback.v2_runner_on_ok(result("a", "debug", msg="shown by Ansible"))
    assert run.lines == []
