#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_root_access
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Manage root access to the member accounts of an organization centrally
description:
  - Turns on central management of root access in an organization, and registers IAM's delegated administrator. Settings that are not
    declared are kept.
  - Audits the root users of the member accounts in O(targets). It opens a session as root in each account, for at most 15 minutes. The
    session is limited by AWS's task policy C(IAMAuditRootUserCredentials), which can't write. No role in the account is needed.
  - With O(remove_root_credentials=true) it removes their access keys, signing certificates, passwords and MFA devices, in this order. It
    uses sessions with the task policy C(IAMDeleteRootUserCredentials). This can't be undone, and AWS can't deactivate these credentials
    first.
  - Runs in the management account. In a delegated administrator of IAM it audits members and removes credentials, but does not change
    the organization.
  - If an account can't be audited, its findings are V(NOT_ASSESSED) with the reason. The other accounts are not affected.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
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
  trusted_access:
    description:
      - Whether IAM has trusted access in the organization. O(root_credentials_management=true) and O(root_sessions=true) need it and
        turn it on.
      - V(false) turns it off, after everything else that is declared off.
    type: bool
  root_credentials_management:
    description:
      - Whether the feature C(RootCredentialsManagement) is on. Members can be audited only with it.
      - Members are audited from the next run on. In check mode that run shows its changes first.
    type: bool
  root_sessions:
    description:
      - Whether the feature C(RootSessions) is on. With it, sessions as root can unlock S3 buckets and SQS queues.
    type: bool
  delegated_administrator:
    description:
      - The id of the account that may manage root access besides the management account.
    type: str
  purge_delegated_administrators:
    description:
      - Deregister every other delegated administrator of IAM than O(delegated_administrator).
    type: bool
    default: false
  targets:
    description:
      - The accounts whose root users are audited. Each entry is the id or name of an account, the id of an organizational unit, its path
        such as V(/Workloads/Production), or V(all).
      - A unit means all accounts below it. The management account is never included, and can't be named.
    type: list
    elements: str
    default: []
  exclude:
    description:
      - The accounts to exclude from O(targets), in the same form.
    type: list
    elements: str
    default: []
  remove_root_credentials:
    description:
      - Remove all credentials of these root users. B(This can't be undone.) Only the task policy C(IAMCreateRootUserPassword) allows a
        new password, and this collection never uses it.
      - Refused for an account whose root used, or may have used, one of them within O(min_idle_days).
    type: bool
    default: false
  min_idle_days:
    description:
      - The number of days for which root must have used none of its credentials, at least 7.
      - A credential without a recorded use counts from the day it was created.
      - Some credentials always count as possibly in use. These are credentials older than AWS's records of use, and active signing
        certificates, whose use AWS does not record.
    type: int
    default: 45
  accept_use:
    description:
      - Root users whose credentials may be removed although they may be in use.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The ARN of the root user, such as V(arn:aws:iam::222233334444:root).
        type: str
        required: true
      reason:
        description: The reason for the acceptance.
        type: str
        required: true
      expires:
        description: The last day of the acceptance, at most a year ahead.
        type: str
        required: true
seealso:
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: Manage root access centrally, and let the security account do so too
  hardening.iam.organization_root_access:
    account_id: "111122223333"
    root_credentials_management: true
    delegated_administrator: "444455556666"

- name: See which member accounts still have root credentials
  hardening.iam.organization_root_access:
    mode: report
    targets: [all]
    return_findings: failed

- name: Remove the root credentials of the sandboxes
  hardening.iam.organization_root_access:
    account_id: "111122223333"
    targets: [/Sandbox]
    remove_root_credentials: true
    journal: s3://example-journal/iam

- name: Remove the root credentials of an account although root was used last week
  hardening.iam.organization_root_access:
    account_id: "111122223333"
    targets: ["222233334444"]
    remove_root_credentials: true
    accept_use:
      - principal: arn:aws:iam::222233334444:root
        reason: closed the support case, IAM-231
        expires: 2026-12-31
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
organization:
  description: The organization before any change. V(none) if it can't be read, or if there is none.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
    management_account_id:
      description: Its management account.
      type: str
    trusted_access:
      description: Whether IAM has trusted access in it.
      type: bool
    features:
      description: The features of root access that are on. V(none) if they can't be read.
      type: list
      elements: str
    delegated_administrators:
      description: The accounts that are delegated administrators of IAM.
      type: list
      elements: str
members:
  description: The root user of each account in O(targets), before any change.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    name:
      description: Its name.
      type: str
    assessed:
      description: Whether its root user could be audited.
      type: bool
    reason:
      description: The reason why it could not be audited. V(none) if it could.
      type: str
    password:
      description: Whether root has a password.
      returned: when it could be looked at
      type: bool
    access_keys:
      description: The number of root access keys.
      returned: when it could be looked at
      type: int
    signing_certificates:
      description: The number of root signing certificates.
      returned: when it could be looked at
      type: int
    mfa_devices:
      description: The number of root MFA devices.
      returned: when it could be looked at
      type: int
    last_used:
      description: The latest recorded use of the password or a key. V(none) without a record, which does not prove that there was no
        use.
      returned: when it could be looked at
      type: str
    clean:
      description: Whether root has no credentials at all.
      returned: when it could be looked at
      type: bool
  sample:
    - account_id: "222233334444"
      name: acme-prod
      assessed: true
      reason:
      password: true
      access_keys: 0
      signing_certificates: 0
      mfa_devices: 1
      last_used: "2025-10-21T02:00:00Z"
      clean: false
findings:
  description:
    - The findings of the controls on root access before any change, as selected by O(return_findings).
    - They have the fields that M(hardening.iam.assessment_info) returns. Findings of a member have the id of that account.
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
      description: The account. If root credentials are removed, the member account.
      type: str
    region:
      description: Always V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The setting of the organization, or the ARN of the root user.
      type: str
    before:
      description: The state before the change.
      type: dict
    after:
      description: The state after the change. V(none) if a credential is removed.
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
      description: Whether the change can be undone. A removal can't.
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
    - rule: in_use
      reason: >-
        root may still be in use: its password was used 4 days ago (2026-11-21T02:00:00Z) (min_idle_days is 45);
        accept_use must name arn:aws:iam::222233334444:root where its removal is accepted all the same
      target: arn:aws:iam::222233334444:root
      operation: ""
terminal:
  description: The result as text. In a play the action plugin displays it and does not return it.
  returned: success
  type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._capabilities.organization_root_access.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        "trusted_access": {"type": "bool"},
        "root_credentials_management": {"type": "bool"},
        "root_sessions": {"type": "bool"},
        "delegated_administrator": {"type": "str"},
        "purge_delegated_administrators": {"type": "bool", "default": False},
        "targets": {"type": "list", "elements": "str", "default": []},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "remove_root_credentials": {"type": "bool", "default": False},
        "min_idle_days": {"type": "int", "default": 45},
        "accept_use": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {name: {"type": "str", "required": True} for name in ("principal", "reason", "expires")},
        },
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
