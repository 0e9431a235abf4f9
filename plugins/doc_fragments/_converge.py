# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with JOURNALLED_ARGUMENTS of module_utils/_module/converging.py; it includes those of _report_place.
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
      - A rollback believes the journal, so nobody else may write there. A directory that everybody on the machine can write to
        is refused, and so is a symbolic link that another user made. An own symbolic link is a warning, and so is
        a directory that a group can write to.
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
  job_id:
    description:
      - What tells apart the jobs of one run. A workflow has several, and a job that is launched again has the run id of the first.
        Each job has a journal of its own, below that of its run, and the report shows what all of them changed.
      - Defaults to O(awx_job_id). Outside AWX every process of C(ansible-playbook) is a job of its own.
    type: str
  awx_job_id:
    description:
      - The id of the AWX job that this runs in, if any. To enforce, O(journal) must then be in S3, since the job's
        directories vanish with it.
    type: str
  approved_plan:
    description:
      - The hash of a plan that somebody approved, at most 24 hours old. It is the C(plan_sha256) of this account's C(plan.json),
        or that of C(fleet.json), which approves the plans of all accounts of a run.
      - The plan is looked up by its hash in O(report_dir). A path and a plan itself are refused, since another run may
        have written there after the approval.
      - It lifts the caps on the number of changes, and allows exactly the changes in it. Others, and those that have another
        request, affect others or find something else than the plan did, are refused. The remaining guards hold.
    type: raw
  run_details:
    description:
      - Who runs this, approved by whom and for which change. The journal records it before the first change of a run.
    type: dict
    default: {}
    suboptions:
      author:
        description:
          - Who runs this. A plan keeps it as its author.
        type: str
      approver:
        description:
          - Who approved O(approved_plan). The author of that plan is refused, where both are known.
        type: str
      change_ticket:
        description:
          - The ticket that the change belongs to.
        type: str
      require_change_ticket:
        description:
          - Refuse to enforce without O(run_details.change_ticket).
        type: bool
        default: false
      job:
        description:
          - The job that this runs in.
        type: str
      commit:
        description:
          - The commit of the declaration.
        type: str
  break_glass:
    description:
      - Globs for the ARNs of principals that are kept for emergencies, in any letter case. They are never touched.
      - Users and roles under the path C(/iam-hardening/break-glass) are always among them.
      - In an account that has no such principal, whatever is declared here, the changes that could lock everybody out
        are refused. A principal counts only if somebody can use it, and if it may undo the change before and after it is
        made.
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
      - In check mode and in the mode V(report) it may be any moment. A task that writes refuses one that is more than a minute from the clock,
        unless it calls AWS at a loopback address.
    type: str
"""
