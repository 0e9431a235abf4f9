# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What people do where a run can't contain a credential itself, step by step."""

from __future__ import annotations

import typing as t
from collections.abc import Collection

from ..arn import Principal, is_break_glass, principal_of
from ..change import Refusal

_UNCHANGED: t.Final = "This run changes nothing. "
_FIRST: t.Final = (
    "A person with the break-glass role has to do it, in this order:\n"
    "1. Stop all schedules and jobs that use {name}, in AWX and elsewhere.\n"
    "2. Sign in with the break-glass role, from a machine that the intruder can't have used.\n"
)
_OF_USER: t.Final = (
    "3. Deactivate all access keys of the user: aws iam update-access-key --status Inactive.\n"
    "4. Give the user an inline policy that denies * on *.\n"
)
_OF_ROLE: t.Final = (
    "3. Take the abused principal out of the trust policy of the role, and keep a copy of the policy.\n"
    '4. Revoke its sessions: IAM console, role, "Revoke sessions".\n'
)
_LAST: t.Final = (
    "5. Wait a minute, and check both again: an intruder may have undone them.\n"
    "6. Read in CloudTrail what it did since the leak, above all to break-glass and to the journal.\n"
    "7. Make new credentials for the automation, then run this containment again with them for all other seeds."
)
_LOCKED_OUT: t.Final = (
    "AWS does not know {name} any more: an intruder may have ended them, or they were mistyped. The run stops. How far "
    "incident {incident_id} is contained is in its record and its journal.\n"
)
_BY_HAND: t.Final = (
    "3. Find out who ended them. That principal is part of the incident then, and so are {name}.\n"
    "4. Contain by hand what the incident names: deactivate all access keys of the user, and give it an inline policy "
    "that denies * on *.\n"
)
_BY_HAND_ALONE: t.Final = (
    "3. Deny iam:*, sts:* and organizations:* to everybody that changed something in the last minutes: an inline "
    "policy for each user and role, all at once. Names are below NOT DENIED.\n"
    "4. Deactivate all access keys of these users. Revoke the sessions of these roles: IAM console, role, "
    '"Revoke sessions".\n'
)
_LAST_BY_HAND: t.Final = (
    "5. Wait a minute, and check all of them again: an intruder may have undone them.\n"
    "6. Run the containment of {incident_id} again."
)
_ENTERED: t.Final = (
    "The intruder can have come into {names}. A run never changes its own roles or break-glass, so a person has to do "
    "it, in this order:\n"
    "1. Stop all schedules and jobs that use these roles, in AWX and elsewhere.\n"
    "2. Sign in as another administrator of the account, or as the root user with its MFA device, from a machine that "
    "the intruder can't have used.\n"
)
_OF_ENTERED: t.Final = (
    "3. Take everybody whom you do not know out of the trust policies of these roles, and keep a copy of the policies. "
    "Look at their permissions too.\n"
    '4. Revoke their sessions: IAM console, role, "Revoke sessions".\n'
    "5. Wait a minute, and check all of it again: an intruder may have undone it.\n"
    "6. Run this containment again."
)
_OF_BREAK_GLASS: t.Final = (
    "This run changes nothing: break-glass is the way back into the account. A person has to do it, in this order:\n"
    "1. Use another administrator of the account, or the root user with its MFA device.\n"
    "2. Make a second break-glass role under /iam-hardening/break-glass/, which only that person may assume. Test it.\n"
    "3. Only then cut the first one: change its trust policy, and revoke its sessions in the IAM console.\n"
    "4. Wait a minute, and check both again: an intruder may have undone them.\n"
    "5. Read in CloudTrail what it did since the leak.\n"
    "6. Name the new role in hardening_break_glass, then run this containment again for all other seeds."
)


def refuse_seed(
    arn: str, *, callers: Collection[Principal], break_glass: Collection[str], incident_id: str
) -> t.Optional[Refusal]:
    """Refuse to contain the run itself, a role that it came through, or break-glass; None for all others.

    It is fatal: the run would saw off the branch it sits on, so people have to act. The reason says what they do.
    """
    name = arn.rpartition("/")[2]
    if principal_of(arn) in callers:
        what = f"incident {incident_id} names {arn}, which is the caller of this run, or a role that it came through."
        own = _OF_USER if ":user/" in arn else _OF_ROLE
        steps = f"{_UNCHANGED}{_FIRST.format(name=name)}{own}{_LAST}"
        return Refusal("caller", f"{what}\n{steps}", arn, fatal=True)
    if is_break_glass(arn, break_glass):
        what = f"incident {incident_id} names {arn}, which is a break-glass principal."
        return Refusal("break_glass", f"{what}\n{_OF_BREAK_GLASS}", arn, fatal=True)
    return None


def describe_by_hand(incident_id: str) -> str:
    """Describe what people do where the run did not win, and nothing above the account can."""
    head = _FIRST.format(name="the roles of this collection")
    return f"{head}{_BY_HAND_ALONE}{_LAST_BY_HAND.format(incident_id=incident_id)}"


def describe_entered(arns: Collection[str]) -> str:
    """Describe what people do where the incident reaches roles of the run or break-glass, which no run changes."""
    names = ", ".join(arn.rpartition("/")[2] for arn in arns)
    return f"{_ENTERED.format(names=names)}{_OF_ENTERED}"


def describe_lockout(caller: str, incident_id: str) -> str:
    """Describe what people do where AWS does not know the credentials of the run any more.

    ``caller`` is the ARN of the run's principal, empty if it is not known.
    """
    name = f"the credentials of this run ({caller.rpartition(':')[2]})" if caller else "the credentials of this run"
    head = _LOCKED_OUT.format(name=name, incident_id=incident_id)
    return f"{head}{_FIRST.format(name=name)}{_BY_HAND.format(name=name)}{_LAST}"
