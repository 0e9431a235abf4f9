# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout of an organization policy, walked by runs whose clock is moved, over a trail in a directory."""

from __future__ import annotations

import gzip
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .conftest import Ansible, MakeAnsible, Outcome, Record
from .test_organization_policy import SANDBOX, operations, run, scp

NOW = datetime.now(UTC).replace(microsecond=0)
ORGANIZATION, CANARY = "o-acme123456", "444455556666"
DENIED = {
    "errorCode": "AccessDenied",
    "errorMessage": "User: x is not authorized to perform: cloudtrail:StopLogging with an explicit deny in a service "
    "control policy",
}


class Schedule:
    """The runs of a schedule: a journal, a trail, and how far the clock was moved."""

    def __init__(self, ansible: Ansible, directory: Path, name: str) -> None:
        self._ansible = ansible
        self._trail = directory / "trail"
        self._journal = directory / "journal"
        self._written = 0
        self.now = NOW
        self.rollout: Record = {
            "stages": [
                {"name": "canary", "targets": [{"ou": SANDBOX}], "soak_hours": 24},
                {"name": "dev", "targets": [{"ou": "/Workloads/Development"}], "soak_hours": 24},
            ]
        }
        self._options: Record = {
            "policies": [{"name": name, "content": scp("cloudtrail:StopLogging")}],
            "journal": str(self._journal),
            "trail_logs": str(self._trail),
        }

    def run(self, *arguments: str, hours: float = 0, **rollout: t.Any) -> tuple[Record, Outcome]:
        self.now += timedelta(hours=hours)
        return run(
            self._ansible,
            *arguments,
            now=self.now.isoformat(),
            rollout={**self.rollout, **rollout},
            run_id=f"run-{self.now:%d%H%M}",
            **self._options,
        )

    @property
    def kept(self) -> list[Path]:
        """What is remembered."""
        return sorted((self._journal / "rollouts").rglob("*.json"))

    def record(self, when: datetime, role: str, **fields: t.Any) -> None:
        """A role stopped a trail, or tried to."""
        folder = self._trail / f"AWSLogs/{ORGANIZATION}/{CANARY}/CloudTrail/us-east-1/{when:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        issuer = {"type": "Role", "arn": f"arn:aws:iam::{CANARY}:role/{role}"}
        event = {
            "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": "StopLogging",
            "eventType": "AwsApiCall",
            "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}},
            **fields,
        }
        self._written += 1
        content = gzip.compress(json.dumps({"Records": [event]}).encode())
        (folder / f"{self._written:04d}.json.gz").write_bytes(content)


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible()


def state(result: Record) -> Record:
    """What is told of the one rollout."""
    (told,) = result["rollout"]
    return t.cast(Record, told)


def begun(ansible: Ansible, directory: Path, name: str) -> Schedule:
    """The canary has begun, and somebody in it, who had stopped a trail the day before, does so again."""
    schedule = Schedule(ansible, directory, name)
    result, outcome = schedule.run()
    assert outcome.status == 0, outcome.output
    assert operations(result) == ["CreatePolicy", "AttachPolicy"]
    # Only now, since the lock-out guard would not let a policy take away what it sees to be used.
    schedule.record(NOW - timedelta(days=1), "operator")
    return schedule


def test_outsiders_may_try_and_stages_follow_each_other(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begun(ansible, tmp_path, "walked")
    schedule.record(NOW + timedelta(hours=20), "newcomer", **DENIED)
    soaking, outcome = schedule.run(hours=23)
    assert (outcome.status, outcome.writes, state(soaking)["action"]) == (0, [], "soaking")
    predicted, outcome = schedule.run("--check", hours=2)
    assert (outcome.status, outcome.writes, state(predicted)["action"]) == (0, [], "advance")
    advanced, outcome = schedule.run()
    assert (outcome.status, operations(advanced)) == (0, ["AttachPolicy"])
    assert (state(advanced)["stage"], state(advanced)["gate"]["of_outsiders"]) == ("dev", 1)
    again, outcome = schedule.run()
    assert (outcome.status, outcome.writes, state(again)["action"]) == (0, [], "soaking")


def test_a_loss_holds_the_stage_until_it_is_approved(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begun(ansible, tmp_path, "held")
    schedule.record(NOW + timedelta(hours=20), "operator", **DENIED)
    predicted, outcome = schedule.run("--check", hours=25)
    assert (outcome.status, outcome.writes, state(predicted)["action"]) == (0, [], "hold")
    held, outcome = schedule.run()
    assert (outcome.status, outcome.writes, state(held)["action"]) == (2, [], "hold")
    assert f"in {CANARY} arn:aws:iam::{CANARY}:role/operator lost cloudtrail:StopLogging" in held["msg"]
    advanced, outcome = schedule.run(stage_approved="canary")
    assert (outcome.status, operations(advanced)) == (0, ["AttachPolicy"])
    assert [path.name for path in schedule.kept] == [
        "000001-started.json",
        "000002-held.json",
        "000003-approved.json",
        "000004-started.json",
    ]


def test_a_loss_withdraws_the_policy_where_told_so(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begun(ansible, tmp_path, "withdrawn")
    schedule.record(NOW + timedelta(hours=20), "operator", **DENIED)
    withdrawn, outcome = schedule.run(hours=25, on_gate_failure="withdraw")
    assert (outcome.status, operations(withdrawn)) == (2, ["DetachPolicy"]), outcome.output
    assert outcome.writes == ["organizations:DetachPolicy"]
    again, outcome = schedule.run(hours=1, on_gate_failure="withdraw")
    assert (outcome.status, outcome.writes, state(again)["action"]) == (2, [], "withdraw")
    approved, outcome = schedule.run(on_gate_failure="withdraw", stage_approved="canary")
    assert (outcome.status, operations(approved), state(approved)["action"]) == (0, ["AttachPolicy"], "start")
