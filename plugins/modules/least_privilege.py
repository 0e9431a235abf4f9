#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: least_privilege
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Right-size IAM roles in stages, with a way back
description:
  - Takes wide policies such as AdministratorAccess away from roles, one stage a run. The new policies are generated from recorded calls
    and proved, as M(hardening.iam.least_privilege_info) does.
  - The stages are V(assess), V(generate), V(prepare), V(canary), V(cut_over), V(watch) and V(retire). V(revert) takes everything back,
    from each stage. Each run takes at most the stage that O(stage) names, for each role that is ready for it.
  - A role is right-sized beside a new role (V(parallel)), by itself (V(in_place)), or by the tool that owns it (V(by_owner)).
  - Where a role stands is recorded beside the journal. Records only say what was done. The documents are kept by their hash, and they
    are proved again before each change.
  - The cut-over needs an approved plan. So does a revert that makes a role an administrator again.
  - A trial denies calls for real. It ends at its deadline, in the next run of this module that enforces, whatever its stage is, or of
    M(hardening.iam.trial_deadlines).
  - New denials never extend the policies. They become proposals, which a person adds to O(always_allow).
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
  campaign:
    description:
      - The name of the campaign, of up to 64 letters, digits, dots, dashes and underscores. Its records have it in their place.
    type: str
    required: true
  stage:
    description:
      - The stage of this run. A role that lacks an earlier stage is refused, and the refusal names that stage.
      - If it is not set, nothing begins. Trials end at their deadlines, and the state is reported.
    type: str
    choices: [assess, generate, prepare, canary, cut_over, watch, retire, revert]
  targets:
    description:
      - The roles of the campaign, and how each is right-sized. Roles of AWS, of a landing zone, break-glass roles and the caller are
        refused.
    type: list
    elements: dict
    default: []
    suboptions:
      roles:
        description:
          - Globs for roles, by ARN, by name, or as V(role/NAME) or V(role/PATH/NAME).
        type: list
        elements: str
        required: true
      way:
        description:
          - With V(parallel), a role with the suffix C(-lp) is made beside the old one. It can be assumed from V(canary) or V(cut_over) on.
            The old role is closed later, and loses its policies last.
          - With V(in_place), the new policies are first tried as a permissions boundary, for canaries. At V(cut_over) they replace the
            old policies.
          - With V(by_owner), nothing is written. The owner is handed out a patch, and a stage waits until the live role has the new policies.
            With O(stage=revert), the patch gives the old policies back.
        type: str
        choices: [parallel, in_place, by_owner]
        required: true
      canary:
        description:
          - Whether the roles go first. A campaign needs at least one canary, and the others wait for all of them.
        type: bool
        default: false
      boundary:
        description:
          - The ARN of the permissions boundary of new roles. Only with V(parallel).
        type: str
      mfa:
        description:
          - Whether the trust policies of new roles require MFA of users and roles. Services and federated users are not affected. Only
            with V(parallel).
          - Sessions of a role never have MFA if the role was assumed by another role.
        type: bool
        default: false
  revert:
    description:
      - Globs for the roles to revert. Required with O(stage=revert), and only allowed with it. V(*) reverts the whole campaign.
    type: list
    elements: str
    default: []
  canary_days:
    description:
      - How many days canaries are watched before the others follow, at least 3. Defaults to 14.
    type: int
  watch_days:
    description:
      - How many days a role is watched after its cut-over, at least 3. Defaults to 14.
    type: int
  unused_days:
    description:
      - How many days the old role must be unused before it is closed, at least 7. Defaults to 14.
    type: int
  closed_days:
    description:
      - How many days the old role stays closed before it loses its policies, at least 7. Defaults to 30.
    type: int
  trial_days:
    description:
      - How many days a trial by boundary lasts at most. It must be more than O(canary_days), and at most 90. Defaults to 21.
    type: int
  parallel_days:
    description:
      - How many days there may be two roles, before that is a finding. At least 7. Defaults to 60.
    type: int
  member_role_arn:
    description:
      - The ARN of a role in other accounts to read who names a role there, with V(<account_id>) in place of the account.
      - Without it, accounts in which a role is used block V(retire), until they are accepted by O(accept_namers).
    type: str
  accept_unproven:
    description:
      - Documents that are accepted although they are not proved, by role.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The role, by ARN, name, or V(role/NAME). Patterns are not accepted.
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
  accept_breakage:
    description:
      - Recorded calls that are accepted to be denied, by role.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The role, by ARN, name, or V(role/NAME). Patterns are not accepted.
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
  accept_machines:
    description:
      - Roles that machines use, and that may be tried in place or retired all the same.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The role, by ARN, name, or V(role/NAME). Patterns are not accepted.
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
  accept_unused:
    description:
      - Canaries that made no call while they were watched, and that count as passed all the same.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The role, by ARN, name, or V(role/NAME). Patterns are not accepted.
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
  accept_namers:
    description:
      - Policies, grants and entries that may name the old role only, and accounts that could not be read, by role.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The role, by ARN, name, or V(role/NAME). Patterns are not accepted.
        type: str
        required: true
      namer:
        description: The ARN of the object that names the role, or the 12 digits of an account.
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
  accept_denials:
    description:
      - New denials that are correct, by role and action.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The role, by ARN, name, or V(role/NAME). Patterns are not accepted.
        type: str
        required: true
      action:
        description: The action, such as V(s3:GetObject). Patterns are not accepted.
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
seealso:
  - module: hardening.iam.least_privilege_info
  - module: hardening.iam.policy_scope
