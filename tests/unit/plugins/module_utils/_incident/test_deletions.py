# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._incident.deletions import (
    Kind,
    is_deletion,
    name_of,
    read_user,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event

ACCOUNT: t.Final = "111122223333"
#: By kind: what is deleted, and what the request of the call names.
DELETED: t.Final = {
    Kind.KEY: ("AKIAEXAMPLEEXAMPLE01", {"userName": "svc", "accessKeyId": "AKIAEXAMPLEEXAMPLE01"}),
    Kind.USER: (f"arn:aws:iam::{ACCOUNT}:user/team/svc", {"userName": "svc"}),
    Kind.ROLE: (f"arn:aws:iam::{ACCOUNT}:role/team/svc", {"roleName": "svc"}),
}


def event(kind: Kind, **fields: t.Any) -> Event:
    found = Event(
        "1",
        datetime(2026, 3, 1, tzinfo=UTC),
        ACCOUNT,
        "us-east-1",
        "iam.amazonaws.com",
        kind.value,
        request=DELETED[kind][1],
    )
    return dataclasses.replace(found, **fields)


@pytest.mark.parametrize("kind", Kind)
def test_a_call_that_deleted_it_is_a_proof(kind: Kind) -> None:
    identifier, request = DELETED[kind]
    assert is_deletion(event(kind), kind, identifier)
    for fields in (
        {"error_code": "AccessDenied"},
        {"source": "ec2.amazonaws.com"},
        {"name": "UpdateAccessKey"},
        {"request": {}},
        {"request": {name: f"{value}2" for name, value in request.items()}},
        {"request": {name: value.upper() + "x" for name, value in request.items()}},
    ):
        assert not is_deletion(event(kind, **fields), kind, identifier)
    assert not is_deletion(None, kind, identifier)
    for other in set(Kind) - {kind}:
        assert not is_deletion(event(kind), other, DELETED[other][0])


def test_a_user_is_no_proof_of_a_role_of_the_same_name() -> None:
    assert not is_deletion(event(Kind.USER), Kind.ROLE, DELETED[Kind.ROLE][0])
    # The deletion of a key of a user names the user, and is no deletion of it.
    assert not is_deletion(event(Kind.KEY), Kind.USER, DELETED[Kind.USER][0])


@pytest.mark.parametrize(
    ("asked", "user"), [({"userName": "svc"}, "svc"), ({}, ""), ({"userName": None}, ""), ({"userName": 3}, "")]
)
def test_the_user_of_a_deleted_key_is_that_of_the_request(asked: t.Any, user: str) -> None:
    assert read_user(event(Kind.KEY, request=asked)) == user


def test_a_name_has_no_path() -> None:
    assert [name_of(identifier) for identifier, _request in DELETED.values()] == ["AKIAEXAMPLEEXAMPLE01", "svc", "svc"]
