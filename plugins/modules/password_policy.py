#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: password_policy
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Converge the password policy of an AWS account
description:
  - Sets the password policy for the IAM users of an account. Settings that are not declared are kept.
  - By default the policy only becomes stricter. For each setting the stricter of the present and the declared value is used, and the
    task warns of kept values. With O(allow_weaken=true) every declared value is used.
  - AWS replaces the whole policy with every update, so the request always has every setting. In an account without a policy, undeclared
    settings have the values of AWS's default policy, which has a length of 8 and everything else off.
  - AWS's default policy requires three of the four kinds of characters, which a custom policy can't express. To replace the default
    policy, at least three of O(require_symbols), O(require_numbers), O(require_uppercase_characters) and O(require_lowercase_characters)
    are needed, or O(allow_weaken=true).
  - The password policy does not apply to root.
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
  state:
    description:
      - V(present) sets the declared settings, and needs at least one.
      - V(absent) removes the policy, so that AWS's default policy applies. It needs O(allow_weaken=true).
    type: str
    choices: [present, absent]
    default: present
  minimum_password_length:
    description:
      - The minimum number of characters of a password, from 6 to 128.
    type: int
  require_symbols:
    description:
      - Whether a password must have a symbol.
    type: bool
  require_numbers:
    description:
      - Whether a password must have a digit.
    type: bool
  require_uppercase_characters:
    description:
      - Whether a password must have an upper-case letter.
    type: bool
  require_lowercase_characters:
    description:
      - Whether a password must have a lower-case letter.
    type: bool
  allow_users_to_change_password:
    description:
      - Whether users may change their own password. Neither value is stricter, so the declared value is always used.
    type: bool
  max_password_age:
    description:
      - The number of days after which a password expires, from 1 to 1095, or V(off). Fewer days are stricter.
      - A shorter age applies to existing passwords at once. If any of them would expire, the change is refused unless
        O(accept_expiry_of) names their users.
      - Forced changes make people choose weaker passwords. See C(docs/password_policy.md).
    type: str
  password_reuse_prevention:
    description:
      - The number of former passwords that can't be used again, from 1 to 24, or V(off).
    type: str
  hard_expiry:
    description:
      - Whether a user whose password has expired needs an administrator to set a new one.
      - Refused unless two administrator roles can be assumed without the password of an IAM user.
    type: bool
  accept_expiry_of:
    description:
      - The names of users whose passwords may expire immediately.
    type: list
    elements: str
    default: []
  allow_weaken:
    description:
      - Use declared values also if they are weaker than the present ones.
    type: bool
    default: false
seealso:
  - module: hardening.iam.assessment_info
  - module: amazon.aws.iam_password_policy
"""

EXAMPLES = r"""
- name: Set the password policy that CIS AWS Foundations requires
  hardening.iam.password_policy:
    account_id: "111122223333"
    minimum_password_length: 14
    require_symbols: true
    require_numbers: true
    require_uppercase_characters: true
    require_lowercase_characters: true
    allow_users_to_change_password: true
    password_reuse_prevention: 24

- name: See the changes in another account without writing to it
  hardening.iam.password_policy:
    mode: report
    account_id: "222233334444"
    assessor_role_arn: arn:aws:iam::222233334444:role/iam-hardening/assessor
    minimum_password_length: 16

- name: Turn forced password rotation off
  hardening.iam.password_policy:
    account_id: "111122223333"
    max_password_age: "off"
    allow_weaken: true

- name: Let passwords expire after 90 days, and accept that some expire today
  hardening.iam.password_policy:
    account_id: "111122223333"
    max_password_age: 90
    accept_expiry_of: [alice, bob]
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
findings:
  description:
    - The findings of the controls on the password policy before any change, as selected by O(return_findings).
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
      description: The resource that is changed.
      type: str
    before:
      description: The settings before the change. Empty if the account had no policy.
      type: dict
    after:
      description: The settings after the change. Empty if the policy is removed.
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
    - rule: expiry
      reason: >-
        with max_password_age 90 the password of alice, bob would expire at once; accept_expiry_of must name every user
        for whom that is accepted
      target: arn:aws:iam::111122223333:account-password-policy
      operation: UpdateAccountPasswordPolicy
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._capabilities.password_policy.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "minimum_password_length": {"type": "int", "no_log": False},
        "require_symbols": {"type": "bool"},
        "require_numbers": {"type": "bool"},
        "require_uppercase_characters": {"type": "bool"},
        "require_lowercase_characters": {"type": "bool"},
        "allow_users_to_change_password": {"type": "bool", "no_log": False},
        "max_password_age": {"type": "str", "no_log": False},
        "password_reuse_prevention": {"type": "str", "no_log": False},
        "hard_expiry": {"type": "bool"},
        "accept_expiry_of": {"type": "list", "elements": "str", "default": []},
        "allow_weaken": {"type": "bool", "default": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
