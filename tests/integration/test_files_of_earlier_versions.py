# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journals, plans, reports, rollouts and waivers that an earlier version wrote: they are read, undone and continued.

tests/fixtures/earlier_version/README.md says how they were written. The accounts are brought to the state that the
earlier version left by the calls that it sent, so that nothing here depends on what the present version would do.
"""

from __future__ import annotations

import functools
import json
import shutil
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore import xform_name

from dates import date_in

from .conftest import (
    CHECKOUT,
    EXTERNAL_ID,
    MANAGEMENT,
    PROD,
    SANDBOX,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    role_arn,
    write_inventory,
)
from .test_organization_policy import operations
from .test_organization_rollout import Schedule, state

EARLIER: t.Final = CHECKOUT / "tests" / "fixtures" / "earlier_version"
REGION: t.Final = "eu-west-1"
# What was declared when the plan was made.
PLANNED: t.Final[Record] = {
    **{
        f"{role}_mode": "off"
        for role in (
            "access_analyzer",
            "access_keys",
            "config_rules",
            "event_alerts",
            "findings_export",
            "permissions_boundary",
            "security_hub",
            "user_permissions",
        )
    },
    "password_policy_mode": "enforce",
    "password_policy_minimum_password_length": 16,
    "password_policy_max_password_age": 1095,
    "hardening_max_changes": 0,
}
CONNECTION: t.Final = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def read(name: str) -> t.Any:
    """A JSON file that the earlier version wrote."""
    return json.loads((EARLIER / name).read_text(encoding="utf-8"))


def copy_files(ansible: Ansible, name: str) -> None:
    """Put what an earlier run wrote where the runs of a test look for it."""
    shutil.copytree(EARLIER / name, ansible.directory, dirs_exist_ok=True)


def clients(ansible: Ansible, account: str) -> t.Callable[[str, str], t.Any]:
    """Make clients of a service and region, as the role that writes in an account."""
    environment = ansible.environment
    given = (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    connect: t.Callable[..., t.Any] = functools.partial(boto3.client, endpoint_url=environment["AWS_ENDPOINT_URL"])
    assumed = connect("sts", **dict(zip(CONNECTION, given, strict=False))).assume_role(
        RoleArn=role_arn(account, "automation"), RoleSessionName="earlier", ExternalId=EXTERNAL_ID
    )["Credentials"]
    keys = (assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
    return lambda service, region: connect(service, region_name=region, **dict(zip(CONNECTION, keys, strict=True)))


def repeat_calls(ansible: Ansible, name: str) -> None:
    """Send again what the earlier run sent. AWS gave its policies other ids then."""
    calls = read(f"{name}/calls.json")
    made = {account: clients(ansible, account) for account in {call["account_id"] for call in calls}}
    policy_id = ""
    for call in calls:
        parameters = {**call["parameters"], **({"PolicyId": policy_id} if "PolicyId" in call["parameters"] else {})}
        client = made[call["account_id"]](call["service"], call["region"])
        answer = getattr(client, xform_name(call["operation"]))(**parameters)
        policy_id = answer.get("Policy", {}).get("PolicySummary", {}).get("Id", policy_id)


# The journal


def look_at(ansible: Ansible) -> Record:
    """What the earlier run changed in the account, of every service."""
    make = clients(ansible, PROD)
    iam, rules, hub = (make(service, REGION) for service in ("iam", "config", "securityhub"))
    details = iam.get_account_authorization_details()
    # AWS makes the role of Access Analyzer with the first analyzer, and keeps it.
    roles = [role for role in details["RoleDetailList"] if not role["Path"].startswith("/aws-service-role/")]
    for role in roles:
        # The role that looks here was used just now.
        role.pop("RoleLastUsed", None)
    return {
        "password policy": iam.get_account_password_policy()["PasswordPolicy"],
        **{kind: details[kind] for kind in ("UserDetailList", "GroupDetailList", "Policies")},
        "roles": roles,
        "analyzers": make("accessanalyzer", REGION).list_analyzers()["analyzers"],
        "config rules": [rule["ConfigRuleName"] for rule in rules.describe_config_rules()["ConfigRules"]],
        "event rules": [rule["Name"] for rule in make("events", REGION).list_rules()["Rules"]],
        "standards": [item["StandardsArn"] for item in hub.get_enabled_standards()["StandardsSubscriptions"]],
    }


class Undone(t.NamedTuple):
    """The account as seeded, as the earlier run left it, and after its rollback."""

    seeded: Record
    hardened: Record
    undone: Record
    checked: Outcome
    outcome: Outcome


@pytest.fixture(scope="module")
def undone(make_ansible: MakeAnsible) -> Undone:
    ansible = make_ansible()
    seeded = look_at(ansible)
    repeat_calls(ansible, "hardened")
    hardened = look_at(ansible)
    copy_files(ansible, "hardened")
    hosts = {"acme-prod": {"aws_account_id": PROD, "aws_regions": [REGION]}}
    options: Record = {
        "inventory": write_inventory(ansible.directory, hosts),
        "aws_organization_role_arn": role_arn(MANAGEMENT),
        "hardening_break_glass": [role_arn("*", "break-glass")],
        "hardening_undo_run_id": "hardened",
    }
    checked = ansible.playbook("rollback", "--check", **options).succeeded()
    outcome = ansible.playbook("rollback", **options).succeeded()
    return Undone(seeded, hardened, look_at(ansible), checked, outcome)


def test_every_change_of_an_earlier_journal_is_taken_back(undone: Undone) -> None:
    report = undone.outcome.report(PROD)
    records = [path.name[:6] for path in (EARLIER / "hardened" / "journal").rglob("*-intent.json")]
    assert sorted(change["undoes"].rpartition("/")[2] for change in report["changes"]) == sorted(records)
    assert all(change["applied"] for change in report["changes"])
    assert report["refused"] == []
    assert undone.outcome.part(PROD, "rollback")["warnings"] == []


def test_the_account_is_as_before_the_earlier_run(undone: Undone) -> None:
    assert undone.undone == undone.seeded
    assert [name for name in undone.seeded if undone.hardened[name] == undone.seeded[name]] == []


def test_check_mode_predicts_the_rollback_of_an_earlier_journal(undone: Undone) -> None:
    assert undone.checked.writes == []
    assert len(undone.outcome.writes) == len(read("hardened/calls.json"))


# A plan, and the reports of its run


def sandbox(ansible: Ansible) -> Path:
    """The inventory for which the plan was made."""
    return write_inventory(ansible.directory, {"acme-sandbox": {"aws_account_id": SANDBOX}})


@pytest.fixture
def planned(ansible: Ansible) -> Ansible:
    """Ansible's commands where the earlier version made a plan an hour ago."""
    copy_files(ansible, "planned")
    created = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    reports = ansible.directory / "reports"
    for path in (*reports.glob("runs/*.json"), *reports.glob("*/plans/**/*.json")):
        plan = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**plan, "created": created}), encoding="utf-8")
    return ansible


