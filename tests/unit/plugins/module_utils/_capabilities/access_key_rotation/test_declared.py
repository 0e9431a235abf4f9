# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.declared import (
    Declared,
    Fields,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .rotations import BEGAN, at

GIVEN: t.Final[dict[str, t.Any]] = {
    "users": [{"name": "svc"}],
    "verify_days": 14,
    "access_key_id_field": "AccessKeyId",
    "secret_access_key_field": "SecretAccessKey",
}


def parse(**options: t.Any) -> Declared:
    return Declared.from_options({**GIVEN, **options}, key_age_days=90, now=BEGAN)


def parse_users(*users: dict[str, t.Any]) -> tuple[Target, ...]:
    return parse(users=list(users)).targets


def test_what_is_not_declared_has_a_default() -> None:
    assert parse() == Declared(
        (Target("svc", "iam-hardening/access-keys/svc", "", ""),), 90, None, frozenset(), 14, None, Fields()
    )
    assert Fields() == Fields(key_id="AccessKeyId", secret="SecretAccessKey")


def test_every_option_arrives() -> None:
    given = {"name": " svc ", "secret": "team/key", "secret_region": "eu-central-1", "kms_key_id": "alias/keys"}
    found = parse(
        users=[given, {"name": "Other"}],
        rotate_created_before="2026-02-01T00:00:00Z",
        replace_inactive=[" OTHER", ""],
        verify_days=7,
        delete_after_days=" 30 ",
        access_key_id_field="key_id",
        secret_access_key_field=" key ",
    )
    others = Target("Other", "iam-hardening/access-keys/Other")
    assert found.targets == (Target("svc", "team/key", "eu-central-1", "alias/keys"), others)
    assert (found.created_before, found.rotate_after) == (at(-28), 90)
    assert (found.verify, found.delete_after) == (7, 30)
    assert found.fields == Fields("key_id", "key")
    assert found.replaces_inactive("other") and found.replaces_inactive("Other") and not found.replaces_inactive("svc")


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({}, "users: '' is not the name of a user"),
        ({"name": None}, "users: '' is not the name of a user"),
        ({"name": "svc-*"}, "users: 'svc-*' is not"),
        ({"name": "team/svc"}, "users: 'team/svc' is not"),
        ({"name": "x" * 65}, "is not the name of a user"),
        ({"name": "straße"}, "is not the name of a user"),
        ({"name": "svc", "secret": "arn:aws:x"}, "users: 'arn:aws:x' is not allowed as the secret of svc"),
        ({"name": "svc", "secret": "x" * 513}, "is not allowed as the secret of svc"),
        ({"name": "a,b"}, "as the secret of a,b; set secret to the name of a secret"),
        ({"name": "svc", "secret_region": "Mars"}, "users: secret_region 'Mars' of svc is not allowed; allowed is the"),
        ({"name": "svc", "kms_key_id": "a b"}, "users: kms_key_id 'a b' of svc is not allowed; allowed is the id, ARN"),
    ],
)
def test_a_user_that_is_not_allowed_is_refused(user: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_users(user)
    assert words in str(raised.value)


def test_the_longest_names_are_allowed() -> None:
    (found,) = parse_users({"name": "x" * 64, "secret": "y" * 512})
    assert (len(found.user), len(found.secret)) == (64, 512)


def test_no_user_and_no_secret_is_there_twice() -> None:
    with pytest.raises(InputError, match="the user svc is there twice"):
        parse_users({"name": "svc"}, {"name": "SVC", "secret": "other"})
    for region in ({}, {"secret_region": "eu-central-1"}):
        with pytest.raises(InputError, match="the secret same in "):
            parse_users({"name": "one", "secret": "same", **region}, {"name": "two", "secret": "same", **region})
    # Two regions have two secrets of one name.
    found = parse_users(
        {"name": "one", "secret": "same"}, {"name": "two", "secret": "same", "secret_region": "sa-east-1"}
    )
    assert [one.region for one in found] == ["", "sa-east-1"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"verify_days": 6}, "verify_days: 6 is not allowed"),
        ({"delete_after_days": "0"}, "delete_after_days: '0' is not allowed"),
        ({"replace_inactive": ["svc", "other"]}, "replace_inactive: 'other' is not allowed"),
        ({"rotate_created_before": "soon"}, "rotate_created_before: 'soon' is not allowed"),
        ({"rotate_created_before": "2026-03-01T00:00:01Z"}, "a date and time that is over"),
        ({"access_key_id_field": ""}, "access_key_id_field: '' is not allowed"),
        ({"secret_access_key_field": "a b"}, "secret_access_key_field: 'a b' is not allowed"),
        ({"secret_access_key_field": "AccessKeyId"}, "allowed is another name than that of access_key_id_field"),
    ],
)
def test_an_option_that_is_not_allowed_is_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(**options)
    assert words in str(raised.value)


def test_a_key_is_due_by_its_age_or_by_the_moment_that_is_declared() -> None:
    found = parse(rotate_created_before="2026-03-01T00:00:00Z")
    assert found.created_before == BEGAN
    assert found.find_due(at(-1)) == at(-1)
    assert found.find_due(BEGAN) == BEGAN + timedelta(days=90)
    assert parse().find_due(at(-1)) == at(89)
