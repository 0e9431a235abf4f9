#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_scope
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Narrow existing IAM policies to resources and conditions
description:
  - Narrows customer managed policies and inline policies. Wide resources are replaced by ARNs, statements are divided by type of
    resource, and conditions on MFA, networks and times are added. Every Deny is kept.
  - A new document is written only if it is proved that it allows nothing beyond the old one.
  - The recorded use of all principals that have the policy is read first. If a use breaks, may break or is not known, the change is
    refused, see O(accept_breakage).
  - A condition that locks principals out, or that has no effect, is refused. The refusal shows the correct form.
  - Policies of AWS are never changed. O(targets[].copy) makes a narrowed copy, attaches it, and then detaches the policy of AWS.
  - Policies of the caller, of break-glass principals, and of principals of AWS or a landing zone are not changed.
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
  - hardening.iam._ownership
  - hardening.iam._ownership.plan
  - hardening.iam._assessment
  - hardening.iam._evidence
  - hardening.iam._evidence.prediction
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  targets:
    description:
      - The policies, each with what is to be done. If several targets select a policy, they are applied in their order.
    type: list
    elements: dict
    default: []
    suboptions:
      policies:
        description:
          - Globs for managed policies. They match the name. If they begin with C(arn:), they match the ARN, which contains the path.
          - A policy that others have too changes for all of them. The plan names them.
        type: list
        elements: str
        default: []
      inline_policies:
        description:
          - Globs for the names of inline policies of O(targets[].users), O(targets[].groups) and O(targets[].roles).
        type: list
        elements: str
        default: []
      users:
        description:
          - Globs for users, for O(targets[].inline_policies) and O(targets[].copy). They match the name, or the ARN if they begin with
            C(arn:).
        type: list
        elements: str
        default: []
      groups:
        description:
          - Globs for groups, as in O(targets[].users).
        type: list
        elements: str
        default: []
      roles:
        description:
          - Globs for roles, as in O(targets[].users).
        type: list
        elements: str
        default: []
      statements:
        description:
          - Globs for the ids of the statements to change. Defaults to all statements that allow something.
        type: list
        elements: str
        default: []
      resources:
        description:
          - ARNs that take the place of wider resources. A resource that is not wider than one of them stays.
          - Actions for which AWS knows no resource, and actions of another type of resource, keep theirs. RV(policies) lists them.
        type: list
        elements: dict
        default: []
        suboptions:
          actions:
            description:
              - Patterns of actions as in policies, such as V(s3:Get*).
            type: list
            elements: str
            default: ["*"]
          arns:
            description:
              - ARNs, with C(*) and C(?).
            type: list
            elements: str
            required: true
      seen_resources:
        description:
          - Replace wide resources by those of the recorded calls, where O(targets[].resources) says nothing on an action. Ids that
            live short become patterns.
          - An action keeps its resources if no call of it was recorded, if one of its calls shows no resource, or if not all of its
            calls are recorded. See O(assume_logged).
          - All actions keep their resources if the record of a principal is shorter than 14 days.
        type: bool
        default: false
      split:
        description:
          - Divide statements whose actions are about several types of resources, so that each action is on resources of its type.
        type: bool
        default: false
      mfa:
        description:
          - Require MFA. It is refused if a service, a federated identity or a user without a password has the policy.
        type: dict
        suboptions:
          max_age:
            description:
              - The number of seconds since the sign-in with MFA.
            type: int
            default: 3600
      network:
        description:
          - Deny requests from outside of known networks, by a statement of its own.
          - It is refused if the policy has a Deny outside of other networks for the same actions. Remove that Deny first.
          - Requests of AWS services on behalf of the principal stay allowed.
        type: dict
        suboptions:
          ip_ranges:
            description:
              - Public ranges. Private ones are refused, because AWS never sees them.
            type: list
            elements: str
            default: []
          vpcs:
            description:
              - Ids of VPCs. At least one VPC or VPC endpoint is needed.
            type: list
            elements: str
            default: []
          vpc_endpoints:
            description:
              - Ids of VPC endpoints.
            type: list
            elements: str
            default: []
      time_window:
        description:
          - Allow only between two times, in UTC. IAM knows no time of the day and no weekday.
        type: dict
        suboptions:
          start:
            description:
              - The start, such as V(2026-12-01T00:00:00Z).
            type: str
          end:
            description:
              - The end, such as V(2026-12-08T00:00:00Z).
            type: str
      conditions:
        description:
          - Conditions to add, in the form of the C(Condition) block of a statement. They take the place of conditions with the same
            operator and key.
        type: dict
      document:
        description:
          - The whole new document, as a structure, as JSON text, or as the path of a JSON or YAML file. It excludes the other ways.
        type: raw
      copy:
        description:
          - The customer managed policy that takes the place of one policy of AWS. O(targets[].users), O(targets[].groups) and
            O(targets[].roles) select who gets it.
          - A document that is too large is divided. Further policies get the name with V(-2), V(-3) and so on.
        type: dict
        suboptions:
          name:
            description:
              - The name of the policy.
            type: str
            required: true
          path:
            description:
              - The path of the policy.
            type: str
            default: /
  assume_logged:
    description:
      - Kinds of calls that count as recorded if it is not known which trail wrote O(trail_logs). By default an action of such a kind keeps
        its resources with O(targets[].seen_resources).
      - Kinds that a trail is known to leave out never count as recorded.
    type: list
    elements: str
    choices: [data, management_read, management_write]
    default: []
  accept_unproven:
    description:
      - Accepted documents for which it is not proved that they allow nothing more, by policy. A document that is proved
        to allow more is refused in any case.
    type: list
    elements: dict
    default: []
    suboptions:
      policy:
        description:
          - The name or ARN of a managed policy. An inline policy is named with its owner, such as V(role/app/queue). No globs.
        type: str
        required: true
      reason:
        description:
          - The reason.
        type: str
        required: true
      expires:
        description:
          - The last day, in UTC, at most 365 days ahead.
        type: str
        required: true
