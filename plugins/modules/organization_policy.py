#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_policy
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Converge policies of an AWS organization and their attachments
description:
  - Manages SCPs, RCPs and other policies of an organization, and their attachments to the root, units and accounts.
  - Runs in the management account, or in a delegated administrator of AWS Organizations.
  - The content of SCPs and RCPs is compared by its meaning, that of other types by its structure. It is sent without whitespace, because
    AWS counts whitespace. SCPs and RCPs without any effect are refused as bad input.
  - Before an SCP or RCP is attached, changed or detached, the lock-out guard predicts which principals lose access in every affected
    account. See C(docs/organization_policy.md).
  - A policy is detached only after its replacement is attached. C(FullAWSAccess) stays unless O(remove_full_access) names it. The last
    SCP of a unit or account is never detached.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._assessment
  - hardening.iam._evidence
  - hardening.iam._evidence.prediction
  - hardening.iam._lock_out
  - hardening.iam._rollout
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  state:
    description:
      - V(present) creates the policies and attaches them to their targets. A missing policy without a target is not created.
      - V(absent) detaches each policy from all targets and deletes it. It is refused for policies that this collection did not create,
        and if a unit or account would have no SCP left that allows anything. For attached policies it needs O(allow_loosen=true).
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
      - The policies, each with its targets.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name of the policy. It identifies the policy.
        type: str
        required: true
      content:
        description:
          - The content, as a structure, as JSON text, or as the path of a JSON or YAML file.
          - Required with O(state=present).
          - In an SCP or RCP, C(<organization_id>) is replaced by the id of the organization.
          - C(arn:*:iam::*:role/<landing_zone>) in a list is replaced by the roles of Control Tower and StackSets, if the organization
            trusts these services. Otherwise it is removed.
        type: raw
      description:
        description:
          - The description of the policy in AWS. Without it, the one that is there stays.
        type: str
      tags:
        description:
          - Tags that the policy must have. Other tags are kept.
          - The tag C(iam-hardening:managed) with the value C(true) is always added. It marks the policy as managed by this collection.
        type: dict
        default: {}
      targets:
        description:
          - The targets of the policy. Each has exactly one of the following keys. With O(rollout), the targets are those of its stages.
        type: list
        elements: dict
        default: []
        suboptions:
          ou:
            description:
              - An organizational unit by its path from the root, such as V(/Workloads/Production).
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
              - All active accounts with these tags, as a mapping of keys to globs for the values.
              - Reading tags takes a call for each account. Anybody who may tag accounts can change which accounts are selected.
            type: dict
          root:
            description:
              - The root, which means every account. For an SCP or RCP it needs O(allow_root_attachment=true).
            type: bool
      exclude:
        description:
          - Targets to exclude, each with everything below it, in the form of O(policies[].targets).
          - A unit or account below a target can't be excluded, because it inherits the policy. That is an error.
        type: list
        elements: dict
        default: []
  adopt:
    description:
      - Take over a policy that has a declared name but not the tag of this collection. By default it is refused.
      - Ignored with O(state=absent).
    type: bool
    default: false
  allow_loosen:
    description:
      - Let O(state=absent) detach and delete policies that are attached.
    type: bool
    default: false
  purge_attachments:
    description:
      - Detach declared policies from everything that is not a declared target. By default such attachments are only returned, in
        RV(policies[].not_declared).
      - The targets of all stages of a O(rollout) count as declared, also of stages that have not begun.
    type: bool
    default: false
  remove_full_access:
    description:
      - The name of AWS's policy to detach from the targets of the declared policies. For organizations whose SCPs list the allowed
        actions. Refused if no other SCP of the target allows anything.
      - C(RCPFullAWSAccess) can't be detached.
    type: list
    elements: str
    choices: [FullAWSAccess]
    default: []
  max_policy_size:
    description:
      - The largest number of characters of a policy, without whitespace.
      - Defaults to AWS's limit, which is 10240 for SCPs, 5120 for RCPs, 2500 for V(AISERVICES_OPT_OUT_POLICY) and 10000 for the others.
    type: int
  max_policies_per_target:
    description:
      - The largest number of policies of a type on one root, unit or account, including AWS's policies.
      - Defaults to AWS's limit, which is 10, and 5 for RCPs, V(AISERVICES_OPT_OUT_POLICY) and V(CHATBOT_POLICY).
    type: int
  access_analyzer:
    description:
      - Let Access Analyzer validate SCPs and RCPs before they are written. If it finds errors, the policy is refused. If it can't be
        called, there is a warning.
    type: bool
    default: false
seealso:
  - module: hardening.iam.policy_validation_info
  - module: hardening.iam.permissions_boundary
  - module: hardening.iam.rollback
"""

EXAMPLES = r"""
- name: See the effect of an SCP without writing anything
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

- name: Roll out an SCP in stages, the canary unit first
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

- name: Remove a policy
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
policies:
  description: The declared policies before any change. The id and ARN of a policy that this run created are included.
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
      description: Its id. Null if it does not exist.
      type: str
    arn:
      description: Its ARN. Null if it does not exist.
      type: str
    drifted:
      description: Whether it differs from the declaration or does not exist. Null with O(state=absent).
      type: bool
    size:
      description: The number of characters of the declared content as sent to AWS. Null with O(state=absent).
      type: int
    targets:
      description:
        - The present targets, each with C(id), C(name), and whether it was C(attached) already. With O(state=absent) the present
          attachments.
      type: list
      elements: dict
    not_declared:
      description: Attachments that are not declared, each with C(id) and C(name).
      type: list
      elements: dict
    slots:
      description: For each target its C(id), the number of policies of the type that are C(used), and the C(limit).
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
    - The prediction of the lock-out guard. Empty if no SCP or RCP is attached, changed or detached.
    - C(matrix) has an entry for each group of C(accounts) with the same result. C(losses) lists who would be denied which actions by
      which policies.
  returned: success
  type: dict
rollout:
  description:
    - The state of the rollout of each policy, if O(rollout) is declared. C(action) is the step that was taken, C(stage) the current
      stage, C(reason) the reason, and C(text) a summary for people.
    - C(action) is V(start), V(advance), V(soaking), V(hold), V(withdraw) or V(finished). It is V(not_begun) or V(not_withdrawn) if the
      changes of the step were refused, or failed. C(since), C(soak_ends) and the soak of a stage that has not begun are empty.
    - In check mode it is the step that a real run would take.
  returned: success
  type: list
  elements: dict
terminal:
  description: The state of the rollouts as text, if there are any. It is displayed and not part of the registered result.
  returned: when the module runs in a process of its own
  type: str
findings:
  description:
    - The findings before any change, as selected by O(return_findings). They are about declared policies that are missing, differ, or
      are not attached to all of their targets.
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
      description: The ARN of the policy, or its name if it is created. For an attachment, C(on) and the id of the target follow.
      type: str
    before:
      description: The state before the change. A policy with its C(document), one of its attachments, or some of its tags.
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
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


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
