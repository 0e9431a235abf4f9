# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step of one role in one run: what is due, and why something is refused."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scope import runs_all

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import (
    Consumer,
    DeniedBy,
    Namer,
    Stage,
    Surroundings,
    UnreadNamers,
    Way,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import (
    Event,
    Kind,
    hash_documents,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import (
    NewRole,
    Situation,
    find_watch_start,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.steps import decide

from .campaigns import (
    ACCOUNT,
    NEW_ID,
    NEW_ROLE,
    OTHER_DOCUMENTS,
    PROPOSAL,
    ROLE,
    WHEN,
    declare,
    denial,
    live,
    moment,
    record,
    records_up_to,
    situate,
    watch,
)

ALL = [*WHEN]
#: By event: the stage whose run does it, the event before it, and a time at which it is due.
DUE = {
    Kind.ASSESSED: ("assess", None, 0),
    Kind.GENERATED: ("generate", Kind.ASSESSED, 1),
    Kind.PREPARED: ("prepare", Kind.GENERATED, 2),
    Kind.OPENED: ("canary", Kind.PREPARED, 3),
    Kind.CUT_OVER: ("cut_over", Kind.OPENED, 17.1),
    Kind.WATCHED: ("watch", Kind.CUT_OVER, 31.1),
    Kind.CLOSED: ("retire", Kind.WATCHED, 45),
    Kind.RETIRED: ("retire", Kind.CLOSED, 62.1),
}
REASON = {"principal": "dev-a", "reason": "agreed", "expires": "2026-02-01"}
TRIAL = {"has_trial": True, "boundary": "arn:aws:iam::111122223333:policy/iam-hardening/lp/lp-dev-a-trial"}
FUNCTION = Consumer("function", "arn:aws:lambda:eu-west-1:111122223333:function:app", has_moved=False)
BUCKET = Namer("bucket_policy", "arn:aws:s3:::acme-logs", ACCOUNT, "principal")


def step(situation: Situation, stage: t.Optional[str], days: float, *others: Situation, **options: t.Any) -> Step:
    return decide(declare(stage, **options), (situation, *others), now=moment(days))[0]


def before(kind: Kind, *, way: Way = Way.PARALLEL, **fields: t.Any) -> Situation:
    """The role as it is before an event, at a time at which that is due."""
    _stage, previous, days = DUE[kind]
    if previous is Kind.CLOSED and way is not Way.PARALLEL:
        previous = Kind.WATCHED
    events = records_up_to(previous, way=way) if previous else []
    is_early = kind in (Kind.ASSESSED, Kind.GENERATED, Kind.PREPARED)
    states: dict[str, t.Any] = {"new_role": None if way is not Way.PARALLEL or is_early else live().new_role}
    if way is Way.IN_PLACE and kind is Kind.CUT_OVER:
        states |= {**TRIAL, "has_documents": False}
    if kind is Kind.RETIRED:
        states["is_closed"] = True
    return situate(*events, days=days, **{"live": live(**{**states, **fields.pop("states", {})}), **fields})


def take(
    kind: Kind, *, way: Way = Way.PARALLEL, options: t.Any = None, days: t.Optional[float] = None, **fields: t.Any
) -> Step:
    stage, _previous, due = DUE[kind]
    targets = [{"roles": ["dev-*"], "way": way.value, "canary": True}]
    given_ = {"targets": targets, **(options or {})}
    return step(before(kind, way=way, **fields), stage, due if days is None else days, **given_)


ways = st.shared(st.sampled_from(Way), key="way")


@st.composite
def forged_records(draw: st.DrawFn) -> list[Event]:
    """Records in any order with any times, mostly sensible: a forger knows the format."""
    way = draw(ways)
    kinds = draw(st.one_of(st.just(ALL), st.lists(st.sampled_from(Kind), max_size=12)))
    events = []
    day = draw(st.integers(-400, 0))
    for kind in kinds:
        day = draw(st.one_of(st.just(day), st.integers(day, day + 40), st.integers(-400, 40)))
        fields: dict[str, t.Any] = {"soak_days": draw(st.sampled_from([None, 0, 3, 14, 365]))}
        if kind is Kind.OPENED:
            fields["deadline"] = draw(st.sampled_from([None, moment(day + 1), moment(day + 89)]))
        events.append(record(kind, day, way=way, **fields))
    return events


# The way through


@pytest.mark.parametrize(
    ("kind", "way"), [(kind, way) for kind in ALL for way in Way if kind is not Kind.CLOSED or way is Way.PARALLEL]
)
def test_each_stage_is_due_after_the_one_before(kind: Kind, way: Way) -> None:
    found = take(kind, way=way)
    assert (found.state, found.event, found.rule) == (State.DUE, kind, "")
    assert found.advances
    assert found.refusal is None


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not Kind.CLOSED])
def test_a_stage_that_is_done_is_not_taken_twice(kind: Kind) -> None:
    stage, _previous, days = DUE[kind]
    states = {"new_role": None} if kind is Kind.ASSESSED else {"is_closed": kind is Kind.RETIRED}
    found = step(situate(*records_up_to(kind), live=live(**states)), stage, days)
    assert found.event is None
    assert found.rule == ""


@pytest.mark.parametrize(
    ("stage", "reached", "missing"),
    [
        ("generate", None, "assess"),
        ("retire", None, "assess"),
        ("prepare", Kind.ASSESSED, "generate"),
        ("canary", Kind.GENERATED, "prepare"),
        ("cut_over", Kind.PREPARED, "canary"),
        ("watch", Kind.OPENED, "cut_over"),
        ("retire", Kind.CUT_OVER, "watch"),
    ],
)
def test_a_stage_whose_predecessor_is_missing_is_refused(stage: str, reached: t.Optional[Kind], missing: str) -> None:
    situation = situate(
        *(records_up_to(reached) if reached else ()), live=live(new_role=None) if not reached else live()
    )
    if reached in (Kind.ASSESSED, Kind.GENERATED):
        situation = dataclasses.replace(situation, live=live(new_role=None))
    found = step(situation, stage, 100)
    assert (found.state, found.rule, found.event) == (State.REFUSED, "stage_missing", None)
    assert found.reason == f"stage {missing} of role/dev-a is missing: run least_privilege_stage={missing} first"
    assert found.refusal is not None
    assert found.refusal.as_dict()["rule"] == "stage_missing"


def test_a_role_that_is_no_canary_waits_for_the_cut_over() -> None:
    events = records_up_to(Kind.PREPARED)
    other = situate(*events, canary=False)
    assert step(other, "canary", 3).state is State.DONE
    canary = before(Kind.CUT_OVER)
    assert step(other, "cut_over", 17.1, canary).event is Kind.CUT_OVER


def test_without_a_stage_the_state_is_reported() -> None:
    found = step(situate(*records_up_to(Kind.OPENED)), None, 6)
    assert (found.state, found.event, found.days_left) == (State.SOAKING, None, 11.01)
    assert (found.since, found.deadline) == (moment(3), moment(62))
    assert found.next == "run least_privilege_stage=cut_over"
    assert step(situate(live=live(new_role=None)), None, 0).reason == "nothing was done yet"


def test_a_role_that_no_target_selects_waits() -> None:
    found = step(situate(*records_up_to(Kind.OPENED), target=None), "cut_over", 50)
    assert (found.state, found.event) == (State.WAITING, None)


def test_a_role_that_is_gone() -> None:
    assert step(situate(*records_up_to(Kind.OPENED), live=None), "cut_over", 50).rule == "role_missing"


# Documents


@pytest.mark.parametrize("kind", [Kind.PREPARED, Kind.OPENED, Kind.CUT_OVER])
@pytest.mark.parametrize(
    ("proposal", "rule"),
    [
        (None, "no_documents"),
        (dataclasses.replace(PROPOSAL, failure="somebody changed the document"), "no_documents"),
        (dataclasses.replace(PROPOSAL, content_sha256="c" * 64), "no_documents"),
        (dataclasses.replace(PROPOSAL, outcome="not_assessed"), "no_documents"),
        (dataclasses.replace(PROPOSAL, outcome=""), "no_documents"),
        (dataclasses.replace(PROPOSAL, outcome="unproven", reason="more is granted"), "unproven"),
        (dataclasses.replace(PROPOSAL, breakage="s3:GetObject may break"), "may_break"),
        (dataclasses.replace(PROPOSAL, layers_sha256="other"), "layers_changed"),
    ],
)
def test_documents_that_this_run_did_not_prove_are_never_applied(kind: Kind, proposal: t.Any, rule: str) -> None:
    """The record says that they are proved. Anybody who can write to the journal can write that."""
    found = take(kind, proposal=proposal)
    assert (found.state, found.rule, found.event) == (State.REFUSED, rule, None)


def test_unproven_documents_are_accepted_by_name() -> None:
    proposal = dataclasses.replace(PROPOSAL, outcome="unproven", breakage="s3:GetObject may break")
    options = {"accept_unproven": [REASON], "accept_breakage": [REASON]}
    assert take(Kind.PREPARED, proposal=proposal, options=options).event is Kind.PREPARED
    other = {"accept_unproven": [{**REASON, "principal": "dev-b"}], "accept_breakage": [REASON]}
    assert take(Kind.PREPARED, proposal=proposal, options=other).rule == "unproven"


@pytest.mark.parametrize("layers", ["", "other"])
def test_layers_that_changed_since_the_documents_were_generated(layers: str) -> None:
    found = take(Kind.PREPARED, states={"layers_sha256": layers})
    assert found.rule == "layers_changed"
    assert "run least_privilege_stage=generate again" in found.reason


def test_documents_are_generated_again_only_if_something_changed() -> None:
    situation = situate(*records_up_to(Kind.OPENED))
    assert step(situation, "generate", 5).event is None
    new = dataclasses.replace(PROPOSAL, content_sha256=hash_documents(OTHER_DOCUMENTS))
    found = step(dataclasses.replace(situation, proposal=new), "generate", 5)
    assert (found.event, found.reason) == (
        Kind.GENERATED,
        "new documents were generated; the stages after it begin again",
    )
    moved = dataclasses.replace(PROPOSAL, layers_sha256="other")
    assert step(dataclasses.replace(situation, proposal=moved), "generate", 5).event is Kind.GENERATED


def test_unproven_documents_are_recorded_with_a_warning() -> None:
    proposal = dataclasses.replace(PROPOSAL, outcome="unproven", reason="more is granted")
    found = take(Kind.GENERATED, proposal=proposal)
    assert found.event is Kind.GENERATED
    assert "more is granted" in found.warnings[0]
    assert take(Kind.GENERATED, proposal=dataclasses.replace(PROPOSAL, outcome="not_assessed")).rule == "no_documents"
    assert take(Kind.GENERATED, proposal=None).rule == "no_documents"


# Slots, and roles that are not what they were


@pytest.mark.parametrize("stage", [*Stage, None])
def test_a_role_that_another_campaign_has_under_way(stage: t.Optional[Stage]) -> None:
    """Only the way back stays: anybody who may tag, or write to the journal, can claim that."""
    situation = situate(*records_up_to(Kind.OPENED), other_campaign="campaign other has the role under way")
    if stage is Stage.REVERT:
        found = step(situation, "revert", 50, revert=["*"])
        assert (found.event, found.is_only_recorded) == (Kind.REVERTED, False)
        return
    found = step(situation, stage.value if stage else None, 50)
    assert (found.rule, found.event) == ("other_campaign", None)
    assert found.reason == "campaign other has the role under way"
    assert step(dataclasses.replace(situation, target=None), None, 50, targets=[]).state is State.WAITING


def test_a_claim_of_another_campaign_keeps_no_trial() -> None:
    events = records_up_to(Kind.OPENED, way=Way.IN_PLACE)
    situation = situate(*events, live=live(**TRIAL, new_role=None), other_campaign="campaign other")
    assert step(situation, "cut_over", 24).event is Kind.LIFTED


def test_the_revert_of_a_campaign_that_made_nothing_leaves_what_another_one_made() -> None:
    """The journal has the changes of both, and does not tell them apart."""
    fields: dict[str, t.Any] = {"other_campaign": "campaign other", "live": live(new_role=None)}
    for reached in (Kind.ASSESSED, Kind.GENERATED):
        found = step(situate(*records_up_to(reached), **fields), "revert", 50, revert=["*"])
        assert (found.event, found.is_only_recorded) == (Kind.REVERTED, True)
    prepared = situate(*records_up_to(Kind.PREPARED), record(Kind.GENERATED, 5), **fields)
    assert step(prepared, "revert", 50, revert=["*"]).is_only_recorded is False
    forged = situate(*records_up_to(Kind.ASSESSED), record(Kind.CUT_OVER, 5), **fields)
    assert step(forged, "revert", 50, revert=["*"]).is_only_recorded is False


def test_the_name_of_the_new_role_is_taken() -> None:
    taken = NewRole(NEW_ROLE, "AROAOTHER", is_ours=False)
    found = take(Kind.PREPARED, states={"new_role": taken})
    assert (found.rule, found.reason) == (
        "slot_filled",
        f"the name of the new role is taken: the campaign did not make {NEW_ROLE}; delete that role if "
        "nobody needs it, or choose the way in_place",
    )


@pytest.mark.parametrize("kind", [Kind.OPENED, Kind.CUT_OVER, Kind.WATCHED, Kind.CLOSED, Kind.RETIRED])
@pytest.mark.parametrize(
    ("new_role", "rule"),
    [
        (None, "new_role_missing"),
        (NewRole(NEW_ROLE, "AROAEVIL", is_ours=True), "slot_filled"),
        (NewRole(NEW_ROLE, NEW_ID, is_ours=False), "slot_filled"),
    ],
)
def test_a_new_role_that_is_not_the_one_that_was_prepared(kind: Kind, new_role: t.Any, rule: str) -> None:
    assert take(kind, states={"new_role": new_role}).rule == rule


@pytest.mark.parametrize("kind", [Kind.CUT_OVER, Kind.WATCHED, Kind.CLOSED, Kind.RETIRED])
@pytest.mark.parametrize(
    ("others", "reason"),
    [
        (("arn:aws:iam::666677778888:root",), "lets in arn:aws:iam::666677778888:root, and the old role does not"),
        (None, "the journal has no trust policy of the role beside it"),
    ],
)
def test_a_new_role_that_somebody_opened_for_others(kind: Kind, others: t.Any, reason: str) -> None:
    new = NewRole(NEW_ROLE, NEW_ID, is_ours=True, made_at=moment(2), others=others)
    found = take(kind, states={"new_role": new})
    assert (found.event, found.rule) == (None, "trust_changed")
    assert reason in found.reason


@pytest.mark.parametrize(("kind", "stage"), [(Kind.OPENED, "canary"), (Kind.CUT_OVER, "cut_over")])
def test_the_stage_that_opened_the_new_role_sets_its_trust_policy_again(kind: Kind, stage: str) -> None:
    new = NewRole(NEW_ROLE, NEW_ID, is_ours=True, made_at=moment(2), others=("arn:aws:iam::666677778888:root",))
    situation = situate(*records_up_to(kind), live=live(new_role=new), canary=kind is Kind.OPENED)
    canary = dataclasses.replace(before(Kind.CUT_OVER), role_arn=f"{ROLE}b")
    assert step(situation, stage, 20, canary).event is kind
    other = before(Kind.CUT_OVER, states={"new_role": new})
    held = step(dataclasses.replace(canary, role_arn=f"{ROLE}c"), "cut_over", 20, other)
    assert (held.rule, "lets in arn:aws:iam::666677778888:root" in held.reason) == ("canary_failed", True)


@pytest.mark.parametrize("kind", [Kind.PREPARED, Kind.OPENED, Kind.CUT_OVER, Kind.CLOSED])
def test_a_way_back_that_is_blocked(kind: Kind) -> None:
    found = take(kind, states={"obstacles": ("no attachment slot is free",)})
    assert (found.rule, found.reason) == ("slot_filled", "no attachment slot is free")


def test_a_trial_needs_the_place_of_the_boundary() -> None:
    found = take(Kind.OPENED, way=Way.IN_PLACE, states={"boundary": "arn:aws:iam::111122223333:policy/b"})
    assert found.rule == "slot_filled"


def test_a_role_that_was_created_again() -> None:
    situation = situate(*records_up_to(Kind.OPENED), identity={"role_id": "AROANEW"}, live=live(new_role=None))
    found = step(situation, "cut_over", 50)
    assert found.rule == "role_recreated"
    revert = step(situation, "revert", 50, revert=["dev-a"])
    assert (revert.event, revert.restores) == (Kind.REVERTED, False)


@pytest.mark.parametrize("events", [[], [Kind.ASSESSED]])
@pytest.mark.parametrize("stage", [*Stage, None])
def test_a_store_that_was_emptied(events: list[Kind], stage: t.Optional[Stage]) -> None:
    situation = situate(*map(record, events))
    if stage is Stage.REVERT:
        assert step(situation, "revert", 50, revert=["*"]).event is Kind.REVERTED
        return
    found = step(situation, stage.value if stage else None, 50)
    assert (found.rule, found.event) == ("store_emptied", None)


IN_PLACE: dict[str, t.Any] = {"has_policies": True, "has_documents": True, "new_role": None}


@pytest.mark.parametrize("later", [[], [Kind.ASSESSED], [Kind.ASSESSED, Kind.GENERATED]])
def test_a_forged_record_of_a_revert_of_a_role_that_has_its_new_policies(later: list[Kind]) -> None:
    """By the records it has its old policies back, and in AWS it does not."""
    events = [*records_up_to(Kind.CUT_OVER, way=Way.IN_PLACE), record(Kind.REVERTED, 20, way=Way.IN_PLACE)]
    again = [record(kind, 21, way=Way.IN_PLACE) for kind in later]
    situation = situate(*events, *again, live=live(**IN_PLACE))
    for stage in ("assess", "generate", "prepare", "cut_over", None):
        found = step(situation, stage, 50, targets=[{"roles": ["dev-*"], "way": "in_place", "canary": True}])
        assert (found.rule, found.event) == ("forged_record", None)
        assert "the records say that it was reverted, and it has policies of the campaign" in found.reason
        assert found.reason.endswith("revert again")
    assert step(situation, "revert", 50, revert=["*"]).event is Kind.REVERTED


def test_a_role_that_has_its_new_policies_and_no_records() -> None:
    target = Target("targets[0]", ("dev-*",), Way.IN_PLACE)
    assert step(situate(live=live(**IN_PLACE), target=target), "assess", 50).rule == "store_emptied"
    # The owner of a role may use any names.
    by_owner = Target("targets[0]", ("dev-*",), Way.BY_OWNER)
    assert step(situate(live=live(**IN_PLACE), target=by_owner), "assess", 50).event is Kind.ASSESSED


CLOSED_NEW = NewRole(NEW_ROLE, NEW_ID, is_ours=True, made_at=moment(2), is_closed=True)


def test_a_run_that_was_killed_before_its_record_converges() -> None:
    """The new role is there, and its record is not."""
    situation = situate(*records_up_to(Kind.GENERATED), live=live(new_role=CLOSED_NEW))
    assert step(situation, "prepare", 3).event is Kind.PREPARED


@pytest.mark.parametrize("is_closed", [False, None])
def test_a_new_role_that_somebody_made_for_himself_is_not_given_the_documents(is_closed: t.Optional[bool]) -> None:
    """Its tags are ours, and its trust policy lets in whom its maker likes."""
    forged = dataclasses.replace(CLOSED_NEW, is_closed=is_closed)
    situation = situate(*records_up_to(Kind.GENERATED), live=live(new_role=forged))
    assert step(situation, "prepare", 3).rule == "slot_filled"
    reverted = [*records_up_to(Kind.OPENED), record(Kind.REVERTED, 10), *(record(kind, 11) for kind in ALL[:2])]
    assert step(situate(*reverted, live=live(new_role=forged)), "prepare", 12).rule == "slot_filled"
    assert step(situate(*reverted, live=live(new_role=CLOSED_NEW)), "prepare", 12).event is Kind.PREPARED


def test_a_cut_over_that_was_killed_before_its_record_converges() -> None:
    """The role has the documents and no boundary any more, and by the records its trial is under way."""
    for boundary in ("", "arn:aws:iam::111122223333:policy/standing"):
        situation = situate(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), live=live(boundary=boundary, new_role=None))
        for days in (17.1, 60):
            assert step(situation, "cut_over", days).event is Kind.CUT_OVER
            assert step(situation, None, days).event is None


