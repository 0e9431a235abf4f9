# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal against CloudTrail."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.events import (
    Comparison,
    Event,
    History,
    compare,
    find_explained,
    parse_history,
    read_event,
)
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.records import read_account
from ansible_collections.hardening.iam.plugins.module_utils._report.document import DocumentError, encode

from ..._converge.fakes import ACCOUNT, NOW, RUN
from .world import CALLER, LATER, World, key_change, make_event

NO_EVENT: t.Final = "no event found (events arrive up to 15 minutes late, and are kept 90 days)"


def compared(world: World, *events: Event, now: t.Any = LATER, **fields: t.Any) -> Comparison:
    """Compare the journal of the run with a history of these events."""
    return compare(world.records().changes, world.see(*events, **fields), callers={CALLER}, now=now)


def of(change: Change, *events: Event, outcome: t.Optional[Outcome] = Outcome.APPLIED, **fields: t.Any) -> t.Any:
    """Compare one recorded change with these events: what shows it, and the events left over."""
    world = World()
    (key,) = world.change(change, outcome=outcome)
    found = compared(world, *events, **fields)
    return found.shown[key], found.unrecorded


def test_each_change_has_its_own_event() -> None:
    world = World()
    keys = world.change(key_change("alice"), key_change("bob"))
    alice, bob = make_event(key_change("alice")), make_event(key_change("bob"), seconds=2)
    found = compared(world, bob, alice)
    assert [found.shown[key].event for key in keys] == [alice, bob]
    assert [found.shown[key].lack for key in keys] == ["", ""]
    assert found.unrecorded == ()


OTHER: t.Final = {"userIdentity": {"arn": CALLER.replace("automation-credentials", "intruder")}, "userAgent": "Boto3"}


def test_a_call_of_somebody_else_is_no_evidence() -> None:
    """A session of another role may have the same name, so its calls are in the answers of LookupEvents too."""
    shown, left = of(key_change(), make_event(key_change(), **OTHER))
    assert (shown.event, shown.lack, left) == (None, NO_EVENT, ())


def test_a_failed_call_of_somebody_else_is_no_attempt() -> None:
    shown, _left = of(key_change(), make_event(key_change()), make_event(key_change(), errorCode="X", **OTHER))
    assert shown.attempts == ()


def test_the_own_event_counts_if_somebody_else_called_too() -> None:
    forged = make_event(key_change(), seconds=0, **{**OTHER, "userAgent": "hardening.iam"})
    own = make_event(key_change(), seconds=30)
    shown, left = of(key_change(), forged, own)
    assert (shown.event, left) == (own, (forged,))


def test_a_user_whose_name_begins_as_another_one_is_another_user() -> None:
    shown, left = of(key_change("alice"), make_event(key_change("alice2")))
    assert (shown.event, shown.lack, len(left)) == (None, NO_EVENT, 1)
    shown, left = of(key_change("alice2"), make_event(key_change("alice")))
    assert (shown.event, len(left)) == (None, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"eventName": "CreateAccessKey"},
        {"eventSource": "sts.amazonaws.com"},
        {"eventTime": "2026-11-25T01:50:00Z"},
        {"eventTime": "2026-11-25T02:10:00Z"},
        {"requestParameters": {"userName": "bob", "accessKeyId": "AKIA00000000000ALICE"}},
    ],
)
def test_an_event_of_something_else(fields: dict[str, t.Any]) -> None:
    shown, left = of(key_change("alice"), make_event(key_change("alice"), **fields))
    assert (shown.event, shown.lack, len(left)) == (None, NO_EVENT, 1)


@pytest.mark.parametrize(
    "name",
    [
        "accessKeyId",
        "analyzerName",
        "configRuleName",
        "groupName",
        "instanceProfileName",
        "policyArn",
        "policyId",
        "policyName",
        "roleName",
        "rule",
        "sAMLProviderArn",
        "serverName",
        "statementId",
        "targetId",
        "userName",
    ],
)
def test_a_name_in_the_request_that_the_record_does_not_have(name: str) -> None:
    shown, left = of(key_change("alice"), make_event(key_change("alice"), requestParameters={"x": [{name: "bob"}]}))
    assert (shown.event, len(left)) == (None, 1)
    shown, _left = of(key_change("alice"), make_event(key_change("alice"), requestParameters={"x": [{name: "alice"}]}))
    assert shown.event is not None


