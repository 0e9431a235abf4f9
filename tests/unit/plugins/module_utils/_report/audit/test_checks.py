# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of an audit sheet, and its headline: nothing is verified before its own check has cleared it."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Callable
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.audit.account import events_key
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.checks import (
    LINES,
    NOTHING,
    Line,
    check,
    judge,
)
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.sheet import build
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.state import State
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode, run_report_key

from ..._converge.fakes import ACCOUNT, NOW, RUN
from .world import DETAILS, World, key_change, make_event, verified

Sheet = dict[str, t.Any]
CHANGES: t.Final = (key_change("alice"), key_change("bob"))
# The lines that need events.
UNREAD: t.Final = {"events": "not_verified", "calls": "not_verified", "leases": "not_verified"}


def states(sheet: Sheet) -> dict[str, str]:
    """The lines that are not verified, with their states."""
    return {line["name"]: line["state"] for line in sheet["lines"] if line["state"] != "verified"}


def sheet_at(world: World, minutes: float) -> Sheet:
    """The sheet, made so many minutes after the run."""
    return build(dataclasses.replace(world.sources, now=NOW + timedelta(minutes=minutes)))


def made_with(**details: str) -> World:
    """The complete run, with other records of who ran it."""
    world = verified()
    for key in [key for key in world.journal.objects if key.endswith("-run.json")]:
        world.edit(key, **{**dict.fromkeys(DETAILS), **details})
    return world


def test_a_complete_run_fits() -> None:
    sheet = build(verified().sources)
    assert states(sheet) == {}
    assert sheet["headline"] == {"state": "verified", "text": f"{NOTHING} All {len(LINES)} lines are verified."}
    assert sheet["attention"] == []
    assert all(line["against"] for line in sheet["lines"])


# The headline


def cleared() -> list[Line]:
    return [Line(name, title, against="x", fact="x") for name, title, _check in LINES]


def test_a_line_starts_as_not_verified() -> None:
    line = Line("plan", "Approved plan")
    assert (line.state, line.as_dict()["doubts"]) == (State.NOT_VERIFIED, ["it was not checked"])


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"fact": "x"}, State.VERIFIED),
        ({"fact": "x", "doubts": ("a",)}, State.NOT_VERIFIED),
        ({"fact": "x", "faults": ("a",)}, State.ATTENTION),
        ({"doubts": ("a",), "faults": ("b",)}, State.ATTENTION),
    ],
)
def test_the_state_of_a_line(fields: dict[str, t.Any], state: State) -> None:
    assert Line("plan", "Approved plan", **fields).state is state


@pytest.mark.parametrize("number", range(len(LINES)))
def test_each_line_counts(number: int) -> None:
    assert judge(cleared()).state is State.VERIFIED
    changed: tuple[tuple[dict[str, t.Any], State], ...] = (
        ({"fact": ""}, State.NOT_VERIFIED),
        ({"doubts": ("a",)}, State.NOT_VERIFIED),
        ({"faults": ("a",)}, State.ATTENTION),
    )
    for fields, state in changed:
        lines = cleared()
        lines[number] = dataclasses.replace(lines[number], **fields)
        headline = judge(lines)
        assert headline.state is state
        assert NOTHING not in headline.text
        assert lines[number].title in headline.text


def test_a_missing_or_a_doubled_line_is_no_verdict() -> None:
    for lines in ([], cleared()[1:], [*cleared(), cleared()[0]], [cleared()[0]] * len(LINES)):
        assert judge(lines).state is State.NOT_VERIFIED


def test_something_that_does_not_fit_hides_nothing_that_is_open() -> None:
    lines = cleared()
    lines[0] = dataclasses.replace(lines[0], faults=("a",))
    lines[1] = dataclasses.replace(lines[1], fact="")
    assert judge(lines).text == "Something does not fit: Requester. Not verified: Approver."


# What the run of the audit had


