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
  - Turns on central management of root access in an organization, and registers IAM's delegated administrator. What is
    not declared stays as it is.
  - Looks at the root users of the member accounts in O(targets). It opens a session as root of each, of 15 minutes at
    most and limited by AWS's task policy C(IAMAuditRootUserCredentials), which can't write. No role in the account is
    needed.
  - With O(remove_root_credentials=true) it removes their access keys, signing certificates, passwords and MFA devices,
    in this order, in sessions with the task policy C(IAMDeleteRootUserCredentials). This can't be undone. AWS has no
    way to deactivate them first.
  - It runs in the management account. From a delegated administrator of IAM it looks at members and removes, but
    changes nothing of the organization.
  - An account that can't be looked at costs the others nothing. Its findings say V(NOT_ASSESSED) and why.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  trusted_access:
    description:
      - Whether IAM is trusted in the organization. O(root_credentials_management=true) and O(root_sessions=true) need
        it, and turn it on without being told.
      - V(false) ends it, after everything else that is declared off.
    type: bool
  root_credentials_management:
    description:
      - Whether the feature C(RootCredentialsManagement) is on, without which members can't be looked at.
      - Members are looked at from the next run on, which can show what it would do to them.
    type: bool
  root_sessions:
    description:
      - Whether the feature C(RootSessions) is on, with which root's sessions can open locked S3 buckets and SQS queues.
    type: bool
  delegated_administrator:
    description:
      - The id of the account that may manage root access besides the management account.
    type: str
  purge_delegated_administrators:
    description:
      - Deregister every delegated administrator of IAM that O(delegated_administrator) does not name.
    type: bool
    default: false
  targets:
    description:
      - The accounts whose root users are looked at. Each is an account's id or name, the id of an organizational unit,
        its path such as V(/Workloads/Production), or V(all).
      - A unit stands for all accounts below it. The management account is never among them, and can't be named.
    type: list
    elements: str
    default: []
  exclude:
    description:
      - What is left out of O(targets), in the same form.
    type: list
    elements: str
    default: []
  remove_root_credentials:
    description:
      - Remove all credentials of these root users. B(This can't be undone.) A new password can be asked for with the
        task policy C(IAMCreateRootUserPassword), which this collection never uses.
      - It is refused for an account whose root used one of them within O(min_idle_days), or may have.
    type: bool
    default: false
  min_idle_days:
    description:
      - For how many days root must have used none of its credentials, 7 at least.
      - A credential without a use on record counts from the day it was made. One that is older than AWS's records of
        use, and an active signing certificate, of whose use AWS keeps none, may always be in use.
    type: int
    default: 45
  accept_use:
    description:
      - Root users whose credentials may go although they may be in use.
    type: list
    elements: dict
    default: []
    suboptions:
      principal:
        description: The ARN of the root user, such as V(arn:aws:iam::222233334444:root).
        type: str
        required: true
      reason:
        description: Why that is accepted.
        type: str
        required: true
      expires:
        description: The last day on which it is, at most a year ahead.
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

- name: Remove them from an account whose root was used last week, knowing for what
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
organization:
  description: What was found of the organization, before any change. V(none) where it can't be read, or there is none.
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
      description: Whether IAM is trusted in it.
      type: bool
    features:
      description: The features of root access that are on. V(none) where they can't be read.
      type: list
      elements: str
    delegated_administrators:
      description: The accounts that are delegated administrators of IAM.
      type: list
      elements: str
members:
  description: What was found of the root user of each account in O(targets), before any change.
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
      description: Whether its root user could be looked at.
      type: bool
    reason:
      description: Why not. V(none) where it could.
      type: str
    password:
      description: Whether root has a password.
      returned: when it could be looked at
      type: bool
    access_keys:
      description: How many access keys root has.
      returned: when it could be looked at
      type: int
    signing_certificates:
      description: How many signing certificates root has.
      returned: when it could be looked at
      type: int
    mfa_devices:
      description: How many MFA devices root has.
      returned: when it could be looked at
      type: int
    last_used:
      description: The latest use of the password or a key on record. V(none) without one, which is no proof of none.
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
    - What the controls of root access said before any change, as O(return_findings) says.
    - They have the fields that M(hardening.iam.assessment_info) returns. Those on a member are of that account.
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
      description: The account. That of the member where root credentials are removed.
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
      description: What was found.
      type: dict
    after:
      description: What is left. V(none) where a credential was removed.
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
      description: Whether the change can be undone. A removal can't.
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
    - rule: in_use
      reason: >-
        root may still be in use: its password was used 4 days ago (2026-11-21T02:00:00Z) (min_idle_days is 45);
        accept_use must name arn:aws:iam::222233334444:root where its removal is accepted all the same
      target: arn:aws:iam::222233334444:root
      operation: ""
terminal:
  description: What was found, as text. In a play it is shown by the action plugin instead of being returned.
  returned: success
  type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._capabilities.organization_root_access.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.task import Entry, finish


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
