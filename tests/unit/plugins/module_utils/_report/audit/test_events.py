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

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Answer, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.events import (
    Comparison,
    Event,
    History,
    Shown,
    compare,
    explain_incomplete,
    find_explained,
    parse_history,
    read_event,
)
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.records import read_account
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.state import State
from ansible_collections.hardening.iam.plugins.module_utils._report.document import DocumentError, encode

from ..._converge.fakes import ACCOUNT, NOW, RUN
from .world import CALLER, LATER, World, key_change, make_event

NO_EVENT: t.Final = "no event found (events arrive up to 15 minutes late)"
NOT_YET: t.Final = "not verified yet: events arrive up to 15 minutes late"


def compared(world: World, *events: Event, now: t.Any = LATER, **fields: t.Any) -> Comparison:
    """Compare the journal of the run with a history of these events."""
    return held(world, Yes(world.see(*events, **fields)), now=now)


def held(world: World, history: Answer[History], *, now: t.Any = LATER) -> Comparison:
    """Compare the journal of the run with an answer of the event history."""
    return compare(world.records().changes, history, account_id=ACCOUNT, callers={CALLER}, now=now)


def of(change: Change, *events: Event, outcome: t.Optional[Outcome] = Outcome.APPLIED, **fields: t.Any) -> t.Any:
    """Compare one recorded change with these events: what shows it, and the events left over."""
    world = World()
    recorded = {name: fields.pop(name) for name in ("request_id", "attempts", "caller_arn") if name in fields}
    (key,) = world.change(change, outcome=outcome, **recorded)
    found = compared(world, *events, **fields)
    return found.shown[key], found.unrecorded


def verdict(shown: Shown) -> tuple[State, str]:
    return shown.state, shown.reason


def test_each_change_has_its_own_event() -> None:
    world = World()
    keys = world.change(key_change("alice"), key_change("bob"))
    alice, bob = make_event(key_change("alice")), make_event(key_change("bob"), seconds=2)
    found = compared(world, bob, alice)
    assert [found.shown[key].event for key in keys] == [alice, bob]
    assert [verdict(found.shown[key]) for key in keys] == [(State.VERIFIED, "")] * 2
    assert found.unrecorded == ()


# Whose an event is: the request, the account and the identity


def test_operation_and_time_alone_show_nothing() -> None:
    event = make_event(key_change(), requestID="another")
    shown, left = of(key_change(), event)
    assert (shown.event, verdict(shown), left) == (None, (State.ATTENTION, NO_EVENT), (event,))


def test_a_request_of_another_account_is_no_evidence() -> None:
    """AWS's ids are unique, but a file of events can be forged, and one request may have events in two accounts."""
    shown, _left = of(key_change(), make_event(key_change(), recipientAccountId="999988887777"))
    assert (shown.event, shown.state) == (None, State.ATTENTION)
    assert shown.reason == f"the event of its request is of {CALLER} in account 999988887777"


OTHER: t.Final = {"userIdentity": {"arn": CALLER.replace("automation-credentials", "intruder")}, "userAgent": "Boto3"}


def test_a_request_of_another_identity_is_no_evidence() -> None:
    """A session of another role may have the same name, so its calls are in the answers of LookupEvents too."""
    shown, left = of(key_change(), make_event(key_change(), **OTHER))
    assert (shown.event, shown.state, left) == (None, State.ATTENTION, ())
    assert "assumed-role/intruder/iam-hardening in account 111122223333" in shown.reason


def test_an_event_without_an_account_belongs_to_no_change() -> None:
    shown, _left = of(key_change(), make_event(key_change(), recipientAccountId=None))
    assert (shown.event, shown.state) == (None, State.ATTENTION)


def test_two_changes_that_name_one_request() -> None:
    """Somebody copied the id of a request from the record of another change."""
    world = World()
    (alice,) = world.change(key_change("alice"))
    (bob,) = world.change(key_change("bob"), request_id="request-alice")
    event = make_event(key_change("alice"))
    found = compared(world, event)
    for key in (alice, bob):
        assert verdict(found.shown[key]) == (State.ATTENTION, "another record names the same request")
    assert found.unrecorded == (event,)


