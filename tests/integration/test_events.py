# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events that start a plan, as ansible-rulebook hands them over: what runs, what is written, and where it ends."""

from __future__ import annotations

import functools
import json
import runpy
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc

from .conftest import (
    CHECKOUT,
    EXTERNAL_ID,
    MANAGEMENT,
    PROD,
    Ansible,
    Outcome,
    Record,
    role_arn,
    write_inventory,
)

FIXTURES: t.Final = CHECKOUT / "tests/fixtures/events"
FILTER: t.Final = CHECKOUT / "extensions/eda/plugins/event_filter/iam_events.py"
HOME: t.Final = "us-east-1"


def recorded(name: str, **envelope: t.Any) -> Record:
    """A recorded event that happens now."""
    event: Record = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return {**event, "time": format_utc(datetime.now(UTC)), **envelope}


def imported(finding: Record) -> Record:
    """The event that Security Hub sends of a finding."""
    event = recorded("security_hub", account=finding["AwsAccountId"])
    return {**event, "detail": {"findings": [finding]}}


class Bench:
    """Two accounts with Security Hub, and the playbooks run as the rulebook starts them."""

    def __init__(self, ansible: Ansible) -> None:
        self.ansible = ansible
        hosts = {"acme-management": {"aws_account_id": MANAGEMENT}, "acme-prod": {"aws_account_id": PROD}}
        self.inventory: Path = write_inventory(ansible.directory, hosts)

    def plan(self, *events: Record, run: str, check: bool = True, **variables: t.Any) -> Outcome:
        """Run the playbook with the batch that the event filter makes of these events."""
        main = runpy.run_path(str(FILTER))["main"]
        batches = [main({"body": event, "meta": {}}, seconds=0)["hardening"]["events"] for event in events]
        signals = [signal for batch in batches for signal in batch.get("signals", ())]
        batch = {"signals": signals, "ignored": {}}
        arguments = ["--check"] if check else []
        return self.ansible.playbook(
            "plan_for_event",
            *arguments,
            inventory=self.inventory,
            hardening_run_id=run,
            hardening_events=batch,
            **variables,
        )

    def findings(self) -> list[Record]:
        """The findings in the Security Hub of the account."""
        environment = self.ansible.environment
        arn = role_arn(PROD)
        client: t.Callable[..., t.Any] = functools.partial(
            boto3.client, endpoint_url=environment["AWS_ENDPOINT_URL"], region_name=HOME
        )
        own = {
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        }
        answer = client("sts", **own).assume_role(RoleArn=arn, RoleSessionName="test", ExternalId=EXTERNAL_ID)
        found = answer["Credentials"]
        hub = client(
            "securityhub",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )
        pages = hub.get_paginator("get_findings").paginate()
        return [finding for page in pages for finding in page["Findings"]]


@pytest.fixture
def bench(ansible: Ansible) -> Bench:
    return Bench(ansible)


def failed_control(account: str) -> Record:
    event = recorded("security_hub")
    event["detail"]["findings"][0]["AwsAccountId"] = account
    return event


def test_the_loop_ends_after_one_round(bench: Bench) -> None:
    """Export, event, rulebook, run, export: the findings that were exported start nothing, and neither does the run."""
    limit = ("--limit", "acme-prod", "--tags", "findings_export")
    exported = bench.ansible.playbook(
        "harden", *limit, inventory=bench.inventory, findings_export_mode="enforce", hardening_run_id="nightly"
    ).succeeded()
    assert "securityhub:BatchImportFindings" in exported.writes
    own = [finding for finding in bench.findings() if finding["GeneratorId"].startswith("hardening.iam/")]
    assert own
    first = bench.plan(failed_control(PROD), run="first", findings_export_mode="enforce").succeeded()
    assert "1 plan begun" in first.output
    assert first.writes == []
    assert first.report(PROD)["run"] | {"id": "first", "mode": "check"} == first.report(PROD)["run"]
    assert not (first.reports / MANAGEMENT).exists()
    # The report of the nightly run stays.
    assert first.document("fleet.json")["run"]["id"] == "nightly"
    assert "WARNING" not in first.output

    # Everything that the account can send now, and an event of an account that is not ours.
    events = [*map(imported, own), failed_control(PROD), failed_control("999988887777")]
    again = bench.plan(*events, run="second", findings_export_mode="enforce").succeeded()
    assert "0 plans begun" in again.output
    assert again.requests == []


def test_a_leaked_credential_gets_the_plan_of_its_containment(bench: Bench) -> None:
    event = recorded("quarantine", account=PROD)
    event["detail"]["requestParameters"]["userName"] = "nobody-knows"
    outcome = bench.plan(event, run="leak")
    assert outcome.writes == []
    assert not (outcome.directory / "journal").exists()
    [draft] = (outcome.reports / "events").glob("EVENT-*.yml")
    declared = yaml.safe_load(draft.read_text(encoding="utf-8"))["hardening_incident"]
    assert declared["declared_by"] == ""
    assert declared["users"] == [f"arn:aws:iam::{PROD}:user/nobody-knows"]
    assert f"Plan of the containment of {declared['id']}" in outcome.output


def test_an_event_never_leads_to_a_write(bench: Bench) -> None:
    """The playbook refuses to run without --check, and the one that ansible-rulebook starts adds it."""
    refused = bench.plan(failed_control(PROD), run="real", check=False)
    assert refused.status != 0
    assert "An event never leads to a change" in refused.output
    assert refused.requests == []
    widened = bench.plan(failed_control(PROD), run="wide", hardening_hosts="all")
    assert "hardening_hosts is set: remove it" in widened.output
    assert widened.requests == []


def test_the_playbook_that_ansible_rulebook_starts_adds_check(bench: Bench) -> None:
    main = runpy.run_path(str(FILTER))["main"]
    outcome = bench.ansible.playbook(
        "plan_for_event_local",
        inventory="localhost,",
        hardening_events=main({"body": failed_control(PROD)})["hardening"]["events"],
        plan_for_event_inventory=str(bench.inventory),
        plan_for_event_directory=str(bench.ansible.directory),
    ).succeeded()
    assert "1 plan begun" in outcome.output
    assert outcome.writes == []
    assert outcome.report(PROD)["run"]["mode"] == "check"
    # The role that writes is not even assumed.
    roles = [record["parameters"]["RoleArn"] for record in outcome.requests if record["operation"] == "AssumeRole"]
    assert {arn.rpartition("/")[2] for arn in roles} == {"assessor"}
