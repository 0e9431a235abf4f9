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
      - Whether a policy may be attached to the root of the organization, where it holds in every account at once.
    type: bool
    default: false
  automation_roles:
    description:
      - The roles in the members that this collection writes with, as they stand in ARNs behind the account. By default they are the one
        role for all and that of each class, as C(examples/bootstrap) names them.
      - A policy that takes from them what the roles and modules here need is refused.
      - So is one that keeps them from O(ignore:journal), O(ignore:report_dir) or O(trail_logs) in S3 or from the keys of these, and an RCP
        that keeps CloudTrail, AWS Config or the delivery of logs from the bucket of a trail.
    type: list
    elements: str
    default:
      - role/iam-hardening/automation
      - role/iam-hardening/automation-credentials
      - role/iam-hardening/automation-policies
      - role/iam-hardening/automation-detective
      - role/iam-hardening/automation-organization
  assessor_roles:
    description:
      - The roles in the members that this collection reads with, in the same form.
    type: list
    elements: str
    default: [role/iam-hardening/assessor]
  way_back:
    description:
      - Who can take policies off from the management account, which no policy binds, V(management_account) for people or jobs there, or
        the ARN of a role there.
      - Needed where the caller is in a member account, as a delegated administrator is, and a policy reaches that account, or one that
        IAM is delegated to.
    type: str
  member_role_arn:
    description:
      - The role to read the members with, with C(<account_id>) in the account's place, such as
        V(arn:aws:iam::<account_id>:role/iam-hardening/assessor). It is assumed with the credentials that the task starts with, and with
        O(assume_role_external_id).
      - Of each member that a policy reaches it is read who is there, which credentials users have, and what all those did from whom the
        policy may take something, from service last accessed, the event history and O(trail_logs).
      - Without it O(trail_logs) alone must tell what is used, with at least 80 days of the trail of the organization.
      - Of each role it is read who may assume it and when it was last used. An RCP that keeps all of them out of a role in use breaks it
        for certain.
      - O(accept_breakage) takes ARNs only, since a bare name would mean a principal in every account, and AWS services by name.
    type: str
  max_member_reads:
    description:
      - How many members are read at most. The others count as accounts that can't be read.
    type: int
    default: 50
  accept_without_evidence:
    description:
      - Accounts that a policy may reach although it is not known what is used in them, since they can't be read, or what some of their
        principals use, since no use of these is recorded. What is known to break, or may, is accepted in O(accept_breakage) only.
    type: list
    elements: dict
    default: []
    suboptions:
      account:
        description:
          - The id or the name of an account, or the path of a unit for all accounts below it, such as V(/Sandbox).
        type: str
        required: true
      reason:
        description:
          - Why it is accepted, and by whom.
        type: str
        required: true
      expires:
        description:
          - The last day, in UTC, on which it is accepted, such as V(2026-12-31). At most 365 days ahead.
        type: str
        required: true
"""
