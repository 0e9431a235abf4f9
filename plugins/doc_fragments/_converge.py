# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with JOURNALLED_ARGUMENTS of module_utils/_module/arguments.py, with _journal, its parts JOB and LEASE, and
    # _report_place.
    JOURNALLED = r"""
options:
  mode:
    description:
      - V(enforce) makes the changes that no guard refuses, or predicts them in check mode.
      - V(report) returns the same findings and plan, but writes neither to the account nor to O(journal). Its result is never
        C(changed).
    type: str
    choices: [report, enforce]
    default: enforce
  account_id:
    description:
      - The id of the account, in 12 digits. Zeros are never added. Write an id that begins with 0 in quotes.
      - Required to enforce. The task fails before anything else if the credentials belong to another account.
    type: str
  approved_plan:
    description:
      - The hash of an approved plan that is at most 24 hours old. It is the C(plan_sha256) of this account's C(plan.json), or that of
        C(fleet.json), which approves the plans of all accounts of a run.
      - The plan is looked up by its hash in O(report_dir). A path or a plan instead of a hash is refused, because another run could have
        replaced it after the approval.
      - An approval allows exactly the changes in the plan, without the caps on their number. A change is refused if it is not in the
        plan, or if its request, its state before or its affected principals differ. All other guards still apply.
    type: raw
  run_details:
    description:
      - The person and job behind the run, its approver and its change ticket. The journal records them before the first change of a run.
    type: dict
    default: {}
    suboptions:
      author:
        description:
          - The person who starts the run. A plan keeps it as its author.
        type: str
      approver:
        description:
          - The person who approved O(approved_plan). If the author of that plan is known, the same person is refused as approver.
        type: str
      change_ticket:
        description:
          - The change ticket.
        type: str
      require_change_ticket:
        description:
          - Refuse to enforce without O(run_details.change_ticket).
        type: bool
        default: false
      job:
        description:
          - The job of this run.
        type: str
      commit:
        description:
          - The commit of the declaration.
        type: str
      declaration:
        description:
          - The hash of what is declared for the wave of this account. The gate between two waves counts the soak from the first change
            that has it.
        type: str
  break_glass:
    description:
      - Globs for the ARNs of break-glass principals, which are kept for emergencies. They are never changed. Letter case does not
        matter.
      - Users and roles under the path C(/iam-hardening/break-glass) always count as break-glass principals.
      - In an account without such a principal, changes that could lock everybody out are refused. A principal counts only if somebody
        can use it, and if it may undo the change before and after it is made.
    type: list
    elements: str
    default: []
  on_refusal:
    description:
      - The result of the task if a guard refuses a change. V(report) returns the refusal in RV(ignore:refused). V(fail) also fails the
        task.
      - A wrong account, or a change of the caller itself, always fails the task.
      - A principal that an open incident contains is not changed, whatever the change does. The records of incidents are in the place of
        O(journal), below C(control/incidents/). If one is malformed or can't be read, all changes of its account are refused.
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
      - The largest number of changes of one kind in one account. It applies to changes that narrow access or delete something. If a kind
        has more, all its changes are refused.
    type: int
    default: 10
  max_percent:
    description:
      - Like O(max_changes), as a percentage of the existing objects. It applies from 20 objects up.
    type: int
    default: 5
  fleet_caps:
    description:
      - Caps on the whole run, over all of its accounts, jobs and slices that share O(run_id) and O(journal). Without this option there
        are none.
      - An account is counted in the journal's place before its first write. If the counters can't be read or written, nothing is changed.
      - If a cap is exceeded, all changes of the task are refused. An approved plan does not lift these caps.
    type: dict
    default: {}
    suboptions:
      max_accounts_changed:
        description:
          - The largest number of accounts that the run may change.
          - Without it, and with O(fleet_caps.is_large_inventory), the number is 1 in the first run that the journal knows. Later it is 5
            until O(fleet_caps.wave_passed).
        type: int
      max_fleet_changes:
        description:
          - The largest number of changes in all accounts.
        type: int
      max_accounts_failed:
        description:
          - The largest number of accounts in which a task that writes may fail. After more, no task of the run begins to write.
        type: int
      is_large_inventory:
        description:
          - Whether the inventory has more than ten accounts, or their number is not known.
        type: bool
        default: false
      wave_passed:
        description:
          - Whether a wave of this run has passed its gate.
        type: bool
        default: false
  thresholds:
    description:
      - The thresholds of the controls, by name. An unset threshold has the value that the benchmarks require.
      - C(docs/controls.md) lists them with their defaults.
    type: dict
    default: {}
  now:
    description:
      - The time from which ages are counted, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to now.
      - In check mode and in the mode V(report) it may be any time. A task that writes refuses a time more than a minute from the clock,
        unless it calls AWS at a loopback address.
    type: str
  snapshot_dir:
    description:
      - The place of the snapshots that C(simulate.yml) works on. A directory, or a place in S3 such as V(s3://bucket/prefix).
      - In check mode the module adds the answers of AWS to the file C(<account>.json.gz) there. Without check mode nothing is kept.
      - A snapshot holds the IAM configuration of the account, and no credentials or secrets. In a directory only its owner can read it.
      - If the file can't be written, the task warns.
    type: str
  snapshot_kms_key_id:
    description:
      - The KMS key that encrypts the snapshots in S3. Required for O(snapshot_dir) in S3.
    type: str
  snapshot_role_arn:
    description:
      - The role to assume for O(snapshot_dir) in S3. Defaults to the credentials of the task.
    type: str
"""
