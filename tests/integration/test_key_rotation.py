# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role access_key_rotation through its stages, each in a run of its own, with the clock moved in between."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
import yaml
from botocore.config import Config

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, write_inventory

ACCOUNT = "555566667777"
USER: t.Final = "svc-report"
SECRET: t.Final = f"iam-hardening/access-keys/{USER}"
USERS: t.Final[Record] = {USER: {"access_keys": [{"age_days": 120, "last_used_days": 1}]}}


def seed(users: Record) -> Record:
    """One account with these users and the roles of this collection."""
    organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    organization["accounts"][ACCOUNT]["users"] = users
    return organization


class Rotation:
    """The account, the role in it, and the clock."""

    def __init__(self, make_ansible: MakeAnsible, users: Record = USERS) -> None:
        self.ansible: Ansible = make_ansible(seed(users))
        # Ahead of the real time, which is what journals have: the later of the two counts. Not of the module, since a
        # test may begin an hour after that was imported.
        self.start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        self.days = 0.0
        self.runs = 0
        environment = self.ansible.environment
        client: t.Callable[..., t.Any] = boto3.client
        session = {
            "endpoint_url": environment["AWS_ENDPOINT_URL"],
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            "region_name": "us-east-1",
        }
        self._session, self._make = session, client
        self.iam = client("iam", **session)
        self.secrets = client("secretsmanager", **session)
        self.playbook = self.ansible.directory / "rotate.yml"
        role = {"role": "hardening.iam.access_key_rotation"}
        self.playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
        self.inventory: Path = write_inventory(self.ansible.directory, {"bare": {"aws_account_id": ACCOUNT}})

    def run(self, *arguments: str, playbook: t.Optional[str] = None, **variables: t.Any) -> Outcome:
        """Run the role, or a playbook; a variable that is None is left to the role's default."""
        self.runs += 1
        self._set_clock()
        declared = {
            "access_key_rotation_mode": "enforce",
            "access_key_rotation_users": [{"name": USER}],
            "access_key_rotation_verify_days": 7,
            "access_key_rotation_delete_after_days": "14",
            "hardening_run_id": f"run-{self.runs}",
            "hardening_now": (self.start + timedelta(days=self.days)).isoformat(),
            **variables,
        }
        declared = {name: value for name, value in declared.items() if value is not None}
        return self.ansible.playbook(playbook or str(self.playbook), *arguments, inventory=self.inventory, **declared)

    def _set_clock(self) -> None:
        self.ansible.control.clock(offset_days=self.days + 1 / 24)

    def client(self, service: str, key_id: str, agent: str) -> t.Any:
        """A client of somebody who has a key. The emulator checks no signatures."""
        config = Config(user_agent=agent)
        return self._make(service, **{**self._session, "aws_access_key_id": key_id}, config=config)

    @property
    def keys(self) -> dict[str, str]:
        """The keys of the user with their statuses, the oldest first."""
        found = self.iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
        found.sort(key=lambda key: key["CreateDate"])
        return {key["AccessKeyId"]: key["Status"] for key in found}

    def read_secret(self, label: str = "AWSCURRENT") -> Record:
        """What consumers of the secret read."""
        text = self.secrets.get_secret_value(SecretId=SECRET, VersionStage=label)["SecretString"]
        return t.cast(Record, json.loads(text))

    def use(self, key_id: str, agent: str = "backup/1.0") -> None:
        """Call with a key, so that IAM has a last use of it, and CloudTrail an event."""
        self._set_clock()
        self.client("ec2", key_id, agent).describe_regions()

    @property
    def records(self) -> list[str]:
        """The stages that are recorded."""
        found = sorted((self.ansible.directory / "journal" / "rotations").rglob("*.json"))
        return [path.name for path in found]


@pytest.mark.dated
def test_the_playbook_goes_through_all_stages(make_ansible: MakeAnsible) -> None:
    rotation = Rotation(make_ansible)
    rotation.ansible.control.record_events()
    (old,) = rotation.keys

    def step(days: float, *writes: str) -> Outcome:
        rotation.days = days
        done = rotation.run(playbook="rotate_keys").succeeded()
        print(done.output)
        assert done.writes == [*writes]
        return done

    rotation.use(old, "backup/1.0")
    predicted = rotation.run("--check", "--diff", playbook="rotate_keys").succeeded()
    assert (predicted.writes, len(rotation.keys), rotation.records) == ([], 1, [])
    # The secret has no version yet, so that the first one is current at once.
    step(0, "secretsmanager:CreateSecret", "iam:CreateAccessKey", "secretsmanager:PutSecretValue")
    new = rotation.read_secret()["AccessKeyId"]
    assert rotation.keys == {old: "Active", new: "Active"}
    step(0.1)
    # One of two programs has moved.
    rotation.use(new, "backup/1.0")
    rotation.days = 3
    rotation.use(old, "report/2.1")
    waits = step(9)
    assert "1 of 2 callers of the old key" in waits.output and "report/2.1" in waits.output
    step(10.2)
    step(10.3, "iam:UpdateAccessKey")
    assert rotation.keys == {old: "Inactive", new: "Active"}
    step(24.4, "iam:DeleteAccessKey")
    assert rotation.keys == {new: "Active"}
    names = ["created", "distributed", "verified", "old_inactive", "old_deleted"]
    assert [name[7:-5] for name in rotation.records] == names
    report = step(25).report(ACCOUNT)
    assert report["changes"] == report["refused"] == []


