# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hunt as a whole: which events are found, in any order, and what the document says."""

from __future__ import annotations

import collections
import copy
import random
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.document import build_document, list_sessions
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event, parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.gaps import Coverage, RegionRead
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.hunt import Hunt, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.question import Question, QuestionError

from .scenarios import (
    DATA,
    ELSEWHERE,
    HOME,
    LEAKED,
    NAT,
    NOW,
    OFFICE,
    PROD,
    PYTHON,
    Record,
    Scenario,
    assume,
    intrude,
    session,
    user,
    work_as_usual,
)

EVIL: t.Final[Record] = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON, "planted": True}
START: t.Final = NOW - timedelta(hours=4)


def ask(scenario: Scenario, **changes: t.Any) -> Question:
    given = {
        "keys": scenario.keys,
        "principals": scenario.principals,
        "addresses": scenario.addresses,
        "since": scenario.since,
        "until": NOW,
        **changes,
    }
    return Question.of(**given)


def hunt(scenario: Scenario, records: t.Optional[list[Record]] = None, **changes: t.Any) -> Outcome:
    events = [event for one in records or scenario.records if (event := parse_event(one)) is not None]

    def read() -> list[Event]:
        return events

    return Hunt(ask(scenario, **changes), read).run()


def describe(outcome: Outcome, *accounts: str, coverage: Coverage = Coverage.COMPLETE, **options: t.Any) -> Record:
    reads = {(account, "us-east-1"): RegionRead(coverage) for account in accounts or (HOME, PROD, DATA)}
    return build_document(outcome, reads, now=NOW, **options)


@pytest.fixture
def attacked() -> Scenario:
    scenario = Scenario("hunt", 1)
    rng = random.Random(1)
    work_as_usual(scenario, rng)
    intrude(scenario, rng, START)
    return scenario


def verdicts_of(outcome: Outcome) -> dict[str, str]:
    return {name: verdict.suspected.value for name, verdict in outcome.verdicts.items()}


def test_the_order_of_events_decides_nothing(attacked: Scenario) -> None:
    first = describe(hunt(attacked))
    for seed in range(3):
        records = copy.deepcopy(attacked.records)
        random.Random(seed).shuffle(records)
        assert describe(hunt(attacked, records)) == first


def test_copies_of_events_count_once(attacked: Scenario) -> None:
    once, twice = hunt(attacked), hunt(attacked, [*attacked.records, *copy.deepcopy(attacked.records)])
    assert verdicts_of(twice) == verdicts_of(once)
    assert len(twice.events) == len(once.events) and twice.conflicts == 0


def test_a_forged_copy_is_named_whatever_the_order(attacked: Scenario) -> None:
    target = next(one for one in attacked.records if one["eventID"] in attacked.planted)
    forged = {**target, "sourceIPAddress": OFFICE}
    for records in ([*attacked.records, forged], [forged, *attacked.records]):
        outcome = hunt(attacked, records)
        assert outcome.conflicts >= 1
        assert any("a log file may be forged" in sentence for sentence in describe(outcome)["headline"])
    shown = {
        next(event.source_address for event in hunt(attacked, records).events if event.event_id == target["eventID"])
        for records in ([*attacked.records, forged], [forged, *attacked.records])
    }
    assert len(shown) == 1


def test_a_missing_account_is_not_followed(attacked: Scenario) -> None:
    records = [one for one in attacked.records if one["recipientAccountId"] != DATA]
    document = describe(hunt(attacked, records), HOME, PROD)
    steps = [step for step in document["unfollowed"] if step["to"] == f"arn:aws:iam::{DATA}:role/warehouse"]
    assert [step["reason"] for step in steps] == [f"account {DATA} was not read"]
    assert any("steps were not followed" in sentence for sentence in document["headline"])
    assert any(DATA in step for step in document["next_steps"])


def test_a_region_that_was_read_in_part_leaves_a_step_open(attacked: Scenario) -> None:
    records = [one for one in attacked.records if one["recipientAccountId"] != DATA]
    outcome = hunt(attacked, records)
    reads = {
        (HOME, "us-east-1"): RegionRead(Coverage.COMPLETE),
        (PROD, "us-east-1"): RegionRead(Coverage.COMPLETE),
        (DATA, "us-east-1"): RegionRead(Coverage.COMPLETE),
    }
    whole = build_document(outcome, reads, now=NOW)["unfollowed"]
    assert [one for one in whole if one["access_key_id"]] == []
    reads[DATA, "eu-west-1"] = RegionRead(Coverage.PARTIAL, ("throttled",))
    document = build_document(outcome, reads, now=NOW)
    (step,) = [one for one in document["unfollowed"] if one["access_key_id"]]
    assert "was not read completely: eu-west-1" in step["reason"]
    assert {"account_id": DATA, "region": "eu-west-1", "reason": "throttled"} in document["coverage_reasons"]


