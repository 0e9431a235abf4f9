# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot and an organization tell of whom a policy, a group or a node reaches, and what a plan adds."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.reach import (
    KnownReach,
    NotKnown,
    PlannedReach,
    Reach,
)

from ..fakes import ACCOUNT
from .test_affected import APP, BOB, KNOWN, MEMBERS, OTHER, POLICY, SNAPSHOT, TREE, Record, arn

UNREAD: t.Final = dataclasses.replace(
    SNAPSHOT, unread=(Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "denied"),)
)
QUESTIONS: t.Final[dict[str, t.Callable[[Reach], t.Any]]] = {
    "who has": lambda reach: reach.owners(POLICY),
    "the groups that have": lambda reach: reach.groups_with(POLICY),
    "the members of the group Team": lambda reach: reach.members("Team"),
    "the accounts below ou-work": lambda reach: reach.below("ou-work"),
    "the targets of the organization policy p-protect": lambda reach: reach.nodes_of({"PolicyId": "p-protect"}),
    "the management account": lambda reach: reach.management_account(),
    "the delegated administrators for iam": lambda reach: reach.administrators("iam.amazonaws.com"),
}


@pytest.mark.parametrize(("missing", "ask"), QUESTIONS.items())
@pytest.mark.parametrize("known", [KnownReach(), KnownReach(UNREAD), PlannedReach(KnownReach())])
def test_what_was_not_read_is_not_known(known: Reach, missing: str, ask: t.Callable[[Reach], t.Any]) -> None:
    with pytest.raises(NotKnown, match=missing):
        ask(known)


@pytest.mark.parametrize("known", [KNOWN, PlannedReach(KNOWN)])
def test_what_was_read(known: Reach) -> None:
    assert known.arn_of("user", "BREAKER") == arn("user", "iam-hardening/break-glass/breaker")
    assert known.arn_of("role", "app") == APP
    assert known.arn_of("role", "bob") is known.arn_of("user", "app") is None
    assert known.owners(POLICY) == {BOB, APP, arn("user", "eve"), arn("role", "dev")}
    assert known.owners(OTHER) == frozenset()
    assert (known.groups_with(POLICY), known.groups_with(OTHER)) == ({"team"}, {"empty"})
    assert (known.members("TEAM"), known.members("Empty")) == ({arn("user", "ann")}, frozenset())
    assert known.below("ou-work") == {*MEMBERS[:2]}
    assert known.below(MEMBERS[2]) == {MEMBERS[2]}
    assert known.nodes_of({"PolicyId": "p-protect"}) == {"ou-work"}
    assert known.nodes_of({"PolicyName": "resources", "PolicyType": RCP}) == {MEMBERS[2]}
    assert known.nodes_of({"PolicyName": "resources", "PolicyType": SCP}) == frozenset()
    assert known.management_account() == ACCOUNT
    assert known.administrators("iam.amazonaws.com") == {MEMBERS[0]}


def test_an_organization_that_the_snapshot_holds_is_known() -> None:
    assert KnownReach(dataclasses.replace(SNAPSHOT, organization_tree=TREE)).management_account() == ACCOUNT
    with pytest.raises(NotKnown, match="ou-gone"):
        KNOWN.below("ou-gone")


@pytest.mark.parametrize(
    ("operation", "parameters", "ask", "added"),
    [
        ("AddUserToGroup", {"GroupName": "TEAM"}, lambda reach: reach.members("team"), BOB),
        ("AttachGroupPolicy", {"GroupName": "Empty", "PolicyArn": POLICY}, lambda r: r.groups_with(POLICY), "empty"),
        ("AttachUserPolicy", {"PolicyArn": OTHER}, lambda reach: reach.owners(OTHER), BOB),
        ("AttachRolePolicy", {"PolicyArn": OTHER}, lambda reach: reach.owners(OTHER), BOB),
        ("PutUserPermissionsBoundary", {"PermissionsBoundary": OTHER}, lambda reach: reach.owners(OTHER), BOB),
        ("PutRolePermissionsBoundary", {"PermissionsBoundary": OTHER}, lambda reach: reach.owners(OTHER), BOB),
        (
            "AttachPolicy",
            {"PolicyId": "p-protect", "TargetId": "r-root"},
            lambda reach: reach.nodes_of({"PolicyId": "p-protect"}),
            "r-root",
        ),
        (
            "AttachPolicy",
            {"PolicyName": "protect", "PolicyType": SCP, "TargetId": "r-root"},
            lambda reach: reach.nodes_of({"PolicyName": "protect", "PolicyType": SCP}),
            "r-root",
        ),
    ],
)
def test_a_plan_adds_those_who_join(
    operation: str, parameters: Record, ask: t.Callable[[Reach], frozenset[str]], added: str
) -> None:
    planned = PlannedReach(KNOWN)
    planned.note(operation, parameters, [BOB])
    assert ask(planned) == ask(KNOWN) | {added}
    assert added not in ask(KNOWN)


@pytest.mark.parametrize("operation", ["DetachUserPolicy", "DeleteUserPermissionsBoundary", "RemoveUserFromGroup"])
def test_what_a_plan_takes_away_stays_in_the_picture(operation: str) -> None:
    planned = PlannedReach(KNOWN)
    planned.note(operation, {"PolicyArn": POLICY, "GroupName": "Team", "UserName": "bob"}, [BOB])
    assert planned.owners(POLICY) == KNOWN.owners(POLICY)
    assert planned.members("Team") == KNOWN.members("Team")
