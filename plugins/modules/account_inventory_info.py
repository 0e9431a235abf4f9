#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: account_inventory_info
author:
  - hardening.iam contributors (@hardening-iam)
short_description: List users, roles, groups, policies and access keys of an AWS account
description:
  - Reads an account in a single pass. Returns its users, roles, groups, policies and access keys, with ages, last use, attached policies
    and boundaries.
  - The number of API calls does not grow with the number of users, roles or policies, except by pages of 1,000.
  - A value that could not be read is V(none) and is listed in RV(unread). An empty list means that there are none.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account
  - hardening.iam._access
  - hardening.iam._attributes
  - hardening.iam._attributes.info_module
options:
  now:
    description:
      - The time from which ages are counted, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to now.
    type: str
seealso:
  - module: hardening.iam.assessment_info
  - module: amazon.aws.iam_user_info
"""

EXAMPLES = r"""
- name: List the principals and policies of the account of the current credentials
  hardening.iam.account_inventory_info:
  register: inventory

- name: Show the users with an active key that is older than 90 days

  ansible.builtin.debug:
    msg: "{{ inventory.access_keys | selectattr('active') | selectattr('age_days', '>', 90) | map(attribute='user') | unique }}"
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "111122223333"
account_alias:
  description: The alias of the account, or V(none).
  returned: success
  type: str
  sample: acme-prod
partition:
  description: The partition of the account.
  returned: success
  type: str
  sample: aws
observed_at:
  description: The time when the account was read.
  returned: success
  type: str
  sample: "2026-11-25T02:00:00Z"
credential_report_generated_at:
  description: The time when AWS generated the credential report. AWS renews it at most every four hours.
  returned: success
  type: str
  sample: "2026-11-25T01:00:00Z"
summary:
  description: The numbers of users, roles, groups, policies and other objects.
  returned: success
  type: dict
  sample:
    access_keys: 12
    active_access_keys: 9
    customer_managed_policies: 4
    groups: 3
    policies: 11
    roles: 24
    users: 10
    users_with_password: 5
    users_with_password_without_mfa: 2
root:
  description: The credentials of the root user, shaped like RV(users[].credentials).
  returned: success
  type: dict
users:
  description: The users.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    arn:
      description: The ARN.
      type: str
    path:
      description: The path.
      type: str
    created:
      description: The time when the user was created.
      type: str
    age_days:
      description: Age in full days.
      type: int
    groups:
      description: Names of the groups.
      type: list
      elements: str
    attached_policies:
      description: ARNs of the attached policies.
      type: list
      elements: str
    inline_policies:
      description: The inline policies, each with its name and document.
      type: list
      elements: dict
    permissions_boundary:
      description: The ARN of the permissions boundary.
      type: str
    tags:
      description: The tags.
      type: dict
    virtual_mfa_devices:
      description: Serial numbers of the virtual MFA devices.
      type: list
      elements: str
    service_specific_credentials:
      description: Long-term credentials for single services, such as API keys for Amazon Bedrock.
      type: list
      elements: dict
    credentials:
      description: Password, MFA, access keys and signing certificates, from the credential report. V(none) for a user that is newer than
        the report.
      type: dict
roles:
  description: The roles.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    arn:
      description: The ARN.
      type: str
    path:
      description: The path.
      type: str
    created:
      description: The time when the role was created.
      type: str
    age_days:
      description: Age in full days.
      type: int
    last_used:
      description: The time when the role was last used, within the 400 days that AWS tracks.
      type: str
    last_used_region:
      description: The region it was last used in.
      type: str
    idle_days:
      description: Full days since the last use.
      type: int
    owned_by_aws:
      description: Whether the role is service-linked or managed by IAM Identity Center.
      type: bool
    trust_policy:
      description: The trust policy.
      type: dict
    attached_policies:
      description: ARNs of the attached policies.
      type: list
      elements: str
    inline_policies:
      description: The inline policies, each with its name and document.
      type: list
      elements: dict
    permissions_boundary:
      description: The ARN of the permissions boundary.
      type: str
    instance_profiles:
      description: ARNs of the instance profiles that hold the role.
      type: list
      elements: str
    tags:
      description: The tags.
      type: dict
groups:
  description: The groups.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    arn:
      description: The ARN.
      type: str
    path:
      description: The path.
      type: str
    created:
      description: The time when the group was created.
      type: str
    members:
      description: Names of the users in it.
      type: list
      elements: str
    attached_policies:
      description: ARNs of the attached policies.
      type: list
      elements: str
    inline_policies:
      description: The inline policies, each with its name and document.
      type: list
      elements: dict
policies:
  description: The customer managed policies, and the AWS managed policies that are in use.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    arn:
      description: The ARN.
      type: str
    path:
      description: The path.
      type: str
    aws_managed:
      description: Whether AWS manages it.
      type: bool
    attachment_count:
      description: How many principals it is attached to.
      type: int
    boundary_usage_count:
      description: How many principals have it as their permissions boundary.
      type: int
    default_version:
      description: The default version.
      type: str
    created:
      description: The time of its creation.
      type: str
    updated:
      description: The time of the last change.
      type: str
    tags:
      description: The tags.
      type: dict
access_keys:
  description: The access keys of root and of all users. The credential report has no key ids, so a key is named by its user and slot.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The user, V(<root_account>) for root.
      type: str
    arn:
      description: The ARN of the user.
      type: str
    slot:
      description: V(1) or V(2).
      type: int
    active:
      description: Whether it is active.
      type: bool
    last_rotated:
      description: The time when the key was created, or when its status last changed.
      type: str
    age_days:
      description: Age in full days.
      type: int
    last_used:
      description: The time of the last use, or V(none) for never.
      type: str
    last_used_service:
      description: The service it was last used with.
      type: str
    last_used_region:
      description: The region it was last used in.
      type: str
    idle_days:
      description: Full days since the last use.
      type: int
saml_providers:
  description: ARNs of the SAML providers.
  returned: success
  type: list
  elements: str
oidc_providers:
  description: ARNs of the OpenID Connect providers.
  returned: success
  type: list
  elements: str
unread:
  description: The datasets that could not be read.
  returned: success
  type: list
  elements: dict
  contains:
    dataset:
      description: The dataset.
      type: str
    reason:
      description: The reason.
      type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ..module_utils._account.collect import collect
from ..module_utils._account.inventory import DATASETS, inventory
from ..module_utils._aws.operations import Operations
from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._module.arguments import ACCOUNT_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry, Task


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {**ASSUME_ROLE_ARGUMENTS, **ACCOUNT_ARGUMENTS, "now": {"type": "str"}}


def run(task: Task) -> dict[str, t.Any]:
    task.expect_account(task.access.caller.account_id)
    snapshot = collect(task.access, datasets=DATASETS, regions=(), now=task.now)
    return inventory(snapshot, now=task.now)


ENTRY = Entry(
    argument_spec=argument_spec,
    operations=Operations(reads=frozenset({"sts:GetCallerIdentity"})).union(
        *(OPERATIONS_OF_DATASETS[dataset] for dataset in DATASETS)
    ),
    run=run,
)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True), ENTRY)


if __name__ == "__main__":
    main()
