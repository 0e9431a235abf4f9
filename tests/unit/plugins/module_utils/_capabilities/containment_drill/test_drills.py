# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of drills, what a canary noted, and the report."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws import canary
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill import measuring, run
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill.archive import (
    CURRENT,
    Archive,
    BusyError,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill.observe import find_hold
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill.record import Drill, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import GuardError
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.drills import (
    find_strangers,
    is_drill_id,
    is_of_drill,
    make_drill_id,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.findings import find_incident_problems
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.freeze import Freeze, Held
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import OF_ORGANIZATION
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By, Contained, Record
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import State as IncidentState
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import update
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.holders import Holder
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import Lease
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.stores import MemoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.plugin_utils._render import drill as page

from ..._converge.fakes import ACCOUNT, CALLER, JOB, RUN, FakeAws

NOW = datetime(2026, 11, 28, 15, 42, 10, tzinfo=UTC)
ID = make_drill_id(NOW, "0b7c")
DRILL = Drill(
    ID, "222233334444", "aws", "Ana", "one", NOW, NOW, user_id="AIDAEXAMPLE123456", key_id="AKIAEXAMPLE1234567"
)


def call(credential: str, at: float, error: str = "", operation: str = "sts:AssumeRole") -> dict[str, t.Any]:
    return {
        "credential": credential,
        "key_id": f"AKIA{credential}",
        "operation": operation,
        "error": error,
        "at": at,
        "ended": at + 0.5,
    }


def test_an_id_of_a_drill_is_nobody_elses() -> None:
    assert is_drill_id(ID)
    for other in ("drill-1", "INC-7", f"{ID}0", f"{ID}\n", ID.upper(), "drill-november"):
        assert not is_drill_id(other)
    assert is_of_drill(DRILL.user_arn) and is_of_drill(DRILL.role_arn)
    for arn in (
        "arn:aws:iam::222233334444:user/ci-deploy",
        f"arn:aws:iam::222233334444:user/iam-hardening/drill/x/../{ID}",
        "arn:aws:iam::222233334444:user/iam-hardening/drill/admin",
        f"arn:aws:iam::222233334444:user/other/iam-hardening/drill/{ID}",
        f"arn:aws:iam::222233334444:group/iam-hardening/drill/{ID}",
    ):
        assert find_strangers(ID, [arn, DRILL.user_arn]) == [arn]
        assert find_strangers("INC-7", [arn]) == []


def test_a_record_comes_back_and_a_malformed_one_is_refused() -> None:
    assert Drill.of_bytes(DRILL.as_bytes()) == DRILL
    document = json.loads(DRILL.as_bytes())
    for change in ({"id": "INC-7"}, {"user_id": "*"}, {"state": "x"}, {"began": "x"}, {"person": 7}, {"schema": ""}):
        with pytest.raises(ValueError, match=r"."):
            Drill.of_bytes(json.dumps({**document, **change}).encode())
    for content in (b"[]", b"x", b"{}"):
        with pytest.raises(ValueError, match=r"."):
            Drill.of_bytes(content)


def test_one_job_works_on_a_drill() -> None:
    store = MemoryStore(NOW)
    one, two = Archive(store, "one"), Archive(store, "two")
    drill = one.take(DRILL, NOW)
    with pytest.raises(BusyError, match=f"containment_drill_break={ID}"):
        two.take(dataclasses.replace(DRILL, id=make_drill_id(NOW, "ffff")), NOW)
    taken = two.take(drill, NOW + timedelta(hours=1))
    assert taken.holder == "two"
    for step in (lambda: one.write(drill, NOW), lambda: one.read_own(ID)):
        with pytest.raises(BusyError):
            step()
    two.write(dataclasses.replace(taken, state=State.OVER), NOW)
    assert one.find_unfinished() is None
    store.put(CURRENT, b"{}")
    with pytest.raises(StoreError, match="Find out who wrote it"):
        one.find_unfinished()


def test_a_report_is_never_replaced() -> None:
    archive = Archive(MemoryStore(NOW), "one")
    archive.keep({"id": ID, "seconds_to_containment": 1.0})
    archive.keep({"id": ID, "seconds_to_containment": 9.0})
    archive.store.put("control/drills/done/x.json", b"{}")
    archive.store.put(f"control/drills/done/{make_drill_id(NOW, 'aaaa')}.json", b"no JSON")
    assert [one["seconds_to_containment"] for one in archive.read_former()] == [1.0]


@pytest.mark.parametrize(
    ("errors", "since"),
    [
        (["", "", "AccessDenied", "AccessDenied"], 2.5),
        # It worked again: somebody undid the denial.
        (["AccessDenied", "", "InvalidClientTokenId"], 2.5),
        (["", "AccessDenied", ""], None),
        (["", "?ConnectTimeoutError"], None),
        (["", "AccessDenied", "?ReadTimeoutError"], 1.5),
        (["", "Throttling"], None),
        # The session of the canary ended by itself: nothing denied it.
        (["", "", "ExpiredToken", "ExpiredToken"], None),
        (["", "AccessDenied", "ExpiredToken"], 1.5),
        ([], None),
    ],
)
def test_a_credential_is_denied_from_its_last_success_on(errors: list[str], since: t.Optional[float]) -> None:
    calls = [call("key", float(at), error) for at, error in enumerate(errors)]
    assert measuring.find_denied_since(calls, "key") == since
    assert measuring.find_denied_since(calls, "session") is None


def test_the_time_counts_until_both_are_denied() -> None:
    calls = [call("key", 0.0), call("session", 0.0), call("key", 3.0, "AccessDenied")]
    assert measuring.is_ready(calls)
    assert measuring.measure(calls, 1.0)["seconds_to_containment"] is None
    found = measuring.measure([*calls, call("session", 5.0, "InvalidClientTokenId")], 1.0)
    assert (found["seconds"], found["seconds_to_containment"]) == ({"key": 2.5, "session": 4.5}, 4.5)
    # Both have the same list, since the process of the canary imports nothing.
    assert measuring.DENIED == canary.DENIED


def test_calls_that_the_hunt_missed_are_named() -> None:
    at = NOW.timestamp()
    known = measuring.list_known([call("key", at), call("session", at, operation="iam:GetRole")])
    row = {"time": NOW.isoformat(), "event_source": "sts.amazonaws.com", "event_name": "AssumeRole"}
    found = {**row, "access_key_id": "AKIAkey", "suspected": "yes"}
    assert measuring.compare(known, [found]) == {
        "found": [{"key_id": "AKIAkey", "operation": "sts:AssumeRole"}],
        "missed": [{"key_id": "AKIAsession", "operation": "iam:GetRole"}],
    }
    for other in ({"access_key_id": "AKIAother"}, {"suspected": "no"}, {"time": "x"}, {"time": "2026-11-28T11:00:00Z"}):
        assert measuring.compare(known, [{**found, **other}])["found"] == []


def make_report(**more: t.Any) -> dict[str, t.Any]:
    report = {
        "schema": page.SCHEMA,
        "id": ID,
        "account_id": "222233334444",
        "person": "Ana",
        "caller": "arn",
        "began": "2026-11-28T15:42:10Z",
        "ended": "2026-11-28T15:43:10Z",
        "seconds": {"key": 2.5, "session": 4.5},
        "seconds_to_containment": 4.5,
        "steps": [{"step": "contain", "seconds": 9.0}],
        "found": [],
        "missed": [{"key_id": "AKIAkey", "operation": "sts:AssumeRole"}],
        "is_hunted": True,
        "problems": [],
        "left_out": [],
        **more,
    }
    former = [{**report, "id": "x", "seconds_to_containment": None}, {**report, "account_id": "other"}]
    return {**report, "trend": measuring.list_trend(former, report)}


def test_the_report_has_times_misses_and_the_trend() -> None:
    text = page.render_text(make_report())
    for line in ("4.5 seconds until nothing worked any more", "1 of 1 kinds of calls", "sts:AssumeRole by AKIAkey"):
        assert line in text
    assert text.count("2026-11-28T15:42:10Z: ") == 2
    assert "not contained, 1 missed" in text
    assert page.list_problems(make_report()) == []
    assert "4.5 seconds" in page.render_page(make_report())


def test_a_drill_that_saw_only_some_accounts_says_so_and_is_compared_with_none() -> None:
    report = make_report(left_out=["acme-prod", "acme-<dev>"])
    assert measuring.list_trend([{**report, "id": "x"}], make_report()) == make_report()["trend"][1:]
    assert report["trend"] == []
    said = "this run did not see 2 hosts of the inventory: acme-prod, acme-<dev>"
    text = page.render_text(report)
    assert said in " ".join(text.split()) and text.index("NOT ALL ACCOUNTS") < text.index("TIME TO CONTAINMENT")
    assert "NOT ALL ACCOUNTS" not in page.render_text(make_report())
    assert "Not all accounts" in page.render_page(report) and "<dev>" not in page.render_page(report)


def test_what_was_not_denied_is_a_problem() -> None:
    report = make_report(seconds={"key": 2.5, "session": None}, seconds_to_containment=None, person="Ana\x1b[2J<b>")
    assert page.list_problems(report) == ["the session of its role was not denied"]
    text = page.render_text(report)
    assert "NOT CONTAINED" in text
    assert "\x1b" not in text
    assert "<b>" not in page.render_page(report)


def test_accounts_that_its_incident_contains_are_not_for_a_drill_to_release() -> None:
    store = MemoryStore(NOW)
    assert find_hold(store, DRILL) == (False, "")
    record = Record("111122223333", f"{ID}{OF_ORGANIZATION}", IncidentState.CONTAINED, "Ana", "a drill of nobody")
    update(store, "111122223333", record.incident_id, lambda _present: record)
    is_held, problem = find_hold(store, DRILL)
    assert is_held and f"{ID}.organization" in problem and "Nothing is released" in problem


def test_a_drill_takes_the_lease_of_no_running_job_over(tmp_path: Path) -> None:
    options = {"account_id": ACCOUNT, "run_id": RUN, "job_id": JOB, "job_process": "awx/1", "drill_id": ID}
    store, access = DirectoryStore(str(tmp_path)), FakeAws()
    values = {**options, "journal": str(tmp_path)}
    task = Task(options=values, operations=Operations(), check_mode=False, clock=lambda: NOW)
    task.__dict__["access"] = access
    other = Holder("other", "2", "password_policy", CALLER)
    lease = Lease(store, other, partition="aws", account_id=ACCOUNT, clock=lambda: NOW)
    lease.acquire()
    control = run._control(task, store)
    with pytest.raises(GuardError, match=r"run other .* writes in account"), control.hold_lease(access):
        pass
    lease.release()
    with control.hold_lease(access):
        pass


def test_nobody_has_to_confirm_a_drill() -> None:
    def find(incident_id: str, arn: str) -> list[str]:
        contained = (Contained(arn, "AIDA", By.SOURCE, NOW - timedelta(days=3)),)
        record = Record("222233334444", incident_id, IncidentState.CONTAINED, "Ana", "a drill", contained)
        held = Held("place", incident_id, record, arns=frozenset({arn}))
        return [
            one.control for one in find_incident_problems(Freeze("222233334444", (held,)), partition="aws", now=NOW)
        ]

    assert find(ID, DRILL.user_arn) == []
    assert find(ID, "arn:aws:iam::222233334444:user/ci-deploy") == ["incident_unconfirmed"]
    assert find("INC-7", DRILL.user_arn) == ["incident_unconfirmed"]
