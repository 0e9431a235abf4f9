#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: assessment_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Assess the IAM of an AWS account or organization
description:
  - Reads one account in a single pass and checks it against the controls of CIS AWS Foundations, of AWS Security Hub and of this
    collection.
  - Returns counts, scores, and the findings that O(return_findings) selects. With O(report_dir) the whole assessment is written as
    C(report.json).
  - The number of API calls does not grow with the number of users, roles or policies, except by pages of 1,000.
  - If a read is denied, throttled for too long or unreachable, the controls that depend on it are C(NOT_ASSESSED), with the reason. A
    failed read never passes a control and never fails the task.
  - Controls of the organization are assessed once, with O(scope=organization), and not for each account.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._account.run
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._declaration
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  scope:
    description:
      - V(account) assesses the account. If the account belongs to an organization, the controls of the organization are C(NOT_ASSESSED).
      - V(organization) assesses only the controls of the organization. It is read from the management account or from a delegated
        administrator. The number of calls grows with units and policies, not with accounts.
      - Both write C(<account>/report.json) below O(report_dir). Use a separate O(report_dir) for the organization.
    type: str
    choices: [account, organization]
    default: account
  break_glass:
    description:
      - Globs for the ARNs of break-glass principals, which are kept for emergencies. Letter case does not matter. Controls check whether
        there is one, whether it was used and whether it was tested.
      - Users and roles under the path C(/iam-hardening/break-glass) always count as break-glass principals.
    type: list
    elements: str
    default: []
  benchmark:
    description:
      - The benchmark whose score is shown first. The report shows the other scores beside it.
    type: str
    choices: [cis_7.0, cis_5.0, cis_3.0]
    default: cis_7.0
  deep:
    description:
      - Also read evidence that takes calls for each principal. This is service last accessed data of administrators, and the MFA devices
        of users who can have both kinds.
    type: bool
    default: false
  detective:
    description:
      - Also read the settings and findings of services that monitor the account, such as IAM Access Analyzer. This takes several calls
        for each region.
    type: bool
    default: false
  snapshot_path:
    description:
      - The file to save the snapshot in, as JSON with mode 0600. The snapshot is everything that was read.
      - With O(offline=true), the file to load the snapshot from.
    type: path
  offline:
    description:
      - Assess the snapshot in O(snapshot_path) instead of the account. No AWS call is made.
    type: bool
    default: false
  phase:
    description:
      - V(after) marks a second assessment in the same run, after changes. If there is no earlier run, it is compared with the first one.
    type: str
    choices: [before, after]
    default: before
  declaration_commit:
    description:
      - The commit of the inventory, for the report.
    type: str
  job_url:
    description:
      - The URL of the job, for the report.
    type: str
seealso:
  - module: hardening.iam.report
  - module: hardening.iam.account_inventory_info
"""

EXAMPLES = r"""
- name: Assess the account of the current credentials
  hardening.iam.assessment_info:
  register: assessment

- name: Show the failing findings

  ansible.builtin.debug:
    msg: "{{ item.severity }}: {{ item.title }}: {{ item.resource }}"
  loop: "{{ assessment.findings }}"
  loop_control:
    label: "{{ item.control }}"

- name: Assess another account in two regions and write the report
  hardening.iam.assessment_info:
    account_id: "111122223333"
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
    regions: [us-east-1, eu-west-1]
    report_dir: ./reports
    return_findings: none

- name: Assess with other thresholds and an accepted finding
  hardening.iam.assessment_info:
    thresholds:
      unused_days: 30
    waivers:
      - control: access_key_old
        accounts: ["111122223333"]
        resources: ["arn:aws:iam::*:user/legacy-*"]
        reason: The appliance cannot rotate its key before its replacement
        owner: platform@example.com
        ticket: SEC-123
        approved_by: ciso@example.com
        expires: "2027-03-31"

- name: Assess the organization from its management account
  hardening.iam.assessment_info:
    scope: organization
    report_dir: ./reports/organization

- name: Assess a saved snapshot as of the end of the year
  hardening.iam.assessment_info:
    snapshot_path: snapshot.json
    offline: true
    now: "2026-12-31T00:00:00Z"
