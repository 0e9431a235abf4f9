#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: findings_export
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Export the findings of an AWS account to Security Hub and to an OCSF file
description:
  - Takes up what M(hardening.iam.assessment_info) left in O(report_dir), and brings Security Hub CSPM to it, in AWS's format (ASFF).
    What fails or is waived is there; what fails no longer is archived.
  - A finding keeps its id, so that a later run updates it. One that says nothing new is not sent again, but once in 80 days, since AWS
    deletes what was not updated for 90.
  - What analysts set stays as they set it. The workflow, notes, severity, types and fields of their own. A waiver suppresses a finding
    that nobody looked at so far, and only that.
  - A finding goes to the region it was found in. Those of global services, such as IAM, go to O(global_region).
  - A region in which Security Hub is off, or can't be read, is refused. The others are as they would be.
  - It writes the same findings to C(<account>/findings.ocsf.jsonl) in O(report_dir) as well, as events of the class Compliance Finding
    (2003) of the Open Cybersecurity Schema Framework (OCSF), in check mode too.
  - It exports what the report says at the time. In a play that mends something first, check mode shows that as well.
  - Access key ids are cut to their last four characters, whatever the report says.
  - C(docs/findings_export.md) has the fields, and what AWS charges for.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._converge.journalled
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  account_id:
    required: true
  report_dir:
    required: true
  run_id:
    description:
      - The run whose findings are exported, and what the journal of this task shares with it. An account's report of another run is an
        error. Defaults to the run of the report, and to the time at which the task starts.
  security_hub:
    description:
      - Whether findings go to Security Hub.
    type: bool
    default: true
  ocsf:
    description:
      - Whether the file is written.
    type: bool
    default: true
  global_region:
    description:
      - The region for findings of global services. It is the region of IAM by default, V(us-east-1) in most partitions.
      - Findings that went to another region before stay there until AWS deletes them.
    type: str
  severities:
    description:
      - Which findings are in Security Hub, of V(critical), V(high), V(medium) and V(low). Others are archived there, all of them with an
        empty list. The file has all.
    type: list
    elements: str
    default: [critical, high, medium, low]
  now:
    description:
      - The moment that stands in updates of findings, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to the present.
    type: str
seealso:
  - module: hardening.iam.assessment_info
  - module: hardening.iam.security_hub
  - module: hardening.iam.report
"""

EXAMPLES = r"""
- name: Assess the account
  hardening.iam.assessment_info:
    account_id: "111122223333"
    report_dir: ./reports
    run_id: "{{ hardening_run_id }}"
    return_findings: none

- name: Export its findings
  hardening.iam.findings_export:
    account_id: "111122223333"
    report_dir: ./reports
    run_id: "{{ hardening_run_id }}"
    assume_role_arn: arn:aws:iam::111122223333:role/iam-hardening/automation

- name: Have the worst of them in Security Hub, in the region where everything comes together
  hardening.iam.findings_export:
    account_id: "111122223333"
    report_dir: s3://acme-security/iam
    global_region: eu-west-1
    severities: [critical, high]

- name: Write a file for a SIEM only
  hardening.iam.findings_export:
    account_id: "111122223333"
    report_dir: s3://acme-security/iam
    security_hub: false

- name: Archive all that was exported so far
  hardening.iam.findings_export:
    account_id: "111122223333"
    report_dir: ./reports
    severities: []
"""

RETURN = r"""
mode:
  description: The mode that the task ran in.
  returned: with O(security_hub)
  type: str
  sample: enforce
account_id:
  description: The account whose findings were exported.
  returned: success
  type: str
  sample: "111122223333"
run_id:
  description: What the journal and the reports of this run share.
  returned: success
  type: str
  sample: 20261125T020000Z
files:
  description: Where the file was written, by format.
  returned: success
  type: dict
  sample: {ocsf: reports/111122223333/findings.ocsf.jsonl}