def test_one_forged_record_of_another_role_keeps_nobody_from_the_way_back() -> None:
    situation = situate(*records_up_to(Kind.OPENED), record(Kind.CUT_OVER, role_id="AROAOTHER"))
    assert step(situation, "watch", 50).rule == "forged_record"
    revert = step(situation, "revert", 50, revert=["dev-a"])
    assert (revert.event, revert.restores) == (Kind.REVERTED, True)


def test_a_new_role_that_a_revert_left_closed_is_no_emptied_store() -> None:
    situation = situate(*records_up_to(Kind.OPENED), record(Kind.REVERTED, 10))
    assert step(situation, "assess", 50).event is Kind.ASSESSED
    assert step(situation, None, 50).state is State.REVERTED


def test_forged_records_stop_the_role_until_it_is_reverted() -> None:
    situation = situate(*records_up_to(Kind.PREPARED), record(Kind.CUT_OVER, 4))
    for stage in ("canary", "cut_over", "watch", None):
        found = step(situation, stage, 50)
        assert (found.rule, found.event) == ("forged_record", None)
        assert "000004-cut_over.json: the role is a canary, and stage canary is missing" in found.reason
    undone = step(situation, "revert", 50, revert=["dev-*"])
    assert undone.event is Kind.REVERTED
    (warning,) = undone.warnings
    assert "000004-cut_over.json" in warning


