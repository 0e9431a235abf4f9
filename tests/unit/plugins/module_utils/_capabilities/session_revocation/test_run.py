# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pass in an account of recorded answers: what is cut, refused, left for other hosts, kept and said."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    PolicyLevel,
    Unread,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.edges import AccountEdges
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.observe import (
    leave_part,
    read_parts,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.plan import Observed
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.run import (
    OPERATIONS,
    Declared,
    SessionRevocation,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principal_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    Incident,
    KeySeed,
    RoleSeed,
    SessionSeed,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import Pass
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import (
    By,
    Contained,
    Record,
    State,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.steps import Subject
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._converge.fakes import FakeStore
from ..incidents import NOTHING, keep_record, open_emergency
from ..recorded import RecordedAccess, connect
from .accounts import (
    DEPLOY,
    HOME,
    NOTIFIER,
    NOW,
    PIPELINE,
    PROD,
    USER,
    WORKER,
    allow,
    arn,
    deny,
    make_home,
    make_production,
    make_role,
    make_snapshot,
    make_user,
    policy,
    trust,
)
from .test_observe_live import DENIED, GONE, KEY, TOKEN, Shared, make_event
from .test_reach import make_scp

SINCE: t.Final = NOW - timedelta(days=1)
MOMENT: t.Final = NOW + timedelta(seconds=30)
VICTIM: t.Final = arn(HOME, "victim", "user")
MINTED: t.Final = "AKIAEXAMPLEEXAMPLE99"


def answers(snapshot: t.Any, **more: t.Any) -> dict[str, t.Any]:
    """The live answers about the roles of a snapshot; ``more`` are others by ``service_Operation``."""
    roles = {
        role.name: {
            "Role": {
                "Arn": role.arn,
                "RoleName": role.name,
                "RoleId": role.unique_id,
                "Path": role.path,
                "CreateDate": NOW,
                "MaxSessionDuration": 7_200,
                "AssumeRolePolicyDocument": role.trust.document,
            }
        }
        for role in snapshot.roles
    }
    given = {
        "sts:GetAccessKeyInfo": {"Account": HOME},
        "iam:GetAccessKeyLastUsed": {"UserName": "ci-deploy"},
        "iam:GetRole": lambda RoleName, region: roles.get(RoleName, GONE),
        "iam:GetRolePolicy": GONE,
        "iam:GetPolicy": GONE,
        "iam:ListAccessKeys": {"AccessKeyMetadata": []},
        "cloudtrail:LookupEvents": {"Events": []},
        "signin:ListSessions": {"items": []},
        "signin:GetSession": DENIED,
    }
    return {**given, **{name.replace("_", ":"): answer for name, answer in more.items()}}


class Case:
    """One pass in the home of the leaked key."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, snapshot: t.Any = None, **incident: t.Any) -> None:
        given = {"keys": (KeySeed(KEY),), "since": SINCE, **incident}
        self.incident = Incident("INC-7", "Ana", "key found in a repository", **given)
        self.snapshot = snapshot or make_home()
        self.store = FakeStore()
        self.store.now = NOW
        self.shared: t.Any = Shared()
        self.answers = answers(self.snapshot)
        self.declared = Declared(inventory=frozenset({HOME}))
        self.writes, self.behind = True, 0.0
        self.principals: frozenset[t.Any] = frozenset()
        self.break_glass: tuple[str, ...] = ()
        self.waited: list[tuple[t.Collection[str], float]] = []
        self.now = NOW
        monkeypatch.setattr(module, "read_account", lambda _connection: self.snapshot)
        monkeypatch.setattr(
            module, "wait_for_parts", lambda _shared, accounts, most: self.waited.append((accounts, most))
        )
        monkeypatch.setattr("time.sleep", lambda _seconds: None)

    def make(self) -> SessionRevocation:
        self.access: t.Any = RecordedAccess(self.answers, account_id=HOME, declared=OPERATIONS.reads)
        self.access.seconds_behind = self.behind
        connection = connect(self.access, NOW, principals=self.principals, writes=self.writes)
        emergency = open_emergency(self.incident, HOME, self.store)
        return SessionRevocation(self.declared, emergency, self.shared, lambda: self.now, self.break_glass, connection)

    def plan(self) -> tuple[SessionRevocation, Observed, Plan]:
        capability = self.make()
        observed = capability.observe()
        return capability, observed, capability.plan(observed, ())

    def result(self, **more: t.Any) -> dict[str, t.Any]:
        capability, _observed, _plan = self.plan()
        return dict(capability.result({**NOTHING, "account_id": HOME, **more}))


def targets(plan: Plan) -> list[tuple[str, str]]:
    return [(change.operation, change.target) for change in plan.changes]


def test_the_roles_that_the_user_of_a_leaked_key_can_have_reached_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    capability, observed, plan = case.plan()
    assert targets(plan) == [("PutRolePolicy", PIPELINE), ("PutRolePolicy", WORKER)]
    assert {f"{change.service}:{change.operation}" for change in plan.changes} <= OPERATIONS.writes
    assert [source.arn for source in observed.sources] == [USER]
    assert observed.accounts == {HOME} and not plan.refused
    assert (observed.problem, observed.unread, observed.awaits, observed.denied_at) == ("", (), (), None)
    assert observed.sourced == frozenset() and observed.minted is not None
    assert capability.findings(observed) == () and capability.insists is True and capability.holds == 5.0
    assert set(capability.list_subjects(plan.changes)) == {
        Subject(PIPELINE, By.CUT, "AROAPIPELINE"),
        Subject(WORKER, By.CUT, "AROABUILDWORKER"),
    }
    assert list(capability.list_subjects(())) == []
    affected = capability.add_affected(observed, plan.changes)
    assert [PIPELINE in str(one.affects) for one in affected] == [True, False]
    assert [capability.reread(change) for change in plan.changes] == [change.before for change in plan.changes]


@pytest.mark.parametrize("name", ["IamHardeningDormant", "IamHardeningQuarantine-INC-7-222233334444"])
def test_a_denial_from_above_does_not_hide_what_was_opened_before(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Once the named were denied from above, no later pass looked at the roles that they had come to."""
    policies = (make_scp(allow("*", action="*")), make_scp(deny(), name=name))
    home = make_home(organization_policies=(PolicyLevel("r-1", "root", policies, ()),))
    _capability, _observed, plan = Case(monkeypatch, home).plan()
    assert targets(plan) == [("PutRolePolicy", PIPELINE), ("PutRolePolicy", WORKER)]
    other = (make_scp(allow("*", action="*")), make_scp(deny(), name="another"))
    home = make_home(organization_policies=(PolicyLevel("r-1", "root", other, ()),))
    assert targets(Case(monkeypatch, home).plan()[2]) == []


def lock_out(home: t.Any) -> t.Any:
    """The home once the intruder has taken the way away by which it came: the user may assume no role any more."""
    user = dataclasses.replace(home.users[0], inline_policies=(), attached_policies=(), groups=())
    return dataclasses.replace(home, users=(user, *home.users[1:]))


def test_a_role_that_a_pass_cut_stays_cut_where_the_way_to_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What opens no session any more does not end those that are open."""
    case = Case(monkeypatch, lock_out(make_home()))
    assert targets(case.plan()[2]) == []
    edges = AccountEdges.from_snapshot(case.snapshot, [USER])
    leave_part(case.shared, edges, {PIPELINE: NOW})
    _capability, observed, plan = case.plan()
    assert ("PutRolePolicy", PIPELINE) in targets(plan)
    (reached,) = [one for arn, one in observed.reach.roles.items() if arn == PIPELINE]
    assert not reached.certain and "an earlier pass" in reached.why[0]


def test_a_role_that_a_pass_cut_stays_cut_also_if_it_lets_in_services_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_home()
    service = make_role(HOME, "pipeline", trust("lambda.amazonaws.com", kind="Service"))
    roles = tuple(service if role.arn == PIPELINE else role for role in home.roles)
    case = Case(monkeypatch, lock_out(dataclasses.replace(home, roles=roles)))
    leave_part(case.shared, AccountEdges.from_snapshot(case.snapshot, [USER]), {PIPELINE: NOW})
    assert targets(case.plan()[2]) == [("PutRolePolicy", PIPELINE)]


def test_of_a_role_that_is_gone_nothing_more_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier pass followed it while it was there. As if it had every permission, it would reach colleagues."""
    home = lock_out(make_home())
    roles = tuple(role for role in home.roles if role.arn != PIPELINE)
    case = Case(monkeypatch, dataclasses.replace(home, roles=roles))
    leave_part(case.shared, AccountEdges.from_snapshot(case.snapshot, [USER]), {PIPELINE: NOW})
    _capability, observed, plan = case.plan()
    assert targets(plan) == [] and not observed.reach.roles and not observed.reach.unfollowed


@pytest.mark.parametrize(
    ("state", "stays"), [(State.CONTAINED, True), (State.RELEASING, True), (State.RELEASED, False)]
)
def test_a_role_that_a_run_of_the_incident_cut_stays_cut_until_the_release(
    monkeypatch: pytest.MonkeyPatch, state: State, stays: bool
) -> None:
    case = Case(monkeypatch, lock_out(make_home()))
    cut = Contained(PIPELINE, "AROAPIPELINE", By.CUT, NOW)
    keep_record(case.store, Record(HOME, "INC-7", state, "Ana", "leaked", contained=(cut,)))
    assert (("PutRolePolicy", PIPELINE) in targets(case.plan()[2])) is stays


def test_a_role_behind_a_session_of_a_known_identity_is_cut_by_that_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS keeps the source identity over a chain of roles. The other sessions of the role are of colleagues."""
    root = f"arn:aws:iam::{HOME}:root"
    pipeline = make_role(HOME, "pipeline", trust(root), inline={"own": policy(allow(WORKER))})
    snapshot = make_snapshot(HOME, roles=(pipeline, make_role(HOME, "build-worker", trust(root))))
    named = SessionSeed(PIPELINE, "evil", source_identity="alice")
    for sessions, sids in (
        ((named,), ["SourceIdentities"]),
        ((named, SessionSeed(PIPELINE, "other")), ["OlderSessionsOfNobodyKnown", "SourceIdentities"]),
    ):
        case = Case(monkeypatch, snapshot, keys=(), sessions=sessions)
        case.answers = answers(snapshot)
        result = case.result()
        (row,) = [row for row in result["roles"] if row["role"] == WORKER]
        assert row["statements"] == sids
        # No user is a source, and roles have sign-in sessions too.
        assert "signin:ListSessions" in case.access.names


def test_the_moment_of_a_cut_is_that_of_aws_where_this_machine_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    for behind, moment in ((0.0, "2026-11-27T10:05:30Z"), (3_600.0, "2026-11-27T11:05:30Z")):
        case = Case(monkeypatch)
        case.behind = behind
        _capability, _observed, plan = case.plan()
        assert moment in json.dumps(plan.changes[0].after)


def test_a_role_is_cut_again_if_its_source_was_denied_later(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    written = {change.target.rpartition("/")[2]: change.after["document"] for change in case.plan()[2].changes}  # type: ignore[index]
    case.answers["iam:GetRolePolicy"] = lambda RoleName, PolicyName, region: {"PolicyDocument": written[RoleName]}
    assert not case.plan()[2].changes
    record = Record(HOME, "INC-7", State.CONTAINED, "Ana", "x", (Contained(USER, "AIDACI-DEPLOY", By.SOURCE, NOW),))
    for moment, count in ((NOW, 0), (NOW + timedelta(minutes=5), 2)):
        keep_record(case.store, dataclasses.replace(record, last_source_write=moment))
        case.now = NOW + timedelta(minutes=9)
        _capability, observed, plan = case.plan()
        assert observed.denied_at == moment and len(plan.changes) == count


def test_a_contained_user_of_the_record_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, keys=(), users=(USER,))
    assert targets(case.plan()[2]) == [("PutRolePolicy", PIPELINE), ("PutRolePolicy", WORKER)]
    other = arn(HOME, "bo", "user")
    contained = (Contained(other, "AIDABO", By.SOURCE, NOW),)
    keep_record(case.store, Record(HOME, "INC-7", State.CONTAINED, "Ana", "x", contained))
    assert [source.arn for source in case.plan()[1].sources] == [USER, other]
    # A place that is lost later than the run begins.
    capability = case.make()
    case.store.lost = True
    assert any("was contained" in text for text in capability.observe().unread)


def test_the_session_of_a_leaked_key_is_cut_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, keys=(KeySeed(TOKEN),))
    case.answers |= make_event(NOTIFIER, "Role")
    _capability, observed, plan = case.plan()
    assert [source.arn for source in observed.sources] == [NOTIFIER]
    assert targets(plan) == [("PutRolePolicy", NOTIFIER)] and "build" in json.dumps(plan.changes[0].after)


def test_an_account_whose_roles_are_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.snapshot = make_home(unread=(Unread(Dataset.AUTHORIZATION_DETAILS, next(iter(UnreadKind)), "denied", "x"),))
    capability, observed, plan = case.plan()
    assert observed.problem == f"the roles of account {HOME} are not known: denied"
    assert observed.accounts == frozenset() and HOME not in case.shared.parts and not plan.changes
    assert capability.failure({"not_denied": [], "unresolved": []}) == f"not denied: {observed.problem}"
    assert capability.result({**NOTHING, "account_id": HOME})["unread"][0] == observed.problem
    capability.conclude({}, completed=True)
    assert HOME not in case.shared.parts


# Other hosts of the run


def test_parts_are_left_for_other_hosts_with_the_moments_of_the_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    capability, _observed, plan = case.plan()
    found = read_parts(case.shared, [HOME])
    assert found.accounts == {HOME: AccountEdges.from_snapshot(case.snapshot, [USER])} and not found.cut_at
    case.now = NOW + timedelta(seconds=9)
    assert capability.learn(plan.changes[0], {}) == {}
    trusting = IdentityWriter(HOME, "x").set_trust(WORKER, policy(), policy(trust(USER)))
    capability.learn(trusting, {})
    capability.conclude({}, completed=False)
    assert read_parts(case.shared, [HOME]).cut_at == {PIPELINE: case.now, f"{WORKER}#trust": case.now}
    # The next pass of the account itself knows them too.
    assert case.plan()[1].cut_at == {PIPELINE: case.now, f"{WORKER}#trust": case.now}


def test_roles_are_reached_through_the_accounts_of_other_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, keys=())
    source = arn(PROD, "bo", "user")
    snapshot = make_snapshot(
        PROD, users=(make_user(PROD, "bo", {"all": policy(allow("*"))}),), roles=make_production().roles
    )
    leave_part(case.shared, AccountEdges.from_snapshot(snapshot, [source, DEPLOY]), {DEPLOY: NOW})
    case.snapshot = make_snapshot(HOME, roles=(make_role(HOME, "pipeline", trust(arn(PROD, "bo", "user"))),))
    case.answers = answers(case.snapshot)
    case.declared = Declared(inventory=frozenset({HOME, PROD}))
    _capability, observed, plan = case.plan()
    assert [one.arn for one in observed.sources] == [source, DEPLOY]
    assert targets(plan) == [("PutRolePolicy", PIPELINE)]
    assert observed.accounts == {HOME, PROD} and observed.cut_at == {DEPLOY: NOW} and observed.unread == ()


@pytest.mark.parametrize(
    ("name", "writes", "waited", "awaits"),
    [
        (Pass.FIRST, True, [], (PROD,)),
        (Pass.FIRST, False, [PROD], (PROD,)),
        (Pass.LAST, False, [PROD], ()),
        (Pass.LAST, True, None, ()),
    ],
)
def test_a_pass_waits_for_the_accounts_that_it_needs(
    monkeypatch: pytest.MonkeyPatch, name: Pass, writes: bool, waited: t.Any, awaits: tuple[str, ...]
) -> None:
    case = Case(monkeypatch)
    case.writes = writes
    case.declared = Declared(inventory=frozenset({HOME, PROD}), name_of_pass=name)
    _capability, observed, _plan = case.plan()
    assert case.waited == ([] if waited is None else [(set(waited), 5.0)])
    assert observed.awaits == awaits
    assert observed.unread == (() if awaits else (f"account {PROD} was not read in this run",))
    # Sign-in sessions and keys of others wait for a later pass, where there is one.
    asked = {"signin:ListSessions", "cloudtrail:LookupEvents"} & set(case.access.names)
    is_early = writes and name is Pass.FIRST
    assert ("signin:ListSessions" in asked) is not is_early and (observed.minted is None) is is_early


def test_a_first_pass_that_writes_waits_for_the_homes_of_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, users=(arn(PROD, "bo", "user"),))
    case.declared = Declared(inventory=frozenset({HOME, PROD, "444455556666"}), name_of_pass=Pass.FIRST)
    case.plan()
    assert case.waited == [({PROD}, 5.0)]


# What is refused


def test_break_glass_and_the_run_are_refused_where_they_are_named_and_left_where_they_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case(monkeypatch, roles=(RoleSeed(PIPELINE),))
    case.break_glass = (PIPELINE,)
    assert [(refusal.target, refusal.fatal) for refusal in case.plan()[2].refused] == [(PIPELINE, True)]
    case = Case(monkeypatch, roles=(RoleSeed(PIPELINE),))
    case.principals = frozenset({t.cast(t.Any, principal_of(PIPELINE))})
    assert [(refusal.target, refusal.fatal) for refusal in case.plan()[2].refused] == [(PIPELINE, True)]
    case = Case(monkeypatch)
    case.break_glass = (PIPELINE,)
    _capability, observed, plan = case.plan()
    assert targets(plan) == [("PutRolePolicy", WORKER)] and not plan.refused
    assert list(observed.chosen.not_cut) == [PIPELINE]
    assert [item["target"] for item in case.result()["not_cut_because"]] == [PIPELINE]


def test_a_role_that_cannot_be_read_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.answers["iam:GetRole"] = DENIED
    capability, _observed, plan = case.plan()
    assert not plan.changes and {refusal.rule for refusal in plan.refused} == {"role_unread"}
    refused = [refusal.as_dict() for refusal in plan.refused]
    result = capability.result({**NOTHING, "account_id": HOME, "refused": refused})
    assert {row["principal"] for row in result["not_denied"]} == {PIPELINE, WORKER}
    assert capability.failure(result).startswith(f"not denied: {PIPELINE}: ")


def test_of_too_many_roles_the_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.declared = dataclasses.replace(case.declared, max_roles=1)
    _capability, _observed, plan = case.plan()
    assert len(plan.changes) == 1 and [refusal.rule for refusal in plan.refused] == ["max_roles"]