seealso:
  - module: hardening.iam.policy_validation_info
  - module: hardening.iam.policy_impact_info
  - module: hardening.iam.rollback
"""

EXAMPLES = r"""
- name: Replace the wildcard resources of a policy, without writing anything
  hardening.iam.policy_scope:
    mode: report
    account_id: "111122223333"
    targets:
      - policies: [DataReader]
        split: true
        resources:
          - actions: ["s3:*"]
            arns:
              - arn:aws:s3:::production-data-bucket
              - arn:aws:s3:::production-data-bucket/*

- name: Take the resources of an inline policy from the recorded calls
  hardening.iam.policy_scope:
    account_id: "111122223333"
    trail_logs: s3://example-trail
    targets:
      - inline_policies: [data]
        roles: ["app-*"]
        seen_resources: true

- name: Deny a policy outside of known networks, and require MFA for people
  hardening.iam.policy_scope:
    account_id: "111122223333"
    break_glass: ["arn:aws:iam::111122223333:role/break-glass"]
    targets:
      - policies: [Support]
        mfa: {max_age: 3600}
        network:
          ip_ranges: [203.0.113.0/24]
          vpcs: [vpc-0abc1234def567890]

- name: Exchange a policy of AWS for a narrowed copy
  hardening.iam.policy_scope:
    account_id: "111122223333"
    targets:
      - policies: [AmazonS3FullAccess]
        roles: [app]
        copy: {name: app-s3}
        resources:
          - arns: ["arn:aws:s3:::app-data", "arn:aws:s3:::app-data/*"]
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
    - The findings on the content of policies before any change, as selected by O(return_findings).
    - They have the fields that M(hardening.iam.assessment_info) returns.
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description: The changes that no guard refused, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: Always V(global).
      type: str
    service:
      description: Always V(iam).
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The ARN of the policy, or of the user, the group or the role.
      type: str
    before:
      description:
        - The state before the change. The document of a policy, the number of versions with a document, an inline policy, or an
          attached policy. Empty if there was no policy.
      type: dict
    after:
      description:
        - The state after the change, in the same form.
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
      description:
        - The API operation and parameters that undo the change. For an inline policy and a deleted version they include the document.
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
      description:
        - The guard that refused the change. Some of them are V(locks_out) and V(no_effect) (a condition), V(widening) and V(unproven)
          (the proof), V(prediction), V(in_use), and V(does_not_fit).
      type: str
    reason:
      description: The reason, and the next step.
      type: str
    target:
      description: The resource that would have been changed.
      type: str
    operation:
      description: The API operation that was refused.
      type: str
    owner:
      description: The owner of the target, if the guard C(foreign_owner) or C(drift_war) refused the change. The keys are those of
        RV(hardening.iam.ownership_info#module:owners).
      type: dict
    patch:
      description: The change as a snippet of CloudFormation or Terraform, for the owner to apply, if the owner's template is known.
      type: str
    corrected:
      description:
        - The correct form, if a condition locks principals out or has no effect. Values that only you know are in angle brackets.
      type: dict
      contains:
        text:
          description: The correct form in words.
          type: list
          elements: str
        document:
          description: The whole document with the correct form.
          type: dict
        trust_policy_condition:
          description: The condition on MFA that the trust policies of roles for people have.
          type: dict
  sample:
    - rule: no_effect
      reason: >-
        policy reader stays as it is: aws:SourceIp is never in 10.0.0.0/8: behind a VPC endpoint aws:VpcSourceIp has
        such an address. Correct form: deny outside of known networks by three operators together
      target: arn:aws:iam::111122223333:policy/reader
      operation: ""
policies:
  description: The selected policies of the account. Policies of AWS are not among them.
  returned: success
  type: list
  elements: dict
  contains:
    policy:
      description: The ARN of a managed policy; of an inline policy, that of its user, group or role.
      type: str
    name:
      description: The name of the policy.
      type: str
    inline:
      description: Whether it is an inline policy.
      type: bool
    changes:
      description: Whether it gets a new document, if no guard refuses that.
      type: bool
    holders:
      description: The ARNs of the users and roles whose permissions it decides on.
      type: list
      elements: str
    kept_wide:
      description: Actions that keep a resource with a wildcard.
      type: list
      elements: dict
      contains:
        actions:
          description: The actions.
          type: list
          elements: str
        why:
          description: The reason.
          type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._capabilities.policy_scope.run import REGISTRATION, run
from ..module_utils._module.arguments import CONVERGE_ARGUMENTS, ORGANIZATION_ARGUMENTS, PLAN_OWNERS_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._prediction.records.evidence_options import EVIDENCE_ARGUMENTS

_TEXTS: t.Final = {"type": "list", "elements": "str", "default": []}
_TARGET: t.Final = {
    "policies": _TEXTS,
    "inline_policies": _TEXTS,
    "users": _TEXTS,
    "groups": _TEXTS,
    "roles": _TEXTS,
    "statements": _TEXTS,
    "resources": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "actions": {**_TEXTS, "default": ["*"]},
            "arns": {"type": "list", "elements": "str", "required": True},
        },
    },
    "seen_resources": {"type": "bool", "default": False},
    "split": {"type": "bool", "default": False},
    "mfa": {"type": "dict", "options": {"max_age": {"type": "int", "default": 3600}}},
    "network": {"type": "dict", "options": {"ip_ranges": _TEXTS, "vpcs": _TEXTS, "vpc_endpoints": _TEXTS}},
    "time_window": {"type": "dict", "options": {"start": {"type": "str"}, "end": {"type": "str"}}},
    "conditions": {"type": "dict"},
    "document": {"type": "raw"},
    "copy": {
        "type": "dict",
        "options": {"name": {"type": "str", "required": True}, "path": {"type": "str", "default": "/"}},
    },
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        **CONVERGE_ARGUMENTS,
        **PLAN_OWNERS_ARGUMENTS,
        **EVIDENCE_ARGUMENTS,
        "targets": {"type": "list", "elements": "dict", "default": [], "options": _TARGET},
        "assume_logged": {
            "type": "list",
            "elements": "str",
            "choices": ["data", "management_read", "management_write"],
            "default": [],
        },
        "accept_unproven": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {name: {"type": "str", "required": True} for name in ("policy", "reason", "expires")},
        },
    }


ENTRY = Entry(argument_spec=argument_spec, operations=REGISTRATION.operations, run=run, writer=REGISTRATION.writer)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