def test_another_way_than_the_role_began_with() -> None:
    found = step(situate(*records_up_to(Kind.PREPARED, way=Way.IN_PLACE)), "canary", 5)
    assert found.event is Kind.OPENED
    target = situate(*records_up_to(Kind.PREPARED)).target
    situation = situate(
        *records_up_to(Kind.PREPARED, way=Way.IN_PLACE), target=target and dataclasses.replace(target, way=Way.PARALLEL)
    )
    assert step(situation, "canary", 5).rule == "way_changed"


# Canaries


def test_a_campaign_without_a_canary_is_never_cut_over() -> None:
    found = step(situate(*records_up_to(Kind.PREPARED), canary=False), "cut_over", 50)
    assert (found.rule, found.event) == ("no_canary", None)


def test_a_cut_over_waits_for_every_canary() -> None:
    other = situate(*records_up_to(Kind.PREPARED), canary=False)
    done, late = before(Kind.CUT_OVER), situate(*records_up_to(Kind.PREPARED), record(Kind.OPENED, 10))
    found = step(other, "cut_over", 17.1, done, late)
    assert (found.state, found.rule, found.event) == (State.WAITING, "soak_not_over", None)
    assert found.reason == "not every canary has passed: role/dev-a: it has still to be watched for 7 days"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"watched": None}, "its denials were not read"),
        ({"watched": watch(failure="AccessDenied")}, "nobody knows its denials: AccessDenied"),
        ({"watched": watch(since=5)}, "were read only from 2026-01-10T12:00:00Z"),
        ({"watched": watch(until=10)}, "its denials were read only from"),
        ({"watched": watch(denial())}, "there are new denials of s3:GetObject"),
        ({"watched": watch(denial(by=DeniedBy.UNKNOWN))}, "there are new denials"),
        ({"watched": watch(denial(by=DeniedBy.RESOURCE))}, "there are new denials"),
        ({"watched": watch(calls=0)}, "no call of it was recorded since 2026-01-05T12:00:00Z, so nothing was tested"),
        (
            {"watched": watch(calls=2, denied=2)},
            "only denied calls of it were recorded",
        ),
        ({"states": {"has_documents": False}}, "are not in force"),
        ({"states": {"has_documents": None}}, "could not be compared"),
        ({"states": {"new_role": None}}, "is gone"),
        ({"states": {"made_at": None}}, "AWS's dates of what the campaign made are not known"),
        ({"states": {"made_at": moment(10)}}, "it has still to be watched for 7 days"),
    ],
)
def test_a_canary_that_has_not_passed_holds_the_others(fields: dict[str, t.Any], reason: str) -> None:
    other = situate(*records_up_to(Kind.PREPARED), canary=False)
    found = step(other, "cut_over", 17.1, before(Kind.CUT_OVER, **fields))
    assert found.event is None
    assert reason in found.reason


