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
  - Reads the results of M(hardening.iam.assessment_info) and of the converging modules of the same run from O(report_dir). Writes
    reports for people, spreadsheets, CI systems and code scanning.
  - With O(scope=account) it adds the changes, refusals and predicted breakage of the run to C(<account>/report.json). It writes the
    other formats, C(plan.json) and C(plan.txt) beside it.
  - With O(scope=fleet) it writes C(fleet.json), C(fleet.html), C(plan.txt) and C(manifest.json), which has the SHA-256 of every file
    of the run. Accounts that failed or have no report are listed.
  - Terminal, pages and C(plan.txt) show the plan as the document has it that its hash covers. First come at most 60 lines for the
    person who approves it. These have the hash, what narrows access or is not verified, the other changes, costs a month, and what is
    held back. Below them are the changes of each account.
  - The plan of an account that cannot be shown is not in the hash of the run.
  - Each manifest is also kept as C(manifests/<number>.json), and names the hash of the one before.
  - Parts, plans and reports belong to a run. The plan is kept as C(<account>/plans/<plan_sha256>.json) and never overwritten. The report
    of a run is kept as C(<account>/runs/<run_id>/report.json). C(plan.json) and C(report.json) are copies of the newest.
  - Files below O(report_dir) are checked before they are used. They must be well-formed and belong to the account of their directory,
    and their plan must hold exactly the changes that they show. Any other file causes a warning and makes the report of its account
    incomplete.
  - Applied changes are counted from the journal where the reports have fewer. A module that was cut off may leave no part. Such a change is
    listed, and makes the report of its account incomplete. So does a change whose outcome nobody knows, or a journal that can't be read.
    With O(scope=fleet) the journals of accounts without a report are counted too. In check mode O(journal) is not read.
  - In a playbook of this collection, the report of a run that skipped its preparation says so, and the run fails.
  - Anybody who can write to O(report_dir) can forge reports. A forged earlier report can make O(fail_on=new) pass. Let only the runs
    write there.
  - The module writes in check mode too, and never reports a change. Its only AWS calls are those for O(report_dir) and O(journal) in
    S3. Only the owner can read the files.
  - It always runs on the controller, with any connection, as M(ansible.builtin.template) does. It needs boto3 there. A relative
    O(report_dir) starts in the directory in which Ansible was started.
  - C(environment) applies. C(become), C(ansible_python_interpreter) and O(debug_botocore_endpoint_logs) are ignored. C(async) is refused.
  - On a controller with macOS, a forked process that uses the network can crash. Use a directory for O(report_dir) there.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._report_place
  - hardening.iam._report_place.required
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._attributes
attributes:
  check_mode:
    support: full
    details:
      - The report is written in check mode as well, because it does not modify the accounts.
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
      - Whether to report on one account, or on all accounts of the run.
      - With V(preflight) the terminal shows one table of all that cannot be read or written in any account. Nothing is
        written.
      - With V(incident) the terminal shows the verdict on the containment in all accounts, the next steps, what is not denied, and what
        lives on. After a real run the folder C(incident/<id>) has the verdict (C(verdict.json)), the declaration for the next run
        (C(contain_again.yml)) and the variables for C(hunt.yml) (C(hunt_seeds.yml)). It also has the incident in words, as a page for the
        person on call (C(on_call.html)) and one for management (C(management.html)).
      - With V(drill) it writes C(drills/<id>/drill.json) and C(drills/<id>/drill.html) about one drill of a containment.
    type: str
    choices: [account, fleet, preflight, incident, drill]
    default: account
  account_id:
    description:
      - The account to report on. Required with O(scope=account).
      - It must have 12 digits; zeros are never added. Write an id that begins with 0 in quotes.
    type: str
  release_lease:
    description:
      - Whether to release the lease of O(account_id) after its report, as M(hardening.iam.lease) does. It saves a task for each account.
      - A report that fails does not release it.
      - Only with O(scope=account). In check mode nothing is released.
    type: bool
    default: false
  run_id:
    description:
      - The run to report on. A report of another run is an error with O(scope=account), and ignored with O(scope=fleet).
      - Defaults to the run that a role of this collection wrote in before, in the same C(ansible-playbook). Else to the run of the account's
        report, or the newest run of all reports.
    type: str
  formats:
    description:
      - The formats to write beside C(report.json). V(html) applies to both values of O(scope), the others only to accounts.
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
      - Write only ASCII characters to C(report.txt) and to the terminal.
    type: bool
    default: false
  expected_accounts:
    description:
      - The accounts that should have a report, with O(scope=fleet). Accounts without one are listed as missing.
    type: list
    elements: str
    default: []
  failures:
    description:
      - The failures of the run, with O(scope=fleet), of the preflight, with O(scope=preflight), or of the containment, with
        O(scope=incident).
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
          - The reason of the failure.
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
  waves:
    description:
      - The waves of the run, with O(scope=fleet). In C(hardening.iam.harden) the action plugin fills them in.
      - The accounts of a wave that did not begin are named as such, and are not missing. A closed gate fails the run.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the wave.
        type: str
        required: true
      state:
        description:
          - The verdict of the gate behind the wave. V(done) is a wave without a gate, and V(checked) one in check mode.
        type: str
        choices: [passed, closed, waiting, done, not_begun, checked]
        required: true
      accounts:
        description:
          - The accounts of the wave.
        type: list
        elements: str
        default: []
      reasons:
        description:
          - The reasons why the gate has not passed.
        type: list
        elements: str
        default: []
      until:
        description:
          - The end of the soak.
        type: str
  max_accounts_changed:
    description:
      - The largest number of accounts that a run may change, with O(scope=fleet). In check mode the task warns if changes are planned in
        more. In C(hardening.iam.harden) the action plugin fills it in.
    type: int
  preflight:
    description:
      - The results of M(hardening.iam.preflight_info) in the accounts of the run, with O(scope=preflight).
    type: list
    elements: dict
    default: []
  incident:
    description:
      - The declared incident, with O(scope=incident).
    type: dict
  drill:
    description:
      - The report of M(hardening.iam.containment_drill), with O(scope=drill).
    type: dict
  containments:
    description:
      - The results of M(hardening.iam.credential_quarantine), M(hardening.iam.session_revocation) and
        M(hardening.iam.organization_containment) in the accounts of the run, with O(scope=incident).
    type: list
    elements: dict
    default: []
  contain_command:
    description:
      - The command that runs C(contain.yml) again, without its variables, with O(scope=incident). The next steps on the terminal are made
        of it. Without it they have no commands.
    type: str
  terminal:
    description:
      - How much the terminal shows.
      - V(brief) shows one line for each account. V(summary) adds findings by severity, planned changes as sentences, and
        counts of reported and refused ones. V(full) shows the whole text report of each account, without its preflight.
      - V(auto) is V(brief) for six accounts or more, else V(summary).
    type: str
    choices: [auto, brief, summary, full, none]
    default: auto
  fail_on:
    description:
      - The findings that set RV(fail). V(critical) and V(high) mean all findings of that severity or a higher one. V(new) means findings
        that the run before did not have.
      - Findings of a control or region that the run before did not assess are newly assessed. They count with V(new), unless another
        version of the collection made the report before. In that case a warning counts them, so that an upgrade stops no pipeline.
        V(critical) and V(high) include them.
      - A waived finding that fails now, for another reason or with a higher severity than accepted, counts with V(new).
      - The module itself does not fail on findings. So a play can report on all accounts first.
    type: str
    choices: [never, critical, high, new]
    default: never
  reveal_key_ids:
    description:
      - Show access key ids in changes in full, not only their last four characters. C(plan.json) always has them in full.
    type: bool
    default: false
  now:
    description:
      - The time of the report, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to now.
    type: str
