#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acceptance
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Verify in a sandbox account what this collection assumes about AWS
description:
  - Guards, refusals and verdicts of this collection rest on assumptions about AWS. This module makes an experiment for each assumption
    and returns what AWS did.
  - Run it in a sandbox account. In an account that may be in use, the module makes no experiment and returns the reasons. A check that
    can't be made counts as a reason.
  - It creates users, groups, roles and policies below the path C(/iam-hardening/acceptance/), and removes all of them. It also removes
    leftovers of an earlier run, which it recognizes by their names. Anything else below that path is ignored.
  - It works under the lease of the account, as the modules that enforce do, so no other job writes there meanwhile. If the stop switch is
    set, it makes no experiment. Both are in the place of O(journal). No change is recorded there, because nothing stays.
  - It does not change the organization. It changes account-wide settings only with O(account_settings), and restores them.
  - In check mode it checks whether the account is accepted as a sandbox, and names the experiments, their costs and the alerts that
    they may raise.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._attributes
options:
  account_id:
    description:
      - The account that the credentials must belong to, in 12 digits.
    type: str
    required: true
  account_pattern:
    description:
      - The name or the alias of the account must match this pattern, in which C(*) stands for any text.
      - It must have at least one letter.
    type: str
    required: true
  include:
    description:
      - The assumptions to verify. Defaults to all.
    type: list
    elements: str
    default: []
  patience:
    description:
      - The number of seconds for which an observation is repeated until it is as expected. Changes of IAM take effect with a delay.
      - An assumption is confirmed if it is observed three times in a row over a third of these seconds.
    type: int
    default: 60
  account_settings:
    description:
      - Also verify assumptions about settings of the whole account. The password policy is changed for some seconds and restored. It is
        never weaker meanwhile.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode and then makes no experiment.
    support: full
  diff_mode:
    description: Shows a difference between before and after.
    support: N/A
    details:
      - Everything that the module creates is removed again.
  idempotent:
    description: A second run changes nothing.
    support: full
seealso:
  - module: hardening.iam.preflight_info
"""

EXAMPLES = r"""
- name: Verify in the sandbox what the collection assumes about AWS
  hardening.iam.acceptance:
    account_id: "444455556666"
    account_pattern: "*sandbox*"
  register: acceptance

- name: Show the assumptions that did not hold

  ansible.builtin.debug:
    msg: "{{ acceptance.assumptions | rejectattr('state', 'equalto', 'as_expected') }}"
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "444455556666"
closed_regions:
  description: The regions that could not be read because a control policy of the organization denies them.
  returned: success
  type: list
  elements: str
  sample: ["eu-south-2"]
unconfirmed:
  description:
    - The reasons why the run confirms less than it was meant to. Empty in check mode, and if every assumption that it tried was observed
      as expected or is not vital.
  returned: success
  type: list
  elements: str
  sample: ["denial_stays is vital and could not be observed"]
refused:
  description: The reasons why no experiment was made. Empty if the account is accepted as a sandbox.
  returned: success
  type: list
  elements: str
  sample: ["it is the management account of an organization"]
assumptions:
  description: The assumptions that are to be tried, in the order of docs/acceptance.md.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The name of the assumption.
      type: str
    statement:
      description: The assumption.
      type: str
    relied_on_by:
      description: The parts of the collection that rely on it.
      type: str
    source:
      description: The page of AWS's documentation.
      type: str
    is_vital:
      description: Whether guards and refusals rest on it most.
      type: bool
    expected:
      description: The observation by which it holds.
      type: str
    observed:
      description: The observation that was made, or the error that prevented it.
      type: str
    state:
      description:
        - V(as_expected), V(not_as_expected), V(not_observed), or V(not_tried) in check mode and if the account is refused.
      type: str
  sample:
    - id: third_key_is_refused
      statement: A user has at most two access keys.
      relied_on_by: "access_keys: rotation makes the second key, and never a third"
      source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      is_vital: false
      expected: LimitExceeded
      observed: LimitExceeded
      state: as_expected
counts:
  description: How many assumptions are in each state.
  returned: success
  type: dict
  sample: {as_expected: 27, not_as_expected: 0, not_observed: 1, not_tried: 0}
table:
  description:
    - The observations without anything that names the account, for a file that can be sent to the maintainers of the collection.
  returned: success
  type: dict
  sample:
    collection: 1.0.0
    partition: aws
    observed_at: "2026-12-02T04:00:00Z"
    assumptions:
      - {id: third_key_is_refused, expected: LimitExceeded, observed: LimitExceeded, state: as_expected}
removed:
  description: The ARNs of the leftovers of an earlier run.
  returned: success
  type: list
  elements: str
  sample: []
left:
  description: The ARNs of the resources that could not be removed. The next run removes them.
  returned: success
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._acceptance.run import OPERATIONS, run
from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import JOB_ARGUMENTS, JOURNAL_PLACE_ARGUMENTS, LEASE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **JOURNAL_PLACE_ARGUMENTS,
        **JOB_ARGUMENTS,
        **LEASE_ARGUMENTS,
        "account_id": {"type": "str", "required": True},
        "account_pattern": {"type": "str", "required": True},
        "include": {"type": "list", "elements": "str", "default": []},
        "patience": {"type": "int", "default": 60},
        "account_settings": {"type": "bool", "default": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, check_boto3=False), ENTRY)


if __name__ == "__main__":
    main()
