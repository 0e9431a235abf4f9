#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: credential_quarantine
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Contain users whose credentials leaked, and release them
description:
  - Contains the users of leaked access keys and console passwords in one account, in seconds. It finds the account and the user of a key
    by its id. Run it in all accounts at once. An account that is not the home of a credential is only asked whose it is.
  - A contained user is tagged, all its access keys are deactivated, it is denied everything, and its other credentials are deactivated,
    in this order. It is denied by a managed policy and by an inline policy where both are possible, else by its permissions boundary.
    Nothing is deleted, unless O(accept_irreversible) names it. A step that fails does not stop the next one.
  - Sessions of roles that the user assumed live on. They are the work of C(session_revocation). Whole accounts and users of Identity
    Center are the work of M(hardening.iam.organization_containment).
  - Before the first change it keeps what it found as evidence beside O(journal), below C(incident/), and writes the record of the
    incident. From then on no other run changes the user, until it is released.
  - An intruder may undo the changes. So run it three times, with the last run 30 seconds after the second one. A run that finds
    everything as wanted changes nothing.
  - With O(state=released) it takes back what it and C(session_revocation) did for this incident, the last change
    first, if it is still as they left it.
  - A leaked key stays inactive, and so does each credential that was made since the incident began, because it may be the intruder's.
    That is C(since) of O(incident), else the moment at which the leaked key was made. If neither is known, all of them stay inactive.
    RV(left) names them with the command that activates one.
  - Neither the stop switch nor a cap holds it back, and it takes over the lease of another job. It never changes the caller, a role that
    the caller came through, break-glass principals, or what belongs to AWS or a landing zone.
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
      - V(contained) contains the users of the leaked credentials.
      - V(released) takes that back. It needs O(checklist), and 36 hours since the last denial, because tokens that were made before last
        that long.
    type: str
    choices: [contained, released]
    default: contained
  inventory_accounts:
    description:
      - The ids of all accounts of this run. If a key belongs to none of them, its status is V(foreign).
    type: list
    elements: str
    default: []
  accept_irreversible:
    description:
      - The losses that can't be undone, and are accepted.
      - V(user_password) deletes the console password of a user in C(incident.users). Without it the password stays, and is denied like
        everything else.
      - V(root_access_key) deletes a leaked access key of root of a member account, with all its other keys and signing certificates. AWS
        can't deactivate them.
      - V(root_password) deletes the password of that root user.
    type: list
    elements: str
    choices: [user_password, root_access_key, root_password]
    default: []
  acts_for_organization:
    description:
      - Whether the account is the management account of the organization. It then also looks whether a leaked key is that of the root
        user of a member. It uses a session as root that can only read. O(accept_irreversible) lets it delete the key.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what a containment would change
  hardening.iam.credential_quarantine:
    account_id: "222233334444"
    inventory_accounts: ["222233334444", "333344445555"]
    incident:
      id: INC-7
      declared_by: Ana
      reason: key found in a public repository
      keys: [AKIAIOSFODNN7EXAMPLE]
  check_mode: true

- name: Contain it
  hardening.iam.credential_quarantine:
    account_id: "222233334444"
    inventory_accounts: ["222233334444", "333344445555"]
    journal: s3://example-journal/iam
    incident:
      id: INC-7
      declared_by: Ana
      reason: key found in a public repository
      confirm: INC-7
      keys:
        - id: AKIAIOSFODNN7EXAMPLE
          user: ci-deploy

- name: Delete a leaked key of root of a member account, in the management account
  hardening.iam.credential_quarantine:
    account_id: "111122223333"
    acts_for_organization: true
    inventory_accounts: ["111122223333", "333344445555"]
    accept_irreversible: [root_access_key]
    journal: s3://example-journal/iam
    incident:
      id: INC-8
      declared_by: Ana
      reason: key found in a public repository
      confirm: INC-8
      keys: [AKIAIOSFODNN7EXAMPLE]

- name: Release the user
  hardening.iam.credential_quarantine:
    state: released
    account_id: "222233334444"
    journal: s3://example-journal/iam
    incident:
      id: INC-7
      declared_by: Ana
      reason: key found in a public repository
      confirm: INC-7
      keys: [AKIAIOSFODNN7EXAMPLE]
    checklist:
      sweep_clean_twice: {by: Ben, statement: "hunts of 27 and 28 November found nothing"}
      credential_verified: {by: Cleo, statement: "the pipeline assumes a role since 27 November"}
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
  sample: INC-7
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
  sample: first
