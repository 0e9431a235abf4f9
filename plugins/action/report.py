# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules.report import CONSTRAINTS, argument_spec
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import Result
from ansible_collections.hardening.iam.plugins.plugin_utils._on_controller import OnController
from ansible_collections.hardening.iam.plugins.plugin_utils._preparation import explain_skipped
from ansible_collections.hardening.iam.plugins.plugin_utils._render import page
from ansible_collections.hardening.iam.plugins.plugin_utils._report_run import run
from ansible_collections.hardening.iam.plugins.plugin_utils._task_input import limit_accounts
from ansible_collections.hardening.iam.plugins.plugin_utils._wave_hosts import find_waves
from ansible_collections.hardening.iam.plugins.plugin_utils._wave_run import WaveRun

# The reports that our playbooks end with.
_OF_RUNS: t.Final = ("fleet", "incident", "drill")


class ActionModule(OnController):
    entry = Entry(argument_spec=argument_spec, operations=Operations(), run=run, constraints=CONSTRAINTS)
    names_run = False

    def run(self, tmp: t.Any = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> Result:
        if self._task.args.get("scope") == "fleet" and "waves" not in self._task.args:
            waves = self._list_waves(task_vars or {})
            # A wave that passes lifts the default, so nobody knows the number before.
            limit = limit_accounts(self._input(task_vars or {})) if self._task.check_mode and not waves else None
            found = {"waves": waves} if limit is None else {"waves": waves, "max_accounts_changed": limit}
            self._task.args = {**found, **self._task.args}
        is_of_run = self._task.args.get("scope") in _OF_RUNS
        result = super().run(tmp, task_vars)
        if is_of_run and "fail" in result:
            reasons = [*filter(None, [result["fail_msg"], explain_skipped(self._notes)])]
            result.update(fail=bool(reasons), fail_msg="; ".join(reasons))
        return result

    def _list_waves(self, task_vars: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """The waves of the run, in a play that comes after them."""
        plan = find_waves(task_vars, self._templar) if task_vars.get("__hardening_in_waves") else None
        if plan is None:
            return []
        waves = WaveRun(plan, task_vars["hostvars"], self._templar, self._notes)
        return waves.list_states(check_mode=bool(self._task.check_mode))

    @classmethod
    def _prepare(cls) -> None:
        page.warm()
        super()._prepare()
