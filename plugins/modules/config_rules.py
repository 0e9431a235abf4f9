#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_rules
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Declare the managed rules of AWS Config on IAM
description:
  - Sees to it that the managed rules of AWS Config on IAM are there, each where it works and no more often than needed.
    Periodic rules judge the whole account, and are made in one region. Rules that changes of IAM trigger are made where
    IAM is recorded. The rule on external access analyzers is made in every region.
  - A rule that others made does as well, also one that Security Hub, AWS Control Tower, a conformance pack or the
    organization owns. None of these is ever changed.
  - Rules of this module have names that begin with C(iam-hardening-), and the tag C(iam-hardening:managed). Tags that
    others add to them are kept.
  - Tells what recorders and delivery channels lack. It makes them with O(recorder) only, and only where there is none.
  - All regions are read and changed side by side. Where one can't be read, nothing is planned there, and the others are
    as they would be.
  - Evaluations and recorded changes cost money. C(docs/config_rules.md) says how to count them.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._converge
  - hardening.iam._converge.journalled
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  default_rules:
    description:
      - Whether the rules that C(docs/config_rules.md) marks as default are declared.
    type: bool
    default: true
  rules:
    description:
      - Rules of that list to declare, to declare otherwise, or to leave out.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The rule, such as V(password-policy), or AWS's name for it.
        type: str
        required: true
      enabled:
        description:
          - Whether it is declared. One that is not is left as it is; O(remove_rules) removes it.
        type: bool
        default: true
      parameters:
        description:
          - Its parameters by AWS's names. Booleans, numbers and lists are written as AWS takes them. An empty value
            leaves a parameter out. Those that are not named have our defaults.
          - Where a parameter is named here, a rule of others has to have it to do.
          - C(MaxPasswordAge) has no default, since changes of passwords that are forced make for weaker ones.
        type: dict
        default: {}
      frequency:
        description:
          - How often it runs. It is for periodic rules only.
        type: str
        choices: [One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours]
  extra_rules:
    description:
      - Other managed rules of AWS. They are made under their own names, whatever others have made.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - What comes behind C(iam-hardening-) in its name.
        type: str
        required: true
      identifier:
        description:
          - AWS's name for it, such as V(IAM_GROUP_HAS_USERS_CHECK).
        type: str
        required: true
      description:
        description:
          - A description for a new rule.
        type: str
      parameters:
        description:
          - All of its parameters by AWS's names.
        type: dict
        default: {}
      resource_types:
        description:
          - The types of resources whose changes trigger it. Without them it keeps what it has.
        type: list
        elements: str
        default: []
      frequency:
        description:
          - How often it runs, if it is periodic. Without it, as AWS has it.
        type: str
        choices: [One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours]
      regions:
        description:
          - Where it is made. By default in the one region for what is judged once.
        type: list
        elements: str
        default: []
  remove_rules:
    description:
      - Names of rules of this module that are removed in all O(regions), with what they found.
      - What others made is never removed.
    type: list
    elements: str
    default: []
  iam_region:
    description:
      - The region for what is judged, or recorded, once. It must be among O(regions).
      - By default that is IAM's home region where it is among them, else the first one.
    type: str
  recorder:
    description:
      - A recorder of all types of resources, its delivery channel and its start, for the regions that have no recorder.
        IAM is included in one region alone, unless it is recorded in another one already.
      - A recorder of others is never changed. None is made where AWS Control Tower records in the account, where a
        service of AWS has a recorder of its own in the region, or where a delivery channel of others is.
      - AWS charges for each change that is recorded.
    type: dict
    suboptions:
      bucket:
        description:
          - The bucket that is delivered to. Its policy has to allow AWS Config to write.
        type: str
        required: true
      prefix:
        description:
          - What keys in the bucket begin with.
        type: str
      kms_key_arn:
        description:
          - The KMS key that encrypts what is delivered.
        type: str
      sns_topic_arn:
        description:
          - The topic that is told of changes and deliveries.
        type: str
      role_arn:
        description:
          - The role that AWS Config reads with. By default its service-linked role, which must be there.
        type: str
  scope:
    description:
      - V(organization) makes the rules as rules of the organization, which AWS Config brings to all of its accounts. Only
        the management account, or one that it delegates C(config-multiaccountsetup.amazonaws.com) to, can do that.
      - Rules of the organization whose names begin with C(iam-hardening-) are then taken for ours.
    type: str
    choices: [account, organization]
    default: account
  excluded_accounts:
    description:
      - The accounts that do not get the rules of the organization. By default those that a rule excludes stay excluded.
    type: list
    elements: str
  tags:
    description:
      - Tags for our rules, and for a recorder that is made. Others on them are kept.
    type: dict
    default: {}
