#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access_key_lifecycle
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Deactivate the access keys that nobody uses, and later delete them
description:
  - Brings the long-term credentials of an account's IAM users through stages. The owner is told, the credential is
    deactivated after a grace, and deleted where that is declared. Each stage is a run of its own.
  - Only access keys that are unused, or were never used, come into the stages. Old keys, second keys, and keys of
    console users and of administrators are findings, unless O(stage_reasons) lists them.
  - Nothing that was used within O(min_idle_days) is ever deactivated, nor anything that belongs to the caller, to a
    break-glass principal, or to a finding that is waived. The last use is read live, right before each write.
  - IAM keeps no time of a stage, so it is kept in a tag of the user, whose key ends in the last four characters of the
    credential's id. Whoever may tag could forge it, so a tag only counts as far as the journal confirms it. Keep the
    journal where the next run finds it.
  - Two observations at least 24 hours apart come before every deactivation, that of the notice and that of the
    deactivation itself.
  - C(docs/access_keys.md) explains the stages.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  notify:
    description:
      - The ARN of an SNS topic that a notice is sent to for each credential, or V(none) to begin the grace without a
        notice.
      - Without it nothing comes to any stage. What would is listed in RV(refused).
    type: str
  notify_after_days:
    description:
      - For how many days a credential must be idle, at least 7, before its owner is told.
    type: int
    default: 45
  deactivate_after_days:
    description:
      - For how many days a credential must be idle before it is deactivated. Not less than O(notify_after_days).
    type: int
    default: 45
  deactivate_grace_days:
    description:
      - How many days must have passed since the notice, at least 1.
    type: int
    default: 14
  delete_after_days:
    description:
      - For how many days a credential must be idle before it is deleted. Not less than O(deactivate_after_days).
      - Unset or empty, nothing is deleted. There is no way back from a deletion.
    type: str
  delete_grace_days:
    description:
      - How many days must have passed since the deactivation, at least 1.
      - A credential that was found inactive is noticed first, and this counts from then on.
    type: int
    default: 30
  min_idle_days:
    description:
      - Nothing used within so many days is ever deactivated, whatever the reason. Not less than 7.
    type: int
    default: 45
  stage_reasons:
    description:
      - Why an access key comes into the stages.
      - V(unused) and V(never_used) go by the last use, V(old) by the creation and C(thresholds.key_age_days).
        V(second) is a user's key beside another active one, V(console_user) that of a user with a password, V(admin)
        that of an administrator. The latter four still need a key that is idle for O(min_idle_days).
    type: list
    elements: str
    choices: [unused, never_used, old, second, console_user, admin]
    default: [unused, never_used]
  stage_credentials:
    description:
      - Further kinds of credentials to bring through the same stages. AWS does not tell whether they are used, so they
        go by their age and C(thresholds.key_age_days).
      - With V(ssh_public_key) the users who may use CodeCommit are read one by one, since AWS has no other list.
    type: list
    elements: str
    choices: [service_specific_credential, ssh_public_key, signing_certificate]
    default: []
  remove_unused_passwords:
    description:
      - Whether console passwords that are idle for O(deactivate_after_days) are removed, after a notice and
        O(deactivate_grace_days). A removed password can't be brought back.
    type: bool
    default: false
  exclude_users:
    description:
      - Globs for names or ARNs of users whose credentials are left alone, in any letter case.
    type: list
    elements: str
    default: []
  accept_ses_smtp_users:
    description:
      - The names of users whose keys may be staged although mail servers may depend on them. These are the users named
        C(ses-smtp-user.*), and those with a key that was last used for SES.
      - A password for the SMTP interface of SES is made of the secret of an access key.
    type: list
    elements: str
    default: []
  trust_tags:
    description:
      - Believe tags that the journal knows nothing of, where the journal of earlier runs is lost.
    type: bool
    default: false
  waivers:
    description:
      - Findings that somebody answers for. A credential with a waived finding is left alone.
      - A list, as M(hardening.iam.assessment_info) describes it, a YAML file, or a place in S3. A pattern of
        C(resources) may also be an access key id.
    type: raw
  waiver_max_days:
    description:
      - How far ahead a waiver may expire.
    type: int
    default: 365
seealso:
  - module: hardening.iam.assessment_info
  - module: amazon.aws.iam_access_key
"""

EXAMPLES = r"""
- name: Tell owners of unused keys, and deactivate what nobody claims within two weeks
  hardening.iam.access_key_lifecycle:
    account_id: "111122223333"
    notify: arn:aws:sns:us-east-1:111122223333:iam-hardening-keys
    journal: s3://example-journal/iam

