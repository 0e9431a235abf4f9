# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The accounts of the owner, as far as the snapshot and the settings show them."""

from __future__ import annotations

from collections.abc import Callable

from .control import Scope


def accounts_of_ours(scope: Scope) -> Callable[[str], bool]:
    """A test of account ids: the account itself, those known of its organization, and those declared as trusted."""
    snapshot = scope.snapshot
    known = {snapshot.account_id, *scope.settings.trusted_account_ids}
    if snapshot.organization is not None:
        known.add(snapshot.organization.management_account_id)
    if snapshot.organization_tree is not None:
        known.update(account.id for account in snapshot.organization_tree.accounts)
    return known.__contains__
