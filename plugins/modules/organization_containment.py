#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_containment
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Contain member accounts and users of IAM Identity Center, and release them
description:
  - Denies everything to accounts that are not trusted any more, and to users of IAM Identity Center, by control policies of the
    organization. Run it in the management account. An intruder in a member account can't undo it.
  - Only the accounts and users that O(incident) names are contained. An account gets a policy of its own, or is moved to another unit.
  - The roles in O(exempt_roles) and break-glass roles go on, if only accounts of the run can assume them, with sessions that begin after
    the containment. All other users, roles and the root user of the account are denied everything.
  - Control policies bind neither the management account nor the roles that are linked to services of AWS. RV(lives_on) says what else
    goes on.
  - Nothing is done about the management account, an account that the run comes through, and an account in which no break-glass role
    would work. The refusal has the steps for people.
  - Before the first change it keeps what it found as evidence beside O(journal), below C(incident/), and writes a record of the
    incident. From then on no other run changes its policies, or the policies that are attached to a contained account, or to the unit
    that an account was moved to.
  - With C(identity_lock) of O(incident) it changes the content of the control policy C(IamHardeningDormant), which the stack of the
    containment role has made and attached. It is never made, attached or detached here.
  - With O(state=released) it takes back what it did for this incident, the last change first, if it is still as it left it.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._access
  - hardening.iam._emergency
  - hardening.iam._release
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._assessment
  - hardening.iam._report_place
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  state:
    description:
      - V(contained) contains the accounts and users.
      - V(released) takes that back. It needs O(checklist), and 36 hours since the first denial.
    type: str
    choices: [contained, released]
    default: contained
  inventory_accounts:
    description:
      - The ids of all accounts of this run. A role of a contained account goes on only if nobody but these accounts and the management
        account can assume it.
    type: list
    elements: str
    default: []
  member_role_arn:
    description:
      - The role by which a contained account is read, with C(<account_id>) in place of its id. Without it nobody is known to go on there.
        It goes on as well, judged like O(exempt_roles).
    type: str
  exempt_roles:
    description:
      - The ARNs of the roles of a contained account that go on, with C(<account_id>) in place of its id. Those of the containment and of
        the assessor.
    type: list
    elements: str
    default: []
  watched_roles:
    description:
      - The ARNs of further roles whose changes are a reason not to trust an account, such as the roles that write, with C(<account_id>) in
        place of the account's id. Those in O(exempt_roles) are always watched. See RV(trust).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what the containment of an account would change
  hardening.iam.organization_containment:
    account_id: "111122223333"
    inventory_accounts: ["111122223333", "222233334444"]
    member_role_arn: arn:aws:iam::<account_id>:role/iam-hardening/assessor
    exempt_roles:
      - arn:aws:iam::<account_id>:role/iam-hardening/automation-containment
      - arn:aws:iam::<account_id>:role/iam-hardening/assessor
    incident: &incident
      id: INC-9
      declared_by: Ana
      reason: an intruder is administrator of the account
      accounts:
        - {account_id: "222233334444", action: policy}
  check_mode: true

- name: Contain a user of Identity Center, and move an account to a unit for quarantine
  hardening.iam.organization_containment:
    account_id: "111122223333"
    inventory_accounts: ["111122223333", "222233334444"]
    member_role_arn: arn:aws:iam::<account_id>:role/iam-hardening/assessor
    journal: s3://example-journal/iam
    incident:
      id: INC-9
      declared_by: Ana
      reason: an intruder is administrator of the account
      confirm: INC-9
      accounts:
        - {account_id: "222233334444", action: move}
      quarantine_ou: /Quarantine
      identity_center_users:
        - user_id: 94482488-3041-7026-d8a7-000000000000

- name: Release them
  hardening.iam.organization_containment:
    state: released
    account_id: "111122223333"
    journal: s3://example-journal/iam
    incident:
      id: INC-9
      declared_by: Ana
      reason: an intruder is administrator of the account
      confirm: INC-9
      accounts: ["222233334444"]
    checklist:
      sweep_clean_twice: {by: Ben, statement: "hunts of 27 and 28 November found nothing"}
      credential_verified: {by: Cleo, statement: "the roles of the account are as in git"}
      owner: {by: Dora, statement: "the delivery team agrees"}
"""

RETURN = r"""
# Generated by tests/scripts/generate_descriptions.py; do not edit this part.
mode:
  description: The mode that the task ran in.
  returned: success
  type: str
  sample: enforce
