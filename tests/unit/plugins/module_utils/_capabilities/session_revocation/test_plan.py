# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Role
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.changes import (
    LiveRole,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Cut, name_inline
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.outcome import (
    Outcome,
    find_absent,
    judge_outcome,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.plan import (
    OF_TRUST,
    Observed,
    Planner,
    Verdict,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.reach import (
    Reached,
    ReachResult,
    Source,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.rows import (
    list_lives,
    list_roles,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.signin import (
    SigninSession,
    choose,
    choose_issued_since,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.targets import (
    Chosen,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.trust_guard import (
    TrustGuard,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import mismatch_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_cut import TrustCut
from ansible_collections.hardening.iam.plugins.module_utils._converge.untouchable import UntouchablePrincipals

from .accounts import HOME, NOW, PIPELINE, PROD, USER, WORKER, arn, make_home, make_role, policy, trust

ID: t.Final = "AROAPIPELINE"
UNDENIED: t.Final = Outcome((PIPELINE,))
CUT: t.Final = Cut("", nobody_known=True)
INCIDENT: t.Final = Incident.from_option(
    {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a repository", "users": [USER]}, now=NOW
)
MOMENT: t.Final = NOW + timedelta(seconds=30)


def present(moment: datetime = MOMENT) -> dict[str, t.Any]:
    return Cut(ID, nobody_known=True).make_document(moment)


def observe(live: t.Union[LiveRole, str, None], *, cut: Cut = CUT, **fields: t.Any) -> Observed:
    reached = Reached(PIPELINE, (USER, PIPELINE), certain=True)
    given = {"snapshot": make_home(), "sources": (Source(USER, "leaked"),), **fields}
    return Observed(
        chosen=Chosen((Target(PIPELINE, cut, reached=reached),)),
        roles={PIPELINE: live},
        reach=ReachResult({PIPELINE: reached}, callers={PIPELINE: (USER, WORKER)}),
        **given,
    )


def judge(observed: Observed, *, now: datetime = NOW, **options: t.Any) -> Verdict:
    (verdict,) = Planner(INCIDENT, lambda: now, **options).judge(observed)
    return verdict


def test_a_role_gets_the_policy_with_a_moment_ahead() -> None:
    verdict = judge(observe(LiveRole(PIPELINE, ID)))
    (change,) = verdict.changes
    assert verdict.moment == MOMENT
    assert change.operation == "PutRolePolicy"
    assert change.before == {"inline_policy": name_inline("INC-7"), "document": None}
    assert change.after == {"inline_policy": name_inline("INC-7"), "document": present()}
    assert change.undo is not None and change.undo.operation == "DeleteRolePolicy"
    assert mismatch_of(change) is None


@pytest.mark.parametrize(
    ("fields", "stays"),
    [
        ({}, True),
        ({"denied_at": NOW}, True),
        ({"denied_at": NOW + timedelta(seconds=25)}, False),
        # Another role on the way was cut late, or in time.
        ({"cut_at": {WORKER: NOW + timedelta(seconds=25)}}, False),
        ({"cut_at": {WORKER: NOW + timedelta(seconds=5)}}, True),
        # A role that does not lead here.
        ({"cut_at": {"arn:aws:iam::222233334444:role/other": NOW + timedelta(seconds=25)}}, True),
        # When the policy itself was written does not matter: it denies by the time at which a session began.
        ({"cut_at": {PIPELINE: NOW + timedelta(seconds=25)}}, True),
        # But somebody whom its trust policy still let in could open sessions until that was written.
        ({"cut_at": {f"{PIPELINE}{OF_TRUST}": NOW + timedelta(seconds=25)}}, False),
    ],
)
def test_a_policy_stays_unless_something_before_it_was_denied_later(fields: dict[str, t.Any], stays: bool) -> None:
    now = NOW + timedelta(seconds=60)
    verdict = judge(observe(LiveRole(PIPELINE, ID, inline=present()), **fields), now=now)
    assert (verdict.changes == ()) is stays
    assert verdict.moment == (MOMENT if stays else now + timedelta(seconds=30))


def test_the_policy_of_a_role_that_may_assume_itself_is_raised_if_it_was_written_late() -> None:
    itself = ReachResult({PIPELINE: Reached(PIPELINE, (USER, PIPELINE), certain=True)}, callers={PIPELINE: (PIPELINE,)})
    observed = observe(LiveRole(PIPELINE, ID, inline=present()), cut_at={PIPELINE: NOW + timedelta(seconds=25)})
    observed = dataclasses.replace(observed, reach=itself)
    assert judge(observed, now=NOW + timedelta(seconds=60)).changes


def test_passes_with_the_shortest_propagation_come_to_an_end() -> None:
    # Roles that may assume each other, each written some seconds after it was planned.
    now, cut_at, inline, written = NOW, {}, None, []
    for _pass in range(4):
        observed = observe(LiveRole(PIPELINE, ID, inline=inline), cut_at=cut_at)
        verdict = judge(observed, now=now, propagation=timedelta(seconds=20))
        written.append(len(verdict.changes))
        if verdict.changes:
            inline = verdict.changes[0].after["document"]
            cut_at = {PIPELINE: now + timedelta(seconds=5), WORKER: now + timedelta(seconds=5)}
        now += timedelta(seconds=30)
    assert written == [1, 0, 0, 0]


def test_a_further_name_is_written_with_a_new_moment() -> None:
    now = NOW + timedelta(seconds=60)
    cut = dataclasses.replace(CUT, named=("evil",))
    verdict = judge(observe(LiveRole(PIPELINE, ID, inline=present()), cut=cut), now=now)
    assert verdict.moment == now + timedelta(seconds=30)
    assert verdict.changes[0].undo is not None and verdict.changes[0].undo.operation == "PutRolePolicy"


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (timedelta(seconds=300), timedelta(seconds=300)),
        (timedelta(seconds=20), timedelta(seconds=90)),
        # Nobody here writes one so far ahead.
        (timedelta(days=1), timedelta(seconds=90)),
    ],
)
def test_a_policy_that_is_written_anew_has_no_earlier_moment(there: timedelta, chosen: timedelta) -> None:
    live = LiveRole(PIPELINE, ID, inline=present(NOW + there))
    cut = dataclasses.replace(CUT, named=("evil",))
    verdict = judge(observe(live, cut=cut), now=NOW + timedelta(seconds=60))
    assert verdict.moment == NOW + chosen
    assert verdict.changes


WIDE: t.Final = Cut(ID, nobody_known=True, named=("evil",), identities=("alice",), sources=("i-0abc",))


@pytest.mark.parametrize(
    "wide", [WIDE, dataclasses.replace(WIDE, older=True), Cut(ID, all=True)], ids=["names", "older", "all"]
)
def test_a_run_with_less_in_the_declaration_takes_nothing_back(wide: Cut) -> None:
    live = LiveRole(PIPELINE, ID, inline=wide.make_document(MOMENT))
    verdict = judge(observe(live))
    assert not verdict.changes
    assert verdict.target.cut.sids == wide.sids
    # A new moment has all of it too.
    later = observe(live, denied_at=NOW + timedelta(seconds=25))
    for change in judge(later, now=NOW + timedelta(seconds=60)).changes:
        assert change.after["document"] == wide.make_document(NOW + timedelta(seconds=90))


@pytest.mark.parametrize(
    ("live", "rule"),
    [
        (LiveRole(PIPELINE, "AROAOTHER"), "other_role"),
        (LiveRole(PIPELINE.replace("role/", "role/ci/"), ID), "other_role"),
        ("iam:GetRole: AccessDenied", "role_unread"),
    ],
)
def test_a_role_that_is_not_the_one_that_was_read_is_refused(live: t.Any, rule: str) -> None:
    verdict = judge(observe(live))
    assert verdict.refusal is not None and verdict.refusal.rule == rule
    assert ("; the next pass judges it again" in verdict.refusal.reason) == (live == LiveRole(PIPELINE, "AROAOTHER"))
    assert not verdict.changes
    assert Planner(INCIDENT, lambda: NOW).list_subjects((verdict,), ()) == ()


def test_a_role_that_is_gone_needs_nothing() -> None:
    verdict = judge(observe(None))
    assert verdict.is_gone and verdict.refusal is None


def test_a_named_role_that_is_not_there_is_not_denied() -> None:
    observed = observe(None)
    (target,) = observed.chosen.targets
    observed = dataclasses.replace(observed, chosen=Chosen((dataclasses.replace(target, is_named=True),)))
    verdict = judge(observed)
    assert verdict.refusal is not None and "there is no such role; check the ARN" in verdict.refusal.reason
    (row,) = list_roles(observed, [verdict], {}, UNDENIED)
    assert row["state"] == "gone"
    assert not list(list_lives(observed, [verdict], UNDENIED, [], NOW))


def full_role(attached: int) -> Role:
    statement = {"Effect": "Allow", "Action": "x" * 10_000}
    large = PolicyDocument("large", {"Version": "2012-10-17", "Statement": [statement]})
    arns = tuple(f"arn:aws:iam::aws:policy/p{number}" for number in range(attached))
    return dataclasses.replace(make_role(HOME, "pipeline", trust(USER), attached=arns), inline_policies=(large,))


def test_a_role_without_room_gets_a_managed_policy_or_is_not_denied() -> None:
    home = dataclasses.replace(make_home(), roles=(full_role(9),))
    verdict = judge(observe(LiveRole(PIPELINE, ID), snapshot=home))
    assert [change.operation for change in verdict.changes] == ["CreatePolicy", "AttachRolePolicy"]
    assert verdict.changes[1].after == {"policy": verdict.changes[0].target, "attached": True}
    assert all(mismatch_of(change) is None for change in verdict.changes)
    home = dataclasses.replace(home, roles=(full_role(10),))
    verdict = judge(observe(LiveRole(PIPELINE, ID), snapshot=home))
    assert verdict.refusal is not None and verdict.refusal.rule == "no_room"
    # A higher quota of the account counts.
    home = dataclasses.replace(home, summary={"AttachedPoliciesPerRoleQuota": 20})
    assert judge(observe(LiveRole(PIPELINE, ID), snapshot=home)).changes


def test_of_too_many_roles_the_certain_ones_are_cut_and_the_nearest_first() -> None:
    chains = {
        "far": Reached(arn(HOME, "far"), (USER, PIPELINE, WORKER, arn(HOME, "far")), certain=True),
        "near": Reached(arn(HOME, "near"), (USER, arn(HOME, "near")), certain=True),
        "middle": Reached(arn(HOME, "middle"), (USER, PIPELINE, arn(HOME, "middle")), certain=True),
        "doubtful": Reached(arn(HOME, "doubtful"), (USER, arn(HOME, "doubtful")), certain=False, why=("it depends",)),
    }
    targets = tuple(Target(one.arn, CUT, reached=one) for one in chains.values())
    named = Target(WORKER, CUT, is_named=True)
    roles = {one.arn: LiveRole(one.arn, f"AROA{name.upper()}") for name, one in chains.items()}
    roles[WORKER] = LiveRole(WORKER, "AROABUILDWORKER")
    observed = dataclasses.replace(observe(None), chosen=Chosen((*targets, named)), roles=roles)
    planner = Planner(INCIDENT, lambda: NOW, max_roles=2)

    def find_cut() -> set[str]:
        verdicts = planner.judge(observed)
        assert {verdict.refusal.rule for verdict in verdicts if verdict.refusal} == {"max_roles"}
        return {verdict.target.name for verdict in verdicts if verdict.changes}

    assert find_cut() == {"near", "middle", "build-worker"}
    refusals = {one.target.name: one.refusal for one in planner.judge(observed) if one.refusal}
    assert "4 roles of the account can have been reached" in refusals["far"].reason
    assert "3 steps away" in refusals["far"].reason and "it depends" in refusals["doubtful"].reason
    # What an earlier pass cut keeps its place, whatever is found later.
    far = LiveRole(arn(HOME, "far"), "AROAFAR", inline=Cut("AROAFAR", nobody_known=True).make_document(MOMENT))
    roles[far.arn] = far
    assert find_cut() == {"near", "build-worker"}
    # Of a role that can't be read nobody knows that it was cut.
    roles[chains["doubtful"].arn] = "iam:GetRole: AccessDenied"
    assert find_cut() == {"near", "build-worker"}
    assert next(one for one in planner.judge(observed) if one.target.name == "far").refusal is None


# Trust policies


MANAGER: t.Final = arn(HOME, "release-manager", "user")


def observe_trust(cut: TrustCut, *entries: dict[str, t.Any], **live: t.Any) -> Observed:
    given = {"trust": policy(*entries), **live}
    observed = observe(LiveRole(PIPELINE, ID, **given))
    (target,) = observed.chosen.targets
    target = dataclasses.replace(target, is_named=True, trust_cuts=(cut,), reached=None)
    return dataclasses.replace(observed, chosen=Chosen((target,)))


def test_a_principal_is_taken_out_before_the_sessions_are_cut() -> None:
    verdict = judge(observe_trust(TrustCut(MANAGER), trust(MANAGER), trust(WORKER)))
    edit, cut = verdict.all_changes
    assert (edit.operation, cut.operation) == ("UpdateAssumeRolePolicy", "PutRolePolicy")
    assert edit.after == {"trust": policy(trust(WORKER))} and edit.before == {
        "trust": policy(trust(MANAGER), trust(WORKER))
    }
    assert edit.undo is not None and json.loads(edit.undo.parameters["PolicyDocument"]) == edit.before["trust"]
    assert mismatch_of(edit) is None
    # A change that is refused does not hold back the other one.
    assert verdict.changes == (cut,)


def test_a_principal_that_is_gone_already_needs_no_change() -> None:
    verdict = judge(observe_trust(TrustCut(MANAGER), trust(WORKER), inline=present()))
    assert verdict.all_changes == () and verdict.trust_refusal is None
    assert verdict.edit is not None and verdict.edit.absent == (MANAGER,)


@pytest.mark.parametrize("before", [(), (trust(WORKER),), (trust(MANAGER), trust(WORKER))])
def test_a_principal_that_was_never_there_is_not_denied(before: tuple[dict[str, t.Any], ...]) -> None:
    observed = observe_trust(TrustCut(MANAGER), trust(WORKER), inline=present())
    verdict = judge(observed)
    earlier = [(PIPELINE, policy(*before))] if before else []
    result: dict[str, t.Any] = {"refused": [], "not_made": [], "unverified": []}
    outcome = judge_outcome(observed, [verdict], INCIDENT, result, find_absent([verdict], earlier, "INC-7"))
    (row,) = list_roles(observed, [verdict], {}, outcome)
    if len(before) == 2:
        # An earlier pass took it out.
        assert outcome.rows == () and row["trust"][0]["state"] == "cut_already"
    else:
        assert [one["principal"] for one in outcome.rows] == [PIPELINE]
        assert outcome.rows[0]["reason"] == f"its trust policy does not let in {MANAGER}"
        assert "check principal" in outcome.rows[0]["next_step"] and row["trust"][0]["state"] == "absent"


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        (observe_trust(TrustCut(MANAGER), trust(MANAGER)), "nobody could assume it"),
        (observe_trust(TrustCut(MANAGER), trust="x"), "can't be read"),
        (observe_trust(TrustCut(MANAGER), trust("*"), trust(*(arn(HOME, f"r{n}") for n in range(60)))), "no room"),
    ],
)
def test_a_trust_policy_that_can_not_be_cut_leaves_the_cut_of_sessions(observed: Observed, reason: str) -> None:
    verdict = judge(observed)
    assert verdict.trust_refusal is not None and reason in verdict.trust_refusal.reason
    assert verdict.edit is not None and reason in verdict.edit.problem
    assert [change.operation for change in verdict.all_changes] == ["PutRolePolicy"]
    result = {"refused": [verdict.trust_refusal.as_dict()], "not_made": [], "unverified": []}
    outcome = judge_outcome(observed, [verdict], INCIDENT, result)
    # Its sessions are denied, and it still trusts the principal.
    assert outcome.undenied == () and outcome.trusting == {PIPELINE}
    assert reason in outcome.rows[0]["reason"]


def test_the_run_itself_is_never_taken_out() -> None:
    guard = TrustGuard(UntouchablePrincipals(principals_of([MANAGER])))
    for cut in (TrustCut(MANAGER), TrustCut(HOME)):
        observed = observe_trust(cut, trust(MANAGER), trust(arn(PROD, "other")))
        verdict = judge(observed, guard=guard)
        assert verdict.trust_change is None
        assert verdict.trust_refusal is not None and "is the caller" in verdict.trust_refusal.reason


def test_a_change_of_a_trust_policy_that_failed_is_not_denied() -> None:
    observed = observe_trust(TrustCut(MANAGER), trust(MANAGER), trust(WORKER))
    verdict = judge(observed)
    failed = {"target": PIPELINE, "operation": "UpdateAssumeRolePolicy"}
    outcome = judge_outcome(observed, [verdict], INCIDENT, {"refused": [], "not_made": [failed], "unverified": []})
    assert outcome.undenied == () and [row["principal"] for row in outcome.rows] == [PIPELINE]
    (row,) = list_roles(observed, [verdict], {}, outcome)
    assert row["state"] == "cut" and row["trust"][0]["state"] == "not_cut"
    assert ("new sessions of the role, which its source can open", None, False) in [
        (one["what"], one["until"], one["denied"]) for one in list_lives(observed, [verdict], outcome, [], NOW)
    ]


def test_rows_say_who_goes_on_and_until_when_sessions_last() -> None:
    observed = observe(LiveRole(PIPELINE, ID, longest=7200))
    verdict = judge(observed)
    (row,) = list_roles(observed, [verdict], {PIPELINE: None}, Outcome())
    assert (row["state"], row["chain"], row["issued_before"]) == ("cut", [USER, PIPELINE], "2026-11-27T10:05:30Z")
    (lives,) = list_lives(observed, [verdict], Outcome(), [], NOW)
    assert (lives["until"], lives["denied"]) == ("2026-11-27T12:05:30Z", True)
    (lives,) = list_lives(observed, [verdict], UNDENIED, [], NOW)
    assert (lives["until"], lives["denied"]) == ("2026-11-27T12:05:00Z", False)


def test_sessions_of_a_role_that_a_role_assumed_last_for_an_hour() -> None:
    observed = observe(LiveRole(PIPELINE, ID, longest=43_200))
    verdict = judge(observed)
    chained = Reached(PIPELINE, (USER, WORKER, PIPELINE), certain=True)
    verdict = dataclasses.replace(verdict, target=dataclasses.replace(verdict.target, reached=chained))
    (lives,) = list_lives(observed, [verdict], Outcome(), [], NOW)
    assert lives["until"] == "2026-11-27T11:05:30Z"


# Sign-in sessions


def session(number: int, owner: str = "user/ci-deploy", region: str = "us-east-1") -> SigninSession:
    arn = f"arn:aws:signin:{region}:{HOME}:session/s-{number}"
    return SigninSession(region, f"arn:aws:iam::{HOME}:{owner}", arn)


def test_sessions_are_revoked_five_a_call_by_region_and_owner() -> None:
    sessions = (*(session(number) for number in range(7)), session(9, region="eu-west-1"))
    planner = Planner(INCIDENT, lambda: NOW)
    observed = observe(LiveRole(PIPELINE, ID, inline=present()), signin=sessions)
    changes = planner.plan(observed, planner.judge(observed)).changes
    assert [(change.region, len(change.parameters["sessionArns"])) for change in changes] == [
        ("us-east-1", 5),
        ("us-east-1", 2),
        ("eu-west-1", 1),
    ]
    assert {change.parameters["reason"] for change in changes} == {"incident INC-7: key found in a repository"}
    assert all(mismatch_of(change) is None and change.undo is None for change in changes)


def test_sessions_of_targets_are_listed_with_their_end_and_revoked_ones_are_denied() -> None:
    recent, old = (
        dataclasses.replace(session(number, "role/pipeline"), issued=NOW, expires=NOW + timedelta(days=number))
        for number in (1, 60)
    )
    observed = observe(LiveRole(PIPELINE, ID), signin=(recent,), signin_left=(old,))
    verdict = judge(observed)
    policy_, revocation = Planner(INCIDENT, lambda: NOW).plan(observed, (verdict,)).changes
    assert policy_.after["document"]["Statement"][-1]["Condition"] == {
        "ArnEquals": {"aws:SignInSessionArn": [recent.arn]}
    }
    assert (revocation.operation, revocation.parameters["sessionArns"]) == ("BatchRevokeSessions", [recent.arn])

    def list_signin(outcome: Outcome) -> list[tuple[str, bool]]:
        rows = list_lives(observed, [verdict], outcome, [], NOW)
        return [(row["until"], row["denied"]) for row in rows if "aws login" in row["what"]]

    assert list_signin(Outcome()) == [("2026-11-27T10:20:00Z", True), ("2027-01-26T10:05:00Z", False)]
    failed = Outcome(unrevoked=frozenset({PIPELINE}))
    assert list_signin(failed) == [("2027-01-26T10:05:00Z", False), ("2026-11-28T10:05:00Z", False)]


def test_sessions_that_began_since_the_leak_are_chosen() -> None:
    one, other = (dataclasses.replace(session(number), issued=NOW + timedelta(hours=number)) for number in (0, 1))
    assert choose_issued_since([one, other, session(3)], NOW + timedelta(hours=1)) == (other,)
    assert choose_issued_since([one, other], None) == ()


def test_an_owner_is_known_by_name_since_sessions_have_no_path() -> None:
    sessions = [session(1), session(2, "user/ci-deploy-legacy"), session(3, "role/ci-deploy")]
    assert choose(sessions, [f"arn:aws:iam::{HOME}:user/ci/ci-deploy"]) == (sessions[0],)


def test_times_that_are_none_are_left_out() -> None:
    record = {"principalArn": USER, "sessionArn": "x", "issuedAt": 10**30, "expiresAt": "soon", "lastUsedAt": 0}
    found = SigninSession.from_answer(record, "us-east-1").as_dict()
    assert (found["issued"], found["expires"], found["last_used"]) == (None, None, None)


# The way back
