# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of an incident: its bytes, its steps, and two records in one."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import is_incident_id, record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import (
    By,
    Contained,
    Event,
    Record,
    State,
)

from ..fakes import ACCOUNT, NOW, user_arn
from .recorded import INCIDENT, confirmation, contained, event, record

MOMENTS: t.Final = st.integers(0, 5).map(lambda hours: NOW + timedelta(hours=hours))
TEXTS: t.Final = st.sampled_from(["", "Ana", "Ben"])
RUNS: t.Final = st.sampled_from(["run-1", "run-2"])
CONTAINED: t.Final = st.builds(
    Contained,
    st.sampled_from(["a", "b"]).map(user_arn),
    st.sampled_from(["AIDA1", "AIDA2"]),
    st.sampled_from(By),
    MOMENTS,
)
EVENTS: t.Final = st.builds(Event, MOMENTS, st.sampled_from(State), RUNS, TEXTS, TEXTS, st.integers(1, 2))
# As they are read: a principal is in a record once.
RECORDS: t.Final = st.builds(
    Record,
    account_id=st.just(ACCOUNT),
    incident_id=st.just(INCIDENT),
    state=st.sampled_from(State),
    declared_by=TEXTS,
    reason=TEXTS,
    contained=st.lists(CONTAINED, max_size=3, unique_by=lambda item: (item.arn, item.unique_id, item.by)).map(
        lambda items: tuple(sorted(items))
    ),
    targets=st.frozensets(st.sampled_from(["p", "q"])),
    seeds=st.frozensets(st.sampled_from(["p", "q"])),
    runs=st.frozensets(RUNS),
    events=st.frozensets(EVENTS, max_size=3),
    first_deny=st.none() | MOMENTS,
    last_source_write=st.none() | MOMENTS,
    confirmation=st.none() | st.integers(0, 3).map(lambda hours: confirmation(hours=hours)),
    due=st.frozensets(MOMENTS, max_size=2),
    round=st.integers(1, 2),
    resumed=st.integers(0, 1),
)


@given(RECORDS, RECORDS, RECORDS)
def test_merging_needs_no_order_and_loses_nothing(one: Record, two: Record, three: Record) -> None:
    merged = one.merge(two)
    assert merged == two.merge(one)
    assert merged.merge(one) == merged == merged.merge(merged)
    assert merged.merge(three) == one.merge(two.merge(three))
    assert merged.round == max(one.round, two.round)
    for part in (one, two):
        assert part.events <= merged.events and part.runs <= merged.runs
        if part.round == merged.round:
            assert {item.arn for item in part.contained} <= {item.arn for item in merged.contained}
            assert part.targets <= merged.targets and part.progress <= merged.progress


@given(RECORDS)
def test_a_record_is_read_as_it_was_written(one: Record) -> None:
    content = one.as_bytes()
    assert Record.of_bytes(content, account_id=ACCOUNT, incident_id=INCIDENT) == one
    assert content != one.as_bytes()


def test_merging_keeps_the_first_denial_and_the_last_write() -> None:
    early, late = NOW, NOW + timedelta(hours=1)
    one = record("a", first_deny=late, last_source_write=early)
    two = record("b", first_deny=early, last_source_write=late)
    merged = one.merge(two)
    assert (merged.first_deny, merged.last_source_write) == (early, late)
    assert [item.arn for item in merged.contained] == [user_arn("a"), user_arn("b")]


def test_records_of_different_incidents_are_not_merged() -> None:
    with pytest.raises(ValueError, match="different"):
        record().merge(dataclasses.replace(record(), incident_id="INC-8"))


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "hardening.iam/incident/2"},
        {"account_id": "999988887777"},
        {"incident_id": "INC-8"},
        {"state": "open"},
        {"round": 0},
        {"round": True},
        {"resumed": -1},
        {"resumed": "1"},
        {"contained": {}},
        {"contained": [{"arn": user_arn("a")}]},
        {"contained": [{"arn": "*", "unique_id": "", "by": "cut", "since": "2026-11-25T02:00:00Z"}]},
        {
            "contained": [
                {
                    "arn": "arn:aws:iam::999988887777:user/a",
                    "unique_id": "",
                    "by": "cut",
                    "since": "2026-11-25T02:00:00Z",
                }
            ]
        },
        {"targets": [1]},
        {"runs": ["../1"]},
        {"events": [{"at": "2026-11-25T02:00:00Z", "state": "declared"}]},
        {"first_deny": "soon"},
        {"last_source_write": 7},
        {"confirmed_by": "Ben"},
        {"due": ["soon"]},
        {"declared_by": None},
    ],
    ids=str,
)
def test_what_is_no_record_of_the_account_is_refused(fields: dict[str, t.Any]) -> None:
    document = {**json.loads(record("a").as_bytes()), **fields}
    with pytest.raises(ValueError):
        Record.of_bytes(json.dumps(document).encode(), account_id=ACCOUNT, incident_id=INCIDENT)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"7", b"\xff", b"[" * 100_000, b'{"schema": NaN}'])
