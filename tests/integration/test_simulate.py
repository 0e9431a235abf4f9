# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A changed declaration, simulated on snapshots without AWS, and the real run with it afterwards."""

from __future__ import annotations

import dataclasses
import gzip
import json
import shutil
import typing as t
from pathlib import Path

import boto3
import pytest
from simulated import WANTED, check_real_run

from .conftest import DEMO, DEV, MANAGEMENT, PROD, SANDBOX, Ansible, MakeAnsible, Outcome, Record, operation_of

NO_ENDPOINT: t.Final = "http://127.0.0.1:9"
# Two of the four accounts have a snapshot.
LIMIT: t.Final = ("--limit", "acme-prod,acme-dev")


@dataclasses.dataclass(frozen=True)
class Recorded:
    """The run that recorded, and Ansible with no AWS to speak to."""

    ansible: Ansible
    outcome: Outcome

    def simulate(self, *arguments: str, **variables: t.Any) -> Outcome:
        nowhere = self.ansible.with_environment(
            AWS_ENDPOINT_URL=NO_ENDPOINT, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_DEFAULT_REGION=""
        )
        given = {"simulate_wanted_inventory": str(DEMO), "hardening_snapshot_dir": "./snapshots", **variables}
        return nowhere.playbook("simulate", *arguments, inventory="localhost,", **given)

    def read(self, name: str) -> Record:
        path = self.ansible.directory / "simulation" / name
        return t.cast(Record, json.loads(path.read_text(encoding="utf-8")))

    @property
    def comment(self) -> str:
        return (self.ansible.directory / "simulation" / "comment.md").read_text(encoding="utf-8")

    @property
    def snapshots(self) -> Path:
        return self.ansible.directory / "snapshots"


@pytest.fixture(scope="module")
def recorded(make_ansible: MakeAnsible) -> Recorded:
    ansible = make_ansible()
    outcome = ansible.playbook("harden", "--check", *LIMIT, hardening_snapshot_dir="./snapshots").succeeded()
    return Recorded(ansible, outcome)


def test_a_simulation_is_what_the_real_run_does_afterwards(recorded: Recorded) -> None:
    simulated = recorded.simulate(simulate_wanted_variables=WANTED).succeeded()
    assert simulated.requests == []
    simulation = recorded.ansible.directory / "simulation"
    real = recorded.ansible.playbook("harden", *LIMIT, **WANTED).succeeded()
    assert real.writes
    check_real_run(simulation, real.reports, (PROD, DEV))
    roles = {role["role"]: role for role in recorded.read(f"accounts/{PROD}.json")["roles"]}
    assert roles["access_analyzer"]["changes"]


def test_two_declarations_are_compared(recorded: Recorded) -> None:
    unchanged = recorded.simulate(simulate_now_inventory=str(DEMO)).succeeded()
    assert "changes 0 of 4 accounts; no further breakage predicted; 2 accounts not simulated" in unchanged.output
    # Only acme-dev has targets of a boundary.
    now = {"permissions_boundary_mode": "off"}
    recorded.simulate("--check", simulate_now_inventory=str(DEMO), simulate_now_variables=now).succeeded()
    document = recorded.read("simulation.json")
    rows = {row["account_id"]: row for row in document["rows"]}
    assert [rows[DEV]["changed"], rows[PROD]["changed"]] == [True, False]
    assert "**This change of the declaration changes 1 of 4 accounts; " in recorded.comment
    # It is predicted from the use that the snapshot recorded.
    broken = [item for item in document["breaks"] if item["outcome"] == "will_break"]
    role = f"arn:aws:iam::{DEV}:role/dev-team-07-role"
    assert role in [item["principal"] for item in broken]
    assert all("last_accessed" in item["evidence"] for item in broken)
    assert f"{len(broken)} roles would break" in recorded.comment.splitlines()[2]
    assert f"| `{DEV}` | `{role}` | would break | refused | `" in recorded.comment


