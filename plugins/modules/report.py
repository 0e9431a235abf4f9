#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Report on the IAM of an AWS account, or on all accounts of a run
description:
  - Takes up what M(hardening.iam.assessment_info) and the converging modules of the same run left in O(report_dir), and writes it in
    formats for people, spreadsheets, CI systems and code scanning.
  - With O(scope=account) it completes C(<account>/report.json) by the changes and refusals of the run and by what its narrowing changes
    would break, and writes the other formats and C(plan.json) beside it.
  - With O(scope=fleet) it writes C(fleet.json), C(fleet.html) and C(manifest.json), which has the SHA-256 of every file of the run. Accounts
    that failed or have no report are named.
  - Parts, plans and reports belong to a run. The plan is kept as C(<account>/plans/<plan_sha256>.json) and never overwritten, the report
    of a run as C(<account>/runs/<run_id>/report.json). C(plan.json) and C(report.json) are copies of the newest.
  - What others wrote below O(report_dir) counts only if it is well-formed, of the account whose place it is in, and if its plan holds
    exactly the changes that it shows. Everything else costs a warning, and makes the report of its own account incomplete.
  - Whoever can write to O(report_dir) can forge reports. A forged earlier report can make O(fail_on=new) pass, so let nobody but the
    runs write there.
  - It writes in check mode too, makes no AWS call but to reach O(report_dir) in S3, and never reports a change. Files are only readable by
    their owner.
  - It always runs on the controller, whatever the connection of the task is, as M(ansible.builtin.template) does. There it needs boto3, and
    there a relative O(report_dir) is relative to the directory in which Ansible was started. C(environment) applies. C(become),
    C(ansible_python_interpreter) and O(debug_botocore_endpoint_logs) are ignored. C(async) is refused.
  - On a controller with macOS, a forked process that uses the network can crash. Let O(report_dir) be a directory there.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._report_place
  - hardening.iam._attributes
attributes:
  check_mode:
    support: full
    details:
      - The report is written in check mode as well, since it does not modify what is reported on.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    support: full
    details:
      - This action does not modify state.
options:
  report_dir:
    required: true
  scope:
    description:
      - Whether to report on one account, or on all accounts of the run.
    type: str
    choices: [account, fleet]
    default: account
  account_id:
    description:
      - The account to report on. Required with O(scope=account).
      - It must have 12 digits; zeros are never added. Write an id that begins with 0 in quotes.
    type: str
  run_id:
    description:
      - The run to report on. An account's report of another run is an error with O(scope=account), and not taken up with O(scope=fleet).
      - Defaults to the run of the account's report, or the newest run of all reports.
    type: str
  formats:
    description:
      - What to write beside C(report.json). V(html) applies to both values of O(scope), the others to accounts only.
    type: list
    elements: str
    choices: [txt, html, csv, junit, sarif]
    default: [txt, html]
  title:
    description:
      - The title of the report.
    type: str
  ascii:
    description:
      - Write nothing but ASCII to C(report.txt) and to the terminal.
    type: bool
    default: false
  expected_accounts:
    description:
      - The accounts that should have a report, with O(scope=fleet). Those that have none are named as missing.
    type: list
    elements: str
    default: []
  failures:
    description:
      - What went wrong in the run, with O(scope=fleet).
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description:
          - The host of the inventory.
        type: str
      account_id:
        description:
          - The account.
        type: str
      reason:
        description:
          - What happened.
        type: str
        required: true
  account_hosts:
    description:
      - The hosts of the inventory by their accounts, with O(scope=fleet). The report names accounts by them.
    type: dict
    default: {}
  account_units:
    description:
      - The paths of the organizational units by the accounts in them, with O(scope=fleet). The HTML report groups accounts by them.
    type: dict
    default: {}
  terminal:
    description:
      - What is shown of an account's report while the play runs. V(brief) is one line an account, for plays over many.
      - The preflight is left out, since M(hardening.iam.preflight_info) shows its own table.
    type: str
    choices: [full, brief, none]
    default: full
  fail_on:
    description:
      - Which findings set RV(fail). V(critical) and V(high) are about all findings of that severity or a higher one, V(new) is about findings
        that the run before did not have.
      - Findings of a control or a region that the run before was not asked about are newly assessed. They count with V(new), unless
        another version of the collection made the report before. Then they do not, so that an upgrade stops no pipeline, and a warning
        counts them. V(critical) and V(high) include them.
      - A finding that was waived and fails now, for another reason or with a higher severity than was accepted, counts with V(new).
      - The module itself does not fail on findings, so that a play can first report on all accounts.
    type: str
    choices: [never, critical, high, new]
    default: never
  reveal_key_ids:
    description:
      - Show access key ids in changes in full, not just their last four characters. C(plan.json) always has them in full.
    type: bool
    default: false
  now:
    description:
      - The time that stands in the report of the run, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to the present.
    type: str
