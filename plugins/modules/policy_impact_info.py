#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_impact_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Predict which access a change of policies would break
description:
  - Compares the recorded use of users and roles with their present and their planned policies. For each use it predicts whether it will
    break, may break, or is safe.
  - The evidence is service last accessed by service and action, the event history, and with O(trail_logs) the log files of CloudTrail.
    Every result names the time span, the delay and the limits of its evidence.
  - No data never means unused. If there is no record of a principal's use, the outcome is V(no_evidence), which is not safe. Denied
    calls are ignored, because a change can't take away access that was never allowed.
  - A recorded call counts as all authorizations that AWS makes for it. These are each resource type of its action, and each further
    permission that its parameters need, such as C(iam:PassRole) or C(s3:PutObjectAcl).
  - If the resource of a call or a condition key matters but is not known, the call may break.
  - Nothing is changed. The module evaluates the policies of users, groups, roles and the organization. Resource policies are not read.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._evidence
  - hardening.iam._evidence.prediction
  - hardening.iam._exclude_evidence
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  principals:
    description:
      - Users and roles, by ARN or by name, with C(*) and C(?). A pattern that matches nobody fails the task.
      - Roles of AWS services and of IAM Identity Center can't be changed. They are skipped with a message.
    type: list
    elements: str
    required: true
  boundary:
    description:
      - The permissions boundary to attach, instead of the present one. It is the ARN of a policy, or a document as JSON text, as a
        structure, or as the path of a file. The file is JSON, or YAML if its name ends with C(.yml) or C(.yaml).
    type: raw
  attach_policies:
    description:
      - Policies to attach, each as the ARN of a managed policy or a document like O(boundary).
    type: list
    elements: raw
    default: []
  detach_policies:
    description:
      - Policies to detach from the principals, or to delete if they are inline. Managed policies are given by ARN or name, inline
        policies by name. A user keeps the policies of its groups.
    type: list
    elements: str
    default: []
  replace_policies:
    description:
      - Policies whose document is replaced by another one, for every principal that has them.
    type: list
    elements: dict
    default: []
    suboptions:
      policy:
        description:
          - The ARN or name of a managed policy, or the name of an inline one. A boundary's policy is given by ARN.
        type: str
        required: true
      document:
        description:
          - The new document, like O(boundary).
        type: raw
        required: true
  session_policies:
    description:
      - Documents like O(boundary) that limit all sessions from now on.
    type: list
    elements: raw
    default: []
  scps:
    description:
      - Documents like O(boundary) to attach to the account as additional SCPs.
    type: list
    elements: raw
    default: []
  return_uses:
    description:
      - The uses to return one by one.
    type: str
    choices: [none, unsafe, all]
    default: unsafe
  terminal:
    description:
      - Whether the impact is displayed in the terminal.
    type: str
    choices: [full, none]
    default: full
  ascii:
    description:
      - Whether only ASCII characters are displayed, for terminals without Unicode.
    type: bool
    default: false
  now:
    description:
      - The time that counts as now, in ISO 8601. Defaults to the start of the task.
    type: str
seealso:
  - module: hardening.iam.policy_simulation_info
  - name: Service last accessed data
    description: The time span and delay of the evidence, and its limits.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

EXAMPLES = r"""
- name: Predict the breakage of a boundary for the roles of developers
  hardening.iam.policy_impact_info:
    principals: [dev-team-*-role]
    boundary: policies/boundary-developer.json
    trail_logs: s3://acme-log-archive/AWSLogs/o-exampleorgid/333344445555
    trail_logs_role_arn: arn:aws:iam::999988887777:role/log-reader

- name: Predict the breakage of detaching AdministratorAccess, and fail if it is not safe
  hardening.iam.policy_impact_info:
    principals: [arn:aws:iam::111122223333:role/deployer]
    detach_policies: [AdministratorAccess]
    attach_policies: [arn:aws:iam::aws:policy/PowerUserAccess]
    accept_breakage:
      - principal: deployer
        reason: agreed with the platform team, ACME-17
        expires: "2026-12-31"
  register: impact
  failed_when: not impact.passes
"""

RETURN = r"""
account_id:
  description: The account that was read.
  returned: success
  type: str
  sample: "111122223333"
outcome:
  description: The worst outcome of all principals. One of V(will_break), V(may_break), V(no_evidence) and V(safe).
  returned: success
  type: str
  sample: may_break
passes:
  description: Whether every principal is safe or its breakage is accepted.
  returned: success
  type: bool
blocked:
  description: The principals that are neither safe nor accepted.
  returned: success
  type: list
  elements: str
counts:
  description: The number of principals by their worst outcome.
  returned: success
  type: dict
  sample: {may_break: 15, no_evidence: 0, safe: 0, will_break: 0}
principals:
  description: The principals, in the order of O(principals).
  returned: success
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN.
      type: str
    outcome:
      description: The worst outcome of its uses.
      type: str
    counts:
      description: The number of its uses by outcome.
      type: dict
    summary:
      description: The outcome in a line.
      type: str
    accepted:
      description: The acceptance that applies, if it is needed.
      type: dict
    uses:
      description: The uses that O(return_uses) selects, the worst first.
      type: list
      elements: dict
      contains:
        outcome:
          description: V(will_break), V(may_break), V(no_evidence) or V(safe).
          type: str
        reason:
          description: The reason.
          type: str
        service:
          description: The prefix of the service. V(none) if the entry is about missing evidence.
          type: str
        action:
          description: The action, or all actions of a service, such as V(s3:*), if the evidence names no action.
          type: str
        resource:
          description: The ARN of the resource. V(none) if the evidence names none.
          type: str
        source:
          description: The source of the evidence, V(trail), V(last_accessed) or V(event_history).
          type: str
        count:
          description: The number of calls, V(0) if it is not known.
          type: int
        first:
          description: The time of the first known call.
          type: str
        last:
          description: The time of the last known call.
          type: str
        missing_context:
          description: The unknown condition keys that decide.
          type: list
          elements: str
        resources:
          description: If the evidence names no resource, the resources in the deciding statement that it depends on.
          type: list
          elements: str
        lost:
          description: If only the service is known, its actions that are lost or may be lost.
          type: list
          elements: str
        layer:
          description: The layer that decides, like RV(hardening.iam.policy_simulation_info#module:results[].layer).
          type: str
        policy:
          description: The policy that decides.
          type: str
        statement:
          description: The statement that decides.
          type: str
    evidence:
      description: The evidence of the verdicts.
      type: dict
      contains:
        sources:
          description: The sources that could be read, the most precise first.
          type: list
          elements: str
        window_days:
          description: The number of days that the longest source reaches back.
          type: int
        lag:
          description: The delay of the sources.
          type: str
        blind_spots:
          description: Uses that no source shows, and sources that could not be read.
          type: list
          elements: str
impact:
  description: The same as a document for reports. Principals with the same result are one group.
  returned: success
  type: dict
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.impact.run import ARGUMENTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **REGIONS_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
