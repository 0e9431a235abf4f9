# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Placeholders in policies of an organization, which are filled in once the organization was read.

Neither can be in a real policy: no id and no name of a role has such characters. A policy that was sent without
them filled in would spare nobody by them.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._account.organization_tree import OrganizationTree
from ..._converge.errors import InputError
from ..._policy.analysis.principal_matrix_cast import CONTROL_TOWER
from .declared import Content, Declared, DeclaredPolicy
from .lock_out.plan import find_landing_zone

#: The id of the organization.
ORGANIZATION_ID: t.Final = "<organization_id>"
#: In a list: the roles by which Control Tower and StackSets set up accounts, where they do, else nothing.
LANDING_ZONE: t.Final = "arn:*:iam::*:role/<landing_zone>"

# Roles of StackSets have the number of the stack set in their names.
_STACK_SETS: t.Final = "role/stacksets-exec-*"


def fill_placeholders(declared: Declared, tree: OrganizationTree) -> Declared:
    """Fill the placeholders in the contents of a declaration.

    :raises InputError: a content is too long or not valid any more.
    """
    policies = tuple(_fill_policy(policy, declared, tree) for policy in declared.policies)
    return declared if policies == declared.policies else dataclasses.replace(declared, policies=policies)


def _fill_policy(policy: DeclaredPolicy, declared: Declared, tree: OrganizationTree) -> DeclaredPolicy:
    content = policy.content
    if content is None or not any(placeholder in content.text for placeholder in (ORGANIZATION_ID, LANDING_ZONE)):
        return policy
    roles = [f"arn:*:iam::*:{role if role == CONTROL_TOWER else _STACK_SETS}" for role in find_landing_zone(tree)]
    place = f"{policy.place}.content"
    found = Content.of(_fill_value(content.document, tree.id, roles), declared.type, place)
    if found.size > declared.max_size:
        raise InputError(
            f"{place}: {policy.name} has {found.size} characters after its placeholders are filled in; allowed are "
            f"{declared.max_size}"
        )
    return dataclasses.replace(policy, content=found)


def _fill_value(value: t.Any, organization_id: str, roles: list[str]) -> t.Any:
    if isinstance(value, Mapping):
        return {key: _fill_value(item, organization_id, roles) for key, item in value.items()}
    if value == LANDING_ZONE:
        return roles
    if isinstance(value, str):
        return value.replace(ORGANIZATION_ID, organization_id)
    if isinstance(value, list):
        kept = [_fill_value(item, organization_id, roles) for item in value if item != LANDING_ZONE]
        return kept + [role for role in roles if role not in kept] if LANDING_ZONE in value else kept
    return value
