# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import (
    Ended,
    Outcome,
    RecordError,
    check_run_id,
    ending_at,
    find_interrupted,
    find_runs,
    intent_at,
    job_order,
    make_mark,
    new_job_id,
    read_recorded,
    record_found,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError

from .fakes import ACCOUNT, CALLER, JOB, NOW, RUN, FakeStore, change, journal_of, user_arn


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def test_records_of_a_change(store: FakeStore) -> None:
    journal = journal_of(store)
    key = journal.intend(change("a"))
    journal.conclude(key, Outcome.FAILED, "AccessDenied")
    assert sorted(store.objects) == [
        f"{ACCOUNT}/{RUN}/{JOB}/000001-intent.json",
        f"{ACCOUNT}/{RUN}/{JOB}/000001-outcome.json",
    ]
    intent, outcome = (json.loads(store.objects[name]) for name in sorted(store.objects))
    names = {"run_id": RUN, "job_id": JOB, "module": "replace"}
    head = {"schema": "hardening.iam/journal/1", **names, "at": "2026-11-25T02:00:00Z"}
    assert intent == {**head, "record": "intent", "caller_arn": CALLER, "change": change("a").as_dict()}
    ended = {"outcome": "failed", "error": "AccessDenied", "request_id": ""}
    assert outcome == {**head, "record": "outcome", **ended}
    assert journal.location == f"s3://journal/iam/{ACCOUNT}/{RUN}/{JOB}"


def test_an_intent_names_its_caller_and_the_mark_of_its_job(store: FakeStore) -> None:
    key = journal_of(store).intend(change("a"))
    intent = intent_at(store, key)
    assert (intent.caller_arn, intent.mark) == (CALLER, make_mark(RUN, JOB)) == (CALLER, f"job/{RUN}/{JOB}")
    record = json.loads(store.objects[f"{key}-intent.json"])
    del record["caller_arn"]
    store.objects[f"{key}-intent.json"] = json.dumps(record).encode()
    assert intent_at(store, key).caller_arn == ""


def test_modules_of_one_run_count_on(store: FakeStore) -> None:
    for module in ("first", "second"):
        journal = journal_of(store, module=module)
        for name in ("a", "b"):
            journal.conclude(journal.intend(change(name)), Outcome.APPLIED)
    assert [intent.key.rpartition("/")[2] for intent, _outcome in read_recorded(store, ACCOUNT, RUN)] == [
        "000001",
        "000002",
        "000003",
        "000004",
    ]
    assert [intent.module for intent, _outcome in read_recorded(store, ACCOUNT, RUN)] == [
        "first",
        "first",
        "second",
        "second",
    ]


def test_a_record_is_never_written_twice(store: FakeStore) -> None:
    journal = journal_of(store)
    key = journal.intend(change())
    journal.conclude(key, Outcome.APPLIED)
    with pytest.raises(StoreError):
        journal.conclude(key, Outcome.FAILED)


@pytest.mark.parametrize("answer", [{"MessageId": "m-1"}, {}, None])
def test_what_is_to_be_kept_of_an_answer_is_kept(store: FakeStore, answer: t.Optional[dict[str, str]]) -> None:
    journal = journal_of(store)
    key = journal.intend(change())
    journal.conclude(key, Outcome.APPLIED, answer=answer)
    assert ending_at(store, key) == Ended(Outcome.APPLIED, answer or {})


def test_the_ids_of_the_requests_are_kept(store: FakeStore) -> None:
    journal = journal_of(store)
    key = journal.intend(change())
    journal.conclude(key, Outcome.FAILED, "AccessDenied", request_id="4I7J", attempts=["CawP", "cbgl"])
    assert ending_at(store, key) == Ended(Outcome.FAILED, {}, "4I7J", ("CawP", "cbgl"))


@pytest.mark.parametrize("forged", [{"request_id": 7}, {"request_id": None}, {"attempts": [{}]}, {"attempts": 7}])
def test_malformed_ids_make_no_record(store: FakeStore, forged: dict[str, t.Any]) -> None:
    journal = journal_of(store)
    key = journal.intend(change())
    journal.conclude(key, Outcome.APPLIED)
    name = f"{key}-outcome.json"
    store.put(name, json.dumps({**json.loads(store.objects[name]), **forged}).encode())
    with pytest.raises(RecordError, match="is not a journal record"):
        ending_at(store, key)


