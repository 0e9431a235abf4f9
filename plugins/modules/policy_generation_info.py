#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_generation_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Read the policies that IAM Access Analyzer generates, and compare them with those of today
description:
  - Reads the newest policy generation job of each user and role, and compares its policy with the policies of today, action by action.
  - RV(principals[].left_out) says what the generated policy leaves out, such as C(iam:PassRole) and calls on data.
  - With O(request), AWS is asked to start the job of one principal. AWS runs one job at a time in an account and region, and 50 a day in
    most regions. So a run starts one job at most. Run again to read it and to start the next one.
  - A job of somebody else is never cancelled. The reason names its principal, and the next run starts the next job.
  - Nothing in the account is changed, and a generated policy is never applied. M(hardening.iam.least_privilege_info) generates policies
    with resources, passed roles, coverage and a proof.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._access
  - hardening.iam._access.regions
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  principals:
    description:
      - Users and roles, by ARN, by name or as V(role/NAME) or V(user/NAME), with C(*) and C(?). A pattern that matches nobody fails
        the task.
      - AWS generates no policies for groups, so RV(skipped) lists them.
    type: list
    elements: str
    required: true
  request:
    description:
      - Whether AWS is asked to start a job for a principal that has none, or whose last one failed or is outdated. Those without any job
        come first, then those whose last job is the longest ago.
      - Check mode starts no job.
      - It is started in the role of the class V(detective) in O(assume_role_arns), else in O(assume_role_arn) or O(assessor_role_arn).
        It needs C(access-analyzer:StartPolicyGeneration), and C(iam:PassRole) on O(access_role_arn).
    type: bool
    default: false
  access_role_arn:
    description:
      - The role that Access Analyzer assumes to read the trail and its log files, in the same account. Required with O(request).
      - It trusts C(access-analyzer.amazonaws.com). It needs C(cloudtrail:GetTrail), C(iam:GenerateServiceLastAccessedDetails) and
        C(iam:GetServiceLastAccessedDetails), on the log bucket C(s3:GetObject) and C(s3:ListBucket), and on its key C(kms:Decrypt).
    type: str
  trails:
    description:
      - ARNs of the trails that a job reads. Defaults to a trail of the account that logs in all regions.
    type: list
    elements: str
    default: []
  days:
    description:
      - How many days of log files a job reads, from 1 to 90. A job with fewer days is named in RV(principals[].left_out).
    type: int
    default: 90
  resource_placeholders:
    description:
      - Whether AWS writes placeholders such as C(arn:aws:s3:::${BucketName}) where an action takes a resource, instead of V(*). They are
        no valid resources until somebody fills them in.
    type: bool
    default: false
  return_lists:
    description:
      - How much of the lists is returned. V(short) returns 20 entries of each, V(none) returns none.
    type: str
    choices: [none, short, all]
    default: short
  now:
    description:
      - The time that counts as now, in ISO 8601. Defaults to the start of the task.
    type: str
seealso:
  - module: hardening.iam.least_privilege_info
  - name: Policy generation
    description: The evidence that Access Analyzer uses, and what it does not include.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-generation.html
"""

EXAMPLES = r"""
- name: Compare the policies that AWS generated in the last seven days with those of today
  hardening.iam.policy_generation_info:
    principals: [role/dev-*]
    region: eu-west-1

- name: Start the next job. Run this task every hour until nothing is running or waiting
  hardening.iam.policy_generation_info:
    principals: [role/dev-*]
    region: eu-west-1
    request: true
    access_role_arn: arn:aws:iam::111122223333:role/service-role/AccessAnalyzerMonitorServiceRole
  register: generated
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "111122223333"
region:
  description: The region whose jobs were read, which is that of the connection.
  returned: success
  type: str
  sample: eu-west-1
counts:
  description: The number of principals by outcome.
  returned: success
  type: dict
  sample: {compared: 4, running: 1, waiting: 10}
requested:
  description: The job that was started, or none.
  returned: success
  type: dict
  contains:
    principal:
      description: The ARN of its principal.
      type: str
    job_id:
      description: The id of the job.
      type: str
principals:
  description: The principals, by ARN.
  returned: success
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN.
      type: str
    outcome:
      description:
        - V(compared) has a policy of AWS. V(running) has a job that is under way.
        - V(absent) has no job in the last seven days. V(waiting) gets one in a later run.
        - V(failed) is a job that failed or was cancelled, and V(outdated) one of an earlier principal with the same ARN.
        - V(not_assessed) could not be read, started or compared.
      type: str
    reason:
      description: The reason if nothing was compared, and the next step.
      type: str
    job:
      description: The newest job, with its id, status and times.
      type: dict
    since:
      description: The begin of the time that AWS looked at.
      type: str
    until:
      description: The end of the time that AWS looked at.
      type: str
    trails:
      description: The trails that AWS read.
      type: list
      elements: str
    is_complete:
      description: Whether AWS says that the policy has all actions of the services in use.
      type: bool
    documents:
      description: The generated policies, as AWS wrote them. A long policy comes in parts.
      type: list
      elements: str
    totals:
      description: Numbers of actions, by the list of actions that AWS publishes.
      type: dict
      contains:
        granted:
          description: Actions that the policies of today grant.
          type: int
        aws_would_keep:
          description: Those of them that the generated policy has.
          type: int
        aws_would_remove:
          description: Those of them that it does not have.
          type: int
        beyond:
          description: Actions that only the generated policy grants.
          type: int
    aws_would_keep:
      description: Actions of today that the generated policy has.
      type: list
      elements: str
    aws_would_remove:
      description: Actions of today that the generated policy does not have, by service.
      type: list
      elements: dict
      contains:
        service:
          description: The prefix of the service.
          type: str
        count:
          description: The number of actions.
          type: int
        actions:
          description: The actions, without the prefix of the service.
          type: list
          elements: str
    beyond:
      description: Actions that only the generated policy grants. AWS does not say that it ignores denied calls.
      type: list
      elements: str
    placeholders:
      description: Resources and actions of the generated policy that are to be filled in.
      type: list
      elements: str
    left_out:
      description: Sentences about what the generated policy leaves out, or does not tell.
      type: list
      elements: str
skipped:
  description: Groups, and principals of AWS and of landing zones, with the reason.
  returned: success
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS, REGIONS_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._questions.policy_generation.run import ARGUMENTS, OPERATIONS, run


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, **REGIONS_ARGUMENTS, **ARGUMENTS}


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