@pytest.mark.parametrize(
    ("service", "source"),
    [
        ("cloudwatch", "monitoring"),
        ("s3control", "s3"),
        ("sso-admin", "sso"),
        ("accessanalyzer", "access-analyzer"),
        ("organizations", "organizations"),
    ],
)
def test_services_that_cloudtrail_calls_otherwise(service: str, source: str) -> None:
    change = key_change(service=service)
    assert of(change, make_event(change, eventSource=f"{source}.amazonaws.com"))[0].event is not None


@pytest.mark.parametrize(
    "parameters",
    [None, {}, {"userName": "alice"}, {"userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, {"accessKeyId": "***"}, []],
)
def test_an_event_that_says_less_fits(parameters: t.Any) -> None:
    shown, _left = of(key_change("alice"), make_event(key_change("alice"), requestParameters=parameters))
    assert shown.event is not None


def test_regional_changes_by_their_region() -> None:
    name = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/x"
    change = key_change(
        service="accessanalyzer",
        operation="CreateAnalyzer",
        region="eu-west-1",
        target=name,
        parameters={"analyzerName": "x"},
    )
    fields = {"eventSource": "access-analyzer.amazonaws.com"}
    shown, _left = of(change, make_event(change, **fields), regions=("us-east-1", "eu-west-1"))
    assert shown.event is not None
    elsewhere = make_event(change, **{**fields, "awsRegion": "us-east-1"})
    shown, left = of(change, elsewhere, regions=("us-east-1", "eu-west-1"))
    assert (shown.event, len(left)) == (None, 1)
    shown, _left = of(change)
    assert shown.lack == "unknown: the event history of eu-west-1 was not read"
    shown, _left = of(change, regions=("us-east-1",), failures={"eu-west-1": "AccessDenied"})
    assert shown.lack == "unknown: eu-west-1: AccessDenied"


def test_a_standard_of_security_hub_by_the_end_of_its_arn() -> None:
    change = key_change(
        service="securityhub",
        operation="BatchEnableStandards",
        region="eu-west-1",
        target="arn:aws:securityhub:eu-west-1:111122223333:subscription/cis-aws-foundations-benchmark/v/5.0.0",
    )

    def event_of(version: str) -> Event:
        arn = f"arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/{version}"
        return make_event(change, requestParameters={"standardsSubscriptionRequests": [{"standardsArn": arn}]})

    regions = ("us-east-1", "eu-west-1")
    assert of(change, event_of("5.0.0"), regions=regions)[0].event is not None
    assert of(change, event_of("3.0.0"), regions=regions)[0].event is None


# The end of the lease


@pytest.mark.parametrize(
    ("seconds", "is_late"),
    [(-60, True), (0, True), (1, False), (60, False)],
)
def test_a_request_that_was_sent_after_its_lease_had_ended(seconds: int, is_late: bool) -> None:
    world = World()
    (key,) = world.change(key_change())
    world.lease(key, NOW + timedelta(seconds=seconds))
    found = compared(world, make_event(key_change(), seconds=1))
    assert found.shown[key].is_late is is_late


@pytest.mark.parametrize(
    ("fence", "job_id", "is_late"),
    [(3, "17", False), (4, "17", True), (3, "18", True)],
)
def test_a_later_record_shows_that_the_lease_was_renewed(fence: int, job_id: str, is_late: bool) -> None:
    world = World()
    (key,) = world.change(key_change("alice"))
    world.lease(key, NOW + timedelta(minutes=15))
    world.now = NOW + timedelta(minutes=20)
    (later,) = world.change(key_change("bob"), job_id=job_id)
    world.lease(later, NOW + timedelta(minutes=35), fence)
    # The outcome of the first change was recorded late, as its request was sent late.
    world.edit(f"{key}-outcome.json", at="2026-11-25T02:25:00Z")
    found = compared(world, make_event(key_change("alice"), seconds=21 * 60))
    assert found.shown[key].event is not None
    assert found.shown[key].is_late is is_late


def test_a_suspended_machine_sends_hours_later() -> None:
    world = World()
    (key,) = world.change(key_change(), outcome=None)
    world.lease(key, NOW + timedelta(minutes=15))
    late = make_event(key_change(), seconds=3 * 3600)
    found = compared(world, late, until=NOW + timedelta(hours=4), now=NOW + timedelta(hours=4))
    assert (found.shown[key].event, found.shown[key].is_late) == (late, True)


def test_a_record_of_an_older_version_has_no_lease() -> None:
    shown, _left = of(key_change(), make_event(key_change()))
    assert shown.is_late is False


# Attempts that failed


def test_failed_attempts_belong_to_the_change() -> None:
    failed = make_event(key_change(), seconds=1, errorCode="ConcurrentModification")
    made = make_event(key_change(), seconds=3)
    shown, left = of(key_change(), failed, made)
    assert (shown.event, shown.attempts, left) == (made, (failed,), ())


def test_a_change_that_failed_has_attempts_alone() -> None:
    failed = make_event(key_change(), errorCode="AccessDenied")
    shown, left = of(key_change(), failed, outcome=Outcome.FAILED)
    assert (shown.event, shown.attempts, shown.lack, left) == (None, (failed,), "", ())


def test_a_call_that_succeeded_although_its_record_says_failed_is_not_in_the_journal() -> None:
    made = make_event(key_change())
    shown, left = of(key_change(), made, outcome=Outcome.FAILED)
    assert (shown.event, left) == (None, (made,))


def test_a_failed_event_is_no_proof() -> None:
    shown, _left = of(key_change(), make_event(key_change(), errorCode="AccessDenied"))
    assert (shown.event, shown.lack) == (None, NO_EVENT)


# Changes without an event


def test_no_event() -> None:
    assert of(key_change())[0].lack == NO_EVENT


@pytest.mark.parametrize(
    ("fields", "lack"),
    [
        ({"failure": "AccessDenied"}, "unknown: the event history was not read: AccessDenied"),
        ({"regions": ()}, "unknown: the event history of us-east-1 was not read"),
        ({"failures": {"us-east-1": "too many pages"}}, "unknown: us-east-1: too many pages"),
        ({"read_at": NOW + timedelta(minutes=5)}, "no event found yet: events arrive up to 15 minutes late"),
        ({"now": NOW + timedelta(days=91)}, "unknown: events are kept 90 days"),
        ({"until": NOW - timedelta(seconds=1)}, "unknown: the event history was read for another time"),
        ({"since": NOW + timedelta(seconds=1)}, "unknown: the event history was read for another time"),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(fields: dict[str, t.Any], lack: str) -> None:
    assert of(key_change(), **fields)[0].lack == lack


def test_a_failure_of_another_region_does_not_matter_to_a_global_change() -> None:
    assert of(key_change(), failures={"eu-west-1": "AccessDenied"})[0].lack == NO_EVENT


def test_calls_on_data_are_in_no_event_history() -> None:
    change = key_change(service="sns", operation="Publish", region="us-east-1")
    assert of(change)[0].lack == "unknown: the event history has no calls on data"


def test_a_change_that_was_cut_off_without_an_event_was_probably_not_made() -> None:
    assert of(key_change(), outcome=None)[0].lack == "no event found, so the change was probably not made"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.FOREIGN])
def test_a_change_that_was_not_made_needs_no_event(outcome: Outcome) -> None:
    assert of(key_change(), outcome=outcome)[0].lack == ""


# Events without a record


def test_calls_of_our_sessions_without_a_record() -> None:
    world = World()
    ours = make_event(key_change("mallory"), userAgent="aws-cli/2")
    agent = make_event(key_change("mallory"), seconds=2, userIdentity={"arn": "arn:aws:iam::1:role/x"})
    others = make_event(key_change("mallory"), seconds=3, userAgent="aws-cli/2", userIdentity={"arn": "x"})
    assert compared(world, ours, agent, others).unrecorded == (ours, agent)


def test_a_call_twice_with_one_record() -> None:
    first, second = make_event(key_change()), make_event(key_change(), seconds=5)
    shown, left = of(key_change(), first, second)
    assert (shown.event, left) == (first, (second,))


def test_a_record_of_another_run_explains_one_call() -> None:
    world = World()
    world.change(key_change(), run_id="other")
    (change,) = read_account(world.journal, ACCOUNT, "other").changes
    first, second = make_event(key_change()), make_event(key_change(), seconds=90)
    denied = make_event(key_change(), seconds=2, errorCode="Throttling")
    assert set(find_explained([second, denied, first], [change])) == {first.id, denied.id}
    failed = dataclasses.replace(change, outcome=Outcome.FAILED.value)
    assert set(find_explained([first, denied], [failed])) == {denied.id}


def test_events_of_another_run_are_explained() -> None:
    world = World()
    world.change(key_change("carol"))
    (carol,) = world.records().changes
    events = [make_event(key_change("carol")), make_event(key_change("mallory"))]
    assert find_explained(events, [carol]) == {events[0].id: carol}


# Reading


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "x",
        {},
        {"readOnly": False},
        {"readOnly": True, "eventID": "1", "eventTime": "2026-11-25T02:00:00Z", "eventName": "x", "eventSource": "y"},
        {"readOnly": False, "eventID": "1", "eventTime": "now", "eventName": "x", "eventSource": "y"},
        {"readOnly": None, "eventID": "1", "eventTime": "2026-11-25T02:00:00Z", "eventName": "x", "eventSource": "y"},
    ],
)
def test_what_is_no_write_in_cloudtrail(record: t.Any) -> None:
    assert read_event(record) is None


