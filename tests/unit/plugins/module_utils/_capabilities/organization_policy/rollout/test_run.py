# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a schedule with a journal and a trail in directories, the clock moved between them."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP, OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import Content
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.observe import (
    Sources,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.run import (
    Action,
    Decision,
    Rollout,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import find_trail_logs

from ....organizing import CANARY, CONTENT, DEV, MANAGEMENT, NAME, UNNAMED, Trail, document, role_arn, task_at, tree

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
V1 = Content.of(CONTENT, SCP, "content").sha256
LOST = DeniedPair(CANARY, role_arn(CANARY), "iam:CreateUser")


def open_rollout(task: Task, policy_type: str) -> Rollout:
    """The rollout that the options of a task declare."""
    return Rollout(
        task.connection,
        task.run,
        Declared.from_options(task.options["rollout"]),
        Sources(find_trail_logs(task.options)),
        task.journal,
        policy=NAME,
        policy_type=policy_type,
    )


class Bench:
    """The organization between the runs: what is attached, the journal and the trail."""

    def __init__(self, directory: Path) -> None:
        self.journal = directory / "journal"
        self.trail = Trail(directory / "trail")
        self.now = NOW
        self.attached: tuple[str, ...] = ()
        self.exists = False
        self.content = CONTENT
        self.rollout: dict[str, t.Any] = {
            "stages": [
                {"name": name, "targets": [{"ou": f"/{name}"}], "soak_hours": 24.0}
                for name in ("canary", "dev", "prod")
            ],
            "on_gate_failure": "hold",
            "stage_approved": None,
            "look_back_days": 30,
        }
        self.task: Task

    def open(self, *, check_mode: bool = False, **options: t.Any) -> Rollout:
        given = {
            "rollout": self.rollout,
            "journal": str(self.journal),
            "trail_logs": str(self.trail.place),
            "mode": "enforce",
            "run_id": f"run-{self.now:%d%H}",
            **options,
        }
        self.task = task_at(self.now, check_mode=check_mode, **given)
        return open_rollout(self.task, SCP)

    @property
    def tree(self) -> OrganizationTree:
        return tree(*self.attached, policies=self.exists, content=self.content)

    def run(
        self, *, hours: float = 0, predicted: t.Collection[DeniedPair] = (), check_mode: bool = False, **options: t.Any
    ) -> Decision:
        """A whole run: decide, attach, record."""
        self.now += timedelta(hours=hours)
        rollout = self.open(check_mode=check_mode, **options)
        decision = rollout.decide(self.tree, content_sha256=V1)
        if not check_mode:
            self.exists = True
            self.attached = tuple(f"ou-{target['ou'][1:]}" for target in decision.targets)
        rollout.record_events(decision, predicted=predicted, attached=self.attached)
        return decision

    @property
    def place(self) -> Path:
        return self.journal / "rollouts" / "o-acme" / SCP / NAME

    @property
    def records(self) -> list[str]:
        return sorted(path.name for path in self.place.glob("*")) if self.place.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def canary(bench: Bench) -> Bench:
    """The first stage has begun, and its account is alive until the end of the soak."""
    bench.trail.success(CANARY, NOW - timedelta(days=3))
    bench.run()
    bench.trail.success(CANARY, NOW + timedelta(hours=23))
    return bench


def test_a_rollout_is_walked_and_recorded(canary: Bench) -> None:
    assert canary.run(hours=1).action is Action.SOAKING
    assert canary.run(hours=24).action is Action.ADVANCE
    assert canary.attached == ("ou-canary", "ou-dev")
    assert canary.records == ["000001-started.json", "000002-passed.json", "000003-started.json"]
    record = json.loads((canary.place / "000003-started.json").read_bytes())
    assert {name: record[name] for name in ("event", "stage", "at", "run_id", "attached", "by")} == {
        "event": "started",
        "stage": "dev",
        "at": "2026-11-26T13:00:00Z",
        "run_id": "run-2613",
        "attached": ["ou-canary", "ou-dev"],
        "by": f"arn:aws:sts::{MANAGEMENT}:assumed-role/automation/awx-1",
    }


def test_what_is_told(canary: Bench) -> None:
    report = canary.run(hours=23.5).report
    assert (report["policy"], report["type"], report["action"]) == (NAME, SCP, "soaking")
    assert report["records"] == f"{canary.journal}/rollouts/o-acme/{SCP}/{NAME}/"
    assert report["gate"]["passed"] and report["gate"]["source"] == str(canary.trail.place)
    assert report["text"].startswith(
        f"Rollout of {NAME}: the soak time of stage 'canary' ends at 2026-11-26T12:00:00Z\n"
    )


def test_a_gate_that_fails_holds_loudly(canary: Bench) -> None:
    canary.trail.denial(CANARY, NOW + timedelta(hours=5))
    decision = canary.run(hours=25)
    assert (decision.action, decision.failed) == (Action.HOLD, True)
    assert f"in {CANARY} {LOST.principal} lost iam:CreateUser" in decision.reason
    assert canary.records[-1] == "000002-held.json"
    assert canary.attached == ("ou-canary",)


def test_a_gate_that_fails_withdraws_where_told_so(canary: Bench) -> None:
    canary.rollout["on_gate_failure"] = "withdraw"
    canary.trail.denial(CANARY, NOW + timedelta(hours=5))
    decision = canary.run(hours=25)
    assert (decision.action, decision.failed, canary.attached) == (Action.WITHDRAW, True, ())
    assert canary.run(hours=24).action is Action.WITHDRAW
    assert canary.records == ["000001-started.json", "000002-withdrawn.json"]


def test_an_outsider_who_provokes_denials_changes_nothing(canary: Bench) -> None:
    for hour in range(1, 20):
        canary.trail.denial(CANARY, NOW + timedelta(hours=hour), principal=role_arn(CANARY, "newcomer"))
        canary.trail.denial(CANARY, NOW + timedelta(hours=hour), principal=role_arn("999988887777"))
    decision = canary.run(hours=25)
    assert decision.action is Action.ADVANCE
    assert decision.report["gate"]["of_outsiders"] == 2


def test_denials_in_accounts_that_are_not_attached_change_nothing(canary: Bench) -> None:
    canary.trail.success(DEV, NOW - timedelta(days=1))
    canary.trail.denial(DEV, NOW + timedelta(hours=5))
    assert canary.run(hours=25).action is Action.ADVANCE


def test_what_the_guard_predicted_changes_nothing(bench: Bench) -> None:
    bench.trail.success(CANARY, NOW - timedelta(days=3))
    bench.run(predicted=[LOST])
    bench.trail.denial(CANARY, NOW + timedelta(hours=23))
    decision = bench.run(hours=25)
    assert (decision.action, decision.report["gate"]["foreseen"]) == (Action.ADVANCE, 1)


def test_an_approval_is_recorded_with_who_and_when(canary: Bench) -> None:
    canary.trail.denial(CANARY, NOW + timedelta(hours=5))
    canary.run(hours=25)
    canary.rollout["stage_approved"] = "canary"
    assert canary.run(hours=2).action is Action.ADVANCE
    record = json.loads((canary.place / "000003-approved.json").read_bytes())
    assert (record["at"], record["by"]) == ("2026-11-26T15:00:00Z", canary.task.access.caller.arn)
    assert record["losses"] == [{"account_id": CANARY, "principal": LOST.principal, "action": LOST.action}]


def test_what_was_accepted_does_not_hold_the_next_stage(canary: Bench) -> None:
    canary.trail.denial(CANARY, NOW + timedelta(hours=5))
    canary.run(hours=25)
    canary.rollout["stage_approved"] = "canary"
    canary.run()
    canary.trail.denial(CANARY, canary.now + timedelta(hours=23))
    assert canary.run(hours=25).stage == "prod"


@pytest.mark.parametrize("options", [{"check_mode": True}, {"mode": "report"}])
def test_nothing_is_recorded_without_enforcing(canary: Bench, options: dict[str, t.Any]) -> None:
    canary.trail.denial(CANARY, NOW + timedelta(hours=5))
    before = canary.records
    decision = canary.run(hours=25, **options)
    assert (decision.action, decision.failed) == (Action.HOLD, True)
    assert canary.records == before


def test_the_first_run_in_check_mode_leaves_no_trace(bench: Bench) -> None:
    assert bench.run(check_mode=True).action is Action.START
    assert not bench.journal.exists()


def test_a_gate_without_evidence_holds(bench: Bench) -> None:
    bench.run()
    decision = bench.run(hours=25)
    assert (decision.action, decision.failed) == (Action.HOLD, True)
    assert f"there is no AWSLogs/o-acme with accounts in {bench.trail.place}" in decision.reason


# Edits by others, records that are not believed


def test_a_policy_that_was_edited_passes_no_gate(canary: Bench) -> None:
    canary.content = document("s3:*")
    decision = canary.run(hours=25)
    assert (decision.action, decision.failed, decision.writes_nothing) == (Action.HOLD, True, True)
    assert (canary.attached, canary.records[-1]) == (("ou-canary",), "000002-edited.json")


@pytest.mark.parametrize("content", ["{}", '{"Version": "2012-10-17"}', json.dumps(["x"])])
def test_a_policy_that_nobody_could_declare_was_edited(canary: Bench, content: str) -> None:
    canary.content = content
    assert canary.run(hours=25).writes_nothing


def test_the_same_content_in_other_words_is_no_edit(canary: Bench) -> None:
    structure = json.loads(CONTENT)
    structure["Statement"] = dict(reversed(structure["Statement"][0].items()))
    canary.content = json.dumps(structure, indent=4)
    assert canary.run(hours=25).action is Action.ADVANCE


def copy_record(bench: Bench, source: Path, name: str, **fields: t.Any) -> None:
    """A record that somebody puts into the journal."""
    record = {**json.loads(source.read_bytes()), **fields}
    (bench.place / name).write_text(json.dumps(record))


def test_a_copied_pass_is_not_believed(canary: Bench, tmp_path: Path) -> None:
    other = Bench(tmp_path / "other")
    other.trail.success(CANARY, NOW - timedelta(days=3))
    other.now = NOW - timedelta(days=2)
    other.run()
    other.trail.success(CANARY, NOW - timedelta(days=1, hours=1))
    other.run(hours=25)
    copy_record(canary, other.place / "000002-passed.json", "000002-passed.json")
    decision = canary.run(hours=1)
    assert (decision.action, decision.stage, canary.attached) == (Action.START, "canary", ("ou-canary",))
    (warning,) = canary.task.warnings
    assert warning == (f"{canary.place}/000002-passed.json is ignored: it is about another start of stage 'canary'")
    assert canary.records == ["000001-started.json", "000002-passed.json", "000003-started.json"]
    assert canary.run(hours=23.5).action is Action.SOAKING
    assert canary.task.warnings == []


def test_a_true_pass_is_believed(canary: Bench) -> None:
    canary.run(hours=25)
    (canary.place / "000003-started.json").unlink()
    canary.attached = ("ou-canary",)
    decision = canary.run(hours=1)
    assert (decision.action, decision.stage, canary.task.warnings) == (Action.ADVANCE, "dev", [])


def test_a_denial_that_names_no_policy_withdraws_nothing(canary: Bench) -> None:
    canary.rollout["on_gate_failure"] = "withdraw"
    canary.trail.denial(CANARY, NOW + timedelta(hours=5), text=UNNAMED)
    for _run in range(2):
        decision = canary.run(hours=25)
        assert (decision.action, decision.failed, canary.attached) == (Action.HOLD, True, ("ou-canary",))


# Cut-off and foreign records, two runs at once


def test_a_run_that_was_cut_off_between_attaching_and_recording(bench: Bench) -> None:
    bench.open().decide(bench.tree, content_sha256=V1)
    bench.exists, bench.attached = True, ("ou-canary",)
    decision = bench.run(hours=30)
    assert (decision.action, decision.stage) == (Action.START, "canary")
    assert bench.records == ["000001-started.json"]


def test_a_record_that_was_cut_off_is_told_of_and_gone_through_again(canary: Bench) -> None:
    canary.run(hours=25)
    record = canary.place / "000003-started.json"
    record.write_bytes(record.read_bytes()[:40])
    decision = canary.run(hours=1)
    assert (decision.action, decision.stage) == (Action.ADVANCE, "dev")
    assert any(f"{record} is ignored" in warning for warning in canary.task.warnings)
    assert canary.records[-1] == "000004-started.json"


def test_foreign_files_are_let_be(canary: Bench) -> None:
    (canary.place / "README.txt").write_text("ours")
    (canary.place / "999999-started.txt").write_text("not a record")
    assert canary.run(hours=25).action is Action.ADVANCE
    assert canary.task.warnings == []
    assert "000003-started.json" in canary.records


def test_two_runs_at_once_begin_a_stage_once(bench: Bench) -> None:
    one, other = bench.open(run_id="one"), bench.open(run_id="other")
    decisions = [rollout.decide(bench.tree, content_sha256=V1) for rollout in (one, other)]
    one.record_events(decisions[0])
    other.record_events(decisions[1])
    assert bench.records == ["000001-started.json"]
    assert json.loads((bench.place / "000001-started.json").read_bytes())["run_id"] == "one"
    assert bench.task.warnings == [f"{NAME}: run one recorded at the same time that stage 'canary' begins"]


def test_what_stands_in_the_place_of_a_record_is_not_written_over(canary: Bench) -> None:
    rollout = canary.open()
    decision = rollout.decide(tree("ou-canary"), content_sha256="v2")
    (canary.place / "000002-started.json").write_bytes(b"{}")
    with pytest.raises(StoreError, match=r"can't write .*000002-started.json"):
        rollout.record_events(decision)


def test_records_that_can_not_be_read_stop_the_run(canary: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_store: DirectoryStore, key: str) -> bytes:
        raise StoreError(f"can't read {key}")

    monkeypatch.setattr(DirectoryStore, "get_dated", fail)
    with pytest.raises(StoreError, match="000001-started.json"):
        canary.run(hours=1)


# Declarations


def test_stages_that_do_not_go_on_from_what_was_begun(canary: Bench) -> None:
    canary.rollout["stages"][0]["name"] = "first"
    with pytest.raises(
        TaskError, match=r"have begun in this order.* To start again, move the records away: .*rollouts"
    ):
        canary.run()


def test_options_that_can_not_be_used_fail_before_any_call(bench: Bench) -> None:
    bench.rollout["stages"] = []
    with pytest.raises(InputError, match=r"rollout\.stages: it is empty"):
        bench.open()


def test_a_policy_whose_name_names_no_place(bench: Bench) -> None:
    rollout = bench.open()
    rollout._policy = "ü" * 128
    with pytest.raises(TaskError, match="too long"):
        rollout.decide(bench.tree, content_sha256=V1)


def test_policies_of_one_name_and_two_types_keep_apart(canary: Bench) -> None:
    other = open_rollout(canary.task, "RESOURCE_CONTROL_POLICY")
    assert other.decide(canary.tree, content_sha256=V1).action is Action.START


def test_unused_approvals_are_warned_of(canary: Bench) -> None:
    canary.rollout["stage_approved"] = "prod"
    canary.run(hours=1)
    assert canary.task.warnings == [
        f"{NAME}: stage_approved: stage 'prod' has not begun, so there is nothing to approve"
    ]
