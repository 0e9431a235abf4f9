# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run whose journal and reports are in the bucket of examples/bootstrap, and the audit sheet of it."""

from __future__ import annotations

import functools
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from evidence_bucket import make_bucket

from .conftest import DEV, Ansible, MakeAnsible, Outcome, operation_of

BUCKET: t.Final = "acme-evidence"
LIMIT: t.Final = ("--limit", "acme-dev,localhost")
RUN: t.Final = "nightly-1"
Json = dict[str, t.Any]


class Evidence(t.NamedTuple):
    """Ansible after a run, the run, the bucket's client, and the variables that lead to the bucket."""

    ansible: Ansible
    outcome: Outcome
    s3: t.Any
    places: dict[str, t.Any]


@pytest.fixture(scope="module")
def evidence(make_ansible: MakeAnsible) -> Evidence:
    """A run on one account, with CloudTrail recording, by Ana with a ticket."""
    ansible = make_ansible()
    client = functools.partial(
        boto3.client,
        endpoint_url=ansible.environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=ansible.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ansible.environment["AWS_SECRET_ACCESS_KEY"],
    )
    writer = make_bucket(client, BUCKET)["WriterRoleArn"]
    places = {
        "hardening_journal": f"s3://{BUCKET}/journal",
        "hardening_journal_role_arn": writer,
        "hardening_report_dir": f"s3://{BUCKET}/reports",
        "hardening_report_role_arn": writer,
    }
    ansible.control.record_events()
    details = {"hardening_change_ticket": "CHG-7", "hardening_declaration_commit": "9f2c1ab", **places}
    # Its plan is approved apart.
    details |= {"findings_export_mode": "report"}
    ansible.playbook(
        "harden", *LIMIT, "--check", hardening_run_id="check-1", hardening_author="ana", **details
    ).succeeded()
    s3 = client("s3")
    approved = json.loads(s3.get_object(Bucket=BUCKET, Key="reports/fleet.json")["Body"].read())["plan_sha256"]
    details |= {"hardening_author": "ana", "hardening_approver": "ben", "hardening_approved_plan": approved}
    outcome = ansible.playbook("harden", *LIMIT, hardening_run_id=RUN, **details).succeeded()
    return Evidence(ansible, outcome, s3, places)


def write_sheet(evidence: Evidence, name: str, *, minutes: float = 60, **variables: t.Any) -> tuple[Outcome, Json]:
    """Write the sheet with the events of CloudTrail, so many minutes from now."""
    given = {"audit_sheet_run_id": RUN, "audit_sheet_cloudtrail": True, "audit_sheet_dir": f"./{name}"}
    given |= {"hardening_now": moment_in(minutes), **evidence.places, **variables}
    return evidence.ansible.playbook("audit_sheet", *LIMIT, **given), read_sheet(evidence.ansible, name)


