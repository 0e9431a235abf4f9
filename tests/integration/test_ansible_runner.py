# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks as a job of AWX: ansible-runner, in the directory layout that AWX hands to it, without our ansible.cfg.

What AWX puts where: https://github.com/ansible/awx, awx/main/tasks/jobs.py.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import boto3
import pytest
import yaml

from emulator.client import Emulator, EmulatorProcess

from .conftest import BIN, CHECKOUT, MANAGEMENT, Ansible

REVISION: t.Final = "0123456789abcdef0123456789abcdef01234567"
BUCKET: t.Final = "acme-iam-reports"


@dataclasses.dataclass(frozen=True)
class Job:
    """A job that has run: its private data directory, and what came of it."""

    number: int
    directory: Path
    status: int
    stdout: str

    def events(self) -> list[dict[str, t.Any]]:
        """What AWX shows of the job, in order."""
        files = (self.directory / "artifacts" / str(self.number) / "job_events").glob("*-*.json")
        events = [json.loads(path.read_text(encoding="utf-8")) for path in files]
        return sorted(events, key=lambda event: event["counter"])

    def shown(self) -> str:
        """The output as AWX shows it: each event begins a line, and ansible-runner drops the line break at its end."""
        return "\n".join(event.get("stdout", "") for event in self.events())

    def artifacts(self) -> dict[str, t.Any]:
        """What set_stats hands on to the next job of a workflow."""
        stats = [event for event in self.events() if event["event"] == "playbook_on_stats"]
        return t.cast(dict[str, t.Any], stats[-1]["event_data"]["artifact_data"])


@dataclasses.dataclass(frozen=True)
class Awx:
    """Runs playbooks as AWX does."""

    ansible: Ansible
    checkout: Path
    link_tree: Path

    def run(
        self,
        playbook: str,
        inventory: t.Mapping[str, t.Any],
        *,
        number: int,
        workflow: int,
        answers: t.Mapping[str, t.Any],
        check: bool = True,
        tags: str = "",
    ) -> Job:
        """Run a job of a workflow job; ``answers`` are those to the survey, all of them strings."""
        private = self.ansible.directory / f"awx_{number}"
        self._lay_out(private, inventory, {**answers, **_meta(number, workflow)})
        options = ["--check"] * check + ["-u root"] + [f"--tags={tags}"] * bool(tags)
        (private / "env" / "cmdline").write_text(" ".join(options))
        done = self.ansible.run(
            *("ansible-runner", "run", str(private), "--playbook", f"playbooks/{playbook}", "--ident", str(number)),
            directory=private,
            HOME=str(self.ansible.directory),
            ANSIBLE_COLLECTIONS_PATH=str(private / "requirements_collections"),
            ANSIBLE_FORCE_COLOR="True",
            ANSIBLE_RETRY_FILES_ENABLED="False",
            INVENTORY_ID="1",
            JOB_ID=str(number),
            PROJECT_REVISION=REVISION,
        )
        return Job(number=number, directory=private, status=done.returncode, stdout=done.stdout + done.stderr)

    def _lay_out(self, private: Path, inventory: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any]) -> None:
        # A project of somebody's own would have other playbooks, or these, and no ansible.cfg of ours.
        shutil.copytree(self.checkout / "playbooks", private / "project" / "playbooks")
        # Where an update of the project puts what its collections/requirements.yml names.
        (private / "requirements_collections").symlink_to(self.link_tree, target_is_directory=True)
        hosts = private / "inventory" / "hosts"
        hosts.parent.mkdir()
        hosts.write_text(f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(inventory)!r})\n")
        hosts.chmod(0o700)
        env = private / "env"
        env.mkdir()
        (env / "extravars").write_text(json.dumps(variables))
        (env / "settings").write_text(json.dumps({"fact_cache_type": ""}))


def _meta(number: int, workflow: int) -> dict[str, t.Any]:
    """The variables that AWX gives to every job."""
    meta = {
        "job_id": number,
        "job_launch_type": "workflow",
        "user_name": "alice",
        "workflow_job_id": workflow,
        "project_revision": REVISION,
    }
    return {f"{prefix}_{name}": value for prefix in ("awx", "tower") for name, value in meta.items()}


@pytest.fixture
def awx(ansible: Ansible, checkout: Path, link_tree: Path) -> Awx:
    return Awx(ansible=ansible, checkout=checkout, link_tree=link_tree)


