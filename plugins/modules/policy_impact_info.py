#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_impact_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Predict what a change of policies would break
description:
  - Holds what users and roles really did against their policies as they are and as they would be, and tells of each use
    whether it will break, may break, or is safe.
  - The evidence is CloudTrail's log files, where O(trail_logs) are given, service last accessed by service and action, and the
    event history. Every result says how far back it reaches, how late it is, and what it can't see.
  - No data never means unused. Where nothing tells what a principal does, there is no evidence, which is not safe either.
    Denied calls are no use.
  - A recorded call counts as every authorization that AWS makes of it. That is each resource type of its action, and each further
    permission that its parameters need, such as C(iam:PassRole) or C(s3:PutObjectAcl).
  - Where the resource of a call or a condition key is not known and matters, the call may break.
  - Nothing is changed. The policies that are judged are those of the users, of their groups, of the roles and of the organization.
    Those of resources are not read.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._evidence
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  principals:
    description:
      - Users and roles, by ARN or by name, with C(*) and C(?). A pattern that matches nobody fails the task.
      - Roles of AWS's services and of IAM Identity Center, which nobody can change, are told of and left out.
    type: list
    elements: str
    required: true
  boundary:
    description:
      - The permissions boundary that is to be attached, in place of the one that is there. The ARN of a policy, or a document as
        JSON text, as a structure, or as the path of a file that holds JSON, or YAML where its name ends with C(.yml) or C(.yaml).
    type: raw
  attach_policies:
    description:
      - Policies that are to be attached, each as the ARN of a managed policy or a document like O(boundary).
    type: list
    elements: raw
    default: []
  detach_policies:
    description:
      - Policies that are to be detached from the principals, or deleted where they are inline. Managed ones by ARN or name,
        inline ones by name. What a user has by a group stays.
    type: list
    elements: str
    default: []
  replace_policies:
    description:
      - Policies whose document is to be replaced by another one, for everybody who has them.
    type: list
    elements: dict
    default: []
    suboptions:
      policy:
        description:
          - The ARN or name of a managed policy, or the name of an inline one. By ARN, the policy of a boundary as well.
        type: str
        required: true
      document:
        description:
          - The new document, like O(boundary).
        type: raw
        required: true
  session_policies:
    description:
      - Documents like O(boundary), by which sessions are to be limited that are opened from now on.
    type: list
    elements: raw
    default: []
  scps:
    description:
      - Documents like O(boundary), that are to be attached as SCPs to the account besides those that are there.
    type: list
    elements: raw
    default: []
  return_uses:
    description:
      - Which uses of the principals are returned one by one.
    type: str
    choices: [none, unsafe, all]
    default: unsafe
  terminal:
    description:
      - Whether the impact is shown in the terminal.
    type: str
    choices: [full, none]
    default: full
  ascii:
    description:
      - Whether nothing but ASCII is shown, for terminals that garble the rest.
    type: bool
    default: false
  now:
    description:
      - The moment that counts as the present, in ISO 8601. Defaults to the start of the task.
    type: str
seealso:
  - module: hardening.iam.policy_simulation_info
  - name: What service last accessed tells
    description: The window and the lag of the evidence, and what is not tracked.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

EXAMPLES = r"""
- name: Show what a boundary would break for the roles of developers
  hardening.iam.policy_impact_info:
    principals: [dev-team-*-role]
    boundary: policies/boundary-developer.json
    trail_logs: s3://acme-log-archive/AWSLogs/o-exampleorgid/333344445555
    trail_logs_role_arn: arn:aws:iam::999988887777:role/log-reader

- name: Show what detaching AdministratorAccess would break, and fail where it is not safe
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
  description: The worst outcome of all principals, V(will_break), V(may_break), V(no_evidence) or V(safe).
  returned: success
  type: str
  sample: may_break
passes:
  description: Whether every principal is safe or its breakage accepted.
  returned: success
  type: bool
blocked:
  description: The principals that are neither.
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
      description: The acceptance in force, if there is one and it is needed.
      type: dict
    uses:
      description: The uses, as O(return_uses) says, the worst first.
      type: list
      elements: dict
      contains:
        outcome:
          description: V(will_break), V(may_break), V(no_evidence) or V(safe).
          type: str
        reason:
          description: Why.
          type: str
        service:
          description: The prefix of the service. V(none) where the entry is about evidence that is missing.
          type: str
        action:
          description: The action, or all of a service, such as V(s3:*), where the evidence does not tell which of them.
          type: str
        resource:
          description: The ARN of the resource. V(none) where the evidence does not tell.
          type: str
        source:
          description: The evidence, V(trail), V(last_accessed) or V(event_history).
          type: str
        count:
          description: The number of calls, V(0) where nobody counted them.
          type: int
        first:
          description: The first call that is known.
          type: str
        last:
          description: The last call that is known.
          type: str
        missing_context:
          description: The condition keys that are not known and decide.
          type: list
          elements: str
        resources:
          description: The resources, as the deciding statement names them, that it depends on where the evidence tells none.
          type: list
          elements: str
        lost:
          description: Where only the service is known, its actions that are lost or may be.
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
      description: What the verdicts rest on.
      type: dict
      contains:
        sources:
          description: The sources that could be read, the most telling first.
          type: list
          elements: str
        window_days:
          description: How many days back the farthest of them reaches.
          type: int
        lag:
          description: How late they tell.
          type: str
        blind_spots:
          description: What none of them shows, and what could not be read.
          type: list
          elements: str
impact:
  description: The same as a document, from which reports are drawn. Principals that fare alike are one group.
  returned: success
  type: dict
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.task import Entry, finish
from ..module_utils._questions.impact.run import ARGUMENTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **REGIONS_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
