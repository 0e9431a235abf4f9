# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout of an organization policy, walked by runs whose clock is moved, over a trail in a directory.

What an attacker may try is tried through ``ansible-playbook``: no run may write anything for it, and each says why.
"""

from __future__ import annotations

import gzip
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from dates import date_in

from .conftest import EXTERNAL_ID, MANAGEMENT, Ansible, Outcome, Record, role_arn
from .test_organization_policy import MEMBERS, SANDBOX, operations, run, scp

NOW = datetime.now(UTC).replace(microsecond=0)
ORGANIZATION, CANARY = "o-acme123456", "444455556666"
TEXT = "User: x is not authorized to perform: cloudtrail:StopLogging with an explicit deny in a service control policy"


def deny(policy_arn: str, text: str = TEXT) -> Record:
    """How CloudTrail records a call that a policy denied."""
    return {"errorCode": "AccessDenied", "errorMessage": f"{text}: {policy_arn}"}


class Schedule:
    """The runs of a schedule: a journal, a trail, and how far the clock was moved."""

    def __init__(self, ansible: Ansible, directory: Path, name: str) -> None:
        self._ansible = ansible
        self._trail = directory / "trail"
        self._journal = directory / "journal"
        self._directory = directory
        self._name = name
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

    def play(self, *, hours: float = 0, **rollout: t.Any) -> Outcome:
        """The same as a playbook of one task."""
        self.now += timedelta(hours=hours)
        accepted = {"reason": "nobody is to read members here", "expires": date_in(180)}
        options = {
            "account_id": MANAGEMENT,
            "assessor_role_arn": role_arn(MANAGEMENT),
            "assume_role_arn": role_arn(MANAGEMENT, "automation"),
            "assume_role_external_id": EXTERNAL_ID,
            "break_glass": ["arn:aws:iam::*:role/iam-hardening/break-glass"],
            "accept_without_evidence": [{"account": account, **accepted} for account in MEMBERS],
            "now": self.now.isoformat(),
            "rollout": {**self.rollout, **rollout},
            "run_id": f"run-{self.now:%d%H%M}",
            **self._options,
        }
        task = {"hardening.iam.organization_policy": options}
        playbook = self._directory / "rollout.yml"
        here = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": here, "tasks": [task]}
        playbook.write_text(json.dumps([play]))
        return self._ansible.playbook(str(playbook), inventory="localhost,")

    @property
    def live(self) -> Record:
        """The policy as AWS has it."""
        policies = self._organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
        (policy_id,) = (policy["Id"] for policy in policies if policy["Name"] == self._name)
        return t.cast(Record, self._organizations.describe_policy(PolicyId=policy_id)["Policy"])

    @property
    def arn(self) -> str:
        return str(self.live["PolicySummary"]["Arn"])

    def edit(self, content: Record) -> None:
        """Somebody else changes the policy."""
        self._organizations.update_policy(PolicyId=self.live["PolicySummary"]["Id"], Content=json.dumps(content))

    @property
    def _organizations(self) -> t.Any:
        environment = self._ansible.environment
        return boto3.client(
            "organizations",
            region_name="us-east-1",
            endpoint_url=self._ansible.control.url,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )

    @property
    def kept(self) -> list[Path]:
        """What is remembered."""
        return sorted((self._journal / "rollouts").rglob("*.json"))

    def record(
        self, when: datetime, role: str, *, session: str = "s", day: t.Optional[datetime] = None, **fields: t.Any
    ) -> None:
        """A role stopped a trail, or tried to; the log file may be of another day."""
        filed = day or when
        folder = self._trail / f"AWSLogs/{ORGANIZATION}/{CANARY}/CloudTrail/us-east-1/{filed:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        issuer = {"type": "Role", "arn": f"arn:aws:iam::{CANARY}:role/{role}"}
        event = {
            "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": "StopLogging",
            "eventType": "AwsApiCall",
            "userIdentity": {
                "type": "AssumedRole",
                "arn": f"arn:aws:sts::{CANARY}:assumed-role/{role}/{session}",
                "sessionContext": {"sessionIssuer": issuer},
            },
            **fields,
        }
        self._written += 1
        content = gzip.compress(json.dumps({"Records": [event]}).encode())
        (folder / f"{self._written:04d}.json.gz").write_bytes(content)


def state(result: Record) -> Record:
    """What is told of the one rollout."""
    (told,) = result["rollout"]
    return t.cast(Record, told)


def begin(ansible: Ansible, directory: Path, name: str) -> Schedule:
    """The canary has begun, and somebody in it, who had stopped a trail the day before, does so again."""
    schedule = Schedule(ansible, directory, name)
    result, outcome = schedule.run()
    assert outcome.status == 0, outcome.output
    assert operations(result) == ["CreatePolicy", "AttachPolicy"]
    # Only now, since the lock-out guard would not let a policy take away what it sees to be used.
    schedule.record(NOW - timedelta(days=1), "operator")
    return schedule


def test_outsiders_may_try_and_stages_follow_each_other(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begin(ansible, tmp_path, "walked")
    schedule.record(NOW + timedelta(hours=20), "newcomer", **deny(schedule.arn))
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
    schedule = begin(ansible, tmp_path, "held")
    schedule.record(NOW + timedelta(hours=20), "operator", **deny(schedule.arn))
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


def test_a_loss_withdraws_the_policy_if_declared(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begin(ansible, tmp_path, "withdrawn")
    schedule.record(NOW + timedelta(hours=20), "operator", **deny(schedule.arn))
    withdrawn, outcome = schedule.run(hours=25, on_gate_failure="withdraw")
    assert (outcome.status, operations(withdrawn)) == (2, ["DetachPolicy"]), outcome.output
    assert outcome.writes == ["organizations:DetachPolicy"]
    again, outcome = schedule.run(hours=1, on_gate_failure="withdraw")
    assert (outcome.status, outcome.writes, state(again)["action"]) == (2, [], "withdraw")
    approved, outcome = schedule.run(on_gate_failure="withdraw", stage_approved="canary")
    assert (outcome.status, operations(approved), state(approved)["action"]) == (0, ["AttachPolicy"], "start")


# Attacks, and what looks like one


def assert_refused(outcome: Outcome, *texts: str) -> None:
    """The run wrote nothing, failed, and said why and what would allow it."""
    assert outcome.writes == []
    assert outcome.status == 2, outcome.output
    for text in texts:
        assert text in outcome.output, outcome.output


def test_a_policy_that_was_edited_during_the_soak_goes_nowhere(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begin(ansible, tmp_path, "edited")
    schedule.record(NOW + timedelta(hours=20), "operator", eventName="ListTrails")
    harmless = scp("cloudtrail:DeleteTrail")
    schedule.edit(harmless)
    # Twice: a run that failed before must not make the next one go on.
    for hours in (25, 1):
        outcome = schedule.play(hours=hours)
        assert_refused(
            outcome, "somebody else changed the policy", "the caller of UpdatePolicy", "stage_approved: canary"
        )
        assert json.loads(schedule.live["Content"]) == harmless
    assert [path.name for path in schedule.kept] == ["000001-started.json", "000002-edited.json"]
    approved = schedule.play(stage_approved="canary")
    assert (approved.status, approved.writes) == (0, ["organizations:UpdatePolicy"]), approved.output
    soaking = schedule.play(hours=20)
    assert (soaking.status, soaking.writes) == (0, [])
    assert "the soak time of stage 'canary' ends at" in soaking.output


OBJECT = (
    "User: arn:aws:sts::444455556666:assumed-role/operator/s is not authorized to perform: s3:GetObject on resource: "
)


@pytest.mark.parametrize("reason", ["", " because no identity-based policy allows the s3:GetObject action"])
def test_an_object_key_does_not_withdraw_a_policy(ansible: Ansible, tmp_path: Path, reason: str) -> None:
    schedule = begin(ansible, tmp_path, f"key-{len(reason)}")
    key = f"k with an explicit deny in a service control policy: {schedule.arn}"
    call = {
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "requestParameters": {"bucketName": "reports", "key": key},
    }
    schedule.record(NOW - timedelta(days=1), "operator", **call)
    message = f"{OBJECT}arn:aws:s3:::reports/{key}{reason}"
    schedule.record(NOW + timedelta(hours=20), "operator", errorCode="AccessDenied", errorMessage=message, **call)
    outcome = schedule.play(hours=25, on_gate_failure="withdraw")
    assert_refused(outcome, "AWS names no policy", "lost s3:GetObject", "stage_approved: canary")


def test_an_event_of_the_year_2099_is_no_evidence(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begin(ansible, tmp_path, "future")
    future = datetime(2099, 1, 1, tzinfo=UTC)
    schedule.record(future, "operator", day=NOW + timedelta(hours=20), eventName="ListTrails")
    schedule.record(future, "operator", day=NOW + timedelta(hours=20), **deny(schedule.arn))
    outcome = schedule.play(hours=25, on_gate_failure="withdraw")
    assert_refused(outcome, "has no event of", "stage_approved: canary")


def test_a_copied_pass_is_not_believed(ansible: Ansible, tmp_path: Path) -> None:
    for name in ("source", "copy"):
        (tmp_path / name).mkdir()
    source = begin(ansible, tmp_path / "source", "source")
    source.record(NOW + timedelta(hours=20), "operator", eventName="ListTrails")
    advanced = source.play(hours=25)
    assert advanced.writes == ["organizations:AttachPolicy"], advanced.output
    schedule = begin(ansible, tmp_path / "copy", "copy")
    passed = next(path for path in source.kept if path.name == "000002-passed.json")
    (schedule.kept[0].parent / passed.name).write_bytes(passed.read_bytes())
    outcome = schedule.play(hours=1)
    assert (outcome.status, outcome.writes) == (0, []), outcome.output
    assert f"{passed.name} is ignored" in outcome.output
    assert "so the soak time of stage 'canary' starts again" in outcome.output
    later = schedule.play(hours=23.5)
    assert (later.status, later.writes) == (0, [])
    assert "the soak time of stage 'canary' ends at" in later.output


def test_denials_by_another_policy_let_a_stage_pass(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begin(ansible, tmp_path, "others")
    schedule.record(NOW + timedelta(hours=20), "operator", **deny(f"{schedule.arn[:-4]}0000"))
    outcome = schedule.play(hours=25, on_gate_failure="withdraw")
    assert (outcome.status, outcome.writes) == (0, ["organizations:AttachPolicy"]), outcome.output


def test_a_true_pass_is_believed(ansible: Ansible, tmp_path: Path) -> None:
    schedule = begin(ansible, tmp_path, "true")
    schedule.record(NOW + timedelta(hours=20), "operator", eventName="ListTrails")
    assert schedule.play(hours=25).writes == ["organizations:AttachPolicy"]
    # The run was cut off before it recorded the stage that it began.
    schedule.kept[-1].unlink()
    outcome = schedule.play(hours=1)
    assert (outcome.status, outcome.writes) == (0, []), outcome.output
    assert ".json is ignored" not in outcome.output
    assert [path.name for path in schedule.kept][-1] == "000003-started.json"