@pytest.fixture
def bucket(control: Emulator) -> t.Iterator[t.Any]:
    """A bucket of the management account, as in a container that vanishes reports can stay nowhere else."""
    s3 = boto3.resource("s3", endpoint_url=control.url, aws_access_key_id="administrator", aws_secret_access_key="x")
    made = s3.Bucket(BUCKET)
    made.create()
    control.clear_log()
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture
def demo(checkout: Path) -> dict[str, t.Any]:
    """Two accounts of the demo inventory, in one region: more of them cost time, and AWX treats all hosts alike."""
    text = (checkout / "examples" / "inventory" / "demo.yml").read_text(encoding="utf-8")
    inventory = t.cast(dict[str, t.Any], yaml.safe_load(text))
    accounts = inventory["aws_accounts"]
    accounts["hosts"] = {name: accounts["hosts"][name] for name in ("acme-prod", "acme-sandbox")}
    accounts["vars"]["aws_regions"] = ["us-east-1"]
    return inventory


def as_awx_has_it(demo: t.Mapping[str, t.Any], *, first: int = 0, step: int = 1) -> dict[str, t.Any]:
    """An inventory after AWX synchronized it, the variables of hosts apart; or a slice of it: every so many hosts."""
    accounts = demo["aws_accounts"]
    hosts = list(accounts["hosts"].items())[first::step]
    hostvars = {
        host: {**variables, "remote_tower_enabled": "true", "remote_tower_id": number}
        for number, (host, variables) in enumerate(hosts, start=1)
    }
    return {
        "all": {"children": list(demo)},
        "aws_accounts": {"hosts": list(hostvars), "vars": accounts["vars"]},
        "organization_management": {
            "hosts": [host for host in demo["organization_management"]["hosts"] if host in hostvars]
        },
        "_meta": {"hostvars": hostvars},
    }


def account_ids(demo: t.Mapping[str, t.Any]) -> list[str]:
    return [variables["aws_account_id"] for variables in demo["aws_accounts"]["hosts"].values()]


def test_harden_in_check_mode(awx: Awx, control: Emulator, bucket: t.Any, demo: dict[str, t.Any]) -> None:
    answers = {"hardening_report_dir": f"s3://{BUCKET}/iam", "hardening_deep": "false", "hardening_fail_on": "never"}
    job = awx.run("harden.yml", as_awx_has_it(demo), number=42, workflow=41, answers=answers)
    assert job.status == 0, job.stdout

    shown = job.shown()
    assert shown.count("Preflight of 2 accounts: ") == 1
    # A line an account, and the whole report of the run.
    assert "IAM Security Assessment Report" not in shown
    assert all(re.search(rf"^{account}.*: \d+ critical", shown, re.MULTILINE) for account in account_ids(demo))
    assert shown.count("SUMMARY:") == 1
    assert "Traceback" not in job.stdout

    # But for the reports, which leave by S3.
    assert {(record["service"], record["operation"]) for record in control.writes()} == {("s3", "PutObject")}

    keys = {entry.key for entry in bucket.objects.all()}
    assert {f"iam/{account}/report.json" for account in account_ids(demo)} <= keys
    assert {"iam/fleet.json", "iam/fleet.html", "iam/manifest.json"} <= keys
    run = content(bucket, f"iam/{account_ids(demo)[0]}/report.json")["run"]
    assert (run["id"], run["declaration_commit"]) == ("41", REVISION)
    # Nothing is left behind in a container that vanishes.
    assert [path.name for path in (job.directory / "project").iterdir()] == ["playbooks"]

    handed_on = job.artifacts()
    assert handed_on["hardening_run_id"] == "41"
    assert handed_on["hardening_failed_accounts"] == []
    assert len(json.dumps(handed_on)) < 32 * 1024


def test_slices_and_the_report_of_all(awx: Awx, bucket: t.Any, demo: dict[str, t.Any]) -> None:
    """Slices are jobs of a workflow job that AWX makes for them; the report is a job of the workflow around it."""
    place = {"hardening_report_dir": f"s3://{BUCKET}/iam"}
    for first in (0, 1):
        part = as_awx_has_it(demo, first=first, step=2)
        answers = {**place, "hardening_fleet_report": "false"}
        job = awx.run("assess.yml", part, number=52 + first, workflow=51, answers=answers)
        assert job.status == 0, job.stdout
    assert "iam/fleet.json" not in {entry.key for entry in bucket.objects.all()}

    job = awx.run("fleet_report.yml", as_awx_has_it(demo), number=54, workflow=50, answers=place)
    assert job.status == 0, job.stdout
    fleet = content(bucket, "iam/fleet.json")
    assert fleet["run"]["id"] == "51"
    assert [account["account_id"] for account in fleet["accounts"]] == account_ids(demo)
    assert (fleet["failed"], fleet["missing"]) == ([], [])


