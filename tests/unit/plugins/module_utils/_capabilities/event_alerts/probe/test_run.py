# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sending half of a probe: what goes out, what counts as arrived, and how long it waits."""

from __future__ import annotations

import itertools
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.changes import AlertWriter
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.probe import run as module

ACCOUNT = "111122223333"
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:iam-hardening-probe"
WRITER = AlertWriter(ACCOUNT, {})


def entry(through: str, region: str = "us-east-1") -> dict[str, str]:
    detail = {"token": module.TOKEN, "rule": through, "through": through, "region": region}
    return {"Source": "s", "DetailType": "d", "Detail": json.dumps(detail), "EventBusName": BUS}


class FakeAccess:
    """Takes events, and has messages in its queue."""

    caller = None
    chain: t.ClassVar[list[str]] = []

    def __init__(self, answer: t.Optional[dict[str, t.Any]] = None) -> None:
        self.calls: list[tuple[str, dict[str, t.Any], t.Optional[str]]] = []
        self.answer = answer or {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}
        self.bodies: list[str] = []
        self.renewals: list[int] = []

    def renew(self) -> None:
        self.renewals.append(len(self.calls))

    def call(
        self, _service: str, operation: str, parameters: t.Any = None, *, region: t.Any = None
    ) -> dict[str, t.Any]:
        self.calls.append((operation, parameters, region))
        if operation == "ReceiveMessage":
            found, self.bodies = [{"Body": body} for body in self.bodies], []
            return {"Messages": found}
        return self.answer if operation == "PutEvents" else {"QueueUrl": "https://queue"}

    @property
    def names(self) -> list[str]:
        return [name for name, _parameters, _region in self.calls]

    @property
    def token(self) -> str:
        (sent,) = (parameters for name, parameters, _region in self.calls if name == "PutEvents")
        return str(json.loads(sent["Entries"][0]["Detail"])["token"])


def sending(access: FakeAccess, *ways: str, seconds: int = 1) -> t.Any:
    found = module._ProbeAws(t.cast(t.Any, access), seconds=seconds, renew=access.renew)
    found.expect([WRITER.unsubscribe(TOPIC, QUEUE)], ways)
    return found


def message(
    token: str, through: str = "root", text: str = '"PROBE: a test"\n"Probe {} of {} through {} in us-east-1"'
) -> str:
    return json.dumps({"Message": text.format(token, through, through)})


def send(found: t.Any, *entries: dict[str, str]) -> None:
    found.call("events", "PutEvents", {"Entries": list(entries)})


def remove(found: t.Any) -> None:
    found.call("events", "DeleteRule", {"Name": "x"}, region="us-east-1")


def test_an_event_goes_to_the_region_of_its_bus_with_a_token_of_its_own() -> None:
    access, other = FakeAccess(), FakeAccess()
    send(sending(access), entry("root"))
    send(sending(other), entry("root"))
    assert access.calls[0][2] == "us-east-1"
    assert access.token != other.token != module.TOKEN


def test_a_message_of_this_probe_arrived_and_others_did_not() -> None:
    access = FakeAccess()
    found = sending(access, "root us-east-1")
    send(found, entry("root"), entry("tamper"))
    access.bodies = [
        message("another-token", "tamper"),
        message(access.token, "tamper", text='"[HIGH] tamper"\n"Probe {} of {} through {} in us-east-1"'),
        "no JSON",
        json.dumps(["a list"]),
        message(access.token),
    ]
    remove(found)
    assert found.seconds_of("root us-east-1") is not None
    assert found.seconds_of("tamper us-east-1") is None
    assert access.names[-1] == "DeleteRule"


def test_the_lease_is_renewed_all_the_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe of 900 seconds would outlast it, and then nothing could be received or removed."""
    access = FakeAccess()
    found = sending(access, "root us-east-1", seconds=900)
    send(found, entry("root"))
    clock = itertools.count(step=400)
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    remove(found)
    assert access.names == ["PutEvents", *(["GetQueueUrl", "ReceiveMessage"] * 2), "DeleteRule"]
    # Before each question, and before what is removed at last.
    assert access.renewals == [1, 3, 5]


def test_nothing_is_waited_for_before_something_is_sent_or_where_nothing_can_be_seen() -> None:
    access = FakeAccess()
    found = sending(access)
    remove(found)
    send(found, entry("root"))
    remove(found)
    assert access.names == ["DeleteRule", "PutEvents", "DeleteRule"]


def test_the_wait_comes_once_and_ends() -> None:
    access = FakeAccess()
    found = sending(access, "root us-east-1", seconds=0)
    send(found, entry("root"))
    remove(found)
    remove(found)
    assert found.seconds_of("root us-east-1") is None
    assert access.names == ["PutEvents", "DeleteRule", "DeleteRule"]


@pytest.mark.parametrize(
    "answer",
    [
        {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NotAuthorizedForSourceException"}]},
        {"Entries": [{"ErrorCode": "InternalFailure"}]},
    ],
)
def test_an_event_that_is_not_taken_is_an_error(answer: dict[str, t.Any]) -> None:
    found = sending(FakeAccess(answer))
    with pytest.raises(AwsError, match="was not taken"):
        send(found, entry("root"))
    assert found.sent == {}


def test_events_count_as_sent_once_aws_said_so() -> None:
    found = sending(FakeAccess())
    change = WRITER.put_events(BUS, 1, [entry("root")])
    assert found.read_sent(change) is None
    assert found.learn(change, {"Entries": [{"EventId": "e-1"}]}) == {"event_ids": ["e-1"]}
    assert found.read_sent(change) == change.after
    assert found.learn(WRITER.subscribe(TOPIC, QUEUE), {}) == {}
