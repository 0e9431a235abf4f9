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
  - Turns Security Hub CSPM on, with the declared standards and none that AWS would add by itself, and sets controls.
  - What is enabled already stays so, whoever enabled it, unless O(disable_standards) or O(controls) name it.
  - A standard is chosen by name from what the region offers. One that fails or is being disabled is none.
  - An account whose administrator configures it centrally is left alone. That is a refusal, and no failure.
  - A region that can't be read is not assessed, and nothing is changed there. The others are as they would be.
  - Tells whether the newer Security Hub (V2) is on, and changes nothing of it.
  - Security Hub costs money, and needs AWS Config to record. C(docs/security_hub.md) has both.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  enable:
    description:
      - Whether Security Hub is turned on where it is off. It is never turned off.
    type: bool
    default: true
  standards:
    description:
      - The standards to enable. V(fsbp) (AWS Foundational Security Best Practices), V(cis) (CIS AWS Foundations
        Benchmark), V(nist_800_53), V(nist_800_171), V(pci_dss) or V(resource_tagging), or AWS's own names for them.
      - It is the newest version that the region offers, or the one behind a slash, such as V(cis/3.0.0).
      - A region that does not offer one goes without, with a warning.
    type: list
    elements: str
    default: [fsbp, cis]
  disable_standards:
    description:
      - Standards to disable. Their findings are archived.
    type: list
    elements: dict
    default: []
    suboptions:
      standard:
        description:
          - The standard, as in O(standards). Without a version it is every version that is enabled.
        type: str
        required: true
      reason:
        description:
          - Why. AWS has no place for it, so the task warns with it.
        type: str
        required: true
  control_finding_generator:
    description:
      - Whether a control has one finding (V(SECURITY_CONTROL)), or one for each standard (V(STANDARD_CONTROL)).
      - Changing it makes AWS archive all findings of controls and make new ones. Without it a hub keeps what it has,
        and one that is turned on starts with V(SECURITY_CONTROL).
    type: str
    choices: [SECURITY_CONTROL, STANDARD_CONTROL]
  controls:
    description:
      - Controls to set. AWS tells of a standard's controls once it is ready, so those of a standard that this run
        enables are set by the next one.
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
          - Whether it is enabled in the standards that have it. Without it, what others set stays.
        type: bool
      reason:
        description:
          - Why. Security Hub keeps it. It is needed to disable a control, and with O(controls[].parameters).
        type: str
      standards:
        description:
          - The standards in which O(controls[].enabled) is meant, as in O(standards). By default all that have it.
        type: list
        elements: str
        default: []
      parameters:
        description:
          - Parameters of the control by AWS's names. An empty value is AWS's default. Those that are not named stay.
          - AWS lets only some controls be set. Of those on IAM it is C(IAM.7); the 90 days of C(IAM.3) are fixed.
        type: dict
        default: {}
      regions:
        description:
          - The regions in which this is meant. By default all in O(regions).
        type: list
        elements: str
        default: []
      exclude_regions:
        description:
          - Regions in which it is not meant. Controls on IAM find the same in every region, and cost in each.
        type: list
        elements: str
        default: []
  aggregation_region:
    description:
      - The region in which the findings of other regions come together. It must be among O(regions).
      - An account has one such region. Where it is another one, the task refuses.
    type: str
  aggregation_mode:
    description:
      - From which regions. What others linked, with the same mode, stays linked.
    type: str
    choices: [all_regions, all_regions_except_specified, specified_regions]
    default: all_regions
  aggregation_regions:
    description:
      - The regions that O(aggregation_mode) speaks of.
    type: list
    elements: str
    default: []
seealso:
  - module: hardening.iam.findings_export
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: See what Security Hub lacks in all regions, never writing to the account
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

- name: Judge IAM in one region only, and passwords as we do
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
  description: What the journal and the reports of this run share.
  returned: success
  type: str
  sample: 20261125T020000Z
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
  description: Identifies the plan. It covers every planned change, let through or held back by a cap.
  returned: success
  type: str
  sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
journal:
  description: Where the changes of this run are recorded.
  returned: when something was changed
  type: str
  sample: ./journal/111122223333/20261125T020000Z
# End of the generated part.
findings:
  description:
    - What the controls of Security Hub said of each region before any change, as O(return_findings) says.
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description: The changes that the guards let through.
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
        - What was found. Of parameters of controls, a value that is empty is AWS's default. Empty where there was no
          aggregator.
      type: dict
    after:
      description: What is left.
      type: dict
    affects:
      description:
        - >-
          The principals whose access the change alters. ARNs; the 12 digits of an account for everybody in it; the name of a service
          principal; V(*) for anybody.
      type: list
      elements: str
    remedies:
      description: The fingerprints of the findings that the change mends.
      type: list
      elements: str
    reversible:
      description: Whether the change can be undone.
      type: bool
    undo:
      description: The API operation and parameters that undo the change.
      type: dict
    applied:
      description: Whether the change was made. Never in check mode and with O(mode=report).
      type: bool
refused:
  description: What was not let through.
  returned: success
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
      description: Whether a control has one finding or one for each standard. Empty where the hub is off.
      type: str
    standards:
      description: The status of each standard that the hub has, by name and version.
      type: dict
    aggregation_region:
      description: The region in which findings come together, if there is one and AWS tells.
      type: str
    configuration_policy:
      description: The configuration policy by which an administrator decides on this hub, where that is known.
      type: str
    v2:
      description: Whether the newer Security Hub (V2) is on as well. Empty where that is not known.
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
  description: What the planned changes cost, as far as it can be counted. C(docs/security_hub.md) says more.
  returned: success
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
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.security_hub.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.task import Entry, finish

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
