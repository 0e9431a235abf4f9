# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege import gates
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    NOT_LOOKED_FOR,
    Consumer,
    Namer,
    Surroundings,
    UnreadNamers,
    Way,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import (
    LiveRole,
    Proposal,
)

from .campaigns import ACCOUNT, CONTENT, NEW_ID, PROPOSAL, declare, live, moment, records_up_to, situate

ACCEPTED: t.Final = {"principal": "dev-a", "reason": "agreed", "expires": "2026-02-01"}
PREPARED: t.Final = records_up_to(Kind.PREPARED)
FOREIGN: t.Final = "999988887777"


def rule(gate: gates.Gate) -> str:
    """The rule that a gate refuses by, with a reason; empty if it lets the role go on."""
    assert gate is None or gate.reason
    return gate.rule if gate else ""


def new_role(**fields: t.Any) -> LiveRole:
    found = live().new_role
    assert found is not None
    return live(new_role=dataclasses.replace(found, **fields))


def test_some_texts_are_joined_once_each() -> None:
    assert gates.join_some([]) == "" and gates.join_some(["a", "b", "a", "c"]) == "a, b, c"
    assert gates.join_some("abcde") == "a, b, c and 2 more"


# The live role


def test_the_new_role_is_the_one_of_the_records() -> None:
    found = situate(*PREPARED)
    assert rule(gates.check_new_role(found, live())) == ""
    assert rule(gates.check_new_role(found, live(new_role=None))) == "new_role_missing"
    assert rule(gates.check_new_role(found, new_role(id="AROAANOTHER"))) == "slot_filled"
    assert rule(gates.check_new_role(found, new_role(is_ours=False))) == "slot_filled"
    # Before it is prepared there is none to expect.
    assert rule(gates.check_new_role(situate(), live(new_role=None))) == ""
    assert NEW_ID in t.cast(t.Any, gates.check_new_role(found, new_role(id="AROAANOTHER"))).reason


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (live(), ""),
        (live(new_role=None), ""),
        (new_role(others=("arn:aws:iam::999988887777:root",)), "trust_changed"),
        (new_role(others=None), "trust_changed"),
        # A role that only break-glass may assume lets nobody else in.
        (new_role(others=("*",), is_closed=True), ""),
        (new_role(others=None, is_closed=True), ""),
        (new_role(others=("*",), is_closed=False), "trust_changed"),
    ],
)
def test_a_new_role_that_lets_in_others_is_not_relied_on(found: LiveRole, expected: str) -> None:
    assert rule(gates.check_trust(found)) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (new_role(is_closed=True), ""),
        (live(new_role=None), ""),
        (new_role(is_closed=True, is_ours=False), "slot_filled"),
        (new_role(is_closed=False), "slot_filled"),
        (new_role(is_closed=None), "slot_filled"),
        (live(new_role=None, obstacles=("a policy has the name",)), "slot_filled"),
    ],
)
def test_a_place_that_the_campaign_needs_is_free(found: LiveRole, expected: str) -> None:
    assert rule(gates.check_slots(situate(*records_up_to(Kind.GENERATED)), found)) == expected


def test_an_open_new_role_is_that_of_the_campaign_once_it_is_recorded() -> None:
    assert rule(gates.check_slots(situate(*PREPARED), new_role(is_closed=False))) == ""
    assert rule(gates.check_slots(situate(*PREPARED), new_role(is_ours=False))) == "slot_filled"
    # In place there is no new role, whoever has its name.
    in_place = situate(*records_up_to(Kind.GENERATED, way=Way.IN_PLACE))
    assert rule(gates.check_slots(in_place, new_role(is_ours=False, is_closed=False))) == ""
    assert rule(gates.check_slots(in_place, live(obstacles=("x",)))) == "slot_filled"


def test_a_trial_takes_the_place_of_no_boundary() -> None:
    assert rule(gates.check_boundary(live())) == ""
    assert rule(gates.check_boundary(live(boundary="arn:own"))) == "slot_filled"
    assert rule(gates.check_boundary(live(boundary="arn:trial", has_trial=True))) == ""


def test_a_trial_that_would_be_lifted_within_its_soak_does_not_begin() -> None:
    declared = declare("canary", canary_days=14)
    made = live(made_at=moment(0))
    most = gates.MOST_AGE.days - 14
    for days, expected in ((most - 0.001, ""), (most, "trial_too_old"), (most + 1, "trial_too_old")):
        assert rule(gates.check_trial_age(declared, made, moment(days))) == expected
    assert rule(gates.check_trial_age(declared, live(made_at=None), moment(most + 1))) == ""


