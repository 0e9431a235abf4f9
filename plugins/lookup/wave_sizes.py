# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: wave_sizes
author:
  - hardening.iam contributors (@hardening-iam)
version_added: 1.0.0
short_description: Counts the hosts of each wave of a run
description:
  - The playbook C(hardening.iam.harden) uses this lookup as the value of C(serial). Its hosts are those of
    P(hardening.iam.run_hosts#lookup) with O(hardening.iam.run_hosts#lookup:waves).
  - Waves without a host that C(--limit) leaves are not counted.
  - In check mode, and without the variable C(hardening_waves), there are no waves. Then all hosts are one batch.
options:
  _terms:
    description: Nothing.
"""

EXAMPLES = r"""
- name: Work on the accounts of the inventory, wave by wave
  hosts: "{{ query('hardening.iam.run_hosts', waves=true) }}"
  serial: "{{ query('hardening.iam.wave_sizes') }}"
"""

RETURN = r"""
_raw:
  description: The number of hosts of each wave.
  type: list
  elements: int
"""

import typing as t

from ansible.plugins.lookup import LookupBase

from ..plugin_utils._wave_hosts import find_waves


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: t.Optional[dict[str, t.Any]] = None, **kwargs: t.Any) -> list[int]:
        self.set_options(var_options=variables, direct=kwargs)
        variables = variables or {}
        if variables.get("ansible_check_mode"):
            return []
        plan = find_waves(variables, self._templar)
        return plan.sizes if plan is not None else []
