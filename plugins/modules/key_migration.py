#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_migration
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Move workloads from the access keys of IAM users to roles, in stages
description:
  - Finds out where a workload runs that uses the access key of a user. It makes a role for the workload, and prints the step that
    people do. It retires the key once the use of the role is proved.
  - The stages are V(assess), V(prepare), V(verify) and V(retire). V(revert) takes back what runs made. Each run takes each workload
    through the stage that O(stage) names, if it is ready for it.
  - The platforms are EC2, ECS, Lambda, EKS with Pod Identity or with roles for service accounts, and GitHub Actions. The trust policy of
    the role admits the declared workload alone, as far as the platform allows that.
  - The policies of the role are generated from recorded calls of the user and proved, as M(hardening.iam.least_privilege_info) does.
    They never allow more than the user may do.
  - A key that somebody still uses is never deactivated. CloudTrail names who uses it. It is deleted in a later run.
  - The state of each workload is recorded beside the journal, below C(migrations/). Each step is decided on the live role and the live
    key. A record that contradicts the others stops the move of its workload.
  - C(docs/keys_to_roles.md) explains the stages, and other platforms.
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
  - hardening.iam._exclude_evidence
  - hardening.iam._policy_settings
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  stage:
    description:
      - The stage of this run. A workload that lacks an earlier stage is refused, and the refusal names that stage.
      - With V(assess) nothing is written.
    type: str
    choices: [assess, prepare, verify, retire, revert]
    default: assess
  workloads:
    description:
      - The workloads that are moved, each with the user whose key it uses.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the workload, of up to 64 letters, digits, dots, dashes and underscores. Its records have it in their place.
        type: str
        required: true
      user:
        description:
          - The name of the user, without its path.
        type: str
        required: true
      key:
        description:
          - The id of the access key. It is needed if the user has two active keys.
        type: str
      platform:
        description:
          - The platform that the workload runs on. Without it, the evidence decides, if it names one platform. It is the settings that
            have the id of the key, the user agents in CloudTrail, and the tags of the node that has the address of a caller.
        type: str
        choices: [ec2, ecs, lambda, eks_pod_identity, eks_irsa, github]
      role:
        description:
          - The name of the new role. The default is the name of the workload. A role that is there already is refused.
        type: str
      boundary:
        description:
          - The ARN of the permissions boundary of the new role. The default is O(boundary).
        type: str
      region:
        description:
          - The region of the workload. The default is the region of what has the key in its settings, or of the node that calls. If
            there is none, it is the region of the task.
        type: str
      instances:
        description:
          - The ids of the instances, for the printed step. Only for V(ec2). The default are those whose user data has the key.
        type: list
        elements: str
        default: []
      task_definition:
        description:
          - The family of the task definition, for the printed step. Only for V(ecs). The default is the one that has the key.
        type: str
      function:
        description:
          - The name of the function, for the printed step. Only for V(lambda). The default is the one that has the key.
        type: str
      cluster:
        description:
          - The name of the cluster. Required for V(eks_pod_identity) and V(eks_irsa). If C(platform) is unset, the default is the
            cluster that the tags of the calling node name.
        type: str
      namespace:
        description:
          - The namespace in Kubernetes. Required for V(eks_pod_identity) and V(eks_irsa).
        type: str
      service_account:
        description:
          - The service account in Kubernetes. Required for V(eks_pod_identity) and V(eks_irsa).
        type: str
      repository:
        description:
          - The repository as V(owner/name), in the case that GitHub has it in. Required for V(github). Wildcards are refused.
          - A repository with an immutable subject has the ids as well, as its subject shows them.
        type: str
      branch:
        description:
          - The branch whose workflows may assume the role. V(github) needs this or C(environment).
        type: str
      environment:
        description:
          - The environment whose jobs may assume the role.
        type: str
  role_path:
    description:
      - The path of the new roles.
    type: str
    default: /workload/
  boundary:
    description:
      - The ARN of the permissions boundary of the new roles.
    type: str
  verify_days:
    description:
      - The number of days that a key must be unused before it is deactivated, at least 7. Use a whole business cycle.
    type: int
    default: 14
  delete_after_days:
    description:
      - The number of days that a key stays inactive before it is deleted, at least 7.
      - If unset or empty, it is never deleted. A deletion can't be undone.
    type: str
  accept_unproven:
    description:
      - Users whose new policies are accepted although they are not proved, and whose key is retired although others may call with it.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The user, by ARN, name, or V(user/NAME). Patterns are not accepted.
        type: str
        required: true
      reason:
        description: The reason.
        type: str
        required: true
      expires:
        description: The last day of the acceptance, as V(YYYY-MM-DD), at most a year ahead.
        type: str
        required: true
  revert:
    description:
      - The names of the workloads whose move is taken back. Required with O(stage=revert), and only allowed with it.
    type: list
    elements: str
    default: []