- name: See which keys would come to which stage, never writing to the account
  hardening.iam.access_key_lifecycle:
    mode: report
    account_id: "111122223333"
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
    notify: none

- name: Also delete what has been inactive for a month, and has not been used for half a year
  hardening.iam.access_key_lifecycle:
    account_id: "111122223333"
    notify: arn:aws:sns:us-east-1:111122223333:iam-hardening-keys
    delete_after_days: 180
    delete_grace_days: 30
    journal: s3://example-journal/iam

- name: Retire old keys too, once they are idle for a month
  hardening.iam.access_key_lifecycle:
    account_id: "111122223333"
    notify: none
    stage_reasons: [unused, never_used, old]
    min_idle_days: 30
    exclude_users: [svc-annual-*]
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
    - What the controls of users' credentials said before any change, as O(return_findings) says.
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description:
    - The changes that the guards let through. A notice is followed by the tag that says so, and a deactivation is
      preceded by its tag.
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
      description: The user whose credential it is.
      type: str
    before:
      description: The kind and id of the credential, and its state or stage as it was found.
      type: dict
    after:
      description: The same as it is left. None for a deleted credential.
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
      description: The user whose credential it is.
      type: str
    operation:
      description: The API operation that was refused. Empty for a notice.
      type: str
  sample:
    - rule: ses_smtp
      reason: >-
        the access key AKIAIOSFODNN7EXAMPLE may be behind the password of a mail server (SES SMTP);
        accept_ses_smtp_users must name its user
      target: arn:aws:iam::111122223333:user/ses-smtp-user.20240131-101500
      operation: UpdateAccessKey
credentials:
  description:
    - The credentials that are in a stage, or come to one now. Ids are cut to the last four characters unless
      O(reveal_key_ids) is set.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The name of the user.
      type: str
    kind:
      description: The kind of credential.
      type: str
    id:
      description: Its id.
      type: str
    status:
      description: V(Active) or V(Inactive).
      type: str
    reasons:
      description: Why it is in question.
      type: list
      elements: str
    stage:
      description:
        - The stage that is believed before this run. V(noticed), V(deactivated), V(dormant) for one that was found
          inactive, or none.
      type: str
    since:
      description: Since when it is in this stage, as far as tag, journal and AWS's own dates agree.
      type: str
    next:
      description: What comes next. V(notify), V(deactivate), V(delete), or V(forget) for a tag that no longer holds.
      type: str
    due:
      description: From when on that is due, where it is not due yet.
      type: str
    held_back:
      description: What stands against it.
      type: str
notices:
  description: The notices that were sent, with the ids that SNS gave them. They are in the journal too.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The name of the user.
      type: str
    id:
      description: The id of the credential.
      type: str
    message_id:
      description: The id of the message.
      type: str
bring_back:
  description: The commands that bring back what RV(changes) deactivate.
  returned: success
  type: list
  elements: str
  sample:
    - aws iam update-access-key --user-name svc-backup --access-key-id AKIAIOSFODNN7EXAMPLE --status Active
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._capabilities.access_keys.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, DECLARATION_ARGUMENTS, ORGANIZATION_ARGUMENTS
from ..module_utils._module.task import Entry, finish


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **{name: DECLARATION_ARGUMENTS[name] for name in ("waivers", "waiver_max_days")},
        "notify": {"type": "str"},
        "notify_after_days": {"type": "int", "default": 45},
        "deactivate_after_days": {"type": "int", "default": 45},
        "deactivate_grace_days": {"type": "int", "default": 14},
        "delete_after_days": {"type": "str"},
        "delete_grace_days": {"type": "int", "default": 30},
        "min_idle_days": {"type": "int", "default": 45},
        "stage_reasons": {
            "type": "list",
            "elements": "str",
            "choices": ["unused", "never_used", "old", "second", "console_user", "admin"],
            "default": ["unused", "never_used"],
        },
        "stage_credentials": {
            "type": "list",
            "elements": "str",
            "choices": ["service_specific_credential", "ssh_public_key", "signing_certificate"],
            "default": [],
        },
        "remove_unused_passwords": {"type": "bool", "default": False, "no_log": False},
        "exclude_users": {"type": "list", "elements": "str", "default": []},
        "accept_ses_smtp_users": {"type": "list", "elements": "str", "default": []},
        "trust_tags": {"type": "bool", "default": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