seealso:
  - module: hardening.iam.assessment_info
  - module: hardening.iam.lease
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

- name: Write the report of the run and fail if there are new findings
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
findings:
  description:
    - One finding C(incident_not_contained) for each account. It says the same as RV(verdict) and RV(fail). Empty after a plan.
  returned: with O(scope=incident)
  type: list
  elements: dict
  sample:
    - control: incident_not_contained
      status: FAIL
      severity: critical
      account_id: "222233334444"
headline:
  description: The verdict in one line, the first one of the terminal.
  returned: with O(scope=incident)
  type: str
  sample: "NOT DENIED 2, NOT KNOWN 1"
verdict:
  description:
    - The worst of what is true of the containment. V(not_denied) means that something still works, V(unresolved) that a credential was not
      found, and V(not_known) that something could not be read. RV(fail) is false with V(contained) alone.
  returned: with O(scope=incident)
  type: str
  sample: contained
hunt:
  description:
    - The place of the variables for C(hunt.yml) (C(variables)), and the times at which to hunt again (C(times)), since events are late.
      Empty after a plan, and if the file can't be written.
  returned: with O(scope=incident)
  type: dict
  sample:
    times: ["2026-11-28T14:13:42Z", "2026-11-29T13:13:42Z"]
    variables: ./reports/incident/INC-7/hunt_seeds.yml
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
  description: The number of accounts with a report of the run.
  returned: with O(scope=fleet)
  type: int
  sample: 3
run_id:
  description: The run that was reported on.
  returned: success
  type: str
  sample: 20261125T020000Z
summary:
  description: The numbers of failing findings by severity.
  returned: success
  type: dict
  sample: {critical: 2, high: 4, medium: 5, low: 3, total: 14}
counts:
  description: The numbers of all findings by status.
  returned: with O(scope=account)
  type: dict
  sample: {FAIL: 14, NOT_APPLICABLE: 3, NOT_ASSESSED: 2, PASS: 40, WAIVED: 1}
score:
  description:
    - The score in the benchmark that is shown first, with its denominator and coverage. Null if no benchmark was assessed.
    - C(percent_before) is the score before the changes of the run, if it made any. The score of a fleet has none.
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
    - The numbers of findings that are new and resolved since the run before. With O(scope=account) also of findings that changed or
      could not be assessed again.
    - Findings of a control or region that the run before did not assess are C(newly_assessed), not new.
  returned: success
  type: dict
  sample: {changed: 0, new: 1, newly_assessed: 0, not_assessed: 0, resolved: 3}
