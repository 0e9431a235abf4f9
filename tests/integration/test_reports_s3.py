# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports and journal in S3, with the credentials of the controller."""

from __future__ import annotations

import json
import typing as t

import boto3
import pytest

from .conftest import DEV, PROD, Ansible, MakeAnsible, Outcome, operation_of

BUCKET = "acme-security"
REPORTS, JOURNAL = f"s3://{BUCKET}/iam/reports", f"s3://{BUCKET}/iam/journal"
CONTROL = "iam/journal/control/"
ALLOWED = {"s3:PutObject", "s3:GetObject", "s3:ListObjectsV2"}
LIMIT = ("--limit", "acme-dev,acme-prod,localhost")


@pytest.fixture(scope="module")
def bucket(make_ansible: MakeAnsible) -> tuple[Ansible, t.Any]:
    """Ansible, and the client of an S3 with an empty bucket."""
    ansible = make_ansible()
    client = boto3.client(
        "s3",
        endpoint_url=ansible.environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=ansible.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ansible.environment["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket=BUCKET)
    return ansible, client


def harden(ansible: Ansible, *arguments: str) -> Outcome:
    return ansible.playbook(
        "harden", *LIMIT, *arguments, hardening_report_dir=REPORTS, hardening_journal=JOURNAL
    ).succeeded()


def keys(client: t.Any, prefix: str) -> list[str]:
    return [entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


@pytest.fixture(scope="module")
def checked(bucket: tuple[Ansible, t.Any]) -> Outcome:
    return harden(bucket[0], "--check")


@pytest.fixture(scope="module")
def enforced(bucket: tuple[Ansible, t.Any], checked: Outcome) -> Outcome:
    assert not keys(bucket[1], "iam/journal/")
    return harden(bucket[0])


def test_check_mode_puts_reports_and_nothing_else(checked: Outcome) -> None:
    assert set(checked.writes) == {"s3:PutObject"}
    for record in checked.requests:
        if record["service"] == "s3":
            assert operation_of(record) in ALLOWED
        if operation_of(record) == "s3:PutObject":
            assert record["parameters"]["Key"].startswith("iam/reports/"), record


def test_reports_are_complete(bucket: tuple[Ansible, t.Any], enforced: Outcome) -> None:
    stored = set(keys(bucket[1], "iam/reports/"))
    for account in (DEV, PROD):
        files = ("report.json", "report.html", "report.txt", "previous.json", "plan.json")
        assert {f"iam/reports/{account}/{name}" for name in files} <= stored
        parts = [key for key in stored if key.startswith(f"iam/reports/{account}/parts/")]
        assert {key.rpartition("/")[2] for key in parts} >= {"password_policy.json"}
        assert {key.rpartition("/")[2] for key in stored if f"{account}/runs/" in key} == {"report.json"}
    assert {f"iam/reports/{name}" for name in ("fleet.json", "fleet.html", "manifest.json")} <= stored
    assert not (enforced.directory / "reports").exists()
    assert not (enforced.directory / "journal").exists()


def test_report_has_the_changes_of_the_run(bucket: tuple[Ansible, t.Any], enforced: Outcome) -> None:
    body = bucket[1].get_object(Bucket=BUCKET, Key=f"iam/reports/{DEV}/report.json")["Body"].read()
    report = json.loads(body)
    assert "UpdateAccountPasswordPolicy" in {change["operation"] for change in report["changes"]}
    # What only the cap holds back is in the plan too.
    assert {change["state"] for change in report["changes"]} == {"applied", "applied if approved"}
    assert report["delta"]["resolved"]


def test_journal_is_written_once_a_name(bucket: tuple[Ansible, t.Any], enforced: Outcome) -> None:
    # Leases are below control/, and are swapped again and again.
    entries = [key for key in keys(bucket[1], "iam/journal/") if not key.startswith(CONTROL)]
    assert {key.split("/")[2] for key in entries} == {DEV, PROD}
    puts = [
        record["parameters"]["Key"]
        for record in enforced.requests
        if operation_of(record) == "s3:PutObject"
        and record["parameters"]["Key"].startswith("iam/journal/")
        and not record["parameters"]["Key"].startswith(CONTROL)
    ]
    assert sorted(puts) == sorted(entries)


def test_place_that_does_not_exist_fails_before_the_first_write(bucket: tuple[Ansible, t.Any]) -> None:
    ansible, _client = bucket
    ansible.control.reset(seed="acme")
    outcome = ansible.playbook(
        "harden", *LIMIT, hardening_report_dir="./here", hardening_journal="s3://nowhere/journal"
    )
    assert outcome.status != 0
    assert "s3://nowhere/journal" in outcome.output
    assert outcome.writes == ["s3:PutObject"] * outcome.writes.count("s3:PutObject")
