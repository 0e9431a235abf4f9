#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: privilege_escalation_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Find the principals that can become an administrator of an AWS account
description:
  - Reads an account in a single pass. For every user and role that is no administrator, it finds the shortest path to administrator
    rights. A path may lead over several principals.
  - Tries more than a hundred known methods. It respects resources, conditions, permissions boundaries, denials, SCPs, RCPs and trust
    policies of roles. The guide to privilege escalation of this collection lists the methods and their sources.
  - A path is conditional if it depends on facts that are not in policies. Examples are a condition on MFA, or a function that must run
    in the role.
  - The number of API calls does not grow with the number of users, roles or policies, except by pages of 1,000.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  principals:
    description:
      - The users and roles to search paths for, as ARNs or names with the wildcards V(*) and V(?). Defaults to all.
      - Their paths may lead over any principal.
    type: list
    elements: str
    default: []
  max_depth:
    description:
      - The largest number of steps of a path, from V(1) to V(10).
    type: int
    default: 5
  include_conditional:
    description:
      - Whether to return conditional paths of principals that have no certain path.
    type: bool
    default: true
  snapshot_path:
    description:
      - The file to save the snapshot in, as JSON with mode 0600. The snapshot is everything that was read.
      - With O(offline=true), the file to load the snapshot from. It may be a snapshot of M(hardening.iam.assessment_info).
    type: path
  offline:
    description:
      - Search the snapshot in O(snapshot_path) instead of the account. No AWS call is made.
    type: bool
    default: false
seealso:
  - module: hardening.iam.assessment_info
  - module: hardening.iam.policy_simulation_info
  - name: AWS managed policies for job functions
    description: The definition of an administrator.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html
"""

EXAMPLES = r"""
- name: Find the principals that can become an administrator of the account of the current credentials
  hardening.iam.privilege_escalation_info:
  register: escalation

- name: Show the paths
  ansible.builtin.debug:
    msg: "{{ escalation.paths | map(attribute='explanation') }}"

- name: Fail if a build role has a certain path
  hardening.iam.privilege_escalation_info:
    principals: ["ci-*", "arn:aws:iam::*:role/build/*"]
    include_conditional: false
  register: builds
  failed_when: builds.paths

- name: Search a member account, with the SCPs and RCPs of its organization
  hardening.iam.privilege_escalation_info:
    account_id: "111122223333"
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
    organization_role_arn: arn:aws:iam::999988887777:role/iam-hardening/assessor

- name: Search a saved snapshot
  hardening.iam.privilege_escalation_info:
    snapshot_path: snapshot.json
    offline: true
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "111122223333"
paths:
  description: The shortest path of each principal that has one, in the order of their ARNs. A certain path is preferred to a shorter
    conditional one.
  returned: success
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN of the user or role that the path starts from.
      type: str
      sample: arn:aws:iam::111122223333:user/dev-alice
    ends_as:
      description: The ARN of the administrator at the end of the path. If a principal of the path makes itself an administrator, the ARN
        of that principal.
      type: str
      sample: arn:aws:iam::111122223333:role/prod-admin
    certain:
      description: Whether the path depends only on known facts.
      type: bool
    conditions:
      description: The conditions of a conditional path. They are condition keys that must have certain values, and sentences on other
        requirements.
      type: list
      elements: str
      sample: ["aws:MultiFactorAuthPresent"]
    explanation:
      description: The path in a sentence.
      type: str
      sample: dev-alice can become ci-deployer by making an access key of another user, then become prod-admin by assuming a role
    steps:
      description: The steps in their order.
      type: list
      elements: dict
      contains:
        from:
          description: The ARN of the principal that takes the step.
          type: str
        to:
          description:
            - The ARN of the principal whose rights the step gives. The same as C(from) if principals change their own rights.
            - For a user or role that the step creates, an ARN that it could get.
          type: str
        method:
          description: The id of the method.
          type: str
          sample: create_access_key
        name:
          description: The method in words.
          type: str
          sample: making an access key of another user
        actions:
          description: The actions that the step needs.
          type: list
          elements: str
        policies:
          description: The policies that allow the actions.
          type: list
          elements: str
        via:
          description: The ARN of the group, policy or identity provider that is changed, or V(none).
          type: str
        conditional:
          description: Whether the step depends on unknown facts.
          type: bool
        conditions:
          description: The unknown facts that the step depends on.
          type: list
          elements: str
groups:
  description: The paths, grouped by their end and their methods. Groups with the most principals come first.
  returned: success
  type: list
  elements: dict
  contains:
    ends_as:
      description: The ARN of the administrator, or V(none) if principals make themselves administrators.
      type: str
    methods:
      description: The ids of the methods, step by step.
      type: list
      elements: str
    certain:
      description: Whether the paths are certain.
      type: bool
    principals:
      description: The ARNs of the principals.
      type: list
      elements: str
methods:
  description: The methods that the paths use, the most used first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the method.
      type: str
    name:
      description: The method in words.
      type: str
    paths:
      description: The number of paths that have such a step.
      type: int
    sources:
      description: Pages that describe the method.
      type: list
      elements: str
administrators:
  description: The principals that are already administrators. They have no paths.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN of the user or role.
      type: str
    conditions:
      description: The conditions under which it is an administrator, such as MFA.
      type: list
      elements: str
counts:
  description: The numbers of principals that O(principals) selects, of administrators among them, and of their paths.
  returned: success
  type: dict
  sample: {administrators: 3, certain_paths: 2, conditional_paths: 1, principals: 48}
organization_policies:
  description:
    - V(applied) if SCPs and RCPs were read and respected, V(none) if none restrict the account.
    - V(unread) if they could not be read. They may block some of the returned paths.
  returned: success
  type: str
  sample: applied
unread:
  description: Data that could not be read or parsed, and may change the result.
  returned: success
  type: list
  elements: str
  sample: ["credential_report: AccessDenied on iam:GetCredentialReport"]
snapshot:
  description: The file of the snapshot.
  returned: when O(snapshot_path) is given
  type: str
  sample: snapshot.json
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.escalation import ARGUMENTS, CONSTRAINTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, constraints=CONSTRAINTS)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
