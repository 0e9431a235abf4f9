# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: aggregate
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Show the progress of a run over many accounts
description:
  - Prints a line when an account fails.
  - In a step that takes longer than O(interval) it prints how many accounts are done and left, and how long that takes.
  - A step is one task of this collection in all accounts.
  - Prints the messages of M(ansible.builtin.debug) if C(display_ok_hosts) is off, which would hide them.
requirements:
  - enable in configuration, C(callbacks_enabled = hardening.iam.progress)
options:
  interval:
    description:
      - The seconds between two lines of progress.
    type: float
    default: 5
    env:
      - name: HARDENING_PROGRESS_INTERVAL
    ini:
      - section: callback_hardening_progress
        key: interval
"""

import dataclasses
import time
import typing as t

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.callback import CallbackBase

from ..module_utils._report.plain import printable

if t.TYPE_CHECKING:
    from ansible.executor.task_result import TaskResult
    from ansible.playbook.included_file import IncludedFile
    from ansible.playbook.play import Play
    from ansible.playbook.task import Task

COLLECTION = "hardening.iam."
DEBUG = frozenset({"debug", "ansible.builtin.debug", "ansible.legacy.debug"})
MINUTE = 60


@dataclasses.dataclass
class Step:
    """One task in all accounts: how many of them are done, and when it began and was last shown."""

    name: str
    accounts: int
    began: float
    shown: float
    done: int = 0

    def line(self, now: float, *, failed: int) -> str:
        """Describe the progress at ``now``, in seconds of the clock of ``began``."""
        left = max(self.accounts - self.done, 0)
        parts = [f"{self.done} of {self.accounts} accounts done", f"{left} left"]
        parts += [f"{failed} failed"] if failed else []
        parts += [f"about {_duration((now - self.began) / self.done * left)}"] if left and self.done else []
        return f"[{self.name}: {', '.join(parts)}]"


class CallbackModule(CallbackBase):
    """Counts the accounts that have passed a step."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "hardening.iam.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display: t.Any = None, options: t.Any = None) -> None:
        super().__init__(display=display, options=options)
        self._accounts: frozenset[str] = frozenset()
        # Those that failed, and those of them that a rescue did not bring back.
        self._failed: set[str] = set()
        self._out: set[str] = set()
        self._included: dict[str, set[str]] = {}
        self._step: t.Optional[Step] = None

    def v2_playbook_on_play_start(self, play: Play) -> None:
        hosts = play.get_variable_manager()._inventory.get_hosts(play.hosts)
        self._accounts = frozenset(host.get_name() for host in hosts)
        self._failed, self._out, self._included, self._step = set(), set(), {}, None

    def v2_playbook_on_include(self, included_file: IncludedFile) -> None:
        names = {host.get_name() for host in included_file._hosts}
        self._included.setdefault(included_file._task._uuid, set()).update(names)

    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:
        is_ours = str(task.resolved_action).startswith(COLLECTION) and not task.run_once
        now = time.monotonic()
        self._step = Step(task.get_name(), len(self._find_accounts(task) - self._out), now, now) if is_ours else None

    def _find_accounts(self, task: Task) -> t.AbstractSet[str]:
        """The accounts that reach a task: of one that is included, those for which it was included."""
        include = task.get_first_parent_include()
        while include is not None:
            if include._uuid in self._included:
                return self._included[include._uuid]
            include = include.get_first_parent_include()
        return self._accounts

    def v2_runner_on_ok(self, result: TaskResult) -> None:
        self._count(result)
        if "results" not in result._result:
            self._show_message(result)

    def v2_runner_item_on_ok(self, result: TaskResult) -> None:
        self._show_message(result)

    def v2_runner_on_skipped(self, result: TaskResult) -> None:
        self._count(result)

    def v2_runner_on_failed(self, result: TaskResult, ignore_errors: bool = False) -> None:
        self._count(result, is_failure=not ignore_errors)

    def v2_runner_on_unreachable(self, result: TaskResult) -> None:
        self._count(result, is_failure=True)

    def _show_message(self, result: TaskResult) -> None:
        """Show what a task says on purpose, such as the command that comes next."""
        message = result._result.get("msg")
        if result._task.action not in DEBUG or result._result.get("_ansible_no_log") or not _hides_ok():
            return
        for line in message if isinstance(message, list) else str(message).splitlines():
            self._display.display(printable(line))

    def _count(self, result: TaskResult, *, is_failure: bool = False) -> None:
        step, now, host = self._step, time.monotonic(), result._host.get_name()
        if step is None:
            return
        if host in self._out:
            # A rescue brought it back.
            self._out.discard(host)
            step.accounts += 1
        if is_failure:
            self._failed.add(host)
            self._out.add(host)
            self._display.display(f"[{step.name}: {printable(host)} failed]")
        step.done += 1
        if now - step.shown >= self.get_option("interval") and step.accounts > 1:
            step.shown = now
            self._display.display(step.line(now, failed=len(self._failed)))


def _hides_ok() -> bool:
    """Whether Ansible shows no task that went well."""
    try:
        shows = constants.config.get_config_value("display_ok_hosts", plugin_type="callback", plugin_name="default")
    except (AnsibleError, KeyError):
        # Another callback writes the output, and the default one was never loaded.
        return False
    return not shows


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < MINUTE else f"{seconds / MINUTE:.0f} min"
