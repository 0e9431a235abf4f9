# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Simulations of requests that a role may have to make."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._aws.access import Access

#: A resource, and the condition keys of a request with their values.
About = tuple[str, tuple[tuple[str, str], ...]]


def fill_placeholders(text: str, *, account: str, region: str) -> str:
    """Fill the placeholders of a sample request; ``account`` is the start of ARNs of IAM."""
    _arn, partition, _iam, _global, owner = account.split(":")
    return text.replace("${Partition}", partition).replace("${Account}", owner).replace("${Region}", region)


def find_denied(access: Access, writer: str, actions: Sequence[str], about: About) -> dict[str, str]:
    """Find which of the actions a principal is denied. ``about`` is what all of them are about.

    The value names the policy that refuses an action; it is empty if no policy of the principal allows it.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html

    :raises AwsError: the simulation is not allowed or failed, or there is no such principal.
    """
    resource, context = about
    parameters: dict[str, t.Any] = {"PolicySourceArn": writer, "ActionNames": actions, "ResourceArns": [resource]}
    if context:
        parameters["ContextEntries"] = [
            {
                "ContextKeyName": name,
                "ContextKeyValues": [value],
                "ContextKeyType": "stringList" if name == "aws:TagKeys" else "string",
            }
            for name, value in context
        ]
    results = access.items("iam", "SimulatePrincipalPolicy", "EvaluationResults", parameters)
    return {result["EvalActionName"]: _name_refusing(result) for result in results if not _is_allowed(result)}


def _is_allowed(result: Mapping[str, t.Any]) -> bool:
    return bool(result["EvalDecision"] == "allowed")


def _name_refusing(result: Mapping[str, t.Any]) -> str:
    """Name the policy that refuses an action, whatever the principal's own policies allow; empty if none does."""
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return "a service control policy"
    if result["EvalDecision"] == "explicitDeny":
        return "an explicit deny"
    bounded = not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True)
    # Where no policy allows it either, AWS names no statement that does.
    return "the permissions boundary" if bounded and result.get("MatchedStatements") else ""


def find_simulatable(arn: str) -> t.Optional[str]:
    """Find the principal to simulate. The ARN of a role's session lacks the role's path, so only users qualify."""
    return arn if ":user/" in arn else None
