#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_hub
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Set up Security Hub CSPM in the regions of an AWS account
description:
  - Turns Security Hub CSPM on, enables the declared standards but no default ones, and sets controls.
  - Existing standards and controls stay enabled, unless O(disable_standards) or O(controls) disables them.
  - A standard is chosen by name from those that the region offers. A standard that fails or is being disabled does not count as enabled.
  - If a Security Hub administrator configures the account centrally, all changes are refused. That does not fail the task.
  - A region that can't be read is not assessed, and nothing is changed there. The other regions are not affected.
  - Returns whether the newer Security Hub (V2) is on, but never changes it.
  - Security Hub costs money and needs a recording AWS Config. See C(docs/security_hub.md).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  enable:
    description:
      - Whether to turn Security Hub on in regions where it is off. It is never turned off.
    type: bool
    default: true
  standards:
    description:
      - The standards to enable. V(fsbp) (AWS Foundational Security Best Practices), V(cis) (CIS AWS Foundations
        Benchmark), V(nist_800_53), V(nist_800_171), V(pci_dss) or V(resource_tagging), or AWS's own names for them.
      - Without a version it is the newest one that the region offers. A version follows a slash, such as V(cis/3.0.0).
      - If a region does not offer a standard, the task warns and skips it there.
    type: list
    elements: str
    default: [fsbp, cis]
  disable_standards:
    description:
      - The standards to disable. AWS archives their findings.
    type: list
    elements: dict
    default: []
    suboptions:
      standard:
        description:
          - The standard, as in O(standards). Without a version, every enabled version is disabled.
        type: str
        required: true
      reason:
        description:
          - The reason. AWS has no field for it, so the task shows it in a warning.
        type: str
        required: true
  control_finding_generator:
    description:
      - Whether a control has one finding (V(SECURITY_CONTROL)), or one for each standard (V(STANDARD_CONTROL)).
      - After a change AWS archives all findings of controls and creates new ones. By default an existing hub keeps its value, and a new
        one gets V(SECURITY_CONTROL).
    type: str
    choices: [SECURITY_CONTROL, STANDARD_CONTROL]
  controls:
    description:
      - Controls to set. AWS lists the controls of a standard only once it is ready. If this run enables a standard, the next run sets
        its controls.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description:
          - The control, such as V(IAM.6).
        type: str
        required: true
      enabled:
        description:
          - Whether the control is enabled in its standards. By default the present value is kept.
        type: bool
      reason:
        description:
          - The reason, which Security Hub stores. Required to disable a control, and with O(controls[].parameters).
        type: str
      standards:
        description:
          - The standards that O(controls[].enabled) applies to, as in O(standards). Defaults to all standards that have the control.
        type: list
        elements: str
        default: []
      parameters:
        description:
          - Parameters of the control by AWS's names. An empty value means AWS's default. Other parameters are kept.
          - Only some controls have parameters. Of those on IAM it is C(IAM.7). The 90 days of C(IAM.3) are fixed.
        type: dict
        default: {}
      regions:
        description:
          - The regions that this entry applies to. Defaults to all in O(regions).
        type: list
        elements: str
        default: []
      exclude_regions:
        description:
          - Regions that this entry does not apply to. Controls on IAM have the same findings in every region, and are charged in each.
        type: list
        elements: str
        default: []
  aggregation_region:
    description:
      - The region that aggregates the findings of other regions. It must be among O(regions).
      - An account has one such region. If it already is another one, the change is refused.
    type: str
  aggregation_mode:
    description:
      - The regions to aggregate from. Regions that others linked in the same mode stay linked.
    type: str
    choices: [all_regions, all_regions_except_specified, specified_regions]
    default: all_regions
  aggregation_regions:
    description:
      - The regions for O(aggregation_mode).
    type: list
    elements: str
    default: []
seealso:
  - module: hardening.iam.findings_export
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: See the missing settings of Security Hub in all regions, without writing to the account
  hardening.iam.security_hub:
    mode: report
    account_id: "111122223333"
    regions: [enabled]
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor

- name: Turn it on with AWS's best practices and the newest CIS benchmark
  hardening.iam.security_hub:
    account_id: "111122223333"
    regions: [us-east-1, eu-west-1]
    aggregation_region: us-east-1

- name: Enable IAM controls in one region only, with other password settings
  hardening.iam.security_hub:
    account_id: "111122223333"
    regions: [enabled]
    controls:
      - id: IAM.6
        enabled: false
        reason: IAM is judged in us-east-1
        exclude_regions: [us-east-1]
      - id: IAM.7
        reason: our password policy
        parameters:
          MinimumPasswordLength: 14
    disable_standards:
      - standard: cis/1.2.0
        reason: replaced by 5.0.0