def test_an_attempt_that_names_the_request_of_another_change() -> None:
    world = World()
    (alice,) = world.change(key_change("alice"))
    world.change(key_change("bob"), attempts=["request-alice"])
    found = compared(world, make_event(key_change("alice")), make_event(key_change("bob")))
    assert found.shown[alice].state is State.ATTENTION


def test_several_events_of_one_request_are_no_answer() -> None:
    events = [make_event(key_change(), seconds=second) for second in (1, 2)]
    shown, left = of(key_change(), *events)
    assert (verdict(shown), left) == ((State.NOT_VERIFIED, "CloudTrail has 2 events of its request"), tuple(events))


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
def test_a_request_that_was_another_call(fields: dict[str, t.Any]) -> None:
    """The id was copied from another change, of this run or of an earlier one."""
    event = make_event(key_change("alice"), **fields)
    shown, left = of(key_change("alice"), event)
    assert (shown.event, shown.state, left) == (event, State.ATTENTION, ())
    assert shown.reason.startswith("the event of its request is another call: ")


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
    for value, state in (("bob", State.ATTENTION), ("alice", State.VERIFIED), ("alice2", State.ATTENTION)):
        event = make_event(key_change("alice"), requestParameters={"x": [{name: value}]})
        assert of(key_change("alice"), event)[0].state is state


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
    assert of(change, make_event(change, eventSource=f"{source}.amazonaws.com"))[0].state is State.VERIFIED


@pytest.mark.parametrize(
    "parameters",
    [None, {}, {"userName": "alice"}, {"userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, {"accessKeyId": "***"}, []],
)
def test_an_event_that_says_less_fits(parameters: t.Any) -> None:
    shown, _left = of(key_change("alice"), make_event(key_change("alice"), requestParameters=parameters))
    assert shown.state is State.VERIFIED


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
    assert shown.state is State.VERIFIED
    elsewhere = make_event(change, **{**fields, "awsRegion": "us-east-1"})
    shown, _left = of(change, elsewhere, regions=("us-east-1", "eu-west-1"))
    assert shown.state is State.ATTENTION
    shown, _left = of(change)
    assert verdict(shown) == (State.NOT_VERIFIED, "the event history of eu-west-1 was not read")
    shown, _left = of(change, regions=("us-east-1",), failures={"eu-west-1": "AccessDenied"})
    assert verdict(shown) == (State.NOT_VERIFIED, "eu-west-1: AccessDenied")


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
    assert of(change, event_of("5.0.0"), regions=regions)[0].state is State.VERIFIED
    assert of(change, event_of("3.0.0"), regions=regions)[0].state is State.ATTENTION


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
    (key,) = world.change(key_change())
    world.lease(key, NOW + timedelta(minutes=15))
    world.edit(f"{key}-outcome.json", at="2026-11-25T05:00:01Z")
    late = make_event(key_change(), seconds=3 * 3600)
    found = compared(world, late, until=NOW + timedelta(hours=4), now=NOW + timedelta(hours=4))
    assert (found.shown[key].event, found.shown[key].is_late) == (late, True)


# Attempts that failed


def test_failed_attempts_belong_to_the_change() -> None:
    failed = make_event(key_change(), seconds=1, errorCode="ConcurrentModification", requestID="first")
    made = make_event(key_change(), seconds=3)
    shown, left = of(key_change(), failed, made, attempts=["first"])
    assert (shown.event, shown.attempts, left) == (made, (failed,), ())
    shown, left = of(key_change(), failed, made)
    assert (shown.attempts, left) == ((), (failed,))


def test_an_attempt_that_succeeded_is_no_attempt() -> None:
    first = make_event(key_change(), requestID="first")
    shown, left = of(key_change(), first, make_event(key_change(), seconds=3), attempts=["first"])
    assert (shown.state, shown.attempts, left) == (State.VERIFIED, (), (first,))


def test_a_change_that_failed_shows_its_call() -> None:
    failed = make_event(key_change(), errorCode="AccessDenied")
    shown, left = of(key_change(), failed, outcome=Outcome.FAILED)
    assert (shown.event, verdict(shown), left) == (failed, (State.VERIFIED, ""), ())


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.FOREIGN])
def test_a_call_that_succeeded_although_its_record_denies_it(outcome: Outcome) -> None:
    shown, _left = of(key_change(), make_event(key_change()), outcome=outcome)
    assert verdict(shown) == (State.ATTENTION, "CloudTrail says that the call succeeded")


