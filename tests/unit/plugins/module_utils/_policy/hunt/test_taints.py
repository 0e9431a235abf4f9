# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.taints import (
    Taint,
    Tainted,
    note,
    session_of,
)

EVENT: t.Final = Event("e9", datetime(2026, 3, 1, tzinfo=UTC), "111122223333", "us-east-1", "s3.amazonaws.com", "Get")
SURE: t.Final = Taint("e1", ("AKIA1",))
DOUBTFUL: t.Final = Taint("e0", ("AKIA0",), is_doubtful=True)
SESSION: t.Final = dataclasses.replace(EVENT, principal_id="AROA1", session_name="job")


def test_the_first_taint_stays_unless_it_is_doubtful_and_the_next_is_not() -> None:
    for first, second, kept in (
        (SURE, DOUBTFUL, SURE),
        (DOUBTFUL, SURE, SURE),
        (SURE, Taint("e2", ()), SURE),
        (DOUBTFUL, Taint("e2", (), is_doubtful=True), DOUBTFUL),
    ):
        book: dict[str, Taint] = {}
        note(book, "x", first)
        note(book, "x", second)
        assert book == {"x": kept}


def test_a_taint_says_what_made_it_and_how_sure_that_is() -> None:
    assert SURE.describe("the key") == "the key was made by event e1 that is suspected"
    assert DOUBTFUL.describe("the key") == "the key was made by event e0 that may be an intruder's"


def test_a_session_has_the_id_of_its_role_and_its_name() -> None:
    assert session_of(SESSION) == "AROA1:job"
    assert session_of(EVENT) == session_of(dataclasses.replace(SESSION, session_name="")) == ""
    assert session_of(dataclasses.replace(SESSION, principal_id="")) == ""


def test_the_way_to_an_event_leads_over_the_keys_before_it() -> None:
    tainted = Tainted(keys={"ASIA2": SURE}, sessions={"AROA1:job": DOUBTFUL})
    keyed = dataclasses.replace(SESSION, access_key_id="ASIA2")
    assert tainted.chain_of(keyed) == ("AKIA1", "ASIA2")
    # A key that nobody knows may be of a session that somebody does.
    assert tainted.chain_of(dataclasses.replace(keyed, access_key_id="ASIA9")) == ("AKIA0", "ASIA9")
    assert tainted.chain_of(SESSION) == ("AKIA0", "AROA1:job")
    assert Tainted().chain_of(keyed) == ("ASIA2",)
    assert Tainted().chain_of(dataclasses.replace(EVENT, principal_arn="arn:root")) == ("arn:root",)


BOOKS: t.Final = [field.name for field in dataclasses.fields(Tainted)]


@pytest.mark.parametrize("book", BOOKS)
def test_a_round_that_found_something_new_counts_more(book: str) -> None:
    """Otherwise the hunt would end one round too early."""
    before = Tainted().count()
    found = Tainted(**{book: {"x": {"192.0.2.1"} if book == "addresses" else SURE}})
    assert found.count() != before


def test_a_key_that_is_no_longer_doubtful_and_another_address_are_new_as_well() -> None:
    assert Tainted(keys={"x": DOUBTFUL}).count() != Tainted(keys={"x": SURE}).count()
    one, two = (Tainted(addresses={"x": found}) for found in ({"192.0.2.1"}, {"192.0.2.1", "192.0.2.2"}))
    assert one.count() != two.count()
    assert Tainted(keys={"x": SURE}).count() == Tainted(keys={"y": SURE}).count()