seealso:
  - module: hardening.iam.assessment_info
  - module: hardening.iam.security_hub
"""

EXAMPLES = r"""
- name: See which rules are missing in all regions, never writing to the account
  hardening.iam.config_rules:
    mode: report
    account_id: "111122223333"
    regions: [enabled]
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor

- name: Have the default rules, with passwords judged as we do, and one rule more
  hardening.iam.config_rules:
    account_id: "111122223333"
    regions: [us-east-1, eu-west-1]
    rules:
      - name: password-policy
        parameters:
          MinimumPasswordLength: 16
      - name: security-contact
      - name: access-keys-rotated
        enabled: false

- name: Record in regions where nobody does, and have the rules there
  hardening.iam.config_rules:
    account_id: "111122223333"
    regions: [enabled]
    recorder:
      bucket: acme-config-111122223333

- name: Have the rules in all accounts of the organization
  hardening.iam.config_rules:
    account_id: "444455556666"
    regions: [us-east-1]
    scope: organization
    excluded_accounts: ["777788889999"]

- name: Take rules of ours away
  hardening.iam.config_rules:
    account_id: "111122223333"
    remove_rules: [access-keys-rotated]
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
    - What the controls on recorders and rules said before any change, as O(return_findings) says.
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
      description: The region.
      type: str
    service:
      description: Always V(config).
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description:
        - What is changed, as an ARN that ends in its name. Those of rules end in an id that only AWS knows.
      type: str
    before:
      description:
        - What was found. Empty where there was nothing.
        - Rules have C(identifier), C(parameters), C(frequency) and C(resource_types); recorders C(role_arn),
          C(all_supported) and C(includes_iam); channels C(bucket), C(prefix), C(kms_key_arn) and C(sns_topic_arn).
      type: dict
    after:
      description: What is left. Empty where nothing is.
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
    - rule: no_recorder
      reason: "eu-west-1: AWS Config has no recorder there, without which no rule can be made"
      target: arn:aws:config:eu-west-1:111122223333:configuration-recorder/*
      operation: PutConfigRule
rules:
  description: The rules that are declared, as found before any change in each region where they belong.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The rule, as O(rules) has it, or O(extra_rules).
      type: str
    region:
      description: The region.
      type: str
    identifier:
      description: AWS's name for it.
      type: str
    status:
      description:
        - V(present) for one of our name, V(by_others) where a rule of others does, and V(missing).
      type: str
    name:
      description: The name of the rule that is there, if there is one.
      type: str
    created_by:
      description: The service of AWS that owns it, if one does.
      type: str
  sample:
    - rule: root-mfa
      region: us-east-1
      identifier: ROOT_ACCOUNT_MFA_ENABLED
      status: by_others
      name: securityhub-root-account-mfa-enabled-0a1b2c3d
      created_by: securityhub.amazonaws.com
costs:
  description: What the planned changes cost, as far as it can be counted. C(docs/config_rules.md) says more.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option that costs.
      type: str
    unit:
      description: What is counted.
      type: str
    count:
      description: How many of it there are more than before.
      type: int
    note:
      description: What AWS charges for.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.config_rules.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.task import Entry, finish

_TEXTS: t.Final = {"type": "list", "elements": "str", "default": []}
_FREQUENCY: t.Final = {
    "type": "str",
    "choices": ["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"],
}
_RULES: t.Final = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool", "default": True},
        "parameters": {"type": "dict", "default": {}},
        "frequency": _FREQUENCY,
    },
}
_EXTRA_RULES: t.Final = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "name": {"type": "str", "required": True},
        "identifier": {"type": "str", "required": True},
        "description": {"type": "str"},
        "parameters": {"type": "dict", "default": {}},
        "resource_types": _TEXTS,
        "frequency": _FREQUENCY,
        "regions": _TEXTS,
    },
}
_RECORDER: t.Final = {
    "type": "dict",
    "options": {
        "bucket": {"type": "str", "required": True},
        "prefix": {"type": "str"},
        "kms_key_arn": {"type": "str", "no_log": False},
        "sns_topic_arn": {"type": "str"},
        "role_arn": {"type": "str"},
    },
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        "default_rules": {"type": "bool", "default": True},
        "rules": _RULES,
        "extra_rules": _EXTRA_RULES,
        "remove_rules": _TEXTS,
        "iam_region": {"type": "str"},
        "recorder": _RECORDER,
        "scope": {"type": "str", "choices": ["account", "organization"], "default": "account"},
        "excluded_accounts": {"type": "list", "elements": "str"},
        "tags": {"type": "dict", "default": {}},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