@pytest.mark.parametrize(
    "harmless",
    [denial(by=DeniedBy.ORGANIZATION), denial(used_before=False), denial(by=DeniedBy.OURS, used_before=False)],
)
def test_denials_by_others_and_of_what_was_never_used_hold_no_other_role(harmless: t.Any) -> None:
    """An intruder's probe stays denied, and a canary's user can't stop the others by one."""
    assert take(Kind.CUT_OVER, watched=watch(harmless)).event is Kind.CUT_OVER


def test_an_unaccepted_denial_of_what_was_never_used_holds_the_watch_of_its_role() -> None:
    probe = watch(denial(used_before=False))
    assert take(Kind.WATCHED, watched=probe).rule == "new_denial"
    accepted = [{**REASON, "principal": "dev-a", "action": "s3:GetObject"}]
    found = take(Kind.WATCHED, watched=probe, options={"accept_denials": accepted})
    assert found.event is Kind.WATCHED


def test_a_denial_by_the_trial_boundary_is_ours() -> None:
    by_boundary = watch(denial(by=DeniedBy.BOUNDARY))
    assert take(Kind.CUT_OVER, way=Way.IN_PLACE, watched=by_boundary).rule == "canary_failed"
    assert take(Kind.CUT_OVER, way=Way.BY_OWNER, watched=by_boundary).event is Kind.CUT_OVER


