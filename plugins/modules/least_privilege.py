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
  - A trial denies calls for real. It ends at its deadline, in the next run of this module that enforces, whatever its stage is.
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
          - With V(by_owner), nothing is written. The documents are handed out as files, and it is detected that they were applied.
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
    suboptions: &acceptance
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
    suboptions: *acceptance
  accept_machines:
    description:
      - Roles that machines use, and that may be tried in place or retired all the same.
    type: list
    elements: dict
    default: []
    suboptions: *acceptance
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
campaign:
  description: Where each role of the campaign stands.
  returned: success
  type: dict
  contains:
    campaign:
      description: The name of the campaign.
      type: str
    stage:
      description: The stage of this run.
      type: str
    roles:
      description: The roles, by ARN.
      type: list
      elements: dict
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
        **{name: _accept() for name in ("accept_unproven", "accept_breakage", "accept_machines")},
        "accept_namers": _accept("namer"),
        "accept_denials": _accept("action"),
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
