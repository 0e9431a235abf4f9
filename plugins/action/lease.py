# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.modules.lease import ENTRY
from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import InProcess


class ActionModule(InProcess):
    entry = ENTRY
    names_run = False
