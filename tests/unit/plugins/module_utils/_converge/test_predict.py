# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Refusal, plan_sha256
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import GuardError
from ansible_collections.hardening.iam.plugins.module_utils._converge.guard import GuardContext, Limits
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan, approve, plan_document
from ansible_collections.hardening.iam.plugins.module_utils._converge.predict import predict, withhold

from .fakes import ACCOUNT, CALLER, NOW, RUN, FakeAws, FakeCapability, FakeStore, change, in_pairs, user_arn

CONTEXT = GuardContext(principals=principals_of([CALLER]))


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def aws(store: FakeStore) -> FakeAws:
    return FakeAws(store, a="old", b="old", c="old")


def test_prediction_writes_nothing_and_its_hash_covers_what_is_held_back(aws: FakeAws, store: FakeStore) -> None:
    changes = (change("a"), change("b"))
    own = Refusal("expiry", "somebody would be locked out", "x")
    capability = FakeCapability(aws, plan=lambda _state, _findings: Plan(changes=changes, refused=(own,)))
    prediction = predict(capability, GuardContext(principals=frozenset(), limits=Limits(max_changes=1)))
    assert prediction.allowed == ()
    assert [refusal.rule for refusal in prediction.refused] == ["expiry", "cap", "cap"]
    assert prediction.plan_sha256 == plan_sha256(changes)
    assert not aws.calls and not store.objects


def test_prediction_fails_on_a_change_of_the_caller_and_on_fatal_refusals_of_the_plan(aws: FakeAws) -> None:
    with pytest.raises(GuardError, match="the caller itself"):
        predict(FakeCapability(aws, change(target=f"arn:aws:iam::{ACCOUNT}:role/automation")), CONTEXT)
    fatal = Refusal("own_role", "it is ours", "x", fatal=True)
    with pytest.raises(GuardError, match="it is ours"):
        predict(FakeCapability(aws, plan=lambda _state, _findings: Plan(refused=(fatal,))), CONTEXT)


@pytest.mark.parametrize(("found", "allowed"), [(True, 1), (False, 0)])
def test_a_capability_says_what_needs_break_glass_and_finds_it(aws: FakeAws, found: bool, allowed: int) -> None:
    class Glass:
        def objection(self, _change: Change) -> t.Optional[str]:
            return None if found else "nobody is there"

        def loss(self, _change: Change) -> t.Optional[str]:
            return None

        def expect(self, _change: Change) -> None:
            pass

    capability = FakeCapability(
        aws,
        change("a"),
        lockout_kinds=frozenset({"replace"}),
        rescue=lambda state: Glass() if state == "state" else None,
    )
    assert len(predict(capability, CONTEXT).allowed) == allowed


@pytest.mark.parametrize(
    ("operation", "asked"),
    [("DeleteLoginProfile", True), ("AttachGroupPolicy", True), ("AddUserToGroup", True), ("TagUser", False)],
)
def test_break_glass_is_looked_at_where_a_change_may_take_something(aws: FakeAws, operation: str, asked: bool) -> None:
    seen: list[str] = []
    taking = change("a", operation=operation, parameters={"UserName": "a", "GroupName": "b"})
    predict(FakeCapability(aws, taking, rescue=seen.append), CONTEXT)
    assert seen == (["state"] if asked else [])


def test_changes_that_come_together_are_refused_together(aws: FakeAws) -> None:
    """``c`` does not come without ``b``, nor ``b`` without ``a``, which the approved plan does not have."""
    pairs = {("b", "a"), ("c", "b")}
    changes = (change("c"), change("a"), change("b"), change("d"))
    capability = FakeCapability(aws, *changes, stays_with=in_pairs(pairs))
    document = plan_document(
        [item for item in changes if item is not changes[1]], account_id=ACCOUNT, run_id=RUN, created=NOW
    )
    context = GuardContext(principals=frozenset(), approved=approve(document, account_id=ACCOUNT, now=NOW))
    prediction = predict(capability, context)
    assert prediction.allowed == (change("d"),)
    assert [(refusal.rule, refusal.target) for refusal in prediction.refused] == [
        ("approved_plan", user_arn("a")),
        ("together", user_arn("b")),
        ("together", user_arn("c")),
    ]


