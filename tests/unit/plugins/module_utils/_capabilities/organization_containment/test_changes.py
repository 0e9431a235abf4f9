# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import Unit
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.changes import (
    DERIVATIONS,
    TAG,
    is_of_incident,
    move_account,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_requests import derive, find_mismatch

from ..organization_policy.organizations import BOX, DEV, MANAGEMENT, OURS, PROD, WORK_DEV, policy

ARN: t.Final = f"arn:aws:organizations::{MANAGEMENT}:account/o-acme/{DEV}"
MOVE: t.Final = move_account(MANAGEMENT, ARN, Unit(WORK_DEV, "Dev", "/Work/Dev"), Unit(BOX, "Box", "/Box"))


def test_an_account_is_moved_and_can_be_moved_back() -> None:
    assert (MOVE.account_id, MOVE.region, MOVE.service, MOVE.operation) == (
        MANAGEMENT,
        "global",
        "organizations",
        "MoveAccount",
    )
    assert (MOVE.target, MOVE.kind, MOVE.impact) == (ARN, "organization_account_move", Impact.NARROWING)
    assert MOVE.parameters == {"AccountId": DEV, "SourceParentId": WORK_DEV, "DestinationParentId": BOX}
    assert (MOVE.before, MOVE.after) == ({"account": DEV, "parent": WORK_DEV}, {"account": DEV, "parent": BOX})
    back = {"AccountId": DEV, "SourceParentId": BOX, "DestinationParentId": WORK_DEV}
    assert MOVE.undo == Undo("MoveAccount", back) == derive(MOVE, DERIVATIONS)
    assert find_mismatch(MOVE, DERIVATIONS) == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"target": ARN.replace(DEV, PROD)},
        {"before": {"account": PROD, "parent": WORK_DEV}},
        {"after": {"account": PROD, "parent": BOX}},
        {"before": {"account": DEV, "parent": "ou-acme-99999999"}},
        {"before": None},
    ],
)
def test_a_forged_record_of_a_move_has_no_undo(fields: dict[str, t.Any]) -> None:
    assert find_mismatch(dataclasses.replace(MOVE, **fields), DERIVATIONS)


def test_a_containment_is_taken_back_by_no_more_than_it_needs() -> None:
    names = ("AttachPolicy", "CreatePolicy", "MoveAccount", "UpdatePolicy")
    assert set(DERIVATIONS) == {("organizations", name) for name in names}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({**OURS, TAG: "INC-7"}, True),
        ({**OURS, TAG: "INC-70"}, False),
        ({TAG: "INC-7"}, False),
        (OURS, False),
        ({}, False),
    ],
)
def test_a_policy_is_of_the_incident_that_its_tag_names(tags: dict[str, str], expected: bool) -> None:
    assert is_of_incident(policy(tags=tags), "INC-7") is expected
    assert not is_of_incident(dataclasses.replace(policy(), tags=None), "INC-7")
