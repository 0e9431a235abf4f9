# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module event_plan: events in, accounts of plans out, with the files beside the reports."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By, Contained, Record
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import State as RecordState
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._events.agenda import MOST_DRAFTED, Dropped
from ansible_collections.hardening.iam.plugins.module_utils._events.batch import Collector
from ansible_collections.hardening.iam.plugins.module_utils._events.recognise import read_event
from ansible_collections.hardening.iam.plugins.module_utils._events.signals import Signal
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._questions import event_plan
from ansible_collections.hardening.iam.plugins.module_utils._report.parts import part_key
from ansible_collections.hardening.iam.plugins.modules import credential_quarantine
from ansible_collections.hardening.iam.plugins.modules.event_plan import RETURN, argument_spec

from .._events.events import ACCOUNT, Event, change, keys_of, recorded

START = datetime.fromisoformat("2026-11-28T10:00:00+00:00")
OTHER = "222233334444"
HOSTS = [
    {"account_id": ACCOUNT, "host": "acme-management", "partition": "aws"},
    {"account_id": OTHER, "host": "acme-prod", "partition": "aws-us-gov"},
]


class Bench:
    """Runs of the module in one place of reports, with a clock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.reports = directory / "reports"
        self.now = START

    def judge(self, event: t.Any = None, *, run: str = "run-1", **options: t.Any) -> dict[str, t.Any]:
        given = {name: details.get("default") for name, details in argument_spec().items()}
        given |= {"report_dir": str(self.reports), "accounts": HOSTS, "run_id": run}
        given |= {"journal": str(self.directory / "journal"), **options}
        if event is not None:
            path = self.directory / "event.json"
            path.write_text(json.dumps(event) if not isinstance(event, str) else event)
            given["event_file"] = str(path)
        task = Task(options=given, operations=event_plan.OPERATIONS, check_mode=True, clock=lambda: self.now)
        return event_plan.run(task)

    def report(self, account: str, run: str, *, mode: str = "check", started: t.Optional[datetime] = None) -> None:
        """Leave the report of a run."""
        document = {"run": {"id": run, "mode": mode, "started": format_utc(started or self.now)}}
        for path in (self.reports / account / "runs" / run / "report.json", self.reports / account / "report.json"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def failed_control(at: datetime, account: str = ACCOUNT) -> Event:
    event = recorded("security_hub", time=format_utc(at))
    return change(event, "detail", "findings", 0, "AwsAccountId", to=account)


def test_a_failed_control_starts_a_plan_of_its_account(bench: Bench) -> None:
    result = bench.judge(failed_control(START))
    assert result["plan"]
    assert result["hosts"] == ["acme-management"]
    assert result["plans"] == [
        {
            "account_id": ACCOUNT,
            "host": "acme-management",
            "kind": "control",
            "subjects": ["IAM.5"],
            "controls": result["plans"][0]["controls"],
            "run_id": "run-1",
        }
    ]
    assert result["plans"][0]["controls"]
    assert (result["incident"], result["incident_file"], result["changed"]) == (None, None, False)
    assert (bench.reports / "events/notice.txt").read_text().startswith("2026-11-28T10:00:00Z\nEvents: 1 plan begun.")
    assert set(yaml.safe_load(RETURN)) == set(result) - {"changed"}


def test_the_same_event_starts_nothing_while_its_plan_is_open(bench: Bench) -> None:
    bench.judge(failed_control(START))
    bench.report(ACCOUNT, "run-1")
    bench.now += timedelta(hours=5)
    again = bench.judge(failed_control(bench.now))
    assert (again["plan"], again["hosts"]) == (False, [])
    assert again["ignored"] == {Dropped.OPEN_PLAN: 1}


def test_a_run_that_enforced_closes_the_plan(bench: Bench) -> None:
    bench.judge(failed_control(START))
    bench.report(ACCOUNT, "run-1")
    bench.now += timedelta(hours=2)
    bench.report(ACCOUNT, "nightly", mode="enforce", started=START - timedelta(minutes=1))
    assert not bench.judge(failed_control(bench.now))["plan"]
    bench.report(ACCOUNT, "applied", mode="enforce")
    assert bench.judge(failed_control(bench.now))["plan"]


@pytest.mark.parametrize(
    ("first", "applied", "nightly"),
    [("20261128T100000Z", "20261128T110000Z", "20261128T120000Z"), ("998", "1001", "1002")],
    ids=["times", "jobs"],
)
def test_a_check_after_the_run_that_enforced_does_not_open_the_plan_again(
    bench: Bench, first: str, applied: str, nightly: str
) -> None:
    bench.judge(failed_control(START), run=first)
    bench.report(ACCOUNT, first)
    bench.now += timedelta(hours=1)
    bench.report(ACCOUNT, applied, mode="enforce")
    bench.now += timedelta(hours=1)
    bench.report(ACCOUNT, nightly)
    assert bench.judge(failed_control(bench.now))["plan"]


def test_checks_after_a_plan_leave_it_open(bench: Bench) -> None:
    bench.judge(failed_control(START), run="20261128T100000Z")
    bench.report(ACCOUNT, "20261128T090000Z", mode="enforce", started=START - timedelta(hours=1))
    for run in ("20261128T100000Z", "20261128T110000Z", "by-hand"):
        bench.now += timedelta(minutes=30)
        bench.report(ACCOUNT, run)
    assert not bench.judge(failed_control(bench.now))["plan"]


def test_a_run_without_a_report_is_repeated(bench: Bench) -> None:
    bench.judge(failed_control(START), run="killed")
    bench.now += timedelta(minutes=30)
    assert not bench.judge(failed_control(bench.now))["plan"]
    bench.now += timedelta(minutes=31)
    result = bench.judge(failed_control(bench.now), run="run-2")
    assert [plan["run_id"] for plan in result["plans"]] == ["run-2"]


def test_the_schedule_repeats_a_plan_without_a_report(bench: Bench) -> None:
    bench.judge(failed_control(START), run="killed")
    bench.now += timedelta(hours=2)
    result = bench.judge(run="run-2")
    assert [(plan["run_id"], plan["subjects"]) for plan in result["plans"]] == [("run-2", ["IAM.5"])]
    bench.report(ACCOUNT, "run-2")
    bench.now += timedelta(hours=2)
    assert not bench.judge(run="run-3")["plan"]


def test_a_plan_that_never_gets_a_report_is_repeated_for_a_day(bench: Bench) -> None:
    bench.judge(failed_control(START))
    repeated = 0
    for _step in range(40):
        bench.now += timedelta(hours=1, minutes=1)
        repeated += bench.judge()["plan"]
    assert repeated == 23
    assert not bench.judge()["waiting"]


def test_the_draft_says_whether_the_plan_of_a_credential_was_made(bench: Bench) -> None:
    first = bench.judge(recorded("quarantine", account=OTHER, time=format_utc(START)), run="killed")
    # That of harden.yml says nothing about the containment.
    bench.report(OTHER, "killed")
    Path(first["incident_file"]).unlink()
    bench.now += timedelta(hours=2)
    again = bench.judge(run="run-2")
    assert again["incident"]["users"] == first["incident"]["users"]
    bench.now += timedelta(hours=2)
    assert not bench.judge(run="run-3")["plan"]


def test_a_draft_that_somebody_moved_was_made_if_its_containment_was_looked_at(bench: Bench) -> None:
    first = bench.judge(recorded("quarantine", account=OTHER, time=format_utc(START)))
    Path(first["incident_file"]).unlink()
    part = bench.reports / part_key(ACCOUNT, "run-1", "credential_quarantine", job_id="7")
    part.parent.mkdir(parents=True)
    part.write_text("{}")
    bench.now += timedelta(hours=2)
    assert bench.judge(run="run-2")["plan"]
    part = bench.reports / part_key(OTHER, "run-2", "credential_quarantine", job_id="7")
    part.parent.mkdir(parents=True)
    part.write_text("{}")
    next((bench.reports / "events").glob("EVENT-*")).unlink()
    bench.now += timedelta(hours=2)
    assert not bench.judge(run="run-3")["plan"]


@pytest.mark.parametrize("content", ["{", "[]", '{"run": 1}', '{"run": {"mode": "enforce", "started": 7}}'])
def test_a_damaged_report_closes_no_plan(bench: Bench, content: str) -> None:
    bench.judge(failed_control(START))
    (bench.reports / ACCOUNT).mkdir(exist_ok=True)
    (bench.reports / ACCOUNT / "report.json").write_text(content)
    assert not bench.judge(failed_control(START))["plan"]


def test_a_leaked_credential_drafts_an_incident_that_a_person_completes(bench: Bench) -> None:
    event = recorded("health", time=format_utc(START))
    event = change(event, "detail", "affectedAccount", to=OTHER)
    result = bench.judge(event)
    incident = result["incident"]
    assert incident["keys"] == [{"id": "AKIAIOSFODNN7EXAMPLE"}]
    # With --check, contain.yml takes it, and without a confirmation nothing can be contained.
    assert not Incident.from_option(incident, now=START).is_confirmed
    draft = yaml.safe_load(Path(result["incident_file"]).read_text())["hardening_incident"]
    assert draft == {**incident, "declared_by": ""}
    with pytest.raises(InputError, match="declared_by"):
        Incident.from_option(draft, now=START)
    assert "A person has to look at" in result["terminal"]


def test_the_user_of_a_draft_is_of_the_account_and_its_partition(bench: Bench) -> None:
    result = bench.judge(recorded("quarantine", account=OTHER, time=format_utc(START)))
    assert result["incident"]["users"] == [f"arn:aws-us-gov:iam::{OTHER}:user/ci-deploy"]
    assert Incident.from_option(result["incident"], now=START).users


def test_the_session_of_a_draft_has_its_role_its_name_and_its_key(bench: Bench) -> None:
    event = recorded("guardduty_credential", time=format_utc(START))
    who = {
        "userType": "AssumedRole",
        "userName": "deploy",
        "principalId": "AROACKCEVSQ6C2EXAMPLE:evil",
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
    }
    event = change(change(event, "detail", "accountId", to=OTHER), "detail", "resource", "accessKeyDetails", to=who)
    result = bench.judge(event)
    session = {
        "role": f"arn:aws-us-gov:iam::{OTHER}:role/deploy",
        "name": "evil",
        "access_key_id": "ASIAIOSFODNN7EXAMPLE",
    }
    assert result["incident"]["sessions"] == [session]
    assert result["incident"]["keys"] == [{"id": "ASIAIOSFODNN7EXAMPLE"}]
    assert Incident.from_option(result["incident"], now=START).sessions
    draft = yaml.safe_load(Path(result["incident_file"]).read_text())["hardening_incident"]
    assert draft == {**result["incident"], "declared_by": ""}


def test_a_finding_that_names_no_credential_gets_a_draft_that_says_so(bench: Bench) -> None:
    event = recorded("guardduty_credential", time=format_utc(START))
    event = change(change(event, "detail", "accountId", to=OTHER), "detail", "resource", "accessKeyDetails", to=None)
    result = bench.judge(event)
    assert (result["plan"], result["incident"]) == (True, None)
    assert "# INCOMPLETE: 1 more report of credentials has no name here" in Path(result["incident_file"]).read_text()
    assert "1 more report of credentials has no name here: see its draft" in result["terminal"]


def test_a_draft_names_all_credentials_of_the_account(bench: Bench) -> None:
    bench.judge(recorded("quarantine", account=OTHER, time=format_utc(START)))
    # The account has used its part of the hour.
    bench.now += timedelta(minutes=10)
    for key in ("AKIAIOSFODNN7EXAMPL2", "AKIAIOSFODNN7EXAMPL3"):
        event = change(recorded("health", time=format_utc(bench.now)), "detail", "affectedAccount", to=OTHER)
        event = change(event, "detail", "affectedEntities", 0, "entityValue", to=key)
        assert bench.judge(event)["waiting"] == 1
    bench.now += timedelta(hours=1)
    # No event: the schedule's.
    result = bench.judge()
    assert [key["id"] for key in result["incident"]["keys"]] == ["AKIAIOSFODNN7EXAMPL2", "AKIAIOSFODNN7EXAMPL3"]


def test_decoys_keep_no_real_key_out_of_the_draft(bench: Bench) -> None:
    decoys = [recorded("quarantine", account=OTHER, time=format_utc(START)) for _number in range(10)]
    for number, event in enumerate(decoys):
        event["detail"]["requestParameters"]["userName"] = f"decoy{number}"
    real = change(recorded("health", time=format_utc(START)), "detail", "affectedAccount", to=OTHER)
    signals = [signal.as_dict() for event in (*decoys, real) for signal in read_event(event).signals]
    result = bench.judge(events={"signals": signals, "ignored": {}})
    most = credential_quarantine.argument_spec()["max_principals"]["default"]
    assert most == MOST_DRAFTED
    incident = Incident.from_option(result["incident"], now=START)
    incident.check_count(most)
    assert [key.id for key in incident.keys] == ["AKIAIOSFODNN7EXAMPLE"]
    assert len(incident.users) == 9
    draft = Path(result["incident_file"]).read_text()
    assert "# 1 more credential waits for a later draft." in draft
    assert "1 more credential waits for a later draft" in result["terminal"]


def batch_of(signals: list[Signal], **more: t.Any) -> dict[str, t.Any]:
    return {"signals": [signal.as_dict() for signal in signals], "ignored": {}, **more}


def test_a_draft_that_can_not_name_all_says_so_and_how_to_see_all(bench: Bench) -> None:
    """10,000 forged events about the account of the real one, as the event filter and the module take them."""
    bench.now = datetime(2026, 11, 28, 12, tzinfo=START.tzinfo)
    clock = [0.0]
    collector = Collector(60, lambda: clock[0])
    forged = keys_of(OTHER, range(10_000))
    real = change(recorded("health", time=format_utc(bench.now)), "detail", "affectedAccount", to=OTHER)
    collector.last = 0.0
    for signal in (*forged[:5_000], *read_event(real).signals, *forged[5_000:]):
        collector.keep(signal)
    clock[0] = 60.0
    result = bench.judge(events=collector.add(recorded("heartbeat")))
    draft = Path(result["incident_file"]).read_text()
    assert "AKIAIOSFODNN7EXAMPLE" not in draft
    said = "# INCOMPLETE: 9985 more reports of credentials have no name here: their events name none, or there were"
    assert said in draft
    assert "user_quarantined_by_aws" in draft
    assert "9985 more reports of credentials have no name here: see its draft" in result["terminal"]
    assert len(yaml.safe_load(draft)["hardening_incident"]["keys"]) == MOST_DRAFTED
    assert "6 more credentials wait for a later draft" in draft


def test_reports_that_were_all_lost_get_a_draft_without_names(bench: Bench) -> None:
    result = bench.judge(events=batch_of([], lost=[[OTHER, "exposed_credential", 4]]))
    assert (result["plan"], result["incident"]) == (True, None)
    draft = Path(result["incident_file"]).read_text()
    assert "# INCOMPLETE: 4 more reports of credentials have no name here" in draft
    declared = yaml.safe_load(draft)["hardening_incident"]
    assert (declared["keys"], declared["declared_by"]) == ([], "")


def test_a_play_with_more_principals_gets_a_longer_draft(bench: Bench) -> None:
    bench.now = datetime(2026, 11, 28, 12, tzinfo=START.tzinfo)
    result = bench.judge(events=batch_of(keys_of(OTHER, range(20))), max_principals=15)
    assert len(result["incident"]["keys"]) == 15
    assert "# It names 15 credentials at most." in Path(result["incident_file"]).read_text()


def contain(bench: Bench, incident_id: str, account: str = OTHER, *, empty: bool = False) -> None:
    """Leave the record of a containment, as a run that really contains something writes it."""
    arn = f"arn:aws:iam::{account}:user/ci-deploy"
    contained = () if empty else (Contained(arn, "AIDAEXAMPLE", By.SOURCE, bench.now),)
    record = Record(account, incident_id, RecordState.CONTAINED, "Ada", "the key leaked", contained)
    DirectoryStore(str(bench.directory / "journal")).put(record_key(account, incident_id), record.as_bytes())


def test_a_plan_whose_draft_was_contained_is_applied(bench: Bench) -> None:
    event = recorded("quarantine", account=OTHER, time=format_utc(START))
    first = bench.judge(event)["incident"]["id"]
    bench.report(OTHER, "run-1")
    bench.now += timedelta(hours=2)
    contain(bench, first, empty=True)
    contain(bench, first, account=ACCOUNT)
    contain(bench, "INC-7")
    assert not bench.judge({**event, "time": format_utc(bench.now)})["plan"]
    contain(bench, first)
    other = change(event, "detail", "requestParameters", "userName", to="second")
    result = bench.judge({**other, "time": format_utc(bench.now)}, run="run-2")
    assert [arn.rpartition("/")[2] for arn in result["incident"]["users"]] == ["second"]
    assert [plan["run_id"] for plan in read_plans(bench)] == ["run-2"]
    # What happens to the first one after its containment is news.
    bench.now += timedelta(hours=2)
    assert bench.judge({**event, "time": format_utc(bench.now)})["plan"]


def read_plans(bench: Bench) -> list[dict[str, t.Any]]:
    plans: list[dict[str, t.Any]] = json.loads((bench.reports / "events/agenda.json").read_text())["plans"]
    return plans


def test_a_journal_that_can_not_be_read_closes_no_plan_and_loses_none(bench: Bench) -> None:
    event = recorded("quarantine", account=OTHER, time=format_utc(START))
    draft = bench.judge(event)["incident"]["id"]
    contain(bench, draft)
    path = bench.directory / "journal" / record_key(OTHER, draft)
    path.write_text("{")
    assert not bench.judge(event)["plan"]
    assert len(read_plans(bench)) == 1


def test_no_text_of_an_event_gets_into_the_result(bench: Bench) -> None:
    evil = "{{ lookup('pipe', 'id') }}\x1b[2J\u202e"
    event = failed_control(START)
    for path in (("Title",), ("Description",), ("Resources", 0, "Id"), ("Region",)):
        event = change(event, "detail", "findings", 0, *path, to=evil)
    bench.judge(change(event, "id", to=evil))
    written = [path.read_text() for path in (bench.reports / "events").iterdir()]
    assert len(written) == 3
    assert not any(
        part in text for text in [*written, json.dumps(bench.judge())] for part in ("lookup", "\x1b", "\u202e")
    )


def test_own_roles_start_nothing(bench: Bench) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/automation"
    event = recorded("quarantine", time=format_utc(START))
    event = change(event, "detail", "userIdentity", to={"sessionContext": {"sessionIssuer": {"arn": role}}})
    assert bench.judge(event, own_roles=[role])["ignored"] == {"a change by an own role": 1}
    # The event filter does not know the roles, and keeps the hash of the caller.
    batch = Collector(60, lambda: 0).add(event)
    assert not bench.judge(events=batch, own_roles=[role])["plan"]
    assert bench.judge(events=batch)["plan"]


def test_an_unknown_account_starts_nothing(bench: Bench) -> None:
    result = bench.judge(failed_control(START, "999988887777"))
    assert result["ignored"] == {Dropped.UNKNOWN_ACCOUNT: 1}
    assert "999988887777" not in json.dumps(result)


def test_an_account_that_this_run_does_not_see_waits_for_another(bench: Bench) -> None:
    bench.judge(recorded("quarantine", time=format_utc(START)))
    bench.judge(recorded("health", time=format_utc(START)))
    bench.now += timedelta(hours=1)
    limited = bench.judge(accounts=HOSTS[1:])
    assert (limited["plan"], limited["waiting"]) == (False, 1)
    assert bench.judge()["hosts"] == ["acme-management"]


def test_a_batch_is_taken_as_text_as_well(bench: Bench) -> None:
    assert bench.judge(events="{")["ignored"] == {"malformed": 1}
    assert bench.judge(events='{"signals": [], "ignored": {"a sample": 3}}')["ignored"] == {
        "malformed": 1,
        "a sample": 3,
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_plans_per_hour": 2}, r"max_plans_per_hour .*: 2 is not allowed; allowed is a number from 3 to 100"),
        ({"max_plans_per_hour": 101}, "101 is not allowed"),
        ({"max_principals": 0}, r"max_principals \(compromise_response_max_principals\): 0 is not allowed"),
        ({"max_age_hours": 0}, "max_age_hours .*: 0 is not allowed"),
        ({"max_age_hours": float("nan")}, "nan is not allowed"),
        ({"accounts": [{"account_id": "12", "host": "x"}]}, "accounts: "),
        ({"accounts": [{"account_id": "", "host": "x"}]}, "accounts: account_id is empty"),
        ({"event_file": "/nowhere/event.json"}, r"event_file \(hardening_event_file\): .* can't be read"),
    ],
)
def test_bad_options_are_refused(bench: Bench, options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        bench.judge(**options)
    assert not bench.reports.exists()


def test_a_malformed_agenda_fails_and_says_what_to_do(bench: Bench) -> None:
    (bench.reports / "events").mkdir(parents=True)
    (bench.reports / "events/agenda.json").write_text("{}")
    with pytest.raises(TaskError, match="malformed, so no plan is begun"):
        bench.judge(failed_control(START))
