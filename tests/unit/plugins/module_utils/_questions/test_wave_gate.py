# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the next wave may begin: by the reports of the wave before it, the time, and the denials."""

from __future__ import annotations

import json
import math
import typing as t
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._questions import wave_gate
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode, run_report_key
from ansible_collections.hardening.iam.plugins.modules import wave_gate as wave_gate_module
from ansible_collections.hardening.iam.plugins.modules.wave_gate import argument_spec

from .._converge.fakes import FakeCaller, set_dates
from .._report import samples
from ..organizing import FakeAccess, Trail, role_arn

NOW = datetime.fromisoformat("2026-11-25T12:00:00+00:00")
ACCOUNT, OTHER = samples.ACCOUNT, "444455556666"
RUN = "wave-1"
DECLARED = "c" * 64
HOUR: t.Final = timedelta(hours=1)
ENFORCED: t.Final = {"module": "password_policy", "mode": "enforce"}
REPORTED: t.Final = {"module": "permissions_boundary", "mode": "report"}


class Bench:
    """A finished wave of two accounts: its reports and journal, and a clock."""

    def __init__(self, directory: Path) -> None:
        self.reports = DirectoryStore(str(directory / "reports"))
        self.journal = DirectoryStore(str(directory / "journal"))
        self.trail = Trail(directory / "trail")
        self.now = NOW
        self.slept: list[float] = []
        self.failures = {ACCOUNT: "", OTHER: ""}
        for account in (ACCOUNT, OTHER):
            self.report(account)

    def report(self, account: str, *, mode: str = "enforce", run: str = RUN, **fields: t.Any) -> None:
        """A report of the run, without changes."""
        report = samples.assessment()
        known = {**report, "account_id": account, "changes": [], "refused": [], "incomplete": [], "errors": []}
        known |= {"modules": [ENFORCED], **fields}
        known["run"] = {**report["run"], "id": run, "mode": mode}
        self.reports.put(run_report_key(account, RUN), encode(known))

    def change(self, hours: float, account: str = ACCOUNT, **details: t.Any) -> None:
        """The journal has a change from so many hours ago, and all that was written until then is as old."""
        record = {"declaration": DECLARED, "at": format_utc(self.now - hours * HOUR), **details}
        job = len(self.journal.list())
        self.journal.put(f"{account}/{RUN}/{job}/000001-run.json", json.dumps(record).encode())

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def judge(self, **options: t.Any) -> dict[str, t.Any]:
        defaults = {name: spec.get("default") for name, spec in argument_spec().items()}
        accounts = [{"account_id": account, "failure": failure} for account, failure in self.failures.items()]
        given = {
            "wave": "canary",
            "accounts": accounts,
            "run_id": RUN,
            "report_dir": self.reports.location,
            "journal": self.journal.location,
            "declaration": DECLARED,
        }
        task = Task(
            options={**defaults, **given, **options},
            operations=wave_gate.OPERATIONS,
            check_mode=False,
            clock=lambda: self.now,
        )
        task.__dict__["reading_access"] = FakeAccess()
        return wave_gate.run(task, sleep=self.sleep)

    def pass_hours(self, hours: float) -> None:
        """Let time pass, and date what is beside the journal by the clock of this test."""
        set_dates(Path(self.journal.location), self.now)
        self.now += hours * HOUR


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


REFUSED: t.Final = {"rule": "cap", "reason": "too many", "target": "x", "operation": "y"}


def test_a_wave_without_failures_passes(bench: Bench) -> None:
    result = bench.judge()
    assert (result["verdict"], result["reasons"], result["failed_accounts"]) == ("passed", [], [])
    assert result["terminal"] == "Wave canary: passed."
    assert bench.journal.list() == []


def test_a_wave_without_an_account_proves_nothing(bench: Bench) -> None:
    """A task that names a wave, where no waves are declared, gets no accounts from the action plugin."""
    bench.failures = {}
    result = bench.judge()
    assert (result["verdict"], result["reasons"]) == ("closed", ["it has no account"])


def test_the_result_is_as_documented(bench: Bench) -> None:
    documented = set(yaml.safe_load(wave_gate_module.RETURN))
    bench.failures[OTHER] = "denied"
    for result in (bench.judge(), bench.judge(max_failures=1), bench.judge(max_failures=1, soak_hours=1)):
        assert set(result) == documented | {"changed"}


