# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.password_policy.undo import DERIVATIONS

from ..records import State, iam, problem_of

POLICY: t.Final = iam("account-password-policy")
BEFORE: t.Final = {
    "minimum_password_length": 8,
    "require_symbols": True,
    "require_numbers": True,
    "require_uppercase_characters": False,
    "require_lowercase_characters": False,
    "allow_users_to_change_password": True,
    "max_password_age": None,
    "password_reuse_prevention": None,
    "hard_expiry": None,
}
REQUEST: t.Final = {
    "MinimumPasswordLength": 8,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False,
    "AllowUsersToChangePassword": True,
}
UPDATE: t.Final = "UpdateAccountPasswordPolicy"
DELETE: t.Final = "DeleteAccountPasswordPolicy"


@pytest.mark.parametrize(
    ("target", "before", "undo", "problem"),
    [
        pytest.param(POLICY, BEFORE, (UPDATE, REQUEST), "", id="changed"),
        pytest.param(POLICY, None, (DELETE, {}), "", id="made"),
        pytest.param(POLICY, BEFORE, (DELETE, {}), f"its undo is {UPDATE}", id="another operation"),
        pytest.param(POLICY, BEFORE, (UPDATE, {**REQUEST, "MinimumPasswordLength": 6}), "another Minimum", id="weaker"),
        pytest.param(POLICY, {"minimum_password_length": 8}, (UPDATE, {}), "is no password policy", id="a part"),
        pytest.param(iam("account-password-policy", "999988887777"), None, (DELETE, {}), "is not the", id="account"),
    ],
)
def test_the_policy_comes_back_as_it_was(
    target: str, before: State, undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, ("iam", UPDATE), target, (before, BEFORE), undo)
    assert problem in found if problem else not found, found
