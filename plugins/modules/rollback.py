#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Take back the changes of a run in an AWS account
description:
  - Takes back what the modules of this collection changed in one account in an earlier run, or a part of it, newest
    first, from the run's journal.
  - A change is taken back only where what it left is still there. What somebody decided otherwise since stands, and is
    refused with RV(refused[].rule=changed_since).
  - What can't return is refused as well, such as a deleted key or a sent notice, and so is what was never made.
  - Nothing is taken away from under a change that stands. Where a policy was attached to a group and then detached from
    its user, and the user can't have it again, the group keeps it. Nor does anybody lose what it has through the group
    only, since it joined after that run.
  - It is a run of its own, with its own journal, in which every change names the record that it takes back. It passes
    the guards of every other run, but no cap, since it is never larger than the run that it takes back.
  - What a rollback did is taken back by running the declaration again.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._converge.journalled
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  undo_run_id:
    description:
      - The run to take back, by the O(run_id) it had. It is the name of a directory below that of the account in
        O(journal). The changes of all jobs of that run are taken back.
      - A run that is not in the journal of this account has nothing to take back, and is no error, since a run need not
        have changed every account. RV(recorded) is 0 then.
    type: str
    required: true
  modules:
    description:
      - Take back only what these modules changed, by their short names, such as V(password_policy).
    type: list
    elements: str
    default: []
  targets:
    description:
      - Take back only what was changed here. Globs for the recorded targets, which are ARNs.
    type: list
    elements: str
    default: []
  exclude_targets:
    description:
      - Leave these targets as they are. Globs, too.
    type: list
    elements: str
    default: []
  operations:
    description:
      - Take back only changes that were made by these API operations, such as V(UpdateAccessKey). Globs, too.
    type: list
    elements: str
    default: []
seealso:
  - module: hardening.iam.password_policy
"""

EXAMPLES = r"""
- name: See what taking back last night's run would do
  hardening.iam.rollback:
    account_id: "111122223333"
    undo_run_id: 20261125T020000Z
  check_mode: true
  diff: true

- name: Take it back
  hardening.iam.rollback:
    account_id: "111122223333"
    undo_run_id: 20261125T020000Z

- name: Activate again the keys of one team that the AWX job 4711 deactivated
  hardening.iam.rollback:
    account_id: "111122223333"
    undo_run_id: "4711"
    operations: [UpdateAccessKey]
    targets: ["arn:aws:iam::111122223333:user/payments/*"]
    journal: s3://example-journal/iam
"""

RETURN = r"""
undo_run_id:
  description: The run that is taken back.
  returned: success
  type: str
  sample: 20261125T020000Z
recorded:
  description: How many changes of that run the journal has of this account.
  returned: success
  type: int
  sample: 3
selected:
  description: How many of them were meant.
  returned: success
  type: int
  sample: 3
as_before:
  description: The recorded changes whose targets are as they were before already.
  returned: success
  type: list
  elements: dict
  contains:
    target:
      description: What was changed.
      type: str
    operation:
      description: The API operation that changed it.
      type: str
mode:
  description: The mode that the task ran in.
  returned: success
  type: str
  sample: enforce
account_id:
  description: The account that the credentials belong to.
  returned: success
  type: str
  sample: "111122223333"
run_id:
  description: What the journal and the reports of this run share.
  returned: success
  type: str
  sample: 20261125T090000Z
changes:
  description: The changes that take the run back and that the guards let through.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: The region, or V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: What is changed.
      type: str
    before:
      description: What the run that is taken back left.
      type: raw
    after:
      description: What that run found.
      type: raw
    affects:
      description:
        - >-
          The principals whose access the change alters. ARNs; the 12 digits of an account for everybody in it; the name of a service
          principal; V(*) for anybody.
      type: list
      elements: str
    remedies:
      description: Empty, since taking a change back mends no finding.
      type: list
      elements: str
    reversible:
      description: Always false. Running the declaration again makes the change anew.
      type: bool
    undo:
      description: Always empty.
      type: dict
    applied:
      description: Whether the change was made. Never in check mode and with O(mode=report).
      type: bool
    undoes:
      description: The key of the record in O(journal) that is taken back.
      type: str
refused:
  description: What was not let through.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description:
        - The guard that refused, or why there is nothing that could be taken back. V(changed_since) (the target is no
          longer as the run left it), V(irreversible), V(not_made), V(later_change_stands), V(together) (a
          later change that relies on it is refused), V(in_use) (somebody would lose what it has through a group that it
          joined since), V(unread) (the present state
          can't be read), V(undeclared) (the journal names an operation that the module never uses), or
          V(wrong_account).
      type: str
    reason:
      description: Why, and what would lift the refusal.
      type: str
    target:
      description: What would have been changed.
      type: str
    operation:
      description: The recorded API operation, or the one that a guard refused.
      type: str
  sample:
    - rule: changed_since
      reason: >-
        arn:aws:iam::111122223333:account-password-policy is no longer as UpdateAccountPasswordPolicy of run
        20261125T020000Z left it
      target: arn:aws:iam::111122223333:account-password-policy
      operation: UpdateAccountPasswordPolicy
already_done:
  description:
    - Changes that this run did not make, because somebody else made their targets as wanted since the account was read.
    - They are not among RV(changes), and a rollback of the run leaves them.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: The region, or V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation that was not needed.
      type: str
    target:
      description: What is as wanted.
      type: str
plan_sha256:
  description: Identifies the plan. It covers every planned change, let through or held back.
  returned: success
  type: str
  sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
journal:
  description: Where the changes of this run are recorded.
  returned: when something was changed
  type: str
  sample: ./journal/111122223333/20261125T090000Z
terminal:
  description: The outcome as text. In a play it is shown by the action plugin instead of being returned.
  returned: success
  type: str
  sample: "Rollback of run 20261125T020000Z in account 111122223333: 1 taken back, 0 refused, 0 as before already."
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import ORGANIZATION_ARGUMENTS
from ..module_utils._module.converging import JOURNALLED_ARGUMENTS
from ..module_utils._module.task import Entry, finish
from ..module_utils._rollback.run import OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **ORGANIZATION_ARGUMENTS,
        **JOURNALLED_ARGUMENTS,
        "undo_run_id": {"type": "str", "required": True},
        "modules": {"type": "list", "elements": "str", "default": []},
        "targets": {"type": "list", "elements": "str", "default": []},
        "exclude_targets": {"type": "list", "elements": "str", "default": []},
        "operations": {"type": "list", "elements": "str", "default": []},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