def test_nothing_is_said_of_a_run_of_which_nothing_is_known() -> None:
    """Requester, approver and declaration are unknown, and none of the changes has an event."""
    world = World()
    world.approved = ""
    world.change(*CHANGES, details={})
    report = world.report(*CHANGES)
    run = {**report["run"], "declaration_commit": None}
    world.reports.put(run_report_key(ACCOUNT, RUN), encode({**report, "run": run}))
    world.see()
    sheet = build(world.sources)
    assert sheet["headline"]["state"] == "attention"
    assert NOTHING not in sheet["headline"]["text"]
    assert {name: states(sheet)[name] for name in ("requester", "approver", "declaration", "plan", "events")} == {
        "requester": "not_verified",
        "approver": "not_verified",
        "declaration": "not_verified",
        "plan": "not_verified",
        "events": "attention",
    }


# Requester, approver, declaration


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, {}),
        ({"author": ""}, {"requester": "not_verified"}),
        ({"approver": ""}, {"approver": "not_verified"}),
        ({"approver": " ANA "}, {"approver": "attention", "plan": "attention"}),
        ({"commit": ""}, {"declaration": "not_verified"}),
        ({"commit": "another"}, {"declaration": "attention"}),
    ],
)
def test_who_ran_it_and_by_what(details: dict[str, str], expected: dict[str, str]) -> None:
    sheet = build(made_with(**{**DETAILS, **details}).sources)
    assert states(sheet) == expected


def test_a_report_without_the_commit() -> None:
    world = verified()
    key = run_report_key(ACCOUNT, RUN)
    report = json.loads(world.reports.objects[key])
    world.reports.put(key, encode({**report, "run": {**report["run"], "declaration_commit": None}}))
    assert states(build(world.sources))["declaration"] == "not_verified"


# The approved plan


@pytest.mark.parametrize(
    ("given", "reason"),
    [("", "no plan was approved"), ("e" * 64, f"the approved plan {'e' * 16}… is not kept")],
)
def test_no_plan(given: str, reason: str) -> None:
    (plan,) = build(made_with(**DETAILS, approved_plan=given).sources)["accounts"][0]["plans"]
    assert (plan["state"], plan["reason"]) == ("not_verified", reason)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "the records of these modules name no approved plan: other"),
        ("e" * 64, "its records name several approved plans"),
    ],
)
def test_modules_of_one_job_that_name_several_plans_or_none(given: str, reason: str) -> None:
    world = verified()
    world.approved = given
    world.change(key_change("carol"), module="other")
    (plan,) = build(world.sources)["accounts"][0]["plans"]
    assert (plan["state"], plan["reason"]) == ("not_verified", reason)


@pytest.mark.parametrize("given", ["e" * 63, "../plan"])
def test_what_is_no_hash_approves_nothing(given: str) -> None:
    (plan,) = build(made_with(**DETAILS, approved_plan=given).sources)["accounts"][0]["plans"]
    assert plan["state"] == "attention"


def ran(plan: Callable[[World], object]) -> tuple[str, str]:
    """The state of the plan of a complete run, whose plan is made like this, and the reason."""
    world = World()
    plan(world)
    world.change(*CHANGES)
    world.report(*CHANGES)
    world.see(*map(make_event, CHANGES))
    sheet = build(world.sources)
    (found,) = sheet["accounts"][0]["plans"]
    assert states(sheet) == ({} if found["state"] == "verified" else {"plan": found["state"]})
    return found["state"], found["reason"]


@pytest.mark.parametrize(
    "planned",
    [
        (key_change("alice"),),
        (key_change("alice"), key_change("bob", before={"status": "else"})),
        (key_change("alice"), key_change("bob", affects=("*",))),
        (key_change("alice"), key_change("bob", account_id="999988887777")),
    ],
)
def test_a_change_outside_the_plan(planned: t.Any) -> None:
    state, reason = ran(lambda world: world.approve(*planned))
    assert state == "attention"
    assert reason.startswith("1 of 2 changes are not in the approved plan ")


def test_more_may_be_approved_than_is_made() -> None:
    assert ran(lambda world: world.approve(*CHANGES, key_change("carol"))) == ("verified", "")


def test_a_plan_that_was_too_old() -> None:
    state, reason = ran(lambda world: world.approve(*CHANGES, hours=25))
    assert state == "attention"
    assert "allowed is at most 24 hours before 2026-11-25T02:00:00Z" in reason


def test_a_plan_that_its_approver_made() -> None:
    state, reason = ran(lambda world: world.approve(*CHANGES, author="Ben"))
    assert (state, "ben made this plan" in reason) == ("attention", True)


