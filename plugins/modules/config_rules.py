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
  - Creates the managed rules of AWS Config on IAM, each only in the regions where it is needed.
  - Periodic rules judge the whole account and are created in one region. Rules that are triggered by changes of IAM are created where IAM
    is recorded. The rule on external access analyzers is created in every region.
  - An existing rule of somebody else counts too, also one of Security Hub, AWS Control Tower, a conformance pack or the organization.
    Such rules are never changed.
  - The names of this module's rules begin with C(iam-hardening-). The rules have the tag C(iam-hardening:managed). Tags that others add
    are kept.
  - Reports problems of recorders and delivery channels. Creates a recorder and its channel only with O(recorder), and only in regions
    without one.
  - All regions are read and changed in parallel. If a region can't be read, nothing is planned there. The other regions are not
    affected.
  - Evaluations and recorded changes cost money. C(docs/config_rules.md) explains how to count them.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._access.regions
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
  default_rules:
    description:
      - Whether the rules that C(docs/config_rules.md) marks as default are declared.
    type: bool
    default: true
  rules:
    description:
      - Rules of that list to add, to change or to leave out.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The rule, such as V(password-policy), or AWS's identifier of it.
        type: str
        required: true
      enabled:
        description:
          - Whether the rule is declared. A rule that is not declared is ignored. O(remove_rules) removes it.
        type: bool
        default: true
      parameters:
        description:
          - The parameters by AWS's names. Booleans, numbers and lists are converted to AWS's format. An empty value leaves a parameter
            out. Other parameters have the defaults of this collection.
          - A rule of somebody else counts only if it has the same value of each parameter that is named here.
          - C(MaxPasswordAge) has no default, because forced password changes lead to weaker passwords.
        type: dict
        default: {}
      frequency:
        description:
          - The interval at which the rule runs. For periodic rules only.
        type: str
        choices: [One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours]
  extra_rules:
    description:
      - Other managed rules of AWS. They are created under their own names, even if somebody else already has the rule.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The part of the name after C(iam-hardening-).
        type: str
        required: true
      identifier:
        description:
          - AWS's identifier of the rule, such as V(IAM_GROUP_HAS_USERS_CHECK).
        type: str
        required: true
      description:
        description:
          - A description for a new rule.
        type: str
      parameters:
        description:
          - All parameters by AWS's names.
        type: dict
        default: {}
      resource_types:
        description:
          - The types of resources whose changes trigger the rule. By default an existing rule keeps its types.
        type: list
        elements: str
        default: []
      frequency:
        description:
          - The interval at which a periodic rule runs. Defaults to AWS's default.
        type: str
        choices: [One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours]
      regions:
        description:
          - The regions of the rule. Defaults to O(iam_region).
        type: list
        elements: str
        default: []
  remove_rules:
    description:
      - Names of rules of this module to remove in all O(regions), together with their results.
      - Rules of somebody else are never removed.
    type: list
    elements: str
    default: []
  iam_region:
    description:
      - The region of rules and recordings that are needed only once. It must be among O(regions).
      - Defaults to IAM's home region if it is among O(regions), else to the first of them.
    type: str
  recorder:
    description:
      - Creates and starts a recorder of all types of resources, with a delivery channel, in regions without a recorder. IAM is recorded
        in one region only, and not if another region already records it.
      - A recorder of somebody else is never changed.
      - No recorder is created if AWS Control Tower records in the account. Neither is one created in a region where an AWS service has
        its own recorder, or where somebody else has a delivery channel.
      - AWS charges for each recorded change.
    type: dict
    suboptions:
      bucket:
        description:
          - The bucket for delivery. Its policy must allow AWS Config to write.
        type: str
        required: true
      prefix:
        description:
          - The prefix of keys in the bucket.
        type: str
      kms_key_arn:
        description:
          - The KMS key that encrypts the delivered objects.
        type: str
      sns_topic_arn:
        description:
          - The SNS topic for notices of changes and deliveries.
        type: str
      role_arn:
        description:
          - The role that AWS Config reads with. Defaults to its service-linked role, which must exist.
        type: str
  scope:
    description:
      - V(organization) creates rules of the organization, which AWS Config deploys to all of its accounts. Only the management account,
        or a delegated administrator of C(config-multiaccountsetup.amazonaws.com), can do that.
      - Rules of the organization whose names begin with C(iam-hardening-) then count as rules of this module.
    type: str
    choices: [account, organization]
    default: account
  excluded_accounts:
    description:
      - The accounts that do not get the rules of the organization. By default an existing rule keeps its excluded accounts.
    type: list
    elements: str
  tags:
    description:
      - Tags for the rules and recorders that this module creates. Other tags on them are kept.
    type: dict
    default: {}
seealso:
  - module: hardening.iam.assessment_info
  - module: hardening.iam.security_hub
"""

EXAMPLES = r"""
- name: See which rules are missing in all regions, without writing to the account
  hardening.iam.config_rules:
    mode: report
    account_id: "111122223333"
    regions: [enabled]
    assessor_role_arn: arn:aws:iam::111122223333:role/iam-hardening/assessor

- name: Create the default rules with other password settings, and one more rule

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

- name: Create recorders in regions without one, and the rules there

  hardening.iam.config_rules:
    account_id: "111122223333"
    regions: [enabled]
    recorder:
      bucket: acme-config-111122223333

- name: Create the rules in all accounts of the organization

  hardening.iam.config_rules:
    account_id: "444455556666"
    regions: [us-east-1]
    scope: organization
    excluded_accounts: ["777788889999"]

- name: Remove rules of this module

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
    - The findings of the controls on recorders and rules before any change, as selected by O(return_findings).
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
        - The resource that is changed, as an ARN that ends in its name. Real ARNs of rules end in an id that only AWS knows.
      type: str
    before:
      description:
        - The state before the change. Empty if there was nothing.
        - Rules have C(identifier), C(parameters), C(frequency) and C(resource_types); recorders C(role_arn),
          C(all_supported) and C(includes_iam); channels C(bucket), C(prefix), C(kms_key_arn) and C(sns_topic_arn).
      type: dict
    after:
      description: The state after the change. Empty if nothing is left.
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
    - rule: no_recorder
      reason: "eu-west-1: AWS Config has no recorder there, without which no rule can be made"
      target: arn:aws:config:eu-west-1:111122223333:configuration-recorder/*
      operation: PutConfigRule
rules:
  description: The declared rules before any change, in each region where they belong.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The rule, as named in O(rules) or O(extra_rules).
      type: str
    region:
      description: The region.
      type: str
    identifier:
      description: AWS's name for it.
      type: str
    status:
      description:
        - V(present) for a rule of this module, V(by_others) for a rule of somebody else that counts, or V(missing).
      type: str
    name:
      description: The name of the existing rule, if there is one.
      type: str
    created_by:
      description: The AWS service that owns the rule, if any.
      type: str
  sample:
    - rule: root-mfa
      region: us-east-1
      identifier: ROOT_ACCOUNT_MFA_ENABLED
      status: by_others
      name: securityhub-root-account-mfa-enabled-0a1b2c3d
      created_by: securityhub.amazonaws.com
costs:
  description: The costs of the planned changes, as far as they can be counted. See C(docs/config_rules.md).
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option that causes the cost.
      type: str
    unit:
      description: The unit that is counted.
      type: str
    count:
      description: The number of units more than before.
      type: int
    note:
      description: The use that AWS charges for.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.config_rules.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry

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
