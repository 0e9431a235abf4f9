# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many plans events start, which of them, and what a flood of forged events can do."""

from __future__ import annotations

import random
import typing as t
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._events import agenda as agenda_module
from ansible_collections.hardening.iam.plugins.module_utils._events.agenda import (
    FEWEST_PLANS,
    MOST_CREDENTIALS,
    MOST_DRAFTED,
    MOST_PLANS,
    MOST_SETTLED,
    Agenda,
    Begun,
    Dropped,
    Plan,
    Rules,
    State,
    count_waiting,
)
from ansible_collections.hardening.iam.plugins.module_utils._events.agenda_file import describe
from ansible_collections.hardening.iam.plugins.module_utils._events.recognise import read_event
from ansible_collections.hardening.iam.plugins.module_utils._events.signals import (
    SUBJECTS,
    Kind,
    Signal,
    hash_resource,
)

from .events import Event, keys_of, make_key, put, recorded

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ACCOUNTS = tuple(f"{number:012d}" for number in range(40))
RULES = Rules(frozenset(ACCOUNTS))
A, B = ACCOUNTS[:2]


def signal(account: str = A, subject: str = "IAM.5", resource: str = "bob", at: datetime = NOW) -> Signal:
    return Signal(account, subject, hash_resource(resource), at)


def judge(agenda: Agenda, *signals: Signal, now: datetime = NOW, rules: Rules = RULES) -> list[Begun]:
    agenda.start(now)
    agenda.take(signals, rules, now)
    return agenda.choose(rules, now, "r")


def leaked(number: int, at: datetime, subject: str = "exposed_credential", account: str = A) -> Signal:
    key = f"AKIAIOSFODNN7EXAM{number:03d}"
    return Signal(account, subject, hash_resource(key), at, key)


def names(plans: t.Iterable[Begun]) -> list[str]:
    return [name for plan in plans for part in plan.parts for name in part.credentials]


def places(plans: t.Iterable[Begun]) -> list[tuple[str, str]]:
    return [part.place for plan in plans for part in plan.parts]


def test_an_event_starts_one_plan() -> None:
    agenda = Agenda()
    assert places(judge(agenda, signal())) == [(A, "IAM.5")]
    assert judge(agenda, signal()) == []
    assert +agenda.counts == {Dropped.OPEN_PLAN: 1}


def test_another_resource_starts_another_plan_if_it_failed_after_the_first() -> None:
    agenda = Agenda()
    judge(agenda, signal())
    later = NOW + 30 * MINUTE
    assert judge(agenda, signal(resource="eve", at=NOW - HOUR), now=later) == []
    assert agenda.counts[Dropped.BEFORE_PLAN] == 1
    # The account has used its part of the hour, so it waits.
    assert judge(agenda, signal(resource="eve", at=later), now=later) == []
    assert count_waiting(agenda) == {(A, "IAM.5"): 1}
    assert places(judge(agenda, now=NOW + HOUR)) == [(A, "IAM.5")]


def test_credentials_that_leaked_before_the_plan_of_another_get_a_later_plan() -> None:
    agenda = Agenda()
    first, *others = (leaked(number, NOW - 30 * MINUTE) for number in range(3))
    assert names(judge(agenda, first)) == [first.credential]
    later = NOW + MINUTE
    # A backlog: the plan of the account is newer than these events, and does not name their keys.
    assert judge(agenda, *others, first, now=later) == []
    assert +agenda.counts == {Dropped.OPEN_PLAN: 1}
    assert names(judge(agenda, now=NOW + HOUR)) == [signal.credential for signal in others]


