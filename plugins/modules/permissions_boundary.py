#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: permissions_boundary
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Converge permissions boundaries and their attachments
description:
  - Manages policies that are permissions boundaries, and the users and roles that must have each boundary.
  - The content of a policy is compared by its meaning. If it differs, a new default version is created.
  - A boundary narrows access at once. Before a principal gets a boundary, or its boundary changes, the recorded use of the principal is
    compared with the boundary. Only a safe change is made. Any other change is refused with the uses that would break, unless
    O(accept_breakage) accepts them for this principal. See C(docs/permissions_boundary.md).
  - In an account without a break-glass principal nothing is changed.
  - Service-linked roles and roles of IAM Identity Center can't get a boundary here. Roles of IAM Identity Center are counted separately,
    by permission set.
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
  state:
    description:
      - V(present) creates the policies and attaches them to the selected principals. A boundary without targets is ignored, and its
        policy is not created.
      - V(absent) removes each boundary from all its principals and deletes its policy. It needs O(allow_loosen=true), and is refused for
        policies that this collection did not create.
    type: str
    choices: [present, absent]
    default: present
  boundaries:
    description:
      - The boundaries, each with the principals that must have it.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name of the policy. It is unique in an account, regardless of the path.
        type: str
        required: true
      path:
        description:
          - The path of the policy.
        type: str
        default: /iam-hardening/boundary/
      description:
        description:
          - The description of the policy in AWS. It can't be changed later.
        type: str
      document:
        description:
          - The policy document, as a structure, as JSON text, or as the path of a JSON or YAML file.
          - C(<partition>), C(<account_id>) and C(<boundary_arn>) are replaced by the values of the account.
          - C(<trails>), C(<trail_log_groups>) and C(<trail_buckets>) are replaced by the ARNs of the trails that log in O(regions), the
            ARNs of their log groups and the names of their buckets. A resource with one of these is repeated for each value. If there is
            no trail, a statement without any other resource is removed.
          - Required with O(state=present).
        type: raw
      targets:
        description:
          - The principals that must have the boundary. A principal is selected if it matches one of the targets.
          - Patterns never select break-glass principals, roles under C(/iam-hardening/), and principals of AWS or a landing zone.
        type: list
        elements: dict
        default: []
        suboptions:
          kind:
            description:
              - V(user) or V(role). Defaults to both.
            type: str
            choices: [user, role]
          path:
            description:
              - The beginning of the path, such as V(/developers/).
            type: str
          name:
            description:
              - A glob for the name. Letter case does not matter.
            type: str
          tags:
            description:
              - Tags, as a mapping of keys to globs for the values. Anybody who may tag can change which principals are selected.
            type: dict
          policy:
            description:
              - The name or ARN of an attached managed policy. Policies of a group count for its members.
            type: str
          principal:
            description:
              - One principal by its ARN, as V(role/name), or by its name.
            type: str
      exclude:
        description:
          - Globs for the names or ARNs of principals that need no boundary, such as V(deploy-*) or V(role/ci/*). Letter case does not
            matter.
        type: list
        elements: str
        default: []
  replace:
    description:
      - Replace another boundary of a selected principal by the declared one. By default this is refused, because the other boundary may
        be stricter.
    type: bool
    default: false
  allow_loosen:
    description:
      - Let O(state=absent) remove boundaries.
    type: bool
    default: false
  delete_versions:
    description:
      - Let non-default versions of a policy be deleted. That is the oldest one if there are five already, and all of them with
        O(state=absent). They can't be restored.
    type: bool
    default: false
seealso:
  - module: hardening.iam.policy_impact_info
  - module: hardening.iam.policy_validation_info
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: See which principals a boundary would break, without writing anything
  hardening.iam.permissions_boundary:
    mode: report
    account_id: "111122223333"
    boundaries:
      - name: developer
        document: policies/boundary-developer.json
        targets:
          - path: /developers/
            kind: role
          - policy: PowerUserAccess
        exclude: ["deploy-*"]

- name: Give developers a boundary, and accept the breakage for one of them
  hardening.iam.permissions_boundary:
    account_id: "111122223333"
    break_glass: ["arn:aws:iam::*:role/iam-hardening/break-glass"]
    boundaries:
      - name: developer
        document: policies/boundary-developer.json
        targets:
          - name: "dev-*"
    accept_breakage:
      - principal: role/dev-legacy
        reason: The team moves to roles of its own, agreed with its lead.
        expires: "2026-12-31"

- name: Remove a boundary
  hardening.iam.permissions_boundary:
    account_id: "111122223333"
    state: absent
    allow_loosen: true
    delete_versions: true
    boundaries:
      - name: developer
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
coverage:
  description: The coverage of each declared boundary before any change.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the boundary.
      type: str
    arn:
      description: The ARN of its policy.
      type: str
    drifted:
      description: Whether the policy differs from the declaration or does not exist.
      type: bool
    selected:
      description: The number of principals that must have it.
      type: int
    covered:
      description: The number of selected principals that have it, if its content is as declared.
      type: int
    percent:
      description: The covered principals as a percentage of the selected ones. Null if none is selected.
      type: float
    missing:
      description: The ARNs of selected principals without a boundary.
      type: list
      elements: str
    wrong:
      description: The selected principals with another boundary, each with C(principal) and C(boundary).
      type: list
      elements: dict
    not_selected:
      description: The ARNs of principals that have the boundary but are not selected.
      type: list
      elements: str
    kept_out:
      description: Principals that match a pattern but are exempt, each with C(principal) and C(reason).
      type: list
      elements: dict
    permission_sets:
      description:
        - The roles of IAM Identity Center that match a target, by permission set. Each has C(name), the number of C(roles), how many are
          C(with_boundary), and a C(note) on where to change it.
      type: list
      elements: dict
  sample:
    - name: developer
      arn: arn:aws:iam::111122223333:policy/iam-hardening/boundary/developer
      drifted: false
      selected: 15
      covered: 12
      percent: 80.0
      missing:
        - arn:aws:iam::111122223333:role/dev-team-13
        - arn:aws:iam::111122223333:role/dev-team-14
        - arn:aws:iam::111122223333:role/dev-team-15
      wrong: []
      not_selected: []
      kept_out: []
      permission_sets: []
predictions:
  description: The predicted breakage for each principal that gets a boundary or whose boundary changes.
  returned: success
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN of the principal.
      type: str
    boundary:
      description: The ARN of the boundary.
      type: str
    outcome:
      description: The worst predicted outcome. One of V(will_break), V(may_break), V(no_evidence) and V(safe).
      type: str
    counts:
      description: The number of uses by outcome.
      type: dict
    summary:
      description: One line for people.
      type: str
    accepted:
      description: The reason of the acceptance. Null if the breakage is not accepted, or if nothing breaks.
      type: str
    window_days:
      description: The number of days that the evidence reaches back.
      type: int
    sources:
      description: The sources of the evidence.
      type: list
      elements: str
    lag:
      description: The delay of each source.
      type: str
    blind_spots:
      description: The limits of the evidence.
      type: list
      elements: str
    uses:
      description:
        - The uses that are not safe, as M(hardening.iam.policy_impact_info) returns them. Left out with
          O(return_findings=none).
      type: list
      elements: dict
findings:
  description:
    - The findings before any change, as selected by O(return_findings). They are about principals without the declared boundary or with
      another one, policies that differ, and flaws of the boundaries in use.
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
      description: The region, or V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The ARN of the policy or principal that is changed.
      type: str
    before:
      description: The state before the change. The C(document) of a policy, or the C(boundary) of a principal.
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
    owner:
      description: The owner of the target, if the guard C(foreign_owner) or C(drift_war) refused the change. The keys are those of
        RV(hardening.iam.ownership_info#module:owners).
      type: dict
    patch:
      description: The change as a snippet of CloudFormation or Terraform, for the owner to apply, if the owner's template is known.
      type: str
  sample:
    - rule: other_boundary
      reason: >-
        its boundary is arn:aws:iam::111122223333:policy/legacy; replace allows to put
        arn:aws:iam::111122223333:policy/iam-hardening/boundary/developer in its place
      target: arn:aws:iam::111122223333:role/dev-team-01
      operation: PutRolePermissionsBoundary
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.permissions_boundary.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, ORGANIZATION_ARGUMENTS, PLAN_OWNERS_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._prediction.records.evidence_options import EVIDENCE_ARGUMENTS


def argument_spec() -> dict[str, dict[str, t.Any]]:
    target: dict[str, dict[str, t.Any]] = {
        "kind": {"type": "str", "choices": ["user", "role"]},
        "path": {"type": "str"},
        "name": {"type": "str"},
        "tags": {"type": "dict"},
        "policy": {"type": "str"},
        "principal": {"type": "str"},
    }
    boundary: dict[str, dict[str, t.Any]] = {
        "name": {"type": "str", "required": True},
        "path": {"type": "str", "default": "/iam-hardening/boundary/"},
        "description": {"type": "str"},
        "document": {"type": "raw"},
        "targets": {"type": "list", "elements": "dict", "default": [], "options": target},
        "exclude": {"type": "list", "elements": "str", "default": []},
    }
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **PLAN_OWNERS_ARGUMENTS,
        **EVIDENCE_ARGUMENTS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "boundaries": {"type": "list", "elements": "dict", "required": True, "options": boundary},
        "replace": {"type": "bool", "default": False},
        "allow_loosen": {"type": "bool", "default": False},
        "delete_versions": {"type": "bool", "default": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
