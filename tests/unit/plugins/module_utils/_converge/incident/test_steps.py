# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs of an incident write into its record."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import OF_ORGANIZATION
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By, Record, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.releasing import (
    FROZEN_FOR,
    Terms,
    check_release,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.steps import Step, Subject

from ..fakes import ACCOUNT, CALLER, NOW, FakeStore, user_arn
from .recorded import INCIDENT, write

USER: t.Final = Subject(user_arn("a"), By.SOURCE, "AIDAEXAMPLE", ("AKIAEXAMPLEEXAMPLE12",))
ROLE: t.Final = Subject(f"arn:aws:iam::{ACCOUNT}:role/deploy", By.CUT, "AROAEXAMPLE")
TARGET: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/incident-INC-7"
LATER: t.Final = NOW + timedelta(hours=2)


def step(run_id: str = "contain-1", **fields: t.Any) -> Step:
    incident = Incident(INCIDENT, "Ana", "key found in a public repository", **fields)
    return Step(incident, ACCOUNT, run_id, CALLER, "ana")


def contain(present: Record | None = None, **fields: t.Any) -> Record:
    return step(**fields).contain(present, (USER,), (TARGET,), NOW)


def test_the_first_run_names_all_before_it_changes_anything() -> None:
    record = contain()
    assert (record.state, record.round) == (State.CONTAINING, 1)
    assert [(item.arn, item.unique_id, item.by, item.since) for item in record.contained] == [
        (USER.arn, "AIDAEXAMPLE", By.SOURCE, NOW)
    ]
    assert (record.targets, record.seeds, record.runs) == ({TARGET}, set(USER.seeds), {"contain-1"})
    assert sorted(record.due) == [NOW + timedelta(hours=1), NOW + timedelta(hours=24)]
    assert [(event.state, event.author, event.by) for event in sorted(record.events)] == [
        (State.CONTAINING, "ana", CALLER),
        (State.DECLARED, "ana", CALLER),
    ]
    assert record.first_deny is None


def test_what_is_written_can_be_read_and_says_the_same() -> None:
    record = step().conclude(contain(confirmed_by="Ben"), (USER,), LATER, wrote=True, completed=True)
    assert Record.of_bytes(record.as_bytes(), account_id=ACCOUNT, incident_id=INCIDENT) == record


def test_the_moments_are_not_before_the_writes() -> None:
    record = step().conclude(contain(), (USER,), LATER, wrote=True, completed=True)
    assert (record.state, record.first_deny, record.last_source_write) == (State.CONTAINED, LATER, LATER)
    again = step().conclude(record, (USER,), LATER + timedelta(hours=1), wrote=True, completed=True)
    # A token may have been made while the intruder had undone it.
    assert (again.first_deny, again.last_source_write) == (LATER, LATER + timedelta(hours=1))


def test_a_run_that_finds_all_as_wanted_changes_no_record() -> None:
    record = step().conclude(contain(), (USER,), NOW, wrote=True, completed=True)
    assert step("later").conclude(record, (USER,), LATER, wrote=False, completed=True) == record


def test_a_run_after_a_killed_one_concludes_it() -> None:
    record = step("second").conclude(contain(), (USER,), LATER, wrote=False, completed=True)
    assert (record.state, record.first_deny, record.last_source_write) == (State.CONTAINED, LATER, LATER)


def test_where_something_failed_the_record_says_containing() -> None:
    record = step().conclude(contain(), (USER,), LATER, wrote=True, completed=False)
    assert (record.state, record.first_deny) == (State.CONTAINING, LATER)


def test_a_run_in_which_everything_failed_denied_nothing() -> None:
    record = step().conclude(contain(), (USER,), LATER, wrote=False, completed=False)
    assert (record.state, record.first_deny, record.last_source_write) == (State.CONTAINING, None, None)


def test_cuts_of_roles_are_no_writes_at_a_source() -> None:
    record = step().contain(None, (ROLE,), (), NOW)
    assert step().conclude(record, (ROLE,), LATER, wrote=True, completed=True).last_source_write is None


def test_every_write_of_the_organization_is_one_at_a_source() -> None:
    """Accounts and users of Identity Center are no principals: their record has no sources, and waits all the same."""
    own = dataclasses.replace(step(), record_id=f"{INCIDENT}{OF_ORGANIZATION}")
    record = own.conclude(own.contain(None, (), ("policy",), NOW), (), NOW, wrote=True, completed=True)
    assert (record.first_deny, record.last_source_write) == (NOW, NOW)
    # An intruder has undone it, so the time of a release begins again.
    again = own.conclude(record, (), LATER, wrote=True, completed=True)
    assert (again.first_deny, again.last_source_write) == (NOW, LATER)
    assert "wait until" in check_release(Terms(), again, NOW + FROZEN_FOR)[-1]
    assert own.conclude(again, (), LATER + timedelta(hours=1), wrote=False, completed=True) == again


def test_a_second_person_confirms_in_a_later_run() -> None:
    record = step().conclude(contain(), (USER,), NOW, wrote=True, completed=True)
    assert not record.is_confirmed
    confirmed = step("confirm", confirmed_by="Ben").conclude(record, (USER,), LATER, wrote=False, completed=True)
    assert confirmed.is_confirmed and confirmed.confirmation is not None
    assert (confirmed.confirmation.by, confirmed.confirmation.run_id) == ("Ben", "confirm")


def test_who_confirms_what_he_began_is_replaced_by_a_second_person() -> None:
    store = FakeStore()
    record = write(store, contain(confirmed_by="ana"))
    assert record.confirmation is not None and not record.is_confirmed
    assert write(store, contain(record, confirmed_by="Ben")).is_confirmed


def test_a_release_keeps_what_was_contained() -> None:
    record = step().conclude(contain(), (USER,), NOW, wrote=True, completed=True)
    begun = step("release").release(record, LATER)
    assert (begun.state, begun.contained) == (State.RELEASING, record.contained)
    over = step("release").conclude_release(begun, LATER)
    assert over.state is State.RELEASED and over.is_release_recorded


def test_a_containment_after_a_release_begins_anew() -> None:
    record = step().conclude(contain(), (USER,), NOW, wrote=True, completed=True)
    over = step("release").conclude_release(step("release").release(record, NOW), NOW)
    again = step("again").contain(over, (ROLE,), (), LATER)
    assert (again.round, again.state, again.first_deny) == (2, State.CONTAINING, None)
    assert [item.arn for item in again.contained] == [ROLE.arn]
    assert again.runs == {"contain-1", "release", "again"}


def test_who_is_left_by_a_part_of_a_release_stays_in_the_record() -> None:
    """Another module contains again, and writes. That of the user finds all as wanted, and writes nothing."""
    store = FakeStore()
    begun = write(
        store, step("release").release(step().conclude(contain(), (USER,), NOW, wrote=True, completed=True), NOW)
    )
    again = write(store, step("again").contain(begun, (ROLE,), (), LATER))
    again = write(store, step("again").conclude(again, (USER, ROLE), LATER, wrote=True, completed=True))
    assert (again.round, again.resumed, again.state) == (1, 1, State.CONTAINED)
    assert {item.arn: item.since for item in again.contained} == {USER.arn: NOW, ROLE.arn: LATER}
    assert (again.targets, again.seeds, again.declared_at) == ({TARGET}, set(USER.seeds), NOW)


def test_a_run_that_finds_somebody_contained_names_him() -> None:
    record = step().conclude(step().contain(None, (ROLE,), (), NOW), (ROLE,), NOW, wrote=True, completed=True)
    found = step("later").conclude(record, (USER,), LATER, wrote=False, completed=True)
    assert {item.arn: item.since for item in found.contained} == {USER.arn: LATER, ROLE.arn: NOW}
    assert found.seeds == set(USER.seeds)


def test_a_subject_knows_its_account() -> None:
    root = dataclasses.replace(USER, arn="arn:aws:iam::444455556666:root", by=By.ROOT)
    assert (root.account_id, root.is_source, ROLE.is_source) == ("444455556666", True, False)
