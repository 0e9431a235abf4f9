# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with JOURNALLED_ARGUMENTS of module_utils/_converging.py; it includes those of _report_place.
    JOURNALLED = r"""
options:
  mode:
    description:
      - V(enforce) makes the changes that the guards let through, or predicts them in check mode.
      - V(report) returns the same findings and plan, never writes to the account, and is never changed.
    type: str
    choices: [report, enforce]
    default: enforce
  account_id:
    description:
      - The account that is meant, in 12 digits. Zeros are never added; write an id that begins with 0 in quotes.
      - It is required to enforce. The task fails before anything else where the credentials belong to another
        account.
    type: str
  journal:
    description:
      - Where changes are recorded, each before and after it is made. A directory, or a place in S3 such as
        V(s3://bucket/prefix).
      - Where it can't be written, nothing is changed. It is not written in check mode and with O(mode=report).
    type: str
    default: ./journal
  journal_kms_key_id:
    description:
      - The KMS key that encrypts the journal in S3. Without it the bucket's default encryption applies.
    type: str
  journal_role_arn:
    description:
      - A role that is assumed to reach O(journal) in S3. Without it the credentials that the task starts with are
        used.
    type: str
  run_id:
    description:
      - What the journal and the reports of one run share. Defaults to the time at which the task starts.
    type: str
  awx_job_id:
    description:
      - The id of the AWX job that this runs in, if any. To enforce, O(journal) must then be in S3, since the job's
        directories vanish with it.
    type: str
  approved_plan:
    description:
      - A plan that somebody approved, at most 24 hours old. The plan itself, its file (also in S3), or the hash of a
        plan that an earlier run wrote to O(report_dir).
      - It lifts the caps on the number of changes, and allows exactly the changes in it. Others, and those that find
        something else than the plan did, are refused. The remaining guards hold.
    type: raw
  break_glass:
    description:
      - Globs for the ARNs of principals that are kept for emergencies, in any letter case. They are never touched.
      - Users and roles under the path C(/iam-hardening/break-glass) are always among them.
      - In an account that has no such principal, whatever is declared here, the changes that could lock everybody out
        are refused.
    type: list
    elements: str
    default: []
  on_refusal:
    description:
      - What becomes of the task where a guard refused something. V(report) returns it in RV(ignore:refused), V(fail)
        fails the task as well.
      - A wrong account and a change that acts on the caller always fail it.
    type: str
    choices: [report, fail]
    default: report
"""

    # Pairs, with JOURNALLED, with CONVERGE_ARGUMENTS, which includes those of _assessment as well. ansible-test reads
    # only fragments that are plain texts.
    DOCUMENTATION = r"""
options:
  max_changes:
    description:
      - How many changes of one kind that narrow access or delete something may be made in one account. Beyond it that
        kind is refused whole.
    type: int
    default: 10
  max_percent:
    description:
      - The same as O(max_changes) as a percentage of the objects that are there, from 20 objects up.
    type: int
    default: 5
  thresholds:
    description:
      - The numbers that controls compare with, by name. An unset one has the value that the benchmarks demand.
      - They are listed with their defaults in C(docs/controls.md).
    type: dict
    default: {}
  now:
    description:
      - The moment that ages are counted from, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to the present.
    type: str
"""
