# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import threading
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.attempts import VERIFY_WAITS, builds_on
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.guard import GuardContext
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import (
    Outcome,
    ending_at,
    find_interrupted,
    read_recorded,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import LeaseError
from ansible_collections.hardening.iam.plugins.module_utils._converge.runner import ApplyResult, apply
from ansible_collections.hardening.iam.plugins.module_utils._converge.verification import settle

from .fakes import (
    ACCOUNT,
    CALLER,
    JOB,
    RUN,
    WAITS,
    FakeAws,
    FakeAwsError,
    FakeCapability,
    FakeLease,
    FakeStore,
    change,
    in_pairs,
    journal_of,
    judge,
    user_arn,
)

CONTEXT = GuardContext(principals=principals_of([CALLER]))


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def aws(store: FakeStore) -> FakeAws:
    return FakeAws(store, a="old", b="old", c="old")


def apply_changes(
    aws: FakeAws, store: FakeStore, *changes: Change, waits: t.Optional[list[float]] = None, **methods: t.Any
) -> ApplyResult:
    return apply(
        FakeCapability(aws, *changes, **methods),
        changes,
        aws=aws,
        journal=journal_of(store),
        leases=FakeLease(),
        errors=(FakeAwsError,),
        judge=judge,
        sleep=(waits if waits is not None else []).append,
    )


def requests(store: FakeStore) -> list[tuple[str, str, tuple[str, ...]]]:
    """How each change ended, with the ids of its requests."""
    keys = [key.removesuffix("-intent.json") for key in store.list() if key.endswith("-intent.json")]
    ended = [ending_at(store, key) for key in keys]
    return [(one.outcome.value, one.request_id, one.attempts) for one in ended]


def outcomes(store: FakeStore) -> list[str]:
    return [outcome.value for _intent, outcome in read_recorded(store, ACCOUNT, RUN)]


# Who joined since

POLICY = f"arn:aws:iam::{ACCOUNT}:policy/shared"
SHARED = {
    "operation": "CreatePolicyVersion",
    "target": POLICY,
    "parameters": {"PolicyArn": POLICY, "SetAsDefault": True},
    "affects": (user_arn("a"),),
    "before": None,
}


class Sharing(FakeAws):
    """An account whose policy is attached to these users."""

    def __init__(self, store: FakeStore, *users: str) -> None:
        super().__init__(store)
        self.users = users
        self.made: list[str] = []

    def call(self, service: str, operation: str, parameters: t.Any = None, *, region: t.Any = None) -> t.Any:
        if operation == "GetUser":
            return {"User": {"Arn": user_arn(parameters["UserName"])}}
        if operation == "ListEntitiesForPolicy":
            is_attached = parameters["PolicyUsageFilter"] == "PermissionsPolicy"
            return {"PolicyUsers": [{"UserName": name} for name in self.users] if is_attached else []}
        self.made.append(operation)
        self.states[POLICY] = "new"
        return {}


def test_whoever_joined_since_the_plan_stops_the_change(store: FakeStore) -> None:
    for users, made in ((("a",), 1), ((), 1), (("a", "z"), 0)):
        aws = Sharing(store, *users)
        done = apply_changes(aws, store, change(**SHARED))
        assert (len(aws.made), len(done.made), len(done.refused)) == (made, made, 1 - made)
    (refusal,) = done.refused
    assert (refusal.rule, refusal.target) == ("affects_grown", POLICY)
    assert "it would also affect user z" in refusal.reason
    assert done.error == ""


# Application


def test_every_write_stands_between_its_records(aws: FakeAws, store: FakeStore) -> None:
    done = apply_changes(aws, store, change("b"), change("a"))
    assert done == ApplyResult(made=(change("b"), change("a")))
    assert [parameters["Name"] for _operation, parameters in aws.calls] == ["b", "a"]
    # What the journal held at the moment of each write.
    assert [[key.rpartition("/")[2] for key in keys] for keys in aws.journalled] == [
        ["000001-intent.json"],
        ["000001-intent.json", "000001-outcome.json", "000002-intent.json"],
    ]
    assert outcomes(store) == ["applied", "applied"]
    assert aws.states[user_arn("a")] == "new"


def test_without_a_journal_nothing_is_changed(aws: FakeAws, store: FakeStore) -> None:
    store.full = True
    done = apply_changes(aws, store, change("a"), change("b"))
    assert not aws.calls and not done.made
    assert "no space left" in done.error


def test_a_journal_that_can_not_be_listed_changes_nothing(aws: FakeAws, store: FakeStore) -> None:
    store.lost = True
    done = apply(
        FakeCapability(aws, change("a")),
        [change("a")],
        aws=aws,
        journal=journal_of(store),
        leases=FakeLease(),
        errors=(FakeAwsError,),
        judge=judge,
        sleep=lambda _seconds: None,
    )
    assert not aws.calls and "denied" in done.error


def test_what_comes_together_stays_away_together_at_the_last_moment(aws: FakeAws, store: FakeStore) -> None:
    aws.states[user_arn("a")] = "someone else's"
    changes = (change("a"), change("b"), change("c"))
    done = apply(
        FakeCapability(aws, *changes, stays_with=in_pairs({("b", "a")})),
        changes,
        aws=aws,
        journal=journal_of(store),
        leases=FakeLease(),
        errors=(FakeAwsError,),
        judge=judge,
        sleep=lambda _seconds: None,
    )
    assert done.made == (change("c"),)
    assert [refusal.rule for refusal in done.refused] == ["changed_meanwhile", "together"]
    assert done.refused[1].reason == f"skipped, because it depends on Replace on {user_arn('a')}, which was refused"


def test_a_refused_write_stops_the_rest_and_is_recorded_as_failed(aws: FakeAws, store: FakeStore) -> None:
    aws.failures["b"] = "refused"
    done = apply_changes(aws, store, change("a"), change("b"), change("c"))
    assert done.made == (change("a"),)
    assert done.error == f"Replace on {user_arn('b')}: AccessDenied"
    assert outcomes(store) == ["applied", "failed"]
    assert aws.states[user_arn("c")] == "old"


# Regions


def test_regions_are_changed_side_by_side_and_stand_in_the_order_of_the_plan(aws: FakeAws, store: FakeStore) -> None:
    aws.together = threading.Barrier(3)
    changes = [
        change(name, region=region) for name, region in (("a", "eu-west-1"), ("b", "us-east-1"), ("c", "us-west-2"))
    ]
    done = apply_changes(aws, store, *changes)
    assert done == ApplyResult(made=tuple(changes))
    assert sorted(map(str, aws.regions)) == ["eu-west-1", "us-east-1", "us-west-2"]
    assert outcomes(store) == ["applied"] * 3


def test_a_region_that_refuses_stops_itself_and_what_comes_after_all_regions(aws: FakeAws, store: FakeStore) -> None:
    aws.states[user_arn("d")] = aws.states[user_arn("e")] = "old"
    aws.failures["a"] = "refused"
    refused, same, other = (
        change("a", region="eu-west-1"),
        change("b", region="eu-west-1"),
        change("c", region="us-east-1"),
    )
    done = apply_changes(aws, store, change("d"), refused, same, other, change("e"))
    assert [made.target for made in done.made] == [user_arn("d"), user_arn("c")]
    assert done.error == f"Replace on {user_arn('a')}: AccessDenied"
    assert aws.states[user_arn("b")] == aws.states[user_arn("e")] == "old"


def test_what_is_global_before_the_regions_is_made_before_them(aws: FakeAws, store: FakeStore) -> None:
    apply_changes(aws, store, change("a"), change("b", region="eu-west-1"), change("c", region="us-east-1"))
    assert aws.regions[0] is None and set(aws.regions[1:]) == {"eu-west-1", "us-east-1"}


def test_a_write_whose_answer_was_lost_is_judged_by_what_is_there(aws: FakeAws, store: FakeStore) -> None:
    aws.failures["a"] = "dropped"
    done = apply_changes(aws, store, change("a"), change("b"))
    assert done == ApplyResult(made=(change("a"), change("b")))
    assert outcomes(store) == ["applied", "applied"]


def test_a_write_that_left_neither_before_nor_after_is_in_doubt(aws: FakeAws, store: FakeStore) -> None:
    aws.failures["a"] = "garbled"
    done = apply_changes(aws, store, change("a"), change("b"))
    assert not done.made and "it is not known whether the change was made" in done.error
    assert outcomes(store) == ["unknown"]


def test_what_somebody_else_changed_since_is_left_alone_and_the_rest_goes_on(aws: FakeAws, store: FakeStore) -> None:
    aws.states[user_arn("a")] = "newer"
    done = apply_changes(aws, store, change("a"), change("b"))
    assert done.made == (change("b"),)
    assert [(refusal.rule, refusal.target) for refusal in done.refused] == [("changed_meanwhile", user_arn("a"))]
    assert aws.states[user_arn("a")] == "newer"
    assert len(find_interrupted(store, ACCOUNT)) == 0


def test_a_state_that_can_not_be_read_again_is_not_written_over(aws: FakeAws, store: FakeStore) -> None:
    aws.unreadable = True
    done = apply_changes(aws, store, change("a"))
    assert not aws.calls and not store.objects
    assert done.error == f"Replace on {user_arn('a')}: can't read"


def test_a_run_that_was_killed_during_a_write_can_be_seen(
    aws: FakeAws, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "call", _kill)
    with pytest.raises(KeyboardInterrupt):
        apply_changes(aws, store, change("a"))
    assert [intent.change.target for intent in find_interrupted(store, ACCOUNT)] == [user_arn("a")]


def _kill(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
    raise KeyboardInterrupt


def test_a_lost_outcome_record_is_an_error_although_the_change_is_made(
    aws: FakeAws, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "put_new", _once(store))
    done = apply_changes(aws, store, change("a"), change("b"))
    assert done.made == (change("a"),)
    assert "000001-outcome.json" in done.error
    assert json.loads(store.objects[f"{ACCOUNT}/{RUN}/{JOB}/000001-intent.json"])["record"] == "intent"


def _once(store: FakeStore) -> t.Callable[[str, bytes], str]:
    def put_new(key: str, content: bytes) -> str:
        store.put(key, content)
        store.full = True
        return key

    return put_new


# What is as wanted already


def test_a_target_that_is_as_wanted_is_done_and_what_follows_goes_on(aws: FakeAws, store: FakeStore) -> None:
    aws.states[user_arn("a")] = "new"
    done = apply_changes(aws, store, change("a"), change("b"))
    assert done == ApplyResult(made=(change("b"),), already=(change("a"),))
    assert [parameters["Name"] for _operation, parameters in aws.calls] == ["b"]
    assert [intent.change.target for intent, _outcome in read_recorded(store, ACCOUNT, RUN)] == [user_arn("b")]


def test_what_belongs_to_a_change_that_was_made_already_is_made(aws: FakeAws, store: FakeStore) -> None:
    aws.states[user_arn("a")] = "new"
    done = apply_changes(aws, store, change("a"), change("b"), stays_with=in_pairs({("b", "a")}))
    assert done == ApplyResult(made=(change("b"),), already=(change("a"),))


def test_a_change_that_leaves_what_it_finds_is_made(aws: FakeAws, store: FakeStore) -> None:
    again = change("a", before="new", after="new")
    aws.states[user_arn("a")] = "new"
    assert apply_changes(aws, store, again) == ApplyResult(made=(again,))


def test_a_change_that_leaves_what_it_finds_is_in_doubt_without_an_answer(aws: FakeAws, store: FakeStore) -> None:
    """Nothing that can be read tells whether it was made."""
    again = change("a", before="old", after="old", parameters={"Name": "a", "State": "old"})
    aws.failures["a"] = "unsent"
    done = apply_changes(aws, store, again)
    assert done.made == () and "it is not known whether the change was made" in done.error
    assert outcomes(store) == ["unknown"]


# Whose change it is


@pytest.mark.parametrize(
    ("failures", "outcome", "attempts"),
    [
        # AWS answers each time that this attempt changed nothing: what is there is not ours.
        (["raced"], Outcome.FOREIGN, 1),
        (["busy", "raced"], Outcome.FOREIGN, 2),
        # An attempt without an answer may have been made, so that a later one finds the target as this run left it.
        (["unsent", "raced"], Outcome.APPLIED, 2),
        (["dropped"], Outcome.APPLIED, 1),
        (["unsent", "unsent", ""], Outcome.APPLIED, 3),
        (["busy", ""], Outcome.APPLIED, 2),
    ],
)
def test_a_change_is_ours_where_an_attempt_of_ours_may_have_made_it(
    aws: FakeAws, store: FakeStore, failures: list[str], outcome: Outcome, attempts: int
) -> None:
    aws.failures["a"] = failures
    done = apply_changes(aws, store, change("a"), change("b"))
    is_ours = outcome is Outcome.APPLIED
    assert done.made == ((change("a"), change("b")) if is_ours else (change("b"),))
    assert done.already == (() if is_ours else (change("a"),))
    assert not done.error
    assert outcomes(store) == [outcome.value, "applied"]
    assert [parameters["Name"] for _operation, parameters in aws.calls] == [*["a"] * attempts, "b"]


def test_the_record_says_that_an_answer_was_lost(aws: FakeAws, store: FakeStore) -> None:
    aws.failures["a"] = "dropped"
    apply_changes(aws, store, change("a"))
    record = json.loads(store.objects[f"{ACCOUNT}/{RUN}/{JOB}/000001-outcome.json"])
    assert record["error"].startswith("the answer was lost (the connection was dropped)")


def test_a_change_that_somebody_else_made_is_not_verified_as_ours(aws: FakeAws, store: FakeStore) -> None:
    """It may be changed again by its owner while we look."""
    aws.failures["a"] = "raced"
    waits: list[float] = []
    done = apply_changes(aws, store, change("a"), waits=waits)
    assert (done.made, waits) == ((), [1.0])


# Errors that pass


def test_an_error_that_passes_is_waited_for_and_the_target_read_before_each_attempt(
    aws: FakeAws, store: FakeStore
) -> None:
    aws.failures["a"] = ["busy", "busy"]
    waits: list[float] = []
    reads: list[int] = []
    done = apply_changes(
        aws,
        store,
        change("a"),
        waits=waits,
        reread=lambda wanted: (reads.append(len(aws.calls)), aws.reread(wanted))[1],
    )
    assert done == ApplyResult(made=(change("a"),))
    assert waits == [1.0, 2.0]
    # Before each of the three attempts, and once to verify.
    assert reads == [0, 1, 2, 3]


def test_an_error_that_does_not_pass_ends_after_the_last_wait(aws: FakeAws, store: FakeStore) -> None:
    aws.failures["a"] = "busy"
    waits: list[float] = []
    done = apply_changes(aws, store, change("a"), change("b"), waits=waits)
    assert (done.made, done.error) == ((), f"Replace on {user_arn('a')}: busy")
    assert waits == list(WAITS)
    assert len(aws.calls) == len(WAITS) + 1
    assert outcomes(store) == ["failed"]


def test_a_change_without_an_answer_that_does_not_show_was_not_made(aws: FakeAws, store: FakeStore) -> None:
    aws.failures["a"] = "unsent"
    done = apply_changes(aws, store, change("a"))
    assert (done.made, done.error) == ((), f"Replace on {user_arn('a')}: unsent")
    assert outcomes(store) == ["failed"]


def test_no_further_attempt_is_made_on_what_somebody_else_changed_meanwhile(aws: FakeAws, store: FakeStore) -> None:
    aws.failures["a"] = "busy"
    done = apply(
        FakeCapability(aws, change("a")),
        [change("a")],
        aws=aws,
        journal=journal_of(store),
        leases=FakeLease(),
        errors=(FakeAwsError,),
        judge=judge,
        sleep=lambda _seconds: aws.states.update({user_arn("a"): "newer"}),
    )
    assert len(aws.calls) == 1
    assert done.error == f"Replace on {user_arn('a')}: busy"
    assert outcomes(store) == ["failed"]


def test_what_somebody_else_brings_about_between_attempts_is_theirs(aws: FakeAws, store: FakeStore) -> None:
    aws.failures["a"] = "busy"
    done = apply(
        FakeCapability(aws, change("a")),
        [change("a")],
        aws=aws,
        journal=journal_of(store),
        leases=FakeLease(),
        errors=(FakeAwsError,),
        judge=judge,
        sleep=lambda _seconds: aws.states.update({user_arn("a"): "new"}),
    )
    assert done == ApplyResult(already=(change("a"),))
    assert outcomes(store) == ["foreign"]


def test_an_error_that_somebody_decides_on_is_a_refusal(aws: FakeAws, store: FakeStore) -> None:
    """The capability is asked once, after the last attempt, and only about what was not made."""
    asked: list[str] = []

    def find_refusal(refused: Change, error: Exception) -> t.Optional[Refusal]:
        asked.append(str(error))
        return Refusal("managed", str(error), refused.target, refused.operation)

    aws.failures |= {"a": "refused", "b": "garbled"}
    done = apply_changes(aws, store, change("a"), change("b"), find_refusal=find_refusal)
    assert [refusal.rule for refusal in done.refused] == ["managed"]
    assert asked == ["AccessDenied"]
    assert "it is not known whether the change was made" in done.error
    assert outcomes(store) == ["failed", "unknown"]


def test_an_answer_that_tells_of_parts_that_were_not_made_is_judged_by_what_is_there(
    aws: FakeAws, store: FakeStore
) -> None:
    def learn(_change: Change, _answer: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
        aws.states[user_arn("a")] = "half"
        raise FakeAwsError("one of two was not made", "refused")

    done = apply_changes(aws, store, change("a"), learn=learn)
    assert done.made == () and "one of two was not made" in done.error
    assert outcomes(store) == ["unknown"]
    assert len(aws.calls) == 1


# What this run has just made


def _member(name: str, *, of: str) -> Change:
    return change(name, parameters={"Name": name, "State": "new", "Group": of})


def test_what_this_run_just_made_may_be_missing_for_a_while(aws: FakeAws, store: FakeStore) -> None:
    group = change("g", before=None, target=user_arn("g"))
    aws.failures["a"] = ["missing", "missing"]
    waits: list[float] = []
    done = apply_changes(aws, store, group, _member("a", of="g"), waits=waits)
    assert done == ApplyResult(made=(group, _member("a", of="g")))
    assert waits == [1.0, 2.0]


def test_what_somebody_else_just_made_may_be_missing_too(aws: FakeAws, store: FakeStore) -> None:
    group = change("g", before=None, target=user_arn("g"))
    aws.failures |= {"g": ["raced"], "a": ["missing"]}
    waits: list[float] = []
    done = apply_changes(aws, store, group, _member("a", of="g"), waits=waits)
    assert done == ApplyResult(made=(_member("a", of="g"),), already=(group,))
    assert waits == [1.0, 1.0]


def test_what_nobody_made_is_missing_for_good(aws: FakeAws, store: FakeStore) -> None:
    group = change("g", before=None, target=user_arn("g"))
    aws.failures["a"] = "missing"
    waits: list[float] = []
    done = apply_changes(aws, store, group, _member("a", of="another"), waits=waits)
    assert (done.made, done.error, waits) == ((group,), f"Replace on {user_arn('a')}: missing", [])


def test_a_target_that_this_run_changed_is_read_until_it_shows(aws: FakeAws, store: FakeStore) -> None:
    first = change("a", after="newer", parameters={"Name": "a", "State": "newer"})
    second = change("a", before="newer")
    aws.lag = 2
    waits: list[float] = []
    done = apply_changes(aws, store, first, second, waits=waits)
    assert done == ApplyResult(made=(first, second))
    assert waits == list(VERIFY_WAITS[:2])


def test_a_target_that_somebody_else_changed_after_this_run_is_refused_in_the_end(
    aws: FakeAws, store: FakeStore
) -> None:
    first = change("a", after="newer", parameters={"Name": "a", "State": "newer"})
    aws.failures["a"] = []
    done = apply_changes(aws, store, first, change("a", before="yet another"))
    assert done.made == (first,)
    assert [refusal.rule for refusal in done.refused] == ["changed_meanwhile"]


@pytest.mark.parametrize(("kind", "waits", "error"), [("missing", [1.0, 0.5], ""), ("refused", [1.0], "no read")])
def test_a_read_of_what_this_run_made_waits_only_for_errors_that_pass(
    aws: FakeAws, store: FakeStore, kind: str, waits: list[float], error: str
) -> None:
    """The group is attempted twice; its member can not be read at first."""
    group = change("g", before=None, target=user_arn("g"))
    aws.failures["g"] = ["busy"]
    failures = [FakeAwsError("no read", kind)]

    def reread(wanted: Change) -> t.Any:
        if wanted.target == user_arn("a") and failures:
            raise failures.pop()
        return aws.reread(wanted)

    waited: list[float] = []
    done = apply_changes(aws, store, group, _member("a", of="g"), waits=waited, reread=reread)
    assert waited == waits
    assert len(done.made) == (1 if error else 2)
    assert done.error == (f"Replace on {user_arn('a')}: {error}" if error else "")


def test_what_is_refused_for_another_is_not_looked_at_again(aws: FakeAws, store: FakeStore) -> None:
    """The member could be waited for, since this run made its group; but it does not come without ``b``."""
    group = change("g", before=None, target=user_arn("g"))
    aws.states[user_arn("b")] = "newer"
    waits: list[float] = []
    member = _member("a", of="g")
    done = apply_changes(aws, store, group, change("b"), member, waits=waits, stays_with=in_pairs({("a", "b")}))
    assert [refusal.rule for refusal in done.refused] == ["changed_meanwhile", "together"]
    assert (done.made, waits) == ((group,), [])


@pytest.mark.parametrize(
    ("made", "is_built_on"),
    [
        (change("g", before=None), True),
        (change("other", before=None), False),
        # It was there before this run.
        (change("g"), False),
        (change("a"), True),
        (change("a", target=f"{user_arn('a')} tags"), False),
        (change("p", before=None, target="arn:aws:sqs:eu-west-1:111122223333:p"), True),
    ],
)
def test_what_a_change_builds_on(made: Change, is_built_on: bool) -> None:
    wanted = change("a", parameters={"Name": "a", "Groups": ["g"], "Queue": "p", "Count": 3})
    assert builds_on(wanted, [made]) is is_built_on


def test_a_part_of_what_this_run_made_builds_on_it() -> None:
    part = change("x", target=f"{user_arn('a')} policy x", parameters={})
    assert builds_on(part, [change("a")])
    assert not builds_on(change("x", target=f"{user_arn('ab')}", parameters={}), [change("a")])


# Verification


def test_writes_that_show_late_are_waited_for(aws: FakeAws, store: FakeStore) -> None:
    waits: list[float] = []
    aws.lag = 2
    assert apply_changes(aws, store, change("a"), waits=waits) == ApplyResult(made=(change("a"),))
    assert waits == [0.5, 1.0]


def test_writes_that_never_show_are_an_error(aws: FakeAws, store: FakeStore) -> None:
    waits: list[float] = []
    aws.lag = 1000
    done = apply_changes(aws, store, change("a"), waits=waits)
    assert done.made == (change("a"),)
    assert done.error == f"written, but not found as written when read again: {user_arn('a')}"
    assert waits == list(VERIFY_WAITS)


def test_a_queue_is_waited_for_as_long_as_sqs_takes(aws: FakeAws, store: FakeStore) -> None:
    """The others are overdue, and named, before it is."""
    waits: list[float] = []
    aws.lag = 1000
    queue = change("b", service="sqs")
    done = apply_changes(aws, store, change("a"), queue, waits=waits, acting=lambda _change: _AnyService(aws))
    assert done.error.endswith(f"{user_arn('a')}, {user_arn('b')}")
    assert sum(waits) > 60
    assert waits[: len(VERIFY_WAITS)] == list(VERIFY_WAITS)


class _AnyService:
    """The fake AWS, whatever service is asked for."""

    def __init__(self, aws: FakeAws) -> None:
        self.caller, self.chain = aws.caller, aws.chain
        self._aws = aws

    def call(
        self,
        _service: str,
        operation: str,
        parameters: t.Optional[t.Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> t.Mapping[str, t.Any]:
        return self._aws.call("iam", operation, parameters, region=region)


@pytest.mark.parametrize(
    ("state", "outcome"), [("new", Outcome.APPLIED), ("old", Outcome.FAILED), ("else", Outcome.UNKNOWN)]
)
def test_settling_by_what_is_there(state: str, outcome: Outcome) -> None:
    assert settle(FakeAws(alice=state).reread, change("alice"), errors=(FakeAwsError,)) is outcome


def test_settling_without_a_read_is_unknown() -> None:
    aws = FakeAws(alice="new")
    aws.unreadable = True
    assert settle(aws.reread, change("alice"), errors=(FakeAwsError,)) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("failures", "state", "recorded"),
    [
        ([], "new", ("applied", "request-1", ())),
        (["busy", "busy"], "new", ("applied", "request-3", ("request-1", "request-2"))),
        (["refused"], "old", ("failed", "request-1", ())),
        (["busy", "refused"], "old", ("failed", "request-2", ("request-1",))),
        (["raced"], "new", ("foreign", "request-1", ())),
        # The answer that would have named the request was lost.
        (["dropped"], "new", ("applied", "", ())),
        (["busy", "dropped"], "new", ("applied", "", ("request-1",))),
        (["garbled"], "else", ("unknown", "", ())),
    ],
)
def test_the_journal_keeps_the_ids_of_the_requests(
    aws: FakeAws, store: FakeStore, failures: list[str], state: str, recorded: tuple[t.Any, ...]
) -> None:
    aws.failures = {"a": failures}
    apply_changes(aws, store, change("a"))
    assert requests(store) == [recorded]
    assert aws.states[user_arn("a")] == state


def test_an_answer_that_says_that_a_part_failed_names_its_request_too(aws: FakeAws, store: FakeStore) -> None:
    def learn(_change: Change, _answer: t.Any) -> t.Any:
        raise FakeAwsError("a part failed")

    apply_changes(aws, store, change("a"), learn=learn)
    assert requests(store) == [("applied", "request-1", ())]


# The lease


def apply_under(lease: FakeLease, aws: FakeAws, store: FakeStore, *changes: Change) -> ApplyResult:
    return apply(
        FakeCapability(aws, *changes),
        changes,
        aws=aws,
        journal=journal_of(store),
        leases=lease,
        errors=(FakeAwsError, LeaseError),
        judge=judge,
        sleep=lambda _seconds: None,
    )


def test_each_record_names_the_lease(aws: FakeAws, store: FakeStore) -> None:
    done = apply_under(FakeLease(), aws, store, change("a"))
    assert len(done.made) == 1
    (intent,) = [json.loads(content) for key, content in store.objects.items() if key.endswith("-intent.json")]
    assert intent["lease"] == {"fence": 7, "expires": "2026-11-25T02:15:00Z"}


def test_a_change_in_an_account_whose_lease_is_taken_is_refused_and_the_others_are_made(
    aws: FakeAws, store: FakeStore
) -> None:
    lease = FakeLease(taken=("222233334444",))
    done = apply_under(lease, aws, store, change("a", account_id="222233334444"), change("b"))
    assert [made.target for made in done.made] == [user_arn("b")]
    assert [(refusal.rule, refusal.target) for refusal in done.refused] == [("lease", user_arn("a"))]
    assert len([key for key in store.objects if key.endswith("-intent.json")]) == 1


def test_the_lease_is_renewed_before_each_attempt(aws: FakeAws, store: FakeStore) -> None:
    aws.failures = {"a": ["busy", "busy"]}
    lease = FakeLease()
    done = apply_under(lease, aws, store, change("a"))
    assert len(done.made) == 1
    # Before the record of the intent, then before each of three attempts.
    assert lease.renewed == 4


def test_a_lease_that_is_lost_before_a_change_leaves_no_record(aws: FakeAws, store: FakeStore) -> None:
    done = apply_under(FakeLease(lost_at=1), aws, store, change("a"), change("b"))
    assert not aws.calls and not done.made and "took over" in done.error
    assert outcomes(store) == []


def test_a_lease_that_is_lost_within_a_change_ends_it_as_failed(aws: FakeAws, store: FakeStore) -> None:
    done = apply_under(FakeLease(lost_at=2), aws, store, change("a"), change("b"))
    assert not aws.calls and not done.made and "took over" in done.error
    assert outcomes(store) == ["failed"]


def test_a_lease_that_is_lost_before_another_attempt(aws: FakeAws, store: FakeStore) -> None:
    aws.failures = {"a": ["unsent"]}
    done = apply_under(FakeLease(lost_at=3), aws, store, change("a"), change("b"))
    assert len(aws.calls) == 1 and not done.made and "took over" in done.error
    # The target reads as before, so the attempt without an answer changed nothing.
    assert outcomes(store) == ["failed"]


# A capability that insists


@pytest.mark.parametrize("insists", [True, False])
def test_a_capability_that_insists_goes_on_after_a_failure(aws: FakeAws, store: FakeStore, insists: bool) -> None:
    aws.failures = {"a": "refused", "c": "refused"}
    other = change("b", region="eu-west-1")
    result = apply_changes(aws, store, change("a"), other, change("c"), insists=insists)
    assert [made.target for made in result.made] == ([user_arn("b")] if insists else [])
    assert [failed.target for failed in result.failed] == (
        [user_arn("a"), user_arn("c")] if insists else [user_arn("a")]
    )
    assert result.error.count("AccessDenied") == len(result.failed)


def test_what_does_not_show_is_a_result_of_a_capability_that_insists(aws: FakeAws, store: FakeStore) -> None:
    aws.lag = 100
    waits: list[float] = []
    result = apply_changes(aws, store, change("a"), insists=True, waits=waits)
    assert (result.error, [item.target for item in result.unverified]) == ("", [user_arn("a")])
    # An intruder who undoes it must not hold the next pass up.
    assert sum(waits) < 10


def test_each_part_of_one_object_is_verified_where_a_capability_insists(aws: FakeAws, store: FakeStore) -> None:
    shown = {"first": "old", "second": "old"}

    def reread(wanted: Change) -> t.Any:
        return shown[wanted.kind]

    def call(*_args: t.Any, **_named: t.Any) -> dict[str, t.Any]:
        shown["second"] = "new"
        return {}

    aws.call = call  # type: ignore[method-assign]
    first, second = change("a", kind="first"), change("a", kind="second")
    result = apply_changes(aws, store, first, second, insists=True, reread=reread)
    assert result.unverified == (first,)


# Changes that have to stay


class Undoing(FakeAws):
    """Somebody undoes the first writes, each at once."""

    undone = 0

    def call(self, *args: t.Any, **named: t.Any) -> t.Mapping[str, t.Any]:
        answer = super().call(*args, **named)
        if self.undone:
            self.undone -= 1
            self.states = dict.fromkeys(self.states, "old")
        return answer


@pytest.mark.parametrize("undone", [0, 3])
def test_what_somebody_undoes_is_made_again_until_it_stays(store: FakeStore, undone: int) -> None:
    aws = Undoing(store, a="old")
    aws.undone = undone
    waits: list[float] = []
    result = apply_changes(aws, store, change("a"), insists=True, holds=5.0, waits=waits)
    assert (len(aws.calls), aws.states) == (undone + 1, {user_arn("a"): "new"})
    assert [item.target for item in result.made] == [user_arn("a")]
    assert (result.unverified, result.error, sum(waits)) == ((), "", 5.0 + undone * 0.5)
    # Each of them is in the journal.
    assert outcomes(store) == ["applied"] * (undone + 1)


def test_it_is_not_made_again_for_ever(store: FakeStore) -> None:
    aws = Undoing(store, a="old")
    aws.undone = 1000
    waits: list[float] = []
    result = apply_changes(aws, store, change("a"), insists=True, holds=5.0, waits=waits)
    assert [item.target for item in result.unverified] == [user_arn("a")]
    assert sum(waits) == 25.0


def test_what_somebody_replaced_with_his_own_is_not_overwritten(store: FakeStore) -> None:
    aws = FakeAws(store, a="old")
    call = aws.call

    def replace(*args: t.Any, **named: t.Any) -> t.Any:
        answer = call(*args, **named)
        aws.states[user_arn("a")] = "else"
        return answer

    aws.call = replace  # type: ignore[method-assign]
    result = apply_changes(aws, store, change("a"), insists=True, holds=5.0)
    assert len(aws.calls) == 1 and [item.target for item in result.unverified] == [user_arn("a")]