def test_decoys_leave_room_for_the_real_credential_in_a_plan() -> None:
    agenda = Agenda()
    # Anybody in the account can attach the policy of a quarantine.
    decoys = [
        Signal(A, "aws_quarantine", hash_resource(f"user/{number}"), NOW, f"user/{number}") for number in range(12)
    ]
    real = [leaked(1, NOW), leaked(2, NOW), leaked(3, NOW, "guardduty_CredentialAccess")]
    plans = judge(agenda, *decoys, *real)
    named = names(plans)
    assert len(named) == MOST_DRAFTED
    assert {signal.credential for signal in real} < set(named)
    # The rest waits, each once, and is not taken again.
    assert count_waiting(agenda) == {(A, "aws_quarantine"): 5}
    assert "  - account 000000000000: 5 more credentials wait for a later draft" in describe(agenda, plans)
    judge(agenda, *decoys, *real)
    assert count_waiting(agenda) == {(A, "aws_quarantine"): 10}
    rest = names(judge(agenda, now=NOW + HOUR))
    assert sorted(named + rest) == sorted(signal.credential for signal in decoys + real)


def test_a_credential_of_several_subjects_counts_once() -> None:
    agenda = Agenda()
    subjects = ["exposed_credential", "guardduty_CredentialAccess", "guardduty_UnauthorizedAccess"]
    plans = judge(agenda, *(leaked(number, NOW, subject) for number in range(9) for subject in subjects))
    assert len(names(plans)) == 27
    assert agenda.waiting == {}


def test_credentials_that_an_entry_has_no_room_for_are_counted_and_their_plan_says_so() -> None:
    agenda = Agenda()
    plans = judge(agenda, *(leaked(number, NOW) for number in range(MOST_CREDENTIALS + 3)))
    assert +agenda.counts == {Dropped.TOO_MANY: 3}
    assert count_waiting(agenda) == {(A, "exposed_credential"): MOST_CREDENTIALS - MOST_DRAFTED}
    assert [part.lost for part in plans[0].parts] == [3]
    said = "  - account 000000000000: 3 more reports of credentials have no name here: see its draft"
    assert said in describe(agenda, plans)
    # It is said once.
    assert [part.lost for part in judge(agenda, now=NOW + HOUR)[0].parts] == [0]


def test_a_report_that_names_no_credential_is_counted_once_and_its_plan_says_so() -> None:
    agenda = Agenda()
    nameless = Signal(A, "guardduty_AttackSequence", hash_resource("x"), NOW)
    plans = judge(agenda, nameless, nameless, leaked(1, NOW))
    assert names(plans) == [leaked(1, NOW).credential]
    assert sum(part.lost for part in plans[0].parts) == 1
    assert "1 more report of credentials has no name here: see its draft" in describe(agenda, plans)


def test_what_the_event_filter_lost_gets_a_plan_of_its_account() -> None:
    agenda = Agenda()
    agenda.start(NOW)
    agenda.take([], RULES, NOW, {(A, "exposed_credential"): 7, ("9" * 12, "exposed_credential"): 2})
    assert +agenda.counts == {Dropped.UNKNOWN_ACCOUNT: 2}
    waits = "  - account 000000000000: exposed_credential (0 events, 7 more reports of credentials have no name here)"
    assert waits in describe(agenda, [])
    [plan] = agenda.choose(RULES, NOW, "r")
    assert [(part.place, part.lost) for part in plan.parts] == [((A, "exposed_credential"), 7)]


def test_a_plan_that_was_never_made_says_again_what_was_lost() -> None:
    agenda = Agenda()
    judge(agenda, *(leaked(number, NOW) for number in range(MOST_CREDENTIALS + 3)))
    agenda.settle([A], lambda _plan: State.LOST, NOW)
    [plan] = judge(agenda, now=NOW + HOUR)
    # Its own credentials wait behind those that waited already, and lose nothing.
    named, [entry] = names([plan]), agenda.waiting.values()
    assert len(named) == MOST_DRAFTED
    assert plan.parts[0].lost + len(named) + len(entry.credentials) == MOST_CREDENTIALS + 3


def test_a_key_of_the_account_comes_before_forged_ids_of_other_accounts() -> None:
    agenda = Agenda()
    [real] = keys_of(A, [1])
    plans = judge(agenda, *keys_of(A, range(5_000), of=B), real, *keys_of(A, range(5_000, 10_000), of=B))
    assert names(plans)[0] == real.credential
    # Their ids say that they are of another account: no list is incomplete without them.
    assert plans[0].parts[0].lost == 0
    assert agenda.counts[Dropped.OTHER_ACCOUNT] == 10_000 - (MOST_CREDENTIALS - 1)