def read_sheet(ansible: Ansible, name: str = "sheets", run: str = RUN) -> Json:
    return t.cast(Json, json.loads((ansible.directory / name / "audit" / run / "sheet.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def sheet(evidence: Evidence) -> Json:
    """The sheet with the events of CloudTrail."""
    outcome, made = write_sheet(evidence, "sheets")
    assert made["headline"]["state"] == "verified", made["attention"]
    outcome.succeeded()
    return made


def test_nine_minutes_and_an_hour_after_the_run(evidence: Evidence, sheet: Json) -> None:
    """CloudTrail is late. Nothing follows from a missing event before its delay has passed."""
    assert sheet["headline"]["text"] == "Nothing was found that does not fit. All 10 lines are verified."
    evidence.ansible.control.set_lateness(7200)
    early, soon = write_sheet(evidence, "soon", minutes=9)
    late, hour = write_sheet(evidence, "hour", minutes=60)
    evidence.ansible.control.set_lateness(0)
    reasons = [
        {change["lack"] for change in made["accounts"][0]["changes"] if change["outcome"] == "applied"}
        for made in (soon, hour)
    ]
    assert reasons == [
        {"not verified yet: events arrive up to 15 minutes late"},
        {"no event found (events arrive up to 15 minutes late)"},
    ]
    assert (soon["headline"]["state"], hour["headline"]["state"]) == ("not_verified", "attention")
    # The exit status says the same as the headline.
    assert early.status != 0 and late.status != 0
    assert "Not verified: Events of the changes" in early.output
    assert "Something does not fit: Events of the changes" in late.output


def moment_in(minutes: float) -> str:
    """A time so many minutes from now."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def copy_bucket(evidence: Evidence, directory: Path) -> None:
    """Copy journal, reports and sheet into a directory, where everything can be changed."""
    for entry in evidence.s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        path = directory / entry["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(evidence.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read())
    (directory / "journal").chmod(0o700)
    source = evidence.ansible.directory / "sheets" / "audit"
    for path in source.rglob("*.json"):
        target = directory / "sheets" / "audit" / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())


def test_nothing_of_a_run_is_refused_or_written_twice_in_the_bucket(evidence: Evidence) -> None:
    refused = [
        record
        for record in evidence.outcome.requests
        if record["service"] == "s3"
        and record["error_code"] is not None
        # Conditional writes of the bucket are tried on one object, and have to be refused.
        and record["parameters"].get("Key") != "journal/control/leases/probe"
    ]
    # Reads before the first write find nothing.
    assert {(operation_of(record), record["error_code"]) for record in refused} <= {("s3:GetObject", "NoSuchKey")}
    versions = evidence.s3.list_object_versions(Bucket=BUCKET)
    assert "DeleteMarkers" not in versions
    older = {entry["Key"] for entry in versions["Versions"] if not entry["IsLatest"]}
    once = ("/plans/", "reports/manifests/", "reports/fleets/", "reports/runs/", f"journal/{DEV}/")
    assert not {key for key in older if any(part in key for part in once)}
    kept = {entry["Key"] for entry in versions["Versions"]}
    assert {"reports/manifests/00000001.json", "reports/manifest.json"} <= kept
    # The lease is swapped again and again.
    assert {key for key in older if key.startswith("journal/control/leases/")}


def test_each_change_has_its_records_and_its_event(evidence: Evidence, sheet: Json) -> None:
    (account,) = sheet["accounts"]
    assert account["account_id"] == DEV
    assert account["problems"] == []
    applied = [change for change in account["changes"] if change["outcome"] == "applied"]
    assert len(applied) >= 5
    for change in applied:
        assert change["event"] is not None, change
        assert change["event"]["name"] == change["operation"].partition(":")[2]
        assert "hardening.iam" in change["event"]["user_agent"]
        assert [record["key"].rpartition("-")[2] for record in change["records"]] == ["intent.json", "outcome.json"]
        assert change["lease"]["fence"] >= 1
    assert len({change["event"]["id"] for change in applied}) == len(applied)
    assert account["unrecorded"] == []
    assert sheet["manifest"]["problems"] == []
    assert sheet["manifest"]["files"]["intact"] > 5
    (request,) = sheet["requests"]
    assert (request["author"], request["approver"], request["change_ticket"]) == ("ana", "ben", "CHG-7")
    assert sheet["population"]["reported"] == [DEV]
    assert [item for item in sheet["attention"] if item["tone"] == "critical"] == []


def test_the_page_is_for_its_owner_only_and_the_bucket_stays_as_it_is(evidence: Evidence, sheet: Json) -> None:
    folder = evidence.ansible.directory / "sheets" / "audit" / RUN
    for name in ("sheet.html", "sheet.txt", "sheet.json"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    keys = [entry["Key"] for entry in evidence.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert not [key for key in keys if "/audit/" in key]
    assert "ana" in (folder / "sheet.html").read_text("utf-8")


def test_a_sheet_of_changed_records_names_what_does_not_fit(evidence: Evidence, sheet: Json, tmp_path: Path) -> None:
    copy_bucket(evidence, tmp_path)
    changes = [change for change in sheet["accounts"][0]["changes"] if change["outcome"] == "applied"]
    late, hidden, invented = changes[:3]
    # A machine that slept between the check of the lease and the request.
    path = tmp_path / "journal" / late["records"][0]["key"]
    record = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**record, "lease": {"fence": 999, "expires": moment_in(-2880)}}), "utf-8")
    for entry in hidden["records"]:
        (tmp_path / "journal" / entry["key"]).unlink()
    events = tmp_path / "sheets" / "audit" / RUN / "events" / f"{DEV}.json"
    history = json.loads(events.read_text("utf-8"))
    history["events"] = [event for event in history["events"] if event["id"] != invented["event"]["id"]]
    events.write_text(json.dumps(history), "utf-8")
    for fleet in (tmp_path / "reports" / "fleets").iterdir():
        fleet.write_text(fleet.read_text("utf-8").replace('"refused"', '"refused" '), "utf-8")
    (tmp_path / "reports" / "manifests" / "00000001.json").unlink()
    place = {name: str(tmp_path / name) for name in ("journal", "reports", "sheets")}
    outcome = evidence.ansible.playbook(
        "audit_sheet",
        *LIMIT,
        audit_sheet_run_id=RUN,
        audit_sheet_dir=place["sheets"],
        hardening_journal=place["journal"],
        hardening_report_dir=place["reports"],
        hardening_now=moment_in(60),
    )
    assert outcome.status != 0
    found = json.loads((tmp_path / "sheets" / "audit" / RUN / "sheet.json").read_text("utf-8"))
    said = " ".join(item["text"] for item in found["attention"] if item["tone"] == "critical")
    assert f"1 change was sent after its lease ended: {DEV}." in said
    assert f"1 call is not in the journal: {DEV}." in said
    assert f"1 change: no event found (events arrive up to 15 minutes late): {DEV}." in said
    assert "Manifest 1 is missing before manifest 2" in said
    assert "Files of the manifest" in said or "Files were changed" in said
    (event,) = found["accounts"][0]["unrecorded"]
    assert event["id"] == hidden["event"]["id"]
    assert "sent after its lease" in outcome.output


def test_a_run_that_nobody_knows(evidence: Evidence) -> None:
    for given, message in (
        ("nightly-2", "there is nothing of run nightly-2"),
        ("../../etc", "audit_sheet_run_id): '../../etc' is not allowed"),
        ("", "audit_sheet_run_id is not set"),
    ):
        outcome = evidence.ansible.playbook("audit_sheet", *LIMIT, audit_sheet_run_id=given, **evidence.places)
        assert outcome.status != 0
        assert message in outcome.output, outcome.output


def test_a_rollback_shows_on_the_sheet_of_the_run_that_it_undid(evidence: Evidence) -> None:
    ansible = evidence.ansible
    undo = {"hardening_undo_run_id": RUN, "hardening_undo_modules": ["password_policy"], "hardening_run_id": "undo-1"}
    ansible.playbook("rollback", *LIMIT, **undo, **evidence.places).succeeded()
    asked = ansible.playbook(
        "audit_sheet", *LIMIT, audit_sheet_run_id=RUN, audit_sheet_dir="./after", **evidence.places
    )
    sheet = read_sheet(ansible, "after")
    assert sheet["headline"]["state"] == "not_verified", sheet["attention"]
    assert (asked.status, sheet["headline"]["text"] in asked.output) == (2, True)
    undone = {change["operation"]: change["undone"] for change in sheet["accounts"][0]["changes"] if change["undone"]}
    assert set(undone) == {"iam:UpdateAccountPasswordPolicy"}
    (rollback,) = undone["iam:UpdateAccountPasswordPolicy"]
    assert (rollback["run_id"], rollback["outcome"]) == ("undo-1", "applied")
    # A check and two runs, one chain.
    assert (sheet["manifest"]["count"], sheet["manifest"]["problems"]) == (3, [])
    assert sheet["manifest"]["of_run"]["number"] == 2
    assert sheet["manifest"]["files"]["changed"] == []