def test_what_is_no_json_of_a_record_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        Record.of_bytes(content, account_id=ACCOUNT, incident_id=INCIDENT)


def test_ids_can_not_leave_their_folder() -> None:
    assert record_key(ACCOUNT, INCIDENT) == f"control/incidents/{ACCOUNT}/INC-7.json"
    assert is_incident_id("INC-7")
    for text in ("", "ab", "-ab", "a/b", "..", "INC-7\n", "x" * 33, "INC_7"):
        assert not is_incident_id(text)


# The steps


def test_an_incident_goes_forwards_only() -> None:
    found = record("a", state=State.DECLARED)
    for state in (State.CONTAINING, State.CONTAINED, State.CONTAINING, State.DECLARED):
        found = found.move(event(state, minutes=9, run_id="run-2"))
    assert found.state is State.CONTAINED
    assert found.runs == {"contain-1", "run-2"}
    assert found.move(event(State.RELEASING)).move(event(State.RELEASED)).state is State.RELEASED


def test_a_containment_after_a_release_begins_a_new_round() -> None:
    released = record("a", state=State.RELEASED, first_deny=NOW, confirmation=confirmation())
    again = released.move(event(State.CONTAINING, minutes=60, run_id="run-2"))
    assert (again.round, again.state, again.contained, again.first_deny) == (2, State.CONTAINING, (), None)
    assert not again.is_confirmed and not again.is_release_recorded
    assert again.declared_at == NOW + timedelta(minutes=60)
    # What another job still writes of the round before changes nothing.
    assert dataclasses.replace(again, contained=(contained("b"),)).merge(released).contained == (contained("b"),)


def test_a_containment_after_a_part_of_a_release_goes_on_with_the_round() -> None:
    """Whom the release has left contained must stay frozen, and be released by the next one."""
    kept: dict[str, t.Any] = {"targets": frozenset({"p"}), "seeds": frozenset({"k"}), "first_deny": NOW}
    begun = record("a", state=State.RELEASING, confirmation=confirmation(), **kept)
    again = begun.merge(begun.move(event(State.CONTAINING, minutes=60, run_id="run-2")))
    assert (again.round, again.state, again.contained) == (1, State.CONTAINING, begun.contained)
    assert (again.targets, again.seeds, again.first_deny) == (begun.targets, begun.seeds, NOW)
    assert again.is_confirmed and not again.is_release_recorded
    assert again.declared_at == begun.declared_at
    # Also if another job still writes what it knows of the release.
    assert begun.merge(again).state is State.CONTAINING
    over = again.move(event(State.RELEASING, minutes=70)).move(event(State.RELEASED, minutes=71))
    assert over.is_release_recorded and again.merge(over) == over


def test_a_release_counts_only_if_it_began_in_this_round() -> None:
    assert record("a", state=State.RELEASED).is_release_recorded
    assert not record("a", state=State.RELEASED, events=frozenset()).is_release_recorded
    again = record("a", state=State.RELEASED).move(event(State.CONTAINING, minutes=60))
    assert not dataclasses.replace(again, state=State.RELEASED).is_release_recorded


@pytest.mark.parametrize(
    ("by", "is_confirmed"), [("Ben", True), ("ana", False), (" Ana ", False), ("Carl", False), ("", False)]
)
def test_a_second_person_confirms(by: str, is_confirmed: bool) -> None:
    """Neither the one who declared it nor the author of the first run."""
    events = frozenset({event(State.DECLARED, author="carl"), event(State.CONTAINED, minutes=5, author="Ben")})
    assert record("a", events=events, confirmation=confirmation(by)).is_confirmed is is_confirmed


def test_nobody_confirmed_it() -> None:
    assert not record("a").is_confirmed