@pytest.mark.parametrize(
    ("approved", "allowed"),
    [("abcd", "abcd"), ("abd", "abd"), ("ad", "d"), ("bcd", "bcd")],
)
def test_what_serves_refused_changes_alone_is_not_made(aws: FakeAws, approved: str, allowed: str) -> None:
    """``a`` is there for ``b`` and ``c``, ``e`` for nothing that is planned."""
    changes = [change(name) for name in "abcd"]
    capability = FakeCapability(aws, *changes, serves=in_pairs({("a", "b"), ("a", "c"), ("d", "x")}))
    document = plan_document([change(name) for name in approved], account_id=ACCOUNT, run_id=RUN, created=NOW)
    context = GuardContext(principals=frozenset(), approved=approve(document, account_id=ACCOUNT, now=NOW))
    prediction = predict(capability, context)
    assert "".join(str(item.parameters["Name"]) for item in prediction.allowed) == allowed
    together = [refusal.target for refusal in prediction.refused if refusal.rule == "together"]
    assert together == ([user_arn("a")] if allowed == "d" else [])


def test_what_serves_a_change_that_stays_away_is_not_made_either(aws: FakeAws) -> None:
    """``c`` does not come without ``b``, which is refused, and ``a`` is there for ``c``."""
    changes = [change(name) for name in "abc"]
    capability = FakeCapability(aws, *changes, serves=in_pairs({("a", "c")}), stays_with=in_pairs({("c", "b")}))
    document = plan_document([changes[0], changes[2]], account_id=ACCOUNT, run_id=RUN, created=NOW)
    context = GuardContext(principals=frozenset(), approved=approve(document, account_id=ACCOUNT, now=NOW))
    prediction = predict(capability, context)
    assert prediction.allowed == ()
    assert [refusal.rule for refusal in prediction.refused] == ["approved_plan", "together", "together"]


def test_what_depends_on_a_change_that_a_cap_holds_back_waits_with_it(aws: FakeAws) -> None:
    """``c`` does not come without ``a``, which the cap holds back; ``d`` not without ``e``, which somebody protects."""
    free = {"kind": "tag", "impact": Impact.ADDITIVE}
    protected = change("e", target=f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x")
    changes = (change("a"), change("b"), change("c", **free), change("d", **free), protected)
    capability = FakeCapability(aws, *changes, stays_with=in_pairs({("c", "a"), ("d", "e")}))
    prediction = predict(capability, GuardContext(principals=frozenset(), limits=Limits(max_changes=1)))
    assert prediction.allowed == ()
    assert [(item, refusal.rule) for item, refusal in prediction.held] == [
        (changes[0], "cap"),
        (changes[1], "cap"),
        (changes[2], "together"),
    ]
    assert [refusal.rule for refusal in prediction.refused_for_good] == ["protected", "together"]
    assert prediction.plan_sha256 == plan_sha256(changes[:3])


def test_what_depends_on_a_change_that_is_withheld_is_withheld(aws: FakeAws) -> None:
    changes = (change("a"), change("b"), change("c"))
    capability = FakeCapability(aws, *changes, stays_with=in_pairs({("b", "a")}))
    prediction = predict(capability, CONTEXT)
    refusal = Refusal("contained", "an incident", changes[0].target)
    left = withhold(capability, prediction, [(changes[0], refusal)])
    assert (left.allowed, left.to_approve) == ((changes[2],), (changes[2],))
    assert [item.rule for item in left.refused_for_good] == ["contained", "together"]
    assert withhold(capability, prediction, []) is prediction


def test_what_a_cap_on_all_accounts_refuses_can_still_be_approved(aws: FakeAws) -> None:
    prediction = predict(FakeCapability(aws, change("a")), CONTEXT)
    (planned,) = prediction.allowed
    left = prediction.without([(planned, Refusal("fleet_cap", "enough", planned.target))])
    assert (left.allowed, left.to_approve) == ((), (planned,))
    assert prediction.without([(planned, Refusal("stopped", "stop", planned.target))]).plan_sha256 is None


def test_unknown_principals_of_a_change_are_a_doubt(aws: FakeAws) -> None:
    unknown = change("a", impact=Impact.ADDITIVE, affects=("unknown: denied",))
    prediction = predict(FakeCapability(aws, unknown), CONTEXT)
    assert prediction.allowed == (unknown,)
    assert prediction.find_doubts(unknown) == ("The affected principals are not known: denied.",)
    assert prediction.find_doubts(change("b")) == ()