def test_an_event_without_an_identity() -> None:
    record = {"readOnly": False, "eventID": "1", "eventTime": "2026-11-25T02:00:00Z"}
    event = read_event({**record, "eventName": "x", "eventSource": "y", "userIdentity": None})
    assert event is not None
    assert (event.arn, event.user_agent, event.error, event.region) == ("", "", "", "")


def test_a_history_comes_back_from_its_file() -> None:
    history = World().see(make_event(key_change()), failures={"eu-west-1": "no"}, failure="x")
    content = encode(history.as_document(ACCOUNT, RUN))
    assert parse_history(content, account_id=ACCOUNT, run_id=RUN, where="x") == history
    empty = encode(History().as_document(ACCOUNT, RUN))
    assert parse_history(empty, account_id=ACCOUNT, run_id=RUN, where="x") == History()


@pytest.mark.parametrize(
    "fields",
    [
        {"account_id": "999999999999"},
        {"run_id": "another"},
        {"schema": "x"},
        {"events": None},
        {"events": [7]},
        {"events": [{}]},
        {"failures": []},
        {"read_at": 7},
        {"regions": 7},
    ],
)
def test_a_forged_history_is_refused(fields: dict[str, t.Any]) -> None:
    document = {**World().see(make_event(key_change())).as_document(ACCOUNT, RUN), **fields}
    with pytest.raises(DocumentError):
        parse_history(json.dumps(document).encode(), account_id=ACCOUNT, run_id=RUN, where="x")


@pytest.mark.parametrize("name", ["id", "name", "arn", "time", "parameters"])
def test_an_event_of_a_forged_history_has_all_members(name: str) -> None:
    document = World().see(make_event(key_change())).as_document(ACCOUNT, RUN)
    (event,) = document["events"]
    without = {key: event[key] for key in event if key != name}
    for forged in (without, {**without, **({} if name == "parameters" else {name: 7})}):
        with pytest.raises(DocumentError):
            parse_history(encode({**document, "events": [forged]}), account_id=ACCOUNT, run_id=RUN, where="x")


def test_an_event_as_a_document_has_its_time_as_text() -> None:
    event = make_event(key_change())
    assert event.as_dict()["time"] == "2026-11-25T02:00:01Z"
    assert dataclasses.replace(event, id="x").as_dict()["id"] == "x"
