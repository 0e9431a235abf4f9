#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access_analyzer
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Converge the analyzers of IAM Access Analyzer
description:
  - Sees to it that regions have an analyzer of external access, which is free, and as declared ones of unused and of internal access, which
    cost money; and keeps their archive rules.
  - Any active analyzer of the declared type in a region will do, whatever its name. One that is being created, has failed or is disabled
    will not.
  - Analyzers that a service of AWS made for itself are neither counted nor touched. Tags that others set are kept, and nothing is tagged
    that this module did not make.
  - All regions are read and changed side by side. Where one can't be read, nothing is planned there, and the others are as before.
  - A removed analyzer takes its findings with it. That happens only to those that O(remove_analyzers) names, and can't be undone.
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
  external:
    description:
      - Which analyzer of external access each of O(regions) is to have.
      - V(any) is content with one of the account or of its organization, and makes one of the account where there is neither. Regions that
        the threshold C(organization_analyzer_regions) names are watched from another account already.
      - V(account) asks for one of the account, as Security Hub does.
      - V(organization) asks for one of the organization. Only its management account, or the account that it delegates
        C(access-analyzer.amazonaws.com) to, can have one.
    type: str
    choices: [any, account, organization, none]
    default: any
  unused:
    description:
      - An analyzer of unused access. AWS charges for each IAM user and role that it looks at, every month.
      - IAM is in no region, so that one analyzer is enough.
    type: dict
    suboptions:
      scope:
        description:
          - Whose principals it looks at.
        type: str
        choices: [account, organization]
        default: account
      region:
        description:
          - Where it is. By default in the home region of IAM.
        type: str
      unused_access_age:
        description:
          - After how many days without use something is unused, from 1 to 365.
          - By default that is 90 for a new analyzer, and stays as it is for one that is there.
        type: int
      exclusions:
        description:
          - Who is left out. Where it is given, these and no others are. By default it stays as it is.
        type: list
        elements: dict
        suboptions:
          account_ids:
            description:
              - Accounts of the organization.
            type: list
            elements: str
          resource_tags:
            description:
              - Sets of tags. A principal that has all tags of a set is left out.
            type: list
            elements: dict
  internal:
    description:
      - Analyzers of internal access. They tell who in the account or organization can reach the resources that are named. AWS charges for
        each of these, every month.
    type: dict
    suboptions:
      scope:
        description:
          - Whose principals it looks at.
        type: str
        choices: [account, organization]
        default: account
      regions:
        description:
          - The regions that the resources are in. By default O(regions).
        type: list
        elements: str
      inclusions:
        description:
          - The resources. Each entry means those that fit all that it has. Where ARNs name a region, they are declared in that one alone.
          - These and no others are looked at.
        type: list
        elements: dict
        required: true
        suboptions:
          account_ids:
            description:
              - The accounts that own them.
            type: list
            elements: str
          resource_types:
            description:
              - Their types, such as V(AWS::S3::Bucket).
            type: list
            elements: str
          resource_arns:
            description:
              - Their ARNs.
            type: list
            elements: str
  archive_rules:
    description:
      - Archive rules for all active analyzers of a kind. They hide what was looked at and is meant to be.
      - On the day after O(archive_rules[].expires) a rule is a finding, and its removal is planned. Findings that it archived stay archived;
        see C(docs/access_analyzer.md).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the rule.
        type: str
        required: true
      access:
        description:
          - The kind of analyzer that it is for.
        type: str
        choices: [external, unused, internal]
        default: external
      filter:
        description:
          - What is archived, as a mapping from attributes of findings to C(eq), C(neq), C(contains) or C(exists). All must fit.
          - A filter that names no resource, principal or condition is a finding of the control C(archive_rule_broad).
        type: dict
        required: true
      reason:
        description:
          - Why this may be hidden. AWS has no place for it, so that it is kept here alone.
        type: str
        required: true
      expires:
        description:
          - The last day, in UTC, on which the rule holds. AWS has no place for it either.
        type: str
        required: true
      regions:
        description:
          - The regions that the rule is for. By default all.
        type: list
        elements: str
      apply_to_existing:
        description:
          - Whether findings that were there before the rule are archived as well, once, when the rule is made or changed.
        type: bool
        default: true
  archive_rule_max_days:
    description:
      - How many days ahead a rule may expire at most.
    type: int
    default: 365
  remove_archive_rules:
    description:
      - The names of archive rules that are to go.
    type: list
    elements: str
    default: []
  remove_analyzers:
    description:
      - The names of analyzers that are to go, with all that they found. That can't be undone.
    type: list
    elements: str
    default: []
  name_prefix:
    description:
      - What the names of new analyzers begin with. The kind of access follows, as in C(iam-hardening-external).
    type: str
    default: iam-hardening
  tags:
    description:
      - Tags for the analyzers that this module makes, besides C(iam-hardening:managed).
    type: dict
    default: {}