def test_a_failed_account_closes_the_gate_unless_it_is_allowed(bench: Bench) -> None:
    bench.failures[OTHER] = "denied"
    result = bench.judge()
    assert result["verdict"] == "closed"
    assert result["failed_accounts"] == [OTHER]
    assert result["reasons"] == [f"1 failed accounts, allowed are 0 (hardening_wave_max_failures): {OTHER}: denied"]
    assert bench.judge(max_failures=1)["verdict"] == "passed"


def test_an_incomplete_report_is_a_failure(bench: Bench) -> None:
    bench.report(ACCOUNT, incomplete=[{"module": "password_policy", "reason": "cut off"}])
    assert bench.judge()["failed_accounts"] == [ACCOUNT]


def test_refused_changes_count_only_if_there_is_a_number(bench: Bench) -> None:
    bench.report(ACCOUNT, refused=[REFUSED, REFUSED])
    bench.report(OTHER, refused=[REFUSED])
    assert bench.judge()["verdict"] == "passed"
    assert bench.judge(max_refusals=3)["verdict"] == "passed"
    result = bench.judge(max_refusals=2)
    assert (result["verdict"], result["refusals"]) == ("closed", 3)
    assert result["reasons"] == ["3 refused changes, allowed are 2 (hardening_wave_max_refusals)"]


@pytest.mark.parametrize("rule", ["fleet_cap", "stopped"])
def test_a_wave_that_was_not_finished_closes_the_gate(bench: Bench, rule: str) -> None:
    """Otherwise the rest of the wave would never soak."""
    bench.report(OTHER, refused=[{**REFUSED, "rule": rule}, REFUSED])
    result = bench.judge(max_refusals=9)
    assert result["reasons"] == [f"the wave is not finished in {OTHER} ({rule})"]


# Accounts that were not read


def test_an_account_in_which_an_enforced_role_could_not_read_closes_the_gate(bench: Bench) -> None:
    """The role changed nothing there, so the wave proves nothing of it."""
    unread = {"rule": "unread", "reason": "denied", "target": OTHER, "operation": None, "module": "password_policy"}
    bench.report(OTHER, refused=[unread, unread])
    result = bench.judge(max_failures=9, max_refusals=9)
    assert (result["verdict"], result["unread_accounts"]) == ("closed", [OTHER])
    assert result["reasons"] == [
        f"1 accounts were not read, allowed are 0 (hardening_wave_max_unread): {OTHER}: password_policy: denied"
    ]
    assert bench.judge(max_unread=1)["verdict"] == "passed"


def test_what_a_role_that_only_reports_could_not_read_does_not_count(bench: Bench) -> None:
    unread = {
        "rule": "unread",
        "reason": "denied",
        "target": OTHER,
        "operation": None,
        "module": "permissions_boundary",
    }
    bench.report(OTHER, refused=[unread], modules=[ENFORCED, REPORTED])
    assert bench.judge()["unread_accounts"] == []


def test_an_account_whose_users_and_roles_were_not_read_closes_the_gate(bench: Bench) -> None:
    gap = {"dataset": "authorization_details", "region": None, "operation": "iam:X", "reason": "denied by an SCP"}
    bench.report(OTHER, errors=[gap, {**gap, "dataset": "alias"}])
    reason = bench.judge()["reasons"][0]
    assert reason.endswith(f"(hardening_wave_max_unread): {OTHER}: its users and roles: denied by an SCP")


def test_a_failed_account_is_not_counted_as_unread_as_well(bench: Bench) -> None:
    bench.failures[OTHER] = "denied"
    unread = {"rule": "unread", "reason": "denied", "target": OTHER, "operation": None, "module": "password_policy"}
    bench.report(OTHER, refused=[unread])
    result = bench.judge(max_failures=1)
    assert (result["verdict"], result["unread_accounts"]) == ("passed", [])


# Whether the wave proves anything


EXPORTS: t.Final = {"module": "findings_export", "mode": "enforce"}
APPLIED: t.Final = {"applied": True, "state": "applied"}
SENT: t.Final = {**APPLIED, "module": "findings_export"}
ONLY_REPORTED: t.Final = {"applied": False, "state": "reported"}


