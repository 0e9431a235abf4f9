# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of many targets of a step, one that is certain is found, wherever it stands in the list."""

from __future__ import annotations

import string
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.methods import METHODS

from . import landscapes as account

METHOD: t.Final = next(method for method in METHODS if method.id == "put_user_policy_and_create_key")
WITH_MFA: t.Final = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


def target_of(*sure: account.Document, users: t.Sequence[str]) -> tuple[str, bool]:
    """Whom the attacker takes, and whether that is certain: both actions on all with MFA, and some without it."""
    grants = account.policy(
        account.allow("iam:PutUserPolicy", "iam:CreateAccessKey", on=account.arn("user", "*"), **WITH_MFA), *sure
    )
    subjects = [account.user("attacker", grants), *map(account.user, users)]
    path = account.paths(*subjects, methods=[METHOD])["attacker"]
    return path.steps[0].target.rpartition("/")[2], path.certain


@pytest.mark.parametrize("others", [2, 8, 9, 20])
def test_the_certain_one_is_found_among_many(others: int) -> None:
    sure = account.allow("iam:PutUserPolicy", "iam:CreateAccessKey", on=account.arn("user", "zoe"))
    users = [f"{letter}-user" for letter in string.ascii_lowercase[:others]]
    assert target_of(sure, users=[*users, "zoe"]) == ("zoe", True)


def test_the_certain_one_is_certain_for_every_action() -> None:
    """Nine users may certainly be given a policy, nine others a key; only the last in the list both."""
    sure = (
        account.allow("iam:PutUserPolicy", on=[account.arn("user", "a-*"), account.arn("user", "zoe")]),
        account.allow("iam:CreateAccessKey", on=[account.arn("user", "b-*"), account.arn("user", "zoe")]),
    )
    users = [f"{kind}-{number}" for kind in "ab" for number in range(9)]
    assert target_of(*sure, users=[*users, "zoe"]) == ("zoe", True)
