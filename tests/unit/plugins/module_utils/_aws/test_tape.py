# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import UTC, datetime

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._aws import tape as tape_module
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    NotFound,
    NotRecorded,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import FenceError
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import (
    Call,
    Player,
    Recorder,
    decode,
    encode,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.registry import CAPABILITIES
from emulator.client import Emulator

from .conftest import ASSESSOR, AUTOMATION, EXTERNAL_ID, OPERATIONS, MakeAccess

WHEN: t.Final = datetime(2026, 3, 1, 12, 30, 15, 250000, tzinfo=UTC)
JSON: t.Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.datetimes(timezones=st.just(UTC)) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "$time", "$map", "$bytes", "$", ""]), inner),
)


@given(JSON)
def test_an_answer_survives_the_file(answer: t.Any) -> None:
    assert decode(json.loads(json.dumps(encode(answer)))) == answer


def test_what_aws_does_not_answer_is_not_recorded() -> None:
    with pytest.raises(TypeError, match="object can't be recorded"):
        encode({"Body": object()})


def playing(*answers: tuple[Call, dict[str, t.Any]]) -> Player:
    recorder = Recorder()
    for call, answer in answers:
        recorder.play(call, lambda answer=answer: answer)
    return Player(json.loads(json.dumps(recorder.entries)))


GET: t.Final = Call("", "iam", "GetUser", "us-east-1", {"UserName": "ann"})


def never() -> dict[str, t.Any]:
    raise AssertionError("a player calls nothing")


def test_a_player_gives_the_recorded_answer_as_a_new_object_each_time() -> None:
    player = playing((GET, {"User": {"CreateDate": WHEN}}))
    first = player.play(GET, never)
    first["User"].clear()
    assert player.play(GET, never) == {"User": {"CreateDate": WHEN}}
    assert (player.calls, player.missed) == (2, ())


@pytest.mark.parametrize(
    "other",
    [
        {"role": ASSESSOR},
        {"service": "sts"},
        {"operation": "ListUsers"},
        {"region": "eu-west-1"},
        {"parameters": {"UserName": "bob"}},
        {"parameters": {}},
    ],
)
def test_another_call_has_no_answer(other: dict[str, t.Any]) -> None:
    player = playing((GET, {"User": {}}))
    with pytest.raises(NotRecorded, match="was not read"):
        player.play(dataclasses.replace(GET, **other), never)
    assert len(player.missed) == 1


def test_errors_of_aws_are_played_as_the_same_kind() -> None:
    recorder = Recorder()
    denied = AccessDenied("no", code="AccessDenied", service="iam", operation="GetUser", region="us-east-1")

    def deny() -> dict[str, t.Any]:
        raise denied

    with pytest.raises(AccessDenied):
        recorder.play(GET, deny)
    with pytest.raises(AccessDenied) as played:
        Player(recorder.entries).play(GET, never)
    assert vars(played.value) == vars(denied)


def test_an_unknown_kind_of_error_is_still_an_error_of_aws() -> None:
    details = {"message": "m", "code": "", "service": "", "operation": "", "region": None}
    for kind in ("Later", "quotas", "AwsError"):
        player = Player({GET.key: {"call": "", "error": {"kind": kind, **details}}})
        with pytest.raises(AwsError, match="m"):
            player.play(GET, never)


def test_the_last_answer_counts() -> None:
    """A report that AWS is still making is there in the end."""
    player = playing((GET, {"State": "STARTED"}), (GET, {"State": "COMPLETE"}))
    assert player.play(GET, never) == {"State": "COMPLETE"}


def test_a_tape_that_is_full_loses_an_answer_rather_than_keeping_an_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape_module, "LONGEST", 200)
    player = playing((GET, {"State": "STARTED"}), (GET, {"State": "x" * 300}))
    with pytest.raises(NotRecorded):
        player.play(GET, never)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (Call("", "sts", "AssumeRole"), {"AssumedRoleUser": {}}),
        (Call("", "sts", "AssumeRoot"), {}),
        (GET, {"Credentials": {"AccessKeyId": "AKIA"}}),
        (GET, {"Deep": [{"er": {"SecretAccessKey": "s"}}]}),
        (GET, {"SecretString": "s"}),
    ],
)
def test_a_possible_secret_is_not_recorded(call: Call, answer: dict[str, t.Any]) -> None:
    recorder = Recorder()
    assert recorder.play(call, lambda: answer) == answer
    assert recorder.entries == {}


def test_what_others_hand_to_targets_of_their_rules_is_left_out() -> None:
    call = Call("", "events", "ListTargetsByRule")
    target = {"Id": "1", "HttpParameters": {"HeaderParameters": {"X-Api-Key": "s3cret"}}}
    recorder = Recorder()
    assert recorder.play(call, lambda: {"Targets": [target]}) == {"Targets": [target]}
    assert Player(recorder.entries).play(call, never) == {"Targets": [{"Id": "1"}]}


@pytest.mark.parametrize(
    "endpoint", ["https://events.example.com/integration/s3cret/enqueue", "ops@example.com", "+15550100"]
)
def test_addresses_of_subscribers_are_left_out(endpoint: str) -> None:
    """The URL of a chat or of a paging service is its password."""
    call = Call("", "sns", "ListSubscriptionsByTopic")
    queue = {"SubscriptionArn": "arn:1", "Endpoint": "arn:aws:sqs:eu-west-1:111122223333:alerts"}
    answer = {"Subscriptions": [queue, {"SubscriptionArn": "arn:2", "Endpoint": endpoint}]}
    recorder = Recorder()
    assert recorder.play(call, lambda: answer) == answer
    assert Player(recorder.entries).play(call, never) == {"Subscriptions": [queue, {"SubscriptionArn": "arn:2"}]}