def test_what_another_run_finds_is_overruled_by_the_run_itself(store: FakeStore) -> None:
    journal = journal_of(store)
    key = journal.intend(change())
    record_found(store, intent_at(store, key), Outcome.FAILED, by="later", module="second", at=NOW)
    record = json.loads(store.objects[f"{key}-found.json"])
    assert (record["record"], record["outcome"], record["error"]) == ("found", "failed", "found by run later")
    assert (record["run_id"], record["job_id"], record["module"]) == (RUN, JOB, "second")
    assert not find_interrupted(store, ACCOUNT)
    assert [outcome for _intent, outcome in read_recorded(store, ACCOUNT, RUN)] == [Outcome.FAILED]
    # The run was not cut off, but under way.
    journal.conclude(key, Outcome.APPLIED)
    assert json.loads(store.objects[f"{key}-outcome.json"])["error"] is None
    assert [outcome for _intent, outcome in read_recorded(store, ACCOUNT, RUN)] == [Outcome.APPLIED]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"outcome": "soon"}', '{"outcome": "applied", "answer": 3}'])
@pytest.mark.parametrize("ending", ["outcome", "found"])
def test_an_ending_that_is_none_makes_its_change_unknown_and_no_other(
    store: FakeStore, ending: str, content: str
) -> None:
    journal = journal_of(store)
    key = journal.intend(change("a"))
    journal.conclude(journal.intend(change("b")), Outcome.APPLIED)
    store.put(f"{key}-{ending}.json", content.encode())
    with pytest.raises(StoreError, match=f"000001-{ending}.json is not a journal record"):
        ending_at(store, key)
    problems: list[str] = []
    found = [outcome for _intent, outcome in read_recorded(store, ACCOUNT, RUN, problems.append)]
    assert found == [Outcome.UNKNOWN, Outcome.APPLIED]
    assert len(problems) == 1 and "000001" in problems[0]


@pytest.mark.parametrize(
    "name", ["foo-intent.json", "1-intent.json", "note.txt", "0000001-intent.json", "000001-intent.json.bak"]
)
def test_a_foreign_file_costs_a_warning_and_nothing_else(store: FakeStore, name: str) -> None:
    store.objects[f"{ACCOUNT}/{RUN}/{JOB}/{name}"] = b"{}"
    journal = journal_of(store)
    journal.conclude(journal.intend(change("a")), Outcome.APPLIED)
    journal_of(store, run_id="cut-off").intend(change("b"))
    problems: list[str] = []
    assert [outcome for _intent, outcome in read_recorded(store, ACCOUNT, RUN, problems.append)] == [Outcome.APPLIED]
    assert [intent.change.target for intent in find_interrupted(store, ACCOUNT, problems.append)] == [user_arn("b")]
    assert len(problems) == 2 and all(name in problem for problem in problems)


@pytest.mark.parametrize(
    ("names", "said"), [(["a"], "holds X/a, which"), (["a", "b", "c"], "holds X/a and 2 more, which")]
)
def test_of_foreign_files_one_is_named(store: FakeStore, names: list[str], said: str) -> None:
    for name in names:
        store.objects[f"{ACCOUNT}/{RUN}/{JOB}/{name}"] = b""
    problems: list[str] = []
    assert list(read_recorded(store, ACCOUNT, RUN, problems.append)) == []
    assert len(problems) == 1 and said.replace("X", f"{ACCOUNT}/{RUN}/{JOB}") in problems[0]


def test_the_run_is_recorded_before_its_first_change(store: FakeStore) -> None:
    details = {"author": "alice", "approver": "bob", "change_ticket": "CHG-7", "job": "17", "commit": "", "other": "x"}
    journal = journal_of(store, details={**details, "plan_sha256": "f" * 64})
    for name in ("a", "b"):
        journal.conclude(journal.intend(change(name)), Outcome.APPLIED)
    runs = [json.loads(content) for key, content in store.objects.items() if key.endswith("-run.json")]
    assert runs == [
        {
            "schema": "hardening.iam/journal/1",
            "record": "run",
            "run_id": RUN,
            "job_id": JOB,
            "module": "replace",
            "at": "2026-11-25T02:00:00Z",
            "caller_arn": CALLER,
            "author": "alice",
            "approver": "bob",
            "change_ticket": "CHG-7",
            "job": "17",
            "commit": None,
            "declaration": None,
            "approved_plan": None,
            "plan_sha256": "f" * 64,
        }
    ]
    assert [intent.key[-6:] for intent, _outcome in read_recorded(store, ACCOUNT, RUN)] == ["000001", "000002"]
    journal_of(store, module="second", details=details).intend(change("c"))
    assert f"{ACCOUNT}/{RUN}/{JOB}/000003-run.json" in store.objects


