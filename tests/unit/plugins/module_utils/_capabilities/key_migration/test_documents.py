# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents are the same if they say the same, and only then."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.documents import (
    hash_policy,
    says_same,
)


def policy(**fields: t.Any) -> dict[str, t.Any]:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*", **fields}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize(
    "other",
    [
        policy(Action=["s3:PutObject", "s3:GetObject"]),
        policy(Resource=["*"]),
        {"Statement": policy()["Statement"][0], "Version": "2012-10-17"},
    ],
)
def test_another_spelling_says_the_same(other: t.Any) -> None:
    assert says_same(policy(), other) and says_same(other, policy())
    assert hash_policy(policy()) == hash_policy(other)


@pytest.mark.parametrize(
    "other",
    [
        policy(Action="s3:GetObject"),
        policy(Action=["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
        policy(Effect="Deny"),
        policy(Resource="arn:aws:s3:::x/*"),
        policy(Condition={"Bool": {"aws:SecureTransport": "true"}}),
        {"Version": "2012-10-17", "Statement": []},
        {"Statement": 7},
        None,
    ],
)
def test_what_gives_more_or_less_is_another(other: t.Any) -> None:
    assert not says_same(policy(), other) and not says_same(other, policy())
    assert hash_policy(policy()) != hash_policy(other)


def test_what_is_no_policy_is_the_same_letter_by_letter() -> None:
    broken = {"Statement": 7, "Version": "x"}
    assert says_same(broken, dict(reversed(broken.items()))) and says_same(None, None)
    assert hash_policy(broken) == hash_policy(dict(reversed(broken.items())))
    assert not says_same(broken, {"Statement": 8, "Version": "x"})
