# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A containment is taken back: what is ours, and as we left it, in the reverse order."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.changes import (
    DENY_ALL,
    Denial,
    QuarantineWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.doubts import Doubts
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.release import (
    DERIVATIONS,
    find_foreign,
    plan_release,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import (
    KIND_MINTED,
    OF_CREDENTIALS,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import (
    By,
    Contained,
    Event,
    Record,
    State,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.releasing import (
    Releasing,
    Terms,
    check_release,
    group,
    select,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo import Recorded, Unread
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_records import UnderivableError
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_requests import derive
from ansible_collections.hardening.iam.plugins.module_utils._converge.user_keys import Key, KeyRetirer, User

from .users import ACCOUNT, ARN, DENY, LEAKED, NOW, OTHER, SECOND, user

ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
CUT: t.Final = "IamHardeningIncident-INC-7"
MANAGED: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/iam-hardening/incident-INC-7-AROAEXAMPLE"
ALLOW_ALL: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def record(**fields: t.Any) -> Record:
    given: dict[str, t.Any] = {
        "contained": (
            Contained(ARN, "AIDAEXAMPLE", By.SOURCE, NOW),
            Contained(ROLE, "AROAEXAMPLE", By.CUT, NOW),
        ),
        "targets": frozenset({MANAGED}),
        "events": frozenset({Event(NOW, State.DECLARED, "one"), Event(NOW, State.CONTAINING, "one")}),
        "first_deny": NOW,
        "last_source_write": NOW,
        **fields,
    }
    return Record(ACCOUNT, "INC-7", State.CONTAINED, "Ana", "leaked", **given)


BOTH: t.Final = Denial(DENY, has_room=True)


def changes(denial: Denial = BOTH) -> tuple[Change, ...]:
    writer = QuarantineWriter(ACCOUNT, "INC-7")
    return writer.contain_user(user(), denial, leaked=frozenset({LEAKED}), removes_password=False)


def cuts() -> tuple[Change, ...]:
    """What the other module does to a role, in both ways."""
    writer = IdentityWriter(ACCOUNT, "session_revocation")
    later = {**DENY_ALL, "Id": "later"}
    return (
        writer.put_inline(ROLE, CUT, None, DENY_ALL),
        writer.put_inline(ROLE, CUT, DENY_ALL, later),
        writer.create_policy(MANAGED, DENY_ALL, description="", tags={}),
        writer.attach(ROLE, MANAGED),
    )


def recorded(*made: Change, outcome: Outcome = Outcome.APPLIED, **fields: t.Any) -> tuple[Recorded, ...]:
    given = {"run_id": "one", "module": "credential_quarantine", "job_id": "1", **fields}
    return tuple(
        (
            Intent(f"{ACCOUNT}/one/1/{number:06}", change=change, **{"at": NOW + timedelta(seconds=number), **given}),
            outcome,
        )
        for number, change in enumerate(made, start=1)
    )


def release(
    entries: tuple[Recorded, ...],
    present: dict[str, t.Any] | None = None,
    seeds: t.Iterable[str] = (),
    doubts: dict[str, Doubts] | None = None,
) -> Releasing:
    """Plan a release. What is not said otherwise is as it was left."""
    parts = group(select(entries, record(), OF_CREDENTIALS))
    states = {part.first.key: part.last.change.after for part in parts}
    return plan_release(parts, {**states, **(present or {})}, record(seeds=frozenset(seeds)), "aws", doubts)


def test_everything_is_taken_back_the_last_change_first() -> None:
    found = release(recorded(*changes()))
    assert (found.refused, found.left) == ((), ())
    assert [change.operation for change in found.changes] == [
        "UntagUser",
        "UpdateSSHPublicKey",
        "UpdateServiceSpecificCredential",
        "DeleteUserPolicy",
        "DetachUserPolicy",
        "UpdateAccessKey",
        "UpdateAccessKey",
        "UntagUser",
    ]
    for change, made in zip(found.changes, reversed(changes()), strict=True):
        assert made.undo is not None and change.parameters == made.undo.parameters
        assert (change.before, change.after) == (made.after, made.before)


@pytest.mark.parametrize(
    ("active", "reason"),
    [
        (False, "it leaked, so it stays inactive; delete it"),
        (True, "it leaked, and somebody activated it again; delete it"),
    ],
)
def test_the_leaked_key_does_not_come_back(active: bool, reason: str) -> None:
    entries = recorded(*changes())
    (own,) = [intent for intent, _outcome in entries if LEAKED in str(intent.change.before)]
    present = {own.key: own.change.before if active else own.change.after}
    found = release(entries, present, seeds={LEAKED})
    assert found.left == ({"target": ARN, "operation": "UpdateAccessKey", "reason": reason},)
    keys = [change.parameters["AccessKeyId"] for change in found.changes if change.operation == "UpdateAccessKey"]
    assert keys == [SECOND]
    assert len(found.changes) == len(entries) - 1


def test_what_may_be_the_intruders_stays_inactive() -> None:
    made = changes()
    found = release(recorded(*made), doubts={ARN: Doubts({SECOND: "it may be the intruder's"})})
    assert found.left == ({"target": ARN, "operation": "UpdateAccessKey", "reason": "it may be the intruder's"},)
    assert len(found.changes) == len(made) - 1


def test_a_key_without_proof_stays_inactive_as_a_precaution_and_did_not_leak() -> None:
    key = Key(SECOND, "Active", NOW)
    (made,) = [KeyRetirer(ACCOUNT, prefix=KIND_MINTED).deactivate(User("ci-deploy", ARN, ""), key)]
    found = release(recorded(made, module="session_revocation"), doubts={ARN: Doubts({SECOND: "any other reason"})})
    (left,) = found.left
    assert found.changes == () and "switched off as a precaution" in left["reason"]
    command = f"aws iam update-access-key --user-name ci-deploy --access-key-id {SECOND} --status Active"
    assert command in left["reason"] and "leaked" not in left["reason"]
    # Of a key that is proven it says what it says of all that leaked.
    (left,) = release(recorded(made, module="session_revocation"), seeds={SECOND}).left
    assert left["reason"] == "it leaked, so it stays inactive; delete it"


def test_nothing_is_taken_back_of_a_user_with_a_doubt() -> None:
    refusal = Refusal("not_looked_at", "look at it", ARN)
    found = release(recorded(*changes(), *cuts()), doubts={ARN: Doubts(refused=(refusal,))})
    assert found.refused == (refusal,) and found.left == ()
    assert {change.target for change in found.changes} == {ROLE, MANAGED}


def test_the_boundary_before_comes_back() -> None:
    found = release(recorded(*changes(Denial(boundary=DENY))))
    assert "DeleteUserPermissionsBoundary" in [change.operation for change in found.changes]


def test_cuts_of_roles_are_taken_back_whole() -> None:
    found = release(recorded(*cuts(), module="session_revocation"))
    assert [(change.operation, change.target) for change in found.changes] == [
        ("DetachRolePolicy", ROLE),
        ("DeletePolicy", MANAGED),
        ("DeleteRolePolicy", ROLE),
    ]
    assert found.changes[-1].before == {"inline_policy": CUT, "document": {**DENY_ALL, "Id": "later"}}


def test_what_an_intruder_wrote_between_two_passes_does_not_come_back() -> None:
    first = changes()
    inline = next(change for change in first if change.operation == "PutUserPolicy")
    filled = {"inline_policy": "IamHardeningQuarantine", "document": ALLOW_ALL}
    again = dataclasses.replace(inline, before=filled)
    found = release(recorded(*first, again))
    (taken,) = [
        change for change in found.changes if "UserPolicy" in change.operation and "inline_policy" in change.before
    ]
    assert (taken.operation, taken.after) == ("DeleteUserPolicy", {**filled, "document": None})
    # Also if a forged record calls it the first state.
    (forged,) = release(recorded(again)).changes
    assert forged.operation == "DeleteUserPolicy"


def test_what_is_as_before_needs_no_change() -> None:
    entries = recorded(*changes())
    present = {intent.key: intent.change.before for intent, _outcome in entries}
    assert release(entries, present) == Releasing()


def test_what_somebody_changed_since_stays() -> None:
    entries = recorded(*changes())
    found = release(entries, {entries[1][0].key: None})
    assert [item["reason"] for item in found.left] == ["somebody changed it since, so it stays as it is"]
    assert len(found.changes) == len(entries) - 1


def test_what_can_not_be_read_is_refused() -> None:
    entries = recorded(*changes())
    found = release(entries, {entries[1][0].key: Unread("denied")})
    assert [(refusal.rule, refusal.reason) for refusal in found.refused] == [("unread", f"{ARN} can't be read: denied")]


def test_what_can_not_be_undone_stays() -> None:
    writer = QuarantineWriter(ACCOUNT, "INC-7")
    state = user(password_created=NOW, credentials=())
    made = writer.contain_user(state, Denial(), leaked=frozenset(), removes_password=True)
    found = release(recorded(*made))
    assert [item["operation"] for item in found.left] == ["DeleteLoginProfile"]


# What a journal says that others wrote


FORGED: t.Final = {
    "another user": {"target": f"arn:aws:iam::{ACCOUNT}:user/admin"},
    "another account": {"account_id": OTHER},
    "another operation": {"operation": "CreateAccessKey"},
    "another policy": {
        "operation": "AttachUserPolicy",
        "before": {"policy": "arn:aws:iam::aws:policy/AdministratorAccess", "attached": False},
        "after": {"policy": "arn:aws:iam::aws:policy/AdministratorAccess", "attached": True},
    },
    "an inline policy": {
        "operation": "PutUserPolicy",
        "before": {"inline_policy": "admin", "document": ALLOW_ALL},
        "after": {"inline_policy": "admin", "document": None},
    },
    "another boundary": {
        "operation": "PutUserPermissionsBoundary",
        "before": {"boundary": None},
        "after": {"boundary": f"arn:aws:iam::{ACCOUNT}:policy/limit"},
    },
    "another tag": {
        "operation": "TagUser",
        "before": {"tag": "team", "value": "admins"},
        "after": {"tag": "team", "value": None},
    },
    "a policy that is not of the incident": {
        "operation": "CreatePolicy",
        "target": f"arn:aws:iam::{ACCOUNT}:policy/limit",
        "before": None,
        "after": {"document": DENY_ALL},
    },
}


@pytest.mark.parametrize("fields", FORGED.values(), ids=FORGED.keys())
def test_a_forged_record_is_refused(fields: dict[str, t.Any]) -> None:
    forged = dataclasses.replace(changes()[1], undo=Undo("Anything", {}), **fields)
    found = release(recorded(forged))
    assert found.changes == () and [refusal.rule for refusal in found.refused] == ["not_of_incident"]


def test_the_request_is_derived_and_not_taken_from_the_record() -> None:
    forged = dataclasses.replace(changes()[1], undo=Undo("UpdateAccessKey", {"UserName": "admin", "Status": "Active"}))
    (change,) = release(recorded(forged)).changes
    assert change.parameters == {"UserName": "ci-deploy", "AccessKeyId": LEAKED, "Status": "Active"}


def test_a_tag_has_again_the_value_that_it_had() -> None:
    tag = changes()[0]
    name = tag.before["tag"]
    changed = dataclasses.replace(tag, before={"tag": name, "value": "false"})
    (change,) = release(recorded(changed)).changes
    assert (change.operation, change.parameters) == (
        "TagUser",
        {"UserName": "ci-deploy", "Tags": [{"Key": name, "Value": "false"}]},
    )
    # Also where nothing else looks at the record, no other tag is set.
    with pytest.raises(UnderivableError, match="no tag of a containment"):
        derive(dataclasses.replace(tag, before={"tag": "team", "value": "admins"}), DERIVATIONS)


@pytest.mark.parametrize("arn", [DENY, "arn:aws:iam::aws:policy/AWSDenyAll"])
def test_both_policies_that_deny_everything_are_detached(arn: str) -> None:
    made = changes(Denial(arn))
    assert "DetachUserPolicy" in [change.operation for change in release(recorded(*made)).changes]
    bounded = changes(Denial(boundary=arn))
    assert not release(recorded(*bounded)).refused


def test_a_key_that_was_inactive_before_is_not_activated() -> None:
    shown = {"kind": "access_key", "id": LEAKED}
    forged = dataclasses.replace(
        changes()[1], before={**shown, "status": "Expired"}, after={**shown, "status": "Inactive"}
    )
    (refusal,) = release(recorded(forged)).refused
    assert refusal.rule == "undo_mismatch" and "it deactivated nothing" in refusal.reason


def test_a_record_about_another_kind_of_credential_activates_nothing() -> None:
    """The id of an SSH key is no parameter of the call that switches an access key."""
    shown = {"kind": "ssh_public_key", "id": "APKAEXAMPLE"}
    forged = dataclasses.replace(
        changes()[1], before={**shown, "status": "Active"}, after={**shown, "status": "Inactive"}
    )
    (refusal,) = release(recorded(forged)).refused
    assert refusal.rule == "undo_mismatch" and "another kind of credential" in refusal.reason


@pytest.mark.parametrize(
    ("policy", "targets"),
    [
        # Each of both alone is not enough: others may write to the record, and to the journal.
        (f"{MANAGED}-2", {MANAGED}),
        (f"arn:aws:iam::{ACCOUNT}:policy/limit", {f"arn:aws:iam::{ACCOUNT}:policy/limit"}),
        (MANAGED.replace("INC-7", "INC-8"), {MANAGED.replace("INC-7", "INC-8")}),
        (MANAGED.replace(ACCOUNT, OTHER), {MANAGED.replace(ACCOUNT, OTHER)}),
    ],
)
def test_a_policy_that_is_not_of_the_incident_is_not_deleted(policy: str, targets: set[str]) -> None:
    made = IdentityWriter(ACCOUNT, "").create_policy(policy, DENY_ALL, description="", tags={})
    assert "does not name" in find_foreign(made, record(targets=frozenset(targets)), "aws")


# Which changes


def test_only_what_was_done_in_this_round_and_not_taken_back_counts() -> None:
    made = recorded(*changes())
    old = recorded(changes()[0], at=NOW - timedelta(days=3))
    others = recorded(changes()[0], module="access_key_lifecycle")
    failed = recorded(changes()[0], outcome=Outcome.FAILED)
    foreign = recorded(changes()[0], outcome=Outcome.FOREIGN)
    assert select((*old, *others, *failed, *foreign), record(), OF_CREDENTIALS) == ()
    undo = dataclasses.replace(changes()[0], undoes=made[0][0].key)
    taken = (Intent(f"{ACCOUNT}/two/1/000001", "two", "credential_quarantine", undo, "1", NOW), Outcome.APPLIED)
    assert select((*made, taken), record(), OF_CREDENTIALS) == made[1:]
    # A killed run does not know how it ended.
    assert select(recorded(changes()[0], outcome=Outcome.UNKNOWN), record(), OF_CREDENTIALS)


# When


@pytest.mark.parametrize(
    ("fields", "hours", "lack"),
    [
        ({}, 36, ""),
        ({}, 35.9, "last until 2026-11-28T22:00:00Z"),
        # The intruder undid the denial for an hour.
        ({"last_source_write": NOW + timedelta(hours=1)}, 36.5, "last until 2026-11-28T23:00:00Z"),
        ({"first_deny": None, "last_source_write": None}, 100, "no moment of a denial"),
    ],
)
def test_tokens_end_before_a_release(fields: dict[str, t.Any], hours: float, lack: str) -> None:
    lacks = check_release(Terms(), record(**fields), NOW + timedelta(hours=hours))
    assert len(lacks) == bool(lack) and lack in "".join(lacks)
    early = Terms(early_release_reason="a false alarm", problems=("checklist.owner",))
    assert check_release(early, record(**fields), NOW) == ("checklist.owner",)


def test_every_derivation_is_of_a_change_that_a_containment_makes() -> None:
    made = {("iam", change.operation) for change in (*changes(), *changes(Denial(boundary=DENY)), *cuts())}
    assert made <= set(DERIVATIONS)
    assert all(isinstance(Refusal(*key, ""), Refusal) for key in DERIVATIONS)