def test_each_caller_of_a_run_is_recorded_before_its_first_change(store: FakeStore) -> None:
    """A rollback undoes the changes of each class in the role of that class."""
    journal = journal_of(store, details={"author": "alice"})
    callers = [None, "arn:b", None, "arn:b", "arn:c"]
    for name, caller in zip("abcde", callers, strict=True):
        journal.conclude(journal.intend(change(name), caller_arn=caller), Outcome.APPLIED)

    def of_kind(kind: str) -> list[tuple[str, str]]:
        records = {key: json.loads(content) for key, content in store.objects.items() if key.endswith(f"-{kind}.json")}
        return [(key[-len(f"000000-{kind}.json") :][:6], records[key]["caller_arn"]) for key in sorted(records)]

    assert of_kind("run") == [("000001", CALLER), ("000002", "arn:b"), ("000005", "arn:c")]
    assert [arn for _number, arn in of_kind("intent")] == [CALLER, "arn:b", CALLER, "arn:b", "arn:c"]
    authors = {json.loads(content).get("author") for key, content in store.objects.items() if key.endswith("-run.json")}
    assert authors == {"alice"}


def test_a_run_that_was_cut_off_behind_its_own_record_stops_no_later_one(store: FakeStore) -> None:
    store.objects[f"{ACCOUNT}/{RUN}/{JOB}/000001-run.json"] = b"{}"
    assert journal_of(store, details={}).intend(change()) == f"{ACCOUNT}/{RUN}/{JOB}/000002"


def test_a_run_that_can_not_be_recorded_makes_no_change(store: FakeStore) -> None:
    store.full = True
    with pytest.raises(StoreError):
        journal_of(store, details={}).intend(change())
    assert not store.objects


def test_two_runs_that_count_alike_can_not_share_a_record(store: FakeStore) -> None:
    journal = journal_of(store)
    journal.intend(change())
    store.objects[f"{ACCOUNT}/{RUN}/{JOB}/000002-intent.json"] = b"{}"
    with pytest.raises(StoreError):
        journal.intend(change())


def test_interrupted_finds_intents_without_outcome_in_this_account_only(store: FakeStore) -> None:
    done = journal_of(store)
    done.conclude(done.intend(change("done")), Outcome.APPLIED)
    journal_of(store, run_id="20261101T000000Z").intend(change("cut-off"))
    store.objects["999988887777/1/000001-intent.json"] = b"{}"
    (intent,) = find_interrupted(store, ACCOUNT)
    assert (intent.run_id, intent.module, intent.change.target) == ("20261101T000000Z", "replace", user_arn("cut-off"))
    assert [outcome for _intent, outcome in read_recorded(store, ACCOUNT, "20261101T000000Z")] == [Outcome.UNKNOWN]