def test_the_chain_goes_on_if_the_account_of_the_caller_was_not_read(attacked: Scenario) -> None:
    """The account of the role alone has the event, which shows no key of the caller."""
    records = [one for one in attacked.records if one["recipientAccountId"] == DATA]
    key = next(one["responseElements"] for one in records if one["eventName"] == "AssumeRole")["credentials"]
    document = describe(hunt(attacked, records, keys=[key["accessKeyId"]], since=START), DATA)
    made = [edge for edge in document["edges"] if edge["relation"] == "made" and edge["to"] == key["accessKeyId"]]
    assert [edge["from"] for edge in made] == ["AROADEPLOY:build-7"]


def test_a_created_key_is_followed_and_another_of_the_user_is_not_suspected() -> None:
    scenario = Scenario("created", 1)
    rng = random.Random(1)
    work_as_usual(scenario, rng)
    asked = {
        "requestParameters": {"userName": "report-export"},
        "responseElements": {"accessKey": {"accessKeyId": "AKIAEVILEVILEVIL0001"}},
    }
    scenario.add("iam:CreateAccessKey", user(), START, **asked, **EVIL)
    used = scenario.add("s3:ListBuckets", user("report-export", "AKIAEVILEVILEVIL0001"), START + timedelta(minutes=5))
    own = scenario.add("s3:ListBuckets", user("report-export", "AKIAREPORTREPORT0001"), START + timedelta(minutes=6))
    outcome = hunt(scenario)
    assert verdicts_of(outcome)[used["eventID"]] == "yes"
    assert verdicts_of(outcome)[own["eventID"]] != "yes"
    document = describe(outcome)
    assert {"AKIAEVILEVILEVIL0001", LEAKED} <= {node["id"] for node in document["nodes"]}
    assert any("AKIAEVILEVILEVIL0001" in step for step in document["next_steps"])


def test_all_of_a_created_user_is_suspected() -> None:
    scenario = Scenario("created", 2)
    work_as_usual(scenario, random.Random(2))
    scenario.add("iam:CreateUser", user(), START, requestParameters={"userName": "svc-x"}, **EVIL)
    other = {"sourceIPAddress": NAT, "userAgent": "Mozilla/5.0 (X11)"}
    login = scenario.add("signin:ConsoleLogin", user("svc-x", ""), START + timedelta(minutes=9), **other)
    assert verdicts_of(hunt(scenario))[login["eventID"]] == "yes"


def test_a_machine_of_the_intruder_works_as_its_role() -> None:
    scenario = Scenario("machine", 1)
    work_as_usual(scenario, random.Random(1))
    answer = {"responseElements": {"instancesSet": {"items": [{"instanceId": "i-0evil"}]}}}
    scenario.add("ec2:RunInstances", user(), START, **answer, **EVIL)
    scenario.add("iam:PassRole", user(), START, requestParameters={"roleName": "app"}, **EVIL)
    own = session("app", "i-0evil", "ASIAMACHINEMACHINE01")
    used = scenario.add("s3:ListBuckets", own, START + timedelta(minutes=5), sourceIPAddress="198.18.0.5")
    outcome = hunt(scenario, principals=["role/app"])
    assert verdicts_of(outcome)[used["eventID"]] == "yes"


def test_without_a_baseline_the_events_are_uncertain() -> None:
    scenario = Scenario("first day", 1)
    for minute in range(6):
        scenario.add("s3:ListBuckets", user(), START + timedelta(minutes=minute))
    outcome = hunt(scenario)
    assert set(verdicts_of(outcome).values()) == {"uncertain"}
    document = describe(outcome)
    assert document["baseline"]["basis"] == "none"
    assert any("no baseline" in reason for row in document["timeline"] for reason in row["reasons"])


def test_without_a_baseline_an_attack_is_suspected_by_what_it_calls() -> None:
    scenario = Scenario("first day", 2)
    intrude(scenario, random.Random(3), START, agent="Boto3/1.26 Linux/6.6-kali")
    outcome = hunt(scenario)
    assert set(verdicts_of(outcome).values()) == {"yes"}


def test_usual_work_alone_is_not_suspected() -> None:
    scenario = Scenario("quiet", 1)
    work_as_usual(scenario, random.Random(5))
    outcome = hunt(scenario)
    found = collections.Counter(verdicts_of(outcome).values())
    assert found["yes"] == 0
    # The first changes of the record, which no days before show to be usual.
    assert found["uncertain"] <= 0.05 * found.total()
    document = describe(outcome)
    assert document["since"] == ""
    assert "no event differs from the habits" in document["headline"][1]


