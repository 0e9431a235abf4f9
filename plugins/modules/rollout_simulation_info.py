#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_simulation_info
author:
  - hardening.iam contributors (@hardening-iam)
version_added: 1.0.0
short_description: Simulate a changed declaration on saved snapshots of all accounts
description:
  - Runs the modules of C(harden.yml) in check mode on the snapshots in O(snapshot_dir). No account is called. If a module needs an
    answer that was not recorded, its outcome is not known, and the result names the call.
  - With O(now_inventory) it compares two declarations. Its C(comment.md) is a comment for a pull request.
  - A run of C(harden.yml) with C(--check) and C(hardening_snapshot_dir) makes the snapshots.
  - Ages are counted from the time of the snapshot. Changes of one role that influence another role are not simulated, as in check mode.
    The roles C(findings_export) and C(trial_deadlines) are not simulated.
  - A snapshot that is missing, malformed, too old or of another account is refused by name. The other accounts are simulated.
  - Only static inventories are read, in YAML, INI or TOML. Inventory plugins that call services are not run.
  - Templates in the inventories are rendered, and their lookups run. Simulate only declarations of people whom you let run Ansible.
  - It always runs on the controller. C(become) and C(ansible_python_interpreter) are ignored. C(async) is refused. The only AWS calls
    are those for places in S3.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  wanted_inventory:
    description:
      - The inventory of the wanted declaration. Files or directories.
    type: list
    elements: str
    required: true
  wanted_directory:
    description:
      - The directory in which C(ansible-playbook) is called for this declaration. Relative paths start there, those of O(wanted_inventory)
        too. Defaults to the present directory.
    type: str
  wanted_variables:
    description:
      - Variables of the wanted declaration that take precedence over all others, as C(--extra-vars).
    type: dict
    default: {}
  now_inventory:
    description:
      - The inventory of today's declaration, to compare with. Hosts are compared by name.
    type: list
    elements: str
    default: []
  now_directory:
    description:
      - As O(wanted_directory), for today's declaration.
    type: str
  now_variables:
    description:
      - As O(wanted_variables), for today's declaration.
    type: dict
    default: {}
  snapshot_dir:
    description:
      - The place of the snapshots. A directory, or a place in S3 such as V(s3://bucket/prefix).
    type: str
    required: true
  snapshot_role_arn:
    description:
      - The role to assume for O(snapshot_dir) in S3.
    type: str
  max_age_days:
    description:
      - The largest age of a snapshot in days. Older ones are refused.
    type: int
    default: 7
  output_dir:
    description:
      - The directory to write C(simulation.json), C(comment.md) and C(accounts/<account>.json) to. Only the owner can read the files.
    type: str
    default: ./simulation
  forks:
    description:
      - The number of accounts that the real run works on at the same time, to estimate its duration.
    type: int
    default: 10
  processes:
    description:
      - The number of processes of the simulation. On macOS it is always one.
    type: int
    default: 2
  prices:
    description:
      - Your own prices, by unit and for a month, in place of the table in the collection.
    type: dict
    default: {}
seealso:
  - module: hardening.iam.policy_impact_info
  - module: hardening.iam.report
"""

EXAMPLES = r"""
- name: Show the effect of a pull request
  hardening.iam.rollout_simulation_info:
    now_inventory: [../base/inventory]
    now_directory: ../base
    wanted_inventory: [inventory]
    snapshot_dir: s3://acme-hardening/snapshots

- name: Show the effect of one variable
  hardening.iam.rollout_simulation_info:
    now_inventory: [inventory]
    wanted_inventory: [inventory]
    wanted_variables:
      permissions_boundary_mode: enforce
    snapshot_dir: ./snapshots
"""

RETURN = r"""
summary:
  description: The result in one sentence.
  returned: success
  type: str
  sample: changes 14 of 300 accounts; 2 roles would break
compared:
  description: Whether there was a declaration of today to compare with.
  returned: success
  type: bool
  sample: true
accounts:
  description: The numbers of accounts.
  returned: success
  type: dict
  contains:
    declared:
      description: The accounts in the wanted declaration.
      returned: always
      type: int
      sample: 300
    simulated:
      description: The accounts with a usable snapshot.
      returned: always
      type: int
      sample: 298
    refused:
      description: The accounts whose snapshot is missing or was refused.
      returned: always
      type: int
      sample: 2
    changed:
      description:
        - The accounts for which the two declarations lead to different changes or refusals. Without RV(compared) the accounts with
          planned changes.
      returned: always
      type: int
      sample: 14
    unknown:
      description: The accounts in which a role needs an answer that was not recorded.
      returned: always
      type: int
      sample: 0
    failed:
      description: The accounts in which a role fails, for a wrong value of a variable for example.
      returned: always
      type: int
      sample: 0
counts:
  description: The changes of the wanted declaration.
  returned: success
  type: dict
  contains:
    planned:
      description: The changes that a real run would make.
      returned: always
      type: int
      sample: 31
    if_approved:
      description: The changes that only a cap holds back, or the lack of an approval.
      returned: always
      type: int
      sample: 10
    reported:
      description: The changes of roles in the mode C(report).
      returned: always
      type: int
      sample: 4
    refused:
      description: The changes that a guard refuses.
      returned: always
      type: int
      sample: 2
counts_now:
  description: As RV(counts), for the declaration of today. Null without one.
  returned: success
  type: dict
  sample: {planned: 10, if_approved: 0, reported: 4, refused: 2}
kinds:
  description: The number of changes in each state, and of those that are added or removed, by service and operation.
  returned: success
  type: dict
  sample: {"iam:UpdateAccountPasswordPolicy": {planned: 14, added: 14}}
refusals:
  description: The number of refusals by role and rule.
  returned: success
  type: list
  elements: dict
  sample: [{role: permissions_boundary, rule: prediction, count: 2}]
principals:
  description: The number of principals by prediction and kind. With RV(compared) only those that the wanted declaration adds.
  returned: success
  type: list
  elements: dict
  sample: [{outcome: will_break, kind: role, count: 2}]
costs:
  description: The estimated cost of the planned changes in a month. Its items have no amount where nobody can count the units.
  returned: success
  type: dict
  sample: {as_of: "2026-11-27", currency: USD, a_month: 12.5, is_complete: false, items: []}
calls:
  description: The estimated number of API calls of a real run.
  returned: success
  type: int
  sample: 24310
duration:
  description: The estimated duration of a real run, from the time that the recorded run took.
  returned: success
  type: dict
  sample: {forks: 10, seconds: 900}
no_longer_declared:
  description: The hosts that only the declaration of today has.
  returned: success
  type: list
  elements: str
  sample: []
files:
  description: The places of C(simulation.json) and C(comment.md).
  returned: success
  type: dict
  sample: {json: simulation/simulation.json, comment: simulation/comment.md}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule


def argument_spec() -> dict[str, dict[str, t.Any]]:
    """The module's options, beside those of amazon.aws."""
    return {
        "wanted_inventory": {"type": "list", "elements": "str", "required": True},
        "wanted_directory": {"type": "str"},
        "wanted_variables": {"type": "dict", "default": {}},
        "now_inventory": {"type": "list", "elements": "str", "default": []},
        "now_directory": {"type": "str"},
        "now_variables": {"type": "dict", "default": {}},
        "snapshot_dir": {"type": "str", "required": True},
        "snapshot_role_arn": {"type": "str"},
        "max_age_days": {"type": "int", "default": 7},
        "output_dir": {"type": "str", "default": "./simulation"},
        "forks": {"type": "int", "default": 10},
        "processes": {"type": "int", "default": 2},
        "prices": {"type": "dict", "default": {}},
    }


def main() -> t.NoReturn:
    """Refuse to run: the core is in ``plugins/plugin_utils``, which no target has."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.fail_json(
        msg="hardening.iam.rollout_simulation_info runs on the controller only, by its action plugin, and not as a module."
    )


if __name__ == "__main__":
    main()
