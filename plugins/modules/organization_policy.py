#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_policy
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Converge policies of an AWS organization and what they are attached to
description:
  - Declares SCPs, RCPs and other policies of an organization, and the units and accounts that each is attached to.
  - It runs in the management account, or in a delegated administrator of AWS Organizations.
  - The content of SCPs and RCPs is compared by what it means, that of other types by its structure. It is sent without
    whitespace, which AWS would count. SCPs and RCPs that could have no effect are refused as bad input.
  - Before an SCP or RCP comes, changes or goes, the lock-out guard works out whom it would hit in every account below.
    See C(docs/organization_policy.md).
  - A policy that goes is detached only after what replaces it is attached. C(FullAWSAccess) stays unless
    O(remove_full_access) names it, and the last SCP of a unit or account is never detached.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._assessment
  - hardening.iam._evidence
  - hardening.iam._lock_out
  - hardening.iam._rollout
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  state:
    description:
      - V(present) makes the policies and attaches them to their targets. A policy that is not there and has no target
        is not made.
      - V(absent) detaches each policy from all it is attached to and deletes it. That is refused for policies that this
        collection did not make, where a unit or account would be left without an SCP that allows anything, and for a
        policy that is attached to anything, without O(allow_loosen=true).
    type: str
    choices: [present, absent]
    default: present
  type:
    description:
      - The type of all O(policies). It is enabled where it is not yet, which is never undone, since disabling a type
        detaches all its policies.
      - Only SCPs and RCPs are judged by their content. Policies of other types are passed on as they are.
    type: str
    choices:
      - SERVICE_CONTROL_POLICY
      - RESOURCE_CONTROL_POLICY
      - TAG_POLICY
      - BACKUP_POLICY
      - AISERVICES_OPT_OUT_POLICY
      - CHATBOT_POLICY
      - DECLARATIVE_POLICY_EC2
      - SECURITYHUB_POLICY
      - SECURITYHUB_CSPM_POLICY
      - INSPECTOR_POLICY
      - UPGRADE_ROLLOUT_POLICY
      - BEDROCK_POLICY
      - S3_POLICY
      - NETWORK_SECURITY_DIRECTOR_POLICY
      - GUARDDUTY_POLICY
    default: SERVICE_CONTROL_POLICY
  policies:
    description:
      - The policies, each with what it is attached to.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name of the policy, by which it is found again.
        type: str
        required: true
      content:
        description:
          - What it says, as a structure, as JSON text, or as the path of a file with JSON or YAML.
          - It is required with O(state=present).
          - In an SCP or RCP C(<organization_id>) is filled in. C(arn:*:iam::*:role/<landing_zone>) in a list becomes the
            roles of Control Tower and StackSets, where the organization has them trusted, else nothing.
        type: raw
      description:
        description:
          - What AWS shows as the description of the policy. Without it, the one that is there stays.
        type: str
      tags:
        description:
          - Tags that the policy must have. Others that it has are left alone.
          - The tag C(iam-hardening:managed) with the value C(true) is always among them. It makes the policy ours.
        type: dict
        default: {}
      targets:
        description:
          - What the policy is attached to, each by exactly one of the following. Where O(rollout) is declared, the
            targets are those of its stages.
        type: list
        elements: dict
        default: []
        suboptions:
          ou:
            description:
              - A unit by its path from the root, such as V(/Workloads/Production).
            type: str
          account:
            description:
              - An account by its name or id. A name that two accounts share is refused.
            type: str
          id:
            description:
              - The id of the root, of a unit or of an account.
            type: str
          tag:
            description:
              - All active accounts that have these tags, by key, with globs for the values.
              - Tags cost a call for each account. Whoever may tag accounts decides which are meant.
            type: dict
          root:
            description:
              - The root, and with it every account. An SCP or RCP is refused there without
                O(allow_root_attachment=true).
            type: bool
      exclude:
        description:
          - Targets that are left out, each with all that is below it, in the form of O(policies[].targets).
          - What lies below a target can't be left out, since the policy is handed down to it. That is an error.
        type: list
        elements: dict
        default: []
  adopt:
    description:
      - Take over a policy of a declared name that has not our tag. Without it that is refused.
      - With O(state=absent) it counts for nothing.
    type: bool
    default: false
  allow_loosen:
    description:
      - Let O(state=absent) detach and delete policies that are attached to something.
    type: bool
    default: false
  purge_attachments:
    description:
      - Detach a declared policy from what is not among its targets. Without it such attachments are only returned, in
        RV(policies[].not_declared).
      - The targets of all stages of a O(rollout) count as declared, also of those that have not begun.
    type: bool
    default: false
  remove_full_access:
    description:
      - The name of the policy of AWS that is detached from the targets of the declared ones, for organizations that list
        what is allowed. It is refused where no other SCP of the target allows anything.
      - C(RCPFullAWSAccess) can't be detached.
    type: list
    elements: str
    choices: [FullAWSAccess]
    default: []
  max_policy_size:
    description:
      - How many characters a policy may have without whitespace. Defaults to what AWS allows today, 10240 for SCPs,
        5120 for RCPs, 2500 for V(AISERVICES_OPT_OUT_POLICY) and 10000 for the others.
    type: int
  max_policies_per_target:
    description:
      - How many policies of a type may be attached to one root, unit or account, those of AWS included. Defaults to what
        AWS allows today, 10, and 5 for RCPs, V(AISERVICES_OPT_OUT_POLICY) and V(CHATBOT_POLICY).
    type: int
  access_analyzer:
    description:
      - Have Access Analyzer validate SCPs and RCPs that are about to be written. Its errors refuse them, and where it
        can't be asked there is a warning.
    type: bool
    default: false
