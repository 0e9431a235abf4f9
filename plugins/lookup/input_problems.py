# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: input_problems
author:
  - hardening.iam contributors (@hardening-iam)
version_added: 1.0.0
short_description: Find problems of the variables, accounts and tags of a run
description:
  - The playbooks of this collection call it before their first task, and stop if it finds a problem.
  - It looks at the hosts of the play, and makes no network call.
  - It finds an inventory without accounts, unknown and misspelt variables, unknown tags, and modes and regions that do
    not exist.
  - It finds account ids that do not have 12 digits, and two hosts with the same account id.
  - It finds accounts that are in no wave, and waves in a slice of a job.
  - It finds hosts without an account id, and hosts without an assessor role while others have one.
  - It finds what the modules would refuse of the declaration of an incident.
  - It warns of connections and interpreters of hosts that the playbooks do not use.
options:
  _terms:
    description: Nothing.
  group:
    description: The group of the hosts that the run is for. P(hardening.iam.run_hosts#lookup) chooses them.
    type: str
    default: aws_accounts
  reads_only:
    description: Whether the playbook never writes, with or without check mode.
    type: bool
    default: false
  waves:
    description: Whether the playbook works in the waves of the variable C(hardening_waves).
    type: bool
    default: false
  incident:
    description:
      - A declared incident. Then the declaration alone is checked, as the modules of an incident check it.
      - A reason that is too short for the record is a warning.
    type: dict
  max_principals:
    description: How many credentials, roles and accounts the O(incident) may name.
    type: int
    default: 10
  confirms:
    description: Whether the O(incident) has to have its id once more in C(confirm), because the run changes something.
    type: bool
    default: false
notes:
  - Where it finds no problem and the playbook may write, the run counts as prepared. Otherwise the modules that write
    check the input themselves, in playbooks of this collection.
  - Names in the variable C(hardening_ignore_variables), a list of names and globs, are ignored.
"""

EXAMPLES = r"""
- name: Show the problems of the input of the run
  ansible.builtin.debug:
    msg: "{{ query('hardening.iam.input_problems', reads_only=true) }}"
"""

RETURN = r"""
_raw:
  description: The problems. Each names the variable or tag, and the next step.
  type: list
  elements: str
"""

import typing as t
from datetime import UTC, datetime

from ansible import context
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..module_utils._converge.incident.checking import check_declaration
from ..plugin_utils._fleet import choose_hosts, has_host
from ..plugin_utils._preparation import check_input, keep_prepared
from ..plugin_utils._run_notes import RunNotes, private_directory
from ..plugin_utils._tags import check_tags, find_playbooks


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: t.Optional[dict[str, t.Any]] = None, **kwargs: t.Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        variables = variables or {}
        if "incident" in kwargs:
            return self._check_incident()
        chosen = choose_hosts(variables, self._templar, self.get_option("group"))
        if not has_host(variables["groups"], chosen.pattern):
            return [chosen.describe_none(), *_tag_problems(variables)]
        reads_only = bool(variables.get("ansible_check_mode") or self.get_option("reads_only"))
        found = check_input(
            variables,
            self._templar,
            pattern=chosen.pattern,
            enforces=not reads_only,
            waves=self.get_option("waves"),
        )
        for warning in found.warnings:
            Display().warning(warning)
        problems = [*found.errors, *_tag_problems(variables)]
        keep_prepared(RunNotes(private_directory()), problems, reads_only=reads_only)
        return problems

    def _check_incident(self) -> list[str]:
        found = check_declaration(
            self.get_option("incident"),
            now=datetime.now(UTC),
            max_principals=self.get_option("max_principals"),
            writes=self.get_option("confirms"),
        )
        for warning in found.warnings:
            Display().warning(warning)
        return list(found.errors)


def _tag_problems(variables: t.Mapping[str, t.Any]) -> list[str]:
    playbooks = find_playbooks(context.CLIARGS.get("args") or ())
    if playbooks is None:
        return []
    return check_tags(playbooks, run=variables.get("ansible_run_tags", ()), skip=variables.get("ansible_skip_tags", ()))
