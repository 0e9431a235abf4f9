# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sign-in sessions, keys of others and trust policies in a pass; its evidence, its result and its options."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.doors.judge import Door
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.run import (
    OPERATIONS,
    Declared,
    SessionRevocation,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    MintedKeys,
    RoleSeed,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import Pass
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By, Record, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.steps import Subject
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_cut import TrustCut
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError

from ..incidents import NOTHING, converge_with, keep_changes, keep_record, make_task, read_evidence
from ..recorded import RecordedAccess, connect
from .accounts import (
    HOME,
    NOTIFIER,
    NOW,
    PIPELINE,
    PROD,
    USER,
    WORKER,
    allow,
    arn,
    make_role,
    make_snapshot,
    make_user,
    policy,
    trust,
)
from .test_observe_live import DENIED, KEY
from .test_run import SINCE, VICTIM, Case, answers, targets

MINTED: t.Final = "AKIAEXAMPLEEXAMPLE99"


# Sign-in sessions


def listed(principal: str, name: str, issued: t.Any = NOW) -> dict[str, t.Any]:
    session = f"arn:aws:signin:us-east-1:{HOME}:session/{name}"
    return {"principalArn": principal, "sessionArn": session, "issuedAt": int(issued.timestamp())}


def with_signin(case: Case) -> Case:
    case.answers["signin:ListSessions"] = {
        "items": [
            listed(USER, "of-user"),
            listed(PIPELINE, "new"),
            listed(PIPELINE, "old", SINCE - timedelta(days=9)),
            listed(NOTIFIER, "other"),
        ]
    }
    return case


def test_signin_sessions_of_sources_are_revoked_and_of_roles_the_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    capability, observed, plan = with_signin(Case(monkeypatch)).plan()
    revoked = [change for change in plan.changes if change.service == "signin"]
    assert [(change.operation, change.target) for change in revoked] == [
        ("BatchRevokeSessions", PIPELINE),
        ("BatchRevokeSessions", USER),
    ]
    assert {f"{change.service}:{change.operation}" for change in plan.changes} <= OPERATIONS.writes
    assert [one.arn.rpartition("/")[2] for one in observed.signin] == ["new", "of-user"]
    assert [one.arn.rpartition("/")[2] for one in observed.signin_left] == ["old"]
    result = capability.result({**NOTHING, "account_id": HOME})
    assert [one["session"].rpartition("/")[2] for one in result["signin_sessions"]] == ["new", "of-user"]
    assert result["signin_unread"] == {}
    whats = [(row["what"].partition(" (")[0], row["principal"]) for row in result["lives_on"]]
    assert ("credentials of sign-in sessions", USER) in whats and ("sign-in session old", PIPELINE) in whats


def test_a_role_that_is_not_touched_keeps_its_signin_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_signin(Case(monkeypatch))
    case.break_glass = (PIPELINE,)
    _capability, observed, plan = case.plan()
    assert [one.arn.rpartition("/")[2] for one in observed.signin] == ["of-user"]
    assert {one.arn.rpartition("/")[2] for one in observed.signin_left} == {"new", "old"}
    assert PIPELINE not in [change.target for change in plan.changes]


def test_regions_whose_signin_sessions_are_not_known_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.answers["signin:ListSessions"] = DENIED
    assert "not allowed" in case.result()["signin_unread"]["us-east-1"]


def test_a_pass_without_targets_asks_for_no_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, keys=())
    _capability, observed, _plan = case.plan()
    assert "signin:ListSessions" not in case.access.names and observed.unread_regions == {}


def test_an_answer_with_errors_is_a_failure_of_the_revocation(monkeypatch: pytest.MonkeyPatch) -> None:
    capability, _observed, plan = with_signin(Case(monkeypatch)).plan()
    change = plan.changes[-1]
    assert capability.learn(change, {}) == {}
    with pytest.raises(AwsError, match="it is busy") as caught:
        capability.learn(change, {"errors": [{"sessionArn": "x", "code": "Busy", "message": "it is busy"}]})
    error = caught.value
    assert (error.service, error.operation, error.region) == ("signin", "BatchRevokeSessions", "us-east-1")
    capability.conclude({}, completed=True)
    assert case_parts(capability) == {}


