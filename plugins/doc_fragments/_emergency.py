# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this document fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # Pairs with EMERGENCY_ARGUMENTS of module_utils/_module/arguments.py, with _journal, its parts JOB and LEASE,
    # _report_place and _assessment.
    DOCUMENTATION = r"""
options:
  incident:
    description:
      - The declared incident. Everything in it is checked before anything is read.
      - C(id) (3 to 32 letters, digits and hyphens) and C(declared_by) (a person) are required. A C(reason) of less than 10
        characters is a warning.
      - C(confirm) is the id once more. Without it a run that would write fails before it reads anything. Check mode needs none.
      - C(confirmed_by) is a second person. Without one, every module makes a critical finding 24 hours after the containment.
      - C(since) is the first suspicious moment. For a containment it is at most 90 days ago. Credentials of a contained user that were made since then stay
        inactive after a release.
      - C(keys) are leaked access keys, each by its whole id, or as a mapping with C(id), C(user) and C(account_id). If the key belongs to
        another user or account than named, nothing is done about it.
      - C(users) are the ARNs of users whose console password leaked, each as a text, or as a mapping with C(arn).
      - With C(deleted) V(true) a key, a user or a role counts as one that existed and is deleted. Without it, only the event of its deletion
        or an earlier pass proves that. Nothing is done in the name of one that was never there.
      - C(sessions) are sessions of roles, each with C(role), C(name) or C(source_identity), and C(sort) (V(instance), V(task),
        V(function), V(oidc), V(saml) or V(other)). C(access_key_id) says that a leaked key V(ASIA…) is the key of this session.
      - C(identity_center_users) are users of IAM Identity Center, each with C(user_id). Nobody looks up whether the user exists.
      - C(accounts) are member accounts that are not trusted any more, each by its C(account_id). C(action) is V(policy), which denies
        the account everything, or V(move) to the unit in C(quarantine_ou) (an id or a path). C(without_break_glass) contains an account
        in which no break-glass role would work. C(accept_lost_policies) names the control policies whose restrictions may end by a move.
      - C(roles) are the ARNs of roles that may be cut from all older sessions, or a mapping with C(arn) and C(cut)
        (V(older_sessions), V(all_sessions) or V(trust)).
      - With V(trust) the role loses one C(principal) of its trust policy. This is an account id, the ARN of a user, a role, a session or an
        identity provider, or V(*). C(subject) denies only this subject of an OpenID Connect provider. C(leaves_nobody) accepts that nobody
        can assume the role then. With C(restore) V(false) the release does not let the principal in again.
      - C(seen) are sessions that the credential was seen to open, each with C(role), C(session_name), C(access_key_id) and
        C(source_identity).
      - C(known_keys) are ids of access keys that people have made themselves, so that they are not taken for an intruder's.
      - C(minted_keys) is what is done about keys of other users that contained principals made, as CloudTrail says. V(report) lists them,
        V(deactivate) deactivates them. V(deactivate_all) needs C(since), and does not wait for CloudTrail, which is 5 to 15 minutes late. It
        deactivates all keys since then that they could have made, except C(known_keys) and those that an event says somebody else made.
      - C(identity_lock) has C(accounts), and C(minutes), from 10 to 240, by default 60. M(hardening.iam.organization_containment) denies
        writes to identities there to all but the roles of the run and break-glass, so that nobody undoes what is contained.
    type: dict
    required: true
  max_principals:
    description:
      - The largest number of keys, users, sessions, roles and accounts that the incident may name. If it names more, nothing is read or
        written. Sessions in C(seen) do not count.
      - If C(minted_keys) would deactivate more keys of an account, none is.
    type: int
    default: 10
  journal_fallback:
    description:
      - With V(none), the task fails before anything is changed if the place of O(journal) can't be used.
      - With V(local), a containment goes on, also in AWX, and its journal is in C(./journal-fallback) on the controller. No other run sees
        then whom it contains, so stop all schedules. The result has each change with the request that undoes it.
      - A release never does so.
    type: str
    choices: [none, local]
    default: none
  evidence_lock_days:
    description:
      - The days for which nobody can delete or change the evidence, not even the root user. V(0) locks nothing.
      - It needs an O(journal) in S3, in a bucket with Object Lock, and C(s3:PutObjectRetention). Where the evidence can't be locked, a
        warning says so, and it is kept without.
    type: int
    default: 0
  pass:
    description:
      - The pass of a containment, for the evidence and the result. All passes do the same, but for the following.
      - V(last) judges. It fails if something is not denied, or a change failed. It is also the pass of a task that runs alone. Use the
        other ones in a play that makes several passes over all accounts, as C(playbooks/contain.yml) does. They warn, so that the play
        goes on. The result has the same in all passes.
      - In V(first) an account that was not read yet counts as unknown, because a later pass judges it. Later passes count its roles and
        users as reached, if a credential may enter the account.
      - V(first) leaves sign-in sessions to the later passes, and does not wait whether an intruder undoes a change, because the first
        cuts must not wait.
    type: str
    choices: [first, second, recheck, last]
    default: last
  mode:
    description:
      - V(enforce) makes the changes that no guard refuses, or predicts them in check mode.
      - V(report) returns the same plan, but writes neither to the account nor to O(journal). Its result is never C(changed).
    type: str
    choices: [report, enforce]
    default: enforce
  account_id:
    description:
      - The id of the account, in 12 digits. Zeros are never added. Write an id that begins with 0 in quotes.
      - Required to enforce. The task fails before anything else if the credentials belong to another account.
    type: str
  run_details:
    description:
      - The person and job behind the run. The journal records them before the first change of a run. The id of the incident is the change
        ticket, so none is required.
    type: dict
    default: {}
    suboptions:
      author:
        description:
          - The person who starts the run. This person can't confirm the incident.
        type: str
      approver:
        description:
          - The approver of the run, for the journal.
        type: str
      change_ticket:
        description:
          - The change ticket.
        type: str
      require_change_ticket:
        description:
          - Has no effect in an incident.
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
          - The hash of what is declared for the account, for the journal.
        type: str
  break_glass:
    description:
      - Globs for the ARNs of break-glass principals, which are kept for emergencies. They are never changed. Letter case does not
        matter.
      - Users and roles under the path C(/iam-hardening/break-glass) always count as break-glass principals.
      - If the leaked credential is that of a break-glass principal, or of this run itself, the task fails and prints what people do.
    type: list
    elements: str
    default: []
  on_refusal:
    description:
      - The result of the task if a guard refuses a change. V(report) returns the refusal in RV(ignore:refused). V(fail) also fails the
        task.
      - The stop switch, the caps of a fleet and the lease of another job do not hold back a change in an incident.
    type: str
    choices: [report, fail]
    default: report
  now:
    description:
      - The time from which ages are counted, in ISO 8601, such as V(2026-12-31T00:00:00Z). Defaults to now.
      - In check mode and in the mode V(report) it may be any time. A task that writes refuses a time more than a minute from the clock,
        unless it calls AWS at a loopback address.
    type: str
"""
