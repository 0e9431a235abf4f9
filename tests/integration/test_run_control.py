# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enforcing jobs against each other, killed ones, and the stop switch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from writing_jobs import find_lost

from emulator.client import Emulator

from .conftest import BIN, DEV, PROD, SANDBOX, Ansible, Outcome, Record, operation_of, write_inventory
from .interrupting import LONG
from .test_harden import OTHERS_OFF

ACCOUNTS: t.Final = {"acme-prod": PROD, "acme-dev": DEV, "acme-sandbox": SANDBOX}
UPDATE: t.Final = "iam:UpdateAccountPasswordPolicy"
BUCKET: t.Final = "acme-iam-control"


@pytest.fixture
def inventory(ansible: Ansible) -> Path:
    """Three accounts that lack the declared password policy."""
    hosts = {name: {"aws_account_id": account} for name, account in ACCOUNTS.items()}
    return write_inventory(ansible.directory, hosts, password_policy_mode="enforce", **OTHERS_OFF)


@pytest.fixture
def bucket(control: Emulator) -> Iterator[t.Any]:
    """A bucket of the management account."""
    s3 = boto3.resource("s3", endpoint_url=control.url, aws_access_key_id="administrator", aws_secret_access_key="x")
    made = s3.Bucket(BUCKET)
    made.create()
    yield made
    made.objects.all().delete()
    made.delete()


def hold_writes(control: Emulator, *, times: int = 1, drops: bool = False) -> None:
    """Let writes of password policies wait until the faults are cleared, and then go on or be dropped."""
    control.faults([{"kind": "hold", "operation": "UpdateAccountPasswordPolicy", "times": times, "drops": drops}])


def read_leases(journal: Path) -> dict[str, Record]:
    places = (journal / "control" / "leases" / "aws").glob("*.json")
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in places}


def updated(control: Emulator) -> list[str]:
    """The accounts whose policy was updated, once for each request."""
    return sorted(record["account_id"] for record in control.log() if operation_of(record) == UPDATE)


def run(ansible: Ansible, inventory: Path, run_id: str, **variables: t.Any) -> Outcome:
    """A run with reports of its own. The log of the emulator is not cleared, as another one may be under way."""
    given = {"hardening_run_id": run_id, "hardening_report_dir": f"reports-{run_id}", **variables}
    arguments = ("--inventory", str(inventory), "--extra-vars", json.dumps(given))
    done = ansible.run("ansible-playbook", "hardening.iam.harden", *arguments)
    return Outcome(done.returncode, done.stdout + done.stderr, ansible.directory, ())


@pytest.mark.parametrize("kind", ["directory", "s3", "awx"])
def test_two_jobs_at_once_write_each_account_once(
    ansible: Ansible, control: Emulator, inventory: Path, bucket: t.Any, kind: str
) -> None:
    """The jobs of two AWX controllers may have the same number, and so the same id of the run."""
    journal: dict[str, t.Any] = {} if kind == "directory" else {"hardening_journal": f"s3://{bucket.name}/journal"}
    names = ("first", "second")
    if kind == "awx":
        names = ("first", "first")
        journal |= {"awx_job_id": 7}
    hold_writes(control, times=3)
    with ThreadPoolExecutor(max_workers=2) as pool:
        first = pool.submit(run, ansible, inventory, names[0], **journal)
        assert control.wait_until_held(LONG)
        second = pool.submit(run, ansible, inventory, names[1], hardening_report_dir="reports-second", **journal)
        outcome = second.result()
        control.clear_faults()
        first.result().succeeded()
    assert outcome.status == 2
    assert find_lost(ansible.directory / "reports-second") == dict.fromkeys(ACCOUNTS.values(), "first")
    assert updated(control) == sorted(ACCOUNTS.values())
    # The first has released all, and a third run finds nothing to do.
    third = run(ansible, inventory, "third", **journal).succeeded()
    assert "Traceback" not in third.output
    assert updated(control) == sorted(ACCOUNTS.values())


