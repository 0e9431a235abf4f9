# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Looks for an identity lock that still holds, because a run was killed that would have lifted it."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime

from ..._account import fields
from ..._account.answer import NO, Answer, Unknown, Yes
from ..._account.documents import policy_document
from ..._account.moments import format_utc
from ..._account.organization_tree import SCP
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._module.answers import fail_as_a_call
from ..from_above import NAME, find_owner, read_orders

_SERVICE: t.Final = "organizations"
OPERATIONS: t.Final = Operations(reads=frozenset({f"{_SERVICE}:ListPolicies", f"{_SERVICE}:DescribePolicy"}))


@dataclasses.dataclass(frozen=True)
class LeftLock:
    """A lock that holds: of which incident, in which accounts, and until when."""

    incident_id: str
    accounts: tuple[str, ...]
    until: datetime

    def describe(self) -> str:
        """Describe it, with the command that lifts it. The named stay denied then, until the release."""
        return (
            f"the identity lock of incident {self.incident_id} holds in {', '.join(self.accounts)} until "
            f"{format_utc(self.until)}. If no run of contain.yml is at work, one was killed. To lift it, take "
            "identity_lock out of the declaration and run: ansible-playbook contain.yml -e @incident.yml "
            f"-e compromise_response_confirm={self.incident_id}"
        )


def find_left_lock(access: Access, now: datetime) -> Answer[LeftLock]:
    """Find a lock that holds in the organization whose management account this is."""
    try:
        read = _read_policy(access)
    except AwsError as error:
        return Unknown(f"the policy {NAME} can't be read: {error}")
    if read is None:
        return NO
    content, description = read
    orders = read_orders(policy_document(NAME, content).document)
    if orders is None:
        return Unknown(f"the content of {NAME} is none that a run wrote: find out in CloudTrail who changed it")
    if orders.lock is None or orders.lock.until <= now:
        return NO
    owner = find_owner(description)
    return Yes(LeftLock(owner or "unknown", tuple(sorted(orders.lock.accounts)), orders.lock.until))


@fail_as_a_call()
def _read_policy(access: Access) -> t.Optional[tuple[str, str]]:
    """Read the content and the description of the policy; None if there is none of its name."""
    policies = list(access.items(_SERVICE, "ListPolicies", "Policies", {"Filter": SCP}))
    ids = [fields.text(one, "Id") for one in policies if one.get("Name") == NAME]
    if not ids:
        return None
    described = fields.structure(access.call(_SERVICE, "DescribePolicy", {"PolicyId": ids[0]}), "Policy")
    summary = fields.structure(described, "PolicySummary")
    return fields.text(described, "Content"), fields.optional_text(summary, "Description") or ""