"""

RETURN = r"""
account_id:
  description: The account that was assessed.
  returned: success
  type: str
  sample: "111122223333"
run_id:
  description: The run id that all reports of this run carry.
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
  returned: success
  type: dict
  sample: {FAIL: 14, NOT_APPLICABLE: 3, NOT_ASSESSED: 2, PASS: 40, WAIVED: 1}
score:
  description:
    - The score in O(benchmark), with its denominator and coverage.
    - C(percent_before) is the score of the first assessment of the run, with O(phase=after) and O(report_dir).
  returned: success
  type: dict
  sample:
    benchmark: cis_7.0
    coverage_percent: 91
    failed: 8
    not_applicable: 1
    not_assessed: 2
    passed: 12
    percent: 60
    percent_before: null
    recommendations: 70
    waived: 0
findings:
  description: The findings that O(return_findings) selects. Access key ids are masked unless O(reveal_key_ids=true).
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
  contains:
    control:
      description: The control.
      type: str
    status:
      description: One of V(PASS), V(FAIL), V(NOT_ASSESSED), V(NOT_APPLICABLE) and V(WAIVED).
      type: str
    severity:
      description: One of V(critical), V(high), V(medium) and V(low).
      type: str
    account_id:
      description: The account.
      type: str
    region:
      description: The region, or V(global).
      type: str
    resource:
      description: The ARN of the resource.
      type: str
    resource_detail:
      description: The part of the resource, such as an access key.
      type: str
    title:
      description: The requirement of the control.
      type: str
    detail:
      description: The reason for the verdict.
      type: str
    evidence:
      description: The observed and the expected value, the API operation that returned the observed one, and the time.
      type: dict
    remediation:
      description: The fix in words, the module that makes it, and whether it can be undone.
      type: dict
    compliance:
      description: The ids of the control in benchmarks and frameworks.
      type: dict
    waiver:
      description: The waiver that accepts the finding.
      type: dict
    first_seen:
      description: The time of the first report with this finding.
      type: str
    fingerprint:
      description: Identifies the finding across runs.
      type: str
    reason_fingerprint:
      description: The fingerprint of the reason for which the finding fails, for waivers. Null if its evidence names no reason, or if it
        does not fail.
      type: str
    to_waive:
      description: A waiver that would accept the finding as it is, as YAML to complete. Only for failing findings.
      type: str
unread:
  description: The datasets that could not be read, and why.
  returned: success
  type: list
  elements: str
  sample: ["credential_report: AccessDenied on iam:GetCredentialReport"]
report:
  description: The place of the written assessment.
  returned: when O(report_dir) is given
  type: str
  sample: reports/111122223333/report.json
snapshot:
  description: The file of the snapshot.
  returned: when O(snapshot_path) is given
  type: str
  sample: snapshot.json
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._assessment.run import OPERATIONS, run
from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._module.arguments import (
    ACCOUNT_ARGUMENTS,
    ASSESSMENT_ARGUMENTS,
    DECLARATION_ARGUMENTS,
    ORGANIZATION_ARGUMENTS,
    REPORT_PLACE_ARGUMENTS,
    RUN_ARGUMENTS,
)
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **ACCOUNT_ARGUMENTS,
        **RUN_ARGUMENTS,
        **ORGANIZATION_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **DECLARATION_ARGUMENTS,
        **ASSESSMENT_ARGUMENTS,
        **REPORT_PLACE_ARGUMENTS,
        "scope": {"type": "str", "choices": ["account", "organization"], "default": "account"},
        "break_glass": {"type": "list", "elements": "str", "default": []},
        "benchmark": {"type": "str", "choices": ["cis_7.0", "cis_5.0", "cis_3.0"], "default": "cis_7.0"},
        "deep": {"type": "bool", "default": False},
        "detective": {"type": "bool", "default": False},
        "snapshot_path": {"type": "path"},
        "offline": {"type": "bool", "default": False},
        "phase": {"type": "str", "choices": ["before", "after"], "default": "before"},
        "declaration_commit": {"type": "str"},
        "job_url": {"type": "str"},
    }


ENTRY = Entry(
    argument_spec=argument_spec,
    operations=OPERATIONS,
    run=run,
    constraints={"required_if": [("offline", True, ["snapshot_path"])]},
)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
