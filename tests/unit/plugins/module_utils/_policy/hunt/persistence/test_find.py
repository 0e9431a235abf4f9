# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sweep: state decides what is there, deadlines come first, and lost events leave their objects."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.find import (
    find_persistence,
    list_questions,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import (
    Family,
    Hit,
    Presence,
    Question,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.state import MadeObject, State

from .synthetic import ACCOUNT, TIME, event

KEY: t.Final = Question("iam.access_key", ACCOUNT, "", ("eve", "AKIA1"))


def created_key(**more: t.Any) -> t.Any:
    return event(
        "iam", "CreateAccessKey", request={"userName": "eve"}, response={"accessKey": {"accessKeyId": "AKIA1"}}, **more
    )


def deletion(**more: t.Any) -> t.Any:
    return event("kms", "ScheduleKeyDeletion", request={"keyId": "k1", "pendingWindowInDays": 7}, **more)


NOTHING: t.Final = State()


def sweep(*events: t.Any, state: State = NOTHING, **more: t.Any) -> tuple[Hit, ...]:
    return find_persistence(events, state, **more)


def test_an_event_alone_never_says_that_it_is_there() -> None:
    hit = sweep(created_key())[0]
    assert hit.present is Presence.UNKNOWN
    assert "not read" in hit.reason
    assert hit.target == "AKIA1"
    assert hit.undo is not None
    assert (hit.undo.service, hit.undo.operation) == ("iam", "DeleteAccessKey")
    assert hit.undo.parameters == {"UserName": "eve", "AccessKeyId": "AKIA1"}


def test_the_state_decides() -> None:
    assert list_questions([created_key()]) == {KEY}
    there = sweep(created_key(), state=State({KEY: True}))[0]
    gone = sweep(created_key(), state=State({KEY: False}))[0]
    denied = sweep(created_key(), state=State(reasons={KEY: "iam:ListAccessKeys: AccessDenied"}))[0]
    assert (there.present, gone.present, denied.present) == (Presence.TRUE, Presence.FALSE, Presence.UNKNOWN)
    assert gone.undo is None
    assert denied.reason.startswith("iam:ListAccessKeys: AccessDenied")
    assert denied.undo is not None


def test_what_was_created_and_deleted_is_gone() -> None:
    """The state decides, not the order of events."""
    deleted = event("iam", "DeleteAccessKey", request={"userName": "eve", "accessKeyId": "AKIA1"})
    for answer, wanted in ((False, Presence.FALSE), (True, Presence.TRUE)):
        hits = {hit.event_name: hit for hit in sweep(created_key(), deleted, state=State({KEY: answer}))}
        assert hits["CreateAccessKey"].present is wanted


def test_what_happened_after_the_read_is_not_gone() -> None:
    """A snapshot may be some minutes old."""
    for seconds, expected in ((-60, Presence.UNKNOWN), (5, Presence.UNKNOWN), (60, Presence.FALSE)):
        state = State({KEY: False}, read_at={ACCOUNT: TIME + timedelta(seconds=seconds)})
        assert sweep(created_key(), state=state)[0].present is expected


def test_deadlines_come_first_soonest_first() -> None:
    later = event("secretsmanager", "DeleteSecret", request={"secretId": "s", "recoveryWindowInDays": 20})
    share = event(
        "ec2",
        "ModifySnapshotAttribute",
        request={"snapshotId": "snap-1", "createVolumePermission": {"add": {"items": [{"userId": "999988887777"}]}}},
    )
    hits = sweep(created_key(), later, share, deletion(), state=State({KEY: True}))
    assert [hit.event_name for hit in hits] == [
        "ScheduleKeyDeletion",
        "DeleteSecret",
        "CreateAccessKey",
        "ModifySnapshotAttribute",
    ]
    assert hits[0].deadline == TIME + timedelta(days=7)
    assert hits[3].is_urgent
    assert hits[0].to_dict()["deadline"] == "2026-12-04T10:00:00Z"


def test_a_deletion_that_was_cancelled_has_no_deadline() -> None:
    question = Question("kms.pending_deletion", ACCOUNT, "eu-west-1", ("k1",))
    hit = sweep(deletion(), state=State({question: False}))[0]
    assert (hit.present, hit.deadline, hit.undo) == (Presence.FALSE, None, None)


def test_a_denied_burst_is_one_line() -> None:
    burst = [dataclasses.replace(created_key(error="AccessDenied"), event_id=f"e{number:03}") for number in range(500)]
    hits = sweep(*burst, created_key())
    assert [(hit.count, hit.error_code) for hit in hits] == [(1, ""), (500, "AccessDenied")]
    assert hits[1].event_id == "e000"


def test_reads_of_one_secret_are_one_line_and_never_present() -> None:
    reads = [
        dataclasses.replace(
            event("secretsmanager", "GetSecretValue", request={"secretId": name}), event_id=f"{name}{n}"
        )
        for name in ("a", "b")
        for n in range(20)
    ]
    hits = sweep(*reads)
    assert [(hit.target, hit.count, hit.present, hit.undo) for hit in hits] == [
        ("a", 20, Presence.UNKNOWN, None),
        ("b", 20, Presence.UNKNOWN, None),
    ]


def test_every_event_that_wrote_keeps_its_line() -> None:
    """The same policy put twice are two events: each is evidence."""
    twice = [dataclasses.replace(created_key(), event_id=name) for name in ("one", "two")]
    assert [hit.event_id for hit in sweep(*twice)] == ["one", "two"]


def test_chains_come_from_the_caller() -> None:
    hit = sweep(created_key(), chains={"iam-CreateAccessKey": ("user/ci", "role/deploy")})[0]
    assert hit.chain == ("user/ci", "role/deploy")
    assert hit.to_dict()["chain"] == ["user/ci", "role/deploy"]


def test_an_event_without_parameters_is_found_all_the_same() -> None:
    hit = sweep(event("iam", "CreateAccessKey"))[0]
    assert (hit.target, hit.present, hit.undo) == ("", Presence.UNKNOWN, None)
    assert "does not name" in hit.reason


def test_a_source_that_nobody_knows_is_a_row_without_a_call() -> None:
    """It may be forged, and it may be new."""
    hits = sweep(event("iam.evil", "CreateAccessKey"), event("s3", "CreateAccessKey"))
    assert [(hit.family, hit.undo, hit.present) for hit in hits] == [(Family.UNKNOWN, None, Presence.UNKNOWN)] * 2


@pytest.mark.parametrize(
    ("source", "name", "more", "family"),
    [
        ("iam", "UpdateServiceSpecificCredential", {}, Family.IAM),
        ("iam", "UpdateAccessKey", {"request": {"status": "Inactive"}}, Family.IAM),
        ("redshift", "GetClusterCredentials", {"readOnly": True}, Family.CREDENTIAL),
        ("eks", "UpdateAccessEntry", {}, Family.PRINCIPAL),
        ("logs", "PutResourcePolicy", {}, Family.TRUST),
        ("batch", "RegisterJobDefinition", {}, Family.CODE),
        ("sso", "ProvisionPermissionSet", {}, Family.SIGN_IN),
        ("s3", "PutObject", {"readOnly": False}, Family.UNKNOWN),
        ("new-service", "CreateThing", {}, Family.UNKNOWN),
        ("new-service", "DescribeThing", {"readOnly": False}, Family.UNKNOWN),
    ],
)
def test_every_change_is_a_row(source: str, name: str, more: dict[str, t.Any], family: Family) -> None:
    found = event(source, name, **more)
    assert [(hit.event_id, hit.family) for hit in sweep(found)] == [(found.event_id, family)]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("DescribeThing", {}),
        ("PeekAtThing", {"readOnly": True}),
        ("PeekAtThing", {"readOnly": "true"}),
        ("CreateThing", {"error": "AccessDenied"}),
    ],
)
def test_what_changes_nothing_is_no_row(name: str, more: dict[str, t.Any]) -> None:
    assert sweep(event("new-service", name, **more)) == ()


