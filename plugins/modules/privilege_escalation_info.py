#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: privilege_escalation_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Tell who can become an administrator of an AWS account, and how
description:
  - Reads an account in a single pass and finds, for every user and role that is no administrator, the shortest path to the rights of one.
    It may lead over several principals.
  - More than a hundred known methods are tried, with resources, conditions, permissions boundaries, denials, SCPs, RCPs and the trust policies
    of roles respected. The methods and their sources are in the guide to privilege escalation of this collection.
  - A path is conditional where it hangs on something that policies don't tell. Examples are a condition on MFA, or a function that has to run in
    the role.
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
      - The users and roles to tell of, as ARNs or names in which V(*) and V(?) are wildcards. All by default.
      - The paths of these may lead over any principal.
    type: list
    elements: str
    default: []
  max_depth:
    description:
      - The number of steps that a path has at most, from V(1) to V(10).
    type: int
    default: 5
  include_conditional:
    description:
      - Whether to tell of conditional paths, of principals that have no certain one.
    type: bool
    default: true
  snapshot_path:
    description:
      - A file that the snapshot, meaning everything that was read, is saved to as JSON with mode 0600.
      - With O(offline=true), the file it is loaded from. A snapshot that M(hardening.iam.assessment_info) saved will do.
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
    description: What an administrator is.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html
"""

EXAMPLES = r"""
- name: Find who can become an administrator of the account of the current credentials
  hardening.iam.privilege_escalation_info:
  register: escalation

- name: Tell the paths
  ansible.builtin.debug:
    msg: "{{ escalation.paths | map(attribute='explanation') }}"

- name: Fail where a build role has a certain path
  hardening.iam.privilege_escalation_info:
    principals: ["ci-*", "arn:aws:iam::*:role/build/*"]
    include_conditional: false
  register: builds
  failed_when: builds.paths

- name: Search a member account under the control policies of its organization
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
  description: The shortest path of each principal that has one, in the order of their ARNs. A certain path goes before a shorter conditional one.
  returned: success
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN of the user or role that the path starts from.
      type: str
      sample: arn:aws:iam::111122223333:user/dev-alice
    ends_as:
      description: The ARN of the administrator that it ends as. This is a principal of the path where that makes itself an administrator.
      type: str
      sample: arn:aws:iam::111122223333:role/prod-admin
    certain:
      description: Whether the path hangs on nothing that is not known.
      type: bool
    conditions:
      description: What a conditional path hangs on. Condition keys that must have certain values, and sentences on what else must be so.
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
          description: The ARN of who takes the step.
          type: str
        to:
          description:
            - The ARN of whose rights it gives. The same as C(from) where principals change their own rights.
            - Of a user or role that is made for the purpose, an ARN that it might get.
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
          description: The actions that it takes.
          type: list
          elements: str
        policies:
          description: The policies that allow them.
          type: list
          elements: str
        via:
          description: The ARN of the group, policy or identity provider that is changed; V(none) where none is.
          type: str
        conditional:
          description: Whether the step hangs on something that is not known.
          type: bool
        conditions:
          description: What it hangs on.
          type: list
          elements: str
groups:
  description: The paths by where and how they end, those that most principals share first.
  returned: success
  type: list
  elements: dict
  contains:
    ends_as:
      description: The ARN of the administrator; V(none) where principals make themselves administrators.
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
  description: The principals that are administrators anyway. They have no paths.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN of the user or role.
      type: str
    conditions:
      description: What it hangs on that it is one, such as a condition on MFA.
      type: list
      elements: str
counts:
  description: Numbers of the principals that O(principals) names, of administrators among them and of their paths.
  returned: success
  type: dict
  sample: {administrators: 3, certain_paths: 2, conditional_paths: 1, principals: 48}
organization_policies:
  description:
    - V(applied) where SCPs and RCPs were read and respected, V(none) where none restrict the account.
    - V(unread) where they could not be read. They may close paths that are told of.
  returned: success
  type: str
  sample: applied
unread:
  description: What could not be read, or does not parse, and may change the result.
  returned: success
  type: list
  elements: str
  sample: ["credential_report: AccessDenied on iam:GetCredentialReport"]
snapshot:
  description: Where the snapshot was saved or loaded.
  returned: when O(snapshot_path) is given
  type: str
  sample: snapshot.json
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.task import Entry, finish
from ..module_utils._questions.escalation import ARGUMENTS, CONSTRAINTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, constraints=CONSTRAINTS)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