NESTED = '{"a":' * 200 + "1" + "}" * 200
BROKEN = [
    b"",
    b"[" * 100_000,
    ('{"run_id": "1", "module": "m", "change": ' + NESTED + "}").encode(),
    json.dumps({"run_id": "1", "module": "m", "change": {**change().as_dict(), "before": json.loads(NESTED)}}).encode(),
    b'{"run_id": "1", "module": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b"{",
    b"[]",
    b"{}",
    b'{"run_id": "1", "module": "m", "change": {}}',
    json.dumps({"run_id": "1", "module": 7, "change": change().as_dict()}).encode(),
    json.dumps({"run_id": "2", "module": "m", "change": change().as_dict()}).encode(),
    json.dumps({"run_id": "1", "module": "m", "change": [1]}).encode(),
    json.dumps({"run_id": "1", "module": "m", "change": {**change().as_dict(), "undo": [1]}}).encode(),
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_record_is_named_and_hides_no_other(store: FakeStore, content: bytes) -> None:
    store.objects[f"{ACCOUNT}/1/000001-intent.json"] = content
    journal_of(store, run_id="1").intend(change("b"))
    told = f"s3://journal/iam/{ACCOUNT}/1/000001-intent.json is not a journal record"
    with pytest.raises(RecordError, match=told):
        intent_at(store, f"{ACCOUNT}/1/000001")
    for found in (
        find_interrupted,
        lambda *given: [intent for intent, _outcome in read_recorded(given[0], ACCOUNT, "1", given[2])],
    ):
        problems: list[str] = []
        assert [intent.change.target for intent in found(store, ACCOUNT, problems.append)] == [user_arn("b")]
        assert len(problems) == 1 and told in problems[0]


def test_an_ending_that_can_not_be_read_makes_its_change_unknown_and_no_other(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    journal = journal_of(store)
    key = journal.intend(change("a"))
    journal.conclude(journal.intend(change("b")), Outcome.APPLIED)
    (tmp_path / f"{key}-outcome.json").mkdir()
    problems: list[str] = []
    found = [outcome for _intent, outcome in read_recorded(store, ACCOUNT, RUN, problems.append)]
    assert found == [Outcome.UNKNOWN, Outcome.APPLIED]
    assert len(problems) == 1 and "can't read" in problems[0]


@pytest.mark.parametrize("name", ["1/../000001", "../1/000001", "1/2/3/000001", "1/01", "1/000001-intent"])
def test_a_record_is_not_looked_for_where_none_can_be(store: FakeStore, name: str) -> None:
    key = f"{ACCOUNT}/{name}"
    record = {"run_id": "1", "module": "m", "change": change().as_dict()}
    store.objects[f"{key}-intent.json"] = json.dumps(record).encode()
    with pytest.raises(RecordError, match="it is not named as one"):
        intent_at(store, key)


def test_the_last_number_of_a_journal_is_used(store: FakeStore) -> None:
    store.objects[f"{ACCOUNT}/{RUN}/{JOB}/999998-found.json"] = b"{}"
    assert journal_of(store).intend(change()) == f"{ACCOUNT}/{RUN}/{JOB}/999999"


def test_a_journal_whose_numbers_are_used_up_takes_no_change(store: FakeStore) -> None:
    """Others may write there: behind the last number a record would be none that a rollback finds."""
    store.objects[f"{ACCOUNT}/{RUN}/{JOB}/999999-found.json"] = b"{}"
    with pytest.raises(StoreError, match="has 999999 records"):
        journal_of(store).intend(change("a"))
    assert list(store.objects) == [f"{ACCOUNT}/{RUN}/{JOB}/999999-found.json"]


def test_a_journal_that_can_not_be_read_at_all_says_so(store: FakeStore) -> None:
    store.lost = True
    with pytest.raises(StoreError, match="denied"):
        find_interrupted(store, ACCOUNT)


def test_journal_in_a_directory(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path / "journal"))
    assert find_interrupted(store, ACCOUNT) == ()
    assert not (tmp_path / "journal").exists()
    journal = journal_of(store)
    journal.conclude(journal.intend(change()), Outcome.APPLIED)
    journal.intend(change("b"))
    assert [intent.change.target for intent in find_interrupted(store, ACCOUNT)] == [user_arn("b")]
    file = tmp_path / "journal" / ACCOUNT / RUN / JOB / "000001-intent.json"
    assert file.stat().st_mode & 0o777 == 0o600


# Jobs of one run


def test_two_jobs_of_one_run_share_no_record(store: FakeStore) -> None:
    jobs = [journal_of(store, job_id=job, details={}) for job in ("17", "18")]
    for journal in jobs:
        journal.conclude(journal.intend(change("a")), Outcome.APPLIED)
    assert len({key.rpartition("/")[0] for key in store.objects}) == 2
    assert {key.split("/")[2] for key in store.objects} == {"17", "18"}
    assert all(json.loads(content)["job_id"] == key.split("/")[2] for key, content in store.objects.items())


def put_intent(store: FakeStore, key: str, name: str, at: t.Optional[str]) -> None:
    _account, run, *job = key.split("/")[:-1]
    record = {"run_id": run, "module": "m", "change": change(name).as_dict(), "at": at}
    record |= {"job_id": job[0]} if job else {}
    kept = {field: value for field, value in record.items() if value is not None}
    store.objects[f"{key}-intent.json"] = json.dumps(kept).encode()


def list_made(store: FakeStore, *more: t.Any) -> list[str]:
    return [intent.change.target.rpartition("/")[2] for intent, _outcome in read_recorded(store, ACCOUNT, "9", *more)]


def test_changes_of_all_jobs_come_in_the_order_in_which_they_were_made(store: FakeStore) -> None:
    put_intent(store, f"{ACCOUNT}/9/100/000001", "c", "2026-11-25T02:01:00Z")
    put_intent(store, f"{ACCOUNT}/9/100/000002", "e", "2026-11-25T02:03:00Z")
    put_intent(store, f"{ACCOUNT}/9/99/000001", "d", "2026-11-25T02:02:00Z")
    put_intent(store, f"{ACCOUNT}/9/000001", "a", "2026-11-25T02:00:00Z")
    put_intent(store, f"{ACCOUNT}/9/000002", "b", "2026-11-25T02:00:30Z")
    put_intent(store, f"{ACCOUNT}/8/99/000001", "other run", "2026-11-25T02:00:00Z")
    assert list_made(store) == ["a", "b", "c", "d", "e"]


def test_in_one_second_the_older_job_comes_first(store: FakeStore) -> None:
    for job, name in (("100", "c"), ("99", "b")):
        put_intent(store, f"{ACCOUNT}/9/{job}/000001", name, "2026-11-25T02:00:00Z")
    put_intent(store, f"{ACCOUNT}/9/000001", "a", "2026-11-25T02:00:00Z")
    assert list_made(store) == ["a", "b", "c"]


def test_a_clock_that_goes_back_turns_no_job_around(store: FakeStore) -> None:
    put_intent(store, f"{ACCOUNT}/9/99/000001", "a", "2026-11-25T02:02:00Z")
    put_intent(store, f"{ACCOUNT}/9/99/000002", "b", "2026-11-25T02:00:00Z")
    put_intent(store, f"{ACCOUNT}/9/99/000003", "c", None)
    put_intent(store, f"{ACCOUNT}/9/100/000001", "d", "2026-11-25T02:03:00Z")
    assert list_made(store) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("job", ["98", ""])
def test_a_record_of_another_job_counts_for_nothing(store: FakeStore, job: str) -> None:
    put_intent(store, f"{ACCOUNT}/9/{job}/000001".replace("//", "/"), "a", "2026-11-25T02:00:00Z")
    store.objects[f"{ACCOUNT}/9/99/000001-intent.json"] = store.objects.popitem()[1]
    problems: list[str] = []
    assert list_made(store, problems.append) == []
    assert "names another run or job than its place" in problems[0]


def test_a_record_with_a_malformed_time_counts_for_nothing(store: FakeStore) -> None:
    put_intent(store, f"{ACCOUNT}/9/99/000001", "a", "soon")
    problems: list[str] = []
    assert list_made(store, problems.append) == []
    assert "99/000001-intent.json is not a journal record" in problems[0]


@pytest.mark.parametrize("job_id", ["99", ""])
def test_an_intent_that_was_cut_off_is_found_in_journals_with_and_without_jobs(store: FakeStore, job_id: str) -> None:
    key = "/".join(filter(None, (ACCOUNT, "9", job_id, "000001")))
    put_intent(store, key, "a", "2026-11-25T02:00:00Z")
    (intent,) = find_interrupted(store, ACCOUNT)
    assert (intent.key, intent.run_id, intent.job_id) == (key, "9", job_id)
    record_found(store, intent, Outcome.APPLIED, by="10", module="m", at=NOW)
    assert not find_interrupted(store, ACCOUNT)
    assert [outcome for _intent, outcome in read_recorded(store, ACCOUNT, "9")] == [Outcome.APPLIED]


def test_ids_of_jobs_differ_and_sort_by_time() -> None:
    ids = [new_job_id(NOW + timedelta(microseconds=step)) for step in (0, 0, 7, 1_000_000)]
    assert len({*ids}) == 4
    assert sorted(ids, key=job_order)[2:] == ids[2:]
    assert all(check_run_id(job_id) == job_id for job_id in ids)
    assert sorted(["100", "99", ""], key=job_order) == ["", "99", "100"]


@pytest.mark.parametrize("run_id", ["17", "awx-17", "20261125T020000Z", "2026-11-25T02:00:00.5", "a" * 128])
def test_run_ids(run_id: str) -> None:
    assert check_run_id(run_id) == run_id


@pytest.mark.parametrize("run_id", ["", "../17", "a/b", ".hidden", "-x", "a b", "a" * 129, "17\n"])
def test_run_ids_that_could_leave_their_place(run_id: str) -> None:
    with pytest.raises(InputError, match="run_id: .*allowed"):
        check_run_id(run_id)


def test_the_runs_of_a_module_are_found_although_nothing_names_them(store: FakeStore) -> None:
    for run, module, details in (("one", "first", {}), ("two", "second", {}), ("three", "second", None)):
        journal_of(store, module=module, run_id=run, details=t.cast(t.Any, details)).intend(change("a"))
    # Nobody knows the modules of a run without a record of itself.
    assert find_runs(store, ACCOUNT, "first") == ("one", "three")
    assert find_runs(store, "999999999999", "first") == ()
    store.objects[f"{ACCOUNT}/two/{JOB}/000001-run.json"] = b"{"
    assert set(find_runs(store, ACCOUNT, "first")) == {"one", "two", "three"}
