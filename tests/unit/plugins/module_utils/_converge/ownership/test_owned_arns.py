# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of owned ARNs."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owned_arns import (
    SCHEMA,
    ListError,
    OwnedArns,
    parse_owned_arns,
)

from .owned import ACCOUNT, GROUP, POLICY, ROLE, USER

CREATED: t.Final = datetime(2026, 11, 25, 2, tzinfo=UTC)
WEEK: t.Final = timedelta(days=7)


def document(**fields: t.Any) -> dict[str, t.Any]:
    given = {"created": "2026-11-25T02:00:00Z", "owner": "team payments", "place": "git/payments"}
    return {"schema": SCHEMA, **given, "accounts": [ACCOUNT], "arns": [ROLE, USER, GROUP, POLICY], **fields}


def test_a_list_has_its_date_its_owner_and_its_objects() -> None:
    expected = OwnedArns(CREATED, "team payments", "git/payments", (ACCOUNT,), (ROLE, USER, GROUP, POLICY))
    assert parse_owned_arns(document()) == expected
    # YAML makes times of texts without quotes.
    assert parse_owned_arns(document(created=CREATED)) == expected
    assert parse_owned_arns(document(created=CREATED.replace(tzinfo=None))) == expected
    assert parse_owned_arns(document(created="2026-11-25T03:00:00+01:00")) == expected


def test_a_list_may_say_that_nothing_is_owned() -> None:
    assert parse_owned_arns(document(arns=[])).arns == ()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "its schema has to be"),
        (document(schema="hardening.iam/owned-arns/2"), "its schema has to be"),
        ({key: value for key, value in document().items() if key != "place"}, "needs exactly the keys"),
        (document(secret=1), "needs exactly the keys"),
        *((document(created=value), "no time") for value in ("yesterday", None, 5, "9999-12-31T00:00:00Z")),
        *((document(owner=value), "owner is no text") for value in ("", " ", None, 5)),
        (document(place=[]), "place is no text"),
        (document(accounts=[]), "names no account"),
        (document(accounts=ACCOUNT), "accounts is no list"),
        (document(accounts=[int(ACCOUNT)]), "no text of 12 digits"),
        (document(accounts=["1111*"]), "no text of 12 digits"),
        (document(arns=ROLE), "arns is no list"),
        *(
            (document(arns=[value]), "no ARN of a role")
            for value in (5, "App", "arn:aws:s3:::bucket", f"arn:aws:iam::{ACCOUNT}:role/App-*", f"{ROLE}?")
        ),
        (document(arns=["arn:aws:iam::999988887777:role/App"]), "an ARN of account 999988887777"),
    ],
)
def test_a_malformed_list_is_an_error(given: t.Any, reason: str) -> None:
    with pytest.raises(ListError, match=reason):
        parse_owned_arns(given)


@pytest.mark.parametrize(
    ("age", "problem"),
    [
        (timedelta(), ""),
        (WEEK, ""),
        (WEEK + timedelta(seconds=1), "may be 7 days old at most; export it again"),
        # The clock of the pipeline may be ahead a little.
        (timedelta(minutes=-5), ""),
        (timedelta(minutes=-6), "in the future"),
    ],
)
def test_a_list_is_used_for_some_days(age: timedelta, problem: str) -> None:
    owned = parse_owned_arns(document())
    if not problem:
        owned.check_age(CREATED + age, WEEK)
        return
    with pytest.raises(ListError, match=problem):
        owned.check_age(CREATED + age, WEEK)