def kill_while_writing(ansible: Ansible, control: Emulator, inventory: Path) -> None:
    """Kill a run with the id ``killed`` while its writes are under way."""
    hold_writes(control, times=3, drops=True)
    command = [str(BIN / "ansible-playbook"), "hardening.iam.harden", "--inventory", str(inventory)]
    command += ["--extra-vars", json.dumps({"hardening_run_id": "killed"})]
    process = subprocess.Popen(
        command,
        cwd=ansible.directory,
        env={**ansible.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert control.wait_until_held(LONG)
    kill_all(process)
    control.clear_faults()
    held = {account for account, lease in read_leases(ansible.directory / "journal").items() if not lease["released"]}
    assert held


def test_a_rerun_on_the_same_machine_takes_over_from_a_killed_job(
    ansible: Ansible, control: Emulator, inventory: Path
) -> None:
    kill_while_writing(ansible, control, inventory)
    outcome = run(ansible, inventory, "next").succeeded()
    said = " ".join(outcome.output.split())
    assert "this run took over the lease of account" in said and "from run killed (job " in said
    assert "on this machine has ended" in said
    assert all(lease["released"] for lease in read_leases(ansible.directory / "journal").values())


def test_a_killed_job_keeps_an_account_until_its_lease_ends_or_is_broken(
    ansible: Ansible, control: Emulator, inventory: Path
) -> None:
    """The job ran on another machine, so that nobody here knows whether its process has ended."""
    kill_while_writing(ansible, control, inventory)
    for place in (ansible.directory / "journal" / "control" / "leases" / "aws").glob("*.json"):
        lease = json.loads(place.read_text(encoding="utf-8"))
        place.write_text(json.dumps({**lease, "host": f"another-{lease['host']}"}), encoding="utf-8")
    outcome = run(ansible, inventory, "next")
    assert outcome.status == 2 and "set hardening_break_lease to killed" in outcome.output

    outcome = run(ansible, inventory, "broken", hardening_break_lease="killed")
    outcome.succeeded()
    assert "run killed (job " in outcome.output and "did not release the lease" in outcome.output
    # Nobody took the killed job for ended while its lease lasted.
    found = [*(ansible.directory / "journal").glob("*/killed/*/*-found.json")]
    assert {json.loads(path.read_text(encoding="utf-8"))["error"] for path in found} == {"found by run broken"}
    assert all(lease["released"] for lease in read_leases(ansible.directory / "journal").values())


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """Kill Ansible and its workers, as a container that vanishes does. Workers are in sessions of their own."""
    for pid in [*descendants(process.pid)]:
        os.kill(pid, signal.SIGKILL)
    process.wait()


def descendants(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for children in Path("/proc").glob(f"{pid}/task/*/children"):
        for child in children.read_text(encoding="utf-8").split():
            yield from descendants(int(child))


def test_the_stop_switch_lets_the_present_step_end_and_nothing_else_begin(
    ansible: Ansible, control: Emulator, inventory: Path
) -> None:
    hold_writes(control)
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(run, ansible, inventory, "one", access_analyzer_mode="enforce", forks=1)
        assert control.wait_until_held(LONG)
        switch = ansible.directory / "journal" / "control" / "stop"
        switch.write_text("INC-7: logins fail", encoding="utf-8")
        control.clear_faults()
        outcome = running.result().succeeded()
    # The write that waited is made and recorded; the analyzers of no account have begun.
    assert len(updated(control)) >= 1
    assert "CreateAnalyzer" not in {record["operation"] for record in control.log()}
    reports = [
        json.loads((ansible.directory / "reports-one" / account / "report.json").read_text(encoding="utf-8"))
        for account in ACCOUNTS.values()
    ]
    refused = [one for report in reports for one in report["refused"] if one["rule"] == "stopped"]
    assert {one["operation"] for one in refused} >= {"CreateAnalyzer"}
    assert "is set: INC-7: logins fail" in refused[0]["reason"]
    assert "stopped" in outcome.output
    journal = ansible.directory / "journal"
    intents, outcomes = (
        {path.name.rpartition("-")[0] for path in journal.glob(f"*/one/*/*-{kind}.json")}
        for kind in ("intent", "outcome")
    )
    assert intents and intents == outcomes

    switch.unlink()
    run(ansible, inventory, "two", access_analyzer_mode="enforce").succeeded()
    assert updated(control) == sorted(ACCOUNTS.values())


@pytest.mark.parametrize("kind", ["broken link", "named pipe"])
def test_a_stop_switch_that_can_not_be_read_counts_as_set(
    ansible: Ansible, control: Emulator, inventory: Path, kind: str
) -> None:
    """Nobody writes to the pipe, so a run that opened it to read would wait for ever."""
    switch = ansible.directory / "journal" / "control" / "stop"
    switch.parent.mkdir(parents=True, mode=0o700)
    if kind == "named pipe":
        os.mkfifo(switch)
    else:
        switch.symlink_to(ansible.directory / "nowhere")
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(run, ansible, inventory, "one", hardening_on_refusal="report")
        try:
            outcome = running.result(timeout=LONG)
        except TimeoutError:
            # A writer lets a reader go on, so that the run ends.
            os.close(os.open(switch, os.O_WRONLY | os.O_NONBLOCK))
            raise
    assert outcome.status == 2 and updated(control) == []
    assert "the stop switch can't be read, which counts as set" in " ".join(outcome.output.split())


def test_check_mode_needs_neither_lease_nor_switch(ansible: Ansible, control: Emulator, inventory: Path) -> None:
    switch = ansible.directory / "journal" / "control" / "stop"
    switch.parent.mkdir(parents=True)
    switch.write_text("", encoding="utf-8")
    outcome = ansible.playbook("harden", "--check", inventory=inventory).succeeded()
    assert outcome.writes == []
    assert "stopped" not in outcome.output
    assert not (switch.parent / "leases").exists()