def test_ids_that_say_nothing_leave_their_room_to_keys_of_the_account() -> None:
    agenda = Agenda()
    [real] = keys_of(A, [1])
    plans = judge(agenda, *(leaked(number, NOW) for number in range(MOST_CREDENTIALS)), real)
    assert names(plans)[0] == real.credential
    assert plans[0].parts[0].lost == 1


def test_a_play_that_names_more_credentials_gets_a_longer_draft() -> None:
    rules = Rules(frozenset(ACCOUNTS), most_drafted=45)
    assert len(names(judge(Agenda(), *(leaked(number, NOW) for number in range(60)), rules=rules))) == 45


def test_a_leak_that_names_no_credential_is_known_by_its_resource() -> None:
    agenda = Agenda()
    judge(agenda, signal(subject="exposed_credential", at=NOW - 30 * MINUTE))
    judge(agenda, *(signal(subject="exposed_credential", resource=who, at=NOW - 30 * MINUTE) for who in ("bob", "eve")))
    assert +agenda.counts == {Dropped.OPEN_PLAN: 1}
    assert count_waiting(agenda) == {(A, "exposed_credential"): 1}


def test_a_plan_closes_after_a_day() -> None:
    agenda = Agenda()
    judge(agenda, signal())
    day = NOW + timedelta(hours=24)
    assert judge(agenda, signal(at=day - MINUTE), now=day - MINUTE) == []
    assert len(judge(agenda, signal(at=day), now=day)) == 1


def test_a_plan_closes_when_somebody_applied_it() -> None:
    agenda = Agenda()
    judge(agenda, signal())
    agenda.settle([A], lambda _plan: State.APPLIED, NOW)
    later = NOW + 2 * HOUR
    assert len(judge(agenda, signal(at=later), now=later)) == 1


def test_the_events_of_a_run_that_was_killed_wait_again() -> None:
    agenda = Agenda()
    judge(agenda, signal(subject="aws_quarantine"))
    agenda.settle([A], lambda _plan: State.LOST, NOW)
    [plan] = judge(agenda, now=NOW + 2 * HOUR)
    assert plan.parts[0].resources == (hash_resource("bob"),)


def test_settle_asks_about_these_accounts_only() -> None:
    agenda = Agenda()
    judge(agenda, signal(A), signal(B))
    asked: list[str] = []
    agenda.settle([B], lambda plan: asked.append(plan.account_id) or State.OPEN, NOW)  # type: ignore[func-returns-value]
    assert asked == [B]
    assert len(agenda.plans) == 2


def test_open_plans_are_asked_about_once_an_hour_has_passed() -> None:
    agenda = Agenda()
    rules = Rules(frozenset(f"{number:012d}" for number in range(MOST_SETTLED + 20)))
    for number, account in enumerate(sorted(rules.accounts)):
        agenda.plans.append(Plan(account, "IAM.5", NOW + timedelta(seconds=number), "r"))
    assert agenda.find_overdue(NOW + HOUR) == []
    later = NOW + 2 * HOUR
    first = agenda.find_overdue(later)
    assert first == sorted(rules.accounts)[:MOST_SETTLED]
    agenda.settle(first, lambda _plan: State.MADE, later)
    # What was made stays open, and leaves the turn to the others.
    assert agenda.find_overdue(later) == sorted(rules.accounts)[MOST_SETTLED:]
    assert len(agenda.plans) == len(rules.accounts)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (signal("999999999999"), Dropped.UNKNOWN_ACCOUNT),
        (signal(at=NOW - 6 * HOUR - MINUTE), Dropped.STALE),
        (signal(at=NOW + 16 * MINUTE), Dropped.FUTURE),
    ],
    ids=["account", "old", "future"],
)
def test_such_a_signal_starts_nothing(given: Signal, reason: str) -> None:
    agenda = Agenda()
    assert judge(agenda, given) == []
    assert +agenda.counts == {reason: 1}


