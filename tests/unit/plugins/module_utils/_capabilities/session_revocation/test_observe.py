# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.observe import (
    read_keys,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident

from ..._account.fakes import FakeAccess
from .accounts import HOME, NOW, PROD, USER, arn, make_home

KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
GONE: t.Final = NotFound("no such key", code="NoSuchEntity")
OLD: t.Final = arn(HOME, "ci/left", "user")


def find_users(last_used: t.Any, *, account: str = HOME, **key: str) -> tuple[str, ...]:
    given = {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a repository"}
    incident = Incident.from_option({**given, "keys": [{"id": KEY, **key}]}, now=NOW)
    access = FakeAccess(
        {"sts:GetAccessKeyInfo": {"Account": account}, "iam:GetAccessKeyLastUsed": last_used}, account_id=HOME
    )
    found = read_keys(t.cast("t.Any", access), incident, make_home())
    assert (found.homes, found.unread) == ({account}, ())
    return found.users


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("ci-deploy", (USER,)),
        ("CI-Deploy", (USER,)),
        (USER, (USER,)),
        # It was deleted too: nobody knows its policies any more.
        ("left", (arn(HOME, "left", "user"),)),
        (OLD, (OLD,)),
        # Nobody says whose it was.
        ("", ()),
        (arn(PROD, "ci-deploy", "user"), ()),
    ],
)
def test_the_user_of_a_key_that_is_gone_is_the_one_that_people_name(user: str, found: tuple[str, ...]) -> None:
    assert find_users(GONE, user=user) == found


def test_the_user_of_a_key_that_is_gone_is_only_known_in_its_account() -> None:
    assert find_users(GONE, user="ci-deploy", account=PROD) == ()
    assert find_users(GONE, user="ci-deploy", account_id=PROD) == ()
    assert find_users(GONE, user="ci-deploy", account_id=HOME) == (USER,)


def test_the_user_of_a_key_that_is_there_is_what_aws_says() -> None:
    assert find_users({"UserName": "ci-deploy"}) == (USER,)
    assert find_users({"UserName": "ci-deploy"}, user="other") == ()
