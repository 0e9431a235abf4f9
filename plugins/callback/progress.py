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
  - Prints a line after each account that is assessed or has failed, with the number of finished accounts.
  - With many accounts it prints at most one line every O(interval) seconds.
requirements:
  - enable in configuration, C(callbacks_enabled = hardening.iam.progress)
options:
  interval:
    description:
      - The number of seconds between two lines, with more than 20 accounts.
    type: float
    default: 5
    env:
      - name: HARDENING_PROGRESS_INTERVAL
    ini:
      - section: callback_hardening_progress
        key: interval
"""

import math
import time
import typing as t
from collections.abc import Mapping

from ansible.plugins.callback import CallbackBase

if t.TYPE_CHECKING:
    from ansible.executor.task_result import TaskResult
    from ansible.playbook.play import Play

ASSESSMENT = "hardening.iam.assessment_info"
FEW_ACCOUNTS = 20


class CallbackModule(CallbackBase):
    """Counts accounts whose assessment ended, in the play that assesses them."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "hardening.iam.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display: t.Any = None, options: t.Any = None) -> None:
        super().__init__(display=display, options=options)
        self._accounts = 0
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self._last_line = -math.inf

    def v2_playbook_on_play_start(self, play: Play) -> None:
        hosts = play.get_variable_manager()._inventory.get_hosts(play.hosts)
        self._accounts = len(hosts)

    def v2_runner_on_ok(self, result: TaskResult) -> None:
        content = result._result
        if result._task.resolved_action != ASSESSMENT or "score" not in content:
            return
        host = result._host.get_name()
        if host not in self._done:
            self._done.add(host)
            self._line(f"{host}: {_verdict(content)}")

    def v2_runner_on_failed(self, result: TaskResult, ignore_errors: bool = False) -> None:
        if str(result._task.resolved_action).startswith("hardening.iam.") and not ignore_errors:
            host = result._host.get_name()
            self._done.add(host)
            self._failed.add(host)
            self._line(f"{host}: failed")

    def _line(self, what: str) -> None:
        now = time.monotonic()
        finished = len(self._done) >= self._accounts
        if self._accounts > FEW_ACCOUNTS and not finished and now - self._last_line < self.get_option("interval"):
            return
        self._last_line = now
        failed = f", {len(self._failed)} failed" if self._failed else ""
        self._display.display(f"[{len(self._done)}/{self._accounts} accounts{failed}] {what}")


def _verdict(content: Mapping[str, t.Any]) -> str:
    summary, score = content["summary"], content["score"]
    severities = ", ".join(f"{summary[name]} {name}" for name in ("critical", "high", "medium", "low") if summary[name])
    if score["percent"] is None:
        return f"{severities or 'no findings'}; nothing of {score['benchmark']} was judged"
    return f"{severities or 'no findings'}; {score['percent']} % of {score['benchmark']}"
