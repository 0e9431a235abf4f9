#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: containment_drill
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Take the steps of a containment drill that a containment itself does not have
description:
  - A drill contains a user of its own, a canary, in the same way as C(contain.yml) contains a leaked key. It measures the time until AWS
    denies the credentials of the canary. The playbook C(drill.yml) runs all steps of it.
  - The canary is a user and a role below the path C(/iam-hardening/drill/), with random names. The user has one access key. The user may
    do nothing but assume the role, and the role may do nothing but read itself. Both have the boundary C(automation-drill-boundary).
  - The secret of the key is passed to one process on the controller, which uses it. It is never written, returned or displayed.
  - The record of a drill is C(control/drills/current.json) beside O(journal). It has the unique ids of the user and the role. A user or role
    of the same name with another id is not touched, and the task fails.
  - Only one drill can be under way. There is none while an incident is open in any account.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._report_place
  - hardening.iam._attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode nothing is made. The plan is displayed.
  diff_mode:
    support: N/A
    details:
      - Users and roles of a drill are deleted at its end.
  idempotent:
    support: none
    details:
      - Each drill makes a user of its own.
options:
  state:
    description:
      - V(recovered) finds a drill whose job was killed, and takes it over.
      - V(started) makes the canary, and waits until its credentials work.
      - V(measured) waits until both credentials are denied, and ends the process of the canary.
      - V(checked) makes sure that the incident of the drill contains nobody but the canary. Only then it is released.
      - V(finished) deletes the canary and keeps the report. The canary must be released before.
    type: str
    choices: [recovered, started, measured, checked, finished]
    required: true
  account_id:
    description:
      - The id of the account, in 12 digits. The task fails if the credentials belong to another account.
    type: str
  person:
    description:
      - The person who runs the drill. The incident of the drill is declared by this person.
    type: str
  drill_id:
    description:
      - The RV(drill_id) of the step before.
    type: str
  watch:
    description:
      - The RV(watch) of the step V(started).
    type: str
  contain_began:
    description:
      - The RV(contain_began) of the step V(started).
    type: str
  wait_seconds:
    description:
      - How long V(measured) waits for a denial, in seconds.
    type: int
    default: 60
  break_drill:
    description:
      - The id of a drill whose job was killed. It is taken over at once, and not only 30 minutes after its last step.
    type: str
  moments:
    description:
      - The beginning of each step, in seconds since 1970-01-01. For the report.
    type: dict
    default: {}
  problems:
    description:
      - The failures of other steps, for the report.
    type: list
    elements: str
    default: []
  left_out:
    description:
      - The hosts of the inventory that this run does not see, for the report. A drill that does not see all accounts is not compared with
        others.
    type: list
    elements: str
    default: []
  now:
    description:
      - The time from which ages are counted, in ISO 8601. Defaults to now. A task that writes refuses a time more than a minute from the
        clock, unless it calls AWS at a loopback address.
    type: str
"""

EXAMPLES = r"""
- name: Show what a drill would do
  hardening.iam.containment_drill:
    state: started
    account_id: "222233334444"
    person: Ana
    journal: s3://example-journal/iam
  check_mode: true

- name: Make the canary
  hardening.iam.containment_drill:
    state: started
    account_id: "222233334444"
    person: Ana
    journal: s3://example-journal/iam
  register: drill

- name: Measure the time until its credentials are denied
  hardening.iam.containment_drill:
    state: measured
    account_id: "222233334444"
    person: Ana
    journal: s3://example-journal/iam
    drill_id: "{{ drill.drill_id }}"
    watch: "{{ drill.watch }}"
    contain_began: "{{ drill.contain_began }}"
"""

RETURN = r"""
drill_id:
  description: The id of the drill, which is also that of its incident, and the name of its user and its role.
  returned: success
  type: str
  sample: drill-20261128T154210Z-0b7c
incident:
  description: The declaration of its incident, for the containment.
  returned: when O(state=started) or O(state=recovered)
  type: dict
left:
  description: Whether a drill was left by a job that was killed.
  returned: when O(state=recovered)
  type: bool
must_release:
  description: Whether the canary is contained. Only users and roles of the drill are.
  returned: when O(state=checked)
  type: bool
watch:
  description: The directory in which the process of the canary notes its calls. It has no secret.
  returned: when O(state=started)
  type: str
contain_began:
  description: The moment from which the time is measured.
  returned: when O(state=started)
  type: str
seconds:
  description: The seconds until each credential was denied. V(none) if it is not.
  returned: when O(state=measured)
  type: dict
seconds_to_containment:
  description: The seconds until both credentials were denied. V(none) if one of them is not.
  returned: when O(state=measured)
  type: float
calls:
  description: The kinds of calls that the canary made.
  returned: when O(state=measured)
  type: list
  elements: dict
report:
  description: The report of the drill.
  returned: when O(state=finished)
  type: dict
place:
  description: The place of the report beside the journal.
  returned: when O(state=finished)
  type: str
terminal:
  description: The plan, in check mode. In a play the action plugin displays it and does not return it.
  returned: when O(state=started)
  type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._capabilities.containment_drill.run import OPERATIONS, WRITER, run
from ..module_utils._module.arguments import (
    JOB_ARGUMENTS,
    JOURNAL_PLACE_ARGUMENTS,
    LEASE_ARGUMENTS,
    REPORT_PLACE_ARGUMENTS,
)
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **JOURNAL_PLACE_ARGUMENTS,
        **JOB_ARGUMENTS,
        **LEASE_ARGUMENTS,
        **REPORT_PLACE_ARGUMENTS,
        "state": {
            "type": "str",
            "choices": ["recovered", "started", "measured", "checked", "finished"],
            "required": True,
        },
        "account_id": {"type": "str"},
        "person": {"type": "str"},
        "drill_id": {"type": "str"},
        "watch": {"type": "str"},
        "contain_began": {"type": "str"},
        "wait_seconds": {"type": "int", "default": 60},
        "break_drill": {"type": "str"},
        "moments": {"type": "dict", "default": {}},
        "problems": {"type": "list", "elements": "str", "default": []},
        "left_out": {"type": "list", "elements": "str", "default": []},
        "now": {"type": "str"},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, writer=WRITER)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
