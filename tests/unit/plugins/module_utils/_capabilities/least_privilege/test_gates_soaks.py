# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege import gates
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    DeniedBy,
    Watched,
    Way,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import (
    NewRole,
    Situation,
)

from .campaigns import NEW_ID, NEW_ROLE, declare, denial, live, moment, record, records_up_to, situate, watch
from .test_gates import ACCEPTED, rule

OPENED: t.Final = records_up_to(Kind.OPENED)
MINUTE: t.Final = 1 / 24 / 60
TRIAL: t.Final = {"has_trial": True, "boundary": "arn:trial", "has_documents": False, "new_role": None}


def accept(action: str = "s3:GetObject", principal: str = "dev-a") -> t.Any:
    return declare(accept_denials=[{**ACCEPTED, "principal": principal, "action": action}])


# Denials

CAUSES: t.Final = {
    Way.PARALLEL: {DeniedBy.OURS, DeniedBy.UNKNOWN, DeniedBy.BOUNDARY, DeniedBy.RESOURCE},
    Way.IN_PLACE: {DeniedBy.OURS, DeniedBy.UNKNOWN, DeniedBy.BOUNDARY},
    Way.BY_OWNER: {DeniedBy.OURS, DeniedBy.UNKNOWN},
}


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("by", DeniedBy)
def test_a_denial_that_the_campaign_may_have_caused_counts(way: Way, by: DeniedBy) -> None:
    found = situate(*records_up_to(Kind.OPENED, way=way), watched=watch(denial(by=by)))
    expected = by in CAUSES[way]
    assert bool(gates.find_unexplained(declare(), found)) is expected
    assert rule(gates.check_denials(declare(), found, moment(3), moment(20))) == ("new_denial" if expected else "")


def test_a_denial_is_accepted_for_the_role_by_either_name() -> None:
    found = situate(*OPENED, watched=watch(denial(), denial("s3:PutObject")))
    assert [one.action for one in gates.find_unexplained(accept(), found)] == ["s3:PutObject"]
    assert [one.action for one in gates.find_unexplained(accept(principal="dev-a-lp"), found)] == ["s3:PutObject"]
    assert len(gates.find_unexplained(accept(principal="dev-b"), found)) == 2
    assert gates.accept_denial(accept(), found, denial()) == "agreed"
    assert gates.find_unexplained(declare(), situate(*OPENED, watched=None)) == ()


@pytest.mark.parametrize(
    ("watched", "expected"),
    [
        (watch(since=3, until=17), ""),
        (watch(since=3 + MINUTE, until=17), ""),
        (watch(since=3 + 2 * MINUTE, until=17), "no_evidence"),
        (watch(since=3, until=17 - MINUTE), "no_evidence"),
        (watch(since=3, until=17, failure="denied"), "no_evidence"),
        (None, "no_evidence"),
        (watch(denial(), since=3, until=17), "new_denial"),
        # What is not known counts first: there may be more.
        (watch(denial(), since=3, until=17, failure="denied"), "no_evidence"),
    ],
)
def test_denials_are_known_over_the_whole_time(watched: t.Optional[Watched], expected: str) -> None:
    found = situate(*OPENED, watched=watched)
    assert rule(gates.check_denials(declare(), found, moment(3), moment(17))) == expected


def test_what_the_role_never_used_counts_only_where_it_has_to() -> None:
    never = situate(*OPENED, watched=watch(denial(used_before=False)))
    assert rule(gates.check_denials(declare(), never, moment(3), moment(17), used_only=True)) == ""
    assert rule(gates.check_denials(declare(), never, moment(3), moment(17))) == "new_denial"
    used = situate(*OPENED, watched=watch(denial(used_before=False), denial("s3:PutObject")))
    objection = gates.check_denials(declare(), used, moment(3), moment(17), used_only=True)
    assert rule(objection) == "new_denial" and objection is not None
    assert "s3:PutObject" in objection.reason and "s3:GetObject" not in objection.reason


# Soaks


def soak(found: Situation, days: float, kind: Kind = Kind.OPENED, **options: t.Any) -> str:
    return rule(gates.check_soak(declare(**options), found, kind, 14, moment(days)))