# Not marked as dated: faketime does not move the times of files, and a plan counts from these as well.
def test_a_plan_of_an_earlier_version_is_applied(planned: Ansible) -> None:
    approved = read("planned/reports/fleet.json")["plan_sha256"]
    outcome = planned.playbook(
        "harden", inventory=sandbox(planned), hardening_approved_plan=approved, **PLANNED
    ).succeeded()
    assert outcome.writes == ["iam:UpdateAccountPasswordPolicy"]
    assert outcome.report(SANDBOX)["refused"] == []
    earlier = read(f"planned/reports/{SANDBOX}/plan.json")
    assert outcome.document(f"{SANDBOX}/plan.json")["plan_sha256"] == earlier["plan_sha256"]


def assess(ansible: Ansible, **variables: t.Any) -> Record:
    """Assess the account once more; its report."""
    return (
        ansible.playbook(
            "assess",
            "--check",
            inventory=sandbox(ansible),
            hardening_run_id="later",
            hardening_waivers="./waivers.yml",
            **variables,
        )
        .succeeded()
        .report(SANDBOX)
    )


@pytest.mark.dated
@pytest.mark.parametrize("name", ["report.json", "previous.json"])
def test_a_report_goes_on_from_one_of_an_earlier_version(planned: Ansible, name: str) -> None:
    """The report of another run becomes the previous one. A run that is launched again finds it there already."""
    reports = planned.directory / "reports" / SANDBOX
    (reports / "report.json").rename(reports / name)
    waivers = planned.directory / "waivers.yml"
    text = waivers.read_text(encoding="utf-8")
    (expires,) = {line.split('"')[1] for line in text.splitlines() if "expires" in line}
    waivers.write_text(text.replace(expires, date_in(30)), encoding="utf-8")
    report = assess(planned)
    earlier = read(f"planned/reports/{SANDBOX}/report.json")
    # A control that was added since may find more.
    known = earlier["controls"].keys()
    delta = report["delta"]
    assert (delta["previous_run"], delta["basis"]) == ("checked", "previous_run")
    of_control = {finding["fingerprint"]: finding["control"] for finding in report["findings"]}
    assert [of_control[fingerprint] for fingerprint in delta["new"] if of_control[fingerprint] in known] == []
    assert (delta["resolved"], delta["changed"]) == ([], [])
    seen = [
        {item["fingerprint"]: item["first_seen"] for item in failed(found) if item["control"] in known}
        for found in (report, earlier)
    ]
    assert seen[0] == seen[1]
    assert json.loads((reports / "previous.json").read_text(encoding="utf-8")) == earlier


