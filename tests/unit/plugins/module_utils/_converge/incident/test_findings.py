# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings on incidents: nobody confirmed one, or its record can't be believed."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding, Severity, Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.findings import find_incident_problems
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.freeze import Freeze, read_freeze
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Record, State

from ..fakes import ACCOUNT, NOW, FakeStore
from .recorded import INCIDENT, confirmation, record, write


def find(item: t.Union[Record, bytes, None], *, hours: float) -> tuple[Finding, ...]:
    store = FakeStore()
    if isinstance(item, Record):
        write(store, item)
    elif item is not None:
        store.put(record_key(ACCOUNT, INCIDENT), item)
    freeze = read_freeze(store, ACCOUNT)
    return find_incident_problems(freeze, partition="aws", now=NOW + timedelta(hours=hours))


def test_without_incidents_there_is_nothing_to_find() -> None:
    assert find(None, hours=0) == ()


def test_an_incident_that_nobody_confirmed_within_a_day() -> None:
    assert find(record("a"), hours=23.9) == ()
    (found,) = find(record("a"), hours=24)
    assert (found.control, found.status, found.severity) == (
        "incident_unconfirmed",
        Status.FAIL,
        Severity.CRITICAL,
    )
    assert found.resource == f"arn:aws:iam::{ACCOUNT}:root" and found.resource_detail == INCIDENT
    assert found.detail == (
        "incident INC-7: open since 2026-11-25T02:00:00Z; no second person confirmed it within 24 hours"
    )
    # It is the same finding whichever module makes it, and when.
    assert found.fingerprint == find(record("a"), hours=99)[0].fingerprint
    assert found.detail == find(record("a"), hours=99)[0].detail


@pytest.mark.parametrize(
    ("item", "is_found"),
    [
        (record("a", confirmation=confirmation()), False),
        (record("a", confirmation=confirmation("Ana")), True),
        (record("a", state=State.RELEASED), False),
        (record(state=State.DECLARED), True),
        # A record without any moment may be as old as you like.
        (record(targets=frozenset({"p"}), events=frozenset()), True),
    ],
)
def test_who_confirmed_and_what_was_released(item: Record, is_found: bool) -> None:
    assert [found.control for found in find(item, hours=48)] == ["incident_unconfirmed"] * is_found


def test_a_record_that_is_malformed() -> None:
    (found,) = find(b"{}", hours=0)
    assert (found.control, found.severity) == ("incident_record_doubtful", Severity.CRITICAL)
    assert "all changes of the account are refused" in found.detail


def test_a_release_that_never_began() -> None:
    found = find(record("a", state=State.RELEASED, events=frozenset()), hours=0)
    assert [item.control for item in found] == ["incident_record_doubtful"]
    assert "the state released and no beginning of a release, but 1 contained object is still frozen" in found[0].detail


def test_a_place_that_can_not_be_read() -> None:
    freeze = Freeze.of_problem(ACCOUNT, "s3://journal/iam", "denied")
    (found,) = find_incident_problems(freeze, partition="aws", now=NOW)
    assert (found.control, found.resource_detail) == ("incident_record_doubtful", None)
    assert found.detail == "denied; all changes of the account are refused"
