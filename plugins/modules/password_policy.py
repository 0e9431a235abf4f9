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
  - Sets the password policy for the IAM users of an account. What is not declared stays as it is.
  - By default the policy is only raised. Of the present and the declared value of each setting the stricter one
    holds, and the task warns of what it kept. O(allow_weaken=true) lets every declared value hold.
  - AWS replaces the whole policy with every update, so the request always carries every setting. In an account
    without a policy, a setting that is not declared starts from AWS's default policy, with a length of 8 and everything
    else off.
  - AWS's default policy demands three of the four kinds of characters, which a policy of its own can't express. Where
    that is replaced, at least three of O(require_symbols), O(require_numbers), O(require_uppercase_characters) and
    O(require_lowercase_characters) are needed, or O(allow_weaken=true).
  - Root is under no password policy.
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
  state:
    description:
      - V(present) sets what is declared, and needs at least one setting.
      - V(absent) removes the policy, so that AWS's default policy holds. That is refused without
        O(allow_weaken=true).
    type: str
    choices: [present, absent]
    default: present
  minimum_password_length:
    description:
      - How many characters a password must have, from 6 to 128.
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
      - Whether users may change their own password. Neither value is stricter, so the declared one always holds.
    type: bool
  max_password_age:
    description:
      - After how many days a password expires, from 1 to 1095, or V(off). Fewer days are stricter.
      - A shorter age holds at once for the passwords that exist. Where that makes any of them expire, the change is
        refused unless O(accept_expiry_of) names their users.
      - Forced changes make people choose weaker passwords. See C(docs/password_policy.md).
    type: str
  password_reuse_prevention:
    description:
      - How many former passwords can't be used again, from 1 to 24, or V(off).
    type: str
  hard_expiry:
    description:
      - Whether a user whose password has expired needs an administrator to set a new one.
      - It is refused unless two administrator roles can be entered without the password of an IAM user.
    type: bool
  accept_expiry_of:
    description:
      - The names of users whose passwords may expire at once.
    type: list
    elements: str
    default: []
  allow_weaken:
    description:
      - Let the declared values hold where they are weaker than the present ones.
    type: bool
    default: false
seealso:
  - module: hardening.iam.assessment_info
  - module: amazon.aws.iam_password_policy
"""

EXAMPLES = r"""
- name: Raise the password policy to what CIS AWS Foundations asks for
  hardening.iam.password_policy:
    account_id: "111122223333"
    minimum_password_length: 14
    require_symbols: true
    require_numbers: true
    require_uppercase_characters: true
    require_lowercase_characters: true
    allow_users_to_change_password: true
    password_reuse_prevention: 24

- name: See what would change in another account, never writing to it
  hardening.iam.password_policy:
    mode: report
    account_id: "222233334444"
    assessor_role_arn: arn:aws:iam::222233334444:role/iam-hardening/assessor
    minimum_password_length: 16

- name: Switch forced rotation off
  hardening.iam.password_policy:
    account_id: "111122223333"
    max_password_age: "off"
    allow_weaken: true

- name: Let passwords expire after 90 days, knowing whose expire today
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
    - What the controls of the password policy said before any change, as O(return_findings) says.
    - They have the fields that M(hardening.iam.assessment_info) returns.
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
      description: What is changed.
      type: str
    before:
      description: The settings that were found. Empty where the account had no policy.
      type: dict
    after:
      description: The settings that are left. Empty where the policy was removed.
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
      description: What would have been changed.
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
from ..module_utils._module.task import Entry, finish


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
