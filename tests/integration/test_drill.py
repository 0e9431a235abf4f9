# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""drill.yml with the role of examples/bootstrap, whose calls and those of its canary are judged."""

from __future__ import annotations

import json
import tempfile
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from intruder import HOME, LEAKED

from ansible_collections.hardening.iam.plugins.module_utils._aws import canary_process
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill.making import run as making
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.drills import is_of_drill
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import By
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.steps import Step, Subject
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules import containment_drill
from emulator.client import Emulator, EmulatorProcess

from .conftest import EXTERNAL_ID, Ansible, MakeAnsible, Outcome, Record, fresh, operation_of, role_arn
from .containing import INCIDENT, USER_ARN, Response, declare
from .test_contain import INVENTORY, list_writes
from .test_containment_role import make_seed

DRILL: t.Final[Record] = {
    "containment_drill_account": HOME,
    "containment_drill_person": "Ana",
    "containment_drill_hunt_wait_seconds": 1,
    "compromise_response_recheck_seconds": 1,
    "aws_source_identity": "incident-drill",
}


@pytest.fixture
def ansible(emulator: EmulatorProcess, make_ansible: MakeAnsible) -> Iterator[Ansible]:
    ansible = make_ansible()
    fresh(emulator, make_seed())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        yield ansible


def run(ansible: Ansible, *arguments: str, **variables: t.Any) -> Outcome:
    return ansible.playbook("drill", *arguments, inventory=INVENTORY, **{**DRILL, **variables})


