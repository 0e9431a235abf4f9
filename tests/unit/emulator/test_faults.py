# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults: which calls they befall, how often, and what boto3 makes of them."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import time
import typing as t

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from emulator import faults
from emulator.client import Emulator, EmulatorError
from emulator.faults import Fault, Faults
from emulator.wire import Call

from .small import MANAGEMENT, MEMBER, SMALL, Aws

CALL: t.Final = Call(service="iam", operation="ListUsers", protocol="query", region="us-east-1", access_key_id="k")


@pytest.mark.parametrize(
    ("restriction", "concerned"),
    [
        ({}, True),
        ({"service": "iam"}, True),
        ({"service": "sts"}, False),
        ({"operation": "List*"}, True),
        ({"operation": "ListRoles"}, False),
        ({"account_id": MANAGEMENT, "region": "us-east-1"}, True),
        ({"account_id": MEMBER}, False),
        ({"region": "eu-west-1"}, False),
        ({"read_only": True}, True),
        ({"read_only": False}, False),
    ],
)
def test_concerns_only_the_calls_it_names(restriction: dict[str, str], concerned: bool) -> None:
    assert Fault(kind="drop", **restriction).concerns(CALL, MANAGEMENT) is concerned  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"kind": "explode"}, "kind is 'explode'; allowed: latency, error, drop, garbage, hold, stale"),
        ({}, "kind is None"),
        ({"kind": "drop", "sevrice": "iam"}, "unknown key sevrice; allowed: kind, service"),
    ],
)
def test_parse_refuses_what_it_does_not_understand(raw: dict[str, str], message: str) -> None:
    with pytest.raises(faults.BadFaultError, match=message):
        Fault.parse(raw)


def test_strike_stops_after_so_many_times() -> None:
    armed = Faults()
    armed.set([Fault(kind="error", times=2)])
    assert [len(armed.strike(CALL, MANAGEMENT)) for _call in range(4)] == [1, 1, 0, 0]
    assert armed.get() == []


def test_strike_lets_so_many_pass_first() -> None:
    armed = Faults()
    armed.set([Fault(kind="drop", operation="ListUsers", skip=2, times=1)])
    other = dataclasses.replace(CALL, operation="ListRoles")
    struck = [len(armed.strike(call, MANAGEMENT)) for call in (CALL, other, CALL, other, CALL, CALL)]
    assert struck == [0, 0, 0, 0, 1, 0]


def test_strike_stops_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    armed = Faults()
    now = time.monotonic()
    armed.set([Fault(kind="error", for_seconds=30)])
    assert armed.strike(CALL, MANAGEMENT)
    monkeypatch.setattr("emulator.faults.time.monotonic", lambda: now + 31)
    assert armed.strike(CALL, MANAGEMENT) == []


def test_strike_by_chance_repeats_when_set_again() -> None:
    armed = Faults()
    series = []
    for _setting in range(2):
        armed.set([Fault(kind="error", probability=0.3)])
        series.append([bool(armed.strike(CALL, MANAGEMENT)) for _call in range(200)])
    assert series[0] == series[1]
    assert 30 < sum(series[0]) < 90


def test_strike_adds_latencies_and_takes_the_first_of_the_others() -> None:
    armed = Faults()
    slow, slower = Fault(kind="latency", latency_ms=1), Fault(kind="latency", latency_ms=2)
    denied, dropped = Fault(kind="error", code="AccessDenied"), Fault(kind="drop", times=1)
    armed.set([slow, denied, dropped, slower])
    assert armed.strike(CALL, MANAGEMENT) == [slow, denied, slower]
    assert dropped in armed.get()


@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [
        ("iam", "list_users", {}),
        ("organizations", "list_accounts", {}),
        ("accessanalyzer", "list_analyzers", {}),
        ("ec2", "describe_instances", {}),
        ("cloudwatch", "describe_alarms", {}),
        ("s3", "get_bucket_policy", {"Bucket": "logs"}),
    ],
)
@pytest.mark.parametrize(
    ("code", "status"),
    [("Throttling", 400), ("AccessDenied", 403), ("InternalFailure", 500), ("ServiceUnavailable", 503)],
)
def test_error_is_a_client_error_in_every_protocol(
    emulator: Emulator, aws: Aws, service: str, method: str, parameters: dict[str, str], code: str, status: int
) -> None:
    emulator.faults([{"kind": "error", "service": service, "code": code, "message": "<as & asked>"}])
    with pytest.raises(ClientError) as raised:
        getattr(aws.client(service), method)(**parameters)
    error = raised.value.response
    assert error["Error"]["Code"] == code
    assert error["Error"]["Message"] == "<as & asked>"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == status
    assert emulator.log()[-1]["error_code"] == code


