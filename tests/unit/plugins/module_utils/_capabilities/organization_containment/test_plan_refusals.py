# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each reason not to contain an account or a user, and the case beside it that is contained."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP, OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.documents import (
    deny_account,
    deny_people,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.lock import LockPlan
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.members import (
    Keeper,
    Member,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.plan import (
    Observed,
    Planner,
    list_frozen,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import name_policy
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above

from ..organization_policy.organizations import BOX, DEV, MANAGEMENT, PROD, ROOT, SANDBOX, WORK_DEV, policy
from .test_plan import (
    DENY_ALL,
    KEPT,
    MOVED,
    NAME,
    NOW,
    PERSON,
    TAGS,
    denying,
    in_unit,
    judge,
    operations,
    organization,
    own,
    rule_of,
)

OF_PEOPLE: t.Final = "IamHardeningQuarantine-INC-7-people"
USERS: t.Final = [{"user_id": PERSON}]


def others(count: int, target: str) -> list[t.Any]:
    """So many policies besides the one that allows everything."""
    return [policy(f"other-{number}", target) for number in range(count)]


def of_people(*targets: str, tags: t.Optional[dict[str, str]] = None) -> t.Any:
    return policy(OF_PEOPLE, *targets, content=deny_people([PERSON]).document, tags=TAGS if tags is None else tags)


def test_an_account_that_is_suspended_needs_no_policy() -> None:
    members = {SANDBOX: Member(SANDBOX, (Keeper(KEPT, is_break_glass=True),))}
    refused = judge(organization(), SANDBOX, members=members)
    assert rule_of(refused) == "not_active" and "SUSPENDED" in str(refused.refusal)
    assert operations(judge(organization(), PROD)) == ["CreatePolicy", "AttachPolicy"]


def test_an_account_that_the_run_needs_is_refused() -> None:
    incident = Incident.from_option(
        {"id": "INC-7", "declared_by": "Ana", "reason": "an intruder is here", "accounts": [DEV, PROD]}, now=NOW
    )
    members = {one: Member(one, (Keeper(KEPT, is_break_glass=True),)) for one in (DEV, PROD)}
    observed = Observed(MANAGEMENT, "aws", organization(), members)
    refused, made = Planner(Declared(incident, own_accounts=frozenset({DEV})), NOW).judge(observed)
    assert rule_of(refused) == "caller" and operations(made) == ["CreatePolicy", "AttachPolicy"]
    plan = Planner.plan([refused, made], LockPlan())
    assert plan.changes == made.changes and plan.refused == (refused.refusal,)
    assert Planner(Declared(incident), NOW).judge(Observed(MANAGEMENT, "aws")) == ()


def test_what_is_denied_from_above_comes_first() -> None:
    (create, attach) = judge(organization(), PROD).changes
    made = judge(organization(), DEV)
    assert Planner.plan([made], LockPlan(changes=(create, attach))).changes == (create, attach, *made.changes)


@pytest.mark.parametrize(
    ("tree_of", "rule"),
    [
        (lambda: organization(*others(9, DEV)), "slots"),
        (lambda: organization(*others(9, DEV), own()), "slots"),
        (lambda: organization(*others(8, DEV)), ""),
        (lambda: organization(*others(8, DEV), own(DEV, content=DENY_ALL)), ""),
        (lambda: organization(*others(9, DEV), own(DEV, content=DENY_ALL)), ""),
        (lambda: organization(*others(9, WORK_DEV)), ""),
        # Others than SCPs have places of their own, and names of their own.
        (lambda: organization(*(policy(f"other-{one}", DEV, kind=RCP) for one in range(9))), ""),
        (lambda: organization(policy(NAME, DEV, kind=RCP, tags={})), ""),
    ],
)
def test_an_account_has_ten_places(tree_of: t.Callable[[], OrganizationTree], rule: str) -> None:
    verdict = judge(tree_of(), DEV)
    assert (verdict.refusal.rule if verdict.refusal else "") == rule
    assert bool(verdict.changes) is not bool(rule) and verdict.member is not None


@pytest.mark.parametrize(
    ("tree_of", "rule"),
    [
        (lambda: organization(*others(9, ROOT)), "slots"),
        (lambda: organization(*others(8, ROOT)), ""),
        (lambda: organization(*others(9, ROOT), of_people(ROOT)), ""),
        (lambda: organization(*others(9, DEV)), ""),
        (lambda: organization(*(policy(f"other-{one}", ROOT, kind=RCP) for one in range(9))), ""),
        (lambda: organization(of_people(ROOT, tags={})), "foreign"),
        (lambda: organization(of_people(ROOT, tags={**TAGS, "iam-hardening:incident": "INC-8"})), "foreign"),
        (lambda: organization(status="DISABLED"), "scp_disabled"),
    ],
)
def test_users_are_denied_if_the_root_has_room_and_the_policy_is_ours(
    tree_of: t.Callable[[], OrganizationTree], rule: str
) -> None:
    verdict = judge(tree_of(), identity_center_users=USERS)
    assert (verdict.refusal.rule if verdict.refusal else "") == rule
    assert (verdict.subject, verdict.policy) == ("people", OF_PEOPLE)
    assert not (rule and verdict.changes)


def test_a_policy_that_does_not_fit_is_refused() -> None:
    def keep(count: int) -> Mapping[str, Member]:
        roles = [KEPT, *(f"{KEPT}/{number:03}-{'x' * 90}" for number in range(count))]
        return {DEV: Member(DEV, tuple(Keeper(arn, is_break_glass=True) for arn in roles))}

    refused = judge(organization(), DEV, members=keep(80))
    assert rule_of(refused) == "too_long" and refused.member is not None
    excess = deny_account(keep(80)[DEV].exempt, NOW).excess
    assert f"{excess} characters too long" in str(refused.refusal)
    assert operations(judge(organization(), DEV, members=keep(40))) == ["CreatePolicy", "AttachPolicy"]
    for count, rule in ((300, "too_long"), (100, "")):
        named = [{"user_id": f"{PERSON[:-4]}{number:04}"} for number in range(count)]
        verdict = judge(organization(), identity_center_users=named)
        assert (verdict.refusal.rule if verdict.refusal else "") == rule


def test_a_refusal_names_the_write_that_is_not_made() -> None:
    full = organization(*others(9, DEV), *others(9, ROOT))
    slots = judge(full, DEV).refusal
    people = judge(organization(*others(9, ROOT)), identity_center_users=USERS).refusal
    moved = judge(organization(), MOVED, quarantine_ou="/Box").refusal
    assert slots and (slots.target, slots.operation) == (DEV, "AttachPolicy")
    assert people and (people.target, people.operation) == (ROOT, "CreatePolicy")
    assert moved and (moved.target, moved.operation) == (DEV, "MoveAccount")


def test_an_account_that_was_not_read_or_has_no_break_glass_says_so() -> None:
    unread = judge(organization(), DEV, members={})
    assert rule_of(unread) == "no_break_glass" and "it was not read" in str(unread.refusal)
    other = Keeper(KEPT.replace("break-glass", "assessor"))
    none = judge(organization(), DEV, members={DEV: Member(DEV, (other,))})
    assert rule_of(none) == "no_break_glass" and "it has none" in str(none.refusal)
    assert none.member == Member(DEV, (other,))


def test_a_move_needs_a_role_that_the_unit_lets_take_the_account_back() -> None:
    keep = policy("all", BOX, content=denying(KEPT))
    no_rescue = {"Effect": "Deny", "Action": "iam:UpdateAssumeRolePolicy", "Resource": "*"}
    hard = policy("hard", BOX, content={"Version": "2012-10-17", "Statement": [no_rescue]})
    assert operations(judge(organization(keep), MOVED, quarantine_ou=BOX)) == ["MoveAccount"]
    refused = judge(organization(keep, hard), MOVED, quarantine_ou=BOX)
    assert rule_of(refused) == "no_break_glass" and "deny it what it needs" in str(refused.refusal)
    assert refused.move is not None and refused.member is not None and not refused.member.has_break_glass
    forced = {**MOVED, "without_break_glass": True}
    assert operations(judge(organization(keep, hard), forced, quarantine_ou=BOX)) == ["MoveAccount"]


def test_a_move_is_of_this_account_from_its_unit_to_the_other() -> None:
    verdict = judge(organization(policy("all", BOX, content=denying(KEPT))), MOVED, quarantine_ou="/Box")
    (change,) = verdict.changes
    assert change.target == f"arn:aws:organizations::{MANAGEMENT}:account/o-acme/{DEV}"
    assert change.account_id == MANAGEMENT and verdict.action == "move"
    assert (change.parameters["SourceParentId"], change.parameters["DestinationParentId"]) == (WORK_DEV, BOX)
    nowhere = judge(organization(), MOVED, quarantine_ou="/Nowhere")
    assert rule_of(nowhere) == "quarantine_ou" and "no unit /Nowhere" in str(nowhere.refusal)


def test_what_a_refused_move_would_end_stays_in_the_result() -> None:
    weak = judge(organization(policy("some", BOX)), MOVED, quarantine_ou=BOX)
    lost = judge(
        organization(policy("all", BOX, content=denying(KEPT)), policy("guard", WORK_DEV)), MOVED, quarantine_ou=BOX
    )
    assert [rule_of(one) for one in (weak, lost)] == ["quarantine_ou", "loses_policies"]
    assert all(one.member is not None and one.move is not None for one in (weak, lost))
    assert weak.move is not None and f"arn:aws:iam::{DEV}:role/somebody" in weak.move.still_allowed
    there = judge(in_unit(organization(policy("all", BOX, content=denying(KEPT)))), MOVED, quarantine_ou=BOX)
    assert there.move is not None and there.member is not None and there.refusal is None


def test_no_other_run_changes_the_policy_of_an_account_or_of_users() -> None:
    account = judge(organization(), DEV)
    people = judge(organization(), identity_center_users=USERS)
    refused = judge(organization(), SANDBOX)
    assert list_frozen([account, people, refused], LockPlan()) == {
        DEV,
        name_policy(NAME, SCP),
        name_policy(OF_PEOPLE, SCP),
    }
    locked = LockPlan(content=deny_account([], NOW))
    assert list_frozen([], locked) == {name_policy(from_above.NAME, SCP)}


def test_the_policy_is_attached_to_what_it_is_about() -> None:
    attach = judge(organization(), DEV).changes[-1]
    people = judge(organization(of_people()), identity_center_users=USERS).changes
    assert attach.after["attached_to"] == DEV and attach.after["where"] == organization().name_of(DEV)
    assert [change.operation for change in people] == ["AttachPolicy"]
    assert people[0].parameters["TargetId"] == ROOT and people[0].after["attached_to"] == ROOT
    assert not judge(organization(of_people(ROOT)), identity_center_users=USERS).changes