@pytest.mark.parametrize("principal", ["dev-a", "dev-a-lp"])
def test_a_denial_is_accepted_by_role_and_action(principal: str) -> None:
    accepted = [{**REASON, "principal": principal, "action": "s3:GetObject"}]
    found = take(Kind.CUT_OVER, watched=watch(denial()), options={"accept_denials": accepted})
    assert found.event is Kind.CUT_OVER
    found = take(Kind.CUT_OVER, watched=watch(denial("s3:PutObject")), options={"accept_denials": accepted})
    assert found.rule == "canary_failed"


def test_a_denial_holds_a_canary_before_its_soak_is_over() -> None:
    found = take(Kind.CUT_OVER, days=10, watched=watch(denial()))
    assert found.rule == "canary_failed"


@pytest.mark.parametrize("way", Way)
def test_a_canary_that_nobody_used_is_accepted_by_name(way: Way) -> None:
    """It tested nothing: a person waits, chooses another canary, or answers for it."""
    unused = watch(calls=0)
    found = take(Kind.CUT_OVER, way=way, watched=unused)
    assert (found.rule, found.event) == ("canary_failed", None)
    assert "choose another canary, or accept that in least_privilege_accept_unused" in found.reason
    assert take(Kind.CUT_OVER, way=way, watched=unused, days=10).rule == "soak_not_over"
    other = {"accept_unused": [{**REASON, "principal": "dev-b"}]}
    assert take(Kind.CUT_OVER, way=way, watched=unused, options=other).event is None
    for watched in (unused, watch(calls=2, denied=2)):
        found = take(Kind.CUT_OVER, way=way, watched=watched, options={"accept_unused": [REASON]})
        assert found.event is Kind.CUT_OVER
    denied = watch(denial(), calls=2, denied=2)
    assert take(Kind.CUT_OVER, way=way, watched=denied, options={"accept_unused": [REASON]}).event is None


