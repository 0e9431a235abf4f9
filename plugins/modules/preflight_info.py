#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Check which permissions a run has in an AWS account
description:
  - Tries the reads of each capability of this collection and simulates its writes. One table shows all missing permissions before
    anything is changed.
  - Checks the declaration of an assessment first, and fails before any call if it is invalid.
  - The table is also displayed in the terminal.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._account.run
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._declaration
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  break_glass:
    description:
      - Globs for the ARNs of break-glass principals. The runbook names them, and users and roles under the path
        C(/iam-hardening/break-glass).
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - The option C(fail_on) of M(hardening.iam.report), which runs later. It is checked here, before anything is changed.
    type: str
    choices: [never, critical, high, new]
    default: never
  formats:
    description:
      - The option C(formats) of M(hardening.iam.report), which runs later. It is checked here, before anything is changed.
    type: list
    elements: str
    choices: [txt, html, csv, junit, sarif]
    default: [txt, html]
  modes:
    description:
      - The mode of each role, V(enforce), V(report) or V(off). They are returned as they are, for M(hardening.iam.report).
    type: dict
    default: {}
  read_ahead:
    description:
      - Whether also to read what the roles of O(modes) that are on plan on. These roles then do not ask AWS for it in the same run.
      - Only in check mode. A role that writes reads for itself.
    type: bool
    default: false
  roles:
    description:
      - The roles whose writes are simulated, such as V(least_privilege). All of them if it is empty.
    type: list
    elements: str
    default: []
  runbook_dir:
    description:
      - The place of RV(runbook). A directory, or a place in S3. Without it O(report_dir) is the place.
      - Choose a place that can be read while the places of journal and reports can't.
      - A place in S3 is used with O(report_kms_key_id) and O(report_role_arn).
    type: str
  terminal:
    description:
      - Whether the terminal shows the table.
    type: str
    choices: [full, none]
    default: full
seealso:
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: Check the permissions of the current credentials
  hardening.iam.preflight_info:

- name: Check another account, reading as its assessor and simulating the writes of its automation role
  hardening.iam.preflight_info:
    account_id: "111122223333"
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
    assume_role_arn: arn:aws:iam::111122223333:role/iam-hardening/automation
    regions: [us-east-1, eu-west-1]
  check_mode: true
  register: preflight

- name: Show the missing actions
  ansible.builtin.debug:
    msg: "{{ preflight.capabilities | map(attribute='missing_actions') | flatten | unique }}"
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "111122223333"
run_id:
  description: The run id that all reports of this run carry.
  returned: success
  type: str
  sample: 20261125T020000Z
capabilities:
  description: Regions that can't be used, then the capabilities, in the order of the table.
  returned: success
  type: list
  elements: dict
  contains:
    capability:
      description: The capability, with the name of its role if it has one.
      type: str
    state:
      description:
        - V(READY), V(MISSING), V(REFUSED), V(UNKNOWN), or V(NOT_APPLICABLE) if the capability has no use here. If several apply, the first
          of V(MISSING), V(REFUSED) and V(UNKNOWN) is the state. The lists of actions have all.
        - If AWS does not offer a part of a capability in the account, the row is V(READY) and its reason names that part.
      type: str
    reason:
      description: The reason.
      type: str
    missing_actions:
      description: The IAM actions to allow, because no policy of the role allows them.
      type: list
      elements: str
    refused_actions:
      description: The IAM actions that another policy refuses, such as an SCP, an RCP, a permissions boundary or an explicit deny. To allow
        them in a policy of the role changes nothing.
      type: list
      elements: str
    unknown_actions:
      description: The IAM actions of which AWS gave no answer. A request failed, or was throttled. They may be allowed.
      type: list
      elements: str
  sample:
    - capability: config_rules
      missing_actions: []
      reason: no recorder
      refused_actions: []
      state: NOT_APPLICABLE
      unknown_actions: []
modes:
  description: The option O(modes).
  returned: success
  type: dict
  sample:
    config_rules: report
report:
  description: The file that keeps the table for the report of the account.
  returned: when O(report_dir) is given
  type: str
  sample: reports/111122223333/parts/20261125T020000Z/preflight_info.json
runbook:
  description: The file that tells people how to contain a leaked credential in the account with the AWS CLI alone.
  returned: when O(runbook_dir) or O(report_dir) is given
  type: str
  sample: reports/111122223333/runbook-111122223333.txt
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._assessment.preflight import OPERATIONS, run
from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._module.arguments import (
    ACCOUNT_ARGUMENTS,
    DECLARATION_ARGUMENTS,
    FAIL_ON,
    FORMATS,
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
        **REGIONS_ARGUMENTS,
        **DECLARATION_ARGUMENTS,
        **REPORT_PLACE_ARGUMENTS,
        "break_glass": {"type": "list", "elements": "str", "default": []},
        "fail_on": {"type": "str", "choices": list(FAIL_ON), "default": "never"},
        "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": ["txt", "html"]},
        "modes": {"type": "dict", "default": {}},
        "read_ahead": {"type": "bool", "default": False},
        "roles": {"type": "list", "elements": "str", "default": []},
        "runbook_dir": {"type": "str"},
        "terminal": {"type": "str", "choices": ["full", "none"], "default": "full"},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