def test_a_failed_call_is_no_proof() -> None:
    shown, _left = of(key_change(), make_event(key_change(), errorCode="AccessDenied"))
    assert verdict(shown) == (State.ATTENTION, "CloudTrail says that the call failed: AccessDenied")


# Changes without an event


def test_no_event() -> None:
    assert verdict(of(key_change())[0]) == (State.ATTENTION, NO_EVENT)


@pytest.mark.parametrize(
    ("minutes", "state", "reason"),
    [
        (0, State.NOT_VERIFIED, NOT_YET),
        (9, State.NOT_VERIFIED, NOT_YET),
        (14.9, State.NOT_VERIFIED, NOT_YET),
        (15, State.ATTENTION, NO_EVENT),
        (60, State.ATTENTION, NO_EVENT),
    ],
)
def test_absence_counts_once_the_delay_has_passed(minutes: float, state: State, reason: str) -> None:
    read_at = NOW + timedelta(minutes=minutes)
    shown, _left = of(key_change(), read_at=read_at, until=read_at, now=read_at)
    assert verdict(shown) == (state, reason)
    # The time of the look-up counts, not that of the page.
    assert verdict(of(key_change(), read_at=read_at, until=read_at, now=LATER)[0]) == (state, reason)


def test_a_look_up_in_the_future_ends_no_delay() -> None:
    shown, _left = of(key_change(), read_at=NOW + timedelta(days=1), now=NOW + timedelta(minutes=9))
    assert verdict(shown) == (State.NOT_VERIFIED, NOT_YET)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"regions": ()}, "the event history of us-east-1 was not read"),
        ({"failures": {"us-east-1": "too many pages"}}, "us-east-1: too many pages"),
        ({"read_at": None}, NOT_YET),
        ({"now": NOW + timedelta(days=91)}, "events are kept 90 days"),
        ({"until": NOW - timedelta(seconds=1)}, "the event history was read for another time"),
        ({"since": NOW + timedelta(seconds=1)}, "the event history was read for another time"),
        (
            {"request_id": ""},
            "its record has no id of a request: AWS's answer was lost, or a later run found the outcome",
        ),
        ({"caller_arn": ""}, "its record names no caller"),
    ],
)
def test_what_is_not_known_is_not_verified(fields: dict[str, t.Any], reason: str) -> None:
    assert verdict(of(key_change(), **fields)[0]) == (State.NOT_VERIFIED, reason)


@pytest.mark.parametrize(
    ("history", "reason"),
    [(NO, "CloudTrail was not asked"), (Unknown("AccessDenied"), "the event history was not read: AccessDenied")],
)
def test_without_a_history_nothing_is_verified(history: Answer[History], reason: str) -> None:
    world = World()
    (key,) = world.change(key_change())
    found = held(world, history)
    assert (verdict(found.shown[key]), found.unrecorded) == ((State.NOT_VERIFIED, reason), ())


def test_a_failure_of_another_region_does_not_matter_to_a_global_change() -> None:
    assert verdict(of(key_change(), failures={"eu-west-1": "AccessDenied"})[0]) == (State.ATTENTION, NO_EVENT)


def test_calls_on_data_are_in_no_event_history() -> None:
    change = key_change(service="sns", operation="Publish", region="us-east-1")
    assert verdict(of(change)[0]) == (State.NOT_VERIFIED, "the event history has no calls on data")


