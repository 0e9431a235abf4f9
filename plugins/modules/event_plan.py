#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: event_plan
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Judge whether events about IAM start a plan
description:
  - Reads events of EventBridge that anybody may have sent, and says of which accounts a plan is to be made.
  - It knows five families of events. AWS attached its quarantine policy to a user. AWS Health reports exposed credentials. GuardDuty has
    a finding about IAM. AWS reports an unusual sign-in. A control of Security Hub failed, and the catalogue has it.
  - Of an event it uses the account, if O(accounts) has it, the subject, if its own tables have it, and the name of the credential. Texts
    of events get nowhere.
  - Nothing is started by findings of this collection, by changes of O(own_roles), by old events, or by events whose account, subject and
    resource have an open plan.
  - A plan is open for 24 hours, or until a run has enforced something in its account. A plan about a credential is also open no longer if
    a run of C(hardening.iam.contain) has contained something under the id of its draft. If its run left no report within an hour, its
    events wait for another plan.
  - If more credentials of an account are reported than it remembers, the draft says how many are missing, and how to see all of them.
  - At most O(max_plans_per_hour) plans are begun. Half of them is for leaked credentials, a quarter for controls, and the rest for
    everything else. One account gets at most a fifth of each part, but one plan. Events beyond that wait, and are named in one notice.
  - A plan is about everything that waits of its account.
  - The playbook C(hardening.iam.plan_for_event) calls it. There the action plugin fills in O(accounts) and O(own_roles).
  - Nothing in an account is read or changed. The agenda, the notice and the draft of an incident are written into the folder C(events) of
    O(report_dir), also in check mode. Of O(journal) it only reads the records of incidents.
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
attributes:
  check_mode:
    support: full
    details:
      - The agenda is written in check mode as well, because it does not modify the accounts.
  diff_mode:
    support: N/A
    details:
      - This action does not modify the accounts.
  idempotent:
    support: partial
    details:
      - The same event again starts nothing while its plan is open.
options:
  event_file:
    description:
      - A JSON file with one event, as EventBridge delivers it.
      - The event may be wrapped in C(body) or C(payload), as sources of ansible-rulebook do.
      - An event is never the value of a variable. Ansible would evaluate templates in its texts.
    type: path
  events:
    description:
      - The batch of events that the event filter C(hardening.iam.iam_events) made. It has no texts of events.
      - Without O(event_file) and O(events), events that wait get their turn.
    type: raw
  accounts:
    description:
      - The accounts of the inventory. Events of others are ignored.
    type: list
    elements: dict
    default: []
    suboptions:
      account_id:
        description:
          - The id of the account, in 12 digits.
        type: str
        required: true
      host:
        description:
          - The host that stands for the account.
        type: str
        required: true
      partition:
        description:
          - The partition of the account.
        type: str
        default: aws
  own_roles:
    description:
      - The ARNs of the roles that this automation works in. Their changes start nothing.
    type: list
    elements: str
    default: []
  max_plans_per_hour:
    description:
      - The largest number of plans in any hour, from 3 to 100.
    type: int
    default: 10
  max_age_hours:
    description:
      - Older events start nothing. The nightly run has seen what they are about.
    type: float
    default: 6
  max_principals:
    description:
      - The largest number of credentials in a draft. Give the number that the containment allows.
    type: int
    default: 10
seealso:
  - module: hardening.iam.event_alerts
"""

EXAMPLES = r"""
- name: Judge an event
  hardening.iam.event_plan:
    event_file: event.json
    accounts:
      - account_id: "111122223333"
        host: acme-prod
    own_roles:
      - arn:aws:iam::111122223333:role/iam-hardening/automation
    run_id: "{{ hardening_run_id }}"
    report_dir: s3://acme-hardening/reports
  register: judged
"""

RETURN = r"""
plan:
  description: Whether a plan is to be made.
  returned: success
  type: bool
  sample: true
plans:
  description: The plans to make, with C(account_id), C(host), C(kind), C(subjects), C(controls) and C(run_id).
  returned: success
  type: list
  elements: dict
  sample:
    - account_id: "111122223333"
      host: acme-prod
      kind: control
      subjects: [IAM.5]
      controls: [user_console_mfa]
      run_id: 20261125T020000Z
hosts:
  description: The hosts of these plans.
  returned: success
  type: list
  elements: str
  sample: [acme-prod]
incident:
  description: The declaration of an incident for a run of C(hardening.iam.contain) with C(--check), if a plan is about a credential.
  returned: success
  type: dict
  sample: null
incident_file:
  description: The place of the draft that a person has to complete.
  returned: success
  type: str
  sample: null
waiting:
  description: The number of pairs of an account and a subject that wait for a plan.
  returned: success
  type: int
  sample: 0
ignored:
  description: The number of events that started nothing in the last hour, by reason.
  returned: success
  type: dict
  sample: {too old: 2}
terminal:
  description: The notice as text. In a play the action plugin displays it and does not return it.
  returned: success
  type: str
  sample: "Events: 1 plan begun."
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._events.agenda import MOST_DRAFTED
from ..module_utils._module.arguments import JOURNAL_PLACE_ARGUMENTS, REQUIRED_REPORT_PLACE_ARGUMENTS, RUN_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.event_plan import OPERATIONS, run

_ACCOUNT: t.Final = {
    "account_id": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "partition": {"type": "str", "default": "aws"},
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **RUN_ARGUMENTS,
        **REQUIRED_REPORT_PLACE_ARGUMENTS,
        **JOURNAL_PLACE_ARGUMENTS,
        "event_file": {"type": "path"},
        "events": {"type": "raw"},
        "accounts": {"type": "list", "elements": "dict", "default": [], "options": _ACCOUNT},
        "own_roles": {"type": "list", "elements": "str", "default": []},
        "max_plans_per_hour": {"type": "int", "default": 10},
        "max_age_hours": {"type": "float", "default": 6},
        "max_principals": {"type": "int", "default": MOST_DRAFTED},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