seealso:
  - module: hardening.iam.policy_validation_info
  - module: hardening.iam.permissions_boundary
  - module: hardening.iam.rollback
"""

EXAMPLES = r"""
- name: See what an SCP would change, changing nothing
  hardening.iam.organization_policy:
    mode: report
    account_id: "111122223333"
    policies:
      - name: protect-detective
        description: Nobody switches off what watches the accounts.
        content: policies/scp-protect-detective.json
        targets:
          - ou: /Sandbox
          - tag: {environment: "test*"}

- name: Roll it out, the canary unit first
  hardening.iam.organization_policy:
    account_id: "111122223333"
    break_glass: ["arn:aws:iam::*:role/iam-hardening/break-glass"]
    journal: s3://acme-hardening/journal
    trail_logs: s3://acme-trail
    policies:
      - name: protect-detective
        content: policies/scp-protect-detective.json
    rollout:
      stages:
        - name: canary
          targets: [{ou: /Sandbox}]
        - name: everywhere
          targets: [{ou: /Workloads}]
          soak_hours: 72

- name: Take a policy away again
  hardening.iam.organization_policy:
    account_id: "111122223333"
    state: absent
    allow_loosen: true
    policies:
      - name: protect-detective
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
policies:
  description: The declared policies as they were found. The id and ARN of one that this run made are there as well.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the policy.
      type: str
    type:
      description: Its type.
      type: str
    id:
      description: Its id. Null where it is not there.
      type: str
    arn:
      description: Its ARN. Null where it is not there.
      type: str
    drifted:
      description: Whether it says something else than declared, or is not there. Null with O(state=absent).
      type: bool
    size:
      description: How many characters the declared content has as it is sent. Null with O(state=absent).
      type: int
    targets:
      description:
        - What it is to be attached to now, each with C(id), C(name), and whether it was C(attached) already. With
          O(state=absent) what it is attached to.
      type: list
      elements: dict
    not_declared:
      description: What it is attached to besides, each with C(id) and C(name).
      type: list
      elements: dict
    slots:
      description: For each of the targets its C(id), how many policies of the type are C(used), and the C(limit).
      type: list
      elements: dict
  sample:
    - name: protect-detective
      type: SERVICE_CONTROL_POLICY
      id: p-examplepolicyid111
      arn: arn:aws:organizations::111122223333:policy/o-exampleorgid/service_control_policy/p-examplepolicyid111
      drifted: false
      size: 1604
      targets:
        - id: ou-examplerootid111-exampleouid111
          name: /Sandbox
          attached: true
      not_declared: []
      slots:
        - id: ou-examplerootid111-exampleouid111
          used: 2
          limit: 10
lock_out:
  description:
    - What the lock-out guard worked out. Empty where no SCP or RCP comes, changes or goes.
    - C(matrix) has, for each group of C(accounts) that fare alike, the C(losses), who would be denied which actions by
      which policies.
  returned: success
  type: dict
rollout:
  description:
    - The state of the rollout of each policy, where O(rollout) is declared. C(action) says what was done, C(stage) which
      stage is under way, C(reason) why, and C(text) all of it for people.
  returned: success
  type: list
  elements: dict
terminal:
  description: The state of the rollouts as text, where there are any. It is shown, and left out of what is registered.
  returned: when the module runs in a process of its own
  type: str
findings:
  description:
    - What was found before any change, as O(return_findings) says. The declared policies that are not there, say
      something else, or are not attached to all of their targets.
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
      description: The ARN of the policy, or its name where it is to be created. Of an attachment, C(on) and the id follow.
      type: str
    before:
      description: What was found. A policy with its C(document), one of its attachments, or some of its tags.
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
    - rule: root_attachment
      reason: >-
        it would hold in every account of the organization at once; attach it to units one after the other, or set
        allow_root_attachment
      target: organization policy protect-detective (SERVICE_CONTROL_POLICY) on r-examplerootid111
      operation: AttachPolicy
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.organization_policy.declared import TYPES
from ..module_utils._capabilities.organization_policy.lock_out.run import LOCK_OUT_ARGUMENTS
from ..module_utils._capabilities.organization_policy.rollout.run import ROLLOUT_ARGUMENTS
from ..module_utils._capabilities.organization_policy.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.task import Entry, finish


def argument_spec() -> dict[str, dict[str, t.Any]]:
    target: dict[str, dict[str, t.Any]] = {
        "ou": {"type": "str"},
        "account": {"type": "str"},
        "id": {"type": "str"},
        "tag": {"type": "dict"},
        "root": {"type": "bool"},
    }
    policy: dict[str, dict[str, t.Any]] = {
        "name": {"type": "str", "required": True},
        "content": {"type": "raw"},
        "description": {"type": "str"},
        "tags": {"type": "dict", "default": {}},
        "targets": {"type": "list", "elements": "dict", "default": [], "options": target},
        "exclude": {"type": "list", "elements": "dict", "default": []},
    }
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **LOCK_OUT_ARGUMENTS,
        **ROLLOUT_ARGUMENTS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "type": {"type": "str", "choices": list(TYPES), "default": "SERVICE_CONTROL_POLICY"},
        "policies": {"type": "list", "elements": "dict", "required": True, "options": policy},
        "adopt": {"type": "bool", "default": False},
        "allow_loosen": {"type": "bool", "default": False},
        "purge_attachments": {"type": "bool", "default": False},
        "remove_full_access": {"type": "list", "elements": "str", "choices": ["FullAWSAccess"], "default": []},
        "max_policy_size": {"type": "int"},
        "max_policies_per_target": {"type": "int"},
        "access_analyzer": {"type": "bool", "default": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
