# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.modules.event_plan import ENTRY
from ansible_collections.hardening.iam.plugins.plugin_utils._event_accounts import list_accounts, list_own_roles
from ansible_collections.hardening.iam.plugins.plugin_utils._fleet import host_of
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import InProcess, Result


class ActionModule(InProcess):
    """The judge of events. It knows the accounts and roles of the hosts of the play, unless the task names others."""

    entry = ENTRY

    def run(self, tmp: t.Any = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> Result:
        task_vars = task_vars or {}
        if "accounts" not in self._task.args:
            names = task_vars["ansible_play_hosts_all"]
            hosts = [host_of(name, task_vars["hostvars"], self._templar) for name in names]
            found = {"accounts": list_accounts(hosts), "own_roles": list_own_roles(hosts)}
            self._task.args = {**found, **self._task.args}
        return super().run(tmp, task_vars)
