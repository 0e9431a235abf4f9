#!/usr/bin/python
# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: session_revocation
author:
  - hardening.iam contributors (@hardening-iam)
short_description: Cut the role sessions that a leaked credential can have opened
description:
  - Cuts the sessions that the credentials of a declared incident can have opened in this account, and revokes their sign-in sessions
    (C(aws login)). Run M(hardening.iam.credential_quarantine) in all accounts first. While the credential still works, it opens new
    sessions.
  - Reads which roles can be assumed from the leaked credentials, hop by hop over all accounts of O(inventory_accounts). Trust policies,
    the policies and the boundary of the caller, and SCPs and RCPs (where O(organization_role_arn) may read them) decide. A role counts as
    reached as well if that depends on a condition, or on something that can't be read.
  - A role that only services or identity providers may assume is never reached, and never cut unless the incident names it.
  - Each role gets one inline policy C(IamHardeningIncident-<id>). A role that was reached loses the sessions that began before a moment,
    but for those of EC2 instances, Lambda functions and identity providers. Nobody can give these keys to a session of AssumeRole.
    Sessions that the incident names in C(seen) and C(sessions) are cut by their names.
  - All older sessions, or all sessions, are only cut for roles in C(roles) of the incident.
  - The caller, the roles that it came through, break-glass, service-linked roles, C(AWSReservedSSO_*), C(OrganizationAccountAccessRole)
    and roles of landing zones and the CDK are never cut. RV(not_cut_because) lists them.
  - Sees the other accounts if all accounts run in one Ansible process, and O(run_id) is the same. The first pass knows only the accounts
    that were read before it, so run at least two passes.
  - C(docs/session_revocation.md) explains the passes and the policy.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - hardening.iam._account.organization
  - hardening.iam._access
  - hardening.iam._emergency
  - hardening.iam._journal
  - hardening.iam._journal.job
  - hardening.iam._journal.lease
  - hardening.iam._report_place
  - hardening.iam._assessment
  - hardening.iam._attributes
  - hardening.iam._attributes.converging_module
options:
  state:
    description:
      - With V(contained), sessions are cut.
      - With V(released), the policies of the incident are taken from the roles again. Only roles in the record of the incident are
        changed, and only by taking away what this module put there. Sign-in sessions stay revoked. The release of
        M(hardening.iam.credential_quarantine) does the same for all that the incident changed.
    type: str
    choices: [contained, released]
    default: contained
  inventory_accounts:
    description:
      - The ids of all accounts of the inventory, each in 12 digits.
      - Other accounts that the credential may enter are listed in RV(unfollowed).
    type: list
    elements: str
    default: []
  max_roles:
    description:
      - The largest number of roles of this account that are cut although the incident does not name them. If more can have been reached,
        none of these is cut.
    type: int
    default: 25
  propagation_seconds:
    description:
      - The number of seconds that the moment of a cut is ahead, from 10 to 300. Sessions that begin while AWS spreads the policy are then
        cut too. People whose sessions begin in this time must begin them again.
    type: int
    default: 30
  pass:
    description:
      - The pass of a containment. In the pass V(first), unless it is O(final), an account that was not read yet counts as unknown, and a
        later pass judges it. In all other passes its roles and users count as reached, if a credential may enter the account.
      - Sign-in sessions are revoked by the later passes, because the first cuts must not wait for all regions.
    type: str
    choices: [first, second, recheck]
    default: first
seealso:
  - module: hardening.iam.assessment_info
"""

EXAMPLES = r"""
- name: See which roles a leaked key can have reached, and what would be cut
  hardening.iam.session_revocation:
    account_id: "222233334444"
    inventory_accounts: ["222233334444", "333344445555", "444455556666"]
    run_id: "20261127T100500Z"
    incident:
      id: INC-2026-11-27
      declared_by: Ana Security
      reason: key found in a public repository
      keys: [AKIAIOSFODNN7EXAMPLE]
  check_mode: true

