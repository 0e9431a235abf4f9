# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Why AWS refused to let a role be assumed, as far as its message says.

AWS answers the same AccessDenied to a role that is missing, a trust policy that does not fit, and an external id that
is wrong. Newer messages name the kind of policy that denied, and only one of them where several did.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

from __future__ import annotations

import re
import typing as t

from .options import AccessOptions

_ACTION: t.Final = re.compile(r"to perform: (sts:\w+)")
_ACTION_AGAIN: t.Final = re.compile(r"(because no .+ allows) the sts:\w+ action")
_RESOURCE: t.Final = re.compile(r"\s*on resource: (arn:\S+)")
_REASON: t.Final = re.compile(
    r"(?:because no|with an explicit deny in (?:an?|the)) "
    r"(identity-based policy|resource-based policy|role trust policy|session policy|permissions boundary"
    r"|service control policy|resource control policy|VPC endpoint policy)"
)
# Reasons outside the role itself.
_NEXT_STEPS: t.Final = {
    "identity-based policy": "Allow the caller sts:AssumeRole on this role in a policy of its own, and remove a deny.",
    "session policy": "The session of the caller was narrowed when it was made. Start from other credentials.",
    "permissions boundary": "Allow sts:AssumeRole on this role in the permissions boundary of the caller.",
    "service control policy": "An SCP of the organization denies it. Ask the owner of the organization's policies.",
    "resource control policy": "An RCP of the role's organization denies it. Ask the owner of its policies.",
    "VPC endpoint policy": "Allow it in the policy of the VPC endpoint for STS, which this machine calls through.",
}
_ONE_OF_SEVERAL: t.Final = (
    "AWS names one reason only. If the role is denied again, check the trust policy, assume_role_external_id and MFA.\n"
    "Ruled out: a denied sts:SetSourceIdentity and a wrong MFA code, which AWS would name."
)


def explain_denial(message: str, options: AccessOptions, role_arn: str) -> str:
    """AWS's answer in one line, then what to look at in order, and what the answer rules out."""
    resource = _RESOURCE.search(message)
    answer = _ACTION_AGAIN.sub(r"\1 it", _RESOURCE.sub("", message)).removeprefix("User: ").rstrip(". ")
    if resource and resource[1].rstrip(".") != role_arn:
        # botocore assumes the role of a profile when it looks for the credentials of our own call.
        return (
            f"can't assume {role_arn}: {answer} on {resource[1].rstrip('.')}.\n"
            "That other role is the role_arn of the AWS profile, which is assumed first. Check this profile."
        )
    head = f"can't assume {role_arn}: {answer}."
    action = _ACTION.search(message)
    if action and action[1] != "sts:AssumeRole":
        return f"{head}\n{_explain_action(action[1])}"
    reason = _REASON.search(message)
    if reason and reason[1] in _NEXT_STEPS:
        return f"{head}\n{_NEXT_STEPS[reason[1]]} {_ONE_OF_SEVERAL}"
    return f"{head}\n{_list_steps(options, knows_role=bool(reason))}\n{_rule_out(knows_role=bool(reason))}"


def _explain_action(action: str) -> str:
    of_source = " Or remove assume_role_source_identity." if action == "sts:SetSourceIdentity" else ""
    return (
        f"Allow {action} to the caller in the trust policy of the role, and in the caller's own policies.{of_source}\n"
        "Ruled out: a missing role, and sts:AssumeRole itself; AWS names the action that is missing."
    )


def _list_steps(options: AccessOptions, *, knows_role: bool) -> str:
    external, source = (
        "set" if value else "not set"
        for value in (options.assume_role_external_id, options.assume_role_source_identity)
    )
    steps = [
        *([] if knows_role else ["the role exists, the account is open"]),
        "its trust policy names the caller",
        f"its sts:ExternalId is assume_role_external_id ({external})",
        f"its sts:SourceIdentity is assume_role_source_identity ({source})",
        "it needs no MFA, or the session has it",
    ]
    return "Check in this order: " + "; ".join(f"{number}. {step}" for number, step in enumerate(steps, 1)) + "."


def _rule_out(*, knows_role: bool) -> str:
    role = "a missing role, since AWS read its trust policy; " if knows_role else ""
    return f"Ruled out: {role}a denied sts:SetSourceIdentity and a wrong MFA code, which AWS would name."