seealso:
  - module: hardening.iam.least_privilege_info
  - module: hardening.iam.access_key_rotation
  - module: hardening.iam.credential_hunt_info
  - module: hardening.iam.rollback
"""

EXAMPLES = r"""
- name: See where the workloads run, and what their roles would be allowed
  hardening.iam.key_migration:
    account_id: "111122223333"
    mode: report
    workloads: &workloads
      - name: report-task
        user: svc-report
      - name: deploy
        user: ci-deploy
        platform: github
        repository: example/shop
        environment: production
    journal: s3://example-journal/iam
    report_dir: s3://example-reports/iam

- name: Make the roles
  hardening.iam.key_migration:
    account_id: "111122223333"
    stage: prepare
    workloads: *workloads
    boundary: arn:aws:iam::111122223333:policy/WorkloadBoundary
    approved_plan: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
    journal: s3://example-journal/iam
    report_dir: s3://example-reports/iam

- name: Take the move of one workload back
  hardening.iam.key_migration:
    account_id: "111122223333"
    stage: revert
    revert: [report-task]
    workloads: *workloads
    journal: s3://example-journal/iam
    report_dir: s3://example-reports/iam
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
changes:
  description:
    - The changes that the guards let through.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: V(global).
      type: str
    service:
      description: V(iam).
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The role, or the user whose key is changed.
      type: str
    before:
      description: The role, the policy or the key before the change. None for one that is made.
      type: dict
    after:
      description: The same after the change. None for one that is deleted.
      type: dict
    affects:
      description:
        - The principals whose access the change alters.
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
  description: The workloads whose move does not go on until somebody has looked, and refused changes.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The guard that refused, such as V(platform_unclear), V(role_taken) or V(unproven).
      type: str
    reason:
      description: The reason, and the next step.
      type: str
    target:
      description: The user, or the target of the change.
      type: str
    operation:
      description: The API operation that was refused. Empty if no change was planned.
      type: str