"""

EXAMPLES = r"""
- name: Look who uses the roles of developers, and who names them
  hardening.iam.least_privilege:
    mode: report
    account_id: "111122223333"
    campaign: developers
    stage: assess
    trail_logs: s3://acme-log-archive/AWSLogs/o-exampleorgid/111122223333
    targets:
      - roles: [dev-first]
        way: parallel
        canary: true
      - roles: ["dev-*"]
        way: parallel

- name: Cut over under an approved plan
  hardening.iam.least_privilege:
    account_id: "111122223333"
    campaign: developers
    stage: cut_over
    trail_logs: s3://acme-log-archive/AWSLogs/o-exampleorgid/111122223333
    approved_plan: "{{ reviewed_plan }}"
    targets: "{{ developers }}"

- name: Revert one role
  hardening.iam.least_privilege:
    account_id: "111122223333"
    campaign: developers
    stage: revert
    revert: [dev-shop]
    targets: "{{ developers }}"
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
    - The findings on the roles of the campaign, as selected by O(return_findings).
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
      description: The ARN of the role or of the policy.
      type: str
    before:
      description:
        - The state before the change, such as the document of a trust policy, or an attached policy. Empty if there was nothing.
      type: dict
    after:
      description:
        - The state after the change, in the same form.
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
        - The API operation and parameters that undo the change.
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
        - The rule that refused the stage of a role, or the guard that refused a change. Some of them are V(stage_missing),
          V(soak_not_over), V(canary_failed), V(new_denial), V(no_evidence), V(unproven), V(may_break), V(machines), V(namers),
          V(namers_unread), V(layers_changed), V(slot_filled), V(trust_changed), V(changed_since), V(role_recreated), V(other_campaign),
          V(forged_record), V(store_emptied) and V(contained).
      type: str
    reason:
      description: The reason, and the next step.
      type: str
    target:
      description: The role whose stage was refused, or the resource that would have been changed.
      type: str
    operation:
      description: The API operation that was refused. Empty if it is the stage.
      type: str
    owner:
      description: The owner of the target, if the guard C(foreign_owner) or C(drift_war) refused the change. The keys are those of
        RV(hardening.iam.ownership_info#module:owners).
      type: dict
    patch:
      description: The change as a snippet of CloudFormation or Terraform, for the owner to apply, if the owner's template is known.
      type: str
terminal:
  description: The state of the campaign as text, with roles in the same state together. It is displayed and not part of the registered
    result.
  returned: when the module runs in a process of its own
  type: str
campaign:
  description:
    - The state of each role of the campaign after this run.
    - The report of the account has the same, with the lists that are empty here.
  returned: success
  type: dict
  contains:
    campaign:
      description: The name of the campaign.
      type: str
    stage:
      description: The stage of this run. None if it names no stage.
      type: str
    roles:
      description: The roles, by ARN.
      type: list
      elements: dict
      contains:
        role:
          description: The ARN of the role.
          type: str
        role_id:
          description: The unique id of the role. A role that is created again has another one.
          type: str
        way:
          description: V(parallel), V(in_place) or V(by_owner). Empty if no target selects the role and nothing was begun.
          type: str
        canary:
          description: Whether the role goes first.
          type: bool
        stage:
          description: The last stage that is done. Empty if none is.
          type: str
        since:
          description: The time at which that stage was done.
          type: str
        state:
          description:
            - The state that the run leaves. V(due) if a step is planned, as in check mode, or if not all of its changes were made.
            - V(soaking) while the role is watched, and V(done) if the last stage is complete.
            - V(waiting) if the role waits for somebody or for its next stage, and V(refused) if the step is refused.
            - V(lifted) if the trial has ended, V(closed) if nobody can assume the old role, V(retired), or V(reverted).
          type: str
        reason:
          description: The reason for the state. If this run took a step, what it did.
          type: str
        rule:
          description: The rule that refused the step. Empty if none did.
          type: str
        next:
          description: The next step.
          type: str
        days_left:
          description: The days until the soak is over.
          type: float
        deadline:
          description: The end of the trial, or of the time for which there may be two roles.
          type: str
        warnings:
          description: Facts to know before the step.
          type: list
          elements: str
        parallel:
          description: The new role, with its C(arn) and C(id).
          type: dict
        documents:
          description: The generated policies, each with C(name), C(sha256) and C(size) in characters.
          type: list
          elements: dict
        outcome:
          description: V(proved) or V(unproven).
          type: str
        granted:
          description: The number of granted actions, C(before) and C(after).
          type: dict
        privileged:
          description: The number of granted privileged actions, C(before) and C(after).
          type: dict
        paths:
          description: The number of paths of privilege escalation, C(before) and C(after).
          type: dict
        losses:
          description: Always empty. The report says what people can no longer do.
          type: list
          elements: str
        consumers:
          description: The users of the role.
          type: list
          elements: dict
          contains:
            kind:
              description: The kind, such as V(person), V(pipeline), V(instance) or V(function).
              type: str
            resource:
              description: The ARN of what has the role or assumes it.
              type: str
            region:
              description: The region. Empty if it has none.
              type: str
            detail:
              description: Further facts.
              type: str
            is_machine:
              description: Whether it is something other than a person.
              type: bool
            has_moved:
              description: Whether it uses the new role. None if that is not known.
              type: bool
            move:
              description: The call or the step that moves it to the new role.
              type: str
        consumers_unread:
          description: The users of the role that could not be looked for, and why.
          type: list
          elements: str
        namers:
          description: The policies, grants and entries that name the role.
          type: list
          elements: dict
          contains:
            kind:
              description: The kind, such as V(trust), V(bucket_policy), V(key_policy), V(key_grant) or V(access_entry).
              type: str
            resource:
              description: The ARN of the object that names the role.
              type: str
            account_id:
              description: The account of that object.
              type: str
            where:
              description: V(principal), V(condition) or V(grant).
              type: str
            names_new:
              description: Whether it names the new role as well.
              type: bool
            adapt:
              description: The call or the step that adds the new role.
              type: str
            accepted:
              description: The reason in O(accept_namers). None if it is not accepted.
              type: str
        namers_unread:
          description: The places whose policies could not be read.
          type: list
          elements: dict
          contains:
            account_id:
              description: The foreign account. Empty for a place in the account of the role.
              type: str
            reason:
              description: The place, and why it could not be read.
              type: str
            blocks:
              description: Whether it blocks V(retire).
              type: bool
            accepted:
              description: The reason in O(accept_namers). None if it is not accepted.
              type: str
        denials:
          description: The denied calls of the role. None if this stage does not read them.
          type: dict
          contains:
            since:
              description: The begin of the watch.
              type: str
            baseline:
              description: The number of denials in a time of the same length before.
              type: int
            calls:
              description: The number of recorded calls since.
              type: int
            new:
              description: The denials that did not exist before.
              type: list
              elements: dict
              contains:
                action:
                  description: The action.
                  type: str
                resource:
                  description: The resource. Empty if the event has none.
                  type: str
                count:
                  description: The number of denied calls.
                  type: int
                first:
                  description: The time of the first one.
                  type: str
                last:
                  description: The time of the last one.
                  type: str
                by:
                  description: V(ours) (the new policies), V(boundary), V(organization), V(resource) or V(unknown).
                  type: str
                used_before:
                  description: Whether the evidence has the action as used.
                  type: bool
                message:
                  description: The message of AWS.
                  type: str
                accepted:
                  description: The reason in O(accept_denials). None if it is not accepted.
                  type: str
                proposal:
                  description: The entry of O(always_allow) that would allow the call within the old policies. None if there is none.
                  type: dict
                diff:
                  description: The statements that the entry would add to the policies or remove from them.
                  type: str
            not_watched:
              description: The kinds of calls whose denials leave no event.
              type: list
              elements: str
            failure:
              description: The reason why nothing is known. None if it is.
              type: str
        old_role_used:
          description: The last use of the old role, with C(last) and C(by). None if it was not read, or there is no new role.
          type: dict
        revert:
          description: The command that reverts the role.
          type: str
        patch:
          description:
            - The patch for the owner of the role, with the way V(by_owner). None if there is nothing to apply, or its language is not known.
            - The files C(patch.tf) and C(patch.yaml) below C(least_privilege/) in the reports have the same. If the language is not known,
              both are written.
          type: dict
          contains:
            language:
              description: V(Terraform) or V(CloudFormation).
              type: str
            text:
              description: The resources to add. Its comments list the policies to remove, in their order.
              type: str
            to:
              description: The place where the owner changes the role, such as a stack with a logical id, or an address in Terraform.
              type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.least_privilege.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, ORGANIZATION_ARGUMENTS, PLAN_OWNERS_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.policy_settings import SETTINGS_ARGUMENTS
from ..module_utils._module.task import Entry
from ..module_utils._prediction.records.evidence_options import EXCLUDE_EVIDENCE_ARGUMENTS, SOURCE_ARGUMENTS

_TEXT: t.Final = {"type": "str", "required": True}
_STAGES: t.Final = ["assess", "generate", "prepare", "canary", "cut_over", "watch", "retire", "revert"]
_TARGET: t.Final = {
    "roles": {"type": "list", "elements": "str", "required": True},
    "way": {"type": "str", "required": True, "choices": ["parallel", "in_place", "by_owner"]},
    "canary": {"type": "bool", "default": False},
    "boundary": {"type": "str"},
    "mfa": {"type": "bool", "default": False},
}


def _accept(*more: str) -> dict[str, t.Any]:
    """The spec of a list of acceptances, with these keys beside those that all have."""
    options = dict.fromkeys(("principal", *more, "reason", "expires"), _TEXT)
    return {"type": "list", "elements": "dict", "default": [], "options": options}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    days = ("canary_days", "watch_days", "unused_days", "closed_days", "trial_days", "parallel_days")
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **PLAN_OWNERS_ARGUMENTS,
        **SOURCE_ARGUMENTS,
        **EXCLUDE_EVIDENCE_ARGUMENTS,
        **SETTINGS_ARGUMENTS,
        "campaign": _TEXT,
        "stage": {"type": "str", "choices": _STAGES},
        "targets": {"type": "list", "elements": "dict", "default": [], "options": _TARGET},
        "revert": {"type": "list", "elements": "str", "default": []},
        **{name: {"type": "int"} for name in days},
        "member_role_arn": {"type": "str"},
        **{name: _accept() for name in ("accept_unproven", "accept_breakage", "accept_machines", "accept_unused")},
        "accept_namers": _accept("namer"),
        "accept_denials": _accept("action"),
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
