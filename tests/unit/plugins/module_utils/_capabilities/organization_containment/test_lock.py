# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of the dormant policy, planned for an organization made by hand."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.lock import (
    LockPlan,
    LockPlanner,
    Sources,
    read_own_orders,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.members import (
    Keeper,
    Member,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.identity_lock import LockSeed
from ansible_collections.hardening.iam.plugins.module_utils._incident.from_above import (
    DORMANT,
    NAME,
    TAG,
    read_orders,
)

from ..organization_policy.organizations import DEV, MANAGEMENT, PROD, ROOT, WORK_DEV, policy, tree

NOW: t.Final = datetime(2026, 12, 2, 12, tzinfo=UTC)
ALICE: t.Final = f"arn:aws:iam::{DEV}:user/alice"
SHARED: t.Final = f"arn:aws:iam::{DEV}:role/shared"
WRITER: t.Final = f"arn:aws:iam::{DEV}:role/iam-hardening/automation-containment"
READER: t.Final = f"arn:aws:iam::{DEV}:role/iam-hardening/assessor"
RESCUE: t.Final = f"arn:aws:iam::{DEV}:role/iam-hardening/break-glass"
KEEPERS: t.Final = (Keeper(WRITER), Keeper(READER), Keeper(RESCUE, is_break_glass=True))
SOURCES: t.Final = Sources(frozenset({ALICE}), frozenset({SHARED}), NOW - timedelta(seconds=3))


@dataclasses.dataclass
class Case:
    """One plan: an incident, the organization, and what the host of the account has found."""

    seed: LockSeed = LockSeed((DEV,), 60)
    policies: tuple[t.Any, ...] = ()
    member: Member = Member(DEV, KEEPERS, user_ids={ALICE: "AIDAALICE", f"{ALICE}2": "AIDAOTHER"})
    found: t.Any = Yes(SOURCES)
    now: datetime = NOW
    more: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def plan(self) -> LockPlan:
        incident = Incident("INC-7", "Ana", "an intruder is here", identity_lock=self.seed)
        declared = Declared(incident, member_role_arn=READER.replace(DEV, "<account_id>"))
        where = dataclasses.replace(tree(*self.policies), **self.more)
        planner = LockPlanner(declared, self.now, MANAGEMENT, where, {DEV: self.member}, {DEV: self.found})
        return planner.plan()


def dormant(*targets: str, **more: t.Any) -> t.Any:
    given = {"content": dict(DORMANT.document), "tags": {TAG[0]: TAG[1]}, **more}
    return policy(NAME, *(targets or (ROOT,)), **given)


def written(plan: LockPlan, owner: str = "INC-7") -> t.Any:
    """The policy once the plan is made."""
    assert plan.content is not None
    return dormant(content=dict(plan.content.document), description=f"Incident {owner}: written by hardening.iam")


def test_the_named_are_denied_and_the_account_is_locked_in_one_change() -> None:
    plan = Case(policies=(dormant(),)).plan()
    (change,) = plan.changes
    assert (change.operation, change.parameters["PolicyId"]) == ("UpdatePolicy", f"p-{NAME}")
    assert change.parameters["Description"].startswith("Incident INC-7: ")
    orders = read_orders(change.after["document"])
    assert orders == plan.orders and orders.lock is not None
    assert orders.lock.accounts == {DEV} and orders.lock.until == NOW + timedelta(minutes=60)
    assert orders.lock.exempt == {WRITER, READER, RESCUE}
    assert orders.named.arns == {ALICE} and orders.named.user_ids == {"AIDAALICE"}
    assert orders.named.shared_roles == {SHARED} and orders.named.begun_before == SOURCES.cut_at
    assert (plan.unlocked, plan.left_out) == ({}, ())


def test_a_lock_stays_until_less_than_half_of_it_is_left() -> None:
    first = Case(policies=(dormant(),)).plan()
    later = Case(policies=(written(first),), now=NOW + timedelta(minutes=29))
    assert later.plan().changes == () and later.plan().orders == first.orders
    later.now = NOW + timedelta(minutes=31)
    (change,) = later.plan().changes
    assert later.plan().orders.lock == dataclasses.replace(first.orders.lock, until=NOW + timedelta(minutes=91))  # type: ignore[type-var]
    assert change.before["document"] == first.content.document  # type: ignore[union-attr]


def test_without_the_declaration_the_lock_is_lifted_and_the_named_stay_denied() -> None:
    first = Case(policies=(dormant(),)).plan()
    lifted = Case(LockSeed(), (written(first),)).plan()
    assert lifted.orders.lock is None and lifted.orders.named == first.orders.named and len(lifted.changes) == 1
    assert Case(LockSeed(), (written(lifted),)).plan().changes == ()
    assert Case(LockSeed(), (dormant(),)).plan() == LockPlan() == Case(LockSeed()).plan()


def test_a_locked_account_stays_locked_if_its_host_finds_nothing_any_more() -> None:
    first = Case(policies=(dormant(),)).plan()
    again = Case(policies=(written(first),), found=NO, member=Member(DEV, problem="not read")).plan()
    assert again.changes == () and again.orders == first.orders


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (Case(), "make it with ContainmentDormantTargets"),
        (Case(policies=(dormant(tags={}),)), "somebody else's"),
        (Case(policies=(dormant(content={"Version": "2012-10-17", "Statement": []}),)), "none that a run wrote"),
        (Case(policies=(dormant(PROD),)), "attached to nothing above it"),
        (Case(policies=(dormant(),), found=NO), "no credential of the incident is proven"),
        (Case(policies=(dormant(),), found=Unknown("late")), "not known whether a credential .*: late"),
        (Case(policies=(dormant(),), member=Member(DEV, problem="closed")), "could not go on there: closed"),
        (
            Case(policies=(dormant(),), member=Member(DEV, (Keeper(WRITER, problem="let mallory in"), *KEEPERS[1:]))),
            "could not go on there: .*let mallory in",
        ),
        (
            Case(policies=(dormant(),), found=Yes(Sources(frozenset({ALICE}), frozenset({WRITER}), NOW))),
            "named and exempt",
        ),
        (Case(policies=(dormant(),), more={"policy_types": {SCP: "PENDING_DISABLE"}}), "not enabled"),
    ],
)
def test_what_can_not_be_locked_is_said_and_changes_nothing(case: Case, reason: str) -> None:
    plan = case.plan()
    assert plan.changes == () and plan.content is None
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(plan.unlocked[DEV])


def test_nothing_is_above_the_management_account_or_a_stranger() -> None:
    plan = Case(LockSeed((MANAGEMENT, "999988887777", DEV), 60), (dormant(),)).plan()
    assert plan.unlocked == {
        MANAGEMENT: "no control policy binds the management account",
        "999988887777": "the organization has no such account that is active",
    }
    assert plan.orders.lock and plan.orders.lock.accounts == {DEV}


def test_a_policy_on_a_unit_above_the_account_locks_it() -> None:
    assert Case(policies=(dormant(WORK_DEV),)).plan().unlocked == {}


def test_the_orders_of_another_incident_stay() -> None:
    other = written(Case(policies=(dormant(),)).plan(), "INC-8")
    assert "in use by incident INC-8" in Case(policies=(other,)).plan().unlocked[DEV]
    assert isinstance(read_own_orders(other, "INC-8"), Yes) and read_own_orders(None, "INC-8") == NO