seealso:
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: Assess the account and write its report
  hardening.iam.assessment_info:
    account_id: "111122223333"
    report_dir: ./reports
    run_id: "{{ hardening_run_id }}"
    return_findings: none

- name: Write the report of the account
  hardening.iam.report:
    account_id: "111122223333"
    report_dir: ./reports
    run_id: "{{ hardening_run_id }}"

- name: Write all formats to a bucket
  hardening.iam.report:
    account_id: "111122223333"
    report_dir: s3://acme-security/iam
    report_kms_key_id: alias/reports
    formats: [txt, html, csv, junit, sarif]

- name: Write the report of the run and fail where anything new is wrong
  hardening.iam.report:
    scope: fleet
    report_dir: ./reports
    run_id: "{{ hardening_run_id }}"
    expected_accounts: ["111122223333", "222233334444"]
    fail_on: new
  register: fleet
  failed_when: fleet.fail
"""

RETURN = r"""
scope:
  description: The O(scope) of the report.
  returned: success
  type: str
  sample: account
account_id:
  description: The account that was reported on.
  returned: with O(scope=account)
  type: str
  sample: "111122223333"
accounts:
  description: How many accounts have a report of the run.
  returned: with O(scope=fleet)
  type: int
  sample: 3
run_id:
  description: The run that was reported on.
  returned: success
  type: str
  sample: 20261125T020000Z
summary:
  description: Failing findings by severity.
  returned: success
  type: dict
  sample: {critical: 2, high: 4, medium: 5, low: 3, total: 14}
counts:
  description: All findings by status.
  returned: with O(scope=account)
  type: dict
  sample: {FAIL: 14, NOT_APPLICABLE: 3, NOT_ASSESSED: 2, PASS: 40, WAIVED: 1}
score:
  description:
    - The score in the headline benchmark, with its denominator and coverage. Null where no benchmark was assessed.
    - C(percent_before) is what it was before the run changed anything, where it did. The score of a fleet has none.
  returned: success
  type: dict
  sample:
    benchmark: cis_7.0
    coverage_percent: 36.5
    failed: 8
    not_applicable: 1
    not_assessed: 2
    passed: 13
    percent: 61.9
    percent_before: 57.1
    recommendations: 63
    waived: 1
delta:
  description:
    - How many findings are new and resolved since the run before, and with O(scope=account) how many changed or could not be assessed again.
    - Findings of a control, or of a region, that the run before was not asked about are not new but C(newly_assessed).
  returned: success
  type: dict
  sample: {changed: 0, new: 1, newly_assessed: 0, not_assessed: 0, resolved: 3}
changes_applied:
  description: How many changes the run made.
  returned: success
  type: int
  sample: 1
changes_planned:
  description: How many changes a real run with the same variables would make.
  returned: success
  type: int
  sample: 0
changes_reported:
  description: How many changes roles in the mode C(report) would make. No run makes them while the mode is C(report).
  returned: success
  type: int
  sample: 0
