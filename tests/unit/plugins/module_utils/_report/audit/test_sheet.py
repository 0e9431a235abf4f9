# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit sheet of a run as a document."""

from __future__ import annotations

import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.plans import plan_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError
from ansible_collections.hardening.iam.plugins.module_utils._report.audit import account as account_file
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.account import events_key
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.sheet import UnknownRunError, build
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode, run_report_key
from ansible_collections.hardening.iam.plugins.module_utils._report.manifest import build as manifest
from ansible_collections.hardening.iam.plugins.module_utils._report.manifest_chain import (
    append,
    fleet_key,
    manifest_key,
)

from ..._converge.fakes import ACCOUNT, JOB, NOW, RUN
from .world import DETAILS, World, key_change, make_event, verified

OTHER: t.Final = "999999999999"
REFUSAL: t.Final = {"rule": "max_changes", "reason": "over the cap", "operation": "UpdateAccessKey", "module": "x"}


@pytest.fixture
def world() -> World:
    """A run that deactivated two keys, all of which fits together."""
    return verified()


def attention(world: World, **options: t.Any) -> list[str]:
    return [item["text"] for item in build(world.sources, **options)["attention"]]


def state_of(sheet: dict[str, t.Any], name: str) -> str:
    return next(str(line["state"]) for line in sheet["lines"] if line["name"] == name)


def test_a_run_that_fits_together(world: World) -> None:
    sheet = build(world.sources)
    assert sheet["attention"] == []
    (account,) = sheet["accounts"]
    assert [change["sentence"] for change in account["changes"]] == [
        "deactivate access key AKIA…LICE of alice",
        "deactivate access key AKIA…0BOB of bob",
    ]
    assert all(change["event"] and change["records"] for change in account["changes"])
    (request,) = sheet["requests"]
    assert (request["author"], request["approver"], request["change_ticket"], request["accounts"]) == (
        "ana",
        "ben",
        "CHG-7",
        1,
    )
    assert sheet["population"]["source"].startswith("fleets/")
    assert (sheet["manifest"]["of_run"]["number"], sheet["manifest"]["is_first"]) == (1, True)
    assert sheet["manifest"]["files"] == {"intact": 2, "changed": [], "missing": [], "copies": 0}
    assert sheet["run"]["commits"] == ["9f2c1ab"]
    # It is JSON, with a stable order.
    assert json.loads(encode(sheet)) == sheet


