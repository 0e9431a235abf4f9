# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import functools

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules.rollout_simulation_info import argument_spec
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import Result
from ansible_collections.hardening.iam.plugins.plugin_utils._on_controller import OnController
from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.run import run


class ActionModule(OnController):
    entry = Entry(argument_spec=argument_spec, operations=Operations(), run=run)

    def _run_here(self) -> Result:
        # Vaulted variables of the inventories have the passwords of this run.
        secrets = self._loader._vault.secrets
        self.entry = dataclasses.replace(type(self).entry, run=functools.partial(run, secrets=secrets))  # type: ignore[misc]
        return super()._run_here()