exported:
  description: What the plan comes to in each region that was looked at.
  returned: with O(security_hub)
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
    enabled:
      description: Whether Security Hub is on there. Empty where that can't be read.
      type: bool
    created:
      description: How many findings are new there.
      type: int
    updated:
      description: How many say something else than before, or are sent again before AWS deletes them.
      type: int
    reopened:
      description: How many had been archived, and fail again.
      type: int
    archived:
      description: How many fail no longer, or are no longer wanted.
      type: int
    unchanged:
      description: How many are there as they are to be.
      type: int
  sample:
    - {region: us-east-1, enabled: true, created: 94, updated: 0, reopened: 0, archived: 0, unchanged: 0}
failed_findings:
  description: What Security Hub did not take. The task fails then, after everything else was sent.
  returned: with O(security_hub)
  type: list
  elements: dict
  contains:
    id:
      description: The id of the finding.
      type: str
    control:
      description: The control.
      type: str
    resource:
      description: What the finding is about.
      type: str
    reason:
      description: What AWS says.
      type: str
  sample: []
costs:
  description: What the plan costs, as far as it can be counted. C(docs/findings_export.md) says more.
  returned: with O(security_hub)
  type: list
  elements: dict
  contains:
    option:
      description: The option that costs.
      type: str
    unit:
      description: What is counted.
      type: str
    count:
      description: How many of it.
      type: int
    note:
      description: What AWS charges for.
      type: str
changes:
  description: The changes that the guards let through, a batch of at most 100 findings each.
  returned: with O(security_hub)
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: The region.
      type: str
    service:
      description: Always V(securityhub).
      type: str
    operation:
      description: V(BatchImportFindings), or V(BatchUpdateFindings) where a waiver came or went.
      type: str
    target:
      description: The ARN of the account's own product in Security Hub, and the number of the batch.
      type: str
    before:
      description:
        - By ids of findings, what was open. Empty for a finding that was not there, or archived.
        - For C(BatchUpdateFindings) it is the workflow status.
      type: dict
    after:
      description: The same as it is left.
      type: dict
    affects:
      description:
        - >-
          The principals whose access the change alters. ARNs; the 12 digits of an account for everybody in it; the name of a service
          principal; V(*) for anybody.
      type: list
      elements: str
    remedies:
      description: Always empty, since nothing is mended by being told.
      type: list
      elements: str
    reversible:
      description: Whether the change can be undone.
      type: bool
    undo:
      description:
        - The API operation and parameters that undo the change. Findings return with the most important of their fields.
        - Those of C(BatchImportFindings) are named here by their ids alone. The journal and the report's plan have all of it.
      type: dict
    applied:
      description: Whether the change was made. Never in check mode and with O(mode=report).
      type: bool
refused:
  description: What was not let through.
  returned: with O(security_hub)
  type: list
  elements: dict
  contains:
    rule:
      description: The guard that refused.
      type: str
    reason:
      description: Why, and what would lift the refusal.
      type: str
    target:
      description: What would have been changed.
      type: str
    operation:
      description: The API operation that was refused.
      type: str
  sample:
    - rule: hub_off
      reason: Security Hub is off in eu-west-1, so 2 findings can't go there
      target: arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default
      operation: BatchImportFindings
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
  description: Identifies the plan. It covers every planned change, whether or not it was let through.
  returned: with O(security_hub)
  type: str
  sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
journal:
  description: Where the changes of this run are recorded.
  returned: when something was changed
  type: str
  sample: ./journal/111122223333/20261125T020000Z
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._capabilities.findings_export.run import REGISTRATION, SEVERITIES, run
from ..module_utils._module.converging import JOURNALLED_ARGUMENTS
from ..module_utils._module.task import Entry, finish


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **JOURNALLED_ARGUMENTS,
        "account_id": {"type": "str", "required": True},
        "report_dir": {"type": "str", "required": True},
        "security_hub": {"type": "bool", "default": True},
        "ocsf": {"type": "bool", "default": True},
        "global_region": {"type": "str"},
        "severities": {"type": "list", "elements": "str", "default": list(SEVERITIES)},
        "now": {"type": "str"},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