def client(service: str) -> t.Any:
    session = boto3.client("sts").assume_role(
        RoleArn=role_arn(HOME, "automation"), RoleSessionName="look", ExternalId=EXTERNAL_ID
    )["Credentials"]
    return boto3.client(
        service,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


def later(**time: int) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


def list_left() -> list[str]:
    iam = client("iam")
    users = iam.list_users(PathPrefix="/iam-hardening/drill/")["Users"]
    roles = iam.list_roles(PathPrefix="/iam-hardening/drill/")["Roles"]
    return [one["Arn"] for one in (*users, *roles)]


def read_all(directory: Path) -> str:
    return "\n".join(path.read_text(errors="replace") for path in sorted(directory.rglob("*")) if path.is_file())


def test_a_drill_contains_hunts_releases_and_deletes(ansible: Ansible) -> None:
    checked = run(ansible, "--check")
    assert checked.status == 0, checked.output
    assert list_writes(checked) == []
    assert "Plan of a drill" in checked.output
    assert not (ansible.directory / "journal" / "control" / "drills").exists()
    outcome = run(ansible, "-vvvvv")
    assert outcome.status == 0, outcome.output[-6000:]
    assert list_left() == []
    (kept,) = (ansible.directory / "journal" / "control" / "drills" / "done").iterdir()
    report = json.loads(kept.read_text())
    assert 0 < report["seconds"]["key"] <= report["seconds_to_containment"]
    assert 0 < report["seconds"]["session"] <= report["seconds_to_containment"]
    assert {one["operation"] for one in (*report["found"], *report["missed"])} == {
        *("iam:GetRole", "sts:AssumeRole", "sts:GetCallerIdentity"),
    }
    assert (report["is_hunted"], report["problems"], len(report["trend"])) == (True, [], 1)
    assert "contain" in {one["step"] for one in report["steps"]}
    assert "seconds until nothing worked any more" in outcome.output
    shown = outcome.reports / "drills" / report["id"]
    assert json.loads((shown / "drill.json").read_text()) == report
    assert report["id"] in (shown / "drill.html").read_text()
    everything = outcome.output + read_all(ansible.directory)
    assert "SecretAccessKey" not in everything
    # What was contained is released, and nobody but the canary was.
    (record,) = (ansible.directory / "journal" / "control" / "incidents").rglob("drill-*.json")
    incident = json.loads(record.read_text())
    assert incident["state"] == "released"
    assert all(is_of_drill(item["arn"]) for item in incident["contained"])


def test_a_drill_needs_an_incident_of_its_own(ansible: Ansible) -> None:
    incident = {"id": "INC-7", "declared_by": "Ana", "reason": "no drill at all", "keys": [LEAKED]}
    for given in ({"hardening_incident": incident}, {"compromise_response_state": "contained"}):
        outcome = run(ansible, **given)
        assert outcome.status != 0
        assert "a drill declares an incident of its own" in outcome.output
        assert list_writes(outcome) == []


# The steps by themselves


class Bench:
    """Steps of drills, each as the job that is named, in one journal."""

    def __init__(self, control: Emulator, directory: Path) -> None:
        self.control = control
        self.journal = directory / "journal"
        self.directory = directory

    def take(self, state: str, *, job: str = "one", check: bool = False, **options: t.Any) -> Record:
        given = {
            "state": state,
            "person": "Ana",
            "account_id": HOME,
            "assume_role_arn": role_arn(HOME, "automation-containment"),
            "assume_role_external_id": EXTERNAL_ID,
            "assume_role_source_identity": "incident-drill",
            "journal": str(self.journal),
            "run_id": "drill",
            "job_id": job,
            "wait_seconds": 0,
            **options,
        }
        spec = {**aws_argument_spec(), **containment_drill.ENTRY.argument_spec()}
        validation = ArgumentSpecValidator(spec).validate(given)
        assert not validation.error_messages
        return execute(containment_drill.ENTRY, options=validation.validated_parameters, check_mode=check)

    def start(self, **options: t.Any) -> Record:
        result = self.take("started", **options)
        assert not result.get("failed"), result["msg"]
        return result

    def finish(self, drill_id: str, **options: t.Any) -> Record:
        return self.take("finished", drill_id=drill_id, **options)


@pytest.fixture
def bench(emulator: EmulatorProcess, tmp_path: Path) -> Iterator[Bench]:
    control = fresh(emulator, make_seed())
    control.set_lag(0)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        yield Bench(control, tmp_path)
        # A drill that was killed, or not measured, leaves its canary, which would go on calling in later tests.
        for watch in tmp_path.glob(f"{canary_process.PREFIX}*"):
            canary_process.stop(str(watch))


def test_the_secret_is_nowhere_but_in_the_process(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets: list[str] = []
    start = canary_process.start

    def note(key: Record, **options: t.Any) -> str:
        secrets.append(key["SecretAccessKey"])
        return start(key, **options)

    monkeypatch.setattr(making, "start", note)
    started = bench.start()
    calls = canary_process.read_calls(started["watch"])
    finished = bench.finish(started["drill_id"], watch=started["watch"])
    assert not finished.get("failed"), finished["msg"]
    (secret,) = secrets
    places = json.dumps([started, finished, *calls]) + read_all(bench.directory)
    assert started["incident"]["keys"][0]["id"] in places
    assert secret not in places
    assert not Path(started["watch"]).exists()
    assert list_left() == []


def test_of_two_drills_one_is_refused(bench: Bench) -> None:
    started = bench.start()
    for state in ("recovered", "started"):
        other = bench.take(state, job="two")
        assert other["failed"]
        assert f"containment_drill_break={started['drill_id']}" in other["msg"]
    stolen = bench.finish(started["drill_id"], job="two")
    assert "is not the drill of this job" in stolen["msg"]
    assert not bench.finish(started["drill_id"], watch=started["watch"]).get("failed")


@pytest.mark.parametrize("operation", ["CreateUser", "CreateRole", "CreateAccessKey"])
def test_the_next_drill_finishes_one_that_was_killed(
    operation: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Access.call

    def kill(access: Access, service: str, name: str, *rest: t.Any, **more: t.Any) -> t.Any:
        answer = call(access, service, name, *rest, **more)
        if name == operation:
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Access, "call", kill)
        with pytest.raises(KeyboardInterrupt):
            bench.take("started")
    assert list_left()
    assert "is not over" in bench.take("started", job="two", now=later(minutes=20))["msg"]
    left = bench.take("recovered", job="two", now=later(minutes=31))
    assert (left["left"], left["incident"]["id"]) == (True, left["drill_id"])
    assert bench.take("checked", job="two", drill_id=left["drill_id"])["must_release"] is False
    assert not bench.finish(left["drill_id"], job="two").get("failed")
    assert list_left() == []
    assert not bench.start(job="two").get("failed")


def test_a_user_that_somebody_else_made_is_not_touched(bench: Bench) -> None:
    started = bench.start()
    canary_process.stop(started["watch"])
    iam, name = client("iam"), started["drill_id"]
    iam.delete_access_key(UserName=name, AccessKeyId=started["incident"]["keys"][0]["id"])
    iam.delete_user_policy(UserName=name, PolicyName="iam-hardening-drill")
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name, Path="/iam-hardening/drill/")
    iam.create_access_key(UserName=name)
    finished = bench.finish(name)
    assert "Nothing is done to it" in finished["msg"]
    assert len(iam.list_access_keys(UserName=name)["AccessKeyMetadata"]) == 1


def test_there_is_no_drill_while_an_incident_is_open(bench: Bench) -> None:
    response = Response(bench.control, bench.directory)
    contained = response.contain(assume_role_source_identity="incident-INC-7")
    assert contained["not_denied"] == []
    refused = bench.take("started")
    assert f"incident {INCIDENT} is open" in refused["msg"]
    assert list_left() == []


def test_an_incident_of_a_drill_contains_and_releases_nobody_else(bench: Bench) -> None:
    """Else a real containment under such an id could be released early."""
    started = bench.start()
    response = Response(bench.control, bench.directory)
    before = response.state()
    incident = declare(id=started["drill_id"], confirm=started["drill_id"])
    refused = response.run(incident=incident, assume_role_source_identity="incident-drill")
    assert refused["failed"]
    assert "is the id of a drill" in refused["msg"]
    assert response.state() == before
    # Nor is anybody released whom a forged record names.
    record = bench.journal / "control" / "incidents" / HOME / f"{started['drill_id']}.json"
    step = Step(Incident.from_option(incident, now=datetime.now(UTC)), HOME, "forged")
    forged = step.contain(None, [Subject(USER_ARN, By.SOURCE, "AIDAFORGED1234567890")], (), datetime.now(UTC))
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_bytes(forged.as_bytes())
    checked = bench.take("checked", drill_id=started["drill_id"])
    assert "which is not of this drill" in checked["msg"]
    record.unlink()
    assert not bench.finish(started["drill_id"], watch=started["watch"]).get("failed")


def test_check_mode_writes_nothing(bench: Bench) -> None:
    bench.control.clear_log()
    result = bench.take("started", check=True)
    assert "Plan of a drill" in result["terminal"]
    assert not bench.journal.exists()
    assert [one for one in bench.control.log() if not one["read_only"] and operation_of(one) != "sts:AssumeRole"] == []


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_without_the_boundary_of_the_stack_nothing_begins(check: bool, bench: Bench) -> None:
    client("iam").delete_policy(PolicyArn=f"arn:aws:iam::{HOME}:policy/iam-hardening/automation-drill-boundary")
    result = bench.take("started", check=check)
    assert "update the stack of containment, which makes it" in result["msg"]
    assert not bench.journal.exists()
    assert list_left() == []