def case_parts(capability: SessionRevocation) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", capability._shared.read(HOME)["cut_at"])


# Keys of others


def with_minted(monkeypatch: pytest.MonkeyPatch, **incident: t.Any) -> Case:
    own = {"own": policy(allow("*", action="iam:CreateAccessKey"))}
    snapshot = make_snapshot(HOME, users=(make_user(HOME, "ci-deploy", own), make_user(HOME, "victim")))
    case = Case(monkeypatch, snapshot, **incident)
    case.answers = answers(snapshot)
    made = NOW - timedelta(hours=2)
    item = {"AccessKeyId": MINTED, "CreateDate": made, "Status": "Active"}
    case.answers["iam:ListAccessKeys"] = {"AccessKeyMetadata": [item]}
    event = {
        "eventTime": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateAccessKey",
        "userIdentity": {"type": "IAMUser", "arn": USER, "principalId": "AIDA", "accessKeyId": "AKIA"},
        "responseElements": {"accessKey": {"accessKeyId": MINTED, "userName": "victim", "status": "Active"}},
    }
    case.answers["cloudtrail:LookupEvents"] = {"Events": [{"CloudTrailEvent": json.dumps(event)}]}
    return case


def test_a_key_that_the_user_made_for_another_is_deactivated_where_people_want_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = with_minted(monkeypatch, minted_keys=MintedKeys.DEACTIVATE)
    capability, observed, plan = case.plan()
    (change,) = plan.changes
    assert (change.operation, change.target, change.parameters["AccessKeyId"]) == ("UpdateAccessKey", VICTIM, MINTED)
    assert capability.list_subjects(plan.changes) == (Subject(VICTIM, By.CUT, "AIDAVICTIM", (MINTED,)),)
    # It is no cut of the role's own, so no moment is left for others.
    capability.learn(change, {})
    capability.conclude({}, completed=True)
    assert case_parts(capability) == {}
    assert capability.result({**NOTHING, "account_id": HOME})["not_denied"] == []
    failed = {"target": VICTIM, "operation": "UpdateAccessKey", "reason": "no", "rule": "x"}
    for ending in ("refused", "not_made", "unverified"):
        rows = capability.result({**NOTHING, "account_id": HOME, ending: [failed]})["not_denied"]
        assert any(MINTED[-4:] in json.dumps(row) for row in rows)
    assert not observed.untouched and observed.minted is not None


def test_a_key_that_is_only_reported_is_not_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_minted(monkeypatch)
    capability, _observed, plan = case.plan()
    assert not plan.changes
    result = capability.result({**NOTHING, "account_id": HOME})
    assert len(result["not_denied"]) == 1 and capability.failure(result).startswith("not denied: ")


def test_a_key_of_break_glass_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_minted(monkeypatch, minted_keys=MintedKeys.DEACTIVATE)
    case.break_glass = (VICTIM,)
    _capability, observed, plan = case.plan()
    assert observed.untouched == {VICTIM} and not plan.changes


def test_more_keys_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_minted(monkeypatch, minted_keys=MintedKeys.DEACTIVATE)
    case.declared = dataclasses.replace(case.declared, max_principals=0)
    assert [refusal.rule for refusal in case.plan()[2].refused] == ["max_principals"]


def test_events_of_keys_that_cannot_be_read_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_minted(monkeypatch)
    case.answers["cloudtrail:LookupEvents"] = DENIED
    assert any("who made access keys is not known" in text for text in case.plan()[1].unread)


# Trust policies

INTRUDER: t.Final = arn(PROD, "intruder")


def with_trust(monkeypatch: pytest.MonkeyPatch, *trusted: str) -> Case:
    """The pipeline trusts these and itself; the incident takes the intruder out."""
    snapshot = make_snapshot(HOME, roles=(make_role(HOME, "pipeline", trust(*trusted)),))
    seed = RoleSeed(PIPELINE, trust=TrustCut(INTRUDER))
    case = Case(monkeypatch, snapshot, keys=(), roles=(seed,))
    case.answers = answers(snapshot)
    return case


