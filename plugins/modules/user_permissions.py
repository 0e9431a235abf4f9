#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: user_permissions
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Move permissions of IAM users to groups, and remove policies that are not needed
description:
  - Moves the attached and inline policies of users into declared groups. The group gets the policy and the user joins the group. The
    policy is removed from the user only after a live read finds it in the group.
  - No user gains or loses permissions. Before anything is planned, the permissions of all members of the group are evaluated with and
    without the policy. The evaluation covers conditions, denials, boundaries, other groups and the organization's policies.
  - If anybody would gain or lose a permission, the policy stays with the user, and the refusal suggests a separate group.
  - An attached policy is attached to the group. An inline policy becomes an inline policy of the group. C(docs/user_permissions.md)
    gives the reasons.
  - Returns the administrators and the policies that make them administrators.
  - Removes named policies, such as C(AdministratorAccess), from selected users, groups and roles. A removal is made only if the recorded
    use shows that nothing breaks, or if the breakage is accepted by name.
  - A policy that grants administrator rights is removed only if there is a break-glass principal, see O(break_glass).
  - The caller, the roles it came through, break-glass principals, and principals of AWS or a landing zone are exempt. Nothing is removed
    from groups with such a member.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._ownership
  - hardening.iam._ownership.plan
  - hardening.iam._assessment
  - hardening.iam._evidence
  - hardening.iam._evidence.prediction
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  groups:
    description:
      - The groups that take over the policies of users. One that does not exist is created.
      - A policy moves into the first group that selects both the user and the policy. A policy that no group selects stays with the
        user.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the group. Letter case does not matter.
        type: str
        required: true
      path:
        description:
          - The path of a new group. An existing group keeps its path.
        type: str
        default: /
      users:
        description:
          - Globs for the users whose policies the group takes over. They match the name of a user. If they begin with C(arn:), they
            match its ARN, which contains the path.
          - Users without policies of their own do not join.
        type: list
        elements: str
        default: []
      policies:
        description:
          - Globs for the policies that the group takes over. They match the name of a policy. If they begin with C(arn:), they match its
            ARN. Inline policies have only names.
        type: list
        elements: str
        default: ["*"]
  remove_policies:
    description:
      - Policies to remove. The recorded use is read first from O(trail_logs), O(event_history) and service last accessed. If a use
        breaks, may break or is not known, the removal is refused, see O(accept_breakage).
      - A policy is removed from a group only if that is safe for every member.
    type: list
    elements: dict
    default: []
    suboptions:
      policy:
        description:
          - The name or ARN of a managed policy, or the name of an inline policy. No globs.
        type: str
        required: true
      users:
        description:
          - Globs for the users to remove it from, as in O(groups[].users).
        type: list
        elements: str
        default: []
      groups:
        description:
          - Globs for the groups to remove it from.
        type: list
        elements: str
        default: []
      roles:
        description:
          - Globs for the roles to remove it from.
        type: list
        elements: str
        default: []
seealso:
  - module: hardening.iam.policy_impact_info
  - module: hardening.iam.rollback
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: Move the policies of the developers to a group
  hardening.iam.user_permissions:
    account_id: "111122223333"
    groups:
      - name: developers
        users: ["dev-*"]

- name: See which policies would move to which group, without writing to the account
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

- name: Remove AdministratorAccess from a robot that does not use it, and from a team that agreed
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
    - The findings on administrators and on users with policies of their own before any change, as selected by O(return_findings).
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description: The changes that no guard refused, in their order.
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
        - The state before the change. A group, a member of a group, an attached or an inline policy. Empty if there was no group.
      type: dict
    after:
      description:
        - The state after the change. If a user keeps a removed policy through a group, C(through) names the group.
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
      description:
        - The API operation and parameters that undo the change. For an inline policy they include its document.
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
      description:
        - The guard that refused the change. Some of them are V(difference) (somebody would gain or lose a permission), V(quota),
          V(prediction), and V(widening) (the policy denies something).
      type: str
    reason:
      description: The reason, and how to lift the refusal, such as a separate group.
      type: str
    target:
      description: The resource that would have been changed.
      type: str
    operation:
      description: The API operation that was refused.
      type: str
    owner:
      description: The owner of the target, if the guard C(foreign_owner) or C(drift_war) refused the change. The keys are those of
        RV(hardening.iam.ownership_info#module:owners).
      type: dict
    patch:
      description: The change as a snippet of CloudFormation or Terraform, for the owner to apply, if the owner's template is known.
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
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, ORGANIZATION_ARGUMENTS, PLAN_OWNERS_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._prediction.records.evidence_options import EVIDENCE_ARGUMENTS

_GLOBS: t.Final = {"type": "list", "elements": "str", "default": []}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **PLAN_OWNERS_ARGUMENTS,
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
