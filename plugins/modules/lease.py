#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Release the lease under which a job writes in an AWS account
description:
  - Two jobs never write in one account at the same time. The modules of this collection that change an account take a lease before their
    first write. It is the object C(control/leases/<partition>/<account>.json) in the place of the journal.
  - Nor do two tasks of one job, for example of two hosts with the same account, unless they set
    O(hardening.iam.password_policy#module:keep_lease).
  - A module releases its lease when it ends. With O(hardening.iam.password_policy#module:keep_lease) it does not, so that the modules of
    one job write in an account without an interruption. This module then releases the lease as the last task of the account.
  - A lease that is not released ends by itself, at most 15 minutes after its last renewal. If a time-out in C(aws_config) is long, it lasts
    longer.
  - Only the lease of the same job is released. To break that of another job, set O(hardening.iam.password_policy#module:break_lease).
  - Jobs see the leases of each other only if they use the same O(journal).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode no lease is taken, so none is released.
  diff_mode:
    support: N/A
    details:
      - This action does not modify the account.
  idempotent:
    support: full
    details:
      - A second task finds no lease of its job.
options:
  account_id:
    description:
      - The id of the account, in 12 digits.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Release the lease of the account
  hardening.iam.lease:
    account_id: "111122223333"
    journal: s3://acme-hardening/journal
    run_id: "{{ hardening_run_id }}"
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "111122223333"
released:
  description: Whether this job held the lease, and released it.
  returned: success
  type: bool
  sample: true
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._module.arguments import JOB_ARGUMENTS, JOURNAL_PLACE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._run_control.release import OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "account_id": {"type": "str", "required": True},
        **JOURNAL_PLACE_ARGUMENTS,
        **JOB_ARGUMENTS,
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
