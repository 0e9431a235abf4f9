#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: permissions_boundary
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Converge permissions boundaries and who carries them
description:
  - Declares policies that serve as permissions boundaries, and the users and roles that must carry each.
  - The content of a policy is compared by what it means. Where it differs, a new default version is made.
  - A boundary narrows access at once. Before a principal is given one, or the one it carries is changed, what it
    was seen to do is held against the boundary. Only what is safe passes; all else is refused with what would break.
    O(accept_breakage) accepts that principal by principal. See C(docs/permissions_boundary.md).
  - Without a break-glass principal nothing is changed.
  - Service-linked roles and roles of IAM Identity Center can't be given a boundary here. The latter are counted apart,
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
  - hardening.iam._assessment
  - hardening.iam._evidence
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  state:
    description:
      - V(present) makes the policies and gives them to those who are selected. A boundary without targets is left
        alone, and its policy is not made.
      - V(absent) takes each boundary off everybody who carries it and deletes its policy. That is refused without
        O(allow_loosen=true), and for policies that this collection did not make.
    type: str
    choices: [present, absent]
    default: present
  boundaries:
    description:
      - The boundaries, each with the principals that must carry it.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name of the policy. No two policies of an account share one, whatever their paths.
        type: str
        required: true
      path:
        description:
          - The path of the policy.
        type: str
        default: /iam-hardening/boundary/
      description:
        description:
          - What AWS shows as the description of the policy. It can't be changed later.
        type: str
      document:
        description:
          - The policy document, as a structure, as JSON text, or as the path of a file with JSON or YAML.
          - C(<partition>), C(<account_id>) and C(<boundary_arn>) in it stand for those of the account. C(<trails>),
            C(<trail_log_groups>) and C(<trail_buckets>) stand for the ARNs of the trails that log in O(regions), the
            ARNs of their log groups and the names of their buckets. A resource with one of these becomes as many as
            there are, and a statement without any other goes where there is no trail.
          - It is required with O(state=present).
        type: raw
      targets:
        description:
          - Who must carry the boundary. All who fit one of the targets.
          - Break-glass principals, the roles under C(/iam-hardening/) and what belongs to AWS or a landing zone are
            left out where a pattern fits them.
        type: list
        elements: dict
        default: []
        suboptions:
          kind:
            description:
              - V(user) or V(role) alone. By default both.
            type: str
            choices: [user, role]
          path:
            description:
              - How the path begins, such as V(/developers/).
            type: str
          name:
            description:
              - A glob for the name, without regard to case.
            type: str
          tags:
            description:
              - Tags by key, with globs for their values. Whoever may tag decides who is meant.
            type: dict
          policy:
            description:
              - The name or ARN of an attached managed policy. Those of groups count for their members.
            type: str
          principal:
            description:
              - One principal by its ARN, as V(role/name), or by its name.
            type: str
      exclude:
        description:
          - Globs for the names or ARNs of principals that need not carry the boundary, in any letter case, such as
            V(deploy-*) or V(role/ci/*).
        type: list
        elements: str
        default: []
  replace:
    description:
      - Put the declared boundary in the place of another one that a selected principal carries. Without it that is
        refused, since the other one may be the stricter.
    type: bool
    default: false
  allow_loosen:
    description:
      - Let O(state=absent) take boundaries away.
    type: bool
    default: false
  delete_versions:
    description:
      - Let versions of a policy that don't count be deleted. The oldest one, where AWS keeps five already, and all of
        them with O(state=absent). They can't be brought back.
    type: bool
    default: false
seealso:
  - module: hardening.iam.policy_impact_info
  - module: hardening.iam.policy_validation_info
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: See whom a boundary would break, changing nothing
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

- name: Give developers their boundary, and accept what breaks for one of them
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

- name: Take a boundary away again
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
coverage:
  description: How far each declared boundary held before any change.
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
      description: Whether the policy says something else than declared, or is not there.
      type: bool
    selected:
      description: How many principals must carry it.
      type: int
    covered:
      description: How many of them carry it while it says what is declared.
      type: int
    percent:
      description: The covered of the selected in percent. Null where nobody is selected.
      type: float
    missing:
      description: The ARNs of the selected that carry no boundary.
      type: list
      elements: str
    wrong:
      description: The selected that carry another boundary, each with C(principal) and C(boundary).
      type: list
      elements: dict
    not_selected:
      description: The ARNs of others that carry it.
      type: list
      elements: str
    kept_out:
      description: Principals that a pattern fits and that are never touched, each with C(principal) and C(reason).
      type: list
      elements: dict
    permission_sets:
      description:
        - The roles of IAM Identity Center that a target fits, by permission set. C(name), the number of C(roles), how
          many are C(with_boundary), and a C(note) on where to change it.
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
  description: What the boundaries would break, for each principal that is to get one or whose boundary changes.
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
      description: The worst of what is predicted. V(will_break), V(may_break), V(no_evidence) or V(safe).
      type: str
    counts:
      description: How many uses there are of each outcome.
      type: dict
    summary:
      description: One line for people.
      type: str
    accepted:
      description: The reason for which the breakage is accepted. Null where it is not, or nothing breaks.
      type: str
    window_days:
      description: How far back the evidence reaches.
      type: int
    sources:
      description: What the evidence is from.
      type: list
      elements: str
    lag:
      description: How late each source tells.
      type: str
    blind_spots:
      description: What the evidence does not show.
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
    - What was found before any change, as O(return_findings) says. Principals without the declared boundary or with
      another one, policies that say something else, and what is wrong with the boundaries that are in use.
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
      description: What was found. The C(document) of a policy, or the C(boundary) of a principal.
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
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, ORGANIZATION_ARGUMENTS
from ..module_utils._module.task import Entry, finish
from ..module_utils._prediction.evidence import EVIDENCE_ARGUMENTS


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
