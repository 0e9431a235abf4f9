#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ownership_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Find the owners of the IAM objects of an AWS account
description:
  - Finds out who owns each role, user, group and customer managed policy. It returns how sure that is, by which evidence, and where the
    object is to be changed.
  - An owner is certain if it is declared in O(owners), or if a stack of CloudFormation, a state of Terraform or a list in
    O(owned_arns) has the object. It is also certain if the path or name of the object belongs to AWS or to a landing zone.
  - An owner is likely if the event history names a tool that created the object or changed it last. Callers choose the text that names
    the tool.
  - Tags are hints. They never allow anything, because anybody who may tag could set them.
  - The stacks of all enabled regions are read once. That takes one call for each page of stacks, and one for each page of the resources
    of a stack. If a region or a stack can't be read, the owner of an object is unknown, and RV(unread) has the reason.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._access
  - hardening.iam._ownership
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  arns:
    description:
      - The objects, as ARNs with the wildcards V(*) and V(?). Defaults to all roles, users, groups and customer managed policies.
    type: list
    elements: str
    default: []
  event_history_max_objects:
    description:
      - The largest number of objects whose event history is read. It is read only of objects whose owner is not certain.
      - AWS allows two calls per second. Each object needs one to three.
    type: int
    default: 20
seealso:
  - module: hardening.iam.permissions_boundary
  - module: hardening.iam.user_permissions
  - name: CloudFormation, ListStackResources
    description: The call that names the objects of a stack.
    link: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
"""

EXAMPLES = r"""
- name: Find the owners of all IAM objects of the account
  hardening.iam.ownership_info:
  register: ownership

- name: Show the roles that belong to somebody else
  ansible.builtin.debug:
    msg: "{{ ownership.owners | selectattr('confidence', 'eq', 'certain') | map(attribute='change_it_in') }}"

- name: Find the owner of one role, with the state of its Terraform configuration
  hardening.iam.ownership_info:
    arns: ["arn:aws:iam::111122223333:role/app-payments"]
    terraform_state_paths: ["s3://acme-terraform/payments/terraform.tfstate"]

- name: Find the owners in a member account, with declared owners
  hardening.iam.ownership_info:
    account_id: "111122223333"
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
    owners:
      - {arn: "arn:aws:iam::*:role/app-*", owner: team payments, tool: terraform, repository: git.example.com/payments}
      - {account: "1111*", owner: platform, write: allow}
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "111122223333"
owners:
  description: The owner of each object.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN of the object.
      type: str
      sample: arn:aws:iam::111122223333:role/app-payments
    kind:
      description: The kind of the object, which is V(role), V(user), V(group) or V(policy).
      type: str
      sample: role
    name:
      description: The name of the object.
      type: str
      sample: app-payments
    owner:
      description: The owner, or V(none) if it is not known.
      type: str
      sample: stack payments
    tool:
      description: The tool of the owner, or V(none) if it is not known.
      type: str
      sample: CloudFormation
    confidence:
      description: How sure the owner is, which is V(certain), V(likely), V(hint) or V(unknown).
      type: str
      sample: certain
    evidence:
      description: The facts that name the owner.
      type: list
      elements: str
      sample:
        - >-
          the stack arn:aws:cloudformation:eu-west-1:111122223333:stack/payments/4f1d8c20-8c3b-11f0-9a4e-0e6f2b7a1c11 has it as
          PaymentsRole
    unread:
      description: The reasons why the owner is not certain.
      type: list
      elements: str
      sample: []
    change_it_in:
      description: The place where the object is to be changed, or V(none) if it is not known.
      type: str
      sample: stack payments (eu-west-1, logical id PaymentsRole)
    write_allowed:
      description: Whether roles of this collection may change the object without taking access from it.
      type: bool
      sample: false
    narrowing_allowed:
      description: Whether roles of this collection may take access from the object, or delete it.
      type: bool
      sample: false
counts:
  description: The number of objects by confidence.
  returned: success
  type: dict
  sample: {certain: 4, hint: 1, likely: 0, unknown: 37}
unread:
  description: All reasons why owners are not certain, each once.
  returned: success
  type: list
  elements: str
  sample: ["the stacks of eu-north-1 can't be read: AccessDenied"]
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.ownership import ARGUMENTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
