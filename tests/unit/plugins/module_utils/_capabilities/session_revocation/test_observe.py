# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Answer, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.observe import (
    read_keys,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._incident.deletions import Deletion, Kind

from ..._account.fakes import FakeAccess
from .accounts import HOME, NOW, PROD, USER, arn, make_home

KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
GONE: t.Final = NotFound("no such key", code="NoSuchEntity")
OLD: t.Final = arn(HOME, "ci/left", "user")
#: What is proven to be deleted. No event of the key names its user.
PROVEN: t.Final[t.Mapping[str, str]] = {KEY: "", OLD: "", arn(HOME, "left", "user"): ""}


def find_users(last_used: t.Any, *, account: str = HOME, proofs: t.Mapping[str, str] = PROVEN, **key: str) -> t.Any:
    def find(_kind: Kind, identifier: str) -> Answer[Deletion]:
        return Yes(Deletion("an event", proofs[identifier])) if identifier in proofs else Unknown("events are late")

    given = {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a repository"}
    incident = Incident.from_option({**given, "keys": [{"id": KEY, **key}]}, now=NOW)
    access = FakeAccess(
        {"sts:GetAccessKeyInfo": {"Account": account}, "iam:GetAccessKeyLastUsed": last_used}, account_id=HOME
    )
    found = read_keys(t.cast("t.Any", access), incident, make_home(), find)
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
        # Nothing proves that there was such a user.
        ("lefd", ()),
        (OLD, (OLD,)),
        # Nobody says whose it was.
        ("", ()),
        (arn(PROD, "ci-deploy", "user"), ()),
    ],
)
def test_the_user_of_a_key_that_is_gone_is_the_one_that_people_name(user: str, found: tuple[str, ...]) -> None:
    assert find_users(GONE, user=user) == found


@pytest.mark.parametrize("user", ["", "ci-deploy", USER, OLD])
def test_a_key_that_nothing_proves_to_be_deleted_is_nobodys(user: str) -> None:
    assert find_users(GONE, user=user, proofs={}) == ()
    # The event of its deletion names the user, and a slip in the name of the user is a mismatch.
    event = {KEY: "ci-deploy"}
    assert find_users(GONE, user=user, proofs=event) == (() if user == OLD else (USER,))


def test_the_user_of_a_key_that_is_gone_is_only_known_in_its_account() -> None:
    assert find_users(GONE, user="ci-deploy", account=PROD) == ()
    assert find_users(GONE, user="ci-deploy", account_id=PROD) == ()
    assert find_users(GONE, user="ci-deploy", account_id=HOME) == (USER,)


def test_the_user_of_a_key_that_is_there_is_what_aws_says() -> None:
    assert find_users({"UserName": "ci-deploy"}) == (USER,)
    assert find_users({"UserName": "ci-deploy"}, user="other") == ()