def test_an_approved_plan_is_enforced(awx: Awx, control: Emulator, bucket: t.Any, demo: dict[str, t.Any]) -> None:
    """Two jobs of one workflow job, with an approval between them, as in the workflow "IAM change"."""
    accounts = as_awx_has_it(demo)
    place = {"hardening_report_dir": f"s3://{BUCKET}/iam", "hardening_journal": f"s3://{BUCKET}/journal"}
    # An export tells what a run left, which no plan foresees.
    place |= {"findings_export_mode": "off", "hardening_terminal": "full"}
    job = awx.run("harden.yml", accounts, number=62, workflow=61, answers=place)
    assert job.status == 0, job.stdout
    assert {record["service"] for record in control.writes()} == {"s3"}
    planned = sorted(re.findall(r"CHANGES: 0 applied, (\d+) planned", job.shown()))
    assert len(planned) == 2

    # What a job hands on are extra variables of the next one, and so is what its template sets.
    handed_on = job.artifacts()
    approved = {**variables_of("IAM apply"), "hardening_change_ticket": "CHG-7"}
    answers = {**place, **handed_on, **approved, "hardening_require_change_ticket": "true"}
    job = awx.run("harden.yml", accounts, number=64, workflow=61, answers=answers, check=False)
    assert job.status == 0, job.stdout
    assert sorted(re.findall(r"CHANGES: (\d+) applied, 0 planned", job.shown())) == planned
    made = [record for record in control.writes() if record["operation"] == "UpdateAccountPasswordPolicy"]
    assert {record["account_id"]: record["error_code"] for record in made} == {
        variables["aws_account_id"]: None for variables in accounts["_meta"]["hostvars"].values()
    }
    records = [entry.key for entry in bucket.objects.filter(Prefix="journal/") if "/61/" in entry.key]
    runs = [key for key in records if key.endswith("-run.json")]
    assert len(records) - len(runs) == 2 * sum(map(int, planned))
    record = content(bucket, runs[0])
    assert record["approved_plan"] == handed_on["hardening_plan_sha256"]
    said = {name: record[name] for name in ("author", "change_ticket", "job", "commit")}
    assert said == {"author": "alice", "change_ticket": "CHG-7", "job": "64", "commit": REVISION}

    # The workflow goes on with an assessment and a report under the same run, which keeps what was applied.
    for number, playbook in ((65, "assess.yml"), (66, "fleet_report.yml")):
        job = awx.run(playbook, accounts, number=number, workflow=61, answers={**place, **handed_on}, check=False)
        assert job.status == 0, job.stdout
    fleet = content(bucket, "iam/fleet.json")
    assert sorted(str(entry["changes_applied"]) for entry in fleet["accounts"]) == planned