def test_the_parts_of_all_kinds_are_the_whole() -> None:
    for most in range(FEWEST_PLANS, MOST_PLANS + 1):
        parts = [Rules(frozenset(), most).part_of(kind) for kind in Kind]
        assert min(parts) >= 1
        assert sum(parts) == most


def test_a_run_has_one_plan_about_a_credential() -> None:
    agenda = Agenda()
    first = judge(agenda, signal(A, "aws_quarantine"), signal(B, "aws_quarantine"))
    assert places(first) == [(A, "aws_quarantine")]
    assert places(judge(agenda)) == [(B, "aws_quarantine")]


def test_the_account_with_the_fewest_plans_is_first() -> None:
    agenda = Agenda()
    judge(agenda, signal(A, "IAM.5"))
    agenda.waiting.clear()
    later = NOW + 2 * HOUR
    agenda.take([signal(A, "IAM.7", at=later), signal(B, "IAM.7", at=later + MINUTE)], RULES, later)
    assert places(agenda.choose(RULES, later, "r")) == [(B, "IAM.7"), (A, "IAM.7")]


def test_a_plan_is_about_everything_that_waits_of_its_account() -> None:
    agenda = Agenda()
    given = [signal(A, subject) for subject in ("IAM.5", "IAM.7", "sign_in_anomaly", "aws_quarantine")]
    [plan] = judge(agenda, *given)
    assert (plan.kind, len(plan.parts), agenda.waiting) == (Kind.CREDENTIAL, 4, {})


def test_a_credential_waits_for_a_plan_of_its_own_kind() -> None:
    agenda = Agenda()
    judge(agenda, signal(B, "aws_quarantine"))
    # A run has one plan about a credential, and that is of B.
    agenda.take([signal(B, "exposed_credential"), signal(B, "IAM.5")], RULES, NOW)
    assert places(judge(agenda)) == [(B, "IAM.5")]
    assert list(agenda.waiting) == [(B, "exposed_credential")]


def test_what_waited_for_a_day_is_left_to_the_nightly_run() -> None:
    agenda = Agenda()
    agenda.take([signal()], RULES, NOW)
    agenda.start(NOW + timedelta(hours=24))
    assert agenda.waiting == {}
    assert agenda.counts[Dropped.WAITED] == 1


def test_a_job_whose_clock_was_ahead_blinds_no_later_one() -> None:
    agenda, ahead = Agenda(), NOW + timedelta(days=400)
    agenda.take([signal(B, "IAM.7", at=ahead)], RULES, ahead)
    agenda.made += [(ahead, account, kind) for account in ACCOUNTS for kind in Kind]
    agenda.plans.append(Plan(A, "IAM.5", ahead, "r", (hash_resource("bob"),)))
    agenda.counted_since = ahead
    # It has no wrong time left afterwards, and the events of that job wait again.
    begun = judge(agenda, signal(resource="eve"))
    assert places(begun) == [(A, "IAM.5"), (B, "IAM.7")]
    assert begun[0].parts[0].resources == (hash_resource("bob"), hash_resource("eve"))
    assert agenda.counts[Dropped.WRONG_CLOCK] == 1 + len(ACCOUNTS) * len(Kind)
    assert agenda.counted_since == NOW
    assert {plan.opened for plan in agenda.plans} == {moment for moment, _account, _kind in agenda.made} == {NOW}
    assert all(plan.since is not None and plan.since <= NOW for plan in agenda.plans)


def test_a_clock_that_is_a_little_ahead_changes_nothing() -> None:
    agenda = Agenda()
    judge(agenda, signal(), now=NOW + 14 * MINUTE)
    assert judge(agenda, signal()) == []
    assert +agenda.counts == {Dropped.OPEN_PLAN: 1}


def test_the_counts_are_those_of_an_hour() -> None:
    agenda = Agenda()
    judge(agenda, signal("999999999999"))
    agenda.start(NOW + 59 * MINUTE)
    assert agenda.counts[Dropped.UNKNOWN_ACCOUNT] == 1
    agenda.start(NOW + 60 * MINUTE)
    assert not +agenda.counts


