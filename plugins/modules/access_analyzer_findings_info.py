#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access_analyzer_findings_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: List the findings of IAM Access Analyzer
description:
  - Returns the findings of all active analyzers of external, unused and internal access, in all given regions.
  - With M(hardening.iam.assessment_info) and its option O(hardening.iam.assessment_info#module:detective) the active findings become
    findings of the assessment, one for each resource.
  - A region that can't be read is listed in RV(unread). The other regions are not affected.
  - Nothing in the account is changed. AWS generates recommendations on demand. The check mode of this collection does not count that as
    a read.
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
  access:
    description:
      - The kinds of analyzers to read.
    type: list
    elements: str
    choices: [external, unused, internal]
    default: [external, unused, internal]
  statuses:
    description:
      - The statuses of the findings to return. V(ARCHIVED) are those that an archive rule hides. An empty list means all.
    type: list
    elements: str
    choices: [ACTIVE, ARCHIVED, RESOLVED]
    default: [ACTIVE]
  types:
    description:
      - The types of the findings to return. Defaults to all.
    type: list
    elements: str
    choices: [ExternalAccess, InternalAccess, UnusedIAMRole, UnusedIAMUserAccessKey, UnusedIAMUserPassword, UnusedPermission]
    default: []
  details:
    description:
      - Also read who has which access, or which access is unused. This takes one call for each finding.
    type: bool
    default: false
  recommendations:
    description:
      - Also let AWS recommend how to reduce unused permissions. This takes several calls and some seconds for each finding.
      - The recommendations are for people. Nothing in this collection applies them by itself.
      - In check mode there are no recommendations. The task then warns and returns the findings without them. Outside check mode they
        are requested in the role of the class V(detective) in O(assume_role_arns), else in O(assume_role_arn) or O(assessor_role_arn).
    type: bool
    default: false
  limit:
    description:
      - The largest number of findings to return. RV(counts) counts all.
    type: int
    default: 1000
  reveal_key_ids:
    description:
      - Return access key ids in full.
    type: bool
    default: false
seealso:
  - module: hardening.iam.access_analyzer
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: See what is open to the outside in any region
  hardening.iam.access_analyzer_findings_info:
    regions: [enabled]
    access: [external]
  register: open

- name: Ask what could be taken from roles
  hardening.iam.access_analyzer_findings_info:
    types: [UnusedPermission]
    details: true
    recommendations: true
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "111122223333"
findings:
  description: The findings, by region, then by resource.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the finding.
      type: str
    analyzer:
      description: The ARN of the analyzer.
      type: str
    region:
      description: The region of the analyzer.
      type: str
    type:
      description: The type of the finding, such as V(ExternalAccess).
      type: str
    status:
      description: One of V(ACTIVE), V(ARCHIVED) and V(RESOLVED).
      type: str
    resource:
      description: The ARN of the resource. Empty if AWS returns none.
      type: str
    resource_type:
      description: Its type, such as V(AWS::S3::Bucket).
      type: str
    owner_account:
      description: The account that owns it.
      type: str
    is_public:
      description: Whether it is open to everybody.
      type: bool
    error:
      description: The error that kept the analyzer from judging the resource. Empty without an error.
      type: str
    created:
      description: The time when the finding was created.
      type: str
    updated:
      description: The time of the last change of the finding.
      type: str
    details:
      description: The details of the finding, as AWS returns them. With O(details=true).
      type: list
      elements: dict
    recommendation:
      description: The C(steps) that AWS recommends, or an C(error) instead. With O(recommendations=true).
      type: dict
  sample:
    - analyzer: arn:aws:access-analyzer:us-east-1:111122223333:analyzer/iam-hardening-external
      created: "2026-11-20T02:00:00Z"
      error: null
      id: 0f5bc4a1-2d09-4b6a-9d0f-1c8f8f1c7f10
      is_public: true
      owner_account: "111122223333"
      region: us-east-1
      resource: arn:aws:s3:::example-exchange
      resource_type: AWS::S3::Bucket
      status: ACTIVE
      type: ExternalAccess
      updated: "2026-11-20T02:00:00Z"
counts:
  description: The number of findings of each type.
  returned: success
  type: dict
  sample: {ExternalAccess: 1}
unread:
  description: The regions that could not be read, each with C(region) and C(reason).
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
from ..module_utils._questions.analyzer_findings import OPERATIONS, run

_ACCESS: t.Final = ["external", "unused", "internal"]
_STATUSES: t.Final = ["ACTIVE", "ARCHIVED", "RESOLVED"]
_TYPES: t.Final = [
    "ExternalAccess",
    "InternalAccess",
    "UnusedIAMRole",
    "UnusedIAMUserAccessKey",
    "UnusedIAMUserPassword",
    "UnusedPermission",
]


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **ACCOUNT_ARGUMENTS,
        **REGIONS_ARGUMENTS,
        "access": {"type": "list", "elements": "str", "choices": _ACCESS, "default": _ACCESS},
        "statuses": {"type": "list", "elements": "str", "choices": _STATUSES, "default": ["ACTIVE"]},
        "types": {"type": "list", "elements": "str", "choices": _TYPES, "default": []},
        "details": {"type": "bool", "default": False},
        "recommendations": {"type": "bool", "default": False},
        "limit": {"type": "int", "default": 1000},
        "reveal_key_ids": {"type": "bool", "default": False, "no_log": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