def attachment(name: str = "AttachThingPolicy", minutes: int = 0, **request: str) -> t.Any:
    found = event("new-service", name, request=request)
    return dataclasses.replace(found, event_id=f"{name}{minutes}", time=TIME + timedelta(minutes=minutes))


def test_only_the_deletion_of_the_same_object_cancels_a_row() -> None:
    made = attachment(thing="a", policy="p")
    same = attachment("DetachThingPolicy", 5, thing="a", policy="p")
    others = [
        attachment("DetachThingPolicy", 5, thing="b", policy="p"),
        attachment("DetachThingPolicy", 5),
        attachment("DetachThingPolicy", -5, thing="a", policy="p"),
        attachment("DetachThing", 5, thing="a"),
        attachment("DisableThingPolicy", 5, thing="a", policy="p"),
        dataclasses.replace(same, account_id="999988887777"),
        dataclasses.replace(same, error_code="AccessDenied"),
    ]
    hit = sweep(made, others=[*others, same])[0]
    assert (hit.present, hit.reason) == (Presence.FALSE, "event DetachThingPolicy5 deleted it")
    assert sweep(made, others=others)[0].present is Presence.UNKNOWN


def test_a_read_of_today_wins_over_a_deletion() -> None:
    deleted = event("iam", "DeleteAccessKey", request={"userName": "eve", "accessKeyId": "AKIA1"})
    assert sweep(created_key(), others=[deleted])[0].present is Presence.FALSE
    assert sweep(created_key(), others=[deleted], state=State({KEY: True}))[0].present is Presence.TRUE