def test_too_many_entries_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda_module, "MOST_WAITING", 3)
    agenda = Agenda()
    agenda.take([signal(account, "IAM.5") for account in ACCOUNTS[:5]], RULES, NOW)
    # Another kind has room of its own.
    agenda.take([signal(A, "aws_quarantine")], RULES, NOW)
    assert len(agenda.waiting) == 4
    assert agenda.counts[Dropped.TOO_MANY] == 2


# A flood


def forge(number: int, rng: random.Random, victim: str) -> Event:
    """A forged event: of any family, of known and unknown accounts, malformed, or exaggerated."""
    account = rng.choice(ACCOUNTS) if number % 3 else f"{rng.randrange(10**12):012d}"
    name = rng.choice(
        [
            "security_hub",
            "security_hub_v2",
            "sign_in",
            "guardduty_suspicion",
            "guardduty_sample",
            "quarantine",
            "health",
        ]
    )
    # Events about credentials of the whole fleet are another test. Here they are about the victim as well.
    if name in ("quarantine", "health"):
        account = [*ACCOUNTS[:3], victim][number % 4]
    event = recorded(name, account=account, time=format_utc(NOW - MINUTE * rng.randrange(-60, 600)))
    paths: dict[str, tuple[t.Any, ...]] = {
        "security_hub": ("detail", "findings", 0, "AwsAccountId"),
        "security_hub_v2": ("detail", "findings", 0, "cloud", "account", "uid"),
        "guardduty_suspicion": ("detail", "accountId"),
        "guardduty_sample": ("detail", "accountId"),
        "health": ("detail", "affectedAccount"),
    }
    if name in paths:
        put(event, *paths[name], to=account)
    if name == "security_hub":
        control = rng.choice([subject for subject, kind in SUBJECTS.items() if kind is Kind.CONTROL] + ["EC2.1"])
        put(event, "detail", "findings", 0, "Compliance", "SecurityControlId", to=control)
        put(event, "detail", "findings", 0, "Resources", 0, "Id", to=f"forged-{number}")
    if name == "quarantine":
        put(event, "detail", "requestParameters", "userName", to=f"forged-{number}")
    if name == "health":
        put(event, "detail", "affectedEntities", 0, "entityValue", to=make_key(account, number))
    return recorded("sign_in", source="aws.evil") if number % 17 == 0 else event


def flood(victim: str) -> Iterator[Event]:
    rng = random.Random(7)
    for number in range(10_000):
        if number == 6_283:
            yield recorded("quarantine", account=victim, time=format_utc(NOW))
        yield forge(number, rng, victim)


def test_ten_thousand_forged_events_start_few_plans_and_hide_no_real_one() -> None:
    victim, agenda, plans = ACCOUNTS[-1], Agenda(), list[Begun]()
    sent = 0
    for event in flood(victim):
        reading = read_event(event)
        agenda.start(NOW)
        agenda.counts.update(reading.ignored)
        agenda.take(reading.signals, RULES, NOW)
        plans += agenda.choose(RULES, NOW, "r")
        sent += 1
    assert sent == 10_001
    assert len(plans) <= RULES.most_plans
    # Everything else is in the agenda or counted, and neither grows with the flood.
    assert len(agenda.waiting) <= len(ACCOUNTS) * len(SUBJECTS)
    assert sum(agenda.counts.values()) > 3_000
    later = [plan for hour in range(24) for plan in judge(agenda, now=NOW + hour * HOUR)]
    drafts = [plan for plan in plans + later if plan.account_id == victim and plan.kind is Kind.CREDENTIAL]
    assert "user/ci-deploy" in names(drafts) or sum(part.lost for plan in drafts for part in plan.parts)


SORTS: t.Final = [
    [Signal(A, "aws_quarantine", hash_resource(f"{n}"), NOW, f"user/u{n}") for n in range(10_000)],
    keys_of(A, range(10_000)),
    keys_of(A, range(10_000), "guardduty_UnauthorizedAccess", of=B),
]