def test_a_principal_is_taken_out_of_a_trust_policy_and_its_sessions_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_trust(monkeypatch, INTRUDER, USER)
    capability, _observed, plan = case.plan()
    assert targets(plan) == [("UpdateAssumeRolePolicy", PIPELINE), ("PutRolePolicy", PIPELINE)]
    assert capability.stays_with(plan.changes[1], plan.changes[1])
    # A trust policy is edited though there is no room for the cut.
    assert not capability.stays_with(plan.changes[0], plan.changes[1])
    stranger = IdentityWriter(HOME, "x").put_inline(WORKER, "x", None, policy())
    assert not capability.stays_with(stranger, plan.changes[1])
    assert not capability.stays_with(plan.changes[1], stranger)
    capability.begin(plan.changes)
    assert list(read_evidence(case.store)["trust_policies"]) == [PIPELINE]
    (row,) = capability.result({**NOTHING, "account_id": HOME})["roles"]
    assert (row["role"], row["state"], row["trust"][0]["state"]) == (PIPELINE, "cut", "cut")


def test_a_principal_that_was_never_let_in_is_a_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_trust(monkeypatch, USER)
    rows = case.result()["not_denied"]
    assert any("does not let in" in row["reason"] for row in rows)
    # An earlier pass took it out.
    done = IdentityWriter(HOME, "x").set_trust(PIPELINE, policy(trust(INTRUDER, USER)), policy(trust(USER)))
    keep_changes(case.store, HOME, NOW, done, module="session_revocation")
    record = Record(HOME, "INC-7", State.CONTAINED, "Ana", "x", runs=frozenset({"one"}))
    keep_record(case.store, record)
    assert not any("does not let in" in row["reason"] for row in case.result()["not_denied"])
    capability, _observed, _plan = case.plan()
    case.store.lost = True
    rows = capability.result({**NOTHING, "account_id": HOME})["not_denied"]
    assert any("does not let in" in row["reason"] for row in rows)


# What is kept and said


def test_evidence_has_the_ways_and_the_sessions_and_nothing_is_kept_without_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = with_signin(Case(monkeypatch))
    capability, _observed, plan = case.plan()
    capability.begin(())
    assert not [name for name in case.store.objects if name.startswith("incident/")]
    capability.begin(plan.changes)
    kept = read_evidence(case.store)
    assert kept["place"] == f"incident/INC-7/{HOME}/run-9-session_revocation.json"
    assert {one["arn"] for one in kept["reached"]} >= {PIPELINE, WORKER}
    assert len(kept["signin_sessions"]) == 3 and kept["trust_policies"] == {}
    assert not capability.stays_with(plan.changes[-1], plan.changes[-1])
    assert not capability.stays_with(plan.changes[0], plan.changes[-1])
    of_signin = dataclasses.replace(plan.changes[0], service="signin")
    assert not capability.stays_with(of_signin, plan.changes[0])
    assert not capability.stays_with(plan.changes[0], of_signin)


def test_the_result_says_what_was_cut_and_what_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Case(monkeypatch).result()
    assert result["pass"] == "last"
    assert [(row["role"], row["state"]) for row in result["roles"]] == [(PIPELINE, "cut"), (WORKER, "cut")]
    assert result["roles"][1]["used_by"]
    assert result["not_denied"] == result["not_cut_because"] == result["unread"] == result["awaits"] == []
    until = [row["until"] for row in result["lives_on"] if row["principal"] == PIPELINE]
    assert until == ["2026-11-27T12:05:30Z"]
    assert HOME in result["terminal"] and isinstance(result["unfollowed"], list)
    case = Case(monkeypatch)
    case.declared = Declared(inventory=frozenset({HOME, PROD}), name_of_pass=Pass.FIRST)
    result = case.result()
    assert (result["pass"], result["awaits"]) == ("first", [PROD])
    written, case.writes = result["terminal"], False
    assert case.result()["terminal"] != written


