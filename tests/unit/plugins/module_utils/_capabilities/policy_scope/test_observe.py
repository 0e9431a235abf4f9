# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change finds and leaves, read live, and the versions that a rollback restores."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Caller, PolicyDocument, Role, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.changes import ScopeWriter
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.observe import (
    prepare_undos,
    read_target,
    reread,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.run import OPERATIONS
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.subjects import Subject
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._module.managed_policies import (
    read_policy,
    refuse_other_versions,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from unit.emulator.seeded import account, serving

ACCOUNT: t.Final = "123456789012"
NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
POLICY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/Data"
READ_ONLY: t.Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}


def document(action: str) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


WIDE, NARROW = document("s3:*"), document("s3:GetObject")
APP: t.Final = Role(
    "app",
    f"arn:aws:iam::{ACCOUNT}:role/app",
    "/",
    NOW,
    PolicyDocument("", TRUST),
    (READ_ONLY,),
    (PolicyDocument("mine", WIDE),),
    None,
    None,
    None,
)
SNAPSHOT: t.Final = Snapshot(
    caller=Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/administrator", "AIDA"),
    partition="aws",
    home_region="us-east-1",
    observed_at=NOW,
    regions=(),
    roles=(APP,),
)
WRITER: t.Final = ScopeWriter(SNAPSHOT)


@pytest.fixture
def access() -> t.Iterator[Access]:
    seed = account(
        policies={"Data": {"document": WIDE}},
        roles={"app": {"trust": TRUST, "policies": ["aws:ReadOnlyAccess", "Data"], "inline": {"mine": WIDE}}},
    )
    with serving(seed) as seeded:
        options = AccessOptions(
            endpoint_url=seeded.endpoint, access_key="administrator", secret_key="emulated", region="us-east-1"
        )
        yield Access(options, operations=OPERATIONS, check_mode=False)


def send(access: Access, change: Change) -> None:
    access.call("iam", change.operation, change.parameters)


def undo_of(change: Change) -> Change:
    assert change.undo is not None
    return dataclasses.replace(
        change,
        operation=change.undo.operation,
        parameters=change.undo.parameters,
        before=change.after,
        after=change.before,
        undoes=f"record of {change.operation}",
        impact=Impact.ADDITIVE,
    )


def recorded(change: Change) -> Change:
    """A change as a journal gives it back."""
    return dataclasses.replace(change, parameters={}, kind="", before=json.loads(json.dumps(change.before)))


@pytest.mark.parametrize(
    "change",
    [
        WRITER.put_inline(Subject("mine", "", APP, parse(WIDE)), WIDE, parse(NARROW), is_powerful=False),
        WRITER.create(f"{POLICY}-copy", parse(NARROW), copied="ReadOnlyAccess"),
        WRITER.detach(APP, READ_ONLY, is_powerful=False),
        WRITER.attach(APP, "arn:aws:iam::aws:policy/SecurityAudit"),
    ],
    ids=lambda change: change.operation,
)
def test_states_are_read_before_a_change_after_it_and_after_its_undo(access: Access, change: Change) -> None:
    read = reread(access, NOW)
    assert read(recorded(change)) == change.before
    send(access, change)
    assert read(recorded(change)) == change.after
    send(access, undo_of(change))
    assert read(recorded(change)) == change.before


def fill_versions(access: Access) -> None:
    for number in range(4):
        asked = {"PolicyArn": POLICY, "PolicyDocument": json.dumps(document(f"sqs:Get{number}"))}
        access.call("iam", "CreatePolicyVersion", {**asked, "SetAsDefault": False})


def narrow(access: Access) -> tuple[Change, Change]:
    """Narrow a policy of five versions, as the plan does it."""
    live = read_policy(access, POLICY)
    assert live is not None and len(live.versions) == 5
    changes = WRITER.make_room(live, live.others[0]), WRITER.update(live, parse(NARROW), is_powerful=False)
    for change in changes:
        assert read_target(access, recorded(change)) == change.before
        send(access, change)
        assert read_target(access, recorded(change)) == change.after
    return changes


def list_documents(access: Access) -> list[str]:
    live = read_policy(access, POLICY)
    assert live is not None
    return sorted(json.dumps(version.document) for version in live.versions)


def test_a_version_that_made_room_comes_back_in_place_of_the_new_one(access: Access) -> None:
    fill_versions(access)
    before = list_documents(access)
    room, update = narrow(access)
    undos = (undo_of(update), undo_of(room))
    first = prepare_undos(access, undos, ())[undos[1].undoes]
    assert isinstance(first, Change)
    assert (first.operation, first.undoes) == ("DeletePolicyVersion", undos[1].undoes)
    for undo in (undos[0], first, undos[1]):
        assert read_target(access, undo) == undo.before
        send(access, undo)
        assert read_target(access, undo) == undo.after
    live = read_policy(access, POLICY)
    assert live is not None and live.document == WIDE
    assert list_documents(access) == before


def test_without_room_nothing_of_others_is_deleted(access: Access) -> None:
    """The undo of the new version is not selected, so it stays, and the old one has no place."""
    fill_versions(access)
    room, _update = narrow(access)
    undo = undo_of(room)
    assert list_rules(prepare_undos(access, [undo], ())) == {undo.undoes: "versions"}


def list_rules(prepared: Mapping[str, Change | Refusal]) -> dict[str, str]:
    return {key: found.rule if isinstance(found, Refusal) else found.operation for key, found in prepared.items()}


def test_after_an_interrupted_rollback_the_version_of_the_run_makes_room(access: Access) -> None:
    """The former version is the default one again, so the change of the run is as before."""
    fill_versions(access)
    before = list_documents(access)
    room, update = narrow(access)
    send(access, undo_of(update))
    undo = undo_of(room)
    first = prepare_undos(access, [undo], [recorded(update)])[undo.undoes]
    assert isinstance(first, Change) and first.before == {"version_document": NARROW, "versions": 1}
    for change in (first, undo):
        send(access, change)
    assert list_documents(access) == before


@pytest.mark.parametrize("is_there", [True, False], ids=["beside that of the run", "in its place"])
def test_a_version_that_may_be_of_somebody_else_is_kept(access: Access, is_there: bool) -> None:
    """Somebody deletes a version, and creates another one."""
    fill_versions(access)
    room, update = narrow(access)
    send(access, undo_of(update))
    live = read_policy(access, POLICY)
    assert live is not None
    asked = {"PolicyArn": POLICY, "SetAsDefault": False}
    send(access, WRITER.make_room(live, live.others[0 if is_there else -1]))
    access.call("iam", "CreatePolicyVersion", {**asked, "PolicyDocument": json.dumps(document("sqs:ListQueues"))})
    undo = undo_of(room)
    assert list_rules(prepare_undos(access, [undo], [recorded(update)])) == {undo.undoes: "versions"}


def test_with_room_nothing_is_deleted(access: Access) -> None:
    fill_versions(access)
    room, update = narrow(access)
    live = read_policy(access, POLICY)
    assert live is not None
    send(access, WRITER.make_room(live, live.others[-1]))
    undos = (undo_of(update), undo_of(room))
    assert prepare_undos(access, undos, ()) == {}


def test_another_default_version_than_the_recorded_one_is_not_set(access: Access) -> None:
    fill_versions(access)
    _room, update = narrow(access)
    forged = dataclasses.replace(undo_of(update), after={"document": document("*")})
    assert {refusal.rule for refusal in refuse_other_versions(access, [forged], NOW).values()} == {"undo_mismatch"}