def test_error_may_have_another_status(emulator: Emulator, aws: Aws) -> None:
    emulator.faults([{"kind": "error", "code": "Throttling", "status": 503}])
    with pytest.raises(ClientError) as raised:
        aws.client("iam").list_users()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_throttling_is_retried_until_it_passes(emulator: Emulator, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    emulator.faults([{"kind": "error", "service": "iam", "code": "Throttling", "times": 2}])
    answer = aws.client("iam", attempts=3).list_users()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert [record["error_code"] for record in emulator.log()] == ["Throttling", "Throttling", None]


def test_dropped_connection_is_an_error_and_retried(
    emulator: Emulator, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    client = aws.client("iam")
    client.list_users()
    emulator.faults([{"kind": "drop", "operation": "ListUsers", "times": 2}])
    with pytest.raises(ConnectionClosedError):
        client.list_users()
    assert aws.client("iam", attempts=2).list_users()["Users"]
    assert [record["status"] for record in emulator.log()] == [200, 0, 0, 200]


def test_garbage_is_no_answer(emulator: Emulator, aws: Aws) -> None:
    emulator.faults([{"kind": "garbage", "service": "iam"}])
    with pytest.raises(ResponseParserError):
        aws.client("iam").list_users()


@pytest.mark.parametrize(("after", "statuses"), [(False, [0]), (True, [200])], ids=["before", "after"])
def test_held_call_takes_effect_or_never_does(emulator: Emulator, aws: Aws, after: bool, statuses: list[int]) -> None:
    iam = aws.client("iam")
    emulator.faults([{"kind": "hold", "read_only": False, "times": 1, "after": after}])
    assert not emulator.wait_until_held(0)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(iam.create_user, UserName="carol")
        assert emulator.wait_until_held(10)
        # Reads get their answers meanwhile.
        present = {user["UserName"] for user in aws.client("iam").list_users()["Users"]}
        emulator.clear_faults()
        with pytest.raises(ConnectionClosedError):
            waiting.result()
    assert ("carol" in present) is after
    assert [record["status"] for record in emulator.log() if record["operation"] == "CreateUser"] == statuses
    assert not emulator.wait_until_held(0)


def test_held_call_that_is_let_go_meets_what_happened_meanwhile(emulator: Emulator, aws: Aws) -> None:
    iam = aws.client("iam")
    emulator.faults([{"kind": "hold", "operation": "CreateUser", "times": 1, "drops": False}])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(iam.create_user, UserName="dave")
        assert emulator.wait_until_held(10)
        aws.client("iam").create_user(UserName="dave")
        emulator.clear_faults()
        with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
            waiting.result()


def test_latency_lets_a_client_run_into_its_timeout(emulator: Emulator, aws: Aws) -> None:
    emulator.faults([{"kind": "latency", "service": "sts", "latency_ms": 90}])
    with pytest.raises(ReadTimeoutError):
        aws.client("sts", read_timeout=0.02).get_caller_identity()


def test_a_delayed_call_has_no_part_in_the_state_after_a_reset(emulator: Emulator, aws: Aws) -> None:
    emulator.faults([{"kind": "hold", "operation": "CreateUser", "times": 1, "drops": False}])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(aws.client("iam").create_user, UserName="dave")
        assert emulator.wait_until_held(10)
        emulator.reset(SMALL)
        with pytest.raises(BotoCoreError):
            waiting.result()
    assert emulator.log() == []
    assert "dave" not in {user["UserName"] for user in aws.client("iam").list_users()["Users"]}


def test_latencies_of_concurrent_calls_overlap(emulator: Emulator, aws: Aws) -> None:
    emulator.faults([{"kind": "latency", "latency_ms": 80}])
    client = aws.client("sts", max_pool_connections=16)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: client.get_caller_identity(), range(32)))
    assert max(record["in_flight"] for record in emulator.log()) > 4
    # Calls that were answered are in flight no longer.
    client.get_caller_identity()
    assert emulator.log()[-1]["in_flight"] == 1


def test_faults_are_told_and_cleared(emulator: Emulator, aws: Aws) -> None:
    emulator.faults(
        [{"kind": "error", "account_id": MEMBER, "code": "AccessDenied"}, {"kind": "drop", "service": "ec2"}]
    )
    assert aws.client("iam").list_users()["Users"]
    emulator.clear_faults()
    assert aws.client("ec2").describe_instances()["Reservations"] == []


def test_bad_faults_are_refused_and_change_nothing(emulator: Emulator, aws: Aws) -> None:
    emulator.faults([{"kind": "drop"}])
    with pytest.raises(EmulatorError, match="kind is 'nonsense'"):
        emulator.faults([{"kind": "nonsense"}])
    with pytest.raises(ConnectionClosedError):
        aws.client("iam").list_users()


def test_stale_answers_are_those_of_the_first_question(emulator: Emulator, aws: Aws) -> None:
    """Of the same question only, whoever asks, and until the faults are set anew."""
    emulator.faults([{"kind": "stale", "operation": "ListGroups"}])
    iam = aws.client("iam")
    assert iam.list_groups()["Groups"] == []
    iam.create_group(GroupName="developers")
    assert iam.list_groups()["Groups"] == aws.client("iam").list_groups()["Groups"] == []
    assert [group["GroupName"] for group in iam.list_groups(PathPrefix="/")["Groups"]] == ["developers"]
    assert iam.get_group(GroupName="developers")["Users"] == []
    emulator.clear_faults()
    assert [group["GroupName"] for group in iam.list_groups()["Groups"]] == ["developers"]