- name: Cut them, in the first pass over all accounts
  hardening.iam.session_revocation:
    account_id: "{{ aws_account_id }}"
    assume_role_arns: "{{ aws_assume_role_arns }}"
    inventory_accounts: "{{ accounts }}"
    run_id: "{{ hardening_run_id }}"
    pass: first
    final: false
    incident: "{{ incident | combine({'confirm': incident.id}) }}"
    journal: s3://example-journal/iam

- name: Let the sessions in again, once the incident is over
  hardening.iam.session_revocation:
    state: released
    account_id: "222233334444"
    incident: "{{ incident | combine({'confirm': incident.id}) }}"
    journal: s3://example-journal/iam
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
  description: The hash of the plan. It covers every planned change, including refused ones.
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
journal_fell_back:
  description: Whether the journal is on the controller alone, because its place could not be used.
  returned: success
  type: bool
pass:
  description: The pass.
  returned: when O(state=contained)
  type: str
  sample: first
roles:
  description: The roles of this account that the incident names or reaches. With O(state=released), those that it contains.
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description: The ARN.
      type: str
    unique_id:
      description: The unique id of the role. V(none) if the role can't be read or is gone.
      type: str
    state:
      description:
        - V(cut) if this run writes the policy. V(denied_already) if it is there. V(not_denied) if sessions can go on. V(gone) if there is no
          such role any more.
        - With O(state=released), V(released), V(not_released) or V(gone).
      type: str
    chain:
      description: The way to the role, from the leaked credential on. Empty for a role that the incident names.
      returned: when O(state=contained)
      type: list
      elements: str
    certain:
      description: Whether every step of the way is certain.
      returned: when O(state=contained)
      type: bool
    why:
      description: The conditions that the way depends on, or the reason why the role is named.
      returned: when O(state=contained)
      type: list
      elements: str
    statements:
      description: The statements of the policy.
      returned: when O(state=contained)
      type: list
      elements: str
    issued_before:
      description: The moment of the policy. Sessions that began before it are cut.
      returned: when O(state=contained)
      type: str
    left_out:
      description: The names of sessions that the policy has no room for.
      returned: when O(state=contained)
      type: list
      elements: str
    last_used:
      description: The moment at which the role was last used, as far as AWS tells.
      returned: when O(state=contained)
      type: str
    used_by:
      description: The others that use the role, by its trust policy and its instance profiles.
      returned: when O(state=contained)
      type: list
      elements: dict
      contains:
        kind:
          description: V(instance_profile), V(service), V(identity_provider) or V(principal).
          type: str
        principal:
          description: The ARN or the name.
          type: str
        goes_on:
          description: Whether their sessions go on. Others must begin theirs again.
          type: bool
  sample:
    - role: arn:aws:iam::333344445555:role/deploy
      unique_id: AROAEXAMPLEID12345678
      state: cut
      chain:
        - arn:aws:iam::222233334444:user/ci-deploy
        - arn:aws:iam::222233334444:role/pipeline
        - arn:aws:iam::333344445555:role/deploy
      certain: true
      why: []
      statements: [OlderSessionsOfNobodyKnown]
      issued_before: "2026-11-27T10:05:30Z"
      left_out: []
      last_used: "2026-11-27T10:03:00Z"
      used_by:
        - kind: identity_provider
          principal: arn:aws:iam::333344445555:oidc-provider/token.actions.githubusercontent.com
          goes_on: true
not_denied:
  description: The roles whose sessions are not denied. If there is one, a pass that is O(final) fails.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    principal:
      description: The ARN of the role.
      type: str
    reason:
      description: The reason, with the next step.
      type: str
not_cut_because:
  description: The roles that can have been reached, and are left alone all the same.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    rule:
      description: V(caller), V(break_glass) or V(protected).
      type: str
    reason:
      description: The reason.
      type: str
    target:
      description: The ARN of the role.
      type: str
    operation:
      description: Always empty.
      type: str
unfollowed:
  description: The ways out of what was read, from a principal of this account to roles of another account.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    from:
      description: The ARN of the principal.
      type: str
    to:
      description: The id of the account. V(*) for any account whose roles trust the principal.
      type: str
    reason:
      description: The reason.
      type: str
