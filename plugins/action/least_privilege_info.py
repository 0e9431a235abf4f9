# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._questions.impact.change import absolute_documents
from ansible_collections.hardening.iam.plugins.module_utils._questions.least_privilege.offline import make_absolute
from ansible_collections.hardening.iam.plugins.modules.least_privilege_info import ENTRY
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import InProcess


class ActionModule(InProcess):
    entry = ENTRY

    def _places(self) -> dict[str, t.Any]:
        arguments = self._task.args
        return {**super()._places(), **absolute_documents(arguments), **make_absolute(arguments)}