def test_documents_that_are_not_known_to_be_in_force_hold_the_role() -> None:
    assert rule(gates.check_in_force(live(has_documents=True))) == ""
    for state in (False, None):
        assert rule(gates.check_in_force(live(has_documents=state))) == "not_in_force"


# The documents


def proved(**fields: t.Any) -> Proposal:
    return dataclasses.replace(PROPOSAL, **fields)


@pytest.mark.parametrize(
    ("proposal", "found", "expected"),
    [
        (PROPOSAL, live(), ""),
        (None, live(), "no_documents"),
        (proved(failure="too long"), live(), "no_documents"),
        (proved(content_sha256="other"), live(), "no_documents"),
        (proved(layers_sha256="other"), live(), "layers_changed"),
        (PROPOSAL, live(layers_sha256="other"), "layers_changed"),
        (proved(layers_sha256="other"), live(layers_sha256="other"), "layers_changed"),
        (proved(layers_sha256=""), live(layers_sha256=""), "layers_changed"),
        (proved(outcome=""), live(), "no_documents"),
        (proved(outcome="refuted"), live(), "no_documents"),
        (proved(outcome="unproven"), live(), "unproven"),
        (proved(breakage="s3:GetObject would be lost"), live(), "may_break"),
    ],
)
def test_documents_are_proved_in_this_run_for_these_layers(
    proposal: t.Optional[Proposal], found: LiveRole, expected: str
) -> None:
    situation = situate(*PREPARED, proposal=proposal)
    assert situation.past.content_sha256 == CONTENT
    assert rule(gates.check_proof(declare(), situation, found)) == expected


def test_layers_that_no_record_has_are_not_the_same() -> None:
    """An empty hash stands for layers that could not be read."""
    unread = situate(*records_up_to(Kind.ASSESSED), proposal=proved(content_sha256="", layers_sha256=""))
    assert rule(gates.check_proof(declare(), unread, live(layers_sha256=""))) == "layers_changed"


def test_what_is_not_proved_or_may_break_goes_on_once_that_is_accepted_for_the_role() -> None:
    unproven = situate(*PREPARED, proposal=proved(outcome="unproven"))
    breaking = situate(*PREPARED, proposal=proved(breakage="lost"))
    other = {**ACCEPTED, "principal": "dev-b"}
    late = declare(accept_unproven=[ACCEPTED], accept_breakage=[ACCEPTED])
    late = dataclasses.replace(late, today=late.accept_unproven[0].expires.replace(day=2))
    for found, own, foreign in (
        (unproven, "accept_unproven", "accept_breakage"),
        (breaking, "accept_breakage", "accept_unproven"),
    ):
        assert rule(gates.check_outcome(declare(**{own: [ACCEPTED]}), found)) == ""
        assert rule(gates.check_outcome(declare(**{own: [other]}), found)) != ""
        assert rule(gates.check_outcome(declare(**{foreign: [ACCEPTED]}), found)) != ""
        assert rule(gates.check_outcome(late, found)) != ""
    both = situate(*PREPARED, proposal=proved(outcome="unproven", breakage="lost"))
    assert rule(gates.check_outcome(declare(accept_unproven=[ACCEPTED]), both)) == "may_break"
    assert rule(gates.check_outcome(declare(), situate(*PREPARED, proposal=None))) == "no_documents"


# Who uses and names the role

MACHINE: t.Final = Consumer("function", "arn:aws:lambda:eu-west-1:111122223333:function:app", has_moved=False)
PERSON: t.Final = dataclasses.replace(MACHINE, kind="person", resource="anna", is_machine=False)
Check = Callable[[Declared, t.Any], gates.Gate]