def test_the_workflow_of_the_organization(awx: Awx, control: Emulator, bucket: t.Any, demo: dict[str, t.Any]) -> None:
    """Plan, report, approval, apply, verify, report: the reports are of the organization, and keep what was applied."""
    hosts = {
        "aws_accounts": {"hosts": ["acme-management"], "vars": demo["aws_accounts"]["vars"]},
        "organization_management": {
            "hosts": ["acme-management"],
            "vars": {"organization_root_access_mode": "enforce", "organization_root_access_root_sessions": True},
        },
        "_meta": {"hostvars": {"acme-management": {"aws_account_id": MANAGEMENT}}},
    }
    place = {"hardening_report_dir": f"s3://{BUCKET}/iam", "hardening_journal": f"s3://{BUCKET}/journal"}
    below = {"hardening_report_dir": f"s3://{BUCKET}/iam/organization"}
    report = {**variables_of("IAM organization report"), **below}
    handed_on: dict[str, t.Any] = {}
    counts = []
    for number, playbook, given, is_check in (
        (82, "organization.yml", {}, True),
        (83, "fleet_report.yml", report, False),
        (84, "organization.yml", variables_of("IAM organization apply"), False),
        (85, "assess.yml", {**variables_of("IAM organization verify"), **below}, False),
        (86, "fleet_report.yml", report, False),
    ):
        tags = "organization_root_access" if playbook == "organization.yml" else ""
        answers = {**place, **handed_on, **given}
        job = awx.run(playbook, hosts, number=number, workflow=81, answers=answers, check=is_check, tags=tags)
        assert job.status == 0, job.stdout
        handed_on |= job.artifacts()
        (account,) = content(bucket, "iam/organization/fleet.json")["accounts"]
        counts.append((account["account_id"], account["changes_applied"], account["changes_planned"]))
    planned, applied = (MANAGEMENT, 0, 1), (MANAGEMENT, 1, 0)
    assert counts == [planned, planned, applied, applied, applied]
    assert "iam/fleet.json" not in {entry.key for entry in bucket.objects.all()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "hardening_approved_plan: 'no hash was handed on' is not allowed"),
        ("{{ hardening_plan_sha256 }}", "hardening_approved_plan of acme-prod uses a variable that is not set."),
    ],
    ids=["template of AWX", "undefined"],
)
def test_nothing_is_applied_without_a_hash(
    awx: Awx, control: Emulator, bucket: t.Any, demo: dict[str, t.Any], given: t.Optional[str], message: str
) -> None:
    """The job that applies, started outside its workflow. Without an error it would need no approval at all."""
    place = {"hardening_report_dir": f"s3://{BUCKET}/iam", "hardening_journal": f"s3://{BUCKET}/journal"}
    approved = {"hardening_approved_plan": given} if given else variables_of("IAM apply")
    part = as_awx_has_it(demo, step=2)
    job = awx.run(
        "harden.yml", part, number=92, workflow=91, answers={**place, **approved}, check=False, tags="password_policy"
    )
    assert job.status != 0
    assert message in " ".join(job.shown().split())
    assert {record["service"] for record in control.writes()} <= {"s3"}


def variables_of(name: str) -> dict[str, t.Any]:
    """The extra variables that awx_setup.yml gives to one job template alone."""

    class Loader(yaml.SafeLoader):
        """YAML with Ansible's !unsafe, which keeps text from being templated too early."""

    Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    text = (CHECKOUT / "playbooks" / "vars" / "awx_setup.yml").read_text(encoding="utf-8")
    templates = yaml.load(text, Loader=Loader)["__awx_setup_templates"]
    return t.cast(dict[str, t.Any], next(item for item in templates if item["name"] == name)["variables"])


def test_slices_are_approved_together_and_a_run_that_overtakes_the_approval_is_refused(
    awx: Awx, control: Emulator, bucket: t.Any, demo: dict[str, t.Any]
) -> None:
    """As in the workflow "IAM change": slices, the report of all, an approval, one job that enforces."""
    place = {"hardening_report_dir": f"s3://{BUCKET}/iam", "hardening_journal": f"s3://{BUCKET}/journal"}
    # Six jobs: each does no more than it is about.
    tags = "password_policy"
    answers = {**place, "hardening_include": tags, "password_policy_minimum_password_length": "20"}
    handed_on: dict[str, t.Any] = {}
    for first in (0, 1):
        part = as_awx_has_it(demo, first=first, step=2)
        sliced = {**answers, "hardening_fleet_report": "false"}
        job = awx.run("harden.yml", part, number=72 + first, workflow=71, answers=sliced, tags=tags)
        assert job.status == 0, job.stdout
        handed_on.update(job.artifacts())
    assert {name: str(value) for name, value in handed_on.items()} == {"hardening_run_id": "71"}

    job = awx.run("fleet_report.yml", as_awx_has_it(demo), number=74, workflow=70, answers={**place, **handed_on})
    assert job.status == 0, job.stdout
    handed_on.update(job.artifacts())
    assert handed_on["hardening_plan_sha256"] in job.shown()
    assert len(json.dumps(handed_on)) < 32 * 1024

    # Between approval and apply somebody else checks another declaration, under the very same run.
    other = {**answers, "password_policy_minimum_password_length": "30"}
    job = awx.run("harden.yml", as_awx_has_it(demo), number=75, workflow=71, answers=other, tags=tags)
    assert job.status == 0, job.stdout

    control.clear_log()
    approved = {**handed_on, **variables_of("IAM apply")}
    whole = {**other, **approved, "hardening_terminal": "full"}
    all_of_it = as_awx_has_it(demo)
    job = awx.run("harden.yml", all_of_it, number=76, workflow=70, answers=whole, check=False, tags=tags)
    assert job.status == 0, job.stdout
    assert {record["service"] for record in control.writes()} == {"s3"}
    assert "the approved plan has this change, but its state before or after differs now" in " ".join(
        job.shown().split()
    )

    whole = {**answers, **approved}
    job = awx.run("harden.yml", all_of_it, number=77, workflow=70, answers=whole, check=False, tags=tags)
    assert job.status == 0, job.stdout
    made = [record["account_id"] for record in control.writes() if record["service"] == "iam"]
    assert sorted(made) == sorted(account_ids(demo))