unread:
  description: The facts that are not known, because they could not be read.
  returned: when O(state=contained)
  type: list
  elements: str
awaits:
  description: The accounts that a later pass judges.
  returned: when O(state=contained)
  type: list
  elements: str
signin_sessions:
  description: The sign-in sessions (C(aws login)) that this run revokes.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
    principal:
      description: The user or role. The ARN has no path.
      type: str
    session:
      description: The ARN of the session.
      type: str
    issued:
      description: The begin of the session.
      type: str
    expires:
      description: The end of the session, if nobody revokes it.
      type: str
    last_used:
      description: The moment at which it was last refreshed.
      type: str
    client_type:
      description: The kind of client.
      type: str
    user_agent:
      description: The user agent, which the client chooses.
      type: str
signin_unread:
  description: The regions whose sign-in sessions are not known, each with the reason. This does not mean that there are none.
  returned: when O(state=contained)
  type: dict
lives_on:
  description: The sessions and credentials that exist for a while longer.
  returned: when O(state=contained)
  type: list
  elements: dict
  contains:
    what:
      description: The sessions or credentials.
      type: str
    principal:
      description: The ARN of the role or user.
      type: str
    until:
      description: The moment at which the last of them ends by itself.
      type: str
    denied:
      description: Whether everything is denied to them until then.
      type: bool
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
undo:
  description: Each change that was made, with the request that undoes it. Only if the journal is on the controller alone.
  returned: success
  type: list
  elements: dict
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
      description: The account.
      type: str
    region:
      description: The region of sign-in sessions, or V(global).
      type: str
    service:
      description: The AWS service.
      type: str
    operation:
      description: The API operation.
      type: str
    target:
      description: The ARN of the role, of its managed policy, or of the owner of sign-in sessions.
      type: str
    before:
      description: The state before the change.
      type: dict
    after:
      description: The state after the change.
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
      description: Whether the change can be undone. A revoked sign-in session stays revoked.
      type: bool
    undo:
      description: The API operation and parameters that undo the change.
      type: dict
    applied:
      description: Whether the change was made. Always false in check mode and with O(mode=report).
      type: bool
refused:
  description: The refused changes, and the roles that are not cut.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description:
        - The rule that refused it. V(no_room) if the role has no room for a policy. V(max_roles) if too many roles were reached.
          V(other_role) if the role is not the one that was read or named. V(changed_meanwhile) if somebody changed it since.
          V(not_ours) for a policy that a release leaves.
      type: str
    reason:
      description: The reason, and the next step.
      type: str
    target:
      description: The ARN of the role.
      type: str
    operation:
      description: The API operation that was refused. Empty for a whole role.
      type: str
terminal:
  description: The result as text. In a play the action plugin displays it and does not return it.
  returned: when O(state=contained)
  type: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.options import ASSUME_ROLE_ARGUMENTS
from ..module_utils._capabilities.session_revocation.run import OPERATIONS, run
from ..module_utils._module.arguments import EMERGENCY_ARGUMENTS, ORGANIZATION_ARGUMENTS
from ..module_utils._module.execution import finish
from ..module_utils._module.task import Entry
from ..module_utils._module.writers import Writer


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        **ORGANIZATION_ARGUMENTS,
        **ASSUME_ROLE_ARGUMENTS,
        **EMERGENCY_ARGUMENTS,
        "state": {"type": "str", "choices": ["contained", "released"], "default": "contained"},
        "inventory_accounts": {"type": "list", "elements": "str", "default": []},
        "max_roles": {"type": "int", "default": 25},
        "propagation_seconds": {"type": "int", "default": 30},
        "pass": {"type": "str", "choices": ["first", "second", "recheck"], "default": "first", "no_log": False},
    }


ENTRY = Entry(argument_spec=argument_spec, operations=OPERATIONS, run=run, writer=Writer.CONTAINMENT)


def main() -> t.NoReturn:
    finish(AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True, **ENTRY.constraints), ENTRY)


if __name__ == "__main__":
    main()