@pytest.mark.parametrize(
    ("surroundings", "trial", "closing"),
    [
        (Surroundings(), "", ""),
        (None, "machines", "machines"),
        (Surroundings((MACHINE,)), "machines", "machines"),
        (Surroundings((PERSON,)), "", ""),
        (Surroundings((PERSON, MACHINE)), "machines", "machines"),
        (Surroundings((dataclasses.replace(MACHINE, has_moved=True),)), "machines", ""),
        (Surroundings((dataclasses.replace(MACHINE, has_moved=None),)), "machines", ""),
        (Surroundings(unread=("functions in eu-west-1",)), "machines", ""),
        (Surroundings(unread=(f"{NOT_LOOKED_FOR}batch",)), "", ""),
    ],
)
def test_machines_hold_a_trial_and_those_that_stayed_hold_the_end(
    surroundings: t.Optional[Surroundings], trial: str, closing: str
) -> None:
    found = situate(*PREPARED, surroundings=surroundings)
    assert rule(gates.check_machines(declare(), found)) == trial
    assert rule(gates.check_moved(declare(), found)) == closing
    accepted = declare(accept_machines=[ACCEPTED])
    expected = "machines" if surroundings is None else ""
    assert rule(gates.check_machines(accepted, found)) == rule(gates.check_moved(accepted, found)) == expected


BUCKET: t.Final = Namer("bucket_policy", "arn:aws:s3:::acme-logs", ACCOUNT, "principal")
ABROAD: t.Final = dataclasses.replace(BUCKET, resource="arn:aws:s3:::theirs", account_id=FOREIGN)


def accept(namer: str, principal: str = "dev-a") -> Declared:
    return declare(accept_namers=[{**ACCEPTED, "principal": principal, "namer": namer}])


def test_users_move_once_everything_names_the_new_role() -> None:
    named = dataclasses.replace(BUCKET, names_new=True)
    for namers, expected in (((), ""), ((BUCKET,), "namers"), ((named,), ""), ((named, ABROAD), "namers")):
        assert (
            rule(gates.check_namers(declare(), situate(*PREPARED, surroundings=Surroundings(namers=namers))))
            == expected
        )
    assert rule(gates.check_namers(declare(), situate(*PREPARED, surroundings=None))) == "namers"
    found = situate(*PREPARED, surroundings=Surroundings(namers=(BUCKET, named, ABROAD)))
    assert gates.find_old_only(declare(), found) == (BUCKET, ABROAD)
    assert gates.find_old_only(declare(), situate(*PREPARED, surroundings=None)) == ()
    # In place the role keeps its name.
    in_place = situate(*records_up_to(Kind.PREPARED, way=Way.IN_PLACE), surroundings=Surroundings(namers=(BUCKET,)))
    assert gates.find_old_only(declare(), in_place) == () and rule(gates.check_namers(declare(), in_place)) == ""


@pytest.mark.parametrize(
    ("namer", "accepted", "expected"),
    [
        (BUCKET, BUCKET.resource, ""),
        (ABROAD, ABROAD.resource, ""),
        (ABROAD, FOREIGN, ""),
        # An account id accepts no namer in the role's own account.
        (BUCKET, ACCOUNT, "namers"),
        (BUCKET, FOREIGN, "namers"),
        (BUCKET, ABROAD.resource, "namers"),
    ],
)
def test_a_namer_is_accepted_by_itself_or_by_its_foreign_account(namer: Namer, accepted: str, expected: str) -> None:
    found = situate(*PREPARED, surroundings=Surroundings(namers=(namer,)))
    assert rule(gates.check_namers(accept(accepted), found)) == expected
    assert rule(gates.check_namers(accept(accepted, "dev-b"), found)) == "namers"
    reason = gates.accept_namer(accept(accepted), found, namer)
    assert reason == (None if expected else "agreed")


@pytest.mark.parametrize(
    ("unread", "accepted", "expected"),
    [
        (UnreadNamers("queues"), "", ""),
        (UnreadNamers("queues", blocks=True), "", "namers_unread"),
        (UnreadNamers("queues", blocks=True), ACCOUNT, ""),
        (UnreadNamers("queues", blocks=True), FOREIGN, "namers_unread"),
        (UnreadNamers("theirs", FOREIGN, blocks=True), FOREIGN, ""),
        (UnreadNamers("theirs", FOREIGN, blocks=True), ACCOUNT, "namers_unread"),
    ],
)
def test_a_role_that_may_be_named_where_nobody_could_look_is_not_retired(
    unread: UnreadNamers, accepted: str, expected: str
) -> None:
    found = situate(*PREPARED, surroundings=Surroundings(unread_namers=(UnreadNamers("other"), unread)))
    assert rule(gates.check_unread_namers(accept(accepted) if accepted else declare(), found)) == expected
    assert rule(gates.check_unread_namers(declare(), situate(*PREPARED, surroundings=None))) == "namers"
