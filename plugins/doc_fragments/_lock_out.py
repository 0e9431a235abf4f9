# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with LOCK_OUT_ARGUMENTS of module_utils/_capabilities/organization_policy/lock_out/run.py, without those of _evidence.py.
    DOCUMENTATION = r"""
options:
  allow_root_attachment:
    description:
      - Whether a policy may be attached to the root of the organization, where it applies to every account at once.
    type: bool
    default: false
  automation_roles:
    description:
      - The roles in member accounts that this collection writes with, in the form V(role/path/name). Defaults to the common role and the
        role of each class, as C(examples/bootstrap) names them.
      - A policy is refused if it denies them a permission that this collection needs.
      - It is also refused if it denies them O(ignore:journal), O(ignore:report_dir) or O(trail_logs) in S3, or the KMS keys of these. So
        is an RCP that denies CloudTrail, AWS Config or the delivery of logs the bucket of a trail.
    type: list
    elements: str
    default:
      - role/iam-hardening/automation
      - role/iam-hardening/automation-credentials
      - role/iam-hardening/automation-policies
      - role/iam-hardening/automation-roles
      - role/iam-hardening/automation-detective
      - role/iam-hardening/automation-organization
      - role/iam-hardening/automation-containment
  assessor_roles:
    description:
      - The roles in member accounts that this collection reads with, in the same form.
    type: list
    elements: str
    default: [role/iam-hardening/assessor]
  way_back:
    description:
      - The way to detach policies from the management account, to which no policy applies. V(management_account) for people or jobs
        there, or the ARN of a role there.
      - Needed if the caller is in a member account, such as a delegated administrator, and a policy affects that account or an account
        that IAM is delegated to.
    type: str
  member_role_arn:
    description:
      - The role to read member accounts with, with C(<account_id>) instead of the account id, such as
        V(arn:aws:iam::<account_id>:role/iam-hardening/assessor). It is assumed with the credentials of the task and
        O(assume_role_external_id).
      - In each affected member account, the principals and the credentials of users are read. For principals that may lose access, the
        recorded use is read from service last accessed, the event history and O(trail_logs).
      - Without this role, O(trail_logs) must have at least 80 days of the organization's trail as the only evidence of use.
      - For each role, its trust policy and its last use are read. If an RCP blocks everybody who may assume a role in use, the outcome
        is "will break".
      - O(accept_breakage) takes only ARNs, because a name would match a principal in every account. AWS services are given by name.
    type: str
  max_member_reads:
    description:
      - The largest number of member accounts to read. The others count as accounts that can't be read.
    type: int
    default: 50
  accept_without_evidence:
    description:
      - Accounts that a policy may affect although the use in them is not known. Either the account can't be read, or no use of some
        principals is recorded. The outcomes "will break" and "may break" are accepted only in O(accept_breakage).
    type: list
    elements: dict
    default: []
    suboptions:
      account:
        description:
          - The id or name of an account, or the path of a unit for all accounts below it, such as V(/Sandbox).
        type: str
        required: true
      reason:
        description:
          - The reason of the acceptance, and who accepts it.
        type: str
        required: true
      expires:
        description:
          - The last day of the acceptance, in UTC, such as V(2026-12-31). At most 365 days ahead.
        type: str
        required: true
"""
