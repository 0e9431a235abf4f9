#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wave_gate
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Judge whether the next wave of accounts may be changed
description:
  - Reads what a run did in the accounts of a finished wave, and compares it with the allowed numbers of failures, refused changes and
    new denials.
  - The playbook C(hardening.iam.harden) calls it between two waves of C(hardening_waves). There the action plugin fills in O(wave),
    O(accounts), O(soak_hours) and O(declaration).
  - The gate is closed if its evidence can't be read. The task itself does not fail.
  - Nothing in an account is changed. If the wave is watched for some time, its beginning is recorded beside O(journal).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._account.run
  - hardening.iam._report_place
  - hardening.iam._report_place.required
  - hardening.iam._journal
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  wave:
    description:
      - The name of the finished wave.
    type: str
    default: ""
  accounts:
    description:
      - The accounts of the finished wave. Without any, the gate is closed.
    type: list
    elements: dict
    default: []
    suboptions:
      account_id:
        description:
          - The id of the account, in 12 digits.
        type: str
        required: true
      role_arn:
        description:
          - The role to read the denials in this account with. Without it, the credentials of the task must belong to the account.
        type: str
      external_id:
        description:
          - The external ID that the trust policy of the role requires.
        type: str
      failure:
        description:
          - The reason why the run failed in this account, if it did.
        type: str
  max_failures:
    description:
      - The largest number of accounts of the wave in which the run may fail.
    type: int
    default: 0
  max_refusals:
    description:
      - The largest number of refused changes in the wave. Without it, refused changes do not count.
    type: int
  max_new_denials:
    description:
      - The largest number of new denials. It counts pairs of a principal and an action. A denial is new if the principal succeeded at the
        action in the 30 days before the wave began.
      - Without it, denials do not count and are not read.
    type: int
  max_unread:
    description:
      - The largest number of accounts of the wave that were not read, and so may hide anything.
      - An account was not read if its users and roles could not be read, or if a role that enforces refused a change with the rule
        V(unread). With O(max_new_denials), an account without an event since the wave began was not read either.
      - A failed account does not count here.
    type: int
    default: 0
  soak_hours:
    description:
      - The number of hours that the wave is watched before the next one. They begin when the first run with this O(declaration) has
        finished the wave.
      - They begin again if a run changes another account of the wave, or applies another approved plan there.
      - With O(max_new_denials), 15 minutes are added, because CloudTrail delivers events late.
    type: float
    default: 0
  wait_minutes:
    description:
      - The number of minutes that the task itself may wait for the end of the soak. If more time is left, the verdict is V(waiting).
    type: float
    default: 0
  declaration:
    description:
      - The SHA-256 of what is declared for the accounts of the wave. If it changes, the soak begins again.
    type: str
  trail_logs:
    description:
      - The places of the organization's trail. Each is a directory, or a place in S3 such as V(s3://bucket/prefix). It is needed for
        more than five accounts.
      - A place or a list of places. As a text, several are separated by commas, or written as a list in JSON. All must be readable.
      - Without it, the event history of the accounts is read.
    type: list
    elements: str
    default: []
  trail_logs_role_arn:
    description:
      - The role to read O(trail_logs) in S3 with, such as a role of a log archive account.
    type: str
  organization_id:
    description:
      - The id of the organization whose folder in O(trail_logs) is read. Needed if there are several.
    type: str
seealso:
  - module: hardening.iam.organization_policy
"""

EXAMPLES = r"""
- name: Judge the sandbox accounts
  hardening.iam.wave_gate:
    wave: sandbox
    accounts:
      - account_id: "111122223333"
        role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
    run_id: "{{ hardening_run_id }}"
    report_dir: s3://acme-hardening/reports
    journal: s3://acme-hardening/journal
    max_refusals: 3
  register: gate

- name: Stop unless the gate has passed
  ansible.builtin.assert:
    that: gate.verdict == 'passed'
"""

RETURN = r"""
wave:
  description: The name of the finished wave.
  returned: success
  type: str
  sample: sandbox
verdict:
  description: V(passed), V(closed), or V(waiting) if the soak is not over.
  returned: success
  type: str
  sample: closed
reasons:
  description: The reasons why the gate has not passed.
  returned: success
  type: list
  elements: str
  sample: ["2 refused changes, allowed are 0 (hardening_wave_max_refusals)"]
until:
  description: The end of the soak.
  returned: with RV(verdict=waiting)
  type: str
  sample: "2026-11-26T02:00:00Z"
failed_accounts:
  description: The accounts in which the run failed.
  returned: success
  type: list
  elements: str
  sample: []
unread_accounts:
  description: The accounts that were not read.
  returned: success
  type: list
  elements: str
  sample: []
lifts_cap:
  description:
    - Whether the wave counts as passed for the default of C(hardening_max_accounts_changed).
    - A role must have enforced something in it. If changes are left, this declaration must also have changed one of its accounts, in this
      run or earlier in the soak.
  returned: success
  type: bool
  sample: true
refusals:
  description: The number of refused changes. Null if it is not known.
  returned: success
  type: int
  sample: 2
new_denials:
  description: The number of new denials. Null if they were not read.
  returned: success
  type: int
  sample: 0
losses:
  description: The new denials that closed the gate, with C(account_id), C(principal), C(action), C(count), C(first), C(last) and C(message).
  returned: success
  type: list
  elements: dict
  sample: []
blind_spots:
  description: The parts of the evidence that could not be seen.
  returned: success
  type: list
  elements: str
  sample: []
terminal:
  description: The verdict as text. In a play the action plugin displays it and does not return it.
  returned: success
  type: str
  sample: "Wave sandbox: passed."
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import JOURNAL_PLACE_ARGUMENTS, REQUIRED_REPORT_PLACE_ARGUMENTS, RUN_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.wave_gate import OPERATIONS, run

_ACCOUNT: t.Final = {
    "account_id": {"type": "str", "required": True},
    "role_arn": {"type": "str"},
    "external_id": {"type": "str"},
    "failure": {"type": "str"},
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **RUN_ARGUMENTS,
        **REQUIRED_REPORT_PLACE_ARGUMENTS,
        **JOURNAL_PLACE_ARGUMENTS,
        "wave": {"type": "str", "default": ""},
        "accounts": {"type": "list", "elements": "dict", "default": [], "options": _ACCOUNT},
        "max_failures": {"type": "int", "default": 0},
        "max_refusals": {"type": "int"},
        "max_new_denials": {"type": "int"},
        "max_unread": {"type": "int", "default": 0},
        "soak_hours": {"type": "float", "default": 0},
        "wait_minutes": {"type": "float", "default": 0},
        "declaration": {"type": "str"},
        "trail_logs": {"type": "list", "elements": "str", "default": []},
        "trail_logs_role_arn": {"type": "str"},
        "organization_id": {"type": "str"},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
