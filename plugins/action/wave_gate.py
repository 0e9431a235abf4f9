# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.wave_state import PASSED
from ansible_collections.hardening.iam.plugins.modules.wave_gate import ENTRY
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import InProcess, Result
from ansible_collections.hardening.iam.plugins.plugin_utils._wave_hosts import find_waves
from ansible_collections.hardening.iam.plugins.plugin_utils._wave_run import WaveRun, close_gate


class ActionModule(InProcess):
    """The gate before the wave of the present batch. A task that names its accounts is an ordinary one."""

    entry = ENTRY

    def run(self, tmp: t.Any = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> Result:
        task_vars = task_vars or {}
        plan = None if "accounts" in self._task.args else find_waves(task_vars, self._templar)
        if plan is None:
            return super().run(tmp, task_vars)
        position = plan.find_position(str(task_vars["inventory_hostname"]))
        if position is None:
            return close_gate("", f"{task_vars['inventory_hostname']} is in no wave")
        if position == 0:
            return {"changed": False, "verdict": PASSED, "reasons": []}
        waves = WaveRun(plan, task_vars["hostvars"], self._templar, self._notes)
        return self._ask(waves, position - 1, tmp, task_vars)

    def _ask(self, waves: WaveRun, position: int, tmp: t.Any, task_vars: dict[str, t.Any]) -> Result:
        """Ask the gate behind the wave at this position. Whatever fails here closes it."""
        name = waves.plan.present[position][0].name
        obstacle = waves.find_obstacle(position)
        if obstacle:
            return close_gate(name, obstacle)
        self._task.args = {**self._task.args, **waves.ask_gate(position)}
        result = super().run(tmp, task_vars)
        if result.get("failed"):
            result = close_gate(name, str(result.get("msg")))
        waves.keep_verdict(position, result)
        return result
