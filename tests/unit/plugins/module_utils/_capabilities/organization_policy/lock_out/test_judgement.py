# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judgement on a change: how the options, the members and the management account enter it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out import (
    run as lock_out,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.plan import (
    Guard,
    GuardOptions,
    Judgement,
    Observed,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair

from ....organizing import CANARY, DEV, MANAGEMENT, NAME, tree
from .guarding import (
    OUTSIDE,
    Record,
    World,
    account,
    arn,
    deny,
    guard,
    make_managed_policy,
    make_service_use,
    role,
    row,
    trusting,
    user,
)

LAMBDA: t.Final = deny("lambda:*")
UNTIL: t.Final = {"reason": "agreed", "expires": "2026-12-24"}
OVER: t.Final = {"reason": "agreed", "expires": "2026-11-24"}


def make_acceptances(kind: str, *names: str, until: t.Optional[Record] = None) -> list[Record]:
    return [{kind: name, **(until or UNTIL)} for name in names]


def glass(account_id: str = CANARY, **fields: t.Any) -> t.Any:
    return role("break-glass", account=account_id, path="/iam-hardening/", trust=OUTSIDE, **fields)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A member in which a role uses Lambda, and break-glass in both accounts."""
    found = World(monkeypatch)
    found.members[CANARY] = account(role("app"), glass())
    found.members[MANAGEMENT] = account(glass(MANAGEMENT), account_id=MANAGEMENT)
    found.services[arn("role/app")] = (make_service_use("lambda", 2),)
    return found


@pytest.fixture
def guards(monkeypatch: pytest.MonkeyPatch) -> list[tuple[GuardOptions, Observed]]:
    """The rules and observations that the guard gets."""
    given: list[tuple[GuardOptions, Observed]] = []

    def noting(change: t.Any, rules: GuardOptions, seen: Observed) -> Guard:
        given.append((rules, seen))
        return Guard(change, rules, seen)

    monkeypatch.setattr(lock_out, "Guard", noting)
    return given


def reasons(judgement: Judgement) -> dict[str, str]:
    return {refusal.rule: refusal.reason for refusal in judgement.refusals.get(NAME, ())}


def test_what_is_used_is_refused_and_its_twin_passes(world: World) -> None:
    refused = world.judge(LAMBDA)
    assert set(reasons(refused)) == {"prediction"}
    assert "role/app: will break: lambda was used" in reasons(refused)["prediction"]
    passing = world.judge(deny("braket:*"))
    assert (passing.refusals, passing.predicted, world.warnings) == ({}, frozenset(), [])


def test_no_change_of_policies_is_judged_without_reading(world: World) -> None:
    task = world.task()
    same = tree("ou-canary")
    found = guard(task).judge(same, same)
    assert (found, world.collected) == (Judgement(), [])


def test_what_is_accepted_is_expected_and_shown_in_the_document(world: World) -> None:
    found = world.judge(LAMBDA, accept_breakage=make_acceptances("principal", arn("role/app")))
    assert found.refusals == {}
    assert DeniedPair(CANARY, arn("role/app"), "lambda:InvokeFunction") in found.predicted
    (document,) = found.impacts
    assert (document["account_id"], document["account_alias"]) == (CANARY, "canary")
    assert document["change"] == [f"the policies of the organization change here: {NAME}"]
    assert (document["created"], document["assumed_unused"]) == ("2026-11-25T00:00:00Z", [])
    assert document["groups"][0]["accepted"]["reason"] == "agreed"
    assert document["skipped"] == [
        {
            "principal": arn("role/iam-hardening/break-glass"),
            "reason": "a break-glass principal: its needed permissions are checked against the policies beforehand",
        }
    ]


def test_the_document_says_what_is_taken_for_unused(world: World) -> None:
    (document,) = world.judge(LAMBDA, unused_resources=["arn:aws:s3:::x"]).impacts
    assert document["assumed_unused"] == ["arn:aws:s3:::x"]


def test_without_anybody_who_may_lose_something_there_is_no_document(world: World) -> None:
    world.members[CANARY] = account(glass())
    assert world.judge(LAMBDA).impacts == ()


def test_an_acceptance_that_expired_or_fits_nobody_is_a_warning(world: World) -> None:
    expired = make_acceptances("principal", arn("role/app"), until=OVER)
    found = world.judge(LAMBDA, accept_breakage=expired)
    assert "prediction" in reasons(found)
    assert any("expired on 2026-11-24" in warning for warning in world.warnings)
    world.judge(LAMBDA, accept_without_evidence=make_acceptances("account", "nowhere"))
    assert any("nowhere is not an account of the organization" in warning for warning in world.warnings)


def test_members_that_need_not_be_read_come_last(world: World) -> None:
    options: Record = {"max_member_reads": 1}

    def read(**accepting: t.Any) -> list[str]:
        world.collected.clear()
        world.judge(LAMBDA, "ou-canary", "ou-dev", **options, **accepting)
        return [account_id for account_id, _datasets in world.collected if account_id != MANAGEMENT]

    assert read() == [CANARY]
    assert read(accept_without_evidence=make_acceptances("account", CANARY)) == [DEV]
    assert read(accept_without_evidence=make_acceptances("account", "/canary")) == [DEV]
    assert read(accept_without_evidence=make_acceptances("account", CANARY, until=OVER)) == [CANARY]


def test_refusals_of_the_matrix_and_of_the_evidence_come_together(world: World) -> None:
    found = world.judge(deny("*", ArnNotLike={"aws:PrincipalArn": "arn:aws:iam::*:role/nobody"}))
    assert set(reasons(found)) > {"prediction"}
    assert [refusal.rule for refusal in found.refusals[NAME]][-1] == "prediction"
    assert found.report["evidence"]["read"][0]["account"] == CANARY
    assert found.report["matrix"][0]["accounts"] == [CANARY]


# The input of the guard


def test_the_rules_are_the_options_of_the_task(world: World, guards: list[tuple[GuardOptions, Observed]]) -> None:
    world.judge(
        LAMBDA,
        automation_roles=["role/a"],
        assessor_roles=["role/b"],
        break_glass=["arn:aws:iam::*:role/c"],
        way_back="management_account",
        allow_root_attachment=True,
        accept_breakage=[
            *make_acceptances("principal", arn("role/app")),
            *make_acceptances("principal", arn("role/gone"), until=OVER),
        ],
    )
    ((rules, _seen),) = guards
    assert rules == GuardOptions(
        partition="aws",
        region="eu-west-1",
        caller=f"arn:aws:sts::{MANAGEMENT}:assumed-role/automation/awx-1",
        entry=f"arn:aws:iam::{MANAGEMENT}:user/awx",
        caller_account=MANAGEMENT,
        automation=("role/a",),
        assessors=("role/b",),
        break_glass=("arn:aws:iam::*:role/c",),
        way_back="management_account",
        allow_root_attachment=True,
        places=(),
        accepted=frozenset({arn("role/app")}),
    )


def test_the_caller_is_who_would_write(world: World, guards: list[tuple[GuardOptions, Observed]]) -> None:
    writer, reader = (f"arn:aws:iam::{MANAGEMENT}:role/{name}" for name in ("writer", "reader"))
    world.judge(LAMBDA, assume_role_arn=writer, caller_role=reader)
    world.judge(LAMBDA, caller_role=reader)
    world.judge(LAMBDA)
    callers = [rules.caller for rules, _seen in guards]
    assert callers == [writer, reader, f"arn:aws:sts::{MANAGEMENT}:assumed-role/automation/awx-1"]
    assert [(rules.way_back, rules.allow_root_attachment) for rules, _seen in guards] == [("", False)] * 3


def test_what_was_seen_of_the_members_and_of_the_management_account(
    world: World, guards: list[tuple[GuardOptions, Observed]]
) -> None:
    stack_sets = role("stacksets-exec-1", trust=OUTSIDE)
    web = role("web", trust=trusting({"Service": "ec2.amazonaws.com"}))
    dead = role("dead", path="/iam-hardening/break-glass/", trust={})
    world.members[CANARY] = account(role("app"), glass(), dead, stack_sets, web)
    reads = make_managed_policy("reads", {"Effect": "Allow", "Action": "organizations:List*", "Resource": "*"})
    powerless = role(
        "powerless", account=MANAGEMENT, path="/iam-hardening/break-glass/", trust=OUTSIDE, policies=(reads.arn,)
    )
    world.members[MANAGEMENT] = account(
        glass(MANAGEMENT), powerless, user("breaker"), account_id=MANAGEMENT, policies=(reads,)
    )
    world.judge(LAMBDA)
    ((_rules, seen),) = guards
    assert set(seen.break_glass[CANARY] or ()) == {arn("role/iam-hardening/break-glass"), dead.arn}
    assert set(seen.break_glass[MANAGEMENT] or ()) == {
        arn("role/iam-hardening/break-glass", MANAGEMENT),
        powerless.arn,
    }
    assert set(seen.helpless) == {dead.arn, powerless.arn}
    assert "organizations:DetachPolicy" in seen.helpless[powerless.arn]
    assert ":policy/o-acme/service_control_policy/p-any" in seen.helpless[powerless.arn]
    assert (seen.landing_zone, seen.entering) == (
        {CANARY: (stack_sets.arn,)},
        {CANARY: frozenset({"ec2.amazonaws.com"})},
    )


def test_users_of_the_management_account_may_be_break_glass(
    world: World, guards: list[tuple[GuardOptions, Observed]]
) -> None:
    world.members[MANAGEMENT] = account(user("breaker"), account_id=MANAGEMENT)
    world.judge(LAMBDA, break_glass=["arn:aws:iam::*:user/breaker"])
    ((_rules, seen),) = guards
    assert seen.break_glass[MANAGEMENT] == (arn("user/breaker"),)
    assert "is a user, and it is not known" in seen.helpless[arn("user/breaker")]


@pytest.mark.parametrize(("name", "usable"), [("keeper", False), ("bob", True)])
def test_break_glass_that_the_policy_makes_unusable_does_not_count(world: World, name: str, usable: bool) -> None:
    """The policy denies the only user who can use it the one call that it takes. Break-glass itself is exempt."""
    by_keeper = role("break-glass", path="/iam-hardening/", trust=trusting({"AWS": arn("user/keeper")}))
    rows = (row("keeper", password=True), row("bob", password=True))
    world.members[CANARY] = account(by_keeper, user("keeper"), user("bob"), rows=rows)
    world.members[MANAGEMENT] = account(account_id=MANAGEMENT)
    content = deny("sts:AssumeRole", ArnEquals={"aws:PrincipalArn": arn(f"user/{name}")})
    found = reasons(world.judge(content))
    if usable:
        assert found == {}
    else:
        assert found.keys() == {"no_break_glass"}
        assert "can be used by nobody" in found["no_break_glass"] and "once it is made" in found["no_break_glass"]


def test_a_management_account_that_can_not_be_read_is_a_warning(
    world: World, guards: list[tuple[GuardOptions, Observed]]
) -> None:
    denied = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "no permission")
    world.members[MANAGEMENT] = account(glass(MANAGEMENT), account_id=MANAGEMENT, unread=(denied,))
    world.judge(LAMBDA)
    ((_rules, seen),) = guards
    assert seen.break_glass[MANAGEMENT] is None
    (warning,) = world.warnings
    assert warning.startswith("the break-glass principals of the management account are not known: ")
    assert "no permission" in warning


def test_the_management_account_is_not_read_from_elsewhere(
    world: World, guards: list[tuple[GuardOptions, Observed]]
) -> None:
    world.judge(LAMBDA, caller_account=DEV, way_back="management_account")
    ((rules, seen),) = guards
    assert (rules.caller_account, MANAGEMENT in seen.break_glass) == (DEV, False)
    assert MANAGEMENT not in [account_id for account_id, _datasets in world.collected]
    # The management account is asked for who is there, and for nothing that is known already.
    world.collected.clear()
    world.judge(LAMBDA)
    asked = [datasets for account_id, datasets in world.collected if account_id == MANAGEMENT]
    assert asked == [frozenset({Dataset.AUTHORIZATION_DETAILS})]


def rcp(*actions: str) -> str:
    text = deny(list(actions), Bool={"aws:PrincipalIsAWSService": "true"})
    return text.replace('"Effect": "Deny"', '"Effect": "Deny", "Principal": "*"')


def trails(*buckets: tuple[str, str]) -> Record:
    return {"trailList": [{"S3BucketName": name, "KmsKeyId": key} for name, key in buckets]}


def test_trails_of_all_accounts_are_looked_at_once(world: World, guards: list[tuple[GuardOptions, Observed]]) -> None:
    world.trails = {CANARY: trails(("files", "key-1"), ("own", "")), MANAGEMENT: trails(("files", "key-1"))}
    world.judge(
        rcp("s3:PutObject"),
        kind=RCP,
        trail_logs="s3://files/logs",
        journal="s3://files/journal",
        journal_kms_key_id="key-2",
        report_dir="s3://reports/iam",
    )
    ((rules, seen),) = guards
    assert [(trail.bucket, trail.key) for trail in seen.trails] == [("files", "key-1"), ("own", "")]
    # A place in the bucket of a trail is encrypted as the trail's files are, unless its own key is named.
    places = {place.prefix: (place.bucket, place.key) for place in rules.places}
    assert places == {"journal": ("files", "key-2"), "iam": ("reports", ""), "logs": ("files", "key-1")}


def test_an_scp_is_judged_without_the_trails(world: World, guards: list[tuple[GuardOptions, Observed]]) -> None:
    world.trails = {CANARY: trails(("files", ""))}
    world.judge(LAMBDA)
    assert (guards[0][1].trails, world.calls) == ((), [])
