# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stages of least_privilege that are checked, repeated, killed at each of their writes, and reverted.

An account of two roles, one in each way that writes: the new role beside ``app``, and ``job`` in place.
"""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.run import RightSizing
from emulator.client import EmulatorProcess

from .conftest import MANAGEMENT, Record
from .right_sizing import ADMIN, CANARY, SmallBench, rules, states, use

APPROVED: t.Final = ("cut_over", "revert")
# The writes of each stage, in the order of the stages.
WRITES: t.Final = {"assess": 0, "generate": 0, "prepare": 8, "canary": 2, "cut_over": 5, "watch": 0}
# The states that they leave.
STATES: t.Final = {
    **{stage: dict.fromkeys(("app", "job"), "done") for stage in WRITES},
    **{stage: dict.fromkeys(("app", "job"), "soaking") for stage in ("canary", "cut_over")},
}
KILLS: t.Final = [(stage, write) for stage, count in WRITES.items() for write in range(1, count + 1)]


class Ladder:
    """The account with what it was like before each stage, and what an undisturbed run makes of it."""

    def __init__(self, bench: SmallBench) -> None:
        self.bench = bench
        self.before: dict[str, int] = {}
        self.undisturbed: dict[str, str] = {}

    def climb(self) -> None:
        """Take all stages, and keep the account before each."""
        for stage in WRITES:
            if stage in ("cut_over", "watch"):
                self.bench.wait(CANARY + 1)
            self.before[stage] = self.bench.keep()
            assert states(self.take(stage)) == STATES[stage]
            self.undisturbed[stage] = self.bench.comparable_state()

    def take(self, stage: str, **options: t.Any) -> Record:
        if stage in APPROVED:
            return self.bench.approve(stage, **options)
        return self.bench.run(stage, **options)

    def to(self, stage: str) -> SmallBench:
        self.bench.back_to(self.before[stage])
        return self.bench


@pytest.fixture(scope="module")
def ladder(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ladder]:
    with use(emulator) as control:
        bench = SmallBench(control, tmp_path_factory.mktemp("size"))
        bench.make_base()
        ladder = Ladder(bench)
        ladder.climb()
        yield ladder
    control.clear_faults()


def revert(ladder: Ladder, **options: t.Any) -> Record:
    """Revert all roles two days later, under an approved plan if administrator rights return.

    A new role is deleted once AWS would show its use: until then it may be in use.
    """
    ladder.bench.wait(2)
    return ladder.take("revert", revert=["*"], **options)


@pytest.mark.parametrize("stage", WRITES)
def test_check_mode_writes_nothing_and_advances_nothing(ladder: Ladder, stage: str) -> None:
    bench = ladder.to(stage)
    records = bench.read_records()
    result = bench.run(stage, check=True)
    assert set(states(result).values()) == {"due"}
    assert bench.writes == []
    assert bench.read_records() == records
    following = dict(zip(WRITES, [*list(WRITES)[1:], "retire"], strict=True))[stage]
    missing = bench.run(following, check=True)
    assert set(rules(missing).values()) <= {"stage_missing", "canary_failed"}
    assert f"least_privilege_stage={stage} first" in json.dumps(missing["refused"])


@pytest.mark.parametrize("stage", WRITES)
def test_twice_changes_nothing(ladder: Ladder, stage: str) -> None:
    bench = ladder.to(stage)
    taken = ladder.take(stage)
    records, state = bench.read_records(), bench.state()
    bench.control.clear_log()
    again = bench.run(stage)
    assert (again["changed"], bench.writes, again["refused"]) == (False, [], [])
    # What a run says of the state that it leaves is what the next one finds, and so does its report.
    assert states(taken) == states(again) == STATES[stage]
    (report,) = (bench.reports / MANAGEMENT / "parts" / taken["run_id"]).rglob("least_privilege.json")
    kept = json.loads(report.read_text(encoding="utf-8"))["campaigns"][0]
    assert states({"campaign": kept}) == STATES[stage]
    assert (bench.read_records(), bench.state()) == (records, state)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("stage", "write"), KILLS)
def test_a_killed_stage_converges_and_can_be_reverted(ladder: Ladder, stage: str, write: int, after: bool) -> None:
    bench = ladder.to(stage)
    plan = bench.run(stage, check=True)["plan_sha256"] if stage in APPROVED else None
    bench.killed(functools.partial(bench.run, stage, approved_plan=plan), write=write, after=after)
    ladder.take(stage)
    assert bench.comparable_state() == ladder.undisturbed[stage]
    revert(ladder)
    assert bench.state() == bench.base_state


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("stage", "write"), KILLS)
def test_a_killed_stage_is_reverted_by_the_next_run(ladder: Ladder, stage: str, write: int, after: bool) -> None:
    """The journal does not say how the last change ended, and the account does."""
    bench = ladder.to(stage)
    plan = bench.run(stage, check=True)["plan_sha256"] if stage in APPROVED else None
    bench.killed(functools.partial(bench.run, stage, approved_plan=plan), write=write, after=after)
    revert(ladder)
    assert bench.state() == bench.base_state


@pytest.mark.parametrize("stage", [*WRITES][2:])
def test_revert_restores_what_was_there(ladder: Ladder, stage: str) -> None:
    bench = ladder.to(stage)
    ladder.take(stage)
    result = revert(ladder)
    assert bench.state() == bench.base_state
    assert set(states(result).values()) == {"reverted"}
    # Nothing is left to revert, and the campaign can begin again.
    assert revert(ladder)["changed"] is False
    assert set(states(bench.run(None)).values()) == {"reverted"}
    assert set(states(bench.run("assess")).values()) == {"done"}


def test_a_new_role_that_may_be_in_use_is_closed_by_the_revert(ladder: Ladder) -> None:
    bench = ladder.to("canary")
    ladder.take("canary")
    # AWS shows the use of a role hours later.
    ladder.take("revert", revert=["*"])
    document = bench.iam.get_role(RoleName="app-lp")["Role"]["AssumeRolePolicyDocument"]
    assert f"arn:aws:iam::{MANAGEMENT}:role/break-glass" in json.dumps(document)
    assert bench.attached("job") == [ADMIN, "arn:aws:iam::aws:policy/AmazonS3FullAccess"]
    with pytest.raises(bench.iam.exceptions.NoSuchEntityException):
        bench.iam.get_policy(PolicyArn=f"arn:aws:iam::{MANAGEMENT}:policy/iam-hardening/lp/lp-job-1")


def test_the_cut_over_and_the_return_of_administrators_need_an_approved_plan(ladder: Ladder) -> None:
    bench = ladder.to("cut_over")
    held = bench.run("cut_over")
    assert bench.writes == []
    assert {item["rule"] for item in held["refused"]} == {"needs_approval"}
    with pytest.raises(RuntimeError, match="no plan"):
        bench.run("cut_over", approved_plan="0" * 64)
    plan = held["plan_sha256"]
    bench.run("cut_over", approved_plan=plan)
    bench.control.clear_log()
    # The plan of the cut-over approves no revert.
    held = bench.run("revert", revert=["job"], approved_plan=plan)
    assert "iam:AttachRolePolicy" not in bench.writes
    assert held["refused"]
    bench.approve("revert", revert=["job"])
    assert bench.attached("job") == [ADMIN, "arn:aws:iam::aws:policy/AmazonS3FullAccess"]


def test_of_two_runs_at_once_one_writes(ladder: Ladder, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = ladder.to("prepare")
    plan = RightSizing.plan
    others: list[Record] = []

    def plan_late(self: RightSizing, *arguments: t.Any) -> t.Any:
        planned = plan(self, *arguments)
        if not others:
            others.append({})
            others.append(bench.run("prepare", break_lease=None))
        return planned

    monkeypatch.setattr(RightSizing, "plan", plan_late)
    late = bench.run("prepare")
    assert others[-1]["changed"] is True
    # It holds the lease now, and finds all done.
    assert (late["changed"], late["changes"], late["refused"]) == (False, [], [])
    assert len(bench.writes) == WRITES["prepare"]
