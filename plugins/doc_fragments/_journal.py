# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with JOURNAL_PLACE_ARGUMENTS of module_utils/_module/arguments.py.
    DOCUMENTATION = r"""
options:
  journal:
    description:
      - The place of the journal, where each change is recorded before and after it is made. A directory, or a place in S3 such as
        V(s3://bucket/prefix).
      - The leases of accounts, the stop switch and the counts of fleet caps are below C(control/) there. Jobs see each other only if they
        use the same place.
      - If it can't be written, nothing is changed. It is not written in check mode.
      - A rollback trusts the journal, so nobody else may write there. Modules that write to it refuse a directory that everybody on the
        machine can write to, and a symbolic link that another user created. They warn of other symbolic links, and of a directory that a
        group can write to.
    type: str
    default: ./journal
  journal_kms_key_id:
    description:
      - The KMS key that encrypts the journal in S3. Without it the bucket's default encryption applies.
    type: str
  journal_role_arn:
    description:
      - The role to assume for O(journal) in S3. Defaults to the credentials of the task.
    type: str
"""

    # Pairs with JOB_ARGUMENTS.
    JOB = r"""
options:
  run_id:
    description:
      - The id that the journal and the reports of one run share. Defaults to the time at which the task starts.
    type: str
  job_id:
    description:
      - The id of the job within the run. A workflow has several jobs, and a relaunched job has the run id of the first. Each job has its
        own journal below that of the run, and the report shows the changes of all jobs.
      - Defaults to O(awx_job_id). Outside AWX each process of C(ansible-playbook) is a job of its own.
    type: str
  job_process:
    description:
      - The name of the process of C(ansible-playbook). It tells jobs with the same O(job_id) apart, for example those of two AWX
        controllers that share O(journal).
      - The action plugin fills it in. A task that runs without the action plugin is a process of its own.
    type: str
  awx_job_id:
    description:
      - The id of the AWX job, if any. To enforce in AWX, O(journal) must be in S3, because the directories of a job are deleted after
        it.
    type: str
"""

    # Pairs with LEASE_ARGUMENTS.
    LEASE = r"""
options:
  break_lease:
    description:
      - The id of a run whose lease of the account is broken. Two jobs never write in one account at once, so the first takes a lease in
        O(journal), below C(control/leases/), and the second fails with the name of the first.
      - The lease of a job that was killed ends within 15 minutes, or within twice the time that one request may take. Break it only if
        that job has ended for certain.
    type: str
  keep_lease:
    description:
      - Keep the lease after this task, because later tasks of the same job write in the account as well. M(hardening.iam.lease) then
        releases it. The playbooks of this collection set it.
    type: bool
    default: false
"""