def test_the_role_only_reports_by_default(make_ansible: MakeAnsible) -> None:
    rotation = Rotation(make_ansible)
    outcome = rotation.run(
        "-v", access_key_rotation_mode=None, access_key_rotation_users=f"[{{name: {USER}}}]"
    ).succeeded()
    assert (outcome.writes, outcome.recap("bare")["changed"], rotation.records) == ([], 0, [])
    changes = outcome.part(ACCOUNT, "access_key_rotation")["changes"]
    assert [change["operation"] for change in changes] == ["CreateSecret", "CreateAccessKey"]


# A key of a person, and a key of ours

NOW: t.Final = -1 / 24
DENIED: t.Final[Record] = {"kind": "error", "code": "AccessDenied", "status": 403}


@pytest.mark.parametrize("attempt", ["trail late", "lookups denied", "own identity", "somebody else"])
def test_a_key_that_a_person_makes_after_a_denied_call_stays(make_ansible: MakeAnsible, attempt: str) -> None:
    """The run may not make a key, so the operator makes one by hand: no later run deletes it."""
    rotation = Rotation(make_ansible, {**USERS, "alice": {"access_keys": [{"age_days": 10}]}})
    control = rotation.ansible.control
    control.record_events()
    rotation.days = NOW
    control.faults([{**DENIED, "service": "iam", "operation": "CreateAccessKey"}])
    assert rotation.run().status != 0
    faults = [{**DENIED, "service": "cloudtrail", "operation": "LookupEvents"}] if attempt == "lookups denied" else []
    control.faults(faults)
    control.set_lateness(3600 * 24 * 3 if attempt == "trail late" else 0)
    maker = rotation.iam
    if attempt == "somebody else":
        key = rotation.iam.list_access_keys(UserName="alice")["AccessKeyMetadata"][0]["AccessKeyId"]
        maker = rotation.client("iam", key, "aws-cli/2.31.0")
    by_hand = maker.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    for rotation.days in (NOW, 0, 2):
        done = rotation.run().succeeded()
        assert done.writes == [] and rotation.keys[by_hand] == "Active" and len(rotation.keys) == 2
        assert "deleted" not in done.output


def test_a_key_that_a_run_left_is_deleted_once_cloudtrail_shows_its_call(make_ansible: MakeAnsible) -> None:
    """The answer to CreateAccessKey is lost, so nobody has the secret. Each run says what is true of the key."""
    rotation = Rotation(make_ansible)
    control = rotation.ansible.control
    control.record_events()
    control.set_lateness(3600 * 2)
    rotation.days = NOW
    (old,) = rotation.keys
    control.faults([{"kind": "drop", "after": True, "service": "iam", "operation": "CreateAccessKey", "times": 1}])
    assert rotation.run().status != 0
    control.clear_faults()
    (left,) = rotation.keys.keys() - {old}
    for rotation.days, words in ((NOW, "run again after"), (0.0, "it is not known who made it")):
        done = rotation.run().succeeded()
        said = " ".join(done.output.split())
        assert done.writes == [] and len(rotation.keys) == 2
        assert f"the access key {left} of {USER} is active" in said and words in said
        assert f"aws iam update-access-key --user-name {USER} --access-key-id {left} --status Inactive" in said
        assert "deleted" not in said
    rotation.days = 0.2
    assert rotation.run().succeeded().writes == ["iam:DeleteAccessKey"] and rotation.keys == {old: "Active"}
    assert "iam:CreateAccessKey" in rotation.run().succeeded().writes


# Secrets


@pytest.fixture(scope="module", params=[True, False], ids=["in-process", "as-module"])
def loud(make_ansible: MakeAnsible, request: pytest.FixtureRequest) -> tuple[Rotation, list[Outcome], list[str]]:
    """Runs that are as loud as they get: one makes a key, one fails at the secret. With the secrets of both keys."""
    rotation = Rotation(make_ansible)
    log = rotation.ansible.directory / "ansible.log"
    rotation.ansible = rotation.ansible.with_environment(
        ANSIBLE_LOG_PATH=str(log),
        ANSIBLE_DISPLAY_ARGS_TO_STDOUT="true",
        ANSIBLE_DEBUG="true",
        ANSIBLE_DEBUG_BOTOCORE_LOGS="true",
        ANSIBLE_KEEP_REMOTE_FILES="true",
    )
    fault = {
        "kind": "error",
        "code": "InternalServiceError",
        "service": "secretsmanager",
        "operation": "PutSecretValue",
    }
    rotation.ansible.control.faults([fault])
    loudness = {"hardening_in_process": request.param}
    outcomes = [rotation.run("-vvvvv", "--diff", playbook="rotate_keys", **loudness)]
    rotation.ansible.control.clear_faults()
    outcomes.append(rotation.run("-vvvvv", "--diff", playbook="rotate_keys", **loudness))
    return rotation, outcomes, [rotation.read_secret()["SecretAccessKey"]]


def test_the_loud_runs_went_as_far_as_they_should(loud: tuple[Rotation, list[Outcome], list[str]]) -> None:
    rotation, (failed, made), secrets = loud
    assert failed.status != 0 and "deleted at once" in failed.output
    assert made.status == 0 and len(rotation.keys) == 2
    assert all(len(secret) >= 40 for secret in secrets)


def test_no_output_and_no_file_holds_a_secret(loud: tuple[Rotation, list[Outcome], list[str]]) -> None:
    rotation, outcomes, secrets = loud
    files = [path for path in rotation.ansible.directory.rglob("*") if path.is_file()]
    assert {"ansible.log", "report.html"} <= {path.name for path in files}
    texts = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in files}
    texts |= {f"output {number}": outcome.output for number, outcome in enumerate(outcomes)}
    for where, text in texts.items():
        for secret in secrets:
            assert secret not in text, where
        assert 'SecretAccessKey\\"' not in text, where