def test_a_change_that_was_cut_off_has_no_known_outcome() -> None:
    event = make_event(key_change())
    shown, left = of(key_change(), event, outcome=None)
    assert (verdict(shown), left) == ((State.NOT_VERIFIED, "its outcome is not known"), (event,))


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.FOREIGN])
def test_a_change_that_was_not_made_needs_no_event(outcome: Outcome) -> None:
    assert verdict(of(key_change(), outcome=outcome)[0]) == (State.VERIFIED, "")


# Events without a record


def test_calls_of_our_sessions_without_a_record() -> None:
    world = World()
    ours = make_event(key_change("mallory"), userAgent="aws-cli/2")
    agent = make_event(key_change("mallory"), seconds=2, userIdentity={"arn": "arn:aws:iam::1:role/x"})
    others = make_event(key_change("mallory"), seconds=3, userAgent="aws-cli/2", userIdentity={"arn": "x"})
    assert compared(world, ours, agent, others).unrecorded == (ours, agent)


def test_a_call_twice_with_one_record() -> None:
    first, second = make_event(key_change()), make_event(key_change(), seconds=5, requestID="second")
    shown, left = of(key_change(), first, second)
    assert (shown.event, left) == (first, (second,))


@pytest.mark.parametrize("outcome", [Outcome.APPLIED, None])
def test_a_call_may_be_of_a_change_whose_answer_was_lost(outcome: t.Optional[Outcome]) -> None:
    world = World()
    (key,) = world.change(key_change(), outcome=outcome, request_id="")
    fitting, other = make_event(key_change()), make_event(key_change("mallory"))
    found = compared(world, fitting, other)
    assert found.unrecorded == (fitting, other)
    assert {name: change.key for name, change in found.possible.items()} == {fitting.id: key}
    assert found.shown[key].state is State.NOT_VERIFIED


def test_a_record_of_another_run_explains_its_own_requests_alone() -> None:
    world = World()
    world.change(key_change(), run_id="other", attempts=["denied"])
    (change,) = read_account(world.journal, ACCOUNT, "other").changes
    first, second = make_event(key_change()), make_event(key_change(), seconds=90, requestID="second")
    denied = make_event(key_change(), seconds=2, errorCode="Throttling", requestID="denied")
    forged = make_event(key_change(), seconds=4, userIdentity={"arn": "arn:aws:iam::1:role/x"})
    assert find_explained([second, denied, first, forged], [change]) == {first.id: change, denied.id: change}


@pytest.mark.parametrize(
    ("fields", "last", "said"),
    [
        ({}, NOW, ""),
        ({"failures": {"us-east-1": "AccessDenied"}}, NOW, "us-east-1: AccessDenied"),
        ({"read_at": None}, NOW, "not known when it was read"),
        ({}, None, "not known when it was read"),
        ({"read_at": NOW + timedelta(minutes=9)}, NOW, "read it again after 2026-11-25T02:15:00Z"),
        ({"read_at": NOW + timedelta(days=9)}, LATER, "read it again after 2026-11-25T04:15:00Z"),
    ],
)
def test_calls_may_be_missing_from_a_history(fields: dict[str, t.Any], last: t.Any, said: str) -> None:
    reason = explain_incomplete(World().see(**fields), last, LATER)
    assert (said in reason) and bool(reason) is bool(said)


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
    assert (event.arn, event.request_id, event.account_id, event.region) == ("", "", "", "")


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


def test_an_event_that_stands_twice_in_a_history_is_refused() -> None:
    document = World().see(make_event(key_change())).as_document(ACCOUNT, RUN)
    with pytest.raises(DocumentError, match="two events have one id"):
        parse_history(encode({**document, "events": document["events"] * 2}), account_id=ACCOUNT, run_id=RUN, where="x")


@pytest.mark.parametrize("name", ["id", "name", "arn", "time", "parameters", "request_id", "account_id"])
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