def test_an_answer_that_was_not_read_is_named_and_not_guessed(recorded: Recorded) -> None:
    outcome = recorded.simulate(
        simulate_wanted_variables={"aws_regions": ["us-east-1", "eu-west-1", "ap-southeast-2"]}
    ).succeeded()
    assert outcome.requests == []
    roles = {role["role"]: role for role in recorded.read(f"accounts/{PROD}.json")["roles"]}
    assert roles["access_analyzer"]["state"] == "unknown"
    assert "accessanalyzer:ListAnalyzers in ap-southeast-2" in roles["access_analyzer"]["missed"]
    assert roles["access_analyzer"]["changes"] == []
    assert roles["password_policy"]["state"] == "known"
    assert "2 accounts not known offline" in outcome.output
    assert "accessanalyzer:ListAnalyzers in ap-southeast-2" in recorded.comment


def test_another_reader_is_not_taken_for_the_one_that_read(recorded: Recorded) -> None:
    other = f"arn:aws:iam::{PROD}:role/iam-hardening/automation"
    recorded.simulate(simulate_wanted_variables={"aws_assessor_role_arn": other}).succeeded()
    states = {role["state"] for role in recorded.read(f"accounts/{PROD}.json")["roles"]}
    assert states == {"unknown", "not_simulated"}


def test_a_snapshot_that_can_not_be_used_is_refused_and_the_others_go_on(recorded: Recorded) -> None:
    whole = (recorded.snapshots / f"{PROD}.json.gz").read_bytes()
    shutil.copy(recorded.snapshots / f"{PROD}.json.gz", recorded.snapshots / f"{SANDBOX}.json.gz")
    (recorded.snapshots / f"{MANAGEMENT}.json.gz").write_bytes(whole[:-100])
    old = json.loads(gzip.decompress((recorded.snapshots / f"{DEV}.json.gz").read_bytes()))
    old["recorded"] = "2020-01-01T00:00:00+00:00"
    (recorded.snapshots / f"{DEV}.json.gz").write_bytes(gzip.compress(json.dumps(old).encode()))
    outcome = recorded.simulate().succeeded()
    rows = {row["account_id"]: row for row in recorded.read("simulation.json")["rows"]}
    assert rows[PROD]["state"] == "simulated"
    assert f"it is the snapshot of account {PROD}, not of {SANDBOX}" in rows[SANDBOX]["reason"]
    assert "truncated" in rows[MANAGEMENT]["reason"]
    assert "days old (recorded 2020-01-01T00:00:00Z); the limit is 7.0 days" in rows[DEV]["reason"]
    assert recorded.read("simulation.json")["accounts"]["refused"] == 3
    assert "3 accounts not simulated" in outcome.output


def test_the_same_input_gives_the_same_files_in_any_number_of_processes(recorded: Recorded) -> None:
    found = []
    for processes in (1, 2):
        shutil.rmtree(recorded.ansible.directory / "simulation", ignore_errors=True)
        # Relative paths start in the directory of each declaration, and those of the results in that of Ansible.
        recorded.simulate(
            simulate_now_inventory="demo.yml",
            simulate_now_directory=str(DEMO.parent),
            simulate_wanted_variables=WANTED,
            simulate_processes=processes,
        ).succeeded()
        files = sorted((recorded.ansible.directory / "simulation").rglob("*.*"))
        found.append({path.name: path.read_bytes() for path in files})
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert found[0] == found[1]
    assert set(found[0]) == {"simulation.json", "comment.md", f"{PROD}.json", f"{DEV}.json"} | {
        f"{account}.json" for account in (MANAGEMENT, SANDBOX)
    }


