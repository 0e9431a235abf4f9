# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which accounts are ours."""

from __future__ import annotations

import dataclasses

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Organization, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    MemberAccount,
    OrganizationTree,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.control import Scope
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._controls.ours import accounts_of_ours
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings

from .samples import ACCOUNT, NOW, snapshot

MANAGING, MEMBER, TRUSTED = "444455556666", "777788889999", "121212121212"


def ours(account: Snapshot, **thresholds: tuple[str, ...]) -> set[str]:
    is_ours = accounts_of_ours(Scope(Facts(account), dataclasses.replace(Settings(), **thresholds), NOW))
    return {name for name in (ACCOUNT, MANAGING, MEMBER, TRUSTED, "999988887777") if is_ours(name)}


def test_the_account_and_those_that_are_declared_or_known() -> None:
    alone = snapshot()
    assert ours(alone) == {ACCOUNT}
    assert ours(alone, trusted_account_ids=(TRUSTED,)) == {ACCOUNT, TRUSTED}
    member = snapshot(organization=Organization("o-1", MANAGING, "ALL"))
    assert ours(member) == {ACCOUNT, MANAGING}
    accounts = (MemberAccount(MEMBER, "shop", "shop@example.org", "ACTIVE", "r-1"),)
    tree = OrganizationTree("o-1", MANAGING, "ALL", "r-1", units=(), accounts=accounts)
    assert ours(dataclasses.replace(member, organization_tree=tree)) == {ACCOUNT, MANAGING, MEMBER}
