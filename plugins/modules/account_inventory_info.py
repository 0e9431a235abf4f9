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
  - Reads an account in a single pass and returns who and what there is, with ages, last use, attached policies and boundaries.
  - The number of API calls does not grow with the number of users, roles or policies, except by pages of 1,000.
  - What could not be read is V(none) and is listed in RV(unread). An empty list is a fact.
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
      - The moment that ages are counted from, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to the present.
    type: str
seealso:
  - module: hardening.iam.assessment_info
  - module: amazon.aws.iam_user_info
"""

EXAMPLES = r"""
- name: List what there is in the account of the current credentials
  hardening.iam.account_inventory_info:
  register: inventory

- name: Name the users with an active key that is older than 90 days
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
  description: The partition that the account is in.
  returned: success
  type: str
  sample: aws
observed_at:
  description: When the account was read.
  returned: success
  type: str
  sample: "2026-11-25T02:00:00Z"
credential_report_generated_at:
  description: When AWS made the credential report, which it renews every four hours at most.
  returned: success
  type: str
  sample: "2026-11-25T01:00:00Z"
summary:
  description: How many there are of what.
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
      description: When the user was made.
      type: str
    age_days:
      description: Full days since then.
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
      description: Password, MFA, access keys and signing certificates, from the credential report. V(none) for a user who is newer than the report.
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
      description: When the role was made.
      type: str
    age_days:
      description: Full days since then.
      type: int
    last_used:
      description: When the role was last used, within the 400 days that AWS tracks.
      type: str
    last_used_region:
      description: The region it was last used in.
      type: str
    idle_days:
      description: Full days since the last use.
      type: int
    owned_by_aws:
      description: Whether the role is service-linked or made by IAM Identity Center.
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
      description: When the group was made.
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
      description: The version in force.
      type: str
    created:
      description: When it was made.
      type: str
    updated:
      description: When it was last changed.
      type: str
    tags:
      description: The tags.
      type: dict
access_keys:
  description: The access keys of root and of all users. The report behind it knows no key ids, so a key goes by its user and its slot.
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
      description: When it was made, or when its status last changed.
      type: str
    age_days:
      description: Full days since then.
      type: int
    last_used:
      description: When it was last used, V(none) for never.
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
  description: What could not be read.
  returned: success
  type: list
  elements: dict
  contains:
    dataset:
      description: What is missing.
      type: str
    reason:
      description: Why.
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
from ..module_utils._module.task import Entry, Task, finish


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