@pytest.mark.parametrize("kind", ["intent", "outcome"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_record_with_a_date_that_nothing_can_be_added_to_costs_the_page_nothing_else(
    world: World, kind: str, moment: str
) -> None:
    (key,) = world.change(key_change("carol"))
    world.edit(f"{key}-{kind}.json", at=moment)
    sheet = build(world.sources)
    sentences = [change["sentence"] for change in sheet["accounts"][0]["changes"]]
    assert {"deactivate access key AKIA…LICE of alice", "deactivate access key AKIA…0BOB of bob"} <= set(sentences)
    assert f"Records or reports can't be used, see below: {ACCOUNT}." in attention(world)


def test_everything_of_an_account() -> None:
    world = World()
    world.change(key_change("alice"), attempts=["attempt"])
    world.change(key_change("bob"), outcome=Outcome.FAILED)
    refusal = {**REFUSAL, "target": "carol"}
    world.report(key_change("alice"), refused=[refusal])
    event = make_event(key_change("alice"))
    attempt = make_event(key_change("alice"), errorCode="Conflict", eventID="attempt", requestID="attempt")
    world.see(event, attempt, failures={"eu-west-1": "AccessDenied"})
    (account,) = build(world.sources)["accounts"]
    assert account["problems"] == []
    assert account["plan_sha256"] == "0" * 64
    assert account["counts"] == {"applied": 1, "planned": 0, "applied if approved": 0, "reported": 0, "refused": 1}
    assert account["refused"] == [
        {"rule": "max_changes", "reason": "over the cap", "operation": "UpdateAccessKey", "targets": ["carol"]}
    ]
    assert account["trail"] == {
        "state": "read",
        "reason": "eu-west-1: AccessDenied",
        "regions": ["us-east-1"],
        "failures": {"eu-west-1": "AccessDenied"},
        "events": 2,
        "read_at": "2026-11-25T04:00:00Z",
        "since": "2026-11-25T01:00:00Z",
        "until": "2026-11-25T04:00:00Z",
    }
    first, second = account["changes"]
    assert first["lease"] == {"fence": 3, "expires": "2026-11-25T02:15:00Z"}
    assert (first["event"]["id"], [one["id"] for one in first["attempts"]]) == (event.id, ["attempt"])
    assert (first["operation"], first["region"], first["module"]) == (
        "iam:UpdateAccessKey",
        "global",
        "access_key_lifecycle",
    )
    assert (first["state"], first["request_id"]) == ("verified", "request-alice")
    assert (second["outcome"], second["event"], second["state"]) == ("failed", None, "verified")


def test_a_journal_that_can_not_be_read_in_one_account(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_store: t.Any, _account_id: str, _run_id: str) -> t.NoReturn:
        raise StoreError("denied")

    monkeypatch.setattr(account_file, "read_account", fail)
    (account,) = build(world.sources)["accounts"]
    assert account["changes"] == []
    assert account["problems"] == ["The journal can't be read: denied."]
    assert account["conflicts"] == ["UpdateAccessKey: the report has 2 applied changes, and the journal has 0."]


def test_key_ids_in_full_on_request(world: World) -> None:
    sheet = build(world.sources, reveal_key_ids=True)
    assert sheet["accounts"][0]["changes"][0]["sentence"] == "deactivate access key AKIA00000000000ALICE of alice"


def test_without_cloudtrail_no_event_is_verified(world: World) -> None:
    del world.sheets.objects[events_key(RUN, ACCOUNT)]
    sheet = build(world.sources)
    (account,) = sheet["accounts"]
    assert account["trail"] == {"state": "not_asked", "reason": "CloudTrail was not asked"}
    assert [(change["event"], change["state"]) for change in account["changes"]] == [(None, "not_verified")] * 2
    assert sheet["headline"] == {
        "state": "not_verified",
        "text": "Not verified: Events of the changes, Calls without a record, Leases.",
    }


def test_what_cloudtrail_says_against_the_journal(world: World) -> None:
    key = world.records().changes[0].key
    world.lease(key, NOW - timedelta(seconds=1), fence=2)
    world.see(make_event(key_change("alice")), make_event(key_change("mallory")))
    assert attention(world) == [
        f"1 change: no event found (events arrive up to 15 minutes late): {ACCOUNT}.",
        f"1 call is not in the journal: {ACCOUNT}.",
        f"1 change was sent after its lease ended: {ACCOUNT}.",
        f"1 change has no lease in the record, or no verified event: {ACCOUNT}.",
    ]
    assert build(world.sources)["headline"]["state"] == "attention"


def test_a_call_of_another_run_is_explained(world: World) -> None:
    world.change(key_change("carol"), run_id="another")
    world.see(*map(make_event, (key_change("alice"), key_change("bob"), key_change("carol"))))
    sheet = build(world.sources)
    assert sheet["headline"]["state"] == "verified"
    (event,) = sheet["accounts"][0]["unrecorded"]
    assert (event["run_id"], event["id"]) == ("another", "event-carol-1")


def test_events_that_were_not_read(world: World) -> None:
    world.see(failure="AccessDenied")
    sheet = build(world.sources)
    assert sheet["accounts"][0]["trail"] == {"state": "not_read", "reason": "AccessDenied"}
    assert [state_of(sheet, name) for name in ("events", "calls", "leases")] == ["not_verified"] * 3
    assert f"The event history is not complete: AccessDenied: {ACCOUNT}." in attention(world)


def test_events_that_were_not_read_whole(world: World) -> None:
    """A region that was not read can hide calls, even if the events of others are there."""
    world.see(*map(make_event, (key_change("alice"), key_change("bob"))), failures={"eu-west-1": "AccessDenied"})
    sheet = build(world.sources)
    assert attention(world) == [f"The event history is not complete: eu-west-1: AccessDenied: {ACCOUNT}."]
    assert (state_of(sheet, "events"), state_of(sheet, "calls")) == ("verified", "not_verified")


def test_a_forged_history_is_no_history(world: World) -> None:
    key = events_key(RUN, ACCOUNT)
    world.sheets.objects[key] = world.sheets.objects[key].replace(ACCOUNT.encode(), OTHER.encode())
    (account,) = build(world.sources)["accounts"]
    reason = f"the file of its events is ignored: {key} is of another account or run"
    assert account["trail"] == {"state": "not_read", "reason": reason}
    assert account["changes"][0]["state"] == "not_verified"


def test_rollbacks(world: World) -> None:
    key = world.records().changes[0].key
    world.now = NOW + timedelta(hours=1)
    world.change(key_change("alice", undoes=key), run_id="undo", module="rollback")
    first, second = build(world.sources)["accounts"][0]["changes"]
    assert first["undone"] == [{"run_id": "undo", "at": "2026-11-25T03:00:00Z", "outcome": "applied"}]
    assert second["undone"] == []


# Who asked for it


@pytest.mark.parametrize("approver", ["ana", " Ana ", "ANA"])
def test_who_requested_and_approved(world: World, approver: str) -> None:
    world.journal.objects.clear()
    world.change(key_change("alice"), key_change("bob"), details={"author": "ana", "approver": approver})
    assert "ana requested the run and approved it." in attention(world)


@pytest.mark.parametrize("details", [{}, {"author": "ana"}, {"approver": "ana"}])
def test_an_unknown_person_is_nobody_else(world: World, details: dict[str, str]) -> None:
    world.journal.objects.clear()
    world.change(key_change("alice"), key_change("bob"), details=details)
    sheet = build(world.sources)
    (request,) = sheet["requests"]
    assert (request["author"], request["approver"]) == (details.get("author"), details.get("approver"))
    assert not request["approved_own"]


def test_two_jobs_of_a_run(world: World) -> None:
    world.change(key_change("carol"), job_id="18", details={"author": "eve"})
    rows = build(world.sources)["requests"]
    assert [(row["job"], row["author"]) for row in rows] == [(JOB, "ana"), ("18", "eve")]


def test_one_job_stands_there_once(world: World) -> None:
    """Each module of a job records who ran it, one of them with the hash of its declaration."""
    details = {**DETAILS, "job": "https://awx.example.com/4711"}
    world.journal.objects.clear()
    world.change(key_change("alice"), details=details)
    world.change(key_change("bob"), module="other", details={**details, "declaration": "d" * 64})
    (row,) = build(world.sources)["requests"]
    assert (row["job"], row["author"], row["accounts"]) == ("https://awx.example.com/4711", "ana", 1)
    assert (row["conflicting"], row["incomplete"]) == ([], [])


def test_records_of_one_job_that_name_several_people(world: World) -> None:
    """Somebody who may write into the journal added a record of a job."""
    world.change(key_change("carol"), module="forged", details={"author": "eve", "approver": "ana"})
    sheet = build(world.sources)
    (row,) = sheet["requests"]
    assert (row["author"], row["approver"], row["approved_own"]) == ("ana, eve", "ana, ben", True)
    assert row["conflicting"] == ["author", "approver"]
    assert [state_of(sheet, name) for name in ("requester", "approver")] == ["attention", "attention"]


def test_a_job_without_a_record_of_who_ran_it(world: World) -> None:
    (key,) = [key for key in world.journal.objects if key.endswith("-run.json")]
    del world.journal.objects[key]
    sheet = build(world.sources)
    (row,) = sheet["requests"]
    assert (row["job"], row["author"], row["approver"]) == (JOB, None, None)
    assert [state_of(sheet, name) for name in ("requester", "approver", "plan")] == ["not_verified"] * 3


def test_a_check_has_the_author_of_its_plan() -> None:
    world = World()
    world.reports.put(plan_key(ACCOUNT, "0" * 64), encode({"author": ["ana", "ben"]}))
    world.report()
    assert [row["author"] for row in build(world.sources)["requests"]] == ["ana", "ben"]


@pytest.mark.parametrize("plan", [b"", b"[]", b"{", b'{"author": null}'])
def test_a_malformed_plan_has_no_author(plan: bytes) -> None:
    world = World()
    world.reports.put(plan_key(ACCOUNT, "0" * 64), plan)
    world.report()
    assert build(world.sources)["requests"] == []


# The population


def test_accounts_that_failed_or_are_missing() -> None:
    world = World()
    report = world.report()
    failures = [{"host": "prod", "account_id": OTHER, "message": "AccessDenied"}]
    world.keep([report], [], failures=failures, expected=[ACCOUNT, "888888888888"])
    assert {f"Failed accounts: {OTHER}.", "Accounts without a report of the run: 888888888888."} <= set(
        attention(world)
    )


def test_the_population_is_that_of_the_run_and_not_of_a_later_one(world: World) -> None:
    world.reports.put("fleet.json", encode({"schema": "hardening.iam/fleet/1", "run": {"id": "later"}}))
    assert build(world.sources)["population"]["reported"] == [ACCOUNT]


def test_an_unknown_population(world: World) -> None:
    for key in [key for key in world.reports.objects if key.startswith(("fleets/", "manifest"))]:
        del world.reports.objects[key]
    sheet = build(world.sources)
    assert sheet["population"]["source"] is None
    assert [account["account_id"] for account in sheet["accounts"]] == [ACCOUNT]
    assert attention(world) == [
        "No report on all accounts of the run is kept. It is unknown which accounts are missing.",
        "No manifest of this run is kept, so its files can't be checked.",
    ]
    assert sheet["headline"]["text"] == "Not verified: Population, Manifests."


@pytest.mark.parametrize(
    "forged",
    [
        {"run": 7},
        {"accounts": [7]},
        {"accounts": [{}]},
        {"failed": [7]},
        {"missing": 7},
        {"names": []},
        {"schema": "x"},
    ],
)
def test_a_malformed_report_on_all_accounts_is_no_population(forged: dict[str, t.Any]) -> None:
    world = World()
    report = world.report()
    (key,) = [key for key in world.reports.objects if key.startswith("fleets/")]
    content = world.reports.objects.pop(key)
    world.reports.objects["fleet.json"] = encode({**json.loads(content), **forged})
    assert build(world.sources)["population"]["source"] is None
    assert report["account_id"] == ACCOUNT


def test_accounts_that_nobody_named_have_records_all_the_same(world: World) -> None:
    hidden = json.loads(world.journal.objects[f"{world.records().changes[0].key}-intent.json"])
    hidden["change"]["account_id"] = OTHER
    world.journal.put(f"{OTHER}/{RUN}/{JOB}/000001-intent.json", encode(hidden))
    sheet = build(world.sources)
    assert [account["account_id"] for account in sheet["accounts"]] == [ACCOUNT, OTHER]
    assert sheet["accounts"][1]["changes"][0]["outcome"] == "unknown"


def test_an_account_that_failed_after_changes_shows_these() -> None:
    world = World()
    world.change(key_change())
    world.keep([], [], failures=[{"host": "dev", "account_id": ACCOUNT, "message": "cut off"}], expected=[ACCOUNT])
    (account,) = build(world.sources)["accounts"]
    assert (account["account_id"], account["run"], len(account["changes"])) == (ACCOUNT, None, 1)


def count_calls(call: t.Callable[[str], t.Any], name: str, counts: dict[str, int]) -> t.Callable[..., t.Any]:
    """The method of a store, with its calls counted."""

    def counted(key: str = "") -> t.Any:
        counts[name] += 1
        return call(key)

    return counted


def test_an_account_without_changes_takes_few_reads() -> None:
    world = World()
    report = world.report()
    ids = [f"{number:012}" for number in range(1, 21)]
    for account_id in ids:
        world.reports.put(run_report_key(account_id, RUN), encode({**report, "account_id": account_id}))
        for night in range(5):
            world.journal.put(f"{account_id}/night-{night}/{JOB}/000001-run.json", b"{}")
    world.keep([report, *({**report, "account_id": account_id} for account_id in ids)], [])
    counts = {"get": 0, "list": 0}
    for store in (world.journal, world.reports, world.sheets):
        for name in counts:
            setattr(store, name, count_calls(getattr(store, name), name, counts))
    assert len(build(world.sources)["accounts"]) == 21
    # The report, its plan and the events of an account; the chain, and each file of its manifest, of all.
    assert counts["get"] <= 3 * 21 + 10
    # One for an account; the place of each store, and the chain.
    assert counts["list"] <= 21 + 5


def test_accounts_of_the_inventory_that_were_not_in_the_run(world: World) -> None:
    assert build(world.sources, inventory=[ACCOUNT, OTHER])["population"]["not_in_run"] == [OTHER]


def test_nothing_of_the_run() -> None:
    with pytest.raises(UnknownRunError, match="there is nothing of run 20261125T020000Z in s3://evidence/reports"):
        build(World().sources)


# Reports that do not fit


def test_the_report_against_the_journal(world: World) -> None:
    world.change(key_change("carol"))
    (conflict,) = build(world.sources)["accounts"][0]["conflicts"]
    assert conflict == "UpdateAccessKey: the report has 2 applied changes, and the journal has 3."
    assert f"Records and reports do not fit, see below: {ACCOUNT}." in attention(world)


def test_a_changed_report_of_the_run(world: World) -> None:
    key = run_report_key(ACCOUNT, RUN)
    world.reports.objects[key] += b" "
    assert attention(world) == [f"Files were changed after their manifest was written: {key}."]
    del world.reports.objects[key]
    assert f"Files of the manifest are missing: {key}." in attention(world)


def test_a_report_that_was_replaced_with_a_manifest_of_its_own(world: World) -> None:
    """A writer may replace a report and append a manifest that fits. The first manifest still has the first hash."""
    assert build(world.sources)["manifest"]["notes"] == []
    world.report(key_change("mallory"))
    sheet = build(world.sources)
    manifest = sheet["manifest"]
    assert manifest["of_run"]["number"] == 2
    assert manifest["files"]["changed"] == []
    key = f"{ACCOUNT}/runs/{RUN}/report.json"
    (doubt,) = manifest["doubts"]
    assert doubt.startswith(f"Manifest 1 is of this run too, with other hashes of: {key}.")
    assert state_of(sheet, "manifest") == "not_verified"


def test_the_check_of_a_workflow_wrote_a_manifest_before_the_first_change() -> None:
    made = World()
    changes = [key_change("alice"), key_change("bob")]
    made.approve(*changes)
    made.report(created=NOW - timedelta(minutes=30))
    made.change(*changes)
    made.report(*changes)
    made.see(*map(make_event, changes))
    sheet = build(made.sources)
    (note,) = sheet["manifest"]["notes"]
    assert note.endswith("It was written before the first change, as the check of a workflow is.")
    assert sheet["headline"]["state"] == "verified"


def test_a_broken_chain(world: World) -> None:
    world.keep([], [])
    del world.reports.objects[manifest_key(1)]
    assert any(text.startswith("Manifest 1 is missing before manifest 2") for text in attention(world))


@pytest.mark.parametrize(
    "fields",
    [
        {"account_id": OTHER},
        {"run": {"id": "another", "mode": "check", "started": "2026-11-25T02:00:00Z"}},
        {"changes": [7]},
        {"changes": [{"applied": True, "state": "odd"}]},
        {"refused": [7]},
        {"refused": [{"rule": 7}]},
        {"schema": "x"},
    ],
)
def test_a_malformed_report_is_ignored(fields: dict[str, t.Any]) -> None:
    world = World()
    world.change(key_change())
    report = world.report()
    world.reports.put(run_report_key(ACCOUNT, RUN), encode({**report, **fields}))
    (account,) = [item for item in build(world.sources)["accounts"] if item["account_id"] == ACCOUNT]
    assert account["run"] is None
    assert account["problems"][0].startswith("The report of the run is ignored: ")
    assert len(account["changes"]) == 1


def test_refusals_by_their_reason() -> None:
    world = World()
    world.report(refused=[{**REFUSAL, "target": "a"}, {**REFUSAL, "target": "b"}])
    (refusal,) = build(world.sources)["accounts"][0]["refused"]
    assert (refusal["rule"], refusal["targets"]) == ("max_changes", ["a", "b"])


def test_a_journal_that_can_not_be_read_is_an_error(world: World) -> None:
    world.journal.lost = True
    with pytest.raises(StoreError):
        build(world.sources)


def test_a_change_that_no_sentence_is_made_of(world: World) -> None:
    key = f"{world.records().changes[0].key}-intent.json"
    record = json.loads(world.journal.objects[key])
    change = {**record["change"], "operation": "AttachUserPolicy", "target": "x", "before": 7, "after": None}
    world.edit(key, change=change)
    assert build(world.sources)["accounts"][0]["changes"][0]["sentence"]


def test_outcomes_that_are_not_known(world: World) -> None:
    world.change(key_change("carol"), outcome=None)
    world.change(key_change("dave"), outcome=Outcome.UNKNOWN)
    assert f"2 changes have no known outcome: {ACCOUNT}." in attention(world)


def test_the_name_of_a_forged_fleet_report_is_no_path(world: World) -> None:
    (key,) = [key for key in world.reports.objects if key.startswith("fleets/")]
    assert key == fleet_key(world.reports.objects[key])


@pytest.mark.parametrize("place", ["fleets/../../elsewhere/fleet.json", "fleets/x.json", "same"])
def test_a_forged_fleet_report_is_no_population(world: World, place: str) -> None:
    """A manifest can name any file. A report over all accounts is kept by its own hash."""
    (key,) = [key for key in world.reports.objects if key.startswith("fleets/")]
    forged = encode({**json.loads(world.reports.objects.pop(key)), "accounts": []})
    name = key if place == "same" else place
    world.reports.objects[name] = forged
    content = manifest([(name, forged)], run_id=RUN, created=NOW)
    world.reports.put("manifest.json", encode(append(world.reports, content)))
    assert build(world.sources)["population"]["source"] is None