def test_another_user_from_the_address_of_the_intruder_is_an_inference(attacked: Scenario) -> None:
    other = user("finance", "AKIAFINANCEFINANCE01")
    seen = {"sourceIPAddress": ELSEWHERE, "userAgent": "aws-cli/2.1 os/windows"}
    found = attacked.add("s3:ListBuckets", other, START + timedelta(minutes=30), **seen)
    outcome = hunt(attacked)
    verdict = outcome.verdicts[found["eventID"]]
    assert verdict.suspected == "uncertain" and verdict.is_inference


def test_times_alone_find_the_principal_whose_habits_change(attacked: Scenario) -> None:
    rng = random.Random(9)
    for day in range(20):
        quiet = user("quiet", "AKIAQUIETQUIETQUIET1")
        when = NOW - timedelta(days=day, hours=1, minutes=rng.randrange(30))
        attacked.add("sqs:SendMessage", quiet, when, sourceIPAddress=NAT)
    outcome = hunt(attacked, keys=[], since=START)
    nodes = {node["id"] for node in describe(outcome)["nodes"]}
    assert LEAKED in nodes
    assert "AKIAQUIETQUIETQUIET1" not in nodes


def test_a_stopped_trail_is_a_gap_in_log_files_alone(attacked: Scenario) -> None:
    stop = {"requestParameters": {"name": "main"}}
    attacked.add("cloudtrail:StopLogging", user(), START + timedelta(minutes=1), **stop, **EVIL)
    outcome = hunt(attacked)
    of_files, of_history = describe(outcome, is_of_files=True), describe(outcome)
    assert of_files["coverage"][HOME] == {"us-east-1": "partial"}
    assert of_files["coverage"][PROD] == {"us-east-1": "complete"}
    assert of_history["coverage"][HOME] == {"us-east-1": "complete"}
    for document in (of_files, of_history):
        assert [gap["event_name"] for gap in document["gaps"]][-1] == "StopLogging"
        assert any(sentence.startswith("StopLogging in account") for sentence in document["headline"])


def test_sessions_are_in_the_form_of_the_containment(attacked: Scenario) -> None:
    found = list_sessions(hunt(attacked))
    assert {row["role"].rpartition("/")[2] for row in found} >= {"pipeline"}
    assert all(set(row) == {"role", "session_name", "access_key_id", "source_identity"} for row in found)
    assert all(row["session_name"] == "build-7" for row in found)


def test_events_after_the_end_are_left_out(attacked: Scenario) -> None:
    outcome = hunt(attacked, until=START - timedelta(minutes=1))
    assert not set(outcome.verdicts) & attacked.planted


def test_a_flood_is_cut_and_named() -> None:
    scenario = Scenario("flood", 1)
    for number in range(40):
        scenario.add("s3:ListBuckets", user(), START + timedelta(seconds=number))
    events = [event for one in scenario.records if (event := parse_event(one)) is not None]
    outcome = Hunt(ask(scenario), lambda: events, most_events=10).run()
    assert outcome.is_cut and len(outcome.events) == 10
    assert any("were kept" in sentence for sentence in describe(outcome)["headline"])


def test_a_circle_of_forged_sessions_ends() -> None:
    scenario = Scenario("circle", 1)
    one, other = session("a", "x", "ASIACIRCLECIRCLE0001"), session("b", "x", "ASIACIRCLECIRCLE0002")
    assume(scenario, one, "b", "x", "ASIACIRCLECIRCLE0002", START, planted=True)
    assume(scenario, other, "a", "x", "ASIACIRCLECIRCLE0001", START, planted=True)
    document = describe(hunt(scenario, keys=["ASIACIRCLECIRCLE0001"], since=START - timedelta(hours=1)))
    assert len(document["timeline"]) == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"keys": ["AKIA"]}, "access_key_ids: 'AKIA'"),
        ({"keys": ["akiaiosfodnn7example"]}, "access_key_ids"),
        ({"principals": ["arn:aws:s3:::bucket"]}, "principals"),
        ({"principals": ["a b"]}, "principals"),
        ({"addresses": ["10.0.0.0/8"]}, "source_addresses"),
        ({"keys": []}, "none is set"),
        ({"since": NOW + timedelta(days=1)}, "since"),
    ],
)
def test_bad_seeds_are_refused(changes: Record, problem: str) -> None:
    with pytest.raises(QuestionError, match=problem):
        ask(Scenario("bad", 1), **changes)


