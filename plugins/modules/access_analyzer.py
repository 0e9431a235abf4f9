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
  - Creates analyzers of external access, which are free, and the declared analyzers of unused and internal access, which cost money.
    Also manages their archive rules.
  - Any active analyzer of the declared type in a region is enough, under any name. An analyzer that is being created, has failed or is
    disabled does not count.
  - Analyzers that an AWS service created for itself are ignored. Tags that others set are kept. The module tags only analyzers that it
    created.
  - All regions are read and changed in parallel. If a region can't be read, nothing is planned there. The other regions are not
    affected.
  - Removing an analyzer deletes its findings and can't be undone. Only the analyzers in O(remove_analyzers) are removed.
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
  external:
    description:
      - The analyzer of external access that each of O(regions) must have.
      - V(any) accepts an analyzer of the account or of its organization, and creates one of the account if there is neither. Regions in
        the threshold C(organization_analyzer_regions) are already analyzed from another account.
      - V(account) requires an analyzer of the account, as Security Hub does.
      - V(organization) requires an analyzer of the organization. Only the management account and the delegated administrator of
        C(access-analyzer.amazonaws.com) can have one.
    type: str
    choices: [any, account, organization, none]
    default: any
  unused:
    description:
      - An analyzer of unused access. AWS charges for each analyzed IAM user and role, every month.
      - IAM is a global service, so one analyzer is enough.
    type: dict
    suboptions:
      scope:
        description:
          - The zone of trust, whose principals are analyzed.
        type: str
        choices: [account, organization]
        default: account
      region:
        description:
          - The region of the analyzer. Defaults to the home region of IAM.
        type: str
      unused_access_age:
        description:
          - The number of days without use after which access counts as unused, from 1 to 365.
          - Defaults to 90 for a new analyzer. An existing analyzer keeps its value.
        type: int
      exclusions:
        description:
          - The accounts and principals that are not analyzed. The list replaces the present one. By default the present one stays.
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
      - Analyzers of internal access. They find who in the account or organization can reach the listed resources. AWS charges for each
        resource, every month.
    type: dict
    suboptions:
      scope:
        description:
          - The zone of trust, whose principals are analyzed.
        type: str
        choices: [account, organization]
        default: account
      regions:
        description:
          - The regions of the resources. Defaults to O(regions).
        type: list
        elements: str
      inclusions:
        description:
          - The resources. A resource must match all criteria of an entry. An ARN that names a region is declared in that region only.
          - Only these resources are analyzed.
        type: list
        elements: dict
        required: true
        suboptions:
          account_ids:
            description:
              - The accounts that own the resources.
            type: list
            elements: str
          resource_types:
            description:
              - The types of the resources, such as V(AWS::S3::Bucket).
            type: list
            elements: str
          resource_arns:
            description:
              - The ARNs of the resources.
            type: list
            elements: str
  archive_rules:
    description:
      - Archive rules for all active analyzers of a kind. They archive findings that were reviewed and are intended.
      - On the day after O(archive_rules[].expires) the rule is a finding, and its removal is planned. Findings that it archived stay
        archived, see C(docs/access_analyzer.md).
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
          - The kind of analyzer that the rule applies to.
        type: str
        choices: [external, unused, internal]
        default: external
      filter:
        description:
          - The findings to archive, as a mapping from attributes of findings to C(eq), C(neq), C(contains) or C(exists). A finding must
            match all attributes.
          - A filter that names no resource, principal or condition is a finding of the control C(archive_rule_broad).
        type: dict
        required: true
      reason:
        description:
          - The reason for the rule. AWS has no field for it, so it exists only here.
        type: str
        required: true
      expires:
        description:
          - The last day, in UTC, on which the rule is valid. AWS has no field for it either.
        type: str
        required: true
      regions:
        description:
          - The regions that the rule applies to. Defaults to all.
        type: list
        elements: str
      apply_to_existing:
        description:
          - Whether findings from before the rule are archived as well. This happens once, when the rule is created or changed.
        type: bool
        default: true
  archive_rule_max_days:
    description:
      - The largest number of days ahead that a rule may expire.
    type: int
    default: 365
  remove_archive_rules:
    description:
      - The names of archive rules to remove.
    type: list
    elements: str
    default: []
  remove_analyzers:
    description:
      - The names of analyzers to remove, together with their findings. This can't be undone.
    type: list
    elements: str
    default: []
  name_prefix:
    description:
      - The prefix of the names of new analyzers. The kind of access follows, as in C(iam-hardening-external).
    type: str
    default: iam-hardening
  tags:
    description:
      - Tags for the analyzers that this module creates, besides C(iam-hardening:managed).
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
    - The findings of the controls on analyzers before any change, as selected by O(return_findings).
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
      description: The AWS service.
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The resource that is changed.
      type: str
    before:
      description: The state before the change. Empty if there was no such analyzer or rule.
      type: dict
    after:
      description: The state after the change. Empty if it is removed.
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
    - rule: organization
      reason: the account belongs to no organization
      target: arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/iam-hardening-external
      operation: CreateAnalyzer
costs:
  description: The costs of the declaration. External access is free and not listed.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option that causes the cost.
      type: str
    unit:
      description: The unit that is charged.
      type: str
    count:
      description: The largest possible number of units. Empty if it is not known.
      type: int
    note:
      description: The unit that is counted.
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
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry

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
