# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose sessions of a role go on, for each way to cut it."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Cut, Sid
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.outcome import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.plan import (
    Observed,
    Verdict,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.reach import (
    Reached,
    Source,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.rows import (
    list_lives,
    list_roles,
    list_users,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.signin import SigninSession
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.targets import (
    Chosen,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_cut import TrustCut
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

from .accounts import HOME, NOW, PIPELINE, USER, WORKER, make_home, make_role, policy, trust
from .test_plan import ID, MANAGER, LiveRole, judge, observe, observe_trust, present

PROFILE: t.Final = f"arn:aws:iam::{HOME}:instance-profile/build"
OIDC: t.Final = f"arn:aws:iam::{HOME}:oidc-provider/token.actions.githubusercontent.com"
SAML: t.Final = f"arn:aws:iam::{HOME}:saml-provider/idp"
EC2, ECS = "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"
EVERYBODY: t.Final = {PROFILE, PIPELINE, EC2, ECS, OIDC, SAML}


def find(*sids: Sid) -> dict[str, bool]:
    """Whether the sessions of each go on."""
    document = policy(
        trust(PIPELINE),
        trust(EC2, ECS, kind="Service"),
        trust(OIDC, kind="Federated", Action="sts:AssumeRoleWithWebIdentity"),
        trust(SAML, kind="Federated", Action="sts:AssumeRoleWithSAML"),
        trust("arn:aws:iam::999988887777:root", Effect="Deny"),
    )
    role = make_role(HOME, "build", instance_profiles=(PROFILE,))
    return {row["principal"]: row["goes_on"] for row in list_users(role, parse(document), sids)}


def test_each_user_of_a_role_has_its_kind() -> None:
    document = policy(trust(PIPELINE), trust(EC2, kind="Service"), trust(OIDC, kind="Federated"))
    role = make_role(HOME, "build", instance_profiles=(PROFILE,))
    assert {row["principal"]: row["kind"] for row in list_users(role, parse(document), ())} == {
        PROFILE: "instance_profile",
        PIPELINE: "principal",
        EC2: "service",
        OIDC: "identity_provider",
    }


def test_functions_and_instances_open_sessions_that_go_on_in_every_region() -> None:
    document = policy(trust("lambda.amazonaws.com", "ec2.amazonaws.com.cn", kind="Service"))
    rows = list_users(make_role(HOME, "build"), parse(document), [Sid.NOBODY_KNOWN])
    assert [row["goes_on"] for row in rows] == [True, True]


@pytest.mark.parametrize(
    ("sids", "ended"),
    [
        ((), set()),
        # The named alone.
        ((Sid.NAMED,), set()),
        ((Sid.SOURCES,), set()),
        ((Sid.IDENTITIES,), set()),
        ((Sid.SIGNIN,), set()),
        # Instances, functions and identity providers open sessions that go on.
        ((Sid.NOBODY_KNOWN,), {PIPELINE, ECS}),
        ((Sid.NOBODY_KNOWN, Sid.NAMED), {PIPELINE, ECS}),
        ((Sid.PROVIDERS,), {OIDC}),
        ((Sid.SAML,), {SAML}),
        ((Sid.NOBODY_KNOWN, Sid.PROVIDERS, Sid.SAML), {PIPELINE, ECS, OIDC, SAML}),
        ((Sid.OLDER,), EVERYBODY),
        ((Sid.ALL,), EVERYBODY),
        ((Sid.ALL, Sid.NAMED), EVERYBODY),
    ],
)
def test_who_uses_the_role_and_whose_sessions_end(sids: tuple[Sid, ...], ended: set[str]) -> None:
    found = find(*sids)
    assert set(found) == EVERYBODY and {one for one, goes_on in found.items() if not goes_on} == ended


def test_a_role_whose_trust_policy_is_not_known_has_its_instances_alone() -> None:
    role = make_role(HOME, "build", instance_profiles=(PROFILE,))
    assert [row["kind"] for row in list_users(role, None, [Sid.ALL])] == ["instance_profile"]
    empty = parse(policy(trust(PIPELINE, Action="sts:TagSession")))
    assert list(list_users(make_role(HOME, "build"), empty, [Sid.ALL])) == []


# Roles


def see(verdict: Verdict, observed: Observed, outcome: t.Optional[Outcome] = None) -> dict[str, t.Any]:
    (row,) = list_roles(observed, [verdict], {PIPELINE: parse(policy(trust(USER)))}, outcome or Outcome())
    return row


def test_a_role_is_described_with_how_it_was_reached_and_who_uses_it() -> None:
    used = NOW - timedelta(hours=3)
    home = make_home()
    roles = tuple(dataclasses.replace(one, last_used=used) if one.arn == PIPELINE else one for one in home.roles)
    observed = observe(LiveRole(PIPELINE, ID), snapshot=dataclasses.replace(home, roles=roles))
    verdict = judge(observed)
    row = see(verdict, observed)
    assert (row["role"], row["unique_id"], row["state"], row["certain"]) == (PIPELINE, ID, "cut", True)
    assert (row["statements"], row["last_used"]) == (["OlderSessionsOfNobodyKnown"], "2026-11-27T07:05:00Z")
    assert [one["principal"] for one in row["used_by"]] == [USER] and row["trust"] == []
    doubtful = Reached(PIPELINE, (USER, PIPELINE), certain=False, why=("it depends",))
    verdict = dataclasses.replace(verdict, target=dataclasses.replace(verdict.target, reached=doubtful))
    row = see(verdict, observed, Outcome((PIPELINE,)))
    assert (row["state"], row["certain"], row["why"]) == ("not_denied", False, ["it depends"])
    assert row["chain"] == [USER, PIPELINE]


def test_a_role_that_people_name_is_there_for_sure_and_says_how_it_is_a_source() -> None:
    observed = observe(LiveRole(PIPELINE, ID), sources=(Source(USER, "leaked"), Source(PIPELINE, "a session leaked")))
    verdict = judge(observed)
    named = dataclasses.replace(verdict, target=dataclasses.replace(verdict.target, reached=None))
    row = see(named, observed)
    assert (row["certain"], row["chain"], row["why"]) == (True, [], ["a session leaked"])
    assert see(named, dataclasses.replace(observed, sources=()))["why"] == ["named"]


def test_a_policy_that_denies_already_needs_no_change() -> None:
    observed = observe(LiveRole(PIPELINE, ID, inline=present()))
    assert see(judge(observed), observed)["state"] == "denied_already"


def test_a_trust_policy_is_described_with_whom_it_still_lets_in_and_who_else_trusts_the_principal() -> None:
    observed = observe_trust(TrustCut(MANAGER), trust(MANAGER), trust(WORKER), inline=present())
    other = make_role(HOME, "other", trust(MANAGER))
    home = dataclasses.replace(observed.snapshot, roles=(*observed.snapshot.roles, other))
    observed = dataclasses.replace(observed, snapshot=home)
    verdict = judge(observed)
    (cut,) = see(verdict, observed)["trust"]
    assert (cut["principal"], cut["state"], cut["still_lets_in"]) == (MANAGER, "cut", [WORKER])
    assert cut["trusted_by"] == [other.arn]
    (cut,) = see(verdict, observed, Outcome(trusting=frozenset({PIPELINE})))["trust"]
    assert cut["state"] == "not_cut"
    # A slip that another role made says nothing of this one, and what is still let in is worse than a slip.
    done = observe_trust(TrustCut(MANAGER), trust(WORKER), inline=present())
    slips = {
        (PIPELINE, MANAGER): "absent",
        (WORKER, MANAGER): "cut_already",
        (PIPELINE, WORKER): "cut_already",
    }
    for slip, state in slips.items():
        (cut,) = see(judge(done), done, Outcome(absent=frozenset({slip})))["trust"]
        assert (cut["state"], cut["trusted_by"]) == (state, [])
    both = Outcome(trusting=frozenset({PIPELINE}), absent=frozenset({(PIPELINE, MANAGER)}))
    (cut,) = see(verdict, observed, both)["trust"]
    assert cut["state"] == "not_cut"


# What lives on


def live_on(
    observed: Observed, *verdicts: Verdict, outcome: t.Optional[Outcome] = None, owners: t.Sequence[str] = ()
) -> list[tuple[str, str, t.Optional[str], bool]]:
    rows = list_lives(observed, verdicts, outcome or Outcome(), owners, NOW)
    return [(row["what"], row["principal"], row["until"], row["denied"]) for row in rows]


def test_sessions_of_a_role_that_is_left_alone_go_on_for_the_longest_time() -> None:
    refusal = Refusal("caller", "it is the caller", PIPELINE)
    observed = dataclasses.replace(observe(None), chosen=Chosen((), {PIPELINE: refusal}))
    expected = ("sessions of the role: it is the caller", PIPELINE, "2026-11-27T22:05:00Z", False)
    assert live_on(observed) == [expected]


def test_new_sessions_have_no_end() -> None:
    outcome = Outcome(open=frozenset({WORKER}), trusting=frozenset({PIPELINE}))
    what = "new sessions of the role, which its source can open"
    assert live_on(observe(None), outcome=outcome) == [(what, WORKER, None, False), (what, PIPELINE, None, False)]


def test_the_last_credentials_of_sign_in_sessions_end_after_15_minutes() -> None:
    observed = observe(None)
    what, until = "credentials of sign-in sessions (aws login)", "2026-11-27T10:20:00Z"
    # The quarantine of a user denies them. Of a role that is no target nothing does.
    assert live_on(observed, owners=[USER, WORKER]) == [(what, USER, until, True), (what, WORKER, until, False)]
    failed = Outcome(unrevoked=frozenset({USER}))
    assert live_on(observed, owners=[USER], outcome=failed) == [(what, USER, until, False)]


@pytest.mark.parametrize(
    ("cut", "undenied", "denied"),
    [
        (Cut(ID, all=True), (), True),
        (Cut(ID, signin=("arn:aws:signin:us-east-1:1:session/x",)), (), True),
        (Cut(ID, nobody_known=True), (), False),
        (Cut(ID, all=True), (PIPELINE,), False),
    ],
)
def test_only_a_statement_about_them_denies_the_last_credentials_of_a_role(
    cut: Cut, undenied: tuple[str, ...], denied: bool
) -> None:
    verdict = Verdict(Target(PIPELINE, cut))
    found = live_on(observe(None), verdict, owners=[PIPELINE], outcome=Outcome(undenied))
    assert [one[3] for one in found] == [denied]


@pytest.mark.parametrize(
    ("cut", "undenied", "denied"),
    [(Cut(ID, all=True), (), True), (Cut(ID, nobody_known=True), (), False), (Cut(ID, all=True), (PIPELINE,), False)],
)
def test_a_sign_in_session_that_is_left_gets_new_credentials(cut: Cut, undenied: tuple[str, ...], denied: bool) -> None:
    left = SigninSession("us-east-1", PIPELINE, f"arn:aws:signin:us-east-1:{HOME}:session/old", expires=NOW)
    observed = observe(None, signin_left=(left,))
    what = "sign-in session old (aws login), which gets new credentials"
    expected = (what, PIPELINE, "2026-11-27T10:05:00Z", denied)
    assert live_on(observed, Verdict(Target(PIPELINE, cut)), outcome=Outcome(undenied)) == [expected]
    assert live_on(observed) == [(*expected[:3], False)]