@pytest.mark.parametrize(
    ("fields", "lifts"),
    [
        ({}, True),
        ({"changes": [APPLIED]}, True),
        ({"changes": [APPLIED, ONLY_REPORTED], "modules": [ENFORCED, REPORTED]}, True),
        ({"changes": [ONLY_REPORTED], "modules": [ENFORCED, REPORTED]}, False),
        ({"changes": [ONLY_REPORTED], "modules": [REPORTED]}, False),
        ({"modules": [REPORTED]}, False),
        ({"modules": []}, False),
        ({"refused": [REFUSED]}, False),
        ({"changes": [SENT], "modules": [EXPORTS]}, False),
        ({"changes": [SENT, ONLY_REPORTED], "modules": [ENFORCED, EXPORTS]}, False),
    ],
    ids=str,
)
def test_only_a_wave_that_enforced_something_lifts_the_default_cap(
    bench: Bench, fields: dict[str, t.Any], lifts: bool
) -> None:
    for account in (ACCOUNT, OTHER):
        bench.report(account, **fields)
    result = bench.judge()
    assert (result["verdict"], result["lifts_cap"]) == ("passed", lifts)


def test_a_wave_that_an_earlier_run_changed_during_the_soak_lifts_the_default_cap(bench: Bench) -> None:
    """A later run finds nothing to write there, and other roles only report, night after night."""
    bench.change(1)
    bench.judge(soak_hours=24)
    bench.pass_hours(25)
    for account in (ACCOUNT, OTHER):
        bench.report(account, changes=[ONLY_REPORTED], modules=[ENFORCED, REPORTED])
    result = bench.judge(soak_hours=24)
    assert (result["verdict"], result["lifts_cap"]) == ("passed", True)


# Evidence that can't be read


def test_a_missing_report_closes_the_gate(bench: Bench) -> None:
    (Path(bench.reports.location) / run_report_key(OTHER, RUN)).unlink()
    result = bench.judge(max_failures=9, max_refusals=9)
    assert result["reasons"] == [f"its evidence can't be read: {OTHER} has no report of this run"]


def test_a_failed_account_needs_no_report(bench: Bench) -> None:
    (Path(bench.reports.location) / run_report_key(OTHER, RUN)).unlink()
    bench.failures[OTHER] = "unreachable"
    assert bench.judge(max_failures=1)["verdict"] == "passed"


def test_the_report_of_a_check_closes_the_gate(bench: Bench) -> None:
    """The check before the enforcing job has the same run id."""
    bench.report(OTHER, mode="check")
    assert "is of a check, not of this run" in bench.judge()["reasons"][0]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema": "hardening.iam/report/1", "account_id": "444455556666"}'])
def test_what_is_no_report_closes_the_gate(bench: Bench, content: bytes) -> None:
    bench.reports.put(run_report_key(OTHER, RUN), content)
    result = bench.judge()
    assert result["verdict"] == "closed"
    assert result["reasons"][0].startswith("its evidence can't be read: ")


def test_a_report_of_another_account_closes_the_gate(bench: Bench) -> None:
    content = bench.reports.get(run_report_key(ACCOUNT, RUN)) or b""
    bench.reports.put(run_report_key(OTHER, RUN), content)
    assert "is a report of account" in bench.judge()["reasons"][0]


def test_a_malformed_record_of_the_wave_closes_the_gate(bench: Bench) -> None:
    bench.journal.put(f"control/waves/{DECLARED}.json", b"{}")
    result = bench.judge(soak_hours=1)
    assert result["verdict"] == "closed"
    assert "the record of the wave is malformed" in result["reasons"][0]
    assert "\n" not in result["reasons"][0]


