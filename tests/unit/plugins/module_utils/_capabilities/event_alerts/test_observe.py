# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes of event_alerts: what they find and leave, read live, and what AWS refuses in an answer of success."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._aws.retries import judge
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.observe import (
    AlertAws,
    read_surroundings,
    reread,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.plan import (
    DATASETS,
    Observed,
    Planner,
    make_topology,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.event_alerts.run import OPERATIONS
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import GLOBAL, Change
from unit.emulator.seeded import Seeded, account, serving

from .alerting import BUS, HOME, OTHER, TAGS, declare

NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
ACCOUNT: t.Final = "123456789012"
TOPIC: t.Final = f"arn:aws:sns:{HOME}:{ACCOUNT}:iam-hardening-alerts"
REGIONS: t.Final = (HOME, OTHER)
DECLARED: t.Final = {
    "a topic": {"create_topic": True, "create_dead_letter_queue": True},
    "another bus": {"bus_arn": BUS},
}


@pytest.fixture
def seeded() -> t.Iterator[Seeded]:
    with serving(account()) as found:
        yield found


@pytest.fixture
def access(seeded: Seeded) -> Access:
    options = AccessOptions(
        endpoint_url=seeded.endpoint, access_key="administrator", secret_key="emulated", region=HOME
    )
    return Access(options, operations=OPERATIONS, check_mode=False)


def observe(access: Access, declaration: Declared) -> Observed:
    snapshot: Snapshot = collect(access, datasets=DATASETS, regions=REGIONS, now=NOW)
    return Observed(snapshot, read_surroundings(access, make_topology(declaration, snapshot), snapshot))


def plan(access: Access, **options: t.Any) -> tuple[Change, ...]:
    declaration = declare(**options)
    made = Planner(declaration, TAGS).plan(observe(access, declaration), ())
    assert made.refused == ()
    return made.changes


def record_change(change: Change) -> Change:
    """The change as a journal keeps it."""
    return dataclasses.replace(change, parameters={}, kind="")


def write(acting: AlertAws, change: Change, operation: str = "", parameters: t.Any = None) -> None:
    region = None if change.region == GLOBAL else change.region
    acting.call(change.service, operation or change.operation, parameters or change.parameters, region=region)


@pytest.mark.parametrize("options", DECLARED.values(), ids=DECLARED.keys())
def test_each_write_and_its_undo_are_seen(access: Access, options: dict[str, t.Any]) -> None:
    acting, read = AlertAws(access), reread(access, NOW)
    done = []
    for change in plan(access, **options):
        assert read(record_change(change)) == change.before, change.target
        write(acting, change)
        assert read(record_change(change)) == change.after, change.target
        done.append(change)
    assert plan(access, **options) == ()
    for change in reversed(done):
        assert change.undo is not None
        write(acting, change, change.undo.operation, change.undo.parameters)
        back = dataclasses.replace(record_change(change), operation=change.undo.operation)
        assert read(back) == change.before, change.target
    assert [item.target for item in plan(access, **options)] == [item.target for item in done]


@pytest.mark.parametrize("options", DECLARED.values(), ids=DECLARED.keys())
def test_what_is_taken_away_comes_back_whole(access: Access, options: dict[str, t.Any]) -> None:
    acting = AlertAws(access)
    for change in plan(access, **options):
        write(acting, change)
    away = plan(access, state="absent")
    assert {"DeleteRule", "RemoveTargets"} <= {change.operation for change in away}
    for change in away:
        write(acting, change)
        assert reread(access, NOW)(record_change(change)) is None, change.target
    assert plan(access, state="absent") == ()
    for change in reversed(away):
        assert change.undo is not None
        write(acting, change, change.undo.operation, change.undo.parameters)
    assert plan(access, **options) == ()


def test_an_attribute_of_a_topic_is_seen_by_itself(access: Access, seeded: Seeded) -> None:
    topics = seeded.client("sns", region=HOME)
    arn = topics.create_topic(Name="security")["TopicArn"]
    before = json.loads(topics.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    (change,) = [item for item in plan(access, topic_arn=arn) if item.service == "sns"]
    assert change.before == {"Policy": before} == reread(access, NOW)(record_change(change))
    write(AlertAws(access), change)
    assert reread(access, NOW)(record_change(change)) == change.after
    assert before["Statement"][0] in change.after["Policy"]["Statement"]


def test_a_target_that_was_not_taken_is_a_failure(access: Access, seeded: Seeded) -> None:
    """AWS answers with success, and with FailedEntryCount."""
    seeded.client("events", region=HOME).put_rule(Name="iam-hardening-x", EventPattern='{"source":["aws.s3"]}')
    elsewhere = {"Id": "t", "Arn": TOPIC.replace(HOME, OTHER)}
    with pytest.raises(AwsError, match="target t was not taken: Target is in another region") as refused:
        AlertAws(access).call("events", "PutTargets", {"Rule": "iam-hardening-x", "Targets": [elsewhere]}, region=HOME)
    assert refused.value.operation == "PutTargets"


def test_a_queue_that_somebody_else_deleted_is_not_ours_to_have_deleted(access: Access) -> None:
    """Its URL is asked for first, so that the answer comes from another call."""
    with pytest.raises(NotFound) as gone:
        AlertAws(access).call("sqs", "DeleteQueue", {"QueueName": "iam-hardening-nothing"}, region=HOME)
    assert (gone.value.service, gone.value.operation) == ("sqs", "DeleteQueue")
    assert judge(gone.value, "sqs", "DeleteQueue").changed_nothing


class Refusing:
    """An account that knows a new role only after a while."""

    def __init__(self, times: int, message: str = "Provided role 'x' cannot be assumed by principal 'events'.") -> None:
        self.left, self.message = times, message

    def call(self, service: str, operation: str, _parameters: t.Any = None, *, region: t.Any = None) -> t.Any:
        if self.left:
            self.left -= 1
            raise AwsError(self.message, code="ValidationException", service=service, operation=operation)
        return {"FailedEntryCount": 0}


def measure_waits(access: Refusing, operation: str = "PutTargets") -> list[float]:
    waits: list[float] = []
    AlertAws(t.cast(Access, access), sleep=waits.append).call("events", operation, {}, region=HOME)
    return waits


def test_a_new_role_is_waited_for() -> None:
    assert measure_waits(Refusing(0)) == []
    assert measure_waits(Refusing(2)) == [1.0, 2.0]
    assert measure_waits(Refusing(4)) == [1.0, 2.0, 4.0, 8.0]
    with pytest.raises(AwsError, match="cannot be assumed"):
        measure_waits(Refusing(5))


def test_nothing_else_is_waited_for() -> None:
    with pytest.raises(AwsError, match="no such rule"):
        measure_waits(Refusing(1, "no such rule"))
    with pytest.raises(AwsError, match="cannot be assumed"):
        measure_waits(Refusing(1), "PutRule")


def test_what_is_denied_around_the_rules_is_told(access: Access) -> None:
    denying = Denying(access)
    declaration = declare(create_topic=True, create_dead_letter_queue=True)
    snapshot = collect(access, datasets=DATASETS, regions=REGIONS, now=NOW)
    found = read_surroundings(t.cast(Access, denying), make_topology(declaration, snapshot), snapshot)
    assert set(found.unread) == {
        TOPIC,
        *(f"arn:aws:sqs:{region}:{ACCOUNT}:iam-hardening-undelivered" for region in REGIONS),
        f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/iam-hardening-event-forwarding",
    }
    assert all("not authorized" in reason for reason in found.unread.values())
    assert (found.topics, found.queues, found.role) == ({}, {}, None)


class Denying:
    """An account in which what stands around the rules may not be read."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def gather(self, calls: t.Any) -> t.Any:
        return self._access.gather(calls)

    def call(self, service: str, operation: str, _parameters: t.Any = None, *, region: t.Any = None) -> t.Any:
        raise AwsError("not authorized", code="AccessDenied", service=service, operation=operation)


class Malformed:
    """Answers with policies that are cut off."""

    def call(self, _service: str, operation: str, _asked: t.Any, **_more: t.Any) -> dict[str, t.Any]:
        role = {"Arn": "arn:aws:iam::111122223333:role/x", "AssumeRolePolicyDocument": {}}
        return {
            "GetTopicAttributes": {"Attributes": {"Policy": '{"Version": "20'}},
            "GetQueueUrl": {"QueueUrl": "https://queue"},
            "GetQueueAttributes": {"Attributes": {"Policy": "nonsense"}},
            "DescribeEventBus": {"Policy": "["},
            "GetRole": {"Role": role},
            "GetRolePolicy": {"PolicyDocument": "nonsense"},
        }[operation]

    def gather(self, reads: t.Mapping[str, t.Callable[[], t.Any]]) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        for name, read in reads.items():
            with pytest.raises(AwsError, match="the policy in AWS's answer is no JSON") as caught:
                read()
            found[name] = caught.value
        return found


def test_a_policy_that_does_not_parse_is_not_taken_for_none(access: Access) -> None:
    """Else it would be replaced, or a rollback would call it as before."""
    declaration = declare(create_topic=True, create_dead_letter_queue=True)
    snapshot = collect(access, datasets=DATASETS, regions=REGIONS, now=NOW)
    found = read_surroundings(t.cast(Access, Malformed()), make_topology(declaration, snapshot), snapshot)
    assert len(found.unread) == 4
    assert (found.topics, found.queues, found.role) == ({}, {}, None)
