# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.changes import (
    WRITES,
    MigrationWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.declared import Workload
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.records import Past
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import (
    Proposal,
    Situation,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.undo import DERIVATIONS
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_requests import derive, find_mismatch
from ansible_collections.hardening.iam.plugins.module_utils._converge.user_keys import Key, User
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumers

from .test_steps import ACCOUNT, KEY, ROLE, TRUST, USER, at, caller, situation

WRITER: t.Final = MigrationWriter(ACCOUNT, {"team": "data", "iam-hardening:workload": "x"})
READ: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITE: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}],
}
PROPOSED: t.Final = Proposal({"read": READ, "write": WRITE})


def inline(name: str, document: t.Any) -> PolicyDocument:
    return PolicyDocument(name, document)


def prepare(**fields: t.Any) -> list[Change]:
    given = {"role_arn": ROLE, "trust": TRUST, "proposal": PROPOSED, "boundary": "arn:aws:iam::aws:policy/B", **fields}
    return list(WRITER.prepare(dataclasses.replace(situation(), **given)))


def with_role(**fields: t.Any) -> t.Any:
    role = situation().role
    assert role is not None
    return dataclasses.replace(role, **fields)


def test_a_role_is_made_with_all_its_policies() -> None:
    made, *policies = prepare(role=None)
    assert (made.operation, made.target, made.account_id, made.kind) == (
        "CreateRole",
        ROLE,
        ACCOUNT,
        "key_migration_prepare",
    )
    assert (made.parameters["Path"], made.parameters["RoleName"]) == ("/workload/", "job")
    assert json.loads(made.parameters["AssumeRolePolicyDocument"]) == TRUST
    assert made.parameters["PermissionsBoundary"] == "arn:aws:iam::aws:policy/B"
    # The tags of a run never take the place of those that name the workload.
    assert {tag["Key"]: tag["Value"] for tag in made.parameters["Tags"]} == {
        "team": "data",
        "iam-hardening:workload": "job",
        "iam-hardening:moved-from": "AIDA",
    }
    assert "job" in made.parameters["Description"] and "svc" in made.parameters["Description"]
    assert made.undo == Undo("DeleteRole", {"RoleName": "job"}) and made.impact is Impact.ADDITIVE
    assert [(one.operation, one.target, one.parameters["PolicyName"]) for one in policies] == [
        ("PutRolePolicy", ROLE, "read"),
        ("PutRolePolicy", ROLE, "write"),
    ]
    assert [json.loads(one.parameters["PolicyDocument"]) for one in policies] == [READ, WRITE]
    assert "PermissionsBoundary" not in prepare(role=None, boundary="")[0].parameters


def test_the_next_run_makes_what_a_run_that_was_killed_left() -> None:
    (rest,) = prepare(role=with_role(inline_policies=(inline("read", READ),)))
    assert (rest.operation, rest.parameters["PolicyName"], rest.before["document"]) == ("PutRolePolicy", "write", None)
    assert prepare(role=with_role(inline_policies=(inline("read", READ), inline("write", WRITE)))) == []


@pytest.mark.parametrize("fields", [{"user": None}, {"proposal": None}, {"trust": None}])
def test_without_a_user_a_proposal_and_a_trust_nothing_is_made(fields: dict[str, t.Any]) -> None:
    assert prepare(role=None, **fields) == []


def test_a_role_is_deleted_after_its_policies() -> None:
    role = with_role(inline_policies=(inline("read", READ), inline("odd", None)), boundary="arn:aws:iam::aws:policy/B")
    found = list(WRITER.delete_role(dataclasses.replace(situation(), role=role)))
    assert [one.operation for one in found] == ["DeleteRolePolicy", "DeleteRolePolicy", "DeleteRole"]
    assert [one.parameters.get("PolicyName") for one in found] == ["read", "odd", None]
    assert {(one.impact, one.kind, one.target) for one in found} == {(Impact.DESTRUCTIVE, "key_migration_undo", ROLE)}
    assert found[-1].before == {"role": "job", "trust": TRUST, "boundary": "arn:aws:iam::aws:policy/B"}
    assert list(WRITER.delete_role(dataclasses.replace(situation(), role=None))) == []


def test_each_write_is_one_that_can_be_taken_back_but_for_a_deletion() -> None:
    assert {operation for _service, operation in DERIVATIONS} <= WRITES
    role = with_role(inline_policies=(inline("read", READ),))
    user = User("svc", USER, "AIDA")
    key = Key(KEY, "Active", at(0))
    found = [
        *prepare(role=None),
        *WRITER.delete_role(dataclasses.replace(situation(), role=role)),
        WRITER.keys.deactivate(user, key),
        WRITER.keys.delete(user, key),
    ]
    assert {one.operation for one in found} == WRITES
    assert {one.operation for one in found if one.undo is None} == {"DeleteRole", "DeleteAccessKey"}
    assert {one.kind for one in found[-2:]} == {"key_migration_deactivate", "key_migration_delete"}


# The key of a workload

WORKLOAD: t.Final = Workload("job", "svc")
OTHER: t.Final = "AKIATHIRDTHIRDTHIRD3"


def own(*keys: Key, workload: Workload = WORKLOAD, **fields: t.Any) -> Situation:
    return Situation(workload, User("svc", USER, "AIDA", keys), **fields)


def key(key_id: str = KEY, status: str = "Active", used: t.Optional[float] = None) -> Key:
    return Key(key_id, status, at(-100), None if used is None else at(used))


def test_the_key_is_that_of_the_records_then_the_declared_then_the_only_active_one() -> None:
    both = key(), key(OTHER)
    named = Workload("job", "svc", key=OTHER)
    past = situation().past
    assert own(key()).key == key() and own(key(status="Inactive")).key is None
    assert own(*both).key is None and own(key(), key(OTHER, "Inactive")).key == key()
    assert own(*both, workload=named).key == key(OTHER)
    assert own(*both, workload=named, past=past).key == key()
    assert own(key(status="Inactive"), past=past).key == key(status="Inactive")
    # A key that is gone is not taken for another.
    assert own(key(OTHER), past=past).key is None and own(key(), workload=named).key is None
    assert Situation(Workload("job", "svc"), past=Past()).key is None


def test_the_last_use_is_the_later_of_what_iam_and_cloudtrail_have() -> None:
    seen = Consumers((caller(-3),))
    assert own(key(used=-1), consumers=seen).key_last_used == at(-1)
    assert own(key(used=-5), consumers=seen).key_last_used == at(-3)
    assert own(key(), consumers=seen).key_last_used == at(-3)
    assert own(key()).key_last_used is None and own(consumers=seen).key_last_used is None


def test_the_undo_of_each_write_follows_from_what_it_shows() -> None:
    role = with_role(inline_policies=(inline("read", READ),))
    user = User("svc", USER, "AIDA")
    found = [
        *prepare(role=None),
        *WRITER.delete_role(dataclasses.replace(situation(), role=role)),
        WRITER.keys.deactivate(user, Key(KEY, "Active", at(0))),
    ]
    for change in found:
        derived = derive(change, DERIVATIONS)
        assert (derived is None) == (change.undo is None) and find_mismatch(change, DERIVATIONS) == ""
        if derived and change.undo:
            assert derived.operation == change.undo.operation