@pytest.mark.parametrize("field", ["began", "since"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_record_from_the_end_of_time_closes_the_gate(bench: Bench, field: str, moment: str) -> None:
    options = {"soak_hours": 24, "max_new_denials": 0, "trail_logs": str(bench.trail.place)}
    bench.change(1)
    bench.judge(**options)
    key = f"control/waves/{DECLARED}.json"
    record = json.loads(bench.journal.get(key) or b"")
    bench.journal.put(key, json.dumps({**record, field: moment}).encode())
    bench.pass_hours(48)
    result = bench.judge(**options)
    assert result["verdict"] == "closed"
    assert "malformed" in result["reasons"][0]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_journal_from_the_end_of_time_opens_no_gate(bench: Bench, moment: str) -> None:
    bench.trail.success(ACCOUNT, NOW + HOUR)
    options = {"soak_hours": 1, "max_new_denials": 0, "trail_logs": str(bench.trail.place), "max_unread": 1}
    bench.change(1, at=moment)
    first = bench.judge(**options)
    bench.pass_hours(48)
    assert "passed" not in (first["verdict"], bench.judge(**options)["verdict"])


@pytest.mark.parametrize("name", ["soak_hours", "wait_minutes"])
@pytest.mark.parametrize("number", [-1, 1e12, math.inf, math.nan])
def test_numbers_that_are_no_time(bench: Bench, name: str, number: float) -> None:
    with pytest.raises(TaskError, match=f"{name}: .* is not allowed; allowed is a number from 0 to 1000000"):
        bench.judge(**{name: number})


def test_a_wave_without_a_declaration_can_not_soak(bench: Bench) -> None:
    assert bench.judge(declaration=None, soak_hours=1)["verdict"] == "closed"


# The soak


def test_a_soak_begins_when_the_wave_is_finished(bench: Bench) -> None:
    bench.change(1)
    result = bench.judge(soak_hours=24)
    assert (result["verdict"], result["until"]) == ("waiting", format_utc(NOW + 24 * HOUR))
    bench.pass_hours(23.9)
    assert bench.judge(soak_hours=24)["verdict"] == "waiting"
    bench.pass_hours(0.1)
    set_dates(Path(bench.journal.location), NOW)
    assert bench.judge(soak_hours=24)["verdict"] == "passed"


def test_a_closed_gate_begins_no_soak(bench: Bench) -> None:
    bench.failures[OTHER] = "denied"
    bench.judge(soak_hours=24)
    assert bench.journal.list() == []


def test_a_short_soak_is_waited_for_in_the_job(bench: Bench) -> None:
    assert bench.judge(soak_hours=0.5, wait_minutes=29)["verdict"] == "waiting"
    assert bench.slept == []
    bench.pass_hours(0)
    assert bench.judge(soak_hours=0.5, wait_minutes=30)["verdict"] == "passed"
    assert bench.slept == [1800]


# Denials


def judge_denials(bench: Bench, most: int = 0, **given: t.Any) -> dict[str, t.Any]:
    """Begin to watch, let two hours pass, and judge. The second account may be silent."""
    bench.change(0)
    options = {"max_new_denials": most, "trail_logs": str(bench.trail.place), "soak_hours": 1, "max_unread": 1, **given}
    assert bench.judge(**options)["verdict"] == "waiting"
    bench.pass_hours(2)
    return bench.judge(**options)


def test_cloudtrail_is_given_time_to_deliver(bench: Bench) -> None:
    result = bench.judge(max_new_denials=0)
    assert (result["verdict"], result["until"]) == ("waiting", format_utc(NOW + HOUR / 4))


def test_a_denial_of_what_was_done_before_closes_the_gate(bench: Bench) -> None:
    bench.trail.success(ACCOUNT, NOW - HOUR)
    bench.trail.denial(ACCOUNT, NOW + HOUR, text="is not authorized to perform: iam:CreateUser")
    result = judge_denials(bench)
    assert (result["verdict"], result["new_denials"]) == ("closed", 1)
    assert f"in {ACCOUNT} {role_arn(ACCOUNT)} lost iam:CreateUser" in result["reasons"][0]
    assert result["losses"][0]["principal"] == role_arn(ACCOUNT)


def test_an_account_without_an_event_closes_the_gate_unless_it_is_allowed(bench: Bench) -> None:
    """The trail may not have the account at all. The run itself has left events there."""
    bench.trail.success(ACCOUNT, NOW + HOUR)
    result = judge_denials(bench, max_unread=0)
    assert (result["verdict"], result["unread_accounts"]) == ("closed", [OTHER])
    assert result["reasons"] == [
        f"1 accounts were not read, allowed are 0 (hardening_wave_max_unread): {OTHER}: no event since the wave began"
    ]
    options = {"max_new_denials": 0, "trail_logs": str(bench.trail.place), "soak_hours": 1}
    assert bench.judge(**options, max_unread=1)["verdict"] == "passed"


def test_unread_accounts_of_reports_and_of_events_are_added_up(bench: Bench) -> None:
    bench.trail.success(ACCOUNT, NOW + HOUR)
    gap = {"dataset": "authorization_details", "region": None, "operation": "iam:X", "reason": "denied"}
    bench.report(ACCOUNT, errors=[gap])
    assert judge_denials(bench, max_unread=1)["unread_accounts"] == [ACCOUNT, OTHER]


def test_so_many_new_denials_may_be_allowed(bench: Bench) -> None:
    bench.trail.success(ACCOUNT, NOW - HOUR)
    bench.trail.denial(ACCOUNT, NOW + HOUR, text="is not authorized to perform: iam:CreateUser")
    result = judge_denials(bench, most=1)
    assert (result["verdict"], result["new_denials"]) == ("passed", 1)


@pytest.mark.parametrize("principal", [None, role_arn("999988887777")])
def test_a_denial_of_what_nobody_had_done_before_does_not_count(bench: Bench, principal: t.Optional[str]) -> None:
    bench.trail.success(ACCOUNT, NOW + HOUR, call="iam:GetUser")
    bench.trail.denial(ACCOUNT, NOW + HOUR, principal=principal, text="is not authorized to perform: iam:CreateUser")
    assert judge_denials(bench)["new_denials"] == 0


def test_a_denial_from_before_the_wave_does_not_count(bench: Bench) -> None:
    bench.trail.success(ACCOUNT, NOW - 2 * HOUR)
    bench.trail.denial(ACCOUNT, NOW - HOUR, text="is not authorized to perform: iam:CreateUser")
    bench.trail.success(ACCOUNT, NOW + HOUR, call="iam:GetUser")
    assert judge_denials(bench)["new_denials"] == 0


def test_a_trail_without_events_closes_the_gate(bench: Bench) -> None:
    bench.trail.success(ACCOUNT, NOW - HOUR)
    result = judge_denials(bench)
    assert result["verdict"] == "closed"
    assert "has no event of" in result["reasons"][0]


def test_a_trail_that_is_not_there_closes_the_gate(bench: Bench) -> None:
    assert "there is no folder AWSLogs with accounts" in judge_denials(bench)["reasons"][0]


def test_the_trails_of_two_organizations_close_the_gate_until_one_is_named(bench: Bench) -> None:
    bench.trail.success(ACCOUNT, NOW + HOUR)
    (bench.trail.place / "AWSLogs" / "o-other").mkdir()
    assert judge_denials(bench)["verdict"] == "closed"
    options = {
        "max_new_denials": 0,
        "trail_logs": str(bench.trail.place),
        "organization_id": "o-acme",
        "max_unread": 1,
    }
    assert bench.judge(**options)["verdict"] == "passed"


class History:
    """The event history of accounts, each in a role of its own."""

    def __init__(self, account_id: str, error: t.Optional[AwsError] = None) -> None:
        self.caller = FakeCaller(account_id, role_arn(account_id))
        self._error = error

    def regions(self, _wanted: t.Any) -> tuple[str, ...]:
        if self._error:
            raise self._error
        return ()

    def gather(self, _calls: t.Any) -> dict[t.Any, t.Any]:
        return {}


def judge_history(bench: Bench, monkeypatch: pytest.MonkeyPatch, access: History) -> dict[str, t.Any]:
    monkeypatch.setattr(wave_gate, "Access", lambda *_args, **_named: access)
    bench.failures = {ACCOUNT: ""}
    bench.judge(max_new_denials=0)
    bench.pass_hours(2)
    return bench.judge(max_new_denials=0)


def test_a_role_of_another_account_closes_the_gate(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    result = judge_history(bench, monkeypatch, History(OTHER))
    assert f"the credentials for {ACCOUNT} belong to {OTHER}" in result["reasons"][0]


def test_a_history_that_can_not_be_read_closes_the_gate(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    result = judge_history(bench, monkeypatch, History(ACCOUNT, AwsError("throttled")))
    assert result["reasons"] == ["its evidence can't be read: throttled"]


def test_the_history_of_many_accounts_is_not_read(bench: Bench) -> None:
    for number in range(4):
        bench.failures[f"55556666777{number}"] = ""
        bench.report(f"55556666777{number}")
    bench.judge(max_new_denials=0)
    bench.pass_hours(2)
    assert "at most 5 accounts, and the wave has 6" in bench.judge(max_new_denials=0)["reasons"][0]


# Input


@pytest.mark.parametrize(
    "name", ["max_failures", "max_refusals", "max_new_denials", "max_unread", "soak_hours", "wait_minutes"]
)
def test_a_negative_number_is_an_error(bench: Bench, name: str) -> None:
    with pytest.raises(TaskError, match=f"{name}: -1 is not allowed"):
        bench.judge(**{name: -1})


@pytest.mark.parametrize("account_id", ["", "12", "x" * 12])
def test_what_is_no_account_is_an_error(bench: Bench, account_id: str) -> None:
    with pytest.raises(TaskError, match="accounts: "):
        bench.judge(accounts=[{"account_id": account_id}])