seeds:
  description: The credentials of the incident, as this account sees them.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    id:
      description: The id of a key, or an ARN.
      type: str
    kind:
      description: V(access_key), V(console_password), V(session), V(role) or V(identity_center_user). V(user) was contained by an
          earlier pass.
      type: str
    status:
      description:
        - V(home) is contained here. V(not_here) belongs to another account of the run, V(foreign) to none of them. V(deleted) does
          nothing any more, as the event of its deletion, an earlier pass or the incident proves. V(root) is a key of a root user. V(session) is the work of C(session_revocation).
        - V(mismatch) belongs to another user or account than the incident names, so nothing is done about it. V(unresolved) does not exist
          or could not be found out, or is the key of a session that the incident does not name.
        - V(organization) is a user of Identity Center, whom M(hardening.iam.organization_containment) contains.
      type: str
    account_id:
      description: The account, as far as it is known.
      type: str
    user:
      description: The name of the user, as far as it is known.
      type: str
    detail:
      description: The reason in words.
      type: str
    next_step:
      description: The next step of people, if there is one.
      type: str
    near:
      description: The names that people may have meant by one that was not found. They differ in case or path, or in two characters at most.
      type: list
      elements: str
contained:
  description: The principals that are contained.
  returned: success
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN.
      type: str
    unique_id:
      description: The unique id of IAM.
      type: str
    seeds:
      description: The credentials that it is contained for.
      returned: when O(state=contained)
      type: list
      elements: str
    since:
      description: The moment of the containment.
      returned: when O(state=released)
      type: str
not_denied:
  description: The credentials and principals that are not denied, or not seen to be. If there are any, the task fails.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    principal:
      description: The principal or the credential.
      type: str
    reason:
      description: The reason.
      type: str
    next_step:
      description: The next step of people.
      type: str
lives_on:
  description: The tokens and sessions that a contained principal may still hold.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN.
      type: str
    what:
      description: The tokens, sessions or passwords.
      type: str
    until:
      description: The moment in UTC at which they end by themselves. V(none) if AWS knows none.
      type: str
    denied:
      description: Whether the containment denies them.
      type: bool
    next_step:
      description: The next step.
      type: str
stops_working:
  description: The known uses of the keys that end. A prediction from the last use that AWS knows of each key.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN of the user.
      type: str
    access_key:
      description: The id of the key.
      type: str
    status:
      description: Its status before.
      type: str
    last_used:
      description: The moment of the last use, which AWS tells up to hours late. V(none) if AWS has none on record, or if it is not known.
      type: str
    not_known:
      description: Why the last use is not known. Empty if it is known.
      type: str
    service:
      description: The service of the last use.
      type: str
    region:
      description: The region of the last use.
      type: str
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
  description: The changes that were made, but do not show in the account. Somebody undid them, or AWS needs longer.
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
  description: The findings on incidents of the account, as selected by O(return_findings).
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
      description: The account. For a key of root, the member account.
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
      description: The ARN of the principal.
      type: str
    before:
      description: The state before the change.
      type: dict
    after:
      description: The state after the change. V(none) if a credential is deleted.
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
  description: The refused changes, and the credentials that nothing is done about.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The rule that refused it.
      type: str
    reason:
      description: The reason. For root of the management account, what people do.
      type: str
    target:
      description: The resource or the credential.
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
from ..module_utils._capabilities.credential_quarantine.run import OPERATIONS, WRITER, run
from ..module_utils._module.arguments import EMERGENCY_ARGUMENTS, RELEASE_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry


def argument_spec() -> dict[str, dict[str, t.Any]]:
    losses = ["user_password", "root_access_key", "root_password"]
    return {
        **ASSUME_ROLE_ARGUMENTS,
        **EMERGENCY_ARGUMENTS,
        **RELEASE_ARGUMENTS,
        "inventory_accounts": {"type": "list", "elements": "str", "default": []},
        "accept_irreversible": {"type": "list", "elements": "str", "choices": losses, "default": []},
        "acts_for_organization": {"type": "bool", "default": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, writer=WRITER)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