def test_a_plan_that_was_edited() -> None:
    def edit(world: World) -> None:
        key = f"{ACCOUNT}/plans/{world.approve(*CHANGES)}.json"
        plan = json.loads(world.reports.objects[key])
        world.reports.put(key, encode({**plan, "changes": plan["changes"][:1]}))

    state, reason = ran(edit)
    assert (state, "it was edited after it was made" in reason) == ("attention", True)


# The delay of the trail


@pytest.mark.parametrize(
    ("minutes", "state", "name", "reason"),
    [
        (9, "not_verified", "doubts", "not verified yet: events arrive up to 15 minutes late"),
        (60, "attention", "faults", "no event found"),
    ],
)
def test_the_sheet_nine_minutes_and_an_hour_after_a_run_without_events(
    minutes: int, state: str, name: str, reason: str
) -> None:
    world = verified()
    read_at = NOW + timedelta(minutes=minutes)
    world.see(read_at=read_at, until=read_at)
    sheet = sheet_at(world, minutes)
    assert (sheet["headline"]["state"], states(sheet)["events"]) == (state, state)
    (line,) = [line for line in sheet["lines"] if line["name"] == "events"]
    assert line[name][0].startswith(f"2 changes: {reason}")


def test_nine_minutes_after_a_run_further_calls_may_still_arrive() -> None:
    world = verified()
    read_at = NOW + timedelta(minutes=9)
    world.see(*map(make_event, CHANGES), read_at=read_at, until=read_at)
    sheet = sheet_at(world, 9)
    assert (states(sheet), sheet["headline"]["state"]) == ({"calls": "not_verified"}, "not_verified")


def test_a_slow_trail_that_arrives() -> None:
    world = verified()
    read_at = NOW + timedelta(hours=1)
    world.see(*map(make_event, CHANGES), read_at=read_at, until=read_at)
    assert states(sheet_at(world, 60)) == {}


# Sources that fail, and records that somebody forged


def deny_look_ups(world: World) -> None:
    world.see(failure="AccessDenied")


def cut_pages_off(world: World) -> None:
    events = map(make_event, CHANGES)
    world.see(*events, failures={"us-east-1": "more than 2 pages of events, so only the newest were read"})


def lose_the_events(world: World) -> None:
    del world.sheets.objects[events_key(RUN, ACCOUNT)]


def double_an_event(world: World) -> None:
    key = events_key(RUN, ACCOUNT)
    document = json.loads(world.sheets.objects[key])
    world.sheets.put(key, encode({**document, "events": document["events"] * 2}))


def break_a_record(world: World) -> None:
    world.journal.objects[f"{world.records().changes[0].key}-outcome.json"] = b"{"


def forge_an_id(world: World) -> None:
    world.edit(f"{world.records().changes[0].key}-outcome.json", request_id=["request-alice"])


def lose_an_outcome(world: World) -> None:
    del world.journal.objects[f"{world.records().changes[0].key}-outcome.json"]


def lose_the_report(world: World) -> None:
    del world.reports.objects[run_report_key(ACCOUNT, RUN)]


def break_the_report(world: World) -> None:
    world.reports.put(run_report_key(ACCOUNT, RUN), b"{")


def lose_the_manifests(world: World) -> None:
    for key in [key for key in world.reports.objects if key.startswith("manifest")]:
        del world.reports.objects[key]


def break_the_manifest(world: World) -> None:
    world.reports.put("manifests/00000001.json", b"{")


def lose_the_plan(world: World) -> None:
    for key in [key for key in world.reports.objects if "/plans/" in key]:
        del world.reports.objects[key]


def lose_who_ran_it(world: World) -> None:
    for key in [key for key in world.journal.objects if key.endswith("-run.json")]:
        del world.journal.objects[key]


def lose_the_lease(world: World) -> None:
    world.edit(f"{world.records().changes[0].key}-intent.json", lease=None)


def forge_a_lease(world: World) -> None:
    world.edit(f"{world.records().changes[0].key}-intent.json", lease={"fence": "3"})


def double_a_record(world: World) -> None:
    """Somebody copied the records of a change under another number."""
    key = world.records().changes[0].key
    for ending in ("intent", "outcome"):
        world.journal.put(f"{key[:-6]}000099-{ending}.json", world.journal.objects[f"{key}-{ending}.json"])


