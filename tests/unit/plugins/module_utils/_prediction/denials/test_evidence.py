# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict over log files in a store in memory, and over event histories of recorded answers."""

from __future__ import annotations

import gzip
import json
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.evidence import (
    EVIDENCE_OPERATIONS,
    EventHistories,
    TrailFiles,
    Unreadable,
    Window,
    reach_verdict,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.verdict import Verdict

from ..._account.fakes import FakeAccess
from ..._converge.fakes import FakeStore
from ..._policy.trail.events import ACCOUNT, ROLE, event
from .test_watch import BEFORE, INSIDERS, POLICY, SINCE, deny

ELSEWHERE: t.Final = "999988887777"
NOW: t.Final = SINCE + timedelta(days=4)
LATE: t.Final = "2026-11-23T08:00:00Z"
DENIED_AT: t.Final = "2026-11-21T09:00:00Z"
LIST: t.Final = "iam:CreateUser"
OTHER_REGION: t.Final = "eu-west-1"


def window(*accounts: str, **fields: t.Any) -> Window:
    given = {
        "policy_arn": POLICY,
        "accounts": accounts or (ACCOUNT,),
        "since": SINCE,
        "until": SINCE + timedelta(days=3),
        "now": NOW,
        "look_back": timedelta(days=10),
        **fields,
    }
    return Window(**given)


def denied(at: str = DENIED_AT, **fields: t.Any) -> dict[str, t.Any]:
    return deny(LIST, eventTime=at, **fields)


def done(at: str = BEFORE, call: str = LIST) -> dict[str, t.Any]:
    return event(call, eventTime=at)


def quiet(at: str = LATE) -> dict[str, t.Any]:
    return event("s3:ListBuckets", eventTime=at)


class Reads(FakeAccess):
    """Reads one after the other. A StoreError ends them all, as it does in threads."""


class Trail:
    """A trail in a store, whose files lie where CloudTrail puts them."""

    def __init__(self, base: str = "AWSLogs/o-acme/") -> None:
        self.store = FakeStore()
        self.base = base
        self.number = 0

    def keep(
        self, *records: t.Any, account: str = ACCOUNT, region: str = "us-east-1", name: str = "", zipped: bool = True
    ) -> str:
        """Keep records by the days of their times, one file each."""
        key = ""
        for record in records:
            self.number += 1
            day = record["eventTime"][:10].replace("-", "/")
            ending = "json.gz" if zipped else "json"
            key = f"{self.base}{account}/CloudTrail/{region}/{day}/{name or self.number}.{ending}"
            content = json.dumps({"Records": [record]}).encode()
            self.store.put(key, gzip.compress(content, mtime=0) if zipped else content)
        return key


def open_trails(*trails: Trail, organization: t.Optional[str] = None) -> TrailFiles:
    return TrailFiles(t.cast(t.Any, [trail.store for trail in trails]), organization, t.cast(t.Any, Reads({})))


def judge(evidence: t.Any, asked: t.Optional[Window] = None, expected: t.Collection[DeniedPair] = ()) -> Verdict:
    return reach_verdict(evidence, asked or window(), INSIDERS, expected)


def judge_trail(*records: t.Any, **fields: t.Any) -> Verdict:
    trail = Trail()
    trail.keep(*records)
    return judge(open_trails(trail), window(**fields) if fields else None)


# The verdict


def test_what_a_principal_did_before_and_may_no_longer_is_lost() -> None:
    verdict = judge_trail(done(), denied(), quiet())
    (loss,) = verdict.losses
    assert (loss.pair.account_id, loss.pair.principal, loss.pair.action, loss.count) == (ACCOUNT, ROLE, LIST, 1)
    assert not verdict.has_passed and verdict.unknown == () and verdict.events == 2
    assert (verdict.source, verdict.blind_spots, verdict.silent) == ("s3://journal/iam", (), ())
    assert (verdict.foreseen, verdict.of_outsiders, verdict.of_other_policies) == (0, 0, 0)


def test_what_nobody_did_before_is_no_loss() -> None:
    for past in (
        [],
        [done(call="iam:ListUsers")],
        # Before the time that counts, and after the stage began.
        [done("2026-11-10T07:59:59Z")],
        [done("2026-11-20T08:00:01Z")],
        [deny(LIST, eventTime=BEFORE)],
    ):
        verdict = judge_trail(*past, denied(), quiet())
        assert verdict.has_passed and verdict.of_outsiders == 1
    assert judge_trail(done("2026-11-10T08:00:00Z"), denied(), quiet()).losses


def test_a_denial_that_names_no_policy_is_unknown_unless_the_same_is_lost() -> None:
    unnamed = denied(errorMessage="not allowed")
    verdict = judge_trail(done(), unnamed, quiet())
    assert len(verdict.unknown) == 1 and verdict.losses == () and not verdict.has_passed
    (text,) = verdict.blind_spots
    assert text.startswith("1 denials name no policy; they hold the stage if the same call succeeded")
    verdict = judge_trail(done(), unnamed, denied("2026-11-21T10:00:00Z"), quiet())
    assert [loss.pair.action for loss in verdict.losses] == [LIST]
    assert {loss.pair for loss in verdict.unknown}.isdisjoint({loss.pair for loss in verdict.losses})


def test_foreseen_denials_and_those_of_other_policies_and_outsiders_only_count() -> None:
    trail = Trail()
    trail.keep(done(), denied(), quiet())
    verdict = judge(open_trails(trail), expected=[DeniedPair(ACCOUNT, ROLE, LIST)])
    assert verdict.has_passed and verdict.foreseen == 1
    verdict = reach_verdict(open_trails(trail), window(), {}, ())
    assert verdict.has_passed and verdict.of_outsiders == 1
    other = denied()
    other["errorMessage"] = other["errorMessage"].replace("p-2kgnabcd", "p-anotherone")
    assert judge_trail(done(), other, quiet()).of_other_policies == 1


def test_a_place_without_events_or_whose_events_have_stopped_is_no_evidence() -> None:
    with pytest.raises(Unreadable, match=f"s3://journal/iam has no event of {ACCOUNT} since the stage began"):
        judge_trail(done())
    # A day before the soak is over at the latest.
    with pytest.raises(Unreadable, match="has no event in the last day of the soak time; it may have stopped"):
        judge_trail(quiet("2026-11-22T07:59:59Z"))
    assert judge_trail(quiet("2026-11-22T08:00:00Z")).has_passed
    # Before it is over, a day before now counts.
    early = {"now": SINCE + timedelta(days=2)}
    assert judge_trail(quiet("2026-11-21T08:00:00Z"), **early).has_passed
    with pytest.raises(Unreadable):
        judge_trail(quiet("2026-11-21T07:59:59Z"), **early)


def test_accounts_without_events_and_events_of_the_future_are_blind_spots() -> None:
    trail = Trail()
    trail.keep(quiet(), quiet("2026-11-24T08:00:01Z"))
    verdict = judge(open_trails(trail), window(ACCOUNT, *(f"{number:012}" for number in range(7))))
    assert len(verdict.silent) == 7 and verdict.silent[0] == "000000000000"
    silent, misdated = verdict.blind_spots
    assert silent.startswith("there was no event of 7 accounts: 000000000000, ") and silent.endswith(" and 2 more")
    verdict = judge(open_trails(trail), window(ACCOUNT, *(f"{number:012}" for number in range(5))))
    assert verdict.blind_spots[0].endswith(": 000000000000, 000000000001, 000000000002, 000000000003, 000000000004")
    assert misdated == "1 events are dated after now, so they do not count"


# The trail


@pytest.mark.parametrize("base", ["AWSLogs/o-acme/", "o-acme/", "AWSLogs/", ""])
@pytest.mark.parametrize("organization", [None, "o-acme"])
def test_the_folder_of_the_accounts_is_found(base: str, organization: t.Optional[str]) -> None:
    trail = Trail(base)
    trail.keep(done(), denied(), quiet())
    assert judge(open_trails(trail, organization=organization)).losses


def test_a_place_without_accounts_is_no_evidence() -> None:
    with pytest.raises(Unreadable, match="there is no folder AWSLogs with accounts in s3://journal/iam"):
        open_trails(Trail())
    trail = Trail("AWSLogs/o-other/")
    trail.keep(quiet())
    with pytest.raises(Unreadable, match="there is no AWSLogs/o-acme with accounts"):
        open_trails(trail, organization="o-acme")
    # Of two organizations nobody knows which one is meant.
    trail.base = "AWSLogs/o-acme/"
    trail.keep(quiet())
    with pytest.raises(Unreadable):
        open_trails(trail)
    assert judge(open_trails(trail, organization="o-acme")).has_passed


def test_all_regions_accounts_and_places_are_read_and_copies_once() -> None:
    one, other = Trail(), Trail()
    one.keep(done(), region=OTHER_REGION)
    one.keep(quiet(), zipped=False)
    for trail in (one, other):
        trail.keep(denied(), region=OTHER_REGION, name="same")
    other.keep(denied("2026-11-21T11:00:00Z"), region="ap-south-1")
    verdict = judge(open_trails(one, other))
    assert verdict.losses[0].count == 2 and verdict.source == "s3://journal/iam, s3://journal/iam"
    # Another content of the same name is another file.
    other.keep(denied("2026-11-21T12:00:00Z"), region=OTHER_REGION, name="same")
    assert judge(open_trails(one, other)).losses[0].count == 3


def test_events_of_another_account_prove_no_loss_here() -> None:
    trail = Trail()
    trail.keep(done(), account=ELSEWHERE)
    trail.keep(denied(), quiet())
    assert judge(open_trails(trail), window(ACCOUNT, ELSEWHERE)).has_passed


def test_what_is_no_log_file_is_passed_over_and_one_that_is_broken_is_an_error() -> None:
    trail = Trail()
    key = trail.keep(quiet())
    trail.store.put(f"{key}.sig", b"x")
    assert judge(open_trails(trail)).events == 1
    for content in (b"x", gzip.compress(b"[]")):
        trail.store.put(key, content)
        with pytest.raises(StoreError, match=f"s3://journal/iam/{key} can't be read: it is no log file"):
            judge(open_trails(trail))


def test_an_error_of_aws_is_not_taken_for_no_events() -> None:
    trail = Trail()
    trail.keep(quiet())
    evidence = open_trails(trail)

    def fail(_key: str) -> bytes:
        raise AwsError("denied")

    trail.store.get = fail  # type: ignore[method-assign]
    with pytest.raises(AwsError, match="denied"):
        judge(evidence)


def test_the_past_is_read_backwards_until_all_is_found() -> None:
    trail = Trail()
    trail.keep(done("2026-11-12T08:00:00Z"), done(), denied(), quiet())
    evidence = open_trails(trail)
    (only,) = evidence.watch(window())[ACCOUNT].denials
    read: list[str] = []
    listed = trail.store.list

    def note(prefix: str = "") -> t.Any:
        read.append(prefix)
        return listed(prefix)

    trail.store.list = note  # type: ignore[method-assign]
    assert evidence.find_successes(window(), ACCOUNT, [only]) == {(ROLE, LIST.lower())}
    days = [prefix[-11:-1] for prefix in read if prefix.endswith("/") and "CloudTrail/us-east-1/" in prefix]
    assert days == ["2026/11/21", "2026/11/20", "2026/11/19"]
    # Files of the day after may have events from just before the stage began, but there is none after now.
    read.clear()
    evidence.find_successes(window(now=SINCE + timedelta(hours=1)), ACCOUNT, [only])
    assert not any("2026/11/21" in prefix for prefix in read)


# Event histories


class History(FakeAccess):
    """The event history of one account: events by region, or the error of a region."""

    def __init__(self, answers: dict[str, t.Any]) -> None:
        super().__init__({}, account_id=ACCOUNT)
        self.answers = answers
        self.asked: list[tuple[str, dict[str, t.Any]]] = []

    def regions(self, _wanted: t.Any) -> list[str]:
        return list(self.answers)

    def pages(self, *asked: t.Any, **more: t.Any) -> Iterator[dict[str, t.Any]]:
        region = more["region"]
        assert asked[:3] == ("cloudtrail", "LookupEvents", "Events") and more["page_size"] == 50
        self.asked.append((region, asked[3]))
        answer = self.answers[region]
        if isinstance(answer, AwsError):
            raise answer
        pages = answer if isinstance(answer, int) else 1
        records = [] if isinstance(answer, int) else answer
        for number in range(pages):
            events = [{"CloudTrailEvent": json.dumps(record)} for record in records]
            yield {"Events": events, **({"NextToken": "x"} if number < pages - 1 else {})}


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


def histories(history: History, *, is_about_regions: bool = False) -> EventHistories:
    opened: list[str] = []

    def open_account(account_id: str) -> t.Any:
        opened.append(account_id)
        assert account_id == ACCOUNT
        return history

    return EventHistories(open_account, is_about_regions=is_about_regions)


def test_histories_are_read_in_all_regions() -> None:
    history = History({"us-east-1": [quiet()], OTHER_REGION: [done(), denied()]})
    verdict = judge(histories(history))
    assert len(verdict.losses) == 1 and verdict.source == "the event history" and verdict.events == 2
    assert verdict.blind_spots == ()
    first, past = {"StartTime": SINCE}, {"StartTime": SINCE - timedelta(days=10), "EndTime": SINCE}
    named = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]}
    assert history.asked == [(region, first) for region in history.answers] + [
        (region, {**past, **named}) for region in history.answers
    ]


