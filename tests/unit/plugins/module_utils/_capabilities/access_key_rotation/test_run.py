# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import types
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.archive import (
    Archive,
    Log,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.changes import (
    RotationWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.history import MODULE
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.issuing.run import Issuer
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    CURRENT,
    INACTIVE,
    make_version_id,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.records import Event
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.run import KeyRotation
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, make_mark
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._converge.fakes import FakeStore
from .recorded import CALLER, HOME, REGION, RecordedAws, answer_secret, answer_user, connect
from .rotations import (
    ACCOUNT,
    DECLARED,
    NEW,
    OLD,
    PREVIOUS,
    SECRET,
    TARGET,
    USER,
    USER_ID,
    VERSION,
    Key,
    at,
    key,
    record,
    secret,
    user,
)

PENDING: t.Final = {PREVIOUS: [CURRENT], VERSION: ["AWSPENDING"]}
MOVED: t.Final = {VERSION: [CURRENT], PREVIOUS: ["AWSPREVIOUS"]}
BEFORE: t.Final = {PREVIOUS: [CURRENT]}
DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
STAGES: t.Final = (("created", 0), ("distributed", 1), ("verified", 9), ("old_inactive", 10))


def event(**fields: t.Any) -> dict[str, t.Any]:
    """A call of CreateAccessKey as LookupEvents hands it out, or of another with ``fields``."""
    given = {
        "eventTime": "2026-03-01T00:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateAccessKey",
        "userAgent": f"Boto3/1 hardening.iam {make_mark('run-1', 'job-1')}",
        "userIdentity": {"type": "IAMUser", "arn": CALLER},
        "responseElements": {"accessKey": {"accessKeyId": NEW}},
        "recipientAccountId": ACCOUNT,
        **fields,
    }
    return {"CloudTrailEvent": json.dumps(given)}


class Case:
    """The module in an account of recorded answers, at a day."""

    def __init__(self, *keys: Key, stages: int = 0, days: float = 50, versions: t.Any = None, **fields: t.Any) -> None:
        self.store = FakeStore()
        self.store.now = at(0)
        answers = {**answer_user(*keys), **answer_secret(BEFORE if versions is None else versions)}
        self.aws = RecordedAws({**answers, "LookupEvents": [{"Events": []}], **fields})
        for number, (stage, day) in enumerate(STAGES[:stages]):
            Archive(self.store, ACCOUNT).write(record(stage, day), Log(number=number))
        self.connection = connect(self.aws, at(days), self.store)
        self.writes = True

    def make(self, targets: t.Any = (TARGET,), **options: t.Any) -> KeyRotation:
        evidence = {"event_history": True, "trail_logs": (), "regions": (), "event_history_max_pages": 3}
        given = {
            "declared": dataclasses.replace(DECLARED, targets=targets, delete_after=7),
            "evidence": types.SimpleNamespace(**evidence),
            "break_glass": (),
            "journal": None,
            "run": types.SimpleNamespace(writes=self.writes, id="run-9"),
            "reveal_key_ids": True,
            **options,
        }
        return KeyRotation(t.cast(t.Any, types.SimpleNamespace(**given)), self.connection)

    def plan(self, **options: t.Any) -> tuple[KeyRotation, Plan]:
        capability = self.make(**options)
        return capability, capability.plan(capability.observe(), ())

    def attempt(self, **fields: t.Any) -> None:
        """Leave an attempt of a run that was cut off."""
        made = RotationWriter(ACCOUNT, "aws", REGION).create_key(user(key()), key(), TARGET, secret())
        names = {"account_id": ACCOUNT, "run_id": "run-1", "job_id": "job-1", "module": MODULE, "caller_arn": CALLER}
        journal = Journal(self.store, clock=lambda: at(0), details={}, **names)
        journal.intend(dataclasses.replace(made, **fields))

    @property
    def lookups(self) -> list[tuple[str, str]]:
        """What CloudTrail was asked for, and where."""
        asked = [
            (asked["LookupAttributes"][0], region) for name, asked, region in self.aws.asked if name == "LookupEvents"
        ]
        return [(attribute["AttributeValue"], str(region)) for attribute, region in asked]


def operations(plan: Plan) -> list[str]:
    return [change.operation for change in plan.changes]


def rules(plan: Plan) -> list[str]:
    return [refusal.rule for refusal in plan.refused]


CYCLE: t.Final = (
    (0, 50, BEFORE, ["CreateAccessKey"], "created"),
    (1, 1, PENDING, ["UpdateSecretVersionStage"], "distributed"),
    (2, 50, MOVED, [], "verified"),
    (3, 50, MOVED, ["UpdateAccessKey"], "old_inactive"),
    (4, 50, MOVED, ["DeleteAccessKey"], "old_deleted"),
)


def keys_of(stages: int) -> tuple[Key, ...]:
    old = key(used=0, status=INACTIVE if stages == 4 else "Active")
    return (old,) if stages == 0 else (old, key(NEW, age=0, used=2))


@pytest.mark.parametrize(("stages", "days", "versions", "writes", "reached"), CYCLE)
def test_each_stage_plans_its_writes_and_records_what_was_made(
    stages: int, days: float, versions: t.Any, writes: list[str], reached: str
) -> None:
    case = Case(*keys_of(stages), stages=stages, days=days, versions=versions)
    capability, plan = case.plan()
    assert (operations(plan), rules(plan), plan.warnings) == (writes, [], ())
    before = set(case.store.objects)
    capability.conclude({}, completed=True)
    # A write that was not made is not recorded.
    assert (set(case.store.objects) == before) is bool(writes)
    for change in plan.changes:
        capability.learn(change, {"AccessKeyId": NEW, "SecretArn": SECRET, "VersionId": VERSION, "Secret": "x"})
    if writes:
        capability.conclude({}, completed=True)
    (made,) = set(case.store.objects) - before
    found = Event.of_bytes(case.store.objects[made])
    assert (made[-len(reached) - 12 :], found.stage.value) == (f"{stages + 1:06d}-{reached}.json", reached)
    assert (found.old_key, found.new_key, found.version_id, found.previous) == (OLD, NEW, VERSION, found.previous)
    assert (found.at, found.by, found.run_id, found.user_id) == (at(days), CALLER, "run-9", USER_ID)


@pytest.mark.parametrize(("stages", "days", "versions", "writes", "_reached"), CYCLE)
def test_nothing_is_recorded_where_nothing_is_written(
    stages: int, days: float, versions: t.Any, writes: list[str], _reached: str
) -> None:
    case = Case(*keys_of(stages), stages=stages, days=days, versions=versions)
    case.writes = False
    capability, plan = case.plan()
    before = dict(case.store.objects)
    for change in plan.changes:
        capability.learn(change, {"AccessKeyId": NEW, "SecretArn": SECRET, "VersionId": VERSION})
    capability.conclude({}, completed=True)
    assert case.store.objects == before and operations(plan) == writes


@pytest.mark.parametrize(("stages", "days", "versions", "writes"), [each[:4] for each in CYCLE if each[3]])
def test_a_step_that_was_not_made_is_not_said_to_be_one_of_this_run(
    stages: int, days: float, versions: t.Any, writes: list[str]
) -> None:
    capability, plan = Case(*keys_of(stages), stages=stages, days=days, versions=versions).plan()

    def tell(*refused: Refusal) -> tuple[str, bool]:
        result = capability.result({"refused": [item.as_dict() for item in refused]})
        return result["rotations"][0]["held"], "step of this run" in result["terminal"]

    assert tell() == ("this run did not make it", False)
    assert tell(Refusal("cap", "too many", plan.changes[0].target, writes[0])) == ("too many", False)
    for change in plan.changes:
        capability.learn(change, {"AccessKeyId": NEW, "SecretArn": SECRET, "VersionId": VERSION})
    assert tell() == tell(Refusal("cap", "too many", "another", writes[0])) == ("", True)


def test_a_new_secret_is_made_with_its_key_and_they_stay_together() -> None:
    case = Case(key(used=0), DescribeSecret=NotFound("none", code="ResourceNotFoundException"))
    capability, plan = case.plan()
    made, created = plan.changes
    assert operations(plan) == ["CreateSecret", "CreateAccessKey"] and created.after["new_key"]["current"] is True
    assert capability.stays_with(created, made) and not capability.stays_with(made, created)
    assert capability.serves(made, created) and not capability.serves(created, made)
    other = dataclasses.replace(made, after={**made.after, "user": "arn:other"})
    assert not capability.stays_with(created, other) and not capability.serves(other, created)
    assert capability.learn(made, {"ARN": SECRET}) == {}
    capability.conclude({}, completed=True)
    assert not case.store.list("rotations/")
    assert capability.acting(made) is None and isinstance(capability.acting(created), Issuer)
    with pytest.raises(AwsError, match="none of the declared users"):
        capability.acting(dataclasses.replace(created, target="arn:other"))


def test_of_an_answer_the_three_ids_are_kept() -> None:
    capability, plan = Case(key(used=0)).plan()
    ids = {"AccessKeyId": NEW, "SecretArn": SECRET, "VersionId": VERSION}
    assert capability.learn(plan.changes[0], {**ids, "SecretAccessKey": "hidden"}) == ids
    capability, plan = Case(*keys_of(1), stages=1, days=1, versions=PENDING).plan()
    assert capability.learn(plan.changes[0], ids) == {}


def test_the_key_goes_into_the_secret_that_was_there() -> None:
    for described, named in ((BEFORE, SECRET), (None, TARGET.secret)):
        made = {"AccessKey": {"AccessKeyId": NEW, "SecretAccessKey": "hidden"}}
        missing = {"DescribeSecret": NotFound("none")} if described is None else {}
        case = Case(key(used=0), versions=described, **missing, CreateAccessKey=made, PutSecretValue={"ARN": SECRET})
        capability, plan = case.plan()
        acting = capability.acting(plan.changes[-1])
        assert acting is not None
        answer = acting.call("iam", "CreateAccessKey", {"UserName": "svc"})
        assert answer == {"AccessKeyId": NEW, "SecretArn": SECRET, "VersionId": VERSION}
        stored = next(asked for name, asked, _region in case.aws.asked if name == "PutSecretValue")
        assert (stored["SecretId"], stored["ClientRequestToken"]) == (named, VERSION)


# What can't be read


@pytest.mark.parametrize("operation", ["GetUser", "ListAccessKeys", "GetAccessKeyLastUsed", "DescribeSecret"])
def test_a_target_that_cannot_be_read_is_refused_alone(operation: str) -> None:
    other = dataclasses.replace(TARGET, user="other", secret="other")
    case = Case(key(used=0), **{operation: DENIED})
    _capability, plan = case.plan(targets=(TARGET, other))
    assert operations(plan) == [] and rules(plan) == ["unread", "unread"]
    assert "not allowed" in plan.refused[0].reason


def test_a_user_that_is_not_there_and_records_that_cannot_be_read_are_refused() -> None:
    gone = Case(GetUser=NotFound("none", code="NoSuchEntity"))
    assert rules(gone.plan()[1]) == ["no_user"]
    lost = Case(key(used=0))
    lost.store.lost = True
    _capability, plan = lost.plan()
    assert rules(plan) == ["unread"] and "its records can't be read" in plan.refused[0].reason


def test_a_journal_that_cannot_be_read_makes_no_key_ours() -> None:
    case = Case(key(used=0), key(NEW, age=0))
    case.attempt()
    case.store.list = _only_rotations(case.store)  # type: ignore[method-assign]
    _capability, plan = case.plan()
    assert operations(plan) == [] and rules(plan) == ["unread"]
    assert "the journal can't be read" in plan.refused[0].reason


def _only_rotations(store: FakeStore) -> t.Any:
    original = store.list

    def listed(prefix: str = "") -> list[str]:
        store.lost = not prefix.startswith("rotations/")
        try:
            return original(prefix)
        finally:
            store.lost = False

    return listed


@pytest.mark.parametrize("stages", [2, 3])
def test_events_that_cannot_be_read_keep_the_old_key(stages: int) -> None:
    case = Case(*keys_of(stages), stages=stages, versions=MOVED, LookupEvents=[DENIED])
    capability, plan = case.plan()
    assert operations(plan) == [] and rules(plan) == ["users_unknown"]
    assert any("it is not known who uses the keys of svc" in text for text in plan.warnings)
    capability.conclude({}, completed=True)
    assert len(case.store.list("rotations/")) == stages
    assert "not allowed" in capability.result({"refused": ()})["rotations"][0]["users_unknown"]


def test_events_are_read_for_both_keys_while_it_matters_who_uses_them() -> None:
    for stages in (1, 2, 3):
        case = Case(*keys_of(stages), stages=stages, versions=MOVED)
        case.plan()
        assert sorted(case.lookups) == sorted((one, region) for one in (OLD, NEW) for region in (HOME, REGION))
        (begin,) = {asked["StartTime"] for name, asked, _region in case.aws.asked if name == "LookupEvents"}
        assert begin == at(0) - timedelta(days=30)
    for case in (Case(key(used=0)), Case(*keys_of(4), stages=4, versions=MOVED, LookupEvents=[DENIED])):
        _capability, plan = case.plan()
        assert case.lookups == [] and plan.warnings == ()


def test_a_record_that_is_doubted_asks_for_no_events() -> None:
    case = Case(*keys_of(2), stages=2, versions=MOVED)
    case.store.objects["rotations/" + ACCOUNT + "/svc/" + USER_ID + "/000003-verified.json"] = b"{}"
    assert rules(case.plan()[1]) == ["state_doubt"] and case.lookups == []


# A key that a run may have left


def left(**fields: t.Any) -> Case:
    return Case(key(used=0), key(NEW, age=0), LookupEvents=[{"Events": [event(**fields)]}])


def test_a_key_of_an_open_attempt_is_deleted_where_cloudtrail_shows_our_call() -> None:
    case = left()
    case.attempt()
    _capability, plan = case.plan()
    (change,) = plan.changes
    assert (change.operation, change.kind, change.parameters["AccessKeyId"]) == (
        "DeleteAccessKey",
        "access_key_discard",
        NEW,
    )
    assert case.lookups == [("CreateAccessKey", HOME)]
    assert [NEW in text and "is to delete it" in text for text in plan.warnings] == [True]


@pytest.mark.parametrize(
    "fields",
    [
        {"userAgent": "aws-cli/2"},
        {"userIdentity": {"arn": "arn:aws:iam::111122223333:user/alice"}},
        {"responseElements": {"accessKey": {"accessKeyId": "AKIATHIRDTHIRDTHIRD3"}}},
        {"recipientAccountId": "999988887777"},
        {"errorCode": "AccessDenied"},
    ],
)
def test_a_key_of_an_open_attempt_stays_where_cloudtrail_shows_another_call(fields: dict[str, t.Any]) -> None:
    case = left(**fields)
    case.attempt()
    _capability, plan = case.plan()
    assert operations(plan) == [] and rules(plan) == ["two_keys"]
    assert [NEW in text and "So it stays" in text for text in plan.warnings] == [True]


@pytest.mark.parametrize(
    "fields",
    [
        {"target": USER.replace("svc", "other")},
        {"account_id": "999988887777"},
        {"before": {"key": "AKIATHIRDTHIRDTHIRD3"}},
    ],
)
def test_attempts_for_others_make_no_key_ours(fields: dict[str, t.Any]) -> None:
    case = left()
    case.attempt(**fields)
    _capability, plan = case.plan()
    assert (operations(plan), rules(plan), case.lookups) == ([], ["two_keys"], [])


def test_names_of_users_have_no_case() -> None:
    case = left()
    case.attempt(target=USER.replace("svc", "SVC"))
    assert operations(case.plan()[1]) == ["DeleteAccessKey"]


def test_the_journal_is_read_only_where_a_second_key_has_no_record() -> None:
    for case in (Case(key(used=0)), Case(*keys_of(2), stages=2, versions=MOVED)):
        case.attempt()
        case.store.list = _only_rotations(case.store)  # type: ignore[method-assign]
        assert "unread" not in rules(case.plan()[1])


def test_a_key_that_the_secret_holds_is_recorded_as_made_by_the_run_that_was_cut_off() -> None:
    for versions, previous in ((PENDING, PREVIOUS), (MOVED, PREVIOUS), ({VERSION: [CURRENT]}, "")):
        case = Case(key(used=0), key(NEW, age=0), versions=versions)
        case.attempt()
        capability, plan = case.plan()
        assert operations(plan) == [] and rules(plan) == []
        capability.conclude({}, completed=True)
        (made,) = case.store.list("rotations/")
        found = Event.of_bytes(case.store.objects[made])
        assert (found.stage.value, found.old_key, found.new_key) == ("created", OLD, NEW)
        assert (found.secret_arn, found.version_id, found.previous) == (
            SECRET,
            make_version_id(ACCOUNT, USER_ID, NEW),
            previous,
        )


# Who is never touched


def test_users_that_are_never_touched_are_refused() -> None:
    case = Case(key(used=0))
    _capability, plan = case.plan(break_glass=(USER,))
    assert rules(plan) == ["break_glass"] and plan.refused[0].target == USER and operations(plan) == []
    case.connection.freeze.refuse_principal = lambda arn: Refusal("contained", "INC-7", arn)
    _capability, plan = case.plan()
    assert rules(plan) == ["contained"] and operations(plan) == []


def test_the_result_has_the_state_of_each_user() -> None:
    capability, _plan = Case(*keys_of(2), stages=2, versions=MOVED).plan()
    result = capability.result({"refused": ()})
    (rotation,) = result["rotations"]
    assert (rotation["user"], rotation["stage"], rotation["next"], rotation["old_key"]) == (
        "svc",
        "distributed",
        "record",
        OLD,
    )
    assert "step of this run" in result["terminal"] and capability.findings(t.cast(t.Any, None)) == ()
    assert capability.sections() == {} and capability.reread(
        RotationWriter(ACCOUNT, "aws", REGION).delete(user(), key(NEW))
    )
    hidden, _plan = Case(*keys_of(2), stages=2, versions=MOVED).plan(reveal_key_ids=False)
    assert OLD not in str(hidden.result({"refused": ()})["rotations"])
