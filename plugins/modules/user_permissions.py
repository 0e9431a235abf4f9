#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: user_permissions
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Give IAM users their permissions through groups only, and remove policies that are not needed
description:
  - Moves what users hold by themselves, attached and inline policies, into declared groups. The group is given the
    policy, the user joins it, and only when a live read finds the policy there is it taken from the user.
  - Nobody has more or less afterwards. Before anything is planned, the permissions of everybody in the group are
    evaluated with and without the policy, under conditions, denials, boundaries, other groups and the organization's
    policies. Where anything would be gained or lost the policy stays with the user, and the refusal proposes a group of
    its own.
  - An attached policy is attached to the group. An inline policy becomes an inline policy of the group.
    C(docs/user_permissions.md) says why.
  - Tells who is an administrator, and by which policy.
  - Removes named policies, such as C(AdministratorAccess), from selected users, groups and roles, where what these did
    shows that nothing breaks, or where the breakage is accepted by name.
  - What grants administration is only removed where there is a break-glass principal, see O(break_glass).
  - The caller, the roles it came through, break-glass principals and what AWS or a landing zone owns are left alone,
    and so are groups with such a member where something would be removed.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._assessment
  - hardening.iam._evidence
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  groups:
    description:
      - The groups that take over the policies of users. One that does not exist is created.
      - A policy goes into the first group that selects both its user and itself. What no group selects stays as it is.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the group. Names of groups have no case.
        type: str
        required: true
      path:
        description:
          - The path of a group that is created. One that exists keeps its own.
        type: str
        default: /
      users:
        description:
          - Globs for the users whose policies the group takes over. They are held against the name of a user or, where
            they begin with C(arn:), against its ARN, which contains the path.
          - Users without policies of their own do not join.
        type: list
        elements: str
        default: []
      policies:
        description:
          - Globs for the policies that the group takes over, held against their names or, where they begin with
            C(arn:), their ARNs. Inline policies have names only.
        type: list
        elements: str
        default: ["*"]
  remove_policies:
    description:
      - Policies to take away. What was used is read first, as O(trail_logs), O(event_history) and service last accessed
        tell it. Where anything of that would break, may break, or is not known, the removal is refused, see
        O(accept_breakage).
      - From a group a policy is removed only where that is safe for every member.
    type: list
    elements: dict
    default: []
    suboptions:
      policy:
        description:
          - The name or the ARN of a managed policy, or the name of an inline policy. No glob.
        type: str
        required: true
      users:
        description:
          - Globs for the users to take it from, as in O(groups[].users).
        type: list
        elements: str
        default: []
      groups:
        description:
          - Globs for the groups to take it from.
        type: list
        elements: str
        default: []
      roles:
        description:
          - Globs for the roles to take it from.
        type: list
        elements: str
        default: []
seealso:
  - module: hardening.iam.policy_impact_info
  - module: hardening.iam.rollback
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: Let the developers have what they have through a group
  hardening.iam.user_permissions:
    account_id: "111122223333"
    groups:
      - name: developers
        users: ["dev-*"]

- name: See who would be moved where, never writing to the account
  hardening.iam.user_permissions:
    mode: report
    account_id: "222233334444"
    assessor_role_arn: arn:aws:iam::222233334444:role/iam-hardening/assessor
    groups:
      - name: billing-readers
        users: ["*"]
        policies: [AWSBillingReadOnlyAccess]
      - name: services
        path: /workload/
        users: ["arn:aws:iam::*:user/workload/*"]

- name: Take AdministratorAccess from a robot that does not use it, and from a team that agreed
  hardening.iam.user_permissions:
    account_id: "111122223333"
    break_glass: ["arn:aws:iam::111122223333:role/break-glass"]
    remove_policies:
      - policy: AdministratorAccess
        users: [deploy-bot]
        groups: [old-admins]
    accept_breakage:
      - principal: alice
        reason: has the role ops-admin since 2026-10
        expires: 2026-12-31
    trail_logs: s3://example-trail
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
    - Who is an administrator, and which users have policies of their own, as found before any change, as
      O(return_findings) says.
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description: The changes that the guards let through, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: Always V(global).
      type: str
    service:
      description: Always V(iam).
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The ARN of the user, the group or the role.
      type: str
    before:
      description:
        - What was found. A group, a member of a group, an attached or an inline policy. Empty where there was no group.
      type: dict
    after:
      description:
        - What is left. Where a policy is taken from a user who has it through a group, C(through) names the group.
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
      description:
        - The API operation and parameters that undo the change. That of an inline policy has its document.
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
      description:
        - The guard that refused. Among others V(difference) where somebody would gain or lose something, V(quota),
          V(prediction) and V(widening), the last where a policy denies something.
      type: str
    reason:
      description: Why, and what would lift the refusal, such as a group of its own.
      type: str
    target:
      description: What would have been changed.
      type: str
    operation:
      description: The API operation that was refused.
      type: str
  sample:
    - rule: difference
      reason: >-
        ReadOnlyAccess stays with alice: bob, a member of developers, would gain ec2:DescribeInstances; declare a group
        of its own before developers, such as {name: developers-alice, users: [alice], policies: [ReadOnlyAccess]}
      target: arn:aws:iam::111122223333:user/alice
      operation: DetachUserPolicy
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.user_permissions.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, ORGANIZATION_ARGUMENTS
from ..module_utils._module.task import Entry, finish
from ..module_utils._prediction.evidence import EVIDENCE_ARGUMENTS

_GLOBS: t.Final = {"type": "list", "elements": "str", "default": []}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **EVIDENCE_ARGUMENTS,
        "groups": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": {"type": "str", "required": True},
                "path": {"type": "str", "default": "/"},
                "users": _GLOBS,
                "policies": {**_GLOBS, "default": ["*"]},
            },
        },
        "remove_policies": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "policy": {"type": "str", "required": True},
                "users": _GLOBS,
                "groups": _GLOBS,
                "roles": _GLOBS,
            },
        },
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