def test_a_canary_whose_trial_somebody_ended_has_not_passed() -> None:
    other = situate(*records_up_to(Kind.PREPARED), canary=False)
    gone = before(Kind.CUT_OVER, way=Way.IN_PLACE, states={"has_trial": False, "boundary": ""})
    found = step(other, "cut_over", 17.1, gone)
    assert "its trial boundary was removed" in found.reason
    lifted = situate(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), record(Kind.LIFTED, 10, way=Way.IN_PLACE))
    assert "its trial was lifted" in step(other, "cut_over", 50, lifted).reason


# Consumers and namers


@pytest.mark.parametrize(
    ("surroundings", "reason"),
    [
        (None, "it was not read who uses the role"),
        (Surroundings((FUNCTION,)), "machines use the role (arn:aws:lambda:eu-west-1:111122223333:function:app)"),
        (Surroundings(unread=("ListFunctions was denied",)), "it is not known whether machines use the role"),
    ],
)
def test_a_trial_of_a_role_that_machines_use_is_refused_until_accepted(surroundings: t.Any, reason: str) -> None:
    found = take(Kind.OPENED, way=Way.IN_PLACE, surroundings=surroundings)
    assert (found.rule, reason in found.reason) == ("machines", True)
    assert take(Kind.OPENED, surroundings=surroundings).event is Kind.OPENED
    if surroundings is not None:
        options = {"accept_machines": [REASON]}
        accepted = take(Kind.OPENED, way=Way.IN_PLACE, surroundings=surroundings, options=options)
        assert accepted.event is Kind.OPENED


def test_people_and_what_is_never_looked_for_hold_no_trial() -> None:
    person = Consumer("person", "arn:aws:iam::111122223333:user/alice", is_machine=False)
    surroundings = Surroundings((person,), unread=("not looked for: CI variables",))
    assert take(Kind.OPENED, way=Way.IN_PLACE, surroundings=surroundings).event is Kind.OPENED


@pytest.mark.parametrize("kind", [Kind.CUT_OVER, Kind.CLOSED])
def test_namers_have_to_name_the_new_role(kind: Kind) -> None:
    found = take(kind, surroundings=Surroundings(namers=(BUCKET,)))
    assert (found.rule, found.event) == ("namers", None)
    assert "bucket_policy of arn:aws:s3:::acme-logs" in found.reason
    both = dataclasses.replace(BUCKET, names_new=True)
    assert take(kind, surroundings=Surroundings(namers=(both,))).event is kind
    accepted = {"accept_namers": [{**REASON, "namer": BUCKET.resource}]}
    assert take(kind, surroundings=Surroundings(namers=(BUCKET,)), options=accepted).event is kind
    assert take(kind, surroundings=None).rule in ("namers", "machines")


def test_an_account_id_accepts_no_namer_of_the_own_account() -> None:
    surroundings = Surroundings(namers=(BUCKET,))
    own = {"accept_namers": [{**REASON, "namer": ACCOUNT}]}
    assert take(Kind.CUT_OVER, surroundings=surroundings, options=own).rule == "namers"
    foreign = Surroundings(namers=(dataclasses.replace(BUCKET, account_id="444455556666"),))
    other = {"accept_namers": [{**REASON, "namer": "444455556666"}]}
    assert take(Kind.CUT_OVER, surroundings=foreign, options=other).event is Kind.CUT_OVER


def test_namers_of_a_role_that_keeps_its_arn_hold_nothing() -> None:
    surroundings = Surroundings(namers=(BUCKET,))
    assert take(Kind.CUT_OVER, way=Way.IN_PLACE, surroundings=surroundings).event is Kind.CUT_OVER


def test_the_canary_warns_of_namers() -> None:
    found = take(Kind.OPENED, surroundings=Surroundings(namers=(BUCKET,)))
    assert found.event is Kind.OPENED
    assert "only the old role is named in bucket_policy" in found.warnings[0]


@pytest.mark.parametrize("kind", [Kind.CLOSED, Kind.RETIRED])
def test_a_foreign_account_that_can_not_be_read_blocks_the_retirement(kind: Kind) -> None:
    unread = UnreadNamers("account 444455556666 could not be read", "444455556666", blocks=True)
    found = take(kind, surroundings=Surroundings(unread_namers=(unread,)))
    assert (found.rule, found.event) == ("namers_unread", None)
    accepted = {"accept_namers": [{**REASON, "namer": "444455556666"}]}
    assert take(kind, surroundings=Surroundings(unread_namers=(unread,)), options=accepted).event is kind
    harmless = dataclasses.replace(unread, blocks=False)
    assert take(kind, surroundings=Surroundings(unread_namers=(harmless,))).event is kind


# Watching and retiring


def test_a_watch_that_is_not_over_reports_the_days_left() -> None:
    found = take(Kind.WATCHED, days=21)
    assert (found.state, found.rule, found.event, found.days_left) == (State.SOAKING, "", None, 10.01)


@pytest.mark.parametrize("kind", [Kind.WATCHED, Kind.CLOSED])
def test_a_new_denial_holds_the_watch_and_the_retirement(kind: Kind) -> None:
    """A record that the watch has passed is not enough."""
    assert take(kind, watched=watch(denial())).rule == "new_denial"
    assert take(kind, watched=None).rule == "no_evidence"


@pytest.mark.parametrize("kind", [Kind.WATCHED, Kind.CLOSED])
def test_documents_that_are_not_in_force_are_not_watched(kind: Kind) -> None:
    """A forged record of a cut-over leads nowhere: the live role counts."""
    assert take(kind, states={"has_documents": False}).rule == "not_in_force"


