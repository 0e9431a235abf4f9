# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What people do where no run can contain an account, or all of a user of Identity Center."""

from __future__ import annotations

import typing as t

from ..._converge.change import Refusal

_STEPS: t.Final = {
    "management_account": (
        "no control policy binds the management account. People do it, in this order:\n"
        "1. Sign in as root of the management account with its MFA device. Call AWS Support if that fails.\n"
        "2. Change the password, delete access keys of root, and look at its MFA devices and contacts.\n"
        "3. Disable users and roles with administrator access one by one, but for your own.\n"
        "4. Read in CloudTrail what was done to organization policies, to accounts and to the delegation of services.\n"
        "5. Contain its leaked credentials by keys and users of the incident"
    ),
    "caller": (
        "this run comes through this account, or keeps its journal there: it would saw off its own branch. People do "
        "it, in this order:\n"
        "1. Stop all schedules and jobs that use the account.\n"
        "2. Move journal and credentials of the automation to an account that the intruder can't have reached.\n"
        "3. Sign in to the management account with its break-glass role, and attach a policy that denies * on *.\n"
        "4. Run this containment again from the other account"
    ),
    "no_break_glass": (
        "no break-glass role of the account is known to work then ({detail}). Name one in hardening_break_glass that "
        "only accounts of the run can assume. To contain the account all the same, set without_break_glass for it: the "
        "management account can still release it then"
    ),
    "scp_disabled": (
        "control policies are not enabled in the organization. A person enables all features and the policy type "
        "SERVICE_CONTROL_POLICY in the console of AWS Organizations. Meanwhile contain its users and roles one by one"
    ),
    "slots": (
        "{detail} are attached to it already, and AWS allows no more. Use action move with quarantine_ou, or detach "
        "one that the policy of the incident makes needless"
    ),
    "unknown_account": "the organization has no such account. Correct its id, or contain it from its own organization",
    "not_active": "AWS says that it is {detail}, so nobody can use it. Nothing is done",
    "foreign": "a policy named {detail} exists that is not of this incident. Rename it, or delete it",
    "quarantine_ou": (
        "{detail}. Attach a control policy there that denies * on * but for the roles of the run, or use action policy"
    ),
    "loses_policies": (
        "in the unit it would no longer be under {detail}, whose restrictions would end. Attach them there too, or "
        "name them in accept_lost_policies of the incident"
    ),
    "too_long": "the policy would be {detail} characters too long. Name fewer roles in exempt_roles",
}

#: What people do besides about a user of Identity Center, in this order.
STEPS_OF_PEOPLE: t.Final = (
    "Disable the user in the identity source, so that no new session begins",
    "delete its active sessions: IAM Identity Center console, Users, Active sessions (there is no API)",
    "give its permission sets in the management account an inline denial, and provision them",
    "remove its account assignments and group memberships",
)


def refuse(rule: str, target: str, detail: str = "", operation: str = "") -> Refusal:
    """Refuse to contain an account, with what people do."""
    return Refusal(rule, f"account {target}: {_STEPS[rule].format(detail=detail)}", target, operation)


def describe_next_step(rule: str) -> str:
    """Describe what comes next after a refusal of this rule."""
    return "follow the steps of the reason" if rule in _STEPS else "run the containment again"