def content(bucket: t.Any, key: str) -> t.Any:
    return json.loads(bucket.Object(key).get()["Body"].read())


@pytest.fixture
def streamed(ansible: Ansible, checkout: Path, emulator: EmulatorProcess, demo: dict[str, t.Any]) -> Path:
    """A private data directory that has everything: the built collection, amazon.aws, inventory and credentials."""
    private = ansible.directory / "runner"
    collections = private / "project" / "collections"
    build = ["ansible-galaxy", "collection", "build", "--output-path", str(ansible.directory), str(checkout)]
    assert ansible.run(*build).returncode == 0
    (artifact,) = ansible.directory.glob("hardening-iam-*.tar.gz")
    install = ["ansible-galaxy", "collection", "install", "--force", "--no-deps", "--offline", "-p", str(collections)]
    done = ansible.run(*install, str(artifact))
    assert done.returncode == 0, done.stdout + done.stderr
    found = importlib.util.find_spec("ansible_collections.amazon.aws")
    assert found and found.submodule_search_locations
    ignored = shutil.ignore_patterns("__pycache__", "tests", "docs", "changelogs")
    shutil.copytree(found.submodule_search_locations[0], collections / "ansible_collections/amazon/aws", ignore=ignored)
    (private / "project" / "harden.yml").write_text("- import_playbook: hardening.iam.harden\n")
    (private / "inventory").mkdir()
    (private / "inventory" / "hosts.json").write_text(json.dumps(demo))
    (private / "env").mkdir()
    # The output is that of AWX with these two settings in its execution environment.
    shown = {"ANSIBLE_DISPLAY_OK_HOSTS": "false", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false"}
    (private / "env" / "envvars").write_text(json.dumps({**emulator.env(), **shown}))
    (private / "env" / "cmdline").write_text("--tags password_policy")
    return private


def test_a_worker_needs_nothing_but_the_stream(
    ansible: Ansible, streamed: Path, control: Emulator, bucket: t.Any, demo: dict[str, t.Any]
) -> None:
    """transmit | worker | process: the worker has neither the checkout nor collections, settings or credentials."""
    place = {"hardening_report_dir": f"s3://{BUCKET}/iam", "hardening_journal": f"s3://{BUCKET}/journal"}
    given = {**place, "hardening_run_id": "streamed", "password_policy_minimum_password_length": "20"}
    (streamed / "env" / "extravars").write_text(json.dumps(given))
    elsewhere = ansible.directory / "elsewhere"
    elsewhere.mkdir()
    foreign = ("ANSIBLE_", "AWS_", "PYTHON")
    bare = {name: value for name, value in ansible.environment.items() if not name.startswith(foreign)}
    bare |= {"HOME": str(elsewhere), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    sent: bytes = b""
    for command in (
        ["transmit", str(streamed), "--playbook", "harden.yml", "--ident", "7"],
        ["worker", "--private-data-dir", str(elsewhere / "work")],
        ["process", str(streamed), "--ident", "7"],
    ):
        runner = [str(BIN / "ansible-runner"), *command]
        done = subprocess.run(runner, cwd=elsewhere, env=bare, input=sent, capture_output=True, check=False)
        sent = done.stdout
    shown = Job(number=7, directory=streamed, status=done.returncode, stdout="").shown()
    assert (streamed / "artifacts" / "7" / "status").read_text() == "successful", shown

    assert not re.search(r"^(ok|skipping): ", shown, re.MULTILINE)
    changed = [record["account_id"] for record in control.writes() if record["service"] == "iam"]
    assert sorted(changed) == sorted(account_ids(demo))
    keys = {entry.key for entry in bucket.objects.all()}
    assert {f"iam/{account}/report.json" for account in account_ids(demo)} | {"iam/fleet.json"} <= keys
    assert {key.split("/")[1] for key in keys if key.startswith("journal/")} >= set(account_ids(demo))
    assert content(bucket, "iam/fleet.json")["run"]["id"] == "streamed"
    # No report and no journal stays on the worker.
    assert not [path for path in elsewhere.rglob("*") if path.name in ("report.json", "journal", "reports")]