account_id:
  description: The account that the credentials belong to.
  returned: success
  type: str
  sample: "111122223333"
run_id:
  description: The id that the journal and the reports of this run share.
  returned: success
  type: str
  sample: 20261125T020000Z
already_done:
  description:
    - Changes that this run skipped, because somebody else already made them after the account was read.
    - They are not part of RV(changes), and a rollback of the run ignores them.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    region:
      description: The region, or V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation that was not needed.
      type: str
    target:
      description: The resource that is already as declared.
      type: str
plan_sha256:
  description:
    - The hash of the plan. It covers the changes that would be made, and those that only a cap or the lack of an approval holds back.
    - Empty if there are none, if the task failed, and with O(mode=report).
  returned: success
  type: str
  sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
journal:
  description: The place where the changes of this run are recorded.
  returned: when something was changed
  type: str
  sample: ./journal/111122223333/20261125T020000Z
# End of the generated part.
incident_id:
  description: The incident.
  returned: success
  type: str
  sample: INC-9
confirmed_by:
  description: The second person who has confirmed the incident, by its record in this account. Empty if nobody has.
  returned: success
  type: str
  sample: Ben Security
journal_fell_back:
  description: Whether the journal is on the controller alone, because its place could not be used.
  returned: success
  type: bool
pass:
  description: The pass.
  returned: when O(state=contained)
  type: str
  sample: second
accounts:
  description: The declared accounts. With O(state=released) only their ids.
  returned: success
  type: list
  elements: raw
  contains:
    account_id:
      description: The account.
      type: str
    action:
      description: V(policy) or V(move).
      type: str
    state:
      description: V(contained), V(to_contain) if nothing was written, or V(not_contained).
      type: str
    policy:
      description: The name of the control policy.
      type: str
    roles:
      description: The roles of the run and break-glass principals. Each has C(role), C(break_glass), C(continues), and C(reason) if it must
        not go on. C(denied) says that it can't, or could not once the changes are made.
      type: list
      elements: dict
    unread:
      description: The reason if the account can't be read, else empty.
      type: str
    move:
      description: For a move, the units C(from) and C(to), C(policies_before) and C(policies_after) on each level, the policies whose
        restrictions end as C(lost), and the principals whom the unit does not deny everything as C(still_allowed). C(not_compared) are the
        types of other policies, such as declarative policies and tag policies. Those of the old unit end too.
      type: dict
people:
  description: The declared users of Identity Center.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    user_id:
      description: The id of the user.
      type: str
    state:
      description: V(contained), V(to_contain) if nothing was written, or V(not_contained).
      type: str
    policy:
      description: The name of the control policy.
      type: str
    next_steps:
      description: The steps that people take besides.
      type: list
      elements: str
not_denied:
  description: The accounts and users that are not denied, or not seen to be. If there are any, the task fails.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    principal:
      description: The id of the account, V(people), or the target of a change.
      type: str
    reason:
      description: The reason.
      type: str
    next_step:
      description: The next step of people.
      type: str
unresolved:
  description: The accounts that the incident names and that the organization does not have. Nothing is done about them.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    id:
      description: The id of the account, as the incident has it.
      type: str
    account_id:
      description: The same id.
      type: str
    detail:
      description: The reason in words.
      type: str
    near:
      description: The accounts of the organization that people may have meant. They differ in two digits at most.
      type: list
      elements: str
identity_lock:
  description: The orders that the dormant control policy gives for this incident. See C(identity_lock) of O(incident).
  returned: when O(state=contained)
  type: dict
  contains:
    policy:
      description: The name of the policy. V(none) if the incident has nothing to say there.
      type: str
    written:
      description: Whether the policy says so. False in check mode, and if a change failed.
      type: bool
    until:
      description: The moment at which the lock ends by itself. V(none) without a lock.
      type: str
    accounts:
      description:
        - The accounts of the lock, each with C(account_id), C(locked), and a C(reason) if it is not locked or not measured.
        - C(holds_after_seconds) is the time until the policy was seen to deny something there. V(none) if that is not known.
        - In check mode C(stops) has the principals that wrote identities in the last 30 days, as far as the newest 500 events of IAM say so.
          Each has C(principal) and C(writes). C(stops_unread) says what is not known.
      type: list
      elements: dict
    denied:
      description: The ARNs of the users that it denies everything.
      type: list
      elements: str
    older_sessions_denied:
      description: The ARNs of the roles of which it denies the sessions that began before the last cut.
      type: list
      elements: str
    not_denied:
      description: The users and roles for which the policy has no room.
      type: list
      elements: str