def copy_an_id(world: World) -> None:
    world.edit(f"{world.records().changes[0].key}-outcome.json", request_id="request-bob")


def strip_an_id(world: World) -> None:
    world.edit(f"{world.records().changes[0].key}-outcome.json", request_id="")


def deny_a_change(world: World) -> None:
    """Somebody made the record of an applied change say that it failed."""
    world.edit(f"{world.records().changes[0].key}-outcome.json", outcome="failed")


def forge_an_event(world: World) -> None:
    """Somebody who may write to the place of the page made events without knowing AWS's ids."""
    world.see(*(make_event(change, requestID=f"forged-{number}") for number, change in enumerate(CHANGES)))


def use_events_of_another_account(world: World) -> None:
    world.see(*(make_event(change, recipientAccountId="999988887777") for change in CHANGES))


def append_a_manifest(world: World) -> None:
    """Somebody who may write to the reports replaced them, and made a manifest that fits."""
    world.report(*CHANGES, refused=[])


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        (deny_look_ups, UNREAD),
        (cut_pages_off, {"calls": "not_verified"}),
        (lose_the_events, UNREAD),
        (double_an_event, UNREAD),
        (break_a_record, {"journal": "attention", "events": "not_verified", "leases": "not_verified"}),
        (forge_an_id, {"journal": "attention", "events": "not_verified", "leases": "not_verified"}),
        (lose_an_outcome, {"journal": "attention", "events": "not_verified", "leases": "not_verified"}),
        (lose_the_report, {"journal": "not_verified", "manifest": "attention"}),
        (break_the_report, {"journal": "not_verified", "manifest": "attention"}),
        (lose_the_manifests, {"population": "not_verified", "manifest": "not_verified"}),
        (break_the_manifest, {"population": "not_verified", "manifest": "attention"}),
        (lose_the_plan, {"plan": "not_verified"}),
        (lose_who_ran_it, {"requester": "not_verified", "approver": "not_verified", "plan": "not_verified"}),
        (lose_the_lease, {"leases": "not_verified"}),
        (forge_a_lease, {"journal": "not_verified", "leases": "not_verified"}),
        (double_a_record, {"journal": "attention", "events": "attention", "calls": "attention"}),
        (copy_an_id, {"events": "attention", "calls": "attention", "leases": "not_verified"}),
        (strip_an_id, {"events": "not_verified", "calls": "not_verified", "leases": "not_verified"}),
        (deny_a_change, {"journal": "attention", "events": "attention"}),
        (forge_an_event, {"events": "attention", "calls": "attention", "leases": "not_verified"}),
        (use_events_of_another_account, {"events": "attention", "calls": "attention", "leases": "not_verified"}),
        (append_a_manifest, {"manifest": "not_verified"}),
    ],
)
def test_a_source_that_fails_clears_nothing(fail: Callable[[World], None], expected: dict[str, str]) -> None:
    world = verified()
    fail(world)
    sheet = build(world.sources)
    found = states(sheet)
    assert {name: found.get(name) for name in expected} == expected
    assert sheet["headline"]["state"] == ("attention" if "attention" in found.values() else "not_verified")
    assert NOTHING not in sheet["headline"]["text"]


# A run that changed nothing


def test_a_run_that_changed_nothing_needs_no_approval() -> None:
    world = World()
    plan = world.approve(author="ana")
    world.report(plan_sha256=plan)
    world.see()
    sheet = build(world.sources)
    assert (states(sheet), sheet["headline"]["state"]) == ({}, "verified")


def test_what_a_run_changed_is_unknown_where_the_journal_is() -> None:
    world = World()
    world.report(plan_sha256=world.approve())
    world.see()
    document = build(world.sources)
    document["accounts"][0]["journal"] = "denied"
    lines = {line.name: line.state for line in check(document)}
    assert (lines["approver"], lines["plan"]) == (State.NOT_VERIFIED, State.NOT_VERIFIED)


def test_an_applied_change_of_the_report_that_the_journal_does_not_have() -> None:
    """Somebody removed the journal of the run."""
    world = World()
    world.report(*CHANGES)
    world.see()
    found = states(build(world.sources))
    assert (found["journal"], found["approver"], found["plan"]) == ("attention", "not_verified", "not_verified")
