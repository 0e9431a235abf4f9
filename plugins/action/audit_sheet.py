# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry
from ansible_collections.hardening.iam.plugins.modules.audit_sheet import CONSTRAINTS, argument_spec
from ansible_collections.hardening.iam.plugins.plugin_utils._audit_events import OPERATIONS
from ansible_collections.hardening.iam.plugins.plugin_utils._audit_sheet import run
from ansible_collections.hardening.iam.plugins.plugin_utils._on_controller import OnController
from ansible_collections.hardening.iam.plugins.plugin_utils._render import page


class ActionModule(OnController):
    entry = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, constraints=CONSTRAINTS)

    @classmethod
    def _prepare(cls) -> None:
        page.warm()
        super()._prepare()