changes_applied:
  description: The number of changes that the run made.
  returned: success
  type: int
  sample: 1
changes_planned:
  description: The number of changes that a real run with the same variables would make.
  returned: success
  type: int
  sample: 0
changes_if_approved:
  description:
    - The number of further changes that a real run makes under the hash of the plan. Only a cap holds them back, or they need an
      approval.
  returned: success
  type: int
  sample: 0
changes_reported:
  description: The number of changes that roles in the mode C(report) would make. No run makes them while the mode is C(report).
  returned: success
  type: int
  sample: 0
refused:
  description: The number of changes that guards refused.
  returned: success
  type: int
  sample: 0
plan_sha256:
  description:
    - The hash for an approval. With O(scope=account) it is the hash of the plan in C(plan.json), with O(scope=fleet) the hash of the
      run.
    - The hash of a run is the SHA-256 of its sorted lines C(<account> <plan_sha256>), each with its line end. It approves the plans of
      all accounts of the run that have a hash.
    - Empty where the plan is empty or incomplete, as C(plan.json) says in C(no_hash_reason). Empty for a run in which no account has a
      hash. C(fleet.json) lists the accounts without one in C(without_hash).
  returned: success
  type: str
  sample: 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
incomplete:
  description:
    - The modules that ran and that the report lacks, because their part is missing or malformed, or has fewer changes than the journal.
    - The run should then fail.
  returned: with O(scope=account)
  type: list
  elements: dict
  sample: []
  contains:
    module:
      description: The module, the name of a file that is not a valid part, or C(journal).
      type: str
      returned: always
    reason:
      description: The problem.
      type: str
      returned: always
manifest_sha256:
  description:
    - The hash of C(manifest.json), which names the hash of the manifest of the run before.
    - Keep it outside of O(report_dir). It shows if somebody replaces the whole chain of manifests.
  returned: with O(scope=fleet)
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
failed_accounts:
  description: The accounts that failed, or the hosts if the account is not known.
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
not_begun_accounts:
  description: The accounts of waves that did not begin.
  returned: with O(scope=fleet)
  type: list
  elements: str
  sample: []
files:
  description: The paths of the report, by format.
  returned: success
  type: dict
  sample:
    html: reports/111122223333/report.html
    json: reports/111122223333/report.json
    plan: reports/111122223333/plan.json
    plan_text: reports/111122223333/plan.txt
fail:
  description:
    - Whether the run should fail, because of O(fail_on), or because an account failed, is missing or has an incomplete report.
    - In playbooks of this collection, also because the run skipped its preparation.
  returned: success
  type: bool
  sample: false
fail_msg:
  description: The reason why the run should fail.
  returned: success
  type: str
  sample: the fleet has 2 critical findings
stats:
  description: The values that a workflow can pass on with M(ansible.builtin.set_stats). They stay under 32 KiB.
  returned: success
  type: dict
  sample:
    hardening_counts: {critical: 2, high: 4, medium: 5, low: 3, total: 14}
    hardening_failed_accounts: []
    hardening_failed_accounts_count: 0
    hardening_new_criticals: []
    hardening_new_criticals_count: 0
    hardening_plan: "PLAN: 0 planned"
    hardening_plan_sha256: 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
    hardening_report: reports/111122223333/report.json
    hardening_run_id: 20261125T020000Z
terminal:
  description: The report as text. In a play the action plugin displays it and does not return it.
  returned: success
  type: str
  sample: "IAM Security Assessment Report\n..."
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._module.arguments import (
    FAIL_ON,
    FORMATS,
    JOB_ARGUMENTS,
    JOURNAL_PLACE_ARGUMENTS,
    REQUIRED_REPORT_PLACE_ARGUMENTS,
)
from ..module_utils._report.waves import STATES

CONSTRAINTS: t.Final[dict[str, t.Any]] = {"required_if": [("scope", "account", ["account_id"])]}


_WAVE: t.Final = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "required": True},
    "accounts": {"type": "list", "elements": "str", "default": []},
    "reasons": {"type": "list", "elements": "str", "default": []},
    "until": {"type": "str"},
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **REQUIRED_REPORT_PLACE_ARGUMENTS,
        **JOURNAL_PLACE_ARGUMENTS,
        **JOB_ARGUMENTS,
        "scope": {
            "type": "str",
            "choices": ["account", "fleet", "preflight", "incident", "drill"],
            "default": "account",
        },
        "account_id": {"type": "str"},
        "release_lease": {"type": "bool", "default": False},
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
        "waves": {"type": "list", "elements": "dict", "default": [], "options": _WAVE},
        "max_accounts_changed": {"type": "int"},
        "preflight": {"type": "list", "elements": "dict", "default": []},
        "incident": {"type": "dict"},
        "drill": {"type": "dict"},
        "containments": {"type": "list", "elements": "dict", "default": []},
        "contain_command": {"type": "str"},
        "terminal": {"type": "str", "choices": ["auto", "brief", "summary", "full", "none"], "default": "auto"},
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