refused:
  description: How many changes the guards refused.
  returned: success
  type: int
  sample: 0
plan_sha256:
  description:
    - The hash that can be approved. With O(scope=account) that of the plan in C(plan.json), with O(scope=fleet) that of the run.
    - That of a run is the SHA-256 of its sorted lines C(<account> <plan_sha256>), each with its line end. It approves the plans of
      all accounts of the run.
  returned: success
  type: str
  sample: 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
incomplete:
  description: The modules that ran and are not in the report, since they left no part or a malformed one. The run should fail then.
  returned: with O(scope=account)
  type: list
  elements: dict
  sample: []
  contains:
    module:
      description: The module, or the name of a file that is no part.
      type: str
      returned: always
    reason:
      description: What is wrong.
      type: str
      returned: always
failed_accounts:
  description: The accounts, or hosts where the account is not known, in which something went wrong.
  returned: with O(scope=fleet)
  type: list
  elements: str
  sample: ["333344445555"]
missing_accounts:
  description: The expected accounts that have no report of the run.
  returned: with O(scope=fleet)
  type: list
  elements: str
  sample: []
files:
  description: Where the report was written, by format.
  returned: success
  type: dict
  sample: {html: reports/111122223333/report.html, json: reports/111122223333/report.json, plan: reports/111122223333/plan.json}
fail:
  description: Whether the run should fail, because of O(fail_on), or because an account failed, is missing or has an incomplete report.
  returned: success
  type: bool
  sample: false
fail_msg:
  description: Why the run should fail.
  returned: success
  type: str
  sample: the fleet has 2 critical findings
stats:
  description: What a workflow may hand on with M(ansible.builtin.set_stats). It stays under 32 KiB.
  returned: success
  type: dict
  sample:
    hardening_counts: {critical: 2, high: 4, medium: 5, low: 3, total: 14}
    hardening_failed_accounts: []
    hardening_failed_accounts_count: 0
    hardening_new_criticals: []
    hardening_new_criticals_count: 0
    hardening_plan_sha256: 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
    hardening_report: reports/111122223333/report.json
    hardening_run_id: 20261125T020000Z
terminal:
  description: The report as text. In a play it is shown by the action plugin instead of being returned.
  returned: success
  type: str
  sample: "IAM Security Assessment Report\n..."
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._module.arguments import FAIL_ON, FORMATS, REPORT_PLACE_ARGUMENTS

CONSTRAINTS: t.Final[dict[str, t.Any]] = {"required_if": [("scope", "account", ["account_id"])]}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **REPORT_PLACE_ARGUMENTS,
        "report_dir": {"type": "str", "required": True},
        "scope": {"type": "str", "choices": ["account", "fleet"], "default": "account"},
        "account_id": {"type": "str"},
        "run_id": {"type": "str"},
        "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": ["txt", "html"]},
        "title": {"type": "str"},
        "ascii": {"type": "bool", "default": False},
        "expected_accounts": {"type": "list", "elements": "str", "default": []},
        "failures": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "host": {"type": "str"},
                "account_id": {"type": "str"},
                "reason": {"type": "str", "required": True},
            },
        },
        "account_hosts": {"type": "dict", "default": {}},
        "account_units": {"type": "dict", "default": {}},
        "terminal": {"type": "str", "choices": ["full", "brief", "none"], "default": "full"},
        "fail_on": {"type": "str", "choices": list(FAIL_ON), "default": "never"},
        "reveal_key_ids": {"type": "bool", "default": False, "no_log": False},
        "now": {"type": "str"},
    }


def main() -> t.NoReturn:
    """Refuse to run: the core is in ``plugins/plugin_utils``, which no target has."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **CONSTRAINTS)
    module.fail_json(msg="hardening.iam.report runs on the controller only, by its action plugin, and not as a module.")


if __name__ == "__main__":
    main()