def test_rows_without_deadline_are_in_the_order_of_their_class() -> None:
    changes = [event("x", "Tick"), event("logs", "PutResourcePolicy"), event("iam", "UpdateServiceSpecificCredential")]
    hits = sweep(*changes, doubtful=["x-Tick"])
    assert [(hit.event_name, hit.is_doubtful) for hit in hits] == [
        ("UpdateServiceSpecificCredential", False),
        ("PutResourcePolicy", False),
        ("Tick", True),
    ]
    assert all(hit.use for hit in hits)


def test_a_forged_event_proposes_nothing_against_an_older_object() -> None:
    """Who can write log files could otherwise have the break-glass role deleted."""
    forged = event("iam", "CreateRole", request={"roleName": "break-glass"})
    question = Question("iam.role", ACCOUNT, "", ("break-glass", ""))
    older = MadeObject(
        Question("iam.role", ACCOUNT, "", ("break-glass", "AROA1")), "arn", TIME - timedelta(days=9), "a"
    )
    hit = sweep(forged, state=State({question: True}, made=(older,)))[0]
    assert (hit.present, hit.undo) == (Presence.FALSE, None)
    assert "made before the event" in hit.reason
    newer = dataclasses.replace(older, created=TIME)
    hit = sweep(forged, state=State({question: True}, made=(newer,)))[0]
    assert (hit.present, hit.undo is None) == (Presence.TRUE, False)


# Objects of today


def made(kind: str, *key: str, days: float = 0.0, is_exact: bool = True) -> MadeObject:
    question = Question(kind, ACCOUNT, "", key)
    return MadeObject(question, f"{kind}/{key[0]}", TIME + timedelta(days=days), "a user", is_exact)


def test_an_object_without_an_event_is_found() -> None:
    state = State(made=(made("iam.user", "eve", "AIDA1"), made("iam.user", "old", "AIDA2", days=-9)))
    hits = sweep(state=state, since=TIME)
    assert [(hit.event_id, hit.target, hit.present, hit.family, hit.is_doubtful) for hit in hits] == [
        ("", "iam.user/eve", Presence.TRUE, Family.IAM, True)
    ]
    assert hits[0].undo is not None
    assert hits[0].undo.parameters == {"UserName": "eve"}
    assert sweep(state=state) == ()


def test_an_event_of_anybody_explains_an_object() -> None:
    state = State(made=(made("iam.user", "eve", "AIDA1"),))
    own = event("iam", "CreateUser", request={"userName": "eve"})
    assert sweep(state=state, since=TIME, others=[own]) == ()
    failed = event("iam", "CreateUser", request={"userName": "eve"}, error="EntityAlreadyExists")
    assert len(sweep(state=state, since=TIME, others=[failed])) == 1
    assert [hit.event_id for hit in sweep(own, state=state, since=TIME)] == ["iam-CreateUser"]


def test_an_object_of_which_the_id_is_not_known_has_no_undo() -> None:
    state = State(made=(made("iam.access_key", "eve", "", is_exact=False),))
    assert [(hit.undo, hit.present) for hit in sweep(state=state, since=TIME)] == [(None, Presence.TRUE)]


def test_states_of_accounts_are_joined() -> None:
    other = dataclasses.replace(KEY, account_id="999988887777")
    joined = State({KEY: True}, made=(made("iam.user", "eve"),)).join(
        State({other: False}, {KEY: "denied"}, (made("iam.user", "eve"),))
    )
    assert joined.find(KEY, TIME) == (Presence.TRUE, "")
    assert joined.find(other, TIME) == (Presence.FALSE, "")
    assert len(joined.made) == 1
    early, late = ({ACCOUNT: TIME + timedelta(hours=hours)} for hours in (1, 2))
    assert State(read_at=late).join(State(read_at=early)).read_at == early