seealso:
  - module: hardening.iam.access_analyzer_findings_info
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: Watch external access in every region
  hardening.iam.access_analyzer:
    account_id: "111122223333"
    regions: [enabled]

- name: Watch the organization, and what is unused in it
  hardening.iam.access_analyzer:
    account_id: "111122223333"
    regions: [enabled]
    external: organization
    unused:
      scope: organization
      unused_access_age: 120
      exclusions:
        - account_ids: ["444455556666"]
        - resource_tags:
            - break-glass: "true"

- name: Hide the access of a partner until the contract ends
  hardening.iam.access_analyzer:
    account_id: "111122223333"
    regions: [eu-west-1]
    archive_rules:
      - name: partner
        filter:
          principal.AWS:
            eq: ["444455556666"]
          resource:
            eq: ["arn:aws:s3:::exchange"]
        reason: The partner delivers its files there
        expires: "2027-03-31"
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
    - What the controls of the analyzers said before any change, as O(return_findings) says.
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
      description: The AWS service.
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: What is changed.
      type: str
    before:
      description: What was found. Empty where there was no such analyzer or rule.
      type: dict
    after:
      description: What is left. Empty where it was removed.
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
    - rule: organization
      reason: the account belongs to no organization
      target: arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/iam-hardening-external
      operation: CreateAnalyzer
costs:
  description: What the declaration costs, beyond external access, which is free.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option that costs it.
      type: str
    unit:
      description: What is paid for.
      type: str
    count:
      description: How many of them there are at most. Empty where that is not known.
      type: int
    note:
      description: What is counted.
      type: str
  sample:
    - option: unused
      unit: IAM user or role, a month
      count: 62
      note: roles that are linked to a service are not counted by AWS
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.access_analyzer.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS
from ..module_utils._module.task import Entry, finish

_SCOPE: t.Final = {"type": "str", "choices": ["account", "organization"], "default": "account"}
_TEXTS: t.Final = {"type": "list", "elements": "str"}
_NAMES: t.Final = {"type": "list", "elements": "str", "default": []}
_EXCLUSION: t.Final = {"account_ids": _TEXTS, "resource_tags": {"type": "list", "elements": "dict"}}
_INCLUSION: t.Final = {"account_ids": _TEXTS, "resource_types": _TEXTS, "resource_arns": _TEXTS}
_UNUSED: t.Final = {
    "scope": _SCOPE,
    "region": {"type": "str"},
    "unused_access_age": {"type": "int"},
    "exclusions": {"type": "list", "elements": "dict", "options": _EXCLUSION},
}
_INTERNAL: t.Final = {
    "scope": _SCOPE,
    "regions": _TEXTS,
    "inclusions": {"type": "list", "elements": "dict", "options": _INCLUSION, "required": True},
}
_ARCHIVE_RULE: t.Final = {
    "name": {"type": "str", "required": True},
    "access": {"type": "str", "choices": ["external", "unused", "internal"], "default": "external"},
    "filter": {"type": "dict", "required": True},
    "reason": {"type": "str", "required": True},
    "expires": {"type": "str", "required": True},
    "regions": _TEXTS,
    "apply_to_existing": {"type": "bool", "default": True},
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        "external": {"type": "str", "choices": ["any", "account", "organization", "none"], "default": "any"},
        "unused": {"type": "dict", "options": _UNUSED},
        "internal": {"type": "dict", "options": _INTERNAL},
        "archive_rules": {"type": "list", "elements": "dict", "options": _ARCHIVE_RULE, "default": []},
        "archive_rule_max_days": {"type": "int", "default": 365},
        "remove_archive_rules": _NAMES,
        "remove_analyzers": _NAMES,
        "name_prefix": {"type": "str", "default": "iam-hardening"},
        "tags": {"type": "dict", "default": {}},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