lives_on:
  description: The access that no control policy ends.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    principal:
      description: The account or the user.
      type: str
    what:
      description: The access that goes on.
      type: str
    until:
      description: Always V(none), because somebody has to end it.
      type: str
    denied:
      description: Always false.
      type: bool
    next_step:
      description: The next step.
      type: str
trust:
  description:
    - The accounts that the incident is about are those of its keys, users, roles, sessions and accounts. Two sources show changes of
      roles of the run there, and of the control policies above them. The state that the last enforcing run of C(harden.yml) has kept beside
      O(journal) is compared with what is there now. CloudTrail's event history has the calls.
    - It goes back to C(incident.since), or 14 days. The comparison goes back to that run.
    - Anybody who may write to O(journal) can forge the state. So a state that differs is a reason for distrust, and one that is the
      same shows nothing.
    - An account with changes is a finding C(account_not_trusted). It is contained only if the incident names it in C(accounts).
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    state:
      description: V(changed), V(nothing_seen), or V(unknown). None of them means that the account can be trusted.
      type: str
    since:
      description: The moment from which changes count.
      type: str
    changes:
      description: The calls, each with C(when), C(what), C(operation) and C(caller).
      type: list
      elements: dict
    differences:
      description:
        - The roles and policies that are not as an earlier run has kept them. C(summary) says it in words, with C(what), and with
          C(kept_by) and C(kept_at) of that run. If a later run has found it already, C(found_by) and C(found_at) are of that run.
      type: list
      elements: dict
    unread:
      description: The facts that are not known, with the reasons.
      type: list
      elements: str
evidence:
  description: The place of the evidence of this run.
  returned: when O(state=contained)
  type: str
undo:
  description: Each change that was made, with the request that undoes it. Only if the journal is on the controller alone.
  returned: success
  type: list
  elements: dict
not_made:
  description: The changes that failed.
  returned: success
  type: list
  elements: dict
unverified:
  description: The changes that were made, but do not show. Somebody undid them, or AWS needs longer.
  returned: success
  type: list
  elements: dict
left:
  description: The changes that a release does not take back.
  returned: when O(state=released)
  type: list
  elements: dict
  contains:
    target:
      description: The resource.
      type: str
    operation:
      description: The change that is not taken back.
      type: str
    reason:
      description: The reason.
      type: str
checklist:
  description: The statements of the release.
  returned: when O(state=released)
  type: dict
early_release_reason:
  description: The reason for a release within 36 hours.
  returned: when O(state=released)
  type: str
findings:
  description: The findings on incidents of the account, and C(account_not_trusted), as selected by O(return_findings).
  returned: when O(return_findings) is not V(none)
  type: list
  elements: dict
changes:
  description: The changes that no guard refused.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The management account.
      type: str
    region:
      description: Always V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The policy with what it is attached to, or the ARN of the account.
      type: str
    before:
      description: The state before the change.
      type: dict
    after:
      description: The state after the change. V(none) if a policy is deleted.
      type: dict
    affects:
      description:
        - >-
          The principals whose access the change alters. ARNs; the 12 digits of an account for everybody in it; the name of a service
          principal; V(*) for anybody.
      type: list
      elements: str
    remedies:
      description: Always empty.
      type: list
      elements: str
    reversible:
      description: Whether the change can be undone.
      type: bool
    undo:
      description: The API operation and parameters that undo the change.
      type: dict
    applied:
      description: Whether the change was made. Always false in check mode and with O(mode=report).
      type: bool
refused:
  description: The refused changes, and the accounts that nothing is done about.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The rule that refused it.
      type: str
    reason:
      description: The reason, with what people do.
      type: str
    target:
      description: The resource or the account.
      type: str
    operation:
      description: The API operation that was refused.
      type: str
terminal:
  description: The result as text. In a play the action plugin displays it and does not return it.
  returned: success
  type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._capabilities.organization_containment.run import OPERATIONS, WRITER, run
from ..module_utils._module.arguments import EMERGENCY_ARGUMENTS, RELEASE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **EMERGENCY_ARGUMENTS,
        **RELEASE_ARGUMENTS,
        "inventory_accounts": {"type": "list", "elements": "str", "default": []},
        "member_role_arn": {"type": "str"},
        "exempt_roles": {"type": "list", "elements": "str", "default": []},
        "watched_roles": {"type": "list", "elements": "str", "default": []},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, writer=WRITER)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
