# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Approvals by hash alone."""

from __future__ import annotations

import hashlib
import json
import typing as t
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import (
    ApprovedPlan,
    combine_plans,
    plan_document,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.plans import (
    find_approval,
    keep_plan,
    keep_run,
    run_lines,
    run_sha256,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError

from .fakes import ACCOUNT, NOW, FakeStore, change

OTHER = "999988887777"
DAY = timedelta(hours=24)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def plan(*names: str, run: str = "check", at: datetime = NOW, **fields: t.Any) -> dict[str, t.Any]:
    given = {"account_id": ACCOUNT, "author": None, **fields}
    changes = [change(name, account_id=given["account_id"]) for name in names]
    return plan_document(changes, run_id=run, created=at, **given)


def find(store: t.Optional[FakeStore], given: t.Any, **fields: t.Any) -> ApprovedPlan:
    return find_approval(store, given, **{"account_id": ACCOUNT, "now": NOW, **fields})


def edit(store: FakeStore, key: str, **fields: t.Any) -> None:
    store.objects[key] = json.dumps({**json.loads(store.objects[key]), **fields}).encode()


def test_a_plan_is_found_by_its_hash(store: FakeStore) -> None:
    document = plan("a")
    location = keep_plan(store, document)
    assert location == f"s3://journal/iam/{ACCOUNT}/plans/{document['plan_sha256']}.json"
    assert find(store, f" {document['plan_sha256']}\n").objection(change("a")) is None
    assert find(store, document["plan_sha256"]).objection(change("b"))


@pytest.mark.parametrize(
    "given",
    [
        "s3://reports/111122223333/plan.json",
        "./reports/plan.json",
        "f" * 63,
        "F" * 64,
        {"changes": []},
        ["f" * 64],
        7,
        True,
    ],
)
def test_nothing_but_a_hash_is_an_approval(store: FakeStore, given: t.Any) -> None:
    with pytest.raises(InputError, match=r"hardening_approved_plan.*allowed is a hash of 64"):
        find(store, given)


def test_a_plan_is_never_overwritten(store: FakeStore) -> None:
    first = plan("a", run="first", at=NOW - 2 * DAY)
    keep_plan(store, first)
    kept = dict(store.objects)
    keep_plan(store, {**plan("a", run="second"), "changes": []})
    assert kept.items() <= store.objects.items()


def test_a_plan_that_a_later_run_makes_again_can_be_approved_again(store: FakeStore) -> None:
    old = plan("a", run="first", at=NOW - 2 * DAY)
    keep_plan(store, old)
    with pytest.raises(InputError, match="at most 24 hours before"):
        find(store, old["plan_sha256"])
    keep_plan(store, plan("a", run="second"))
    assert find(store, old["plan_sha256"]).objection(change("a")) is None
    with pytest.raises(InputError, match="at most 24 hours before"):
        find(store, old["plan_sha256"], now=NOW + DAY + timedelta(seconds=1))


def test_two_runs_may_keep_one_plan_at_the_same_time(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    document = plan("a")
    other = plan("a", run="other")

    def late(key: str, content: bytes) -> str:
        monkeypatch.undo()
        store.put_new(key, json.dumps(other).encode())
        return store.put_new(key, content)

    monkeypatch.setattr(store, "put_new", late)
    keep_plan(store, document)
    assert find(store, document["plan_sha256"]).objection(change("a")) is None


def test_a_plan_that_can_not_be_kept_fails(store: FakeStore) -> None:
    store.full = True
    with pytest.raises(StoreError):
        keep_plan(store, plan("a"))


@pytest.mark.parametrize("note", [b"{", b"[]", b'"x"', b'{"plan_sha256": 1, "created": "2026-11-25T02:00:00Z"}'])
def test_a_malformed_note_counts_for_nothing(store: FakeStore, note: bytes) -> None:
    document = plan("a")
    keep_plan(store, document)
    store.objects[f"{ACCOUNT}/plans/{document['plan_sha256']}/x.json"] = note
    assert find(store, document["plan_sha256"])
    edit(store, f"{ACCOUNT}/plans/{document['plan_sha256']}.json", created="2026-11-20T02:00:00Z")
    with pytest.raises(InputError, match="at most 24 hours"):
        find(store, document["plan_sha256"])


# A hash that leads to something else


def test_a_plan_under_the_hash_of_another_is_refused(store: FakeStore) -> None:
    wanted, put = plan("a"), plan("b")
    store.put(f"{ACCOUNT}/plans/{wanted['plan_sha256']}.json", json.dumps(put).encode())
    with pytest.raises(InputError, match="has another one"):
        find(store, wanted["plan_sha256"])
    forged = {**put, "plan_sha256": wanted["plan_sha256"]}
    store.put(f"{ACCOUNT}/plans/{wanted['plan_sha256']}.json", json.dumps(forged).encode())
    with pytest.raises(InputError, match="was edited"):
        find(store, wanted["plan_sha256"])


def test_the_plan_of_another_account_is_refused(store: FakeStore) -> None:
    document = plan("a", account_id=OTHER)
    keep_plan(store, document)
    with pytest.raises(InputError, match=f"no plan of account {ACCOUNT} and no run has the hash"):
        find(store, document["plan_sha256"])
    store.put(f"{ACCOUNT}/plans/{document['plan_sha256']}.json", json.dumps(document).encode())
    with pytest.raises(InputError, match=f"of the account {OTHER}"):
        find(store, document["plan_sha256"])


def test_a_hash_needs_a_place(store: FakeStore) -> None:
    with pytest.raises(InputError, match="a hash needs report_dir"):
        find(None, "f" * 64)
    store.objects[f"{ACCOUNT}/plans/{'f' * 64}.json"] = b"{"
    with pytest.raises(InputError, match="is not JSON"):
        find(store, "f" * 64)


# The hash of a run


def keep_two(store: FakeStore) -> str:
    """The hash of a run of two accounts, each with a plan."""
    documents = [plan("a"), plan("a", account_id=OTHER)]
    for document in documents:
        keep_plan(store, document)
    hashes = {document["account_id"]: document["plan_sha256"] for document in documents}
    return keep_run(store, run_lines(hashes), run_id="check", created=NOW)


def test_one_value_approves_every_account_of_a_run(store: FakeStore) -> None:
    run_hash = keep_two(store)
    for account in (ACCOUNT, OTHER):
        approved = find(store, run_hash, account_id=account)
        assert approved.objection(change("a", account_id=account)) is None
        assert approved.objection(change("b", account_id=account))


def test_the_hash_of_a_run_is_that_of_its_sorted_lines(store: FakeStore) -> None:
    lines = run_lines({OTHER: "b" * 64, ACCOUNT: "a" * 64})
    text = f"{ACCOUNT} {'a' * 64}\n{OTHER} {'b' * 64}\n"
    assert run_sha256(reversed(lines)) == hashlib.sha256(text.encode()).hexdigest()
    run_hash = keep_run(store, lines, run_id="check", created=NOW)
    kept = json.loads(store.objects[f"runs/{run_hash}.json"])
    assert kept == {
        "schema": "hardening.iam/run-plans/1",
        "run_id": "check",
        "created": format_utc(NOW),
        "run_sha256": run_hash,
        "lines": text.splitlines(),
        "without_hash": {},
    }


def test_an_account_outside_the_run_is_refused(store: FakeStore) -> None:
    with pytest.raises(InputError, match="has no plan of account 444455556666"):
        find(store, keep_two(store), account_id="444455556666")


def test_the_plans_of_a_run_age(store: FakeStore) -> None:
    run_hash = keep_two(store)
    with pytest.raises(InputError, match="at most 24 hours"):
        find(store, run_hash, now=NOW + DAY + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([f"{ACCOUNT} {'b' * 64}"], "were edited"),
        ([f"{ACCOUNT} ../../plan"], "does not hold the lines of a run"),
        ([7], "does not hold the lines of a run"),
        (None, "does not hold the lines of a run"),
    ],
)
def test_edited_lines_of_a_run_are_refused(store: FakeStore, lines: t.Any, message: str) -> None:
    run_hash = keep_two(store)
    edit(store, f"runs/{run_hash}.json", lines=lines)
    with pytest.raises(InputError, match=message):
        find(store, run_hash)


def test_a_run_that_names_an_account_twice_approves_nothing_there(store: FakeStore) -> None:
    lines = [f"{ACCOUNT} {'a' * 64}", f"{ACCOUNT} {'b' * 64}"]
    with pytest.raises(InputError, match="has no plan of account"):
        find(store, keep_run(store, lines, run_id="check", created=NOW))


def test_an_approval_overtaken_by_another_run_does_not_cover_what_that_one_plans(store: FakeStore) -> None:
    run_hash = keep_two(store)
    keep_plan(store, plan("a", "b", run="overtaking"))
    approved = find(store, run_hash)
    assert approved.objection(change("a")) is None
    assert str(approved.objection(change("b"))).startswith("the approved plan does not have this change; run the check")


# Approver and author


@pytest.mark.parametrize("approver", [None, "", "bob"])
def test_somebody_else_approves(store: FakeStore, approver: t.Optional[str]) -> None:
    document = plan("a", author="alice")
    keep_plan(store, document)
    assert find(store, document["plan_sha256"], approver=approver)


@pytest.mark.parametrize("approver", ["alice", "Alice ", "ALICE"])
def test_who_made_the_plan_does_not_approve_it(store: FakeStore, approver: str) -> None:
    document = plan("a", author="alice")
    keep_plan(store, document)
    # A later run by a schedule makes the same plan; it is still that of alice.
    keep_plan(store, plan("a", run="nightly"))
    with pytest.raises(InputError, match="somebody else has to approve it"):
        find(store, document["plan_sha256"], approver=approver)


def test_an_author_of_a_run_long_ago_may_approve(store: FakeStore) -> None:
    store.now = NOW - 2 * DAY
    keep_plan(store, plan("a", author="alice", run="old", at=NOW - 2 * DAY))
    store.now = NOW
    document = plan("a", author="carol")
    keep_plan(store, document)
    assert find(store, document["plan_sha256"], approver="alice")
    with pytest.raises(InputError, match="carol made this plan"):
        find(store, document["plan_sha256"], approver="carol")


def test_all_whose_jobs_made_parts_of_a_plan_are_its_authors(store: FakeStore) -> None:
    parts = [plan("a", author="alice"), plan("b", author=None), plan("c", author="bob"), plan("d", author="alice")]
    document = combine_plans(parts, account_id=ACCOUNT, run_id="check")
    assert document and document["author"] == ["alice", "bob"]
    keep_plan(store, document)
    for approver in ("alice", "Bob"):
        with pytest.raises(InputError, match="somebody else has to approve it"):
            find(store, document["plan_sha256"], approver=approver)
    assert find(store, document["plan_sha256"], approver="carol")


# What somebody who can write beside the plans may forge


def test_a_plan_is_as_old_as_the_store_says_at_least(store: FakeStore) -> None:
    """It was put there two days ago, with a time that lay ahead of it then."""
    store.now = NOW - 2 * DAY
    document = plan("a")
    keep_plan(store, document)
    with pytest.raises(InputError, match=f"created {format_utc(NOW - 2 * DAY)}, allowed is at most 24 hours before"):
        find(store, document["plan_sha256"])
    # The honest twin was made, and put there, a moment ago.
    store.now = NOW
    other = plan("b")
    keep_plan(store, other)
    assert find(store, other["plan_sha256"])


def test_a_plan_that_is_copied_somewhere_else_is_as_old_as_it_says(store: FakeStore) -> None:
    document = plan("a", at=NOW - 2 * DAY)
    keep_plan(store, document)
    with pytest.raises(InputError, match="at most 24 hours before"):
        find(store, document["plan_sha256"])


def test_a_note_is_as_old_as_the_store_says_at_least(store: FakeStore) -> None:
    old = plan("a", at=NOW - 5 * DAY)
    store.now = NOW - 3 * DAY
    keep_plan(store, old)
    keep_plan(store, plan("a", run="second"))
    store.now = NOW
    with pytest.raises(InputError, match=f"created {format_utc(NOW - 3 * DAY)}"):
        find(store, old["plan_sha256"])
    keep_plan(store, plan("a", run="third"))
    assert find(store, old["plan_sha256"])


def test_clocks_of_store_and_controller_may_differ(store: FakeStore) -> None:
    document = plan("a")
    for difference in (timedelta(minutes=-4), timedelta(days=3)):
        store.now = NOW + difference
        store.objects.clear()
        keep_plan(store, document)
        assert find(store, document["plan_sha256"])


@pytest.mark.parametrize("created", ["2026-11-20T02:00:00Z", "2027-11-25T02:00:00Z", "soon", None])
def test_a_forged_time_of_a_note_does_not_free_its_author(store: FakeStore, created: t.Optional[str]) -> None:
    document = plan("a", author="alice")
    keep_plan(store, document)
    keep_plan(store, plan("a", run="mine", author="mallory"))
    (note,) = (key for key in store.objects if "/mine-" in key)
    edit(store, note, created=created)
    with pytest.raises(InputError, match="mallory made this plan"):
        find(store, document["plan_sha256"], approver="mallory")


def test_nothing_that_is_kept_of_a_plan_is_written_twice(store: FakeStore) -> None:
    """One run id, two jobs with two authors: both notes stay, and a note that is there stays as it is."""
    document = plan("a", author="alice")
    keep_plan(store, document)
    for author in ("bob", "carol", "bob"):
        before = dict(store.objects)
        keep_plan(store, plan("a", author=author))
        assert before.items() <= store.objects.items()
    assert len(store.objects) == 3
    for approver in ("alice", "bob", "carol"):
        with pytest.raises(InputError, match=f"{approver} made this plan"):
            find(store, document["plan_sha256"], approver=approver)