findings:
  description:
    - The findings on changes that somebody reverts, and on incidents, as selected by O(return_findings).
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
workloads:
  description:
    - The move of each declared workload, as this run found it. Key ids are cut to the last four characters unless O(reveal_key_ids) is
      set.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the workload.
      type: str
    user:
      description: The name of the user.
      type: str
    key:
      description: The id of the key. None if it is not clear, or gone.
      type: str
    key_status:
      description: V(Active) or V(Inactive).
      type: str
    key_last_used:
      description: The last use of the key that IAM or CloudTrail has.
      type: str
    platform:
      description: The platform. None if it is not clear.
      type: str
    platform_source:
      description: V(declared) or V(detected).
      type: str
    platform_confidence:
      description:
        - The surest evidence for a detected platform. V(certain) is the id of the key in settings, V(likely) a user agent, V(inferred) the
          tags of a node. None if the platform is declared or not clear.
      type: str
    platform_reason:
      description: The reason why the evidence does not show the platform, such as sources that contradict each other. None if it does.
      type: str
    contradicted:
      description: Whether evidence contradicts the platform, the cluster or the region.
      type: bool
    contradictions:
      description: This evidence. None if there is none.
      type: str
    cluster:
      description: The cluster of EKS, declared or inferred. None if there is none.
      type: str
    region:
      description: The region of the workload.
      type: str
    named_in:
      description: The settings that have the id of the key. Their values are neither kept nor returned.
      type: list
      elements: dict
      contains:
        kind:
          description:
            - One of V(function), V(task_definition), V(build_project), V(stack), V(instance) and V(launch_template).
          type: str
        resource:
          description: The ARN or the id of what has these settings.
          type: str
        region:
          description: Its region.
          type: str
        place:
          description: The place in the settings, such as the name of a variable.
          type: str
        owner:
          description: The owner by its tags. None if they name none.
          type: str
        description:
          description: All of this in words.
          type: str
    callers:
      description: The callers with the key, the last one first.
      type: list
      elements: dict
      contains:
        address:
          description: The address that CloudTrail has of the caller.
          type: str
        agent:
          description: The program, as the caller names it.
          type: str
        calls:
          description: The number of calls.
          type: int
        first:
          description: The first call.
          type: str
        last:
          description: The last call.
          type: str
        platform:
          description: The platform of the caller, such as V(ecs_fargate). Callers choose their user agents, so it is a hint.
          type: str
        confidence:
          description: V(likely) if the user agent names the platform, else V(inferred), by the tags of the instance or not at all.
          type: str
        why:
          description: The evidence for the platform.
          type: str
    callers_unknown:
      description: The reason why callers are not known, or not all of them.
      type: str
    role:
      description: The ARN of the role.
      type: str
    role_last_used:
      description: The last use of the role. AWS shows it up to four hours late.
      type: str
    trust:
      description: The trust policy that the role gets. None once it is prepared, or as long as it can't be written.
      type: dict
    policies:
      description: The inline policies that the role gets, by name. Empty once it is prepared.
      type: dict
    unproven:
      description: The reason why there are no policies, or what their proof leaves open. None if they are proved.
      type: str
    state:
      description: The state that was recorded before this run. None if the move has not begun.
      type: str
    since:
      description: The time of this state.
      type: str
    next:
      description:
        - The step of this run. One of V(prepare), V(deactivate), V(delete), V(revert), V(record), V(wait), V(refuse) and V(nothing).
      type: str
    next_state:
      description: The state that this step reaches.
      type: str
    due:
      description: The time from which a waiting move goes on, if that is known.
      type: str
    rule:
      description: The rule of a refusal.
      type: str
    reason:
      description: The reason why the move waits or is refused.
      type: str
    held:
      description: Why the next step was not made, if a guard refused it or this run did not make it. Empty if it was made, or would be.
      type: str
    handover:
      description: The step that people do, line by line. Lines that begin with C($) are commands.
      type: list
      elements: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.key_migration.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, ORGANIZATION_ARGUMENTS, PLAN_OWNERS_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.policy_settings import SETTINGS_ARGUMENTS
from ..module_utils._module.task import Entry
from ..module_utils._prediction.records.evidence_options import EXCLUDE_EVIDENCE_ARGUMENTS, SOURCE_ARGUMENTS

_TEXTS: t.Final = (
    *("role", "boundary", "region", "task_definition", "function", "cluster", "namespace"),
    *("service_account", "repository", "branch", "environment"),
)
_PLATFORMS: t.Final = ["ec2", "ecs", "lambda", "eks_pod_identity", "eks_irsa", "github"]
_REQUIRED: t.Final = {"type": "str", "required": True}
_WORKLOAD: t.Final = {
    "name": _REQUIRED,
    "user": _REQUIRED,
    # The id of a key is no secret.
    "key": {"type": "str", "no_log": False},
    "platform": {"type": "str", "choices": _PLATFORMS},
    "instances": {"type": "list", "elements": "str", "default": []},
    **{name: {"type": "str"} for name in _TEXTS},
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    accepted = {"type": "list", "elements": "dict", "default": []}
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **PLAN_OWNERS_ARGUMENTS,
        **SOURCE_ARGUMENTS,
        **EXCLUDE_EVIDENCE_ARGUMENTS,
        **SETTINGS_ARGUMENTS,
        "stage": {
            "type": "str",
            "choices": ["assess", "prepare", "verify", "retire", "revert"],
            "default": "assess",
        },
        "workloads": {"type": "list", "elements": "dict", "default": [], "options": _WORKLOAD},
        "role_path": {"type": "str", "default": "/workload/"},
        "boundary": {"type": "str"},
        "verify_days": {"type": "int", "default": 14},
        "delete_after_days": {"type": "str"},
        "accept_unproven": {**accepted, "options": dict.fromkeys(("principal", "reason", "expires"), _REQUIRED)},
        "revert": {"type": "list", "elements": "str", "default": []},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
