# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.modules.credential_hunt_info import ENTRY
from ansible_collections.hardening.iam.plugins.plugin_utils._hunt_page import PAGE, run_with_page
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import InProcess, Result
from ansible_collections.hardening.iam.plugins.plugin_utils._render import page


class ActionModule(InProcess):
    entry = dataclasses.replace(ENTRY, run=run_with_page)

    def _run_elsewhere(self, tmp: t.Any, task_vars: dict[str, t.Any]) -> Result:
        """A module that runs by itself can't render pages. The join of all accounts runs here."""
        result = super()._run_elsewhere(tmp, task_vars)
        if result.get("files"):
            result["warnings"] = [*result.get("warnings", []), f"{PAGE} is only written if the module runs in Ansible"]
        return result

    @classmethod
    def _prepare(cls) -> None:
        page.warm()
        super()._prepare()
