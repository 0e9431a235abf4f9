# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is not denied in the end, by the changes that were refused, failed or do not show."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.cut import Cut
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.outcome import (
    Outcome,
    find_absent,
    judge_outcome,
    read_openers,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.plan import (
    Observed,
    Planner,
    Verdict,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.targets import (
    Chosen,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_cut import TrustCut

from .accounts import HOME, NOW, PIPELINE, USER, WORKER, arn, policy, trust
from .test_plan import ID, INCIDENT, MANAGER, LiveRole, judge, observe, observe_trust

AGAIN: t.Final = "run the containment again"
POLICY: t.Final = f"arn:aws:iam::{HOME}:policy/iam-hardening/incident-INC-7-{ID}"
NOT_MADE: t.Final[dict[str, t.Any]] = {"refused": [], "not_made": [], "unverified": []}
OBSERVED: t.Final = observe(LiveRole(PIPELINE, ID))
VERDICT: t.Final = judge(OBSERVED)


def find(verdict: Verdict = VERDICT, observed: Observed = OBSERVED, **endings: t.Any) -> Outcome:
    return judge_outcome(observed, [verdict], INCIDENT, {**NOT_MADE, **endings})


def item(operation: str = "PutRolePolicy", target: str = PIPELINE, reason: str = "why") -> dict[str, str]:
    return {"target": target, "operation": operation, "reason": reason, "rule": "x"}


def test_what_was_made_and_shows_is_denied() -> None:
    assert find() == Outcome()
    # Changes of other roles say nothing of this one.
    assert find(refused=[item(target=WORKER)], not_made=[item(target=WORKER)]) == Outcome()


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("refused", "why"),
        ("not_made", "a change failed"),
        ("unverified", "it does not show when it is read again"),
    ],
)
def test_a_cut_that_was_not_made_leaves_the_sessions(ending: str, reason: str) -> None:
    found = find(**{ending: [item()]})
    assert (found.undenied, found.trusting, found.unrevoked) == ((PIPELINE,), frozenset(), frozenset())
    assert found.rows == ({"principal": PIPELINE, "reason": reason, "next_step": AGAIN},)


def test_a_managed_policy_that_was_not_made_leaves_the_sessions_of_its_role() -> None:
    made = dataclasses.replace(VERDICT.changes[0], operation="CreatePolicy", target=POLICY)
    verdict = dataclasses.replace(VERDICT, changes=(made,))
    assert find(verdict, not_made=[item("CreatePolicy", POLICY)]).undenied == (PIPELINE,)


def test_several_reasons_are_said_and_only_those_of_the_cut() -> None:
    others = [item("BatchRevokeSessions", reason="sign-in"), item("UpdateAssumeRolePolicy", reason="trust")]
    found = find(refused=[item(reason="first"), item(reason="second"), *others])
    assert [row["reason"] for row in found.rows if row["principal"] == PIPELINE][0] == "first; second"


def test_a_role_that_is_refused_goes_on_and_one_that_is_gone_does_not() -> None:
    unread = judge(observe("iam:GetRole: AccessDenied"))
    assert unread.refusal is not None
    found = find(unread, refused=[unread.refusal.as_dict()])
    assert found.undenied == (PIPELINE,) and "AccessDenied" in found.rows[0]["reason"]
    gone = judge(observe(None))
    assert find(gone, refused=[item()]).undenied == ()


def test_sign_in_sessions_that_are_not_revoked_go_on() -> None:
    for ending, reason in (("refused", "why"), ("not_made", "a change failed")):
        found = find(**{ending: [item("BatchRevokeSessions", USER), item("BatchRevokeSessions", WORKER)]})
        assert (found.undenied, found.unrevoked) == ((), {USER, WORKER})
        assert [row["principal"] for row in found.rows] == sorted([USER, WORKER])
        assert found.rows[0]["reason"] == f"its sign-in sessions (aws login) go on: {reason}"
        assert found.rows[0]["next_step"] == AGAIN


def test_a_trust_policy_that_was_not_edited_still_lets_in_whom_the_incident_names() -> None:
    observed = observe_trust(TrustCut(MANAGER), trust(MANAGER), trust(WORKER))
    verdict = judge(observed)
    for ending, reason in (("refused", "why"), ("unverified", "it does not show when it is read again")):
        found = find(verdict, observed, **{ending: [item("UpdateAssumeRolePolicy")]})
        assert (found.undenied, found.trusting) == ((), {PIPELINE})
        row = {"principal": PIPELINE, "reason": f"it still lets in {MANAGER}: {reason}", "next_step": AGAIN}
        assert row in found.rows
    assert find(verdict, observed).trusting == frozenset()
    # Of a policy that needs no change nothing can fail.
    done = judge(observe_trust(TrustCut(MANAGER), trust(WORKER)))
    assert done.trust_change is None and find(done, refused=[item("UpdateAssumeRolePolicy")]).trusting == frozenset()


# Principals that were never there


def absent(*earlier: tuple[str, t.Any]) -> frozenset[tuple[str, str]]:
    return find_absent([judge(observe_trust(TrustCut(MANAGER), trust(WORKER)))], earlier, "INC-7")


def test_a_principal_that_no_earlier_pass_took_out_is_a_slip() -> None:
    slip = {(PIPELINE, MANAGER)}
    both = policy(trust(MANAGER), trust(WORKER))
    assert absent() == absent((PIPELINE, policy(trust(WORKER)))) == slip
    # What another role trusted, or what nobody can read, says nothing.
    assert absent((WORKER, both)) == absent((PIPELINE, None)) == slip
    assert absent((PIPELINE, both)) == frozenset()
    # Though it let in nobody else, so that no cut would have been made.
    assert absent((PIPELINE, policy(trust(MANAGER)))) == frozenset()
    assert find_absent([VERDICT], [], "INC-7") == frozenset()


# Who opens new sessions

NARROW: t.Final = Cut("")


def open_sessions(
    *entries: dict[str, t.Any],
    cut: Cut = NARROW,
    taken: t.Sequence[TrustCut] = (),
    refused: t.Sequence[dict[str, str]] = (),
    sort: str = "other",
    **fields: t.Any,
) -> Outcome:
    incident = Incident.from_option(
        {
            "id": "INC-7",
            "declared_by": "Ana",
            "reason": "a session leaked",
            "sessions": [{"role": PIPELINE, "name": "evil", "sort": sort}],
        },
        now=NOW,
    )
    observed = observe(LiveRole(PIPELINE, ID, **{"trust": policy(*entries), **fields}))
    target = Target(PIPELINE, cut, is_named=True, trust_cuts=tuple(taken))
    observed = dataclasses.replace(observed, chosen=Chosen((target,)))
    (verdict,) = Planner(incident, lambda: NOW).judge(observed)
    return judge_outcome(observed, [verdict], incident, {**NOT_MADE, "refused": refused})


def test_who_opened_a_session_can_open_another_one() -> None:
    colleague = arn(HOME, "colleague", "user")
    found = open_sessions(trust(USER, colleague))
    assert found.open == {PIPELINE} and found.undenied == ()
    (row,) = found.rows
    assert row["reason"] == f"its source can open new sessions after the cut: {USER}, {colleague}"
    assert "cut: trust and that principal" in row["next_step"]
    assert open_sessions(trust(USER), cut=Cut("", all=True)).open == frozenset()


def test_whom_the_incident_takes_out_opens_no_other_session_unless_that_failed() -> None:
    colleague = arn(HOME, "colleague", "user")
    taken = [TrustCut(USER)]
    found = open_sessions(trust(USER), trust(colleague), taken=taken)
    assert found.rows[0]["reason"].endswith(f": {colleague}")
    failed = open_sessions(trust(USER), trust(colleague), taken=taken, refused=[item("UpdateAssumeRolePolicy")])
    assert failed.trusting == {PIPELINE}
    # The trust policy after the plan is the one that counts.
    assert [row["reason"] for row in failed.rows if "can open" in row["reason"]]


def test_a_provider_whose_subject_is_taken_out_opens_no_other_session() -> None:
    provider = f"arn:aws:iam::{HOME}:oidc-provider/token.actions.githubusercontent.com"
    entry = trust(provider, kind="Federated", Action="sts:AssumeRoleWithWebIdentity")
    assert open_sessions(entry, sort="oidc").open == {PIPELINE}
    subject = TrustCut(provider, subject="repo:acme/site:ref:refs/heads/main")
    assert open_sessions(entry, sort="oidc", taken=[subject]).open == frozenset()
    failed = open_sessions(entry, sort="oidc", taken=[subject], refused=[item("UpdateAssumeRolePolicy")])
    assert failed.open == failed.trusting == {PIPELINE}


def test_of_many_who_can_open_a_session_some_are_shown() -> None:
    names = [arn(HOME, f"user-{number}", "user") for number in range(6)]
    (row,) = open_sessions(trust(*names)).rows
    assert row["reason"].endswith(f": {', '.join(names[:4])} and 2 more")
    (row,) = open_sessions(trust(*names[:4])).rows
    assert row["reason"].endswith(f": {', '.join(names[:4])}")
    assert open_sessions(trust("*")).rows[0]["reason"].endswith(": everybody")


def test_a_trust_policy_that_can_not_be_read_leaves_it_open() -> None:
    for fields in ({"trust": "x"}, {"trust": {"Statement": "x"}}):
        found = open_sessions(**fields)
        assert found.open == {PIPELINE}
        assert found.rows[0]["reason"] == "its trust policy can't be read, so it is not known who can open sessions"
        assert open_sessions(**fields, cut=Cut("", all=True)).rows == ()


@pytest.mark.parametrize("document", [None, "x", [], {"Statement": "x"}])
def test_nobody_knows_whom_an_unreadable_policy_lets_in(document: t.Any) -> None:
    assert read_openers(document) is None
    assert read_openers(policy(trust(USER, Effect="Deny"))) == ()