@pytest.mark.parametrize(
    ("watched", "states", "reason"),
    [
        (watch(old_role_last=moment(40), old_role_users=("pipeline x",)), {}, "(by pipeline x); 14 days without use"),
        (watch(), {"last_used": moment(40)}, "was used on 2026-02-14T12:00:00Z"),
    ],
)
def test_an_old_role_that_is_used_is_not_closed(watched: t.Any, states: dict[str, t.Any], reason: str) -> None:
    found = take(Kind.CLOSED, watched=watched, states=states)
    assert found.rule == "old_role_used"
    assert reason in found.reason
    assert take(Kind.CLOSED, watched=watched, states=states, options={"unused_days": 7}, days=48).event is Kind.CLOSED


def test_an_old_role_whose_use_is_known_for_too_short_a_time() -> None:
    found = take(Kind.CLOSED, watched=watch(since=17), options={"unused_days": 60})
    assert found.rule == "old_role_used"


def test_a_machine_that_still_has_the_old_role_keeps_it_open() -> None:
    found = take(Kind.CLOSED, surroundings=Surroundings((FUNCTION,)))
    assert found.rule == "machines"
    options = {"accept_machines": [REASON]}
    assert take(Kind.CLOSED, surroundings=Surroundings((FUNCTION,)), options=options).event is Kind.CLOSED
    moved = dataclasses.replace(FUNCTION, has_moved=True)
    assert take(Kind.CLOSED, surroundings=Surroundings((moved,))).event is Kind.CLOSED


def test_a_closed_role_is_retired_after_its_days() -> None:
    found = take(Kind.RETIRED, days=42)
    assert (found.state, found.event, found.days_left) == (State.CLOSED, None, 20.0)


@pytest.mark.parametrize(
    ("states", "watched", "rule"),
    [
        ({"is_closed": False}, watch(), "reopened"),
        ({"is_closed": None}, watch(), "reopened"),
        ({"has_documents": False}, watch(), "not_in_force"),
        ({"last_used": moment(40)}, watch(), "old_role_used"),
        ({}, watch(old_role_last=moment(60)), "old_role_used"),
        ({}, None, "no_evidence"),
    ],
)
def test_a_closed_role_that_is_not_quiet_keeps_its_policies(states: t.Any, watched: t.Any, rule: str) -> None:
    found = take(Kind.RETIRED, states=states, watched=watched)
    assert (found.rule, found.event) == (rule, None)


def test_a_forged_retirement_is_no_end() -> None:
    """The records say that the old role is retired, and it is open."""
    found = step(situate(*records_up_to(Kind.RETIRED)), None, 100)
    assert (found.state, found.rule) == (State.REFUSED, "reopened")
    in_place = situate(*records_up_to(Kind.RETIRED, way=Way.IN_PLACE), live=live(has_documents=False, new_role=None))
    assert step(in_place, None, 100, targets=[]).rule == "not_in_force"


def test_a_trial_boundary_is_gone_before_the_retirement() -> None:
    found = take(Kind.RETIRED, way=Way.IN_PLACE, states={**TRIAL, "made_at": moment(50)})
    assert found.event is None


def test_a_stage_that_somebody_undid_is_taken_again() -> None:
    situation = situate(*records_up_to(Kind.CUT_OVER), live=live(has_documents=False))
    canary = dataclasses.replace(before(Kind.CUT_OVER), role_arn=f"{ROLE}b")
    other = dataclasses.replace(
        situation, target=situation.target and dataclasses.replace(situation.target, is_canary=False)
    )
    assert step(other, "cut_over", 20, canary).event is Kind.CUT_OVER


# Trials


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.REVERT])
def test_a_trial_is_lifted_at_its_deadline_by_every_run(stage: Stage) -> None:
    situation = situate(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), live=live(**TRIAL, new_role=None))
    for name in (stage.value, None):
        assert step(situation, name, 23.9).event is not Kind.LIFTED
        found = step(situation, name, 24)
        assert (found.state, found.event) == (State.LIFTED, Kind.LIFTED)
        assert "the deadline of the trial, 2026-01-29T12:00:00Z, has passed" in found.reason


@pytest.mark.parametrize("extra", ["it is cut off", record(Kind.CUT_OVER, 4, way=Way.IN_PLACE)])
def test_a_trial_is_lifted_although_its_records_are_forged(extra: t.Any) -> None:
    situation = situate(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), extra, live=live(**TRIAL), target=None)
    assert step(situation, None, 24, targets=[]).event is Kind.LIFTED


@pytest.mark.parametrize(
    "events",
    [
        [],
        records_up_to(Kind.ASSESSED, way=Way.IN_PLACE),
        [*records_up_to(Kind.OPENED, way=Way.IN_PLACE), record(Kind.LIFTED, 4, way=Way.IN_PLACE)],
        [*records_up_to(Kind.OPENED, way=Way.IN_PLACE), record(Kind.REVERTED, 4, way=Way.IN_PLACE)],
    ],
)
def test_a_trial_without_a_record_ends_by_the_date_of_its_policy(events: list[Event]) -> None:
    """Somebody emptied the store, or forged a record that the trial is over."""
    situation = situate(*events, live=live(**TRIAL, new_role=None))
    assert step(situation, None, 22.9).event is None
    assert step(situation, None, 23).event is Kind.LIFTED
    undated = dataclasses.replace(situation, live=live(**TRIAL, new_role=None, made_at=None))
    assert step(undated, None, 3).event is Kind.LIFTED


def test_a_trial_that_was_not_recorded_goes_on_with_its_stage() -> None:
    """A run was killed between the boundary and the record."""
    situation = situate(*records_up_to(Kind.PREPARED, way=Way.IN_PLACE), live=live(**TRIAL, new_role=None))
    assert step(situation, "canary", 50).event is Kind.OPENED
    assert step(situation, "cut_over", 50).event is Kind.LIFTED


def test_a_trial_boundary_that_somebody_removed_is_a_lifted_trial() -> None:
    states = live(has_documents=False, new_role=None)
    situation = situate(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), live=states)
    found = step(situation, "cut_over", 17.1)
    assert (found.event, found.state) == (Kind.LIFTED, State.LIFTED)


