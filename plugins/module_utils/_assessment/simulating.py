# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Simulations of requests that a role may have to make."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._aws.access import Access

#: A resource, and the condition keys of a request with their values.
About = tuple[str, tuple[tuple[str, str], ...]]


def fill_placeholders(text: str, *, account: str, region: str) -> str:
    """Fill the placeholders of a sample request; ``account`` is the start of ARNs of IAM."""
    _arn, partition, _iam, _global, owner = account.split(":")
    return text.replace("${Partition}", partition).replace("${Account}", owner).replace("${Region}", region)


def find_denied(access: Access, writer: str, actions: Sequence[str], about: About) -> set[str]:
    """Find which of the actions a principal is denied. ``about`` is what all of them are about.

    :raises AwsError: the simulation is not allowed, or there is no such principal.
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
    return {result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"}


def find_simulatable(arn: str) -> t.Optional[str]:
    """Find the principal to simulate. The ARN of a role's session lacks the role's path, so only users qualify."""
    return arn if ":user/" in arn else None