def test_a_pass_fails_for_what_is_not_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    capability, _observed, _plan = Case(monkeypatch).plan()
    rows = [{"principal": name, "reason": "why", "next_step": "do"} for name in "AB"]
    assert capability.failure({"not_denied": rows, "unresolved": []}) == "not denied: A: why; do; B: why; do"
    assert capability.failure({"not_denied": [], "unresolved": []}) == ""
    lost = [{"id": "C", "detail": "there is no such role"}]
    assert capability.failure({"not_denied": rows[:1], "unresolved": lost}) == (
        "not denied: A: why; do; C: there is no such role"
    )


def test_a_door_is_left_open_unless_its_role_is_cut_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What opened it may open it again, so only the cut of all sessions closes it."""
    for fields, is_open in (({}, True), ({"all_sessions": True}, False)):
        case = Case(monkeypatch, roles=(RoleSeed(PIPELINE, **fields),))
        capability, observed, _plan = case.plan()
        doors = (Door(PIPELINE, NOW, ("*",)), Door(VICTIM, NOW))
        capability.plan(dataclasses.replace(observed, doors=doors), ())
        found = capability.result({**NOTHING, "account_id": HOME})["doors"]
        assert [row["principal"] for row in found] == [*([PIPELINE] if is_open else []), VICTIM]


@pytest.mark.parametrize(("are_strangers", "is_open"), [(True, True), (False, False)])
def test_who_took_a_stranger_out_has_looked_at_the_others(
    monkeypatch: pytest.MonkeyPatch, are_strangers: bool, is_open: bool
) -> None:
    case = Case(monkeypatch, roles=(RoleSeed(PIPELINE, trust=TrustCut("arn:aws:iam::999988887777:root")),))
    capability, observed, _plan = case.plan()
    door = Door(PIPELINE, NOW, ("lambda.amazonaws.com",), is_changed=True, are_strangers=are_strangers)
    capability.plan(dataclasses.replace(observed, doors=(door,)), ())
    assert bool(capability.result({**NOTHING, "account_id": HOME})["doors"]) is is_open


# The options

OPTIONS: t.Final = {
    "incident": {"keys": [{"id": KEY}]},
    "inventory_accounts": [HOME, PROD],
    "propagation_seconds": 40,
    "max_roles": 3,
    "max_principals": 4,
}


def test_the_options_of_a_pass() -> None:
    given = {**OPTIONS, "pass": "second"}
    found = Declared.from_options(given)
    assert found == Declared(frozenset({HOME, PROD}), timedelta(seconds=40), 3, 4, Pass.SECOND)
    assert (Declared(name_of_pass=Pass.FIRST).waits, found.waits, Declared().waits) == (True, False, False)
    assert (Declared().propagation, Declared().max_roles, Declared().max_principals) == (
        timedelta(seconds=30),
        25,
        10,
    )
    for name, value in (("propagation_seconds", 20), ("propagation_seconds", 300), ("max_roles", 0)):
        Declared.from_options({**given, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("propagation_seconds", 19), ("propagation_seconds", 301), ("max_roles", -1), ("inventory_accounts", ["12"])],
)
def test_an_option_that_is_not_allowed_is_an_error(name: str, value: t.Any) -> None:
    with pytest.raises(TaskError, match=f"{name}: "):
        Declared.from_options({**OPTIONS, "pass": "last", name: value})


def test_the_options_lead_to_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    access: t.Any = RecordedAccess({}, account_id=HOME)
    access.seconds_behind = 0.0
    handed = converge_with(monkeypatch, module, connect(access, NOW))
    task = make_task(NOW, **{**OPTIONS, "pass": "first"})
    assert module.run(task) == {"converged": True}
    ((capability, named),) = handed
    assert isinstance(capability, SessionRevocation)
    assert (named["module"], named["part"]) == ("session_revocation", "session_revocation_first")
    assert named["emergency"].incident.id == "INC-7" and not named["emergency"].releases
    assert capability._untouchable.break_glass == task.guards.break_glass