"""

RETURN = r"""
# Generated by tests/scripts/generate_descriptions.py; do not edit this part.
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
  description: The id that the journal and the reports of this run share.
  returned: success
  type: str
  sample: 20261125T020000Z
already_done:
  description:
    - Changes that this run skipped, because somebody else already made them after the account was read.
    - They are not part of RV(changes), and a rollback of the run ignores them.
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
      description: The resource that is already as declared.
      type: str
plan_sha256:
  description:
    - The hash of the plan. It covers the changes that would be made, and those that only a cap or the lack of an approval holds back.
    - Empty if there are none, if the task failed, and with O(mode=report).
  returned: success
  type: str
  sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
journal:
  description: The place where the changes of this run are recorded.
  returned: when something was changed
  type: str
  sample: ./journal/111122223333/20261125T020000Z
# End of the generated part.
findings:
  description:
    - The findings of the controls on Security Hub in each region before any change, as selected by O(return_findings).
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description: The changes that no guard refused.
  returned: success
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
      description: The API operation.
      type: str
    target:
      description: The ARN of the hub, of the subscription to a standard, of a control or of a standard's controls.
      type: str
    before:
      description:
        - The state before the change. An empty value of a control's parameter means AWS's default. Empty if there was no aggregator.
      type: dict
    after:
      description: The state after the change.
      type: dict
    affects:
      description:
        - >-
          The principals whose access the change alters. ARNs; the 12 digits of an account for everybody in it; the name of a service
          principal; V(*) for anybody.
      type: list
      elements: str
    remedies:
      description: The fingerprints of the findings that the change resolves.
      type: list
      elements: str
    reversible:
      description: Whether the change can be undone.
      type: bool
    undo:
      description: The API operation and parameters that undo the change.
      type: dict
    applied:
      description: Whether the change was made. Always false in check mode and with O(mode=report).
      type: bool
refused:
  description: The refused changes.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The guard that refused the change.
      type: str
    reason:
      description: The reason, and how to lift the refusal.
      type: str
    target:
      description: The resource that would have been changed.
      type: str
    operation:
      description: The API operation that was refused.
      type: str
  sample:
    - rule: managed_centrally
      reason: managed centrally by the configuration policy 0a1b, so its administrator decides
      target: arn:aws:securityhub:eu-west-1:111122223333:hub/default
      operation: EnableSecurityHub
hubs:
  description: Security Hub in each region that could be read, as found before any change.
  returned: success
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
    enabled:
      description: Whether Security Hub CSPM is on.
      type: bool
    control_finding_generator:
      description: Whether a control has one finding or one for each standard. Empty if the hub is off.
      type: str
    standards:
      description: The status of each standard that the hub has, by name and version.
      type: dict
    aggregation_region:
      description: The region that aggregates findings, if there is one and AWS returns it.
      type: str
    configuration_policy:
      description: The configuration policy with which an administrator configures this hub, if known.
      type: str
    v2:
      description: Whether the newer Security Hub (V2) is on as well. Empty if not known.
      type: bool
  sample:
    - region: eu-west-1
      enabled: true
      control_finding_generator: SECURITY_CONTROL
      standards:
        aws-foundational-security-best-practices 1.0.0: READY
      aggregation_region: null
      configuration_policy: null
      v2: false
costs:
  description: The costs of the planned changes, as far as they can be counted. See C(docs/security_hub.md).
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option that causes the cost.
      type: str
    unit:
      description: The unit that is counted.
      type: str
    count:
      description: The number of units.
      type: int
    note:
      description: The use that AWS charges for.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.security_hub.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry

_TEXTS: t.Final = {"type": "list", "elements": "str", "default": []}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        "enable": {"type": "bool", "default": True},
        "standards": {"type": "list", "elements": "str", "default": ["fsbp", "cis"]},
        "disable_standards": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "standard": {"type": "str", "required": True},
                "reason": {"type": "str", "required": True},
            },
        },
        "control_finding_generator": {"type": "str", "choices": ["SECURITY_CONTROL", "STANDARD_CONTROL"]},
        "controls": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "id": {"type": "str", "required": True},
                "enabled": {"type": "bool"},
                "reason": {"type": "str"},
                "standards": _TEXTS,
                "parameters": {"type": "dict", "default": {}},
                "regions": _TEXTS,
                "exclude_regions": _TEXTS,
            },
        },
        "aggregation_region": {"type": "str"},
        "aggregation_mode": {
            "type": "str",
            "choices": ["all_regions", "all_regions_except_specified", "specified_regions"],
            "default": "all_regions",
        },
        "aggregation_regions": _TEXTS,
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
