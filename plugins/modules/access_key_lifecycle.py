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
  - Takes unused long-term credentials of IAM users through stages. The owner gets a notice, the credential is deactivated after a grace
    period, and deleted if that is declared. Each stage needs a run of its own.
  - By default only access keys that are unused, or were never used, enter the stages. Old keys, second keys, and keys of console users
    and administrators are only findings, unless O(stage_reasons) lists them.
  - A credential that was used within O(min_idle_days) is never deactivated. Neither is a credential of the caller, of a break-glass
    principal, or with a waived finding. The last use is read live, right before each write.
  - IAM does not store the time of a stage. The module stores it in a tag of the user, whose key ends in the last four characters of the
    credential's id. Anybody who may tag could forge the tag, so it counts only as far as the journal confirms it. Keep the journal where
    the next run finds it.
  - Every deactivation needs two observations at least 24 hours apart. The first is that of the notice, the second that of the
    deactivation.
  - C(docs/access_keys.md) explains the stages.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  notify:
    description:
      - The ARN of an SNS topic that gets a notice for each credential, or V(none) to begin the grace period without a notice.
      - Without it no credential enters a stage. The credentials that would are listed in RV(refused).
    type: str
  notify_after_days:
    description:
      - The number of days without use after which the owner gets a notice, at least 7.
    type: int
    default: 45
  deactivate_after_days:
    description:
      - The number of days without use after which a credential is deactivated, at least O(notify_after_days).
    type: int
    default: 45
  deactivate_grace_days:
    description:
      - The number of days between the notice and the deactivation, at least 1.
    type: int
    default: 14
  delete_after_days:
    description:
      - The number of days without use after which a credential is deleted, at least O(deactivate_after_days).
      - If unset or empty, nothing is deleted. A deletion can't be undone.
    type: str
  delete_grace_days:
    description:
      - The number of days between the deactivation and the deletion, at least 1.
      - A credential that was already inactive gets a notice first, and the days count from the notice.
    type: int
    default: 30
  min_idle_days:
    description:
      - A credential that was used within this number of days is never deactivated, for any reason. At least 7.
    type: int
    default: 45
  stage_reasons:
    description:
      - The reasons for which an access key enters the stages.
      - V(unused) and V(never_used) go by the last use. V(old) goes by the creation and C(thresholds.key_age_days).
      - V(second) is a key beside another active key of the user. V(console_user) is a key of a user with a password. V(admin) is a key of
        an administrator.
      - For V(old), V(second), V(console_user) and V(admin) the key must also be unused for O(min_idle_days).
    type: list
    elements: str
    choices: [unused, never_used, old, second, console_user, admin]
    default: [unused, never_used]
  stage_credentials:
    description:
      - Further kinds of credentials to take through the same stages. AWS does not record whether they are used, so they go by their age
        and C(thresholds.key_age_days).
      - With V(ssh_public_key) the users who may use CodeCommit are read one by one, because AWS has no other list.
    type: list
    elements: str
    choices: [service_specific_credential, ssh_public_key, signing_certificate]
    default: []
  remove_unused_passwords:
    description:
      - Whether console passwords that are unused for O(deactivate_after_days) are removed, after a notice and O(deactivate_grace_days).
        A removed password can't be restored.
    type: bool
    default: false
  exclude_users:
    description:
      - Globs for names or ARNs of users whose credentials are ignored. Letter case does not matter.
    type: list
    elements: str
    default: []
  accept_ses_smtp_users:
    description:
      - The names of users whose keys may enter the stages although mail servers may depend on them. Such users are named
        C(ses-smtp-user.*), or have a key that was last used for SES.
      - A password for the SMTP interface of SES is derived from the secret of an access key.
    type: list
    elements: str
    default: []
  trust_tags:
    description:
      - Trust tags that the journal does not confirm. Use it if the journal of earlier runs is lost.
    type: bool
    default: false
  waivers:
    description:
      - Accepted findings. A credential with a waived finding is ignored.
      - A list, as M(hardening.iam.assessment_info) describes it, a YAML file, or a place in S3. A pattern of
        C(resources) may also be an access key id.
    type: raw
  waiver_max_days:
    description:
      - The largest number of days ahead that a waiver may expire.
    type: int
    default: 365
seealso:
  - module: hardening.iam.assessment_info
  - module: amazon.aws.iam_access_key
"""

EXAMPLES = r"""
- name: Send notices for unused keys, and deactivate them two weeks later
  hardening.iam.access_key_lifecycle:
    account_id: "111122223333"
    notify: arn:aws:sns:us-east-1:111122223333:iam-hardening-keys
    journal: s3://example-journal/iam

- name: See which keys would enter which stage, without writing to the account

  hardening.iam.access_key_lifecycle:
    mode: report
    account_id: "111122223333"
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
    notify: none

- name: Also delete keys that are inactive for a month and unused for half a year

  hardening.iam.access_key_lifecycle:
    account_id: "111122223333"
    notify: arn:aws:sns:us-east-1:111122223333:iam-hardening-keys
    delete_after_days: 180
    delete_grace_days: 30
    journal: s3://example-journal/iam

- name: Also deactivate old keys, once they are unused for a month

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
    - The findings of the controls on users' credentials before any change, as selected by O(return_findings).
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description:
    - The changes that the guards let through. The tag of a notice is written after it, the tag of a deactivation before it.
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
      description: The user who owns the credential.
      type: str
    before:
      description: The kind and id of the credential, and its state or stage before the change.
      type: dict
    after:
      description: The same after the change. None for a deleted credential.
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
      description: The user who owns the credential.
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
    - The credentials that are in a stage, or enter one now. Ids are cut to the last four characters unless O(reveal_key_ids) is set.
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
      description: The id of the credential.
      type: str
    status:
      description: V(Active) or V(Inactive).
      type: str
    reasons:
      description: The reasons for which the credential is in the stages.
      type: list
      elements: str
    stage:
      description:
        - The confirmed stage before this run. One of V(noticed), V(deactivated), V(dormant) (already inactive when first seen), or none.
      type: str
    since:
      description: The start of this stage, as far as tag, journal and AWS's own dates agree.
      type: str
    next:
      description: The next step. One of V(notify), V(deactivate), V(delete), or V(forget) for a tag that is no longer valid.
      type: str
    due:
      description: The time from which the next step is due, if it is not due yet.
      type: str
    held_back:
      description: The reason why the next step is not taken.
      type: str
notices:
  description: The notices that were sent, with the message ids of SNS. They are in the journal too.
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
  description: The commands that reactivate the credentials that RV(changes) deactivate.
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
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


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
