# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release takes back what this collection did for the incident, and nothing that a journal merely claims."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.documents import policy_document
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    SCP,
    OrganizationTree,
    Unit,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.changes import (
    TAG,
    move_account,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.documents import (
    deny_account,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.release import (
    Present,
    find_foreign,
    plan_release,
    stays_with,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Event, Record, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.releasing import Releasing, group, select
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.organization_changes import (
    Node,
    PolicyWriter,
    name_policy,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo import Unread
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above
from ansible_collections.hardening.iam.plugins.module_utils._incident.control_policy import Content

from ..organization_policy.organizations import BOX, DEV, MANAGEMENT, OURS, PROD, ROOT, WORK_DEV, policy, tree

NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
NAME: t.Final = f"IamHardeningQuarantine-INC-7-{DEV}"
CONTENT: t.Final = deny_account([], NOW)
WRITER: t.Final = PolicyWriter(MANAGEMENT, NAME, SCP, None)
CREATE: t.Final = WRITER.create(CONTENT, "", {TAG: "INC-7"})
ATTACH: t.Final = WRITER.attach(Node(DEV, "dev"))
ARN: t.Final = f"arn:aws:organizations::{MANAGEMENT}:account/o-acme/{PROD}"
MOVE: t.Final = move_account(MANAGEMENT, ARN, Unit(WORK_DEV, "Dev", "/Work/Dev", ROOT), Unit(BOX, "Box", "/Box", ROOT))
RECORD: t.Final = Record(
    MANAGEMENT,
    "INC-7.organization",
    State.CONTAINED,
    "Ana",
    "an intruder is here",
    targets=frozenset({DEV, PROD, name_policy(NAME, SCP)}),
    events=frozenset({Event(NOW, State.DECLARED, "one")}),
)


def release(
    *done: Change, organization: t.Optional[OrganizationTree] = None, record: Record = RECORD, **states: t.Any
) -> Releasing:
    entries = [
        (Intent(f"key-{number}", "one", "organization_containment", change, at=NOW), Outcome.APPLIED)
        for number, change in enumerate(done)
    ]
    parts = group(select(entries, record, ("organization_containment",)))
    present = {f"key-{number}": change.after for number, change in enumerate(done)}
    own = organization or tree(dataclasses.replace(policy(NAME, DEV), tags=OURS))
    return plan_release(parts, Present(own, {**present, **states}), record)


def test_everything_is_taken_back_the_last_change_first() -> None:
    found = release(CREATE, ATTACH, MOVE)
    assert [change.operation for change in found.changes] == ["MoveAccount", "DetachPolicy", "DeletePolicy"]
    assert found.changes[0].parameters == {"AccountId": PROD, "SourceParentId": BOX, "DestinationParentId": WORK_DEV}
    assert not found.refused and not found.left


def test_a_policy_that_a_later_run_changed_is_deleted_too() -> None:
    live = policy(NAME, DEV, content=dict(CONTENT.document), tags=OURS)
    later = dataclasses.replace(WRITER, live=live).update(live, Content({"Version": "2012-10-17", "Statement": []}), "")
    found = release(CREATE, ATTACH, later, **{"key-0": later.after})
    assert [change.operation for change in found.changes] == ["DetachPolicy", "DeletePolicy"]


@pytest.mark.parametrize(
    ("states", "organization", "reason"),
    [
        ({"key-0": {**CREATE.after, "document": {"Statement": []}}}, None, "somebody changed the policy"),
        ({}, tree(policy(NAME, DEV, BOX, tags=OURS)), "attached it to ou-acme"),
        ({"key-2": {"account": PROD, "parent": ROOT}}, None, "somebody changed it since"),
    ],
)
def test_what_somebody_changed_stays(
    states: dict[str, t.Any], organization: t.Optional[OrganizationTree], reason: str
) -> None:
    (left,) = release(CREATE, ATTACH, MOVE, organization=organization, **states).left
    assert reason in left["reason"]


def test_what_is_gone_already_needs_nothing() -> None:
    found = release(CREATE, ATTACH, MOVE, **{"key-0": None, "key-1": ATTACH.before, "key-2": MOVE.before})
    assert found == Releasing()
    unread = release(ATTACH, **{"key-0": Unread("denied")})
    assert [refusal.rule for refusal in unread.refused] == ["unread"]


def test_a_unit_that_is_gone_takes_nothing_back() -> None:
    small = tree()
    small = dataclasses.replace(small, units=tuple(unit for unit in small.units if unit.id != WORK_DEV), accounts=())
    (left,) = release(MOVE, organization=small).left
    assert "is gone" in left["reason"]


@pytest.mark.parametrize(
    "forged",
    [
        dataclasses.replace(ATTACH, account_id=DEV),
        dataclasses.replace(ATTACH, operation="DetachPolicy"),
        dataclasses.replace(ATTACH, before={**ATTACH.before, "policy": "protect"}),
        dataclasses.replace(ATTACH, before={**ATTACH.before, "type": "RESOURCE_CONTROL_POLICY"}),
        # The policy of another incident, and one that the record does not name.
        dataclasses.replace(ATTACH, before={**ATTACH.before, "policy": f"IamHardeningQuarantine-INC-8-{DEV}"}),
        dataclasses.replace(
            ATTACH, target="elsewhere", before={**ATTACH.before, "policy": "IamHardeningQuarantine-INC-7-x"}
        ),
        dataclasses.replace(MOVE, before={**MOVE.before, "account": "999988887777"}),
        dataclasses.replace(MOVE, before=None, after=None),
    ],
)
def test_a_forged_record_is_refused(forged: Change) -> None:
    assert find_foreign(forged, RECORD)
    assert [refusal.rule for refusal in release(forged).refused] == ["not_of_incident"]


@pytest.mark.parametrize(
    "forged",
    [
        dataclasses.replace(MOVE, target=ARN.replace(PROD, DEV)),
        dataclasses.replace(MOVE, after={**MOVE.after, "account": DEV}),
    ],
)
def test_a_record_whose_undo_is_none_of_its_change_is_refused(forged: Change) -> None:
    found = release(forged)
    assert not found.changes and not found.left
    assert [(one.rule, one.target, one.operation) for one in found.refused] == [
        ("undo_mismatch", forged.target, forged.operation)
    ]


def test_the_undo_is_derived_and_not_believed() -> None:
    believed = [dataclasses.replace(ATTACH, undo=CREATE.undo), dataclasses.replace(ATTACH, undo=None)]
    for change in believed:
        (detach,) = release(change).changes
        assert detach.operation == "DetachPolicy" and detach.parameters["TargetId"] == DEV and detach.undoes == "key-0"


def test_a_policy_stays_while_it_is_attached() -> None:
    move, detach, delete = release(CREATE, ATTACH, MOVE).changes
    assert stays_with(delete, detach) and not stays_with(detach, delete) and not stays_with(move, detach)
    assert stays_with(ATTACH, CREATE) and isinstance(Refusal("a", "b", "c"), Refusal)


def test_the_dormant_policy_is_dormant_again_if_it_is_as_it_was_left() -> None:
    live = policy(from_above.NAME, ROOT, content=from_above.DORMANT.document, description="Dormant.")
    locked, lifted = Content.of([{"Sid": "Lock"}]), Content.of([{"Sid": "Named"}])
    writer = PolicyWriter(MANAGEMENT, from_above.NAME, SCP, live)
    first = writer.update(live, locked, "Incident INC-7: locked")
    between = dataclasses.replace(live, document=policy_document("Content", locked.text), content=locked.text)
    second = PolicyWriter(MANAGEMENT, from_above.NAME, SCP, between).update(between, lifted, "Incident INC-7: lifted")
    record = dataclasses.replace(RECORD, targets=RECORD.targets | {name_policy(from_above.NAME, SCP)})
    organization = tree(live)
    (change,) = release(first, second, record=record, organization=organization, **{"key-0": second.after}).changes
    assert (change.operation, change.after) == ("UpdatePolicy", first.before)
    assert change.parameters["Description"] == "Dormant." and change.parameters["PolicyName"] == from_above.NAME
    kept = release(first, second, record=record, organization=organization, **{"key-0": first.after})
    assert not kept.changes and "somebody changed it since" in kept.left[0]["reason"]
    foreign = release(first, organization=organization)
    assert not foreign.changes and "does not name" in foreign.refused[0].reason