def failed(report: Record) -> list[Record]:
    """The findings that something failed, accepted or not."""
    return [finding for finding in report["findings"] if finding["status"] in ("FAIL", "WAIVED")]


@pytest.mark.dated
def test_waivers_of_an_earlier_version_apply(planned: Ansible) -> None:
    earlier = read(f"planned/reports/{SANDBOX}/report.json")
    report = assess(planned, hardening_now=earlier["run"]["started"])
    waived = [[item["waiver"] for item in failed(found) if item["waiver"]] for found in (report, earlier)]
    assert waived[0] == waived[1] != []
    assert report["waivers"] == earlier["waivers"]


def test_the_report_of_a_run_is_made_of_reports_of_an_earlier_version(planned: Ansible) -> None:
    outcome = planned.playbook("fleet_report", inventory=sandbox(planned), hardening_run_id="checked")
    earlier, fleet = read("planned/reports/fleet.json"), outcome.succeeded().document("fleet.json")
    for document in (earlier, fleet):
        del document["run"]["created"]
        # The words of a control are those of the version that makes the report.
        for control in document["top_controls"]:
            del control["problem"]
    # Names and units of accounts, and frameworks, came later.
    for account in fleet["accounts"]:
        del account["host"], account["unit"]
    assert {name: fleet[name] for name in earlier} == earlier
    assert fleet["frameworks"][0]["accounts"] == 1


def test_a_run_that_is_launched_again_takes_up_the_parts_of_an_earlier_version(planned: Ansible) -> None:
    earlier = read(f"planned/reports/{SANDBOX}/report.json")
    kept = planned.directory / f"reports/{SANDBOX}/report.json"
    kept.write_text(json.dumps({**earlier, "refused": [], "plan_sha256": None}), encoding="utf-8")
    outcome = planned.module("report", report_dir="./reports", account_id=SANDBOX, run_id="checked")
    report = outcome.succeeded().report(SANDBOX)
    for name in ("refused", "plan_sha256", "preflight", "findings"):
        assert report[name] == earlier[name] != []


# A rollout


@pytest.fixture
def schedule(ansible: Ansible) -> Schedule:
    """The runs that go on after the earlier version began with the canary."""
    repeat_calls(ansible, "rollout")
    copy_files(ansible, "rollout")
    schedule = Schedule(ansible, ansible.directory, "staged")
    (started,) = schedule.kept
    schedule.now = datetime.fromisoformat(json.loads(started.read_text(encoding="utf-8"))["at"])
    return schedule


@pytest.mark.dated
def test_a_rollout_of_an_earlier_version_goes_on(schedule: Schedule) -> None:
    began = schedule.now
    soaking, outcome = schedule.run(hours=23)
    assert (outcome.status, outcome.writes, state(soaking)["action"]) == (0, [], "soaking")
    schedule.record(began + timedelta(hours=20), "operator", eventName="ListTrails")
    advanced, outcome = schedule.run(hours=2)
    assert (outcome.status, operations(advanced), state(advanced)["stage"]) == (0, ["AttachPolicy"], "dev")
    assert ".json is ignored" not in outcome.output
    assert [path.name for path in schedule.kept] == [
        "000001-started.json",
        "000002-passed.json",
        "000003-started.json",
    ]