def test_a_shorter_declaration_ends_a_trial_earlier() -> None:
    situation = situate(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), live=live(**TRIAL, new_role=None))
    assert step(situation, None, 13, canary_days=7, trial_days=10).event is Kind.LIFTED
    assert step(situation, None, 24, trial_days=60).event is Kind.LIFTED


@settings(max_examples=200 if runs_all() else 100)
@given(
    events=forged_records(),
    stage=st.sampled_from([*(stage.value for stage in Stage if stage is not Stage.REVERT), None]),
)
def test_no_record_keeps_a_trial_for_ever(events: list[Event], stage: t.Optional[str]) -> None:
    """A trial denies for real. AWS's own date of its policy ends it, whatever is recorded every day."""
    situation = situate(*events, days=0, live=live(**TRIAL, made_at=moment(-180), new_role=None))
    found = step(situation, stage, 0)
    assert found.event is Kind.LIFTED


def test_a_trial_that_would_be_lifted_before_its_soak_is_over_does_not_begin() -> None:
    situation = situate(*records_up_to(Kind.PREPARED, way=Way.IN_PLACE), live=live(new_role=None))
    assert step(situation, "canary", 2 + 165).event is Kind.OPENED
    found = step(situation, "canary", 2 + 166)
    assert (found.rule, found.event) == ("trial_too_old", None)


def test_a_trial_is_recorded_as_one_whatever_the_way() -> None:
    """A target that was declared by another way since then keeps no trial."""
    found = step(situate(live=live(**TRIAL, new_role=None), target=None), None, 50, targets=[])
    assert (found.event, found.way) == (Kind.LIFTED, Way.IN_PLACE)
    lifted = record(Kind.LIFTED, 50, way=Way.IN_PLACE)
    assert situate(lifted).past.doubts == ()
    after = situate(*records_up_to(Kind.OPENED), lifted).past
    assert (after.doubts, after.way) == ((), Way.PARALLEL)


# Reverts


@pytest.mark.parametrize("kind", ALL)
def test_every_stage_can_be_reverted(kind: Kind) -> None:
    situation = situate(*records_up_to(kind))
    assert step(situation, "revert", 100, revert=["dev-a"]).event is Kind.REVERTED
    other = step(situation, "revert", 100, revert=["dev-b"])
    assert other.event is None


def test_a_role_without_anything_to_revert() -> None:
    assert step(situate(live=live(new_role=None)), "revert", 1, revert=["*"]).state is State.DONE
    reverted = situate(*records_up_to(Kind.OPENED), record(Kind.REVERTED, 10))
    assert step(reverted, "revert", 50, revert=["*"]).state is State.REVERTED


# Since when denials are read


def test_denials_are_read_since_the_event_that_is_judged() -> None:
    canary = situate(*records_up_to(Kind.CUT_OVER))
    assert find_watch_start(declare("cut_over"), canary) == moment(3)
    assert find_watch_start(declare("watch"), canary) == moment(17)
    assert find_watch_start(declare("cut_over"), situate(*records_up_to(Kind.PREPARED))) is None


# Nothing that a record says makes a soak shorter


@settings(max_examples=400 if runs_all() else 100)
@given(
    events=forged_records(),
    way=ways,
    stage=st.sampled_from(["cut_over", "watch", "retire"]),
    age=st.floats(0, 2.9),
    canary=st.booleans(),
)
def test_records_that_were_written_these_days_end_no_soak(
    events: list[Event], way: Way, stage: str, age: float, canary: bool
) -> None:
    """No stage after a soak is due before the soak is over, by the clock of the run and the dates of the store."""
    stored = [dataclasses.replace(event, stored_at=moment(0) - timedelta(days=age)) for event in events]
    states = TRIAL if way is Way.IN_PLACE and stage == "cut_over" else {}
    situation = situate(
        *stored,
        days=0,
        live=live(made_at=moment(-500), is_closed=True, **states),
        canary=canary,
        watched=watch(since=-1000),
    )
    other = situate(*stored, days=0, live=live(made_at=moment(-500), **states), watched=watch(since=-1000))
    found = step(situation, stage, 0, other, canary_days=3, watch_days=3, unused_days=7, closed_days=7, trial_days=90)
    assert found.event not in (Kind.CUT_OVER, Kind.WATCHED, Kind.CLOSED, Kind.RETIRED)


@settings(max_examples=400 if runs_all() else 100)
@given(
    events=forged_records(),
    way=ways,
    stage=st.sampled_from(["cut_over", "watch", "retire"]),
    made=st.integers(-60, 0),
)
def test_no_soak_is_over_before_its_days_by_record_and_by_aws(
    events: list[Event], way: Way, stage: str, made: int
) -> None:
    """Without the dates of the store, the records and AWS's own dates still hold."""
    states = TRIAL if way is Way.IN_PLACE and stage == "cut_over" else {}
    situation = situate(
        *events, days=0, live=live(made_at=moment(made), is_closed=True, **states), watched=watch(since=-1000)
    )
    found = step(situation, stage, 0)
    days = {Kind.CUT_OVER: (Kind.OPENED, 14), Kind.WATCHED: (Kind.CUT_OVER, 14), Kind.CLOSED: (Kind.CUT_OVER, 14)}
    if found.event in days:
        begins, least = days[found.event]
        starts = [event.at for event in events if event.kind is begins]
        assert min(starts) <= moment(-least)
        assert way is Way.BY_OWNER or made <= -least
    if found.event is Kind.RETIRED and way is Way.PARALLEL:
        assert min(event.at for event in events if event.kind is Kind.CLOSED) <= moment(-30)
