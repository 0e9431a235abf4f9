# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: run_hosts
author:
  - hardening.iam contributors (@hardening-iam)
version_added: 1.0.0
short_description: Chooses the hosts that the playbooks of this collection work on
description:
  - Each host stands for one AWS account. The playbooks use this lookup as the value of C(hosts).
  - The hosts are those of the pattern in C(hardening_hosts), else those of the group.
  - Without that group they are C(localhost), if it is the only host.
  - If the name of each host is an account id, they are all hosts.
  - Other inventories have no accounts. Then the pattern matches no host.
options:
  _terms:
    description: The group of the hosts. The variable C(hardening_hosts) counts for C(aws_accounts), the default, only.
  any_host:
    description: Whether to choose all hosts, or C(localhost), where the pattern matches none.
    type: bool
    default: false
  waves:
    description:
      - Whether to return the hosts in the order of the waves in the variable C(hardening_waves), if it is set.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Work on the accounts of the inventory
  hosts: "{{ query('hardening.iam.run_hosts') }}"
"""

RETURN = r"""
_raw:
  description: The pattern of the hosts.
  type: list
  elements: raw
"""

import typing as t

from ansible.plugins.lookup import LookupBase

from ..plugin_utils._fleet import choose_hosts, has_host
from ..plugin_utils._run_hosts import NOBODY
from ..plugin_utils._wave_hosts import find_waves


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: t.Optional[dict[str, t.Any]] = None, **kwargs: t.Any) -> list[t.Any]:
        self.set_options(var_options=variables, direct=kwargs)
        variables = variables or {}
        plan = find_waves(variables, self._templar) if self.get_option("waves") else None
        if plan is not None:
            return plan.order or [NOBODY]
        hosts = choose_hosts(variables, self._templar, *terms)
        if self.get_option("any_host") and not has_host(variables["groups"], hosts.pattern):
            return [hosts.any_pattern]
        return hosts.pattern if isinstance(hosts.pattern, list) else [hosts.pattern]