def test_vaulted_variables_have_the_passwords_of_the_run(recorded: Recorded) -> None:
    directory = recorded.ansible.directory
    (directory / "vault-password").write_text("open sesame\n", encoding="utf-8")
    secret = ("--vault-password-file", "vault-password")
    done = recorded.ansible.run("ansible-vault", "encrypt_string", *secret, "--name", "password_policy_mode", "report")
    variables = directory / "vaulted" / "group_vars"
    variables.mkdir(parents=True)
    (variables / "aws_accounts.yml").write_text(done.stdout, encoding="utf-8")
    shutil.copy(DEMO, directory / "vaulted" / "hosts.yml")
    # Variables of a group beside the inventory win over those in it.
    recorded.simulate(*secret, simulate_wanted_inventory="vaulted/hosts.yml").succeeded()
    roles = {role["role"]: role for role in recorded.read(f"accounts/{PROD}.json")["roles"]}
    assert roles["password_policy"]["mode"] == "report"


def test_a_wrong_value_fails_its_role_and_names_the_variable(recorded: Recorded) -> None:
    outcome = recorded.simulate(simulate_wanted_variables={"password_policy_minimum_password_length": 3}).succeeded()
    roles = {role["role"]: role for role in recorded.read(f"accounts/{PROD}.json")["roles"]}
    assert roles["password_policy"]["state"] == "failed"
    assert "password_policy_minimum_password_length" in roles["password_policy"]["message"]
    assert roles["config_rules"]["state"] == "known"
    assert "2 accounts with a failure" in outcome.output


def test_no_snapshot_has_a_secret(recorded: Recorded) -> None:
    for path in recorded.snapshots.iterdir():
        text = gzip.decompress(path.read_bytes()).decode()
        # As members of answers: policies may well name them.
        assert '"SecretAccessKey":' not in text
        assert '"SessionToken":' not in text
        assert '"call":"sts:AssumeRole' not in text
        assert path.stat().st_mode & 0o777 == 0o600


def test_snapshots_in_s3_are_encrypted_and_nothing_else_is_called(recorded: Recorded) -> None:
    ansible = recorded.ansible
    names = {"endpoint_url": "AWS_ENDPOINT_URL", "aws_access_key_id": "AWS_ACCESS_KEY_ID"}
    options = {name: ansible.environment[variable] for name, variable in names.items()}
    secret = ansible.environment["AWS_SECRET_ACCESS_KEY"]
    client = boto3.client("s3", region_name="us-east-1", aws_secret_access_key=secret, **options)
    client.create_bucket(Bucket="acme-snapshots")
    place = {"hardening_snapshot_dir": "s3://acme-snapshots/iam"}
    part = ("--check", "--tags", "password_policy", "--limit", "acme-prod")
    refused = ansible.playbook("harden", *part, **place).succeeded()
    assert "hardening_snapshot_kms_key_id" in refused.output
    assert "Contents" not in client.list_objects_v2(Bucket="acme-snapshots")
    ansible.playbook("harden", *part, **place, hardening_snapshot_kms_key_id="alias/hardening").succeeded()
    kept = client.head_object(Bucket="acme-snapshots", Key=f"iam/{PROD}.json.gz")
    assert (kept["ServerSideEncryption"], kept["SSEKMSKeyId"]) == ("aws:kms", "alias/hardening")
    simulated = ansible.playbook("simulate", inventory="localhost,", simulate_wanted_inventory=str(DEMO), **place)
    assert {operation_of(record) for record in simulated.succeeded().requests} == {"s3:GetObject"}
    states = {role["role"]: role["state"] for role in recorded.read(f"accounts/{PROD}.json")["roles"]}
    # Only one role was recorded.
    assert (states["password_policy"], states["config_rules"], states["access_keys"]) == ("known", "unknown", "unknown")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"simulate_wanted_inventory": "missing.yml"}, "missing.yml does not exist"),
        ({"simulate_forks": 0}, "forks: 0 is not a number from 1 up"),
        ({"simulate_prices": {"coffee": 3}}, "prices: 'coffee' is not a unit"),
        ({"simulate_wanted_directory": "/nowhere"}, "/nowhere is not a directory"),
    ],
)
def test_bad_input_is_named(recorded: Recorded, variables: dict[str, t.Any], message: str) -> None:
    outcome = recorded.simulate(**variables)
    assert outcome.status != 0
    assert message in " ".join(outcome.output.split())
