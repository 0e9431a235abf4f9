# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting, steering and stopping an emulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator import client
from emulator.client import Emulator, EmulatorError, EmulatorProcess

from .small import ALICE, MANAGEMENT, SMALL, Aws


def test_process_starts_serves_and_stops() -> None:
    with EmulatorProcess(seed="bare") as process:
        pid = process.pid
        assert process.env()["AWS_ENDPOINT_URL"] == process.url
        assert len(process.control.health()["accounts"]) == 1
        (account,) = process.control.health()["accounts"]
        assert Aws(process.url).client("sts").get_caller_identity()["Account"] == account
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(EmulatorError, match="does not run"):
        _pid = process.pid
    process.stop()


def test_process_with_an_unknown_seed_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EmulatorError, match="ended with 2"), EmulatorProcess(seed="no-such-seed"):
        pass
    assert "no-such-seed" in capfd.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_prints_what_to_export_and_obeys_signals(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--seed", "gov"]
    root = Path(client.__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        lines = [next(process.stdout).strip() for _line in range(6)]
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
    assert lines[0].startswith("export AWS_ENDPOINT_URL=http://127.0.0.1:")
    assert lines[3] == "export AWS_DEFAULT_REGION=us-gov-west-1"
    assert lines[-1] == "# ready"


def test_command_says_that_a_port_is_taken(process: EmulatorProcess, capfd: pytest.CaptureFixture[str]) -> None:
    port = int(process.url.rpartition(":")[2])
    with pytest.raises(EmulatorError, match="ended with 2"), EmulatorProcess(seed="bare", port=port):
        pass
    assert "Address already in use" in capfd.readouterr().err


def test_command_serves_no_other_machine() -> None:
    command = [sys.executable, "-m", "emulator", "serve", "--host", "0.0.0.0"]
    root = Path(client.__file__).parent.parent
    ended = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert ended.returncode == 2
    assert "invalid choice: '0.0.0.0'" in ended.stderr


def test_command_lists_the_writes_since_it_was_asked_last(emulator: Emulator, aws: Aws) -> None:
    iam = aws.client("iam")
    iam.list_users()
    iam.create_user(UserName="bob")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName="bob", PolicyName="long", PolicyDocument=json.dumps(document))
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName="bob")
    command = [sys.executable, "-m", "emulator", "writes", "--url", emulator.url]
    root = Path(client.__file__).parent.parent
    listed = [
        subprocess.run(command, capture_output=True, text=True, cwd=root, check=True).stdout for _time in range(2)
    ]
    created, put, again, count = listed[0].splitlines()
    assert created == f"{MANAGEMENT}  iam:CreateUser(UserName=bob)  done"
    assert "iam:PutUserPolicy(UserName=bob, PolicyName=long, PolicyDocument=" in put and "…)  done" in put
    assert again.endswith("EntityAlreadyExists")
    assert (count, listed[1]) == ("3 writes", "0 writes\n")


def test_command_says_whom_to_ask() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"}
    command = [sys.executable, "-m", "emulator", "writes"]
    root = Path(client.__file__).parent.parent
    ended = subprocess.run(command, capture_output=True, text=True, cwd=root, env=environment, check=False)
    assert (ended.returncode, "AWS_ENDPOINT_URL" in ended.stderr) == (2, True)


def test_client_needs_nothing_but_the_standard_library() -> None:
    root = Path(client.__file__).parent.parent
    code = "import sys; import emulator.client; assert not {'boto3', 'moto', 'yaml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-S", "-c", code], cwd=root, check=True)


def test_env_acts_as_the_owner_of_a_key(process: EmulatorProcess) -> None:
    assert process.env()["AWS_ACCESS_KEY_ID"] == client.ADMINISTRATOR_KEY
    env = process.env(ALICE, "secret", region="eu-west-1")
    assert (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_DEFAULT_REGION"]) == (
        ALICE,
        "secret",
        "eu-west-1",
    )


def test_reset_takes_names_paths_structures_and_nothing(emulator: Emulator, tmp_path: Path) -> None:
    emulator.reset("bare")
    assert MANAGEMENT not in emulator.health()["accounts"]
    path = tmp_path / "own.yml"
    path.write_text('accounts: {"444455556666": {name: own}}', encoding="utf-8")
    emulator.reset(path)
    assert emulator.health()["accounts"] == {"444455556666": "own"}
    emulator.reset(SMALL)
    assert MANAGEMENT in emulator.health()["accounts"]
    emulator.reset(None)
    assert emulator.health()["accounts"] == {}


def test_reset_forgets_everything(emulator: Emulator, aws: Aws) -> None:
    aws.client("iam").create_user(UserName="bob")
    emulator.clock(offset_days=100)
    emulator.faults([{"kind": "drop"}])
    emulator.reset(SMALL)
    assert [user["UserName"] for user in aws.client("iam").list_users()["Users"]] == ["alice"]
    assert datetime.fromisoformat(emulator.health()["now"]) - datetime.now(UTC) < timedelta(minutes=1)
    assert [record["operation"] for record in emulator.log()] == ["ListUsers"]


def test_reset_with_a_bad_seed_says_why_and_changes_nothing(emulator: Emulator, aws: Aws) -> None:
    with pytest.raises(EmulatorError, match="unknown key 'usres'"):
        emulator.reset({"accounts": {"444455556666": {"name": "own", "usres": {}}}})
    assert aws.client("iam").list_users()["Users"]


def test_clock_ages_what_is_there(emulator: Emulator, aws: Aws) -> None:
    iam = aws.client("iam")
    emulator.clock(offset_days=90)
    iam.create_user(UserName="bob")
    users = {user["UserName"]: user["CreateDate"] for user in iam.list_users()["Users"]}
    ahead = users["bob"] - datetime.now(UTC)
    assert timedelta(days=89, hours=23) < ahead <= timedelta(days=90)
    emulator.clock()
    assert aws.client("sts").get_caller_identity()["Account"] == MANAGEMENT


def test_writes_are_told_apart(emulator: Emulator, aws: Aws) -> None:
    iam = aws.client("iam")
    iam.list_users()
    iam.generate_credential_report()
    assert emulator.writes() == []
    iam.create_user(UserName="bob")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName="bob")
    assert [(record["operation"], record["error_code"]) for record in emulator.writes()] == [
        ("CreateUser", None),
        ("CreateUser", "EntityAlreadyExists"),
    ]
    emulator.clear_log()
    assert emulator.log() == []


@pytest.mark.parametrize(
    ("method", "name", "data", "message"),
    [
        ("PUT", "clock", {"offset_days": 1}, "offset_seconds"),
        ("PUT", "clock", [], "offset_seconds"),
        ("PUT", "faults", {"kind": "drop"}, "list of objects"),
        ("PUT", "seed", {"seed": "acme", "organization": {}}, "a seed is"),
        ("PUT", "seed", {"sead": "acme"}, "a seed is"),
        ("GET", "nothing", None, "there is no GET /_emulator/nothing; there are: GET /_emulator/health"),
        ("POST", "log", None, "there is no POST"),
    ],
)
def test_control_refuses_what_makes_no_sense(
    emulator: Emulator, method: str, name: str, data: t.Any, message: str
) -> None:
    with pytest.raises(EmulatorError, match=message):
        emulator._ask(method, name, data)
