#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_sheet
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Show an auditor what a run did, who requested it, and the evidence
description:
  - Turns the id of a run into a page for an auditor. It shows the accounts, who requested and approved the run, the changes, the
    refusals, the rollbacks, and for each change the records in O(journal) with their hashes.
  - Walks along the chain of manifests in O(report_dir), and says where it breaks.
  - With O(scope=account) it reads from CloudTrail what the callers of the run did in one account, and keeps it for the page. With
    O(scope=run) it writes the page.
  - The page compares the journal with CloudTrail. An event belongs to a change only by AWS's id of the request, the account and the
    identity. The page lists changes that were sent after their lease ended, calls that are not in the journal, and applied changes
    without an event.
  - Each line of the page starts as C(not verified). Only its own check clears it. The headline follows from all lines.
  - A missing event is not verified until 15 minutes after the change, because CloudTrail delivers late. After that it needs attention.
  - Everything in O(report_dir) and O(journal) is checked before it is used. Malformed files and files of other accounts are named on
    the page. Facts that are not known are called unknown.
  - The module changes nothing in an account. It writes in check mode too, and never reports a change. Only the owner can read the files.
  - It always runs on the controller, as M(hardening.iam.report) does. A relative directory starts where Ansible was started.
  - C(environment) applies. C(become), C(ansible_python_interpreter) and O(debug_botocore_endpoint_logs) are ignored. C(async) is refused.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._report_place
  - hardening.iam._report_place.required
  - hardening.iam._journal
  - hardening.iam._attributes
attributes:
  check_mode:
    support: full
    details:
      - The page is written in check mode as well, because it does not modify the accounts.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    support: full
    details:
      - This action does not modify state.
options:
  scope:
    description:
      - Whether to write the page of the run, or to read the events of one account for it.
    type: str
    choices: [account, run]
    default: run
  audit_run_id:
    description:
      - The run, as in C(hardening_run_id). It is the name of a directory below that of each account in O(journal).
    type: str
    required: true
  account_id:
    description:
      - The account whose events are read. Required with O(scope=account).
      - It must have 12 digits; zeros are never added. Write an id that begins with 0 in quotes.
    type: str
  sheet_dir:
    description:
      - The place of the page. A directory, or a place in S3. The page is C(audit/<run_id>/sheet.html) there, with the same as text and
        JSON.
      - Defaults to O(report_dir). Set it if the credentials may only read there.
    type: str
  expected_accounts:
    description:
      - The accounts that the inventory has now, with O(scope=run). Accounts that were not in the run are listed as such.
    type: list
    elements: str
    default: []
  regions:
    description:
      - Further regions whose events are read. The region of global services, and those of the recorded changes, are always read.
      - A call in a region that is not read is not found.
    type: list
    elements: str
    default: []
  event_history_max_pages:
    description:
      - The largest number of pages of 50 events that is read for each region and caller. AWS allows two pages a second.
    type: int
    default: 100
  reveal_key_ids:
    description:
      - Show access key ids in full, not only their last four characters.
    type: bool
    default: false
  now:
    description:
      - The time of the page, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to now.
    type: str
seealso:
  - module: hardening.iam.report
  - module: hardening.iam.rollback
"""

EXAMPLES = r"""
- name: Read the events of the run in one account
  hardening.iam.audit_sheet:
    scope: account
    audit_run_id: 20261125T020000Z
    account_id: "111122223333"
    report_dir: s3://acme-evidence/reports
    journal: s3://acme-evidence/journal
    sheet_dir: ./sheets
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor

- name: Write the page of the run
  hardening.iam.audit_sheet:
    audit_run_id: 20261125T020000Z
    report_dir: s3://acme-evidence/reports
    journal: s3://acme-evidence/journal
    sheet_dir: ./sheets
  register: sheet
  failed_when: sheet.verdict != 'verified'
"""

RETURN = r"""
scope:
  description: The O(scope) of the task.
  returned: success
  type: str
  sample: run
run_id:
  description: The run.
  returned: success
  type: str
  sample: 20261125T020000Z
account_id:
  description: The account whose events were read.
  returned: with O(scope=account)
  type: str
  sample: "111122223333"
events:
  description: The number of writes of the callers of the run that CloudTrail has.
  returned: with O(scope=account)
  type: int
  sample: 3
failure:
  description: The reason why no event could be read. Empty if events were read. The page has it too.
  returned: with O(scope=account)
  type: str
  sample: ""
accounts:
  description: The number of accounts on the page.
  returned: with O(scope=run)
  type: int
  sample: 3
verdict:
  description:
    - V(verified) if every line is verified. V(not_verified) if a line is not, and nothing contradicts the record of the run.
      V(attention) if something does.
  returned: with O(scope=run)
  type: str
  sample: not_verified
headline:
  description: The verdict as a sentence. It stands at the top of the page.
  returned: with O(scope=run)
  type: str
  sample: "Not verified: Approver, Approved plan."
lines:
  description: The state of each line, V(verified), V(not_verified) or V(attention), by its name.
  returned: with O(scope=run)
  type: dict
  sample: {requester: verified, approver: not_verified}
attention:
  description: Sentences on everything that does not fit.
  returned: with O(scope=run)
  type: list
  elements: str
  sample: ["1 change was sent after its lease ended: 111122223333."]
not_verified:
  description: Sentences on everything that could not be verified, with the reason.
  returned: with O(scope=run)
  type: list
  elements: str
  sample: ["The approver of the job 4711 is unknown."]
clean:
  description: Whether RV(verdict) is V(verified).
  returned: with O(scope=run)
  type: bool
  sample: false
files:
  description: The paths of the files, by format.
  returned: success
  type: dict
  sample: {html: reports/audit/20261125T020000Z/sheet.html}
terminal:
  description:
    - The start of the page as text, with its path. In a play the action plugin displays it and does not return it.
  returned: with O(scope=run)
  type: str
  sample: "Audit Sheet: run 20261125T020000Z\n..."
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._module.arguments import JOURNAL_PLACE_ARGUMENTS, REQUIRED_REPORT_PLACE_ARGUMENTS

CONSTRAINTS: t.Final[dict[str, t.Any]] = {"required_if": [("scope", "account", ["account_id"])]}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **REQUIRED_REPORT_PLACE_ARGUMENTS,
        **JOURNAL_PLACE_ARGUMENTS,
        "scope": {"type": "str", "choices": ["account", "run"], "default": "run"},
        "audit_run_id": {"type": "str", "required": True},
        "account_id": {"type": "str"},
        "sheet_dir": {"type": "str"},
        "expected_accounts": {"type": "list", "elements": "str", "default": []},
        "regions": {**REGIONS_ARGUMENTS["regions"], "default": []},
        "event_history_max_pages": {"type": "int", "default": 100},
        "reveal_key_ids": {"type": "bool", "default": False, "no_log": False},
        "now": {"type": "str"},
    }


def main() -> t.NoReturn:
    """Refuse to run: the core is in ``plugins/plugin_utils``, which no target has."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **CONSTRAINTS)
    module.fail_json(
        msg="hardening.iam.audit_sheet runs on the controller only, by its action plugin, not as a module."
    )


if __name__ == "__main__":
    main()