@pytest.mark.parametrize(
    "name",
    [
        f"arn:aws:iam::{HOME}:user/ci/ci-deploy",
        f"arn:aws:iam::{HOME}:user/ci-deploy",
        "user/ci-deploy",
        "ci-deploy",
        "AIDACI-DEPLOY",
    ],
)
def test_a_principal_may_be_named_in_several_ways(name: str, attacked: Scenario) -> None:
    if name.startswith("AIDA"):
        for record in attacked.records:
            record["userIdentity"] = {**record["userIdentity"]}
            if record["userIdentity"]["principalId"] == name:
                record["userIdentity"]["principalId"] = "AIDAEXAMPLEEXAMPLE01"
        name = "AIDAEXAMPLEEXAMPLE01"
    outcome = hunt(attacked, keys=[], principals=[name])
    assert {verdicts_of(outcome)[one] for one in attacked.planted if one in outcome.verdicts} == {"yes"}


def test_a_new_source_identity_leads_to_other_sessions(attacked: Scenario) -> None:
    """It stays with all sessions of a chain, also with those whose opening was not recorded."""
    asked = {"roleArn": f"arn:aws:iam::{PROD}:role/deploy", "roleSessionName": "s", "sourceIdentity": "mallory"}
    answer = {"credentials": {"accessKeyId": "ASIAIDENTITYIDENTI01"}}
    attacked.add("sts:AssumeRole", user(), START, requestParameters=asked, responseElements=answer, **EVIL)
    lost = session("hidden", "s", "ASIALOSTLOSTLOSTLO01", DATA)
    lost["sessionContext"]["sourceIdentity"] = "mallory"
    found = attacked.add("s3:ListBuckets", lost, START + timedelta(hours=1), sourceIPAddress="198.18.7.7")
    verdict = hunt(attacked).verdicts[found["eventID"]]
    assert verdict.suspected == "uncertain" and verdict.is_inference and "mallory" in verdict.reasons[0]


def test_a_usual_source_identity_leads_nowhere(attacked: Scenario) -> None:
    known = session("hidden", "s", "ASIAKNOWNKNOWNKNOW01", DATA)
    known["sessionContext"]["sourceIdentity"] = "alice"
    for record in attacked.records:
        if record["eventID"] in attacked.planted:
            record["userIdentity"]["sessionContext"] = {"sourceIdentity": "alice"}
    attacked.add("s3:ListBuckets", known, NOW - timedelta(days=9), sourceIPAddress=NAT)
    later = attacked.add("s3:ListBuckets", known, START + timedelta(hours=1), sourceIPAddress=NAT)
    assert later["eventID"] not in hunt(attacked).verdicts


def test_an_alert_that_comes_late_hides_nothing(attacked: Scenario) -> None:
    outcome = hunt(attacked, since=START + timedelta(minutes=3))
    assert {verdicts_of(outcome)[one] for one in attacked.planted} == {"yes"}
    document = describe(outcome)
    assert document["baseline"]["basis"] == "earlier"
    assert any("before the time that you set" in sentence for sentence in document["headline"])


def test_a_change_of_the_pipeline_itself_is_not_taken_for_the_beginning() -> None:
    """It moved to another network a week before the leak, and goes on from there."""
    scenario = Scenario("moved", 1)
    rng = random.Random(4)
    work_as_usual(scenario, rng)
    for record in scenario.records:
        if record["eventTime"] >= f"{NOW - timedelta(days=8):%Y-%m-%dT%H:%M:%SZ}":
            record["sourceIPAddress"] = "100.64.9.9"
    for hour in range(3):
        scenario.add("s3:ListBuckets", user(), START + timedelta(hours=hour), sourceIPAddress="100.64.9.9")
    intrude(scenario, rng, START)
    outcome = hunt(scenario, since=START)
    found = verdicts_of(outcome)
    usual = collections.Counter(found[one] for one in scenario.usual if one in found)
    assert usual["yes"] == 0
    # The first changes of the record, which no days before show to be usual.
    assert usual["uncertain"] <= 0.05 * usual.total()
    assert {found[one] for one in scenario.planted} == {"yes"}


def test_one_forged_time_does_not_end_a_hunt(attacked: Scenario) -> None:
    forged = [
        {**one, "eventID": f"forged-{one['eventID']}", "eventTime": "0001-01-05T00:00:00Z"}
        for one in attacked.records
        if one["eventID"] in attacked.planted
    ]
    options: Record = {"keys": (), "addresses": (ELSEWHERE,), "since": None}
    first = hunt(attacked, **options)
    assert verdicts_of(hunt(attacked, [*attacked.records, *forged], **options)) == verdicts_of(first)


def test_a_time_before_cloudtrail_is_refused(attacked: Scenario) -> None:
    with pytest.raises(QuestionError, match="before 2013"):
        ask(attacked, since=datetime(1, 1, 10, tzinfo=UTC))
