#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access_key_rotation
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Replace the access keys of IAM users, in stages, without showing a secret to anybody
description:
  - Takes the access keys of the listed users through the stages V(created), V(distributed), V(verified), V(old_inactive) and
    V(old_deleted). Each run takes every user at most one stage further.
  - The secret of a new key goes into a secret of AWS Secrets Manager, in the same call that makes the key. If it can't be stored, the
    key is deleted at once. The secret is never in a result, a diff, a log, a report or the journal.
  - An old key is deactivated once the new one was used, and the old one was not for O(verify_days). Both are read live, right before
    the write. CloudTrail names who still calls with the old key. If its events can't be read, the old key stays active.
  - A key that an interrupted run left is deleted only if CloudTrail shows that the call of that run made it. Until then, and of each
    other second key, the module says what is known, and changes nothing.
  - The rotation of each user is recorded beside the journal, below C(rotations/). Each step is decided on the live state of the keys
    and of the secret. A record that contradicts it, or the other records, stops the rotation of its user.
  - A user with two keys, of which no record says which one replaces the other, is refused. So are the caller, break-glass users, and
    users that an incident contains.
  - C(docs/key_rotation.md) explains the stages.
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
  - hardening.iam._assessment
  - hardening.iam._evidence
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  users:
    description:
      - The users whose access keys are rotated.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the user, without its path. Patterns are refused.
        type: str
        required: true
      secret:
        description:
          - The name of the secret in Secrets Manager. The default is C(iam-hardening/access-keys/) with the name of the user.
          - A missing secret is created. One that is there must have the tag C(iam-hardening:access-key-of) with the name of the user.
        type: str
      secret_region:
        description:
          - The region of the secret. The default is the region of the task.
        type: str
      kms_key_id:
        description:
          - The id, ARN or alias of the KMS key for a secret that is created. The default is C(aws/secretsmanager).
        type: str
  rotate_created_before:
    description:
      - A date and time. Keys that were made before it are rotated whatever their age, such as after a leak. Once they are new, nothing
        more happens.
      - Without it a key is rotated when it is older than C(thresholds.key_age_days), which is 90 by default.
    type: str
  replace_inactive:
    description:
      - The names of users whose only key is inactive, and that get a new one, such as after an incident.
      - Consumers of the secret read the new key at once, since the old one works for nobody.
    type: list
    elements: str
    default: []
  verify_days:
    description:
      - The number of days that the old key must be unused before it is deactivated, at least 7. They count from the moment when
        consumers could read the new one.
    type: int
    default: 14
  delete_after_days:
    description:
      - The number of days that the old key stays inactive before it is deleted, at least 7.
      - If unset or empty, it is never deleted, and the next rotation of the user has no free slot. A deletion can't be undone.
    type: str
  access_key_id_field:
    description:
      - The name of the access key id in the JSON of the secret.
    type: str
    default: AccessKeyId
  secret_access_key_field:
    description:
      - The name of the secret access key in the JSON of the secret.
    type: str
    default: SecretAccessKey
seealso:
  - module: hardening.iam.access_key_lifecycle
  - module: hardening.iam.rollback
"""

EXAMPLES = r"""
- name: Rotate keys that are older than 90 days, one stage a run
  hardening.iam.access_key_rotation:
    account_id: "111122223333"
    users:
      - name: svc-backup
      - name: svc-report
        secret: reporting/aws
    delete_after_days: 14
    journal: s3://example-journal/iam

- name: See how far the rotations are, without writing to the account
  hardening.iam.access_key_rotation:
    mode: report
    account_id: "111122223333"
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor
    users:
      - name: svc-backup

- name: Give a user a new key after an incident, once it is released
  hardening.iam.access_key_rotation:
    account_id: "111122223333"
    users:
      - name: ci-deploy
    replace_inactive: [ci-deploy]
    journal: s3://example-journal/iam
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
    - The changes that the guards let through. None of them has a secret.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: The region of a secret, or V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description:
        - The API operation. C(CreateAccessKey) comes with C(PutSecretValue), or with C(DeleteAccessKey) if that fails.
      type: str
    target:
      description: The user, or the secret.
      type: str
    before:
      description: The keys or the labels of the secret before the change. None for a secret that is created.
      type: dict
    after:
      description: The same after the change. None for a key that is deleted.
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
      description: Whether the change can be undone. A new key that somebody has used stays all the same.
      type: bool
    undo:
      description: The API operation and parameters that undo the change.
      type: dict
    applied:
      description: Whether the change was made. Always false in check mode and with O(mode=report).
      type: bool
refused:
  description: The users whose rotation does not go on until somebody has looked, and refused changes.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The guard that refused, such as V(two_keys), V(secret_replaced) or V(contained).
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
rotations:
  description:
    - The rotation of each listed user, as this run found it. Key ids are cut to the last four characters unless O(reveal_key_ids) is
      set.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The name of the user.
      type: str
    stage:
      description: The last stage that was recorded before this run. None if no rotation is under way.
      type: str
    since:
      description: The time of this stage.
      type: str
    old_key:
      description: The id of the key that is replaced.
      type: str
    old_key_last_used:
      description: The last use of the old key, as IAM has it.
      type: str
    new_key:
      description: The id of the new key. None before it is made.
      type: str
    new_key_last_used:
      description: The last use of the new key, as IAM has it.
      type: str
    secret:
      description: The name of the secret.
      type: str
    secret_arn:
      description: The ARN of the secret. None if it is not created yet.
      type: str
    next:
      description:
        - The step of this run. One of V(create), V(distribute), V(deactivate), V(delete), V(discard) for a new key whose secret was lost,
          V(record), V(wait) and V(refuse).
      type: str
    next_stage:
      description: The stage that this step reaches.
      type: str
    due:
      description: The time from which a waiting rotation goes on, if that is known.
      type: str
    rule:
      description: The rule of a refusal.
      type: str
    reason:
      description: The reason why the rotation waits or is refused.
      type: str
    held:
      description: Why the next step was not made, if a guard refused it or this run did not make it. Empty if it was made, or would be.
      type: str
    old_key_users:
      description: The callers with the old key, the last one first, from 30 days before the new key was made.
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
        since_new_key:
          description: Whether the last call came after consumers could read the new key.
          type: bool
    new_key_users:
      description: The same for the new key.
      type: list
      elements: dict
    users_moved:
      description: The number of callers of the old key that have called with the new one, such as V(2 of 3).
      type: str
    users_unknown:
      description: The reason why callers are not known, or not all of them.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.access_key_rotation.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, ORGANIZATION_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._prediction.records.evidence_options import SOURCE_ARGUMENTS

# Names and places: no value of an option is a secret.
_USER: t.Final = {
    "name": {"type": "str", "required": True},
    "secret": {"type": "str", "no_log": False},
    "secret_region": {"type": "str", "no_log": False},
    "kms_key_id": {"type": "str", "no_log": False},
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **SOURCE_ARGUMENTS,
        "users": {"type": "list", "elements": "dict", "default": [], "options": _USER},
        "rotate_created_before": {"type": "str"},
        "replace_inactive": {"type": "list", "elements": "str", "default": []},
        "verify_days": {"type": "int", "default": 14},
        "delete_after_days": {"type": "str"},
        "access_key_id_field": {"type": "str", "default": "AccessKeyId", "no_log": False},
        "secret_access_key_field": {"type": "str", "default": "SecretAccessKey", "no_log": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