def test_session_tokens_in_events_are_left_out() -> None:
    """CloudTrail keeps the token that AssumeRole returned, in a text."""
    call = Call("", "cloudtrail", "LookupEvents")
    credentials = {"accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionToken": 'FwoG"\\Zz=='}
    record = {"eventName": "AssumeRole", "responseElements": {"credentials": credentials}, "readOnly": True}
    answer = {"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(record)}, {"EventId": "2"}]}
    recorder = Recorder()
    assert recorder.play(call, lambda: answer) == answer
    played = Player(recorder.entries).play(call, never)["Events"]
    credentials["sessionToken"] = ""
    assert json.loads(played[0]["CloudTrailEvent"]) == record
    assert played[1] == {"EventId": "2"}


def test_the_settings_of_functions_and_containers_are_left_out() -> None:
    function = {"FunctionArn": "arn:1", "Role": "arn:2", "Environment": {"Variables": {"PASSWORD": "x"}}}
    task = {"taskRoleArn": "arn:2", "containerDefinitions": [{"environment": [{"name": "TOKEN", "value": "x"}]}]}
    job = {"Name": "etl", "Role": "arn:2", "DefaultArguments": {"--password": "x"}}
    for call, answer, kept in (
        (Call("", "lambda", "ListFunctions"), {"Functions": [function]}, {"FunctionArn": "arn:1", "Role": "arn:2"}),
        (Call("", "ecs", "DescribeTaskDefinition"), {"taskDefinition": task}, {"taskRoleArn": "arn:2"}),
        (Call("", "glue", "GetJobs"), {"Jobs": [job]}, {"Name": "etl", "Role": "arn:2"}),
    ):
        recorder = Recorder()
        assert recorder.play(call, lambda answer=answer: answer) == answer
        (played,) = Player(recorder.entries).play(call, never).values()
        assert played in (kept, [kept])


# Personal or descriptive, and no secret: reviewed by hand. A botocore that marks more fails the test.
REVIEWED: t.Final = {
    "Account.Email",
    "Account.Name",
    "DelegatedAdministrator.Email",
    "DelegatedAdministrator.Name",
    "DescribeStateMachineOutput.description",
    "ImageConfigError.Message",
    "Organization.MasterAccountEmail",
    "Policy.Content",
    "RuntimeVersionError.Message",
}


def test_no_read_of_a_module_answers_with_a_secret_that_nobody_reviewed() -> None:
    """AWS marks members of answers as sensitive in its models."""
    session = botocore.session.get_session()
    found: set[str] = set()
    for registration in CAPABILITIES.values():
        for name in registration.operations.reads:
            service, operation = name.split(":")
            shape = session.get_service_model(service).operation_model(operation).output_shape
            found |= set(_find_sensitive(shape, set())) if shape else set()
    assert found - REVIEWED == set()


def _find_sensitive(shape: t.Any, seen: set[str]) -> t.Iterator[str]:
    if shape.name in seen:
        return
    seen.add(shape.name)
    left_out = tape_module._SECRET_MEMBERS | tape_module._LEFT_OUT
    for name, member in getattr(shape, "members", {}).items():
        if name in left_out:
            continue
        if member.metadata.get("sensitive"):
            yield f"{shape.name}.{name}"
        yield from _find_sensitive(member, seen)
    for inner in (getattr(shape, "member", None), getattr(shape, "value", None)):
        if inner is not None:
            yield from _find_sensitive(inner, seen)


# Through Access


def read(access: Access) -> tuple[t.Any, ...]:
    with pytest.raises(NotFound):
        access.call("iam", "GetUser", {"UserName": "nobody-at-all"})
    return (
        access.caller,
        access.chain,
        access.region,
        [user["UserName"] for user in access.items("iam", "ListUsers", "Users", page_size=2)],
        access.enabled_regions,
        access.call("iam", "GetAccountSummary"),
    )


def test_a_recorded_account_reads_the_same_with_no_call_and_no_credentials(
    make_access: MakeAccess, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = {"assume_role_arn": AUTOMATION, "assessor_role_arn": ASSESSOR, "assume_role_external_id": EXTERNAL_ID}
    recorder = Recorder()
    recorded = read(make_access(tape=recorder, **roles))
    text = json.dumps(recorder.entries)
    assert "sts:AssumeRole" not in text
    assert EXTERNAL_ID not in text
    assert "SessionToken" not in text
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    emulator.clear_log()
    player = Player(json.loads(text))
    options = AccessOptions(tape=player, **roles)
    assert read(Access(options, operations=OPERATIONS, check_mode=True)) == recorded
    assert emulator.log() == []
    assert player.missed == ()


REGION: t.Final = ((Call(ASSESSOR, "access", "Region"), {"region": "us-east-1"}),)


def test_a_player_does_not_open_the_fence(make_access: MakeAccess) -> None:
    access = make_access(tape=playing(*REGION), assessor_role_arn=ASSESSOR)
    with pytest.raises(FenceError):
        access.call("iam", "CreateUser", {"UserName": "eve"})
    with pytest.raises(NotRecorded):
        access.call("iam", "GetUser", {"UserName": "eve"})


def test_a_session_with_other_credentials_is_not_recorded(make_access: MakeAccess) -> None:
    """It would be taken for the owner of the credentials."""
    recorder = Recorder()
    access = make_access(tape=recorder)
    credentials = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "s", "SessionToken": None}
    other = access.elsewhere(credentials, OPERATIONS)
    assert other._options.tape is None