def test_a_soak_is_over_once_its_last_events_have_come() -> None:
    """It began on the third day, and CloudTrail needs a quarter of an hour."""
    found = situate(*OPENED)
    for days, expected in ((10, "soak_not_over"), (17, "soak_not_over"), (17 + 14 * MINUTE, "soak_not_over")):
        assert soak(found, days) == expected
    assert soak(found, 17 + 15 * MINUTE) == ""
    assert soak(situate(*OPENED, watched=None), 10) == "soak_not_over"
    assert soak(situate(*OPENED, watched=None), 18) == "no_evidence"


def test_a_soak_counts_from_the_dates_of_aws() -> None:
    later = situate(*OPENED, live=live(made_at=moment(9)))
    assert soak(later, 18) == "soak_not_over" and soak(later, 23.1) == ""
    assert soak(situate(*OPENED, live=live(made_at=None)), 99) == "soak_not_over"
    assert soak(situate(*records_up_to(Kind.PREPARED)), 99) == "soak_not_over"


def test_a_new_denial_ends_a_soak_at_once() -> None:
    assert soak(situate(*OPENED, watched=watch(denial())), 5) == "new_denial"
    assert soak(situate(*OPENED, watched=watch(denial())), 18) == "new_denial"
    # During the soak of a canary, and at its end, what nobody used does not hold the others.
    never = situate(*OPENED, watched=watch(denial(used_before=False)))
    assert (soak(never, 5), soak(never, 18)) == ("soak_not_over", "")
    moved = situate(*records_up_to(Kind.CUT_OVER), watched=watch(denial(used_before=False)))
    assert (soak(moved, 20, Kind.CUT_OVER), soak(moved, 40, Kind.CUT_OVER)) == ("new_denial", "new_denial")


def test_evidence_that_ends_before_the_soak_is_none() -> None:
    short = situate(*OPENED, watched=watch(until=16))
    assert soak(short, 18) == "no_evidence" and soak(short, 10) == "soak_not_over"
    # What is not known yet is no denial while the soak goes on.
    assert soak(situate(*OPENED, watched=watch(failure="denied")), 10) == "soak_not_over"


@pytest.mark.parametrize(
    ("calls", "denied", "expected"), [(5, 0, ""), (5, 4, ""), (5, 5, "no_evidence"), (0, 0, "no_evidence")]
)
def test_a_canary_that_nobody_used_tested_nothing(calls: int, denied: int, expected: str) -> None:
    found = situate(*OPENED, watched=watch(calls=calls, denied=denied))
    assert soak(found, 18) == expected
    assert soak(found, 18, accept_unused=[ACCEPTED]) == ""
    assert soak(found, 18, accept_unused=[{**ACCEPTED, "principal": "dev-b"}]) == expected
    # It is asked of canaries alone.
    moved = situate(*records_up_to(Kind.CUT_OVER), watched=watch(calls=calls, denied=denied))
    assert soak(moved, 40, Kind.CUT_OVER) == ""


@pytest.mark.parametrize(
    ("days", "words"),
    [(14, "14 days"), (1, "1 day"), (1.4, "1 day"), (0.99, "24 hours"), (1 / 24, "1 hour"), (0, "1 hour")],
)
def test_days_are_described_for_people(days: float, words: str) -> None:
    assert gates.describe_days(days) == words


# Canaries

OTHER: t.Final = Target("targets[1]", ("*",), Way.PARALLEL, False)


def canaries(*found: Situation, days: float = 18) -> gates.Gate:
    return gates.check_canaries(declare("cut_over"), found, moment(days))


def test_a_cut_over_needs_a_canary_that_passed() -> None:
    passed = situate(*OPENED)
    waiting = situate(*OPENED, target=OTHER, watched=None)
    assert rule(canaries(passed)) == rule(canaries(passed, waiting)) == ""
    assert rule(canaries()) == rule(canaries(waiting)) == "no_canary"
    assert rule(canaries(dataclasses.replace(passed, target=None))) == "no_canary"