@pytest.mark.parametrize("most_plans", [FEWEST_PLANS, MOST_PLANS])
@pytest.mark.parametrize("sort", range(len(SORTS)), ids=["users", "keys", "other"])
def test_a_flood_about_the_account_itself_hides_no_real_credential(sort: int, most_plans: int) -> None:
    """The real one is in a draft, or a draft says how many are missing, and all of them are counted."""
    agenda, rules = Agenda(), Rules(frozenset(ACCOUNTS), most_plans)
    forged, real = SORTS[sort], leaked(1, NOW)
    agenda.start(NOW)
    agenda.take([*forged[:5_000], real, *forged[5_000:]], rules, NOW)
    dropped = agenda.counts[Dropped.TOO_MANY], agenda.counts[Dropped.OTHER_ACCOUNT]
    plans = [
        plan
        for step in range(24 * 12)
        for plan in judge(agenda, now=NOW + 5 * step * MINUTE, rules=rules)
        if plan.account_id == A
    ]
    named, lost = set(names(plans)), sum(part.lost for plan in plans for part in plan.parts)
    assert real.credential in named or lost
    assert lost == dropped[0]
    assert len(named) + sum(dropped) == 10_001
    assert agenda.waiting == {}


def test_a_credential_waits_for_its_plan_however_long_that_takes() -> None:
    accounts = [f"{number:012d}" for number in range(200)]
    agenda, rules = Agenda(), Rules(frozenset(accounts), FEWEST_PLANS)
    agenda.take([keys_of(account, [1])[0] for account in accounts], rules, NOW)
    plans = [plan for hour in range(200) for plan in judge(agenda, now=NOW + hour * HOUR, rules=rules)]
    assert {plan.account_id for plan in plans} == set(accounts)
    assert not +agenda.counts


def test_credentials_of_an_account_that_left_the_inventory_are_forgotten_after_two_weeks() -> None:
    agenda = Agenda()
    agenda.take([leaked(1, NOW)], RULES, NOW)
    others = Rules(frozenset([B]))
    for days, left in ((13, 1), (14, 0)):
        judge(agenda, now=NOW + timedelta(days=days), rules=others)
        assert len(agenda.waiting) == left
    assert agenda.counts[Dropped.WAITED] == 1


def test_a_flood_of_the_same_kind_about_every_account_only_delays_the_real_one() -> None:
    victim, agenda = ACCOUNTS[-1], Agenda()
    forged = [signal(account, "aws_quarantine", f"forged-{n}") for n in range(25) for account in ACCOUNTS[:-1]]
    for item in [*forged, signal(victim, "aws_quarantine")]:
        judge(agenda, item)
    assert (victim, "aws_quarantine") in count_waiting(agenda)
    hours = 0
    by_hour = Counter[int]()
    while (victim, "aws_quarantine") in agenda.waiting:
        hours += 1
        assert hours <= len(ACCOUNTS) / RULES.part_of(Kind.CREDENTIAL)
        for _heartbeat in range(12):
            by_hour[hours] += len(judge(agenda, now=NOW + hours * HOUR))
    assert (victim, "aws_quarantine") in [part.place for part in agenda.plans]
    assert max(by_hour.values()) <= RULES.part_of(Kind.CREDENTIAL)


def test_a_flood_about_one_account_leaves_the_rest_to_the_others() -> None:
    agenda = Agenda()
    plans: list[Begun] = []
    subjects = [subject for subject, kind in SUBJECTS.items() if kind is Kind.CREDENTIAL]
    for number in range(200):
        plans += judge(agenda, signal(A, subjects[number % len(subjects)], f"forged-{number}"))
    assert Counter(plan.account_id for plan in plans) == {A: RULES.part_of_account(Kind.CREDENTIAL)}
    assert places(judge(agenda, signal(B, "aws_quarantine"))) == [(B, "aws_quarantine")]


def test_no_hour_has_more_plans_than_allowed() -> None:
    agenda, made = Agenda(), list[datetime]()
    rng = random.Random(3)
    for step in range(400):
        now = NOW + step * 3 * MINUTE
        given = [signal(rng.choice(ACCOUNTS), rng.choice([*SUBJECTS]), str(step), now) for _number in range(20)]
        made += [now for _plan in judge(agenda, *given, now=now)]
    for start in made:
        assert sum(start <= moment < start + HOUR for moment in made) <= RULES.most_plans
