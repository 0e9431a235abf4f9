# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which declared accounts are read, by which role, and what is said of one that can't be."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment import observe
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.changes import (
    move_account,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.lock import Sources
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.members import (
    Member,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.observe import (
    MEMBER_OPERATIONS,
    OPERATIONS,
    describe_member,
    read_members,
    read_organization,
    read_sources,
    read_state,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    AccountSeed,
    Incident,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import Node, PolicyWriter

from ..organization_policy.organizations import BOX, DEV, MANAGEMENT, PROD, SANDBOX, WORK_DEV, tree
from ..recorded import RecordedAccess, of
from .members import KEPT, NOW, READER, Members, details, role

DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
EXEMPT: t.Final = "arn:aws:iam::<account_id>:role/responders"


def declared(*accounts: str, **fields: t.Any) -> Declared:
    seeds = tuple(AccountSeed(account) for account in accounts or (DEV,))
    incident = Incident("INC-7", "Ana", "an intruder is here", accounts=seeds)
    return Declared(incident, **{"member_role_arn": READER, **fields})


def read(members: dict[str, t.Any], given: Declared, break_glass: tuple[str, ...] = (KEPT,)) -> dict[str, Member]:
    return read_members(Members({}, members).connection, given, tree(), break_glass)


def test_a_declared_account_is_read_by_its_role() -> None:
    members = Members({}, {DEV: details(role("break-glass"), role("responders", "/"))})
    given = declared(exempt_roles=(EXEMPT,))
    found = read_members(members.connection, given, tree(), (KEPT,))
    assert members.assumed == [(READER.replace("<account_id>", DEV), MEMBER_OPERATIONS)]
    (member,) = found.values()
    assert (list(found), member.account_id, member.problem) == ([DEV], DEV, "")
    kept = {keeper.arn: keeper for keeper in member.keepers}
    assert kept[KEPT].is_break_glass and EXEMPT.replace("<account_id>", DEV) in kept
    described = describe_member(member)
    assert (described["account_id"], described["problem"]) == (DEV, "")
    assert {one["arn"] for one in described["roles"]} == set(kept)


def test_only_active_members_are_read() -> None:
    # The sandbox is suspended, the last one is of no organization of ours.
    assert read({}, declared(SANDBOX, MANAGEMENT, "555566667777")) == {}
    found = read({DEV: details(), PROD: DENIED}, declared(DEV, PROD))
    assert set(found) == {DEV, PROD}
    assert "not allowed" in found[PROD].problem


def test_a_break_glass_role_that_contained_accounts_alone_may_assume_rescues_nobody() -> None:
    trusted = {"Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}}
    answers = {DEV: details(role("break-glass", **trusted))}

    def problem(*accounts: str, **fields: t.Any) -> str:
        (keeper,) = [
            one
            for one in read({**answers, PROD: DENIED}, declared(*accounts, **fields))[DEV].keepers
            if one.arn == KEPT
        ]
        return keeper.problem

    own = frozenset({DEV, PROD})
    assert problem(DEV, inventory_accounts=own) == ""
    assert problem(DEV) and problem(DEV, PROD, inventory_accounts=own)
    itself = {DEV: details(role("break-glass", Principal={"AWS": f"arn:aws:iam::{DEV}:root"}))}
    (keeper,) = [one for one in read(itself, declared(DEV, inventory_accounts=own))[DEV].keepers if one.arn == KEPT]
    assert keeper.problem


def test_an_account_that_cannot_be_read_says_why() -> None:
    without = read({}, declared(member_role_arn=""))[DEV]
    assert without == Member(DEV, problem="it can't be read without member_role_arn (hardening_member_role_arn)")
    denied = read({DEV: {"iam:GetAccountAuthorizationDetails": DENIED}}, declared())[DEV]
    assert "not allowed" in denied.problem and not denied.keepers
    other = read({DEV: {**details(), "account": PROD}}, declared())[DEV]
    assert other == Member(DEV, problem=f"member_role_arn leads to account {PROD}")


def test_the_organization_is_read_with_both_kinds_of_control_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[t.Any] = []

    def organization_tree(access: t.Any, *, policy_types: t.Any) -> t.Any:
        asked.append((access, policy_types))
        return tree()

    monkeypatch.setattr(observe, "organization_tree", organization_tree)
    access: t.Any = object()
    assert read_organization(access) == tree() and asked == [(access, (SCP, RCP))]


def state(change: t.Any, answers: t.Any) -> t.Any:
    access: t.Any = RecordedAccess(answers, account_id=MANAGEMENT, declared=OPERATIONS.reads)
    connection = Members({}, {}).connection
    return read_state(access, connection, change)


def test_the_state_of_a_move_is_the_parent_of_the_account() -> None:
    units = tree().unit
    change = move_account(MANAGEMENT, "arn:x", units[WORK_DEV], units[BOX])
    account = change.before["account"]
    parents = of({"Parents": [{"Id": BOX, "Type": "ORGANIZATIONAL_UNIT"}]}, ChildId=account)
    assert state(change, {"organizations:ListParents": parents}) == {"account": account, "parent": BOX}
    assert state(change, {"organizations:ListParents": {"Parents": []}}) == {"account": account, "parent": None}
    with pytest.raises(AwsError):
        state(change, {"organizations:ListParents": DENIED})


def test_the_state_of_a_policy_is_none_where_there_is_none() -> None:
    change = PolicyWriter(MANAGEMENT, "IamHardeningQuarantine-INC-7", SCP, None).attach(Node(DEV, "dev"))
    listed = of({"Policies": []}, Filter=SCP)
    found = state(change, {"organizations:ListPolicies": listed})
    assert not found or not found.get("attached")
    with pytest.raises(AwsError):
        state(change, {"organizations:ListPolicies": DENIED})


def test_all_that_is_read_and_written_of_the_organization_is_declared() -> None:
    named = ("ListParents", "ListRoots", "ListPolicies", "DescribePolicy", "ListTargetsForPolicy")
    assert {f"organizations:{name}" for name in named} | {"sts:GetCallerIdentity"} <= OPERATIONS.reads
    written = ("AttachPolicy", "CreatePolicy", "DeletePolicy", "DetachPolicy", "MoveAccount", "UpdatePolicy")
    assert {f"organizations:{name}" for name in (*written, "TagResource")} == OPERATIONS.writes


class Part:
    """What the host of an account has left for the others."""

    def __init__(self, part: t.Any) -> None:
        self.part = part

    def read(self, account_id: str) -> t.Any:
        assert account_id == DEV
        return self.part


def find_sources(*sources: str, **cut_at: str) -> t.Any:
    part = {"edges": {"sources": list(sources)}, "cut_at": {ROLE_OF[name]: text for name, text in cut_at.items()}}
    shared: t.Any = Part(part)
    return read_sources(shared, DEV)


USER: t.Final = f"arn:aws:iam::{DEV}:user/alice"
ROLE_OF: t.Final = {name: f"arn:aws:iam::{DEV}:role/{name}" for name in ("one", "two")}


def test_the_sources_of_an_account_are_its_own_users_and_roles() -> None:
    elsewhere = f"arn:aws:iam::{PROD}:user/bob"
    found = find_sources(USER, elsewhere, one="2026-11-28T10:00:00Z", two="2026-11-28T11:00:00Z")
    assert found == Yes(Sources(frozenset({USER}), frozenset(ROLE_OF.values()), NOW - timedelta(hours=1)))
    assert find_sources(USER) == Yes(Sources(frozenset({USER})))
    # Only a proven source locks: that a role was cut is none.
    assert find_sources(elsewhere) == NO and find_sources(one="2026-11-28T10:00:00Z") == NO and find_sources() == NO


@pytest.mark.parametrize("part", [None, 3, {"edges": 3}, {"edges": {"sources": []}}, {"edges": {}, "cut_at": {}}])
def test_a_part_that_is_not_there_or_is_none_is_not_known(part: t.Any) -> None:
    shared: t.Any = Part(part)
    assert isinstance(read_sources(shared, DEV), Unknown)
    dated: t.Any = Part({"edges": {"sources": [USER]}, "cut_at": {USER: "yesterday"}})
    assert isinstance(read_sources(dated, DEV), Unknown)