LATE: t.Final = situate(*OPENED, live=live(made_at=moment(9)))
BROKEN: t.Final = situate(*OPENED, watched=watch(denial()))


def test_every_canary_has_to_pass_and_the_worst_is_named() -> None:
    assert rule(canaries(situate(*OPENED), BROKEN)) == rule(canaries(BROKEN, situate(*OPENED))) == "canary_failed"
    assert rule(canaries(situate(*OPENED), LATE)) == "soak_not_over"
    both = canaries(LATE, BROKEN)
    assert rule(both) == "canary_failed" and both is not None
    assert "new denials" in both.reason and "(and 1 more)" in both.reason and "role/dev-a" in both.reason
    alone = canaries(BROKEN)
    assert alone is not None and "more)" not in alone.reason


def lifted(way: Way = Way.IN_PLACE) -> Situation:
    return situate(*records_up_to(Kind.OPENED, way=way), record(Kind.LIFTED, 5, way=way), live=live(new_role=None))


@pytest.mark.parametrize(
    "found",
    [
        situate(*OPENED, live=None),
        situate(*OPENED, "it is cut off"),
        situate(*records_up_to(Kind.PREPARED)),
        lifted(),
        situate(*OPENED, live=live(new_role=None)),
        situate(*OPENED, live=live(new_role=NewRole(NEW_ROLE, "AROAANOTHER", is_ours=True))),
        situate(*OPENED, live=live(new_role=NewRole(NEW_ROLE, NEW_ID, is_ours=True, others=("*",)))),
        situate(*OPENED, live=live(has_documents=False)),
        situate(*OPENED, live=live(has_documents=None)),
        situate(*OPENED, live=live(has_other_trial=True)),
        situate(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), live=live(new_role=None, has_documents=False)),
        situate(*OPENED, watched=watch(calls=0)),
    ],
)
def test_a_canary_that_is_not_as_it_was_left_has_failed(found: Situation) -> None:
    assert rule(canaries(found)) == "canary_failed"


def test_a_trial_in_place_passes_while_its_boundary_is_there() -> None:
    events = records_up_to(Kind.OPENED, way=Way.IN_PLACE)
    assert rule(canaries(situate(*events, live=live(**TRIAL)))) == ""
    assert rule(canaries(situate(*events, live=live(**{**TRIAL, "has_other_trial": True})))) == "canary_failed"
    # The documents took the place of the trial.
    assert rule(canaries(situate(*events, live=live(new_role=None)))) == ""


# The old role


def unused(found: Situation, days: float = 45) -> str:
    return rule(gates.check_unused(declare(unused_days=14), found, moment(days)))


def test_an_old_role_is_closed_once_nobody_used_it_for_so_long() -> None:
    assert unused(situate(*OPENED)) == ""
    for last, expected in ((30.9, ""), (31, ""), (31 + MINUTE, "old_role_used"), (44, "old_role_used")):
        assert unused(situate(*OPENED, watched=watch(old_role_last=moment(last)))) == expected
        assert unused(situate(*OPENED, live=live(last_used=moment(last)))) == expected
        # The later of the two counts.
        mixed = situate(*OPENED, live=live(last_used=moment(last)), watched=watch(old_role_last=moment(5)))
        assert unused(mixed) == expected and gates.find_last_use(mixed) == moment(last)
    assert gates.find_last_use(situate(*OPENED, live=None, watched=None)) is None


def test_a_use_that_nobody_could_see_holds_the_old_role() -> None:
    assert unused(situate(*OPENED, watched=None)) == "no_evidence"
    assert unused(situate(*OPENED, watched=watch(failure="denied"))) == "no_evidence"
    assert unused(situate(*OPENED, watched=watch(since=31))) == ""
    assert unused(situate(*OPENED, watched=watch(since=31 + MINUTE))) == "old_role_used"


def test_the_users_of_an_old_role_are_named() -> None:
    for users, words in (((), "(by nobody known)"), (("anna", "ben"), "(by anna, ben)")):
        found = situate(*OPENED, watched=watch(old_role_last=moment(40), old_role_users=users))
        objection = gates.check_unused(declare(unused_days=14), found, moment(45))
        assert objection is not None and words in objection.reason
