# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of an organization that apply to an account: those on the root, on each unit above it, and on itself.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
"""

from __future__ import annotations

import typing as t

from moto.organizations.models import OrganizationsBackend, organizations_backends

#: The names and the texts of the policies of one level.
Level = tuple[tuple[str, str], ...]


def list_levels(account_id: str, partition: str, kind: str = "SERVICE_CONTROL_POLICY") -> t.Optional[tuple[Level, ...]]:
    """The policies of each level, the account's own first; None where none apply, as to the management account."""
    master = organizations_backends.master_accounts.get(account_id)
    if master is None:
        return None
    organization: OrganizationsBackend = organizations_backends[master[0]][partition]
    target: t.Any = organization.get_account_by_id(account_id)
    found: list[Level] = []
    while target is not None:
        found.append(tuple((policy.name, policy.content) for policy in target.attached_policies if policy.type == kind))
        target = next((unit for unit in organization.ou if unit.id == target.parent_id), None)
    return tuple(found)
