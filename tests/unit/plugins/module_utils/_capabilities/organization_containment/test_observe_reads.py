# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which reads a containment of the organization declares, and what members are read with."""

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree_reads import (
    POLICIES_OPERATIONS,
    TAGS_OPERATIONS,
    TREE_OPERATIONS,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.observe import (
    MEMBER_OPERATIONS,
    OPERATIONS,
    read_members,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.live import NODES_READS

from ..organization_policy.organizations import DEV, PROD, tree
from .members import KEPT, Members, details, role
from .test_observe import EXEMPT, declared


@pytest.mark.parametrize("reads", [NODES_READS, TREE_OPERATIONS, TAGS_OPERATIONS, POLICIES_OPERATIONS], ids=sorted)
def test_each_read_of_the_organization_is_declared(reads: frozenset[str]) -> None:
    assert reads and set(reads) <= OPERATIONS.reads


def test_a_member_is_read_and_never_written() -> None:
    assert MEMBER_OPERATIONS.reads == {"iam:GetAccountAuthorizationDetails"} and not MEMBER_OPERATIONS.writes


def test_each_member_has_its_own_role_and_its_own_exempt_roles() -> None:
    keepers = (role("break-glass"), role("responders", "/"))
    members = Members({}, {DEV: details(*keepers), PROD: {**details(), "account": PROD}})
    found = read_members(members.connection, declared(DEV, PROD, exempt_roles=(EXEMPT,)), tree(), (KEPT,))
    assert sorted(arn.split(":")[4] for arn, _operations in members.assumed) == sorted((DEV, PROD))
    assert {name: one.account_id for name, one in found.items()} == {DEV: DEV, PROD: PROD}
    kept = {keeper.arn: keeper.is_break_glass for keeper in found[DEV].keepers}
    assert kept[KEPT] is True and kept[EXEMPT.replace("<account_id>", DEV)] is False