def by_scp() -> AccessDenied:
    text = "not authorized to perform: cloudtrail:LookupEvents with an explicit deny in a service control policy"
    error = AccessDenied(text, code="AccessDeniedException")
    assert error.is_by_scp
    return error


def test_a_region_that_the_organization_closes_is_a_blind_spot_once() -> None:
    closed = {"us-east-1": [done(), denied(), quiet()], OTHER_REGION: by_scp()}
    verdict = judge(histories(History(closed)))
    assert len(verdict.losses) == 1
    assert verdict.blind_spots == (f"the organization closes {OTHER_REGION} to {ACCOUNT}, which were not read",)
    # It is the policy in question that may have closed it.
    with pytest.raises(AccessDenied):
        judge(histories(History(closed), is_about_regions=True))
    with pytest.raises(AccessDenied):
        judge(histories(History({"us-east-1": by_scp(), OTHER_REGION: by_scp()})))


def test_a_region_that_cannot_be_read_for_another_reason_is_an_error() -> None:
    for error in (AccessDenied("no", code="AccessDeniedException"), AwsError("busy")):
        with pytest.raises(AwsError):
            judge(histories(History({"us-east-1": [quiet()], OTHER_REGION: error})))


def test_a_history_that_is_too_long_is_an_error_that_names_the_trail() -> None:
    with pytest.raises(AwsError, match=f"the event history of {ACCOUNT} in us-east-1 is longer than 100 pages: set"):
        judge(histories(History({"us-east-1": 101})))


def test_the_moments_of_a_window() -> None:
    asked = window()
    assert asked.earliest == datetime(2026, 11, 10, 8, tzinfo=UTC)
    assert (asked.question.policy_arn, asked.question.since, asked.question.now) == (POLICY, SINCE, NOW)


def test_all_that_histories_ask_for_is_declared() -> None:
    assert {"cloudtrail:LookupEvents", "ec2:DescribeRegions"} == EVIDENCE_OPERATIONS.reads
    assert not EVIDENCE_OPERATIONS.writes
